/* Blobs: byte strings of up to GFS_VALUE_BYTES_MAX that are read and changed in the middle. A root page lists data pages, or, past
 * one page of them, index pages; a page that was never written is a hole that reads as zeros. */
#ifndef GFS_STORE_BLOB_H
#define GFS_STORE_BLOB_H

#include "base/buf.h"
#include "store/store.h"

/* An empty blob. Its id is the index of its root page in GFS_SPACE_BLOB, never 0. */
int gfs_blob_create(struct gfs_txn *txn, uint64_t *ret_blob_id) GFS_CHECK;
/* Frees all its pages. */
int gfs_blob_delete(struct gfs_txn *txn, uint64_t blob_id) GFS_CHECK;
int gfs_blob_size(struct gfs_store *store, uint64_t blob_id, uint64_t *ret_size) GFS_CHECK;
/* Bytes its pages take on disk (st_blocks). */
int gfs_blob_allocated(struct gfs_store *store, uint64_t blob_id, uint64_t *ret_bytes) GFS_CHECK;
/* Reads at most `size` bytes from `offset`; less only at the end. */
int gfs_blob_read(
	struct gfs_store *store, uint64_t blob_id, uint64_t offset, void *data, size_t size, size_t *ret_size) GFS_CHECK;
/* Writes, growing it as needed (a gap reads as zeros). GFS_ERR_TOOBIG past GFS_VALUE_BYTES_MAX. */
int gfs_blob_write(struct gfs_txn *txn, uint64_t blob_id, uint64_t offset, const void *data, size_t size) GFS_CHECK;
/* Grows (sparse) or shrinks; bytes past a shrink never come back. */
int gfs_blob_truncate(struct gfs_txn *txn, uint64_t blob_id, uint64_t size) GFS_CHECK;
/* Four bytes that the owner keeps with the blob (how its contents are to be read). */
int gfs_blob_tag(struct gfs_store *store, uint64_t blob_id, uint32_t *ret_tag) GFS_CHECK;
int gfs_blob_set_tag(struct gfs_txn *txn, uint64_t blob_id, uint32_t tag) GFS_CHECK;

/* For fsck: verifies the structure and calls `each` with every page index it owns (root and index pages included). */
int gfs_blob_check(struct gfs_store *store, uint64_t blob_id, int (*each)(void *context, uint64_t page_index),
	void *context, struct gfs_message *message) GFS_CHECK;
/* Calls `each` with every page index of the free chain. */
int gfs_blob_free_pages(struct gfs_store *store, int (*each)(void *context, uint64_t page_index), void *context,
	struct gfs_message *message) GFS_CHECK;

#endif
