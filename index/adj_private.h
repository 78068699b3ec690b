/* The rows of table ADJ. adj_code.c: entries as bytes. adj_form.c: a group's row, decoded, edited and encoded. adj_block.c: blocks. adj_list.c:
 * reading. adjacency.c: changing. adj_check.c: verifying.
 *
 * Nodes with neighbouring ids share a row, since most have few relationships, and one row costs what thirty relationships do. A side is one
 * direction of a node: number (id modulo 16) * 2 + direction. A folder is what a side has of one type.
 *
 * Group row, under the id of its first node (6, big-endian):
 *   0 1 form (GFS_ADJ_FORM)  1 8 base time: that of the first side  9 .. the sides that there are, ascending:
 *     1     bits 0 to 4 the side, bit 5 its time is the base time, bits 6 and 7 number of folders, 3: a varint of the number less 3 follows
 *     [v]   unless bit 5: its time less the base time, zigzag
 *     then its folders, ascending by type:
 *       v   (type less that of the folder before; of the first: the type) << 2 | count, when that is 1 to 3 and the flags below are 0
 *       [v] unless there is a count: count << 3 | 1 made | 2 in blocks | 4 a time of its own
 *       [v] if flagged: its time less the side's, zigzag
 *           unless it is in blocks: its entries
 * Block, under (node 6, direction 1, type 2, last other 6, last relationship 6): entries and nothing else.
 * Entry: v other less the one before; zigzag if the entry is the first of a folder or block.
 *        v relationship less the one before, zigzag; but when the other is the same, and the entry not the first, less the one before and 1.
 *   Before the first of a block: the node's own id, and 0. Of a folder: the other of the first entry, and the relationship of the last, of the
 *   nearest folder before in the row that has entries in it and the same (type * 2 + direction) modulo 16; there is none: the node's own id,
 *   and the relationship of the entry before in the row, or 0.
 * v is a varint (LEB128), zigzag makes small negative numbers small.
 * Rows of form GFS_ADJ_FORM_OLD, from databases of format 2, are read until they change: no count is in the place of the type, and before the first
 * entry of a folder are always the node's own id and the relationship of the entry before in the row, or 0.
 *
 * A group row is valid if and only if
 *   A1  there is a side, nothing follows the last one, and the form is GFS_ADJ_FORM_OLD, or GFS_ADJ_FORM and it is the encoding of what it means;
 *   A2  sides strictly ascend and have a time; types of a side strictly ascend from 1;
 *   A3  a folder has a count or is made, and is in blocks only with a count;
 *   A4  entries of a folder strictly ascend by (other, relationship), ids from 1 to GFS_ID_MAX;
 *   A5  with more than GFS_ADJ_VALUE_MAX bytes no folder has GFS_ADJ_SPILL_MIN entries in it: they are in blocks.
 * Blocks are valid if and only if
 *   A6  a block belongs to a folder that is in blocks, and has at most GFS_ADJ_BLOCK_MAX entries;
 *   A7  its entries keep A4, are above the bound of the block before and at most its own;
 *   A8  the last block of a folder has the bound all ones; any other is not empty;
 *   A9  the entries of a folder's blocks add up to its count. */
#ifndef GFS_INDEX_ADJ_PRIVATE_H
#define GFS_INDEX_ADJ_PRIVATE_H

#include "base/buf.h"
#include "base/limits.h"
#include "index/adj_view.h"

#include <assert.h>

enum {
	GFS_ADJ_FORM = 3,
	GFS_ADJ_FORM_OLD = 2,         /* read, but not written */
	GFS_ADJ_ENTRY_BYTES_MAX = 10, /* two differences of ids, each of at most 35 bits with its sign */
	GFS_ADJ_VALUE_MAX = 2000,
	GFS_ADJ_SPILL_MIN = 4, /* fewer entries take less room in a large row than in a block */
	GFS_ADJ_INLINE_MAX = GFS_ADJ_VALUE_MAX / 2,
	/* LMDB puts a larger row on overflow pages of its own; its header, key, value and the row's sum count. */
	GFS_ADJ_LMDB_ROW_MAX = 2038,
	GFS_ADJ_LMDB_ROW_HEAD_BYTES = 8,
	GFS_ADJ_ROW_SUM_BYTES = 8,
};
enum {
	GFS_ADJ_GROUP_KEY_BYTES = 6,
	GFS_ADJ_SIDE_KEY_BYTES = 7,
	GFS_ADJ_TYPE_KEY_BYTES = 9,
	GFS_ADJ_BLOCK_KEY_BYTES = 21
};
enum { GFS_ADJ_GROUP_SIDES = 2 * GFS_ADJ_GROUP_NODES };
static_assert(GFS_ADJ_GROUP_SIDES <= 32, "a side has five bits");
static_assert(2 * (GFS_ID_BITS + 1) <= GFS_ADJ_ENTRY_BYTES_MAX * 7, "an entry fits");
static_assert(GFS_ADJ_BLOCK_MAX * GFS_ADJ_ENTRY_BYTES_MAX <= GFS_ADJ_VALUE_MAX, "a block is no larger than a row");
static_assert(GFS_ADJ_VALUE_MAX + GFS_ADJ_BLOCK_KEY_BYTES + GFS_ADJ_ROW_SUM_BYTES + GFS_ADJ_LMDB_ROW_HEAD_BYTES <=
		GFS_ADJ_LMDB_ROW_MAX,
	"neither takes an overflow page");

struct gfs_adj {
	struct gfs_store *store;
	struct gfs_cache *cache; /* may be NULL */
};

#define GFS_ADJ_BOUND_MAX ((UINT64_C(1) << 48) - 1)
#define GFS_ADJ_ENTRY_LAST ((struct gfs_adj_entry){ .other = GFS_ADJ_BOUND_MAX, .rel = GFS_ADJ_BOUND_MAX })

/* ---- keys ---- */

static inline uint64_t gfs_adj_group_of(uint64_t node)
{
	return node >> GFS_ADJ_GROUP_BITS;
}
static inline unsigned gfs_adj_side_of(uint64_t node, enum gfs_direction dir)
{
	return (unsigned)(node % GFS_ADJ_GROUP_NODES) * 2 + (unsigned)dir;
}
static inline uint64_t gfs_adj_side_node(uint64_t group, unsigned side)
{
	return (group << GFS_ADJ_GROUP_BITS) + side / 2;
}
/* Before the keys of all blocks of its nodes. */
static inline void gfs_adj_group_key(uint8_t key[GFS_ADJ_GROUP_KEY_BYTES], uint64_t group)
{
	gfs_put_be48(key, group << GFS_ADJ_GROUP_BITS);
}
void gfs_adj_block_key(uint8_t key[GFS_ADJ_BLOCK_KEY_BYTES], uint64_t node, enum gfs_direction dir, uint16_t type,
	struct gfs_adj_entry bound);
static inline struct gfs_adj_entry gfs_adj_block_key_bound(const uint8_t *key)
{
	return (struct gfs_adj_entry){ .other = gfs_get_be48(key + GFS_ADJ_TYPE_KEY_BYTES),
		.rel = gfs_get_be48(key + GFS_ADJ_TYPE_KEY_BYTES + 6) };
}

/* ---- entries ---- */

static inline bool gfs_adj_entry_less(struct gfs_adj_entry a, struct gfs_adj_entry b)
{
	return a.other < b.other || (a.other == b.other && a.rel < b.rel);
}
static inline bool gfs_adj_entry_equal(struct gfs_adj_entry a, struct gfs_adj_entry b)
{
	return a.other == b.other && a.rel == b.rel;
}
static inline bool gfs_adj_entry_valid(struct gfs_adj_entry e)
{
	return e.other != GFS_ID_NONE && e.other <= GFS_ID_MAX && e.rel != GFS_ID_NONE && e.rel <= GFS_ID_MAX;
}
/* The first of `count` sorted entries that is >= entry; `count` when there is none. */
size_t gfs_adj_entries_seek(const struct gfs_adj_entry *entries, size_t count, struct gfs_adj_entry entry);
/* Merges `count` sorted entries with `more_count` sorted ones into `out`, which has room for both. GFS_ERR_EXISTS when the two share one
 * or `more` has one twice, GFS_ERR_INVALID when it descends. */
int gfs_adj_entries_merge(const struct gfs_adj_entry *entries, size_t count, const struct gfs_adj_bulk_entry *more,
	size_t more_count, struct gfs_adj_entry *out) GFS_CHECK;

/* ---- bytes (adj_code.c) ---- */

/* Reads varints; after one that is none all others are 0. */
struct gfs_adj_bytes {
	const uint8_t *at, *end;
	bool failed;
};
uint64_t gfs_adj_read_long(struct gfs_adj_bytes *bytes);
static inline uint64_t gfs_adj_read(struct gfs_adj_bytes *bytes)
{
	return bytes->at < bytes->end && *bytes->at < 0x80 ? *bytes->at++ : gfs_adj_read_long(bytes);
}
/* Returns the place behind it: at most ten bytes on. */
uint8_t *gfs_adj_write(uint8_t *at, uint64_t value);
static inline uint64_t gfs_adj_zigzag(uint64_t from, uint64_t to)
{
	uint64_t difference = to - from;
	return difference << 1 ^ (0 - (difference >> 63));
}
static inline uint64_t gfs_adj_unzigzag(uint64_t from, uint64_t zigzag)
{
	return from + (zigzag >> 1 ^ (0 - (zigzag & 1)));
}
/* The entries of one folder or block; `before` is what the first is the difference to. GFS_ADJ_ENTRY_BYTES_MAX bytes an entry fit. */
uint8_t *gfs_adj_entries_write(
	uint8_t *at, struct gfs_adj_entry before, const struct gfs_adj_entry *entries, size_t count);
/* False when they are not `count` entries that keep A4. */
bool gfs_adj_entries_read(
	struct gfs_adj_bytes *bytes, struct gfs_adj_entry before, struct gfs_adj_entry *entries, size_t count);

/* ---- a group's row, decoded (adj_form.c) ---- */

struct gfs_adj_side {
	uint32_t first_folder; /* those of the sides before come before, whether this one has any or not */
	uint32_t folder_count;
	uint64_t mtime_ns; /* 0: there is no such side */
};

/* A folder's `is_long` says here: in blocks. Its `first` counts all entries of the folders before, whether it has any or not. */
struct gfs_adj_form {
	uint64_t number; /* of the group */
	struct gfs_adj_side sides[GFS_ADJ_GROUP_SIDES];
	struct gfs_adj_folder *folders; /* owned */
	size_t folder_count, folder_capacity;
	struct gfs_adj_entry *entries; /* owned */
	size_t entry_count, entry_capacity;
};
#define GFS_AUTO_ADJ_FORM __attribute__((cleanup(gfs_adj_form_release))) struct gfs_adj_form

void gfs_adj_form_release(struct gfs_adj_form *form);
/* `form` is uninitialised before; release it in any case. *ret_wrong (may be NULL): what is wrong with a damaged one, for ever valid.
 * GFS_ERR_CORRUPT unless A1 to A4 hold, but for what is not written as it should be; GFS_ERR_NOMEM. */
int gfs_adj_form_decode(
	struct gfs_slice value, uint64_t number, struct gfs_adj_form *form, const char **ret_wrong) GFS_CHECK;
/* Replaces what is in `out`. */
int gfs_adj_form_encode(const struct gfs_adj_form *form, struct gfs_buf *out) GFS_CHECK;
bool gfs_adj_form_is_empty(const struct gfs_adj_form *form);

/* NULL: the side has no such folder. */
struct gfs_adj_folder *gfs_adj_form_find(const struct gfs_adj_form *form, unsigned side, uint16_t type);
/* A folder that was not there, without entries. Other pointers to folders are gone. GFS_ERR_NOMEM. */
int gfs_adj_form_insert(
	struct gfs_adj_form *form, unsigned side, uint16_t type, struct gfs_adj_folder **ret_folder) GFS_CHECK;
/* One without entries. */
void gfs_adj_form_remove(struct gfs_adj_form *form, unsigned side, struct gfs_adj_folder *folder);
/* Replaces the entries of a folder that is not in blocks; its count becomes `count`. `entries` lie elsewhere. Only growing can fail, with GFS_ERR_NOMEM. */
int gfs_adj_form_set_entries(struct gfs_adj_form *form, struct gfs_adj_folder *folder,
	const struct gfs_adj_entry *entries, size_t count) GFS_CHECK;
/* The folder with the most entries in the row, and its side; NULL when none has GFS_ADJ_SPILL_MIN. */
struct gfs_adj_folder *gfs_adj_form_largest(const struct gfs_adj_form *form, unsigned *ret_side);

/* Reads and decodes the row of a group, as above. GFS_ERR_NOTFOUND: there is none, and `form` is empty. */
int gfs_adj_form_load(struct gfs_store *store, uint64_t number, struct gfs_adj_form *form) GFS_CHECK;

/* ---- changing (adjacency.c), for adj_rebuild.c; under the exclusive graph lock ---- */

/* A change of one group: its row in memory. All zero but for txn, adj, form.number and now_ns: of a group that has no row. */
struct gfs_adj_op {
	struct gfs_txn *txn;
	struct gfs_adj *adj;
	struct gfs_adj_form form;
	struct gfs_buf value; /* scratch: the row's bytes */
	uint64_t now_ns;
	bool there; /* the row was there before */
};
void gfs_adj_op_release(struct gfs_adj_op *op);
/* Sorted, all of the group. */
int gfs_adj_op_add(struct gfs_adj_op *op, const struct gfs_adj_bulk_entry *entries, size_t count) GFS_CHECK;
int gfs_adj_op_delete(struct gfs_adj_op *op, struct gfs_slice key) GFS_CHECK;
/* Restores A5, then writes the row, or removes it when nothing is in it any more. */
int gfs_adj_op_finish(struct gfs_adj_op *op) GFS_CHECK;

/* ---- blocks (adj_block.c); under the graph lock, either way ---- */

/* The blocks of one folder in order. */
struct gfs_adj_blocks {
	struct gfs_kv_iter *it; /* owned; give it back with gfs_adj_blocks_end */
	uint64_t node;
	uint8_t key[GFS_ADJ_BLOCK_KEY_BYTES]; /* its first GFS_ADJ_TYPE_KEY_BYTES are common to all blocks */
	/* The block under the cursor. */
	struct gfs_adj_entry bound;
	size_t count;
	struct gfs_adj_entry entries[GFS_ADJ_BLOCK_MAX];
};
/* Not positioned yet. */
void gfs_adj_blocks_begin(struct gfs_adj_blocks *blocks);
void gfs_adj_blocks_end(struct gfs_adj_blocks *blocks);
/* The block that must hold `from`. GFS_ERR_NOTFOUND when there is none, GFS_ERR_CORRUPT. */
int gfs_adj_blocks_seek(struct gfs_adj_blocks *blocks, struct gfs_store *store, uint64_t node, enum gfs_direction dir,
	uint16_t type, struct gfs_adj_entry from) GFS_CHECK;
int gfs_adj_blocks_next(struct gfs_adj_blocks *blocks) GFS_CHECK;
/* The bytes of a block: A4 and A6. GFS_ERR_CORRUPT. */
int gfs_adj_block_decode(struct gfs_slice value, uint64_t node, struct gfs_adj_entry entries[GFS_ADJ_BLOCK_MAX],
	size_t *ret_count) GFS_CHECK;
/* At most GFS_ADJ_BLOCK_MAX * GFS_ADJ_ENTRY_BYTES_MAX bytes; how many. */
size_t gfs_adj_block_encode(uint8_t *bytes, uint64_t node, const struct gfs_adj_entry *entries, size_t count);

#endif
