/* One property of many nodes or relationships, best in the order of their ids: the pages that the last record and the last row were read from stay pinned, so
 * that a scan costs no look-up in any cache for most of them. Values come from the store, not from the object layer, which a scan would only
 * flush.
 *
 * Under one hold of the graph lock, from init to release. */
#ifndef GFS_GRAPH_PROP_WALK_H
#define GFS_GRAPH_PROP_WALK_H

#include "graph/graph.h"

struct gfs_prop_walk {
	struct gfs_graph *graph;
	struct gfs_page *nodes, *rels, *rows; /* pinned, or NULL */
};
#define GFS_AUTO_PROP_WALK __attribute__((cleanup(gfs_prop_walk_release))) struct gfs_prop_walk

void gfs_prop_walk_init(struct gfs_prop_walk *walk, struct gfs_graph *graph);
void gfs_prop_walk_release(struct gfs_prop_walk *walk);
/* As gfs_prop_get. */
int gfs_prop_walk_get(struct gfs_prop_walk *walk, struct gfs_entity entity, uint16_t key, struct gfs_arena *arena,
	struct gfs_value *ret_value) GFS_CHECK;

#endif
