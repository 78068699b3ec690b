/* Requests about the contents of files. */
#include "fs/cypher.h"
#include "fs/files.h"
#include "fs/imports.h"
#include "fs/json_text.h"
#include "fs/ops.h"
#include "fs/query_file.h"

#include <assert.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <string.h>

static struct gfs_fs *fs_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

static bool is_writer(const struct fuse_file_info *fi)
{
	return (fi->flags & O_ACCMODE) != O_RDONLY;
}

static struct gfs_file *file_of(const struct fuse_file_info *fi)
{
	return (struct gfs_file *)(uintptr_t)fi->fh;
}

/* NULL: open for reading only. */
static struct gfs_import_open *import_of(const struct fuse_file_info *fi)
{
	return (struct gfs_import_open *)(uintptr_t)fi->fh;
}

static struct gfs_cypher *cypher_of(const struct fuse_file_info *fi)
{
	return (struct gfs_cypher *)(uintptr_t)fi->fh;
}

static bool is_cypher(uint64_t nodeid)
{
	return nodeid == gfs_nodeid_pack(GFS_INODE_CONTROL, 0, 0, GFS_CONTROL_CYPHER);
}

/* NULL: the text. */
static struct gfs_query_open *query_of(const struct fuse_file_info *fi)
{
	return (struct gfs_query_open *)(uintptr_t)fi->fh;
}

static bool is_query(uint64_t nodeid)
{
	return gfs_nodeid_unpack(nodeid).kind == GFS_INODE_QUERY;
}

static bool is_prop(uint64_t nodeid)
{
	enum gfs_inode_kind kind = gfs_nodeid_unpack(nodeid).kind;
	return kind == GFS_INODE_NODE_PROP || kind == GFS_INODE_REL_PROP;
}

/* ---- open, create, release ---- */

/* Under the lock, so that whoever removes the property finds it either open or not there to be opened. */
static int open_prop(struct gfs_fs *fs, uint64_t nodeid, struct fuse_file_info *fi)
{
	struct gfs_file *file = NULL;
	struct stat st;
	gfs_graph_read_begin(fs->graph);
	int err = gfs_view_of(nodeid)->attr(fs, nodeid, &st);
	if (!err)
		err = gfs_files_open(fs->files, nodeid, is_writer(fi), &file);
	gfs_graph_read_end(fs->graph);
	if (err)
		return err;
	fi->fh = (uintptr_t)file;
	fi->keep_cache = 1;
	fi->noflush = 1; /* close(2) need not tell us: everything was applied when it was written */
	return 0;
}

static int open_import(fuse_req_t req, struct fuse_file_info *fi)
{
	struct gfs_import_open *open = NULL;
	int err = is_writer(fi) ? gfs_import_open_new(fuse_req_ctx(req), &open) : 0;
	if (!err)
		fi->fh = (uintptr_t)open;
	return err;
}

static int open_cypher(struct fuse_file_info *fi)
{
	struct gfs_cypher *cypher;
	int err = gfs_cypher_open(&cypher);
	if (err)
		return err;
	fi->fh = (uintptr_t)cypher;
	fi->nonseekable = 1;
	return 0;
}

static int open_query(struct gfs_fs *fs, fuse_req_t req, uint64_t nodeid, struct fuse_file_info *fi)
{
	struct gfs_query_open *open = NULL;
	int err = gfs_query_file_open(fs, req, nodeid, &open);
	if (err)
		return err;
	fi->fh = (uintptr_t)open;
	fi->direct_io = open != NULL;
	return 0;
}

/* open(2) with O_TRUNC is one request: the size goes with it. */
static int truncate_on_open(struct gfs_fs *fs, fuse_req_t req, uint64_t nodeid)
{
	struct gfs_edit e;
	struct stat st = { .st_size = 0 };
	int err = gfs_edit_begin(&e, fs, req);
	if (!err)
		err = gfs_edit_end(&e, gfs_view_of(nodeid)->setattr(&e, nodeid, &st, FUSE_SET_ATTR_SIZE), nodeid);
	return err;
}

static int check_open(struct gfs_fs *fs, uint64_t nodeid)
{
	struct stat st;
	const struct gfs_view *view = gfs_view_of(nodeid);
	bool held = gfs_view_needs_graph(nodeid);
	if (held)
		gfs_graph_read_begin(fs->graph);
	int err = view->attr ? view->attr(fs, nodeid, &st) : GFS_ERR_STALE;
	if (held)
		gfs_graph_read_end(fs->graph);
	return err ? err : S_ISREG(st.st_mode) ? 0 : GFS_ERR_ISDIR;
}

static bool may_be_written(uint64_t nodeid)
{
	enum gfs_inode_kind kind = gfs_nodeid_unpack(nodeid).kind;
	bool is_result = is_query(nodeid) && gfs_nodeid_unpack(nodeid).id != GFS_QUERY_CYPHER;
	return kind != GFS_INODE_NODE_JSON && kind != GFS_INODE_IMPORT_ERROR && !is_result;
}

static int open_file(struct gfs_fs *fs, fuse_req_t req, uint64_t nodeid, struct fuse_file_info *fi)
{
	enum gfs_inode_kind kind = gfs_nodeid_unpack(nodeid).kind;
	int err = is_prop(nodeid) ? 0 : check_open(fs, nodeid);
	if (err)
		return err;
	if (is_writer(fi) && !may_be_written(nodeid))
		return GFS_ERR_PERM;
	if (is_writer(fi) && fs->opts.read_only && kind != GFS_INODE_CONTROL)
		return GFS_ERR_READONLY;
	if ((fi->flags & O_TRUNC) && kind != GFS_INODE_CONTROL)
		err = truncate_on_open(fs, req, nodeid);
	if (err)
		return err;
	if (is_prop(nodeid))
		return open_prop(fs, nodeid, fi);
	fi->fh = 0;
	fi->direct_io = kind == GFS_INODE_CONTROL;
	fi->keep_cache = kind == GFS_INODE_NODE_JSON;
	fi->noflush = kind != GFS_INODE_IMPORT;
	if (is_cypher(nodeid))
		return open_cypher(fi);
	if (is_query(nodeid))
		return open_query(fs, req, nodeid, fi);
	return kind == GFS_INODE_IMPORT ? open_import(req, fi) : 0;
}

/* The kernel's last descriptor of the file is gone, or never came to be. True: settle the target. */
static bool let_go(struct gfs_fs *fs, const struct fuse_file_info *fi, struct gfs_file_target *t)
{
	uint64_t left;
	bool settle = gfs_files_release(fs->files, file_of(fi), is_writer(fi), t, &left);
	if (left) {
		gfs_notify_contents(fs, left);
		gfs_files_drop(fs->files, left);
	}
	return settle;
}

/* The caller was interrupted: no release will come. */
static void never_opened(struct gfs_fs *fs, uint64_t nodeid, const struct fuse_file_info *fi)
{
	struct gfs_file_target t;
	if (is_prop(nodeid))
		(void)let_go(fs, fi, &t); /* nothing was written */
	else if (gfs_nodeid_unpack(nodeid).kind == GFS_INODE_IMPORT)
		gfs_import_open_free(import_of(fi));
	else if (is_cypher(nodeid))
		gfs_cypher_free(cypher_of(fi));
	else if (is_query(nodeid))
		gfs_query_file_free(query_of(fi));
}

/* As in linux/fuse.h, which has names that base/banned.h forbids. */
enum {
	OPEN_DIRECT_IO = 1 << 0,
	OPEN_NONSEEKABLE = 1 << 2,
	OPEN_STREAM = 1 << 4,
	OPEN_NOFLUSH = 1 << 5,
	OPEN_PARALLEL_DIRECT_WRITES = 1 << 6
};
struct open_out {
	uint64_t fh;
	uint32_t open_flags, padding;
};
static_assert(sizeof(struct open_out) == 16, "the kernel's answer to OPEN");

/* Statements of several descriptors run at once: the kernel's lock of the inode, which a write takes alone, would let a short one wait for a long one. That
 * needs flags that libfuse 3.14 has no names for, and a file that is larger than what is written (view_control.c), at a place that never moves on. */
static int reply_open_cypher(fuse_req_t req, const struct fuse_file_info *fi)
{
	const struct open_out out = {
		.fh = fi->fh,
		.open_flags = OPEN_DIRECT_IO | OPEN_NONSEEKABLE | OPEN_STREAM | OPEN_NOFLUSH | OPEN_PARALLEL_DIRECT_WRITES,
	};
	return fuse_reply_buf(req, (const char *)&out, sizeof out);
}

void gfs_op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct gfs_fs *fs = fs_of(req);
	int err = open_file(fs, req, ino, fi);
	if (err)
		gfs_reply_err(req, err);
	else if ((is_cypher(ino) ? reply_open_cypher(req, fi) : fuse_reply_open(req, fi)) == -ENOENT)
		never_opened(fs, ino, fi);
}

void gfs_op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi)
{
	struct gfs_fs *fs = fs_of(req);
	const struct gfs_view *view = gfs_view_of(parent);
	struct fuse_entry_param entry;
	struct gfs_edit e;
	uint64_t child = 0;
	int err = gfs_edit_begin(&e, fs, req);
	if (err) {
		gfs_reply_err(req, err);
		return;
	}
	err = view->create ? view->create(&e, parent, name, mode, &child) : GFS_ERR_PERM;
	if (!err)
		err = gfs_entry_fill(fs, child, &entry);
	err = gfs_edit_end(&e, err, parent);
	if (!err)
		err = is_prop(child) ? open_prop(fs, child, fi) : open_import(req, fi);
	fi->keep_cache = 0;
	if (err) {
		gfs_reply_err(req, err);
		return;
	}
	gfs_entry_refill(fs, child, &entry);
	if (fuse_reply_create(req, &entry, fi) == -ENOENT)
		never_opened(fs, child, fi);
}

/* The last writer has closed: a declared type that the text no longer fits is given up. */
static void settle(struct gfs_fs *fs, fuse_req_t req, const struct gfs_file_target *t)
{
	struct gfs_edit e;
	bool unsettled = false;
	gfs_graph_read_begin(fs->graph);
	int err = gfs_prop_is_unsettled(fs->graph, t->entity, t->key, &unsettled);
	gfs_graph_read_end(fs->graph);
	if (err || !unsettled || gfs_edit_begin(&e, fs, req) != 0)
		return;
	/* Nobody waits for a release: a failure leaves the type remembered, which harms nothing. */
	err = gfs_edit_end(&e, gfs_prop_settle(e.tx, t->entity, t->key), 0);
	(void)err;
}

void gfs_op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct gfs_fs *fs = fs_of(req);
	struct gfs_file_target t;
	if (is_prop(ino) && let_go(fs, fi, &t) && !fs->opts.read_only)
		settle(fs, req, &t);
	if (gfs_nodeid_unpack(ino).kind == GFS_INODE_IMPORT)
		gfs_imports_release(fs, ino, import_of(fi));
	if (is_cypher(ino))
		gfs_cypher_free(cypher_of(fi));
	if (is_query(ino))
		gfs_query_file_free(query_of(fi));
	fuse_reply_err(req, 0);
}

void gfs_op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	int err = 0;
	if (gfs_nodeid_unpack(ino).kind == GFS_INODE_IMPORT && import_of(fi))
		err = gfs_imports_flush(fs_of(req), ino, import_of(fi), fuse_req_ctx(req)->pid);
	gfs_reply_err(req, err);
}

/* ---- read ---- */

/* The part of a text that a read asks for. */
static void reply_part(fuse_req_t req, const struct gfs_buf *text, size_t size, off_t offset)
{
	size_t at = (uint64_t)offset < text->size ? (size_t)offset : text->size;
	size_t n = size < text->size - at ? size : text->size - at;
	fuse_reply_buf(req, n ? (const char *)text->data + at : NULL, n);
}

static int read_prop(
	struct gfs_fs *fs, const struct gfs_file_target *t, uint64_t offset, void *data, size_t size, size_t *ret_size)
{
	if (t->dead)
		return gfs_files_dead_read(fs->files, t->dead, offset, data, size, ret_size);
	int err = gfs_prop_read(fs->graph, t->entity, t->key, offset, data, size, ret_size);
	return err == GFS_ERR_NOTFOUND ? GFS_ERR_STALE : err;
}

static void read_prop_file(
	struct gfs_fs *fs, fuse_req_t req, size_t size, off_t offset, const struct fuse_file_info *fi)
{
	uint8_t small[4096];
	uint8_t *data = size <= sizeof small ? small : malloc(size);
	struct gfs_file_target t;
	size_t n = 0;
	if (!data) {
		gfs_reply_err(req, GFS_ERR_NOMEM);
		return;
	}
	gfs_graph_read_begin(fs->graph);
	gfs_file_target_get(fs->files, file_of(fi), &t);
	int err = read_prop(fs, &t, (uint64_t)offset, data, size, &n);
	gfs_graph_read_end(fs->graph);
	if (err)
		gfs_reply_err(req, err);
	else
		fuse_reply_buf(req, (const char *)data, n);
	if (data != small)
		free(data);
}

static void read_json(struct gfs_fs *fs, fuse_req_t req, uint64_t node, size_t size, off_t offset)
{
	struct gfs_json_text *text;
	int err = gfs_json_texts_get(fs->json_texts, fs->graph, node, &text);
	if (err) {
		gfs_reply_err(req, err == GFS_ERR_NOTFOUND ? GFS_ERR_STALE : err);
		return;
	}
	reply_part(req, &text->bytes, size, offset);
	gfs_json_texts_put(fs->json_texts, text, (uint64_t)offset + size < text->bytes.size);
}

void gfs_op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
	struct gfs_fs *fs = fs_of(req);
	struct gfs_nodeid n = gfs_nodeid_unpack(ino);
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	int err = GFS_ERR_ISDIR;
	if (is_prop(ino)) {
		read_prop_file(fs, req, size, offset, fi);
		return;
	}
	if (n.kind == GFS_INODE_NODE_JSON) {
		read_json(fs, req, n.id, size, offset);
		return;
	}
	if (is_cypher(ino)) {
		err = gfs_cypher_read(fs, cypher_of(fi), req, size, &text);
		offset = 0;
	} else if (is_query(ino)) {
		err = gfs_query_file_read(fs, req, ino, query_of(fi), (uint64_t)offset, size, &text);
		offset = 0;
	} else if (n.kind == GFS_INODE_CONTROL) {
		err = gfs_control_read(fs, n.id, &text);
	} else if (n.kind == GFS_INODE_IMPORT || n.kind == GFS_INODE_IMPORT_ERROR) {
		err = gfs_imports_read(fs->imports, ino, (uint64_t)offset, size, &text);
		offset = 0;
	}
	if (err)
		gfs_reply_err(req, err);
	else
		reply_part(req, &text, size, offset);
}

/* ---- write ---- */

static int write_prop(struct gfs_fs *fs, fuse_req_t req, uint64_t nodeid, uint64_t offset, struct gfs_slice data,
	const struct fuse_file_info *fi)
{
	struct gfs_edit e;
	struct gfs_file_target t;
	int err = gfs_edit_begin(&e, fs, req);
	if (err)
		return err;
	gfs_file_target_get(fs->files, file_of(fi), &t);
	if (t.dead) {
		err = gfs_files_dead_write(fs->files, t.dead, offset, data);
	} else {
		err = gfs_prop_write(e.tx, t.entity, t.key, offset, data);
		err = err == GFS_ERR_NOTFOUND ? GFS_ERR_STALE : err;
	}
	err = gfs_edit_end(&e, err, nodeid);
	if (t.dead)
		gfs_notify_dead(fs, nodeid);
	return err;
}

void gfs_op_write(
	fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size, off_t offset, struct fuse_file_info *fi)
{
	struct gfs_fs *fs = fs_of(req);
	struct gfs_nodeid n = gfs_nodeid_unpack(ino);
	struct gfs_slice data = gfs_slice(bytes, size);
	int err = GFS_ERR_BADF;
	if (is_prop(ino))
		err = write_prop(fs, req, ino, (uint64_t)offset, data, fi);
	else if (is_cypher(ino))
		err = gfs_cypher_write(fs, cypher_of(fi), req, data);
	else if (is_query(ino))
		err = gfs_query_file_write(fs, req, ino, (uint64_t)offset, data);
	else if (n.kind == GFS_INODE_CONTROL)
		err = gfs_control_write(fs, n.id, data);
	else if (n.kind == GFS_INODE_IMPORT)
		err = gfs_imports_write(fs->imports, ino, (uint64_t)offset, data);
	if (err)
		gfs_reply_err(req, err);
	else
		fuse_reply_write(req, size);
}

/* ---- fallocate, fsync ---- */

static int punch(struct gfs_edit *e, const struct gfs_file_target *t, uint64_t offset, uint64_t length)
{
	static const uint8_t zeros[65536];
	struct gfs_prop_info info;
	int err = gfs_prop_stat(e->graph, t->entity, t->key, &info);
	uint64_t end = offset < info.size ? (length < info.size - offset ? offset + length : info.size) : offset;
	for (uint64_t at = offset; !err && at < end;) {
		uint64_t n = end - at < sizeof zeros ? end - at : sizeof zeros;
		err = gfs_prop_write(e->tx, t->entity, t->key, at, gfs_slice(zeros, n));
		at += n;
	}
	return err;
}

/* Space is taken when it is written, so that reserving it only sets the size. */
static int allocate(struct gfs_edit *e, const struct gfs_file_target *t, int mode, uint64_t offset, uint64_t length)
{
	struct gfs_prop_info info;
	if (t->dead || (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)))
		return GFS_ERR_NOTSUP;
	if (mode & FALLOC_FL_PUNCH_HOLE)
		return punch(e, t, offset, length);
	int err = gfs_prop_stat(e->graph, t->entity, t->key, &info);
	if (err || (mode & FALLOC_FL_KEEP_SIZE) || offset + length <= info.size)
		return err;
	return gfs_prop_truncate(e->tx, t->entity, t->key, offset + length);
}

void gfs_op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length, struct fuse_file_info *fi)
{
	struct gfs_edit e;
	struct gfs_file_target t;
	int err = is_prop(ino) ? gfs_edit_begin(&e, fs_of(req), req) : GFS_ERR_NOTSUP;
	if (!err) {
		gfs_file_target_get(e.fs->files, file_of(fi), &t);
		err = gfs_edit_end(&e, allocate(&e, &t, mode, (uint64_t)offset, (uint64_t)length), ino);
	}
	gfs_reply_err(req, err);
}

void gfs_op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	(void)ino, (void)datasync, (void)fi;
	struct gfs_fs *fs = fs_of(req);
	gfs_loop_step_aside(fs->loop);
	gfs_reply_err(req, fs->opts.read_only ? 0 : gfs_store_sync(gfs_graph_store(fs->graph)));
}
