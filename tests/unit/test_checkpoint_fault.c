/* A key-value store that fails or dies under a checkpoint: nothing that was committed is lost, readers go on, nobody writes. */
#include "store_toy.h"
#include "tests/support/scale.h"

#include "store/store_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char *path;
static const struct gfs_store_opts quiet = { .checkpoint_interval_ms = UINT32_MAX,
	.wal_segment_bytes = GFS_WAL_SEGMENT_BYTES_MIN };

enum manner { FAIL, FAIL_AFTERWARDS, DIE, DIE_AFTERWARDS, MANNER_COUNT };

/* The real operations with one call among those of a batch that goes wrong. */
static const struct gfs_kv_backend_ops *real;
static enum manner manner;
static unsigned wrong_at, calls;

static bool wrong_now(void)
{
	bool now = calls++ == wrong_at;
	if (now && manner == DIE)
		_exit(7);
	return now;
}

static int answer(bool wrong, int err)
{
	if (wrong && manner == DIE_AFTERWARDS)
		_exit(7);
	return wrong ? GFS_ERR_NOSPC : err;
}

static int bad_begin(struct gfs_kv_backend *kv, struct gfs_kv_batch **ret_batch)
{
	return wrong_now() ? answer(true, 0) : real->batch_begin(kv, ret_batch);
}

static int bad_put(struct gfs_kv_batch *b, enum gfs_kv_table table, struct gfs_slice key, struct gfs_slice value)
{
	return wrong_now() ? answer(true, 0) : real->batch_put(b, table, key, value);
}

static int bad_delete(struct gfs_kv_batch *b, enum gfs_kv_table table, struct gfs_slice key)
{
	return wrong_now() ? answer(true, 0) : real->batch_delete(b, table, key);
}

static int bad_commit(struct gfs_kv_batch *b)
{
	bool wrong = wrong_now();
	if (!wrong || manner != FAIL)
		return answer(wrong, real->batch_commit(b));
	real->batch_abort(b);
	return GFS_ERR_NOSPC;
}

/* What is read ahead goes through them as well, at any time. */
static void set_ops(struct gfs_store *store, const struct gfs_kv_backend_ops *ops)
{
	gfs_rwlock_write(&store->graph);
	store->backend->ops = ops;
	gfs_rwlock_unlock_write(&store->graph);
}

/* Opens the store, with the call `at` of the next batches going wrong. */
static struct gfs_store *open_bad(enum manner how, unsigned at)
{
	static struct gfs_kv_backend_ops bad;
	struct gfs_store *store = toy_open_ok(path, &quiet);
	real = store->backend->ops;
	bad = *real;
	bad.batch_begin = bad_begin;
	bad.batch_put = bad_put;
	bad.batch_delete = bad_delete;
	bad.batch_commit = bad_commit;
	set_ops(store, &bad);
	manner = how;
	wrong_at = at;
	calls = 0;
	return store;
}

static void commit_many(struct gfs_store *store, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(toy_commit(store, NULL), 0);
}

static uint64_t reopen_count(void)
{
	struct gfs_store *store = toy_open_ok(path, &quiet);
	uint64_t k = toy_verify(store);
	assert_int_equal(gfs_store_close(store), 0);
	return k;
}

static bool fail_once(enum manner how, unsigned at, uint64_t k)
{
	struct gfs_txn *txn;
	struct gfs_store *store = open_bad(how, at);
	commit_many(store, 12);
	int err = gfs_store_checkpoint(store);
	assert_int_equal(err, calls > at ? GFS_ERR_NOSPC : 0);
	if (err != 0) {
		assert_int_equal(gfs_txn_begin(store, &txn), GFS_ERR_FAILED);
		assert_int_equal(gfs_store_checkpoint(store), GFS_ERR_FAILED);
		assert_int_equal(gfs_store_sync(store), 0); /* what was acknowledged can still be made durable */
	}
	assert_int_equal(toy_verify(store), k + 12);
	set_ops(store, real);
	assert_int_equal(gfs_store_close(store), err);
	return err != 0;
}

static void test_failing_batch(void **state)
{
	unsigned failures = 0;
	uint64_t k = 0;
	(void)state;
	for (enum manner how = FAIL; how <= FAIL_AFTERWARDS; how++) {
		for (unsigned at = 0; fail_once(how, at, k); at++) {
			k += 12;
			failures++;
			assert_int_equal(reopen_count(), k);
		}
		k += 12;
	}
	printf("%u failures\n", failures);
	assert_true(failures > 20);
}

static void test_dying_in_a_batch(void **state)
{
	unsigned deaths = 0;
	uint64_t k = 0;
	(void)state;
	for (enum manner how = DIE; how < MANNER_COUNT; how++) {
		for (unsigned at = 0;; at += GFS_SCALED(1, 6)) {
			pid_t pid = fork();
			assert_true(pid >= 0);
			if (pid == 0) {
				struct gfs_store *store = open_bad(how, at);
				commit_many(store, 8);
				int err = gfs_store_checkpoint(store);
				_exit(err != 0);
			}
			int status;
			assert_int_equal(waitpid(pid, &status, 0), pid);
			assert_true(WIFEXITED(status));
			k += 8;
			assert_int_equal(reopen_count(), k);
			if (WEXITSTATUS(status) == 0)
				break;
			assert_int_equal(WEXITSTATUS(status), 7);
			deaths++;
		}
	}
	printf("%u deaths\n", deaths);
	assert_true(deaths > GFS_SCALED(20, 3));
}

/* The commit was done, then the process died before it told the superblock: the tables are one ahead. */
static void test_dying_after_the_commit(void **state)
{
	(void)state;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct gfs_store *store = open_bad(DIE_AFTERWARDS, 1000000);
		commit_many(store, 8);
		assert_int_equal(gfs_store_checkpoint(store), 0);
		commit_many(store, 8);
		static struct gfs_kv_backend_ops only_commit;
		only_commit = *real;
		only_commit.batch_commit = bad_commit;
		set_ops(store, &only_commit);
		wrong_at = calls;
		int err = gfs_store_checkpoint(store);
		_exit(err != 0);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	struct gfs_store *store = toy_open_ok(path, &quiet);
	assert_int_equal(store->sb.sequence, 3);
	struct gfs_store_stats stats;
	gfs_store_stats_get(store, &stats);
	assert_int_equal(stats.recovered_transactions, 0);
	assert_int_equal(toy_verify(store), 16);
	assert_int_equal(gfs_store_close(store), 0);
	assert_int_equal(reopen_count(), 16);
}

static int setup(void **state)
{
	struct gfs_message message;
	(void)state;
	path = toy_dir_new();
	return gfs_store_create(path, &message);
}

static int teardown(void **state)
{
	(void)state;
	toy_dir_remove(path);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_failing_batch, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dying_in_a_batch, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dying_after_the_commit, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
