/* Temporal values from maps, from others and from the clock; zones. */
#include "base/clock.h"
#include "query/datum_value.h"
#include "query/temporal_private.h"

#include <assert.h>

int gfs_fail_temporal_err(const struct gfs_function_env *env, int err, const char *what)
{
	if (err == GFS_ERR_NOMEM)
		return gfs_fail_nomem(env);
	if (err == GFS_ERR_OVERFLOW)
		return gfs_fail_runtime(env, ARITHMETIC, "IntegerOverflow", "%s is out of range", what);
	return gfs_fail_temporal(env, "%s is not valid", what);
}

int gfs_temporal_result(const struct gfs_function_env *env, enum gfs_datum_type type, const struct gfs_temporal *t,
	struct gfs_datum *ret_value)
{
	struct gfs_temporal *copy = gfs_function_alloc(env, sizeof *copy);
	if (copy == NULL)
		return env->error->err;
	*copy = (struct gfs_temporal){ 0 };
	if (gfs_has_date(type))
		copy->days = t->days;
	if (gfs_has_time(type))
		copy->nanos = t->nanos;
	if (gfs_has_offset(type))
		copy->offset_s = t->offset_s;
	if (type == GFS_DATUM_DATETIME)
		copy->zone = t->zone;
	if (type == GFS_DATUM_DURATION)
		*copy = *t;
	*ret_value = (struct gfs_datum){ .type = (uint8_t)type, .temporal = copy };
	if (!gfs_temporal_valid(gfs_datum_temporal_type(*ret_value), copy))
		return gfs_fail_temporal(env, "a %s is out of range", gfs_datum_type_name(type));
	return 0;
}

/* ---- zones ---- */

static bool is_offset(struct gfs_slice text)
{
	return text.size != 0 && (text.data[0] == '+' || text.data[0] == '-' || (text.size == 1 && text.data[0] == 'Z'));
}

static int named_zone(const struct gfs_function_env *env, struct gfs_slice text, struct gfs_zone *ret_zone)
{
	uint8_t *name = gfs_function_alloc(env, text.size);
	if (name == NULL)
		return env->error->err;
	for (size_t i = 0; i < text.size; i++)
		name[i] = text.data[i] == ' ' ? '_' : text.data[i];
	*ret_zone = (struct gfs_zone){ .name = gfs_slice(name, text.size) };
	if (!gfs_zone_exists(ret_zone->name))
		return gfs_fail_temporal(env, "there is no time zone '%.*s'", (int)text.size, (const char *)text.data);
	return 0;
}

int gfs_zone_read(const struct gfs_function_env *env, struct gfs_datum d, struct gfs_zone *ret_zone)
{
	struct gfs_zone zone = { 0 };
	if (d.type != GFS_DATUM_STRING)
		return gfs_fail_type(env, "InvalidArgumentValue", "a time zone is a STRING, not %s", gfs_type_of(d));
	struct gfs_slice text = gfs_datum_text(d);
	if (!is_offset(text))
		return named_zone(env, text, ret_zone);
	if (gfs_offset_parse(text, &zone.offset_s) != 0)
		return gfs_fail_temporal(env, "'%.*s' is no offset from UTC", (int)text.size, (const char *)text.data);
	*ret_zone = zone;
	return 0;
}

int gfs_zone_put(
	const struct gfs_function_env *env, struct gfs_temporal *t, const struct gfs_zone *zone, bool same_instant)
{
	int err = 0;
	int64_t instant = gfs_instant_seconds(t);
	t->zone = zone->name;
	if (zone->name.size == 0)
		t->offset_s = zone->offset_s;
	else if (same_instant)
		err = gfs_zone_offset(zone->name, instant, &t->offset_s);
	else
		err = gfs_zone_resolve(t, NULL);
	if (err != 0)
		return gfs_fail_temporal_err(env, err, "the time zone");
	if (same_instant)
		gfs_set_instant(t, instant);
	return 0;
}

/* ---- now ---- */

int gfs_temporal_at(const struct gfs_function_env *env, enum gfs_datum_type type, uint64_t real_ns,
	const struct gfs_zone *zone, struct gfs_datum *ret_value)
{
	struct gfs_temporal t = { .nanos = (int64_t)(real_ns % GFS_NS_PER_S) };
	gfs_set_instant(&t, (int64_t)(real_ns / GFS_NS_PER_S));
	int err = zone != NULL ? gfs_zone_put(env, &t, zone, true) : 0;
	return err != 0 ? err : gfs_temporal_result(env, type, &t, ret_value);
}

/* A time of day without a date takes a named zone's offset of the statement's begin. */
static int fix_zone(const struct gfs_function_env *env, struct gfs_zone *zone)
{
	if (zone->name.size == 0)
		return 0;
	int err = gfs_zone_offset(zone->name, (int64_t)(env->statement_ns / GFS_NS_PER_S), &zone->offset_s);
	zone->name = (struct gfs_slice){ 0 };
	return err != 0 ? gfs_fail_temporal_err(env, err, "the time zone") : 0;
}

/* ---- from a map ---- */

static int no_part(const struct gfs_function_env *env, const char *part, struct gfs_datum d)
{
	return gfs_fail_type(env, "InvalidArgumentValue", "%s has no %s to select", gfs_type_of(d), part);
}

/* The value to select a date or time from; null: none. */
static struct gfs_datum chosen(const struct gfs_fields *f, bool date)
{
	if (!gfs_datum_is_null(f->datetime))
		return f->datetime;
	return date ? f->date : f->time;
}

static int make_date(const struct gfs_function_env *env, const struct gfs_fields *f, struct gfs_temporal *t)
{
	struct gfs_datum from = chosen(f, true);
	if (gfs_datum_is_null(from))
		return gfs_fields_date(env, f, NULL, &t->days);
	if (!gfs_has_date(gfs_datum_kind(from)))
		return no_part(env, "date", from);
	return gfs_fields_date(env, f, &from.temporal->days, &t->days);
}

/* `needed`: without a value to select from, the hour must be given. */
static int make_time(
	const struct gfs_function_env *env, const struct gfs_fields *f, bool needed, struct gfs_temporal *t)
{
	struct gfs_datum from = chosen(f, false);
	if (!gfs_datum_is_null(from)) {
		if (!gfs_has_time(gfs_datum_kind(from)))
			return no_part(env, "time", from);
		return gfs_fields_time(env, f, &from.temporal->nanos, 1, &t->nanos);
	}
	if (needed && !gfs_field_given(f, GFS_FIELD_HOUR))
		return gfs_fail_temporal(env, "hour must be given");
	return gfs_fields_time(env, f, NULL, 1, &t->nanos);
}

/* After the fields: the zone of what the time was selected from, then the one that is asked for, which keeps the instant if there was one. */
static int make_zone(
	const struct gfs_function_env *env, enum gfs_datum_type type, struct gfs_fields *f, struct gfs_temporal *t)
{
	struct gfs_datum from = chosen(f, false);
	bool zoned = !gfs_datum_is_null(from) && gfs_has_offset(gfs_datum_kind(from));
	int err = 0;
	if (zoned) {
		t->offset_s = from.temporal->offset_s;
		t->zone = type == GFS_DATUM_DATETIME ? from.temporal->zone : (struct gfs_slice){ 0 };
		err = gfs_zone_resolve(t, &from.temporal->offset_s);
		if (err != 0)
			return gfs_fail_temporal_err(env, err, "the time zone");
	}
	if (!f->has_zone)
		return 0;
	if (type == GFS_DATUM_TIME)
		err = fix_zone(env, &f->zone);
	return err != 0 ? err : gfs_zone_put(env, t, &f->zone, zoned);
}

/* {epochSeconds: ..., nanosecond: ...} or {epochMillis: ...}, in UTC or the zone that is asked for. */
static int make_epoch(const struct gfs_function_env *env, const struct gfs_fields *f, struct gfs_temporal *t)
{
	bool millis = gfs_field_given(f, GFS_FIELD_EPOCH_MILLIS);
	int64_t at = f->at[millis ? GFS_FIELD_EPOCH_MILLIS : GFS_FIELD_EPOCH_SECONDS];
	int64_t part = millis ? (at % 1000 + 1000) % 1000 : 0; /* milliseconds, not below 0 */
	int64_t second = millis ? at / 1000 - (at % 1000 < 0) : at;
	int64_t fraction = part * 1000000;
	if (gfs_fields_any_date(f) || gfs_field_given(f, GFS_FIELD_HOUR) || gfs_field_given(f, GFS_FIELD_MINUTE) ||
		gfs_field_given(f, GFS_FIELD_SECOND))
		return gfs_fail_temporal(env, "an instant since 1970 takes no other field but parts of a second");
	if (second > GFS_DAY_SECONDS * INT64_C(400000000000) || second < -GFS_DAY_SECONDS * INT64_C(400000000000))
		return gfs_fail_temporal(env, "an instant is out of range");
	struct gfs_fields parts = *f;
	int err = gfs_fields_time(env, &parts, &fraction, millis ? 1000000 : 1, &t->nanos);
	if (err != 0)
		return err;
	gfs_set_instant(t, second);
	return f->has_zone ? gfs_zone_put(env, t, &f->zone, true) : 0;
}

static bool only_zone(const struct gfs_fields *f)
{
	return f->has_zone && f->given == 0 && gfs_datum_is_null(f->date) && gfs_datum_is_null(f->time) &&
		gfs_datum_is_null(f->datetime);
}

/* Fields that the type cannot have. */
static int check_type(const struct gfs_function_env *env, enum gfs_datum_type type, const struct gfs_fields *f)
{
	bool epoch = gfs_field_given(f, GFS_FIELD_EPOCH_SECONDS) || gfs_field_given(f, GFS_FIELD_EPOCH_MILLIS);
	if ((!gfs_has_date(type) && gfs_fields_any_date(f)) || (!gfs_has_time(type) && gfs_fields_any_time(f)) ||
		(type != GFS_DATUM_DATETIME && epoch) || (!gfs_has_offset(type) && f->has_zone))
		return gfs_fail_temporal(env, "a %s does not have all of these fields", gfs_datum_type_name(type));
	return 0;
}

int gfs_temporal_from_map(
	const struct gfs_function_env *env, enum gfs_datum_type type, struct gfs_datum map, struct gfs_datum *ret_value)
{
	struct gfs_fields f;
	struct gfs_temporal t = { 0 };
	int err = gfs_fields_read(env, map, &f);
	if (err == 0 && only_zone(&f))
		return gfs_temporal_at(env, type, env->statement_ns, &f.zone, ret_value);
	if (err == 0)
		err = check_type(env, type, &f);
	if (err == 0 && (gfs_field_given(&f, GFS_FIELD_EPOCH_SECONDS) || gfs_field_given(&f, GFS_FIELD_EPOCH_MILLIS))) {
		err = make_epoch(env, &f, &t);
		return err != 0 ? err : gfs_temporal_result(env, type, &t, ret_value);
	}
	if (err == 0 && gfs_has_date(type))
		err = make_date(env, &f, &t);
	if (err == 0 && gfs_has_time(type))
		err = make_time(env, &f, !gfs_has_date(type), &t);
	if (err == 0 && gfs_has_offset(type))
		err = make_zone(env, type, &f, &t);
	return err != 0 ? err : gfs_temporal_result(env, type, &t, ret_value);
}
