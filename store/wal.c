/* Creating, opening, trimming, closing. */
#include "base/checked.h"
#include "base/hash.h"
#include "base/io.h"
#include "store/wal_private.h"

#include <stdlib.h>

#define FLUSH_INTERVAL_MS_DEFAULT 10u

static int refuse_any(void *context, const char *name)
{
	(void)context;
	(void)name;
	return GFS_ERR_NOTEMPTY;
}

int gfs_wal_create(int wal_dir_fd, uint64_t database_id, uint64_t lsn)
{
	/* Small: the next one has the size that the options ask for. */
	struct wal_segment first = { .number = 1, .start_lsn = lsn, .bytes = GFS_WAL_SEGMENT_BYTES_MIN, .fd = -1 };
	bool harmless;
	int err = gfs_io_list(wal_dir_fd, refuse_any, NULL);
	if (err != 0)
		return err;
	err = wal_segment_make(wal_dir_fd, database_id, &first, &harmless);
	if (err == 0)
		gfs_io_close(first.fd);
	return err;
}

/* ---- opening ---- */

static int add_name(void *context, const char *name)
{
	struct gfs_wal *wal = context;
	uint64_t number;
	if (!wal_segment_parse_name(name, &number))
		return 0;
	int err = wal_segments_reserve(wal);
	if (err == 0)
		wal->segments[wal->count++] = (struct wal_segment){ .number = number, .fd = -1 };
	return err;
}

static int compare_numbers(const void *a, const void *b)
{
	uint64_t x = ((const struct wal_segment *)a)->number;
	uint64_t y = ((const struct wal_segment *)b)->number;
	return (x > y) - (x < y);
}

/* Keeps the last run of consecutive numbers. What lies below a gap was trimmed, in an order that the disk did not keep. */
static void keep_last_run(struct gfs_wal *wal)
{
	size_t from = wal->count - 1;
	while (from > 0 && wal->segments[from - 1].number + 1 == wal->segments[from].number)
		from--;
	wal->count -= from;
	memmove(wal->segments, wal->segments + from, wal->count * sizeof *wal->segments);
}

static int read_segment_headers(struct gfs_wal *wal, struct gfs_message *message)
{
	for (size_t i = 0; i < wal->count; i++) {
		struct wal_segment *s = &wal->segments[i];
		int err = wal_segment_open(wal->dir_fd, wal->database_id, s->number, false, s, message);
		if (err != 0)
			return err;
		gfs_io_close(s->fd);
		s->fd = -1;
		if (i > 0 && s->start_lsn != wal_segment_end(s - 1)) /* W2 */
			return gfs_fail(message, GFS_ERR_CORRUPT, "log segment %016llx does not follow the one before",
				(unsigned long long)s->number);
	}
	return 0;
}

static int find_segments(struct gfs_wal *wal, struct gfs_message *message)
{
	int err = gfs_io_list(wal->dir_fd, add_name, wal);
	if (err != 0)
		return gfs_fail(message, err, "listing the log: %s", gfs_err_text(err));
	if (wal->count == 0)
		return gfs_fail(message, GFS_ERR_CORRUPT, "the log has no segment");
	qsort(wal->segments, wal->count, sizeof *wal->segments, compare_numbers);
	keep_last_run(wal);
	return read_segment_headers(wal, message);
}

static struct gfs_wal *wal_new(int wal_dir_fd, const struct gfs_wal_opts *opts, uint64_t start_lsn)
{
	struct gfs_wal *wal = calloc(1, sizeof *wal);
	if (wal == NULL)
		return NULL;
	uint64_t bytes = opts->segment_bytes != 0 ? opts->segment_bytes : GFS_WAL_SEGMENT_BYTES_DEFAULT;
	wal->dir_fd = wal_dir_fd;
	wal->database_id = opts->database_id;
	wal->segment_bytes = GFS_MAX(GFS_MIN(bytes, WAL_SEGMENT_BYTES_MAX), GFS_WAL_SEGMENT_BYTES_MIN) & ~UINT64_C(4095);
	wal->read_only = opts->read_only;
	wal->start_lsn = start_lsn;
	wal->next.fd = -1;
	wal->interval_ms = opts->interval_ms != 0 ? opts->interval_ms : FLUSH_INTERVAL_MS_DEFAULT;
	atomic_init(&wal->mode, (int)opts->mode);
	atomic_init(&wal->end_lsn, start_lsn);
	atomic_init(&wal->durable_lsn, start_lsn);
	atomic_init(&wal->failure, 0);
	gfs_mutex_init(&wal->lock, GFS_RANK_WAL);
	gfs_cond_init(&wal->work);
	gfs_cond_init(&wal->done);
	return wal;
}

int gfs_wal_open(int wal_dir_fd, const struct gfs_wal_opts *opts, uint64_t start_lsn, struct gfs_wal **ret_wal,
	struct gfs_message *message)
{
	struct gfs_wal *wal = wal_new(wal_dir_fd, opts, start_lsn);
	if (wal == NULL)
		return gfs_fail(message, GFS_ERR_NOMEM, "%s", gfs_err_text(GFS_ERR_NOMEM));
	int err = find_segments(wal, message);
	if (err != 0)
		goto out;
	/* Frames of an oldest segment are taken on trust, so an empty one may start with any sum. */
	wal->cursor.chain = gfs_hash64_seed(&start_lsn, sizeof start_lsn, wal->database_id);
	err = wal_cursor_seek(wal, start_lsn, message);
	if (err != 0)
		goto out;
	*ret_wal = wal;
	wal = NULL;
out:
	gfs_wal_close(wal);
	return err;
}

void gfs_wal_close(struct gfs_wal *wal)
{
	if (wal == NULL)
		return;
	if (wal->running) {
		wal_thread_stop(wal);
		/* Nobody is left to tell: what was promised is on disk, and what was not is a tail that may be lost. */
		int late_err = gfs_wal_sync(wal, gfs_wal_end_lsn(wal));
		(void)late_err;
	}
	for (size_t i = 0; i < wal->count; i++)
		gfs_io_close(wal->segments[i].fd);
	gfs_io_close(wal->next.fd);
	wal_cursor_release(&wal->cursor);
	gfs_cond_release(&wal->done);
	gfs_cond_release(&wal->work);
	gfs_mutex_release(&wal->lock);
	free(wal->segments);
	free(wal->staging);
	free(wal);
}

/* ---- trimming and numbers ---- */

/* Takes the oldest segment out of the list when it ends at or below `lsn` and nobody syncs it. */
static bool take_oldest_locked(struct gfs_wal *wal, uint64_t lsn, struct wal_segment *ret_segment)
{
	while (wal->syncing)
		gfs_cond_wait(&wal->done, &wal->lock);
	lsn = GFS_MIN(lsn, atomic_load_explicit(&wal->durable_lsn, memory_order_relaxed));
	if (wal->count < 2 || wal_segment_end(&wal->segments[0]) > lsn)
		return false;
	*ret_segment = wal->segments[0];
	wal->count--;
	memmove(wal->segments, wal->segments + 1, wal->count * sizeof *wal->segments);
	return true;
}

int gfs_wal_trim(struct gfs_wal *wal, uint64_t lsn)
{
	if (!wal->running)
		return GFS_ERR_READONLY;
	int err = 0;
	while (err == 0) {
		struct wal_segment oldest;
		char name[WAL_NAME_BYTES];
		gfs_mutex_lock(&wal->lock);
		bool taken = take_oldest_locked(wal, lsn, &oldest);
		gfs_mutex_unlock(&wal->lock);
		if (!taken)
			break;
		gfs_io_close(oldest.fd);
		wal_segment_name(oldest.number, name);
		err = gfs_io_unlink_at(wal->dir_fd, name); /* no sync: one that comes back is harmless */
	}
	return err;
}

uint64_t gfs_wal_end_lsn(const struct gfs_wal *wal)
{
	return atomic_load_explicit(&wal->end_lsn, memory_order_acquire);
}

static uint64_t disk_bytes_locked(const struct gfs_wal *wal)
{
	uint64_t bytes = wal->next_ready ? wal->next.bytes : 0;
	for (size_t i = 0; i < wal->count; i++)
		bytes += wal->segments[i].bytes;
	return bytes;
}

void gfs_wal_stats_get(struct gfs_wal *wal, struct gfs_wal_stats *ret_stats)
{
	gfs_mutex_lock(&wal->lock);
	*ret_stats = (struct gfs_wal_stats){
		.end_lsn = atomic_load_explicit(&wal->end_lsn, memory_order_relaxed),
		.durable_lsn = atomic_load_explicit(&wal->durable_lsn, memory_order_relaxed),
		.oldest_lsn = wal->segments[0].start_lsn,
		.appends = wal->appends,
		.bytes = wal->bytes,
		.syncs = wal->syncs,
		.segments = wal->count + (wal->next_ready ? 1 : 0),
		.disk_bytes = disk_bytes_locked(wal),
		.sync_ns_max = wal->sync_ns_max,
		.mode = (enum gfs_wal_mode)atomic_load_explicit(&wal->mode, memory_order_relaxed),
		.interval_ms = wal->interval_ms,
		.failure = atomic_load_explicit(&wal->failure, memory_order_relaxed),
	};
	gfs_mutex_unlock(&wal->lock);
}
