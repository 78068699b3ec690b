/* Durations: sums, fractions of their parts, and their texts. */
#include "base/checked.h"
#include "graph/temporal_private.h"

#include <assert.h>

/* 365.2425 days / 12, exactly. */
#define MONTH_SECONDS 2629746

static bool to_int64(__int128 v, int64_t *ret)
{
	*ret = (int64_t)v;
	return *ret == v;
}

/* Sets seconds and nanos from a number of nanoseconds. */
static int set_nanos(__int128 total, struct gfs_temporal *t)
{
	__int128 nanos = total % GFS_SECOND_NANOS;
	__int128 seconds = total / GFS_SECOND_NANOS;
	if (nanos < 0) {
		nanos += GFS_SECOND_NANOS;
		seconds--;
	}
	t->nanos = (int64_t)nanos;
	return to_int64(seconds, &t->seconds) ? 0 : GFS_ERR_OVERFLOW;
}

/* Whole days and the seconds of what is left of them and of a month; both have one sign, that of their sum. */
static int split_days(gfs_fixed months, gfs_fixed days, int64_t *ret_days, gfs_fixed *ret_seconds)
{
	const gfs_fixed day = GFS_FIXED_ONE * GFS_DAY_SECONDS;
	gfs_fixed seconds = months % GFS_FIXED_ONE * MONTH_SECONDS + days % GFS_FIXED_ONE * GFS_DAY_SECONDS;
	__int128 whole = days / GFS_FIXED_ONE + seconds / day;
	seconds %= day;
	if (whole > 0 && seconds < 0) {
		whole--;
		seconds += day;
	} else if (whole < 0 && seconds > 0) {
		whole++;
		seconds -= day;
	}
	*ret_seconds = seconds;
	return to_int64(whole, ret_days) ? 0 : GFS_ERR_OVERFLOW;
}

int gfs_duration_make(
	gfs_fixed months, gfs_fixed days, gfs_fixed seconds, gfs_fixed nanos, struct gfs_temporal *ret_duration)
{
	struct gfs_temporal t = { 0 };
	gfs_fixed day_seconds;
	int err = split_days(months, days, &t.days, &day_seconds);
	if (err != 0)
		return err;
	if (!to_int64(months / GFS_FIXED_ONE, &t.months) || gfs_add_overflows(seconds, day_seconds, &seconds))
		return GFS_ERR_OVERFLOW;
	/* 10^-18 seconds are 10^-9 nanoseconds. */
	gfs_fixed total = seconds / (GFS_FIXED_ONE / GFS_SECOND_NANOS);
	gfs_fixed rest = seconds % (GFS_FIXED_ONE / GFS_SECOND_NANOS) * GFS_SECOND_NANOS + nanos % GFS_FIXED_ONE;
	total += nanos / GFS_FIXED_ONE + rest / GFS_FIXED_ONE;
	err = set_nanos(total, &t);
	if (err == 0)
		*ret_duration = t;
	return err;
}

int gfs_duration_add(
	const struct gfs_temporal *a, const struct gfs_temporal *b, int sign, struct gfs_temporal *ret_duration)
{
	struct gfs_temporal t = { 0 };
	assert(sign == 1 || sign == -1);
	__int128 nanos = (__int128)a->seconds * GFS_SECOND_NANOS + a->nanos;
	nanos += sign * ((__int128)b->seconds * GFS_SECOND_NANOS + b->nanos);
	if (!to_int64((__int128)a->months + sign * (__int128)b->months, &t.months) ||
		!to_int64((__int128)a->days + sign * (__int128)b->days, &t.days))
		return GFS_ERR_OVERFLOW;
	int err = set_nanos(nanos, &t);
	if (err == 0)
		*ret_duration = t;
	return err;
}

/* ---- decimals ---- */

enum { FIXED_DIGITS = 18 };

/* Digits with at most one point, up to `at`'s end or another character; ten to *ret_scale is what the number is to be divided by. */
static int read_decimal(struct gfs_text_reader *r, gfs_fixed *ret_number, int *ret_scale)
{
	gfs_fixed v = 0;
	int scale = 0;
	size_t digits = 0;
	bool point = false;
	for (; r->at < r->end; r->at++) {
		if ((*r->at == '.' || *r->at == ',') && !point) {
			point = true;
			continue;
		}
		if (*r->at < '0' || *r->at > '9')
			break;
		digits++;
		if (point && scale == FIXED_DIGITS)
			continue; /* finer than we count */
		if (gfs_mul_overflows(v, (gfs_fixed)10, &v) || gfs_add_overflows(v, (gfs_fixed)(*r->at - '0'), &v))
			return GFS_ERR_OVERFLOW;
		scale += point;
	}
	*ret_number = v;
	*ret_scale = scale;
	return digits == 0 ? GFS_ERR_INVALID : 0;
}

/* number / 10^scale, as a fixed. */
static int rescale(gfs_fixed number, int scale, gfs_fixed *ret_fixed)
{
	for (; scale < FIXED_DIGITS; scale++) {
		if (gfs_mul_overflows(number, (gfs_fixed)10, &number))
			return GFS_ERR_OVERFLOW;
	}
	for (; scale > FIXED_DIGITS && number != 0; scale--)
		number /= 10;
	*ret_fixed = number;
	return 0;
}

int gfs_fixed_parse(struct gfs_slice text, gfs_fixed *ret_fixed)
{
	struct gfs_text_reader r = gfs_text_reader(text);
	gfs_fixed number;
	int scale;
	int power = 0;
	bool negative = gfs_text_accept(&r, '-');
	int err = read_decimal(&r, &number, &scale);
	if (err != 0)
		return err;
	if (gfs_text_accept(&r, 'E')) {
		bool small = gfs_text_accept(&r, '-');
		uint64_t digits;
		if (gfs_text_number(&r, 1, 4, &digits) != 0)
			return GFS_ERR_INVALID;
		power = small ? -(int)digits : (int)digits;
	}
	err = r.at != r.end ? GFS_ERR_INVALID : rescale(number, scale - power, ret_fixed);
	if (err == 0 && negative)
		*ret_fixed = -*ret_fixed;
	return err;
}

/* ---- text ---- */

/* Sums by unit, in the order that the letters may come in. */
struct parts {
	gfs_fixed months, days, seconds;
};

static int add_part(gfs_fixed *sum, gfs_fixed part, int64_t times)
{
	gfs_fixed scaled;
	if (gfs_mul_overflows(part, (gfs_fixed)times, &scaled) || gfs_add_overflows(*sum, scaled, sum))
		return GFS_ERR_OVERFLOW;
	return 0;
}

/* One number and its letter. `letters` are those that may still come, with their sum and factor at the same place. */
struct unit {
	char letter;
	int64_t times;
};

/* Reads numbers with the letters of `units` in their order, into sums[0] to sums[2] by `which`. */
static int read_units(
	struct gfs_text_reader *r, const struct unit *units, size_t count, const int *which, gfs_fixed *sums, int *ret_read)
{
	size_t next = 0;
	while (r->at < r->end && *r->at != 'T') {
		gfs_fixed number;
		int scale;
		bool negative = gfs_text_accept(r, '-');
		if (!negative)
			(void)gfs_text_accept(r, '+');
		int err = read_decimal(r, &number, &scale);
		if (err == 0)
			err = rescale(negative ? -number : number, scale, &number);
		if (err != 0)
			return err;
		while (next < count && !gfs_text_accept(r, (uint8_t)units[next].letter))
			next++;
		if (next == count)
			return GFS_ERR_INVALID;
		if ((err = add_part(&sums[which[next]], number, units[next].times)) != 0)
			return err;
		next++;
		(*ret_read)++;
	}
	return 0;
}

static int parse_units(struct gfs_text_reader *r, struct gfs_temporal *ret_duration)
{
	static const struct unit date_units[] = { { 'Y', 12 }, { 'M', 1 }, { 'W', 7 }, { 'D', 1 } };
	static const int date_sums[] = { 0, 0, 1, 1 };
	static const struct unit time_units[] = { { 'H', 3600 }, { 'M', 60 }, { 'S', 1 } };
	static const int time_sums[] = { 2, 2, 2 };
	gfs_fixed sums[3] = { 0 };
	int read = 0;
	int err = read_units(r, date_units, GFS_COUNT(date_units), date_sums, sums, &read);
	if (err == 0 && gfs_text_accept(r, 'T')) {
		read = 0;
		err = read_units(r, time_units, GFS_COUNT(time_units), time_sums, sums, &read);
	}
	if (err != 0)
		return err;
	if (read == 0 || r->at != r->end)
		return GFS_ERR_INVALID;
	return gfs_duration_make(sums[0], sums[1], sums[2], 0, ret_duration);
}

/* P2012-02-02T14:37:21.545: as many years, months and so on. */
static int parse_date_form(struct gfs_text_reader *r, struct gfs_temporal *ret_duration)
{
	uint64_t year, month, day, hour, minute;
	gfs_fixed second;
	int scale;
	bool ok = gfs_text_number(r, 4, 4, &year) == 0 && gfs_text_accept(r, '-') &&
		gfs_text_number(r, 2, 2, &month) == 0 && gfs_text_accept(r, '-') && gfs_text_number(r, 2, 2, &day) == 0 &&
		gfs_text_accept(r, 'T') && gfs_text_number(r, 2, 2, &hour) == 0 && gfs_text_accept(r, ':') &&
		gfs_text_number(r, 2, 2, &minute) == 0 && gfs_text_accept(r, ':') && read_decimal(r, &second, &scale) == 0 &&
		r->at == r->end;
	if (!ok || rescale(second, scale, &second) != 0)
		return GFS_ERR_INVALID;
	second += (gfs_fixed)(hour * 3600 + minute * 60) * GFS_FIXED_ONE;
	return gfs_duration_make(
		(gfs_fixed)(year * 12 + month) * GFS_FIXED_ONE, (gfs_fixed)day * GFS_FIXED_ONE, second, 0, ret_duration);
}

static int negate(struct gfs_temporal *t)
{
	struct gfs_temporal zero = { 0 };
	return gfs_duration_add(&zero, t, -1, t);
}

/* Four digits and a dash. */
static bool is_date_form(const struct gfs_text_reader *r)
{
	struct gfs_text_reader ahead = *r;
	uint64_t year;
	return gfs_text_number(&ahead, 4, 4, &year) == 0 && gfs_text_accept(&ahead, '-');
}

int gfs_duration_parse(struct gfs_slice text, struct gfs_temporal *ret_duration)
{
	struct gfs_text_reader r = gfs_text_reader(text);
	bool negative = gfs_text_accept(&r, '-');
	if (!gfs_text_accept(&r, 'P'))
		return GFS_ERR_INVALID;
	int err = is_date_form(&r) ? parse_date_form(&r, ret_duration) : parse_units(&r, ret_duration);
	return err == 0 && negative ? negate(ret_duration) : err;
}
