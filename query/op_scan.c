/* All nodes, or all nodes with a label, for each row of the input. */
#include "query/op.h"

struct scan {
	struct gfs_op op;
	struct gfs_batch *batch; /* of the input; NULL: ask for the next */
	uint32_t row;
	uint64_t from; /* the smallest id not looked at for this row */
};

static int open_scan(struct gfs_op *op)
{
	return gfs_op_make_out(op, &op->plan->scan.slot, 1);
}

static void rewind_scan(struct gfs_op *op)
{
	struct scan *self = (struct scan *)op;
	self->batch = NULL;
}

/* Appends node ids >= self->from to out; *ret_done: there are no more for this row. */
typedef int (*fill_fn)(struct scan *self, bool *ret_done);

static void put(struct scan *self, uint64_t id)
{
	struct gfs_op *op = &self->op;
	if (gfs_exec_node_gone(op->exec, id))
		return;
	op->out.columns[op->plan->scan.slot][op->out.count] = gfs_datum_node(id);
	op->origin[op->out.count++] = self->row;
}

static int fill_nodes(struct scan *self, bool *ret_done)
{
	struct gfs_op *op = &self->op;
	while (op->out.count < op->out.capacity) {
		struct gfs_node_record record;
		uint64_t id;
		int err = gfs_node_next(op->exec->graph, self->from, &id, &record);
		if (err != 0) {
			*ret_done = err == GFS_ERR_NOTFOUND;
			return *ret_done ? 0 : gfs_exec_store_error(op->exec, err);
		}
		self->from = id + 1;
		put(self, id);
	}
	return 0;
}

static int fill_label(struct scan *self, bool *ret_done)
{
	struct gfs_op *op = &self->op;
	uint64_t ids[GFS_BATCH_ROWS];
	size_t count;
	uint16_t label = gfs_exec_name(op->exec, op->plan->scan.label);
	*ret_done = label == 0;
	if (*ret_done)
		return 0;
	uint32_t room = op->out.capacity - op->out.count;
	int err = gfs_label_nodes(op->exec->graph, label, self->from, ids, room, &count);
	if (err != 0)
		return gfs_exec_store_error(op->exec, err);
	for (size_t i = 0; i < count; i++)
		put(self, ids[i]);
	*ret_done = count < room;
	if (count != 0)
		self->from = ids[count - 1] + 1;
	return 0;
}

static int input_row(struct scan *self)
{
	if (self->batch != NULL)
		return 0;
	self->row = 0;
	self->from = 1;
	return gfs_op_next(self->op.input, &self->batch);
}

static int next_scan(struct gfs_op *op, fill_fn fill, struct gfs_batch **ret_batch)
{
	struct scan *self = (struct scan *)op;
	int err = gfs_exec_tick(op->exec);
	gfs_op_begin(op);
	while (err == 0 && op->out.count == 0) {
		err = input_row(self);
		if (err != 0 || self->batch == NULL)
			return err;
		struct gfs_batch *batch = self->batch;
		while (err == 0 && self->row < batch->count && op->out.count < op->out.capacity) {
			bool done = false;
			err = fill(self, &done);
			if (done) {
				self->row++;
				self->from = 1;
			}
		}
		gfs_op_gather(op, batch);
		if (self->row >= batch->count)
			self->batch = NULL;
	}
	if (err == 0)
		*ret_batch = &op->out;
	return err;
}

static int next_nodes(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	return next_scan(op, fill_nodes, ret_batch);
}

static int next_label(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	return next_scan(op, fill_label, ret_batch);
}

const struct gfs_op_vtable gfs_op_nodes_vtable = {
	.size = sizeof(struct scan), .open = open_scan, .next = next_nodes, .rewind = rewind_scan
};
const struct gfs_op_vtable gfs_op_label_vtable = {
	.size = sizeof(struct scan), .open = open_scan, .next = next_label, .rewind = rewind_scan
};
