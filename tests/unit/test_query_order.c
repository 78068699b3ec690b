/* First rows, least and largest values from an index that has them in order: when, and that they are those that sorting gives. */
#include "tests/unit/query_world.h"

#include "query/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct query_world *world;

static int setup(void **state)
{
	int err = query_world_setup(state);
	world = *state;
	return err;
}

static void make_index(const char *label, const char *key)
{
	char text[64];
	struct gfs_message message;
	(void)snprintf(text, sizeof text, "CREATE INDEX FOR (n:%s) ON (n.%s)", label, key); /* fits */
	query_expect(world, text, "");
	OK(gfs_index_wait_all(world->fixture.graph, NULL, NULL, &message));
}

/* The rows in their order, sorted and by the index; whether it is the index that the plan goes by. */
static void require_same(const char *text, bool by_index)
{
	GFS_AUTO_BUF sorted = GFS_BUF_INIT, ordered = GFS_BUF_INIT;
	query_world_engine(world, &(struct gfs_engine_opts){ .passes_off = GFS_PASS_ORDER });
	assert_false(query_plan_has(world, text, "in order"));
	query_answer(world, text, NULL, &sorted);
	query_world_engine(world, NULL);
	if (query_plan_has(world, text, "in order") != by_index)
		fail_msg("%s\n  is %s by the index", text, by_index ? "not" : "");
	query_answer(world, text, NULL, &ordered);
	if (sorted.size <= 1)
		fail_msg("%s gave nothing", text);
	assert_string_equal((const char *)ordered.data, (const char *)sorted.data);
}

/* How many rows the operator with these words gave. */
static long rows_of(const char *text, const char *what)
{
	GFS_AUTO_BUF statement = GFS_BUF_INIT;
	GFS_AUTO_BUF plan = GFS_BUF_INIT;
	struct gfs_query_error error;
	struct gfs_result *result;
	const struct gfs_datum *values;
	size_t count = 1;
	gfs_buf_printf(&statement, "PROFILE %s", text);
	OK(gfs_query_run(world->engine, gfs_buf_slice(&statement), NULL, &result, &error));
	while (count != 0)
		OK(gfs_result_next(result, &values, &count, &error));
	gfs_buf_append(&plan, gfs_result_plan(result).data, gfs_result_plan(result).size);
	gfs_buf_append_u8(&plan, 0);
	const char *line = strstr((const char *)plan.data, what);
	assert_non_null(line);
	const char *rows = strstr(line, " rows; ");
	assert_non_null(rows);
	long given = strtol(rows + strlen(" rows; "), NULL, 10);
	gfs_result_free(result);
	return given;
}

/* ---- when ---- */

static void make_nodes(void)
{
	query_expect(world, "UNWIND range(1, 4000) AS i CREATE (:P {i: i, x: i * 7919 % 4001, y: i % 3, s: 's' + i})", "");
	query_expect(world, "MATCH (n:P) WHERE n.i % 100 = 0 SET n.x = null", "");
	query_expect(
		world, "MATCH (a:P), (b:P) WHERE b.i = a.i + 1 CREATE (a)-[:NEXT]->(b), (a)-[:NEXT]->(:M {i: a.i})", "");
	make_index("P", "i");
	make_index("P", "x");
}

static void test_first_rows(void **state)
{
	(void)state;
	make_nodes();
	require_same("MATCH (n:P) RETURN n.i ORDER BY n.i LIMIT 3", true);
	require_same("MATCH (n:P) RETURN n.i ORDER BY n.i DESC LIMIT 3", true);
	require_same("MATCH (n:P) RETURN n ORDER BY n.i SKIP 70 LIMIT 3", true);
	require_same("MATCH (n:P) RETURN n.x AS y ORDER BY y LIMIT 5", true);
	require_same("MATCH (n:P) WITH n AS m, n.x AS x WITH m.s AS s, x ORDER BY x LIMIT 5 RETURN s", true);
	require_same("MATCH (n:P) WHERE n.x > 3990 RETURN n.x ORDER BY n.x DESC LIMIT 3", true);
	require_same("MATCH (n:P) WHERE n.x > 3990 RETURN n.x ORDER BY n.x LIMIT 30", true);
	require_same("MATCH (n:P) WHERE n.x IS NOT NULL RETURN n.x ORDER BY n.x DESC LIMIT 3", true);
	require_same("MATCH (n:P)-[:NEXT]->(m) RETURN n.i, m.i ORDER BY n.i DESC, m.i LIMIT 3", true);
	require_same(
		"MATCH (n:P) WHERE n.y = 2 OPTIONAL MATCH (n)<-[:NEXT]-(m) RETURN n.i, m.s ORDER BY n.i LIMIT 3", true);
	require_same("MATCH (n:P) RETURN DISTINCT n.i / 10 AS t, n.i ORDER BY n.i LIMIT 12", true);
	require_same(
		"MATCH (n:P) WITH n ORDER BY n.i DESC LIMIT 2 RETURN n.i UNION ALL MATCH (n:P) WITH n ORDER BY n.i LIMIT 2 RETURN n.i",
		true);
	require_same(
		"UNWIND [1, 2] AS k CALL { WITH k MATCH (n:P) WHERE n.y = k RETURN n.i AS i ORDER BY i LIMIT 2 } RETURN k, i",
		true);
	/* Nulls come first, and who they are no index knows; another order; rows that an aggregation gives; more than a part of all. */
	require_same("MATCH (n:P) RETURN n.x ORDER BY n.x DESC LIMIT 3", false);
	require_same("MATCH (n:P) RETURN n.y, n.i ORDER BY n.y, n.i LIMIT 3", false);
	require_same("MATCH (n:P) RETURN -n.i AS i ORDER BY i LIMIT 3", false);
	require_same("MATCH (n:P) WITH {i: 0 - n.i} AS n RETURN n.i ORDER BY n.i LIMIT 3", false);
	require_same("MATCH (n:P) RETURN n.i AS i, count(*) ORDER BY i LIMIT 3", false);
	require_same("MATCH (n:P) RETURN n.i ORDER BY n.i LIMIT 3000", false);
	require_same("MATCH (n:P) RETURN n.i ORDER BY n.i", false);
	require_same("MATCH (n:P)-[:NEXT]->(m:P) RETURN n.i ORDER BY m.y, n.i LIMIT 3", false);
	/* Only those that are wanted are read. */
	assert_in_range(rows_of("MATCH (n:P) RETURN n.i ORDER BY n.i LIMIT 3", "NodeIndexScan"), 4, 64);
	assert_in_range(rows_of("MATCH (n:P) RETURN max(n.i)", "NodeIndexScan"), 2, 64);
	assert_in_range(
		rows_of("MATCH (n:P) WHERE n.i > 5 RETURN n.i ORDER BY n.i DESC LIMIT 3", "NodeIndexSeekByRange"), 4, 1024);
}

static void test_extremes(void **state)
{
	(void)state;
	make_nodes();
	require_same("MATCH (n:P) RETURN min(n.x)", true);
	require_same("MATCH (n:P) RETURN max(n.x) + 1", true);
	require_same("MATCH (n:P) RETURN min(n.x), max(n.x), max(n.i) - min(n.i)", true);
	require_same("MATCH (n:P) WHERE n.y = 1 RETURN min(n.x)", true);
	require_same("MATCH (n:P) WHERE n.x < 700 RETURN max(n.x)", true);
	require_same("MATCH (n:P)-[:NEXT]->(m) WITH n.x AS x, m RETURN max(x)", true);
	require_same("MATCH (n:P) WHERE n.x > 4000 RETURN max(n.x)", true);
	require_same("MATCH (n:P) RETURN n.y, min(n.x)", false);
	require_same("MATCH (n:P) RETURN min(n.x), count(*)", false);
	require_same("MATCH (n:P) RETURN min(n.x), max(n.y)", false);
	require_same("MATCH (n:P) RETURN max(n.x % 10)", false);
	query_expect(world, "MATCH (n:P) SET n.x = null RETURN count(*)", "4000");
	require_same("MATCH (n:P) RETURN min(n.x), max(n.x)", true);
	/* What a statement does it does to all rows. */
	query_expect(world, "MATCH (n:P) SET n.y = 7 WITH n ORDER BY n.i LIMIT 1 RETURN n.i", "1");
	query_expect(world, "MATCH (n:P) WHERE n.y = 7 RETURN count(*)", "4000");
	/* Nor is a node seen that waits to be deleted. */
	query_expect(world,
		"MATCH (n:P {i: 1}) WITH n, [(n)-[r]-() | r] AS rels DELETE n WITH rels "
		"CALL { MATCH (m:P) RETURN min(m.i) AS i } FOREACH (r IN rels | DELETE r) RETURN i",
		"2");
}

/* ---- values ---- */

/* Of each type, some that are equal, and long ones that begin alike: an index knows the first 464 bytes of them. */
static void make_values(void)
{
	static const char *const values[] = { "1", "1.0", "-0.0", "0", "0.0 / 0.0", "1.0 / 0.0", "-1.0 / 0.0",
		"9007199254740993", "9007199254740992.0", "true", "false", "''", "'a'", "'a\\u0000b'", "'a\\u0001'",
		"'\\u00e9'", "[1, 2]", "[1, 1.5]", "[]", "['a']", "date('2020-01-01')", "date('2019-12-31')",
		"datetime('2020-01-01T00:00Z')", "datetime('2020-01-01T01:00+01:00')", "localdatetime('2020-01-01T00:00')",
		"time('10:00Z')", "time('11:00+01:00')", "localtime('10:00')", "duration('P1M')", "duration('P30D')",
		"duration('PT1H')", "point({x: 1, y: 2})", "point({x: 1, y: 2, z: 0})", "point({longitude: 1, latitude: 2})" };
	char text[200];
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		(void)snprintf(
			text, sizeof text, "CREATE (:V {i: %zu, v: %s}), (:V {i: %zu})", i, values[i], i + 1000); /* fits */
		query_expect(world, text, "");
	}
	query_expect(world,
		"WITH reduce(s = '', i IN range(1, 50) | s + 'ten bytes.') AS s UNWIND range(1, 30) AS i "
		"CREATE (:V {i: 100 + i, v: s + ((i * 7) % 31)}), (:V {i: 200 + i, v: left(s, 220 + i) + (i * 11) % 31}), "
		"(:V {i: 300 + i, v: [s, (i * 7) % 31]}), (:V {i: 400 + i, v: i % 4})",
		"");
}

static void test_all_types(void **state)
{
	(void)state;
	char text[200];
	make_values();
	make_index("V", "v");
	for (unsigned limit = 1; limit < 200; limit += limit < 20 ? 3 : 17) {
		(void)snprintf(text, sizeof text, "MATCH (n:V) RETURN n.i ORDER BY n.v, n.i LIMIT %u", limit); /* fits */
		require_same(text, true);
		(void)snprintf(text, sizeof text, "MATCH (n:V) RETURN n.i ORDER BY n.v DESC, n.i LIMIT %u", limit); /* fits */
		require_same(text, true);
		(void)snprintf(text, sizeof text, "MATCH (n:V) WHERE n.v > 'ten' RETURN n.i ORDER BY n.v DESC, n.i LIMIT %u",
			limit); /* fits */
		require_same(text, true);
		(void)snprintf(text, sizeof text,
			"MATCH (n:V) WHERE n.v STARTS WITH 'ten b' RETURN n.i ORDER BY n.v, n.i SKIP 2 LIMIT %u", limit); /* fits */
		require_same(text, true);
	}
	require_same("MATCH (n:V) RETURN min(n.v)", true);
	require_same("MATCH (n:V) WHERE n.i > 100 AND n.i < 200 RETURN max(n.v)", true);
	require_same("MATCH (n:V) WHERE n.i > 300 AND n.i < 400 RETURN min(n.v)", true);
}

/* Those without the property come and go under a plan that is kept. */
static void test_nulls_of_a_kept_plan(void **state)
{
	(void)state;
	query_expect(world, "UNWIND range(1, 10) AS i CREATE (:W {i: i, x: i})", "");
	make_index("W", "x");
	query_expect(world, "MATCH (n:W) RETURN n.x ORDER BY n.x DESC LIMIT 2", "10; 9");
	query_expect(world, "MATCH (n:W {i: 3}) SET n.x = null", "");
	query_expect(world, "MATCH (n:W) RETURN n.x ORDER BY n.x DESC LIMIT 2", "null; 10");
	query_expect(world, "MATCH (n:W) RETURN n.x ORDER BY n.x SKIP 8 LIMIT 2", "10; null");
	query_expect(world, "MATCH (n:W) RETURN max(n.x)", "10");
	query_expect(world, "MATCH (n:W {i: 3}) SET n.x = 30", "");
	query_expect(world, "MATCH (n:W) RETURN n.x ORDER BY n.x DESC LIMIT 2", "30; 10");
	query_expect(world, "MATCH (n:W) DELETE n", "");
	query_expect(world, "MATCH (n:W) RETURN n.x ORDER BY n.x DESC LIMIT 2", "");
	query_expect(world, "MATCH (n:W) RETURN max(n.x)", "null");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_first_rows, setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_extremes, setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_all_types, setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_nulls_of_a_kept_plan, setup, query_world_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
