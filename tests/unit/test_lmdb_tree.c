/* LMDB's file read without LMDB: the same answers, whatever was put; and of a damaged file an answer or an error, never a crash (sanitizers watch). */
#include "base/hash.h"
#include "base/io.h"
#include "store/lmdb_tree.h"
#include "tests/support/scale.h"

#include <fcntl.h>
#include <lmdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { KEYS = 6000, KEY_MAX = 40, FLIPS = GFS_SCALED(3000, 200), MAP_BYTES = 64 << 20 };

struct fixture {
	char path[64];
	MDB_env *env;
	MDB_dbi dbi;
	uint8_t *bytes; /* of the file */
	size_t size;
	uint64_t transaction;
};

static uint64_t seed;

static uint64_t next_random(void)
{
	return seed = gfs_mix64(seed + 1);
}

static size_t key_of(unsigned i, uint8_t *key)
{
	int n = snprintf((char *)key, KEY_MAX, "key-%u", (unsigned)(gfs_mix64(i) % 1000000));
	return (size_t)n;
}

/* Small values, some that fill a page, some that need several. */
static size_t value_size(unsigned i)
{
	return i % 97 == 0 ? 9000 + i : i % 13 == 0 ? 1900 : i % 60;
}

static void put_some(struct fixture *f, unsigned from, unsigned to, bool delete_some)
{
	static uint8_t value[20000];
	MDB_txn *txn;
	assert_int_equal(mdb_txn_begin(f->env, NULL, 0, &txn), 0);
	for (unsigned i = from; i < to; i++) {
		uint8_t bytes[KEY_MAX];
		MDB_val k = { key_of(i, bytes), bytes }, v = { value_size(i), value };
		memset(value, (int)i, v.mv_size);
		assert_int_equal(mdb_put(txn, f->dbi, &k, &v, 0), 0);
		if (delete_some && i % 3 == 0) {
			MDB_val old = { key_of(i / 2, bytes), bytes };
			int rc = mdb_del(txn, f->dbi, &old, NULL);
			assert_true(rc == 0 || rc == MDB_NOTFOUND);
		}
	}
	assert_int_equal(mdb_txn_commit(txn), 0);
}

static void read_file(struct fixture *f)
{
	struct stat st;
	MDB_envinfo info;
	int fd = open(f->path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	f->size = (size_t)st.st_size;
	f->bytes = malloc(f->size);
	assert_non_null(f->bytes);
	assert_int_equal(read(fd, f->bytes, f->size), st.st_size);
	close(fd);
	assert_int_equal(mdb_env_info(f->env, &info), 0);
	f->transaction = info.me_last_txnid;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	MDB_txn *txn;
	assert_non_null(f);
	(void)snprintf(f->path, sizeof f->path, "/tmp/gfs-lmdb-XXXXXX");
	int fd = mkstemp(f->path);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(mdb_env_create(&f->env), 0);
	assert_int_equal(mdb_env_set_maxdbs(f->env, 4), 0);
	assert_int_equal(mdb_env_set_mapsize(f->env, MAP_BYTES), 0);
	assert_int_equal(mdb_env_open(f->env, f->path, MDB_NOSUBDIR | MDB_NOLOCK, 0600), 0);
	assert_int_equal(mdb_txn_begin(f->env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, "table", MDB_CREATE, &f->dbi), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	put_some(f, 0, KEYS / 2, false);
	put_some(f, KEYS / 2, KEYS, true);
	put_some(f, 0, 1, false);
	read_file(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	mdb_env_close(f->env);
	(void)unlink(f->path);
	free(f->bytes);
	free(f);
	return 0;
}

static int open_tree(
	const struct fixture *f, const uint8_t *bytes, struct gfs_lmdb_snapshot *snapshot, struct gfs_lmdb_tree *tree)
{
	struct gfs_lmdb_file file = { .map = bytes, .bytes = f->size, .page_bytes = 4096 };
	int err = gfs_lmdb_metas_check(gfs_slice(bytes, f->size));
	if (err == 0)
		err = gfs_lmdb_snapshot_open(&file, f->transaction, snapshot);
	return err != 0 ? err : gfs_lmdb_tree_open(snapshot, gfs_slice_text("table"), tree);
}

static void same(struct gfs_slice s, MDB_val v)
{
	assert_int_equal(s.size, v.mv_size);
	assert_true(s.size == 0 || memcmp(s.data, v.mv_data, s.size) == 0);
}

static void test_the_same_answers(void **state)
{
	struct fixture *f = *state;
	struct gfs_lmdb_snapshot snapshot;
	struct gfs_lmdb_tree tree;
	struct gfs_slice key, value;
	MDB_txn *txn;
	MDB_cursor *cursor;
	MDB_val k, v;
	assert_int_equal(open_tree(f, f->bytes, &snapshot, &tree), 0);
	assert_true(tree.depth >= 3);
	assert_int_equal(mdb_txn_begin(f->env, NULL, MDB_RDONLY, &txn), 0);
	assert_int_equal(mdb_cursor_open(txn, f->dbi, &cursor), 0);
	struct gfs_lmdb_place place = { .snapshot = &snapshot, .tree = &tree };
	int err = gfs_lmdb_place_seek(&place, (struct gfs_slice){ 0 }, &key, &value);
	unsigned count = 0;
	for (int rc = mdb_cursor_get(cursor, &k, &v, MDB_FIRST); rc == 0; rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
		struct gfs_slice got;
		assert_int_equal(err, 0);
		same(key, k);
		same(value, v);
		assert_int_equal(gfs_lmdb_tree_get(&snapshot, &tree, key, &got), 0);
		same(got, v);
		count++;
		err = gfs_lmdb_place_next(&place, &key, &value);
	}
	assert_int_equal(err, GFS_ERR_NOTFOUND);
	assert_true(count > KEYS / 3);
	/* and back, from the end */
	assert_int_equal(gfs_lmdb_place_seek(&place, gfs_slice_text("z"), &key, &value), GFS_ERR_NOTFOUND);
	for (int rc = mdb_cursor_get(cursor, &k, &v, MDB_LAST); rc == 0; rc = mdb_cursor_get(cursor, &k, &v, MDB_PREV)) {
		assert_int_equal(gfs_lmdb_place_prev(&place, &key, &value), 0);
		same(key, k);
		same(value, v);
		count--;
	}
	assert_int_equal(gfs_lmdb_place_prev(&place, &key, &value), GFS_ERR_NOTFOUND);
	assert_int_equal(count, 0);
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
}

static void test_any_key(void **state)
{
	struct fixture *f = *state;
	struct gfs_lmdb_snapshot snapshot;
	struct gfs_lmdb_tree tree;
	MDB_txn *txn;
	MDB_cursor *cursor;
	assert_int_equal(open_tree(f, f->bytes, &snapshot, &tree), 0);
	assert_int_equal(mdb_txn_begin(f->env, NULL, MDB_RDONLY, &txn), 0);
	assert_int_equal(mdb_cursor_open(txn, f->dbi, &cursor), 0);
	struct gfs_lmdb_place place = { .snapshot = &snapshot, .tree = &tree };
	for (unsigned i = 0; i < 20000; i++) {
		char text[KEY_MAX];
		struct gfs_slice key, value, got;
		MDB_val v;
		int n = snprintf(text, sizeof text, "key-%u", (unsigned)(next_random() % 1100000));
		MDB_val k = { (size_t)n, text };
		struct gfs_slice sought = gfs_slice((const uint8_t *)text, (size_t)n);
		int rc = mdb_get(txn, f->dbi, &k, &v);
		int err = gfs_lmdb_tree_get(&snapshot, &tree, sought, &got);
		assert_int_equal(err, rc == 0 ? 0 : GFS_ERR_NOTFOUND);
		if (rc == 0)
			same(got, v);
		rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
		err = gfs_lmdb_place_seek(&place, sought, &key, &value);
		assert_int_equal(err, rc == 0 ? 0 : GFS_ERR_NOTFOUND);
		if (rc == 0)
			same(key, k);
		rc = mdb_cursor_get(cursor, &k, &v, rc == 0 ? MDB_PREV : MDB_LAST);
		err = gfs_lmdb_place_prev(&place, &key, &value);
		assert_int_equal(err, rc == 0 ? 0 : GFS_ERR_NOTFOUND);
		if (rc == 0)
			same(key, k);
	}
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
}

/* Everything this module can be asked, of a file that may be damaged. */
static int ask_all(const struct fixture *f, const uint8_t *bytes)
{
	struct gfs_lmdb_snapshot snapshot;
	struct gfs_lmdb_tree tree;
	struct gfs_lmdb_sound sound;
	struct gfs_slice key, value;
	uint8_t text[KEY_MAX];
	int err = open_tree(f, bytes, &snapshot, &tree);
	if (err != 0)
		return err;
	assert_int_equal(gfs_lmdb_sound_init(&sound, &snapshot), 0);
	int worst = gfs_lmdb_free_check(&snapshot, &sound);
	for (unsigned i = 0; i < KEYS; i += 7) {
		struct gfs_slice sought = gfs_slice(text, key_of(i, text));
		err = gfs_lmdb_tree_get(&snapshot, &tree, sought, &value);
		assert_true(err == 0 || err == GFS_ERR_NOTFOUND || err == GFS_ERR_CORRUPT);
		if (err == 0)
			assert_true(value.data >= bytes && value.data + value.size <= bytes + f->size);
		err = gfs_lmdb_path_check(&snapshot, &tree, i % 5 == 0 ? (struct gfs_slice){ 0 } : sought, &sound);
		worst = err != 0 ? err : worst;
	}
	struct gfs_lmdb_place place = { .snapshot = &snapshot, .tree = &tree };
	unsigned steps = 0;
	err = gfs_lmdb_place_seek(&place, (struct gfs_slice){ 0 }, &key, &value);
	for (; err == 0 && steps < 4 * KEYS;
		 steps++) /* children may form a ring: whoever walks looks at the order (K2 of kv.h) */
		err = gfs_lmdb_place_next(&place, &key, &value);
	worst = err != 0 && err != GFS_ERR_NOTFOUND ? err : worst;
	for (err = 0; err == 0 && steps < 8 * KEYS; steps++)
		err = gfs_lmdb_place_prev(&place, &key, &value);
	gfs_lmdb_sound_release(&sound);
	return worst;
}

static void test_damaged(void **state)
{
	struct fixture *f = *state;
	unsigned told = 0;
	assert_int_equal(ask_all(f, f->bytes), 0);
	for (unsigned i = 0; i < FLIPS; i++) {
		/* half of them in heads of pages, where it hurts */
		size_t at = next_random() % f->size;
		if (i % 2 == 0)
			at = at / 4096 * 4096 + next_random() % 64;
		uint8_t bit = (uint8_t)(1u << next_random() % 8);
		f->bytes[at] ^= bit;
		told += ask_all(f, f->bytes) != 0;
		f->bytes[at] ^= bit;
	}
	assert_true(told > FLIPS / 20);
	assert_int_equal(ask_all(f, f->bytes), 0);
}

/* What LMDB leaves of a meta page that it could not write: roots of a state that was never committed, and the transaction from before. */
static void test_meta_that_could_not_be_written(void **state)
{
	enum { MAIN_ROOT = 40 + 48 + 40, TRANSACTION = 40 + 2 * 48 + 8 };
	struct fixture *f = *state;
	uint64_t first = gfs_get_le64(f->bytes + TRANSACTION), second = gfs_get_le64(f->bytes + 4096 + TRANSACTION);
	size_t older = first < second ? 0 : 4096, newer = 4096 - older;
	uint64_t roots[2] = { gfs_get_le64(f->bytes + older + MAIN_ROOT), gfs_get_le64(f->bytes + newer + MAIN_ROOT) };
	gfs_put_le64(f->bytes + older + MAIN_ROOT, 1 << 20);
	assert_int_equal(ask_all(f, f->bytes), 0);
	gfs_put_le64(f->bytes + older + MAIN_ROOT, roots[0]);
	gfs_put_le64(f->bytes + newer + MAIN_ROOT, 1 << 20);
	assert_int_equal(gfs_lmdb_metas_check(gfs_slice(f->bytes, f->size)), GFS_ERR_CORRUPT);
	gfs_put_le64(f->bytes + newer + MAIN_ROOT, roots[1]);
	f->bytes[older] ^= 1; /* its number, which says that it is a meta page at all */
	assert_int_equal(gfs_lmdb_metas_check(gfs_slice(f->bytes, f->size)), GFS_ERR_CORRUPT);
	f->bytes[older] ^= 1;
}

static void test_not_lmdb(void **state)
{
	struct fixture *f = *state;
	uint8_t zeros[8192] = { 0 };
	assert_int_equal(gfs_lmdb_metas_check(gfs_slice(zeros, sizeof zeros)), GFS_ERR_NOTDB);
	assert_int_equal(gfs_lmdb_metas_check(gfs_slice(f->bytes, 4096)), GFS_ERR_CORRUPT);
	assert_int_equal(gfs_lmdb_metas_check(gfs_slice(f->bytes, 10)), GFS_ERR_NOTDB);
	struct gfs_lmdb_snapshot snapshot;
	struct gfs_lmdb_file file = { .map = f->bytes, .bytes = f->size, .page_bytes = 4096 };
	assert_int_equal(gfs_lmdb_snapshot_open(&file, f->transaction - 2, &snapshot), GFS_ERR_AGAIN);
	struct gfs_lmdb_tree tree;
	assert_int_equal(gfs_lmdb_snapshot_open(&file, f->transaction, &snapshot), 0);
	assert_int_equal(gfs_lmdb_tree_open(&snapshot, gfs_slice_text("other"), &tree), GFS_ERR_NOTFOUND);
}

int main(void)
{
	const char *given = getenv("GFS_SEED");
	seed = given ? strtoull(given, NULL, 0) : (uint64_t)getpid();
	printf("seed %llu\n", (unsigned long long)seed);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_same_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_any_key, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_meta_that_could_not_be_written, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_lmdb, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
