/* Random changes by several processes through every view of one mount, each looked at before (so that the kernel caches what is to change) and
 * at once after, through other views, half of the time by another process. Every process owns some nodes and knows what each view must show of
 * them; beside those there are nodes that all change at once, and whose views must agree whenever all pause.
 *
 *   coherence MOUNT [--ops N] [--procs N] [--seed N] [--contended PERCENT] [--limit SECONDS] [--daemon PID] [--trace 1] [--aliases 1]
 *
 * --aliases: names are also looked up in other spellings than the listed one.
 *
 * A stale answer is printed with what was wanted; it is then looked at again for a second, to tell late from never. Exit status 0: no stale
 * answer, no hang. */
#include "tests/support/contended.h"
#include "tests/support/graph_views.h"
#include "tests/support/mirrors.h"
#include "tests/support/watch.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PROCS_MAX 16u
#define LOOKS_MAX 6u /* views looked at around one change */
#define FILES 3
#define SHARED_NODES 6u
/* How often all stop and compare what they share. */
#define PAUSES_MIN 10u
#define OPS_A_PAUSE 4000u
#define STALE_MAX 20u
#define PATH_MAX_ FS_CHECK_PATH_MAX

/* An open property file. */
struct file {
	int fd; /* -1: none */
	int node, prop;
	struct model_prop *grave; /* the property is gone, and this is what the file holds; NULL: it is there */
};

struct worker {
	struct model model;
	/* What another process is asked to look at. Its ends ring each other's bell. */
	struct fs_check checks[LOOKS_MAX];
	char scratch[LOOKS_MAX][MODEL_SCRATCH_BYTES];
	unsigned check_count;
	char doing[200];
	_Atomic int asked; /* the process asked; -1: nobody, or it has answered (release/acquire: guards the above) */
	_Atomic uint32_t bell;
	_Atomic bool finished;
};

struct shared {
	struct worker workers[PROCS_MAX];
	struct contended_shared contended;
	_Atomic uint64_t ops_own, ops_contended, looks_self, looks_other, stale, late;
	_Atomic unsigned waiting, pause; /* at the barrier; how many pauses there were */
	_Atomic bool stop;
};

static struct {
	const char *mount;
	uint64_t ops, seed;
	unsigned procs, contended, limit_s, trace, aliases;
	pid_t daemon;
} options = { .ops = 200000, .procs = 4, .contended = 20, .limit_s = 20 };

/* Of this process. */
static struct shared *shared;
static struct worker *me;
static struct watch_slot *slot;
static unsigned my_number;
static int mount_fd;
static struct rng rng;
static struct file files[FILES];
static struct model_prop graves[FILES];
static uint64_t op_number;
static unsigned key_version, made_version;

static unsigned below(unsigned n)
{
	return rng_below(&rng, n);
}

static void fail(const char *what)
{
	fprintf(stderr, "coherence: process %u, operation %" PRIu64 " (%s): %s\n", my_number, op_number,
		me ? me->doing : "", what);
	if (shared)
		shared->stop = true;
	exit(1);
}

/* ---- bells ---- */

static void ring(unsigned worker)
{
	atomic_fetch_add(&shared->workers[worker].bell, 1);
	(void)syscall(SYS_futex, &shared->workers[worker].bell, FUTEX_WAKE, 1, NULL, NULL, 0); /* nobody may be waiting */
}

static void wait_for_bell(uint32_t seen)
{
	struct timespec timeout = { .tv_nsec = 20 * 1000000L }; /* a missed change of something without a bell costs this */
	(void)syscall(SYS_futex, &me->bell, FUTEX_WAIT, seen, &timeout, NULL, 0);
}

/* ---- looking ---- */

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

static void report_stale(const struct worker *owner, const struct fs_check *check, const char *got)
{
	char want[400], again[400];
	uint64_t start = now_ms(), took = 0;
	uint64_t n = atomic_fetch_add(&shared->stale, 1);
	struct timespec pause = { .tv_nsec = 1000000L };
	fs_check_show(check, want, sizeof want);
	bool late = false;
	while (!late && took < 1000) {
		(void)nanosleep(&pause, NULL);
		late = fs_check_run(mount_fd, check, again, sizeof again);
		took = now_ms() - start;
	}
	shared->late += late;
	fprintf(stderr, "STALE: %s: %s %s\n  wanted %s\n  got    %s\n  %s (%" PRIu64 " ms)\n", owner->doing,
		fs_check_kind_name(check->kind), check->path, want, got, late ? "right a little later" : "still wrong", took);
	if (n + 1 >= STALE_MAX)
		shared->stop = true;
}

static void look_at(const struct worker *owner, unsigned count)
{
	char got[400];
	for (unsigned i = 0; i < count; i++) {
		const struct fs_check *check = &owner->checks[i];
		watch_step(slot, "look: %s %s after %s", fs_check_kind_name(check->kind), check->path, owner->doing);
		if (!fs_check_run(mount_fd, check, got, sizeof got))
			report_stale(owner, check, got);
	}
}

/* Does what others have asked this process for. */
static void serve(void)
{
	for (unsigned i = 0; i < options.procs; i++) {
		struct worker *other = &shared->workers[i];
		if (atomic_load(&other->asked) != (int)my_number)
			continue;
		look_at(other, other->check_count);
		atomic_store(&other->asked, -1);
		ring(i);
	}
}

static void look_by_other(unsigned count)
{
	unsigned other = (my_number + 1 + below(options.procs - 1)) % options.procs;
	me->check_count = count;
	atomic_store(&me->asked, (int)other);
	ring(other);
	slot->idle = true;
	for (;;) {
		uint32_t seen = atomic_load(&me->bell);
		serve();
		if (atomic_load(&me->asked) < 0 || shared->stop)
			break;
		wait_for_bell(seen);
	}
	slot->idle = false;
}

/* ---- around a change ---- */

static struct graph_views no_views(void)
{
	return (struct graph_views){ .model = &me->model, .rng = &rng, .aliases = options.aliases };
}

static void make_checks(const struct graph_views *v)
{
	for (unsigned i = 0; i < v->count; i++)
		model_check(&me->model, &v->list[i], &me->checks[i], me->scratch[i]);
}

static void look_before(struct graph_views *v)
{
	graph_views_choose(v, LOOKS_MAX);
	make_checks(v);
	look_at(me, v->count);
	shared->looks_self += v->count;
}

static void look_after(const struct graph_views *v)
{
	make_checks(v);
	if (options.procs > 1 && below(2)) {
		look_by_other(v->count);
		shared->looks_other += v->count;
	} else {
		look_at(me, v->count);
		shared->looks_self += v->count;
	}
}

/* ---- changes of what this process owns ---- */

/* What is about to be done, for those who report. */
static void doing(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void doing(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)vsnprintf(me->doing, sizeof me->doing, format, args); /* cut when it is long */
	va_end(args);
	watch_step(slot, "%s", me->doing);
	if (options.trace)
		fprintf(stderr, "%" PRIu64 " %s\n", op_number, me->doing);
}

/* The result of a system call: must be 0, or fail with `err`. */
static void must(long result, int err)
{
	char text[100];
	int got = result < 0 ? errno : 0;
	if (got == err)
		return;
	(void)snprintf(text, sizeof text, "got %s, wanted %s", got ? strerrorname_np(got) : "success",
		err ? strerrorname_np(err) : "success");
	fail(text);
}

static int some_node(void)
{
	for (unsigned tries = 0; tries < 100; tries++) {
		int node = (int)below(MODEL_NODES);
		if (me->model.nodes[node].exists)
			return node;
	}
	return -1;
}

static const char *key_of(int node)
{
	return me->model.nodes[node].key;
}

/* A path to the node: its own, or by way of a link or label. */
static void node_path(int node, char *path)
{
	const struct model *model = &me->model;
	int type = (int)below(MODEL_TYPES), other = (int)below(MODEL_NODES), label = (int)below(MODEL_LABELS);
	if (model->links[type][other][node].id != 0 && below(3) == 0)
		fs_path(path, "nodes/%s/out/%s/%s", key_of(other), model->types[type], key_of(node));
	else if (model->links[type][node][other].id != 0 && below(3) == 0)
		fs_path(path, "nodes/%s/in/%s/%s", key_of(other), model->types[type], key_of(node));
	else if (model->nodes[node].labels[label] && below(3) == 0)
		fs_path(path, "labels/%s/%s", model->labels[label], key_of(node));
	else
		fs_path(path, "nodes/%s", key_of(node));
}

static void target_of(const char *folder, const char *name, char *target)
{
	switch (below(3)) {
	case 0:
		fs_path(target, "%s", name);
		break;
	case 1:
		fs_path(target, "%s/%s/%s", options.mount, folder, name);
		break;
	default:
		fs_path(target, "../../../%s%s%s", strcmp(folder, "nodes") == 0 ? "" : folder,
			strcmp(folder, "nodes") == 0 ? "" : "/", name);
		break;
	}
}

/* The number that a link of .rel ends in. */
static uint64_t rel_id(int type, int from, int to)
{
	char path[PATH_MAX_], target[PATH_MAX_];
	fs_path(path, "nodes/%s/out/%s/.rel/%s", key_of(from), me->model.types[type], key_of(to));
	must(fs_readlink(mount_fd, path, target, sizeof target) == 0 ? 0 : -1, 0);
	return strtoull(strrchr(target, '/') + 1, NULL, 10);
}

static void change_link(void)
{
	int type = (int)below(MODEL_TYPES), from = some_node(), to = some_node();
	if (from < 0)
		return;
	struct model_link *link = &me->model.links[type][from][to];
	char dir[PATH_MAX_], path[PATH_MAX_], target[PATH_MAX_];
	bool by_in = below(2), there = link->id != 0,
		 make = below(8) == 0 ? there : !there; /* now and then what cannot be */
	int at = by_in ? to : from, other = by_in ? from : to;
	struct graph_views v = no_views();
	graph_views_of_link(&v, type, key_of(from), key_of(to), link->id);
	look_before(&v);
	node_path(at, dir);
	fs_path(path, "%s/%s/%s/%s", dir, by_in ? "in" : "out", me->model.types[type], key_of(other));
	if (make) {
		target_of("nodes", key_of(other), target);
		doing("%u: ln -s %s %s", my_number, target, path);
		must(symlinkat(target, mount_fd, path), there ? EEXIST : 0);
		if (!there)
			link->id = rel_id(type, from, to);
	} else if (there && !link->has_prop && below(4) == 0) {
		fs_path(path, "rels/%s/%" PRIu64, me->model.types[type], link->id);
		doing("%u: rmdir %s", my_number, path);
		must(unlinkat(mount_fd, path, AT_REMOVEDIR), 0);
		*link = (struct model_link){ 0 };
	} else {
		doing("%u: rm %s", my_number, path);
		must(unlinkat(mount_fd, path, 0), there ? 0 : ENOENT);
		*link = (struct model_link){ 0 };
	}
	if (make && !there)
		graph_views_of_rel(&v, type, link->id);
	if (v.count > LOOKS_MAX)
		v.count = LOOKS_MAX;
	look_after(&v);
}

static void change_label(void)
{
	int node = some_node(), label = (int)below(MODEL_LABELS);
	if (node < 0)
		return;
	char dir[PATH_MAX_], path[PATH_MAX_], target[PATH_MAX_];
	const char *name = me->model.labels[label];
	bool *has = &me->model.nodes[node].labels[label], by_label = below(2);
	struct graph_views v = no_views();
	graph_views_of_label(&v, label, key_of(node));
	look_before(&v);
	node_path(node, dir);
	if (by_label)
		fs_path(path, "labels/%s/%s", name, key_of(node));
	else
		fs_path(path, "%s/labels/%s", dir, name);
	target_of(by_label ? "nodes" : "labels", by_label ? key_of(node) : name, target);
	doing("%u: %s %s", my_number, *has ? "rm" : "ln -s", path);
	must(*has ? unlinkat(mount_fd, path, 0) : symlinkat(target, mount_fd, path), 0);
	*has = !*has;
	look_after(&v);
}

/* ---- nodes ---- */

static void new_key(int node, char *key)
{
	if (below(4) == 0) /* one that the node may have had before */
		(void)snprintf(key, MODEL_KEY_MAX, "%sn%d-%u", me->model.prefix, node, below(4));
	else
		(void)snprintf(key, MODEL_KEY_MAX, "%sn%d-%u", me->model.prefix, node, key_version++);
}

static void make_node(int node)
{
	char key[MODEL_KEY_MAX], path[PATH_MAX_];
	struct model_node *n = &me->model.nodes[node];
	struct graph_views v = no_views();
	new_key(node, key);
	if (model_find(&me->model, key) >= 0)
		return;
	*n = (struct model_node){ .mode = 0755 };
	graph_views_of_key(&v, node, key);
	look_before(&v);
	fs_path(path, "nodes/%s", key);
	doing("%u: mkdir %s", my_number, path);
	must(mkdirat(mount_fd, path, 0755), 0);
	n->exists = true;
	memcpy(n->key, key, sizeof key);
	look_after(&v);
}

static void remove_node(int node)
{
	char path[PATH_MAX_], key[MODEL_KEY_MAX];
	bool empty = model_node_is_empty(&me->model, node);
	struct graph_views v = no_views();
	memcpy(key, key_of(node), sizeof key);
	graph_views_of_key(&v, node, key);
	look_before(&v);
	fs_path(path, "nodes/%s", key);
	doing("%u: rmdir %s", my_number, path);
	must(unlinkat(mount_fd, path, AT_REMOVEDIR), empty ? 0 : ENOTEMPTY);
	if (empty)
		me->model.nodes[node].exists = false;
	look_after(&v);
}

static void rename_node(int node)
{
	char from[PATH_MAX_], to[PATH_MAX_], old[MODEL_KEY_MAX], key[MODEL_KEY_MAX];
	struct graph_views v = no_views();
	memcpy(old, key_of(node), sizeof old);
	new_key(node, key);
	int there = (int)below(MODEL_NODES);
	if (there != node && me->model.nodes[there].exists && model_node_is_empty(&me->model, there) && below(2))
		memcpy(key, key_of(there), sizeof key); /* in the place of an empty one */
	there = model_find(&me->model, key);
	if (there == node)
		return;
	graph_views_of_key(&v, node, old);
	graph_views_of_key(&v, node, key);
	look_before(&v);
	bool can = there < 0 || model_node_is_empty(&me->model, there);
	fs_path(from, "nodes/%s", old);
	fs_path(to, "nodes/%s", key);
	doing("%u: mv %s %s", my_number, from, to);
	must(renameat(mount_fd, from, mount_fd, to), can ? 0 : ENOTEMPTY);
	if (can && there >= 0)
		me->model.nodes[there].exists = false;
	if (can)
		memcpy(me->model.nodes[node].key, key, sizeof key);
	look_after(&v);
}

static void change_mode(int node)
{
	static const int modes[] = { 0755, 0700, 0750, 0711 };
	char path[PATH_MAX_];
	int mode = modes[below(4)];
	struct graph_views v = no_views();
	(void)graph_views_add(&v, VIEW_NODE, key_of(node));
	(void)graph_views_add(&v, VIEW_FOLDER_MODE, key_of(node));
	for (int prop = 0; prop < MODEL_PROPS; prop++)
		graph_views_add(&v, VIEW_PROP_STAT, key_of(node))->prop = prop;
	look_before(&v);
	node_path(node, path);
	doing("%u: chmod %o %s", my_number, (unsigned)mode, path);
	must(fchmodat(mount_fd, path, (mode_t)mode, 0), 0);
	me->model.nodes[node].mode = mode;
	look_after(&v);
}

static void change_folder(int node)
{
	int dir = (int)below(MODEL_DIRS);
	char base[PATH_MAX_], path[PATH_MAX_];
	char *made = me->model.nodes[node].made[dir];
	struct graph_views v = no_views();
	struct model_view *view = graph_views_add(&v, VIEW_SIDE, key_of(node));
	view->dir = dir;
	look_before(&v);
	node_path(node, base);
	bool make = made[0] == '\0';
	if (make) /* the folder of a type that is known is always there: each needs a name of its own */
		(void)snprintf(made, sizeof me->model.nodes[node].made[dir], "M%u-%u", my_number, made_version++);
	fs_path(path, "%s/%s/%s", base, dir == MODEL_OUT ? "out" : "in", made);
	doing("%u: %s %s", my_number, make ? "mkdir" : "rmdir", path);
	must(make ? mkdirat(mount_fd, path, 0755) : unlinkat(mount_fd, path, AT_REMOVEDIR), 0);
	if (!make)
		made[0] = '\0';
	look_after(&v);
}

static void change_node(void)
{
	int node = (int)below(MODEL_NODES);
	if (!me->model.nodes[node].exists) {
		make_node(node);
		return;
	}
	switch (below(8)) {
	case 0:
	case 1:
		remove_node(node);
		break;
	case 2:
		change_mode(node);
		break;
	case 3:
		if (made_version < 200)
			change_folder(node);
		break;
	default:
		rename_node(node);
		break;
	}
}

/* ---- properties ---- */

static size_t random_bytes(uint8_t *out, size_t max)
{
	size_t size = below(4) ? below(60) : below((unsigned)max);
	for (size_t i = 0; i < size; i++)
		out[i] = (uint8_t)('a' + below(16));
	if (size > 0) /* text that looks like no number or boolean */
		out[0] = 'v';
	if (size > 1 && below(2))
		out[size - 1] = '\n';
	return size;
}

static void prop_write(struct model_prop *p, uint64_t offset, const uint8_t *bytes, size_t size)
{
	assert(offset + size <= MODEL_PROP_BYTES_MAX);
	if (size > 0 && offset > p->size)
		memset(p->bytes + p->size, 0, offset - p->size);
	memcpy(p->bytes + offset, bytes, size);
	if (size > 0 && offset + size > p->size)
		p->size = (uint32_t)(offset + size);
}

static void prop_truncate(struct model_prop *p, uint32_t size)
{
	if (size > p->size)
		memset(p->bytes + p->size, 0, size - p->size);
	p->size = size;
}

static bool is_open_on(const struct file *file, int node, int prop)
{
	return file->fd >= 0 && !file->grave && file->node == node && file->prop == prop;
}

static struct model_prop *free_grave(void)
{
	for (int g = 0; g < FILES; g++) {
		bool used = false;
		for (int i = 0; i < FILES; i++)
			used = used || (files[i].fd >= 0 && files[i].grave == &graves[g]);
		if (!used)
			return &graves[g];
	}
	assert(!"more graves than files");
	return NULL;
}

/* The files that are open on a property keep what it held, together. */
static void bury(int node, int prop)
{
	struct model_prop *grave = NULL;
	for (int i = 0; i < FILES; i++) {
		if (!is_open_on(&files[i], node, prop))
			continue;
		if (!grave) {
			grave = free_grave();
			*grave = me->model.nodes[node].props[prop];
		}
		files[i].grave = grave;
	}
}

static void follow(int node, int prop, int to_node, int to_prop)
{
	for (int i = 0; i < FILES; i++) {
		if (is_open_on(&files[i], node, prop)) {
			files[i].node = to_node;
			files[i].prop = to_prop;
		}
	}
}

static void write_prop(struct model_prop *p, const char *path)
{
	static uint8_t bytes[MODEL_PROP_BYTES_MAX];
	size_t size = random_bytes(bytes, MODEL_PROP_BYTES_MAX / 2);
	bool fresh = below(2), append = !fresh && below(2);
	uint64_t offset = fresh ? 0 : append ? p->size : below(p->size + 10);
	if (offset + size > MODEL_PROP_BYTES_MAX)
		return;
	doing("%u: %s %zu bytes to %s at %" PRIu64, my_number,
		fresh        ? "truncate, write"
			: append ? "append"
					 : "write",
		size, path, offset);
	int fd = openat(mount_fd, path, O_WRONLY | O_CREAT | O_CLOEXEC | (fresh ? O_TRUNC : append ? O_APPEND : 0), 0644);
	must(fd, 0);
	if (fresh)
		p->size = 0;
	must(append ? write(fd, bytes, size) : pwrite(fd, bytes, size, (off_t)offset), 0);
	prop_write(p, offset, bytes, size);
	must(close(fd), 0);
	p->exists = true;
}

static void truncate_prop(struct model_prop *p, const char *path)
{
	char absolute[PATH_MAX_];
	uint32_t size = below(2) ? below(p->size + 1) : below(300);
	fs_path(absolute, "%s/%s", options.mount, path);
	doing("%u: truncate %s from %u to %u", my_number, path, p->size, size);
	must(truncate(absolute, size), 0);
	prop_truncate(p, size);
}

static void rename_prop(int node, int prop, const char *path, const char *to_path, int to_node, int to_prop)
{
	struct model_prop *p = &me->model.nodes[node].props[prop];
	struct model_prop *q = &me->model.nodes[to_node].props[to_prop];
	doing("%u: mv %s %s", my_number, path, to_path);
	must(renameat(mount_fd, path, mount_fd, to_path), 0);
	if (p == q)
		return;
	if (q->exists)
		bury(to_node, to_prop);
	*q = *p;
	p->exists = false;
	p->size = 0;
	follow(node, prop, to_node, to_prop);
}

static void change_prop(void)
{
	int node = some_node(), prop = (int)below(MODEL_PROPS), to_node = some_node(), to_prop = (int)below(MODEL_PROPS);
	if (node < 0)
		return;
	struct model_prop *p = &me->model.nodes[node].props[prop];
	char dir[PATH_MAX_], path[PATH_MAX_], to_path[PATH_MAX_];
	unsigned what = p->exists ? below(8) : 0;
	struct graph_views v = no_views();
	graph_views_of_prop(&v, key_of(node), prop);
	if (what == 7)
		graph_views_of_prop(&v, key_of(to_node), to_prop);
	look_before(&v);
	node_path(node, dir);
	fs_path(path, "%s/%s", dir, model_prop_name(prop));
	node_path(to_node, dir);
	fs_path(to_path, "%s/%s", dir, model_prop_name(to_prop));
	if (what < 4) {
		write_prop(p, path);
	} else if (what == 4) {
		truncate_prop(p, path);
	} else if (what == 7) {
		rename_prop(node, prop, path, to_path, to_node, to_prop);
	} else {
		doing("%u: rm %s", my_number, path);
		must(unlinkat(mount_fd, path, 0), 0);
		bury(node, prop);
		p->exists = false;
		p->size = 0;
	}
	look_after(&v);
}

static void change_rel_prop(void)
{
	int type = (int)below(MODEL_TYPES), from = some_node(), to = some_node();
	if (from < 0 || me->model.links[type][from][to].id == 0)
		return;
	struct model_link *link = &me->model.links[type][from][to];
	char path[PATH_MAX_];
	struct graph_views v = no_views();
	graph_views_of_link(&v, type, key_of(from), key_of(to), link->id);
	look_before(&v);
	if (below(2))
		fs_path(path, "rels/%s/%" PRIu64 "/" MODEL_REL_PROP, me->model.types[type], link->id);
	else
		fs_path(path, "nodes/%s/in/%s/.rel/%s/" MODEL_REL_PROP, key_of(to), me->model.types[type], key_of(from));
	if (link->has_prop && below(3) == 0) {
		doing("%u: rm %s", my_number, path);
		must(unlinkat(mount_fd, path, 0), 0);
		link->has_prop = false;
		link->prop_size = 0;
	} else {
		uint8_t bytes[MODEL_REL_PROP_BYTES_MAX];
		size_t size = random_bytes(bytes, sizeof bytes);
		doing("%u: write %zu bytes to %s", my_number, size, path);
		int fd = openat(mount_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		must(fd, 0);
		must(write(fd, bytes, size), 0);
		must(close(fd), 0);
		memcpy(link->prop, bytes, size);
		link->prop_size = (uint32_t)size;
		link->has_prop = true;
	}
	look_after(&v);
}

/* ---- files that stay open ---- */

static struct model_prop *prop_of(struct file *file)
{
	return file->grave ? file->grave : &me->model.nodes[file->node].props[file->prop];
}

static void open_file(struct file *file)
{
	char dir[PATH_MAX_], path[PATH_MAX_];
	int node = some_node(), prop = (int)below(MODEL_PROPS);
	if (node < 0 || !me->model.nodes[node].props[prop].exists)
		return;
	node_path(node, dir);
	fs_path(path, "%s/%s", dir, model_prop_name(prop));
	doing("%u: open %s", my_number, path);
	int fd = openat(mount_fd, path, O_RDWR | O_CLOEXEC);
	must(fd, 0);
	*file = (struct file){ .fd = fd, .node = node, .prop = prop };
}

static void read_file(struct file *file)
{
	static uint8_t bytes[MODEL_PROP_BYTES_MAX + 1];
	const struct model_prop *p = prop_of(file);
	struct stat st;
	doing("%u: read the open file of %s, %s", my_number, model_prop_name(file->prop),
		file->grave ? "gone" : key_of(file->node));
	must(fstat(file->fd, &st), 0);
	ssize_t n = pread(file->fd, bytes, sizeof bytes, 0);
	must(n, 0);
	if ((size_t)n != p->size || st.st_size != n || memcmp(bytes, p->bytes, p->size) != 0) {
		fprintf(stderr, "STALE: %s: read %zd bytes of size %lld, wanted %u\n", me->doing, n, (long long)st.st_size,
			p->size);
		shared->stale++;
	}
}

static void write_file(struct file *file)
{
	static uint8_t bytes[MODEL_PROP_BYTES_MAX];
	struct model_prop *p = prop_of(file);
	size_t size = random_bytes(bytes, 500);
	uint64_t offset = below(p->size + 1);
	if (offset + size > MODEL_PROP_BYTES_MAX)
		return;
	struct graph_views v = no_views();
	graph_views_of_prop(&v, key_of(file->node), file->prop);
	look_before(&v);
	doing("%u: write %zu bytes at %" PRIu64 " to the open file of %s, %s", my_number, size, offset,
		model_prop_name(file->prop), file->grave ? "gone" : key_of(file->node));
	must(pwrite(file->fd, bytes, size, (off_t)offset), 0);
	prop_write(p, offset, bytes, size);
	look_after(&v);
}

static void use_file(void)
{
	struct file *file = &files[below(FILES)];
	if (file->fd < 0) {
		open_file(file);
		return;
	}
	switch (below(4)) {
	case 0:
		must(close(file->fd), 0);
		file->fd = -1;
		break;
	case 1:
		write_file(file);
		break;
	default:
		read_file(file);
		break;
	}
}

/* ---- what all change at once ---- */

static void contend(void)
{
	struct contended c = { .mount_fd = mount_fd, .rng = &rng, .shared = &shared->contended, .doing = doing };
	int err = contended_step(&c);
	if (err)
		fail(strerrorname_np(err));
}

/* ---- pauses ---- */

/* Waits until all processes are here, serving them meanwhile. */
static void meet(void)
{
	unsigned pause = shared->pause;
	slot->idle = true;
	if (atomic_fetch_add(&shared->waiting, 1) + 1 == options.procs) {
		shared->waiting = 0;
		shared->pause++;
		for (unsigned i = 0; i < options.procs; i++)
			ring(i);
	}
	while (shared->pause == pause && !shared->stop) {
		uint32_t seen = atomic_load(&me->bell);
		serve();
		if (shared->pause == pause)
			wait_for_bell(seen);
	}
	slot->idle = false;
}

/* All views of the nodes with a prefix agree? What does not is stale; what does after a second was late. */
static void compare(const char *prefix)
{
	struct mirrors_report report, again;
	(void)snprintf(me->doing, sizeof me->doing, "comparing all views of %s*", prefix);
	watch_step(slot, "%s", me->doing);
	mirrors_check(mount_fd, prefix, &report);
	shared->looks_self += report.looks;
	if (report.mismatches == 0)
		return;
	shared->stale += report.mismatches;
	(void)sleep(1);
	fprintf(stderr, "a second later:\n");
	mirrors_check(mount_fd, prefix, &again);
	shared->late += report.mismatches - (again.mismatches < report.mismatches ? again.mismatches : report.mismatches);
}

static void pause_and_compare(unsigned number)
{
	meet();
	if (number % options.procs == my_number && !shared->stop)
		compare(CONTENDED_PREFIX);
	meet();
}

/* ---- the process ---- */

static void change(void)
{
	unsigned what = below(100);
	op_number++;
	if (what < options.contended) {
		shared->ops_contended++;
		contend();
		return;
	}
	shared->ops_own++;
	what = below(100);
	if (what < 30)
		change_link();
	else if (what < 42)
		change_label();
	else if (what < 62)
		change_node();
	else if (what < 85)
		change_prop();
	else if (what < 92)
		change_rel_prop();
	else
		use_file();
}

static int work(void *context, struct watch_slot *my_slot)
{
	my_number = (unsigned)(uintptr_t)context;
	slot = my_slot;
	me = &shared->workers[my_number];
	rng.state = (options.seed + 1) * UINT64_C(0x9e3779b97f4a7c15) + my_number * UINT64_C(0xbf58476d1ce4e5b9) + 1;
	for (int i = 0; i < FILES; i++)
		files[i].fd = -1;
	uint64_t mine = options.ops / options.procs + (my_number < options.ops % options.procs);
	unsigned pauses = options.ops / OPS_A_PAUSE > PAUSES_MIN ? (unsigned)(options.ops / OPS_A_PAUSE) : PAUSES_MIN;
	for (unsigned pause = 0; pause < pauses && !shared->stop; pause++) {
		while (op_number < mine * (pause + 1) / pauses && !shared->stop) {
			change();
			serve();
		}
		pause_and_compare(pause);
	}
	if (my_number == 0 && !shared->stop)
		compare("w");
	meet();
	return 0;
}

static void must_mkdir(const char *format, const char *name)
{
	char path[PATH_MAX_];
	fs_path(path, "%s/%s", format, name);
	if (mkdirat(mount_fd, path, 0755) != 0 && errno != EEXIST) {
		perror(path);
		exit(2);
	}
}

static void set_up(void)
{
	for (unsigned w = 0; w < options.procs; w++) {
		struct model *model = &shared->workers[w].model;
		shared->workers[w].asked = -1;
		(void)snprintf(model->prefix, sizeof model->prefix, "w%u-", w);
		for (unsigned i = 0; i < MODEL_TYPES; i++) {
			bool common = i == MODEL_TYPES - 1;
			(void)snprintf(model->types[i], sizeof model->types[i], common ? "TS" : "T%u%c", w, 'a' + i);
			(void)snprintf(model->labels[i], sizeof model->labels[i], common ? "LS" : "L%u%c", w, 'a' + i);
			must_mkdir("rels", model->types[i]);
			must_mkdir("labels", model->labels[i]);
		}
	}
	struct contended c = { .mount_fd = mount_fd, .shared = &shared->contended };
	int err = contended_set_up(&c, SHARED_NODES);
	if (err) {
		fprintf(stderr, "coherence: setting up: %s\n", strerrorname_np(err));
		exit(2);
	}
}

static uint64_t number_of(const char *text)
{
	char *end;
	uint64_t n = strtoull(text, &end, 10);
	if (*text == '\0' || *end != '\0') {
		fprintf(stderr, "coherence: not a number: %s\n", text);
		exit(2);
	}
	return n;
}

static void parse(int argc, char **argv)
{
	for (int i = 2; i + 1 < argc; i += 2) {
		uint64_t n = number_of(argv[i + 1]);
		if (strcmp(argv[i], "--ops") == 0)
			options.ops = n;
		else if (strcmp(argv[i], "--procs") == 0)
			options.procs = n >= 1 && n <= PROCS_MAX ? (unsigned)n : 4;
		else if (strcmp(argv[i], "--seed") == 0)
			options.seed = n;
		else if (strcmp(argv[i], "--contended") == 0)
			options.contended = (unsigned)n;
		else if (strcmp(argv[i], "--limit") == 0)
			options.limit_s = (unsigned)n;
		else if (strcmp(argv[i], "--trace") == 0)
			options.trace = (unsigned)n;
		else if (strcmp(argv[i], "--aliases") == 0)
			options.aliases = (unsigned)n;
		else if (strcmp(argv[i], "--daemon") == 0)
			options.daemon = (pid_t)n;
		else
			fprintf(stderr, "coherence: unknown option %s\n", argv[i]);
	}
}

int main(int argc, char **argv)
{
	if (argc < 2 || argc % 2 != 0) {
		fprintf(stderr,
			"usage: coherence MOUNT [--ops N] [--procs N] [--seed N] [--contended PERCENT] [--limit S] [--daemon PID] [--trace 1] [--aliases 1]\n");
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
	uint64_t start = now_ms();
	set_up();
	for (unsigned i = 0; i < options.procs; i++)
		watch_start(watch, work, (void *)(uintptr_t)i);
	int result = watch_wait(watch);
	uint64_t ops = shared->ops_own + shared->ops_contended;
	printf("coherence: seed %" PRIu64 ", %u processes, %" PRIu64 " operations (%" PRIu64 " contended, %" PRIu64
		   " of their calls took effect), %" PRIu64 " looks by the same process and %" PRIu64 " by another, in %" PRIu64
		   " s\n",
		options.seed, options.procs, ops, (uint64_t)shared->ops_contended, (uint64_t)shared->contended.done,
		(uint64_t)shared->looks_self, (uint64_t)shared->looks_other, (now_ms() - start) / 1000);
	printf("coherence: %" PRIu64 " stale answers (%" PRIu64 " right within a second), %d hangs, %" PRIu64
		   " ESTALE seen under contention\n",
		(uint64_t)shared->stale, (uint64_t)shared->late, result == 2, (uint64_t)shared->contended.estale);
	return result != 0 || shared->stale > 0 || ops < options.ops;
}
