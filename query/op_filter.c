/* Keeps the rows for which every predicate is true. */
#include "query/op.h"

struct filter {
	struct gfs_op op;
	struct gfs_datum *values;
	uint32_t *keep;
};

static int open_filter(struct gfs_op *op)
{
	struct filter *self = (struct filter *)op;
	uint32_t rows = op->plan->rows < 1 && op->input->out.capacity == 1 ? 1 : GFS_BATCH_ROWS;
	self->values = gfs_exec_room(op->exec, rows * sizeof *self->values);
	self->keep = gfs_exec_room(op->exec, rows * sizeof *self->keep);
	return self->values == NULL || self->keep == NULL ? gfs_exec_nomem(op->exec) : 0;
}

static int type_error(struct gfs_op *op, const struct gfs_plan_item *item, struct gfs_datum value)
{
	return gfs_query_fail(op->exec->error, GFS_QUERY_TYPE_ERROR, GFS_QUERY_RUNTIME, "InvalidArgumentType",
		&item->expr->pos, "a predicate is %s and not a boolean", gfs_datum_type_name((enum gfs_datum_type)value.type));
}

static int one_predicate(struct filter *self, const struct gfs_plan_item *item, struct gfs_batch *batch)
{
	struct gfs_op *op = &self->op;
	uint32_t count = 0;
	int err = gfs_expr_eval(op->exec, item->code, batch, &op->arena, self->values);
	for (uint32_t i = 0; err == 0 && i < batch->count; i++) {
		struct gfs_datum value = self->values[i];
		if (value.type == GFS_DATUM_BOOLEAN && value.boolean)
			self->keep[count++] = i;
		else if (value.type != GFS_DATUM_BOOLEAN && value.type != GFS_DATUM_NULL)
			err = type_error(op, item, value);
	}
	if (err == 0)
		gfs_op_compact(op, batch, self->keep, count);
	return err;
}

static int next_filter(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct filter *self = (struct filter *)op;
	struct gfs_batch *batch;
	for (;;) {
		int err = gfs_op_next(op->input, &batch);
		if (err != 0 || batch == NULL)
			return err;
		gfs_arena_clear(&op->arena);
		for (uint32_t i = 0; err == 0 && i < op->plan->list.count && batch->count != 0; i++)
			err = one_predicate(self, &op->plan->list.items[i], batch);
		if (err != 0)
			return err;
		if (batch->count != 0) {
			*ret_batch = batch;
			return 0;
		}
	}
}

const struct gfs_op_vtable gfs_op_filter_vtable = {
	.size = sizeof(struct filter), .open = open_filter, .next = next_filter
};
