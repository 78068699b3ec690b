/* Required properties and node keys through graph/constraint.h: what a transaction may end with, how they are made on data, what is left of them after a
 * crash, what a dump has of them, and what fsck says when one does not hold. */
#include "tests/unit/graph_fixture.h"

#include "base/checked.h"
#include "graph/constraint.h"
#include "graph/graph_private.h"
#include "graph/transfer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct fixture f;
static uint16_t person, key;
static const struct gfs_slice no_name = { 0 };

static int setup(void **state)
{
	(void)state;
	f = (struct fixture){ 0 };
	fixture_create(&f);
	fixture_open(&f);
	person = name_of(&f, GFS_CATALOG_LABEL, "Person");
	key = name_of(&f, GFS_CATALOG_KEY, "k");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_destroy(&f);
	return 0;
}

/* ---- helpers ---- */

static struct gfs_value text(const char *bytes)
{
	return (struct gfs_value){ .type = GFS_TYPE_STRING, .newline = true, .bytes = gfs_slice_text(bytes) };
}

static uint16_t new_constraint(bool unique)
{
	uint16_t id;
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_constraint_create(tx, person, key, unique, true, no_name, &id));
	tx_commit(tx);
	return id;
}

static uint16_t ready_constraint(bool unique)
{
	struct gfs_message message;
	uint16_t id = new_constraint(unique);
	OK(gfs_index_wait(f.graph, id, NULL, NULL, &message));
	return id;
}

static void drop(uint16_t id)
{
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_index_drop(tx, id));
	tx_commit(tx);
}

/* A node with the label, and with the property when `value` is not NULL. */
static uint64_t make_person(struct gfs_tx *tx, const char *value)
{
	uint64_t id;
	struct gfs_node_meta meta = { .mode = 0755 };
	struct gfs_value v = text(value == NULL ? "" : value);
	struct gfs_bulk_prop prop = { key, &v };
	OK(gfs_bulk_node(tx, no_name, &meta, &person, 1, &prop, value != NULL, &id));
	return id;
}

static uint64_t new_person(const char *value)
{
	struct gfs_tx *tx = tx_begin(&f);
	uint64_t id = make_person(tx, value);
	tx_commit(tx);
	return id;
}

/* The commit must fail, and say `words` before it. */
static void require_refused(struct gfs_tx *tx, const char *words)
{
	struct gfs_message message = { "" };
	assert_int_equal(gfs_tx_check(tx), GFS_ERR_REQUIRED);
	gfs_index_explain(tx, &message);
	assert_string_equal(message.text, words);
	assert_int_equal(gfs_tx_commit(tx, NULL, NULL), GFS_ERR_REQUIRED);
}

static bool find_constraint(bool unique, struct gfs_index_info *ret_info)
{
	gfs_graph_read_begin(f.graph);
	int err = gfs_constraint_find(f.graph, person, key, unique, true, ret_info);
	gfs_graph_read_end(f.graph);
	return err == 0;
}

/* ---- what a transaction may end with ---- */

static void test_label_first_or_last(void **state)
{
	(void)state;
	struct gfs_value value = text("x");
	(void)ready_constraint(false);
	uint64_t node = new_node(&f, "ann");
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_node_add_label(tx, node, person));
	require_refused(tx, "constraint Person.k: node 'ann' with the label Person would lack the property k");
	tx = tx_begin(&f);
	OK(gfs_node_add_label(tx, node, person));
	OK(gfs_prop_set(tx, node_entity(node), key, &value));
	tx_commit(tx);
	tx = tx_begin(&f);
	OK(gfs_prop_remove(tx, node_entity(node), key));
	OK(gfs_node_remove_label(tx, node, person));
	tx_commit(tx);
	require_clean(f.graph);
}

static void test_property_goes(void **state)
{
	(void)state;
	static const char refusal[] = "constraint Person.k: node '@1' with the label Person would lack the property k";
	uint16_t other = name_of(&f, GFS_CATALOG_KEY, "other");
	(void)ready_constraint(false);
	uint64_t node = new_person("x"), second = new_person("y");
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_prop_remove(tx, node_entity(node), key));
	require_refused(tx, refusal);
	tx = tx_begin(&f);
	OK(gfs_prop_rename(tx, node_entity(node), key, node_entity(node), other));
	require_refused(tx, refusal);
	tx = tx_begin(&f);
	OK(gfs_prop_rename(tx, node_entity(node), key, node_entity(second), key));
	require_refused(tx, refusal);
	/* There and back; and with its node. */
	tx = tx_begin(&f);
	OK(gfs_prop_rename(tx, node_entity(node), key, node_entity(node), other));
	OK(gfs_prop_rename(tx, node_entity(node), other, node_entity(node), key));
	OK(gfs_prop_remove(tx, node_entity(second), key));
	OK(gfs_node_delete(tx, second, false));
	tx_commit(tx);
	/* An empty file is a property. */
	tx = tx_begin(&f);
	OK(gfs_prop_truncate(tx, node_entity(node), key, 0));
	tx_commit(tx);
	require_clean(f.graph);
}

static void test_bulk_and_rollback(void **state)
{
	(void)state;
	struct gfs_value value = text("x");
	(void)ready_constraint(false);
	struct gfs_tx *tx = tx_begin(&f);
	(void)make_person(tx, NULL);
	require_refused(tx, "constraint Person.k: node '@1' with the label Person would lack the property k");
	tx = tx_begin(&f);
	struct gfs_txn_mark mark = gfs_tx_mark(tx);
	(void)make_person(tx, NULL);
	gfs_tx_rollback_to(tx, mark);
	uint64_t node = make_person(tx, NULL);
	OK(gfs_prop_set(tx, node_entity(node), key, &value));
	OK(gfs_tx_check(tx));
	OK(gfs_prop_remove(tx, node_entity(node), key));
	assert_int_equal(gfs_tx_check(tx), GFS_ERR_REQUIRED);
	OK(gfs_prop_set(tx, node_entity(node), key, &value));
	tx_commit(tx);
	require_clean(f.graph);
}

/* ---- on data ---- */

static void test_on_data_that_lacks_it(void **state)
{
	(void)state;
	struct gfs_message message = { "" };
	struct gfs_index_info info;
	new_person("x");
	uint64_t node = new_person(NULL);
	uint16_t id = new_constraint(false);
	assert_int_equal(gfs_index_wait(f.graph, id, NULL, NULL, &message), GFS_ERR_REQUIRED);
	assert_string_equal(message.text, "constraint Person.k: node '@2' with the label Person would lack the property k");
	assert_true(find_constraint(false, &info) && info.state == GFS_PROP_FAILED && info.conflict[1] == node);
	new_person(NULL); /* it asks for nothing */
	require_clean(f.graph);
	drop(id);
	assert_false(find_constraint(false, &info));
	require_clean(f.graph);
}

/* It is kept from its making on, also by nodes that were not looked at yet. */
static void test_kept_while_building(void **state)
{
	(void)state;
	uint16_t id;
	uint64_t node = new_person("x");
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_constraint_create(tx, person, key, false, true, no_name, &id));
	assert_int_equal(gfs_prop_index_get(f.graph->indexes, id)->state, GFS_PROP_BUILDING);
	OK(gfs_prop_remove(tx, node_entity(node), key));
	assert_int_equal(gfs_tx_check(tx), GFS_ERR_REQUIRED);
	gfs_tx_abort(tx);
	require_clean(f.graph);
}

static void test_beside_an_index(void **state)
{
	(void)state;
	struct gfs_index_info info;
	struct gfs_message message;
	uint16_t id, index, other = name_of(&f, GFS_CATALOG_KEY, "other");
	(void)new_person("x");
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_index_create(tx, person, key, false, no_name, &index));
	OK(gfs_constraint_create(tx, person, key, false, true, gfs_slice_text("mine"), &id));
	assert_int_equal(gfs_constraint_create(tx, person, key, false, true, gfs_slice_text("again"), &id), GFS_ERR_EXISTS);
	assert_int_equal(gfs_constraint_create(tx, person, key, true, true, gfs_slice_text("again"), &id), GFS_ERR_EXISTS);
	assert_int_equal(gfs_index_create(tx, person, other, false, gfs_slice_text("mine"), &id), GFS_ERR_EXISTS);
	tx_commit(tx);
	OK(gfs_index_wait(f.graph, index, NULL, NULL, &message));
	assert_true(find_constraint(false, &info) && info.entries == 0);
	OK(gfs_index_wait(f.graph, info.id, NULL, NULL, &message));
	gfs_graph_read_begin(f.graph);
	/* Who asks for indexes does not see it. */
	assert_int_equal(gfs_index_get(f.graph, info.id, &info), GFS_ERR_NOTFOUND);
	OK(gfs_index_next(f.graph, 1, &info));
	assert_true(info.id == index && info.entries == 1);
	assert_int_equal(gfs_index_next(f.graph, index + 1u, &info), GFS_ERR_NOTFOUND);
	gfs_graph_read_end(f.graph);
	require_clean(f.graph);
}

static void test_node_key(void **state)
{
	(void)state;
	struct gfs_index_info info;
	struct gfs_value value = text("x");
	uint16_t id = ready_constraint(true);
	new_person("x");
	struct gfs_tx *tx = tx_begin(&f);
	(void)make_person(tx, NULL);
	require_refused(tx, "constraint Person.k: node '@2' with the label Person would lack the property k");
	uint64_t other = new_person("y");
	tx = tx_begin(&f);
	assert_int_equal(gfs_prop_set(tx, node_entity(other), key, &value), GFS_ERR_UNIQUE);
	gfs_tx_abort(tx);
	assert_true(find_constraint(true, &info) && info.id == id && info.entries == 2);
	gfs_graph_read_begin(f.graph);
	OK(gfs_index_find(f.graph, person, key, &info)); /* it is an index */
	gfs_graph_read_end(f.graph);
	require_clean(f.graph);
}

/* ---- on disk ---- */

static void make_and_die(struct fixture *child, void *context)
{
	(void)context;
	uint16_t id;
	struct gfs_tx *tx = tx_begin(child);
	OK(gfs_constraint_create(tx, person, key, false, true, no_name, &id));
	tx_commit(tx);
}

static void test_survives(void **state)
{
	(void)state;
	struct gfs_index_info info;
	fixture_close(&f);
	fixture_killed(&f, make_and_die, NULL);
	for (unsigned round = 0; round < 2; round++) { /* from the log, then from the table */
		fixture_open(&f);
		assert_true(find_constraint(false, &info) && info.required && !info.unique);
		struct gfs_tx *tx = tx_begin(&f);
		(void)make_person(tx, NULL);
		assert_int_equal(gfs_tx_commit(tx, NULL, NULL), GFS_ERR_REQUIRED);
		new_person("x");
		require_clean(f.graph);
		fixture_close(&f);
	}
	fixture_open(&f);
}

static int append(void *context, struct gfs_slice bytes)
{
	gfs_buf_append(context, bytes.data, bytes.size);
	return gfs_buf_failed(context);
}

static void import(struct fixture *to, struct gfs_slice lines, int wanted, const char *words)
{
	struct gfs_import_file file = { "lines", lines };
	struct gfs_import_opts opts = { .meta = { .mode = 0755 } };
	struct gfs_import_result result;
	struct gfs_message message = { "" };
	assert_int_equal(gfs_import(to->graph, &file, 1, &opts, &result, &message), wanted);
	assert_string_equal(message.text, words);
}

static void test_dump(void **state)
{
	(void)state;
	struct fixture copy = { 0 };
	struct gfs_index_info info;
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	(void)ready_constraint(false);
	new_person("x");
	OK(gfs_dump(f.graph, append, &out));
	fixture_create(&copy);
	fixture_open(&copy);
	import(&copy, gfs_buf_slice(&out), 0, "");
	gfs_graph_read_begin(copy.graph);
	OK(gfs_constraint_next(copy.graph, 1, &info));
	assert_true(info.required && !info.unique);
	gfs_graph_read_end(copy.graph);
	import(&copy, gfs_slice_text("{\"key\":\"ann\",\"labels\":[\"Person\"],\"properties\":{}}\n"), GFS_ERR_INVALID,
		"lines:1:1: constraint Person.k: node 'ann' with the label Person would lack the property k");
	require_clean(copy.graph);
	fixture_destroy(&copy);
}

/* ---- fsck ---- */

static void count_line(void *context, const char *line)
{
	assert_string_equal(line, "constraint Person.k does not hold for node 1");
	++*(unsigned *)context;
}

/* A node that got past it, as a bug would let it. */
static void test_check_finds_it(void **state)
{
	(void)state;
	unsigned lines = 0;
	struct gfs_check_report report;
	(void)ready_constraint(false);
	struct gfs_tx *tx = tx_begin(&f);
	(void)make_person(tx, NULL);
	gfs_buf_clear(&tx->lacking);
	tx_commit(tx);
	OK(gfs_graph_check(f.graph, count_line, NULL, &lines, &report));
	assert_int_equal(report.errors, 1);
	assert_int_equal(lines, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_label_first_or_last, setup, teardown),
		cmocka_unit_test_setup_teardown(test_property_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bulk_and_rollback, setup, teardown),
		cmocka_unit_test_setup_teardown(test_on_data_that_lacks_it, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kept_while_building, setup, teardown),
		cmocka_unit_test_setup_teardown(test_beside_an_index, setup, teardown),
		cmocka_unit_test_setup_teardown(test_node_key, setup, teardown),
		cmocka_unit_test_setup_teardown(test_survives, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dump, setup, teardown),
		cmocka_unit_test_setup_teardown(test_check_finds_it, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
