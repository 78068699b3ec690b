/* Going to the background without losing the truth: the parent ends with 0 only after the child said that it is ready. */
#ifndef GFS_MOUNT_TOOLS_DAEMON_H
#define GFS_MOUNT_TOOLS_DAEMON_H

#include "base/error.h"

#include <stdbool.h>

struct gfs_daemon {
	bool foreground;
	int report_fd; /* the pipe to the waiting parent, -1 without one */
};

/* Call before any thread is started. Forks, unless in the foreground, and returns in the child, a session leader; the parent waits and then
 * ends the process with 0, or with `failure_status` after the child's message on stderr. */
int gfs_daemon_start(
	struct gfs_daemon *daemon, bool foreground, int failure_status, struct gfs_message *message) GFS_CHECK;

/* The service works: detaches from folder and terminal, turns the log to syslog, and lets the parent go. GFS_ERR_INTERRUPTED when the
 * parent is gone: whoever started it has given up. */
int gfs_daemon_ready(struct gfs_daemon *daemon) GFS_CHECK;

/* It does not work, or ended badly: tells whoever listens, the parent, the terminal or the log. */
void gfs_daemon_failed(struct gfs_daemon *daemon, const struct gfs_message *message);

#endif
