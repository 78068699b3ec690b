/* Verifies blobs for fsck: everything that the reader takes on trust is looked at. */
#include "store/blob.h"

#include "base/checked.h"
#include "store/blob_private.h"
#include "store/typed_page.h"

struct walk {
	struct gfs_store *store;
	uint64_t blob_id;
	struct gfs_blob_root root;
	uint64_t pages; /* met so far */
	int (*each)(void *context, uint64_t page_index);
	void *context;
	struct gfs_message *message;
};

static int damaged(struct walk *w, const char *what)
{
	(void)gfs_fail(w->message, GFS_ERR_CORRUPT, "blob %llu: %s", (unsigned long long)w->blob_id,
		what); /* its answer is the code */
	return GFS_ERR_CORRUPT;
}

static int is_zero(const uint8_t *p, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		if (p[i] != 0)
			return 0;
	}
	return 1;
}

static int page_open(struct walk *w, uint64_t index, enum gfs_page_kind kind, struct gfs_page **ret_page)
{
	struct gfs_page *page;
	if (!gfs_blob_index_valid(w->store, index))
		return damaged(w, "an entry names no page");
	int err = gfs_page_get_kind(w->store, gfs_blob_page_id(index), kind, &page);
	if (err == GFS_ERR_NOTFOUND || err == GFS_ERR_CORRUPT)
		return damaged(w, "one of its pages is missing, damaged or of another kind");
	if (err != 0)
		return err;
	w->pages++;
	err = w->each(w->context, index);
	if (err == 0)
		*ret_page = page;
	else
		gfs_page_put(w->store, page);
	return err;
}

static int check_data(struct walk *w, uint64_t n, uint64_t index)
{
	struct gfs_page *page;
	if (n >= gfs_blob_data_pages(w->root.size))
		return damaged(w, "a page lies past its end");
	int err = page_open(w, index, GFS_PAGE_BLOB_DATA, &page);
	if (err != 0)
		return err;
	uint64_t used = GFS_MIN(w->root.size - n * GFS_BLOB_DATA_BYTES, GFS_BLOB_DATA_BYTES);
	if (!is_zero(gfs_page_payload(page), (size_t)used, GFS_PAGE_PAYLOAD_SIZE))
		err = damaged(w, "there are bytes past its end");
	gfs_page_put(w->store, page);
	return err;
}

/* `count` entries at `p`, the first of which is for data page `n`. */
static int check_entries(struct walk *w, const uint8_t *p, uint64_t count, uint64_t n)
{
	for (uint64_t i = 0; i < count; i++) {
		uint64_t index = gfs_get_le64(p + 8 * i);
		int err = index == 0 ? 0 : check_data(w, n + i, index);
		if (err != 0)
			return err;
	}
	return 0;
}

static int check_indexes(struct walk *w, const uint8_t *p)
{
	for (uint64_t i = 0; i < GFS_BLOB_ROOT_ENTRIES; i++) {
		uint64_t index = gfs_get_le64(p + 8 * i);
		struct gfs_page *page;
		if (index == 0)
			continue;
		int err = page_open(w, index, GFS_PAGE_BLOB_INDEX, &page);
		if (err != 0)
			return err;
		err = check_entries(w, gfs_page_payload(page), GFS_BLOB_INDEX_ENTRIES, i * GFS_BLOB_INDEX_ENTRIES);
		gfs_page_put(w->store, page);
		if (err != 0)
			return err;
	}
	return 0;
}

static int check_body(struct walk *w, const uint8_t *body)
{
	if (w->root.size == 0 && w->root.level != 0)
		return damaged(w, "it is empty and has a level");
	if (w->root.level == 0)
		return is_zero(body, (size_t)w->root.size, GFS_BLOB_INLINE_BYTES) ? 0
																		  : damaged(w, "there are bytes past its end");
	return w->root.level == 1 ? check_entries(w, body, GFS_BLOB_ROOT_ENTRIES, 0) : check_indexes(w, body);
}

int gfs_blob_check(struct gfs_store *store, uint64_t blob_id, int (*each)(void *context, uint64_t page_index),
	void *context, struct gfs_message *message)
{
	struct walk w = { .store = store, .blob_id = blob_id, .each = each, .context = context, .message = message };
	struct gfs_page *page;
	int err = gfs_blob_root_get(store, blob_id, &page, &w.root);
	if (err != 0)
		return err == GFS_ERR_CORRUPT ? damaged(&w, "its root is missing or damaged") : err;
	w.pages = 1;
	err = each(context, blob_id);
	if (err == 0)
		err = check_body(&w, gfs_page_payload(page) + GFS_BLOB_HEADER_SIZE);
	if (err == 0 && w.pages != w.root.pages)
		err = damaged(&w, "its pages are counted wrong");
	gfs_page_put(store, page);
	return err;
}
