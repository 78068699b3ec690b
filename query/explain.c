/* A plan as text. */
#include "query/plan.h"

#include "base/buf.h"

static void line(const struct gfs_plan_node *node, unsigned int depth, struct gfs_buf *out)
{
	for (unsigned int i = 0; i < depth; i++)
		gfs_buf_append_text(out, "| ");
	gfs_buf_printf(out, "%s (%.0f rows)\n", gfs_plan_kind_name(node->kind), node->rows);
}

static void tree(const struct gfs_plan_node *node, unsigned int depth, struct gfs_buf *out)
{
	for (; node != NULL; node = node->input) {
		line(node, depth, out);
		if (node->right != NULL)
			tree(node->right, depth + 1, out);
		for (uint32_t i = 0; node->kind == GFS_PLAN_UNION && i < node->join.count; i++)
			tree(node->join.parts[i], depth + 1, out);
	}
}

void gfs_plan_explain(const struct gfs_plan *plan, struct gfs_buf *out)
{
	tree(plan->root, 0, out);
}
