/* DELETE and DETACH DELETE. */
#include "query/change.h"
#include "query/op.h"

static int delete_row(struct gfs_op *op, const struct gfs_batch *batch, uint32_t row)
{
	int err = 0;
	for (uint32_t i = 0; err == 0 && i < op->plan->del.count; i++) {
		const struct gfs_plan_item *item = &op->plan->del.items[i];
		struct gfs_datum value;
		err = gfs_expr_eval_row(op->exec, item->code, batch, row, &op->arena, &value);
		if (err == 0)
			err = gfs_change_delete(op->exec, value, op->plan->del.detach, &item->expr->pos);
	}
	return err;
}

static int next_delete(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct gfs_batch *batch;
	int err = gfs_op_next(op->input, &batch);
	if (err != 0 || batch == NULL)
		return err;
	for (uint32_t row = 0; err == 0 && row < batch->count; row++) {
		gfs_arena_clear(&op->arena);
		err = delete_row(op, batch, row);
		if (err == 0)
			err = gfs_exec_tick(op->exec);
	}
	if (err == 0)
		*ret_batch = batch;
	return err;
}

const struct gfs_op_vtable gfs_op_delete_vtable = { .size = sizeof(struct gfs_op), .next = next_delete };
