/* Reading ahead: which reads cause it, how far it goes, and warming at the start. */
#include "base/checked.h"
#include "base/clock.h"
#include "store_toy.h"

#include "store/prefetch.h"
#include "store/store_private.h"
#include "tests/support/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

enum { PAGES = 2000, WAIT_MS = 20000 };

static char *path;

static struct gfs_store *open_with(uint64_t page_limit_bytes)
{
	struct gfs_store_opts opts = { .checkpoint_interval_ms = UINT32_MAX, .cache.bytes = UINT64_C(256) << 20 };
	opts.cache.layers[GFS_CACHE_PAGE].limit_bytes = page_limit_bytes;
	return toy_open_ok(path, &opts);
}

static uint64_t page_id(uint64_t index)
{
	return GFS_PAGE_ID(GFS_SPACE_BLOB, index + 1);
}

/* A database of PAGES pages in a row. */
static int setup(void **state)
{
	(void)state;
	path = toy_dir_new();
	struct gfs_store *store = toy_create_open(path, NULL);
	struct gfs_txn *txn;
	assert_int_equal(gfs_txn_begin(store, &txn), 0);
	for (uint64_t i = 0; i < PAGES; i++) {
		struct gfs_page *page;
		assert_int_equal(gfs_page_new(txn, page_id(i), GFS_PAGE_BLOB_DATA, &page), 0);
		gfs_page_put(store, page);
	}
	assert_int_equal(gfs_txn_commit(txn, NULL), 0);
	return gfs_store_close(store);
}

static int teardown(void **state)
{
	(void)state;
	toy_dir_remove(path);
	return 0;
}

static void look(struct gfs_store *store, uint64_t index)
{
	struct gfs_page *page;
	gfs_store_read_begin(store);
	assert_int_equal(gfs_page_get(store, page_id(index), &page), 0);
	gfs_page_put(store, page);
	gfs_store_read_end(store);
}

static struct gfs_store_stats stats_of(struct gfs_store *store)
{
	struct gfs_store_stats stats;
	gfs_store_stats_get(store, &stats);
	return stats;
}

static uint64_t misses_of(struct gfs_store *store)
{
	struct gfs_cache_stats stats;
	gfs_cache_stats_get(gfs_store_page_cache(store), &stats);
	return stats.misses;
}

static void sleep_ms(unsigned ms)
{
	const struct timespec pause = { .tv_nsec = ms * (long)GFS_NS_PER_MS };
	(void)nanosleep(&pause, NULL); /* shorter is fine */
}

/* Until so many pages were read ahead or warmed. */
static void wait_for(struct gfs_store *store, uint64_t pages)
{
	for (unsigned ms = 0; stats_of(store).pages_ahead + stats_of(store).pages_warmed < pages; ms++) {
		assert_true(ms < WAIT_MS);
		sleep_ms(1);
	}
}

static void test_sequential(void **state)
{
	(void)state;
	struct gfs_store *store = open_with(UINT64_C(64) << 20);
	uint64_t at = 0, ahead = 0;
	look(store, at++);
	look(store, at++);
	look(store, at++); /* the third in a row */
	for (unsigned count = 4; ahead < 500; count = GFS_MIN(2 * count, GFS_PREFETCH_PAGES_MAX)) {
		ahead += count;
		wait_for(store, ahead);
		uint64_t misses = misses_of(store);
		for (unsigned i = 0; i < count; i++)
			look(store, at++);
		assert_int_equal(misses_of(store), misses);
		look(store, at++); /* the next miss asks for more */
		assert_int_equal(misses_of(store), misses + 1);
	}
	assert_int_equal(gfs_store_close(store), 0);
}

static void test_reader_that_does_not_wait(void **state)
{
	(void)state;
	struct gfs_store *store = open_with(UINT64_C(64) << 20);
	for (uint64_t i = 0; i < PAGES; i++)
		look(store, i);
	assert_true(misses_of(store) + stats_of(store).pages_ahead >= PAGES);
	assert_int_equal(gfs_store_close(store), 0);
}

static void test_two_readers(void **state)
{
	(void)state;
	struct gfs_store *store = open_with(UINT64_C(64) << 20);
	for (uint64_t i = 0; i < 3; i++) {
		look(store, 1000 + i);
		look(store, i);
	}
	wait_for(store, 8);
	assert_int_equal(misses_of(store), 6);
	for (uint64_t i = 3; i < 7; i++) {
		look(store, i);
		look(store, 1000 + i);
	}
	assert_int_equal(misses_of(store), 6);
	assert_int_equal(gfs_store_close(store), 0);
}

/* Random, descending, every other page, switched off, or hardly a cache. */
static void test_nothing_ahead(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 5; kind++) {
		struct gfs_store *store = open_with(kind == 4 ? UINT64_C(1) << 16 : UINT64_C(64) << 20);
		struct rng rng = { 42 };
		if (kind == 3)
			gfs_cache_set_enabled(gfs_store_page_cache(store), false);
		for (unsigned i = 0; i < PAGES / 2; i++) {
			const unsigned pages[] = { rng_below(&rng, PAGES), PAGES - 1 - i, 2 * i, i, i };
			look(store, pages[kind]);
		}
		sleep_ms(20);
		assert_int_equal(stats_of(store).pages_ahead, 0);
		assert_int_equal(gfs_store_close(store), 0);
	}
}

/* Past the last page there is nothing, and making pages in sequence is no reading. */
static void test_end_and_new_pages(void **state)
{
	(void)state;
	struct gfs_store *store = open_with(UINT64_C(64) << 20);
	struct gfs_txn *txn;
	for (uint64_t i = PAGES - 5; i < PAGES - 2; i++)
		look(store, i);
	wait_for(store, 2);
	assert_int_equal(gfs_txn_begin(store, &txn), 0);
	for (uint64_t i = 500; i < 600; i++) {
		struct gfs_page *page;
		assert_int_equal(gfs_page_new(txn, page_id(i), GFS_PAGE_BLOB_DATA, &page), 0);
		gfs_page_put(store, page);
	}
	gfs_txn_abort(txn);
	sleep_ms(20);
	assert_int_equal(stats_of(store).pages_ahead, 2);
	assert_int_equal(gfs_store_close(store), 0);
}

static void test_warming(void **state)
{
	(void)state;
	struct gfs_store *store = open_with(UINT64_C(64) << 20);
	assert_int_equal(gfs_store_warm(store), GFS_ERR_NOTFOUND);
	for (uint64_t i = 0; i < PAGES; i += 2)
		look(store, i);
	assert_int_equal(gfs_store_warm_save(store), 0);
	assert_int_equal(gfs_store_close(store), 0);

	store = open_with(UINT64_C(64) << 20);
	assert_int_equal(gfs_store_warm(store), 0);
	wait_for(store, PAGES / 2);
	for (uint64_t i = 0; i < PAGES; i += 2)
		look(store, i);
	assert_int_equal(misses_of(store), 0);
	assert_int_equal(gfs_store_close(store), 0);

	store = open_with(UINT64_C(1) << 20); /* stops when the cache is full, and is stopped while at work */
	assert_int_equal(gfs_store_warm(store), 0);
	wait_for(store, 100);
	sleep_ms(20);
	assert_true(stats_of(store).pages_warmed < 130);
	assert_int_equal(gfs_store_close(store), 0);

	store = open_with(UINT64_C(64) << 20);
	assert_int_equal(gfs_store_warm(store), 0);
	assert_int_equal(gfs_store_close(store), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_sequential),
		TEST(test_reader_that_does_not_wait),
		TEST(test_two_readers),
		TEST(test_nothing_ahead),
		TEST(test_end_and_new_pages),
		TEST(test_warming),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
