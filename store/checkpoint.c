/* Checkpoints: everything committed up to one LSN goes into the key-value store in one atomic batch, while readers and the writer
 * go on.
 *
 *   ahead    exclusive lock, in slices: what the layers above have decoded and changed goes into the tables
 *   freeze   exclusive lock: what changed of that meanwhile, then a constant amount of work: note the LSN, swap the list of dirty pages, generation++,
 *            freeze the tables
 *   write    capture pages in slices under the shared lock (copy-on-write keeps their images: P3 of page.c), seal, put into the batch
 *   commit   log durable up to the LSN, then the batch, then the superblock
 *   clean    exclusive lock, in slices: frames that were not changed again are clean; then the frozen tables are dropped
 *   trim     the log, up to the LSN of the state that was replaced
 *
 * Invariants:
 *  C1  The log holds every transaction from the previous checkpoint's LSN on, so that LMDB may fall back by one commit.
 *  C2  A checkpoint's LSN is on disk in the log before the batch that names it commits: at reopen it is found there.
 *  C3  The batch's META record and the superblock name the same sequence and LSN; LMDB is ahead by at most this one step.
 *  C5  A settled store has written its last state twice: LMDB falling back by one commit changes nothing, not even what was never
 *      logged, and nothing is left to replay.
 *  C4  The first checkpoint that fails is the last: the store is failed, frames stay dirty, the log has everything. One that the disk has no room
 *      for is not begun, and so is no failure. */
#include "store/store_private.h"

#include "base/clock.h"
#include "base/io.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>

#define CAPTURE_PAGES 64u /* a slice under the shared lock: half a megabyte to copy */
#define CLEAN_PAGES 256u  /* a slice under the exclusive lock */
/* What a checkpoint takes on the disk beside what was changed, for the inner pages of trees, at the least; more is a quarter of it. */
#define ROOM_BYTES_MIN (UINT64_C(1) << 20)

struct checkpoint {
	struct gfs_store *store;
	bool locked;              /* the caller holds the graph lock, exclusively and throughout */
	struct gfs_superblock sb; /* what it will write */
	uint64_t generation;
	struct gfs_page_list frozen;
	bool kv_frozen;
	struct gfs_kv_batch *batch;
	uint8_t *images; /* CAPTURE_PAGES pages */
	uint64_t image_ids[CAPTURE_PAGES];
	size_t image_count;
	uint64_t stall_ns_max;
};

uint64_t gfs_store_changed_bytes(const struct gfs_store *store)
{
	uint64_t above = store->hooks.dirty_bytes ? store->hooks.dirty_bytes(store->hooks.context) : 0;
	return atomic_load_explicit(&store->dirty_pages, memory_order_relaxed) * GFS_PAGE_MEMORY_BYTES +
		gfs_kv_dirty_bytes(store->kv) + above;
}

uint64_t gfs_store_dirty_bytes(const struct gfs_store *store)
{
	return gfs_store_changed_bytes(store) + atomic_load_explicit(&store->frozen_bytes, memory_order_relaxed);
}

uint64_t gfs_store_dirty_bytes_max(const struct gfs_store *store)
{
	uint64_t given = store->opts.dirty_bytes_max;
	return given ? given : gfs_cache_budget_dirty_bytes(store->budget);
}

/* ---- the exclusive lock, timed ---- */

static uint64_t exclusive_begin(struct checkpoint *run)
{
	if (!run->locked)
		gfs_rwlock_write(&run->store->graph);
	return gfs_clock_mono_ns();
}

static void exclusive_end(struct checkpoint *run, uint64_t begun_ns)
{
	uint64_t held_ns = gfs_clock_mono_ns() - begun_ns;
	if (run->locked)
		return;
	gfs_rwlock_unlock_write(&run->store->graph);
	run->stall_ns_max = GFS_MAX(run->stall_ns_max, held_ns);
}

/* ---- ahead ---- */

static int write_ahead(struct checkpoint *run)
{
	struct gfs_store *store = run->store;
	bool more = !run->locked && store->hooks.write_some;
	int err = 0;
	while (err == 0 && more) {
		uint64_t begun_ns = exclusive_begin(run);
		err = store->hooks.write_some(store->hooks.context, store, &more);
		exclusive_end(run, begun_ns);
	}
	return err;
}

/* ---- freeze ---- */

/* Graph lock held, either way. */
static bool changed_locked(struct gfs_store *store)
{
	return gfs_wal_end_lsn(store->wal) != atomic_load_explicit(&store->base_lsn, memory_order_relaxed) ||
		store->dirty.count > 0 || gfs_kv_dirty_bytes(store->kv) > 0;
}

static bool changed(struct gfs_store *store)
{
	gfs_rwlock_read(&store->graph);
	bool yes = changed_locked(store);
	gfs_rwlock_unlock_read(&store->graph);
	return yes;
}

static int put_meta(struct checkpoint *run)
{
	struct gfs_store *store = run->store;
	struct gfs_store_meta meta = {
		.sequence = run->sb.sequence,
		.lsn = run->sb.checkpoint_lsn,
		.previous_lsn = run->sb.previous_lsn,
		.database_id = store->database_id,
		.time_ns = store->last_time_ns,
	};
	for (unsigned i = 0; i < GFS_COUNTER_COUNT; i++)
		meta.counters[i] = gfs_store_counter(store, i);
	GFS_AUTO_BUF value = GFS_BUF_INIT;
	gfs_store_meta_encode(&meta, &value);
	int err = gfs_buf_failed(&value);
	if (err == 0)
		err = gfs_kv_put(store->kv, NULL, GFS_KV_META, gfs_slice_text(gfs_store_meta_key), gfs_buf_slice(&value));
	return err;
}

static int freeze_locked(struct checkpoint *run)
{
	struct gfs_store *store = run->store;
	int err = 0;
	assert(!store->txn.open);
	if (store->hooks.before_freeze)
		err = store->hooks.before_freeze(store->hooks.context, store);
	if (err != 0)
		return err;
	run->sb = store->sb;
	run->sb.sequence++;
	run->sb.previous_lsn = atomic_load_explicit(&store->base_lsn, memory_order_relaxed);
	run->sb.checkpoint_lsn = gfs_wal_end_lsn(store->wal);
	err = put_meta(run);
	if (err != 0)
		return err;
	uint64_t kv_bytes = gfs_kv_dirty_bytes(store->kv);
	err = gfs_kv_freeze(store->kv);
	if (err != 0)
		return err;
	run->kv_frozen = true;
	run->frozen = store->dirty;
	run->generation = store->generation++;
	store->dirty = (struct gfs_page_list){ 0 };
	atomic_store_explicit(&store->dirty_pages, 0, memory_order_relaxed);
	atomic_store_explicit(
		&store->frozen_bytes, run->frozen.count * GFS_PAGE_MEMORY_BYTES + kv_bytes, memory_order_relaxed);
	return 0;
}

static int freeze(struct checkpoint *run)
{
	uint64_t begun_ns = exclusive_begin(run);
	int err = freeze_locked(run);
	exclusive_end(run, begun_ns);
	return err;
}

/* ---- write ---- */

static void capture(struct checkpoint *run, size_t begin, size_t end)
{
	struct gfs_store *store = run->store;
	run->image_count = 0;
	if (!run->locked)
		gfs_rwlock_read(&store->graph);
	for (size_t i = begin; i < end; i++) {
		struct gfs_page *page = run->frozen.pages[i];
		if (!gfs_page_capture(store, page, run->generation, run->images + run->image_count * GFS_PAGE_SIZE))
			continue;
		run->image_ids[run->image_count++] = page->entry.key;
	}
	if (!run->locked)
		gfs_rwlock_unlock_read(&store->graph);
}

static int put_images(struct checkpoint *run)
{
	int err = 0;
	for (size_t i = 0; err == 0 && i < run->image_count; i++)
		err = gfs_page_write(run->store, run->batch, run->image_ids[i], run->images + i * GFS_PAGE_SIZE);
	return err;
}

static int write_batch(struct checkpoint *run)
{
	struct gfs_store *store = run->store;
	size_t count = run->frozen.count;
	int err = run->batch != NULL ? 0 : store->backend->ops->batch_begin(store->backend, &run->batch);
	if (err != 0)
		return err;
	gfs_page_list_sort(&run->frozen);
	for (size_t begin = 0; begin < count; begin += CAPTURE_PAGES) {
		capture(run, begin, GFS_MIN(begin + CAPTURE_PAGES, count));
		err = put_images(run);
		if (err != 0)
			return err;
	}
	return gfs_kv_write_frozen(store->kv, run->batch);
}

/* ---- commit ---- */

static int commit(struct checkpoint *run)
{
	struct gfs_store *store = run->store;
	struct gfs_kv_backend_stats stats;
	int err = gfs_wal_sync(store->wal, run->sb.checkpoint_lsn); /* C2 */
	if (err != 0)
		return err;
	err = store->backend->ops->batch_commit(run->batch);
	run->batch = NULL;
	if (err != 0)
		return err;
	store->backend->ops->stats(store->backend, &stats);
	run->sb.kv_commit_id = stats.commit_id;
	err = gfs_superblock_write(store->dir_fd, &run->sb);
	if (err != 0)
		return err;
	store->sb = run->sb;
	atomic_store_explicit(&store->base_lsn, run->sb.checkpoint_lsn, memory_order_relaxed);
	return 0;
}

/* ---- clean, or put back ---- */

static void clean(struct checkpoint *run)
{
	struct gfs_store *store = run->store;
	for (size_t begin = 0; begin < run->frozen.count; begin += CLEAN_PAGES) {
		size_t end = GFS_MIN(begin + CLEAN_PAGES, run->frozen.count);
		uint64_t begun_ns = exclusive_begin(run);
		for (size_t i = begin; i < end; i++)
			gfs_page_clean(store, run->frozen.pages[i], run->generation);
		exclusive_end(run, begun_ns);
	}
	uint64_t begun_ns = exclusive_begin(run);
	void *trash = gfs_kv_drop_frozen(store->kv);
	exclusive_end(run, begun_ns);
	gfs_kv_trash_free(trash);
	run->kv_frozen = false;
	atomic_store_explicit(&store->frozen_bytes, 0, memory_order_relaxed);
}

/* C4: what was frozen stays in memory for the readers. Nobody writes any more, so nothing must be merged but the tables. */
static void give_up(struct checkpoint *run, int cause)
{
	struct gfs_store *store = run->store;
	gfs_store_fail(store, cause);
	if (run->batch)
		store->backend->ops->batch_abort(run->batch);
	run->batch = NULL;
	if (!run->kv_frozen)
		return;
	uint64_t begun_ns = exclusive_begin(run);
	int err = gfs_kv_thaw(store->kv);
	(void)err; /* without memory they stay frozen, where readers find them as well */
	exclusive_end(run, begun_ns);
}

static int run_steps(struct checkpoint *run)
{
	run->images = malloc((size_t)CAPTURE_PAGES * GFS_PAGE_SIZE);
	int err = run->images ? write_ahead(run) : GFS_ERR_NOMEM;
	if (err == 0)
		err = freeze(run);
	if (err == 0)
		err = write_batch(run);
	if (err == 0)
		err = commit(run);
	if (err == 0) {
		clean(run);
		err = gfs_wal_trim(run->store->wal, run->sb.previous_lsn); /* C1 */
	}
	if (err != 0)
		give_up(run, err);
	return err;
}

static void note_run(struct checkpoint *run, int err, uint64_t took_ns)
{
	struct gfs_store *store = run->store;
	if (run->stall_ns_max > atomic_load_explicit(&store->checkpoint_stall_ns_max, memory_order_relaxed))
		atomic_store_explicit(&store->checkpoint_stall_ns_max, run->stall_ns_max, memory_order_relaxed);
	if (err != 0)
		return;
	atomic_fetch_add_explicit(&store->checkpoints, 1, memory_order_relaxed);
	atomic_store_explicit(&store->checkpoint_ns_last, took_ns, memory_order_relaxed);
}

static void set_running(struct gfs_store *store, bool running)
{
	gfs_mutex_lock(&store->state);
	store->running = running;
	if (!running)
		gfs_cond_broadcast(&store->progress);
	gfs_mutex_unlock(&store->state);
}

static int run_locked(struct checkpoint *run)
{
	struct gfs_store *store = run->store;
	uint64_t begun_ns = gfs_clock_mono_ns();
	set_running(store, true);
	int err = run_steps(run);
	note_run(run, err, gfs_clock_mono_ns() - begun_ns);
	set_running(store, false);
	free(run->images);
	free(run->frozen.pages);
	return err;
}

/* A checkpoint that fails half-way ends all writing (C4), so one that the disk has no room for does not begin. What it takes is reckoned: another process may
 * take the room meanwhile, and before the first batch what LMDB has free is not known. */
static int look_for_room(struct gfs_store *store)
{
	struct gfs_kv_backend_stats kv;
	uint64_t free_bytes, total_bytes, dirty_bytes = gfs_store_dirty_bytes(store);
	store->backend->ops->stats(store->backend, &kv);
	bool no_room = kv.free_bytes != UINT64_MAX && gfs_io_space(store->dir_fd, &free_bytes, &total_bytes) == 0 &&
		free_bytes + kv.free_bytes < dirty_bytes + dirty_bytes / 4 + ROOM_BYTES_MIN;
	atomic_store_explicit(&store->no_room, no_room, memory_order_relaxed);
	return no_room ? GFS_ERR_NOSPC : 0;
}

/* `again`: even when nothing has changed since the last one. */
static int checkpoint(struct gfs_store *store, bool again)
{
	if (store->read_only || !atomic_load_explicit(&store->recovered, memory_order_acquire))
		return GFS_ERR_READONLY;
	struct checkpoint run = { .store = store };
	gfs_mutex_lock(&store->checkpoint);
	int err = gfs_store_failure(store);
	if (err != 0) {
		gfs_store_fail(store, err); /* the log's failure becomes ours, and wakes waiting writers */
		err = GFS_ERR_FAILED;
	} else if (again || changed(store)) {
		err = look_for_room(store);
		if (err == 0)
			err = run_locked(&run);
		store->settled = again && err == 0;
	}
	gfs_mutex_unlock(&store->checkpoint);
	return err;
}

int gfs_checkpoint_locked(struct gfs_store *store, struct gfs_kv_batch *batch)
{
	struct checkpoint run = { .store = store, .locked = true, .batch = batch };
	if (batch == NULL && !changed_locked(store))
		return 0;
	store->settled = false;
	return run_locked(&run);
}

int gfs_store_checkpoint(struct gfs_store *store)
{
	return checkpoint(store, false);
}

int gfs_checkpoint_settle(struct gfs_store *store)
{
	int err = checkpoint(store, false);
	if (err == 0 && !store->settled)
		err = checkpoint(store, true);
	return err;
}

/* ---- the thread ---- */

/* Waits for a reason. False: stop. Called and returns with `state` held. */
static bool thread_wait(struct gfs_store *store)
{
	uint64_t deadline_ns = gfs_clock_mono_ns() + store->opts.checkpoint_interval_ms * GFS_NS_PER_MS;
	while (!store->stop && !store->requested) {
		if (store->opts.checkpoint_interval_ms == UINT_MAX)
			gfs_cond_wait(&store->wake, &store->state);
		else if (gfs_cond_wait_until(&store->wake, &store->state, deadline_ns) != 0)
			break;
	}
	return !store->stop;
}

static void *thread_main(void *arg)
{
	struct gfs_store *store = arg;
	gfs_mutex_lock(&store->state);
	while (thread_wait(store)) {
		gfs_mutex_unlock(&store->state);
		int err = gfs_store_checkpoint(store);
		(void)err; /* sticky in store->failure, or for want of room: the next try may find some */
		gfs_mutex_lock(&store->state);
		store->requested = false;
		gfs_cond_broadcast(&store->progress);
	}
	gfs_mutex_unlock(&store->state);
	return NULL;
}

int gfs_checkpoint_thread_start(struct gfs_store *store)
{
	if (pthread_create(&store->thread, NULL, thread_main, store) != 0)
		return GFS_ERR_NOMEM;
	gfs_mutex_lock(&store->state);
	store->thread_started = true;
	gfs_mutex_unlock(&store->state);
	return 0;
}

void gfs_checkpoint_thread_stop(struct gfs_store *store)
{
	gfs_mutex_lock(&store->state);
	bool started = store->thread_started;
	store->stop = true;
	store->thread_started = false;
	gfs_cond_broadcast(&store->wake);
	gfs_cond_broadcast(&store->progress);
	gfs_mutex_unlock(&store->state);
	if (started)
		(void)pthread_join(store->thread, NULL); /* fails only for a thread that is not there */
}

static void request_locked(struct gfs_store *store)
{
	if (store->requested)
		return;
	store->requested = true;
	gfs_cond_signal(&store->wake);
}

void gfs_checkpoint_request(struct gfs_store *store)
{
	gfs_mutex_lock(&store->state);
	request_locked(store);
	gfs_mutex_unlock(&store->state);
}

void gfs_checkpoint_consider(struct gfs_store *store)
{
	uint64_t log_bytes = gfs_wal_end_lsn(store->wal) - atomic_load_explicit(&store->base_lsn, memory_order_relaxed);
	if (log_bytes >= store->opts.checkpoint_log_bytes ||
		gfs_store_dirty_bytes(store) >= gfs_store_dirty_bytes_max(store))
		gfs_checkpoint_request(store);
}

int gfs_checkpoint_wait_room(struct gfs_store *store)
{
	bool no_room = false;
	if (gfs_store_dirty_bytes(store) <= 2 * gfs_store_dirty_bytes_max(store))
		return 0;
	gfs_mutex_lock(&store->state);
	while (!no_room && store->thread_started && gfs_store_dirty_bytes(store) > 2 * gfs_store_dirty_bytes_max(store) &&
		atomic_load_explicit(&store->failure, memory_order_acquire) == 0) {
		request_locked(store);
		gfs_cond_wait(&store->progress, &store->state);
		no_room = atomic_load_explicit(&store->no_room, memory_order_relaxed);
	}
	gfs_mutex_unlock(&store->state);
	return no_room ? GFS_ERR_NOSPC : 0;
}
