/* The calendar and the orders of temporal values. Days from and to civil dates count 400-year eras from 1 March of year 0, so that the leap
 * day ends a year. */
#include "graph/temporal.h"

#include "base/checked.h"

#include <assert.h>

enum { ERA_YEARS = 400, ERA_DAYS = 146097, EPOCH_DAY = 719468 /* 1970-01-01 from 0000-03-01 */ };

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}

bool gfs_year_is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int gfs_month_days(int64_t year, int month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	assert(month >= 1 && month <= 12);
	return month == 2 && gfs_year_is_leap(year) ? 29 : days[month - 1];
}

int gfs_quarter_days(int64_t year, int quarter)
{
	assert(quarter >= 1 && quarter <= 4);
	int last = quarter * 3;
	return gfs_month_days(year, last - 2) + gfs_month_days(year, last - 1) + gfs_month_days(year, last);
}

int64_t gfs_days_from_civil(int64_t year, int month, int day)
{
	assert(month >= 1 && month <= 12);
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = floor_div(y, ERA_YEARS);
	int64_t year_of_era = y - era * ERA_YEARS;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * ERA_DAYS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - EPOCH_DAY;
}

struct gfs_civil gfs_civil_from_days(int64_t days)
{
	int64_t z = days + EPOCH_DAY;
	int64_t era = floor_div(z, ERA_DAYS);
	int64_t day_of_era = z - era * ERA_DAYS;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t mp = (5 * day_of_year + 2) / 153;
	struct gfs_civil c = { .day = (int)(day_of_year - (153 * mp + 2) / 5 + 1),
		.month = (int)(mp < 10 ? mp + 3 : mp - 9) };
	c.year = year_of_era + era * ERA_YEARS + (c.month <= 2 ? 1 : 0);
	return c;
}

int gfs_weekday(int64_t days)
{
	int64_t since_thursday = (days % 7 + 7) % 7;
	return (int)((since_thursday + 3) % 7 + 1);
}

int64_t gfs_week_year_start(int64_t week_year)
{
	/* Week 1 is the one with 4 January. */
	int64_t fourth = gfs_days_from_civil(week_year, 1, 4);
	return fourth - (gfs_weekday(fourth) - 1);
}

int gfs_week_year_weeks(int64_t week_year)
{
	return (int)((gfs_week_year_start(week_year + 1) - gfs_week_year_start(week_year)) / 7);
}

bool gfs_days_in_range(int64_t days)
{
	return days >= gfs_days_from_civil(-GFS_YEAR_MAX, 1, 1) && days <= gfs_days_from_civil(GFS_YEAR_MAX, 12, 31);
}

/* ---- rules ---- */

/* What names of the time zone database are made of: nothing that a text would have to escape. */
bool gfs_zone_name_valid(struct gfs_slice zone)
{
	for (size_t i = 0; i < zone.size; i++) {
		uint8_t c = zone.data[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!letter && c != '_' && c != '-' && c != '+' && c != '/')
			return false;
	}
	return zone.size != 0 && zone.size <= GFS_ZONE_BYTES_MAX;
}

bool gfs_temporal_valid(enum gfs_type type, const struct gfs_temporal *t)
{
	bool date = type == GFS_TYPE_DATE || type == GFS_TYPE_LOCALDATETIME || type == GFS_TYPE_DATETIME;
	bool offset = type == GFS_TYPE_TIME || type == GFS_TYPE_DATETIME;
	bool duration = type == GFS_TYPE_DURATION;
	int64_t nanos_end = duration ? GFS_SECOND_NANOS : type == GFS_TYPE_DATE ? 1 : GFS_DAY_NANOS;
	if (!duration && (t->months != 0 || t->seconds != 0))
		return false;
	if (!duration && (date ? !gfs_days_in_range(t->days) : t->days != 0))
		return false;
	if (t->nanos < 0 || t->nanos >= nanos_end)
		return false;
	if (offset ? t->offset_s < -GFS_OFFSET_SECONDS_MAX || t->offset_s > GFS_OFFSET_SECONDS_MAX : t->offset_s != 0)
		return false;
	return t->zone.size == 0 || (type == GFS_TYPE_DATETIME && gfs_zone_name_valid(t->zone));
}

/* ---- order ---- */

static int order(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int slice_order(struct gfs_slice a, struct gfs_slice b)
{
	size_t size = GFS_MIN(a.size, b.size);
	int c = size == 0 ? 0 : memcmp(a.data, b.data, size);
	return c != 0 ? (c < 0 ? -1 : 1) : order((int64_t)a.size, (int64_t)b.size);
}

int gfs_date_order(const struct gfs_temporal *a, const struct gfs_temporal *b)
{
	return order(a->days, b->days);
}

int gfs_localtime_order(const struct gfs_temporal *a, const struct gfs_temporal *b)
{
	return order(a->nanos, b->nanos);
}

int gfs_time_order(const struct gfs_temporal *a, const struct gfs_temporal *b)
{
	int c = order(a->nanos - a->offset_s * GFS_SECOND_NANOS, b->nanos - b->offset_s * GFS_SECOND_NANOS);
	return c != 0 ? c : order(a->offset_s, b->offset_s);
}

int gfs_localdatetime_order(const struct gfs_temporal *a, const struct gfs_temporal *b)
{
	int c = order(a->days, b->days);
	return c != 0 ? c : order(a->nanos, b->nanos);
}

int gfs_datetime_order(const struct gfs_temporal *a, const struct gfs_temporal *b)
{
	int c = order(gfs_instant_seconds(a), gfs_instant_seconds(b));
	if (c == 0)
		c = order(a->nanos % GFS_SECOND_NANOS, b->nanos % GFS_SECOND_NANOS);
	if (c == 0)
		c = order(a->offset_s, b->offset_s);
	return c != 0 ? c : slice_order(a->zone, b->zone);
}

/* 365.2425 days / 12 */
#define MONTH_SECONDS 2629746

static __int128 average_seconds(const struct gfs_temporal *d)
{
	return (__int128)d->months * MONTH_SECONDS + (__int128)d->days * GFS_DAY_SECONDS + d->seconds;
}

int gfs_duration_order(const struct gfs_temporal *a, const struct gfs_temporal *b)
{
	__int128 x = average_seconds(a);
	__int128 y = average_seconds(b);
	int c = x < y ? -1 : x > y;
	if (c == 0)
		c = order(a->nanos, b->nanos);
	if (c == 0)
		c = order(a->months, b->months);
	return c != 0 ? c : order(a->days, b->days);
}

bool gfs_temporal_equal(const struct gfs_temporal *a, const struct gfs_temporal *b)
{
	return a->days == b->days && a->nanos == b->nanos && a->months == b->months && a->seconds == b->seconds &&
		a->offset_s == b->offset_s && gfs_slice_equal(a->zone, b->zone);
}
