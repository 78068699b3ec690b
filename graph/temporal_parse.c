/* ISO 8601 dates and times, in the forms that Cypher takes. */
#include "base/checked.h"
#include "graph/temporal_private.h"

#include <assert.h>

static size_t digits_ahead(const struct gfs_text_reader *r)
{
	const uint8_t *p = r->at;
	while (p < r->end && *p >= '0' && *p <= '9')
		p++;
	return (size_t)(p - r->at);
}

int gfs_text_number(struct gfs_text_reader *r, int min, int max, uint64_t *ret_number)
{
	uint64_t v = 0;
	int digits = (int)GFS_MIN(digits_ahead(r), (size_t)max);
	assert(max <= 18);
	if (digits < min)
		return GFS_ERR_INVALID;
	for (int i = 0; i < digits; i++)
		v = v * 10 + (uint64_t)(*r->at++ - '0');
	*ret_number = v;
	return 0;
}

/* Exactly `digits` digits, within [low, high]. */
static int number(struct gfs_text_reader *r, int digits, int low, int high, int *ret)
{
	uint64_t v;
	if (gfs_text_number(r, digits, digits, &v) != 0 || v < (uint64_t)low || v > (uint64_t)high)
		return GFS_ERR_INVALID;
	*ret = (int)v;
	return 0;
}

/* ---- dates ---- */

static int finish_date(int64_t year, int month, int day, int64_t *ret_days)
{
	if (day > gfs_month_days(year, month))
		return GFS_ERR_INVALID;
	*ret_days = gfs_days_from_civil(year, month, day);
	return 0;
}

/* After W: ww, then the weekday, behind a dash in the extended form. */
static int week_date(struct gfs_text_reader *r, int64_t year, bool extended, int64_t *ret_days)
{
	int week;
	int weekday = 1;
	if (number(r, 2, 1, gfs_week_year_weeks(year), &week) != 0)
		return GFS_ERR_INVALID;
	bool more = extended ? gfs_text_accept(r, '-') : digits_ahead(r) != 0;
	if (more && number(r, 1, 1, 7, &weekday) != 0)
		return GFS_ERR_INVALID;
	*ret_days = gfs_week_year_start(year) + (week - 1) * 7 + weekday - 1;
	return 0;
}

/* After Q: q, then the day of the quarter, of two digits. */
static int quarter_date(struct gfs_text_reader *r, int64_t year, bool extended, int64_t *ret_days)
{
	int quarter;
	int day = 1;
	if (number(r, 1, 1, 4, &quarter) != 0)
		return GFS_ERR_INVALID;
	bool more = extended ? gfs_text_accept(r, '-') : digits_ahead(r) != 0;
	if (more && number(r, 2, 1, gfs_quarter_days(year, quarter), &day) != 0)
		return GFS_ERR_INVALID;
	*ret_days = gfs_days_from_civil(year, quarter * 3 - 2, 1) + day - 1;
	return 0;
}

static int ordinal_date(struct gfs_text_reader *r, int64_t year, int64_t *ret_days)
{
	int day;
	if (number(r, 3, 1, gfs_year_is_leap(year) ? 366 : 365, &day) != 0)
		return GFS_ERR_INVALID;
	*ret_days = gfs_days_from_civil(year, 1, 1) + day - 1;
	return 0;
}

static int calendar_date(struct gfs_text_reader *r, int64_t year, bool extended, int64_t *ret_days)
{
	int month;
	int day = 1;
	if (number(r, 2, 1, 12, &month) != 0)
		return GFS_ERR_INVALID;
	bool more = extended ? gfs_text_accept(r, '-') : digits_ahead(r) != 0;
	if (more && number(r, 2, 1, 31, &day) != 0)
		return GFS_ERR_INVALID;
	return finish_date(year, month, day, ret_days);
}

/* What follows the year. */
static int rest_of_date(struct gfs_text_reader *r, int64_t year, int64_t *ret_days)
{
	bool extended = gfs_text_accept(r, '-');
	if (gfs_text_accept(r, 'W'))
		return week_date(r, year, extended, ret_days);
	if (gfs_text_accept(r, 'Q'))
		return quarter_date(r, year, extended, ret_days);
	if (digits_ahead(r) == 3)
		return ordinal_date(r, year, ret_days);
	if (extended || digits_ahead(r) != 0)
		return calendar_date(r, year, extended, ret_days);
	return finish_date(year, 1, 1, ret_days);
}

/* A year has four digits, or a sign and one to nine. */
static int read_date(struct gfs_text_reader *r, int64_t *ret_days)
{
	uint64_t year;
	bool negative = gfs_text_accept(r, '-');
	bool sign = negative || gfs_text_accept(r, '+');
	if (gfs_text_number(r, sign ? 1 : 4, sign ? 9 : 4, &year) != 0)
		return GFS_ERR_INVALID;
	return rest_of_date(r, negative ? -(int64_t)year : (int64_t)year, ret_days);
}

/* ---- times ---- */

static int read_fraction(struct gfs_text_reader *r, int64_t *ret_nanos)
{
	size_t digits = digits_ahead(r);
	uint64_t v;
	if (digits > 9 || gfs_text_number(r, 1, 9, &v) != 0)
		return GFS_ERR_INVALID;
	for (; digits < 9; digits++)
		v *= 10;
	*ret_nanos = (int64_t)v;
	return 0;
}

/* Whether a further pair of digits follows, behind a colon in the extended form. The first pair decides which form it is. */
static bool more_pairs(struct gfs_text_reader *r, bool *extended, bool first)
{
	if (first)
		*extended = r->at < r->end && *r->at == ':';
	return *extended ? gfs_text_accept(r, ':') : digits_ahead(r) >= 2;
}

/* HH, HH:MM, HH:MM:SS, HH:MM:SS.fff and the same without colons. */
static int read_time(struct gfs_text_reader *r, int64_t *ret_nanos)
{
	int hour;
	int minute = 0;
	int second = 0;
	int64_t nanos = 0;
	bool extended = false;
	int err = number(r, 2, 0, 23, &hour);
	if (err == 0 && more_pairs(r, &extended, true)) {
		err = number(r, 2, 0, 59, &minute);
		if (err == 0 && more_pairs(r, &extended, false)) {
			err = number(r, 2, 0, 59, &second);
			if (err == 0 && (gfs_text_accept(r, '.') || gfs_text_accept(r, ',')))
				err = read_fraction(r, &nanos);
		}
	}
	if (err == 0)
		*ret_nanos = (hour * 3600 + minute * 60 + second) * GFS_SECOND_NANOS + nanos;
	return err;
}

/* *ret_given false when there is none. */
static int read_offset(struct gfs_text_reader *r, int32_t *ret_offset_s, bool *ret_given)
{
	int hours;
	int minutes = 0;
	int seconds = 0;
	bool extended = false;
	*ret_offset_s = 0;
	*ret_given = gfs_text_accept(r, 'Z');
	if (*ret_given || r->at == r->end || (*r->at != '+' && *r->at != '-'))
		return 0;
	bool west = *r->at++ == '-';
	*ret_given = true;
	int err = number(r, 2, 0, 18, &hours);
	if (err == 0 && more_pairs(r, &extended, true)) {
		err = number(r, 2, 0, 59, &minutes);
		if (err == 0 && more_pairs(r, &extended, false))
			err = number(r, 2, 0, 59, &seconds);
	}
	int32_t offset = err == 0 ? hours * 3600 + minutes * 60 + seconds : 0;
	*ret_offset_s = west ? -offset : offset;
	return err == 0 && offset > GFS_OFFSET_SECONDS_MAX ? GFS_ERR_INVALID : err;
}

int gfs_offset_parse(struct gfs_slice text, int32_t *ret_offset_s)
{
	struct gfs_text_reader r = gfs_text_reader(text);
	bool given;
	int err = read_offset(&r, ret_offset_s, &given);
	return err == 0 && (!given || r.at != r.end) ? GFS_ERR_INVALID : err;
}

/* [Europe/Stockholm] */
static int read_zone(struct gfs_text_reader *r, struct gfs_arena *arena, struct gfs_slice *ret_zone)
{
	if (!gfs_text_accept(r, '['))
		return 0;
	const uint8_t *end = memchr(r->at, ']', (size_t)(r->end - r->at));
	if (end == NULL)
		return GFS_ERR_INVALID;
	struct gfs_slice zone = gfs_slice(r->at, (size_t)(end - r->at));
	if (!gfs_zone_name_valid(zone))
		return GFS_ERR_INVALID;
	r->at = end + 1;
	*ret_zone = gfs_arena_copy(arena, zone);
	return ret_zone->data == NULL ? GFS_ERR_NOMEM : 0;
}

/* ---- all ---- */

static int read_zoned(enum gfs_type type, struct gfs_text_reader *r, struct gfs_arena *arena, struct gfs_temporal *t)
{
	bool given;
	int err = read_offset(r, &t->offset_s, &given);
	if (err == 0 && type == GFS_TYPE_DATETIME)
		err = read_zone(r, arena, &t->zone);
	if (err == 0 && !given)
		err = gfs_zone_resolve(t, NULL);
	return err == GFS_ERR_NOTFOUND ? GFS_ERR_INVALID : err;
}

static int parse_instant(enum gfs_type type, struct gfs_text_reader *r, struct gfs_arena *arena, struct gfs_temporal *t)
{
	bool date = type == GFS_TYPE_DATE || type == GFS_TYPE_LOCALDATETIME || type == GFS_TYPE_DATETIME;
	int err = date ? read_date(r, &t->days) : 0;
	if (err != 0 || type == GFS_TYPE_DATE)
		return err;
	/* A date alone is its midnight. */
	bool time = date ? gfs_text_accept(r, 'T') : true;
	if (time && (err = read_time(r, &t->nanos)) != 0)
		return err;
	return type == GFS_TYPE_TIME || type == GFS_TYPE_DATETIME ? read_zoned(type, r, arena, t) : 0;
}

int gfs_temporal_parse(
	enum gfs_type type, struct gfs_slice text, struct gfs_arena *arena, struct gfs_temporal *ret_temporal)
{
	struct gfs_text_reader r = gfs_text_reader(text);
	struct gfs_temporal t = { 0 };
	assert(gfs_type_is_temporal(type));
	if (type == GFS_TYPE_DURATION)
		return gfs_duration_parse(text, ret_temporal);
	int err = parse_instant(type, &r, arena, &t);
	if (err == 0 && (r.at != r.end || !gfs_temporal_valid(type, &t)))
		err = GFS_ERR_INVALID;
	if (err == 0)
		*ret_temporal = t;
	return err;
}
