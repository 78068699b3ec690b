/* Mount points, before anything is mounted on them. */
#ifndef GFS_MOUNT_TOOLS_RECOVER_MOUNT_H
#define GFS_MOUNT_TOOLS_RECOVER_MOUNT_H

#include "base/error.h"

/* The absolute path of the folder `mountpoint`, without links, to be freed by the caller. Works for one whose daemon is gone ("Transport
 * endpoint is not connected"). GFS_ERR_NOTFOUND, GFS_ERR_NOTDIR, GFS_ERR_ACCESS, GFS_ERR_NOMEM. */
int gfs_mountpoint_resolve(const char *mountpoint, char **ret_path, struct gfs_message *message) GFS_CHECK;

/* Takes away graphfs mounts on `path` whose daemon is gone, with a line on stderr. GFS_ERR_PERM when the dead mount is of another
 * filesystem or may not be unmounted. */
int gfs_recover_mount(const char *path, struct gfs_message *message) GFS_CHECK;

#endif
