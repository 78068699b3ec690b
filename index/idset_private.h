/* Chunks as bytes, and sets in memory: what idset.c (finding, loading, looking), idset_change.c (changing, writing, clearing) and
 * idset_form.c (bytes) share.
 *
 * A chunk as bytes is the value in KV table IDSETS: CRoaring's portable format of a bitmap of 16-bit values. It is valid if and only if
 *   I1  its cookie is that of the portable format, it has exactly one container, with key 0, and nothing follows;
 *   I2  the container has the kind and size that cookie and cardinality (1 to 65,536) demand;
 *   I3  its values strictly ascend, its runs do not overlap, and their number is the cardinality.
 *
 * In memory, a set is a directory of its chunks, sorted by number. A chunk is unloaded (`bits` is NULL; its value is in IDSETS), clean, or
 * dirty (its value is stale; it is on the dirty list exactly once). Only the exclusive graph lock lets a chunk join a directory, move in
 * it, leave it, or change; a shared one lets it be loaded, once, under the module's mutex, which publishes it. So readers look without
 * the mutex, and dropping the bitmap of a clean chunk needs the exclusive lock and nothing else. */
#ifndef GFS_INDEX_IDSET_PRIVATE_H
#define GFS_INDEX_IDSET_PRIVATE_H

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/lock.h"
#include "index/idset.h"

#include <roaring/roaring.h>
#include <stdatomic.h>
#include <stdbool.h>

enum {
	GFS_IDSET_CHUNK_BITS = 16,
	GFS_IDSET_PREFIX_BYTES = 3,
	GFS_IDSET_KEY_BYTES = 9,
	/* The most that a valid value takes: a bitset with its preamble. */
	GFS_IDSET_CHUNK_BYTES_MAX = 8192 + 16,
	/* A bitmap's structs and its place in the directory. */
	GFS_IDSET_CHUNK_OVERHEAD_BYTES = 128,
};

/* ---- bytes (idset_form.c) ---- */

/* I1 to I3, without allocating. The library itself trusts what it reads. */
bool gfs_idset_chunk_valid(struct gfs_slice value);
/* A new bitmap, freed with roaring_bitmap_free. GFS_ERR_CORRUPT. */
int gfs_idset_chunk_decode(struct gfs_slice value, roaring_bitmap_t **ret_bits) GFS_CHECK;
/* Gives the bitmap its smallest form, then appends its bytes to `out`. Not for empty ones, which have no value. */
int gfs_idset_chunk_encode(roaring_bitmap_t *bits, struct gfs_buf *out) GFS_CHECK;

/* ---- memory ---- */

struct gfs_idset_chunk {
	uint64_t number;                  /* ids >> 16 */
	_Atomic(roaring_bitmap_t *) bits; /* stored with release once filled, so a reader that sees it sees its contents */
	uint32_t bytes;                   /* in memory; exact when loaded or written, an upper bound after changes */
	bool dirty;
};

struct gfs_idset {
	struct gfs_idset *next; /* all sets, in no order */
	enum gfs_idset_kind kind;
	uint16_t number;
	/* Stored with release when `chunks` is filled from the keys of IDSETS. */
	_Atomic bool listed;
	struct gfs_idset_chunk *chunks;
	size_t count, capacity;
};

struct gfs_idset_dirty_list {
	struct gfs_idset_dirty_ref {
		struct gfs_idset *set;
		uint64_t chunk;
	} * refs;
	size_t count, capacity;
};

/* What gfs_idsets_clear took away, until it is certain that no abort wants it back. */
struct gfs_idset_cleared {
	struct gfs_idset_cleared *next;
	struct gfs_idset_dirty_list dirty;
	uint64_t bytes, dirty_bytes;
	size_t count; /* 0 once it was given back */
	struct gfs_idset_cleared_set {
		struct gfs_idset *set;
		struct gfs_idset_chunk *chunks;
		size_t count, capacity;
		bool listed;
	} sets[];
};

struct gfs_idsets {
	struct gfs_store *store;
	/* Guards loading: `listed` becoming true, `bits` becoming non-NULL, a place in `index` being filled, `first`. */
	struct gfs_mutex lock;
	/* By kind and set. Release on store, acquire on load: a set that is seen is seen whole. */
	_Atomic(struct gfs_idset *) *index;
	struct gfs_idset *first;
	struct gfs_idset_dirty_list dirty; /* with the exclusive graph lock only */
	struct gfs_idset_cleared *cleared;
	/* Relaxed: each is a number by itself. */
	_Atomic uint64_t bytes, dirty_bytes;
};

/* ---- finding (idset.c); under the graph lock ---- */

struct gfs_slice gfs_idset_chunk_key(uint8_t key[GFS_IDSET_KEY_BYTES], const struct gfs_idset *set, uint64_t number);
/* The set, its directory filled. */
int gfs_idset_get(
	struct gfs_idsets *sets, enum gfs_idset_kind kind, uint16_t number, struct gfs_idset **ret_set) GFS_CHECK;
/* The index of the first chunk with a number >= `number`. */
size_t gfs_idset_seek_chunk(const struct gfs_idset *set, uint64_t number);
/* The chunk and bitmap of an id, loaded. GFS_ERR_NOTFOUND when the set has no such chunk. */
int gfs_idset_get_chunk(struct gfs_idsets *sets, struct gfs_idset *set, uint64_t id, struct gfs_idset_chunk **ret_chunk,
	roaring_bitmap_t **ret_bits) GFS_CHECK;
/* The number of the first chunk >= `number`; UINT64_MAX when there is none. */
uint64_t gfs_idset_next_chunk(const struct gfs_idset *set, uint64_t number);
/* The bitmap of a chunk by its number, loaded; NULL when the set has no such chunk. Until the graph lock is given back. */
int gfs_idset_get_bits(
	struct gfs_idsets *sets, struct gfs_idset *set, uint64_t number, const roaring_bitmap_t **ret_bits) GFS_CHECK;
/* Up to `max` ids of one chunk from its value `low` on. How many. */
size_t gfs_idset_bits_list(const roaring_bitmap_t *bits, uint64_t number, uint32_t low, uint64_t *ids, size_t max);
/* Puts a chunk in at index `at`, with its bitmap or NULL. With the exclusive lock, or before the directory is published. */
int gfs_idset_insert_chunk(struct gfs_idset *set, size_t at, uint64_t number, roaring_bitmap_t *bits) GFS_CHECK;
/* The chunk takes `bytes` of memory from now on. With the exclusive lock, or with the mutex while it is being loaded. */
void gfs_idset_count_bytes(struct gfs_idsets *sets, struct gfs_idset_chunk *chunk, size_t bytes);
void gfs_idset_free_chunks(struct gfs_idset_chunk *chunks, size_t count);
/* Frees what cleared sets held, when no abort can want it back any more. */
void gfs_idsets_free_cleared(struct gfs_idsets *sets);

#endif
