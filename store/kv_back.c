/* Iteration backwards over the changes in memory and the backend's rows. */
#include "store/kv_private.h"

#include <assert.h>
#include <stdlib.h>

struct gfs_kv_back {
	struct gfs_kv *kv;
	enum gfs_kv_table table;
	struct gfs_kv_cursor *cursor;
	const struct gfs_mem_entry *mem[GFS_KV_AGE_COUNT]; /* each source's next; NULL at the front */
	bool has_base;
	struct gfs_slice base_key, base_value;
	size_t key_size; /* of the entry given last; 0: none */
	uint8_t key[GFS_KV_KEY_BYTES_MAX];
};

static const struct gfs_kv_backend_ops *ops_of(const struct gfs_kv_back *b)
{
	return gfs_kv_backend_of(b->kv)->ops;
}

int gfs_kv_back_open(struct gfs_kv *kv, enum gfs_kv_table table, struct gfs_kv_back **ret_back)
{
	struct gfs_kv_back *b = malloc(sizeof *b);
	if (!b)
		return GFS_ERR_NOMEM;
	memset(b, 0, offsetof(struct gfs_kv_back, key));
	b->kv = kv;
	b->table = table;
	int err = ops_of(b)->cursor_open(gfs_kv_backend_of(kv), table, &b->cursor);
	if (err)
		free(b);
	else
		*ret_back = b;
	return err;
}

void gfs_kv_back_close(struct gfs_kv_back *b)
{
	if (b)
		ops_of(b)->cursor_close(b->cursor);
	free(b);
}

/* Moves the backend's cursor back, to a row that must be sound and come before `limit` (K2). */
static int base_prev(struct gfs_kv_back *b, struct gfs_slice limit)
{
	int err = ops_of(b)->cursor_prev(b->cursor, &b->base_key, &b->base_value);
	b->has_base = !err;
	if (err)
		return err == GFS_ERR_NOTFOUND ? 0 : err;
	err = gfs_kv_row_open(b->table, b->base_key, b->base_value, &b->base_value);
	return err || gfs_mem_compare(b->base_key, limit) < 0 ? err : GFS_ERR_CORRUPT;
}

/* A damaged row where the search ends may have misled it (K3). */
static int base_seek(struct gfs_kv_back *b, struct gfs_slice key)
{
	struct gfs_slice value;
	int err = ops_of(b)->cursor_seek(b->cursor, key, &b->base_key, &b->base_value);
	if (!err)
		err = gfs_kv_row_open(b->table, b->base_key, b->base_value, &value);
	if (err && err != GFS_ERR_NOTFOUND)
		return err;
	return base_prev(b, key);
}

/* The entry in memory with the largest key, unless the backend has a larger one: then NULL. */
static const struct gfs_mem_entry *largest(const struct gfs_kv_back *b)
{
	const struct gfs_mem_entry *best = NULL;
	for (unsigned age = 0; age < GFS_KV_AGE_COUNT; age++) {
		const struct gfs_mem_entry *e = b->mem[age];
		if (e && (!best || gfs_mem_compare(gfs_mem_key(e), gfs_mem_key(best)) > 0))
			best = e;
	}
	return best && b->has_base && gfs_mem_compare(b->base_key, gfs_mem_key(best)) > 0 ? NULL : best;
}

/* Moves every source that stands on the key given last to the one before. */
static int step(struct gfs_kv_back *b)
{
	struct gfs_slice key = gfs_slice(b->key, b->key_size);
	for (unsigned age = 0; age < GFS_KV_AGE_COUNT; age++) {
		if (b->mem[age] && gfs_slice_equal(gfs_mem_key(b->mem[age]), key))
			b->mem[age] = gfs_memtable_before(gfs_kv_memtable(b->kv, (enum gfs_kv_age)age, b->table), key);
	}
	return b->has_base && gfs_slice_equal(b->base_key, key) ? base_prev(b, key) : 0;
}

static int give(struct gfs_kv_back *b, struct gfs_slice *ret_key, struct gfs_slice *ret_value)
{
	for (;;) {
		const struct gfs_mem_entry *e = largest(b);
		b->key_size = 0;
		if (!e && !b->has_base)
			return GFS_ERR_NOTFOUND;
		struct gfs_slice key = e ? gfs_mem_key(e) : b->base_key;
		assert(key.size > 0 && key.size <= sizeof b->key);
		memcpy(b->key, key.data, key.size);
		b->key_size = key.size;
		*ret_key = gfs_slice(b->key, b->key_size);
		*ret_value = e ? gfs_mem_value(e) : b->base_value;
		if (!e || e->state != GFS_MEM_TOMBSTONE)
			return 0;
		int err = step(b);
		if (err)
			return err;
	}
}

int gfs_kv_back_seek(
	struct gfs_kv_back *b, struct gfs_slice key, struct gfs_slice *ret_key, struct gfs_slice *ret_value)
{
	if (key.size == 0 || key.size > sizeof b->key)
		return GFS_ERR_INVALID;
	for (unsigned age = 0; age < GFS_KV_AGE_COUNT; age++) {
		const struct gfs_memtable *table = gfs_kv_memtable(b->kv, (enum gfs_kv_age)age, b->table);
		b->mem[age] = table ? gfs_memtable_before(table, key) : NULL;
	}
	int err = base_seek(b, key);
	return err ? err : give(b, ret_key, ret_value);
}

int gfs_kv_back_prev(struct gfs_kv_back *b, struct gfs_slice *ret_key, struct gfs_slice *ret_value)
{
	if (b->key_size == 0)
		return GFS_ERR_NOTFOUND;
	int err = step(b);
	return err ? err : give(b, ret_key, ret_value);
}
