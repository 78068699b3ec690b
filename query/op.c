/* What operators have in common: making them, batches, rows handed on. */
#include "query/op.h"

#include "base/clock.h"
#include "query/exec.h"

#include <assert.h>

/* ---- making ---- */

static int make_inputs(struct gfs_exec *exec, struct gfs_op *op, const struct gfs_plan_node *plan)
{
	int err = 0;
	if (plan->input != NULL)
		err = gfs_op_make(exec, plan->input, &op->input);
	if (err == 0 && plan->right != NULL)
		err = gfs_op_make(exec, plan->right, &op->right);
	if (err == 0 && op->right != NULL)
		op->argument = gfs_op_argument(op->right);
	return err;
}

int gfs_op_make(struct gfs_exec *exec, const struct gfs_plan_node *plan, struct gfs_op **ret_op)
{
	const struct gfs_op_vtable *vtable = gfs_op_vtables[plan->kind];
	assert(vtable != NULL && vtable->size >= sizeof(struct gfs_op));
	struct gfs_op *op = gfs_exec_alloc(exec, vtable->size);
	struct gfs_datum **columns = gfs_exec_alloc(exec, exec->plan->slot_count * sizeof *columns);
	if (op == NULL || columns == NULL)
		return gfs_exec_nomem(exec);
	op->vtable = vtable;
	op->plan = plan;
	op->exec = exec;
	op->arena.budget = &exec->budget;
	op->out.columns = columns;
	op->next_made = exec->ops;
	exec->ops = op;
	int err = make_inputs(exec, op, plan);
	if (err == 0 && vtable->open != NULL)
		err = vtable->open(op);
	if (err == 0)
		*ret_op = op;
	return err;
}

void gfs_op_release_all(struct gfs_exec *exec)
{
	for (struct gfs_op *op = exec->ops; op != NULL; op = op->next_made) {
		if (op->vtable->release != NULL)
			op->vtable->release(op);
		gfs_arena_release(&op->arena);
	}
	exec->ops = NULL;
}

void gfs_op_rewind(struct gfs_op *op)
{
	for (; op != NULL; op = op->input)
		if (op->vtable->rewind != NULL)
			op->vtable->rewind(op);
}

struct gfs_op *gfs_op_argument(struct gfs_op *op)
{
	while (op->input != NULL)
		op = op->input;
	assert(op->plan->kind == GFS_PLAN_ARGUMENT);
	return op;
}

/* Adds the caches' counters to those of `p`, or takes them away. */
static void count_hits(struct gfs_exec *exec, struct gfs_profile *p, bool minus)
{
	struct gfs_cache_budget *budget = gfs_store_cache_budget(gfs_graph_store(exec->graph));
	struct gfs_cache_stats page, object;
	uint64_t sign = minus ? UINT64_MAX : 1; /* modulo 2^64 */
	gfs_cache_budget_stats(budget, GFS_CACHE_PAGE, &page);
	gfs_cache_budget_stats(budget, GFS_CACHE_OBJECT, &object);
	p->page_hits += sign * page.hits;
	p->page_misses += sign * page.misses;
	p->object_hits += sign * object.hits;
	p->object_misses += sign * object.misses;
}

static int next_profiled(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct gfs_profile *profile = &op->exec->profile[op->plan->id];
	count_hits(op->exec, profile, true);
	uint64_t start_ns = gfs_clock_mono_ns();
	int err = op->vtable->next(op, ret_batch);
	profile->ns += gfs_clock_mono_ns() - start_ns;
	count_hits(op->exec, profile, false);
	if (err == 0 && *ret_batch != NULL)
		profile->rows += (*ret_batch)->count;
	return err;
}

int gfs_op_next(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	*ret_batch = NULL;
	int err = op->exec->profile == NULL ? op->vtable->next(op, ret_batch) : next_profiled(op, ret_batch);
	assert(err != 0 || *ret_batch == NULL || (*ret_batch)->count > 0);
	return err;
}

/* ---- batches ---- */

int gfs_op_make_column(struct gfs_op *op, uint32_t slot)
{
	if (op->out.columns[slot] == NULL)
		op->out.columns[slot] = gfs_exec_room(op->exec, op->out.capacity * sizeof(struct gfs_datum));
	return op->out.columns[slot] == NULL ? gfs_exec_nomem(op->exec) : 0;
}

/* Few rows are expected: small batches, so that a point query does not pay for large ones. Whole batches of another tree must fit. */
static uint32_t capacity_for(const struct gfs_plan_node *plan)
{
	/* A scan in order begins with few by itself. */
	bool takes_batches = plan->right != NULL || plan->kind == GFS_PLAN_UNION || plan->kind == GFS_PLAN_INDEX_ORDER;
	return plan->rows < GFS_BATCH_ROWS_FEW / 2.0 && !takes_batches ? GFS_BATCH_ROWS_FEW : GFS_BATCH_ROWS;
}

int gfs_op_make_out(struct gfs_op *op, const uint32_t *slots, uint32_t count)
{
	int err = 0;
	op->out.capacity = capacity_for(op->plan);
	op->origin = gfs_exec_room(op->exec, op->out.capacity * sizeof *op->origin);
	if (op->origin == NULL)
		return gfs_exec_nomem(op->exec);
	for (uint32_t i = 0; err == 0 && i < op->plan->pass.count; i++)
		err = gfs_op_make_column(op, op->plan->pass.ids[i]);
	for (uint32_t i = 0; err == 0 && i < count; i++)
		err = gfs_op_make_column(op, slots[i]);
	return err;
}

void gfs_op_begin(struct gfs_op *op)
{
	op->out.count = 0;
	gfs_arena_clear(&op->arena);
}

void gfs_op_gather(struct gfs_op *op, const struct gfs_batch *input)
{
	assert(op->out.count <= op->out.capacity);
	for (uint32_t i = 0; i < op->plan->pass.count; i++) {
		const struct gfs_datum *from = input->columns[op->plan->pass.ids[i]];
		struct gfs_datum *to = op->out.columns[op->plan->pass.ids[i]];
		for (uint32_t row = 0; row < op->out.count; row++)
			to[row] = from[op->origin[row]];
	}
}

void gfs_op_compact(struct gfs_op *op, struct gfs_batch *batch, const uint32_t *keep, uint32_t count)
{
	assert(count <= batch->count);
	for (uint32_t i = 0; count != batch->count && i < op->plan->pass.count; i++) {
		struct gfs_datum *column = batch->columns[op->plan->pass.ids[i]];
		for (uint32_t row = 0; row < count; row++)
			column[row] = column[keep[row]];
	}
	batch->count = count;
}

int gfs_op_lend_but(struct gfs_op *argument, const struct gfs_batch *batch, uint32_t row, uint32_t but)
{
	int err = 0;
	for (uint32_t i = 0; err == 0 && i < argument->plan->argument.slots.count; i++) {
		uint32_t slot = argument->plan->argument.slots.ids[i];
		if (slot == but)
			continue;
		err = gfs_op_make_column(argument, slot);
		if (err == 0)
			argument->out.columns[slot][0] = batch->columns[slot][row];
	}
	return err;
}

int gfs_op_lend(struct gfs_op *argument, const struct gfs_batch *batch, uint32_t row)
{
	return gfs_op_lend_but(argument, batch, row, GFS_SLOT_NONE);
}

int gfs_exec_keep(struct gfs_exec *exec, struct gfs_arena *arena, struct gfs_datum value, struct gfs_datum *ret_value)
{
	return gfs_datum_copy(arena, value, ret_value) == 0 ? 0 : gfs_exec_nomem(exec);
}
