/* Ids that come in ascending order, and which of them an id is: the first is 1. A quarter of a byte an id in memory. */
#ifndef GFS_GRAPH_RANKS_H
#define GFS_GRAPH_RANKS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero: empty. */
struct gfs_ranks {
	struct gfs_ranks_word *words;
	size_t word_count, capacity;
	uint64_t count;
};

void gfs_ranks_release(struct gfs_ranks *ranks);
/* `id` is above all before it. *ret_rank: the new count. GFS_ERR_NOMEM. */
int gfs_ranks_add(struct gfs_ranks *ranks, uint64_t id, uint64_t *ret_rank) GFS_CHECK;
/* False: it was not added. */
bool gfs_ranks_find(const struct gfs_ranks *ranks, uint64_t id, uint64_t *ret_rank);

#endif
