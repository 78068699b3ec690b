/* Random statements on random graphs: plans with some rewrites against plans with none, predicates against their negations, and answers with every cache
 * against answers with none, between random changes. GFS_SEED repeats a run; GFS_RANDOM_SECONDS makes the first three go on for so long. */
#include "query_generator.h"
#include "query_world.h"

#include "base/checked.h"
#include "base/clock.h"
#include "query/plan.h"
#include "tests/support/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static uint64_t seed_of_run(void)
{
	const char *seed = getenv("GFS_SEED");
	uint64_t value = seed != NULL ? strtoull(seed, NULL, 0) : gfs_clock_real_ns();
	print_message("GFS_SEED=%#llx\n", (unsigned long long)value);
	return value;
}

static unsigned pick(struct rng *rng, unsigned below)
{
	return (unsigned)(rng_next(rng) % below);
}

static void must(struct query_world *world, const char *text)
{
	GFS_AUTO_BUF got = GFS_BUF_INIT;
	query_answer(world, text, NULL, &got);
	if (strchr((const char *)got.data, ':') != NULL)
		fail_msg("%s\n  gave %s", text, (const char *)got.data);
}

/* GFS_RANDOM_SECONDS: how long each of the tests of plans goes on; one round otherwise. */
struct rounds {
	uint64_t seed, until_ns;
	unsigned done;
};

static struct rounds rounds_begin(void)
{
	const char *seconds = getenv("GFS_RANDOM_SECONDS");
	uint64_t ns = seconds != NULL ? strtoull(seconds, NULL, 10) * GFS_NS_PER_S : 0;
	return (struct rounds){ .seed = seed_of_run(), .until_ns = gfs_clock_mono_ns() + ns };
}

/* The seed of the next round, which GFS_SEED repeats alone. */
static bool rounds_next(struct rounds *rounds, struct rng *ret_rng)
{
	if (rounds->done != 0 && gfs_clock_mono_ns() >= rounds->until_ns)
		return false;
	ret_rng->state = rounds->seed + rounds->done++;
	return true;
}

static void make_graph(struct query_world *world, struct rng *rng, unsigned nodes, unsigned rels)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	must(world, "MATCH (n) DETACH DELETE n");
	query_generate_graph(rng, nodes, rels, &text);
	must(world, (const char *)text.data);
}

/* ---- every rewrite against none ---- */

enum { NODES = 14, RELS = 36, STATEMENTS = 120, WRITING_STATEMENTS = 60 };

/* How many answers say nothing, as the statement came to its limits. */
struct tally {
	unsigned statements, errors, empty, over;
};

static bool is_over(const char *answer)
{
	return strncmp(answer, "TimeLimit", 9) == 0 || strncmp(answer, "MemoryLimit", 11) == 0;
}

static bool is_error(const char *answer)
{
	size_t word = strspn(answer, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
	return word >= 6 && answer[word] == ':' && answer[word + 1] == ' ';
}

/* Which row raised an error first is nobody's promise: only its name is compared. */
static void expect_same(const struct rounds *rounds, const struct gfs_buf *a, const struct gfs_buf *b, const char *text)
{
	const char *x = (const char *)a->data, *y = (const char *)b->data;
	if (strcmp(x, y) == 0 || is_over(x) || is_over(y) ||
		(is_error(x) && is_error(y) && strncmp(x, y, strcspn(x, ":") + 1) == 0))
		return;
	fail_msg("%s\n  gave   %s\n  and    %s\n  GFS_SEED=%#llx", text, x, y,
		(unsigned long long)(rounds != NULL ? rounds->seed + rounds->done - 1 : 0));
}

static void count(struct tally *tally, const struct gfs_buf *answer)
{
	const char *text = (const char *)answer->data;
	tally->statements++;
	tally->over += is_over(text);
	tally->errors += is_error(text);
	tally->empty += *text == '\0';
}

/* Statements that say something are most of them, or the test says nothing. */
static void expect_telling(const struct tally *tally)
{
	print_message("%u statements: %u gave no row, %u failed, %u came to a limit\n", tally->statements, tally->empty,
		tally->errors, tally->over);
	assert_true(tally->statements != 0 && tally->errors < tally->statements / 10 + 1);
	/* Most have rows; of 120 statements the luck of the seed may leave half without. */
	assert_true(tally->over < tally->statements / 50 + 1 && tally->empty < tally->statements / 4 * 3);
}

static const struct gfs_engine_opts plain_opts = {
	.passes_off = GFS_PASS_ALL, .time_ms_max = 3000, .plan_cache_off = true, .result_cache_off = true
};
static const struct gfs_engine_opts best_opts = { .time_ms_max = 3000 };

static const char *const indexes[][2] = {
	{ "CREATE INDEX by_x FOR (n:A) ON (n.x)", "DROP INDEX by_x" },
	{ "CREATE INDEX by_i FOR (n:A) ON (n.i)", "DROP INDEX by_i" },
	{ "CREATE INDEX by_m FOR (n:A) ON (n.m)", "DROP INDEX by_m" },
};

static void compare_reading(struct query_world *world, struct rounds *rounds, struct rng *rng, struct tally *tally)
{
	static const struct gfs_run_opts no_cache = { .no_cache = true };
	struct gfs_buf texts[STATEMENTS] = { 0 }, answers[STATEMENTS] = { 0 }, again = { 0 };
	/* Any of the passes, or all. */
	const struct gfs_engine_opts opts = { .time_ms_max = 3000,
		.passes_off = rounds->done % 2 == 0 ? (unsigned int)rng_below(rng, GFS_PASS_ALL + 1) : 0 };
	query_world_engine(world, &opts);
	make_graph(world, rng, NODES, RELS);
	for (unsigned i = 0; rounds->done % 2 == 1 && i < GFS_COUNT(indexes); i++)
		must(world, indexes[i][0]);
	for (unsigned i = 0; i < STATEMENTS; i++) {
		query_generate_reading(rng, &texts[i]);
		query_answer_sorted(world, (const char *)texts[i].data, NULL, &answers[i]);
		count(tally, &answers[i]);
	}
	for (unsigned i = 0; rounds->done % 2 == 1 && i < GFS_COUNT(indexes); i++)
		must(world, indexes[i][1]);
	query_world_engine(world, &plain_opts);
	for (unsigned i = 0; i < STATEMENTS; i++) {
		query_answer_sorted(world, (const char *)texts[i].data, &no_cache, &again);
		expect_same(rounds, &answers[i], &again, (const char *)texts[i].data);
		gfs_buf_release(&texts[i]);
		gfs_buf_release(&answers[i]);
	}
	gfs_buf_release(&again);
}

static void test_plans_of_reading_statements(void **state)
{
	struct rounds rounds = rounds_begin();
	struct tally tally = { 0 };
	struct rng rng;
	while (rounds_next(&rounds, &rng))
		compare_reading(*state, &rounds, &rng, &tally);
	expect_telling(&tally);
}

static const char everything[] =
	"MATCH (n) OPTIONAL MATCH (n)-[r]->(m) RETURN labels(n), properties(n), type(r), properties(r), properties(m)";

/* The answer of a statement on a graph of its own, and all that is there after it. */
static void write_once(
	struct query_world *world, struct rng rng, const char *text, struct gfs_buf *answer, struct gfs_buf *after)
{
	make_graph(world, &rng, NODES / 2, RELS / 2);
	query_answer_sorted(world, text, NULL, answer);
	query_answer_sorted(world, everything, NULL, after);
}

static void compare_writing(struct query_world *world, struct rounds *rounds, struct rng *rng, struct tally *tally)
{
	struct gfs_buf texts[WRITING_STATEMENTS] = { 0 }, answers[WRITING_STATEMENTS] = { 0 },
				   afters[WRITING_STATEMENTS] = { 0 }, answer = { 0 }, after = { 0 };
	struct rng same = *rng;
	(void)rng_next(rng); /* graphs follow from `same`, statements from what comes now */
	query_world_engine(world, &best_opts);
	for (unsigned i = 0; i < WRITING_STATEMENTS; i++) {
		query_generate_writing(rng, &texts[i]);
		write_once(world, same, (const char *)texts[i].data, &answers[i], &afters[i]);
		count(tally, &answers[i]);
	}
	query_world_engine(world, &plain_opts);
	for (unsigned i = 0; i < WRITING_STATEMENTS; i++) {
		const char *text = (const char *)texts[i].data;
		write_once(world, same, text, &answer, &after);
		expect_same(rounds, &answers[i], &answer, text);
		if (!is_over((const char *)answer.data) && !is_over((const char *)answers[i].data))
			expect_same(rounds, &afters[i], &after, text);
		gfs_buf_release(&texts[i]);
		gfs_buf_release(&answers[i]);
		gfs_buf_release(&afters[i]);
	}
	gfs_buf_release(&answer);
	gfs_buf_release(&after);
	require_clean(world->fixture.graph);
}

static void test_plans_of_writing_statements(void **state)
{
	struct rounds rounds = rounds_begin();
	struct tally tally = { 0 };
	struct rng rng;
	while (rounds_next(&rounds, &rng))
		compare_writing(*state, &rounds, &rng, &tally);
	expect_telling(&tally);
}

/* ---- three values of logic ---- */

/* -1: it came to its limits. */
static long rows_where(
	struct query_world *world, const char *match, const char *before, const char *predicate, const char *after)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	GFS_AUTO_BUF answer = GFS_BUF_INIT;
	char *end;
	gfs_buf_printf(&text, "%s%s%s%s RETURN count(*)", match, before, predicate, after);
	gfs_buf_append_u8(&text, '\0');
	query_answer(world, (const char *)text.data, NULL, &answer);
	long rows = strtol((const char *)answer.data, &end, 10);
	if (*end != '\0' && !is_over((const char *)answer.data))
		fail_msg("%s\n  gave %s", (const char *)text.data, (const char *)answer.data);
	return *end == '\0' ? rows : -1;
}

/* True when both sides have rows. */
static bool part_rows(struct query_world *world, struct rng *rng)
{
	GFS_AUTO_BUF match_text = GFS_BUF_INIT;
	GFS_AUTO_BUF predicate_text = GFS_BUF_INIT;
	query_generate_predicate(rng, &match_text, &predicate_text);
	const char *match = (const char *)match_text.data, *predicate = (const char *)predicate_text.data;
	long all = rows_where(world, match, "", "", ""), yes = rows_where(world, match, "WHERE ", predicate, ""),
		 no = rows_where(world, match, "WHERE NOT (", predicate, ")"),
		 unknown = rows_where(world, match, "WHERE (", predicate, ") IS NULL");
	if (all < 0 || yes < 0 || no < 0 || unknown < 0)
		return false;
	if (all != yes + no + unknown)
		fail_msg("%sWHERE %s\n  %ld rows, of which %ld true, %ld false, %ld unknown", match, predicate, all, yes, no,
			unknown);
	return yes != 0 && no != 0;
}

/* Each row is one where the predicate is true, or its negation, or where it is unknown. */
static void test_predicates_part_the_rows(void **state)
{
	struct query_world *world = *state;
	struct rounds rounds = rounds_begin();
	struct rng rng;
	unsigned parted = 0;
	while (rounds_next(&rounds, &rng)) {
		query_world_engine(world, &best_opts);
		make_graph(world, &rng, NODES, RELS);
		for (unsigned i = 0; i < STATEMENTS; i++)
			parted += part_rows(world, &rng);
	}
	assert_true(parted != 0);
}

/* ---- every cache against none ---- */

enum { CHANGES = 1500, CACHE_NODES = 300 };

static const char *const looks[] = {
	"MATCH (n:A) RETURN count(n)",
	"MATCH (n:A) RETURN n.x, count(*)",
	"MATCH (n) WHERE n.x >= 3 RETURN n.i, n.s",
	"MATCH (n:A)-[:T]->(m:B) RETURN n.i, m.x",
	"MATCH (n)-[r:U]->(m)-[:U]->(o) RETURN count(*), sum(o.x)",
	"MATCH (n:B {x: 3}) RETURN n",
	"MATCH ()-[r:T]->() RETURN count(r), sum(r.w)",
	"MATCH (n {i: 7}) RETURN n.s, n:A, labels(n)",
	"MATCH (n:C) OPTIONAL MATCH (n)-[:V]->(m) RETURN n.i, m.i",
	"MATCH (n:New) RETURN count(n)",
	"MATCH (n) RETURN count(*)",
	"MATCH (n) WHERE key(n) = 'k3' RETURN n.x",
};

static const char *const changes[] = {
	"MATCH (n {i: %u}) SET n.x = %u",
	"MATCH (n {i: %u}) SET n:A",
	"MATCH (n {i: %u}) REMOVE n:A",
	"MATCH (n {i: %u}), (m {i: %u}) CREATE (n)-[:T {w: 1}]->(m)",
	"MATCH (n {i: %u})-[r:T]->() DELETE r",
	"MATCH (n {i: %u})-[r:U]->(m) SET r.w = %u DELETE r CREATE (m)-[:U]->(n)",
	"CREATE (:New:B {i: %u, x: %u})",
	"MATCH (n:New {i: %u}) DETACH DELETE n",
	"MATCH (n {i: %u}) SET n.s = 'other'",
	"MATCH (n {i: %u}) REMOVE n.x",
	"MERGE (n {name: 'k3'}) SET n.x = %u",
};

/* The same kinds of change through the graph itself, as the filesystem makes them. */
static void change_below(struct query_world *world, struct rng *rng)
{
	struct gfs_tx *tx = tx_begin(&world->fixture);
	uint64_t id = 1 + pick(rng, CACHE_NODES);
	struct gfs_value value = { .type = GFS_TYPE_INTEGER, .newline = true, .integer = pick(rng, 6) };
	uint16_t name;
	int err = 0;
	if (pick(rng, 2) == 0) {
		OK(gfs_name_make(tx, GFS_CATALOG_KEY, gfs_slice_text("x"), &name));
		err = gfs_prop_set(tx, node_entity(id), name, &value);
	} else {
		OK(gfs_name_make(tx, GFS_CATALOG_LABEL, gfs_slice_text("A"), &name));
		err = gfs_node_add_label(tx, id, name);
	}
	if (err != 0)
		gfs_tx_abort(tx);
	else
		tx_commit(tx);
}

static void change(struct query_world *world, struct rng *rng)
{
	char text[256];
	GFS_AUTO_BUF got = GFS_BUF_INIT;
	if (pick(rng, 4) == 0) {
		change_below(world, rng);
		return;
	}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)snprintf(text, sizeof text, changes[pick(rng, GFS_COUNT(changes))], pick(rng, CACHE_NODES), pick(rng, 6));
#pragma GCC diagnostic pop
	query_answer(world, text, NULL, &got); /* one that fails changes nothing */
}

static void test_caches(void **state)
{
	struct query_world *world = *state;
	struct rng rng = { seed_of_run() };
	GFS_AUTO_BUF cached = GFS_BUF_INIT;
	GFS_AUTO_BUF fresh = GFS_BUF_INIT;
	const struct gfs_run_opts without = { .no_cache = true };
	struct gfs_engine_stats stats;
	query_world_engine(world, NULL);
	make_graph(world, &rng, CACHE_NODES, 600);
	for (unsigned i = 0; i < CHANGES; i++) {
		const char *text = looks[pick(&rng, GFS_COUNT(looks))];
		if (pick(&rng, 3) != 0)
			change(world, &rng);
		query_answer_sorted(world, text, NULL, &cached);
		query_answer_sorted(world, text, &without, &fresh);
		expect_same(NULL, &cached, &fresh, text);
	}
	gfs_engine_stats(world->engine, &stats);
	print_message("%llu plans and %llu answers from the cache\n", (unsigned long long)stats.plan_hits,
		(unsigned long long)stats.answer_hits);
	assert_true(stats.plan_hits > CHANGES / 4 && stats.answer_hits > CHANGES / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_plans_of_reading_statements, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_plans_of_writing_statements, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_predicates_part_the_rows, query_world_setup, query_world_teardown),
		cmocka_unit_test_setup_teardown(test_caches, query_world_setup, query_world_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
