/* The key index: node key -> node id, unique, in KV table KEYS. A key longer than GFS_KEYS_PLAIN_MAX bytes is stored as its first bytes and a
 * 128-bit hash of the whole; the graph layer compares the full key with the node's row after a look-up.
 * Callers hold the graph lock: shared to look, exclusive to change. */
#ifndef GFS_INDEX_KEYS_H
#define GFS_INDEX_KEYS_H

#include "base/bytes.h"
#include "base/error.h"
#include "store/store.h"

#include <stdbool.h>

#define GFS_KEYS_PLAIN_MAX 480u

/* GFS_ERR_NOTFOUND. */
int gfs_keys_find(struct gfs_store *store, struct gfs_slice key, uint64_t *ret_node) GFS_CHECK;
/* GFS_ERR_EXISTS. */
int gfs_keys_add(struct gfs_txn *txn, struct gfs_slice key, uint64_t node) GFS_CHECK;
/* As gfs_keys_add, by a caller who knows that there is no such key. */
int gfs_keys_put(struct gfs_txn *txn, struct gfs_slice key, uint64_t node) GFS_CHECK;
int gfs_keys_remove(struct gfs_txn *txn, struct gfs_slice key) GFS_CHECK;
/* Calls `each` for every entry in key order (stored form), for fsck; non-zero stops. The node of a damaged entry is GFS_ID_NONE, and such
 * entries are in no order. GFS_ERR_CORRUPT: the table cannot be read on. */
int gfs_keys_each(struct gfs_store *store, int (*each)(void *context, struct gfs_slice stored_key, uint64_t node),
	void *context) GFS_CHECK;

/* For rebuilding the index. Whether an entry of this stored form is what `key` (may be empty) makes; removes it. */
bool gfs_keys_is_form(struct gfs_slice stored_key, struct gfs_slice key);
int gfs_keys_remove_form(struct gfs_txn *txn, struct gfs_slice stored_key) GFS_CHECK;

#endif
