/* Pages in memory: frames of the page cache, read from the key-value store and verified, changed in place by the writer.
 *
 * Invariants (G is store->generation, F = G - 1 the generation that a running checkpoint writes):
 *  P1  A frame whose dirty_generation is not 0 has entry.dirty set and is therefore in the cache: never evicted, its address fixed.
 *  P2  The key-value store changes a page's value only in the commit of a checkpoint that has the page in its frozen list. Frames of
 *      that list stay dirty (P1) until gfs_page_clean, which comes after the commit and under the exclusive lock. So a reader, who
 *      holds the graph lock shared from its miss to its insertion, never misses a page that a commit is changing: what it reads
 *      from the key-value store is the newest state of the page, whether the commit is before or after its read.
 *      (Or by an unlogged transaction's batch, which alone is read until it ends: U2 of unlogged.c.)
 *  P3  A frame in the frozen list that was not captured yet is never changed: page_dirty copies it to `shadow` first. A shadow
 *      exists only between that copy and the capture.
 *  P4  A frame is changed only under the exclusive lock and after page_dirty put it on the list of G.
 *  P5  Frames with `absent` set are not pages: they answer GFS_ERR_NOTFOUND and are not written. */
#include "store/store_private.h"

#include "base/hash.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { OFFSET_ID = 0, OFFSET_LSN = 8, OFFSET_CHECKSUM = 16, OFFSET_KIND = 24 };
static_assert(OFFSET_KIND + 8 == GFS_PAGE_HEADER_SIZE, "the header ends after kind and padding");

/* ---- buffers ---- */

void gfs_page_pool_init(struct gfs_page_pool *pool)
{
	gfs_mutex_init(&pool->lock, GFS_RANK_LEAF);
	pool->count = 0;
}

void gfs_page_pool_release(struct gfs_page_pool *pool)
{
	for (unsigned i = 0; i < pool->count; i++)
		free(pool->buffers[i]);
	pool->count = 0;
	gfs_mutex_release(&pool->lock);
}

static uint8_t *buffer_new(struct gfs_page_pool *pool)
{
	uint8_t *buffer = NULL;
	gfs_mutex_lock(&pool->lock);
	if (pool->count > 0)
		buffer = pool->buffers[--pool->count];
	gfs_mutex_unlock(&pool->lock);
	return buffer ? buffer : malloc(GFS_PAGE_SIZE);
}

static void buffer_free(struct gfs_page_pool *pool, uint8_t *buffer)
{
	if (!buffer)
		return;
	gfs_mutex_lock(&pool->lock);
	bool kept = pool->count < GFS_PAGE_POOL_COUNT;
	if (kept)
		pool->buffers[pool->count++] = buffer;
	gfs_mutex_unlock(&pool->lock);
	if (!kept)
		free(buffer);
}

static struct gfs_page *frame_new(struct gfs_store *store)
{
	struct gfs_page *page = calloc(1, sizeof *page);
	if (!page)
		return NULL;
	page->data = buffer_new(&store->pool);
	if (!page->data) {
		free(page);
		return NULL;
	}
	return page;
}

static void frame_free(struct gfs_store *store, struct gfs_page *page)
{
	buffer_free(&store->pool, page->data);
	buffer_free(&store->pool, page->shadow);
	free(page);
}

static struct gfs_page *frame_of(struct gfs_cache_entry *entry)
{
	return gfs_container_of(entry, struct gfs_page, entry);
}

void gfs_page_evict(void *context, struct gfs_cache_entry *entry)
{
	frame_free(context, frame_of(entry));
}

/* ---- the image ---- */

static uint64_t image_hash(const uint8_t *image)
{
	const struct gfs_hash_part parts[] = {
		{ image, OFFSET_CHECKSUM },
		{ image + OFFSET_KIND, GFS_PAGE_SIZE - OFFSET_KIND },
	};
	return gfs_hash64_parts(parts, GFS_COUNT(parts), 0);
}

int gfs_page_seal(uint8_t *image, uint64_t page_id)
{
	if (gfs_get_le64(image + OFFSET_ID) != page_id)
		return GFS_ERR_CORRUPT;
	gfs_put_le64(image + OFFSET_CHECKSUM, image_hash(image));
	return 0;
}

int gfs_page_verify(const uint8_t *image, uint64_t page_id)
{
	if (gfs_get_le64(image + OFFSET_ID) != page_id)
		return GFS_ERR_CORRUPT;
	if (gfs_get_le64(image + OFFSET_CHECKSUM) != image_hash(image))
		return GFS_ERR_CORRUPT;
	return 0;
}

/* ---- reading ---- */

static int page_read(struct gfs_store *store, uint64_t page_id, uint8_t *image)
{
	uint8_t key[8];
	gfs_put_be64(key, page_id);
	int err = store->backend->ops->get_into(
		store->backend, GFS_KV_PAGES, gfs_slice(key, sizeof key), image, GFS_PAGE_SIZE);
	if (err == GFS_ERR_NOTFOUND)
		err = gfs_kv_prove_absent(store->backend, GFS_KV_PAGES, gfs_slice(key, sizeof key));
	if (err == 0)
		err = gfs_page_verify(image, page_id);
	if (err == 0)
		atomic_fetch_add_explicit(&store->pages_read, 1, memory_order_relaxed);
	return err;
}

/* Puts a frame of ours into the cache; when somebody else was first, theirs. Pinned. */
static struct gfs_page *frame_insert(struct gfs_store *store, struct gfs_page *page, uint64_t page_id)
{
	struct gfs_cache_entry *entry = gfs_cache_insert(store->cache, &page->entry, page_id, GFS_PAGE_MEMORY_BYTES);
	if (entry != &page->entry)
		frame_free(store, page);
	return frame_of(entry);
}

/* A new frame for a page that is not in the cache. */
static int frame_load(struct gfs_store *store, uint64_t page_id, struct gfs_page **ret_page)
{
	struct gfs_page *page = frame_new(store);
	if (!page)
		return GFS_ERR_NOMEM;
	int err = page_read(store, page_id, page->data);
	if (err != 0) {
		frame_free(store, page);
		return err;
	}
	*ret_page = frame_insert(store, page, page_id);
	return 0;
}

/* The frame of a page if it is in the cache, absent ones included. */
static struct gfs_page *frame_find(struct gfs_store *store, uint64_t page_id)
{
	struct gfs_cache_entry *entry = gfs_cache_get(store->cache, page_id);
	return entry ? frame_of(entry) : NULL;
}

int gfs_page_read_ahead(struct gfs_store *store, uint64_t page_id, bool *ret_read)
{
	struct gfs_cache_entry *entry = gfs_cache_peek(store->cache, page_id);
	struct gfs_page *page;
	if (entry) {
		gfs_cache_put(store->cache, entry);
		return 0;
	}
	int err = frame_load(store, page_id, &page);
	if (err != 0)
		return err;
	*ret_read = true;
	gfs_page_put(store, page);
	return 0;
}

int gfs_page_get(struct gfs_store *store, uint64_t page_id, struct gfs_page **ret_page)
{
	struct gfs_page *page = frame_find(store, page_id);
	int err = 0;
	if (!page) {
		gfs_prefetch_missed(store->prefetch, page_id);
		err = frame_load(store, page_id, &page);
	}
	if (err != 0)
		return err;
	if (page->absent) {
		gfs_page_put(store, page);
		return GFS_ERR_NOTFOUND;
	}
	*ret_page = page;
	return 0;
}

void gfs_page_put(struct gfs_store *store, struct gfs_page *page)
{
	gfs_cache_put(store->cache, &page->entry);
}

enum gfs_page_kind gfs_page_kind(const struct gfs_page *page)
{
	return page->data[OFFSET_KIND];
}

/* ---- changing ---- */

static int list_reserve(struct gfs_page_list *list)
{
	if (list->count < list->capacity)
		return 0;
	size_t capacity = list->capacity ? 2 * list->capacity : 64;
	struct gfs_page **pages = realloc(list->pages, capacity * sizeof *pages);
	if (!pages)
		return GFS_ERR_NOMEM;
	list->pages = pages;
	list->capacity = capacity;
	return 0;
}

/* Keeps for the running checkpoint what it has yet to write of the page (P3). */
static int copy_on_write(struct gfs_store *store, struct gfs_page *page)
{
	if (page->dirty_generation == 0 || page->captured_generation == page->dirty_generation)
		return 0;
	assert(!page->shadow);
	if (page->absent) {
		page->captured_generation = page->dirty_generation;
		return 0;
	}
	page->shadow = buffer_new(&store->pool);
	if (!page->shadow)
		return GFS_ERR_NOMEM;
	memcpy(page->shadow, page->data, GFS_PAGE_SIZE);
	return 0;
}

/* Makes a pinned page the writer's to change (P4). */
static int page_dirty(struct gfs_txn *txn, struct gfs_page *page)
{
	struct gfs_store *store = txn->store;
	assert(txn->open);
	if (page->dirty_generation == store->generation)
		return 0;
	int err = list_reserve(&store->dirty);
	if (err == 0)
		err = copy_on_write(store, page);
	if (err != 0)
		return err;
	if (page->dirty_generation == 0)
		gfs_cache_set_dirty(store->cache, &page->entry, true);
	page->dirty_generation = store->generation;
	store->dirty.pages[store->dirty.count++] = page;
	atomic_store_explicit(&store->dirty_pages, store->dirty.count, memory_order_relaxed);
	return 0;
}

/* Undo records hold a page without a pin: it is dirty, so it stays (P1). */
struct undo_bytes {
	struct gfs_page *page;
	uint32_t offset;
	uint32_t size;
	uint8_t bytes[];
};

static void undo_bytes(void *context, void *data, size_t size)
{
	(void)context;
	(void)size;
	const struct undo_bytes *u = data;
	memcpy(u->page->data + u->offset, u->bytes, u->size);
}

static void undo_new(void *context, void *data, size_t size)
{
	(void)context;
	(void)size;
	struct gfs_page *page;
	memcpy(&page, data, sizeof page);
	page->absent = true;
}

static int note_bytes(struct gfs_txn *txn, struct gfs_page *page, uint32_t offset, uint32_t size)
{
	assert(
		page->dirty_generation == txn->store->generation && offset <= GFS_PAGE_SIZE && size <= GFS_PAGE_SIZE - offset);
	void *data;
	int err = gfs_undo_push(txn->undo, undo_bytes, NULL, offsetof(struct undo_bytes, bytes) + size, &data);
	if (err != 0)
		return err;
	struct undo_bytes *u = data;
	u->page = page;
	u->offset = offset;
	u->size = size;
	memcpy(u->bytes, page->data + offset, size);
	return 0;
}

static int note_new(struct gfs_txn *txn, struct gfs_page *page)
{
	void *data;
	int err = gfs_undo_push(txn->undo, undo_new, NULL, sizeof page, &data);
	if (err == 0)
		memcpy(data, &page, sizeof page);
	return err;
}

int gfs_page_edit(struct gfs_txn *txn, uint64_t page_id, struct gfs_page **ret_page)
{
	struct gfs_page *page;
	int err = gfs_page_get(txn->store, page_id, &page);
	if (err != 0)
		return err;
	err = page_dirty(txn, page);
	if (err != 0) {
		gfs_page_put(txn->store, page);
		return err;
	}
	gfs_put_le64(page->data + OFFSET_LSN, txn->lsn);
	*ret_page = page;
	return 0;
}

/* The frame of a page that is to be made anew: its old one, or an absent one. What lies damaged in the key-value store counts as
 * nothing: its contents do not matter. */
static int frame_for_new(struct gfs_store *store, uint64_t page_id, struct gfs_page **ret_page)
{
	*ret_page = frame_find(store, page_id);
	int err = *ret_page ? 0 : frame_load(store, page_id, ret_page);
	if (err != GFS_ERR_NOTFOUND && err != GFS_ERR_CORRUPT)
		return err;
	struct gfs_page *page = frame_new(store);
	if (!page)
		return GFS_ERR_NOMEM;
	memset(page->data, 0, GFS_PAGE_SIZE);
	page->absent = true;
	*ret_page = frame_insert(store, page, page_id);
	return 0;
}

int gfs_page_new(struct gfs_txn *txn, uint64_t page_id, enum gfs_page_kind kind, struct gfs_page **ret_page)
{
	struct gfs_page *page;
	int err = frame_for_new(txn->store, page_id, &page);
	if (err != 0)
		return err;
	err = page_dirty(txn, page);
	if (err == 0)
		err = page->absent ? note_new(txn, page) : note_bytes(txn, page, OFFSET_KIND, GFS_PAGE_SIZE - OFFSET_KIND);
	if (err != 0) {
		gfs_page_put(txn->store, page);
		return err;
	}
	memset(page->data, 0, GFS_PAGE_SIZE);
	gfs_put_le64(page->data + OFFSET_ID, page_id);
	gfs_put_le64(page->data + OFFSET_LSN, txn->lsn);
	page->data[OFFSET_KIND] = (uint8_t)kind;
	page->absent = false;
	*ret_page = page;
	return 0;
}

void *gfs_page_touch(struct gfs_txn *txn, struct gfs_page *page, unsigned offset, unsigned size)
{
	assert(offset <= GFS_PAGE_PAYLOAD_SIZE && size <= GFS_PAGE_PAYLOAD_SIZE - offset);
	if (note_bytes(txn, page, GFS_PAGE_HEADER_SIZE + offset, size) != 0)
		return NULL;
	return page->data + GFS_PAGE_HEADER_SIZE + offset;
}

/* ---- for the checkpoint ---- */

static int compare_pages(const void *a, const void *b)
{
	uint64_t x = (*(struct gfs_page *const *)a)->entry.key;
	uint64_t y = (*(struct gfs_page *const *)b)->entry.key;
	return (x > y) - (x < y);
}

void gfs_page_list_sort(struct gfs_page_list *list)
{
	if (list->count > 0)
		qsort(list->pages, list->count, sizeof *list->pages, compare_pages);
}

int gfs_page_write(struct gfs_store *store, struct gfs_kv_batch *batch, uint64_t page_id, uint8_t *image)
{
	uint8_t key[8];
	gfs_put_be64(key, page_id);
	int err = gfs_page_seal(image, page_id);
	if (err == 0)
		err = store->backend->ops->batch_put(
			batch, GFS_KV_PAGES, gfs_slice(key, sizeof key), gfs_slice(image, GFS_PAGE_SIZE));
	if (err == 0)
		atomic_fetch_add_explicit(&store->pages_written, 1, memory_order_relaxed);
	return err;
}

bool gfs_page_capture(struct gfs_store *store, struct gfs_page *page, uint64_t generation, uint8_t *image)
{
	if (page->captured_generation == generation)
		return false; /* it did not exist at the freeze, and was made since */
	page->captured_generation = generation;
	if (page->shadow) {
		memcpy(image, page->shadow, GFS_PAGE_SIZE);
		buffer_free(&store->pool, page->shadow);
		page->shadow = NULL;
		return true;
	}
	assert(page->dirty_generation == generation);
	if (page->absent)
		return false;
	memcpy(image, page->data, GFS_PAGE_SIZE);
	return true;
}

void gfs_page_clean(struct gfs_store *store, struct gfs_page *page, uint64_t generation)
{
	if (page->dirty_generation != generation)
		return;
	struct gfs_cache_entry *entry = gfs_cache_peek(store->cache, page->entry.key);
	assert(entry == &page->entry);
	page->dirty_generation = 0;
	gfs_cache_set_dirty(store->cache, entry, false);
	gfs_cache_put(store->cache, entry);
}
