/* Walking relationships of one node after another: runs of entries that lie contiguous in memory, most of them in the index layer of the caches, where
 * gfs_rels_list would copy and look everything up again for each batch. For who holds the graph lock all the while: columns of statements that look at
 * much of the graph, a node as JSON. Operators let go of the lock every few milliseconds, and take columns and gfs_rels_list. */
#ifndef GFS_GRAPH_REL_WALK_H
#define GFS_GRAPH_REL_WALK_H

#include "graph/graph.h"
#include "index/adj_view.h"

/* Relationships of one type, ascending by (other, rel). */
struct gfs_rels_run {
	uint16_t type;
	const struct gfs_adj_entry *entries; /* until the next call on the walk */
	size_t count;                        /* > 0 */
};

enum { GFS_RELS_BATCH = GFS_ADJ_BLOCK_MAX }; /* so that a block is read once */

/* All fields are private. */
struct gfs_rels_walk {
	struct gfs_graph *graph;
	uint64_t node;
	enum gfs_direction dir;
	struct gfs_adj_view
		view;      /* kept from node to node: neighbours share one. Not to be had for damaged rows and by chains */
	bool viewed;   /* the node's is in it */
	uint16_t only; /* the type asked for; 0: every one */
	uint32_t folder, end; /* of the view: the next one, and the end */
	uint32_t type;        /* without a view: the next one, or a larger one that there is */
	uint16_t listed;      /* the type that is given in batches; 0: none */
	struct gfs_adj_entry from;
	struct gfs_adj_entry batch[GFS_RELS_BATCH];
};
#define GFS_AUTO_RELS_WALK __attribute__((cleanup(gfs_rels_walk_end))) struct gfs_rels_walk

/* Under one hold of the graph lock from init to end; the writer changes nothing in between. */
void gfs_rels_walk_init(struct gfs_rels_walk *walk, struct gfs_graph *graph);
void gfs_rels_walk_end(struct gfs_rels_walk *walk);
/* Goes to a node; one that does not exist has no relationships. `type` 0: all types, ascending. */
void gfs_rels_walk_start(struct gfs_rels_walk *walk, uint64_t node, enum gfs_direction dir, uint16_t type);
/* A type with many relationships comes in several runs. GFS_ERR_NOTFOUND at the end. */
int gfs_rels_walk_next(struct gfs_rels_walk *walk, struct gfs_rels_run *ret_run) GFS_CHECK;

#endif
