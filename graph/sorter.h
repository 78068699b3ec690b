/* Sorting of more triples of numbers than fit in memory: those at hand are sorted and written as a run to an unlinked file of the database's folder
 * whenever the caller says so; the merge reads all runs side by side (Knuth, TAOCP 3, 5.4). Not thread-safe. */
#ifndef GFS_GRAPH_SORTER_H
#define GFS_GRAPH_SORTER_H

#include "store/store.h"

/* Ordered by the first word, then the second, then the third. */
struct gfs_triple {
	uint64_t word[3];
};

struct gfs_sorter_run {
	uint64_t offset; /* in the file */
	size_t count;
};

/* All zero but for `store`: empty. */
struct gfs_sorter {
	struct gfs_store *store; /* whose folder the file is made in */
	struct gfs_triple *items;
	size_t count, capacity;
	struct gfs_sorter_run *runs;
	size_t run_count, run_capacity;
	int fd; /* valid while run_count is not 0 */
	uint64_t file_bytes;
};

/* Gives memory and file back; empty after that. */
void gfs_sorter_release(struct gfs_sorter *sorter);
/* Appends to `items`. GFS_ERR_NOMEM. */
int gfs_sorter_add(struct gfs_sorter *sorter, struct gfs_triple item) GFS_CHECK;
/* Moves the items to a run of their own. Takes as much memory again meanwhile. */
int gfs_sorter_write_run(struct gfs_sorter *sorter) GFS_CHECK;
/* Forgets all runs, and the file's contents. */
void gfs_sorter_drop_runs(struct gfs_sorter *sorter);

/* Everything that a sorter has, in order. The sorter does not change meanwhile. */
struct gfs_merge;
/* Runs from `first_run` on, and a sorted copy of the items from `first_item` on. */
int gfs_merge_begin(
	const struct gfs_sorter *sorter, size_t first_run, size_t first_item, struct gfs_merge **ret_merge) GFS_CHECK;
/* GFS_ERR_NOTFOUND at the end. */
int gfs_merge_next(struct gfs_merge *merge, struct gfs_triple *ret_item) GFS_CHECK;
void gfs_merge_end(struct gfs_merge *merge); /* NULL is fine */

#endif
