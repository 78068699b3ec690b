/* A tree of operators inside an expression: EXISTS, COUNT, COLLECT, patterns, pattern comprehensions. Made at its first use in a run. */
#include "query/expr.h"
#include "query/op.h"

static int op_of(const struct gfs_expr_sub *sub, struct gfs_exec *exec, struct gfs_op **ret_op)
{
	struct gfs_op *op = exec->subs[sub->index];
	int err = 0;
	if (op == NULL)
		err = gfs_op_make(exec, exec->plan->subs[sub->index], &op);
	exec->subs[sub->index] = *ret_op = op;
	return err;
}

/* The row that the expression stands at becomes the one row of the tree's ARGUMENT. */
static int lend_row(const struct gfs_expr_sub *sub, const struct gfs_row *row, struct gfs_op *op)
{
	struct gfs_op *argument = gfs_op_argument(op);
	gfs_op_rewind(op);
	for (uint32_t i = 0; i < sub->arg_count; i++) {
		uint32_t slot = sub->args[i].slot;
		int err = gfs_op_make_column(argument, slot);
		if (err != 0)
			return err;
		argument->out.columns[slot][0] = sub->args[i].local ? row->exec->locals[slot]
															: row->batch->columns[slot][row->at];
	}
	return 0;
}

struct collected {
	struct gfs_datum *items;
	size_t count, capacity;
};

static int collect(struct gfs_exec *exec, const struct gfs_datum *column, uint32_t count, struct collected *list)
{
	if (list->count + count > list->capacity) {
		size_t capacity = (list->count + count) * 2;
		struct gfs_datum *larger = gfs_arena_alloc(exec->env.arena, capacity * sizeof *larger);
		if (larger == NULL)
			return gfs_exec_nomem(exec);
		if (list->count != 0)
			memcpy(larger, list->items, list->count * sizeof *larger);
		list->items = larger;
		list->capacity = capacity;
	}
	for (uint32_t i = 0; i < count; i++) {
		int err = gfs_exec_keep(exec, exec->env.arena, column[i], &list->items[list->count]);
		if (err != 0)
			return err;
		list->count++;
	}
	return 0;
}

static struct gfs_datum result_of(const struct gfs_expr_sub *sub, uint64_t rows, const struct collected *list)
{
	switch (sub->kind) {
	case GFS_SUB_EXISTS:
		return gfs_datum_boolean(rows > 0);
	case GFS_SUB_COUNT:
		return gfs_datum_integer((int64_t)rows);
	case GFS_SUB_FIRST:
		return list->count == 0 ? gfs_datum_null() : list->items[0];
	default:
		return gfs_datum_list(list->items, list->count);
	}
}

static int run(const struct gfs_expr_sub *sub, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	struct collected list = { 0 };
	struct gfs_batch *batch = NULL;
	struct gfs_op *op;
	uint64_t rows = 0;
	bool takes = sub->kind == GFS_SUB_COLLECT || sub->kind == GFS_SUB_FIRST;
	bool one = sub->kind == GFS_SUB_EXISTS || sub->kind == GFS_SUB_FIRST;
	int err = op_of(sub, row->exec, &op);
	if (err == 0)
		err = lend_row(sub, row, op);
	while (err == 0 && !(one && rows > 0)) {
		err = gfs_op_next(op, &batch);
		if (err != 0 || batch == NULL)
			break;
		rows += batch->count;
		if (takes)
			err = collect(row->exec, batch->columns[sub->result], batch->count, &list);
	}
	if (err == 0)
		*ret_value = result_of(sub, rows, &list);
	return err;
}

static int keep(struct gfs_exec *exec, uint32_t index, struct gfs_datum value)
{
	struct gfs_datum *kept = gfs_exec_alloc(exec, sizeof *kept);
	int err = kept == NULL ? gfs_exec_nomem(exec) : gfs_exec_keep(exec, &exec->arena, value, kept);
	if (err == 0)
		exec->answers[index] = kept;
	return err;
}

int gfs_eval_sub(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	const struct gfs_expr_sub *sub = expr->sub;
	struct gfs_exec *exec = row->exec;
	int err = 0;
	if (!sub->once)
		return run(sub, row, ret_value);
	if (exec->answers[sub->index] == NULL) {
		struct gfs_datum value = gfs_datum_null();
		err = run(sub, row, &value);
		if (err == 0)
			err = keep(exec, sub->index, value);
	}
	if (err == 0)
		*ret_value = *exec->answers[sub->index];
	return err;
}
