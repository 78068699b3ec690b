/* Results as tables, CSV and JSON. */
#include "tests/unit/graph_fixture.h"

#include "base/checked.h"
#include "query/output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct fixture f;
static struct gfs_engine *engine;

static int setup(void **state)
{
	(void)state;
	f = (struct fixture){ 0 };
	fixture_create(&f);
	fixture_open(&f);
	OK(gfs_engine_new(f.graph, NULL, &engine));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	gfs_engine_free(engine);
	fixture_destroy(&f);
	return 0;
}

static void run(const char *text, enum gfs_output_format format, struct gfs_buf *out)
{
	struct gfs_query_error error = { 0 };
	struct gfs_result *result = NULL;
	struct gfs_output *output = NULL;
	bool done = false;
	if (gfs_query_run(engine, gfs_slice_text(text), NULL, &result, &error) != 0)
		fail_msg("%s: %s", text, error.message);
	OK(gfs_output_new(result, format, &error, &output));
	while (!done)
		OK(gfs_output_next(output, out, &done));
	gfs_output_free(output);
	gfs_result_free(result);
}

static void expect(enum gfs_output_format format, const char *text, const char *want)
{
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	run(text, format, &out);
	gfs_buf_append_u8(&out, '\0');
	assert_int_equal(gfs_buf_failed(&out), 0);
	assert_string_equal((const char *)out.data, want);
}

static void make_graph(void)
{
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	run("CREATE (a:A:B {name: 'x', n: 1})-[:T {d: date('2015-07-21')}]->(b:`C D`)", GFS_OUTPUT_TABLE, &out);
	assert_int_equal(out.size, 0);
}

static void test_table(void **state)
{
	(void)state;
	expect(GFS_OUTPUT_TABLE, "UNWIND [1, 22, null] AS n RETURN n, 'a' + n AS text",
		"+------+------+\n"
		"| n    | text |\n"
		"+------+------+\n"
		"|    1 | a1   |\n"
		"|   22 | a22  |\n"
		"| null | null |\n"
		"+------+------+\n"
		"3 rows\n");
	expect(GFS_OUTPUT_TABLE, "RETURN 'a\\n\\u0001b' AS x, '\u4e2d' AS wide, 'e\u0301' AS mark",
		"+------------+------+------+\n"
		"| x          | wide | mark |\n"
		"+------------+------+------+\n"
		"| a\\n\\u0001b | \u4e2d   | e\u0301    |\n"
		"+------------+------+------+\n"
		"1 row\n");
	/* What terminals take for the beginning of a command, as two bytes and as one. */
	expect(GFS_OUTPUT_TABLE, "RETURN {`\\u001b`: '\\u009b'} AS x, '\\u009b2J' AS y",
		"+----------------------+----------+\n"
		"| x                    | y        |\n"
		"+----------------------+----------+\n"
		"| {`\\u001b`: '\\u009b'} | \\u009b2J |\n"
		"+----------------------+----------+\n"
		"1 row\n");
	expect(GFS_OUTPUT_TABLE, "UNWIND [] AS n RETURN n",
		"+---+\n"
		"| n |\n"
		"+---+\n"
		"+---+\n"
		"0 rows\n");
}

/* Rows of later batches do not widen what stands there already. */
static void test_table_of_many_rows(void **state)
{
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	(void)state;
	run("UNWIND range(1, 100000) AS n RETURN n", GFS_OUTPUT_TABLE, &out);
	gfs_buf_append_u8(&out, '\0');
	assert_non_null(strstr((const char *)out.data, "| 100000 |\n"));
	assert_non_null(strstr((const char *)out.data, "100000 rows\n"));
}

static void test_csv(void **state)
{
	(void)state;
	expect(GFS_OUTPUT_CSV, "UNWIND ['a,b', 'say \"x\"', '', null, 'l\\nm', 'plain'] AS t RETURN t, 1.5 AS `a,b`",
		"t,\"a,b\"\n"
		"\"a,b\",1.5\n"
		"\"say \"\"x\"\"\",1.5\n"
		"\"\",1.5\n"
		",1.5\n"
		"\"l\nm\",1.5\n"
		"plain,1.5\n");
	expect(GFS_OUTPUT_CSV, "UNWIND [] AS n RETURN n", "n\n");
}

static void test_notation(void **state)
{
	(void)state;
	make_graph();
	expect(GFS_OUTPUT_CSV, "RETURN [1, 'a\\'b', null, {k: true, `x y`: 1.0}] AS v",
		"v\n\"[1, 'a\\'b', null, {k: true, `x y`: 1.0}]\"\n");
	expect(GFS_OUTPUT_CSV, "MATCH p = (a:A)-[r]->(b) RETURN r, p",
		"r,p\n[:T {d: 2015-07-21}],\"(:A:B {n: 1, name: 'x'})-[:T {d: 2015-07-21}]->(:`C D`)\"\n");
	expect(GFS_OUTPUT_CSV, "MATCH p = (b:`C D`)<-[r]-(a) RETURN p",
		"p\n\"(:`C D`)<-[:T {d: 2015-07-21}]-(:A:B {n: 1, name: 'x'})\"\n");
}

static void test_json(void **state)
{
	(void)state;
	make_graph();
	expect(GFS_OUTPUT_JSON,
		"UNWIND [1, 2.0, 'a\"b', null, true, 0.0 / 0.0, date('2015-07-21'), [1, {k: 2}]] AS v RETURN v",
		"[\n{\"v\":1},\n{\"v\":2.0},\n{\"v\":\"a\\\"b\"},\n{\"v\":null},\n{\"v\":true},\n{\"v\":null},\n{\"v\":\"2015-07-21\"},\n"
		"{\"v\":[1,{\"k\":2}]}\n]\n");
	expect(GFS_OUTPUT_JSON, "MATCH (a:A)-[r]->(b) RETURN a, r",
		"[\n{\"a\":{\"id\":1,\"key\":\"x\",\"labels\":[\"A\",\"B\"],\"properties\":{\"n\":1,\"name\":\"x\"}},"
		"\"r\":{\"id\":1,\"type\":\"T\",\"start\":1,\"end\":2,\"properties\":{\"d\":\"2015-07-21\"}}}\n]\n");
	expect(GFS_OUTPUT_JSON, "MATCH p = (b:`C D`) RETURN p",
		"[\n{\"p\":{\"nodes\":[{\"id\":2,\"key\":null,\"labels\":[\"C D\"],\"properties\":{}}],\"relationships\":[]}}\n]\n");
	expect(GFS_OUTPUT_JSON, "UNWIND [] AS n RETURN n", "[]\n");
}

static void test_typed(void **state)
{
	(void)state;
	expect(GFS_OUTPUT_TYPED, "RETURN 1 AS a, date('2015-07-21') AS d",
		"{\"columns\":[\"a\",\"d\"],\"rows\":[[1,{\"temporal\":\"2015-07-21\"}]]}\n");
}

static void test_format_names(void **state)
{
	enum gfs_output_format format;
	(void)state;
	OK(gfs_output_format_from_name(gfs_slice_text("json"), &format));
	assert_int_equal(format, GFS_OUTPUT_JSON);
	assert_int_equal(gfs_output_format_from_name(gfs_slice_text("xml"), &format), GFS_ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_table, setup, teardown),
		cmocka_unit_test_setup_teardown(test_table_of_many_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_csv, setup, teardown),
		cmocka_unit_test_setup_teardown(test_notation, setup, teardown),
		cmocka_unit_test_setup_teardown(test_json, setup, teardown),
		cmocka_unit_test_setup_teardown(test_typed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_format_names, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
