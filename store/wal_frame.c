#include "base/hash.h"
#include "store/wal_private.h"

static size_t padded(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

static uint64_t frame_sum(uint64_t database_id, uint64_t previous_sum, const uint8_t *frame, size_t size)
{
	return gfs_hash64_seed(frame + sizeof(uint64_t), size - sizeof(uint64_t), previous_sum ^ database_id);
}

#define FIELD(base, name) ((base) + offsetof(struct wal_disk_frame, name))

size_t wal_frame_encode(uint64_t database_id, uint64_t lsn, struct wal_frame *frame, uint8_t *out)
{
	size_t n = frame->payload.size;
	size_t size = WAL_FRAME_HEADER_BYTES + padded(n);
	assert(n <= GFS_WAL_FRAME_BYTES_MAX);
	gfs_put_le32(FIELD(out, payload_bytes), (uint32_t)n);
	gfs_put_le32(FIELD(out, flags), frame->flags);
	gfs_put_le64(FIELD(out, lsn), lsn);
	gfs_put_le64(FIELD(out, time_ns), frame->time_ns);
	gfs_put_le64(FIELD(out, previous_sum), frame->previous_sum);
	gfs_put_le64(FIELD(out, durable_lsn), frame->durable_lsn);
	if (n != 0)
		memcpy(out + WAL_FRAME_HEADER_BYTES, frame->payload.data, n);
	memset(out + WAL_FRAME_HEADER_BYTES + n, 0, padded(n) - n);
	frame->sum = frame_sum(database_id, frame->previous_sum, out, size);
	gfs_put_le64(FIELD(out, sum), frame->sum);
	return size;
}

size_t wal_frame_claim(uint64_t lsn, const uint8_t *at, size_t room)
{
	if (room < WAL_FRAME_HEADER_BYTES || gfs_get_le64(FIELD(at, lsn)) != lsn)
		return 0;
	size_t n = gfs_get_le32(FIELD(at, payload_bytes));
	if ((gfs_get_le32(FIELD(at, flags)) & ~(uint32_t)(WAL_FRAME_FIRST | WAL_FRAME_LAST)) != 0 ||
		n > GFS_WAL_FRAME_BYTES_MAX)
		return 0;
	size_t size = WAL_FRAME_HEADER_BYTES + padded(n);
	return size <= room ? size : 0;
}

size_t wal_frame_decode(uint64_t database_id, uint64_t lsn, const uint8_t *at, size_t room, struct wal_frame *ret_frame)
{
	size_t size = wal_frame_claim(lsn, at, room);
	if (size == 0)
		return 0;
	uint64_t previous_sum = gfs_get_le64(FIELD(at, previous_sum));
	uint64_t sum = gfs_get_le64(FIELD(at, sum));
	if (frame_sum(database_id, previous_sum, at, size) != sum)
		return 0;
	*ret_frame = (struct wal_frame){
		.sum = sum,
		.previous_sum = previous_sum,
		.time_ns = gfs_get_le64(FIELD(at, time_ns)),
		.durable_lsn = gfs_get_le64(FIELD(at, durable_lsn)),
		.flags = gfs_get_le32(FIELD(at, flags)),
		.payload = gfs_slice(at + WAL_FRAME_HEADER_BYTES, gfs_get_le32(FIELD(at, payload_bytes))),
	};
	return size;
}
