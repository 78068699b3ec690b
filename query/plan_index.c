/* Property indexes as starts of patterns. An equality makes its predicates true; a range only leaves fewer rows for them, since comparisons know more cases
 * (nulls, types that do not compare) than an order of bytes. */
#include "query/plan_start.h"

#include "graph/index.h"

#include <assert.h>

/* n.key */
static bool is_property_of(const struct gfs_ast_expr *expr, const struct gfs_symbol *symbol)
{
	return expr->kind == GFS_AST_PROPERTY && expr->args[0]->kind == GFS_AST_VARIABLE && expr->args[0]->symbol == symbol;
}

/* n.key OP value, either way round: `op` as if the property stood on the left. */
struct comparison {
	uint8_t op;
	struct gfs_slice key;
	const struct gfs_ast_expr *value;
};

static uint8_t turned(uint8_t op)
{
	switch (op) {
	case GFS_OP_LT:
		return GFS_OP_GT;
	case GFS_OP_LE:
		return GFS_OP_GE;
	case GFS_OP_GT:
		return GFS_OP_LT;
	case GFS_OP_GE:
		return GFS_OP_LE;
	default:
		return op;
	}
}

static bool is_useful(uint8_t op)
{
	return op == GFS_OP_EQ || op == GFS_OP_IN || op == GFS_OP_STARTS_WITH || (op >= GFS_OP_LT && op <= GFS_OP_GE);
}

static bool plain_comparison(const struct gfs_ast_expr *expr, const struct gfs_symbol *symbol, struct comparison *ret)
{
	uint8_t op = expr->op;
	if (expr->kind == GFS_AST_COMPARE && expr->arg_count == 2)
		op = expr->ops[0];
	else if (expr->kind != GFS_AST_BINARY)
		return false;
	if (!is_useful(op))
		return false;
	if (is_property_of(expr->args[0], symbol)) {
		*ret = (struct comparison){ op, expr->args[0]->name, expr->args[1] };
		return true;
	}
	if (op == GFS_OP_IN || op == GFS_OP_STARTS_WITH || !is_property_of(expr->args[1], symbol))
		return false;
	*ret = (struct comparison){ turned(op), expr->args[1]->name, expr->args[0] };
	return true;
}

/* n.key = a OR n.key = b ...: the values, as many as `max`; 0 when it is something else. */
static uint32_t alternatives(const struct gfs_ast_expr *expr, const struct gfs_symbol *symbol, struct gfs_slice *key,
	struct gfs_ast_expr **values, uint32_t max)
{
	struct comparison one;
	if (expr->kind == GFS_AST_BINARY && expr->op == GFS_OP_OR) {
		uint32_t left = alternatives(expr->args[0], symbol, key, values, max);
		uint32_t right = left == 0 ? 0 : alternatives(expr->args[1], symbol, key, values + left, max - left);
		return right == 0 ? 0 : left + right;
	}
	if (max == 0 || !plain_comparison(expr, symbol, &one) || one.op != GFS_OP_EQ ||
		(key->size != 0 && !gfs_slice_equal(*key, one.key)))
		return 0;
	*key = one.key;
	values[0] = (struct gfs_ast_expr *)(uintptr_t)one.value;
	return 1;
}

/* Equalities of one property of which one must hold are an IN. */
static bool comparison_of(struct gfs_planner *planner, const struct gfs_ast_expr *expr, const struct gfs_symbol *symbol,
	struct comparison *ret)
{
	enum { ALTERNATIVES_MAX = 32 };
	struct gfs_ast_expr *values[ALTERNATIVES_MAX];
	struct gfs_slice key = { 0 };
	if (expr->kind != GFS_AST_BINARY || expr->op != GFS_OP_OR)
		return plain_comparison(expr, symbol, ret);
	uint32_t count = alternatives(expr, symbol, &key, values, ALTERNATIVES_MAX);
	struct gfs_ast_expr *list = count == 0 ? NULL : gfs_plan_expr_new(planner, GFS_AST_LIST, count);
	if (list == NULL)
		return false;
	memcpy(list->args, values, count * sizeof *values);
	*ret = (struct comparison){ GFS_OP_IN, key, list };
	return true;
}

bool gfs_plan_index(
	struct gfs_planner *planner, struct gfs_slice label, struct gfs_slice key, struct gfs_index_info *ret_info)
{
	uint16_t label_id, key_id;
	if (planner->graph == NULL)
		return false;
	struct gfs_catalog *catalog = gfs_graph_catalog(planner->graph);
	return gfs_catalog_find(catalog, GFS_CATALOG_LABEL, label, &label_id) == 0 &&
		gfs_catalog_find(catalog, GFS_CATALOG_KEY, key, &key_id) == 0 &&
		gfs_index_find(planner->graph, label_id, key_id, ret_info) == 0 && ret_info->state == GFS_PROP_READY;
}

static void set_bound(struct gfs_start *start, const struct comparison *comparison)
{
	if (comparison->op == GFS_OP_GT || comparison->op == GFS_OP_GE) {
		start->value = comparison->value;
		start->lower_open = comparison->op == GFS_OP_GT;
	} else {
		start->upper = comparison->value;
		start->upper_open = comparison->op == GFS_OP_LT;
	}
}

/* Another predicate that bounds the same property from the other side. */
static void add_other_bound(
	struct gfs_match *match, uint32_t at, const struct gfs_symbol *symbol, struct gfs_start *start)
{
	for (uint32_t i = 0; i < match->predicates->count; i++) {
		struct comparison other;
		if (i == at || !comparison_of(match->planner, match->predicates->items[i], symbol, &other) ||
			!gfs_slice_equal(other.key, start->key) || other.op < GFS_OP_LT || other.op > GFS_OP_GE ||
			!gfs_start_known(match, other.value))
			continue;
		bool lower = other.op == GFS_OP_GT || other.op == GFS_OP_GE;
		if (lower ? start->value != NULL : start->upper != NULL)
			continue;
		set_bound(start, &other);
		start->rows /= 2;
		return;
	}
}

static void consider_with_label(struct gfs_match *match, uint32_t at, const struct gfs_ast_node *node,
	const struct comparison *comparison, uint32_t label_at, struct gfs_start *best)
{
	const struct gfs_ast_expr *label = match->predicates->items[label_at];
	struct gfs_index_info info;
	if (!gfs_plan_index(match->planner, label->labels->name, comparison->key, &info))
		return;
	struct gfs_start start = { .kind = GFS_PLAN_INDEX_RANGE,
		.node = node,
		.label = label->labels->name,
		.key = comparison->key,
		.predicate = label_at,
		.second = UINT32_MAX,
		.rows = (double)info.entries };
	if (comparison->op == GFS_OP_EQ || comparison->op == GFS_OP_IN) {
		start.kind = GFS_PLAN_INDEX_SEEK;
		start.value = comparison->value;
		start.list = comparison->op == GFS_OP_IN;
		start.second = at;
		start.rows = (double)info.entries / (double)(info.distinct == 0 ? 1 : info.distinct) * (start.list ? 5 : 1);
	} else if (comparison->op == GFS_OP_STARTS_WITH) {
		start.value = comparison->value;
		start.prefix = true;
		start.rows /= 20;
	} else {
		set_bound(&start, comparison);
		start.rows /= 4;
		add_other_bound(match, at, node->symbol, &start);
	}
	gfs_start_consider(best, &start);
}

void gfs_start_consider_index(
	struct gfs_match *match, uint32_t at, const struct gfs_ast_node *node, struct gfs_start *best)
{
	struct comparison comparison;
	if (!comparison_of(match->planner, match->predicates->items[at], node->symbol, &comparison) ||
		!gfs_start_known(match, comparison.value))
		return;
	for (uint32_t i = 0; i < match->predicates->count; i++) {
		const struct gfs_ast_expr *label = match->predicates->items[i];
		if (label->kind == GFS_AST_HAS_LABELS && label->labels->kind == GFS_LABEL_NAME &&
			label->args[0]->kind == GFS_AST_VARIABLE && label->args[0]->symbol == node->symbol)
			consider_with_label(match, at, node, &comparison, i, best);
	}
}
