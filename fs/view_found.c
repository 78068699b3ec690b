/* The links to nodes in computed folders, /labels/EXPR and /index/LABEL/PROPERTY/VALUE. Whether the folder still holds the node is found out by looking the
 * name up, at every use. */
#include "fs/view.h"

#include <string.h>

uint64_t gfs_view_nodeid_of_found(uint64_t id, const struct gfs_node_record *record, unsigned depth)
{
	return gfs_nodeid_pack(GFS_INODE_FOUND_NODE, depth, record->link_generation, id);
}

static int found_live(struct gfs_fs *fs, uint64_t nodeid, struct gfs_component *name, struct gfs_node_record *record)
{
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	int err = gfs_view_node_name(fs->graph, n.id, GFS_PLACE_NODES, name, record);
	if (err == GFS_ERR_NOTFOUND || (!err && record->link_generation != n.sub))
		return GFS_ERR_STALE;
	return err;
}

static int found_readlink(struct gfs_fs *fs, uint64_t nodeid, struct gfs_buf *out)
{
	struct gfs_component name;
	struct gfs_node_record record;
	int err = found_live(fs, nodeid, &name, &record);
	if (err)
		return err;
	for (unsigned depth = gfs_nodeid_unpack(nodeid).gen; depth > 0; depth--)
		gfs_buf_append_text(out, "../");
	gfs_buf_printf(out, "nodes/%s", name.text);
	return gfs_buf_failed(out);
}

static int found_attr(struct gfs_fs *fs, uint64_t nodeid, struct stat *st)
{
	struct gfs_component name;
	struct gfs_node_record record;
	size_t up = gfs_nodeid_unpack(nodeid).gen * strlen("../");
	int err = found_live(fs, nodeid, &name, &record);
	if (!err)
		gfs_attr_fill(st, nodeid, S_IFLNK, &record, up + strlen("nodes/") + name.size, record.btime_ns);
	return err;
}

const struct gfs_view gfs_view_found_node = {
	.attr = found_attr,
	.readlink = found_readlink,
	.setattr = gfs_view_setattr_follow,
};
