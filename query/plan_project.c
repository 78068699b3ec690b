/* WITH and RETURN: projection or aggregation, DISTINCT, ORDER BY, SKIP, LIMIT, WHERE. */
#include "query/plan_private.h"

#include <assert.h>

struct projecting {
	struct gfs_planner *planner;
	const struct gfs_ast_projection *ast;
	struct gfs_plan_node *tree;
	const struct gfs_plan_known *known; /* what later expressions may read instead of computing it again */
	struct gfs_plan_aggregate *aggregates;
	uint32_t aggregate_count, aggregate_capacity;
};

static void know(struct projecting *p, const struct gfs_ast_expr *expr, uint32_t slot)
{
	struct gfs_plan_known *known;
	if (expr->kind == GFS_AST_LITERAL || expr->kind == GFS_AST_PARAMETER)
		return;
	known = gfs_plan_alloc(p->planner, sizeof *known);
	if (known == NULL)
		return;
	*known = (struct gfs_plan_known){ .expr = expr, .slot = slot, .next = p->known };
	p->known = known;
}

/* `WITH x` hands the same value on: nothing to do. */
static bool is_same_variable(const struct gfs_ast_item *item)
{
	return item->expr->kind == GFS_AST_VARIABLE && item->expr->symbol == item->symbol;
}

static bool find_aggregate(void *context, const struct gfs_ast_expr *expr)
{
	*(bool *)context |= expr->aggregate;
	return expr->kind != GFS_AST_EXISTS && expr->kind != GFS_AST_COUNT && expr->kind != GFS_AST_COLLECT;
}

static bool has_aggregate(const struct gfs_ast_expr *expr)
{
	bool found = false;
	const struct gfs_ast_walker walker = { .expr = find_aggregate, .context = &found };
	gfs_ast_walk_expr(&walker, expr);
	return found;
}

/* ---- without aggregates ---- */

static void plain_items(struct projecting *p)
{
	const struct gfs_ast_projection *ast = p->ast;
	struct gfs_plan_node *node = gfs_plan_node_new(p->planner, GFS_PLAN_PROJECT, p->tree);
	struct gfs_plan_item *items = gfs_plan_alloc(p->planner, ast->count * sizeof *items);
	uint32_t count = 0;
	if (node == NULL || items == NULL)
		return;
	for (uint32_t i = 0; i < ast->count; i++) {
		if (is_same_variable(&ast->items[i]))
			continue;
		items[count++] = (struct gfs_plan_item){ .expr = ast->items[i].expr, .slot = ast->items[i].symbol->id };
		know(p, ast->items[i].expr, ast->items[i].symbol->id);
	}
	if (count == 0)
		return;
	node->list.items = items;
	node->list.count = count;
	p->tree = node;
}

/* ---- aggregates ---- */

static uint32_t add_aggregate(struct projecting *p, const struct gfs_ast_expr *call, uint32_t slot)
{
	for (uint32_t i = 0; slot == GFS_SLOT_NONE && i < p->aggregate_count; i++)
		if (gfs_ast_same(p->aggregates[i].call, call))
			return p->aggregates[i].slot;
	struct gfs_plan_aggregate *list = gfs_plan_grow(
		p->planner, p->aggregates, p->aggregate_count, &p->aggregate_capacity, sizeof *list);
	struct gfs_plan_item *args = gfs_plan_alloc(p->planner, call->arg_count * sizeof *args);
	if (list == NULL || args == NULL)
		return 0;
	for (uint32_t i = 0; i < call->arg_count; i++)
		args[i] = (struct gfs_plan_item){ .expr = call->args[i], .slot = GFS_SLOT_NONE };
	p->aggregates = list;
	list[p->aggregate_count++] = (struct gfs_plan_aggregate){
		.call = call,
		.args = args,
		.arg_count = call->arg_count,
		.slot = slot != GFS_SLOT_NONE ? slot : gfs_plan_slot_new(p->planner),
	};
	slot = list[p->aggregate_count - 1].slot;
	know(p, call, slot);
	return slot;
}

static bool collect_aggregate(void *context, const struct gfs_ast_expr *expr)
{
	if (expr->aggregate)
		(void)add_aggregate(context, expr, GFS_SLOT_NONE); /* known by its form from here on */
	return !expr->aggregate && expr->kind != GFS_AST_EXISTS && expr->kind != GFS_AST_COUNT &&
		expr->kind != GFS_AST_COLLECT;
}

static void collect_aggregates(struct projecting *p, const struct gfs_ast_expr *expr)
{
	const struct gfs_ast_walker walker = { .expr = collect_aggregate, .context = p };
	gfs_ast_walk_expr(&walker, expr);
}

/* Items without an aggregate are what is grouped by. */
static void group_keys(struct projecting *p, struct gfs_plan_node *node)
{
	struct gfs_plan_item *keys = gfs_plan_alloc(p->planner, p->ast->count * sizeof *keys);
	uint32_t count = 0;
	for (uint32_t i = 0; keys != NULL && i < p->ast->count; i++) {
		const struct gfs_ast_item *item = &p->ast->items[i];
		if (has_aggregate(item->expr))
			continue;
		keys[count++] = (struct gfs_plan_item){ .expr = item->expr, .slot = item->symbol->id };
		know(p, item->expr, item->symbol->id);
	}
	node->aggregate.keys = keys;
	node->aggregate.key_count = count;
}

/* What is computed from aggregates. */
static void items_on_top(struct projecting *p)
{
	struct gfs_plan_item *items = gfs_plan_alloc(p->planner, p->ast->count * sizeof *items);
	uint32_t count = 0;
	for (uint32_t i = 0; items != NULL && i < p->ast->count; i++) {
		const struct gfs_ast_item *item = &p->ast->items[i];
		if (!item->expr->aggregate && has_aggregate(item->expr))
			items[count++] = (struct gfs_plan_item){ .expr = item->expr, .slot = item->symbol->id };
	}
	if (count == 0 || p->planner->err != 0)
		return;
	struct gfs_plan_node *node = gfs_plan_node_new(p->planner, GFS_PLAN_PROJECT, p->tree);
	if (node == NULL)
		return;
	node->list.items = items;
	node->list.count = count;
	node->known = p->known;
	p->tree = node;
	for (uint32_t i = 0; i < count; i++)
		know(p, items[i].expr, items[i].slot);
}

static void aggregated_items(struct projecting *p)
{
	struct gfs_plan_node *node = gfs_plan_node_new(p->planner, GFS_PLAN_AGGREGATE, p->tree);
	if (node == NULL)
		return;
	group_keys(p, node);
	for (uint32_t i = 0; i < p->ast->count; i++)
		if (p->ast->items[i].expr->aggregate)
			(void)add_aggregate(p, p->ast->items[i].expr, p->ast->items[i].symbol->id); /* its slot is known */
	for (uint32_t i = 0; i < p->ast->count; i++)
		collect_aggregates(p, p->ast->items[i].expr);
	for (uint32_t i = 0; i < p->ast->order_count; i++)
		collect_aggregates(p, p->ast->order[i].expr);
	node->aggregate.aggregates = p->aggregates;
	node->aggregate.aggregate_count = p->aggregate_count;
	node->rows = node->aggregate.key_count == 0 ? 1 : node->rows / 4;
	p->tree = node;
	items_on_top(p);
}

/* ---- what follows the items ---- */

static void distinct(struct projecting *p)
{
	struct gfs_plan_node *node = gfs_plan_node_new(p->planner, GFS_PLAN_DISTINCT, p->tree);
	uint32_t *slots = gfs_plan_alloc(p->planner, p->ast->count * sizeof *slots);
	if (node == NULL || slots == NULL)
		return;
	for (uint32_t i = 0; i < p->ast->count; i++)
		slots[i] = p->ast->items[i].symbol->id;
	node->slots = (struct gfs_slots){ slots, p->ast->count };
	p->tree = node;
}

static void order(struct projecting *p)
{
	struct gfs_plan_node *node = gfs_plan_node_new(p->planner, GFS_PLAN_SORT, p->tree);
	struct gfs_plan_item *items = gfs_plan_alloc(p->planner, p->ast->order_count * sizeof *items);
	if (node == NULL || items == NULL)
		return;
	for (uint32_t i = 0; i < p->ast->order_count; i++)
		items[i] = (struct gfs_plan_item){
			.expr = p->ast->order[i].expr, .slot = GFS_SLOT_NONE, .descending = p->ast->order[i].descending
		};
	node->list.items = items;
	node->list.count = p->ast->order_count;
	node->known = p->known;
	p->tree = node;
}

static void cut(struct projecting *p, enum gfs_plan_kind kind, const struct gfs_ast_expr *amount)
{
	struct gfs_plan_node *node = gfs_plan_node_new(p->planner, kind, p->tree);
	if (node == NULL)
		return;
	node->item = (struct gfs_plan_item){ .expr = amount, .slot = GFS_SLOT_NONE };
	p->tree = node;
}

static void where(struct projecting *p)
{
	struct gfs_plan_exprs predicates = { 0 };
	gfs_plan_conjuncts(p->planner, &predicates, p->ast->where);
	p->tree = gfs_plan_filter(p->planner, p->tree, &predicates);
	if (p->tree != NULL)
		p->tree->known = p->known;
}

/* What comes after sees the items and nothing else. */
static void hide_others(const struct gfs_ast_projection *ast, struct gfs_symset available)
{
	gfs_symset_subtract(available, available);
	for (uint32_t i = 0; i < ast->count; i++)
		gfs_symset_add(available, ast->items[i].symbol->id);
}

struct gfs_plan_node *gfs_plan_project(struct gfs_planner *planner, struct gfs_plan_node *input,
	const struct gfs_ast_projection *project, struct gfs_symset available)
{
	struct projecting p = { .planner = planner, .ast = project, .tree = input };
	if (project->aggregates)
		aggregated_items(&p);
	else
		plain_items(&p);
	if (project->distinct)
		distinct(&p);
	if (project->order_count != 0)
		order(&p);
	if (project->skip != NULL)
		cut(&p, GFS_PLAN_SKIP, project->skip);
	if (project->limit != NULL)
		cut(&p, GFS_PLAN_LIMIT, project->limit);
	if (project->where != NULL)
		where(&p);
	hide_others(project, available);
	return planner->err == 0 ? p.tree : NULL;
}
