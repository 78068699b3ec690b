/* What expressions over labels and types hold. */
#include "graph/graph_private.h"
#include "graph/label_expr.h"

static bool is_over(const struct gfs_set_expr *expr, enum gfs_idset_kind kind)
{
	return expr->kind == kind && gfs_set_expr_is_whole(expr);
}

/* ---- labels ---- */

int gfs_label_expr_nodes(struct gfs_graph *graph, const struct gfs_set_expr *expr, uint64_t from, uint64_t *ids,
	size_t max, size_t *ret_count)
{
	if (!is_over(expr, GFS_IDSET_LABEL))
		return GFS_ERR_INVALID;
	return gfs_set_expr_list(graph->sets, graph->catalog, expr, from, ids, max, ret_count);
}

int gfs_label_expr_count(struct gfs_graph *graph, const struct gfs_set_expr *expr, uint64_t *ret_count)
{
	if (!is_over(expr, GFS_IDSET_LABEL))
		return GFS_ERR_INVALID;
	return gfs_set_expr_count(graph->sets, graph->catalog, expr, ret_count);
}

int gfs_label_expr_has(struct gfs_graph *graph, const struct gfs_set_expr *expr, uint64_t node, bool *ret_has)
{
	uint16_t labels[GFS_LABELS_PER_NODE_MAX];
	size_t count;
	if (!is_over(expr, GFS_IDSET_LABEL))
		return GFS_ERR_INVALID;
	int err = gfs_node_labels(graph, node, labels, GFS_LABELS_PER_NODE_MAX, &count);
	if (err == 0)
		*ret_has = gfs_set_expr_holds(expr, labels, count);
	return err;
}

/* ---- types: every relationship has exactly one ---- */

int gfs_type_expr_rels(struct gfs_graph *graph, const struct gfs_set_expr *expr, uint64_t from, uint64_t *ids,
	size_t max, size_t *ret_count)
{
	if (!is_over(expr, GFS_IDSET_TYPE))
		return GFS_ERR_INVALID;
	if (!gfs_graph_rel_index(graph))
		return gfs_scan_rels(graph, expr, from, ids, max, ret_count);
	return gfs_set_expr_list(graph->sets, graph->catalog, expr, from, ids, max, ret_count);
}

int gfs_type_expr_count(struct gfs_graph *graph, const struct gfs_set_expr *expr, uint64_t *ret_count)
{
	struct gfs_catalog_entry type = { 0 };
	uint64_t sum = 0;
	int err = 0;
	if (!is_over(expr, GFS_IDSET_TYPE))
		return GFS_ERR_INVALID;
	for (uint32_t from = 1; err == 0 && from <= GFS_NAME_ID_MAX; from = type.id + 1u) {
		err = gfs_catalog_next(graph->catalog, GFS_CATALOG_TYPE, (uint16_t)from, &type);
		if (err == 0 && gfs_set_expr_holds(expr, &type.id, 1))
			sum += type.count;
	}
	if (err == 0 || err == GFS_ERR_NOTFOUND)
		*ret_count = sum;
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

int gfs_type_expr_has(struct gfs_graph *graph, const struct gfs_set_expr *expr, uint64_t rel, bool *ret_has)
{
	struct gfs_rel_record record;
	if (!is_over(expr, GFS_IDSET_TYPE))
		return GFS_ERR_INVALID;
	int err = gfs_rel_get(graph, rel, &record);
	if (err == 0)
		*ret_has = gfs_set_expr_holds(expr, &record.type, 1);
	return err;
}
