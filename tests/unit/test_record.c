/* Records and ids: every field, ranges, scans, undo of exact bytes, which ids come back and when. */
#include "rows_store.h"

#include "store/format.h"
#include "store/kv.h"
#include "store/record.h"

static struct gfs_node_record node_of(uint64_t id)
{
	return (struct gfs_node_record){
		.exists = true,
		.label_count = 3,
		.mode = 0755,
		.uid = (uint32_t)id,
		.gid = (uint32_t)(id + 1),
		.labels = { 1, 7, 65535 },
		.link_generation = 65535,
		.dir_generation = 12,
		.row_id = UINT64_MAX - id,
		.first_out = GFS_ID_MAX,
		.first_in = id,
		.mtime_ns = id + 2,
		.ctime_ns = id + 3,
		.btime_ns = id + 4,
		.labels_mtime_ns = UINT64_MAX,
	};
}

static struct gfs_rel_record rel_of(uint64_t id)
{
	return (struct gfs_rel_record){
		.exists = true,
		.type = 65535,
		.start = GFS_ID_MAX,
		.end = 1,
		.start_prev = id,
		.start_next = id / 2,
		.end_prev = id / 3,
		.end_next = GFS_ID_MAX,
		.row_id = id * 3,
		.mtime_ns = UINT64_MAX - 1,
	};
}

/* Field by field: padding is not compared. */
static void assert_node(const struct gfs_node_record *a, const struct gfs_node_record *b)
{
	assert_int_equal(a->exists, b->exists);
	assert_int_equal(a->label_count, b->label_count);
	assert_int_equal(a->mode, b->mode);
	assert_int_equal(a->uid, b->uid);
	assert_int_equal(a->gid, b->gid);
	assert_memory_equal(a->labels, b->labels, sizeof a->labels);
	assert_int_equal(a->link_generation, b->link_generation);
	assert_int_equal(a->dir_generation, b->dir_generation);
	assert_true(a->row_id == b->row_id && a->first_out == b->first_out && a->first_in == b->first_in);
	assert_true(a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns && a->btime_ns == b->btime_ns);
	assert_true(a->labels_mtime_ns == b->labels_mtime_ns);
}

static void assert_rel(const struct gfs_rel_record *a, const struct gfs_rel_record *b)
{
	assert_int_equal(a->exists, b->exists);
	assert_int_equal(a->type, b->type);
	assert_true(a->start == b->start && a->end == b->end && a->row_id == b->row_id && a->mtime_ns == b->mtime_ns);
	assert_true(a->start_prev == b->start_prev && a->start_next == b->start_next);
	assert_true(a->end_prev == b->end_prev && a->end_next == b->end_next);
}

static void expect_node(struct rows *r, uint64_t id, const struct gfs_node_record *expected)
{
	struct gfs_node_record got;
	assert_int_equal(gfs_node_record_read(r->store, id, &got), 0);
	assert_node(&got, expected);
}

static void expect_rel(struct rows *r, uint64_t id, const struct gfs_rel_record *expected)
{
	struct gfs_rel_record got;
	assert_int_equal(gfs_rel_record_read(r->store, id, &got), 0);
	assert_rel(&got, expected);
}

static void test_round_trip(void **state)
{
	struct rows *r = *state;
	static const uint64_t ids[] = { 1, 2, GFS_NODES_PER_PAGE - 1, GFS_NODES_PER_PAGE, GFS_RELS_PER_PAGE, 5000,
		GFS_ID_MAX };
	const struct gfs_node_record no_node = { 0 };
	const struct gfs_rel_record no_rel = { 0 };
	struct gfs_txn *txn = rows_begin(r);
	for (unsigned i = 0; i < 7; i++) {
		struct gfs_node_record node = node_of(ids[i]);
		struct gfs_rel_record rel = rel_of(ids[i]);
		expect_node(r, ids[i], &no_node);
		expect_rel(r, ids[i], &no_rel);
		assert_int_equal(gfs_node_record_write(txn, ids[i], &node), 0);
		assert_int_equal(gfs_rel_record_write(txn, ids[i], &rel), 0);
	}
	rows_commit(txn);
	rows_reopen(r);
	for (unsigned i = 0; i < 7; i++) {
		struct gfs_node_record node = node_of(ids[i]);
		struct gfs_rel_record rel = rel_of(ids[i]);
		expect_node(r, ids[i], &node);
		expect_rel(r, ids[i], &rel);
	}
	txn = rows_begin(r);
	assert_int_equal(gfs_node_record_write(txn, 2, &no_node), 0);
	assert_int_equal(gfs_rel_record_write(txn, 2, &no_rel), 0);
	expect_node(r, 2, &no_node);
	expect_rel(r, 2, &no_rel);
	gfs_txn_abort(txn);
	struct gfs_node_record node = node_of(2);
	struct gfs_rel_record rel = rel_of(2);
	expect_node(r, 2, &node);
	expect_rel(r, 2, &rel);
	expect_node(r, UINT64_MAX, &no_node);
	expect_rel(r, GFS_ID_MAX + 1, &no_rel);
}

static void test_invalid_ids(void **state)
{
	struct rows *r = *state;
	struct gfs_node_record node = node_of(1);
	struct gfs_rel_record none = { 0 };
	struct gfs_txn *txn = rows_begin(r);
	assert_int_equal(gfs_node_record_write(txn, 0, &node), GFS_ERR_INVALID);
	assert_int_equal(gfs_node_record_write(txn, GFS_ID_MAX + 1, &node), GFS_ERR_INVALID);
	/* Nothing to delete: no page is made for it. */
	struct gfs_txn_mark mark = gfs_txn_mark(txn);
	assert_int_equal(gfs_rel_record_write(txn, 777777, &none), 0);
	assert_int_equal(gfs_txn_mark(txn).undo, mark.undo);
	gfs_txn_abort(txn);
}

static void test_small_change_is_noted_small(void **state)
{
	struct rows *r = *state;
	struct gfs_node_record node = node_of(9);
	struct gfs_txn *txn = rows_begin(r);
	assert_int_equal(gfs_node_record_write(txn, 9, &node), 0);
	struct gfs_txn_mark before = gfs_txn_mark(txn);
	assert_int_equal(gfs_node_record_write(txn, 9, &node), 0);
	assert_int_equal(gfs_txn_mark(txn).undo, before.undo);
	node.first_in = 10;
	assert_int_equal(gfs_node_record_write(txn, 9, &node), 0);
	assert_true(gfs_txn_mark(txn).undo - before.undo <= 64);
	gfs_txn_abort(txn);
}

static void test_next(void **state)
{
	struct rows *r = *state;
	static const uint64_t ids[] = { 3, 4, 101, 5000, 99999 };
	struct gfs_txn *txn = rows_begin(r);
	for (unsigned i = 0; i < 5; i++) {
		struct gfs_node_record node = node_of(ids[i]);
		struct gfs_rel_record rel = rel_of(ids[i]);
		assert_int_equal(gfs_node_id_take(txn, ids[i]), 0);
		assert_int_equal(gfs_rel_id_take(txn, ids[i]), 0);
		assert_int_equal(gfs_node_record_write(txn, ids[i], &node), 0);
		assert_int_equal(gfs_rel_record_write(txn, ids[i], &rel), 0);
	}
	struct gfs_node_record stray = node_of(100100);
	assert_int_equal(gfs_node_record_write(txn, 100100, &stray), 0); /* past the counter: not there */
	rows_commit(txn);
	uint64_t from = 0;
	for (unsigned i = 0; i < 5; i++) {
		uint64_t id;
		struct gfs_node_record node;
		struct gfs_rel_record rel;
		assert_int_equal(gfs_rel_record_next(r->store, from, &id, &rel), 0);
		assert_int_equal(id, ids[i]);
		assert_int_equal(gfs_node_record_next(r->store, from, &id, &node), 0);
		assert_int_equal(id, ids[i]);
		assert_int_equal(node.uid, ids[i]);
		from = id + 1;
	}
	uint64_t id;
	assert_int_equal(gfs_node_record_next(r->store, from, &id, &stray), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_node_record_next(r->store, UINT64_MAX, &id, &stray), GFS_ERR_NOTFOUND);
}

static int read_damaged(struct rows *r, bool is_node, unsigned offset, const void *bytes, unsigned size)
{
	struct gfs_node_record node;
	struct gfs_rel_record rel;
	unsigned record_size = is_node ? GFS_NODE_RECORD_SIZE : GFS_REL_RECORD_SIZE;
	struct gfs_txn *txn = rows_begin(r);
	rows_damage(txn, GFS_PAGE_ID(is_node ? GFS_SPACE_NODE : GFS_SPACE_REL, 0), 5 * record_size + offset, bytes, size);
	int err = is_node ? gfs_node_record_read(r->store, 5, &node) : gfs_rel_record_read(r->store, 5, &rel);
	gfs_txn_abort(txn);
	return err;
}

static void test_hostile(void **state)
{
	struct rows *r = *state;
	struct gfs_node_record node = node_of(5);
	struct gfs_rel_record rel = rel_of(5);
	struct gfs_txn *txn = rows_begin(r);
	assert_int_equal(gfs_node_record_write(txn, 5, &node), 0);
	assert_int_equal(gfs_rel_record_write(txn, 5, &rel), 0);
	rows_commit(txn);
	assert_int_equal(read_damaged(r, true, 0, "\1", 1), 0);
	assert_int_equal(read_damaged(r, true, 0, "\3", 1), GFS_ERR_CORRUPT);            /* flags */
	assert_int_equal(read_damaged(r, true, 1, "\4", 1), GFS_ERR_CORRUPT);            /* labels */
	assert_int_equal(read_damaged(r, true, 2, "\0\xff", 2), GFS_ERR_CORRUPT);        /* mode */
	assert_int_equal(read_damaged(r, true, 12, "\7\0\7\0", 4), GFS_ERR_CORRUPT);     /* not ascending */
	assert_int_equal(read_damaged(r, true, 12, "\0\0", 2), GFS_ERR_CORRUPT);         /* label 0 */
	assert_int_equal(read_damaged(r, true, 32, "\0\0\0\0\4\0", 6), GFS_ERR_CORRUPT); /* an id past the last */
	assert_int_equal(read_damaged(r, true, 43, "\1", 1), GFS_ERR_CORRUPT);
	assert_int_equal(read_damaged(r, true, 0, "\0", 1), 0);
	assert_int_equal(read_damaged(r, false, 0, "\2", 1), GFS_ERR_CORRUPT);
	assert_int_equal(read_damaged(r, false, 2, "\0\0", 2), GFS_ERR_CORRUPT); /* type 0 */
	assert_int_equal(read_damaged(r, false, 10, "\0", 1), GFS_ERR_CORRUPT);  /* end 0 */
	assert_int_equal(read_damaged(r, false, 39, "\1", 1), GFS_ERR_CORRUPT);
	/* A page of another kind in the place of records. */
	struct gfs_page *page;
	txn = rows_begin(r);
	assert_int_equal(gfs_page_edit(txn, GFS_PAGE_ID(GFS_SPACE_NODE, 0), &page), 0);
	page->data[24] = GFS_PAGE_RELS; /* its kind */
	gfs_page_put(r->store, page);
	assert_int_equal(gfs_node_record_read(r->store, 5, &node), GFS_ERR_CORRUPT);
	assert_int_equal(gfs_node_record_write(txn, 5, &node), GFS_ERR_CORRUPT);
	gfs_txn_abort(txn);
}

/* ---- ids ---- */

static uint64_t id_new(struct gfs_txn *txn)
{
	uint64_t id = 0;
	assert_int_equal(gfs_node_id_new(txn, &id), 0);
	return id;
}

static void test_ids_in_order(void **state)
{
	struct rows *r = *state;
	uint64_t id;
	struct gfs_txn *txn = rows_begin(r);
	for (uint64_t i = 1; i <= 1000; i++)
		assert_int_equal(id_new(txn), i);
	assert_int_equal(gfs_rel_id_new(txn, &id), 0);
	assert_int_equal(id, 1);
	rows_commit(txn);
	txn = rows_begin(r);
	assert_int_equal(id_new(txn), 1001);
	gfs_txn_abort(txn);
	rows_reopen(r);
	txn = rows_begin(r);
	assert_int_equal(id_new(txn), 1001);
	gfs_txn_abort(txn);
}

static void free_evens(struct rows *r, uint64_t count)
{
	struct gfs_txn *txn = rows_begin(r);
	for (uint64_t i = 1; i <= count; i++)
		assert_int_equal(id_new(txn), i);
	for (uint64_t i = 2; i <= count; i += 2)
		assert_int_equal(gfs_node_id_free(txn, i), 0);
	rows_commit(txn);
}

static void test_freed_ids_wait_for_the_next_open(void **state)
{
	struct rows *r = *state;
	enum { COUNT = 2000 };
	free_evens(r, COUNT);
	struct gfs_txn *txn = rows_begin(r);
	assert_int_equal(id_new(txn), COUNT + 1);
	rows_commit(txn);
	assert_int_equal(gfs_store_checkpoint(r->store), 0);
	txn = rows_begin(r);
	assert_int_equal(id_new(txn), COUNT + 2);
	rows_commit(txn);
	rows_reopen(r);
	txn = rows_begin(r);
	/* What is freed now waits again, also when it was just reused. */
	assert_int_equal(gfs_node_id_free(txn, 1), 0);
	for (uint64_t i = 2; i <= COUNT; i += 2) {
		assert_int_equal(id_new(txn), i);
		assert_int_equal(gfs_node_id_free(txn, i), 0);
	}
	assert_int_equal(id_new(txn), COUNT + 3);
	rows_commit(txn);
	rows_reopen(r);
	txn = rows_begin(r);
	assert_int_equal(id_new(txn), 1);
	assert_int_equal(id_new(txn), 2);
	gfs_txn_abort(txn);
}

/* After a million deletions the next creation looked at a million rows, none of which may be given out yet, and held the exclusive lock
 * for half a second. Now it looks at a bounded number, and finds what lies behind them a few ids later. */
static void test_many_fresh_ids_do_not_stall(void **state)
{
	struct rows *r = *state;
	enum { COUNT = 6000, FREE = 5500 };
	struct gfs_txn *txn = rows_begin(r);
	for (uint64_t i = 1; i <= COUNT; i++)
		assert_int_equal(id_new(txn), i);
	assert_int_equal(gfs_node_id_free(txn, FREE), 0);
	rows_commit(txn);
	rows_reopen(r);
	txn = rows_begin(r);
	for (uint64_t i = 1; i < FREE; i++)
		assert_int_equal(gfs_node_id_free(txn, i), 0);
	uint64_t id = id_new(txn);
	assert_int_equal(id, COUNT + 1); /* it has not gone through all of them */
	for (unsigned i = 0; i < 10 && id != FREE; i++)
		id = id_new(txn);
	assert_int_equal(id, FREE);
	gfs_txn_abort(txn);
}

static void test_aborts_give_ids_back(void **state)
{
	struct rows *r = *state;
	enum { COUNT = 2000 };
	free_evens(r, COUNT);
	rows_reopen(r);
	struct gfs_txn *txn = rows_begin(r);
	for (uint64_t i = 2; i <= 1400; i += 2)
		assert_int_equal(id_new(txn), i);
	gfs_txn_abort(txn);
	txn = rows_begin(r);
	assert_int_equal(id_new(txn), 2);
	/* One taken from the middle of what was read ahead, and given back: nothing below it is lost. */
	struct gfs_txn_mark mark = gfs_txn_mark(txn);
	assert_int_equal(gfs_node_id_take(txn, 100), 0);
	gfs_txn_rollback_to(txn, mark);
	assert_int_equal(id_new(txn), 4);
	assert_int_equal(gfs_node_id_take(txn, 8), 0);
	assert_int_equal(id_new(txn), 6);
	assert_int_equal(id_new(txn), 10);
	rows_commit(txn);
	txn = rows_begin(r);
	for (uint64_t i = 12; i <= COUNT; i += 2)
		assert_int_equal(id_new(txn), i);
	assert_int_equal(id_new(txn), COUNT + 1);
	gfs_txn_abort(txn);
	txn = rows_begin(r);
	assert_int_equal(id_new(txn), 12);
	gfs_txn_abort(txn);
}

static void test_take(void **state)
{
	struct rows *r = *state;
	struct gfs_node_record node = node_of(50);
	struct gfs_txn *txn = rows_begin(r);
	assert_int_equal(gfs_node_id_take(txn, 50), 0);
	assert_int_equal(gfs_node_record_write(txn, 50, &node), 0);
	assert_int_equal(gfs_node_id_take(txn, 50), GFS_ERR_EXISTS);
	assert_int_equal(gfs_node_id_take(txn, 20), 0); /* skipped, never used */
	assert_int_equal(id_new(txn), 51);
	assert_int_equal(gfs_node_id_take(txn, 0), GFS_ERR_INVALID);
	assert_int_equal(gfs_node_id_take(txn, GFS_ID_MAX + 1), GFS_ERR_INVALID);
	assert_int_equal(gfs_node_id_free(txn, 52), GFS_ERR_INVALID);
	assert_int_equal(gfs_node_id_free(txn, 0), GFS_ERR_INVALID);
	assert_int_equal(gfs_node_id_take(txn, GFS_ID_MAX), 0);
	uint64_t id;
	assert_int_equal(gfs_node_id_new(txn, &id), GFS_ERR_LIMIT);
	gfs_txn_abort(txn);
}

/* Rows of the free table that no store of ours writes. */
static void test_hostile_free_table(void **state)
{
	struct rows *r = *state;
	struct gfs_node_record node = node_of(1);
	static const struct {
		const char *key;
		size_t size;
	} keys[] = {
		{ "\1\0\0\0\0\0\1", 7 },             /* in use */
		{ "\1\0\0\0\0\0\0", 7 },             /* 0 */
		{ "\1\0\0\0\0\0\x09", 7 },           /* never used */
		{ "\1\xff\xff\xff\xff\xff\xff", 7 }, /* out of range */
		{ "\1\0\0\0\0\0", 6 },
		{ "\1\0\0\0\0\0\1\1", 8 },
	};
	struct gfs_txn *txn = rows_begin(r);
	assert_int_equal(id_new(txn), 1);
	assert_int_equal(gfs_node_record_write(txn, 1, &node), 0);
	rows_commit(txn);
	for (unsigned i = 0; i < 6; i++) {
		uint64_t id;
		struct gfs_slice key = gfs_slice(keys[i].key, keys[i].size);
		txn = rows_begin(r);
		assert_int_equal(gfs_kv_put(gfs_store_kv(r->store), gfs_txn_undo(txn), GFS_KV_FREE, key, gfs_slice("", 1)), 0);
		rows_commit(txn);
		rows_reopen(r);
		txn = rows_begin(r);
		/* A key with a wrong size may sort before the first that is sought. */
		int err = gfs_node_id_new(txn, &id);
		assert_true(err == GFS_ERR_CORRUPT || (keys[i].size != 7 && err == 0 && id == 2) || (i == 1 && err == 0));
		gfs_txn_abort(txn);
		txn = rows_begin(r);
		assert_int_equal(gfs_kv_delete(gfs_store_kv(r->store), gfs_txn_undo(txn), GFS_KV_FREE, key), 0);
		rows_commit(txn);
	}
	rows_reopen(r);
	txn = rows_begin(r);
	assert_int_equal(id_new(txn), 2);
	gfs_txn_abort(txn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(test_round_trip),
		ROWS_TEST(test_invalid_ids),
		ROWS_TEST(test_small_change_is_noted_small),
		ROWS_TEST(test_next),
		ROWS_TEST(test_hostile),
		ROWS_TEST(test_ids_in_order),
		ROWS_TEST(test_freed_ids_wait_for_the_next_open),
		ROWS_TEST(test_many_fresh_ids_do_not_stall),
		ROWS_TEST(test_aborts_give_ids_back),
		ROWS_TEST(test_take),
		ROWS_TEST(test_hostile_free_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
