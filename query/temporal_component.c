/* date.year, time.offset, duration.minutesOfHour and so on. */
#include "base/checked.h"
#include "query/temporal_private.h"

#include <assert.h>

/* ---- dates ---- */

static bool date_component(int64_t days, struct gfs_slice name, int64_t *ret)
{
	struct gfs_civil c = gfs_civil_from_days(days);
	int weekday = gfs_weekday(days);
	int64_t week_year = gfs_civil_from_days(days - weekday + 4).year;
	int quarter = (c.month + 2) / 3;
	const struct {
		const char *name;
		int64_t value;
	} parts[] = {
		{ "year", c.year },
		{ "quarter", quarter },
		{ "month", c.month },
		{ "week", (days - gfs_week_year_start(week_year)) / 7 + 1 },
		{ "weekYear", week_year },
		{ "dayOfQuarter", days - gfs_days_from_civil(c.year, quarter * 3 - 2, 1) + 1 },
		{ "quarterDay", days - gfs_days_from_civil(c.year, quarter * 3 - 2, 1) + 1 },
		{ "day", c.day },
		{ "ordinalDay", days - gfs_days_from_civil(c.year, 1, 1) + 1 },
		{ "dayOfWeek", weekday },
		{ "weekDay", weekday },
	};
	for (size_t i = 0; i < GFS_COUNT(parts); i++) {
		if (gfs_slice_equal(name, gfs_slice_text(parts[i].name))) {
			*ret = parts[i].value;
			return true;
		}
	}
	return false;
}

/* ---- times ---- */

static bool time_component(int64_t nanos, struct gfs_slice name, int64_t *ret)
{
	/* value = nanos / divide % modulo */
	static const struct {
		const char *name;
		int64_t divide, modulo;
	} parts[] = {
		{ "hour", 3600 * GFS_SECOND_NANOS, 24 },
		{ "minute", 60 * GFS_SECOND_NANOS, 60 },
		{ "second", GFS_SECOND_NANOS, 60 },
		{ "millisecond", 1000000, 1000 },
		{ "microsecond", 1000, 1000000 },
		{ "nanosecond", 1, GFS_SECOND_NANOS },
	};
	for (size_t i = 0; i < GFS_COUNT(parts); i++) {
		if (gfs_slice_equal(name, gfs_slice_text(parts[i].name))) {
			*ret = nanos / parts[i].divide % parts[i].modulo;
			return true;
		}
	}
	return false;
}

static int offset_component(const struct gfs_function_env *env, const struct gfs_temporal *t, struct gfs_slice name,
	struct gfs_datum *ret_value, bool *ret_found)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	bool zone = gfs_slice_equal(name, gfs_slice_text("timezone"));
	*ret_found = true;
	if (gfs_slice_equal(name, gfs_slice_text("offsetMinutes"))) {
		*ret_value = gfs_datum_integer(t->offset_s / 60);
		return 0;
	}
	if (gfs_slice_equal(name, gfs_slice_text("offsetSeconds"))) {
		*ret_value = gfs_datum_integer(t->offset_s);
		return 0;
	}
	*ret_found = zone || gfs_slice_equal(name, gfs_slice_text("offset"));
	if (!*ret_found)
		return 0;
	if (zone && t->zone.size != 0) {
		*ret_value = gfs_datum_string(t->zone);
		return 0;
	}
	gfs_offset_text(t->offset_s, &text);
	return gfs_function_buf(env, &text, ret_value);
}

/* Milliseconds of the far end of the calendar are more than an INTEGER holds. */
static int epoch_component(const struct gfs_function_env *env, const struct gfs_temporal *t, struct gfs_slice name,
	struct gfs_datum *ret_value, bool *ret_found)
{
	int64_t v = gfs_instant_seconds(t);
	bool millis = gfs_slice_equal(name, gfs_slice_text("epochMillis"));
	*ret_found = millis || gfs_slice_equal(name, gfs_slice_text("epochSeconds"));
	if (millis &&
		(gfs_mul_overflows(v, INT64_C(1000), &v) || gfs_add_overflows(v, t->nanos % GFS_SECOND_NANOS / 1000000, &v)))
		return gfs_fail_temporal_err(env, GFS_ERR_OVERFLOW, "epochMillis");
	*ret_value = gfs_datum_integer(v);
	return 0;
}

/* ---- durations ---- */

enum duration_part { MONTHS, DAYS, SECONDS, SUBSECONDS, NANOS };

struct duration_component {
	const char *name;
	enum duration_part of;
	int64_t divide, modulo; /* value = of / divide % modulo; modulo 0: none */
};

static const struct duration_component duration_components[] = {
	{ "years", MONTHS, 12, 0 },
	{ "quarters", MONTHS, 3, 0 },
	{ "months", MONTHS, 1, 0 },
	{ "quartersOfYear", MONTHS, 3, 4 },
	{ "monthsOfQuarter", MONTHS, 1, 3 },
	{ "monthsOfYear", MONTHS, 1, 12 },
	{ "weeks", DAYS, 7, 0 },
	{ "days", DAYS, 1, 0 },
	{ "daysOfWeek", DAYS, 1, 7 },
	{ "hours", SECONDS, 3600, 0 },
	{ "minutes", SECONDS, 60, 0 },
	{ "seconds", SECONDS, 1, 0 },
	{ "minutesOfHour", SECONDS, 60, 60 },
	{ "secondsOfMinute", SECONDS, 1, 60 },
	{ "milliseconds", NANOS, 1000000, 0 },
	{ "microseconds", NANOS, 1000, 0 },
	{ "nanoseconds", NANOS, 1, 0 },
	{ "millisecondsOfSecond", SUBSECONDS, 1000000, 0 },
	{ "microsecondsOfSecond", SUBSECONDS, 1000, 0 },
	{ "nanosecondsOfSecond", SUBSECONDS, 1, 0 },
};

static __int128 duration_part(const struct gfs_temporal *d, enum duration_part part)
{
	switch (part) {
	case MONTHS:
		return d->months;
	case DAYS:
		return d->days;
	case SECONDS:
		return d->seconds;
	case SUBSECONDS:
		return d->nanos;
	case NANOS:
		return (__int128)d->seconds * GFS_SECOND_NANOS + d->nanos;
	}
	return 0;
}

static int duration_value(const struct gfs_function_env *env, const struct gfs_temporal *d,
	const struct duration_component *c, struct gfs_datum *ret_value)
{
	__int128 v = duration_part(d, c->of) / c->divide;
	if (c->modulo != 0)
		v %= c->modulo;
	if (v > INT64_MAX || v < INT64_MIN)
		return gfs_fail_temporal_err(env, GFS_ERR_OVERFLOW, c->name);
	*ret_value = gfs_datum_integer((int64_t)v);
	return 0;
}

static int duration_get(const struct gfs_function_env *env, const struct gfs_temporal *d, struct gfs_slice name,
	struct gfs_datum *ret_value, bool *ret_found)
{
	for (size_t i = 0; i < GFS_COUNT(duration_components); i++) {
		*ret_found = gfs_slice_equal(name, gfs_slice_text(duration_components[i].name));
		if (*ret_found)
			return duration_value(env, d, &duration_components[i], ret_value);
	}
	return 0;
}

/* ---- all ---- */

int gfs_temporal_component(const struct gfs_function_env *env, struct gfs_datum of, struct gfs_slice name,
	struct gfs_datum *ret_value, bool *ret_found)
{
	enum gfs_datum_type type = gfs_datum_kind(of);
	const struct gfs_temporal *t = of.temporal;
	int64_t v;
	assert(gfs_datum_is_temporal(of));
	if (type == GFS_DATUM_DURATION)
		return duration_get(env, t, name, ret_value, ret_found);
	*ret_found = (gfs_has_date(type) && date_component(t->days, name, &v)) ||
		(gfs_has_time(type) && time_component(t->nanos, name, &v));
	if (*ret_found) {
		*ret_value = gfs_datum_integer(v);
		return 0;
	}
	int err = type == GFS_DATUM_DATETIME ? epoch_component(env, t, name, ret_value, ret_found) : 0;
	if (err == 0 && !*ret_found && gfs_has_offset(type))
		err = offset_component(env, t, name, ret_value, ret_found);
	return err;
}
