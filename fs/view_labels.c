/* Labels from both sides: /nodes/KEY/labels/LABEL and /labels/LABEL/KEY. */
#include "fs/raised.h"
#include "fs/view.h"

#include <string.h>

#define BATCH 64u

/* ---- /nodes/KEY/labels ---- */

static int live(struct gfs_fs *fs, uint64_t id, struct gfs_node_record *record)
{
	int err = gfs_node_get(fs->graph, id, record);
	return err == GFS_ERR_NOTFOUND ? GFS_ERR_STALE : err;
}

static int node_labels_attr(struct gfs_fs *fs, uint64_t nodeid, struct stat *st)
{
	struct gfs_node_record record;
	int err = live(fs, gfs_nodeid_unpack(nodeid).id, &record);
	if (!err)
		gfs_attr_fill(st, nodeid, S_IFDIR, &record, 0, record.labels_mtime_ns);
	return err;
}

static int node_labels_lookup(struct gfs_fs *fs, uint64_t nodeid, const char *name, uint64_t *ret_child)
{
	struct gfs_node_record record;
	uint64_t id = gfs_nodeid_unpack(nodeid).id;
	uint16_t label;
	bool has = false;
	int err = live(fs, id, &record);
	if (!err)
		err = gfs_view_find_name(fs->graph, GFS_CATALOG_LABEL, name, &label);
	if (!err)
		err = gfs_node_has_label(fs->graph, id, label, &has);
	if (!err)
		*ret_child = gfs_nodeid_pack(GFS_INODE_NODE_LABEL, 0, label, id);
	gfs_view_note_alias(fs, name);
	return err ? err : has ? 0 : GFS_ERR_NOTFOUND;
}

static int node_labels_list(struct gfs_lister *l, uint64_t nodeid)
{
	uint16_t labels[GFS_LABELS_PER_NODE_MAX];
	struct gfs_node_record record;
	uint64_t id = gfs_nodeid_unpack(nodeid).id;
	size_t count = 0;
	int err = live(l->fs, id, &record);
	if (!err)
		err = gfs_node_labels(l->fs->graph, id, labels, GFS_LABELS_PER_NODE_MAX, &count);
	for (size_t i = 0; !err && i < count; i++) {
		struct gfs_component name;
		if (labels[i] <= l->from)
			continue;
		err = gfs_view_show_name(l->fs->graph, GFS_CATALOG_LABEL, labels[i], GFS_PLACE_LABELS, &name);
		uint64_t child = gfs_nodeid_pack(GFS_INODE_NODE_LABEL, 0, labels[i], id);
		if (!err && !gfs_lister_add(l, name.text, child, S_IFLNK, labels[i]))
			break;
	}
	return err;
}

static int node_labels_symlink(
	struct gfs_edit *e, uint64_t nodeid, const char *name, const char *target, uint64_t *ret_child)
{
	GFS_AUTO_BUF memory = GFS_BUF_INIT;
	const char *last;
	uint16_t label, named;
	uint64_t id = gfs_nodeid_unpack(nodeid).id;
	int err = gfs_view_target(target, "labels", &last, &memory);
	if (!err)
		err = gfs_view_find_name(e->graph, GFS_CATALOG_LABEL, last, &label);
	if (!err && (gfs_view_find_name(e->graph, GFS_CATALOG_LABEL, name, &named) != 0 || named != label))
		err = GFS_ERR_PERM;
	if (!err)
		err = gfs_node_add_label(e->tx, id, label);
	if (!err)
		*ret_child = gfs_nodeid_pack(GFS_INODE_NODE_LABEL, 0, label, id);
	return err;
}

static int node_labels_unlink(struct gfs_edit *e, uint64_t nodeid, const char *name)
{
	uint16_t label;
	int err = gfs_view_find_name(e->graph, GFS_CATALOG_LABEL, name, &label);
	return err ? err : gfs_node_remove_label(e->tx, gfs_nodeid_unpack(nodeid).id, label);
}

const struct gfs_view gfs_view_node_labels = {
	.attr = node_labels_attr,
	.lookup = node_labels_lookup,
	.list = node_labels_list,
	.symlink = node_labels_symlink,
	.unlink = node_labels_unlink,
	.setattr = gfs_view_setattr_follow,
};

static int node_label_readlink(struct gfs_fs *fs, uint64_t nodeid, struct gfs_buf *out)
{
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	struct gfs_component name;
	bool has = false;
	int err = gfs_node_has_label(fs->graph, n.id, n.sub, &has);
	if (err == GFS_ERR_NOTFOUND || (!err && !has))
		return GFS_ERR_STALE;
	if (!err)
		err = gfs_view_show_name(fs->graph, GFS_CATALOG_LABEL, n.sub, GFS_PLACE_LABELS, &name);
	if (err)
		return err;
	gfs_buf_printf(out, "../../../labels/%s", name.text);
	return gfs_buf_failed(out);
}

static int node_label_attr(struct gfs_fs *fs, uint64_t nodeid, struct stat *st)
{
	GFS_AUTO_BUF target = GFS_BUF_INIT;
	struct gfs_node_record record;
	int err = node_label_readlink(fs, nodeid, &target);
	if (!err)
		err = live(fs, gfs_nodeid_unpack(nodeid).id, &record);
	if (!err)
		gfs_attr_fill(st, nodeid, S_IFLNK, &record, target.size, record.btime_ns); /* labels come and go beside it */
	return err;
}

const struct gfs_view gfs_view_node_label = {
	.attr = node_label_attr,
	.readlink = node_label_readlink,
	.setattr = gfs_view_setattr_follow,
};

/* ---- /labels/LABEL ---- */

static int label_attr(struct gfs_fs *fs, uint64_t nodeid, struct stat *st)
{
	struct gfs_catalog_entry entry;
	int err = gfs_catalog_get(gfs_graph_catalog(fs->graph), GFS_CATALOG_LABEL, gfs_nodeid_unpack(nodeid).sub, &entry);
	if (err == GFS_ERR_NOTFOUND || (!err && !gfs_view_is_listed(&entry)))
		return GFS_ERR_STALE;
	if (err)
		return err;
	gfs_attr_fill_fixed(fs, st, nodeid, S_IFDIR | fs->opts.mode, 0,
		gfs_raised_get(fs->raised, nodeid, entry.mtime_ns ? entry.mtime_ns : fs->started_ns));
	return 0;
}

static uint64_t label_node_nodeid(uint16_t label, uint64_t id, const struct gfs_node_record *record)
{
	return gfs_nodeid_pack(GFS_INODE_LABEL_NODE, record->link_generation & GFS_NODEID_GEN_MAX, label, id);
}

static int label_lookup(struct gfs_fs *fs, uint64_t nodeid, const char *name, uint64_t *ret_child)
{
	uint16_t label = gfs_nodeid_unpack(nodeid).sub;
	struct gfs_node_record record;
	uint64_t id;
	bool has = false;
	int err = gfs_view_find_node(fs->graph, name, &id);
	if (!err)
		err = gfs_node_has_label(fs->graph, id, label, &has);
	if (!err)
		err = gfs_node_get(fs->graph, id, &record);
	if (!err)
		*ret_child = label_node_nodeid(label, id, &record);
	gfs_view_note_alias(fs, name);
	return err ? err : has ? 0 : GFS_ERR_NOTFOUND;
}

static int list_batch(struct gfs_lister *l, uint16_t label, const uint64_t *ids, size_t count, bool *ret_full)
{
	for (size_t i = 0; i < count; i++) {
		struct gfs_component name;
		struct gfs_node_record record;
		int err = gfs_view_node_name(l->fs->graph, ids[i], GFS_PLACE_NODES, &name, &record);
		if (err)
			return err;
		*ret_full = !gfs_lister_add(l, name.text, label_node_nodeid(label, ids[i], &record), S_IFLNK, ids[i]);
		if (*ret_full)
			break;
	}
	return 0;
}

static int label_list(struct gfs_lister *l, uint64_t nodeid)
{
	uint16_t label = gfs_nodeid_unpack(nodeid).sub;
	uint64_t ids[BATCH];
	uint64_t from = l->from + 1;
	bool full = false;
	for (;;) {
		size_t count = 0;
		int err = gfs_label_nodes(l->fs->graph, label, from, ids, BATCH, &count);
		if (!err && count > 0)
			err = list_batch(l, label, ids, count, &full);
		if (err || full || count == 0)
			return err;
		from = ids[count - 1] + 1;
	}
}

static int label_symlink(struct gfs_edit *e, uint64_t nodeid, const char *name, const char *target, uint64_t *ret_child)
{
	GFS_AUTO_BUF memory = GFS_BUF_INIT;
	struct gfs_node_record record;
	const char *last;
	uint64_t id, named;
	uint16_t label = gfs_nodeid_unpack(nodeid).sub;
	int err = gfs_view_target(target, "nodes", &last, &memory);
	if (!err)
		err = gfs_view_find_node(e->graph, last, &id);
	if (!err && (gfs_view_find_node(e->graph, name, &named) != 0 || named != id))
		err = GFS_ERR_PERM;
	if (!err)
		err = gfs_view_may_write(e, id); /* it is the node that changes */
	if (!err)
		err = gfs_node_add_label(e->tx, id, label);
	if (!err)
		err = gfs_node_get(e->graph, id, &record);
	if (!err)
		*ret_child = label_node_nodeid(label, id, &record);
	return err;
}

static int label_unlink(struct gfs_edit *e, uint64_t nodeid, const char *name)
{
	uint64_t id;
	int err = gfs_view_find_node(e->graph, name, &id);
	if (!err)
		err = gfs_view_may_write(e, id);
	return err ? err : gfs_node_remove_label(e->tx, id, gfs_nodeid_unpack(nodeid).sub);
}

const struct gfs_view gfs_view_label = {
	.attr = label_attr,
	.lookup = label_lookup,
	.list = label_list,
	.symlink = label_symlink,
	.unlink = label_unlink,
	.setattr = gfs_view_setattr_follow,
};

static int label_node_live(
	struct gfs_fs *fs, uint64_t nodeid, struct gfs_component *name, struct gfs_node_record *record)
{
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	bool has = false;
	int err = gfs_view_node_name(fs->graph, n.id, GFS_PLACE_NODES, name, record);
	if (!err)
		err = gfs_node_has_label(fs->graph, n.id, n.sub, &has);
	if (err == GFS_ERR_NOTFOUND || (!err && (!has || (record->link_generation & GFS_NODEID_GEN_MAX) != n.gen)))
		return GFS_ERR_STALE;
	return err;
}

static int label_node_readlink(struct gfs_fs *fs, uint64_t nodeid, struct gfs_buf *out)
{
	struct gfs_component name;
	struct gfs_node_record record;
	int err = label_node_live(fs, nodeid, &name, &record);
	if (err)
		return err;
	gfs_buf_printf(out, "../../nodes/%s", name.text);
	return gfs_buf_failed(out);
}

static int label_node_attr(struct gfs_fs *fs, uint64_t nodeid, struct stat *st)
{
	struct gfs_component name;
	struct gfs_node_record record;
	int err = label_node_live(fs, nodeid, &name, &record);
	if (!err)
		gfs_attr_fill(st, nodeid, S_IFLNK, &record, strlen("../../nodes/") + name.size, record.btime_ns);
	return err;
}

const struct gfs_view gfs_view_label_node = {
	.attr = label_node_attr,
	.readlink = label_node_readlink,
	.setattr = gfs_view_setattr_follow,
};
