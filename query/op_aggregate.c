/* Groups its input's rows by keys and gives one row a group. Without keys there is one group, also of no rows. */
#include "query/op.h"
#include "query/row_table.h"

#include "base/checked.h"
#include "query/aggregate.h"

#include <assert.h>

struct grouping {
	struct gfs_op op;
	struct gfs_row_table table;
	struct gfs_accumulator **accumulators; /* by group, then aggregate */
	uint64_t capacity;
	struct gfs_datum **keys; /* columns of the batch at hand */
	struct gfs_datum **args; /* of all aggregates one after the other */
	uint32_t arg_count;
	struct gfs_arena scratch; /* of the values in those columns */
	struct gfs_datum *row;
	uint64_t given;
	bool filled;
};

static struct gfs_datum **make_columns(struct gfs_exec *exec, uint32_t count)
{
	struct gfs_datum **columns = gfs_exec_alloc(exec, count * sizeof *columns);
	for (uint32_t i = 0; columns != NULL && i < count; i++) {
		columns[i] = gfs_exec_room(exec, GFS_BATCH_ROWS * sizeof(struct gfs_datum));
		if (columns[i] == NULL)
			return NULL;
	}
	return columns;
}

static void reset(struct gfs_op *op)
{
	struct grouping *self = (struct grouping *)op;
	gfs_arena_clear(&op->arena);
	gfs_row_table_init(&self->table, op->exec, &op->arena, op->plan->aggregate.key_count);
	self->accumulators = NULL;
	self->capacity = self->given = 0;
	self->filled = false;
}

static int open_aggregate(struct gfs_op *op)
{
	struct grouping *self = (struct grouping *)op;
	const struct gfs_plan_node *plan = op->plan;
	int err = gfs_op_make_out(op, NULL, 0);
	for (uint32_t i = 0; i < plan->aggregate.aggregate_count; i++)
		self->arg_count += plan->aggregate.aggregates[i].arg_count;
	for (uint32_t i = 0; err == 0 && i < plan->aggregate.key_count; i++)
		err = gfs_op_make_column(op, plan->aggregate.keys[i].slot);
	for (uint32_t i = 0; err == 0 && i < plan->aggregate.aggregate_count; i++)
		err = gfs_op_make_column(op, plan->aggregate.aggregates[i].slot);
	self->scratch.budget = &op->exec->budget;
	self->keys = make_columns(op->exec, plan->aggregate.key_count);
	self->args = make_columns(op->exec, self->arg_count);
	self->row = gfs_exec_alloc(op->exec, (plan->aggregate.key_count + self->arg_count) * sizeof *self->row);
	reset(op);
	return err == 0 && (self->keys == NULL || self->args == NULL || self->row == NULL) ? gfs_exec_nomem(op->exec) : err;
}

static void release_aggregate(struct gfs_op *op)
{
	gfs_arena_release(&((struct grouping *)op)->scratch);
}

/* ---- groups ---- */

static struct gfs_slice name_of(const struct gfs_plan_aggregate *aggregate)
{
	return aggregate->call->kind == GFS_AST_COUNT_STAR ? gfs_slice_text("count") : aggregate->call->name;
}

static int new_group(struct grouping *self, uint64_t group)
{
	struct gfs_op *op = &self->op;
	uint32_t each = op->plan->aggregate.aggregate_count;
	int err = 0;
	if (group == self->capacity) {
		uint64_t capacity = GFS_MAX(self->capacity * 2, (uint64_t)8);
		struct gfs_accumulator **larger = gfs_arena_alloc(
			&op->arena, capacity * each * sizeof(struct gfs_accumulator *));
		if (larger == NULL)
			return gfs_exec_nomem(op->exec);
		if (group != 0)
			memcpy(larger, self->accumulators, group * each * sizeof(struct gfs_accumulator *));
		self->accumulators = larger;
		self->capacity = capacity;
	}
	for (uint32_t i = 0; err == 0 && i < each; i++) {
		const struct gfs_plan_aggregate *aggregate = &op->plan->aggregate.aggregates[i];
		err = gfs_accumulator_new(&op->exec->env, gfs_aggregate_find(name_of(aggregate)), aggregate->call->distinct,
			&self->accumulators[group * each + i]);
	}
	return err;
}

static int add_row(struct grouping *self, uint64_t group, uint32_t row)
{
	struct gfs_op *op = &self->op;
	uint32_t each = op->plan->aggregate.aggregate_count, arg = 0;
	struct gfs_datum *values = self->row + op->plan->aggregate.key_count;
	int err = 0;
	for (uint32_t i = 0; err == 0 && i < each; i++) {
		const struct gfs_plan_aggregate *aggregate = &op->plan->aggregate.aggregates[i];
		for (uint32_t k = 0; k < aggregate->arg_count; k++)
			values[k] = self->args[arg++][row];
		op->exec->env.pos = &aggregate->call->pos;
		err = gfs_accumulator_add(&op->exec->env, self->accumulators[group * each + i], values, aggregate->arg_count);
	}
	return err;
}

static int group_of(struct grouping *self, uint32_t row, uint64_t *ret_group)
{
	bool new = false;
	uint32_t keys = self->op.plan->aggregate.key_count;
	*ret_group = 0;
	if (keys == 0)
		return 0; /* made beforehand */
	for (uint32_t i = 0; i < keys; i++)
		self->row[i] = self->keys[i][row];
	int err = gfs_row_table_find_values(&self->table, self->row, ret_group, &new);
	return err == 0 && new ? new_group(self, *ret_group) : err;
}

static int evaluate(struct grouping *self, const struct gfs_batch *batch)
{
	const struct gfs_plan_node *plan = self->op.plan;
	uint32_t arg = 0;
	int err = 0;
	gfs_arena_clear(&self->scratch);
	for (uint32_t i = 0; err == 0 && i < plan->aggregate.key_count; i++)
		err = gfs_expr_eval(self->op.exec, plan->aggregate.keys[i].code, batch, &self->scratch, self->keys[i]);
	for (uint32_t i = 0; err == 0 && i < plan->aggregate.aggregate_count; i++)
		for (uint32_t k = 0; err == 0 && k < plan->aggregate.aggregates[i].arg_count; k++)
			err = gfs_expr_eval(
				self->op.exec, plan->aggregate.aggregates[i].args[k].code, batch, &self->scratch, self->args[arg++]);
	return err;
}

/* Accumulators take their memory from env->arena. */
static int add_batch(struct grouping *self, const struct gfs_batch *batch)
{
	struct gfs_function_env *env = &self->op.exec->env;
	int err = evaluate(self, batch);
	struct gfs_arena *outer = env->arena;
	env->arena = &self->op.arena;
	for (uint32_t row = 0; err == 0 && row < batch->count; row++) {
		uint64_t group;
		err = group_of(self, row, &group);
		if (err == 0)
			err = add_row(self, group, row);
	}
	env->arena = outer;
	return err;
}

static int make_only_group(struct grouping *self)
{
	struct gfs_function_env *env = &self->op.exec->env;
	struct gfs_arena *outer = env->arena;
	env->arena = &self->op.arena;
	int err = self->op.plan->aggregate.key_count == 0 ? new_group(self, 0) : 0;
	env->arena = outer;
	return err;
}

static int fill(struct grouping *self)
{
	struct gfs_batch *batch = NULL;
	int err = make_only_group(self);
	do {
		if (err == 0)
			err = gfs_op_next(self->op.input, &batch);
		if (err == 0 && batch != NULL)
			err = add_batch(self, batch);
	} while (err == 0 && batch != NULL);
	self->filled = err == 0;
	return err;
}

/* ---- giving ---- */

static int give_group(struct grouping *self, uint64_t group)
{
	struct gfs_op *op = &self->op;
	const struct gfs_plan_node *plan = op->plan;
	uint32_t row = op->out.count++, each = plan->aggregate.aggregate_count;
	int err = 0;
	for (uint32_t i = 0; i < plan->aggregate.key_count; i++)
		op->out.columns[plan->aggregate.keys[i].slot][row] = gfs_rows_at(&self->table.rows, group)[i];
	for (uint32_t i = 0; err == 0 && i < each; i++) {
		op->exec->env.pos = &plan->aggregate.aggregates[i].call->pos;
		err = gfs_accumulator_finish(&op->exec->env, self->accumulators[group * each + i],
			&op->out.columns[plan->aggregate.aggregates[i].slot][row]);
	}
	return err;
}

static int next_aggregate(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct grouping *self = (struct grouping *)op;
	struct gfs_arena *outer = op->exec->env.arena;
	int err = self->filled ? 0 : fill(self);
	uint64_t groups = op->plan->aggregate.key_count == 0 ? 1 : self->table.rows.count;
	if (err != 0 || self->given == groups)
		return err;
	op->exec->env.arena = &op->arena;
	op->out.count = 0;
	while (err == 0 && self->given < groups && op->out.count < op->out.capacity)
		err = give_group(self, self->given++);
	op->exec->env.arena = outer;
	if (err == 0)
		*ret_batch = &op->out;
	return err;
}

const struct gfs_op_vtable gfs_op_aggregate_vtable = {
	.size = sizeof(struct grouping),
	.open = open_aggregate,
	.next = next_aggregate,
	.rewind = reset,
	.release = release_aggregate,
};
