/* Statements from their text to their rows, on a database of their own. */
#include "graph_fixture.h"

#include "base/checked.h"
#include "query/query.h"
#include "query/show.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct world {
	struct fixture fixture;
	struct gfs_engine *engine;
};

static int setup(void **state)
{
	static struct world world;
	world = (struct world){ 0 };
	fixture_create(&world.fixture);
	fixture_open(&world.fixture);
	OK(gfs_engine_new(world.fixture.graph, NULL, &world.engine));
	*state = &world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;
	gfs_engine_free(world->engine);
	fixture_destroy(&world->fixture);
	return 0;
}

static void show(struct gfs_result *result, struct gfs_datum d, struct gfs_buf *out);

static void show_map(struct gfs_result *result, struct gfs_datum map, struct gfs_buf *out)
{
	gfs_buf_append_u8(out, '{');
	for (uint32_t i = 0; i < map.size; i++) {
		gfs_buf_printf(
			out, "%s%.*s: ", i == 0 ? "" : ", ", (int)map.entries[i].key.size, (const char *)map.entries[i].key.data);
		show(result, map.entries[i].value, out);
	}
	gfs_buf_append_u8(out, '}');
}

/* (:A:B {k: 1}), [:T {k: 1}] */
static void show_entity(struct gfs_result *result, struct gfs_datum d, struct gfs_buf *out)
{
	struct gfs_query_entity entity;
	struct gfs_query_error error = { 0 };
	OK(gfs_result_entity(result, d, &entity, &error));
	gfs_buf_append_u8(out, d.type == GFS_DATUM_NODE ? '(' : '[');
	for (size_t i = 0; i < entity.label_count; i++)
		gfs_buf_printf(out, ":%.*s", (int)entity.labels[i].size, (const char *)entity.labels[i].data);
	if (entity.properties.size != 0) {
		gfs_buf_append_text(out, entity.label_count != 0 ? " " : "");
		show_map(result, entity.properties, out);
	}
	gfs_buf_append_u8(out, d.type == GFS_DATUM_NODE ? ')' : ']');
}

static void show(struct gfs_result *result, struct gfs_datum d, struct gfs_buf *out)
{
	switch (d.type) {
	case GFS_DATUM_NULL:
		gfs_buf_append_text(out, "null");
		break;
	case GFS_DATUM_LIST:
		gfs_buf_append_u8(out, '[');
		for (uint32_t i = 0; i < d.size; i++) {
			gfs_buf_append_text(out, i == 0 ? "" : ", ");
			show(result, d.items[i], out);
		}
		gfs_buf_append_u8(out, ']');
		break;
	case GFS_DATUM_MAP:
		show_map(result, d, out);
		break;
	case GFS_DATUM_NODE:
	case GFS_DATUM_REL:
		show_entity(result, d, out);
		break;
	case GFS_DATUM_PATH:
		for (uint32_t i = 0; i <= d.path->length; i++) {
			show(result, gfs_datum_node(d.path->nodes[i]), out);
			if (i < d.path->length)
				show(result, gfs_datum_rel(d.path->rels[i]), out);
		}
		break;
	default:
		gfs_show_scalar(d, out);
		break;
	}
}

/* Rows as text: values apart by commas, rows by semicolons; or the error's detail. */
static void answer(struct world *world, const char *text, struct gfs_buf *out)
{
	struct gfs_query_error error = { 0 };
	struct gfs_result *result;
	const struct gfs_datum *rows;
	size_t count = 1;
	gfs_buf_clear(out);
	if (gfs_query_run(world->engine, gfs_slice_text(text), NULL, &result, &error) != 0) {
		gfs_buf_printf(out, "%s: %s", error.detail, error.message);
		return;
	}
	size_t width = gfs_result_column_count(result);
	while (count != 0) {
		if (gfs_result_next(result, &rows, &count, &error) != 0) {
			gfs_buf_clear(out);
			gfs_buf_printf(out, "%s: %s", error.detail, error.message);
			break;
		}
		for (size_t i = 0; i < count * width; i++) {
			if (out->size != 0)
				gfs_buf_append_text(out, i % width == 0 ? "; " : ", ");
			show(result, rows[i], out);
		}
	}
	gfs_result_free(result);
}

static void expect(struct world *world, const char *text, const char *wanted)
{
	GFS_AUTO_BUF got = GFS_BUF_INIT;
	answer(world, text, &got);
	gfs_buf_append_u8(&got, '\0');
	if (strcmp((const char *)got.data, wanted) != 0)
		fail_msg("%s\n  gave   %s\n  wanted %s", text, (const char *)got.data, wanted);
}

static void test_values(void **state)
{
	expect(*state, "RETURN 1 + 2 * 3 AS x, 'a' + 'b' AS y", "7, ab");
	expect(*state, "UNWIND [3, 1, 2] AS x WITH x ORDER BY x DESC WHERE x > 1 RETURN x", "3; 2");
	expect(*state, "UNWIND range(1, 5) AS x RETURN count(*) AS n, sum(x) AS s", "5, 15");
	expect(*state, "RETURN [x IN range(1, 4) WHERE x % 2 = 0 | x * 10] AS l", "[20, 40]");
	expect(*state, "RETURN 1 AS x UNION ALL RETURN 2 AS x", "1; 2");
	expect(*state, "RETURN 1 AS x UNION RETURN 1 AS x", "1");
}

static void test_reading(void **state)
{
	expect(*state,
		"CREATE (a:Person {name: 'Ann', age: 30})-[:KNOWS {since: 1}]->(b:Person {name: 'Bob', age: 40})-[:KNOWS {since: 2}]->(c:Cat {name: 'Tom'})",
		"");
	expect(*state, "MATCH (n) RETURN n.name ORDER BY n.name", "Ann; Bob; Tom");
	expect(*state, "MATCH (n:Person) RETURN n.name, n.age ORDER BY n.age DESC", "Bob, 40; Ann, 30");
	expect(*state, "MATCH (n:Person)-[r:KNOWS]->(m) RETURN n.name, r.since, m ORDER BY n.name",
		"Ann, 1, (:Person {age: 40, name: Bob}); Bob, 2, (:Cat {name: Tom})");
	expect(*state, "MATCH p = (:Cat)<-[*1..2]-(x) RETURN x.name, length(p) ORDER BY x.name", "Ann, 2; Bob, 1");
	expect(*state, "MATCH (n) OPTIONAL MATCH (n)-[:KNOWS]->(m) RETURN n.name, m.name ORDER BY n.name",
		"Ann, Bob; Bob, Tom; Tom, null");
	expect(*state, "MATCH (n) WHERE (n)-->() RETURN count(n)", "2");
	expect(*state, "MATCH (n) WHERE n.age > 30 RETURN n.name", "Bob");
	expect(*state, "MATCH (n) RETURN labels(n) AS l, count(*) AS c ORDER BY c", "[Cat], 1; [Person], 2");
	expect(*state, "MATCH (a {name: 'Ann'}), (c:Cat), p = shortestPath((a)-[*]->(c)) RETURN length(p)", "2");
	expect(*state, "MATCH (a {name: 'Ann'}) RETURN [(a)-->(b) | b.name] AS names", "[Bob]");
	expect(*state, "MATCH (a:Person) RETURN a.name, COUNT { (a)-->() } AS c ORDER BY a.name", "Ann, 1; Bob, 1");
	expect(*state, "MATCH (a:Person)-->(b)-->(c) RETURN a.name, c.name", "Ann, Tom");
}

static void test_writing(void **state)
{
	expect(*state, "CREATE (n:A {x: 1}) RETURN n", "(:A {x: 1})");
	expect(*state, "MATCH (n:A) SET n.x = 2, n:B RETURN n", "(:A:B {x: 2})");
	expect(*state, "MERGE (n:A {x: 2}) ON MATCH SET n.y = 1 RETURN n.y", "1");
	expect(*state, "MERGE (n:C {x: 2}) ON CREATE SET n.y = 5 RETURN n.y", "5");
	expect(*state, "MATCH (a:A), (c:C) MERGE (a)-[r:T]->(c) RETURN r", "[:T]");
	expect(*state, "MATCH (a:A), (c:C) MERGE (a)-[r:T]->(c) RETURN r", "[:T]");
	expect(*state, "MATCH ()-[r:T]->() RETURN count(r)", "1");
	expect(*state, "UNWIND range(1, 3) AS i CREATE (n:D {i: i})", "");
	expect(*state, "MATCH (n:D) DELETE n", "");
	expect(*state, "MATCH (n:D) RETURN count(n)", "0");
	expect(*state, "FOREACH (i IN range(1, 3) | CREATE (:E {i: i}))", "");
	expect(*state, "MATCH (n:E) RETURN sum(n.i)", "6");
	expect(*state, "MATCH (n:A) DELETE n",
		"DeleteConnectedNode: node 1 still has relationships: delete them first, or use DETACH DELETE");
	expect(*state, "MATCH (n) DETACH DELETE n", "");
	expect(*state, "MATCH (n) RETURN count(*)", "0");
}

/* Who may only read is refused what would write, before it runs; a plan may be asked for. */
static void test_run_options(void **state)
{
	struct world *world = *state;
	struct gfs_run_opts opts = { .read_only = true };
	struct gfs_query_error error;
	struct gfs_result *result;
	assert_int_equal(
		gfs_query_run(world->engine, gfs_slice_text("CREATE (:Refused)"), &opts, &result, &error), GFS_ERR_PERM);
	assert_string_equal(error.detail, "ReadOnly");
	assert_int_equal(gfs_query_run(world->engine, gfs_slice_text("CREATE INDEX refused FOR (n:Refused) ON (n.x)"),
						 &opts, &result, &error),
		GFS_ERR_PERM);
	assert_int_equal(gfs_query_run(world->engine, gfs_slice_text("SHOW INDEXES"), &opts, &result, &error), 0);
	gfs_result_free(result);
	assert_int_equal(gfs_query_run(world->engine, gfs_slice_text("RETURN 1 AS x"), &opts, &result, &error), 0);
	gfs_result_free(result);
	opts.explain = true;
	assert_int_equal(gfs_query_run(world->engine, gfs_slice_text("CREATE (:Refused)"), &opts, &result, &error), 0);
	assert_true(gfs_result_plan(result).size != 0);
	gfs_result_free(result);
	assert_int_equal(
		gfs_query_run(world->engine, gfs_slice_text("SHOW INDEXES"), &opts, &result, &error), GFS_ERR_INVALID);
	expect(world, "MATCH (n:Refused) RETURN count(*)", "0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reading, setup, teardown),
		cmocka_unit_test_setup_teardown(test_writing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run_options, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
