/* What the temporal_*.c, function_temporal.c and function_duration.c files share. Nobody else includes this. */
#ifndef GFS_QUERY_TEMPORAL_PRIVATE_H
#define GFS_QUERY_TEMPORAL_PRIVATE_H

#include "graph/temporal.h"
#include "query/function_private.h"

/* ---- types ---- */

static inline bool gfs_has_date(enum gfs_datum_type type)
{
	return type == GFS_DATUM_DATE || type == GFS_DATUM_LOCALDATETIME || type == GFS_DATUM_DATETIME;
}
static inline bool gfs_has_time(enum gfs_datum_type type)
{
	return type == GFS_DATUM_LOCALTIME || type == GFS_DATUM_TIME || type == GFS_DATUM_LOCALDATETIME ||
		type == GFS_DATUM_DATETIME;
}
static inline bool gfs_has_offset(enum gfs_datum_type type)
{
	return type == GFS_DATUM_TIME || type == GFS_DATUM_DATETIME;
}
static inline enum gfs_datum_type gfs_datum_kind(struct gfs_datum d)
{
	return (enum gfs_datum_type)d.type;
}

/* The result: a copy in the arena with the fields that the type has; an error for a date out of range. */
int gfs_temporal_result(const struct gfs_function_env *env, enum gfs_datum_type type, const struct gfs_temporal *t,
	struct gfs_datum *ret_value) GFS_CHECK;
/* ArgumentError with "is no valid ..." */
#define gfs_fail_temporal(env, ...) gfs_fail_argument(env, "InvalidArgumentValue", __VA_ARGS__)
/* An error of graph/temporal.h: overflow, no memory, or else `what` is said to be wrong. */
int gfs_fail_temporal_err(const struct gfs_function_env *env, int err, const char *what);

/* ---- zones ---- */

struct gfs_zone {
	struct gfs_slice name; /* empty: the offset alone */
	int32_t offset_s;
};

/* '+01:00', 'Z', 'Europe/Stockholm'; blanks in names count as underscores. */
int gfs_zone_read(const struct gfs_function_env *env, struct gfs_datum d, struct gfs_zone *ret_zone) GFS_CHECK;
/* Puts t into the zone: the same local time, or the same instant. */
int gfs_zone_put(const struct gfs_function_env *env, struct gfs_temporal *t, const struct gfs_zone *zone,
	bool same_instant) GFS_CHECK;

/* ---- fields of a map ---- */

enum gfs_field {
	GFS_FIELD_YEAR,
	GFS_FIELD_QUARTER,
	GFS_FIELD_MONTH,
	GFS_FIELD_WEEK,
	GFS_FIELD_ORDINAL_DAY,
	GFS_FIELD_DAY_OF_QUARTER,
	GFS_FIELD_DAY_OF_WEEK,
	GFS_FIELD_DAY,
	GFS_FIELD_HOUR,
	GFS_FIELD_MINUTE,
	GFS_FIELD_SECOND,
	GFS_FIELD_MILLISECOND,
	GFS_FIELD_MICROSECOND,
	GFS_FIELD_NANOSECOND,
	GFS_FIELD_EPOCH_SECONDS,
	GFS_FIELD_EPOCH_MILLIS,
	GFS_FIELD_COUNT
};

struct gfs_fields {
	uint32_t given; /* bits by enum gfs_field */
	int64_t at[GFS_FIELD_COUNT];
	struct gfs_datum date, time, datetime; /* values to select from; null without */
	bool has_zone;
	struct gfs_zone zone;
};

static inline bool gfs_field_given(const struct gfs_fields *f, enum gfs_field field)
{
	return (f->given >> field & 1) != 0;
}
bool gfs_fields_any_date(const struct gfs_fields *f);
bool gfs_fields_any_time(const struct gfs_fields *f);

/* Reads a map; entries that are null do not count. */
int gfs_fields_read(const struct gfs_function_env *env, struct gfs_datum map, struct gfs_fields *ret_fields) GFS_CHECK;
/* The day that the fields name, those not given from `base`; NULL: from the first of the year, and the larger ones must be there. */
int gfs_fields_date(
	const struct gfs_function_env *env, const struct gfs_fields *f, const int64_t *base, int64_t *ret_days) GFS_CHECK;
/* The time of day likewise. Parts of a second replace those of `base` together, but for its whole multiples of `keep_nanos` (1: none are kept). */
int gfs_fields_time(const struct gfs_function_env *env, const struct gfs_fields *f, const int64_t *base,
	int64_t keep_nanos, int64_t *ret_nanos) GFS_CHECK;

/* ---- making ---- */

/* type({...}) */
int gfs_temporal_from_map(const struct gfs_function_env *env, enum gfs_datum_type type, struct gfs_datum map,
	struct gfs_datum *ret_value) GFS_CHECK;
/* The instant in the zone (NULL: UTC). */
int gfs_temporal_at(const struct gfs_function_env *env, enum gfs_datum_type type, uint64_t real_ns,
	const struct gfs_zone *zone, struct gfs_datum *ret_value) GFS_CHECK;
/* type.truncate(unit, of, fields); `map` null: no fields. */
int gfs_temporal_truncate(const struct gfs_function_env *env, enum gfs_datum_type type, struct gfs_slice unit,
	struct gfs_datum of, struct gfs_datum map, struct gfs_datum *ret_value) GFS_CHECK;

/* ---- durations ---- */

enum gfs_between { GFS_BETWEEN_ALL, GFS_BETWEEN_MONTHS, GFS_BETWEEN_DAYS, GFS_BETWEEN_SECONDS };
int gfs_temporal_between(const struct gfs_function_env *env, enum gfs_between what, struct gfs_datum from,
	struct gfs_datum to, struct gfs_datum *ret_value) GFS_CHECK;
/* t + sign * duration, in place. */
int gfs_temporal_move(const struct gfs_function_env *env, enum gfs_datum_type type, struct gfs_temporal *t,
	const struct gfs_temporal *duration, int sign) GFS_CHECK;
/* Adds months to a day; the day of the month is cut to the month's last. GFS_ERR_OVERFLOW. */
int gfs_days_add_months(int64_t days, int64_t months, int64_t *ret_days) GFS_CHECK;
/* A number as a decimal: the digits that people see. */
int gfs_fixed_of(const struct gfs_function_env *env, struct gfs_datum number, gfs_fixed *ret_fixed) GFS_CHECK;

/* date.year, duration.days ...; *ret_found false: there is none of the name. */
int gfs_temporal_component(const struct gfs_function_env *env, struct gfs_datum of, struct gfs_slice name,
	struct gfs_datum *ret_value, bool *ret_found) GFS_CHECK;

#endif
