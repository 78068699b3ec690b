/* What a transaction must take back when it is aborted: a stack of records, undone in reverse. Not thread-safe: it belongs to
 * the one writer. */
#ifndef GFS_STORE_UNDO_H
#define GFS_STORE_UNDO_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct gfs_undo;

/* `data` points at the record's own bytes (8-aligned). Must not fail: it only restores memory. */
typedef void (*gfs_undo_fn)(void *context, void *data, size_t size);

int gfs_undo_new(struct gfs_undo **ret_undo) GFS_CHECK;
void gfs_undo_free(struct gfs_undo *undo);

/* Room for a record of `size` bytes, to be filled by the caller before it changes anything: gfs_undo_push returns 0 and the bytes in
 * *ret_data, or GFS_ERR_NOMEM, after which the caller must change nothing. */
int gfs_undo_push(struct gfs_undo *undo, gfs_undo_fn fn, void *context, size_t size, void **ret_data) GFS_CHECK;

/* Undoes everything pushed after `mark`, newest first. */
size_t gfs_undo_mark(const struct gfs_undo *undo);
void gfs_undo_rollback(struct gfs_undo *undo, size_t mark);

/* Memory that the records take, about. */
size_t gfs_undo_bytes(const struct gfs_undo *undo);

/* Forgets everything (a commit); keeps some memory. */
void gfs_undo_clear(struct gfs_undo *undo);

#endif
