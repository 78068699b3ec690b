/* Entries: keys of the table, and walks over them. */
#include "index/prop_private.h"

#include <assert.h>
#include <stdlib.h>

/* ---- keys ---- */

struct entry_key {
	size_t size;
	uint8_t bytes[GFS_PROP_KEY_BYTES_MAX];
};

static struct gfs_slice key_slice(const struct entry_key *key)
{
	return gfs_slice(key->bytes, key->size);
}

/* The index id and any bytes behind it. */
static void key_begin(uint16_t id, struct gfs_slice bytes, struct entry_key *key)
{
	assert(id != 0 && bytes.size <= sizeof key->bytes - GFS_PROP_ID_BYTES);
	gfs_put_be16(key->bytes, id);
	if (bytes.size != 0)
		memcpy(key->bytes + GFS_PROP_ID_BYTES, bytes.data, bytes.size);
	key->size = GFS_PROP_ID_BYTES + bytes.size;
}

static void key_make(uint16_t id, struct gfs_slice value, uint64_t node, struct entry_key *key)
{
	assert(value.size != 0 && value.size <= GFS_PROP_VALUE_BYTES_MAX && node != GFS_ID_NONE && node <= GFS_ID_MAX);
	key_begin(id, value, key);
	gfs_put_be48(key->bytes + key->size, node);
	key->size += GFS_PROP_NODE_BYTES;
}

int gfs_prop_key_read(struct gfs_slice key, uint16_t *ret_id, struct gfs_prop_entry *ret_entry)
{
	if (key.size < GFS_PROP_ID_BYTES)
		return GFS_ERR_CORRUPT;
	*ret_id = gfs_get_be16(key.data);
	if (*ret_id == 0)
		return 0;
	if (key.size <= GFS_PROP_ID_BYTES + GFS_PROP_NODE_BYTES || key.size > GFS_PROP_KEY_BYTES_MAX)
		return GFS_ERR_CORRUPT;
	size_t size = key.size - GFS_PROP_ID_BYTES - GFS_PROP_NODE_BYTES;
	ret_entry->value = gfs_slice(key.data + GFS_PROP_ID_BYTES, size);
	ret_entry->node = gfs_get_be48(key.data + GFS_PROP_ID_BYTES + size);
	return ret_entry->node == GFS_ID_NONE || ret_entry->node > GFS_ID_MAX ? GFS_ERR_CORRUPT : 0;
}

/* ---- entries ---- */

int gfs_prop_entry_add(
	struct gfs_txn *txn, struct gfs_prop_indexes *p, uint16_t id, struct gfs_slice value, uint64_t node)
{
	struct entry_key key;
	key_make(id, value, node, &key);
	int err = gfs_prop_index_count(txn, p, id, 1);
	if (err != 0)
		return err;
	gfs_prop_index_note_value(p, id, value);
	return gfs_kv_put(
		gfs_store_kv(gfs_txn_store(txn)), gfs_txn_undo(txn), GFS_KV_PROPS, key_slice(&key), (struct gfs_slice){ 0 });
}

int gfs_prop_entry_find(struct gfs_store *store, uint16_t id, struct gfs_slice value, uint64_t node)
{
	struct entry_key key;
	key_make(id, value, node, &key);
	return gfs_kv_get(gfs_store_kv(store), GFS_KV_PROPS, key_slice(&key), NULL);
}

int gfs_prop_entry_remove(
	struct gfs_txn *txn, struct gfs_prop_indexes *p, uint16_t id, struct gfs_slice value, uint64_t node)
{
	struct entry_key key;
	key_make(id, value, node, &key);
	struct gfs_kv *kv = gfs_store_kv(gfs_txn_store(txn));
	int err = gfs_kv_get(kv, GFS_KV_PROPS, key_slice(&key), NULL);
	if (err != 0)
		return err == GFS_ERR_NOTFOUND ? GFS_ERR_CORRUPT : err;
	err = gfs_prop_index_count(txn, p, id, -1);
	return err != 0 ? err : gfs_kv_delete(kv, gfs_txn_undo(txn), GFS_KV_PROPS, key_slice(&key));
}

int gfs_prop_indexes_clear(struct gfs_txn *txn, struct gfs_prop_indexes *p, uint64_t max, bool *ret_more)
{
	static const uint8_t first[GFS_PROP_ID_BYTES] = { 0, 1 }; /* behind the definitions */
	struct gfs_kv *kv = gfs_store_kv(gfs_txn_store(txn));
	struct gfs_kv_iter *it = NULL;
	struct gfs_slice key = { 0 }, value;
	int err = gfs_prop_indexes_reset(txn, p);
	if (err == 0)
		err = gfs_kv_iter_open(kv, GFS_KV_PROPS, &it);
	if (err == 0)
		err = gfs_kv_iter_seek(it, gfs_slice(first, sizeof first), &key, &value);
	for (; max > 0 && (err == 0 || (err == GFS_ERR_CORRUPT && key.size > 0));
		 max--) { /* damaged rows are to go as well */
		err = gfs_kv_delete(kv, gfs_txn_undo(txn), GFS_KV_PROPS, key);
		if (err == 0)
			err = gfs_kv_iter_next(it, &key, &value);
	}
	gfs_kv_iter_close(it);
	*ret_more = err == 0;
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

/* ---- walks ---- */

struct gfs_prop_cursor {
	uint16_t id;
	struct gfs_kv_iter *forwards; /* one of the two */
	struct gfs_kv_back *backwards;
};

int gfs_prop_cursor_open(struct gfs_store *store, uint16_t id, bool backwards, struct gfs_prop_cursor **ret_cursor)
{
	struct gfs_prop_cursor *c = calloc(1, sizeof *c);
	if (c == NULL)
		return GFS_ERR_NOMEM;
	c->id = id;
	int err = backwards ? gfs_kv_back_open(gfs_store_kv(store), GFS_KV_PROPS, &c->backwards)
						: gfs_kv_iter_open(gfs_store_kv(store), GFS_KV_PROPS, &c->forwards);
	if (err != 0)
		free(c);
	else
		*ret_cursor = c;
	return err;
}

void gfs_prop_cursor_close(struct gfs_prop_cursor *c)
{
	if (c == NULL)
		return;
	gfs_kv_iter_close(c->forwards);
	gfs_kv_back_close(c->backwards);
	free(c);
}

/* What a step of the table's walk means for the index. */
static int arrive(const struct gfs_prop_cursor *c, int err, struct gfs_slice key, struct gfs_prop_entry *ret_entry)
{
	uint16_t id;
	struct gfs_prop_entry entry;
	if (err == 0)
		err = gfs_prop_key_read(key, &id, &entry);
	if (err != 0)
		return err;
	if (id != c->id)
		return GFS_ERR_NOTFOUND;
	*ret_entry = entry;
	return 0;
}

static int seek(struct gfs_prop_cursor *c, struct gfs_slice key, struct gfs_prop_entry *ret_entry)
{
	struct gfs_slice found = { 0 }, value;
	int err = c->forwards != NULL ? gfs_kv_iter_seek(c->forwards, key, &found, &value)
								  : gfs_kv_back_seek(c->backwards, key, &found, &value);
	return arrive(c, err, found, ret_entry);
}

int gfs_prop_cursor_seek(struct gfs_prop_cursor *c, struct gfs_slice bytes, struct gfs_prop_entry *ret_entry)
{
	struct entry_key key;
	key_begin(c->id, bytes, &key);
	return seek(c, key_slice(&key), ret_entry);
}

int gfs_prop_cursor_seek_end(struct gfs_prop_cursor *c, struct gfs_prop_entry *ret_entry)
{
	uint8_t key[GFS_PROP_ID_BYTES + 1] = { 0 };
	assert(c->backwards != NULL);
	if (c->id == UINT16_MAX)
		memset(key, 0xff, sizeof key); /* no value begins so: it is above all of them */
	else
		gfs_put_be16(key, (uint16_t)(c->id + 1));
	return seek(c, gfs_slice(key, c->id == UINT16_MAX ? sizeof key : GFS_PROP_ID_BYTES), ret_entry);
}

int gfs_prop_cursor_next(struct gfs_prop_cursor *c, struct gfs_prop_entry *ret_entry)
{
	struct gfs_slice key = { 0 }, value;
	int err = c->forwards != NULL ? gfs_kv_iter_next(c->forwards, &key, &value)
								  : gfs_kv_back_prev(c->backwards, &key, &value);
	return arrive(c, err, key, ret_entry);
}
