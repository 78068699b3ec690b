/* The writer's side. */
#include "base/checked.h"
#include "base/io.h"
#include "store/wal_private.h"

/* Goes on in the next segment: the prepared one, or one that is made now. */
static int advance(struct gfs_wal *wal)
{
	gfs_mutex_lock(&wal->lock);
	while (wal->preparing)
		gfs_cond_wait(&wal->done, &wal->lock);
	int err = wal_failure_answer_locked(wal); /* the thread's attempt may have failed in a sync: no second one */
	if (err == 0)
		err = wal_segments_reserve(wal);
	if (err == 0 && !wal->next_ready)
		err = wal_prepare_locked(wal, false);
	if (err == 0) {
		wal->segments[wal->count++] = wal->next;
		wal->active = wal->next;
		wal->write_lsn = wal->active.start_lsn;
		wal->next.fd = -1;
		wal->next_ready = false;
		wal->next_wanted = false;
		wal->next_asked = false;
		err = wal_relieve_locked(wal);
	}
	gfs_mutex_unlock(&wal->lock);
	return err;
}

/* The next segment is made before the first frame that may need it: as long as nothing is written a full disk is no harm, and the log goes on when
 * there is room again. (A transaction larger than a segment may still meet one half-way.) */
static int make_room(struct gfs_wal *wal, size_t payload_bytes)
{
	uint64_t frames = payload_bytes / GFS_WAL_FRAME_BYTES_MAX + 2;
	uint64_t need = payload_bytes + frames * (WAL_FRAME_HEADER_BYTES + sizeof(uint64_t)) + WAL_ROOM_BYTES_MIN;
	if (need <= wal_segment_end(&wal->active) - wal->write_lsn)
		return 0;
	gfs_mutex_lock(&wal->lock);
	while (wal->preparing)
		gfs_cond_wait(&wal->done, &wal->lock);
	int err = wal_failure_answer_locked(wal);
	if (err == 0 && !wal->next_ready)
		err = wal_prepare_locked(wal, false);
	gfs_mutex_unlock(&wal->lock);
	return err;
}

/* Where the transaction's first frame lies. */
struct place {
	uint64_t number;
	uint64_t offset;
	bool tried; /* a write was attempted there */
};

static int write_frame(struct gfs_wal *wal, struct wal_frame *frame, struct place *first)
{
	uint64_t offset = wal_segment_offset(&wal->active, wal->write_lsn);
	frame->previous_sum = wal->chain;
	size_t size = wal_frame_encode(wal->database_id, wal->write_lsn, frame, wal->staging);
	assert(offset + size <= wal->active.bytes);
	if (!first->tried)
		*first = (struct place){ .number = wal->active.number, .offset = offset, .tried = true };
	int err = gfs_io_write_at(wal->active.fd, wal->staging, size, offset);
	if (err != 0)
		return err;
	wal->write_lsn += size;
	wal->chain = frame->sum;
	return 0;
}

static int write_frames(struct gfs_wal *wal, uint64_t time_ns, struct gfs_slice payload, struct place *first)
{
	struct wal_frame frame = { .time_ns = time_ns,
		.flags = WAL_FRAME_FIRST,
		.durable_lsn = atomic_load_explicit(&wal->durable_lsn, memory_order_relaxed) };
	do {
		if (wal_segment_end(&wal->active) - wal->write_lsn < WAL_ROOM_BYTES_MIN) { /* W3 */
			int err = advance(wal);
			if (err != 0)
				return err;
		}
		size_t room = (size_t)(wal_segment_end(&wal->active) - wal->write_lsn) - WAL_FRAME_HEADER_BYTES;
		size_t piece = GFS_MIN(GFS_MIN(payload.size, room & ~(size_t)7), (size_t)GFS_WAL_FRAME_BYTES_MAX);
		frame.payload = gfs_slice(payload.data, piece);
		if (piece == payload.size)
			frame.flags |= WAL_FRAME_LAST;
		int err = write_frame(wal, &frame, first);
		if (err != 0)
			return err;
		frame.flags &= ~(uint32_t)WAL_FRAME_FIRST;
		if (piece != 0)
			payload = gfs_slice(payload.data + piece, payload.size - piece);
	} while ((frame.flags & WAL_FRAME_LAST) == 0);
	return 0;
}

/* A write that failed may still have reached the file whole: its first header is blanked so that replay never meets it. Best
 * effort; without it the chain and the missing LAST stop replay unless every byte arrived. */
static void neutralise(struct gfs_wal *wal, const struct place *first)
{
	static const uint8_t blank[WAL_FRAME_HEADER_BYTES];
	char name[WAL_NAME_BYTES];
	int fd = -1;
	if (!first->tried)
		return;
	wal_segment_name(first->number, name);
	if (gfs_io_open_at(wal->dir_fd, name, GFS_IO_READ_WRITE, &fd) != 0)
		return;
	int err = gfs_io_write_at(fd, blank, sizeof blank, first->offset);
	(void)err; /* the log has failed already */
	gfs_io_close(fd);
}

/* Lets others see the transaction, unless the log failed meanwhile. */
static int publish(struct gfs_wal *wal, size_t payload_bytes)
{
	gfs_mutex_lock(&wal->lock);
	int err = wal_failure_answer_locked(wal);
	if (err == 0) {
		bool was_clean = atomic_load_explicit(&wal->durable_lsn, memory_order_relaxed) ==
			atomic_load_explicit(&wal->end_lsn, memory_order_relaxed);
		bool wants_next = !wal->next_ready && !wal->next_wanted && !wal->preparing &&
			wal->write_lsn - wal->active.start_lsn > (wal->active.bytes - WAL_HEADER_BYTES) / 2;
		atomic_store_explicit(&wal->end_lsn, wal->write_lsn, memory_order_release);
		wal->appends++;
		wal->bytes += payload_bytes;
		if (wants_next && !wal->next_asked) {
			wal->next_wanted = true;
			wal->next_asked = true;
			gfs_cond_signal(&wal->work);
		} else if (was_clean && atomic_load_explicit(&wal->mode, memory_order_relaxed) == GFS_WAL_ASYNC) {
			gfs_cond_signal(&wal->work);
		}
	}
	gfs_mutex_unlock(&wal->lock);
	return err;
}

static int refuse(struct gfs_wal *wal, size_t payload_bytes)
{
	if (!wal->running)
		return GFS_ERR_READONLY;
	if (payload_bytes > GFS_WAL_TXN_BYTES_MAX)
		return GFS_ERR_TOOBIG;
	if (atomic_load_explicit(&wal->failure, memory_order_acquire) == 0)
		return 0;
	gfs_mutex_lock(&wal->lock);
	int err = wal_failure_answer_locked(wal);
	gfs_mutex_unlock(&wal->lock);
	return err;
}

int gfs_wal_append(struct gfs_wal *wal, uint64_t time_ns, struct gfs_slice payload, uint64_t *ret_commit_lsn)
{
	struct place first = { 0 };
	int err = refuse(wal, payload.size);
	if (err == 0)
		err = make_room(wal, payload.size);
	if (err != 0)
		return err;
	err = write_frames(wal, time_ns, payload, &first);
	if (err == 0)
		err = publish(wal, payload.size);
	if (err != 0) {
		neutralise(wal, &first);
		gfs_mutex_lock(&wal->lock);
		wal_fail_locked(wal, err, true);
		gfs_mutex_unlock(&wal->lock);
		return err;
	}
	*ret_commit_lsn = wal->write_lsn;
	return 0;
}
