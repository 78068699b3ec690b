/* The folder: making and opening it, who may, what a superblock and a data.mdb of different times do, the first failure. */
#include "store_toy.h"
#include "tests/support/scale.h"

#include "base/checked.h"
#include "base/io.h"
#include "base/limits.h"
#include "store/store_private.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char *path;
static struct gfs_message message;
static const struct gfs_store_opts quiet = { .checkpoint_interval_ms = UINT32_MAX,
	.wal_segment_bytes = GFS_WAL_SEGMENT_BYTES_MIN };
static const struct gfs_store_opts reading = { .read_only = true };

static int setup(void **state)
{
	(void)state;
	path = toy_dir_new();
	message.text[0] = '\0';
	return 0;
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

static void put_file(const char *name, const char *text)
{
	char *file = toy_path(path, name);
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	free(file);
}

/* Opens, counts and compares, closes. */
static uint64_t reopen_count(const struct gfs_store_opts *opts)
{
	struct gfs_store *store = toy_open_ok(path, opts);
	uint64_t k = toy_verify(store);
	assert_int_equal(gfs_store_close(store), 0);
	return k;
}

/* ---- create ---- */

static uint64_t size_of_file(const char *folder, const char *name)
{
	struct stat st;
	char *file = toy_path(folder, name);
	assert_int_equal(stat(file, &st), 0);
	free(file);
	return (uint64_t)st.st_size;
}

/* What df shows is what lies there: a new database's first segment is smaller than the others. */
static void check_disk_bytes(struct gfs_store *store, const char *folder)
{
	struct gfs_store_stats stats;
	gfs_store_stats_get(store, &stats);
	assert_int_equal(
		stats.disk_bytes, size_of_file(folder, "data.mdb") + size_of_file(folder, "wal/0000000000000001.log"));
}

static void test_create(void **state)
{
	struct stat st;
	struct gfs_store *store;
	(void)state;
	char *fresh = toy_path(path, "new");
	assert_int_equal(gfs_store_create(fresh, &message), 0);
	assert_int_equal(stat(fresh, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(gfs_store_create(fresh, &message), GFS_ERR_EXISTS);
	assert_int_equal(gfs_store_create(path, &message), GFS_ERR_NOTEMPTY);
	assert_int_equal(gfs_store_open(path, NULL, &store, &message), GFS_ERR_NOTDB);
	assert_int_equal(gfs_store_open("/nonexistent", NULL, &store, &message), GFS_ERR_NOTFOUND);
	store = toy_open_ok(fresh, NULL);
	check_disk_bytes(store, fresh);
	assert_int_equal(toy_verify(store), 0);
	assert_int_equal(gfs_store_counter(store, GFS_COUNTER_NODE_NEXT), 1);
	assert_int_equal(gfs_store_close(store), 0);
	assert_int_equal(gfs_store_close(NULL), 0);
	free(fresh);
}

/* Somebody else's data.mdb is never touched; what a creation of ours left behind is. */
static void test_create_over_leftovers(void **state)
{
	(void)state;
	put_file("data.mdb", "precious");
	uint64_t before = toy_dir_hash(path);
	assert_int_equal(gfs_store_create(path, &message), GFS_ERR_NOTEMPTY);
	assert_int_equal(toy_dir_hash(path), before);
	put_file("lock", "creating\n");
	assert_int_equal(gfs_store_create(path, &message), 0);
	assert_int_equal(reopen_count(NULL), 0);
}

/* ---- the lock ---- */

static void test_second_open_names_the_pid(void **state)
{
	char expected[64];
	struct gfs_store *second;
	(void)state;
	struct gfs_store *store = toy_create_open(path, &quiet);
	snprintf(expected, sizeof expected, "process %ld", (long)getpid());
	assert_int_equal(gfs_store_open(path, NULL, &second, &message), GFS_ERR_LOCKED);
	assert_non_null(strstr(message.text, expected));
	message.text[0] = '\0';
	assert_int_equal(gfs_store_open(path, &reading, &second, &message), GFS_ERR_LOCKED);
	assert_non_null(strstr(message.text, expected));
	assert_int_equal(toy_verify(store), 0);
	assert_int_equal(gfs_store_close(store), 0);
	assert_int_equal(reopen_count(NULL), 0);
}

/* ---- life ---- */

static void test_close_and_reopen(void **state)
{
	struct gfs_store_stats stats;
	(void)state;
	struct gfs_store *store = toy_create_open(path, &quiet);
	for (unsigned round = 1; round <= 6; round++) {
		commit_many(store, 40);
		assert_int_equal(toy_verify(store), 40 * round);
		assert_int_equal(gfs_store_close(store), 0);
		store = toy_open_ok(path, &quiet);
		gfs_store_stats_get(store, &stats);
		assert_int_equal(stats.recovered_transactions, 0);
		assert_int_equal(toy_verify(store), 40 * round);
	}
	assert_int_equal(gfs_store_close(store), 0);
}

static void test_times_only_grow(void **state)
{
	(void)state;
	struct gfs_store *store = toy_create_open(path, &quiet);
	uint64_t last_ns = 0;
	struct gfs_txn *txn;
	store->last_time_ns += UINT64_C(3600) * 1000000000; /* a clock that was set back an hour */
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(gfs_txn_begin(store, &txn), 0);
		assert_true(gfs_txn_time_ns(txn) > last_ns);
		last_ns = gfs_txn_time_ns(txn);
		assert_int_equal(toy_apply(txn, i + 1, true), 0);
		assert_int_equal(gfs_txn_commit(txn, NULL), 0);
		if (i % 2)
			assert_int_equal(gfs_store_checkpoint(store), 0);
	}
	assert_int_equal(gfs_store_close(store), 0);
	store = toy_open_ok(path, &quiet);
	assert_int_equal(gfs_txn_begin(store, &txn), 0);
	assert_true(gfs_txn_time_ns(txn) > last_ns);
	gfs_txn_abort(txn);
	assert_int_equal(gfs_store_close(store), 0);
}

static void test_aborts_leave_nothing(void **state)
{
	struct gfs_txn *txn;
	(void)state;
	struct gfs_store *store = toy_create_open(path, &quiet);
	for (unsigned i = 0; i < 60; i++) {
		uint64_t k = toy_count(store) + 1;
		assert_int_equal(gfs_txn_begin(store, &txn), 0);
		assert_int_equal(toy_apply(txn, 1000 + i, true), 0);
		if (i % 2 == 0) {
			gfs_txn_abort(txn);
		} else {
			gfs_txn_rollback_to(txn, (struct gfs_txn_mark){ 0, 0 });
			assert_int_equal(toy_apply(txn, k, true), 0);
			struct gfs_txn_mark mark = gfs_txn_mark(txn);
			assert_int_equal(toy_apply(txn, 2000 + i, true), 0);
			gfs_txn_rollback_to(txn, mark);
			assert_int_equal(gfs_txn_commit(txn, NULL), 0);
		}
		toy_verify(store);
		if (i % 7 == 0)
			assert_int_equal(gfs_store_checkpoint(store), 0);
	}
	assert_int_equal(gfs_store_close(store), 0);
	assert_int_equal(reopen_count(&quiet), 30);
}

/* Runs `work` in a process of its own that ends without closing anything. */
static void in_child(void (*work)(struct gfs_store *store))
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		work(toy_open_ok(path, &quiet));
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void work_plain(struct gfs_store *store)
{
	for (unsigned i = 0; i < 50; i++)
		if (toy_commit(store, NULL) != 0)
			_exit(1);
}

static void work_checkpoints(struct gfs_store *store)
{
	for (unsigned i = 0; i < 50; i++)
		if (toy_commit(store, NULL) != 0 || (i % 20 == 7 && gfs_store_checkpoint(store) != 0))
			_exit(1);
}

static void work_open_txn(struct gfs_store *store)
{
	struct gfs_txn *txn;
	work_plain(store);
	if (gfs_txn_begin(store, &txn) != 0 || toy_apply(txn, toy_count(store) + 1, true) != 0)
		_exit(1);
}

static void test_recovery_after_exit(void **state)
{
	static void (*const works[])(struct gfs_store *) = { work_plain, work_checkpoints, work_open_txn };
	struct gfs_store_stats stats;
	(void)state;
	assert_int_equal(gfs_store_create(path, &message), 0);
	for (unsigned i = 0; i < GFS_COUNT(works); i++) {
		in_child(works[i]);
		struct gfs_store *store = toy_open_ok(path, &quiet);
		assert_int_equal(toy_verify(store), 50 * (i + 1));
		gfs_store_stats_get(store, &stats);
		assert_int_equal(stats.recovered_transactions, i == 1 ? 2 : 50);
		assert_int_equal(gfs_store_close(store), 0);
	}
}

/* ---- read-only ---- */

static void test_read_only_changes_nothing(void **state)
{
	struct gfs_txn *txn;
	(void)state;
	assert_int_equal(gfs_store_create(path, &message), 0);
	for (unsigned dirty = 0; dirty < 2; dirty++) {
		if (dirty)
			in_child(work_checkpoints);
		uint64_t before = toy_dir_hash(path);
		struct gfs_store *store = toy_open_ok(path, &reading);
		assert_int_equal(toy_verify(store), 50 * dirty);
		assert_int_equal(gfs_txn_begin(store, &txn), GFS_ERR_READONLY);
		assert_int_equal(gfs_store_checkpoint(store), GFS_ERR_READONLY);
		assert_int_equal(gfs_store_sync(store), 0);
		assert_int_equal(gfs_store_close(store), 0);
		assert_int_equal(toy_dir_hash(path), before);
	}
}

/* fsck's way: the checkpoint's state, the log left alone. */
static void test_open_without_replay(void **state)
{
	(void)state;
	assert_int_equal(gfs_store_create(path, &message), 0);
	in_child(work_checkpoints);
	uint64_t before = toy_dir_hash(path);
	assert_int_equal(reopen_count(&(struct gfs_store_opts){ .read_only = true, .force_read_only_on_dirty = true }), 48);
	assert_int_equal(toy_dir_hash(path), before);
	assert_int_equal(reopen_count(&quiet), 50);
}

/* ---- superblock and data.mdb of different times ---- */

/* 30 commits, a checkpoint, 30 more, a checkpoint, with a copy of both files (name.1, name.2) after each; then 10 that only the log has. */
static void two_checkpoints(struct gfs_store *store, char *copies)
{
	for (unsigned i = 0; i < 2; i++) {
		commit_many(store, 30);
		assert_int_equal(gfs_store_checkpoint(store), 0);
		toy_file_copy(path, "superblock", copies, i ? "superblock.2" : "superblock.1");
		toy_file_copy(path, "data.mdb", copies, i ? "data.mdb.2" : "data.mdb.1");
	}
}

static void work_two_checkpoints(struct gfs_store *store)
{
	char *copies = toy_path(path, "../copies");
	two_checkpoints(store, copies);
	commit_many(store, 10);
	free(copies);
}

static char *begin_copies(void)
{
	char *copies = toy_path(path, "../copies");
	char *fresh = toy_path(path, "db");
	assert_int_equal(mkdir(fresh, 0700), 0);
	free(copies);
	copies = toy_path(path, "copies");
	assert_int_equal(mkdir(copies, 0700), 0);
	free(path);
	path = fresh;
	assert_int_equal(gfs_store_create(path, &message), 0);
	in_child(work_two_checkpoints);
	return copies;
}

static void end_copies(char *copies)
{
	char *base = toy_path(path, "..");
	char *real = realpath(base, NULL);
	free(base);
	free(path);
	free(copies);
	path = real;
}

static void test_superblock_one_behind_tables(void **state)
{
	(void)state;
	char *copies = begin_copies();
	toy_file_copy(copies, "superblock.1", path, "superblock");
	uint64_t before = toy_dir_hash(path);
	assert_int_equal(reopen_count(&reading), 70);
	assert_int_equal(toy_dir_hash(path), before);
	struct gfs_store *store = toy_open_ok(path, &quiet);
	assert_int_equal(store->sb.sequence, 3);
	assert_int_equal(toy_verify(store), 70);
	commit_many(store, 5);
	assert_int_equal(gfs_store_close(store), 0);
	assert_int_equal(reopen_count(&quiet), 75);
	end_copies(copies);
}

static void lose_newer_meta(void)
{
	enum { META_TXNID = 16 + 24 + 2 * 48 + 8 };
	uint64_t txnid[2], zero = 0;
	char *file = toy_path(path, "data.mdb");
	int fd = open(file, O_RDWR);
	assert_true(fd >= 0);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pread(fd, &txnid[i], 8, i * 4096 + META_TXNID), 8);
	unsigned newer = txnid[1] > txnid[0];
	assert_int_equal(txnid[newer], txnid[!newer] + 1);
	assert_int_equal(pwrite(fd, &zero, 8, newer * 4096 + META_TXNID), 8);
	close(fd);
	free(file);
}

static void test_tables_one_behind_superblock(void **state)
{
	(void)state;
	char *copies = begin_copies();
	toy_file_copy(copies, "data.mdb.1", path, "data.mdb");
	struct gfs_store *store = toy_open_ok(path, &quiet);
	assert_int_equal(toy_verify(store), 70);
	struct gfs_store_stats stats;
	gfs_store_stats_get(store, &stats);
	assert_int_equal(stats.recovered_transactions, 40);
	commit_many(store, 5);
	assert_int_equal(gfs_store_checkpoint(store), 0);
	assert_int_equal(gfs_store_close(store), 0);
	/* And once more, after a close: what LMDB falls back to is the same state (C5 of checkpoint.c). */
	lose_newer_meta();
	assert_int_equal(reopen_count(&quiet), 75);
	end_copies(copies);
}

/* The first fact of RELIABILITY.md: LMDB falls back by itself when the newer meta page lost its transaction id. */
static void test_lmdb_meta_page_lost(void **state)
{
	(void)state;
	char *copies = begin_copies();
	lose_newer_meta();
	assert_int_equal(reopen_count(&quiet), 70);
	lose_newer_meta();
	assert_int_equal(reopen_count(&quiet), 70);
	end_copies(copies);
}

static void flip(const char *name, off_t offset)
{
	uint8_t byte;
	char *file = toy_path(path, name);
	int fd = open(file, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, offset), 1);
	byte ^= 4;
	assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
	close(fd);
	free(file);
}

static void test_damaged_superblock(void **state)
{
	struct gfs_store *store;
	(void)state;
	char *copies = begin_copies();
	for (unsigned copy = 0; copy < 2; copy++) {
		toy_file_copy(copies, "superblock.2", path, "superblock");
		flip("superblock", copy * 4096 + 20);
		assert_int_equal(reopen_count(&reading), 70);
	}
	flip("superblock", 20);
	uint64_t before = toy_dir_hash(path);
	assert_int_equal(toy_open(path, &reading, &store, &message), GFS_ERR_CORRUPT);
	assert_true(message.text[0] != '\0');
	assert_int_equal(toy_dir_hash(path), before);
	end_copies(copies);
}

static uint32_t format_of(void)
{
	struct gfs_superblock sb;
	int dir_fd;
	assert_int_equal(gfs_io_open_dir(path, &dir_fd), 0);
	assert_int_equal(gfs_superblock_read(dir_fd, &sb, &message), 0);
	gfs_io_close(dir_fd);
	return sb.format_version;
}

static void set_format(uint32_t version)
{
	struct gfs_superblock sb;
	int dir_fd;
	assert_int_equal(gfs_io_open_dir(path, &dir_fd), 0);
	assert_int_equal(gfs_superblock_read(dir_fd, &sb, &message), 0);
	sb.format_version = version;
	assert_int_equal(gfs_superblock_write(dir_fd, &sb), 0);
	gfs_io_close(dir_fd);
}

/* A database of the version before is read as it is, and becomes one of this version when it is opened for writing, before anything is written. */
static void test_older_format(void **state)
{
	(void)state;
	struct gfs_store *store = toy_create_open(path, &quiet);
	commit_many(store, 70);
	assert_int_equal(gfs_store_close(store), 0);
	assert_int_equal(format_of(), GFS_FORMAT_VERSION);
	set_format(GFS_FORMAT_VERSION_OLDEST);
	assert_int_equal(reopen_count(&reading), 70);
	assert_int_equal(format_of(), GFS_FORMAT_VERSION_OLDEST);
	store = toy_open_ok(path, &quiet);
	assert_int_equal(format_of(), GFS_FORMAT_VERSION);
	assert_int_equal(toy_verify(store), 70);
	assert_int_equal(gfs_store_close(store), 0);
	assert_int_equal(format_of(), GFS_FORMAT_VERSION);
}

/* A record with a right sum and a counter past every id made the first listing run through 2^57 pages. */
static void test_counters_out_of_range_are_refused(void **state)
{
	static const struct {
		enum gfs_counter counter;
		uint64_t max;
	} bounds[] = {
		{ GFS_COUNTER_NODE_NEXT, GFS_ID_MAX + 1 },
		{ GFS_COUNTER_REL_NEXT, GFS_ID_MAX + 1 },
		{ GFS_COUNTER_BLOB_FREE, 0 },
		{ GFS_COUNTER_HEAP_PAGES, GFS_HEAP_PAGES_MAX },
		{ GFS_COUNTER_BLOB_PAGES, GFS_BLOB_PAGES_MAX },
	};
	(void)state;
	for (unsigned i = 0; i < 2 * sizeof bounds / sizeof bounds[0]; i++) {
		char *fresh = toy_dir_new();
		struct gfs_store *store = toy_create_open(fresh, &quiet);
		struct gfs_txn *txn = NULL;
		assert_int_equal(gfs_txn_begin(store, &txn), 0);
		assert_int_equal(gfs_txn_counter_set(txn, bounds[i / 2].counter, bounds[i / 2].max + i % 2), 0);
		assert_int_equal(gfs_txn_commit(txn, NULL), 0);
		assert_int_equal(gfs_store_checkpoint(store), 0);
		assert_int_equal(gfs_store_close(store), 0);
		int err = gfs_store_open(fresh, &reading, &store, &message);
		assert_int_equal(err, i % 2 == 0 ? 0 : GFS_ERR_CORRUPT);
		assert_int_equal(err == 0 ? gfs_store_close(store) : 0, 0);
		toy_dir_remove(fresh);
	}
}

static void test_mixed_files_are_refused(void **state)
{
	struct gfs_store *store;
	(void)state;
	char *copies = begin_copies();
	assert_int_equal(reopen_count(&quiet), 70); /* closes with checkpoint 4 */
	toy_file_copy(copies, "data.mdb.1", path, "data.mdb");
	assert_int_equal(toy_open(path, &quiet, &store, &message), GFS_ERR_CORRUPT);
	assert_non_null(strstr(message.text, "do not belong together"));
	toy_file_copy(copies, "superblock.1", path, "superblock");
	toy_file_copy(copies, "data.mdb.2", path, "data.mdb");
	char *other = toy_path(copies, "other");
	assert_int_equal(gfs_store_create(other, &message), 0);
	toy_file_copy(other, "data.mdb", path, "data.mdb");
	assert_int_equal(toy_open(path, &quiet, &store, &message), GFS_ERR_CORRUPT);
	assert_non_null(strstr(message.text, "another database"));
	free(other);
	end_copies(copies);
}

/* ---- the first failure ---- */

struct fault {
	unsigned at; /* the index of the call that fails */
	bool sticky; /* and all after it */
	int error;
	size_t bytes; /* of a write that are written all the same */
	bool die;     /* end the process there instead */
	_Atomic unsigned count;
};

static struct gfs_io_verdict fail_at(void *context, const struct gfs_io_event *event)
{
	struct fault *f = context;
	unsigned i = f->count++;
	if (i < f->at || (i > f->at && !f->sticky))
		return (struct gfs_io_verdict){ 0 };
	if (f->die && event->op != GFS_IO_WRITE)
		_exit(7);
	return (struct gfs_io_verdict){ .error = f->error, .bytes = f->bytes };
}

/* A life of a store; *acked counts commits that were answered 0, *tried all that were begun. Returns the first error. */
static int life(uint64_t *acked, uint64_t *tried)
{
	struct gfs_store *store;
	int err = toy_open(path, &quiet, &store, &message);
	if (err != 0)
		return err;
	for (unsigned i = 0; i < 24 && err == 0; i++) {
		*tried = toy_count(store) + 1;
		err = toy_commit(store, NULL);
		if (err == 0)
			*acked = *tried;
		if (err == 0 && i % 10 == 5)
			err = gfs_store_checkpoint(store);
		if (err == 0 && i == 20)
			err = gfs_store_sync(store);
	}
	if (err != 0 && err != GFS_ERR_READONLY) {
		struct gfs_txn *txn;
		struct gfs_store_stats stats;
		assert_int_equal(gfs_txn_begin(store, &txn), GFS_ERR_FAILED);
		gfs_store_stats_get(store, &stats);
		assert_int_not_equal(stats.failure, 0);
		assert_int_equal(toy_verify(store), *acked); /* readers go on */
	}
	int closed = gfs_store_close(store);
	return err ? err : closed;
}

static unsigned fail_everywhere(struct fault kind)
{
	unsigned failures = 0;
	for (unsigned at = 0;; at++) {
		struct fault f = kind;
		uint64_t acked = 0, tried = 0;
		f.at = at;
		char *base = path;
		path = toy_path(base, "db");
		assert_int_equal(gfs_store_create(path, &message), 0);
		gfs_io_set_hook(fail_at, &f);
		failures += life(&acked, &tried) != 0;
		gfs_io_set_hook(NULL, NULL);
		uint64_t k = reopen_count(&quiet);
		if (k != acked)
			printf("call %u: acknowledged %u, recovered %u\n", at, (unsigned)acked, (unsigned)k);
		assert_int_equal(k, acked);
		toy_dir_remove(path);
		path = base;
		if (f.count <= at)
			break;
	}
	return failures;
}

static void test_failure_at_every_call(void **state)
{
	static const struct fault kinds[] = {
		{ .error = EIO },
		{ .error = EIO, .sticky = true },
		{ .error = ENOSPC, .sticky = true },
		{ .error = ENOSPC, .bytes = 13 },
	};
	(void)state;
	for (unsigned i = 0; i < GFS_COUNT(kinds); i++) {
		unsigned failures = fail_everywhere(kinds[i]);
		printf("kind %u: %u failures\n", i, failures);
		assert_true(failures > 20);
	}
}

/* The same for create: what failed can be made again. */
static void test_create_fails_at_every_call(void **state)
{
	unsigned failures = 0;
	(void)state;
	for (unsigned at = 0;; at++) {
		struct fault f = { .at = at, .error = ENOSPC, .sticky = at % 2 == 0 };
		char *fresh = toy_path(path, "db");
		gfs_io_set_hook(fail_at, &f);
		int err = gfs_store_create(fresh, &message);
		gfs_io_set_hook(NULL, NULL);
		failures += err != 0;
		if (err != 0) {
			err = gfs_store_create(fresh, &message);
			if (err != 0 && err != GFS_ERR_EXISTS)
				printf("call %u: %s\n", at, message.text);
			assert_true(err == 0 || err == GFS_ERR_EXISTS);
		}
		struct gfs_store *store = toy_open_ok(fresh, &quiet);
		assert_int_equal(toy_verify(store), 0);
		assert_int_equal(gfs_store_close(store), 0);
		toy_dir_remove(fresh);
		if (f.count <= at)
			break;
	}
	printf("%u failures\n", failures);
	assert_true(failures > 10);
}

/* Killed at every call: what was acknowledged is there, at most the one under way besides. */
static void test_killed_at_every_call(void **state)
{
	unsigned deaths = 0;
	(void)state;
	uint64_t *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(shared != MAP_FAILED);
	char *base = path;
	for (unsigned at = 0;; at += GFS_SCALED(1, 8)) {
		path = toy_path(base, "db");
		assert_int_equal(gfs_store_create(path, &message), 0);
		shared[0] = shared[1] = 0;
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			struct fault f = { .at = at, .sticky = true, .die = true, .error = EIO, .bytes = at % 3 ? SIZE_MAX : 11 };
			gfs_io_set_hook(fail_at, &f);
			_exit(life(&shared[0], &shared[1]) != 0);
		}
		int status;
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		uint64_t k = reopen_count(&quiet);
		assert_true(k >= shared[0] && k <= shared[1]);
		toy_dir_remove(path);
		path = base;
		if (WEXITSTATUS(status) == 0)
			break;
		deaths++;
	}
	munmap(shared, 4096);
	printf("%u deaths\n", deaths);
	assert_true(deaths > GFS_SCALED(20, 3));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_create),
		TEST(test_create_over_leftovers),
		TEST(test_second_open_names_the_pid),
		TEST(test_close_and_reopen),
		TEST(test_times_only_grow),
		TEST(test_aborts_leave_nothing),
		TEST(test_recovery_after_exit),
		TEST(test_read_only_changes_nothing),
		TEST(test_open_without_replay),
		TEST(test_superblock_one_behind_tables),
		TEST(test_tables_one_behind_superblock),
		TEST(test_lmdb_meta_page_lost),
		TEST(test_damaged_superblock),
		TEST(test_older_format),
		TEST(test_counters_out_of_range_are_refused),
		TEST(test_mixed_files_are_refused),
		TEST(test_failure_at_every_call),
		TEST(test_create_fails_at_every_call),
		TEST(test_killed_at_every_call),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
