/* Temporal values: calendar, text, order. The calendar is the proleptic Gregorian one, with years -999,999,999 to 999,999,999 and days of 86,400 seconds.
 *
 * Which type a struct holds is known to who holds it (enum gfs_type of a property value, enum gfs_datum_type of a query's value); fields that the type has no
 * use for are 0, so that one value has one form.
 *
 *   DATE           days
 *   LOCALTIME      nanos
 *   TIME           nanos, offset_s
 *   LOCALDATETIME  days, nanos
 *   DATETIME       days, nanos, offset_s, and zone when the zone has a name; days and nanos are the local ones
 *   DURATION       months, days, seconds, nanos (of a second); each of its parts has its own sign but for nanos */
#ifndef GFS_GRAPH_TEMPORAL_H
#define GFS_GRAPH_TEMPORAL_H

#include "base/bytes.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

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
/* ISO weekday of a day: Monday is 1. */
int gfs_weekday(int64_t days);
/* Monday of ISO week 1 of a week-based year, as days since 1970-01-01. */
int64_t gfs_week_year_start(int64_t week_year);
/* Weeks of a week-based year: 52 or 53. */
int gfs_week_year_weeks(int64_t week_year);
/* Whether the day's year is within +-GFS_YEAR_MAX. */
bool gfs_days_in_range(int64_t days);

/* ---- order ---- */

/* Total orders; 0 for equal values only (offset and zone count, after the instant). Durations are ordered by their length on average: a month is a twelfth of
 * 365.2425 days. */
int gfs_date_order(const struct gfs_temporal *a, const struct gfs_temporal *b);
int gfs_localtime_order(const struct gfs_temporal *a, const struct gfs_temporal *b);
int gfs_time_order(const struct gfs_temporal *a, const struct gfs_temporal *b);
int gfs_localdatetime_order(const struct gfs_temporal *a, const struct gfs_temporal *b);
int gfs_datetime_order(const struct gfs_temporal *a, const struct gfs_temporal *b);
int gfs_duration_order(const struct gfs_temporal *a, const struct gfs_temporal *b);
bool gfs_temporal_equal(const struct gfs_temporal *a, const struct gfs_temporal *b);

#endif
