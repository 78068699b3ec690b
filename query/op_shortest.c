/* shortestPath and allShortestPaths between two nodes that are known: breadth first from both, a level of the side with the smaller one at a time, until
 * they meet. All nodes where they meet are then as far from the one as the sides have come, and from the other. */
#include "query/op_rel.h"
#include "query/walk.h"

#include "base/checked.h"

#include <assert.h>

/* A way to reach a node from a node of the level before. */
struct reached {
	uint64_t node, rel;
	uint32_t parent;  /* index of the node before; UINT32_MAX: the start */
	uint32_t another; /* index of another way to the same node at the same depth; 0: none */
	uint32_t depth;
};

/* What was reached from one end. */
struct side {
	struct gfs_u64map seen; /* node -> index of its first way */
	struct reached *ways;
	uint32_t count, capacity;
	uint32_t level; /* index of the first way of the last level */
	uint32_t depth; /* of that level */
};

enum { FROM = 0, TO = 1 };

struct shortest {
	struct gfs_op op;
	struct gfs_batch *batch;
	uint32_t row;
	struct gfs_walk walk;
	struct side sides[2];
	bool met;
	uint64_t meeting;         /* a node where they met */
	struct gfs_arena scratch; /* ways and results of a row */
	struct gfs_arena filter_scratch;
	struct gfs_datum *results;
	uint32_t result_count, result_capacity, given;
};

static int open_shortest(struct gfs_op *op)
{
	struct shortest *self = (struct shortest *)op;
	self->scratch.budget = self->filter_scratch.budget = &op->exec->budget;
	return gfs_op_make_out(op, &op->plan->rel.slot, 1);
}

static void rewind_shortest(struct gfs_op *op)
{
	struct shortest *self = (struct shortest *)op;
	self->batch = NULL;
	self->result_count = self->given = 0;
}

static void release_shortest(struct gfs_op *op)
{
	struct shortest *self = (struct shortest *)op;
	gfs_u64map_release(&self->sides[FROM].seen);
	gfs_u64map_release(&self->sides[TO].seen);
	gfs_arena_release(&self->scratch);
	gfs_arena_release(&self->filter_scratch);
}

/* ---- the search ---- */

static void *grown(struct shortest *self, void *items, uint32_t count, uint32_t *capacity, size_t size)
{
	if (count < *capacity)
		return items;
	uint32_t larger = GFS_MAX(*capacity * 2, 64u);
	void *memory = gfs_arena_alloc(&self->scratch, larger * size);
	if (memory == NULL) {
		(void)gfs_exec_nomem(self->op.exec); /* the caller sees NULL */
		return NULL;
	}
	if (count != 0)
		memcpy(memory, items, count * size);
	*capacity = larger;
	return memory;
}

/* Notes the way, unless the node was reached by a shorter one, or by one as long and one is enough. */
static int reach(struct shortest *self, struct side *side, const struct reached *way)
{
	uint64_t first;
	bool known = gfs_u64map_get(&side->seen, way->node, &first);
	assert(!known || side->ways != NULL);
	if (known && (side->ways[first].depth < way->depth || !self->op.plan->rel.all_shortest))
		return 0;
	struct reached *ways = grown(self, side->ways, side->count, &side->capacity, sizeof *ways);
	if (ways == NULL)
		return GFS_ERR_NOMEM;
	side->ways = ways;
	ways[side->count] = *way;
	if (known) {
		ways[side->count].another = ways[first].another;
		ways[first].another = side->count;
	} else if (gfs_u64map_set(&side->seen, way->node, side->count) != 0) {
		return gfs_exec_nomem(self->op.exec);
	}
	side->count++;
	if (gfs_u64map_get(&self->sides[side == &self->sides[FROM] ? TO : FROM].seen, way->node, &first)) {
		self->met = true;
		self->meeting = way->node;
	}
	return 0;
}

/* One path is enough: it is there. */
static bool is_found(const struct shortest *self)
{
	return self->met && !self->op.plan->rel.all_shortest;
}

static int expand_one(struct shortest *self, struct side *side, uint32_t at)
{
	struct gfs_op *op = &self->op;
	const struct gfs_adj_entry *entry;
	struct reached from = side->ways[at];
	gfs_walk_begin(&self->walk, op->exec, &op->plan->rel, from.node, GFS_ID_NONE, side == &self->sides[TO]);
	while (!is_found(self)) {
		bool fits = true;
		int err = gfs_walk_next(&self->walk, &entry);
		if (err != 0 || entry == NULL)
			return err;
		const struct reached way = { .node = entry->other, .rel = entry->rel, .parent = at, .depth = from.depth + 1 };
		if (op->plan->rel.filter_count != 0)
			err = gfs_op_step_passes(op, self->batch, self->row, way.rel, &self->filter_scratch, &fits);
		if (err == 0 && fits)
			err = reach(self, side, &way);
		if (err == 0)
			err = gfs_exec_tick(op->exec);
		if (err != 0)
			return err;
	}
	return 0;
}

static int expand_level(struct shortest *self, struct side *side)
{
	uint32_t at = side->level, end = side->count;
	uint64_t first;
	int err = 0;
	side->level = end;
	side->depth++;
	for (; err == 0 && at < end && !is_found(self); at++)
		/* Another way to a node that was walked from is left out. */
		if (gfs_u64map_get(&side->seen, side->ways[at].node, &first) && first == at)
			err = expand_one(self, side, at);
	return err;
}

static uint32_t level_count(const struct side *side)
{
	return side->count - side->level;
}

static int begin_side(struct shortest *self, struct side *side, uint64_t node)
{
	gfs_u64map_release(&side->seen);
	*side = (struct side){ .seen = GFS_U64MAP_INIT };
	return reach(self, side, &(struct reached){ .node = node, .parent = UINT32_MAX });
}

static int search(struct shortest *self, uint64_t from, uint64_t to)
{
	struct side *a = &self->sides[FROM], *b = &self->sides[TO];
	gfs_u64map_release(&b->seen); /* nothing is met in what was left of another search */
	self->met = false;
	int err = begin_side(self, a, from);
	if (err == 0)
		err = begin_side(self, b, to);
	while (err == 0 && !self->met && (uint64_t)a->depth + b->depth < self->op.plan->rel.max) {
		struct side *narrow = level_count(b) < level_count(a) ? b : a;
		if (level_count(narrow) == 0)
			break;
		err = expand_level(self, narrow);
	}
	return err;
}

/* ---- the paths ---- */

/* A way back from a meeting to one end: at[d] is the way taken into depth d, rels[d] the relationship out of it. */
struct half {
	const struct side *side;
	uint32_t *at;
	uint64_t *rels;
};

static int half_init(struct shortest *self, struct half *half, const struct side *side)
{
	half->side = side;
	half->rels = gfs_arena_alloc(&self->scratch, (side->depth + 1) * sizeof *half->rels);
	half->at = gfs_arena_alloc(&self->scratch, (side->depth + 1) * sizeof *half->at);
	return half->rels == NULL || half->at == NULL ? gfs_exec_nomem(self->op.exec) : 0;
}

static uint64_t first_way(const struct side *side, uint64_t node)
{
	uint64_t first = 0;
	bool found = gfs_u64map_get(&side->seen, node, &first);
	assert(found);
	(void)found; /* without asserts */
	return first;
}

/* From at[depth] down to the end, by first ways. */
static void half_descend(struct half *half, uint32_t depth)
{
	const struct reached *ways = half->side->ways;
	for (; depth > 0; depth--) {
		const struct reached *way = &ways[half->at[depth]];
		half->rels[depth - 1] = way->rel;
		half->at[depth - 1] = (uint32_t)first_way(half->side, ways[way->parent].node);
	}
}

static void half_first(struct half *half, uint64_t node)
{
	half->at[half->side->depth] = (uint32_t)first_way(half->side, node);
	half_descend(half, half->side->depth);
}

/* Counts up; false after the last. */
static bool half_next(struct half *half)
{
	const struct reached *ways = half->side->ways;
	for (uint32_t depth = 0; depth <= half->side->depth; depth++) {
		if (ways[half->at[depth]].another == 0)
			continue;
		half->at[depth] = ways[half->at[depth]].another;
		half_descend(half, depth);
		return true;
	}
	return false;
}

static int add_result(struct shortest *self, const struct half *from, const struct half *to)
{
	uint32_t before = from->side->depth, after = to->side->depth, length = before + after;
	struct gfs_datum *items = gfs_arena_alloc(&self->scratch, length * sizeof *items);
	struct gfs_datum *results = grown(self, self->results, self->result_count, &self->result_capacity, sizeof *results);
	if (items == NULL || results == NULL)
		return gfs_exec_nomem(self->op.exec);
	for (uint32_t i = 0; i < length; i++) {
		uint64_t rel = i < before ? from->rels[i] : to->rels[length - 1 - i];
		items[self->op.plan->rel.reversed ? length - 1 - i : i] = gfs_datum_rel(rel);
	}
	self->results = results;
	assert(!self->op.plan->rel.single || length == 1);
	results[self->result_count++] = self->op.plan->rel.single ? items[0] : gfs_datum_list(items, length);
	return gfs_exec_tick(self->op.exec);
}

/* Every way from the one end to the node with every way from there to the other; or one. */
static int add_through(struct shortest *self, struct half *from, struct half *to, uint64_t node)
{
	int err;
	half_first(from, node);
	do {
		half_first(to, node);
		do
			err = add_result(self, from, to);
		while (err == 0 && self->op.plan->rel.all_shortest && half_next(to));
	} while (err == 0 && self->op.plan->rel.all_shortest && half_next(from));
	return err;
}

static int collect_paths(struct shortest *self)
{
	const struct side *side = &self->sides[FROM];
	struct half from, to;
	uint64_t found;
	int err = half_init(self, &from, side);
	if (err == 0)
		err = half_init(self, &to, &self->sides[TO]);
	if (err != 0 || !self->op.plan->rel.all_shortest)
		return err != 0 ? err : add_through(self, &from, &to, self->meeting);
	for (uint32_t at = side->level; err == 0 && at < side->count; at++) {
		uint64_t node = side->ways[at].node;
		if (first_way(side, node) == at && gfs_u64map_get(&self->sides[TO].seen, node, &found))
			err = add_through(self, &from, &to, node);
	}
	return err;
}

static int find_paths(struct shortest *self)
{
	const struct gfs_plan_rel *rel = &self->op.plan->rel;
	struct gfs_datum from = self->batch->columns[rel->from][self->row], to = self->batch->columns[rel->to][self->row];
	gfs_arena_clear(&self->scratch);
	self->results = NULL;
	self->result_count = self->result_capacity = self->given = 0;
	if (from.type != GFS_DATUM_NODE || to.type != GFS_DATUM_NODE)
		return 0;
	int err = search(self, from.id, to.id);
	if (err != 0 || !self->met || self->sides[FROM].depth + self->sides[TO].depth < rel->min)
		return err;
	return collect_paths(self);
}

static int next_shortest(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct shortest *self = (struct shortest *)op;
	gfs_op_begin(op);
	for (;;) {
		int err = 0;
		if (self->given < self->result_count) {
			op->out.columns[op->plan->rel.slot][0] = self->results[self->given++];
			op->origin[0] = self->row;
			op->out.count = 1;
			gfs_op_gather(op, self->batch);
			*ret_batch = &op->out;
			return 0;
		}
		if (self->batch != NULL && ++self->row == self->batch->count)
			self->batch = NULL;
		if (self->batch == NULL) {
			self->row = 0;
			err = gfs_op_next(op->input, &self->batch);
		}
		if (err != 0 || self->batch == NULL)
			return err;
		err = find_paths(self);
		if (err != 0)
			return err;
	}
}

const struct gfs_op_vtable gfs_op_shortest_vtable = {
	.size = sizeof(struct shortest),
	.open = open_shortest,
	.next = next_shortest,
	.rewind = rewind_shortest,
	.release = release_shortest,
};
