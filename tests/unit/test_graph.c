/* The graph's API, call by call: what the model test does not look at (times, generations, changes, listings, JSON, settings). */
#include "tests/unit/graph_fixture.h"

#include "base/checked.h"
#include "base/io.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

static struct fixture f;

static int setup(void **state)
{
	(void)state;
	f = (struct fixture){ 0 };
	fixture_create(&f);
	fixture_open(&f);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (f.graph != NULL)
		require_clean(f.graph);
	fixture_destroy(&f);
	return 0;
}

static struct gfs_node_record record_of(uint64_t id)
{
	struct gfs_node_record r;
	OK(gfs_node_get(f.graph, id, &r));
	return r;
}

static void set_key(uint64_t id, const char *key, bool by_kernel)
{
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_node_set_key(tx, id, gfs_slice_text(key), by_kernel));
	tx_commit(tx);
}

static bool has_change(const struct gfs_changes *c, enum gfs_change_kind kind, uint64_t id)
{
	for (size_t i = 0; i < c->count; i++) {
		if (c->items[i].kind == kind && c->items[i].id == id)
			return true;
	}
	return false;
}

static size_t count_changes(const struct gfs_changes *c, enum gfs_change_kind kind)
{
	size_t count = 0;
	for (size_t i = 0; i < c->count; i++)
		count += c->items[i].kind == kind;
	return count;
}

/* ---- settings ---- */

static void test_key_property(void **state)
{
	struct gfs_graph_create_opts opts = { .key_property = "title" };
	struct gfs_message message = { "" };
	struct fixture other = { 0 };
	(void)state;
	assert_true(gfs_slice_equal(gfs_graph_key_property(f.graph), gfs_slice_text("name")));
	(void)snprintf(other.path, sizeof other.path, "%.40s.other", f.path);
	OK(gfs_graph_create(other.path, &opts, &message));
	fixture_open(&other);
	assert_true(gfs_slice_equal(gfs_graph_key_property(other.graph), gfs_slice_text("title")));
	fixture_destroy(&other);
	opts.key_property = "";
	assert_int_equal(gfs_graph_create(other.path, &opts, &message), GFS_ERR_INVALID);
	assert_string_not_equal(message.text, "");
}

static void test_open_nothing(void **state)
{
	struct gfs_store_opts opts = { 0 };
	struct gfs_message message = { "" };
	struct gfs_graph *graph;
	(void)state;
	assert_int_not_equal(gfs_graph_open("/tmp/gfs-there-is-no-such-folder", &opts, &graph, &message), 0);
	assert_string_not_equal(message.text, "");
	assert_int_equal(gfs_graph_close(NULL), 0);
	gfs_tx_abort(NULL);
}

static void test_read_only(void **state)
{
	struct gfs_tx *tx;
	uint64_t id;
	(void)state;
	uint64_t made = new_node(&f, "ann");
	fixture_close(&f);
	f.opts.read_only = true;
	fixture_open(&f);
	assert_int_equal(gfs_tx_begin(f.graph, &tx), GFS_ERR_READONLY);
	OK(gfs_node_find(f.graph, gfs_slice_text("ann"), &id));
	assert_int_equal(id, made);
}

/* ---- keys ---- */

static void test_keys(void **state)
{
	char longer[GFS_KEY_BYTES_MAX + 2];
	GFS_AUTO_BUF key = GFS_BUF_INIT;
	struct gfs_node_meta meta = { .mode = 0755 };
	uint64_t a = new_node(&f, "ann"), none = new_node(&f, ""), id;
	struct gfs_tx *tx = tx_begin(&f);
	(void)state;
	assert_int_equal(gfs_node_create(tx, gfs_slice_text("ann"), &meta, &id), GFS_ERR_EXISTS);
	gfs_tx_abort(tx);
	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = 0;
	tx = tx_begin(&f);
	assert_int_equal(gfs_node_create(tx, gfs_slice_text(longer), &meta, &id), GFS_ERR_NAMETOOLONG);
	assert_int_equal(gfs_node_create(tx, gfs_slice_text("\xff"), &meta, &id), GFS_ERR_ILSEQ);
	assert_int_equal(gfs_node_create(tx, gfs_slice("a\0b", 3), &meta, &id), GFS_ERR_INVALID);
	gfs_tx_abort(tx);
	longer[GFS_KEY_BYTES_MAX] = 0;
	uint64_t l = new_node(&f, longer);
	OK(gfs_node_find(f.graph, gfs_slice_text(longer), &id));
	assert_int_equal(id, l);
	longer[GFS_KEY_BYTES_MAX - 1] = 'y';
	assert_int_equal(gfs_node_find(f.graph, gfs_slice_text(longer), &id), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_node_find(f.graph, gfs_slice_text(""), &id), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_node_key(f.graph, none, &key), GFS_ERR_NODATA);
	assert_int_equal(gfs_node_key(f.graph, 999, &key), GFS_ERR_NOTFOUND);
	OK(gfs_node_key(f.graph, a, &key));
	assert_true(gfs_slice_equal(gfs_buf_slice(&key), gfs_slice_text("ann")));
}

static void test_generations(void **state)
{
	uint64_t id = new_node(&f, "a"), found;
	(void)state;
	assert_int_equal(record_of(id).link_generation, 0);
	set_key(id, "b", true);
	assert_int_equal(record_of(id).link_generation, 1);
	assert_int_equal(record_of(id).dir_generation, 0);
	set_key(id, "c", false);
	assert_int_equal(record_of(id).link_generation, 2);
	assert_int_equal(record_of(id).dir_generation, 1);
	set_key(id, "c", false);
	assert_int_equal(record_of(id).link_generation, 2);
	assert_int_equal(gfs_node_find(f.graph, gfs_slice_text("a"), &found), GFS_ERR_NOTFOUND);
	set_key(id, "", false);
	assert_int_equal(gfs_node_find(f.graph, gfs_slice_text("c"), &found), GFS_ERR_NOTFOUND);
	assert_int_equal(record_of(id).row_id, 0);
}

/* ---- times ---- */

static uint64_t prop_mtime(struct gfs_entity e, uint16_t key)
{
	struct gfs_prop_info info;
	OK(gfs_prop_stat(f.graph, e, key, &info));
	return info.mtime_ns;
}

static void test_times_of_properties(void **state)
{
	uint64_t id = new_node(&f, "a");
	struct gfs_entity e = node_entity(id);
	uint16_t k1 = name_of(&f, GFS_CATALOG_KEY, "k1"), k2 = name_of(&f, GFS_CATALOG_KEY, "k2");
	struct gfs_node_record before = record_of(id);
	(void)state;
	set_text(&f, e, "k1", "one");
	struct gfs_node_record after = record_of(id);
	assert_true(after.mtime_ns > before.mtime_ns && after.ctime_ns > before.ctime_ns);
	uint64_t first = prop_mtime(e, k1);
	assert_int_equal(first, after.mtime_ns);
	/* Another name in the folder: the folder's time rises, the first property's stays. */
	set_text(&f, e, "k2", "two");
	assert_int_equal(prop_mtime(e, k1), first);
	assert_true(record_of(id).mtime_ns > first);
	assert_int_equal(prop_mtime(e, k2), record_of(id).mtime_ns);
	/* A new value: its own time and the node's ctime, not the folder's. */
	before = record_of(id);
	set_text(&f, e, "k1", "uno");
	assert_true(prop_mtime(e, k1) > before.mtime_ns);
	assert_int_equal(record_of(id).mtime_ns, before.mtime_ns);
	assert_true(record_of(id).ctime_ns > before.ctime_ns);
	/* touch on the folder leaves what is in it. */
	uint64_t second = prop_mtime(e, k2);
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_node_set_meta(tx, id, GFS_META_MTIME, &(struct gfs_node_meta){ .mtime_ns = 5 }));
	tx_commit(tx);
	assert_int_equal(record_of(id).mtime_ns, 5);
	assert_int_equal(prop_mtime(e, k2), second);
	tx = tx_begin(&f);
	OK(gfs_prop_set_mtime(tx, e, k2, 7));
	tx_commit(tx);
	assert_int_equal(prop_mtime(e, k2), 7);
}

/* A time in the future still rises with every change. */
static void test_times_rise_past_the_future(void **state)
{
	uint64_t id = new_node(&f, "a"), future = UINT64_C(1) << 62;
	struct gfs_tx *tx = tx_begin(&f);
	(void)state;
	OK(gfs_node_set_meta(
		tx, id, GFS_META_MTIME | GFS_META_CTIME, &(struct gfs_node_meta){ .mtime_ns = future, .ctime_ns = future }));
	tx_commit(tx);
	assert_int_equal(record_of(id).ctime_ns, future);
	set_text(&f, node_entity(id), "k", "x");
	assert_int_equal(record_of(id).mtime_ns, future + 1);
	assert_int_equal(record_of(id).ctime_ns, future + 1);
	assert_true(prop_mtime(node_entity(id), name_of(&f, GFS_CATALOG_KEY, "k")) < future);
}

static void test_times_of_relationships(void **state)
{
	uint64_t a = new_node(&f, "a"), b = new_node(&f, "b"), dir_before, dir_after;
	struct gfs_node_record before = record_of(a);
	struct gfs_rel_record rel;
	(void)state;
	OK(gfs_rels_mtime(f.graph, a, GFS_OUT, &dir_before));
	uint64_t id = new_rel(&f, "T", a, b);
	assert_int_equal(record_of(a).mtime_ns, before.mtime_ns);
	assert_int_equal(record_of(a).ctime_ns, before.ctime_ns);
	OK(gfs_rels_mtime(f.graph, a, GFS_OUT, &dir_after));
	assert_true(dir_after > dir_before);
	OK(gfs_rel_get(f.graph, id, &rel));
	uint64_t made = rel.mtime_ns;
	set_text(&f, rel_entity(id), "since", "2020");
	OK(gfs_rel_get(f.graph, id, &rel));
	assert_true(rel.mtime_ns > made);
}

static void test_listing_times(void **state)
{
	struct gfs_store *store = gfs_graph_store(f.graph);
	uint64_t root = gfs_store_counter(store, GFS_COUNTER_ROOT_MTIME),
			 types = gfs_store_counter(store, GFS_COUNTER_TYPES_MTIME);
	uint64_t a = new_node(&f, "a");
	(void)state;
	assert_true(gfs_store_counter(store, GFS_COUNTER_ROOT_MTIME) > root);
	root = gfs_store_counter(store, GFS_COUNTER_ROOT_MTIME);
	set_key(a, "b", false);
	assert_true(gfs_store_counter(store, GFS_COUNTER_ROOT_MTIME) > root);
	uint64_t rel = new_rel(&f, "T", a, a);
	assert_true(gfs_store_counter(store, GFS_COUNTER_TYPES_MTIME) > types);
	types = gfs_store_counter(store, GFS_COUNTER_TYPES_MTIME);
	(void)new_rel(&f, "T", a, a);
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_rel_delete(tx, rel));
	tx_commit(tx);
	assert_int_equal(gfs_store_counter(store, GFS_COUNTER_TYPES_MTIME), types);
	uint16_t l = name_of(&f, GFS_CATALOG_LABEL, "L");
	uint64_t labels = gfs_store_counter(store, GFS_COUNTER_LABELS_MTIME);
	uint64_t labelled = record_of(a).labels_mtime_ns;
	tx = tx_begin(&f);
	OK(gfs_node_add_label(tx, a, l));
	tx_commit(tx);
	assert_true(gfs_store_counter(store, GFS_COUNTER_LABELS_MTIME) > labels);
	assert_true(record_of(a).labels_mtime_ns > labelled);
}

/* ---- changes ---- */

static void test_changes(void **state)
{
	struct gfs_changes c;
	struct gfs_node_meta meta = { .mode = 0755 };
	uint64_t a, b, r;
	uint16_t l = name_of(&f, GFS_CATALOG_LABEL, "L"), t = name_of(&f, GFS_CATALOG_TYPE, "T"),
			 k = name_of(&f, GFS_CATALOG_KEY, "k");
	struct gfs_tx *tx = tx_begin(&f);
	(void)state;
	OK(gfs_node_create(tx, gfs_slice_text("a"), &meta, &a));
	OK(gfs_node_create(tx, gfs_slice_text("b"), &meta, &b));
	OK(gfs_node_add_label(tx, a, l));
	OK(gfs_rel_create(tx, t, a, b, &r));
	OK(gfs_prop_create(tx, node_entity(a), k));
	OK(gfs_prop_write(tx, node_entity(a), k, 0, gfs_slice_text("x")));
	OK(gfs_tx_commit(tx, NULL, &c));
	assert_true(has_change(&c, GFS_CHANGE_NODE_CREATED, a) && has_change(&c, GFS_CHANGE_NODE_CREATED, b));
	assert_true(has_change(&c, GFS_CHANGE_LABEL_ADDED, a) && has_change(&c, GFS_CHANGE_REL_CREATED, r));
	assert_true(has_change(&c, GFS_CHANGE_PROP_CREATED, a) && has_change(&c, GFS_CHANGE_PROP_CHANGED, a));
	assert_int_equal(count_changes(&c, GFS_CHANGE_NAME_LISTED), 2);
	assert_int_equal(count_changes(&c, GFS_CHANGE_FOLDER_LISTED), 2);
	gfs_changes_release(&c);
	set_key(b, "bb", false);
	tx = tx_begin(&f);
	OK(gfs_node_delete(tx, b, true));
	OK(gfs_node_remove_label(tx, a, l));
	OK(gfs_prop_remove(tx, node_entity(a), k));
	OK(gfs_tx_commit(tx, NULL, &c));
	assert_true(has_change(&c, GFS_CHANGE_NODE_DELETED, b) && has_change(&c, GFS_CHANGE_REL_DELETED, r));
	assert_int_equal(count_changes(&c, GFS_CHANGE_NAME_LISTED), 2);
	assert_int_equal(count_changes(&c, GFS_CHANGE_FOLDER_LISTED), 2);
	for (size_t i = 0; i < c.count; i++) {
		if (c.items[i].kind == GFS_CHANGE_REL_DELETED)
			assert_true(c.items[i].start_generation == 0 && c.items[i].end_generation == 1);
		if (c.items[i].kind == GFS_CHANGE_NODE_DELETED)
			assert_true(c.items[i].link_generation == 1 && c.items[i].dir_generation == 1);
	}
	gfs_changes_release(&c);
}

static void test_rolled_back_changes_are_not_told(void **state)
{
	struct gfs_changes c;
	struct gfs_node_meta meta = { 0 };
	uint64_t id;
	struct gfs_tx *tx = tx_begin(&f);
	(void)state;
	OK(gfs_node_create(tx, gfs_slice_text("kept"), &meta, &id));
	struct gfs_txn_mark mark = gfs_tx_mark(tx);
	for (unsigned i = 0; i < 100; i++)
		OK(gfs_node_create(tx, gfs_slice_text(""), &meta, &id));
	gfs_tx_rollback_to(tx, mark);
	OK(gfs_tx_commit(tx, NULL, &c));
	assert_int_equal(c.count, 1);
	gfs_changes_release(&c);
}

static void count_calls(void *context, const struct gfs_changes *changes)
{
	unsigned *calls = context;
	(void)changes;
	++*calls;
}

static void test_listener(void **state)
{
	unsigned calls = 0;
	struct gfs_changes c;
	struct gfs_node_meta meta = { 0 };
	uint64_t id;
	(void)state;
	gfs_graph_set_listener(f.graph, count_calls, &calls);
	(void)new_node(&f, "a");
	assert_int_equal(calls, 1);
	tx_commit(tx_begin(&f));
	gfs_tx_abort(tx_begin(&f));
	assert_int_equal(calls, 1);
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_node_create(tx, gfs_slice_text("b"), &meta, &id));
	OK(gfs_tx_commit(tx, NULL, &c));
	gfs_changes_release(&c);
	assert_int_equal(calls, 1);
}

static void test_too_many_changes(void **state)
{
	struct gfs_changes c;
	struct gfs_node_meta meta = { 0 };
	uint64_t id;
	struct gfs_tx *tx = tx_begin(&f);
	(void)state;
	for (unsigned i = 0; i < GFS_CHANGES_MAX; i++)
		OK(gfs_node_create(tx, gfs_slice_text(""), &meta, &id));
	assert_false(tx == NULL);
	OK(gfs_node_create(tx, gfs_slice_text(""), &meta, &id));
	OK(gfs_tx_commit(tx, NULL, &c));
	assert_true(c.everything && c.count == 0 && c.items == NULL);
	gfs_changes_release(&c);
}

/* ---- labels ---- */

static void test_many_labels(void **state)
{
	uint64_t id = new_node(&f, "a"), found[2];
	uint16_t labels[GFS_LABELS_PER_NODE_MAX + 1], got[GFS_LABELS_PER_NODE_MAX];
	char name[16];
	size_t count;
	struct gfs_tx *tx = tx_begin(&f);
	(void)state;
	for (unsigned i = 0; i <= GFS_LABELS_PER_NODE_MAX; i++) {
		(void)snprintf(name, sizeof name, "L%u", i);
		OK(gfs_name_make(tx, GFS_CATALOG_LABEL, gfs_slice_text(name), &labels[i]));
	}
	for (unsigned i = GFS_LABELS_PER_NODE_MAX; i-- > 0;)
		OK(gfs_node_add_label(tx, id, labels[i]));
	assert_int_equal(gfs_node_add_label(tx, id, labels[GFS_LABELS_PER_NODE_MAX]), GFS_ERR_LIMIT);
	assert_int_equal(gfs_node_add_label(tx, id, labels[5]), GFS_ERR_EXISTS);
	assert_int_equal(gfs_node_add_label(tx, id, 60000), GFS_ERR_NOTFOUND);
	tx_commit(tx);
	OK(gfs_node_labels(f.graph, id, got, 2, &count));
	assert_int_equal(count, GFS_LABELS_PER_NODE_MAX);
	assert_true(got[0] == labels[0] && got[1] == labels[1]);
	OK(gfs_label_nodes(f.graph, labels[7], 1, found, 2, &count));
	assert_true(count == 1 && found[0] == id);
	tx = tx_begin(&f);
	for (unsigned i = 0; i < GFS_LABELS_PER_NODE_MAX; i++)
		OK(gfs_node_remove_label(tx, id, labels[i]));
	tx_commit(tx);
	OK(gfs_node_labels(f.graph, id, got, 2, &count));
	assert_int_equal(count, 0);
}

/* ---- relationships ---- */

static void test_relationship_errors(void **state)
{
	uint64_t a = new_node(&f, "a"), id;
	uint16_t t = name_of(&f, GFS_CATALOG_TYPE, "T");
	struct gfs_tx *tx;
	(void)state;
	tx = tx_begin(&f);
	assert_int_equal(gfs_rel_create(tx, t, a, 999, &id), GFS_ERR_NOTFOUND);
	gfs_tx_abort(tx);
	tx = tx_begin(&f);
	assert_int_equal(gfs_rel_create(tx, 999, a, a, &id), GFS_ERR_NOTFOUND);
	gfs_tx_abort(tx);
	tx = tx_begin(&f);
	assert_int_equal(gfs_rel_delete(tx, 999), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_rel_set_mtime(tx, 999, 1), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_folder_set_made(tx, 999, GFS_OUT, t, true), GFS_ERR_NOTFOUND);
	gfs_tx_abort(tx);
	(void)new_rel(&f, "T", a, a);
	tx = tx_begin(&f);
	assert_int_equal(gfs_folder_set_made(tx, a, GFS_OUT, t, false), GFS_ERR_NOTEMPTY);
	assert_int_equal(gfs_node_delete(tx, a, false), GFS_ERR_NOTEMPTY);
	gfs_tx_abort(tx);
}

/* A loop is in both chains of its node, and leaves both. */
static void test_loop(void **state)
{
	uint64_t a = new_node(&f, "a"), b = new_node(&f, "b");
	bool empty;
	(void)state;
	uint64_t first = new_rel(&f, "T", a, b), loop = new_rel(&f, "T", a, a), last = new_rel(&f, "T", b, a);
	require_clean(f.graph);
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_rel_delete(tx, loop));
	tx_commit(tx);
	require_clean(f.graph);
	assert_int_equal(record_of(a).first_out, first);
	assert_int_equal(record_of(a).first_in, last);
	tx = tx_begin(&f);
	OK(gfs_node_delete(tx, a, true));
	tx_commit(tx);
	OK(gfs_node_is_empty(f.graph, b, &empty));
	assert_true(empty);
}

static uint64_t pages_looked_at(void)
{
	struct gfs_cache_stats stats;
	gfs_cache_budget_stats(gfs_store_cache_budget(gfs_graph_store(f.graph)), GFS_CACHE_PAGE, &stats);
	return stats.hits + stats.misses;
}

/* A hub's folder holds one name for each relationship; looking each of them up would walk the hub's chain as often. */
static void test_chain_of_a_pair_is_the_shorter_one(void **state)
{
	enum { LEAVES = 500, STEPS_MAX = 20 };
	uint64_t hub = new_node(&f, "hub"), leaf = 0, rel = 0, found[2];
	size_t count;
	(void)state;
	for (unsigned i = 0; i < LEAVES; i++) {
		leaf = new_node(&f, "");
		rel = new_rel(&f, "T", leaf, hub);
	}
	uint64_t second = new_rel(&f, "T", leaf, hub);
	uint16_t t = name_of(&f, GFS_CATALOG_TYPE, "T");
	gfs_graph_set_rel_index(f.graph, false);
	uint64_t before = pages_looked_at();
	OK(gfs_rels_pair(f.graph, hub, GFS_IN, t, leaf, found, 2, &count));
	assert_int_equal(count, 2);
	assert_true(found[0] == rel && found[1] == second);
	OK(gfs_rels_pair(f.graph, leaf, GFS_OUT, t, hub, found, 2, &count));
	assert_int_equal(count, 2);
	assert_in_range(pages_looked_at() - before, 1, STEPS_MAX);
	OK(gfs_rels_pair(f.graph, hub, GFS_IN, t, GFS_ID_MAX, found, 2, &count));
	assert_int_equal(count, 0);
}

/* ---- bulk ---- */

static void test_bulk_errors(void **state)
{
	struct gfs_node_meta meta = { .mode = 0755 };
	struct gfs_value v = { .type = GFS_TYPE_INTEGER, .newline = true };
	uint16_t k = name_of(&f, GFS_CATALOG_KEY, "k"), l = name_of(&f, GFS_CATALOG_LABEL, "L");
	struct gfs_bulk_prop twice[] = { { k, &v }, { k, &v } }, unknown[] = { { 999, &v } };
	uint16_t labels[] = { l, l };
	uint64_t id, next;
	struct gfs_tx *tx = tx_begin(&f);
	struct gfs_txn_mark mark = gfs_tx_mark(tx);
	(void)state;
	assert_int_equal(gfs_bulk_node(tx, gfs_slice_text("a"), &meta, NULL, 0, twice, 2, &id), GFS_ERR_INVALID);
	assert_int_equal(gfs_bulk_node(tx, gfs_slice_text("a"), &meta, NULL, 0, unknown, 1, &id), GFS_ERR_NOTFOUND);
	gfs_tx_rollback_to(tx, mark);
	assert_int_equal(gfs_bulk_node(tx, gfs_slice_text("a"), &meta, labels, 2, NULL, 0, &id), GFS_ERR_INVALID);
	gfs_tx_rollback_to(tx, mark);
	OK(gfs_bulk_node(tx, gfs_slice_text("a"), &meta, labels, 1, twice, 1, &id));
	/* A key that is another's: nothing was changed, not even an id used up. */
	assert_int_equal(gfs_bulk_node(tx, gfs_slice_text("a"), &meta, labels, 1, twice, 1, &next), GFS_ERR_EXISTS);
	OK(gfs_bulk_node(tx, gfs_slice_text("b"), &meta, labels, 1, twice, 1, &next));
	assert_int_equal(next, id + 1);
	tx_commit(tx);
}

/* Enough for the radix sort, with a mark in the middle and a finish that is taken back. */
static void test_bulk_relationships(void **state)
{
	enum { NODES = 300, RELS = 30000 };
	struct gfs_node_meta meta = { 0 };
	uint64_t ids[NODES], id;
	uint16_t types[3];
	struct gfs_tx *tx = tx_begin(&f);
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		OK(gfs_name_make(tx, GFS_CATALOG_TYPE, gfs_slice(&"abc"[i], 1), &types[i]));
	for (unsigned i = 0; i < NODES; i++)
		OK(gfs_bulk_node(tx, gfs_slice_text(""), &meta, NULL, 0, NULL, 0, &ids[i]));
	for (unsigned i = 0; i < RELS; i++)
		OK(gfs_bulk_rel(tx, types[i % 3], ids[i * 7919u % NODES], ids[i * 104729u % 17], 0, NULL, 0, &id));
	struct gfs_txn_mark mark = gfs_tx_mark(tx);
	for (unsigned i = 0; i < RELS; i++)
		OK(gfs_bulk_rel(tx, types[i % 3], ids[i * 7919u % NODES], ids[i * 104729u % 17], 0, NULL, 0, &id));
	OK(gfs_bulk_finish(tx));
	gfs_tx_rollback_to(tx, mark);
	OK(gfs_bulk_rel(tx, types[0], ids[0], ids[1], 0, NULL, 0, &id));
	OK(gfs_rel_delete(tx, id));
	tx_commit(tx);
	assert_int_equal(gfs_store_counter(gfs_graph_store(f.graph), GFS_COUNTER_RELS), RELS);
}

struct finished {
	uint64_t digest; /* shared with the child */
};

/* Each finish puts its relationships before those of the one before: what is made in two must be made in two by replay. */
static void finished_body(struct fixture *fx, void *context)
{
	struct finished *finished = context;
	uint16_t type = name_of(fx, GFS_CATALOG_TYPE, "T");
	uint64_t a = new_node(fx, "a"), b = new_node(fx, "b"), id;
	struct gfs_tx *tx = tx_begin(fx);
	OK(gfs_bulk_rel(tx, type, a, b, 0, NULL, 0, &id));
	OK(gfs_bulk_rel(tx, type, a, a, 0, NULL, 0, &id));
	OK(gfs_bulk_finish(tx));
	OK(gfs_bulk_rel(tx, type, a, b, 0, NULL, 0, &id));
	OK(gfs_folder_set_made(tx, b, GFS_OUT, type, true)); /* finishes as well */
	OK(gfs_bulk_rel(tx, type, a, a, 0, NULL, 0, &id));
	tx_commit(tx);
	finished->digest = graph_digest(fx->graph);
}

static void test_bulk_finish_replayed(void **state)
{
	struct finished *finished = mmap(NULL, sizeof *finished, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	(void)state;
	assert_ptr_not_equal(finished, MAP_FAILED);
	fixture_close(&f);
	fixture_killed(&f, finished_body, finished);
	fixture_open(&f);
	assert_true(graph_digest(f.graph) == finished->digest);
	require_clean(f.graph);
	munmap(finished, sizeof *finished);
}

static void unlogged_body(struct fixture *fx, void *context)
{
	struct gfs_node_meta meta = { 0 };
	struct gfs_store_stats stats;
	uint64_t id;
	(void)context;
	struct gfs_tx *tx;
	OK(gfs_tx_begin_unlogged(fx->graph, &tx));
	OK(gfs_bulk_node(tx, gfs_slice_text("bulk"), &meta, NULL, 0, NULL, 0, &id));
	tx_commit(tx);
	gfs_store_stats_get(gfs_graph_store(fx->graph), &stats);
	REQUIRE(stats.failure == 0);
	/* And the log goes on after it. */
	(void)new_node(fx, "after");
}

static void test_unlogged(void **state)
{
	uint64_t id;
	(void)state;
	(void)new_node(&f, "before");
	fixture_close(&f);
	fixture_killed(&f, unlogged_body, NULL);
	fixture_open(&f);
	OK(gfs_node_find(f.graph, gfs_slice_text("before"), &id));
	OK(gfs_node_find(f.graph, gfs_slice_text("bulk"), &id));
	OK(gfs_node_find(f.graph, gfs_slice_text("after"), &id));
}

/* ---- names ---- */

static void test_names(void **state)
{
	struct gfs_catalog_entry entry;
	struct gfs_changes c;
	uint16_t l = name_of(&f, GFS_CATALOG_LABEL, "L");
	struct gfs_tx *tx = tx_begin(&f);
	(void)state;
	assert_int_equal(gfs_name_make(tx, GFS_CATALOG_LABEL, gfs_slice_text(""), &l), GFS_ERR_INVALID);
	assert_int_equal(gfs_name_make(tx, GFS_CATALOG_LABEL, gfs_slice_text("\xff"), &l), GFS_ERR_ILSEQ);
	assert_int_equal(gfs_name_set_made(tx, GFS_CATALOG_LABEL, 999, true), GFS_ERR_NOTFOUND);
	OK(gfs_name_set_made(tx, GFS_CATALOG_LABEL, l, true));
	OK(gfs_name_set_made(tx, GFS_CATALOG_LABEL, l, true));
	OK(gfs_tx_commit(tx, NULL, &c));
	assert_true(c.count == 1 && c.items[0].kind == GFS_CHANGE_NAME_LISTED && c.items[0].dir == GFS_CATALOG_LABEL &&
		c.items[0].name_id == l);
	gfs_changes_release(&c);
	OK(gfs_catalog_get(gfs_graph_catalog(f.graph), GFS_CATALOG_LABEL, l, &entry));
	assert_true(entry.made && entry.count == 0);
}

/* Versions rise with whatever a query over the name could see. */
static void test_versions(void **state)
{
	struct gfs_catalog_entry before, after;
	uint64_t a = new_node(&f, "a");
	(void)state;
	set_text(&f, node_entity(a), "k", "x");
	uint16_t k = name_of(&f, GFS_CATALOG_KEY, "k");
	OK(gfs_catalog_get(gfs_graph_catalog(f.graph), GFS_CATALOG_KEY, k, &before));
	set_text(&f, node_entity(a), "k", "y");
	OK(gfs_catalog_get(gfs_graph_catalog(f.graph), GFS_CATALOG_KEY, k, &after));
	assert_true(after.version > before.version);
	assert_int_equal(after.count, 1);
}

/* ---- JSON ---- */

static void test_json(void **state)
{
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	char expected[512];
	uint64_t a = new_node(&f, "ann"), b = new_node(&f, "b\"ob"), none = new_node(&f, "");
	uint16_t l = name_of(&f, GFS_CATALOG_LABEL, "Person");
	struct gfs_tx *tx = tx_begin(&f);
	(void)state;
	OK(gfs_node_add_label(tx, a, l));
	tx_commit(tx);
	set_text(&f, node_entity(a), "name", "Ann");
	uint64_t r1 = new_rel(&f, "KNOWS", a, b), r2 = new_rel(&f, "LIKES", none, a);
	set_text(&f, rel_entity(r1), "since", "2020");
	OK(gfs_node_json(f.graph, a, &out, NULL));
	(void)snprintf(expected, sizeof expected,
		"{\"key\":\"ann\",\"id\":%llu,\"labels\":[\"Person\"],\"properties\":{\"name\":\"Ann\"},"
		"\"out\":{\"KNOWS\":[{\"key\":\"b\\\"ob\",\"node\":%llu,\"id\":%llu,\"properties\":{\"since\":\"2020\"}}]},"
		"\"in\":{\"LIKES\":[{\"key\":null,\"node\":%llu,\"id\":%llu,\"properties\":{}}]}}\n",
		(unsigned long long)a, (unsigned long long)b, (unsigned long long)r1, (unsigned long long)none,
		(unsigned long long)r2);
	gfs_buf_append_u8(&out, 0);
	assert_string_equal((char *)out.data, expected);
	assert_int_equal(gfs_node_json(f.graph, 999, &out, NULL), GFS_ERR_NOTFOUND);
}

static void append_loop(struct gfs_buf *out, const char *before, uint64_t hub, uint64_t rel)
{
	gfs_buf_printf(out, "%s{\"key\":\"hub\",\"node\":%llu,\"id\":%llu,\"properties\":{}}", before,
		(unsigned long long)hub, (unsigned long long)rel);
}

/* Lists that are read in several parts, by the index and by chains; a folder that is empty is not told. */
static void test_json_of_a_hub(void **state)
{
	enum { PARTS = 500 };
	uint64_t hub = new_node(&f, "hub"), ids[PARTS];
	uint16_t types[] = { name_of(&f, GFS_CATALOG_TYPE, "A"), name_of(&f, GFS_CATALOG_TYPE, "EMPTY") };
	GFS_AUTO_BUF expected = GFS_BUF_INIT;
	(void)state;
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_folder_set_made(tx, hub, GFS_OUT, types[1], true));
	for (unsigned i = 0; i < PARTS; i++)
		OK(gfs_rel_create(tx, types[0], hub, hub, &ids[i]));
	tx_commit(tx);
	uint64_t last = new_rel(&f, "LAST", hub, hub);
	gfs_buf_append_text(&expected, "\"out\":{\"A\":[");
	for (unsigned i = 0; i < PARTS; i++)
		append_loop(&expected, i == 0 ? "" : ",", hub, ids[i]);
	append_loop(&expected, "],\"LAST\":[", hub, last);
	gfs_buf_append_text(&expected, "]},\"in\":{");
	gfs_buf_append_u8(&expected, 0);
	for (unsigned by_index = 0; by_index < 2; by_index++) {
		GFS_AUTO_BUF out = GFS_BUF_INIT;
		gfs_graph_set_rel_index(f.graph, by_index == 1);
		OK(gfs_node_json(f.graph, hub, &out, NULL));
		gfs_buf_append_u8(&out, 0);
		assert_non_null(strstr((char *)out.data, (char *)expected.data));
	}
}

static unsigned json_mode(uint64_t id, const char *word, bool *ret_shown)
{
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	uint16_t mode = 0;
	OK(gfs_node_json(f.graph, id, &out, &mode));
	gfs_buf_append_u8(&out, 0);
	*ret_shown = strstr((char *)out.data, word) != NULL;
	return mode;
}

static void set_access(struct gfs_entity entity, uint16_t key, unsigned mode, uint32_t uid)
{
	struct gfs_access access = { .uid = uid, .gid = 0, .mode = (uint16_t)mode };
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_prop_set_access(tx, entity, key, &access));
	tx_commit(tx);
}

static void set_node(uint64_t id, unsigned mode, uint32_t uid)
{
	struct gfs_node_meta meta = { .mode = (uint16_t)mode, .uid = uid };
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_node_set_meta(tx, id, GFS_META_MODE | GFS_META_UID | GFS_META_GID, &meta));
	tx_commit(tx);
}

/* The text used to show what a property's own mode hides. */
static void test_json_tells_no_secrets(void **state)
{
	(void)state;
	bool shown;
	uint64_t a = new_node(&f, "ann"), b = new_node(&f, "bob");
	uint64_t r = new_rel(&f, "KNOWS", a, b);
	uint16_t k = name_of(&f, GFS_CATALOG_KEY, "k");
	set_node(a, 0755, 0);
	set_node(b, 0755, 0);
	set_text(&f, node_entity(a), "k", "mine");
	set_text(&f, rel_entity(r), "k", "ours");
	assert_int_equal(json_mode(a, "mine", &shown), 0444);
	set_access(node_entity(a), k, 0640, 0);
	assert_int_equal(json_mode(a, "mine", &shown), 0440);
	assert_true(shown);
	assert_int_equal(json_mode(b, "ours", &shown), 0444);
	assert_true(shown);
	set_access(node_entity(a), k, 0600, 5);
	assert_int_equal(json_mode(a, "mine", &shown), 0);
	/* A private relationship of the same owner narrows both ends. */
	set_access(rel_entity(r), k, 0600, 0);
	assert_int_equal(json_mode(b, "ours", &shown), 0400);
	assert_true(shown);
	set_access(rel_entity(r), k, 0644, 0);
	set_node(a, 0750, 0);
	assert_int_equal(json_mode(b, "ours", &shown), 0440);
	assert_true(shown);
	/* One of somebody else is left out instead, unless all may read it. */
	set_node(a, 0750, 5);
	assert_int_equal(json_mode(b, "ours", &shown), 0444);
	assert_false(shown);
	set_node(a, 0755, 5);
	assert_int_equal(json_mode(b, "ours", &shown), 0444);
	assert_true(shown);
}

/* ---- failures and threads ---- */

static struct gfs_io_verdict no_writes(void *context, const struct gfs_io_event *event)
{
	(void)context;
	return (struct gfs_io_verdict){ .error = event->op == GFS_IO_WRITE ? ENOSPC : 0 };
}

/* A commit that the log refuses leaves nothing behind and is told to nobody. */
static void test_failed_commit(void **state)
{
	struct gfs_node_meta meta = { 0 };
	struct gfs_changes changes;
	unsigned calls = 0;
	uint64_t id;
	(void)state;
	(void)new_node(&f, "before");
	gfs_graph_set_listener(f.graph, count_calls, &calls);
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_node_create(tx, gfs_slice_text("lost"), &meta, &id));
	assert_int_equal(gfs_bulk_rel(tx, 1, id, id, 0, NULL, 0, &id), GFS_ERR_NOTFOUND);
	gfs_io_set_hook(no_writes, NULL);
	assert_int_equal(gfs_tx_commit(tx, NULL, &changes), GFS_ERR_NOSPC);
	gfs_io_set_hook(NULL, NULL);
	assert_int_equal(calls, 0);
	assert_int_equal(gfs_node_find(f.graph, gfs_slice_text("lost"), &id), GFS_ERR_NOTFOUND);
	OK(gfs_node_find(f.graph, gfs_slice_text("before"), &id));
	assert_int_equal(gfs_tx_begin(f.graph, &tx), GFS_ERR_FAILED);
	require_clean(f.graph);
	struct gfs_graph *graph = f.graph;
	f.graph = NULL;
	(void)gfs_graph_close(graph); /* it says that it could not write a checkpoint */
	fixture_open(&f);
	assert_int_equal(gfs_node_find(f.graph, gfs_slice_text("lost"), &id), GFS_ERR_NOTFOUND);
}

/* A writer that commits hands the transaction on: what it keeps of it must be its own. */
static void *writer(void *context)
{
	struct gfs_node_meta meta = { 0 };
	struct gfs_changes c;
	struct gfs_tx *tx;
	uint64_t id;
	(void)context;
	for (unsigned i = 0; i < 300; i++) {
		OK(gfs_tx_begin(f.graph, &tx));
		OK(gfs_node_create(tx, gfs_slice_text(""), &meta, &id));
		if (i % 3 == 0) {
			gfs_tx_abort(tx);
			continue;
		}
		OK(gfs_tx_commit(tx, NULL, &c));
		REQUIRE(c.count == 1 && c.items[0].id == id);
		gfs_changes_release(&c);
		gfs_graph_read_begin(f.graph);
		struct gfs_node_record r;
		OK(gfs_node_get(f.graph, id, &r));
		gfs_graph_read_end(f.graph);
	}
	return NULL;
}

static void test_writers(void **state)
{
	pthread_t threads[4];
	(void)state;
	for (unsigned i = 0; i < GFS_COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, writer, NULL), 0);
	for (unsigned i = 0; i < GFS_COUNT(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(gfs_store_counter(gfs_graph_store(f.graph), GFS_COUNTER_NODES), 800);
}

/* rsync and sed -i make a temporary property, each of another name, and rename it: that used up the names of the whole graph. */
struct temporaries {
	uint64_t node;
	unsigned from, to;
};

static void make_temporaries(struct fixture *fix, void *context)
{
	const struct temporaries *t = context;
	for (unsigned i = t->from; i < t->to;) {
		struct gfs_tx *tx = tx_begin(fix);
		for (unsigned end = i + 1000; i < end && i < t->to; i++) {
			char name[32];
			uint16_t key;
			int n = snprintf(name, sizeof name, ".note.%u", i);
			OK(gfs_name_make(tx, GFS_CATALOG_KEY, gfs_slice(name, (size_t)n), &key));
			OK(gfs_prop_create(tx, node_entity(t->node), key));
			OK(gfs_prop_remove(tx, node_entity(t->node), key));
		}
		tx_commit(tx);
	}
}

static void test_temporary_names_are_used_again(void **state)
{
	(void)state;
	uint64_t node = new_node(&f, "n");
	uint16_t key, kept;
	set_text(&f, node_entity(node), "kept", "value");
	kept = name_of(&f, GFS_CATALOG_KEY, "kept");
	make_temporaries(&f, &(struct temporaries){ node, 0, 70000 });
	/* An abort gives the former name back. */
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_name_make(tx, GFS_CATALOG_KEY, gfs_slice_text("taken back"), &key));
	gfs_tx_abort(tx);
	gfs_graph_read_begin(f.graph);
	assert_int_equal(gfs_catalog_find(gfs_graph_catalog(f.graph), GFS_CATALOG_KEY, gfs_slice_text("taken back"), &key),
		GFS_ERR_NOTFOUND);
	assert_int_equal(
		gfs_catalog_find(gfs_graph_catalog(f.graph), GFS_CATALOG_KEY, gfs_slice_text(".note.69999"), &key), 0);
	gfs_graph_read_end(f.graph);
	require_clean(f.graph);
	fixture_close(&f);
	/* And again from the log. */
	fixture_killed(&f, make_temporaries, &(struct temporaries){ node, 70000, 72000 });
	fixture_open(&f);
	assert_int_equal(name_of(&f, GFS_CATALOG_KEY, "kept"), kept);
	gfs_graph_read_begin(f.graph);
	assert_int_equal(
		gfs_catalog_find(gfs_graph_catalog(f.graph), GFS_CATALOG_KEY, gfs_slice_text(".note.71999"), &key), 0);
	gfs_graph_read_end(f.graph);
	require_clean(f.graph);
}

/* A property row far longer than a page. */
static void test_many_properties(void **state)
{
	enum { COUNT = 500 };
	char name[16], text[64];
	struct gfs_prop_info infos[7];
	uint64_t a = new_node(&f, "a"), seen = 0;
	size_t count = 1;
	(void)state;
	for (unsigned i = 0; i < COUNT; i++) {
		(void)snprintf(name, sizeof name, "k%u", i);
		(void)snprintf(text, sizeof text, "the value of property number %u, of some length", i);
		set_text(&f, node_entity(a), name, text);
	}
	for (uint32_t from = 1; count != 0; from = count == 0 ? 0 : infos[count - 1].key + 1u) {
		OK(gfs_prop_list(f.graph, node_entity(a), (uint16_t)from, infos, GFS_COUNT(infos), &count));
		seen += count;
	}
	assert_int_equal(seen, COUNT);
	fixture_close(&f);
	fixture_open(&f);
	require_clean(f.graph);
	struct gfs_tx *tx = tx_begin(&f);
	OK(gfs_node_delete(tx, a, false));
	tx_commit(tx);
	assert_int_equal(gfs_store_counter(gfs_graph_store(f.graph), GFS_COUNTER_PROPERTIES), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_key_property),
		TEST(test_open_nothing),
		TEST(test_read_only),
		TEST(test_keys),
		TEST(test_generations),
		TEST(test_times_of_properties),
		TEST(test_times_rise_past_the_future),
		TEST(test_times_of_relationships),
		TEST(test_listing_times),
		TEST(test_changes),
		TEST(test_rolled_back_changes_are_not_told),
		TEST(test_listener),
		TEST(test_too_many_changes),
		TEST(test_many_labels),
		TEST(test_relationship_errors),
		TEST(test_loop),
		TEST(test_chain_of_a_pair_is_the_shorter_one),
		TEST(test_bulk_errors),
		TEST(test_bulk_relationships),
		TEST(test_bulk_finish_replayed),
		TEST(test_unlogged),
		TEST(test_names),
		TEST(test_versions),
		TEST(test_json),
		TEST(test_json_of_a_hub),
		TEST(test_json_tells_no_secrets),
		TEST(test_failed_commit),
		TEST(test_writers),
		TEST(test_many_properties),
		TEST(test_temporary_names_are_used_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
