/* The log on disk. All integers little-endian.
 *
 * Segment file `NNNNNNNNNNNNNNNN.log` (its number in hex): a 4,096-byte header, then frames, then zeros up to segment_bytes.
 *
 *   W1  A file with such a name has a valid header: it is written and synced under another name, then renamed.
 *   W2  Numbers of kept segments are consecutive; a segment starts at the LSN where the one before ends. LSNs count every byte behind
 *       the header, used or not, so that a segment's range is known before anything is in it.
 *   W3  Frames start 8-aligned and follow each other without a gap. The next frame starts in the next segment if and only if
 *       fewer than WAL_ROOM_BYTES_MIN bytes are left.
 *   W4  A frame is valid if and only if its LSN is its position, its length fits, its flags are known, its sum is right and its
 *       previous_sum is the sum of the frame before (of the first frame read, that of the segment in which replay starts, it is
 *       taken on trust).
 *   W5  A transaction is committed if and only if all its frames, from FIRST to LAST, are valid and so is all before it.
 *   W6  durable_lsn in a frame is a position that was on disk when the frame was written, the end of some transaction before this one.
 *       So a valid frame whose durable_lsn lies past the end that W5 finds proves damage; a crash alone cannot make one. */
#ifndef GFS_STORE_WAL_FORMAT_H
#define GFS_STORE_WAL_FORMAT_H

#include "store/wal.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define WAL_VERSION 1u
#define WAL_MAGIC "GFSWAL\r\n"
#define WAL_HEADER_BYTES UINT64_C(4096)
#define WAL_SEGMENT_BYTES_MAX (UINT64_C(1) << 30)

/* At the start of a segment; the rest of the 4,096 bytes is zero but for their last 8: XXH3-64 of the 4,088 before. */
struct wal_disk_segment {
	uint8_t magic[8];
	uint32_t version;
	uint32_t zero;
	uint64_t database_id;
	uint64_t number;
	uint64_t start_lsn;
	uint64_t segment_bytes; /* of the file, a multiple of 4,096 */
};
static_assert(sizeof(struct wal_disk_segment) == 48, "segment header");
static_assert(offsetof(struct wal_disk_segment, database_id) == 16, "segment header");
static_assert(offsetof(struct wal_disk_segment, segment_bytes) == 40, "segment header");
#define WAL_HEADER_SUM_OFFSET (WAL_HEADER_BYTES - 8)

enum { WAL_FRAME_FIRST = 1, WAL_FRAME_LAST = 2 };

/* Before every payload, which zeros fill up to a multiple of 8. sum: XXH3-64, seeded with previous_sum ^ database_id, of everything
 * behind it, payload and filling included. */
struct wal_disk_frame {
	uint64_t sum;
	uint32_t payload_bytes;
	uint32_t flags;
	uint64_t lsn;
	uint64_t time_ns;
	uint64_t previous_sum;
	uint64_t durable_lsn;
};
static_assert(sizeof(struct wal_disk_frame) == 48, "frame header");
static_assert(offsetof(struct wal_disk_frame, lsn) == 16, "frame header");
static_assert(offsetof(struct wal_disk_frame, durable_lsn) == 40, "frame header");

#define WAL_FRAME_HEADER_BYTES sizeof(struct wal_disk_frame)
#define WAL_ROOM_BYTES_MIN 64u
static_assert(WAL_ROOM_BYTES_MIN > WAL_FRAME_HEADER_BYTES, "a frame in the smallest room makes progress");
static_assert(GFS_WAL_FRAME_BYTES_MAX <= UINT32_MAX, "a payload's length fits its field");
static_assert(GFS_WAL_SEGMENT_BYTES_MIN % 4096 == 0 && GFS_WAL_SEGMENT_BYTES_DEFAULT % 4096 == 0, "whole pages");

#endif
