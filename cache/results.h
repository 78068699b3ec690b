/* The query layer: results and plans of queries under byte strings, each valid for as long as what it was made from is unchanged.
 *
 * Validity. An entry carries stamps: what was read (a kind and an id, which mean nothing here) and the version that it had. A look-up
 * compares them with the versions of now. One that differs makes it a miss, and the entry goes: a stale answer is impossible, as long as
 * nothing changes between the reading of versions and the use of the answer, which the caller sees to by holding the graph lock, shared or
 * not, around both.
 *
 * Admission. While there is room everything is kept. When there is none, a value must be worth its room: its cost to make again, a byte, must reach the
 * going price. That is a moving average over what was evicted for want of room, so what comes in saves at least as much time as
 * what goes out; each refusal lowers the price by a 32nd, so that what was dear once does not keep the door shut.
 * (Eviction itself is the layer's policy. Cao and Irani, "Cost-aware WWW proxy caching algorithms", USITS 1997, weigh cost and size there.)
 *
 * Values are shared: the cache has one reference, each reader has its own, and a value outlives its entry while it is read.
 *
 * Threads: any call from any thread, but for new and free. */
#ifndef GFS_CACHE_RESULTS_H
#define GFS_CACHE_RESULTS_H

#include "cache/budget.h"

struct gfs_results;

/* Embedded in the owner's object, which does not change any more. */
struct gfs_cached {
	_Atomic uint32_t refs; /* rises relaxed, falls with release, and with acquire before `free` */
	uint64_t bytes;        /* what the object takes in memory */
	/* Called by whoever gives back the last reference, under a lock of rank GFS_RANK_CACHE_SHARD: takes no lock below it. */
	void (*free)(struct gfs_cached *result);
};

/* One reference, the caller's. */
void gfs_cached_init(struct gfs_cached *result, uint64_t bytes, void (*free)(struct gfs_cached *result));
void gfs_cached_hold(struct gfs_cached *result);
/* NULL is fine. */
void gfs_cached_release(struct gfs_cached *result);

struct gfs_stamp {
	uint32_t kind, id;
	uint64_t version;
};
/* The version of now. */
typedef uint64_t (*gfs_stamp_version)(void *context, uint32_t kind, uint32_t id);

/* Opens the query layer of the budget. GFS_ERR_NOMEM. */
int gfs_results_new(struct gfs_cache_budget *budget, struct gfs_results **ret_results) GFS_CHECK;
/* References to values may still exist. NULL is fine. */
void gfs_results_free(struct gfs_results *results);

/* The value under `key`, with a reference for the caller, or NULL. Counts a hit or a miss. */
struct gfs_cached *gfs_results_get(
	struct gfs_results *results, struct gfs_slice key, gfs_stamp_version version, void *context);

struct gfs_results_item {
	struct gfs_slice key;
	const struct gfs_stamp *stamps;
	size_t stamp_count;
	uint64_t cost_ns;          /* what it took to make */
	struct gfs_cached *result; /* the cache takes a reference of its own */
};
/* Keeps it, in place of what was there under its key; key and stamps are copied. False: refused, as too large, not worth it, without memory or while
 * the layer is off. */
bool gfs_results_add(struct gfs_results *results, const struct gfs_results_item *item);

#endif
