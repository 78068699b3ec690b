/* A row for each item of a list; null gives none, anything else itself. */
#include "query/op.h"

/* Items of the lists that one batch is made of. */
#define ITEMS_MAX 4096u

struct unwind {
	struct gfs_op op;
	struct gfs_batch *batch;
	struct gfs_datum value; /* the list of the row */
	uint32_t row, item;
	bool known;     /* `value` is */
	uint64_t items; /* of lists in the arena */
};

static int open_unwind(struct gfs_op *op)
{
	return gfs_op_make_out(op, &op->plan->item.slot, 1);
}

static void rewind_unwind(struct gfs_op *op)
{
	struct unwind *self = (struct unwind *)op;
	self->batch = NULL;
	self->known = false;
}

/* One list at a time: those of a whole batch may be too much. */
static int know(struct unwind *self)
{
	struct gfs_op *op = &self->op;
	int err = gfs_expr_eval_row(op->exec, op->plan->item.code, self->batch, self->row, &op->arena, &self->value);
	self->item = 0;
	self->known = err == 0;
	if (err == 0 && self->value.type == GFS_DATUM_LIST)
		self->items += self->value.size;
	return err;
}

static void put_items(struct unwind *self)
{
	struct gfs_op *op = &self->op;
	struct gfs_datum *value = &self->value;
	const struct gfs_datum *items = value->type == GFS_DATUM_LIST ? value->items : value;
	uint32_t count = value->type == GFS_DATUM_LIST ? value->size : value->type == GFS_DATUM_NULL ? 0 : 1;
	for (; self->item < count && op->out.count < op->out.capacity; self->item++) {
		op->out.columns[op->plan->item.slot][op->out.count] = items[self->item];
		op->origin[op->out.count++] = self->row;
	}
	if (self->item == count) {
		self->known = false;
		self->row++;
	}
}

static int fill(struct unwind *self)
{
	struct gfs_op *op = &self->op;
	int err = 0;
	while (err == 0 && self->row < self->batch->count && op->out.count < op->out.capacity) {
		/* Lists that have been handed out make room before another large one. */
		if (!self->known && self->items > ITEMS_MAX)
			break;
		if (!self->known)
			err = know(self);
		if (err == 0)
			put_items(self);
	}
	return err;
}

static int next_unwind(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct unwind *self = (struct unwind *)op;
	int err = gfs_exec_tick(op->exec);
	op->out.count = 0;
	while (err == 0 && op->out.count == 0) {
		if (!self->known) {
			gfs_arena_clear(&op->arena); /* the lists in it have been handed out */
			self->items = 0;
		}
		if (self->batch == NULL) {
			self->row = 0;
			err = gfs_op_next(op->input, &self->batch);
		}
		if (err != 0 || self->batch == NULL)
			return err;
		err = fill(self);
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
