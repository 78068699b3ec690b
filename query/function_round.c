/* round(x), round(x, precision), round(x, precision, mode): on the shortest decimal digits of the float, as people see it, so that
 * round(2.675, 2) is 2.68. */
#include "base/checked.h"
#include "graph/value.h"
#include "query/function_private.h"
#include "query/show.h"

#include <assert.h>
#include <math.h>

/* Precisions past it change no float. */
enum { PRECISION_MAX = 400, DIGITS_MAX = 20 };

enum mode { UP, DOWN, CEILING, FLOOR, HALF_UP, HALF_DOWN, HALF_EVEN };

static int read_mode(const struct gfs_function_env *env, struct gfs_datum d, enum mode *ret_mode)
{
	static const char *const names[] = { "UP", "DOWN", "CEILING", "FLOOR", "HALF_UP", "HALF_DOWN", "HALF_EVEN" };
	if (d.type != GFS_DATUM_STRING)
		return gfs_fail_argument_type(env, "round", d);
	for (size_t i = 0; i < GFS_COUNT(names); i++) {
		if (gfs_slice_equal(gfs_datum_text(d), gfs_slice_text(names[i]))) {
			*ret_mode = (enum mode)i;
			return 0;
		}
	}
	return gfs_fail_argument(
		env, "InvalidArgumentValue", "a mode of round() is UP, DOWN, CEILING, FLOOR, HALF_UP, HALF_DOWN or HALF_EVEN");
}

/* 0.d1 d2 d3 ... times ten to `exponent`. */
struct decimal {
	char digits[DIGITS_MAX];
	int count;
	int exponent;
	bool negative;
};

/* From canonical text: [-]ddd.ddd[E[-]ddd] */
static struct decimal read_decimal(struct gfs_slice text)
{
	struct decimal d = { .negative = text.data[0] == '-' };
	bool point = false;
	size_t i = d.negative;
	for (; i < text.size && text.data[i] != 'E'; i++) {
		if (text.data[i] == '.') {
			point = true;
			continue;
		}
		bool leading_zero = d.count == 0 && text.data[i] == '0';
		d.exponent += leading_zero ? (point ? -1 : 0) : (point ? 0 : 1);
		assert(d.count < DIGITS_MAX);
		if (!leading_zero)
			d.digits[d.count++] = (char)text.data[i];
	}
	int power = 0;
	bool negative = i + 1 < text.size && text.data[i + 1] == '-';
	for (i += negative ? 2 : 1; i < text.size; i++)
		power = power * 10 + (text.data[i] - '0');
	d.exponent += negative ? -power : power;
	return d;
}

/* Below, at or above the middle between the kept digits and the next: -1, 0, 1; `kept` may be below 0. */
static int against_half(const struct decimal *d, int kept)
{
	if (kept < 0)
		return -1;
	char next = d->digits[kept];
	if (next != '5')
		return next < '5' ? -1 : 1;
	for (int i = kept + 1; i < d->count; i++) {
		if (d->digits[i] != '0')
			return 1;
	}
	return 0;
}

/* Whether the magnitude grows to the next digit; what is cut off is not 0. */
static bool rounds_away(const struct decimal *d, int kept, enum mode mode)
{
	int half = against_half(d, kept);
	bool odd = kept > 0 && (d->digits[kept - 1] - '0') % 2 != 0;
	switch (mode) {
	case UP:
		return true;
	case DOWN:
		return false;
	case CEILING:
		return !d->negative;
	case FLOOR:
		return d->negative;
	case HALF_UP:
		return half >= 0;
	case HALF_DOWN:
		return half > 0;
	case HALF_EVEN:
		return half > 0 || (half == 0 && odd);
	}
	return false;
}

/* Adds one to the last of the kept digits. */
static void increment(struct decimal *d)
{
	int i = d->count - 1;
	for (; i >= 0 && d->digits[i] == '9'; i--)
		d->digits[i] = '0';
	if (i >= 0) {
		d->digits[i]++;
		return;
	}
	/* 999 became 000: one digit more in front stands for all of them. */
	d->digits[0] = '1';
	d->count = 1;
	d->exponent++;
}

static bool all_zeros(const struct decimal *d, int from)
{
	for (int i = GFS_MAX(from, 0); i < d->count; i++) {
		if (d->digits[i] != '0')
			return false;
	}
	return true;
}

static void round_decimal(struct decimal *d, int precision, enum mode mode)
{
	int kept = d->exponent + precision;
	if (kept >= d->count || all_zeros(d, kept))
		return;
	bool away = rounds_away(d, kept, mode);
	if (kept <= 0) {
		/* Nothing is left but one unit of the last place, or nothing at all. */
		d->digits[0] = away ? '1' : '0';
		d->count = 1;
		d->exponent = 1 - precision;
		return;
	}
	d->count = kept;
	if (away)
		increment(d);
}

static int write_decimal(const struct gfs_function_env *env, const struct decimal *d, struct gfs_datum *ret_value)
{
	char text[DIGITS_MAX + 32];
	struct gfs_value value;
	int size = snprintf(text, sizeof text, "%s0.%.*sE%d", d->negative ? "-" : "", d->count, d->digits, d->exponent);
	assert(size > 0 && (size_t)size < sizeof text);
	if (gfs_value_parse_loose(GFS_TYPE_FLOAT, gfs_slice(text, (size_t)size), env->arena, &value) != 0)
		value.real = d->negative ? -(double)INFINITY : (double)INFINITY; /* rounded up past the largest float */
	*ret_value = gfs_datum_float(value.real);
	return 0;
}

static int round_at(
	const struct gfs_function_env *env, double x, int precision, enum mode mode, struct gfs_datum *ret_value)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	*ret_value = gfs_datum_float(x);
	if (!isfinite(x) || x == 0)
		return 0;
	gfs_show_scalar(gfs_datum_float(x), &text);
	if (gfs_buf_failed(&text) != 0)
		return gfs_fail_nomem(env);
	struct decimal d = read_decimal(gfs_buf_slice(&text));
	round_decimal(&d, precision, mode);
	return write_decimal(env, &d, ret_value);
}

static int call_round(
	const struct gfs_function_env *env, const struct gfs_datum *args, size_t count, struct gfs_datum *ret_value)
{
	enum mode mode = HALF_UP;
	if (!gfs_datum_is_number(args[0]))
		return gfs_fail_argument_type(env, "round", args[0]);
	double x = gfs_number_as_float(args[0]);
	if (count == 1) {
		/* To the nearest whole number, halves upwards; what has no fraction stays, as adding would not be exact there. */
		*ret_value = gfs_datum_float(fabs(x) >= 0x1p52 || !isfinite(x) ? x : floor(x) + (x - floor(x) >= 0.5 ? 1 : 0));
		return 0;
	}
	if (args[1].type != GFS_DATUM_INTEGER)
		return gfs_fail_argument_type(env, "round", args[1]);
	if (args[1].integer < 0 || args[1].integer > PRECISION_MAX)
		return gfs_fail_argument(env, "NumberOutOfRange", "the precision of round() is from 0 to %d", PRECISION_MAX);
	int err = count == 3 ? read_mode(env, args[2], &mode) : 0;
	return err != 0 ? err : round_at(env, x, (int)args[1].integer, mode, ret_value);
}

static const struct gfs_function functions[] = {
	{ "round", call_round, 1, 3, 0, GFS_DATUM_FLOAT },
};

const struct gfs_function_table gfs_functions_round = { functions, GFS_COUNT(functions) };
