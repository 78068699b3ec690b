/* base/buf and base/arena: growth, encodings, and readers given hostile bytes. */
#include "base/arena.h"
#include "base/buf.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_append(void **state)
{
	(void)state;
	GFS_AUTO_BUF buf = GFS_BUF_INIT;
	gfs_buf_append(&buf, NULL, 0);
	assert_null(buf.data);
	for (int i = 0; i < 1000; i++)
		gfs_buf_append_u8(&buf, (uint8_t)i);
	gfs_buf_append_text(&buf, "tail");
	assert_int_equal(buf.size, 1004);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(buf.data[i], (uint8_t)i);
	assert_memory_equal(buf.data + 1000, "tail", 4);
	assert_int_equal(gfs_buf_failed(&buf), 0);
	gfs_buf_clear(&buf);
	assert_int_equal(gfs_buf_slice(&buf).size, 0);
}

static void test_printf(void **state)
{
	(void)state;
	GFS_AUTO_BUF buf = GFS_BUF_INIT;
	for (int i = 0; i < 100; i++)
		gfs_buf_printf(&buf, "%d,", i);
	gfs_buf_printf(&buf, "%s", "");
	assert_int_equal(buf.size, 10 * 2 + 90 * 3);
	assert_memory_equal(buf.data, "0,1,2,", 6);
	assert_memory_equal(buf.data + buf.size - 3, "99,", 3);
}

/* A growth that cannot be is remembered, and what was there before stays. */
static void test_failed_growth(void **state)
{
	(void)state;
	GFS_AUTO_BUF buf = GFS_BUF_INIT;
	gfs_buf_append_text(&buf, "kept");
	assert_null(gfs_buf_extend(&buf, SIZE_MAX - 2));
	assert_int_equal(gfs_buf_failed(&buf), GFS_ERR_NOMEM);
	gfs_buf_append_text(&buf, "lost");
	assert_null(gfs_buf_extend(&buf, 1));
	assert_true(gfs_slice_equal(gfs_buf_slice(&buf), gfs_slice_text("kept")));
	gfs_buf_clear(&buf);
	assert_int_equal(gfs_buf_reserve(&buf, 10), 0);
	assert_int_equal(gfs_buf_failed(&buf), 0);
}

static void test_integers(void **state)
{
	(void)state;
	GFS_AUTO_BUF buf = GFS_BUF_INIT;
	gfs_buf_append_u8(&buf, 0xfe);
	gfs_buf_append_le16(&buf, 0x1234);
	gfs_buf_append_le32(&buf, 0x12345678);
	gfs_buf_append_le64(&buf, UINT64_C(0x123456789abcdef0));
	static const uint8_t expected[] = { 0xfe, 0x34, 0x12, 0x78, 0x56, 0x34, 0x12, 0xf0, 0xde, 0xbc, 0x9a, 0x78, 0x56,
		0x34, 0x12 };
	assert_int_equal(buf.size, sizeof expected);
	assert_memory_equal(buf.data, expected, sizeof expected);

	struct gfs_reader r = gfs_reader(gfs_buf_slice(&buf));
	assert_int_equal(gfs_read_u8(&r), 0xfe);
	assert_int_equal(gfs_read_le16(&r), 0x1234);
	assert_int_equal(gfs_read_le32(&r), 0x12345678);
	assert_true(gfs_read_le64(&r) == UINT64_C(0x123456789abcdef0));
	assert_false(r.failed);
	assert_int_equal(gfs_reader_left(&r), 0);
}

static void test_bytes_48(void **state)
{
	(void)state;
	uint8_t bytes[6];
	gfs_put_be48(bytes, UINT64_C(0x0123456789ab));
	assert_memory_equal(bytes, "\x01\x23\x45\x67\x89\xab", 6);
	assert_true(gfs_get_be48(bytes) == UINT64_C(0x0123456789ab));
	gfs_put_le48(bytes, UINT64_C(0x0123456789ab));
	assert_memory_equal(bytes, "\xab\x89\x67\x45\x23\x01", 6);
	assert_true(gfs_get_le48(bytes) == UINT64_C(0x0123456789ab));
}

static void test_varint_round_trip(void **state)
{
	(void)state;
	for (unsigned int shift = 0; shift < 64; shift++) {
		for (int delta = -1; delta <= 1; delta++) {
			uint64_t v = (UINT64_C(1) << shift) + (uint64_t)delta;
			GFS_AUTO_BUF buf = GFS_BUF_INIT;
			gfs_buf_append_varint(&buf, v);
			assert_in_range(buf.size, 1, 10);
			struct gfs_reader r = gfs_reader(gfs_buf_slice(&buf));
			assert_true(gfs_read_varint(&r) == v);
			assert_false(r.failed);
			assert_int_equal(gfs_reader_left(&r), 0);
			/* Cut anywhere, it is an error. */
			for (size_t cut = 0; cut < buf.size; cut++) {
				r = gfs_reader(gfs_slice(buf.data, cut));
				assert_int_equal(gfs_read_varint(&r), 0);
				assert_true(r.failed);
			}
		}
	}
}

static void test_varint_too_long(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t size;
	} cases[] = {
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10 }, /* 65 bits */
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00", 11 },
		{ "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct gfs_reader r = gfs_reader(gfs_slice(cases[i].bytes, cases[i].size));
		assert_int_equal(gfs_read_varint(&r), 0);
		assert_true(r.failed);
	}
}

/* After one failure everything fails, even what would fit. */
static void test_reader_stays_failed(void **state)
{
	(void)state;
	struct gfs_reader r = gfs_reader(gfs_slice("abc", 3));
	assert_int_equal(gfs_read_le64(&r), 0);
	assert_true(r.failed);
	assert_int_equal(gfs_reader_left(&r), 0);
	assert_int_equal(gfs_read_u8(&r), 0);
	assert_int_equal(gfs_read_le16(&r), 0);
	assert_int_equal(gfs_read_le32(&r), 0);
	assert_int_equal(gfs_read_varint(&r), 0);
	assert_int_equal(gfs_read_bytes(&r, 0).size, 0);
}

static void test_reader_huge_lengths(void **state)
{
	(void)state;
	static const uint64_t sizes[] = { 4, UINT32_MAX, INT64_MAX, UINT64_MAX - 2, UINT64_MAX };
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct gfs_reader r = gfs_reader(gfs_slice("abc", 3));
		assert_int_equal(gfs_read_bytes(&r, sizes[i]).size, 0);
		assert_true(r.failed);
	}
	struct gfs_reader r = gfs_reader(gfs_slice("abc", 3));
	assert_int_equal(gfs_read_bytes(&r, 3).size, 3);
	assert_int_equal(gfs_read_bytes(&r, 0).size, 0);
	assert_false(r.failed);
}

static void test_reader_of_nothing(void **state)
{
	(void)state;
	struct gfs_reader r = gfs_reader(gfs_slice(NULL, 0));
	assert_int_equal(gfs_reader_left(&r), 0);
	assert_int_equal(gfs_read_bytes(&r, 0).size, 0);
	assert_false(r.failed);
	assert_int_equal(gfs_read_u8(&r), 0);
	assert_true(r.failed);
}

/* Random operations on random bytes, in memory of exactly their size: AddressSanitizer watches the ends. */
static void test_reader_random(void **state)
{
	(void)state;
	srand(1);
	for (int round = 0; round < 2000; round++) {
		size_t size = (size_t)(rand() % 40);
		uint8_t *bytes = malloc(size + 1);
		assert_non_null(bytes);
		for (size_t i = 0; i < size; i++)
			bytes[i] = (uint8_t)(rand() % 4 == 0 ? 0xff : rand());
		struct gfs_reader r = gfs_reader(gfs_slice(bytes, size));
		for (int step = 0; step < 20; step++) {
			size_t left = gfs_reader_left(&r);
			switch (rand() % 6) {
			case 0:
				gfs_read_u8(&r);
				break;
			case 1:
				gfs_read_le16(&r);
				break;
			case 2:
				gfs_read_le32(&r);
				break;
			case 3:
				gfs_read_le64(&r);
				break;
			case 4:
				gfs_read_varint(&r);
				break;
			default:
				gfs_read_bytes(&r, gfs_read_varint(&r));
			}
			assert_true(gfs_reader_left(&r) <= left);
		}
		free(bytes);
	}
}

static void test_arena(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	uint8_t *objects[500];
	for (size_t i = 0; i < 500; i++) {
		objects[i] = gfs_arena_alloc(&arena, i);
		assert_non_null(objects[i]);
		assert_int_equal((uintptr_t)objects[i] % 8, 0);
		memset(objects[i], (int)(i & 0xff), i);
	}
	for (size_t i = 0; i < 500; i++) {
		for (size_t k = 0; k < i; k++)
			assert_int_equal(objects[i][k], i & 0xff);
	}
	assert_null(gfs_arena_alloc(&arena, SIZE_MAX));
	assert_null(gfs_arena_alloc(&arena, SIZE_MAX - 64));
	struct gfs_slice copy = gfs_arena_copy(&arena, gfs_slice_text("kept"));
	assert_true(gfs_slice_equal(copy, gfs_slice_text("kept")));
	assert_non_null(gfs_arena_copy(&arena, gfs_slice(NULL, 0)).data);
	gfs_arena_clear(&arena);
	assert_true(arena.bytes > 0);
	assert_non_null(gfs_arena_alloc(&arena, 100000));
	gfs_arena_release(&arena);
	assert_int_equal(arena.bytes, 0);
	gfs_arena_clear(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_printf),
		cmocka_unit_test(test_failed_growth),
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_bytes_48),
		cmocka_unit_test(test_varint_round_trip),
		cmocka_unit_test(test_varint_too_long),
		cmocka_unit_test(test_reader_stays_failed),
		cmocka_unit_test(test_reader_huge_lengths),
		cmocka_unit_test(test_reader_of_nothing),
		cmocka_unit_test(test_reader_random),
		cmocka_unit_test(test_arena),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
