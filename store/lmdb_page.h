/* What lmdb_tree.c and lmdb_check.c share: pages and nodes of LMDB's file, found sound as far as they were looked at. */
#ifndef GFS_STORE_LMDB_PAGE_H
#define GFS_STORE_LMDB_PAGE_H

#include "store/lmdb_tree.h"

enum { GFS_LMDB_META_PAGES = 2, GFS_LMDB_PAGE_HEAD = 16, GFS_LMDB_NODE_HEAD = 8 };
enum { GFS_LMDB_PAGE_FLAGS = 10, GFS_LMDB_PAGE_LOWER = 12, GFS_LMDB_PAGE_UPPER = 14 };
/* Flags of pages, then of nodes. */
enum { GFS_LMDB_BRANCH = 1, GFS_LMDB_LEAF = 2, GFS_LMDB_OVERFLOW = 4, GFS_LMDB_META = 8, GFS_LMDB_DIRTY = 16 };
enum { GFS_LMDB_BIG = 1, GFS_LMDB_SUBTREE = 2 };

struct gfs_lmdb_page {
	const uint8_t *data;
	uint64_t number;
	unsigned bytes, upper, count;
	bool leaf;
};

struct gfs_lmdb_node {
	struct gfs_slice key;
	unsigned flags;      /* of a leaf's */
	const uint8_t *data; /* the value, or the number of its overflow page */
	size_t size;         /* of the value */
	uint64_t child;      /* of a branch's */
};

/* L1 and L2. */
int gfs_lmdb_page_get(
	const struct gfs_lmdb_snapshot *snapshot, uint64_t number, bool leaf, struct gfs_lmdb_page *ret_page) GFS_CHECK;
/* L3 of one node. */
int gfs_lmdb_page_node(const struct gfs_lmdb_page *page, unsigned i, struct gfs_lmdb_node *ret_node) GFS_CHECK;
/* Of a leaf: the first node with a key >= `key`, page->count when there is none. Of a branch: the node whose child has that key's place. */
int gfs_lmdb_page_seek(
	const struct gfs_lmdb_page *page, struct gfs_slice key, unsigned *ret_at, bool *ret_equal) GFS_CHECK;
int gfs_lmdb_page_child(const struct gfs_lmdb_snapshot *snapshot, const struct gfs_lmdb_page *page, unsigned i,
	bool leaf, struct gfs_lmdb_page *ret_page) GFS_CHECK;
/* L4 of a leaf's node. */
int gfs_lmdb_node_value(
	const struct gfs_lmdb_snapshot *snapshot, const struct gfs_lmdb_node *node, struct gfs_slice *ret_value) GFS_CHECK;
/* GFS_ERR_NOTFOUND. */
int gfs_lmdb_find(const struct gfs_lmdb_snapshot *snapshot, const struct gfs_lmdb_tree *tree, struct gfs_slice key,
	struct gfs_lmdb_node *ret_node) GFS_CHECK;

#endif
