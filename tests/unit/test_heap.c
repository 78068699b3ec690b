/* Rows in the heap: against a model, across aborts and reopening, with damaged pages. */
#include "rows_store.h"

#include "store/blob.h"
#include "store/fsm.h"
#include "store/heap.h"
#include "store/slotted.h"

enum { ROWS_MAX = 400, SIZE_MAX_BYTES = 40000 };

struct model {
	uint64_t ids[ROWS_MAX];
	uint8_t *rows[ROWS_MAX];
	size_t sizes[ROWS_MAX];
};

static void model_set(struct model *m, unsigned i, uint64_t id, const uint8_t *row, size_t size)
{
	free(m->rows[i]);
	m->rows[i] = NULL;
	m->ids[i] = id;
	m->sizes[i] = size;
	if (row == NULL)
		return;
	m->rows[i] = malloc(size);
	memcpy(m->rows[i], row, size);
}

static struct model *model_copy(const struct model *m)
{
	struct model *copy = calloc(1, sizeof *copy);
	for (unsigned i = 0; i < ROWS_MAX; i++)
		model_set(copy, i, m->ids[i], m->rows[i], m->sizes[i]);
	return copy;
}

static void model_free(struct model *m)
{
	for (unsigned i = 0; i < ROWS_MAX; i++)
		free(m->rows[i]);
	free(m);
}

static int count_row(void *context, uint64_t row_id, uint64_t blob_id)
{
	(void)blob_id;
	assert_true(row_id != 0);
	++*(unsigned *)context;
	return 0;
}

static void check_pages(struct rows *r, unsigned expected)
{
	struct gfs_message message = { 0 };
	unsigned count = 0;
	uint64_t pages = gfs_store_counter(r->store, GFS_COUNTER_HEAP_PAGES);
	for (uint64_t i = 1; i <= pages; i++) {
		if (gfs_heap_check_page(r->store, i, count_row, &count, &message) != 0)
			fail_msg("%s", message.text);
	}
	assert_int_equal(count, expected);
}

static void model_compare(struct rows *r, const struct model *m)
{
	unsigned live = 0;
	gfs_store_read_begin(r->store);
	for (unsigned i = 0; i < ROWS_MAX; i++) {
		GFS_AUTO_BUF out = GFS_BUF_INIT;
		if (m->rows[i] == NULL)
			continue;
		live++;
		gfs_buf_append_text(&out, "ab");
		assert_int_equal(gfs_heap_read(r->store, m->ids[i], &out), 0);
		assert_int_equal(out.size, m->sizes[i] + 2);
		assert_memory_equal(out.data + 2, m->rows[i], m->sizes[i]);
	}
	check_pages(r, live);
	gfs_store_read_end(r->store);
}

static size_t random_size(struct rows *r)
{
	static const size_t limits[] = { 40, 200, 1000, 9000, SIZE_MAX_BYTES };
	return 1 + rows_random(r, limits[rows_random(r, 5)]);
}

static void step(struct rows *r, struct gfs_txn *txn, struct model *m)
{
	static uint8_t row[SIZE_MAX_BYTES + 1];
	unsigned i = (unsigned)rows_random(r, ROWS_MAX);
	size_t size = m->rows[i] != NULL && rows_random(r, 3) == 0 ? m->sizes[i] : random_size(r);
	uint64_t id = 0;
	memset(row, (int)rows_random(r, 256), size);
	if (m->rows[i] == NULL) {
		assert_int_equal(gfs_heap_insert(txn, gfs_slice(row, size), &id), 0);
		model_set(m, i, id, row, size);
	} else if (rows_random(r, 3) != 0) {
		assert_int_equal(gfs_heap_update(txn, m->ids[i], gfs_slice(row, size), &id), 0);
		model_set(m, i, id, row, size);
	} else {
		assert_int_equal(gfs_heap_delete(txn, m->ids[i]), 0);
		model_set(m, i, 0, NULL, 0);
	}
}

static void test_random(void **state)
{
	struct rows *r = *state;
	struct model *m = calloc(1, sizeof *m);
	for (unsigned round = 0; round < 60; round++) {
		struct model *before = model_copy(m);
		struct gfs_txn *txn = rows_begin(r);
		for (unsigned i = 0; i < 60; i++)
			step(r, txn, m);
		if (rows_random(r, 3) == 0) {
			gfs_txn_abort(txn);
			model_free(m);
			m = before;
		} else {
			rows_commit(txn);
			model_free(before);
		}
		model_compare(r, m);
		if (round % 10 == 9) {
			rows_reopen(r);
			model_compare(r, m);
		}
	}
	model_free(m);
}

static void insert_many(struct rows *r, unsigned count, size_t size, uint64_t *ids)
{
	uint8_t row[2000];
	struct gfs_txn *txn = rows_begin(r);
	memset(row, 1, sizeof row);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(gfs_heap_insert(txn, gfs_slice(row, size), &ids[i]), 0);
	rows_commit(txn);
}

static uint64_t pages_of(struct rows *r)
{
	return gfs_store_counter(r->store, GFS_COUNTER_HEAP_PAGES);
}

static void test_pages_fill_one_after_another(void **state)
{
	struct rows *r = *state;
	enum { COUNT = 20000 };
	uint64_t *ids = calloc(COUNT, sizeof *ids);
	insert_many(r, COUNT, 100, ids);
	assert_true(pages_of(r) <= COUNT / (GFS_PAGE_PAYLOAD_SIZE / 104 - 1) + 1);
	for (unsigned i = 1; i < COUNT; i++)
		assert_true(ids[i] > ids[i - 1]);
	free(ids);
}

static void test_room_is_reused(void **state)
{
	struct rows *r = *state;
	enum { COUNT = 8000 };
	uint64_t *ids = calloc(COUNT, sizeof *ids);
	insert_many(r, COUNT, 100, ids);
	uint64_t pages = pages_of(r);
	struct gfs_txn *txn = rows_begin(r);
	for (unsigned i = 0; i < COUNT; i++) {
		if (i % 2 == 0)
			assert_int_equal(gfs_heap_delete(txn, ids[i]), 0);
	}
	rows_commit(txn);
	rows_reopen(r);
	insert_many(r, COUNT / 4, 100, ids);
	assert_true(pages_of(r) <= pages + 1);
	free(ids);
}

/* Rows that fill a page wholly: the map cannot tell 8,132 bytes from 8,128, and must not be trusted. */
static void test_whole_pages(void **state)
{
	struct rows *r = *state;
	static uint8_t row[GFS_SLOTTED_ROW_BYTES_MAX + 1];
	uint64_t ids[6];
	struct gfs_txn *txn = rows_begin(r);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(gfs_heap_insert(txn, gfs_slice(row, GFS_SLOTTED_ROW_BYTES_MAX), &ids[i]), 0);
	assert_int_equal(pages_of(r), 6);
	assert_int_equal(gfs_heap_delete(txn, ids[1]), 0);
	assert_int_equal(gfs_heap_insert(txn, gfs_slice(row, GFS_SLOTTED_ROW_BYTES_MAX), &ids[1]), 0);
	assert_int_equal(pages_of(r), 6);
	assert_int_equal(gfs_store_counter(r->store, GFS_COUNTER_BLOB_PAGES), 0);
	assert_int_equal(gfs_heap_update(txn, ids[1], gfs_slice(row, sizeof row), &ids[1]), 0);
	assert_true(gfs_store_counter(r->store, GFS_COUNTER_BLOB_PAGES) > 0);
	rows_commit(txn);
	struct gfs_page *page;
	struct gfs_slice slice;
	gfs_store_read_begin(r->store);
	assert_int_equal(gfs_heap_peek(r->store, ids[1], &page, &slice), GFS_ERR_TOOBIG);
	assert_int_equal(gfs_heap_peek(r->store, ids[0], &page, &slice), 0);
	assert_int_equal(slice.size, GFS_SLOTTED_ROW_BYTES_MAX);
	gfs_page_put(r->store, page);
	gfs_store_read_end(r->store);
}

static void test_small_update_is_noted_small(void **state)
{
	struct rows *r = *state;
	uint8_t row[1000] = { 0 };
	uint64_t id;
	struct gfs_txn *txn = rows_begin(r);
	assert_int_equal(gfs_heap_insert(txn, gfs_slice(row, sizeof row), &id), 0);
	rows_commit(txn);
	txn = rows_begin(r);
	row[500] = 1;
	struct gfs_txn_mark mark = gfs_txn_mark(txn);
	assert_int_equal(gfs_heap_update(txn, id, gfs_slice(row, sizeof row), &id), 0);
	assert_true(gfs_txn_mark(txn).undo - mark.undo < 200);
	gfs_txn_abort(txn);
}

static void test_arguments(void **state)
{
	struct rows *r = *state;
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	uint64_t id;
	struct gfs_txn *txn = rows_begin(r);
	assert_int_equal(gfs_heap_insert(txn, gfs_slice("", 0), &id), GFS_ERR_INVALID);
	assert_int_equal(gfs_heap_insert(txn, gfs_slice("x", GFS_VALUE_BYTES_MAX + 1), &id), GFS_ERR_TOOBIG);
	assert_int_equal(gfs_heap_insert(txn, gfs_slice("x", 1), &id), 0);
	const uint64_t wrong[] = { 0, 1, 77, id + 1, id + (1 << 12), UINT64_MAX, UINT64_C(1) << 63 };
	for (unsigned i = 0; i < 7; i++) {
		assert_int_equal(gfs_heap_read(r->store, wrong[i], &out), GFS_ERR_CORRUPT);
		assert_int_equal(gfs_heap_delete(txn, wrong[i]), GFS_ERR_CORRUPT);
		assert_int_equal(gfs_heap_update(txn, wrong[i], gfs_slice("y", 1), &id), GFS_ERR_CORRUPT);
	}
	assert_int_equal(out.size, 0);
	gfs_txn_abort(txn);
}

static uint64_t heap_page_id(uint64_t id)
{
	return GFS_PAGE_ID(GFS_SPACE_HEAP, id >> 12);
}

/* A slot that claims to be a blob, with any id. */
static void test_hostile_blob_id(void **state)
{
	struct rows *r = *state;
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	static const uint64_t blob_ids[] = { 0, 1, 2, 99, UINT64_MAX };
	uint64_t id;
	uint64_t blob;
	struct gfs_txn *txn = rows_begin(r);
	assert_int_equal(gfs_heap_insert(txn, gfs_slice("12345678", 8), &id), 0);
	assert_int_equal(gfs_blob_create(txn, &blob), 0);
	rows_commit(txn);
	for (unsigned i = 0; i < 5; i++) {
		uint8_t bytes[8];
		uint8_t length[2];
		txn = rows_begin(r);
		gfs_put_le16(length, 0x8008);
		gfs_put_le64(bytes, blob_ids[i]);
		rows_damage(txn, heap_page_id(id), 10, length, 2);
		rows_damage(txn, heap_page_id(id), GFS_PAGE_PAYLOAD_SIZE - 8, bytes, 8);
		assert_int_equal(gfs_heap_read(r->store, id, &out), blob_ids[i] == blob ? 0 : GFS_ERR_CORRUPT);
		assert_int_equal(gfs_heap_delete(txn, id), blob_ids[i] == blob ? 0 : GFS_ERR_CORRUPT);
		gfs_txn_abort(txn);
	}
	assert_int_equal(gfs_heap_read(r->store, id, &out), 0);
	assert_memory_equal(out.data, "12345678", 8);
}

/* A free-space map that lies costs room or an error, never a row. */
static void test_hostile_map(void **state)
{
	struct rows *r = *state;
	uint64_t ids[200];
	uint8_t lies[64];
	uint8_t row[100] = { 5 };
	struct gfs_message message;
	unsigned count = 0;
	memset(lies, 0xff, sizeof lies);
	insert_many(r, 200, 100, ids);
	struct gfs_txn *txn = rows_begin(r);
	rows_damage(txn, GFS_PAGE_ID(GFS_SPACE_FSM, 0), 0, lies, sizeof lies);
	rows_damage(txn, GFS_PAGE_ID(GFS_SPACE_FSM, 1), 0, lies, sizeof lies);
	assert_int_equal(gfs_heap_check_page(r->store, 1, count_row, &count, &message), GFS_ERR_CORRUPT);
	for (unsigned i = 0; i < 200; i++) {
		uint64_t id;
		assert_int_equal(gfs_heap_insert(txn, gfs_slice(row, sizeof row), &id), 0);
		for (unsigned k = 0; k < 200; k++)
			assert_true(id != ids[k]);
	}
	gfs_txn_abort(txn);
	count = 0;
	assert_int_equal(gfs_heap_check_page(r->store, 1, count_row, &count, &message), 0);
	assert_int_equal(gfs_heap_check_page(r->store, 0, count_row, &count, &message), GFS_ERR_INVALID);
}

/* Random bytes in a heap page's header and slots: answers, never a crash (the sanitizers watch). */
static void test_hostile_pages(void **state)
{
	struct rows *r = *state;
	uint64_t ids[60];
	uint8_t row[300] = { 1 };
	insert_many(r, 60, 100, ids);
	for (unsigned round = 0; round < 500; round++) {
		struct gfs_txn *txn = rows_begin(r);
		for (unsigned i = 0; i < 4; i++) {
			uint8_t bytes[2];
			rows_fill(r, bytes, 2);
			rows_damage(txn, heap_page_id(ids[0]), (unsigned)rows_random(r, 8 + 240), bytes, 2);
		}
		for (unsigned i = 0; i < 30; i++) {
			GFS_AUTO_BUF out = GFS_BUF_INIT;
			uint64_t id = ids[rows_random(r, 60)];
			int err = rows_random(r, 2) ? gfs_heap_delete(txn, id)
										: gfs_heap_update(txn, id, gfs_slice(row, 1 + rows_random(r, 300)), &id);
			assert_true(err == 0 || err == GFS_ERR_CORRUPT);
			err = gfs_heap_read(r->store, id, &out);
			assert_true(err == 0 || err == GFS_ERR_CORRUPT);
			err = gfs_heap_insert(txn, gfs_slice(row, 1 + rows_random(r, 300)), &id);
			assert_true(err == 0 || err == GFS_ERR_CORRUPT);
		}
		gfs_txn_abort(txn);
	}
	gfs_store_read_begin(r->store);
	check_pages(r, 60);
	gfs_store_read_end(r->store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(test_random),
		ROWS_TEST(test_pages_fill_one_after_another),
		ROWS_TEST(test_room_is_reused),
		ROWS_TEST(test_whole_pages),
		ROWS_TEST(test_small_update_is_noted_small),
		ROWS_TEST(test_arguments),
		ROWS_TEST(test_hostile_blob_id),
		ROWS_TEST(test_hostile_map),
		ROWS_TEST(test_hostile_pages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
