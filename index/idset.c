/* Sets of ids: finding, decoding, looking. The rules are in idset_private.h. */
#include "index/idset.h"

#include "base/checked.h"
#include "index/idset_private.h"

#include <assert.h>

enum { KIND_COUNT = 2, SET_COUNT = 65536, READ_BATCH = 256 };
#define CHUNK_NUMBER_MAX (GFS_ID_MAX >> GFS_IDSET_CHUNK_BITS)

/* ---- life ---- */

int gfs_idsets_open(struct gfs_store *store, struct gfs_cache *cache, struct gfs_idsets **ret_sets)
{
	struct gfs_idsets *sets = calloc(1, sizeof *sets);
	if (sets == NULL)
		return GFS_ERR_NOMEM;
	/* A megabyte of address space; only pages that are used become memory. */
	sets->index = calloc((size_t)KIND_COUNT * SET_COUNT, sizeof *sets->index);
	if (sets->index == NULL) {
		free(sets);
		return GFS_ERR_NOMEM;
	}
	sets->store = store;
	sets->cache = cache;
	gfs_mutex_init(&sets->lock, GFS_RANK_INDEX);
	*ret_sets = sets;
	return 0;
}

void gfs_idsets_free(struct gfs_idsets *sets)
{
	if (sets == NULL)
		return;
	while (sets->first != NULL) {
		struct gfs_idset *set = sets->first;
		sets->first = set->next;
		free(set->chunks);
		free(set);
	}
	free(sets->dirty.refs);
	free(sets->index);
	gfs_mutex_release(&sets->lock);
	free(sets);
}

/* ---- directories ---- */

struct gfs_slice gfs_idset_chunk_key(uint8_t key[GFS_IDSET_KEY_BYTES], const struct gfs_idset *set, uint64_t number)
{
	key[0] = (uint8_t)set->kind;
	gfs_put_be16(key + 1, set->number);
	gfs_put_be48(key + GFS_IDSET_PREFIX_BYTES, number);
	return gfs_slice(key, GFS_IDSET_KEY_BYTES);
}

size_t gfs_idset_seek_chunk(const struct gfs_idset *set, uint64_t number)
{
	/* Sets are mostly dense: chunk n is at n; or new ids come in at the end. */
	if (number < set->count && set->chunks[number].number == number)
		return number;
	if (set->count == 0 || set->chunks[set->count - 1].number < number)
		return set->count;
	size_t low = 0, high = set->count - 1;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (set->chunks[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int gfs_idset_insert_chunk(struct gfs_idset *set, size_t at, uint64_t number)
{
	assert(at <= set->count && (at == 0 || set->chunks[at - 1].number < number));
	assert(at == set->count || number < set->chunks[at].number);
	if (set->count == set->capacity) {
		size_t capacity = GFS_MAX(set->capacity * 2, (size_t)4);
		struct gfs_idset_chunk *chunks = realloc(set->chunks, capacity * sizeof *chunks);
		if (chunks == NULL)
			return GFS_ERR_NOMEM;
		set->chunks = chunks;
		set->capacity = capacity;
	}
	memmove(set->chunks + at + 1, set->chunks + at, (set->count - at) * sizeof *set->chunks);
	set->count++;
	set->chunks[at] = (struct gfs_idset_chunk){ .number = number };
	return 0;
}

static int list_chunks_from(struct gfs_idset *set, struct gfs_kv_iter *it)
{
	uint8_t first[GFS_IDSET_KEY_BYTES];
	struct gfs_slice key, value;
	struct gfs_slice prefix = gfs_slice(gfs_idset_chunk_key(first, set, 0).data, GFS_IDSET_PREFIX_BYTES);
	int err = gfs_kv_iter_seek(it, prefix, &key, &value);
	while (err == 0 && key.size >= GFS_IDSET_PREFIX_BYTES && memcmp(key.data, first, GFS_IDSET_PREFIX_BYTES) == 0) {
		uint64_t number = key.size == GFS_IDSET_KEY_BYTES ? gfs_get_be48(key.data + GFS_IDSET_PREFIX_BYTES)
														  : UINT64_MAX;
		if (number > CHUNK_NUMBER_MAX)
			return GFS_ERR_CORRUPT;
		err = gfs_idset_insert_chunk(set, set->count, number);
		if (err == 0)
			err = gfs_kv_iter_next(it, &key, &value);
	}
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

/* Fills the directory from the keys of IDSETS. With the mutex. */
static int list_chunks(struct gfs_idsets *sets, struct gfs_idset *set)
{
	struct gfs_kv_iter *it = NULL;
	assert(set->count == 0);
	int err = gfs_kv_iter_open(gfs_store_kv(sets->store), GFS_KV_IDSETS, &it);
	if (err == 0)
		err = list_chunks_from(set, it);
	gfs_kv_iter_close(it);
	if (err == 0)
		atomic_store_explicit(&set->listed, true, memory_order_release);
	else
		set->count = 0; /* nothing in it is loaded */
	return err;
}

static int new_set(
	struct gfs_idsets *sets, enum gfs_idset_kind kind, uint16_t number, _Atomic(struct gfs_idset *) *place)
{
	struct gfs_idset *set = calloc(1, sizeof *set);
	if (set == NULL)
		return GFS_ERR_NOMEM;
	set->kind = kind;
	set->number = number;
	set->next = sets->first;
	sets->first = set;
	atomic_store_explicit(place, set, memory_order_release);
	return 0;
}

int gfs_idset_get(struct gfs_idsets *sets, enum gfs_idset_kind kind, uint16_t number, struct gfs_idset **ret_set)
{
	if (kind != GFS_IDSET_LABEL && kind != GFS_IDSET_TYPE)
		return GFS_ERR_INVALID;
	_Atomic(struct gfs_idset *) *place = &sets->index[(size_t)(kind - 1) * SET_COUNT + number];
	struct gfs_idset *set = atomic_load_explicit(place, memory_order_acquire);
	int err = 0;
	if (set == NULL || !atomic_load_explicit(&set->listed, memory_order_acquire)) {
		gfs_mutex_lock(&sets->lock);
		if (atomic_load_explicit(place, memory_order_relaxed) == NULL)
			err = new_set(sets, kind, number, place);
		set = atomic_load_explicit(place, memory_order_relaxed);
		if (err == 0 && !atomic_load_explicit(&set->listed, memory_order_relaxed))
			err = list_chunks(sets, set);
		gfs_mutex_unlock(&sets->lock);
	}
	if (err == 0)
		*ret_set = set;
	return err;
}

/* ---- bitmaps ---- */

static void free_bits(struct gfs_index_entry *piece)
{
	struct gfs_idset_bits *bits = gfs_container_of(piece, struct gfs_idset_bits, piece);
	roaring_bitmap_free(bits->bitmap);
	free(bits);
}

uint64_t gfs_idset_cache_key(const struct gfs_idset *set, uint64_t number)
{
	static_assert(GFS_ID_BITS - GFS_IDSET_CHUNK_BITS + 16 + 2 <= GFS_INDEX_KEY_BITS, "chunk, set and kind fit");
	uint64_t name = (uint64_t)set->kind << 16 | set->number;
	return gfs_index_cache_key(GFS_INDEX_SETS, name << (GFS_ID_BITS - GFS_IDSET_CHUNK_BITS) | number);
}

static struct gfs_idset_bits *bits_of(struct gfs_cache_entry *entry)
{
	return gfs_container_of(entry, struct gfs_idset_bits, piece.entry);
}

int gfs_idset_keep(struct gfs_idsets *sets, const struct gfs_idset *set, uint64_t number, roaring_bitmap_t *bitmap,
	size_t value_bytes, struct gfs_idset_bits **ret_bits)
{
	struct gfs_idset_bits *bits = malloc(sizeof *bits);
	if (bits == NULL) {
		roaring_bitmap_free(bitmap);
		return GFS_ERR_NOMEM;
	}
	*bits = (struct gfs_idset_bits){ .piece.free = free_bits,
		.cache = sets->cache,
		.bitmap = bitmap,
		.bytes = (uint32_t)(GFS_IDSET_CHUNK_OVERHEAD_BYTES + value_bytes) };
	struct gfs_cache_entry *entry = gfs_cache_insert(
		sets->cache, &bits->piece.entry, gfs_idset_cache_key(set, number), bits->bytes);
	if (entry != &bits->piece.entry)
		free_bits(&bits->piece); /* another reader was first */
	*ret_bits = bits_of(entry);
	return 0;
}

/* A chunk without a value was emptied. */
static int load_chunk(
	struct gfs_idsets *sets, const struct gfs_idset *set, uint64_t number, struct gfs_idset_bits **ret_bits)
{
	GFS_AUTO_BUF value = GFS_BUF_INIT;
	uint8_t key[GFS_IDSET_KEY_BYTES];
	roaring_bitmap_t *bitmap = NULL;
	int err = gfs_kv_get(gfs_store_kv(sets->store), GFS_KV_IDSETS, gfs_idset_chunk_key(key, set, number), &value);
	if (err == 0)
		err = gfs_idset_chunk_decode(gfs_buf_slice(&value), &bitmap);
	else if (err == GFS_ERR_NOTFOUND)
		err = (bitmap = roaring_bitmap_create()) == NULL ? GFS_ERR_NOMEM : 0;
	return err != 0 ? err : gfs_idset_keep(sets, set, number, bitmap, value.size, ret_bits);
}

/* The bitmap of a chunk of the set's. */
static int pin_chunk(struct gfs_idsets *sets, const struct gfs_idset *set, const struct gfs_idset_chunk *chunk,
	struct gfs_idset_bits **ret_bits)
{
	struct gfs_cache_entry *entry = gfs_cache_get(sets->cache, gfs_idset_cache_key(set, chunk->number));
	if (entry != NULL) {
		*ret_bits = bits_of(entry);
		return 0;
	}
	assert(!chunk->dirty); /* S2 */
	return load_chunk(sets, set, chunk->number, ret_bits);
}

int gfs_idset_pin(
	struct gfs_idsets *sets, const struct gfs_idset *set, uint64_t number, struct gfs_idset_bits **ret_bits)
{
	size_t i = gfs_idset_seek_chunk(set, number);
	if (i < set->count && set->chunks[i].number == number)
		return pin_chunk(sets, set, &set->chunks[i], ret_bits);
	*ret_bits = NULL;
	return 0;
}

void gfs_idset_unpin(struct gfs_idset_bits *bits)
{
	if (bits != NULL)
		gfs_cache_put(bits->cache, &bits->piece.entry);
}

uint64_t gfs_idset_next_chunk(const struct gfs_idset *set, uint64_t number)
{
	size_t i = gfs_idset_seek_chunk(set, number);
	return i < set->count ? set->chunks[i].number : UINT64_MAX;
}

/* ---- looking ---- */

int gfs_idset_contains(
	struct gfs_idsets *sets, enum gfs_idset_kind kind, uint16_t set_number, uint64_t id, bool *ret_has)
{
	struct gfs_idset *set;
	GFS_AUTO_IDSET_BITS bits = NULL;
	int err = gfs_idset_get(sets, kind, set_number, &set);
	if (err == 0)
		err = gfs_idset_pin(sets, set, id >> GFS_IDSET_CHUNK_BITS, &bits);
	if (err == 0)
		*ret_has = bits != NULL && roaring_bitmap_contains(bits->bitmap, (uint16_t)id);
	return err;
}

size_t gfs_idset_bits_list(const roaring_bitmap_t *bits, uint64_t number, uint32_t low, uint64_t *ids, size_t max)
{
	uint32_t values[READ_BATCH];
	roaring_uint32_iterator_t it;
	size_t count = 0;
	roaring_init_iterator(bits, &it);
	if (low > 0)
		(void)roaring_move_uint32_iterator_equalorlarger(&it, low); /* reading tells as well */
	while (count < max) {
		uint32_t want = (uint32_t)GFS_MIN(max - count, (size_t)READ_BATCH);
		uint32_t got = roaring_read_uint32_iterator(&it, values, want);
		for (uint32_t i = 0; i < got; i++)
			ids[count++] = number << GFS_IDSET_CHUNK_BITS | values[i];
		if (got < want)
			break;
	}
	return count;
}

int gfs_idset_list(struct gfs_idsets *sets, enum gfs_idset_kind kind, uint16_t set_number, uint64_t from, uint64_t *ids,
	size_t max, size_t *ret_count)
{
	struct gfs_idset *set;
	size_t count = 0;
	int err = gfs_idset_get(sets, kind, set_number, &set);
	if (err != 0)
		return err;
	for (size_t i = gfs_idset_seek_chunk(set, from >> GFS_IDSET_CHUNK_BITS); i < set->count && count < max; i++) {
		GFS_AUTO_IDSET_BITS bits = NULL;
		uint64_t number = set->chunks[i].number;
		err = pin_chunk(sets, set, &set->chunks[i], &bits);
		if (err != 0)
			return err;
		uint32_t low = number == from >> GFS_IDSET_CHUNK_BITS ? (uint16_t)from : 0;
		count += gfs_idset_bits_list(bits->bitmap, number, low, ids + count, max - count);
	}
	*ret_count = count;
	return 0;
}

int gfs_idset_count(struct gfs_idsets *sets, enum gfs_idset_kind kind, uint16_t set_number, uint64_t *ret_count)
{
	struct gfs_idset *set;
	uint64_t count = 0;
	int err = gfs_idset_get(sets, kind, set_number, &set);
	for (size_t i = 0; err == 0 && i < set->count; i++) {
		GFS_AUTO_IDSET_BITS bits = NULL;
		err = pin_chunk(sets, set, &set->chunks[i], &bits);
		if (err == 0)
			count += roaring_bitmap_get_cardinality(bits->bitmap);
	}
	if (err == 0)
		*ret_count = count;
	return err;
}
