/* A group of decoded adjacency (index/adj_view.h), made from rows. */
#ifndef GFS_INDEX_ADJ_GROUP_H
#define GFS_INDEX_ADJ_GROUP_H

#include "index/adj_private.h"
#include "index/adj_view.h"
#include "index/index_cache.h"

struct gfs_adj_small_side {
	uint16_t first_folder; /* the next one's says how many it has */
	uint16_t number;       /* of the group: its time */
};

/* One direction: what a walk in it reads lies together, folders and then entries, in the same allocation as the group. */
struct gfs_adj_half {
	struct gfs_adj_small_folder *folders;
	struct gfs_adj_entry *entries;
	size_t bytes;                                             /* of both */
	struct gfs_adj_small_side sides[GFS_ADJ_GROUP_NODES + 1]; /* one behind the last */
};

struct gfs_adj_group {
	struct gfs_index_entry piece;
	uint64_t number; /* ids >> GFS_ADJ_GROUP_BITS */
	size_t bytes;
	bool is_own;                   /* of one view, and not in the cache */
	uint64_t *numbers;             /* 0, the times in it, mostly one and the same, and counts; in the same allocation */
	struct gfs_adj_half halves[2]; /* by direction */
};

/* Reads the rows of a group. Freed with free(3). GFS_ERR_CORRUPT, GFS_ERR_LIMIT, GFS_ERR_NOMEM or a failure of the store. */
int gfs_adj_group_read(struct gfs_store *store, uint64_t number, struct gfs_adj_group **ret_group) GFS_CHECK;

/* Takes a group out of the cache (V3). */
void gfs_adj_group_drop(struct gfs_adj *adj, uint64_t number);

#endif
