/* The table of FUSE operations, and what mutations share. */
#ifndef GFS_FS_OPS_H
#define GFS_FS_OPS_H

#include "fs/view.h"

extern const struct fuse_lowlevel_ops gfs_ops;

/* One change on behalf of a request: begins the transaction. */
int gfs_edit_begin(struct gfs_edit *edit, struct gfs_fs *fs, fuse_req_t req) GFS_CHECK;
/* With err 0 commits, waits for the disk as the mode asks, and tells the kernel's caches; else aborts. Returns the outcome. `by_kernel`: the
 * inode that the kernel itself keeps up to date (the request's directory or file). */
int gfs_edit_end(struct gfs_edit *edit, int err, uint64_t by_kernel) GFS_CHECK;

/* ops_file.c */
void gfs_op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void gfs_op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi);
void gfs_op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi);
void gfs_op_write(
	fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t offset, struct fuse_file_info *fi);
void gfs_op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void gfs_op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void gfs_op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length, struct fuse_file_info *fi);
void gfs_op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);

/* ops_xattr.c */
void gfs_op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size, int flags);
void gfs_op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size);
void gfs_op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size);
void gfs_op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name);

/* Replies with the errno of `err`; logs what is no one's mistake. */
void gfs_reply_err(fuse_req_t req, int err);
/* Attributes and exposure of a child, under the graph lock. */
int gfs_entry_fill(struct gfs_fs *fs, uint64_t nodeid, struct fuse_entry_param *ret_entry) GFS_CHECK;
/* The same again, without the lock, just before the reply, when the disk was waited for since: others may have changed the child, and it would
 * not count as fresh any more (K4). */
void gfs_entry_refill(struct gfs_fs *fs, uint64_t nodeid, struct fuse_entry_param *entry);

#endif
