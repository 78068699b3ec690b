/* Saved queries: what they answer, and that rollback, abort, reopening and a crash leave what was committed. */
#include "base/checked.h"
#include "graph/saved_query.h"
#include "tests/unit/graph_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct fixture f;

static int setup(void **state)
{
	(void)state;
	fixture_create(&f);
	fixture_open(&f);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_destroy(&f);
	return 0;
}

static uint16_t make(struct gfs_tx *tx, const char *name, const char *text)
{
	uint16_t number = 0;
	OK(gfs_saved_query_make(tx, gfs_slice_text(name), &number));
	if (*text != '\0')
		OK(gfs_saved_query_set_text(tx, number, gfs_slice_text(text)));
	return number;
}

/* All of them: NAME=TEXT, by number. */
static void require_all(const char *wanted)
{
	GFS_AUTO_BUF all = GFS_BUF_INIT;
	struct gfs_saved_query query;
	uint16_t number;
	gfs_graph_read_begin(f.graph);
	for (unsigned from = 1; gfs_saved_query_next(f.graph, from, &query) == 0; from = query.number + 1u) {
		struct gfs_slice name = gfs_saved_query_name(&query);
		gfs_buf_printf(&all, "%s%.*s=", all.size ? "," : "", (int)name.size, (const char *)name.data);
		size_t before = all.size;
		OK(gfs_saved_query_text(f.graph, query.number, &all));
		REQUIRE(all.size - before == query.text_bytes);
		OK(gfs_saved_query_find(f.graph, name, &number));
		REQUIRE(number == query.number);
	}
	gfs_graph_read_end(f.graph);
	gfs_buf_append_u8(&all, 0);
	OK(gfs_buf_failed(&all));
	if (strcmp((const char *)all.data, wanted) != 0)
		fprintf(stderr, "got %s, wanted %s\n", (const char *)all.data, wanted);
	REQUIRE(strcmp((const char *)all.data, wanted) == 0);
}

static struct gfs_saved_query get(uint16_t number)
{
	struct gfs_saved_query query;
	gfs_graph_read_begin(f.graph);
	OK(gfs_saved_query_get(f.graph, number, &query));
	gfs_graph_read_end(f.graph);
	return query;
}

static void test_life(void **state)
{
	(void)state;
	uint16_t number;
	struct gfs_tx *tx = tx_begin(&f);
	uint16_t a = make(tx, "a", "RETURN 1"), b = make(tx, "b", "");
	assert_int_equal(gfs_saved_query_make(tx, gfs_slice_text("a"), &number), GFS_ERR_EXISTS);
	assert_int_equal(gfs_saved_query_make(tx, gfs_slice_text(""), &number), GFS_ERR_INVALID);
	assert_int_equal(gfs_saved_query_make(tx, gfs_slice_text("\xff"), &number), GFS_ERR_ILSEQ);
	assert_int_equal(gfs_saved_query_rename(tx, a, gfs_slice_text("b")), GFS_ERR_EXISTS);
	assert_int_equal(gfs_saved_query_remove(tx, 77), GFS_ERR_NOTFOUND);
	tx_commit(tx);
	require_all("a=RETURN 1,b=");
	uint64_t before_ns = get(a).mtime_ns;

	tx = tx_begin(&f);
	OK(gfs_saved_query_rename(tx, a, gfs_slice_text("c")));
	OK(gfs_saved_query_rename(tx, a, gfs_slice_text("c")));
	OK(gfs_saved_query_set_text(tx, a, gfs_slice_text("")));
	OK(gfs_saved_query_set_text(tx, b, gfs_slice_text("RETURN 2")));
	assert_int_equal(gfs_saved_query_find(f.graph, gfs_slice_text("a"), &number), GFS_ERR_NOTFOUND);
	tx_commit(tx);
	require_all("c=,b=RETURN 2");
	assert_true(get(a).mtime_ns > before_ns);

	tx = tx_begin(&f);
	OK(gfs_saved_query_remove(tx, b));
	uint16_t d = make(tx, "b", "");
	assert_true(d != b); /* a number is not given out again at once */
	tx_commit(tx);
	require_all("c=,b=");
	require_clean(f.graph);
}

static void test_limits(void **state)
{
	(void)state;
	static uint8_t text[GFS_SAVED_QUERY_BYTES_MAX + 1];
	char name[GFS_SAVED_QUERY_NAME_BYTES_MAX + 2];
	uint16_t number;
	GFS_AUTO_BUF got = GFS_BUF_INIT;
	struct gfs_tx *tx = tx_begin(&f);
	memset(name, 'n', sizeof name);
	assert_int_equal(gfs_saved_query_make(tx, gfs_slice(name, sizeof name - 1), &number), GFS_ERR_NAMETOOLONG);
	OK(gfs_saved_query_make(tx, gfs_slice(name, GFS_SAVED_QUERY_NAME_BYTES_MAX), &number));
	memset(text, 't', sizeof text);
	assert_int_equal(gfs_saved_query_set_text(tx, number, gfs_slice(text, sizeof text)), GFS_ERR_TOOBIG);
	OK(gfs_saved_query_set_text(tx, number, gfs_slice(text, GFS_SAVED_QUERY_BYTES_MAX)));
	for (unsigned i = 1; i < GFS_SAVED_QUERIES_MAX; i++) {
		(void)snprintf(name, sizeof name, "q%u", i);
		(void)make(tx, name, "");
	}
	assert_int_equal(gfs_saved_query_make(tx, gfs_slice_text("more"), &number), GFS_ERR_LIMIT);
	tx_commit(tx);
	fixture_close(&f);
	fixture_open(&f);
	memset(name, 'n', sizeof name);
	gfs_graph_read_begin(f.graph);
	OK(gfs_saved_query_find(f.graph, gfs_slice(name, GFS_SAVED_QUERY_NAME_BYTES_MAX), &number));
	OK(gfs_saved_query_text(f.graph, number, &got));
	gfs_graph_read_end(f.graph);
	assert_true(gfs_slice_equal(gfs_buf_slice(&got), gfs_slice(text, GFS_SAVED_QUERY_BYTES_MAX)));
	require_clean(f.graph);
}

/* Everything that can be done to them, of which nothing may stay. */
static void change_all(struct gfs_tx *tx, uint16_t a, uint16_t b)
{
	OK(gfs_saved_query_set_text(tx, a, gfs_slice_text("other")));
	OK(gfs_saved_query_rename(tx, a, gfs_slice_text("z")));
	OK(gfs_saved_query_remove(tx, b));
	(void)make(tx, "b", "third");
	OK(gfs_saved_query_set_text(tx, a, gfs_slice_text("")));
}

static void test_taken_back(void **state)
{
	(void)state;
	struct gfs_tx *tx = tx_begin(&f);
	uint16_t a = make(tx, "a", "first"), b = make(tx, "b", "second");
	tx_commit(tx);
	tx = tx_begin(&f);
	change_all(tx, a, b);
	gfs_tx_abort(tx);
	require_all("a=first,b=second");
	tx = tx_begin(&f);
	struct gfs_txn_mark mark = gfs_tx_mark(tx);
	change_all(tx, a, b);
	gfs_tx_rollback_to(tx, mark);
	(void)make(tx, "c", "");
	tx_commit(tx);
	require_all("a=first,b=second,c=");
	OK(gfs_store_checkpoint(gfs_graph_store(f.graph)));
	tx = tx_begin(&f);
	change_all(tx, a, b);
	gfs_tx_abort(tx);
	require_all("a=first,b=second,c=");
	require_clean(f.graph);
}

static void change_and_die(struct fixture *fx, void *context)
{
	const bool *checkpoint = context;
	struct gfs_tx *tx = tx_begin(fx);
	uint16_t a = make(tx, "a", "first"), b = make(tx, "b", "second"), c = make(tx, "c", "third");
	tx_commit(tx);
	if (*checkpoint)
		OK(gfs_store_checkpoint(gfs_graph_store(fx->graph)));
	tx = tx_begin(fx);
	OK(gfs_saved_query_rename(tx, a, gfs_slice_text("z")));
	OK(gfs_saved_query_remove(tx, b));
	OK(gfs_saved_query_set_text(tx, c, gfs_slice_text("")));
	(void)make(tx, "b", "fourth");
	tx_commit(tx);
	OK(gfs_store_sync(gfs_graph_store(fx->graph)));
	OK(gfs_saved_query_remove(tx_begin(fx), a)); /* never committed */
}

static void test_crash(void **state)
{
	(void)state;
	for (int checkpoint = 0; checkpoint < 2; checkpoint++) {
		bool with = checkpoint;
		fixture_destroy(&f);
		fixture_create(&f);
		fixture_killed(&f, change_and_die, &with);
		fixture_open(&f);
		require_all("z=first,c=,b=fourth");
		require_clean(f.graph);
		fixture_close(&f);
		fixture_open(&f);
		require_all("z=first,c=,b=fourth");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_life),
		TEST(test_limits),
		TEST(test_taken_back),
		TEST(test_crash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
