/* The one mechanism under every cache layer: a sharded table of counted, pinned entries with a byte limit, an eviction policy
 * and statistics.
 *
 * An entry belongs to its layer (the page layer embeds it in a frame). The cache knows its key, its charge in bytes and its
 * state: pinned entries and dirty entries are never evicted. The policy that chooses what to evict sits behind
 * struct gfs_cache_policy, one file each: S3-FIFO unless told otherwise, LRU, CLOCK.
 *
 * Locks: one mutex a shard (GFS_RANK_CACHE_SHARD), held for a look-up, an insertion or one eviction sweep, never across I/O or
 * a callback other than `evict`. `pins` is changed under the shard's lock when it rises from 0, atomically otherwise. */
#ifndef GFS_CACHE_CACHE_H
#define GFS_CACHE_CACHE_H

#include "base/bytes.h"
#include "base/error.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gfs_cache;
struct gfs_cache_policy;

/* Embedded in the owner's object. All fields belong to the cache. */
struct gfs_cache_entry {
	uint64_t key;
	struct gfs_cache_entry *hash_next;
	struct gfs_cache_entry *queue_prev, *queue_next;
	uint32_t bytes;
	_Atomic uint32_t pins; /* falls with release, and is read with acquire before an eviction */
	_Atomic bool dirty;    /* changed under the shard's lock; relaxed outside of it */
	_Atomic uint8_t hits;  /* capped at 3: the policy's memory of use; relaxed, under the shard's lock */
	uint8_t queue;
	uint32_t stamp; /* the policy's: when it came in, or a hit counted last */
};

struct gfs_cache_ops {
	/* Frees an entry that was evicted, dropped or refused: unpinned, clean, out of the table. Called under the shard's lock:
	 * must not call the cache nor take a lock of lower rank. */
	void (*evict)(void *context, struct gfs_cache_entry *entry);
	void *context;
};

struct gfs_cache_stats {
	uint64_t hits, misses, insertions, evictions;
	uint64_t bytes, dirty_bytes, limit_bytes;
	uint64_t entries;
	bool enabled;
	const char *policy;
};

/* `name` lives for ever ("page"). Shards: a power of two chosen by the cache from the limit. */
int gfs_cache_new(
	const char *name, const struct gfs_cache_ops *ops, uint64_t limit_bytes, struct gfs_cache **ret_cache) GFS_CHECK;
/* Every entry must be unpinned; dirty ones are evicted too. NULL is fine. */
void gfs_cache_free(struct gfs_cache *cache);

/* The entry under `key`, pinned, or NULL (a miss). Counts. */
struct gfs_cache_entry *gfs_cache_get(struct gfs_cache *cache, uint64_t key);
/* As gfs_cache_get, but counts nothing and does not tell the policy: for checkpoints and scans. */
struct gfs_cache_entry *gfs_cache_peek(struct gfs_cache *cache, uint64_t key);
/* For an owner that peeks and then decides: counts a hit of the pinned entry and tells the policy, or, of NULL, a miss. */
void gfs_cache_count(struct gfs_cache *cache, uint64_t key, struct gfs_cache_entry *entry);

/* Puts the caller's new entry in, pinned once. When another thread was first, the caller's is left alone and the other's is
 * returned, pinned: the caller frees its own. Evicts clean unpinned entries while over the limit; when nothing can be evicted
 * the cache grows past its limit rather than fail. */
struct gfs_cache_entry *gfs_cache_insert(
	struct gfs_cache *cache, struct gfs_cache_entry *entry, uint64_t key, uint32_t bytes);

/* Gives a pin back. A clean entry of a disabled cache is evicted at its last unpin. */
void gfs_cache_put(struct gfs_cache *cache, struct gfs_cache_entry *entry);

/* Dirty entries stay until they are clean; cleaning one evicts others while the cache is over its limit. The caller holds a pin. */
void gfs_cache_set_dirty(struct gfs_cache *cache, struct gfs_cache_entry *entry, bool dirty);

/* Charges other bytes for an entry from now on; it then competes like a new one. The caller holds a pin. */
void gfs_cache_resize(struct gfs_cache *cache, struct gfs_cache_entry *entry, uint32_t bytes);

/* Takes an entry that the caller has pinned out of the cache, dirty or not, and gives that pin back. It is evicted with the last pin; nobody
 * finds it any more. */
void gfs_cache_drop(struct gfs_cache *cache, struct gfs_cache_entry *entry);

/* Takes the entry under `key` out, if there is one, and evicts it, dirty or not; no pin may exist. */
void gfs_cache_discard(struct gfs_cache *cache, uint64_t key);

/* At any time, in use or not: shrinking evicts at once what it may; disabling evicts every clean unpinned entry and keeps nothing
 * clean from then on. */
void gfs_cache_set_limit(struct gfs_cache *cache, uint64_t limit_bytes);
/* An entry of more than that would push out most of its shard. */
uint64_t gfs_cache_entry_bytes_max(const struct gfs_cache *cache);
void gfs_cache_set_enabled(struct gfs_cache *cache, bool enabled);
bool gfs_cache_is_enabled(const struct gfs_cache *cache);
uint64_t gfs_cache_limit(const struct gfs_cache *cache);
/* Changes how victims are chosen; whatever is in the cache stays. Two at a time may leave shards with either. GFS_ERR_NOMEM: as before. */
int gfs_cache_set_policy(struct gfs_cache *cache, const struct gfs_cache_policy *policy) GFS_CHECK;
/* Keys of entries, those with hits that count first; returns how many, at most `max`. Of entries that others use meanwhile some may come twice, or
 * not at all. */
size_t gfs_cache_keys(struct gfs_cache *cache, uint64_t *keys, size_t max);
void gfs_cache_stats_get(struct gfs_cache *cache, struct gfs_cache_stats *ret_stats);

/* "s3fifo", "lru" or "clock"; NULL for any other name. */
const struct gfs_cache_policy *gfs_cache_policy_find(struct gfs_slice name);
const char *gfs_cache_policy_name(const struct gfs_cache_policy *policy);

#endif
