/* Constraints: what all nodes with a label keep to. Three forms: a property is unique, which is a unique index (graph/index.h); a property is required,
 * that is, every node with the label has it, whatever its value; or both, a node key, which is a unique index too.
 *
 * A required property is asked for when a transaction ends, not when it changes something: a node may get its label first and its property later. The
 * empty string is a value. One whose nodes are still being looked through is kept already; one that FAILED asks for nothing.
 *
 * A constraint is made, waited for (gfs_index_wait), kept on disk and dropped (gfs_index_drop) as an index is, and shares ids and names with them.
 *
 * Looking needs the graph lock, as everything in graph/graph.h. */
#ifndef GFS_GRAPH_CONSTRAINT_H
#define GFS_GRAPH_CONSTRAINT_H

#include "graph/index.h"

/* Makes one that is unique, required or both. Errors and building as of gfs_index_create; GFS_ERR_EXISTS also when an index is in the way. */
int gfs_constraint_create(struct gfs_tx *tx, uint16_t label, uint16_t key, bool unique, bool required,
	struct gfs_slice name, uint16_t *ret_id) GFS_CHECK;
/* The one with the smallest id >= from; GFS_ERR_NOTFOUND past the last. Of one that is not unique, entries and distinct are 0. */
int gfs_constraint_next(struct gfs_graph *graph, unsigned from, struct gfs_index_info *ret_info) GFS_CHECK;
/* Of just this form. GFS_ERR_NOTFOUND. */
int gfs_constraint_find(struct gfs_graph *graph, uint16_t label, uint16_t key, bool unique, bool required,
	struct gfs_index_info *ret_info) GFS_CHECK;

#endif
