/* Types of values in statements, CASE with tests, ||. */
#include "tests/unit/query_world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Of [1, 2.5, 'a', true, null, [1], [1, null], [], ['a', 1], {}, date, point, node]: which are of the type. */
static void expect_types(struct query_world *world, const char *type, const char *wanted)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	gfs_buf_printf(&text,
		"MATCH (n) WITH [1, 2.5, 'a', true, null, [1], [1, null], [], ['a', 1], {}, date(), point({x: 1, y: 2}), n] AS l "
		"RETURN [i IN range(0, size(l) - 1) WHERE (l[i] IS :: %s) | i] AS is, "
		"[i IN range(0, size(l) - 1) WHERE (l[i] IS NOT TYPED %s) | i] AS isNot",
		type, type);
	gfs_buf_append_u8(&text, '\0');
	GFS_AUTO_BUF got = GFS_BUF_INIT;
	query_answer(world, (const char *)text.data, NULL, &got);
	if (strncmp((const char *)got.data, wanted, strlen(wanted)) != 0)
		fail_msg("%s\n  gave %s\n  wanted %s", type, (const char *)got.data, wanted);
	/* What is not of the type is what is left. */
	size_t commas = 0;
	for (const uint8_t *at = got.data; *at != '\0'; at++)
		commas += *at == ',';
	assert_true(strstr((const char *)got.data, "[]") != NULL || commas == 12);
}

static void test_types(void **state)
{
	struct query_world *world = *state;
	query_expect(world, "CREATE (:A)", "");
	expect_types(world, "INTEGER", "[0, 4], ");
	expect_types(world, "INTEGER NOT NULL", "[0], ");
	expect_types(world, "INTEGER!", "[0], ");
	expect_types(world, "signed integer", "[0, 4], ");
	expect_types(world, "INT | VARCHAR NOT NULL", "[0, 2, 4], ");
	expect_types(world, "BOOL", "[3, 4], ");
	expect_types(world, "NULL", "[4], ");
	expect_types(world, "NOTHING", "[], ");
	expect_types(world, "LIST<INTEGER>", "[4, 5, 6, 7], ");
	expect_types(world, "INTEGER LIST", "[4, 5, 6, 7], ");
	expect_types(world, "INTEGER NOT NULL LIST NOT NULL", "[5, 7], ");
	expect_types(world, "LIST<INTEGER NOT NULL> NOT NULL", "[5, 7], ");
	expect_types(world, "ARRAY<INTEGER | STRING>", "[4, 5, 6, 7, 8], ");
	expect_types(world, "LIST<NOTHING> NOT NULL", "[7], ");
	expect_types(world, "LIST<LIST<ANY>> NOT NULL", "[7], ");
	expect_types(world, "MAP NOT NULL", "[9], ");
	expect_types(world, "DATE!", "[10], ");
	expect_types(world, "POINT!", "[11], ");
	expect_types(world, "ANY NODE NOT NULL", "[12], ");
	expect_types(world, "RELATIONSHIP", "[4], ");
	expect_types(world, "ANY<MAP | NODE> NOT NULL", "[9, 12], ");
	expect_types(world, "PROPERTY VALUE NOT NULL", "[0, 1, 2, 3, 5, 7, 10, 11], ");
	expect_types(world, "ANY", "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], ");
	expect_types(world, "ANY VALUE NOT NULL", "[0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12], ");
}

static void test_temporal_types(void **state)
{
	struct query_world *world = *state;
	query_expect(world,
		"WITH [date(), time(), localtime(), datetime(), localdatetime(), duration('P1D')] AS l RETURN "
		"[x IN l | x :: DATE], [x IN l | x IS :: ZONED TIME], [x IN l | x IS :: TIME WITHOUT TIME ZONE], "
		"[x IN l | x IS :: TIMESTAMP WITH TIMEZONE], [x IN l | x IS :: LOCAL DATETIME], [x IN l | x IS :: DURATION]",
		"[true, false, false, false, false, false], [false, true, false, false, false, false], "
		"[false, false, true, false, false, false], [false, false, false, true, false, false], "
		"[false, false, false, false, true, false], [false, false, false, false, false, true]");
}

static void test_type_syntax(void **state)
{
	struct query_world *world = *state;
	query_expect(world, "RETURN [x IN [1, 'a'] WHERE x IS :: INTEGER | x] AS l", "[1]");
	query_expect(world, "RETURN [x IN [1, 'a', true] WHERE (x IS :: INTEGER | STRING) | x] AS l", "[1, a]");
	query_expect(world, "RETURN NOT 1 IS :: STRING AND 'a' STARTS WITH 'a' AS b", "true");
	query_expect(world, "RETURN 1 + 1 :: INTEGER = true AS b", "true");
	query_expect(world, "CREATE (n:A) WITH n RETURN n:A, n :: NODE, n IS NOT NULL IS :: BOOLEAN", "true, true, true");
	query_expect(world, "RETURN 1 IS :: TEXT", "UnexpectedSyntax");
	query_expect(world, "RETURN 1 IS :: LIST<INTEGER", "UnexpectedSyntax");
	query_expect(world, "RETURN 1 IS :: INTEGER |", "UnexpectedSyntax");
	query_expect(world, "RETURN 1 IS :: INTEGER NOT", "UnexpectedSyntax");
	query_expect(world, "RETURN 1 IS TYPED", "UnexpectedSyntax");
	query_expect(world, "UNWIND [1, 'a', 2] AS x RETURN x IS :: INTEGER AS i, count(*) ORDER BY x IS :: INTEGER",
		"false, 1; true, 2");
}

/* Types in types stop at the limit of depth, not at the end of the stack. */
static void test_deep_type(void **state)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	gfs_buf_append_text(&text, "RETURN 1 IS :: ");
	for (unsigned i = 0; i < 100000; i++)
		gfs_buf_append_text(&text, "LIST<");
	gfs_buf_append_u8(&text, '\0');
	query_expect(*state, (const char *)text.data, "TooDeep");
	gfs_buf_clear(&text);
	gfs_buf_append_text(&text, "RETURN 1 IS :: INTEGER");
	for (unsigned i = 0; i < 100000; i++)
		gfs_buf_append_text(&text, " LIST");
	gfs_buf_append_u8(&text, '\0');
	query_expect(*state, (const char *)text.data, "TooDeep");
}

static void test_case(void **state)
{
	struct query_world *world = *state;
	query_expect(world,
		"UNWIND [1, 2, 3, 4, null, 'x', [1], true] AS x RETURN CASE x WHEN 1, 2 THEN 'few' WHEN > 3 THEN 'more' "
		"WHEN IS NULL THEN 'none' WHEN :: BOOLEAN THEN 'truth' WHEN IN [[1]] THEN 'list' WHEN =~ '[a-z]' THEN 'letter' "
		"ELSE 'else' END AS c",
		"few; few; else; more; none; letter; list; truth");
	query_expect(world, "UNWIND ['abc', 'b', null] AS s RETURN CASE s WHEN STARTS WITH 'a', IS NULL THEN 1 END AS c",
		"1; null; 1");
	query_expect(world, "RETURN CASE 5 WHEN 1 < 3 THEN 2 WHEN < 3, >= 5 THEN 7 END AS x", "7");
	query_expect(world, "RETURN CASE 5 WHEN 3 < 9 THEN 1 WHEN > 1 < 9 THEN 2 END AS x", "2");
	query_expect(world, "RETURN CASE null WHEN null, 1 THEN 'equal' ELSE 'unknown' END AS x", "unknown");
	query_expect(world, "RETURN CASE 1 WHEN > 'a' THEN 1 WHEN <> 1 THEN 2 ELSE 3 END AS x", "3");
	query_expect(world, "RETURN CASE 1 WHEN > THEN 1 END", "UnexpectedSyntax");
	query_expect(world, "RETURN CASE 1 WHEN 1, THEN 1 END", "UnexpectedSyntax");
	query_expect(world, "RETURN CASE WHEN > 1 THEN 1 END", "UnexpectedSyntax");
	query_expect(world, "RETURN CASE 1 WHEN + 'a' IS :: INTEGER, > 1 THEN 1 END", "InvalidArgumentType");
}

/* The subject is found once, whatever stands in it, and belongs to its own CASE. */
static void test_case_subject(void **state)
{
	struct query_world *world = *state;
	query_expect(world,
		"UNWIND range(1, 200) AS i WITH CASE rand() WHEN < 0.5 THEN 'low' WHEN >= 0.5 THEN 'high' END AS c "
		"RETURN count(c)",
		"200");
	query_expect(world,
		"UNWIND [1, 2, 3] AS x RETURN CASE x WHEN > 1, 1 THEN CASE x * 2 WHEN >= 6 THEN 'a' ELSE 'b' END END AS r",
		"b; b; a");
	query_expect(
		world, "RETURN CASE CASE 1 WHEN > 0 THEN 5 END WHEN > 4 THEN CASE 0 WHEN < 1 THEN 'in' END END AS x", "in");
	query_expect(world, "UNWIND [1, 2, 3] AS x RETURN CASE count(*) WHEN > 2 THEN sum(x) ELSE 0 END AS r", "6");
	query_expect(world, "UNWIND [1, 2, 3] AS x RETURN CASE x WHEN > 1 THEN 'b' ELSE 'a' END AS r, count(*) ORDER BY r",
		"a, 1; b, 2");
	query_expect(world, "RETURN [x IN [1, 2, 3] | CASE x WHEN > 1 THEN x ELSE 0 END] AS l", "[0, 2, 3]");
	query_expect(world, "CREATE (:A {x: 1}), (:A {x: 5})", "");
	query_expect(world, "MATCH (n:A) WHERE CASE n.x WHEN > 3 THEN true END RETURN n.x", "5");
	query_expect(
		world, "MATCH (n:A) WHERE EXISTS { MATCH (m) WHERE CASE m.x WHEN < n.x THEN true END } RETURN n.x", "5");
}

static void test_concat(void **state)
{
	struct query_world *world = *state;
	query_expect(world, "RETURN 'a' || 'b' || 'c' AS s, [1] || [2] || [] AS l, null || [1] AS n", "abc, [1, 2], null");
	query_expect(world, "RETURN 'a' || 1 + 1 AS x", "InvalidArgumentType");
	query_expect(world, "RETURN 'a' || toString(1 * 2) = 'a2' AS x", "true");
	query_expect(world, "WITH [1, 'a'] AS l RETURN l[0] || l[1]", "InvalidArgumentType");
	query_expect(world, "RETURN [x IN ['a'] | x || 'b'] AS l", "[ab]");
	query_expect(world, "RETURN 'a' || ['b']", "InvalidArgumentType");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_types, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_temporal_types, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_type_syntax, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_deep_type, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_case, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_case_subject, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_concat, query_world_setup, query_world_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
