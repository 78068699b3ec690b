/* What a system call on the mount costs, beside a FUSE daemon that does nothing at all.
 *
 * usage: bench_fuse GRAPHFS MKFS NULL_FS [ROUNDS]
 *
 * Mounts a fresh graphfs and the empty daemon twice (its multi-thread and its single-thread loop) in a temporary folder, and does the same
 * operations on each in turn, round by round, so that a noisy machine is noisy for all. Prints the median microseconds of each operation and
 * the ratios. scripts/bench-fuse builds what it needs and runs it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BATCH 50
#define ROUNDS_DEFAULT 20
#define ROUNDS_MAX 1000

enum op { MKDIR, SYMLINK, CREATE, MISSING, STAT, READLINK, LIST, CAT, UNLINK, UNLINK_LINK, RMDIR, OP_COUNT };
static const char *const op_names[OP_COUNT] = {
	"mkdir", "ln -s", "create, write, close", "stat of a missing name", "stat, warm", "readlink, warm",
	"ls, warm", "cat, warm", "rm of a file", "rm of a link", "rmdir",
};

enum target { GRAPHFS, NULL_MT, NULL_ST, TARGET_COUNT };
static const char *const target_names[TARGET_COUNT] = { "graphfs", "null -mt", "null -st" };

static struct {
	char mnt[256];
	char base[300];  /* where directories are made */
	char links[300]; /* where links are made */
	pid_t pid;
	double *samples[OP_COUNT];
	size_t count[OP_COUNT];
} targets[TARGET_COUNT];
static char dir[128];

static void die(const char *what)
{
	fprintf(stderr, "bench_fuse: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* execv(3) takes the strings for what they are not: it does not change them. */
static void exec_program(const char *const argv[])
{
	execv(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

static void run(const char *const argv[])
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		exec_program(argv);
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
		die(argv[0]);
}

static void start(enum target t, const char *const argv[])
{
	struct stat before, after;
	if (stat(targets[t].mnt, &before) != 0)
		die(targets[t].mnt);
	targets[t].pid = fork();
	if (targets[t].pid == 0)
		exec_program(argv);
	for (unsigned i = 0; i < 1000; i++) {
		usleep(10000);
		if (stat(targets[t].mnt, &after) == 0 && after.st_dev != before.st_dev)
			return;
	}
	die(argv[0]);
}

static void stop_all(void)
{
	for (enum target t = 0; t < TARGET_COUNT; t++) {
		if (targets[t].pid <= 0)
			continue;
		umount2(targets[t].mnt, MNT_DETACH);
		waitpid(targets[t].pid, NULL, 0);
	}
	if (dir[0])
		run((const char *[]){ "/bin/rm", "-rf", "--one-file-system", dir, NULL });
}

static void add(enum target t, enum op op, double us)
{
	targets[t].samples[op][targets[t].count[op]++] = us;
}

static void path_of(char *out, size_t size, enum target t, unsigned round, unsigned i, const char *tail)
{
	snprintf(out, size, "%s/b%u_%u%s", targets[t].base, round, i, tail);
}

static int list(const char *path)
{
	DIR *d = opendir(path);
	if (!d)
		return -1;
	errno = 0;
	while (readdir(d))
		;
	int failed = errno;
	closedir(d);
	return failed ? -1 : 0;
}

static int cat(const char *path)
{
	char data[64];
	int fd = open(path, O_RDONLY);
	if (fd < 0)
		return -1;
	ssize_t n = read(fd, data, sizeof data);
	close(fd);
	return n > 0 ? 0 : -1;
}

static int create(const char *path)
{
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0644);
	if (fd < 0)
		return -1;
	ssize_t n = write(fd, "hi\n", 3);
	return close(fd) == 0 && n == 3 ? 0 : -1;
}

static int do_op(enum target t, enum op op, unsigned round, unsigned i)
{
	char path[512], target[128];
	struct stat st;
	switch (op) {
	case MKDIR:
		path_of(path, sizeof path, t, round, i, "");
		return mkdir(path, 0755);
	case CREATE:
		path_of(path, sizeof path, t, round, i, "/p");
		return create(path);
	case SYMLINK:
	case READLINK:
	case UNLINK_LINK:
		snprintf(path, sizeof path, "%s/b%u_%u", targets[t].links, round, i);
		snprintf(target, sizeof target, "../../../b%u_%u", round, i);
		if (op == READLINK)
			return readlink(path, target, sizeof target) > 0 ? 0 : -1;
		return op == SYMLINK ? symlink(target, path) : unlink(path);
	case MISSING:
		path_of(path, sizeof path, t, round, i, "missing");
		return stat(path, &st) != 0 && errno == ENOENT ? 0 : -1;
	case STAT:
	case LIST:
	case RMDIR:
		path_of(path, sizeof path, t, round, i, "");
		return op == STAT ? stat(path, &st) : op == LIST ? list(path) : rmdir(path);
	case CAT:
	case UNLINK:
		path_of(path, sizeof path, t, round, i, "/p");
		return op == CAT ? cat(path) : unlink(path);
	case OP_COUNT:
		break;
	}
	return -1;
}

/* The empty daemon has no listings, and its links and files are known to the kernel only as they were made. */
static bool applies(enum target t, enum op op)
{
	return t == GRAPHFS || (op != LIST && op != READLINK);
}

static void round_of(enum target t, enum op op, unsigned round)
{
	bool warm = op == STAT || op == READLINK || op == LIST || op == CAT;
	for (unsigned i = 0; i < BATCH && applies(t, op); i++) {
		/* Twice before: the kernel asks for attributes once more after the first listing. */
		if (warm && (do_op(t, op, round, i) != 0 || do_op(t, op, round, i) != 0))
			die(op_names[op]);
		double begun = now_us();
		int err = do_op(t, op, round, i);
		double took = now_us() - begun;
		if (err != 0)
			die(op_names[op]);
		add(t, op, took);
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(enum target t, enum op op)
{
	size_t n = targets[t].count[op];
	if (n == 0)
		return 0;
	qsort(targets[t].samples[op], n, sizeof(double), by_value);
	return targets[t].samples[op][n / 2];
}

static void print_table(void)
{
	printf("%-26s", "median us a call");
	for (enum target t = 0; t < TARGET_COUNT; t++)
		printf("%12s", target_names[t]);
	printf("%12s%12s\n", "/ -mt", "/ -st");
	for (enum op op = 0; op < OP_COUNT; op++) {
		double m[TARGET_COUNT];
		printf("%-26s", op_names[op]);
		for (enum target t = 0; t < TARGET_COUNT; t++) {
			m[t] = median(t, op);
			if (m[t] > 0)
				printf("%12.1f", m[t]);
			else
				printf("%12s", "-");
		}
		for (enum target t = NULL_MT; t < TARGET_COUNT; t++) {
			if (m[t] > 0)
				printf("%12.2f", m[GRAPHFS] / m[t]);
			else
				printf("%12s", "-");
		}
		printf("\n");
	}
}

static void set_up(const char *graphfs, const char *mkfs, const char *null_fs, unsigned rounds)
{
	char db[200], path[512];
	snprintf(dir, sizeof dir, "%s/bench-fuse.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(dir))
		die(dir);
	atexit(stop_all);
	for (enum target t = 0; t < TARGET_COUNT; t++) {
		snprintf(targets[t].mnt, sizeof targets[t].mnt, "%s/mnt%d", dir, (int)t);
		if (mkdir(targets[t].mnt, 0755) != 0)
			die(targets[t].mnt);
		for (enum op op = 0; op < OP_COUNT; op++)
			targets[t].samples[op] = calloc((size_t)rounds * BATCH, sizeof(double));
	}
	snprintf(db, sizeof db, "%s/db", dir);
	run((const char *[]){ mkfs, db, NULL });
	start(GRAPHFS, (const char *[]){ graphfs, "-f", db, targets[GRAPHFS].mnt, NULL });
	start(NULL_MT, (const char *[]){ null_fs, "-f", targets[NULL_MT].mnt, NULL });
	start(NULL_ST, (const char *[]){ null_fs, "-f", "-s", targets[NULL_ST].mnt, NULL });
	snprintf(targets[GRAPHFS].base, sizeof targets[GRAPHFS].base, "%s/mnt%d/nodes", dir, (int)GRAPHFS);
	snprintf(targets[GRAPHFS].links, sizeof targets[GRAPHFS].links, "%s/mnt%d/nodes/hub/out/T", dir, (int)GRAPHFS);
	snprintf(path, sizeof path, "%s/mnt%d/nodes/hub", dir, (int)GRAPHFS);
	if (mkdir(path, 0755) != 0 || mkdir(targets[GRAPHFS].links, 0755) != 0)
		die(path);
	for (enum target t = NULL_MT; t < TARGET_COUNT; t++) {
		memcpy(targets[t].base, targets[t].mnt, sizeof targets[t].mnt);
		snprintf(targets[t].links, sizeof targets[t].links, "%s/mnt%d/hub", dir, (int)t);
		if (mkdir(targets[t].links, 0755) != 0)
			die(targets[t].links);
	}
}

int main(int argc, char **argv)
{
	if (argc < 4 || argc > 5) {
		fprintf(stderr, "usage: bench_fuse GRAPHFS MKFS NULL_FS [ROUNDS]\n");
		return 2;
	}
	long rounds = argc == 5 ? strtol(argv[4], NULL, 10) : ROUNDS_DEFAULT;
	if (rounds < 1 || rounds > ROUNDS_MAX) {
		fprintf(stderr, "bench_fuse: 1 to %d rounds\n", ROUNDS_MAX);
		return 2;
	}
	set_up(argv[1], argv[2], argv[3], (unsigned)rounds);
	for (unsigned round = 0; round < (unsigned)rounds; round++) {
		for (enum op op = 0; op < OP_COUNT; op++) {
			for (enum target t = 0; t < TARGET_COUNT; t++)
				round_of(t, op, round);
		}
	}
	print_table();
	printf("%ld rounds of %d calls, interleaved\n", rounds, BATCH);
	return 0;
}
