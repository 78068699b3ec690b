/* The index layer of the caches: decoded pieces of the indexes, all in one struct gfs_cache. What a piece is, and when it may be in there, is
 * said where it is made: idset_private.h, adj_view.h, key_hint.h. */
#ifndef GFS_INDEX_INDEX_CACHE_H
#define GFS_INDEX_INDEX_CACHE_H

#include "cache/cache.h"
#include "store/store.h"

/* The upper bits of a piece's key; the lower GFS_INDEX_KEY_BITS are its kind's own. */
enum gfs_index_piece { GFS_INDEX_ADJACENCY = 1, GFS_INDEX_SETS = 2, GFS_INDEX_PROPERTIES = 3, GFS_INDEX_KEYS = 4 };
enum { GFS_INDEX_KEY_BITS = 60 };

static inline uint64_t gfs_index_cache_key(enum gfs_index_piece piece, uint64_t number)
{
	return (uint64_t)piece << GFS_INDEX_KEY_BITS | number;
}

/* The head of a piece. */
struct gfs_index_entry {
	struct gfs_cache_entry entry;
	/* Frees the piece. As gfs_cache_ops.evict: under a shard's lock. */
	void (*free)(struct gfs_index_entry *piece);
};

/* The caller frees it, with gfs_cache_free, after everything that has pieces in it. */
int gfs_index_cache_open(struct gfs_store *store, struct gfs_cache **ret_cache) GFS_CHECK;
/* One by itself, in no budget: for who must not believe what the layer holds. Freed likewise. */
int gfs_index_cache_new(uint64_t limit_bytes, struct gfs_cache **ret_cache) GFS_CHECK;

#endif
