#include "store/ids.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/map.h"
#include "store/kv.h"
#include "store/record.h"
#include "store/store_private.h"
#include "store/undo.h"

#include <assert.h>
#include <stdlib.h>

enum { KIND_NODE = 1, KIND_REL = 2, KIND_COUNT = 2, KEY_SIZE = 7, BATCH = 256 };
/* So many rows are looked at for one new id, which is made under the exclusive lock: there may be millions of fresh ones in a row. */
enum { SCAN_ROWS_MAX = 1024 };

/* Changed by the one writer, under the exclusive graph lock. */
struct free_ids {
	uint64_t cursor; /* rows below it were read */
	uint64_t batch[BATCH];
	unsigned at, count;
	bool exhausted; /* the cursor is past the last row; ids freed from now on are fresh anyway */
	struct gfs_u64map
		fresh; /* freed since the open: id / 64 -> bits. Too many do no harm, so an abort leaves it alone. */
};

struct gfs_ids {
	struct free_ids kinds[KIND_COUNT];
};

int gfs_ids_new(struct gfs_ids **ret_ids)
{
	struct gfs_ids *ids = calloc(1, sizeof *ids);
	if (ids == NULL)
		return GFS_ERR_NOMEM;
	*ret_ids = ids;
	return 0;
}

void gfs_ids_free(struct gfs_ids *ids)
{
	if (ids == NULL)
		return;
	for (unsigned i = 0; i < KIND_COUNT; i++)
		gfs_u64map_release(&ids->kinds[i].fresh);
	free(ids);
}

static struct free_ids *free_ids_of(struct gfs_store *store, unsigned kind)
{
	return &store->ids->kinds[kind - 1];
}

static enum gfs_counter next_counter(unsigned kind)
{
	return kind == KIND_NODE ? GFS_COUNTER_NODE_NEXT : GFS_COUNTER_REL_NEXT;
}

static struct gfs_slice key_of(uint8_t key[KEY_SIZE], unsigned kind, uint64_t id)
{
	key[0] = (uint8_t)kind;
	gfs_put_be48(key + 1, id);
	return gfs_slice(key, KEY_SIZE);
}

static int record_exists(struct gfs_store *store, unsigned kind, uint64_t id, bool *ret_exists)
{
	struct gfs_node_record node = { 0 };
	struct gfs_rel_record rel = { 0 };
	int err = kind == KIND_NODE ? gfs_node_record_read(store, id, &node) : gfs_rel_record_read(store, id, &rel);
	*ret_exists = node.exists || rel.exists;
	return err;
}

/* ---- those that may be reused ---- */

static bool is_fresh(const struct free_ids *f, uint64_t id)
{
	uint64_t bits;
	return gfs_u64map_get(&f->fresh, id / 64, &bits) && (bits >> id % 64 & 1) != 0;
}

static int fresh_add(struct free_ids *f, uint64_t id)
{
	uint64_t bits = 0;
	(void)gfs_u64map_get(&f->fresh, id / 64, &bits); /* absent: none so far */
	return gfs_u64map_set(&f->fresh, id / 64, bits | UINT64_C(1) << id % 64);
}

/* Reads rows from the cursor on into the batch, which stays empty when there are none, or none among SCAN_ROWS_MAX. */
static int batch_fill(struct gfs_store *store, struct free_ids *f, unsigned kind)
{
	struct gfs_kv_iter *it;
	struct gfs_slice key;
	struct gfs_slice value;
	uint8_t from[KEY_SIZE];
	f->at = f->count = 0;
	if (f->exhausted)
		return 0;
	int err = gfs_kv_iter_open(gfs_store_kv(store), GFS_KV_FREE, &it);
	if (err != 0)
		return err;
	err = gfs_kv_iter_seek(it, key_of(from, kind, f->cursor), &key, &value);
	for (unsigned rows = 0; err == 0 && f->count < BATCH && rows < SCAN_ROWS_MAX; rows++) {
		if (key.size != KEY_SIZE || key.data[0] < kind) {
			err = GFS_ERR_CORRUPT;
			break;
		}
		if (key.data[0] > kind) {
			err = GFS_ERR_NOTFOUND;
			break;
		}
		uint64_t id = gfs_get_be48(key.data + 1);
		f->cursor = id + 1;
		if (!is_fresh(f, id))
			f->batch[f->count++] = id;
		err = gfs_kv_iter_next(it, &key, &value);
	}
	gfs_kv_iter_close(it);
	f->exhausted = err == GFS_ERR_NOTFOUND;
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

struct undo_reuse {
	struct free_ids *ids;
	uint64_t id;
};

/* The row is back in the table: read again from there. */
static void undo_reuse(void *context, void *data, size_t size)
{
	(void)context;
	(void)size;
	const struct undo_reuse *u = data;
	struct free_ids *f = u->ids;
	uint64_t ahead = f->at < f->count ? f->batch[f->at] : f->cursor;
	f->cursor = GFS_MIN(GFS_MIN(f->cursor, ahead), u->id);
	f->at = f->count = 0;
	f->exhausted = false;
}

static int row_remove(struct gfs_txn *txn, struct free_ids *f, unsigned kind, uint64_t id)
{
	uint8_t key[KEY_SIZE];
	void *data;
	int err = gfs_undo_push(gfs_txn_undo(txn), undo_reuse, NULL, sizeof(struct undo_reuse), &data);
	if (err != 0)
		return err;
	*(struct undo_reuse *)data = (struct undo_reuse){ .ids = f, .id = id };
	return gfs_kv_delete(gfs_store_kv(gfs_txn_store(txn)), gfs_txn_undo(txn), GFS_KV_FREE, key_of(key, kind, id));
}

/* The next id of the batch that is still free. GFS_ERR_NOTFOUND when none is left. */
static int reuse_next(struct gfs_store *store, struct free_ids *f, unsigned kind, uint64_t *ret_id)
{
	uint8_t key[KEY_SIZE];
	int err;
	do {
		if (f->at == f->count) {
			err = batch_fill(store, f, kind);
			if (err != 0)
				return err;
			if (f->count == 0)
				return GFS_ERR_NOTFOUND;
		}
		*ret_id = f->batch[f->at++];
		/* A restore may have taken it since the batch was read. */
		err = gfs_kv_get(gfs_store_kv(store), GFS_KV_FREE, key_of(key, kind, *ret_id), NULL);
	} while (err == GFS_ERR_NOTFOUND);
	return err;
}

static int id_reuse(struct gfs_txn *txn, struct free_ids *f, unsigned kind, uint64_t *ret_id)
{
	struct gfs_store *store = gfs_txn_store(txn);
	uint64_t id = GFS_ID_NONE;
	bool exists;
	int err = reuse_next(store, f, kind, &id);
	if (err != 0)
		return err;
	if (id == GFS_ID_NONE || id >= gfs_store_counter(store, next_counter(kind)))
		return GFS_ERR_CORRUPT;
	err = record_exists(store, kind, id, &exists);
	if (err == 0 && exists)
		err = GFS_ERR_CORRUPT;
	if (err == 0)
		err = row_remove(txn, f, kind, id);
	if (err == 0)
		*ret_id = id;
	return err;
}

/* ---- the three calls ---- */

static int id_new(struct gfs_txn *txn, unsigned kind, uint64_t *ret_id)
{
	struct gfs_store *store = gfs_txn_store(txn);
	struct free_ids *f = free_ids_of(store, kind);
	int err = id_reuse(txn, f, kind, ret_id);
	if (err != GFS_ERR_NOTFOUND)
		return err;
	uint64_t id = GFS_MAX(gfs_store_counter(store, next_counter(kind)), UINT64_C(1));
	if (id > GFS_ID_MAX)
		return GFS_ERR_LIMIT;
	err = gfs_txn_counter_set(txn, next_counter(kind), id + 1);
	if (err == 0)
		*ret_id = id;
	return err;
}

/* Ids that are skipped over are lost: they are never given out, and take no room. */
static int id_take(struct gfs_txn *txn, unsigned kind, uint64_t id)
{
	struct gfs_store *store = gfs_txn_store(txn);
	uint8_t key[KEY_SIZE];
	bool exists;
	if (id == GFS_ID_NONE || id > GFS_ID_MAX)
		return GFS_ERR_INVALID;
	if (id >= gfs_store_counter(store, next_counter(kind)))
		return gfs_txn_counter_set(txn, next_counter(kind), id + 1);
	int err = record_exists(store, kind, id, &exists);
	if (err == 0 && exists)
		err = GFS_ERR_EXISTS;
	if (err == 0)
		err = gfs_kv_get(gfs_store_kv(store), GFS_KV_FREE, key_of(key, kind, id), NULL);
	if (err == 0)
		err = row_remove(txn, free_ids_of(store, kind), kind, id);
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

static int id_free(struct gfs_txn *txn, unsigned kind, uint64_t id)
{
	static const uint8_t zero = 0;
	struct gfs_store *store = gfs_txn_store(txn);
	struct free_ids *f = free_ids_of(store, kind);
	uint8_t key[KEY_SIZE];
	if (id == GFS_ID_NONE || id >= gfs_store_counter(store, next_counter(kind)))
		return GFS_ERR_INVALID;
	int err = fresh_add(f, id);
	if (err != 0)
		return err;
	return gfs_kv_put(gfs_store_kv(store), gfs_txn_undo(txn), GFS_KV_FREE, key_of(key, kind, id), gfs_slice(&zero, 1));
}

int gfs_node_id_new(struct gfs_txn *txn, uint64_t *ret_id)
{
	return id_new(txn, KIND_NODE, ret_id);
}

int gfs_rel_id_new(struct gfs_txn *txn, uint64_t *ret_id)
{
	return id_new(txn, KIND_REL, ret_id);
}

int gfs_node_id_take(struct gfs_txn *txn, uint64_t id)
{
	return id_take(txn, KIND_NODE, id);
}

int gfs_rel_id_take(struct gfs_txn *txn, uint64_t id)
{
	return id_take(txn, KIND_REL, id);
}

int gfs_node_id_free(struct gfs_txn *txn, uint64_t id)
{
	return id_free(txn, KIND_NODE, id);
}

int gfs_rel_id_free(struct gfs_txn *txn, uint64_t id)
{
	return id_free(txn, KIND_REL, id);
}
