/* index/adjacency: the operations against a plain model, and what the check says of planted damage. */
#include "index_store.h"

#include "base/checked.h"
#include "index/adj_private.h"
#include "index/adj_view.h"
#include "index/index_cache.h"

#include <string.h>

static struct test_store t;
static struct gfs_cache *cache; /* of the index layer */
static struct gfs_adj *adj;

static void open_adj(void)
{
	assert_int_equal(gfs_index_cache_open(t.store, &cache), 0);
	assert_int_equal(gfs_adj_open(t.store, cache, &adj), 0);
}

static void close_adj(void)
{
	gfs_adj_free(adj);
	gfs_cache_free(cache);
}

static int setup(void **state)
{
	(void)state;
	test_store_create(&t);
	open_adj();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close_adj();
	test_store_destroy(&t);
	return 0;
}

static void reopen(void)
{
	close_adj();
	test_store_close(&t);
	test_store_open(&t);
	open_adj();
}

static struct gfs_adj_entry entry(uint64_t other, uint64_t rel)
{
	return (struct gfs_adj_entry){ .other = other, .rel = rel };
}

/* ---- shorthands, each a transaction or a read ---- */

static void add(uint64_t node, uint16_t type, uint64_t other, uint64_t rel)
{
	struct gfs_txn *txn = test_begin(&t);
	assert_int_equal(gfs_adj_add(txn, adj, node, GFS_OUT, type, entry(other, rel)), 0);
	test_commit(txn);
}

static void take(uint64_t node, uint16_t type, uint64_t other, uint64_t rel)
{
	struct gfs_txn *txn = test_begin(&t);
	assert_int_equal(gfs_adj_remove(txn, adj, node, GFS_OUT, type, entry(other, rel)), 0);
	test_commit(txn);
}

static void set_made(uint64_t node, uint16_t type, bool made)
{
	struct gfs_txn *txn = test_begin(&t);
	assert_int_equal(gfs_adj_set_made(txn, adj, node, GFS_OUT, type, made), 0);
	test_commit(txn);
}

static int check(uint64_t node, struct gfs_message *message)
{
	gfs_store_read_begin(t.store);
	int err = gfs_adj_check(t.store, node, message);
	gfs_store_read_end(t.store);
	return err;
}

static void assert_sound(uint64_t node)
{
	struct gfs_message message = { 0 };
	if (check(node, &message) != 0)
		fail_msg("%s", message.text);
}

static struct gfs_adj_type type_of(uint64_t node, uint16_t type)
{
	struct gfs_adj_type found;
	gfs_store_read_begin(t.store);
	assert_int_equal(gfs_adj_type(adj, node, GFS_OUT, type, &found), 0);
	gfs_store_read_end(t.store);
	assert_int_equal(found.type, type);
	return found;
}

static uint64_t mtime_of(uint64_t node)
{
	uint64_t mtime_ns;
	gfs_store_read_begin(t.store);
	assert_int_equal(gfs_adj_mtime(adj, node, GFS_OUT, &mtime_ns), 0);
	gfs_store_read_end(t.store);
	return mtime_ns;
}

static size_t types_of(uint64_t node, uint16_t from, struct gfs_adj_type *types, size_t max)
{
	size_t count;
	gfs_store_read_begin(t.store);
	assert_int_equal(gfs_adj_types(adj, node, GFS_OUT, from, types, max, &count), 0);
	gfs_store_read_end(t.store);
	return count;
}

static size_t list(uint64_t node, uint16_t type, struct gfs_adj_entry from, struct gfs_adj_entry *entries, size_t max)
{
	size_t count;
	gfs_store_read_begin(t.store);
	assert_int_equal(gfs_adj_list(adj, node, GFS_OUT, type, from, entries, max, &count), 0);
	gfs_store_read_end(t.store);
	return count;
}

static size_t pair(uint64_t node, uint16_t type, uint64_t other, uint64_t *rels, size_t max)
{
	size_t count;
	gfs_store_read_begin(t.store);
	assert_int_equal(gfs_adj_pair(adj, node, GFS_OUT, type, other, rels, max, &count), 0);
	gfs_store_read_end(t.store);
	return count;
}

/* The number of rows of the node's group, and the size of the largest. */
static size_t rows_of(uint64_t node, size_t *ret_largest)
{
	struct gfs_kv_iter *it = NULL;
	struct gfs_slice key, value;
	uint8_t first[GFS_ADJ_GROUP_KEY_BYTES];
	size_t count = 0;
	*ret_largest = 0;
	gfs_adj_group_key(first, gfs_adj_group_of(node));
	gfs_store_read_begin(t.store);
	assert_int_equal(gfs_kv_iter_open(gfs_store_kv(t.store), GFS_KV_ADJ, &it), 0);
	int err = gfs_kv_iter_seek(it, gfs_slice(first, sizeof first), &key, &value);
	for (; err == 0 && gfs_adj_group_of(gfs_get_be48(key.data)) == gfs_adj_group_of(node);
		 err = gfs_kv_iter_next(it, &key, &value)) {
		count++;
		*ret_largest = GFS_MAX(*ret_largest, value.size);
	}
	gfs_kv_iter_close(it);
	gfs_store_read_end(t.store);
	return count;
}

/* ---- folders and times ---- */

static void test_small_node(void **state)
{
	(void)state;
	uint64_t rels[2];
	struct gfs_adj_entry entries[4];
	add(5, 2, 9, 100);
	add(5, 2, 9, 101);
	add(5, 2, 7, 102);
	add(5, 1, 9, 103);
	assert_int_equal(type_of(5, 2).count, 3);
	assert_int_equal(type_of(5, 3).count, 0);
	assert_int_equal(pair(5, 2, 9, rels, 2), 2);
	assert_int_equal(rels[0], 100);
	assert_int_equal(rels[1], 101);
	assert_int_equal(pair(5, 2, 9, rels, 0), 2);
	assert_int_equal(pair(5, 2, 8, rels, 2), 0);
	assert_int_equal(list(5, 2, entry(7, 103), entries, 4), 2);
	assert_int_equal(entries[0].rel, 100);
	assert_int_equal(list(5, 2, entry(9, 102), entries, 4), 0);
	assert_int_equal(list(6, 2, entry(0, 0), entries, 4), 0);
	struct gfs_txn *txn = test_begin(&t);
	assert_int_equal(gfs_adj_add(txn, adj, 5, GFS_OUT, 2, entry(9, 101)), GFS_ERR_EXISTS);
	assert_int_equal(gfs_adj_remove(txn, adj, 5, GFS_OUT, 2, entry(9, 102)), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_adj_remove(txn, adj, 5, GFS_OUT, 3, entry(9, 100)), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_adj_remove(txn, adj, 5, GFS_IN, 2, entry(9, 100)), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_adj_forget(txn, adj, 5, GFS_OUT), GFS_ERR_NOTEMPTY);
	assert_int_equal(gfs_adj_add(txn, adj, 0, GFS_OUT, 2, entry(9, 101)), GFS_ERR_INVALID);
	assert_int_equal(gfs_adj_add(txn, adj, 5, GFS_OUT, 0, entry(9, 101)), GFS_ERR_INVALID);
	assert_int_equal(gfs_adj_add(txn, adj, 5, GFS_OUT, 2, entry(0, 101)), GFS_ERR_INVALID);
	assert_int_equal(gfs_adj_add(txn, adj, 5, GFS_OUT, 2, entry(1, GFS_ID_MAX + 1)), GFS_ERR_INVALID);
	gfs_txn_abort(txn);
	assert_sound(5);
}

static void test_times(void **state)
{
	(void)state;
	assert_int_equal(mtime_of(5), 0);
	add(5, 2, 9, 100);
	uint64_t direction = mtime_of(5), folder = type_of(5, 2).mtime_ns;
	assert_true(folder > 0);
	assert_int_equal(direction, folder);
	add(5, 2, 9, 101); /* changes the folder, not the listing of types */
	assert_int_equal(mtime_of(5), direction);
	assert_true(type_of(5, 2).mtime_ns > folder);
	folder = type_of(5, 2).mtime_ns;
	add(5, 3, 9, 102); /* another type: the listing, not this folder */
	assert_true(mtime_of(5) > direction);
	assert_int_equal(type_of(5, 2).mtime_ns, folder);
	direction = mtime_of(5);
	take(5, 3, 9, 102); /* a type vanishes */
	assert_true(mtime_of(5) > direction);
	assert_int_equal(type_of(5, 3).mtime_ns, 0);
	direction = mtime_of(5);
	take(5, 2, 9, 100);
	assert_true(type_of(5, 2).mtime_ns > folder);
	assert_int_equal(mtime_of(5), direction);
	take(5, 2, 9, 101);
	assert_true(mtime_of(5) > direction); /* kept although there is nothing in it */
	assert_sound(5);
}

static void test_made_folders(void **state)
{
	(void)state;
	struct gfs_adj_type types[4];
	set_made(5, 4, true);
	assert_true(type_of(5, 4).made);
	assert_true(type_of(5, 4).mtime_ns > 0);
	assert_int_equal(types_of(5, 1, types, 4), 1);
	uint64_t direction = mtime_of(5);
	add(5, 4, 9, 1); /* the folder is there already */
	assert_int_equal(mtime_of(5), direction);
	take(5, 4, 9, 1); /* and stays */
	assert_int_equal(mtime_of(5), direction);
	assert_int_equal(types_of(5, 1, types, 4), 1);
	assert_int_equal(types[0].count, 0);
	set_made(5, 4, true);
	assert_int_equal(mtime_of(5), direction);
	assert_sound(5);
	set_made(5, 4, false);
	assert_true(mtime_of(5) > direction);
	assert_int_equal(types_of(5, 1, types, 4), 0);
	add(5, 4, 9, 1);
	direction = mtime_of(5);
	set_made(5, 4, true);
	set_made(5, 4, false); /* of a folder that is not empty: it stays */
	assert_int_equal(mtime_of(5), direction);
	assert_int_equal(type_of(5, 4).count, 1);
	set_made(5, 7, false);
	assert_int_equal(types_of(5, 1, types, 4), 1);
	assert_sound(5);
}

static void test_forget(void **state)
{
	(void)state;
	size_t largest;
	set_made(5, 4, true);
	add(5, 3, 9, 1);
	take(5, 3, 9, 1);
	assert_int_equal(rows_of(5, &largest), 1);
	struct gfs_txn *txn = test_begin(&t);
	assert_int_equal(gfs_adj_forget(txn, adj, 5, GFS_OUT), 0);
	assert_int_equal(gfs_adj_forget(txn, adj, 5, GFS_OUT), 0);
	assert_int_equal(gfs_adj_forget(txn, adj, 5, GFS_IN), 0);
	test_commit(txn);
	assert_int_equal(rows_of(5, &largest), 0);
	assert_int_equal(mtime_of(5), 0);
}

/* A thousand types: more than a row may carry with entries beside them. */
static void test_many_types(void **state)
{
	(void)state;
	enum { TYPES = 1000 };
	struct gfs_adj_type types[100];
	size_t largest;
	struct gfs_txn *txn = test_begin(&t);
	for (unsigned i = 0; i < TYPES; i++)
		assert_int_equal(gfs_adj_add(txn, adj, 5, GFS_OUT, (uint16_t)(1 + i * 37 % TYPES), entry(1 + i, 1 + i)), 0);
	test_commit(txn);
	assert_sound(5);
	unsigned seen = 0;
	for (uint16_t from = 1; from <= TYPES;) {
		size_t count = types_of(5, from, types, 100);
		for (size_t i = 0; i < count; i++) {
			assert_int_equal(types[i].type, ++seen);
			assert_int_equal(types[i].count, 1);
		}
		from = (uint16_t)(types[count - 1].type + 1);
	}
	assert_int_equal(seen, TYPES);
	for (unsigned i = 0; i < TYPES; i++)
		take(5, (uint16_t)(1 + i * 37 % TYPES), 1 + i, 1 + i);
	assert_sound(5);
	assert_int_equal(rows_of(5, &largest), 1);
}

/* A row stays small: folders with many entries go to blocks, the largest first, those with few stay. */
static void test_row_sizes(void **state)
{
	(void)state;
	enum { STEPS = 120, SMALL_TYPES = 60 };
	size_t largest, rows = 1;
	for (unsigned i = 0; i < STEPS; i++) {
		add(5, (uint16_t)(1 + i % SMALL_TYPES), 1 + i * 1000, 1 + i * 999);
		for (unsigned k = 0; k < 5; k++)
			add(6 + i % 4, (uint16_t)(1 + i % 9), 2 + k + i * 1000, 100000 + i * 10 + k);
		rows = rows_of(5, &largest);
		assert_true(largest <= GFS_ADJ_VALUE_MAX);
		assert_sound(5);
	}
	assert_true(rows > 5 && rows <= 1 + 36); /* the 60 folders of node 5 stayed */
	assert_int_equal(type_of(5, 1).count, STEPS / SMALL_TYPES);
	assert_int_equal(rows_of(1000, &largest), 0);
}

/* Nodes of one group, and the first of the next, do not see each other's. */
static void test_neighbours(void **state)
{
	(void)state;
	size_t largest;
	for (uint64_t node = 1; node <= 2 * GFS_ADJ_GROUP_NODES; node++) {
		for (uint64_t i = 0; i <= node % 7; i++)
			add(node, (uint16_t)(1 + i % 2), 100 + i, 1000 * node + i);
		if (node % 3 == 0)
			set_made(node, 9, true);
	}
	for (uint64_t node = 1; node <= 2 * GFS_ADJ_GROUP_NODES; node++) {
		struct gfs_adj_entry first;
		assert_int_equal(type_of(node, 1).count, node % 7 / 2 + 1);
		assert_int_equal(type_of(node, 2).count, (node % 7 + 1) / 2);
		assert_int_equal(type_of(node, 9).made, node % 3 == 0);
		assert_int_equal(list(node, 1, entry(0, 0), &first, 1), 1);
		assert_int_equal(first.rel, 1000 * node);
	}
	assert_int_equal(rows_of(1, &largest), 1);
	assert_int_equal(rows_of(GFS_ADJ_GROUP_NODES, &largest), 1);
	for (uint64_t node = 1; node < GFS_ADJ_GROUP_NODES; node++) {
		for (uint64_t i = 0; i <= node % 7; i++)
			take(node, (uint16_t)(1 + i % 2), 100 + i, 1000 * node + i);
		struct gfs_txn *txn = test_begin(&t);
		assert_int_equal(gfs_adj_forget(txn, adj, node, GFS_OUT), 0);
		test_commit(txn);
		assert_sound(node);
	}
	assert_int_equal(rows_of(1, &largest), 0);
}

/* ---- hubs ---- */

enum { HUB = 50000 };

static void fill_hub(uint64_t step)
{
	struct gfs_txn *txn = test_begin(&t);
	for (uint64_t i = 0; i < HUB; i++) {
		uint64_t n = i * step % HUB;
		assert_int_equal(gfs_adj_add(txn, adj, 5, GFS_OUT, 2, entry(1 + n / 2, 1 + n)), 0);
	}
	test_commit(txn);
}

static void assert_hub_full(void)
{
	static struct gfs_adj_entry entries[1000];
	struct gfs_adj_entry from = { 0 };
	uint64_t seen = 0;
	size_t count;
	while ((count = list(5, 2, from, entries, 1000)) > 0) {
		for (size_t i = 0; i < count; i++, seen++) {
			assert_int_equal(entries[i].other, 1 + seen / 2);
			assert_int_equal(entries[i].rel, 1 + seen);
		}
		from = entry(entries[count - 1].other, entries[count - 1].rel + 1);
	}
	assert_int_equal(seen, HUB);
	assert_int_equal(type_of(5, 2).count, HUB);
	assert_sound(5);
}

static void test_hub_ascending(void **state)
{
	(void)state;
	size_t largest;
	uint64_t rels[4];
	fill_hub(1);
	assert_hub_full();
	/* Full blocks, but for those that what the row had was shared out to. */
	assert_true(rows_of(5, &largest) <= 3 + HUB / GFS_ADJ_BLOCK_MAX);
	assert_true(largest <= GFS_ADJ_VALUE_MAX);
	for (uint64_t other = 1; other <= HUB / 2; other += 7) {
		assert_int_equal(pair(5, 2, other, rels, 4), 2);
		assert_int_equal(rels[0], 2 * other - 1);
		assert_int_equal(rels[1], 2 * other);
	}
	assert_int_equal(pair(5, 2, HUB / 2 + 1, rels, 4), 0);
}

static void test_hub_scattered_and_emptied(void **state)
{
	(void)state;
	size_t largest;
	fill_hub(7919); /* coprime to HUB */
	assert_hub_full();
	assert_true(rows_of(5, &largest) < 2 * HUB / GFS_ADJ_BLOCK_MAX + 2);
	struct gfs_txn *txn = test_begin(&t);
	assert_int_equal(gfs_adj_add(txn, adj, 5, GFS_OUT, 2, entry(1, 1)), GFS_ERR_EXISTS);
	assert_int_equal(gfs_adj_remove(txn, adj, 5, GFS_OUT, 2, entry(1, 3)), GFS_ERR_NOTFOUND);
	gfs_txn_abort(txn);
	txn = test_begin(&t);
	for (uint64_t i = 0; i < HUB; i++) {
		uint64_t n = i * 3571 % HUB;
		assert_int_equal(gfs_adj_remove(txn, adj, 5, GFS_OUT, 2, entry(1 + n / 2, 1 + n)), 0);
	}
	gfs_txn_abort(txn); /* all of it comes back */
	assert_hub_full();
	txn = test_begin(&t);
	for (uint64_t n = HUB; n-- > 0;) /* the last block empties first */
		assert_int_equal(gfs_adj_remove(txn, adj, 5, GFS_OUT, 2, entry(1 + n / 2, 1 + n)), 0);
	test_commit(txn);
	assert_sound(5);
	assert_int_equal(rows_of(5, &largest), 1);
	add(5, 2, 1, 1);
	assert_sound(5);
}

/* A folder that stays when it is empty comes back from its blocks. */
static void test_made_hub_emptied(void **state)
{
	(void)state;
	enum { COUNT = 3 * GFS_ADJ_INLINE_MAX };
	size_t largest;
	set_made(5, 2, true);
	struct gfs_txn *txn = test_begin(&t);
	for (uint64_t i = 1; i <= COUNT; i++)
		assert_int_equal(gfs_adj_add(txn, adj, 5, GFS_OUT, 2, entry(i, i)), 0);
	test_commit(txn);
	assert_true(rows_of(5, &largest) > 1);
	txn = test_begin(&t);
	for (uint64_t i = 1; i <= COUNT; i++)
		assert_int_equal(gfs_adj_remove(txn, adj, 5, GFS_OUT, 2, entry(i, i)), 0);
	test_commit(txn);
	assert_sound(5);
	assert_true(type_of(5, 2).made);
	add(5, 2, 7, 7);
	assert_sound(5);
	assert_int_equal(rows_of(5, &largest), 1);
}

/* One pair with more relationships than a block holds. */
static void test_parallel_hub(void **state)
{
	(void)state;
	uint64_t rels[8];
	struct gfs_txn *txn = test_begin(&t);
	for (uint64_t i = 1; i <= 1000; i++) {
		assert_int_equal(gfs_adj_add(txn, adj, 5, GFS_OUT, 2, entry(77, i)), 0);
		assert_int_equal(gfs_adj_add(txn, adj, 5, GFS_OUT, 2, entry(76 + 2 * (i % 2), 5000 + i)), 0);
	}
	test_commit(txn);
	assert_int_equal(pair(5, 2, 77, rels, 8), 1000);
	assert_int_equal(rels[7], 8);
	assert_int_equal(pair(5, 2, 78, rels, 8), 500);
	assert_int_equal(pair(5, 2, 79, rels, 8), 0);
	assert_sound(5);
}

static void test_reopen(void **state)
{
	(void)state;
	fill_hub(7919);
	set_made(6, 4, true);
	add(6, 3, 9, 1);
	reopen();
	assert_hub_full();
	assert_true(type_of(6, 4).made);
	assert_int_equal(type_of(6, 3).count, 1);
	take(5, 2, 1, 1); /* changes over what lies in the backend */
	add(5, 2, 1, 1);
	assert_hub_full();
}

/* ---- the bulk path ---- */

static int compare_bulk(const void *a, const void *b)
{
	const struct gfs_adj_bulk_entry *x = a, *y = b;
	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return gfs_adj_entry_less(x->entry, y->entry) ? -1 : gfs_adj_entry_less(y->entry, x->entry);
}

/* Many nodes at once, in several groups; small runs and runs that no row holds. */
static void test_bulk(void **state)
{
	(void)state;
	enum { ROUNDS = 40, MAX = 3000, NODE_COUNT = 40, TYPE_COUNT = 6 };
	static struct gfs_adj_bulk_entry bulk[MAX];
	static uint64_t counts[NODE_COUNT + 1][TYPE_COUNT + 1];
	uint64_t seed = 3, rel = 0;
	for (unsigned round = 0; round < ROUNDS; round++) {
		size_t count = test_random(&seed) % (round % 3 == 0 ? MAX : 40);
		uint64_t nodes = round % 4 == 0 ? 2 : NODE_COUNT;
		for (size_t i = 0; i < count; i++) {
			uint16_t type = (uint16_t)(1 + test_random(&seed) % TYPE_COUNT);
			uint64_t node = 1 + test_random(&seed) % nodes;
			bulk[i] = (struct gfs_adj_bulk_entry){ gfs_adj_at(node, GFS_OUT, type),
				{ 1 + test_random(&seed) % 5000, ++rel } };
			counts[node][type]++;
		}
		qsort(bulk, count, sizeof bulk[0], compare_bulk);
		struct gfs_txn *txn = test_begin(&t);
		assert_int_equal(gfs_adj_add_sorted(txn, adj, bulk, count), 0);
		test_commit(txn);
		for (uint64_t node = 1; node <= NODE_COUNT; node++) {
			assert_sound(node);
			for (uint16_t type = 1; type <= TYPE_COUNT; type++)
				assert_int_equal(type_of(node, type).count, counts[node][type]);
		}
	}
}

static void test_bulk_refuses(void **state)
{
	(void)state;
	const uint64_t at = gfs_adj_at(5, GFS_OUT, 1);
	struct gfs_adj_bulk_entry bad[][2] = {
		{ { at + 1, { 1, 1 } }, { at, { 1, 1 } } },
		{ { at, { 2, 1 } }, { at, { 1, 1 } } },
		{ { gfs_adj_at(5, GFS_OUT, 0), { 1, 1 } }, { at, { 1, 1 } } },
		{ { gfs_adj_at(0, GFS_OUT, 1), { 1, 1 } }, { at, { 1, 1 } } },
		{ { at, { 1, 1 } }, { at, { 1, 0 } } },
	};
	for (size_t i = 0; i < GFS_COUNT(bad); i++) {
		struct gfs_txn *txn = test_begin(&t);
		assert_int_equal(gfs_adj_add_sorted(txn, adj, bad[i], 2), GFS_ERR_INVALID);
		gfs_txn_abort(txn);
	}
	struct gfs_adj_bulk_entry twice[2] = { { at, { 1, 1 } }, { at, { 1, 1 } } };
	struct gfs_txn *txn = test_begin(&t);
	assert_int_equal(gfs_adj_add_sorted(txn, adj, twice, 2), GFS_ERR_EXISTS);
	assert_int_equal(gfs_adj_add_sorted(txn, adj, twice, 0), 0);
	gfs_txn_abort(txn);
	size_t largest;
	assert_int_equal(rows_of(5, &largest), 0);
}

/* ---- against a model ---- */

/* has[node][type][other][rel] */
enum { NODES = 3, TYPES = 5, OTHERS = 12, RELS = 24 };
struct model {
	bool has[NODES][TYPES][OTHERS][RELS];
	bool made[NODES][TYPES];
};

/* Two of one group, one of the next. */
static const uint64_t node_ids[NODES] = { 1, GFS_ADJ_GROUP_NODES - 1, GFS_ADJ_GROUP_NODES };

static void compare_type(const struct model *model, unsigned node, unsigned type)
{
	struct gfs_adj_entry entries[OTHERS * RELS + 1];
	uint64_t rels[RELS];
	size_t count = list(node_ids[node], (uint16_t)(type + 1), entry(0, 0), entries, OTHERS * RELS + 1), at = 0;
	for (unsigned other = 0; other < OTHERS; other++) {
		size_t parallel = 0;
		for (unsigned rel = 0; rel < RELS; rel++) {
			if (!model->has[node][type][other][rel])
				continue;
			assert_true(at < count);
			assert_true(gfs_adj_entry_equal(entries[at], entry(other + 1, rel + 1)));
			at++;
			parallel++;
		}
		assert_int_equal(pair(node_ids[node], (uint16_t)(type + 1), other + 1, rels, RELS), parallel);
	}
	assert_int_equal(at, count);
	assert_int_equal(type_of(node_ids[node], (uint16_t)(type + 1)).count, count);
	assert_int_equal(type_of(node_ids[node], (uint16_t)(type + 1)).made, model->made[node][type]);
}

static void compare(const struct model *model)
{
	for (unsigned node = 0; node < NODES; node++) {
		assert_sound(node_ids[node]);
		for (unsigned type = 0; type < TYPES; type++)
			compare_type(model, node, type);
	}
}

/* One random change, to both. `fill` in 0 to 100: how likely it adds. */
static void change(struct gfs_txn *txn, struct model *model, uint64_t *seed, unsigned fill)
{
	unsigned node = (unsigned)(test_random(seed) % NODES), type = (unsigned)(test_random(seed) % TYPES);
	unsigned other = (unsigned)(test_random(seed) % OTHERS), rel = (unsigned)(test_random(seed) % RELS);
	bool *has = &model->has[node][type][other][rel];
	uint16_t type_id = (uint16_t)(type + 1);
	if (test_random(seed) % 50 == 0) {
		model->made[node][type] = !model->made[node][type];
		assert_int_equal(gfs_adj_set_made(txn, adj, node_ids[node], GFS_OUT, type_id, model->made[node][type]), 0);
	} else if (test_random(seed) % 100 < fill) {
		int err = gfs_adj_add(txn, adj, node_ids[node], GFS_OUT, type_id, entry(other + 1, rel + 1));
		assert_int_equal(err, *has ? GFS_ERR_EXISTS : 0);
		*has = true;
	} else {
		int err = gfs_adj_remove(txn, adj, node_ids[node], GFS_OUT, type_id, entry(other + 1, rel + 1));
		assert_int_equal(err, *has ? 0 : GFS_ERR_NOTFOUND);
		*has = false;
	}
}

static void test_random_changes(void **state)
{
	(void)state;
	static struct model model, before;
	uint64_t seed = 42;
	for (unsigned round = 0; round < 120; round++) {
		before = model;
		struct gfs_txn *txn = test_begin(&t);
		for (unsigned i = 0; i < 400; i++)
			change(txn, &model, &seed, round / 30 % 2 == 0 ? 85 : 15);
		if (round % 4 == 3) {
			gfs_txn_abort(txn);
			model = before;
		} else {
			test_commit(txn);
		}
		compare(&model);
		if (round % 25 == 24) {
			reopen();
			compare(&model);
		}
	}
}

/* ---- planted damage ---- */

static void plant(const uint8_t *key, size_t key_size, const void *value, size_t size, bool delete)
{
	struct gfs_txn *txn = test_begin(&t);
	struct gfs_kv *kv = gfs_store_kv(t.store);
	if (delete)
		assert_int_equal(gfs_kv_delete(kv, gfs_txn_undo(txn), GFS_KV_ADJ, gfs_slice(key, key_size)), 0);
	else
		assert_int_equal(
			gfs_kv_put(kv, gfs_txn_undo(txn), GFS_KV_ADJ, gfs_slice(key, key_size), gfs_slice(value, size)), 0);
	test_commit(txn);
}

static void fetch(const uint8_t *key, size_t key_size, struct gfs_buf *value)
{
	gfs_buf_clear(value);
	gfs_store_read_begin(t.store);
	assert_int_equal(gfs_kv_get(gfs_store_kv(t.store), GFS_KV_ADJ, gfs_slice(key, key_size), value), 0);
	gfs_store_read_end(t.store);
}

static void assert_damaged(const char *words)
{
	struct gfs_message message = { 0 };
	assert_int_equal(check(5, &message), GFS_ERR_CORRUPT);
	if (strstr(message.text, words) == NULL)
		fail_msg("\"%s\" instead of \"%s\"", message.text, words);
}

/* Plants `size` bytes under a key, sees that the check says `words`, and puts things back (was NULL: nothing was there). */
static void try_damage(
	const uint8_t *key, size_t key_size, const void *value, size_t size, const struct gfs_buf *was, const char *words)
{
	plant(key, key_size, value, size, value == NULL);
	assert_damaged(words);
	plant(key, key_size, was == NULL ? NULL : was->data, was == NULL ? 0 : was->size, was == NULL);
	assert_sound(5);
}

/* The row with another count of the hub's folder. */
static void count_as(struct gfs_buf *row, uint64_t count, struct gfs_buf *out)
{
	GFS_AUTO_ADJ_FORM form;
	assert_int_equal(gfs_adj_form_decode(gfs_buf_slice(row), 0, &form, NULL), 0);
	gfs_adj_form_find(&form, gfs_adj_side_of(5, GFS_OUT), 2)->count = count;
	assert_int_equal(gfs_adj_form_encode(&form, out), 0);
}

static void test_check_finds_row_damage(void **state)
{
	(void)state;
	GFS_AUTO_BUF row = GFS_BUF_INIT;
	GFS_AUTO_BUF bad = GFS_BUF_INIT;
	uint8_t key[GFS_ADJ_GROUP_KEY_BYTES];
	fill_hub(7919);
	add(5, 1, 9, 1);
	add(5, 1, 9, 2);
	gfs_adj_group_key(key, 0);
	fetch(key, sizeof key, &row);
	try_damage(key, sizeof key, row.data, row.size - 1, &row, "a folder that is cut");
	try_damage(key, sizeof key, "garbage", 7, &row, "form or size");
	count_as(&row, HUB + 1, &bad);
	try_damage(key, sizeof key, bad.data, bad.size, &row, "count that differs");
	count_as(&row, HUB - 1, &bad);
	try_damage(key, sizeof key, bad.data, bad.size, &row, "count that differs");
	/* The last number, with a byte more than it needs. */
	gfs_buf_clear(&bad);
	gfs_buf_append(&bad, row.data, row.size);
	bad.data[bad.size - 1] |= 0x80;
	gfs_buf_append_u8(&bad, 0);
	try_damage(key, sizeof key, bad.data, bad.size, &row, "another way");
	try_damage(key, sizeof key, NULL, 0, &row, "blocks without the row");
}

/* More entries in the row than it may have. */
static void test_check_finds_large_row(void **state)
{
	(void)state;
	GFS_AUTO_ADJ_FORM form = { .number = 0 };
	GFS_AUTO_BUF bytes = GFS_BUF_INIT;
	struct gfs_adj_entry entries[GFS_ADJ_VALUE_MAX];
	struct gfs_adj_folder *folder;
	uint8_t key[GFS_ADJ_GROUP_KEY_BYTES];
	for (size_t i = 0; i < GFS_COUNT(entries); i++)
		entries[i] = entry(1, 1 + i);
	form.sides[0].mtime_ns = 1;
	assert_int_equal(gfs_adj_form_insert(&form, 0, 1, &folder), 0);
	assert_int_equal(gfs_adj_form_set_entries(&form, folder, entries, GFS_COUNT(entries)), 0);
	assert_int_equal(gfs_adj_form_encode(&form, &bytes), 0);
	gfs_adj_group_key(key, 0);
	try_damage(key, sizeof key, bytes.data, bytes.size, NULL, "too many entries");
}

/* The key of the hub's first block. */
static void first_block(uint8_t key[GFS_ADJ_BLOCK_KEY_BYTES])
{
	struct gfs_kv_iter *it = NULL;
	struct gfs_slice found, value;
	gfs_adj_block_key(key, 5, GFS_OUT, 2, entry(0, 0));
	gfs_store_read_begin(t.store);
	assert_int_equal(gfs_kv_iter_open(gfs_store_kv(t.store), GFS_KV_ADJ, &it), 0);
	assert_int_equal(gfs_kv_iter_seek(it, gfs_slice(key, GFS_ADJ_BLOCK_KEY_BYTES), &found, &value), 0);
	assert_int_equal(found.size, GFS_ADJ_BLOCK_KEY_BYTES);
	memcpy(key, found.data, found.size);
	gfs_kv_iter_close(it);
	gfs_store_read_end(t.store);
}

static void test_check_finds_block_damage(void **state)
{
	(void)state;
	GFS_AUTO_BUF first = GFS_BUF_INIT, last = GFS_BUF_INIT;
	uint8_t first_key[GFS_ADJ_BLOCK_KEY_BYTES], last_key[GFS_ADJ_BLOCK_KEY_BYTES], key[GFS_ADJ_BLOCK_KEY_BYTES + 1];
	static uint8_t many[2 * (GFS_ADJ_BLOCK_MAX + 1)];
	fill_hub(1);
	first_block(first_key);
	gfs_adj_block_key(last_key, 5, GFS_OUT, 2, GFS_ADJ_ENTRY_LAST);
	fetch(first_key, sizeof first_key, &first);
	fetch(last_key, sizeof last_key, &last);
	memset(many, 2, sizeof many);
	try_damage(first_key, sizeof first_key, NULL, 0, &first, "count that differs");
	try_damage(last_key, sizeof last_key, NULL, 0, &last, "without its last block");
	try_damage(first_key, sizeof first_key, many, 0, &first, "empty block");
	try_damage(first_key, sizeof first_key, many, 3, &first, "block of the wrong form");
	try_damage(first_key, sizeof first_key, many, sizeof many, &first, "block of the wrong form");
	try_damage(first_key, sizeof first_key, "\x02\x81", 2, &first, "block of the wrong form");
	try_damage(first_key, sizeof first_key, last.data, last.size, &first, "outside of its block");
	try_damage(last_key, sizeof last_key, first.data, first.size, &last, "outside of its block");
	gfs_adj_block_key(key, 5, GFS_OUT, 1, GFS_ADJ_ENTRY_LAST);
	try_damage(key, GFS_ADJ_BLOCK_KEY_BYTES, first.data, first.size, NULL, "without its last block");
	gfs_adj_block_key(key, 5, GFS_OUT, 3, GFS_ADJ_ENTRY_LAST);
	try_damage(key, GFS_ADJ_BLOCK_KEY_BYTES, first.data, first.size, NULL, "a block of no folder");
	memcpy(key, first_key, sizeof first_key);
	key[GFS_ADJ_BLOCK_KEY_BYTES] = 0;
	try_damage(key, sizeof key, first.data, first.size, NULL, "without its last block");
}

/* Damage that an operation meets is an error, not a crash. */
static void test_operations_on_damage(void **state)
{
	(void)state;
	uint8_t key[GFS_ADJ_GROUP_KEY_BYTES];
	struct gfs_adj_type type;
	struct gfs_adj_entry entries[2];
	uint64_t mtime_ns;
	size_t count;
	gfs_adj_group_key(key, 0);
	plant(key, sizeof key, "no row of ours", 14, false);
	gfs_store_read_begin(t.store);
	assert_int_equal(gfs_adj_type(adj, 5, GFS_OUT, 1, &type), GFS_ERR_CORRUPT);
	assert_int_equal(gfs_adj_types(adj, 5, GFS_OUT, 1, &type, 1, &count), GFS_ERR_CORRUPT);
	assert_int_equal(gfs_adj_list(adj, 5, GFS_OUT, 1, entry(0, 0), entries, 2, &count), GFS_ERR_CORRUPT);
	assert_int_equal(gfs_adj_pair(adj, 5, GFS_OUT, 1, 1, NULL, 0, &count), GFS_ERR_CORRUPT);
	assert_int_equal(gfs_adj_mtime(adj, 5, GFS_OUT, &mtime_ns), GFS_ERR_CORRUPT);
	gfs_store_read_end(t.store);
	struct gfs_txn *txn = test_begin(&t);
	assert_int_equal(gfs_adj_add(txn, adj, 5, GFS_OUT, 1, entry(1, 1)), GFS_ERR_CORRUPT);
	assert_int_equal(gfs_adj_remove(txn, adj, 5, GFS_OUT, 1, entry(1, 1)), GFS_ERR_CORRUPT);
	assert_int_equal(gfs_adj_set_made(txn, adj, 5, GFS_OUT, 1, true), GFS_ERR_CORRUPT);
	assert_int_equal(gfs_adj_forget(txn, adj, 5, GFS_OUT), GFS_ERR_CORRUPT);
	gfs_txn_abort(txn);
}

/* The last block is gone: adding and removing past it must not make up a new one. */
static void test_missing_last_block(void **state)
{
	(void)state;
	uint8_t key[GFS_ADJ_BLOCK_KEY_BYTES];
	fill_hub(1);
	gfs_adj_block_key(key, 5, GFS_OUT, 2, GFS_ADJ_ENTRY_LAST);
	plant(key, sizeof key, NULL, 0, true);
	struct gfs_txn *txn = test_begin(&t);
	assert_int_equal(gfs_adj_add(txn, adj, 5, GFS_OUT, 2, entry(HUB, HUB + 1)), GFS_ERR_CORRUPT);
	assert_int_equal(gfs_adj_remove(txn, adj, 5, GFS_OUT, 2, entry(HUB / 2, HUB)), GFS_ERR_CORRUPT);
	gfs_txn_abort(txn);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(test_small_node),
		WITH_STORE(test_times),
		WITH_STORE(test_made_folders),
		WITH_STORE(test_forget),
		WITH_STORE(test_many_types),
		WITH_STORE(test_row_sizes),
		WITH_STORE(test_neighbours),
		WITH_STORE(test_hub_ascending),
		WITH_STORE(test_hub_scattered_and_emptied),
		WITH_STORE(test_made_hub_emptied),
		WITH_STORE(test_parallel_hub),
		WITH_STORE(test_reopen),
		WITH_STORE(test_bulk),
		WITH_STORE(test_bulk_refuses),
		WITH_STORE(test_random_changes),
		WITH_STORE(test_check_finds_row_damage),
		WITH_STORE(test_check_finds_large_row),
		WITH_STORE(test_check_finds_block_damage),
		WITH_STORE(test_operations_on_damage),
		WITH_STORE(test_missing_last_block),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
