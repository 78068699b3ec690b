/* A plan's life, and what its makers have in common. */
#include "query/plan_private.h"

#include "graph/graph.h"
#include "query/effects.h"

#include <assert.h>

/* ---- memory ---- */

void *gfs_plan_failed(struct gfs_planner *planner, int err)
{
	assert(err != 0);
	if (planner->err == 0)
		planner->err = err;
	return NULL;
}

void *gfs_plan_alloc(struct gfs_planner *planner, size_t size)
{
	void *memory = gfs_arena_alloc(planner->arena, size);
	if (memory == NULL)
		return gfs_plan_failed(planner, GFS_ERR_NOMEM);
	memset(memory, 0, size);
	return memory;
}

void *gfs_plan_grow(struct gfs_planner *planner, void *array, uint32_t count, uint32_t *capacity, size_t size)
{
	if (count < *capacity)
		return array;
	uint32_t larger = *capacity == 0 ? 4 : *capacity * 2;
	void *grown = gfs_plan_alloc(planner, larger * size);
	if (grown == NULL)
		return NULL;
	if (count != 0)
		memcpy(grown, array, count * size);
	*capacity = larger;
	return grown;
}

struct gfs_plan_node *gfs_plan_node_new(
	struct gfs_planner *planner, enum gfs_plan_kind kind, struct gfs_plan_node *input)
{
	struct gfs_plan_node *node = NULL;
	if (planner->err == 0)
		node = gfs_plan_alloc(planner, sizeof *node);
	if (node == NULL)
		return NULL;
	node->kind = kind;
	node->id = planner->plan->node_count++;
	node->input = input;
	node->rows = input == NULL ? 1 : input->rows;
	return node;
}

struct gfs_plan_node *gfs_plan_argument(struct gfs_planner *planner)
{
	return gfs_plan_node_new(planner, GFS_PLAN_ARGUMENT, NULL);
}

struct gfs_plan_node *gfs_plan_leaf(struct gfs_plan_node *node)
{
	while (node->input != NULL)
		node = node->input;
	return node;
}

uint32_t gfs_plan_slot_new(struct gfs_planner *planner)
{
	assert(planner->plan->slot_count < planner->slot_max);
	return planner->plan->slot_count++;
}

struct gfs_symset gfs_plan_set_new(struct gfs_planner *planner)
{
	struct gfs_symset set = gfs_symset_new(planner->arena, planner->slot_max);
	if (set.words == NULL)
		(void)gfs_plan_failed(planner, GFS_ERR_NOMEM);
	return set;
}

/* ---- names ---- */

uint32_t gfs_plan_name(struct gfs_planner *planner, uint8_t kind, struct gfs_slice text)
{
	struct gfs_plan *plan = planner->plan;
	for (uint32_t i = 0; i < plan->name_count; i++)
		if (plan->names[i].kind == kind && gfs_slice_equal(plan->names[i].text, text))
			return i;
	struct gfs_plan_name *names = gfs_plan_grow(
		planner, plan->names, plan->name_count, &planner->name_capacity, sizeof *names);
	if (names == NULL)
		return 0; /* the planner has failed */
	plan->names = names;
	names[plan->name_count] = (struct gfs_plan_name){ kind, text };
	return plan->name_count++;
}

struct gfs_plan_names gfs_plan_names_of(
	struct gfs_planner *planner, uint8_t kind, const struct gfs_slice *texts, uint32_t count)
{
	struct gfs_plan_names names = { .ids = gfs_plan_alloc(planner, count * sizeof *names.ids) };
	for (uint32_t i = 0; names.ids != NULL && i < count; i++)
		names.ids[names.count++] = gfs_plan_name(planner, kind, texts[i]);
	return names;
}

uint32_t gfs_plan_param(struct gfs_planner *planner, struct gfs_slice name)
{
	struct gfs_plan *plan = planner->plan;
	for (uint32_t i = 0; i < plan->param_count; i++)
		if (gfs_slice_equal(plan->params[i], name))
			return i;
	struct gfs_slice *params = gfs_plan_grow(
		planner, plan->params, plan->param_count, &planner->param_capacity, sizeof *params);
	if (params == NULL)
		return 0; /* the planner has failed */
	plan->params = params;
	params[plan->param_count] = name;
	return plan->param_count++;
}

double gfs_plan_count(struct gfs_planner *planner, uint8_t kind, struct gfs_slice name)
{
	struct gfs_catalog_entry entry;
	uint16_t id;
	if (planner->graph == NULL)
		return 1000;
	struct gfs_catalog *catalog = gfs_graph_catalog(planner->graph);
	if (name.size == 0)
		return (double)gfs_store_counter(
			gfs_graph_store(planner->graph), kind == GFS_CATALOG_LABEL ? GFS_COUNTER_NODES : GFS_COUNTER_RELS);
	if (gfs_catalog_find(catalog, (enum gfs_catalog_kind)kind, name, &id) != 0 ||
		gfs_catalog_get(catalog, (enum gfs_catalog_kind)kind, id, &entry) != 0)
		return 0;
	return (double)entry.count;
}

/* ---- trees of expressions ---- */

static void add_symbol(void *context, const struct gfs_symbol *symbol)
{
	gfs_symset_add(*(struct gfs_symset *)context, symbol->id);
}

/* A path that the planner made is none of the walker's. */
static bool add_path(void *context, const struct gfs_ast_expr *expr)
{
	if (expr->kind != GFS_PLAN_AST_PATH)
		return true;
	const struct gfs_ast_part *part = &expr->pattern->parts[0];
	add_symbol(context, part->nodes[0].symbol);
	for (uint32_t i = 0; i < part->rel_count; i++)
		add_symbol(context, part->rels[i].symbol);
	return false;
}

static struct gfs_ast_walker uses_walker(struct gfs_symset *set)
{
	return (struct gfs_ast_walker){ .expr = add_path, .symbol = add_symbol, .context = set };
}

void gfs_plan_uses(struct gfs_symset set, const struct gfs_ast_expr *expr)
{
	const struct gfs_ast_walker walker = uses_walker(&set);
	gfs_ast_walk_expr(&walker, expr);
}

struct gfs_ast_expr *gfs_plan_expr_new(struct gfs_planner *planner, enum gfs_ast_kind kind, uint32_t arg_count)
{
	struct gfs_ast_expr *expr = gfs_plan_alloc(planner, sizeof *expr);
	if (expr == NULL)
		return NULL;
	expr->kind = (uint8_t)kind;
	expr->arg_count = arg_count;
	expr->args = gfs_plan_alloc(planner, arg_count * sizeof *expr->args);
	return expr->args == NULL ? NULL : expr;
}

struct gfs_ast_expr *gfs_plan_variable(struct gfs_planner *planner, struct gfs_symbol *symbol)
{
	struct gfs_ast_expr *expr = gfs_plan_expr_new(planner, GFS_AST_VARIABLE, 0);
	if (expr == NULL)
		return NULL;
	expr->symbol = symbol;
	expr->name = symbol->name;
	return expr;
}

struct gfs_ast_expr *gfs_plan_compare(
	struct gfs_planner *planner, enum gfs_ast_op op, struct gfs_ast_expr *a, struct gfs_ast_expr *b)
{
	struct gfs_ast_expr *expr = gfs_plan_expr_new(planner, GFS_AST_BINARY, 2);
	if (expr == NULL || a == NULL || b == NULL)
		return NULL;
	expr->op = (uint8_t)op;
	expr->args[0] = a;
	expr->args[1] = b;
	expr->pos = a->pos;
	return expr;
}

struct gfs_ast_expr *gfs_plan_property(
	struct gfs_planner *planner, struct gfs_symbol *symbol, struct gfs_slice name, const struct gfs_query_pos *pos)
{
	struct gfs_ast_expr *expr = gfs_plan_expr_new(planner, GFS_AST_PROPERTY, 1);
	if (expr == NULL)
		return NULL;
	expr->args[0] = gfs_plan_variable(planner, symbol);
	expr->name = name;
	expr->pos = *pos;
	return expr->args[0] == NULL ? NULL : expr;
}

void gfs_plan_exprs_add(struct gfs_planner *planner, struct gfs_plan_exprs *list, const struct gfs_ast_expr *expr)
{
	const struct gfs_ast_expr **items = NULL;
	if (expr != NULL)
		items = gfs_plan_grow(planner, list->items, list->count, &list->capacity, sizeof *items);
	if (items == NULL)
		return; /* the planner has failed */
	list->items = items;
	items[list->count++] = expr;
}

void gfs_plan_conjuncts(struct gfs_planner *planner, struct gfs_plan_exprs *list, const struct gfs_ast_expr *expr)
{
	while (expr->kind == GFS_AST_BINARY && expr->op == GFS_OP_AND) {
		gfs_plan_conjuncts(planner, list, expr->args[0]);
		expr = expr->args[1];
	}
	gfs_plan_exprs_add(planner, list, expr);
}

/* ---- life ---- */

static bool count_expr(void *context, const struct gfs_ast_expr *expr)
{
	uint32_t *count = context;
	*count += expr->aggregate || expr->kind >= GFS_AST_PATTERN || expr->kind == GFS_AST_PATTERN_COMPREHENSION;
	return true;
}

static uint32_t places(const struct gfs_ast_pattern *pattern)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < pattern->count; i++)
		count += pattern->parts[i].rel_count * 3 + 1 + 2 * GFS_PLAN_JOIN_KEYS_MAX;
	return count;
}

static void count_clause(void *context, const struct gfs_ast_clause *clause)
{
	uint32_t *count = context;
	*count += 4;
	if (clause->kind == GFS_CLAUSE_WITH || clause->kind == GFS_CLAUSE_RETURN)
		*count += clause->project.order_count + clause->project.count;
	if (clause->kind == GFS_CLAUSE_MATCH)
		*count += places(&clause->match.pattern);
	if (clause->kind == GFS_CLAUSE_MERGE)
		*count += places(&clause->merge.pattern);
}

static bool count_pattern_expr(void *context, const struct gfs_ast_expr *expr)
{
	uint32_t *count = context;
	if (expr->kind == GFS_AST_PATTERN || expr->kind == GFS_AST_PATTERN_COMPREHENSION)
		*count += places(expr->pattern);
	return count_expr(context, expr);
}

/* How many slots the planner may add: aggregates and results of subqueries, sort keys, steps and ends of relationships, keys of joins. */
static uint32_t extra_slots(const struct gfs_ast_query *query)
{
	uint32_t count = 16;
	const struct gfs_ast_walker walker = { .expr = count_pattern_expr, .clause = count_clause, .context = &count };
	gfs_ast_walk_query(&walker, query);
	return count;
}

/* What the answer depends on, for the result cache. */
static void note_reads(struct gfs_planner *planner)
{
	struct gfs_plan *plan = planner->plan;
	struct gfs_effects effects;
	if (plan->writes || !gfs_effects_init(planner, &effects))
		return;
	for (const struct gfs_plan_node *node = plan->root; node != NULL; node = node->input)
		gfs_effects_add(planner, node, &effects);
	plan->reads_nodes = (effects.read_flags & GFS_EFFECT_NODES) != 0;
	plan->reads_anything = (effects.read_flags & (GFS_EFFECT_RELS | GFS_EFFECT_PROPERTIES | GFS_EFFECT_LABELS)) != 0;
	plan->reads.ids = gfs_plan_alloc(planner, plan->name_count * sizeof *plan->reads.ids);
	for (uint32_t i = 0; plan->reads.ids != NULL && i < plan->name_count; i++)
		if (gfs_symset_has(effects.reads, i))
			plan->reads.ids[plan->reads.count++] = i;
}

static int make(struct gfs_planner *planner, const struct gfs_ast_query *query)
{
	struct gfs_plan *plan = planner->plan;
	struct gfs_symset available = gfs_plan_set_new(planner), outer = gfs_plan_set_new(planner),
					  needed = gfs_plan_set_new(planner);
	if (planner->err != 0)
		return planner->err;
	struct gfs_plan_node *root = gfs_plan_query(planner, gfs_plan_argument(planner), query, available);
	root = gfs_plan_node_new(planner, query->column_count == 0 ? GFS_PLAN_DRAIN : GFS_PLAN_RESULT, root);
	plan->columns = gfs_plan_alloc(planner, query->column_count * sizeof *plan->columns);
	uint32_t *slots = gfs_plan_alloc(planner, query->column_count * sizeof *slots);
	if (planner->err != 0)
		return planner->err;
	for (uint32_t i = 0; i < query->column_count; i++) {
		plan->columns[i] = query->columns[i]->name;
		slots[i] = query->columns[i]->id;
	}
	plan->column_count = query->column_count;
	root->slots = (struct gfs_slots){ slots, query->column_count };
	plan->root = gfs_rewrite(planner, root);
	if (planner->err == 0)
		note_reads(planner);
	if (planner->err == 0 && gfs_plan_finish(planner, plan->root, needed, outer) != 0)
		assert(planner->err != 0);
	return planner->err;
}

int gfs_plan_make(struct gfs_plan *plan, const struct gfs_ast_statement *statement, struct gfs_graph *graph,
	unsigned int passes, struct gfs_query_error *error)
{
	struct gfs_planner planner = {
		.plan = plan, .arena = &plan->arena, .graph = graph, .passes = passes, .error = error
	};
	plan->slot_count = statement->symbol_count;
	planner.slot_max = statement->symbol_count + extra_slots(statement->query);
	plan->writes = statement->query->writes;
	int err = make(&planner, statement->query);
	if (err != 0 && error->kind == GFS_QUERY_OK)
		err = gfs_query_fail_store(error, err);
	return err;
}

void gfs_plan_release(struct gfs_plan *plan)
{
	gfs_arena_release(&plan->arena);
	*plan = (struct gfs_plan){ 0 };
}

const char *gfs_plan_kind_name(enum gfs_plan_kind kind)
{
	static const char *const names[] = {
#define X(code, name) [GFS_PLAN_##code] = name,
		GFS_PLAN_KINDS(X)
#undef X
	};
	assert(kind < GFS_PLAN_KIND_COUNT);
	return names[kind];
}
