/* Runs the right side once for each row of the input: CALL {}, OPTIONAL MATCH. */
#include "query/op.h"

#include <assert.h>

struct apply {
	struct gfs_op op;
	struct gfs_batch *batch;
	uint32_t row;
	bool running;           /* the right side, for this row */
	bool found;             /* it gave a row */
	bool plain;             /* all that `out` has from the right side are values without memory of their own */
	struct gfs_batch *held; /* a batch of the right side that `out` had no room for */
};

static int open_apply(struct gfs_op *op)
{
	return gfs_op_make_out(op, op->plan->fresh.ids, op->plan->fresh.count);
}

static void rewind_apply(struct gfs_op *op)
{
	struct apply *self = (struct apply *)op;
	self->batch = self->held = NULL;
	self->running = false;
}

static int start_row(struct apply *self)
{
	gfs_op_rewind(self->op.right);
	self->running = true;
	self->found = false;
	return gfs_op_lend(self->op.argument, self->batch, self->row);
}

static void end_row(struct apply *self)
{
	self->running = false;
	self->row++;
}

static bool is_plain(const struct gfs_op *op, const struct gfs_batch *right)
{
	for (uint32_t i = 0; i < op->plan->fresh.count; i++)
		for (uint32_t row = 0; row < right->count; row++) {
			uint8_t type = right->columns[op->plan->fresh.ids[i]][row].type;
			if (type != GFS_DATUM_NODE && type != GFS_DATUM_REL && type < GFS_DATUM_BOOLEAN)
				return false;
		}
	return true;
}

static void put_right(struct apply *self, const struct gfs_batch *right)
{
	struct gfs_op *op = &self->op;
	assert(right->count <= op->out.capacity - op->out.count);
	self->plain = self->plain && is_plain(op, right);
	for (uint32_t i = 0; i < op->plan->fresh.count; i++)
		memcpy(op->out.columns[op->plan->fresh.ids[i]] + op->out.count, right->columns[op->plan->fresh.ids[i]],
			right->count * sizeof(struct gfs_datum));
	for (uint32_t i = 0; i < right->count; i++)
		op->origin[op->out.count++] = self->row;
}

static void put_alone(struct apply *self, bool nulls)
{
	struct gfs_op *op = &self->op;
	for (uint32_t i = 0; nulls && i < op->plan->fresh.count; i++)
		op->out.columns[op->plan->fresh.ids[i]][op->out.count] = gfs_datum_null();
	op->origin[op->out.count++] = self->row;
}

/* The right side's next batch; NULL: its end. */
static int next_right(struct apply *self, struct gfs_batch **ret_right)
{
	int err = 0;
	*ret_right = self->held;
	if (self->held == NULL && !self->running)
		err = start_row(self);
	if (self->held == NULL && err == 0)
		err = gfs_op_next(self->op.right, ret_right);
	self->held = NULL;
	return err;
}

/* One batch of the right side, or its end. */
static int step(struct apply *self)
{
	struct gfs_op *op = &self->op;
	struct gfs_batch *right = NULL;
	bool unit = op->plan->kind == GFS_PLAN_APPLY && op->plan->apply.unit;
	int err = next_right(self, &right);
	if (err != 0)
		return err;
	if (right != NULL) {
		self->found = true;
		if (!unit && right->count > op->out.capacity - op->out.count)
			self->held = right;
		else if (!unit)
			put_right(self, right);
		return 0;
	}
	if (unit || (op->plan->kind == GFS_PLAN_OPTIONAL && !self->found))
		put_alone(self, !unit);
	end_row(self);
	return 0;
}

/* Values of a right batch are gone when the right side is asked again: `out` takes more only as long as it has none with memory, and has room. It has room
 * for any batch when it is empty: no operator's are larger. */
static bool takes_more(const struct apply *self)
{
	const struct gfs_batch *out = &self->op.out;
	return out->count == 0 || (self->plain && self->held == NULL && out->count < out->capacity);
}

static int next_apply(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct apply *self = (struct apply *)op;
	int err = gfs_exec_tick(op->exec);
	op->out.count = 0;
	self->plain = true;
	while (err == 0 && op->out.count == 0) {
		if (self->batch == NULL) {
			self->row = 0;
			err = gfs_op_next(op->input, &self->batch);
			if (err != 0 || self->batch == NULL)
				return err;
		}
		while (err == 0 && self->row < self->batch->count && takes_more(self))
			err = step(self);
		gfs_op_gather(op, self->batch);
		if (self->row == self->batch->count)
			self->batch = NULL;
	}
	if (err == 0)
		*ret_batch = &op->out;
	return err;
}

const struct gfs_op_vtable gfs_op_apply_vtable = {
	.size = sizeof(struct apply), .open = open_apply, .next = next_apply, .rewind = rewind_apply
};
const struct gfs_op_vtable gfs_op_optional_vtable = {
	.size = sizeof(struct apply), .open = open_apply, .next = next_apply, .rewind = rewind_apply
};
