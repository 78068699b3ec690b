/* The cache: against a model, with pins and dirty entries, with each policy, changed while in use. */
#include "base/checked.h"
#include "base/hash.h"

#include <assert.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cache_fixture.h"

static void test_get_insert_drop(void **state)
{
	(void)state;
	struct cache_fixture f;
	cache_setup(&f, MIB);
	assert_null(gfs_cache_get(f.cache, 7));
	struct item *a = cache_fetch(&f, 7, 100);
	assert_ptr_equal(gfs_cache_get(f.cache, 7), a);
	assert_ptr_equal(gfs_cache_peek(f.cache, 7), a);
	struct item late;
	assert_ptr_equal(gfs_cache_insert(f.cache, &late.entry, 7, 100), a);
	for (unsigned i = 0; i < 3; i++)
		gfs_cache_put(f.cache, &a->entry);
	struct gfs_cache_stats s = cache_stats(&f);
	assert_int_equal(s.hits, 1);
	assert_int_equal(s.misses, 2);
	assert_int_equal(s.insertions, 1);
	assert_int_equal(s.bytes, 100);
	assert_string_equal(s.policy, "s3fifo");
	gfs_cache_set_dirty(f.cache, &a->entry, true);
	gfs_cache_drop(f.cache, &a->entry);
	assert_int_equal(f.evicted, 1);
	assert_null(gfs_cache_peek(f.cache, 7));
	assert_int_equal(cache_stats(&f).bytes + cache_stats(&f).dirty_bytes, 0);
	gfs_cache_free(f.cache);
	gfs_cache_free(NULL);
}

static void test_dropped_lives_while_pinned(void **state)
{
	(void)state;
	struct cache_fixture f;
	cache_setup(&f, MIB);
	struct item *a = cache_fetch(&f, 7, 100);
	for (unsigned i = 0; i < 3; i++)
		assert_ptr_equal(gfs_cache_peek(f.cache, 7), a);
	gfs_cache_set_dirty(f.cache, &a->entry, true);
	gfs_cache_drop(f.cache, &a->entry);
	gfs_cache_drop(f.cache, &a->entry); /* by a second one who had it */
	assert_int_equal(cache_stats(&f).bytes + cache_stats(&f).dirty_bytes + cache_stats(&f).entries, 0);
	struct item *b = cache_fetch(&f, 7, 100);
	assert_ptr_not_equal(a, b);
	gfs_cache_count(f.cache, 7, &a->entry); /* whose policy knows it no more */
	gfs_cache_put(f.cache, &a->entry);
	assert_int_equal(f.evicted, 0);
	gfs_cache_put(f.cache, &a->entry);
	assert_int_equal(f.evicted, 1);
	gfs_cache_put(f.cache, &b->entry);
	assert_int_equal(cache_stats(&f).entries, 1);
	gfs_cache_free(f.cache);
}

static void test_peeked_and_counted(void **state)
{
	(void)state;
	struct cache_fixture f;
	cache_setup(&f, 10000);
	cache_set_policy(&f, "lru");
	for (uint64_t key = 0; key < 10; key++)
		cache_touch(&f, key, 1000);
	struct gfs_cache_entry *e = gfs_cache_peek(f.cache, 0);
	gfs_cache_count(f.cache, 0, e);
	gfs_cache_put(f.cache, e);
	gfs_cache_count(f.cache, 99, NULL);
	assert_int_equal(cache_stats(&f).hits, 1);
	assert_int_equal(cache_stats(&f).misses, 11);
	cache_touch(&f, 10, 1000); /* pushes 1 out: 0 was used */
	assert_true(cache_touch(&f, 0, 1000));
	assert_false(cache_touch(&f, 1, 1000));
	gfs_cache_free(f.cache);
}

static void test_discard(void **state)
{
	(void)state;
	struct cache_fixture f;
	cache_setup(&f, MIB);
	struct item *it = cache_fetch(&f, 7, 100);
	gfs_cache_set_dirty(f.cache, &it->entry, true);
	gfs_cache_put(f.cache, &it->entry);
	gfs_cache_discard(f.cache, 8);
	assert_int_equal(cache_stats(&f).entries, 1);
	gfs_cache_discard(f.cache, 7);
	assert_int_equal(f.evicted, 1);
	assert_null(gfs_cache_peek(f.cache, 7));
	assert_int_equal(cache_stats(&f).bytes + cache_stats(&f).dirty_bytes, 0);
	gfs_cache_free(f.cache);
}

/* Growing evicts others, and what is charged is given back; clean or dirty, set aside or not. */
static void test_resize(void **state)
{
	struct cache_fixture f;
	cache_setup(&f, 10000);
	cache_set_policy(&f, *state);
	struct item *clean = cache_fetch(&f, 1, 1000), *dirty = cache_fetch(&f, 2, 1000);
	gfs_cache_set_dirty(f.cache, &dirty->entry, true);
	for (uint64_t i = 100; i < 200; i++)
		cache_touch(&f, i, 1000);
	gfs_cache_resize(f.cache, &clean->entry, 3000);
	gfs_cache_resize(f.cache, &dirty->entry, 6000);
	assert_int_equal(cache_stats(&f).dirty_bytes, 6000);
	assert_true(cache_stats(&f).bytes <= 10000);
	assert_int_equal(cache_stats(&f).entries, 3);
	gfs_cache_resize(f.cache, &clean->entry, 1);
	gfs_cache_resize(f.cache, &dirty->entry, 100);
	gfs_cache_set_dirty(f.cache, &dirty->entry, false);
	gfs_cache_put(f.cache, &clean->entry);
	gfs_cache_put(f.cache, &dirty->entry);
	for (uint64_t i = 200; i < 400; i++)
		cache_touch(&f, i, 1000);
	struct gfs_cache_stats s = cache_stats(&f);
	assert_true(s.bytes <= 10000 && s.dirty_bytes == 0);
	gfs_cache_discard(f.cache, 1);
	gfs_cache_discard(f.cache, 2);
	assert_true(gfs_cache_is_enabled(f.cache));
	gfs_cache_set_enabled(f.cache, false);
	assert_false(gfs_cache_is_enabled(f.cache));
	assert_int_equal(cache_stats(&f).bytes, 0);
	gfs_cache_free(f.cache);
}

static void test_pinned_stay_and_limit_holds(void **state)
{
	struct cache_fixture f;
	cache_setup(&f, 10000);
	cache_set_policy(&f, *state);
	struct item *pinned[20];
	for (uint64_t i = 0; i < 20; i++)
		pinned[i] = cache_fetch(&f, i, 1000);
	assert_int_equal(cache_stats(&f).bytes, 20000); /* grew past its limit rather than fail */
	for (uint64_t i = 0; i < 20; i++)
		gfs_cache_put(f.cache, &pinned[i]->entry);
	for (uint64_t i = 100; i < 400; i++)
		cache_touch(&f, i, 1000);
	assert_true(cache_stats(&f).bytes <= 10000);
	struct gfs_cache_stats s = cache_stats(&f);
	assert_int_equal(s.insertions, s.entries + s.evictions);
	gfs_cache_free(f.cache);
	assert_int_equal(f.evicted, 320);
}

static void test_dirty_stay_until_clean(void **state)
{
	struct cache_fixture f;
	cache_setup(&f, 10000);
	cache_set_policy(&f, *state);
	for (uint64_t i = 0; i < 50; i++) {
		struct item *it = cache_fetch(&f, i, 1000);
		gfs_cache_set_dirty(f.cache, &it->entry, true);
		gfs_cache_put(f.cache, &it->entry);
	}
	assert_int_equal(cache_stats(&f).dirty_bytes, 50000);
	for (uint64_t i = 1000; i < 1100; i++)
		cache_touch(&f, i, 1000); /* nothing else to evict but these */
	assert_true(cache_stats(&f).bytes <= 51000);
	for (uint64_t i = 0; i < 50; i++) {
		struct gfs_cache_entry *e = gfs_cache_peek(f.cache, i);
		assert_non_null(e);
		gfs_cache_set_dirty(f.cache, e, false);
		gfs_cache_put(f.cache, e);
	}
	assert_int_equal(cache_stats(&f).dirty_bytes, 0);
	assert_true(cache_stats(&f).bytes <= 10000); /* without another insertion */
	cache_touch(&f, 5000, 1000);
	assert_true(cache_stats(&f).bytes <= 10000);
	gfs_cache_free(f.cache);
}

static void test_all_dirty_costs_no_rescan(void **state)
{
	struct cache_fixture f;
	cache_setup(&f, 1000);
	cache_set_policy(&f, *state);
	for (uint64_t i = 0; i < 200000; i++) { /* quadratic would take minutes */
		struct item *it = cache_fetch(&f, i, 1000);
		gfs_cache_set_dirty(f.cache, &it->entry, true);
		gfs_cache_put(f.cache, &it->entry);
	}
	assert_int_equal(cache_stats(&f).entries, 200000);
	gfs_cache_free(f.cache);
}

static void test_disabled_keeps_nothing_clean(void **state)
{
	(void)state;
	struct cache_fixture f;
	cache_setup(&f, 16 * MIB); /* several shards */
	for (uint64_t i = 0; i < 100; i++)
		cache_touch(&f, i, 1000);
	struct item *pinned = cache_fetch(&f, 1, 1000), *dirty = cache_fetch(&f, 2, 1000);
	gfs_cache_set_dirty(f.cache, &dirty->entry, true);
	gfs_cache_put(f.cache, &dirty->entry);
	gfs_cache_set_enabled(f.cache, false);
	assert_int_equal(cache_stats(&f).entries, 2);
	assert_false(cache_stats(&f).enabled);
	assert_ptr_equal(gfs_cache_get(f.cache, 1), pinned);
	gfs_cache_put(f.cache, &pinned->entry);
	assert_int_equal(cache_stats(&f).entries, 2);
	gfs_cache_put(f.cache, &pinned->entry);
	assert_int_equal(cache_stats(&f).entries, 1);
	assert_false(cache_touch(&f, 50, 1000));
	assert_int_equal(cache_stats(&f).entries, 1);
	assert_ptr_equal(gfs_cache_peek(f.cache, 2), dirty);
	gfs_cache_set_dirty(f.cache, &dirty->entry, false);
	gfs_cache_put(f.cache, &dirty->entry);
	struct gfs_cache_stats s = cache_stats(&f);
	assert_int_equal(s.entries, 0);
	assert_int_equal(s.insertions, s.evictions);
	gfs_cache_set_enabled(f.cache, true);
	cache_touch(&f, 50, 1000);
	assert_true(cache_touch(&f, 50, 1000));
	gfs_cache_free(f.cache);
}

static void test_shrinking_evicts_at_once(void **state)
{
	(void)state;
	struct cache_fixture f;
	cache_setup(&f, 64 * MIB);
	for (uint64_t i = 0; i < 4000; i++)
		cache_touch(&f, i, 8192);
	assert_int_equal(cache_stats(&f).bytes, 4000 * 8192);
	gfs_cache_set_limit(f.cache, MIB);
	assert_true(cache_stats(&f).bytes <= MIB);
	assert_int_equal(cache_stats(&f).limit_bytes, MIB);
	gfs_cache_set_limit(f.cache, 0);
	assert_int_equal(cache_stats(&f).entries, 0);
	gfs_cache_free(f.cache);
}

/* ---- a model: what must be there, what may be ---- */

enum { MODEL_KEYS = 500 };

struct model {
	struct item *held[MODEL_KEYS]; /* our pins' entry */
	unsigned pins[MODEL_KEYS];
	bool dirty[MODEL_KEYS];
};

static void model_check(struct cache_fixture *f, const struct model *m)
{
	uint64_t dirty_bytes = 0, kept_bytes = 0;
	for (unsigned k = 0; k < MODEL_KEYS; k++) {
		dirty_bytes += m->dirty[k] ? 100 : 0;
		kept_bytes += m->dirty[k] || m->pins[k] ? 100 : 0;
		struct gfs_cache_entry *e = gfs_cache_peek(f->cache, k);
		assert_true(e || !(m->pins[k] || m->dirty[k]));
		if (e && m->pins[k])
			assert_ptr_equal(e, m->held[k]);
		if (e)
			gfs_cache_put(f->cache, e);
	}
	struct gfs_cache_stats s = cache_stats(f);
	assert_int_equal(s.dirty_bytes, dirty_bytes);
	assert_true(s.bytes >= kept_bytes);
	assert_int_equal(s.insertions - s.entries, atomic_load(&f->evicted));
}

static void model_step(struct cache_fixture *f, struct model *m, unsigned k, unsigned action)
{
	if (action < 5 && m->pins[k] < 3) {
		m->held[k] = cache_fetch(f, k, 100);
		assert_int_equal(m->held[k]->value, gfs_mix64(k));
		m->pins[k]++;
	} else if (action < 7 && m->pins[k]) {
		m->dirty[k] = action == 5;
		gfs_cache_set_dirty(f->cache, &m->held[k]->entry, m->dirty[k]);
	} else if (action == 7 && m->pins[k] == 1) {
		gfs_cache_drop(f->cache, &m->held[k]->entry);
		m->pins[k] = 0;
		m->dirty[k] = false;
	} else if (action < 30 && m->pins[k]) {
		gfs_cache_put(f->cache, &m->held[k]->entry);
		m->pins[k]--;
	} else if (action == 30) {
		gfs_cache_set_limit(f->cache, k * 100);
	} else if (action == 31) {
		gfs_cache_set_enabled(f->cache, k % 4 != 0);
	} else if (action == 32) {
		cache_set_policy(f, cache_policies[k % CACHE_POLICIES]);
	}
}

static void test_random_against_model(void **state)
{
	(void)state;
	struct cache_fixture f;
	struct model *m = calloc(1, sizeof *m);
	assert_non_null(m);
	cache_setup(&f, 10000);
	uint64_t random = 42;
	for (unsigned i = 0; i < 200000; i++) {
		random = gfs_mix64(random + i);
		unsigned action = (unsigned)(random >> 32) % 400;
		if (action >= 33)
			action %= 30;
		model_step(&f, m, (unsigned)random % MODEL_KEYS, action);
		if (i % 2000 == 0)
			model_check(&f, m);
	}
	for (unsigned k = 0; k < MODEL_KEYS; k++)
		for (; m->pins[k]; m->pins[k]--)
			gfs_cache_put(f.cache, &m->held[k]->entry);
	gfs_cache_free(f.cache);
	assert_true(f.evicted > 0);
	free(m);
}

static void test_policies_by_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < CACHE_POLICIES; i++) {
		struct cache_fixture f;
		cache_setup(&f, MIB);
		cache_set_policy(&f, cache_policies[i]);
		assert_string_equal(cache_stats(&f).policy, cache_policies[i]);
		gfs_cache_free(f.cache);
	}
	assert_null(gfs_cache_policy_find(gfs_slice_text("LRU")));
	assert_null(gfs_cache_policy_find(gfs_slice_text("")));
}

/* S3-FIFO keeps a part of a loop longer than the cache; what has no limit keeps none. */
static void test_new_policy_knows_the_limit(void **state)
{
	(void)state;
	struct cache_fixture f;
	uint64_t hits = 0;
	cache_setup(&f, 100 * 1000);
	cache_set_policy(&f, "lru");
	cache_set_policy(&f, "s3fifo");
	for (uint64_t i = 0; i < 2000; i++)
		hits += cache_touch(&f, i % 200, 1000);
	assert_true(hits > 500);
	gfs_cache_free(f.cache);
}

static void test_policy_changes_keep_entries(void **state)
{
	(void)state;
	struct cache_fixture f;
	cache_setup(&f, 100 * 1000);
	for (uint64_t i = 0; i < 90; i++) {
		struct item *it = cache_fetch(&f, i, 1000);
		gfs_cache_set_dirty(f.cache, &it->entry, i % 3 == 0);
		if (i % 5 != 0)
			gfs_cache_put(f.cache, &it->entry);
	}
	for (unsigned round = 0; round < 30; round++) {
		cache_set_policy(&f, cache_policies[round % CACHE_POLICIES]);
		gfs_cache_set_limit(f.cache, 1000 * (90 - round)); /* sets dirty ones aside in each */
		assert_int_equal(cache_stats(&f).entries, 90 - round);
	}
	for (uint64_t i = 0; i < 90; i++) {
		struct gfs_cache_entry *e = gfs_cache_peek(f.cache, i);
		assert_true(e || (i % 3 != 0 && i % 5 != 0));
		if (!e)
			continue;
		gfs_cache_set_dirty(f.cache, e, false);
		gfs_cache_put(f.cache, e);
		if (i % 5 == 0)
			gfs_cache_put(f.cache, e);
	}
	gfs_cache_set_limit(f.cache, 0);
	assert_int_equal(cache_stats(&f).entries, 0);
	gfs_cache_free(f.cache);
}

/* ---- four threads ---- */

struct worker {
	struct cache_fixture *f;
	uint64_t seed;
	pthread_t thread;
};

static void *work(void *argument)
{
	struct worker *w = argument;
	uint64_t random = w->seed;
	for (unsigned i = 0; i < 20000; i++) {
		random = gfs_mix64(random + i);
		struct item *it = cache_fetch(w->f, random % 300, 50);
		assert(it->value == gfs_mix64(random % 300));
		if (random >> 60 == 0)
			gfs_cache_set_dirty(w->f->cache, &it->entry, (random >> 40) % 2);
		gfs_cache_put(w->f->cache, &it->entry);
	}
	return NULL;
}

static void test_changed_while_in_use(void **state)
{
	(void)state;
	struct cache_fixture f;
	struct worker workers[4];
	cache_setup(&f, 16 * MIB);
	for (unsigned i = 0; i < 4; i++) {
		workers[i] = (struct worker){ .f = &f, .seed = i + 1 };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (unsigned i = 0; i < 200; i++) {
		gfs_cache_set_limit(f.cache, i % 3 * 5000);
		gfs_cache_set_enabled(f.cache, i % 2);
		cache_set_policy(&f, cache_policies[i / 4 % CACHE_POLICIES]);
		(void)cache_stats(&f); /* races with everything, and must not */
	}
	gfs_cache_set_enabled(f.cache, false);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
	struct gfs_cache_stats s = cache_stats(&f);
	assert_int_equal(s.bytes, s.dirty_bytes); /* a disabled cache: every last unpin evicted */
	gfs_cache_free(f.cache);
}

int main(void)
{
#define EACH_POLICY(test)                                                                                              \
	{ #test, test, NULL, NULL, s3fifo }, { #test, test, NULL, NULL, lru },                                             \
	{                                                                                                                  \
#test, test, NULL, NULL, clock                                                                                 \
	}
	static char s3fifo[] = "s3fifo", lru[] = "lru", clock[] = "clock"; /* a test's state is not const */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get_insert_drop),
		cmocka_unit_test(test_dropped_lives_while_pinned),
		cmocka_unit_test(test_peeked_and_counted),
		cmocka_unit_test(test_discard),
		EACH_POLICY(test_resize),
		EACH_POLICY(test_pinned_stay_and_limit_holds),
		EACH_POLICY(test_dirty_stay_until_clean),
		EACH_POLICY(test_all_dirty_costs_no_rescan),
		cmocka_unit_test(test_disabled_keeps_nothing_clean),
		cmocka_unit_test(test_shrinking_evicts_at_once),
		cmocka_unit_test(test_random_against_model),
		cmocka_unit_test(test_policies_by_name),
		cmocka_unit_test(test_policy_changes_keep_entries),
		cmocka_unit_test(test_new_policy_knows_the_limit),
		cmocka_unit_test(test_changed_while_in_use),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
