/* Queries and clauses, one on top of the other. Patterns: plan_match.c; WITH and RETURN: plan_project.c; updates: plan_update.c. */
#include "query/plan_private.h"

#include <assert.h>

static struct gfs_plan_node *unwind(struct gfs_planner *planner, struct gfs_plan_node *input,
	const struct gfs_ast_clause *clause, struct gfs_symset available)
{
	struct gfs_plan_node *node = gfs_plan_node_new(planner, GFS_PLAN_UNWIND, input);
	if (node == NULL)
		return NULL;
	node->item = (struct gfs_plan_item){ .expr = clause->unwind.list, .slot = clause->unwind.symbol->id };
	node->rows *= 10;
	gfs_symset_add(available, clause->unwind.symbol->id);
	return node;
}

static struct gfs_plan_node *load_csv(struct gfs_planner *planner, struct gfs_plan_node *input,
	const struct gfs_ast_clause *clause, struct gfs_symset available)
{
	struct gfs_plan_node *node = gfs_plan_node_new(planner, GFS_PLAN_LOAD_CSV, input);
	if (node == NULL)
		return NULL;
	node->csv.url = (struct gfs_plan_item){ .expr = clause->load_csv.url, .slot = GFS_SLOT_NONE };
	node->csv.separator = (struct gfs_plan_item){ .expr = clause->load_csv.separator, .slot = GFS_SLOT_NONE };
	node->csv.headers = clause->load_csv.headers;
	node->csv.slot = clause->load_csv.symbol->id;
	node->rows *= 1000;
	gfs_symset_add(available, node->csv.slot);
	planner->plan->is_volatile = true;
	return node;
}

static struct gfs_plan_node *subquery(struct gfs_planner *planner, struct gfs_plan_node *input,
	const struct gfs_ast_clause *clause, struct gfs_symset available)
{
	const struct gfs_ast_query *query = clause->subquery.query;
	struct gfs_symset inside = gfs_symset_copy(planner->arena, available);
	if (inside.words == NULL)
		return gfs_plan_failed(planner, GFS_ERR_NOMEM);
	if (query->writes)
		input = gfs_plan_eager(planner, input);
	bool divided = clause->subquery.in_transactions &&
		(query->writes || clause->subquery.on_error != GFS_ON_ERROR_FAIL);
	struct gfs_plan_node *node = gfs_plan_node_new(planner, divided ? GFS_PLAN_TRANSACTIONS : GFS_PLAN_APPLY, input);
	struct gfs_plan_node *right = gfs_plan_query(planner, gfs_plan_argument(planner), query, inside);
	if (node == NULL || right == NULL)
		return NULL;
	node->right = right;
	node->apply.unit = query->column_count == 0;
	node->apply.amount = (struct gfs_plan_item){ .expr = divided ? clause->subquery.in_transactions_of : NULL,
		.slot = GFS_SLOT_NONE };
	node->apply.on_error = clause->subquery.on_error;
	node->apply.status = GFS_SLOT_NONE;
	planner->plan->in_transactions |= divided;
	planner->plan->writes |= divided;
	if (clause->subquery.status_symbol != NULL) {
		node->apply.status = clause->subquery.status_symbol->id;
		gfs_symset_add(available, node->apply.status);
	}
	for (uint32_t i = 0; i < query->column_count; i++)
		gfs_symset_add(available, query->columns[i]->id);
	return query->writes ? gfs_plan_eager(planner, node) : node;
}

struct gfs_plan_node *gfs_plan_eager(struct gfs_planner *planner, struct gfs_plan_node *input)
{
	if (input == NULL || input->kind == GFS_PLAN_ARGUMENT || input->kind == GFS_PLAN_EAGER)
		return input;
	return gfs_plan_node_new(planner, GFS_PLAN_EAGER, input);
}

static struct gfs_plan_node *plan_clause(struct gfs_planner *planner, struct gfs_plan_node *input,
	const struct gfs_ast_clause *clause, struct gfs_symset available)
{
	switch (clause->kind) {
	case GFS_CLAUSE_MATCH:
		return gfs_plan_match(planner, input, clause, available);
	case GFS_CLAUSE_WITH:
	case GFS_CLAUSE_RETURN:
		return gfs_plan_project(planner, input, &clause->project, available);
	case GFS_CLAUSE_UNWIND:
		return unwind(planner, input, clause, available);
	case GFS_CLAUSE_CALL:
		return gfs_plan_call(planner, input, clause, available);
	case GFS_CLAUSE_SUBQUERY:
		return subquery(planner, input, clause, available);
	case GFS_CLAUSE_FINISH:
		return input;
	case GFS_CLAUSE_LOAD_CSV:
		return load_csv(planner, input, clause, available);
	default:
		return gfs_plan_update(planner, input, clause, available);
	}
}

struct gfs_plan_node *gfs_plan_clauses(struct gfs_planner *planner, struct gfs_plan_node *input,
	const struct gfs_ast_clause *clauses, uint32_t count, struct gfs_symset available)
{
	for (uint32_t i = 0; i < count && input != NULL; i++)
		input = plan_clause(planner, input, &clauses[i], available);
	return input;
}

/* ---- UNION ---- */

/* The slots of a part's RETURN, in its order. */
static struct gfs_slots columns_of(struct gfs_planner *planner, const struct gfs_ast_part_query *part)
{
	const struct gfs_ast_clause *last = &part->clauses[part->count - 1];
	struct gfs_slots slots = { 0 };
	if (part->count == 0 || last->kind != GFS_CLAUSE_RETURN)
		return slots;
	slots.ids = gfs_plan_alloc(planner, last->project.count * sizeof *slots.ids);
	for (uint32_t i = 0; slots.ids != NULL && i < last->project.count; i++)
		slots.ids[slots.count++] = last->project.items[i].symbol->id;
	return slots;
}

static bool plan_part(struct gfs_planner *planner, struct gfs_plan_node *node, const struct gfs_ast_part_query *part,
	uint32_t i, struct gfs_symset available)
{
	struct gfs_symset inside = gfs_symset_copy(planner->arena, available);
	if (inside.words == NULL)
		return gfs_plan_failed(planner, GFS_ERR_NOMEM) != NULL;
	node->join.parts[i] = gfs_plan_clauses(planner, gfs_plan_argument(planner), part->clauses, part->count, inside);
	node->join.columns[i] = columns_of(planner, part);
	return node->join.parts[i] != NULL;
}

static struct gfs_slots out_columns(struct gfs_planner *planner, const struct gfs_ast_query *query)
{
	struct gfs_slots slots = { .ids = gfs_plan_alloc(planner, query->column_count * sizeof *slots.ids) };
	for (uint32_t i = 0; slots.ids != NULL && i < query->column_count; i++)
		slots.ids[slots.count++] = query->columns[i]->id;
	return slots;
}

/* The first `count` parts; those after a plain UNION are made distinct together with what is before. */
static struct gfs_plan_node *join(struct gfs_planner *planner, struct gfs_plan_node *input,
	const struct gfs_ast_query *query, struct gfs_symset available)
{
	struct gfs_plan_node *node = gfs_plan_node_new(planner, GFS_PLAN_UNION, input);
	if (node == NULL)
		return NULL;
	node->join.count = query->count;
	node->join.parts = gfs_plan_alloc(planner, query->count * sizeof(struct gfs_plan_node *));
	node->join.columns = gfs_plan_alloc(planner, query->count * sizeof *node->join.columns);
	node->join.out = out_columns(planner, query);
	if (planner->err != 0)
		return NULL;
	for (uint32_t i = 0; i < query->count; i++)
		if (!plan_part(planner, node, &query->parts[i], i, available))
			return NULL;
	if (query->count == 1 || query->parts[1].union_all)
		return node;
	struct gfs_plan_node *distinct = gfs_plan_node_new(planner, GFS_PLAN_DISTINCT, node);
	if (distinct != NULL)
		distinct->slots = node->join.out;
	return distinct;
}

struct gfs_plan_node *gfs_plan_query(struct gfs_planner *planner, struct gfs_plan_node *input,
	const struct gfs_ast_query *query, struct gfs_symset available)
{
	if (input == NULL)
		return NULL;
	if (query->count == 1)
		return gfs_plan_clauses(planner, input, query->parts[0].clauses, query->parts[0].count, available);
	return join(planner, input, query, available);
}
