/* Stored forms. A key of at most GFS_KEYS_PLAIN_MAX bytes is stored as it is. A longer one is stored as its first
 * GFS_KEYS_PLAIN_MAX bytes and the XXH3-128 of all of it: that is longer than any plain form, so the two never meet.
 * The value is the node's id, 48 bits. */
#include "index/keys.h"

#include "base/hash.h"
#include "base/limits.h"

#include <assert.h>

enum { HASH_BYTES = 16, STORED_MAX = GFS_KEYS_PLAIN_MAX + HASH_BYTES, VALUE_BYTES = 6 };
static_assert(STORED_MAX <= GFS_KV_KEY_BYTES_MAX, "the stored form is a key of the key-value store");

static int store_form(struct gfs_slice key, uint8_t out[STORED_MAX], struct gfs_slice *ret_stored)
{
	if (key.size == 0 || key.size > GFS_KEY_BYTES_MAX)
		return GFS_ERR_INVALID;
	if (key.size <= GFS_KEYS_PLAIN_MAX) {
		*ret_stored = key;
		return 0;
	}
	memcpy(out, key.data, GFS_KEYS_PLAIN_MAX);
	gfs_hash128(key.data, key.size, out + GFS_KEYS_PLAIN_MAX);
	*ret_stored = gfs_slice(out, STORED_MAX);
	return 0;
}

static int decode_node(struct gfs_slice value, uint64_t *ret_node)
{
	if (value.size != VALUE_BYTES)
		return GFS_ERR_CORRUPT;
	uint64_t node = gfs_get_le48(value.data);
	if (node == GFS_ID_NONE || node > GFS_ID_MAX)
		return GFS_ERR_CORRUPT;
	*ret_node = node;
	return 0;
}

int gfs_keys_find(struct gfs_store *store, struct gfs_slice key, uint64_t *ret_node)
{
	GFS_AUTO_BUF value = GFS_BUF_INIT;
	uint8_t bytes[STORED_MAX];
	struct gfs_slice stored;
	int err = store_form(key, bytes, &stored);
	if (err == 0)
		err = gfs_kv_get(gfs_store_kv(store), GFS_KV_KEYS, stored, &value);
	if (err == 0)
		err = decode_node(gfs_buf_slice(&value), ret_node);
	return err;
}

static int put_stored(struct gfs_txn *txn, struct gfs_slice stored, uint64_t node)
{
	uint8_t value[VALUE_BYTES];
	assert(node != GFS_ID_NONE && node <= GFS_ID_MAX);
	gfs_put_le48(value, node);
	return gfs_kv_put(
		gfs_store_kv(gfs_txn_store(txn)), gfs_txn_undo(txn), GFS_KV_KEYS, stored, gfs_slice(value, sizeof value));
}

int gfs_keys_add(struct gfs_txn *txn, struct gfs_slice key, uint64_t node)
{
	uint8_t bytes[STORED_MAX];
	struct gfs_slice stored;
	int err = store_form(key, bytes, &stored);
	if (err != 0)
		return err;
	err = gfs_kv_get(gfs_store_kv(gfs_txn_store(txn)), GFS_KV_KEYS, stored, NULL);
	if (err == 0)
		return GFS_ERR_EXISTS;
	return err == GFS_ERR_NOTFOUND ? put_stored(txn, stored, node) : err;
}

int gfs_keys_put(struct gfs_txn *txn, struct gfs_slice key, uint64_t node)
{
	uint8_t bytes[STORED_MAX];
	struct gfs_slice stored;
	int err = store_form(key, bytes, &stored);
	return err != 0 ? err : put_stored(txn, stored, node);
}

int gfs_keys_remove(struct gfs_txn *txn, struct gfs_slice key)
{
	struct gfs_kv *kv = gfs_store_kv(gfs_txn_store(txn));
	uint8_t bytes[STORED_MAX];
	struct gfs_slice stored;
	int err = store_form(key, bytes, &stored);
	if (err == 0)
		err = gfs_kv_get(kv, GFS_KV_KEYS, stored, NULL);
	if (err == 0)
		err = gfs_kv_delete(kv, gfs_txn_undo(txn), GFS_KV_KEYS, stored);
	return err;
}

bool gfs_keys_is_form(struct gfs_slice stored_key, struct gfs_slice key)
{
	uint8_t bytes[STORED_MAX];
	struct gfs_slice stored;
	return store_form(key, bytes, &stored) == 0 && gfs_slice_equal(stored, stored_key);
}

int gfs_keys_remove_form(struct gfs_txn *txn, struct gfs_slice stored_key)
{
	return gfs_kv_delete(gfs_store_kv(gfs_txn_store(txn)), gfs_txn_undo(txn), GFS_KV_KEYS, stored_key);
}

int gfs_keys_each(
	struct gfs_store *store, int (*each)(void *context, struct gfs_slice stored_key, uint64_t node), void *context)
{
	struct gfs_kv_iter *it = NULL;
	struct gfs_slice key, value;
	int err = gfs_kv_iter_open(gfs_store_kv(store), GFS_KV_KEYS, &it);
	if (err != 0)
		return err;
	for (err = gfs_kv_iter_seek(it, gfs_slice("", 0), &key, &value);
		 err == 0 || (err == GFS_ERR_CORRUPT && key.size > 0); err = gfs_kv_iter_next(it, &key, &value)) {
		uint64_t node = GFS_ID_NONE;
		if (err != 0 || decode_node(value, &node) != 0)
			node = GFS_ID_NONE;
		err = each(context, key, node);
		if (err != 0)
			goto out;
	}
	if (err == GFS_ERR_NOTFOUND)
		err = 0;
out:
	gfs_kv_iter_close(it);
	return err;
}
