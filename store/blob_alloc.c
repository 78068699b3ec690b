#include "store/blob_alloc.h"

#include "store/blob.h"
#include "store/typed_page.h"

#include <assert.h>

enum { OFFSET_NEXT = 0, OFFSET_COUNT = 8 };
#define ENTRY_OFFSET(i) (GFS_BLOB_TRUNK_HEADER_SIZE + 8 * (unsigned)(i))
static_assert(ENTRY_OFFSET(GFS_BLOB_TRUNK_ENTRIES_MAX) <= GFS_PAGE_PAYLOAD_SIZE, "entries end inside the page");

static int trunk_check(const struct gfs_store *store, const struct gfs_page *trunk)
{
	const uint8_t *p = gfs_page_payload(trunk);
	uint64_t next = gfs_get_le64(p + OFFSET_NEXT);
	if (gfs_get_le32(p + OFFSET_COUNT) > GFS_BLOB_TRUNK_ENTRIES_MAX)
		return GFS_ERR_CORRUPT;
	return next != 0 && !gfs_blob_index_valid(store, next) ? GFS_ERR_CORRUPT : 0;
}

static int trunk_edit(struct gfs_txn *txn, uint64_t index, struct gfs_page **ret_page)
{
	struct gfs_store *store = gfs_txn_store(txn);
	if (!gfs_blob_index_valid(store, index))
		return GFS_ERR_CORRUPT;
	int err = gfs_page_edit_kind(txn, gfs_blob_page_id(index), GFS_PAGE_FREE, ret_page);
	if (err != 0)
		return gfs_page_must_exist(err);
	err = trunk_check(store, *ret_page);
	if (err != 0)
		gfs_page_put(store, *ret_page);
	return err;
}

static int count_set(struct gfs_txn *txn, struct gfs_page *trunk, uint32_t count)
{
	uint8_t *at = gfs_page_touch(txn, trunk, OFFSET_COUNT, 4);
	if (at == NULL)
		return GFS_ERR_NOMEM;
	gfs_put_le32(at, count);
	return 0;
}

/* ---- alloc ---- */

static int trunk_pop(struct gfs_txn *txn, uint64_t head, struct gfs_page *trunk, uint64_t *ret_index)
{
	const uint8_t *p = gfs_page_payload(trunk);
	uint32_t count = gfs_get_le32(p + OFFSET_COUNT);
	if (count == 0) {
		*ret_index = head;
		return gfs_txn_counter_set(txn, GFS_COUNTER_BLOB_FREE, gfs_get_le64(p + OFFSET_NEXT));
	}
	uint64_t index = gfs_get_le64(p + ENTRY_OFFSET(count - 1));
	if (!gfs_blob_index_valid(gfs_txn_store(txn), index) || index == head)
		return GFS_ERR_CORRUPT;
	*ret_index = index;
	return count_set(txn, trunk, count - 1);
}

static int index_alloc(struct gfs_txn *txn, uint64_t *ret_index)
{
	struct gfs_store *store = gfs_txn_store(txn);
	uint64_t head = gfs_store_counter(store, GFS_COUNTER_BLOB_FREE);
	if (head == 0) {
		uint64_t index = gfs_store_counter(store, GFS_COUNTER_BLOB_PAGES) + 1;
		if (index > GFS_BLOB_PAGES_MAX)
			return GFS_ERR_LIMIT;
		*ret_index = index;
		return gfs_txn_counter_set(txn, GFS_COUNTER_BLOB_PAGES, index);
	}
	struct gfs_page *trunk;
	int err = trunk_edit(txn, head, &trunk);
	if (err != 0)
		return err;
	err = trunk_pop(txn, head, trunk, ret_index);
	gfs_page_put(store, trunk);
	return err;
}

int gfs_blob_page_alloc(struct gfs_txn *txn, enum gfs_page_kind kind, uint64_t *ret_index, struct gfs_page **ret_page)
{
	uint64_t index;
	int err = index_alloc(txn, &index);
	if (err == 0)
		err = gfs_page_new(txn, gfs_blob_page_id(index), kind, ret_page);
	if (err == 0)
		*ret_index = index;
	return err;
}

/* ---- free ---- */

/* GFS_ERR_NOSPC when the trunk is full. */
static int trunk_push(struct gfs_txn *txn, uint64_t head, uint64_t index)
{
	struct gfs_page *trunk;
	int err = trunk_edit(txn, head, &trunk);
	if (err != 0)
		return err;
	uint32_t count = gfs_get_le32(gfs_page_payload(trunk) + OFFSET_COUNT);
	uint8_t *entry = NULL;
	if (count == GFS_BLOB_TRUNK_ENTRIES_MAX) {
		err = GFS_ERR_NOSPC;
	} else {
		entry = gfs_page_touch(txn, trunk, ENTRY_OFFSET(count), 8);
		err = entry == NULL ? GFS_ERR_NOMEM : count_set(txn, trunk, count + 1);
	}
	if (err == 0)
		gfs_put_le64(entry, index);
	gfs_page_put(gfs_txn_store(txn), trunk);
	return err;
}

static int trunk_new(struct gfs_txn *txn, uint64_t head, uint64_t index)
{
	struct gfs_page *trunk;
	int err = gfs_page_new(txn, gfs_blob_page_id(index), GFS_PAGE_FREE, &trunk);
	if (err != 0)
		return err;
	uint8_t *next = gfs_page_touch(txn, trunk, OFFSET_NEXT, 8);
	if (next == NULL) {
		err = GFS_ERR_NOMEM;
	} else {
		gfs_put_le64(next, head);
		err = gfs_txn_counter_set(txn, GFS_COUNTER_BLOB_FREE, index);
	}
	gfs_page_put(gfs_txn_store(txn), trunk);
	return err;
}

int gfs_blob_page_free(struct gfs_txn *txn, uint64_t index)
{
	assert(gfs_blob_index_valid(gfs_txn_store(txn), index));
	uint64_t head = gfs_store_counter(gfs_txn_store(txn), GFS_COUNTER_BLOB_FREE);
	int err = head == 0 ? GFS_ERR_NOSPC : trunk_push(txn, head, index);
	return err == GFS_ERR_NOSPC ? trunk_new(txn, head, index) : err;
}

/* ---- fsck ---- */

/* One trunk and its entries; `left` bounds the pages that a chain without a loop can have. */
static int trunk_each(struct gfs_store *store, uint64_t index, uint64_t *left, uint64_t *ret_next,
	int (*each)(void *context, uint64_t page_index), void *context)
{
	struct gfs_page *trunk;
	if (!gfs_blob_index_valid(store, index))
		return GFS_ERR_CORRUPT;
	int err = gfs_page_get_kind(store, gfs_blob_page_id(index), GFS_PAGE_FREE, &trunk);
	if (err != 0)
		return gfs_page_must_exist(err);
	const uint8_t *p = gfs_page_payload(trunk);
	uint32_t count = gfs_get_le32(p + OFFSET_COUNT);
	err = trunk_check(store, trunk);
	if (err == 0 && *left < (uint64_t)count + 1)
		err = GFS_ERR_CORRUPT;
	if (err == 0) {
		*left -= (uint64_t)count + 1;
		*ret_next = gfs_get_le64(p + OFFSET_NEXT);
		err = each(context, index);
	}
	for (uint32_t i = 0; err == 0 && i < count; i++) {
		uint64_t entry = gfs_get_le64(p + ENTRY_OFFSET(i));
		err = gfs_blob_index_valid(store, entry) ? each(context, entry) : GFS_ERR_CORRUPT;
	}
	gfs_page_put(store, trunk);
	return err;
}

int gfs_blob_free_pages(struct gfs_store *store, int (*each)(void *context, uint64_t page_index), void *context,
	struct gfs_message *message)
{
	uint64_t left = gfs_store_counter(store, GFS_COUNTER_BLOB_PAGES);
	uint64_t index = gfs_store_counter(store, GFS_COUNTER_BLOB_FREE);
	while (index != 0) {
		uint64_t next = 0;
		int err = trunk_each(store, index, &left, &next, each, context);
		if (err == GFS_ERR_CORRUPT)
			return gfs_fail(
				message, err, "the chain of free blob pages is broken at page %llu", (unsigned long long)index);
		if (err != 0)
			return err;
		index = next;
	}
	return 0;
}
