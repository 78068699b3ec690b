/* Pages: what the transaction takes back, what is refused from disk, frames shared by threads. */
#include "store_toy.h"

#include "store/store_private.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PAGE GFS_PAGE_ID(GFS_SPACE_BLOB, 7)

static char *path;

static struct gfs_txn *begin(struct gfs_store *store)
{
	struct gfs_txn *txn;
	assert_int_equal(gfs_txn_begin(store, &txn), 0);
	return txn;
}

static void commit(struct gfs_txn *txn)
{
	assert_int_equal(gfs_txn_commit(txn, NULL), 0);
}

static void make(struct gfs_txn *txn, uint64_t id, uint8_t fill)
{
	struct gfs_page *page;
	assert_int_equal(gfs_page_new(txn, id, GFS_PAGE_SLOTTED, &page), 0);
	memset(gfs_page_touch(txn, page, 0, GFS_PAGE_PAYLOAD_SIZE), fill, GFS_PAGE_PAYLOAD_SIZE);
	gfs_page_put(gfs_txn_store(txn), page);
}

static void change(struct gfs_txn *txn, uint64_t id, unsigned offset, uint8_t value)
{
	struct gfs_page *page;
	assert_int_equal(gfs_page_edit(txn, id, &page), 0);
	*(uint8_t *)gfs_page_touch(txn, page, offset, 1) = value;
	gfs_page_put(gfs_txn_store(txn), page);
}

/* The byte at `offset`, or the (negative) error. */
static int look(struct gfs_store *store, uint64_t id, unsigned offset)
{
	struct gfs_page *page;
	gfs_store_read_begin(store);
	int answer = gfs_page_get(store, id, &page);
	if (answer == 0) {
		answer = gfs_page_payload(page)[offset];
		gfs_page_put(store, page);
	}
	gfs_store_read_end(store);
	return answer;
}

static int setup(void **state)
{
	path = toy_dir_new();
	*state = toy_create_open(path, &(struct gfs_store_opts){ .checkpoint_interval_ms = UINT32_MAX });
	return 0;
}

static int teardown(void **state)
{
	int err = gfs_store_close(*state);
	toy_dir_remove(path);
	return err;
}

static void test_seal_and_verify(void **state)
{
	uint8_t image[GFS_PAGE_SIZE];
	(void)state;
	for (unsigned i = 0; i < sizeof image; i++)
		image[i] = (uint8_t)(i * 31);
	gfs_put_le64(image, PAGE);
	assert_int_equal(gfs_page_seal(image, PAGE), 0);
	assert_int_equal(gfs_page_verify(image, PAGE), 0);
	assert_int_equal(gfs_page_seal(image, PAGE + 1), GFS_ERR_CORRUPT);
	assert_int_equal(gfs_page_verify(image, PAGE + 1), GFS_ERR_CORRUPT);
	for (unsigned bit = 0; bit < 8 * GFS_PAGE_SIZE; bit++) {
		image[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(gfs_page_verify(image, PAGE), GFS_ERR_CORRUPT);
		image[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void test_new_is_taken_back(void **state)
{
	struct gfs_store *store = *state;
	assert_int_equal(look(store, PAGE, 0), GFS_ERR_NOTFOUND);
	struct gfs_txn *txn = begin(store);
	make(txn, PAGE, 9);
	gfs_txn_abort(txn);
	assert_int_equal(look(store, PAGE, 0), GFS_ERR_NOTFOUND);
	txn = begin(store);
	struct gfs_page *page;
	assert_int_equal(gfs_page_edit(txn, PAGE, &page), GFS_ERR_NOTFOUND);
	make(txn, PAGE, 8);
	commit(txn);
	assert_int_equal(look(store, PAGE, 0), 8);
	txn = begin(store);
	make(txn, PAGE, 7);
	gfs_txn_abort(txn);
	assert_int_equal(look(store, PAGE, 0), 8);
	assert_int_equal(look(store, PAGE, GFS_PAGE_PAYLOAD_SIZE - 1), 8);
}

/* A page that was only ever made by an aborted transaction is not written, and is not there after a checkpoint either. */
static void test_absent_page_is_not_written(void **state)
{
	struct gfs_store *store = *state;
	struct gfs_store_stats stats;
	struct gfs_txn *txn = begin(store);
	make(txn, PAGE, 9);
	gfs_txn_abort(txn);
	assert_int_equal(gfs_store_checkpoint(store), 0);
	gfs_store_stats_get(store, &stats);
	assert_int_equal(stats.checkpoints, 1);
	assert_int_equal(stats.pages_written, 0);
	gfs_cache_set_limit(gfs_store_page_cache(store), 0);
	assert_int_equal(look(store, PAGE, 0), GFS_ERR_NOTFOUND);
}

static void test_rollback_to_mark(void **state)
{
	struct gfs_store *store = *state;
	struct gfs_txn *txn = begin(store);
	make(txn, PAGE, 1);
	assert_int_equal(gfs_txn_counter_set(txn, GFS_COUNTER_NODES, 5), 0);
	gfs_buf_append_text(gfs_txn_log(txn), "first");
	struct gfs_txn_mark mark = gfs_txn_mark(txn);
	change(txn, PAGE, 0, 2);
	change(txn, PAGE, 1, 3);
	make(txn, PAGE + 1, 4);
	assert_int_equal(gfs_txn_counter_set(txn, GFS_COUNTER_NODES, 6), 0);
	gfs_buf_append_text(gfs_txn_log(txn), "second");
	gfs_txn_rollback_to(txn, mark);
	assert_int_equal(gfs_txn_log(txn)->size, 5);
	change(txn, PAGE, 2, 5);
	assert_int_equal(gfs_store_counter(store, GFS_COUNTER_NODES), 5);
	gfs_txn_log(txn)->size = 0; /* the toy's replay would not know it */
	commit(txn);
	assert_int_equal(look(store, PAGE, 0), 1);
	assert_int_equal(look(store, PAGE, 1), 1);
	assert_int_equal(look(store, PAGE, 2), 5);
	assert_int_equal(look(store, PAGE + 1, 0), GFS_ERR_NOTFOUND);
}

/* Eight pages written, then everything clean is out of memory. */
static void write_out(struct gfs_store *store)
{
	struct gfs_txn *txn = begin(store);
	for (unsigned i = 0; i < 8; i++)
		make(txn, PAGE + i, (uint8_t)(10 + i));
	commit(txn);
	assert_int_equal(gfs_store_checkpoint(store), 0);
	gfs_cache_set_enabled(gfs_store_page_cache(store), false);
}

static void test_clean_pages_come_back_from_disk(void **state)
{
	struct gfs_store *store = *state;
	struct gfs_store_stats stats;
	write_out(store);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(look(store, PAGE + i, 100), 10 + (int)i);
	gfs_store_stats_get(store, &stats);
	assert_int_equal(stats.pages_read, 8);
	assert_int_equal(stats.pages_written, 8);
	assert_int_equal(stats.dirty_bytes, 0);
	struct gfs_txn *txn = begin(store);
	change(txn, PAGE, 100, 99);
	commit(txn);
	assert_int_equal(look(store, PAGE, 100), 99);
	assert_int_equal(look(store, PAGE, 101), 10);
}

static void read_raw(struct gfs_kv_backend *backend, uint64_t id, uint8_t *image)
{
	uint8_t key[8];
	gfs_put_be64(key, id);
	assert_int_equal(backend->ops->get_into(backend, GFS_KV_PAGES, gfs_slice(key, 8), image, GFS_PAGE_SIZE), 0);
}

static void write_raw(struct gfs_kv_backend *backend, uint64_t id, const uint8_t *image, size_t size)
{
	struct gfs_kv_batch *batch;
	uint8_t key[8];
	gfs_put_be64(key, id);
	assert_int_equal(backend->ops->batch_begin(backend, &batch), 0);
	assert_int_equal(backend->ops->batch_put(batch, GFS_KV_PAGES, gfs_slice(key, 8), gfs_slice(image, size)), 0);
	assert_int_equal(backend->ops->batch_commit(batch), 0);
}

static void test_damage_is_refused(void **state)
{
	struct gfs_store *store = *state;
	struct gfs_kv_backend *backend = gfs_store_kv_backend(store);
	uint8_t image[GFS_PAGE_SIZE];
	write_out(store);
	read_raw(backend, PAGE, image);
	write_raw(backend, PAGE + 1, image, sizeof image); /* the page of somebody else */
	image[GFS_PAGE_SIZE - 1] ^= 1;
	write_raw(backend, PAGE, image, sizeof image); /* one bit */
	memset(image, 0, sizeof image);
	write_raw(backend, PAGE + 2, image, sizeof image);
	write_raw(backend, PAGE + 3, image, 100);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(look(store, PAGE + i, 0), GFS_ERR_CORRUPT);
	assert_int_equal(look(store, PAGE + 4, 0), 14);
	struct gfs_txn *txn = begin(store); /* made anew it is whole again */
	make(txn, PAGE, 77);
	commit(txn);
	assert_int_equal(look(store, PAGE, 0), 77);
}

static void *read_all(void *arg)
{
	struct gfs_store *store = arg;
	struct gfs_page *page;
	long wrong = 0;
	for (unsigned round = 0; round < 400; round++) {
		gfs_store_read_begin(store);
		for (unsigned i = 0; i < 8; i++) {
			if (gfs_page_get(store, PAGE + i, &page) != 0) {
				wrong++;
				continue;
			}
			wrong += gfs_page_payload(page)[5] != 10 + i;
			gfs_page_put(store, page);
		}
		gfs_store_read_end(store);
	}
	return (void *)wrong;
}

/* A disabled cache makes nearly every look-up a miss: frames of one page are made by several threads at once. */
static void test_misses_at_once(void **state)
{
	struct gfs_store *store = *state;
	pthread_t threads[4];
	write_out(store);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_all, store), 0);
	for (unsigned i = 0; i < 4; i++) {
		void *wrong;
		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seal_and_verify),
		cmocka_unit_test_setup_teardown(test_new_is_taken_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_absent_page_is_not_written, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rollback_to_mark, setup, teardown),
		cmocka_unit_test_setup_teardown(test_clean_pages_come_back_from_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damage_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_misses_at_once, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
