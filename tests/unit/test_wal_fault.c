/* store/wal when things break: a failing call at every index, damaged bytes, torn tails, recovery cut short. */
#include "base/io.h"
#include "store/wal_private.h"
#include "tests/support/wal_model.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SEGMENT ((size_t)GFS_WAL_SEGMENT_BYTES_MIN)
#define NAME_1 "0000000000000001.log"
#define NAME_2 "0000000000000002.log"
#define NAME_3 "0000000000000003.log"

static struct wal_scratch scratch;
static struct wal_model model;
static struct gfs_wal_opts opts;

static size_t size_mixed(uint64_t n)
{
	return n % 11 == 10 ? 70000 : n % 5 == 4 ? 9000 : 10 + n * 37 % 300;
}

static int setup(void **state)
{
	(void)state;
	opts = (struct gfs_wal_opts){
		.database_id = WAL_MODEL_ID, .segment_bytes = SEGMENT, .mode = GFS_WAL_GROUP, .interval_ms = 60000
	};
	model = (struct wal_model){ .size_of = size_mixed };
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

static int reopen_read_only(uint64_t start_lsn)
{
	struct gfs_wal *wal = NULL;
	opts.read_only = true;
	int err = reopen(start_lsn, &wal);
	opts.read_only = false;
	if (err == 0)
		gfs_wal_close(wal);
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

/* Appends [from, to), each with the mode's wait. */
static void append(struct gfs_wal *wal, uint64_t from, uint64_t to, uint64_t *lsns)
{
	for (uint64_t n = from; n < to; n++) {
		uint64_t lsn = 0;
		assert_int_equal(wal_model_append(wal, &model, n, &lsn), 0);
		assert_int_equal(gfs_wal_commit_wait(wal, lsn), 0);
		if (lsns != NULL)
			lsns[n] = lsn;
	}
}

static int failure_of(struct gfs_wal *wal)
{
	struct gfs_wal_stats s;
	gfs_wal_stats_get(wal, &s);
	return s.failure;
}

/* ---- a failing call at every index ---- */

struct fault {
	pthread_mutex_t lock;
	unsigned at;
	unsigned seen;
	int error;
	size_t bytes; /* of a write, done before it fails; 1: half of them */
	bool sticky;
	bool fired;
	ino_t sync_failed;    /* the file or folder whose sync failed, or 0 */
	unsigned syncs_after; /* of the same one: each would be a retry */
};

static struct gfs_io_verdict fault_hook(void *context, const struct gfs_io_event *event)
{
	struct fault *f = context;
	struct stat st;
	pthread_mutex_lock(&f->lock);
	unsigned index = f->seen++;
	bool fails = index == f->at || (f->sticky && index > f->at);
	bool is_sync = event->op == GFS_IO_SYNC || event->op == GFS_IO_SYNC_DIR;
	f->fired |= fails;
	if (is_sync && fstat(event->fd, &st) == 0) {
		f->syncs_after += f->sync_failed == st.st_ino;
		f->sync_failed = fails ? st.st_ino : f->sync_failed;
	}
	pthread_mutex_unlock(&f->lock);
	return (
		struct gfs_io_verdict){ .error = fails ? f->error : 0, .bytes = f->bytes == 1 ? event->size / 2 : f->bytes };
}

struct outcome {
	uint64_t start_lsn; /* the log is kept from here, which is transaction `first` */
	uint64_t first;
	uint64_t attempted;
	uint64_t appended;
	uint64_t acknowledged;
	int failure;
	bool bad; /* an answer against the contract */
};

#define WORK 34

/* No room for another segment, met before anything was written: the append is refused, and the log is as it was. */
static bool is_full(struct gfs_wal *wal, int err)
{
	return err == GFS_ERR_NOSPC && failure_of(wal) == 0;
}

/* A log's life, up to the first failure and a few calls past it. */
static struct outcome work(struct gfs_wal *wal)
{
	struct outcome o = { 0 };
	for (uint64_t n = 0; n < WORK; n++) {
		uint64_t lsn = 0;
		o.attempted = n + 1;
		o.failure = wal_model_append(wal, &model, n, &lsn);
		if (is_full(wal, o.failure))
			o.failure = wal_model_append(wal, &model, n, &lsn); /* when the fault is over it goes on */
		if (o.failure != 0)
			break;
		o.appended = n + 1;
		o.failure = gfs_wal_commit_wait(wal, lsn);
		if (o.failure != 0)
			break;
		o.acknowledged = n + 1;
		if (n == WORK / 2) {
			o.start_lsn = lsn;
			o.first = n + 1;
			int trim_err = gfs_wal_trim(wal, lsn);
			o.bad |= trim_err != 0 && trim_err != GFS_ERR_IO && trim_err != GFS_ERR_NOSPC;
		}
	}
	bool full = is_full(wal, o.failure);
	for (int i = 0; o.failure != 0 && !full && i < 3; i++) {
		uint64_t lsn;
		o.bad |= wal_model_append(wal, &model, o.attempted, &lsn) != GFS_ERR_FAILED;
		o.bad |= gfs_wal_commit_wait(wal, UINT64_MAX) != GFS_ERR_FAILED;
		o.bad |= gfs_wal_sync(wal, 1) != GFS_ERR_FAILED;
	}
	o.bad |= o.failure != 0 && !full && failure_of(wal) == 0; /* not the other way: the thread may fail last */
	return o;
}

/* Returns false when the fault's index was past the last call. */
static bool try_fault(struct fault *f)
{
	struct gfs_wal *wal = NULL;
	struct outcome o = { 0 };
	wal_scratch_empty(&scratch);
	assert_int_equal(gfs_wal_create(scratch.dir_fd, WAL_MODEL_ID, 0), 0);
	model.first = 0;
	gfs_io_set_hook(fault_hook, f);
	int err = reopen(0, &wal);
	if (err == 0) {
		err = gfs_wal_start(wal);
		if (err == 0)
			o = work(wal);
		gfs_wal_close(wal);
	}
	gfs_io_set_hook(NULL, NULL);
	assert_false(o.bad);
	assert_int_equal(f->syncs_after, 0);
	assert_true(f->fired || (err == 0 && o.failure == 0));

	model.first = o.first;
	wal = NULL;
	assert_int_equal(reopen(o.start_lsn, &wal), 0);
	assert_false(model.wrong);
	assert_true(o.first + model.count >= o.acknowledged);
	assert_true(o.first + model.count <= o.attempted);
	/* One failing call: the append that failed was blanked. */
	if (!f->sticky && o.failure != 0)
		assert_int_equal(o.first + model.count, o.appended);
	uint64_t recovered = o.first + model.count;
	assert_int_equal(gfs_wal_start(wal), 0);
	append(wal, recovered, recovered + 3, NULL);
	gfs_wal_close(wal);
	assert_int_equal(reopen_read_only(o.start_lsn), 0);
	assert_false(model.wrong);
	assert_int_equal(o.first + model.count, recovered + 3);
	return f->fired;
}

static void test_fault_at_every_call(void **state)
{
	static const int errors[] = { EIO, ENOSPC };
	static const size_t bytes[] = { 0, 1, 50, SIZE_MAX };
	unsigned executed = 0;
	(void)state;
	for (int sticky = 0; sticky < 2; sticky++) {
		for (unsigned kind = 0; kind < 8; kind++) {
			bool fired = true;
			for (unsigned at = 0; fired; at++, executed++) {
				struct fault f = { .lock = PTHREAD_MUTEX_INITIALIZER,
					.at = at,
					.error = errors[kind % 2],
					.bytes = bytes[kind / 2],
					.sticky = sticky != 0 };
				fired = try_fault(&f);
			}
		}
	}
	print_message("%u faults\n", executed);
	assert_true(executed > 16 * 80);
}

/* A lost background flush is told once with its cause, then for ever, and never tried again. */
static struct gfs_io_verdict fail_syncs(void *context, const struct gfs_io_event *event)
{
	unsigned *count = context;
	if (event->op != GFS_IO_SYNC)
		return (struct gfs_io_verdict){ 0 };
	__atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
	return (struct gfs_io_verdict){ .error = ENOSPC };
}

static void test_background_flush_fails(void **state)
{
	unsigned syncs = 0;
	uint64_t lsn = 0;
	(void)state;
	opts.mode = GFS_WAL_ASYNC;
	opts.interval_ms = 2;
	struct gfs_wal *wal = start(0, 0);
	gfs_io_set_hook(fail_syncs, &syncs);
	assert_int_equal(wal_model_append(wal, &model, 0, &lsn), 0);
	for (int i = 0; i < 5000 && failure_of(wal) == 0; i++)
		usleep(1000);
	assert_int_equal(failure_of(wal), GFS_ERR_NOSPC);
	assert_int_equal(gfs_wal_commit_wait(wal, lsn), GFS_ERR_NOSPC);
	assert_int_equal(gfs_wal_commit_wait(wal, lsn), GFS_ERR_FAILED);
	assert_int_equal(wal_model_append(wal, &model, 1, &lsn), GFS_ERR_FAILED);
	usleep(20000);
	gfs_wal_close(wal);
	gfs_io_set_hook(NULL, NULL);
	assert_int_equal(syncs, 1);
}

/* After a failed sync the page cache may call clean what the disk lacks: the next start writes it once more before it syncs. */
struct rewritten {
	uint8_t *want; /* bytes of the file that must be written */
	bool done[SEGMENT];
	bool synced_after;
};

static struct gfs_io_verdict watch_rewrite(void *context, const struct gfs_io_event *event)
{
	struct rewritten *r = context;
	if (event->op == GFS_IO_WRITE) {
		assert_true(event->offset + event->size <= SEGMENT);
		for (size_t i = 0; i < event->size; i++)
			r->done[event->offset + i] |= ((const uint8_t *)event->data)[i] == r->want[event->offset + i];
	}
	r->synced_after |= event->op == GFS_IO_SYNC;
	return (struct gfs_io_verdict){ 0 };
}

static void load(const char *name, uint8_t *out)
{
	int fd = openat(scratch.dir_fd, name, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, out, SEGMENT, 0), SEGMENT);
	close(fd);
}

static void save(const char *name, const uint8_t *data, size_t size)
{
	int fd = openat(scratch.dir_fd, name, O_RDWR | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, data, size, 0), (ssize_t)size);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	close(fd);
}

static void test_unsynced_tail_is_rewritten(void **state)
{
	static uint8_t want[SEGMENT];
	static struct rewritten r;
	unsigned syncs = 0;
	uint64_t lsns[8], lsn = 0;
	(void)state;
	struct gfs_wal *wal = start(0, 0);
	append(wal, 0, 4, lsns);
	gfs_io_set_hook(fail_syncs, &syncs);
	assert_int_equal(wal_model_append(wal, &model, 4, &lsn), 0);
	assert_int_equal(gfs_wal_commit_wait(wal, lsn), GFS_ERR_NOSPC);
	gfs_wal_close(wal);
	load(NAME_1, want);
	r = (struct rewritten){ .want = want };
	gfs_io_set_hook(watch_rewrite, &r);
	wal = start(0, 5);
	gfs_io_set_hook(NULL, NULL);
	for (size_t i = WAL_HEADER_BYTES + lsns[3]; i < WAL_HEADER_BYTES + lsn; i++)
		assert_true(r.done[i]);
	assert_true(r.synced_after);
	gfs_wal_close(wal);
}

/* ---- damage ---- */

/* Any flipped bit of a header is refused. Of a frame: refused when a later frame knows that it was on disk, else the transactions
 * before it come back and no other. */
static void test_every_flipped_bit(void **state)
{
	uint8_t good[SEGMENT], bad[SEGMENT];
	uint64_t lsns[4];
	unsigned flips = 0;
	(void)state;
	struct gfs_wal *wal = start(0, 0);
	append(wal, 0, 4, lsns);
	gfs_wal_close(wal);
	load(NAME_1, good);
	size_t end = WAL_HEADER_BYTES + lsns[3];
	memcpy(bad, good, SEGMENT);
	for (size_t bit = 0; bit < end * 8; bit++, flips++) {
		size_t byte = bit / 8;
		if (byte > 48 && byte < WAL_HEADER_SUM_OFFSET && bit % 8 != byte % 8)
			continue; /* the header's zeros: one bit a byte */
		bad[byte] ^= (uint8_t)(1u << bit % 8);
		save(NAME_1, bad, SEGMENT);
		int err = reopen_read_only(0);
		if (byte < WAL_HEADER_BYTES + lsns[2]) {
			assert_int_equal(err, GFS_ERR_CORRUPT);
		} else {
			assert_int_equal(err, 0);
			assert_false(model.wrong);
			assert_int_equal(model.count, 3);
		}
		bad[byte] = good[byte];
	}
	assert_true(flips > 32000);
	save(NAME_1, good, SEGMENT);
	assert_int_equal(reopen_read_only(0), 0);
	assert_int_equal(model.count, 4);
}

/* What was never synced may be torn anywhere: the whole transactions behind a torn one must not come back, neither now nor after new
 * ones of the same sizes took their place. */
static void test_nothing_behind_a_torn_transaction(void **state)
{
	uint8_t bytes[SEGMENT];
	uint64_t lsns[8];
	(void)state;
	opts.mode = GFS_WAL_ASYNC;
	for (size_t torn = 0; torn < 7; torn++) {
		wal_scratch_empty(&scratch);
		assert_int_equal(gfs_wal_create(scratch.dir_fd, WAL_MODEL_ID, 0), 0);
		struct gfs_wal *wal = start(0, 0);
		append(wal, 0, 8, lsns);
		gfs_wal_close(wal);
		load(NAME_1, bytes);
		bytes[WAL_HEADER_BYTES + lsns[torn] - 3 * 8] ^= 0x40;
		save(NAME_1, bytes, SEGMENT);
		wal = start(0, torn);
		append(wal, torn, torn + 1, NULL); /* fills exactly the gap */
		gfs_wal_close(wal);
		gfs_wal_close(start(0, torn + 1));
		load(NAME_1, bytes);
		for (size_t i = WAL_HEADER_BYTES + lsns[torn]; i < SEGMENT; i++)
			assert_int_equal(bytes[i], 0);
	}
}

static size_t size_large(uint64_t n)
{
	return n == 1 ? 150000 : 100;
}

/* A transaction over several segments whose last frame is lost: gone as a whole, its segments with it. */
static void test_transaction_without_its_last_frame(void **state)
{
	uint8_t bytes[SEGMENT];
	(void)state;
	opts.mode = GFS_WAL_ASYNC;
	model.size_of = size_large;
	struct gfs_wal *wal = start(0, 0);
	append(wal, 0, 3, NULL);
	gfs_wal_close(wal);
	load(NAME_3, bytes);
	memset(bytes + WAL_HEADER_BYTES, 0, 48);
	save(NAME_3, bytes, SEGMENT);
	wal = start(0, 1);
	assert_int_equal(faccessat(scratch.dir_fd, NAME_2, F_OK, 0), -1);
	assert_int_equal(faccessat(scratch.dir_fd, NAME_3, F_OK, 0), -1);
	append(wal, 1, 4, NULL);
	gfs_wal_close(wal);
	gfs_wal_close(start(0, 4));
}

static size_t size_same(uint64_t n)
{
	(void)n;
	return 100;
}

/* A frame of an earlier life, whole, at its right position and with a good sum, behind a newer frame of the same size: as if a disk
 * had lost the zeros that gfs_wal_start wrote. Only the chain tells. */
static void test_stale_frame_does_not_chain(void **state)
{
	uint8_t old[SEGMENT], bytes[SEGMENT];
	uint64_t lsns[6];
	(void)state;
	opts.mode = GFS_WAL_ASYNC;
	model.size_of = size_same;
	struct gfs_wal *wal = start(0, 0);
	append(wal, 0, 2, lsns);
	gfs_wal_close(wal);
	load(NAME_1, old);
	wal_scratch_empty(&scratch);
	assert_int_equal(gfs_wal_create(scratch.dir_fd, WAL_MODEL_ID, 0), 0);
	wal = start(0, 0);
	append(wal, 5, 6, lsns);
	gfs_wal_close(wal);
	assert_int_equal(lsns[5], lsns[0]);
	load(NAME_1, bytes);
	memcpy(bytes + WAL_HEADER_BYTES + lsns[0], old + WAL_HEADER_BYTES + lsns[0], (size_t)(lsns[1] - lsns[0]));
	save(NAME_1, bytes, SEGMENT);
	model.first = 5;
	assert_int_equal(reopen_read_only(0), 0);
	assert_int_equal(model.count, 1);
	assert_false(model.wrong);
}

struct forged {
	uint32_t flags[3];
	uint64_t durable_lsn; /* in the last */
	int expected;
	uint64_t count;
};

/* Frames whose sums and chain are right but which the log never writes in such an order. */
static void test_forged_frames(void **state)
{
	enum { F = WAL_FRAME_FIRST, L = WAL_FRAME_LAST };
	static const struct forged cases[] = {
		{ { F | L, F, L }, 0, 0, 2 },
		{ { F | L, F, 0 }, 0, 0, 1 },
		{ { F | L, L, F | L }, 0, GFS_ERR_CORRUPT, 0 },
		{ { L, F | L, F | L }, 0, GFS_ERR_CORRUPT, 0 },
		{ { F, F | L, F | L }, 0, GFS_ERR_CORRUPT, 0 },
		{ { F, 0, F | L }, 0, GFS_ERR_CORRUPT, 0 },
		{ { F | L, F | L, F | L | 4 }, 0, 0, 2 },
		{ { F | L, F | L, F | L }, 1 << 20, GFS_ERR_CORRUPT, 0 },
	};
	(void)state;
	model.size_of = size_same; /* only counts matter here */
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t bytes[SEGMENT], payload[8] = { 0 };
		uint64_t lsn = 0, chain = 0;
		load(NAME_1, bytes);
		memset(bytes + WAL_HEADER_BYTES, 0, SEGMENT - WAL_HEADER_BYTES);
		for (size_t k = 0; k < 3; k++) {
			struct wal_frame frame = { .flags = cases[i].flags[k],
				.previous_sum = chain,
				.durable_lsn = k == 2 ? cases[i].durable_lsn : 0,
				.payload = gfs_slice(payload, sizeof payload) };
			lsn += wal_frame_encode(WAL_MODEL_ID, lsn, &frame, bytes + WAL_HEADER_BYTES + lsn);
			chain = frame.sum;
		}
		save(NAME_1, bytes, SEGMENT);
		assert_int_equal(reopen_read_only(0), cases[i].expected);
		if (cases[i].expected == 0)
			assert_int_equal(model.count, cases[i].count);
	}
}

/* A segment gone, another's in its place, or cut after it was on disk: refused, never skipped. */
static void test_segments_missing_or_misplaced(void **state)
{
	uint8_t one[SEGMENT], two[SEGMENT];
	struct stat st;
	uint64_t lsns[60];
	(void)state;
	struct gfs_wal *wal = start(0, 0);
	append(wal, 0, 60, lsns);
	gfs_wal_close(wal);
	assert_int_equal(fstatat(scratch.dir_fd, NAME_3, &st, 0), 0);
	load(NAME_1, one);
	load(NAME_2, two);
	(void)unlinkat(scratch.dir_fd, NAME_2, 0);
	assert_int_equal(reopen_read_only(0), GFS_ERR_CORRUPT);
	save(NAME_2, one, SEGMENT);
	assert_int_equal(reopen_read_only(0), GFS_ERR_CORRUPT);
	save(NAME_2, two, 100);
	assert_int_equal(reopen_read_only(0), GFS_ERR_CORRUPT);
	save(NAME_2, two, SEGMENT / 2); /* later frames know that the rest was on disk */
	assert_int_equal(reopen_read_only(0), GFS_ERR_CORRUPT);
	save(NAME_2, two, SEGMENT);
	assert_int_equal(reopen_read_only(0), 0);
	assert_int_equal(model.count, 60);
}

/* A trim whose deletions reached the disk out of order leaves a segment below a gap, a preparation cut short a temporary file. */
static void test_leftovers_are_removed(void **state)
{
	uint8_t one[SEGMENT];
	uint64_t lsns[60];
	(void)state;
	struct gfs_wal *wal = start(0, 0);
	append(wal, 0, 60, lsns);
	load(NAME_1, one);
	assert_int_equal(gfs_wal_trim(wal, lsns[59]), 0);
	gfs_wal_close(wal);
	save(NAME_1, one, SEGMENT);
	save("next.tmp", one, 5000);
	save("notes.txt", one, 10);
	model.first = 60;
	wal = start(lsns[59], 0);
	assert_int_equal(faccessat(scratch.dir_fd, NAME_1, F_OK, 0), -1);
	assert_int_equal(faccessat(scratch.dir_fd, "next.tmp", F_OK, 0), -1);
	assert_int_equal(faccessat(scratch.dir_fd, "notes.txt", F_OK, 0), 0);
	append(wal, 60, 70, NULL);
	gfs_wal_close(wal);
	gfs_wal_close(start(lsns[59], 10));
}

static struct gfs_io_verdict count_changes(void *context, const struct gfs_io_event *event)
{
	unsigned *changes = context;
	*changes += event->op != GFS_IO_READ && event->op != GFS_IO_OPEN;
	return (struct gfs_io_verdict){ 0 };
}

static void test_read_only_changes_nothing(void **state)
{
	uint8_t before[SEGMENT], after[SEGMENT];
	struct gfs_wal *wal = start(0, 0);
	unsigned changes = 0;
	uint64_t lsn = 0;
	(void)state;
	append(wal, 0, 8, NULL);
	lsn = gfs_wal_end_lsn(wal);
	gfs_wal_close(wal);
	load(NAME_1, before);
	before[WAL_HEADER_BYTES + lsn - 20] ^= 1; /* a torn tail */
	save(NAME_1, before, SEGMENT);
	save("next.tmp", before, 1);
	opts.read_only = true;
	gfs_io_set_hook(count_changes, &changes);
	assert_int_equal(reopen(0, &wal), 0);
	assert_int_equal(model.count, 7);
	assert_int_equal(gfs_wal_start(wal), GFS_ERR_READONLY);
	assert_int_equal(wal_model_append(wal, &model, 7, &lsn), GFS_ERR_READONLY);
	assert_int_equal(gfs_wal_sync(wal, 0), GFS_ERR_READONLY);
	assert_int_equal(gfs_wal_trim(wal, 0), GFS_ERR_READONLY);
	gfs_wal_close(wal);
	gfs_io_set_hook(NULL, NULL);
	assert_int_equal(changes, 0);
	load(NAME_1, after);
	assert_memory_equal(before, after, SEGMENT);
	assert_int_equal(faccessat(scratch.dir_fd, "next.tmp", F_OK, 0), 0);
}

/* ---- recovery that fails on its way ---- */

/* Three segments with a torn transaction in the second, made anew each time. */
static void make_torn(void)
{
	uint8_t bytes[SEGMENT];
	uint64_t lsns[30];
	wal_scratch_empty(&scratch);
	assert_int_equal(gfs_wal_create(scratch.dir_fd, WAL_MODEL_ID, 0), 0);
	opts.mode = GFS_WAL_ASYNC;
	struct gfs_wal *wal = start(0, 0);
	append(wal, 0, 30, lsns);
	gfs_wal_close(wal);
	load(NAME_2, bytes);
	bytes[lsns[16] - (SEGMENT - WAL_HEADER_BYTES) + WAL_HEADER_BYTES - 16] ^= 1;
	save(NAME_2, bytes, SEGMENT);
}

/* Open, replay and start fail at each of their calls, several times over; the next try finds the same. */
static void test_recovery_fails_at_every_call(void **state)
{
	unsigned executed = 0;
	bool fired = true;
	(void)state;
	make_torn();
	assert_int_equal(reopen_read_only(0), 0);
	uint64_t expected = model.count;
	assert_in_range(expected, 11, 16);
	for (unsigned at = 0; fired; at++, executed++) {
		make_torn();
		for (unsigned again = 0; again < 3; again++) {
			struct gfs_wal *wal = NULL;
			struct fault f = { .lock = PTHREAD_MUTEX_INITIALIZER, .at = at + again, .error = EIO, .bytes = 1 };
			gfs_io_set_hook(fault_hook, &f);
			int err = reopen(0, &wal);
			if (err == 0) {
				err = gfs_wal_start(wal);
				gfs_wal_close(wal);
			}
			gfs_io_set_hook(NULL, NULL);
			assert_int_equal(err != 0, f.fired);
			fired = again == 0 ? f.fired : fired;
		}
		struct gfs_wal *wal = start(0, expected);
		append(wal, expected, expected + 20, NULL);
		gfs_wal_close(wal);
		gfs_wal_close(start(0, expected + 20));
	}
	print_message("%u faults\n", executed);
	assert_true(executed > 20);
}

/* Creating fails at each call: the answer says so, and success means that file and name are on disk. */
static void test_create_fails_at_every_call(void **state)
{
	bool fired = true;
	unsigned executed = 0;
	(void)state;
	for (unsigned at = 0; fired; at++, executed++) {
		struct fault f = { .lock = PTHREAD_MUTEX_INITIALIZER, .at = at, .error = ENOSPC };
		wal_scratch_empty(&scratch);
		gfs_io_set_hook(fault_hook, &f);
		int err = gfs_wal_create(scratch.dir_fd, WAL_MODEL_ID, 4711);
		gfs_io_set_hook(NULL, NULL);
		fired = f.fired;
		assert_int_equal(err, fired ? GFS_ERR_NOSPC : 0);
	}
	assert_int_equal(executed, 8); /* list, open, allocate, write, sync, rename, sync of the folder */
	assert_int_equal(reopen_read_only(4711), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fault_at_every_call),
		TEST(test_background_flush_fails),
		TEST(test_unsynced_tail_is_rewritten),
		TEST(test_every_flipped_bit),
		TEST(test_nothing_behind_a_torn_transaction),
		TEST(test_transaction_without_its_last_frame),
		TEST(test_stale_frame_does_not_chain),
		TEST(test_forged_frames),
		TEST(test_segments_missing_or_misplaced),
		TEST(test_leftovers_are_removed),
		TEST(test_read_only_changes_nothing),
		TEST(test_recovery_fails_at_every_call),
		TEST(test_create_fails_at_every_call),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
