/* The key-value backend on LMDB 0.9.
 *
 * Readers: a read transaction costs a slot in LMDB's reader table and some allocations, so finished ones are reset and kept; a get
 * renews one, which takes the newest committed snapshot. A reader also keeps one cursor a table.
 *
 * Memory: every page read through the map stays resident until it is given back. We count what reads touch (a stretch of 64 KiB for
 * each value, as the kernel maps that much around a fault) and give back the whole map after every RESIDENT_BYTES_MAX. `seen`
 * keeps stretches that are read again and again from being counted twice; what it forgets counts twice, which is harmless.
 *
 * While a batch is exposed (batch_expose), reads go through its transaction: no reader is taken, and cursors are made for each use. */
#include "store/kv_lmdb_private.h"

#include "base/io.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { READERS_MAX = 1022, IDLE_READERS_MAX = 64 };
#define RESIDENT_BYTES_MAX (UINT64_C(8) << 20)
#define MAP_BYTES_DEFAULT (UINT64_C(1) << 40)
#define MAP_BYTES_MIN (UINT64_C(64) << 20)

const char *const gfs_lmdb_table_names[GFS_KV_TABLE_COUNT] = {
	[GFS_KV_PAGES] = "pages",
	[GFS_KV_META] = "meta",
	[GFS_KV_CATALOG] = "catalog",
	[GFS_KV_KEYS] = "keys",
	[GFS_KV_IDSETS] = "idsets",
	[GFS_KV_ADJ] = "adj",
	[GFS_KV_FREE] = "free",
	[GFS_KV_PROPS] = "props",
};

int gfs_lmdb_error(int rc)
{
	switch (rc) {
	case MDB_SUCCESS:
		return 0;
	case MDB_NOTFOUND:
		return GFS_ERR_NOTFOUND;
	case MDB_KEYEXIST:
		return GFS_ERR_EXISTS;
	case MDB_INVALID:
		return GFS_ERR_NOTDB;
	case MDB_VERSION_MISMATCH:
		return GFS_ERR_VERSION;
	case MDB_PANIC:
	case MDB_BAD_TXN:
		return GFS_ERR_FAILED;
	case MDB_MAP_FULL:
		return GFS_ERR_NOSPC;
	case MDB_READERS_FULL:
		return GFS_ERR_AGAIN;
	case MDB_TXN_FULL:
		return GFS_ERR_LIMIT;
	case MDB_BAD_VALSIZE:
		return GFS_ERR_INVALID;
	default:
		/* MDB_CORRUPTED, MDB_PAGE_NOTFOUND and the rest of LMDB's own (all negative); else an errno. */
		return rc < 0 ? GFS_ERR_CORRUPT : gfs_err_from_errno(rc);
	}
}

/* ---- resident memory ---- */

void gfs_lmdb_give_memory_back(struct gfs_lmdb *db)
{
	atomic_fetch_add_explicit(&db->epoch, 1, memory_order_relaxed);
	atomic_store_explicit(&db->touched_bytes, 0, memory_order_relaxed);
	if (db->map)
		(void)madvise(db->map, db->map_size, MADV_DONTNEED); /* advice: a refusal costs memory only */
}

void gfs_lmdb_note_touched(struct gfs_lmdb *db, uint64_t bytes)
{
	/* Of an exposed batch it is not known how much of the file it uses. */
	if (!db->exposed && atomic_load_explicit(&db->used_bytes, memory_order_relaxed) <= RESIDENT_BYTES_MAX)
		return;
	uint64_t before = atomic_fetch_add_explicit(&db->touched_bytes, bytes, memory_order_relaxed);
	if (before < RESIDENT_BYTES_MAX && before + bytes >= RESIDENT_BYTES_MAX)
		gfs_lmdb_give_memory_back(db);
}

void gfs_lmdb_note_read(struct gfs_lmdb *db, const void *data, size_t size)
{
	uint64_t stretch = (uintptr_t)data >> GFS_LMDB_FAULT_SHIFT;
	uint64_t mark = stretch | (uint64_t)atomic_load_explicit(&db->epoch, memory_order_relaxed) << 40;
	_Atomic uint64_t *seen = &db->seen[stretch % GFS_LMDB_SEEN_COUNT];
	if (atomic_load_explicit(seen, memory_order_relaxed) == mark)
		return;
	atomic_store_explicit(seen, mark, memory_order_relaxed);
	gfs_lmdb_note_touched(db, (UINT64_C(1) << GFS_LMDB_FAULT_SHIFT) + size);
}

/* LMDB does not tell where its map lies: look for the file's inode among the mappings, and for what the file begins with (a page's head and the
 * format, which never change). */
static bool is_mapping(mdb_filehandle_t fd, const void *begin, uint64_t inode)
{
	uint8_t bytes[24];
	struct stat st;
	return fstat(fd, &st) == 0 && st.st_ino == inode && gfs_io_read_at(fd, bytes, sizeof bytes, 0) == 0 &&
		memcmp(bytes, begin, sizeof bytes) == 0;
}

static int locate_map(struct gfs_lmdb *db)
{
	uintptr_t low, high;
	uint64_t inode, offset;
	char line[512], rights[8];
	mdb_filehandle_t fd;
	int rc = mdb_env_get_fd(db->env, &fd);
	if (rc)
		return gfs_lmdb_error(rc);
	db->map = NULL;
	FILE *maps = fopen("/proc/self/maps", "re");
	while (maps && !db->map && fgets(line, sizeof line, maps)) {
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %7s %" SCNx64 " %*s %" SCNu64, &low, &high, rights, &offset,
				&inode) == 5 &&
			offset == 0 && rights[0] == 'r' && is_mapping(fd, (const void *)low, inode)) {
			db->map = (uint8_t *)low;
			db->map_size = high - low;
		}
	}
	if (maps)
		(void)fclose(maps); /* was only read */
	return db->map ? 0 : GFS_ERR_IO;
}

/* An exposed batch has pages past those of the last commit. */
void gfs_lmdb_note_used(struct gfs_lmdb *db)
{
	MDB_envinfo info;
	mdb_filehandle_t fd;
	uint64_t bytes = 0;
	if (db->exposed && (mdb_env_get_fd(db->env, &fd) || gfs_io_size(fd, &bytes)))
		bytes = 0;
	if (!mdb_env_info(db->env, &info))
		bytes = GFS_MAX(bytes, (info.me_last_pgno + 1) * db->page_bytes);
	atomic_store_explicit(&db->used_bytes, bytes, memory_order_relaxed);
}

/* ---- readers ---- */

static void reader_free(struct gfs_lmdb_reader *r)
{
	if (r->txn)
		mdb_txn_abort(r->txn);
	free(r);
}

static int reader_new(struct gfs_lmdb *db, struct gfs_lmdb_reader **ret_reader)
{
	struct gfs_lmdb_reader *r = calloc(1, sizeof *r);
	if (!r)
		return GFS_ERR_NOMEM;
	int rc = mdb_txn_begin(db->env, NULL, MDB_RDONLY, &r->txn);
	if (rc)
		free(r);
	else
		*ret_reader = r;
	return gfs_lmdb_error(rc);
}

/* In place of one that LMDB refuses. */
static int reader_stand_in(struct gfs_lmdb *db, struct gfs_lmdb_reader **ret_reader)
{
	if (!atomic_load_explicit(&db->last_noted, memory_order_acquire))
		return GFS_ERR_FAILED;
	struct gfs_lmdb_reader *r = calloc(1, sizeof *r);
	if (!r)
		return GFS_ERR_NOMEM;
	r->seen = db->last;
	*ret_reader = r;
	return 0;
}

static struct gfs_lmdb_reader *pool_take(struct gfs_lmdb *db)
{
	gfs_mutex_lock(&db->pool_lock);
	struct gfs_lmdb_reader *r = db->idle;
	if (r) {
		db->idle = r->next;
		db->idle_count--;
	}
	db->active++;
	gfs_mutex_unlock(&db->pool_lock);
	return r;
}

/* `r` may be NULL: a reader that did not come to be. Returns the one that the pool has no room for. */
static struct gfs_lmdb_reader *pool_give(struct gfs_lmdb *db, struct gfs_lmdb_reader *r)
{
	gfs_mutex_lock(&db->pool_lock);
	assert(db->active > 0);
	db->active--;
	if (r && db->idle_count < IDLE_READERS_MAX) {
		r->next = db->idle;
		db->idle = r;
		db->idle_count++;
		r = NULL;
	}
	gfs_mutex_unlock(&db->pool_lock);
	return r;
}

/* What the reader's transaction sees. Its pages stay as they are for as long as that is open. */
static int reader_look(struct gfs_lmdb *db, struct gfs_lmdb_reader *r)
{
	if (!r->txn)
		return 0;
	uint64_t transaction = mdb_txn_id(r->txn);
	if (r->seen.snapshot.transaction == transaction)
		return 0;
	r->seen.snapshot.transaction = 0;
	return gfs_lmdb_seen_open(db, transaction, &r->seen);
}

static int reader_renew(struct gfs_lmdb *db, struct gfs_lmdb_reader **ret_reader)
{
	struct gfs_lmdb_reader *r = pool_take(db);
	int err = 0;
	if (!r) {
		err = reader_new(db, &r);
	} else if (r->txn) {
		err = gfs_lmdb_error(mdb_txn_renew(r->txn));
		if (err)
			reader_free(r);
	}
	if (err == GFS_ERR_FAILED)
		err = reader_stand_in(db, &r);
	if (err)
		(void)pool_give(db, NULL); /* gives nothing back */
	else
		*ret_reader = r;
	return err;
}

int gfs_lmdb_reader_begin(struct gfs_lmdb *db, struct gfs_lmdb_reader **ret_reader)
{
	struct gfs_lmdb_reader *r = NULL;
	for (;;) {
		int err = reader_renew(db, &r);
		if (!err)
			err = reader_look(db, r);
		else
			return err;
		if (!err) {
			*ret_reader = r;
			return 0;
		}
		gfs_lmdb_reader_end(db, r);
		if (err != GFS_ERR_AGAIN) /* two commits since the transaction began: once more */
			return err;
	}
}

void gfs_lmdb_reader_end(struct gfs_lmdb *db, struct gfs_lmdb_reader *r)
{
	if (r->txn)
		mdb_txn_reset(r->txn);
	struct gfs_lmdb_reader *surplus = pool_give(db, r);
	if (surplus)
		reader_free(surplus);
}

static void pool_empty(struct gfs_lmdb *db)
{
	while (db->idle) {
		struct gfs_lmdb_reader *r = db->idle;
		db->idle = r->next;
		reader_free(r);
	}
	db->idle_count = 0;
}

void gfs_lmdb_grow_map(struct gfs_lmdb *db)
{
	uint64_t wanted = GFS_MIN(db->map_bytes * 2, db->map_bytes_max);
	gfs_mutex_lock(&db->pool_lock);
	if (db->active == 0 && wanted > db->map_bytes) {
		pool_empty(db);
		if (!mdb_env_set_mapsize(db->env, wanted))
			db->map_bytes = wanted;
		if (locate_map(db)) /* then nothing can be read any more, and every reader says so */
			db->map_size = 0;
		db->map_was_full = false;
	}
	gfs_mutex_unlock(&db->pool_lock);
}

/* ---- statistics ---- */

static void lmdb_stats(struct gfs_kv_backend *kv, struct gfs_kv_backend_stats *ret_stats)
{
	struct gfs_lmdb *db = gfs_lmdb_of(kv);
	struct gfs_kv_backend_stats stats = { 0 };
	MDB_envinfo info;
	mdb_filehandle_t fd;
	if (!mdb_env_info(db->env, &info)) {
		stats.commit_id = info.me_last_txnid;
		stats.used_bytes = (info.me_last_pgno + 1) * db->page_bytes;
	}
	uint64_t free_pages = atomic_load_explicit(&db->free_pages, memory_order_relaxed);
	stats.free_bytes = free_pages == UINT64_MAX ? UINT64_MAX : free_pages * db->page_bytes;
	if (mdb_env_get_fd(db->env, &fd) || gfs_io_size(fd, &stats.file_bytes))
		stats.file_bytes = stats.used_bytes;
	*ret_stats = stats;
}

/* ---- open and close ---- */

static void lmdb_close(struct gfs_kv_backend *kv)
{
	struct gfs_lmdb *db = gfs_lmdb_of(kv);
	assert(db->active == 0);
	pool_empty(db);
	if (db->env)
		mdb_env_close(db->env);
	gfs_mutex_release(&db->pool_lock);
	free(db);
}

static const struct gfs_kv_backend_ops lmdb_ops = {
	.close = lmdb_close,
	.get = gfs_lmdb_get,
	.get_into = gfs_lmdb_get_into,
	.cursor_open = gfs_lmdb_cursor_open,
	.cursor_seek = gfs_lmdb_cursor_seek,
	.cursor_next = gfs_lmdb_cursor_next,
	.cursor_prev = gfs_lmdb_cursor_prev,
	.cursor_close = gfs_lmdb_cursor_close,
	.batch_begin = gfs_lmdb_batch_begin,
	.batch_put = gfs_lmdb_batch_put,
	.batch_delete = gfs_lmdb_batch_delete,
	.batch_expose = gfs_lmdb_batch_expose,
	.batch_commit = gfs_lmdb_batch_commit,
	.batch_abort = gfs_lmdb_batch_abort,
	.stats = lmdb_stats,
};

/* One attempt with one size of the map; LMDB's own code. After a failure the environment cannot be used again. */
static int env_open(struct gfs_lmdb *db, const char *path, uint64_t map_bytes)
{
	unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD | (db->read_only ? MDB_RDONLY | MDB_NOLOCK : 0);
	int rc = mdb_env_create(&db->env);
	if (rc)
		return rc;
	rc = mdb_env_set_maxdbs(db->env, GFS_KV_TABLE_COUNT + 1); /* and the valve of a batch */
	if (!rc)
		rc = mdb_env_set_maxreaders(db->env, READERS_MAX);
	if (!rc)
		rc = mdb_env_set_mapsize(db->env, map_bytes);
	if (!rc)
		rc = mdb_env_open(db->env, path, flags, 0600);
	if (rc) {
		mdb_env_close(db->env);
		db->env = NULL;
	}
	return rc;
}

/* Address space may be scarce (sanitizers, RLIMIT_AS): take what there is. */
static int env_open_largest(struct gfs_lmdb *db, const char *path)
{
	uint64_t map_bytes = db->map_bytes_max;
	int rc = env_open(db, path, map_bytes);
	while (rc == ENOMEM && map_bytes > MAP_BYTES_MIN) {
		map_bytes = GFS_MAX(map_bytes / 4, MAP_BYTES_MIN);
		rc = env_open(db, path, map_bytes);
	}
	db->map_bytes = map_bytes;
	return gfs_lmdb_error(rc);
}

/* The pages by which LMDB finds the tables, and, `changing`, those that it takes new pages from. */
static int check_names(struct gfs_lmdb *db, uint64_t transaction, bool changing)
{
	struct gfs_lmdb_file file;
	struct gfs_lmdb_snapshot snapshot;
	struct gfs_lmdb_sound sound = { 0 };
	int err = gfs_lmdb_file_look(db, &file);
	if (!err)
		err = gfs_lmdb_snapshot_open(&file, transaction, &snapshot);
	if (!err)
		err = gfs_lmdb_sound_init(&sound, &snapshot);
	if (!err && changing)
		err = gfs_lmdb_free_check(&snapshot, &sound);
	for (unsigned i = 0; i < GFS_KV_TABLE_COUNT && !err; i++)
		err = gfs_lmdb_path_check(&snapshot, &snapshot.main, gfs_slice_text(gfs_lmdb_table_names[i]), &sound);
	gfs_lmdb_sound_release(&sound);
	return err;
}

static int open_tables(struct gfs_lmdb *db, bool create)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(db->env, NULL, create ? 0 : MDB_RDONLY, &txn);
	if (rc)
		return gfs_lmdb_error(rc);
	int err = check_names(db, mdb_txn_id(txn) - (create ? 1 : 0), create);
	if (err) {
		mdb_txn_abort(txn);
		return err;
	}
	for (unsigned i = 0; i < GFS_KV_TABLE_COUNT && !rc; i++)
		rc = mdb_dbi_open(txn, gfs_lmdb_table_names[i], create ? MDB_CREATE : 0, &db->tables[i]);
	if (rc) {
		mdb_txn_abort(txn);
		return rc == MDB_NOTFOUND ? GFS_ERR_CORRUPT : gfs_lmdb_error(rc);
	}
	return gfs_lmdb_error(mdb_txn_commit(txn));
}

/* What LMDB would take at its word as soon as it opens the file. */
static int check_metas(int fd, uint64_t size)
{
	size_t wanted = (size_t)GFS_MIN(size, GFS_LMDB_METAS_BYTES_MAX);
	uint8_t *bytes = malloc(wanted);
	if (!bytes)
		return GFS_ERR_NOMEM;
	int err = gfs_io_read_at(fd, bytes, wanted, 0);
	if (!err)
		err = gfs_lmdb_metas_check(gfs_slice(bytes, wanted));
	free(bytes);
	return err;
}

/* LMDB would fill an empty file and follow a link: look first. */
static int check_file(const char *path, const struct gfs_kv_lmdb_opts *opts)
{
	int fd;
	uint64_t size;
	int err = gfs_io_open_at(AT_FDCWD, path, GFS_IO_READ_ONLY, &fd);
	if (err == GFS_ERR_NOTFOUND && opts->create)
		return 0;
	if (err)
		return err;
	err = gfs_io_size(fd, &size);
	if (!err && size == 0 && !opts->create)
		err = GFS_ERR_NOTDB;
	if (!err && size > 0)
		err = check_metas(fd, size);
	gfs_io_close(fd);
	return err;
}

/* Reading a page past the end of the file would be a SIGBUS. Pages that a transaction took and gave back may be missing there quite
 * rightly; as zeros they do no harm, and where something is missing wrongly LMDB finds no page and says so. */
static int extend_file(struct gfs_lmdb *db, const char *path)
{
	struct gfs_kv_backend_stats stats;
	int fd;
	lmdb_stats(&db->base, &stats);
	if (stats.file_bytes >= stats.used_bytes)
		return 0;
	if (db->read_only)
		return GFS_ERR_CORRUPT;
	int err = gfs_io_open_at(AT_FDCWD, path, GFS_IO_READ_WRITE, &fd);
	if (err)
		return err;
	err = gfs_io_truncate(fd, stats.used_bytes);
	gfs_io_close(fd);
	return err;
}

static int open_all(struct gfs_lmdb *db, const char *path, const struct gfs_kv_lmdb_opts *opts)
{
	MDB_stat stat;
	int err = check_file(path, opts);
	if (!err)
		err = env_open_largest(db, path);
	if (!err)
		err = gfs_lmdb_error(mdb_env_stat(db->env, &stat));
	if (err)
		return err;
	db->page_bytes = stat.ms_psize;
	err = extend_file(db, path);
	if (!err)
		err = locate_map(db);
	if (!err)
		err = open_tables(db, opts->create);
	gfs_lmdb_note_used(db);
	return err;
}

int gfs_kv_lmdb_open(const char *path, const struct gfs_kv_lmdb_opts *opts, struct gfs_kv_backend **ret_backend,
	struct gfs_message *message)
{
	assert(!(opts->create && opts->read_only));
	struct gfs_lmdb *db = calloc(1, sizeof *db);
	if (!db)
		return GFS_ERR_NOMEM;
	db->base.ops = &lmdb_ops;
	db->read_only = opts->read_only;
	db->map_bytes_max = opts->map_bytes ? opts->map_bytes : MAP_BYTES_DEFAULT;
	atomic_init(&db->free_pages, UINT64_MAX);
	gfs_mutex_init(&db->pool_lock, GFS_RANK_KV_TXN_POOL);
	int err = open_all(db, path, opts);
	if (err) {
		lmdb_close(&db->base);
		return gfs_fail(message, err, "%s: %s", path, gfs_err_text(err));
	}
	*ret_backend = &db->base;
	return 0;
}
