/* Temporal values in value_order.h's bytes: numbers of a fixed size whose bits sort, and a zone's name behind. What the order functions of
 * graph/temporal.h look at first comes first. */
#include "graph/temporal.h"
#include "graph/value_order.h"
#include "graph/value_private.h"

#include <assert.h>

#define SIGN_BIT (UINT64_C(1) << 63)

static void put_i64(struct gfs_buf *order, int64_t v)
{
	uint8_t bytes[8];
	gfs_put_be64(bytes, (uint64_t)v ^ SIGN_BIT);
	gfs_buf_append(order, bytes, sizeof bytes);
}

static int64_t read_i64(struct gfs_reader *r)
{
	struct gfs_slice bytes = gfs_read_bytes(r, 8);
	return bytes.size == 8 ? (int64_t)(gfs_get_be64(bytes.data) ^ SIGN_BIT) : 0;
}

/* From below zero up: the high half signed, the low one not. */
static void put_i128(struct gfs_buf *order, __int128 v)
{
	uint8_t low[8];
	put_i64(order, (int64_t)(v >> 64));
	gfs_put_be64(low, (uint64_t)v);
	gfs_buf_append(order, low, sizeof low);
}

static __int128 read_i128(struct gfs_reader *r)
{
	int64_t high = read_i64(r);
	uint64_t low = (uint64_t)read_i64(r) ^ SIGN_BIT;
	return (__int128)high * ((__int128)1 << 64) + low;
}

/* 365.2425 days / 12 */
#define MONTH_SECONDS 2629746

static __int128 months_and_days(const struct gfs_temporal *t)
{
	return (__int128)t->months * MONTH_SECONDS + (__int128)t->days * GFS_DAY_SECONDS;
}

void gfs_temporal_put_order(enum gfs_type type, const struct gfs_temporal *t, struct gfs_buf *order)
{
	switch (type) {
	case GFS_TYPE_DATE:
		put_i64(order, t->days);
		break;
	case GFS_TYPE_LOCALTIME:
		put_i64(order, t->nanos);
		break;
	case GFS_TYPE_TIME:
		put_i64(order, t->nanos - t->offset_s * GFS_SECOND_NANOS);
		put_i64(order, t->offset_s);
		break;
	case GFS_TYPE_LOCALDATETIME:
		put_i64(order, t->days);
		put_i64(order, t->nanos);
		break;
	case GFS_TYPE_DATETIME:
		put_i64(order, gfs_instant_seconds(t));
		put_i64(order, t->nanos % GFS_SECOND_NANOS);
		put_i64(order, t->offset_s);
		gfs_buf_append(order, t->zone.data, t->zone.size);
		gfs_buf_append_u8(order, GFS_ORDER_END);
		break;
	default:
		assert(type == GFS_TYPE_DURATION);
		put_i128(order, months_and_days(t) + t->seconds);
		put_i64(order, t->nanos);
		put_i64(order, t->months);
		put_i64(order, t->days);
	}
}

static void read_zone(struct gfs_reader *r, struct gfs_temporal *t)
{
	const uint8_t *start = r->at;
	while (gfs_read_u8(r) != GFS_ORDER_END)
		;
	if (!r->failed)
		t->zone = gfs_slice(start, (size_t)(r->at - start) - 1);
}

static void read_datetime(struct gfs_reader *r, struct gfs_temporal *t)
{
	const int64_t limit = INT64_C(1) << 56; /* past every date, and far from overflow */
	int64_t instant = read_i64(r);
	t->nanos = read_i64(r);
	int64_t offset = read_i64(r);
	read_zone(r, t);
	t->offset_s = (int32_t)offset;
	r->failed = r->failed || t->offset_s != offset || instant > limit || instant < -limit || t->nanos < 0 ||
		t->nanos >= GFS_SECOND_NANOS;
	if (!r->failed)
		gfs_set_instant(t, instant);
}

static void read_time(struct gfs_reader *r, struct gfs_temporal *t)
{
	int64_t utc = read_i64(r);
	int64_t offset = read_i64(r);
	t->offset_s = (int32_t)offset;
	r->failed = r->failed || t->offset_s != offset || utc > 2 * GFS_DAY_NANOS || utc < -GFS_DAY_NANOS;
	t->nanos = r->failed ? 0 : utc + offset * GFS_SECOND_NANOS;
}

static void read_duration(struct gfs_reader *r, struct gfs_temporal *t)
{
	__int128 average = read_i128(r);
	t->nanos = read_i64(r);
	t->months = read_i64(r);
	t->days = read_i64(r);
	/* No sum of what is in range overflows; what is not is refused here. */
	const __int128 limit = (__int128)1 << 100;
	__int128 seconds = average > limit || average < -limit ? limit : average - months_and_days(t);
	t->seconds = (int64_t)seconds;
	r->failed = r->failed || t->seconds != seconds;
}

int gfs_temporal_read_order(enum gfs_type type, struct gfs_reader *r, struct gfs_temporal *t)
{
	*t = (struct gfs_temporal){ 0 };
	switch (type) {
	case GFS_TYPE_DATE:
		t->days = read_i64(r);
		break;
	case GFS_TYPE_LOCALTIME:
		t->nanos = read_i64(r);
		break;
	case GFS_TYPE_TIME:
		read_time(r, t);
		break;
	case GFS_TYPE_LOCALDATETIME:
		t->days = read_i64(r);
		t->nanos = read_i64(r);
		break;
	case GFS_TYPE_DATETIME:
		read_datetime(r, t);
		break;
	default:
		assert(type == GFS_TYPE_DURATION);
		read_duration(r, t);
	}
	return r->failed || !gfs_temporal_valid(type, t) ? GFS_ERR_CORRUPT : 0;
}
