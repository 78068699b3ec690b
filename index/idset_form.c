#include "index/idset_private.h"

#include <assert.h>

/* The portable format: https://github.com/RoaringBitmap/RoaringFormatSpec */
enum { COOKIE_RUNS = 12347, COOKIE_PLAIN = 12346, ARRAY_CARDINALITY_MAX = 4096, BITSET_BYTES = 8192 };

static bool valid_array(struct gfs_reader *r, uint32_t cardinality)
{
	int before = -1;
	for (uint32_t i = 0; i < cardinality; i++) {
		int value = gfs_read_le16(r);
		if (r->failed || value <= before)
			return false;
		before = value;
	}
	return true;
}

static bool valid_bitset(struct gfs_reader *r, uint32_t cardinality)
{
	uint32_t ones = 0;
	for (int i = 0; i < BITSET_BYTES / 8; i++)
		ones += (uint32_t)__builtin_popcountll(gfs_read_le64(r));
	return !r->failed && ones == cardinality;
}

static bool valid_runs(struct gfs_reader *r, uint32_t cardinality)
{
	uint32_t ones = 0, runs = gfs_read_le16(r);
	int64_t end = -1; /* of the run before, inclusive */
	for (uint32_t i = 0; i < runs; i++) {
		uint32_t start = gfs_read_le16(r), more = gfs_read_le16(r);
		if (r->failed || (int64_t)start <= end || start + more > UINT16_MAX)
			return false;
		end = start + more;
		ones += more + 1;
	}
	return !r->failed && ones == cardinality;
}

/* Reads up to the first container. False when it is not the only one. */
static bool valid_cookie(struct gfs_reader *r, bool *ret_run)
{
	uint32_t cookie = gfs_read_le32(r);
	*ret_run = false;
	if (cookie == COOKIE_PLAIN)
		return gfs_read_le32(r) == 1;
	if (cookie != COOKIE_RUNS) /* whose upper half is the number of containers less one: 0 */
		return false;
	uint8_t run_flags = gfs_read_u8(r);
	*ret_run = run_flags == 1;
	return run_flags <= 1;
}

bool gfs_idset_chunk_valid(struct gfs_slice value)
{
	struct gfs_reader r = gfs_reader(value);
	bool run;
	if (!valid_cookie(&r, &run))
		return false;
	bool plain = gfs_get_le32(value.data) == COOKIE_PLAIN;
	uint16_t key = gfs_read_le16(&r);
	uint32_t cardinality = gfs_read_le16(&r) + 1u;
	if (r.failed || key != 0)
		return false;
	if (plain && gfs_read_le32(&r) != (uint32_t)(r.at - value.data)) /* where the container starts: here */
		return false;
	bool valid;
	if (run)
		valid = valid_runs(&r, cardinality);
	else if (cardinality <= ARRAY_CARDINALITY_MAX)
		valid = valid_array(&r, cardinality);
	else
		valid = valid_bitset(&r, cardinality);
	return valid && gfs_reader_left(&r) == 0;
}

int gfs_idset_chunk_decode(struct gfs_slice value, roaring_bitmap_t **ret_bits)
{
	if (!gfs_idset_chunk_valid(value))
		return GFS_ERR_CORRUPT;
	roaring_bitmap_t *bits = roaring_bitmap_portable_deserialize_safe((const char *)value.data, value.size);
	if (bits == NULL)
		return GFS_ERR_NOMEM;
	*ret_bits = bits;
	return 0;
}

int gfs_idset_chunk_encode(roaring_bitmap_t *bits, struct gfs_buf *out)
{
	assert(!roaring_bitmap_is_empty(bits) && roaring_bitmap_maximum(bits) <= UINT16_MAX);
	(void)roaring_bitmap_run_optimize(bits); /* tells only whether runs came of it */
	size_t size = roaring_bitmap_portable_size_in_bytes(bits);
	assert(size <= GFS_IDSET_CHUNK_BYTES_MAX);
	uint8_t *bytes = gfs_buf_extend(out, size);
	if (bytes == NULL)
		return GFS_ERR_NOMEM;
	size_t written = roaring_bitmap_portable_serialize(bits, (char *)bytes);
	assert(written == size);
	(void)written; /* without assertions */
	return 0;
}
