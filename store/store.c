/* The database folder: making, opening and closing it, the lock file, the first failure, statistics. */
#include "store/store_private.h"
#include "store/warm.h"

#include "base/checked.h"
#include "base/clock.h"
#include "base/io.h"

#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECKPOINT_LOG_BYTES_DEFAULT (UINT64_C(64) << 20)
#define CHECKPOINT_INTERVAL_MS_DEFAULT 30000u

/* ---- the lock file ----
 * Its text is the holder's pid; LOCK_CREATING while gfs_store_create is at work, by which a creation that a crash cut short is known;
 * empty after a clean close. The lock is what counts, the text only tells a person whom to ask. */

#define LOCK_CREATING "creating\n"

static void lock_text_read(int fd, char *text, size_t size)
{
	size_t got = 0;
	assert(size > 0);
	if (gfs_io_read_some_at(fd, text, size - 1, 0, &got) != 0)
		got = 0;
	text[got] = '\0';
}

static int lock_text_write(int fd, const char *text)
{
	int err = gfs_io_truncate(fd, 0);
	if (err == 0)
		err = gfs_io_write_at(fd, text, strlen(text), 0);
	return err;
}

/* Tells who holds the lock. A full disk must not prevent it from being opened: the lock holds without the text. */
static void lock_tell(int fd, const char *text)
{
	int err = lock_text_write(fd, text);
	(void)err;
}

static int lock_refused(int fd, const char *path, struct gfs_message *message)
{
	char text[32];
	lock_text_read(fd, text, sizeof text);
	long pid = strtol(text, NULL, 10);
	if (pid > 0 && pid <= INT_MAX && kill((pid_t)pid, 0) == 0) /* a reader leaves the text of a writer that is gone */
		return gfs_fail(message, GFS_ERR_LOCKED, "%s is in use by process %ld", path, pid);
	return gfs_fail(message, GFS_ERR_LOCKED, "%s is in use by another process", path);
}

static int lock_take(int dir_fd, const char *path, int flags, int *ret_fd, struct gfs_message *message)
{
	int fd = -1;
	int err = gfs_io_open_at(dir_fd, GFS_STORE_LOCK_NAME, flags, &fd);
	if (err != 0)
		return gfs_fail(message, err, "%s/" GFS_STORE_LOCK_NAME ": %s", path, gfs_err_text(err));
	err = gfs_io_lock(fd);
	if (err == 0) {
		*ret_fd = fd;
		return 0;
	}
	err = err == GFS_ERR_LOCKED ? lock_refused(fd, path, message)
								: gfs_fail(message, err, "%s: cannot be locked: %s", path, gfs_err_text(err));
	gfs_io_close(fd);
	return err;
}

static int lock_open(struct gfs_store *store, const char *path, struct gfs_message *message)
{
	int flags = store->read_only ? GFS_IO_READ_ONLY : GFS_IO_READ_WRITE | GFS_IO_CREATE;
	int err = lock_take(store->dir_fd, path, flags, &store->lock_fd, message);
	if (err != 0 || store->read_only)
		return err;
	char pid[32];
	snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
	lock_tell(store->lock_fd, pid);
	return 0;
}

/* ---- create ---- */

struct listing {
	bool superblock, leftovers, foreign;
};

static int list_name(void *context, const char *name)
{
	struct listing *l = context;
	if (strcmp(name, GFS_SUPERBLOCK_NAME) == 0)
		l->superblock = true;
	else if (strcmp(name, GFS_STORE_KV_NAME) == 0 || strcmp(name, GFS_STORE_KV_LOCK_NAME) == 0 ||
		strcmp(name, GFS_STORE_WAL_NAME) == 0)
		l->leftovers = true;
	else if (strcmp(name, GFS_STORE_LOCK_NAME) != 0 && strcmp(name, "lost+found") != 0)
		l->foreign = true;
	return 0;
}

static int unlink_each(void *context, const char *name)
{
	return gfs_io_unlink_at(*(int *)context, name);
}

static int unlink_if_there(int dir_fd, const char *name)
{
	int err = gfs_io_unlink_at(dir_fd, name);
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

/* What a creation left behind that never came to its end. */
static int remove_leftovers(int dir_fd)
{
	static const char *const names[] = { GFS_SUPERBLOCK_NAME, GFS_STORE_KV_NAME, GFS_STORE_KV_LOCK_NAME };
	int wal_fd = -1;
	int err = 0;
	for (unsigned i = 0; i < GFS_COUNT(names) && err == 0; i++)
		err = unlink_if_there(dir_fd, names[i]);
	if (err == 0)
		err = gfs_io_open_dir_at(dir_fd, GFS_STORE_WAL_NAME, &wal_fd);
	if (err == 0)
		err = gfs_io_list(wal_fd, unlink_each, &wal_fd);
	gfs_io_close(wal_fd);
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

/* True when a creation that began here never wrote a whole superblock. */
static bool creation_cut_short(int dir_fd)
{
	char text[sizeof LOCK_CREATING + 1];
	struct gfs_superblock sb;
	struct gfs_message unused;
	int lock_fd = -1;
	if (gfs_io_open_at(dir_fd, GFS_STORE_LOCK_NAME, GFS_IO_READ_ONLY, &lock_fd) != 0)
		return false;
	lock_text_read(lock_fd, text, sizeof text);
	gfs_io_close(lock_fd);
	if (strcmp(text, LOCK_CREATING) != 0)
		return false;
	int err = gfs_superblock_read(dir_fd, &sb, &unused);
	return err == GFS_ERR_NOTDB || err == GFS_ERR_CORRUPT;
}

/* Only an empty folder, or one where a creation was cut short, becomes a database. */
static int check_folder(int dir_fd, const char *path, struct gfs_message *message)
{
	struct listing l = { 0 };
	int err = gfs_io_list(dir_fd, list_name, &l);
	if (err != 0)
		return gfs_fail(message, err, "%s: %s", path, gfs_err_text(err));
	bool ours = (l.superblock || l.leftovers) && creation_cut_short(dir_fd);
	if (l.superblock && !ours)
		return gfs_fail(message, GFS_ERR_EXISTS, "%s holds a database already", path);
	if (l.foreign || (l.leftovers && !ours))
		return gfs_fail(message, GFS_ERR_NOTEMPTY, "%s is not empty", path);
	return 0;
}

static int open_folder(const char *path, int *ret_fd, struct gfs_message *message)
{
	int err = gfs_io_mkdir_at(AT_FDCWD, path);
	if (err == 0 || err == GFS_ERR_EXISTS)
		err = gfs_io_open_dir(path, ret_fd);
	return err == 0 ? 0 : gfs_fail(message, err, "%s: %s", path, gfs_err_text(err));
}

static int create_log(int dir_fd, uint64_t database_id)
{
	int wal_fd = -1;
	int err = gfs_io_mkdir_at(dir_fd, GFS_STORE_WAL_NAME);
	if (err == 0 || err == GFS_ERR_EXISTS)
		err = gfs_io_open_dir_at(dir_fd, GFS_STORE_WAL_NAME, &wal_fd);
	if (err == 0)
		err = gfs_wal_create(wal_fd, database_id, GFS_STORE_FIRST_LSN);
	gfs_io_close(wal_fd);
	return err;
}

static void meta_first(const struct gfs_superblock *sb, struct gfs_store_meta *ret_meta)
{
	*ret_meta = (struct gfs_store_meta){
		.sequence = sb->sequence,
		.lsn = sb->checkpoint_lsn,
		.previous_lsn = sb->previous_lsn,
		.database_id = sb->database_id,
		.time_ns = sb->created_ns,
	};
	ret_meta->counters[GFS_COUNTER_NODE_NEXT] = 1;
	ret_meta->counters[GFS_COUNTER_REL_NEXT] = 1;
	ret_meta->counters[GFS_COUNTER_ROOT_MTIME] = sb->created_ns;
	ret_meta->counters[GFS_COUNTER_LABELS_MTIME] = sb->created_ns;
	ret_meta->counters[GFS_COUNTER_TYPES_MTIME] = sb->created_ns;
}

static int put_first(struct gfs_kv_backend *backend, const struct gfs_superblock *sb)
{
	struct gfs_store_meta meta;
	struct gfs_kv_batch *batch;
	GFS_AUTO_BUF value = GFS_BUF_INIT;
	meta_first(sb, &meta);
	gfs_store_meta_encode(&meta, &value);
	int err = gfs_buf_failed(&value);
	if (err == 0)
		err = backend->ops->batch_begin(backend, &batch);
	if (err != 0)
		return err;
	err = gfs_kv_row_put(backend, batch, GFS_KV_META, gfs_slice_text(gfs_store_meta_key), gfs_buf_slice(&value));
	if (err == 0)
		return backend->ops->batch_commit(batch);
	backend->ops->batch_abort(batch);
	return err;
}

static char *join(const char *path, const char *name)
{
	size_t size = strlen(path) + strlen(name) + 2;
	char *joined = malloc(size);
	if (joined)
		snprintf(joined, size, "%s/%s", path, name);
	return joined;
}

static int backend_open(const char *path, const struct gfs_kv_lmdb_opts *opts, struct gfs_kv_backend **ret_backend,
	struct gfs_message *message)
{
	char *file = join(path, GFS_STORE_KV_NAME);
	if (!file) {
		(void)gfs_fail(message, GFS_ERR_NOMEM, "%s", gfs_err_text(GFS_ERR_NOMEM)); /* its answer is the code */
		return GFS_ERR_NOMEM;
	}
	int err = gfs_kv_lmdb_open(file, opts, ret_backend, message);
	free(file);
	return err;
}

static int create_tables(const char *path, struct gfs_superblock *sb, struct gfs_message *message)
{
	struct gfs_kv_backend *backend = NULL;
	struct gfs_kv_backend_stats stats;
	int err = backend_open(path, &(struct gfs_kv_lmdb_opts){ .create = true }, &backend, message);
	if (err != 0)
		return err;
	err = put_first(backend, sb);
	backend->ops->stats(backend, &stats);
	backend->ops->close(backend);
	sb->kv_commit_id = stats.commit_id;
	return err == 0 ? 0 : gfs_fail(message, err, "%s/" GFS_STORE_KV_NAME ": %s", path, gfs_err_text(err));
}

static int sync_parent(int dir_fd)
{
	int parent_fd = -1;
	int err = gfs_io_open_dir_at(dir_fd, "..", &parent_fd);
	if (err == GFS_ERR_ACCESS)
		return 0; /* not ours to read: whoever made the folder made it durable */
	if (err == 0)
		err = gfs_io_sync_dir(parent_fd);
	gfs_io_close(parent_fd);
	return err;
}

/* Everything but the superblock, which comes last: with it the folder is a database. */
static int create_contents(
	int dir_fd, int lock_fd, const char *path, struct gfs_superblock *sb, struct gfs_message *message)
{
	int err = lock_text_write(lock_fd, LOCK_CREATING);
	if (err == 0)
		err = gfs_io_sync(lock_fd);
	if (err == 0)
		err = remove_leftovers(dir_fd);
	if (err == 0)
		err = create_log(dir_fd, sb->database_id);
	if (err != 0)
		return gfs_fail(message, err, "%s: %s", path, gfs_err_text(err));
	err = create_tables(path, sb, message);
	if (err != 0)
		return err;
	err = gfs_io_sync_dir(dir_fd);
	if (err == 0)
		err = gfs_superblock_create(dir_fd, sb);
	if (err == 0)
		err = gfs_io_sync_dir(dir_fd);
	if (err == 0)
		err = sync_parent(dir_fd);
	if (err == 0)
		err = lock_text_write(lock_fd, "");
	if (err == 0)
		err = gfs_io_sync(lock_fd); /* a text that stays LOCK_CREATING would let a damaged database be made anew */
	return err == 0 ? 0 : gfs_fail(message, err, "%s: %s", path, gfs_err_text(err));
}

static int superblock_first(struct gfs_superblock *ret_sb, struct gfs_message *message)
{
	struct gfs_superblock sb = {
		.sequence = 1,
		.created_ns = gfs_clock_real_ns(),
		.checkpoint_lsn = GFS_STORE_FIRST_LSN,
		.previous_lsn = GFS_STORE_FIRST_LSN,
		.format_version = GFS_FORMAT_VERSION,
	};
	if (getrandom(&sb.database_id, sizeof sb.database_id, 0) != (ssize_t)sizeof sb.database_id)
		return gfs_fail(message, GFS_ERR_IO, "no random number for the database's id");
	*ret_sb = sb;
	return 0;
}

int gfs_store_create(const char *path, struct gfs_message *message)
{
	int dir_fd = -1, lock_fd = -1;
	struct gfs_superblock sb = { 0 };
	int err = superblock_first(&sb, message);
	if (err != 0)
		return err;
	err = open_folder(path, &dir_fd, message);
	if (err != 0)
		goto out;
	err = check_folder(dir_fd, path, message);
	if (err != 0)
		goto out;
	if (fchmod(dir_fd, 0700) != 0) {
		err = gfs_fail(message, GFS_ERR_PERM, "%s: cannot be made private (mode 0700)", path);
		goto out;
	}
	err = lock_take(dir_fd, path, GFS_IO_READ_WRITE | GFS_IO_CREATE, &lock_fd, message);
	if (err != 0)
		goto out;
	err = check_folder(dir_fd, path, message); /* again: another creation may have ended meanwhile */
	if (err != 0)
		goto out;
	err = create_contents(dir_fd, lock_fd, path, &sb, message);
out:
	gfs_io_close(lock_fd);
	gfs_io_close(dir_fd);
	return err;
}

/* ---- open ---- */

static void defaults(struct gfs_store_opts *o)
{
	if (o->wal_segment_bytes == 0)
		o->wal_segment_bytes = GFS_WAL_SEGMENT_BYTES_DEFAULT;
	if (o->checkpoint_interval_ms == 0)
		o->checkpoint_interval_ms = CHECKPOINT_INTERVAL_MS_DEFAULT;
	if (o->checkpoint_log_bytes == 0)
		o->checkpoint_log_bytes = CHECKPOINT_LOG_BYTES_DEFAULT;
	o->dirty_bytes_max = GFS_MIN(o->dirty_bytes_max, UINT64_MAX / 2);
}

static struct gfs_store *store_alloc(const struct gfs_store_opts *opts)
{
	struct gfs_store *store = calloc(1, sizeof *store);
	if (!store)
		return NULL;
	store->opts = opts ? *opts : (struct gfs_store_opts){ 0 };
	defaults(&store->opts);
	store->read_only = store->opts.read_only || store->opts.force_read_only_on_dirty;
	store->dir_fd = store->wal_fd = store->lock_fd = -1;
	store->generation = 1;
	store->txn.store = store;
	gfs_page_pool_init(&store->pool);
	gfs_rwlock_init(&store->graph, GFS_RANK_STORE);
	gfs_mutex_init(&store->checkpoint, GFS_RANK_CHECKPOINT);
	gfs_mutex_init(&store->state, GFS_RANK_LEAF);
	gfs_cond_init(&store->wake);
	gfs_cond_init(&store->progress);
	return store;
}

/* Of a store in any state of construction, without threads of its own. */
static void store_free(struct gfs_store *store)
{
	gfs_prefetch_free(store->prefetch);
	gfs_wal_close(store->wal);
	gfs_ids_free(store->ids);
	gfs_kv_free(store->kv);
	gfs_cache_free(store->cache);
	gfs_cache_budget_free(store->budget);
	if (store->backend)
		store->backend->ops->close(store->backend);
	gfs_undo_free(store->txn.undo);
	gfs_buf_release(&store->txn.log);
	free(store->dirty.pages);
	gfs_page_pool_release(&store->pool);
	gfs_cond_release(&store->progress);
	gfs_cond_release(&store->wake);
	gfs_mutex_release(&store->state);
	gfs_mutex_release(&store->checkpoint);
	gfs_rwlock_release(&store->graph);
	gfs_io_close(store->wal_fd);
	gfs_io_close(store->dir_fd);
	gfs_io_close(store->lock_fd); /* last: gives the lock back */
	free(store);
}

static int open_memory(struct gfs_store *store)
{
	const struct gfs_cache_ops ops = { .evict = gfs_page_evict, .context = store };
	int err = gfs_undo_new(&store->txn.undo);
	if (err == 0)
		err = gfs_cache_budget_new(&store->opts.cache, &store->budget);
	if (err == 0)
		err = gfs_cache_budget_open(store->budget, GFS_CACHE_PAGE, &ops, &store->cache);
	if (err == 0)
		err = gfs_prefetch_new(store, &store->prefetch);
	if (err == 0)
		err = gfs_kv_new(store->backend, &store->kv);
	if (err == 0)
		err = gfs_ids_new(&store->ids);
	return err;
}

static int open_log(struct gfs_store *store, const char *path, struct gfs_message *message)
{
	const struct gfs_wal_opts opts = {
		.database_id = store->database_id,
		.segment_bytes = store->opts.wal_segment_bytes,
		.mode = store->opts.wal_mode,
		.interval_ms = store->opts.wal_interval_ms,
		.read_only = store->read_only,
	};
	int err = gfs_io_open_dir_at(store->dir_fd, GFS_STORE_WAL_NAME, &store->wal_fd);
	if (err != 0)
		return gfs_fail(message, err == GFS_ERR_NOTFOUND ? GFS_ERR_CORRUPT : err, "%s/" GFS_STORE_WAL_NAME ": %s", path,
			gfs_err_text(err));
	return gfs_wal_open(
		store->wal_fd, &opts, atomic_load_explicit(&store->base_lsn, memory_order_relaxed), &store->wal, message);
}

static int open_parts(struct gfs_store *store, const char *path, struct gfs_message *message)
{
	int err = gfs_io_open_dir(path, &store->dir_fd);
	if (err != 0)
		return gfs_fail(message, err, "%s: %s", path, gfs_err_text(err));
	/* Before the lock, so that a folder that is no database gets no lock file; and after it, when nobody else writes it. */
	err = gfs_superblock_read(store->dir_fd, &store->sb, message);
	if (err != 0 && err != GFS_ERR_CORRUPT)
		return err;
	err = lock_open(store, path, message);
	if (err == 0)
		err = gfs_superblock_read(store->dir_fd, &store->sb, message);
	if (err == 0)
		err = backend_open(path, &(struct gfs_kv_lmdb_opts){ .read_only = store->read_only }, &store->backend, message);
	if (err == 0)
		err = gfs_recovery_reconcile(store, message);
	if (err == 0)
		err = open_log(store, path, message);
	if (err != 0)
		return err;
	err = open_memory(store);
	return err == 0 ? 0 : gfs_fail(message, err, "%s", gfs_err_text(err));
}

int gfs_store_open(
	const char *path, const struct gfs_store_opts *opts, struct gfs_store **ret_store, struct gfs_message *message)
{
	struct gfs_store *store = store_alloc(opts);
	if (!store)
		return gfs_fail(message, GFS_ERR_NOMEM, "%s", gfs_err_text(GFS_ERR_NOMEM));
	int err = open_parts(store, path, message);
	if (err != 0) {
		store_free(store);
		return err;
	}
	*ret_store = store;
	return 0;
}

int gfs_store_close(struct gfs_store *store)
{
	int err = 0;
	if (!store)
		return 0;
	gfs_prefetch_stop(store->prefetch);
	gfs_checkpoint_thread_stop(store);
	if (atomic_load_explicit(&store->recovered, memory_order_acquire)) { /* so it is not read-only */
		err = gfs_store_failure(store);
		if (err == 0)
			err = gfs_checkpoint_settle(store);
	}
	if (!store->read_only)
		lock_tell(store->lock_fd, "");
	store_free(store);
	return err;
}

/* ---- readers, failure ---- */

void gfs_store_read_begin(struct gfs_store *store)
{
	gfs_rwlock_read(&store->graph);
}

void gfs_store_read_end(struct gfs_store *store)
{
	gfs_rwlock_unlock_read(&store->graph);
}

void gfs_store_fail(struct gfs_store *store, int cause)
{
	int none = 0;
	assert(cause != 0);
	if (!atomic_compare_exchange_strong_explicit(
			&store->failure, &none, cause, memory_order_release, memory_order_relaxed))
		return;
	gfs_mutex_lock(&store->state);
	gfs_cond_broadcast(&store->progress);
	gfs_mutex_unlock(&store->state);
}

int gfs_store_failure(struct gfs_store *store)
{
	struct gfs_wal_stats stats;
	int failure = atomic_load_explicit(&store->failure, memory_order_acquire);
	if (failure != 0)
		return failure;
	gfs_wal_stats_get(store->wal, &stats);
	return stats.failure;
}

/* ---- durability ---- */

int gfs_store_commit_wait(struct gfs_store *store, uint64_t lsn)
{
	if (lsn == 0)
		return 0; /* nothing was logged */
	return gfs_wal_commit_wait(store->wal, lsn);
}

bool gfs_store_commit_blocks(const struct gfs_store *store)
{
	struct gfs_wal_stats stats;
	gfs_wal_stats_get(store->wal, &stats);
	return stats.mode != GFS_WAL_ASYNC;
}

int gfs_store_sync(struct gfs_store *store)
{
	if (store->read_only)
		return 0;
	return gfs_wal_sync(store->wal, gfs_wal_end_lsn(store->wal));
}

/* ---- the rest ---- */

struct gfs_kv *gfs_store_kv(struct gfs_store *store)
{
	return store->kv;
}

struct gfs_kv_backend *gfs_store_kv_backend(struct gfs_store *store)
{
	return store->backend;
}

struct gfs_cache_budget *gfs_store_cache_budget(struct gfs_store *store)
{
	return store->budget;
}

struct gfs_cache *gfs_store_page_cache(struct gfs_store *store)
{
	return store->cache;
}

/* ---- warming ---- */

int gfs_store_warm(struct gfs_store *store)
{
	uint64_t *ids;
	size_t count;
	int err = gfs_warm_read(store->dir_fd, store->database_id, &ids, &count);
	if (err == 0)
		gfs_prefetch_warm(store->prefetch, ids, count);
	return err;
}

int gfs_store_warm_save(struct gfs_store *store)
{
	if (store->read_only)
		return GFS_ERR_READONLY;
	uint64_t *ids = calloc(GFS_WARM_IDS_MAX, sizeof *ids);
	if (!ids)
		return GFS_ERR_NOMEM;
	size_t count = gfs_cache_keys(store->cache, ids, GFS_WARM_IDS_MAX);
	int err = gfs_warm_write(store->dir_fd, store->database_id, ids, count);
	free(ids);
	return err;
}

struct gfs_wal *gfs_store_wal(struct gfs_store *store)
{
	return store->wal;
}

int gfs_store_temporary_file(struct gfs_store *store, int *ret_fd)
{
	return gfs_io_open_temporary(store->dir_fd, ret_fd);
}

#define RELAXED(field) atomic_load_explicit(&store->field, memory_order_relaxed)

void gfs_store_stats_get(struct gfs_store *store, struct gfs_store_stats *ret_stats)
{
	struct gfs_wal_stats wal;
	struct gfs_kv_backend_stats kv;
	gfs_wal_stats_get(store->wal, &wal);
	store->backend->ops->stats(store->backend, &kv);
	*ret_stats = (struct gfs_store_stats){
		.database_id = store->database_id,
		.checkpoints = RELAXED(checkpoints),
		.checkpoint_ns_last = RELAXED(checkpoint_ns_last),
		.checkpoint_stall_ns_max = RELAXED(checkpoint_stall_ns_max),
		.checkpoint_lsn = RELAXED(base_lsn),
		.commits = RELAXED(commits),
		.aborts = RELAXED(aborts),
		.pages_read = RELAXED(pages_read),
		.pages_written = RELAXED(pages_written),
		.dirty_bytes = gfs_store_dirty_bytes(store),
		.recovered_transactions = RELAXED(recovered_transactions),
		.disk_bytes = kv.file_bytes + wal.disk_bytes,
		.read_only = store->read_only,
		.failure = gfs_store_failure(store),
	};
	gfs_prefetch_counts(store->prefetch, &ret_stats->pages_ahead, &ret_stats->pages_warmed);
	if (gfs_io_space(store->dir_fd, &ret_stats->free_bytes, &ret_stats->total_bytes) != 0)
		ret_stats->free_bytes = ret_stats->total_bytes = 0; /* unknown */
}
