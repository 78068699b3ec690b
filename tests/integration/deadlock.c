/* Everything at once that could make the kernel, the daemon and its callers wait for one another: links made and removed from both ends of the same
 * pairs, labels from both sides, walks of the whole tree, files written while others read them and while .json shows them, mappings, renames of
 * nodes in use, files renamed while open, fsync, checkpoints, changes of the log's mode.
 *
 *   deadlock MOUNT [--seconds N] [--limit SECONDS] [--daemon PID] [--procs N]
 *
 * More processes change things than the daemon has threads (--procs of them write properties beside the others). Fails when a process makes no step
 * for --limit seconds, when a call fails with an errno that no race explains, and when the views disagree at the end. */
#include "tests/support/fs_check.h"
#include "tests/support/mirrors.h"
#include "tests/support/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAIRS 4u
#define LABELS 2u
#define FILES 4u

static struct {
	const char *mount;
	unsigned seconds, limit_s, writers;
	pid_t daemon;
} options = { .seconds = 20, .limit_s = 20, .writers = 12 };

struct shared {
	_Atomic bool stop;
	_Atomic unsigned version; /* of the renamed nodes' keys */
	_Atomic uint64_t calls, done, estale;
};

struct actor {
	const char *name;
	void (*step)(struct watch_slot *slot, unsigned number);
	unsigned number;
};

static struct shared *shared;
static int mount_fd;
static uint64_t random_state;

static unsigned below(unsigned n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (unsigned)(random_state >> 33) % n;
}

/* ---- calls ---- */

/* What a call may answer when others change the same things. */
static bool allowed(int err)
{
	static const int races[] = { 0, ENOENT, EEXIST, ENOTEMPTY };
	for (size_t i = 0; i < sizeof races / sizeof races[0]; i++) {
		if (err == races[i])
			return true;
	}
	if (err == ESTALE)
		shared->estale++;
	return err == ESTALE;
}

static void result(struct watch_slot *slot, long value)
{
	int err = value < 0 ? errno : 0;
	shared->calls++;
	shared->done += err == 0;
	if (allowed(err))
		return;
	fprintf(stderr, "deadlock: %s: %s\n", slot->doing, strerrorname_np(err));
	shared->stop = true;
	exit(1);
}

static bool write_text(struct watch_slot *slot, const char *path, int flags, const char *text)
{
	watch_step(slot, "open and write %s", path);
	int fd = openat(mount_fd, path, O_WRONLY | O_CLOEXEC | flags, 0644);
	result(slot, fd);
	if (fd < 0)
		return false;
	watch_step(slot, "write %s", path);
	result(slot, write(fd, text, strlen(text)));
	watch_step(slot, "close %s", path);
	result(slot, close(fd));
	return true;
}

/* ---- actors ---- */

static void link_from_end(struct watch_slot *slot, const char *end, const char *mine, const char *other)
{
	char path[FS_CHECK_PATH_MAX], target[FS_CHECK_PATH_MAX];
	fs_path(path, "nodes/%s/%s/T/%s", mine, end, other);
	fs_path(target, "../../../%s", other);
	watch_step(slot, "ln -s %s", path);
	result(slot, symlinkat(target, mount_fd, path));
	watch_step(slot, "rm %s", path);
	result(slot, unlinkat(mount_fd, path, 0));
}

/* ln -s and rm of the same pairs, from the ends that the number says. */
static void step_links(struct watch_slot *slot, unsigned number)
{
	char a[32], b[32];
	unsigned pair = below(PAIRS);
	(void)snprintf(a, sizeof a, "a%u", pair);
	(void)snprintf(b, sizeof b, "b%u", pair);
	if (number % 2)
		link_from_end(slot, "in", b, a);
	else
		link_from_end(slot, "out", a, b);
}

static void step_labels(struct watch_slot *slot, unsigned number)
{
	char path[FS_CHECK_PATH_MAX], target[FS_CHECK_PATH_MAX];
	unsigned node = below(PAIRS), label = below(LABELS);
	if (number % 2) {
		fs_path(path, "labels/L%u/a%u", label, node);
		fs_path(target, "../../nodes/a%u", node);
	} else {
		fs_path(path, "nodes/a%u/labels/L%u", node, label);
		fs_path(target, "../../../labels/L%u", label);
	}
	watch_step(slot, "ln -s %s", path);
	result(slot, symlinkat(target, mount_fd, path));
	watch_step(slot, "rm %s", path);
	result(slot, unlinkat(mount_fd, path, 0));
}

/* As ls -lR: every listing, every attribute, every target. */
static void walk(struct watch_slot *slot, const char *dir, unsigned depth)
{
	struct fs_text names = { 0 };
	struct stat st;
	char path[FS_CHECK_PATH_MAX], target[FS_CHECK_PATH_MAX];
	watch_step(slot, "list %s", dir);
	errno = fs_list(mount_fd, dir, "", &names);
	result(slot, errno ? -1 : 0);
	for (char *name = names.size ? names.data : NULL; name && *name && !shared->stop; name += strlen(name) + 1) {
		*strchr(name, '\n') = '\0';
		fs_path(path, "%s/%s", dir, name);
		watch_step(slot, "lstat %s", path);
		int got = fstatat(mount_fd, path, &st, AT_SYMLINK_NOFOLLOW);
		result(slot, got);
		if (got == 0 && S_ISLNK(st.st_mode)) {
			watch_step(slot, "readlink %s", path);
			errno = fs_readlink(mount_fd, path, target, sizeof target);
			result(slot, errno ? -1 : 0);
		} else if (got == 0 && S_ISDIR(st.st_mode) && depth > 0) {
			walk(slot, path, depth - 1);
		}
	}
	fs_text_release(&names);
}

static void step_walk(struct watch_slot *slot, unsigned number)
{
	static const char *const roots[] = { "nodes", "rels", "labels" };
	walk(slot, roots[(number + below(2)) % 3], 5);
}

/* Writers are many: each change of a property makes the .json of its node stale, which readers hold a page of. */
static void step_write(struct watch_slot *slot, unsigned number)
{
	char path[FS_CHECK_PATH_MAX], text[64];
	fs_path(path, "nodes/a0/p%u", number % FILES);
	(void)snprintf(text, sizeof text, "v%u\n", below(1000000));
	if (below(8) == 0) {
		watch_step(slot, "rm %s", path);
		result(slot, unlinkat(mount_fd, path, 0));
	} else {
		(void)write_text(slot, path, O_CREAT | (below(2) ? O_TRUNC : 0), text);
	}
}

static void step_read(struct watch_slot *slot, unsigned number)
{
	char path[FS_CHECK_PATH_MAX];
	struct fs_text text = { 0 };
	if (number % 2)
		fs_path(path, "nodes/a0/.json");
	else
		fs_path(path, "nodes/a0/p%u", below(FILES));
	watch_step(slot, "read %s", path);
	errno = fs_read(mount_fd, path, &text);
	result(slot, errno ? -1 : 0);
	fs_text_release(&text);
}

/* A property that is opened, renamed while it is open, and opened again under its new name: two inodes of one property, both written. */
static void step_rename_open(struct watch_slot *slot, unsigned number)
{
	char from[FS_CHECK_PATH_MAX], to[FS_CHECK_PATH_MAX];
	unsigned i = below(3), node = below(2);
	(void)number;
	fs_path(from, "nodes/b%u/q%u", node, i);
	fs_path(to, "nodes/b%u/q%u", below(2), (i + 1) % 3);
	watch_step(slot, "open %s", from);
	int fd = openat(mount_fd, from, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	result(slot, fd);
	if (fd < 0)
		return;
	watch_step(slot, "mv %s %s", from, to);
	result(slot, renameat(mount_fd, from, mount_fd, to));
	for (unsigned k = 0; k < 4; k++) {
		watch_step(slot, "write by the descriptor of %s, now %s", from, to);
		result(slot, pwrite(fd, "vvvv", 4, below(6000)));
		(void)write_text(slot, to, 0, "v again");
	}
	watch_step(slot, "close what was %s", from);
	result(slot, close(fd));
}

/* The nodes that are renamed are the others' neighbours. */
static void step_rename(struct watch_slot *slot, unsigned number)
{
	char from[FS_CHECK_PATH_MAX], to[FS_CHECK_PATH_MAX], path[FS_CHECK_PATH_MAX];
	struct fs_text names = { 0 };
	(void)number;
	watch_step(slot, "list nodes");
	errno = fs_list(mount_fd, "nodes", "r", &names);
	result(slot, errno ? -1 : 0);
	if (names.size == 0)
		return;
	fs_path(from, "nodes/%.*s", (int)strcspn(names.data, "\n"), names.data);
	fs_path(to, "nodes/r%u", atomic_fetch_add(&shared->version, 1));
	fs_path(path, "%s/in/T/a%u", from, below(PAIRS));
	watch_step(slot, "ln -s %s", path);
	result(slot, symlinkat(strrchr(path, '/') + 1, mount_fd, path));
	watch_step(slot, "mv %s %s", from, to);
	result(slot, renameat(mount_fd, from, mount_fd, to));
	fs_text_release(&names);
}

static volatile sig_atomic_t mapping;
static sigjmp_buf no_page;

static void on_bus_error(int number)
{
	if (!mapping) {
		(void)signal(number, SIG_DFL);
		return;
	}
	siglongjmp(no_page, 1);
}

static void touch_page(volatile char *at, bool write)
{
	if (sigsetjmp(no_page, 1) == 0) {
		mapping = 1;
		for (int i = 0; i < 8; i++) {
			if (write)
				at[0] = (char)('a' + i);
			else
				(void)at[i];
		}
	}
	mapping = 0;
}

/* Pages of a property that others write, cut and remove. A page past the end is a bus error, as on any file. */
static void step_map(struct watch_slot *slot, unsigned number)
{
	char path[FS_CHECK_PATH_MAX];
	fs_path(path, "nodes/a0/p%u", below(FILES));
	watch_step(slot, "map %s", path);
	int fd = openat(mount_fd, path, O_RDWR | O_CLOEXEC);
	result(slot, fd);
	if (fd < 0)
		return;
	bool write = number % 2;
	volatile char *at = mmap(NULL, 4096, PROT_READ | (write ? PROT_WRITE : 0), MAP_SHARED, fd, 0);
	if (at != MAP_FAILED) {
		watch_step(slot, "%s a page of %s", write ? "change" : "look at", path);
		touch_page(at, write);
		watch_step(slot, "unmap %s", path);
		(void)munmap((char *)(uintptr_t)at, 4096);
	}
	watch_step(slot, "close the mapped %s", path);
	result(slot, close(fd));
}

static void step_sync(struct watch_slot *slot, unsigned number)
{
	const char *path = number % 2 ? "nodes/a0" : "nodes/a0/p0";
	watch_step(slot, "fsync %s", path);
	int fd = openat(mount_fd, path, (number % 2 ? O_RDONLY : O_WRONLY | O_CREAT) | O_CLOEXEC, 0644);
	result(slot, fd);
	if (fd < 0)
		return;
	result(slot, fsync(fd));
	result(slot, close(fd));
	struct timespec pause = { .tv_nsec = 2000000L };
	(void)nanosleep(&pause, NULL);
}

static void step_control(struct watch_slot *slot, unsigned number)
{
	static const char *const modes[] = { "group\n", "sync\n", "async\n" };
	struct fs_text text = { 0 };
	(void)number;
	for (unsigned i = 0; i < 3 && !shared->stop; i++) {
		(void)write_text(slot, ".graphfs/wal/mode", 0, modes[i]);
		(void)write_text(slot, ".graphfs/checkpoint", 0, "1\n");
		watch_step(slot, "read stats");
		errno = fs_read(mount_fd, ".graphfs/stats", &text);
		result(slot, errno ? -1 : 0);
		fs_text_release(&text);
		struct timespec pause = { .tv_nsec = 200000000L };
		(void)nanosleep(&pause, NULL);
	}
}

/* Drops what the kernel has cached of single inodes now and then, so that there is something to be looked up and read: nodes come and go. */
static void step_nodes(struct watch_slot *slot, unsigned number)
{
	char path[FS_CHECK_PATH_MAX], file[FS_CHECK_PATH_MAX];
	fs_path(path, "nodes/t%u", number);
	fs_path(file, "nodes/t%u/p", number);
	watch_step(slot, "mkdir %s", path);
	result(slot, mkdirat(mount_fd, path, 0755));
	(void)write_text(slot, file, O_CREAT, "v\n");
	watch_step(slot, "chmod %s", path);
	result(slot, fchmodat(mount_fd, path, 0750, 0));
	watch_step(slot, "rm -r %s", path);
	result(slot, unlinkat(mount_fd, file, 0));
	result(slot, unlinkat(mount_fd, path, AT_REMOVEDIR));
}

static int act(void *context, struct watch_slot *slot)
{
	const struct actor *actor = context;
	random_state = (uint64_t)getpid() * UINT64_C(0x9e3779b97f4a7c15);
	(void)signal(SIGBUS, on_bus_error);
	while (!shared->stop)
		actor->step(slot, actor->number);
	return 0;
}

/* Ends all after a while. */
static int clock_actor(void *context, struct watch_slot *slot)
{
	(void)context;
	for (unsigned i = 0; i < options.seconds && !shared->stop; i++) {
		watch_step(slot, "second %u", i);
		(void)sleep(1);
	}
	shared->stop = true;
	return 0;
}

/* ---- the test ---- */

static void must_mkdir(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void must_mkdir(const char *format, ...)
{
	char path[FS_CHECK_PATH_MAX];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(path, sizeof path, format, args);
	va_end(args);
	if (mkdirat(mount_fd, path, 0755) != 0 && errno != EEXIST) {
		perror(path);
		exit(2);
	}
}

static void set_up(void)
{
	must_mkdir("rels/T");
	for (unsigned i = 0; i < LABELS; i++)
		must_mkdir("labels/L%u", i);
	for (unsigned i = 0; i < PAIRS; i++) {
		must_mkdir("nodes/a%u", i);
		must_mkdir("nodes/b%u", i);
		must_mkdir("nodes/r%u", shared->version++);
	}
}

static const struct {
	const char *name;
	void (*step)(struct watch_slot *slot, unsigned number);
	unsigned count;
} cast[] = {
	{ "links", step_links, 4 },
	{ "labels", step_labels, 2 },
	{ "walk", step_walk, 3 },
	{ "write", step_write, 0 },
	{ "read", step_read, 4 },
	{ "rename open", step_rename_open, 2 },
	{ "map", step_map, 2 },
	{ "rename", step_rename, 2 },
	{ "fsync", step_sync, 2 },
	{ "control", step_control, 1 },
	{ "nodes", step_nodes, 2 },
};
#define CAST_COUNT (sizeof cast / sizeof cast[0])

static void parse(int argc, char **argv)
{
	for (int i = 2; i + 1 < argc; i += 2) {
		unsigned long n = strtoul(argv[i + 1], NULL, 10);
		if (strcmp(argv[i], "--seconds") == 0)
			options.seconds = (unsigned)n;
		else if (strcmp(argv[i], "--limit") == 0)
			options.limit_s = (unsigned)n;
		else if (strcmp(argv[i], "--daemon") == 0)
			options.daemon = (pid_t)n;
		else if (strcmp(argv[i], "--procs") == 0)
			options.writers = n <= 32 ? (unsigned)n : 32;
		else
			fprintf(stderr, "deadlock: unknown option %s\n", argv[i]);
	}
}

int main(int argc, char **argv)
{
	struct actor actors[WATCH_SLOTS_MAX];
	struct mirrors_report report = { 0 };
	unsigned count = 0;
	if (argc < 2) {
		fprintf(stderr, "usage: deadlock MOUNT [--seconds N] [--limit SECONDS] [--daemon PID] [--procs N]\n");
		return 2;
	}
	options.mount = argv[1];
	parse(argc, argv);
	mount_fd = open(options.mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (mount_fd < 0) {
		perror(options.mount);
		return 2;
	}
	shared = watch_share(sizeof *shared);
	struct watch *watch = watch_new(options.mount, options.limit_s, options.daemon);
	set_up();
	for (size_t i = 0; i < CAST_COUNT; i++) {
		unsigned times = cast[i].step == step_write ? options.writers : cast[i].count;
		for (unsigned k = 0; k < times && count < WATCH_SLOTS_MAX - 1; k++) {
			actors[count] = (struct actor){ cast[i].name, cast[i].step, k };
			watch_start(watch, act, &actors[count++]);
		}
	}
	watch_start(watch, clock_actor, NULL);
	int bad = watch_wait(watch);
	if (bad != 2)
		mirrors_check(mount_fd, "", &report);
	printf("deadlock: %u processes for %u s, %" PRIu64 " calls (%" PRIu64 " took effect, %" PRIu64
		   " ESTALE), %d hangs, %" PRIu64 " views that disagree at the end\n",
		count, options.seconds, (uint64_t)shared->calls, (uint64_t)shared->done, (uint64_t)shared->estale, bad == 2,
		report.mismatches);
	return bad || report.mismatches > 0 || shared->done == 0;
}
