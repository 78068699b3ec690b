/* Rows of the property indexes, and what prop_index.c (definitions) and prop_entry.c share. docs/format.md has the same tables.
 *
 *   definition: key  0 2 zero  2 2 index id (big-endian)
 *   value  0 2 label  2 2 key  4 1 state  5 1 flags: 1 unique  6 2 zero  8 8 next  16 8 entries  24 8 time of the last change
 *          32 8, 8 nodes in conflict  48 512 registers of the estimate of distinct values  560 .. name
 *   entry: key  0 2 index id (big-endian)  2 .. value  .. 6 node (big-endian)   value  nothing */
#ifndef GFS_INDEX_PROP_PRIVATE_H
#define GFS_INDEX_PROP_PRIVATE_H

#include "index/prop_index.h"

enum { GFS_PROP_ID_BYTES = 2, GFS_PROP_NODE_BYTES = 6 };
#define GFS_PROP_KEY_BYTES_MAX (GFS_PROP_ID_BYTES + GFS_PROP_VALUE_BYTES_MAX + GFS_PROP_NODE_BYTES)
static_assert(GFS_PROP_KEY_BYTES_MAX <= GFS_KV_KEY_BYTES_MAX, "an entry is a key of the key-value store");

/* Notes for undo, then adds `delta` to the entries and sets the time of the last change. */
int gfs_prop_index_count(struct gfs_txn *txn, struct gfs_prop_indexes *indexes, uint16_t id, int delta) GFS_CHECK;
/* All counts and estimates become 0. */
int gfs_prop_indexes_reset(struct gfs_txn *txn, struct gfs_prop_indexes *indexes) GFS_CHECK;
/* Changes nothing that must be undone. */
void gfs_prop_index_note_value(struct gfs_prop_indexes *indexes, uint16_t id, struct gfs_slice value);

#endif
