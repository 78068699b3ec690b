/* /nodes/KEY, and its .json. */
#include "fs/files.h"
#include "fs/view.h"

#include <string.h>

static const struct {
	const char *name;
	enum gfs_inode_kind kind;
} folders[] = {
	{ "labels", GFS_INODE_NODE_LABELS },
	{ "out", GFS_INODE_NODE_OUT },
	{ "in", GFS_INODE_NODE_IN },
};
#define FOLDER_COUNT 3u
#define JSON_NAME ".json"

static int live_node(struct gfs_fs *fs, uint64_t nodeid, struct gfs_node_record *record)
{
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	int err = gfs_node_get(fs->graph, n.id, record);
	if (err == GFS_ERR_NOTFOUND || (!err && record->dir_generation != n.sub))
		return GFS_ERR_STALE;
	return err;
}

static int node_attr(struct gfs_fs *fs, uint64_t nodeid, struct stat *st)
{
	struct gfs_node_record record;
	int err = live_node(fs, nodeid, &record);
	if (!err)
		gfs_attr_fill(st, nodeid, S_IFDIR, &record, 0, record.mtime_ns);
	return err;
}

static int node_lookup(struct gfs_fs *fs, uint64_t nodeid, const char *name, uint64_t *ret_child)
{
	struct gfs_node_record record;
	uint64_t id = gfs_nodeid_unpack(nodeid).id;
	int err = live_node(fs, nodeid, &record);
	if (err)
		return err;
	for (size_t i = 0; i < FOLDER_COUNT; i++) {
		if (strcmp(name, folders[i].name) == 0) {
			*ret_child = gfs_nodeid_pack(folders[i].kind, 0, 0, id);
			return 0;
		}
	}
	if (strcmp(name, JSON_NAME) == 0) {
		*ret_child = gfs_nodeid_pack(GFS_INODE_NODE_JSON, 0, 0, id);
		return 0;
	}
	return gfs_props_lookup(fs, (struct gfs_entity){ GFS_NODE, id }, name, ret_child);
}

static int node_list(struct gfs_lister *l, uint64_t nodeid)
{
	struct gfs_node_record record;
	uint64_t id = gfs_nodeid_unpack(nodeid).id;
	int err = live_node(l->fs, nodeid, &record);
	if (err)
		return err;
	for (uint64_t i = l->from; i < FOLDER_COUNT; i++) {
		if (!gfs_lister_add(l, folders[i].name, gfs_nodeid_pack(folders[i].kind, 0, 0, id), S_IFDIR, i + 1))
			return 0;
	}
	uint64_t from = l->from > FOLDER_COUNT ? l->from - FOLDER_COUNT : 0;
	return gfs_props_list(l, (struct gfs_entity){ GFS_NODE, id }, from + 1, FOLDER_COUNT);
}

static bool is_folder(const char *name)
{
	for (size_t i = 0; i < FOLDER_COUNT; i++) {
		if (strcmp(name, folders[i].name) == 0)
			return true;
	}
	return false;
}

static int node_create(struct gfs_edit *e, uint64_t nodeid, const char *name, mode_t mode, uint64_t *ret_child)
{
	struct gfs_node_record record;
	int err = live_node(e->fs, nodeid, &record);
	if (err)
		return err;
	if (is_folder(name) || strcmp(name, JSON_NAME) == 0)
		return GFS_ERR_EXISTS;
	return gfs_props_create(e, (struct gfs_entity){ GFS_NODE, gfs_nodeid_unpack(nodeid).id }, name, mode, ret_child);
}

/* mkdir of a fixed folder fails because it is there; no other folder can be. */
static int node_mkdir(struct gfs_edit *e, uint64_t nodeid, const char *name, mode_t mode, uint64_t *ret_child)
{
	(void)e, (void)nodeid, (void)mode, (void)ret_child;
	return is_folder(name) ? GFS_ERR_EXISTS : GFS_ERR_PERM;
}

static int node_unlink(struct gfs_edit *e, uint64_t nodeid, const char *name)
{
	struct gfs_node_record record;
	int err = live_node(e->fs, nodeid, &record);
	if (err)
		return err;
	if (strcmp(name, JSON_NAME) == 0)
		return GFS_ERR_PERM;
	return gfs_props_unlink(e, (struct gfs_entity){ GFS_NODE, gfs_nodeid_unpack(nodeid).id }, name);
}

/* The fixed folders stay, but say yes when nothing is in them, so that `rm -r` of the node goes through. */
static int node_rmdir(struct gfs_edit *e, uint64_t nodeid, const char *name)
{
	uint64_t id = gfs_nodeid_unpack(nodeid).id;
	struct gfs_adj_type type;
	uint16_t label;
	size_t count = 0;
	int err = 0;
	if (strcmp(name, "labels") == 0)
		err = gfs_node_labels(e->graph, id, &label, 1, &count);
	else if (strcmp(name, "out") == 0)
		err = gfs_rels_types(e->graph, id, GFS_OUT, 0, &type, 1, &count);
	else if (strcmp(name, "in") == 0)
		err = gfs_rels_types(e->graph, id, GFS_IN, 0, &type, 1, &count);
	else
		return GFS_ERR_NOTFOUND;
	return err ? err : count > 0 ? GFS_ERR_NOTEMPTY : 0;
}

static int node_setattr(struct gfs_edit *e, uint64_t nodeid, const struct stat *st, int to_set)
{
	struct gfs_node_record record;
	int err = live_node(e->fs, nodeid, &record);
	if (err)
		return err;
	struct gfs_node_meta meta = {
		.mode = st->st_mode & 0777, .uid = st->st_uid, .gid = st->st_gid, .mtime_ns = gfs_view_time_ns(&st->st_mtim)
	};
	unsigned which = 0;
	if ((to_set & FUSE_SET_ATTR_MODE) && (st->st_mode & S_ISVTX))
		return GFS_ERR_PERM; /* whoever sets it believes that others cannot remove what is in it */
	if (to_set & FUSE_SET_ATTR_MODE)
		which |= GFS_META_MODE;
	if (to_set & FUSE_SET_ATTR_UID)
		which |= GFS_META_UID;
	if (to_set & FUSE_SET_ATTR_GID)
		which |= GFS_META_GID;
	if (to_set & (FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW))
		which |= GFS_META_MTIME;
	if (to_set & FUSE_SET_ATTR_MTIME_NOW)
		meta.mtime_ns = 0;
	return which ? gfs_node_set_meta(e->tx, gfs_nodeid_unpack(nodeid).id, which, &meta) : 0;
}

const struct gfs_view gfs_view_node = {
	.attr = node_attr,
	.lookup = node_lookup,
	.list = node_list,
	.mkdir = node_mkdir,
	.create = node_create,
	.unlink = node_unlink,
	.rmdir = node_rmdir,
	.setattr = node_setattr,
};

/* Who may read it is worked out with the text. The size is that of the text, so that programs which trust st_size read it whole. */
static int json_attr(struct gfs_fs *fs, uint64_t nodeid, struct stat *st)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	struct gfs_node_record record;
	uint64_t id = gfs_nodeid_unpack(nodeid).id;
	uint16_t mode;
	int err = gfs_node_get(fs->graph, id, &record);
	if (!err)
		err = gfs_node_json(fs->graph, id, &text, &mode);
	if (err)
		return err == GFS_ERR_NOTFOUND ? GFS_ERR_STALE : err;
	gfs_attr_fill(st, nodeid, S_IFREG, &record, text.size, record.ctime_ns);
	st->st_mode = S_IFREG | mode;
	st->st_blocks = 0;
	return 0;
}

const struct gfs_view gfs_view_json = { .attr = json_attr };
