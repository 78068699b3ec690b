/* What an eviction policy is to the cache: one state per shard and this table of calls. Adding a policy is adding one file with
 * one table (and its name here and in policy.c).
 *
 * Every call happens under the shard's lock, so a state needs none of its own. A policy links entries through queue_prev and
 * queue_next, remembers use in `hits` and `stamp` and notes in `queue` where the entry is; it never frees, pins or dirties. */
#ifndef GFS_CACHE_POLICY_H
#define GFS_CACHE_POLICY_H

#include "cache/cache.h"

struct gfs_cache_policy {
	const char *name;
	int (*state_new)(void **ret_state) GFS_CHECK;
	void (*state_free)(void *state); /* entries are not touched; NULL is fine */
	/* The shard's limit; before the first insertion and whenever it changes. */
	void (*limit)(void *state, uint64_t limit_bytes);
	void (*insert)(void *state, struct gfs_cache_entry *entry);
	void (*hit)(void *state, struct gfs_cache_entry *entry);
	/* The entry leaves for a reason that says nothing about its worth: dropped, or the cache is disabled. */
	void (*remove)(void *state, struct gfs_cache_entry *entry);
	/* An entry became clean: when `victim` had set it aside, it competes again. */
	void (*cleaned)(void *state, struct gfs_cache_entry *entry);
	/* Chooses a clean unpinned entry and forgets it, or NULL when a bounded sweep found none. Amortised O(1): a dirty entry is met
	 * once and set aside until `cleaned`; after GFS_CACHE_SKIPS_MAX pinned ones the sweep gives up and goes on there next time. */
	struct gfs_cache_entry *(*victim)(void *state);
};

enum { GFS_CACHE_SKIPS_MAX = 64 };

extern const struct gfs_cache_policy gfs_cache_s3fifo, gfs_cache_lru, gfs_cache_clock;

#endif
