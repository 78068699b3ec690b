/* The one writer: begin, commit, abort, statement marks, counters. Everything it changes is in memory and noted on the undo stack;
 * a commit is one append to the log. */
#include "store/store_private.h"

#include "base/clock.h"
#include "base/limits.h"

#include <assert.h>

/* A transaction's log buffer above this is given back at its end. */
#define LOG_BYTES_KEPT ((size_t)1 << 20)
/* The caches give memory up in such steps. */
#define LEND_BYTES (UINT64_C(4) << 20)

struct gfs_txn *gfs_txn_open(struct gfs_store *store, uint64_t time_ns, uint64_t lsn, bool logged)
{
	struct gfs_txn *txn = &store->txn;
	assert(!txn->open && txn->log.size == 0 && gfs_undo_mark(txn->undo) == 0);
	txn->time_ns = time_ns;
	txn->lsn = lsn;
	txn->logged = logged;
	txn->unlogged = txn->one_way = false;
	txn->batch = NULL;
	txn->changed_before = gfs_store_changed_bytes(store);
	txn->open = true;
	return txn;
}

void gfs_txn_end(struct gfs_txn *txn, bool keep)
{
	assert(txn->open);
	if (keep) {
		gfs_undo_clear(txn->undo);
		txn->store->last_time_ns = GFS_MAX(txn->store->last_time_ns, txn->time_ns);
	} else {
		gfs_undo_rollback(txn->undo, 0);
	}
	if (txn->log.capacity > LOG_BYTES_KEPT)
		gfs_buf_release(&txn->log);
	gfs_buf_clear(&txn->log);
	if (txn->lent_bytes > 0)
		gfs_cache_budget_lend(txn->store->budget, 0);
	txn->lent_bytes = 0;
	txn->open = false;
}

int gfs_txn_room(struct gfs_txn *txn, uint64_t more_bytes)
{
	struct gfs_store *store = txn->store;
	uint64_t changed = gfs_store_changed_bytes(store);
	changed -= GFS_MIN(changed, txn->changed_before); /* rows that were removed take less than before */
	uint64_t held = changed + gfs_undo_bytes(txn->undo) + txn->log.capacity + more_bytes;
	if (held <= GFS_TXN_BYTES || !txn->logged || txn->unlogged)
		return 0;
	held -= GFS_TXN_BYTES;
	if (held > gfs_cache_budget_bytes(store->budget) / GFS_TXN_BUDGET_PART)
		return GFS_ERR_TXNBIG;
	if (held >= txn->lent_bytes + LEND_BYTES) {
		gfs_cache_budget_lend(store->budget, held);
		txn->lent_bytes = held;
	}
	return 0;
}

int gfs_txn_begin_locked(struct gfs_store *store, struct gfs_txn **ret_txn)
{
	gfs_rwlock_write(&store->graph);
	if (gfs_store_failure(store) != 0) {
		gfs_rwlock_unlock_write(&store->graph);
		return GFS_ERR_FAILED;
	}
	uint64_t now_ns = gfs_clock_real_ns();
	if (now_ns <= store->last_time_ns)
		now_ns = store->last_time_ns + 1;
	*ret_txn = gfs_txn_open(store, now_ns, gfs_wal_end_lsn(store->wal), true);
	return 0;
}

int gfs_txn_begin(struct gfs_store *store, struct gfs_txn **ret_txn)
{
	if (store->read_only || !atomic_load_explicit(&store->recovered, memory_order_acquire))
		return GFS_ERR_READONLY;
	int err = gfs_checkpoint_wait_room(store);
	if (err != 0)
		return err;
	gfs_wal_wait_room(store->wal);
	return gfs_txn_begin_locked(store, ret_txn);
}

static int commit_log(struct gfs_txn *txn, uint64_t *ret_lsn)
{
	*ret_lsn = 0;
	int err = gfs_buf_failed(&txn->log);
	if (err != 0 || txn->log.size == 0)
		return err;
	if (txn->log.size > GFS_WAL_TXN_BYTES_MAX)
		return GFS_ERR_TOOBIG;
	err = gfs_wal_append(txn->store->wal, txn->time_ns, gfs_buf_slice(&txn->log), ret_lsn);
	if (err != 0 && gfs_store_failure(txn->store) != 0) /* else a full disk, and nothing was written */
		gfs_store_fail(txn->store, err);
	return err;
}

static int commit_logged(struct gfs_txn *txn, uint64_t *ret_lsn)
{
	struct gfs_store *store = txn->store;
	int err = commit_log(txn, ret_lsn);
	gfs_txn_end(txn, err == 0);
	gfs_rwlock_unlock_write(&store->graph);
	return err;
}

int gfs_txn_commit(struct gfs_txn *txn, uint64_t *ret_lsn)
{
	struct gfs_store *store = txn->store;
	uint64_t lsn = 0;
	assert(txn->logged);
	int err = txn->unlogged ? gfs_unlogged_commit(txn) : commit_logged(txn, &lsn);
	atomic_fetch_add_explicit(err == 0 ? &store->commits : &store->aborts, 1, memory_order_relaxed);
	gfs_checkpoint_consider(store);
	if (err == 0 && ret_lsn)
		*ret_lsn = lsn;
	return err;
}

void gfs_txn_abort(struct gfs_txn *txn)
{
	struct gfs_store *store = txn->store;
	assert(txn->logged);
	if (txn->unlogged) {
		gfs_unlogged_abort(txn);
	} else {
		gfs_txn_end(txn, false);
		gfs_rwlock_unlock_write(&store->graph);
	}
	atomic_fetch_add_explicit(&store->aborts, 1, memory_order_relaxed);
	gfs_checkpoint_consider(store);
}

struct gfs_txn_mark gfs_txn_mark(struct gfs_txn *txn)
{
	assert(txn->open);
	return (struct gfs_txn_mark){ .undo = gfs_undo_mark(txn->undo), .log = txn->log.size };
}

void gfs_txn_rollback_to(struct gfs_txn *txn, struct gfs_txn_mark mark)
{
	assert(txn->open && mark.log <= txn->log.size);
	gfs_undo_rollback(txn->undo, mark.undo);
	/* log.failed stays: whether the growth that failed was before the mark is unknown, and a commit must not lose a record. */
	txn->log.size = mark.log;
}

bool gfs_store_is_committed(const struct gfs_store *store)
{
	return !store->txn.open || (!store->txn.unlogged && gfs_undo_mark(store->txn.undo) == 0);
}

struct gfs_store *gfs_txn_store(const struct gfs_txn *txn)
{
	return txn->store;
}

uint64_t gfs_txn_time_ns(const struct gfs_txn *txn)
{
	return txn->time_ns;
}

struct gfs_undo *gfs_txn_undo(struct gfs_txn *txn)
{
	return txn->undo;
}

struct gfs_buf *gfs_txn_log(struct gfs_txn *txn)
{
	return &txn->log;
}

/* ---- counters ---- */

struct undo_counter {
	_Atomic uint64_t *at;
	uint64_t value;
};

static void undo_counter(void *context, void *data, size_t size)
{
	(void)context;
	(void)size;
	const struct undo_counter *u = data;
	atomic_store_explicit(u->at, u->value, memory_order_relaxed);
}

uint64_t gfs_store_counter(const struct gfs_store *store, enum gfs_counter counter)
{
	assert(counter < GFS_COUNTER_COUNT);
	return atomic_load_explicit(&store->counters[counter], memory_order_relaxed);
}

int gfs_txn_counter_set(struct gfs_txn *txn, enum gfs_counter counter, uint64_t value)
{
	assert(txn->open && counter < GFS_COUNTER_COUNT);
	_Atomic uint64_t *at = &txn->store->counters[counter];
	void *data;
	int err = gfs_undo_push(txn->undo, undo_counter, NULL, sizeof(struct undo_counter), &data);
	if (err != 0)
		return err;
	struct undo_counter *u = data;
	u->at = at;
	u->value = atomic_load_explicit(at, memory_order_relaxed);
	atomic_store_explicit(at, value, memory_order_relaxed);
	return 0;
}
