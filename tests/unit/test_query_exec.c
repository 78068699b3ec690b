/* Statements from their text to their rows, on a database of their own. */
#include "query_world.h"

#include "base/checked.h"
#include "graph/index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>

#include <cmocka.h>

#define expect query_expect

static void test_values(void **state)
{
	expect(*state, "RETURN 1 + 2 * 3 AS x, 'a' + 'b' AS y", "7, ab");
	expect(*state, "UNWIND [3, 1, 2] AS x WITH x ORDER BY x DESC WHERE x > 1 RETURN x", "3; 2");
	expect(*state, "UNWIND range(1, 5) AS x RETURN count(*) AS n, sum(x) AS s", "5, 15");
	expect(*state, "RETURN [x IN range(1, 4) WHERE x % 2 = 0 | x * 10] AS l", "[20, 40]");
	expect(*state, "RETURN 1 AS x UNION ALL RETURN 2 AS x", "1; 2");
	expect(*state, "RETURN 1 AS x UNION RETURN 1 AS x", "1");
}

static void test_reading(void **state)
{
	expect(*state,
		"CREATE (a:Person {name: 'Ann', age: 30})-[:KNOWS {since: 1}]->(b:Person {name: 'Bob', age: 40})-[:KNOWS {since: 2}]->(c:Cat {name: 'Tom'})",
		"");
	expect(*state, "MATCH (n) RETURN n.name ORDER BY n.name", "Ann; Bob; Tom");
	expect(*state, "MATCH (n:Person) RETURN n.name, n.age ORDER BY n.age DESC", "Bob, 40; Ann, 30");
	expect(*state, "MATCH (n:Person)-[r:KNOWS]->(m) RETURN n.name, r.since, m ORDER BY n.name",
		"Ann, 1, (:Person {age: 40, name: Bob}); Bob, 2, (:Cat {name: Tom})");
	expect(*state, "MATCH p = (:Cat)<-[*1..2]-(x) RETURN x.name, length(p) ORDER BY x.name", "Ann, 2; Bob, 1");
	expect(*state, "MATCH (n) OPTIONAL MATCH (n)-[:KNOWS]->(m) RETURN n.name, m.name ORDER BY n.name",
		"Ann, Bob; Bob, Tom; Tom, null");
	expect(*state, "MATCH (n) WHERE (n)-->() RETURN count(n)", "2");
	expect(*state, "MATCH (n) WHERE n.age > 30 RETURN n.name", "Bob");
	expect(*state, "MATCH (n) RETURN labels(n) AS l, count(*) AS c ORDER BY c", "[Cat], 1; [Person], 2");
	expect(*state, "MATCH (a {name: 'Ann'}), (c:Cat), p = shortestPath((a)-[*]->(c)) RETURN length(p)", "2");
	expect(*state, "MATCH (a {name: 'Ann'}) RETURN [(a)-->(b) | b.name] AS names", "[Bob]");
	expect(*state, "MATCH (a:Person) RETURN a.name, COUNT { (a)-->() } AS c ORDER BY a.name", "Ann, 1; Bob, 1");
	expect(*state, "MATCH (a:Person)-->(b)-->(c) RETURN a.name, c.name", "Ann, Tom");
}

static void test_writing(void **state)
{
	expect(*state, "CREATE (n:A {x: 1}) RETURN n", "(:A {x: 1})");
	expect(*state, "MATCH (n:A) SET n.x = 2, n:B RETURN n", "(:A:B {x: 2})");
	expect(*state, "MERGE (n:A {x: 2}) ON MATCH SET n.y = 1 RETURN n.y", "1");
	expect(*state, "MERGE (n:C {x: 2}) ON CREATE SET n.y = 5 RETURN n.y", "5");
	expect(*state, "MATCH (a:A), (c:C) MERGE (a)-[r:T]->(c) RETURN r", "[:T]");
	expect(*state, "MATCH (a:A), (c:C) MERGE (a)-[r:T]->(c) RETURN r", "[:T]");
	expect(*state, "MATCH ()-[r:T]->() RETURN count(r)", "1");
	expect(*state, "UNWIND range(1, 3) AS i CREATE (n:D {i: i})", "");
	expect(*state, "MATCH (n:D) DELETE n", "");
	expect(*state, "MATCH (n:D) RETURN count(n)", "0");
	expect(*state, "FOREACH (i IN range(1, 3) | CREATE (:E {i: i}))", "");
	expect(*state, "MATCH (n:E) RETURN sum(n.i)", "6");
	expect(*state, "MATCH (n:A) DELETE n", "DeleteConnectedNode");
	expect(*state, "MATCH (n) DETACH DELETE n", "");
	expect(*state, "MATCH (n) RETURN count(*)", "0");
}

/* FINISH: what comes before it is done, and nothing is returned. */
static void test_finish(void **state)
{
	struct query_world *world = *state;
	expect(world, "UNWIND [1, 2] AS i CREATE (:N {i: i}) FINISH", "");
	expect(world, "MATCH (n:N) FINISH", "");
	expect(world, "UNWIND [1, 0] AS i WITH 1 / i AS q FINISH", "DivisionByZero");
	expect(world, "MATCH (n:N) CALL (n) { SET n.i = n.i + 1 FINISH } RETURN sum(n.i)", "5");
	expect(world, "MATCH (n:N) FINISH UNION MATCH (n:N) FINISH", "");
	expect(world, "MATCH (n:N) FINISH RETURN n", "InvalidClauseComposition");
	expect(world, "MATCH (n:N) WITH n", "InvalidClauseComposition");
	expect(world, "RETURN 1 AS finish, 2 AS nodetach", "1, 2");
	expect(world, "CREATE (:A)-[:T]->(:B)", "");
	expect(world, "MATCH (a:A) NODETACH DELETE a", "DeleteConnectedNode");
	expect(world, "MATCH (n:N) NODETACH DELETE n FINISH", "");
	expect(world, "MATCH (n:N) RETURN count(*)", "0");
}

/* Who may only read is refused what would write, before it runs; a plan may be asked for. */
static void test_run_options(void **state)
{
	struct query_world *world = *state;
	struct gfs_run_opts opts = { .read_only = true };
	struct gfs_query_error error;
	struct gfs_result *result;
	assert_int_equal(
		gfs_query_run(world->engine, gfs_slice_text("CREATE (:Refused)"), &opts, &result, &error), GFS_ERR_PERM);
	assert_string_equal(error.detail, "ReadOnly");
	assert_int_equal(gfs_query_run(world->engine, gfs_slice_text("CREATE INDEX refused FOR (n:Refused) ON (n.x)"),
						 &opts, &result, &error),
		GFS_ERR_PERM);
	assert_int_equal(gfs_query_run(world->engine, gfs_slice_text("SHOW INDEXES"), &opts, &result, &error), 0);
	gfs_result_free(result);
	assert_int_equal(gfs_query_run(world->engine, gfs_slice_text("RETURN 1 AS x"), &opts, &result, &error), 0);
	gfs_result_free(result);
	opts.explain = true;
	assert_int_equal(gfs_query_run(world->engine, gfs_slice_text("CREATE (:Refused)"), &opts, &result, &error), 0);
	assert_true(gfs_result_plan(result).size != 0);
	gfs_result_free(result);
	assert_int_equal(
		gfs_query_run(world->engine, gfs_slice_text("TERMINATE QUERY 1"), &opts, &result, &error), GFS_ERR_INVALID);
	expect(world, "MATCH (n:Refused) RETURN count(*)", "0");
}

/* A failed statement leaves no trace, whatever it had done. */
static void test_no_trace(void **state)
{
	struct query_world *world = *state;
	expect(world, "CREATE (:A {name: 'a', x: 1})-[:T]->(:B)", "");
	uint64_t before = graph_digest(world->fixture.graph);
	expect(world, "MATCH (a:A) SET a.x = 2 CREATE (c:C {l: [1, 'x']}) WITH a, c CREATE (a)-[:U]->(c) RETURN 1 / 0",
		"DivisionByZero");
	assert_true(graph_digest(world->fixture.graph) == before);
	expect(world, "MATCH (a:A) DELETE a", "DeleteConnectedNode");
	assert_true(graph_digest(world->fixture.graph) == before);
	expect(world, "MATCH (a:A) CREATE (:D {m: {x: 1}})", "InvalidPropertyType");
	assert_true(graph_digest(world->fixture.graph) == before);
	require_clean(world->fixture.graph);
}

/* CREATE takes a node's key from the key property, when that may be one and is free. */
static void test_keys(void **state)
{
	struct query_world *world = *state;
	expect(world, "CREATE (a {name: 'ann'}), (b {name: 'ann'}), (c {name: 7}) RETURN key(a), key(b), key(c)",
		"ann, null, null");
	expect(world, "MATCH (n) WHERE key(n) = 'ann' RETURN n.name", "ann");
	expect(world, "MATCH (n) WHERE key(n) IN ['ann', 'nobody', 'ann'] RETURN count(n)", "1");
	expect(world, "MERGE (n {name: 'bob'}) RETURN key(n)", "bob");
	expect(world, "CREATE (n:Second {name: 'bob', x: 1}) RETURN key(n), n.x", "null, 1");
	expect(world, "MATCH (n:Second) RETURN count(n)", "1");
	require_clean(world->fixture.graph);
}

static void test_deleted_entities(void **state)
{
	struct query_world *world = *state;
	expect(world, "CREATE (:A {x: 1})-[:T {y: 2}]->(:B)", "");
	expect(world, "MATCH (a:A)-[r]->() DELETE r RETURN type(r)", "T");
	expect(world, "MATCH (a:A) DELETE a RETURN a.x", "DeletedEntityAccess");
	expect(world, "MATCH (a:A) DELETE a WITH a MATCH (n:A) RETURN count(n)", "0");
	expect(world, "CREATE (a:A)-[:T]->(b:B) WITH a, b MATCH (a)-[r]->(b) DELETE a, b, r RETURN count(*)", "1");
}

/* What a clause reads is not what a later one has written for an earlier row. */
static void test_clauses_see_whole_states(void **state)
{
	struct query_world *world = *state;
	expect(world, "UNWIND range(1, 10) AS i CREATE (:N {i: i})", "");
	expect(world, "MATCH (n:N) CREATE (:N {i: n.i + 10})", "");
	expect(world, "MATCH (n:N) RETURN count(n), max(n.i)", "20, 20");
	expect(world,
		"MATCH (n:N) WHERE n.i <= 3 SET n.i = n.i + 1 WITH n MATCH (m:N) WHERE m.i = 2 RETURN count(DISTINCT m)", "1");
	expect(world, "MATCH (a:N), (b:N) WHERE a.i < b.i DETACH DELETE b WITH count(*) AS c MATCH (n:N) RETURN count(n)",
		"1");
	expect(world, "UNWIND [1, 1, 2] AS x MERGE (m:M {x: x}) RETURN count(*)", "3");
	expect(world, "MATCH (m:M) RETURN count(m)", "2");
	expect(world, "MATCH (m:M) CREATE (:P) RETURN m.x LIMIT 0", "");
	expect(world, "MATCH (p:P) RETURN count(p)", "2");
}

/* Nodes without a match fill a batch, and behind them comes one with as many as a batch holds, and more. */
static void test_optional_match_of_many(void **state)
{
	struct query_world *world = *state;
	expect(world, "UNWIND range(1, 1500) AS i CREATE (:Alone {i: i})", "");
	expect(world, "CREATE (h:Alone {i: 2000}) WITH h UNWIND range(1, 5000) AS i CREATE (h)-[:OF]->(:Spoke {i: i})", "");
	expect(world, "MATCH (n:Alone) OPTIONAL MATCH (n)-[:OF]->(m) RETURN count(*), count(m), sum(m.i)",
		"6500, 5000, 12502500");
	expect(world,
		"MATCH (n:Alone) OPTIONAL MATCH (m:Spoke) WHERE n.i = 2000 AND m.i > 0 RETURN count(*), count(m), sum(m.i)",
		"6500, 5000, 12502500");
	expect(world,
		"MATCH (n:Alone) WITH n ORDER BY n.i DESC CALL { WITH n MATCH (n)-[:OF]->(m) RETURN m.i AS i UNION ALL WITH n RETURN 's' AS i } RETURN count(*), count(DISTINCT i)",
		"6501, 5001");
}

/* More rows than a batch holds: a clause is through with all of them before the next one begins, which may delete or change what it needs. */
static void test_changes_in_the_order_of_clauses(void **state)
{
	struct query_world *world = *state;
	expect(world, "CREATE (h:Hub) WITH h UNWIND range(1, 3000) AS i CREATE (:Spoke {i: i})-[:OF]->(h)", "");
	expect(world, "MATCH (s:Spoke)-[:OF]->(h) SET h.x = 1 DETACH DELETE h RETURN count(*)", "3000");
	expect(world, "MATCH (s:Spoke), (t:Spoke {i: s.i + 1}) CREATE (s)-[:NEXT]->(t)", "");
	expect(world, "MATCH (s:Spoke)-[:NEXT]->(t) SET s.y = 1 SET t.y = 2", "");
	expect(world, "MATCH (s:Spoke) RETURN s.y AS y, count(*) ORDER BY y", "1, 1; 2, 2999");
	expect(world, "MATCH (s:Spoke)-[:NEXT]->(t) SET s:First REMOVE t:First", "");
	expect(world, "MATCH (s:First) RETURN s.i", "1");
	expect(world, "MATCH (s:Spoke)-[:NEXT]->(t) CREATE (t)-[:BACK]->(s) DETACH DELETE t", "");
	expect(world, "MATCH (s:Spoke) RETURN s.i", "1");
}

static void test_indexes(void **state)
{
	struct query_world *world = *state;
	GFS_AUTO_BUF plan = GFS_BUF_INIT;
	expect(world, "UNWIND range(1, 200) AS i CREATE (:N {i: i, s: 'x' + i})", "");
	expect(world, "CREATE INDEX by_i FOR (n:N) ON (n.i)", "");
	expect(world, "CREATE INDEX IF NOT EXISTS FOR (n:N) ON (n.i)", "");
	expect(world, "CREATE INDEX FOR (n:N) ON (n.i)", "IndexAlreadyExists");
	expect(world, "CREATE CONSTRAINT FOR (n:N) REQUIRE n.s IS UNIQUE", "");
	struct gfs_index_info info;
	struct gfs_message message;
	gfs_graph_read_begin(world->fixture.graph);
	OK(gfs_index_find_name(world->fixture.graph, gfs_slice_text("by_i"), &info));
	gfs_graph_read_end(world->fixture.graph);
	OK(gfs_index_wait(world->fixture.graph, info.id, NULL, NULL, &message));
	expect(world, "MATCH (n:N {i: 7}) RETURN n.s", "x7");
	expect(world, "MATCH (n:N) WHERE n.i = 7.0 RETURN n.s", "x7");
	expect(world, "MATCH (n:N) WHERE n.i IN [3, 4, 3, null, 'x'] RETURN n.s ORDER BY n.s", "x3; x4");
	expect(world, "MATCH (n:N) WHERE n.i > 197 AND n.i <= 199 RETURN n.s ORDER BY n.s", "x198; x199");
	expect(world, "MATCH (n:N) WHERE n.s STARTS WITH 'x19' RETURN count(n)", "11");
	expect(world, "MATCH (n:N) WHERE n.i = null RETURN n", "");
	expect(world, "MATCH (n:N) WHERE n.i > 'a' RETURN n", "");
	expect(world, "UNWIND [5, 6] AS x MATCH (n:N {i: x}) RETURN n.s", "x5; x6");
	expect(world, "CREATE (:N {s: 'x1'})", "ConstraintValidationFailed");
	struct gfs_query_error error;
	struct gfs_result *result;
	OK(gfs_query_run(world->engine, gfs_slice_text("EXPLAIN MATCH (n:N {i: 7}) RETURN n"), NULL, &result, &error));
	gfs_buf_append(&plan, gfs_result_plan(result).data, gfs_result_plan(result).size);
	gfs_buf_append_u8(&plan, 0);
	gfs_result_free(result);
	assert_non_null(strstr((const char *)plan.data, "NodeIndexSeek"));
	expect(world, "DROP INDEX by_i", "");
	expect(world, "DROP INDEX by_i", "IndexNotFound");
	expect(world, "MATCH (n:N {i: 7}) RETURN n.s", "x7");
	expect(world, "SHOW CONSTRAINTS", "2, N.s, UNIQUENESS, NODE, [N], [s], N.s");
}

static bool always(void *context)
{
	return *(bool *)context;
}

static void test_limits(void **state)
{
	struct query_world *world = *state;
	GFS_AUTO_BUF got = GFS_BUF_INIT;
	query_world_engine(
		world, &(struct gfs_engine_opts){ .memory_bytes_max = 4 << 20, .rows_max = 1000, .time_ms_max = 200 });
	expect(world, "UNWIND range(1, 100000) AS x RETURN collect(x)", "MemoryLimit");
	expect(world, "UNWIND range(1, 2000) AS x RETURN x", "RowLimit");
	expect(world,
		"UNWIND range(1, 10000) AS x UNWIND range(1, 10000) AS y UNWIND range(1, 10000) AS z WITH x WHERE x < 0 RETURN x",
		"TimeLimit");
	query_world_engine(world, NULL);
	bool yes = true;
	const struct gfs_run_opts opts = { .interrupted = always, .context = &yes };
	query_answer(world,
		"UNWIND range(1, 10000) AS x UNWIND range(1, 10000) AS y UNWIND range(1, 10000) AS z WITH x WHERE x < 0 RETURN x",
		&opts, &got);
	assert_memory_equal(got.data, "QueryTerminated", 15);
	expect(world, "RETURN 1", "1");
}

static void test_csv(void **state)
{
	struct query_world *world = *state;
	char path[128];
	(void)snprintf(path, sizeof path, "%s/people.csv", world->fixture.path);
	FILE *f = fopen(path, "w");
	REQUIRE(f != NULL);
	fputs("name,age\nAnn,30\r\n\"Bob, \"\"B\"\"\",\n\n\"two\nlines\",5", f);
	fclose(f);
	query_world_engine(world, &(struct gfs_engine_opts){ .load_csv_folder = world->fixture.path });
	expect(world, "LOAD CSV WITH HEADERS FROM 'file:///people.csv' AS row RETURN row.name, row.age",
		"Ann, 30; Bob, \"B\", null; two\nlines, 5");
	expect(world, "LOAD CSV FROM 'people.csv' AS row RETURN size(row)", "2; 2; 2; 2");
	expect(world, "LOAD CSV FROM 'nothing.csv' AS row RETURN row", "LoadCsvFailed");
	expect(world, "LOAD CSV FROM '../people.csv' AS row RETURN row", "LoadCsvFailed");
	expect(world, "LOAD CSV FROM '/etc/passwd' AS row RETURN row", "LoadCsvFailed");
	(void)snprintf(path, sizeof path, "%s/fifo", world->fixture.path);
	REQUIRE(mkfifo(path, 0600) == 0);
	expect(world, "LOAD CSV FROM 'fifo' AS row RETURN row", "IO");
	query_world_engine(world, NULL);
	expect(world, "LOAD CSV FROM 'people.csv' AS row RETURN row", "LoadCsvFailed");
}

static void test_running(void **state)
{
	struct query_world *world = *state;
	struct gfs_query_error error;
	struct gfs_result *result;
	const struct gfs_datum *rows;
	size_t count;
	OK(gfs_query_run(world->engine, gfs_slice_text("UNWIND range(1, 100000) AS x RETURN x"), NULL, &result, &error));
	GFS_AUTO_BUF got = GFS_BUF_INIT;
	query_answer(world, "SHOW QUERIES", NULL, &got);
	assert_non_null(strstr((const char *)got.data, "query-1, UNWIND range(1, 100000) AS x RETURN x"));
	expect(world, "TERMINATE QUERY 'query-1'", "query-1, terminated");
	expect(world, "TERMINATE QUERY 'query-99'", "query-99, there is no such query");
	int err = 0;
	for (count = 1; err == 0 && count != 0;)
		err = gfs_result_next(result, &rows, &count, &error);
	assert_int_not_equal(err, 0);
	assert_string_equal(error.detail, "QueryTerminated");
	gfs_result_free(result);
}

static void test_counts(void **state)
{
	struct query_world *world = *state;
	struct gfs_query_error error;
	struct gfs_result *result;
	struct gfs_query_counts counts;
	OK(gfs_query_run(world->engine, gfs_slice_text("CREATE (a:A:B {x: 1, y: null})-[:T {z: 2}]->(b) SET b.q = 1, b:C"),
		NULL, &result, &error));
	gfs_result_counts(result, &counts);
	gfs_result_free(result);
	assert_int_equal(counts.nodes_created, 2);
	assert_int_equal(counts.rels_created, 1);
	assert_int_equal(counts.properties_set, 3);
	assert_int_equal(counts.labels_added, 3);
}

static void test_profile(void **state)
{
	struct query_world *world = *state;
	struct gfs_query_error error;
	struct gfs_result *result;
	const struct gfs_datum *rows;
	size_t count = 1;
	GFS_AUTO_BUF plan = GFS_BUF_INIT;
	expect(world, "UNWIND range(1, 30) AS i CREATE (:N {i: i})", "");
	OK(gfs_query_run(
		world->engine, gfs_slice_text("PROFILE MATCH (n:N) WHERE n.i > 20 RETURN n.i"), NULL, &result, &error));
	while (count != 0)
		OK(gfs_result_next(result, &rows, &count, &error));
	gfs_buf_append(&plan, gfs_result_plan(result).data, gfs_result_plan(result).size);
	gfs_buf_append_u8(&plan, 0);
	gfs_result_free(result);
	assert_non_null(strstr((const char *)plan.data, "NodeByLabelScan:N  (about 30 rows; 30 rows, "));
	assert_non_null(strstr((const char *)plan.data, "; 10 rows, "));
}

static void set_rows(struct gfs_engine_limits *limits, uint64_t value)
{
	limits->rows_max = value;
}

static void test_settings(void **state)
{
	struct query_world *world = *state;
	struct gfs_engine_limits limits;
	gfs_engine_limits_get(world->engine, &limits);
	assert_true(limits.memory_bytes_max == GFS_QUERY_MEMORY_BYTES_MAX && limits.rows_max == GFS_QUERY_ROWS_MAX);
	gfs_engine_limits_change(world->engine, set_rows, 2);
	expect(world, "UNWIND [1, 2, 3] AS x RETURN x", "RowLimit");
	gfs_engine_limits_change(world->engine, set_rows, 0);
	expect(world, "UNWIND [1, 2, 3] AS x RETURN x", "1; 2; 3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_values, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_reading, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_writing, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_finish, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_run_options, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_no_trace, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_keys, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_deleted_entities, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_clauses_see_whole_states, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_optional_match_of_many, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_changes_in_the_order_of_clauses, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_indexes, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_limits, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_csv, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_running, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_profile, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_settings, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_counts, query_world_setup, query_world_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
