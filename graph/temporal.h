/* Temporal values: calendar, text, order. The calendar is the proleptic Gregorian one, with years -999,999,999 to 999,999,999 and days of
 * 86,400 seconds.
 *
 * Which type a struct holds is known to who holds it (enum gfs_type of a property value, enum gfs_datum_type of a query's value); fields
 * that the type has no use for are 0, so that one value has one form.
 *
 *   DATE           days
 *   LOCALTIME      nanos
 *   TIME           nanos, offset_s
 *   LOCALDATETIME  days, nanos
 *   DATETIME       days, nanos, offset_s, and zone when the zone has a name; days and nanos are the local ones
 *   DURATION       months, days, seconds, nanos (of a second); each of its parts has its own sign but for nanos */
#ifndef GFS_GRAPH_TEMPORAL_H
#define GFS_GRAPH_TEMPORAL_H

#include "graph/value.h"

#define GFS_YEAR_MAX INT64_C(999999999)
#define GFS_DAY_SECONDS INT64_C(86400)
#define GFS_SECOND_NANOS INT64_C(1000000000)
#define GFS_DAY_NANOS (GFS_DAY_SECONDS * GFS_SECOND_NANOS)
/* Offsets from UTC, either way. */
#define GFS_OFFSET_SECONDS_MAX (18 * 3600)
/* A zone's name in bytes. */
#define GFS_ZONE_BYTES_MAX 64u

struct gfs_temporal {
	int64_t days;     /* since 1970-01-01; DURATION: its days */
	int64_t nanos;    /* of the day, 0 to GFS_DAY_NANOS - 1; DURATION: 0 to GFS_SECOND_NANOS - 1 */
	int64_t months;   /* DURATION */
	int64_t seconds;  /* DURATION */
	int32_t offset_s; /* east of UTC */
	struct gfs_slice zone;
};

/* ---- calendar ---- */

struct gfs_civil {
	int64_t year;
	int month, day; /* from 1 */
};

/* Days since 1970-01-01 of any date in reach, and back. `month` and `day` are in range for the year. */
int64_t gfs_days_from_civil(int64_t year, int month, int day);
struct gfs_civil gfs_civil_from_days(int64_t days);
int gfs_month_days(int64_t year, int month);
bool gfs_year_is_leap(int64_t year);
int gfs_quarter_days(int64_t year, int quarter);
/* ISO weekday of a day: Monday is 1. */
int gfs_weekday(int64_t days);
/* Monday of ISO week 1 of a week-based year, as days since 1970-01-01. */
int64_t gfs_week_year_start(int64_t week_year);
/* Weeks of a week-based year: 52 or 53. */
int gfs_week_year_weeks(int64_t week_year);
/* Whether the day's year is within +-GFS_YEAR_MAX. */
bool gfs_days_in_range(int64_t days);

/* Whether the fields are what a value of the type may have, as at the top; zones are not looked up. */
bool gfs_temporal_valid(enum gfs_type type, const struct gfs_temporal *t);
/* Letters, digits, _ - + and /, 1 to GFS_ZONE_BYTES_MAX of them. */
bool gfs_zone_name_valid(struct gfs_slice zone);

/* ---- text ---- */

/* Appends the canonical ISO 8601 text: 2015-07-21; 21:40, 21:40:32.142 (seconds when they are not 0, as many digits of a fraction as it
 * has); offsets as Z, +01:00, +00:53:28; a zone's name in brackets after the offset; years past four digits with a sign; durations as
 * P1Y2M3DT4H5M6.7S without the parts that are 0, PT0S when all are. */
void gfs_temporal_text(enum gfs_type type, const struct gfs_temporal *t, struct gfs_buf *out);
/* The offset alone. */
void gfs_offset_text(int32_t offset_s, struct gfs_buf *out);

/* Reads all ISO 8601 forms that Cypher knows: calendar, week, quarter and ordinal dates, whole or cut short, basic and extended; times cut
 * short; durations with designators and fractions, or as P2012-02-02T14:37:21.545. A TIME or DATETIME without an offset is in UTC; a
 * DATETIME with a zone and no offset takes the zone's at that time. Beside an offset a zone's name is not looked up, so that a text reads
 * back with whatever zones there are now. The zone's name lies in `arena`. GFS_ERR_INVALID, GFS_ERR_NOMEM. */
int gfs_temporal_parse(
	enum gfs_type type, struct gfs_slice text, struct gfs_arena *arena, struct gfs_temporal *ret_temporal) GFS_CHECK;
/* Z, +01, +0100, +01:00, +01:00:30 */
int gfs_offset_parse(struct gfs_slice text, int32_t *ret_offset_s) GFS_CHECK;

/* ---- zones: named ones are ICU's ---- */

/* Whether there is a zone of the name. */
bool gfs_zone_exists(struct gfs_slice zone);
/* The zone's offset at an instant, in seconds since 1970-01-01T00:00Z. GFS_ERR_NOTFOUND: no such zone; GFS_ERR_NOMEM. */
int gfs_zone_offset(struct gfs_slice zone, int64_t instant_s, int32_t *ret_offset_s) GFS_CHECK;
/* Sets t->offset_s for the local time in t->zone. Of two possible offsets (clocks were put back) it is *preferred if that is one of them,
 * else the earlier one's; a local time that does not exist (clocks were put forward) moves on by the gap. `preferred` may be NULL. Without
 * a zone it does nothing. */
int gfs_zone_resolve(struct gfs_temporal *t, const int32_t *preferred) GFS_CHECK;
/* Seconds since 1970-01-01T00:00Z of a DATETIME, and the local fields of an instant at an offset (nanos of the second, offset and zone stay). */
int64_t gfs_instant_seconds(const struct gfs_temporal *t);
void gfs_set_instant(struct gfs_temporal *t, int64_t instant_s);
/* Moves days and nanos by seconds on the local clock. */
void gfs_move_seconds(struct gfs_temporal *t, int64_t seconds);

/* ---- durations ---- */

/* Decimals in units of 10^-18, for parts of durations. */
typedef __int128 gfs_fixed;
#define GFS_FIXED_ONE ((gfs_fixed)INT64_C(1000000000000000000))

/* A duration of parts that may have fractions: what is left of a month counts as days of an average month, what is left of a day as
 * seconds, and what is left of a nanosecond is dropped. GFS_ERR_OVERFLOW. */
int gfs_duration_make(
	gfs_fixed months, gfs_fixed days, gfs_fixed seconds, gfs_fixed nanos, struct gfs_temporal *ret_duration) GFS_CHECK;
/* a + sign * b; sign is 1 or -1. GFS_ERR_OVERFLOW. */
int gfs_duration_add(
	const struct gfs_temporal *a, const struct gfs_temporal *b, int sign, struct gfs_temporal *ret_duration) GFS_CHECK;
/* A decimal number's text, as "-12.5", "1.0E21", to a fixed. GFS_ERR_INVALID, GFS_ERR_OVERFLOW. */
int gfs_fixed_parse(struct gfs_slice text, gfs_fixed *ret_fixed) GFS_CHECK;

/* ---- order ---- */

/* Total orders; 0 for equal values only (offset and zone count, after the instant). Durations are ordered by their length on average: a
 * month is a twelfth of 365.2425 days. */
int gfs_date_order(const struct gfs_temporal *a, const struct gfs_temporal *b);
int gfs_localtime_order(const struct gfs_temporal *a, const struct gfs_temporal *b);
int gfs_time_order(const struct gfs_temporal *a, const struct gfs_temporal *b);
int gfs_localdatetime_order(const struct gfs_temporal *a, const struct gfs_temporal *b);
int gfs_datetime_order(const struct gfs_temporal *a, const struct gfs_temporal *b);
int gfs_duration_order(const struct gfs_temporal *a, const struct gfs_temporal *b);
bool gfs_temporal_equal(const struct gfs_temporal *a, const struct gfs_temporal *b);

#endif
