/* The contract says that no lock which a reader needs is held across a sync. A fast writer broke it: it filled segments of the log
 * sooner than the log's thread made them, so the append, under the exclusive graph lock, made and synced one itself (7 of 12 segments
 * in 200 MB). Now gfs_txn_begin waits for the next one before it takes the lock. */
#include "base/io.h"
#include "store_toy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static _Thread_local bool holds_lock;
static _Atomic unsigned syncs_under_lock;

static struct gfs_io_verdict watch(void *context, const struct gfs_io_event *event)
{
	(void)context;
	if (holds_lock && (event->op == GFS_IO_SYNC || event->op == GFS_IO_SYNC_DIR))
		syncs_under_lock++;
	return (struct gfs_io_verdict){ 0 };
}

static void commit_bytes(struct gfs_store *store, size_t size)
{
	static const uint8_t zeros[1 << 18];
	struct gfs_txn *txn = NULL;
	assert_int_equal(gfs_txn_begin(store, &txn), 0);
	holds_lock = true;
	gfs_buf_append(gfs_txn_log(txn), zeros, size);
	assert_int_equal(gfs_txn_commit(txn, NULL), 0);
	holds_lock = false;
}

static void test_no_sync_under_the_graph_lock(void **state)
{
	const struct gfs_store_opts opts = { .checkpoint_interval_ms = UINT32_MAX,
		.checkpoint_log_bytes = UINT64_C(1) << 40,
		.wal_segment_bytes = UINT64_C(4) << 20 };
	(void)state;
	char *path = toy_dir_new();
	struct gfs_store *store = toy_create_open(path, &opts);
	commit_bytes(store, 1 << 18); /* the first segment is smaller than that */
	gfs_io_set_hook(watch, NULL);
	for (unsigned i = 0; i < 200; i++)
		commit_bytes(store, 1 << 18);
	assert_int_equal(syncs_under_lock, 0);
	gfs_io_set_hook(NULL, NULL);
	assert_int_equal(gfs_store_checkpoint(store), 0);
	assert_int_equal(gfs_store_close(store), 0);
	toy_dir_remove(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_no_sync_under_the_graph_lock) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
