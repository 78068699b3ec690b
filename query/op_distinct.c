/* Each combination of values once: the first row that has it. */
#include "query/op.h"
#include "query/row_table.h"

struct distinct {
	struct gfs_op op;
	struct gfs_row_table table;
	uint32_t *keep;
};

static int open_distinct(struct gfs_op *op)
{
	struct distinct *self = (struct distinct *)op;
	gfs_row_table_init(&self->table, op->exec, &op->arena, op->plan->slots.count);
	self->keep = gfs_exec_room(op->exec, GFS_BATCH_ROWS * sizeof *self->keep);
	return self->keep == NULL ? gfs_exec_nomem(op->exec) : 0;
}

static void rewind_distinct(struct gfs_op *op)
{
	struct distinct *self = (struct distinct *)op;
	gfs_arena_clear(&op->arena);
	gfs_row_table_init(&self->table, op->exec, &op->arena, op->plan->slots.count);
}

static int next_distinct(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct distinct *self = (struct distinct *)op;
	struct gfs_batch *batch;
	for (;;) {
		uint32_t count = 0;
		int err = gfs_op_next(op->input, &batch);
		if (err != 0 || batch == NULL)
			return err;
		for (uint32_t row = 0; err == 0 && row < batch->count; row++) {
			uint64_t entry;
			bool new;
			err = gfs_row_table_find(&self->table, batch, op->plan->slots.ids, row, &entry, &new);
			if (err == 0 && new)
				self->keep[count++] = row;
		}
		if (err != 0)
			return err;
		gfs_op_compact(op, batch, self->keep, count);
		if (count != 0) {
			*ret_batch = batch;
			return 0;
		}
	}
}

const struct gfs_op_vtable gfs_op_distinct_vtable = {
	.size = sizeof(struct distinct), .open = open_distinct, .next = next_distinct, .rewind = rewind_distinct
};
