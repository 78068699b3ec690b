/* The one row that a tree starts from: empty for a whole statement, lent by an outer row otherwise. */
#include "query/op.h"

struct argument {
	struct gfs_op op;
	bool given;
};

static int open_argument(struct gfs_op *op)
{
	op->out.capacity = 1;
	return 0;
}

static int next_argument(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct argument *self = (struct argument *)op;
	if (self->given)
		return 0;
	self->given = true;
	op->out.count = 1;
	*ret_batch = &op->out;
	return 0;
}

static void rewind_argument(struct gfs_op *op)
{
	((struct argument *)op)->given = false;
}

const struct gfs_op_vtable gfs_op_argument_vtable = {
	.size = sizeof(struct argument), .open = open_argument, .next = next_argument, .rewind = rewind_argument
};
