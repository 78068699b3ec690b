/* All nodes with a label in the order of a property that an index has, for a tree that has one row below: those with the property from the index; those without
 * it, which are in no index, after them, or before them when the order is descending. */
#include "query/op.h"

#include "base/checked.h"
#include "graph/index.h"

#include <assert.h>

enum phase { WITH, WITHOUT, DONE };

struct ordered {
	struct gfs_op op;
	struct gfs_batch *batch; /* the row below; NULL: not asked for yet */
	enum phase phase;
	bool begun; /* the phase at hand */
	struct gfs_index_scan scan;
	uint32_t room; /* rows of the next batch: few are wanted, as a rule */
	uint64_t from; /* WITHOUT: the smallest id not looked at */
	struct gfs_datum *values;
};

static int open_ordered(struct gfs_op *op)
{
	struct ordered *self = (struct ordered *)op;
	int err = gfs_op_make_out(op, &op->plan->scan.slot, 1);
	if (err == 0 && op->plan->scan.nulls)
		self->values = gfs_exec_room(op->exec, op->out.capacity * sizeof *self->values);
	return err == 0 && op->plan->scan.nulls && self->values == NULL ? gfs_exec_nomem(op->exec) : err;
}

static void rewind_ordered(struct gfs_op *op)
{
	((struct ordered *)op)->batch = NULL;
}

static enum phase first_phase(const struct gfs_plan_node *plan)
{
	return plan->scan.nulls && plan->scan.descending ? WITHOUT : WITH;
}

static void next_phase(struct ordered *self)
{
	const struct gfs_plan_node *plan = self->op.plan;
	enum phase last = plan->scan.nulls && !plan->scan.descending ? WITHOUT : WITH;
	self->phase = self->phase == last ? DONE : self->phase == WITH ? WITHOUT : WITH;
	self->begun = false;
}

static int find_index(struct ordered *self, struct gfs_index_info *ret_info)
{
	struct gfs_exec *exec = self->op.exec;
	const struct gfs_plan_node *plan = self->op.plan;
	return gfs_index_find(
		exec->graph, gfs_exec_name(exec, plan->scan.label), gfs_exec_name(exec, plan->scan.key), ret_info);
}

/* ---- with the property ---- */

static int begin_scan(struct ordered *self)
{
	const struct gfs_index_range range = { .descending = self->op.plan->scan.descending };
	struct gfs_index_info info;
	int err = find_index(self, &info);
	if (err == 0)
		err = gfs_index_scan_begin(self->op.exec->graph, info.id, &range, &self->scan);
	self->begun = err == 0;
	return err;
}

static int take_with(struct ordered *self)
{
	struct gfs_op *op = &self->op;
	struct gfs_index_hit hits[GFS_BATCH_ROWS];
	size_t count = 0;
	int err = self->begun ? 0 : begin_scan(self);
	if (err == 0)
		err = gfs_index_scan_next(op->exec->graph, &self->scan, hits, self->room, NULL, &count);
	if (err != 0)
		return gfs_exec_store_error(op->exec, err);
	for (size_t i = 0; i < count; i++)
		op->out.columns[op->plan->scan.slot][op->out.count++] = gfs_datum_node(hits[i].node);
	if (count < self->room)
		next_phase(self);
	self->room = GFS_MIN(self->room * 2, op->out.capacity);
	return 0;
}

/* ---- without it ---- */

/* Whether the index has all nodes with the label. */
static int is_whole(struct ordered *self, bool *ret_whole)
{
	struct gfs_exec *exec = self->op.exec;
	struct gfs_index_info info;
	struct gfs_catalog_entry label;
	int err = find_index(self, &info);
	if (err == 0)
		err = gfs_catalog_get(gfs_graph_catalog(exec->graph), GFS_CATALOG_LABEL, info.label, &label);
	if (err == 0)
		*ret_whole = info.entries == label.count;
	return err;
}

static int keep_nulls(struct ordered *self)
{
	struct gfs_op *op = &self->op;
	struct gfs_datum *nodes = op->out.columns[op->plan->scan.slot];
	uint32_t kept = 0;
	int err = gfs_expr_eval(op->exec, op->plan->scan.value.code, &op->out, &op->arena, self->values);
	for (uint32_t i = 0; err == 0 && i < op->out.count; i++)
		if (gfs_datum_is_null(self->values[i]))
			nodes[kept++] = nodes[i];
	op->out.count = kept;
	return err;
}

static int take_without(struct ordered *self)
{
	struct gfs_op *op = &self->op;
	uint64_t ids[GFS_BATCH_ROWS];
	size_t count = 0;
	bool whole = false;
	int err = 0;
	if (!self->begun) {
		err = is_whole(self, &whole);
		self->from = 1;
		self->begun = true;
	}
	if (err == 0 && !whole)
		err = gfs_label_nodes(
			op->exec->graph, gfs_exec_name(op->exec, op->plan->scan.label), self->from, ids, op->out.capacity, &count);
	if (err != 0)
		return gfs_exec_store_error(op->exec, err);
	for (size_t i = 0; i < count; i++)
		op->out.columns[op->plan->scan.slot][op->out.count++] = gfs_datum_node(ids[i]);
	if (count != 0)
		self->from = ids[count - 1] + 1;
	if (count < op->out.capacity)
		next_phase(self);
	return count == 0 ? 0 : keep_nulls(self);
}

/* ---- both ---- */

static int take_input(struct ordered *self)
{
	int err = gfs_op_next(self->op.input, &self->batch);
	if (err != 0 || self->batch == NULL)
		return err;
	assert(self->batch->count == 1);
	self->room = GFS_MIN(GFS_BATCH_ROWS_FEW, self->op.out.capacity);
	self->phase = first_phase(self->op.plan);
	self->begun = false;
	return 0;
}

static int next_ordered(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct ordered *self = (struct ordered *)op;
	int err = gfs_exec_tick(op->exec);
	gfs_op_begin(op);
	while (err == 0 && op->out.count == 0) {
		if (self->batch == NULL || self->phase == DONE)
			err = take_input(self);
		if (err != 0 || self->batch == NULL)
			return err;
		err = self->phase == WITH ? take_with(self) : take_without(self);
		if (err == 0 && op->out.count == 0)
			err = gfs_exec_tick(op->exec);
	}
	if (err != 0)
		return err;
	memset(op->origin, 0, op->out.count * sizeof *op->origin);
	gfs_op_gather(op, self->batch);
	*ret_batch = &op->out;
	return 0;
}

const struct gfs_op_vtable gfs_op_index_order_vtable = {
	.size = sizeof(struct ordered), .open = open_ordered, .next = next_ordered, .rewind = rewind_ordered
};
