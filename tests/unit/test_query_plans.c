/* Plans that a user would expect, and that they give what the plain ones give: degrees in place of subqueries, one look-up for alternatives. */
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

/* With loops, parallel relationships, a node without any, and a node with more types than are looked at in one go. */
static void make_degrees(void)
{
	query_expect(world, "UNWIND range(0, 5) AS i CREATE (:N {i: i})", "");
	query_expect(world, "MATCH (a:N), (b:N) WHERE a.i < b.i AND b.i < 5 CREATE (a)-[:R]->(b)", "");
	query_expect(world, "MATCH (a:N {i: 1}), (b:N {i: 2}) CREATE (a)-[:R]->(b), (a)-[:S]->(a), (b)-[:S]->(a)", "");
	for (char type[] = "Ta"; type[1] <= 't'; type[1]++) {
		char text[64];
		(void)snprintf(text, sizeof text, "MATCH (a:N {i: 3}) CREATE (a)-[:%s]->(:M)", type); /* fits */
		query_expect(world, text, "");
	}
}

static void test_degrees(void **state)
{
	(void)state;
	make_degrees();
	query_expect_same(world,
		"MATCH (n:N) RETURN n.i, COUNT { (n)-[:R]->() }, COUNT { (n)<-[:R]-() }, COUNT { (n)-->() }, COUNT { ()-->(n) }");
	query_expect_same(
		world, "MATCH (n:N) RETURN n.i, COUNT { (n)-[:R|S]->() }, COUNT { (n)-[:None]->() }, COUNT { (n)--() }");
	query_expect_same(world, "MATCH (n:N) WHERE (n)-[:S]-() RETURN n.i");
	query_expect_same(world, "MATCH (n:N) WHERE NOT EXISTS { (n)<-[:R]-() } RETURN n.i");
	query_expect_same(
		world, "MATCH (n:N) RETURN n.i, COUNT { (n)-[:R]->(:N) }, COUNT { (n)-[:R]->(n) }, EXISTS { (n)-[:S]->(n) }");
	query_expect_same(world, "MATCH (n:N) WITH collect(n) AS l RETURN [n IN l WHERE EXISTS { (n)-[:S]->() } | n.i]");
	query_expect_same(
		world, "MATCH (n:N) OPTIONAL MATCH (n)-[:S]->(m) RETURN n.i, m.i, EXISTS { (m)-->() }, COUNT { (m)-->() }");
	query_expect_same(world, "MATCH (n:N)-[r:R]->(m) RETURN n.i, m.i, EXISTS { MATCH (m)-[q:R]->() WHERE q <> r }");
	query_expect_same(
		world, "MATCH (n:N) RETURN n.i, COUNT { (n)-[:S]-() }, COUNT { (n)-[:R|S]-() }, COUNT { (n)-[:None]-() }");
	query_expect_same(
		world, "MATCH (n:N) RETURN n.i, size([(n)-[:R]->() | 1]), size([(n)--(m) | m.i]), size([(n)-[r:S]-() | r])");
	query_expect_same(
		world, "MATCH (n:N) RETURN n.i, size([p = (n)-[:R]->(:N) WHERE n.i < 4 | p]), size([(n)-[:R*2]->(m) | m])");
	query_expect(world, "MATCH (n:N {i: 1}) RETURN size([(n)-[:R]->(m) | 1 / (m.i - 2)])", "DivisionByZero");
	/* The subquery's operators are not there. */
	assert_false(query_plan_has(world, "MATCH (n:N) RETURN size([(n)-[:R]-(m) | m.i]), COUNT { (n)--() }", "Expand"));
	assert_false(query_plan_has(world, "MATCH (n:N) WHERE EXISTS { (n)-[:R]->() } RETURN n", "Expand"));
	assert_true(query_plan_has(world, "MATCH (n:N) WHERE EXISTS { (n)-[:R]->(:N) } RETURN n", "Expand"));
	/* What the statement itself changes is seen. */
	query_expect(world,
		"MATCH (n:N {i: 0})-[r]->() DELETE r WITH DISTINCT n RETURN EXISTS { (n)-->() }, COUNT { (n)-->() }",
		"false, 0");
}

/* What is the same for all rows is asked once, unless it is not the same after all. */
static void test_subqueries_of_no_row(void **state)
{
	(void)state;
	query_expect(world, "UNWIND range(1, 3000) AS i CREATE (:N {i: i})", "");
	query_world_engine(world, &(struct gfs_engine_opts){ .time_ms_max = 20000 });
	/* Nine million rows of the one within the other would take longer. */
	query_expect(world, "MATCH (n:N) WHERE n.i <= COUNT { MATCH (m:N) WHERE m.i % 7 = 0 } RETURN count(*)", "428");
	query_expect(world, "MATCH (n:N) WHERE EXISTS { MATCH (m:N) WHERE m.i = 0 } RETURN count(*)", "0");
	query_expect(
		world, "MATCH (n:N) WHERE n.i IN COLLECT { MATCH (m:N) WHERE m.i % 1500 = 0 RETURN m.i } RETURN count(*)", "2");
	query_expect(world, "MATCH (n:N) RETURN count(DISTINCT head(COLLECT { RETURN rand() })) > 2900", "true");
	query_expect(world, "UNWIND [3, 5] AS k RETURN k, COUNT { MATCH (m:N) WHERE m.i < k }", "3, 2; 5, 4");
	query_expect(
		world, "UNWIND [3, 5] AS k RETURN [x IN [1, k] | COUNT { MATCH (m:N) WHERE m.i < x }]", "[0, 2]; [0, 4]");
	query_expect(world, "UNWIND [1, 2] AS k CREATE (:X) WITH k RETURN COUNT { (:X) }", "2; 2");
	query_expect(world, "UNWIND [1, 2] AS k CALL { CREATE (:Y) RETURN COUNT { (:Y) } AS c } RETURN c", "1; 2");
	query_expect(world, "WITH $p AS p RETURN EXISTS { MATCH (m:N) WHERE m.i = $p }", "MissingParameter");
}

static void test_alternatives(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"MATCH (n:P) WHERE n.x = 3 OR n.x = 5 RETURN n.i",
		"MATCH (n:P) WHERE n.x = 3 OR 5.0 = n.x OR n.x = null OR n.x = 3 RETURN n.i",
		"MATCH (n:P) WHERE (n.x = 3 OR n.x = 7) AND n.i > 20 RETURN n.i",
		"UNWIND [1, 2] AS k MATCH (n:P) WHERE n.x = k OR n.x = k + 10 RETURN k, n.i",
	};
	query_expect(world, "UNWIND range(1, 2000) AS i CREATE (:P {i: i, x: i % 500, s: 's'})", "");
	query_expect(world, "CREATE CONSTRAINT FOR (n:P) REQUIRE n.i IS UNIQUE", "");
	query_expect(world, "MATCH (n:P {x: 9}) SET n.x = null", "");
	query_expect(world, "CREATE INDEX FOR (n:P) ON (n.x)", "");
	struct gfs_message message;
	OK(gfs_index_wait_all(world->fixture.graph, NULL, NULL, &message));
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		assert_true(query_plan_has(world, texts[i], "NodeIndexSeek:P(x)"));
		query_expect_same(world, texts[i]);
	}
	assert_false(query_plan_has(world, "MATCH (n:P) WHERE n.x = 3 OR n.s = 'x' RETURN n.i", "NodeIndexSeek"));
	query_expect_same(world, "MATCH (n:P) WHERE n.x = 3 OR n.s = 'x' RETURN n.i");
	assert_false(query_plan_has(world, "MATCH (n:P) WHERE n.x = 3 OR n.x > 490 RETURN n.i", "NodeIndexSeek"));
	query_expect_same(world, "MATCH (n:P) WHERE n.x = 3 OR n.x > 490 RETURN n.i");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_degrees, setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_subqueries_of_no_row, setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_alternatives, setup, query_world_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
