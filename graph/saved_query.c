/* Saved queries lie in the table META, changed there and nowhere else, so that a rollback takes them back with it:
 *
 *   query:NUMBER (2)        mtime (8), size of the text (4), name
 *   query_text:NUMBER (2)   the text, unless it is empty
 *   query_name:NAME         number (2)
 *   query_last              number (2): the last one given out
 *
 * Numbers are big-endian in keys. */
#include "graph/saved_query_private.h"

#include <string.h>

enum { OFFSET_TEXT_BYTES = 8, OFFSET_NAME = 12 };

struct gfs_query_key gfs_query_key_of(const char *prefix, uint16_t number)
{
	struct gfs_query_key key = { .size = strlen(prefix) + 2 };
	memcpy(key.bytes, prefix, key.size - 2);
	gfs_put_be16(key.bytes + key.size - 2, number);
	return key;
}

struct gfs_query_key gfs_query_key_of_name(struct gfs_slice name)
{
	struct gfs_query_key key = { .size = strlen(GFS_QUERY_ROW_NAME) + name.size };
	memcpy(key.bytes, GFS_QUERY_ROW_NAME, strlen(GFS_QUERY_ROW_NAME));
	memcpy(key.bytes + strlen(GFS_QUERY_ROW_NAME), name.data, name.size);
	return key;
}

/* ---- looking ---- */

static int get(struct gfs_graph *graph, struct gfs_slice key, struct gfs_buf *out)
{
	return gfs_kv_get(gfs_store_kv(graph->store), GFS_KV_META, key, out);
}

static int get_number(struct gfs_graph *graph, struct gfs_slice key, uint16_t *ret_number)
{
	GFS_AUTO_BUF value = GFS_BUF_INIT;
	int err = get(graph, key, &value);
	if (err == 0 && value.size != 2)
		err = GFS_ERR_CORRUPT;
	if (err == 0)
		*ret_number = gfs_get_le16(value.data);
	return err;
}

int gfs_query_row_read(uint16_t number, struct gfs_slice value, struct gfs_saved_query *ret_query)
{
	if (value.size <= OFFSET_NAME || value.size - OFFSET_NAME > sizeof ret_query->name)
		return GFS_ERR_CORRUPT;
	*ret_query = (struct gfs_saved_query){
		.number = number,
		.text_bytes = gfs_get_le32(value.data + OFFSET_TEXT_BYTES),
		.mtime_ns = gfs_get_le64(value.data),
		.name_bytes = value.size - OFFSET_NAME,
	};
	memcpy(ret_query->name, value.data + OFFSET_NAME, ret_query->name_bytes);
	return 0;
}

int gfs_saved_query_get(struct gfs_graph *graph, uint16_t number, struct gfs_saved_query *ret_query)
{
	GFS_AUTO_BUF value = GFS_BUF_INIT;
	struct gfs_query_key key = gfs_query_key_of(GFS_QUERY_ROW, number);
	int err = get(graph, gfs_query_key_slice(&key), &value);
	return err != 0 ? err : gfs_query_row_read(number, gfs_buf_slice(&value), ret_query);
}

int gfs_saved_query_find(struct gfs_graph *graph, struct gfs_slice name, uint16_t *ret_number)
{
	if (gfs_name_check(name, GFS_SAVED_QUERY_NAME_BYTES_MAX) != 0)
		return GFS_ERR_NOTFOUND;
	struct gfs_query_key key = gfs_query_key_of_name(name);
	return get_number(graph, gfs_query_key_slice(&key), ret_number);
}

int gfs_saved_query_text(struct gfs_graph *graph, uint16_t number, struct gfs_buf *out)
{
	struct gfs_saved_query query;
	struct gfs_query_key key = gfs_query_key_of(GFS_QUERY_ROW_TEXT, number);
	size_t before = out->size;
	int err = gfs_saved_query_get(graph, number, &query);
	if (err != 0 || query.text_bytes == 0)
		return err;
	err = get(graph, gfs_query_key_slice(&key), out);
	if (err == GFS_ERR_NOTFOUND || (err == 0 && out->size - before != query.text_bytes))
		err = GFS_ERR_CORRUPT;
	return err;
}

int gfs_saved_query_next(struct gfs_graph *graph, unsigned from, struct gfs_saved_query *ret_query)
{
	struct gfs_kv_iter *it = NULL;
	struct gfs_slice found, value;
	if (from > GFS_NAME_ID_MAX)
		return GFS_ERR_NOTFOUND;
	struct gfs_query_key key = gfs_query_key_of(GFS_QUERY_ROW, (uint16_t)from);
	int err = gfs_kv_iter_open(gfs_store_kv(graph->store), GFS_KV_META, &it);
	if (err == 0)
		err = gfs_kv_iter_seek(it, gfs_query_key_slice(&key), &found, &value);
	if (err == 0 && (found.size != key.size || memcmp(found.data, GFS_QUERY_ROW, strlen(GFS_QUERY_ROW)) != 0))
		err = GFS_ERR_NOTFOUND;
	if (err == 0)
		err = gfs_query_row_read(gfs_get_be16(found.data + strlen(GFS_QUERY_ROW)), value, ret_query);
	gfs_kv_iter_close(it);
	return err;
}

/* ---- changing ---- */

static int put(struct gfs_tx *tx, struct gfs_slice key, struct gfs_slice value)
{
	return gfs_kv_put(gfs_store_kv(tx->graph->store), gfs_txn_undo(tx->txn), GFS_KV_META, key, value);
}

int gfs_query_row_drop(struct gfs_tx *tx, struct gfs_slice key)
{
	return gfs_kv_delete(gfs_store_kv(tx->graph->store), gfs_txn_undo(tx->txn), GFS_KV_META, key);
}

int gfs_query_row_put_number(struct gfs_tx *tx, struct gfs_slice key, uint16_t number)
{
	uint8_t value[2];
	gfs_put_le16(value, number);
	return put(tx, key, gfs_slice(value, sizeof value));
}

int gfs_query_row_put(struct gfs_tx *tx, const struct gfs_saved_query *query)
{
	uint8_t value[OFFSET_NAME + GFS_SAVED_QUERY_NAME_BYTES_MAX];
	struct gfs_query_key key = gfs_query_key_of(GFS_QUERY_ROW, query->number);
	gfs_put_le64(value, query->mtime_ns);
	gfs_put_le32(value + OFFSET_TEXT_BYTES, query->text_bytes);
	memcpy(value + OFFSET_NAME, query->name, query->name_bytes);
	return put(tx, gfs_query_key_slice(&key), gfs_slice(value, OFFSET_NAME + query->name_bytes));
}

void gfs_query_set_name(struct gfs_saved_query *query, struct gfs_slice name)
{
	query->name_bytes = name.size;
	memcpy(query->name, name.data, name.size);
}

/* A name that a query may take. */
static int check_new_name(struct gfs_graph *graph, struct gfs_slice name)
{
	uint16_t number;
	int err = gfs_name_check(name, GFS_SAVED_QUERY_NAME_BYTES_MAX);
	if (err != 0)
		return err;
	err = gfs_saved_query_find(graph, name, &number);
	return err == 0 ? GFS_ERR_EXISTS : err == GFS_ERR_NOTFOUND ? 0 : err;
}

/* The first free number behind the last one given out. */
static int new_number(struct gfs_graph *graph, uint16_t *ret_number)
{
	struct gfs_saved_query query;
	uint16_t number = 0;
	int err = get_number(graph, gfs_slice_text(GFS_QUERY_ROW_LAST), &number);
	if (err != 0 && err != GFS_ERR_NOTFOUND)
		return err;
	do {
		number = number == GFS_NAME_ID_MAX ? 1 : (uint16_t)(number + 1);
		err = gfs_saved_query_get(graph, number, &query);
	} while (err == 0);
	*ret_number = number;
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

int gfs_apply_query_make(struct gfs_tx *tx, struct gfs_op *op)
{
	struct gfs_saved_query query = { .mtime_ns = gfs_tx_later(tx, 0) };
	int err = check_new_name(tx->graph, op->bytes);
	if (err == 0 && op->name == 0)
		err = new_number(tx->graph, &op->name);
	else if (err == 0 && gfs_saved_query_get(tx->graph, op->name, &query) == 0)
		err = GFS_ERR_CORRUPT;
	if (err != 0)
		return err;
	query.number = op->name;
	gfs_query_set_name(&query, op->bytes);
	struct gfs_query_key name = gfs_query_key_of_name(op->bytes);
	err = gfs_query_row_put(tx, &query);
	if (err == 0)
		err = gfs_query_row_put_number(tx, gfs_query_key_slice(&name), query.number);
	return err != 0 ? err : gfs_query_row_put_number(tx, gfs_slice_text(GFS_QUERY_ROW_LAST), query.number);
}

int gfs_apply_query_text(struct gfs_tx *tx, struct gfs_op *op)
{
	struct gfs_saved_query query;
	struct gfs_query_key text = gfs_query_key_of(GFS_QUERY_ROW_TEXT, op->name);
	if (op->bytes.size > GFS_SAVED_QUERY_BYTES_MAX)
		return GFS_ERR_TOOBIG;
	int err = gfs_saved_query_get(tx->graph, op->name, &query);
	if (err != 0)
		return err;
	if (op->bytes.size != 0)
		err = put(tx, gfs_query_key_slice(&text), op->bytes);
	else if (query.text_bytes != 0)
		err = gfs_query_row_drop(tx, gfs_query_key_slice(&text));
	query.text_bytes = (uint32_t)op->bytes.size;
	query.mtime_ns = gfs_tx_later(tx, query.mtime_ns);
	return err != 0 ? err : gfs_query_row_put(tx, &query);
}

int gfs_apply_query_rename(struct gfs_tx *tx, struct gfs_op *op)
{
	struct gfs_saved_query query;
	int err = check_new_name(tx->graph, op->bytes);
	if (err == 0)
		err = gfs_saved_query_get(tx->graph, op->name, &query);
	if (err != 0)
		return err;
	struct gfs_query_key old = gfs_query_key_of_name(gfs_saved_query_name(&query)),
						 new = gfs_query_key_of_name(op->bytes);
	err = gfs_query_row_drop(tx, gfs_query_key_slice(&old));
	if (err == 0)
		err = gfs_query_row_put_number(tx, gfs_query_key_slice(&new), query.number);
	gfs_query_set_name(&query, op->bytes);
	query.mtime_ns = gfs_tx_later(tx, query.mtime_ns);
	return err != 0 ? err : gfs_query_row_put(tx, &query);
}

int gfs_apply_query_remove(struct gfs_tx *tx, struct gfs_op *op)
{
	struct gfs_saved_query query;
	struct gfs_query_key key = gfs_query_key_of(GFS_QUERY_ROW, op->name),
						 text = gfs_query_key_of(GFS_QUERY_ROW_TEXT, op->name);
	int err = gfs_saved_query_get(tx->graph, op->name, &query);
	if (err != 0)
		return err;
	struct gfs_query_key name = gfs_query_key_of_name(gfs_saved_query_name(&query));
	err = gfs_query_row_drop(tx, gfs_query_key_slice(&name));
	if (err == 0)
		err = gfs_query_row_drop(tx, gfs_query_key_slice(&key));
	return err != 0 || query.text_bytes == 0 ? err : gfs_query_row_drop(tx, gfs_query_key_slice(&text));
}

/* ---- for the caller ---- */

static size_t count_of(struct gfs_graph *graph)
{
	struct gfs_saved_query query;
	size_t count = 0;
	for (unsigned from = 1; gfs_saved_query_next(graph, from, &query) == 0; from = query.number + 1u)
		count++;
	return count;
}

int gfs_saved_query_make(struct gfs_tx *tx, struct gfs_slice name, uint16_t *ret_number)
{
	struct gfs_op op = { .code = GFS_OP_QUERY_MAKE, .bytes = name };
	int err = check_new_name(tx->graph, name);
	if (err == 0 && count_of(tx->graph) >= GFS_SAVED_QUERIES_MAX)
		err = GFS_ERR_LIMIT;
	if (err == 0)
		err = gfs_tx_apply(tx, &op);
	if (err == 0)
		*ret_number = op.name;
	return err;
}

int gfs_saved_query_set_text(struct gfs_tx *tx, uint16_t number, struct gfs_slice text)
{
	struct gfs_op op = { .code = GFS_OP_QUERY_TEXT, .name = number, .bytes = text };
	return gfs_tx_apply(tx, &op);
}

int gfs_saved_query_rename(struct gfs_tx *tx, uint16_t number, struct gfs_slice name)
{
	struct gfs_saved_query query;
	struct gfs_op op = { .code = GFS_OP_QUERY_RENAME, .name = number, .bytes = name };
	int err = gfs_saved_query_get(tx->graph, number, &query);
	if (err == 0 && gfs_slice_equal(gfs_saved_query_name(&query), name))
		return 0;
	return err != 0 ? err : gfs_tx_apply(tx, &op);
}

int gfs_saved_query_remove(struct gfs_tx *tx, uint16_t number)
{
	struct gfs_op op = { .code = GFS_OP_QUERY_REMOVE, .name = number };
	return gfs_tx_apply(tx, &op);
}
