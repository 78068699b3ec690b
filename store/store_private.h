/* What the parts of the store's heart (store, txn, page, checkpoint, recovery) share. Nobody else includes it. */
#ifndef GFS_STORE_STORE_PRIVATE_H
#define GFS_STORE_STORE_PRIVATE_H

#include "base/checked.h"
#include "base/lock.h"
#include "store/ids.h"
#include "store/prefetch.h"
#include "store/store.h"
#include "store/superblock.h"
#include "store/undo.h"

#include <pthread.h>
#include <stdatomic.h>

#define GFS_STORE_KV_NAME "data.mdb"
#define GFS_STORE_KV_LOCK_NAME "data.mdb-lock" /* LMDB's table of readers, worth nothing when the store is closed */
#define GFS_STORE_WAL_NAME "wal"
#define GFS_STORE_LOCK_NAME "lock"
#define GFS_STORE_FIRST_LSN UINT64_C(4096)

/* What a dirty or cached page costs in memory. */
#define GFS_PAGE_MEMORY_BYTES (GFS_PAGE_SIZE + 16 + sizeof(struct gfs_page) + 16)

/* The one writer's transaction; lives in the store and is open while the graph lock is held for it. */
struct gfs_txn {
	struct gfs_store *store;
	struct gfs_undo *undo;
	struct gfs_buf log;
	uint64_t time_ns;
	uint64_t lsn;            /* stamped on the pages it edits */
	bool logged;             /* false while recovery replays */
	uint64_t changed_before; /* gfs_store_changed_bytes when it began */
	uint64_t lent_bytes;     /* what it has of the caches' budget */
	/* Unlogged transactions (unlogged.c): */
	bool unlogged;
	bool one_way;               /* U3: it cannot be taken back any more */
	struct gfs_kv_batch *batch; /* NULL: nothing was moved yet */
	bool open;
};

struct gfs_page_list {
	struct gfs_page **pages;
	size_t count;
	size_t capacity;
};

/* Page buffers that were given back, so that a full cache that turns over does not go through malloc. */
#define GFS_PAGE_POOL_COUNT 128u
struct gfs_page_pool {
	struct gfs_mutex lock; /* GFS_RANK_LEAF: guards both fields below */
	uint8_t *buffers[GFS_PAGE_POOL_COUNT];
	unsigned count;
};

/* META's record `checkpoint`: the state that a checkpoint holds beside pages and tables. */
struct gfs_store_meta {
	uint64_t sequence;
	uint64_t lsn;          /* replay starts here */
	uint64_t previous_lsn; /* of the state that this one replaced */
	uint64_t database_id;
	uint64_t time_ns; /* of the last transaction */
	uint64_t counters[GFS_COUNTER_COUNT];
};

struct gfs_store {
	/* Set by open, constant after. */
	struct gfs_store_opts opts; /* defaults filled in */
	bool read_only;
	uint64_t database_id;
	int dir_fd, wal_fd, lock_fd; /* -1: not open */
	struct gfs_kv_backend *backend;
	struct gfs_kv *kv;
	struct gfs_wal *wal;
	struct gfs_cache_budget *budget;
	struct gfs_cache *cache;
	struct gfs_prefetch *prefetch;
	struct gfs_page_pool pool;
	struct gfs_ids *ids;          /* its contents are guarded by `graph` */
	struct gfs_store_hooks hooks; /* set by recover */

	/* Guarded by `graph`: read when shared, changed when exclusive. */
	struct gfs_rwlock graph;
	struct gfs_txn txn;
	uint64_t last_time_ns;
	uint64_t generation;        /* the one being filled; a running checkpoint writes generation - 1 */
	struct gfs_page_list dirty; /* pages whose dirty_generation is `generation`, each once */
	/* Changed under the exclusive lock, read by anybody: relaxed, each is a number by itself. */
	_Atomic uint64_t counters[GFS_COUNTER_COUNT];

	struct gfs_mutex checkpoint; /* GFS_RANK_CHECKPOINT: one checkpoint at a time; guards sb and wal trimming */
	struct gfs_superblock sb;    /* the last one written or found */
	bool settled;                /* that state was written twice (C5 of checkpoint.c); guarded by `checkpoint` */

	struct gfs_mutex state;   /* GFS_RANK_LEAF: guards the five flags below */
	struct gfs_cond wake;     /* the thread: requested or stop */
	struct gfs_cond progress; /* waiting writers: a checkpoint ended or the store failed */
	bool requested, running, stop, thread_started;
	pthread_t thread;

	/* Release when set, acquire when read: set once, after everything that it tells of. */
	_Atomic bool recovered;
	_Atomic bool no_room; /* relaxed: the disk had no room for the last checkpoint that was wanted */
	_Atomic int failure;
	/* Relaxed: statistics and thresholds. */
	_Atomic uint64_t base_lsn; /* of the state in the key-value store */
	_Atomic uint64_t dirty_pages, frozen_bytes;
	_Atomic uint64_t commits, aborts, pages_read, pages_written, recovered_transactions;
	_Atomic uint64_t checkpoints, checkpoint_ns_last, checkpoint_stall_ns_max;
};

/* recovery.c */
/* Decides from the superblock and META which state the key-value store holds, and fills sb, database_id, base_lsn, the counters and
 * the time from it. The superblock is written anew when it was the one behind, unless the store is read-only. */
int gfs_recovery_reconcile(struct gfs_store *store, struct gfs_message *message) GFS_CHECK;

/* store.c */
/* Makes the store read-only for good. The first cause stays. Any thread, any lock held. */
void gfs_store_fail(struct gfs_store *store, int cause);
/* 0, or why no transaction may begin any more: the store's own failure or the log's. */
int gfs_store_failure(struct gfs_store *store);

/* meta.c: META's record */
extern const char gfs_store_meta_key[];
void gfs_store_meta_encode(const struct gfs_store_meta *meta, struct gfs_buf *out);
/* GFS_ERR_NOTFOUND, GFS_ERR_CORRUPT. */
int gfs_store_meta_read(struct gfs_kv_backend *backend, struct gfs_store_meta *ret_meta) GFS_CHECK;

/* txn.c */
/* Opens the store's transaction; the caller holds the graph lock exclusively and keeps it until end. */
struct gfs_txn *gfs_txn_open(struct gfs_store *store, uint64_t time_ns, uint64_t lsn, bool logged);
/* Forgets (keep) or takes back everything, and ends the transaction. The lock stays. */
void gfs_txn_end(struct gfs_txn *txn, bool keep);
/* Waits for the graph lock and opens a transaction. GFS_ERR_FAILED. */
int gfs_txn_begin_locked(struct gfs_store *store, struct gfs_txn **ret_txn) GFS_CHECK;

/* unlogged.c: the end of an unlogged transaction, its locks included */
int gfs_unlogged_commit(struct gfs_txn *txn) GFS_CHECK;
void gfs_unlogged_abort(struct gfs_txn *txn);

/* page.c */
void gfs_page_pool_init(struct gfs_page_pool *pool);
void gfs_page_pool_release(struct gfs_page_pool *pool);
/* Gets a page into the cache that nobody has asked for yet. *ret_read: it was not there. Graph lock shared. */
int gfs_page_read_ahead(struct gfs_store *store, uint64_t page_id, bool *ret_read) GFS_CHECK;
void gfs_page_evict(void *context, struct gfs_cache_entry *entry);
/* Computes the checksum of the image of page `page_id` into it. GFS_ERR_CORRUPT when the image says another id. */
int gfs_page_seal(uint8_t *image, uint64_t page_id) GFS_CHECK;
int gfs_page_verify(const uint8_t *image, uint64_t page_id) GFS_CHECK;
/* Ascending by page id. */
void gfs_page_list_sort(struct gfs_page_list *list);
/* Seals the image and puts it into the batch. */
int gfs_page_write(struct gfs_store *store, struct gfs_kv_batch *batch, uint64_t page_id, uint8_t *image) GFS_CHECK;
/* Copies what generation `generation` (frozen) wants written of the page; false when that is nothing. Graph lock shared; one caller. */
bool gfs_page_capture(struct gfs_store *store, struct gfs_page *page, uint64_t generation, uint8_t *image);
/* Forgets that the page is dirty, unless it was changed after `generation`. Graph lock exclusive. */
void gfs_page_clean(struct gfs_store *store, struct gfs_page *page, uint64_t generation);

/* checkpoint.c */
int gfs_checkpoint_thread_start(struct gfs_store *store) GFS_CHECK;
void gfs_checkpoint_thread_stop(struct gfs_store *store);
/* For a close: a checkpoint if anything changed, and the same state once more unless that was done. */
int gfs_checkpoint_settle(struct gfs_store *store) GFS_CHECK;
/* A checkpoint by who holds `checkpoint` and `graph`, the latter exclusively, into `batch`, which it ends (NULL: one of its own). */
int gfs_checkpoint_locked(struct gfs_store *store, struct gfs_kv_batch *batch) GFS_CHECK;
/* Wakes the thread; does not wait. */
void gfs_checkpoint_request(struct gfs_store *store);
/* Called after a commit: asks for a checkpoint when a threshold is passed. */
void gfs_checkpoint_consider(struct gfs_store *store);
/* Back-pressure: blocks while too much is dirty. No lock of rank GFS_RANK_CHECKPOINT or above held. */
int gfs_checkpoint_wait_room(struct gfs_store *store) GFS_CHECK;
/* Bytes in memory that were changed since the last freeze: only a writer makes them more or less while it holds the graph lock. */
uint64_t gfs_store_changed_bytes(const struct gfs_store *store);
/* Bytes in memory that no checkpoint has written yet: those, and what is frozen, which a checkpoint gives back beside writers. */
uint64_t gfs_store_dirty_bytes(const struct gfs_store *store);

#endif
