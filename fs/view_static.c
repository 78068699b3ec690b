/* The root, and the fixed folders in it. */
#include "fs/imports.h"
#include "fs/view.h"
#include "graph/index.h"
#include "graph/label_expr.h"

#include <string.h>

static const struct {
	const char *name;
	enum gfs_static which;
} fixed[] = {
	{ "nodes", GFS_STATIC_NODES },
	{ "labels", GFS_STATIC_LABELS },
	{ "rels", GFS_STATIC_RELS },
	{ "import", GFS_STATIC_IMPORT },
	{ "index", GFS_STATIC_INDEX },
	{ "query", GFS_STATIC_QUERY },
};
#define FIXED_COUNT (sizeof fixed / sizeof fixed[0])

static uint64_t mtime_of(struct gfs_fs *fs, enum gfs_static which)
{
	struct gfs_store *store = gfs_graph_store(fs->graph);
	uint64_t t = 0;
	switch (which) {
	case GFS_STATIC_NODES:
		t = gfs_store_counter(store, GFS_COUNTER_ROOT_MTIME);
		break;
	case GFS_STATIC_LABELS:
		t = gfs_store_counter(store, GFS_COUNTER_LABELS_MTIME);
		break;
	case GFS_STATIC_RELS:
		t = gfs_store_counter(store, GFS_COUNTER_TYPES_MTIME);
		break;
	case GFS_STATIC_IMPORT:
		t = gfs_imports_mtime(fs->imports);
		break;
	case GFS_STATIC_INDEX:
		t = gfs_index_generation(fs->graph);
		break;
	case GFS_STATIC_ROOT:
	case GFS_STATIC_QUERY:
	case GFS_STATIC_COUNT:
		break;
	}
	return t ? t : fs->started_ns;
}

static mode_t mode_of(const struct gfs_fs *fs, enum gfs_static which)
{
	switch (which) {
	case GFS_STATIC_NODES:
	case GFS_STATIC_LABELS:
	case GFS_STATIC_RELS:
		return fs->opts.mode;
	case GFS_STATIC_QUERY:
		return 0700; /* statements see everything whatever the modes of nodes are */
	default:
		return 0755;
	}
}

static int static_attr(struct gfs_fs *fs, uint64_t nodeid, struct stat *st)
{
	uint64_t which = gfs_nodeid_unpack(nodeid).id;
	if (which == 0 || which >= GFS_STATIC_COUNT)
		return GFS_ERR_STALE;
	gfs_attr_fill_fixed(
		fs, st, nodeid, S_IFDIR | mode_of(fs, (enum gfs_static)which), 0, mtime_of(fs, (enum gfs_static)which));
	return 0;
}

static int root_lookup(const char *name, uint64_t *ret_child)
{
	for (size_t i = 0; i < FIXED_COUNT; i++) {
		if (strcmp(name, fixed[i].name) == 0) {
			*ret_child = gfs_nodeid_static(fixed[i].which);
			return 0;
		}
	}
	*ret_child = gfs_nodeid_pack(GFS_INODE_CONTROL, 0, 0, 0);
	return strcmp(name, GFS_CONTROL_NAME) == 0 ? 0 : GFS_ERR_NOTFOUND;
}

static int nodes_lookup(struct gfs_fs *fs, const char *name, uint64_t *ret_child)
{
	uint64_t id;
	struct gfs_node_record record;
	int err = gfs_view_find_node(fs->graph, name, &id);
	if (!err)
		err = gfs_node_get(fs->graph, id, &record);
	if (!err)
		*ret_child = gfs_view_nodeid_of_node(id, &record);
	return err;
}

static int labels_lookup(struct gfs_fs *fs, const char *name, uint64_t *ret_child)
{
	uint16_t id;
	if (gfs_label_expr_is(name))
		return gfs_view_expr_lookup(fs, name, ret_child);
	int err = gfs_view_find_listed(fs->graph, GFS_CATALOG_LABEL, name, &id);
	if (!err)
		*ret_child = gfs_nodeid_pack(GFS_INODE_LABEL, 0, id, 0);
	return err;
}

static int static_lookup(struct gfs_fs *fs, uint64_t nodeid, const char *name, uint64_t *ret_child)
{
	uint16_t id;
	int err;
	switch ((enum gfs_static)gfs_nodeid_unpack(nodeid).id) {
	case GFS_STATIC_ROOT:
		return root_lookup(name, ret_child);
	case GFS_STATIC_NODES:
		return nodes_lookup(fs, name, ret_child);
	case GFS_STATIC_LABELS:
		return labels_lookup(fs, name, ret_child);
	case GFS_STATIC_RELS:
		err = gfs_view_find_listed(fs->graph, GFS_CATALOG_TYPE, name, &id);
		if (!err)
			*ret_child = gfs_nodeid_pack(GFS_INODE_TYPE, 0, id, 0);
		return err;
	case GFS_STATIC_IMPORT:
		return gfs_imports_lookup(fs->imports, name, ret_child);
	case GFS_STATIC_INDEX:
		return gfs_view_index_lookup(fs, name, ret_child);
	case GFS_STATIC_QUERY:
		return gfs_view_query_lookup(fs, name, ret_child);
	case GFS_STATIC_COUNT:
		break;
	}
	return GFS_ERR_STALE;
}

static int list_root(struct gfs_lister *l)
{
	for (uint64_t i = l->from; i < FIXED_COUNT; i++) {
		if (!gfs_lister_add(l, fixed[i].name, gfs_nodeid_static(fixed[i].which), S_IFDIR, i + 1))
			break;
	}
	return 0;
}

static int list_nodes(struct gfs_lister *l)
{
	uint64_t id = l->from;
	for (;;) {
		struct gfs_node_record record;
		struct gfs_component name;
		int err = gfs_node_next(l->fs->graph, id + 1, &id, &record);
		if (!err)
			err = gfs_view_node_name(l->fs->graph, id, GFS_PLACE_NODES, &name, NULL);
		if (err)
			return err == GFS_ERR_NOTFOUND ? 0 : err;
		if (!gfs_lister_add(l, name.text, gfs_view_nodeid_of_node(id, &record), S_IFDIR, id))
			return 0;
	}
}

static int list_names(struct gfs_lister *l, enum gfs_catalog_kind kind, enum gfs_inode_kind inode)
{
	struct gfs_catalog_entry entry = { 0 };
	uint64_t from = l->from + 1;
	while (from <= GFS_NAME_ID_MAX) {
		int err = gfs_catalog_next(gfs_graph_catalog(l->fs->graph), kind, (uint16_t)from, &entry);
		if (err)
			return err == GFS_ERR_NOTFOUND ? 0 : err;
		struct gfs_component name;
		gfs_name_show_id(entry.name, entry.id, kind == GFS_CATALOG_LABEL ? GFS_PLACE_LABELS : GFS_PLACE_NAMES, &name);
		if (gfs_view_is_listed(&entry) &&
			!gfs_lister_add(l, name.text, gfs_nodeid_pack(inode, 0, entry.id, 0), S_IFDIR, entry.id))
			return 0;
		from = (uint64_t)entry.id + 1;
	}
	return 0;
}

static int static_list(struct gfs_lister *l, uint64_t nodeid)
{
	switch ((enum gfs_static)gfs_nodeid_unpack(nodeid).id) {
	case GFS_STATIC_ROOT:
		return list_root(l);
	case GFS_STATIC_NODES:
		return list_nodes(l);
	case GFS_STATIC_LABELS:
		return list_names(l, GFS_CATALOG_LABEL, GFS_INODE_LABEL);
	case GFS_STATIC_RELS:
		return list_names(l, GFS_CATALOG_TYPE, GFS_INODE_TYPE);
	case GFS_STATIC_IMPORT:
		return gfs_imports_list(l);
	case GFS_STATIC_INDEX:
		return gfs_view_index_list(l);
	case GFS_STATIC_QUERY:
		return gfs_view_query_list(l);
	case GFS_STATIC_COUNT:
		break;
	}
	return GFS_ERR_STALE;
}

static int nodes_mkdir(struct gfs_edit *e, const char *name, mode_t mode, uint64_t *ret_child)
{
	GFS_AUTO_BUF memory = GFS_BUF_INIT;
	struct gfs_name_read read;
	struct gfs_node_record record;
	uint64_t id;
	int err = gfs_name_read(name, false, &memory, &read);
	if (err)
		return err;
	if (read.id != 0) /* "@ID" names a node by its id: none can be made with that name */
		return gfs_node_get(e->graph, read.id, &record) == 0 ? GFS_ERR_EXISTS : GFS_ERR_INVALID;
	if (mode & S_ISVTX)
		return GFS_ERR_PERM; /* as chmod */
	struct gfs_node_meta meta = { .uid = e->uid, .gid = e->gid, .mode = mode & 0777 };
	err = gfs_node_create(e->tx, read.name, &meta, &id);
	if (!err)
		err = gfs_node_get(e->graph, id, &record);
	if (!err)
		*ret_child = gfs_view_nodeid_of_node(id, &record);
	return err;
}

static int names_mkdir(
	struct gfs_edit *e, enum gfs_catalog_kind kind, enum gfs_inode_kind inode, const char *name, uint64_t *ret_child)
{
	uint16_t id;
	struct gfs_catalog_entry entry;
	int err = gfs_view_make_name(e, kind, name, &id);
	if (!err)
		err = gfs_catalog_get(gfs_graph_catalog(e->graph), kind, id, &entry);
	if (!err && gfs_view_is_listed(&entry))
		err = GFS_ERR_EXISTS;
	if (!err)
		err = gfs_name_set_made(e->tx, kind, id, true);
	if (!err)
		*ret_child = gfs_nodeid_pack(inode, 0, id, 0);
	return err;
}

static int static_mkdir(struct gfs_edit *e, uint64_t nodeid, const char *name, mode_t mode, uint64_t *ret_child)
{
	switch ((enum gfs_static)gfs_nodeid_unpack(nodeid).id) {
	case GFS_STATIC_NODES:
		return nodes_mkdir(e, name, mode, ret_child);
	case GFS_STATIC_LABELS:
		/* What is not there and would be an expression is no name that it could be found by. */
		if (gfs_label_expr_is(name))
			return GFS_ERR_INVALID;
		return names_mkdir(e, GFS_CATALOG_LABEL, GFS_INODE_LABEL, name, ret_child);
	case GFS_STATIC_RELS:
		return names_mkdir(e, GFS_CATALOG_TYPE, GFS_INODE_TYPE, name, ret_child);
	case GFS_STATIC_INDEX:
		return gfs_view_index_mkdir(e, name, ret_child);
	case GFS_STATIC_QUERY:
		return gfs_view_query_mkdir(e, name, ret_child);
	case GFS_STATIC_ROOT:
	case GFS_STATIC_IMPORT:
	case GFS_STATIC_COUNT:
		break;
	}
	return GFS_ERR_PERM;
}

static int nodes_rmdir(struct gfs_edit *e, const char *name)
{
	uint64_t id;
	bool empty;
	int err = gfs_view_find_node(e->graph, name, &id);
	if (!err)
		err = gfs_node_is_empty(e->graph, id, &empty);
	if (!err && !empty)
		err = GFS_ERR_NOTEMPTY;
	return err ? err : gfs_node_delete(e->tx, id, false);
}

static int names_rmdir(struct gfs_edit *e, enum gfs_catalog_kind kind, const char *name)
{
	uint16_t id;
	struct gfs_catalog_entry entry;
	int err = gfs_view_find_name(e->graph, kind, name, &id);
	if (!err)
		err = gfs_catalog_get(gfs_graph_catalog(e->graph), kind, id, &entry);
	if (!err && entry.count > 0)
		err = GFS_ERR_NOTEMPTY;
	return err ? err : gfs_name_set_made(e->tx, kind, id, false);
}

static int static_rmdir(struct gfs_edit *e, uint64_t nodeid, const char *name)
{
	switch ((enum gfs_static)gfs_nodeid_unpack(nodeid).id) {
	case GFS_STATIC_NODES:
		return nodes_rmdir(e, name);
	case GFS_STATIC_LABELS:
		return gfs_label_expr_is(name) ? GFS_ERR_PERM : names_rmdir(e, GFS_CATALOG_LABEL, name);
	case GFS_STATIC_RELS:
		return names_rmdir(e, GFS_CATALOG_TYPE, name);
	case GFS_STATIC_INDEX:
		return gfs_view_index_rmdir(e, name);
	case GFS_STATIC_QUERY:
		return gfs_view_query_rmdir(e, name);
	case GFS_STATIC_ROOT:
	case GFS_STATIC_IMPORT:
	case GFS_STATIC_COUNT:
		break;
	}
	return GFS_ERR_PERM;
}

static int static_create(struct gfs_edit *e, uint64_t nodeid, const char *name, mode_t mode, uint64_t *ret_child)
{
	(void)mode;
	if (nodeid != gfs_nodeid_static(GFS_STATIC_IMPORT))
		return GFS_ERR_PERM;
	return gfs_imports_create(e->fs->imports, name, ret_child);
}

static int static_unlink(struct gfs_edit *e, uint64_t nodeid, const char *name)
{
	if (nodeid != gfs_nodeid_static(GFS_STATIC_IMPORT))
		return GFS_ERR_PERM;
	return gfs_imports_unlink(e->fs->imports, name);
}

const struct gfs_view gfs_view_static = {
	.attr = static_attr,
	.lookup = static_lookup,
	.list = static_list,
	.mkdir = static_mkdir,
	.rmdir = static_rmdir,
	.create = static_create,
	.unlink = static_unlink,
	.setattr = gfs_view_setattr_follow,
};
