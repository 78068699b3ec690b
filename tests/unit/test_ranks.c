/* Ranks of ascending ids, with gaps of every size. */
#include "graph/ranks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_ranks(void **state)
{
	struct gfs_ranks ranks = { 0 };
	static const unsigned gaps[] = { 1, 1, 1, 2, 63, 64, 65, 1, 200, 1 };
	static uint64_t ids[5000];
	uint64_t id = 0, rank;
	(void)state;
	assert_false(gfs_ranks_find(&ranks, 1, &rank));
	for (unsigned i = 0; i < 5000; i++) {
		id += gaps[i % 10];
		ids[i] = id;
		assert_int_equal(gfs_ranks_add(&ranks, id, &rank), 0);
		assert_int_equal(rank, i + 1);
	}
	unsigned next = 0;
	for (uint64_t i = 0; i < id + 200; i++) {
		bool there = next < 5000 && ids[next] == i;
		assert_int_equal(gfs_ranks_find(&ranks, i, &rank), there);
		if (there)
			assert_int_equal(rank, ++next);
	}
	assert_int_equal(next, 5000);
	gfs_ranks_release(&ranks);
	assert_false(gfs_ranks_find(&ranks, ids[0], &rank));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_ranks) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
