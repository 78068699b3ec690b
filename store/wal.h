/* The write-ahead log: transactions as checksummed frames, chained by LSN, in preallocated segment files `wal/NNNNNNNNNNNNNNNN.log`.
 *
 * An LSN is the byte position in the endless stream of frames; it only grows. One transaction is a run of frames, the first
 * marked FIRST and the last LAST, each with at most GFS_WAL_FRAME_BYTES_MAX of payload; a run without its LAST was never committed.
 * A frame's checksum is seeded with the one before it, so a stale frame of an earlier life of the file never follows a new one.
 *
 * Locks: appends come from the one writer. Durability has its own: a leader calls fdatasync with no lock held while others wait.
 * The first failed write or sync is sticky: every later append and wait answers GFS_ERR_FAILED (the first one its own cause). Only a full disk that is met
 * before anything of a transaction was written (there is no room for another segment) is that append's own GFS_ERR_NOSPC. */
#ifndef GFS_STORE_WAL_H
#define GFS_STORE_WAL_H

#include "base/bytes.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

#define GFS_WAL_SEGMENT_BYTES_DEFAULT (UINT64_C(16) << 20)
#define GFS_WAL_SEGMENT_BYTES_MIN (UINT64_C(64) << 10)
#define GFS_WAL_FRAME_BYTES_MAX (UINT64_C(1) << 20)
#define GFS_WAL_TXN_BYTES_MAX (UINT64_C(4) << 30)

enum gfs_wal_mode { GFS_WAL_ASYNC, GFS_WAL_GROUP, GFS_WAL_SYNC };

struct gfs_wal;

struct gfs_wal_opts {
	uint64_t database_id;   /* in every segment's header: a log of another database is refused */
	uint64_t segment_bytes; /* 0: default */
	enum gfs_wal_mode mode;
	unsigned interval_ms; /* async: how often the background thread flushes; 0: 10 */
	bool read_only;
};

struct gfs_wal_stats {
	uint64_t end_lsn;     /* where the next frame goes */
	uint64_t durable_lsn; /* everything below is on disk */
	uint64_t oldest_lsn;  /* the first that is kept */
	uint64_t appends, bytes, syncs, segments;
	uint64_t disk_bytes; /* of the segments' files, the one made ahead included */
	uint64_t sync_ns_max;
	enum gfs_wal_mode mode;
	unsigned interval_ms;
	int failure; /* 0 or the sticky error */
};

/* Makes an empty log starting at `lsn` in the (existing, empty) folder wal_dir_fd and makes it durable. */
int gfs_wal_create(int wal_dir_fd, uint64_t database_id, uint64_t lsn) GFS_CHECK;

/* Opens the log for reading from `start_lsn` (the checkpoint's). `wal_dir_fd` stays the caller's and must outlive it. No thread is
 * started yet. GFS_ERR_CORRUPT when the log does not contain start_lsn. */
int gfs_wal_open(int wal_dir_fd, const struct gfs_wal_opts *opts, uint64_t start_lsn, struct gfs_wal **ret_wal,
	struct gfs_message *message) GFS_CHECK;

/* Calls `each` for every committed transaction from start_lsn on, in order, with its payload joined. Stops at the first frame that is
 * missing, torn or does not chain: that is the end of the log (a torn tail is no error). A non-zero answer of `each` stops and
 * is returned. `commit_lsn` is the LSN just past the transaction. */
typedef int (*gfs_wal_each)(void *context, uint64_t commit_lsn, uint64_t time_ns, struct gfs_slice payload);
int gfs_wal_replay(struct gfs_wal *wal, gfs_wal_each each, void *context) GFS_CHECK;

/* After replay: cuts off what follows the last committed transaction (zeroes it durably, so that it can never come back), and starts
 * the flush thread. From here on appends are possible. */
int gfs_wal_start(struct gfs_wal *wal) GFS_CHECK;

/* Writes one transaction into the log file (pwrite, complete when it returns) without waiting for the disk. One caller at a
 * time (the writer). On failure nothing of it will ever be replayed and the log is failed for good. */
int gfs_wal_append(struct gfs_wal *wal, uint64_t time_ns, struct gfs_slice payload, uint64_t *ret_commit_lsn) GFS_CHECK;

/* For a writer that holds no lock yet: waits while the next segment is being made and the current one is nearly full, so that the append
 * finds it ready and need not sync while readers wait. No more than a courtesy: failures are the append's to tell. */
void gfs_wal_wait_room(struct gfs_wal *wal);

/* What the mode promises for a commit at `lsn`: async returns at once; group and sync return once it is on disk. */
int gfs_wal_commit_wait(struct gfs_wal *wal, uint64_t lsn) GFS_CHECK;
/* A barrier in every mode: returns once everything below `lsn` is on disk. */
int gfs_wal_sync(struct gfs_wal *wal, uint64_t lsn) GFS_CHECK;

uint64_t gfs_wal_end_lsn(const struct gfs_wal *wal);
/* Deletes whole segments that end at or below `lsn`. */
int gfs_wal_trim(struct gfs_wal *wal, uint64_t lsn) GFS_CHECK;

/* At any time. */
void gfs_wal_set_mode(struct gfs_wal *wal, enum gfs_wal_mode mode);
void gfs_wal_set_interval(struct gfs_wal *wal, unsigned interval_ms); /* 1 to 60,000 */
void gfs_wal_stats_get(struct gfs_wal *wal, struct gfs_wal_stats *ret_stats);

/* Stops the thread, flushes (unless failed or read-only), closes. NULL is fine. */
void gfs_wal_close(struct gfs_wal *wal);

#endif
