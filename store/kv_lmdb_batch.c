/* Batches of the backend on LMDB: one write transaction each.
 *
 * Memory: LMDB keeps every page that a write transaction changed in memory of its own, up to 131,071 of them (a gigabyte of our values), and
 * only then writes some to the file, where no snapshot sees them, and reads them from there. A checkpoint's batch is never that large; for an
 * exposed one, of any size, it is too late, and nothing sets the limit. But LMDB also writes pages out ahead of a put that may not find room, and the size of a put of many values at once
 * (MDB_MULTIPLE) is taken at its word before the first value is looked at. So after every HELD_BYTES_MAX put we offer a table of the batch's own, the
 * valve, far more values than there is room for, the first of which it has already (MDB_NODUPDATA): LMDB writes everything out and answers MDB_KEYEXIST. Should
 * an LMDB act otherwise, such batches cost more memory and nothing else; test_kv_lmdb and import_memory.sh would tell. (LMDB 0.9.24 never frees
 * its list of pages written out, a megabyte of address space a transaction; hence not for every checkpoint.) */
#include "store/kv_lmdb_private.h"

#include <assert.h>
#include <stdlib.h>

#define HELD_BYTES_MAX (UINT64_C(4) << 20)
/* Pages that a put changes beside those of its value, about. */
#define HELD_BYTES_A_PUT 512u

static const char valve_name[] = "valve";
enum { VALVE_VALUE_BYTES = 256, VALVE_VALUES = 1 << 21 }; /* 512 MiB: more than LMDB has room for */

static void batch_free(struct gfs_kv_batch *b)
{
	if (b->txn)
		mdb_txn_abort(b->txn);
	gfs_lmdb_sound_release(&b->sound);
	free(b);
}

/* What every commit uses: the lists of free pages, and where the tables' roots are noted. */
static int check_begin(struct gfs_kv_batch *b)
{
	int err = gfs_lmdb_seen_open(b->db, mdb_txn_id(b->txn) - 1, &b->base);
	if (!err)
		err = gfs_lmdb_sound_init(&b->sound, &b->base.snapshot);
	if (!err)
		err = gfs_lmdb_free_check(&b->base.snapshot, &b->sound);
	if (!err)
		atomic_store_explicit(&b->db->free_pages, b->sound.free_pages, memory_order_relaxed);
	for (unsigned i = 0; !err && i < GFS_KV_TABLE_COUNT; i++)
		err = gfs_lmdb_path_check(
			&b->base.snapshot, &b->base.snapshot.main, gfs_slice_text(gfs_lmdb_table_names[i]), &b->sound);
	return err;
}

int gfs_lmdb_batch_check(struct gfs_kv_batch *b, enum gfs_kv_table table, struct gfs_slice key)
{
	return gfs_lmdb_path_check(&b->base.snapshot, &b->base.trees[table], key, &b->sound);
}

int gfs_lmdb_batch_begin(struct gfs_kv_backend *kv, struct gfs_kv_batch **ret_batch)
{
	struct gfs_lmdb *db = gfs_lmdb_of(kv);
	if (db->read_only)
		return GFS_ERR_READONLY;
	if (db->failed)
		return GFS_ERR_FAILED;
	if (db->map_was_full)
		gfs_lmdb_grow_map(db);
	struct gfs_kv_batch *b = calloc(1, sizeof *b);
	if (!b)
		return GFS_ERR_NOMEM;
	b->db = db;
	int err = gfs_lmdb_error(mdb_txn_begin(db->env, NULL, 0, &b->txn));
	if (!err)
		err = check_begin(b);
	if (!err)
		*ret_batch = b;
	else
		batch_free(b);
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
	int err = gfs_lmdb_batch_check(b, table, (struct gfs_slice){ 0 });
	if (err)
		return err;
	int rc = mdb_cursor_open(b->txn, b->db->tables[table], &b->cursors[table]);
	if (rc)
		return gfs_lmdb_error(rc);
	rc = mdb_cursor_get(b->cursors[table], &key, &value, MDB_LAST);
	if (!rc && key.mv_size <= sizeof b->last[table])
		remember_last(b, table, gfs_lmdb_slice(key));
	return rc == MDB_NOTFOUND ? 0 : gfs_lmdb_error(rc);
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
	return gfs_lmdb_error(rc);
}

/* ---- memory ---- */

static const uint8_t valve_value[VALVE_VALUE_BYTES];

static int valve_make(struct gfs_kv_batch *b)
{
	MDB_val key = gfs_lmdb_val(gfs_slice_text(valve_name));
	MDB_val value = gfs_lmdb_val(gfs_slice(valve_value, sizeof valve_value));
	int rc = mdb_dbi_open(b->txn, valve_name, MDB_CREATE | MDB_DUPSORT | MDB_DUPFIXED, &b->valve);
	if (!rc)
		rc = mdb_put(b->txn, b->valve, &key, &value, 0);
	return note_write(b, rc);
}

/* Makes LMDB write out the pages that it holds. */
static int write_out(struct gfs_kv_batch *b)
{
	MDB_cursor *cursor;
	MDB_val key = gfs_lmdb_val(gfs_slice_text(valve_name));
	MDB_val values[2] = { gfs_lmdb_val(gfs_slice(valve_value, sizeof valve_value)), { .mv_size = VALVE_VALUES } };
	int err = b->valve ? 0 : valve_make(b);
	if (!err)
		err = gfs_lmdb_error(mdb_cursor_open(b->txn, b->valve, &cursor));
	if (err)
		return err;
	int rc = mdb_cursor_put(cursor, &key, values, MDB_MULTIPLE | MDB_NODUPDATA);
	assert(rc != MDB_SUCCESS);
	mdb_cursor_close(cursor);
	b->held_bytes = 0;
	gfs_lmdb_give_memory_back(b->db);
	return rc == MDB_KEYEXIST ? 0 : note_write(b, rc);
}

static int note_held(struct gfs_kv_batch *b, uint64_t bytes)
{
	if (b->db->exposed != b)
		return 0;
	b->held_bytes += bytes + HELD_BYTES_A_PUT;
	return b->held_bytes < HELD_BYTES_MAX ? 0 : write_out(b);
}

/* Nothing of the valve is ever committed. */
static int valve_remove(struct gfs_kv_batch *b)
{
	return b->valve ? note_write(b, mdb_drop(b->txn, b->valve, 1)) : 0;
}

/* ---- change ---- */

int gfs_lmdb_batch_put(struct gfs_kv_batch *b, enum gfs_kv_table table, struct gfs_slice key, struct gfs_slice value)
{
	if (key.size == 0 || key.size > GFS_KV_KEY_BYTES_MAX)
		return GFS_ERR_INVALID;
	int err = batch_cursor(b, table);
	if (!err)
		err = note_held(b, key.size + value.size);
	if (err)
		return err;
	MDB_val k = gfs_lmdb_val(key), v = gfs_lmdb_val(value);
	bool append = follows_last(b, table, key);
	if (!append)
		err = gfs_lmdb_batch_check(b, table, key);
	if (err)
		return err;
	if (append)
		remember_last(b, table, key);
	else
		gfs_lmdb_note_touched(b->db, UINT64_C(1) << GFS_LMDB_FAULT_SHIFT);
	return note_write(b, mdb_cursor_put(b->cursors[table], &k, &v, append ? MDB_APPEND : 0));
}

int gfs_lmdb_batch_delete(struct gfs_kv_batch *b, enum gfs_kv_table table, struct gfs_slice key)
{
	if (key.size == 0 || key.size > GFS_KV_KEY_BYTES_MAX)
		return GFS_ERR_INVALID;
	int err = batch_cursor(b, table);
	if (!err)
		err = note_held(b, key.size);
	if (!err)
		err = gfs_lmdb_batch_check(b, table, key);
	if (err)
		return err;
	MDB_val k = gfs_lmdb_val(key);
	gfs_lmdb_note_touched(b->db, UINT64_C(1) << GFS_LMDB_FAULT_SHIFT);
	int rc = mdb_del(b->txn, b->db->tables[table], &k, NULL);
	return rc == MDB_NOTFOUND ? 0 : note_write(b, rc);
}

/* ---- life ---- */

void gfs_lmdb_batch_expose(struct gfs_kv_batch *b)
{
	b->db->exposed = b;
}

static void batch_end(struct gfs_kv_batch *b)
{
	struct gfs_lmdb *db = b->db;
	if (db->exposed == b)
		db->exposed = NULL;
	b->txn = NULL; /* committed or aborted */
	batch_free(b);
	gfs_lmdb_note_used(db);
	gfs_lmdb_give_memory_back(db);
}

int gfs_lmdb_batch_commit(struct gfs_kv_batch *b)
{
	struct gfs_lmdb *db = b->db;
	int err = valve_remove(b);
	db->last = b->base;
	atomic_store_explicit(&db->last_noted, true, memory_order_release);
	if (err)
		mdb_txn_abort(b->txn);
	else
		err = note_write(b, mdb_txn_commit(b->txn));
	if (err && err != GFS_ERR_NOSPC)
		db->failed = true;
	batch_end(b);
	return err;
}

void gfs_lmdb_batch_abort(struct gfs_kv_batch *b)
{
	mdb_txn_abort(b->txn);
	batch_end(b);
}
