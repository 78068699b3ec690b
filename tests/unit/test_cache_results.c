/* The query layer: what it answers, when it must not, what it keeps and what it refuses; alone and with four threads. */
#include "base/checked.h"
#include "base/lock.h"
#include "cache/results.h"
#include "tests/support/rng.h"
#include "tests/support/scale.h"

#include <assert.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { THINGS = 16 };

/* A result that says which versions it was made of. */
struct answer {
	struct gfs_cached result;
	uint64_t number;
};

struct fixture {
	struct gfs_cache_budget *budget;
	struct gfs_results *results;
	uint64_t versions[THINGS];
};

static _Atomic int answers_alive;

static void answer_free(struct gfs_cached *result)
{
	atomic_fetch_sub(&answers_alive, 1);
	free(gfs_container_of(result, struct answer, result));
}

static struct answer *answer_new(uint64_t number, uint64_t bytes)
{
	struct answer *a = malloc(sizeof *a);
	assert(a);
	a->number = number;
	gfs_cached_init(&a->result, bytes, answer_free);
	atomic_fetch_add(&answers_alive, 1);
	return a;
}

static uint64_t version_of(void *context, uint32_t kind, uint32_t id)
{
	struct fixture *f = context;
	return f->versions[(kind + id) % THINGS];
}

/* The layer gets limit_bytes: all others are off. */
static void setup(struct fixture *f, uint64_t limit_bytes)
{
	struct gfs_cache_budget_opts opts = { .bytes = limit_bytes * 10 / 9 + 10 };
	opts.layers[GFS_CACHE_PAGE].off = opts.layers[GFS_CACHE_OBJECT].off = opts.layers[GFS_CACHE_INDEX].off = true;
	*f = (struct fixture){ 0 };
	assert_int_equal(gfs_cache_budget_new(&opts, &f->budget), 0);
	assert_int_equal(gfs_results_new(f->budget, &f->results), 0);
}

static void teardown(struct fixture *f)
{
	gfs_results_free(f->results);
	gfs_cache_budget_free(f->budget);
	assert_int_equal(answers_alive, 0);
}

static struct gfs_cache_stats stats_of(struct fixture *f)
{
	struct gfs_cache_stats stats;
	gfs_cache_budget_stats(f->budget, GFS_CACHE_QUERY, &stats);
	return stats;
}

/* Adds an answer that depends on things `a` and `b`. */
static bool add(struct fixture *f, const char *key, uint32_t a, uint32_t b, struct answer *answer, uint64_t cost_ns)
{
	const struct gfs_stamp stamps[] = { { 1, a, version_of(f, 1, a) }, { 2, b, version_of(f, 2, b) } };
	const struct gfs_results_item item = {
		.key = gfs_slice_text(key),
		.stamps = stamps,
		.stamp_count = 2,
		.cost_ns = cost_ns,
		.result = &answer->result,
	};
	bool kept = gfs_results_add(f->results, &item);
	gfs_cached_release(&answer->result);
	return kept;
}

/* Its number, or 0. */
static uint64_t look(struct fixture *f, const char *key)
{
	struct gfs_cached *r = gfs_results_get(f->results, gfs_slice_text(key), version_of, f);
	uint64_t number = r ? gfs_container_of(r, struct answer, result)->number : 0;
	gfs_cached_release(r);
	return number;
}

static void test_answers(void **state)
{
	(void)state;
	struct fixture f;
	setup(&f, 1 << 20);
	assert_int_equal(look(&f, "a"), 0);
	assert_true(add(&f, "a", 1, 2, answer_new(7, 100), 1000));
	assert_true(add(&f, "", 1, 2, answer_new(8, 100), 1000));
	assert_int_equal(look(&f, "a"), 7);
	assert_int_equal(look(&f, ""), 8);
	assert_int_equal(look(&f, "b"), 0);
	assert_true(add(&f, "a", 1, 2, answer_new(9, 100), 1000)); /* in its place */
	assert_int_equal(look(&f, "a"), 9);
	assert_int_equal(stats_of(&f).entries, 2);
	assert_int_equal(stats_of(&f).hits, 3);
	assert_int_equal(stats_of(&f).misses, 2);
	const struct gfs_results_item bare = { .key = gfs_slice_text("c"), .result = &answer_new(3, 1)->result };
	assert_true(gfs_results_add(f.results, &bare)); /* that depends on nothing */
	gfs_cached_release(bare.result);
	assert_int_equal(look(&f, "c"), 3);
	teardown(&f);
}

static void test_changes_invalidate(void **state)
{
	(void)state;
	struct fixture f;
	setup(&f, 1 << 20);
	for (unsigned changed = 0; changed < THINGS; changed++) {
		add(&f, "a", 1, 2, answer_new(7, 100), 1000); /* things 2 and 4 */
		f.versions[changed]++;
		bool valid = changed != 2 && changed != 4;
		assert_int_equal(look(&f, "a"), valid ? 7 : 0);
		assert_int_equal(stats_of(&f).entries, valid);
		assert_int_equal(answers_alive, valid);
	}
	assert_int_equal(stats_of(&f).evictions, 0);
	teardown(&f);
}

static void test_reader_keeps_what_goes(void **state)
{
	(void)state;
	struct fixture f;
	setup(&f, 1 << 20);
	add(&f, "a", 1, 2, answer_new(7, 100), 1000);
	struct gfs_cached *mine = gfs_results_get(f.results, gfs_slice_text("a"), version_of, &f);
	f.versions[2]++;
	assert_int_equal(look(&f, "a"), 0);
	assert_int_equal(gfs_container_of(mine, struct answer, result)->number, 7);
	gfs_cached_release(mine);
	assert_int_equal(answers_alive, 0);
	add(&f, "a", 1, 2, answer_new(8, 100), 1000);
	gfs_cache_budget_set_enabled(f.budget, GFS_CACHE_QUERY, false);
	assert_int_equal(look(&f, "a"), 0);
	assert_false(add(&f, "a", 1, 2, answer_new(9, 100), 1000));
	gfs_cache_budget_set_enabled(f.budget, GFS_CACHE_QUERY, true);
	assert_int_equal(look(&f, "a"), 0);
	teardown(&f);
}

static bool add_numbered(struct fixture *f, unsigned number, uint64_t bytes, uint64_t cost_ns)
{
	char key[32];
	(void)snprintf(key, sizeof key, "query %u", number);
	return add(f, key, 1, 2, answer_new(number + 1, bytes), cost_ns);
}

static unsigned kept(struct fixture *f, unsigned from, unsigned to)
{
	unsigned count = 0;
	for (unsigned i = from; i < to; i++) {
		char key[32];
		(void)snprintf(key, sizeof key, "query %u", i);
		count += look(f, key) == i + 1;
	}
	return count;
}

static void test_dear_ones_stay(void **state)
{
	(void)state;
	struct fixture f;
	unsigned refused = 0;
	setup(&f, 1 << 20);
	for (unsigned i = 0; i < 3000; i++) /* three times what fits, each worth a millisecond a KiB */
		add_numbered(&f, i, 1024, 1000000);
	unsigned before = kept(&f, 0, 3000);
	assert_true(before > 700);
	for (unsigned i = 3000; i < 3100; i++)
		refused += !add_numbered(&f, i, 1024, 1000); /* cheap ones */
	assert_true(refused >= 95);
	assert_true(kept(&f, 0, 3000) >= before - 5);
	refused = 0;
	for (unsigned i = 4000; i < 4100; i++)
		refused += !add_numbered(&f, i, 1024, 3000000);
	assert_int_equal(refused, 0);
	/* but the door does not stay shut: a thousandth of the worth gets in, one in a hundred or so */
	for (unsigned i = 5000; i < 8000; i++)
		add_numbered(&f, i, 1024, 1000);
	assert_in_range(kept(&f, 5000, 8000), 10, 100);
	teardown(&f);
}

static void test_large_ones_are_refused(void **state)
{
	(void)state;
	struct fixture f;
	setup(&f, 1 << 20);
	assert_false(add_numbered(&f, 1, 600 << 10, UINT64_MAX));
	assert_false(add_numbered(&f, 2, UINT64_C(1) << 40, UINT64_MAX));
	assert_true(add_numbered(&f, 3, 400 << 10, UINT64_MAX));
	for (unsigned i = 10; i < 100; i++)
		add_numbered(&f, i, 100 << 10, UINT64_MAX);
	assert_true(stats_of(&f).bytes <= 1 << 20);
	teardown(&f);
}

/* ---- four threads: readers that check what they get against the versions, a writer that changes them, settings that move ---- */

struct shared {
	struct fixture f;
	struct gfs_rwlock graph;
	_Atomic uint64_t hits;
};

struct worker {
	struct shared *shared;
	struct rng rng;
	pthread_t thread;
};

static void ask(struct shared *s, struct rng *rng)
{
	unsigned a = rng_below(rng, THINGS), b = rng_below(rng, THINGS);
	char key[32];
	(void)snprintf(key, sizeof key, "%u %u", a, b);
	gfs_rwlock_read(&s->graph);
	uint64_t wanted = version_of(&s->f, 1, a) * 1000 + version_of(&s->f, 2, b) + 1;
	struct gfs_cached *r = gfs_results_get(s->f.results, gfs_slice_text(key), version_of, &s->f);
	if (!r)
		add(&s->f, key, a, b, answer_new(wanted, 100 + rng_below(rng, 4000)), rng_below(rng, 100000));
	gfs_rwlock_unlock_read(&s->graph);
	if (r) {
		assert(gfs_container_of(r, struct answer, result)->number == wanted);
		atomic_fetch_add_explicit(&s->hits, 1, memory_order_relaxed);
	}
	gfs_cached_release(r);
}

static void *work(void *argument)
{
	struct worker *w = argument;
	struct fixture *f = &w->shared->f;
	for (unsigned i = 0; i < GFS_SCALED(50000, 10000); i++) {
		ask(w->shared, &w->rng);
		if (i % 500 == 0)
			gfs_cache_budget_set_enabled(f->budget, GFS_CACHE_QUERY, i % 1500 != 0);
		if (i % 300 == 0)
			gfs_cache_budget_set_bytes(f->budget, (1 + rng_below(&w->rng, 4)) << 18);
		if (i % 20)
			continue;
		gfs_rwlock_write(&w->shared->graph);
		f->versions[rng_below(&w->rng, THINGS)]++;
		gfs_rwlock_unlock_write(&w->shared->graph);
	}
	return NULL;
}

static void test_threads(void **state)
{
	(void)state;
	static struct shared s;
	struct worker workers[4];
	setup(&s.f, 1 << 18);
	gfs_rwlock_init(&s.graph, GFS_RANK_STORE);
	for (unsigned i = 0; i < 4; i++) {
		workers[i] = (struct worker){ .shared = &s, .rng = { i + 1 } };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
	print_message("%llu hits\n", (unsigned long long)s.hits);
	assert_true(s.hits > 1000);
	gfs_rwlock_release(&s.graph);
	teardown(&s.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_changes_invalidate),
		cmocka_unit_test(test_reader_keeps_what_goes),
		cmocka_unit_test(test_dear_ones_stay),
		cmocka_unit_test(test_large_ones_are_refused),
		cmocka_unit_test(test_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
