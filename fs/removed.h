/* Folders that were removed and can come back under the same nodeid: labels/L, rels/T, index/L, query/NAME with its nodes/, and what rmdir(2) takes of a node's own folders. The kernel marks the
 * inode of a removed folder as dead, and finds that inode again by its nodeid as long as somebody is in there. So such a folder comes back
 * with another generation number, and the kernel makes a new inode for it.
 *
 * One mutex (GFS_RANK_FS_EXPOSED). */
#ifndef GFS_FS_REMOVED_H
#define GFS_FS_REMOVED_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct gfs_graph;
struct gfs_removed;

int gfs_removed_new(struct gfs_removed **ret_removed) GFS_CHECK;
void gfs_removed_free(struct gfs_removed *removed); /* NULL is fine */
/* True for the kinds of folders that this is about. */
bool gfs_removed_applies(uint64_t nodeid);
/* After the commit and before the reply. Takes the graph lock, shared, now and then: folders of nodes that are gone are forgotten. When memory fails the
 * folder keeps its generation. */
void gfs_removed_add(struct gfs_removed *removed, struct gfs_graph *graph, uint64_t nodeid);
/* How often it was removed. */
uint64_t gfs_removed_generation(struct gfs_removed *removed, uint64_t nodeid);

#endif
