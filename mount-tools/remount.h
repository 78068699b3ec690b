/* mount -o remount: changes flags and settings of a mount that is there. */
#ifndef GFS_MOUNT_TOOLS_REMOUNT_H
#define GFS_MOUNT_TOOLS_REMOUNT_H

#include "mount-tools/mount_options.h"

/* `mountpoint` as gfs_mountpoint_resolve gives it. Flags that are not named stay as they are, and so do settings other than wal, wal_interval
 * and cache. GFS_ERR_INVALID when no graphfs is mounted there, GFS_ERR_READONLY for rw when the database was opened read-only,
 * GFS_ERR_PERM. */
int gfs_remount(const char *mountpoint, const struct gfs_mount_options *options, struct gfs_message *message) GFS_CHECK;

#endif
