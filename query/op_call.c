/* CALL of a procedure: its rows for each row of the input; a procedure that gives no columns hands the row on. */
#include "query/op.h"

#include "query/procedure.h"

struct call {
	struct gfs_op op;
	struct gfs_batch *batch;
	uint32_t row;
	bool called;
	struct gfs_procedure_rows rows;
	size_t given;
	struct gfs_arena scratch; /* of the procedure's rows */
	struct gfs_datum *args;
};

static int open_call(struct gfs_op *op)
{
	struct call *self = (struct call *)op;
	self->scratch.budget = &op->exec->budget;
	self->args = gfs_exec_alloc(op->exec, op->plan->call.arg_count * sizeof *self->args);
	if (self->args == NULL)
		return gfs_exec_nomem(op->exec);
	return gfs_op_make_out(op, op->plan->call.slots, op->plan->call.column_count);
}

static void rewind_call(struct gfs_op *op)
{
	struct call *self = (struct call *)op;
	self->batch = NULL;
	self->called = false;
}

static void release_call(struct gfs_op *op)
{
	gfs_arena_release(&((struct call *)op)->scratch);
}

static int argument(struct call *self, uint32_t i)
{
	struct gfs_op *op = &self->op;
	const struct gfs_plan_item *item = &op->plan->call.args[i];
	const struct gfs_procedure_field *input = &op->plan->call.procedure->inputs[i];
	struct gfs_datum value;
	int err = gfs_expr_eval_row(op->exec, item->code, self->batch, self->row, &self->scratch, &value);
	if (err != 0 || gfs_procedure_argument(input->type, value, &self->args[i]))
		return err;
	return gfs_query_fail(op->exec->error, GFS_QUERY_SYNTAX_ERROR, GFS_QUERY_RUNTIME, "InvalidArgumentType",
		&item->expr->pos, "argument `%.*s` is %s and not %s", (int)input->name.size, (const char *)input->name.data,
		gfs_datum_type_name((enum gfs_datum_type)value.type), gfs_procedure_type_name(input->type));
}

static int call_row(struct call *self)
{
	struct gfs_op *op = &self->op;
	const struct gfs_plan_node *plan = op->plan;
	int err = 0;
	gfs_arena_clear(&self->scratch);
	for (uint32_t i = 0; err == 0 && i < plan->call.arg_count; i++)
		err = argument(self, i);
	const struct gfs_procedure_env env = { .arena = &self->scratch,
		.procedures = op->exec->procedures,
		.engine = op->exec->owner,
		.graph = op->exec->graph,
		.exec = op->exec,
		.error = op->exec->error,
		.pos = &plan->call.pos };
	self->given = 0;
	self->rows = (struct gfs_procedure_rows){ 0 };
	if (err == 0)
		err = plan->call.procedure->call(plan->call.procedure, &env, self->args, &self->rows);
	if (plan->call.procedure->output_count == 0)
		self->rows.count = 1;
	self->called = true;
	return err;
}

static void put_rows(struct call *self)
{
	struct gfs_op *op = &self->op;
	const struct gfs_plan_node *plan = op->plan;
	uint32_t width = plan->call.procedure->output_count;
	for (; self->given < self->rows.count && op->out.count < op->out.capacity; self->given++) {
		for (uint32_t i = 0; i < plan->call.column_count; i++)
			op->out.columns[plan->call.slots[i]][op->out.count] =
				self->rows.rows[self->given * width + plan->call.columns[i]];
		op->origin[op->out.count++] = self->row;
	}
	if (self->given == self->rows.count) {
		self->called = false;
		self->row++;
	}
}

/* The rows of one call at a time: the next call takes their memory. */
static int next_call(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct call *self = (struct call *)op;
	int err = gfs_exec_tick(op->exec);
	op->out.count = 0;
	while (err == 0 && op->out.count == 0) {
		if (self->batch != NULL && self->row == self->batch->count)
			self->batch = NULL;
		if (self->batch == NULL) {
			self->row = 0;
			err = gfs_op_next(op->input, &self->batch);
		}
		if (err != 0 || self->batch == NULL)
			return err;
		if (!self->called)
			err = call_row(self);
		if (err == 0)
			put_rows(self);
	}
	gfs_op_gather(op, self->batch);
	if (err == 0)
		*ret_batch = &op->out;
	return err;
}

const struct gfs_op_vtable gfs_op_call_vtable = {
	.size = sizeof(struct call), .open = open_call, .next = next_call, .rewind = rewind_call, .release = release_call
};
