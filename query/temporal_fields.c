/* The fields of a temporal constructor's map, and the day and time of day that they name. */
#include "base/checked.h"
#include "query/temporal_private.h"

#include <assert.h>

static const char *const names[GFS_FIELD_COUNT] = { "year", "quarter", "month", "week", "ordinalDay", "dayOfQuarter",
	"dayOfWeek", "day", "hour", "minute", "second", "millisecond", "microsecond", "nanosecond", "epochSeconds",
	"epochMillis" };

#define BIT(field) (UINT32_C(1) << (field))
#define DATE_FIELDS (BIT(GFS_FIELD_HOUR) - 1)
#define SUBSECONDS (BIT(GFS_FIELD_MILLISECOND) | BIT(GFS_FIELD_MICROSECOND) | BIT(GFS_FIELD_NANOSECOND))
#define TIME_FIELDS (BIT(GFS_FIELD_HOUR) | BIT(GFS_FIELD_MINUTE) | BIT(GFS_FIELD_SECOND) | SUBSECONDS)

bool gfs_fields_any_date(const struct gfs_fields *f)
{
	return (f->given & DATE_FIELDS) != 0;
}

bool gfs_fields_any_time(const struct gfs_fields *f)
{
	return (f->given & TIME_FIELDS) != 0;
}

/* ---- reading ---- */

static bool find_field(struct gfs_slice name, enum gfs_field *ret_field)
{
	for (size_t i = 0; i < GFS_FIELD_COUNT; i++) {
		if (gfs_slice_equal(name, gfs_slice_text(names[i]))) {
			*ret_field = (enum gfs_field)i;
			return true;
		}
	}
	return false;
}

static int read_base(const struct gfs_function_env *env, struct gfs_datum value, struct gfs_datum *ret_base)
{
	if (!gfs_datum_is_temporal(value) || value.type == GFS_DATUM_DURATION)
		return gfs_fail_type(env, "InvalidArgumentValue", "a %s is nothing to select from", gfs_type_of(value));
	*ret_base = value;
	return 0;
}

static int read_entry(const struct gfs_function_env *env, const struct gfs_datum_entry *entry, struct gfs_fields *f)
{
	enum gfs_field field;
	if (gfs_slice_equal(entry->key, gfs_slice_text("date")))
		return read_base(env, entry->value, &f->date);
	if (gfs_slice_equal(entry->key, gfs_slice_text("time")))
		return read_base(env, entry->value, &f->time);
	if (gfs_slice_equal(entry->key, gfs_slice_text("datetime")))
		return read_base(env, entry->value, &f->datetime);
	if (gfs_slice_equal(entry->key, gfs_slice_text("timezone"))) {
		f->has_zone = true;
		return gfs_zone_read(env, entry->value, &f->zone);
	}
	if (!find_field(entry->key, &field))
		return gfs_fail_temporal(
			env, "a temporal value has no field '%.*s'", (int)entry->key.size, (const char *)entry->key.data);
	if (entry->value.type != GFS_DATUM_INTEGER)
		return gfs_fail_type(
			env, "InvalidArgumentValue", "%s is an INTEGER, not %s", names[field], gfs_type_of(entry->value));
	f->given |= BIT(field);
	f->at[field] = entry->value.integer;
	return 0;
}

int gfs_fields_read(const struct gfs_function_env *env, struct gfs_datum map, struct gfs_fields *ret_fields)
{
	struct gfs_fields f = { .date = gfs_datum_null(), .time = gfs_datum_null(), .datetime = gfs_datum_null() };
	assert(map.type == GFS_DATUM_MAP);
	for (uint32_t i = 0; i < map.size; i++) {
		if (gfs_datum_is_null(map.entries[i].value))
			continue;
		int err = read_entry(env, &map.entries[i], &f);
		if (err != 0)
			return err;
	}
	*ret_fields = f;
	return 0;
}

/* ---- values within their ranges ---- */

static int missing(const struct gfs_function_env *env, enum gfs_field field)
{
	return gfs_fail_temporal(env, "%s must be given", names[field]);
}

/* The field, or `otherwise` when it is not given. */
static int pick(const struct gfs_function_env *env, const struct gfs_fields *f, enum gfs_field field, int64_t low,
	int64_t high, int64_t otherwise, int64_t *ret)
{
	*ret = otherwise;
	if (!gfs_field_given(f, field))
		return 0;
	if (f->at[field] < low || f->at[field] > high)
		return gfs_fail_temporal(env, "%s is from %lld to %lld, not %lld", names[field], (long long)low,
			(long long)high, (long long)f->at[field]);
	*ret = f->at[field];
	return 0;
}

/* Without a base, a field needs the one that it is a part of. */
static int check_whole(const struct gfs_function_env *env, const struct gfs_fields *f, bool based, enum gfs_field part,
	enum gfs_field whole)
{
	return !based && gfs_field_given(f, part) && !gfs_field_given(f, whole) ? missing(env, whole) : 0;
}

/* ---- dates ---- */

/* What a base is in each way to count days. */
struct base {
	bool given;
	struct gfs_civil civil;
	int64_t days, week_year;
	int week, weekday;
};

static struct base base_of(const int64_t *days)
{
	struct base b = { .given = days != NULL, .civil = { 0, 1, 1 }, .week = 1, .weekday = 1 };
	if (days == NULL)
		return b;
	b.days = *days;
	b.civil = gfs_civil_from_days(*days);
	b.weekday = gfs_weekday(*days);
	/* A week belongs to the year of its Thursday. */
	b.week_year = gfs_civil_from_days(*days - b.weekday + 4).year;
	b.week = (int)((*days - gfs_week_year_start(b.week_year)) / 7 + 1);
	return b;
}

static int calendar_date(const struct gfs_function_env *env, const struct gfs_fields *f, const struct base *b,
	int64_t year, int64_t *ret_days)
{
	int64_t month;
	int64_t day;
	int err = check_whole(env, f, b->given, GFS_FIELD_DAY, GFS_FIELD_MONTH);
	if (err == 0)
		err = pick(env, f, GFS_FIELD_MONTH, 1, 12, b->civil.month, &month);
	if (err != 0)
		return err;
	int last = gfs_month_days(year, (int)month);
	err = pick(env, f, GFS_FIELD_DAY, 1, last, GFS_MIN(b->civil.day, last), &day);
	if (err == 0)
		*ret_days = gfs_days_from_civil(year, (int)month, (int)day);
	return err;
}

static int week_date(
	const struct gfs_function_env *env, const struct gfs_fields *f, const struct base *b, int64_t *ret_days)
{
	int64_t year;
	int64_t week;
	int64_t weekday;
	int err = check_whole(env, f, b->given, GFS_FIELD_DAY_OF_WEEK, GFS_FIELD_WEEK);
	if (err == 0)
		err = pick(env, f, GFS_FIELD_YEAR, -GFS_YEAR_MAX, GFS_YEAR_MAX, b->week_year, &year);
	if (err == 0)
		err = pick(env, f, GFS_FIELD_WEEK, 1, gfs_week_year_weeks(year), b->week, &week);
	if (err == 0)
		err = pick(env, f, GFS_FIELD_DAY_OF_WEEK, 1, 7, b->weekday, &weekday);
	if (err == 0)
		*ret_days = gfs_week_year_start(year) + (week - 1) * 7 + weekday - 1;
	return err;
}

static int ordinal_date(const struct gfs_function_env *env, const struct gfs_fields *f, int64_t year, int64_t *ret_days)
{
	int64_t day;
	int err = pick(env, f, GFS_FIELD_ORDINAL_DAY, 1, gfs_year_is_leap(year) ? 366 : 365, 1, &day);
	if (err == 0)
		*ret_days = gfs_days_from_civil(year, 1, 1) + day - 1;
	return err;
}

/* Another quarter alone keeps the place of the month in it, and the day of the month. */
static int quarter_date(const struct gfs_function_env *env, const struct gfs_fields *f, const struct base *b,
	int64_t year, int64_t *ret_days)
{
	int64_t quarter;
	int64_t day;
	int err = check_whole(env, f, b->given, GFS_FIELD_DAY_OF_QUARTER, GFS_FIELD_QUARTER);
	if (err == 0)
		err = pick(env, f, GFS_FIELD_QUARTER, 1, 4, (b->civil.month + 2) / 3, &quarter);
	if (err == 0)
		err = pick(env, f, GFS_FIELD_DAY_OF_QUARTER, 1, gfs_quarter_days(year, (int)quarter), 1, &day);
	if (err != 0)
		return err;
	if (gfs_field_given(f, GFS_FIELD_DAY_OF_QUARTER)) {
		*ret_days = gfs_days_from_civil(year, (int)quarter * 3 - 2, 1) + day - 1;
		return 0;
	}
	int month = (int)(quarter - 1) * 3 + (b->civil.month - 1) % 3 + 1;
	int last = gfs_month_days(year, month);
	*ret_days = gfs_days_from_civil(year, month, GFS_MIN(b->civil.day, last));
	return 0;
}

/* The ways to name a day in a year do not mix. */
static int check_way(const struct gfs_function_env *env, uint32_t given)
{
	static const uint32_t ways[] = { BIT(GFS_FIELD_MONTH) | BIT(GFS_FIELD_DAY),
		BIT(GFS_FIELD_WEEK) | BIT(GFS_FIELD_DAY_OF_WEEK), BIT(GFS_FIELD_ORDINAL_DAY),
		BIT(GFS_FIELD_QUARTER) | BIT(GFS_FIELD_DAY_OF_QUARTER) };
	uint32_t named = given & DATE_FIELDS & ~BIT(GFS_FIELD_YEAR);
	for (size_t i = 0; i < GFS_COUNT(ways); i++) {
		if ((named & ~ways[i]) == 0)
			return 0;
	}
	return gfs_fail_temporal(
		env, "a day is named by month and day, week, quarter, or day of the year, not by two of them");
}

int gfs_fields_date(
	const struct gfs_function_env *env, const struct gfs_fields *f, const int64_t *base, int64_t *ret_days)
{
	struct base b = base_of(base);
	int64_t year;
	int err = check_way(env, f->given);
	if (err == 0 && base == NULL && !gfs_field_given(f, GFS_FIELD_YEAR))
		err = missing(env, GFS_FIELD_YEAR);
	if (err == 0)
		err = pick(env, f, GFS_FIELD_YEAR, -GFS_YEAR_MAX, GFS_YEAR_MAX, b.civil.year, &year);
	if (err != 0)
		return err;
	if (gfs_field_given(f, GFS_FIELD_WEEK) || gfs_field_given(f, GFS_FIELD_DAY_OF_WEEK))
		return week_date(env, f, &b, ret_days);
	if (gfs_field_given(f, GFS_FIELD_ORDINAL_DAY))
		return ordinal_date(env, f, year, ret_days);
	if (gfs_field_given(f, GFS_FIELD_QUARTER) || gfs_field_given(f, GFS_FIELD_DAY_OF_QUARTER))
		return quarter_date(env, f, &b, year, ret_days);
	return calendar_date(env, f, &b, year, ret_days);
}

/* ---- times ---- */

/* The finer of the three fields count what the coarser ones leave. */
static int subseconds(
	const struct gfs_function_env *env, const struct gfs_fields *f, int64_t within, int64_t *ret_nanos)
{
	int64_t milli;
	int64_t micro;
	int64_t nano;
	int err = pick(env, f, GFS_FIELD_MILLISECOND, 0, within / 1000000 - 1, 0, &milli);
	if (err == 0 && gfs_field_given(f, GFS_FIELD_MILLISECOND))
		within = 1000000;
	if (err == 0)
		err = pick(env, f, GFS_FIELD_MICROSECOND, 0, within / 1000 - 1, 0, &micro);
	if (err == 0 && gfs_field_given(f, GFS_FIELD_MICROSECOND))
		within = 1000;
	if (err == 0)
		err = pick(env, f, GFS_FIELD_NANOSECOND, 0, within - 1, 0, &nano);
	if (err == 0)
		*ret_nanos = milli * 1000000 + micro * 1000 + nano;
	return err;
}

static int check_wholes(const struct gfs_function_env *env, const struct gfs_fields *f, bool based)
{
	int err = check_whole(env, f, based, GFS_FIELD_MINUTE, GFS_FIELD_HOUR);
	if (err == 0)
		err = check_whole(env, f, based, GFS_FIELD_SECOND, GFS_FIELD_MINUTE);
	if (err == 0 && !based && (f->given & SUBSECONDS) != 0 && !gfs_field_given(f, GFS_FIELD_SECOND))
		err = missing(env, GFS_FIELD_SECOND);
	return err;
}

int gfs_fields_time(const struct gfs_function_env *env, const struct gfs_fields *f, const int64_t *base,
	int64_t keep_nanos, int64_t *ret_nanos)
{
	int64_t from = base != NULL ? *base : 0;
	int64_t base_second = from / GFS_SECOND_NANOS;
	int64_t fraction = from % GFS_SECOND_NANOS;
	int64_t hour;
	int64_t minute;
	int64_t second;
	int err = check_wholes(env, f, base != NULL);
	if (err == 0)
		err = pick(env, f, GFS_FIELD_HOUR, 0, 23, base_second / 3600, &hour);
	if (err == 0)
		err = pick(env, f, GFS_FIELD_MINUTE, 0, 59, base_second / 60 % 60, &minute);
	if (err == 0)
		err = pick(env, f, GFS_FIELD_SECOND, 0, 59, base_second % 60, &second);
	if (err == 0 && (f->given & SUBSECONDS) != 0) {
		int64_t kept = keep_nanos > 1 ? fraction - fraction % keep_nanos : 0;
		err = subseconds(env, f, keep_nanos > 1 ? keep_nanos : GFS_SECOND_NANOS, &fraction);
		fraction += kept;
	}
	if (err == 0)
		*ret_nanos = ((hour * 60 + minute) * 60 + second) * GFS_SECOND_NANOS + fraction;
	return err;
}
