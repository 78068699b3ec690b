/* Checked expressions to compiled ones. Subqueries and patterns: expr_compile_sub.c. */
#include "query/expr_compile.h"

#include "query/limits.h"
#include "store/catalog.h"

#include <assert.h>

struct gfs_expr *gfs_expr_new(struct gfs_compiler *compiler, const struct gfs_ast_expr *from, gfs_expr_eval_fn *eval)
{
	struct gfs_expr *expr = gfs_plan_alloc(compiler->planner, sizeof *expr);
	if (expr == NULL)
		return NULL;
	expr->eval = eval;
	expr->pos = from->pos;
	expr->op = from->op;
	expr->slot = expr->slot2 = GFS_SLOT_NONE;
	return expr;
}

/* All of `from`'s arguments, NULL where there is none. */
static struct gfs_expr *with_args(struct gfs_compiler *compiler, struct gfs_expr *expr, const struct gfs_ast_expr *from)
{
	if (expr == NULL)
		return NULL;
	expr->arg_count = from->arg_count;
	expr->args = gfs_plan_alloc(compiler->planner, from->arg_count * sizeof(struct gfs_expr *));
	for (uint32_t i = 0; expr->args != NULL && i < from->arg_count; i++) {
		if (from->args[i] == NULL)
			continue;
		expr->args[i] = gfs_expr_compile(compiler, from->args[i]);
		if (expr->args[i] == NULL)
			return NULL;
	}
	return expr->args == NULL ? NULL : expr;
}

static struct gfs_expr *simple(struct gfs_compiler *compiler, const struct gfs_ast_expr *from, gfs_expr_eval_fn *eval)
{
	return with_args(compiler, gfs_expr_new(compiler, from, eval), from);
}

static struct gfs_expr *literal(struct gfs_compiler *compiler, const struct gfs_ast_expr *from)
{
	struct gfs_expr *expr = gfs_expr_new(compiler, from, gfs_eval_literal);
	if (expr == NULL)
		return NULL;
	expr->literal = from->literal;
	expr->eval_all = gfs_eval_all_literal;
	return expr;
}

static struct gfs_expr *parameter(struct gfs_compiler *compiler, const struct gfs_ast_expr *from)
{
	struct gfs_expr *expr = gfs_expr_new(compiler, from, gfs_eval_param);
	if (expr == NULL)
		return NULL;
	expr->eval_all = gfs_eval_all_param;
	expr->slot = gfs_plan_param(compiler->planner, from->name);
	return expr;
}

static struct gfs_expr *slot_expr(struct gfs_compiler *compiler, const struct gfs_ast_expr *from, uint32_t slot)
{
	struct gfs_expr *expr = gfs_expr_new(compiler, from, gfs_eval_slot);
	if (expr == NULL)
		return NULL;
	expr->eval_all = gfs_eval_all_slot;
	expr->slot = slot;
	return expr;
}

static struct gfs_expr *variable(struct gfs_compiler *compiler, const struct gfs_ast_expr *from)
{
	assert(from->symbol != NULL);
	uint32_t slot = from->symbol->id;
	if (gfs_symset_has(compiler->locals, slot)) {
		struct gfs_expr *expr = gfs_expr_new(compiler, from, gfs_eval_local);
		if (expr != NULL)
			expr->slot = slot;
		return expr;
	}
	if (!gfs_symset_has(compiler->available, slot)) {
		(void)gfs_query_fail(compiler->planner->error, GFS_QUERY_SYNTAX_ERROR, GFS_QUERY_COMPILE, "UndefinedVariable",
			&from->pos, "`%.*s` has no value here", (int)from->name.size, (const char *)from->name.data);
		return gfs_plan_failed(compiler->planner, GFS_ERR_INVALID);
	}
	return slot_expr(compiler, from, slot);
}

static struct gfs_expr *property(struct gfs_compiler *compiler, const struct gfs_ast_expr *from)
{
	struct gfs_expr *expr = simple(compiler, from, gfs_eval_property);
	if (expr == NULL)
		return NULL;
	expr->name = gfs_plan_name(compiler->planner, GFS_CATALOG_KEY, from->name);
	expr->text = from->name;
	if (expr->args[0]->eval == gfs_eval_slot)
		expr->eval_all = gfs_eval_all_property;
	return expr;
}

static struct gfs_expr *map(struct gfs_compiler *compiler, const struct gfs_ast_expr *from)
{
	struct gfs_expr *expr = simple(compiler, from, gfs_eval_map);
	if (expr != NULL)
		expr->keys = from->names;
	return expr;
}

static const struct gfs_expr_labels *labels(struct gfs_compiler *compiler, const struct gfs_ast_label_expr *from)
{
	struct gfs_planner *planner = compiler->planner;
	struct gfs_expr_labels *made = gfs_plan_alloc(planner, sizeof *made);
	if (made == NULL)
		return NULL;
	made->kind = (uint8_t)from->kind;
	if (from->kind == GFS_LABEL_NAME) {
		made->label = gfs_plan_name(planner, GFS_CATALOG_LABEL, from->name);
		made->type = gfs_plan_name(planner, GFS_CATALOG_TYPE, from->name);
	}
	if (from->left != NULL && (made->left = labels(compiler, from->left)) == NULL)
		return NULL;
	if (from->right != NULL && (made->right = labels(compiler, from->right)) == NULL)
		return NULL;
	return made;
}

static struct gfs_expr *has_labels(struct gfs_compiler *compiler, const struct gfs_ast_expr *from)
{
	struct gfs_expr *expr = simple(compiler, from, gfs_eval_has_labels);
	if (expr == NULL || (expr->labels = labels(compiler, from->labels)) == NULL)
		return NULL;
	if (expr->args[0]->eval == gfs_eval_slot && from->labels->kind == GFS_LABEL_NAME)
		expr->eval_all = gfs_eval_all_has_label;
	return expr;
}

static struct gfs_expr *map_projection(struct gfs_compiler *compiler, const struct gfs_ast_expr *from)
{
	struct gfs_expr *expr = simple(compiler, from, gfs_eval_map_projection);
	struct gfs_expr_item *items = gfs_plan_alloc(compiler->planner, from->item_count * sizeof *items);
	if (expr == NULL || items == NULL)
		return NULL;
	for (uint32_t i = 0; i < from->item_count; i++) {
		const struct gfs_ast_projection_item *item = &from->items[i];
		items[i].kind = (uint8_t)item->kind;
		items[i].key = item->name;
		if (item->kind == GFS_ITEM_PROPERTY)
			items[i].name = gfs_plan_name(compiler->planner, GFS_CATALOG_KEY, item->name);
		if (item->value != NULL && (items[i].value = gfs_expr_compile(compiler, item->value)) == NULL)
			return NULL;
	}
	expr->items = items;
	expr->item_count = from->item_count;
	return expr;
}

/* ---- operators ---- */

static struct gfs_expr *binary(struct gfs_compiler *compiler, const struct gfs_ast_expr *from)
{
	struct gfs_expr *expr;
	switch (from->op) {
	case GFS_OP_OR:
		return simple(compiler, from, gfs_eval_or);
	case GFS_OP_XOR:
		return simple(compiler, from, gfs_eval_xor);
	case GFS_OP_AND:
		return simple(compiler, from, gfs_eval_and);
	case GFS_OP_EQ:
	case GFS_OP_NE:
	case GFS_OP_LT:
	case GFS_OP_LE:
	case GFS_OP_GT:
	case GFS_OP_GE:
		expr = simple(compiler, from, gfs_eval_compare);
		if (expr != NULL)
			expr->eval_all = gfs_eval_all_compare;
		return expr;
	case GFS_OP_IN:
	case GFS_OP_STARTS_WITH:
	case GFS_OP_ENDS_WITH:
	case GFS_OP_CONTAINS:
	case GFS_OP_REGEX:
		return simple(compiler, from, gfs_eval_test);
	default:
		return simple(compiler, from, gfs_eval_arithmetic);
	}
}

static struct gfs_expr *unary(struct gfs_compiler *compiler, const struct gfs_ast_expr *from)
{
	if (from->op == GFS_OP_NOT)
		return simple(compiler, from, gfs_eval_not);
	return simple(compiler, from, from->op == GFS_OP_MINUS ? gfs_eval_negate : gfs_eval_plus);
}

static struct gfs_expr *compare(struct gfs_compiler *compiler, const struct gfs_ast_expr *from)
{
	struct gfs_expr *expr = simple(compiler, from, from->arg_count == 2 ? gfs_eval_compare : gfs_eval_compare_chain);
	if (expr == NULL)
		return NULL;
	expr->ops = from->ops;
	if (from->arg_count == 2) {
		expr->op = from->ops[0];
		expr->eval_all = gfs_eval_all_compare;
	}
	return expr;
}

static struct gfs_expr *is_typed(struct gfs_compiler *compiler, const struct gfs_ast_expr *from)
{
	struct gfs_expr *expr = simple(compiler, from, gfs_eval_is_typed);
	if (expr == NULL)
		return NULL;
	expr->type = from->type;
	expr->literal = gfs_datum_boolean(!from->negated);
	return expr;
}

/* ---- variables of their own ---- */

/* The list is seen from outside, the rest with the variables. `list_at`: which argument the list is. */
static struct gfs_expr *looping(
	struct gfs_compiler *compiler, const struct gfs_ast_expr *from, gfs_expr_eval_fn *eval, uint32_t outside)
{
	struct gfs_expr *expr = gfs_expr_new(compiler, from, eval);
	struct gfs_compiler inner = *compiler;
	inner.locals = gfs_symset_copy(compiler->planner->arena, compiler->locals);
	if (expr == NULL || inner.locals.words == NULL)
		return gfs_plan_failed(compiler->planner, GFS_ERR_NOMEM);
	expr->arg_count = from->arg_count;
	expr->args = gfs_plan_alloc(compiler->planner, from->arg_count * sizeof(struct gfs_expr *));
	if (expr->args == NULL)
		return NULL;
	if (from->symbol != NULL) {
		expr->slot = from->symbol->id;
		gfs_symset_add(inner.locals, expr->slot);
	}
	if (from->symbol2 != NULL) {
		expr->slot2 = from->symbol2->id;
		gfs_symset_add(inner.locals, expr->slot2);
	}
	for (uint32_t i = 0; i < from->arg_count; i++) {
		if (from->args[i] == NULL)
			continue;
		expr->args[i] = gfs_expr_compile(i < outside ? compiler : &inner, from->args[i]);
		if (expr->args[i] == NULL)
			return NULL;
	}
	return expr;
}

/* ---- calls ---- */

static bool is_named(const struct gfs_ast_expr *from, const char *name)
{
	return from->name.size == strlen(name) && strncasecmp((const char *)from->name.data, name, from->name.size) == 0;
}

/* date() is another day tomorrow, date('2015-07-21') is not. */
static bool is_volatile(const struct gfs_function *function, const struct gfs_ast_expr *from)
{
	if ((function->flags & GFS_FUNCTION_CLOCK) == 0 || from->arg_count > 1)
		return (function->flags & GFS_FUNCTION_VOLATILE) != 0;
	return from->arg_count == 0 || from->args[0]->kind != GFS_AST_LITERAL ||
		from->args[0]->literal.type != GFS_DATUM_STRING;
}

static struct gfs_expr *call(struct gfs_compiler *compiler, const struct gfs_ast_expr *from)
{
	if (from->arg_count == 1 && from->args[0]->kind == GFS_AST_PATTERN) {
		if (is_named(from, "size"))
			return gfs_expr_compile_pattern(compiler, from->args[0], GFS_SUB_COUNT);
		if (is_named(from, "exists"))
			return gfs_expr_compile_pattern(compiler, from->args[0], GFS_SUB_EXISTS);
	}
	if (from->arg_count == 1 && is_named(from, "size") && gfs_expr_is_counted(compiler, from->args[0]))
		return gfs_expr_compile_counted(compiler, from->args[0]);
	if (from->arg_count == 1 && is_named(from, "exists"))
		return simple(compiler, from, gfs_eval_is_not_null);
	const struct gfs_function *function = gfs_function_find(from->name);
	if (function == NULL) {
		(void)gfs_query_fail(compiler->planner->error, GFS_QUERY_SYNTAX_ERROR, GFS_QUERY_COMPILE, "UnknownFunction",
			&from->pos, "there is no function %.*s", (int)from->name.size, (const char *)from->name.data);
		return gfs_plan_failed(compiler->planner, GFS_ERR_INVALID);
	}
	struct gfs_expr *expr = simple(compiler, from, gfs_eval_call);
	if (expr == NULL)
		return NULL;
	if (is_volatile(function, from))
		compiler->planner->plan->is_volatile = true;
	expr->function = function;
	return expr;
}

static struct gfs_expr *path(struct gfs_compiler *compiler, const struct gfs_ast_expr *from)
{
	const struct gfs_ast_part *part = &from->pattern->parts[0];
	struct gfs_expr *expr = gfs_expr_new(compiler, from, gfs_eval_path);
	struct gfs_expr_path *made = gfs_plan_alloc(compiler->planner, sizeof *made);
	uint32_t *rels = gfs_plan_alloc(compiler->planner, part->rel_count * sizeof *rels);
	if (expr == NULL || made == NULL || rels == NULL)
		return NULL;
	for (uint32_t i = 0; i < part->rel_count; i++)
		rels[i] = part->rels[i].symbol->id;
	*made = (struct gfs_expr_path){ .start = part->nodes[0].symbol->id, .rels = rels, .count = part->rel_count };
	expr->path = made;
	return expr;
}

static struct gfs_expr *compile(struct gfs_compiler *compiler, const struct gfs_ast_expr *from)
{
	switch (from->kind) {
	case GFS_AST_LITERAL:
		return literal(compiler, from);
	case GFS_AST_PARAMETER:
		return parameter(compiler, from);
	case GFS_AST_VARIABLE:
		return variable(compiler, from);
	case GFS_AST_PROPERTY:
		return property(compiler, from);
	case GFS_AST_INDEX:
		return simple(compiler, from, gfs_eval_index);
	case GFS_AST_SLICE:
		return simple(compiler, from, gfs_eval_slice);
	case GFS_AST_LIST:
		return simple(compiler, from, gfs_eval_list);
	case GFS_AST_MAP:
		return map(compiler, from);
	case GFS_AST_MAP_PROJECTION:
		return map_projection(compiler, from);
	case GFS_AST_UNARY:
		return unary(compiler, from);
	case GFS_AST_BINARY:
		return binary(compiler, from);
	case GFS_AST_COMPARE:
		return compare(compiler, from);
	case GFS_AST_IS_NULL:
		return simple(compiler, from, gfs_eval_is_null);
	case GFS_AST_IS_NOT_NULL:
		return simple(compiler, from, gfs_eval_is_not_null);
	case GFS_AST_IS_TYPED:
		return is_typed(compiler, from);
	case GFS_AST_HAS_LABELS:
		return has_labels(compiler, from);
	case GFS_AST_CALL:
		return call(compiler, from);
	case GFS_AST_CASE:
		return simple(compiler, from, gfs_eval_case);
	case GFS_AST_CASE_TESTS:
		return looping(compiler, from, gfs_eval_case_tests, 1);
	case GFS_AST_LIST_COMPREHENSION:
		return looping(compiler, from, gfs_eval_list_comprehension, 1);
	case GFS_AST_REDUCE:
		return looping(compiler, from, gfs_eval_reduce, 2);
	case GFS_AST_ALL:
		return looping(compiler, from, gfs_eval_all_of, 1);
	case GFS_AST_ANY:
		return looping(compiler, from, gfs_eval_any_of, 1);
	case GFS_AST_NONE:
		return looping(compiler, from, gfs_eval_none_of, 1);
	case GFS_AST_SINGLE:
		return looping(compiler, from, gfs_eval_single_of, 1);
	case GFS_PLAN_AST_PATH:
		return path(compiler, from);
	default:
		return gfs_expr_compile_sub(compiler, from);
	}
}

struct gfs_expr *gfs_expr_compile(struct gfs_compiler *compiler, const struct gfs_ast_expr *from)
{
	struct gfs_planner *planner = compiler->planner;
	struct gfs_expr *expr = NULL;
	for (const struct gfs_plan_known *known = compiler->known; known != NULL; known = known->next)
		if (gfs_ast_same(known->expr, from))
			return slot_expr(compiler, from, known->slot);
	if (planner->expr_depth++ < GFS_QUERY_DEPTH_MAX * 2)
		expr = compile(compiler, from);
	else
		(void)gfs_query_fail(planner->error, GFS_QUERY_LIMIT_ERROR, GFS_QUERY_COMPILE, "ExpressionTooDeep", &from->pos,
			"the expression nests too deep");
	planner->expr_depth--;
	return expr != NULL ? expr : gfs_plan_failed(planner, GFS_ERR_INVALID);
}
