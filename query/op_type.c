/* Relationships by type, and the ends of relationships that are known. Both give a row for each way in which the relationship fits the pattern. */
#include "query/columns.h"
#include "query/op_rel.h"

struct type_scan {
	struct gfs_op op;
	struct gfs_batch *batch;
	uint32_t row;
	uint32_t type_at;
	uint64_t from; /* the smallest id not looked at */
};

static int open_type(struct gfs_op *op)
{
	const uint32_t slots[] = { op->plan->rel.from, op->plan->rel.to, op->plan->rel.slot };
	return gfs_op_make_out(op, slots, op->plan->kind == GFS_PLAN_TYPE_SCAN ? 3 : 2);
}

static void rewind_type(struct gfs_op *op)
{
	((struct type_scan *)op)->batch = NULL;
}

static void put(struct gfs_op *op, uint32_t row, uint64_t id, uint64_t from, uint64_t to)
{
	const struct gfs_plan_rel *rel = &op->plan->rel;
	op->out.columns[rel->from][op->out.count] = gfs_datum_node(from);
	op->out.columns[rel->to][op->out.count] = gfs_datum_node(to);
	if (op->plan->kind == GFS_PLAN_TYPE_SCAN)
		op->out.columns[rel->slot][op->out.count] = gfs_datum_rel(id);
	op->origin[op->out.count++] = row;
}

/* Relationships to come for which chunks are made. */
#define MANY_ROWS 8192.0

static int ends_of(struct gfs_op *op, uint64_t id, struct gfs_column_ends *ret_ends)
{
	const struct gfs_chunk *chunk = NULL;
	struct gfs_rel_record record;
	if (op->out.capacity == GFS_BATCH_ROWS)
		chunk = gfs_columns_chunk(op->exec, GFS_COLUMN_ENDS, 0, id, op->plan->rows >= MANY_ROWS);
	if (chunk != NULL && chunk->ends[gfs_column_at(id)].start != GFS_ID_NONE) {
		*ret_ends = chunk->ends[gfs_column_at(id)];
		return 0;
	}
	int err = gfs_rel_get(op->exec->graph, id, &record);
	if (err == 0)
		*ret_ends = (struct gfs_column_ends){ record.start, record.end };
	return err;
}

/* Up to two rows. */
static int put_ends(struct gfs_op *op, const struct gfs_batch *batch, uint32_t row, uint64_t id)
{
	const struct gfs_plan_rel *rel = &op->plan->rel;
	struct gfs_column_ends ends;
	if (gfs_exec_rel_gone(op->exec, id) || gfs_op_rel_used(rel, batch, row, id))
		return 0;
	int err = ends_of(op, id, &ends);
	if (err != 0)
		return err == GFS_ERR_NOTFOUND ? 0 : gfs_exec_store_error(op->exec, err);
	if (rel->direction != GFS_AST_IN)
		put(op, row, id, ends.start, ends.end);
	if (rel->direction == GFS_AST_IN || (rel->direction == GFS_AST_BOTH && ends.start != ends.end))
		put(op, row, id, ends.end, ends.start);
	return 0;
}

/* ---- by type ---- */

static int scan_row(struct type_scan *self)
{
	struct gfs_op *op = &self->op;
	const struct gfs_plan_rel *rel = &op->plan->rel;
	uint64_t ids[GFS_BATCH_ROWS / 2];
	while (self->type_at < rel->types.count && op->out.capacity - op->out.count >= 2) {
		size_t count = 0, room = (op->out.capacity - op->out.count) / 2;
		uint16_t type = gfs_exec_name(op->exec, rel->types.ids[self->type_at]);
		int err = type == 0 ? 0 : gfs_type_rels(op->exec->graph, type, self->from, ids, room, &count);
		if (err != 0)
			return gfs_exec_store_error(op->exec, err);
		for (size_t i = 0; err == 0 && i < count; i++)
			err = put_ends(op, self->batch, self->row, ids[i]);
		if (err != 0)
			return err;
		if (count == room && count != 0) {
			self->from = ids[count - 1] + 1;
		} else {
			self->type_at++;
			self->from = 1;
		}
	}
	if (self->type_at == rel->types.count) {
		self->row++;
		self->type_at = 0;
		self->from = 1;
	}
	return 0;
}

/* ---- ends ---- */

static int ends_row(struct type_scan *self)
{
	struct gfs_datum value = self->batch->columns[self->op.plan->rel.slot][self->row];
	int err = value.type == GFS_DATUM_REL ? put_ends(&self->op, self->batch, self->row, value.id) : 0;
	self->row++;
	return err;
}

/* ---- both ---- */

static int next_row(struct gfs_op *op, int (*one_row)(struct type_scan *self), struct gfs_batch **ret_batch)
{
	struct type_scan *self = (struct type_scan *)op;
	int err = gfs_exec_tick(op->exec);
	op->out.count = 0;
	while (err == 0 && op->out.count == 0) {
		if (self->batch == NULL) {
			self->row = self->type_at = 0;
			self->from = 1;
			err = gfs_op_next(op->input, &self->batch);
			if (err != 0 || self->batch == NULL)
				return err;
		}
		struct gfs_batch *batch = self->batch;
		while (err == 0 && self->row < batch->count && op->out.capacity - op->out.count >= 2)
			err = one_row(self);
		gfs_op_gather(op, batch);
		if (self->row == batch->count)
			self->batch = NULL;
	}
	if (err == 0)
		*ret_batch = &op->out;
	return err;
}

static int next_type(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	return next_row(op, scan_row, ret_batch);
}

static int next_ends(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	return next_row(op, ends_row, ret_batch);
}

const struct gfs_op_vtable gfs_op_type_vtable = {
	.size = sizeof(struct type_scan), .open = open_type, .next = next_type, .rewind = rewind_type
};
const struct gfs_op_vtable gfs_op_ends_vtable = {
	.size = sizeof(struct type_scan), .open = open_type, .next = next_ends, .rewind = rewind_type
};
