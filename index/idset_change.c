/* Changing sets, writing them at checkpoints, clearing them: all under the exclusive graph lock. */
#include "index/idset.h"

#include "base/checked.h"
#include "index/idset_private.h"
#include "store/undo.h"

#include <assert.h>

/* ---- adding and removing ---- */

static int mark_dirty(struct gfs_idsets *sets, struct gfs_idset *set, struct gfs_idset_chunk *chunk)
{
	struct gfs_idset_dirty_list *list = &sets->dirty;
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
	atomic_fetch_add_explicit(&sets->dirty_bytes, chunk->bytes, memory_order_relaxed);
	return 0;
}

struct undo_record {
	struct gfs_idset *set;
	uint64_t id;
};

/* Its chunk is dirty, therefore loaded and in the directory. */
static roaring_bitmap_t *changed_bits(const struct undo_record *record)
{
	uint64_t number = record->id >> GFS_IDSET_CHUNK_BITS;
	size_t i = gfs_idset_seek_chunk(record->set, number);
	assert(i < record->set->count && record->set->chunks[i].number == number);
	roaring_bitmap_t *bits = atomic_load_explicit(&record->set->chunks[i].bits, memory_order_relaxed);
	assert(bits != NULL);
	return bits;
}

static void undo_add(void *context, void *data, size_t size)
{
	const struct undo_record *record = data;
	(void)context; /* the record says it all */
	assert(size == sizeof *record);
	(void)size; /* without assertions */
	roaring_bitmap_remove(changed_bits(record), (uint16_t)record->id);
}

static void undo_remove(void *context, void *data, size_t size)
{
	const struct undo_record *record = data;
	(void)context; /* the record says it all */
	assert(size == sizeof *record);
	(void)size; /* without assertions */
	roaring_bitmap_add(changed_bits(record), (uint16_t)record->id);
}

static int note(struct gfs_txn *txn, gfs_undo_fn fn, struct gfs_idsets *sets, struct gfs_idset *set, uint64_t id)
{
	void *data;
	int err = gfs_undo_push(gfs_txn_undo(txn), fn, sets, sizeof(struct undo_record), &data);
	if (err == 0)
		*(struct undo_record *)data = (struct undo_record){ .set = set, .id = id };
	return err;
}

static int make_chunk(struct gfs_idsets *sets, struct gfs_idset *set, uint64_t id, struct gfs_idset_chunk **ret_chunk,
	roaring_bitmap_t **ret_bits)
{
	uint64_t number = id >> GFS_IDSET_CHUNK_BITS;
	size_t at = gfs_idset_seek_chunk(set, number);
	roaring_bitmap_t *bits = roaring_bitmap_create();
	if (bits == NULL)
		return GFS_ERR_NOMEM;
	int err = gfs_idset_insert_chunk(set, at, number, bits);
	if (err != 0) {
		roaring_bitmap_free(bits);
		return err;
	}
	atomic_fetch_add_explicit(&sets->bytes, set->chunks[at].bytes, memory_order_relaxed);
	*ret_chunk = &set->chunks[at];
	*ret_bits = bits;
	return 0;
}

int gfs_idset_add(
	struct gfs_txn *txn, struct gfs_idsets *sets, enum gfs_idset_kind kind, uint16_t set_number, uint64_t id)
{
	struct gfs_idset *set;
	struct gfs_idset_chunk *chunk = NULL;
	roaring_bitmap_t *bits = NULL;
	if (id == GFS_ID_NONE || id > GFS_ID_MAX)
		return GFS_ERR_INVALID;
	int err = gfs_idset_get(sets, kind, set_number, &set);
	if (err == 0) {
		err = gfs_idset_get_chunk(sets, set, id, &chunk, &bits);
		if (err == GFS_ERR_NOTFOUND)
			err = make_chunk(sets, set, id, &chunk, &bits);
	}
	if (err == 0 && roaring_bitmap_contains(bits, (uint16_t)id))
		err = GFS_ERR_EXISTS;
	if (err == 0)
		err = mark_dirty(sets, set, chunk);
	if (err == 0)
		err = note(txn, undo_add, sets, set, id);
	if (err != 0)
		return err;
	roaring_bitmap_add(bits, (uint16_t)id);
	if (chunk->bytes < GFS_IDSET_CHUNK_OVERHEAD_BYTES + GFS_IDSET_CHUNK_BYTES_MAX)
		gfs_idset_count_bytes(sets, chunk, chunk->bytes + sizeof(uint16_t));
	return 0;
}

int gfs_idset_remove(
	struct gfs_txn *txn, struct gfs_idsets *sets, enum gfs_idset_kind kind, uint16_t set_number, uint64_t id)
{
	struct gfs_idset *set;
	struct gfs_idset_chunk *chunk = NULL;
	roaring_bitmap_t *bits = NULL;
	int err = gfs_idset_get(sets, kind, set_number, &set);
	if (err == 0)
		err = gfs_idset_get_chunk(sets, set, id, &chunk, &bits);
	if (err == 0 && !roaring_bitmap_contains(bits, (uint16_t)id))
		err = GFS_ERR_NOTFOUND;
	if (err == 0)
		err = mark_dirty(sets, set, chunk);
	if (err == 0)
		err = note(txn, undo_remove, sets, set, id);
	if (err == 0)
		roaring_bitmap_remove(bits, (uint16_t)id);
	return err;
}

/* ---- checkpoints ---- */

/* Puts a dirty chunk's value into IDSETS; an empty chunk has none. */
static int write_chunk(
	struct gfs_idsets *sets, struct gfs_kv *kv, struct gfs_idset_dirty_ref ref, struct gfs_buf *value)
{
	size_t i = gfs_idset_seek_chunk(ref.set, ref.chunk);
	assert(i < ref.set->count && ref.set->chunks[i].number == ref.chunk && ref.set->chunks[i].dirty);
	struct gfs_idset_chunk *chunk = &ref.set->chunks[i];
	roaring_bitmap_t *bits = atomic_load_explicit(&chunk->bits, memory_order_relaxed);
	uint8_t bytes[GFS_IDSET_KEY_BYTES];
	struct gfs_slice key = gfs_idset_chunk_key(bytes, ref.set, ref.chunk);
	int err;
	gfs_buf_clear(value);
	if (roaring_bitmap_is_empty(bits)) {
		err = gfs_kv_delete(kv, NULL, GFS_KV_IDSETS, key);
	} else {
		err = gfs_idset_chunk_encode(bits, value);
		if (err == 0)
			err = gfs_kv_put(kv, NULL, GFS_KV_IDSETS, key, gfs_buf_slice(value));
	}
	if (err != 0)
		return err;
	gfs_idset_count_bytes(sets, chunk, GFS_IDSET_CHUNK_OVERHEAD_BYTES + value->size);
	atomic_fetch_sub_explicit(&sets->dirty_bytes, chunk->bytes, memory_order_relaxed);
	chunk->dirty = false;
	return 0;
}

/* Decoded bitmaps are kept until a checkpoint finds that they take more than this; it then drops all of them. Dropping only some would
 * need to know which are used. */
#define CLEAN_BYTES_MAX (UINT64_C(8) << 20)

/* No chunk is dirty, and with the exclusive lock nobody looks at one. */
static void drop_clean(struct gfs_idsets *sets)
{
	assert(sets->dirty.count == 0);
	if (atomic_load_explicit(&sets->bytes, memory_order_relaxed) <= CLEAN_BYTES_MAX)
		return;
	for (struct gfs_idset *set = sets->first; set != NULL; set = set->next) {
		for (size_t i = 0; i < set->count; i++) {
			struct gfs_idset_chunk *chunk = &set->chunks[i];
			roaring_bitmap_t *bits = atomic_load_explicit(&chunk->bits, memory_order_relaxed);
			assert(!chunk->dirty);
			if (bits == NULL)
				continue;
			atomic_store_explicit(&chunk->bits, NULL, memory_order_relaxed);
			roaring_bitmap_free(bits);
			gfs_idset_count_bytes(sets, chunk, 0);
		}
	}
}

int gfs_idsets_before_freeze(struct gfs_idsets *sets, struct gfs_store *store)
{
	GFS_AUTO_BUF value = GFS_BUF_INIT;
	int err = 0;
	gfs_idsets_free_cleared(sets); /* no transaction is open: none can be aborted any more */
	while (sets->dirty.count > 0 && err == 0) {
		err = write_chunk(sets, gfs_store_kv(store), sets->dirty.refs[sets->dirty.count - 1], &value);
		if (err == 0)
			sets->dirty.count--;
	}
	if (err == 0)
		drop_clean(sets);
	return err;
}

/* ---- clearing ---- */

void gfs_idsets_free_cleared(struct gfs_idsets *sets)
{
	while (sets->cleared != NULL) {
		struct gfs_idset_cleared *cleared = sets->cleared;
		sets->cleared = cleared->next;
		for (size_t i = 0; i < cleared->count; i++)
			gfs_idset_free_chunks(cleared->sets[i].chunks, cleared->sets[i].count);
		free(cleared->dirty.refs);
		free(cleared);
	}
}

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

/* Every set as it was before the clearing. */
static void undo_clear(void *context, void *data, size_t size)
{
	struct gfs_idsets *sets = context;
	struct gfs_idset_cleared *cleared = *(struct gfs_idset_cleared **)data;
	assert(size == sizeof cleared);
	(void)size; /* without assertions */
	for (struct gfs_idset *set = sets->first; set != NULL; set = set->next) {
		gfs_idset_free_chunks(set->chunks, set->count);
		set->chunks = NULL;
		set->count = set->capacity = 0;
		atomic_store_explicit(&set->listed, false, memory_order_relaxed);
	}
	for (size_t i = 0; i < cleared->count; i++) {
		struct gfs_idset_cleared_set *old = &cleared->sets[i];
		old->set->chunks = old->chunks;
		old->set->count = old->count;
		old->set->capacity = old->capacity;
		atomic_store_explicit(&old->set->listed, old->listed, memory_order_relaxed);
	}
	free(sets->dirty.refs);
	sets->dirty = cleared->dirty;
	atomic_store_explicit(&sets->bytes, cleared->bytes, memory_order_relaxed);
	atomic_store_explicit(&sets->dirty_bytes, cleared->dirty_bytes, memory_order_relaxed);
	cleared->dirty = (struct gfs_idset_dirty_list){ 0 };
	cleared->count = 0;
}

static void take_sets(struct gfs_idsets *sets, struct gfs_idset_cleared *cleared)
{
	for (struct gfs_idset *set = sets->first; set != NULL; set = set->next) {
		cleared->sets[cleared->count++] = (struct gfs_idset_cleared_set){
			.set = set,
			.chunks = set->chunks,
			.count = set->count,
			.capacity = set->capacity,
			.listed = atomic_load_explicit(&set->listed, memory_order_relaxed),
		};
		set->chunks = NULL;
		set->count = set->capacity = 0;
		atomic_store_explicit(&set->listed, true, memory_order_relaxed); /* there is nothing on disk either */
	}
	cleared->dirty = sets->dirty;
	cleared->bytes = atomic_exchange_explicit(&sets->bytes, 0, memory_order_relaxed);
	cleared->dirty_bytes = atomic_exchange_explicit(&sets->dirty_bytes, 0, memory_order_relaxed);
	sets->dirty = (struct gfs_idset_dirty_list){ 0 };
	cleared->next = sets->cleared;
	sets->cleared = cleared;
}

int gfs_idsets_clear(struct gfs_txn *txn, struct gfs_idsets *sets)
{
	size_t count = 0;
	void *data;
	for (struct gfs_idset *set = sets->first; set != NULL; set = set->next)
		count++;
	struct gfs_idset_cleared *cleared = calloc(1, sizeof *cleared + count * sizeof cleared->sets[0]);
	if (cleared == NULL)
		return GFS_ERR_NOMEM;
	int err = delete_values(txn, gfs_store_kv(sets->store));
	if (err == 0)
		err = gfs_undo_push(gfs_txn_undo(txn), undo_clear, sets, sizeof cleared, &data);
	if (err != 0) {
		free(cleared);
		return err;
	}
	memcpy(data, &cleared, sizeof cleared);
	take_sets(sets, cleared);
	return 0;
}
