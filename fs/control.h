/* What the files of /.graphfs share: control.c the tree, control_cache.c a cache layer's folder, control_stats.c the statistics,
 * view_control.c how it looks. */
#ifndef GFS_FS_CONTROL_H
#define GFS_FS_CONTROL_H

#include "fs/fs_private.h"

/* gfs_control_read for callers that hold the graph lock, which is not recursive. */
int gfs_control_text(struct gfs_fs *fs, uint64_t id, struct gfs_buf *out) GFS_CHECK;

/* Everything that is counted, in the text format of Prometheus (version 0.0.4). The graph lock is held shared. */
void gfs_control_show_stats(struct gfs_fs *fs, struct gfs_buf *out);

/* The files of each cache/LAYER. */
struct gfs_control_layer_file {
	const char *name;
	void (*show)(const struct gfs_cache_stats *stats, struct gfs_buf *out);
	/* Takes what was written, without its newline. NULL: read-only. */
	int (*store)(struct gfs_cache_budget *budget, enum gfs_cache_layer layer, struct gfs_slice text);
};
extern const struct gfs_control_layer_file gfs_control_layer_files[];
extern const size_t gfs_control_layer_file_count;

#endif
