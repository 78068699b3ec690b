/* How long one client of a mount keeps others waiting: a statement that reads for a long time, or takes all the memory that it may, runs again and again, while
 * other processes write and read through the VFS and through /.graphfs/cypher.
 *
 *   stalls MOUNT --wanted DETAIL [--ms N] [--max-ms N] STATEMENT
 *
 * DETAIL is the error that the statement must end with. Prints for each of the others how many operations it made, and their median, 99th percentile and
 * longest time. Exit status 0: the statement failed as wanted each time, everybody else went on, and nobody waited for more than --max-ms. */
#include "tests/support/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { OTHERS = 4, TIMES_MAX = 200000, TEXT_BYTES = 4096 };

struct shared {
	_Atomic bool stop;
	_Atomic uint64_t statements, wrong;
	struct {
		_Atomic uint64_t count;
		uint32_t us[TIMES_MAX]; /* written by its process, read when that has ended */
	} others[OTHERS];
};

static struct {
	const char *mount, *statement, *wanted;
	unsigned ms, max_ms;
} options = { .ms = 1000, .max_ms = 10000 };

static struct shared *shared;
static int mount_fd;

static uint64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static int give_up(const char *what)
{
	fprintf(stderr, "stalls: %s: %s\n", what, strerrorname_np(errno));
	shared->stop = true;
	return 1;
}

/* ---- the statement ---- */

static int run_statement(void *context, struct watch_slot *slot)
{
	char text[TEXT_BYTES];
	(void)context;
	int fd = openat(mount_fd, ".graphfs/cypher", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return give_up("opening cypher");
	while (!shared->stop) {
		watch_step(slot, "the statement");
		/* It may fail before its first row, or among its rows: what is read says so. */
		(void)!write(fd, options.statement, strlen(options.statement));
		bool told = false;
		ssize_t size;
		for (;;) {
			size = read(fd, text, sizeof text - 1);
			if (size <= 0)
				break;
			text[size] = '\0';
			told = told || strstr(text, options.wanted) != NULL;
		}
		shared->statements++;
		shared->wrong += !told;
	}
	return close(fd) != 0;
}

/* ---- the others ---- */

static bool echo_property(unsigned i)
{
	char text[16];
	int fd = openat(mount_fd, "nodes/stall-a/n", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int size = snprintf(text, sizeof text, "%u\n", i);
	bool wrote = fd >= 0 && write(fd, text, (size_t)size) == size;
	return fd >= 0 && close(fd) == 0 && wrote;
}

static const char link_path[] = "nodes/stall-a/out/STALL/stall-b";

static bool toggle_link(unsigned i)
{
	return (i % 2 == 0 ? symlinkat("../../../stall-b", mount_fd, link_path) : unlinkat(mount_fd, link_path, 0)) == 0;
}

static bool write_something(unsigned i)
{
	return i % 3 == 0 ? echo_property(i) : toggle_link(i % 3 - 1);
}

static bool read_property(unsigned i)
{
	char text[64];
	(void)i;
	int fd = openat(mount_fd, "nodes/stall-b/n", O_RDONLY | O_CLOEXEC);
	bool got = fd >= 0 && read(fd, text, sizeof text) > 0;
	return fd >= 0 && close(fd) == 0 && got;
}

static bool ask(const char *format, unsigned i)
{
	static int fd = -1;
	char text[256];
	if (fd < 0)
		fd = openat(mount_fd, ".graphfs/cypher", O_RDWR | O_CLOEXEC);
	int size = snprintf(text, sizeof text, "%s%u", format, i);
	if (fd < 0 || write(fd, text, (size_t)size) != size)
		return false;
	ssize_t got;
	while ((got = read(fd, text, sizeof text)) > 0)
		;
	return got == 0;
}

static bool query_read(unsigned i)
{
	return ask("MATCH (n) WHERE key(n) = 'stall-b' AND n.n <> 0 RETURN n.n AS n, ", i);
}

static bool query_write(unsigned i)
{
	return ask("MATCH (n) WHERE key(n) = 'stall-c' SET n.n = ", i);
}

static const struct other {
	const char *name;
	bool (*step)(unsigned i);
} others[OTHERS] = {
	{ "writing through the VFS", write_something },
	{ "reading through the VFS", read_property },
	{ "reading by Cypher", query_read },
	{ "writing by Cypher", query_write },
};

static int go_on(void *context, struct watch_slot *slot)
{
	unsigned me = (unsigned)(uintptr_t)context;
	for (unsigned i = 0; !shared->stop; i++) {
		uint64_t start = now_us();
		if (!others[me].step(i))
			return give_up(others[me].name);
		uint64_t count = shared->others[me].count;
		if (count < TIMES_MAX) {
			shared->others[me].us[count] = (uint32_t)(now_us() - start);
			shared->others[me].count = count + 1;
		}
		watch_step(slot, "%s", others[me].name);
		(void)usleep(200); /* a client that has something else to do as well */
	}
	return 0;
}

static int end_all(void *context, struct watch_slot *slot)
{
	(void)context;
	for (unsigned i = 0; i < options.ms / 100 && !shared->stop; i++) {
		watch_step(slot, "waiting");
		(void)usleep(100000);
	}
	shared->stop = true;
	return 0;
}

/* ---- all together ---- */

static int by_time(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

/* The longest, in milliseconds. */
static unsigned report(unsigned i)
{
	uint64_t count = shared->others[i].count;
	uint32_t *us = shared->others[i].us;
	if (count == 0)
		return UINT32_MAX;
	qsort(us, count, sizeof *us, by_time);
	printf("stalls: %-24s %7" PRIu64 " times: median %u us, 99 %% %u us, longest %.1f ms\n", others[i].name, count,
		us[count / 2], us[count * 99 / 100], us[count - 1] / 1000.0);
	return us[count - 1] / 1000;
}

static void make(const char *path)
{
	if (mkdirat(mount_fd, path, 0755) != 0 && errno != EEXIST)
		exit(give_up(path));
}

static void set_up(void)
{
	static const char *const folders[] = { "nodes/stall-a", "nodes/stall-b", "nodes/stall-c", "rels/STALL" };
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		make(folders[i]);
	(void)unlinkat(mount_fd, link_path, 0); /* of a run before */
	int fd = openat(mount_fd, "nodes/stall-b/n", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, "7\n", 2) != 2 || close(fd) != 0)
		exit(give_up("setting up"));
}

static bool parse(int argc, char **argv)
{
	if (argc < 3 || argc % 2 != 1)
		return false;
	options.mount = argv[1];
	options.statement = argv[argc - 1];
	for (int i = 2; i + 1 < argc - 1; i += 2) {
		if (strcmp(argv[i], "--wanted") == 0)
			options.wanted = argv[i + 1];
		else if (strcmp(argv[i], "--ms") == 0)
			options.ms = (unsigned)strtoul(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--max-ms") == 0)
			options.max_ms = (unsigned)strtoul(argv[i + 1], NULL, 10);
		else
			return false;
	}
	return options.wanted != NULL;
}

int main(int argc, char **argv)
{
	if (!parse(argc, argv)) {
		fprintf(stderr, "usage: stalls MOUNT --wanted DETAIL [--ms N] [--max-ms N] STATEMENT\n");
		return 2;
	}
	shared = watch_share(sizeof *shared);
	mount_fd = open(options.mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (mount_fd < 0)
		return give_up(options.mount);
	set_up();
	struct watch *watch = watch_new(options.mount, 60, 0);
	watch_start(watch, run_statement, NULL);
	for (uintptr_t i = 0; i < OTHERS; i++)
		watch_start(watch, go_on, (void *)i);
	watch_start(watch, end_all, NULL);
	int result = watch_wait(watch);
	unsigned longest = 0;
	for (unsigned i = 0; i < OTHERS; i++) {
		unsigned ms = report(i);
		longest = ms > longest ? ms : longest;
	}
	printf("stalls: %" PRIu64 " statements, %" PRIu64 " did not end with %s; the longest wait was %u ms\n",
		(uint64_t)shared->statements, (uint64_t)shared->wrong, options.wanted, longest);
	return result != 0 || shared->statements == 0 || shared->wrong != 0 || longest > options.max_ms;
}
