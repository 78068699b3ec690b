/* Walking the relationships of one node: chosen types and directions, in chunks, so that hubs need no memory. */
#ifndef GFS_QUERY_WALK_H
#define GFS_QUERY_WALK_H

#include "query/exec.h"

#define GFS_WALK_CHUNK 128u

struct gfs_walk {
	struct gfs_exec *exec;
	const struct gfs_plan_rel *rel;
	uint64_t node;
	uint64_t only; /* the other end must be this one; GFS_ID_NONE: any */
	uint8_t dir;   /* enum gfs_direction that is being read; 2: done */
	uint8_t last_dir;
	uint32_t type_at;                /* of rel->types, when there are some */
	uint32_t type;                   /* that is being read; 0: look for the next */
	uint32_t next_type;              /* when any will do: the smallest not looked at */
	bool many;                       /* nodes are walked from: chunks of adjacency may be there */
	bool dense;                      /* most nodes are: they are made at once */
	const struct gfs_adj_entry *run; /* what is being handed out: `entries`, or part of a chunk */
	struct gfs_adj_entry from;
	struct gfs_adj_entry entries[GFS_WALK_CHUNK];
	uint32_t at, count;
};

/* `turned`: against the relationship's direction. */
void gfs_walk_begin(struct gfs_walk *walk, struct gfs_exec *exec, const struct gfs_plan_rel *rel, uint64_t node,
	uint64_t only, bool turned);
/* *ret_entry NULL at the end. A loop comes once when both directions are walked. */
int gfs_walk_next(struct gfs_walk *walk, const struct gfs_adj_entry **ret_entry) GFS_CHECK;

#endif
