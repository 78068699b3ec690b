/* FOREACH: the right side for each item of a list. The row stays as it is. */
#include "query/op.h"

static int run_item(struct gfs_op *op, const struct gfs_batch *batch, uint32_t row, struct gfs_datum item)
{
	struct gfs_batch *unused;
	uint32_t slot = op->plan->foreach.slot;
	gfs_op_rewind(op->right);
	int err = gfs_op_make_column(op->argument, slot);
	if (err == 0)
		err = gfs_op_lend_but(op->argument, batch, row, slot);
	if (err != 0)
		return err;
	op->argument->out.columns[slot][0] = item;
	do
		err = gfs_op_next(op->right, &unused);
	while (err == 0 && unused != NULL);
	return err;
}

static int run_row(struct gfs_op *op, const struct gfs_batch *batch, uint32_t row)
{
	const struct gfs_plan_item *list = &op->plan->foreach.list;
	struct gfs_datum value;
	int err = gfs_expr_eval_row(op->exec, list->code, batch, row, &op->arena, &value);
	if (err != 0 || gfs_datum_is_null(value))
		return err;
	if (value.type != GFS_DATUM_LIST)
		return gfs_query_fail(op->exec->error, GFS_QUERY_TYPE_ERROR, GFS_QUERY_RUNTIME, "InvalidArgumentType",
			&list->expr->pos, "FOREACH wants a list and not %s", gfs_datum_type_name((enum gfs_datum_type)value.type));
	for (uint32_t i = 0; err == 0 && i < value.size; i++)
		err = run_item(op, batch, row, value.items[i]);
	return err;
}

static int next_foreach(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct gfs_batch *batch;
	int err = gfs_op_next(op->input, &batch);
	if (err != 0 || batch == NULL)
		return err;
	for (uint32_t row = 0; err == 0 && row < batch->count; row++) {
		gfs_arena_clear(&op->arena);
		err = run_row(op, batch, row);
	}
	if (err == 0)
		*ret_batch = batch;
	return err;
}

const struct gfs_op_vtable gfs_op_foreach_vtable = { .size = sizeof(struct gfs_op), .next = next_foreach };
