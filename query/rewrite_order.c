/* The first rows of ORDER BY n.p LIMIT k, min(n.p) and max(n.p), where an index has the nodes in that order: they are taken from it, and no more than are
 * wanted. Between the scan and the TOP may lie whatever hands its rows on in the order in which they come. The TOP stays: it compares further keys, and long
 * values, of which an index knows only how they begin. */
#include "query/plan_private.h"

#include "graph/index.h"

/* Below so many nodes it makes no difference. */
#define FEW_NODES 1000.0
/* A node in the order of an index, and what is looked up of it, costs as much as so many in the order of their ids. */
#define SCATTERED_COST 8.0
/* Rows of a LIMIT that is not written out. */
#define LIMIT_GUESS 25.0
/* min and max of one RETURN that are taken from indexes. */
#define EXTREMES_MAX 4u

/* The order by a property of a variable; or by what is in a slot, until a projection tells what that is. */
struct wanted {
	struct gfs_symbol *symbol;
	struct gfs_slice key; /* empty: the value itself */
	struct gfs_query_pos pos;
	bool descending;
	bool nulls; /* rows without the property are wanted as well */
	double rows;
};

/* ---- where rows come from ---- */

static bool set_wanted(struct wanted *wanted, const struct gfs_ast_expr *expr)
{
	bool property = expr->kind == GFS_AST_PROPERTY && expr->args[0]->kind == GFS_AST_VARIABLE;
	if (!property && expr->kind != GFS_AST_VARIABLE)
		return false;
	wanted->symbol = property ? expr->args[0]->symbol : expr->symbol;
	wanted->key = property ? expr->name : (struct gfs_slice){ 0 };
	wanted->pos = expr->pos;
	return true;
}

/* In terms of what is below the projection. */
static bool see_through(const struct gfs_plan_node *project, struct wanted *wanted)
{
	for (uint32_t i = 0; i < project->list.count; i++) {
		const struct gfs_plan_item *item = &project->list.items[i];
		if (item->slot != wanted->symbol->id)
			continue;
		if (wanted->key.size == 0)
			return set_wanted(wanted, item->expr);
		wanted->symbol = item->expr->symbol;
		return item->expr->kind == GFS_AST_VARIABLE;
	}
	return true;
}

static bool defines(struct gfs_planner *planner, const struct gfs_plan_node *node, const struct gfs_symbol *symbol)
{
	struct gfs_symset set = gfs_plan_set_new(planner);
	if (set.words == NULL)
		return true;
	gfs_plan_defines(node, set);
	return gfs_symset_has(set, symbol->id);
}

static bool is_wanted(const struct gfs_ast_expr *expr, const struct wanted *wanted)
{
	struct wanted other = { 0 };
	return set_wanted(&other, expr) && other.symbol == wanted->symbol && gfs_slice_equal(other.key, wanted->key);
}

/* WHERE n.p IS NOT NULL */
static void look_for_nulls(const struct gfs_plan_node *filter, struct wanted *wanted)
{
	for (uint32_t i = 0; i < filter->list.count; i++) {
		const struct gfs_ast_expr *expr = filter->list.items[i].expr;
		if (expr->kind == GFS_AST_IS_NOT_NULL && is_wanted(expr->args[0], wanted))
			wanted->nulls = false;
	}
}

/* Gives rows for each row of its input, in the order of these. */
static bool keeps_order(const struct gfs_plan_node *node)
{
	switch (node->kind) {
	case GFS_PLAN_ALL_NODES:
	case GFS_PLAN_LABEL_SCAN:
	case GFS_PLAN_KEY_SEEK:
	case GFS_PLAN_ID_SEEK:
	case GFS_PLAN_INDEX_SEEK:
	case GFS_PLAN_INDEX_RANGE:
	case GFS_PLAN_REL_ENDS:
	case GFS_PLAN_EXPAND:
	case GFS_PLAN_VAR_EXPAND:
	case GFS_PLAN_SHORTEST:
	case GFS_PLAN_FILTER:
	case GFS_PLAN_PROJECT:
	case GFS_PLAN_DISTINCT:
	case GFS_PLAN_UNWIND:
	case GFS_PLAN_APPLY:
	case GFS_PLAN_OPTIONAL:
		return true;
	default:
		return false;
	}
}

/* The scan that gives the variable, for one row below it; NULL: something else does, or rows change their order on the way. */
static struct gfs_plan_node *find_scan(struct gfs_planner *planner, struct gfs_plan_node *node, struct wanted *wanted)
{
	for (; keeps_order(node); node = node->input) {
		bool scan = node->kind == GFS_PLAN_LABEL_SCAN || node->kind == GFS_PLAN_INDEX_RANGE;
		if (scan && node->scan.slot == wanted->symbol->id)
			return wanted->key.size != 0 && node->input->kind == GFS_PLAN_ARGUMENT ? node : NULL;
		if (node->kind == GFS_PLAN_FILTER)
			look_for_nulls(node, wanted);
		if (node->kind == GFS_PLAN_PROJECT ? !see_through(node, wanted) : defines(planner, node, wanted->symbol))
			return NULL;
	}
	return NULL;
}

/* ---- the scan ---- */

static struct gfs_slice name_of(const struct gfs_planner *planner, uint32_t name)
{
	return planner->plan->names[name].text;
}

/* `wanted->rows`: of the scan's. Behind the nodes of the index come those that are in none, and before them when descending: there are to be few, or none. */
static bool is_worth(const struct gfs_plan_node *scan, const struct wanted *wanted, const struct gfs_index_info *info)
{
	bool whole = !wanted->nulls || (double)info->entries >= scan->rows;
	if (scan->rows <= FEW_NODES)
		return true;
	return wanted->rows * SCATTERED_COST <= scan->rows &&
		(whole || (!wanted->descending && wanted->rows <= (double)info->entries));
}

/* The scan gives its nodes in order from now on; false: it cannot, or had better not. */
static bool put_in_order(struct gfs_planner *planner, struct gfs_plan_node *scan, const struct wanted *wanted)
{
	struct gfs_index_info info;
	if (scan->kind == GFS_PLAN_INDEX_RANGE) {
		if (!gfs_slice_equal(name_of(planner, scan->scan.key), wanted->key))
			return false;
		scan->scan.descending = wanted->descending;
		return true;
	}
	if (!gfs_plan_index(planner, name_of(planner, scan->scan.label), wanted->key, &info) ||
		!is_worth(scan, wanted, &info))
		return false;
	scan->kind = GFS_PLAN_INDEX_ORDER;
	scan->scan.key = gfs_plan_name(planner, GFS_CATALOG_KEY, wanted->key);
	scan->scan.descending = wanted->descending;
	scan->scan.nulls = wanted->nulls;
	scan->scan.value = (struct gfs_plan_item){
		.expr = gfs_plan_property(planner, wanted->symbol, wanted->key, &wanted->pos), .slot = GFS_SLOT_NONE
	};
	if (wanted->rows < scan->rows)
		scan->rows = wanted->rows; /* no more of them are asked for */
	return true;
}

/* ---- ORDER BY ... LIMIT ---- */

static double amount_of(const struct gfs_ast_expr *expr)
{
	if (expr == NULL)
		return 0;
	return expr->kind == GFS_AST_LITERAL && expr->literal.type == GFS_DATUM_INTEGER ? (double)expr->literal.integer
																					: LIMIT_GUESS;
}

/* How many of the scan's rows are needed for `rows` of the node's. */
static double rows_below(const struct gfs_plan_node *node, const struct gfs_plan_node *scan, double rows)
{
	return node->rows < scan->rows ? rows * scan->rows / (node->rows < 1 ? 1 : node->rows) : rows;
}

static void take_first(struct gfs_planner *planner, struct gfs_plan_node *top)
{
	struct wanted wanted = { .descending = top->list.items[0].descending, .nulls = true };
	if (!set_wanted(&wanted, top->list.items[0].expr))
		return;
	struct gfs_plan_node *scan = find_scan(planner, top->input, &wanted);
	if (scan == NULL)
		return;
	wanted.rows = rows_below(top->input, scan, amount_of(top->list.amount.expr) + amount_of(top->list.skip.expr));
	top->list.in_order = put_in_order(planner, scan, &wanted);
}

/* ---- min and max ---- */

static bool is_call_of(const struct gfs_ast_expr *call, const char *name)
{
	return call->kind == GFS_AST_CALL && call->arg_count == 1 && call->name.size == strlen(name) &&
		strncasecmp((const char *)call->name.data, name, call->name.size) == 0;
}

static bool set_extreme(struct wanted *wanted, const struct gfs_plan_aggregate *aggregate)
{
	const struct gfs_ast_expr *call = aggregate->call;
	*wanted = (struct wanted){ .descending = is_call_of(call, "max") };
	return (wanted->descending || is_call_of(call, "min")) && set_wanted(wanted, call->args[0]);
}

static struct gfs_ast_expr *one(struct gfs_planner *planner)
{
	struct gfs_ast_expr *expr = gfs_plan_expr_new(planner, GFS_AST_LITERAL, 0);
	if (expr != NULL)
		expr->literal = gfs_datum_integer(1);
	return expr;
}

/* The first row of the input that has the value. */
static struct gfs_plan_node *first_of(
	struct gfs_planner *planner, struct gfs_plan_node *input, struct gfs_ast_expr *value, bool descending)
{
	struct gfs_plan_exprs predicates = { 0 };
	struct gfs_ast_expr *test = gfs_plan_expr_new(planner, GFS_AST_IS_NOT_NULL, 1);
	struct gfs_plan_item *item = gfs_plan_alloc(planner, sizeof *item);
	if (test == NULL || item == NULL)
		return NULL;
	test->args[0] = value;
	gfs_plan_exprs_add(planner, &predicates, test);
	struct gfs_plan_node *top = gfs_plan_node_new(planner, GFS_PLAN_TOP, gfs_plan_filter(planner, input, &predicates));
	if (top == NULL)
		return NULL;
	*item = (struct gfs_plan_item){ .expr = value, .slot = GFS_SLOT_NONE, .descending = descending };
	top->list.items = item;
	top->list.count = 1;
	top->list.amount = (struct gfs_plan_item){ .expr = one(planner), .slot = GFS_SLOT_NONE };
	top->list.in_order = true;
	top->rows = 1;
	return top;
}

static void take_extreme(struct gfs_planner *planner, struct gfs_plan_node *node)
{
	const struct gfs_plan_aggregate *aggregate = &node->aggregate.aggregates[0];
	struct wanted wanted;
	if (!set_extreme(&wanted, aggregate))
		return;
	struct gfs_plan_node *scan = find_scan(planner, node->input, &wanted);
	if (scan == NULL)
		return;
	wanted.rows = rows_below(node->input, scan, 1);
	if (!put_in_order(planner, scan, &wanted))
		return;
	struct gfs_plan_node *top = first_of(planner, node->input, aggregate->call->args[0], wanted.descending);
	if (top != NULL)
		node->input = top;
}

static struct gfs_plan_node *copy_of(struct gfs_planner *planner, const struct gfs_plan_node *scan)
{
	struct gfs_plan_node *copy = gfs_plan_node_new(planner, scan->kind, gfs_plan_argument(planner));
	if (copy == NULL)
		return NULL;
	copy->rows = scan->rows;
	copy->scan = scan->scan;
	return copy;
}

/* One of several: its first row, by a scan of its own. */
static struct gfs_plan_node *part_of(
	struct gfs_planner *planner, const struct gfs_plan_node *from, const struct gfs_plan_aggregate *aggregate)
{
	struct wanted wanted;
	struct gfs_plan_node *scan = copy_of(planner, from);
	if (scan == NULL || !set_extreme(&wanted, aggregate) || find_scan(planner, scan, &wanted) != scan)
		return NULL;
	wanted.rows = 1;
	return put_in_order(planner, scan, &wanted) ? first_of(planner, scan, aggregate->call->args[0], wanted.descending)
												: NULL;
}

/* Several of one scan: the rows that have them, one after the other. */
static void take_extremes(struct gfs_planner *planner, struct gfs_plan_node *node)
{
	uint32_t count = node->aggregate.aggregate_count;
	struct gfs_plan_node *scan = node->input;
	if (scan->kind != GFS_PLAN_LABEL_SCAN && scan->kind != GFS_PLAN_INDEX_RANGE)
		return;
	struct gfs_plan_node *join = gfs_plan_node_new(planner, GFS_PLAN_UNION, scan->input);
	struct gfs_plan_node **parts = gfs_plan_alloc(planner, count * sizeof(struct gfs_plan_node *));
	struct gfs_slots *columns = gfs_plan_alloc(planner, count * sizeof *columns);
	if (join == NULL || parts == NULL || columns == NULL)
		return;
	for (uint32_t i = 0; i < count; i++) {
		columns[i] = (struct gfs_slots){ &scan->scan.slot, 1 };
		parts[i] = part_of(planner, scan, &node->aggregate.aggregates[i]);
		if (parts[i] == NULL)
			return;
	}
	join->join.parts = parts;
	join->join.columns = columns;
	join->join.count = count;
	join->join.out = columns[0];
	join->rows = count;
	node->input = join;
}

static void rewrite(struct gfs_planner *planner, struct gfs_plan_node *node)
{
	if (node->kind == GFS_PLAN_TOP && !node->list.in_order)
		take_first(planner, node);
	if (node->kind != GFS_PLAN_AGGREGATE || node->aggregate.key_count != 0)
		return;
	if (node->aggregate.aggregate_count == 1)
		take_extreme(planner, node);
	else if (node->aggregate.aggregate_count <= EXTREMES_MAX)
		take_extremes(planner, node);
}

struct gfs_plan_node *gfs_rewrite_order(struct gfs_planner *planner, struct gfs_plan_node *root)
{
	for (struct gfs_plan_node *node = root; node != NULL && planner->err == 0; node = node->input) {
		rewrite(planner, node);
		if (node->right != NULL)
			(void)gfs_rewrite_order(planner, node->right);
		for (uint32_t i = 0; node->kind == GFS_PLAN_UNION && i < node->join.count; i++)
			(void)gfs_rewrite_order(planner, node->join.parts[i]);
	}
	return root;
}
