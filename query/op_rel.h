/* What operators that walk relationships share. */
#ifndef GFS_QUERY_OP_REL_H
#define GFS_QUERY_OP_REL_H

#include "query/op.h"

/* The relationship is another one of the same MATCH already. */
bool gfs_op_rel_used(const struct gfs_plan_rel *rel, const struct gfs_batch *batch, uint32_t row, uint64_t id);

/* The filters of one step of a variable-length pattern. */
int gfs_op_step_passes(struct gfs_op *op, const struct gfs_batch *batch, uint32_t row, uint64_t id,
	struct gfs_arena *scratch, bool *ret_passes) GFS_CHECK;

#endif
