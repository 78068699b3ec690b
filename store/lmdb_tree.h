/* Reading LMDB's file without believing it. LMDB 0.9 trusts every offset, size, flag and page number that it finds, so that one flipped bit can
 * crash the process. This module reads the same B+ trees and checks whatever it uses; and it checks what LMDB itself is about to use for a change.
 *
 * The form (LMDB 0.9, 64 bits, little-endian; lmdb.h and mdb.c describe it). Pages 0 and 1 are meta pages: the header, then magic, version, address,
 * map size, the trees `free` and `main`, the last page, the transaction. A tree: 48 bytes, of which pad, flags, depth, root matter. A page: number 8, pad 2,
 * flags 2, lower 2, upper 2 (overflow pages: 4 bytes, how many pages), then offsets of nodes, 2 each, up to `lower`; nodes lie from `upper` on. A node: low 2, high 2,
 * flags 2, key size 2, key; a leaf's value (or, with flag BIG, the number of its overflow pages), whose size is low and high; a branch's child is
 * low, high and flags.
 *
 * A page is sound if and only if
 *   L1  its number is its own and below the snapshot's page count, and exactly one of the flags branch and leaf is set, no other but dirty;
 *   L2  16 + 2 x nodes = lower <= upper <= page size, a branch has at least two nodes;
 *   L3  every node lies between upper and the page's end, with its key and its value, and starts at an even offset;
 *   L4  children and overflow pages are page numbers from 2 to the page count; an overflow run begins with a page of flag overflow and its own number,
 *       counts as many pages as the value needs, and ends before the page count.
 * A tree is as deep as it says, at most GFS_LMDB_DEPTH_MAX. */
#ifndef GFS_STORE_LMDB_TREE_H
#define GFS_STORE_LMDB_TREE_H

#include "base/bytes.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GFS_LMDB_DEPTH_MAX 32u
#define GFS_LMDB_TREE_BYTES 48u

/* What is read: the mapped file as far as it exists. */
struct gfs_lmdb_file {
	const uint8_t *map;
	uint64_t bytes;
	uint32_t page_bytes;
};

struct gfs_lmdb_tree {
	uint64_t root; /* GFS_LMDB_NO_PAGE: empty */
	uint16_t depth;
	uint16_t flags;
};
#define GFS_LMDB_NO_PAGE UINT64_MAX

/* One committed state. */
struct gfs_lmdb_snapshot {
	struct gfs_lmdb_file file;
	uint64_t transaction;
	uint64_t page_count;
	struct gfs_lmdb_tree free, main;
};

/* The meta pages, before LMDB opens the file: `bytes` are the file's first GFS_LMDB_METAS_BYTES_MAX, or all. Both must be meta pages and agree in page size,
 * and the one that LMDB goes by, of the later transaction, must be sound. The other may be anything: LMDB, when it cannot write a meta page, puts the
 * transaction there back, but not the trees. GFS_ERR_NOTDB: it is none of LMDB's; GFS_ERR_CORRUPT. */
#define GFS_LMDB_METAS_BYTES_MAX (UINT64_C(2) << 16)
int gfs_lmdb_metas_check(struct gfs_slice bytes) GFS_CHECK;
/* The state of `transaction`, whose pages are kept for the caller by a reader of LMDB's. GFS_ERR_AGAIN: its meta page has been written over (two later commits):
 * renew. GFS_ERR_CORRUPT. */
int gfs_lmdb_snapshot_open(
	const struct gfs_lmdb_file *file, uint64_t transaction, struct gfs_lmdb_snapshot *ret_snapshot) GFS_CHECK;
/* A named tree. GFS_ERR_NOTFOUND, GFS_ERR_CORRUPT. */
int gfs_lmdb_tree_open(
	const struct gfs_lmdb_snapshot *snapshot, struct gfs_slice name, struct gfs_lmdb_tree *ret_tree) GFS_CHECK;

/* The value lies in the map. GFS_ERR_NOTFOUND, GFS_ERR_CORRUPT. */
int gfs_lmdb_tree_get(const struct gfs_lmdb_snapshot *snapshot, const struct gfs_lmdb_tree *tree, struct gfs_slice key,
	struct gfs_slice *ret_value) GFS_CHECK;

/* A place in a tree. */
struct gfs_lmdb_place {
	const struct gfs_lmdb_snapshot *snapshot; /* borrowed */
	const struct gfs_lmdb_tree *tree;         /* borrowed */
	unsigned depth;                           /* 0: nowhere */
	struct {
		uint64_t page;
		unsigned at;
	} steps[GFS_LMDB_DEPTH_MAX];
};
/* The first entry with a key >= `key` (empty: of all). GFS_ERR_NOTFOUND: there is none; `prev` then goes to the last of all. */
int gfs_lmdb_place_seek(struct gfs_lmdb_place *place, struct gfs_slice key, struct gfs_slice *ret_key,
	struct gfs_slice *ret_value) GFS_CHECK;
/* GFS_ERR_NOTFOUND at the end leaves the place as it was; before a seek too. */
int gfs_lmdb_place_next(struct gfs_lmdb_place *place, struct gfs_slice *ret_key, struct gfs_slice *ret_value) GFS_CHECK;
int gfs_lmdb_place_prev(struct gfs_lmdb_place *place, struct gfs_slice *ret_key, struct gfs_slice *ret_value) GFS_CHECK;

/* ---- before LMDB changes something ---- */

/* Which pages were found sound (L1 to L4), a bit a page. */
struct gfs_lmdb_sound {
	uint64_t *bits; /* owned */
	uint64_t count;
	uint64_t free_pages; /* in the lists that gfs_lmdb_free_check has read */
};
int gfs_lmdb_sound_init(struct gfs_lmdb_sound *sound, const struct gfs_lmdb_snapshot *snapshot) GFS_CHECK;
void gfs_lmdb_sound_release(struct gfs_lmdb_sound *sound);
/* The pages that putting or deleting `key` may make LMDB look at: the path to it and the two neighbours on each side of every step, which it may merge with; and
 * the overflow pages of its value. `key` empty: the path to the last entry. GFS_ERR_CORRUPT. */
int gfs_lmdb_path_check(const struct gfs_lmdb_snapshot *snapshot, const struct gfs_lmdb_tree *tree,
	struct gfs_slice key, struct gfs_lmdb_sound *sound) GFS_CHECK;
/* The whole tree of free pages: pages, and that every list strictly falls and names pages from 2 to the page count. */
int gfs_lmdb_free_check(const struct gfs_lmdb_snapshot *snapshot, struct gfs_lmdb_sound *sound) GFS_CHECK;

#endif
