/* Numbers as canonical text, and back.
 *
 * The canonical digits of a float are the shortest that read back as the same float, and of those the nearest to it. Where they are 15 or
 * fewer they are unique (a decimal of 15 digits survives the way through a double), which the fast path rests on. */
#include "base/checked.h"
#include "graph/value_private.h"

#include <assert.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static_assert(FLT_EVAL_METHOD == 0, "doubles are computed as doubles");
static_assert(DBL_DIG == 15 && DBL_MANT_DIG == 53, "IEEE 754 binary64");

enum {
	FAST_DIGITS = 15,
	DIGITS_MAX = 17, /* enough for every double */
	POWERS_MAX = 22, /* 10^22 is the last power of ten that is a double */
	PLAIN_EXPONENT_MIN = -3,
	PLAIN_EXPONENT_MAX = 6,
};

#define FAST_LIMIT UINT64_C(1000000000000000) /* 10^FAST_DIGITS */

static const double powers[POWERS_MAX + 1] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13,
	1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };

/* d.ddd times ten to the exponent; no zero at the end unless it is the only digit. */
struct digits {
	char text[20]; /* not terminated */
	int count;
	int exponent;
};

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* ---- integers ---- */

static size_t put_u64(uint64_t v, char *out)
{
	char reversed[20];
	size_t size = 0;
	do {
		reversed[size++] = (char)('0' + v % 10);
		v /= 10;
	} while (v != 0);
	for (size_t i = 0; i < size; i++)
		out[i] = reversed[size - 1 - i];
	return size;
}

size_t gfs_integer_text(int64_t v, char out[GFS_NUMBER_TEXT_MAX])
{
	if (v >= 0)
		return put_u64((uint64_t)v, out);
	out[0] = '-';
	return 1 + put_u64(-(uint64_t)v, out + 1);
}

/* All of `text` are digits, at least one. */
static int read_magnitude(struct gfs_slice text, uint64_t *ret_v)
{
	uint64_t v = 0;
	bool overflow = false;
	if (text.size == 0)
		return GFS_ERR_INVALID;
	for (size_t i = 0; i < text.size; i++) {
		if (!is_digit(text.data[i]))
			return GFS_ERR_INVALID;
		uint64_t digit = text.data[i] - (uint64_t)'0';
		overflow = overflow || gfs_mul_overflows(v, UINT64_C(10), &v) || gfs_add_overflows(v, digit, &v);
	}
	*ret_v = v;
	return overflow ? GFS_ERR_OVERFLOW : 0;
}

int gfs_integer_read_loose(struct gfs_slice text, int64_t *ret_v)
{
	bool negative = text.size != 0 && text.data[0] == '-';
	if (text.size != 0 && (negative || text.data[0] == '+'))
		text = gfs_slice(text.data + 1, text.size - 1);
	uint64_t magnitude;
	int err = read_magnitude(text, &magnitude);
	if (err != 0)
		return err;
	if (magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0))
		return GFS_ERR_OVERFLOW;
	*ret_v = (int64_t)(negative ? -magnitude : magnitude);
	return 0;
}

bool gfs_integer_read(struct gfs_slice text, int64_t *ret_v)
{
	if (text.size == 0 || text.size > GFS_NUMBER_TEXT_MAX)
		return false;
	bool negative = text.data[0] == '-';
	size_t first = negative ? 1 : 0;
	/* A leading zero is right for 0 alone. */
	if (text.data[0] == '+' || (first < text.size && text.data[first] == '0' && text.size > 1))
		return false;
	return gfs_integer_read_loose(text, ret_v) == 0;
}

/* ---- decimal digits to a float ---- */

static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;
static locale_t c_locale; /* set once, for ever */

static void c_locale_make(void)
{
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	assert(c_locale != (locale_t)0);
}

/* strtod with a decimal point whatever the process's locale is. */
static double c_strtod(const char *text)
{
	(void)pthread_once(&c_locale_once, c_locale_make); /* fails for a bad argument only */
	return strtod_l(text, NULL, c_locale);
}

/* The number that a text in decimal notation says: significand times ten to the exponent, when `exact`. */
struct decimal {
	uint64_t significand;
	int64_t exponent;
	bool negative;
	bool exact;
};

/* Digits up to the first other byte; returns how many. Past 19 digits `exact` goes. */
static size_t scan_digits(struct gfs_reader *r, struct decimal *d)
{
	size_t count = 0;
	for (; r->at < r->end && is_digit(*r->at); r->at++, count++) {
		uint64_t digit = *r->at - (uint64_t)'0';
		if (gfs_mul_overflows(d->significand, UINT64_C(10), &d->significand) ||
			gfs_add_overflows(d->significand, digit, &d->significand))
			d->exact = false;
	}
	return count;
}

static bool accept(struct gfs_reader *r, const char *set)
{
	if (r->at == r->end || *r->at == '\0' || strchr(set, *r->at) == NULL)
		return false;
	r->at++;
	return true;
}

/* After the E. */
static bool scan_exponent(struct gfs_reader *r, struct decimal *d)
{
	bool negative = r->at < r->end && *r->at == '-';
	(void)accept(r, "+-");
	struct decimal e = { .exact = true };
	if (scan_digits(r, &e) == 0)
		return false;
	if (!e.exact || e.significand > INT32_MAX)
		d->exact = false;
	else
		d->exponent += negative ? -(int64_t)e.significand : (int64_t)e.significand;
	return true;
}

/* [+-] digits [. digits] [E [+-] digits], with a digit before or after the point. */
static bool scan_decimal(struct gfs_slice text, struct decimal *ret)
{
	struct decimal d = { .exact = true };
	struct gfs_reader r = gfs_reader(text);
	d.negative = text.size != 0 && text.data[0] == '-';
	(void)accept(&r, "+-");
	size_t whole = scan_digits(&r, &d);
	size_t fraction = accept(&r, ".") ? scan_digits(&r, &d) : 0;
	if (whole + fraction == 0)
		return false;
	d.exponent = -(int64_t)fraction;
	if (accept(&r, "eE") && !scan_exponent(&r, &d))
		return false;
	*ret = d;
	return r.at == r.end;
}

static int read_slowly(struct gfs_slice text, double *ret_v)
{
	char small[64];
	GFS_AUTO_BUF large = GFS_BUF_INIT;
	if (text.size < sizeof small) {
		memcpy(small, text.data, text.size);
		small[text.size] = '\0';
		*ret_v = c_strtod(small);
		return 0;
	}
	gfs_buf_append(&large, text.data, text.size);
	gfs_buf_append_u8(&large, '\0');
	if (gfs_buf_failed(&large) != 0)
		return GFS_ERR_NOMEM;
	*ret_v = c_strtod((const char *)large.data);
	return 0;
}

/* Clinger's fast path: one operation on two exact doubles is rounded rightly. */
static int read_decimal(struct gfs_slice text, double *ret_v)
{
	struct decimal d;
	if (!scan_decimal(text, &d))
		return GFS_ERR_INVALID;
	if (!d.exact || d.significand > UINT64_C(1) << DBL_MANT_DIG || d.exponent < -POWERS_MAX || d.exponent > POWERS_MAX)
		return read_slowly(text, ret_v);
	double v = (double)d.significand;
	v = d.exponent < 0 ? v / powers[-d.exponent] : v * powers[d.exponent];
	*ret_v = d.negative ? -v : v;
	return 0;
}

/* ---- a float to the shortest digits ---- */

static void strip_zeros(struct digits *d)
{
	while (d->count > 1 && d->text[d->count - 1] == '0')
		d->count--;
}

/* Of `a`, finite and not negative, when 15 digits and one exact power of ten are enough. */
static bool shortest_fast(double a, struct digits *d)
{
	if (a < 1e-3 || a >= (double)FAST_LIMIT)
		return false;
	for (int k = 0; k <= POWERS_MAX; k++) {
		double scaled = a * powers[k];
		uint64_t rounded = (uint64_t)(scaled + 0.5);
		if (rounded >= FAST_LIMIT)
			return false;
		if ((double)rounded / powers[k] == a) {
			d->count = (int)put_u64(rounded, d->text);
			d->exponent = d->count - 1 - k;
			strip_zeros(d);
			return true;
		}
	}
	return false;
}

/* The decimal nearest to `a` with `count` digits. */
static void round_to(double a, int count, struct digits *d)
{
	char text[40];
	int size = snprintf(text, sizeof text, "%.*e", count - 1, a);
	assert(size > 0 && (size_t)size < sizeof text);
	(void)size;
	const char *p = text;
	d->count = 0;
	/* The point is the locale's, so everything that is no digit is passed over. */
	for (; *p != 'e'; p++) {
		if (is_digit((uint8_t)*p))
			d->text[d->count++] = *p;
	}
	assert(d->count == count);
	d->exponent = (int)strtol(p + 1, NULL, 10);
}

static double read_digits(const struct digits *d)
{
	char text[sizeof d->text + 16];
	(void)snprintf(text, sizeof text, "%.*se%d", d->count, d->text, d->exponent - d->count + 1); /* fits */
	return c_strtod(text);
}

static bool add_one(struct digits *d)
{
	int i = d->count - 1;
	for (; i >= 0 && d->text[i] == '9'; i--)
		d->text[i] = '0';
	if (i < 0)
		return false;
	d->text[i]++;
	return true;
}

/* Below a power of two floats lie twice as dense as above it, so the nearest decimal (below) may read back as another float while the next
 * one (above, and farther) does not: 2^-44 is 5.684341886080802E-14. */
static bool next_above_reads_back(double a, struct digits *d)
{
	int exponent;
	if (frexp(a, &exponent) != 0.5 || !add_one(d))
		return false;
	return read_digits(d) == a;
}

static void shortest(double a, struct digits *d)
{
	assert(isfinite(a) && a > 0);
	if (shortest_fast(a, d))
		return;
	for (int count = a < DBL_MIN ? 1 : FAST_DIGITS; count < DIGITS_MAX; count++) {
		round_to(a, count, d);
		if (read_digits(d) == a || next_above_reads_back(a, d)) {
			strip_zeros(d);
			return;
		}
	}
	round_to(a, DIGITS_MAX, d);
	assert(read_digits(d) == a);
	strip_zeros(d);
}

/* ---- layout ---- */

static char *put_bytes(char *at, const char *bytes, int size)
{
	memcpy(at, bytes, (size_t)size);
	return at + size;
}

static char *put_zeros(char *at, int count)
{
	memset(at, '0', (size_t)count);
	return at + count;
}

static char *layout_plain(char *at, const struct digits *d)
{
	if (d->exponent < 0) {
		at = put_bytes(at, "0.", 2);
		at = put_zeros(at, -d->exponent - 1);
		return put_bytes(at, d->text, d->count);
	}
	int whole = d->exponent + 1;
	int given = GFS_MIN(whole, d->count);
	at = put_bytes(at, d->text, given);
	at = put_zeros(at, whole - given);
	*at++ = '.';
	if (d->count == given)
		return put_zeros(at, 1);
	return put_bytes(at, d->text + given, d->count - given);
}

static char *layout_scientific(char *at, const struct digits *d)
{
	*at++ = d->text[0];
	*at++ = '.';
	at = d->count == 1 ? put_zeros(at, 1) : put_bytes(at, d->text + 1, d->count - 1);
	*at++ = 'E';
	return at + gfs_integer_text(d->exponent, at);
}

static size_t put_special(const char *text, char *out)
{
	size_t size = strlen(text);
	memcpy(out, text, size);
	return size;
}

size_t gfs_float_text(double v, char out[GFS_NUMBER_TEXT_MAX])
{
	if (isnan(v))
		return put_special("NaN", out);
	if (isinf(v))
		return put_special(v > 0 ? "Infinity" : "-Infinity", out);
	if (v == 0)
		return put_special(signbit(v) ? "-0.0" : "0.0", out);
	struct digits d;
	char text[GFS_NUMBER_TEXT_MAX + 20]; /* layout_scientific asks for a whole integer's room */
	char *at = text;
	shortest(fabs(v), &d);
	if (v < 0)
		*at++ = '-';
	if (d.exponent >= PLAIN_EXPONENT_MIN && d.exponent <= PLAIN_EXPONENT_MAX)
		at = layout_plain(at, &d);
	else
		at = layout_scientific(at, &d);
	size_t size = (size_t)(at - text);
	assert(size <= GFS_NUMBER_TEXT_MAX);
	memcpy(out, text, size);
	return size;
}

/* ---- a float's text back ---- */

static bool read_special(struct gfs_slice text, double *ret_v)
{
	if (gfs_slice_equal(text, gfs_slice_text("NaN")))
		*ret_v = (double)NAN;
	else if (gfs_slice_equal(text, gfs_slice_text("Infinity")))
		*ret_v = (double)INFINITY;
	else if (gfs_slice_equal(text, gfs_slice_text("-Infinity")))
		*ret_v = -(double)INFINITY;
	else
		return false;
	return true;
}

bool gfs_float_read(struct gfs_slice text, double *ret_v)
{
	double v;
	if (read_special(text, ret_v))
		return true;
	if (text.size > GFS_NUMBER_TEXT_MAX || text.size < 3 || memchr(text.data, '.', text.size) == NULL)
		return false;
	if (read_decimal(text, &v) != 0 || !isfinite(v))
		return false;
	char again[GFS_NUMBER_TEXT_MAX];
	size_t size = gfs_float_text(v, again);
	if (!gfs_slice_equal(text, gfs_slice(again, size)))
		return false;
	*ret_v = v;
	return true;
}

static bool equal_nocase(struct gfs_slice text, const char *word)
{
	return text.size == strlen(word) && strncasecmp((const char *)text.data, word, text.size) == 0;
}

int gfs_float_read_loose(struct gfs_slice text, double *ret_v)
{
	struct gfs_slice word = text;
	bool negative = text.size != 0 && text.data[0] == '-';
	if (text.size != 0 && (negative || text.data[0] == '+'))
		word = gfs_slice(text.data + 1, text.size - 1);
	if (equal_nocase(word, "nan")) {
		*ret_v = (double)NAN;
		return 0;
	}
	if (equal_nocase(word, "infinity") || equal_nocase(word, "inf")) {
		*ret_v = negative ? -(double)INFINITY : (double)INFINITY;
		return 0;
	}
	double v;
	int err = read_decimal(text, &v);
	if (err != 0)
		return err;
	if (!isfinite(v))
		return GFS_ERR_OVERFLOW;
	*ret_v = v;
	return 0;
}
