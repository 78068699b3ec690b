/* count(*) of all nodes, of the nodes with a label, of all relationships or those of some types: the catalog knows them. */
#include "query/plan_private.h"

#include "store/catalog.h"

/* What the whole input of an aggregation without keys is: *ret_names empty for all. */
struct counted {
	bool relationships;
	struct gfs_plan_names names;
	uint32_t entity; /* the slot whose count is that of the rows too: it is never null */
};

static bool is_start(const struct gfs_plan_node *node)
{
	return node != NULL && node->kind == GFS_PLAN_ARGUMENT;
}

static bool counts_nodes(struct gfs_planner *planner, const struct gfs_plan_node *node, struct counted *ret)
{
	if ((node->kind != GFS_PLAN_ALL_NODES && node->kind != GFS_PLAN_LABEL_SCAN) || !is_start(node->input))
		return false;
	*ret = (struct counted){ .entity = node->scan.slot };
	if (node->kind == GFS_PLAN_ALL_NODES)
		return true;
	ret->names.ids = gfs_plan_alloc(planner, sizeof *ret->names.ids);
	if (ret->names.ids == NULL)
		return false;
	ret->names.ids[0] = node->scan.label;
	ret->names.count = 1;
	return true;
}

static bool counts_rels(const struct gfs_plan_node *node, struct counted *ret)
{
	bool by_type = node->kind == GFS_PLAN_TYPE_SCAN && is_start(node->input);
	bool from_nodes = node->kind == GFS_PLAN_EXPAND && !node->rel.into && node->input->kind == GFS_PLAN_ALL_NODES &&
		is_start(node->input->input) && node->input->scan.slot == node->rel.from;
	if ((!by_type && !from_nodes) || node->rel.direction == GFS_AST_BOTH || node->rel.others.count != 0)
		return false;
	*ret = (struct counted){ .relationships = true, .names = node->rel.types, .entity = node->rel.slot };
	return true;
}

static bool is_count(const struct gfs_plan_aggregate *aggregate, const struct counted *counted)
{
	const struct gfs_ast_expr *call = aggregate->call;
	if (call->kind == GFS_AST_COUNT_STAR)
		return true;
	return call->name.size == 5 && strncasecmp((const char *)call->name.data, "count", 5) == 0 && !call->distinct &&
		call->arg_count == 1 && call->args[0]->kind == GFS_AST_VARIABLE && call->args[0]->symbol->id == counted->entity;
}

static struct gfs_plan_node *rewrite(struct gfs_planner *planner, struct gfs_plan_node *node)
{
	struct counted counted;
	if (node->kind != GFS_PLAN_AGGREGATE || node->aggregate.key_count != 0 || node->aggregate.aggregate_count != 1)
		return node;
	if (!counts_nodes(planner, node->input, &counted) && !counts_rels(node->input, &counted))
		return node;
	if (!is_count(&node->aggregate.aggregates[0], &counted))
		return node;
	struct gfs_plan_node *count = gfs_plan_node_new(planner, GFS_PLAN_COUNT_STORE, gfs_plan_leaf(node));
	if (count == NULL)
		return node;
	count->count.slot = node->aggregate.aggregates[0].slot;
	count->count.relationships = counted.relationships;
	count->count.names = counted.names;
	return count;
}

struct gfs_plan_node *gfs_rewrite_count(struct gfs_planner *planner, struct gfs_plan_node *root)
{
	for (struct gfs_plan_node **at = &root; *at != NULL; at = &(*at)->input) {
		*at = rewrite(planner, *at);
		if ((*at)->right != NULL)
			(*at)->right = gfs_rewrite_count(planner, (*at)->right);
		for (uint32_t i = 0; (*at)->kind == GFS_PLAN_UNION && i < (*at)->join.count; i++)
			(*at)->join.parts[i] = gfs_rewrite_count(planner, (*at)->join.parts[i]);
	}
	return root;
}
