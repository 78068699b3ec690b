/* What the daemon may do, cut down to what it needs. */
#ifndef GFS_MOUNT_TOOLS_PRIVILEGES_H
#define GFS_MOUNT_TOOLS_PRIVILEGES_H

#include "base/error.h"

#include <stdbool.h>

/* Call before any thread is started, since each thread has its own. No core files, no ptrace. As root: no new privileges, and no
 * capabilities but CAP_DAC_OVERRIDE (the database's folder may be another user's) and, set aside, CAP_SYS_ADMIN (to mount and to
 * unmount). Anyone else keeps the right to gain privileges, since fusermount3, which unmounts for them, is setuid. */
int gfs_privileges_limit(void) GFS_CHECK;

/* Takes CAP_SYS_ADMIN up or lays it down again, for the calling thread. Does nothing when it never was there. */
int gfs_privileges_admin(bool up) GFS_CHECK;

#endif
