/* What bulk.c (rows) and bulk_finish.c (chains and adjacency of what was gathered) share. */
#ifndef GFS_GRAPH_BULK_PRIVATE_H
#define GFS_GRAPH_BULK_PRIVATE_H

#include "graph/graph_private.h"

/* When a logged transaction has gathered so many ends they are written; the sort takes twice as much memory again. */
#define GFS_PENDING_MAX ((size_t)1 << 16)

/* One end of a relationship as a triple: node, direction and type in the first word, by which the ends of a node come together. */
static inline struct gfs_triple gfs_pending_end(
	uint64_t node, enum gfs_direction dir, uint16_t type, uint64_t other, uint64_t rel)
{
	return (struct gfs_triple){ { gfs_adj_at(node, dir, type), other, rel } };
}

/* Enters the key of a node of a transaction that remembers them. GFS_ERR_EXISTS. */
int gfs_bulk_enter_key(struct gfs_tx *tx, struct gfs_slice key, uint64_t node) GFS_CHECK;
/* Notes for undo how much is pending. */
int gfs_pending_note(struct gfs_tx *tx) GFS_CHECK;

#endif
