/* Unlogged transactions: a bulk load whose commit is a checkpoint, and which may be larger than memory.
 *
 *  U1  From begin to the end of its commit it holds the lock of checkpoints and the graph lock: no checkpoint runs beside it, LMDB's one
 *      write transaction is free for its batch, and no other thread reads (the one that reads ahead holds the graph lock as well).
 *  U2  What it moves into the batch (pages, rows) is read from there until the batch ends: the backend is exposed. Nothing of it is in
 *      the database before the commit, which is the batch's commit in a checkpoint like any other (C1 to C5 of checkpoint.c).
 *  U3  Once gfs_txn_relieve was called it cannot be taken back in memory: what could undo it is forgotten, pages have left. An abort
 *      then drops the batch and fails the store, and what is on disk is the state before the transaction. */
#include "store/store_private.h"

#include <assert.h>

int gfs_txn_begin_unlogged(struct gfs_store *store, struct gfs_txn **ret_txn)
{
	if (store->read_only || !atomic_load_explicit(&store->recovered, memory_order_acquire))
		return GFS_ERR_READONLY;
	gfs_mutex_lock(&store->checkpoint);
	struct gfs_txn *txn;
	int err = gfs_txn_begin_locked(store, &txn);
	if (err != 0) {
		gfs_mutex_unlock(&store->checkpoint);
		return err;
	}
	txn->unlogged = true;
	*ret_txn = txn;
	return 0;
}

/* ---- moving what is dirty into the batch ---- */

static int batch_begin(struct gfs_txn *txn)
{
	const struct gfs_kv_backend_ops *ops = txn->store->backend->ops;
	if (txn->batch != NULL)
		return 0;
	int err = ops->batch_begin(txn->store->backend, &txn->batch);
	if (err == 0)
		ops->batch_expose(txn->batch);
	return err;
}

static int move_pages(struct gfs_txn *txn)
{
	struct gfs_store *store = txn->store;
	struct gfs_page_list *dirty = &store->dirty;
	int err = 0;
	gfs_page_list_sort(dirty);
	for (size_t i = 0; err == 0 && i < dirty->count; i++) {
		struct gfs_page *page = dirty->pages[i];
		assert(page->dirty_generation == store->generation && page->shadow == NULL);
		err = page->absent ? 0 : gfs_page_write(store, txn->batch, page->entry.key, page->data);
	}
	if (err != 0)
		return err;
	for (size_t i = 0; i < dirty->count; i++)
		gfs_page_clean(store, dirty->pages[i], store->generation);
	dirty->count = 0;
	atomic_store_explicit(&store->dirty_pages, 0, memory_order_relaxed);
	return 0;
}

/* Rows go through the frozen generation, as in a checkpoint. */
static int move_rows(struct gfs_txn *txn)
{
	struct gfs_store *store = txn->store;
	int err = store->hooks.before_freeze ? store->hooks.before_freeze(store->hooks.context, store) : 0;
	if (err == 0)
		err = gfs_kv_freeze(store->kv);
	if (err == 0)
		err = gfs_kv_write_frozen(store->kv, txn->batch);
	if (err == 0)
		gfs_kv_trash_free(gfs_kv_drop_frozen(store->kv));
	return err;
}

int gfs_txn_relieve(struct gfs_txn *txn)
{
	struct gfs_store *store = txn->store;
	assert(txn->open && txn->unlogged);
	gfs_undo_clear(txn->undo);
	txn->one_way = true;
	if (gfs_store_dirty_bytes(store) < gfs_store_dirty_bytes_max(store))
		return 0;
	int err = batch_begin(txn);
	if (err == 0)
		err = move_rows(txn);
	if (err == 0)
		err = move_pages(txn);
	return err;
}

/* ---- the end ---- */

int gfs_unlogged_commit(struct gfs_txn *txn)
{
	struct gfs_store *store = txn->store;
	struct gfs_kv_batch *batch = txn->batch;
	assert(txn->unlogged && txn->log.size == 0);
	gfs_txn_end(txn, true);
	int err = gfs_checkpoint_locked(store, batch);
	gfs_rwlock_unlock_write(&store->graph);
	gfs_mutex_unlock(&store->checkpoint);
	return err;
}

void gfs_unlogged_abort(struct gfs_txn *txn)
{
	struct gfs_store *store = txn->store;
	assert(txn->unlogged);
	if (txn->batch != NULL)
		store->backend->ops->batch_abort(txn->batch);
	if (txn->one_way)
		gfs_store_fail(store, GFS_ERR_INTERRUPTED);
	gfs_txn_end(txn, false);
	gfs_rwlock_unlock_write(&store->graph);
	gfs_mutex_unlock(&store->checkpoint);
}
