/* SHOW as a producer of rows: YIELD, WHERE, ORDER BY, RETURN; its columns. */
#include "tests/unit/query_world.h"

#include "query/aggregate.h"
#include "query/function.h"
#include "query/function_help.h"
#include "query/procedure.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void make_schema(struct query_world *world)
{
	query_expect(world, "CREATE INDEX by_a FOR (n:A) ON (n.a)", "");
	query_expect(world, "CREATE INDEX `by ``b` FOR (n:B) ON (n.b)", "");
	query_expect(world, "CREATE CONSTRAINT key_c FOR (n:C) REQUIRE n.c IS NODE KEY", "");
	query_expect(world, "CREATE CONSTRAINT has_d FOR (n:D) REQUIRE n.d IS NOT NULL", "");
	query_expect(world, "CREATE CONSTRAINT one_e FOR (n:E) REQUIRE n.e IS UNIQUE", "");
}

static void test_yield(void **state)
{
	struct query_world *world = *state;
	make_schema(world);
	query_expect(world, "SHOW INDEXES YIELD name ORDER BY name DESC", "one_e; key_c; by_a; by `b");
	query_expect(world, "SHOW INDEXES YIELD name, labelsOrTypes AS l WHERE 'C' IN l", "key_c, [C]");
	query_expect(world, "SHOW INDEXES YIELD name AS n ORDER BY n SKIP 1 LIMIT 2", "by_a; key_c");
	query_expect(world, "SHOW INDEXES YIELD name, state ORDER BY name LIMIT 3 WHERE name STARTS WITH 'by'",
		"by `b, ONLINE; by_a, ONLINE");
	query_expect(world, "SHOW INDEX WHERE owningConstraint IS NOT NULL AND name = 'one_e'",
		"5, one_e, ONLINE, 100.0, RANGE, NODE, [E], [e], one_e");
	query_expect(world, "SHOW ALL INDEXES YIELD * WHERE name = 'by_a' RETURN id, properties", "1, [a]");
	query_expect(world, "SHOW INDEXES YIELD name RETURN count(*) AS indexes", "4");
	query_expect(world, "SHOW INDEXES YIELD name, type RETURN DISTINCT type", "RANGE");
	query_expect(world, "SHOW CONSTRAINTS YIELD type RETURN type, count(*) AS c ORDER BY type",
		"NODE_KEY, 1; NODE_PROPERTY_EXISTENCE, 1; UNIQUENESS, 1");
	query_expect(world, "EXPLAIN SHOW INDEXES YIELD name WHERE name = 'a'", "");
}

/* What it says made an index makes it again. */
static void test_create_statement(void **state)
{
	struct query_world *world = *state;
	make_schema(world);
	query_expect(world, "SHOW INDEXES YIELD createStatement, name WHERE name CONTAINS 'b' RETURN createStatement",
		"CREATE RANGE INDEX `by_a` FOR (n:`A`) ON (n.`a`); CREATE RANGE INDEX `by ``b` FOR (n:`B`) ON (n.`b`)");
	query_expect(world, "SHOW CONSTRAINTS YIELD createStatement ORDER BY createStatement",
		"CREATE CONSTRAINT `has_d` FOR (n:`D`) REQUIRE (n.`d`) IS NOT NULL; "
		"CREATE CONSTRAINT `key_c` FOR (n:`C`) REQUIRE (n.`c`) IS NODE KEY; "
		"CREATE CONSTRAINT `one_e` FOR (n:`E`) REQUIRE (n.`e`) IS UNIQUE");
	query_expect(world, "DROP INDEX `by ``b`", "");
	query_expect(world, "CREATE RANGE INDEX `by ``b` FOR (n:`B`) ON (n.`b`)", "");
	query_expect(world, "DROP CONSTRAINT key_c", "");
	query_expect(world, "CREATE CONSTRAINT `key_c` FOR (n:`C`) REQUIRE (n.`c`) IS NODE KEY", "");
}

static void test_wrong(void **state)
{
	struct query_world *world = *state;
	query_expect(world, "SHOW INDEXES YIELD nothing", "UndefinedVariable");
	query_expect(world, "SHOW INDEXES YIELD name WHERE state = 'ONLINE'", "UndefinedVariable");
	query_expect(world, "SHOW INDEXES WHERE createStatement IS NULL", "UndefinedVariable");
	query_expect(world, "SHOW INDEXES YIELD name, name", "VariableAlreadyBound");
	query_expect(world, "SHOW INDEXES RETURN name", "UnexpectedSyntax");
	query_expect(world, "SHOW INDEXES ORDER BY name", "UnexpectedSyntax");
	query_expect(world, "SHOW INDEXES YIELD name MATCH (n) RETURN n", "UnexpectedSyntax");
	query_expect(world, "SHOW INDEXES YIELD name RETURN name UNION RETURN 1 AS name", "UnexpectedSyntax");
	query_expect(world, "MATCH (n) SHOW INDEXES", "UnexpectedSyntax");
	query_expect(world, "CALL `SHOW INDEXES`()", "ProcedureNotFound");
}

static void test_functions(void **state)
{
	struct query_world *world = *state;
	query_expect(world, "SHOW FUNCTIONS WHERE name = 'left'", "left, String, The first characters.");
	query_expect(world, "SHOW FUNCTIONS YIELD name, signature, aggregating WHERE name IN ['sum', 'split'] RETURN *",
		"false, split, split(text :: STRING, at :: STRING | LIST<STRING>) :: LIST<STRING>; "
		"true, sum, sum(value :: INTEGER | FLOAT | DURATION) :: INTEGER | FLOAT | DURATION");
	query_expect(world, "SHOW FUNCTION YIELD category WHERE category = 'Aggregating' RETURN count(*)", "10");
}

/* Every function is told of, and nothing else. */
static void test_every_function(void **state)
{
	const struct gfs_function *function;
	const struct gfs_aggregate *aggregate;
	const struct gfs_function_help *help;
	(void)state;
	for (size_t i = 0; (function = gfs_function_at(i)) != NULL; i++)
		assert_non_null(gfs_function_help_find(gfs_slice_text(function->name)));
	for (size_t i = 0; (aggregate = gfs_aggregate_at(i)) != NULL; i++)
		assert_non_null(gfs_function_help_find(gfs_slice_text(aggregate->name)));
	for (size_t i = 0; (help = gfs_function_help_at(i)) != NULL; i++) {
		struct gfs_slice name = gfs_slice((const uint8_t *)help->signature, strcspn(help->signature, "("));
		assert_true(gfs_function_find(name) != NULL || gfs_aggregate_find(name) != NULL);
		assert_ptr_equal(gfs_function_help_find(name), help);
	}
}

static void test_procedures(void **state)
{
	struct query_world *world = *state;
	query_expect(world, "SHOW PROCEDURES WHERE name = 'db.labels'", "db.labels, The labels of nodes., READ, false");
	query_expect(world, "SHOW PROCEDURE YIELD name, signature WHERE name = 'db.labels' RETURN signature",
		"db.labels() :: (label :: STRING)");
	query_expect(world, "SHOW PROCEDURES YIELD name, description WHERE description = '' RETURN count(*)", "0");
}

static void test_running(void **state)
{
	struct query_world *world = *state;
	const char *statement = "SHOW TRANSACTIONS YIELD transactionId AS id, currentQuery, elapsedTime, status "
							"RETURN id, currentQuery STARTS WITH 'SHOW', elapsedTime.hours = 0, status";
	query_expect(world, statement, "query-1, true, true, running");
	query_expect(world, "SHOW QUERIES YIELD queryId, status", "query-2, running");
	query_expect(world, "SHOW TRANSACTION YIELD transactionId, currentQueryId WHERE transactionId = currentQueryId",
		"query-3, query-3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_yield, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_create_statement, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_wrong, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_functions, query_world_setup, query_world_teardown),
		cmocka_unit_test(test_every_function),
		cmocka_unit_test_setup_teardown(test_procedures, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_running, query_world_setup, query_world_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
