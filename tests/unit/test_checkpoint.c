/* Checkpoints beside a writer and readers: what they write is the state of one moment, whatever is changed meanwhile. */
#include "store_toy.h"

#include "tests/support/scale.h"

#include "base/checked.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/limits.h"
#include "store/store_private.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char *path;
static const struct gfs_store_opts quiet = { .checkpoint_interval_ms = UINT32_MAX,
	.wal_segment_bytes = GFS_WAL_SEGMENT_BYTES_MIN };

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
	gfs_io_set_hook(NULL, NULL);
	toy_dir_remove(path);
	return 0;
}

static void commit_many(struct gfs_store *store, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(toy_commit(store, NULL), 0);
}

static struct gfs_store_stats stats_of(struct gfs_store *store)
{
	struct gfs_store_stats stats;
	gfs_store_stats_get(store, &stats);
	return stats;
}

/* In one transaction; each has its number in it. */
static void make_pages(struct gfs_store *store, uint64_t from, uint64_t count)
{
	struct gfs_txn *txn;
	struct gfs_page *page;
	assert_int_equal(gfs_txn_begin(store, &txn), 0);
	for (uint64_t i = from; i < from + count; i++) {
		assert_int_equal(gfs_page_new(txn, GFS_PAGE_ID(GFS_SPACE_NODE, i), GFS_PAGE_NODES, &page), 0);
		gfs_put_le64(gfs_page_touch(txn, page, 8, 8), i);
		gfs_page_put(store, page);
	}
	assert_int_equal(gfs_txn_commit(txn, NULL), 0);
}

static void test_nothing_changed_is_nothing_written(void **state)
{
	(void)state;
	struct gfs_store *store = toy_open_ok(path, &quiet);
	assert_int_equal(gfs_store_checkpoint(store), 0);
	assert_int_equal(stats_of(store).checkpoints, 0);
	commit_many(store, 3);
	assert_int_equal(gfs_store_checkpoint(store), 0);
	assert_int_equal(gfs_store_checkpoint(store), 0);
	assert_int_equal(stats_of(store).checkpoints, 1);
	assert_int_equal(stats_of(store).dirty_bytes, 0);
	assert_int_equal(gfs_store_close(store), 0);
}

/* The log is kept from the previous checkpoint on, and no further. */
static void test_log_is_trimmed(void **state)
{
	struct gfs_wal_stats wal;
	uint64_t previous_lsn = 0;
	(void)state;
	struct gfs_store *store = toy_open_ok(path, &quiet);
	for (unsigned i = 0; i < 8; i++) {
		commit_many(store, 3000);
		assert_int_equal(gfs_store_checkpoint(store), 0);
		gfs_wal_stats_get(gfs_store_wal(store), &wal);
		assert_true(wal.oldest_lsn <= previous_lsn || previous_lsn == 0);
		previous_lsn = stats_of(store).checkpoint_lsn;
	}
	assert_true(wal.oldest_lsn > GFS_STORE_FIRST_LSN);
	assert_int_equal(gfs_store_close(store), 0);
}

/* ---- the steps by hand: one moment's images, whatever happens between freeze and capture ---- */

static void test_copy_on_write(void **state)
{
	struct gfs_txn *txn;
	struct gfs_page *page[3];
	uint8_t image[GFS_PAGE_SIZE];
	(void)state;
	struct gfs_store *store = toy_open_ok(path, &quiet);
	assert_int_equal(gfs_txn_begin(store, &txn), 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(gfs_page_new(txn, TOY_PAGE_ID(i), GFS_PAGE_SLOTTED, &page[i]), 0);
		*(uint8_t *)gfs_page_touch(txn, page[i], 0, 1) = 1;
		gfs_page_put(store, page[i]);
	}
	struct gfs_txn_mark mark = gfs_txn_mark(txn);
	assert_int_equal(gfs_page_new(txn, TOY_PAGE_ID(2), GFS_PAGE_SLOTTED, &page[2]), 0);
	gfs_page_put(store, page[2]);
	gfs_txn_rollback_to(txn, mark);
	assert_int_equal(gfs_txn_commit(txn, NULL), 0);
	/* freeze */
	uint64_t frozen = store->generation++;
	size_t count = store->dirty.count;
	struct gfs_page *list[3];
	assert_int_equal(count, 3);
	memcpy(list, store->dirty.pages, sizeof list);
	store->dirty.count = 0;
	/* page 0 changes before its capture, page 1 after, page 2 comes into being before */
	assert_int_equal(gfs_txn_begin(store, &txn), 0);
	assert_int_equal(gfs_page_edit(txn, TOY_PAGE_ID(0), &page[0]), 0);
	*(uint8_t *)gfs_page_touch(txn, page[0], 0, 1) = 2;
	gfs_page_put(store, page[0]);
	assert_int_equal(gfs_page_new(txn, TOY_PAGE_ID(2), GFS_PAGE_SLOTTED, &page[2]), 0);
	gfs_page_put(store, page[2]);
	assert_int_equal(gfs_txn_commit(txn, NULL), 0);
	assert_non_null(page[0]->shadow);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(gfs_page_capture(store, list[i], frozen, image));
		assert_int_equal(image[GFS_PAGE_HEADER_SIZE], 1);
		assert_null(list[i]->shadow);
	}
	assert_false(gfs_page_capture(store, list[2], frozen, image));
	assert_int_equal(gfs_txn_begin(store, &txn), 0);
	assert_int_equal(gfs_page_edit(txn, TOY_PAGE_ID(1), &page[1]), 0);
	assert_null(page[1]->shadow); /* captured: no copy needed */
	*(uint8_t *)gfs_page_touch(txn, page[1], 0, 1) = 3;
	gfs_page_put(store, page[1]);
	gfs_txn_abort(txn);
	assert_int_equal(gfs_page_payload(page[1])[0], 1);
	for (unsigned i = 0; i < 3; i++) {
		gfs_page_clean(store, list[i], frozen);
		assert_int_equal(page[i]->dirty_generation, store->generation); /* all were changed again */
	}
	assert_int_equal(store->dirty.count, 3);
	assert_int_equal(gfs_store_close(store), 0);
}

/* ---- at the same time ---- */

struct party {
	struct gfs_store *store;
	_Atomic bool done;
	_Atomic uint64_t compared;
	_Atomic uint64_t read_ns_max; /* the longest wait for the shared lock */
};

/* Reads under one shared lock: everything is of one moment. */
static void *reader(void *arg)
{
	struct party *p = arg;
	struct toy_model *model = toy_model_new();
	while (!p->done) {
		uint64_t begun_ns = gfs_clock_mono_ns();
		gfs_store_read_begin(p->store);
		uint64_t waited_ns = gfs_clock_mono_ns() - begun_ns;
		uint64_t k = toy_count(p->store);
		gfs_store_read_end(p->store);
		if (waited_ns > p->read_ns_max)
			p->read_ns_max = waited_ns;
		toy_model_advance(model, k);
		/* The writer may be ahead by now: then the count differs, and only then. */
		const char *difference = toy_compare(p->store, model);
		if (!difference)
			p->compared++;
		else if (toy_count(p->store) == k)
			abort();
	}
	toy_model_free(model);
	return NULL;
}

static void *checkpointer(void *arg)
{
	struct party *p = arg;
	while (!p->done)
		if (gfs_store_checkpoint(p->store) != 0)
			abort();
	return NULL;
}

static void run_party(struct party *p, unsigned commits)
{
	pthread_t threads[3];
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, i == 2 ? checkpointer : reader, p), 0);
	for (unsigned i = 0; i < commits; i++) {
		struct gfs_txn *txn;
		assert_int_equal(toy_commit(p->store, NULL), 0);
		if (i % 5 == 0) {
			assert_int_equal(gfs_txn_begin(p->store, &txn), 0);
			assert_int_equal(toy_apply(txn, 1000000 + i, true), 0);
			gfs_txn_abort(txn);
		}
		if (i % 50 == 0)
			gfs_cache_set_limit(gfs_store_page_cache(p->store), i % 100 ? 0 : 1 << 20);
		if (i % 8 == 0)
			usleep(100); /* readers see a moment that lasts */
	}
	p->done = true;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void test_writer_readers_and_checkpoints(void **state)
{
	(void)state;
	struct gfs_store *store = toy_open_ok(path, &quiet);
	struct party p = { .store = store };
	run_party(&p, 3000);
	assert_int_equal(toy_verify(store), 3000);
	struct gfs_store_stats stats = stats_of(store);
	printf("%llu checkpoints, %llu pages written, %llu comparisons, stall %llu us, longest wait of a reader %llu us\n",
		(unsigned long long)stats.checkpoints, (unsigned long long)stats.pages_written, (unsigned long long)p.compared,
		(unsigned long long)stats.checkpoint_stall_ns_max / 1000, (unsigned long long)p.read_ns_max / 1000);
	assert_true(stats.checkpoints > 3 && p.compared > 0);
	assert_true(stats.checkpoint_stall_ns_max > 0);
	assert_int_equal(gfs_store_close(store), 0);
	store = toy_open_ok(path, &quiet);
	assert_int_equal(toy_verify(store), 3000);
	assert_int_equal(gfs_store_close(store), 0);
}

/* ---- killed at any moment of a checkpoint beside a writer ---- */

struct kill_at {
	unsigned at;
	_Atomic unsigned count;
};

static struct gfs_io_verdict die_at(void *context, const struct gfs_io_event *event)
{
	struct kill_at *k = context;
	(void)event;
	if (k->count++ >= k->at)
		_exit(7);
	return (struct gfs_io_verdict){ 0 };
}

static void child(unsigned at, _Atomic uint64_t *acked)
{
	static struct kill_at hook;
	pthread_t thread;
	struct gfs_store *store = toy_open_ok(path, &quiet);
	struct party p = { .store = store };
	hook.at = at;
	gfs_io_set_hook(die_at, &hook);
	if (pthread_create(&thread, NULL, checkpointer, &p) != 0)
		_exit(1);
	for (;;) {
		if (toy_commit(store, NULL) != 0)
			_exit(1);
		*acked = toy_count(store);
	}
}

static void test_killed_beside_a_writer(void **state)
{
	enum { KILLS = GFS_SCALED(120, 12) };
	uint64_t k = 0;
	(void)state;
	void *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(shared != MAP_FAILED);
	_Atomic uint64_t *acked = shared;
	for (unsigned i = 0; i < KILLS; i++) {
		*acked = k;
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			child(1 + i * 7, acked);
		int status;
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
		struct gfs_store *store = toy_open_ok(path, &(struct gfs_store_opts){ .read_only = i % 2 == 0 });
		k = toy_verify(store);
		assert_true(k >= *acked && k <= *acked + 1);
		assert_int_equal(gfs_store_close(store), 0);
	}
	printf("%d kills, %llu transactions\n", KILLS, (unsigned long long)k);
	munmap(shared, 4096);
}

/* ---- triggers ---- */

static void wait_checkpoints(struct gfs_store *store, uint64_t count)
{
	uint64_t deadline_ns = gfs_clock_mono_ns() + 20 * GFS_NS_PER_S;
	while (stats_of(store).checkpoints < count && gfs_clock_mono_ns() < deadline_ns)
		usleep(1000);
	assert_true(stats_of(store).checkpoints >= count);
}

static void test_triggers(void **state)
{
	struct gfs_store_opts by_time = { .checkpoint_interval_ms = 5 };
	struct gfs_store_opts by_log = { .checkpoint_interval_ms = UINT32_MAX, .checkpoint_log_bytes = 1 };
	struct gfs_store_opts by_dirt = { .checkpoint_interval_ms = UINT32_MAX, .dirty_bytes_max = 1 };
	const struct gfs_store_opts *all[] = { &by_time, &by_log, &by_dirt };
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct gfs_store *store = toy_open_ok(path, all[i]);
		for (uint64_t n = 1; n <= 3; n++) {
			commit_many(store, 1);
			wait_checkpoints(store, n);
		}
		assert_int_equal(toy_verify(store), 3 * (i + 1));
		assert_int_equal(gfs_store_close(store), 0);
	}
}

/* Writers wait rather than fill memory. */
static void test_back_pressure(void **state)
{
	uint64_t most = 0;
	(void)state;
	struct gfs_store *store = toy_open_ok(
		path, &(struct gfs_store_opts){ .checkpoint_interval_ms = UINT32_MAX, .dirty_bytes_max = 1 << 17 });
	for (unsigned i = 0; i < 2000; i++) {
		commit_many(store, 1);
		uint64_t dirty = stats_of(store).dirty_bytes;
		most = dirty > most ? dirty : most;
	}
	assert_true(most <= (2 << 17) + (1 << 17)); /* a transaction more than twice the limit */
	assert_true(stats_of(store).checkpoints > 10);
	assert_int_equal(toy_verify(store), 2000);
	assert_int_equal(gfs_store_close(store), 0);
}

/* Without a limit of its own it follows from the caches' budget, also when that changes. */
static void test_back_pressure_by_budget(void **state)
{
	(void)state;
	static const uint64_t budgets[] = { UINT64_C(1) << 20, UINT64_C(128) << 20, UINT64_C(1) << 20 };
	struct gfs_store_opts opts = { .checkpoint_interval_ms = UINT32_MAX };
	struct gfs_store *store = toy_open_ok(path, &opts);
	for (unsigned b = 0; b < GFS_COUNT(budgets); b++) {
		uint64_t most = 0;
		gfs_cache_budget_set_bytes(gfs_store_cache_budget(store), budgets[b]);
		assert_int_equal(gfs_store_dirty_bytes_max(store), (UINT64_C(4) << 20) + budgets[b] / 32);
		assert_int_equal(gfs_store_checkpoint(store), 0);
		for (uint64_t i = 0; i < 40; i++) { /* 0.8 MB each */
			make_pages(store, 1000 + i * 100, 100);
			uint64_t dirty = stats_of(store).dirty_bytes;
			most = dirty > most ? dirty : most;
		}
		assert_true(most <= 2 * gfs_store_dirty_bytes_max(store) + (UINT64_C(1) << 20));
		assert_true(most > gfs_store_dirty_bytes_max(store) / 2);
	}
	assert_int_equal(gfs_store_close(store), 0);
}

/* What the layer above has decoded and changed counts as well, and goes into the tables in parts before the freeze. */
struct above {
	_Atomic uint64_t bytes;
	unsigned parts, frozen_with;
};

static uint64_t dirty_above(void *context)
{
	struct above *above = context;
	return atomic_load(&above->bytes);
}

static int write_a_part(void *context, struct gfs_store *store, bool *ret_more)
{
	struct above *above = context;
	(void)store;
	above->parts++;
	*ret_more = above->parts % 3 != 0;
	return 0;
}

static int freeze_above(void *context, struct gfs_store *store)
{
	struct above *above = context;
	(void)store;
	above->frozen_with = above->parts;
	atomic_store(&above->bytes, 0);
	return 0;
}

static void test_what_lies_above(void **state)
{
	struct above above = { 0 };
	(void)state;
	struct gfs_store *store = toy_open_ok(
		path, &(struct gfs_store_opts){ .checkpoint_interval_ms = UINT32_MAX, .dirty_bytes_max = 1 << 20 });
	store->hooks = (struct gfs_store_hooks){
		.before_freeze = freeze_above, .write_some = write_a_part, .dirty_bytes = dirty_above, .context = &above
	};
	commit_many(store, 1);
	assert_int_equal(stats_of(store).checkpoints, 0);
	atomic_store(&above.bytes, 3 << 20);
	assert_true(stats_of(store).dirty_bytes >= 3 << 20);
	commit_many(store, 2); /* the second waits for room */
	assert_int_equal(atomic_load(&above.bytes), 0);
	wait_checkpoints(store, 1);
	assert_int_equal(above.frozen_with, 3);
	store->hooks = toy_hooks;
	assert_int_equal(toy_verify(store), 3);
	assert_int_equal(gfs_store_close(store), 0);
}

/* What a checkpoint gives back beside a transaction is not the transaction's: it has as much room as before. */
static void test_room_beside_a_checkpoint(void **state)
{
	(void)state;
	struct gfs_store *store = toy_open_ok(path, &quiet);
	struct gfs_txn *txn;
	atomic_store(&store->frozen_bytes, 1 << 20);
	assert_int_equal(gfs_txn_begin(store, &txn), 0);
	atomic_store(&store->frozen_bytes, 0);
	assert_int_equal(gfs_txn_room(txn, 1), 0);
	assert_int_equal(gfs_txn_commit(txn, NULL), 0);
	assert_int_equal(gfs_store_close(store), 0);
}

/* The caches make room for what a large transaction holds, until it is over. */
static void test_caches_lend_to_a_transaction(void **state)
{
	(void)state;
	struct gfs_store *store = toy_open_ok(path, &quiet);
	struct gfs_cache_budget *budget = gfs_store_cache_budget(store);
	struct gfs_cache_stats before, during, after;
	struct gfs_txn *txn;
	gfs_cache_budget_set_bytes(budget, UINT64_C(256) << 20);
	gfs_cache_budget_stats(budget, GFS_CACHE_PAGE, &before);
	assert_int_equal(gfs_txn_begin(store, &txn), 0);
	assert_int_equal(gfs_txn_room(txn, GFS_TXN_BYTES + (UINT64_C(32) << 20)), 0);
	gfs_cache_budget_stats(budget, GFS_CACHE_PAGE, &during);
	gfs_txn_abort(txn);
	gfs_cache_budget_stats(budget, GFS_CACHE_PAGE, &after);
	assert_true(during.limit_bytes < before.limit_bytes - (UINT64_C(8) << 20));
	assert_int_equal(after.limit_bytes, before.limit_bytes);
	assert_int_equal(gfs_store_close(store), 0);
}

/* ---- failing ---- */

static struct gfs_io_verdict no_superblock(void *context, const struct gfs_io_event *event)
{
	(void)context;
	if (event->op == GFS_IO_WRITE && event->size != 0 && event->size <= 4096 && event->offset % 4096 == 0)
		return (struct gfs_io_verdict){ .error = ENOSPC };
	return (struct gfs_io_verdict){ 0 };
}

/* A writer that waits for room must not wait for ever when the checkpoint fails. */
static void test_failure_wakes_waiting_writers(void **state)
{
	int err = 0;
	(void)state;
	struct gfs_store *store = toy_open_ok(
		path, &(struct gfs_store_opts){ .checkpoint_interval_ms = UINT32_MAX, .dirty_bytes_max = 1 });
	commit_many(store, 3);
	wait_checkpoints(store, 1);
	gfs_io_set_hook(no_superblock, NULL);
	uint64_t k = toy_count(store);
	while (err == 0) {
		err = toy_commit(store, NULL);
		k += err == 0;
	}
	assert_int_equal(err, GFS_ERR_FAILED);
	assert_int_equal(stats_of(store).failure, GFS_ERR_NOSPC);
	assert_int_equal(gfs_store_checkpoint(store), GFS_ERR_FAILED);
	assert_int_equal(toy_verify(store), k);
	gfs_io_set_hook(NULL, NULL);
	assert_int_equal(gfs_store_close(store), GFS_ERR_NOSPC); /* it tells of the failure once more */
	store = toy_open_ok(path, &quiet);
	assert_int_equal(toy_verify(store), k);
	assert_int_equal(gfs_store_close(store), 0);
}

static int freeze_fails(void *context, struct gfs_store *store)
{
	(void)context;
	(void)store;
	return GFS_ERR_NOMEM;
}

static void test_hook_that_fails(void **state)
{
	struct gfs_txn *txn;
	(void)state;
	struct gfs_store *store = toy_open_ok(path, &quiet);
	commit_many(store, 10);
	store->hooks.before_freeze = freeze_fails;
	assert_int_equal(gfs_store_checkpoint(store), GFS_ERR_NOMEM);
	assert_int_equal(gfs_txn_begin(store, &txn), GFS_ERR_FAILED);
	assert_int_equal(toy_verify(store), 10);
	assert_int_equal(gfs_store_close(store), GFS_ERR_NOMEM);
	store = toy_open_ok(path, &quiet);
	assert_int_equal(toy_verify(store), 10);
	assert_int_equal(gfs_store_close(store), 0);
}

/* ---- many pages: the stall does not grow with them ---- */

static void test_stall_with_many_pages(void **state)
{
	enum { PAGES = 6000 };
	struct gfs_page *page;
	(void)state;
	struct gfs_store *store = toy_open_ok(path, &quiet);
	make_pages(store, 0, PAGES);
	assert_int_equal(gfs_store_checkpoint(store), 0);
	struct gfs_store_stats stats = stats_of(store);
	printf("%llu pages: checkpoint %llu us, stall %llu us\n", (unsigned long long)stats.pages_written,
		(unsigned long long)stats.checkpoint_ns_last / 1000, (unsigned long long)stats.checkpoint_stall_ns_max / 1000);
	assert_int_equal(stats.pages_written, PAGES);
	assert_true(stats.checkpoint_stall_ns_max < 50 * GFS_NS_PER_MS);
	gfs_store_read_begin(store);
	gfs_cache_set_enabled(gfs_store_page_cache(store), false);
	for (uint64_t i = 0; i < PAGES; i++) {
		assert_int_equal(gfs_page_get(store, GFS_PAGE_ID(GFS_SPACE_NODE, i), &page), 0);
		assert_int_equal(gfs_get_le64(gfs_page_payload(page) + 8), i);
		gfs_page_put(store, page);
	}
	gfs_store_read_end(store);
	assert_int_equal(gfs_store_close(store), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_changed_is_nothing_written),
		TEST(test_log_is_trimmed),
		TEST(test_copy_on_write),
		TEST(test_writer_readers_and_checkpoints),
		TEST(test_killed_beside_a_writer),
		TEST(test_triggers),
		TEST(test_back_pressure),
		TEST(test_back_pressure_by_budget),
		TEST(test_what_lies_above),
		TEST(test_room_beside_a_checkpoint),
		TEST(test_caches_lend_to_a_transaction),
		TEST(test_failure_wakes_waiting_writers),
		TEST(test_hook_that_fails),
		TEST(test_stall_with_many_pages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
