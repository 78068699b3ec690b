/* Adds columns to its input's rows. */
#include "query/op.h"

static int make_columns(struct gfs_op *op, uint32_t capacity)
{
	int err = 0;
	if (op->out.capacity >= capacity)
		return 0;
	op->out.capacity = capacity;
	for (uint32_t i = 0; err == 0 && i < op->plan->list.count; i++) {
		op->out.columns[op->plan->list.items[i].slot] = NULL;
		err = gfs_op_make_column(op, op->plan->list.items[i].slot);
	}
	return err;
}

static int next_project(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct gfs_batch *batch;
	int err = gfs_op_next(op->input, &batch);
	if (err != 0 || batch == NULL)
		return err;
	gfs_arena_clear(&op->arena);
	err = make_columns(op, batch->capacity);
	for (uint32_t i = 0; err == 0 && i < op->plan->list.count; i++) {
		const struct gfs_plan_item *item = &op->plan->list.items[i];
		err = gfs_expr_eval(op->exec, item->code, batch, &op->arena, op->out.columns[item->slot]);
	}
	/* Only now: an expression may read the column that another item is named after. */
	for (uint32_t i = 0; err == 0 && i < op->plan->list.count; i++)
		batch->columns[op->plan->list.items[i].slot] = op->out.columns[op->plan->list.items[i].slot];
	if (err == 0)
		*ret_batch = batch;
	return err;
}

const struct gfs_op_vtable gfs_op_project_vtable = { .size = sizeof(struct gfs_op), .next = next_project };
