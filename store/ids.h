/* Which freed ids may be given out again: those that were free when the ids were attached to the open store.
 *
 * A freed id is a row of GFS_KV_FREE: kind (1: node, 2: relationship), id (6, big-endian) -> one zero byte. What is kept in memory, one set
 * an open store, is which of those were freed since then (a file handle may still mean them), and a batch of ids read ahead. Without an
 * attached set no id is reused, which is always right. */
#ifndef GFS_STORE_IDS_H
#define GFS_STORE_IDS_H

#include "store/store.h"

struct gfs_ids;

/* After gfs_store_open and before gfs_store_recover. gfs_catalog_open does it. */
int gfs_ids_attach(struct gfs_store *store, struct gfs_ids **ret_ids) GFS_CHECK;
/* Once the store is used no more; it may be closed already. NULL is fine. gfs_catalog_free does it. */
void gfs_ids_detach(struct gfs_ids *ids);

#endif
