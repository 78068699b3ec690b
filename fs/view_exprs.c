/* /labels/EXPR: the nodes that a label expression holds, by look-up only.
 *
 * Any change of any label may change such a folder, so the kernel is told of none: it keeps neither entries nor attributes of it, and every answer with
 * its attributes has another mtime (gfs_nodeid_is_computed), so that no listing is taken for a later one either. */
#include "base/log.h"
#include "fs/exprs.h"
#include "fs/view.h"
#include "graph/label_expr.h"

#include <string.h>

#define BATCH 512u

/* ---- the name ---- */

/* Part of a component, or all of it. */
static int resolve(void *context, struct gfs_slice name, uint16_t *ret_label)
{
	char component[GFS_COMPONENT_BYTES_MAX + 1];
	if (name.size >= sizeof component)
		return GFS_ERR_NOTFOUND;
	memcpy(component, name.data, name.size);
	component[name.size] = '\0';
	return gfs_view_find_listed(context, GFS_CATALOG_LABEL, component, ret_label);
}

/* What is no expression does not exist, as any other wrong name; the log says what is wrong with it. */
int gfs_view_expr_lookup(struct gfs_fs *fs, const char *name, uint64_t *ret_child)
{
	struct gfs_set_expr expr;
	struct gfs_message message;
	int err = gfs_label_expr_parse(name, resolve, fs->graph, &expr, &message);
	if (!err)
		return gfs_exprs_enter(fs->exprs, name, &expr, ret_child);
	gfs_log(GFS_LOG_INFO, "%s", message.text);
	return err == GFS_ERR_NOMEM ? err : GFS_ERR_NOTFOUND;
}

/* ---- the folder ---- */

/* When a label that the expression names changed last, or any, or when nodes came, went or changed their keys. */
static uint64_t mtime_of(struct gfs_fs *fs, const struct gfs_set_expr *expr)
{
	struct gfs_catalog *catalog = gfs_graph_catalog(fs->graph);
	struct gfs_catalog_entry entry;
	uint64_t last = gfs_store_counter(gfs_graph_store(fs->graph), GFS_COUNTER_ROOT_MTIME);
	for (size_t i = 0; i < expr->count; i++) {
		uint32_t from = expr->terms[i].op == GFS_SET_ANY ? 1 : expr->terms[i].name;
		uint32_t end = expr->terms[i].op == GFS_SET_ANY ? GFS_NAME_ID_MAX : from;
		for (; from != 0 && from <= end && gfs_catalog_next(catalog, GFS_CATALOG_LABEL, (uint16_t)from, &entry) == 0;
			 from = entry.id + 1u) {
			if (entry.mtime_ns > last)
				last = entry.mtime_ns;
		}
	}
	return last ? last : fs->started_ns;
}

static int expr_attr(struct gfs_fs *fs, uint64_t nodeid, struct stat *st)
{
	struct gfs_exprs_item *item;
	int err = gfs_exprs_get(fs->exprs, nodeid, &item);
	if (err)
		return err;
	gfs_attr_fill_fixed(fs, st, nodeid, S_IFDIR | 0755, 0, mtime_of(fs, &item->expr));
	gfs_exprs_put(fs->exprs, item);
	return 0;
}

static int expr_lookup(struct gfs_fs *fs, uint64_t nodeid, const char *name, uint64_t *ret_child)
{
	struct gfs_exprs_item *item;
	struct gfs_node_record record;
	uint64_t id;
	bool has = false;
	int err = gfs_exprs_get(fs->exprs, nodeid, &item);
	if (err)
		return err;
	err = gfs_view_find_node(fs->graph, name, &id);
	if (!err)
		err = gfs_label_expr_has(fs->graph, &item->expr, id, &has);
	if (!err)
		err = gfs_node_get(fs->graph, id, &record);
	if (!err)
		*ret_child = gfs_view_nodeid_of_found(id, &record, GFS_EXPR_DEPTH);
	gfs_exprs_put(fs->exprs, item);
	return err ? err : has ? 0 : GFS_ERR_NOTFOUND;
}

static int list_batch(struct gfs_lister *l, const uint64_t *ids, size_t count, bool *ret_full)
{
	for (size_t i = 0; i < count && !*ret_full; i++) {
		struct gfs_component name;
		struct gfs_node_record record;
		int err = gfs_view_node_name(l->fs->graph, ids[i], GFS_PLACE_NODES, &name, &record);
		if (err)
			return err;
		*ret_full = !gfs_lister_add(
			l, name.text, gfs_view_nodeid_of_found(ids[i], &record, GFS_EXPR_DEPTH), S_IFLNK, ids[i]);
	}
	return 0;
}

static int expr_list(struct gfs_lister *l, uint64_t nodeid)
{
	struct gfs_exprs_item *item;
	uint64_t ids[BATCH], from = l->from + 1;
	size_t count = 1;
	bool full = false;
	int err = gfs_exprs_get(l->fs->exprs, nodeid, &item);
	if (err)
		return err;
	while (!err && count > 0 && !full) {
		err = gfs_label_expr_nodes(l->fs->graph, &item->expr, from, ids, BATCH, &count);
		if (!err)
			err = list_batch(l, ids, count, &full);
		if (!err && count > 0)
			from = ids[count - 1] + 1;
	}
	gfs_exprs_put(l->fs->exprs, item);
	return err;
}

/* Nothing is made or removed in it: EPERM. */
const struct gfs_view gfs_view_expr = {
	.attr = expr_attr,
	.lookup = expr_lookup,
	.list = expr_list,
	.setattr = gfs_view_setattr_follow,
};
