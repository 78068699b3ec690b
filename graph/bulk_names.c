/* What a bulk load remembers of the nodes that it makes: their keys, and what else the caller calls them by. */
#include "graph/bulk_private.h"

#include "index/keys.h"
#include "store/undo.h"

#include <assert.h>
#include <string.h>

enum { SPACE_KEYS = 0 };

static int has_keys(struct gfs_store *store, bool *ret_has)
{
	struct gfs_kv_iter *it = NULL;
	struct gfs_slice key, value;
	int err = gfs_kv_iter_open(gfs_store_kv(store), GFS_KV_KEYS, &it);
	if (err == 0)
		err = gfs_kv_iter_seek(it, gfs_slice(NULL, 0), &key, &value);
	gfs_kv_iter_close(it);
	*ret_has = err != GFS_ERR_NOTFOUND;
	return *ret_has ? err : 0;
}

int gfs_bulk_remember(struct gfs_tx *tx)
{
	assert(tx->names == NULL);
	int err = has_keys(tx->graph->store, &tx->had_keys);
	return err != 0 ? err : gfs_idmap_new(tx->graph->store, &tx->names);
}

static void forget(void *context, void *data, size_t size)
{
	struct gfs_tx *tx = context;
	struct gfs_idmap_key key;
	assert(size == sizeof key);
	memcpy(&key, data, size);
	gfs_idmap_remove(tx->names, key);
}

static int remember(struct gfs_tx *tx, struct gfs_idmap_key key, uint64_t node)
{
	void *data;
	int err = gfs_idmap_add(tx->names, key, node);
	if (err != 0)
		return err;
	err = gfs_undo_push(gfs_txn_undo(tx->txn), forget, tx, sizeof key, &data);
	if (err != 0)
		gfs_idmap_remove(tx->names, key);
	else
		memcpy(data, &key, sizeof key);
	return err;
}

int gfs_bulk_enter_key(struct gfs_tx *tx, struct gfs_slice text, uint64_t node)
{
	uint64_t there;
	struct gfs_idmap_key key = gfs_idmap_key(tx->names, SPACE_KEYS, text);
	int err = gfs_idmap_find(tx->names, key, &there);
	if (err != GFS_ERR_NOTFOUND)
		return err == 0 ? GFS_ERR_EXISTS : err;
	err = tx->had_keys ? gfs_keys_add(tx->txn, text, node) : gfs_keys_put(tx->txn, text, node);
	return err != 0 ? err : remember(tx, key, node);
}

int gfs_bulk_find(struct gfs_tx *tx, uint64_t space, struct gfs_slice text, uint64_t *ret_node)
{
	return gfs_idmap_find(tx->names, gfs_idmap_key(tx->names, space, text), ret_node);
}

void gfs_bulk_expect(struct gfs_tx *tx, uint64_t space, struct gfs_slice text)
{
	gfs_idmap_expect(tx->names, gfs_idmap_key(tx->names, space, text));
}

int gfs_bulk_name(struct gfs_tx *tx, uint64_t space, struct gfs_slice text, uint64_t node)
{
	uint64_t there;
	struct gfs_idmap_key key = gfs_idmap_key(tx->names, space, text);
	int err = gfs_idmap_find(tx->names, key, &there);
	assert(space != SPACE_KEYS);
	if (err != GFS_ERR_NOTFOUND)
		return err == 0 ? GFS_ERR_EXISTS : err;
	return remember(tx, key, node);
}

int gfs_bulk_settle_names(struct gfs_tx *tx)
{
	return gfs_idmap_settle(tx->names);
}
