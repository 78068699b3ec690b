/* The top of a plan: rows as they are, or none at all. */
#include "query/op.h"

static int next_result(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	return gfs_op_next(op->input, ret_batch);
}

static int next_drain(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct gfs_batch *batch;
	int err;
	(void)ret_batch; /* there is nothing to give */
	do
		err = gfs_op_next(op->input, &batch);
	while (err == 0 && batch != NULL);
	return err;
}

const struct gfs_op_vtable gfs_op_result_vtable = { .size = sizeof(struct gfs_op), .next = next_result };
const struct gfs_op_vtable gfs_op_drain_vtable = { .size = sizeof(struct gfs_op), .next = next_drain };
