/* Which nodes the saved queries return: what lies in /query/NAME/nodes. A listing takes many requests and a look-up of each name follows, so the nodes
 * of the GFS_QUERIES_KEPT queries used last are kept, until something in the graph has changed.
 *
 * One mutex (a leaf), not held while a statement runs. */
#ifndef GFS_FS_QUERIES_H
#define GFS_FS_QUERIES_H

#include "fs/fs_private.h"

#define GFS_QUERIES_KEPT 16u

struct gfs_queries;
struct gfs_query_nodes;

int gfs_queries_new(struct gfs_queries **ret_queries) GFS_CHECK;
void gfs_queries_free(struct gfs_queries *queries); /* NULL is fine */
/* The nodes in any column of the rows that query `number` returns; to be given back. Unless `go_on`, those of the graph as it is now. Runs the query: call it
 * without a lock; it steps aside. GFS_ERR_STALE: there is no such query; a query without a text returns no nodes; one that fails is logged. */
int gfs_queries_nodes(
	struct gfs_fs *fs, fuse_req_t req, uint16_t number, bool go_on, struct gfs_query_nodes **ret_nodes) GFS_CHECK;
void gfs_queries_put(struct gfs_queries *queries, struct gfs_query_nodes *nodes);

bool gfs_query_nodes_have(const struct gfs_query_nodes *nodes, uint64_t id);
/* The smallest id >= from; false: there is none. */
bool gfs_query_nodes_next(const struct gfs_query_nodes *nodes, uint64_t from, uint64_t *ret_id);

#endif
