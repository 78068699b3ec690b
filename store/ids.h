/* Which freed ids may be given out again: those that were free when the store was opened.
 *
 * A freed id is a row of GFS_KV_FREE: kind (1: node, 2: relationship), id (6, big-endian) -> one zero byte. What is kept in memory, one set
 * an open store, is which of those were freed since then (a file handle may still mean them), and a batch of ids read ahead. */
#ifndef GFS_STORE_IDS_H
#define GFS_STORE_IDS_H

#include "store/store.h"

struct gfs_ids;

/* The store's open and close call these. NULL is fine to free. */
int gfs_ids_new(struct gfs_ids **ret_ids) GFS_CHECK;
void gfs_ids_free(struct gfs_ids *ids);

#endif
