/* Reading: gets and cursors. LMDB keeps the pages of a reader's transaction as they are, and store/lmdb_tree.c finds the way through them, since LMDB
 * would believe whatever a damaged page says. What an exposed batch holds only LMDB can read; what it has from the file is checked beforehand. */
#include "base/io.h"
#include "store/kv_lmdb_private.h"

#include <assert.h>
#include <stdlib.h>

int gfs_lmdb_file_look(struct gfs_lmdb *db, struct gfs_lmdb_file *ret_file)
{
	mdb_filehandle_t fd;
	uint64_t bytes;
	int err = gfs_lmdb_error(mdb_env_get_fd(db->env, &fd));
	if (!err)
		err = gfs_io_size(fd, &bytes);
	if (!err)
		*ret_file = (struct gfs_lmdb_file){
			.map = db->map, .bytes = GFS_MIN(bytes, (uint64_t)db->map_size), .page_bytes = db->page_bytes
		};
	return err;
}

int gfs_lmdb_seen_open(struct gfs_lmdb *db, uint64_t transaction, struct gfs_lmdb_seen *ret_seen)
{
	struct gfs_lmdb_file file;
	struct gfs_lmdb_seen seen = { 0 };
	int err = gfs_lmdb_file_look(db, &file);
	if (!err)
		err = gfs_lmdb_snapshot_open(&file, transaction, &seen.snapshot);
	for (unsigned i = 0; !err && i < GFS_KV_TABLE_COUNT; i++) {
		err = gfs_lmdb_tree_open(&seen.snapshot, gfs_slice_text(gfs_lmdb_table_names[i]), &seen.trees[i]);
		if (err == GFS_ERR_NOTFOUND)
			err = GFS_ERR_CORRUPT;
	}
	if (!err)
		*ret_seen = seen;
	return err;
}

/* ---- get ---- */

static int find_exposed(struct gfs_lmdb *db, enum gfs_kv_table table, struct gfs_slice key, struct gfs_slice *ret_value)
{
	MDB_val k = gfs_lmdb_val(key), v;
	int err = gfs_lmdb_batch_check(db->exposed, table, key);
	if (!err)
		err = gfs_lmdb_error(mdb_get(db->exposed->txn, db->tables[table], &k, &v));
	if (!err)
		*ret_value = gfs_lmdb_slice(v);
	return err;
}

/* What becomes of a value that was found, while it is there. */
typedef int (*take_fn)(void *context, struct gfs_slice value);

static int get(struct gfs_kv_backend *kv, enum gfs_kv_table table, struct gfs_slice key, take_fn take, void *context)
{
	struct gfs_lmdb *db = gfs_lmdb_of(kv);
	struct gfs_lmdb_reader *r = NULL;
	struct gfs_slice value;
	assert(table < GFS_KV_TABLE_COUNT);
	int err = db->exposed ? 0 : gfs_lmdb_reader_begin(db, &r);
	if (err)
		return err;
	err = r ? gfs_lmdb_tree_get(&r->seen.snapshot, &r->seen.trees[table], key, &value)
			: find_exposed(db, table, key, &value);
	if (!err) {
		err = take(context, value);
		gfs_lmdb_note_read(db, value.data, value.size);
	}
	if (r)
		gfs_lmdb_reader_end(db, r);
	return err;
}

/* `context`: a buffer, or NULL. */
static int append_value(void *context, struct gfs_slice value)
{
	struct gfs_buf *out = context;
	if (!out)
		return 0;
	gfs_buf_append(out, value.data, value.size);
	return gfs_buf_failed(out);
}

int gfs_lmdb_get(struct gfs_kv_backend *kv, enum gfs_kv_table table, struct gfs_slice key, struct gfs_buf *out)
{
	return get(kv, table, key, append_value, out);
}

struct room {
	void *data;
	size_t size;
};

static int copy_value(void *context, struct gfs_slice value)
{
	const struct room *room = context;
	if (value.size != room->size)
		return GFS_ERR_CORRUPT;
	memcpy(room->data, value.data, value.size);
	return 0;
}

int gfs_lmdb_get_into(struct gfs_kv_backend *kv, enum gfs_kv_table table, struct gfs_slice key, void *data, size_t size)
{
	return get(kv, table, key, copy_value, &(struct room){ data, size });
}

/* ---- cursors ---- */

static const uint8_t lowest_key[1];

static int open_exposed(struct gfs_lmdb *db, enum gfs_kv_table table, struct gfs_kv_cursor **ret_cursor)
{
	struct gfs_kv_cursor *c = calloc(1, sizeof *c);
	if (!c)
		return GFS_ERR_NOMEM;
	*c = (struct gfs_kv_cursor){ .db = db, .table = table };
	int err = gfs_lmdb_error(mdb_cursor_open(db->exposed->txn, db->tables[table], &c->at));
	if (err)
		free(c);
	else
		*ret_cursor = c;
	return err;
}

int gfs_lmdb_cursor_open(struct gfs_kv_backend *kv, enum gfs_kv_table table, struct gfs_kv_cursor **ret_cursor)
{
	assert(table < GFS_KV_TABLE_COUNT);
	struct gfs_lmdb *db = gfs_lmdb_of(kv);
	struct gfs_lmdb_reader *r;
	if (db->exposed)
		return open_exposed(db, table, ret_cursor);
	int err = gfs_lmdb_reader_begin(db, &r);
	if (err)
		return err;
	r->cursor = (struct gfs_kv_cursor){
		.db = db, .reader = r, .table = table, .place = { .snapshot = &r->seen.snapshot, .tree = &r->seen.trees[table] }
	};
	*ret_cursor = &r->cursor;
	return 0;
}

static int move_exposed(
	struct gfs_kv_cursor *c, MDB_val key, MDB_cursor_op op, struct gfs_slice *ret_key, struct gfs_slice *ret_value)
{
	MDB_val value;
	int err = gfs_lmdb_error(mdb_cursor_get(c->at, &key, &value, op));
	if (err)
		return err;
	*ret_key = gfs_lmdb_slice(key);
	*ret_value = gfs_lmdb_slice(value);
	return gfs_lmdb_batch_check(c->db->exposed, c->table, *ret_key); /* and the pages beside it, for the next step */
}

static int moved(struct gfs_kv_cursor *c, int err, const struct gfs_slice *value)
{
	if (!err)
		gfs_lmdb_note_read(c->db, value->data, value->size);
	return err;
}

int gfs_lmdb_cursor_seek(
	struct gfs_kv_cursor *c, struct gfs_slice key, struct gfs_slice *ret_key, struct gfs_slice *ret_value)
{
	int err;
	if (c->reader) {
		err = gfs_lmdb_place_seek(&c->place, key, ret_key, ret_value);
	} else {
		err = gfs_lmdb_batch_check(c->db->exposed, c->table, key.size ? key : gfs_slice(lowest_key, sizeof lowest_key));
		if (!err)
			err = move_exposed(c, gfs_lmdb_val(key), key.size ? MDB_SET_RANGE : MDB_FIRST, ret_key, ret_value);
		c->past_end = err == GFS_ERR_NOTFOUND;
	}
	return moved(c, err, ret_value);
}

int gfs_lmdb_cursor_prev(struct gfs_kv_cursor *c, struct gfs_slice *ret_key, struct gfs_slice *ret_value)
{
	int err;
	if (c->reader) {
		err = gfs_lmdb_place_prev(&c->place, ret_key, ret_value);
	} else {
		err = move_exposed(c, (MDB_val){ 0 }, c->past_end ? MDB_LAST : MDB_PREV, ret_key, ret_value);
		c->past_end = false;
	}
	return moved(c, err, ret_value);
}

int gfs_lmdb_cursor_next(struct gfs_kv_cursor *c, struct gfs_slice *ret_key, struct gfs_slice *ret_value)
{
	int err = c->reader ? gfs_lmdb_place_next(&c->place, ret_key, ret_value)
						: move_exposed(c, (MDB_val){ 0 }, MDB_NEXT, ret_key, ret_value);
	return moved(c, err, ret_value);
}

void gfs_lmdb_cursor_close(struct gfs_kv_cursor *c)
{
	if (c->reader) {
		gfs_lmdb_reader_end(c->db, c->reader);
		return;
	}
	mdb_cursor_close(c->at);
	free(c);
}
