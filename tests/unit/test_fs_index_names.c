/* Values as names of folders: every value has one name, which leads back to it; and the table of values and places behind them. */
#include "base/checked.h"
#include "base/clock.h"
#include "fs/index_values.h"
#include "fs/nodeid.h"
#include "tests/unit/graph_fixture.h"
#include "tests/unit/value_random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct fixture f;
static uint16_t label, key, id;
static uint64_t node;

static int setup(void **state)
{
	(void)state;
	f = (struct fixture){ 0 };
	fixture_create(&f);
	fixture_open(&f);
	label = name_of(&f, GFS_CATALOG_LABEL, "L");
	key = name_of(&f, GFS_CATALOG_KEY, "k");
	node = new_node(&f, "n");
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_node_add_label(tx, node, label));
	OK(gfs_index_create(tx, label, key, false, (struct gfs_slice){ 0 }, &id));
	tx_commit(tx);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_destroy(&f);
	return 0;
}

static void give(const struct gfs_value *value)
{
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_prop_set(tx, node_entity(node), key, value));
	tx_commit(tx);
}

/* By name where the name fits, by the node's id where it does not. */
static void test_names_lead_back(void **state)
{
	(void)state;
	const char *seed = getenv("GFS_SEED");
	struct value_random random = { seed != NULL ? strtoull(seed, NULL, 0) : gfs_clock_real_ns() };
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	unsigned by_id = 0, marked = 0;
	print_message("GFS_SEED=%#llx\n", (unsigned long long)random.state);
	for (unsigned i = 0; i < 20000; i++) {
		struct gfs_value value;
		struct gfs_index_value kept, again;
		struct gfs_component name;
		gfs_arena_clear(&arena);
		value_random_value(&random, &arena, &value);
		OK(gfs_index_value_make(&value, &kept));
		OK(gfs_index_name_show(gfs_slice(kept.bytes, kept.size), node, &name));
		assert_true(name.size > 0 && name.size <= GFS_COMPONENT_BYTES_MAX && strlen(name.text) == name.size);
		assert_null(strchr(name.text, '/'));
		if (name.text[0] == '@' && strchr(name.text, ':') == NULL) {
			by_id++;
			give(&value);
		}
		marked += name.text[0] == '@';
		gfs_graph_read_begin(f.graph);
		OK(gfs_index_name_read(f.graph, id, name.text, &again));
		gfs_graph_read_end(f.graph);
		if (kept.size != again.size || memcmp(kept.bytes, again.bytes, kept.size) != 0)
			fail_msg("'%s' leads to another value", name.text);
	}
	print_message("%u by id, %u marked\n", by_id, marked);
	assert_true(by_id > 0 && marked > by_id);
}

/* More values than the table holds: those asked for last are known, and a value has the same nodeid whenever it is entered. */
static void test_table(void **state)
{
	(void)state;
	enum { VALUES = GFS_INDEX_VALUES_MAX * 2 };
	struct gfs_index_values *values;
	struct gfs_index_value value = { .size = 8 }, got;
	uint64_t *nodeids = calloc(VALUES, sizeof *nodeids), nodeid;
	assert_non_null(nodeids);
	OK(gfs_index_values_new(&values));
	for (uint64_t i = 0; i < VALUES; i++) {
		gfs_put_be64(value.bytes, i);
		OK(gfs_index_values_enter(values, 3, &value, &nodeids[i]));
		assert_int_equal(gfs_nodeid_unpack(nodeids[i]).kind, GFS_INODE_INDEX_VALUE);
		assert_int_equal(gfs_nodeid_unpack(nodeids[i]).sub, 3);
		OK(gfs_index_values_get(values, nodeids[0], &got)); /* the first is asked for all the time */
		OK(gfs_index_values_get(values, nodeids[i], &got));
		assert_memory_equal(got.bytes, value.bytes, 8);
	}
	assert_int_equal(gfs_index_values_get(values, nodeids[1], &got), GFS_ERR_STALE);
	gfs_put_be64(value.bytes, 1);
	OK(gfs_index_values_enter(values, 3, &value, &nodeid));
	assert_true(nodeid == nodeids[1]);
	OK(gfs_index_values_enter(values, 4, &value, &nodeid));
	assert_true(nodeid != nodeids[1]);
	gfs_index_values_free(values);
	gfs_index_values_free(NULL);
	free(nodeids);
}

/* A listing finds its place by the node, by the ring when the node has another value since, and else not at all. */
static void test_places(void **state)
{
	(void)state;
	struct gfs_index_values *values;
	struct gfs_index_value kept, got;
	struct gfs_value value = { .type = GFS_TYPE_INTEGER, .integer = 5 };
	OK(gfs_index_values_new(&values));
	give(&value);
	OK(gfs_index_value_make(&value, &kept));
	uint64_t cookie = gfs_index_cookie(gfs_slice(kept.bytes, kept.size), node);
	gfs_graph_read_begin(f.graph);
	OK(gfs_index_values_resume(values, f.graph, id, cookie, &got));
	assert_int_equal(got.size, kept.size);
	assert_memory_equal(got.bytes, kept.bytes, kept.size);
	assert_int_equal(gfs_index_values_resume(values, f.graph, id, cookie + 1, &got), GFS_ERR_STALE);
	gfs_graph_read_end(f.graph);
	value.integer = 6;
	give(&value);
	gfs_graph_read_begin(f.graph);
	assert_int_equal(gfs_index_values_resume(values, f.graph, id, cookie, &got), GFS_ERR_STALE);
	gfs_index_values_stopped(values, id, cookie, &kept);
	OK(gfs_index_values_resume(values, f.graph, id, cookie, &got));
	assert_memory_equal(got.bytes, kept.bytes, kept.size);
	assert_int_equal(gfs_index_values_resume(values, f.graph, (uint16_t)(id + 1), cookie, &got), GFS_ERR_STALE);
	gfs_graph_read_end(f.graph);
	gfs_index_values_free(values);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names_lead_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_table, setup, teardown),
		cmocka_unit_test_setup_teardown(test_places, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
