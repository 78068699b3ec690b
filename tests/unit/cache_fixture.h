/* A cache of items that know their key, for the tests of the cache. */
#ifndef GFS_TESTS_CACHE_FIXTURE_H
#define GFS_TESTS_CACHE_FIXTURE_H

#include "cache/cache.h"

#define MIB (UINT64_C(1) << 20)

struct item {
	struct gfs_cache_entry entry; /* first */
	uint64_t value;               /* of the key, mixed */
};

struct cache_fixture {
	struct gfs_cache *cache;
	_Atomic uint64_t evicted; /* relaxed: a count */
};

/* The names of all policies. */
enum { CACHE_POLICIES = 3 };
extern const char *const cache_policies[CACHE_POLICIES];

void cache_setup(struct cache_fixture *f, uint64_t limit_bytes);
void cache_set_policy(struct cache_fixture *f, const char *name);
struct gfs_cache_stats cache_stats(struct cache_fixture *f);

/* The entry of the key, inserted when it misses; pinned. */
struct item *cache_fetch(struct cache_fixture *f, uint64_t key, uint32_t bytes);
/* Fetches and puts; whether it was there. For one thread. */
bool cache_touch(struct cache_fixture *f, uint64_t key, uint32_t bytes);

#endif
