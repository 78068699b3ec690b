/* Values as text and as JSON. The property-file contract: whatever bytes are written to a file, the value they are taken for has them as its text. */
#include "base/checked.h"
#include "base/utf8.h"
#include "graph/value.h"
#include "tests/unit/value_random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <jansson.h>
#include <locale.h>
#include <math.h>

enum { CONTENTS = 200000, VALUES = 100000 };

#define SLICE(literal) gfs_slice(literal, sizeof(literal) - 1)

/* What the property file of `value` shows. */
static void file_of(const struct gfs_value *value, struct gfs_buf *out)
{
	uint64_t size;
	gfs_buf_clear(out);
	assert_int_equal(gfs_value_text(value, out), 0);
	if (value->newline)
		gfs_buf_append_u8(out, '\n');
	assert_int_equal(gfs_value_text_size(value, &size), 0);
	assert_int_equal(size, out->size);
}

static void assert_shows(const struct gfs_value *value, struct gfs_slice contents)
{
	GFS_AUTO_BUF file = GFS_BUF_INIT;
	file_of(value, &file);
	if (!gfs_slice_equal(gfs_buf_slice(&file), contents))
		fail_msg("%.*s became %.*s", (int)contents.size, (const char *)contents.data, (int)file.size,
			(const char *)file.data);
}

/* ---- infer ---- */

static void check_contents(struct gfs_slice contents, struct gfs_arena *arena)
{
	struct gfs_value inferred;
	gfs_value_infer(contents, &inferred);
	assert_shows(&inferred, contents);
	assert_false(inferred.declared);
	struct gfs_value again = inferred;
	gfs_value_declare(&again);
	assert_false(again.declared);
	for (int type = GFS_TYPE_NULL; type < GFS_TYPE_COUNT; type++) {
		struct gfs_value parsed = { .type = GFS_TYPE_COUNT };
		int err = gfs_value_parse((enum gfs_type)type, contents, arena, &parsed);
		if (err != 0) {
			assert_int_equal(err, GFS_ERR_INVALID);
			assert_int_equal(parsed.type, GFS_TYPE_COUNT);
			assert_int_not_equal(type, inferred.type);
			assert_int_not_equal(type, GFS_TYPE_BYTES);
			assert_false(type == GFS_TYPE_STRING && gfs_utf8_valid(contents.data, contents.size));
			continue;
		}
		assert_int_equal(parsed.type, type);
		assert_shows(&parsed, contents);
		assert_int_equal(parsed.declared, (enum gfs_type)type != inferred.type);
	}
}

static void test_any_contents_come_back(void **state)
{
	(void)state;
	struct value_random random = { .state = 3 };
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	GFS_AUTO_BUF contents = GFS_BUF_INIT;
	size_t counts[GFS_TYPE_COUNT] = { 0 };
	for (int i = 0; i < CONTENTS; i++) {
		struct gfs_value value;
		gfs_arena_clear(&arena);
		gfs_buf_clear(&contents);
		value_random_contents(&random, &contents);
		check_contents(gfs_buf_slice(&contents), &arena);
		gfs_value_infer(gfs_buf_slice(&contents), &value);
		counts[value.type]++;
	}
	/* The generator reaches what it is for. */
	for (int type = GFS_TYPE_BOOLEAN; type <= GFS_TYPE_BYTES; type++)
		assert_in_range(counts[type], 500, CONTENTS);
}

static void test_every_short_contents_come_back(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	static const char alphabet[] = "-+01.E\n'\\[]\xc3\xa9";
	size_t n = sizeof alphabet - 1;
	for (size_t i = 0; i < n * n * n * n; i++) {
		uint8_t bytes[4] = { (uint8_t)alphabet[i % n], (uint8_t)alphabet[i / n % n], (uint8_t)alphabet[i / n / n % n],
			(uint8_t)alphabet[i / n / n / n] };
		gfs_arena_clear(&arena);
		for (size_t size = 0; size <= sizeof bytes; size++)
			check_contents(gfs_slice(bytes, size), &arena);
	}
}

/* UTF-8 cut at every byte, whole and with a newline, on a long text. */
static void test_broken_text(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z\r\n\n";
	for (size_t first = 0; first < sizeof text; first++) {
		for (size_t size = 0; first + size < sizeof text; size++)
			check_contents(gfs_slice(text + first, size), &arena);
	}
	GFS_AUTO_BUF large = GFS_BUF_INIT;
	uint8_t *at = gfs_buf_extend(&large, 1 << 20);
	assert_non_null(at);
	memset(at, '1', large.size);
	check_contents(gfs_buf_slice(&large), &arena);
	large.data[large.size / 2] = 0xff;
	check_contents(gfs_buf_slice(&large), &arena);
}

static void assert_inferred(struct gfs_slice contents, enum gfs_type type, bool newline)
{
	struct gfs_value value;
	gfs_value_infer(contents, &value);
	if (value.type != type)
		fail_msg("%.*s is taken for a %s", (int)contents.size, (const char *)contents.data, gfs_type_name(value.type));
	assert_int_equal(value.newline, newline);
}

static void test_inferred_types(void **state)
{
	(void)state;
	static const char *const integers[] = { "0", "30", "-1", "9223372036854775807", "-9223372036854775808" };
	static const char *const floats[] = { "0.0", "-0.0", "1.1", "1.0E7", "9999999.0", "0.001", "1.0E-4",
		"1.7976931348623157E308", "5.0E-324", "5.684341886080802E-14", "1.2345678901234566E-307" };
	static const char *const strings[] = { "030", "1.10", "+1", "-0", "1e5", "9223372036854775808",
		"-9223372036854775809", "10000000.0", "1.0E309", "NaN", "Infinity", "True", " 1", "1 ", "1\r", "[1]", "",
		"\xef\xbb\xbf"
		"1" };
	for (size_t i = 0; i < GFS_COUNT(integers); i++)
		assert_inferred(gfs_slice_text(integers[i]), GFS_TYPE_INTEGER, false);
	for (size_t i = 0; i < GFS_COUNT(floats); i++)
		assert_inferred(gfs_slice_text(floats[i]), GFS_TYPE_FLOAT, false);
	for (size_t i = 0; i < GFS_COUNT(strings); i++)
		assert_inferred(gfs_slice_text(strings[i]), GFS_TYPE_STRING, false);
	assert_inferred(SLICE("true\n"), GFS_TYPE_BOOLEAN, true);
	assert_inferred(SLICE("false"), GFS_TYPE_BOOLEAN, false);
	assert_inferred(SLICE("\n"), GFS_TYPE_STRING, true);
	assert_inferred(SLICE("30\n\n"), GFS_TYPE_STRING, true);
	assert_inferred(SLICE("3\0"), GFS_TYPE_STRING, false);
	assert_inferred(SLICE("\xff\n"), GFS_TYPE_BYTES, false);
	assert_inferred(gfs_slice(NULL, 0), GFS_TYPE_STRING, false);
}

/* ---- floats ---- */

static void assert_float_text(double v, const char *expected)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	struct gfs_value value = { .type = GFS_TYPE_FLOAT, .real = v };
	assert_int_equal(gfs_value_text(&value, &text), 0);
	gfs_buf_append_u8(&text, '\0');
	assert_string_equal(text.data, expected);
}

static void test_float_layout(void **state)
{
	(void)state;
	assert_float_text(1.0, "1.0");
	assert_float_text(-0.0, "-0.0");
	assert_float_text(0.1, "0.1");
	assert_float_text(0.1 + 0.2, "0.30000000000000004");
	assert_float_text(1234567.0, "1234567.0");
	assert_float_text(1e7, "1.0E7");
	assert_float_text(12345678.5, "1.23456785E7");
	assert_float_text(0.001, "0.001");
	assert_float_text(0.0001, "1.0E-4");
	assert_float_text(-1.5e300, "-1.5E300");
	assert_float_text(1e23, "1.0E23");
	assert_float_text(9007199254740993.0, "9.007199254740992E15");
	assert_float_text(5e-324, "5.0E-324");
	assert_float_text(2.2250738585072014e-308, "2.2250738585072014E-308");
	assert_float_text(1.7976931348623157e308, "1.7976931348623157E308");
	assert_float_text((double)NAN, "NaN");
	assert_float_text(-(double)INFINITY, "-Infinity");
	/* Just above a power of two, where the nearest decimal of 16 digits reads back as the float below. */
	assert_float_text(0x1p-44, "5.684341886080802E-14");
}

/* No shorter decimal reads back the same: compared with every precision of printf. */
static void test_float_digits_are_the_shortest(void **state)
{
	(void)state;
	struct value_random random = { .state = 4 };
	for (int i = 0; i < 30000; i++) {
		GFS_AUTO_BUF text = GFS_BUF_INIT;
		struct gfs_value value = { .type = GFS_TYPE_FLOAT, .real = value_random_float(&random) };
		if (!isfinite(value.real) || value.real == 0)
			continue;
		assert_int_equal(gfs_value_text(&value, &text), 0);
		gfs_buf_append_u8(&text, '\0');
		assert_true(strtod((const char *)text.data, NULL) == value.real);
		char shortest[40] = "";
		for (int digits = 0; digits < 17; digits++) {
			(void)snprintf(shortest, sizeof shortest, "%.*e", digits, value.real);
			if (strtod(shortest, NULL) == value.real)
				break;
		}
		size_t ours = 0;
		bool counting = false;
		size_t zeros = 0; /* at the end so far, which the layout may have added */
		for (const uint8_t *p = text.data; *p != '\0' && *p != 'E'; p++) {
			if (*p < '0' || *p > '9' || (!counting && *p == '0'))
				continue;
			counting = true;
			ours++;
			zeros = *p == '0' ? zeros + 1 : 0;
		}
		size_t theirs = strcspn(shortest, "e") - strspn(shortest, "-");
		theirs -= theirs > 1 ? 1 : 0;
		assert_in_range(ours - zeros, 1, theirs);
	}
}

static void test_numbers_do_not_know_the_locale(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	if (setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL)
		skip();
	struct gfs_value value;
	assert_float_text(0x1.23456789abcdep-300, "5.585457453849857E-91");
	int err = gfs_value_parse_loose(GFS_TYPE_FLOAT, SLICE("1.2345678901234567e-7"), &arena, &value);
	assert_non_null(setlocale(LC_NUMERIC, "C"));
	assert_int_equal(err, 0);
	assert_true(value.real == 1.2345678901234567e-7);
}

/* ---- parse ---- */

static void test_declared(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_value value;
	assert_int_equal(gfs_value_parse(GFS_TYPE_STRING, SLICE("30\n"), &arena, &value), 0);
	assert_true(value.declared && value.newline);
	assert_int_equal(gfs_value_parse(GFS_TYPE_STRING, SLICE("030\n"), &arena, &value), 0);
	assert_false(value.declared);
	assert_int_equal(gfs_value_parse(GFS_TYPE_BYTES, SLICE("30\n"), &arena, &value), 0);
	assert_true(value.declared && !value.newline);
	assert_int_equal(value.bytes.size, 3);
	assert_int_equal(gfs_value_parse(GFS_TYPE_FLOAT, SLICE("NaN"), &arena, &value), 0);
	assert_true(value.declared);
	assert_int_equal(gfs_value_parse(GFS_TYPE_FLOAT, SLICE("1"), &arena, &value), GFS_ERR_INVALID);
	assert_int_equal(gfs_value_parse(GFS_TYPE_LIST, SLICE("[]\n"), &arena, &value), 0);
	assert_true(value.declared);
	/* A string whose own last newline the file would lose. */
	value = (struct gfs_value){ .type = GFS_TYPE_STRING, .bytes = SLICE("30\n") };
	gfs_value_declare(&value);
	assert_true(value.declared);
	value.newline = true;
	gfs_value_declare(&value);
	assert_false(value.declared);
}

static void test_list_text(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	struct gfs_value inner[] = { { .type = GFS_TYPE_BOOLEAN, .boolean = true }, { .type = GFS_TYPE_NULL } };
	struct gfs_value items[] = { { .type = GFS_TYPE_INTEGER, .integer = 1 },
		{ .type = GFS_TYPE_STRING, .bytes = SLICE("it's \\ \n\r\t\b\f\0\x1f\x7f\xc3\xa9\"") },
		{ .type = GFS_TYPE_LIST, .list = { .items = inner, .count = 2 } },
		{ .type = GFS_TYPE_BYTES, .bytes = SLICE("\0\xff") }, { .type = GFS_TYPE_FLOAT, .real = 1.0 } };
	struct gfs_value list = {
		.type = GFS_TYPE_LIST, .newline = true, .list = { .items = items, .count = GFS_COUNT(items) }
	};
	file_of(&list, &text);
	static const char expected[] =
		"[1, 'it\\'s \\\\ \\n\\r\\t\\b\\f\\u0000\\u001f\\u007f\xc3\xa9\"', [true, null], bytes('00ff'), 1.0]\n";
	assert_int_equal(text.size, sizeof expected - 1);
	assert_memory_equal(text.data, expected, text.size);
	struct gfs_value back;
	assert_int_equal(gfs_value_parse(GFS_TYPE_LIST, gfs_buf_slice(&text), &arena, &back), 0);
	assert_true(gfs_value_equal(&list, &back));
}

static void test_list_depth_is_bounded(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	uint8_t text[2 * GFS_VALUE_DEPTH_MAX + 2];
	struct gfs_value value;
	memset(text, '[', sizeof text / 2);
	memset(text + sizeof text / 2, ']', sizeof text / 2);
	assert_int_equal(gfs_value_parse(GFS_TYPE_LIST, gfs_slice(text, sizeof text), &arena, &value), GFS_ERR_INVALID);
	assert_int_equal(gfs_value_parse(GFS_TYPE_LIST, gfs_slice(text + 1, sizeof text - 2), &arena, &value), 0);
	struct gfs_value around = { .type = GFS_TYPE_LIST, .list = { .items = &value, .count = 1 } };
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	assert_int_equal(gfs_value_text(&around, &out), GFS_ERR_LIMIT);
	assert_int_equal(gfs_value_json(&around, false, &out), GFS_ERR_LIMIT);
}

static void test_random_values_come_back_as_text(void **state)
{
	(void)state;
	struct value_random random = { .state = 5 };
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	for (int i = 0; i < VALUES; i++) {
		struct gfs_value value;
		struct gfs_value back;
		gfs_arena_clear(&arena);
		value_random_value(&random, &arena, &value);
		file_of(&value, &text);
		assert_int_equal(gfs_value_parse(value.type, gfs_buf_slice(&text), &arena, &back), 0);
		/* A file that ends in the string's own newline shows it as the file's. */
		bool own_newline = value.type == GFS_TYPE_STRING && !value.newline && back.newline;
		assert_true(own_newline || gfs_value_equal(&value, &back));
		assert_int_equal(value.declared, back.declared);
		value_random_mutate(&random, &text);
		if (value.type == GFS_TYPE_LIST)
			check_contents(gfs_buf_slice(&text), &arena);
	}
}

/* ---- parse_loose ---- */

static int loose(enum gfs_type type, const char *text, struct gfs_value *ret_value)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	int err = gfs_value_parse_loose(type, gfs_slice_text(text), &arena, ret_value);
	if (err == 0)
		assert_true(ret_value->newline && ret_value->type == type);
	return err;
}

static void test_loose_integers(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int err;
		int64_t v;
	} cases[] = { { "+5", 0, 5 }, { " 007\t", 0, 7 }, { "-9223372036854775808", 0, INT64_MIN },
		{ "9223372036854775807", 0, INT64_MAX }, { "9223372036854775808", GFS_ERR_OVERFLOW, 0 },
		{ "-9223372036854775809", GFS_ERR_OVERFLOW, 0 }, { "99999999999999999999999", GFS_ERR_OVERFLOW, 0 },
		{ "99999999999999999999999x", GFS_ERR_INVALID, 0 }, { "", GFS_ERR_INVALID, 0 }, { "+", GFS_ERR_INVALID, 0 },
		{ "1.0", GFS_ERR_INVALID, 0 }, { "+-1", GFS_ERR_INVALID, 0 }, { "1 2", GFS_ERR_INVALID, 0 }, { "-0", 0, 0 } };
	for (size_t i = 0; i < GFS_COUNT(cases); i++) {
		struct gfs_value value;
		assert_int_equal(loose(GFS_TYPE_INTEGER, cases[i].text, &value), cases[i].err);
		if (cases[i].err == 0)
			assert_true(value.integer == cases[i].v);
	}
}

static void test_loose_floats(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int err;
		double v;
	} cases[] = { { "1e3", 0, 1000 }, { "+5", 0, 5 }, { " .5 ", 0, 0.5 }, { "5.", 0, 5 }, { "1E-5", 0, 1e-5 },
		{ "inf", 0, (double)INFINITY }, { "-INFINITY", 0, -(double)INFINITY }, { "1e999", GFS_ERR_OVERFLOW, 0 },
		{ "1e-99999999999999999999", 0, 0 },
		{ "0.000000000000000000000000000000000000000000000000000000000000000000001e69", 0, 1 },
		{ "123456789012345678901234567890", 0, 123456789012345678901234567890.0 },
		{ "9007199254740993", 0, 9007199254740992.0 }, { "", GFS_ERR_INVALID, 0 }, { ".", GFS_ERR_INVALID, 0 },
		{ "1e", GFS_ERR_INVALID, 0 }, { "1e+", GFS_ERR_INVALID, 0 }, { "0x10", GFS_ERR_INVALID, 0 },
		{ "1,5", GFS_ERR_INVALID, 0 }, { "1.5f", GFS_ERR_INVALID, 0 }, { "infinit", GFS_ERR_INVALID, 0 } };
	struct gfs_value value;
	for (size_t i = 0; i < GFS_COUNT(cases); i++) {
		assert_int_equal(loose(GFS_TYPE_FLOAT, cases[i].text, &value), cases[i].err);
		if (cases[i].err == 0)
			assert_true(value.real == cases[i].v && value.declared == (bool)isinf(value.real));
	}
	assert_int_equal(loose(GFS_TYPE_FLOAT, "nan", &value), 0);
	assert_true(isnan(value.real) && value.declared);
	/* Longer than any buffer of fixed size. */
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	gfs_buf_printf(&text, "1%0*d.5", 200, 0);
	gfs_buf_append_u8(&text, '\0');
	assert_int_equal(loose(GFS_TYPE_FLOAT, (const char *)text.data, &value), 0);
	assert_true(value.real == 1e200);
}

static void test_loose_others(void **state)
{
	(void)state;
	struct gfs_value value;
	assert_int_equal(loose(GFS_TYPE_BOOLEAN, " TRUE", &value), 0);
	assert_true(value.boolean && !value.declared);
	assert_int_equal(loose(GFS_TYPE_BOOLEAN, "False", &value), 0);
	assert_false(value.boolean);
	assert_int_equal(loose(GFS_TYPE_BOOLEAN, "1", &value), GFS_ERR_INVALID);
	assert_int_equal(loose(GFS_TYPE_STRING, " 30", &value), 0);
	assert_false(value.declared);
	assert_int_equal(loose(GFS_TYPE_STRING, "30", &value), 0);
	assert_true(value.declared);
	assert_int_equal(loose(GFS_TYPE_STRING, "\xff", &value), GFS_ERR_ILSEQ);
	assert_int_equal(loose(GFS_TYPE_LIST, "[]", &value), GFS_ERR_INVALID);
	assert_int_equal(loose(GFS_TYPE_NULL, "null", &value), GFS_ERR_INVALID);
}

/* ---- JSON ---- */

static int from_json(struct gfs_slice text, struct gfs_arena *arena, struct gfs_value *ret_value)
{
	json_error_t error;
	json_t *json = json_loadb((const char *)text.data, text.size, JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
	if (json == NULL)
		return GFS_ERR_CORRUPT;
	int err = gfs_value_from_json(json, arena, ret_value);
	json_decref(json); /* the value must not need it */
	return err;
}

static void test_json_is_the_documented_one(void **state)
{
	(void)state;
	static const struct {
		struct gfs_value value;
		const char *json, *plain;
	} cases[] = {
		{ { .type = GFS_TYPE_BOOLEAN, .newline = true, .boolean = true }, "true", "true" },
		{ { .type = GFS_TYPE_INTEGER, .newline = true, .integer = INT64_MIN }, "-9223372036854775808",
			"-9223372036854775808" },
		{ { .type = GFS_TYPE_INTEGER, .integer = 30 }, "{\"$value\":30,\"newline\":false}", "30" },
		{ { .type = GFS_TYPE_FLOAT, .newline = true, .real = 1.0 }, "1.0", "1.0" },
		{ { .type = GFS_TYPE_FLOAT, .newline = true, .real = (double)INFINITY }, "{\"$float\":\"Infinity\"}",
			"{\"$float\":\"Infinity\"}" },
		{ { .type = GFS_TYPE_BYTES, .bytes = { (const uint8_t *)"\xff\xfe\0\1", 4 } }, "{\"$bytes\":\"//4AAQ==\"}",
			"{\"$bytes\":\"//4AAQ==\"}" },
		{ { .type = GFS_TYPE_BYTES, .newline = true, .bytes = { (const uint8_t *)"a", 1 } },
			"{\"$value\":{\"$bytes\":\"YQ==\"},\"newline\":true}", "{\"$bytes\":\"YQ==\"}" },
		{ { .type = GFS_TYPE_STRING, .newline = true, .bytes = { (const uint8_t *)"a\"\\/\n\0\xc3\xa9'", 9 } },
			"\"a\\\"\\\\/\\n\\u0000\xc3\xa9'\"", "\"a\\\"\\\\/\\n\\u0000\xc3\xa9'\"" },
	};
	for (size_t i = 0; i < GFS_COUNT(cases); i++) {
		GFS_AUTO_BUF out = GFS_BUF_INIT;
		assert_int_equal(gfs_value_json(&cases[i].value, false, &out), 0);
		gfs_buf_append_u8(&out, '\0');
		assert_string_equal(out.data, cases[i].json);
		gfs_buf_clear(&out);
		assert_int_equal(gfs_value_json(&cases[i].value, true, &out), 0);
		gfs_buf_append_u8(&out, '\0');
		assert_string_equal(out.data, cases[i].plain);
	}
}

static void test_random_values_come_back_from_json(void **state)
{
	(void)state;
	struct value_random random = { .state = 6 };
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	GFS_AUTO_BUF json = GFS_BUF_INIT;
	for (int i = 0; i < VALUES; i++) {
		struct gfs_value value;
		struct gfs_value back;
		gfs_arena_clear(&arena);
		gfs_buf_clear(&json);
		value_random_value(&random, &arena, &value);
		assert_int_equal(gfs_value_json(&value, false, &json), 0);
		assert_int_equal(from_json(gfs_buf_slice(&json), &arena, &back), 0);
		assert_true(gfs_value_equal(&value, &back));
		assert_int_equal(value.newline, back.newline);
		assert_int_equal(value.declared, back.declared);
	}
}

static void test_json_that_is_no_value(void **state)
{
	(void)state;
	static const char *const wrong[] = { "null", "{}", "{\"a\":1}", "{\"$float\":\"1.0\"}", "{\"$float\":1}",
		"{\"$bytes\":\"YQ=\"}", "{\"$bytes\":\"YR==\"}", "{\"$bytes\":\"Y===\"}", "{\"$bytes\":\"YQ==YQ==\"}",
		"{\"$bytes\":\"Y Q=\"}", "{\"$bytes\":1}", "{\"$value\":1}", "{\"$value\":1,\"newline\":1}",
		"{\"$value\":null,\"newline\":true}", "{\"$value\":1,\"newline\":true,\"x\":1}",
		"{\"$value\":{\"$value\":1,\"newline\":true},\"newline\":true}", "[{\"$value\":1,\"newline\":true}]", "[{}]" };
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_value value;
	for (size_t i = 0; i < GFS_COUNT(wrong); i++)
		assert_int_equal(from_json(gfs_slice_text(wrong[i]), &arena, &value), GFS_ERR_INVALID);
	assert_int_equal(from_json(SLICE("\"30\""), &arena, &value), 0);
	assert_true(value.type == GFS_TYPE_STRING && value.declared && value.newline);
	uint8_t deep[2 * GFS_VALUE_DEPTH_MAX + 2];
	memset(deep, '[', sizeof deep / 2);
	memset(deep + sizeof deep / 2, ']', sizeof deep / 2);
	assert_int_equal(from_json(gfs_slice(deep, sizeof deep), &arena, &value), GFS_ERR_INVALID);
	assert_int_equal(from_json(gfs_slice(deep + 1, sizeof deep - 2), &arena, &value), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_contents_come_back),
		cmocka_unit_test(test_every_short_contents_come_back),
		cmocka_unit_test(test_broken_text),
		cmocka_unit_test(test_inferred_types),
		cmocka_unit_test(test_float_layout),
		cmocka_unit_test(test_float_digits_are_the_shortest),
		cmocka_unit_test(test_numbers_do_not_know_the_locale),
		cmocka_unit_test(test_declared),
		cmocka_unit_test(test_list_text),
		cmocka_unit_test(test_list_depth_is_bounded),
		cmocka_unit_test(test_random_values_come_back_as_text),
		cmocka_unit_test(test_loose_integers),
		cmocka_unit_test(test_loose_floats),
		cmocka_unit_test(test_loose_others),
		cmocka_unit_test(test_json_is_the_documented_one),
		cmocka_unit_test(test_random_values_come_back_from_json),
		cmocka_unit_test(test_json_that_is_no_value),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
