/* The FUSE side of graphfs: turns kernel requests into calls of graph/, and changes of the graph into notifications of the kernel.
 * The only folder that knows FUSE or errno. */
#ifndef GFS_FS_FS_H
#define GFS_FS_FS_H

#include "graph/graph.h"

#include <stdbool.h>

struct gfs_fs;
struct fuse_args;

/* With its NUL. */
#define GFS_LOAD_CSV_PATH_MAX 4096u

/* Sticky or not: what setuid and setgid would mean on a folder of nodes is not defined. */
#define GFS_FS_MODE_MAX 01777u
#define GFS_FS_MODE_DEFAULT 0755u

struct gfs_fs_opts {
	uint32_t uid, gid; /* owner of the fixed folders */
	uint32_t mode;     /* of /nodes, /labels, /rels and the folders of labels and types; others have theirs */
	bool read_only;
	unsigned threads;                     /* 0: 8 */
	char load_csv[GFS_LOAD_CSV_PATH_MAX]; /* the folder that LOAD CSV reads below; empty: it is off */
	unsigned poll_us;                     /* how long the reader polls after a request before it sleeps; UINT_MAX: 50 */
};

/* Makes the file system for an open graph (borrowed). `args`: libfuse's own options (fsname= and so on). */
int gfs_fs_new(struct gfs_graph *graph, const struct gfs_fs_opts *opts, struct fuse_args *args, struct gfs_fs **ret_fs,
	struct gfs_message *message) GFS_CHECK;
/* Mounts. From here on requests queue up. */
int gfs_fs_mount(struct gfs_fs *fs, const char *mountpoint, struct gfs_message *message) GFS_CHECK;
/* Answers INIT: returns once the mount is usable. Starts no thread, so that a daemon may fork after it... and must then call gfs_fs_run in the
 * child. */
int gfs_fs_handshake(struct gfs_fs *fs, struct gfs_message *message) GFS_CHECK;
/* Serves until unmounted or gfs_fs_stop. */
int gfs_fs_run(struct gfs_fs *fs) GFS_CHECK;
/* Async-signal-safe. */
void gfs_fs_stop(struct gfs_fs *fs);
/* Unmounts if need be, frees. NULL is fine. */
void gfs_fs_free(struct gfs_fs *fs);

#endif
