#include "graph/value_order.h"

#include "base/checked.h"
#include "base/utf8.h"
#include "graph/point.h"
#include "graph/temporal.h"
#include "graph/value_private.h"

#include <assert.h>
#include <math.h>

#define SIGN_BIT (UINT64_C(1) << 63)
#define NAN_BITS UINT64_C(0x7ff8000000000000)
#define INT64_LIMIT 9223372036854775808.0 /* 2^63, the first double past them all */

enum { ESCAPE = 0x01, ESCAPED_ZERO = 0x01, ESCAPED_ONE = 0x02 };
enum { NUMBER_BYTES = 10 };

enum gfs_order_class gfs_value_order_class(const struct gfs_value *value)
{
	switch (value->type) {
	case GFS_TYPE_NULL:
		return GFS_ORDER_NULL;
	case GFS_TYPE_BOOLEAN:
		return GFS_ORDER_BOOLEAN;
	case GFS_TYPE_INTEGER:
	case GFS_TYPE_FLOAT:
		return GFS_ORDER_NUMBER;
	case GFS_TYPE_STRING:
		return GFS_ORDER_TEXT;
	case GFS_TYPE_BYTES:
		return GFS_ORDER_BYTES;
	case GFS_TYPE_LIST:
		return GFS_ORDER_LIST;
	case GFS_TYPE_DATE:
		return GFS_ORDER_DATE;
	case GFS_TYPE_LOCALTIME:
		return GFS_ORDER_LOCALTIME;
	case GFS_TYPE_TIME:
		return GFS_ORDER_TIME;
	case GFS_TYPE_LOCALDATETIME:
		return GFS_ORDER_LOCALDATETIME;
	case GFS_TYPE_DATETIME:
		return GFS_ORDER_DATETIME;
	case GFS_TYPE_DURATION:
		return GFS_ORDER_DURATION;
	case GFS_TYPE_POINT:
		return GFS_ORDER_POINT;
	case GFS_TYPE_COUNT:
		break;
	}
	assert(!"a type");
	return GFS_ORDER_END;
}

/* ---- numbers ---- */

static uint64_t sortable(double v)
{
	uint64_t bits;
	memcpy(&bits, &v, sizeof bits);
	if (isnan(v))
		bits = NAN_BITS;
	return bits & SIGN_BIT ? ~bits : bits | SIGN_BIT;
}

static double unsortable(uint64_t bits)
{
	double v;
	bits = bits & SIGN_BIT ? bits & ~SIGN_BIT : ~bits;
	memcpy(&v, &bits, sizeof v);
	return v;
}

static void put_number(struct gfs_buf *order, double floor, uint16_t rest)
{
	uint8_t bytes[NUMBER_BYTES];
	gfs_put_be64(bytes, sortable(floor));
	gfs_put_be16(bytes + 8, rest);
	gfs_buf_append(order, bytes, sizeof bytes);
}

/* The next double below one that is not 0. */
static double below(double v)
{
	uint64_t bits;
	memcpy(&bits, &v, sizeof bits);
	bits = v > 0 ? bits - 1 : bits + 1;
	memcpy(&v, &bits, sizeof v);
	return v;
}

/* The largest double that is not above `v`; fewer than 1,024 integers lie between two doubles below 2^63. */
static double floor_of(int64_t v)
{
	double d = (double)v;
	if (d >= INT64_LIMIT || (int64_t)d > v)
		d = below(d);
	assert((int64_t)d <= v && v - (int64_t)d < 1024);
	return d;
}

static void put_integer(int64_t v, struct gfs_buf *order, struct gfs_buf *kinds)
{
	double floor = floor_of(v);
	put_number(order, floor, (uint16_t)(v - (int64_t)floor));
	gfs_buf_append_u8(kinds, GFS_NUMBER_INTEGER);
}

static void put_float(double v, struct gfs_buf *order, struct gfs_buf *kinds)
{
	bool minus_zero = v == 0 && signbit(v);
	put_number(order, minus_zero ? 0.0 : v, 0);
	gfs_buf_append_u8(kinds, minus_zero ? GFS_NUMBER_MINUS_ZERO : GFS_NUMBER_FLOAT);
}

/* ---- everything ---- */

static void put_text(struct gfs_slice text, struct gfs_buf *order)
{
	const uint8_t *at = text.data, *end = text.size == 0 ? at : at + text.size;
	while (at < end) {
		const uint8_t *plain = at;
		while (at<end && * at> ESCAPE)
			at++;
		gfs_buf_append(order, plain, (size_t)(at - plain));
		if (at == end)
			return;
		gfs_buf_append_u8(order, ESCAPE);
		gfs_buf_append_u8(order, *at++ == 0 ? ESCAPED_ZERO : ESCAPED_ONE);
	}
}

void gfs_text_order(enum gfs_type type, struct gfs_slice text, struct gfs_buf *order)
{
	assert(type == GFS_TYPE_STRING || type == GFS_TYPE_BYTES);
	gfs_buf_append_u8(order, type == GFS_TYPE_STRING ? GFS_ORDER_TEXT : GFS_ORDER_BYTES);
	put_text(text, order);
}

static void put_point(const struct gfs_point *p, struct gfs_buf *order, struct gfs_buf *kinds)
{
	uint8_t srid[2];
	gfs_put_be16(srid, (uint16_t)p->srid);
	gfs_buf_append(order, srid, sizeof srid);
	for (int i = 0; i < (gfs_point_is_3d(p) ? 3 : 2); i++)
		put_float(p->at[i], order, kinds);
}

static int put_value(const struct gfs_value *value, unsigned depth, struct gfs_buf *order, struct gfs_buf *kinds)
{
	gfs_buf_append_u8(order, (uint8_t)gfs_value_order_class(value));
	switch (value->type) {
	case GFS_TYPE_NULL:
	case GFS_TYPE_COUNT:
		return 0;
	case GFS_TYPE_BOOLEAN:
		gfs_buf_append_u8(order, value->boolean);
		return 0;
	case GFS_TYPE_INTEGER:
		put_integer(value->integer, order, kinds);
		return 0;
	case GFS_TYPE_FLOAT:
		put_float(value->real, order, kinds);
		return 0;
	case GFS_TYPE_STRING:
	case GFS_TYPE_BYTES:
		put_text(value->bytes, order);
		break;
	case GFS_TYPE_LIST:
		if (depth >= GFS_VALUE_DEPTH_MAX)
			return GFS_ERR_LIMIT;
		for (size_t i = 0; i < value->list.count; i++) {
			int err = put_value(&value->list.items[i], depth + 1, order, kinds);
			if (err != 0)
				return err;
		}
		break;
	case GFS_TYPE_DATE:
	case GFS_TYPE_LOCALTIME:
	case GFS_TYPE_TIME:
	case GFS_TYPE_LOCALDATETIME:
	case GFS_TYPE_DATETIME:
	case GFS_TYPE_DURATION:
		gfs_temporal_put_order(value->type, value->temporal, order);
		return 0;
	case GFS_TYPE_POINT:
		put_point(value->point, order, kinds);
		return 0;
	}
	gfs_buf_append_u8(order, GFS_ORDER_END);
	return 0;
}

int gfs_value_order(const struct gfs_value *value, struct gfs_buf *order, struct gfs_buf *kinds)
{
	int err = put_value(value, 0, order, kinds);
	if (err == 0)
		err = gfs_buf_failed(order);
	return err != 0 ? err : gfs_buf_failed(kinds);
}

/* ---- and back ---- */

/* Reads an order. With `kinds` NULL it is only passed over. */
struct order_reader {
	struct gfs_reader order;
	struct gfs_reader *kinds;
	struct gfs_arena *arena;
};

static int read_integer(double floor, uint16_t rest, struct gfs_value *value)
{
	if (!(floor >= -INT64_LIMIT && floor < INT64_LIMIT) || rest >= 1024)
		return GFS_ERR_CORRUPT;
	value->type = GFS_TYPE_INTEGER;
	if (gfs_add_overflows((int64_t)floor, (int64_t)rest, &value->integer))
		return GFS_ERR_CORRUPT;
	double again = floor_of(value->integer); /* each integer is written in one way only */
	return (double)(int64_t)floor == floor && again >= floor && again <= floor ? 0 : GFS_ERR_CORRUPT;
}

static int read_float(double v, uint16_t rest, uint8_t kind, struct gfs_value *value)
{
	uint64_t bits;
	memcpy(&bits, &v, sizeof bits);
	if (rest != 0 || bits == SIGN_BIT || (isnan(v) && bits != NAN_BITS))
		return GFS_ERR_CORRUPT;
	if (kind == GFS_NUMBER_MINUS_ZERO && bits != 0)
		return GFS_ERR_CORRUPT;
	value->type = GFS_TYPE_FLOAT;
	value->real = kind == GFS_NUMBER_MINUS_ZERO ? -0.0 : v;
	return 0;
}

static int read_number(struct order_reader *r, struct gfs_value *value)
{
	struct gfs_slice bytes = gfs_read_bytes(&r->order, NUMBER_BYTES);
	if (r->order.failed)
		return GFS_ERR_CORRUPT;
	if (r->kinds == NULL)
		return 0;
	double v = unsortable(gfs_get_be64(bytes.data));
	uint16_t rest = gfs_get_be16(bytes.data + 8);
	uint8_t kind = gfs_read_u8(r->kinds);
	if (kind == GFS_NUMBER_INTEGER)
		return read_integer(v, rest, value);
	return kind == GFS_NUMBER_FLOAT || kind == GFS_NUMBER_MINUS_ZERO ? read_float(v, rest, kind, value)
																	 : GFS_ERR_CORRUPT;
}

static int read_text(struct order_reader *r, enum gfs_type type, struct gfs_value *value)
{
	size_t size = 0;
	uint8_t c;
	value->type = type;
	uint8_t *text = r->kinds == NULL ? NULL : gfs_arena_alloc(r->arena, gfs_reader_left(&r->order));
	if (r->kinds != NULL && text == NULL)
		return GFS_ERR_NOMEM;
	while ((c = gfs_read_u8(&r->order)) != GFS_ORDER_END) {
		if (c == ESCAPE) {
			c = gfs_read_u8(&r->order);
			if (c != ESCAPED_ZERO && c != ESCAPED_ONE)
				return GFS_ERR_CORRUPT;
			c--;
		}
		if (text != NULL)
			text[size] = c;
		size++;
	}
	if (r->order.failed || (text != NULL && type == GFS_TYPE_STRING && !gfs_utf8_valid(text, size)))
		return GFS_ERR_CORRUPT;
	value->bytes = gfs_slice(text, size);
	return 0;
}

static int read_value(struct order_reader *r, unsigned depth, struct gfs_value *value);

/* Up to the end of the list, into a buffer of struct gfs_value. */
static int read_items(struct order_reader *r, unsigned depth, struct gfs_buf *items)
{
	while (gfs_reader_left(&r->order) != 0 && *r->order.at != GFS_ORDER_END) {
		struct gfs_value item = { 0 };
		int err = read_value(r, depth, &item);
		if (err != 0)
			return err;
		if (r->kinds != NULL)
			gfs_buf_append(items, &item, sizeof item);
	}
	(void)gfs_read_u8(&r->order); /* the end; when it is missing the reader fails */
	return r->order.failed ? GFS_ERR_CORRUPT : gfs_buf_failed(items);
}

static int read_list(struct order_reader *r, unsigned depth, struct gfs_value *value)
{
	GFS_AUTO_BUF items = GFS_BUF_INIT;
	if (depth >= GFS_VALUE_DEPTH_MAX)
		return GFS_ERR_CORRUPT;
	int err = read_items(r, depth + 1, &items);
	if (err != 0 || r->kinds == NULL)
		return err;
	struct gfs_slice copy = gfs_arena_copy(r->arena, gfs_buf_slice(&items));
	if (copy.data == NULL)
		return GFS_ERR_NOMEM;
	value->type = GFS_TYPE_LIST;
	/* The copy is ours to write to. */
	value->list.items = (struct gfs_value *)(uintptr_t)copy.data;
	value->list.count = copy.size / sizeof *value;
	return 0;
}

static int read_boolean(struct order_reader *r, struct gfs_value *value)
{
	uint8_t c = gfs_read_u8(&r->order);
	value->type = GFS_TYPE_BOOLEAN;
	value->boolean = c == 1;
	return r->order.failed || c > 1 ? GFS_ERR_CORRUPT : 0;
}

static int read_temporal(struct order_reader *r, enum gfs_type type, struct gfs_value *value)
{
	struct gfs_temporal t;
	int err = gfs_temporal_read_order(type, &r->order, &t);
	if (err != 0 || r->kinds == NULL)
		return err;
	struct gfs_temporal *copy = gfs_arena_alloc(r->arena, sizeof *copy);
	if (copy == NULL)
		return GFS_ERR_NOMEM;
	*copy = t;
	copy->zone = gfs_arena_copy(r->arena, t.zone);
	value->type = type;
	value->temporal = copy;
	return copy->zone.data == NULL ? GFS_ERR_NOMEM : 0;
}

static int read_point(struct order_reader *r, struct gfs_value *value)
{
	struct gfs_point *p = r->kinds == NULL ? NULL : gfs_arena_alloc(r->arena, sizeof *p);
	if (r->kinds != NULL && p == NULL)
		return GFS_ERR_NOMEM;
	struct gfs_slice srid = gfs_read_bytes(&r->order, 2);
	struct gfs_point point = { .srid = srid.size == 2 ? gfs_get_be16(srid.data) : 0 };
	for (int i = 0; i < (gfs_point_is_3d(&point) ? 3 : 2); i++) {
		struct gfs_value number = { 0 };
		int err = read_number(r, &number);
		if (err == 0 && r->kinds != NULL && number.type != GFS_TYPE_FLOAT)
			err = GFS_ERR_CORRUPT;
		if (err != 0)
			return err;
		point.at[i] = number.real;
	}
	if (r->kinds == NULL)
		return r->order.failed ? GFS_ERR_CORRUPT : 0;
	*p = point;
	value->type = GFS_TYPE_POINT;
	value->point = p;
	return gfs_point_valid(p) ? 0 : GFS_ERR_CORRUPT;
}

static int read_value(struct order_reader *r, unsigned depth, struct gfs_value *value)
{
	switch (gfs_read_u8(&r->order)) {
	case GFS_ORDER_POINT:
		return read_point(r, value);
	case GFS_ORDER_DATETIME:
		return read_temporal(r, GFS_TYPE_DATETIME, value);
	case GFS_ORDER_LOCALDATETIME:
		return read_temporal(r, GFS_TYPE_LOCALDATETIME, value);
	case GFS_ORDER_DATE:
		return read_temporal(r, GFS_TYPE_DATE, value);
	case GFS_ORDER_TIME:
		return read_temporal(r, GFS_TYPE_TIME, value);
	case GFS_ORDER_LOCALTIME:
		return read_temporal(r, GFS_TYPE_LOCALTIME, value);
	case GFS_ORDER_DURATION:
		return read_temporal(r, GFS_TYPE_DURATION, value);
	case GFS_ORDER_LIST:
		return read_list(r, depth, value);
	case GFS_ORDER_BYTES:
		return read_text(r, GFS_TYPE_BYTES, value);
	case GFS_ORDER_TEXT:
		return read_text(r, GFS_TYPE_STRING, value);
	case GFS_ORDER_BOOLEAN:
		return read_boolean(r, value);
	case GFS_ORDER_NUMBER:
		return read_number(r, value);
	case GFS_ORDER_NULL:
		value->type = GFS_TYPE_NULL;
		return depth == 0 ? GFS_ERR_CORRUPT : 0;
	default:
		return GFS_ERR_CORRUPT;
	}
}

int gfs_value_from_order(struct gfs_slice bytes, struct gfs_arena *arena, struct gfs_value *ret_value)
{
	struct order_reader r = { .order = gfs_reader(bytes), .arena = arena };
	struct gfs_value value = { 0 };
	int err = read_value(&r, 0, &value);
	if (err != 0)
		return err;
	/* Now it is known where the kinds begin. */
	struct gfs_reader kinds = r.order;
	r.kinds = &kinds;
	r.order = gfs_reader(gfs_slice(bytes.data, bytes.size - gfs_reader_left(&kinds)));
	err = read_value(&r, 0, &value);
	if (err == 0 && (kinds.failed || gfs_reader_left(&kinds) != 0))
		err = GFS_ERR_CORRUPT;
	if (err != 0)
		return err;
	*ret_value = value;
	return 0;
}
