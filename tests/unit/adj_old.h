/* Rows of adjacency as databases of format 2 have them, which are read but never written. */
#ifndef GFS_TESTS_UNIT_ADJ_OLD_H
#define GFS_TESTS_UNIT_ADJ_OLD_H

#include "index/adj_private.h"

/* Replaces what is in `out`. */
void adj_old_encode(const struct gfs_adj_form *form, struct gfs_buf *out);

#endif
