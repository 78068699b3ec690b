/* What follows -o: one comma list, read left to right, later wins. */
#ifndef GFS_MOUNT_TOOLS_MOUNT_OPTIONS_H
#define GFS_MOUNT_TOOLS_MOUNT_OPTIONS_H

#include "fs/fs.h"

#include <stdbool.h>

struct gfs_mount_options {
	struct gfs_store_opts store;
	struct gfs_fs_opts fs;
	unsigned long set, clear; /* flags of mount(2) that were asked for, or asked away; never both */
	bool allow_other;
	bool remount;
	bool cache_warm;
	bool sloppy;    /* set by the caller: options that nobody knows are ignored, as mount(8)'s -s wants */
	bool rel_index; /* gfs_graph_set_rel_index */
	bool wal_mode_given, wal_interval_given, cache_given, rel_index_given; /* what a remount can still change */
	struct {
		bool limit, policy;
	} layers_given[GFS_CACHE_LAYERS]; /* the same, of the caches' layers */
	char kernel_only[32]; /* an option that only the kernel's own list has, so that only a remount may bring it */
};

/* The defaults: the caller's uid and gid. */
void gfs_mount_options_init(struct gfs_mount_options *options);

/* Reads one list; may be called again for a further -o. GFS_ERR_INVALID, with a message that names the option. */
int gfs_mount_options_parse(struct gfs_mount_options *options, const char *list, struct gfs_message *message) GFS_CHECK;
/* Once all lists are read: what depends on several options. GFS_ERR_INVALID. */
int gfs_mount_options_finish(struct gfs_mount_options *options, struct gfs_message *message) GFS_CHECK;

/* Adds what libfuse must know to `args`. */
int gfs_mount_options_args(
	const struct gfs_mount_options *options, const char *source, struct fuse_args *args) GFS_CHECK;

/* The text of enum gfs_wal_mode. */
const char *gfs_mount_options_wal_mode(enum gfs_wal_mode mode);

/* The flags of mount(2) in a list of the kernel's (/proc/self/mountinfo). */
unsigned long gfs_mount_options_flags(const char *list);

#endif
