/* What leads to a node: breadth first from it, for patterns of variable length of which both ends are known. */
#ifndef GFS_QUERY_REACH_H
#define GFS_QUERY_REACH_H

#include "query/op.h"
#include "query/walk.h"

#include "base/map.h"

/* Relationships that two searches together look at before they give up: what is beyond is a matter of trails anyway. */
#define GFS_REACH_ARCS_MAX (UINT32_C(1) << 17)
#define GFS_REACH_NONE UINT32_MAX

struct gfs_reach_node {
	uint64_t id;
	uint32_t depth; /* its distance from the start */
	uint32_t arcs;  /* the first of those that lead from it towards the start, GFS_REACH_NONE */
};

/* A relationship that leads to a node whose relationships were all looked at, or are. */
struct gfs_reach_arc {
	uint64_t rel;
	uint32_t to;   /* index of the node */
	uint32_t next; /* from the same node; GFS_REACH_NONE */
};

/* Nodes are in order of their distance. All with a distance <= depth are known, and all arcs to those with a smaller one. */
struct gfs_reach {
	struct gfs_op *op;
	bool turned; /* goes against the relationship's direction */
	bool begun, walking;
	bool complete; /* there is nothing else that leads to the start */
	uint64_t start, epoch;
	uint64_t depth;
	struct gfs_u64map seen; /* id -> index of the node */
	struct gfs_reach_node *nodes;
	struct gfs_reach_arc *arcs;
	uint32_t node_count, node_capacity, arc_count, arc_capacity;
	uint32_t at;    /* the node that is walked from */
	uint32_t steps; /* made so far */
	struct gfs_walk walk;
	struct gfs_arena arena, scratch;
};

void gfs_reach_init(struct gfs_reach *reach, struct gfs_op *op, bool turned);
void gfs_reach_release(struct gfs_reach *reach);

/* Searches from both ends of the pattern, from the side that had less to look at so far, until one side knows all that leads to its end, or both together
 * have gone as far as the pattern goes. *ret_goal is the side to go by: trails from the other end to its start need no other ways than its own.
 * NULL: there was too much to look at. What was found from a node is used for the next row with it as well. */
int gfs_reach_search(struct gfs_reach sides[2], const uint64_t ends[2], const struct gfs_batch *batch, uint32_t row,
	struct gfs_reach **ret_goal) GFS_CHECK;

/* How far the node is from the start, or more than that: at least so far; UINT64_MAX when no way leads there. */
uint64_t gfs_reach_distance(const struct gfs_reach *reach, uint64_t node);
/* The first arc from the node towards the start; GFS_REACH_NONE. */
uint32_t gfs_reach_arcs(const struct gfs_reach *reach, uint64_t node);
/* Whether the arcs are all that a trail can take that has `left` relationships to go after them. */
static inline bool gfs_reach_covers(const struct gfs_reach *reach, uint64_t left)
{
	return reach->complete || left < reach->depth;
}

#endif
