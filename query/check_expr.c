/* Expressions: variables get their symbols, comprehensions their scopes; aggregates and patterns stand where they may. */
#include "query/check.h"

#include <assert.h>

static int check(struct gfs_checker *c, struct gfs_ast_expr *expr, bool predicate);

static int check_args(struct gfs_checker *c, struct gfs_ast_expr *expr, bool predicate)
{
	for (uint32_t i = 0; i < expr->arg_count; i++) {
		int err = expr->args[i] == NULL ? 0 : check(c, expr->args[i], predicate);
		if (err != 0)
			return err;
	}
	return 0;
}

static int check_variable(struct gfs_checker *c, struct gfs_ast_expr *expr)
{
	expr->symbol = gfs_scope_find(c->scope, expr->name);
	return expr->symbol != NULL ? 0 : gfs_checker_undefined(c, expr->name, &expr->pos);
}

/* ---- scopes of their own ---- */

/* What is checked between enter and leave sees one more scope; aggregates are of no use where it is gone through again and again. */
struct inner {
	struct gfs_scope scope;
	enum gfs_aggregation aggregation;
};

static void enter(struct gfs_checker *c, struct inner *inner)
{
	*inner = (struct inner){ .scope = { .parent = c->scope }, .aggregation = c->aggregation };
	c->scope = &inner->scope;
	if (c->aggregation == GFS_AGGREGATION_FREE)
		c->aggregation = GFS_AGGREGATION_NONE;
}

static void leave(struct gfs_checker *c, const struct inner *inner)
{
	assert(c->scope == &inner->scope);
	c->scope = inner->scope.parent;
	c->aggregation = inner->aggregation;
}

/* A variable that goes over `list`, hiding others of its name. */
static int bind_item(
	struct gfs_checker *c, struct gfs_slice name, const struct gfs_ast_expr *list, struct gfs_symbol **ret_symbol)
{
	static const struct gfs_ast_expr anything = { .kind = GFS_AST_LITERAL, .value = GFS_DATUM_NULL };
	struct gfs_ast_expr item = anything;
	item.value = list->element;
	item.element = GFS_DATUM_NULL;
	*ret_symbol = gfs_checker_symbol_of(c, name, &item);
	return *ret_symbol == NULL ? c->error->err : gfs_scope_add(c, c->scope, *ret_symbol);
}

/* [x IN list WHERE p | e] and the quantifiers. */
static int check_iteration(struct gfs_checker *c, struct gfs_ast_expr *expr)
{
	int err = check(c, expr->args[0], false);
	if (err != 0)
		return err;
	struct inner inner;
	enter(c, &inner);
	err = bind_item(c, expr->variable, expr->args[0], &expr->symbol);
	if (err == 0)
		err = gfs_check_predicate(c, expr->args[1]);
	if (err == 0 && expr->arg_count > 2 && expr->args[2] != NULL)
		err = check(c, expr->args[2], false);
	leave(c, &inner);
	return err;
}

static int check_reduce(struct gfs_checker *c, struct gfs_ast_expr *expr)
{
	int err = check(c, expr->args[0], false);
	if (err == 0)
		err = check(c, expr->args[1], false);
	if (err != 0)
		return err;
	struct inner inner;
	enter(c, &inner);
	expr->symbol2 = gfs_checker_symbol(c, expr->variable2, GFS_SYMBOL_VALUE);
	err = expr->symbol2 == NULL ? c->error->err : gfs_scope_add(c, c->scope, expr->symbol2);
	if (err == 0)
		err = bind_item(c, expr->variable, expr->args[1], &expr->symbol);
	if (err == 0)
		err = check(c, expr->args[2], false);
	leave(c, &inner);
	return err;
}

static int check_pattern_comprehension(struct gfs_checker *c, struct gfs_ast_expr *expr)
{
	struct inner inner;
	enter(c, &inner);
	int err = gfs_check_pattern(c, expr->pattern, GFS_PATTERN_MATCH);
	if (err == 0)
		err = gfs_check_predicate(c, expr->args[0]);
	if (err == 0)
		err = check(c, expr->args[1], false);
	leave(c, &inner);
	return err;
}

/* A pattern is a condition; a shortest path is a value. */
static int check_pattern_expr(struct gfs_checker *c, struct gfs_ast_expr *expr, bool predicate)
{
	bool shortest = expr->pattern->parts[0].shortest != GFS_AST_NOT_SHORTEST;
	if (!shortest && !predicate)
		return GFS_CHECKER_FAIL(c, "UnexpectedSyntax", &expr->pos,
			"a pattern is a condition, not a value; use exists(pattern), COUNT { pattern } or [pattern | value]");
	struct inner inner;
	enter(c, &inner);
	int err = gfs_check_pattern(c, expr->pattern, shortest ? GFS_PATTERN_MATCH : GFS_PATTERN_PREDICATE);
	leave(c, &inner);
	return err;
}

static int check_subquery(struct gfs_checker *c, struct gfs_ast_expr *expr)
{
	struct gfs_scope *imports = c->imports;
	bool reads_only = c->reads_only, saw = c->saw_aggregate;
	struct inner inner;
	enter(c, &inner);
	c->aggregation = GFS_AGGREGATION_NONE;
	c->imports = NULL;
	c->reads_only = true;
	int err = gfs_check_query(c, expr->subquery);
	c->imports = imports;
	c->reads_only = reads_only;
	c->saw_aggregate = saw;
	leave(c, &inner);
	if (err == 0 && expr->kind == GFS_AST_COLLECT && expr->subquery->column_count != 1)
		return GFS_CHECKER_FAIL(
			c, "InvalidClauseComposition", &expr->pos, "COLLECT { } takes a query that returns one column");
	return err;
}

/* ---- the others ---- */

static int check_map_projection(struct gfs_checker *c, struct gfs_ast_expr *expr)
{
	int err = check(c, expr->args[0], false);
	for (uint32_t i = 0; err == 0 && i < expr->item_count; i++) {
		if (expr->items[i].value != NULL)
			err = check(c, expr->items[i].value, false);
	}
	return err;
}

/* CASE without subject asks conditions. */
static int check_case(struct gfs_checker *c, struct gfs_ast_expr *expr)
{
	for (uint32_t i = 0; i < expr->arg_count; i++) {
		bool when = expr->args[0] == NULL && i % 2 == 1 && i + 1 < expr->arg_count;
		int err = expr->args[i] == NULL ? 0 : check(c, expr->args[i], when);
		if (err == 0 && when)
			err = gfs_check_boolean(c, expr->args[i]);
		if (err != 0)
			return err;
	}
	return 0;
}

/* The subject has a variable, which no other name hides and none can name. */
static int check_case_tests(struct gfs_checker *c, struct gfs_ast_expr *expr)
{
	int err = check(c, expr->args[0], false);
	if (err != 0)
		return err;
	struct inner inner;
	enter(c, &inner);
	c->aggregation = inner.aggregation; /* it is gone through once */
	expr->symbol = gfs_checker_symbol_of(c, gfs_slice("", 0), expr->args[0]);
	err = expr->symbol == NULL ? c->error->err : gfs_scope_add(c, c->scope, expr->symbol);
	for (uint32_t i = 1; err == 0 && i < expr->arg_count; i++) {
		if (i % 2 == 1 && i + 1 < expr->arg_count)
			err = gfs_check_predicate(c, expr->args[i]);
		else if (expr->args[i] != NULL)
			err = check(c, expr->args[i], false);
	}
	leave(c, &inner);
	return err;
}

static int check_count_star(struct gfs_checker *c, struct gfs_ast_expr *expr)
{
	expr->aggregate = true;
	return gfs_check_call(c, expr);
}

static bool passes_predicate(const struct gfs_ast_expr *expr)
{
	return (expr->kind == GFS_AST_BINARY && expr->op <= GFS_OP_AND) ||
		(expr->kind == GFS_AST_UNARY && expr->op == GFS_OP_NOT);
}

static int check_parts(struct gfs_checker *c, struct gfs_ast_expr *expr, bool predicate)
{
	switch ((enum gfs_ast_kind)expr->kind) {
	case GFS_AST_VARIABLE:
		return check_variable(c, expr);
	case GFS_AST_CALL:
		return gfs_check_call(c, expr);
	case GFS_AST_COUNT_STAR:
		return check_count_star(c, expr);
	case GFS_AST_CASE:
		return check_case(c, expr);
	case GFS_AST_CASE_TESTS:
		return check_case_tests(c, expr);
	case GFS_AST_MAP_PROJECTION:
		return check_map_projection(c, expr);
	case GFS_AST_LIST_COMPREHENSION:
	case GFS_AST_ALL:
	case GFS_AST_ANY:
	case GFS_AST_NONE:
	case GFS_AST_SINGLE:
		return check_iteration(c, expr);
	case GFS_AST_REDUCE:
		return check_reduce(c, expr);
	case GFS_AST_PATTERN_COMPREHENSION:
		return check_pattern_comprehension(c, expr);
	case GFS_AST_PATTERN:
		return check_pattern_expr(c, expr, predicate);
	case GFS_AST_EXISTS:
	case GFS_AST_COUNT:
	case GFS_AST_COLLECT:
		return check_subquery(c, expr);
	default:
		return check_args(c, expr, predicate && passes_predicate(expr));
	}
}

static int check(struct gfs_checker *c, struct gfs_ast_expr *expr, bool predicate)
{
	int err = check_parts(c, expr, predicate);
	if (err == 0)
		err = gfs_check_operands(c, expr);
	if (err == 0)
		gfs_check_type(expr);
	return err;
}

int gfs_check_expr(struct gfs_checker *c, struct gfs_ast_expr *expr)
{
	return check(c, expr, false);
}

int gfs_check_predicate(struct gfs_checker *c, struct gfs_ast_expr *expr)
{
	if (expr == NULL)
		return 0;
	int err = check(c, expr, true);
	return err != 0 ? err : gfs_check_boolean(c, expr);
}
