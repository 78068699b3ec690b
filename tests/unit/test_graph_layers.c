/* The object and index layers show what the store holds: every change, made while everything is cached, committed, aborted or rolled back, and
 * the writer reading in between. A change that does not take out what it made stale is found by its own case. */
#include "tests/unit/graph_fixture.h"

#include "base/checked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { LABELS = 6 }; /* more than a record holds */

static struct fixture f;
static uint64_t ann, bob, hub, bare, rel, loop;
static uint16_t type, other_type, keys[3], labels[LABELS];

static void switch_layers(bool on)
{
	struct gfs_cache_budget *budget = gfs_store_cache_budget(gfs_graph_store(f.graph));
	gfs_cache_budget_set_enabled(budget, GFS_CACHE_OBJECT, on);
	gfs_cache_budget_set_enabled(budget, GFS_CACHE_INDEX, on);
}

static uint64_t digest_without(void)
{
	switch_layers(false);
	uint64_t digest = graph_digest(f.graph);
	switch_layers(true);
	return digest;
}

static uint64_t hits_of(enum gfs_cache_layer layer)
{
	struct gfs_cache_stats stats;
	gfs_cache_budget_stats(gfs_store_cache_budget(gfs_graph_store(f.graph)), layer, &stats);
	return stats.hits;
}

static struct gfs_value text_value(const char *text)
{
	return (struct gfs_value){ .type = GFS_TYPE_STRING, .newline = true, .bytes = gfs_slice_text(text) };
}

static void make_names(void)
{
	char name[8];
	for (unsigned i = 0; i < LABELS; i++) {
		(void)snprintf(name, sizeof name, "L%u", i);
		labels[i] = name_of(&f, GFS_CATALOG_LABEL, name);
	}
	for (unsigned i = 0; i < GFS_COUNT(keys); i++) {
		(void)snprintf(name, sizeof name, "k%u", i);
		keys[i] = name_of(&f, GFS_CATALOG_KEY, name);
	}
	type = name_of(&f, GFS_CATALOG_TYPE, "KNOWS");
	other_type = name_of(&f, GFS_CATALOG_TYPE, "LIKES");
}

static int setup(void **state)
{
	(void)state;
	f = (struct fixture){ .opts = { .checkpoint_interval_ms = UINT32_MAX } };
	fixture_create(&f);
	fixture_open(&f);
	make_names();
	ann = new_node(&f, "ann");
	bob = new_node(&f, "bob");
	hub = new_node(&f, "hub");
	bare = new_node(&f, "bare");
	rel = new_rel(&f, "KNOWS", ann, bob);
	loop = new_rel(&f, "KNOWS", ann, ann);
	for (unsigned i = 0; i < 300; i++)
		(void)new_rel(&f, "KNOWS", hub, i % 2 ? ann : bob);
	set_text(&f, node_entity(ann), "k0", "first");
	set_text(&f, node_entity(ann), "k1", "second");
	set_text(&f, rel_entity(rel), "k0", "of a relationship");
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_node_add_label(tx, bob, labels[0]));
	for (unsigned i = 0; i < LABELS - 1; i++)
		OK(gfs_node_add_label(tx, ann, labels[i]));
	tx_commit(tx);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_destroy(&f);
	return 0;
}

/* ---- the changes ---- */

static void node_create(struct gfs_tx *tx)
{
	struct gfs_node_meta meta = { .mode = 0700 };
	uint64_t id;
	OK(gfs_node_create(tx, gfs_slice_text("new"), &meta, &id));
}

static void node_delete(struct gfs_tx *tx)
{
	OK(gfs_node_delete(tx, bob, true));
}

static void node_delete_bare(struct gfs_tx *tx)
{
	OK(gfs_node_delete(tx, bare, false));
}

static void node_key(struct gfs_tx *tx)
{
	OK(gfs_node_set_key(tx, ann, gfs_slice_text("anna"), false));
}

static void node_no_key(struct gfs_tx *tx)
{
	OK(gfs_node_set_key(tx, ann, (struct gfs_slice){ 0 }, true));
}

static void node_mode(struct gfs_tx *tx)
{
	struct gfs_node_meta meta = { .mode = 0711 };
	OK(gfs_node_set_meta(tx, ann, GFS_META_MODE, &meta));
}

static void node_mtime(struct gfs_tx *tx)
{
	struct gfs_node_meta meta = { .mtime_ns = 12345 };
	OK(gfs_node_set_meta(tx, ann, GFS_META_MTIME, &meta));
}

static void label_add(struct gfs_tx *tx)
{
	OK(gfs_node_add_label(tx, bob, labels[1]));
}

static void label_add_in_row(struct gfs_tx *tx)
{
	OK(gfs_node_add_label(tx, ann, labels[LABELS - 1]));
}

static void label_remove(struct gfs_tx *tx)
{
	OK(gfs_node_remove_label(tx, bob, labels[0]));
}

static void rel_create(struct gfs_tx *tx)
{
	uint64_t id;
	OK(gfs_rel_create(tx, other_type, bob, ann, &id));
}

static void rel_create_at_hub(struct gfs_tx *tx)
{
	uint64_t id;
	OK(gfs_rel_create(tx, type, hub, bob, &id));
}

static void rel_delete(struct gfs_tx *tx)
{
	OK(gfs_rel_delete(tx, rel));
}

static void rel_delete_loop(struct gfs_tx *tx)
{
	OK(gfs_rel_delete(tx, loop));
}

static void rel_mtime(struct gfs_tx *tx)
{
	OK(gfs_rel_set_mtime(tx, rel, 777));
}

static void folder(struct gfs_tx *tx)
{
	OK(gfs_folder_set_made(tx, bob, GFS_OUT, other_type, true));
}

static void prop_set(struct gfs_tx *tx)
{
	struct gfs_value value = text_value("changed");
	OK(gfs_prop_set(tx, node_entity(ann), keys[0], &value));
	OK(gfs_prop_set(tx, rel_entity(loop), keys[2], &value));
}

static void prop_remove(struct gfs_tx *tx)
{
	OK(gfs_prop_remove(tx, node_entity(ann), keys[1]));
	OK(gfs_prop_remove(tx, rel_entity(rel), keys[0]));
}

static void prop_write(struct gfs_tx *tx)
{
	OK(gfs_prop_write(tx, node_entity(ann), keys[0], 2, gfs_slice_text("XYZ")));
}

/* Into a blob, and then in it. */
static void prop_grow(struct gfs_tx *tx)
{
	OK(gfs_prop_write(tx, node_entity(ann), keys[0], 3000, gfs_slice_text("far")));
	OK(gfs_prop_write(tx, node_entity(ann), keys[0], 100, gfs_slice_text("in")));
}

static void prop_truncate(struct gfs_tx *tx)
{
	OK(gfs_prop_truncate(tx, node_entity(ann), keys[0], 1));
}

static void prop_create(struct gfs_tx *tx)
{
	OK(gfs_prop_create(tx, node_entity(bob), keys[2]));
}

static void prop_type(struct gfs_tx *tx)
{
	OK(gfs_prop_set_type(tx, node_entity(ann), keys[0], GFS_TYPE_BYTES));
}

static void prop_mtime(struct gfs_tx *tx)
{
	OK(gfs_prop_set_mtime(tx, node_entity(ann), keys[0], 99));
}

static void prop_access(struct gfs_tx *tx)
{
	struct gfs_access access = { .uid = 5, .gid = 6, .mode = 0600 };
	OK(gfs_prop_set_access(tx, node_entity(ann), keys[0], &access));
}

static void prop_rename(struct gfs_tx *tx)
{
	OK(gfs_prop_rename(tx, node_entity(ann), keys[0], node_entity(bob), keys[1]));
}

static void prop_exchange(struct gfs_tx *tx)
{
	OK(gfs_prop_exchange(tx, node_entity(ann), keys[0], rel_entity(rel), keys[0]));
}

static void bulk(struct gfs_tx *tx)
{
	struct gfs_value value = text_value("bulk");
	struct gfs_bulk_prop prop = { keys[1], &value };
	struct gfs_node_meta meta = { .mode = 0755 };
	uint64_t node, id;
	OK(gfs_bulk_node(tx, gfs_slice_text("bulk"), &meta, labels, 2, &prop, 1, &node));
	OK(gfs_bulk_rel(tx, type, ann, node, 0, &prop, 1, &id));
	OK(gfs_bulk_finish(tx));
}

struct change {
	const char *name;
	void (*apply)(struct gfs_tx *tx);
};
#define CHANGE(function)                                                                                               \
	{                                                                                                                  \
#function, function                                                                                            \
	}
static const struct change changes[] = { CHANGE(node_create), CHANGE(node_delete), CHANGE(node_delete_bare),
	CHANGE(node_key), CHANGE(node_no_key), CHANGE(node_mode), CHANGE(node_mtime), CHANGE(label_add),
	CHANGE(label_add_in_row), CHANGE(label_remove), CHANGE(rel_create), CHANGE(rel_create_at_hub), CHANGE(rel_delete),
	CHANGE(rel_delete_loop), CHANGE(rel_mtime), CHANGE(folder), CHANGE(prop_set), CHANGE(prop_remove),
	CHANGE(prop_write), CHANGE(prop_grow), CHANGE(prop_truncate), CHANGE(prop_create), CHANGE(prop_type),
	CHANGE(prop_mtime), CHANGE(prop_access), CHANGE(prop_rename), CHANGE(prop_exchange), CHANGE(bulk) };

/* ---- the cases ---- */

static void require_same(uint64_t with, uint64_t without, const char *name)
{
	if (with != without)
		fail_msg("%s: a layer shows something else than the store", name);
}

static void test_commits(void **state)
{
	(void)state;
	for (size_t i = 0; i < GFS_COUNT(changes); i++) {
		setup(state);
		uint64_t before = graph_digest(f.graph);
		require_same(before, digest_without(), "before");
		(void)graph_digest(f.graph); /* fills the layers again */
		struct gfs_tx *tx = tx_begin(&f);
		changes[i].apply(tx);
		tx_commit(tx);
		uint64_t after = graph_digest(f.graph);
		assert_int_not_equal(before, after);
		require_same(after, digest_without(), changes[i].name);
		teardown(state);
	}
}

static void test_aborts(void **state)
{
	(void)state;
	for (size_t i = 0; i < GFS_COUNT(changes); i++) {
		uint64_t before = graph_digest(f.graph);
		struct gfs_tx *tx = tx_begin(&f);
		changes[i].apply(tx);
		(void)graph_digest_held(f.graph); /* what the writer sees must not outlive the transaction */
		gfs_tx_abort(tx);
		require_same(graph_digest(f.graph), before, changes[i].name);
		require_same(digest_without(), before, changes[i].name);
	}
}

static void test_rollbacks(void **state)
{
	(void)state;
	for (size_t i = 0; i < GFS_COUNT(changes); i++) {
		struct gfs_value value = text_value(changes[i].name);
		uint64_t start = graph_digest(f.graph);
		struct gfs_tx *tx = tx_begin(&f);
		struct gfs_txn_mark nothing = gfs_tx_mark(tx);
		OK(gfs_prop_set(tx, node_entity(hub), keys[0], &value));
		uint64_t before = graph_digest_held(f.graph);
		struct gfs_txn_mark mark = gfs_tx_mark(tx);
		changes[i].apply(tx);
		(void)graph_digest_held(f.graph);
		gfs_tx_rollback_to(tx, mark);
		require_same(graph_digest_held(f.graph), before, changes[i].name);
		gfs_tx_rollback_to(tx, nothing);
		require_same(graph_digest_held(f.graph), start, changes[i].name);
		gfs_tx_abort(tx);
		require_same(graph_digest(f.graph), start, changes[i].name);
	}
}

static uint64_t found(const char *key)
{
	uint64_t id = 0;
	int err = gfs_node_find(f.graph, gfs_slice_text(key), &id);
	assert_true(err == 0 || err == GFS_ERR_NOTFOUND);
	return err == 0 ? id : 0;
}

/* A key that has moved on leaves a hint behind that leads to the wrong node, or to none. */
static void test_keys_move(void **state)
{
	(void)state;
	struct gfs_tx *tx = tx_begin(&f);
	assert_int_equal(found("ann"), ann);
	OK(gfs_node_set_key(tx, ann, gfs_slice_text("anna"), false));
	assert_int_equal(found("ann"), 0);
	OK(gfs_node_set_key(tx, bob, gfs_slice_text("ann"), false));
	assert_int_equal(found("ann"), bob);
	assert_int_equal(found("anna"), ann);
	assert_int_equal(found("bob"), 0);
	gfs_tx_abort(tx);
	gfs_graph_read_begin(f.graph);
	assert_int_equal(found("ann"), ann);
	assert_int_equal(found("anna"), 0);
	assert_int_equal(found("bob"), bob);
	gfs_graph_read_end(f.graph);
	tx = tx_begin(&f);
	OK(gfs_node_delete(tx, bob, true));
	tx_commit(tx);
	gfs_graph_read_begin(f.graph);
	assert_int_equal(found("bob"), 0);
	gfs_graph_read_end(f.graph);
}

/* All of this would hold without any cache: what is read twice comes from one. */
static void test_layers_are_used(void **state)
{
	(void)state;
	(void)graph_digest(f.graph);
	uint64_t objects = hits_of(GFS_CACHE_OBJECT), pieces = hits_of(GFS_CACHE_INDEX), pages = hits_of(GFS_CACHE_PAGE);
	struct gfs_node_record node;
	struct gfs_rel_record record;
	struct gfs_prop_info info;
	struct gfs_adj_type folder_info;
	uint16_t ids[LABELS];
	size_t count;
	gfs_graph_read_begin(f.graph);
	OK(gfs_node_get(f.graph, ann, &node));
	OK(gfs_node_labels(f.graph, ann, ids, LABELS, &count));
	OK(gfs_rel_get(f.graph, rel, &record));
	OK(gfs_prop_stat(f.graph, node_entity(ann), keys[1], &info));
	OK(gfs_rels_type(f.graph, ann, GFS_OUT, type, &folder_info));
	gfs_graph_read_end(f.graph);
	assert_true(hits_of(GFS_CACHE_OBJECT) >= objects + 4);
	assert_true(hits_of(GFS_CACHE_INDEX) >= pieces + 1);
	assert_int_equal(hits_of(GFS_CACHE_PAGE), pages);
}

#define WITH_GRAPH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commits),
		WITH_GRAPH(test_aborts),
		WITH_GRAPH(test_rollbacks),
		WITH_GRAPH(test_keys_move),
		WITH_GRAPH(test_layers_are_used),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
