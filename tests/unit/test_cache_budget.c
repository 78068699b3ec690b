/* The budget: who gets how much, before and after caches are there, and that changes reach them. */
#include "base/checked.h"
#include "cache/budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define MIB (UINT64_C(1) << 20)

static void evict(void *context, struct gfs_cache_entry *entry)
{
	(void)context;
	free(entry);
}

static const struct gfs_cache_ops ops = { .evict = evict };

static struct gfs_cache_stats stats_of(struct gfs_cache_budget *b, enum gfs_cache_layer layer)
{
	struct gfs_cache_stats stats;
	gfs_cache_budget_stats(b, layer, &stats);
	return stats;
}

static uint64_t limit_of(struct gfs_cache_budget *b, enum gfs_cache_layer layer)
{
	return stats_of(b, layer).limit_bytes;
}

static uint64_t sum_of(struct gfs_cache_budget *b)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < GFS_CACHE_LAYERS; i++)
		sum += limit_of(b, i);
	return sum;
}

static struct gfs_cache_budget *budget(uint64_t bytes)
{
	struct gfs_cache_budget_opts opts = { .bytes = bytes };
	struct gfs_cache_budget *b;
	assert_int_equal(gfs_cache_budget_new(&opts, &b), 0);
	return b;
}

static void test_defaults(void **state)
{
	(void)state;
	struct gfs_cache_budget *b;
	assert_int_equal(gfs_cache_budget_new(NULL, &b), 0);
	uint64_t bytes = gfs_cache_budget_bytes(b);
	assert_true(bytes >= GFS_CACHE_BUDGET_BYTES_MIN && bytes <= GFS_CACHE_BUDGET_BYTES_DEFAULT_MAX);
	for (unsigned i = 0; i < GFS_CACHE_LAYERS; i++) {
		assert_true(stats_of(b, i).enabled);
		assert_string_equal(stats_of(b, i).policy, "s3fifo");
	}
	gfs_cache_budget_free(b);
	gfs_cache_budget_free(NULL);
}

static void test_shares(void **state)
{
	(void)state;
	struct gfs_cache_budget *b = budget(100 * MIB);
	assert_int_equal(limit_of(b, GFS_CACHE_PAGE), GFS_CACHE_SHARE_PAGE * MIB);
	assert_int_equal(limit_of(b, GFS_CACHE_OBJECT), GFS_CACHE_SHARE_OBJECT * MIB);
	assert_int_equal(limit_of(b, GFS_CACHE_INDEX), GFS_CACHE_SHARE_INDEX * MIB);
	assert_int_equal(limit_of(b, GFS_CACHE_QUERY), GFS_CACHE_SHARE_QUERY * MIB);
	/* a limit of its own: the others share what is left of the layers' 90 */
	gfs_cache_budget_set_limit(b, GFS_CACHE_PAGE, 45 * MIB + 22 * MIB + MIB / 2);
	assert_int_equal(limit_of(b, GFS_CACHE_OBJECT), 10 * MIB);
	assert_int_equal(limit_of(b, GFS_CACHE_QUERY), 5 * MIB);
	gfs_cache_budget_set_limit(b, GFS_CACHE_PAGE, 0);
	assert_int_equal(limit_of(b, GFS_CACHE_PAGE), 45 * MIB);
	/* off: nothing, and more for the others */
	gfs_cache_budget_set_enabled(b, GFS_CACHE_PAGE, false);
	assert_int_equal(limit_of(b, GFS_CACHE_PAGE), 0);
	assert_int_equal(limit_of(b, GFS_CACHE_OBJECT), 40 * MIB);
	gfs_cache_budget_set_enabled(b, GFS_CACHE_PAGE, true);
	gfs_cache_budget_set_bytes(b, 10 * MIB);
	assert_int_equal(limit_of(b, GFS_CACHE_PAGE), 45 * MIB / 10);
	gfs_cache_budget_free(b);
}

static void test_never_over(void **state)
{
	(void)state;
	static const uint64_t wanted[] = { 0, MIB / 16, 30 * MIB, 89 * MIB, 100 * MIB, UINT64_MAX };
	struct gfs_cache_budget *b = budget(100 * MIB);
	for (unsigned i = 0; i < 6 * 6 * 6 * 6 * 16; i++) {
		unsigned at = i;
		for (unsigned l = 0; l < GFS_CACHE_LAYERS; l++, at /= 6) {
			gfs_cache_budget_set_limit(b, l, wanted[at % 6]);
			gfs_cache_budget_set_enabled(b, l, (i / 1296) >> l & 1);
		}
		assert_true(sum_of(b) <= 90 * MIB);
		for (unsigned l = 0; l < GFS_CACHE_LAYERS; l++)
			assert_int_equal(stats_of(b, l).enabled, (i / 1296) >> l & 1);
	}
	/* too much in sum: cut in proportion */
	gfs_cache_budget_set_limit(b, GFS_CACHE_PAGE, 80 * MIB);
	gfs_cache_budget_set_limit(b, GFS_CACHE_OBJECT, 40 * MIB);
	gfs_cache_budget_set_limit(b, GFS_CACHE_INDEX, 0);
	gfs_cache_budget_set_limit(b, GFS_CACHE_QUERY, 0);
	assert_int_equal(limit_of(b, GFS_CACHE_PAGE), 60 * MIB);
	assert_int_equal(limit_of(b, GFS_CACHE_OBJECT), 30 * MIB);
	assert_int_equal(limit_of(b, GFS_CACHE_INDEX), 0);
	gfs_cache_budget_free(b);
}

static void fill(struct gfs_cache *cache, uint64_t bytes)
{
	for (uint64_t key = 0; key < bytes / 1024; key++) {
		struct gfs_cache_entry *e = malloc(sizeof *e);
		assert_non_null(e);
		assert_ptr_equal(gfs_cache_insert(cache, e, key, 1024), e);
		gfs_cache_put(cache, e);
	}
}

static void test_caches_follow(void **state)
{
	(void)state;
	struct gfs_cache_budget_opts opts = { .bytes = 100 * MIB };
	struct gfs_cache_budget *b;
	struct gfs_cache *page, *query;
	opts.layers[GFS_CACHE_PAGE].policy = gfs_cache_policy_find(gfs_slice_text("clock"));
	opts.layers[GFS_CACHE_QUERY].off = true;
	opts.layers[GFS_CACHE_OBJECT].limit_bytes = 50 * MIB;
	assert_int_equal(gfs_cache_budget_new(&opts, &b), 0);
	assert_int_equal(gfs_cache_budget_open(b, GFS_CACHE_PAGE, &ops, &page), 0);
	assert_int_equal(gfs_cache_budget_open(b, GFS_CACHE_QUERY, &ops, &query), 0);
	assert_int_equal(limit_of(b, GFS_CACHE_PAGE), 30 * MIB); /* 90 less 50, as 45 to 15 */
	assert_string_equal(stats_of(b, GFS_CACHE_PAGE).policy, "clock");
	assert_false(stats_of(b, GFS_CACHE_QUERY).enabled);
	fill(page, 20 * MIB);
	fill(query, MIB);
	assert_int_equal(stats_of(b, GFS_CACHE_PAGE).bytes, 20 * MIB);
	assert_int_equal(stats_of(b, GFS_CACHE_QUERY).bytes, 0);
	gfs_cache_budget_set_bytes(b, 60 * MIB); /* leaves the page layer 4 * 3 / 4 */
	assert_true(stats_of(b, GFS_CACHE_PAGE).bytes <= 3 * MIB && stats_of(b, GFS_CACHE_PAGE).bytes > 2 * MIB);
	gfs_cache_budget_set_enabled(b, GFS_CACHE_QUERY, true);
	gfs_cache_budget_set_enabled(b, GFS_CACHE_OBJECT, false);
	fill(query, MIB);
	assert_int_equal(stats_of(b, GFS_CACHE_QUERY).bytes, MIB);
	assert_int_equal(gfs_cache_budget_set_policy(b, GFS_CACHE_PAGE, gfs_cache_policy_find(gfs_slice_text("lru"))), 0);
	assert_string_equal(stats_of(b, GFS_CACHE_PAGE).policy, "lru");
	gfs_cache_budget_set_enabled(b, GFS_CACHE_PAGE, false);
	assert_int_equal(stats_of(b, GFS_CACHE_PAGE).bytes, 0);
	gfs_cache_free(page);
	gfs_cache_budget_free(b);
	gfs_cache_free(query);
}

/* What is lent comes from all, from limits of their own as well when they leave no room, and goes back. */
static void test_lent(void **state)
{
	(void)state;
	struct gfs_cache_budget *b = budget(100 * MIB);
	gfs_cache_budget_set_limit(b, GFS_CACHE_OBJECT, 30 * MIB);
	uint64_t sum = sum_of(b);
	gfs_cache_budget_lend(b, 40 * MIB);
	assert_int_equal(limit_of(b, GFS_CACHE_OBJECT), 30 * MIB);
	assert_true(sum_of(b) <= 60 * MIB);
	gfs_cache_budget_lend(b, 90 * MIB); /* in place of the 40 */
	assert_true(limit_of(b, GFS_CACHE_OBJECT) < 30 * MIB);
	assert_true(sum_of(b) <= 10 * MIB);
	gfs_cache_budget_lend(b, 200 * MIB);
	assert_int_equal(sum_of(b), 0);
	gfs_cache_budget_lend(b, 0);
	assert_int_equal(sum_of(b), sum);
	gfs_cache_budget_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_never_over),
		cmocka_unit_test(test_caches_follow),
		cmocka_unit_test(test_lent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
