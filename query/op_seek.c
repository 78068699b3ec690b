/* The node with a key or an id, or those of a list of them. */
#include "query/op.h"

struct seek {
	struct gfs_op op;
	struct gfs_batch *batch;
	struct gfs_datum *values; /* what is looked for, by row of the batch */
	uint32_t row, item;       /* of a list */
};

static int open_seek(struct gfs_op *op)
{
	struct seek *self = (struct seek *)op;
	self->values = gfs_exec_room(op->exec, GFS_BATCH_ROWS * sizeof *self->values);
	if (self->values == NULL)
		return gfs_exec_nomem(op->exec);
	return gfs_op_make_out(op, &op->plan->scan.slot, 1);
}

static void rewind_seek(struct gfs_op *op)
{
	((struct seek *)op)->batch = NULL;
}

/* GFS_ERR_NOTFOUND: there is no such node. */
static int find(struct gfs_op *op, struct gfs_datum value, uint64_t *ret_id)
{
	struct gfs_node_record record;
	if (op->plan->kind == GFS_PLAN_KEY_SEEK)
		return value.type == GFS_DATUM_STRING ? gfs_node_find(op->exec->graph, gfs_datum_text(value), ret_id)
											  : GFS_ERR_NOTFOUND;
	if (value.type == GFS_DATUM_FLOAT && value.real >= 1 && value.real <= (double)GFS_ID_MAX)
		value = (double)(int64_t)value.real == value.real ? gfs_datum_integer((int64_t)value.real) : value;
	if (value.type != GFS_DATUM_INTEGER || value.integer < 1 || (uint64_t)value.integer > GFS_ID_MAX)
		return GFS_ERR_NOTFOUND;
	*ret_id = (uint64_t)value.integer;
	return gfs_node_get(op->exec->graph, *ret_id, &record);
}

static int try_one(struct seek *self, struct gfs_datum value)
{
	struct gfs_op *op = &self->op;
	uint64_t id;
	int err = find(op, value, &id);
	if (err == GFS_ERR_NOTFOUND || (err == 0 && gfs_exec_node_gone(op->exec, id)))
		return 0;
	if (err != 0)
		return gfs_exec_store_error(op->exec, err);
	op->out.columns[op->plan->scan.slot][op->out.count] = gfs_datum_node(id);
	op->origin[op->out.count++] = self->row;
	return 0;
}

/* An item that comes twice in the list gives its node once. */
static bool seen_before(struct gfs_datum list, uint32_t at)
{
	for (uint32_t i = 0; i < at; i++)
		if (gfs_datum_equal(list.items[i], list.items[at]) == GFS_TRUE)
			return true;
	return false;
}

static int try_row(struct seek *self)
{
	struct gfs_op *op = &self->op;
	struct gfs_datum value = self->values[self->row];
	int err = 0;
	if (!op->plan->scan.list) {
		err = try_one(self, value);
		self->row++;
		return err;
	}
	for (; err == 0 && value.type == GFS_DATUM_LIST && self->item < value.size && op->out.count < op->out.capacity;
		 self->item++)
		if (!seen_before(value, self->item))
			err = try_one(self, value.items[self->item]);
	if (value.type != GFS_DATUM_LIST || self->item >= value.size) {
		self->row++;
		self->item = 0;
	}
	return err;
}

static int next_seek(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct seek *self = (struct seek *)op;
	int err = gfs_exec_tick(op->exec);
	op->out.count = 0;
	while (err == 0 && op->out.count == 0) {
		if (self->batch == NULL) {
			self->row = self->item = 0;
			gfs_arena_clear(&op->arena);
			err = gfs_op_next(op->input, &self->batch);
			if (err == 0 && self->batch != NULL)
				err = gfs_expr_eval(op->exec, op->plan->scan.value.code, self->batch, &op->arena, self->values);
			if (err != 0 || self->batch == NULL)
				return err;
		}
		struct gfs_batch *batch = self->batch;
		while (err == 0 && self->row < batch->count && op->out.count < op->out.capacity)
			err = try_row(self);
		gfs_op_gather(op, batch);
		if (self->row >= batch->count)
			self->batch = NULL;
	}
	if (err == 0)
		*ret_batch = &op->out;
	return err;
}

const struct gfs_op_vtable gfs_op_seek_vtable = {
	.size = sizeof(struct seek), .open = open_seek, .next = next_seek, .rewind = rewind_seek
};
