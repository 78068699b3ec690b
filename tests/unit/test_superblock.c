/* store/superblock: every flipped bit is seen, a torn copy leaves the other. */
#include "base/io.h"
#include "store/format.h"
#include "store/superblock.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define FILE_BYTES 8192u

static char path[64];
static int dir_fd;

static int setup(void **state)
{
	(void)state;
	(void)snprintf(path, sizeof path, "%s/gfs-sb-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	return mkdtemp(path) == NULL || gfs_io_open_dir(path, &dir_fd) != 0;
}

static int teardown(void **state)
{
	(void)state;
	gfs_io_set_hook(NULL, NULL);
	(void)unlinkat(dir_fd, GFS_SUPERBLOCK_NAME, 0);
	gfs_io_close(dir_fd);
	return rmdir(path);
}

static struct gfs_superblock example(uint64_t sequence)
{
	return (struct gfs_superblock){ .sequence = sequence,
		.database_id = UINT64_C(0x1122334455667788),
		.created_ns = 42,
		.checkpoint_lsn = 1000 * sequence,
		.previous_lsn = 1000 * (sequence - 1),
		.kv_commit_id = 7 * sequence,
		.format_version = GFS_FORMAT_VERSION };
}

static void load(uint8_t data[FILE_BYTES])
{
	int fd = openat(dir_fd, GFS_SUPERBLOCK_NAME, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, data, FILE_BYTES, 0), FILE_BYTES);
	close(fd);
}

static void save(const uint8_t *data, size_t size)
{
	int fd = openat(dir_fd, GFS_SUPERBLOCK_NAME, O_RDWR | O_TRUNC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, data, size, 0), (ssize_t)size);
	close(fd);
}

static void assert_reads(uint64_t sequence)
{
	struct gfs_message m;
	struct gfs_superblock got = { 0 };
	struct gfs_superblock want = example(sequence);
	assert_int_equal(gfs_superblock_read(dir_fd, &got, &m), 0);
	assert_int_equal(got.sequence, want.sequence);
	assert_int_equal(got.database_id, want.database_id);
	assert_int_equal(got.created_ns, want.created_ns);
	assert_int_equal(got.checkpoint_lsn, want.checkpoint_lsn);
	assert_int_equal(got.previous_lsn, want.previous_lsn);
	assert_int_equal(got.kv_commit_id, want.kv_commit_id);
	assert_int_equal(got.format_version, want.format_version);
}

static void create_and_write(uint64_t upto)
{
	struct gfs_superblock sb = example(1);
	assert_int_equal(gfs_superblock_create(dir_fd, &sb), 0);
	for (uint64_t sequence = 2; sequence <= upto; sequence++) {
		sb = example(sequence);
		assert_int_equal(gfs_superblock_write(dir_fd, &sb), 0);
	}
}

static void test_round_trip(void **state)
{
	struct gfs_message m;
	struct gfs_superblock sb = example(1);
	(void)state;
	assert_int_equal(gfs_superblock_read(dir_fd, &sb, &m), GFS_ERR_NOTDB);
	create_and_write(1);
	assert_reads(1);
	assert_int_equal(gfs_superblock_create(dir_fd, &sb), GFS_ERR_EXISTS);
	for (uint64_t sequence = 2; sequence < 9; sequence++) {
		sb = example(sequence);
		assert_int_equal(gfs_superblock_write(dir_fd, &sb), 0);
		assert_reads(sequence);
	}
}

/* The newer copy damaged: the older is read. Both: an error. Neither ever as something else. */
static void test_every_flipped_bit(void **state)
{
	uint8_t good[FILE_BYTES], bad[FILE_BYTES];
	struct gfs_message m;
	struct gfs_superblock sb;
	unsigned tried = 0;
	(void)state;
	create_and_write(4); /* 3 in copy 1, 4 in copy 0 */
	load(good);
	for (size_t bit = 0; bit < (size_t)FILE_BYTES * 8; bit++, tried++) {
		memcpy(bad, good, sizeof bad);
		bad[bit / 8] ^= (uint8_t)(1u << bit % 8);
		save(bad, sizeof bad);
		assert_reads(bit < FILE_BYTES * 4 ? 3 : 4);
		bad[(bit / 8 + 4096 + 17) % FILE_BYTES] ^= 1;
		if ((bit / 8 < 4096) == (((bit / 8 + 4096 + 17) % FILE_BYTES) < 4096))
			continue;
		save(bad, sizeof bad);
		assert_int_equal(gfs_superblock_read(dir_fd, &sb, &m), GFS_ERR_CORRUPT);
	}
	assert_int_equal(tried, 65536);
}

static void test_torn_and_misplaced_copies(void **state)
{
	uint8_t before[FILE_BYTES], after[FILE_BYTES], torn[FILE_BYTES];
	struct gfs_message m;
	struct gfs_superblock sb;
	(void)state;
	create_and_write(4);
	load(before);
	sb = example(5);
	assert_int_equal(gfs_superblock_write(dir_fd, &sb), 0);
	load(after);
	for (size_t cut = 0; cut <= 4096; cut += 8) {
		memcpy(torn, before, sizeof torn);
		memcpy(torn + 4096, after + 4096, cut);
		save(torn, sizeof torn);
		assert_reads(cut == 4096 ? 5 : 4);
		if (cut < 4096) {
			save(after, 4096 + cut);
			assert_reads(4);
		}
	}
	memcpy(torn, after + 4096, 4096); /* copy 1 where copy 0 belongs */
	memset(torn + 4096, 0, 4096);
	save(torn, sizeof torn);
	assert_int_equal(gfs_superblock_read(dir_fd, &sb, &m), GFS_ERR_CORRUPT);
	save(torn, 0);
	assert_int_equal(gfs_superblock_read(dir_fd, &sb, &m), GFS_ERR_CORRUPT);
}

static void test_unknown_version(void **state)
{
	struct gfs_message m;
	struct gfs_superblock sb = example(1);
	(void)state;
	sb.format_version = GFS_FORMAT_VERSION + 1;
	assert_int_equal(gfs_superblock_create(dir_fd, &sb), 0);
	assert_int_equal(gfs_superblock_read(dir_fd, &sb, &m), GFS_ERR_VERSION);
	sb = example(2);
	sb.format_version = GFS_FORMAT_VERSION_OLDEST - 1;
	assert_int_equal(gfs_superblock_write(dir_fd, &sb), 0);
	assert_int_equal(gfs_superblock_read(dir_fd, &sb, &m), GFS_ERR_VERSION);
}

struct fault {
	unsigned at, seen;
	bool dirty; /* written since the last sync */
	bool dir_synced;
	unsigned failed_syncs, syncs_after;
};

static struct gfs_io_verdict fault_hook(void *context, const struct gfs_io_event *event)
{
	struct fault *f = context;
	bool fails = f->seen++ == f->at;
	if (event->op == GFS_IO_WRITE)
		f->dirty = true;
	if (event->op == GFS_IO_SYNC && f->failed_syncs != 0)
		f->syncs_after++;
	if (event->op == GFS_IO_SYNC && fails)
		f->failed_syncs++;
	else if (event->op == GFS_IO_SYNC)
		f->dirty = false;
	f->dir_synced |= event->op == GFS_IO_SYNC_DIR;
	return (struct gfs_io_verdict){ .error = fails ? EIO : 0, .bytes = 1000 };
}

/* Whichever call fails, the answer says so; success means synced; the older checkpoint stays readable. */
static void test_fault_at_every_call(void **state)
{
	bool failed = true;
	unsigned executed = 0;
	(void)state;
	create_and_write(4);
	for (unsigned at = 0; failed; at++, executed++) {
		struct gfs_superblock sb = example(5);
		struct fault f = { .at = at };
		gfs_io_set_hook(fault_hook, &f);
		failed = gfs_superblock_write(dir_fd, &sb) != 0;
		gfs_io_set_hook(NULL, NULL);
		assert_int_equal(failed, f.seen > at);
		assert_int_equal(f.syncs_after, 0);
		if (!failed)
			assert_false(f.dirty);
		struct gfs_message m;
		assert_int_equal(gfs_superblock_read(dir_fd, &sb, &m), 0);
		assert_in_range(sb.sequence, failed ? 4 : 5, 5);
	}
	assert_in_range(executed, 4, 10);
}

static void test_create_is_durable(void **state)
{
	bool failed = true;
	(void)state;
	for (unsigned at = 0; failed; at++) {
		struct gfs_superblock sb = example(1);
		struct fault f = { .at = at };
		(void)unlinkat(dir_fd, GFS_SUPERBLOCK_NAME, 0);
		gfs_io_set_hook(fault_hook, &f);
		failed = gfs_superblock_create(dir_fd, &sb) != 0;
		gfs_io_set_hook(NULL, NULL);
		assert_int_equal(failed, f.seen > at);
		if (!failed)
			assert_true(f.dir_synced && !f.dirty);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_round_trip),
		TEST(test_every_flipped_bit),
		TEST(test_torn_and_misplaced_copies),
		TEST(test_unknown_version),
		TEST(test_fault_at_every_call),
		TEST(test_create_is_durable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
