#include "query/reach.h"

#include "base/checked.h"
#include "query/op_rel.h"

#include <assert.h>

void gfs_reach_init(struct gfs_reach *reach, struct gfs_op *op, bool turned)
{
	*reach = (struct gfs_reach){ .op = op, .turned = turned, .seen = GFS_U64MAP_INIT };
	reach->arena.budget = reach->scratch.budget = &op->exec->budget;
}

void gfs_reach_release(struct gfs_reach *reach)
{
	gfs_u64map_release(&reach->seen);
	gfs_arena_release(&reach->arena);
	gfs_arena_release(&reach->scratch);
}

/* ---- what was found ---- */

static void *grown(struct gfs_reach *reach, void *items, uint32_t count, uint32_t *capacity, size_t size)
{
	if (count < *capacity)
		return items;
	uint32_t larger = GFS_MAX(*capacity * 2, 32u);
	void *memory = gfs_arena_alloc(&reach->arena, larger * size);
	if (memory == NULL)
		return NULL;
	if (count != 0)
		memcpy(memory, items, count * size);
	*capacity = larger;
	return memory;
}

static int add_node(struct gfs_reach *reach, uint64_t id, uint32_t depth, uint32_t *ret_index)
{
	struct gfs_reach_node *nodes = grown(reach, reach->nodes, reach->node_count, &reach->node_capacity, sizeof *nodes);
	if (nodes == NULL)
		return gfs_exec_nomem(reach->op->exec);
	reach->nodes = nodes;
	if (gfs_u64map_set(&reach->seen, id, reach->node_count) != 0)
		return gfs_exec_nomem(reach->op->exec);
	nodes[reach->node_count] = (struct gfs_reach_node){ .id = id, .depth = depth, .arcs = GFS_REACH_NONE };
	*ret_index = reach->node_count++;
	return 0;
}

/* From the node at the other end of what is walked to the one that is walked from. */
static int add_arc(struct gfs_reach *reach, const struct gfs_adj_entry *entry)
{
	struct gfs_reach_arc *arcs = grown(reach, reach->arcs, reach->arc_count, &reach->arc_capacity, sizeof *arcs);
	uint64_t known;
	uint32_t from = 0;
	int err = 0;
	if (arcs == NULL)
		return gfs_exec_nomem(reach->op->exec);
	reach->arcs = arcs;
	if (gfs_u64map_get(&reach->seen, entry->other, &known))
		from = (uint32_t)known;
	else
		err = add_node(reach, entry->other, reach->nodes[reach->at].depth + 1, &from);
	if (err != 0)
		return err;
	arcs[reach->arc_count] = (struct gfs_reach_arc){ entry->rel, reach->at, reach->nodes[from].arcs };
	reach->nodes[from].arcs = reach->arc_count++;
	return 0;
}

uint64_t gfs_reach_distance(const struct gfs_reach *reach, uint64_t node)
{
	uint64_t index;
	if (gfs_u64map_get(&reach->seen, node, &index))
		return reach->nodes[index].depth;
	return reach->complete ? UINT64_MAX : reach->depth + 1;
}

uint32_t gfs_reach_arcs(const struct gfs_reach *reach, uint64_t node)
{
	uint64_t index;
	return gfs_u64map_get(&reach->seen, node, &index) ? reach->nodes[index].arcs : GFS_REACH_NONE;
}

/* ---- the search ---- */

/* What filters let pass may be another thing for each row; a statement that writes, and others while this one has not the lock, change the graph. */
static bool still_true(const struct gfs_reach *reach, uint64_t start)
{
	const struct gfs_exec *exec = reach->op->exec;
	return reach->begun && reach->start == start && reach->epoch == exec->epoch && exec->tx == NULL &&
		reach->op->plan->rel.filter_count == 0;
}

static int begin(struct gfs_reach *reach, uint64_t start)
{
	uint32_t index;
	if (still_true(reach, start))
		return 0;
	gfs_u64map_release(&reach->seen);
	gfs_arena_clear(&reach->arena);
	reach->seen = GFS_U64MAP_INIT;
	reach->nodes = NULL;
	reach->arcs = NULL;
	reach->node_count = reach->node_capacity = reach->arc_count = reach->arc_capacity = 0;
	reach->at = reach->steps = 0;
	reach->depth = 0;
	reach->walking = reach->complete = false;
	reach->begun = true;
	reach->start = start;
	reach->epoch = reach->op->exec->epoch;
	return add_node(reach, start, 0, &index);
}

/* The node at hand is done with. */
static void go_on(struct gfs_reach *reach)
{
	reach->walking = false;
	reach->at++;
	assert(reach->at <= reach->node_count);
	if (reach->at == reach->node_count)
		reach->complete = true;
	else
		reach->depth = reach->nodes[reach->at].depth;
}

/* Looks at one relationship more. */
static int step(struct gfs_reach *reach, const struct gfs_batch *batch, uint32_t row)
{
	const struct gfs_plan_rel *rel = &reach->op->plan->rel;
	struct gfs_exec *exec = reach->op->exec;
	const struct gfs_adj_entry *entry;
	bool fits = true;
	if (!reach->walking)
		gfs_walk_begin(&reach->walk, exec, rel, reach->nodes[reach->at].id, GFS_ID_NONE, reach->turned);
	reach->walking = true;
	reach->steps++;
	int err = gfs_walk_next(&reach->walk, &entry);
	if (err == 0 && entry == NULL)
		go_on(reach);
	else if (err == 0) {
		const struct gfs_adj_entry found = *entry;
		if (rel->filter_count != 0)
			err = gfs_op_step_passes(reach->op, batch, row, found.rel, &reach->scratch, &fits);
		if (err == 0 && fits)
			err = add_arc(reach, &found);
	}
	return err != 0 ? err : gfs_exec_tick(exec);
}

int gfs_reach_search(struct gfs_reach sides[2], const uint64_t ends[2], const struct gfs_batch *batch, uint32_t row,
	struct gfs_reach **ret_goal)
{
	struct gfs_reach *a = &sides[0], *b = &sides[1];
	uint64_t max = a->op->plan->rel.max;
	int err = begin(a, ends[0]);
	if (err == 0)
		err = begin(b, ends[1]);
	while (err == 0 && !a->complete && !b->complete && a->depth + b->depth < max &&
		a->steps + b->steps < GFS_REACH_ARCS_MAX)
		err = step(a->steps < b->steps ? a : b, batch, row);
	if (err != 0)
		return err;
	*ret_goal = NULL;
	if (a->complete || b->complete)
		*ret_goal = b->complete ? b : a;
	else if (a->depth + b->depth >= max)
		*ret_goal = b->depth < a->depth ? a : b;
	return 0;
}
