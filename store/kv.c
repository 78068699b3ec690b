#include "store/kv_private.h"

#include "base/checked.h"
#include "base/hash.h"
#include "store/undo.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

/* The changes between two checkpoints. */
struct generation {
	struct gfs_mem_pool pool;
	struct gfs_memtable tables[GFS_KV_TABLE_COUNT];
};

struct gfs_kv {
	struct gfs_kv_backend *backend; /* borrowed */
	/* Both pointers change under the exclusive graph lock only. */
	struct generation *current;
	struct generation *frozen; /* NULL when no checkpoint runs; does not change while it is here */
	bool mixed;                /* a thaw failed half way: `frozen` holds some newer changes and must not be written */
	_Atomic uint64_t dirty_bytes; /* relaxed: a figure */
};

static void generation_free(struct generation *g)
{
	if (g)
		gfs_mem_pool_release(&g->pool);
	free(g);
}

static void note_dirty_bytes(struct gfs_kv *kv)
{
	atomic_store_explicit(&kv->dirty_bytes, kv->current->pool.used_bytes, memory_order_relaxed);
}

int gfs_kv_new(struct gfs_kv_backend *backend, struct gfs_kv **ret_kv)
{
	struct gfs_kv *kv = calloc(1, sizeof *kv);
	struct generation *current = calloc(1, sizeof *current);
	if (!kv || !current) {
		free(kv);
		free(current);
		return GFS_ERR_NOMEM;
	}
	kv->backend = backend;
	kv->current = current;
	*ret_kv = kv;
	return 0;
}

void gfs_kv_free(struct gfs_kv *kv)
{
	if (!kv)
		return;
	generation_free(kv->current);
	generation_free(kv->frozen);
	free(kv);
}

struct gfs_kv_backend *gfs_kv_backend_of(const struct gfs_kv *kv)
{
	return kv->backend;
}

const struct gfs_memtable *gfs_kv_memtable(const struct gfs_kv *kv, enum gfs_kv_age age, enum gfs_kv_table table)
{
	const struct generation *g = age == GFS_KV_CURRENT ? kv->current : kv->frozen;
	return g ? &g->tables[table] : NULL;
}

uint64_t gfs_kv_dirty_bytes(const struct gfs_kv *kv)
{
	return atomic_load_explicit(&kv->dirty_bytes, memory_order_relaxed);
}

/* ---- rows as the backend has them (K1 of kv.h) ---- */

enum { SUM_BYTES = 8 };

static bool has_sum(enum gfs_kv_table table)
{
	return table != GFS_KV_PAGES;
}

static uint64_t row_sum(enum gfs_kv_table table, struct gfs_slice key, struct gfs_slice value)
{
	return gfs_hash64_seed(value.data, value.size, gfs_hash64_seed(key.data, key.size, table));
}

int gfs_kv_row_open(enum gfs_kv_table table, struct gfs_slice key, struct gfs_slice stored, struct gfs_slice *ret_value)
{
	struct gfs_slice value = stored;
	if (has_sum(table)) {
		if (stored.size < SUM_BYTES)
			return GFS_ERR_CORRUPT;
		value.size -= SUM_BYTES;
		if (gfs_get_le64(value.data + value.size) != row_sum(table, key, value))
			return GFS_ERR_CORRUPT;
	}
	*ret_value = value;
	return 0;
}

/* A page's own sum is looked at when it is read; here its id must do. */
static bool row_is_good(enum gfs_kv_table table, struct gfs_slice key, struct gfs_slice stored)
{
	struct gfs_slice value;
	if (has_sum(table))
		return gfs_kv_row_open(table, key, stored, &value) == 0;
	return key.size == 8 && stored.size >= 8 && gfs_get_be64(key.data) == gfs_get_le64(stored.data);
}

/* `space`: memory for the stored form, used again from row to row. */
static int row_put(struct gfs_kv_backend *backend, struct gfs_kv_batch *batch, enum gfs_kv_table table,
	struct gfs_slice key, struct gfs_slice value, struct gfs_buf *space)
{
	if (!has_sum(table))
		return backend->ops->batch_put(batch, table, key, value);
	gfs_buf_clear(space);
	gfs_buf_append(space, value.data, value.size);
	gfs_buf_append_le64(space, row_sum(table, key, value));
	int err = gfs_buf_failed(space);
	return err ? err : backend->ops->batch_put(batch, table, key, gfs_buf_slice(space));
}

int gfs_kv_row_put(struct gfs_kv_backend *backend, struct gfs_kv_batch *batch, enum gfs_kv_table table,
	struct gfs_slice key, struct gfs_slice value)
{
	GFS_AUTO_BUF space = GFS_BUF_INIT;
	return row_put(backend, batch, table, key, value, &space);
}

/* Looks at both neighbours of the place where the key would be. */
static int neighbours_fit(
	const struct gfs_kv_backend_ops *ops, struct gfs_kv_cursor *cursor, enum gfs_kv_table table, struct gfs_slice key)
{
	struct gfs_slice k, v;
	int err = ops->cursor_seek(cursor, key, &k, &v);
	if (!err && (!row_is_good(table, k, v) || gfs_mem_compare(k, key) <= 0))
		return GFS_ERR_CORRUPT;
	if (err && err != GFS_ERR_NOTFOUND)
		return err;
	err = ops->cursor_prev(cursor, &k, &v);
	if (!err && (!row_is_good(table, k, v) || gfs_mem_compare(k, key) >= 0))
		return GFS_ERR_CORRUPT;
	return err ? err : GFS_ERR_NOTFOUND;
}

int gfs_kv_prove_absent(struct gfs_kv_backend *backend, enum gfs_kv_table table, struct gfs_slice key)
{
	struct gfs_kv_cursor *cursor;
	int err = backend->ops->cursor_open(backend, table, &cursor);
	if (err)
		return err;
	err = neighbours_fit(backend->ops, cursor, table, key);
	backend->ops->cursor_close(cursor);
	return err;
}

int gfs_kv_row_get(struct gfs_kv_backend *backend, enum gfs_kv_table table, struct gfs_slice key, struct gfs_buf *out)
{
	GFS_AUTO_BUF unwanted = GFS_BUF_INIT;
	struct gfs_slice value;
	if (!out)
		out = &unwanted; /* existence is not to be trusted either before the sum was looked at */
	size_t before = out->size;
	int err = backend->ops->get(backend, table, key, out);
	if (err == GFS_ERR_NOTFOUND)
		err = gfs_kv_prove_absent(backend, table, key);
	if (!err)
		err = gfs_kv_row_open(table, key, gfs_slice(out->data + before, out->size - before), &value);
	out->size = err ? before : before + value.size;
	return err;
}

/* ---- get ---- */

/* What a generation says about the key; NULL when nothing. */
static const struct gfs_mem_entry *generation_find(
	const struct generation *g, enum gfs_kv_table table, struct gfs_slice key)
{
	const struct gfs_mem_entry *e = g ? gfs_memtable_find(&g->tables[table], key) : NULL;
	return e && e->state != GFS_MEM_HOLE ? e : NULL;
}

int gfs_kv_get(struct gfs_kv *kv, enum gfs_kv_table table, struct gfs_slice key, struct gfs_buf *out)
{
	const struct gfs_mem_entry *e = generation_find(kv->current, table, key);
	if (!e)
		e = generation_find(kv->frozen, table, key);
	if (!e)
		return gfs_kv_row_get(kv->backend, table, key, out);
	if (e->state == GFS_MEM_TOMBSTONE)
		return GFS_ERR_NOTFOUND;
	if (out) {
		gfs_buf_append(out, e->value, e->value_size);
		return gfs_buf_failed(out);
	}
	return 0;
}

/* ---- change ---- */

struct former {
	struct gfs_mem_entry *entry;
	uint32_t value_size;
	uint8_t state;
	uint8_t value[];
};

static void set_state(struct gfs_memtable *mt, struct gfs_mem_entry *e, enum gfs_mem_state state)
{
	if ((e->state == GFS_MEM_HOLE) != (state == GFS_MEM_HOLE))
		mt->version++;
	e->state = (uint8_t)state;
}

static void restore(void *context, void *data, size_t size)
{
	struct gfs_memtable *mt = context;
	const struct former *f = data;
	assert(size >= sizeof *f + f->value_size && f->value_size <= f->entry->value_capacity);
	(void)size; /* read by the assert only */
	if (f->value_size)
		memcpy(f->entry->value, f->value, f->value_size);
	f->entry->value_size = f->value_size;
	set_state(mt, f->entry, f->state);
}

static int note_former(struct gfs_undo *undo, struct gfs_memtable *mt, struct gfs_mem_entry *e)
{
	void *data;
	int err = gfs_undo_push(undo, restore, mt, sizeof(struct former) + e->value_size, &data);
	if (err)
		return err;
	struct former *f = data;
	*f = (struct former){ .entry = e, .value_size = e->value_size, .state = e->state };
	if (e->value_size)
		memcpy(f->value, e->value, e->value_size);
	return 0;
}

/* The value may lie in the entry's own block. */
static void set_value(
	struct gfs_mem_pool *pool, struct gfs_mem_entry *e, struct gfs_slice value, struct gfs_mem_block grown)
{
	struct gfs_mem_block old = { .data = e->value, .capacity = e->value_capacity };
	uint8_t *data = grown.data ? grown.data : e->value;
	if (value.size)
		memmove(data, value.data, value.size);
	e->value_size = (uint32_t)value.size;
	if (grown.data) {
		e->value = grown.data;
		e->value_capacity = grown.capacity;
		gfs_mem_block_give(pool, old);
	}
}

static int change(struct generation *g, struct gfs_undo *undo, enum gfs_kv_table table, struct gfs_slice key,
	enum gfs_mem_state state, struct gfs_slice value)
{
	struct gfs_memtable *mt = &g->tables[table];
	struct gfs_mem_block grown = { 0 };
	struct gfs_mem_entry *e;
	int err = gfs_memtable_add(mt, &g->pool, key, &e);
	if (!err && value.size > e->value_capacity)
		err = gfs_mem_block_take(&g->pool, (uint32_t)value.size, e->value_capacity > 0, &grown);
	if (!err && undo)
		err = note_former(undo, mt, e);
	if (err) {
		gfs_mem_block_give(&g->pool, grown);
		return err;
	}
	set_value(&g->pool, e, value, grown);
	set_state(mt, e, state);
	return 0;
}

static int checked_change(struct gfs_kv *kv, struct gfs_undo *undo, enum gfs_kv_table table, struct gfs_slice key,
	enum gfs_mem_state state, struct gfs_slice value)
{
	assert(table < GFS_KV_TABLE_COUNT);
	if (key.size == 0 || key.size > GFS_KV_KEY_BYTES_MAX)
		return GFS_ERR_INVALID;
	if (value.size >= UINT32_MAX)
		return GFS_ERR_TOOBIG;
	int err = change(kv->current, undo, table, key, state, value);
	note_dirty_bytes(kv);
	return err;
}

int gfs_kv_put(
	struct gfs_kv *kv, struct gfs_undo *undo, enum gfs_kv_table table, struct gfs_slice key, struct gfs_slice value)
{
	return checked_change(kv, undo, table, key, GFS_MEM_VALUE, value);
}

int gfs_kv_delete(struct gfs_kv *kv, struct gfs_undo *undo, enum gfs_kv_table table, struct gfs_slice key)
{
	return checked_change(kv, undo, table, key, GFS_MEM_TOMBSTONE, gfs_slice(NULL, 0));
}

/* ---- iteration ---- */

/* The newest first: of equal keys the first source with it counts. */
enum { SOURCE_CURRENT, SOURCE_FROZEN, MEM_SOURCE_COUNT };

struct mem_source {
	const struct gfs_memtable *table; /* NULL: no such generation */
	struct gfs_mem_pos pos;
	struct gfs_mem_entry *entry; /* NULL at the end */
};

/* The backend's row under the cursor. */
enum base_state { BASE_END, BASE_GOOD, BASE_DAMAGED };

struct gfs_kv_iter {
	struct gfs_kv *kv;
	enum gfs_kv_table table;
	struct mem_source mem[MEM_SOURCE_COUNT];
	struct gfs_kv_cursor *cursor;
	struct gfs_slice base_key, base_value; /* the value without its sum; of a damaged row: empty */
	enum base_state base;
	bool positioned;
	bool floor_taken, key_given; /* false: that is only where the seek began */
	unsigned damaged;            /* rows stepped over */
	size_t floor_size, key_size;
	uint8_t floor[GFS_KV_KEY_BYTES_MAX]; /* the last good key of the backend */
	uint8_t key[GFS_KV_KEY_BYTES_MAX];   /* the last one given out, but for those of damaged rows */
	uint8_t damaged_key[GFS_KV_KEY_BYTES_MAX];
};

/* A tree that leads back into itself could give damaged rows for ever; good ones must ascend. */
enum { DAMAGED_ROWS_MAX = 1 << 20 };

static void set_floor(struct gfs_kv_iter *it, struct gfs_slice key, bool taken)
{
	if (key.size)
		memcpy(it->floor, key.data, key.size);
	it->floor_size = key.size;
	it->floor_taken = taken;
}

/* Memory says something about the key: the backend's row does not count. */
static bool overridden(const struct gfs_kv_iter *it, struct gfs_slice key)
{
	return generation_find(it->kv->current, it->table, key) || generation_find(it->kv->frozen, it->table, key);
}

/* Looks at the row that the cursor came to. Damaged rows take no part in the order: their keys may be anything. */
static int base_judge(struct gfs_kv_iter *it)
{
	if (it->base_key.size == 0 || it->base_key.size > sizeof it->floor)
		return GFS_ERR_CORRUPT;
	if (gfs_kv_row_open(it->table, it->base_key, it->base_value, &it->base_value)) {
		it->base_value = gfs_slice(NULL, 0);
		it->base = BASE_DAMAGED;
		return ++it->damaged > DAMAGED_ROWS_MAX ? GFS_ERR_CORRUPT : 0;
	}
	int order = gfs_mem_compare(it->base_key, gfs_slice(it->floor, it->floor_size));
	if (order < 0 || (order == 0 && it->floor_taken))
		return GFS_ERR_CORRUPT;
	set_floor(it, it->base_key, true);
	it->base = BASE_GOOD;
	return 0;
}

static int base_result(struct gfs_kv_iter *it, int err)
{
	it->base = BASE_END;
	if (!err)
		err = base_judge(it);
	while (!err && it->base == BASE_DAMAGED && overridden(it, it->base_key)) {
		it->base = BASE_END;
		err = it->kv->backend->ops->cursor_next(it->cursor, &it->base_key, &it->base_value);
		if (!err)
			err = base_judge(it);
	}
	if (err)
		it->base = BASE_END;
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

static int base_seek(struct gfs_kv_iter *it, struct gfs_slice key)
{
	const struct gfs_kv_backend_ops *ops = it->kv->backend->ops;
	set_floor(it, key, false);
	int err = ops->cursor_seek(it->cursor, key, &it->base_key, &it->base_value);
	if (key.size == 0 || (err && err != GFS_ERR_NOTFOUND))
		return base_result(it, err);
	err = ops->cursor_prev(it->cursor, &it->base_key, &it->base_value); /* K3 */
	if (err == GFS_ERR_NOTFOUND)
		err = ops->cursor_seek(it->cursor, key, &it->base_key, &it->base_value);
	else if (!err && row_is_good(it->table, it->base_key, it->base_value))
		err = gfs_mem_compare(it->base_key, key) < 0 ? ops->cursor_next(it->cursor, &it->base_key, &it->base_value)
													 : GFS_ERR_CORRUPT;
	return base_result(it, err);
}

static int base_next(struct gfs_kv_iter *it)
{
	return base_result(it, it->kv->backend->ops->cursor_next(it->cursor, &it->base_key, &it->base_value));
}

int gfs_kv_iter_open(struct gfs_kv *kv, enum gfs_kv_table table, struct gfs_kv_iter **ret_iter)
{
	struct gfs_kv_iter *it = malloc(sizeof *it);
	if (!it)
		return GFS_ERR_NOMEM;
	memset(it, 0, offsetof(struct gfs_kv_iter, floor));
	it->kv = kv;
	it->table = table;
	it->mem[SOURCE_CURRENT].table = &kv->current->tables[table];
	it->mem[SOURCE_FROZEN].table = kv->frozen ? &kv->frozen->tables[table] : NULL;
	int err = kv->backend->ops->cursor_open(kv->backend, table, &it->cursor);
	if (err)
		free(it);
	else
		*ret_iter = it;
	return err;
}

void gfs_kv_iter_close(struct gfs_kv_iter *it)
{
	if (it)
		it->kv->backend->ops->cursor_close(it->cursor);
	free(it);
}

/* Moves every source that stands on `key` past it; those whose table changed meanwhile find their place again. */
static int step_past(struct gfs_kv_iter *it, struct gfs_slice key)
{
	for (unsigned i = 0; i < MEM_SOURCE_COUNT; i++) {
		struct mem_source *m = &it->mem[i];
		if (m->table && m->pos.version != m->table->version)
			m->entry = gfs_memtable_seek(m->table, key, true, &m->pos);
		else if (m->entry && gfs_slice_equal(gfs_mem_key(m->entry), key))
			m->entry = gfs_memtable_next(m->table, &m->pos);
	}
	return it->base == BASE_GOOD && gfs_slice_equal(it->base_key, key) ? base_next(it) : 0;
}

/* The memory source with the smallest key, unless the backend has a smaller one, or a damaged row: then NULL. */
static const struct gfs_mem_entry *smallest(const struct gfs_kv_iter *it)
{
	const struct gfs_mem_entry *best = NULL;
	for (unsigned i = 0; i < MEM_SOURCE_COUNT && it->base != BASE_DAMAGED; i++) {
		const struct gfs_mem_entry *e = it->mem[i].entry;
		if (e && (!best || gfs_mem_compare(gfs_mem_key(e), gfs_mem_key(best)) < 0))
			best = e;
	}
	if (best && it->base == BASE_GOOD && gfs_mem_compare(it->base_key, gfs_mem_key(best)) < 0)
		best = NULL;
	return best;
}

static void set_key(struct gfs_kv_iter *it, struct gfs_slice key, bool given)
{
	if (key.size)
		memcpy(it->key, key.data, key.size);
	it->key_size = key.size;
	it->key_given = given;
}

static int give_damaged(struct gfs_kv_iter *it, struct gfs_slice *ret_key)
{
	memcpy(it->damaged_key, it->base_key.data, it->base_key.size);
	*ret_key = gfs_slice(it->damaged_key, it->base_key.size);
	return GFS_ERR_CORRUPT;
}

/* The backend moves on alone; sources in memory whose table changed meanwhile find their place again. */
static int step_past_damaged(struct gfs_kv_iter *it)
{
	for (unsigned i = 0; i < MEM_SOURCE_COUNT; i++) {
		struct mem_source *m = &it->mem[i];
		if (m->table && m->pos.version != m->table->version)
			m->entry = gfs_memtable_seek(m->table, gfs_slice(it->key, it->key_size), it->key_given, &m->pos);
	}
	return base_next(it);
}

static int settle(struct gfs_kv_iter *it, struct gfs_slice *ret_key, struct gfs_slice *ret_value)
{
	const struct gfs_mem_entry *e;
	while ((e = smallest(it)) && e->state == GFS_MEM_TOMBSTONE) {
		int err = step_past(it, gfs_mem_key(e));
		if (err)
			return err;
	}
	if (it->base == BASE_DAMAGED)
		return give_damaged(it, ret_key);
	if (!e && it->base == BASE_END)
		return GFS_ERR_NOTFOUND;
	struct gfs_slice key = e ? gfs_mem_key(e) : it->base_key;
	set_key(it, key, true);
	*ret_key = gfs_slice(it->key, it->key_size);
	*ret_value = e ? gfs_mem_value(e) : it->base_value;
	return 0;
}

/* After a step with the result `err`. */
static int arrive(struct gfs_kv_iter *it, int err, struct gfs_slice *ret_key, struct gfs_slice *ret_value)
{
	*ret_key = *ret_value = gfs_slice(NULL, 0);
	if (!err)
		err = settle(it, ret_key, ret_value);
	it->positioned = !err || ret_key->size > 0;
	return err;
}

int gfs_kv_iter_seek(
	struct gfs_kv_iter *it, struct gfs_slice key, struct gfs_slice *ret_key, struct gfs_slice *ret_value)
{
	if (key.size > sizeof it->key)
		return GFS_ERR_INVALID;
	for (unsigned i = 0; i < MEM_SOURCE_COUNT; i++) {
		struct mem_source *m = &it->mem[i];
		m->entry = m->table ? gfs_memtable_seek(m->table, key, false, &m->pos) : NULL;
	}
	set_key(it, key, false);
	return arrive(it, base_seek(it, key), ret_key, ret_value);
}

int gfs_kv_iter_next(struct gfs_kv_iter *it, struct gfs_slice *ret_key, struct gfs_slice *ret_value)
{
	if (!it->positioned)
		return GFS_ERR_NOTFOUND;
	int err = it->base == BASE_DAMAGED ? step_past_damaged(it) : step_past(it, gfs_slice(it->key, it->key_size));
	return arrive(it, err, ret_key, ret_value);
}

/* ---- checkpoint ---- */

int gfs_kv_freeze(struct gfs_kv *kv)
{
	assert(!kv->frozen);
	struct generation *fresh = calloc(1, sizeof *fresh);
	if (!fresh)
		return GFS_ERR_NOMEM;
	kv->frozen = kv->current;
	kv->current = fresh;
	note_dirty_bytes(kv);
	return 0;
}

static int write_table(
	struct gfs_kv_backend *backend, struct gfs_kv_batch *batch, enum gfs_kv_table table, const struct gfs_memtable *mt)
{
	GFS_AUTO_BUF space = GFS_BUF_INIT;
	struct gfs_mem_pos pos;
	struct gfs_mem_entry *e = gfs_memtable_seek(mt, gfs_slice(NULL, 0), false, &pos);
	int err = 0;
	for (; e && !err; e = gfs_memtable_next(mt, &pos)) {
		if (e->state == GFS_MEM_VALUE)
			err = row_put(backend, batch, table, gfs_mem_key(e), gfs_mem_value(e), &space);
		else
			err = backend->ops->batch_delete(batch, table, gfs_mem_key(e));
	}
	return err;
}

int gfs_kv_write_frozen(struct gfs_kv *kv, struct gfs_kv_batch *batch)
{
	assert(kv->frozen);
	if (kv->mixed)
		return GFS_ERR_FAILED;
	int err = 0;
	for (unsigned table = 0; table < GFS_KV_TABLE_COUNT && !err; table++)
		err = write_table(kv->backend, batch, table, &kv->frozen->tables[table]);
	return err;
}

void *gfs_kv_drop_frozen(struct gfs_kv *kv)
{
	void *trash = kv->frozen;
	assert(!kv->mixed);
	kv->frozen = NULL;
	return trash;
}

void gfs_kv_trash_free(void *trash)
{
	generation_free(trash);
}

static int merge_table(struct generation *into, const struct generation *from, enum gfs_kv_table table)
{
	const struct gfs_memtable *mt = &from->tables[table];
	struct gfs_mem_pos pos;
	struct gfs_mem_entry *e = gfs_memtable_seek(mt, gfs_slice(NULL, 0), false, &pos);
	int err = 0;
	for (; e && !err; e = gfs_memtable_next(mt, &pos))
		err = change(into, NULL, table, gfs_mem_key(e), e->state, gfs_mem_value(e));
	return err;
}

/* The newer generation is the smaller one as a rule (a checkpoint is short), so it moves into the older. Should that fail half way,
 * readers still see the same, and it can be tried again. */
int gfs_kv_thaw(struct gfs_kv *kv)
{
	assert(kv->frozen);
	int err = 0;
	kv->mixed = true;
	for (unsigned table = 0; table < GFS_KV_TABLE_COUNT && !err; table++)
		err = merge_table(kv->frozen, kv->current, table);
	if (err)
		return err;
	generation_free(kv->current);
	kv->current = kv->frozen;
	kv->frozen = NULL;
	kv->mixed = false;
	note_dirty_bytes(kv);
	return 0;
}
