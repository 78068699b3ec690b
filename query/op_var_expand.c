/* Relationships of variable length: every trail (no relationship twice) from a node, depth first. When the other end is known as well, what leads to one of
 * the two is found out first (reach.h), from whichever has less around it; the trails begin at the other one, and enter nothing that does not lead to it. */
#include "query/op_rel.h"
#include "query/reach.h"

#include "base/checked.h"

#include <assert.h>

struct var_expand {
	struct gfs_op op;
	struct gfs_batch *batch;
	uint32_t row;
	bool walking;
	bool wants_list;
	struct gfs_walk **walks; /* of each depth */
	uint32_t *arcs;          /* of each depth where `goal` tells the ways: the next one */
	uint64_t *rels;          /* of the trail */
	uint64_t depth, capacity;
	uint64_t target;         /* with `into`: where trails end */
	struct gfs_reach *sides; /* what leads to the two ends; NULL: trails are only looked for from the first */
	struct gfs_reach *goal;  /* the one that the trails go by; NULL: none */
	bool flipped;            /* they begin at the other end */
	struct gfs_arena scratch;
};

enum { FROM, TO, ENDS };

static int open_var(struct gfs_op *op)
{
	struct var_expand *self = (struct var_expand *)op;
	self->scratch.budget = &op->exec->budget;
	for (uint32_t i = 0; i < op->plan->fresh.count; i++)
		self->wants_list = self->wants_list || op->plan->fresh.ids[i] == op->plan->rel.slot;
	if (op->plan->rel.from_both) {
		self->sides = gfs_exec_alloc(op->exec, ENDS * sizeof *self->sides);
		if (self->sides == NULL)
			return gfs_exec_nomem(op->exec);
		gfs_reach_init(&self->sides[FROM], op, false);
		gfs_reach_init(&self->sides[TO], op, true);
	}
	return gfs_op_make_out(op, op->plan->fresh.ids, op->plan->fresh.count);
}

static void rewind_var(struct gfs_op *op)
{
	struct var_expand *self = (struct var_expand *)op;
	self->batch = NULL;
	self->walking = false;
}

static void release_var(struct gfs_op *op)
{
	struct var_expand *self = (struct var_expand *)op;
	for (unsigned i = 0; self->sides != NULL && i < ENDS; i++)
		gfs_reach_release(&self->sides[i]);
	gfs_arena_release(&self->scratch);
}

/* ---- rows ---- */

static int put(struct var_expand *self, uint64_t length, uint64_t end)
{
	struct gfs_op *op = &self->op;
	const struct gfs_plan_rel *rel = &op->plan->rel;
	if (rel->into && end != self->target)
		return 0;
	if (self->wants_list) {
		struct gfs_datum *items = gfs_arena_alloc(&op->arena, length * sizeof *items);
		if (items == NULL || length > UINT32_MAX)
			return gfs_exec_nomem(op->exec);
		for (uint64_t i = 0; i < length; i++)
			items[i] = gfs_datum_rel(self->rels[rel->reversed != self->flipped ? length - 1 - i : i]);
		op->out.columns[rel->slot][op->out.count] = gfs_datum_list(items, length);
	}
	if (!rel->into && op->out.columns[rel->to] != NULL)
		op->out.columns[rel->to][op->out.count] = gfs_datum_node(end);
	op->origin[op->out.count++] = self->row;
	return 0;
}

/* ---- a list that is given: only its ends are looked for ---- */

static int follow(struct var_expand *self, struct gfs_datum item, uint64_t *node, bool *ret_fits)
{
	enum gfs_ast_direction direction = self->op.plan->rel.direction;
	struct gfs_rel_record record;
	*ret_fits = false;
	if (item.type != GFS_DATUM_REL)
		return 0;
	int err = gfs_rel_get(self->op.exec->graph, item.id, &record);
	if (err != 0)
		return err == GFS_ERR_NOTFOUND ? 0 : gfs_exec_store_error(self->op.exec, err);
	if (direction != GFS_AST_IN && record.start == *node) {
		*node = record.end;
		*ret_fits = true;
	} else if (direction != GFS_AST_OUT && record.end == *node) {
		*node = record.start;
		*ret_fits = true;
	}
	return 0;
}

static int given_row(struct var_expand *self, uint64_t node)
{
	const struct gfs_plan_rel *rel = &self->op.plan->rel;
	struct gfs_datum list = self->batch->columns[rel->slot][self->row];
	bool fits = list.type == GFS_DATUM_LIST && list.size >= rel->min && list.size <= rel->max;
	int err = 0;
	for (uint32_t i = 0; err == 0 && fits && i < list.size; i++)
		err = follow(self, list.items[rel->reversed ? list.size - 1 - i : i], &node, &fits);
	return err == 0 && fits ? put(self, 0, node) : err;
}

/* ---- trails ---- */

static int grow(struct var_expand *self)
{
	uint64_t capacity = GFS_MAX(self->capacity * 2, (uint64_t)8);
	if (self->depth >= GFS_QUERY_HOPS_MAX)
		return gfs_query_fail(self->op.exec->error, GFS_QUERY_LIMIT_ERROR, GFS_QUERY_RUNTIME, "PathTooLong", NULL,
			"a path of more than %u relationships", GFS_QUERY_HOPS_MAX);
	struct gfs_walk **walks = gfs_exec_alloc(self->op.exec, capacity * sizeof *walks);
	uint32_t *arcs = gfs_exec_alloc(self->op.exec, capacity * sizeof *arcs);
	uint64_t *rels = gfs_exec_alloc(self->op.exec, capacity * sizeof *rels);
	if (walks == NULL || arcs == NULL || rels == NULL)
		return gfs_exec_nomem(self->op.exec);
	if (self->capacity != 0) {
		memcpy(walks, self->walks, self->capacity * sizeof *walks);
		memcpy(arcs, self->arcs, self->capacity * sizeof *arcs);
		memcpy(rels, self->rels, self->capacity * sizeof *rels);
	}
	self->walks = walks;
	self->arcs = arcs;
	self->rels = rels;
	self->capacity = capacity;
	return 0;
}

/* How many relationships a trail may have after the next one. */
static uint64_t left_to_go(const struct var_expand *self)
{
	return self->op.plan->rel.max - self->depth - 1;
}

static bool goes_by_arcs(const struct var_expand *self)
{
	return self->goal != NULL && gfs_reach_covers(self->goal, left_to_go(self));
}

/* Looks at the relationships of the node that the trail of self->depth ends at. */
static int enter(struct var_expand *self, uint64_t node)
{
	int err = self->depth < self->capacity ? 0 : grow(self);
	if (err != 0)
		return err;
	if (goes_by_arcs(self)) {
		self->arcs[self->depth] = gfs_reach_arcs(self->goal, node);
		return 0;
	}
	struct gfs_walk **walk = &self->walks[self->depth];
	if (*walk == NULL && (*walk = gfs_exec_alloc(self->op.exec, sizeof **walk)) == NULL)
		return gfs_exec_nomem(self->op.exec);
	gfs_walk_begin(*walk, self->op.exec, &self->op.plan->rel, node, GFS_ID_NONE, self->flipped);
	return 0;
}

/* The next relationship out of the trail's end, and where it leads to; *ret_some false: there is none left. */
static int next_way(struct var_expand *self, struct gfs_adj_entry *ret_way, bool *ret_some)
{
	if (goes_by_arcs(self)) {
		uint32_t *at = &self->arcs[self->depth];
		*ret_some = *at != GFS_REACH_NONE;
		if (*ret_some) {
			const struct gfs_reach_arc *arc = &self->goal->arcs[*at];
			*ret_way = (struct gfs_adj_entry){ .other = self->goal->nodes[arc->to].id, .rel = arc->rel };
			*at = arc->next;
		}
		return 0;
	}
	const struct gfs_adj_entry *entry;
	int err = gfs_walk_next(self->walks[self->depth], &entry);
	*ret_some = err == 0 && entry != NULL;
	if (*ret_some)
		*ret_way = *entry;
	return err;
}

static bool on_trail(const struct var_expand *self, uint64_t rel)
{
	for (uint64_t i = 0; i < self->depth; i++)
		if (self->rels[i] == rel)
			return true;
	return false;
}

static int passes(struct var_expand *self, const struct gfs_adj_entry *way, bool *ret_passes)
{
	struct gfs_op *op = &self->op;
	const struct gfs_plan_rel *rel = &op->plan->rel;
	*ret_passes = !on_trail(self, way->rel) && !gfs_op_rel_used(rel, self->batch, self->row, way->rel) &&
		(self->goal == NULL || gfs_reach_distance(self->goal, way->other) <= left_to_go(self));
	if (!*ret_passes || rel->filter_count == 0)
		return 0;
	return gfs_op_step_passes(op, self->batch, self->row, way->rel, &self->scratch, ret_passes);
}

int gfs_op_step_passes(struct gfs_op *op, const struct gfs_batch *batch, uint32_t row, uint64_t id,
	struct gfs_arena *scratch, bool *ret_passes)
{
	const struct gfs_plan_rel *rel = &op->plan->rel;
	*ret_passes = true;
	gfs_arena_clear(scratch);
	op->exec->locals[rel->step] = gfs_datum_rel(id);
	for (uint32_t i = 0; *ret_passes && i < rel->filter_count; i++) {
		struct gfs_datum value;
		int err = gfs_expr_eval_row(op->exec, rel->filters[i].code, batch, row, scratch, &value);
		if (err != 0)
			return err;
		*ret_passes = value.type == GFS_DATUM_BOOLEAN && value.boolean;
	}
	return 0;
}

/* One relationship more, or one less. */
static int step(struct var_expand *self)
{
	const struct gfs_plan_rel *rel = &self->op.plan->rel;
	struct gfs_adj_entry way;
	bool some, fits;
	int err = next_way(self, &way, &some);
	if (err != 0)
		return err;
	if (!some) {
		if (self->depth == 0)
			self->walking = false;
		else
			self->depth--;
		return 0;
	}
	err = passes(self, &way, &fits);
	if (err != 0 || !fits)
		return err;
	self->rels[self->depth] = way.rel;
	uint64_t length = self->depth + 1;
	if (length >= rel->min)
		err = put(self, length, way.other);
	if (err == 0 && length < rel->max) {
		self->depth = length;
		err = enter(self, way.other);
	}
	return err;
}

/* Which end the trails begin at, and what they go by. */
static int look_from_both(struct var_expand *self, uint64_t *start)
{
	const uint64_t ends[ENDS] = { *start, self->target };
	int err = gfs_reach_search(self->sides, ends, self->batch, self->row, &self->goal);
	self->flipped = err == 0 && self->goal == &self->sides[FROM];
	if (self->flipped) {
		*start = ends[TO];
		self->target = ends[FROM];
	}
	return err;
}

static int begin_row(struct var_expand *self)
{
	const struct gfs_plan_rel *rel = &self->op.plan->rel;
	struct gfs_datum from = self->batch->columns[rel->from][self->row];
	if (from.type != GFS_DATUM_NODE)
		return 0;
	if (rel->into) {
		struct gfs_datum to = self->batch->columns[rel->to][self->row];
		if (to.type != GFS_DATUM_NODE)
			return 0;
		self->target = to.id;
	}
	if (rel->bound)
		return given_row(self, from.id);
	int err = rel->min == 0 ? put(self, 0, from.id) : 0;
	if (err != 0 || rel->max == 0)
		return err;
	uint64_t start = from.id;
	if (self->sides != NULL)
		err = look_from_both(self, &start);
	if (err != 0)
		return err;
	self->depth = 0;
	self->walking = true;
	return enter(self, start);
}

static int fill(struct var_expand *self)
{
	struct gfs_op *op = &self->op;
	int err = 0;
	while (err == 0 && self->row < self->batch->count && op->out.count < op->out.capacity) {
		bool walked = self->walking;
		err = walked ? step(self) : begin_row(self);
		if (!self->walking)
			self->row++;
		if (err == 0)
			err = gfs_exec_tick(op->exec);
	}
	return err;
}

static int next_var(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct var_expand *self = (struct var_expand *)op;
	int err = 0;
	gfs_op_begin(op);
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

const struct gfs_op_vtable gfs_op_var_expand_vtable = {
	.size = sizeof(struct var_expand),
	.open = open_var,
	.next = next_var,
	.rewind = rewind_var,
	.release = release_var,
};
