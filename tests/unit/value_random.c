#include "tests/unit/value_random.h"

#include "base/checked.h"
#include "base/utf8.h"
#include "graph/point.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>

/* Steele, Lea, Flood: Fast splittable pseudorandom number generators (SplitMix64). */
uint64_t value_random_u64(struct value_random *random)
{
	uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

size_t value_random_below(struct value_random *random, size_t n)
{
	assert(n > 0);
	return (size_t)(value_random_u64(random) % n);
}

static const char *const edges[] = { "", "true", "false", "TRUE", "True", "truefalse", "null", "0", "-0", "+0", "00",
	"1", "+1", "-1", "030", "-01", "1e5", "1E5", "1.0E5", "1.10", "1.1", "1.", ".5", "0.5", "-.5", "-0.0", "0.0",
	"+0.0", "00.0", "1.0E7", "10000000.0", "9999999.0", "1.0e7", "1.0E+7", "1.0E07", "0.001", "1.0E-3", "1.0E-4",
	"0.0001", "NaN", "-NaN", "nan", "Infinity", "-Infinity", "inf", "0x10", "0x1p3", "9223372036854775807",
	"9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551616", "9007199254740992",
	"9007199254740993", "9007199254740992.0", "9.007199254740992E15", "9.007199254740993E15", "1.7976931348623157E308",
	"1.7976931348623159E308", "1.0E309", "2.2250738585072014E-308", "2.225073858507201E-308", "5.0E-324", "4.9E-324",
	"4.0E-324", "1.0E-400", "5.684341886080802E-14", "5.684341886080801E-14", "-", "--1", "1-", "1,5", "1 ", " 1",
	"\t1", "1\r", "\r\n", "\n", "\n\n", "1\n\n", "1.0.0", "E5", "1E", "\xef\xbb\xbf",
	"\xef\xbb\xbf"
	"1",
	"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "\xe2\x82", "[]", "[1]", "[1, 2]", "[1,2]", "[ 1]", "['a']",
	"[\"a\"]", "[null]", "[true, [1.0]]", "[NaN]", "['\\n']", "['\\u000a']", "['\\u0000']", "['\\u0041']",
	"[bytes('00ff')]", "[bytes('00FF')]", "[bytes('')]", "[1]]", "[[1]", "['\\x']", "['\\", "[", "]", "[,]", "[1, ]",
	"0.1", "0.30000000000000004", "123456789012345.6", "1.2345678901234567E-308" };

static void append_edge(struct value_random *random, struct gfs_buf *out)
{
	gfs_buf_append_text(out, edges[value_random_below(random, GFS_COUNT(edges))]);
}

double value_random_float(struct value_random *random)
{
	static const double some[] = { 0.0, -0.0, 1.0, 0.1, 1e7, 9999999.0, 1e-3, 9.99e-4, DBL_MAX, DBL_MIN, DBL_TRUE_MIN,
		9007199254740992.0, 1e15, 1e21, 1e22, 1e23, 5e-324, 123456.789 };
	uint64_t bits = value_random_u64(random);
	double v;
	switch (value_random_below(random, 6)) {
	case 0:
		v = some[value_random_below(random, GFS_COUNT(some))];
		return bits & 1 ? nextafter(v, (double)INFINITY) : v;
	case 1:
		return (double)(int64_t)bits / 1e4;
	case 2:
		return ldexp(1.0, (int)(bits % 2098) - 1074); /* every power of two */
	case 3:
		return (double)(bits % 1000000) / 1000.0;
	case 4:
		bits &= UINT64_C(0x800fffffffffffff); /* denormal */
		break;
	default:
		break;
	}
	memcpy(&v, &bits, sizeof v);
	return v;
}

static void append_number(struct value_random *random, struct gfs_buf *out)
{
	static const int64_t near[] = { 0, 10, 1000000, INT32_MAX, INT64_C(1) << 53, INT64_MAX - 3, INT64_MIN + 3, 1 };
	double v = value_random_float(random);
	switch (value_random_below(random, 6)) {
	case 0:
		gfs_buf_printf(out, "%lld",
			(long long)(near[value_random_below(random, 8)] + ((int64_t)value_random_below(random, 7) - 3)));
		break;
	case 1:
		gfs_buf_printf(out, "%.*g", (int)value_random_below(random, 19) + 1, v);
		break;
	case 2:
		gfs_buf_printf(out, "%.*E", (int)value_random_below(random, 19), v);
		break;
	case 3: /* as the canonical layout does it, with all numbers of digits */
		gfs_buf_printf(out, "%s%d.%0*dE%d", value_random_below(random, 2) ? "-" : "",
			(int)value_random_below(random, 11), (int)value_random_below(random, 18) + 1,
			(int)value_random_below(random, 1000000), (int)value_random_below(random, 660) - 330);
		break;
	case 4:
		gfs_buf_printf(out, "%d.%d", (int)value_random_below(random, 20000000), (int)value_random_below(random, 10000));
		break;
	default:
		gfs_buf_printf(out, "%llu", (unsigned long long)value_random_u64(random));
		break;
	}
}

void value_random_text(struct value_random *random, struct gfs_buf *out)
{
	static const uint32_t points[] = { 0, '\n', '\r', '\t', '\b', '\f', 0x1f, 0x7f, 0x80, '\'', '"', '\\', '/', 'u',
		' ', 0x7ff, 0x800, 0x2028, 0xfeff, 0xffff, 0x10000, 0x10ffff };
	for (size_t left = value_random_below(random, 24); left != 0; left--) {
		uint8_t bytes[4];
		bool odd = value_random_below(random, 3) == 0;
		uint32_t point = odd ? points[value_random_below(random, GFS_COUNT(points))]
							 : 'a' + (uint32_t)value_random_below(random, 26);
		gfs_buf_append(out, bytes, gfs_utf8_put(point, bytes));
	}
}

static void append_bytes(struct value_random *random, struct gfs_buf *out, size_t size)
{
	for (; size != 0; size--)
		gfs_buf_append_u8(out, (uint8_t)value_random_u64(random));
}

void value_random_contents(struct value_random *random, struct gfs_buf *out)
{
	switch (value_random_below(random, 8)) {
	case 0:
		append_edge(random, out);
		break;
	case 1:
		append_edge(random, out);
		append_edge(random, out);
		break;
	case 2:
	case 3:
		append_number(random, out);
		break;
	case 4:
		value_random_text(random, out);
		break;
	case 5:
		append_bytes(random, out, value_random_below(random, 12));
		break;
	case 6: /* one piece too many, or a broken one */
		append_number(random, out);
		value_random_mutate(random, out);
		break;
	default:
		append_edge(random, out);
		for (size_t left = value_random_below(random, 40); left != 0 && value_random_below(random, 8) == 0; left--)
			value_random_text(random, out);
		break;
	}
	if (value_random_below(random, 2) == 0)
		gfs_buf_append_u8(out, '\n');
}

static struct gfs_slice random_slice(struct value_random *random, struct gfs_arena *arena, bool text)
{
	GFS_AUTO_BUF bytes = GFS_BUF_INIT;
	if (!text)
		append_bytes(random, &bytes, value_random_below(random, 20));
	else if (value_random_below(random, 4) == 0)
		append_number(random, &bytes);
	else
		value_random_text(random, &bytes);
	return gfs_arena_copy(arena, gfs_buf_slice(&bytes));
}

/* An integer of any size, either sign. */
static int64_t random_integer(struct value_random *random)
{
	return (int64_t)value_random_u64(random) >> value_random_below(random, 64);
}

struct gfs_temporal *value_random_temporal(struct value_random *random, struct gfs_arena *arena, enum gfs_type type)
{
	struct gfs_temporal *t = gfs_arena_alloc(arena, sizeof *t);
	assert(t != NULL);
	*t = (struct gfs_temporal){ 0 };
	if (type == GFS_TYPE_DURATION) {
		t->months = random_integer(random);
		t->days = random_integer(random);
		t->seconds = random_integer(random);
		t->nanos = random_integer(random) & 0x1fffffff;
		return t;
	}
	if (type == GFS_TYPE_DATE || type == GFS_TYPE_LOCALDATETIME || type == GFS_TYPE_DATETIME)
		t->days = random_integer(random) % (INT64_C(365) * GFS_YEAR_MAX);
	if (type != GFS_TYPE_DATE)
		t->nanos = (random_integer(random) & INT64_MAX) % GFS_DAY_NANOS;
	if (value_random_below(random, 3) == 0)
		t->nanos -= t->nanos % (60 * GFS_SECOND_NANOS);
	if (type == GFS_TYPE_TIME || type == GFS_TYPE_DATETIME)
		t->offset_s = (int32_t)(random_integer(random) % GFS_OFFSET_SECONDS_MAX);
	if (type == GFS_TYPE_DATETIME && value_random_below(random, 2) == 0)
		t->zone = gfs_slice_text("Europe/Stockholm");
	return t;
}

static struct gfs_point *random_point(struct value_random *random, struct gfs_arena *arena)
{
	static const uint32_t systems[] = { GFS_SRID_CARTESIAN, GFS_SRID_CARTESIAN_3D, GFS_SRID_WGS_84,
		GFS_SRID_WGS_84_3D };
	struct gfs_point *p = gfs_arena_alloc(arena, sizeof *p);
	assert(p != NULL);
	*p = (struct gfs_point){ .srid = systems[value_random_below(random, 4)] };
	for (int i = 0; i < (gfs_point_is_3d(p) ? 3 : 2); i++) {
		do
			p->at[i] = value_random_float(random);
		while (!isfinite(p->at[i]));
	}
	return p;
}

static void random_value(
	struct value_random *random, unsigned int depth, struct gfs_arena *arena, struct gfs_value *value)
{
	size_t first = depth == 0 ? GFS_TYPE_BOOLEAN : GFS_TYPE_NULL;
	*value = (struct gfs_value){ .type = (enum gfs_type)(first + value_random_below(random, GFS_TYPE_COUNT - first)) };
	if (value->type == GFS_TYPE_LIST && depth > 5)
		value->type = GFS_TYPE_NULL;
	switch (value->type) {
	case GFS_TYPE_BOOLEAN:
		value->boolean = value_random_below(random, 2) != 0;
		break;
	case GFS_TYPE_INTEGER:
		value->integer = random_integer(random);
		break;
	case GFS_TYPE_FLOAT:
		value->real = value_random_float(random);
		break;
	case GFS_TYPE_STRING:
	case GFS_TYPE_BYTES:
		value->bytes = random_slice(random, arena, value->type == GFS_TYPE_STRING);
		break;
	case GFS_TYPE_LIST:
		value->list.count = value_random_below(random, 5);
		value->list.items = gfs_arena_alloc(arena, value->list.count * sizeof *value);
		assert(value->list.items != NULL);
		for (size_t i = 0; i < value->list.count; i++)
			random_value(random, depth + 1, arena, &value->list.items[i]);
		break;
	case GFS_TYPE_POINT:
		value->point = random_point(random, arena);
		break;
	default:
		if (gfs_type_is_temporal(value->type))
			value->temporal = value_random_temporal(random, arena, value->type);
		break;
	}
}

void value_random_value(struct value_random *random, struct gfs_arena *arena, struct gfs_value *ret_value)
{
	random_value(random, 0, arena, ret_value);
	ret_value->newline = ret_value->type != GFS_TYPE_BYTES && value_random_below(random, 3) != 0;
	gfs_value_declare(ret_value);
}

void value_random_mutate(struct value_random *random, struct gfs_buf *bytes)
{
	for (size_t left = value_random_below(random, 3) + 1; left != 0 && bytes->size != 0; left--) {
		size_t at = value_random_below(random, bytes->size);
		switch (value_random_below(random, 4)) {
		case 0:
			bytes->data[at] = (uint8_t)value_random_u64(random);
			break;
		case 1:
			bytes->data[at] ^= (uint8_t)(1u << value_random_below(random, 8));
			break;
		case 2:
			memmove(bytes->data + at, bytes->data + at + 1, bytes->size - at - 1);
			bytes->size--;
			break;
		default:
			gfs_buf_append_u8(bytes, (uint8_t)value_random_u64(random));
			break;
		}
	}
}
