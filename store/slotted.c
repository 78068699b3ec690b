#include "store/slotted.h"

#include <assert.h>
#include <string.h>

enum { OFFSET_SLOTS = 0, OFFSET_START = 2, OFFSET_GARBAGE = 4, OFFSET_FREE = 6 };
enum { BLOB_BIT = 0x8000, NO_SLOT = 0 };

struct header {
	unsigned slots, start, garbage;
	unsigned free; /* slot + 1 */
};

static void header_put(uint8_t *payload, const struct header *h)
{
	gfs_put_le16(payload + OFFSET_SLOTS, (uint16_t)h->slots);
	gfs_put_le16(payload + OFFSET_START, (uint16_t)h->start);
	gfs_put_le16(payload + OFFSET_GARBAGE, (uint16_t)h->garbage);
	gfs_put_le16(payload + OFFSET_FREE, (uint16_t)h->free);
}

/* S1, and bounds for the rest. */
static int header_get(const uint8_t *payload, struct header *ret_h)
{
	struct header h = {
		.slots = gfs_get_le16(payload + OFFSET_SLOTS),
		.start = gfs_get_le16(payload + OFFSET_START),
		.garbage = gfs_get_le16(payload + OFFSET_GARBAGE),
		.free = gfs_get_le16(payload + OFFSET_FREE),
	};
	if (h.slots > GFS_SLOTTED_SLOTS_MAX || h.start > GFS_PAGE_PAYLOAD_SIZE ||
		h.start < GFS_SLOTTED_SLOT_OFFSET(h.slots))
		return GFS_ERR_CORRUPT;
	if (h.garbage > GFS_PAGE_PAYLOAD_SIZE - h.start || h.free > h.slots)
		return GFS_ERR_CORRUPT;
	*ret_h = h;
	return 0;
}

static void slot_put(uint8_t *payload, unsigned slot, unsigned offset, unsigned size, bool is_blob)
{
	uint8_t *at = payload + GFS_SLOTTED_SLOT_OFFSET(slot);
	gfs_put_le16(at, (uint16_t)offset);
	gfs_put_le16(at + 2, (uint16_t)(size | (is_blob ? BLOB_BIT : 0)));
}

/* A row inside the row area (half of S2); GFS_ERR_NOTFOUND for a free slot. */
static int row_get(const uint8_t *payload, const struct header *h, unsigned slot, struct gfs_slotted_row *ret_row)
{
	if (slot >= h->slots)
		return GFS_ERR_NOTFOUND;
	const uint8_t *at = payload + GFS_SLOTTED_SLOT_OFFSET(slot);
	unsigned offset = gfs_get_le16(at);
	unsigned word = gfs_get_le16(at + 2);
	struct gfs_slotted_row row = {
		.offset = offset, .size = word & (BLOB_BIT - 1u), .is_blob = (word & BLOB_BIT) != 0
	};
	if (word == 0)
		return GFS_ERR_NOTFOUND;
	if (row.size == 0 || offset < h->start || offset > GFS_PAGE_PAYLOAD_SIZE ||
		row.size > GFS_PAGE_PAYLOAD_SIZE - offset)
		return GFS_ERR_CORRUPT;
	*ret_row = row;
	return 0;
}

void gfs_slotted_init(uint8_t *payload)
{
	header_put(payload, &(struct header){ .start = GFS_PAGE_PAYLOAD_SIZE });
}

unsigned gfs_slotted_slots(const uint8_t *payload)
{
	return gfs_get_le16(payload + OFFSET_SLOTS);
}

int gfs_slotted_get(const uint8_t *payload, unsigned slot, struct gfs_slotted_row *ret_row)
{
	struct header h;
	int err = header_get(payload, &h);
	return err != 0 ? err : row_get(payload, &h, slot, ret_row);
}

/* Between the directory and the rows. */
static unsigned gap(const struct header *h)
{
	return h->start - GFS_SLOTTED_SLOT_OFFSET(h->slots);
}

/* What a new row's slot takes from the gap. */
static unsigned slot_cost(const struct header *h)
{
	return h->free != NO_SLOT ? 0 : GFS_SLOTTED_SLOT_SIZE;
}

int gfs_slotted_room(const uint8_t *payload, unsigned *ret_bytes)
{
	struct header h;
	int err = header_get(payload, &h);
	if (err != 0)
		return err;
	unsigned cost = slot_cost(&h);
	bool slot_left = cost == 0 || (h.slots < GFS_SLOTTED_SLOTS_MAX && gap(&h) >= cost);
	*ret_bytes = slot_left ? gap(&h) - cost + h.garbage : 0;
	return 0;
}

int gfs_slotted_plan_insert(const uint8_t *payload, unsigned size, struct gfs_slotted_plan *ret_plan)
{
	assert(size >= 1 && size <= GFS_SLOTTED_ROW_BYTES_MAX);
	struct header h;
	int err = header_get(payload, &h);
	if (err != 0)
		return err;
	unsigned cost = slot_cost(&h);
	if (gap(&h) < cost || (cost != 0 && h.slots == GFS_SLOTTED_SLOTS_MAX))
		return GFS_ERR_NOSPC;
	unsigned room = gap(&h) - cost;
	if (size > room + h.garbage)
		return GFS_ERR_NOSPC;
	unsigned slot = h.slots;
	if (h.free != NO_SLOT) {
		slot = h.free - 1;
		const uint8_t *at = payload + GFS_SLOTTED_SLOT_OFFSET(slot);
		if (gfs_get_le16(at + 2) != 0 || gfs_get_le16(at) > h.slots)
			return GFS_ERR_CORRUPT;
	}
	bool compact = size > room;
	*ret_plan = (struct gfs_slotted_plan){
		.slot = slot, .offset = compact ? 0 : h.start - size, .size = size, .compact = compact
	};
	return 0;
}

int gfs_slotted_plan_update(const uint8_t *payload, unsigned slot, unsigned size, struct gfs_slotted_plan *ret_plan)
{
	assert(size >= 1 && size <= GFS_SLOTTED_ROW_BYTES_MAX);
	struct header h;
	struct gfs_slotted_row row;
	int err = header_get(payload, &h);
	if (err == 0)
		err = row_get(payload, &h, slot, &row);
	if (err != 0)
		return err;
	struct gfs_slotted_plan plan = { .slot = slot, .size = size };
	if (size <= row.size)
		plan.offset = row.offset;
	else if (size <= gap(&h))
		plan.offset = h.start - size;
	else if (size <= gap(&h) + h.garbage + row.size)
		plan.compact = true;
	else
		return GFS_ERR_NOSPC;
	*ret_plan = plan;
	return 0;
}

/* Moves all rows but that of slot `skip` (SLOTS_MAX: none) to the end of the payload, without a gap. Writes h->start and
 * h->garbage. */
static int compact(uint8_t *payload, struct header *h, unsigned skip)
{
	uint8_t rows[GFS_PAGE_PAYLOAD_SIZE];
	uint16_t offsets[GFS_SLOTTED_SLOTS_MAX];
	unsigned start = GFS_PAGE_PAYLOAD_SIZE;
	for (unsigned slot = 0; slot < h->slots; slot++) {
		struct gfs_slotted_row row;
		offsets[slot] = 0;
		int err = slot == skip ? GFS_ERR_NOTFOUND : row_get(payload, h, slot, &row);
		if (err == GFS_ERR_NOTFOUND)
			continue;
		if (err != 0 || row.size > start - h->start)
			return GFS_ERR_CORRUPT; /* more rows than the row area holds */
		start -= row.size;
		memcpy(rows + start, payload + row.offset, row.size);
		offsets[slot] = (uint16_t)start;
	}
	for (unsigned slot = 0; slot < h->slots; slot++) {
		if (offsets[slot] != 0)
			gfs_put_le16(payload + GFS_SLOTTED_SLOT_OFFSET(slot), offsets[slot]);
	}
	memcpy(payload + start, rows + start, GFS_PAGE_PAYLOAD_SIZE - start);
	h->start = start;
	h->garbage = 0;
	return 0;
}

/* Compacts, so that the gap has `needed` bytes. */
static int make_room(uint8_t *payload, struct header *h, unsigned skip, unsigned needed)
{
	/* The garbage that the header claims may be a lie, so what is really there is added up before anything moves. */
	unsigned live = 0;
	for (unsigned slot = 0; slot < h->slots; slot++) {
		struct gfs_slotted_row row;
		int err = slot == skip ? GFS_ERR_NOTFOUND : row_get(payload, h, slot, &row);
		if (err != 0 && err != GFS_ERR_NOTFOUND)
			return err;
		live += err == 0 ? row.size : 0;
	}
	unsigned room = GFS_PAGE_PAYLOAD_SIZE - GFS_SLOTTED_SLOT_OFFSET(h->slots);
	if (live > GFS_PAGE_PAYLOAD_SIZE - h->start || needed > room - live)
		return GFS_ERR_CORRUPT;
	return compact(payload, h, skip);
}

int gfs_slotted_insert(uint8_t *payload, const struct gfs_slotted_plan *plan, const uint8_t *row, bool is_blob)
{
	struct header h;
	int err = header_get(payload, &h);
	if (err == 0 && plan->compact)
		err = make_room(payload, &h, GFS_SLOTTED_SLOTS_MAX, plan->size + slot_cost(&h));
	if (err != 0)
		return err;
	assert(plan->size <= gap(&h) && plan->slot <= h.slots);
	if (plan->slot == h.slots)
		h.slots++;
	else
		h.free = gfs_get_le16(payload + GFS_SLOTTED_SLOT_OFFSET(plan->slot));
	h.start -= plan->size;
	memcpy(payload + h.start, row, plan->size);
	slot_put(payload, plan->slot, h.start, plan->size, is_blob);
	header_put(payload, &h);
	return 0;
}

int gfs_slotted_update(uint8_t *payload, const struct gfs_slotted_plan *plan, const uint8_t *row, bool is_blob)
{
	struct header h;
	struct gfs_slotted_row old;
	int err = header_get(payload, &h);
	if (err == 0)
		err = row_get(payload, &h, plan->slot, &old);
	if (err == 0 && plan->compact)
		err = make_room(payload, &h, plan->slot, plan->size);
	if (err != 0)
		return err;
	unsigned offset = plan->offset;
	if (plan->compact || offset != old.offset) {
		assert(plan->size <= gap(&h));
		h.start -= plan->size;
		offset = h.start;
		h.garbage += plan->compact ? 0 : old.size;
	} else {
		h.garbage += old.size - plan->size;
	}
	if (h.garbage > GFS_PAGE_PAYLOAD_SIZE - h.start)
		return GFS_ERR_CORRUPT;
	memcpy(payload + offset, row, plan->size);
	slot_put(payload, plan->slot, offset, plan->size, is_blob);
	header_put(payload, &h);
	return 0;
}

int gfs_slotted_delete(uint8_t *payload, unsigned slot)
{
	struct header h;
	struct gfs_slotted_row row;
	int err = header_get(payload, &h);
	if (err == 0)
		err = row_get(payload, &h, slot, &row);
	if (err != 0)
		return err;
	if (row.offset == h.start)
		h.start += row.size;
	else
		h.garbage += row.size;
	if (h.garbage > GFS_PAGE_PAYLOAD_SIZE - h.start)
		return GFS_ERR_CORRUPT;
	slot_put(payload, slot, h.free, 0, false);
	h.free = slot + 1;
	if (h.garbage == GFS_PAGE_PAYLOAD_SIZE - h.start)
		h = (struct header){ .start = GFS_PAGE_PAYLOAD_SIZE }; /* S4: that was the last row */
	header_put(payload, &h);
	return 0;
}

/* ---- the whole page, for fsck ---- */

#define CHECK(condition, text)                                                                                         \
	do {                                                                                                               \
		if (!(condition)) {                                                                                            \
			*ret_why = (text);                                                                                         \
			return GFS_ERR_CORRUPT;                                                                                    \
		}                                                                                                              \
	} while (0)

static int check_rows(const uint8_t *payload, const struct header *h, unsigned *ret_free_slots, const char **ret_why)
{
	uint8_t taken[GFS_PAGE_PAYLOAD_SIZE] = { 0 };
	unsigned live = 0;
	unsigned free_slots = 0;
	for (unsigned slot = 0; slot < h->slots; slot++) {
		struct gfs_slotted_row row;
		int err = row_get(payload, h, slot, &row);
		if (err == GFS_ERR_NOTFOUND) {
			free_slots++;
			continue;
		}
		CHECK(err == 0, "a row lies outside the row area");
		CHECK(!row.is_blob || row.size == 8, "a blob's id has a wrong size");
		CHECK(memchr(taken + row.offset, 1, row.size) == NULL, "rows overlap");
		memset(taken + row.offset, 1, row.size);
		live += row.size;
	}
	CHECK(live + h->garbage == GFS_PAGE_PAYLOAD_SIZE - h->start, "the free space is counted wrong");
	CHECK(live != 0 || (h->slots == 0 && h->garbage == 0), "an empty page still has slots");
	*ret_free_slots = free_slots;
	return 0;
}

int gfs_slotted_check(const uint8_t *payload, const char **ret_why)
{
	struct header h;
	CHECK(header_get(payload, &h) == 0, "the header is out of bounds");
	unsigned free_slots;
	int err = check_rows(payload, &h, &free_slots, ret_why);
	if (err != 0)
		return err;
	unsigned next = h.free;
	for (; next != NO_SLOT && free_slots > 0; free_slots--) {
		const uint8_t *at = payload + GFS_SLOTTED_SLOT_OFFSET(next - 1);
		CHECK(gfs_get_le16(at + 2) == 0, "the free chain leads to a row");
		next = gfs_get_le16(at);
		CHECK(next <= h.slots, "the free chain leaves the directory");
	}
	CHECK(next == NO_SLOT && free_slots == 0, "the free chain does not hold every free slot once");
	return 0;
}
