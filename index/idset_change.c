/* Changing sets, writing them at checkpoints, clearing them: all under the exclusive graph lock. */
#include "index/idset.h"

#include "base/checked.h"
#include "index/idset_private.h"
#include "store/undo.h"

#include <assert.h>

/* ---- adding and removing ---- */

static void add_dirty_bytes(struct gfs_idsets *sets, uint64_t more)
{
	atomic_fetch_add_explicit(&sets->dirty_bytes, more, memory_order_relaxed);
}

uint64_t gfs_idsets_dirty_bytes(const struct gfs_idsets *sets)
{
	return atomic_load_explicit(&sets->dirty_bytes, memory_order_relaxed);
}

static int mark_dirty(struct gfs_idsets *sets, struct gfs_idset *set, uint64_t number, struct gfs_idset_bits *bits)
{
	struct gfs_idset_dirty_list *list = &sets->dirty;
	struct gfs_idset_chunk *chunk = &set->chunks[gfs_idset_seek_chunk(set, number)];
	assert(chunk->number == number);
	if (chunk->dirty)
		return 0;
	if (list->count == list->capacity) {
		size_t capacity = GFS_MAX(list->capacity * 2, (size_t)64);
		struct gfs_idset_dirty_ref *refs = realloc(list->refs, capacity * sizeof *refs);
		if (refs == NULL)
			return GFS_ERR_NOMEM;
		list->refs = refs;
		list->capacity = capacity;
	}
	list->refs[list->count++] = (struct gfs_idset_dirty_ref){ .set = set, .chunk = chunk->number };
	chunk->dirty = true;
	gfs_cache_set_dirty(sets->cache, &bits->piece.entry, true);
	add_dirty_bytes(sets, bits->piece.entry.bytes);
	return 0;
}

struct undo_record {
	struct gfs_idset *set;
	uint64_t id;
};

/* Its chunk is dirty, so it is in the cache (S2). To be unpinned. */
static struct gfs_idset_bits *changed_bits(struct gfs_idsets *sets, const struct undo_record *record)
{
	struct gfs_cache_entry *entry = gfs_cache_peek(
		sets->cache, gfs_idset_cache_key(record->set, record->id >> GFS_IDSET_CHUNK_BITS));
	assert(entry != NULL && atomic_load_explicit(&entry->dirty, memory_order_relaxed));
	return gfs_container_of(entry, struct gfs_idset_bits, piece.entry);
}

static void undo_add(void *context, void *data, size_t size)
{
	const struct undo_record *record = data;
	GFS_AUTO_IDSET_BITS bits = changed_bits(context, record);
	assert(size == sizeof *record);
	(void)size; /* without assertions */
	roaring_bitmap_remove(bits->bitmap, (uint16_t)record->id);
}

static void undo_remove(void *context, void *data, size_t size)
{
	const struct undo_record *record = data;
	GFS_AUTO_IDSET_BITS bits = changed_bits(context, record);
	assert(size == sizeof *record);
	(void)size; /* without assertions */
	roaring_bitmap_add(bits->bitmap, (uint16_t)record->id);
}

static int note(struct gfs_txn *txn, gfs_undo_fn fn, struct gfs_idsets *sets, struct gfs_idset *set, uint64_t id)
{
	void *data;
	int err = gfs_undo_push(gfs_txn_undo(txn), fn, sets, sizeof(struct undo_record), &data);
	if (err == 0)
		*(struct undo_record *)data = (struct undo_record){ .set = set, .id = id };
	return err;
}

/* A new chunk, empty. */
static int make_chunk(struct gfs_idsets *sets, struct gfs_idset *set, uint64_t number, struct gfs_idset_bits **ret_bits)
{
	roaring_bitmap_t *bitmap = roaring_bitmap_create();
	if (bitmap == NULL)
		return GFS_ERR_NOMEM;
	int err = gfs_idset_insert_chunk(set, gfs_idset_seek_chunk(set, number), number);
	if (err != 0) {
		roaring_bitmap_free(bitmap);
		return err;
	}
	return gfs_idset_keep(sets, set, number, bitmap, 0, ret_bits);
}

/* The bitmap that `id` is in, or would be in when `make`; NULL when there is none. */
static int pin_for(
	struct gfs_idsets *sets, struct gfs_idset *set, uint64_t id, bool make, struct gfs_idset_bits **ret_bits)
{
	uint64_t number = id >> GFS_IDSET_CHUNK_BITS;
	int err = gfs_idset_pin(sets, set, number, ret_bits);
	if (err == 0 && *ret_bits == NULL && make)
		err = make_chunk(sets, set, number, ret_bits);
	return err;
}

/* The charge grows by doubling: less often than the bitmap. The chunk is dirty. */
static void grow(struct gfs_idsets *sets, struct gfs_idset_bits *bits)
{
	if (bits->bytes >= GFS_IDSET_CHUNK_OVERHEAD_BYTES + GFS_IDSET_CHUNK_BYTES_MAX)
		return;
	bits->bytes += sizeof(uint16_t);
	if (bits->bytes <= bits->piece.entry.bytes)
		return;
	add_dirty_bytes(sets, 2 * bits->bytes - bits->piece.entry.bytes);
	gfs_cache_resize(sets->cache, &bits->piece.entry, 2 * bits->bytes);
}

int gfs_idset_add(
	struct gfs_txn *txn, struct gfs_idsets *sets, enum gfs_idset_kind kind, uint16_t set_number, uint64_t id)
{
	struct gfs_idset *set;
	GFS_AUTO_IDSET_BITS bits = NULL;
	if (id == GFS_ID_NONE || id > GFS_ID_MAX)
		return GFS_ERR_INVALID;
	int err = gfs_idset_get(sets, kind, set_number, &set);
	if (err == 0)
		err = pin_for(sets, set, id, true, &bits);
	if (err == 0 && roaring_bitmap_contains(bits->bitmap, (uint16_t)id))
		err = GFS_ERR_EXISTS;
	if (err == 0)
		err = mark_dirty(sets, set, id >> GFS_IDSET_CHUNK_BITS, bits);
	if (err == 0)
		err = note(txn, undo_add, sets, set, id);
	if (err != 0)
		return err;
	roaring_bitmap_add(bits->bitmap, (uint16_t)id);
	grow(sets, bits);
	return 0;
}

int gfs_idset_remove(
	struct gfs_txn *txn, struct gfs_idsets *sets, enum gfs_idset_kind kind, uint16_t set_number, uint64_t id)
{
	struct gfs_idset *set;
	GFS_AUTO_IDSET_BITS bits = NULL;
	int err = gfs_idset_get(sets, kind, set_number, &set);
	if (err == 0)
		err = pin_for(sets, set, id, false, &bits);
	if (err == 0 && (bits == NULL || !roaring_bitmap_contains(bits->bitmap, (uint16_t)id)))
		err = GFS_ERR_NOTFOUND;
	if (err == 0)
		err = mark_dirty(sets, set, id >> GFS_IDSET_CHUNK_BITS, bits);
	if (err == 0)
		err = note(txn, undo_remove, sets, set, id);
	if (err == 0)
		roaring_bitmap_remove(bits->bitmap, (uint16_t)id);
	return err;
}

/* ---- checkpoints ---- */

/* Puts a dirty chunk's value into IDSETS; an empty chunk has none. */
static int write_value(struct gfs_kv *kv, struct gfs_slice key, struct gfs_idset_bits *bits, struct gfs_buf *value)
{
	gfs_buf_clear(value);
	if (roaring_bitmap_is_empty(bits->bitmap))
		return gfs_kv_delete(kv, NULL, GFS_KV_IDSETS, key);
	int err = gfs_idset_chunk_encode(bits->bitmap, value);
	return err != 0 ? err : gfs_kv_put(kv, NULL, GFS_KV_IDSETS, key, gfs_buf_slice(value));
}

static int write_chunk(struct gfs_idsets *sets, struct gfs_idset_dirty_ref ref, struct gfs_buf *value)
{
	uint8_t key[GFS_IDSET_KEY_BYTES];
	size_t i = gfs_idset_seek_chunk(ref.set, ref.chunk);
	assert(i < ref.set->count && ref.set->chunks[i].number == ref.chunk && ref.set->chunks[i].dirty);
	struct gfs_cache_entry *entry = gfs_cache_peek(sets->cache, gfs_idset_cache_key(ref.set, ref.chunk));
	assert(entry != NULL); /* S2 */
	GFS_AUTO_IDSET_BITS bits = gfs_container_of(entry, struct gfs_idset_bits, piece.entry);
	int err = write_value(gfs_store_kv(sets->store), gfs_idset_chunk_key(key, ref.set, ref.chunk), bits, value);
	if (err != 0)
		return err;
	add_dirty_bytes(sets, -(uint64_t)entry->bytes);
	bits->bytes = (uint32_t)(GFS_IDSET_CHUNK_OVERHEAD_BYTES + value->size);
	gfs_cache_resize(sets->cache, entry, bits->bytes);
	gfs_cache_set_dirty(sets->cache, entry, false);
	ref.set->chunks[i].dirty = false;
	return 0;
}

int gfs_idsets_before_freeze(struct gfs_idsets *sets, struct gfs_store *store, size_t *max)
{
	GFS_AUTO_BUF value = GFS_BUF_INIT;
	assert(store == sets->store);
	(void)store; /* without assertions */
	for (; sets->dirty.count > 0 && *max > 0; --*max) {
		int err = write_chunk(sets, sets->dirty.refs[sets->dirty.count - 1], &value);
		if (err != 0)
			return err;
		sets->dirty.count--;
	}
	return 0;
}

/* ---- clearing ---- */

/* Deletes every key of IDSETS. */
static int delete_values(struct gfs_txn *txn, struct gfs_kv *kv)
{
	GFS_AUTO_BUF keys = GFS_BUF_INIT;
	struct gfs_kv_iter *it = NULL;
	struct gfs_slice key = { 0 }, value;
	int err = gfs_kv_iter_open(kv, GFS_KV_IDSETS, &it);
	if (err == 0)
		err = gfs_kv_iter_seek(it, gfs_slice("", 0), &key, &value);
	/* Damaged rows go as well. */
	for (; err == 0 || (err == GFS_ERR_CORRUPT && key.size > 0); err = gfs_kv_iter_next(it, &key, &value)) {
		gfs_buf_append_le16(&keys, (uint16_t)key.size);
		gfs_buf_append(&keys, key.data, key.size);
	}
	gfs_kv_iter_close(it);
	if (err == GFS_ERR_NOTFOUND)
		err = gfs_buf_failed(&keys);
	struct gfs_reader r = gfs_reader(gfs_buf_slice(&keys));
	while (err == 0 && gfs_reader_left(&r) > 0) {
		uint16_t size = gfs_read_le16(&r);
		err = gfs_kv_delete(kv, gfs_txn_undo(txn), GFS_KV_IDSETS, gfs_read_bytes(&r, size));
	}
	return err;
}

/* Forgets all directories and bitmaps. `listed`: there is nothing on disk either. */
static void forget_all(struct gfs_idsets *sets, bool listed)
{
	for (struct gfs_idset *set = sets->first; set != NULL; set = set->next) {
		for (size_t i = 0; i < set->count; i++)
			gfs_cache_discard(sets->cache, gfs_idset_cache_key(set, set->chunks[i].number));
		free(set->chunks);
		set->chunks = NULL;
		set->count = set->capacity = 0;
		atomic_store_explicit(&set->listed, listed, memory_order_relaxed);
	}
	sets->dirty.count = 0;
	atomic_store_explicit(&sets->dirty_bytes, 0, memory_order_relaxed);
}

static void undo_clear(void *context, void *data, size_t size)
{
	(void)data;
	(void)size;
	forget_all(context, false);
}

/* What is dirty is written first: the values are then all that there is, and an abort gives them back. */
int gfs_idsets_clear(struct gfs_txn *txn, struct gfs_idsets *sets)
{
	void *data;
	size_t max = SIZE_MAX;
	if (gfs_undo_mark(gfs_txn_undo(txn)) != 0)
		return GFS_ERR_INVALID;
	int err = gfs_idsets_before_freeze(sets, sets->store, &max);
	if (err == 0)
		err = delete_values(txn, gfs_store_kv(sets->store));
	if (err == 0)
		err = gfs_undo_push(gfs_txn_undo(txn), undo_clear, sets, 0, &data);
	if (err == 0)
		forget_all(sets, true);
	return err;
}
