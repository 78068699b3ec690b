/* index/idset: the bytes of chunks (idset_form), then sets against a plain model. */
#include "index_store.h"

#include "base/checked.h"
#include "base/limits.h"
#include "index/idset_private.h"

#include <pthread.h>
#include <string.h>

static struct test_store t;
static struct gfs_cache *cache; /* of the index layer */
static struct gfs_idsets *sets;

static int freeze(struct gfs_store *store)
{
	size_t max = SIZE_MAX;
	return gfs_idsets_before_freeze(sets, store, &max);
}

static void open_sets(void)
{
	assert_int_equal(gfs_index_cache_open(t.store, &cache), 0);
	assert_int_equal(gfs_idsets_open(t.store, cache, &sets), 0);
	t.before_freeze = freeze;
}

static void free_sets(void)
{
	gfs_idsets_free(sets);
	gfs_cache_free(cache);
}

static int setup(void **state)
{
	(void)state;
	test_store_create(&t);
	open_sets();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	test_store_destroy(&t);
	free_sets();
	return 0;
}

/* Closing checkpoints, so everything comes back from the key-value store. */
static void reopen(void)
{
	test_store_close(&t);
	free_sets();
	test_store_open(&t);
	open_sets();
}

/* ---- shorthands ---- */

static void add(enum gfs_idset_kind kind, uint16_t set, uint64_t id)
{
	struct gfs_txn *txn = test_begin(&t);
	assert_int_equal(gfs_idset_add(txn, sets, kind, set, id), 0);
	test_commit(txn);
}

static void take(enum gfs_idset_kind kind, uint16_t set, uint64_t id)
{
	struct gfs_txn *txn = test_begin(&t);
	assert_int_equal(gfs_idset_remove(txn, sets, kind, set, id), 0);
	test_commit(txn);
}

static bool has(enum gfs_idset_kind kind, uint16_t set, uint64_t id)
{
	bool found;
	gfs_store_read_begin(t.store);
	assert_int_equal(gfs_idset_contains(sets, kind, set, id, &found), 0);
	gfs_store_read_end(t.store);
	return found;
}

static size_t list(enum gfs_idset_kind kind, uint16_t set, uint64_t from, uint64_t *ids, size_t max)
{
	size_t count;
	gfs_store_read_begin(t.store);
	assert_int_equal(gfs_idset_list(sets, kind, set, from, ids, max, &count), 0);
	gfs_store_read_end(t.store);
	return count;
}

static uint64_t count_of(enum gfs_idset_kind kind, uint16_t set)
{
	uint64_t count;
	gfs_store_read_begin(t.store);
	assert_int_equal(gfs_idset_count(sets, kind, set, &count), 0);
	gfs_store_read_end(t.store);
	return count;
}

static void memory(uint64_t *ret_bytes, uint64_t *ret_dirty_bytes)
{
	struct gfs_cache_stats stats;
	gfs_cache_stats_get(cache, &stats);
	assert_int_equal(stats.dirty_bytes, gfs_idsets_dirty_bytes(sets)); /* there is nothing else in the cache */
	*ret_bytes = stats.bytes;
	*ret_dirty_bytes = stats.dirty_bytes;
}

static size_t keys(void)
{
	struct gfs_kv_iter *it = NULL;
	struct gfs_slice key, value;
	size_t count = 0;
	gfs_store_read_begin(t.store);
	assert_int_equal(gfs_kv_iter_open(gfs_store_kv(t.store), GFS_KV_IDSETS, &it), 0);
	int err = gfs_kv_iter_seek(it, gfs_slice("", 0), &key, &value);
	for (; err == 0; err = gfs_kv_iter_next(it, &key, &value))
		count++;
	gfs_kv_iter_close(it);
	gfs_store_read_end(t.store);
	return count;
}

/* ---- the bytes ---- */

static void encode(roaring_bitmap_t *bits, struct gfs_buf *out)
{
	gfs_buf_clear(out);
	assert_int_equal(gfs_idset_chunk_encode(bits, out), 0);
}

/* An array, a bitset, runs, one value, all values: each survives the trip. */
static void test_form_round_trips(void **state)
{
	(void)state;
	const struct {
		uint32_t first, last, step;
	} shapes[] = { { 7, 7, 1 }, { 1, 8000, 3 }, { 1, 65535, 3 }, { 0, 65535, 1 }, { 65535, 65535, 1 },
		{ 100, 40000, 1 } };
	GFS_AUTO_BUF bytes = GFS_BUF_INIT;
	for (size_t i = 0; i < GFS_COUNT(shapes); i++) {
		roaring_bitmap_t *bits = roaring_bitmap_from_range(
			shapes[i].first, (uint64_t)shapes[i].last + 1, shapes[i].step);
		roaring_bitmap_t *back = NULL;
		encode(bits, &bytes);
		assert_true(bytes.size <= GFS_IDSET_CHUNK_BYTES_MAX);
		assert_int_equal(gfs_idset_chunk_decode(gfs_buf_slice(&bytes), &back), 0);
		assert_true(roaring_bitmap_equals(bits, back));
		for (size_t size = 0; size < bytes.size; size += size < 64 ? 1 : 999) {
			uint8_t *cut = malloc(size + 1); /* its own, for the address sanitizer */
			memcpy(cut, bytes.data, size);
			assert_false(gfs_idset_chunk_valid(gfs_slice(cut, size)));
			free(cut);
		}
		gfs_buf_append_u8(&bytes, 0);
		assert_false(gfs_idset_chunk_valid(gfs_buf_slice(&bytes)));
		roaring_bitmap_free(back);
		roaring_bitmap_free(bits);
	}
}

struct damage {
	size_t offset;
	uint8_t value;
};

static void assert_all_refused(struct gfs_buf *bytes, const struct damage *damage, size_t count)
{
	assert_true(gfs_idset_chunk_valid(gfs_buf_slice(bytes)));
	for (size_t i = 0; i < count; i++) {
		uint8_t good = bytes->data[damage[i].offset];
		bytes->data[damage[i].offset] = damage[i].value;
		if (gfs_idset_chunk_valid(gfs_buf_slice(bytes)))
			fail_msg("byte %zu as %u passed", damage[i].offset, damage[i].value);
		bytes->data[damage[i].offset] = good;
	}
}

static void test_form_damage(void **state)
{
	(void)state;
	GFS_AUTO_BUF bytes = GFS_BUF_INIT;
	roaring_bitmap_t *array = roaring_bitmap_of(3, 5, 7, 9);
	encode(array, &bytes);
	const struct damage in_array[] = { { 0, 0 }, { 2, 1 }, { 4, 0 }, { 4, 2 }, { 8, 1 }, { 10, 1 }, { 10, 3 },
		{ 12, 17 }, { 16, 7 }, { 18, 9 }, { 18, 5 }, { 20, 6 } };
	assert_all_refused(&bytes, in_array, GFS_COUNT(in_array));
	roaring_bitmap_t *runs = roaring_bitmap_from_range(10, 1000, 1);
	roaring_bitmap_add_range(runs, 2000, 3000);
	encode(runs, &bytes);
	const struct damage in_runs[] = { { 0, 0 }, { 2, 1 }, { 4, 0 }, { 4, 2 }, { 5, 1 }, { 7, 0 }, { 9, 1 }, { 9, 3 },
		{ 13, 0 }, { 14, 255 }, { 16, 0 }, { 18, 255 } };
	assert_all_refused(&bytes, in_runs, GFS_COUNT(in_runs));
	roaring_bitmap_t *bitset = roaring_bitmap_from_range(1, 65535, 3);
	encode(bitset, &bytes);
	const struct damage in_bitset[] = { { 4, 0 }, { 10, 0 }, { 16, 0 }, { bytes.size - 1, 255 } };
	assert_all_refused(&bytes, in_bitset, GFS_COUNT(in_bitset));
	roaring_bitmap_free(array);
	roaring_bitmap_free(runs);
	roaring_bitmap_free(bitset);
}

/* What passes the check, the library can read without harm. */
static void test_form_random_damage(void **state)
{
	(void)state;
	uint64_t seed = 9;
	GFS_AUTO_BUF bytes = GFS_BUF_INIT;
	roaring_bitmap_t *runs = roaring_bitmap_from_range(10, 1000, 1);
	roaring_bitmap_add_range(runs, 2000, 3000);
	encode(runs, &bytes);
	for (unsigned i = 0; i < 20000; i++) {
		roaring_bitmap_t *back = NULL;
		size_t at = test_random(&seed) % bytes.size;
		uint8_t good = bytes.data[at];
		bytes.data[at] = (uint8_t)test_random(&seed);
		if (gfs_idset_chunk_decode(gfs_buf_slice(&bytes), &back) == 0) {
			assert_in_range(roaring_bitmap_get_cardinality(back), 1, 65536);
			roaring_bitmap_free(back);
		}
		bytes.data[at] = good;
	}
	roaring_bitmap_free(runs);
}

/* ---- sets ---- */

static void test_add_remove_contains(void **state)
{
	(void)state;
	assert_false(has(GFS_IDSET_LABEL, 3, 5));
	add(GFS_IDSET_LABEL, 3, 5);
	add(GFS_IDSET_LABEL, 3, GFS_ID_MAX);
	add(GFS_IDSET_TYPE, 3, 6);
	add(GFS_IDSET_LABEL, 65535, 7);
	assert_true(has(GFS_IDSET_LABEL, 3, 5));
	assert_true(has(GFS_IDSET_LABEL, 3, GFS_ID_MAX));
	assert_false(has(GFS_IDSET_LABEL, 3, 6)); /* another kind's */
	assert_true(has(GFS_IDSET_TYPE, 3, 6));
	assert_false(has(GFS_IDSET_LABEL, 3, 7)); /* another set's */
	assert_int_equal(count_of(GFS_IDSET_LABEL, 3), 2);
	struct gfs_txn *txn = test_begin(&t);
	assert_int_equal(gfs_idset_add(txn, sets, GFS_IDSET_LABEL, 3, 5), GFS_ERR_EXISTS);
	assert_int_equal(gfs_idset_remove(txn, sets, GFS_IDSET_LABEL, 3, 4), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_idset_remove(txn, sets, GFS_IDSET_LABEL, 3, 5 << 20), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_idset_add(txn, sets, GFS_IDSET_LABEL, 3, 0), GFS_ERR_INVALID);
	assert_int_equal(gfs_idset_add(txn, sets, GFS_IDSET_LABEL, 3, GFS_ID_MAX + 1), GFS_ERR_INVALID);
	assert_int_equal(gfs_idset_add(txn, sets, (enum gfs_idset_kind)3, 3, 1), GFS_ERR_INVALID);
	gfs_txn_abort(txn);
	take(GFS_IDSET_LABEL, 3, 5);
	assert_false(has(GFS_IDSET_LABEL, 3, 5));
	assert_int_equal(count_of(GFS_IDSET_LABEL, 3), 1);
}

/* Across chunks that are in memory, on disk only, emptied, and new. */
static void test_list(void **state)
{
	(void)state;
	uint64_t ids[8];
	const uint64_t on_disk[] = { 9, 65535, 65536, 3 << 16, 7 << 16, (7 << 16) + 5 };
	assert_int_equal(list(GFS_IDSET_LABEL, 1, 0, ids, 8), 0);
	for (size_t i = 0; i < GFS_COUNT(on_disk); i++)
		add(GFS_IDSET_LABEL, 1, on_disk[i]);
	reopen();
	take(GFS_IDSET_LABEL, 1, 3 << 16);
	add(GFS_IDSET_LABEL, 1, (5 << 16) + 1);
	const uint64_t expected[] = { 9, 65535, 65536, (5 << 16) + 1, 7 << 16, (7 << 16) + 5 };
	assert_int_equal(list(GFS_IDSET_LABEL, 1, 0, ids, 8), 6);
	assert_memory_equal(ids, expected, sizeof expected);
	for (size_t i = 0; i < 6; i++) { /* one by one, as a directory is read */
		assert_int_equal(list(GFS_IDSET_LABEL, 1, i == 0 ? 1 : expected[i - 1] + 1, ids, 1), 1);
		assert_int_equal(ids[0], expected[i]);
	}
	assert_int_equal(list(GFS_IDSET_LABEL, 1, expected[5] + 1, ids, 8), 0);
	assert_int_equal(list(GFS_IDSET_LABEL, 1, GFS_ID_MAX, ids, 8), 0);
	assert_int_equal(list(GFS_IDSET_LABEL, 1, 0, ids, 0), 0);
}

static void test_list_many(void **state)
{
	(void)state;
	enum { MANY = 200000, PAGE = 1000 };
	static uint64_t ids[PAGE];
	struct gfs_txn *txn = test_begin(&t);
	for (uint64_t id = 1; id <= MANY; id++)
		assert_int_equal(gfs_idset_add(txn, sets, GFS_IDSET_TYPE, 2, 2 * id), 0);
	test_commit(txn);
	for (int round = 0; round < 2; round++) {
		uint64_t seen = 0, from = 0;
		size_t count;
		while ((count = list(GFS_IDSET_TYPE, 2, from, ids, PAGE)) > 0) {
			for (size_t i = 0; i < count; i++)
				assert_int_equal(ids[i], 2 * ++seen);
			from = ids[count - 1] + 1;
		}
		assert_int_equal(seen, MANY);
		assert_int_equal(count_of(GFS_IDSET_TYPE, 2), MANY);
		reopen();
	}
}

static void test_abort(void **state)
{
	(void)state;
	add(GFS_IDSET_LABEL, 1, 5);
	add(GFS_IDSET_LABEL, 1, 70000);
	struct gfs_txn *txn = test_begin(&t);
	assert_int_equal(gfs_idset_remove(txn, sets, GFS_IDSET_LABEL, 1, 5), 0);
	assert_int_equal(gfs_idset_add(txn, sets, GFS_IDSET_LABEL, 1, 5), 0);
	assert_int_equal(gfs_idset_remove(txn, sets, GFS_IDSET_LABEL, 1, 5), 0);
	assert_int_equal(gfs_idset_remove(txn, sets, GFS_IDSET_LABEL, 1, 70000), 0);
	for (uint64_t id = 200000; id > 199000; id--) /* new chunks */
		assert_int_equal(gfs_idset_add(txn, sets, GFS_IDSET_LABEL, 1, id), 0);
	assert_int_equal(gfs_idset_add(txn, sets, GFS_IDSET_TYPE, 8, 1), 0); /* a new set */
	gfs_txn_abort(txn);
	for (int round = 0; round < 2; round++) {
		uint64_t ids[4];
		assert_int_equal(list(GFS_IDSET_LABEL, 1, 0, ids, 4), 2);
		assert_int_equal(ids[0], 5);
		assert_int_equal(ids[1], 70000);
		assert_int_equal(count_of(GFS_IDSET_TYPE, 8), 0);
		reopen();
	}
}

/* Empty chunks leave nothing on disk. */
static void test_checkpoints(void **state)
{
	(void)state;
	uint64_t bytes, dirty_bytes;
	for (uint64_t chunk = 0; chunk < 5; chunk++)
		add(GFS_IDSET_LABEL, 1, (chunk << 16) + 1);
	memory(&bytes, &dirty_bytes);
	assert_true(bytes > 0);
	assert_int_equal(bytes, dirty_bytes);
	assert_int_equal(keys(), 0);
	assert_int_equal(gfs_store_checkpoint(t.store), 0);
	assert_int_equal(keys(), 5);
	memory(&bytes, &dirty_bytes);
	assert_true(bytes > 0);
	assert_int_equal(dirty_bytes, 0);
	take(GFS_IDSET_LABEL, 1, (2 << 16) + 1);
	assert_int_equal(gfs_store_checkpoint(t.store), 0);
	assert_int_equal(keys(), 4);
	add(GFS_IDSET_LABEL, 1, (2 << 16) + 9);
	reopen();
	assert_int_equal(keys(), 5);
	memory(&bytes, &dirty_bytes);
	assert_int_equal(bytes, 0); /* nothing is loaded before it is needed */
	assert_true(has(GFS_IDSET_LABEL, 1, (2 << 16) + 9));
	memory(&bytes, &dirty_bytes);
	assert_true(bytes > 0 && bytes < 1000);
}

/* Some chunks at a time, which may change once more before the next ones. */
static void test_written_in_parts(void **state)
{
	enum { CHUNKS = 9, PART = 4 };
	uint64_t bytes, before, dirty_bytes;
	size_t max = PART;
	(void)state;
	for (uint64_t chunk = 0; chunk < CHUNKS; chunk++)
		add(GFS_IDSET_LABEL, 1, (chunk << 16) + 1);
	memory(&bytes, &before);
	struct gfs_txn *txn = test_begin(&t);
	assert_int_equal(gfs_idsets_before_freeze(sets, t.store, &max), 0);
	test_commit(txn);
	assert_int_equal(max, 0);
	assert_int_equal(keys(), PART);
	memory(&bytes, &dirty_bytes);
	assert_int_equal(dirty_bytes, before / CHUNKS * (CHUNKS - PART));
	for (uint64_t chunk = 0; chunk < CHUNKS; chunk++)
		add(GFS_IDSET_LABEL, 1, (chunk << 16) + 2);
	max = 2 * CHUNKS;
	txn = test_begin(&t);
	assert_int_equal(gfs_idsets_before_freeze(sets, t.store, &max), 0);
	test_commit(txn);
	assert_int_equal(max, CHUNKS); /* each is on the list once */
	reopen();
	assert_int_equal(count_of(GFS_IDSET_LABEL, 1), 2 * CHUNKS);
}

/* 1,200 chunks of scattered ids take 8 KiB each. What changed stays; once it is written the limit holds, and what was dropped is read again. */
static void test_memory_is_bounded(void **state)
{
	(void)state;
	uint64_t bytes, dirty_bytes;
	gfs_cache_set_limit(cache, UINT64_C(1) << 20);
	for (uint64_t chunk = 0; chunk < 1200; chunk++) {
		struct gfs_txn *txn = test_begin(&t);
		for (uint64_t i = 1; i < 65536; i += 13)
			assert_int_equal(gfs_idset_add(txn, sets, GFS_IDSET_TYPE, 9, chunk << 16 | i), 0);
		test_commit(txn);
	}
	memory(&bytes, &dirty_bytes);
	assert_true(bytes > UINT64_C(8) << 20);
	assert_int_equal(dirty_bytes, bytes);
	assert_int_equal(gfs_store_checkpoint(t.store), 0);
	memory(&bytes, &dirty_bytes);
	assert_true(bytes <= UINT64_C(1) << 20);
	assert_int_equal(dirty_bytes, 0);
	assert_true(has(GFS_IDSET_TYPE, 9, UINT64_C(700) << 16 | 1));
	assert_false(has(GFS_IDSET_TYPE, 9, UINT64_C(700) << 16 | 2));
	memory(&bytes, &dirty_bytes);
	assert_true(bytes <= UINT64_C(1) << 20);
	take(GFS_IDSET_TYPE, 9, UINT64_C(700) << 16 | 1);
	assert_int_equal(count_of(GFS_IDSET_TYPE, 9), 1200 * 5042 - 1);
}

/* With the layer off what changed stays until it is written; nothing else does. */
static void test_layer_off(void **state)
{
	(void)state;
	uint64_t bytes, dirty_bytes;
	gfs_cache_set_enabled(cache, false);
	add(GFS_IDSET_LABEL, 1, 5);
	add(GFS_IDSET_LABEL, 1, 70000);
	struct gfs_txn *txn = test_begin(&t);
	assert_int_equal(gfs_idset_remove(txn, sets, GFS_IDSET_LABEL, 1, 5), 0);
	assert_int_equal(gfs_idset_add(txn, sets, GFS_IDSET_LABEL, 1, 6), 0);
	gfs_txn_abort(txn);
	assert_int_equal(count_of(GFS_IDSET_LABEL, 1), 2);
	memory(&bytes, &dirty_bytes);
	assert_true(bytes > 0);
	assert_int_equal(bytes, dirty_bytes);
	assert_int_equal(gfs_store_checkpoint(t.store), 0);
	memory(&bytes, &dirty_bytes);
	assert_int_equal(bytes, 0);
	assert_true(has(GFS_IDSET_LABEL, 1, 5));
	assert_false(has(GFS_IDSET_LABEL, 1, 6));
	take(GFS_IDSET_LABEL, 1, 70000);
	assert_int_equal(count_of(GFS_IDSET_LABEL, 1), 1);
}

/* ---- clearing ---- */

static void test_clear(void **state)
{
	(void)state;
	add(GFS_IDSET_LABEL, 1, 5);
	add(GFS_IDSET_TYPE, 9, 6);
	reopen();
	add(GFS_IDSET_LABEL, 1, 7); /* one set is in memory, the other on disk */
	struct gfs_txn *txn = test_begin(&t);
	assert_int_equal(gfs_idsets_clear(txn, sets), 0);
	assert_int_equal(gfs_idset_add(txn, sets, GFS_IDSET_LABEL, 1, 5), 0);
	test_commit(txn);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(count_of(GFS_IDSET_LABEL, 1), 1);
		assert_int_equal(count_of(GFS_IDSET_TYPE, 9), 0);
		assert_true(has(GFS_IDSET_LABEL, 1, 5));
		reopen();
	}
}

static void test_clear_aborted(void **state)
{
	(void)state;
	add(GFS_IDSET_LABEL, 1, 5);
	add(GFS_IDSET_TYPE, 9, 6);
	reopen();
	add(GFS_IDSET_LABEL, 1, 7);
	struct gfs_txn *txn = test_begin(&t);
	assert_int_equal(gfs_idsets_clear(txn, sets), 0);
	assert_int_equal(gfs_idset_add(txn, sets, GFS_IDSET_LABEL, 1, 5), 0);
	assert_int_equal(
		gfs_idset_add(txn, sets, GFS_IDSET_TYPE, 9, 66), 0); /* looked up for the first time when it is gone */
	assert_int_equal(gfs_idsets_clear(txn, sets), GFS_ERR_INVALID);
	assert_int_equal(gfs_idset_add(txn, sets, GFS_IDSET_TYPE, 9, 67), 0);
	gfs_txn_abort(txn);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(count_of(GFS_IDSET_LABEL, 1), 2);
		assert_true(has(GFS_IDSET_LABEL, 1, 5));
		assert_true(has(GFS_IDSET_LABEL, 1, 7));
		assert_int_equal(count_of(GFS_IDSET_TYPE, 9), 1);
		assert_true(has(GFS_IDSET_TYPE, 9, 6));
		reopen();
	}
}

/* ---- against a model ---- */

enum { MODEL_SETS = 3, MODEL_IDS = 3 * 65536 };

static void compare(bool (*model)[MODEL_IDS])
{
	static uint64_t ids[MODEL_IDS];
	for (uint16_t set = 0; set < MODEL_SETS; set++) {
		size_t count = list(GFS_IDSET_LABEL, set, 0, ids, MODEL_IDS), at = 0;
		for (uint64_t id = 0; id < MODEL_IDS; id++) {
			if (!model[set][id])
				continue;
			assert_true(at < count);
			assert_int_equal(ids[at++], id);
		}
		assert_int_equal(at, count);
		assert_int_equal(count_of(GFS_IDSET_LABEL, set), count);
	}
}

static void change(struct gfs_txn *txn, bool (*model)[MODEL_IDS], uint16_t set, uint64_t id, bool adds)
{
	bool *there = &model[set][id];
	int err = adds ? gfs_idset_add(txn, sets, GFS_IDSET_LABEL, set, id)
				   : gfs_idset_remove(txn, sets, GFS_IDSET_LABEL, set, id);
	if (adds)
		assert_int_equal(err, *there ? GFS_ERR_EXISTS : 0);
	else
		assert_int_equal(err, *there ? 0 : GFS_ERR_NOTFOUND);
	*there = adds;
}

/* Single ids and stretches, so that chunks turn from arrays to bitsets to runs and back. */
static void test_random_changes(void **state)
{
	(void)state;
	static bool model[MODEL_SETS][MODEL_IDS], before[MODEL_SETS][MODEL_IDS];
	uint64_t seed = 77, bytes, dirty_bytes;
	for (unsigned round = 0; round < 60; round++) {
		memcpy(before, model, sizeof model);
		struct gfs_txn *txn = test_begin(&t);
		for (unsigned i = 0; i < 60; i++) {
			uint16_t set = (uint16_t)(test_random(&seed) % MODEL_SETS);
			uint64_t id = 1 + test_random(&seed) % (MODEL_IDS - 2000), step = 1 + test_random(&seed) % 3;
			uint64_t end = id + (i % 4 == 0 ? test_random(&seed) % 2000 : 1);
			bool adds = test_random(&seed) % 8 < (round / 15 % 2 == 0 ? 6 : 2);
			for (; id < end; id += step)
				change(txn, model, set, id, adds);
		}
		if (round % 3 == 2) {
			gfs_txn_abort(txn);
			memcpy(model, before, sizeof model);
		} else {
			test_commit(txn);
		}
		memory(&bytes, &dirty_bytes);
		if (round % 5 == 4)
			assert_int_equal(gfs_store_checkpoint(t.store), 0);
		if (round % 10 == 9)
			reopen();
		if (round % 3 == 2)
			compare(model);
	}
}

/* ---- damage and threads ---- */

static void plant(const void *key, size_t key_size, const void *value, size_t size)
{
	struct gfs_txn *txn = test_begin(&t);
	assert_int_equal(gfs_kv_put(gfs_store_kv(t.store), gfs_txn_undo(txn), GFS_KV_IDSETS, gfs_slice(key, key_size),
						 gfs_slice(value, size)),
		0);
	test_commit(txn);
}

static void test_damage_on_disk(void **state)
{
	(void)state;
	bool found;
	uint64_t ids[2], number;
	size_t count;
	const uint8_t chunk_zero[9] = { GFS_IDSET_LABEL, 0, 1 }, short_key[8] = { GFS_IDSET_LABEL, 0, 2 };
	const uint8_t far_chunk[9] = { GFS_IDSET_LABEL, 0, 3, 1 };
	plant(chunk_zero, sizeof chunk_zero, "not a bitmap", 12);
	plant(short_key, sizeof short_key, "", 0);
	plant(far_chunk, sizeof far_chunk, "", 0);
	struct gfs_txn *txn = test_begin(&t);
	assert_int_equal(gfs_idset_add(txn, sets, GFS_IDSET_LABEL, 1, 5), GFS_ERR_CORRUPT);
	assert_int_equal(gfs_idset_remove(txn, sets, GFS_IDSET_LABEL, 1, 5), GFS_ERR_CORRUPT);
	assert_int_equal(gfs_idset_add(txn, sets, GFS_IDSET_LABEL, 2, 5), GFS_ERR_CORRUPT);
	gfs_txn_abort(txn);
	gfs_store_read_begin(t.store);
	assert_int_equal(gfs_idset_contains(sets, GFS_IDSET_LABEL, 1, 5, &found), GFS_ERR_CORRUPT);
	assert_int_equal(gfs_idset_list(sets, GFS_IDSET_LABEL, 1, 0, ids, 2, &count), GFS_ERR_CORRUPT);
	assert_int_equal(gfs_idset_count(sets, GFS_IDSET_LABEL, 1, &number), GFS_ERR_CORRUPT);
	assert_int_equal(gfs_idset_contains(sets, GFS_IDSET_LABEL, 2, 5, &found), GFS_ERR_CORRUPT);
	assert_int_equal(gfs_idset_contains(sets, GFS_IDSET_LABEL, 3, 5, &found), GFS_ERR_CORRUPT);
	gfs_store_read_end(t.store);
	txn = test_begin(&t); /* a rebuild starts so, and gets rid of all of it */
	assert_int_equal(gfs_idsets_clear(txn, sets), 0);
	test_commit(txn);
	assert_false(has(GFS_IDSET_LABEL, 1, 5));
	assert_false(has(GFS_IDSET_LABEL, 2, 5));
	assert_int_equal(keys(), 0);
}

enum { READERS = 4, SHARED_SETS = 8, SHARED_CHUNKS = 8 };

static void *read_all(void *context)
{
	uint64_t *sum = context;
	uint64_t ids[16];
	for (uint16_t set = 1; set <= SHARED_SETS; set++) {
		size_t count = 0;
		gfs_store_read_begin(t.store);
		if (gfs_idset_list(sets, GFS_IDSET_TYPE, set, 0, ids, 16, &count) != 0)
			count = 0;
		gfs_store_read_end(t.store);
		for (size_t i = 0; i < count; i++)
			*sum += ids[i];
	}
	return NULL;
}

/* Readers that load the same chunks at once; the thread sanitizer watches. */
static void test_readers_load_together(void **state)
{
	(void)state;
	uint64_t expected = 0, sums[READERS] = { 0 };
	pthread_t threads[READERS];
	for (uint16_t set = 1; set <= SHARED_SETS; set++) {
		for (uint64_t chunk = 0; chunk < SHARED_CHUNKS; chunk++) {
			add(GFS_IDSET_TYPE, set, (chunk << 16) + set);
			expected += (chunk << 16) + set;
		}
	}
	reopen();
	gfs_cache_set_limit(cache, 4096); /* far less than all: they also evict what others have just read */
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_all, &sums[i]), 0);
	for (int i = 0; i < READERS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(sums[i], expected);
	}
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_form_round_trips),
		cmocka_unit_test(test_form_damage),
		cmocka_unit_test(test_form_random_damage),
		WITH_STORE(test_add_remove_contains),
		WITH_STORE(test_list),
		WITH_STORE(test_list_many),
		WITH_STORE(test_abort),
		WITH_STORE(test_checkpoints),
		WITH_STORE(test_written_in_parts),
		WITH_STORE(test_memory_is_bounded),
		WITH_STORE(test_layer_off),
		WITH_STORE(test_clear),
		WITH_STORE(test_clear_aborted),
		WITH_STORE(test_random_changes),
		WITH_STORE(test_damage_on_disk),
		WITH_STORE(test_readers_load_together),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
