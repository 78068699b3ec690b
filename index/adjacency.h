/* Adjacency: node -> its relationships by direction and type, contiguous and sorted by (other node, relationship), with degrees and the
 * time of each folder's last change at hand. The on-disk truth is the relationship records and their chains; this index is kept in
 * the same transaction and can be rebuilt from them.
 *
 * Form (adj_private.h has the bytes). Sixteen nodes with neighbouring ids share one row of KV table ADJ: what folders there are, their counts,
 * flags and times, and their entries, each as the difference to the one before. What is too much for the row goes to blocks, the folder
 * with the most entries first, and stays there until it has none. Blocks have at most GFS_ADJ_BLOCK_MAX entries and lie under keys (node,
 * direction, type, last other, last relationship): the key is the block's inclusive upper bound, the last block's is all ones, so the
 * block that must hold an entry is the first with a key >= it.
 *
 * Callers hold the graph lock: shared to look, exclusive to change. */
#ifndef GFS_INDEX_ADJACENCY_H
#define GFS_INDEX_ADJACENCY_H

#include "base/error.h"
#include "store/store.h"

#include <stdbool.h>

struct gfs_adj;
struct gfs_cache;

#define GFS_ADJ_BLOCK_MAX 192u

enum gfs_direction { GFS_OUT = 0, GFS_IN = 1 };

struct gfs_adj_entry {
	uint64_t other;
	uint64_t rel;
};

struct gfs_adj_type {
	uint16_t type;
	bool made;         /* shown though empty: a folder made by mkdir */
	uint64_t count;    /* relationships */
	uint64_t mtime_ns; /* of the folder out/TYPE or in/TYPE */
};

/* The adjacency of a store. `cache`: the index layer's, where decoded parts are kept (adj_view.h); NULL: nowhere. Both outlive it. */
int gfs_adj_open(struct gfs_store *store, struct gfs_cache *cache, struct gfs_adj **ret_adj) GFS_CHECK;
void gfs_adj_free(struct gfs_adj *adj); /* NULL is fine */

/* Adds or removes one relationship at one end. The folder's time becomes the transaction's; when the type appears or vanishes, so does the
 * direction's own time. GFS_ERR_EXISTS, GFS_ERR_NOTFOUND. */
int gfs_adj_add(struct gfs_txn *txn, struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint16_t type,
	struct gfs_adj_entry entry) GFS_CHECK;
int gfs_adj_remove(struct gfs_txn *txn, struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint16_t type,
	struct gfs_adj_entry entry) GFS_CHECK;
/* Many at once, sorted by (at, other, rel): the bulk path. The entries are not in the index yet. */
struct gfs_adj_bulk_entry {
	uint64_t at; /* gfs_adj_at */
	struct gfs_adj_entry entry;
};
static inline uint64_t gfs_adj_at(uint64_t node, enum gfs_direction dir, uint16_t type)
{
	return node << 17 | (uint64_t)dir << 16 | type;
}
static inline uint64_t gfs_adj_at_node(uint64_t at)
{
	return at >> 17;
}
static inline enum gfs_direction gfs_adj_at_dir(uint64_t at)
{
	return at >> 16 & 1 ? GFS_IN : GFS_OUT;
}
int gfs_adj_add_sorted(
	struct gfs_txn *txn, struct gfs_adj *adj, const struct gfs_adj_bulk_entry *entries, size_t count) GFS_CHECK;
/* The flag of an empty folder. Clearing it makes an empty folder vanish. */
int gfs_adj_set_made(struct gfs_txn *txn, struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint16_t type,
	bool made) GFS_CHECK;
/* Removes what is left of a node that has no relationship in `dir` (made folders go with it). GFS_ERR_NOTEMPTY. */
int gfs_adj_forget(struct gfs_txn *txn, struct gfs_adj *adj, uint64_t node, enum gfs_direction dir) GFS_CHECK;

/* The types of a direction, ascending by type id, those with count 0 only when made. At most `max` with type >= from. */
int gfs_adj_types(struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint16_t from, struct gfs_adj_type *types,
	size_t max, size_t *ret_count) GFS_CHECK;
/* One type: count 0, made false, mtime 0 when the node has none. */
int gfs_adj_type(
	struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint16_t type, struct gfs_adj_type *ret_type) GFS_CHECK;
/* When the listing of types itself changed last; 0: never. */
int gfs_adj_mtime(struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint64_t *ret_mtime_ns) GFS_CHECK;

/* Up to `max` entries >= from in (other, rel) order; *ret_count 0 at the end. */
int gfs_adj_list(struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint16_t type, struct gfs_adj_entry from,
	struct gfs_adj_entry *entries, size_t max, size_t *ret_count) GFS_CHECK;
/* The relationships of one pair: up to `max`, ascending by id. *ret_count: how many there are in all (may exceed max). */
int gfs_adj_pair(struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint16_t type, uint64_t other,
	uint64_t *rels, size_t max, size_t *ret_count) GFS_CHECK;

/* For fsck: verifies form, order and counts of the group that a node is in. GFS_ERR_CORRUPT with the message. */
int gfs_adj_check(struct gfs_store *store, uint64_t node, struct gfs_message *message) GFS_CHECK;
/* For fsck: the node that a key of table ADJ belongs to, or the first of a group; false: it is no such key. */
bool gfs_adj_key_node(struct gfs_slice key, uint64_t *ret_node, bool *ret_is_group);

#endif
