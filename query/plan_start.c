/* Where a pattern starts: each node that has no value yet is given a price, and the cheapest is looked for. */
#include "query/plan_start.h"

#include "graph/graph.h"

#include <assert.h>

/* ---- what a predicate offers ---- */

static bool is_variable(const struct gfs_ast_expr *expr, const struct gfs_symbol *symbol)
{
	return expr->kind == GFS_AST_VARIABLE && expr->symbol == symbol;
}

/* name(symbol) */
static bool is_call_of(const struct gfs_ast_expr *expr, const char *name, const struct gfs_symbol *symbol)
{
	return expr->kind == GFS_AST_CALL && expr->arg_count == 1 && expr->name.size == strlen(name) &&
		strncasecmp((const char *)expr->name.data, name, expr->name.size) == 0 && is_variable(expr->args[0], symbol);
}

/* The other side of name(symbol) = value or of name(symbol) IN value. */
static const struct gfs_ast_expr *sought(
	const struct gfs_ast_expr *expr, const char *name, const struct gfs_symbol *symbol, bool *ret_list)
{
	bool equal = (expr->kind == GFS_AST_BINARY && expr->op == GFS_OP_EQ) ||
		(expr->kind == GFS_AST_COMPARE && expr->arg_count == 2 && expr->ops[0] == GFS_OP_EQ);
	bool in = expr->kind == GFS_AST_BINARY && expr->op == GFS_OP_IN;
	*ret_list = in;
	if (!equal && !in)
		return NULL;
	if (is_call_of(expr->args[0], name, symbol))
		return expr->args[1];
	if (equal && is_call_of(expr->args[1], name, symbol))
		return expr->args[0];
	return NULL;
}

bool gfs_start_known(struct gfs_match *match, const struct gfs_ast_expr *expr)
{
	struct gfs_symset uses = gfs_match_uses(match, expr);
	return uses.words != NULL && gfs_symset_within(uses, match->available);
}

void gfs_start_consider(struct gfs_start *best, const struct gfs_start *other)
{
	if (best->node == NULL || other->rows < best->rows)
		*best = *other;
}

static void consider_seek(struct gfs_match *match, uint32_t at, const struct gfs_ast_node *node, const char *function,
	enum gfs_plan_kind kind, struct gfs_start *best)
{
	bool list;
	const struct gfs_ast_expr *value = sought(match->predicates->items[at], function, node->symbol, &list);
	if (value == NULL || !gfs_start_known(match, value))
		return;
	gfs_start_consider(best,
		&(struct gfs_start){ .kind = kind,
			.node = node,
			.value = value,
			.list = list,
			.predicate = at,
			.second = UINT32_MAX,
			.rows = list ? 5 : 1 });
}

static void consider_predicate(
	struct gfs_match *match, uint32_t at, const struct gfs_ast_node *node, struct gfs_start *best)
{
	const struct gfs_ast_expr *expr = match->predicates->items[at];
	if (expr->kind == GFS_AST_HAS_LABELS && expr->labels->kind == GFS_LABEL_NAME &&
		is_variable(expr->args[0], node->symbol))
		gfs_start_consider(best,
			&(struct gfs_start){ .kind = GFS_PLAN_LABEL_SCAN,
				.node = node,
				.label = expr->labels->name,
				.predicate = at,
				.second = UINT32_MAX,
				.rows = gfs_plan_count(match->planner, GFS_CATALOG_LABEL, expr->labels->name) });
	if ((match->planner->passes & GFS_PASS_SEEK) == 0)
		return;
	consider_seek(match, at, node, "key", GFS_PLAN_KEY_SEEK, best);
	consider_seek(match, at, node, "id", GFS_PLAN_ID_SEEK, best);
	gfs_start_consider_index(match, at, node, best);
}

static bool wanted(struct gfs_match *match, const struct gfs_ast_node *node)
{
	return !gfs_symset_has(match->available, node->symbol->id);
}

/* A relationship is a start of its own when its type has fewer than any node has candidates. */
static void consider_types(struct gfs_match *match, struct gfs_start *best)
{
	for (uint32_t i = 0; i < match->rel_count; i++) {
		struct gfs_match_rel *rel = &match->rels[i];
		double rows = 0;
		if (rel->solved || rel->types.count == 0 || rel->ast->variable_length || !wanted(match, rel->left) ||
			!wanted(match, rel->right))
			continue;
		for (uint32_t k = 0; k < rel->types.count; k++)
			rows += gfs_plan_count(
				match->planner, GFS_CATALOG_TYPE, match->planner->plan->names[rel->types.ids[k]].text);
		gfs_start_consider(best,
			&(struct gfs_start){ .kind = GFS_PLAN_TYPE_SCAN,
				.node = rel->left,
				.rel = rel,
				.predicate = UINT32_MAX,
				.second = UINT32_MAX,
				.rows = rel->ast->direction == GFS_AST_BOTH ? rows * 2 : rows });
	}
}

static struct gfs_start cheapest(struct gfs_match *match)
{
	struct gfs_start best = { 0 };
	bool choose = (match->planner->passes & GFS_PASS_START) != 0;
	double all = gfs_plan_count(match->planner, GFS_CATALOG_LABEL, (struct gfs_slice){ 0 });
	for (uint32_t i = 0; i < match->node_count && (choose || best.node == NULL); i++) {
		if (!wanted(match, match->nodes[i]))
			continue;
		gfs_start_consider(&best,
			&(struct gfs_start){ .kind = GFS_PLAN_ALL_NODES,
				.node = match->nodes[i],
				.predicate = UINT32_MAX,
				.second = UINT32_MAX,
				.rows = all + 1 });
		for (uint32_t k = 0; choose && k < match->predicates->count; k++)
			consider_predicate(match, k, match->nodes[i], &best);
	}
	if (choose && best.node != NULL)
		consider_types(match, &best);
	return best;
}

static void drop_predicate(struct gfs_plan_exprs *list, uint32_t at)
{
	assert(at < list->count);
	for (; at + 1 < list->count; at++)
		list->items[at] = list->items[at + 1];
	list->count--;
}

double gfs_match_start_rows(struct gfs_match *match)
{
	return cheapest(match).rows;
}

static bool scan(struct gfs_match *match, const struct gfs_start *start)
{
	struct gfs_plan_node *node = gfs_plan_node_new(match->planner, start->kind, match->tree);
	if (node == NULL)
		return false;
	node->scan.slot = start->node->symbol->id;
	node->scan.value = (struct gfs_plan_item){ .expr = start->value, .slot = GFS_SLOT_NONE };
	node->scan.list = start->list;
	node->scan.upper = (struct gfs_plan_item){ .expr = start->upper, .slot = GFS_SLOT_NONE };
	node->scan.prefix = start->prefix;
	node->scan.lower_open = start->lower_open;
	node->scan.upper_open = start->upper_open;
	if (start->label.size != 0)
		node->scan.label = gfs_plan_name(match->planner, GFS_CATALOG_LABEL, start->label);
	if (start->key.size != 0)
		node->scan.key = gfs_plan_name(match->planner, GFS_CATALOG_KEY, start->key);
	node->rows *= start->rows;
	if (start->second != UINT32_MAX && start->second > start->predicate)
		drop_predicate(match->predicates, start->second);
	if (start->predicate != UINT32_MAX)
		drop_predicate(match->predicates, start->predicate);
	if (start->second != UINT32_MAX && start->second < start->predicate)
		drop_predicate(match->predicates, start->second);
	gfs_match_scan(match, node, start->node->symbol);
	return true;
}

bool gfs_match_start(struct gfs_match *match)
{
	struct gfs_start start = cheapest(match);
	if (start.node == NULL)
		return false;
	if (gfs_match_join(match, start.node, start.rows))
		return true;
	if (start.kind != GFS_PLAN_TYPE_SCAN)
		return scan(match, &start);
	gfs_match_type_scan(match, start.rel, start.rows);
	return true;
}

bool gfs_match_seek(struct gfs_match *match)
{
	struct gfs_start start = cheapest(match);
	bool seeks = start.kind == GFS_PLAN_KEY_SEEK || start.kind == GFS_PLAN_ID_SEEK || start.kind == GFS_PLAN_INDEX_SEEK;
	return start.node != NULL && seeks && start.rows < 1.5 && scan(match, &start);
}
