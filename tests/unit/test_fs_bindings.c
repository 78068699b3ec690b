/* Generations of property names: a nodeid that the kernel may hold under another name is never answered again. */
#include "fs/bindings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static uint64_t base_of(unsigned key, uint64_t node)
{
	return gfs_nodeid_pack(GFS_INODE_NODE_PROP, 0, key, node);
}

static unsigned gen_of(uint64_t nodeid)
{
	return gfs_nodeid_unpack(nodeid).gen;
}

static void test_untouched_names_pack(void **state)
{
	(void)state;
	struct gfs_bindings b = { 0 };
	assert_int_equal(gfs_bindings_nodeid(&b, base_of(3, 7), true), base_of(3, 7));
	gfs_bindings_forget(&b, base_of(3, 7), false);
	assert_int_equal(b.by_base.count, 0);
	gfs_bindings_release(&b);
}

static void test_a_moved_name_is_another_until_forgotten(void **state)
{
	(void)state;
	struct gfs_bindings b = { 0 };
	uint64_t base = base_of(3, 7);
	assert_int_equal(gfs_bindings_advance(&b, base), 0);
	uint64_t second = gfs_bindings_nodeid(&b, base, true);
	assert_int_not_equal(second, base);
	assert_int_equal(gfs_nodeid_ino(second), base);
	assert_int_equal(gfs_bindings_nodeid(&b, base_of(4, 7), true), base_of(4, 7));
	/* The kernel drops the moved inode, but holds the new one: that stays the name's. */
	gfs_bindings_forget(&b, base, false);
	assert_int_equal(gfs_bindings_nodeid(&b, base, false), second);
	gfs_bindings_forget(&b, second, true); /* of an inode of before the last answer */
	assert_int_equal(gfs_bindings_nodeid(&b, base, false), second);
	gfs_bindings_forget(&b, second, false);
	assert_int_equal(b.by_base.count, 0);
	assert_int_equal(gfs_bindings_nodeid(&b, base, false), base);
	gfs_bindings_release(&b);
}

/* As programs do that write aside and rename over: the aside name is never looked up between. */
static void test_a_name_never_answered_is_not_used_up(void **state)
{
	(void)state;
	struct gfs_bindings b = { 0 };
	uint64_t base = base_of(3, 7);
	assert_int_equal(gfs_bindings_advance(&b, base), 0);
	uint64_t second = gfs_bindings_nodeid(&b, base, false);
	assert_int_equal(gfs_bindings_advance(&b, base), 0);
	assert_int_equal(gfs_bindings_nodeid(&b, base, false), second);
	gfs_bindings_forget(&b, base, false);
	assert_int_equal(b.by_base.count, 0);
	gfs_bindings_release(&b);
}

static void test_all_are_held_and_one_is_let_go(void **state)
{
	(void)state;
	struct gfs_bindings b = { 0 };
	uint64_t base = base_of(65535, GFS_ID_MAX);
	bool seen[GFS_NODEID_GEN_MAX + 1] = { true };
	for (unsigned i = 0; i < GFS_NODEID_GEN_MAX; i++) {
		assert_int_equal(gfs_bindings_advance(&b, base), 0);
		unsigned gen = gen_of(gfs_bindings_nodeid(&b, base, true));
		assert_false(seen[gen]);
		seen[gen] = true;
	}
	uint64_t last = gfs_bindings_nodeid(&b, base, true);
	assert_int_equal(gfs_bindings_advance(&b, base), GFS_ERR_LOCKED);
	assert_int_equal(gfs_bindings_nodeid(&b, base, true), last);
	gfs_bindings_forget(&b, gfs_nodeid_pack(GFS_INODE_NODE_PROP, 100, 65535, GFS_ID_MAX), false);
	assert_int_equal(gfs_bindings_advance(&b, base), 0);
	assert_int_equal(gen_of(gfs_bindings_nodeid(&b, base, true)), 100);
	gfs_bindings_release(&b);
}

/* The generation before is the one that the kernel holds under the new name: changes of the name are told to it too. It used to be told to
 * generation 0 alone. */
static void test_the_one_before_is_known(void **state)
{
	(void)state;
	struct gfs_bindings b = { 0 };
	uint64_t base = base_of(3, 7);
	assert_int_equal(gfs_bindings_last(&b, base), base);
	for (unsigned i = 0; i < 5; i++) {
		uint64_t now = gfs_bindings_nodeid(&b, base, true);
		assert_int_equal(gfs_bindings_advance(&b, base), 0);
		assert_int_equal(gfs_bindings_last(&b, base), now);
	}
	gfs_bindings_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_untouched_names_pack),
		cmocka_unit_test(test_a_moved_name_is_another_until_forgotten),
		cmocka_unit_test(test_a_name_never_answered_is_not_used_up),
		cmocka_unit_test(test_all_are_held_and_one_is_let_go),
		cmocka_unit_test(test_the_one_before_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
