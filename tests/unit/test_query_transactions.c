/* CALL { } IN TRANSACTIONS: what each transaction has, what stays when a later one fails, and what bounds its memory. */
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

/* Transactions committed so far. */
static uint64_t commits(void)
{
	struct gfs_store_stats stats;
	gfs_store_stats_get(gfs_graph_store(world->fixture.graph), &stats);
	return stats.commits;
}

static void test_batches(void **state)
{
	(void)state;
	uint64_t before = commits();
	query_expect(world, "UNWIND range(1, 10) AS i CALL { WITH i CREATE (:N {i: i}) } IN TRANSACTIONS OF 3 ROWS", "");
	assert_int_equal(commits() - before, 4);
	before = commits();
	query_expect(world,
		"UNWIND range(1, 2500) AS i CALL (i) { CREATE (:M {i: i}) } IN TRANSACTIONS RETURN count(*), sum(i)",
		"2500, 3126250");
	assert_int_equal(commits() - before, 3);
	query_expect(world, "MATCH (n:N) RETURN count(n), sum(n.i)", "10, 55");
	query_expect(world, "MATCH (m:M) RETURN count(m)", "2500");
	before = commits();
	query_expect(world, "MATCH (m:M) CALL { WITH m DETACH DELETE m } IN TRANSACTIONS OF 1000 ROWS", "");
	assert_int_equal(commits() - before, 3);
	query_expect(world, "MATCH (m:M) RETURN count(m)", "0");
	before = commits();
	query_expect(world, "UNWIND [] AS i CALL { CREATE (:N) } IN TRANSACTIONS", "");
	assert_int_equal(commits() - before, 0);
}

static void test_rows(void **state)
{
	(void)state;
	query_expect(world,
		"UNWIND [1, 2, 3] AS i "
		"CALL { WITH i UNWIND range(1, i) AS k CREATE (n:N {i: i, k: k}) RETURN n, 'x' + k AS s } IN TRANSACTIONS OF 2 ROWS "
		"RETURN i, n.k, s ORDER BY i, s",
		"1, 1, x1; 2, 1, x1; 2, 2, x2; 3, 1, x1; 3, 2, x2; 3, 3, x3");
	query_expect(world,
		"MATCH (n:N) WITH n ORDER BY n.i, n.k CALL { WITH n SET n.i = n.i + 1 RETURN n.i AS now } IN TRANSACTIONS "
		"WITH now WHERE now > 2 RETURN collect(now)",
		"[3, 3, 4, 4, 4]");
	query_expect(world,
		"UNWIND range(1, 5) AS i CALL { WITH i MERGE (p:P {x: i % 2}) RETURN p } IN TRANSACTIONS OF 1 ROW "
		"RETURN count(DISTINCT p)",
		"2");
	query_expect(
		world, "UNWIND range(1, 5) AS i CALL { WITH i CREATE (:Q) } IN TRANSACTIONS OF 2 ROWS RETURN i LIMIT 0", "");
	query_expect(world, "MATCH (q:Q) RETURN count(q)", "5");
	/* One that only reads needs none. */
	query_expect(world, "UNWIND [1, 2] AS i CALL { WITH i RETURN i * 2 AS d } IN TRANSACTIONS RETURN d", "2; 4");
}

/* The transaction that fails leaves nothing; those before it stay. */
static void test_failure(void **state)
{
	(void)state;
	query_expect(world,
		"UNWIND [1, 2, 3, 4, 0, 6] AS i CALL { WITH i CREATE (:N {i: 12 / i}) } IN TRANSACTIONS OF 2 ROWS",
		"DivisionByZero");
	query_expect(world, "MATCH (n:N) RETURN collect(n.i)", "[12, 6, 4, 3]");
	query_expect(world,
		"UNWIND [2, 1, 0] AS i WITH 4 / i AS k CALL { WITH k CREATE (:M {k: k}) } IN TRANSACTIONS OF 1 ROWS",
		"DivisionByZero"); /* while a batch of rows was made for the first */
	query_expect(world, "CREATE CONSTRAINT FOR (p:P) REQUIRE p.name IS NOT NULL", "");
	query_expect(world,
		"UNWIND ['a', 'b', null, 'd'] AS x CALL { WITH x CREATE (:P {name: x}) } IN TRANSACTIONS OF 1 ROWS",
		"ConstraintValidationFailed");
	query_expect(world, "MATCH (p:P) RETURN collect(p.name)", "[a, b]");
	query_expect(world, "MATCH (n:N {i: 12}) CREATE (n)-[:R]->(:S)", "");
	query_expect(world, "MATCH (n:N) CALL { WITH n DELETE n } IN TRANSACTIONS OF 1 ROWS", "DeleteConnectedNode");
	query_expect(world, "MATCH (n:N) RETURN count(n)", "4");
}

/* What is done before the failure in the same transaction is undone, counts too; the others stay. */
static void test_on_error(void **state)
{
	(void)state;
	struct gfs_query_error error;
	struct gfs_query_counts counts;
	struct gfs_result *result;
	OK(gfs_query_run(world->engine,
		gfs_slice_text(
			"UNWIND [1, 2, 3, 0, 4, 6] AS i CALL (i) { CREATE (:N {i: 12 / i}) } IN TRANSACTIONS OF 2 ROWS ON ERROR CONTINUE"),
		NULL, &result, &error));
	gfs_result_counts(result, &counts);
	gfs_result_free(result);
	assert_int_equal(counts.nodes_created, 4);
	query_expect(world, "MATCH (n:N) RETURN collect(n.i)", "[12, 6, 3, 2]");
	query_expect(world,
		"UNWIND [1, 2, 3, 0, 4, 6] AS i CALL (i) { CREATE (m:M {i: 12 / i}) RETURN m.i AS q } "
		"IN TRANSACTIONS OF 2 ROWS ON ERROR CONTINUE RETURN i, q ORDER BY i",
		"0, null; 1, 12; 2, 6; 3, null; 4, 3; 6, 2");
	query_expect(world,
		"UNWIND [1, 2, 3, 0, 4, 6] AS i CALL (i) { UNWIND range(1, i) AS k CREATE (b:B {i: 12 / (i - 2)}) RETURN b, k } "
		"IN TRANSACTIONS OF 1 ROWS ON ERROR BREAK RETURN i, b.i, k",
		"1, -12, 1; 2, null, null; 3, null, null; 0, null, null; 4, null, null; 6, null, null");
	query_expect(world, "MATCH (b:B) RETURN count(b)", "1");
	query_expect(world, "UNWIND [1, 0] AS i CALL (i) { CREATE (:F {i: 1 / i}) } IN TRANSACTIONS OF 1 ROW ON ERROR FAIL",
		"DivisionByZero");
	query_expect(world,
		"UNWIND [1, 0, 2] AS i CALL (i) { RETURN 4 / i AS q } IN TRANSACTIONS OF 1 ROWS ON ERROR CONTINUE "
		"RETURN collect(q)",
		"[4, 2]");
	/* What the rows come from is no matter of the transactions. */
	query_expect(world,
		"UNWIND [1, 0] AS i WITH 1 / i AS q CALL (q) { CREATE (:F) } IN TRANSACTIONS OF 1 ROW ON ERROR CONTINUE",
		"DivisionByZero");
}

static void test_status(void **state)
{
	(void)state;
	query_expect(world,
		"UNWIND [1, 0, 2] AS i CALL (i) { CREATE (:N {i: 1 / i}) } IN TRANSACTIONS OF 1 ROWS ON ERROR CONTINUE REPORT STATUS AS s "
		"RETURN i, s.started, s.committed, s.errorMessage, s.transactionId",
		"1, true, true, null, transaction-1; 0, true, false, 1 / 0, transaction-2; 2, true, true, null, transaction-3");
	query_expect(world,
		"UNWIND [1, 0, 2] AS i CALL (i) { CREATE (n:M {i: 1 / i}) RETURN n } IN TRANSACTIONS REPORT STATUS AS s ON ERROR BREAK "
		"OF 1 ROWS RETURN i, n.i, s.started AND s.committed, s.transactionId IS NULL",
		"1, 1, true, false; 0, null, false, false; 2, null, false, true");
	query_expect(world,
		"UNWIND range(1, 10) AS i CALL (i) { CREATE (:O {i: 1 / (i - 5)}) } IN TRANSACTIONS OF 4 ROWS "
		"ON ERROR CONTINUE REPORT STATUS AS s WITH s WHERE NOT s.committed RETURN count(*), valueType(s)",
		"4, MAP NOT NULL");
	query_expect(world, "CREATE CONSTRAINT FOR (p:P) REQUIRE p.name IS NOT NULL", "");
	query_expect(world,
		"UNWIND ['a', null, 'd'] AS x CALL (x) { CREATE (:P {name: x}) } IN TRANSACTIONS OF 1 ROWS "
		"ON ERROR CONTINUE REPORT STATUS AS s RETURN collect(s.committed)",
		"[true, false, true]"); /* found out at the commit */
	query_expect(world, "MATCH (p:P) RETURN collect(p.name)", "[a, d]");
}

/* Limits are no failures of one transaction. */
static void test_not_caught(void **state)
{
	(void)state;
	query_world_engine(world, &(struct gfs_engine_opts){ .memory_bytes_max = 2 << 20 });
	query_expect(world,
		"UNWIND [1, 2] AS i CALL (i) { CREATE (n:N {i: size(range(1, 1000000))}) } IN TRANSACTIONS OF 1 ROW ON ERROR CONTINUE",
		"MemoryLimit");
	query_world_engine(world, NULL);
	query_expect(world, "MATCH (n:N) RETURN count(n)", "0");
}

static void test_refused(void **state)
{
	(void)state;
	query_expect(world, "CALL { CREATE (:N) } IN TRANSACTIONS OF 0 ROWS", "NumberOutOfRange");
	query_expect(world, "CALL { CREATE (:N) } IN TRANSACTIONS REPORT STATUS AS s", "InvalidClauseComposition");
	query_expect(world, "WITH 1 AS s CALL { CREATE (:N) } IN TRANSACTIONS ON ERROR BREAK REPORT STATUS AS s",
		"VariableAlreadyBound");
	query_expect(world, "CALL { CREATE (:N) } IN TRANSACTIONS ON ERROR", "UnexpectedSyntax");
	query_expect(world, "CALL { CREATE (:N) } IN TRANSACTIONS OF 1 ROW OF 2 ROWS", "UnexpectedSyntax");
	query_expect(world, "CALL { CREATE (:N) } IN TRANSACTIONS OF -1 ROWS", "NegativeIntegerArgument");
	query_expect(world, "CALL { CALL { CREATE (:N) } IN TRANSACTIONS }", "InvalidClauseComposition");
	query_expect(world, "RETURN EXISTS { CALL { CREATE (:N) } IN TRANSACTIONS RETURN 1 }", "InvalidClauseComposition");
	query_expect(world, "CREATE (:A) WITH 1 AS x CALL { CREATE (:N) } IN TRANSACTIONS", "InvalidClauseComposition");
	query_expect(world, "CALL { CREATE (:N) RETURN 1 AS x } IN TRANSACTIONS CREATE (:A)", "InvalidClauseComposition");
	query_expect(world, "CALL { CREATE (:N) } CALL { CREATE (:N) } IN TRANSACTIONS", "InvalidClauseComposition");
	query_expect(world, "CALL { CREATE (:N) RETURN 1 AS x } IN TRANSACTIONS RETURN x UNION RETURN 2 AS x",
		"InvalidClauseComposition");
	query_expect(world, "MATCH (n) RETURN count(n)", "0");
}

static void test_explain(void **state)
{
	(void)state;
	struct gfs_query_error error;
	struct gfs_result *result;
	OK(gfs_query_run(world->engine,
		gfs_slice_text("EXPLAIN UNWIND [1] AS i CALL { WITH i CREATE (:N) } IN TRANSACTIONS OF 7 ROWS"), NULL, &result,
		&error));
	struct gfs_slice plan = gfs_result_plan(result);
	assert_non_null(memmem(plan.data, plan.size, "TransactionApply 7", strlen("TransactionApply 7")));
	gfs_result_free(result);
	query_expect(world, "MATCH (n) RETURN count(n)", "0");
}

/* 20,000 rows within a limit that as one transaction they would break. */
static void test_memory(void **state)
{
	(void)state;
	query_world_engine(world, &(struct gfs_engine_opts){ .memory_bytes_max = 2 << 20 });
	query_expect(world,
		"UNWIND range(1, 20000) AS i CALL { WITH i CREATE (n:N {i: i})-[r:R]->(:M) WITH n, r DELETE r RETURN n.i AS k } IN TRANSACTIONS "
		"RETURN sum(k)",
		"200010000");
	query_expect(world,
		"UNWIND range(1, 20000) AS i CREATE (n:N {i: i})-[r:R]->(:M) WITH n, r DELETE r RETURN collect(n.i)",
		"MemoryLimit");
	query_world_engine(world, NULL);
	query_expect(world, "MATCH (n:N) RETURN count(n)", "20000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_batches, setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_rows, setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_failure, setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_on_error, setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_status, setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_not_caught, setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_explain, setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_memory, setup, query_world_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
