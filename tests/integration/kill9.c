/* A workload whose every acknowledged operation is written down outside the mount, for kill9.sh, which kills the daemon meanwhile.
 *
 *   kill9 work MNT LOG WORKERS SEED     as many processes change the graph until the mount dies, and one reads it; each keeps its journal LOG.N
 *   kill9 verify MNT LOG WORKERS SEED   the graph is what the journals say, and nothing else; an operation that was under way may have
 *                                       happened or not, and the journal is told which
 *
 * A worker has nodes of its own, kN-I, with at most a property, a label and a relationship each. A line of the journal is written before an
 * operation, and one character after it: `+` done, or by verify `-` not done, `0` a file was made or emptied but not written. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NODES_MAX 20000u
#define LIVE_MAX 600u
#define WORKERS_MAX 16u
#define TEXT_BYTES 5000
#define TYPE "KNOWS"
#define LABEL "Marked"

struct node {
	bool live, labelled, has_value;
	uint64_t value; /* 0: the file is empty */
	unsigned link;  /* the node it points to; 0: none */
	unsigned links_in;
};

static struct node nodes[NODES_MAX]; /* by number, from 1 */
static unsigned next_number = 1, live[LIVE_MAX], live_count;
static unsigned me;
static const char *mount_point;
static int journal = -1;
static uint64_t random_state;

/* ---- small things ---- */

static uint64_t next_random(void)
{
	uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static unsigned below(unsigned n)
{
	return (unsigned)(next_random() % n);
}

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fprintf(stderr, "kill9: worker %u: ", me);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

/* Paths of a node's parts; a few at a time. */
__attribute__((format(printf, 1, 2))) static const char *path(const char *format, ...)
{
	static char texts[4][4096];
	static unsigned at;
	char *text = texts[at++ % 4];
	va_list args;
	va_start(args, format);
	int n = snprintf(text, 2048, "%s/", mount_point);
	(void)vsnprintf(text + n, sizeof texts[0] - (size_t)n, format, args);
	va_end(args);
	return text;
}

static const char *node_path(unsigned i)
{
	return path("nodes/k%u-%u", me, i);
}

static const char *value_path(unsigned i)
{
	return path("nodes/k%u-%u/value", me, i);
}

static const char *link_path(unsigned from, unsigned to)
{
	return path("nodes/k%u-%u/out/" TYPE "/k%u-%u", me, from, me, to);
}

/* A long text for every seventh, so that values in pages of their own are among them. */
static size_t value_text(uint64_t value, char *text)
{
	if (value == 0)
		return 0;
	size_t n = (size_t)snprintf(text, 40, "%llu", (unsigned long long)value);
	size_t size = value % 7 == 0 ? 200 + (size_t)(value % 4700) : n;
	while (n < size) {
		text[n] = (char)('a' + n % 26);
		n++;
	}
	text[n++] = '\n';
	return n;
}

/* ---- the journal ---- */

enum op {
	OP_MKDIR = 'm',   /* i */
	OP_RMDIR = 'd',   /* i */
	OP_RENAME = 'r',  /* i to */
	OP_WRITE = 'w',   /* i value */
	OP_REPLACE = 'x', /* i value: written aside and renamed over */
	OP_REMOVE = 'u',  /* i */
	OP_LINK = 'l',    /* i to */
	OP_UNLINK = 'n',  /* i to */
	OP_LABEL = 'L',   /* i */
	OP_UNLABEL = 'U', /* i */
};

struct step {
	char op;
	unsigned i;
	uint64_t arg;
};

static void forget_live(unsigned i)
{
	for (unsigned at = 0; at < live_count; at++) {
		if (live[at] == i) {
			live[at] = live[--live_count];
			return;
		}
	}
}

static void add_live(unsigned i)
{
	if (i >= NODES_MAX || live_count >= LIVE_MAX)
		die("too many nodes");
	nodes[i].live = true;
	live[live_count++] = i;
	if (i >= next_number)
		next_number = i + 1;
}

static void apply_rename(unsigned i, unsigned to)
{
	nodes[to] = nodes[i];
	nodes[i] = (struct node){ 0 };
	forget_live(i);
	add_live(to);
	for (unsigned at = 0; at < live_count; at++) {
		if (nodes[live[at]].link == i)
			nodes[live[at]].link = to;
	}
}

/* What an operation does to the model. */
static void apply(const struct step *s, char outcome)
{
	struct node *n = &nodes[s->i];
	if (s->i >= next_number) /* a number is used once, whatever came of it */
		next_number = s->i + 1;
	if (s->op == OP_RENAME && s->arg >= next_number)
		next_number = (unsigned)s->arg + 1;
	if (outcome == '-')
		return;
	switch ((enum op)s->op) {
	case OP_MKDIR:
		add_live(s->i);
		break;
	case OP_RMDIR:
		forget_live(s->i);
		*n = (struct node){ 0 };
		break;
	case OP_RENAME:
		apply_rename(s->i, (unsigned)s->arg);
		break;
	case OP_WRITE:
	case OP_REPLACE:
		n->has_value = true;
		n->value = outcome == '0' ? 0 : s->arg;
		break;
	case OP_REMOVE:
		n->has_value = false;
		break;
	case OP_LINK:
		n->link = (unsigned)s->arg;
		nodes[n->link].links_in++;
		break;
	case OP_UNLINK:
		nodes[n->link].links_in--;
		n->link = 0;
		break;
	case OP_LABEL:
	case OP_UNLABEL:
		n->labelled = s->op == OP_LABEL;
		break;
	}
}

/* Replays the journal; true when its last step has no outcome yet. */
static bool replay(const char *name, struct step *ret_last, size_t *ret_steps)
{
	FILE *f = fopen(name, "re");
	char outcome = '+';
	unsigned long long arg;
	*ret_steps = 0;
	if (!f)
		return false;
	while (fscanf(f, " %c %u %llu", &ret_last->op, &ret_last->i, &arg) == 3) {
		ret_last->arg = arg;
		if (ret_last->i >= NODES_MAX)
			die("%s: damaged", name);
		if (fscanf(f, " %c", &outcome) != 1) {
			(void)fclose(f); /* read only */
			return true;
		}
		apply(ret_last, outcome);
		++*ret_steps;
	}
	(void)fclose(f); /* read only */
	return false;
}

static void open_journal(const char *name)
{
	journal = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (journal < 0)
		die("%s: %s", name, strerrordesc_np(errno));
}

static void note(const char *text)
{
	if (write(journal, text, strlen(text)) != (ssize_t)strlen(text))
		die("the journal: %s", strerrordesc_np(errno));
}

/* ---- doing ---- */

static int write_file(const char *name, uint64_t value)
{
	char text[TEXT_BYTES];
	size_t size = value_text(value, text);
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return -1;
	ssize_t n = write(fd, text, size);
	if (close(fd) != 0 || n != (ssize_t)size)
		return -1;
	return 0;
}

static int replace_file(unsigned i, uint64_t value)
{
	const char *aside = path("nodes/k%u-%u/value.new", me, i);
	if (write_file(aside, value) != 0)
		return -1;
	return rename(aside, value_path(i));
}

static int do_step(const struct step *s)
{
	switch ((enum op)s->op) {
	case OP_MKDIR:
		return mkdir(node_path(s->i), 0777);
	case OP_RMDIR:
		return rmdir(node_path(s->i));
	case OP_RENAME:
		return rename(node_path(s->i), node_path((unsigned)s->arg));
	case OP_WRITE:
		return write_file(value_path(s->i), s->arg);
	case OP_REPLACE:
		return replace_file(s->i, s->arg);
	case OP_REMOVE:
		return unlink(value_path(s->i));
	case OP_LINK: {
		char target[64];
		(void)snprintf(target, sizeof target, "../../../k%u-%u", me, (unsigned)s->arg);
		return symlink(target, link_path(s->i, (unsigned)s->arg));
	}
	case OP_UNLINK:
		return unlink(link_path(s->i, (unsigned)s->arg));
	case OP_LABEL:
		return symlink("../../../labels/" LABEL, path("nodes/k%u-%u/labels/" LABEL, me, s->i));
	case OP_UNLABEL:
		return unlink(path("labels/" LABEL "/k%u-%u", me, s->i));
	}
	return -1;
}

static uint64_t new_value(void)
{
	return next_random() >> 20 | 1;
}

/* The next operation, one that must succeed. */
static struct step choose(void)
{
	if (live_count < 3 || (live_count < LIVE_MAX && below(4) == 0))
		return (struct step){ OP_MKDIR, next_number, 0 };
	unsigned i = live[below(live_count)], to = live[below(live_count)];
	const struct node *n = &nodes[i];
	switch (below(6)) {
	case 0:
		if (!n->has_value && n->link == 0 && n->links_in == 0 && live_count > LIVE_MAX / 2)
			return (struct step){ OP_RMDIR, i, 0 };
		return (struct step){ OP_RENAME, i, next_number };
	case 1:
		if (n->has_value && below(3) == 0)
			return (struct step){ OP_REMOVE, i, 0 };
		return (struct step){ OP_REPLACE, i, new_value() };
	case 2:
		return (struct step){ n->labelled ? OP_UNLABEL : OP_LABEL, i, 0 };
	case 3:
	case 4:
		return (struct step){ n->link ? OP_UNLINK : OP_LINK, i, n->link ? n->link : to };
	default:
		return (struct step){ OP_WRITE, i, new_value() };
	}
}

/* How calls fail when the daemon has gone. */
static bool is_dead(int number)
{
	return number == ENOTCONN || number == ECONNABORTED || number == EIO || number == EINTR;
}

static void work(const char *log)
{
	size_t steps;
	struct step s;
	if (replay(log, &s, &steps))
		die("the journal ends in the middle: verify first");
	random_state += steps * 977;
	open_journal(log);
	while (next_number < NODES_MAX) {
		char line[64];
		s = choose();
		(void)snprintf(line, sizeof line, "%c %u %llu ", s.op, s.i, (unsigned long long)s.arg);
		note(line);
		if (do_step(&s) != 0) {
			if (!is_dead(errno))
				die("%sfailed: %s", line, strerrordesc_np(errno));
			exit(0);
		}
		note("+\n");
		apply(&s, '+');
	}
}

/* Reads what the others change, so that the daemon dies while it answers and while it tells of changes. Finding nothing is fine. */
static void browse(void)
{
	static char text[65536];
	for (;;) {
		unsigned who = below(me), i = 1 + below(NODES_MAX / 20);
		const char *parts[] = {
			path("nodes/k%u-%u/.json", who, i),
			path("nodes/k%u-%u/value", who, i),
		};
		int fd = open(parts[below(2)], O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			(void)!read(fd, text, sizeof text);
			(void)close(fd); /* read only */
		}
		DIR *d = opendir(path("nodes/k%u-%u/%s/" TYPE, who, i, below(2) ? "out" : "in"));
		const struct dirent *entry;
		while (d && (entry = readdir(d)) != NULL)
			(void)!readlinkat(dirfd(d), entry->d_name, text, sizeof text);
		if (d)
			(void)closedir(d); /* read only */
		struct stat st;
		if (stat(path("labels/" LABEL "/k%u-%u", who, i), &st) != 0 && is_dead(errno))
			exit(0);
	}
}

/* ---- checking ---- */

static bool exists(const char *name)
{
	struct stat st;
	if (lstat(name, &st) == 0)
		return true;
	if (errno != ENOENT)
		die("%s: %s", name, strerrordesc_np(errno));
	return false;
}

/* -1: no file; else how many bytes. */
static ssize_t read_file(const char *name, char *text)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return -1;
	ssize_t n = fd < 0 ? -1 : read(fd, text, TEXT_BYTES);
	if (n < 0)
		die("%s: %s", name, strerrordesc_np(errno));
	(void)close(fd); /* read only */
	return n;
}

static bool holds(unsigned i, bool has_value, uint64_t value)
{
	char wanted[TEXT_BYTES], got[TEXT_BYTES];
	size_t size = value_text(value, wanted);
	ssize_t n = read_file(value_path(i), got);
	if (!has_value || n < 0)
		return !has_value && n < 0;
	return (size_t)n == size && memcmp(wanted, got, size) == 0;
}

/* What came of the operation that was under way. */
static char outcome_of(const struct step *s)
{
	const struct node *n = &nodes[s->i];
	bool done = false;
	switch ((enum op)s->op) {
	case OP_MKDIR:
		done = exists(node_path(s->i));
		break;
	case OP_RMDIR:
		done = !exists(node_path(s->i));
		break;
	case OP_RENAME:
		done = exists(node_path((unsigned)s->arg));
		break;
	case OP_REPLACE:
		(void)unlink(path("nodes/k%u-%u/value.new", me, s->i)); /* it may be there */
		done = holds(s->i, true, s->arg);
		break;
	case OP_WRITE:
		if (!holds(s->i, n->has_value, n->value) && holds(s->i, true, 0))
			return '0';
		done = holds(s->i, true, s->arg);
		break;
	case OP_REMOVE:
		done = !exists(value_path(s->i));
		break;
	case OP_LINK:
	case OP_UNLINK:
		done = exists(link_path(s->i, (unsigned)s->arg)) == (s->op == OP_LINK);
		break;
	case OP_LABEL:
	case OP_UNLABEL:
		done = exists(path("nodes/k%u-%u/labels/" LABEL, me, s->i)) == (s->op == OP_LABEL);
		break;
	}
	return done ? '+' : '-';
}

static void check_link(const char *name, const char *wanted)
{
	char target[256];
	ssize_t n = readlink(name, target, sizeof target - 1);
	if (n < 0)
		die("%s: %s", name, strerrordesc_np(errno));
	target[n] = '\0';
	if (strcmp(target, wanted) != 0)
		die("%s points to %s, not to %s", name, target, wanted);
}

static size_t count_names(const char *name, const char *start)
{
	DIR *d = opendir(name);
	const struct dirent *entry;
	size_t n = 0;
	if (!d)
		die("%s: %s", name, strerrordesc_np(errno));
	while ((entry = readdir(d)) != NULL)
		n += strncmp(entry->d_name, start, strlen(start)) == 0;
	(void)closedir(d); /* read only */
	return n;
}

static void check_node(unsigned i)
{
	const struct node *n = &nodes[i];
	char wanted[64];
	if (!exists(node_path(i)))
		die("k%u-%u is gone", me, i);
	if (!holds(i, n->has_value, n->value))
		die("k%u-%u/value is not %s%llu", me, i, n->has_value ? "" : "absent: ", (unsigned long long)n->value);
	if (exists(path("nodes/k%u-%u/labels/" LABEL, me, i)) != n->labelled ||
		exists(path("labels/" LABEL "/k%u-%u", me, i)) != n->labelled)
		die("k%u-%u: label", me, i);
	size_t links = exists(path("nodes/k%u-%u/out/" TYPE, me, i))
		? count_names(path("nodes/k%u-%u/out/" TYPE, me, i), "k")
		: 0;
	if (links != (n->link != 0))
		die("k%u-%u has %zu links out", me, i, links);
	links = exists(path("nodes/k%u-%u/in/" TYPE, me, i)) ? count_names(path("nodes/k%u-%u/in/" TYPE, me, i), "k") : 0;
	if (links != n->links_in)
		die("k%u-%u has %zu links in, not %u", me, i, links, n->links_in);
	if (n->link == 0)
		return;
	(void)snprintf(wanted, sizeof wanted, "../../../k%u-%u", me, n->link);
	check_link(link_path(i, n->link), wanted);
	(void)snprintf(wanted, sizeof wanted, "../../../k%u-%u", me, i);
	check_link(path("nodes/k%u-%u/in/" TYPE "/k%u-%u", me, n->link, me, i), wanted);
}

static void verify(const char *log)
{
	size_t steps;
	struct step last;
	char mine[32];
	if (replay(log, &last, &steps)) {
		char outcome[] = { outcome_of(&last), '\n', '\0' };
		open_journal(log);
		note(outcome);
		apply(&last, outcome[0]);
	}
	for (unsigned at = 0; at < live_count; at++)
		check_node(live[at]);
	(void)snprintf(mine, sizeof mine, "k%u-", me);
	size_t n = count_names(path("nodes"), mine);
	if (n != live_count)
		die("%zu nodes, not %u", n, live_count);
	printf("%zu ", steps);
}

int main(int argc, char **argv)
{
	char *end1 = NULL, *end2 = NULL;
	unsigned long workers = argc == 6 ? strtoul(argv[4], &end1, 10) : 0;
	uint64_t seed = argc == 6 ? strtoull(argv[5], &end2, 10) : 0;
	bool working = argc == 6 && strcmp(argv[1], "work") == 0;
	if (workers == 0 || workers > WORKERS_MAX || *end1 != '\0' || *end2 != '\0' ||
		(!working && strcmp(argv[1], "verify") != 0)) {
		fputs("usage: kill9 work|verify MNT LOG WORKERS SEED\n", stderr);
		return 2;
	}
	mount_point = argv[2];
	for (me = 0; me < workers + working; me++) {
		char log[4096];
		(void)snprintf(log, sizeof log, "%s.%u", argv[3], me);
		random_state = seed * 31 + me;
		pid_t child = fork();
		if (child == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* none is left behind */
			if (me == workers)
				browse();
			(working ? work : verify)(log);
			return 0;
		}
		if (child < 0)
			die("fork: %s", strerrordesc_np(errno));
	}
	int status, failed = 0;
	while (wait(&status) > 0)
		failed |= status != 0;
	return failed;
}
