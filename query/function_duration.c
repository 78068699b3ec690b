/* duration(), duration.between() and its kin. */
#include "base/checked.h"
#include "query/temporal_private.h"

#include <assert.h>

#define ARGS const struct gfs_function_env *env, const struct gfs_datum *args, size_t count, struct gfs_datum *ret_value

enum sum { MONTHS, DAYS, SECONDS, NANOS, SUM_COUNT };

static const struct unit {
	const char *name;
	enum sum sum;
	int64_t times;
} units[] = {
	{ "years", MONTHS, 12 },
	{ "quarters", MONTHS, 3 },
	{ "months", MONTHS, 1 },
	{ "weeks", DAYS, 7 },
	{ "days", DAYS, 1 },
	{ "hours", SECONDS, 3600 },
	{ "minutes", SECONDS, 60 },
	{ "seconds", SECONDS, 1 },
	{ "milliseconds", NANOS, 1000000 },
	{ "microseconds", NANOS, 1000 },
	{ "nanoseconds", NANOS, 1 },
};

static const struct unit *find_unit(struct gfs_slice name)
{
	for (size_t i = 0; i < GFS_COUNT(units); i++) {
		if (gfs_slice_equal(name, gfs_slice_text(units[i].name)))
			return &units[i];
	}
	return NULL;
}

static int add_entry(const struct gfs_function_env *env, const struct gfs_datum_entry *entry, gfs_fixed sums[SUM_COUNT])
{
	const struct unit *unit = find_unit(entry->key);
	gfs_fixed part;
	if (unit == NULL)
		return gfs_fail_temporal(
			env, "a duration has no field '%.*s'", (int)entry->key.size, (const char *)entry->key.data);
	if (!gfs_datum_is_number(entry->value))
		return gfs_fail_type(
			env, "InvalidArgumentValue", "%s is a number, not %s", unit->name, gfs_type_of(entry->value));
	int err = gfs_fixed_of(env, entry->value, &part);
	if (err != 0)
		return err;
	if (gfs_mul_overflows(part, (gfs_fixed)unit->times, &part) ||
		gfs_add_overflows(sums[unit->sum], part, &sums[unit->sum]))
		return gfs_fail_temporal_err(env, GFS_ERR_OVERFLOW, "a duration");
	return 0;
}

static int from_map(const struct gfs_function_env *env, struct gfs_datum map, struct gfs_temporal *ret_duration)
{
	gfs_fixed sums[SUM_COUNT] = { 0 };
	for (uint32_t i = 0; i < map.size; i++) {
		int err = gfs_datum_is_null(map.entries[i].value) ? 0 : add_entry(env, &map.entries[i], sums);
		if (err != 0)
			return err;
	}
	int err = gfs_duration_make(sums[MONTHS], sums[DAYS], sums[SECONDS], sums[NANOS], ret_duration);
	return err != 0 ? gfs_fail_temporal_err(env, err, "a duration") : 0;
}

static int call_duration(ARGS)
{
	struct gfs_temporal d;
	int err = 0;
	(void)count;
	if (args[0].type == GFS_DATUM_DURATION) {
		*ret_value = args[0];
		return 0;
	}
	if (args[0].type == GFS_DATUM_MAP)
		err = from_map(env, args[0], &d);
	else if (args[0].type != GFS_DATUM_STRING)
		return gfs_fail_argument_type(env, "duration", args[0]);
	else if (gfs_temporal_parse(GFS_TYPE_DURATION, gfs_datum_text(args[0]), env->arena, &d) != 0)
		err = gfs_fail_temporal(env, "'%.*s' is no DURATION", (int)GFS_MIN(args[0].size, UINT32_C(80)), args[0].text);
	return err != 0 ? err : gfs_temporal_result(env, GFS_DATUM_DURATION, &d, ret_value);
}

static int between(const struct gfs_function_env *env, enum gfs_between what, const struct gfs_datum *args,
	struct gfs_datum *ret_value)
{
	for (size_t i = 0; i < 2; i++) {
		if (!gfs_datum_is_temporal(args[i]) || args[i].type == GFS_DATUM_DURATION)
			return gfs_fail_argument_type(env, "duration.between", args[i]);
	}
	return gfs_temporal_between(env, what, args[0], args[1], ret_value);
}

#define DEFINE(name, what)                                                                                             \
	static int call_##name(ARGS)                                                                                       \
	{                                                                                                                  \
		(void)count;                                                                                                   \
		return between(env, what, args, ret_value);                                                                    \
	}

DEFINE(between, GFS_BETWEEN_ALL)
DEFINE(in_months, GFS_BETWEEN_MONTHS)
DEFINE(in_days, GFS_BETWEEN_DAYS)
DEFINE(in_seconds, GFS_BETWEEN_SECONDS)

static const struct gfs_function functions[] = {
	{ "duration", call_duration, 1, 1, 0, GFS_DATUM_DURATION },
	{ "duration.between", call_between, 2, 2, 0, GFS_DATUM_DURATION },
	{ "duration.inMonths", call_in_months, 2, 2, 0, GFS_DATUM_DURATION },
	{ "duration.inDays", call_in_days, 2, 2, 0, GFS_DATUM_DURATION },
	{ "duration.inSeconds", call_in_seconds, 2, 2, 0, GFS_DATUM_DURATION },
};

const struct gfs_function_table gfs_functions_duration = { functions, GFS_COUNT(functions) };
