/* List comprehension, reduce and the quantifiers: an expression for each item, the item in a local variable. */
#include "query/expr.h"

/* The list that is walked; *ret_null when it is null. */
static int source_list(const struct gfs_expr *expr, const struct gfs_expr *list, const struct gfs_row *row,
	struct gfs_datum *ret_list, bool *ret_null)
{
	int err = gfs_eval(list, row, ret_list);
	if (err != 0)
		return err;
	*ret_null = gfs_datum_is_null(*ret_list);
	if (!*ret_null && ret_list->type != GFS_DATUM_LIST)
		return gfs_eval_type_error(expr, row, *ret_list, "a list");
	return 0;
}

/* args: list, WHERE or NULL, result or NULL */
int gfs_eval_list_comprehension(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	struct gfs_exec *exec = row->exec;
	struct gfs_datum list;
	uint32_t count = 0;
	bool null;
	int err = source_list(expr, expr->args[0], row, &list, &null);
	if (err != 0 || null) {
		*ret_value = gfs_datum_null();
		return err;
	}
	struct gfs_datum *items = gfs_arena_alloc(exec->env.arena, list.size * sizeof *items);
	if (items == NULL)
		return gfs_exec_nomem(exec);
	for (uint32_t i = 0; i < list.size; i++) {
		enum gfs_truth truth = GFS_TRUE;
		exec->locals[expr->slot] = list.items[i];
		if (expr->args[1] != NULL)
			err = gfs_eval_truth(expr->args[1], row, &truth);
		if (err != 0)
			return err;
		if (truth != GFS_TRUE)
			continue;
		items[count] = list.items[i];
		if (expr->args[2] != NULL)
			err = gfs_eval(expr->args[2], row, &items[count]);
		if (err != 0)
			return err;
		count++;
	}
	*ret_value = gfs_datum_list(items, count);
	return 0;
}

/* args: first value, list, next value; slot2: the accumulator */
int gfs_eval_reduce(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	struct gfs_exec *exec = row->exec;
	struct gfs_datum so_far, list;
	bool null = false;
	int err = gfs_eval(expr->args[0], row, &so_far);
	if (err == 0)
		err = source_list(expr, expr->args[1], row, &list, &null);
	if (err != 0 || null) {
		*ret_value = gfs_datum_null();
		return err;
	}
	for (uint32_t i = 0; err == 0 && i < list.size; i++) {
		exec->locals[expr->slot] = list.items[i];
		exec->locals[expr->slot2] = so_far;
		err = gfs_eval(expr->args[2], row, &so_far);
	}
	if (err == 0)
		*ret_value = so_far;
	return err;
}

struct counts {
	uint32_t of[3]; /* by enum gfs_truth */
	bool null;
};

/* Counts the items by what the predicate says of them; stops at the first `stop`. */
static int count_items(const struct gfs_expr *expr, const struct gfs_row *row, enum gfs_truth stop, uint32_t stop_at,
	struct counts *counts)
{
	struct gfs_datum list;
	*counts = (struct counts){ 0 };
	int err = source_list(expr, expr->args[0], row, &list, &counts->null);
	if (err != 0 || counts->null)
		return err;
	for (uint32_t i = 0; i < list.size && counts->of[stop] < stop_at; i++) {
		enum gfs_truth truth = GFS_TRUE;
		row->exec->locals[expr->slot] = list.items[i];
		if (expr->args[1] != NULL)
			err = gfs_eval_truth(expr->args[1], row, &truth);
		if (err != 0)
			return err;
		counts->of[truth]++;
	}
	return 0;
}

int gfs_eval_all_of(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	struct counts counts;
	int err = count_items(expr, row, GFS_FALSE, 1, &counts);
	if (err != 0)
		return err;
	if (!counts.null && counts.of[GFS_FALSE] > 0)
		*ret_value = gfs_datum_boolean(false);
	else
		*ret_value = counts.null || counts.of[GFS_UNKNOWN] > 0 ? gfs_datum_null() : gfs_datum_boolean(true);
	return 0;
}

int gfs_eval_any_of(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	struct counts counts;
	int err = count_items(expr, row, GFS_TRUE, 1, &counts);
	if (err != 0)
		return err;
	if (!counts.null && counts.of[GFS_TRUE] > 0)
		*ret_value = gfs_datum_boolean(true);
	else
		*ret_value = counts.null || counts.of[GFS_UNKNOWN] > 0 ? gfs_datum_null() : gfs_datum_boolean(false);
	return 0;
}

int gfs_eval_none_of(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	int err = gfs_eval_any_of(expr, row, ret_value);
	if (err == 0 && !gfs_datum_is_null(*ret_value))
		ret_value->boolean = !ret_value->boolean;
	return err;
}

int gfs_eval_single_of(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	struct counts counts;
	int err = count_items(expr, row, GFS_TRUE, 2, &counts);
	if (err != 0)
		return err;
	if (counts.null || (counts.of[GFS_UNKNOWN] > 0 && counts.of[GFS_TRUE] < 2))
		*ret_value = gfs_datum_null();
	else
		*ret_value = gfs_datum_boolean(counts.of[GFS_TRUE] == 1);
	return 0;
}
