/* graph/rel_walk.h: the runs are what gfs_rels_list says, with the index layer and without, by the indexes and by the chains, for readers and
 * for the writer after a change. */
#include "tests/unit/graph_fixture.h"

#include "base/checked.h"
#include "graph/rel_walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { NODES = 40, TYPES = 3, LIST_MAX = 10000 };

static struct fixture f;
static uint64_t nodes[NODES];
static uint16_t types[TYPES];

/* Node 0 has more than a view holds, node 1 blocks, node 2 a folder made by mkdir, the last ones nothing. */
static int setup(void **state)
{
	static const char *const names[TYPES] = { "A", "B", "C" };
	char key[16];
	uint64_t id;
	(void)state;
	f = (struct fixture){ 0 };
	fixture_create(&f);
	fixture_open(&f);
	for (unsigned i = 0; i < TYPES; i++)
		types[i] = name_of(&f, GFS_CATALOG_TYPE, names[i]);
	for (unsigned i = 0; i < NODES; i++) {
		(void)snprintf(key, sizeof key, "n%u", i);
		nodes[i] = new_node(&f, key);
	}
	struct gfs_tx *tx = tx_begin(&f);
	for (unsigned i = 0; i <= GFS_ADJ_FOLDER_ENTRIES_MAX; i++)
		OK(gfs_bulk_rel(tx, types[1], nodes[0], nodes[i % 7], 0, NULL, 0, &id));
	for (unsigned i = 0; i < 400; i++)
		OK(gfs_bulk_rel(tx, types[i % TYPES], nodes[i % 2], nodes[i % 30], 0, NULL, 0, &id));
	OK(gfs_bulk_finish(tx));
	OK(gfs_folder_set_made(tx, nodes[2], GFS_OUT, types[2], true));
	tx_commit(tx);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_destroy(&f);
	return 0;
}

/* What gfs_rels_list says, at `entries`, type by type. */
static size_t list_all(
	uint64_t node, enum gfs_direction dir, uint16_t only, struct gfs_adj_entry *entries, uint16_t *of)
{
	size_t count = 0, got;
	for (unsigned i = 0; i < TYPES; i++) {
		if (only != 0 && only != types[i])
			continue;
		OK(gfs_rels_list(
			f.graph, node, dir, types[i], (struct gfs_adj_entry){ 0 }, entries + count, LIST_MAX - count, &got));
		for (size_t k = 0; k < got; k++)
			of[count++] = types[i];
	}
	return count;
}

static void compare(struct gfs_rels_walk *walk, uint64_t node, enum gfs_direction dir, uint16_t only)
{
	static struct gfs_adj_entry expected[LIST_MAX];
	static uint16_t of[LIST_MAX];
	struct gfs_rels_run run;
	size_t count = list_all(node, dir, only, expected, of), at = 0;
	int err;
	gfs_rels_walk_start(walk, node, dir, only);
	while ((err = gfs_rels_walk_next(walk, &run)) == 0) {
		assert_true(run.count > 0 && at + run.count <= count);
		assert_int_equal(run.type, of[at]);
		assert_int_equal(run.type, of[at + run.count - 1]);
		assert_memory_equal(run.entries, expected + at, run.count * sizeof *expected);
		at += run.count;
	}
	assert_int_equal(err, GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_rels_walk_next(walk, &run), GFS_ERR_NOTFOUND);
	assert_int_equal(at, count);
}

static void compare_all(void)
{
	GFS_AUTO_RELS_WALK walk;
	struct gfs_rels_run run;
	gfs_rels_walk_init(&walk, f.graph);
	assert_int_equal(gfs_rels_walk_next(&walk, &run), GFS_ERR_NOTFOUND);
	for (unsigned i = 0; i < NODES; i++) {
		for (int dir = GFS_OUT; dir <= GFS_IN; dir++) {
			compare(&walk, nodes[i], (enum gfs_direction)dir, 0);
			for (unsigned t = 0; t < TYPES; t++)
				compare(&walk, nodes[i], (enum gfs_direction)dir, types[t]);
		}
	}
	const uint64_t strangers[] = { 0, nodes[NODES - 1] + 1, GFS_ID_MAX, GFS_ID_MAX + 1 };
	for (size_t i = 0; i < GFS_COUNT(strangers); i++) {
		gfs_rels_walk_start(&walk, strangers[i], GFS_OUT, 0);
		assert_int_equal(gfs_rels_walk_next(&walk, &run), GFS_ERR_NOTFOUND);
		gfs_rels_walk_start(&walk, strangers[i], GFS_IN, types[0]);
		assert_int_equal(gfs_rels_walk_next(&walk, &run), GFS_ERR_NOTFOUND);
	}
}

static void test_every_way(void **state)
{
	struct gfs_cache_budget *budget = gfs_store_cache_budget(gfs_graph_store(f.graph));
	(void)state;
	for (int way = 0; way < 4; way++) {
		gfs_cache_budget_set_enabled(budget, GFS_CACHE_INDEX, way & 1);
		gfs_graph_set_rel_index(f.graph, way & 2);
		gfs_graph_read_begin(f.graph);
		compare_all();
		gfs_graph_read_end(f.graph);
	}
}

static void test_writer(void **state)
{
	uint64_t id;
	(void)state;
	struct gfs_tx *tx = tx_begin(&f);
	compare_all();
	OK(gfs_rel_create(tx, types[0], nodes[30], nodes[31], &id));
	compare_all();
	gfs_tx_abort(tx);
	gfs_graph_read_begin(f.graph);
	compare_all();
	gfs_graph_read_end(f.graph);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_way, setup, teardown),
		cmocka_unit_test_setup_teardown(test_writer, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
