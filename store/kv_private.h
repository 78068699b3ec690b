/* What kv.c lends kv_back.c. Nobody else includes it. */
#ifndef GFS_STORE_KV_PRIVATE_H
#define GFS_STORE_KV_PRIVATE_H

#include "store/kv.h"
#include "store/memtable.h"

/* The newest first: of equal keys the first generation with it counts. */
enum gfs_kv_age { GFS_KV_CURRENT, GFS_KV_FROZEN, GFS_KV_AGE_COUNT };

struct gfs_kv_backend *gfs_kv_backend_of(const struct gfs_kv *kv);
/* NULL when there is no such generation. */
const struct gfs_memtable *gfs_kv_memtable(const struct gfs_kv *kv, enum gfs_kv_age age, enum gfs_kv_table table);
/* What a stored value holds before its sum; GFS_ERR_CORRUPT when that is wrong. */
int gfs_kv_row_open(
	enum gfs_kv_table table, struct gfs_slice key, struct gfs_slice stored, struct gfs_slice *ret_value) GFS_CHECK;

#endif
