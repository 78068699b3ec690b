/* Texts that come again: from the third time on they are not read any more, and still mean what they say. */
#include "query_world.h"

#include "base/checked.h"
#include "graph/index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { TIMES = 4 };

/* Results are made each time: it is the plans that are looked at. */
static int setup(void **state)
{
	int err = query_world_setup(state);
	if (err == 0)
		query_world_engine(*state, &(struct gfs_engine_opts){ .result_cache_off = true });
	return err;
}

static uint64_t plans_made(struct query_world *world)
{
	struct gfs_engine_stats stats;
	gfs_engine_stats(world->engine, &stats);
	return stats.plan_misses;
}

static void test_texts_keep_their_literals(void **state)
{
	struct query_world *world = *state;
	char text[96], wanted[32];
	query_expect(world, "UNWIND range(0, 9) AS i CREATE (:N {i: i, s: 'name ' + i})", "");
	query_expect(world, "MATCH (n:N) WHERE n.s = 'none' AND n.i = 0 RETURN n.s", "");
	uint64_t made = plans_made(world);
	for (unsigned k = 0; k < TIMES * 10; k++) {
		(void)snprintf(
			text, sizeof text, "MATCH (n:N) WHERE n.s = 'n\\u0061me %u' AND n.i = %u RETURN n.s", k % 10, k % 10);
		(void)snprintf(wanted, sizeof wanted, "name %u", k % 10);
		query_expect(world, text, wanted);
	}
	assert_int_equal(plans_made(world), made);
}

static void test_parameters_beside_literals(void **state)
{
	struct query_world *world = *state;
	GFS_AUTO_BUF got = GFS_BUF_INIT;
	query_expect(world, "UNWIND range(0, 9) AS i CREATE (:N {i: i, j: i % 2})", "");
	for (unsigned k = 0; k < TIMES; k++) {
		char wanted[32];
		const struct gfs_param param = { gfs_slice_text("i"), gfs_datum_integer(k) };
		const struct gfs_run_opts opts = { .params = &param, .param_count = 1 };
		query_answer(world, "MATCH (n:N) WHERE n.j = 1 AND n.i > $i RETURN count(n)", &opts, &got);
		(void)snprintf(wanted, sizeof wanted, "%u", 5 - k / 2 - (k % 2));
		assert_string_equal(wanted, (const char *)got.data);
	}
}

static void test_schema_changes_are_seen(void **state)
{
	static const char text[] = "MATCH (n:N) WHERE n.i = 7 RETURN n.i";
	struct query_world *world = *state;
	struct gfs_message message;
	query_expect(world, "UNWIND range(0, 9) AS i CREATE (:N {i: i})", "");
	query_expect(world, "CREATE INDEX FOR (n:N) ON (n.i)", "");
	assert_int_equal(gfs_index_wait(world->fixture.graph, 1, NULL, NULL, &message), 0);
	for (unsigned k = 0; k < TIMES; k++)
		query_expect(world, text, "7");
	uint64_t made = plans_made(world);
	query_expect(world, "DROP INDEX ON :N(i)", "");
	for (unsigned k = 0; k < TIMES; k++)
		query_expect(world, text, "7");
	/* That of DROP INDEX, which has none to keep, and one without the index; perhaps another when the builder has cleared it. */
	uint64_t more = plans_made(world) - made;
	assert_true(more == 2 || more == 3);
}

/* Memory that a statement had goes to the next one: nothing of the first may show. */
static void test_results_begin_empty(void **state)
{
	struct query_world *world = *state;
	for (unsigned k = 0; k < TIMES; k++) {
		query_expect(world, "RETURN $missing", "MissingParameter");
		query_expect(
			world, "UNWIND range(1, 3000) AS i WITH collect('a long text ' + i) AS all RETURN size(all)", "3000");
		query_expect(world, "MATCH (n:Nowhere) RETURN n", "");
		query_expect(world, "CREATE (n:M {k: 1}) RETURN n.k", "1");
		query_expect(world, "RETURN 1 / 0", "DivisionByZero");
		query_expect(world, "MATCH (n:M) WITH n LIMIT 1 DELETE n RETURN 2", "2");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_texts_keep_their_literals, setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_parameters_beside_literals, setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_schema_changes_are_seen, setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_results_begin_empty, setup, query_world_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
