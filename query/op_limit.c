/* SKIP and LIMIT. */
#include "query/op_amount.h"

struct cut {
	struct gfs_op op;
	bool known;
	uint64_t left; /* rows still to skip, or to give */
};

int gfs_op_amount(struct gfs_op *op, const struct gfs_plan_item *item, const char *clause, uint64_t *ret_amount)
{
	struct gfs_datum value;
	const struct gfs_batch *row = &gfs_op_argument(op)->out;
	int err = gfs_expr_eval_row(op->exec, item->code, row, 0, &op->arena, &value);
	if (err != 0)
		return err;
	if (value.type != GFS_DATUM_INTEGER)
		return gfs_query_fail(op->exec->error, GFS_QUERY_SYNTAX_ERROR, GFS_QUERY_RUNTIME, "InvalidArgumentType",
			&item->expr->pos, "%s wants an integer and got %s", clause,
			gfs_datum_type_name((enum gfs_datum_type)value.type));
	if (value.integer < 0)
		return gfs_query_fail(op->exec->error, GFS_QUERY_SYNTAX_ERROR, GFS_QUERY_RUNTIME, "NegativeIntegerArgument",
			&item->expr->pos, "%s wants a number that is not negative", clause);
	*ret_amount = (uint64_t)value.integer;
	return 0;
}

static int know(struct cut *self)
{
	bool skips = self->op.plan->kind == GFS_PLAN_SKIP;
	int err = 0;
	if (!self->known)
		err = gfs_op_amount(&self->op, &self->op.plan->item, skips ? "SKIP" : "LIMIT", &self->left);
	self->known = err == 0;
	return err;
}

static int next_skip(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct cut *self = (struct cut *)op;
	struct gfs_batch *batch = NULL;
	uint32_t keep[GFS_BATCH_ROWS];
	int err = know(self);
	for (;;) {
		if (err == 0)
			err = gfs_op_next(op->input, &batch);
		if (err != 0 || batch == NULL)
			return err;
		if (self->left < batch->count)
			break;
		self->left -= batch->count;
	}
	uint32_t skipped = (uint32_t)self->left, count = batch->count - skipped;
	for (uint32_t i = 0; i < count; i++)
		keep[i] = skipped + i;
	self->left = 0;
	gfs_op_compact(op, batch, keep, count);
	*ret_batch = batch;
	return 0;
}

/* What the statement does is done whether its rows are wanted or not. */
static int run_to_end(struct gfs_op *op)
{
	struct gfs_batch *batch;
	int err;
	do
		err = gfs_op_next(op->input, &batch);
	while (err == 0 && batch != NULL);
	return err;
}

static int next_limit(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct cut *self = (struct cut *)op;
	struct gfs_batch *batch = NULL;
	int err = know(self);
	if (err != 0)
		return err;
	if (self->left == 0)
		return op->exec->plan->writes ? run_to_end(op) : 0;
	err = gfs_op_next(op->input, &batch);
	if (err != 0 || batch == NULL)
		return err;
	if (batch->count > self->left)
		batch->count = (uint32_t)self->left;
	self->left -= batch->count;
	*ret_batch = batch;
	return 0;
}

static void rewind_cut(struct gfs_op *op)
{
	((struct cut *)op)->known = false;
}

const struct gfs_op_vtable gfs_op_skip_vtable = { .size = sizeof(struct cut), .next = next_skip, .rewind = rewind_cut };
const struct gfs_op_vtable gfs_op_limit_vtable = {
	.size = sizeof(struct cut), .next = next_limit, .rewind = rewind_cut
};
