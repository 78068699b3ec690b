/* Opening after whatever happened: which state the key-value store holds, and the replay of the log on top of it.
 *
 * Let N be the superblock's sequence. The key-value store may hold
 *   N               the usual case: same LSN, same LMDB transaction
 *   N + 1           a crash between the batch's commit and the superblock's write; or the newer copy of the superblock is damaged
 *   less than N     LMDB fell back to the commit before, because a meta page is damaged: then its LSN is the superblock's
 *                   previous_lsn, from which the log is kept (C1 of checkpoint.c)
 * Anything else means that files of different times or databases were mixed. */
#include "store/store_private.h"

#include <assert.h>
#include <inttypes.h>

static int no_match(const struct gfs_superblock *sb, const struct gfs_store_meta *meta, struct gfs_message *message)
{
	return gfs_fail(message, GFS_ERR_CORRUPT,
		"superblock and data.mdb do not belong together: checkpoint %" PRIu64 " at LSN %" PRIu64 " (before it %" PRIu64
		") against checkpoint %" PRIu64 " at LSN %" PRIu64,
		sb->sequence, sb->checkpoint_lsn, sb->previous_lsn, meta->sequence, meta->lsn);
}

/* True when the superblock is the one behind, and *sb has become what it should say. */
static int match(struct gfs_superblock *sb, const struct gfs_store_meta *meta, uint64_t commit_id, bool *ret_ahead,
	struct gfs_message *message)
{
	if (meta->database_id != sb->database_id)
		return gfs_fail(message, GFS_ERR_CORRUPT, "data.mdb is of another database than the superblock");
	*ret_ahead = false;
	if (meta->sequence == sb->sequence) {
		if (meta->lsn != sb->checkpoint_lsn || commit_id != sb->kv_commit_id)
			return no_match(sb, meta, message);
		return 0;
	}
	if (meta->sequence < sb->sequence)
		return meta->lsn == sb->previous_lsn ? 0 : no_match(sb, meta, message);
	if (meta->sequence - sb->sequence != 1 || meta->lsn < sb->checkpoint_lsn)
		return no_match(sb, meta, message);
	sb->sequence = meta->sequence;
	sb->checkpoint_lsn = meta->lsn;
	sb->previous_lsn = meta->previous_lsn;
	sb->kv_commit_id = commit_id;
	*ret_ahead = true;
	return 0;
}

int gfs_recovery_reconcile(struct gfs_store *store, struct gfs_message *message)
{
	struct gfs_store_meta meta;
	struct gfs_kv_backend_stats stats;
	bool ahead = false;
	int err = gfs_store_meta_read(store->backend, &meta);
	if (err == GFS_ERR_NOTFOUND || err == GFS_ERR_CORRUPT)
		return gfs_fail(message, GFS_ERR_CORRUPT, "data.mdb has no valid checkpoint record");
	if (err != 0)
		return gfs_fail(message, err, "data.mdb: %s", gfs_err_text(err));
	store->backend->ops->stats(store->backend, &stats);
	err = match(&store->sb, &meta, stats.commit_id, &ahead, message);
	if (err != 0)
		return err;
	/* An older program must not open it from now on. */
	bool older = store->sb.format_version != GFS_FORMAT_VERSION;
	if ((ahead || older) && !store->read_only) {
		store->sb.format_version = GFS_FORMAT_VERSION;
		err = gfs_superblock_write(store->dir_fd, &store->sb);
		if (err != 0)
			return gfs_fail(message, err, "superblock: %s", gfs_err_text(err));
	}
	store->database_id = meta.database_id;
	store->last_time_ns = meta.time_ns;
	atomic_store_explicit(&store->base_lsn, meta.lsn, memory_order_relaxed);
	for (unsigned i = 0; i < GFS_COUNTER_COUNT; i++)
		atomic_store_explicit(&store->counters[i], meta.counters[i], memory_order_relaxed);
	return 0;
}

/* ---- replay ---- */

static int replay_one(void *context, uint64_t commit_lsn, uint64_t time_ns, struct gfs_slice payload)
{
	struct gfs_store *store = context;
	int err = GFS_ERR_INVALID;
	gfs_rwlock_write(&store->graph);
	struct gfs_txn *txn = gfs_txn_open(store, time_ns, commit_lsn, false);
	if (store->hooks.replay)
		err = store->hooks.replay(store->hooks.context, txn, payload);
	gfs_txn_end(txn, err == 0);
	gfs_rwlock_unlock_write(&store->graph);
	if (err == 0)
		atomic_fetch_add_explicit(&store->recovered_transactions, 1, memory_order_relaxed);
	return err;
}

static int replay(struct gfs_store *store, struct gfs_message *message)
{
	if (store->opts.force_read_only_on_dirty)
		return 0;
	int err = gfs_wal_replay(store->wal, replay_one, store);
	if (err == 0)
		return 0;
	uint64_t done = atomic_load_explicit(&store->recovered_transactions, memory_order_relaxed);
	return gfs_fail(
		message, err, "the log could not be replayed: %s, after %" PRIu64 " transactions", gfs_err_text(err), done);
}

int gfs_store_recover(struct gfs_store *store, const struct gfs_store_hooks *hooks, struct gfs_message *message)
{
	assert(!atomic_load_explicit(&store->recovered, memory_order_relaxed));
	if (hooks)
		store->hooks = *hooks;
	int err = replay(store, message);
	if (err == 0 && gfs_prefetch_start(store->prefetch) != 0)
		err = gfs_fail(message, GFS_ERR_NOMEM, "the thread that reads ahead could not be started");
	if (err != 0 || store->read_only)
		return err;
	err = gfs_wal_start(store->wal);
	if (err != 0)
		return gfs_fail(message, err, "the log could not be continued: %s", gfs_err_text(err));
	atomic_store_explicit(&store->recovered, true, memory_order_release);
	err = gfs_checkpoint_thread_start(store);
	if (err != 0) {
		atomic_store_explicit(&store->recovered, false, memory_order_relaxed);
		return gfs_fail(message, err, "the checkpoint thread could not be started");
	}
	gfs_checkpoint_consider(store);
	return 0;
}
