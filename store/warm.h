/* The file `warm`: ids of the pages that were in the cache at the end of the last run, to be read at the start of the next. A hint: wherever it
 * is missing, old or damaged, the cache warms up by itself. */
#ifndef GFS_STORE_WARM_H
#define GFS_STORE_WARM_H

#include "base/bytes.h"
#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

#define GFS_WARM_NAME "warm"
#define GFS_WARM_IDS_MAX (UINT64_C(1) << 17) /* a gibibyte of pages */

/* Replaces the file. `ids` is sorted in place, and an id that is in it twice counts once; at most GFS_WARM_IDS_MAX. */
int gfs_warm_write(int dir_fd, uint64_t database_id, uint64_t *ids, size_t count) GFS_CHECK;
/* The ids, ascending, to be freed by the caller. GFS_ERR_NOTFOUND without a file, GFS_ERR_CORRUPT for one that is damaged or of another
 * database. */
int gfs_warm_read(int dir_fd, uint64_t database_id, uint64_t **ret_ids, size_t *ret_count) GFS_CHECK;

#endif
