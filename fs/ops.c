/* Requests about names and attributes: finds the view, runs it under the right lock, answers. */
#include "fs/ops.h"

#include "base/checked.h"
#include "base/log.h"
#include "fs/cypher.h"
#include "fs/files.h"
#include "fs/imports.h"
#include "fs/removed.h"
#include "graph/index.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

/* Every change is refused from now on, so once is enough. */
static void log_failure(struct gfs_fs *fs)
{
	struct gfs_store_stats stats;
	if (atomic_exchange_explicit(&fs->failure_told, true, memory_order_relaxed))
		return;
	gfs_store_stats_get(gfs_graph_store(fs->graph), &stats);
	gfs_log(GFS_LOG_ERROR, "the store is read-only from now on: %s; unmount and mount again to recover",
		gfs_err_text(stats.failure));
}

void gfs_reply_err(fuse_req_t req, int err)
{
	int number = gfs_err_errno(err);
	if (err == GFS_ERR_FAILED)
		log_failure(fuse_req_userdata(req));
	else if (number == EIO || number == EUCLEAN || number == ENOMEM || number == EROFS || number == ENOSPC)
		gfs_log(GFS_LOG_ERROR, "request failed: %s", gfs_err_text(err));
	fuse_reply_err(req, number);
}

static struct gfs_fs *fs_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

/* See gfs_exposed_heat. */
static void add_heat(struct gfs_fs *fs, uint64_t nodeid, struct fuse_entry_param *e)
{
	enum { NS_PER_S = 1000000000 };
	long ns = e->attr.st_mtim.tv_nsec + (long)(gfs_exposed_heat(fs->exposed, nodeid) % NS_PER_S);
	if (ns == e->attr.st_mtim.tv_nsec)
		return;
	e->attr_timeout = 0;
	e->attr.st_mtim.tv_sec += ns / NS_PER_S;
	e->attr.st_mtim.tv_nsec = ns % NS_PER_S;
}

int gfs_entry_fill(struct gfs_fs *fs, uint64_t nodeid, struct fuse_entry_param *e)
{
	*e = (struct fuse_entry_param){ .ino = nodeid, .attr_timeout = GFS_FS_FOREVER, .entry_timeout = GFS_FS_FOREVER };
	const struct gfs_view *view = gfs_view_of(nodeid);
	bool computed = gfs_nodeid_is_computed(nodeid), found = gfs_nodeid_is_found(nodeid);
	int err = view->attr ? view->attr(fs, nodeid, &e->attr) : GFS_ERR_STALE;
	if (!err && !computed)
		gfs_exposed_add(fs->exposed, nodeid);
	if (!err && S_ISDIR(e->attr.st_mode)) {
		add_heat(fs, nodeid, e);
		e->generation = gfs_removed_generation(fs->removed, nodeid);
	}
	if (computed || found || gfs_nodeid_changes_itself(nodeid))
		e->attr_timeout = 0;
	if (computed || found)
		e->entry_timeout = 0;
	return err;
}

void gfs_entry_refill(struct gfs_fs *fs, uint64_t nodeid, struct fuse_entry_param *entry)
{
	struct fuse_entry_param now;
	if (!gfs_store_commit_blocks(gfs_graph_store(fs->graph)))
		return;
	gfs_graph_read_begin(fs->graph);
	if (gfs_entry_fill(fs, nodeid, &now) == 0)
		*entry = now;
	else
		entry->attr_timeout = 0; /* gone meanwhile: the kernel shall ask, and hear so */
	gfs_graph_read_end(fs->graph);
}

int gfs_edit_begin(struct gfs_edit *e, struct gfs_fs *fs, fuse_req_t req)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	*e = (struct gfs_edit){ .fs = fs, .graph = fs->graph, .req = req, .uid = ctx->uid, .gid = ctx->gid };
	return fs->opts.read_only ? GFS_ERR_READONLY : gfs_tx_begin(fs->graph, &e->tx);
}

int gfs_edit_end(struct gfs_edit *e, int err, uint64_t by_kernel)
{
	struct gfs_fs *fs = e->fs;
	struct gfs_changes changes = { 0 };
	uint64_t lsn = 0;
	if (!err)
		err = gfs_tx_check(e->tx);
	if (err == GFS_ERR_UNIQUE || err == GFS_ERR_REQUIRED) {
		struct gfs_message message;
		gfs_index_explain(e->tx, &message);
		gfs_log(GFS_LOG_WARNING, "%s", message.text);
	}
	if (err) {
		gfs_tx_abort(e->tx);
		return err;
	}
	err = gfs_tx_commit(e->tx, &lsn, &changes);
	if (err)
		return err;
	struct gfs_store *store = gfs_graph_store(fs->graph);
	if (gfs_store_commit_blocks(store)) {
		gfs_loop_step_aside(fs->loop);
		err = gfs_store_commit_wait(store, lsn);
	}
	gfs_notify_changes(fs, &changes, by_kernel);
	gfs_changes_release(&changes);
	return err;
}

/* ---- reading ---- */

/* "." and "..": how an exporting NFS server finds its way from a handle. */
static int lookup_dots(struct gfs_fs *fs, uint64_t nodeid, bool up, uint64_t *ret_nodeid)
{
	struct gfs_nodeid n = gfs_nodeid_unpack(nodeid);
	struct gfs_node_record record;
	struct gfs_rel_record rel;
	struct gfs_index_info index;
	int err = 0;
	*ret_nodeid = nodeid;
	if (!up)
		return 0;
	switch (n.kind) {
	case GFS_INODE_NODE:
		*ret_nodeid = gfs_nodeid_static(GFS_STATIC_NODES);
		break;
	case GFS_INODE_NODE_LABELS:
	case GFS_INODE_NODE_OUT:
	case GFS_INODE_NODE_IN:
		err = gfs_node_get(fs->graph, n.id, &record);
		*ret_nodeid = err ? 0 : gfs_view_nodeid_of_node(n.id, &record);
		break;
	case GFS_INODE_OUT_TYPE:
		*ret_nodeid = gfs_nodeid_pack(GFS_INODE_NODE_OUT, 0, 0, n.id);
		break;
	case GFS_INODE_IN_TYPE:
		*ret_nodeid = gfs_nodeid_pack(GFS_INODE_NODE_IN, 0, 0, n.id);
		break;
	case GFS_INODE_OUT_RELS:
		*ret_nodeid = gfs_nodeid_pack(GFS_INODE_OUT_TYPE, 0, n.sub, n.id);
		break;
	case GFS_INODE_IN_RELS:
		*ret_nodeid = gfs_nodeid_pack(GFS_INODE_IN_TYPE, 0, n.sub, n.id);
		break;
	case GFS_INODE_LABEL:
	case GFS_INODE_EXPR:
		*ret_nodeid = gfs_nodeid_static(GFS_STATIC_LABELS);
		break;
	case GFS_INODE_INDEX:
		*ret_nodeid = n.id != 0 ? gfs_nodeid_pack(n.kind, 0, n.sub, 0) : gfs_nodeid_static(GFS_STATIC_INDEX);
		break;
	case GFS_INODE_INDEX_VALUE:
		err = gfs_index_get(fs->graph, n.sub, &index);
		*ret_nodeid = err ? 0 : gfs_nodeid_pack(GFS_INODE_INDEX, 0, index.label, index.id);
		break;
	case GFS_INODE_TYPE:
		*ret_nodeid = gfs_nodeid_static(GFS_STATIC_RELS);
		break;
	case GFS_INODE_QUERY:
		*ret_nodeid = gfs_nodeid_static(GFS_STATIC_QUERY);
		break;
	case GFS_INODE_QUERY_NODES:
		*ret_nodeid = gfs_nodeid_pack(GFS_INODE_QUERY, 0, n.sub, 0);
		break;
	case GFS_INODE_REL:
		err = gfs_rel_get(fs->graph, n.id, &rel);
		*ret_nodeid = err ? 0 : gfs_nodeid_pack(GFS_INODE_TYPE, 0, rel.type, 0);
		break;
	default:
		*ret_nodeid = gfs_nodeid_static(GFS_STATIC_ROOT);
		break;
	}
	return err == GFS_ERR_NOTFOUND ? GFS_ERR_STALE : err;
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int lookup(struct gfs_fs *fs, uint64_t parent, const char *name, uint64_t *ret_child)
{
	const struct gfs_view *view = gfs_view_of(parent);
	if (strlen(name) > GFS_COMPONENT_BYTES_MAX) /* the kernel lets 1,024 bytes through */
		return GFS_ERR_NAMETOOLONG;
	if (is_dots(name))
		return lookup_dots(fs, parent, name[1] == '.', ret_child);
	return view->lookup ? view->lookup(fs, parent, name, ret_child) : GFS_ERR_NOTDIR;
}

/* What is found without the graph. */
static bool finds_alone(uint64_t parent, const char *name)
{
	return parent == gfs_nodeid_static(GFS_STATIC_ROOT) ? strcmp(name, GFS_CONTROL_NAME) == 0
														: !gfs_view_needs_graph(parent);
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct gfs_fs *fs = fs_of(req);
	const struct gfs_view *view = gfs_view_of(parent);
	struct fuse_entry_param e;
	uint64_t child;
	bool runs = view->running_lookup && !is_dots(name), alone = !is_dots(name) && finds_alone(parent, name);
	int err = runs ? view->running_lookup(fs, req, parent, name, &child) : 0;
	if (alone)
		err = lookup(fs, parent, name, &child);
	bool held = !alone || (!err && gfs_view_needs_graph(child));
	if (held)
		gfs_graph_read_begin(fs->graph);
	if (!runs && !alone)
		err = lookup(fs, parent, name, &child);
	if (!err)
		err = gfs_entry_fill(fs, child, &e);
	if (held)
		gfs_graph_read_end(fs->graph);
	if (err)
		gfs_reply_err(req, err);
	else
		fuse_reply_entry(req, &e);
}

/* A FORGET need not mean that the kernel has dropped its inode: a look-up that led to another inode than the name had is taken back alone, while the
 * inode that it led to may live. Whether it does, the kernel says when it is told of. */
static void forget(struct gfs_fs *fs, uint64_t nodeid)
{
	enum gfs_inode_kind kind = gfs_nodeid_unpack(nodeid).kind;
	bool prop = kind == GFS_INODE_NODE_PROP || kind == GFS_INODE_REL_PROP;
	bool fresh = prop && gfs_exposed_is_fresh(fs->exposed, nodeid); /* asked before: it may be about to be made */
	gfs_exposed_forgotten(fs->exposed, nodeid);
	if (prop && gfs_files_is_bound(fs->files, nodeid) &&
		fuse_lowlevel_notify_inval_inode(fs->session, nodeid, -1, 0) == -ENOENT)
		gfs_files_forget(fs->files, nodeid, fresh);
}

static void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count)
{
	(void)count;
	forget(fs_of(req), ino);
	fuse_reply_none(req);
}

static void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	for (size_t i = 0; i < count; i++)
		forget(fs_of(req), forgets[i].ino);
	fuse_reply_none(req);
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)fi;
	struct gfs_fs *fs = fs_of(req);
	struct fuse_entry_param e;
	bool held = gfs_view_needs_graph(ino);
	if (held)
		gfs_graph_read_begin(fs->graph);
	int err = gfs_entry_fill(fs, ino, &e);
	if (held)
		gfs_graph_read_end(fs->graph);
	if (err)
		gfs_reply_err(req, err);
	else
		fuse_reply_attr(req, &e.attr, e.attr_timeout);
}

static void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct gfs_fs *fs = fs_of(req);
	const struct gfs_view *view = gfs_view_of(ino);
	GFS_AUTO_BUF target = GFS_BUF_INIT;
	gfs_graph_read_begin(fs->graph);
	int err = view->readlink ? view->readlink(fs, ino, &target) : GFS_ERR_INVALID;
	gfs_graph_read_end(fs->graph);
	gfs_buf_append_u8(&target, 0);
	if (!err)
		err = gfs_buf_failed(&target);
	if (err)
		gfs_reply_err(req, err);
	else
		fuse_reply_readlink(req, (const char *)target.data);
}

static size_t add_plain(struct gfs_lister *l, const char *name, uint64_t nodeid, mode_t type, off_t cookie)
{
	struct stat st = { .st_ino = gfs_nodeid_ino(nodeid), .st_mode = type };
	return fuse_add_direntry(l->req, l->data + l->used, l->size - l->used, name, &st, cookie);
}

static size_t add_plus(struct gfs_lister *l, const char *name, uint64_t nodeid, mode_t type, off_t cookie)
{
	struct fuse_entry_param e;
	size_t need = fuse_add_direntry_plus(l->req, NULL, 0, name, NULL, 0);
	if (need > l->size - l->used)
		return need;
	if (gfs_nodeid_is_found(nodeid) ||
		gfs_entry_fill(l->fs, nodeid, &e) != 0) { /* no attributes: the kernel asks when it needs them */
		e = (struct fuse_entry_param){ 0 };
		e.attr.st_ino = gfs_nodeid_ino(nodeid);
		e.attr.st_mode = type;
	}
	return fuse_add_direntry_plus(l->req, l->data + l->used, l->size - l->used, name, &e, cookie);
}

bool gfs_lister_add(struct gfs_lister *l, const char *name, uint64_t nodeid, mode_t type, uint64_t cookie)
{
	off_t offset = (off_t)(cookie + GFS_COOKIE_BASE);
	size_t n = l->plus ? add_plus(l, name, nodeid, type, offset) : add_plain(l, name, nodeid, type, offset);
	if (n > l->size - l->used)
		return false;
	l->used += n;
	return true;
}

/* "." and "..", which the kernel knows by itself: names only. */
static void add_dots(struct gfs_lister *l, uint64_t dir, off_t offset)
{
	static const char *const dots[] = { ".", ".." };
	for (off_t i = offset; i < 2; i++) {
		struct fuse_entry_param e = { .attr = { .st_ino = gfs_nodeid_ino(dir), .st_mode = S_IFDIR } };
		size_t left = l->size - l->used;
		size_t n = l->plus ? fuse_add_direntry_plus(l->req, l->data + l->used, left, dots[i], &e, i + 1)
						   : add_plain(l, dots[i], dir, S_IFDIR, i + 1);
		if (n <= left)
			l->used += n;
	}
}

static void list(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, bool plus)
{
	struct gfs_fs *fs = fs_of(req);
	const struct gfs_view *view = gfs_view_of(ino);
	struct gfs_lister l = { .fs = fs, .req = req, .plus = plus, .size = size };
	int err = GFS_ERR_NOTDIR;
	l.from = offset > GFS_COOKIE_BASE ? (uint64_t)offset - GFS_COOKIE_BASE : 0;
	l.data = malloc(size);
	if (!l.data) {
		gfs_reply_err(req, GFS_ERR_NOMEM);
		return;
	}
	if (view->running_list) {
		add_dots(&l, ino, offset);
		err = view->running_list(&l, ino);
	} else if (view->list) {
		add_dots(&l, ino, offset);
		gfs_graph_read_begin(fs->graph);
		err = view->list(&l, ino);
		if (!gfs_nodeid_is_computed(ino))
			gfs_exposed_listed(fs->exposed, ino);
		gfs_graph_read_end(fs->graph);
	}
	if (err)
		gfs_reply_err(req, err);
	else
		fuse_reply_buf(req, l.data, l.used);
	free(l.data);
}

static void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
	(void)fi;
	list(req, ino, size, offset, false);
}

static void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
	(void)fi;
	list(req, ino, size, offset, true);
}

/* ENOSYS: the kernel opens directories by itself from now on, and keeps their listings. */
static void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino, (void)fi;
	fuse_reply_err(req, ENOSYS);
}

static void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	(void)ino;
	struct gfs_fs *fs = fs_of(req);
	struct gfs_store_stats s;
	struct gfs_store *store = gfs_graph_store(fs->graph);
	gfs_store_stats_get(store, &s);
	gfs_graph_read_begin(fs->graph);
	uint64_t used = gfs_store_counter(store, GFS_COUNTER_NODES) + gfs_store_counter(store, GFS_COUNTER_RELS) +
		gfs_store_counter(store, GFS_COUNTER_PROPERTIES);
	gfs_graph_read_end(fs->graph);
	/* Blocks: what the database takes and what its filesystem has left. Inodes: nodes, relationships and properties there are, and how many fit the free
	 * space at 256 bytes each. */
	struct statvfs st = {
		.f_bsize = 4096,
		.f_frsize = 4096,
		.f_blocks = (s.disk_bytes + s.free_bytes) / 4096,
		.f_bfree = s.free_bytes / 4096,
		.f_bavail = s.free_bytes / 4096,
		.f_files = used + s.free_bytes / 256,
		.f_ffree = s.free_bytes / 256,
		.f_favail = s.free_bytes / 256,
		.f_namemax = GFS_COMPONENT_BYTES_MAX,
	};
	fuse_reply_statfs(req, &st);
}

/* ---- changing ---- */

/* Ends the edit and answers with the new entry. `child` is read here, after the argument `err` was worked out. */
static void reply_new(struct gfs_edit *e, int err, uint64_t parent, const uint64_t *child)
{
	struct fuse_entry_param entry;
	fuse_req_t req = e->req;
	if (!err)
		err = gfs_entry_fill(e->fs, *child, &entry);
	err = gfs_edit_end(e, err, parent);
	if (!err)
		err = gfs_view_index_await(e->fs, req, *child);
	if (err) {
		gfs_reply_err(req, err);
		return;
	}
	gfs_entry_refill(e->fs, *child, &entry);
	fuse_reply_entry(req, &entry);
}

static void reply_done(struct gfs_edit *e, int err, uint64_t by_kernel)
{
	fuse_req_t req = e->req;
	gfs_reply_err(req, gfs_edit_end(e, err, by_kernel));
}

static void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	const struct gfs_view *view = gfs_view_of(parent);
	struct gfs_edit e;
	uint64_t child = 0;
	int err = gfs_edit_begin(&e, fs_of(req), req);
	if (err)
		gfs_reply_err(req, err);
	else
		reply_new(&e, view->mkdir ? view->mkdir(&e, parent, name, mode, &child) : GFS_ERR_PERM, parent, &child);
}

static void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t device)
{
	(void)device;
	const struct gfs_view *view = gfs_view_of(parent);
	struct gfs_edit e;
	uint64_t child = 0;
	int err = S_ISREG(mode) ? gfs_edit_begin(&e, fs_of(req), req) : GFS_ERR_PERM;
	if (err)
		gfs_reply_err(req, err);
	else
		reply_new(&e, view->create ? view->create(&e, parent, name, mode, &child) : GFS_ERR_PERM, parent, &child);
}

static void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	const struct gfs_view *view = gfs_view_of(parent);
	struct gfs_edit e;
	uint64_t child = 0;
	int err = gfs_edit_begin(&e, fs_of(req), req);
	if (err)
		gfs_reply_err(req, err);
	else
		reply_new(&e, view->symlink ? view->symlink(&e, parent, name, target, &child) : GFS_ERR_PERM, parent, &child);
}

static void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	const struct gfs_view *view = gfs_view_of(parent);
	struct gfs_edit e;
	int err = gfs_edit_begin(&e, fs_of(req), req);
	if (err)
		gfs_reply_err(req, err);
	else
		reply_done(&e, view->unlink ? view->unlink(&e, parent, name) : GFS_ERR_PERM, parent);
}

static void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	const struct gfs_view *view = gfs_view_of(parent);
	struct gfs_fs *fs = fs_of(req);
	struct gfs_edit e;
	uint64_t child = 0;
	int err = gfs_edit_begin(&e, fs, req);
	if (err) {
		gfs_reply_err(req, err);
		return;
	}
	if (!view->rmdir)
		err = GFS_ERR_PERM;
	if (!err)
		err = lookup(fs, parent, name, &child);
	if (!err)
		err = view->rmdir(&e, parent, name);
	err = gfs_edit_end(&e, err, parent);
	if (!err && gfs_removed_applies(child))
		gfs_removed_add(fs->removed, fs->graph, child);
	gfs_reply_err(req, err);
}

/* Hard links: a name is what an inode is, so there is never a second. */
static void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
	(void)ino, (void)parent, (void)name;
	gfs_reply_err(req, GFS_ERR_PERM);
}

/* A node takes another key. A node of that name that is empty is replaced, as rename(2) does with empty directories. */
static int rename_node(struct gfs_edit *e, const char *from, const char *to, unsigned flags)
{
	GFS_AUTO_BUF memory = GFS_BUF_INIT;
	struct gfs_name_read read;
	uint64_t id, there;
	bool empty;
	if (flags & RENAME_EXCHANGE)
		return GFS_ERR_INVALID;
	int err = gfs_view_find_node(e->graph, from, &id);
	if (!err)
		err = gfs_name_read(to, false, &memory, &read);
	if (!err && read.id != 0)
		err = GFS_ERR_INVALID;
	if (err)
		return err;
	if (gfs_node_find(e->graph, read.name, &there) == 0 && there != id) {
		if (flags & RENAME_NOREPLACE)
			return GFS_ERR_EXISTS;
		err = gfs_node_is_empty(e->graph, there, &empty);
		if (!err && !empty)
			err = GFS_ERR_NOTEMPTY;
		if (!err)
			err = gfs_node_delete(e->tx, there, false);
	}
	return err ? err : gfs_node_set_key(e->tx, id, read.name, true);
}

static int rename_in(
	struct gfs_edit *e, uint64_t parent, const char *name, uint64_t new_parent, const char *new_name, unsigned flags)
{
	struct gfs_entity from, to;
	if (flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE))
		return GFS_ERR_INVALID;
	if (parent == new_parent && parent == gfs_nodeid_static(GFS_STATIC_NODES))
		return rename_node(e, name, new_name, flags);
	if (parent == new_parent && parent == gfs_nodeid_static(GFS_STATIC_IMPORT))
		return gfs_imports_rename(e->fs->imports, name, new_name);
	if (parent == new_parent && parent == gfs_nodeid_static(GFS_STATIC_QUERY))
		return gfs_view_query_rename(e, name, new_name, flags);
	if (gfs_view_entity(parent, &from) && gfs_view_entity(new_parent, &to))
		return gfs_props_rename(e, from, name, to, new_name, flags);
	/* A link is its two ends: mv falls back to making the new one and removing the old. */
	return parent != new_parent ? GFS_ERR_XDEV : GFS_ERR_PERM;
}

static void op_rename(
	fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent, const char *new_name, unsigned flags)
{
	struct gfs_edit e;
	int err = gfs_edit_begin(&e, fs_of(req), req);
	if (err)
		gfs_reply_err(req, err);
	else
		reply_done(&e, rename_in(&e, parent, name, new_parent, new_name, flags), 0);
}

static void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int to_set, struct fuse_file_info *fi)
{
	(void)fi;
	const struct gfs_view *view = gfs_view_of(ino);
	struct fuse_entry_param entry;
	struct gfs_edit e;
	int err = gfs_edit_begin(&e, fs_of(req), req);
	if (err) {
		gfs_reply_err(req, err);
		return;
	}
	err = view->setattr ? view->setattr(&e, ino, st, to_set) : GFS_ERR_PERM;
	if (!err)
		err = gfs_entry_fill(e.fs, ino, &entry);
	err = gfs_edit_end(&e, err, ino);
	if (to_set & FUSE_SET_ATTR_SIZE)
		gfs_notify_dead(e.fs, ino);
	if (err)
		gfs_reply_err(req, err);
	else
		fuse_reply_attr(req, &entry.attr, GFS_MIN(entry.attr_timeout, e.fs->setattr_timeout));
}

/* Kernels before 6.16 take the attributes of a SETATTR reply even when they were told since that they changed: there they must ask again. */
#define MINOR_SETATTR_VERSIONED 44u

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	struct gfs_fs *fs = userdata;
	fs->setattr_timeout = conn->proto_minor >= MINOR_SETATTR_VERSIONED ? GFS_FS_FOREVER : 0;
	unsigned wanted = FUSE_CAP_CACHE_SYMLINKS | FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_ASYNC_READ |
		FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_AUTO_INVAL_DATA | FUSE_CAP_EXPORT_SUPPORT | FUSE_CAP_NO_OPENDIR_SUPPORT |
		FUSE_CAP_PARALLEL_DIROPS;
	conn->want |= conn->capable & wanted;
	conn->want &= ~(unsigned)(FUSE_CAP_WRITEBACK_CACHE | FUSE_CAP_HANDLE_KILLPRIV);
	conn->max_write = GFS_CYPHER_WRITE_BYTES_MAX;
	conn->max_readahead = 1u << 20;
}

const struct fuse_lowlevel_ops gfs_ops = {
	.init = op_init,
	.lookup = op_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.getattr = op_getattr,
	.setattr = op_setattr,
	.readlink = op_readlink,
	.mknod = op_mknod,
	.mkdir = op_mkdir,
	.unlink = op_unlink,
	.rmdir = op_rmdir,
	.symlink = op_symlink,
	.rename = op_rename,
	.link = op_link,
	.open = gfs_op_open,
	.create = gfs_op_create,
	.read = gfs_op_read,
	.write = gfs_op_write,
	.flush = gfs_op_flush,
	.release = gfs_op_release,
	.fallocate = gfs_op_fallocate,
	.fsync = gfs_op_fsync,
	.fsyncdir = gfs_op_fsync,
	.opendir = op_opendir,
	.readdir = op_readdir,
	.readdirplus = op_readdirplus,
	.statfs = op_statfs,
	.setxattr = gfs_op_setxattr,
	.getxattr = gfs_op_getxattr,
	.listxattr = gfs_op_listxattr,
	.removexattr = gfs_op_removexattr,
};
