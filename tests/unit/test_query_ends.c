/* Patterns of which both ends are known: where they are walked from, and that they give what walking from the first end gives. */
#include "tests/unit/query_world.h"

#include "query/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct query_world *world;

static int setup(void **state)
{
	int err = query_world_setup(state);
	world = *state;
	return err;
}

/* ---- what is above a dog and a cat ---- */

/* A tree of which each node has ten below it; above leaves it is narrow, below the root it is not. */
static void make_tree(void)
{
	query_expect(world, "CREATE (:S {name: 't0', i: 0})", "");
	query_expect(world, "UNWIND range(1, 3000) AS i CREATE (:S {name: 't' + i, i: i})", "");
	query_expect(world, "CREATE CONSTRAINT FOR (s:S) REQUIRE s.i IS UNIQUE", "");
	query_expect(world,
		"UNWIND range(1, 3000) AS k MATCH (s:S {i: k}), (t:S {i: (k - 1) / 10}) CREATE (s)-[:IS {w: k}]->(t)", "");
}

static void test_common_ancestors(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"MATCH (a:S) WHERE key(a) = 't2345' MATCH (b:S) WHERE key(b) = 't2399' MATCH (a)-[:IS*]->(c)<-[:IS*]-(b) RETURN c.i",
		"MATCH (a:S)-[:IS*]->(c)<-[:IS*]-(b:S) WHERE key(a) = 't2345' AND key(b) = 't2399' RETURN c.i",
		"MATCH (a:S)-[:IS*]->(c), (b:S)-[:IS*]->(c) WHERE a.i = 2345 AND b.i = 2399 RETURN c.i",
		"MATCH (a:S {i: 2345})-[:IS*]->(c:S)<-[:IS*]-(b:S {i: 2399}) RETURN c.i",
	};
	make_tree();
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		assert_true(query_plan_has(world, texts[i], "(into, from both ends)"));
		query_expect(world, texts[i], "23");
	}
	/* Both nodes are looked for before anything is walked: the second one is not found among all that is below. */
	assert_false(query_plan_has(world, texts[1], "Filter key"));
	query_expect(world,
		"MATCH (a:S)-[:IS*]->(c) MATCH (b:S)-[:IS*]->(c) WHERE a.i = 2345 AND b.i = 2399 WITH DISTINCT c ORDER BY c.i "
		"RETURN collect(c.i)",
		"[0, 2, 23]");
}

static void test_fixed_length(void **state)
{
	(void)state;
	make_tree();
	assert_true(query_plan_has(world, "MATCH (a:S {i: 3})<-[:IS]-(b:S {i: 31}) RETURN b.i", "Expand"));
	assert_true(query_plan_has(world, "MATCH (a:S {i: 3})<-[:IS]-(b:S {i: 31}) RETURN b.i", "(into)"));
	query_expect(world, "MATCH (a:S {i: 3})<-[r:IS]-(b:S {i: 31}) RETURN r.w", "31");
	query_expect(world, "MATCH (a:S {i: 3})-[r:IS]->(b:S {i: 31}) RETURN r.w", "");
	/* One that comes in many rows, and none is walked far: a look-up in each would cost more. */
	assert_false(query_plan_has(world, "MATCH (a:S) WITH a MATCH (a)-[:IS]->(b:S {i: 5}) RETURN a.i", "(into)"));
}

/* ---- hubs ---- */

static void test_hubs(void **state)
{
	(void)state;
	query_expect(world, "CREATE (:H {i: 0}), (:H {i: 1})", "");
	query_expect(world, "MATCH (h:H) UNWIND range(1, 150) AS i CREATE (h)-[:R]->(:N {i: h.i * 1000 + i})", "");
	query_expect(
		world, "MATCH (h:H {i: 1}), (n:N) WHERE n.i < 40 CREATE (n)-[:R]->(h), (h)-[:Q]->(n), (h)-[:R]->(n)", "");
	query_expect(world, "MATCH (h:H) CREATE (h)-[:R]->(h)", "");
	query_expect(world, "MATCH (h:H {i: 0}), (o:H {i: 1}) CREATE (h)-[:R]->(o)", "");
	query_expect_same(world, "MATCH (h:H) MATCH (n) MATCH (h)-[r:R]->(n) RETURN h.i, n.i, id(r)");
	query_expect_same(world, "MATCH (h:H) MATCH (n) MATCH (h)<-[r:R]-(n) RETURN h.i, n.i, id(r)");
	query_expect_same(world, "MATCH (h:H) MATCH (n) MATCH (h)-[r]-(n) RETURN h.i, n.i, id(r)");
	query_expect_same(
		world, "MATCH (h:H) MATCH (n) MATCH (n)-[r:R|Q]->(h), (h)-[q:Q]->(n) RETURN h.i, n.i, id(r), id(q)");
	query_expect(world, "MATCH (h:H) MATCH (n:N) MATCH (h)-[r:R]->(n) DELETE r RETURN count(*)", "339");
	query_expect(world, "MATCH (h:H) MATCH (n:N) MATCH (h)-[r:R]->(n) RETURN count(*)", "0");
}

/* ---- trails ---- */

/* Thirty diamonds in a row: as many trails as there are numbers of thirty bits. */
static void make_diamonds(void)
{
	query_expect(world, "UNWIND range(0, 30) AS i CREATE (:D {i: i})", "");
	query_expect(
		world, "MATCH (a:D), (b:D) WHERE b.i = a.i + 1 CREATE (a)-[:R]->()-[:R]->(b), (a)-[:R]->()-[:R]->(b)", "");
	query_expect(world, "MATCH (d:D {i: 0}) CREATE (:E {i: 1})-[:R]->(:E {i: 0})-[:R]->(d)", "");
	query_expect(
		world, "MATCH (d:D {i: 30}) CREATE (:F {i: 0})-[:R]->(:F {i: 1})<-[:R]-(:F {i: 2}), (d)-[:R]->(:G)", "");
}

static void test_only_what_leads_there(void **state)
{
	(void)state;
	make_diamonds();
	query_world_engine(world, &(struct gfs_engine_opts){ .time_ms_max = 20000 });
	/* Nothing leads there, or only one way, though there are more trails than anyone can follow. */
	query_expect(world, "MATCH (d:D {i: 0}), (f:F {i: 1}) MATCH (d)-[:R*]->(f) RETURN count(*)", "0");
	query_expect(world, "MATCH (d:D {i: 0}), (f:F {i: 1}) MATCH (f)<-[:R*]-(d) RETURN count(*)", "0");
	query_expect(world, "MATCH (e:E {i: 1}), (d:D {i: 0}) MATCH p = (e)-[:R*]->(d) RETURN length(p)", "2");
	query_expect(
		world, "MATCH (e:E {i: 1}), (d:D {i: 0}) MATCH p = (d)<-[:R*]-(e) RETURN [n IN nodes(p) | n.i]", "[0, 0, 1]");
	query_expect(world, "MATCH (d:D {i: 30}), (g:G) MATCH p = (d)-[:R*]->(g) RETURN length(p)", "1");
	query_expect(world, "MATCH (d:D {i: 28}), (g:G) MATCH p = (d)-[:R*]->(g) RETURN length(p), count(*)", "5, 4");
	query_expect(world, "MATCH (e:E {i: 1}), (d:D {i: 2}) MATCH (e)-[r:R*]->(d) RETURN size(r), count(*)", "6, 4");
	query_expect(world, "MATCH (a:D {i: 3}), (b:D {i: 5}) MATCH (a)-[r:R*..4]-(b) RETURN size(r), count(*)", "4, 4");
	query_expect(world, "MATCH (a:D {i: 3}), (b:D {i: 5}) MATCH (a)-[r:R*..3]-(b) RETURN count(*)", "0");
}

static void test_same_trails(void **state)
{
	(void)state;
	query_expect(world, "UNWIND range(0, 7) AS i CREATE (:N {i: i})", "");
	query_expect(
		world, "MATCH (a:N), (b:N) WHERE (a.i * 5 + b.i * 3) % 4 = 1 CREATE (a)-[:R {w: (a.i + b.i) % 3}]->(b)", "");
	query_expect(
		world, "MATCH (a:N {i: 2}), (b:N {i: 5}) CREATE (a)-[:R {w: 1}]->(b), (a)-[:R]->(a), (b)-[:R {w: 2}]->(a)", "");
	query_expect_same(world, "MATCH (a:N), (b:N) MATCH (a)-[r:R*..4]->(b) RETURN a.i, b.i, [q IN r | id(q)]");
	query_expect_same(world, "MATCH (a:N), (b:N) MATCH (b)<-[r:R*2..5]-(a) RETURN a.i, b.i, [q IN r | id(q)]");
	query_expect_same(
		world, "MATCH (a:N), (b:N) MATCH p = (a)-[r:R*0..3]-(b) RETURN a.i, b.i, [q IN relationships(p) | id(q)]");
	query_expect_same(
		world, "MATCH (a:N), (b:N) WHERE a.i < 3 MATCH (a)-[r:R* {w: 1}]->(b) RETURN a.i, b.i, [q IN r | id(q)]");
	query_expect_same(
		world, "MATCH (a:N), (b:N) MATCH (a)-[r:R*1..3 {w: b.i % 3}]->(b) RETURN a.i, b.i, [q IN r | id(q)]");
	query_expect_same(world, "MATCH (a:N)-[q:R]->(b:N), (b)-[r:R*..3]->(a) RETURN id(q), [s IN r | id(s)]");
	query_expect_same(world, "MATCH (a:N)-[r:R*2..3]->(a) RETURN a.i, [s IN r | id(s)]");
	query_expect_same(world, "MATCH (a:N), (b:N) OPTIONAL MATCH (a)-[r:R*3]->(b) RETURN a.i, b.i, [q IN r | id(q)]");
	query_expect_same(world, "MATCH (a:N), (b:N) WHERE EXISTS { (a)-[:R*2..3]->(b) } RETURN a.i, b.i");
	/* What the statement itself makes and takes away is seen, in each row anew. */
	query_expect(world,
		"MATCH (a:N {i: 0}), (b:N {i: 1}) CREATE (a)-[:S]->(:M)-[:S]->(b) WITH a, b UNWIND [1, 2] AS k "
		"MATCH (a)-[r:S*]->(b) RETURN k, size(r)",
		"1, 2; 2, 2");
	query_expect(world,
		"MATCH (a:N {i: 0}), (b:N {i: 1}) UNWIND [1, 2, 3] AS k CALL { WITH a, b MATCH (a)-[r:S*]->(b) "
		"WITH a, b, count(*) AS c CREATE (a)-[:S]->(b) RETURN c } RETURN k, c",
		"1, 1; 2, 2; 3, 3");
	query_expect(world, "MATCH (a:N {i: 0}), (b:N {i: 1}) MATCH (a)-[r:S*]->(b) FOREACH (q IN r | DELETE q)", "");
	query_expect(world, "MATCH (a:N {i: 0}), (b:N {i: 1}) MATCH (a)-[r:S*]->(b) RETURN r", "");
}

/* Both ends have more around them than is looked at beforehand: the trails are followed from the first one. */
static void test_too_much_to_look_at(void **state)
{
	(void)state;
	query_expect(world, "CREATE (:A), (:B)", "");
	query_expect(world, "MATCH (a:A) UNWIND range(1, 34000) AS i CREATE (a)-[:R]->()", "");
	query_expect(world, "MATCH (b:B) UNWIND range(1, 34000) AS i CREATE ()-[:R]->(b)", "");
	query_expect(world, "MATCH (a:A), (b:B) CREATE (a)-[:R]->()-[:R]->(b)", "");
	query_expect(world, "MATCH (a:A), (b:B) MATCH (a)-[r:R*]->(b) RETURN size(r)", "2");
	query_expect(world, "MATCH (a:A), (b:B) MATCH (b)<-[r:R*..3]-(a) RETURN size(r)", "2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_common_ancestors, setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_fixed_length, setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_hubs, setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_only_what_leads_there, setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_same_trails, setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_too_much_to_look_at, setup, query_world_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
