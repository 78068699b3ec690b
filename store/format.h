/* What lies on disk: constants and layouts that docs/format.md describes. All integers little-endian unless they are part of an
 * ordered key (then big-endian). */
#ifndef GFS_STORE_FORMAT_H
#define GFS_STORE_FORMAT_H

#include <assert.h>
#include <stdint.h>

/* 2: property indexes; saved queries; a row of adjacency for sixteen nodes. 3: such rows are denser, and those of 2 are read until they change; required
 * properties. Version 1 was never released, and is not read. */
#define GFS_FORMAT_VERSION 3u
#define GFS_FORMAT_VERSION_OLDEST 2u

/* Page: 8,176 bytes as an LMDB value; with LMDB's own 16-byte header exactly two OS pages.
 *   0  8  page id
 *   8  8  LSN of the transaction that changed it last
 *  16  8  XXH3-64 of every other byte of the page
 *  24  1  kind (enum gfs_page_kind)
 *  25  7  zero
 *  32     payload */
#define GFS_PAGE_SIZE 8176u
#define GFS_PAGE_HEADER_SIZE 32u
#define GFS_PAGE_PAYLOAD_SIZE (GFS_PAGE_SIZE - GFS_PAGE_HEADER_SIZE)
static_assert(GFS_PAGE_SIZE + 16 == 2 * 4096, "a page and LMDB's header fill two OS pages");

/* Page ids: the space in the top byte, the index inside the space below. */
enum gfs_space {
	GFS_SPACE_NODE = 1, /* node records, by id */
	GFS_SPACE_REL = 2,  /* relationship records, by id */
	GFS_SPACE_HEAP = 3, /* slotted pages of property rows */
	GFS_SPACE_BLOB = 4, /* pages of values that exceed a row */
	GFS_SPACE_FSM = 5,  /* free-space map of the heap: a byte a heap page */
	GFS_SPACE_COUNT
};
enum gfs_page_kind {
	GFS_PAGE_NODES = 1,
	GFS_PAGE_RELS = 2,
	GFS_PAGE_SLOTTED = 3,
	GFS_PAGE_BLOB_ROOT = 4,
	GFS_PAGE_BLOB_INDEX = 5,
	GFS_PAGE_BLOB_DATA = 6,
	GFS_PAGE_FSM = 7,
	GFS_PAGE_FREE = 8,
};
#define GFS_PAGE_ID(space, index) ((uint64_t)(space) << 56 | (uint64_t)(index))
#define GFS_PAGE_SPACE(id) ((unsigned)((id) >> 56))
#define GFS_PAGE_INDEX(id) ((id) & ((UINT64_C(1) << 56) - 1))
/* Pages of the heap, so that a row id fits 64 bits; and of blobs: half of the 56 bits, so that sums never wrap. */
#define GFS_HEAP_PAGES_MAX (UINT64_C(1) << 51)
#define GFS_BLOB_PAGES_MAX (UINT64_C(1) << 55)

/* Node record, 80 bytes. Invariant N1: flags bit 0 set if and only if the node exists.
 *   0 1 flags  1 1 labels held inline (0 to 3; 255: they lie in the row)  2 2 mode  4 4 uid  8 4 gid
 *  12 6 inline label ids, ascending  18 2 link generation  20 2 directory generation  22 2 zero
 *  24 8 row id  32 6 first outgoing  38 6 first incoming  44 4 zero
 *  48 8 mtime  56 8 ctime  64 8 btime  72 8 time of the last change of labels   (ns since 1970) */
#define GFS_NODE_RECORD_SIZE 80u
#define GFS_NODES_PER_PAGE (GFS_PAGE_PAYLOAD_SIZE / GFS_NODE_RECORD_SIZE)

/* Relationship record, 56 bytes. Invariant R1: the chains of both ends contain it exactly once.
 *   0 1 flags  1 1 zero  2 2 type  4 6 start  10 6 end  16 6 previous of start  22 6 next of start
 *  28 6 previous of end  34 6 next of end  40 8 row id  48 8 mtime */
#define GFS_REL_RECORD_SIZE 56u
#define GFS_RELS_PER_PAGE (GFS_PAGE_PAYLOAD_SIZE / GFS_REL_RECORD_SIZE)

/* Tables of the key-value store; the number is part of the format. */
enum gfs_kv_table {
	GFS_KV_PAGES,   /* page id (8, big-endian) -> page */
	GFS_KV_META,    /* name -> value: the checkpoint's record with its counters, settings */
	GFS_KV_CATALOG, /* kind (1), id (2, big-endian) -> count, mtime, flags, name */
	GFS_KV_KEYS,    /* node key (when long: its first bytes and a hash of all of it) -> node id */
	GFS_KV_IDSETS,  /* kind (1), id (2), chunk (6) -> Roaring container set of 65,536 ids */
	GFS_KV_ADJ, /* first node of a group (6), or node (6), direction (1), type (2), last other (6), last relationship (6) -> adjacency */
	GFS_KV_FREE, /* kind (1), id (6) -> one zero byte: a freed id */
	GFS_KV_PROPS, /* index id (2), value, node (6) -> nothing: an entry; zero (2), index id (2) -> a property index's definition */
	GFS_KV_TABLE_COUNT
};
#define GFS_KV_KEY_BYTES_MAX 511u

#endif
