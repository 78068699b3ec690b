/* store/wal in working order: round trips, segments, modes, trimming, concurrent commits. Failures are in test_wal_fault.c. */
#include "base/clock.h"
#include "base/io.h"
#include "store/wal_format.h"
#include "tests/support/wal_model.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct wal_scratch scratch;
static struct wal_model model;
static struct gfs_wal_opts opts;

static size_t size_small(uint64_t n)
{
	return n * 37 % 300;
}

static size_t size_mixed(uint64_t n)
{
	static const size_t sizes[] = { 0, 1, 7, 8, 9, 15, 16, 17, 4000, 4096, 61000, 70000, 200000, (3u << 20) + 5 };
	return sizes[n % (sizeof sizes / sizeof *sizes)];
}

static int setup(void **state)
{
	(void)state;
	opts = (struct gfs_wal_opts){ .database_id = WAL_MODEL_ID,
		.segment_bytes = GFS_WAL_SEGMENT_BYTES_MIN,
		.mode = GFS_WAL_ASYNC,
		.interval_ms = 60000 };
	model = (struct wal_model){ .size_of = size_small };
	return !wal_scratch_init(&scratch) || gfs_wal_create(scratch.dir_fd, WAL_MODEL_ID, 0) != 0;
}

static int teardown(void **state)
{
	(void)state;
	gfs_io_set_hook(NULL, NULL);
	wal_scratch_release(&scratch);
	wal_model_release(&model);
	return 0;
}

static int reopen(uint64_t start_lsn, struct gfs_wal **ret_wal)
{
	struct gfs_message message;
	int err = gfs_wal_open(scratch.dir_fd, &opts, start_lsn, ret_wal, &message);
	if (err != 0)
		return err;
	model.count = 0;
	model.last_lsn = start_lsn;
	model.wrong = false;
	err = gfs_wal_replay(*ret_wal, wal_model_each, &model);
	if (err != 0)
		gfs_wal_close(*ret_wal);
	return err;
}

static struct gfs_wal *start(uint64_t start_lsn, uint64_t expected_count)
{
	struct gfs_wal *wal = NULL;
	assert_int_equal(reopen(start_lsn, &wal), 0);
	assert_false(model.wrong);
	assert_int_equal(model.count, expected_count);
	assert_int_equal(gfs_wal_start(wal), 0);
	return wal;
}

static void append(struct gfs_wal *wal, uint64_t from, uint64_t to, uint64_t *lsns)
{
	for (uint64_t n = from; n < to; n++) {
		uint64_t lsn = 0;
		assert_int_equal(wal_model_append(wal, &model, n, &lsn), 0);
		assert_int_equal(gfs_wal_end_lsn(wal), lsn);
		if (lsns != NULL)
			lsns[n] = lsn;
	}
}

static struct gfs_wal_stats stats(struct gfs_wal *wal)
{
	struct gfs_wal_stats s;
	gfs_wal_stats_get(wal, &s);
	return s;
}

static void test_round_trip(void **state)
{
	(void)state;
	model.size_of = size_mixed;
	for (uint64_t round = 0; round < 4; round++) {
		struct gfs_wal *wal = start(0, round * 14);
		opts.segment_bytes = round % 2 == 0 ? 0 : GFS_WAL_SEGMENT_BYTES_MIN;
		append(wal, round * 14, round * 14 + 14, NULL);
		assert_int_equal(stats(wal).appends, 14);
		gfs_wal_close(wal);
	}
	gfs_wal_close(start(0, 56));
	gfs_wal_close(NULL);
}

/* From every commit's position exactly the later ones come back; from any other position the log refuses. */
static void test_start_anywhere(void **state)
{
	uint64_t lsns[1500];
	struct gfs_wal *wal = start(0, 0);
	(void)state;
	append(wal, 0, 1500, lsns);
	assert_true(stats(wal).segments >= 4);
	assert_int_equal(gfs_wal_sync(wal, UINT64_MAX), 0);
	gfs_wal_close(wal);
	opts.read_only = true;
	for (uint64_t n = 0; n < 1500; n += 7) {
		model.first = n + 1;
		assert_int_equal(reopen(lsns[n], &wal), 0);
		assert_false(model.wrong);
		assert_int_equal(model.count, 1499 - n);
		assert_int_equal(gfs_wal_end_lsn(wal), lsns[1499]);
		gfs_wal_close(wal);
		assert_int_equal(reopen(lsns[n] - 8, &wal), GFS_ERR_CORRUPT);
		assert_int_equal(reopen(lsns[n] + 1, &wal), GFS_ERR_CORRUPT);
	}
	assert_int_equal(reopen(lsns[1499] + 4096, &wal), GFS_ERR_CORRUPT);
	assert_int_equal(reopen(UINT64_MAX, &wal), GFS_ERR_CORRUPT);
}

/* Every fill of a segment's last bytes: frames must fit exactly or go on in the next one (W3). */
static void test_every_segment_edge(void **state)
{
	(void)state;
	for (size_t left = 0; left < 200; left++) {
		uint8_t *bytes = calloc(1, GFS_WAL_SEGMENT_BYTES_MIN);
		struct gfs_wal *wal = NULL;
		uint64_t lsn = 0, seen = 0;
		wal_scratch_empty(&scratch);
		assert_int_equal(gfs_wal_create(scratch.dir_fd, WAL_MODEL_ID, 0), 0);
		assert_int_equal(reopen(0, &wal), 0);
		assert_int_equal(gfs_wal_start(wal), 0);
		size_t fill = GFS_WAL_SEGMENT_BYTES_MIN - WAL_HEADER_BYTES - sizeof(struct wal_disk_frame) - left;
		assert_int_equal(gfs_wal_append(wal, 1, gfs_slice(bytes, fill), &lsn), 0);
		seen = lsn;
		for (uint64_t n = 0; n < 5; n++)
			assert_int_equal(wal_model_append(wal, &model, n, &lsn), 0);
		gfs_wal_close(wal);
		assert_int_equal(reopen(seen, &wal), 0);
		assert_false(model.wrong);
		assert_int_equal(model.count, 5);
		gfs_wal_close(wal);
		free(bytes);
	}
}

static unsigned open_files(void)
{
	unsigned count = 0;
	DIR *dir = opendir("/proc/self/fd");
	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

static size_t size_huge(uint64_t n)
{
	return n == 1 ? (size_t)24 << 20 : 100;
}

static void test_transaction_over_hundreds_of_segments(void **state)
{
	struct gfs_wal *wal = start(0, 0);
	(void)state;
	model.size_of = size_huge;
	unsigned before = open_files();
	append(wal, 0, 3, NULL);
	assert_true(stats(wal).segments > 300);
	assert_true(open_files() < before + 50);
	assert_int_equal(gfs_wal_sync(wal, gfs_wal_end_lsn(wal)), 0);
	assert_int_equal(stats(wal).durable_lsn, gfs_wal_end_lsn(wal));
	gfs_wal_close(wal);
	gfs_wal_close(start(0, 3));
}

static void test_trim(void **state)
{
	uint64_t lsns[2000];
	struct gfs_wal *wal = start(0, 0);
	(void)state;
	append(wal, 0, 2000, lsns);
	uint64_t segments = stats(wal).segments;
	assert_int_equal(gfs_wal_trim(wal, lsns[1000]), 0); /* not durable yet: stays */
	assert_int_equal(stats(wal).oldest_lsn, 0);
	assert_int_equal(gfs_wal_sync(wal, lsns[1999]), 0);
	assert_int_equal(gfs_wal_trim(wal, lsns[1000]), 0);
	struct gfs_wal_stats s = stats(wal);
	assert_true(s.segments < segments && s.oldest_lsn > 0 && s.oldest_lsn <= lsns[1000]);
	append(wal, 2000, 2010, NULL);
	gfs_wal_close(wal);
	assert_int_equal(reopen(0, &wal), GFS_ERR_CORRUPT);
	model.first = 1001;
	wal = start(lsns[1000], 2010 - 1001);
	assert_int_equal(gfs_wal_trim(wal, UINT64_MAX), 0);
	assert_int_equal(stats(wal).segments, 1);
	append(wal, 2010, 2020, NULL);
	uint64_t oldest_lsn = stats(wal).oldest_lsn;
	gfs_wal_close(wal);
	for (model.first = 1001; lsns[model.first - 1] < oldest_lsn; model.first++)
		;
	wal = start(lsns[model.first - 1], 2020 - model.first);
	gfs_wal_close(wal);
}

/* ---- what is on disk ---- */

/* Frames written to which file since its last sync; and that no sync runs under the log's lock. */
static struct disk {
	pthread_mutex_t lock;
	struct {
		ino_t inode;
		bool dirty;
	} files[512];
	size_t count;
	unsigned syncs;
	unsigned sync_us; /* how long each sync takes */
	struct gfs_wal *wal;
} disk = { .lock = PTHREAD_MUTEX_INITIALIZER };

static struct gfs_io_verdict disk_hook(void *context, const struct gfs_io_event *event)
{
	struct disk *d = context;
	struct stat st;
	bool frames = event->op == GFS_IO_WRITE && event->offset >= WAL_HEADER_BYTES;
	if ((frames || event->op == GFS_IO_SYNC) && fstat(event->fd, &st) == 0) {
		size_t i = 0;
		pthread_mutex_lock(&d->lock);
		while (i < d->count && d->files[i].inode != st.st_ino)
			i++;
		if (i == d->count)
			d->files[d->count++].inode = st.st_ino;
		d->files[i].dirty = frames;
		d->syncs += !frames;
		pthread_mutex_unlock(&d->lock);
	}
	if (event->op == GFS_IO_SYNC && d->wal != NULL) {
		struct gfs_wal_stats s;
		gfs_wal_stats_get(d->wal, &s); /* would never return if this thread held the lock */
		if (d->sync_us != 0)
			usleep(d->sync_us);
	}
	return (struct gfs_io_verdict){ 0 };
}

static void disk_watch(unsigned sync_us)
{
	disk.count = 0;
	disk.syncs = 0;
	disk.sync_us = sync_us;
	disk.wal = NULL;
	gfs_io_set_hook(disk_hook, &disk);
}

static bool disk_is_clean(void)
{
	bool clean = true;
	pthread_mutex_lock(&disk.lock);
	for (size_t i = 0; i < disk.count; i++)
		clean &= !disk.files[i].dirty;
	pthread_mutex_unlock(&disk.lock);
	return clean;
}

static unsigned disk_syncs(void)
{
	pthread_mutex_lock(&disk.lock);
	unsigned syncs = disk.syncs;
	pthread_mutex_unlock(&disk.lock);
	return syncs;
}

/* After the wait of group and sync every file with frames was synced, also when a commit spans segments. */
static void test_commit_wait_is_durable(void **state)
{
	(void)state;
	model.size_of = size_mixed;
	uint64_t n = 0;
	for (int mode = GFS_WAL_GROUP; mode <= GFS_WAL_SYNC; mode++) {
		opts.mode = (enum gfs_wal_mode)mode;
		disk_watch(0);
		struct gfs_wal *wal = start(0, n);
		for (uint64_t end = n + 13; n < end; n++) {
			uint64_t lsn = 0;
			unsigned before = disk_syncs();
			assert_int_equal(wal_model_append(wal, &model, n, &lsn), 0);
			assert_false(disk_is_clean());
			assert_int_equal(gfs_wal_commit_wait(wal, lsn), 0);
			assert_true(disk_is_clean());
			assert_true(disk_syncs() > before);
			assert_int_equal(stats(wal).durable_lsn, lsn);
		}
		uint64_t syncs = stats(wal).syncs;
		assert_int_equal(gfs_wal_commit_wait(wal, gfs_wal_end_lsn(wal)), 0);
		assert_int_equal(stats(wal).syncs, syncs + (mode == GFS_WAL_SYNC)); /* one each, or shared */
		assert_int_equal(gfs_wal_sync(wal, gfs_wal_end_lsn(wal)), 0);
		assert_int_equal(stats(wal).syncs, syncs + (mode == GFS_WAL_SYNC));
		gfs_wal_close(wal);
	}
}

static void wait_for_durable(struct gfs_wal *wal, uint64_t lsn)
{
	uint64_t deadline_ns = gfs_clock_mono_ns() + 10 * GFS_NS_PER_S;
	while (stats(wal).durable_lsn < lsn && gfs_clock_mono_ns() < deadline_ns)
		usleep(500);
	assert_true(stats(wal).durable_lsn >= lsn);
}

static void test_async(void **state)
{
	uint64_t lsn = 0;
	(void)state;
	disk_watch(0);
	struct gfs_wal *wal = start(0, 0);
	append(wal, 0, 10, NULL);
	lsn = gfs_wal_end_lsn(wal);
	assert_int_equal(gfs_wal_commit_wait(wal, lsn), 0);
	assert_int_equal(stats(wal).syncs, 0);
	assert_int_equal(gfs_wal_sync(wal, lsn), 0); /* a barrier all the same */
	assert_true(disk_is_clean());
	assert_int_equal(stats(wal).syncs, 1);
	append(wal, 10, 20, NULL);
	gfs_wal_set_interval(wal, 5); /* wakes the thread out of its minute */
	wait_for_durable(wal, gfs_wal_end_lsn(wal));
	for (uint64_t n = 20; n < 40; n++) {
		append(wal, n, n + 1, NULL);
		wait_for_durable(wal, gfs_wal_end_lsn(wal));
		assert_true(disk_is_clean());
	}
	uint64_t syncs = stats(wal).syncs;
	usleep(50000); /* nothing to do: no sync */
	assert_int_equal(stats(wal).syncs, syncs);
	gfs_wal_set_mode(wal, GFS_WAL_GROUP);
	append(wal, 40, 41, NULL);
	gfs_wal_set_mode(wal, GFS_WAL_ASYNC);
	wait_for_durable(wal, gfs_wal_end_lsn(wal));
	assert_int_equal(stats(wal).mode, GFS_WAL_ASYNC);
	gfs_wal_set_interval(wal, 60001);
	assert_int_equal(stats(wal).interval_ms, 60000);
	append(wal, 41, 42, NULL);
	gfs_wal_close(wal); /* flushes */
	assert_true(disk_is_clean());
}

/* While appends never pause, nothing waits for longer than the interval and a flush (with room for a busy machine). */
static void test_async_window_under_load(void **state)
{
	struct gfs_wal *wal;
	uint64_t n = 0, watched_lsn = 0, since_ns = 0, longest_ns = 0;
	(void)state;
	opts.interval_ms = 10;
	opts.segment_bytes = 0;
	wal = start(0, 0);
	for (uint64_t end_ns = gfs_clock_mono_ns() + GFS_NS_PER_S / 2; gfs_clock_mono_ns() < end_ns; n++) {
		append(wal, n, n + 1, NULL);
		uint64_t now_ns = gfs_clock_mono_ns();
		if (stats(wal).durable_lsn >= watched_lsn) {
			longest_ns = since_ns != 0 && now_ns - since_ns > longest_ns ? now_ns - since_ns : longest_ns;
			watched_lsn = gfs_wal_end_lsn(wal);
			since_ns = now_ns;
		}
	}
	assert_true(longest_ns < 400 * GFS_NS_PER_MS);
	assert_in_range(stats(wal).syncs, 3, 70); /* in batches */
	gfs_wal_close(wal);
	gfs_wal_close(start(0, n));
}

/* The next segment is there before it is needed. */
static void test_next_segment_in_background(void **state)
{
	struct gfs_wal *wal = start(0, 0);
	(void)state;
	append(wal, 0, 100, NULL);
	assert_int_equal(stats(wal).segments, 1);
	append(wal, 100, 220, NULL);
	for (int i = 0; i < 5000 && stats(wal).segments == 1; i++)
		usleep(1000);
	assert_int_equal(stats(wal).segments, 2);
	gfs_wal_close(wal);
	wal = start(0, 220);
	assert_int_equal(stats(wal).segments, 1); /* an unused one is not kept */
	gfs_wal_close(wal);
}

/* ---- many at once ---- */

#define THREADS 8
#define COMMITS_EACH 100

static struct {
	pthread_mutex_t writer;
	struct gfs_wal *wal;
	uint64_t next;
	atomic_uint failures;
} crowd = { .writer = PTHREAD_MUTEX_INITIALIZER };

static void *committer(void *context)
{
	(void)context;
	for (int i = 0; i < COMMITS_EACH; i++) {
		uint64_t lsn = 0;
		pthread_mutex_lock(&crowd.writer);
		int err = wal_model_append(crowd.wal, &model, crowd.next, &lsn);
		crowd.next++;
		pthread_mutex_unlock(&crowd.writer);
		if (err != 0 || gfs_wal_commit_wait(crowd.wal, lsn) != 0)
			atomic_fetch_add(&crowd.failures, 1);
		struct gfs_wal_stats s;
		gfs_wal_stats_get(crowd.wal, &s);
		if (s.mode != GFS_WAL_ASYNC && s.durable_lsn < lsn)
			atomic_fetch_add(&crowd.failures, 1);
		if (i % 25 == 0 && gfs_wal_trim(crowd.wal, 0) != 0)
			atomic_fetch_add(&crowd.failures, 1);
	}
	return NULL;
}

static void run_crowd(enum gfs_wal_mode mode, uint64_t already)
{
	pthread_t threads[THREADS];
	opts.mode = mode;
	opts.interval_ms = 1;
	disk_watch(300);
	crowd.wal = start(0, already);
	crowd.next = already;
	disk.wal = crowd.wal;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, committer, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&crowd.failures), 0);
	assert_int_equal(gfs_wal_sync(crowd.wal, UINT64_MAX), 0);
	assert_true(disk_is_clean());
	uint64_t syncs = stats(crowd.wal).syncs;
	if (mode == GFS_WAL_GROUP)
		assert_true(syncs < THREADS * COMMITS_EACH / 2);
	if (mode == GFS_WAL_SYNC)
		assert_true(syncs >= THREADS * COMMITS_EACH);
	gfs_wal_close(crowd.wal);
	disk.wal = NULL;
}

static void test_concurrent_commits(void **state)
{
	(void)state;
	run_crowd(GFS_WAL_GROUP, 0);
	run_crowd(GFS_WAL_SYNC, THREADS * COMMITS_EACH);
	run_crowd(GFS_WAL_ASYNC, 2 * THREADS * COMMITS_EACH);
	gfs_wal_close(start(0, 3 * THREADS * COMMITS_EACH));
}

static void *trimmer(void *context)
{
	_Atomic bool *stop = context;
	while (!atomic_load(stop)) {
		if (gfs_wal_trim(crowd.wal, stats(crowd.wal).durable_lsn) != 0)
			atomic_fetch_add(&crowd.failures, 1);
		usleep(100);
	}
	return NULL;
}

/* A segment that somebody syncs is not closed under him. */
static void test_trim_beside_commits(void **state)
{
	_Atomic bool stop = false;
	pthread_t trimming, committing[3];
	(void)state;
	opts.mode = GFS_WAL_SYNC;
	model.size_of = size_mixed;
	crowd.next = 0;
	crowd.wal = start(0, 0);
	assert_int_equal(pthread_create(&trimming, NULL, trimmer, &stop), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&committing[i], NULL, committer, NULL), 0);
	for (int i = 0; i < 3; i++)
		pthread_join(committing[i], NULL);
	atomic_store(&stop, true);
	pthread_join(trimming, NULL);
	assert_int_equal(atomic_load(&crowd.failures), 0);
	assert_true(stats(crowd.wal).segments < 60);
	gfs_wal_close(crowd.wal);
}

/* ---- refusals ---- */

static int refuse_third(void *context, uint64_t commit_lsn, uint64_t time_ns, struct gfs_slice payload)
{
	(void)commit_lsn;
	(void)time_ns;
	(void)payload;
	return ++*(int *)context == 3 ? GFS_ERR_INTERRUPTED : 0;
}

static void test_refusals(void **state)
{
	struct gfs_message message;
	struct gfs_wal *wal = start(0, 0);
	uint64_t lsn;
	int seen = 0;
	(void)state;
	append(wal, 0, 10, NULL);
	uint8_t *none = (uint8_t *)&seen;
	assert_int_equal(gfs_wal_append(wal, 1, gfs_slice(none, (size_t)GFS_WAL_TXN_BYTES_MAX + 1), &lsn), GFS_ERR_TOOBIG);
	append(wal, 10, 12, NULL); /* which is no failure of the log */
	gfs_wal_close(wal);
	assert_int_equal(gfs_wal_create(scratch.dir_fd, WAL_MODEL_ID, 0), GFS_ERR_NOTEMPTY);
	assert_int_equal(gfs_wal_open(scratch.dir_fd, &opts, 0, &wal, &message), 0);
	assert_int_equal(gfs_wal_replay(wal, refuse_third, &seen), GFS_ERR_INTERRUPTED);
	assert_int_equal(seen, 3);
	gfs_wal_close(wal);
	opts.database_id++;
	assert_int_equal(gfs_wal_open(scratch.dir_fd, &opts, 0, &wal, &message), GFS_ERR_CORRUPT);
	assert_non_null(strstr(message.text, "another database"));
	opts.database_id--;
	wal_scratch_empty(&scratch);
	assert_int_equal(gfs_wal_open(scratch.dir_fd, &opts, 0, &wal, &message), GFS_ERR_CORRUPT);
}

/* The search past the log's end for frames that prove a loss hashed up to a megabyte at every step of 8 bytes, when each looked like a
 * frame's header: minutes for one segment. */
static void test_forged_frames_do_not_stall(void **state)
{
	enum { STEP = 16, PAYLOAD = 1 << 20 };
	(void)state;
	opts.segment_bytes = UINT64_C(8) << 20;
	struct gfs_wal *wal = start(0, 0);
	model.size_of = size_mixed;
	append(wal, 0, 14, NULL); /* into the second segment */
	uint64_t end_lsn = gfs_wal_end_lsn(wal);
	gfs_wal_close(wal);
	uint64_t first_lsn = GFS_WAL_SEGMENT_BYTES_MIN - WAL_HEADER_BYTES;
	size_t size = (size_t)(first_lsn + opts.segment_bytes - WAL_HEADER_BYTES - end_lsn) & ~(size_t)(STEP - 1);
	uint8_t *forged = malloc(size);
	assert_non_null(forged);
	for (size_t at = 0; at < size; at += STEP) {
		gfs_put_le64(forged + at, end_lsn + at - STEP); /* the LSN of a frame a step before */
		gfs_put_le64(forged + at + 8, PAYLOAD);
	}
	int fd = -1;
	assert_int_equal(gfs_io_open_at(scratch.dir_fd, "0000000000000002.log", GFS_IO_READ_WRITE, &fd), 0);
	assert_int_equal(gfs_io_write_at(fd, forged, size, WAL_HEADER_BYTES + end_lsn - first_lsn), 0);
	gfs_io_close(fd);
	free(forged);
	uint64_t begin_ns = gfs_clock_mono_ns();
	gfs_wal_close(start(0, 14));
	assert_true(gfs_clock_mono_ns() - begin_ns < 5 * GFS_NS_PER_S);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_forged_frames_do_not_stall),
		TEST(test_round_trip),
		TEST(test_start_anywhere),
		TEST(test_every_segment_edge),
		TEST(test_transaction_over_hundreds_of_segments),
		TEST(test_trim),
		TEST(test_commit_wait_is_durable),
		TEST(test_async),
		TEST(test_async_window_under_load),
		TEST(test_next_segment_in_background),
		TEST(test_concurrent_commits),
		TEST(test_trim_beside_commits),
		TEST(test_refusals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
