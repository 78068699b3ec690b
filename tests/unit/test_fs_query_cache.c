/* What statements take from the caches of plans and results and put into them, case by case, as /.graphfs/cache/query counts it. */
#include "base/checked.h"
#include "fs/control.h"
#include "graph/index.h"
#include "graph_fixture.h"
#include "query/query.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct fixture f;
static struct gfs_fs fs;

static int setup(void **state)
{
	(void)state;
	fixture_create(&f);
	fixture_open(&f);
	fs = (struct gfs_fs){ .graph = f.graph };
	return gfs_engine_new(f.graph, NULL, &fs.engine);
}

static int teardown(void **state)
{
	(void)state;
	gfs_engine_free(fs.engine);
	fixture_destroy(&f);
	return 0;
}

/* ---- /.graphfs/cache/query ---- */

static uint64_t file_id(const char *name)
{
	uint64_t id = 0;
	const char *const path[] = { "cache", "query", name };
	for (size_t i = 0; i < GFS_COUNT(path); i++)
		OK(gfs_control_lookup(id, path[i], &id));
	return id;
}

static uint64_t counter(const char *name)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	OK(gfs_control_read(&fs, file_id(name), &text));
	gfs_buf_append_u8(&text, '\0');
	return strtoull((const char *)text.data, NULL, 10);
}

static void set(const char *name, const char *value)
{
	OK(gfs_control_write(&fs, file_id(name), gfs_slice_text(value)));
}

/* ---- statements ---- */

/* The rows as CSV, or the detail of the error. */
static void answer(const char *text, const struct gfs_run_opts *opts, struct gfs_buf *out)
{
	struct gfs_query_error error;
	struct gfs_result *result;
	const struct gfs_datum *rows;
	size_t count = 1;
	gfs_buf_clear(out);
	int err = gfs_query_run(fs.engine, gfs_slice_text(text), opts, &result, &error);
	if (err == 0) {
		while (err == 0 && count != 0) {
			err = gfs_result_next(result, &rows, &count, &error);
			for (size_t i = 0; err == 0 && i < count * gfs_result_column_count(result); i++)
				if (rows[i].type == GFS_DATUM_INTEGER)
					gfs_buf_printf(out, "%" PRId64 ";", rows[i].integer);
				else
					gfs_buf_append_text(out, "*;");
		}
		gfs_result_free(result);
	}
	if (err != 0)
		gfs_buf_printf(out, "%s", error.detail);
	gfs_buf_append_u8(out, '\0');
}

/* Until all indexes are built: that is a change of its own. */
static void wait_for_indexes(void)
{
	struct gfs_index_info info;
	struct gfs_message message;
	for (unsigned from = 1;; from = info.id + 1u) {
		gfs_graph_read_begin(f.graph);
		int err = gfs_index_next(f.graph, from, &info);
		gfs_graph_read_end(f.graph);
		if (err != 0)
			return;
		OK(gfs_index_wait(f.graph, info.id, NULL, NULL, &message));
	}
}

/* "$x=7 TEXT" gives a parameter, ">FILE VALUE" writes into a file of cache/query, "!TEXT" must fail. */
static void step(const char *text)
{
	GFS_AUTO_BUF got = GFS_BUF_INIT;
	struct gfs_param param = { .name = gfs_slice_text("x") };
	struct gfs_run_opts opts = { .params = &param };
	if (text[0] == '>') {
		char name[32];
		const char *value = strchr(text, ' ');
		(void)snprintf(name, sizeof name, "%.*s", (int)(value - text - 1), text + 1);
		set(name, value + 1);
		return;
	}
	if (text[0] == '$') {
		char *end;
		param.value = gfs_datum_integer(strtoll(text + 3, &end, 10));
		opts.param_count = 1;
		text = end + 1;
	}
	bool fails = text[0] == '!';
	answer(text + fails, &opts, &got);
	const char *shown = (const char *)got.data;
	if (fails != (shown[0] >= 'A' && shown[0] <= 'Z'))
		fail_msg("%s\n  gave %s", text, shown);
	wait_for_indexes();
}

/* ---- the cases ---- */

struct moves {
	unsigned plans_hits, plans_misses, results_hits, results_misses, insertions;
};

#define ANY_NUMBER UINT32_MAX

/* What may come of a statement that looks for a result and then for a plan. */
#define RESULT_HIT                                                                                                     \
	{                                                                                                                  \
		0, 0, 1, 0, 0                                                                                                  \
	}
#define PLAN_HIT                                                                                                       \
	{                                                                                                                  \
		1, 0, 0, 1, 1                                                                                                  \
	}
/* The same text came before: its literals are kept beside the result. */
#define PLAN_HIT_TEXT_KEPT                                                                                             \
	{                                                                                                                  \
		1, 0, 0, 1, 2                                                                                                  \
	}
/* An index is dropped in the background, and while something is written no result is kept. */
#define MISS_PERHAPS_KEPT                                                                                              \
	{                                                                                                                  \
		0, 1, 0, 1, ANY_NUMBER                                                                                         \
	}
#define PLAN_HIT_NOTHING_KEPT                                                                                          \
	{                                                                                                                  \
		1, 0, 0, 1, 0                                                                                                  \
	}
#define MISS                                                                                                           \
	{                                                                                                                  \
		0, 1, 0, 1, 2                                                                                                  \
	}
#define MISS_PLAN_KEPT                                                                                                 \
	{                                                                                                                  \
		0, 1, 0, 1, 1                                                                                                  \
	}
#define MISS_NOTHING_KEPT                                                                                              \
	{                                                                                                                  \
		0, 1, 0, 1, 0                                                                                                  \
	}
#define NOTHING                                                                                                        \
	{                                                                                                                  \
		0, 0, 0, 0, 0                                                                                                  \
	}

enum { STEPS_MAX = 4 };

static const struct named_case {
	const char *name;
	const char *before[STEPS_MAX];
	const char *text; /* what is counted */
	struct moves moves;
} cases[] = {
	{ "a text that is new", { NULL }, "MATCH (n:N {i: 1}) RETURN n.s", MISS },
	{ "the same text", { "MATCH (n:N {i: 1}) RETURN n.s" }, "MATCH (n:N {i: 1}) RETURN n.s", RESULT_HIT },
	{ "another literal", { "MATCH (n:N {i: 1}) RETURN n.s" }, "MATCH (n:N {i: 2}) RETURN n.s", PLAN_HIT },
	{ "a literal of another type", { "MATCH (n:N {i: 1}) RETURN n.s" }, "MATCH (n:N {i: '1'}) RETURN n.s", MISS },
	{ "a literal that names a column", { "MATCH (n:N {i: 1}) RETURN n.i + 1" }, "MATCH (n:N {i: 1}) RETURN n.i + 2",
		MISS },
	{ "a literal that is compared in a column", { "MATCH (n:N) RETURN n.i = 1" }, "MATCH (n:N) RETURN n.i = 2", MISS },
	{ "a literal in a subquery in a column", { "MATCH (n:N) RETURN EXISTS { MATCH (m {i: 1}) }" },
		"MATCH (n:N) RETURN EXISTS { MATCH (m {i: 2}) }", MISS },
	{ "no graph at all", { "UNWIND [1, 2] AS x RETURN x" }, "UNWIND [1, 2] AS x RETURN x", RESULT_HIT },
	{ "blanks and comments", { "MATCH (n:N {i: 1}) RETURN n.s" }, "MATCH  (n:N /* which */ {i: 1})\nRETURN n.s",
		PLAN_HIT },
	{ "blanks that name a column", { "MATCH (n:N {i: 1}) RETURN n.i + 1" }, "MATCH (n:N {i: 1}) RETURN n.i+1", MISS },
	{ "the same parameter", { "$x=1 MATCH (n:N {i: $x}) RETURN n.s" }, "$x=1 MATCH (n:N {i: $x}) RETURN n.s",
		RESULT_HIT },
	{ "another parameter", { "$x=1 MATCH (n:N {i: $x}) RETURN n.s" }, "$x=2 MATCH (n:N {i: $x}) RETURN n.s", PLAN_HIT },
	{ "an index is made", { "MATCH (n:N {i: 1}) RETURN n.s", "CREATE INDEX by_i FOR (n:N) ON (n.i)" },
		"MATCH (n:N {i: 2}) RETURN n.s", MISS },
	{ "an index is dropped",
		{ "CREATE INDEX by_i FOR (n:N) ON (n.i)", "MATCH (n:N {i: 1}) RETURN n.s", "DROP INDEX by_i" },
		"MATCH (n:N {i: 2}) RETURN n.s", MISS_PERHAPS_KEPT },
	{ "a constraint is made",
		{ "MATCH (n:N {i: 1}) RETURN n.s", "CREATE CONSTRAINT only FOR (m:M) REQUIRE m.other IS UNIQUE" },
		"MATCH (n:N {i: 2}) RETURN n.s", MISS },
	{ "there are many more nodes",
		{ "MATCH (n:N {i: 1})-->(m:M) RETURN m.i", "UNWIND range(1, 5000) AS i CREATE (:M)" },
		"MATCH (n:N {i: 2})-->(m:M) RETURN m.i", MISS },
	{ "there are some more nodes", { "MATCH (n:N {i: 1})-->(m:M) RETURN m.i", "UNWIND range(1, 100) AS i CREATE (:M)" },
		"MATCH (n:N {i: 2})-->(m:M) RETURN m.i", PLAN_HIT },
	{ "a property that it reads is written", { "MATCH (n:N {i: 1}) RETURN n.s", "MATCH (n:N {i: 2}) SET n.s = 'b'" },
		"MATCH (n:N {i: 1}) RETURN n.s", PLAN_HIT_TEXT_KEPT },
	{ "a property that it does not read is written",
		{ "MATCH (n:N {i: 1}) RETURN n.s", "MATCH (n:N {i: 1}) SET n.other = 1" }, "MATCH (n:N {i: 1}) RETURN n.s",
		RESULT_HIT },
	{ "a property of another label is written", { "MATCH (n:N {i: 1}) RETURN n.s", "MATCH (m:M) SET m.w = 1" },
		"MATCH (n:N {i: 1}) RETURN n.s", RESULT_HIT },
	{ "its label is given to a node", { "MATCH (n:N) RETURN count(n)", "MATCH (m:M {i: 1}) SET m:N" },
		"MATCH (n:N) RETURN count(n)", PLAN_HIT },
	{ "its label is taken from a node", { "MATCH (n:N) RETURN count(n)", "MATCH (n:N {i: 1}) REMOVE n:N" },
		"MATCH (n:N) RETURN count(n)", PLAN_HIT },
	{ "another label is given to its nodes", { "MATCH (n:N) RETURN count(n)", "MATCH (n:N {i: 1}) SET n:Z" },
		"MATCH (n:N) RETURN count(n)", RESULT_HIT },
	{ "a node of its label is made", { "MATCH (n:N) RETURN count(n)", "CREATE (:N)" }, "MATCH (n:N) RETURN count(n)",
		PLAN_HIT },
	{ "a node of another label is made", { "MATCH (n:N) RETURN count(n)", "CREATE (:M)" },
		"MATCH (n:N) RETURN count(n)", RESULT_HIT },
	{ "any node is made, and it looks at all", { "MATCH (n) RETURN count(n)", "CREATE (:M)" },
		"MATCH (n) RETURN count(n)", PLAN_HIT },
	{ "a relationship of its type is made",
		{ "MATCH ()-[r:T]->() RETURN count(r)", "MATCH (n:N {i: 1}), (m:M {i: 1}) CREATE (m)-[:T]->(n)" },
		"MATCH ()-[r:T]->() RETURN count(r)", PLAN_HIT },
	{ "a relationship of another type is made",
		{ "MATCH ()-[r:T]->() RETURN count(r)", "MATCH (n:N {i: 1}), (m:M {i: 1}) CREATE (m)-[:U]->(n)" },
		"MATCH ()-[r:T]->() RETURN count(r)", RESULT_HIT },
	{ "a relationship of its type is deleted",
		{ "MATCH ()-[r:T]->() RETURN count(r)", "MATCH (:N {i: 1})-[r]->() DELETE r" },
		"MATCH ()-[r:T]->() RETURN count(r)", PLAN_HIT },
	{ "a name comes into being", { "MATCH (n:Unheard) RETURN count(n)", "CREATE (:Unheard)" },
		"MATCH (n:Unheard) RETURN count(n)", PLAN_HIT },
	{ "whole nodes are shown, and one changes", { "MATCH (n:N {i: 1}) RETURN n", "MATCH (n:N {i: 1}) SET n.other = 2" },
		"MATCH (n:N {i: 1}) RETURN n", PLAN_HIT_TEXT_KEPT },
	{ "rand()", { "RETURN rand() > 2" }, "RETURN rand() > 2", PLAN_HIT_NOTHING_KEPT },
	{ "timestamp()", { "RETURN timestamp() < 0" }, "RETURN timestamp() < 0", PLAN_HIT_NOTHING_KEPT },
	{ "date() of now", { "RETURN date() IS NULL" }, "RETURN date() IS NULL", PLAN_HIT_NOTHING_KEPT },
	{ "date() of a text", { "RETURN date('2020-02-29').year" }, "RETURN date('2020-02-29').year", RESULT_HIT },
	{ "randomUUID() in a subquery",
		{ "MATCH (n:N) WHERE EXISTS { MATCH (m:M) WHERE randomUUID() IS NULL } RETURN n.i" },
		"MATCH (n:N) WHERE EXISTS { MATCH (m:M) WHERE randomUUID() IS NULL } RETURN n.i", PLAN_HIT_NOTHING_KEPT },
	{ "CYPHER cache=off", { "CYPHER cache=off MATCH (n:N) RETURN count(n)" },
		"CYPHER cache=off MATCH (n:N) RETURN count(n)", MISS_NOTHING_KEPT },
	{ "the layer is off", { "MATCH (n:N {i: 1}) RETURN n.s", ">enabled 0" }, "MATCH (n:N {i: 1}) RETURN n.s",
		MISS_NOTHING_KEPT },
	{ "the cache of plans is off", { "MATCH (n:N {i: 1}) RETURN n.s", ">plans_enabled 0" },
		"MATCH (n:N {i: 2}) RETURN n.s", { 0, 0, 0, 1, 1 } },
	{ "the cache of results is off", { "MATCH (n:N) RETURN n.s", ">results_enabled 0" }, "MATCH (n:N) RETURN n.s",
		{ 1, 0, 0, 0, 0 } },
	{ "both caches are off", { "MATCH (n:N {i: 1}) RETURN n.s", ">plans_enabled 0", ">results_enabled 0" },
		"MATCH (n:N {i: 1}) RETURN n.s", NOTHING },
	{ "a statement that is no Cypher", { "!MATCH (n" }, "!MATCH (n", MISS_NOTHING_KEPT },
	{ "a statement that fails as it runs", { "!MATCH (n:N) RETURN n.i / 0" }, "!MATCH (n:N) RETURN n.i / 0",
		PLAN_HIT_NOTHING_KEPT },
	{ "a failed statement had to do with its label", { "MATCH (n:N) RETURN count(n)", "!CREATE (n:N) RETURN 1 / 0" },
		"MATCH (n:N) RETURN count(n)", PLAN_HIT },
	{ "a failed statement had to do with another label",
		{ "MATCH (n:N) RETURN count(n)", "!CREATE (m:M) RETURN 1 / 0" }, "MATCH (n:N) RETURN count(n)", RESULT_HIT },
	{ "a writing statement", { "CREATE (:M)" }, "CREATE (:M)", PLAN_HIT_NOTHING_KEPT },
	{ "a writing statement with another literal", { "CREATE (:M {i: 7})" }, "CREATE (:M {i: 8})",
		PLAN_HIT_NOTHING_KEPT },
	{ "EXPLAIN", { "EXPLAIN MATCH (n:N) RETURN n.i" }, "EXPLAIN MATCH (n:N) RETURN n.i", MISS_NOTHING_KEPT },
	{ "PROFILE", { "PROFILE MATCH (n:N) RETURN n.i" }, "PROFILE MATCH (n:N) RETURN n.i", MISS_NOTHING_KEPT },
	{ "a procedure", { "CALL db.labels()" }, "CALL db.labels()", MISS_NOTHING_KEPT },
	{ "a result that is too large to be kept", { "UNWIND range(1, 200000) AS x RETURN x" },
		"UNWIND range(1, 200000) AS x RETURN x", PLAN_HIT_NOTHING_KEPT },
};

static struct moves counters(void)
{
	return (struct moves){ (unsigned)counter("plans_hits"), (unsigned)counter("plans_misses"),
		(unsigned)counter("results_hits"), (unsigned)counter("results_misses"), (unsigned)counter("insertions") };
}

/* And caches that know nothing. */
static void make_graph(void)
{
	gfs_engine_free(fs.engine);
	OK(gfs_engine_new(f.graph, NULL, &fs.engine));
	step(">enabled 1");
	step("CYPHER cache=off MATCH (n) DETACH DELETE n");
	step("CYPHER cache=off UNWIND range(1, 5) AS i CREATE (:N {i: i, s: 'a'})-[:T {w: i}]->(:M {i: i})");
}

static void drop_indexes(void)
{
	step("DROP INDEX by_i IF EXISTS");
	step("DROP CONSTRAINT only IF EXISTS");
}

static void check_case(const struct named_case *c)
{
	make_graph();
	for (size_t i = 0; i < STEPS_MAX && c->before[i] != NULL; i++)
		step(c->before[i]);
	struct moves before = counters();
	step(c->text);
	struct moves after = counters();
	const struct moves got = { after.plans_hits - before.plans_hits, after.plans_misses - before.plans_misses,
		after.results_hits - before.results_hits, after.results_misses - before.results_misses,
		after.insertions - before.insertions };
	bool same = memcmp(&got, &c->moves, offsetof(struct moves, insertions)) == 0 &&
		(got.insertions == c->moves.insertions || c->moves.insertions == ANY_NUMBER);
	if (!same)
		fail_msg(
			"%s: %s\n  plans %u hits (wanted %u), %u misses (%u); results %u hits (%u), %u misses (%u); %u insertions (%u)",
			c->name, c->text, got.plans_hits, c->moves.plans_hits, got.plans_misses, c->moves.plans_misses,
			got.results_hits, c->moves.results_hits, got.results_misses, c->moves.results_misses, got.insertions,
			c->moves.insertions);
	drop_indexes();
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < GFS_COUNT(cases); i++)
		check_case(&cases[i]);
	print_message("%zu cases\n", GFS_COUNT(cases));
}

/* What the layer counts is what plans and results count: a look-up each, and two for a plan that is not found under its text. */
static void test_layer(void **state)
{
	(void)state;
	make_graph();
	uint64_t hits = counter("hits"), misses = counter("misses"), entries = counter("entries");
	step("MATCH (n:N {i: 1}) RETURN n.s");
	assert_true(counter("entries") > entries && counter("misses") > misses && counter("hits") == hits);
	misses = counter("misses");
	step("MATCH (n:N {i: 1}) RETURN n.s");
	assert_int_equal(counter("hits"), hits + 1);
	assert_int_equal(counter("misses"), misses);
	assert_true(counter("used") > 0);
	step(">enabled 0");
	assert_int_equal(counter("entries"), 0);
	assert_int_equal(counter("used"), 0);
	step(">enabled 1");
	assert_int_equal(gfs_control_write(&fs, file_id("plans_enabled"), gfs_slice_text("yes")), GFS_ERR_INVALID);
	assert_int_equal(gfs_control_write(&fs, file_id("results_hits"), gfs_slice_text("0")), GFS_ERR_ACCESS);
}

/* More results than there is room for: some go, and the layer keeps to its limit. */
static void test_eviction(void **state)
{
	(void)state;
	char text[128];
	make_graph();
	set("limit", "256K");
	uint64_t evictions = counter("evictions"), limit = counter("limit");
	for (unsigned i = 0; i < 400; i++) {
		(void)snprintf(text, sizeof text, "UNWIND range(1, 100) AS x RETURN x + %u AS y", i);
		step(text);
		assert_true(counter("used") <= limit);
	}
	assert_true(counter("evictions") > evictions);
	assert_true(counter("entries") > 0);
	set("limit", "0");
}

/* ---- what a plan from the cache shows of the text that is run ---- */

/* Columns without names are called what they look like. */
static void test_columns_are_called_as_written(void **state)
{
	(void)state;
	static const char *const texts[][2] = {
		{ "MATCH (n:N {i: 1}) RETURN n.i+1", "n.i+1" },
		{ "MATCH (n:N {i: 2}) RETURN n.i  +  1", "n.i  +  1" },
		{ "MATCH (n:N {i: 3}) RETURN n.i /* one */ + 1", "n.i /* one */ + 1" },
		{ "MATCH (n:N {i: 4})  RETURN n.i+1", "n.i+1" },
	};
	make_graph();
	for (size_t i = 0; i < GFS_COUNT(texts); i++) {
		struct gfs_query_error error;
		struct gfs_result *result;
		OK(gfs_query_run(fs.engine, gfs_slice_text(texts[i][0]), NULL, &result, &error));
		struct gfs_slice column = gfs_result_column(result, 0);
		assert_int_equal(column.size, strlen(texts[i][1]));
		assert_memory_equal(column.data, texts[i][1], column.size);
		gfs_result_free(result);
	}
}

/* An error points into the text that failed, not into the one that the plan was made of. */
static void test_errors_point_into_their_text(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned line, column;
	} texts[] = {
		{ "MATCH (n:N)  WHERE  n.i = 1000000 OR n.i[0] = 1 RETURN n.s", 1, 38 },
		{ "MATCH (n:N) WHERE n.i = 1 OR n.i[0] = 1 RETURN n.s", 1, 30 },
		{ "MATCH (n:N)\nWHERE n.i = 12 OR\n  n.i[0] = 1 RETURN n.s", 3, 3 },
	};
	make_graph();
	step(">results_enabled 0");
	for (size_t i = 0; i < GFS_COUNT(texts); i++) {
		struct gfs_query_error error;
		struct gfs_result *result;
		uint64_t hits = counter("plans_hits");
		assert_int_not_equal(gfs_query_run(fs.engine, gfs_slice_text(texts[i].text), NULL, &result, &error), 0);
		assert_int_equal(counter("plans_hits"), hits + (i != 0));
		assert_int_equal(error.pos.line, texts[i].line);
		assert_int_equal(error.pos.column, texts[i].column);
		assert_true(error.pos.offset < strlen(texts[i].text));
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_cases),
		TEST(test_layer),
		TEST(test_eviction),
		TEST(test_columns_are_called_as_written),
		TEST(test_errors_point_into_their_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
