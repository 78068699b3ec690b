/* Rows in slotted pages. Heap pages are 1 to GFS_COUNTER_HEAP_PAGES of their space; a new row goes to the last one, else to one that the
 * free-space map knows to have room, else to a new one. Nothing about placement is kept in memory. */
#include "store/heap.h"

#include "base/checked.h"
#include "base/limits.h"
#include "store/blob.h"
#include "store/fsm.h"
#include "store/slotted.h"
#include "store/typed_page.h"

#include <assert.h>

enum { SLOT_BITS = 12, BLOB_ID_SIZE = 8 };

/* What goes into a slot: a row, or the id of the blob that holds it. */
struct cell {
	const uint8_t *data;
	unsigned size;
	bool is_blob;
};

static uint64_t row_id_of(uint64_t index, unsigned slot)
{
	return index << SLOT_BITS | slot;
}

static unsigned slot_of(uint64_t row_id)
{
	return (unsigned)(row_id & ((1u << SLOT_BITS) - 1));
}

static int page_id_of(const struct gfs_store *store, uint64_t row_id, uint64_t *ret_page_id)
{
	uint64_t index = row_id >> SLOT_BITS;
	if (index == 0 || index > gfs_store_counter(store, GFS_COUNTER_HEAP_PAGES))
		return GFS_ERR_CORRUPT;
	*ret_page_id = GFS_PAGE_ID(GFS_SPACE_HEAP, index);
	return 0;
}

/* ---- reading ---- */

/* A row's bytes in its page. */
static int cell_in(const struct gfs_page *page, uint64_t row_id, struct cell *ret_cell)
{
	struct gfs_slotted_row row;
	int err = gfs_slotted_get(gfs_page_payload(page), slot_of(row_id), &row);
	if (err == 0 && row.is_blob && row.size != BLOB_ID_SIZE)
		err = GFS_ERR_CORRUPT;
	if (err != 0)
		return gfs_page_must_exist(err);
	*ret_cell = (struct cell){ .data = gfs_page_payload(page) + row.offset, .size = row.size, .is_blob = row.is_blob };
	return 0;
}

/* And the page, pinned. A row id that names nothing comes from a record, so it is damage. */
static int row_locate(struct gfs_store *store, uint64_t row_id, struct gfs_page **ret_page, struct cell *ret_cell)
{
	uint64_t page_id;
	int err = page_id_of(store, row_id, &page_id);
	if (err == 0)
		err = gfs_page_get_kind(store, page_id, GFS_PAGE_SLOTTED, ret_page);
	if (err != 0)
		return gfs_page_must_exist(err);
	err = cell_in(*ret_page, row_id, ret_cell);
	if (err != 0)
		gfs_page_put(store, *ret_page);
	return err;
}

int gfs_heap_peek_near(struct gfs_store *store, struct gfs_page **near, uint64_t row_id, struct gfs_slice *ret_row)
{
	uint64_t page_id;
	struct cell cell;
	int err = page_id_of(store, row_id, &page_id);
	if (err == 0 && (*near == NULL || (*near)->entry.key != page_id)) {
		if (*near != NULL)
			gfs_page_put(store, *near);
		*near = NULL;
		err = gfs_page_must_exist(gfs_page_get_kind(store, page_id, GFS_PAGE_SLOTTED, near));
	}
	if (err == 0)
		err = cell_in(*near, row_id, &cell);
	if (err == 0 && cell.is_blob)
		err = GFS_ERR_TOOBIG;
	if (err == 0)
		*ret_row = gfs_slice(cell.data, cell.size);
	return err;
}

int gfs_heap_peek(struct gfs_store *store, uint64_t row_id, struct gfs_page **ret_page, struct gfs_slice *ret_row)
{
	struct gfs_page *page;
	struct cell cell;
	int err = row_locate(store, row_id, &page, &cell);
	if (err != 0)
		return err;
	if (cell.is_blob) {
		gfs_page_put(store, page);
		return GFS_ERR_TOOBIG;
	}
	*ret_page = page;
	*ret_row = gfs_slice(cell.data, cell.size);
	return 0;
}

static int blob_append(struct gfs_store *store, uint64_t blob_id, struct gfs_buf *out)
{
	uint64_t size;
	size_t got;
	int err = gfs_blob_size(store, blob_id, &size);
	if (err != 0)
		return gfs_page_must_exist(err);
	uint8_t *at = gfs_buf_extend(out, (size_t)size);
	if (at == NULL)
		return GFS_ERR_NOMEM;
	err = gfs_blob_read(store, blob_id, 0, at, (size_t)size, &got);
	if (err == 0 && got != size)
		err = GFS_ERR_CORRUPT;
	if (err != 0)
		out->size -= (size_t)size;
	return err;
}

int gfs_heap_read(struct gfs_store *store, uint64_t row_id, struct gfs_buf *out)
{
	struct gfs_page *page;
	struct cell cell;
	int err = row_locate(store, row_id, &page, &cell);
	if (err != 0)
		return err;
	if (cell.is_blob) {
		err = blob_append(store, gfs_get_le64(cell.data), out);
	} else {
		gfs_buf_append(out, cell.data, cell.size);
		err = gfs_buf_failed(out);
	}
	gfs_page_put(store, page);
	return err;
}

/* ---- changing one page ---- */

static int touch(struct gfs_txn *txn, struct gfs_page *page, unsigned offset, unsigned size)
{
	return gfs_page_touch(txn, page, offset, size) == NULL ? GFS_ERR_NOMEM : 0;
}

static int touch_slot(struct gfs_txn *txn, struct gfs_page *page, unsigned slot)
{
	int err = touch(txn, page, 0, GFS_SLOTTED_HEADER_SIZE);
	return err != 0 ? err : touch(txn, page, GFS_SLOTTED_SLOT_OFFSET(slot), GFS_SLOTTED_SLOT_SIZE);
}

static int touch_plan(struct gfs_txn *txn, struct gfs_page *page, const struct gfs_slotted_plan *plan)
{
	if (plan->compact)
		return touch(txn, page, 0, GFS_PAGE_PAYLOAD_SIZE);
	int err = touch_slot(txn, page, plan->slot);
	return err != 0 ? err : touch(txn, page, plan->offset, plan->size);
}

static uint8_t *payload_of(struct gfs_page *page)
{
	return page->data + GFS_PAGE_HEADER_SIZE;
}

/* F1, when the room was `before`. */
static int room_changed(struct gfs_txn *txn, const struct gfs_page *page, uint64_t index, unsigned before)
{
	unsigned after;
	int err = gfs_slotted_room(gfs_page_payload(page), &after);
	if (err != 0 || gfs_fsm_units(after) == gfs_fsm_units(before))
		return err;
	return gfs_fsm_set(txn, index, after);
}

/* `mapped`: the room that the free-space map knows of. GFS_ERR_NOSPC with nothing changed. */
static int page_insert(struct gfs_txn *txn, struct gfs_page *page, uint64_t index, unsigned mapped,
	const struct cell *cell, uint64_t *ret_row_id)
{
	struct gfs_slotted_plan plan;
	int err = gfs_slotted_plan_insert(gfs_page_payload(page), cell->size, &plan);
	if (err == 0)
		err = touch_plan(txn, page, &plan);
	if (err == 0)
		err = gfs_slotted_insert(payload_of(page), &plan, cell->data, cell->is_blob);
	if (err == 0)
		err = room_changed(txn, page, index, mapped);
	if (err == 0)
		*ret_row_id = row_id_of(index, plan.slot);
	return err;
}

static int insert_at(struct gfs_txn *txn, uint64_t index, const struct cell *cell, uint64_t *ret_row_id)
{
	struct gfs_page *page;
	int err = gfs_page_edit_kind(txn, GFS_PAGE_ID(GFS_SPACE_HEAP, index), GFS_PAGE_SLOTTED, &page);
	if (err != 0)
		return gfs_page_must_exist(err);
	unsigned before;
	err = gfs_slotted_room(gfs_page_payload(page), &before);
	if (err == 0)
		err = page_insert(txn, page, index, before, cell, ret_row_id);
	gfs_page_put(gfs_txn_store(txn), page);
	return err;
}

static int insert_in_new_page(struct gfs_txn *txn, const struct cell *cell, uint64_t *ret_row_id)
{
	uint64_t index = gfs_store_counter(gfs_txn_store(txn), GFS_COUNTER_HEAP_PAGES) + 1;
	struct gfs_page *page;
	if (index > GFS_HEAP_PAGES_MAX)
		return GFS_ERR_LIMIT;
	int err = gfs_txn_counter_set(txn, GFS_COUNTER_HEAP_PAGES, index);
	if (err == 0)
		err = gfs_page_new(txn, GFS_PAGE_ID(GFS_SPACE_HEAP, index), GFS_PAGE_SLOTTED, &page);
	if (err != 0)
		return err;
	err = touch(txn, page, 0, GFS_SLOTTED_HEADER_SIZE);
	if (err == 0) {
		gfs_slotted_init(payload_of(page));
		err = page_insert(txn, page, index, 0, cell, ret_row_id);
	}
	assert(err != GFS_ERR_NOSPC);
	gfs_page_put(gfs_txn_store(txn), page);
	return err;
}

static int insert_in_free_room(struct gfs_txn *txn, const struct cell *cell, uint64_t *ret_row_id)
{
	uint64_t index;
	int err = gfs_fsm_find(txn, cell->size, &index);
	if (err == GFS_ERR_NOTFOUND)
		return GFS_ERR_NOSPC;
	return err != 0 ? err : insert_at(txn, index, cell, ret_row_id);
}

static int cell_insert(struct gfs_txn *txn, const struct cell *cell, uint64_t *ret_row_id)
{
	uint64_t last = gfs_store_counter(gfs_txn_store(txn), GFS_COUNTER_HEAP_PAGES);
	int err = last == 0 ? GFS_ERR_NOSPC : insert_at(txn, last, cell, ret_row_id);
	if (err == GFS_ERR_NOSPC && last != 0)
		err = insert_in_free_room(txn, cell, ret_row_id);
	if (err == GFS_ERR_NOSPC)
		err = insert_in_new_page(txn, cell, ret_row_id);
	return err;
}

/* ---- rows in blobs ---- */

static int row_check(struct gfs_slice row)
{
	assert(row.data != NULL || row.size == 0);
	if (row.size == 0)
		return GFS_ERR_INVALID;
	return row.size > GFS_VALUE_BYTES_MAX ? GFS_ERR_TOOBIG : 0;
}

/* The cell for a row; a long one is first put into the new blob whose id `id` receives. */
static int cell_make(struct gfs_txn *txn, struct gfs_slice row, uint8_t id[BLOB_ID_SIZE], struct cell *ret_cell)
{
	if (row.size <= GFS_SLOTTED_ROW_BYTES_MAX) {
		*ret_cell = (struct cell){ .data = row.data, .size = (unsigned)row.size };
		return 0;
	}
	uint64_t blob_id;
	int err = gfs_blob_create(txn, &blob_id);
	if (err == 0)
		err = gfs_blob_write(txn, blob_id, 0, row.data, row.size);
	if (err != 0)
		return err;
	gfs_put_le64(id, blob_id);
	*ret_cell = (struct cell){ .data = id, .size = BLOB_ID_SIZE, .is_blob = true };
	return 0;
}

int gfs_heap_insert(struct gfs_txn *txn, struct gfs_slice row, uint64_t *ret_row_id)
{
	uint8_t id[BLOB_ID_SIZE];
	struct cell cell;
	int err = row_check(row);
	if (err == 0)
		err = cell_make(txn, row, id, &cell);
	return err != 0 ? err : cell_insert(txn, &cell, ret_row_id);
}

/* ---- update and delete ---- */

/* A page for change and the cell in it. */
static int cell_edit(struct gfs_txn *txn, uint64_t row_id, struct gfs_page **ret_page, struct cell *ret_cell)
{
	struct gfs_page *read;
	int err = row_locate(gfs_txn_store(txn), row_id, &read, ret_cell);
	if (err != 0)
		return err;
	err = gfs_page_edit(txn, GFS_PAGE_ID(GFS_SPACE_HEAP, row_id >> SLOT_BITS), ret_page);
	assert(err != 0 || *ret_page == read);
	gfs_page_put(gfs_txn_store(txn), read);
	return err;
}

/* A cell of the same size: only the bytes from the first to the last difference. */
static int cell_overwrite(struct gfs_txn *txn, struct gfs_page *page, const struct cell *old, const uint8_t *data)
{
	unsigned from = 0;
	unsigned to = old->size;
	while (from < to && old->data[from] == data[from])
		from++;
	while (to > from && old->data[to - 1] == data[to - 1])
		to--;
	if (from == to)
		return 0;
	uint8_t *at = gfs_page_touch(txn, page, (unsigned)(old->data - gfs_page_payload(page)) + from, to - from);
	if (at == NULL)
		return GFS_ERR_NOMEM;
	memcpy(at, data + from, to - from);
	return 0;
}

static int page_update(struct gfs_txn *txn, struct gfs_page *page, uint64_t row_id, const struct cell *cell)
{
	struct gfs_slotted_plan plan;
	unsigned before;
	int err = gfs_slotted_room(gfs_page_payload(page), &before);
	if (err == 0)
		err = gfs_slotted_plan_update(gfs_page_payload(page), slot_of(row_id), cell->size, &plan);
	if (err == 0)
		err = touch_plan(txn, page, &plan);
	if (err == 0)
		err = gfs_slotted_update(payload_of(page), &plan, cell->data, cell->is_blob);
	return err != 0 ? err : room_changed(txn, page, row_id >> SLOT_BITS, before);
}

static int page_delete(struct gfs_txn *txn, struct gfs_page *page, uint64_t row_id)
{
	unsigned before;
	int err = gfs_slotted_room(gfs_page_payload(page), &before);
	if (err == 0)
		err = touch_slot(txn, page, slot_of(row_id));
	if (err == 0)
		err = gfs_slotted_delete(payload_of(page), slot_of(row_id));
	return err != 0 ? err : room_changed(txn, page, row_id >> SLOT_BITS, before);
}

/* In its page if it fits there, else elsewhere. */
static int cell_replace(struct gfs_txn *txn, struct gfs_page *page, const struct cell *old, uint64_t row_id,
	const struct cell *cell, uint64_t *ret_row_id)
{
	int err = old->size == cell->size && old->is_blob == cell->is_blob ? cell_overwrite(txn, page, old, cell->data)
																	   : page_update(txn, page, row_id, cell);
	if (err == GFS_ERR_NOSPC) {
		err = page_delete(txn, page, row_id);
		return err != 0 ? err : cell_insert(txn, cell, ret_row_id);
	}
	if (err == 0)
		*ret_row_id = row_id;
	return err;
}

/* A long row stays in its blob. */
static int blob_rewrite(struct gfs_txn *txn, uint64_t blob_id, struct gfs_slice row)
{
	int err = gfs_blob_truncate(txn, blob_id, row.size);
	if (err == 0)
		err = gfs_blob_write(txn, blob_id, 0, row.data, row.size);
	return gfs_page_must_exist(err);
}

int gfs_heap_update(struct gfs_txn *txn, uint64_t row_id, struct gfs_slice row, uint64_t *ret_row_id)
{
	struct gfs_page *page;
	struct cell old;
	struct cell cell;
	uint8_t id[BLOB_ID_SIZE];
	int err = row_check(row);
	if (err == 0)
		err = cell_edit(txn, row_id, &page, &old);
	if (err != 0)
		return err;
	if (old.is_blob && row.size > GFS_SLOTTED_ROW_BYTES_MAX) {
		err = blob_rewrite(txn, gfs_get_le64(old.data), row);
		if (err == 0)
			*ret_row_id = row_id;
		goto out;
	}
	err = old.is_blob ? gfs_page_must_exist(gfs_blob_delete(txn, gfs_get_le64(old.data))) : 0;
	if (err == 0)
		err = cell_make(txn, row, id, &cell);
	if (err == 0)
		err = cell_replace(txn, page, &old, row_id, &cell, ret_row_id);
out:
	gfs_page_put(gfs_txn_store(txn), page);
	return err;
}

int gfs_heap_delete(struct gfs_txn *txn, uint64_t row_id)
{
	struct gfs_page *page;
	struct cell old;
	int err = cell_edit(txn, row_id, &page, &old);
	if (err != 0)
		return err;
	if (old.is_blob)
		err = gfs_page_must_exist(gfs_blob_delete(txn, gfs_get_le64(old.data)));
	if (err == 0)
		err = page_delete(txn, page, row_id);
	gfs_page_put(gfs_txn_store(txn), page);
	return err;
}

/* ---- fsck ---- */

static int check_room(struct gfs_store *store, uint64_t index, const uint8_t *payload, struct gfs_message *message)
{
	unsigned room;
	uint8_t units;
	int err = gfs_slotted_room(payload, &room);
	if (err == 0)
		err = gfs_fsm_get(store, index, &units);
	if (err != 0)
		return gfs_fail(message, err, "heap page %llu: its free-space map cannot be read", (unsigned long long)index);
	if (index / GFS_FSM_PAGES_PER_LEAF < GFS_FSM_LEAVES_MAX && units != gfs_fsm_units(room))
		return gfs_fail(
			message, GFS_ERR_CORRUPT, "heap page %llu: the free-space map is wrong", (unsigned long long)index);
	return 0;
}

static int each_row(const uint8_t *payload, uint64_t index,
	int (*each)(void *context, uint64_t row_id, uint64_t blob_id), void *context)
{
	for (unsigned slot = 0; slot < gfs_slotted_slots(payload); slot++) {
		struct gfs_slotted_row row;
		int err = gfs_slotted_get(payload, slot, &row);
		if (err == GFS_ERR_NOTFOUND)
			continue;
		if (err == 0)
			err = each(context, row_id_of(index, slot), row.is_blob ? gfs_get_le64(payload + row.offset) : 0);
		if (err != 0)
			return err;
	}
	return 0;
}

int gfs_heap_check_page(struct gfs_store *store, uint64_t page_index,
	int (*each)(void *context, uint64_t row_id, uint64_t blob_id), void *context, struct gfs_message *message)
{
	unsigned long long number = page_index;
	struct gfs_page *page;
	if (page_index == 0 || page_index > gfs_store_counter(store, GFS_COUNTER_HEAP_PAGES))
		return gfs_fail(message, GFS_ERR_INVALID, "heap page %llu: there is no such page", number);
	int err = gfs_page_get_kind(store, GFS_PAGE_ID(GFS_SPACE_HEAP, page_index), GFS_PAGE_SLOTTED, &page);
	if (err != 0)
		return gfs_fail(message, gfs_page_must_exist(err), "heap page %llu: %s", number, gfs_err_text(err));
	const char *why = NULL;
	err = gfs_slotted_check(gfs_page_payload(page), &why);
	if (err != 0)
		err = gfs_fail(message, err, "heap page %llu: %s", number, why);
	if (err == 0)
		err = check_room(store, page_index, gfs_page_payload(page), message);
	if (err == 0)
		err = each_row(gfs_page_payload(page), page_index, each, context);
	gfs_page_put(store, page);
	return err;
}
