/* How /.graphfs looks. */
#include "fs/control.h"
#include "fs/cypher.h"
#include "fs/view.h"

static uint64_t id_of(uint64_t nodeid)
{
	return gfs_nodeid_unpack(nodeid).id;
}

static uint64_t nodeid_of(uint64_t id)
{
	return gfs_nodeid_pack(GFS_INODE_CONTROL, 0, 0, id);
}

static mode_t type_of(uint64_t id)
{
	return gfs_control_is_dir(id) ? S_IFDIR : S_IFREG;
}

/* A folder whose contents change with the indexes. */
static bool is_of_indexes(uint64_t dir_id)
{
	return dir_id == GFS_CONTROL_INDEX || gfs_control_is_index(dir_id);
}

bool gfs_view_needs_graph(uint64_t nodeid)
{
	return gfs_nodeid_unpack(nodeid).kind != GFS_INODE_CONTROL || gfs_control_needs_graph(id_of(nodeid));
}

static int control_attr(struct gfs_fs *fs, uint64_t nodeid, struct stat *st)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	uint64_t id = id_of(nodeid);
	int err = gfs_control_is_dir(id) ? 0 : gfs_control_text(fs, id, &text);
	/* Writes that lie inside a file need not wait for each other. */
	uint64_t size = id == GFS_CONTROL_CYPHER ? GFS_CYPHER_WRITE_BYTES_MAX : text.size;
	if (!err)
		gfs_attr_fill_fixed(fs, st, nodeid, type_of(id) | gfs_control_mode(id), size, fs->started_ns);
	return err;
}

static int control_lookup(struct gfs_fs *fs, uint64_t nodeid, const char *name, uint64_t *ret_child)
{
	uint64_t id;
	if (!gfs_control_is_dir(id_of(nodeid)))
		return GFS_ERR_NOTDIR;
	int err = is_of_indexes(id_of(nodeid)) ? gfs_control_index_lookup(fs, id_of(nodeid), name, &id)
										   : gfs_control_lookup(id_of(nodeid), name, &id);
	if (!err)
		*ret_child = nodeid_of(id);
	return err;
}

static int list_indexes(struct gfs_lister *l, uint64_t dir_id)
{
	struct gfs_component name;
	uint64_t id = l->from;
	while (gfs_control_index_next(l->fs, dir_id, id + 1, &id, &name) == 0) {
		if (!gfs_lister_add(l, name.text, nodeid_of(id), type_of(id), id))
			break;
	}
	return 0;
}

static int control_list(struct gfs_lister *l, uint64_t nodeid)
{
	const char *name;
	uint64_t id = l->from;
	if (!gfs_control_is_dir(id_of(nodeid)))
		return GFS_ERR_NOTDIR;
	if (is_of_indexes(id_of(nodeid)))
		return list_indexes(l, id_of(nodeid));
	while (gfs_control_next(id_of(nodeid), id + 1, &id, &name) == 0) {
		if (!gfs_lister_add(l, name, nodeid_of(id), type_of(id), id))
			break;
	}
	return 0;
}

/* `echo x > FILE` truncates first, which means nothing here: what a file holds is what it shows. */
static int control_setattr(struct gfs_edit *edit, uint64_t nodeid, const struct stat *st, int to_set)
{
	const int times = FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_ATIME_NOW | FUSE_SET_ATTR_MTIME_NOW |
		FUSE_SET_ATTR_CTIME;
	(void)edit;
	if (to_set & ~(times | FUSE_SET_ATTR_SIZE))
		return GFS_ERR_PERM;
	if ((to_set & FUSE_SET_ATTR_SIZE) && (st->st_size != 0 || gfs_control_is_dir(id_of(nodeid))))
		return GFS_ERR_PERM;
	return 0;
}

const struct gfs_view gfs_view_control = {
	.attr = control_attr,
	.lookup = control_lookup,
	.list = control_list,
	.setattr = control_setattr,
};
