#include "store/blob.h"

#include "base/checked.h"
#include "store/blob_private.h"
#include "store/typed_page.h"

#include <assert.h>

enum { OFFSET_SIZE = 0, OFFSET_TAG = 8, OFFSET_LEVEL = 12, OFFSET_PAGES = 16 };

/* LMDB's header makes a page two OS pages. */
#define PAGE_DISK_BYTES (GFS_PAGE_SIZE + UINT64_C(16))

/* A blob under change: its root page is pinned, `root` is written back by blob_end. */
struct blob {
	struct gfs_txn *txn;
	struct gfs_store *store;
	struct gfs_page *page;
	struct gfs_blob_root root;
};

/* ---- the root ---- */

static int root_decode(const struct gfs_store *store, const uint8_t *p, struct gfs_blob_root *ret_root)
{
	struct gfs_blob_root root = {
		.size = gfs_get_le64(p + OFFSET_SIZE),
		.tag = gfs_get_le32(p + OFFSET_TAG),
		.level = p[OFFSET_LEVEL],
		.pages = gfs_get_le32(p + OFFSET_PAGES),
	};
	if (root.level > GFS_BLOB_LEVEL_MAX || root.size > gfs_blob_level_bytes(root.level))
		return GFS_ERR_CORRUPT;
	if (root.pages == 0 || root.pages > gfs_store_counter(store, GFS_COUNTER_BLOB_PAGES))
		return GFS_ERR_CORRUPT;
	*ret_root = root;
	return 0;
}

int gfs_blob_root_get(
	struct gfs_store *store, uint64_t blob_id, struct gfs_page **ret_page, struct gfs_blob_root *ret_root)
{
	struct gfs_page *page;
	if (!gfs_blob_index_valid(store, blob_id))
		return GFS_ERR_CORRUPT;
	int err = gfs_page_get_kind(store, gfs_blob_page_id(blob_id), GFS_PAGE_BLOB_ROOT, &page);
	if (err != 0)
		return gfs_page_must_exist(err);
	err = root_decode(store, gfs_page_payload(page), ret_root);
	if (err == 0)
		*ret_page = page;
	else
		gfs_page_put(store, page);
	return err;
}

static int blob_begin(struct gfs_txn *txn, uint64_t blob_id, struct blob *b)
{
	*b = (struct blob){ .txn = txn, .store = gfs_txn_store(txn) };
	if (!gfs_blob_index_valid(b->store, blob_id))
		return GFS_ERR_CORRUPT;
	int err = gfs_page_edit_kind(txn, gfs_blob_page_id(blob_id), GFS_PAGE_BLOB_ROOT, &b->page);
	if (err != 0)
		return gfs_page_must_exist(err);
	err = root_decode(b->store, gfs_page_payload(b->page), &b->root);
	if (err != 0)
		gfs_page_put(b->store, b->page);
	return err;
}

static void header_put(uint8_t *p, const struct gfs_blob_root *root)
{
	gfs_put_le64(p + OFFSET_SIZE, root->size);
	gfs_put_le32(p + OFFSET_TAG, root->tag);
	p[OFFSET_LEVEL] = root->level;
	gfs_put_le32(p + OFFSET_PAGES, root->pages);
}

/* Writes the header if it changed, and gives the root back. `err` is how the change went, and is returned. */
static int blob_end(struct blob *b, int err)
{
	uint8_t header[GFS_BLOB_HEADER_SIZE];
	memcpy(header, gfs_page_payload(b->page), sizeof header);
	header_put(header, &b->root);
	if (err == 0 && memcmp(header, gfs_page_payload(b->page), sizeof header) != 0) {
		uint8_t *at = gfs_page_touch(b->txn, b->page, 0, sizeof header);
		if (at == NULL)
			err = GFS_ERR_NOMEM;
		else
			memcpy(at, header, sizeof header);
	}
	gfs_page_put(b->store, b->page);
	return err;
}

/* ---- pages and entries under change ---- */

static int touch_put(struct gfs_txn *txn, struct gfs_page *page, unsigned offset, const void *data, size_t size)
{
	if (size == 0)
		return 0;
	uint8_t *at = gfs_page_touch(txn, page, offset, (unsigned)size);
	if (at == NULL)
		return GFS_ERR_NOMEM;
	memcpy(at, data, size);
	return 0;
}

static int touch_zero(struct gfs_txn *txn, struct gfs_page *page, unsigned offset, size_t size)
{
	if (size == 0)
		return 0;
	uint8_t *at = gfs_page_touch(txn, page, offset, (unsigned)size);
	if (at == NULL)
		return GFS_ERR_NOMEM;
	memset(at, 0, size);
	return 0;
}

static int entry_put(struct gfs_txn *txn, struct gfs_page *page, unsigned offset, uint64_t index)
{
	uint8_t bytes[8];
	gfs_put_le64(bytes, index);
	return touch_put(txn, page, offset, bytes, sizeof bytes);
}

static int blob_page_alloc(struct blob *b, enum gfs_page_kind kind, uint64_t *ret_index, struct gfs_page **ret_page)
{
	int err = gfs_blob_page_alloc(b->txn, kind, ret_index, ret_page);
	if (err == 0)
		b->root.pages++;
	return err;
}

static int blob_page_free(struct blob *b, uint64_t index)
{
	if (!gfs_blob_index_valid(b->store, index) || gfs_blob_page_id(index) == b->page->entry.key || b->root.pages <= 1)
		return GFS_ERR_CORRUPT;
	b->root.pages--;
	return gfs_blob_page_free(b->txn, index);
}

/* The page that the entry at `offset` of `parent` names, for change; made when the entry is a hole. */
static int child_edit(
	struct blob *b, struct gfs_page *parent, unsigned offset, enum gfs_page_kind kind, struct gfs_page **ret_page)
{
	uint64_t index = gfs_get_le64(gfs_page_payload(parent) + offset);
	if (index != 0) {
		if (!gfs_blob_index_valid(b->store, index))
			return GFS_ERR_CORRUPT;
		return gfs_page_must_exist(gfs_page_edit_kind(b->txn, gfs_blob_page_id(index), kind, ret_page));
	}
	struct gfs_page *page;
	int err = blob_page_alloc(b, kind, &index, &page);
	if (err != 0)
		return err;
	err = entry_put(b->txn, parent, offset, index);
	if (err == 0)
		*ret_page = page;
	else
		gfs_page_put(b->store, page);
	return err;
}

/* Data page n of a blob of level 1 or 2. */
static int data_edit(struct blob *b, uint64_t n, struct gfs_page **ret_page)
{
	assert(b->root.level == 1 || b->root.level == 2);
	if (b->root.level == 1)
		return child_edit(b, b->page, gfs_blob_root_entry(n), GFS_PAGE_BLOB_DATA, ret_page);
	struct gfs_page *index;
	int err = child_edit(b, b->page, gfs_blob_root_entry(n / GFS_BLOB_INDEX_ENTRIES), GFS_PAGE_BLOB_INDEX, &index);
	if (err != 0)
		return err;
	err = child_edit(b, index, gfs_blob_index_entry(n % GFS_BLOB_INDEX_ENTRIES), GFS_PAGE_BLOB_DATA, ret_page);
	gfs_page_put(b->store, index);
	return err;
}

/* ---- levels ---- */

/* Moves `size` bytes of the root's body into a new page of `kind`, which becomes the root's first entry. */
static int body_push_down(struct blob *b, enum gfs_page_kind kind, size_t size)
{
	uint64_t index;
	struct gfs_page *page;
	int err = blob_page_alloc(b, kind, &index, &page);
	if (err != 0)
		return err;
	err = touch_put(b->txn, page, 0, gfs_page_payload(b->page) + GFS_BLOB_HEADER_SIZE, size);
	if (err == 0)
		err = touch_zero(b->txn, b->page, GFS_BLOB_HEADER_SIZE, size);
	if (err == 0)
		err = entry_put(b->txn, b->page, gfs_blob_root_entry(0), index);
	gfs_page_put(b->store, page);
	return err;
}

/* Raises the level until it holds `size` bytes. */
static int blob_raise(struct blob *b, uint64_t size)
{
	int err = 0;
	assert(size <= GFS_VALUE_BYTES_MAX);
	if (b->root.level == 0 && size > gfs_blob_level_bytes(0)) {
		if (b->root.size > 0)
			err = body_push_down(b, GFS_PAGE_BLOB_DATA, (size_t)b->root.size);
		b->root.level = 1;
	}
	if (err == 0 && b->root.level == 1 && size > gfs_blob_level_bytes(1)) {
		if (b->root.size > 0)
			err = body_push_down(b, GFS_PAGE_BLOB_INDEX, GFS_BLOB_ROOT_ENTRIES * 8);
		b->root.level = 2;
	}
	return err;
}

/* ---- reading ---- */

/* Page n's index in *ret_index, 0 for a hole. */
static int data_find(
	struct gfs_store *store, const struct gfs_page *root_page, unsigned level, uint64_t n, uint64_t *ret_index)
{
	const uint8_t *p = gfs_page_payload(root_page);
	if (level == 1) {
		*ret_index = gfs_get_le64(p + gfs_blob_root_entry(n));
		return 0;
	}
	uint64_t index = gfs_get_le64(p + gfs_blob_root_entry(n / GFS_BLOB_INDEX_ENTRIES));
	*ret_index = 0;
	if (index == 0)
		return 0;
	struct gfs_page *page;
	if (!gfs_blob_index_valid(store, index))
		return GFS_ERR_CORRUPT;
	int err = gfs_page_get_kind(store, gfs_blob_page_id(index), GFS_PAGE_BLOB_INDEX, &page);
	if (err != 0)
		return gfs_page_must_exist(err);
	*ret_index = gfs_get_le64(gfs_page_payload(page) + gfs_blob_index_entry(n % GFS_BLOB_INDEX_ENTRIES));
	gfs_page_put(store, page);
	return 0;
}

static int data_read(struct gfs_store *store, uint64_t index, unsigned offset, uint8_t *to, size_t size)
{
	if (index == 0) {
		memset(to, 0, size);
		return 0;
	}
	struct gfs_page *page;
	if (!gfs_blob_index_valid(store, index))
		return GFS_ERR_CORRUPT;
	int err = gfs_page_get_kind(store, gfs_blob_page_id(index), GFS_PAGE_BLOB_DATA, &page);
	if (err != 0)
		return gfs_page_must_exist(err);
	memcpy(to, gfs_page_payload(page) + offset, size);
	gfs_page_put(store, page);
	return 0;
}

static int pages_read(
	struct gfs_store *store, const struct gfs_page *page, unsigned level, uint64_t offset, uint8_t *to, size_t size)
{
	while (size > 0) {
		unsigned within = (unsigned)(offset % GFS_BLOB_DATA_BYTES);
		size_t part = GFS_MIN(size, (size_t)(GFS_BLOB_DATA_BYTES - within));
		uint64_t index;
		int err = data_find(store, page, level, offset / GFS_BLOB_DATA_BYTES, &index);
		if (err == 0)
			err = data_read(store, index, within, to, part);
		if (err != 0)
			return err;
		offset += part;
		to += part;
		size -= part;
	}
	return 0;
}

int gfs_blob_read(struct gfs_store *store, uint64_t blob_id, uint64_t offset, void *data, size_t size, size_t *ret_size)
{
	struct gfs_page *page;
	struct gfs_blob_root root;
	int err = gfs_blob_root_get(store, blob_id, &page, &root);
	if (err != 0)
		return err;
	size_t part = offset >= root.size ? 0 : (size_t)GFS_MIN((uint64_t)size, root.size - offset);
	if (part > 0 && root.level == 0)
		memcpy(data, gfs_page_payload(page) + GFS_BLOB_HEADER_SIZE + offset, part);
	else if (part > 0)
		err = pages_read(store, page, root.level, offset, data, part);
	gfs_page_put(store, page);
	if (err == 0)
		*ret_size = part;
	return err;
}

static int root_peek(struct gfs_store *store, uint64_t blob_id, struct gfs_blob_root *ret_root)
{
	struct gfs_page *page;
	int err = gfs_blob_root_get(store, blob_id, &page, ret_root);
	if (err == 0)
		gfs_page_put(store, page);
	return err;
}

int gfs_blob_size(struct gfs_store *store, uint64_t blob_id, uint64_t *ret_size)
{
	struct gfs_blob_root root;
	int err = root_peek(store, blob_id, &root);
	if (err == 0)
		*ret_size = root.size;
	return err;
}

int gfs_blob_allocated(struct gfs_store *store, uint64_t blob_id, uint64_t *ret_bytes)
{
	struct gfs_blob_root root;
	int err = root_peek(store, blob_id, &root);
	if (err == 0)
		*ret_bytes = root.pages * PAGE_DISK_BYTES;
	return err;
}

int gfs_blob_tag(struct gfs_store *store, uint64_t blob_id, uint32_t *ret_tag)
{
	struct gfs_blob_root root;
	int err = root_peek(store, blob_id, &root);
	if (err == 0)
		*ret_tag = root.tag;
	return err;
}

/* ---- writing ---- */

int gfs_blob_create(struct gfs_txn *txn, uint64_t *ret_blob_id)
{
	struct blob b = { .txn = txn, .store = gfs_txn_store(txn) };
	uint64_t index;
	int err = blob_page_alloc(&b, GFS_PAGE_BLOB_ROOT, &index, &b.page);
	if (err != 0)
		return err;
	err = blob_end(&b, 0);
	if (err == 0)
		*ret_blob_id = index;
	return err;
}

int gfs_blob_set_tag(struct gfs_txn *txn, uint64_t blob_id, uint32_t tag)
{
	struct blob b;
	int err = blob_begin(txn, blob_id, &b);
	if (err != 0)
		return err;
	b.root.tag = tag;
	return blob_end(&b, 0);
}

static int pages_write(struct blob *b, uint64_t offset, const uint8_t *from, size_t size)
{
	while (size > 0) {
		unsigned within = (unsigned)(offset % GFS_BLOB_DATA_BYTES);
		size_t part = GFS_MIN(size, (size_t)(GFS_BLOB_DATA_BYTES - within));
		struct gfs_page *page;
		int err = data_edit(b, offset / GFS_BLOB_DATA_BYTES, &page);
		if (err != 0)
			return err;
		err = touch_put(b->txn, page, within, from, part);
		gfs_page_put(b->store, page);
		if (err != 0)
			return err;
		offset += part;
		from += part;
		size -= part;
	}
	return 0;
}

int gfs_blob_write(struct gfs_txn *txn, uint64_t blob_id, uint64_t offset, const void *data, size_t size)
{
	struct blob b;
	uint64_t end;
	if (gfs_add_overflows(offset, (uint64_t)size, &end) || end > GFS_VALUE_BYTES_MAX)
		return GFS_ERR_TOOBIG;
	int err = blob_begin(txn, blob_id, &b);
	if (err != 0)
		return err;
	if (size == 0)
		goto out;
	end = GFS_MAX(end, b.root.size);
	err = blob_raise(&b, end);
	if (err == 0 && b.root.level == 0)
		err = touch_put(txn, b.page, GFS_BLOB_HEADER_SIZE + (unsigned)offset, data, size);
	else if (err == 0)
		err = pages_write(&b, offset, data, size);
	b.root.size = end;
out:
	return blob_end(&b, err);
}

/* ---- shrinking ---- */

/* Frees the data pages that entries [from, to) of `page`, starting at `offset`, name; the entries stay. */
static int entries_free(struct blob *b, const struct gfs_page *page, unsigned offset, uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i < to; i++) {
		uint64_t index = gfs_get_le64(gfs_page_payload(page) + offset + 8 * i);
		int err = index == 0 ? 0 : blob_page_free(b, index);
		if (err != 0)
			return err;
	}
	return 0;
}

/* Data pages [from, to) under index page `at` of a level 2 blob; the index page itself when from is 0. */
static int index_shrink(struct blob *b, uint64_t at, uint64_t from, uint64_t to)
{
	uint64_t index = gfs_get_le64(gfs_page_payload(b->page) + gfs_blob_root_entry(at));
	struct gfs_page *page;
	if (index == 0)
		return 0;
	if (!gfs_blob_index_valid(b->store, index))
		return GFS_ERR_CORRUPT;
	int err = gfs_page_edit_kind(b->txn, gfs_blob_page_id(index), GFS_PAGE_BLOB_INDEX, &page);
	if (err != 0)
		return gfs_page_must_exist(err);
	err = entries_free(b, page, 0, from, to);
	if (err == 0 && from > 0)
		err = touch_zero(b->txn, page, gfs_blob_index_entry(from), (size_t)(8 * (to - from)));
	gfs_page_put(b->store, page);
	if (err == 0 && from == 0)
		err = blob_page_free(b, index);
	if (err == 0 && from == 0)
		err = entry_put(b->txn, b->page, gfs_blob_root_entry(at), 0);
	return err;
}

static int pages_free(struct blob *b, uint64_t from, uint64_t to)
{
	if (from >= to)
		return 0;
	if (b->root.level == 1) {
		int err = entries_free(b, b->page, GFS_BLOB_HEADER_SIZE, from, to);
		return err != 0 ? err : touch_zero(b->txn, b->page, gfs_blob_root_entry(from), (size_t)(8 * (to - from)));
	}
	for (uint64_t at = from / GFS_BLOB_INDEX_ENTRIES; at * GFS_BLOB_INDEX_ENTRIES < to; at++) {
		uint64_t first = at * GFS_BLOB_INDEX_ENTRIES;
		uint64_t low = from > first ? from - first : 0;
		int err = index_shrink(b, at, low, GFS_MIN(to - first, GFS_BLOB_INDEX_ENTRIES));
		if (err != 0)
			return err;
	}
	return 0;
}

/* B1 in the page that the new end falls into. */
static int tail_zero(struct blob *b, uint64_t size)
{
	unsigned within = (unsigned)(size % GFS_BLOB_DATA_BYTES);
	uint64_t index;
	if (within == 0)
		return 0;
	int err = data_find(b->store, b->page, b->root.level, size / GFS_BLOB_DATA_BYTES, &index);
	if (err != 0 || index == 0)
		return err;
	struct gfs_page *page;
	err = data_edit(b, size / GFS_BLOB_DATA_BYTES, &page);
	if (err != 0)
		return err;
	uint64_t page_end = size - within + GFS_BLOB_DATA_BYTES;
	err = touch_zero(b->txn, page, within, (size_t)(GFS_MIN(page_end, b->root.size) - size));
	gfs_page_put(b->store, page);
	return err;
}

static int blob_shrink(struct blob *b, uint64_t size)
{
	int err;
	assert(size <= b->root.size);
	if (b->root.level == 0) {
		err = touch_zero(b->txn, b->page, GFS_BLOB_HEADER_SIZE + (unsigned)size, (size_t)(b->root.size - size));
	} else {
		err = pages_free(b, gfs_blob_data_pages(size), gfs_blob_data_pages(b->root.size));
		if (err == 0)
			err = tail_zero(b, size);
		if (size == 0)
			b->root.level = 0;
	}
	b->root.size = size;
	return err;
}

int gfs_blob_truncate(struct gfs_txn *txn, uint64_t blob_id, uint64_t size)
{
	struct blob b;
	if (size > GFS_VALUE_BYTES_MAX)
		return GFS_ERR_TOOBIG;
	int err = blob_begin(txn, blob_id, &b);
	if (err != 0)
		return err;
	if (size < b.root.size) {
		err = blob_shrink(&b, size);
	} else {
		err = blob_raise(&b, size);
		b.root.size = size;
	}
	return blob_end(&b, err);
}

int gfs_blob_delete(struct gfs_txn *txn, uint64_t blob_id)
{
	struct blob b;
	int err = blob_begin(txn, blob_id, &b);
	if (err != 0)
		return err;
	err = blob_end(&b, blob_shrink(&b, 0));
	return err != 0 ? err : gfs_blob_page_free(txn, blob_id);
}
