/* Slotted pages: rows of different lengths in one page's payload, each named by a slot that does not change when rows are moved
 * together. Pure functions on GFS_PAGE_PAYLOAD_SIZE bytes: no page, no transaction. store/heap.c notes for undo what a plan names, then
 * carries it out.
 *
 * Payload:
 *   0 2 slots in the directory   2 2 where the rows start   4 2 garbage: bytes of the row area that no row holds
 *   6 2 first free slot + 1 (0: none)
 *   8   the directory, 4 bytes a slot: offset 2, length 2 (bit 15: the row is the id of a blob); of a free slot: next free slot + 1, 0
 *       ... unused ...
 *       the rows, to the end of the payload
 *
 * Invariants:
 *  S1  8 + 4 * slots <= start of the rows <= GFS_PAGE_PAYLOAD_SIZE.
 *  S2  Rows lie in the row area and do not overlap; their lengths and the garbage add up to its size.
 *  S3  Every slot of length 0 is on the free chain exactly once.
 *  S4  A page without rows is as gfs_slotted_init left it.
 * The payload may come from disk: every function checks what it uses and answers GFS_ERR_CORRUPT; gfs_slotted_check checks all of it. */
#ifndef GFS_STORE_SLOTTED_H
#define GFS_STORE_SLOTTED_H

#include "base/bytes.h"
#include "base/error.h"
#include "store/format.h"

#include <stdbool.h>
#include <stdint.h>

#define GFS_SLOTTED_HEADER_SIZE 8u
#define GFS_SLOTTED_SLOT_SIZE 4u
/* The longest row: alone in its page. */
#define GFS_SLOTTED_ROW_BYTES_MAX (GFS_PAGE_PAYLOAD_SIZE - GFS_SLOTTED_HEADER_SIZE - GFS_SLOTTED_SLOT_SIZE)
/* Rows have a byte at least. */
#define GFS_SLOTTED_SLOTS_MAX ((GFS_PAGE_PAYLOAD_SIZE - GFS_SLOTTED_HEADER_SIZE) / (GFS_SLOTTED_SLOT_SIZE + 1))
static_assert(GFS_SLOTTED_SLOTS_MAX < 1u << 12, "a slot fits the low 12 bits of a row id");
static_assert(GFS_SLOTTED_ROW_BYTES_MAX < 1u << 15, "a length leaves bit 15 free");

#define GFS_SLOTTED_SLOT_OFFSET(slot) (GFS_SLOTTED_HEADER_SIZE + GFS_SLOTTED_SLOT_SIZE * (slot))

struct gfs_slotted_row {
	unsigned offset; /* of its bytes in the payload */
	unsigned size;
	bool is_blob;
};

/* Makes an empty page of a zero payload; the header is all that changes. */
void gfs_slotted_init(uint8_t *payload);

/* GFS_ERR_NOTFOUND for a slot without a row. */
int gfs_slotted_get(const uint8_t *payload, unsigned slot, struct gfs_slotted_row *ret_row) GFS_CHECK;

/* The longest row that gfs_slotted_plan_insert would take, 0 for none. GFS_ERR_CORRUPT. */
int gfs_slotted_room(const uint8_t *payload, unsigned *ret_bytes) GFS_CHECK;

/* How a row comes into the page. Without `compact`, carrying it out changes the header, the slot and [offset, offset + size)
 * only; with it, anything, and `offset` means nothing. */
struct gfs_slotted_plan {
	unsigned slot;
	unsigned offset;
	unsigned size;
	bool compact;
};

/* A row of 1 to GFS_SLOTTED_ROW_BYTES_MAX bytes into a new slot; GFS_ERR_NOSPC. */
int gfs_slotted_plan_insert(const uint8_t *payload, unsigned size, struct gfs_slotted_plan *ret_plan) GFS_CHECK;
/* The row of `slot` becomes one of `size` bytes, in its old place when that is long enough; GFS_ERR_NOSPC. */
int gfs_slotted_plan_update(
	const uint8_t *payload, unsigned slot, unsigned size, struct gfs_slotted_plan *ret_plan) GFS_CHECK;

/* Carry out a plan made for this very payload. GFS_ERR_CORRUPT only from a compaction, with the payload as it was. */
int gfs_slotted_insert(
	uint8_t *payload, const struct gfs_slotted_plan *plan, const uint8_t *row, bool is_blob) GFS_CHECK;
int gfs_slotted_update(
	uint8_t *payload, const struct gfs_slotted_plan *plan, const uint8_t *row, bool is_blob) GFS_CHECK;

/* Changes the header and the slot only. GFS_ERR_NOTFOUND, GFS_ERR_CORRUPT. */
int gfs_slotted_delete(uint8_t *payload, unsigned slot) GFS_CHECK;

/* S1 to S4. On error *ret_why (a literal) says what is wrong. */
int gfs_slotted_check(const uint8_t *payload, const char **ret_why) GFS_CHECK;
unsigned gfs_slotted_slots(const uint8_t *payload);

#endif
