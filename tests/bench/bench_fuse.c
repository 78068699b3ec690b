/* graphfs through its mount beside a daemon that does nothing, in one run, operation by operation.
 *
 *   bench_fuse [--rounds N] [--ops N] [--programs DIR] [--null PROGRAM] [--options LIST] [--check]
 *
 * Each round does every operation `ops` times on each mount, one mount after the other, so that whatever else the machine does hits all alike. The
 * figures are the median over all calls, and the median over the rounds of the ratio of medians. The empty daemon is --null (null_fs.c's, as
 * scripts/bench-fuse builds it), or else bench_null beside this program; the round trips of an empty daemon are always counted by bench_null.
 * Round trips are requests a call, with those nobody waits for (a forgotten inode, a closed file).
 * "alike" is the empty daemon with default_permissions, as graphfs has them: the kernel then asks for a folder's attributes after each change in it,
 * so that both have the same round trips.
 * --check: exit status 1 when mkdir, ln -s or create-and-write takes more than 1.5 times as long as with the empty daemon. What a round trip takes
 * varies by the factor 5 with where the scheduler puts daemon and caller, on one processor or on two; and so does this ratio. */
#include "tests/support/fs_check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATH_SIZE FS_CHECK_PATH_MAX
#define TARGET_RATIO 1.5
#define OPS_MAX 10000u
#define ROUNDS_MAX 200u

/* ---- what is measured ---- */

struct mount;
struct operation {
	const char *name;
	bool by_null; /* the empty daemon can do it */
	bool target;  /* one of the three that must be within TARGET_RATIO */
	bool warm;    /* done once for all beforehand, not counted */
	bool once;    /* one call stands for all: a listing */
	int (*run)(const struct mount *m, unsigned round, unsigned i);
};

enum system { EMPTY, ALIKE, GRAPHFS, COUNTED, SYSTEMS };
static const char *const system_names[SYSTEMS] = { "empty", "empty, alike", "graphfs", "empty, counting" };

struct mount {
	enum system system;
	pid_t pid;
	char point[PATH_SIZE];
	int fd; /* of its root */
};

static int done(int result)
{
	return result < 0 ? errno : 0;
}

static void path_of(char *path, const struct mount *m, const char *folder, unsigned round, unsigned i, const char *file)
{
	fs_path(path, "%s/%s/n%u-%u%s", m->point, folder, round, i, file);
}

static int run_mkdir(const struct mount *m, unsigned round, unsigned i)
{
	char path[PATH_SIZE];
	path_of(path, m, "nodes", round, i, "");
	return done(mkdir(path, 0755));
}

static int run_symlink(const struct mount *m, unsigned round, unsigned i)
{
	char path[PATH_SIZE], target[PATH_SIZE];
	path_of(path, m, "nodes/A/out/T", round, i, "");
	fs_path(target, "../../../n%u-%u", round, i);
	return done(symlink(target, path));
}

static int write_file(const struct mount *m, unsigned round, unsigned i, int flags)
{
	char path[PATH_SIZE];
	path_of(path, m, "nodes", round, i, "/v");
	int fd = open(path, O_WRONLY | flags, 0644);
	if (fd < 0)
		return errno;
	int err = write(fd, "hi\n", 3) == 3 ? 0 : EIO;
	return close(fd) == 0 ? err : errno;
}

static int run_create(const struct mount *m, unsigned round, unsigned i)
{
	return write_file(m, round, i, O_CREAT | O_EXCL);
}

static int run_overwrite(const struct mount *m, unsigned round, unsigned i)
{
	return write_file(m, round, i, O_TRUNC);
}

static int run_missing(const struct mount *m, unsigned round, unsigned i)
{
	struct stat st;
	char path[PATH_SIZE];
	path_of(path, m, "nodes", round, i, "-none");
	return lstat(path, &st) == 0 ? EEXIST : errno == ENOENT ? 0 : errno;
}

static int run_stat(const struct mount *m, unsigned round, unsigned i)
{
	struct stat st;
	char path[PATH_SIZE];
	path_of(path, m, "nodes", round, i, "/v");
	return done(lstat(path, &st));
}

static int run_readlink(const struct mount *m, unsigned round, unsigned i)
{
	char path[PATH_SIZE], target[PATH_SIZE];
	path_of(path, m, "nodes/A/out/T", round, i, "");
	return readlink(path, target, sizeof target) > 0 ? 0 : errno;
}

static int run_ls(const struct mount *m, unsigned round, unsigned i)
{
	(void)round, (void)i;
	char path[PATH_SIZE];
	unsigned count = 0;
	fs_path(path, "%s/nodes/A/out/T", m->point);
	DIR *dir = opendir(path);
	if (dir == NULL)
		return errno;
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count > 2 ? 0 : ENOENT;
}

static int run_cat(const struct mount *m, unsigned round, unsigned i)
{
	char path[PATH_SIZE], text[64];
	path_of(path, m, "nodes", round, i, "/v");
	int fd = open(path, O_RDONLY);
	if (fd < 0)
		return errno;
	int err = read(fd, text, sizeof text) == 3 ? 0 : EIO;
	return close(fd) == 0 ? err : errno;
}

static int run_unlink(const struct mount *m, unsigned round, unsigned i)
{
	char path[PATH_SIZE];
	path_of(path, m, "nodes", round, i, "/v");
	return done(unlink(path));
}

static int run_unlink_link(const struct mount *m, unsigned round, unsigned i)
{
	char path[PATH_SIZE];
	path_of(path, m, "nodes/A/out/T", round, i, "");
	return done(unlink(path));
}

static int run_rmdir(const struct mount *m, unsigned round, unsigned i)
{
	char path[PATH_SIZE];
	path_of(path, m, "nodes", round, i, "");
	return done(rmdir(path));
}

/* In this order: each finds what those before it made. */
static const struct operation operations[] = {
	{ .name = "mkdir", .by_null = true, .target = true, .run = run_mkdir },
	{ .name = "ln -s", .by_null = true, .target = true, .run = run_symlink },
	{ .name = "create, write, close", .by_null = true, .target = true, .run = run_create },
	{ .name = "open, write, close", .by_null = true, .run = run_overwrite },
	{ .name = "look up a missing name", .by_null = true, .run = run_missing },
	{ .name = "stat, warm", .by_null = true, .warm = true, .run = run_stat },
	{ .name = "readlink, warm", .warm = true, .run = run_readlink },
	{ .name = "ls, warm", .warm = true, .once = true, .run = run_ls },
	{ .name = "cat, warm", .by_null = true, .warm = true, .run = run_cat },
	{ .name = "rm of a property", .by_null = true, .run = run_unlink },
	{ .name = "rm of a link", .by_null = true, .run = run_unlink_link },
	{ .name = "rmdir", .by_null = true, .run = run_rmdir },
};
#define OPERATIONS (sizeof operations / sizeof operations[0])

/* ---- the figures ---- */

static struct {
	unsigned rounds, ops;
	const char *programs, *null, *mount;
	bool check;
} options = { .rounds = 15, .ops = 300 };

struct figures {
	double *all; /* us, of every call; owned */
	size_t count;
	double round[ROUNDS_MAX]; /* median of each round */
	uint64_t requests, calls; /* counted ones */
};
static struct figures figures[SYSTEMS][OPERATIONS];

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(const double *values, size_t count)
{
	double *copy = malloc(count * sizeof *copy + 1);
	if (copy == NULL)
		abort();
	memcpy(copy, values, count * sizeof *copy);
	qsort(copy, count, sizeof *copy, by_value);
	double m = count == 0 ? 0 : count % 2 ? copy[count / 2] : (copy[count / 2 - 1] + copy[count / 2]) / 2;
	free(copy);
	return m;
}

static double now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* ---- mounts ---- */

static char root[PATH_SIZE];
static struct mount mounts[SYSTEMS];

static void clean_up(void)
{
	for (unsigned s = 0; s < SYSTEMS; s++) {
		struct mount *m = &mounts[s];
		if (m->pid == 0)
			continue;
		(void)close(m->fd);
		for (int tries = 0; tries < 50 && umount2(m->point, 0) != 0 && errno == EBUSY; tries++)
			(void)usleep(20000);
		(void)umount2(m->point, MNT_DETACH);
		(void)kill(m->pid, SIGTERM);
		(void)waitpid(m->pid, NULL, 0);
		m->pid = 0;
	}
	if (root[0] != '\0') {
		pid_t pid = fork();
		if (pid == 0) {
			execlp("rm", "rm", "-rf", "--one-file-system", root, (char *)NULL);
			_exit(127);
		}
		(void)waitpid(pid, NULL, 0);
		root[0] = '\0';
	}
}

static void die(const char *what, int err)
{
	fprintf(stderr, "bench_fuse: %s: %s\n", what, strerror(err));
	clean_up();
	exit(2);
}

static void on_signal(int number)
{
	clean_up(); /* a benchmark that is interrupted leaves no mounts; nothing else runs by then */
	_exit(128 + number);
}

static pid_t spawn(const char *const *argv)
{
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0)
		die("fork", errno);
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);
		(void)dup2(null, STDOUT_FILENO);
		(void)dup2(null, STDERR_FILENO);
		execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	return pid;
}

static void await_mount(struct mount *m)
{
	struct stat outside, inside;
	int status;
	if (stat(root, &outside) != 0)
		die(root, errno);
	for (unsigned tries = 0; tries < 500; tries++) {
		if (stat(m->point, &inside) == 0 && inside.st_dev != outside.st_dev) {
			m->fd = open(m->point, O_PATH | O_DIRECTORY | O_CLOEXEC);
			return;
		}
		if (waitpid(m->pid, &status, WNOHANG) == m->pid)
			die(system_names[m->system], ECHILD);
		(void)usleep(20000);
	}
	die(m->point, ETIMEDOUT);
}

static void make_folders(const struct mount *m)
{
	static const char *const folders[] = { "nodes", "nodes/A", "nodes/A/out", "nodes/A/out/T" };
	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		if (mkdirat(m->fd, folders[i], 0755) != 0 && errno != EEXIST)
			die(folders[i], errno);
	}
}

static void start(enum system system)
{
	struct mount *m = &mounts[system];
	char program[PATH_SIZE], mkfs[PATH_SIZE], database[PATH_SIZE];
	m->system = system;
	fs_path(m->point, "%s/mnt%u", root, (unsigned)system);
	if (mkdir(m->point, 0755) != 0)
		die(m->point, errno);
	if (system == GRAPHFS) {
		fs_path(program, "%s/graphfs", options.programs);
		fs_path(mkfs, "%s/mkfs.graphfs", options.programs);
		fs_path(database, "%s/db", root);
		const char *const make[] = { mkfs, database, NULL };
		(void)waitpid(spawn(make), NULL, 0);
		const char *const run[] = { program, database, m->point, "-f", options.mount ? "-o" : NULL, options.mount,
			NULL };
		m->pid = spawn(run);
	} else {
		const char *null = system == COUNTED || options.null == NULL ? "bench_null" : options.null;
		if (strchr(null, '/'))
			fs_path(program, "%s", null);
		else
			fs_path(program, "%s/../bench/%s", options.programs, null);
		const char *const run[] = { program, "-f", m->point, system == ALIKE ? "-odefault_permissions" : NULL, NULL };
		m->pid = spawn(run);
	}
	await_mount(m);
	make_folders(m);
}

/* ---- counting round trips ---- */

static uint64_t count_null(const struct mount *m)
{
	struct stat st;
	if (fstatat(m->fd, ".requests", &st, 0) != 0)
		die(".requests", errno);
	return (uint64_t)st.st_size;
}

static uint64_t count_graphfs(const struct mount *m)
{
	static const char name[] = "\ngraphfs_requests_total ";
	static char text[65536];
	size_t size = 0;
	ssize_t n;
	int fd = openat(m->fd, ".graphfs/stats", O_RDONLY);
	if (fd < 0)
		die(".graphfs/stats", errno);
	while ((n = read(fd, text + size, sizeof text - 1 - size)) > 0)
		size += (size_t)n;
	(void)close(fd);
	text[size] = '\0';
	const char *at = strstr(text, name);
	return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static uint64_t count(const struct mount *m)
{
	if (m->system == GRAPHFS)
		return count_graphfs(m);
	return m->system == COUNTED ? count_null(m) : 0;
}

/* ---- measuring ---- */

static void run_operation(const struct mount *m, size_t which, unsigned round)
{
	const struct operation *op = &operations[which];
	struct figures *f = &figures[m->system][which];
	size_t first = f->count;
	unsigned calls = op->once ? 20 : options.ops;
	int err = 0;
	for (unsigned i = 0; op->warm && !err && i < calls; i++)
		err = op->run(m, round, i);
	uint64_t a = count(m), b = count(m);
	for (unsigned i = 0; !err && i < calls; i++) {
		double before = now_us();
		err = op->run(m, round, i);
		f->all[f->count++] = now_us() - before;
	}
	uint64_t c = count(m);
	f->requests += c - b - (b - a); /* less what the counting takes */
	f->calls += calls;
	f->round[round] = median(f->all + first, f->count - first);
	if (err)
		die(op->name, err);
}

static void run_round(unsigned round)
{
	for (size_t which = 0; which < OPERATIONS; which++) {
		for (unsigned k = 0; k < SYSTEMS; k++) {
			enum system system = (enum system)((k + round) % SYSTEMS); /* nobody is always first */
			if ((operations[which].by_null || system == GRAPHFS) && (system != COUNTED || round == 0))
				run_operation(&mounts[system], which, round);
		}
	}
}

/* ---- the table ---- */

static double ratio(size_t which, enum system other)
{
	double ratios[ROUNDS_MAX];
	for (unsigned r = 0; r < options.rounds; r++)
		ratios[r] = figures[GRAPHFS][which].round[r] / figures[other][which].round[r];
	return median(ratios, options.rounds);
}

static double median_of(enum system system, size_t which)
{
	return median(figures[system][which].all, figures[system][which].count);
}

static double round_trips(enum system system, size_t which)
{
	const struct figures *f = &figures[system][which];
	return f->calls ? (double)f->requests / (double)f->calls : 0;
}

/* True when all that have a target meet it. */
static bool print_table(void)
{
	bool good = true;
	printf("%u rounds of %u calls; medians in microseconds; empty: %s\n\n", options.rounds, options.ops,
		options.null ? options.null : "bench_null");
	printf("%-24s %9s %9s %9s %9s %9s   %s\n", "", "empty", "alike", "graphfs", "/ empty", "/ alike",
		"round trips: empty, graphfs");
	for (size_t i = 0; i < OPERATIONS; i++) {
		printf("%-24s ", operations[i].name);
		if (!operations[i].by_null) {
			printf("%9s %9s %9.1f %9s %9s   %5s %8.2f\n", "-", "-", median_of(GRAPHFS, i), "-", "-", "-",
				round_trips(GRAPHFS, i));
			continue;
		}
		double empty = ratio(i, EMPTY), alike = ratio(i, ALIKE);
		good = good && (empty <= TARGET_RATIO || !operations[i].target);
		const char *verdict = !operations[i].target ? ""
			: empty <= TARGET_RATIO                 ? "   target met"
			: alike <= TARGET_RATIO                 ? "   target met with the same round trips"
													: "   TARGET MISSED";
		printf("%9.1f %9.1f %9.1f %9.2f %9.2f   %5.2f %8.2f%s\n", median_of(EMPTY, i), median_of(ALIKE, i),
			median_of(GRAPHFS, i), empty, alike, round_trips(COUNTED, i), round_trips(GRAPHFS, i), verdict);
	}
	return good;
}

static unsigned number(const char *text, unsigned max)
{
	unsigned long n = strtoul(text, NULL, 10);
	return n < 1 ? 1 : n > max ? max : (unsigned)n;
}

static void parse(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";
		if (strcmp(argv[i], "--check") == 0) {
			options.check = true;
			continue;
		}
		if (strcmp(argv[i], "--rounds") == 0)
			options.rounds = number(value, ROUNDS_MAX);
		else if (strcmp(argv[i], "--ops") == 0)
			options.ops = number(value, OPS_MAX);
		else if (strcmp(argv[i], "--programs") == 0)
			options.programs = value;
		else if (strcmp(argv[i], "--null") == 0)
			options.null = value;
		else if (strcmp(argv[i], "--options") == 0)
			options.mount = value;
		else
			die(argv[i], EINVAL);
		i++;
	}
}

/* The folder of programs beside the one that this program lies in. */
static void find_programs(void)
{
	static char path[PATH_SIZE];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 16);
	if (n <= 0)
		die("/proc/self/exe", errno);
	path[n] = '\0';
	char *slash = strrchr(path, '/');
	memcpy(slash, "/../bin", sizeof "/../bin");
	if (options.programs == NULL)
		options.programs = path;
}

int main(int argc, char **argv)
{
	parse(argc, argv);
	find_programs();
	const char *tmp = getenv("TMPDIR");
	fs_path(root, "%s/bench-fuse.XXXXXX", tmp ? tmp : "/tmp");
	if (mkdtemp(root) == NULL) {
		root[0] = '\0';
		die("a temporary folder", errno);
	}
	(void)signal(SIGINT, on_signal);
	(void)signal(SIGTERM, on_signal);
	for (unsigned s = 0; s < SYSTEMS; s++) {
		for (size_t i = 0; i < OPERATIONS; i++) {
			figures[s][i].all = calloc((size_t)options.rounds * options.ops + options.rounds * 20u, sizeof(double));
			if (figures[s][i].all == NULL)
				die("memory", ENOMEM);
		}
		start((enum system)s);
	}
	for (unsigned r = 0; r < options.rounds; r++)
		run_round(r);
	bool good = print_table();
	clean_up();
	return options.check && !good;
}
