/* Calls: functions that are there, with as many arguments as they take, of types that they take; aggregates where they may stand. */
#include "query/check.h"

#include "base/checked.h"
#include "query/aggregate.h"
#include "query/function.h"

#include <strings.h>

#define BIT(type) (UINT32_C(1) << (type))

/* The types that the first argument may have, for functions that openCypher has checked before they run. */
static const struct {
	const char *name;
	uint32_t types;
} wanted[] = {
	{ "endNode", BIT(GFS_DATUM_REL) },
	{ "head", BIT(GFS_DATUM_LIST) },
	{ "id", BIT(GFS_DATUM_NODE) | BIT(GFS_DATUM_REL) },
	{ "key", BIT(GFS_DATUM_NODE) },
	{ "keys", BIT(GFS_DATUM_NODE) | BIT(GFS_DATUM_REL) | BIT(GFS_DATUM_MAP) },
	{ "labels", BIT(GFS_DATUM_NODE) },
	{ "last", BIT(GFS_DATUM_LIST) },
	{ "length", BIT(GFS_DATUM_PATH) },
	{ "nodes", BIT(GFS_DATUM_PATH) },
	{ "properties", BIT(GFS_DATUM_NODE) | BIT(GFS_DATUM_REL) | BIT(GFS_DATUM_MAP) },
	{ "relationships", BIT(GFS_DATUM_PATH) },
	{ "size", BIT(GFS_DATUM_LIST) | BIT(GFS_DATUM_STRING) },
	{ "startNode", BIT(GFS_DATUM_REL) },
	{ "tail", BIT(GFS_DATUM_LIST) },
	{ "type", BIT(GFS_DATUM_REL) },
};

static bool is_named(const struct gfs_ast_expr *expr, const char *name)
{
	return strlen(name) == expr->name.size && strncasecmp(name, (const char *)expr->name.data, expr->name.size) == 0;
}

static int check_argument_type(struct gfs_checker *c, const struct gfs_ast_expr *expr)
{
	if (expr->arg_count == 0 || expr->args[0]->value == GFS_DATUM_NULL)
		return 0;
	uint8_t type = expr->args[0]->value;
	for (size_t i = 0; i < GFS_COUNT(wanted); i++) {
		if (is_named(expr, wanted[i].name) && (wanted[i].types & BIT(type)) == 0)
			return GFS_CHECKER_FAIL(c, "InvalidArgumentType", &expr->args[0]->pos,
				"%s() does not take a value of type %s", wanted[i].name,
				gfs_datum_type_name((enum gfs_datum_type)type));
	}
	return 0;
}

static int check_count(struct gfs_checker *c, const struct gfs_ast_expr *expr, uint32_t min, uint32_t max)
{
	if (expr->arg_count >= min && (expr->arg_count <= max || max == UINT8_MAX))
		return 0;
	return GFS_CHECKER_FAIL(c, "InvalidNumberOfArguments", &expr->pos, "%.*s() takes %s%u argument%s, not %u",
		GFS_SHOWN(expr->name),
		min == max                  ? ""
			: expr->arg_count < min ? "at least "
									: "at most ",
		expr->arg_count < min ? min : max, (expr->arg_count < min ? min : max) == 1 ? "" : "s", expr->arg_count);
}

/* ---- aggregates ---- */

static int check_placement(struct gfs_checker *c, const struct gfs_ast_expr *expr)
{
	if (c->aggregation == GFS_AGGREGATION_INSIDE)
		return GFS_CHECKER_FAIL(
			c, "NestedAggregation", &expr->pos, "an aggregating function cannot be used inside another");
	if (c->aggregation == GFS_AGGREGATION_NONE)
		return GFS_CHECKER_FAIL(
			c, "InvalidAggregation", &expr->pos, "an aggregating function can be used in RETURN and WITH only");
	c->saw_aggregate = true;
	return 0;
}

static int check_aggregate(struct gfs_checker *c, struct gfs_ast_expr *expr, const struct gfs_aggregate *aggregate)
{
	expr->aggregate = true;
	int err = check_placement(c, expr);
	if (err == 0)
		err = check_count(c, expr, aggregate->args, aggregate->args);
	c->aggregation = GFS_AGGREGATION_INSIDE;
	for (uint32_t i = 0; err == 0 && i < expr->arg_count; i++)
		err = gfs_check_expr(c, expr->args[i]);
	if (err == 0)
		c->aggregation = GFS_AGGREGATION_FREE;
	return err;
}

/* ---- functions ---- */

/* exists(n.key), exists(pattern) */
static int check_exists(struct gfs_checker *c, struct gfs_ast_expr *expr)
{
	struct gfs_ast_expr *arg = expr->args[0];
	if (arg->kind == GFS_AST_PATTERN)
		return gfs_check_predicate(c, arg);
	if (arg->kind != GFS_AST_PROPERTY && arg->kind != GFS_AST_INDEX)
		return GFS_CHECKER_FAIL(c, "InvalidArgumentType", &arg->pos, "exists() takes a property or a pattern");
	return gfs_check_expr(c, arg);
}

static int check_function(struct gfs_checker *c, struct gfs_ast_expr *expr)
{
	const struct gfs_function *function = gfs_function_find(expr->name);
	if (function == NULL)
		return GFS_CHECKER_FAIL(c, "UnknownFunction", &expr->pos, "there is no function '%.*s'", GFS_SHOWN(expr->name));
	if (expr->distinct)
		return GFS_CHECKER_FAIL(c, "UnexpectedSyntax", &expr->pos,
			"DISTINCT is for aggregating functions, and %s() is none", function->name);
	if (c->aggregation == GFS_AGGREGATION_INSIDE && (is_named(expr, "rand") || is_named(expr, "randomUUID")))
		return GFS_CHECKER_FAIL(c, "NonConstantExpression", &expr->pos,
			"%s() cannot be used inside an aggregating function", function->name);
	int err = check_count(c, expr, function->args_min, function->args_max);
	if (err == 0 && is_named(expr, "exists"))
		return check_exists(c, expr);
	for (uint32_t i = 0; err == 0 && i < expr->arg_count; i++)
		err = gfs_check_expr(c, expr->args[i]);
	return err != 0 ? err : check_argument_type(c, expr);
}

int gfs_check_call(struct gfs_checker *c, struct gfs_ast_expr *expr)
{
	if (expr->kind == GFS_AST_COUNT_STAR)
		return check_placement(c, expr);
	const struct gfs_aggregate *aggregate = gfs_aggregate_find(expr->name);
	return aggregate != NULL ? check_aggregate(c, expr, aggregate) : check_function(c, expr);
}
