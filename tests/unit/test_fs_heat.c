/* Folders that change while they are listed, and folders whose mtime is raised without a record of it. */
#include "fs/fs_private.h"
#include "fs/raised.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#define FOLDER gfs_nodeid_pack(GFS_INODE_IN_TYPE, 0, 5, 77)

static void test_only_what_was_listed_gets_hot(void **state)
{
	(void)state;
	struct gfs_exposed *e;
	assert_int_equal(gfs_exposed_new(&e), 0);
	gfs_exposed_changed(e, FOLDER);
	assert_int_equal(gfs_exposed_heat(e, FOLDER), 0);
	gfs_exposed_listed(e, FOLDER);
	assert_int_equal(gfs_exposed_heat(e, FOLDER), 0);
	gfs_exposed_changed(e, FOLDER);
	uint32_t first = gfs_exposed_heat(e, FOLDER), second = gfs_exposed_heat(e, FOLDER);
	assert_true(first != 0 && second != 0 && first != second);
	assert_int_equal(gfs_exposed_heat(e, gfs_nodeid_pack(GFS_INODE_IN_TYPE, 0, 6, 77)), 0);
	gfs_exposed_free(e);
}

static void test_heat_ends(void **state)
{
	(void)state;
	struct gfs_exposed *e;
	assert_int_equal(gfs_exposed_new(&e), 0);
	gfs_exposed_listed(e, FOLDER);
	gfs_exposed_changed(e, FOLDER);
	assert_int_not_equal(gfs_exposed_heat(e, FOLDER), 0);
	(void)usleep(5250000);
	assert_int_equal(gfs_exposed_heat(e, FOLDER), 0);
	gfs_exposed_changed(e, FOLDER); /* the listing of a while ago is long there */
	assert_int_equal(gfs_exposed_heat(e, FOLDER), 0);
	gfs_exposed_free(e);
}

/* More folders than there is room for: none is taken for one that was not listed. */
static void test_many_folders(void **state)
{
	(void)state;
	struct gfs_exposed *e;
	unsigned hot = 0;
	assert_int_equal(gfs_exposed_new(&e), 0);
	for (uint64_t id = 1; id <= 100000; id++)
		gfs_exposed_listed(e, gfs_nodeid_pack(GFS_INODE_OUT_TYPE, 0, 1, id));
	for (uint64_t id = 1; id <= 100000; id++) {
		gfs_exposed_changed(e, gfs_nodeid_pack(GFS_INODE_OUT_TYPE, 0, 1, id));
		hot += gfs_exposed_heat(e, gfs_nodeid_pack(GFS_INODE_OUT_TYPE, 0, 1, id)) != 0;
	}
	for (uint64_t id = 1; id <= 100000; id++)
		hot += gfs_exposed_heat(e, gfs_nodeid_pack(GFS_INODE_OUT_TYPE, 0, 1, id)) != 0;
	assert_int_equal(hot, 200000);
	gfs_exposed_free(e);
}

static void test_raised(void **state)
{
	(void)state;
	struct gfs_raised *r;
	uint64_t rels = gfs_nodeid_pack(GFS_INODE_IN_RELS, 0, 5, 77), label = gfs_nodeid_pack(GFS_INODE_LABEL, 0, 5, 0);
	assert_int_equal(gfs_raised_new(&r), 0);
	assert_int_equal(gfs_raised_get(r, FOLDER, 10), 10);
	assert_true(gfs_raised_set(r, FOLDER, 100));
	assert_true(gfs_raised_set(r, FOLDER, 50)); /* of two renames told of in the other order */
	assert_int_equal(gfs_raised_get(r, FOLDER, 10), 100);
	assert_int_equal(gfs_raised_get(r, FOLDER, 200), 200);
	assert_int_equal(gfs_raised_get(r, rels, 10), 100);
	assert_int_equal(gfs_raised_get(r, label, 10), 10);
	gfs_raised_free(r);
	gfs_raised_free(NULL);
}

static void test_forgotten_is_not_fresh(void **state)
{
	(void)state;
	struct gfs_exposed *e;
	assert_int_equal(gfs_exposed_new(&e), 0);
	gfs_exposed_add(e, FOLDER);
	assert_true(gfs_exposed_is_fresh(e, FOLDER));
	gfs_exposed_forgotten(e, FOLDER);
	assert_false(gfs_exposed_is_fresh(e, FOLDER));
	assert_true(gfs_exposed_has(e, FOLDER));
	gfs_exposed_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_what_was_listed_gets_hot),
		cmocka_unit_test(test_heat_ends),
		cmocka_unit_test(test_many_folders),
		cmocka_unit_test(test_raised),
		cmocka_unit_test(test_forgotten_is_not_fresh),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
