/* A LIMIT over a SORT keeps only the first rows while it sorts. A SKIP between them stays where it is: the rows it leaves out are kept as well. */
#include "query/plan_private.h"

static void limit_sort(struct gfs_plan_node *limit)
{
	struct gfs_plan_node *skip = NULL, *sort = limit->input;
	if (sort->kind == GFS_PLAN_SKIP) {
		skip = sort;
		sort = sort->input;
	}
	if (sort->kind != GFS_PLAN_SORT)
		return;
	sort->kind = GFS_PLAN_TOP;
	sort->list.amount = (struct gfs_plan_item){ .expr = limit->item.expr, .slot = GFS_SLOT_NONE };
	sort->list.skip = (struct gfs_plan_item){ .expr = skip == NULL ? NULL : skip->item.expr, .slot = GFS_SLOT_NONE };
}

struct gfs_plan_node *gfs_rewrite_top(struct gfs_planner *planner, struct gfs_plan_node *root)
{
	for (struct gfs_plan_node *node = root; node != NULL; node = node->input) {
		if (node->kind == GFS_PLAN_LIMIT)
			limit_sort(node);
		if (node->right != NULL)
			(void)gfs_rewrite_top(planner, node->right);
		for (uint32_t i = 0; node->kind == GFS_PLAN_UNION && i < node->join.count; i++)
			(void)gfs_rewrite_top(planner, node->join.parts[i]);
	}
	return root;
}
