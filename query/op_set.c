/* SET and REMOVE. */
#include "query/change.h"
#include "query/op.h"

static int change_row(struct gfs_op *op, const struct gfs_batch *batch, uint32_t row)
{
	bool sets = op->plan->kind == GFS_PLAN_SET;
	int err = 0;
	for (uint32_t i = 0; err == 0 && i < op->plan->set.count; i++) {
		const struct gfs_plan_set *item = &op->plan->set.items[i];
		err = sets ? gfs_change_set(op->exec, item, batch, row, &op->arena)
				   : gfs_change_remove(op->exec, item, batch, row, &op->arena);
	}
	return err;
}

static int next_set(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct gfs_batch *batch;
	int err = gfs_op_next(op->input, &batch);
	if (err != 0 || batch == NULL)
		return err;
	for (uint32_t row = 0; err == 0 && row < batch->count; row++) {
		gfs_arena_clear(&op->arena);
		err = change_row(op, batch, row);
		if (err == 0)
			err = gfs_exec_tick(op->exec);
	}
	if (err == 0)
		*ret_batch = batch;
	return err;
}

const struct gfs_op_vtable gfs_op_set_vtable = { .size = sizeof(struct gfs_op), .next = next_set };
