#include "base/checked.h"
#include "base/clock.h"
#include "base/log.h"
#include "fs/exprs.h"
#include "fs/files.h"
#include "fs/imports.h"
#include "fs/index_values.h"
#include "fs/json_text.h"
#include "fs/ops.h"
#include "fs/queries.h"
#include "fs/raised.h"
#include "fs/removed.h"
#include "fs/retell.h"
#include "query/query.h"

#include <inttypes.h>
#include <stdlib.h>

static void graph_changed(void *context, const struct gfs_changes *changes)
{
	gfs_notify_changes(context, changes, 0);
}

/* Of a slow statement, in the log. */
#define SLOW_TEXT_BYTES ((size_t)1000)

/* The daemon's log is the slow-query log. */
static void log_slow(void *context, struct gfs_slice text, uint64_t ms)
{
	(void)context;
	gfs_log(GFS_LOG_WARNING, "a statement took %" PRIu64 " ms: %.*s", ms, (int)GFS_MIN(text.size, SLOW_TEXT_BYTES),
		(const char *)text.data);
}

static int new_engine(struct gfs_fs *fs)
{
	const struct gfs_engine_opts opts = {
		.slow = log_slow,
		.load_csv_folder = fs->opts.load_csv[0] != '\0' ? fs->opts.load_csv : NULL,
	};
	return gfs_engine_new(fs->graph, &opts, &fs->engine);
}

int gfs_fs_new(struct gfs_graph *graph, const struct gfs_fs_opts *opts, struct fuse_args *args, struct gfs_fs **ret_fs,
	struct gfs_message *message)
{
	struct gfs_fs *fs = calloc(1, sizeof *fs);
	if (!fs)
		return gfs_fail(message, GFS_ERR_NOMEM, "out of memory");
	fs->graph = graph;
	fs->opts = *opts;
	fs->started_ns = gfs_clock_real_ns();
	int err = gfs_loop_new(fs, &fs->loop);
	if (!err)
		err = gfs_exposed_new(&fs->exposed);
	if (!err)
		err = gfs_exprs_new(&fs->exprs);
	if (!err)
		err = new_engine(fs);
	if (!err)
		err = gfs_queries_new(&fs->queries);
	if (!err)
		err = gfs_files_new(&fs->files);
	if (!err)
		err = gfs_imports_new(gfs_graph_store(graph), &fs->imports);
	if (!err)
		err = gfs_raised_new(&fs->raised);
	if (!err)
		err = gfs_removed_new(&fs->removed);
	if (!err)
		err = gfs_index_values_new(&fs->index_values);
	if (!err)
		err = gfs_json_texts_new(&fs->json_texts);
	if (!err)
		err = gfs_retell_new(fs, &fs->retell);
	if (!err) {
		fs->session = fuse_session_new(args, &gfs_ops, sizeof gfs_ops, fs);
		err = fs->session ? 0 : GFS_ERR_INVALID;
	}
	if (err) {
		gfs_fs_free(fs);
		return gfs_fail(message, err, "cannot make a FUSE session: %s", gfs_err_text(err));
	}
	*ret_fs = fs;
	return 0;
}

int gfs_fs_mount(struct gfs_fs *fs, const char *mountpoint, struct gfs_message *message)
{
	if (fuse_session_mount(fs->session, mountpoint) != 0)
		return gfs_fail(message, GFS_ERR_IO, "%s: cannot mount", mountpoint);
	fs->mounted = true;
	return 0;
}

int gfs_fs_handshake(struct gfs_fs *fs, struct gfs_message *message)
{
	int err = gfs_loop_handshake(fs->loop);
	if (err)
		return gfs_fail(message, err, "the kernel did not start the session");
	gfs_graph_set_listener(fs->graph, graph_changed, fs);
	return 0;
}

int gfs_fs_run(struct gfs_fs *fs)
{
	int err = gfs_retell_start(fs->retell);
	if (!fs->opts.read_only)
		gfs_index_resume(fs->graph);
	return err ? err : gfs_loop_run(fs->loop);
}

void gfs_fs_stop(struct gfs_fs *fs)
{
	gfs_loop_stop(fs->loop);
}

void gfs_fs_free(struct gfs_fs *fs)
{
	if (!fs)
		return;
	gfs_graph_set_listener(fs->graph, NULL, NULL);
	gfs_retell_free(fs->retell);
	if (fs->mounted)
		fuse_session_unmount(fs->session);
	if (fs->session)
		fuse_session_destroy(fs->session);
	gfs_queries_free(fs->queries);
	gfs_engine_free(fs->engine);
	gfs_imports_free(fs->imports);
	gfs_files_free(fs->files);
	gfs_exprs_free(fs->exprs);
	gfs_raised_free(fs->raised);
	gfs_index_values_free(fs->index_values);
	gfs_json_texts_free(fs->json_texts);
	gfs_removed_free(fs->removed);
	gfs_exposed_free(fs->exposed);
	gfs_loop_free(fs->loop);
	free(fs);
}
