#include "mount-tools/serve.h"

#include "base/clock.h"
#include "base/log.h"
#include "mount-tools/open_graph.h"
#include "mount-tools/privileges.h"
#include "mount-tools/seal.h"

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- opening ---- */

static int open_graph(const struct gfs_serve_opts *opts, struct gfs_graph **ret_graph, struct gfs_message *message)
{
	int err = gfs_open_patiently(opts->source, &opts->mount->store, ret_graph, message);
	if (err && !strstr(message->text, opts->source)) {
		struct gfs_message why = *message;
		err = gfs_fail(message, err, "%s: %s", opts->source, why.text);
	}
	if (!err && message->text[0] != '\0')
		gfs_log(GFS_LOG_WARNING, "%s", message->text);
	return err;
}

/* ---- mounting ---- */

static void log_libfuse(enum fuse_log_level level, const char *format, va_list args)
{
	char text[512];
	(void)vsnprintf(text, sizeof text, format, args); /* a longer one is cut */
	text[strcspn(text, "\n")] = '\0';
	gfs_log(level <= FUSE_LOG_ERR ? GFS_LOG_ERROR : level <= FUSE_LOG_INFO ? GFS_LOG_INFO : GFS_LOG_DEBUG, "%s", text);
}

static int make_fs(
	const struct gfs_serve_opts *opts, struct gfs_graph *graph, struct gfs_fs **ret_fs, struct gfs_message *message)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	int err = fuse_opt_add_arg(&args, "graphfs") == 0 ? 0 : GFS_ERR_NOMEM;
	if (!err)
		err = gfs_mount_options_args(opts->mount, opts->source, &args);
	if (!err && opts->debug)
		err = fuse_opt_add_arg(&args, "-d") == 0 ? 0 : GFS_ERR_NOMEM;
	err = err ? gfs_fail(message, err, "%s", gfs_err_text(err))
			  : gfs_fs_new(graph, &opts->mount->fs, &args, ret_fs, message);
	fuse_opt_free_args(&args);
	return err;
}

static int mount_fs(const struct gfs_serve_opts *opts, struct gfs_fs *fs, struct gfs_message *message)
{
	int err = gfs_privileges_admin(true);
	if (!err)
		err = gfs_fs_mount(fs, opts->mountpoint, message);
	int lowered = gfs_privileges_admin(false);
	if (!err && lowered)
		err = gfs_fail(message, lowered, "cannot give privileges up: %s", gfs_err_text(lowered));
	if (err && opts->mount->allow_other && geteuid() != 0)
		err = gfs_fail(message, err,
			"%s: cannot mount: for allow_other by users, /etc/fuse.conf must have the line user_allow_other",
			opts->mountpoint);
	return err;
}

/* ---- warming the cache ---- */

static void warm(const struct gfs_serve_opts *opts, struct gfs_graph *graph)
{
	int err = gfs_store_warm(gfs_graph_store(graph));
	if (err && err != GFS_ERR_NOTFOUND)
		gfs_log(GFS_LOG_WARNING, "%s: the cache is not warmed: %s", opts->source, gfs_err_text(err));
}

static void warm_save(const struct gfs_serve_opts *opts, struct gfs_graph *graph)
{
	int err = opts->mount->store.read_only ? 0 : gfs_store_warm_save(gfs_graph_store(graph));
	if (err)
		gfs_log(GFS_LOG_WARNING, "%s: which pages are cached could not be noted: %s", opts->source, gfs_err_text(err));
}

static void unmount(struct gfs_fs *fs)
{
	int err = gfs_privileges_admin(true);
	if (err)
		gfs_log(GFS_LOG_WARNING, "no privilege to unmount: %s", gfs_err_text(err));
	gfs_fs_free(fs);
}

/* ---- signals: blocked in every thread but one, which waits for them ---- */

struct waiter {
	pthread_t thread;
	struct gfs_fs *fs;
	_Atomic bool over; /* sequentially consistent: set before the waiter is woken for the last time */
};

static sigset_t ending_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	return set;
}

static void *wait_for_signals(void *argument)
{
	struct waiter *w = argument;
	sigset_t set = ending_signals();
	int number = 0;
	while (sigwait(&set, &number) != 0)
		;
	if (!w->over) {
		gfs_log(GFS_LOG_INFO, "ending for %s", strsignal(number));
		gfs_fs_stop(w->fs);
	}
	return NULL;
}

static int run(struct gfs_fs *fs)
{
	struct waiter w = { .fs = fs };
	if (pthread_create(&w.thread, NULL, wait_for_signals, &w) != 0)
		return GFS_ERR_NOMEM;
	int err = gfs_fs_run(fs);
	w.over = true;
	(void)kill(getpid(),
		SIGTERM); /* blocked in all threads: it wakes the waiter, or stays pending when that has ended before */
	(void)pthread_join(w.thread, NULL); /* joinable, joined once */
	return err;
}

/* ---- all of it ---- */

static int prepare(struct gfs_message *message)
{
	sigset_t set = ending_signals();
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL); /* a valid set */
	(void)signal(SIGPIPE, SIG_IGN);               /* a valid signal */
	(void)umask(0); /* nodes have the mode that was asked for; the database's own files name theirs */
	int err = gfs_privileges_limit();
	return err ? gfs_fail(message, err, "cannot give privileges up: %s", gfs_err_text(err)) : 0;
}

static int start(
	const struct gfs_serve_opts *opts, struct gfs_fs *fs, struct gfs_daemon *daemon, struct gfs_message *message)
{
	int err = mount_fs(opts, fs, message);
	if (!err)
		err = gfs_fs_handshake(fs, message);
	if (err)
		return err;
	err = gfs_daemon_ready(daemon);
	if (err)
		return gfs_fail(message, err, "cannot go to the background: %s", gfs_err_text(err));
	err = gfs_seal();
	if (err)
		gfs_log(GFS_LOG_WARNING, "no seccomp filter: %s", gfs_err_text(err));
	fuse_set_log_func(log_libfuse);
	gfs_log(GFS_LOG_INFO, "%s is mounted on %s", opts->source, opts->mountpoint);
	return 0;
}

int gfs_serve(const struct gfs_serve_opts *opts, struct gfs_daemon *daemon, struct gfs_message *message)
{
	struct gfs_graph *graph = NULL;
	struct gfs_fs *fs = NULL;
	int err = prepare(message);
	if (!err)
		err = open_graph(opts, &graph, message);
	if (err)
		return err;
	gfs_graph_set_rel_index(graph, opts->mount->rel_index);
	err = make_fs(opts, graph, &fs, message);
	if (!err)
		err = start(opts, fs, daemon, message);
	if (!err && opts->mount->cache_warm)
		warm(opts, graph);
	if (!err) {
		err = run(fs);
		if (err)
			err = gfs_fail(message, err, "%s: serving failed: %s", opts->mountpoint, gfs_err_text(err));
	}
	unmount(fs);
	if (!err && opts->mount->cache_warm)
		warm_save(opts, graph);
	int closed = gfs_graph_close(graph);
	if (!err && closed)
		err = gfs_fail(message, closed, "%s: closing failed: %s", opts->source, gfs_err_text(closed));
	return err;
}
