/* Types, equality, and the stored bytes of values.
 *
 *   OFFSET SIZE MEANING
 *   0      1    tag: bits 0-3 type, 4-5 zero, 6 newline, 7 declared
 *   1      ..   payload, to the end: the container knows the length
 *
 *   BOOLEAN  one byte, 0 or 1
 *   INTEGER  zigzag varint
 *   FLOAT    8 bytes, little-endian IEEE 754; the only NaN is NAN_BITS
 *   STRING   valid UTF-8; BYTES anything
 *   7 to 13  temporal values and points: value_temporal.c
 *   LIST     varint count; each item a varint length and a tag and payload; bits 4-7 of its tag are zero
 *   NULL     nothing; inside lists only
 *
 * Each value has exactly one encoding: varints are the shortest, so decode answers with the value or GFS_ERR_CORRUPT, and what it accepts encode
 * gives back byte for byte. */
#include "graph/value.h"

#include "base/checked.h"
#include "base/utf8.h"
#include "graph/temporal.h"
#include "graph/value_private.h"

#include <assert.h>
#include <math.h>

#define NAN_BITS UINT64_C(0x7ff8000000000000)

static_assert(GFS_TYPE_COUNT - 1 <= GFS_VALUE_TAG_TYPE, "types fit the tag");
static_assert(
	(GFS_VALUE_TAG_TYPE & (GFS_VALUE_TAG_NEWLINE | GFS_VALUE_TAG_DECLARED)) == 0, "the tag's parts are disjoint");

static const char *const type_names[GFS_TYPE_COUNT] = {
	[GFS_TYPE_BOOLEAN] = "boolean",
	[GFS_TYPE_INTEGER] = "integer",
	[GFS_TYPE_FLOAT] = "float",
	[GFS_TYPE_STRING] = "string",
	[GFS_TYPE_BYTES] = "bytes",
	[GFS_TYPE_LIST] = "list",
	[GFS_TYPE_DATE] = "date",
	[GFS_TYPE_LOCALTIME] = "localtime",
	[GFS_TYPE_TIME] = "time",
	[GFS_TYPE_LOCALDATETIME] = "localdatetime",
	[GFS_TYPE_DATETIME] = "datetime",
	[GFS_TYPE_DURATION] = "duration",
	[GFS_TYPE_POINT] = "point",
};

const char *gfs_type_name(enum gfs_type type)
{
	return (unsigned int)type < GFS_TYPE_COUNT ? type_names[type] : NULL;
}

int gfs_type_from_name(struct gfs_slice name, enum gfs_type *ret_type)
{
	for (size_t i = 0; i < GFS_TYPE_COUNT; i++) {
		if (type_names[i] != NULL && gfs_slice_equal(name, gfs_slice_text(type_names[i]))) {
			*ret_type = (enum gfs_type)i;
			return 0;
		}
	}
	return GFS_ERR_INVALID;
}

/* ---- equality ---- */

/* All NaNs are one value: text, JSON and the stored bytes know no other. */
static uint64_t float_bits(double v)
{
	uint64_t bits;
	static_assert(sizeof bits == sizeof v, "doubles are 64 bits");
	if (isnan(v))
		return NAN_BITS;
	memcpy(&bits, &v, sizeof bits);
	return bits;
}

static bool lists_equal(const struct gfs_value *a, const struct gfs_value *b)
{
	if (a->list.count != b->list.count)
		return false;
	for (size_t i = 0; i < a->list.count; i++) {
		if (!gfs_value_equal(&a->list.items[i], &b->list.items[i]))
			return false;
	}
	return true;
}

bool gfs_value_equal(const struct gfs_value *a, const struct gfs_value *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case GFS_TYPE_NULL:
		return true;
	case GFS_TYPE_BOOLEAN:
		return a->boolean == b->boolean;
	case GFS_TYPE_INTEGER:
		return a->integer == b->integer;
	case GFS_TYPE_FLOAT:
		return float_bits(a->real) == float_bits(b->real);
	case GFS_TYPE_STRING:
	case GFS_TYPE_BYTES:
		return gfs_slice_equal(a->bytes, b->bytes);
	case GFS_TYPE_LIST:
		return lists_equal(a, b);
	case GFS_TYPE_DATE:
	case GFS_TYPE_LOCALTIME:
	case GFS_TYPE_TIME:
	case GFS_TYPE_LOCALDATETIME:
	case GFS_TYPE_DATETIME:
	case GFS_TYPE_DURATION:
		return gfs_temporal_equal(a->temporal, b->temporal);
	case GFS_TYPE_POINT:
		return gfs_point_equal_bits(a->point, b->point);
	case GFS_TYPE_COUNT:
		break;
	}
	assert(!"a value has a type");
	return false;
}

/* ---- encode ---- */

static int encode_at(const struct gfs_value *value, unsigned int depth, struct gfs_buf *out);

/* The item first, its length moved in before it: lengths need no second walk. */
static int encode_item(const struct gfs_value *item, unsigned int depth, struct gfs_buf *out)
{
	size_t start = out->size;
	int err = encode_at(item, depth, out);
	if (err != 0 || (err = gfs_buf_failed(out)) != 0)
		return err;
	size_t size = out->size - start;
	gfs_buf_append_varint(out, size);
	if ((err = gfs_buf_failed(out)) != 0)
		return err;
	size_t length_size = out->size - start - size;
	uint8_t length[10];
	assert(length_size <= sizeof length);
	memcpy(length, out->data + start + size, length_size);
	memmove(out->data + start + length_size, out->data + start, size);
	memcpy(out->data + start, length, length_size);
	return 0;
}

static int encode_list(const struct gfs_value *value, unsigned int depth, struct gfs_buf *out)
{
	if (depth >= GFS_VALUE_DEPTH_MAX)
		return GFS_ERR_LIMIT;
	gfs_buf_append_varint(out, value->list.count);
	for (size_t i = 0; i < value->list.count; i++) {
		int err = encode_item(&value->list.items[i], depth + 1, out);
		if (err != 0)
			return err;
	}
	return 0;
}

static uint8_t tag_of(const struct gfs_value *value, unsigned int depth)
{
	unsigned int tag = value->type;
	if (depth == 0 && value->newline)
		tag |= GFS_VALUE_TAG_NEWLINE;
	if (depth == 0 && value->declared)
		tag |= GFS_VALUE_TAG_DECLARED;
	return (uint8_t)tag;
}

/* `depth`: how many lists there are around it. */
static int encode_at(const struct gfs_value *value, unsigned int depth, struct gfs_buf *out)
{
	gfs_buf_append_u8(out, tag_of(value, depth));
	switch (value->type) {
	case GFS_TYPE_NULL:
		return depth == 0 ? GFS_ERR_INVALID : 0;
	case GFS_TYPE_BOOLEAN:
		gfs_buf_append_u8(out, value->boolean ? 1 : 0);
		return 0;
	case GFS_TYPE_INTEGER:
		gfs_buf_append_varint(out, (uint64_t)value->integer << 1 ^ (uint64_t)(value->integer < 0 ? -1 : 0));
		return 0;
	case GFS_TYPE_FLOAT:
		gfs_buf_append_le64(out, float_bits(value->real));
		return 0;
	case GFS_TYPE_STRING:
		if (!gfs_utf8_valid(value->bytes.data, value->bytes.size))
			return GFS_ERR_ILSEQ;
		gfs_buf_append(out, value->bytes.data, value->bytes.size);
		return 0;
	case GFS_TYPE_BYTES:
		gfs_buf_append(out, value->bytes.data, value->bytes.size);
		return 0;
	case GFS_TYPE_LIST:
		return encode_list(value, depth, out);
	case GFS_TYPE_DATE:
	case GFS_TYPE_LOCALTIME:
	case GFS_TYPE_TIME:
	case GFS_TYPE_LOCALDATETIME:
	case GFS_TYPE_DATETIME:
	case GFS_TYPE_DURATION:
		return gfs_value_encode_temporal(value, out);
	case GFS_TYPE_POINT:
		return gfs_value_encode_point(value->point, out);
	case GFS_TYPE_COUNT:
		break;
	}
	return GFS_ERR_INVALID;
}

int gfs_value_encode(const struct gfs_value *value, struct gfs_buf *out)
{
	size_t start = out->size;
	int err = encode_at(value, 0, out);
	if (err == 0)
		err = gfs_buf_failed(out);
	if (err != 0 && !out->failed)
		out->size = start;
	return err;
}

/* ---- decode ---- */

static int decode_at(struct gfs_slice bytes, unsigned int depth, struct gfs_arena *arena, struct gfs_value *ret_value);

uint64_t gfs_read_shortest_varint(struct gfs_reader *r)
{
	const uint8_t *start = r->at;
	uint64_t v = gfs_read_varint(r);
	if (!r->failed && r->at - start > 1 && r->at[-1] == 0)
		r->failed = true;
	return r->failed ? 0 : v;
}

static int decode_list(struct gfs_reader *r, unsigned int depth, struct gfs_arena *arena, struct gfs_value *value)
{
	uint64_t count = gfs_read_shortest_varint(r);
	/* An item has a length and a tag at least, so a count from hostile bytes cannot ask for much memory. */
	if (r->failed || depth >= GFS_VALUE_DEPTH_MAX || count > gfs_reader_left(r) / 2)
		return GFS_ERR_CORRUPT;
	struct gfs_value *items = gfs_arena_alloc(arena, (size_t)count * sizeof *items);
	if (items == NULL)
		return GFS_ERR_NOMEM;
	for (size_t i = 0; i < count; i++) {
		struct gfs_slice item = gfs_read_bytes(r, gfs_read_shortest_varint(r));
		int err = decode_at(item, depth + 1, arena, &items[i]);
		if (err != 0)
			return err;
	}
	value->list.items = items;
	value->list.count = (size_t)count;
	return 0;
}

static int decode_float(struct gfs_reader *r, struct gfs_value *value)
{
	uint64_t bits = gfs_read_le64(r);
	memcpy(&value->real, &bits, sizeof bits);
	return isnan(value->real) && bits != NAN_BITS ? GFS_ERR_CORRUPT : 0;
}

static int decode_payload(struct gfs_reader *r, unsigned int depth, struct gfs_arena *arena, struct gfs_value *value)
{
	uint64_t raw;
	switch (value->type) {
	case GFS_TYPE_NULL:
		return depth == 0 ? GFS_ERR_CORRUPT : 0;
	case GFS_TYPE_BOOLEAN:
		raw = gfs_read_u8(r);
		value->boolean = raw == 1;
		return raw > 1 ? GFS_ERR_CORRUPT : 0;
	case GFS_TYPE_INTEGER:
		raw = gfs_read_shortest_varint(r);
		value->integer = (int64_t)(raw >> 1 ^ -(raw & 1));
		return 0;
	case GFS_TYPE_FLOAT:
		return decode_float(r, value);
	case GFS_TYPE_STRING:
		value->bytes = gfs_read_bytes(r, gfs_reader_left(r));
		return gfs_utf8_valid(value->bytes.data, value->bytes.size) ? 0 : GFS_ERR_CORRUPT;
	case GFS_TYPE_BYTES:
		value->bytes = gfs_read_bytes(r, gfs_reader_left(r));
		return 0;
	case GFS_TYPE_LIST:
		return decode_list(r, depth, arena, value);
	case GFS_TYPE_DATE:
	case GFS_TYPE_LOCALTIME:
	case GFS_TYPE_TIME:
	case GFS_TYPE_LOCALDATETIME:
	case GFS_TYPE_DATETIME:
	case GFS_TYPE_DURATION:
		return gfs_value_decode_temporal(r, arena, value);
	case GFS_TYPE_POINT:
		return gfs_value_decode_point(r, arena, value);
	case GFS_TYPE_COUNT:
		break;
	}
	return GFS_ERR_CORRUPT;
}

static int decode_at(struct gfs_slice bytes, unsigned int depth, struct gfs_arena *arena, struct gfs_value *ret_value)
{
	struct gfs_reader r = gfs_reader(bytes);
	unsigned int tag = gfs_read_u8(&r);
	unsigned int flags = tag & ~(unsigned int)GFS_VALUE_TAG_TYPE;
	unsigned int known = depth == 0 ? GFS_VALUE_TAG_NEWLINE | GFS_VALUE_TAG_DECLARED : 0;
	unsigned int type = tag & GFS_VALUE_TAG_TYPE;
	if (r.failed || type >= GFS_TYPE_COUNT || (flags & ~known) != 0)
		return GFS_ERR_CORRUPT;
	struct gfs_value value = {
		.type = (enum gfs_type)type,
		.newline = (flags & GFS_VALUE_TAG_NEWLINE) != 0,
		.declared = (flags & GFS_VALUE_TAG_DECLARED) != 0,
	};
	int err = decode_payload(&r, depth, arena, &value);
	if (err == 0 && (r.failed || gfs_reader_left(&r) != 0))
		err = GFS_ERR_CORRUPT;
	if (err == 0)
		*ret_value = value;
	return err;
}

int gfs_value_decode(struct gfs_slice bytes, struct gfs_arena *arena, struct gfs_value *ret_value)
{
	return decode_at(bytes, 0, arena, ret_value);
}
