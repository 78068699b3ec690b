/* The LMDB backend: what its interface promises, damaged files, and readers beside a writer. */
#include "base/hash.h"
#include "base/io.h"
#include "store/kv.h"

#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	char dir[64];
	char path[96];
	struct gfs_kv_backend *kv;
	struct gfs_message message;
};

static int open_with(struct fixture *f, bool create, bool read_only, uint64_t map_bytes)
{
	struct gfs_kv_lmdb_opts opts = { .create = create, .read_only = read_only, .map_bytes = map_bytes };
	return gfs_kv_lmdb_open(f->path, &opts, &f->kv, &f->message);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	assert_non_null(f);
	(void)snprintf(f->dir, sizeof f->dir, "/tmp/gfs-test-kv-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->path, sizeof f->path, "%s/data.mdb", f->dir);
	assert_int_equal(open_with(f, true, false, 0), 0);
	*state = f;
	return 0;
}

static void close_kv(struct fixture *f)
{
	if (f->kv)
		f->kv->ops->close(f->kv);
	f->kv = NULL;
}

static int remove_file(void *context, const char *name)
{
	return gfs_io_unlink_at(*(int *)context, name);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	int dir_fd;
	close_kv(f);
	assert_int_equal(gfs_io_open_dir(f->dir, &dir_fd), 0);
	assert_int_equal(gfs_io_list(dir_fd, remove_file, &dir_fd), 0);
	gfs_io_close(dir_fd);
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

static struct gfs_slice key_of(uint64_t number, uint8_t bytes[8])
{
	gfs_put_be64(bytes, number);
	return gfs_slice(bytes, 8);
}

static void put(struct fixture *f, struct gfs_kv_batch *b, enum gfs_kv_table table, const char *key, const char *value)
{
	assert_int_equal(f->kv->ops->batch_put(b, table, gfs_slice_text(key), gfs_slice_text(value)), 0);
}

static void put_one(struct fixture *f, enum gfs_kv_table table, const char *key, const char *value)
{
	struct gfs_kv_batch *b;
	assert_int_equal(f->kv->ops->batch_begin(f->kv, &b), 0);
	put(f, b, table, key, value);
	assert_int_equal(f->kv->ops->batch_commit(b), 0);
}

/* NULL: must not exist. */
static void expect(struct fixture *f, enum gfs_kv_table table, const char *key, const char *value)
{
	GFS_AUTO_BUF buf = GFS_BUF_INIT;
	int err = f->kv->ops->get(f->kv, table, gfs_slice_text(key), &buf);
	assert_int_equal(err, value ? 0 : GFS_ERR_NOTFOUND);
	assert_int_equal(f->kv->ops->get(f->kv, table, gfs_slice_text(key), NULL), err);
	if (value)
		assert_true(gfs_slice_equal(gfs_buf_slice(&buf), gfs_slice_text(value)));
}

static void test_batches_are_atomic(void **state)
{
	struct fixture *f = *state;
	struct gfs_kv_batch *b;
	struct gfs_kv_backend_stats before, after;
	f->kv->ops->stats(f->kv, &before);
	assert_int_equal(f->kv->ops->batch_begin(f->kv, &b), 0);
	put(f, b, GFS_KV_META, "b", "2");
	put(f, b, GFS_KV_META, "c", "3");
	put(f, b, GFS_KV_META, "a", "1");
	put(f, b, GFS_KV_KEYS, "a", "other table");
	expect(f, GFS_KV_META, "a", NULL);
	assert_int_equal(f->kv->ops->batch_commit(b), 0);
	expect(f, GFS_KV_META, "a", "1");
	expect(f, GFS_KV_KEYS, "a", "other table");
	assert_int_equal(f->kv->ops->batch_begin(f->kv, &b), 0);
	put(f, b, GFS_KV_META, "a", "new");
	assert_int_equal(f->kv->ops->batch_delete(b, GFS_KV_META, gfs_slice_text("b")), 0);
	f->kv->ops->batch_abort(b);
	expect(f, GFS_KV_META, "a", "1");
	expect(f, GFS_KV_META, "b", "2");
	f->kv->ops->stats(f->kv, &after);
	assert_int_equal(after.commit_id, before.commit_id + 1);
	assert_true(after.file_bytes >= 4096 && after.used_bytes >= 4096);
}

static void test_delete_and_reopen(void **state)
{
	struct fixture *f = *state;
	struct gfs_kv_batch *b;
	put_one(f, GFS_KV_ADJ, "a", "1");
	put_one(f, GFS_KV_ADJ, "b", "");
	assert_int_equal(f->kv->ops->batch_begin(f->kv, &b), 0);
	assert_int_equal(f->kv->ops->batch_delete(b, GFS_KV_ADJ, gfs_slice_text("a")), 0);
	assert_int_equal(f->kv->ops->batch_delete(b, GFS_KV_ADJ, gfs_slice_text("never")), 0);
	assert_int_equal(f->kv->ops->batch_commit(b), 0);
	close_kv(f);
	assert_int_equal(open_with(f, false, true, 0), 0);
	expect(f, GFS_KV_ADJ, "a", NULL);
	expect(f, GFS_KV_ADJ, "b", "");
	assert_int_equal(f->kv->ops->batch_begin(f->kv, &b), GFS_ERR_READONLY);
}

static void test_bad_keys_and_sizes(void **state)
{
	struct fixture *f = *state;
	struct gfs_kv_batch *b;
	char page[8], long_key[GFS_KV_KEY_BYTES_MAX + 1] = { 0 };
	assert_int_equal(f->kv->ops->batch_begin(f->kv, &b), 0);
	assert_int_equal(f->kv->ops->batch_put(b, GFS_KV_META, gfs_slice("", 0), gfs_slice("", 0)), GFS_ERR_INVALID);
	assert_int_equal(f->kv->ops->batch_delete(b, GFS_KV_META, gfs_slice("", 0)), GFS_ERR_INVALID);
	assert_int_equal(
		f->kv->ops->batch_put(b, GFS_KV_META, gfs_slice(long_key, sizeof long_key), gfs_slice("", 0)), GFS_ERR_INVALID);
	assert_int_equal(
		f->kv->ops->batch_put(b, GFS_KV_META, gfs_slice(long_key, GFS_KV_KEY_BYTES_MAX), gfs_slice("", 0)), 0);
	put(f, b, GFS_KV_PAGES, "p", "12345678");
	assert_int_equal(f->kv->ops->batch_commit(b), 0);
	assert_int_equal(f->kv->ops->get_into(f->kv, GFS_KV_PAGES, gfs_slice_text("p"), page, 8), 0);
	assert_memory_equal(page, "12345678", 8);
	assert_int_equal(f->kv->ops->get_into(f->kv, GFS_KV_PAGES, gfs_slice_text("p"), page, 7), GFS_ERR_CORRUPT);
	assert_int_equal(f->kv->ops->get_into(f->kv, GFS_KV_PAGES, gfs_slice_text("q"), page, 8), GFS_ERR_NOTFOUND);
}

static void test_cursor_is_a_snapshot(void **state)
{
	struct fixture *f = *state;
	struct gfs_kv_cursor *c, *inner;
	struct gfs_slice key, value;
	put_one(f, GFS_KV_META, "a", "1");
	put_one(f, GFS_KV_META, "c", "3");
	assert_int_equal(f->kv->ops->cursor_open(f->kv, GFS_KV_META, &c), 0);
	put_one(f, GFS_KV_META, "b", "2");
	assert_int_equal(f->kv->ops->cursor_open(f->kv, GFS_KV_META, &inner), 0);
	assert_int_equal(f->kv->ops->cursor_seek(inner, gfs_slice_text("aa"), &key, &value), 0);
	assert_true(gfs_slice_equal(key, gfs_slice_text("b")));
	f->kv->ops->cursor_close(inner);
	assert_int_equal(f->kv->ops->cursor_seek(c, gfs_slice(NULL, 0), &key, &value), 0);
	assert_true(gfs_slice_equal(value, gfs_slice_text("1")));
	assert_int_equal(f->kv->ops->cursor_next(c, &key, &value), 0);
	assert_true(gfs_slice_equal(key, gfs_slice_text("c")));
	assert_int_equal(f->kv->ops->cursor_next(c, &key, &value), GFS_ERR_NOTFOUND);
	assert_int_equal(f->kv->ops->cursor_seek(c, gfs_slice_text("d"), &key, &value), GFS_ERR_NOTFOUND);
	f->kv->ops->cursor_close(c);
	assert_int_equal(f->kv->ops->cursor_open(f->kv, GFS_KV_META, &c), 0); /* a kept cursor sees what is new */
	assert_int_equal(f->kv->ops->cursor_seek(c, gfs_slice_text("b"), &key, &value), 0);
	assert_true(gfs_slice_equal(value, gfs_slice_text("2")));
	f->kv->ops->cursor_close(c);
}

static void write_pages(struct fixture *f, uint64_t first, uint64_t count, uint64_t step)
{
	static uint8_t page[GFS_PAGE_SIZE];
	struct gfs_kv_batch *b;
	uint8_t bytes[8];
	assert_int_equal(f->kv->ops->batch_begin(f->kv, &b), 0);
	for (uint64_t i = 0; i < count; i++) {
		memset(page, (int)((first + i * step) & 0xff), sizeof page);
		assert_int_equal(
			f->kv->ops->batch_put(b, GFS_KV_PAGES, key_of(first + i * step, bytes), gfs_slice(page, sizeof page)), 0);
	}
	assert_int_equal(f->kv->ops->batch_commit(b), 0);
}

static void expect_pages(struct fixture *f, uint64_t count)
{
	static uint8_t page[GFS_PAGE_SIZE];
	uint8_t bytes[8];
	for (uint64_t i = 0; i < count; i++) {
		uint64_t number = gfs_mix64(i) % count;
		assert_int_equal(f->kv->ops->get_into(f->kv, GFS_KV_PAGES, key_of(number, bytes), page, sizeof page), 0);
		assert_int_equal(page[0], number & 0xff);
		assert_int_equal(page[sizeof page - 1], number & 0xff);
	}
}

/* "RssFile" or "RssAnon". */
static long resident_kib(const char *field)
{
	long kib = 0;
	char line[256];
	FILE *status = fopen("/proc/self/status", "re");
	while (status && fgets(line, sizeof line, status))
		if (strncmp(line, field, strlen(field)) == 0) {
			kib = strtol(line + strlen(field) + 1, NULL, 10);
			break;
		}
	if (status)
		(void)fclose(status);
	return kib;
}

/* Appended, inserted between and replaced in one run, 48 MiB in all; reading them keeps little of it resident. */
static void test_pages_and_resident_memory(void **state)
{
	struct fixture *f = *state;
	write_pages(f, 0, 3000, 2);
	write_pages(f, 1, 3000, 2);
	write_pages(f, 0, 100, 7);
	long before = resident_kib("RssFile");
	for (unsigned i = 0; i < 3; i++)
		expect_pages(f, 6000);
	assert_true(resident_kib("RssFile") - before < 16 * 1024);
}

static void test_full_map(void **state)
{
	struct fixture *f = *state;
	struct gfs_kv_batch *b;
	static uint8_t page[GFS_PAGE_SIZE];
	uint8_t bytes[8];
	close_kv(f);
	assert_int_equal(open_with(f, false, false, UINT64_C(1) << 20), 0);
	put_one(f, GFS_KV_META, "a", "1");
	for (unsigned attempt = 0; attempt < 2; attempt++) {
		int err = f->kv->ops->batch_begin(f->kv, &b);
		for (uint64_t i = 0; i < 1000 && !err; i++)
			err = f->kv->ops->batch_put(b, GFS_KV_PAGES, key_of(i, bytes), gfs_slice(page, sizeof page));
		assert_int_equal(err, GFS_ERR_NOSPC);
		f->kv->ops->batch_abort(b);
		expect(f, GFS_KV_META, "a", "1");
	}
	put_one(f, GFS_KV_META, "a", "2");
	expect(f, GFS_KV_META, "a", "2");
}

/* When the system refuses a large map, a small one serves, and grows. */
static void test_scarce_address_space(void **state)
{
	struct fixture *f = *state;
	if (getenv("GRAPHFS_SANITIZE") && *getenv("GRAPHFS_SANITIZE"))
		skip(); /* sanitizers need more address space than any limit */
	struct rlimit old, tight;
	close_kv(f);
	assert_int_equal(getrlimit(RLIMIT_AS, &old), 0);
	tight = (struct rlimit){ .rlim_cur = UINT64_C(300) << 20, .rlim_max = old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_AS, &tight), 0);
	int err = open_with(f, false, false, 0);
	assert_int_equal(setrlimit(RLIMIT_AS, &old), 0);
	assert_int_equal(err, 0);
	struct gfs_kv_cursor *c;
	bool was_full = false;
	for (uint64_t i = 0; i < 80; i++) { /* 80 MiB of values that are not compressed: more than the first map */
		struct gfs_kv_batch *b;
		uint8_t bytes[8];
		size_t size = 4 << 20;
		uint8_t *value = calloc(1, size);
		assert_non_null(value);
		assert_int_equal(f->kv->ops->cursor_open(f->kv, GFS_KV_META, &c), 0);
		f->kv->ops->cursor_close(c);
		assert_int_equal(f->kv->ops->batch_begin(f->kv, &b), 0);
		err = f->kv->ops->batch_put(b, GFS_KV_IDSETS, key_of(i, bytes), gfs_slice(value, size));
		if (err) {
			assert_int_equal(err, GFS_ERR_NOSPC);
			was_full = true;
			i--;
			f->kv->ops->batch_abort(b);
		} else {
			assert_int_equal(f->kv->ops->batch_commit(b), 0);
		}
		free(value);
	}
	assert_true(was_full);
	put_one(f, GFS_KV_META, "a", "1");
	expect(f, GFS_KV_META, "a", "1");
}

static void write_file(const char *path, const char *text, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	if (size)
		assert_int_equal(gfs_io_write_at(fd, text, size, 0), 0);
	gfs_io_close(fd);
}

static void test_bad_files(void **state)
{
	struct fixture *f = *state;
	char link_path[96], text[8192];
	close_kv(f);
	(void)snprintf(link_path, sizeof link_path, "%s/link", f->dir);
	assert_int_equal(symlink(f->path, link_path), 0);
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(open_with(f, false, false, 0), GFS_ERR_NOTFOUND);
	assert_true(strstr(f->message.text, "data.mdb") != NULL);
	write_file(f->path, "", 0);
	assert_int_equal(open_with(f, false, false, 0), GFS_ERR_NOTDB);
	memset(text, 'x', sizeof text);
	write_file(f->path, text, sizeof text);
	assert_int_equal(open_with(f, false, false, 0), GFS_ERR_NOTDB);
	assert_int_equal(open_with(f, false, true, 0), GFS_ERR_NOTDB);
	(void)snprintf(f->path, sizeof f->path, "%s", link_path);
	assert_true(open_with(f, false, false, 0) != 0);
}

/* A file cut short is an error of the call that misses something, not the end of the process. */
static void test_truncated_file(void **state)
{
	struct fixture *f = *state;
	static uint8_t page[GFS_PAGE_SIZE];
	write_pages(f, 0, 1000, 1);
	close_kv(f);
	assert_int_equal(truncate(f->path, 40960), 0);
	assert_int_equal(open_with(f, false, true, 0), GFS_ERR_CORRUPT);
	int err = open_with(f, false, false, 0);
	for (uint64_t i = 0; i < 1000 && !err; i += 10) {
		uint8_t bytes[8];
		err = f->kv->ops->get_into(f->kv, GFS_KV_PAGES, key_of(i, bytes), page, sizeof page);
	}
	assert_int_equal(err, GFS_ERR_CORRUPT);
}

/* ---- readers beside a writer ---- */

enum { BUSY_KEYS = 200, BUSY_ROUNDS = 60 };

struct busy {
	struct fixture *f;
	_Atomic uint64_t committed; /* release after a commit, acquire before a read */
	_Atomic bool stop;
};

/* Every batch writes the same round under all keys: a reader must find at least the round that was committed before it looked, and
 * one round in a whole iteration. */
static void read_round(struct busy *b, uint64_t random)
{
	GFS_AUTO_BUF buf = GFS_BUF_INIT;
	struct gfs_kv_backend *kv = b->f->kv;
	struct gfs_kv_cursor *c;
	struct gfs_slice key, value;
	uint8_t bytes[8];
	uint64_t least = atomic_load_explicit(&b->committed, memory_order_acquire);
	int err = kv->ops->get(kv, GFS_KV_KEYS, key_of(random % BUSY_KEYS, bytes), &buf);
	assert(!err && gfs_get_le64(buf.data) >= least);
	err = kv->ops->cursor_open(kv, GFS_KV_KEYS, &c);
	assert(!err);
	err = kv->ops->cursor_seek(c, gfs_slice(NULL, 0), &key, &value);
	uint64_t round = err ? 0 : gfs_get_le64(value.data);
	unsigned count = 0;
	assert(round >= least);
	for (; !err; err = kv->ops->cursor_next(c, &key, &value), count++)
		assert(gfs_get_le64(value.data) == round);
	assert(count == BUSY_KEYS);
	kv->ops->cursor_close(c);
}

static void *read_all_the_time(void *argument)
{
	struct busy *b = argument;
	uint64_t random = 7;
	while (!atomic_load(&b->stop))
		read_round(b, random = gfs_mix64(random + 1));
	return NULL;
}

static void write_round(struct busy *b, uint64_t round)
{
	uint8_t bytes[8], value[1000] = { 0 };
	struct gfs_kv_batch *batch;
	struct gfs_kv_backend *kv = b->f->kv;
	gfs_put_le64(value, round);
	assert_int_equal(kv->ops->batch_begin(kv, &batch), 0);
	for (uint64_t i = 0; i < BUSY_KEYS; i++)
		assert_int_equal(kv->ops->batch_put(batch, GFS_KV_KEYS, key_of(i, bytes), gfs_slice(value, sizeof value)), 0);
	assert_int_equal(kv->ops->batch_commit(batch), 0);
	atomic_store_explicit(&b->committed, round, memory_order_release);
}

static void test_readers_beside_writer(void **state)
{
	struct busy b = { .f = *state };
	pthread_t readers[3];
	write_round(&b, 1);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, read_all_the_time, &b), 0);
	for (uint64_t round = 2; round < BUSY_ROUNDS; round++)
		write_round(&b, round);
	atomic_store(&b.stop, true);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(pthread_join(readers[i], NULL), 0);
}

/* An exposed batch may be far larger than the memory that it takes; nothing of it is there after an abort, all after a commit. */
static void test_batch_memory(void **state)
{
	enum { PAGES = 8000 };
	struct fixture *f = *state;
	static uint8_t page[GFS_PAGE_SIZE];
	struct gfs_kv_batch *b;
	uint8_t bytes[8];
	for (unsigned commits = 0; commits < 2; commits++) {
		long before = resident_kib("RssAnon") + resident_kib("RssFile");
		assert_int_equal(f->kv->ops->batch_begin(f->kv, &b), 0);
		f->kv->ops->batch_expose(b);
		for (uint64_t i = 0; i < PAGES; i++) {
			gfs_put_le64(page, i * 7919 % PAGES);
			struct gfs_slice key = key_of(i * 7919 % PAGES, bytes);
			assert_int_equal(f->kv->ops->batch_put(b, GFS_KV_PAGES, key, gfs_slice(page, sizeof page)), 0);
		}
		const char *sanitizers = getenv("GRAPHFS_SANITIZE"); /* which keep what is freed */
		if (sanitizers == NULL || sanitizers[0] == '\0')
			assert_true(resident_kib("RssAnon") + resident_kib("RssFile") - before < 24 * 1024);
		if (commits)
			assert_int_equal(f->kv->ops->batch_commit(b), 0);
		else
			f->kv->ops->batch_abort(b);
		for (uint64_t i = 0; i < PAGES; i++) {
			int err = f->kv->ops->get_into(f->kv, GFS_KV_PAGES, key_of(i, bytes), page, sizeof page);
			assert_int_equal(err, commits ? 0 : GFS_ERR_NOTFOUND);
			assert_true(!commits || gfs_get_le64(page) == i);
		}
	}
}

/* What an exposed batch has put is read at once, whether LMDB still holds it or has written it out; after the abort nothing of it. */
static void test_exposed_batch(void **state)
{
	struct fixture *f = *state;
	struct gfs_kv_batch *b;
	struct gfs_kv_cursor *c;
	struct gfs_slice key, value;
	static uint8_t page[GFS_PAGE_SIZE];
	uint8_t bytes[8];
	put_one(f, GFS_KV_META, "a", "1");
	put_one(f, GFS_KV_META, "c", "3");
	assert_int_equal(f->kv->ops->batch_begin(f->kv, &b), 0);
	f->kv->ops->batch_expose(b);
	put(f, b, GFS_KV_META, "b", "2");
	assert_int_equal(f->kv->ops->batch_delete(b, GFS_KV_META, gfs_slice_text("a")), 0);
	for (unsigned round = 0; round < 2; round++) {
		expect(f, GFS_KV_META, "a", NULL);
		expect(f, GFS_KV_META, "b", "2");
		assert_int_equal(f->kv->ops->cursor_open(f->kv, GFS_KV_META, &c), 0);
		assert_int_equal(f->kv->ops->cursor_seek(c, gfs_slice_text("a"), &key, &value), 0);
		assert_true(gfs_slice_equal(key, gfs_slice_text("b")));
		assert_int_equal(f->kv->ops->cursor_next(c, &key, &value), 0);
		assert_true(gfs_slice_equal(key, gfs_slice_text("c")));
		f->kv->ops->cursor_close(c);
		for (uint64_t i = 0; i < 1500; i++)
			assert_int_equal(f->kv->ops->batch_put(b, GFS_KV_PAGES, key_of(i, bytes), gfs_slice(page, sizeof page)), 0);
		assert_int_equal(f->kv->ops->get_into(f->kv, GFS_KV_PAGES, key_of(3, bytes), page, sizeof page), 0);
	}
	f->kv->ops->batch_abort(b);
	expect(f, GFS_KV_META, "a", "1");
	expect(f, GFS_KV_META, "b", NULL);
	assert_int_equal(f->kv->ops->get_into(f->kv, GFS_KV_PAGES, key_of(3, bytes), page, sizeof page), GFS_ERR_NOTFOUND);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_batches_are_atomic),
		TEST(test_delete_and_reopen),
		TEST(test_bad_keys_and_sizes),
		TEST(test_cursor_is_a_snapshot),
		TEST(test_pages_and_resident_memory),
		TEST(test_batch_memory),
		TEST(test_exposed_batch),
		TEST(test_full_map),
		TEST(test_scarce_address_space),
		TEST(test_bad_files),
		TEST(test_truncated_file),
		TEST(test_readers_beside_writer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
