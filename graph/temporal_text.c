/* The canonical text of temporal values. */
#include "graph/temporal.h"

#include <assert.h>
#include <stdlib.h>

static void date_text(int64_t days, struct gfs_buf *out)
{
	struct gfs_civil c = gfs_civil_from_days(days);
	long long year = c.year < 0 ? -c.year : c.year;
	gfs_buf_append_text(out, c.year < 0 ? "-" : c.year > 9999 ? "+" : "");
	gfs_buf_printf(out, "%04lld-%02d-%02d", year, c.month, c.day);
}

/* A point and the digits of nanoseconds, without the zeros at the end; nothing for 0. */
static void fraction_text(int64_t nanos, struct gfs_buf *out)
{
	int digits = 9;
	if (nanos == 0)
		return;
	for (; nanos % 10 == 0; nanos /= 10)
		digits--;
	gfs_buf_printf(out, ".%0*lld", digits, (long long)nanos);
}

static void time_text(int64_t nanos, struct gfs_buf *out)
{
	int seconds = (int)(nanos / GFS_SECOND_NANOS);
	int64_t fraction = nanos % GFS_SECOND_NANOS;
	gfs_buf_printf(out, "%02d:%02d", seconds / 3600, seconds / 60 % 60);
	if (seconds % 60 == 0 && fraction == 0)
		return;
	gfs_buf_printf(out, ":%02d", seconds % 60);
	fraction_text(fraction, out);
}

void gfs_offset_text(int32_t offset_s, struct gfs_buf *out)
{
	int s = abs(offset_s);
	if (s == 0) {
		gfs_buf_append_u8(out, 'Z');
		return;
	}
	gfs_buf_printf(out, "%c%02d:%02d", offset_s < 0 ? '-' : '+', s / 3600, s / 60 % 60);
	if (s % 60 != 0)
		gfs_buf_printf(out, ":%02d", s % 60);
}

/* ---- durations ---- */

static void part_text(__int128 value, char letter, struct gfs_buf *out)
{
	if (value != 0)
		gfs_buf_printf(out, "%lld%c", (long long)value, letter);
}

/* Seconds below a minute with their fraction, which has the same sign. */
static void seconds_text(int64_t nanos, struct gfs_buf *out)
{
	int64_t size = nanos < 0 ? -nanos : nanos;
	if (nanos == 0)
		return;
	gfs_buf_printf(out, "%s%lld", nanos < 0 ? "-" : "", (long long)(size / GFS_SECOND_NANOS));
	fraction_text(size % GFS_SECOND_NANOS, out);
	gfs_buf_append_u8(out, 'S');
}

static void duration_text(const struct gfs_temporal *t, struct gfs_buf *out)
{
	__int128 total = (__int128)t->seconds * GFS_SECOND_NANOS + t->nanos;
	const __int128 minute = 60 * (__int128)GFS_SECOND_NANOS;
	gfs_buf_append_u8(out, 'P');
	part_text(t->months / 12, 'Y', out);
	part_text(t->months % 12, 'M', out);
	part_text(t->days, 'D', out);
	if (total != 0) {
		gfs_buf_append_u8(out, 'T');
		part_text(total / (60 * minute), 'H', out);
		part_text(total / minute % 60, 'M', out);
		seconds_text((int64_t)(total % minute), out);
	} else if (t->months == 0 && t->days == 0) {
		gfs_buf_append_text(out, "T0S");
	}
}

void gfs_temporal_text(enum gfs_type type, const struct gfs_temporal *t, struct gfs_buf *out)
{
	assert(gfs_type_is_temporal(type));
	if (type == GFS_TYPE_DURATION) {
		duration_text(t, out);
		return;
	}
	bool date = type == GFS_TYPE_DATE || type == GFS_TYPE_LOCALDATETIME || type == GFS_TYPE_DATETIME;
	if (date)
		date_text(t->days, out);
	if (type == GFS_TYPE_DATE)
		return;
	if (date)
		gfs_buf_append_u8(out, 'T');
	time_text(t->nanos, out);
	if (type == GFS_TYPE_TIME || type == GFS_TYPE_DATETIME)
		gfs_offset_text(t->offset_s, out);
	if (t->zone.size != 0) {
		gfs_buf_append_u8(out, '[');
		gfs_buf_append(out, t->zone.data, t->zone.size);
		gfs_buf_append_u8(out, ']');
	}
}
