/* Instants plus durations, durations plus durations, durations times numbers. */
#include "base/checked.h"
#include "query/ast.h"
#include "query/show.h"
#include "query/temporal_private.h"

#include <assert.h>
#include <math.h>

int gfs_days_add_months(int64_t days, int64_t months, int64_t *ret_days)
{
	struct gfs_civil c = gfs_civil_from_days(days);
	int64_t total;
	if (gfs_add_overflows(c.year * 12 + c.month - 1, months, &total))
		return GFS_ERR_OVERFLOW;
	int64_t year = total / 12 - (total % 12 < 0);
	if (year < -GFS_YEAR_MAX || year > GFS_YEAR_MAX)
		return GFS_ERR_OVERFLOW;
	int month = (int)(total - year * 12) + 1;
	int last = gfs_month_days(year, month);
	*ret_days = gfs_days_from_civil(year, month, GFS_MIN(c.day, last));
	return 0;
}

/* ---- instants ---- */

/* Seconds and nanoseconds on the local clock, or for a zone with a name on the world's. `seconds` is within the range of dates. */
static int move_time(struct gfs_temporal *t, int64_t seconds, int64_t nanos)
{
	int64_t fraction = t->nanos % GFS_SECOND_NANOS + nanos;
	int64_t carry = fraction / GFS_SECOND_NANOS - (fraction % GFS_SECOND_NANOS < 0);
	t->nanos += fraction - carry * GFS_SECOND_NANOS - t->nanos % GFS_SECOND_NANOS;
	if (t->zone.size == 0) {
		gfs_move_seconds(t, seconds + carry);
		return 0;
	}
	int64_t instant = gfs_instant_seconds(t) + seconds + carry;
	int err = gfs_zone_offset(t->zone, instant, &t->offset_s);
	gfs_set_instant(t, instant);
	return err;
}

static int move_date(struct gfs_temporal *t, const struct gfs_temporal *d, int sign)
{
	int32_t offset = t->offset_s;
	int64_t months;
	int64_t days;
	if (gfs_mul_overflows(d->months, (int64_t)sign, &months) || gfs_mul_overflows(d->days, (int64_t)sign, &days))
		return GFS_ERR_OVERFLOW;
	int err = gfs_days_add_months(t->days, months, &t->days);
	if (err != 0)
		return err;
	if (gfs_add_overflows(t->days, days, &t->days) || !gfs_days_in_range(t->days))
		return GFS_ERR_OVERFLOW;
	return gfs_zone_resolve(t, &offset);
}

/* Past it no instant is in range, and no sum of two overflows. */
#define SECONDS_MAX (INT64_C(1) << 60)

static int move(enum gfs_datum_type type, struct gfs_temporal *t, const struct gfs_temporal *d, int sign)
{
	int err = gfs_has_date(type) ? move_date(t, d, sign) : 0;
	if (err != 0)
		return err;
	int64_t seconds = gfs_has_date(type) ? d->seconds : d->seconds % GFS_DAY_SECONDS;
	if (seconds > SECONDS_MAX || seconds < -SECONDS_MAX)
		return GFS_ERR_OVERFLOW;
	if (type == GFS_DATUM_DATE) {
		/* Whole days only; a negative duration's part of a second counts against them. */
		int64_t whole = (seconds + (seconds < 0 && d->nanos != 0)) / GFS_DAY_SECONDS;
		t->days += sign * whole;
		return 0;
	}
	return move_time(t, sign * seconds, sign * d->nanos);
}

int gfs_temporal_move(const struct gfs_function_env *env, enum gfs_datum_type type, struct gfs_temporal *t,
	const struct gfs_temporal *duration, int sign)
{
	int err = move(type, t, duration, sign);
	return err != 0 ? gfs_fail_temporal_err(env, err, "a temporal value") : 0;
}

static int move_instant(const struct gfs_function_env *env, struct gfs_datum instant, struct gfs_datum duration,
	int sign, struct gfs_datum *ret_value)
{
	struct gfs_temporal t = *instant.temporal;
	int err = gfs_temporal_move(env, gfs_datum_kind(instant), &t, duration.temporal, sign);
	return err != 0 ? err : gfs_temporal_result(env, gfs_datum_kind(instant), &t, ret_value);
}

/* ---- durations ---- */

int gfs_fixed_of(const struct gfs_function_env *env, struct gfs_datum number, gfs_fixed *ret_fixed)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	assert(gfs_datum_is_number(number));
	gfs_show_scalar(number, &text);
	if (gfs_buf_failed(&text) != 0)
		return gfs_fail_nomem(env);
	int err = gfs_fixed_parse(gfs_buf_slice(&text), ret_fixed);
	return err != 0 ? gfs_fail_temporal_err(env, err, "a part of a duration") : 0;
}

static int add_durations(const struct gfs_function_env *env, const struct gfs_temporal *a, const struct gfs_temporal *b,
	int sign, struct gfs_datum *ret_value)
{
	struct gfs_temporal sum;
	int err = gfs_duration_add(a, b, sign, &sum);
	return err != 0 ? gfs_fail_temporal_err(env, err, "a duration")
					: gfs_temporal_result(env, GFS_DATUM_DURATION, &sum, ret_value);
}

/* part * factor, or part / factor. A quotient that decimals cannot tell exactly is taken from floats. */
static bool scale_part(int64_t part, gfs_fixed factor, bool divide, gfs_fixed *ret)
{
	if (!divide)
		return !gfs_mul_overflows((gfs_fixed)part, factor, ret);
	if (factor % GFS_FIXED_ONE == 0) {
		*ret = (gfs_fixed)part * GFS_FIXED_ONE / (factor / GFS_FIXED_ONE);
		return true;
	}
	long double quotient = (long double)part / ((long double)factor / (long double)GFS_FIXED_ONE);
	if (fabsl(quotient) >= 0x1p63L)
		return false;
	/* The whole part apart, for the precision of what is left. */
	long double whole = truncl(quotient);
	*ret = (gfs_fixed)whole * GFS_FIXED_ONE + (gfs_fixed)((quotient - whole) * (long double)GFS_FIXED_ONE);
	return true;
}

static int scale_duration(const struct gfs_function_env *env, const struct gfs_temporal *d, struct gfs_datum number,
	bool divide, struct gfs_datum *ret_value)
{
	struct gfs_temporal t;
	gfs_fixed factor = 0;
	gfs_fixed parts[4] = { 0 };
	int err = gfs_fixed_of(env, number, &factor);
	if (err != 0)
		return err;
	if (divide && factor == 0)
		return gfs_fail_runtime(env, ARITHMETIC, "DivisionByZero", "a duration / 0");
	const int64_t from[4] = { d->months, d->days, d->seconds, d->nanos };
	for (int i = 0; i < 4; i++) {
		if (!scale_part(from[i], factor, divide, &parts[i]))
			return gfs_fail_temporal_err(env, GFS_ERR_OVERFLOW, "a duration");
	}
	err = gfs_duration_make(parts[0], parts[1], parts[2], parts[3], &t);
	return err != 0 ? gfs_fail_temporal_err(env, err, "a duration")
					: gfs_temporal_result(env, GFS_DATUM_DURATION, &t, ret_value);
}

int gfs_temporal_arithmetic(const struct gfs_function_env *env, uint8_t op, struct gfs_datum a, struct gfs_datum b,
	struct gfs_datum *ret_value, bool *ret_done)
{
	int sign = op == GFS_OP_SUBTRACT ? -1 : 1;
	bool adds = op == GFS_OP_ADD || op == GFS_OP_SUBTRACT;
	bool a_duration = a.type == GFS_DATUM_DURATION;
	bool b_duration = b.type == GFS_DATUM_DURATION;
	*ret_done = true;
	if (adds && a_duration && b_duration)
		return add_durations(env, a.temporal, b.temporal, sign, ret_value);
	if (adds && b_duration && gfs_datum_is_temporal(a))
		return move_instant(env, a, b, sign, ret_value);
	if (op == GFS_OP_ADD && a_duration && gfs_datum_is_temporal(b))
		return move_instant(env, b, a, sign, ret_value);
	if ((op == GFS_OP_MULTIPLY || op == GFS_OP_DIVIDE) && a_duration && gfs_datum_is_number(b))
		return scale_duration(env, a.temporal, b, op == GFS_OP_DIVIDE, ret_value);
	if (op == GFS_OP_MULTIPLY && b_duration && gfs_datum_is_number(a))
		return scale_duration(env, b.temporal, a, false, ret_value);
	*ret_done = false;
	return 0;
}
