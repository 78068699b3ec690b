/* The heap: property rows of any size in slotted pages, addressed by a row id that changes only when the row moves.
 *
 * A row id is page index << 12 | slot (never 0). A row longer than a page's room is kept in a blob and its slot holds the blob's id:
 * callers do not see the difference. Free space is found through the free-space map (store/fsm.h). */
#ifndef GFS_STORE_HEAP_H
#define GFS_STORE_HEAP_H

#include "base/buf.h"
#include "store/store.h"

/* A row of 1 or more bytes. */
int gfs_heap_insert(struct gfs_txn *txn, struct gfs_slice row, uint64_t *ret_row_id) GFS_CHECK;
/* Replaces; the row may move. */
int gfs_heap_update(struct gfs_txn *txn, uint64_t row_id, struct gfs_slice row, uint64_t *ret_row_id) GFS_CHECK;
int gfs_heap_delete(struct gfs_txn *txn, uint64_t row_id) GFS_CHECK;
/* Appends the row to `out`. GFS_ERR_CORRUPT for a row id that names nothing. */
int gfs_heap_read(struct gfs_store *store, uint64_t row_id, struct gfs_buf *out) GFS_CHECK;
/* Without a copy: on 0 *ret_row lies in the page *ret_page, pinned until gfs_page_put. A row kept in a blob is GFS_ERR_TOOBIG: use
 * gfs_heap_read for it. */
int gfs_heap_peek(
	struct gfs_store *store, uint64_t row_id, struct gfs_page **ret_page, struct gfs_slice *ret_row) GFS_CHECK;

/* The same for many rows, best in order: the page stays pinned in *near (NULL at first), to be given back in the end. */
int gfs_heap_peek_near(
	struct gfs_store *store, struct gfs_page **near, uint64_t row_id, struct gfs_slice *ret_row) GFS_CHECK;

/* Verifies one heap page (for fsck): slots in bounds, no overlap, accounting right. Calls `each` for every row. */
int gfs_heap_check_page(struct gfs_store *store, uint64_t page_index,
	int (*each)(void *context, uint64_t row_id, uint64_t blob_id), void *context,
	struct gfs_message *message) GFS_CHECK;

#endif
