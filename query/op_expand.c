/* One relationship from a node that is known, to a new node or to one that is known as well. */
#include "query/expr.h"
#include "query/op.h"
#include "query/op_rel.h"
#include "query/walk.h"

/* Rows to come for which chunks of adjacency are made. */
#define MANY_ROWS 4096.0
/* Relationships of a node from which on it is cheaper to ask the other end whether it has one with it. */
#define HUB_DEGREE 64u

struct expand {
	struct gfs_op op;
	struct gfs_batch *batch;
	uint32_t row;
	bool walking;
	bool looked, dense; /* most nodes will be walked from */
	/* With `into`: the end of the row before, and how many relationships it has, once it came twice. */
	uint64_t end, degree;
	bool weighed;
	struct gfs_walk walk;
};

static int open_expand(struct gfs_op *op)
{
	const uint32_t slots[] = { op->plan->rel.slot, op->plan->rel.to };
	return gfs_op_make_out(op, slots, op->plan->rel.into ? 1 : 2);
}

/* Under the lock, unlike the opening. */
static void look_how_dense(struct expand *self)
{
	uint64_t nodes = gfs_store_counter(gfs_graph_store(self->op.exec->graph), GFS_COUNTER_NODES);
	double rows = self->op.plan->input->rows;
	self->dense = rows >= MANY_ROWS && rows * 8 >= (double)nodes;
	self->looked = true;
}

static void rewind_expand(struct gfs_op *op)
{
	struct expand *self = (struct expand *)op;
	self->batch = NULL;
	self->walking = false;
}

static enum gfs_ast_direction against(enum gfs_ast_direction direction)
{
	return direction == GFS_AST_BOTH ? direction : direction == GFS_AST_OUT ? GFS_AST_IN : GFS_AST_OUT;
}

/* An end that many rows have in common may be a hub: *ret_turned when the other one has fewer relationships to look through. */
static int weigh_ends(struct expand *self, uint64_t from, uint64_t to, bool *ret_turned)
{
	const struct gfs_plan_rel *rel = &self->op.plan->rel;
	uint64_t degree = UINT64_MAX;
	int err = 0;
	if (self->end != from) {
		self->end = from;
		self->weighed = false;
		return 0;
	}
	if (!self->weighed)
		err = gfs_entity_degree(self->op.exec, &rel->types, rel->direction, from, &self->degree);
	self->weighed = err == 0;
	if (err == 0 && self->degree >= HUB_DEGREE)
		err = gfs_entity_degree(self->op.exec, &rel->types, against(rel->direction), to, &degree);
	*ret_turned = err == 0 && degree < self->degree;
	return err;
}

/* *ret_begun stays false: the row has not both ends. */
static int begin_pair(struct expand *self, struct gfs_datum from, struct gfs_datum to, bool *ret_begun)
{
	bool turned = false;
	if (from.type != GFS_DATUM_NODE || to.type != GFS_DATUM_NODE)
		return 0;
	int err = weigh_ends(self, from.id, to.id, &turned);
	gfs_walk_begin(
		&self->walk, self->op.exec, &self->op.plan->rel, turned ? to.id : from.id, turned ? from.id : to.id, turned);
	*ret_begun = err == 0;
	return err;
}

/* False: the row has no end to walk from. */
static bool begin_row(struct expand *self)
{
	const struct gfs_plan_rel *rel = &self->op.plan->rel;
	struct gfs_datum from = self->batch->columns[rel->from][self->row];
	if (from.type != GFS_DATUM_NODE)
		return false;
	gfs_walk_begin(&self->walk, self->op.exec, rel, from.id, GFS_ID_NONE, false);
	self->walk.many = self->batch->count >= GFS_BATCH_ROWS_FEW;
	self->walk.dense = self->dense;
	return true;
}

bool gfs_op_rel_used(const struct gfs_plan_rel *rel, const struct gfs_batch *batch, uint32_t row, uint64_t id)
{
	for (uint32_t i = 0; i < rel->others.count; i++) {
		struct gfs_datum other = batch->columns[rel->others.ids[i]][row];
		if (other.type == GFS_DATUM_REL && other.id == id)
			return true;
		for (uint32_t k = 0; other.type == GFS_DATUM_LIST && k < other.size; k++)
			if (other.items[k].type == GFS_DATUM_REL && other.items[k].id == id)
				return true;
	}
	return false;
}

/* Rows until the batch is full or the row's relationships are at their end. */
static int walk_row(struct expand *self)
{
	struct gfs_op *op = &self->op;
	const struct gfs_plan_rel *rel = &op->plan->rel;
	struct gfs_datum *rels = op->out.columns[rel->slot], *ends = rel->into ? NULL : op->out.columns[rel->to];
	const struct gfs_adj_entry *entry = NULL;
	int err = 0;
	while (op->out.count < op->out.capacity) {
		err = gfs_walk_next(&self->walk, &entry);
		if (err != 0 || entry == NULL) {
			self->walking = false;
			self->row++;
			return err;
		}
		if (rel->others.count != 0 && gfs_op_rel_used(rel, self->batch, self->row, entry->rel))
			continue;
		rels[op->out.count] = gfs_datum_rel(entry->rel);
		if (ends != NULL)
			ends[op->out.count] = gfs_datum_node(entry->other);
		op->origin[op->out.count++] = self->row;
	}
	return err;
}

static int fill(struct expand *self)
{
	struct gfs_op *op = &self->op;
	const struct gfs_plan_rel *rel = &op->plan->rel;
	struct gfs_datum **columns = self->batch->columns;
	int err = 0;
	while (err == 0 && self->row < self->batch->count && op->out.count < op->out.capacity) {
		if (!self->walking && rel->into)
			err = begin_pair(self, columns[rel->from][self->row], columns[rel->to][self->row], &self->walking);
		else if (!self->walking)
			self->walking = begin_row(self);
		if (err == 0 && self->walking)
			err = walk_row(self);
		else
			self->row++;
	}
	return err;
}

static int next_expand(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct expand *self = (struct expand *)op;
	int err = gfs_exec_tick(op->exec);
	if (!self->looked)
		look_how_dense(self);
	op->out.count = 0;
	while (err == 0 && op->out.count == 0) {
		if (self->batch == NULL) {
			self->row = 0;
			err = gfs_op_next(op->input, &self->batch);
			if (err != 0 || self->batch == NULL)
				return err;
		}
		err = fill(self);
		gfs_op_gather(op, self->batch);
		if (self->row == self->batch->count)
			self->batch = NULL;
	}
	if (err == 0)
		*ret_batch = &op->out;
	return err;
}

const struct gfs_op_vtable gfs_op_expand_vtable = {
	.size = sizeof(struct expand), .open = open_expand, .next = next_expand, .rewind = rewind_expand
};
