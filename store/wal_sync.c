/* Durability. One leader at a time syncs, with no lock held, everything that was appended when it began; whoever waits for less shares
 * it. The flush thread is one more leader, and makes the next segment before it is needed. */
#include "base/checked.h"
#include "base/clock.h"
#include "base/io.h"
#include "store/wal_private.h"

/* So many files may wait for a sync before the writer has to do one. */
#define UNSYNCED_SEGMENTS_MAX 32u

void wal_fail_locked(struct gfs_wal *wal, int cause, bool told)
{
	assert(cause != 0);
	if (atomic_load_explicit(&wal->failure, memory_order_relaxed) == 0)
		atomic_store_explicit(&wal->failure, cause, memory_order_release);
	wal->failure_told |= told;
	gfs_cond_broadcast(&wal->done);
	gfs_cond_signal(&wal->work);
}

int wal_failure_answer_locked(struct gfs_wal *wal)
{
	int cause = atomic_load_explicit(&wal->failure, memory_order_relaxed);
	if (cause == 0)
		return 0;
	if (wal->failure_told)
		return GFS_ERR_FAILED;
	wal->failure_told = true;
	return cause;
}

/* One fdatasync, under `syncing`, with the lock given back. */
static int sync_file_locked(struct gfs_wal *wal, int fd)
{
	assert(wal->syncing && fd >= 0);
	gfs_mutex_unlock(&wal->lock);
	uint64_t begin_ns = gfs_clock_mono_ns();
	int err = gfs_io_sync(fd);
	uint64_t took_ns = gfs_clock_mono_ns() - begin_ns;
	gfs_mutex_lock(&wal->lock);
	wal->syncs++;
	wal->sync_ns_max = GFS_MAX(wal->sync_ns_max, took_ns);
	return err;
}

static struct wal_segment *first_unsynced_locked(struct gfs_wal *wal)
{
	size_t i = 0;
	while (i + 1 < wal->count && wal_segment_end(&wal->segments[i]) <= wal->synced_lsn)
		i++;
	return &wal->segments[i];
}

/* Oldest first, up to `upto_lsn`. Trimming waits for `syncing`, so that only the end of the list changes meanwhile. */
static int sync_segments_locked(struct gfs_wal *wal, uint64_t upto_lsn)
{
	int err = 0;
	while (err == 0 && wal->synced_lsn < upto_lsn) {
		struct wal_segment *s = first_unsynced_locked(wal);
		uint64_t number = s->number;
		uint64_t reach_lsn = GFS_MIN(wal_segment_end(s), upto_lsn);
		err = sync_file_locked(wal, s->fd);
		if (err != 0)
			break;
		wal->synced_lsn = reach_lsn;
		s = &wal->segments[number -
			wal->segments[0].number]; /* the list may have moved; numbers are consecutive (W2) */
		assert(s->number == number);
		if (reach_lsn == wal_segment_end(s) && s != &wal->segments[wal->count - 1]) {
			gfs_io_close(s->fd);
			s->fd = -1;
		}
	}
	return err;
}

/* Syncs what is committed by now; `own`: even if nothing is left to do; `told` as in
 * wal_fail_locked. durable_lsn only ever stands at a transaction's end (W6). */
static int lead_locked(struct gfs_wal *wal, bool own, bool told)
{
	assert(!wal->syncing);
	wal->syncing = true;
	uint64_t target_lsn = atomic_load_explicit(&wal->end_lsn, memory_order_relaxed);
	int err = 0;
	if (wal->synced_lsn < target_lsn)
		err = sync_segments_locked(wal, target_lsn);
	else if (own)
		err = sync_file_locked(wal, wal->segments[wal->count - 1].fd);
	wal->syncing = false;
	if (err == 0)
		atomic_store_explicit(&wal->durable_lsn, target_lsn, memory_order_release);
	else
		wal_fail_locked(wal, err, told);
	gfs_cond_broadcast(&wal->done);
	return err;
}

static int wait_durable(struct gfs_wal *wal, uint64_t lsn, bool own)
{
	gfs_mutex_lock(&wal->lock);
	lsn = GFS_MIN(lsn, atomic_load_explicit(&wal->end_lsn, memory_order_relaxed));
	int err = wal_failure_answer_locked(wal);
	while (err == 0 && (own || atomic_load_explicit(&wal->durable_lsn, memory_order_relaxed) < lsn)) {
		err = wal_failure_answer_locked(wal);
		if (err != 0)
			break;
		if (wal->syncing) {
			gfs_cond_wait(&wal->done, &wal->lock);
			continue;
		}
		err = lead_locked(wal, own, true);
		own = false;
	}
	gfs_mutex_unlock(&wal->lock);
	return err;
}

int gfs_wal_sync(struct gfs_wal *wal, uint64_t lsn)
{
	return wal->running ? wait_durable(wal, lsn, false) : GFS_ERR_READONLY;
}

int gfs_wal_commit_wait(struct gfs_wal *wal, uint64_t lsn)
{
	if (!wal->running)
		return GFS_ERR_READONLY;
	enum gfs_wal_mode mode = (enum gfs_wal_mode)atomic_load_explicit(&wal->mode, memory_order_relaxed);
	if (mode == GFS_WAL_ASYNC && atomic_load_explicit(&wal->failure, memory_order_acquire) == 0)
		return 0;
	if (mode == GFS_WAL_ASYNC)
		lsn = 0; /* only the failure's answer */
	return wait_durable(wal, lsn, mode == GFS_WAL_SYNC);
}

int wal_relieve_locked(struct gfs_wal *wal)
{
	int err = wal_failure_answer_locked(wal);
	while (err == 0 &&
		wal->synced_lsn<wal->write_lsn && & wal->segments[wal->count - 1] - first_unsynced_locked(wal)>
			UNSYNCED_SEGMENTS_MAX) {
		if (wal->syncing) {
			gfs_cond_wait(&wal->done, &wal->lock);
			err = wal_failure_answer_locked(wal);
			continue;
		}
		wal->syncing = true;
		err = sync_segments_locked(wal, wal->segments[wal->count - 1].start_lsn);
		wal->syncing = false;
		if (err != 0)
			wal_fail_locked(wal, err, true);
		gfs_cond_broadcast(&wal->done);
	}
	return err;
}

int wal_prepare_locked(struct gfs_wal *wal, bool in_background)
{
	assert(!wal->preparing && !wal->next_ready);
	const struct wal_segment *last = &wal->segments[wal->count - 1];
	struct wal_segment next = {
		.number = last->number + 1, .start_lsn = wal_segment_end(last), .bytes = wal->segment_bytes, .fd = -1
	};
	bool harmless = false;
	wal->preparing = true;
	wal->next_wanted = false;
	gfs_mutex_unlock(&wal->lock);
	int err = wal_segment_make(wal->dir_fd, wal->database_id, &next, &harmless);
	gfs_mutex_lock(&wal->lock);
	wal->preparing = false;
	if (err == 0) {
		wal->next = next;
		wal->next_ready = true;
	} else if (!harmless || !(in_background || err == GFS_ERR_NOSPC)) { /* else the writer tries when it needs it */
		wal_fail_locked(wal, err, !in_background);
	}
	gfs_cond_broadcast(&wal->done);
	return err;
}

/* An eighth is left. Mid-transaction the end lies before the last segment, which only makes the room look larger. */
static bool room_is_short_locked(const struct gfs_wal *wal)
{
	const struct wal_segment *last = &wal->segments[wal->count - 1];
	return wal_segment_end(last) - atomic_load_explicit(&wal->end_lsn, memory_order_relaxed) < last->bytes / 8;
}

void gfs_wal_wait_room(struct gfs_wal *wal)
{
	gfs_mutex_lock(&wal->lock);
	while (wal->running && !wal->stopping && atomic_load_explicit(&wal->failure, memory_order_relaxed) == 0 &&
		!wal->next_ready && (wal->next_wanted || wal->preparing) && room_is_short_locked(wal))
		gfs_cond_wait(&wal->done, &wal->lock);
	gfs_mutex_unlock(&wal->lock);
}

/* ---- the thread ---- */

static bool must_flush_locked(const struct gfs_wal *wal)
{
	return atomic_load_explicit(&wal->mode, memory_order_relaxed) == GFS_WAL_ASYNC &&
		atomic_load_explicit(&wal->durable_lsn, memory_order_relaxed) <
		atomic_load_explicit(&wal->end_lsn, memory_order_relaxed);
}

static bool idle_locked(const struct gfs_wal *wal)
{
	return !wal->stopping &&
		(atomic_load_explicit(&wal->failure, memory_order_relaxed) != 0 ||
			!(wal->next_wanted || must_flush_locked(wal)));
}

/* One round with something to do. `since_ns`: when what waits now may have begun to. Returns when this round's flush began. */
static uint64_t flush_round_locked(struct gfs_wal *wal, uint64_t since_ns)
{
	int err = 0;
	if (wal->next_wanted && !wal->next_ready && !wal->preparing)
		err = wal_prepare_locked(wal, true);
	(void)err; /* a failure is kept in the log, or left to the writer */
	wal->next_wanted = false;
	int late = 0;
	while (!late && !wal->stopping && !wal->next_wanted && must_flush_locked(wal))
		late = gfs_cond_wait_until(&wal->work, &wal->lock, since_ns + wal->interval_ms * GFS_NS_PER_MS);
	while (wal->syncing)
		gfs_cond_wait(&wal->done, &wal->lock);
	uint64_t now_ns = gfs_clock_mono_ns();
	if (!late || !must_flush_locked(wal) || atomic_load_explicit(&wal->failure, memory_order_relaxed) != 0)
		return late ? now_ns : since_ns;
	err = lead_locked(wal, false, false);
	(void)err; /* kept in the log: the next caller hears it */
	return now_ns;
}

static void *flush_main(void *context)
{
	struct gfs_wal *wal = context;
	uint64_t since_ns = gfs_clock_mono_ns();
	gfs_mutex_lock(&wal->lock);
	while (!wal->stopping) {
		bool rested = false;
		while (idle_locked(wal)) {
			gfs_cond_wait(&wal->work, &wal->lock);
			rested = true;
		}
		if (rested)
			since_ns = gfs_clock_mono_ns();
		if (!wal->stopping)
			since_ns = flush_round_locked(wal, since_ns);
	}
	gfs_mutex_unlock(&wal->lock);
	return NULL;
}

int wal_thread_start(struct gfs_wal *wal)
{
	wal->running = true;
	if (pthread_create(&wal->thread, NULL, flush_main, wal) == 0)
		return 0;
	wal->running = false;
	return GFS_ERR_NOMEM;
}

void wal_thread_stop(struct gfs_wal *wal)
{
	gfs_mutex_lock(&wal->lock);
	wal->stopping = true;
	gfs_cond_broadcast(&wal->work);
	gfs_mutex_unlock(&wal->lock);
	(void)pthread_join(wal->thread, NULL);
}

void gfs_wal_set_mode(struct gfs_wal *wal, enum gfs_wal_mode mode)
{
	gfs_mutex_lock(&wal->lock);
	atomic_store_explicit(&wal->mode, (int)mode, memory_order_relaxed);
	gfs_cond_signal(&wal->work);
	gfs_mutex_unlock(&wal->lock);
}

void gfs_wal_set_interval(struct gfs_wal *wal, unsigned interval_ms)
{
	gfs_mutex_lock(&wal->lock);
	wal->interval_ms = GFS_MAX(1u, GFS_MIN(interval_ms, 60000u));
	gfs_cond_signal(&wal->work);
	gfs_mutex_unlock(&wal->lock);
}
