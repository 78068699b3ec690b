/* No answer of /.graphfs/cypher is stale: processes change nodes of their own through the VFS (echo > property, one byte of it, its type, ln -s, rm, mkdir, rmdir, mv) and
 * ask for what they know to be there, before (so that the answer is in the result cache) and at once after.
 *
 *   fresh MOUNT [--trials N] [--procs N] [--seed N] [--limit SECONDS] [--daemon PID]
 *
 * A trial is one change. Each process has a saved query too: its nodes/ and a new opening of its result show what is, a result that was opened before
 * the change shows what was. Exit status 0: no stale answer, no hang, and the result cache gave answers. */
#include "tests/support/fs_check.h"
#include "tests/support/rng.h"
#include "tests/support/watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

enum { NODES = 6, LABELS = 3, TYPES = 2, PROPS = 2, NONE = -1, TEXT_MAX_ = 1000, KEY_MAX_ = 24, ASKED = 2 };
#define STALE_MAX 10u
#define PATH_MAX_ FS_CHECK_PATH_MAX

struct node {
	bool exists, labels[LABELS];
	int props[PROPS];    /* NONE: it has not got it */
	bool strings[PROPS]; /* the number is a string: its type was set */
	char key[KEY_MAX_];
};

struct link {
	bool exists;
	int w; /* NONE */
};

struct shared {
	_Atomic uint64_t trials, answers, stale;
	_Atomic bool stop;
};

static struct {
	const char *mount;
	uint64_t trials, seed;
	unsigned procs, limit_s;
	pid_t daemon;
} options = { .trials = 2000, .procs = 3, .limit_s = 20 };

/* Of this process. */
static struct shared *shared;
static struct watch_slot *slot;
static unsigned me;
static int mount_fd, cypher_fd;
static struct rng rng;
static struct node nodes[NODES];
static struct link links[TYPES][NODES][NODES];
static char label_names[LABELS][KEY_MAX_], type_names[TYPES][KEY_MAX_];
static const char *const prop_names[PROPS] = { "a", "b" };
static unsigned versions;
static char done[PATH_MAX_ + 40]; /* the last change */

static int below(int n)
{
	return (int)rng_below(&rng, (unsigned)n);
}

static void fail(const char *what)
{
	fprintf(stderr, "fresh: process %u: %s: %s (%s)\n", me, what, strerrorname_np(errno), done);
	shared->stop = true;
	exit(1);
}

/* ---- what is asked ---- */

struct question {
	char text[TEXT_MAX_];
	char wanted[TEXT_MAX_]; /* rows as CSV, after the line of names */
};

static void put(char *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(char *out, const char *format, ...)
{
	size_t size = strlen(out);
	va_list args;
	va_start(args, format);
	(void)vsnprintf(out + size, TEXT_MAX_ - size, format, args); /* long enough for NODES */
	va_end(args);
}

static void put_value(char *out, int value)
{
	if (value != NONE)
		put(out, "%d", value);
}

static bool is_mine(int i)
{
	return nodes[i].exists && nodes[i].labels[0];
}

/* Nodes in the order of their keys. */
static void by_key(int order[NODES])
{
	for (int i = 0; i < NODES; i++) {
		int at = i;
		for (; at > 0 && strcmp(nodes[order[at - 1]].key, nodes[i].key) > 0; at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
}

static void ask_label(struct question *q)
{
	int label = below(LABELS), count = 0;
	/* Only the first label is this process's alone. */
	put(q->text, "MATCH (n:%s:%s) RETURN count(n) AS x", label_names[0], label_names[label]);
	for (int i = 0; i < NODES; i++)
		count += is_mine(i) && nodes[i].labels[label];
	put(q->wanted, "%d\n", count);
}

static void ask_own_label(struct question *q)
{
	int count = 0;
	put(q->text, "MATCH (n:%s) RETURN count(*) AS x", label_names[0]);
	for (int i = 0; i < NODES; i++)
		count += is_mine(i);
	put(q->wanted, "%d\n", count);
}

static void ask_property(struct question *q)
{
	int i = below(NODES), prop = below(PROPS);
	put(q->text, "MATCH (n) WHERE key(n) = '%s' RETURN n.%s AS x", nodes[i].key, prop_names[prop]);
	if (nodes[i].exists) {
		put_value(q->wanted, nodes[i].props[prop]);
		put(q->wanted, "\n");
	}
}

static void ask_filter(struct question *q)
{
	int value = below(4), prop = below(PROPS), count = 0;
	put(q->text, "MATCH (n:%s) WHERE n.%s = %d RETURN count(*) AS x", label_names[0], prop_names[prop], value);
	for (int i = 0; i < NODES; i++)
		count += is_mine(i) && nodes[i].props[prop] == value && !nodes[i].strings[prop];
	put(q->wanted, "%d\n", count);
}

static void ask_whole(struct question *q)
{
	int order[NODES];
	put(q->text, "MATCH (n:%s) RETURN key(n) AS x, n.a AS a, n.b AS b ORDER BY x", label_names[0]);
	by_key(order);
	for (int k = 0; k < NODES; k++) {
		const struct node *n = &nodes[order[k]];
		if (!is_mine(order[k]))
			continue;
		put(q->wanted, "%s,", n->key);
		put_value(q->wanted, n->props[0]);
		put(q->wanted, ",");
		put_value(q->wanted, n->props[1]);
		put(q->wanted, "\n");
	}
}

static void ask_keys(struct question *q)
{
	int count = 0;
	put(q->text, "MATCH (n) WHERE key(n) STARTS WITH 'w%un' RETURN count(*) AS x", me);
	for (int i = 0; i < NODES; i++)
		count += nodes[i].exists;
	put(q->wanted, "%d\n", count);
}

static void ask_type(struct question *q)
{
	int count = 0, sum = 0;
	put(q->text, "MATCH ()-[r:%s]->() RETURN count(r) AS x, sum(r.w) AS y", type_names[0]);
	for (int i = 0; i < NODES; i++) {
		for (int k = 0; k < NODES; k++) {
			count += links[0][i][k].exists;
			sum += links[0][i][k].exists && links[0][i][k].w != NONE ? links[0][i][k].w : 0;
		}
	}
	put(q->wanted, "%d,%d\n", count, sum);
}

static void ask_ends(struct question *q)
{
	int order[NODES], i = below(NODES), type = below(TYPES);
	bool in = below(2);
	put(q->text, "MATCH (n)%s[:%s]%s(m) WHERE key(n) = '%s' RETURN key(m) AS x ORDER BY x", in ? "<-" : "-",
		type_names[type], in ? "-" : "->", nodes[i].key);
	by_key(order);
	for (int k = 0; k < NODES; k++)
		if (in ? links[type][order[k]][i].exists : links[type][i][order[k]].exists)
			put(q->wanted, "%s\n", nodes[order[k]].key);
}

static void ask_pattern(struct question *q)
{
	int type = below(TYPES), label = below(LABELS), count = 0;
	put(q->text, "MATCH (n:%s) OPTIONAL MATCH (n)-[:%s]->(m:%s) RETURN count(m) AS x", label_names[0], type_names[type],
		label_names[label]);
	for (int i = 0; i < NODES; i++)
		for (int k = 0; k < NODES; k++)
			count += is_mine(i) && links[type][i][k].exists && nodes[k].labels[label];
	put(q->wanted, "%d\n", count);
}

static void ask_labels(struct question *q)
{
	int i = below(NODES), count = 0;
	put(q->text, "MATCH (n) WHERE key(n) = '%s' RETURN size(labels(n)) AS x, COUNT { (n)--() } AS y", nodes[i].key);
	for (int label = 0; label < LABELS; label++)
		count += nodes[i].labels[label];
	int degree = 0;
	for (int type = 0; type < TYPES; type++)
		for (int k = 0; k < NODES; k++)
			degree += links[type][i][k].exists + (k != i && links[type][k][i].exists);
	if (nodes[i].exists)
		put(q->wanted, "%d,%d\n", count, degree);
}

static void (*const questions[])(struct question *q) = {
	ask_label,
	ask_own_label,
	ask_property,
	ask_filter,
	ask_whole,
	ask_keys,
	ask_type,
	ask_ends,
	ask_pattern,
	ask_labels,
};
enum { QUESTIONS = sizeof questions / sizeof *questions };

/* ---- asking ---- */

static void read_all(int fd, char *out)
{
	size_t size = 0;
	ssize_t n;
	while ((n = read(fd, out + size, TEXT_MAX_ - 1 - size)) > 0)
		size += (size_t)n;
	if (n < 0)
		fail("read");
	out[size] = '\0';
}

static void check(const char *text, const char *wanted, const char *got)
{
	shared->answers++;
	if (strcmp(wanted, got) == 0)
		return;
	fprintf(stderr, "STALE: process %u: after %s\n  %s\n  wanted <%s>\n  got    <%s>\n", me, done, text, wanted, got);
	if (shared->stale++ + 1 >= STALE_MAX)
		shared->stop = true;
}

static void ask(const struct question *q)
{
	char request[2 * TEXT_MAX_], got[TEXT_MAX_];
	watch_step(slot, "asking %s", q->text);
	int size = snprintf(request, sizeof request, "{\"query\":\"%s\",\"format\":\"csv\"}\n", q->text);
	if (write(cypher_fd, request, (size_t)size) != size)
		fail("write to cypher");
	read_all(cypher_fd, got);
	const char *rows = strchr(got, '\n');
	check(q->text, q->wanted, rows ? rows + 1 : got);
}

/* Question `kind`, of what is so now. `seed` makes it the same question before and after. */
static struct question make_question(int kind, uint64_t seed)
{
	struct question q = { { 0 }, { 0 } };
	struct rng kept = rng;
	rng.state = seed;
	questions[kind](&q);
	rng = kept;
	return q;
}

/* ---- the saved query ---- */

static char saved_text[TEXT_MAX_];

static void saved_wanted(char *out)
{
	int order[NODES];
	by_key(order);
	*out = '\0';
	put(out, "k\n");
	for (int k = 0; k < NODES; k++)
		if (is_mine(order[k]) && nodes[order[k]].props[0] >= 2 && !nodes[order[k]].strings[0])
			put(out, "%s\n", nodes[order[k]].key);
}

static int open_saved(void)
{
	char path[PATH_MAX_];
	fs_path(path, "query/own%u/result.csv", me);
	int fd = openat(mount_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail(path);
	return fd;
}

static void check_saved_nodes(void)
{
	char path[PATH_MAX_], wanted[TEXT_MAX_], got[TEXT_MAX_] = "k\n";
	struct dirent **entries;
	fs_path(path, "query/nodes%u/nodes", me);
	int count = scandirat(mount_fd, path, &entries, NULL, alphasort);
	if (count < 0)
		fail(path);
	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.')
			put(got, "%s\n", entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	saved_wanted(wanted);
	check(path, wanted, got);
}

static void check_saved(int fd, const char *wanted)
{
	char got[TEXT_MAX_];
	read_all(fd, got);
	(void)close(fd);
	check(saved_text, wanted, got);
}

/* ---- changes ---- */

static int some_node(void)
{
	for (int tries = 0; tries < 20; tries++) {
		int i = below(NODES);
		if (nodes[i].exists)
			return i;
	}
	return NONE;
}

static void doing(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void doing(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)vsnprintf(done, sizeof done, format, args); /* cut when it is long */
	va_end(args);
	watch_step(slot, "%s", done);
}

static void write_value(const char *path, int value)
{
	char text[16];
	int size = snprintf(text, sizeof text, "%d\n", value);
	doing("echo %d > %s", value, path);
	int fd = openat(mount_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, (size_t)size) != size || close(fd) != 0)
		fail("echo");
}

static void remove_prop(struct node *n, int prop, const char *path)
{
	doing("rm %s", path);
	if (unlinkat(mount_fd, path, 0) != 0)
		fail("rm");
	n->props[prop] = NONE;
	n->strings[prop] = false;
}

/* Over the other one, or the two exchanged. */
static void move_prop(struct node *n, int prop, const char *path)
{
	char to[PATH_MAX_];
	int other = (prop + 1) % PROPS, value = n->props[other];
	bool swap = value != NONE && below(2), string = n->strings[other];
	fs_path(to, "nodes/%s/%s", n->key, prop_names[other]);
	doing("mv %s%s %s", swap ? "--exchange " : "", path, to);
	if (renameat2(mount_fd, path, mount_fd, to, swap ? RENAME_EXCHANGE : 0) != 0)
		fail("mv");
	n->props[other] = n->props[prop];
	n->strings[other] = n->strings[prop];
	n->props[prop] = swap ? value : NONE;
	n->strings[prop] = swap && string;
}

static void overwrite_prop(struct node *n, int prop, const char *path)
{
	n->props[prop] = below(4);
	char digit = (char)('0' + n->props[prop]);
	doing("one byte %c over %s", digit, path);
	int fd = openat(mount_fd, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || pwrite(fd, &digit, 1, 0) != 1 || close(fd) != 0)
		fail("pwrite");
}

static void set_type(struct node *n, int prop, const char *path)
{
	const char *type = n->strings[prop] ? "integer" : "string";
	doing("type of %s: %s", path, type);
	int fd = openat(mount_fd, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || fsetxattr(fd, "user.graphfs.type", type, strlen(type), 0) != 0 || close(fd) != 0)
		fail("setfattr");
	n->strings[prop] = !n->strings[prop];
}

/* What is done to a property that is there. */
static void (*const edits[])(struct node *n, int prop, const char *path) = {
	remove_prop,
	move_prop,
	overwrite_prop,
	set_type,
};
enum { EDITS = sizeof edits / sizeof *edits };

static void change_prop(void)
{
	char path[PATH_MAX_];
	int i = some_node(), prop = below(PROPS);
	if (i == NONE)
		return;
	fs_path(path, "nodes/%s/%s", nodes[i].key, prop_names[prop]);
	if (nodes[i].props[prop] != NONE && below(2) == 0) {
		edits[below(EDITS)](&nodes[i], prop, path);
		return;
	}
	nodes[i].props[prop] = below(4);
	write_value(path, nodes[i].props[prop]);
}

static void change_label(void)
{
	char path[PATH_MAX_], target[PATH_MAX_];
	int i = some_node(), label = below(LABELS);
	if (i == NONE)
		return;
	bool *has = &nodes[i].labels[label];
	if (below(2)) {
		fs_path(path, "labels/%s/%s", label_names[label], nodes[i].key);
		fs_path(target, "../../nodes/%s", nodes[i].key);
	} else {
		fs_path(path, "nodes/%s/labels/%s", nodes[i].key, label_names[label]);
		fs_path(target, "../../../labels/%s", label_names[label]);
	}
	doing("%s %s", *has ? "rm" : "ln -s", path);
	if ((*has ? unlinkat(mount_fd, path, 0) : symlinkat(target, mount_fd, path)) != 0)
		fail("label");
	*has = !*has;
}

static void change_link(void)
{
	char path[PATH_MAX_], target[PATH_MAX_];
	int type = below(TYPES), from = some_node(), to = some_node();
	if (from == NONE || to == NONE)
		return;
	struct link *link = &links[type][from][to];
	bool in = below(2);
	if (link->exists && below(2)) {
		fs_path(path, "nodes/%s/out/%s/.rel/%s/w", nodes[from].key, type_names[type], nodes[to].key);
		link->w = below(5);
		write_value(path, link->w);
		return;
	}
	fs_path(path, "nodes/%s/%s/%s/%s", nodes[in ? to : from].key, in ? "in" : "out", type_names[type],
		nodes[in ? from : to].key);
	fs_path(target, "../../../%s", nodes[in ? from : to].key);
	doing("%s %s", link->exists ? "rm" : "ln -s", path);
	if ((link->exists ? unlinkat(mount_fd, path, 0) : symlinkat(target, mount_fd, path)) != 0)
		fail("link");
	*link = (struct link){ .exists = !link->exists, .w = NONE };
}

static void new_key(int i)
{
	(void)snprintf(nodes[i].key, KEY_MAX_, "w%un%d-%u", me, i, below(2) ? 0 : ++versions);
}

static void make_node(int i)
{
	char path[PATH_MAX_];
	new_key(i);
	fs_path(path, "nodes/%s", nodes[i].key);
	doing("mkdir %s", path);
	if (mkdirat(mount_fd, path, 0755) != 0)
		fail("mkdir");
	nodes[i].exists = true;
}

/* One with properties or relationships is refused. */
static void remove_node(int i)
{
	char path[PATH_MAX_];
	struct node *n = &nodes[i];
	bool empty = n->props[0] == NONE && n->props[1] == NONE;
	for (int type = 0; type < TYPES; type++)
		for (int k = 0; k < NODES; k++)
			empty = empty && !links[type][i][k].exists && !links[type][k][i].exists;
	fs_path(path, "nodes/%s", n->key);
	doing("rmdir %s", path);
	bool gone = unlinkat(mount_fd, path, AT_REMOVEDIR) == 0;
	if (gone != empty || (!gone && errno != ENOTEMPTY))
		fail("rmdir");
	if (gone)
		*n = (struct node){ .props = { NONE, NONE } };
	if (gone)
		(void)snprintf(n->key, KEY_MAX_, "w%un%d-gone", me, i);
}

static void rename_node(int i)
{
	char from[PATH_MAX_], to[PATH_MAX_];
	fs_path(from, "nodes/%s", nodes[i].key);
	new_key(i);
	fs_path(to, "nodes/%s", nodes[i].key);
	doing("mv %s %s", from, to);
	if (renameat(mount_fd, from, mount_fd, to) != 0)
		fail("mv");
}

static void change_node(void)
{
	int i = below(NODES);
	if (!nodes[i].exists)
		make_node(i);
	else if (below(2))
		rename_node(i);
	else
		remove_node(i);
}

static void change(void)
{
	switch (below(7)) {
	case 0:
	case 1:
		change_prop();
		break;
	case 2:
	case 3:
		change_label();
		break;
	case 4:
	case 5:
		change_link();
		break;
	default:
		change_node();
		break;
	}
}

/* ---- a process ---- */

static void trial(void)
{
	char before[TEXT_MAX_], after[TEXT_MAX_];
	int kinds[ASKED], fd = -1;
	uint64_t seeds[ASKED];
	bool saved = below(8) == 0;
	for (int k = 0; k < ASKED; k++) {
		kinds[k] = below(QUESTIONS);
		seeds[k] = rng_next(&rng) | 1;
		struct question q = make_question(kinds[k], seeds[k]);
		ask(&q);
	}
	if (saved) {
		saved_wanted(before);
		fd = open_saved();
	}
	change();
	for (int k = 0; k < ASKED; k++) {
		struct question q = make_question(kinds[k], seeds[k]);
		ask(&q);
	}
	if (saved) {
		check_saved(fd, before);
		saved_wanted(after);
		check_saved(open_saved(), after);
		check_saved_nodes();
	}
	shared->trials++;
}

static void make_folder(const char *format, const char *name)
{
	char path[PATH_MAX_];
	(void)snprintf(path, sizeof path, "%s/%s", format, name);
	if (mkdirat(mount_fd, path, 0755) != 0 && errno != EEXIST)
		fail(path);
}

static void save_query(const char *name, const char *text)
{
	char path[PATH_MAX_];
	make_folder("query", name);
	fs_path(path, "query/%s/cypher", name);
	int fd = openat(mount_fd, path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) != 0)
		fail(path);
}

static void set_up(void)
{
	char name[KEY_MAX_], text[TEXT_MAX_];
	(void)snprintf(label_names[0], KEY_MAX_, "P%u", me);
	(void)snprintf(label_names[1], KEY_MAX_, "L");
	(void)snprintf(label_names[2], KEY_MAX_, "M");
	(void)snprintf(type_names[0], KEY_MAX_, "T%u", me);
	(void)snprintf(type_names[1], KEY_MAX_, "S");
	for (int label = 0; label < LABELS; label++)
		make_folder("labels", label_names[label]);
	for (int type = 0; type < TYPES; type++)
		make_folder("rels", type_names[type]);
	for (int i = 0; i < NODES; i++) {
		nodes[i] = (struct node){ .props = { NONE, NONE } };
		make_node(i);
	}
	(void)snprintf(saved_text, sizeof saved_text, "MATCH (n:P%u) WHERE n.a >= 2 RETURN key(n) AS k ORDER BY k", me);
	(void)snprintf(text, sizeof text, "MATCH (n:P%u) WHERE n.a >= 2 RETURN n", me);
	(void)snprintf(name, sizeof name, "own%u", me);
	save_query(name, saved_text);
	(void)snprintf(name, sizeof name, "nodes%u", me);
	save_query(name, text);
}

static int work(void *context, struct watch_slot *own_slot)
{
	slot = own_slot;
	me = (unsigned)(uintptr_t)context;
	rng.state = (options.seed + me) * UINT64_C(0x9e3779b97f4a7c15) | 1;
	cypher_fd = openat(mount_fd, ".graphfs/cypher", O_RDWR | O_CLOEXEC);
	if (cypher_fd < 0)
		fail("opening cypher");
	set_up();
	for (uint64_t i = 0; i < options.trials / options.procs && !shared->stop; i++)
		trial();
	return 0;
}

static uint64_t number_in(const char *path)
{
	char text[TEXT_MAX_] = "";
	int fd = openat(mount_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail(path);
	read_all(fd, text);
	(void)close(fd);
	return strtoull(text, NULL, 10);
}

static void parse(int argc, char **argv)
{
	for (int i = 2; i + 1 < argc; i += 2) {
		uint64_t n = strtoull(argv[i + 1], NULL, 10);
		if (strcmp(argv[i], "--trials") == 0)
			options.trials = n;
		else if (strcmp(argv[i], "--procs") == 0)
			options.procs = n >= 1 && n <= WATCH_SLOTS_MAX ? (unsigned)n : options.procs;
		else if (strcmp(argv[i], "--seed") == 0)
			options.seed = n;
		else if (strcmp(argv[i], "--limit") == 0)
			options.limit_s = (unsigned)n;
		else if (strcmp(argv[i], "--daemon") == 0)
			options.daemon = (pid_t)n;
		else
			fprintf(stderr, "fresh: unknown option %s\n", argv[i]);
	}
}

int main(int argc, char **argv)
{
	if (argc < 2 || argc % 2 != 0) {
		fprintf(stderr, "usage: fresh MOUNT [--trials N] [--procs N] [--seed N] [--limit SECONDS] [--daemon PID]\n");
		return 2;
	}
	options.mount = argv[1];
	options.seed = (uint64_t)time(NULL);
	parse(argc, argv);
	mount_fd = open(options.mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (mount_fd < 0) {
		perror(options.mount);
		return 2;
	}
	shared = watch_share(sizeof *shared);
	struct watch *watch = watch_new(options.mount, options.limit_s, options.daemon);
	for (unsigned i = 0; i < options.procs; i++)
		watch_start(watch, work, (void *)(uintptr_t)i);
	int result = watch_wait(watch);
	uint64_t hits = result == 2 ? 0 : number_in(".graphfs/cache/query/results_hits");
	printf("fresh: seed %" PRIu64 ", %u processes, %" PRIu64 " changes, %" PRIu64 " answers (%" PRIu64
		   " from the result cache), %" PRIu64 " stale\n",
		options.seed, options.procs, (uint64_t)shared->trials, (uint64_t)shared->answers, hits,
		(uint64_t)shared->stale);
	bool cached = result != 2 && number_in(".graphfs/cache/query/enabled") != 0;
	return result != 0 || shared->stale > 0 || shared->trials == 0 || (cached && hits == 0);
}
