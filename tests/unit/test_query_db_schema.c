/* db.schema.*: what the graph's nodes and relationships look like. */
#include "tests/unit/query_world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_nodes(void **state)
{
	struct query_world *world = *state;
	query_expect(world, "CALL db.schema.nodeTypeProperties()", "");
	query_expect(world,
		"CREATE (:A {x: 1, s: 'a'}), (:A {x: 2.5}), (:B:A {x: 1, l: [1, 2]}), (:A:B {x: 2, l: ['a']}), "
		"({d: date(), m: []}), (:`o``dd`), (:`o``dd`)",
		"");
	query_expect(world,
		"CALL db.schema.nodeTypeProperties() YIELD nodeType, nodeLabels, propertyName, propertyTypes, mandatory "
		"RETURN * ORDER BY nodeType, propertyName",
		"true, [], , d, [Date]; true, [], , m, [List]; "
		"false, [A], :`A`, s, [String]; true, [A], :`A`, x, [Long, Double]; "
		"true, [A, B], :`A`:`B`, l, [LongArray, StringArray]; true, [A, B], :`A`:`B`, x, [Long]; "
		"false, [o`dd], :`o``dd`, null, null");
	query_expect(world,
		"MATCH (n:A) DETACH DELETE n WITH count(*) AS c CALL db.schema.nodeTypeProperties() "
		"YIELD nodeType RETURN DISTINCT nodeType ORDER BY nodeType",
		"; :`o``dd`");
}

static void test_relationships(void **state)
{
	struct query_world *world = *state;
	query_expect(
		world, "CREATE (a:A)-[:T {w: 1}]->(b:B)-[:T]->(a)-[:U {p: point({x: 1, y: 2})}]->(b), (a)-[:V]->(a)", "");
	query_expect(world, "CREATE (:A)-[:GONE]->(:B)", "");
	query_expect(world, "MATCH ()-[r:GONE]->() DELETE r", "");
	query_expect(world, "CALL db.schema.relTypeProperties() YIELD * ",
		":`T`, w, [Long], false; :`U`, p, [Point], true; :`V`, null, null, false");
}

static void test_visualization(void **state)
{
	struct query_world *world = *state;
	query_expect(world, "CALL db.schema.visualization()", "[], []");
	query_expect(world, "CREATE (a:A:B)-[:T]->(b:B)-[:T]->(:B), (b)-[:U]->(), (:C {k: 1})", "");
	query_expect(world, "CREATE INDEX FOR (n:A) ON (n.x)", "");
	query_expect(world, "CREATE CONSTRAINT one_k FOR (n:C) REQUIRE n.k IS UNIQUE", "");
	query_expect(world,
		"CALL db.schema.visualization() YIELD nodes UNWIND nodes AS n RETURN n.name, n.indexes, n.constraints ORDER BY n.name",
		"A, [x], []; B, [], []; C, [k], [one_k]");
	query_expect(world,
		"CALL db.schema.visualization() YIELD relationships UNWIND relationships AS r "
		"RETURN r.start, r.name, r.end ORDER BY r.start",
		"A, T, B; B, T, B");
}

/* More entities than are looked at in one go, and an end from outside. */
static bool interrupted(void *context)
{
	unsigned *asked = context;
	return ++*asked > 1;
}

static void test_large(void **state)
{
	struct query_world *world = *state;
	unsigned asked = 0;
	const struct gfs_run_opts opts = { .interrupted = interrupted, .context = &asked };
	query_expect(world, "UNWIND range(1, 3000) AS i CREATE (a:A {i: i})-[r:T {w: i}]->(a)", "");
	query_expect(world, "MATCH (a:A) WHERE a.i = 2999 SET a.late = true", "");
	query_expect(world,
		"CALL db.schema.nodeTypeProperties() YIELD propertyName, mandatory RETURN propertyName, mandatory ORDER BY propertyName",
		"i, true; late, false");
	query_expect(world, "CALL db.schema.relTypeProperties() YIELD mandatory RETURN mandatory", "true");
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	gfs_buf_append_text(
		&text, "UNWIND range(1, 100000) AS i CALL db.schema.nodeTypeProperties() YIELD mandatory RETURN i");
	gfs_buf_append_u8(&text, '\0');
	GFS_AUTO_BUF got = GFS_BUF_INIT;
	query_answer(world, (const char *)text.data, &opts, &got);
	assert_non_null(strstr((const char *)got.data, "QueryTerminated"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nodes, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_relationships, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_visualization, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_large, query_world_setup, query_world_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
