/* What the files of fs/ share. A request comes in at ops.c, is handed to the view of its inode kind (view.h), which calls graph/, and
 * is answered by ops.c. */
#ifndef GFS_FS_FS_PRIVATE_H
#define GFS_FS_FS_PRIVATE_H

#include "base/lock.h"
#include "fs/fs.h"
#include "fs/nodeid.h"

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>
#include <stdatomic.h>
#include <sys/stat.h>

/* Practically for ever, in seconds. */
#define GFS_FS_FOREVER 1e9

struct gfs_loop;
struct gfs_exposed;
struct gfs_exprs;
struct gfs_files;
struct gfs_imports;
struct gfs_engine;
struct gfs_queries;
struct gfs_raised;
struct gfs_removed;
struct gfs_index_values;
struct gfs_json_texts;
struct gfs_retell;

struct gfs_fs {
	struct gfs_graph *graph;
	struct gfs_fs_opts opts;
	struct fuse_session *session;
	struct gfs_loop *loop;
	struct gfs_exposed *exposed;
	struct gfs_exprs *exprs;
	struct gfs_files *files;
	struct gfs_imports *imports;
	struct gfs_engine *engine;
	struct gfs_queries *queries;
	struct gfs_raised *raised;
	struct gfs_removed *removed;
	struct gfs_retell *retell;
	struct gfs_index_values *index_values;
	struct gfs_json_texts *json_texts;
	uint64_t started_ns; /* mtime of the fixed folders */
	_Atomic uint64_t requests, notifications;
	_Atomic bool
		aliases; /* a link was looked up by another name than it is listed by (relaxed: set before the reply, under the graph lock) */
	bool mounted;
	bool initialised;          /* INIT is answered; set by the handshake, before other threads start */
	_Atomic bool failure_told; /* relaxed: the log has a line about the store's failure */
	double setattr_timeout;    /* how long the kernel may keep what a SETATTR answers, in seconds */
	uint32_t init_flags;       /* what the kernel offered in INIT */
};

/* ---- loop.c: who reads the session ---- */

/* One thread, the leader, reads requests and answers them itself; between requests it polls for a while before it sleeps in the kernel. A handler
 * that is about to block calls gfs_loop_step_aside first: another thread then leads. */
int gfs_loop_new(struct gfs_fs *fs, struct gfs_loop **ret_loop) GFS_CHECK;
void gfs_loop_free(struct gfs_loop *loop);
int gfs_loop_handshake(struct gfs_loop *loop) GFS_CHECK;
int gfs_loop_run(struct gfs_loop *loop) GFS_CHECK;
void gfs_loop_stop(struct gfs_loop *loop); /* async-signal-safe */
/* Idempotent within a request; does nothing in a thread that does not lead. False, and the thread still leads, when no other can: it must not wait
 * for what another request does then. */
bool gfs_loop_step_aside(struct gfs_loop *loop);

/* ---- exposed.c: which inodes the kernel was ever told of ---- */

int gfs_exposed_new(struct gfs_exposed **ret_exposed) GFS_CHECK;
void gfs_exposed_free(struct gfs_exposed *exposed);
/* Called with the graph lock held (so that a later change sees it), before the reply. Also remembers that the reply may still be on its way. */
void gfs_exposed_add(struct gfs_exposed *exposed, uint64_t nodeid);
bool gfs_exposed_has(struct gfs_exposed *exposed, uint64_t nodeid);
/* The kernel has sent a FORGET: it did make an inode from every reply it took. Not fresh any more, until the next reply. */
void gfs_exposed_forgotten(struct gfs_exposed *exposed, uint64_t nodeid);
/* True when an entry for it was replied so lately that the kernel may not have made its inode yet. */
bool gfs_exposed_is_fresh(struct gfs_exposed *exposed, uint64_t nodeid);
/* The kernel keeps one listing of a folder, whoever asked for it, under the mtime that the last of those had who began to read one. When two read at once
 * and the folder changes in between, what the first was answered before the change is kept under the mtime of after it. So, while a folder is
 * hot - changed by another name than its own, after a listing that may still be on its way - every answer with its attributes has an mtime of
 * its own (heat nanoseconds on top) and is not cached: no listing is then taken for good. Folders of label expressions are always hot.
 * Called with the graph lock held, before the listing's reply. */
void gfs_exposed_listed(struct gfs_exposed *exposed, uint64_t folder);
/* Before the kernel is told. */
void gfs_exposed_changed(struct gfs_exposed *exposed, uint64_t folder);
/* 0: not hot; else a number of at most a million that none of the last million answers was. */
uint32_t gfs_exposed_heat(struct gfs_exposed *exposed, uint64_t folder);
/* Calls `each` with every inode that was exposed, without generations, with no lock held. */
void gfs_exposed_each(struct gfs_exposed *exposed, void (*each)(void *context, uint64_t nodeid), void *context);
uint64_t gfs_exposed_bytes(struct gfs_exposed *exposed);

/* ---- notify.c: kernel-cache coherence ---- */

/* Tells the kernel of everything in `changes`, with no lock held, before the change is replied to. `by_kernel`: an inode whose listing or
 * attributes the kernel itself has just changed (the request's parent), 0 for none. */
void gfs_notify_changes(struct gfs_fs *fs, const struct gfs_changes *changes, uint64_t by_kernel);
/* One inode: attributes only, or attributes and contents. */
void gfs_notify_attr(struct gfs_fs *fs, uint64_t nodeid);
void gfs_notify_contents(struct gfs_fs *fs, uint64_t nodeid);
/* A property file was changed by this nodeid: when the property is gone, the other inodes that still show it. */
void gfs_notify_dead(struct gfs_fs *fs, uint64_t nodeid);

/* ---- control.c: /.graphfs ---- */

/* Control inodes: id is an index into a fixed tree; 0 is the folder /.graphfs itself. */
bool gfs_control_is_dir(uint64_t id);
/* GFS_ERR_NOTFOUND. */
int gfs_control_lookup(uint64_t dir_id, const char *name, uint64_t *ret_id) GFS_CHECK;
/* The first child of dir_id with index >= from; GFS_ERR_NOTFOUND past the last. */
int gfs_control_next(uint64_t dir_id, uint64_t from, uint64_t *ret_id, const char **ret_name) GFS_CHECK;
/* Permission bits: 0444 or 0644 (owner only writes), 0555 for folders. */
unsigned gfs_control_mode(uint64_t id);
/* Appends the whole contents. */
int gfs_control_read(struct gfs_fs *fs, uint64_t id, struct gfs_buf *out) GFS_CHECK;
/* What was written by one write(2). GFS_ERR_INVALID for a value it does not take, GFS_ERR_ACCESS for a file that takes none. May block: steps aside. */
int gfs_control_write(struct gfs_fs *fs, uint64_t id, struct gfs_slice text) GFS_CHECK;

#endif
