/* Blobs against a byte array: writes, gaps, truncation, aborts, reopening; the free chain; damaged pages. */
#include "rows_store.h"

#include "base/checked.h"
#include "store/blob.h"
#include "store/blob_private.h"

#define MODEL_MAX ((size_t)20 << 20)

struct model {
	uint8_t *data;
	size_t size;
};

static int mark_page(void *context, uint64_t page_index)
{
	uint8_t *seen = context;
	if (seen[page_index] != 0)
		fail_msg("page %llu belongs to two", (unsigned long long)page_index);
	seen[page_index] = 1;
	return 0;
}

/* B1 to B3, and B2 for the whole space: every page is in one of the blobs or free. */
static void check_space(struct rows *r, const uint64_t *blobs, unsigned count)
{
	struct gfs_message message = { 0 };
	uint64_t pages = gfs_store_counter(r->store, GFS_COUNTER_BLOB_PAGES);
	uint8_t *seen = calloc(1, pages + 1);
	for (unsigned i = 0; i < count; i++) {
		if (gfs_blob_check(r->store, blobs[i], mark_page, seen, &message) != 0)
			fail_msg("%s", message.text);
	}
	if (gfs_blob_free_pages(r->store, mark_page, seen, &message) != 0)
		fail_msg("%s", message.text);
	for (uint64_t i = 1; i <= pages; i++)
		assert_int_equal(seen[i], 1);
	free(seen);
}

static void compare(struct rows *r, uint64_t blob, const struct model *m)
{
	uint8_t *got = malloc(m->size + 10);
	uint64_t size;
	size_t read = 1;
	gfs_store_read_begin(r->store);
	assert_int_equal(gfs_blob_size(r->store, blob, &size), 0);
	assert_int_equal(size, m->size);
	assert_int_equal(gfs_blob_read(r->store, blob, 0, got, m->size + 10, &read), 0);
	assert_int_equal(read, m->size);
	assert_int_equal(memcmp(got, m->data, m->size), 0);
	for (unsigned i = 0; i < 20 && m->size > 0; i++) {
		size_t at = rows_random(r, m->size);
		size_t part = rows_random(r, 20000);
		assert_int_equal(gfs_blob_read(r->store, blob, at, got, GFS_MIN(part, m->size), &read), 0);
		assert_int_equal(read, GFS_MIN(GFS_MIN(part, m->size), m->size - at));
		assert_memory_equal(got, m->data + at, read);
	}
	assert_int_equal(gfs_blob_read(r->store, blob, UINT64_MAX, got, 10, &read), 0);
	assert_int_equal(read, 0);
	check_space(r, &blob, 1);
	gfs_store_read_end(r->store);
	free(got);
}

static uint64_t random_position(struct rows *r, const struct model *m)
{
	static const uint64_t limits[] = { 100, 9000, 40000, 9 << 20, MODEL_MAX - 70000 };
	if (rows_random(r, 2) == 0 && m->size > 0 && m->size < MODEL_MAX - 70000)
		return rows_random(r, m->size + 1);
	return rows_random(r, limits[rows_random(r, 5)]);
}

static void step(struct rows *r, struct gfs_txn *txn, uint64_t blob, struct model *m)
{
	static uint8_t data[60000];
	uint64_t at = random_position(r, m);
	if (rows_random(r, 4) == 0) {
		assert_int_equal(gfs_blob_truncate(txn, blob, at), 0);
		if (at < m->size)
			memset(m->data + at, 0, m->size - at);
		m->size = at;
		return;
	}
	size_t size = rows_random(r, rows_random(r, 2) ? 300 : sizeof data);
	memset(data, 1 + (int)rows_random(r, 255), size);
	assert_int_equal(gfs_blob_write(txn, blob, at, data, size), 0);
	memcpy(m->data + at, data, size);
	if (size > 0)
		m->size = GFS_MAX(m->size, at + size);
}

static void test_random(void **state)
{
	struct rows *r = *state;
	struct model m = { .data = calloc(1, MODEL_MAX) };
	struct model before = { .data = calloc(1, MODEL_MAX) };
	uint64_t blob;
	struct gfs_txn *txn = rows_begin(r);
	assert_int_equal(gfs_blob_create(txn, &blob), 0);
	rows_commit(txn);
	for (unsigned round = 0; round < 60; round++) {
		before.size = m.size;
		memcpy(before.data, m.data, MODEL_MAX);
		txn = rows_begin(r);
		for (unsigned i = 0; i < 6; i++)
			step(r, txn, blob, &m);
		if (rows_random(r, 3) == 0) {
			gfs_txn_abort(txn);
			m.size = before.size;
			memcpy(m.data, before.data, MODEL_MAX);
		} else {
			rows_commit(txn);
		}
		compare(r, blob, &m);
		if (round % 20 == 19) {
			rows_reopen(r);
			compare(r, blob, &m);
		}
	}
	txn = rows_begin(r);
	assert_int_equal(gfs_blob_delete(txn, blob), 0);
	rows_commit(txn);
	check_space(r, NULL, 0);
	free(m.data);
	free(before.data);
}

static void test_limits(void **state)
{
	struct rows *r = *state;
	uint64_t blob;
	uint64_t bytes;
	size_t got;
	uint8_t last[3] = { 9, 9, 9 };
	struct gfs_txn *txn = rows_begin(r);
	assert_int_equal(gfs_blob_create(txn, &blob), 0);
	assert_int_equal(gfs_blob_write(txn, blob, GFS_VALUE_BYTES_MAX, "x", 1), GFS_ERR_TOOBIG);
	assert_int_equal(gfs_blob_write(txn, blob, UINT64_MAX, "x", 1), GFS_ERR_TOOBIG);
	assert_int_equal(gfs_blob_truncate(txn, blob, GFS_VALUE_BYTES_MAX + 1), GFS_ERR_TOOBIG);
	assert_int_equal(gfs_blob_truncate(txn, blob, GFS_VALUE_BYTES_MAX), 0);
	assert_int_equal(gfs_blob_allocated(r->store, blob, &bytes), 0);
	assert_int_equal(bytes, 8192); /* sparse */
	assert_int_equal(gfs_blob_write(txn, blob, GFS_VALUE_BYTES_MAX - 1, "x", 1), 0);
	assert_int_equal(gfs_blob_allocated(r->store, blob, &bytes), 0);
	assert_int_equal(bytes, 3 * 8192);
	rows_commit(txn);
	assert_int_equal(gfs_blob_read(r->store, blob, GFS_VALUE_BYTES_MAX - 2, last, 3, &got), 0);
	assert_int_equal(got, 2);
	assert_memory_equal(last, "\0x\x09", 3);
	check_space(r, &blob, 1);
}

static void test_whole(void **state)
{
	struct rows *r = *state;
	uint8_t *data = malloc(GFS_VALUE_BYTES_MAX);
	uint8_t *back = malloc(GFS_VALUE_BYTES_MAX);
	uint64_t blobs[2];
	size_t got;
	memset(data, 5, GFS_VALUE_BYTES_MAX);
	struct gfs_txn *txn = rows_begin(r);
	assert_int_equal(gfs_blob_create(txn, &blobs[0]), 0);
	assert_int_equal(gfs_blob_write(txn, blobs[0], 0, data, GFS_VALUE_BYTES_MAX), 0);
	rows_commit(txn);
	assert_int_equal(gfs_blob_read(r->store, blobs[0], 0, back, GFS_VALUE_BYTES_MAX, &got), 0);
	assert_int_equal(got, GFS_VALUE_BYTES_MAX);
	assert_int_equal(memcmp(data, back, got), 0);
	uint64_t pages = gfs_store_counter(r->store, GFS_COUNTER_BLOB_PAGES);
	rows_reopen(r);
	/* Freed, its pages serve the next one, and deleting reads none of its data. */
	struct gfs_store_stats before, after;
	gfs_store_stats_get(r->store, &before);
	txn = rows_begin(r);
	assert_int_equal(gfs_blob_delete(txn, blobs[0]), 0);
	gfs_store_stats_get(r->store, &after);
	assert_true(after.pages_read - before.pages_read < 40);
	rows_commit(txn);
	check_space(r, NULL, 0);
	txn = rows_begin(r);
	assert_int_equal(gfs_blob_create(txn, &blobs[1]), 0);
	assert_int_equal(gfs_blob_write(txn, blobs[1], 0, data, GFS_VALUE_BYTES_MAX), 0);
	rows_commit(txn);
	assert_int_equal(gfs_store_counter(r->store, GFS_COUNTER_BLOB_PAGES), pages);
	check_space(r, &blobs[1], 1);
	free(data);
	free(back);
}

static void test_tag_and_ids(void **state)
{
	struct rows *r = *state;
	uint64_t blob;
	uint64_t size;
	uint32_t tag = 1;
	static const uint64_t wrong[] = { 0, 2, 99, UINT64_MAX };
	struct gfs_txn *txn = rows_begin(r);
	assert_int_equal(gfs_blob_create(txn, &blob), 0);
	assert_int_equal(blob, 1);
	assert_int_equal(gfs_blob_tag(r->store, blob, &tag), 0);
	assert_int_equal(tag, 0);
	assert_int_equal(gfs_blob_set_tag(txn, blob, 0xfeedf00d), 0);
	rows_commit(txn);
	rows_reopen(r);
	assert_int_equal(gfs_blob_tag(r->store, blob, &tag), 0);
	assert_int_equal(tag, 0xfeedf00d);
	txn = rows_begin(r);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(gfs_blob_size(r->store, wrong[i], &size), GFS_ERR_CORRUPT);
		assert_int_equal(gfs_blob_delete(txn, wrong[i]), GFS_ERR_CORRUPT);
		assert_int_equal(gfs_blob_write(txn, wrong[i], 0, "x", 1), GFS_ERR_CORRUPT);
	}
	gfs_txn_abort(txn);
}

/* Damage to the root, an index page or the free chain: an answer each time, and after the abort all is well. */
static void hostile_round(struct rows *r, uint64_t blob)
{
	static uint8_t data[100000];
	uint64_t extra;
	size_t got;
	struct gfs_txn *txn = rows_begin(r);
	uint64_t pages = gfs_store_counter(r->store, GFS_COUNTER_BLOB_PAGES);
	for (unsigned i = 0; i < 3; i++) {
		uint8_t bytes[8];
		uint64_t page = 1 + rows_random(r, pages);
		static const unsigned offsets[] = { 0, 8, 12, 16, 24, 32, 40 };
		gfs_put_le64(bytes, rows_random(r, 3) == 0 ? rows_random(r, UINT64_MAX) : rows_random(r, pages + 3));
		rows_damage(txn, gfs_blob_page_id(page), offsets[rows_random(r, 7)], bytes, (unsigned)(1 + rows_random(r, 8)));
	}
	for (unsigned i = 0; i < 10; i++) {
		int err = gfs_blob_write(txn, blob, rows_random(r, 9 << 20), data, rows_random(r, sizeof data));
		assert_true(err == 0 || err == GFS_ERR_CORRUPT);
		err = gfs_blob_read(r->store, blob, rows_random(r, 100000), data, sizeof data, &got);
		assert_true(err == 0 || err == GFS_ERR_CORRUPT);
		err = gfs_blob_truncate(txn, blob, rows_random(r, 9 << 20));
		assert_true(err == 0 || err == GFS_ERR_CORRUPT);
		err = gfs_blob_create(txn, &extra);
		assert_true(err == 0 || err == GFS_ERR_CORRUPT);
	}
	int err = gfs_blob_delete(txn, blob);
	assert_true(err == 0 || err == GFS_ERR_CORRUPT);
	gfs_txn_abort(txn);
}

static void test_hostile(void **state)
{
	struct rows *r = *state;
	static uint8_t data[60000];
	uint64_t blobs[2];
	struct gfs_txn *txn = rows_begin(r);
	assert_int_equal(gfs_blob_create(txn, &blobs[0]), 0);
	assert_int_equal(gfs_blob_create(txn, &blobs[1]), 0);
	assert_int_equal(gfs_blob_write(txn, blobs[0], 0, data, sizeof data), 0);
	assert_int_equal(gfs_blob_write(txn, blobs[0], 9 << 20, data, 10), 0);
	assert_int_equal(gfs_blob_write(txn, blobs[1], 0, data, 30000), 0);
	assert_int_equal(gfs_blob_truncate(txn, blobs[1], 10), 0);
	rows_commit(txn);
	rows_reopen(r);
	check_space(r, blobs, 2);
	for (unsigned round = 0; round < 400; round++)
		hostile_round(r, blobs[0]);
	check_space(r, blobs, 2);
}

static void expect_damage(struct rows *r, uint64_t blob, unsigned offset, const void *bytes, unsigned size)
{
	struct gfs_message message = { 0 };
	uint8_t *seen = calloc(1, 10000);
	struct gfs_txn *txn = rows_begin(r);
	rows_damage(txn, gfs_blob_page_id(blob), offset, bytes, size);
	assert_int_equal(gfs_blob_check(r->store, blob, mark_page, seen, &message), GFS_ERR_CORRUPT);
	assert_true(message.text[0] != '\0');
	gfs_txn_abort(txn);
	free(seen);
}

static void test_check(void **state)
{
	struct rows *r = *state;
	uint64_t blobs[2];
	struct gfs_txn *txn = rows_begin(r);
	assert_int_equal(gfs_blob_create(txn, &blobs[0]), 0);
	assert_int_equal(gfs_blob_write(txn, blobs[0], 0, "small", 5), 0);
	assert_int_equal(gfs_blob_create(txn, &blobs[1]), 0);
	assert_int_equal(gfs_blob_write(txn, blobs[1], 20000, "far", 3), 0);
	rows_commit(txn);
	check_space(r, blobs, 2);
	expect_damage(r, blobs[0], 24 + 5, "x", 1);        /* past the end */
	expect_damage(r, blobs[0], 16, "\2", 1);           /* page count */
	expect_damage(r, blobs[0], 12, "\7", 1);           /* level */
	expect_damage(r, blobs[1], 24, "\xff\xff\xff", 3); /* no such page */
	expect_damage(r, blobs[1], 24, "\1", 1);           /* a page of another kind */
	expect_damage(r, blobs[1], 24 + 8 * 3, "\3", 1);   /* a page past the end */
	expect_damage(r, blobs[1], 0, "\0\0\0\0", 4);      /* size 0 with a level */
}

/* A chain of free pages that loops, or leads to a page in use. */
static void test_hostile_chain(void **state)
{
	struct rows *r = *state;
	struct gfs_message message = { 0 };
	uint64_t blobs[3];
	uint64_t extra;
	uint8_t bytes[8];
	struct gfs_txn *txn = rows_begin(r);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(gfs_blob_create(txn, &blobs[i]), 0);
	assert_int_equal(gfs_blob_delete(txn, blobs[1]), 0);
	assert_int_equal(gfs_blob_delete(txn, blobs[0]), 0);
	rows_commit(txn);
	uint64_t head = gfs_store_counter(r->store, GFS_COUNTER_BLOB_FREE);
	assert_int_equal(head, blobs[1]);
	for (unsigned i = 0; i < 3; i++) {
		uint8_t *seen = calloc(1, 64);
		txn = rows_begin(r);
		gfs_put_le64(bytes, i == 0 ? head : i == 1 ? blobs[2] : 77);
		rows_damage(txn, gfs_blob_page_id(head), 0, bytes, 8);
		int err = 0;
		for (unsigned k = 0; k < 5 && err == 0; k++)
			err = gfs_blob_create(txn, &extra);
		assert_int_equal(err, GFS_ERR_CORRUPT);
		gfs_txn_rollback_to(txn, (struct gfs_txn_mark){ 0 });
		rows_damage(txn, gfs_blob_page_id(head), 0, bytes, 8);
		if (i > 0)
			assert_int_equal(gfs_blob_free_pages(r->store, mark_page, seen, &message), GFS_ERR_CORRUPT);
		gfs_txn_abort(txn);
		free(seen);
	}
	check_space(r, &blobs[2], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(test_random),
		ROWS_TEST(test_limits),
		ROWS_TEST(test_whole),
		ROWS_TEST(test_tag_and_ids),
		ROWS_TEST(test_hostile),
		ROWS_TEST(test_check),
		ROWS_TEST(test_hostile_chain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
