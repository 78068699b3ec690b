#include "graph/row.h"

#include "base/checked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct gfs_row_item inline_item(uint16_t key, const char *value)
{
	return (struct gfs_row_item){ .key = key, .value = gfs_slice_text(value) };
}

/* A row with a key, four labels and the properties 2 (plain), 5 (blob, time, latent) and 9. */
static void build(struct gfs_buf *out)
{
	static const uint8_t labels[] = { 1, 0, 2, 0, 3, 0, 0, 1 };
	struct gfs_row_item a = inline_item(2, "two"), c = inline_item(9, "nine");
	struct gfs_row_item b = {
		.key = 5, .is_blob = true, .blob_id = 77, .has_mtime = true, .mtime_ns = 123, .latent = 4
	};
	gfs_row_put_head(out, gfs_slice_text("ann"), gfs_slice(labels, sizeof labels), 3);
	gfs_row_put_item(out, &a);
	gfs_row_put_item(out, &b);
	gfs_row_put_item(out, &c);
	assert_int_equal(gfs_buf_failed(out), 0);
}

static void test_round_trip(void **state)
{
	GFS_AUTO_BUF bytes = GFS_BUF_INIT;
	struct gfs_row row;
	struct gfs_row_item item;
	(void)state;
	build(&bytes);
	assert_int_equal(gfs_row_check(gfs_buf_slice(&bytes)), 0);
	assert_int_equal(gfs_row_open(gfs_buf_slice(&bytes), &row), 0);
	assert_true(gfs_slice_equal(row.key, gfs_slice_text("ann")));
	assert_int_equal(row.labels.size, 8);
	assert_int_equal(row.count, 3);
	assert_int_equal(gfs_row_find(&row, 5, &item), 0);
	assert_true(item.is_blob && item.blob_id == 77 && item.has_mtime && item.mtime_ns == 123 && item.latent == 4);
	assert_int_equal(gfs_row_find(&row, 9, &item), 0);
	assert_true(gfs_slice_equal(item.value, gfs_slice_text("nine")) && !item.has_mtime && item.latent == 0);
	assert_int_equal(gfs_row_find(&row, 1, &item), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_row_find(&row, 6, &item), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_row_find(&row, 10, &item), GFS_ERR_NOTFOUND);
}

static void test_empty(void **state)
{
	struct gfs_row row;
	struct gfs_row_edit nothing = { 0 };
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	(void)state;
	assert_int_equal(gfs_row_open((struct gfs_slice){ 0 }, &row), 0);
	assert_true(gfs_row_is_empty(&row));
	assert_int_equal(gfs_row_copy(&row, &nothing, &out), 0);
	assert_int_equal(out.size, 0);
	assert_int_equal(gfs_row_check((struct gfs_slice){ 0 }), GFS_ERR_CORRUPT);
}

static void keys_after(struct gfs_row_edit edit, const char *expected)
{
	GFS_AUTO_BUF bytes = GFS_BUF_INIT;
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	GFS_AUTO_BUF keys = GFS_BUF_INIT;
	struct gfs_row row;
	struct gfs_row_item item;
	build(&bytes);
	assert_int_equal(gfs_row_open(gfs_buf_slice(&bytes), &row), 0);
	assert_int_equal(gfs_row_copy(&row, &edit, &out), 0);
	assert_int_equal(gfs_row_check(gfs_buf_slice(&out)), 0);
	assert_int_equal(gfs_row_open(gfs_buf_slice(&out), &row), 0);
	for (struct gfs_slice at = row.items; gfs_row_next(&at, &item) == 0;)
		gfs_buf_printf(&keys, "%u%s ", item.key, item.has_mtime ? "t" : "");
	gfs_buf_append_u8(&keys, 0);
	assert_string_equal((char *)keys.data, expected);
}

static void test_edits(void **state)
{
	struct gfs_row_item first = inline_item(1, "x"), middle = inline_item(7, "x"), last = inline_item(20, "x"),
						same = inline_item(5, "x");
	(void)state;
	keys_after((struct gfs_row_edit){ 0 }, "2 5t 9 ");
	keys_after((struct gfs_row_edit){ .key = 1, .item = &first }, "1 2 5t 9 ");
	keys_after((struct gfs_row_edit){ .key = 7, .item = &middle }, "2 5t 7 9 ");
	keys_after((struct gfs_row_edit){ .key = 20, .item = &last }, "2 5t 9 20 ");
	keys_after((struct gfs_row_edit){ .key = 5, .item = &same }, "2 5 9 ");
	keys_after((struct gfs_row_edit){ .key = 9 }, "2 5t ");
	keys_after((struct gfs_row_edit){ .key = 4 }, "2 5t 9 ");
	/* Those that showed their owner's time keep it; what is put says itself what it shows. */
	keys_after((struct gfs_row_edit){ .key = 7, .item = &middle, .fill = true, .fill_mtime_ns = 1 }, "2t 5t 7 9t ");
}

static void test_last_property_goes(void **state)
{
	GFS_AUTO_BUF bytes = GFS_BUF_INIT;
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	struct gfs_slice none = { 0 };
	struct gfs_row_item a = inline_item(3, "x");
	struct gfs_row_edit take = { .key = 3 };
	struct gfs_row row;
	(void)state;
	gfs_row_put_head(&bytes, none, none, 1);
	gfs_row_put_item(&bytes, &a);
	assert_int_equal(gfs_row_open(gfs_buf_slice(&bytes), &row), 0);
	assert_int_equal(gfs_row_copy(&row, &take, &out), 0);
	assert_int_equal(out.size, 0);
}

static void test_too_many(void **state)
{
	GFS_AUTO_BUF bytes = GFS_BUF_INIT;
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	struct gfs_slice none = { 0 };
	struct gfs_row row;
	(void)state;
	gfs_row_put_head(&bytes, none, none, GFS_PROPERTIES_MAX);
	for (unsigned i = 1; i <= GFS_PROPERTIES_MAX; i++) {
		struct gfs_row_item item = inline_item((uint16_t)i, "x");
		gfs_row_put_item(&bytes, &item);
	}
	assert_int_equal(gfs_row_check(gfs_buf_slice(&bytes)), 0);
	assert_int_equal(gfs_row_open(gfs_buf_slice(&bytes), &row), 0);
	struct gfs_row_item last = inline_item(GFS_PROPERTIES_MAX, "y");
	struct gfs_row_edit replace = { .key = GFS_PROPERTIES_MAX, .item = &last };
	assert_int_equal(gfs_row_copy(&row, &replace, &out), 0);
	assert_int_equal(out.size, bytes.size);
}

/* Each breaks one rule. */
static void test_rules(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
	} bad[] = {
#define BAD(s) { s, sizeof(s) - 1 }
		BAD("\x04\x00\x00"),                                    /* an unknown flag */
		BAD("\x00\x00\x00"),                                    /* W1: nothing in it */
		BAD("\x01\x00\x00\x00"),                                /* an empty key */
		BAD("\x01\x00\x00\x05xx"),                              /* a key past the end */
		BAD("\x02\x00\x00\x00"),                                /* no labels in the list */
		BAD("\x02\x00\x00\x03\x01\0\x02\0\x03\0"),              /* W2: three labels belong in the record */
		BAD("\x02\x00\x00\x04\x01\0\x02\0\x02\0\x03\0"),        /* W2: labels do not ascend */
		BAD("\x00\x01\x00"),                                    /* a property is missing */
		BAD("\x00\x01\x00\x00\x00\x00\x01x"),                   /* W2: key 0 */
		BAD("\x00\x02\x00\x02\x00\x00\x01x\x02\x00\x00\x01x"),  /* W2: the same key twice */
		BAD("\x00\x01\x00\x01\x00\x00\x01xy"),                  /* W3: more follows */
		BAD("\x00\x01\x00\x01\x00\x00\x00"),                    /* W4: no value */
		BAD("\x00\x01\x00\x01\x00\x02\x08\0\0\0\0\0\0\0\0"),    /* W4: blob 0 */
		BAD("\x00\x01\x00\x01\x00\x02\x09\x01\0\0\0\0\0\0\0x"), /* W4: a blob and more */
		BAD("\x00\x01\x00\x01\x00\x08\x01x"),                   /* an unknown flag of a property */
		BAD("\x00\x01\x00\x01\x00\x04\x02\x00x"),               /* latent type 0 */
		BAD("\x00\x01\x00\x01\x00\x01\x04xxxx"),                /* a time cut off */
#undef BAD
	};
	(void)state;
	for (size_t i = 0; i < GFS_COUNT(bad); i++)
		assert_int_equal(gfs_row_check(gfs_slice(bad[i].bytes, bad[i].size)), GFS_ERR_CORRUPT);
}

/* Any bytes: no read past the end (the sanitizer looks), and what passes the check survives a copy. */
static void test_damage(void **state)
{
	GFS_AUTO_BUF bytes = GFS_BUF_INIT;
	struct gfs_row_edit nothing = { 0 };
	(void)state;
	build(&bytes);
	for (size_t i = 0; i < bytes.size * 8; i++) {
		size_t size = i % 3 == 0 ? i / 8 : bytes.size;
		uint8_t *copy = malloc(size + 1);
		struct gfs_row row;
		GFS_AUTO_BUF out = GFS_BUF_INIT;
		memcpy(copy, bytes.data, size);
		if (i / 8 < size)
			copy[i / 8] ^= (uint8_t)(1 << i % 8);
		if (gfs_row_check(gfs_slice(copy, size)) == 0) {
			assert_int_equal(gfs_row_open(gfs_slice(copy, size), &row), 0);
			assert_int_equal(gfs_row_copy(&row, &nothing, &out), 0);
			assert_int_equal(gfs_row_check(gfs_buf_slice(&out)), 0);
		}
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_edits),
		cmocka_unit_test(test_last_property_goes),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_damage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
