/* Subqueries and patterns inside expressions become trees of operators of their own. */
#include "query/expr_compile.h"

#include <assert.h>

/* The places that the tree's ARGUMENT takes its values from. */
static bool take_args(struct gfs_compiler *compiler, const struct gfs_plan_node *tree, struct gfs_expr_sub *sub)
{
	const struct gfs_plan_node *leaf = tree;
	while (leaf->input != NULL)
		leaf = leaf->input;
	assert(leaf->kind == GFS_PLAN_ARGUMENT);
	struct gfs_expr_arg *args = gfs_plan_alloc(compiler->planner, leaf->argument.slots.count * sizeof *args);
	if (args == NULL)
		return false;
	for (uint32_t i = 0; i < leaf->argument.slots.count; i++) {
		args[i].slot = leaf->argument.slots.ids[i];
		args[i].local = gfs_symset_has(compiler->locals, args[i].slot);
	}
	sub->args = args;
	sub->arg_count = leaf->argument.slots.count;
	return true;
}

static bool add_sub(struct gfs_planner *planner, struct gfs_plan_node *tree, uint32_t *ret_index)
{
	struct gfs_plan *plan = planner->plan;
	struct gfs_plan_node **subs = gfs_plan_grow(
		planner, plan->subs, plan->sub_count, &planner->sub_capacity, sizeof *subs);
	if (subs == NULL)
		return false;
	plan->subs = subs;
	*ret_index = plan->sub_count;
	plan->subs[plan->sub_count++] = tree;
	return true;
}

/* One step from a node that is given, to anything: nothing but how many there are is asked. */
static bool is_degree(const struct gfs_planner *planner, const struct gfs_plan_node *tree, enum gfs_expr_sub_kind kind)
{
	return (planner->passes & GFS_PASS_COUNT) != 0 && !planner->plan->writes && tree->kind == GFS_PLAN_EXPAND &&
		tree->input->kind == GFS_PLAN_ARGUMENT && !tree->rel.into && tree->rel.others.count == 0 &&
		(kind == GFS_SUB_EXISTS || kind == GFS_SUB_COUNT);
}

static struct gfs_expr *degree_of(struct gfs_compiler *compiler, const struct gfs_ast_expr *from,
	const struct gfs_plan_node *tree, enum gfs_expr_sub_kind kind)
{
	struct gfs_expr *expr = gfs_expr_new(compiler, from, gfs_eval_degree);
	struct gfs_expr_degree *degree = gfs_plan_alloc(compiler->planner, sizeof *degree);
	if (expr == NULL || degree == NULL)
		return NULL;
	*degree = (struct gfs_expr_degree){ .node = { tree->rel.from, gfs_symset_has(compiler->locals, tree->rel.from) },
		.direction = tree->rel.direction,
		.types = tree->rel.types,
		.exists = kind == GFS_SUB_EXISTS,
		.loops = { .types = tree->rel.types, .direction = GFS_AST_OUT } };
	expr->degree = degree;
	return expr;
}

/* `result`: the slot whose values are collected, or GFS_SLOT_NONE. */
static struct gfs_expr *finish(struct gfs_compiler *compiler, const struct gfs_ast_expr *from,
	struct gfs_plan_node *tree, struct gfs_symset outer, enum gfs_expr_sub_kind kind, uint32_t result)
{
	struct gfs_planner *planner = compiler->planner;
	struct gfs_symset needed = gfs_plan_set_new(planner);
	struct gfs_expr *expr = gfs_expr_new(compiler, from, gfs_eval_sub);
	struct gfs_expr_sub *sub = gfs_plan_alloc(planner, sizeof *sub);
	tree = gfs_rewrite(planner, tree);
	if (tree == NULL || expr == NULL || sub == NULL || needed.words == NULL)
		return NULL;
	if (is_degree(planner, tree, kind))
		return degree_of(compiler, from, tree, kind);
	if (result != GFS_SLOT_NONE)
		gfs_symset_add(needed, result);
	int err = gfs_plan_finish(planner, tree, needed, outer);
	if (err != 0)
		return gfs_plan_failed(planner, err);
	sub->kind = kind;
	sub->result = result;
	if (!take_args(compiler, tree, sub) || !add_sub(planner, tree, &sub->index))
		return NULL;
	sub->once = (planner->passes & GFS_PASS_COUNT) != 0 && sub->arg_count == 0 && !planner->plan->writes &&
		!planner->plan->is_volatile;
	expr->sub = sub;
	return expr;
}

/* Slots that a tree inside may use: those of the rows, and variables of comprehensions. */
static struct gfs_symset outer_of(struct gfs_compiler *compiler)
{
	struct gfs_symset outer = gfs_symset_copy(compiler->planner->arena, compiler->available);
	if (outer.words != NULL)
		gfs_symset_union(outer, compiler->locals);
	else
		(void)gfs_plan_failed(compiler->planner, GFS_ERR_NOMEM);
	return outer;
}

static struct gfs_expr *subquery(
	struct gfs_compiler *compiler, const struct gfs_ast_expr *from, enum gfs_expr_sub_kind kind)
{
	struct gfs_planner *planner = compiler->planner;
	struct gfs_symset outer = outer_of(compiler), inside = outer_of(compiler);
	uint32_t result = GFS_SLOT_NONE;
	if (outer.words == NULL || inside.words == NULL)
		return NULL;
	if (kind == GFS_SUB_COLLECT)
		result = from->subquery->columns[0]->id;
	struct gfs_plan_node *tree = gfs_plan_query(planner, gfs_plan_argument(planner), from->subquery, inside);
	return tree == NULL ? NULL : finish(compiler, from, tree, outer, kind, result);
}

/* One value a match, in a slot of its own. */
static struct gfs_plan_node *project_one(
	struct gfs_planner *planner, struct gfs_plan_node *tree, const struct gfs_ast_expr *value, uint32_t *ret_slot)
{
	struct gfs_plan_node *node = gfs_plan_node_new(planner, GFS_PLAN_PROJECT, tree);
	struct gfs_plan_item *item = gfs_plan_alloc(planner, sizeof *item);
	if (node == NULL || item == NULL)
		return NULL;
	*ret_slot = gfs_plan_slot_new(planner);
	*item = (struct gfs_plan_item){ .expr = value, .slot = *ret_slot };
	node->list.items = item;
	node->list.count = 1;
	return node;
}

static struct gfs_expr *pattern(struct gfs_compiler *compiler, const struct gfs_ast_expr *from,
	const struct gfs_ast_expr *where, const struct gfs_ast_expr *value, enum gfs_expr_sub_kind kind)
{
	struct gfs_planner *planner = compiler->planner;
	struct gfs_symset outer = outer_of(compiler), inside = outer_of(compiler);
	struct gfs_plan_exprs predicates = { 0 };
	uint32_t result = GFS_SLOT_NONE;
	if (outer.words == NULL || inside.words == NULL)
		return NULL;
	if (where != NULL)
		gfs_plan_conjuncts(planner, &predicates, where);
	struct gfs_plan_node *tree = gfs_plan_pattern(
		planner, gfs_plan_argument(planner), from->pattern, &predicates, inside);
	if (value != NULL)
		tree = project_one(planner, tree, value, &result);
	return tree == NULL ? NULL : finish(compiler, from, tree, outer, kind, result);
}

/* Nothing can go wrong with them. */
bool gfs_expr_is_counted(const struct gfs_compiler *compiler, const struct gfs_ast_expr *comprehension)
{
	if (comprehension->kind != GFS_AST_PATTERN_COMPREHENSION || (compiler->planner->passes & GFS_PASS_COUNT) == 0 ||
		compiler->planner->plan->writes)
		return false;
	const struct gfs_ast_expr *item = comprehension->args[1];
	if (item->kind != GFS_AST_PROPERTY)
		return item->kind == GFS_AST_LITERAL || item->kind == GFS_AST_VARIABLE;
	return item->args[0]->kind == GFS_AST_VARIABLE &&
		(item->args[0]->symbol->type == GFS_SYMBOL_NODE || item->args[0]->symbol->type == GFS_SYMBOL_REL);
}

struct gfs_expr *gfs_expr_compile_counted(struct gfs_compiler *compiler, const struct gfs_ast_expr *comprehension)
{
	return pattern(compiler, comprehension, comprehension->args[0], NULL, GFS_SUB_COUNT);
}

struct gfs_expr *gfs_expr_compile_pattern(
	struct gfs_compiler *compiler, const struct gfs_ast_expr *from, enum gfs_expr_sub_kind kind)
{
	const struct gfs_ast_part *part = &from->pattern->parts[0];
	const struct gfs_ast_expr *path = NULL;
	if (part->shortest != GFS_AST_NOT_SHORTEST && kind == GFS_SUB_EXISTS)
		kind = part->shortest == GFS_AST_SHORTEST ? GFS_SUB_FIRST : GFS_SUB_COLLECT;
	if (kind == GFS_SUB_FIRST || kind == GFS_SUB_COLLECT) {
		path = gfs_plan_path_expr(compiler->planner, part);
		if (path == NULL)
			return NULL;
	}
	return pattern(compiler, from, NULL, path, kind);
}

struct gfs_expr *gfs_expr_compile_sub(struct gfs_compiler *compiler, const struct gfs_ast_expr *from)
{
	switch (from->kind) {
	case GFS_AST_PATTERN:
		return gfs_expr_compile_pattern(compiler, from, GFS_SUB_EXISTS);
	case GFS_AST_PATTERN_COMPREHENSION:
		return pattern(compiler, from, from->args[0], from->args[1], GFS_SUB_COLLECT);
	case GFS_AST_EXISTS:
		return subquery(compiler, from, GFS_SUB_EXISTS);
	case GFS_AST_COUNT:
		return subquery(compiler, from, GFS_SUB_COUNT);
	case GFS_AST_COLLECT:
		return subquery(compiler, from, GFS_SUB_COLLECT);
	default:
		(void)gfs_query_fail(compiler->planner->error, GFS_QUERY_SYNTAX_ERROR, GFS_QUERY_COMPILE, "InvalidAggregation",
			&from->pos, "an aggregating function cannot stand here");
		return gfs_plan_failed(compiler->planner, GFS_ERR_INVALID);
	}
}
