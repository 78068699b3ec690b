/* index/adjacency: the bytes (adj_form), then the operations against a plain model. */
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

static int check(uint64_t node, enum gfs_direction dir, struct gfs_message *message)
{
	gfs_store_read_begin(t.store);
	int err = gfs_adj_check(t.store, node, dir, message);
	gfs_store_read_end(t.store);
	return err;
}

static void assert_sound(uint64_t node)
{
	struct gfs_message message = { 0 };
	for (int dir = GFS_OUT; dir <= GFS_IN; dir++) {
		if (check(node, (enum gfs_direction)dir, &message) != 0)
			fail_msg("%s", message.text);
	}
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

/* The number of keys and the size of the largest value of one node. */
static size_t keys_of(uint64_t node, size_t *ret_largest)
{
	struct gfs_kv_iter *it = NULL;
	struct gfs_slice key, value;
	uint8_t first[GFS_ADJ_HEAD_KEY_BYTES];
	size_t count = 0;
	*ret_largest = 0;
	gfs_adj_head_key(first, node, GFS_OUT);
	gfs_store_read_begin(t.store);
	assert_int_equal(gfs_kv_iter_open(gfs_store_kv(t.store), GFS_KV_ADJ, &it), 0);
	int err = gfs_kv_iter_seek(it, gfs_slice(first, sizeof first), &key, &value);
	for (; err == 0 && memcmp(key.data, first, sizeof first) == 0; err = gfs_kv_iter_next(it, &key, &value)) {
		count++;
		*ret_largest = GFS_MAX(*ret_largest, value.size);
	}
	gfs_kv_iter_close(it);
	gfs_store_read_end(t.store);
	return count;
}

/* ---- the bytes ---- */

static void test_form_entries(void **state)
{
	(void)state;
	uint8_t bytes[3 * GFS_ADJ_ENTRY_BYTES], merged[6 * GFS_ADJ_ENTRY_BYTES];
	for (size_t i = 0; i < 3; i++)
		gfs_adj_entry_put(bytes, i, entry(10 * (i + 1), GFS_ID_MAX - i));
	assert_int_equal(gfs_adj_entries_seek(bytes, 3, entry(0, 0)), 0);
	assert_int_equal(gfs_adj_entries_seek(bytes, 3, entry(20, 1)), 1);
	assert_int_equal(gfs_adj_entries_seek(bytes, 3, entry(20, GFS_ID_MAX)), 2);
	assert_int_equal(gfs_adj_entries_seek(bytes, 3, entry(31, 0)), 3);
	struct gfs_adj_bulk_entry more[3] = { { 1, { 5, 1 } }, { 1, { 20, 1 } }, { 1, { 40, 1 } } };
	assert_int_equal(gfs_adj_entries_merge(bytes, 3, more, 3, merged), 0);
	const uint64_t others[] = { 5, 10, 20, 20, 30, 40 };
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(gfs_adj_entry_get(merged, i).other, others[i]);
	struct gfs_adj_entry above = { 0 };
	assert_true(gfs_adj_entries_verify(merged, 6, &above));
	assert_int_equal(above.other, 40);
	assert_false(gfs_adj_entries_verify(merged, 1, &above));
	more[1].entry = entry(20, GFS_ID_MAX - 1);
	assert_int_equal(gfs_adj_entries_merge(bytes, 3, more, 3, merged), GFS_ERR_EXISTS);
	more[1].entry = more[0].entry;
	assert_int_equal(gfs_adj_entries_merge(bytes, 3, more, 3, merged), GFS_ERR_EXISTS);
	more[1].entry = entry(4, 1);
	assert_int_equal(gfs_adj_entries_merge(bytes, 3, more, 3, merged), GFS_ERR_INVALID);
}

/* A header with type 3 of two entries, type 5 made and empty, type 9 in blocks. */
static void build_head(struct gfs_buf *head)
{
	struct gfs_adj_slot slot;
	uint8_t bytes[2 * GFS_ADJ_ENTRY_BYTES];
	gfs_adj_entry_put(bytes, 0, entry(1, 2));
	gfs_adj_entry_put(bytes, 1, entry(1, 3));
	assert_int_equal(gfs_adj_head_init(head), 0);
	const uint16_t types[] = { 9, 3, 5 };
	for (size_t i = 0; i < 3; i++) {
		gfs_adj_head_find(gfs_buf_slice(head), types[i], &slot);
		assert_false(slot.present);
		assert_int_equal(gfs_adj_head_insert_type(head, &slot, types[i]), 0);
		slot.mtime_ns = types[i];
		slot.flags = types[i] == 5 ? GFS_ADJ_MADE : types[i] == 9 ? GFS_ADJ_BLOCKS : 0;
		slot.count = types[i] == 9 ? 200 : 0;
		if (types[i] == 3)
			assert_int_equal(gfs_adj_head_replace(head, &slot, bytes, 2), 0);
		else
			gfs_adj_head_update(head, &slot);
	}
	assert_null(gfs_adj_head_verify(gfs_buf_slice(head)));
}

static void test_form_head(void **state)
{
	(void)state;
	GFS_AUTO_BUF head = GFS_BUF_INIT;
	struct gfs_adj_slot slot;
	build_head(&head);
	assert_int_equal(head.size, GFS_ADJ_HEAD_BYTES + 3 * GFS_ADJ_TYPE_BYTES + 2 * GFS_ADJ_ENTRY_BYTES);
	gfs_adj_head_find(gfs_buf_slice(&head), 3, &slot);
	assert_int_equal(slot.count, 2);
	assert_int_equal(slot.mtime_ns, 3);
	gfs_adj_head_remove_entry(&head, &slot, 0);
	assert_int_equal(gfs_adj_entry_get(head.data + slot.entries, 0).rel, 3);
	gfs_adj_head_remove_entry(&head, &slot, 0);
	gfs_adj_head_remove_type(&head, &slot);
	assert_null(gfs_adj_head_verify(gfs_buf_slice(&head)));
	gfs_adj_head_find(gfs_buf_slice(&head), 9, &slot);
	assert_true(slot.present);
	assert_int_equal(slot.count, 200);
	gfs_adj_head_find(gfs_buf_slice(&head), 65535, &slot);
	assert_false(slot.present);
	assert_int_equal(gfs_adj_head_types(head.data), 2);
}

/* Every flipped byte and every cut is refused or harmless; nothing reads past the end. */
static void test_form_damage(void **state)
{
	(void)state;
	GFS_AUTO_BUF head = GFS_BUF_INIT;
	build_head(&head);
	for (size_t size = 0; size < head.size; size++) {
		uint8_t *cut = malloc(size + 1); /* exact, for the address sanitizer */
		memcpy(cut, head.data, size);
		assert_non_null(gfs_adj_head_verify(gfs_slice(cut, size)));
		free(cut);
	}
	const struct damage {
		size_t offset;
		uint8_t value;
	} damage[] = {
		{ 0, 2 }, { 1, 1 }, { 2, 2 }, { 2, 255 }, { 4, 1 },    /* A1 */
		{ 16, 9 }, { 16, 0 }, { 36, 2 },                       /* A2 */
		{ 18, 4 }, { 19, 1 }, { 38, 0 }, { 20, 0 }, { 38, 3 }, /* flags, A3 */
		{ 20, 1 }, { 20, 3 }, { 27, 1 }, { 58, 0 },            /* counts against the size */
		{ 76, 0 }, { 76, 2 }, { 82, 3 }, { 82, 0 }, { 81, 1 }, /* A4 */
	};
	for (size_t i = 0; i < GFS_COUNT(damage); i++) {
		uint8_t good = head.data[damage[i].offset];
		head.data[damage[i].offset] = damage[i].value;
		if (gfs_adj_head_verify(gfs_buf_slice(&head)) == NULL)
			fail_msg("byte %zu as %u passed", damage[i].offset, damage[i].value);
		head.data[damage[i].offset] = good;
	}
	assert_null(gfs_adj_head_verify(gfs_buf_slice(&head)));
}

static void test_form_random_bytes(void **state)
{
	(void)state;
	uint64_t seed = 1;
	GFS_AUTO_BUF head = GFS_BUF_INIT;
	build_head(&head);
	for (unsigned i = 0; i < 100000; i++) {
		struct gfs_adj_slot slot;
		size_t at = test_random(&seed) % head.size;
		uint8_t good = head.data[at];
		head.data[at] = (uint8_t)test_random(&seed);
		if (gfs_adj_head_verify_size(gfs_buf_slice(&head), NULL) == 0)
			gfs_adj_head_find(gfs_buf_slice(&head), (uint16_t)test_random(&seed), &slot);
		head.data[at] = good;
	}
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
	assert_true(mtime_of(5) > direction); /* kept by an empty header */
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
	assert_int_equal(keys_of(5, &largest), 1);
	struct gfs_txn *txn = test_begin(&t);
	assert_int_equal(gfs_adj_forget(txn, adj, 5, GFS_OUT), 0);
	assert_int_equal(gfs_adj_forget(txn, adj, 5, GFS_OUT), 0);
	assert_int_equal(gfs_adj_forget(txn, adj, 5, GFS_IN), 0);
	test_commit(txn);
	assert_int_equal(keys_of(5, &largest), 0);
	assert_int_equal(mtime_of(5), 0);
}

/* A thousand types: more than a header may carry with entries beside it. */
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
	assert_int_equal(keys_of(5, &largest), 1);
}

/* Values stay off overflow pages as long as a header without entries does. */
static void test_value_sizes(void **state)
{
	(void)state;
	size_t largest;
	for (unsigned i = 0; i < 90; i++) {
		add(5, (uint16_t)(1 + i), 1, 1 + i);
		add(5, (uint16_t)(1 + i / 2), 2, 1000 + i);
		keys_of(5, &largest);
		assert_true(largest <= GFS_ADJ_VALUE_MAX);
		assert_sound(5);
	}
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
	assert_int_equal(keys_of(5, &largest), 1 + (HUB + GFS_ADJ_BLOCK_MAX - 1) / GFS_ADJ_BLOCK_MAX); /* full blocks */
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
	assert_true(keys_of(5, &largest) < 2 * HUB / GFS_ADJ_BLOCK_MAX + 2);
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
	assert_int_equal(keys_of(5, &largest), 1);
	add(5, 2, 1, 1);
	assert_sound(5);
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
	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	return gfs_adj_entry_less(x->entry, y->entry) ? -1 : gfs_adj_entry_less(y->entry, x->entry);
}

static void test_bulk(void **state)
{
	(void)state;
	enum { ROUNDS = 40, MAX = 3000 };
	static struct gfs_adj_bulk_entry bulk[MAX];
	uint64_t seed = 3, counts[6] = { 0 }, rel = 0;
	for (unsigned round = 0; round < ROUNDS; round++) {
		size_t count = test_random(&seed) % (round % 3 == 0 ? MAX : 40);
		for (size_t i = 0; i < count; i++) {
			uint16_t type = (uint16_t)(1 + test_random(&seed) % 6);
			bulk[i] = (struct gfs_adj_bulk_entry){ type, { 1 + test_random(&seed) % 5000, ++rel } };
			counts[type - 1]++;
		}
		qsort(bulk, count, sizeof bulk[0], compare_bulk);
		struct gfs_txn *txn = test_begin(&t);
		assert_int_equal(gfs_adj_add_sorted(txn, adj, 5, GFS_OUT, bulk, count), 0);
		test_commit(txn);
		assert_sound(5);
		for (uint16_t type = 1; type <= 6; type++)
			assert_int_equal(type_of(5, type).count, counts[type - 1]);
	}
}

static void test_bulk_refuses(void **state)
{
	(void)state;
	struct gfs_adj_bulk_entry bad[][2] = {
		{ { 2, { 1, 1 } }, { 1, { 1, 1 } } },
		{ { 1, { 2, 1 } }, { 1, { 1, 1 } } },
		{ { 0, { 1, 1 } }, { 1, { 1, 1 } } },
		{ { 1, { 1, 1 } }, { 1, { 1, 0 } } },
	};
	for (size_t i = 0; i < GFS_COUNT(bad); i++) {
		struct gfs_txn *txn = test_begin(&t);
		assert_int_equal(gfs_adj_add_sorted(txn, adj, 5, GFS_OUT, bad[i], 2), GFS_ERR_INVALID);
		gfs_txn_abort(txn);
	}
	struct gfs_adj_bulk_entry twice[2] = { { 1, { 1, 1 } }, { 1, { 1, 1 } } };
	struct gfs_txn *txn = test_begin(&t);
	assert_int_equal(gfs_adj_add_sorted(txn, adj, 5, GFS_OUT, twice, 2), GFS_ERR_EXISTS);
	assert_int_equal(gfs_adj_add_sorted(txn, adj, 5, GFS_OUT, twice, 0), 0);
	gfs_txn_abort(txn);
	size_t largest;
	assert_int_equal(keys_of(5, &largest), 0);
}

/* ---- against a model ---- */

/* has[node][type][other][rel] */
enum { NODES = 3, TYPES = 5, OTHERS = 12, RELS = 24 };
struct model {
	bool has[NODES][TYPES][OTHERS][RELS];
	bool made[NODES][TYPES];
};

static void compare_type(const struct model *model, unsigned node, unsigned type)
{
	struct gfs_adj_entry entries[OTHERS * RELS + 1];
	uint64_t rels[RELS];
	size_t count = list(node + 1, (uint16_t)(type + 1), entry(0, 0), entries, OTHERS * RELS + 1), at = 0;
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
		assert_int_equal(pair(node + 1, (uint16_t)(type + 1), other + 1, rels, RELS), parallel);
	}
	assert_int_equal(at, count);
	assert_int_equal(type_of(node + 1, (uint16_t)(type + 1)).count, count);
	assert_int_equal(type_of(node + 1, (uint16_t)(type + 1)).made, model->made[node][type]);
}

static void compare(const struct model *model)
{
	for (unsigned node = 0; node < NODES; node++) {
		assert_sound(node + 1);
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
		assert_int_equal(gfs_adj_set_made(txn, adj, node + 1, GFS_OUT, type_id, model->made[node][type]), 0);
	} else if (test_random(seed) % 100 < fill) {
		int err = gfs_adj_add(txn, adj, node + 1, GFS_OUT, type_id, entry(other + 1, rel + 1));
		assert_int_equal(err, *has ? GFS_ERR_EXISTS : 0);
		*has = true;
	} else {
		int err = gfs_adj_remove(txn, adj, node + 1, GFS_OUT, type_id, entry(other + 1, rel + 1));
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
	assert_int_equal(check(5, GFS_OUT, &message), GFS_ERR_CORRUPT);
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

static void test_check_finds_header_damage(void **state)
{
	(void)state;
	GFS_AUTO_BUF head = GFS_BUF_INIT;
	uint8_t key[GFS_ADJ_HEAD_KEY_BYTES], bad[GFS_ADJ_VALUE_MAX];
	fill_hub(7919);
	add(5, 1, 9, 1);
	add(5, 1, 9, 2);
	gfs_adj_head_key(key, 5, GFS_OUT);
	fetch(key, sizeof key, &head);
	memcpy(bad, head.data, head.size);
	try_damage(key, sizeof key, bad, head.size - 1, &head, "form or size");
	bad[1] = 1;
	try_damage(key, sizeof key, bad, head.size, &head, "reserved");
	memcpy(bad, head.data, head.size);
	gfs_put_le64(bad + 40, HUB + 1);
	try_damage(key, sizeof key, bad, head.size, &head, "count that differs");
	gfs_put_le64(bad + 40, HUB - 1);
	try_damage(key, sizeof key, bad, head.size, &head, "count that differs");
	memcpy(bad, head.data, head.size);
	memcpy(bad + 56, head.data + 68, 12);
	try_damage(key, sizeof key, bad, head.size, &head, "entries out of order");
	try_damage(key, sizeof key, NULL, 0, &head, "blocks without a header");
}

static void test_check_finds_block_damage(void **state)
{
	(void)state;
	GFS_AUTO_BUF first = GFS_BUF_INIT, last = GFS_BUF_INIT;
	uint8_t first_key[GFS_ADJ_BLOCK_KEY_BYTES], last_key[GFS_ADJ_BLOCK_KEY_BYTES], key[GFS_ADJ_BLOCK_KEY_BYTES + 1];
	uint8_t bad[(GFS_ADJ_BLOCK_MAX + 1) * GFS_ADJ_ENTRY_BYTES] = { 0 };
	fill_hub(1);
	gfs_adj_block_key(first_key, 5, GFS_OUT, 2, entry(80, 160));
	gfs_adj_block_key(last_key, 5, GFS_OUT, 2, GFS_ADJ_ENTRY_LAST);
	fetch(first_key, sizeof first_key, &first);
	fetch(last_key, sizeof last_key, &last);
	try_damage(first_key, sizeof first_key, NULL, 0, &first, "count that differs");
	try_damage(last_key, sizeof last_key, NULL, 0, &last, "without its last block");
	try_damage(first_key, sizeof first_key, bad, 0, &first, "empty block");
	try_damage(first_key, sizeof first_key, bad, 11, &first, "block of the wrong size");
	try_damage(first_key, sizeof first_key, bad, sizeof bad, &first, "block of the wrong size");
	try_damage(first_key, sizeof first_key, bad, 24, &first, "entries of a block out of order");
	try_damage(first_key, sizeof first_key, last.data, 24, &first, "above its block");
	try_damage(last_key, sizeof last_key, first.data, first.size, &last, "entries of a block out of order");
	gfs_adj_block_key(key, 5, GFS_OUT, 1, GFS_ADJ_ENTRY_LAST);
	try_damage(key, GFS_ADJ_BLOCK_KEY_BYTES, first.data, 24, NULL, "type that has none");
	gfs_adj_block_key(key, 5, GFS_OUT, 3, GFS_ADJ_ENTRY_LAST);
	try_damage(key, GFS_ADJ_BLOCK_KEY_BYTES, first.data, 24, NULL, "no type of the header");
	memcpy(key, first_key, sizeof first_key);
	key[GFS_ADJ_BLOCK_KEY_BYTES] = 0;
	try_damage(key, sizeof key, first.data, 24, NULL, "key of the wrong size");
}

/* Damage that an operation meets is an error, not a crash. */
static void test_operations_on_damage(void **state)
{
	(void)state;
	uint8_t key[GFS_ADJ_HEAD_KEY_BYTES];
	struct gfs_adj_type type;
	struct gfs_adj_entry entries[2];
	uint64_t mtime_ns;
	size_t count;
	gfs_adj_head_key(key, 5, GFS_OUT);
	plant(key, sizeof key, "no header at all", 16, false);
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
		cmocka_unit_test(test_form_entries),
		cmocka_unit_test(test_form_head),
		cmocka_unit_test(test_form_damage),
		cmocka_unit_test(test_form_random_bytes),
		WITH_STORE(test_small_node),
		WITH_STORE(test_times),
		WITH_STORE(test_made_folders),
		WITH_STORE(test_forget),
		WITH_STORE(test_many_types),
		WITH_STORE(test_value_sizes),
		WITH_STORE(test_hub_ascending),
		WITH_STORE(test_hub_scattered_and_emptied),
		WITH_STORE(test_parallel_hub),
		WITH_STORE(test_reopen),
		WITH_STORE(test_bulk),
		WITH_STORE(test_bulk_refuses),
		WITH_STORE(test_random_changes),
		WITH_STORE(test_check_finds_header_damage),
		WITH_STORE(test_check_finds_block_damage),
		WITH_STORE(test_operations_on_damage),
		WITH_STORE(test_missing_last_block),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
