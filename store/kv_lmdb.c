/* The key-value backend on LMDB 0.9.
 *
 * Readers: a read transaction costs a slot in LMDB's reader table and some allocations, so finished ones are reset and kept; a get
 * renews one, which takes the newest committed snapshot. A reader also keeps one cursor a table.
 *
 * Memory: every page read through the map stays resident until it is given back. We count what reads touch (a stretch of 64 KiB for
 * each value, as the kernel maps that much around a fault) and give back the whole map after every RESIDENT_BYTES_MAX. `seen`
 * keeps stretches that are read again and again from being counted twice; what it forgets counts twice, which is harmless. */
#include "base/checked.h"
#include "base/io.h"
#include "base/lock.h"
#include "store/kv.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <lmdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { READERS_MAX = 1022, IDLE_READERS_MAX = 64, FAULT_SHIFT = 16, SEEN_COUNT = 1024 };
#define RESIDENT_BYTES_MAX (UINT64_C(8) << 20)
#define MAP_BYTES_DEFAULT (UINT64_C(1) << 40)
#define MAP_BYTES_MIN (UINT64_C(64) << 20)

static const char *const table_names[GFS_KV_TABLE_COUNT] = {
	[GFS_KV_PAGES] = "pages",
	[GFS_KV_META] = "meta",
	[GFS_KV_CATALOG] = "catalog",
	[GFS_KV_KEYS] = "keys",
	[GFS_KV_IDSETS] = "idsets",
	[GFS_KV_ADJ] = "adj",
	[GFS_KV_FREE] = "free",
	[GFS_KV_PROPS] = "props",
};

struct lmdb;

struct gfs_kv_cursor {
	struct lmdb *db;
	MDB_cursor *at; /* one of the reader's */
	bool past_end;  /* the last seek found nothing */
};

struct reader {
	struct reader *next; /* in the pool */
	MDB_txn *txn;
	MDB_cursor *cursors[GFS_KV_TABLE_COUNT]; /* opened at first use */
	struct gfs_kv_cursor cursor;
};

struct lmdb {
	struct gfs_kv_backend base;
	MDB_env *env;
	MDB_dbi tables[GFS_KV_TABLE_COUNT];
	uint64_t map_bytes_max; /* the caller's limit */
	uint64_t map_bytes;
	uint32_t page_bytes;
	bool read_only;

	struct gfs_mutex
		pool_lock; /* guards idle, idle_count and active; map and map_size change under it while active is 0 */
	struct reader *idle;
	unsigned idle_count;
	unsigned active; /* readers in use */
	void *map;       /* NULL: not found, nothing is given back */
	size_t map_size;

	/* The batch's thread only. */
	bool map_was_full;
	bool failed;

	_Atomic uint64_t touched_bytes;    /* relaxed: a figure; who resets it to 0 gives the memory back */
	_Atomic uint64_t used_bytes;       /* relaxed: a figure */
	_Atomic uint32_t epoch;            /* relaxed: how often memory was given back */
	_Atomic uint64_t seen[SEEN_COUNT]; /* relaxed: a filter of stretches (low 40 bits), each with its epoch */
};

struct gfs_kv_batch {
	struct lmdb *db;
	MDB_txn *txn;
	MDB_cursor *cursors[GFS_KV_TABLE_COUNT]; /* opened at first use; the transaction's end frees them */
	/* A key that no key of the table exceeds, for appending; size 0: the table was empty. */
	size_t last_size[GFS_KV_TABLE_COUNT];
	uint8_t last[GFS_KV_TABLE_COUNT][GFS_KV_KEY_BYTES_MAX];
};

static int translate(int rc)
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

static struct lmdb *lmdb_of(struct gfs_kv_backend *kv)
{
	return gfs_container_of(kv, struct lmdb, base);
}

static MDB_val to_val(struct gfs_slice s)
{
	return (MDB_val){ .mv_size = s.size, .mv_data = (void *)(uintptr_t)s.data };
}

static struct gfs_slice to_slice(MDB_val v)
{
	return gfs_slice(v.mv_data, v.mv_size);
}

/* ---- resident memory ---- */

static void give_memory_back(struct lmdb *db)
{
	atomic_fetch_add_explicit(&db->epoch, 1, memory_order_relaxed);
	atomic_store_explicit(&db->touched_bytes, 0, memory_order_relaxed);
	if (db->map)
		(void)madvise(db->map, db->map_size, MADV_DONTNEED); /* advice: a refusal costs memory only */
}

static void note_touched(struct lmdb *db, uint64_t bytes)
{
	if (atomic_load_explicit(&db->used_bytes, memory_order_relaxed) <= RESIDENT_BYTES_MAX)
		return;
	uint64_t before = atomic_fetch_add_explicit(&db->touched_bytes, bytes, memory_order_relaxed);
	if (before < RESIDENT_BYTES_MAX && before + bytes >= RESIDENT_BYTES_MAX)
		give_memory_back(db);
}

static void note_read(struct lmdb *db, const void *data, size_t size)
{
	uint64_t stretch = (uintptr_t)data >> FAULT_SHIFT;
	uint64_t mark = stretch | (uint64_t)atomic_load_explicit(&db->epoch, memory_order_relaxed) << 40;
	_Atomic uint64_t *seen = &db->seen[stretch % SEEN_COUNT];
	if (atomic_load_explicit(seen, memory_order_relaxed) == mark)
		return;
	atomic_store_explicit(seen, mark, memory_order_relaxed);
	note_touched(db, (UINT64_C(1) << FAULT_SHIFT) + size);
}

/* LMDB does not tell where its map lies, so look for the mapping around an address inside of it. */
static void find_mapping(struct lmdb *db, const void *inside)
{
	uintptr_t at = (uintptr_t)inside, low, high;
	char line[512];
	db->map = NULL;
	FILE *maps = fopen("/proc/self/maps", "re");
	while (maps && fgets(line, sizeof line, maps)) {
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &low, &high) == 2 && low <= at && at < high) {
			db->map = (void *)low;
			db->map_size = high - low;
			break;
		}
	}
	if (maps)
		(void)fclose(maps); /* was only read */
}

/* The tables' names are keys of the unnamed table: a pointer into the map that always exists. */
static int locate_map(struct lmdb *db)
{
	MDB_txn *txn;
	MDB_dbi names;
	MDB_val key = to_val(gfs_slice_text(table_names[0])), value;
	int rc = mdb_txn_begin(db->env, NULL, MDB_RDONLY, &txn);
	if (rc)
		return translate(rc);
	rc = mdb_dbi_open(txn, NULL, 0, &names);
	if (!rc)
		rc = mdb_get(txn, names, &key, &value);
	if (!rc)
		find_mapping(db, value.mv_data);
	mdb_txn_abort(txn);
	return translate(rc);
}

static void note_used(struct lmdb *db)
{
	MDB_envinfo info;
	if (!mdb_env_info(db->env, &info))
		atomic_store_explicit(&db->used_bytes, (info.me_last_pgno + 1) * db->page_bytes, memory_order_relaxed);
}

/* ---- readers ---- */

static void reader_free(struct reader *r)
{
	for (unsigned i = 0; i < GFS_KV_TABLE_COUNT; i++)
		if (r->cursors[i])
			mdb_cursor_close(r->cursors[i]);
	mdb_txn_abort(r->txn);
	free(r);
}

static int reader_new(struct lmdb *db, struct reader **ret_reader)
{
	struct reader *r = calloc(1, sizeof *r);
	if (!r)
		return GFS_ERR_NOMEM;
	int rc = mdb_txn_begin(db->env, NULL, MDB_RDONLY, &r->txn);
	if (rc)
		free(r);
	else
		*ret_reader = r;
	return translate(rc);
}

static struct reader *pool_take(struct lmdb *db)
{
	gfs_mutex_lock(&db->pool_lock);
	struct reader *r = db->idle;
	if (r) {
		db->idle = r->next;
		db->idle_count--;
	}
	db->active++;
	gfs_mutex_unlock(&db->pool_lock);
	return r;
}

/* `r` may be NULL: a reader that did not come to be. Returns the one that the pool has no room for. */
static struct reader *pool_give(struct lmdb *db, struct reader *r)
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

static int reader_begin(struct lmdb *db, struct reader **ret_reader)
{
	int err = 0;
	struct reader *r = pool_take(db);
	if (!r) {
		err = reader_new(db, &r);
	} else {
		err = translate(mdb_txn_renew(r->txn));
		if (err)
			reader_free(r);
	}
	if (err)
		(void)pool_give(db, NULL); /* gives nothing back */
	else
		*ret_reader = r;
	return err;
}

static void reader_end(struct lmdb *db, struct reader *r)
{
	mdb_txn_reset(r->txn);
	struct reader *surplus = pool_give(db, r);
	if (surplus)
		reader_free(surplus);
}

static void pool_empty(struct lmdb *db)
{
	while (db->idle) {
		struct reader *r = db->idle;
		db->idle = r->next;
		reader_free(r);
	}
	db->idle_count = 0;
}

/* LMDB believes the sizes that it finds in its pages. While a reader is active, as the map must not move. */
static bool inside_file(struct lmdb *db, MDB_val v)
{
	uintptr_t begin = (uintptr_t)db->map, at = (uintptr_t)v.mv_data;
	if (!db->map)
		return true; /* it cannot be told */
	if (at < begin || v.mv_size > db->map_size)
		return false;
	uint64_t end = at - begin + v.mv_size;
	if (end <= atomic_load_explicit(&db->used_bytes, memory_order_relaxed))
		return true;
	note_used(db); /* a commit may have grown the file a moment ago */
	return end <= atomic_load_explicit(&db->used_bytes, memory_order_relaxed);
}

/* ---- get ---- */

/* The value in the map, alive until reader_end; on error no reader is left open. */
static int find(
	struct lmdb *db, enum gfs_kv_table table, struct gfs_slice key, struct reader **ret_reader, MDB_val *ret_value)
{
	assert(table < GFS_KV_TABLE_COUNT);
	MDB_val k = to_val(key);
	struct reader *r;
	int err = reader_begin(db, &r);
	if (err)
		return err;
	err = translate(mdb_get(r->txn, db->tables[table], &k, ret_value));
	if (!err && !inside_file(db, *ret_value))
		err = GFS_ERR_CORRUPT;
	if (err)
		reader_end(db, r);
	else
		*ret_reader = r;
	return err;
}

static int lmdb_get(struct gfs_kv_backend *kv, enum gfs_kv_table table, struct gfs_slice key, struct gfs_buf *out)
{
	struct lmdb *db = lmdb_of(kv);
	struct reader *r;
	MDB_val v;
	int err = find(db, table, key, &r, &v);
	if (err)
		return err;
	if (out) {
		gfs_buf_append(out, v.mv_data, v.mv_size);
		err = gfs_buf_failed(out);
	}
	note_read(db, v.mv_data, v.mv_size);
	reader_end(db, r);
	return err;
}

static int lmdb_get_into(
	struct gfs_kv_backend *kv, enum gfs_kv_table table, struct gfs_slice key, void *data, size_t size)
{
	struct lmdb *db = lmdb_of(kv);
	struct reader *r;
	MDB_val v;
	int err = find(db, table, key, &r, &v);
	if (err)
		return err;
	if (v.mv_size == size)
		memcpy(data, v.mv_data, size);
	else
		err = GFS_ERR_CORRUPT;
	note_read(db, v.mv_data, v.mv_size);
	reader_end(db, r);
	return err;
}

/* ---- cursors ---- */

static int lmdb_cursor_open(struct gfs_kv_backend *kv, enum gfs_kv_table table, struct gfs_kv_cursor **ret_cursor)
{
	assert(table < GFS_KV_TABLE_COUNT);
	struct lmdb *db = lmdb_of(kv);
	struct reader *r;
	int err = reader_begin(db, &r);
	if (err)
		return err;
	if (r->cursors[table])
		err = translate(mdb_cursor_renew(r->txn, r->cursors[table]));
	else
		err = translate(mdb_cursor_open(r->txn, db->tables[table], &r->cursors[table]));
	if (err) {
		reader_end(db, r);
		return err;
	}
	r->cursor = (struct gfs_kv_cursor){ .db = db, .at = r->cursors[table] };
	*ret_cursor = &r->cursor;
	return 0;
}

static struct reader *reader_of(struct gfs_kv_cursor *c)
{
	return gfs_container_of(c, struct reader, cursor);
}

static int cursor_move(
	struct gfs_kv_cursor *c, MDB_val key, MDB_cursor_op op, struct gfs_slice *ret_key, struct gfs_slice *ret_value)
{
	MDB_val value;
	int rc = mdb_cursor_get(c->at, &key, &value, op);
	if (rc)
		return translate(rc);
	if (!inside_file(c->db, key) || !inside_file(c->db, value))
		return GFS_ERR_CORRUPT;
	note_read(c->db, value.mv_data, value.mv_size);
	*ret_key = to_slice(key);
	*ret_value = to_slice(value);
	return 0;
}

static int lmdb_cursor_seek(
	struct gfs_kv_cursor *c, struct gfs_slice key, struct gfs_slice *ret_key, struct gfs_slice *ret_value)
{
	int err = cursor_move(c, to_val(key), key.size ? MDB_SET_RANGE : MDB_FIRST, ret_key, ret_value);
	c->past_end = err == GFS_ERR_NOTFOUND;
	return err;
}

static int lmdb_cursor_prev(struct gfs_kv_cursor *c, struct gfs_slice *ret_key, struct gfs_slice *ret_value)
{
	MDB_cursor_op op = c->past_end ? MDB_LAST : MDB_PREV;
	c->past_end = false;
	return cursor_move(c, (MDB_val){ 0 }, op, ret_key, ret_value);
}

static int lmdb_cursor_next(struct gfs_kv_cursor *c, struct gfs_slice *ret_key, struct gfs_slice *ret_value)
{
	return cursor_move(c, (MDB_val){ 0 }, MDB_NEXT, ret_key, ret_value);
}

static void lmdb_cursor_close(struct gfs_kv_cursor *c)
{
	reader_end(c->db, reader_of(c));
}

/* ---- batch ---- */

/* After a batch found the map full: the map was made small because the system refused more, so ask for twice as much. It moves, so
 * only while nobody reads; idle readers go, as LMDB wants no transaction to exist. */
static void grow_map(struct lmdb *db)
{
	uint64_t wanted = GFS_MIN(db->map_bytes * 2, db->map_bytes_max);
	gfs_mutex_lock(&db->pool_lock);
	if (db->active == 0 && wanted > db->map_bytes) {
		pool_empty(db);
		if (!mdb_env_set_mapsize(db->env, wanted))
			db->map_bytes = wanted;
		if (locate_map(db))
			db->map = NULL;
		db->map_was_full = false;
	}
	gfs_mutex_unlock(&db->pool_lock);
}

static int lmdb_batch_begin(struct gfs_kv_backend *kv, struct gfs_kv_batch **ret_batch)
{
	struct lmdb *db = lmdb_of(kv);
	if (db->read_only)
		return GFS_ERR_READONLY;
	if (db->failed)
		return GFS_ERR_FAILED;
	if (db->map_was_full)
		grow_map(db);
	struct gfs_kv_batch *b = calloc(1, sizeof *b);
	if (!b)
		return GFS_ERR_NOMEM;
	b->db = db;
	int err = translate(mdb_txn_begin(db->env, NULL, 0, &b->txn));
	if (err)
		free(b);
	else
		*ret_batch = b;
	return err;
}

static void remember_last(struct gfs_kv_batch *b, enum gfs_kv_table table, struct gfs_slice key)
{
	memcpy(b->last[table], key.data, key.size);
	b->last_size[table] = key.size;
}

static int batch_cursor(struct gfs_kv_batch *b, enum gfs_kv_table table)
{
	assert(table < GFS_KV_TABLE_COUNT);
	MDB_val key, value;
	if (b->cursors[table])
		return 0;
	int rc = mdb_cursor_open(b->txn, b->db->tables[table], &b->cursors[table]);
	if (rc)
		return translate(rc);
	rc = mdb_cursor_get(b->cursors[table], &key, &value, MDB_LAST);
	if (!rc && key.mv_size <= sizeof b->last[table])
		remember_last(b, table, to_slice(key));
	return rc == MDB_NOTFOUND ? 0 : translate(rc);
}

static bool follows_last(const struct gfs_kv_batch *b, enum gfs_kv_table table, struct gfs_slice key)
{
	size_t last_size = b->last_size[table], size = GFS_MIN(last_size, key.size);
	int order = memcmp(key.data, b->last[table], size);
	return order > 0 || (order == 0 && key.size > last_size);
}

static int note_write(struct gfs_kv_batch *b, int rc)
{
	if (rc == MDB_MAP_FULL)
		b->db->map_was_full = true;
	return translate(rc);
}

static int lmdb_batch_put(struct gfs_kv_batch *b, enum gfs_kv_table table, struct gfs_slice key, struct gfs_slice value)
{
	if (key.size == 0 || key.size > GFS_KV_KEY_BYTES_MAX)
		return GFS_ERR_INVALID;
	int err = batch_cursor(b, table);
	if (err)
		return err;
	MDB_val k = to_val(key), v = to_val(value);
	bool append = follows_last(b, table, key);
	if (append)
		remember_last(b, table, key);
	else
		note_touched(b->db, UINT64_C(1) << FAULT_SHIFT);
	return note_write(b, mdb_cursor_put(b->cursors[table], &k, &v, append ? MDB_APPEND : 0));
}

static int lmdb_batch_delete(struct gfs_kv_batch *b, enum gfs_kv_table table, struct gfs_slice key)
{
	if (key.size == 0 || key.size > GFS_KV_KEY_BYTES_MAX)
		return GFS_ERR_INVALID;
	int err = batch_cursor(b, table);
	if (err)
		return err;
	MDB_val k = to_val(key);
	note_touched(b->db, UINT64_C(1) << FAULT_SHIFT);
	int rc = mdb_del(b->txn, b->db->tables[table], &k, NULL);
	return rc == MDB_NOTFOUND ? 0 : note_write(b, rc);
}

static int lmdb_batch_commit(struct gfs_kv_batch *b)
{
	struct lmdb *db = b->db;
	int err = note_write(b, mdb_txn_commit(b->txn));
	if (err && err != GFS_ERR_NOSPC)
		db->failed = true;
	free(b);
	note_used(db);
	give_memory_back(db);
	return err;
}

static void lmdb_batch_abort(struct gfs_kv_batch *b)
{
	mdb_txn_abort(b->txn);
	free(b);
}

/* ---- statistics ---- */

static void lmdb_stats(struct gfs_kv_backend *kv, struct gfs_kv_backend_stats *ret_stats)
{
	struct lmdb *db = lmdb_of(kv);
	struct gfs_kv_backend_stats stats = { 0 };
	MDB_envinfo info;
	mdb_filehandle_t fd;
	if (!mdb_env_info(db->env, &info)) {
		stats.commit_id = info.me_last_txnid;
		stats.used_bytes = (info.me_last_pgno + 1) * db->page_bytes;
	}
	if (mdb_env_get_fd(db->env, &fd) || gfs_io_size(fd, &stats.file_bytes))
		stats.file_bytes = stats.used_bytes;
	*ret_stats = stats;
}

/* ---- open and close ---- */

static void lmdb_close(struct gfs_kv_backend *kv)
{
	struct lmdb *db = lmdb_of(kv);
	assert(db->active == 0);
	pool_empty(db);
	if (db->env)
		mdb_env_close(db->env);
	gfs_mutex_release(&db->pool_lock);
	free(db);
}

static const struct gfs_kv_backend_ops lmdb_ops = {
	.close = lmdb_close,
	.get = lmdb_get,
	.get_into = lmdb_get_into,
	.cursor_open = lmdb_cursor_open,
	.cursor_seek = lmdb_cursor_seek,
	.cursor_next = lmdb_cursor_next,
	.cursor_prev = lmdb_cursor_prev,
	.cursor_close = lmdb_cursor_close,
	.batch_begin = lmdb_batch_begin,
	.batch_put = lmdb_batch_put,
	.batch_delete = lmdb_batch_delete,
	.batch_commit = lmdb_batch_commit,
	.batch_abort = lmdb_batch_abort,
	.stats = lmdb_stats,
};

/* One attempt with one size of the map; LMDB's own code. After a failure the environment cannot be used again. */
static int env_open(struct lmdb *db, const char *path, uint64_t map_bytes)
{
	unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD | (db->read_only ? MDB_RDONLY | MDB_NOLOCK : 0);
	int rc = mdb_env_create(&db->env);
	if (rc)
		return rc;
	rc = mdb_env_set_maxdbs(db->env, GFS_KV_TABLE_COUNT);
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
static int env_open_largest(struct lmdb *db, const char *path)
{
	uint64_t map_bytes = db->map_bytes_max;
	int rc = env_open(db, path, map_bytes);
	while (rc == ENOMEM && map_bytes > MAP_BYTES_MIN) {
		map_bytes = GFS_MAX(map_bytes / 4, MAP_BYTES_MIN);
		rc = env_open(db, path, map_bytes);
	}
	db->map_bytes = map_bytes;
	return translate(rc);
}

static int open_tables(struct lmdb *db, bool create)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(db->env, NULL, create ? 0 : MDB_RDONLY, &txn);
	if (rc)
		return translate(rc);
	for (unsigned i = 0; i < GFS_KV_TABLE_COUNT && !rc; i++)
		rc = mdb_dbi_open(txn, table_names[i], create ? MDB_CREATE : 0, &db->tables[i]);
	if (rc) {
		mdb_txn_abort(txn);
		return rc == MDB_NOTFOUND ? GFS_ERR_CORRUPT : translate(rc);
	}
	return translate(mdb_txn_commit(txn));
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
	gfs_io_close(fd);
	return err;
}

/* Reading a page past the end of the file would be a SIGBUS. Pages that a transaction took and gave back may be missing there quite
 * rightly; as zeros they do no harm, and where something is missing wrongly LMDB finds no page and says so. */
static int extend_file(struct lmdb *db, const char *path)
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

static int open_all(struct lmdb *db, const char *path, const struct gfs_kv_lmdb_opts *opts)
{
	MDB_stat stat;
	int err = check_file(path, opts);
	if (!err)
		err = env_open_largest(db, path);
	if (!err)
		err = translate(mdb_env_stat(db->env, &stat));
	if (err)
		return err;
	db->page_bytes = stat.ms_psize;
	err = extend_file(db, path);
	if (!err)
		err = open_tables(db, opts->create);
	if (!err)
		err = locate_map(db);
	note_used(db);
	return err;
}

int gfs_kv_lmdb_open(const char *path, const struct gfs_kv_lmdb_opts *opts, struct gfs_kv_backend **ret_backend,
	struct gfs_message *message)
{
	assert(!(opts->create && opts->read_only));
	struct lmdb *db = calloc(1, sizeof *db);
	if (!db)
		return GFS_ERR_NOMEM;
	db->base.ops = &lmdb_ops;
	db->read_only = opts->read_only;
	db->map_bytes_max = opts->map_bytes ? opts->map_bytes : MAP_BYTES_DEFAULT;
	gfs_mutex_init(&db->pool_lock, GFS_RANK_KV_TXN_POOL);
	int err = open_all(db, path, opts);
	if (err) {
		lmdb_close(&db->base);
		return gfs_fail(message, err, "%s: %s", path, gfs_err_text(err));
	}
	*ret_backend = &db->base;
	return 0;
}
