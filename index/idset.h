/* Sets of ids: which nodes carry a label, which relationships have a type. Compressed bitmaps (CRoaring), one a set, in chunks of 65,536
 * ids under 48 high bits; chunks are decoded when needed, kept in the index layer of the caches, and written back at checkpoints.
 *
 * Callers hold the graph lock: shared to look, exclusive to change. Listing a set's chunks takes the module's own mutex (GFS_RANK_INDEX). */
#ifndef GFS_INDEX_IDSET_H
#define GFS_INDEX_IDSET_H

#include "base/error.h"
#include "store/store.h"

struct gfs_cache;
struct gfs_idsets;

enum gfs_idset_kind { GFS_IDSET_LABEL = 1, GFS_IDSET_TYPE = 2 };

/* `cache`: the index layer's. Store and cache outlive the sets. */
int gfs_idsets_open(struct gfs_store *store, struct gfs_cache *cache, struct gfs_idsets **ret_sets) GFS_CHECK;
void gfs_idsets_free(struct gfs_idsets *sets);
/* Writes what changed, `max` chunks of it at most, under the exclusive lock; takes those written off *max. */
int gfs_idsets_before_freeze(struct gfs_idsets *sets, struct gfs_store *store, size_t *max) GFS_CHECK;
/* Bytes of what that would write all of. With or without the lock. */
uint64_t gfs_idsets_dirty_bytes(const struct gfs_idsets *sets);

/* GFS_ERR_EXISTS when it was there. */
int gfs_idset_add(
	struct gfs_txn *txn, struct gfs_idsets *sets, enum gfs_idset_kind kind, uint16_t set, uint64_t id) GFS_CHECK;
/* GFS_ERR_NOTFOUND when it was not. */
int gfs_idset_remove(
	struct gfs_txn *txn, struct gfs_idsets *sets, enum gfs_idset_kind kind, uint16_t set, uint64_t id) GFS_CHECK;
/* *ret_has: true or false. */
int gfs_idset_contains(
	struct gfs_idsets *sets, enum gfs_idset_kind kind, uint16_t set, uint64_t id, bool *ret_has) GFS_CHECK;

/* Up to `max` ids >= from, ascending, into ids[]; *ret_count 0 at the end. */
int gfs_idset_list(struct gfs_idsets *sets, enum gfs_idset_kind kind, uint16_t set, uint64_t from, uint64_t *ids,
	size_t max, size_t *ret_count) GFS_CHECK;
/* Counts by the bitmaps themselves (the catalog knows the number at once; this is for fsck). */
int gfs_idset_count(struct gfs_idsets *sets, enum gfs_idset_kind kind, uint16_t set, uint64_t *ret_count) GFS_CHECK;
/* Forgets every set (an index rebuild starts so). GFS_ERR_INVALID when the transaction has changed something before. */
int gfs_idsets_clear(struct gfs_txn *txn, struct gfs_idsets *sets) GFS_CHECK;

#endif
