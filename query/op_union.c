/* The rows of several trees one after the other, their columns under common slots. */
#include "query/op.h"

struct parts {
	struct gfs_op op;
	struct gfs_op **parts;
	struct gfs_batch *batch; /* of the input */
	uint32_t row, part;
	bool running;
};

static int open_union(struct gfs_op *op)
{
	struct parts *self = (struct parts *)op;
	int err = gfs_op_make_out(op, op->plan->join.out.ids, op->plan->join.out.count);
	self->parts = gfs_exec_alloc(op->exec, op->plan->join.count * sizeof(struct gfs_op *));
	if (self->parts == NULL)
		return gfs_exec_nomem(op->exec);
	for (uint32_t i = 0; err == 0 && i < op->plan->join.count; i++)
		err = gfs_op_make(op->exec, op->plan->join.parts[i], &self->parts[i]);
	return err;
}

static void rewind_union(struct gfs_op *op)
{
	struct parts *self = (struct parts *)op;
	self->batch = NULL;
	self->part = 0;
	self->running = false;
}

static int start_part(struct parts *self)
{
	struct gfs_op *part = self->parts[self->part];
	gfs_op_rewind(part);
	self->running = true;
	return gfs_op_lend(gfs_op_argument(part), self->batch, self->row);
}

static void end_part(struct parts *self)
{
	self->running = false;
	if (++self->part < self->op.plan->join.count)
		return;
	self->part = 0;
	if (++self->row == self->batch->count)
		self->batch = NULL;
}

/* The part's columns are lent: its batch lives until it is asked again. */
static void show(struct parts *self, const struct gfs_batch *from)
{
	struct gfs_op *op = &self->op;
	const struct gfs_slots *columns = &op->plan->join.columns[self->part];
	op->out.count = from->count;
	for (uint32_t i = 0; i < op->plan->join.out.count; i++)
		memcpy(op->out.columns[op->plan->join.out.ids[i]], from->columns[columns->ids[i]],
			from->count * sizeof(struct gfs_datum));
}

static int next_union(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct parts *self = (struct parts *)op;
	for (;;) {
		struct gfs_batch *from = NULL;
		int err = 0;
		if (self->batch == NULL) {
			self->row = 0;
			err = gfs_op_next(op->input, &self->batch);
			if (err != 0 || self->batch == NULL)
				return err;
		}
		if (!self->running)
			err = start_part(self);
		if (err == 0)
			err = gfs_op_next(self->parts[self->part], &from);
		if (err != 0)
			return err;
		if (from != NULL) {
			show(self, from);
			*ret_batch = &op->out;
			return 0;
		}
		end_part(self);
	}
}

const struct gfs_op_vtable gfs_op_union_vtable = {
	.size = sizeof(struct parts), .open = open_union, .next = next_union, .rewind = rewind_union
};
