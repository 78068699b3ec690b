/* shortestPath and allShortestPaths beside the shortest of all paths, on random graphs. */
#include "tests/unit/query_world.h"

#include "tests/support/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NODES = 9, RELS = 14, GRAPHS = 12 };

static struct query_world *world;

static int setup(void **state)
{
	int err = query_world_setup(state);
	world = *state;
	return err;
}

static GFS_PRINTF(1, 2) void put(const char *format, ...)
{
	char text[256];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args); /* they are short */
	va_end(args);
	query_expect(world, text, "");
}

/* Parallel relationships and loops are among them. */
static void make_graph(struct rng *rng)
{
	put("MATCH (n) DETACH DELETE n");
	put("UNWIND range(0, %d) AS i CREATE (:N {i: i})", NODES - 1);
	for (unsigned i = 0; i < RELS; i++)
		put("MATCH (a:N {i: %u}), (b:N {i: %u}) CREATE (a)-[:%s {w: %u}]->(b)", (unsigned)(rng_next(rng) % NODES),
			(unsigned)(rng_next(rng) % NODES), rng_next(rng) % 4 == 0 ? "S" : "R", (unsigned)(rng_next(rng) % 5));
}

/* Both give the same rows. */
static void require_same(const char *a, const char *b)
{
	GFS_AUTO_BUF x = GFS_BUF_INIT, y = GFS_BUF_INIT;
	query_answer_sorted(world, a, NULL, &x);
	query_answer_sorted(world, b, NULL, &y);
	assert_string_equal((const char *)x.data, (const char *)y.data);
}

/* `left` and `right` of the arrow, and what is inside of its brackets. */
static void compare(const char *left, const char *inside, const char *right)
{
	char shortest[512], walked[512];
	(void)snprintf(shortest, sizeof shortest,
		"MATCH (a:N), (b:N) WHERE a <> b MATCH p = allShortestPaths((a)%s[%s]%s(b)) "
		"RETURN a.i, b.i, [x IN relationships(p) | id(x)]",
		left, inside, right); /* fits */
	(void)snprintf(walked, sizeof walked,
		"MATCH p = (a:N)%s[%s]%s(b:N) WHERE a <> b WITH a, b, [x IN relationships(p) | id(x)] AS ids "
		"WITH a, b, min(size(ids)) AS m, collect(ids) AS all UNWIND [l IN all WHERE size(l) = m] AS l RETURN a.i, b.i, l",
		left, inside, right); /* fits */
	require_same(shortest, walked);
	(void)snprintf(shortest, sizeof shortest,
		"MATCH (a:N), (b:N) WHERE a <> b MATCH p = shortestPath((a)%s[%s]%s(b)) "
		"RETURN a.i, b.i, length(p), nodes(p)[0] = a AND nodes(p)[-1] = b",
		left, inside, right); /* fits */
	(void)snprintf(walked, sizeof walked,
		"MATCH p = (a:N)%s[%s]%s(b:N) WHERE a <> b RETURN a.i, b.i, min(length(p)), true", left, inside,
		right); /* fits */
	require_same(shortest, walked);
}

/* ALL SHORTEST and ANY SHORTEST beside the functions. */
static void compare_selectors(const char *rel, const char *quantified)
{
	char function[512], selector[512];
	(void)snprintf(function, sizeof function,
		"MATCH (a:N), (b:N) WHERE a <> b MATCH p = allShortestPaths((a)%s(b)) RETURN a.i, b.i, "
		"[x IN relationships(p) | id(x)]",
		rel); /* fits */
	(void)snprintf(selector, sizeof selector,
		"MATCH p = ALL SHORTEST (a:N)%s(b:N) WHERE a <> b RETURN a.i, b.i, [x IN relationships(p) | id(x)]",
		quantified); /* fits */
	require_same(function, selector);
	(void)snprintf(function, sizeof function,
		"MATCH (a:N), (b:N) WHERE a <> b MATCH p = shortestPath((a)%s(b)) RETURN a.i, b.i, length(p)", rel); /* fits */
	(void)snprintf(selector, sizeof selector,
		"MATCH p = ANY SHORTEST (a:N)%s(b:N) WHERE a <> b RETURN a.i, b.i, length(p)", quantified); /* fits */
	require_same(function, selector);
}

static void test_random(void **state)
{
	(void)state;
	struct rng rng;
	const char *seed = getenv("GFS_SEED");
	rng.state = seed == NULL ? 7 : strtoull(seed, NULL, 0);
	for (unsigned i = 0; i < GRAPHS; i++) {
		make_graph(&rng);
		compare("-", ":R*..5", "->");
		compare("<-", ":R|S*..5", "-");
		compare("-", "*..5", "-");
		compare("-", "*..5 {w: 1}", "-");
		compare("-", ":R", "->");
		compare("-", " {w: 1}", "-");
		compare("<-", ":R", "-{1,5}");
		compare("-", "r WHERE r.w < 3", "-{,5}");
		compare_selectors("-[:R*..5]->", "-[:R]->{1,5}");
		compare_selectors("-[*]-", "--+");
		compare_selectors("<-[:S* {w: 1}]-", "<-[:S {w: 1}]-+");
	}
}

static void test_named(void **state)
{
	(void)state;
	put("CREATE (a:N {i: 0})-[:R]->(b:N {i: 1})-[:R]->(c:N {i: 2}), (a)-[:R]->(d:N {i: 3})-[:R]->(c), (:N {i: 4})");
	query_expect(world,
		"MATCH (a {i: 0}), (c {i: 2}) RETURN length(shortestPath((a)-[*]->(c))) AS l, "
		"size(allShortestPaths((a)-[*]->(c))) AS n",
		"2, 2");
	query_expect(world, "MATCH (a {i: 0}), (c {i: 2}) MATCH p = shortestPath((a)-[*..1]->(c)) RETURN p", "");
	query_expect(world, "MATCH (a {i: 0}), (c {i: 4}) MATCH p = shortestPath((a)-[*]-(c)) RETURN p", "");
	query_expect(world, "MATCH (a {i: 2}), (c {i: 0}) MATCH p = shortestPath((a)-[*]->(c)) RETURN p", "");
	query_expect(world, "MATCH (a {i: 0}) MATCH p = shortestPath((a)-[*0..]-(a)) RETURN length(p)", "0");
	query_expect(world, "MATCH (a {i: 0}) MATCH p = shortestPath((a)-[*1..]-(a)) RETURN length(p)", "");
}

static void test_selectors(void **state)
{
	(void)state;
	put("CREATE (a:N {i: 0})-[:R]->(b:N {i: 1})-[:R]->(c:N {i: 2}), (a)-[:R]->(d:N {i: 3})-[:R]->(c), (:N {i: 4})");
	put("MATCH (a {i: 0}), (b {i: 1}) CREATE (a)-[:R {w: 1}]->(b)");
	query_expect(world, "MATCH p = SHORTEST 1 (a {i: 0})-[:R]->+(c {i: 2}) RETURN length(p)", "2");
	query_expect(world, "MATCH p = SHORTEST 1 PATHS GROUP (a {i: 0})-[:R]->+(c {i: 2}) RETURN length(p)", "2; 2; 2");
	query_expect(world, "MATCH p = ALL SHORTEST PATHS (a {i: 0})-->{1,9}(c {i: 2}) RETURN length(p)", "2; 2; 2");
	query_expect(world, "MATCH p = ANY (a {i: 0})-->+(c {i: 2}) RETURN length(p)", "2");
	query_expect(world, "MATCH ALL PATHS (a {i: 0})-->(b {i: 1}) RETURN count(*)", "2");
	query_expect(world, "MATCH ANY SHORTEST (a {i: 0})-[r]->(b {i: 1}) RETURN count(r)", "1");
	query_expect(world, "MATCH ANY SHORTEST (a {i: 0})-[r {w: 1}]->(b) RETURN b.i, r.w", "1, 1");
	query_expect(world, "MATCH ALL SHORTEST (a {i: 0})-[r]->(b {i: 1}) RETURN count(r)", "2");
	query_expect(world, "MATCH (a {i: 0}) MATCH p = ANY SHORTEST (a)-->*(a) RETURN length(p)", "0");
	query_expect(world, "MATCH p = SHORTEST 2 (a)-->+(b) RETURN p", "InvalidRelationshipPattern");
	query_expect(world, "MATCH p = ANY SHORTEST (a)-->{2,}(b) RETURN p", "InvalidRelationshipPattern");
	query_expect(world, "MATCH p = ANY SHORTEST (a)-->+(b), (c) RETURN p", "InvalidRelationshipPattern");
	query_expect(world, "MATCH p = ANY SHORTEST (a)-->+(b)-->(c) RETURN p", "InvalidRelationshipPattern");
	query_expect(world, "CREATE ANY SHORTEST (a)-[:R]->(b)", "UnexpectedSyntax");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_named, setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_selectors, setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_random, setup, query_world_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
