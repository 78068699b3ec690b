/* Joins by hash: when they are chosen, and that they give what matching in turns gives. */
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
	query_expect(world, "UNWIND range(1, 300) AS i CREATE (:A {i: i, x: i % 20, s: 's' + i})", "");
	query_expect(world,
		"UNWIND range(1, 200) AS i CREATE (:B {i: i, y: i % 10, f: toFloat(i)})-[:R {w: i}]->(:C {z: i % 7})", "");
	query_expect(world, "MATCH (a:A) WHERE a.i < 5 SET a.x = null", "");
	return err;
}

/* Sorted rows with joins and without, by engines that plan so. */
static void require_same(const char *text, bool joins)
{
	GFS_AUTO_BUF joined = GFS_BUF_INIT, in_turns = GFS_BUF_INIT;
	query_world_engine(world, NULL);
	assert_int_equal(query_plan_has(world, text, "ValueHashJoin"), joins);
	query_answer_sorted(world, text, NULL, &joined);
	query_world_engine(world, &(struct gfs_engine_opts){ .passes_off = GFS_PASS_JOIN });
	assert_false(query_plan_has(world, text, "ValueHashJoin"));
	query_answer_sorted(world, text, NULL, &in_turns);
	query_world_engine(world, NULL);
	assert_string_equal((const char *)joined.data, (const char *)in_turns.data);
}

static void test_equal_properties(void **state)
{
	(void)state;
	require_same("MATCH (a:A), (b:B) WHERE a.x = b.y RETURN a.i, b.i", true);
	require_same("MATCH (a:A) MATCH (b:B) WHERE b.y = a.x AND a.i > b.i RETURN a.i, b.i", true);
	require_same("MATCH (a:A), (b:B {y: a.x}) WHERE b.i < 10 RETURN a.i, b.i", true);
	require_same("MATCH (a:A), (b:B) WHERE a.x = b.y AND a.i = b.i RETURN a.i, b.i", true);
	require_same("MATCH (a:A), (b:B) WHERE 'v' + a.x = 'v' + b.y RETURN a.i, b.i", true);
	/* 1 and 1.0 are equal; null is equal to nothing, nor is NaN, though these are equivalent. */
	require_same("MATCH (a:A), (b:B) WHERE a.i = b.f RETURN a.i, b.i", true);
	query_expect(world, "MATCH (a:A), (b:B) WHERE a.i = b.f RETURN count(*)", "200");
	query_expect(world, "MATCH (a:A), (b:B) WHERE a.none = b.none RETURN count(*)", "0");
	query_expect(world, "MATCH (a:A), (b:B) WHERE [a.x, null] = [b.y, null] RETURN count(*)", "0");
	query_expect(world, "MATCH (a:A), (b:B) WHERE a.i * (0.0 / 0.0) = b.i * (0.0 / 0.0) RETURN count(*)", "0");
}

static void test_parts_with_relationships(void **state)
{
	(void)state;
	require_same("MATCH (a:A), (b:B)-[r:R]->(c:C) WHERE a.x = c.z RETURN a.i, r.w, c.z", true);
	/* A relationship comes once in a pattern, on either side. */
	require_same("MATCH (b:B)-[r:R]->(c:C), (d:B)-[q:R]->(e:C) WHERE c.z = e.z AND b.y = d.y RETURN r.w, q.w", true);
	query_expect(world, "MATCH (b:B)-[r:R]->(c:C), (d:B)-[q:R]->(e:C) WHERE r.w = q.w RETURN count(*)", "0");
	require_same("MATCH (b:B)-[r:R*1..2]->(c:C), (d:B)-[q:R]->(e:C) WHERE c.z = e.z RETURN b.i, d.i", false);
	require_same("MATCH p = (b:B)-->(c:C), q = (a:A) WHERE a.x = c.z RETURN length(p), a.i, b.i", true);
}

static void test_in_other_clauses(void **state)
{
	(void)state;
	require_same("UNWIND range(1, 30) AS k MATCH (a:A) WHERE a.i = k * 2 RETURN k, a.s", true);
	require_same(
		"UNWIND [1, 2] AS k CALL { WITH k MATCH (a:A), (b:B) WHERE a.x = b.y AND a.i > k * 20 RETURN count(*) AS n } "
		"RETURN k, n",
		true);
	require_same("MATCH (a:A) WHERE EXISTS { MATCH (b:B), (c:C) WHERE b.y = c.z AND b.i > a.i } RETURN a.i", true);
	query_expect(world, "MATCH (a:A), (b:B) WHERE a.i = b.i SET a.x = 1, b.y = 2 RETURN count(*)", "200");
	query_expect(world, "MATCH (a:A), (b:B) WHERE a.x = b.y - 1 RETURN count(*) > 40000", "true");
	query_expect(world, "MATCH (a:A), (b:B) WHERE a.i = b.i AND a.i < 10 CREATE (:A {i: b.i}) RETURN count(*)", "9");
}

static void test_cost(void **state)
{
	(void)state;
	query_expect(world, "CREATE CONSTRAINT FOR (b:B) REQUIRE b.i IS UNIQUE", "");
	require_same("UNWIND [1, 2, 3] AS k MATCH (b:B) WHERE b.i = k RETURN k, b.y", false);  /* the index is quicker */
	require_same("MATCH (b:B {i: 7}), (a:A) WHERE a.x = b.y RETURN a.i", false);           /* one row */
	require_same("MATCH (a:A), (b:B) WHERE a.x < b.y AND a.i < 5 RETURN a.i, b.i", false); /* no equality */
	assert_true(query_plan_has(world, "MATCH (a:A), (b:B) WHERE a.x = b.y RETURN count(*)", "ValueHashJoin a.x = b.y"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_equal_properties, setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_parts_with_relationships, setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_in_other_clauses, setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_cost, setup, query_world_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
