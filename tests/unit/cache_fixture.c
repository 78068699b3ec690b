#include "cache_fixture.h"

#include "base/hash.h"

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

const char *const cache_policies[CACHE_POLICIES] = { "s3fifo", "lru", "clock" };

static void evict(void *context, struct gfs_cache_entry *entry)
{
	struct cache_fixture *f = context;
	assert_int_equal(atomic_load(&entry->pins), 0);
	atomic_fetch_add_explicit(&f->evicted, 1, memory_order_relaxed);
	free(entry);
}

void cache_setup(struct cache_fixture *f, uint64_t limit_bytes)
{
	struct gfs_cache_ops ops = { .evict = evict, .context = f };
	atomic_init(&f->evicted, 0);
	assert_int_equal(gfs_cache_new("test", &ops, limit_bytes, &f->cache), 0);
}

void cache_set_policy(struct cache_fixture *f, const char *name)
{
	const struct gfs_cache_policy *policy = gfs_cache_policy_find(gfs_slice_text(name));
	assert_non_null(policy);
	assert_int_equal(gfs_cache_set_policy(f->cache, policy), 0);
}

struct gfs_cache_stats cache_stats(struct cache_fixture *f)
{
	struct gfs_cache_stats stats;
	gfs_cache_stats_get(f->cache, &stats);
	return stats;
}

struct item *cache_fetch(struct cache_fixture *f, uint64_t key, uint32_t bytes)
{
	struct gfs_cache_entry *e = gfs_cache_get(f->cache, key);
	if (e)
		return (struct item *)e;
	struct item *fresh = malloc(sizeof *fresh);
	assert(fresh);
	fresh->value = gfs_mix64(key);
	e = gfs_cache_insert(f->cache, &fresh->entry, key, bytes);
	if (e != &fresh->entry)
		free(fresh);
	return (struct item *)e;
}

bool cache_touch(struct cache_fixture *f, uint64_t key, uint32_t bytes)
{
	uint64_t misses = cache_stats(f).misses;
	gfs_cache_put(f->cache, &cache_fetch(f, key, bytes)->entry);
	return cache_stats(f).misses == misses;
}
