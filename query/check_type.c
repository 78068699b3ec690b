/* Types of expressions, as far as the text tells. GFS_DATUM_NULL stands for not knowing. */
#include "query/check.h"

#include "query/aggregate.h"
#include "query/function.h"

#include <assert.h>

static bool is_number(uint8_t type)
{
	return type == GFS_DATUM_INTEGER || type == GFS_DATUM_FLOAT;
}

static bool is_temporal(uint8_t type)
{
	return type >= GFS_DATUM_DATETIME && type <= GFS_DATUM_DURATION;
}

/* What both are, if they are the same. */
static uint8_t common(uint8_t a, uint8_t b)
{
	return a == b ? a : GFS_DATUM_NULL;
}

static uint8_t type_of_list(const struct gfs_ast_expr *expr)
{
	uint8_t element = expr->arg_count == 0 ? GFS_DATUM_NULL : expr->args[0]->value;
	for (uint32_t i = 1; i < expr->arg_count; i++)
		element = common(element, expr->args[i]->value);
	return element;
}

static uint8_t type_of_arithmetic(const struct gfs_ast_expr *expr)
{
	uint8_t a = expr->args[0]->value, b = expr->args[1]->value;
	if (expr->op == GFS_OP_CONCAT)
		return common(a, b);
	if (is_number(a) && is_number(b))
		return a == GFS_DATUM_INTEGER && b == GFS_DATUM_INTEGER && expr->op != GFS_OP_POWER ? GFS_DATUM_INTEGER
																							: GFS_DATUM_FLOAT;
	if (expr->op != GFS_OP_ADD)
		return GFS_DATUM_NULL;
	if (a == GFS_DATUM_LIST || b == GFS_DATUM_LIST)
		return GFS_DATUM_LIST;
	return a == GFS_DATUM_STRING && b == GFS_DATUM_STRING ? GFS_DATUM_STRING : GFS_DATUM_NULL;
}

static uint8_t type_of_case(const struct gfs_ast_expr *expr)
{
	uint8_t type = expr->args[2]->value;
	for (uint32_t i = 4; i < expr->arg_count; i += 2)
		type = common(type, expr->args[i]->value);
	const struct gfs_ast_expr *otherwise = expr->args[expr->arg_count - 1];
	return otherwise == NULL ? type : common(type, otherwise->value);
}

static uint8_t type_of_call(const struct gfs_ast_expr *expr)
{
	const struct gfs_aggregate *aggregate = gfs_aggregate_find(expr->name);
	if (aggregate != NULL)
		return (uint8_t)aggregate->result;
	const struct gfs_function *function = gfs_function_find(expr->name);
	assert(function != NULL);
	return (uint8_t)function->result;
}

static uint8_t type_of_shortest(const struct gfs_ast_expr *expr)
{
	switch (expr->pattern->parts[0].shortest) {
	case GFS_AST_SHORTEST:
		return GFS_DATUM_PATH;
	case GFS_AST_ALL_SHORTEST:
		return GFS_DATUM_LIST;
	case GFS_AST_NOT_SHORTEST:
		break;
	}
	return GFS_DATUM_BOOLEAN;
}

static uint8_t type_of(const struct gfs_ast_expr *expr)
{
	switch ((enum gfs_ast_kind)expr->kind) {
	case GFS_AST_LITERAL:
		return expr->literal.type;
	case GFS_AST_VARIABLE:
		return expr->symbol->value;
	case GFS_AST_PARAMETER:
	case GFS_AST_PROPERTY:
	case GFS_AST_REDUCE:
		return GFS_DATUM_NULL;
	case GFS_AST_INDEX:
		return expr->args[0]->element;
	case GFS_AST_SLICE:
	case GFS_AST_LIST:
	case GFS_AST_LIST_COMPREHENSION:
	case GFS_AST_PATTERN_COMPREHENSION:
	case GFS_AST_COLLECT:
		return GFS_DATUM_LIST;
	case GFS_AST_MAP:
	case GFS_AST_MAP_PROJECTION:
		return GFS_DATUM_MAP;
	case GFS_AST_UNARY:
		return expr->op == GFS_OP_NOT ? (uint8_t)GFS_DATUM_BOOLEAN : expr->args[0]->value;
	case GFS_AST_BINARY:
		return expr->op >= GFS_OP_ADD ? type_of_arithmetic(expr) : (uint8_t)GFS_DATUM_BOOLEAN;
	case GFS_AST_CALL:
		return type_of_call(expr);
	case GFS_AST_COUNT_STAR:
	case GFS_AST_COUNT:
		return GFS_DATUM_INTEGER;
	case GFS_AST_CASE:
	case GFS_AST_CASE_TESTS:
		return type_of_case(expr);
	case GFS_AST_PATTERN:
		return type_of_shortest(expr);
	case GFS_AST_COMPARE:
	case GFS_AST_IS_NULL:
	case GFS_AST_IS_NOT_NULL:
	case GFS_AST_IS_TYPED:
	case GFS_AST_HAS_LABELS:
	case GFS_AST_ALL:
	case GFS_AST_ANY:
	case GFS_AST_NONE:
	case GFS_AST_SINGLE:
	case GFS_AST_EXISTS:
		break;
	}
	return GFS_DATUM_BOOLEAN;
}

static uint8_t element_of(const struct gfs_ast_expr *expr)
{
	switch (expr->kind) {
	case GFS_AST_VARIABLE:
		return expr->symbol->element;
	case GFS_AST_LIST:
		return type_of_list(expr);
	case GFS_AST_SLICE:
		return expr->args[0]->element;
	case GFS_AST_LIST_COMPREHENSION:
		return expr->args[2] != NULL ? expr->args[2]->value : expr->args[0]->element;
	case GFS_AST_PATTERN_COMPREHENSION:
		return expr->args[1]->value;
	case GFS_AST_PATTERN:
		return type_of_shortest(expr) == GFS_DATUM_LIST ? GFS_DATUM_PATH : GFS_DATUM_NULL;
	default:
		return GFS_DATUM_NULL;
	}
}

void gfs_check_type(struct gfs_ast_expr *expr)
{
	expr->value = type_of(expr);
	expr->element = element_of(expr);
}

/* ---- what operators take ---- */

static int mismatch(struct gfs_checker *c, const struct gfs_ast_expr *expr, const char *wanted)
{
	return GFS_CHECKER_FAIL(c, "InvalidArgumentType", &expr->pos, "expected %s, but '%.*s' is %s", wanted,
		GFS_SHOWN(expr->text), gfs_datum_type_name((enum gfs_datum_type)expr->value));
}

int gfs_check_boolean(struct gfs_checker *c, const struct gfs_ast_expr *expr)
{
	if (expr->value == GFS_DATUM_BOOLEAN || expr->value == GFS_DATUM_NULL)
		return 0;
	return mismatch(c, expr, "BOOLEAN");
}

/* - * / % ^: numbers, and times where a duration may be taken off or multiplied. */
static int check_number(struct gfs_checker *c, const struct gfs_ast_expr *expr)
{
	if (is_number(expr->value) || is_temporal(expr->value) || expr->value == GFS_DATUM_NULL)
		return 0;
	return mismatch(c, expr, "a number");
}

/* ||: two strings or two lists. */
static int check_concat(struct gfs_checker *c, const struct gfs_ast_expr *left, const struct gfs_ast_expr *right)
{
	const struct gfs_ast_expr *sides[] = { left, right };
	for (size_t i = 0; i < 2; i++) {
		uint8_t type = sides[i]->value;
		if (type != GFS_DATUM_STRING && type != GFS_DATUM_LIST && type != GFS_DATUM_NULL)
			return mismatch(c, sides[i], "a string or a list");
	}
	bool known = left->value != GFS_DATUM_NULL && right->value != GFS_DATUM_NULL;
	return known && left->value != right->value ? mismatch(c, right, "the type of the other side of ||") : 0;
}

static int check_binary(struct gfs_checker *c, const struct gfs_ast_expr *expr)
{
	const struct gfs_ast_expr *left = expr->args[0], *right = expr->args[1];
	int err = 0;
	switch (expr->op) {
	case GFS_OP_OR:
	case GFS_OP_XOR:
	case GFS_OP_AND:
		err = gfs_check_boolean(c, left);
		return err != 0 ? err : gfs_check_boolean(c, right);
	case GFS_OP_IN:
		if (right->value != GFS_DATUM_LIST && right->value != GFS_DATUM_NULL)
			err = mismatch(c, right, "a list");
		return err;
	case GFS_OP_SUBTRACT:
	case GFS_OP_MULTIPLY:
	case GFS_OP_DIVIDE:
	case GFS_OP_MODULO:
	case GFS_OP_POWER:
		err = check_number(c, left);
		return err != 0 ? err : check_number(c, right);
	case GFS_OP_CONCAT:
		return check_concat(c, left, right);
	default:
		return 0;
	}
}

/* What has no keys and no items. A path is a SyntaxError in openCypher, a plain value a TypeError. */
static int check_lookup(struct gfs_checker *c, const struct gfs_ast_expr *expr)
{
	uint8_t type = expr->args[0]->value;
	bool none = is_number(type) || type == GFS_DATUM_STRING || type == GFS_DATUM_BOOLEAN || type == GFS_DATUM_PATH;
	if (!none && !(type == GFS_DATUM_LIST && expr->kind == GFS_AST_PROPERTY))
		return 0;
	enum gfs_query_error_kind kind = type == GFS_DATUM_PATH ? GFS_QUERY_SYNTAX_ERROR : GFS_QUERY_TYPE_ERROR;
	return gfs_query_fail(c->error, kind, GFS_QUERY_COMPILE, "InvalidArgumentType", &expr->pos,
		"'%.*s' is %s and has no %s", GFS_SHOWN(expr->args[0]->text), gfs_datum_type_name((enum gfs_datum_type)type),
		expr->kind == GFS_AST_PROPERTY ? "properties" : "items");
}

int gfs_check_operands(struct gfs_checker *c, const struct gfs_ast_expr *expr)
{
	switch (expr->kind) {
	case GFS_AST_BINARY:
		return check_binary(c, expr);
	case GFS_AST_UNARY:
		return expr->op == GFS_OP_NOT ? gfs_check_boolean(c, expr->args[0]) : check_number(c, expr->args[0]);
	case GFS_AST_PROPERTY:
	case GFS_AST_INDEX:
		return check_lookup(c, expr);
	case GFS_AST_HAS_LABELS:
		if (expr->args[0]->value != GFS_DATUM_NODE && expr->args[0]->value != GFS_DATUM_REL &&
			expr->args[0]->value != GFS_DATUM_NULL)
			return mismatch(c, expr->args[0], "NODE or RELATIONSHIP");
		return 0;
	default:
		return 0;
	}
}
