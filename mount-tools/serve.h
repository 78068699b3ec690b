/* The daemon's life between its start and its end. */
#ifndef GFS_MOUNT_TOOLS_SERVE_H
#define GFS_MOUNT_TOOLS_SERVE_H

#include "mount-tools/daemon.h"
#include "mount-tools/mount_options.h"

struct gfs_serve_opts {
	const char *source, *mountpoint; /* absolute */
	const struct gfs_mount_options *mount;
	bool debug; /* libfuse prints every request */
};

/* Opens the database, mounts it, tells `daemon`, serves until it is unmounted or SIGTERM, SIGINT or SIGHUP comes, unmounts, closes the
 * database. Returns the first error, with a message. */
int gfs_serve(const struct gfs_serve_opts *opts, struct gfs_daemon *daemon, struct gfs_message *message) GFS_CHECK;

#endif
