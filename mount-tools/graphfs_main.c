/* graphfs SOURCE MOUNTPOINT: the daemon, and what mount(8) runs for fuse.graphfs. */
#include "base/log.h"
#include "mount-tools/recover_mount.h"
#include "mount-tools/remount.h"
#include "mount-tools/serve.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As mount(8) has them. */
enum { STATUS_USAGE = 1, STATUS_FAILED = 32 };

static const char help[] =
	"Usage: graphfs SOURCE MOUNTPOINT [-f] [-d] [-o OPTION[,OPTION...]]\n"
	"Mounts the graph database in the folder SOURCE on the folder MOUNTPOINT.\n"
	"\n"
	"  -f           stay in the foreground, messages to stderr\n"
	"  -d           the same, and print every request\n"
	"  -o OPTIONS   options, later ones win (see below)\n"
	"  --sloppy     ignore options that nobody knows\n"
	"  --help       show this and exit\n"
	"  --version    show the version and exit\n"
	"\n"
	"  wal=async|group|sync     when a change is on the disk: soon (default), in batches before the call returns, each before it returns\n"
	"  wal_interval=MS          async: how often the log is flushed (10)\n"
	"  cache=SIZE               memory for all caches (a quarter of the memory, at most 1G)\n"
	"  cache_LAYER=SIZE|off     of that for page, object, index or query (a fixed share)\n"
	"  cache_LAYER_policy=s3fifo|lru|clock   what goes when a layer is full; cache_policy= for all layers (s3fifo)\n"
	"  cache_warm=on            at the end, note which pages are cached, and read those at the next start\n"
	"  checkpoint_interval=S    seconds between checkpoints (30; 0: never by time)\n"
	"  checkpoint_log=SIZE      log that makes a checkpoint due (64M)\n"
	"  load_csv=DIR             LOAD CSV reads files below it (none)\n"
	"  ro, rw                   read-only, or not (default)\n"
	"  uid=N, gid=N             owner of the fixed folders (yours)\n"
	"  allow_other              let other users in, as far as modes allow\n"
	"  threads=N, poll_us=N     threads that serve (8), and how long one polls before it sleeps (50)\n"
	"  remount                  change ro, rw, noexec, noatime, wal, wal_interval or the caches of a mount that is there\n"
	"  noexec, noatime, nodiratime, sync, dirsync, nosymfollow   as mount(8) has them; nosuid and nodev always hold\n";

struct arguments {
	struct gfs_mount_options options;
	const char *source, *mountpoint;
	bool foreground, debug;
};

static int complain(const struct gfs_message *message)
{
	(void)fprintf(stderr, "graphfs: %s\n", message->text);
	return STATUS_FAILED;
}

static int usage(const char *what)
{
	(void)fprintf(stderr, "graphfs: %s\nTry 'graphfs --help'.\n", what);
	return STATUS_USAGE;
}

static int print(const char *text)
{
	return fputs(text, stdout) < 0 || fflush(stdout) != 0 ? STATUS_USAGE : 0;
}

static const struct option long_options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ "sloppy", no_argument, NULL, 'S' },
	{ NULL, 0, NULL, 0 },
};

/* -1: go on; otherwise the exit status. */
static int parse_flag(int flag, struct arguments *a)
{
	struct gfs_message message;
	switch (flag) {
	case 'f':
		a->foreground = true;
		return -1;
	case 'd':
		a->foreground = a->debug = true;
		return -1;
	case 'o':
		if (gfs_mount_options_parse(&a->options, optarg, &message) == 0)
			return -1;
		(void)complain(&message);
		return STATUS_USAGE;
	case 'S':
		a->options.sloppy = true;
		return -1;
	case 'h':
		return print(help);
	case 'V':
		return print("graphfs " GFS_VERSION "\n");
	default:
		(void)fputs("Try 'graphfs --help'.\n", stderr);
		return STATUS_USAGE;
	}
}

static int parse(int argc, char **argv, struct arguments *a)
{
	struct gfs_message message;
	int flag, status = -1;
	gfs_mount_options_init(&a->options);
	while (status < 0 && (flag = getopt_long(argc, argv, "fdo:hV", long_options, NULL)) != -1)
		status = parse_flag(flag, a);
	if (status >= 0)
		return status;
	if (argc - optind != 2)
		return usage(argc - optind < 2 ? "a database and a mount point are needed" : "too many arguments");
	a->source = argv[optind];
	a->mountpoint = argv[optind + 1];
	if (gfs_mount_options_finish(&a->options, &message) != 0) {
		(void)complain(&message);
		return STATUS_USAGE;
	}
	return -1;
}

/* Over the database's own folder the mount would hide what it is made from. */
static bool is_inside(const char *path, const char *folder)
{
	size_t size = strlen(folder);
	return strncmp(path, folder, size) == 0 && (path[size] == '\0' || path[size] == '/' || size == 1);
}

static int mount_and_serve(const struct arguments *a, const char *source, const char *mountpoint)
{
	struct gfs_daemon daemon;
	struct gfs_message message;
	struct gfs_serve_opts opts = {
		.source = source, .mountpoint = mountpoint, .mount = &a->options, .debug = a->debug
	};
	if (gfs_recover_mount(mountpoint, &message) != 0 ||
		gfs_daemon_start(&daemon, a->foreground, STATUS_FAILED, &message) != 0)
		return complain(&message);
	if (gfs_serve(&opts, &daemon, &message) == 0)
		return 0;
	gfs_daemon_failed(&daemon, &message);
	return STATUS_FAILED;
}

int main(int argc, char **argv)
{
	struct arguments a = { 0 };
	struct gfs_message message;
	char *source = NULL, *mountpoint = NULL;
	int status = parse(argc, argv, &a);
	if (status >= 0)
		return status;
	gfs_log_open("graphfs", false, a.debug ? GFS_LOG_DEBUG : GFS_LOG_INFO);
	status = STATUS_FAILED;
	if (gfs_mountpoint_resolve(a.mountpoint, &mountpoint, &message) != 0) {
		(void)complain(&message);
	} else if (a.options.remount) {
		status = gfs_remount(mountpoint, &a.options, &message) == 0 ? 0 : complain(&message);
	} else if (!(source = realpath(a.source, NULL))) {
		(void)fprintf(stderr, "graphfs: %s: %s\n", a.source, strerror(errno));
	} else if (is_inside(mountpoint, source)) {
		(void)fprintf(stderr, "graphfs: %s: lies in the database %s\n", mountpoint, source);
	} else {
		status = mount_and_serve(&a, source, mountpoint);
	}
	free(source);
	free(mountpoint);
	return status;
}
