/* Shared by store/wal*.c only. */
#ifndef GFS_STORE_WAL_PRIVATE_H
#define GFS_STORE_WAL_PRIVATE_H

#include "base/buf.h"
#include "base/lock.h"
#include "store/wal.h"
#include "store/wal_format.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct wal_segment {
	uint64_t number;
	uint64_t start_lsn;
	uint64_t bytes; /* of the file */
	int fd;         /* -1 once all of it is on disk and it is not the last */
};

static inline uint64_t wal_segment_end(const struct wal_segment *s)
{
	return s->start_lsn + (s->bytes - WAL_HEADER_BYTES);
}

static inline uint64_t wal_segment_offset(const struct wal_segment *s, uint64_t lsn)
{
	return WAL_HEADER_BYTES + (lsn - s->start_lsn);
}

struct wal_frame {
	uint64_t sum;
	uint64_t previous_sum;
	uint64_t time_ns;
	uint64_t durable_lsn;
	uint32_t flags;
	struct gfs_slice payload;
};

/* Walks frames from one segment to the next, each read whole. */
struct wal_cursor {
	size_t index;  /* of the segment in data */
	uint8_t *data; /* owned: what follows its header */
	size_t size;   /* less than the segment's when the file was cut */
	size_t capacity;
	uint64_t lsn;     /* of the next frame */
	uint64_t chain;   /* sum of the frame before */
	bool chain_known; /* false before the first frame of the oldest segment */
};

struct gfs_wal {
	/* Set at opening. */
	int dir_fd;
	uint64_t database_id;
	uint64_t segment_bytes;
	uint64_t start_lsn;
	bool read_only;

	/* The opener's, until gfs_wal_start. */
	struct wal_cursor cursor;
	size_t start_index;         /* the segment of start_lsn */
	size_t tail_index;          /* the segment of the end, after replay */
	uint64_t known_durable_lsn; /* the highest durable_lsn of replayed frames */
	bool replayed;

	/* The writer's, after gfs_wal_start. */
	struct wal_segment active; /* copy of the last of `segments` */
	uint64_t write_lsn;
	uint64_t chain;
	uint8_t *staging; /* owned: one frame */

	/* Read by anyone without the lock; written under it. end: release on publishing a commit, acquire on reading it. durable and
	 * failure likewise. mode: relaxed. */
	_Atomic uint64_t end_lsn;
	_Atomic uint64_t durable_lsn;
	_Atomic int failure;
	_Atomic int mode;

	struct gfs_mutex lock;        /* GFS_RANK_WAL: guards all that follows, and is never held across I/O */
	struct gfs_cond work;         /* the flush thread waits here */
	struct gfs_cond done;         /* a sync, a preparation or a failure ended */
	struct wal_segment *segments; /* owned, ascending */
	size_t count;
	size_t capacity;
	struct wal_segment next; /* prepared, when next_ready */
	bool next_ready;
	bool next_wanted;  /* the thread shall prepare one */
	bool next_asked;   /* it was told once for this segment: after a failure the writer makes it itself */
	bool preparing;    /* somebody does */
	bool syncing;      /* somebody leads a sync */
	bool failure_told; /* some caller got the cause */
	bool running;      /* the thread */
	bool stopping;
	unsigned interval_ms;
	uint64_t synced_lsn; /* segments are synced up to here; durable_lsn follows when a whole transaction is */
	uint64_t appends, bytes, syncs, sync_ns_max;
	pthread_t thread;
};

/* ---- wal_frame.c ---- */

/* Fills `out` (room for the header and the payload rounded up to 8) but for durable_lsn's meaning, which is the caller's; returns the
 * frame's size and sets frame->sum. */
size_t wal_frame_encode(uint64_t database_id, uint64_t lsn, struct wal_frame *frame, uint8_t *out);
/* The size that a frame at `at` would have, 0 when it cannot be one for `lsn`: what decoding it would hash. */
size_t wal_frame_claim(uint64_t lsn, const uint8_t *at, size_t room);
/* What lies at `at`, when it is a valid frame for `lsn` (W4, but for the chain) within `room` bytes. Returns its size or 0. */
size_t wal_frame_decode(
	uint64_t database_id, uint64_t lsn, const uint8_t *at, size_t room, struct wal_frame *ret_frame);

/* ---- wal_segment.c ---- */

#define WAL_NAME_BYTES 24
void wal_segment_name(uint64_t number, char out[WAL_NAME_BYTES]);
bool wal_segment_parse_name(const char *name, uint64_t *ret_number);
/* Makes segment->number durably: W1. Sets segment->fd. *ret_harmless: it failed before any sync was asked for, so that trying again is
 * safe. Blocks. */
int wal_segment_make(int dir_fd, uint64_t database_id, struct wal_segment *segment, bool *ret_harmless) GFS_CHECK;
/* Opens it and sets fd; GFS_ERR_RANGE is never returned: a file cut inside its header is GFS_ERR_CORRUPT. */
int wal_segment_open(int dir_fd, uint64_t database_id, uint64_t number, bool write, struct wal_segment *ret_segment,
	struct gfs_message *message) GFS_CHECK;
#define WAL_NEXT_NAME "next.tmp"
/* Room for one more in wal->segments. */
int wal_segments_reserve(struct gfs_wal *wal) GFS_CHECK;

/* ---- wal_replay.c ---- */

/* Puts the cursor at start_lsn. GFS_ERR_CORRUPT when no transaction starts or ends there. */
int wal_cursor_seek(struct gfs_wal *wal, uint64_t start_lsn, struct gfs_message *message) GFS_CHECK;
void wal_cursor_release(struct wal_cursor *cursor);

/* ---- wal_sync.c ---- */

int wal_thread_start(struct gfs_wal *wal) GFS_CHECK;
void wal_thread_stop(struct gfs_wal *wal);
/* Under the lock. `told`: the caller returns the cause itself. */
void wal_fail_locked(struct gfs_wal *wal, int cause, bool told);
/* What a call on a failed log answers: the cause once, then GFS_ERR_FAILED. 0 while it is not failed. */
int wal_failure_answer_locked(struct gfs_wal *wal) GFS_CHECK;
/* Under the lock, given back meanwhile: makes wal->next, once at a time. */
int wal_prepare_locked(struct gfs_wal *wal, bool in_background) GFS_CHECK;
/* Under the lock, given back meanwhile: syncs old segments while too many wait for it. */
int wal_relieve_locked(struct gfs_wal *wal) GFS_CHECK;

#endif
