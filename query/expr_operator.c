/* Logic, comparison, arithmetic, tests. */
#include "query/expr.h"

#include "query/ast.h"
#include "query/value_type.h"

#include <assert.h>

int gfs_eval_truth(const struct gfs_expr *expr, const struct gfs_row *row, enum gfs_truth *ret_truth)
{
	struct gfs_datum value;
	int err = gfs_eval(expr, row, &value);
	if (err != 0)
		return err;
	if (gfs_datum_is_null(value))
		*ret_truth = GFS_UNKNOWN;
	else if (value.type == GFS_DATUM_BOOLEAN)
		*ret_truth = value.boolean ? GFS_TRUE : GFS_FALSE;
	else
		return gfs_eval_type_error(expr, row, value, "a boolean");
	return 0;
}

/* ---- logic ---- */

/* AND, OR: `decides` settles the answer whatever the other side is. */
static int two_sides(
	const struct gfs_expr *expr, const struct gfs_row *row, enum gfs_truth decides, struct gfs_datum *ret_value)
{
	enum gfs_truth a = GFS_UNKNOWN, b = decides;
	int err = gfs_eval_truth(expr->args[0], row, &a);
	if (err == 0 && a != decides)
		err = gfs_eval_truth(expr->args[1], row, &b);
	if (err != 0)
		return err;
	if (a == decides || b == decides)
		*ret_value = gfs_truth_datum(decides);
	else
		*ret_value = gfs_truth_datum(a == GFS_UNKNOWN ? a : b);
	return 0;
}

int gfs_eval_and(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	return two_sides(expr, row, GFS_FALSE, ret_value);
}

int gfs_eval_or(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	return two_sides(expr, row, GFS_TRUE, ret_value);
}

int gfs_eval_xor(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	enum gfs_truth a = GFS_UNKNOWN, b = GFS_UNKNOWN;
	int err = gfs_eval_truth(expr->args[0], row, &a);
	if (err == 0)
		err = gfs_eval_truth(expr->args[1], row, &b);
	if (err != 0)
		return err;
	if (a == GFS_UNKNOWN || b == GFS_UNKNOWN)
		*ret_value = gfs_datum_null();
	else
		*ret_value = gfs_datum_boolean(a != b);
	return 0;
}

int gfs_eval_not(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	enum gfs_truth a = GFS_UNKNOWN;
	int err = gfs_eval_truth(expr->args[0], row, &a);
	if (err == 0)
		*ret_value = a == GFS_UNKNOWN ? gfs_datum_null() : gfs_datum_boolean(a == GFS_FALSE);
	return err;
}

/* ---- comparison ---- */

static bool order_fits(uint8_t op, int order)
{
	switch (op) {
	case GFS_OP_LT:
		return order < 0;
	case GFS_OP_LE:
		return order <= 0;
	case GFS_OP_GT:
		return order > 0;
	default:
		return order >= 0;
	}
}

static enum gfs_truth compare(uint8_t op, struct gfs_datum a, struct gfs_datum b)
{
	int order;
	enum gfs_truth truth;
	if (a.type == GFS_DATUM_INTEGER && b.type == GFS_DATUM_INTEGER) {
		order = (a.integer > b.integer) - (a.integer < b.integer);
		if (op == GFS_OP_EQ || op == GFS_OP_NE)
			return (order == 0) == (op == GFS_OP_EQ) ? GFS_TRUE : GFS_FALSE;
		return order_fits(op, order) ? GFS_TRUE : GFS_FALSE;
	}
	switch (op) {
	case GFS_OP_EQ:
		return gfs_datum_equal(a, b);
	case GFS_OP_NE:
		truth = gfs_datum_equal(a, b);
		return truth == GFS_UNKNOWN ? truth : truth == GFS_TRUE ? GFS_FALSE : GFS_TRUE;
	default:
		truth = gfs_datum_compare(a, b, &order);
		return truth == GFS_TRUE && !order_fits(op, order) ? GFS_FALSE : truth;
	}
}

int gfs_eval_compare(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	struct gfs_datum a, b;
	int err = gfs_eval(expr->args[0], row, &a);
	if (err == 0)
		err = gfs_eval(expr->args[1], row, &b);
	if (err == 0)
		*ret_value = gfs_truth_datum(compare(expr->op, a, b));
	return err;
}

/* a < b < c is a < b AND b < c, each side evaluated once. */
int gfs_eval_compare_chain(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	struct gfs_datum a, b;
	enum gfs_truth all = GFS_TRUE;
	int err = gfs_eval(expr->args[0], row, &a);
	for (uint32_t i = 1; err == 0 && i < expr->arg_count && all != GFS_FALSE; i++) {
		err = gfs_eval(expr->args[i], row, &b);
		if (err != 0)
			return err;
		enum gfs_truth one = compare(expr->ops[i - 1], a, b);
		if (one != GFS_TRUE)
			all = one;
		a = b;
	}
	if (err == 0)
		*ret_value = gfs_truth_datum(all);
	return err;
}

/* Constants and parameters are evaluated once, a column is looked at where it lies. */
static int side_of(const struct gfs_expr *expr, struct gfs_exec *exec, const struct gfs_batch *batch,
	const struct gfs_datum **ret_column, uint32_t *ret_step)
{
	struct gfs_datum *column;
	*ret_step = 1;
	if (expr->eval == gfs_eval_literal || expr->eval == gfs_eval_param) {
		*ret_step = 0;
		*ret_column = expr->eval == gfs_eval_literal ? &expr->literal : &exec->params[expr->slot];
		return 0;
	}
	if (expr->eval == gfs_eval_slot) {
		*ret_column = batch->columns[expr->slot];
		return 0;
	}
	column = gfs_arena_alloc(exec->env.arena, batch->count * sizeof *column);
	if (column == NULL) {
		(void)gfs_exec_nomem(exec); /* fills the error */
		return GFS_ERR_NOMEM;
	}
	*ret_column = column;
	return gfs_expr_eval(exec, expr, batch, exec->env.arena, column);
}

int gfs_eval_all_compare(
	const struct gfs_expr *expr, struct gfs_exec *exec, const struct gfs_batch *batch, struct gfs_datum *out)
{
	const struct gfs_datum *a = NULL, *b = NULL;
	uint32_t step_a = 0, step_b = 0;
	int err = side_of(expr->args[0], exec, batch, &a, &step_a);
	if (err == 0)
		err = side_of(expr->args[1], exec, batch, &b, &step_b);
	if (err != 0)
		return err;
	for (uint32_t i = 0; i < batch->count; i++)
		out[i] = gfs_truth_datum(compare(expr->op, a[(size_t)i * step_a], b[(size_t)i * step_b]));
	return 0;
}

/* ---- the rest ---- */

static int two_values(
	const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_a, struct gfs_datum *ret_b)
{
	int err = gfs_eval(expr->args[0], row, ret_a);
	if (err == 0)
		err = gfs_eval(expr->args[1], row, ret_b);
	row->exec->env.pos = &expr->pos;
	return err;
}

int gfs_eval_arithmetic(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	struct gfs_datum a, b;
	int err = two_values(expr, row, &a, &b);
	return err != 0 ? err : gfs_datum_arithmetic(&row->exec->env, expr->op, a, b, ret_value);
}

int gfs_eval_test(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	struct gfs_datum a, b;
	int err = two_values(expr, row, &a, &b);
	return err != 0 ? err : gfs_datum_test(&row->exec->env, expr->op, a, b, ret_value);
}

int gfs_eval_negate(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	struct gfs_datum a;
	int err = gfs_eval(expr->args[0], row, &a);
	row->exec->env.pos = &expr->pos;
	return err != 0 ? err : gfs_datum_negate(&row->exec->env, a, ret_value);
}

int gfs_eval_plus(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	struct gfs_datum a;
	int err = gfs_eval(expr->args[0], row, &a);
	if (err != 0)
		return err;
	if (!gfs_datum_is_null(a) && !gfs_datum_is_number(a) && a.type != GFS_DATUM_DURATION)
		return gfs_eval_type_error(expr, row, a, "a number");
	*ret_value = a;
	return 0;
}

int gfs_eval_is_null(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	struct gfs_datum a;
	int err = gfs_eval(expr->args[0], row, &a);
	if (err == 0)
		*ret_value = gfs_datum_boolean(gfs_datum_is_null(a));
	return err;
}

int gfs_eval_is_not_null(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	int err = gfs_eval_is_null(expr, row, ret_value);
	if (err == 0)
		ret_value->boolean = !ret_value->boolean;
	return err;
}

int gfs_eval_is_typed(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	struct gfs_datum value;
	int err = gfs_eval(expr->args[0], row, &value);
	if (err == 0)
		*ret_value = gfs_datum_boolean(gfs_value_type_has(expr->type, value) == expr->literal.boolean);
	return err;
}
