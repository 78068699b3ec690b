#include "query/lexer.h"

#include "base/buf.h"
#include "base/checked.h"
#include "base/utf8.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

static int bad_number(struct gfs_slice text, const struct gfs_query_pos *pos, struct gfs_query_error *error)
{
	return gfs_query_fail(error, GFS_QUERY_SYNTAX_ERROR, GFS_QUERY_COMPILE, "InvalidNumberLiteral", pos,
		"'%.*s' is not a number", (int)GFS_MIN(text.size, (size_t)100), (const char *)text.data);
}

static int digit_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* Digits to a magnitude of at most 2^63. GFS_ERR_INVALID: not digits; GFS_ERR_OVERFLOW. An underscore may stand between two digits. */
static int magnitude(struct gfs_slice digits, uint64_t base, uint64_t *ret_value)
{
	uint64_t value = 0;
	bool over = false, digit = false;
	for (size_t i = 0; i < digits.size; i++) {
		if (digits.data[i] == '_' && digit && i + 1 < digits.size) {
			digit = false;
			continue;
		}
		uint64_t d = (uint64_t)digit_value(digits.data[i]);
		if (d >= base)
			return GFS_ERR_INVALID;
		digit = true;
		over = over || gfs_mul_overflows(value, base, &value) || gfs_add_overflows(value, d, &value);
	}
	if (!digit)
		return GFS_ERR_INVALID;
	if (over || value > (uint64_t)INT64_MAX + 1)
		return GFS_ERR_OVERFLOW;
	*ret_value = value;
	return 0;
}

static int integer_value(struct gfs_slice text, bool negative, uint64_t base, const struct gfs_query_pos *pos,
	struct gfs_datum *ret_value, struct gfs_query_error *error)
{
	uint64_t value = 0;
	struct gfs_slice digits = base == 10 ? text : gfs_slice(text.data + 2, text.size - 2);
	int err = magnitude(digits, base, &value);
	if (err == GFS_ERR_INVALID)
		return bad_number(text, pos, error);
	if (err != 0 || (!negative && value > INT64_MAX))
		return gfs_query_fail(error, GFS_QUERY_SYNTAX_ERROR, GFS_QUERY_COMPILE, "IntegerOverflow", pos,
			"the integer %s%.*s has more than 64 bits", negative ? "-" : "", (int)GFS_MIN(text.size, (size_t)100),
			(const char *)text.data);
	*ret_value = gfs_datum_integer(negative ? (int64_t)(0 - value) : (int64_t)value);
	return 0;
}

/* digits [. digits] [e [+-] digits]; the lexer has seen to a dot being followed by a digit. */
static bool is_float(struct gfs_slice text)
{
	size_t at = 0, digits = 0;
	while (at < text.size && digit_value(text.data[at]) < 10)
		at++, digits++;
	if (at < text.size && text.data[at] == '.') {
		at++;
		while (at < text.size && digit_value(text.data[at]) < 10)
			at++, digits++;
	}
	if (at == text.size || digits == 0)
		return digits != 0;
	if (text.data[at] != 'e' && text.data[at] != 'E')
		return false;
	at++;
	if (at < text.size && (text.data[at] == '+' || text.data[at] == '-'))
		at++;
	size_t from = at;
	while (at < text.size && digit_value(text.data[at]) < 10)
		at++;
	return at == text.size && at > from;
}

static int float_value(struct gfs_slice text, bool negative, const struct gfs_query_pos *pos,
	struct gfs_datum *ret_value, struct gfs_query_error *error)
{
	if (!is_float(text))
		return bad_number(text, pos, error);
	GFS_AUTO_BUF copy = GFS_BUF_INIT;
	gfs_buf_append(&copy, text.data, text.size);
	gfs_buf_append_u8(&copy, 0);
	if (gfs_buf_failed(&copy) != 0)
		return gfs_query_fail_store(error, GFS_ERR_NOMEM);
	double value = strtod((const char *)copy.data, NULL);
	if (isinf(value))
		return gfs_query_fail(error, GFS_QUERY_SYNTAX_ERROR, GFS_QUERY_COMPILE, "FloatingPointOverflow", pos,
			"the number %.*s is too large", (int)GFS_MIN(text.size, (size_t)100), (const char *)text.data);
	/* openCypher knows no literal for the zero below zero. */
	*ret_value = gfs_datum_float(negative && value != 0 ? -value : value);
	return 0;
}

int gfs_number_value(struct gfs_slice text, bool negative, const struct gfs_query_pos *pos, struct gfs_datum *ret_value,
	struct gfs_query_error *error)
{
	assert(text.size > 0);
	uint8_t radix = text.size > 1 && text.data[0] == '0' ? (uint8_t)(text.data[1] | 0x20) : 0;
	if (radix == 'x')
		return integer_value(text, negative, 16, pos, ret_value, error);
	if (radix == 'o')
		return integer_value(text, negative, 8, pos, ret_value, error);
	bool real = memchr(text.data, '.', text.size) != NULL || is_float(text);
	for (size_t i = 0; real && i < text.size; i++) {
		if (digit_value(text.data[i]) >= 10)
			return float_value(text, negative, pos, ret_value, error);
	}
	return integer_value(text, negative, 10, pos, ret_value, error);
}

/* ---- strings ---- */

struct unescape {
	struct gfs_slice text;
	size_t at; /* behind the backslash */
	uint8_t *out;
	size_t size;
};

static int bad_escape(const struct gfs_query_pos *pos, struct gfs_query_error *error)
{
	return gfs_query_fail(error, GFS_QUERY_SYNTAX_ERROR, GFS_QUERY_COMPILE, "InvalidUnicodeLiteral", pos,
		"\\u takes four hexadecimal digits and \\U eight, of a character that exists");
}

static bool read_hex(struct unescape *u, size_t digits, uint32_t *ret_point)
{
	uint32_t value = 0;
	for (size_t i = 0; i < digits; i++) {
		if (u->at >= u->text.size || digit_value(u->text.data[u->at]) >= 16)
			return false;
		value = value << 4 | (uint32_t)digit_value(u->text.data[u->at++]);
	}
	*ret_point = value;
	return true;
}

/* \uXXXX, two of them for a surrogate pair, \UXXXXXXXX. */
static bool unescape_unicode(struct unescape *u, size_t digits)
{
	uint32_t point, low;
	if (!read_hex(u, digits, &point))
		return false;
	if (point >= 0xD800 && point < 0xDC00 && u->at + 1 < u->text.size && u->text.data[u->at] == '\\' &&
		u->text.data[u->at + 1] == 'u') {
		u->at += 2;
		if (!read_hex(u, 4, &low) || low < 0xDC00 || low > 0xDFFF)
			return false;
		point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
	}
	if (point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF))
		return false;
	u->size += gfs_utf8_put(point, u->out + u->size);
	return true;
}

static int unescape_one(struct unescape *u, const struct gfs_query_pos *pos, struct gfs_query_error *error)
{
	static const char from[] = "\\'\"`bfnrt", to[] = "\\'\"`\b\f\n\r\t";
	uint8_t c = u->at < u->text.size ? u->text.data[u->at++] : 0;
	if (c == 'u' || c == 'U')
		return unescape_unicode(u, c == 'u' ? 4 : 8) ? 0 : bad_escape(pos, error);
	const char *found = c == 0 ? NULL : strchr(from, c);
	if (found == NULL)
		return gfs_query_fail(error, GFS_QUERY_SYNTAX_ERROR, GFS_QUERY_COMPILE, "UnexpectedSyntax", pos,
			"the string has an escape that is none of \\\\ \\' \\\" \\b \\f \\n \\r \\t \\uXXXX \\UXXXXXXXX");
	u->out[u->size++] = (uint8_t)to[found - from];
	return 0;
}

int gfs_quoted_value(struct gfs_slice text, const struct gfs_query_pos *pos, struct gfs_arena *arena,
	struct gfs_slice *ret_value, struct gfs_query_error *error)
{
	assert(text.size >= 2);
	uint8_t quote = text.data[0];
	struct gfs_slice inner = gfs_slice(text.data + 1, text.size - 2);
	if (memchr(inner.data, quote == '`' ? '`' : '\\', inner.size) == NULL) {
		*ret_value = inner;
		return 0;
	}
	/* An escape is never shorter than what it means. */
	struct unescape u = { .text = inner, .out = gfs_arena_alloc(arena, inner.size) };
	if (u.out == NULL)
		return gfs_query_fail_store(error, GFS_ERR_NOMEM);
	while (u.at < inner.size) {
		uint8_t c = inner.data[u.at++];
		if (c == '\\' && quote != '`') {
			int err = unescape_one(&u, pos, error);
			if (err != 0)
				return err;
			continue;
		}
		u.at += c == '`' && quote == '`'; /* the second of a doubled one */
		u.out[u.size++] = c;
	}
	*ret_value = gfs_slice(u.out, u.size);
	return 0;
}
