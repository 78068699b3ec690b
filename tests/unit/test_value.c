/* The stored bytes of values, equality, names of types, and name checks. */
#include "base/checked.h"
#include "graph/value.h"
#include "tests/unit/value_random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>

enum { VALUES = 100000, MUTATIONS = 100000 };

#define SLICE(literal) gfs_slice(literal, sizeof(literal) - 1)

static int decode_status(struct gfs_slice bytes)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_value value;
	return gfs_value_decode(bytes, &arena, &value);
}

static void assert_encodes_as(const struct gfs_value *value, struct gfs_slice expected)
{
	GFS_AUTO_BUF encoded = GFS_BUF_INIT;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_value back;
	assert_int_equal(gfs_value_encode(value, &encoded), 0);
	assert_int_equal(encoded.size, expected.size);
	assert_memory_equal(encoded.data, expected.data, expected.size);
	assert_int_equal(gfs_value_decode(gfs_buf_slice(&encoded), &arena, &back), 0);
	assert_true(gfs_value_equal(value, &back));
	assert_int_equal(value->newline, back.newline);
	assert_int_equal(value->declared, back.declared);
}

/* docs/format.md shows these: they may never change. */
static void test_encoding_is_the_documented_one(void **state)
{
	(void)state;
	struct gfs_value v = { .type = GFS_TYPE_BOOLEAN, .newline = true, .boolean = true };
	assert_encodes_as(&v, SLICE("\x41\x01"));
	v = (struct gfs_value){ .type = GFS_TYPE_INTEGER, .newline = true, .integer = 30 };
	assert_encodes_as(&v, SLICE("\x42\x3c"));
	v.integer = -1;
	assert_encodes_as(&v, SLICE("\x42\x01"));
	v.integer = INT64_MIN;
	assert_encodes_as(&v, SLICE("\x42\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
	v = (struct gfs_value){ .type = GFS_TYPE_FLOAT, .real = 1.5 };
	assert_encodes_as(&v, SLICE("\x03\0\0\0\0\0\0\xf8\x3f"));
	v.real = -(double)NAN;
	assert_encodes_as(&v, SLICE("\x03\0\0\0\0\0\0\xf8\x7f"));
	v = (struct gfs_value){ .type = GFS_TYPE_STRING, .newline = true, .declared = true, .bytes = SLICE("30") };
	assert_encodes_as(&v,
		SLICE("\xc4"
			  "30"));
	v = (struct gfs_value){ .type = GFS_TYPE_BYTES, .bytes = SLICE("\xff\0") };
	assert_encodes_as(&v, SLICE("\x05\xff\0"));
	struct gfs_value inner = { .type = GFS_TYPE_LIST, .list = { .count = 0 } };
	struct gfs_value items[] = { { .type = GFS_TYPE_NULL }, { .type = GFS_TYPE_STRING, .bytes = SLICE("ab") }, inner };
	v = (struct gfs_value){
		.type = GFS_TYPE_LIST, .newline = true, .list = { .items = items, .count = GFS_COUNT(items) }
	};
	assert_encodes_as(&v,
		SLICE("\x46\x03\x01\x00\x03\x04"
			  "ab\x02\x06\x00"));
}

static void test_encode_refuses_what_cannot_be_stored(void **state)
{
	(void)state;
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	gfs_buf_append_text(&out, "before");
	struct gfs_value v = { .type = GFS_TYPE_NULL };
	assert_int_equal(gfs_value_encode(&v, &out), GFS_ERR_INVALID);
	v = (struct gfs_value){ .type = GFS_TYPE_STRING, .bytes = SLICE("a\xff") };
	assert_int_equal(gfs_value_encode(&v, &out), GFS_ERR_ILSEQ);
	struct gfs_value items[] = { { .type = GFS_TYPE_INTEGER, .integer = 1 }, v };
	v = (struct gfs_value){ .type = GFS_TYPE_LIST, .list = { .items = items, .count = 2 } };
	assert_int_equal(gfs_value_encode(&v, &out), GFS_ERR_ILSEQ);
	assert_int_equal(out.size, 6);
}

static void nest(struct gfs_value *levels, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		levels[i] = (struct gfs_value){ .type = GFS_TYPE_LIST };
		levels[i].list.items = i + 1 < count ? &levels[i + 1] : NULL;
		levels[i].list.count = i + 1 < count ? 1 : 0;
	}
}

static void test_depth_is_bounded(void **state)
{
	(void)state;
	struct gfs_value levels[GFS_VALUE_DEPTH_MAX + 1];
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_value back;
	nest(levels, GFS_VALUE_DEPTH_MAX);
	assert_int_equal(gfs_value_encode(&levels[0], &out), 0);
	assert_int_equal(gfs_value_decode(gfs_buf_slice(&out), &arena, &back), 0);
	assert_true(gfs_value_equal(&levels[0], &back));
	nest(levels, GFS_VALUE_DEPTH_MAX + 1);
	assert_int_equal(gfs_value_encode(&levels[0], &out), GFS_ERR_LIMIT);

	/* One list around the deepest encoding there is. */
	GFS_AUTO_BUF deeper = GFS_BUF_INIT;
	gfs_buf_append(&deeper, "\x06\x01", 2);
	gfs_buf_append_varint(&deeper, out.size);
	gfs_buf_append(&deeper, out.data, out.size);
	assert_int_equal(decode_status(gfs_buf_slice(&deeper)), GFS_ERR_CORRUPT);
}

static void test_hostile_bytes_are_corrupt(void **state)
{
	(void)state;
	static const struct gfs_slice hostile[] = {
		{ NULL, 0 }, { (const uint8_t *)"\x00", 1 },                             /* null outside a list */
		{ (const uint8_t *)"\x01", 1 },                                          /* no payload */
		{ (const uint8_t *)"\x01\x02", 2 },                                      /* neither true nor false */
		{ (const uint8_t *)"\x01\x01\x00", 3 },                                  /* bytes after it */
		{ (const uint8_t *)"\x02\x80\x00", 3 },                                  /* a long zero */
		{ (const uint8_t *)"\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11 }, /* 65 bits */
		{ (const uint8_t *)"\x03\0\0\0\0\0\0\0", 8 },                            /* 7 bytes */
		{ (const uint8_t *)"\x03\1\0\0\0\0\0\xf8\x7f", 9 },                      /* another NaN */
		{ (const uint8_t *)"\x04\xc0\x80", 3 },                                  /* overlong */
		{ (const uint8_t *)"\x07", 1 },                                          /* no such type */
		{ (const uint8_t *)"\x14", 1 },                                          /* unknown tag bits */
		{ (const uint8_t *)"\x06\x01\x02\x44\x41", 5 },                          /* an item with a newline */
		{ (const uint8_t *)"\x06\x02\x01\x00", 4 },                              /* one item of two */
		{ (const uint8_t *)"\x06\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10 },     /* more items than memory */
		{ (const uint8_t *)"\x06\x01\xff\xff\xff\xff\x0f\x00", 8 },              /* an item longer than the list */
		{ (const uint8_t *)"\x06\x01\x00\x00", 4 },                              /* an item of no bytes */
	};
	for (size_t i = 0; i < GFS_COUNT(hostile); i++)
		assert_int_equal(decode_status(hostile[i]), GFS_ERR_CORRUPT);
}

static void test_random_values_come_back(void **state)
{
	(void)state;
	struct value_random random = { .state = 1 };
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	GFS_AUTO_BUF encoded = GFS_BUF_INIT;
	for (int i = 0; i < VALUES; i++) {
		struct gfs_value value;
		struct gfs_value back;
		gfs_arena_clear(&arena);
		gfs_buf_clear(&encoded);
		value_random_value(&random, &arena, &value);
		assert_int_equal(gfs_value_encode(&value, &encoded), 0);
		assert_int_equal(gfs_value_decode(gfs_buf_slice(&encoded), &arena, &back), 0);
		assert_true(gfs_value_equal(&value, &back));
		assert_int_equal(value.newline, back.newline);
		assert_int_equal(value.declared, back.declared);
	}
}

/* Whatever is accepted is what encode makes, byte for byte. */
static void test_mutated_encodings(void **state)
{
	(void)state;
	struct value_random random = { .state = 2 };
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	size_t accepted = 0;
	for (int i = 0; i < MUTATIONS; i++) {
		GFS_AUTO_BUF encoded = GFS_BUF_INIT; /* a block of its own, so that ASan sees its end */
		GFS_AUTO_BUF again = GFS_BUF_INIT;
		struct gfs_value value;
		gfs_arena_clear(&arena);
		value_random_value(&random, &arena, &value);
		assert_int_equal(gfs_value_encode(&value, &encoded), 0);
		value_random_mutate(&random, &encoded);
		uint8_t *exact = test_malloc(encoded.size + 1);
		memcpy(exact + 1, encoded.data, encoded.size);
		struct gfs_slice bytes = gfs_slice(exact + 1, encoded.size);
		int err = gfs_value_decode(bytes, &arena, &value);
		if (err == 0) {
			accepted++;
			assert_int_equal(gfs_value_encode(&value, &again), 0);
			assert_true(gfs_slice_equal(bytes, gfs_buf_slice(&again)));
		} else {
			assert_int_equal(err, GFS_ERR_CORRUPT);
		}
		test_free(exact);
	}
	assert_in_range(accepted, 1, MUTATIONS - 1);
}

static void test_equality(void **state)
{
	(void)state;
	struct gfs_value zero = { .type = GFS_TYPE_FLOAT, .real = 0.0 };
	struct gfs_value minus_zero = { .type = GFS_TYPE_FLOAT, .real = -0.0 };
	struct gfs_value nan = { .type = GFS_TYPE_FLOAT, .real = (double)NAN };
	struct gfs_value minus_nan = { .type = GFS_TYPE_FLOAT, .real = -(double)NAN, .newline = true };
	struct gfs_value integer = { .type = GFS_TYPE_INTEGER, .integer = 0 };
	struct gfs_value string = { .type = GFS_TYPE_STRING, .bytes = SLICE("a") };
	struct gfs_value bytes = { .type = GFS_TYPE_BYTES, .bytes = SLICE("a") };
	struct gfs_value one = { .type = GFS_TYPE_LIST, .list = { .items = &zero, .count = 1 } };
	struct gfs_value none = { .type = GFS_TYPE_LIST };
	assert_false(gfs_value_equal(&zero, &minus_zero));
	assert_true(gfs_value_equal(&nan, &minus_nan));
	assert_false(gfs_value_equal(&zero, &integer));
	assert_false(gfs_value_equal(&string, &bytes));
	assert_false(gfs_value_equal(&one, &none));
	assert_true(gfs_value_equal(&one, &one));
}

static void test_type_names(void **state)
{
	(void)state;
	for (int i = GFS_TYPE_BOOLEAN; i < GFS_TYPE_COUNT; i++) {
		enum gfs_type type;
		assert_int_equal(gfs_type_from_name(gfs_slice_text(gfs_type_name((enum gfs_type)i)), &type), 0);
		assert_int_equal(type, i);
	}
	enum gfs_type type;
	assert_null(gfs_type_name(GFS_TYPE_NULL));
	assert_null(gfs_type_name(GFS_TYPE_COUNT));
	assert_int_equal(gfs_type_from_name(gfs_slice_text("Integer"), &type), GFS_ERR_INVALID);
	assert_int_equal(gfs_type_from_name(gfs_slice_text(""), &type), GFS_ERR_INVALID);
}

static void test_name_check(void **state)
{
	(void)state;
	assert_int_equal(gfs_name_check(SLICE("and/or %\n"), 9), 0);
	assert_int_equal(gfs_name_check(SLICE("0123456789"), 9), GFS_ERR_NAMETOOLONG);
	assert_int_equal(gfs_name_check(SLICE(""), 9), GFS_ERR_INVALID);
	assert_int_equal(gfs_name_check(SLICE("a\0b"), 9), GFS_ERR_INVALID);
	assert_int_equal(gfs_name_check(SLICE("a\xc3"), 9), GFS_ERR_ILSEQ);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encoding_is_the_documented_one),
		cmocka_unit_test(test_encode_refuses_what_cannot_be_stored),
		cmocka_unit_test(test_depth_is_bounded),
		cmocka_unit_test(test_hostile_bytes_are_corrupt),
		cmocka_unit_test(test_random_values_come_back),
		cmocka_unit_test(test_mutated_encodings),
		cmocka_unit_test(test_equality),
		cmocka_unit_test(test_type_names),
		cmocka_unit_test(test_name_check),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
