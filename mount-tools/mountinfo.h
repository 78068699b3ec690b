/* /proc/PID/mountinfo: what is mounted where. */
#ifndef GFS_MOUNT_TOOLS_MOUNTINFO_H
#define GFS_MOUNT_TOOLS_MOUNTINFO_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

#define GFS_MOUNTINFO_TYPE "fuse.graphfs"

/* One line; texts are without the kernel's escapes and belong to it. */
struct gfs_mountinfo {
	const char *point, *options, *type, *source, *super_options;
	char *line; /* owned */
};
void gfs_mountinfo_release(struct gfs_mountinfo *info);

/* The topmost mount on `point` (an absolute path without links) as this process sees it. GFS_ERR_NOTFOUND, GFS_ERR_IO. */
int gfs_mountinfo_find(const char *point, struct gfs_mountinfo *ret_info) GFS_CHECK;
/* Whether process `pid` sees `source` mounted as a graphfs. GFS_ERR_NOTFOUND when there is no such process. */
int gfs_mountinfo_has_source(pid_t pid, const char *source, bool *ret_has) GFS_CHECK;

#endif
