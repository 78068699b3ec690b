/* date(), localtime(), time(), localdatetime(), datetime() and their .transaction, .statement, .realtime, .truncate. */
#include "base/checked.h"
#include "base/clock.h"
#include "query/datum_value.h"
#include "query/temporal_private.h"

#include <assert.h>

#define ARGS const struct gfs_function_env *env, const struct gfs_datum *args, size_t count, struct gfs_datum *ret_value

/* ---- from a string ---- */

/* An offset beside a zone must be one that the zone has then. */
static int check_offset(const struct gfs_function_env *env, const struct gfs_temporal *t)
{
	int32_t offset;
	if (t->zone.size == 0)
		return 0;
	int err = gfs_zone_offset(t->zone, gfs_instant_seconds(t), &offset);
	if (err != 0)
		return gfs_fail_temporal_err(env, err, "the time zone");
	return offset == t->offset_s ? 0 : gfs_fail_temporal(env, "the time zone has another offset at that time");
}

static int from_string(
	const struct gfs_function_env *env, enum gfs_datum_type type, struct gfs_slice text, struct gfs_datum *ret_value)
{
	struct gfs_temporal t;
	struct gfs_datum kind = { .type = (uint8_t)type };
	int err = gfs_temporal_parse(gfs_datum_temporal_type(kind), text, env->arena, &t);
	if (err == GFS_ERR_NOMEM)
		return gfs_fail_nomem(env);
	if (err != 0)
		return gfs_fail_temporal(env, "'%.*s' is no %s", (int)GFS_MIN(text.size, (size_t)80), (const char *)text.data,
			gfs_datum_type_name(type));
	err = check_offset(env, &t);
	return err != 0 ? err : gfs_temporal_result(env, type, &t, ret_value);
}

/* ---- from another temporal value ---- */

static int select_from(
	const struct gfs_function_env *env, enum gfs_datum_type type, struct gfs_datum of, struct gfs_datum *ret_value)
{
	enum gfs_datum_type from = gfs_datum_kind(of);
	bool fits = from != GFS_DATUM_DURATION && (gfs_has_date(from) || !gfs_has_date(type)) &&
		(gfs_has_time(from) || gfs_has_date(type));
	if (!fits)
		return gfs_fail_type(
			env, "InvalidArgumentValue", "a %s does not make a %s", gfs_type_of(of), gfs_datum_type_name(type));
	return gfs_temporal_result(env, type, of.temporal, ret_value);
}

static int make(const struct gfs_function_env *env, enum gfs_datum_type type, const struct gfs_datum *args,
	size_t count, struct gfs_datum *ret_value)
{
	if (count == 0)
		return gfs_temporal_at(env, type, env->statement_ns, NULL, ret_value);
	if (args[0].type == GFS_DATUM_STRING)
		return from_string(env, type, gfs_datum_text(args[0]), ret_value);
	if (args[0].type == GFS_DATUM_MAP)
		return gfs_temporal_from_map(env, type, args[0], ret_value);
	if (gfs_datum_is_temporal(args[0]))
		return select_from(env, type, args[0], ret_value);
	return gfs_fail_type(
		env, "InvalidArgumentValue", "a %s is not made of %s", gfs_datum_type_name(type), gfs_type_of(args[0]));
}

static int make_now(const struct gfs_function_env *env, enum gfs_datum_type type, uint64_t real_ns,
	const struct gfs_datum *args, size_t count, struct gfs_datum *ret_value)
{
	struct gfs_zone zone;
	int err = count != 0 ? gfs_zone_read(env, args[0], &zone) : 0;
	return err != 0 ? err : gfs_temporal_at(env, type, real_ns, count != 0 ? &zone : NULL, ret_value);
}

/* truncate(unit), of now; truncate(unit, value); truncate(unit, value, fields). */
static int truncate_to(const struct gfs_function_env *env, enum gfs_datum_type type, const struct gfs_datum *args,
	size_t count, struct gfs_datum *ret_value)
{
	struct gfs_datum of = gfs_datum_null();
	struct gfs_datum map = count == 3 ? args[2] : gfs_datum_null();
	if (args[0].type != GFS_DATUM_STRING)
		return gfs_fail_argument_type(env, "truncate", args[0]);
	if (count == 3 && map.type != GFS_DATUM_MAP)
		return gfs_fail_argument_type(env, "truncate", map);
	int err = count == 1 ? gfs_temporal_at(env, type, env->statement_ns, NULL, &of) : 0;
	if (count > 1)
		of = args[1];
	return err != 0 ? err : gfs_temporal_truncate(env, type, gfs_datum_text(args[0]), of, map, ret_value);
}

#define DEFINE(name, type)                                                                                             \
	static int call_##name(ARGS)                                                                                       \
	{                                                                                                                  \
		return make(env, type, args, count, ret_value);                                                                \
	}                                                                                                                  \
	static int call_##name##_statement(ARGS)                                                                           \
	{                                                                                                                  \
		return make_now(env, type, env->statement_ns, args, count, ret_value);                                         \
	}                                                                                                                  \
	static int call_##name##_transaction(ARGS)                                                                         \
	{                                                                                                                  \
		return make_now(env, type, env->transaction_ns, args, count, ret_value);                                       \
	}                                                                                                                  \
	static int call_##name##_realtime(ARGS)                                                                            \
	{                                                                                                                  \
		return make_now(env, type, gfs_clock_real_ns(), args, count, ret_value);                                       \
	}                                                                                                                  \
	static int call_##name##_truncate(ARGS)                                                                            \
	{                                                                                                                  \
		return truncate_to(env, type, args, count, ret_value);                                                         \
	}

DEFINE(date, GFS_DATUM_DATE)
DEFINE(local_time, GFS_DATUM_LOCALTIME)
DEFINE(time, GFS_DATUM_TIME)
DEFINE(local_datetime, GFS_DATUM_LOCALDATETIME)
DEFINE(datetime, GFS_DATUM_DATETIME)

/* ---- epochs ---- */

static int want_integers(
	const struct gfs_function_env *env, const char *function, const struct gfs_datum *args, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (args[i].type != GFS_DATUM_INTEGER)
			return gfs_fail_argument_type(env, function, args[i]);
	}
	return 0;
}

/* Both by way of a map, for the same checks. */
static int call_from_epoch(ARGS)
{
	int err = want_integers(env, "datetime.fromEpoch", args, count);
	if (err != 0)
		return err;
	struct gfs_datum_entry entries[] = { { gfs_slice_text("epochSeconds"), args[0] },
		{ gfs_slice_text("nanosecond"), args[1] } };
	return gfs_temporal_from_map(env, GFS_DATUM_DATETIME, gfs_datum_map(entries, GFS_COUNT(entries)), ret_value);
}

static int call_from_epoch_millis(ARGS)
{
	int err = want_integers(env, "datetime.fromEpochMillis", args, count);
	if (err != 0)
		return err;
	struct gfs_datum_entry entry = { gfs_slice_text("epochMillis"), args[0] };
	return gfs_temporal_from_map(env, GFS_DATUM_DATETIME, gfs_datum_map(&entry, 1), ret_value);
}

#define ROWS(name, function, type)                                                                                     \
	{ name, call_##function, 0, 1, GFS_FUNCTION_CLOCK, type },                                                         \
		{ name ".statement", call_##function##_statement, 0, 1, GFS_FUNCTION_VOLATILE, type },                         \
		{ name ".transaction", call_##function##_transaction, 0, 1, GFS_FUNCTION_VOLATILE, type },                     \
		{ name ".realtime", call_##function##_realtime, 0, 1, GFS_FUNCTION_VOLATILE, type },                           \
	{                                                                                                                  \
		name ".truncate", call_##function##_truncate, 1, 3, GFS_FUNCTION_CLOCK, type                                   \
	}

static const struct gfs_function functions[] = {
	ROWS("date", date, GFS_DATUM_DATE),
	ROWS("localtime", local_time, GFS_DATUM_LOCALTIME),
	ROWS("time", time, GFS_DATUM_TIME),
	ROWS("localdatetime", local_datetime, GFS_DATUM_LOCALDATETIME),
	ROWS("datetime", datetime, GFS_DATUM_DATETIME),
	{ "datetime.fromEpoch", call_from_epoch, 2, 2, 0, GFS_DATUM_DATETIME },
	{ "datetime.fromEpochMillis", call_from_epoch_millis, 1, 1, 0, GFS_DATUM_DATETIME },
};

const struct gfs_function_table gfs_functions_temporal = { functions, GFS_COUNT(functions) };
