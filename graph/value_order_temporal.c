/* Orders of temporal values and points: fixed fields in the order in which they are compared, so that nothing in them needs an escape; a datetime's zone,
 * last, ends with a zero. Numbers big-endian with the sign flipped. */
#include "graph/value_order_private.h"

#include "graph/point.h"
#include "graph/temporal.h"

#include <math.h>

#define SIGN_BIT (UINT64_C(1) << 63)

/* ---- fields ---- */

static void put_i64(struct gfs_buf *order, int64_t v)
{
	uint8_t bytes[8];
	gfs_put_be64(bytes, (uint64_t)v ^ SIGN_BIT);
	gfs_buf_append(order, bytes, sizeof bytes);
}

static int64_t get_i64(struct gfs_reader *r)
{
	struct gfs_slice bytes = gfs_read_bytes(r, 8);
	return bytes.size == 8 ? (int64_t)(gfs_get_be64(bytes.data) ^ SIGN_BIT) : 0;
}

static void put_u32(struct gfs_buf *order, uint32_t v)
{
	uint8_t bytes[4];
	gfs_put_be32(bytes, v);
	gfs_buf_append(order, bytes, sizeof bytes);
}

static uint32_t get_u32(struct gfs_reader *r)
{
	struct gfs_slice bytes = gfs_read_bytes(r, 4);
	return bytes.size == 4 ? gfs_get_be32(bytes.data) : 0;
}

static void put_double(struct gfs_buf *order, double v)
{
	uint8_t bytes[8];
	gfs_put_be64(bytes, gfs_order_sortable(v == 0 ? 0.0 : v));
	gfs_buf_append(order, bytes, sizeof bytes);
}

static double get_double(struct gfs_reader *r)
{
	struct gfs_slice bytes = gfs_read_bytes(r, 8);
	return bytes.size == 8 ? gfs_order_unsortable(gfs_get_be64(bytes.data)) : 0;
}

/* Damaged bytes may hold anything: what does not fit is found by the check at the end. */
static int64_t wrapping_add(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

/* ---- temporal values ---- */

/* 365.2425 days / 12: durations sort by their length on average. */
#define MONTH_SECONDS 2629746

static void put_duration(const struct gfs_temporal *t, struct gfs_buf *order)
{
	__int128 length = (__int128)t->months * MONTH_SECONDS + (__int128)t->days * GFS_DAY_SECONDS + t->seconds;
	uint8_t low[8];
	put_i64(order, (int64_t)(length >> 64));
	gfs_put_be64(low, (uint64_t)length);
	gfs_buf_append(order, low, sizeof low);
	put_i64(order, t->nanos);
	put_i64(order, t->months);
	put_i64(order, t->days);
}

static void get_duration(struct gfs_reader *r, struct gfs_temporal *t)
{
	__int128 length = (__int128)get_i64(r) * ((__int128)1 << 64);
	length += (uint64_t)get_i64(r) ^ SIGN_BIT;
	t->nanos = get_i64(r);
	t->months = get_i64(r);
	t->days = get_i64(r);
	t->seconds = (int64_t)(length - (__int128)t->months * MONTH_SECONDS - (__int128)t->days * GFS_DAY_SECONDS);
}

static void put_datetime(const struct gfs_temporal *t, struct gfs_buf *order)
{
	put_i64(order, gfs_instant_seconds(t));
	put_i64(order, t->nanos % GFS_SECOND_NANOS);
	put_i64(order, t->offset_s);
	gfs_buf_append(order, t->zone.data, t->zone.size);
	gfs_buf_append_u8(order, GFS_ORDER_END);
}

static void get_datetime(struct gfs_reader *r, struct gfs_temporal *t)
{
	int64_t seconds = get_i64(r), nanos = get_i64(r);
	t->offset_s = (int32_t)get_i64(r);
	seconds = wrapping_add(seconds, t->offset_s);
	t->days = seconds / GFS_DAY_SECONDS - (seconds % GFS_DAY_SECONDS < 0);
	t->nanos = wrapping_add((seconds - t->days * GFS_DAY_SECONDS) * GFS_SECOND_NANOS, nanos);
	t->zone = gfs_slice(r->at, 0);
	while (!r->failed && gfs_read_u8(r) != GFS_ORDER_END)
		t->zone.size++;
}

static void put_time(const struct gfs_temporal *t, struct gfs_buf *order)
{
	put_i64(order, t->nanos - t->offset_s * GFS_SECOND_NANOS);
	put_i64(order, t->offset_s);
}

static void get_time(struct gfs_reader *r, struct gfs_temporal *t)
{
	t->nanos = get_i64(r);
	t->offset_s = (int32_t)get_i64(r);
	t->nanos = wrapping_add(t->nanos, t->offset_s * GFS_SECOND_NANOS);
}

void gfs_order_put_temporal(enum gfs_type type, const struct gfs_temporal *t, struct gfs_buf *order)
{
	switch (type) {
	case GFS_TYPE_DATETIME:
		put_datetime(t, order);
		break;
	case GFS_TYPE_LOCALDATETIME:
		put_i64(order, t->days);
		put_i64(order, t->nanos);
		break;
	case GFS_TYPE_DATE:
		put_i64(order, t->days);
		break;
	case GFS_TYPE_TIME:
		put_time(t, order);
		break;
	case GFS_TYPE_LOCALTIME:
		put_i64(order, t->nanos);
		break;
	default:
		put_duration(t, order);
		break;
	}
}

static void get_fields(enum gfs_type type, struct gfs_reader *r, struct gfs_temporal *t)
{
	switch (type) {
	case GFS_TYPE_DATETIME:
		get_datetime(r, t);
		break;
	case GFS_TYPE_LOCALDATETIME:
		t->days = get_i64(r);
		t->nanos = get_i64(r);
		break;
	case GFS_TYPE_DATE:
		t->days = get_i64(r);
		break;
	case GFS_TYPE_TIME:
		get_time(r, t);
		break;
	case GFS_TYPE_LOCALTIME:
		t->nanos = get_i64(r);
		break;
	default:
		get_duration(r, t);
		break;
	}
}

/* A value has one order: what was read must be what it is written as. */
static int check_again(const struct gfs_buf *again, const uint8_t *start, const struct gfs_reader *r)
{
	int err = gfs_buf_failed(again);
	if (err != 0)
		return err;
	return gfs_slice_equal(gfs_buf_slice(again), gfs_slice(start, (size_t)(r->at - start))) ? 0 : GFS_ERR_CORRUPT;
}

int gfs_order_get_temporal(enum gfs_type type, struct gfs_reader *r, struct gfs_temporal *t)
{
	GFS_AUTO_BUF again = GFS_BUF_INIT;
	const uint8_t *start = r->at;
	*t = (struct gfs_temporal){ 0 };
	get_fields(type, r, t);
	if (r->failed || !gfs_temporal_valid(type, t))
		return GFS_ERR_CORRUPT;
	gfs_order_put_temporal(type, t, &again);
	return check_again(&again, start, r);
}

/* ---- points ---- */

void gfs_order_put_point(const struct gfs_point *point, struct gfs_buf *order)
{
	put_u32(order, point->srid);
	for (int i = 0; i < 3; i++)
		put_double(order, point->at[i]);
}

uint8_t gfs_order_point_kind(const struct gfs_point *point)
{
	uint8_t kind = 0;
	for (int i = 0; i < 3; i++)
		if (point->at[i] == 0 && signbit(point->at[i]))
			kind |= (uint8_t)(1u << i);
	return kind;
}

int gfs_order_set_point_kind(uint8_t kind, struct gfs_point *point)
{
	for (int i = 0; i < 3; i++)
		if ((kind >> i & 1) != 0)
			point->at[i] = -point->at[i];
	return gfs_order_point_kind(point) == kind ? 0 : GFS_ERR_CORRUPT;
}

int gfs_order_get_point(struct gfs_reader *r, struct gfs_point *point)
{
	GFS_AUTO_BUF again = GFS_BUF_INIT;
	const uint8_t *start = r->at;
	point->srid = get_u32(r);
	for (int i = 0; i < 3; i++)
		point->at[i] = get_double(r);
	if (r->failed || !gfs_point_valid(point))
		return GFS_ERR_CORRUPT;
	gfs_order_put_point(point, &again);
	return check_again(&again, start, r);
}
