/* Extended attributes: user.graphfs.type of a property (read and set), user.graphfs.id of a node or relationship (read). */
#include "fs/files.h"
#include "fs/ops.h"

#include <string.h>
#include <sys/xattr.h>

#define PREFIX "user.graphfs."
#define TYPE_NAME PREFIX "type"
#define ID_NAME PREFIX "id"

static struct gfs_fs *fs_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

/* The one attribute that inodes of this kind have. */
static const char *name_of(uint64_t nodeid)
{
	switch (gfs_nodeid_unpack(nodeid).kind) {
	case GFS_INODE_NODE_PROP:
	case GFS_INODE_REL_PROP:
		return TYPE_NAME;
	case GFS_INODE_NODE:
	case GFS_INODE_REL:
		return ID_NAME;
	default:
		return NULL;
	}
}

static int get(struct gfs_fs *fs, uint64_t nodeid, struct gfs_buf *out)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_file_target t;
	struct gfs_value value;
	struct stat st;
	int err = gfs_view_of(nodeid)->attr(fs, nodeid, &st);
	if (err)
		return err;
	if (strcmp(name_of(nodeid), ID_NAME) == 0) {
		gfs_buf_printf(out, "%llu", (unsigned long long)gfs_nodeid_unpack(nodeid).id);
		return gfs_buf_failed(out);
	}
	err = gfs_files_resolve(fs->files, nodeid, &t);
	if (!err && t.dead)
		return GFS_ERR_NODATA;
	if (!err)
		err = gfs_prop_get(fs->graph, t.entity, t.key, &arena, &value);
	if (err)
		return err;
	gfs_buf_append_text(out, gfs_type_name(value.type));
	return gfs_buf_failed(out);
}

static void reply(fuse_req_t req, const struct gfs_buf *value, size_t size)
{
	if (size == 0)
		fuse_reply_xattr(req, value->size);
	else if (value->size > size)
		gfs_reply_err(req, GFS_ERR_RANGE);
	else
		fuse_reply_buf(req, (const char *)value->data, value->size);
}

void gfs_op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	struct gfs_fs *fs = fs_of(req);
	GFS_AUTO_BUF value = GFS_BUF_INIT;
	const char *mine = name_of(ino);
	if (strncmp(name, "user.", 5) != 0) {
		gfs_reply_err(req, GFS_ERR_NOTSUP);
		return;
	}
	int err = GFS_ERR_NODATA;
	if (mine && strcmp(name, mine) == 0) {
		gfs_graph_read_begin(fs->graph);
		err = get(fs, ino, &value);
		gfs_graph_read_end(fs->graph);
	}
	if (err)
		gfs_reply_err(req, err);
	else
		reply(req, &value, size);
}

void gfs_op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	GFS_AUTO_BUF names = GFS_BUF_INIT;
	const char *mine = name_of(ino);
	if (mine)
		gfs_buf_append(&names, mine, strlen(mine) + 1);
	int err = gfs_buf_failed(&names);
	if (err)
		gfs_reply_err(req, err);
	else
		reply(req, &names, size);
}

static int set_type(struct gfs_edit *e, uint64_t nodeid, struct gfs_slice text)
{
	struct gfs_file_target t;
	enum gfs_type type;
	int err = gfs_type_from_name(text, &type);
	if (!err)
		err = gfs_files_resolve(e->fs->files, nodeid, &t);
	if (!err && t.dead)
		err = GFS_ERR_STALE;
	return err ? err : gfs_prop_set_type(e->tx, t.entity, t.key, type);
}

void gfs_op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size, int flags)
{
	struct gfs_edit e;
	const char *mine = name_of(ino);
	int err = 0;
	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
		err = GFS_ERR_NOTSUP;
	else if (!mine || strcmp(name, mine) != 0 || strcmp(mine, TYPE_NAME) != 0)
		err = GFS_ERR_PERM;
	else if (flags & XATTR_CREATE)
		err = GFS_ERR_EXISTS;
	if (!err)
		err = gfs_edit_begin(&e, fs_of(req), req);
	if (!err)
		err = gfs_edit_end(&e, set_type(&e, ino, gfs_slice(value, size)), 0);
	gfs_reply_err(req, err);
}

/* What is computed cannot be removed. */
void gfs_op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	const char *mine = name_of(ino);
	if (strncmp(name, "user.", 5) != 0)
		gfs_reply_err(req, GFS_ERR_NOTSUP);
	else
		gfs_reply_err(req, mine && strcmp(name, mine) == 0 ? GFS_ERR_PERM : GFS_ERR_NODATA);
}
