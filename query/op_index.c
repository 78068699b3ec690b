/* Nodes with a label by the value of a property: equal to one, or to one of a list, or in a range. */
#include "query/op.h"

#include "graph/index.h"
#include "query/datum_value.h"
#include "query/expr.h"

struct index_op {
	struct gfs_op op;
	struct gfs_batch *batch;
	struct gfs_datum *values, *uppers; /* by row of the batch; room for `rows` of them */
	uint32_t rows;
	uint32_t row, item;
	bool scanning;
	bool checks; /* the value is a list: the index does not know of nulls in it */
	struct gfs_datum sought;
	struct gfs_value value, upper; /* what the scan points at */
	struct gfs_slice prefix;
	struct gfs_index_scan scan;
	struct gfs_arena scratch;
};

static int open_index(struct gfs_op *op)
{
	struct index_op *self = (struct index_op *)op;
	self->scratch.budget = &op->exec->budget;
	return gfs_op_make_out(op, &op->plan->scan.slot, 1);
}

static void rewind_index(struct gfs_op *op)
{
	struct index_op *self = (struct index_op *)op;
	self->batch = NULL;
	self->scanning = false;
}

static void release_index(struct gfs_op *op)
{
	gfs_arena_release(&((struct index_op *)op)->scratch);
}

/* ---- what is looked for ---- */

/* False: no property has such a value. */
static bool storable(struct index_op *self, struct gfs_datum datum, struct gfs_value *ret_value)
{
	if (gfs_datum_is_null(datum) || (datum.type == GFS_DATUM_FLOAT && datum.real != datum.real))
		return false;
	return gfs_datum_to_value(datum, &self->scratch, ret_value) == 0;
}

static bool seek_range(struct index_op *self, struct gfs_datum datum, struct gfs_index_range *range)
{
	gfs_arena_clear(&self->scratch);
	self->sought = datum;
	self->checks = datum.type == GFS_DATUM_LIST;
	range->equal = &self->value;
	return storable(self, datum, &self->value);
}

static bool bounds(struct index_op *self, struct gfs_index_range *range)
{
	const struct gfs_plan_node *plan = self->op.plan;
	gfs_arena_clear(&self->scratch);
	self->checks = false;
	if (plan->scan.prefix) {
		if (self->values[self->row].type != GFS_DATUM_STRING)
			return false;
		self->prefix = gfs_datum_text(self->values[self->row]);
		range->prefix = &self->prefix;
		range->descending = plan->scan.descending;
		return true;
	}
	if (plan->scan.value.expr != NULL) {
		if (!storable(self, self->values[self->row], &self->value))
			return false;
		range->lower = &self->value;
	}
	if (plan->scan.upper.expr != NULL) {
		if (!storable(self, self->uppers[self->row], &self->upper))
			return false;
		range->upper = &self->upper;
	}
	range->lower_open = plan->scan.lower_open;
	range->upper_open = plan->scan.upper_open;
	range->descending = plan->scan.descending;
	return true;
}

/* An item that comes twice in the list gives its nodes once. */
static bool seen_before(struct gfs_datum list, uint32_t at)
{
	for (uint32_t i = 0; i < at; i++)
		if (gfs_datum_equal(list.items[i], list.items[at]) == GFS_TRUE)
			return true;
	return false;
}

/* The next thing to look for of this row; *ret_some false: there is none left, and the row is done. */
static bool next_range(struct index_op *self, struct gfs_index_range *range, bool *ret_some)
{
	struct gfs_datum value = self->values[self->row];
	bool range_scan = self->op.plan->kind == GFS_PLAN_INDEX_RANGE;
	uint32_t at = self->item++;
	*range = (struct gfs_index_range){ 0 };
	if (range_scan || !self->op.plan->scan.list) {
		*ret_some = at == 0;
		return at == 0 && (range_scan ? bounds(self, range) : seek_range(self, value, range));
	}
	*ret_some = value.type == GFS_DATUM_LIST && at < value.size;
	return *ret_some && !seen_before(value, at) && seek_range(self, value.items[at], range);
}

static int begin_scan(struct index_op *self, const struct gfs_index_range *range)
{
	struct gfs_exec *exec = self->op.exec;
	uint16_t label = gfs_exec_name(exec, self->op.plan->scan.label), key = gfs_exec_name(exec, self->op.plan->scan.key);
	uint16_t id;
	int err = gfs_index_find_id(exec->graph, label, key, &id);
	if (err == 0)
		err = gfs_index_scan_begin(exec->graph, id, range, &self->scan);
	if (err == GFS_ERR_INVALID)
		return 0; /* the bounds are of two types, or the wrong way round: nothing lies between them */
	self->scanning = err == 0;
	return err == 0 ? 0 : gfs_exec_store_error(exec, err);
}

/* ---- rows ---- */

static int fits(struct index_op *self, uint64_t node, bool *ret_fits)
{
	struct gfs_datum value;
	*ret_fits = !gfs_exec_node_gone(self->op.exec, node);
	if (!self->checks || !*ret_fits)
		return 0;
	int err = gfs_entity_property(
		self->op.exec, gfs_datum_node(node), self->op.plan->scan.key, &self->op.arena, &value);
	*ret_fits = err == 0 && gfs_datum_equal(value, self->sought) == GFS_TRUE;
	return err;
}

static int take_hits(struct index_op *self)
{
	struct gfs_op *op = &self->op;
	struct gfs_index_hit hits[GFS_BATCH_ROWS];
	size_t count, room = op->out.capacity - op->out.count;
	int err = gfs_index_scan_next(op->exec->graph, &self->scan, hits, room, NULL, &count);
	if (err != 0)
		return gfs_exec_store_error(op->exec, err);
	for (size_t i = 0; err == 0 && i < count; i++) {
		bool is_row;
		err = fits(self, hits[i].node, &is_row);
		if (err != 0 || !is_row)
			continue;
		op->out.columns[op->plan->scan.slot][op->out.count] = gfs_datum_node(hits[i].node);
		op->origin[op->out.count++] = self->row;
	}
	self->scanning = count == room;
	return err;
}

static int step(struct index_op *self)
{
	struct gfs_index_range range;
	bool some;
	if (self->scanning)
		return take_hits(self);
	if (next_range(self, &range, &some))
		return begin_scan(self, &range);
	if (!some) {
		self->row++;
		self->item = 0;
	}
	return 0;
}

/* For what is looked for in each row of the batch. */
static int make_room(struct index_op *self, uint32_t rows)
{
	struct gfs_exec *exec = self->op.exec;
	if (rows <= self->rows)
		return 0;
	self->values = gfs_exec_room(exec, rows * sizeof *self->values);
	self->uppers = gfs_exec_room(exec, rows * sizeof *self->uppers);
	if (self->values == NULL || self->uppers == NULL)
		return gfs_exec_nomem(exec);
	self->rows = rows;
	return 0;
}

static int take_batch(struct index_op *self)
{
	struct gfs_op *op = &self->op;
	self->row = self->item = 0;
	gfs_arena_clear(&op->arena);
	int err = gfs_op_next(op->input, &self->batch);
	if (err != 0 || self->batch == NULL)
		return err;
	err = make_room(self, self->batch->capacity);
	if (err == 0 && op->plan->scan.value.expr != NULL)
		err = gfs_expr_eval(op->exec, op->plan->scan.value.code, self->batch, &op->arena, self->values);
	if (err == 0 && op->plan->scan.upper.expr != NULL)
		err = gfs_expr_eval(op->exec, op->plan->scan.upper.code, self->batch, &op->arena, self->uppers);
	return err;
}

static int next_index(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct index_op *self = (struct index_op *)op;
	int err = gfs_exec_tick(op->exec);
	op->out.count = 0;
	while (err == 0 && op->out.count == 0) {
		if (self->batch == NULL)
			err = take_batch(self);
		if (err != 0 || self->batch == NULL)
			return err;
		while (err == 0 && self->row < self->batch->count && op->out.count < op->out.capacity)
			err = step(self);
		gfs_op_gather(op, self->batch);
		if (self->row == self->batch->count)
			self->batch = NULL;
	}
	if (err == 0)
		*ret_batch = &op->out;
	return err;
}

const struct gfs_op_vtable gfs_op_index_vtable = {
	.size = sizeof(struct index_op),
	.open = open_index,
	.next = next_index,
	.rewind = rewind_index,
	.release = release_index,
};
