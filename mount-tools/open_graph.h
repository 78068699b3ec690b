/* Opening a database that a daemon may just be closing. */
#ifndef GFS_MOUNT_TOOLS_OPEN_GRAPH_H
#define GFS_MOUNT_TOOLS_OPEN_GRAPH_H

#include "graph/graph.h"

/* As gfs_graph_open, but when the database is held by a graphfs that has unmounted it and writes its last checkpoint, waits for that, for
 * a minute at most. */
int gfs_open_patiently(const char *path, const struct gfs_store_opts *opts, struct gfs_graph **ret_graph,
	struct gfs_message *message) GFS_CHECK;

#endif
