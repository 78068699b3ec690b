/* A database folder, opened: the graph lock, transactions, pages, counters, checkpoints, recovery.
 *
 *   data.mdb     LMDB: the state as of the last checkpoint
 *   superblock   names that checkpoint
 *   wal/         what was committed since
 *   lock         the exclusive lock, with the holder's pid as text
 *
 * Life: gfs_store_open, then the layers above open their indexes, then gfs_store_recover replays the log through them and starts the
 * threads. gfs_store_close checkpoints.
 *
 * Locking: one reader-writer lock over the graph. Readers hold it shared for as long as they use pages or indexes, and give
 * it back within milliseconds (long work is done in slices). A transaction holds it exclusively from begin to commit or abort. No one
 * holds it across a sync, but for an unlogged transaction, which is alone. */
#ifndef GFS_STORE_STORE_H
#define GFS_STORE_STORE_H

#include "base/buf.h"
#include "base/error.h"
#include "cache/budget.h"
#include "store/kv.h"
#include "store/wal.h"

#include <stdbool.h>
#include <stdint.h>

struct gfs_store;
struct gfs_txn;

struct gfs_store_opts {
	bool read_only; /* needs a store that was closed cleanly or whose log replays; changes nothing on disk */
	bool force_read_only_on_dirty; /* for tests: opens read-only, without replaying the log */
	bool repair; /* for fsck: the layers above leave out what is damaged and no data (gfs_graph_open) */
	struct gfs_cache_budget_opts cache;
	enum gfs_wal_mode wal_mode;
	unsigned wal_interval_ms;        /* 0: 10 */
	uint64_t wal_segment_bytes;      /* 0: 16 MiB */
	unsigned checkpoint_interval_ms; /* 0: 30,000; UINT_MAX: never by time */
	uint64_t checkpoint_log_bytes;   /* 0: 64 MiB: checkpoint when the log has grown this much */
	uint64_t
		dirty_bytes_max; /* 0: as the caches' budget says; checkpoint when this much is dirty; writers wait at twice that */
};

/* Makes an empty database in `path` (a new or empty folder, made 0700). GFS_ERR_EXISTS, GFS_ERR_NOTEMPTY. */
int gfs_store_create(const char *path, struct gfs_message *message) GFS_CHECK;

int gfs_store_open(const char *path, const struct gfs_store_opts *opts, struct gfs_store **ret_store,
	struct gfs_message *message) GFS_CHECK;

/* What the graph layer lends the store. */
struct gfs_store_hooks {
	/* Apply one committed transaction again. `txn` is open and is not logged; an error stops recovery. */
	int (*replay)(void *context, struct gfs_txn *txn, struct gfs_slice payload);
	/* Called by a checkpoint under the exclusive lock, just before it freezes: write decoded index state and catalog rows that changed
	 * since the last time into the KV overlay (gfs_store_kv, undo NULL). */
	int (*before_freeze)(void *context, struct gfs_store *store);
	/* The same for some milliseconds' worth of it, so that little is left for before_freeze: called again, with the lock given back in between, while
	 * *ret_more. May be NULL. */
	int (*write_some)(void *context, struct gfs_store *store, bool *ret_more);
	/* Bytes in memory that before_freeze would write, beside pages and the KV overlay. With or without the lock. May be NULL: none. */
	uint64_t (*dirty_bytes)(void *context);
	void *context;
};
/* Replays the log and starts the threads (not when read-only). Call once. */
int gfs_store_recover(
	struct gfs_store *store, const struct gfs_store_hooks *hooks, struct gfs_message *message) GFS_CHECK;

/* Checkpoints (when open for writing, recovered and not failed), stops the threads, unlocks. NULL is fine. Returns the checkpoint's
 * error, or why the store had failed before; the store is gone in any case. */
int gfs_store_close(struct gfs_store *store);

/* ---- readers ---- */

void gfs_store_read_begin(struct gfs_store *store);
void gfs_store_read_end(struct gfs_store *store);

/* ---- the writer ---- */

/* Waits for the exclusive lock. GFS_ERR_READONLY, GFS_ERR_FAILED; GFS_ERR_NOSPC while too much is changed and the disk has no room for a checkpoint. The transaction's time is now, but always later than the one before. */
int gfs_txn_begin(struct gfs_store *store, struct gfs_txn **ret_txn) GFS_CHECK;
struct gfs_store *gfs_txn_store(const struct gfs_txn *txn);
uint64_t gfs_txn_time_ns(const struct gfs_txn *txn);
struct gfs_undo *gfs_txn_undo(struct gfs_txn *txn);
/* Where the layer above appends its logical records. Empty at commit: nothing changed, nothing is logged. */
struct gfs_buf *gfs_txn_log(struct gfs_txn *txn);
/* Whether there is memory for more: GFS_ERR_TXNBIG when a logged transaction holds, with `more_bytes` of the caller's, more than base/limits.h
 * says (GFS_TXN_BYTES). To be asked before each change, so that one alone is never too large. */
int gfs_txn_room(struct gfs_txn *txn, uint64_t more_bytes) GFS_CHECK;
/* A statement inside a transaction: everything since the mark is taken back, pages, tables, counters and log records alike. */
struct gfs_txn_mark {
	size_t undo;
	size_t log;
};
struct gfs_txn_mark gfs_txn_mark(struct gfs_txn *txn);
void gfs_txn_rollback_to(struct gfs_txn *txn, struct gfs_txn_mark mark);

/* An unlogged transaction is a bulk load by a caller that has the store to itself: no other thread uses it until the transaction has ended. It writes no log: its
 * commit is a checkpoint, and returns when that is durable. It may change far more than fits in memory, if gfs_txn_relieve is called between
 * its statements; then it can only be aborted by failing the store, which must be closed after that and not be read: opened again, it is as
 * before. Waits for a checkpoint that runs. GFS_ERR_READONLY, GFS_ERR_FAILED. */
int gfs_txn_begin_unlogged(struct gfs_store *store, struct gfs_txn **ret_txn) GFS_CHECK;
/* Between two statements, when no page is pinned and no iterator open: forgets how to undo what came before (marks are void), and when
 * more than dirty_bytes_max is dirty moves it out of memory. After an error: abort. */
int gfs_txn_relieve(struct gfs_txn *txn) GFS_CHECK;
/* dirty_bytes_max of the options, or what follows from the budget of now. */
uint64_t gfs_store_dirty_bytes_max(const struct gfs_store *store);

/* Writes the log, gives the lock back, frees the transaction. On error everything is taken back, and the store is failed unless nothing
 * had been written yet (GFS_ERR_NOMEM, GFS_ERR_TOOBIG for the records themselves). The caller
 * then decides whether to wait: gfs_store_commit_wait(store, lsn) gives what the mode promises. `ret_lsn` may be NULL. */
int gfs_txn_commit(struct gfs_txn *txn, uint64_t *ret_lsn) GFS_CHECK;
void gfs_txn_abort(struct gfs_txn *txn);

int gfs_store_commit_wait(struct gfs_store *store, uint64_t lsn) GFS_CHECK;
/* True when gfs_store_commit_wait may block: group and sync mode. */
bool gfs_store_commit_blocks(const struct gfs_store *store);
/* fsync(2): everything committed so far is on disk when it returns. */
int gfs_store_sync(struct gfs_store *store) GFS_CHECK;

/* True when what one reads is what was committed: no transaction is open, or it has changed nothing (any more). Graph lock, either way. */
bool gfs_store_is_committed(const struct gfs_store *store);

/* ---- counters: named numbers that persist and that an abort restores ---- */

enum gfs_counter {
	GFS_COUNTER_NODE_NEXT, /* the smallest node id never used */
	GFS_COUNTER_REL_NEXT,
	GFS_COUNTER_HEAP_PAGES, /* pages of each space, used or free */
	GFS_COUNTER_BLOB_PAGES,
	GFS_COUNTER_BLOB_FREE, /* head of the chain of free blob pages, 0 when empty */
	GFS_COUNTER_NODES,     /* that exist */
	GFS_COUNTER_RELS,
	GFS_COUNTER_PROPERTIES,
	GFS_COUNTER_ROOT_MTIME,   /* ns: last change of /nodes */
	GFS_COUNTER_LABELS_MTIME, /* of /labels and /rels as listings of names */
	GFS_COUNTER_TYPES_MTIME,
	GFS_COUNTER_COUNT
};
uint64_t gfs_store_counter(const struct gfs_store *store, enum gfs_counter counter);
int gfs_txn_counter_set(struct gfs_txn *txn, enum gfs_counter counter, uint64_t value) GFS_CHECK;

/* ---- pages ---- */

/* A page in memory. `data` is GFS_PAGE_SIZE bytes, the header included. */
struct gfs_page {
	struct gfs_cache_entry entry;
	uint8_t *data;
	/* The rest belongs to store/page.c. */
	uint8_t *shadow;              /* the image that a running checkpoint must write, when `data` has moved on */
	uint64_t dirty_generation;    /* 0: clean; else the checkpoint generation it was last changed in */
	uint64_t captured_generation; /* the last generation whose image of it was taken (or was nothing) */
	bool absent;                  /* known not to exist: made by a transaction that was taken back */
};

static inline const uint8_t *gfs_page_payload(const struct gfs_page *page)
{
	return page->data + GFS_PAGE_HEADER_SIZE;
}

/* A verified page, pinned, for reading under the graph lock (either way). GFS_ERR_NOTFOUND for one never written; GFS_ERR_CORRUPT when
 * id or checksum are wrong. */
int gfs_page_get(struct gfs_store *store, uint64_t page_id, struct gfs_page **ret_page) GFS_CHECK;
/* The same for the writer, which may change its payload after gfs_page_touch. */
int gfs_page_edit(struct gfs_txn *txn, uint64_t page_id, struct gfs_page **ret_page) GFS_CHECK;
/* A page whose payload is zero, of a page id that does not exist yet or whose former contents do not matter. */
int gfs_page_new(struct gfs_txn *txn, uint64_t page_id, enum gfs_page_kind kind, struct gfs_page **ret_page) GFS_CHECK;
/* Notes payload bytes [offset, offset + size) for undo, then returns them for writing. NULL when memory failed: change nothing. */
void *gfs_page_touch(struct gfs_txn *txn, struct gfs_page *page, unsigned offset, unsigned size);
enum gfs_page_kind gfs_page_kind(const struct gfs_page *page);
void gfs_page_put(struct gfs_store *store, struct gfs_page *page);

/* ---- the rest ---- */

struct gfs_kv *gfs_store_kv(struct gfs_store *store);
struct gfs_kv_backend *gfs_store_kv_backend(struct gfs_store *store);
/* What the caches of this store and of the layers above it share. */
struct gfs_cache_budget *gfs_store_cache_budget(struct gfs_store *store);
struct gfs_cache *gfs_store_page_cache(struct gfs_store *store);
struct gfs_wal *gfs_store_wal(struct gfs_store *store);

/* A file without a name in the database's folder, for what is too large for memory; gfs_io_close ends it. */
int gfs_store_temporary_file(struct gfs_store *store, int *ret_fd) GFS_CHECK;

/* Has the pages that gfs_store_warm_save noted read into the cache, in the background, until it is full. After gfs_store_recover.
 * GFS_ERR_NOTFOUND: nothing was noted; GFS_ERR_CORRUPT: it is damaged. Nothing depends on it. */
int gfs_store_warm(struct gfs_store *store) GFS_CHECK;
/* Notes which pages are in the cache. GFS_ERR_READONLY. */
int gfs_store_warm_save(struct gfs_store *store) GFS_CHECK;

/* Writes a checkpoint now and waits for it. */
int gfs_store_checkpoint(struct gfs_store *store) GFS_CHECK;

struct gfs_store_stats {
	uint64_t database_id;
	uint64_t checkpoints, checkpoint_ns_last,
		checkpoint_stall_ns_max; /* the longest the exclusive lock was held for one */
	uint64_t checkpoint_lsn;
	uint64_t commits, aborts, pages_read, pages_written;
	uint64_t pages_ahead, pages_warmed; /* of those read: before they were asked for; by gfs_store_warm */
	uint64_t dirty_bytes;
	uint64_t recovered_transactions;  /* replayed at this open */
	uint64_t disk_bytes;              /* sizes of data.mdb and of the files of the log */
	uint64_t free_bytes, total_bytes; /* of the filesystem */
	bool read_only;
	int failure; /* 0, or why the store is read-only now */
};
void gfs_store_stats_get(struct gfs_store *store, struct gfs_store_stats *ret_stats);

#endif
