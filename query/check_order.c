/* Grouping, ORDER BY, WHERE after WITH, SKIP and LIMIT. */
#include "query/check.h"

#include "query/ast_walk.h"

#include <assert.h>

/* ---- what aggregating items may use ---- */

struct grouping {
	struct gfs_checker *c;
	const struct gfs_ast_projection *project;
	uint32_t first_id;
	const struct gfs_ast_expr *stray; /* the first that is neither constant nor key nor aggregated */
};

/* Keys are variables and properties; the parts of a longer expression that is returned as well are none. */
static bool is_key(const struct grouping *grouping, const struct gfs_ast_expr *expr)
{
	const struct gfs_ast_projection *project = grouping->project;
	for (uint32_t i = 0; i < project->count; i++) {
		if (!project->items[i].aggregates && gfs_ast_same(project->items[i].expr, expr))
			return true;
	}
	return false;
}

static bool visit_grouped(void *context, const struct gfs_ast_expr *expr)
{
	struct grouping *grouping = context;
	if (grouping->stray != NULL || expr->aggregate)
		return false;
	if (expr->kind == GFS_AST_PROPERTY && is_key(grouping, expr))
		return false;
	if (expr->kind == GFS_AST_VARIABLE && expr->symbol->id < grouping->first_id && !is_key(grouping, expr))
		grouping->stray = expr;
	return grouping->stray == NULL;
}

int gfs_check_grouping(struct gfs_checker *c, const struct gfs_ast_projection *project, uint32_t first_id)
{
	struct grouping grouping = { .c = c, .project = project, .first_id = first_id };
	struct gfs_ast_walker walker = { .expr = visit_grouped, .context = &grouping };
	for (uint32_t i = 0; i < project->count; i++) {
		if (project->items[i].aggregates)
			gfs_ast_walk_expr(&walker, project->items[i].expr);
	}
	if (grouping.stray == NULL)
		return 0;
	return GFS_CHECKER_FAIL(c, "AmbiguousAggregationExpression", &grouping.stray->pos,
		"beside an aggregating function '%.*s' must be a grouping key: returned as an item of its own",
		GFS_SHOWN(grouping.stray->text));
}

/* ---- items in place of what they stand for ---- */

static bool replace(const struct gfs_ast_projection *project, struct gfs_ast_expr *expr)
{
	for (uint32_t i = 0; i < project->count; i++) {
		const struct gfs_ast_item *item = &project->items[i];
		if (!gfs_ast_same(item->expr, expr))
			continue;
		expr->kind = GFS_AST_VARIABLE;
		expr->name = item->name;
		expr->symbol = item->symbol;
		expr->symbol2 = NULL;
		expr->aggregate = false;
		expr->arg_count = 0;
		expr->args = NULL;
		return true;
	}
	return false;
}

/* Beside aggregates a longer expression stands for itself: its parts would be ambiguous. */
static bool may_replace(const struct gfs_ast_expr *expr, bool aggregates)
{
	if (expr->kind == GFS_AST_LITERAL || expr->kind == GFS_AST_PARAMETER)
		return false;
	return !aggregates || expr->aggregate || expr->kind == GFS_AST_VARIABLE || expr->kind == GFS_AST_PROPERTY;
}

static void replace_parts(const struct gfs_ast_projection *project, struct gfs_ast_expr *expr, bool aggregates)
{
	if (may_replace(expr, aggregates) && replace(project, expr))
		return;
	for (uint32_t i = 0; i < expr->arg_count; i++) {
		if (expr->args[i] != NULL)
			replace_parts(project, expr->args[i], aggregates);
	}
	for (uint32_t i = 0; expr->kind == GFS_AST_MAP_PROJECTION && i < expr->item_count; i++) {
		if (expr->items[i].value != NULL)
			replace_parts(project, expr->items[i].value, aggregates);
	}
}

/* ---- what is in sight ---- */

struct sight {
	const struct gfs_scope *now, *before;
	bool aggregated; /* look into aggregates too */
	const struct gfs_ast_expr *stray;
};

static bool visit_aggregate(void *context, const struct gfs_ast_expr *expr)
{
	bool *found = context;
	*found = *found || expr->aggregate;
	return !*found;
}

/* A variable from before the clause that the clause has not let through. */
static bool visit_sight(void *context, const struct gfs_ast_expr *expr)
{
	struct sight *sight = context;
	if (expr->aggregate && !sight->aggregated)
		return false;
	if (expr->kind == GFS_AST_VARIABLE && sight->stray == NULL &&
		gfs_scope_own(sight->before, expr->name) == expr->symbol &&
		gfs_scope_own(sight->now, expr->name) != expr->symbol)
		sight->stray = expr;
	return sight->stray == NULL;
}

struct use {
	const struct gfs_symbol *symbol;
	bool found;
};

static bool visit_use(void *context, const struct gfs_ast_expr *expr)
{
	struct use *use = context;
	use->found = use->found || (expr->kind == GFS_AST_VARIABLE && expr->symbol == use->symbol);
	return !use->found;
}

/* Part of a longer grouping key. */
static bool is_in_key(const struct gfs_ast_projection *project, const struct gfs_symbol *symbol)
{
	struct use use = { .symbol = symbol };
	struct gfs_ast_walker walker = { .expr = visit_use, .context = &use };
	for (uint32_t i = 0; i < project->count && !use.found; i++) {
		if (!project->items[i].aggregates)
			gfs_ast_walk_expr(&walker, project->items[i].expr);
	}
	return use.found;
}

/* After DISTINCT and aggregation there is nothing but the items. */
static int check_strays(struct gfs_checker *c, const struct gfs_ast_projection *project, const struct gfs_scope *scope,
	const struct gfs_ast_expr *expr, bool aggregates)
{
	struct sight sight = { .now = scope, .before = scope->parent };
	struct gfs_ast_walker walker = { .expr = visit_sight, .context = &sight };
	gfs_ast_walk_expr(&walker, expr);
	if (sight.stray != NULL && aggregates && is_in_key(project, sight.stray->symbol))
		return GFS_CHECKER_FAIL(c, "AmbiguousAggregationExpression", &sight.stray->pos,
			"beside an aggregating function '%.*s' must be returned as an item of its own",
			GFS_SHOWN(sight.stray->text));
	sight.aggregated = true;
	gfs_ast_walk_expr(&walker, expr);
	return sight.stray == NULL ? 0 : gfs_checker_undefined(c, sight.stray->name, &sight.stray->pos);
}

static int check_sight(struct gfs_checker *c, const struct gfs_ast_projection *project, const struct gfs_scope *scope,
	const struct gfs_ast_expr *expr, bool aggregates)
{
	int err = project->aggregates || project->distinct ? check_strays(c, project, scope, expr, aggregates) : 0;
	bool left = false;
	struct gfs_ast_walker walker = { .expr = visit_aggregate, .context = &left };
	gfs_ast_walk_expr(&walker, expr);
	if (err == 0 && left)
		return GFS_CHECKER_FAIL(
			c, "InvalidAggregation", &expr->pos, "an aggregate in ORDER BY must be one that is returned");
	return err;
}

/* ---- the parts ---- */

static int check_order_item(struct gfs_checker *c, const struct gfs_ast_projection *project,
	const struct gfs_scope *scope, struct gfs_ast_expr *expr)
{
	c->aggregation = project->aggregates ? GFS_AGGREGATION_FREE : GFS_AGGREGATION_NONE;
	c->saw_aggregate = false;
	int err = gfs_check_expr(c, expr);
	c->aggregation = GFS_AGGREGATION_NONE;
	if (err != 0)
		return err;
	if (!replace(project, expr))
		replace_parts(project, expr, c->saw_aggregate);
	return check_sight(c, project, scope, expr, c->saw_aggregate);
}

static int check_where(struct gfs_checker *c, const struct gfs_ast_projection *project, const struct gfs_scope *scope)
{
	int err = gfs_check_predicate(c, project->where);
	if (err != 0 || project->where == NULL)
		return err;
	replace_parts(project, project->where, false);
	return check_sight(c, project, scope, project->where, false);
}

struct constancy {
	uint32_t first_id;
	const struct gfs_ast_expr *varying;
};

/* Comprehensions have variables of their own, which are none of the rows'. */
static bool visit_varying(void *context, const struct gfs_ast_expr *expr)
{
	struct constancy *constancy = context;
	bool reads = expr->kind == GFS_AST_PATTERN || expr->kind == GFS_AST_PATTERN_COMPREHENSION ||
		expr->kind == GFS_AST_EXISTS || expr->kind == GFS_AST_COUNT || expr->kind == GFS_AST_COLLECT;
	bool row = expr->kind == GFS_AST_VARIABLE && expr->symbol->id < constancy->first_id;
	if (constancy->varying == NULL && (reads || row))
		constancy->varying = expr;
	return constancy->varying == NULL;
}

int gfs_check_amount(struct gfs_checker *c, struct gfs_ast_expr *expr, const char *what)
{
	struct constancy constancy = { .first_id = c->statement->symbol_count };
	struct gfs_ast_walker walker = { .expr = visit_varying, .context = &constancy };
	int err = gfs_check_expr(c, expr);
	if (err != 0)
		return err;
	gfs_ast_walk_expr(&walker, expr);
	if (constancy.varying != NULL)
		return GFS_CHECKER_FAIL(c, "NonConstantExpression", &constancy.varying->pos,
			"%s takes a number that is the same for all rows", what);
	if (expr->value != GFS_DATUM_INTEGER && expr->value != GFS_DATUM_NULL)
		return GFS_CHECKER_FAIL(c, "InvalidArgumentType", &expr->pos, "%s takes an INTEGER, not %s", what,
			gfs_datum_type_name((enum gfs_datum_type)expr->value));
	if (expr->kind == GFS_AST_LITERAL && expr->value == GFS_DATUM_INTEGER && expr->literal.integer < 0)
		return GFS_CHECKER_FAIL(c, "NegativeIntegerArgument", &expr->pos, "%s takes no negative number", what);
	return 0;
}

int gfs_check_order(struct gfs_checker *c, struct gfs_ast_projection *project, struct gfs_scope *scope)
{
	int err = 0;
	for (uint32_t i = 0; err == 0 && i < project->order_count; i++)
		err = check_order_item(c, project, scope, project->order[i].expr);
	if (err == 0)
		err = check_where(c, project, scope);
	if (err == 0 && project->skip != NULL)
		err = gfs_check_amount(c, project->skip, "SKIP");
	if (err == 0 && project->limit != NULL)
		err = gfs_check_amount(c, project->limit, "LIMIT");
	return err;
}
