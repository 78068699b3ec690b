/* shortestPath and allShortestPaths between two nodes that are known: breadth first from the one to the other. */
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

struct shortest {
	struct gfs_op op;
	struct gfs_batch *batch;
	uint32_t row;
	struct gfs_walk walk;
	struct gfs_u64map seen; /* node -> index of its first way */
	struct reached *ways;
	uint32_t count, capacity;
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
	gfs_u64map_release(&self->seen);
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
static int reach(struct shortest *self, uint64_t node, uint64_t rel, uint32_t parent, uint32_t depth)
{
	uint64_t first;
	bool known = gfs_u64map_get(&self->seen, node, &first);
	assert(!known || self->ways != NULL);
	if (known && (self->ways[first].depth < depth || !self->op.plan->rel.all_shortest))
		return 0;
	struct reached *ways = grown(self, self->ways, self->count, &self->capacity, sizeof *ways);
	if (ways == NULL)
		return GFS_ERR_NOMEM;
	self->ways = ways;
	ways[self->count] = (struct reached){ .node = node, .rel = rel, .parent = parent, .depth = depth };
	if (known) {
		ways[self->count].another = ways[first].another;
		ways[first].another = self->count;
	} else if (gfs_u64map_set(&self->seen, node, self->count) != 0) {
		return gfs_exec_nomem(self->op.exec);
	}
	self->count++;
	return 0;
}

static int expand_one(struct shortest *self, uint32_t at)
{
	struct gfs_op *op = &self->op;
	const struct gfs_adj_entry *entry;
	struct reached from = self->ways[at];
	gfs_walk_begin(&self->walk, op->exec, &op->plan->rel, from.node, GFS_ID_NONE, false);
	for (;;) {
		bool fits = true;
		int err = gfs_walk_next(&self->walk, &entry);
		if (err != 0 || entry == NULL)
			return err;
		if (op->plan->rel.filter_count != 0)
			err = gfs_op_step_passes(op, self->batch, self->row, entry->rel, &self->filter_scratch, &fits);
		if (err == 0 && fits)
			err = reach(self, entry->other, entry->rel, at, from.depth + 1);
		if (err == 0)
			err = gfs_exec_tick(op->exec);
		if (err != 0)
			return err;
	}
}

/* Level by level, until the one that reaches `to` is whole. */
static int search(struct shortest *self, uint64_t from, uint64_t to)
{
	uint64_t found;
	gfs_u64map_release(&self->seen);
	self->ways = NULL;
	self->count = self->capacity = 0;
	int err = reach(self, from, 0, UINT32_MAX, 0);
	for (uint32_t at = 0; err == 0 && at < self->count; at++) {
		const struct reached *way = &self->ways[at];
		if (way->depth >= self->op.plan->rel.max)
			break;
		if (gfs_u64map_get(&self->seen, to, &found) && way->depth >= self->ways[found].depth)
			break;
		if (at != 0 && gfs_u64map_get(&self->seen, way->node, &found) && found != at)
			continue; /* another way to a node that was walked from already */
		err = expand_one(self, at);
	}
	return err;
}

/* ---- the paths ---- */

static int add_result(struct shortest *self, const uint64_t *rels, uint32_t length)
{
	struct gfs_datum *items = gfs_arena_alloc(&self->scratch, length * sizeof *items);
	struct gfs_datum *results = grown(self, self->results, self->result_count, &self->result_capacity, sizeof *results);
	if (items == NULL || results == NULL)
		return gfs_exec_nomem(self->op.exec);
	for (uint32_t i = 0; i < length; i++)
		items[i] = gfs_datum_rel(rels[self->op.plan->rel.reversed ? length - 1 - i : i]);
	self->results = results;
	results[self->result_count++] = gfs_datum_list(items, length);
	return 0;
}

/* Every way back, by counting up: at[d] is the way taken into depth d. */
static int collect_paths(struct shortest *self, uint32_t last)
{
	uint32_t length = self->ways[last].depth;
	uint64_t *rels = gfs_arena_alloc(&self->scratch, length * sizeof *rels);
	uint32_t *at = gfs_arena_alloc(&self->scratch, (length + 1) * sizeof *at);
	if (rels == NULL || at == NULL)
		return gfs_exec_nomem(self->op.exec);
	uint32_t depth = length;
	at[depth] = last;
	for (;;) {
		uint64_t first;
		while (depth > 0) {
			rels[depth - 1] = self->ways[at[depth]].rel;
			/* From the node before, begin with its first way. */
			(void)gfs_u64map_get(&self->seen, self->ways[self->ways[at[depth]].parent].node, &first);
			at[--depth] = (uint32_t)first;
		}
		int err = add_result(self, rels, length);
		if (err == 0)
			err = gfs_exec_tick(self->op.exec);
		if (err != 0)
			return err;
		while (depth <= length && self->ways[at[depth]].another == 0)
			depth++;
		if (depth > length)
			return 0;
		at[depth] = self->ways[at[depth]].another;
	}
}

static int find_paths(struct shortest *self)
{
	const struct gfs_plan_rel *rel = &self->op.plan->rel;
	struct gfs_datum from = self->batch->columns[rel->from][self->row], to = self->batch->columns[rel->to][self->row];
	uint64_t last;
	gfs_arena_clear(&self->scratch);
	self->results = NULL;
	self->result_count = self->result_capacity = self->given = 0;
	if (from.type != GFS_DATUM_NODE || to.type != GFS_DATUM_NODE)
		return 0;
	int err = search(self, from.id, to.id);
	if (err != 0 || !gfs_u64map_get(&self->seen, to.id, &last) || self->ways[last].depth < rel->min)
		return err;
	return collect_paths(self, (uint32_t)last);
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
