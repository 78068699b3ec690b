/* base/io: what it promises on a real folder, and what a test's hook can make of every operation. */
#include "base/checked.h"
#include "base/io.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64];
static int dir_fd = -1;

static int setup(void **state)
{
	(void)state;
	(void)snprintf(path, sizeof path, "/tmp/gfs_test_io_XXXXXX");
	return mkdtemp(path) == NULL || gfs_io_open_dir(path, &dir_fd) != 0;
}

static int remove_entry(void *context, const char *name)
{
	(void)context;
	if (gfs_io_unlink_at(dir_fd, name) == 0)
		return 0;
	char full[400];
	(void)snprintf(full, sizeof full, "%s/%s", path, name);
	return rmdir(full);
}

static int teardown(void **state)
{
	(void)state;
	gfs_io_set_hook(NULL, NULL);
	int err = gfs_io_list(dir_fd, remove_entry, NULL);
	gfs_io_close(dir_fd);
	return err != 0 || rmdir(path) != 0;
}

static int create(const char *name)
{
	int fd = -1;
	assert_int_equal(gfs_io_open_at(dir_fd, name, GFS_IO_READ_WRITE | GFS_IO_CREATE, &fd), 0);
	assert_true(fd >= 0);
	return fd;
}

static void test_open(void **state)
{
	(void)state;
	int fd = -1;
	assert_int_equal(gfs_io_open_at(dir_fd, "file", GFS_IO_READ_ONLY, &fd), GFS_ERR_NOTFOUND);
	int how = GFS_IO_READ_WRITE | GFS_IO_CREATE | GFS_IO_EXCLUSIVE;
	assert_int_equal(gfs_io_open_at(dir_fd, "file", how, &fd), 0);
	struct stat st;
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(gfs_io_write_at(fd, "x", 1, 0), 0);
	gfs_io_close(fd);
	assert_int_equal(gfs_io_open_at(dir_fd, "file", how, &fd), GFS_ERR_EXISTS);
	assert_int_equal(gfs_io_open_dir_at(dir_fd, "file", &fd), GFS_ERR_NOTDIR);
	assert_int_equal(gfs_io_open_at(dir_fd, "file", GFS_IO_READ_WRITE | GFS_IO_TRUNCATE_FILE, &fd), 0);
	uint64_t size = 1;
	assert_int_equal(gfs_io_size(fd, &size), 0);
	assert_int_equal(size, 0);
	gfs_io_close(fd);
	gfs_io_close(-1);
	assert_int_equal(symlinkat("file", dir_fd, "link"), 0);
	assert_true(gfs_io_open_at(dir_fd, "link", GFS_IO_READ_ONLY, &fd) != 0); /* never followed */
}

static void test_folders(void **state)
{
	(void)state;
	int fd = -1;
	assert_int_equal(gfs_io_open_dir("/nonexistent", &fd), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_io_mkdir_at(dir_fd, "sub"), 0);
	assert_int_equal(gfs_io_mkdir_at(dir_fd, "sub"), GFS_ERR_EXISTS);
	assert_int_equal(gfs_io_open_dir_at(dir_fd, "sub", &fd), 0);
	struct stat st;
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	gfs_io_close(fd);
	/* Nobody ever opens its other end. */
	assert_int_equal(mkfifoat(dir_fd, "fifo", 0600), 0);
	assert_int_equal(gfs_io_open_at(dir_fd, "fifo", GFS_IO_READ_ONLY, &fd), 0);
	gfs_io_close(fd);
	assert_int_equal(gfs_io_sync_dir(dir_fd), 0);
	uint64_t available = 0;
	uint64_t total = 0;
	assert_int_equal(gfs_io_space(dir_fd, &available, &total), 0);
	assert_true(total > 0 && available <= total);
}

static void test_contents(void **state)
{
	(void)state;
	int fd = create("contents");
	char back[16] = "";
	size_t got = 99;
	assert_int_equal(gfs_io_write_at(fd, "0123456789", 10, 5), 0);
	assert_int_equal(gfs_io_read_at(fd, back, 10, 5), 0);
	assert_memory_equal(back, "0123456789", 10);
	assert_int_equal(gfs_io_read_at(fd, back, 11, 5), GFS_ERR_RANGE);
	assert_int_equal(gfs_io_read_some_at(fd, back, 16, 12, &got), 0);
	assert_int_equal(got, 3);
	assert_int_equal(gfs_io_read_some_at(fd, back, 16, 100, &got), 0);
	assert_int_equal(got, 0);
	assert_int_equal(gfs_io_truncate(fd, 7), 0);
	assert_int_equal(gfs_io_allocate(fd, 100000), 0);
	uint64_t size = 0;
	assert_int_equal(gfs_io_size(fd, &size), 0);
	assert_int_equal(size, 100000);
	assert_int_equal(gfs_io_read_at(fd, back, 10, 5), 0);
	assert_memory_equal(back, "01\0\0\0\0\0\0\0\0", 10);
	assert_int_equal(gfs_io_allocate(fd, 0), 0);
	assert_int_equal(gfs_io_sync(fd), 0);
	gfs_io_close(fd);
	assert_int_equal(gfs_io_read_at(9999, back, 1, 0), GFS_ERR_BADF);
}

static void test_rename(void **state)
{
	(void)state;
	gfs_io_close(create("before"));
	assert_int_equal(gfs_io_rename_at(dir_fd, "before", "after"), 0);
	assert_int_equal(gfs_io_rename_at(dir_fd, "before", "after"), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_io_unlink_at(dir_fd, "after"), 0);
	assert_int_equal(gfs_io_unlink_at(dir_fd, "after"), GFS_ERR_NOTFOUND);
}

static int count_entry(void *context, const char *name)
{
	assert_true(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
	return ++*(int *)context == 3 ? 42 : 0;
}

static void test_list(void **state)
{
	(void)state;
	int sub = -1;
	assert_int_equal(gfs_io_mkdir_at(dir_fd, "listed"), 0);
	assert_int_equal(gfs_io_open_dir_at(dir_fd, "listed", &sub), 0);
	int count = 0;
	assert_int_equal(gfs_io_list(sub, count_entry, &count), 0);
	assert_int_equal(count, 0);
	for (int i = 0; i < 5; i++) {
		char name[16];
		(void)snprintf(name, sizeof name, "%d", i);
		int fd;
		assert_int_equal(gfs_io_open_at(sub, name, GFS_IO_READ_WRITE | GFS_IO_CREATE, &fd), 0);
		gfs_io_close(fd);
	}
	/* Stops where it is told, and starts anew each time. */
	assert_int_equal(gfs_io_list(sub, count_entry, &count), 42);
	count = 10;
	assert_int_equal(gfs_io_list(sub, count_entry, &count), 0);
	assert_int_equal(count, 15);
	for (int i = 0; i < 5; i++) {
		char name[16];
		(void)snprintf(name, sizeof name, "%d", i);
		assert_int_equal(gfs_io_unlink_at(sub, name), 0);
	}
	gfs_io_close(sub);
}

static void test_lock(void **state)
{
	(void)state;
	int first = create("locked");
	int second = create("locked");
	assert_int_equal(gfs_io_lock(first), 0);
	assert_int_equal(gfs_io_lock(first), 0);
	assert_int_equal(gfs_io_lock(second), GFS_ERR_LOCKED);
	/* Closing another descriptor of the file does not drop it, as a POSIX lock would. */
	gfs_io_close(second);
	second = create("locked");
	assert_int_equal(gfs_io_lock(second), GFS_ERR_LOCKED);
	gfs_io_close(first);
	assert_int_equal(gfs_io_lock(second), 0);
	gfs_io_close(second);
}

/* --- the hook --- */

struct plan {
	enum gfs_io_op op;
	struct gfs_io_verdict verdict;
	int calls; /* of op */
	struct gfs_io_event last;
};

static struct gfs_io_verdict follow(void *context, const struct gfs_io_event *event)
{
	struct plan *plan = context;
	if (event->op != plan->op)
		return (struct gfs_io_verdict){ 0 };
	plan->calls++;
	plan->last = *event;
	return plan->verdict;
}

/* Calls `op` on a file and a folder that are there, and gives its code. */
static int perform(enum gfs_io_op op, int fd)
{
	char byte;
	int opened = -1;
	int err;
	switch (op) {
	case GFS_IO_OPEN:
		err = gfs_io_open_at(dir_fd, "hooked", GFS_IO_READ_ONLY, &opened);
		gfs_io_close(opened);
		return err;
	case GFS_IO_READ:
		return gfs_io_read_at(fd, &byte, 1, 0);
	case GFS_IO_WRITE:
		return gfs_io_write_at(fd, "written", 7, 0);
	case GFS_IO_SYNC:
		return gfs_io_sync(fd);
	case GFS_IO_SYNC_DIR:
		return gfs_io_sync_dir(dir_fd);
	case GFS_IO_ALLOCATE:
		return gfs_io_allocate(fd, 4096);
	case GFS_IO_TRUNCATE:
		return gfs_io_truncate(fd, 1);
	case GFS_IO_RENAME:
		return gfs_io_rename_at(dir_fd, "hooked", "hooked");
	case GFS_IO_UNLINK:
		return gfs_io_unlink_at(dir_fd, "hooked-not-there");
	case GFS_IO_MKDIR:
		return gfs_io_mkdir_at(dir_fd, "hooked");
	case GFS_IO_OP_COUNT:
		break;
	}
	fail();
	return 0;
}

static void test_hook_fails_every_operation(void **state)
{
	(void)state;
	static const struct {
		int number;
		int err;
	} failures[] = { { EIO, GFS_ERR_IO }, { ENOSPC, GFS_ERR_NOSPC }, { EACCES, GFS_ERR_ACCESS } };
	int fd = create("hooked");
	assert_int_equal(gfs_io_write_at(fd, "original", 8, 0), 0);
	for (int op = 0; op < GFS_IO_OP_COUNT; op++) {
		for (size_t i = 0; i < GFS_COUNT(failures); i++) {
			struct plan plan = { .op = (enum gfs_io_op)op, .verdict = { .error = failures[i].number } };
			gfs_io_set_hook(follow, &plan);
			assert_int_equal(perform(plan.op, fd), failures[i].err);
			gfs_io_set_hook(NULL, NULL);
			assert_int_equal(plan.calls, 1);
		}
	}
	/* None of them did anything. */
	char back[8];
	assert_int_equal(gfs_io_read_at(fd, back, 8, 0), 0);
	assert_memory_equal(back, "original", 8);
	uint64_t size;
	assert_int_equal(gfs_io_size(fd, &size), 0);
	assert_int_equal(size, 8);
	gfs_io_close(fd);
}

/* A write that tears: the first bytes arrive, the call fails. */
static void test_hook_tears_a_write(void **state)
{
	(void)state;
	int fd = create("torn");
	for (size_t bytes = 0; bytes <= 10; bytes++) {
		assert_int_equal(gfs_io_truncate(fd, 0), 0);
		struct plan plan = { .op = GFS_IO_WRITE, .verdict = { .error = ENOSPC, .bytes = bytes } };
		gfs_io_set_hook(follow, &plan);
		assert_int_equal(gfs_io_write_at(fd, "0123456", 7, 0), GFS_ERR_NOSPC);
		gfs_io_set_hook(NULL, NULL);
		uint64_t size;
		assert_int_equal(gfs_io_size(fd, &size), 0);
		assert_int_equal(size, GFS_MIN(bytes, (size_t)7));
		char back[7];
		assert_int_equal(gfs_io_read_at(fd, back, size, 0), 0);
		assert_memory_equal(back, "0123456", size);
	}
	gfs_io_close(fd);
}

/* A disk that lies: success, and nothing done. */
static void test_hook_pretends(void **state)
{
	(void)state;
	static const enum gfs_io_op ops[] = { GFS_IO_WRITE, GFS_IO_SYNC, GFS_IO_SYNC_DIR, GFS_IO_ALLOCATE, GFS_IO_TRUNCATE,
		GFS_IO_RENAME, GFS_IO_UNLINK, GFS_IO_MKDIR };
	int fd = create("hooked");
	assert_int_equal(gfs_io_truncate(fd, 0), 0);
	for (size_t i = 0; i < GFS_COUNT(ops); i++) {
		struct plan plan = { .op = ops[i], .verdict = { .pretend = true } };
		gfs_io_set_hook(follow, &plan);
		assert_int_equal(perform(ops[i], fd), 0);
		gfs_io_set_hook(NULL, NULL);
		assert_int_equal(plan.calls, 1);
	}
	uint64_t size;
	assert_int_equal(gfs_io_size(fd, &size), 0);
	assert_int_equal(size, 0);
	gfs_io_close(fd);
}

/* A filesystem without fallocate gets zeros written, behind what the file holds. */
static void test_allocate_by_writing(void **state)
{
	(void)state;
	int fd = create("allocated");
	assert_int_equal(gfs_io_write_at(fd, "kept", 4, 0), 0);
	struct plan plan = { .op = GFS_IO_ALLOCATE, .verdict = { .error = EOPNOTSUPP } };
	gfs_io_set_hook(follow, &plan);
	assert_int_equal(gfs_io_allocate(fd, 200000), 0);
	assert_int_equal(gfs_io_allocate(fd, 10), 0);
	gfs_io_set_hook(NULL, NULL);
	static uint8_t back[200000];
	uint64_t size;
	assert_int_equal(gfs_io_size(fd, &size), 0);
	assert_int_equal(size, sizeof back);
	assert_int_equal(gfs_io_read_at(fd, back, sizeof back, 0), 0);
	assert_memory_equal(back, "kept", 4);
	for (size_t i = 4; i < sizeof back; i++)
		assert_int_equal(back[i], 0);
	gfs_io_close(fd);
}

static void test_hook_sees_the_write(void **state)
{
	(void)state;
	int fd = create("seen");
	struct plan plan = { .op = GFS_IO_WRITE };
	gfs_io_set_hook(follow, &plan);
	const char data[] = "bytes";
	assert_int_equal(gfs_io_write_at(fd, data, 5, 77), 0);
	gfs_io_set_hook(NULL, NULL);
	assert_int_equal(plan.last.fd, fd);
	assert_int_equal(plan.last.dir_fd, -1);
	assert_ptr_equal(plan.last.data, data);
	assert_int_equal(plan.last.size, 5);
	assert_int_equal(plan.last.offset, 77);
	gfs_io_close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_folders),
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_rename),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_hook_fails_every_operation),
		cmocka_unit_test(test_hook_tears_a_write),
		cmocka_unit_test(test_hook_pretends),
		cmocka_unit_test(test_allocate_by_writing),
		cmocka_unit_test(test_hook_sees_the_write),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
