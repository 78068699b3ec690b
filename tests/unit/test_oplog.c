#include "graph/oplog.h"

#include "base/checked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct gfs_op sample(unsigned code)
{
	static const uint8_t labels[] = { 1, 0, 2, 0 };
	return (struct gfs_op){
		.code = (enum gfs_op_code)code,
		.flags = 3,
		.name = 5,
		.name2 = GFS_NAME_ID_MAX,
		.id = GFS_ID_MAX,
		.entity = { GFS_REL, 7 },
		.entity2 = { GFS_NODE, GFS_ID_MAX },
		.start = 1,
		.end = 300,
		.number = UINT64_MAX,
		.meta = { 1, 2, 0755, 10, 11, UINT64_MAX },
		.bytes = gfs_slice_text("bytes"),
		.labels = gfs_slice(labels, sizeof labels),
		.props = gfs_slice_text("props"),
	};
}

/* Encoding what was decoded gives the same bytes: nothing of a code's fields is lost. */
static void test_round_trip(void **state)
{
	(void)state;
	for (unsigned code = 1; code < GFS_OP_COUNT; code++) {
		GFS_AUTO_BUF a = GFS_BUF_INIT;
		GFS_AUTO_BUF b = GFS_BUF_INIT;
		struct gfs_op op = sample(code), got;
		gfs_op_encode(&op, &a);
		assert_true(a.size > 1 || code == GFS_OP_BULK_FINISH); /* which has none */
		struct gfs_slice at = gfs_buf_slice(&a);
		assert_int_equal(gfs_op_decode(&at, &got), 0);
		assert_int_equal(at.size, 0);
		assert_int_equal(got.code, code);
		gfs_op_encode(&got, &b);
		assert_true(gfs_slice_equal(gfs_buf_slice(&a), gfs_buf_slice(&b)));
		assert_int_equal(gfs_op_decode(&at, &got), GFS_ERR_NOTFOUND);
	}
}

static void test_fields(void **state)
{
	GFS_AUTO_BUF a = GFS_BUF_INIT;
	struct gfs_op op = sample(GFS_OP_BULK_NODE), got;
	(void)state;
	gfs_op_encode(&op, &a);
	op = sample(GFS_OP_PROP_RENAME);
	gfs_op_encode(&op, &a);
	struct gfs_slice at = gfs_buf_slice(&a);
	assert_int_equal(gfs_op_decode(&at, &got), 0);
	assert_true(got.id == GFS_ID_MAX && got.meta.uid == 1 && got.meta.gid == 2 && got.meta.mode == 0755 &&
		got.meta.btime_ns == UINT64_MAX);
	assert_true(
		gfs_slice_equal(got.bytes, gfs_slice_text("bytes")) && gfs_slice_equal(got.props, gfs_slice_text("props")));
	assert_int_equal(got.labels.size, 4);
	assert_int_equal(gfs_op_decode(&at, &got), 0);
	assert_true(got.entity.kind == GFS_REL && got.entity.id == 7 && got.entity2.kind == GFS_NODE &&
		got.entity2.id == GFS_ID_MAX);
	assert_true(got.name == 5 && got.name2 == GFS_NAME_ID_MAX);
}

static void decode_all(const uint8_t *bytes, size_t size)
{
	/* On the heap, so that the sanitizer sees a read past the end. */
	uint8_t *copy = malloc(size + !size);
	struct gfs_slice at = gfs_slice(copy, size);
	struct gfs_op op;
	int err;
	memcpy(copy, bytes, size);
	while ((err = gfs_op_decode(&at, &op)) == 0)
		assert_true(
			op.id <= GFS_ID_MAX && op.entity.id <= GFS_ID_MAX && op.start <= GFS_ID_MAX && op.labels.size % 2 == 0);
	assert_true(err == GFS_ERR_NOTFOUND || err == GFS_ERR_CORRUPT);
	free(copy);
}

static void test_damage(void **state)
{
	(void)state;
	for (unsigned code = 1; code < GFS_OP_COUNT; code++) {
		GFS_AUTO_BUF a = GFS_BUF_INIT;
		struct gfs_op op = sample(code);
		struct gfs_slice at;
		gfs_op_encode(&op, &a);
		for (size_t size = 0; size < a.size; size++) {
			decode_all(a.data, size);
			at = gfs_slice(a.data, size);
			assert_int_equal(gfs_op_decode(&at, &op), size == 0 ? GFS_ERR_NOTFOUND : GFS_ERR_CORRUPT);
		}
		for (size_t bit = 0; bit < a.size * 8; bit++) {
			a.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			decode_all(a.data, a.size);
			a.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

static void test_garbage(void **state)
{
	uint64_t random = 1;
	uint8_t bytes[64];
	(void)state;
	for (unsigned round = 0; round < 200000; round++) {
		for (size_t i = 0; i < sizeof bytes; i++) {
			random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
			bytes[i] = (uint8_t)(random >> 56);
		}
		bytes[0] %= GFS_OP_COUNT + 1;
		decode_all(bytes, random >> 20 & 63);
	}
}

static void test_ids_in_range(void **state)
{
	static const struct {
		uint8_t bytes[12];
		size_t size;
	} bad[] = {
		{ { 0 }, 1 }, { { GFS_OP_COUNT }, 1 }, { { GFS_OP_REL_DELETE, 0 }, 2 }, /* id 0 */
		{ { GFS_OP_REL_DELETE, 0x80, 0x80, 0x80, 0x80, 0x40 }, 6 },             /* id 2^34 */
		{ { GFS_OP_LABEL_ADD, 1, 0 }, 3 },                                      /* name 0 */
		{ { GFS_OP_LABEL_ADD, 1, 0x80, 0x80, 0x04 }, 5 },                       /* name 65536 */
		{ { GFS_OP_PROP_REMOVE, 1, 1 }, 3 },                                    /* entity 0 */
		{ { GFS_OP_NODE_KEY, 0, 1, 200 }, 4 },                                  /* an unfinished varint */
		{ { GFS_OP_NODE_KEY, 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 },
			12 }, /* a size past the end */
	};
	(void)state;
	for (size_t i = 0; i < GFS_COUNT(bad); i++) {
		struct gfs_slice at = gfs_slice(bad[i].bytes, bad[i].size);
		struct gfs_op op;
		assert_int_equal(gfs_op_decode(&at, &op), GFS_ERR_CORRUPT);
	}
}

static void test_props(void **state)
{
	GFS_AUTO_BUF a = GFS_BUF_INIT;
	struct gfs_slice value;
	uint16_t key;
	(void)state;
	gfs_op_prop_encode(&a, 3, gfs_slice_text("three"));
	gfs_op_prop_encode(&a, 65535, gfs_slice_text("x"));
	struct gfs_slice at = gfs_buf_slice(&a);
	assert_int_equal(gfs_op_prop_decode(&at, &key, &value), 0);
	assert_true(key == 3 && gfs_slice_equal(value, gfs_slice_text("three")));
	assert_int_equal(gfs_op_prop_decode(&at, &key, &value), 0);
	assert_int_equal(key, 65535);
	assert_int_equal(gfs_op_prop_decode(&at, &key, &value), GFS_ERR_NOTFOUND);
	at = gfs_slice(a.data, a.size - 1);
	assert_int_equal(gfs_op_prop_decode(&at, &key, &value), 0);
	assert_int_equal(gfs_op_prop_decode(&at, &key, &value), GFS_ERR_CORRUPT);
	at = gfs_slice("\x01\x00", 2);
	assert_int_equal(gfs_op_prop_decode(&at, &key, &value), GFS_ERR_CORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_ids_in_range),
		cmocka_unit_test(test_props),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
