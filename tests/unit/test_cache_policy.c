/* What the eviction policies keep. scripts/bench-cache has the figures. */
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cache_fixture.h"

static void test_scan_leaves_hot_set(void **state)
{
	(void)state;
	struct cache_fixture f;
	cache_setup(&f, 1000 * 8192); /* one shard */
	uint64_t random = 1, hot_hits = 0, hot_touches = 0;
	for (uint64_t i = 0; i < 50000; i++) {
		random = gfs_mix64(random + i);
		cache_touch(&f, random % 500, 8192);
	}
	for (uint64_t i = 0; i < 20000; i++) { /* a scan of 20 times the cache; each page is hit 50 times in a burst */
		for (unsigned burst = 0; burst < 50; burst++)
			cache_touch(&f, 100000 + i, 8192);
		random = gfs_mix64(random + i);
		hot_hits += cache_touch(&f, random % 500, 8192);
		hot_touches++;
	}
	assert_true(hot_hits * 100 >= hot_touches * 95);
	gfs_cache_free(f.cache);
}

static void test_ghost_brings_back(void **state)
{
	(void)state;
	struct cache_fixture f;
	cache_setup(&f, 100 * 1000);
	uint64_t hits = 0;
	for (unsigned round = 0; round < 20; round++) {
		for (uint64_t i = 0; i < 60; i++)
			hits += cache_touch(&f, i, 1000); /* come round again after more than the small queue holds */
		for (uint64_t i = 0; i < 60; i++)
			cache_touch(&f, 1000 + round * 60 + i, 1000);
	}
	assert_true(hits >= 60 * 15);
	gfs_cache_free(f.cache);
}

/* Hits of so many rounds through `count` entries from `from` on. */
static uint64_t loop(struct cache_fixture *f, uint64_t from, uint64_t count, unsigned rounds)
{
	uint64_t hits = 0;
	for (uint64_t i = 0; i < rounds * count; i++)
		hits += cache_touch(f, from + i % count, 1000);
	return hits;
}

/* A hundred entries fit, and a loop of more keeps nearly that many of itself. */
static void test_loop_keeps_a_part(void **state)
{
	(void)state;
	static const unsigned counts[] = { 120, 150, 400, 5000 };
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		struct cache_fixture f;
		cache_setup(&f, 100 * 1000);
		loop(&f, 0, counts[i], 3);
		assert_true(loop(&f, 0, counts[i], 10) >= 10 * 90);
		gfs_cache_free(f.cache);
	}
}

static void test_new_loop_replaces_old(void **state)
{
	(void)state;
	struct cache_fixture f;
	cache_setup(&f, 100 * 1000);
	loop(&f, 0, 150, 50);
	loop(&f, 1000, 140, 20);
	assert_true(loop(&f, 1000, 140, 10) >= 10 * 80);
	loop(&f, 2000, 60, 20); /* one that fits */
	assert_true(loop(&f, 2000, 60, 10) >= 10 * 55);
	gfs_cache_free(f.cache);
}

/* What nobody asks for any more leaves, though nothing new is asked for twice. */
static void test_popular_once_leaves(void **state)
{
	(void)state;
	struct cache_fixture f;
	cache_setup(&f, 100 * 1000);
	loop(&f, 0, 80, 20);
	loop(&f, 10000, 300 * 100, 1);
	for (uint64_t key = 0; key < 80; key++)
		assert_null(gfs_cache_peek(f.cache, key));
	gfs_cache_free(f.cache);
}

/* Most entries are dirty, and the rest is a scan: it must not settle in what the dirty ones leave. */
static void test_dirty_count_against_main(void **state)
{
	(void)state;
	struct cache_fixture f;
	cache_setup(&f, 100 * 1000);
	for (uint64_t key = 0; key < 60; key++) {
		struct item *it = cache_fetch(&f, key, 1000);
		gfs_cache_set_dirty(f.cache, &it->entry, true);
		gfs_cache_put(f.cache, &it->entry);
	}
	loop(&f, 1000, 20, 10);
	loop(&f, 10000, 1000, 1);
	assert_true(loop(&f, 1000, 20, 1) >= 18);
	gfs_cache_free(f.cache);
}

/* Ten entries fit. LRU keeps what was used last; CLOCK what was used since the hand came by. */
static void test_lru_and_clock(void **state)
{
	(void)state;
	for (unsigned clock = 0; clock < 2; clock++) {
		struct cache_fixture f;
		cache_setup(&f, 10000);
		cache_set_policy(&f, clock ? "clock" : "lru");
		for (uint64_t i = 0; i < 10; i++)
			cache_touch(&f, i, 1000);
		cache_touch(&f, 0, 1000);
		cache_touch(&f, 10, 1000); /* 1 goes */
		assert_true(cache_touch(&f, 0, 1000));
		assert_null(gfs_cache_peek(f.cache, 1));
		for (uint64_t i = 11; i < 19; i++)
			cache_touch(&f, i, 1000); /* 2 to 9 go */
		assert_true(cache_touch(&f, 0, 1000) && cache_touch(&f, 10, 1000) && cache_touch(&f, 18, 1000));
		for (uint64_t i = 20; i < 40; i++)
			cache_touch(&f, i, 1000); /* a scan: all go */
		assert_false(cache_touch(&f, 0, 1000) || cache_touch(&f, 10, 1000) || cache_touch(&f, 18, 1000));
		gfs_cache_free(f.cache);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scan_leaves_hot_set),
		cmocka_unit_test(test_ghost_brings_back),
		cmocka_unit_test(test_loop_keeps_a_part),
		cmocka_unit_test(test_new_loop_replaces_old),
		cmocka_unit_test(test_popular_once_leaves),
		cmocka_unit_test(test_dirty_count_against_main),
		cmocka_unit_test(test_lru_and_clock),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
