/* Takes all rows of its input before it gives the first: what comes after cannot change what is still to be read. */
#include "query/op.h"

#include "base/checked.h"

struct eager {
	struct gfs_op op;
	struct gfs_rows rows;
	uint64_t given;
	bool filled;
};

static int open_eager(struct gfs_op *op)
{
	((struct eager *)op)->rows.slots = &op->plan->pass;
	return gfs_op_make_out(op, NULL, 0);
}

static int fill(struct eager *self)
{
	struct gfs_batch *batch;
	int err;
	do {
		err = gfs_op_next(self->op.input, &batch);
		for (uint32_t row = 0; err == 0 && batch != NULL && row < batch->count; row++)
			err = gfs_rows_add(self->op.exec, &self->op.arena, &self->rows, batch, row);
	} while (err == 0 && batch != NULL);
	self->filled = err == 0;
	return err;
}

static int next_eager(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct eager *self = (struct eager *)op;
	int err = self->filled ? 0 : fill(self);
	if (err != 0 || self->given == self->rows.count)
		return err;
	op->out.count = (uint32_t)GFS_MIN(self->rows.count - self->given, (uint64_t)op->out.capacity);
	for (uint32_t row = 0; row < op->out.count; row++) {
		const struct gfs_datum *kept = gfs_rows_at(&self->rows, self->given + row);
		for (uint32_t i = 0; i < op->plan->pass.count; i++)
			op->out.columns[op->plan->pass.ids[i]][row] = kept[i];
	}
	self->given += op->out.count;
	*ret_batch = &op->out;
	return 0;
}

static void rewind_eager(struct gfs_op *op)
{
	struct eager *self = (struct eager *)op;
	self->rows = (struct gfs_rows){ .slots = &op->plan->pass };
	self->given = 0;
	self->filled = false;
	gfs_arena_clear(&op->arena);
}

const struct gfs_op_vtable gfs_op_eager_vtable = {
	.size = sizeof(struct eager), .open = open_eager, .next = next_eager, .rewind = rewind_eager
};
