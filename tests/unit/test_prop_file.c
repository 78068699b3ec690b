/* Properties as files: what is written reads back, and which type it has. */
#include "tests/unit/graph_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct fixture f;
static struct gfs_entity e;
static uint16_t k, k2;

static int setup(void **state)
{
	(void)state;
	f = (struct fixture){ 0 };
	fixture_create(&f);
	fixture_open(&f);
	e = node_entity(new_node(&f, "n"));
	k = name_of(&f, GFS_CATALOG_KEY, "k");
	k2 = name_of(&f, GFS_CATALOG_KEY, "k2");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	require_clean(f.graph);
	fixture_destroy(&f);
	return 0;
}

static void create(void)
{
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_prop_create(tx, e, k));
	tx_commit(tx);
}

static void write_at(uint64_t offset, const void *data, size_t size)
{
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_prop_write(tx, e, k, offset, gfs_slice(data, size)));
	tx_commit(tx);
}

static void write_text(const char *text)
{
	write_at(0, text, strlen(text));
}

static void cut(uint64_t size)
{
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_prop_truncate(tx, e, k, size));
	tx_commit(tx);
}

static void settle(void)
{
	bool unsettled;
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_prop_settle(tx, e, k));
	tx_commit(tx);
	OK(gfs_prop_is_unsettled(f.graph, e, k, &unsettled));
	assert_false(unsettled);
}

/* As a shell's `>` does. */
static void redirect(const char *text)
{
	cut(0);
	write_text(text);
	settle();
}

static int set_type(enum gfs_type type)
{
	struct gfs_tx *tx = tx_begin(&f);
	int err = gfs_prop_set_type(tx, e, k, type);
	if (err == 0)
		tx_commit(tx);
	else
		gfs_tx_abort(tx);
	return err;
}

static void set_value(struct gfs_value value)
{
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_prop_set(tx, e, k, &value));
	tx_commit(tx);
}

static struct gfs_value string_value(const char *text)
{
	return (struct gfs_value){ .type = GFS_TYPE_STRING, .newline = true, .bytes = gfs_slice_text(text) };
}

static void expect_text(const char *text, size_t size)
{
	struct gfs_prop_info info;
	uint8_t *bytes = malloc(size + 1);
	size_t got;
	OK(gfs_prop_read(f.graph, e, k, 0, bytes, size + 1, &got));
	assert_int_equal(got, size);
	assert_memory_equal(bytes, text, size);
	OK(gfs_prop_stat(f.graph, e, k, &info));
	assert_int_equal(info.size, size);
	free(bytes);
}

static void expect_type(enum gfs_type type)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_value value;
	OK(gfs_prop_get(f.graph, e, k, &arena, &value));
	assert_int_equal(value.type, type);
}

static void expect(const char *text, enum gfs_type type)
{
	expect_text(text, strlen(text));
	expect_type(type);
}

static void test_types_from_text(void **state)
{
	(void)state;
	create();
	expect("", GFS_TYPE_STRING);
	redirect("30\n");
	expect("30\n", GFS_TYPE_INTEGER);
	redirect("30");
	expect("30", GFS_TYPE_INTEGER);
	redirect("030\n");
	expect("030\n", GFS_TYPE_STRING);
	redirect("1.10\n");
	expect("1.10\n", GFS_TYPE_STRING);
	redirect("1.5\n");
	expect("1.5\n", GFS_TYPE_FLOAT);
	redirect("true\n");
	expect("true\n", GFS_TYPE_BOOLEAN);
	redirect("\xff\xfe\n");
	expect("\xff\xfe\n", GFS_TYPE_BYTES);
	redirect("[1, 2]\n");
	expect("[1, 2]\n", GFS_TYPE_STRING);
}

static void test_splice(void **state)
{
	(void)state;
	create();
	write_text("hello\n");
	write_at(1, "ipp", 3);
	expect("hippo\n", GFS_TYPE_STRING);
	write_at(8, "x", 1);
	expect_text("hippo\n\0\0x", 9);
	cut(3);
	expect("hip", GFS_TYPE_STRING);
	cut(5);
	expect_text("hip\0\0", 5);
}

static void test_declared_stays(void **state)
{
	(void)state;
	set_value(string_value("30"));
	expect("30\n", GFS_TYPE_STRING);
	redirect("31\n");
	expect("31\n", GFS_TYPE_STRING);
	/* A string by itself, and the declaration is not forgotten. */
	redirect("abc\n");
	expect("abc\n", GFS_TYPE_STRING);
	redirect("32\n");
	expect("32\n", GFS_TYPE_STRING);
	/* A string that is not UTF-8 does not fit. */
	redirect("\xff\n");
	expect_type(GFS_TYPE_BYTES);
	redirect("33\n");
	expect("33\n", GFS_TYPE_INTEGER);
}

/* A date stays one while the text is a date's, and as it was written. */
static void test_declared_date(void **state)
{
	(void)state;
	create();
	redirect("2015-07-21\n");
	expect("2015-07-21\n", GFS_TYPE_STRING);
	assert_int_equal(set_type(GFS_TYPE_TIME), GFS_ERR_INVALID);
	assert_int_equal(set_type(GFS_TYPE_DATE), 0);
	expect("2015-07-21\n", GFS_TYPE_DATE);
	redirect("2016-02-29\n");
	expect("2016-02-29\n", GFS_TYPE_DATE);
	redirect("-0044-03-15");
	expect("-0044-03-15", GFS_TYPE_DATE);
	/* No text of a date, though Cypher would read it as one. */
	redirect("20160229\n");
	expect("20160229\n", GFS_TYPE_INTEGER);
	redirect("2016-02-29\n");
	expect("2016-02-29\n", GFS_TYPE_STRING);
}

static void test_declared_until_settled(void **state)
{
	bool unsettled;
	(void)state;
	create();
	redirect("[1, 2]\n");
	assert_int_equal(set_type(GFS_TYPE_LIST), 0);
	expect("[1, 2]\n", GFS_TYPE_LIST);
	cut(0);
	expect("", GFS_TYPE_STRING);
	OK(gfs_prop_is_unsettled(f.graph, e, k, &unsettled));
	assert_false(unsettled);
	settle();
	write_text("[1");
	expect_type(GFS_TYPE_STRING);
	OK(gfs_prop_is_unsettled(f.graph, e, k, &unsettled));
	assert_true(unsettled);
	write_at(2, ", 3]\n", 5);
	expect("[1, 3]\n", GFS_TYPE_LIST);
	settle();
	redirect("none\n");
	redirect("[1, 2]\n");
	expect("[1, 2]\n", GFS_TYPE_STRING);
}

static void test_new_value_forgets(void **state)
{
	(void)state;
	set_value(string_value("30"));
	set_value((struct gfs_value){ .type = GFS_TYPE_INTEGER, .integer = 5, .newline = true });
	redirect("6\n");
	expect("6\n", GFS_TYPE_INTEGER);
}

static void test_set_type(void **state)
{
	(void)state;
	create();
	redirect("30\n");
	assert_int_equal(set_type(GFS_TYPE_LIST), GFS_ERR_INVALID);
	assert_int_equal(set_type(GFS_TYPE_NULL), GFS_ERR_INVALID);
	assert_int_equal(set_type(GFS_TYPE_COUNT), GFS_ERR_INVALID);
	assert_int_equal(set_type(GFS_TYPE_STRING), 0);
	expect("30\n", GFS_TYPE_STRING);
	assert_int_equal(set_type(GFS_TYPE_INTEGER), 0);
	expect("30\n", GFS_TYPE_INTEGER);
	redirect("x\n");
	expect("x\n", GFS_TYPE_STRING);
}

/* Texts around the size at which they leave the row, by every way there and back. */
static void test_row_and_blob(void **state)
{
	char text[5000];
	(void)state;
	create();
	memset(text, 'a', sizeof text);
	for (size_t size = GFS_ROW_VALUE_BYTES_MAX - 3; size < GFS_ROW_VALUE_BYTES_MAX + 3; size++) {
		cut(0);
		write_at(0, text, size);
		expect_text(text, size);
		write_at(size, text, 1);
		expect_text(text, size + 1);
		cut(size - 1);
		expect_text(text, size - 1);
		settle();
		expect_type(GFS_TYPE_STRING);
		text[size] = 0;
		set_value(string_value(text));
		text[size] = '\n';
		expect_text(text, size + 1);
		text[size] = 'a';
	}
	cut(4000);
	write_at(4000, "30", 2);
	cut(2);
	expect_text("aa", 2);
}

static void test_blob_types(void **state)
{
	struct gfs_prop_info info;
	char text[3000];
	(void)state;
	create();
	memset(text, 'a', sizeof text);
	write_at(0, text, sizeof text);
	OK(gfs_prop_stat(f.graph, e, k, &info));
	assert_int_equal(info.type, GFS_TYPE_STRING);
	assert_true(info.allocated_bytes >= 4096);
	write_at(1500, "\xff", 1);
	expect_type(GFS_TYPE_BYTES);
	settle();
	OK(gfs_prop_stat(f.graph, e, k, &info));
	assert_int_equal(info.type, GFS_TYPE_BYTES);
	write_at(1500, "b", 1);
	settle();
	OK(gfs_prop_stat(f.graph, e, k, &info));
	assert_int_equal(info.type, GFS_TYPE_STRING);
	assert_int_equal(set_type(GFS_TYPE_BYTES), 0);
	expect_type(GFS_TYPE_BYTES);
	write_at(0, "z", 1);
	expect_type(GFS_TYPE_BYTES);
	settle();
	expect_type(GFS_TYPE_BYTES);
	assert_int_equal(set_type(GFS_TYPE_LIST), GFS_ERR_INVALID);
	/* Back in the row it is what was declared. */
	cut(2);
	expect("za", GFS_TYPE_BYTES);
}

static void test_long_list(void **state)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_value items[1000], list = { .type = GFS_TYPE_LIST, .newline = true, .list = { items, 1000 } }, got;
	struct gfs_prop_info info;
	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		items[i] = (struct gfs_value){ .type = GFS_TYPE_INTEGER, .integer = i };
	set_value(list);
	OK(gfs_prop_get(f.graph, e, k, &arena, &got));
	assert_true(gfs_value_equal(&list, &got));
	OK(gfs_prop_stat(f.graph, e, k, &info));
	assert_int_equal(info.type, GFS_TYPE_LIST);
	write_at(1, "7", 1);
	items[0].integer = 7;
	OK(gfs_prop_get(f.graph, e, k, &arena, &got));
	assert_true(gfs_value_equal(&list, &got));
	write_at(0, "x", 1);
	expect_type(GFS_TYPE_STRING);
	settle();
	write_at(0, "[", 1);
	expect_type(GFS_TYPE_STRING);
	list.list.count = 2;
	set_value(list);
	expect("[7, 1]\n", GFS_TYPE_LIST);
}

static void test_utf8_across_pieces(void **state)
{
	size_t size = 200001;
	char *text = malloc(size);
	(void)state;
	create();
	/* Sequences of three bytes, so that pieces of 64 KiB end inside one. */
	for (size_t i = 0; i < size; i += 3)
		memcpy(text + i, "\xe2\x82\xac", 3);
	write_at(0, text, size);
	settle();
	expect_type(GFS_TYPE_STRING);
	expect_text(text, size);
	cut(size - 1);
	settle();
	expect_type(GFS_TYPE_BYTES);
	free(text);
}

static void test_limits(void **state)
{
	struct gfs_prop_info info;
	struct gfs_tx *tx;
	uint8_t byte = 1;
	size_t got;
	(void)state;
	create();
	write_text("start");
	cut(GFS_VALUE_BYTES_MAX);
	OK(gfs_prop_stat(f.graph, e, k, &info));
	assert_int_equal(info.size, GFS_VALUE_BYTES_MAX);
	assert_true(info.allocated_bytes < 100000);
	OK(gfs_prop_read(f.graph, e, k, GFS_VALUE_BYTES_MAX - 1, &byte, 1, &got));
	assert_true(got == 1 && byte == 0);
	OK(gfs_prop_read(f.graph, e, k, GFS_VALUE_BYTES_MAX, &byte, 1, &got));
	assert_int_equal(got, 0);
	tx = tx_begin(&f);
	assert_int_equal(gfs_prop_truncate(tx, e, k, GFS_VALUE_BYTES_MAX + 1), GFS_ERR_TOOBIG);
	assert_int_equal(gfs_prop_write(tx, e, k, GFS_VALUE_BYTES_MAX, gfs_slice_text("x")), GFS_ERR_TOOBIG);
	assert_int_equal(gfs_prop_write(tx, e, k, UINT64_MAX, gfs_slice_text("x")), GFS_ERR_TOOBIG);
	gfs_tx_abort(tx);
	write_at(GFS_VALUE_BYTES_MAX - 1, "x", 1);
	cut(5);
	expect("start", GFS_TYPE_STRING);
}

static void test_unknown(void **state)
{
	struct gfs_tx *tx = tx_begin(&f);
	struct gfs_entity nobody = node_entity(999);
	(void)state;
	assert_int_equal(gfs_prop_write(tx, e, k, 0, gfs_slice_text("x")), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_prop_write(tx, e, k, 0, gfs_slice_text("")), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_prop_truncate(tx, e, k, 0), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_prop_settle(tx, e, k), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_prop_create(tx, nobody, k), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_prop_create(tx, e, 999), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_prop_create(tx, e, k), 0);
	assert_int_equal(gfs_prop_create(tx, e, k), GFS_ERR_EXISTS);
	gfs_tx_abort(tx);
}

/* A string without newline that ends in one is kept as the string that it is. */
static void test_newlines_of_values(void **state)
{
	struct gfs_value v = string_value("abc\n");
	(void)state;
	v.newline = false;
	set_value(v);
	expect("abc\n\n", GFS_TYPE_STRING);
	v = string_value("\xff");
	v.type = GFS_TYPE_BYTES;
	set_value(v);
	expect("\xff", GFS_TYPE_BYTES);
}

static void test_moves(void **state)
{
	char text[3000];
	struct gfs_tx *tx;
	struct gfs_prop_info info;
	struct gfs_entity other = node_entity(new_node(&f, "other"));
	(void)state;
	memset(text, 'a', sizeof text);
	create();
	write_at(0, text, sizeof text);
	set_text(&f, e, "k2", "30");
	/* Onto one that is there, whose blob goes. */
	tx = tx_begin(&f);
	OK(gfs_prop_exchange(tx, e, k, e, k2));
	tx_commit(tx);
	expect("30\n", GFS_TYPE_STRING);
	tx = tx_begin(&f);
	OK(gfs_prop_rename(tx, e, k, other, k2));
	OK(gfs_prop_rename(tx, e, k2, other, k2));
	OK(gfs_prop_rename(tx, other, k2, other, k2));
	OK(gfs_prop_rename(tx, other, k2, e, k));
	tx_commit(tx);
	expect_text(text, sizeof text);
	assert_int_equal(gfs_prop_stat(f.graph, other, k2, &info), GFS_ERR_NOTFOUND);
	tx = tx_begin(&f);
	assert_int_equal(gfs_prop_exchange(tx, e, k, other, k2), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_prop_rename(tx, other, k2, e, k), GFS_ERR_NOTFOUND);
	gfs_tx_abort(tx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_types_from_text),
		TEST(test_splice),
		TEST(test_declared_stays),
		TEST(test_declared_date),
		TEST(test_declared_until_settled),
		TEST(test_new_value_forgets),
		TEST(test_set_type),
		TEST(test_row_and_blob),
		TEST(test_blob_types),
		TEST(test_long_list),
		TEST(test_utf8_across_pieces),
		TEST(test_limits),
		TEST(test_unknown),
		TEST(test_newlines_of_values),
		TEST(test_moves),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
