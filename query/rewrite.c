/* The passes, in their order. */
#include "query/plan_private.h"

struct gfs_plan_node *gfs_rewrite(struct gfs_planner *planner, struct gfs_plan_node *root)
{
	if (root == NULL)
		return NULL;
	if ((planner->passes & GFS_PASS_TOP) != 0)
		root = gfs_rewrite_top(planner, root);
	/* All rows of a writing statement are made, wanted or not. */
	if ((planner->passes & GFS_PASS_ORDER) != 0 && !planner->plan->writes)
		root = gfs_rewrite_order(planner, root);
	/* A writing statement may have nodes that wait to be deleted: the counters know nothing of them. */
	if ((planner->passes & GFS_PASS_COUNT) != 0 && !planner->plan->writes)
		root = gfs_rewrite_count(planner, root);
	if ((planner->passes & GFS_PASS_EAGER) != 0 && planner->plan->writes)
		root = gfs_rewrite_eager(planner, root);
	return root;
}
