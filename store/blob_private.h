/* How a blob lies in its pages; shared by store/blob.c and store/blob_check.c.
 *
 * Payload of the root page:
 *   0 8 size   8 4 tag   12 1 level   13 3 zero   16 4 pages it has, this one included   20 4 zero
 *  24   level 0: the bytes themselves; level 1: indexes of data pages, 8 bytes each; level 2: indexes of index pages
 * An index page holds 8-byte indexes of data pages, a data page bytes and nothing else. Index 0 is a hole.
 *
 * Invariants:
 *  B1  Bytes and entries past the size are zero.
 *  B2  A page belongs to one blob once, or to the free chain.
 *  B3  An empty blob is of level 0; a level holds what size says (gfs_blob_level_bytes). */
#ifndef GFS_STORE_BLOB_PRIVATE_H
#define GFS_STORE_BLOB_PRIVATE_H

#include "base/limits.h"
#include "store/blob_alloc.h"

#define GFS_BLOB_HEADER_SIZE 24u
#define GFS_BLOB_DATA_BYTES ((uint64_t)GFS_PAGE_PAYLOAD_SIZE)
#define GFS_BLOB_INLINE_BYTES (GFS_PAGE_PAYLOAD_SIZE - GFS_BLOB_HEADER_SIZE)
#define GFS_BLOB_ROOT_ENTRIES ((uint64_t)GFS_BLOB_INLINE_BYTES / 8)
#define GFS_BLOB_INDEX_ENTRIES ((uint64_t)GFS_PAGE_PAYLOAD_SIZE / 8)
#define GFS_BLOB_LEVEL_MAX 2u
static_assert(
	GFS_BLOB_ROOT_ENTRIES * GFS_BLOB_INDEX_ENTRIES * GFS_BLOB_DATA_BYTES >= GFS_VALUE_BYTES_MAX, "level 2 is enough");

static inline uint64_t gfs_blob_level_bytes(unsigned level)
{
	return level == 0 ? GFS_BLOB_INLINE_BYTES
		: level == 1  ? GFS_BLOB_ROOT_ENTRIES * GFS_BLOB_DATA_BYTES
					  : GFS_VALUE_BYTES_MAX;
}

static inline uint64_t gfs_blob_data_pages(uint64_t size)
{
	return (size + GFS_BLOB_DATA_BYTES - 1) / GFS_BLOB_DATA_BYTES;
}

struct gfs_blob_root {
	uint64_t size;
	uint32_t tag;
	uint8_t level;
	uint32_t pages;
};

/* The root page of a blob, pinned, and its checked header. Anything else than a sound root is GFS_ERR_CORRUPT. */
int gfs_blob_root_get(
	struct gfs_store *store, uint64_t blob_id, struct gfs_page **ret_page, struct gfs_blob_root *ret_root) GFS_CHECK;

static inline unsigned gfs_blob_root_entry(uint64_t i)
{
	return GFS_BLOB_HEADER_SIZE + 8 * (unsigned)i;
}

static inline unsigned gfs_blob_index_entry(uint64_t i)
{
	return 8 * (unsigned)i;
}

#endif
