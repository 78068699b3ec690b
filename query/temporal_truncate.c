/* type.truncate(unit, value, fields): the begin of the unit that the value lies in, then the fields on top. */
#include "base/checked.h"
#include "query/temporal_private.h"

#include <assert.h>

enum unit {
	MILLENNIUM,
	CENTURY,
	DECADE,
	YEAR,
	WEEK_YEAR,
	QUARTER,
	MONTH,
	WEEK,
	DAY,
	HOUR,
	MINUTE,
	SECOND,
	MILLI,
	MICRO
};

static bool find_unit(struct gfs_slice name, enum unit *ret_unit)
{
	static const char *const names[] = { "millennium", "century", "decade", "year", "weekYear", "quarter", "month",
		"week", "day", "hour", "minute", "second", "millisecond", "microsecond" };
	for (size_t i = 0; i < GFS_COUNT(names); i++) {
		if (gfs_slice_equal(name, gfs_slice_text(names[i]))) {
			*ret_unit = (enum unit)i;
			return true;
		}
	}
	return false;
}

static int64_t unit_nanos(enum unit unit)
{
	static const int64_t nanos[] = { [HOUR] = 3600 * GFS_SECOND_NANOS,
		[MINUTE] = 60 * GFS_SECOND_NANOS,
		[SECOND] = GFS_SECOND_NANOS,
		[MILLI] = 1000000,
		[MICRO] = 1000 };
	return unit <= DAY ? GFS_DAY_NANOS : nanos[unit];
}

static int64_t floor_to(int64_t year, int64_t step)
{
	int64_t rest = year % step;
	return year - (rest < 0 ? rest + step : rest);
}

static int64_t truncate_days(enum unit unit, int64_t days)
{
	struct gfs_civil c = gfs_civil_from_days(days);
	int weekday = gfs_weekday(days);
	switch (unit) {
	case MILLENNIUM:
		return gfs_days_from_civil(floor_to(c.year, 1000), 1, 1);
	case CENTURY:
		return gfs_days_from_civil(floor_to(c.year, 100), 1, 1);
	case DECADE:
		return gfs_days_from_civil(floor_to(c.year, 10), 1, 1);
	case YEAR:
		return gfs_days_from_civil(c.year, 1, 1);
	case WEEK_YEAR:
		return gfs_week_year_start(gfs_civil_from_days(days - weekday + 4).year);
	case QUARTER:
		return gfs_days_from_civil(c.year, (c.month - 1) / 3 * 3 + 1, 1);
	case MONTH:
		return gfs_days_from_civil(c.year, c.month, 1);
	case WEEK:
		return days - (weekday - 1);
	default:
		return days;
	}
}

static int check(const struct gfs_function_env *env, enum gfs_datum_type type, enum unit unit, struct gfs_datum of)
{
	enum gfs_datum_type from = gfs_datum_kind(of);
	if (!gfs_datum_is_temporal(of) || from == GFS_DATUM_DURATION || (gfs_has_date(type) && !gfs_has_date(from)) ||
		(!gfs_has_date(type) && !gfs_has_time(from)))
		return gfs_fail_type(
			env, "InvalidArgumentValue", "%s cannot be truncated to %s", gfs_type_of(of), gfs_datum_type_name(type));
	if ((unit < DAY && !gfs_has_date(type)) || (unit > DAY && !gfs_has_time(type)))
		return gfs_fail_temporal(env, "a %s has no such unit", gfs_datum_type_name(type));
	return 0;
}

/* The fields on top of what is left; a zone among them keeps the local time. */
static int apply(const struct gfs_function_env *env, enum gfs_datum_type type, enum unit unit, struct gfs_datum map,
	struct gfs_temporal *t)
{
	struct gfs_fields f;
	int err = gfs_fields_read(env, map, &f);
	if (err == 0 && gfs_has_date(type) && gfs_fields_any_date(&f))
		err = gfs_fields_date(env, &f, &t->days, &t->days);
	if (err == 0 && gfs_has_time(type) && gfs_fields_any_time(&f))
		err = gfs_fields_time(env, &f, &t->nanos, unit >= MILLI ? unit_nanos(unit) : 1, &t->nanos);
	if (err == 0 && gfs_has_offset(type) && f.has_zone)
		err = gfs_zone_put(env, t, &f.zone, false);
	return err;
}

int gfs_temporal_truncate(const struct gfs_function_env *env, enum gfs_datum_type type, struct gfs_slice name,
	struct gfs_datum of, struct gfs_datum map, struct gfs_datum *ret_value)
{
	enum unit unit;
	if (!find_unit(name, &unit))
		return gfs_fail_temporal(env, "'%.*s' is no unit to truncate to", (int)name.size, (const char *)name.data);
	int err = check(env, type, unit, of);
	if (err != 0)
		return err;
	struct gfs_temporal t = *of.temporal;
	int32_t offset = t.offset_s;
	t.days = truncate_days(unit, t.days);
	t.nanos -= t.nanos % unit_nanos(unit);
	if (type != GFS_DATUM_DATETIME)
		t.zone = (struct gfs_slice){ 0 };
	if (!gfs_datum_is_null(map) && (err = apply(env, type, unit, map, &t)) != 0)
		return err;
	/* The zone may have had another offset then. */
	err = gfs_zone_resolve(&t, &offset);
	if (err != 0)
		return gfs_fail_temporal_err(env, err, "the time zone");
	return gfs_temporal_result(env, type, &t, ret_value);
}
