/* Chunks as bytes, and sets in memory: what idset.c (finding, loading, looking), idset_change.c (changing, writing, clearing) and
 * idset_form.c (bytes) share.
 *
 * A chunk as bytes is the value in KV table IDSETS: CRoaring's portable format of a bitmap of 16-bit values. It is valid if and only if
 *   I1  its cookie is that of the portable format, it has exactly one container, with key 0, and nothing follows;
 *   I2  the container has the kind and size that cookie and cardinality (1 to 65,536) demand;
 *   I3  its values strictly ascend, its runs do not overlap, and their number is the cardinality.
 *
 * In memory, a set is a directory of its chunks, sorted by number. The bitmap of a chunk is a piece of the index layer of the caches.
 *
 *  S1  A clean chunk's value in IDSETS is true; its bitmap, when the cache has it, says the same. Anybody may put it in under the graph lock.
 *  S2  A dirty chunk's value is stale. Its bitmap is in the cache, dirty there as well, so it stays; the chunk is on the dirty list once.
 *  S3  Only who holds the graph lock exclusively lets a chunk join a directory, move in it or leave it, changes a bitmap, or makes a chunk
 *      dirty or clean. A bitmap is changed only while its chunk is dirty; an abort changes it back, and it stays dirty.
 *  S4  A pin does not outlive its holder's hold of the graph lock. */
#ifndef GFS_INDEX_IDSET_PRIVATE_H
#define GFS_INDEX_IDSET_PRIVATE_H

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/lock.h"
#include "index/idset.h"
#include "index/index_cache.h"

#include <roaring/roaring.h>
#include <stdatomic.h>
#include <stdbool.h>

enum {
	GFS_IDSET_CHUNK_BITS = 16,
	GFS_IDSET_PREFIX_BYTES = 3,
	GFS_IDSET_KEY_BYTES = 9,
	/* The most that a valid value takes: a bitset with its preamble. */
	GFS_IDSET_CHUNK_BYTES_MAX = 8192 + 16,
	/* A bitmap's structs, ours and CRoaring's. */
	GFS_IDSET_CHUNK_OVERHEAD_BYTES = 192,
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
	uint64_t number; /* ids >> 16 */
	bool dirty;
};

/* A chunk decoded. */
struct gfs_idset_bits {
	struct gfs_index_entry piece;
	struct gfs_cache *cache;  /* that has it */
	roaring_bitmap_t *bitmap; /* owned */
	uint32_t bytes;           /* of all this; exact when loaded or written, an upper bound after changes */
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

struct gfs_idsets {
	struct gfs_store *store;
	struct gfs_cache *cache; /* borrowed */
	/* Guards `listed` becoming true, a place in `index` being filled, `first`. */
	struct gfs_mutex lock;
	/* By kind and set. Release on store, acquire on load: a set that is seen is seen whole. */
	_Atomic(struct gfs_idset *) *index;
	struct gfs_idset *first;
	struct gfs_idset_dirty_list dirty; /* with the exclusive graph lock only */
	_Atomic uint64_t dirty_bytes;      /* what those are charged; written with that lock, relaxed: a number by itself */
};

/* ---- finding (idset.c); under the graph lock ---- */

struct gfs_slice gfs_idset_chunk_key(uint8_t key[GFS_IDSET_KEY_BYTES], const struct gfs_idset *set, uint64_t number);
/* The set, its directory filled. */
int gfs_idset_get(
	struct gfs_idsets *sets, enum gfs_idset_kind kind, uint16_t number, struct gfs_idset **ret_set) GFS_CHECK;
/* The index of the first chunk with a number >= `number`. */
size_t gfs_idset_seek_chunk(const struct gfs_idset *set, uint64_t number);
/* The number of the first chunk >= `number`; UINT64_MAX when there is none. */
uint64_t gfs_idset_next_chunk(const struct gfs_idset *set, uint64_t number);
/* The bitmap of a chunk by its number, pinned; NULL when the set has no such chunk. */
int gfs_idset_pin(
	struct gfs_idsets *sets, const struct gfs_idset *set, uint64_t number, struct gfs_idset_bits **ret_bits) GFS_CHECK;
void gfs_idset_unpin(struct gfs_idset_bits *bits); /* NULL is fine */
#define GFS_AUTO_IDSET_BITS __attribute__((cleanup(gfs_idset_unpin_auto))) struct gfs_idset_bits *
static inline void gfs_idset_unpin_auto(struct gfs_idset_bits **bits)
{
	gfs_idset_unpin(*bits);
}
/* Puts the bitmap of a chunk that has none in the cache there, pinned. It takes the bitmap, in any case. */
int gfs_idset_keep(struct gfs_idsets *sets, const struct gfs_idset *set, uint64_t number, roaring_bitmap_t *bitmap,
	size_t value_bytes, struct gfs_idset_bits **ret_bits) GFS_CHECK;
uint64_t gfs_idset_cache_key(const struct gfs_idset *set, uint64_t number);
/* Up to `max` ids of one chunk from its value `low` on. How many. */
size_t gfs_idset_bits_list(const roaring_bitmap_t *bits, uint64_t number, uint32_t low, uint64_t *ids, size_t max);
/* Puts a chunk in at index `at`. With the exclusive lock, or before the directory is published. */
int gfs_idset_insert_chunk(struct gfs_idset *set, size_t at, uint64_t number) GFS_CHECK;

#endif
