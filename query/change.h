/* What statements do to the graph: one entity or property at a time, with counts and errors in openCypher's terms. Shared by the operators that write. */
#ifndef GFS_QUERY_CHANGE_H
#define GFS_QUERY_CHANGE_H

#include "query/exec.h"

/* Makes the node or relationship of `entity` for a row of a batch; relationships find their ends in the row. Values in `arena`. */
int gfs_change_create(struct gfs_exec *exec, const struct gfs_plan_entity *entity, const struct gfs_batch *batch,
	uint32_t row, struct gfs_arena *arena, struct gfs_datum *ret_made) GFS_CHECK;
/* An item of SET or REMOVE. */
int gfs_change_set(struct gfs_exec *exec, const struct gfs_plan_set *set, const struct gfs_batch *batch, uint32_t row,
	struct gfs_arena *arena) GFS_CHECK;
int gfs_change_remove(struct gfs_exec *exec, const struct gfs_plan_set *set, const struct gfs_batch *batch,
	uint32_t row, struct gfs_arena *arena) GFS_CHECK;
/* Relationships at once; nodes when nothing is attached to them any more, at the latest by gfs_change_finish. Null is nothing; a path is all that it
 * has. */
int gfs_change_delete(
	struct gfs_exec *exec, struct gfs_datum what, bool detach, const struct gfs_query_pos *pos) GFS_CHECK;
/* Nodes that still wait for their relationships to go: ConstraintVerificationFailed when some have not. */
int gfs_change_finish(struct gfs_exec *exec) GFS_CHECK;

#endif
