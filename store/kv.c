#include "store/kv.h"

#include "base/checked.h"
#include "store/memtable.h"
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

uint64_t gfs_kv_dirty_bytes(const struct gfs_kv *kv)
{
	return atomic_load_explicit(&kv->dirty_bytes, memory_order_relaxed);
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
		return kv->backend->ops->get(kv->backend, table, key, out);
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

struct gfs_kv_iter {
	struct gfs_kv_backend *backend;
	struct mem_source mem[MEM_SOURCE_COUNT];
	struct gfs_kv_cursor *cursor;
	struct gfs_slice base_key, base_value;
	bool base_valid; /* the cursor stands on base_key */
	bool positioned;
	size_t key_size;
	uint8_t key[GFS_KV_KEY_BYTES_MAX]; /* the last one given out */
};

static int base_result(struct gfs_kv_iter *it, int err)
{
	it->base_valid = err == 0;
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

static int base_seek(struct gfs_kv_iter *it, struct gfs_slice key)
{
	return base_result(it, it->backend->ops->cursor_seek(it->cursor, key, &it->base_key, &it->base_value));
}

static int base_next(struct gfs_kv_iter *it)
{
	return base_result(it, it->backend->ops->cursor_next(it->cursor, &it->base_key, &it->base_value));
}

int gfs_kv_iter_open(struct gfs_kv *kv, enum gfs_kv_table table, struct gfs_kv_iter **ret_iter)
{
	struct gfs_kv_iter *it = malloc(sizeof *it);
	if (!it)
		return GFS_ERR_NOMEM;
	memset(it, 0, offsetof(struct gfs_kv_iter, key));
	it->backend = kv->backend;
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
		it->backend->ops->cursor_close(it->cursor);
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
	return it->base_valid && gfs_slice_equal(it->base_key, key) ? base_next(it) : 0;
}

/* The memory source with the smallest key, unless the backend's is smaller: then NULL. */
static const struct gfs_mem_entry *smallest(const struct gfs_kv_iter *it)
{
	const struct gfs_mem_entry *best = NULL;
	for (unsigned i = 0; i < MEM_SOURCE_COUNT; i++) {
		const struct gfs_mem_entry *e = it->mem[i].entry;
		if (e && (!best || gfs_mem_compare(gfs_mem_key(e), gfs_mem_key(best)) < 0))
			best = e;
	}
	if (best && it->base_valid && gfs_mem_compare(it->base_key, gfs_mem_key(best)) < 0)
		best = NULL;
	return best;
}

static int settle(struct gfs_kv_iter *it, struct gfs_slice *ret_key, struct gfs_slice *ret_value)
{
	const struct gfs_mem_entry *e;
	while ((e = smallest(it)) && e->state == GFS_MEM_TOMBSTONE) {
		int err = step_past(it, gfs_mem_key(e));
		if (err)
			return err;
	}
	if (!e && !it->base_valid) {
		it->positioned = false;
		return GFS_ERR_NOTFOUND;
	}
	struct gfs_slice key = e ? gfs_mem_key(e) : it->base_key;
	if (key.size > sizeof it->key)
		return GFS_ERR_CORRUPT;
	memcpy(it->key, key.data, key.size);
	it->key_size = key.size;
	*ret_key = gfs_slice(it->key, it->key_size);
	*ret_value = e ? gfs_mem_value(e) : it->base_value;
	return 0;
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
	int err = base_seek(it, key);
	it->positioned = err == 0;
	return err ? err : settle(it, ret_key, ret_value);
}

int gfs_kv_iter_next(struct gfs_kv_iter *it, struct gfs_slice *ret_key, struct gfs_slice *ret_value)
{
	if (!it->positioned)
		return GFS_ERR_NOTFOUND;
	int err = step_past(it, gfs_slice(it->key, it->key_size));
	return err ? err : settle(it, ret_key, ret_value);
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
	struct gfs_mem_pos pos;
	struct gfs_mem_entry *e = gfs_memtable_seek(mt, gfs_slice(NULL, 0), false, &pos);
	int err = 0;
	for (; e && !err; e = gfs_memtable_next(mt, &pos)) {
		if (e->state == GFS_MEM_VALUE)
			err = backend->ops->batch_put(batch, table, gfs_mem_key(e), gfs_mem_value(e));
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
