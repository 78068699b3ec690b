/* The overlay over a real backend, against a sorted array: changes, undo, checkpoints that succeed and fail, iteration, reopening. */
#include "base/hash.h"
#include "base/io.h"
#include "store/kv.h"
#include "store/memtable.h"
#include "store/undo.h"

#include <assert.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- a backend whose batches fail when asked ---- */

struct flaky {
	struct gfs_kv_backend base;
	struct gfs_kv_backend_ops ops;
	const struct gfs_kv_backend_ops *real;
	struct gfs_kv_backend *kv;
	unsigned changes_left; /* the change after these fails; UINT_MAX: none does */
	bool commit_fails;
};

static struct flaky *flaky_now; /* batches do not know their backend */

static struct gfs_kv_backend *real_of(struct gfs_kv_backend *kv)
{
	return ((struct flaky *)kv)->kv;
}

static int flaky_get(struct gfs_kv_backend *kv, enum gfs_kv_table table, struct gfs_slice key, struct gfs_buf *out)
{
	return real_of(kv)->ops->get(real_of(kv), table, key, out);
}

static int flaky_cursor_open(struct gfs_kv_backend *kv, enum gfs_kv_table table, struct gfs_kv_cursor **ret_cursor)
{
	return real_of(kv)->ops->cursor_open(real_of(kv), table, ret_cursor);
}

static bool fails(void)
{
	if (flaky_now->changes_left == UINT_MAX)
		return false;
	return flaky_now->changes_left == 0 || flaky_now->changes_left-- == 0;
}

static int flaky_put(struct gfs_kv_batch *b, enum gfs_kv_table table, struct gfs_slice key, struct gfs_slice value)
{
	return fails() ? GFS_ERR_NOSPC : flaky_now->real->batch_put(b, table, key, value);
}

static int flaky_delete(struct gfs_kv_batch *b, enum gfs_kv_table table, struct gfs_slice key)
{
	return fails() ? GFS_ERR_NOSPC : flaky_now->real->batch_delete(b, table, key);
}

static void flaky_init(struct flaky *f, struct gfs_kv_backend *kv)
{
	f->real = kv->ops;
	f->kv = kv;
	f->ops = *kv->ops;
	f->ops.get = flaky_get;
	f->ops.cursor_open = flaky_cursor_open;
	f->ops.batch_put = flaky_put;
	f->ops.batch_delete = flaky_delete;
	f->base.ops = &f->ops;
	f->changes_left = UINT_MAX;
	flaky_now = f;
}

/* ---- the fixture ---- */

struct fixture {
	char dir[64];
	char path[96];
	struct gfs_kv_backend *backend;
	struct flaky flaky;
	struct gfs_kv *kv;
	struct gfs_undo *undo;
};

static void open_kv(struct fixture *f, bool create)
{
	struct gfs_message message;
	struct gfs_kv_lmdb_opts opts = { .create = create };
	assert_int_equal(gfs_kv_lmdb_open(f->path, &opts, &f->backend, &message), 0);
	flaky_init(&f->flaky, f->backend);
	assert_int_equal(gfs_kv_new(&f->flaky.base, &f->kv), 0);
}

static void close_kv(struct fixture *f)
{
	gfs_kv_free(f->kv);
	f->backend->ops->close(f->backend);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	assert_non_null(f);
	(void)snprintf(f->dir, sizeof f->dir, "/tmp/gfs-test-kv-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->path, sizeof f->path, "%s/data.mdb", f->dir);
	open_kv(f, true);
	assert_int_equal(gfs_undo_new(&f->undo), 0);
	*state = f;
	return 0;
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
	gfs_undo_free(f->undo);
	assert_int_equal(gfs_io_open_dir(f->dir, &dir_fd), 0);
	assert_int_equal(gfs_io_list(dir_fd, remove_file, &dir_fd), 0);
	gfs_io_close(dir_fd);
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

/* Writes what is frozen; a failure of the batch thaws. */
static int finish_checkpoint(struct fixture *f)
{
	const struct gfs_kv_backend_ops *ops = f->flaky.real;
	struct gfs_kv_batch *batch;
	assert_int_equal(ops->batch_begin(f->backend, &batch), 0);
	int err = gfs_kv_write_frozen(f->kv, batch);
	if (err || f->flaky.commit_fails) {
		ops->batch_abort(batch);
		assert_int_equal(gfs_kv_thaw(f->kv), 0);
		return GFS_ERR_NOSPC;
	}
	assert_int_equal(ops->batch_commit(batch), 0);
	gfs_kv_trash_free(gfs_kv_drop_frozen(f->kv));
	return 0;
}

static int checkpoint(struct fixture *f)
{
	assert_int_equal(gfs_kv_freeze(f->kv), 0);
	return finish_checkpoint(f);
}

static void put(struct fixture *f, const char *key, const char *value)
{
	assert_int_equal(gfs_kv_put(f->kv, f->undo, GFS_KV_META, gfs_slice_text(key), gfs_slice_text(value)), 0);
}

static void delete (struct fixture *f, const char *key)
{
	assert_int_equal(gfs_kv_delete(f->kv, f->undo, GFS_KV_META, gfs_slice_text(key)), 0);
}

static void expect(struct fixture *f, const char *key, const char *value)
{
	GFS_AUTO_BUF buf = GFS_BUF_INIT;
	int err = gfs_kv_get(f->kv, GFS_KV_META, gfs_slice_text(key), &buf);
	assert_int_equal(err, value ? 0 : GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_kv_get(f->kv, GFS_KV_META, gfs_slice_text(key), NULL), err);
	if (value)
		assert_true(gfs_slice_equal(gfs_buf_slice(&buf), gfs_slice_text(value)));
}

/* All keys and values, as "a=1 b=2 ". */
static void expect_all(struct fixture *f, const char *text)
{
	GFS_AUTO_BUF all = GFS_BUF_INIT;
	struct gfs_kv_iter *it;
	struct gfs_slice key, value;
	assert_int_equal(gfs_kv_iter_open(f->kv, GFS_KV_META, &it), 0);
	int err = gfs_kv_iter_seek(it, gfs_slice(NULL, 0), &key, &value);
	for (; !err; err = gfs_kv_iter_next(it, &key, &value))
		gfs_buf_printf(
			&all, "%.*s=%.*s ", (int)key.size, (const char *)key.data, (int)value.size, (const char *)value.data);
	assert_int_equal(err, GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_kv_iter_next(it, &key, &value), GFS_ERR_NOTFOUND);
	gfs_kv_iter_close(it);
	gfs_buf_append_u8(&all, 0);
	assert_int_equal(gfs_buf_failed(&all), 0);
	assert_string_equal((const char *)all.data, text);
}

/* ---- by hand ---- */

static void test_three_layers(void **state)
{
	struct fixture *f = *state;
	put(f, "a", "backend");
	put(f, "b", "backend");
	put(f, "c", "backend");
	assert_int_equal(checkpoint(f), 0);
	assert_int_equal(gfs_kv_dirty_bytes(f->kv), 0);
	put(f, "b", "frozen");
	put(f, "d", "frozen");
	delete (f, "c");
	assert_int_equal(gfs_kv_freeze(f->kv), 0);
	put(f, "d", "");
	delete (f, "a");
	put(f, "c", "again");
	expect_all(f, "b=frozen c=again d= ");
	expect(f, "a", NULL);
	expect(f, "b", "frozen");
	expect(f, "d", "");
	assert_int_equal(finish_checkpoint(f), 0);
	expect_all(f, "b=frozen c=again d= ");
	assert_int_equal(checkpoint(f), 0);
	expect_all(f, "b=frozen c=again d= ");
	close_kv(f);
	open_kv(f, false);
	expect_all(f, "b=frozen c=again d= ");
}

static void test_undo_restores_exactly(void **state)
{
	struct fixture *f = *state;
	put(f, "kept", "1");
	put(f, "dropped", "2");
	assert_int_equal(checkpoint(f), 0);
	delete (f, "dropped");
	put(f, "kept", "a value that is longer");
	gfs_undo_clear(f->undo);
	size_t mark = gfs_undo_mark(f->undo);
	put(f, "new", "x");
	put(f, "dropped", "back");
	put(f, "kept", "short");
	size_t inner = gfs_undo_mark(f->undo);
	put(f, "kept", "an even longer value that needs a larger block of memory than before");
	delete (f, "new");
	gfs_undo_rollback(f->undo, inner);
	expect_all(f, "dropped=back kept=short new=x ");
	gfs_undo_rollback(f->undo, mark);
	expect_all(f, "kept=a value that is longer ");
	assert_int_equal(checkpoint(f), 0); /* a hole must not become a deletion or an empty value */
	expect_all(f, "kept=a value that is longer ");
}

static void test_failed_batches_thaw(void **state)
{
	struct fixture *f = *state;
	put(f, "a", "1");
	put(f, "b", "2");
	assert_int_equal(checkpoint(f), 0);
	put(f, "a", "old");
	delete (f, "b");
	put(f, "c", "3");
	for (unsigned changes = 0; changes < 3; changes++) {
		assert_int_equal(gfs_kv_freeze(f->kv), 0);
		put(f, "a", "current wins");
		f->flaky.changes_left = changes;
		assert_int_equal(finish_checkpoint(f), GFS_ERR_NOSPC);
		expect_all(f, "a=current wins c=3 ");
	}
	f->flaky.changes_left = UINT_MAX;
	f->flaky.commit_fails = true;
	assert_int_equal(checkpoint(f), GFS_ERR_NOSPC);
	assert_true(gfs_kv_dirty_bytes(f->kv) > 0);
	f->flaky.commit_fails = false;
	assert_int_equal(checkpoint(f), 0);
	close_kv(f);
	open_kv(f, false);
	expect_all(f, "a=current wins c=3 ");
}

static void test_change_while_iterating(void **state)
{
	struct fixture *f = *state;
	struct gfs_kv_iter *it;
	struct gfs_slice key, value;
	put(f, "a", "1");
	put(f, "c", "3");
	assert_int_equal(checkpoint(f), 0);
	put(f, "e", "5");
	size_t mark = gfs_undo_mark(f->undo);
	put(f, "d", "hole");
	gfs_undo_rollback(f->undo, mark);
	assert_int_equal(gfs_kv_iter_open(f->kv, GFS_KV_META, &it), 0);
	assert_int_equal(gfs_kv_iter_next(it, &key, &value), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_kv_iter_seek(it, gfs_slice_text("a"), &key, &value), 0);
	put(f, "b", "2");
	delete (f, "a");
	delete (f, "c");
	put(f, "d", "4");
	assert_int_equal(gfs_kv_iter_next(it, &key, &value), 0);
	assert_true(gfs_slice_equal(value, gfs_slice_text("2")));
	assert_int_equal(gfs_kv_iter_next(it, &key, &value), 0);
	assert_true(gfs_slice_equal(value, gfs_slice_text("4")));
	assert_int_equal(gfs_kv_iter_next(it, &key, &value), 0);
	assert_true(gfs_slice_equal(key, gfs_slice_text("e")));
	assert_int_equal(gfs_kv_iter_next(it, &key, &value), GFS_ERR_NOTFOUND);
	gfs_kv_iter_close(it);
	gfs_kv_iter_close(NULL);
}

/* ---- damage ---- */

/* Writes bytes as the backend has them, past the sums. */
static void put_raw(struct fixture *f, const char *key, struct gfs_slice stored)
{
	const struct gfs_kv_backend_ops *ops = f->flaky.real;
	struct gfs_kv_batch *batch;
	assert_int_equal(ops->batch_begin(f->backend, &batch), 0);
	assert_int_equal(ops->batch_put(batch, GFS_KV_META, gfs_slice_text(key), stored), 0);
	assert_int_equal(ops->batch_commit(batch), 0);
}

static void get_raw(struct fixture *f, const char *key, struct gfs_buf *out)
{
	assert_int_equal(f->flaky.real->get(f->backend, GFS_KV_META, gfs_slice_text(key), out), 0);
}

/* Every bit of a stored value, every cut of it, the value of another key and of another table. */
static void test_damaged_values(void **state)
{
	struct fixture *f = *state;
	GFS_AUTO_BUF stored = GFS_BUF_INIT;
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	struct gfs_slice a = gfs_slice_text("a");
	put(f, "a", "value");
	put(f, "b", "value");
	assert_int_equal(gfs_kv_put(f->kv, NULL, GFS_KV_ADJ, a, gfs_slice_text("value")), 0);
	assert_int_equal(checkpoint(f), 0);
	get_raw(f, "a", &stored);
	assert_int_equal(stored.size, 5 + 8);
	gfs_buf_append_text(&out, "before");
	for (size_t bit = 0; bit < stored.size * 8; bit++) {
		stored.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		put_raw(f, "a", gfs_buf_slice(&stored));
		assert_int_equal(gfs_kv_get(f->kv, GFS_KV_META, a, &out), GFS_ERR_CORRUPT);
		assert_int_equal(gfs_kv_get(f->kv, GFS_KV_META, a, NULL), GFS_ERR_CORRUPT);
		assert_int_equal(out.size, 6);
		stored.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t size = 0; size < stored.size; size++) {
		put_raw(f, "a", gfs_slice(stored.data, size));
		assert_int_equal(gfs_kv_get(f->kv, GFS_KV_META, a, &out), GFS_ERR_CORRUPT);
	}
	gfs_buf_clear(&stored);
	get_raw(f, "b", &stored);
	put_raw(f, "a", gfs_buf_slice(&stored));
	assert_int_equal(gfs_kv_get(f->kv, GFS_KV_META, a, &out), GFS_ERR_CORRUPT);
	gfs_buf_clear(&stored);
	assert_int_equal(f->flaky.real->get(f->backend, GFS_KV_ADJ, a, &stored), 0);
	put_raw(f, "a", gfs_buf_slice(&stored));
	assert_int_equal(gfs_kv_get(f->kv, GFS_KV_META, a, &out), GFS_ERR_CORRUPT);
	put(f, "a", "new"); /* memory has the last word, and writing heals */
	expect(f, "a", "new");
	assert_int_equal(checkpoint(f), 0);
	expect_all(f, "a=new b=value ");
}

/* Keys as an iteration gives them from `from` on; damaged ones with an exclamation mark. */
static void expect_walk(struct fixture *f, const char *from, const char *text)
{
	GFS_AUTO_BUF all = GFS_BUF_INIT;
	struct gfs_kv_iter *it;
	struct gfs_slice key, value;
	assert_int_equal(gfs_kv_iter_open(f->kv, GFS_KV_META, &it), 0);
	int err = gfs_kv_iter_seek(it, gfs_slice_text(from), &key, &value);
	for (; err != GFS_ERR_NOTFOUND; err = gfs_kv_iter_next(it, &key, &value)) {
		assert_true(err == 0 || (err == GFS_ERR_CORRUPT && value.size == 0));
		gfs_buf_printf(&all, "%.*s%s ", (int)key.size, (const char *)key.data, err == 0 ? "" : "!");
		if (key.size == 0)
			break; /* the tree is damaged: no going on */
	}
	gfs_kv_iter_close(it);
	gfs_buf_append_u8(&all, 0);
	assert_int_equal(gfs_buf_failed(&all), 0);
	assert_string_equal((const char *)all.data, text);
}

static void test_walk_over_damage(void **state)
{
	struct fixture *f = *state;
	struct gfs_slice junk = gfs_slice_text("not a sum");
	for (char key[2] = "b"; key[0] <= 'h'; key[0] += 2)
		put(f, key, "1");
	assert_int_equal(checkpoint(f), 0);
	put_raw(f, "a", junk);
	put_raw(f, "e", junk);
	put_raw(f, "i", junk);
	expect_walk(f, "", "a! b d e! f h i! ");
	put(f, "c", "2");
	put(f, "g", "2");
	expect_walk(f, "", "a! b c d e! f g h i! ");
	/* K3: what lies before the sought key is looked at as well. */
	expect_walk(f, "b", "a! b c d e! f g h i! ");
	expect_walk(f, "f", "e! f g h i! ");
	expect_walk(f, "z", "i! ");
	delete (f, "e");
	put(f, "i", "2");
	expect_walk(f, "", "a! b c d f g h i ");
	assert_int_equal(checkpoint(f), 0);
	expect_walk(f, "", "a! b c d f g h i ");
}

/* K3: a key that is not found beside a damaged row might be that row. */
static void test_absence_beside_damage(void **state)
{
	struct fixture *f = *state;
	for (char key[2] = "a"; key[0] <= 'i'; key[0] += 2)
		put(f, key, "1");
	assert_int_equal(checkpoint(f), 0);
	expect(f, "d", NULL);
	put_raw(f, "e", gfs_slice_text("a damaged row"));
	for (const char *beside = "df"; *beside != 0; beside++)
		assert_int_equal(gfs_kv_get(f->kv, GFS_KV_META, gfs_slice(beside, 1), NULL), GFS_ERR_CORRUPT);
	expect(f, "b", NULL);
	expect(f, "h", NULL);
	expect(f, "z", NULL);
	expect(f, "A", NULL);
	delete (f, "d");
	expect(f, "d", NULL);
}

static void test_bad_arguments(void **state)
{
	struct fixture *f = *state;
	char key[GFS_KV_KEY_BYTES_MAX + 1] = { 0 };
	struct gfs_slice none = gfs_slice("", 0);
	assert_int_equal(gfs_kv_put(f->kv, NULL, GFS_KV_META, none, none), GFS_ERR_INVALID);
	assert_int_equal(gfs_kv_put(f->kv, NULL, GFS_KV_META, gfs_slice(key, sizeof key), none), GFS_ERR_INVALID);
	assert_int_equal(gfs_kv_delete(f->kv, NULL, GFS_KV_META, none), GFS_ERR_INVALID);
	assert_int_equal(gfs_kv_put(f->kv, NULL, GFS_KV_META, gfs_slice(key, GFS_KV_KEY_BYTES_MAX), none), 0);
	assert_int_equal(checkpoint(f), 0);
}

/* The same keys again and again, with values of changing size, take little more than they need once: all grow
 * alike here, which leaves the most blocks behind. */
static void test_memory_stays_bounded(void **state)
{
	struct fixture *f = *state;
	static uint8_t value[4096];
	uint8_t key[8];
	for (uint64_t i = 0; i < 200000; i++) {
		gfs_put_be64(key, i % 100);
		size_t size = gfs_mix64(i) % sizeof value * (i + 1) / 200000;
		assert_int_equal(gfs_kv_put(f->kv, NULL, GFS_KV_ADJ, gfs_slice(key, 8), gfs_slice(value, size)), 0);
	}
	assert_true(gfs_kv_dirty_bytes(f->kv) < 4 * 100 * sizeof value);
}

/* Backwards a damaged row ends the walk, whether it is met or is where the search comes down. */
static void test_back_over_damage(void **state)
{
	struct fixture *f = *state;
	struct gfs_kv_back *back;
	struct gfs_slice key, value;
	put(f, "a", "1");
	put(f, "c", "3");
	put(f, "e", "5");
	assert_int_equal(checkpoint(f), 0);
	put_raw(f, "c", gfs_slice_text("no sum"));
	put(f, "d", "4");
	assert_int_equal(gfs_kv_back_open(f->kv, GFS_KV_META, &back), 0);
	assert_int_equal(gfs_kv_back_prev(back, &key, &value), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_kv_back_seek(back, gfs_slice_text("f"), &key, &value), 0);
	assert_true(gfs_slice_equal(value, gfs_slice_text("5")));
	assert_int_equal(gfs_kv_back_prev(back, &key, &value), GFS_ERR_CORRUPT);
	assert_int_equal(gfs_kv_back_seek(back, gfs_slice_text("b"), &key, &value), GFS_ERR_CORRUPT);
	assert_int_equal(gfs_kv_back_seek(back, gfs_slice_text("e"), &key, &value), GFS_ERR_CORRUPT);
	assert_int_equal(gfs_kv_back_seek(back, gfs_slice_text(""), &key, &value), GFS_ERR_INVALID);
	gfs_kv_back_close(back);
	gfs_kv_back_close(NULL);
}

/* ---- at random, against a model ---- */

enum { MODEL_KEYS = 700, KEY_BYTES = 24 };

struct model_value {
	bool exists;
	uint32_t seed;
};

struct model {
	char keys[MODEL_KEYS][KEY_BYTES]; /* ascending */
	size_t sizes[MODEL_KEYS];
	struct model_value now[MODEL_KEYS], at_begin[MODEL_KEYS], at_mark[MODEL_KEYS];
	size_t mark;
	bool frozen;
};

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, KEY_BYTES);
}

/* Zero-padded keys of 1 to 23 bytes that share prefixes longer and shorter than eight bytes. */
static void model_init(struct model *m)
{
	for (unsigned i = 0; i < MODEL_KEYS; i++) {
		const char *prefix = i % 3 == 0 ? "shared-prefix/" : i % 3 == 1 ? "sha" : "";
		(void)snprintf(m->keys[i], KEY_BYTES, "%s%x", prefix, i * 7919u % 65536);
	}
	qsort(m->keys, MODEL_KEYS, KEY_BYTES, by_bytes);
	for (unsigned i = 0; i < MODEL_KEYS; i++)
		m->sizes[i] = strlen(m->keys[i]);
}

static struct gfs_slice model_key(const struct model *m, unsigned i)
{
	return gfs_slice(m->keys[i], m->sizes[i]);
}

static struct gfs_slice value_of(uint32_t seed, uint8_t out[2048])
{
	size_t size = seed % 10 == 0 ? gfs_mix64(seed) % 2048 : gfs_mix64(seed) % 40;
	for (size_t i = 0; i < size; i++)
		out[i] = (uint8_t)(seed + i);
	return gfs_slice(out, size);
}

static void model_expect(struct gfs_slice value, struct model_value expected)
{
	uint8_t bytes[2048];
	assert_true(expected.exists);
	assert_true(gfs_slice_equal(value, value_of(expected.seed, bytes)));
}

static void model_get(struct fixture *f, struct model *m, unsigned i)
{
	GFS_AUTO_BUF buf = GFS_BUF_INIT;
	int err = gfs_kv_get(f->kv, GFS_KV_KEYS, model_key(m, i), &buf);
	assert_int_equal(err, m->now[i].exists ? 0 : GFS_ERR_NOTFOUND);
	if (!err)
		model_expect(gfs_buf_slice(&buf), m->now[i]);
}

static void model_iterate(struct fixture *f, struct model *m, unsigned from, unsigned limit)
{
	struct gfs_kv_iter *it;
	struct gfs_slice key, value;
	assert_int_equal(gfs_kv_iter_open(f->kv, GFS_KV_KEYS, &it), 0);
	int err = gfs_kv_iter_seek(it, model_key(m, from), &key, &value);
	for (unsigned i = from; i < MODEL_KEYS && limit > 0; i++) {
		if (!m->now[i].exists)
			continue;
		assert_int_equal(err, 0);
		assert_true(gfs_slice_equal(key, model_key(m, i)));
		model_expect(value, m->now[i]);
		err = gfs_kv_iter_next(it, &key, &value);
		limit--;
	}
	assert_true(limit == 0 || err == GFS_ERR_NOTFOUND);
	gfs_kv_iter_close(it);
}

/* From the key before number `before` to the front. */
static void model_iterate_back(struct fixture *f, struct model *m, unsigned before, unsigned limit)
{
	struct gfs_kv_back *back;
	struct gfs_slice key, value;
	assert_int_equal(gfs_kv_back_open(f->kv, GFS_KV_KEYS, &back), 0);
	int err = gfs_kv_back_seek(back, model_key(m, before), &key, &value);
	for (unsigned i = before; i-- > 0 && limit > 0;) {
		if (!m->now[i].exists)
			continue;
		assert_int_equal(err, 0);
		assert_true(gfs_slice_equal(key, model_key(m, i)));
		model_expect(value, m->now[i]);
		err = gfs_kv_back_prev(back, &key, &value);
		limit--;
	}
	assert_true(limit == 0 || err == GFS_ERR_NOTFOUND);
	gfs_kv_back_close(back);
}

static void model_change(struct fixture *f, struct model *m, unsigned i, uint32_t seed, bool exists)
{
	uint8_t bytes[2048];
	if (exists)
		assert_int_equal(gfs_kv_put(f->kv, f->undo, GFS_KV_KEYS, model_key(m, i), value_of(seed, bytes)), 0);
	else
		assert_int_equal(gfs_kv_delete(f->kv, f->undo, GFS_KV_KEYS, model_key(m, i)), 0);
	m->now[i] = (struct model_value){ .exists = exists, .seed = seed };
}

static void model_commit(struct fixture *f, struct model *m)
{
	gfs_undo_clear(f->undo);
	m->mark = gfs_undo_mark(f->undo);
	memcpy(m->at_begin, m->now, sizeof m->now);
	memcpy(m->at_mark, m->now, sizeof m->now);
}

static void model_rollback(struct fixture *f, struct model *m, bool all)
{
	gfs_undo_rollback(f->undo, all ? 0 : m->mark);
	memcpy(m->now, all ? m->at_begin : m->at_mark, sizeof m->now);
	if (all)
		model_commit(f, m);
}

static void model_checkpoint(struct fixture *f, struct model *m, uint64_t random)
{
	model_commit(f, m);
	if (!m->frozen) {
		assert_int_equal(gfs_kv_freeze(f->kv), 0);
		m->frozen = true;
		return;
	}
	f->flaky.changes_left = random % 3 == 0 ? (unsigned)(random >> 8) % 50 : UINT_MAX;
	(void)finish_checkpoint(f); /* either way the view is the same */
	f->flaky.changes_left = UINT_MAX;
	m->frozen = false;
}

static void model_reopen(struct fixture *f, struct model *m)
{
	model_commit(f, m);
	if (m->frozen)
		assert_int_equal(finish_checkpoint(f), 0);
	m->frozen = false;
	assert_int_equal(checkpoint(f), 0);
	close_kv(f);
	open_kv(f, false);
}

static void model_step(struct fixture *f, struct model *m, uint64_t random)
{
	unsigned i = (unsigned)(random >> 20) % MODEL_KEYS, action = (unsigned)(random >> 40) % 1000;
	if (action < 500)
		model_change(f, m, i, (uint32_t)random, true);
	else if (action < 700)
		model_change(f, m, i, 0, false);
	else if (action < 900)
		model_get(f, m, i);
	else if (action < 910)
		model_iterate(f, m, i, 40);
	else if (action < 920)
		model_iterate_back(f, m, i, 40);
	else if (action < 945)
		model_commit(f, m);
	else if (action < 965)
		model_rollback(f, m, action % 2);
	else if (action < 985) {
		m->mark = gfs_undo_mark(f->undo);
		memcpy(m->at_mark, m->now, sizeof m->now);
	} else if (action < 999)
		model_checkpoint(f, m, random);
	else
		model_reopen(f, m);
}

static void test_random_against_model(void **state)
{
	struct fixture *f = *state;
	struct model *m = calloc(1, sizeof *m);
	assert_non_null(m);
	model_init(m);
	uint64_t random = 3;
	for (unsigned i = 0; i < 40000; i++)
		model_step(f, m, random = gfs_mix64(random + i));
	model_reopen(f, m);
	model_iterate(f, m, 0, UINT_MAX);
	model_iterate_back(f, m, MODEL_KEYS - 1, UINT_MAX);
	free(m);
}

/* ---- the tree, larger ---- */

static void tree_check(const struct gfs_memtable *mt, uint64_t count)
{
	struct gfs_mem_pos pos;
	uint8_t key[8];
	uint64_t seen = 0;
	struct gfs_mem_entry *e = gfs_memtable_seek(mt, gfs_slice(NULL, 0), false, &pos);
	for (; e; e = gfs_memtable_next(mt, &pos), seen++) {
		gfs_put_be64(key, seen);
		assert_memory_equal(e->key, key, 8);
	}
	assert_int_equal(seen, count);
	for (uint64_t i = 0; i < count; i++) {
		gfs_put_be64(key, i);
		e = gfs_memtable_find(mt, gfs_slice(key, 8));
		assert_true(e && gfs_memtable_seek(mt, gfs_slice(key, 8), false, &pos) == e);
	}
}

static void test_tree_orders(void **state)
{
	(void)state;
	const uint64_t count = 40000;
	for (unsigned order = 0; order < 3; order++) {
		struct gfs_mem_pool pool = { 0 };
		struct gfs_memtable mt = { 0 };
		for (uint64_t i = 0; i < count; i++) {
			struct gfs_mem_entry *e;
			uint8_t key[8];
			gfs_put_be64(key, order == 0 ? i : order == 1 ? count - 1 - i : i * 7919 % count);
			assert_int_equal(gfs_memtable_add(&mt, &pool, gfs_slice(key, 8), &e), 0);
			e->state = GFS_MEM_TOMBSTONE;
		}
		tree_check(&mt, count);
		gfs_mem_pool_release(&pool);
	}
}

/* ---- a checkpoint beside readers and a writer ---- */

struct busy {
	struct fixture *f;
	pthread_rwlock_t graph;
	_Atomic bool stop;
};

static void *read_all_the_time(void *argument)
{
	struct busy *b = argument;
	while (!atomic_load(&b->stop)) {
		GFS_AUTO_BUF one = GFS_BUF_INIT;
		GFS_AUTO_BUF two = GFS_BUF_INIT;
		(void)pthread_rwlock_rdlock(&b->graph); /* cannot fail: valid and not recursive */
		int err = gfs_kv_get(b->f->kv, GFS_KV_META, gfs_slice_text("one"), &one);
		assert(!err);
		err = gfs_kv_get(b->f->kv, GFS_KV_META, gfs_slice_text("two"), &two);
		assert(!err && gfs_slice_equal(gfs_buf_slice(&one), gfs_buf_slice(&two)));
		(void)pthread_rwlock_unlock(&b->graph); /* held */
		usleep(10);
	}
	return NULL;
}

static void *write_all_the_time(void *argument)
{
	struct busy *b = argument;
	for (unsigned i = 0; !atomic_load(&b->stop); i++) {
		char text[32];
		(void)snprintf(text, sizeof text, "%u", i);
		(void)pthread_rwlock_wrlock(&b->graph); /* cannot fail: valid and not recursive */
		put(b->f, "one", text);
		put(b->f, "two", text);
		gfs_undo_clear(b->f->undo);
		(void)pthread_rwlock_unlock(&b->graph); /* held */
		usleep(10);
	}
	return NULL;
}

static void checkpoint_beside(struct busy *b)
{
	const struct gfs_kv_backend_ops *ops = b->f->flaky.real;
	struct gfs_kv_batch *batch;
	assert_int_equal(pthread_rwlock_wrlock(&b->graph), 0);
	assert_int_equal(gfs_kv_freeze(b->f->kv), 0);
	assert_int_equal(pthread_rwlock_unlock(&b->graph), 0);
	assert_int_equal(ops->batch_begin(b->f->backend, &batch), 0);
	assert_int_equal(gfs_kv_write_frozen(b->f->kv, batch), 0);
	assert_int_equal(ops->batch_commit(batch), 0);
	assert_int_equal(pthread_rwlock_wrlock(&b->graph), 0);
	void *trash = gfs_kv_drop_frozen(b->f->kv);
	assert_int_equal(pthread_rwlock_unlock(&b->graph), 0);
	gfs_kv_trash_free(trash);
}

static void test_checkpoint_beside_others(void **state)
{
	struct busy b = { .f = *state };
	pthread_t threads[3];
	put(b.f, "one", "");
	put(b.f, "two", "");
	assert_int_equal(pthread_rwlock_init(&b.graph, NULL), 0);
	assert_int_equal(pthread_create(&threads[0], NULL, write_all_the_time, &b), 0);
	for (unsigned i = 1; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_all_the_time, &b), 0);
	for (unsigned i = 0; i < 60; i++)
		checkpoint_beside(&b);
	atomic_store(&b.stop, true);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(pthread_rwlock_destroy(&b.graph), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_three_layers),
		TEST(test_undo_restores_exactly),
		TEST(test_failed_batches_thaw),
		TEST(test_change_while_iterating),
		TEST(test_bad_arguments),
		TEST(test_damaged_values),
		TEST(test_walk_over_damage),
		TEST(test_absence_beside_damage),
		TEST(test_back_over_damage),
		TEST(test_memory_stays_bounded),
		TEST(test_random_against_model),
		cmocka_unit_test(test_tree_orders),
		TEST(test_checkpoint_beside_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
