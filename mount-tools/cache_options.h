/* The mount options of single cache layers:
 *
 *   cache_LAYER=SIZE|off     its limit, or none at all (page, object, index, query)
 *   cache_LAYER_policy=NAME  how it chooses what to evict
 *   cache_policy=NAME        the same for all layers
 *   cache_warm=on|off        whether the pages that are cached at the end are read again at the next start */
#ifndef GFS_MOUNT_TOOLS_CACHE_OPTIONS_H
#define GFS_MOUNT_TOOLS_CACHE_OPTIONS_H

#include "mount-tools/mount_options.h"

/* Takes one. GFS_ERR_NOTFOUND when it is none of these; GFS_ERR_INVALID, and what it must be instead. */
int gfs_cache_options_take(
	struct gfs_mount_options *options, struct gfs_slice name, struct gfs_slice text, const char **ret_wanted) GFS_CHECK;

/* For a remount: calls `set` with each file below /.graphfs that the options given change, and what it takes. Stops at an error. */
int gfs_cache_options_apply(const struct gfs_mount_options *options,
	int (*set)(void *context, const char *file, const char *text), void *context) GFS_CHECK;

#endif
