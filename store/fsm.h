/* The free-space map: how much room each heap page has, a byte a page, in pages of GFS_SPACE_FSM.
 *
 * Page 0 is the summary: byte n bounds from above what the bytes of leaf n say. Page n + 1 is leaf n: a byte for each of its
 * GFS_FSM_PAGES_PER_LEAF heap pages.
 *
 * Invariants:
 *  F1  A leaf's byte is gfs_fsm_units of its page's room.
 *  F2  No byte of leaf n is greater than byte n of the summary.
 * The map is only a hint for the heap, which looks at the page itself before it believes it: damage costs room, never a row. It is part
 * of transactions like any other page, so nothing of it lives in memory only. Heap pages past the last leaf are not mapped: their room is
 * used only while they are the last page. */
#ifndef GFS_STORE_FSM_H
#define GFS_STORE_FSM_H

#include "store/store.h"

#define GFS_FSM_PAGES_PER_LEAF ((uint64_t)GFS_PAGE_PAYLOAD_SIZE)
#define GFS_FSM_LEAVES_MAX ((uint64_t)GFS_PAGE_PAYLOAD_SIZE)
#define GFS_FSM_UNIT_BYTES 32u

/* Room in units, rounded down; below GFS_FSM_FINE_UNITS to a multiple of 8 units, so that most inserts leave the map alone. */
#define GFS_FSM_FINE_UNITS 248u
uint8_t gfs_fsm_units(unsigned room_bytes);

/* Notes a page's room. */
int gfs_fsm_set(struct gfs_txn *txn, uint64_t heap_page, unsigned room_bytes) GFS_CHECK;
/* A page that probably has room for a row of `bytes`, and for some more: pages that are nearly full are passed over, so that a search
 * pays for many inserts. GFS_ERR_NOTFOUND. */
int gfs_fsm_find(struct gfs_txn *txn, unsigned bytes, uint64_t *ret_heap_page) GFS_CHECK;
/* What the map says, for fsck; 0 for a page that is not mapped. */
int gfs_fsm_get(struct gfs_store *store, uint64_t heap_page, uint8_t *ret_units) GFS_CHECK;

#endif
