/* The file of cached page ids: what was written comes back, and nothing else does. */
#include "store/warm.h"

#include "base/hash.h"
#include "base/io.h"
#include "store_toy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DATABASE = 77 };

static char *dir;
static int dir_fd;

static int setup(void **state)
{
	(void)state;
	dir = toy_dir_new();
	return gfs_io_open_dir(dir, &dir_fd);
}

static int teardown(void **state)
{
	(void)state;
	gfs_io_close(dir_fd);
	toy_dir_remove(dir);
	return 0;
}

static int look(uint64_t database, size_t *ret_count)
{
	uint64_t *ids = NULL;
	int err = gfs_warm_read(dir_fd, database, &ids, ret_count);
	free(ids);
	return err;
}

static void test_round_trip(void **state)
{
	(void)state;
	static const size_t counts[] = { 0, 1, 2, 1000, GFS_WARM_IDS_MAX };
	uint64_t *ids = calloc(GFS_WARM_IDS_MAX, sizeof *ids), *back;
	size_t count;
	assert_non_null(ids);
	assert_int_equal(look(DATABASE, &count), GFS_ERR_NOTFOUND);
	for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
		for (size_t i = 0; i < counts[c]; i++)
			ids[i] = gfs_mix64(i + 1);
		assert_int_equal(gfs_warm_write(dir_fd, DATABASE, ids, counts[c]), 0);
		assert_int_equal(gfs_warm_read(dir_fd, DATABASE, &back, &count), 0);
		assert_int_equal(count, counts[c]);
		for (size_t i = 0; i < count; i++) {
			assert_int_equal(back[i], ids[i]); /* sorted in place */
			assert_true(i == 0 || back[i] > back[i - 1]);
		}
		free(back);
	}
	assert_int_equal(look(DATABASE + 1, &count), GFS_ERR_CORRUPT);
	free(ids);
}

/* The cache lists its keys while others use it: those that are looked at meanwhile come twice. */
static void test_twice_is_once(void **state)
{
	(void)state;
	static const uint64_t wanted[] = { 3, 5, 9 };
	uint64_t ids[] = { 5, 3, 9, 5, 9, 9 }, *back;
	size_t count;
	assert_int_equal(gfs_warm_write(dir_fd, DATABASE, ids, sizeof ids / sizeof *ids), 0);
	assert_int_equal(gfs_warm_read(dir_fd, DATABASE, &back, &count), 0);
	assert_int_equal(count, 3);
	assert_memory_equal(back, wanted, sizeof wanted);
	free(back);
}

static void overwrite(const uint8_t *data, size_t size)
{
	int fd;
	assert_int_equal(
		gfs_io_open_at(dir_fd, GFS_WARM_NAME, GFS_IO_READ_WRITE | GFS_IO_CREATE | GFS_IO_TRUNCATE_FILE, &fd), 0);
	assert_int_equal(gfs_io_write_at(fd, data, size, 0), 0);
	gfs_io_close(fd);
}

static size_t contents(uint8_t *data, size_t max)
{
	size_t size;
	int fd;
	assert_int_equal(gfs_io_open_at(dir_fd, GFS_WARM_NAME, GFS_IO_READ_ONLY, &fd), 0);
	assert_int_equal(gfs_io_read_some_at(fd, data, max, 0, &size), 0);
	gfs_io_close(fd);
	return size;
}

static void test_damage(void **state)
{
	(void)state;
	uint64_t ids[] = { 1, 300, 301, UINT64_C(1) << 56, UINT64_MAX };
	uint8_t data[256];
	size_t count;
	assert_int_equal(gfs_warm_write(dir_fd, DATABASE, ids, 5), 0);
	size_t size = contents(data, sizeof data);
	for (size_t cut = 0; cut < size; cut++) {
		overwrite(data, cut);
		assert_int_equal(look(DATABASE, &count), GFS_ERR_CORRUPT);
	}
	for (size_t bit = 0; bit < 8 * size; bit++) {
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		overwrite(data, size);
		assert_int_equal(look(DATABASE, &count), GFS_ERR_CORRUPT);
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	overwrite(data, size);
	assert_int_equal(look(DATABASE, &count), 0);
	assert_int_equal(count, 5);
}

/* The sum is right, and what it covers is not. */
static void test_hostile(void **state)
{
	(void)state;
	static const struct {
		uint64_t count;
		uint8_t ids[24];
		size_t size;
	} rows[] = {
		{ 1, { 0 }, 1 },                                                  /* no distance */
		{ 2, { 1 }, 1 },                                                  /* too few */
		{ 1, { 1, 1 }, 2 },                                               /* too many */
		{ GFS_WARM_IDS_MAX + 1, { 1 }, 1 },                               /* too many to have room for */
		{ UINT64_MAX, { 1 }, 1 },                                         /* the same, wrapping */
		{ 2, { 1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1 }, 11 }, /* past the last id */
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t data[64] = "GFSWARM1";
		size_t count;
		gfs_put_le64(data + 8, DATABASE);
		gfs_put_le64(data + 16, rows[i].count);
		memcpy(data + 24, rows[i].ids, rows[i].size);
		gfs_put_le64(data + 24 + rows[i].size, gfs_hash64(data, 24 + rows[i].size));
		overwrite(data, 32 + rows[i].size);
		assert_int_equal(look(DATABASE, &count), GFS_ERR_CORRUPT);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_round_trip),
		TEST(test_twice_is_once),
		TEST(test_damage),
		TEST(test_hostile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
