/* Layers switched, resized and given other policies at random while four workers read and write through them: the page layer, and a
 * toy one above it that decodes a page into a number. No worker may ever see a number that is not the page's. */
#include "store_toy.h"

#include "base/checked.h"
#include "tests/support/rng.h"
#include "tests/support/scale.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { PAGES = 3000, WORKERS = 4, READS_A_CHANGE = 20, CHANGES = GFS_SCALED(10000, 2000) };

struct toy {
	struct gfs_cache_entry entry;
	uint64_t number;
};

struct shared {
	struct gfs_store *store;
	struct gfs_cache *toys;
	uint64_t numbers[PAGES]; /* what each page holds; guarded by the graph lock */
	_Atomic bool stop;
	_Atomic uint64_t reads, writes, wrong;
};

struct worker {
	struct shared *shared;
	struct rng rng;
	pthread_t thread;
};

static void toy_evict(void *context, struct gfs_cache_entry *entry)
{
	(void)context;
	free(gfs_container_of(entry, struct toy, entry));
}

static uint64_t page_id(unsigned index)
{
	return GFS_PAGE_ID(GFS_SPACE_NODE, index);
}

/* What the page says, by the page layer. */
static uint64_t decode(struct shared *s, unsigned index)
{
	struct gfs_page *page;
	if (gfs_page_get(s->store, page_id(index), &page) != 0)
		return UINT64_MAX;
	uint64_t number = gfs_get_le64(gfs_page_payload(page));
	gfs_page_put(s->store, page);
	return number;
}

/* The same, by the toy layer. */
static uint64_t look(struct shared *s, unsigned index)
{
	struct gfs_cache_entry *entry = gfs_cache_get(s->toys, index);
	if (!entry) {
		struct toy *fresh = malloc(sizeof *fresh);
		if (!fresh)
			return UINT64_MAX;
		fresh->number = decode(s, index);
		entry = gfs_cache_insert(s->toys, &fresh->entry, index, 1000);
		if (entry != &fresh->entry)
			free(fresh);
	}
	uint64_t number = gfs_container_of(entry, struct toy, entry)->number;
	gfs_cache_put(s->toys, entry);
	return number;
}

static void read_one(struct shared *s, struct rng *rng)
{
	unsigned index = rng_below(rng, 2) ? rng_below(rng, PAGES / 10) : rng_below(rng, PAGES);
	gfs_store_read_begin(s->store);
	bool right = look(s, index) == s->numbers[index] && decode(s, index) == s->numbers[index];
	gfs_store_read_end(s->store);
	atomic_fetch_add_explicit(&s->reads, 1, memory_order_relaxed);
	if (!right)
		atomic_fetch_add_explicit(&s->wrong, 1, memory_order_relaxed);
}

/* Changes a page; every other time takes it back. */
static void write_one(struct shared *s, struct rng *rng)
{
	struct gfs_txn *txn;
	struct gfs_page *page;
	unsigned index = rng_below(rng, PAGES);
	uint64_t number = rng_next(rng);
	bool keep = rng_below(rng, 2);
	if (gfs_txn_begin(s->store, &txn) != 0 || gfs_page_edit(txn, page_id(index), &page) != 0) {
		atomic_fetch_add_explicit(&s->wrong, 1, memory_order_relaxed);
		return;
	}
	gfs_put_le64(gfs_page_touch(txn, page, 0, 8), number);
	gfs_page_put(s->store, page);
	if (!keep) {
		gfs_txn_abort(txn);
		return;
	}
	gfs_cache_discard(s->toys, index);
	s->numbers[index] = number;
	gfs_buf_append_u8(gfs_txn_log(txn), 1);
	if (gfs_txn_commit(txn, NULL) != 0)
		atomic_fetch_add_explicit(&s->wrong, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&s->writes, 1, memory_order_relaxed);
}

static void *work(void *argument)
{
	struct worker *w = argument;
	while (!atomic_load_explicit(&w->shared->stop, memory_order_relaxed)) {
		if (rng_below(&w->rng, 50) == 0)
			write_one(w->shared, &w->rng);
		else
			read_one(w->shared, &w->rng);
	}
	return NULL;
}

static void change(struct gfs_cache_budget *budget, struct rng *rng)
{
	static const char *const names[] = { "s3fifo", "lru", "clock" };
	enum gfs_cache_layer layer = rng_below(rng, 2) ? GFS_CACHE_PAGE : GFS_CACHE_OBJECT;
	switch (rng_below(rng, 4)) {
	case 0:
		gfs_cache_budget_set_enabled(budget, layer, rng_below(rng, 3) > 0);
		break;
	case 1:
		gfs_cache_budget_set_limit(budget, layer, rng_below(rng, 2) ? 0 : 10000 + rng_below(rng, 40 << 20));
		break;
	case 2:
		gfs_cache_budget_set_bytes(budget, GFS_CACHE_BUDGET_BYTES_MIN << rng_below(rng, 7));
		break;
	default:
		assert_int_equal(gfs_cache_budget_set_policy(budget, layer,
							 gfs_cache_policy_find(gfs_slice_text(names[rng_below(rng, GFS_COUNT(names))]))),
			0);
	}
}

static void make_pages(struct shared *s)
{
	struct gfs_txn *txn;
	struct gfs_page *page;
	assert_int_equal(gfs_txn_begin(s->store, &txn), 0);
	for (unsigned i = 0; i < PAGES; i++) {
		assert_int_equal(gfs_page_new(txn, page_id(i), GFS_PAGE_NODES, &page), 0);
		gfs_page_put(s->store, page);
	}
	assert_int_equal(gfs_txn_commit(txn, NULL), 0);
}

static void test_changed_under_workers(void **state)
{
	(void)state;
	static struct shared s;
	struct worker workers[WORKERS];
	struct rng rng = { 4711 };
	char *path = toy_dir_new();
	const struct gfs_cache_ops ops = { .evict = toy_evict };
	/* 64 MiB, so that both layers have several shards */
	s.store = toy_create_open(
		path, &(struct gfs_store_opts){ .cache.bytes = UINT64_C(64) << 20, .checkpoint_interval_ms = 20 });
	struct gfs_cache_budget *budget = gfs_store_cache_budget(s.store);
	assert_int_equal(gfs_cache_budget_open(budget, GFS_CACHE_OBJECT, &ops, &s.toys), 0);
	make_pages(&s);
	for (unsigned i = 0; i < WORKERS; i++) {
		workers[i] = (struct worker){ .shared = &s, .rng = { i + 1 } };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (unsigned i = 0; i < CHANGES; i++) {
		change(budget, &rng);
		while (s.reads < (uint64_t)i * READS_A_CHANGE)
			sched_yield();
	}
	s.stop = true;
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
	struct gfs_store_stats stats;
	gfs_store_stats_get(s.store, &stats);
	print_message("%d changes, %llu reads, %llu writes, %llu checkpoints\n", CHANGES, (unsigned long long)s.reads,
		(unsigned long long)s.writes, (unsigned long long)stats.checkpoints);
	assert_int_equal(s.wrong, 0);
	assert_true(s.writes > 10 && stats.checkpoints > 1);
	assert_int_equal(gfs_store_close(s.store), 0);
	gfs_cache_free(s.toys);
	toy_dir_remove(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changed_under_workers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
