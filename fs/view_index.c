/* /index/LABEL/PROPERTY/VALUE/KEY: property indexes as folders.
 *
 * /index/LABEL is there when the label has an index, or mkdir made it. mkdir in it makes an index and returns when that is built; rmdir drops it,
 * whatever it holds. While an index is not ready what lies in it is not there to be had: GFS_ERR_AGAIN. Folders of values and the links in them
 * follow from the data, so nothing is made or removed there: EPERM.
 *
 * Any change of a property may change these folders, so the kernel keeps nothing of them (gfs_nodeid_is_computed). */
#include "fs/view.h"

#include "base/checked.h"
#include "base/log.h"
#include "fs/index_values.h"
#include "graph/index.h"

#include <string.h>

enum { BATCH = 64 };
/* Names in an index are values of properties, whatever their modes are. */
#define VALUES_MODE 0700

static uint16_t index_of(uint64_t nodeid)
{
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	return n.kind == GFS_INODE_INDEX_VALUE ? n.sub : (uint16_t)n.id;
}

static uint64_t label_nodeid(uint16_t label)
{
	return gfs_nodeid_pack(GFS_INODE_INDEX, 0, label, 0);
}

static uint64_t index_nodeid(const struct gfs_index_info *info)
{
	return gfs_nodeid_pack(GFS_INODE_INDEX, 0, info->label, info->id);
}

/* The later of what changed in indexes, and what names of nodes may have become. */
static uint64_t mtime_of(struct gfs_fs *fs, uint64_t changed_ns)
{
	uint64_t root_ns = gfs_store_counter(gfs_graph_store(fs->graph), GFS_COUNTER_ROOT_MTIME);
	uint64_t last = GFS_MAX(changed_ns, root_ns);
	return last ? last : fs->started_ns;
}

/* ---- /index ---- */

/* The first index of a label; GFS_ERR_NOTFOUND. */
static int index_of_label(struct gfs_graph *graph, uint16_t label, unsigned from, struct gfs_index_info *ret_info)
{
	int err = gfs_index_next(graph, from, ret_info);
	while (!err && ret_info->label != label)
		err = gfs_index_next(graph, ret_info->id + 1u, ret_info);
	return err;
}

static bool is_listed(struct gfs_graph *graph, uint16_t label)
{
	struct gfs_index_info info;
	return gfs_index_folder_made(graph, label) || index_of_label(graph, label, 1, &info) == 0;
}

int gfs_view_index_lookup(struct gfs_fs *fs, const char *name, uint64_t *ret_child)
{
	uint16_t label;
	int err = gfs_view_find_name(fs->graph, GFS_CATALOG_LABEL, name, &label);
	if (!err && !is_listed(fs->graph, label))
		err = GFS_ERR_NOTFOUND;
	if (!err)
		*ret_child = label_nodeid(label);
	return err;
}

int gfs_view_index_list(struct gfs_lister *l)
{
	struct gfs_catalog_entry entry = { 0 };
	for (uint64_t from = l->from + 1; from <= GFS_NAME_ID_MAX; from = entry.id + 1u) {
		struct gfs_component name;
		int err = gfs_catalog_next(gfs_graph_catalog(l->fs->graph), GFS_CATALOG_LABEL, (uint16_t)from, &entry);
		if (err)
			return err == GFS_ERR_NOTFOUND ? 0 : err;
		gfs_name_show_id(entry.name, entry.id, GFS_PLACE_NAMES, &name);
		if (is_listed(l->fs->graph, entry.id) &&
			!gfs_lister_add(l, name.text, label_nodeid(entry.id), S_IFDIR, entry.id))
			return 0;
	}
	return 0;
}

int gfs_view_index_mkdir(struct gfs_edit *e, const char *name, uint64_t *ret_child)
{
	uint16_t label;
	int err = gfs_view_make_name(e, GFS_CATALOG_LABEL, name, &label);
	if (!err && is_listed(e->graph, label))
		err = GFS_ERR_EXISTS;
	if (!err)
		err = gfs_index_folder_set_made(e->tx, label, true);
	if (!err)
		*ret_child = label_nodeid(label);
	return err;
}

int gfs_view_index_rmdir(struct gfs_edit *e, const char *name)
{
	struct gfs_index_info info;
	uint16_t label;
	int err = gfs_view_find_name(e->graph, GFS_CATALOG_LABEL, name, &label);
	if (!err && index_of_label(e->graph, label, 1, &info) == 0)
		err = GFS_ERR_NOTEMPTY;
	return err ? err : gfs_index_folder_set_made(e->tx, label, false);
}

/* ---- /index/LABEL ---- */

static int label_attr(struct gfs_fs *fs, uint64_t nodeid, struct stat *st)
{
	if (!is_listed(fs->graph, gfs_nodeid_unpack(nodeid).sub))
		return GFS_ERR_STALE;
	gfs_attr_fill_fixed(fs, st, nodeid, S_IFDIR | 0755, 0, mtime_of(fs, gfs_index_generation(fs->graph)));
	return 0;
}

static int find_index(struct gfs_graph *graph, uint16_t label, const char *name, struct gfs_index_info *ret_info)
{
	uint16_t key;
	int err = gfs_view_find_name(graph, GFS_CATALOG_KEY, name, &key);
	return err ? err : gfs_index_find(graph, label, key, ret_info);
}

static int label_lookup(struct gfs_fs *fs, uint64_t nodeid, const char *name, uint64_t *ret_child)
{
	struct gfs_index_info info;
	int err = find_index(fs->graph, gfs_nodeid_unpack(nodeid).sub, name, &info);
	if (!err)
		*ret_child = index_nodeid(&info);
	return err;
}

static int label_list(struct gfs_lister *l, uint64_t nodeid)
{
	uint16_t label = gfs_nodeid_unpack(nodeid).sub;
	struct gfs_index_info info;
	int err = index_of_label(l->fs->graph, label, (unsigned)l->from + 1, &info);
	while (!err) {
		struct gfs_component name;
		err = gfs_view_show_name(l->fs->graph, GFS_CATALOG_KEY, info.key, GFS_PLACE_NAMES, &name);
		if (!err && !gfs_lister_add(l, name.text, index_nodeid(&info), S_IFDIR, info.id))
			return 0;
		if (!err)
			err = index_of_label(l->fs->graph, label, info.id + 1u, &info);
	}
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

static int label_mkdir(struct gfs_edit *e, uint64_t nodeid, const char *name, uint64_t *ret_child)
{
	struct gfs_index_info info;
	uint16_t key, id;
	uint16_t label = gfs_nodeid_unpack(nodeid).sub;
	int err = gfs_view_make_name(e, GFS_CATALOG_KEY, name, &key);
	if (!err)
		err = gfs_index_create(e->tx, label, key, false, (struct gfs_slice){ 0 }, &id);
	if (!err)
		err = gfs_index_get(e->graph, id, &info);
	if (!err)
		*ret_child = index_nodeid(&info);
	return err;
}

static bool is_interrupted(void *context)
{
	fuse_req_t req = context;
	struct gfs_fs *fs = fuse_req_userdata(req);
	return fuse_req_interrupted(req) || fuse_session_exited(fs->session);
}

int gfs_view_index_await(struct gfs_fs *fs, fuse_req_t req, uint64_t nodeid)
{
	struct gfs_message message;
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	if (n.kind != GFS_INODE_INDEX || n.id == 0 || !gfs_loop_step_aside(fs->loop))
		return 0;
	int err = gfs_index_wait(fs->graph, (uint16_t)n.id, is_interrupted, req, &message);
	if (err && err != GFS_ERR_INTERRUPTED)
		gfs_log(GFS_LOG_WARNING, "index: %s", message.text);
	return err;
}

static int label_rmdir(struct gfs_edit *e, uint64_t nodeid, const char *name)
{
	struct gfs_index_info info;
	int err = find_index(e->graph, gfs_nodeid_unpack(nodeid).sub, name, &info);
	return err ? err : gfs_index_drop(e->tx, info.id);
}

/* ---- /index/LABEL/PROPERTY ---- */

/* An index that may be asked. */
static int ready(struct gfs_graph *graph, uint16_t id, struct gfs_index_info *ret_info)
{
	int err = gfs_index_get(graph, id, ret_info);
	if (err)
		return err == GFS_ERR_NOTFOUND ? GFS_ERR_STALE : err;
	return ret_info->state == GFS_PROP_READY ? 0 : GFS_ERR_AGAIN;
}

static int property_attr(struct gfs_fs *fs, uint64_t nodeid, struct stat *st)
{
	struct gfs_index_info info;
	int err = ready(fs->graph, index_of(nodeid), &info);
	if (err && err != GFS_ERR_AGAIN)
		return err;
	gfs_attr_fill_fixed(fs, st, nodeid, S_IFDIR | VALUES_MODE, 0, mtime_of(fs, info.changed_ns));
	return 0;
}

/* Whether some node has the value. */
static int has_value(struct gfs_graph *graph, uint16_t id, const struct gfs_index_value *value)
{
	struct gfs_index_scan scan;
	struct gfs_index_hit hit;
	size_t count = 0;
	int err = gfs_index_scan_value(graph, id, value, 1, &scan);
	if (!err)
		err = gfs_index_scan_next(graph, &scan, &hit, 1, NULL, &count);
	return err ? err : count > 0 ? 0 : GFS_ERR_NOTFOUND;
}

static int property_lookup(struct gfs_fs *fs, uint64_t nodeid, const char *name, uint64_t *ret_child)
{
	uint16_t id = index_of(nodeid);
	struct gfs_index_info info;
	struct gfs_index_value value;
	int err = ready(fs->graph, id, &info);
	if (!err)
		err = gfs_index_name_read(fs->graph, id, name, &value);
	if (!err)
		err = has_value(fs->graph, id, &value);
	return err ? err : gfs_index_values_enter(fs->index_values, id, &value, ret_child);
}

static struct gfs_index_value value_of(const struct gfs_index_hit *hit)
{
	struct gfs_index_value value = { .size = (uint16_t)hit->bytes.size };
	memcpy(value.bytes, hit->bytes.data, hit->bytes.size);
	return value;
}

/* The values are looked up one by one when somebody wants more of them than their names, so a listing fills no table. */
static int list_values(struct gfs_lister *l, uint16_t id, struct gfs_index_scan *scan)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_index_hit hits[BATCH], last = { 0 };
	struct gfs_component name;
	size_t count = 1;
	int err = 0;
	bool full = false;
	while (!err && !full && count > 0) {
		err = gfs_index_scan_next(l->fs->graph, scan, hits, BATCH, &arena, &count);
		for (size_t i = 0; !err && !full && i < count; i++) {
			err = gfs_index_name_show(hits[i].bytes, hits[i].node, &name);
			full = !err &&
				!gfs_lister_add(l, name.text, gfs_index_values_nodeid(id, hits[i].bytes), S_IFDIR,
					gfs_index_cookie(hits[i].bytes, hits[i].node));
			if (!full)
				last = hits[i];
		}
	}
	if (!err && last.node != GFS_ID_NONE) {
		struct gfs_index_value value = value_of(&last);
		gfs_index_values_stopped(l->fs->index_values, id, gfs_index_cookie(last.bytes, last.node), &value);
	}
	return err;
}

static int property_list(struct gfs_lister *l, uint64_t nodeid)
{
	const struct gfs_index_range range = { .distinct = true };
	uint16_t id = index_of(nodeid);
	struct gfs_index_info info;
	struct gfs_index_scan scan;
	struct gfs_index_value from;
	int err = ready(l->fs->graph, id, &info);
	if (!err)
		err = gfs_index_scan_begin(l->fs->graph, id, &range, &scan);
	if (!err && l->from != 0) {
		err = gfs_index_values_resume(l->fs->index_values, l->fs->graph, id, l->from, &from);
		if (!err)
			gfs_index_scan_skip(&scan, &from);
	}
	return err ? err : list_values(l, id, &scan);
}

/* ---- both, which are one kind of inode ---- */

static bool is_label(uint64_t nodeid)
{
	return gfs_nodeid_unpack(nodeid).id == 0;
}

static int index_attr(struct gfs_fs *fs, uint64_t nodeid, struct stat *st)
{
	return is_label(nodeid) ? label_attr(fs, nodeid, st) : property_attr(fs, nodeid, st);
}

static int index_lookup(struct gfs_fs *fs, uint64_t nodeid, const char *name, uint64_t *ret_child)
{
	return is_label(nodeid) ? label_lookup(fs, nodeid, name, ret_child) : property_lookup(fs, nodeid, name, ret_child);
}

static int index_list(struct gfs_lister *l, uint64_t nodeid)
{
	return is_label(nodeid) ? label_list(l, nodeid) : property_list(l, nodeid);
}

static int index_mkdir(struct gfs_edit *e, uint64_t nodeid, const char *name, mode_t mode, uint64_t *ret_child)
{
	(void)mode;
	return is_label(nodeid) ? label_mkdir(e, nodeid, name, ret_child) : GFS_ERR_PERM;
}

static int index_rmdir(struct gfs_edit *e, uint64_t nodeid, const char *name)
{
	return is_label(nodeid) ? label_rmdir(e, nodeid, name) : GFS_ERR_PERM;
}

const struct gfs_view gfs_view_index = {
	.attr = index_attr,
	.lookup = index_lookup,
	.list = index_list,
	.mkdir = index_mkdir,
	.rmdir = index_rmdir,
	.setattr = gfs_view_setattr_follow,
};

/* ---- /index/LABEL/PROPERTY/VALUE ---- */

/* A value that no node has any more is not found by its name; who is in its folder already is in an empty one. */
static int value_attr(struct gfs_fs *fs, uint64_t nodeid, struct stat *st)
{
	uint16_t id = index_of(nodeid);
	struct gfs_index_info info;
	struct gfs_index_value value;
	int err = ready(fs->graph, id, &info);
	if (!err)
		err = gfs_index_values_get(fs->index_values, nodeid, &value);
	if (!err)
		gfs_attr_fill_fixed(fs, st, nodeid, S_IFDIR | VALUES_MODE, 0, mtime_of(fs, info.changed_ns));
	return err;
}

static int value_lookup(struct gfs_fs *fs, uint64_t nodeid, const char *name, uint64_t *ret_child)
{
	uint16_t id = index_of(nodeid);
	struct gfs_index_info info;
	struct gfs_index_value value;
	struct gfs_node_record record;
	uint64_t node;
	bool has = false;
	int err = ready(fs->graph, id, &info);
	if (!err)
		err = gfs_index_values_get(fs->index_values, nodeid, &value);
	if (!err)
		err = gfs_view_find_node(fs->graph, name, &node);
	if (!err)
		err = gfs_index_has(fs->graph, id, &value, node, &has);
	if (!err)
		err = gfs_node_get(fs->graph, node, &record);
	if (!err)
		*ret_child = gfs_view_nodeid_of_found(node, &record, GFS_INDEX_DEPTH);
	return err ? err : has ? 0 : GFS_ERR_NOTFOUND;
}

static int value_list(struct gfs_lister *l, uint64_t nodeid)
{
	uint16_t id = index_of(nodeid);
	struct gfs_index_info info;
	struct gfs_index_value value;
	struct gfs_index_scan scan;
	struct gfs_index_hit hits[BATCH];
	size_t count = 1;
	int err = ready(l->fs->graph, id, &info);
	if (!err)
		err = gfs_index_values_get(l->fs->index_values, nodeid, &value);
	if (!err)
		err = gfs_index_scan_value(l->fs->graph, id, &value, l->from + 1, &scan);
	while (!err && count > 0) {
		err = gfs_index_scan_next(l->fs->graph, &scan, hits, BATCH, NULL, &count);
		for (size_t i = 0; !err && i < count; i++) {
			struct gfs_component name;
			struct gfs_node_record record;
			err = gfs_view_node_name(l->fs->graph, hits[i].node, GFS_PLACE_NODES, &name, &record);
			uint64_t child = err ? 0 : gfs_view_nodeid_of_found(hits[i].node, &record, GFS_INDEX_DEPTH);
			if (!err && !gfs_lister_add(l, name.text, child, S_IFLNK, hits[i].node))
				return 0;
		}
	}
	return err;
}

const struct gfs_view gfs_view_index_value = {
	.attr = value_attr,
	.lookup = value_lookup,
	.list = value_list,
	.setattr = gfs_view_setattr_follow,
};
