/* A row for each item of a list; null gives none, anything else itself. */
#include "query/op.h"

struct unwind {
	struct gfs_op op;
	struct gfs_batch *batch;
	struct gfs_datum *values;
	uint32_t row, item;
};

static int open_unwind(struct gfs_op *op)
{
	struct unwind *self = (struct unwind *)op;
	self->values = gfs_exec_alloc(op->exec, GFS_BATCH_ROWS * sizeof *self->values);
	if (self->values == NULL)
		return gfs_exec_nomem(op->exec);
	return gfs_op_make_out(op, &op->plan->item.slot, 1);
}

static void rewind_unwind(struct gfs_op *op)
{
	((struct unwind *)op)->batch = NULL;
}

static int take_batch(struct unwind *self)
{
	struct gfs_op *op = &self->op;
	self->row = self->item = 0;
	gfs_arena_clear(&op->arena);
	int err = gfs_op_next(op->input, &self->batch);
	if (err == 0 && self->batch != NULL)
		err = gfs_expr_eval(op->exec, op->plan->item.code, self->batch, &op->arena, self->values);
	return err;
}

static void put_items(struct unwind *self)
{
	struct gfs_op *op = &self->op;
	struct gfs_datum *value = &self->values[self->row];
	const struct gfs_datum *items = value->type == GFS_DATUM_LIST ? value->items : value;
	uint32_t count = value->type == GFS_DATUM_LIST ? value->size : value->type == GFS_DATUM_NULL ? 0 : 1;
	for (; self->item < count && op->out.count < op->out.capacity; self->item++) {
		op->out.columns[op->plan->item.slot][op->out.count] = items[self->item];
		op->origin[op->out.count++] = self->row;
	}
	if (self->item == count) {
		self->item = 0;
		self->row++;
	}
}

static int next_unwind(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct unwind *self = (struct unwind *)op;
	int err = gfs_exec_tick(op->exec);
	op->out.count = 0;
	while (err == 0 && op->out.count == 0) {
		if (self->batch == NULL)
			err = take_batch(self);
		if (err != 0 || self->batch == NULL)
			return err;
		while (self->row < self->batch->count && op->out.count < op->out.capacity)
			put_items(self);
		gfs_op_gather(op, self->batch);
		if (self->row == self->batch->count)
			self->batch = NULL;
	}
	if (err == 0)
		*ret_batch = &op->out;
	return err;
}

const struct gfs_op_vtable gfs_op_unwind_vtable = {
	.size = sizeof(struct unwind), .open = open_unwind, .next = next_unwind, .rewind = rewind_unwind
};
