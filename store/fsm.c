#include "store/fsm.h"

#include "base/checked.h"
#include "store/typed_page.h"

#include <assert.h>

/* A page is worth going back to when a quarter of it is free. */
enum { UNITS_WORTH = 64, UNITS_MAX = 254, BLOCK = 16 };
static_assert(GFS_PAGE_PAYLOAD_SIZE / GFS_FSM_UNIT_BYTES == UNITS_MAX, "a page's room fits a byte");
static_assert(GFS_PAGE_PAYLOAD_SIZE % BLOCK == 0, "the map is searched in whole blocks");

#define SUMMARY_ID GFS_PAGE_ID(GFS_SPACE_FSM, 0)
#define LEAF_ID(leaf) GFS_PAGE_ID(GFS_SPACE_FSM, (leaf) + 1)

uint8_t gfs_fsm_units(unsigned room_bytes)
{
	assert(room_bytes <= GFS_PAGE_PAYLOAD_SIZE);
	unsigned units = room_bytes / GFS_FSM_UNIT_BYTES;
	return (uint8_t)(units >= GFS_FSM_FINE_UNITS ? units : units & ~7u);
}

static int byte_set(struct gfs_txn *txn, struct gfs_page *page, unsigned at, uint8_t value)
{
	uint8_t *byte = gfs_page_touch(txn, page, at, 1);
	if (byte == NULL)
		return GFS_ERR_NOMEM;
	*byte = value;
	return 0;
}

/* F2, after a byte of the leaf became `units`. */
static int summary_raise(struct gfs_txn *txn, uint64_t leaf, uint8_t units)
{
	struct gfs_page *page;
	int err = gfs_page_edit_or_new(txn, SUMMARY_ID, GFS_PAGE_FSM, &page);
	if (err != 0)
		return err;
	if (gfs_page_payload(page)[leaf] < units)
		err = byte_set(txn, page, (unsigned)leaf, units);
	gfs_page_put(gfs_txn_store(txn), page);
	return err;
}

int gfs_fsm_set(struct gfs_txn *txn, uint64_t heap_page, unsigned room_bytes)
{
	uint64_t leaf = heap_page / GFS_FSM_PAGES_PER_LEAF;
	unsigned at = (unsigned)(heap_page % GFS_FSM_PAGES_PER_LEAF);
	uint8_t units = gfs_fsm_units(room_bytes);
	if (leaf >= GFS_FSM_LEAVES_MAX)
		return 0;
	struct gfs_page *page;
	int err = gfs_page_edit_or_new(txn, LEAF_ID(leaf), GFS_PAGE_FSM, &page);
	if (err != 0)
		return err;
	uint8_t before = gfs_page_payload(page)[at];
	if (before != units)
		err = byte_set(txn, page, at, units);
	gfs_page_put(gfs_txn_store(txn), page);
	return err != 0 || units <= before ? err : summary_raise(txn, leaf, units);
}

/* The first of bytes [from, count) that is at least `need`, else `count` with the greatest of them in *ret_max. Blocks of a constant
 * size, which the compiler turns into vector instructions. */
static unsigned search(const uint8_t *bytes, unsigned from, unsigned count, uint8_t need, uint8_t *ret_max)
{
	uint8_t max = 0;
	for (unsigned base = from - from % BLOCK; base < count; base += BLOCK) {
		uint8_t block = 0;
		for (unsigned i = 0; i < BLOCK; i++)
			block = GFS_MAX(block, bytes[base + i]);
		max = GFS_MAX(max, block);
		if (block < need)
			continue;
		for (unsigned i = GFS_MAX(base, from); i < GFS_MIN(base + BLOCK, count); i++) {
			if (bytes[i] >= need)
				return i;
		}
	}
	*ret_max = max;
	return count;
}

/* GFS_ERR_NOTFOUND when leaf has no such page: *ret_max is then what its summary should say. */
static int leaf_find(
	struct gfs_store *store, uint64_t leaf, uint8_t need, uint64_t pages, uint64_t *ret_heap_page, uint8_t *ret_max)
{
	struct gfs_page *page;
	*ret_max = 0;
	int err = gfs_page_get_kind(store, LEAF_ID(leaf), GFS_PAGE_FSM, &page);
	if (err != 0)
		return err;
	uint64_t first = leaf * GFS_FSM_PAGES_PER_LEAF;
	unsigned count = (unsigned)GFS_MIN(pages + 1 - first, GFS_FSM_PAGES_PER_LEAF);
	/* Heap page 0 does not exist. */
	unsigned at = search(gfs_page_payload(page), leaf == 0 ? 1 : 0, count, need, ret_max);
	gfs_page_put(store, page);
	if (at == count)
		return GFS_ERR_NOTFOUND;
	*ret_heap_page = first + at;
	return 0;
}

static int find_from(struct gfs_txn *txn, struct gfs_page *summary, uint8_t need, uint64_t *ret_heap_page)
{
	uint64_t pages = gfs_store_counter(gfs_txn_store(txn), GFS_COUNTER_HEAP_PAGES);
	unsigned leaves = (unsigned)GFS_MIN(pages / GFS_FSM_PAGES_PER_LEAF + 1, GFS_FSM_LEAVES_MAX);
	unsigned leaf = 0;
	uint8_t max;
	for (;;) {
		leaf = search(gfs_page_payload(summary), leaf, leaves, need, &max);
		if (leaf == leaves)
			return GFS_ERR_NOTFOUND;
		int err = leaf_find(gfs_txn_store(txn), leaf, need, pages, ret_heap_page, &max);
		if (err != GFS_ERR_NOTFOUND)
			return err;
		/* The summary promised too much: lower it, so that the next search does not look here again. */
		err = max < need ? byte_set(txn, summary, leaf, max) : 0;
		if (err != 0)
			return err;
		leaf++;
	}
}

int gfs_fsm_find(struct gfs_txn *txn, unsigned bytes, uint64_t *ret_heap_page)
{
	unsigned units = (bytes + GFS_FSM_UNIT_BYTES - 1) / GFS_FSM_UNIT_BYTES;
	uint8_t need = (uint8_t)GFS_MIN(GFS_MAX(units, (unsigned)UNITS_WORTH), (unsigned)UNITS_MAX);
	struct gfs_page *summary;
	int err = gfs_page_edit_kind(txn, SUMMARY_ID, GFS_PAGE_FSM, &summary);
	if (err != 0)
		return err;
	err = find_from(txn, summary, need, ret_heap_page);
	gfs_page_put(gfs_txn_store(txn), summary);
	return err;
}

int gfs_fsm_get(struct gfs_store *store, uint64_t heap_page, uint8_t *ret_units)
{
	uint64_t leaf = heap_page / GFS_FSM_PAGES_PER_LEAF;
	struct gfs_page *page;
	*ret_units = 0;
	if (leaf >= GFS_FSM_LEAVES_MAX)
		return 0;
	int err = gfs_page_get_kind(store, LEAF_ID(leaf), GFS_PAGE_FSM, &page);
	if (err != 0)
		return err == GFS_ERR_NOTFOUND ? 0 : err;
	*ret_units = gfs_page_payload(page)[heap_page % GFS_FSM_PAGES_PER_LEAF];
	gfs_page_put(store, page);
	return 0;
}
