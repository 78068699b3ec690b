/* Random statements on random graphs: plans with every rewrite against plans with none, and answers with every cache against answers with none, between
 * random changes. GFS_SEED repeats a run. */
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

/* ---- a graph ---- */

static void make_graph(struct query_world *world, struct rng *rng, unsigned nodes, unsigned rels)
{
	static const char *const labels[] = { "", ":A", ":B", ":A:B", ":C" };
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	must(world, "MATCH (n) DETACH DELETE n");
	gfs_buf_append_text(&text, "CREATE ");
	for (unsigned i = 0; i < nodes; i++)
		gfs_buf_printf(&text, "%s(n%u%s {i: %u, x: %u, s: 's%u'})", i == 0 ? "" : ", ", i,
			labels[pick(rng, GFS_COUNT(labels))], i, pick(rng, 6), pick(rng, 4));
	for (unsigned i = 0; i < rels; i++)
		gfs_buf_printf(&text, ", (n%u)-[:%c {w: %u}]->(n%u)", pick(rng, nodes), "TUV"[pick(rng, 3)], pick(rng, 4),
			pick(rng, nodes));
	gfs_buf_append_u8(&text, '\0');
	must(world, (const char *)text.data);
}

/* ---- statements ---- */

static void put_node(struct rng *rng, struct gfs_buf *out, unsigned at)
{
	static const char *const labels[] = { "", "", "", "", "", ":A", ":B", ":A&B", ":!C", ":A|C" };
	gfs_buf_printf(out, "(n%u%s", at, labels[pick(rng, GFS_COUNT(labels))]);
	if (pick(rng, 10) == 0)
		gfs_buf_printf(out, " {x: %u}", pick(rng, 6));
	gfs_buf_append_u8(out, ')');
}

static void put_rel(struct rng *rng, struct gfs_buf *out, unsigned at)
{
	static const char *const types[] = { "", "", ":T", ":U", ":T|U" };
	static const char *const lengths[] = { "", "", "", "*1..2", "*0..1", "*2" };
	const char *length = lengths[pick(rng, GFS_COUNT(lengths))];
	unsigned direction = pick(rng, 3);
	gfs_buf_append_text(out, direction == 0 ? "<-[" : "-[");
	gfs_buf_printf(out, "r%u%s%s", at, types[pick(rng, GFS_COUNT(types))], length);
	if (pick(rng, 5) == 0)
		gfs_buf_printf(out, " {w: %u}", pick(rng, 4));
	gfs_buf_append_text(out, direction == 1 ? "]->" : "]-");
}

/* Parts that share a node now and then. *ret_nodes: n0 to that have values. */
static void put_pattern(struct rng *rng, struct gfs_buf *out, unsigned *ret_nodes)
{
	unsigned nodes = 1, rels = 0, hops = pick(rng, 4);
	put_node(rng, out, 0);
	for (unsigned i = 0; i < hops; i++) {
		put_rel(rng, out, rels++);
		if (nodes > 1 && pick(rng, 5) == 0)
			gfs_buf_printf(out, "(n%u)", pick(rng, nodes));
		else
			put_node(rng, out, nodes++);
	}
	if (pick(rng, 4) == 0) {
		gfs_buf_append_text(out, ", ");
		put_node(rng, out, nodes++);
	}
	*ret_nodes = nodes;
}

static void put_predicate(struct rng *rng, struct gfs_buf *out, unsigned nodes)
{
	unsigned a = pick(rng, nodes), b = pick(rng, nodes);
	switch (pick(rng, 9)) {
	case 0:
		gfs_buf_printf(out, "n%u.x = %u", a, pick(rng, 6));
		break;
	case 1:
		gfs_buf_printf(out, "n%u.x > n%u.x", a, b);
		break;
	case 2:
		gfs_buf_printf(out, "n%u.x IN [1, 2, null]", a);
		break;
	case 3:
		gfs_buf_printf(out, "n%u.s STARTS WITH 's1'", a);
		break;
	case 4:
		gfs_buf_printf(out, "(n%u)-[:T]->(:B)", a);
		break;
	case 5:
		gfs_buf_printf(out, "NOT EXISTS { MATCH (n%u)-->(m) WHERE m.x > n%u.x }", a, b);
		break;
	case 6:
		gfs_buf_printf(out, "id(n%u) <> id(n%u) OR n%u.x >= 2", a, b, b);
		break;
	case 7:
		gfs_buf_printf(out, "n%u.x >= 1 AND n%u.x < 4", a, a);
		break;
	default:
		gfs_buf_printf(out, "COUNT { (n%u)--() } > 2", a);
		break;
	}
}

static unsigned put_match(struct rng *rng, struct gfs_buf *out)
{
	unsigned nodes;
	gfs_buf_append_text(out, "MATCH ");
	put_pattern(rng, out, &nodes);
	for (unsigned i = 0, count = pick(rng, 3); i < count; i++) {
		gfs_buf_append_text(out, i == 0 ? " WHERE (" : " AND (");
		put_predicate(rng, out, nodes);
		gfs_buf_append_u8(out, ')');
	}
	return nodes;
}

static void put_reading(struct rng *rng, struct gfs_buf *out)
{
	unsigned nodes = put_match(rng, out), a = pick(rng, nodes), b = pick(rng, nodes);
	if (pick(rng, 4) == 0)
		gfs_buf_printf(out, " OPTIONAL MATCH (n%u)-[o:U]->(z:A) WITH *, z.x AS zx", a);
	else
		gfs_buf_append_text(out, " WITH *, 0 AS zx");
	switch (pick(rng, 6)) {
	case 0:
		gfs_buf_append_text(out, " RETURN count(*), sum(zx)");
		break;
	case 1:
		gfs_buf_printf(out, " RETURN n%u.x AS x, count(*) AS c, min(n%u.i) AS m", a, b);
		break;
	case 2:
		gfs_buf_printf(out, " RETURN DISTINCT n%u.x AS x, n%u.s AS s", a, b);
		break;
	case 3:
		gfs_buf_printf(out, " WITH n%u.i AS i, n%u.i AS j, zx ORDER BY i, j, zx SKIP 1 LIMIT 5 RETURN i, j, zx", a, b);
		break;
	case 4:
		gfs_buf_printf(out, " RETURN n%u, [(n%u)-[:T]->(q) | q.i][0] IS NULL AS e, zx", a, b);
		break;
	default:
		gfs_buf_printf(out, " RETURN n%u.i AS i, n%u.i AS j, zx", a, b);
		break;
	}
	gfs_buf_append_u8(out, '\0');
}

static void put_writing(struct rng *rng, struct gfs_buf *out)
{
	unsigned nodes = put_match(rng, out), a = pick(rng, nodes), b = pick(rng, nodes);
	switch (pick(rng, 7)) {
	case 0:
		gfs_buf_printf(out, " CREATE (:A {x: n%u.x, i: -1})-[:T]->(n%u)", a, b);
		break;
	case 1:
		gfs_buf_printf(out, " SET n%u.x = 9, n%u:C", a, b);
		break;
	case 2:
		gfs_buf_printf(out, " MERGE (m:M {x: n%u.x}) SET m.count = coalesce(m.count, 0) + 1", a);
		break;
	case 3:
		gfs_buf_printf(out, " WITH DISTINCT n%u AS n DETACH DELETE n", a);
		break;
	case 4:
		gfs_buf_printf(out, " MERGE (n%u)-[:V]->(n%u)", a, b);
		break;
	case 5:
		gfs_buf_printf(out, " REMOVE n%u:A WITH n%u AS n MATCH (n)-->(m:A) SET m.y = 1", a, b);
		break;
	default:
		gfs_buf_printf(out, " WITH n%u AS n, count(*) AS c CREATE (k:K {c: c}) WITH n, k MATCH (o:K) SET n.k = 1", a);
		break;
	}
	gfs_buf_append_u8(out, '\0');
}

/* ---- every rewrite against none ---- */

enum { GRAPHS = 6, STATEMENTS = 120 };

static void expect_same(const struct gfs_buf *a, const struct gfs_buf *b, const char *text)
{
	if (strcmp((const char *)a->data, (const char *)b->data) != 0)
		fail_msg("%s\n  gave   %s\n  and    %s", text, (const char *)a->data, (const char *)b->data);
}

static void test_plans_of_reading_statements(void **state)
{
	struct query_world *world = *state;
	struct rng rng = { seed_of_run() };
	const struct gfs_engine_opts plain = { .passes_off = GFS_PASS_ALL };
	for (unsigned g = 0; g < GRAPHS; g++) {
		struct gfs_buf texts[STATEMENTS] = { 0 }, answers[STATEMENTS] = { 0 }, again = { 0 };
		query_world_engine(world, NULL);
		make_graph(world, &rng, 14, 24);
		if (g == 0)
			must(world, "CREATE INDEX FOR (n:A) ON (n.x)");
		for (unsigned i = 0; i < STATEMENTS; i++) {
			put_reading(&rng, &texts[i]);
			query_answer_sorted(world, (const char *)texts[i].data, NULL, &answers[i]);
		}
		query_world_engine(world, &plain);
		for (unsigned i = 0; i < STATEMENTS; i++) {
			query_answer_sorted(world, (const char *)texts[i].data, NULL, &again);
			expect_same(&answers[i], &again, (const char *)texts[i].data);
			gfs_buf_release(&texts[i]);
			gfs_buf_release(&answers[i]);
		}
		gfs_buf_release(&again);
	}
}

static const char everything[] =
	"MATCH (n) OPTIONAL MATCH (n)-[r]->(m) RETURN labels(n), properties(n), type(r), properties(r), properties(m)";

static void test_plans_of_writing_statements(void **state)
{
	struct query_world *world = *state;
	uint64_t seed = seed_of_run();
	const struct gfs_engine_opts opts[] = { { 0 }, { .passes_off = GFS_PASS_ALL } };
	for (unsigned i = 0; i < STATEMENTS; i++) {
		GFS_AUTO_BUF text = GFS_BUF_INIT;
		struct gfs_buf errors[2] = { 0 }, states[2] = { 0 };
		struct rng rng = { seed + i };
		put_writing(&rng, &text);
		for (unsigned k = 0; k < 2; k++) {
			struct rng same = { seed + i };
			query_world_engine(world, &opts[k]);
			make_graph(world, &same, 8, 12);
			query_answer(world, (const char *)text.data, NULL, &errors[k]);
			query_answer_sorted(world, everything, NULL, &states[k]);
		}
		expect_same(&errors[0], &errors[1], (const char *)text.data);
		expect_same(&states[0], &states[1], (const char *)text.data);
		for (unsigned k = 0; k < 2; k++) {
			gfs_buf_release(&errors[k]);
			gfs_buf_release(&states[k]);
		}
	}
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
		expect_same(&cached, &fresh, text);
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
		cmocka_unit_test_setup_teardown(test_caches, query_world_setup, query_world_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
