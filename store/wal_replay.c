#include "base/checked.h"
#include "base/io.h"
#include "store/wal_private.h"

#include <stdlib.h>

void wal_cursor_release(struct wal_cursor *cursor)
{
	free(cursor->data);
	*cursor = (struct wal_cursor){ 0 };
}

static int reserve(struct wal_cursor *c, size_t size)
{
	if (size <= c->capacity)
		return 0;
	uint8_t *grown = malloc(size);
	if (grown == NULL)
		return GFS_ERR_NOMEM;
	free(c->data);
	c->data = grown;
	c->capacity = size;
	return 0;
}

/* Reads the frames of segment `index` and stands at its start. A file that was cut is read as far as it goes. */
static int cursor_load(struct gfs_wal *wal, struct wal_cursor *c, size_t index)
{
	struct gfs_message ignored;
	struct wal_segment s;
	uint64_t file_bytes = 0;
	int err = wal_segment_open(wal->dir_fd, wal->database_id, wal->segments[index].number, false, &s, &ignored);
	if (err != 0)
		return err;
	err = gfs_io_size(s.fd, &file_bytes);
	size_t size = 0;
	if (err == 0) {
		size = (size_t)(GFS_MIN(GFS_MAX(file_bytes, WAL_HEADER_BYTES), s.bytes) - WAL_HEADER_BYTES);
		err = reserve(c, size);
	}
	if (err == 0 && size != 0)
		err = gfs_io_read_some_at(s.fd, c->data, size, WAL_HEADER_BYTES, &c->size);
	else
		c->size = 0;
	gfs_io_close(s.fd);
	c->index = index;
	c->lsn = s.start_lsn;
	return err;
}

/* The next frame that chains, or *ret_found false. Its payload stays valid until the next call. */
static int cursor_next(struct gfs_wal *wal, struct wal_cursor *c, struct wal_frame *ret_frame, bool *ret_found)
{
	*ret_found = false;
	if (wal_segment_end(&wal->segments[c->index]) - c->lsn < WAL_ROOM_BYTES_MIN) { /* W3 */
		if (c->index + 1 == wal->count)
			return 0;
		int err = cursor_load(wal, c, c->index + 1);
		if (err != 0)
			return err;
	}
	size_t at = (size_t)(c->lsn - wal->segments[c->index].start_lsn);
	if (at >= c->size)
		return 0;
	struct wal_frame frame;
	size_t size = wal_frame_decode(wal->database_id, c->lsn, c->data + at, c->size - at, &frame);
	if (size == 0 || (c->chain_known && frame.previous_sum != c->chain)) /* W4 */
		return 0;
	c->lsn += size;
	c->chain = frame.sum;
	c->chain_known = true;
	*ret_frame = frame;
	*ret_found = true;
	return 0;
}

/* The segment that holds start_lsn: of two that meet there the earlier, whose last frame knows the chain. */
static bool find_segment(const struct gfs_wal *wal, uint64_t lsn, size_t *ret_index)
{
	if (wal->segments[0].start_lsn == lsn) {
		*ret_index = 0;
		return true;
	}
	for (size_t i = 0; i < wal->count; i++) {
		if (wal->segments[i].start_lsn < lsn && lsn <= wal_segment_end(&wal->segments[i])) {
			*ret_index = i;
			return true;
		}
	}
	return false;
}

int wal_cursor_seek(struct gfs_wal *wal, uint64_t start_lsn, struct gfs_message *message)
{
	struct wal_cursor *c = &wal->cursor;
	size_t index = 0;
	bool found = find_segment(wal, start_lsn, &index);
	bool boundary = true;
	int err = found ? cursor_load(wal, c, index) : 0;
	while (err == 0 && found && c->lsn < start_lsn) {
		struct wal_frame frame = { 0 };
		err = cursor_next(wal, c, &frame, &found);
		boundary = (frame.flags & WAL_FRAME_LAST) != 0;
	}
	if (err != 0)
		return gfs_fail(message, err, "reading the log: %s", gfs_err_text(err));
	if (!found || !boundary || c->lsn != start_lsn || c->index != index)
		return gfs_fail(message, GFS_ERR_CORRUPT,
			"the log does not hold position %llu, where the last checkpoint ended", (unsigned long long)start_lsn);
	wal->start_index = index;
	return 0;
}

/* Is there a valid frame anywhere past `c` that says that more than `end_lsn` was on disk (W6)? Frames do not overlap, so what lies
 * there is hashed once; bytes made to look like a frame at every step would have it hashed a thousand times. There the search ends:
 * they were not lost by a disk. */
static int check_nothing_lost(struct gfs_wal *wal, struct wal_cursor *c, uint64_t end_lsn)
{
	uint64_t hashed_bytes = 0;
	uint64_t hashed_bytes_max = 2 * (wal_segment_end(&wal->segments[wal->count - 1]) - c->lsn);
	for (;;) {
		uint64_t start_lsn = wal->segments[c->index].start_lsn;
		for (size_t at = (size_t)(c->lsn - start_lsn); at + WAL_FRAME_HEADER_BYTES <= c->size; at += 8) {
			struct wal_frame frame;
			hashed_bytes += wal_frame_claim(start_lsn + at, c->data + at, c->size - at);
			if (hashed_bytes > hashed_bytes_max)
				return 0;
			if (wal_frame_decode(wal->database_id, start_lsn + at, c->data + at, c->size - at, &frame) != 0 &&
				frame.durable_lsn > end_lsn)
				return GFS_ERR_CORRUPT;
		}
		if (c->index + 1 == wal->count)
			return 0;
		int err = cursor_load(wal, c, c->index + 1);
		if (err != 0)
			return err;
	}
}

struct replay {
	gfs_wal_each each;
	void *context;
	struct gfs_buf joined; /* the payload so far of a transaction of several frames */
	bool inside;
	uint64_t end_lsn; /* of the last committed one, with its chain and segment */
	uint64_t chain;
	size_t index;
	uint64_t durable_lsn;
};

static int replay_commit(struct gfs_wal *wal, struct replay *r, const struct wal_frame *frame, struct gfs_slice payload)
{
	if (r->each != NULL) {
		int err = r->each(r->context, wal->cursor.lsn, frame->time_ns, payload);
		if (err != 0)
			return err;
	}
	r->end_lsn = wal->cursor.lsn;
	r->chain = wal->cursor.chain;
	r->index = wal->cursor.index;
	gfs_buf_clear(&r->joined);
	return 0;
}

/* Frames that chain but do not alternate as W5 says were never written by us. */
static int replay_frame(struct gfs_wal *wal, struct replay *r, const struct wal_frame *frame)
{
	bool first = (frame->flags & WAL_FRAME_FIRST) != 0;
	bool last = (frame->flags & WAL_FRAME_LAST) != 0;
	if (first == r->inside || frame->durable_lsn > r->end_lsn)
		return GFS_ERR_CORRUPT;
	r->durable_lsn = GFS_MAX(r->durable_lsn, frame->durable_lsn);
	r->inside = !last;
	if (first && last)
		return replay_commit(wal, r, frame, frame->payload);
	if (r->joined.size + frame->payload.size > GFS_WAL_TXN_BYTES_MAX)
		return GFS_ERR_CORRUPT;
	gfs_buf_append(&r->joined, frame->payload.data, frame->payload.size);
	int err = gfs_buf_failed(&r->joined);
	if (err != 0)
		return err;
	return last ? replay_commit(wal, r, frame, gfs_buf_slice(&r->joined)) : 0;
}

static int replay_frames(struct gfs_wal *wal, struct replay *r)
{
	for (;;) {
		struct wal_frame frame;
		bool found;
		int err = cursor_next(wal, &wal->cursor, &frame, &found);
		if (err != 0)
			return err;
		if (!found)
			return check_nothing_lost(wal, &wal->cursor, r->end_lsn);
		err = replay_frame(wal, r, &frame);
		if (err != 0)
			return err;
	}
}

int gfs_wal_replay(struct gfs_wal *wal, gfs_wal_each each, void *context)
{
	assert(!wal->replayed);
	struct replay r = {
		.each = each,
		.context = context,
		.end_lsn = wal->start_lsn,
		.chain = wal->cursor.chain,
		.index = wal->cursor.index,
		.durable_lsn = wal->start_lsn,
	};
	int err = replay_frames(wal, &r);
	gfs_buf_release(&r.joined);
	wal_cursor_release(&wal->cursor);
	if (err != 0)
		return err;
	wal->chain = r.chain;
	wal->tail_index = r.index;
	wal->known_durable_lsn = r.durable_lsn;
	wal->replayed = true;
	atomic_store_explicit(&wal->end_lsn, r.end_lsn, memory_order_release);
	return 0;
}
