/* Decoded adjacency (index/adj_view.h): a view says what the rows say, whatever was changed, by whom and how it ended. Each change has its own
 * check, so that one which does not take its group out of the cache is found. */
#include "index_store.h"

#include "base/checked.h"
#include "index/adj_private.h"
#include "index/adj_view.h"
#include "index/index_cache.h"

#include <string.h>

enum { FIRST = 32, NODES = 3 * GFS_ADJ_GROUP_NODES, TYPES = 5, LIST_MAX = 40000 };

static struct test_store t;
static struct gfs_cache *cache;
static struct gfs_adj *adj;   /* with the cache */
static struct gfs_adj *plain; /* without */
static uint64_t next_rel;

static int setup(void **state)
{
	(void)state;
	test_store_create(&t);
	assert_int_equal(gfs_index_cache_open(t.store, &cache), 0);
	assert_int_equal(gfs_adj_open(t.store, cache, &adj), 0);
	assert_int_equal(gfs_adj_open(t.store, NULL, &plain), 0);
	next_rel = 1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	gfs_adj_free(plain);
	gfs_adj_free(adj);
	gfs_cache_free(cache);
	test_store_destroy(&t);
	return 0;
}

static struct gfs_adj_entry entry(uint64_t other, uint64_t rel)
{
	return (struct gfs_adj_entry){ .other = other, .rel = rel };
}

static uint64_t hits(void)
{
	struct gfs_cache_stats stats;
	gfs_cache_stats_get(cache, &stats);
	return stats.hits;
}

static uint64_t groups(void)
{
	struct gfs_cache_stats stats;
	gfs_cache_stats_get(cache, &stats);
	return stats.entries;
}

/* ---- comparing with the rows; the graph lock is held ---- */

static void compare_folder(uint64_t node, enum gfs_direction dir, const struct gfs_adj_view *view,
	const struct gfs_adj_folder *folder, const struct gfs_adj_type *type)
{
	static struct gfs_adj_entry expected[LIST_MAX], got[LIST_MAX];
	size_t count;
	assert_int_equal(folder->type, type->type);
	assert_int_equal(folder->made, type->made);
	assert_int_equal(folder->count, type->count);
	assert_int_equal(folder->mtime_ns, type->mtime_ns);
	assert_int_equal(gfs_adj_list(plain, node, dir, type->type, entry(0, 0), expected, LIST_MAX, &count), 0);
	assert_int_equal(count, folder->count);
	if (!folder->is_long && count > 0)
		assert_memory_equal(view->entries + folder->first, expected, count * sizeof *expected);
	assert_int_equal(gfs_adj_list(adj, node, dir, type->type, entry(0, 0), got, LIST_MAX, &count), 0);
	assert_int_equal(count, folder->count);
	if (count > 0)
		assert_memory_equal(got, expected, count * sizeof *expected);
}

/* The view of a node is what the rows hold; false when there is no view. */
static bool compare(uint64_t node, enum gfs_direction dir, struct gfs_adj_view *view)
{
	struct gfs_adj_type types[TYPES + 1];
	uint64_t mtime_ns;
	size_t count;
	if (!gfs_adj_view_get(adj, node, dir, view))
		return false;
	assert_int_equal(gfs_adj_types(plain, node, dir, 1, types, GFS_COUNT(types), &count), 0);
	assert_int_equal(count, view->folder_count);
	assert_int_equal(gfs_adj_mtime(plain, node, dir, &mtime_ns), 0);
	assert_int_equal(mtime_ns, view->mtime_ns);
	for (size_t i = 0; i < count; i++) {
		struct gfs_adj_folder folder = gfs_adj_view_folder(view, i);
		compare_folder(node, dir, view, &folder, &types[i]);
		assert_int_equal(gfs_adj_view_find(view, types[i].type), i);
	}
	assert_int_equal(gfs_adj_view_find(view, TYPES + 1), count);
	return true;
}

static void compare_all(bool views)
{
	struct gfs_adj_view view = GFS_ADJ_VIEW_INIT;
	for (uint64_t node = FIRST - 1; node <= FIRST + NODES; node++) {
		assert_int_equal(compare(node, GFS_OUT, &view), views);
		assert_int_equal(compare(node, GFS_IN, &view), views);
	}
	gfs_adj_view_put(&view);
}

static void compare_as_reader(void)
{
	gfs_store_read_begin(t.store);
	compare_all(true);
	gfs_store_read_end(t.store);
}

/* ---- changes ---- */

static void add(struct gfs_txn *txn, uint64_t node, uint16_t type, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++, next_rel++)
		assert_int_equal(gfs_adj_add(txn, adj, node, GFS_OUT, type, entry(1 + next_rel % 7, next_rel)), 0);
}

/* Makes node FIRST one with inline entries, a folder that was made, blocks, and a long folder. */
static void fill(void)
{
	struct gfs_txn *txn = test_begin(&t);
	add(txn, FIRST, 1, 3);
	assert_int_equal(gfs_adj_set_made(txn, adj, FIRST, GFS_IN, 2, true), 0);
	add(txn, FIRST, 3, 3 * GFS_ADJ_BLOCK_MAX);
	add(txn, FIRST, 4, GFS_ADJ_FOLDER_ENTRIES_MAX + 1);
	add(txn, FIRST + 1, 5, 1);
	test_commit(txn);
}

static void test_view(void **state)
{
	struct gfs_adj_view view = GFS_ADJ_VIEW_INIT;
	(void)state;
	fill();
	compare_as_reader();
	gfs_store_read_begin(t.store);
	assert_true(gfs_adj_view_get(adj, FIRST, GFS_OUT, &view));
	assert_int_equal(view.folder_count, 3);
	assert_false(gfs_adj_view_folder(&view, 0).is_long);
	assert_false(gfs_adj_view_folder(&view, 1).is_long);
	assert_true(gfs_adj_view_folder(&view, 2).is_long);
	/* A neighbour is in the same group: nothing is looked up. */
	uint64_t before = hits();
	assert_true(gfs_adj_view_get(adj, FIRST + 1, GFS_OUT, &view));
	assert_int_equal(view.folder_count, 1);
	assert_int_equal(hits(), before);
	assert_true(gfs_adj_view_get(adj, FIRST + GFS_ADJ_GROUP_NODES, GFS_OUT, &view));
	assert_int_equal(hits(), before + 1);
	gfs_adj_view_put(&view);
	gfs_store_read_end(t.store);
}

/* A group has room for so many entries; what comes after is long although it is short. */
static void test_full_group(void **state)
{
	struct gfs_txn *txn = test_begin(&t);
	struct gfs_adj_view view = GFS_ADJ_VIEW_INIT;
	size_t held = 0;
	(void)state;
	for (uint64_t i = 0; i < 8; i++)
		add(txn, FIRST + i, 1, GFS_ADJ_FOLDER_ENTRIES_MAX - 1);
	test_commit(txn);
	compare_as_reader();
	gfs_store_read_begin(t.store);
	for (uint64_t i = 0; i < 8; i++) {
		assert_true(gfs_adj_view_get(adj, FIRST + i, GFS_OUT, &view));
		held += gfs_adj_view_folder(&view, 0).is_long ? 0 : 1;
	}
	gfs_adj_view_put(&view);
	gfs_store_read_end(t.store);
	assert_int_equal(held, GFS_ADJ_GROUP_ENTRIES_MAX / (GFS_ADJ_FOLDER_ENTRIES_MAX - 1));
}

static void test_switched_off(void **state)
{
	(void)state;
	fill();
	compare_as_reader();
	gfs_cache_set_enabled(cache, false);
	assert_int_equal(groups(), 0);
	gfs_store_read_begin(t.store);
	compare_all(false);
	gfs_store_read_end(t.store);
	struct gfs_adj_view own = GFS_ADJ_VIEW_INIT;
	gfs_store_read_begin(t.store);
	assert_true(gfs_adj_view_read(adj, FIRST, GFS_OUT, &own));
	assert_int_equal(own.folder_count, 3);
	assert_int_equal(gfs_adj_view_folder(&own, 1).count, 3 * GFS_ADJ_BLOCK_MAX);
	assert_int_equal(groups(), 0);
	assert_true(gfs_adj_view_read(adj, FIRST + 1, GFS_OUT, &own)); /* the same group */
	assert_int_equal(own.folder_count, 1);
	gfs_adj_view_put(&own);
	gfs_store_read_end(t.store);
	gfs_cache_set_enabled(cache, true);
	compare_as_reader();
}

/* ---- one change each, on every kind of folder ---- */

static void change_add(struct gfs_txn *txn, uint16_t type)
{
	assert_int_equal(gfs_adj_add(txn, adj, FIRST, GFS_OUT, type, entry(900, 80000)), 0);
}

static void change_remove(struct gfs_txn *txn, uint16_t type)
{
	struct gfs_adj_entry first;
	size_t count;
	assert_int_equal(gfs_adj_list(plain, FIRST, GFS_OUT, type, entry(0, 0), &first, 1, &count), 0);
	if (count == 1)
		assert_int_equal(gfs_adj_remove(txn, adj, FIRST, GFS_OUT, type, first), 0);
}

static void change_sorted(struct gfs_txn *txn, uint16_t type)
{
	const struct gfs_adj_bulk_entry run[] = { { gfs_adj_at(FIRST, GFS_OUT, 1), { 900, 90001 } },
		{ gfs_adj_at(FIRST, GFS_OUT, 3), { 901, 90002 } }, { gfs_adj_at(FIRST, GFS_OUT, 4), { 902, 90003 } } };
	(void)type;
	assert_int_equal(gfs_adj_add_sorted(txn, adj, run, GFS_COUNT(run)), 0);
}

static void change_made(struct gfs_txn *txn, uint16_t type)
{
	assert_int_equal(gfs_adj_set_made(txn, adj, FIRST + 2, GFS_OUT, type, true), 0);
}

static void change_unmade(struct gfs_txn *txn, uint16_t type)
{
	(void)type;
	assert_int_equal(gfs_adj_set_made(txn, adj, FIRST, GFS_IN, 2, false), 0);
}

static void change_forget(struct gfs_txn *txn, uint16_t type)
{
	(void)type;
	assert_int_equal(gfs_adj_forget(txn, adj, FIRST, GFS_IN), 0);
}

static void (*const changes[])(struct gfs_txn *txn, uint16_t type) = { change_add, change_remove, change_sorted,
	change_made, change_unmade, change_forget };

static void each_change(void (*body)(void (*change)(struct gfs_txn *txn, uint16_t type), uint16_t type))
{
	for (size_t i = 0; i < GFS_COUNT(changes); i++) {
		for (uint16_t type = 1; type <= TYPES; type++) {
			void *state = NULL;
			setup(&state);
			fill();
			compare_as_reader();
			body(changes[i], type);
			teardown(&state);
		}
	}
}

static void committed(void (*change)(struct gfs_txn *txn, uint16_t type), uint16_t type)
{
	struct gfs_txn *txn = test_begin(&t);
	change(txn, type);
	test_commit(txn);
	compare_as_reader();
}

static void test_commit_is_seen(void **state)
{
	(void)state;
	each_change(committed);
}

/* The writer reads what it did, in which nobody else may believe. */
static void aborted(void (*change)(struct gfs_txn *txn, uint16_t type), uint16_t type)
{
	struct gfs_txn *txn = test_begin(&t);
	compare_all(true);
	change(txn, type);
	struct gfs_adj_type found;
	assert_int_equal(gfs_adj_type(adj, FIRST, GFS_OUT, type, &found), 0);
	gfs_txn_abort(txn);
	compare_as_reader();
}

static void test_abort_is_not_seen(void **state)
{
	(void)state;
	each_change(aborted);
}

static void rolled_back(void (*change)(struct gfs_txn *txn, uint16_t type), uint16_t type)
{
	struct gfs_txn *txn = test_begin(&t);
	struct gfs_txn_mark start = gfs_txn_mark(txn);
	change_made(txn, type);
	struct gfs_txn_mark mark = gfs_txn_mark(txn);
	change(txn, type);
	struct gfs_adj_view view = GFS_ADJ_VIEW_INIT;
	(void)compare(FIRST, GFS_OUT, &view);
	(void)compare(FIRST, GFS_IN, &view);
	gfs_adj_view_put(&view);
	gfs_txn_rollback_to(txn, mark);
	(void)compare(FIRST + 2, GFS_OUT, &view);
	gfs_adj_view_put(&view);
	gfs_txn_rollback_to(txn, start);
	compare_all(true);
	change(txn, type);
	test_commit(txn);
	compare_as_reader();
}

static void test_rollback_is_seen(void **state)
{
	(void)state;
	each_change(rolled_back);
}

/* ---- damage ---- */

/* A row that is wrong keeps its group out, and is an error. */
static void test_damage(void **state)
{
	struct gfs_adj_view view = GFS_ADJ_VIEW_INIT;
	struct gfs_adj_type type;
	struct gfs_txn *txn = test_begin(&t);
	uint8_t key[GFS_ADJ_GROUP_KEY_BYTES];
	(void)state;
	add(txn, FIRST + GFS_ADJ_GROUP_NODES, 1, 3);
	gfs_adj_group_key(key, gfs_adj_group_of(FIRST));
	assert_int_equal(gfs_kv_put(gfs_store_kv(t.store), gfs_txn_undo(txn), GFS_KV_ADJ, gfs_slice(key, sizeof key),
						 gfs_slice_text("nonsense")),
		0);
	test_commit(txn);
	gfs_store_read_begin(t.store);
	assert_false(gfs_adj_view_get(adj, FIRST, GFS_OUT, &view));
	assert_int_equal(groups(), 0);
	assert_int_equal(gfs_adj_type(adj, FIRST + 1, GFS_OUT, 1, &type), GFS_ERR_CORRUPT);
	assert_int_equal(gfs_adj_type(adj, FIRST + GFS_ADJ_GROUP_NODES, GFS_OUT, 1, &type), 0);
	assert_int_equal(type.count, 3);
	gfs_store_read_end(t.store);
}

/* A row of more entries than a group has places for, which none but a stranger writes, is no damage: answers come from the row. */
static void test_crowded_row(void **state)
{
	enum { CROWD = UINT16_MAX + 5 };
	static struct gfs_adj_entry entries[CROWD], got[CROWD];
	GFS_AUTO_ADJ_FORM form = { .number = gfs_adj_group_of(FIRST) };
	GFS_AUTO_BUF row = GFS_BUF_INIT;
	struct gfs_adj_view view = GFS_ADJ_VIEW_INIT;
	struct gfs_adj_folder *folder;
	uint8_t key[GFS_ADJ_GROUP_KEY_BYTES];
	size_t count;
	(void)state;
	for (uint64_t i = 0; i < CROWD; i++)
		entries[i] = entry(i + 1, i + 1);
	form.sides[gfs_adj_side_of(FIRST, GFS_OUT)].mtime_ns = 1;
	assert_int_equal(gfs_adj_form_insert(&form, gfs_adj_side_of(FIRST, GFS_OUT), 1, &folder), 0);
	folder->mtime_ns = 1;
	assert_int_equal(gfs_adj_form_set_entries(&form, folder, entries, CROWD), 0);
	assert_int_equal(gfs_adj_form_encode(&form, &row), 0);
	gfs_adj_group_key(key, form.number);
	struct gfs_txn *txn = test_begin(&t);
	assert_int_equal(gfs_kv_put(gfs_store_kv(t.store), gfs_txn_undo(txn), GFS_KV_ADJ, gfs_slice(key, sizeof key),
						 gfs_buf_slice(&row)),
		0);
	test_commit(txn);
	gfs_store_read_begin(t.store);
	assert_false(gfs_adj_view_get(adj, FIRST, GFS_OUT, &view));
	assert_int_equal(gfs_adj_list(adj, FIRST, GFS_OUT, 1, entry(0, 0), got, CROWD, &count), 0);
	gfs_store_read_end(t.store);
	assert_int_equal(count, CROWD);
	assert_memory_equal(got, entries, sizeof entries);
}

/* Blocks that are not what their folder says: each kind of lie. */
static void test_damaged_blocks(void **state)
{
	struct gfs_adj_view view = GFS_ADJ_VIEW_INIT;
	struct gfs_adj_entry entries[] = { { 9, 70000 }, { 9, 70001 } };
	uint8_t key[GFS_ADJ_BLOCK_KEY_BYTES], bytes[2 * GFS_ADJ_ENTRY_BYTES_MAX];
	size_t size = gfs_adj_block_encode(bytes, FIRST, entries, 2);
	(void)state;
	struct {
		struct gfs_adj_entry bound;
		struct gfs_slice value;
	} lies[] = {
		{ GFS_ADJ_ENTRY_LAST, gfs_slice(bytes, size) },     /* too few */
		{ GFS_ADJ_ENTRY_LAST, gfs_slice(bytes, size - 1) }, /* cut */
		{ entry(1, 1), gfs_slice(bytes, size) },            /* above their bound */
		{ entry(10, 1), gfs_slice(bytes, size) },           /* too many */
	};
	for (size_t i = 0; i < GFS_COUNT(lies); i++) {
		teardown(state);
		setup(state);
		fill();
		compare_as_reader();
		struct gfs_txn *txn = test_begin(&t);
		add(txn, FIRST + 1, 5, 1); /* so that the group is read anew */
		gfs_adj_block_key(key, FIRST, GFS_OUT, 3, lies[i].bound);
		assert_int_equal(
			gfs_kv_put(gfs_store_kv(t.store), gfs_txn_undo(txn), GFS_KV_ADJ, gfs_slice(key, sizeof key), lies[i].value),
			0);
		test_commit(txn);
		gfs_store_read_begin(t.store);
		assert_false(gfs_adj_view_get(adj, FIRST + 1, GFS_OUT, &view));
		gfs_store_read_end(t.store);
	}
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(test_view),
		WITH_STORE(test_full_group),
		WITH_STORE(test_switched_off),
		cmocka_unit_test(test_commit_is_seen),
		cmocka_unit_test(test_abort_is_not_seen),
		cmocka_unit_test(test_rollback_is_seen),
		WITH_STORE(test_damage),
		WITH_STORE(test_crowded_row),
		WITH_STORE(test_damaged_blocks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
