/* CALL of a procedure. */
#include "query/plan_private.h"
#include "query/procedure.h"

#include <assert.h>

static uint32_t column_of(const struct gfs_procedure *procedure, struct gfs_slice name)
{
	uint32_t i = 0;
	while (i < procedure->output_count && !gfs_slice_equal(procedure->outputs[i].name, name))
		i++;
	assert(i < procedure->output_count); /* the check saw to it */
	return i;
}

static bool take_yields(struct gfs_planner *planner, struct gfs_plan_node *node, const struct gfs_ast_clause *clause,
	struct gfs_symset available)
{
	uint32_t count = clause->call.yield_count;
	node->call.columns = gfs_plan_alloc(planner, count * sizeof *node->call.columns);
	node->call.slots = gfs_plan_alloc(planner, count * sizeof *node->call.slots);
	if (node->call.columns == NULL || node->call.slots == NULL)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		const struct gfs_ast_item *item = &clause->call.yields[i];
		node->call.columns[i] = column_of(node->call.procedure, item->expr->name);
		node->call.slots[i] = item->symbol->id;
		gfs_symset_add(available, item->symbol->id);
	}
	node->call.column_count = count;
	return true;
}

struct gfs_plan_node *gfs_plan_call(struct gfs_planner *planner, struct gfs_plan_node *input,
	const struct gfs_ast_clause *clause, struct gfs_symset available)
{
	struct gfs_plan_node *node = gfs_plan_node_new(planner, GFS_PLAN_CALL, input);
	struct gfs_plan_item *args = gfs_plan_alloc(planner, clause->call.arg_count * sizeof *args);
	if (node == NULL || args == NULL)
		return NULL;
	node->call.procedure = clause->call.procedure;
	node->call.pos = clause->pos;
	for (uint32_t i = 0; i < clause->call.arg_count; i++)
		args[i] = (struct gfs_plan_item){ .expr = clause->call.args[i], .slot = GFS_SLOT_NONE };
	node->call.args = args;
	node->call.arg_count = clause->call.arg_count;
	node->rows *= node->call.procedure->output_count == 0 ? 1 : 10;
	planner->plan->calls = true;
	planner->plan->is_volatile = true; /* nothing is known of what it reads */
	if (!take_yields(planner, node, clause, available))
		return NULL;
	if (clause->call.where == NULL)
		return node;
	struct gfs_plan_exprs predicates = { 0 };
	gfs_plan_conjuncts(planner, &predicates, clause->call.where);
	return gfs_plan_filter(planner, node, &predicates);
}
