/* The bytes of one (node, direction). adj_form.c: pure functions over a header and over blocks. adj_list.c: loading them.
 * adjacency.c: changing them. adj_check.c: verifying them.
 *
 * Header, the value under key (node, direction):
 *   0 1 form (GFS_ADJ_FORM)  1 1 zero  2 2 number of types  4 4 zero  8 8 time of the listing of types
 *  16   a descriptor a type, ascending by type:
 *         0 2 type  2 1 flags (bit 0 made, bit 1 entries in blocks)  3 1 zero  4 8 count  12 8 time of the folder
 *       then the entries of the types that are not in blocks, in the order of the descriptors.
 * Block, the value under key (node, direction, type, last other, last relationship): entries and nothing else.
 * Entry: 0 6 other node  6 6 relationship.
 *
 * A header is valid if and only if
 *   A1  form is GFS_ADJ_FORM, reserved bytes and unknown flags are zero, and the size is exactly that of what it lists;
 *   A2  types are not 0 and strictly ascend;
 *   A3  a type has count > 0 or is made, and is in blocks only with count > 0;
 *   A4  entries of a type strictly ascend by (other, relationship), ids from 1 to GFS_ID_MAX;
 *   A5  with entries inline, these are at most GFS_ADJ_INLINE_MAX, the value at most GFS_ADJ_VALUE_MAX bytes.
 * Blocks are valid if and only if
 *   A6  a block belongs to a type of the header that is in blocks, and has at most GFS_ADJ_BLOCK_MAX entries;
 *   A7  its entries keep A4, are above the bound of the block before and at most its own;
 *   A8  the last block of a type has the bound all ones; any other is not empty;
 *   A9  the entries of a type's blocks add up to its count. */
#ifndef GFS_INDEX_ADJ_PRIVATE_H
#define GFS_INDEX_ADJ_PRIVATE_H

#include "base/buf.h"
#include "base/limits.h"
#include "index/adjacency.h"

#include <assert.h>

enum {
	GFS_ADJ_FORM = 1,
	GFS_ADJ_HEAD_BYTES = 16,
	GFS_ADJ_TYPE_BYTES = 20,
	GFS_ADJ_ENTRY_BYTES = 12,
	GFS_ADJ_VALUE_MAX = 2000,
	/* LMDB puts a larger row on overflow pages of its own; its header, key, value and the row's sum count. */
	GFS_ADJ_LMDB_ROW_MAX = 2038,
	GFS_ADJ_LMDB_ROW_HEAD_BYTES = 8,
	GFS_ADJ_ROW_SUM_BYTES = 8,
};
enum { GFS_ADJ_MADE = 1, GFS_ADJ_BLOCKS = 2 };
enum { GFS_ADJ_HEAD_KEY_BYTES = 7, GFS_ADJ_TYPE_KEY_BYTES = 9, GFS_ADJ_BLOCK_KEY_BYTES = 21 };
static_assert(GFS_ADJ_BLOCK_MAX * GFS_ADJ_ENTRY_BYTES <= GFS_ADJ_VALUE_MAX, "a block is no larger than a header");
static_assert(GFS_ADJ_VALUE_MAX + GFS_ADJ_BLOCK_KEY_BYTES + GFS_ADJ_ROW_SUM_BYTES + GFS_ADJ_LMDB_ROW_HEAD_BYTES <=
		GFS_ADJ_LMDB_ROW_MAX,
	"neither takes an overflow page");

#define GFS_ADJ_BOUND_MAX ((UINT64_C(1) << 48) - 1)
#define GFS_ADJ_ENTRY_LAST ((struct gfs_adj_entry){ .other = GFS_ADJ_BOUND_MAX, .rel = GFS_ADJ_BOUND_MAX })

struct gfs_adj {
	/* Both borrowed. */
	struct gfs_store *store;
	struct gfs_cache *cache; /* NULL: nothing is kept decoded */
};

/* ---- keys ---- */

void gfs_adj_head_key(uint8_t key[GFS_ADJ_HEAD_KEY_BYTES], uint64_t node, enum gfs_direction dir);
void gfs_adj_block_key(uint8_t key[GFS_ADJ_BLOCK_KEY_BYTES], uint64_t node, enum gfs_direction dir, uint16_t type,
	struct gfs_adj_entry bound);
static inline uint16_t gfs_adj_block_key_type(const uint8_t *key)
{
	return gfs_get_be16(key + GFS_ADJ_HEAD_KEY_BYTES);
}
static inline struct gfs_adj_entry gfs_adj_block_key_bound(const uint8_t *key)
{
	return (struct gfs_adj_entry){ .other = gfs_get_be48(key + GFS_ADJ_TYPE_KEY_BYTES),
		.rel = gfs_get_be48(key + GFS_ADJ_TYPE_KEY_BYTES + 6) };
}

/* ---- entries ---- */

static inline struct gfs_adj_entry gfs_adj_entry_get(const uint8_t *entries, size_t i)
{
	const uint8_t *p = entries + i * GFS_ADJ_ENTRY_BYTES;
	return (struct gfs_adj_entry){ .other = gfs_get_le48(p), .rel = gfs_get_le48(p + 6) };
}
static inline void gfs_adj_entry_put(uint8_t *entries, size_t i, struct gfs_adj_entry entry)
{
	uint8_t *p = entries + i * GFS_ADJ_ENTRY_BYTES;
	gfs_put_le48(p, entry.other);
	gfs_put_le48(p + 6, entry.rel);
}
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
size_t gfs_adj_entries_seek(const uint8_t *entries, size_t count, struct gfs_adj_entry entry);
/* Merges `count` sorted entries with `more_count` sorted ones into `out`, which has room for both. GFS_ERR_EXISTS when the two share one
 * or `more` has one twice. */
int gfs_adj_entries_merge(const uint8_t *entries, size_t count, const struct gfs_adj_bulk_entry *more,
	size_t more_count, uint8_t *out) GFS_CHECK;
/* A4 for a run of entries; `*above` is the bound before it and becomes the last entry. */
bool gfs_adj_entries_verify(const uint8_t *entries, size_t count, struct gfs_adj_entry *above);
/* The number of entries of a block's value, whose order is not looked at. GFS_ERR_CORRUPT. */
int gfs_adj_block_count(struct gfs_slice block, size_t *ret_count) GFS_CHECK;

/* ---- header ---- */

/* Where a type is, or would be, in a header. */
struct gfs_adj_slot {
	bool present;
	uint8_t flags;
	uint64_t count;
	uint64_t mtime_ns;
	size_t at;      /* offset of the descriptor */
	size_t entries; /* offset of the first inline entry */
};

/* Sizes and counts (A1), in one pass over the descriptors. GFS_ERR_CORRUPT. `ret_inline` (may be NULL): entries inline. */
int gfs_adj_head_verify_size(struct gfs_slice head, size_t *ret_inline) GFS_CHECK;
/* Everything about a header: A1 to A5. NULL when valid, else what is wrong, for ever valid. */
const char *gfs_adj_head_verify(struct gfs_slice head);

/* The rest expects a header that passed gfs_adj_head_verify_size. */
static inline unsigned gfs_adj_head_types(const uint8_t *head)
{
	return gfs_get_le16(head + 2);
}
static inline uint64_t gfs_adj_head_mtime(const uint8_t *head)
{
	return gfs_get_le64(head + 8);
}
void gfs_adj_head_find(struct gfs_slice head, uint16_t type, struct gfs_adj_slot *ret_slot);
void gfs_adj_head_type(const uint8_t *head, unsigned i, struct gfs_adj_type *ret_type, uint8_t *ret_flags);

/* Changes in place. The slot is found before and kept true; only growing can fail, with GFS_ERR_NOMEM. */
int gfs_adj_head_init(struct gfs_buf *head) GFS_CHECK;
void gfs_adj_head_set_mtime(struct gfs_buf *head, uint64_t mtime_ns);
int gfs_adj_head_insert_type(struct gfs_buf *head, struct gfs_adj_slot *slot, uint16_t type) GFS_CHECK;
void gfs_adj_head_remove_type(struct gfs_buf *head, const struct gfs_adj_slot *slot);
/* Writes the slot's flags, count and time to its descriptor. */
void gfs_adj_head_update(struct gfs_buf *head, const struct gfs_adj_slot *slot);
/* Replaces the inline entries of the slot, whose count becomes `count` (slot and descriptor). */
int gfs_adj_head_replace(
	struct gfs_buf *head, struct gfs_adj_slot *slot, const uint8_t *entries, size_t count) GFS_CHECK;
/* Takes out the inline entry `i` of the slot, whose count falls by one (slot and descriptor). */
void gfs_adj_head_remove_entry(struct gfs_buf *head, struct gfs_adj_slot *slot, size_t i);
/* The type with the most inline entries, when A5 is broken; false when the header is fine. */
bool gfs_adj_head_overflow(struct gfs_slice head, uint16_t *ret_type);

/* ---- loading (adj_list.c); under the graph lock, either way ---- */

/* Appends the header to `head` (empty before) and checks its sizes. GFS_ERR_NOTFOUND, GFS_ERR_CORRUPT. */
int gfs_adj_head_load(struct gfs_store *store, uint64_t node, enum gfs_direction dir, struct gfs_buf *head) GFS_CHECK;

/* The blocks of one type in order. */
struct gfs_adj_blocks {
	struct gfs_kv_iter *it;               /* owned; give it back with gfs_kv_iter_close */
	uint8_t key[GFS_ADJ_BLOCK_KEY_BYTES]; /* its first GFS_ADJ_TYPE_KEY_BYTES are common to all blocks */
	/* The block under the cursor; `entries` lives until the next call. */
	struct gfs_adj_entry bound;
	const uint8_t *entries;
	size_t count;
};
/* The block that must hold `from`. GFS_ERR_NOTFOUND when there is none, GFS_ERR_CORRUPT. */
int gfs_adj_blocks_seek(struct gfs_adj_blocks *blocks, struct gfs_store *store, uint64_t node, enum gfs_direction dir,
	uint16_t type, struct gfs_adj_entry from) GFS_CHECK;
int gfs_adj_blocks_next(struct gfs_adj_blocks *blocks) GFS_CHECK;

#endif
