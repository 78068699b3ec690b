/* Pages for blobs, from the free chain or new. Private to store/blob*.c.
 *
 * Free pages hang on trunk pages of kind GFS_PAGE_FREE, so that freeing a long blob changes a few trunks and none of its pages:
 *   0 8 the next trunk (0: none)   8 4 entries   12 4 zero   16 8 each: entries, indexes of free pages (of any kind)
 * GFS_COUNTER_BLOB_FREE is the first trunk. A trunk without entries is itself the next page to be taken. */
#ifndef GFS_STORE_BLOB_ALLOC_H
#define GFS_STORE_BLOB_ALLOC_H

#include "store/store.h"

#define GFS_BLOB_TRUNK_HEADER_SIZE 16u
#define GFS_BLOB_TRUNK_ENTRIES_MAX ((GFS_PAGE_PAYLOAD_SIZE - GFS_BLOB_TRUNK_HEADER_SIZE) / 8)

static inline uint64_t gfs_blob_page_id(uint64_t index)
{
	return GFS_PAGE_ID(GFS_SPACE_BLOB, index);
}

/* Whether an index read from disk may be followed: pages of the space are 1 to GFS_COUNTER_BLOB_PAGES. */
static inline bool gfs_blob_index_valid(const struct gfs_store *store, uint64_t index)
{
	return index != 0 && index <= gfs_store_counter(store, GFS_COUNTER_BLOB_PAGES);
}

/* A zero page of `kind`, pinned. */
int gfs_blob_page_alloc(
	struct gfs_txn *txn, enum gfs_page_kind kind, uint64_t *ret_index, struct gfs_page **ret_page) GFS_CHECK;
/* The caller holds no pin on it. */
int gfs_blob_page_free(struct gfs_txn *txn, uint64_t index) GFS_CHECK;

#endif
