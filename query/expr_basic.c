/* Literals, variables, lists, maps, calls, CASE. */
#include "query/expr.h"

#include "query/limits.h"

#include <assert.h>

int gfs_eval_type_error(
	const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum value, const char *wanted)
{
	return gfs_query_fail(row->exec->error, GFS_QUERY_TYPE_ERROR, GFS_QUERY_RUNTIME, "InvalidArgumentType", &expr->pos,
		"%s where %s is wanted", gfs_datum_type_name((enum gfs_datum_type)value.type), wanted);
}

int gfs_eval_literal(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	(void)row;
	*ret_value = expr->literal;
	return 0;
}

int gfs_eval_all_literal(
	const struct gfs_expr *expr, struct gfs_exec *exec, const struct gfs_batch *batch, struct gfs_datum *out)
{
	(void)exec;
	for (uint32_t i = 0; i < batch->count; i++)
		out[i] = expr->literal;
	return 0;
}

int gfs_eval_param(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	*ret_value = row->exec->params[expr->slot];
	return 0;
}

int gfs_eval_all_param(
	const struct gfs_expr *expr, struct gfs_exec *exec, const struct gfs_batch *batch, struct gfs_datum *out)
{
	for (uint32_t i = 0; i < batch->count; i++)
		out[i] = exec->params[expr->slot];
	return 0;
}

int gfs_eval_slot(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	*ret_value = row->batch->columns[expr->slot][row->at];
	return 0;
}

int gfs_eval_all_slot(
	const struct gfs_expr *expr, struct gfs_exec *exec, const struct gfs_batch *batch, struct gfs_datum *out)
{
	(void)exec;
	memcpy(out, batch->columns[expr->slot], batch->count * sizeof *out);
	return 0;
}

int gfs_eval_local(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	*ret_value = row->exec->locals[expr->slot];
	return 0;
}

static int too_deep(const struct gfs_expr *expr, const struct gfs_row *row)
{
	return gfs_query_fail(row->exec->error, GFS_QUERY_LIMIT_ERROR, GFS_QUERY_RUNTIME, "ValueTooDeep", &expr->pos,
		"a value nests deeper than %u", GFS_QUERY_VALUE_DEPTH_MAX);
}

static int checked_depth(
	const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum value, struct gfs_datum *ret_value)
{
	if (gfs_datum_depth(value) > GFS_QUERY_VALUE_DEPTH_MAX)
		return too_deep(expr, row);
	*ret_value = value;
	return 0;
}

int gfs_eval_list(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	struct gfs_datum *items = gfs_arena_alloc(row->exec->env.arena, expr->arg_count * sizeof *items);
	if (items == NULL)
		return gfs_exec_nomem(row->exec);
	for (uint32_t i = 0; i < expr->arg_count; i++) {
		int err = gfs_eval(expr->args[i], row, &items[i]);
		if (err != 0)
			return err;
	}
	return checked_depth(expr, row, gfs_datum_list(items, expr->arg_count), ret_value);
}

int gfs_eval_map(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	struct gfs_datum_entry *entries = gfs_arena_alloc(row->exec->env.arena, expr->arg_count * sizeof *entries);
	struct gfs_datum map;
	if (entries == NULL)
		return gfs_exec_nomem(row->exec);
	for (uint32_t i = 0; i < expr->arg_count; i++) {
		entries[i].key = expr->keys[i];
		int err = gfs_eval(expr->args[i], row, &entries[i].value);
		if (err != 0)
			return err;
	}
	if (gfs_datum_map_make(row->exec->env.arena, entries, expr->arg_count, &map) != 0)
		return gfs_exec_nomem(row->exec);
	return checked_depth(expr, row, map, ret_value);
}

int gfs_eval_call(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	struct gfs_datum few[4], *args = few;
	bool null = false;
	if (expr->arg_count > 4)
		args = gfs_arena_alloc(row->exec->env.arena, expr->arg_count * sizeof *args);
	if (args == NULL)
		return gfs_exec_nomem(row->exec);
	for (uint32_t i = 0; i < expr->arg_count; i++) {
		int err = gfs_eval(expr->args[i], row, &args[i]);
		if (err != 0)
			return err;
		null = null || gfs_datum_is_null(args[i]);
	}
	if (null && (expr->function->flags & GFS_FUNCTION_TAKES_NULL) == 0) {
		*ret_value = gfs_datum_null();
		return 0;
	}
	row->exec->env.pos = &expr->pos;
	return expr->function->call(&row->exec->env, args, expr->arg_count, ret_value);
}

/* ELSE, or null. */
static int otherwise(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	const struct gfs_expr *last = expr->args[expr->arg_count - 1];
	if (last != NULL)
		return gfs_eval(last, row, ret_value);
	*ret_value = gfs_datum_null();
	return 0;
}

/* args[0]: subject or NULL; WHEN, THEN pairs; ELSE or NULL. */
int gfs_eval_case(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	struct gfs_datum subject = gfs_datum_null(), when;
	int err = expr->args[0] == NULL ? 0 : gfs_eval(expr->args[0], row, &subject);
	assert(expr->arg_count % 2 == 0);
	for (uint32_t i = 1; err == 0 && i + 1 < expr->arg_count; i += 2) {
		enum gfs_truth truth;
		if (expr->args[0] == NULL) {
			err = gfs_eval_truth(expr->args[i], row, &truth);
		} else {
			err = gfs_eval(expr->args[i], row, &when);
			truth = err == 0 ? gfs_datum_equal(subject, when) : GFS_FALSE;
		}
		if (err == 0 && truth == GFS_TRUE)
			return gfs_eval(expr->args[i + 1], row, ret_value);
	}
	return err != 0 ? err : otherwise(expr, row, ret_value);
}

/* The same with the subject in the slot, and conditions for values. */
int gfs_eval_case_tests(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	int err = gfs_eval(expr->args[0], row, &row->exec->locals[expr->slot]);
	for (uint32_t i = 1; err == 0 && i + 1 < expr->arg_count; i += 2) {
		enum gfs_truth truth;
		err = gfs_eval_truth(expr->args[i], row, &truth);
		if (err == 0 && truth == GFS_TRUE)
			return gfs_eval(expr->args[i + 1], row, ret_value);
	}
	return err != 0 ? err : otherwise(expr, row, ret_value);
}

int gfs_eval_index(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	struct gfs_datum of, at;
	int err = gfs_eval(expr->args[0], row, &of);
	if (err == 0)
		err = gfs_eval(expr->args[1], row, &at);
	if (err != 0)
		return err;
	row->exec->env.pos = &expr->pos;
	if (of.type != GFS_DATUM_NODE && of.type != GFS_DATUM_REL)
		return gfs_datum_index(&row->exec->env, of, at, ret_value);
	if (gfs_datum_is_null(at)) {
		*ret_value = gfs_datum_null();
		return 0;
	}
	if (at.type != GFS_DATUM_STRING)
		return gfs_eval_type_error(expr, row, at, "the name of a property");
	return gfs_entity_property_named(row->exec, of, gfs_datum_text(at), row->exec->env.arena, ret_value);
}

int gfs_eval_slice(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	struct gfs_datum of, ends[2];
	int err = gfs_eval(expr->args[0], row, &of);
	for (unsigned int i = 0; err == 0 && i < 2; i++)
		if (expr->args[i + 1] != NULL)
			err = gfs_eval(expr->args[i + 1], row, &ends[i]);
	if (err != 0)
		return err;
	row->exec->env.pos = &expr->pos;
	return gfs_datum_slice(&row->exec->env, of, expr->args[1] == NULL ? NULL : &ends[0],
		expr->args[2] == NULL ? NULL : &ends[1], ret_value);
}

/* ---- whole batches ---- */

int gfs_expr_eval(struct gfs_exec *exec, const struct gfs_expr *expr, const struct gfs_batch *batch,
	struct gfs_arena *arena, struct gfs_datum *out)
{
	struct gfs_arena *outer = exec->env.arena;
	struct gfs_row row = { .exec = exec, .batch = batch };
	int err = 0;
	exec->env.arena = arena;
	if (expr->eval_all != NULL)
		err = expr->eval_all(expr, exec, batch, out);
	else
		for (; err == 0 && row.at < batch->count; row.at++)
			err = expr->eval(expr, &row, &out[row.at]);
	exec->env.arena = outer;
	return err;
}

int gfs_expr_eval_row(struct gfs_exec *exec, const struct gfs_expr *expr, const struct gfs_batch *batch, uint32_t at,
	struct gfs_arena *arena, struct gfs_datum *ret_value)
{
	struct gfs_arena *outer = exec->env.arena;
	struct gfs_row row = { .exec = exec, .batch = batch, .at = at };
	exec->env.arena = arena;
	int err = expr->eval(expr, &row, ret_value);
	exec->env.arena = outer;
	return err;
}
