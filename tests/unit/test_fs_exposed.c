/* What the kernel was told of: nothing is forgotten, generations do not count, freshness ends. */
#include "fs/fs_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void test_exposure(void **state)
{
	(void)state;
	struct gfs_exposed *e;
	assert_int_equal(gfs_exposed_new(&e), 0);
	for (uint64_t id = 1; id <= 100000; id += 3) {
		gfs_exposed_add(e, gfs_nodeid_pack(GFS_INODE_NODE, 0, (unsigned)(id & 0xffff), id));
		gfs_exposed_add(e, gfs_nodeid_pack(GFS_INODE_OUT_TYPE, 0, 7, id));
	}
	gfs_exposed_add(e, gfs_nodeid_pack(GFS_INODE_NODE, 0, 1, GFS_ID_MAX));
	for (uint64_t id = 1; id <= 100000; id++) {
		assert_int_equal(gfs_exposed_has(e, gfs_nodeid_pack(GFS_INODE_NODE, 0, 99, id)), id % 3 == 1);
		assert_int_equal(gfs_exposed_has(e, gfs_nodeid_pack(GFS_INODE_OUT_TYPE, 0, 7, id)), id % 3 == 1);
		assert_false(gfs_exposed_has(e, gfs_nodeid_pack(GFS_INODE_OUT_TYPE, 0, 8, id)));
	}
	assert_true(gfs_exposed_has(e, gfs_nodeid_pack(GFS_INODE_NODE, 0, 0, GFS_ID_MAX)));
	assert_true(gfs_exposed_bytes(e) < 1u << 20);
	gfs_exposed_free(e);
}

static void count_each(void *context, uint64_t nodeid)
{
	uint64_t *sum = context;
	sum[0]++;
	sum[1] += gfs_nodeid_unpack(nodeid).id;
}

static void test_each(void **state)
{
	(void)state;
	struct gfs_exposed *e;
	uint64_t sum[2] = { 0, 0 };
	assert_int_equal(gfs_exposed_new(&e), 0);
	for (uint64_t id = 1; id <= 5000; id++)
		gfs_exposed_add(e, gfs_nodeid_pack(GFS_INODE_REL, 0, 0, id));
	gfs_exposed_each(e, count_each, sum);
	assert_int_equal(sum[0], 5000);
	assert_int_equal(sum[1], 5000u * 5001u / 2);
	gfs_exposed_free(e);
}

static void test_freshness_ends(void **state)
{
	(void)state;
	struct gfs_exposed *e;
	uint64_t nodeid = gfs_nodeid_pack(GFS_INODE_OUT_LINK, 0, 3, 12);
	assert_int_equal(gfs_exposed_new(&e), 0);
	assert_false(gfs_exposed_is_fresh(e, nodeid));
	gfs_exposed_add(e, nodeid);
	assert_true(gfs_exposed_is_fresh(e, nodeid));
	assert_false(gfs_exposed_is_fresh(e, nodeid + 1));
	(void)usleep(250000);
	assert_false(gfs_exposed_is_fresh(e, nodeid));
	gfs_exposed_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exposure),
		cmocka_unit_test(test_each),
		cmocka_unit_test(test_freshness_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
