/* Property indexes against what the records say. */
#ifndef GFS_TESTS_UNIT_INDEX_CHECK_H
#define GFS_TESTS_UNIT_INDEX_CHECK_H

#include "graph/index.h"

/* Waits for every index and compares it, walked in every way, with all nodes. Takes the shared lock. The number of entries looked at. */
uint64_t require_indexes(struct gfs_graph *graph);

#endif
