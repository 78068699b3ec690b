/* Adjacency built anew from the records, for fsck: group by group, in any order, in the transaction of the others. What no record knows is taken over from a
 * row that can still be read: which folders were made, and all times. Under the exclusive graph lock. */
#ifndef GFS_INDEX_ADJ_REBUILD_H
#define GFS_INDEX_ADJ_REBUILD_H

#include "index/adj_view.h"

struct gfs_adj_rebuild;

/* Removes every row of the group that `first` (a multiple of GFS_ADJ_GROUP_NODES) begins. `nodes`: which of its nodes exist, the first in bit 0; of
 * others nothing is taken over. */
int gfs_adj_rebuild_begin(struct gfs_txn *txn, struct gfs_adj *adj, uint64_t first, uint32_t nodes,
	struct gfs_adj_rebuild **ret_rebuild) GFS_CHECK;
/* Some of its entries; over all calls sorted as for gfs_adj_add_sorted, and nothing but the group's. */
int gfs_adj_rebuild_add(
	struct gfs_adj_rebuild *rebuild, const struct gfs_adj_bulk_entry *entries, size_t count) GFS_CHECK;
/* Writes the row. Then, and after an error: free it. */
int gfs_adj_rebuild_end(struct gfs_adj_rebuild *rebuild) GFS_CHECK;
void gfs_adj_rebuild_free(struct gfs_adj_rebuild *rebuild); /* NULL is fine */

/* Removes rows of table ADJ that no group below `end_node` has: damaged ones, such with keys of no known form, and those of nodes from there on. */
int gfs_adj_remove_strays(struct gfs_txn *txn, struct gfs_adj *adj, uint64_t end_node) GFS_CHECK;

#endif
