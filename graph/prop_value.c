/* What a property's payload holds: an encoded value in the row, or a file's raw contents in a blob with a tag that says how to read them.
 * The two forms show the same text and the same value. */
#include "graph/owner.h"

#include "store/blob.h"

#include <assert.h>

/* ---- texts and types ---- */

int gfs_text_value(struct gfs_slice text, enum gfs_type declared, struct gfs_arena *arena, struct gfs_value *ret_value,
	enum gfs_type *ret_latent)
{
	*ret_latent = GFS_TYPE_NULL;
	if (declared != GFS_TYPE_NULL) {
		int err = gfs_value_parse(declared, text, arena, ret_value);
		if (err == 0 && !ret_value->declared)
			*ret_latent = declared;
		if (err != GFS_ERR_INVALID)
			return err;
		*ret_latent = declared;
	}
	gfs_value_infer(text, ret_value);
	return 0;
}

static int blob_bytes(struct gfs_graph *graph, uint64_t blob_id, struct gfs_arena *arena, struct gfs_slice *ret_bytes)
{
	uint64_t size;
	size_t got;
	int err = gfs_blob_size(graph->store, blob_id, &size);
	if (err != 0)
		return err;
	if (size > GFS_VALUE_BYTES_MAX)
		return GFS_ERR_CORRUPT;
	uint8_t *bytes = gfs_arena_alloc(arena, size);
	if (bytes == NULL)
		return GFS_ERR_NOMEM;
	err = gfs_blob_read(graph->store, blob_id, 0, bytes, size, &got);
	if (err == 0 && got != size)
		err = GFS_ERR_CORRUPT;
	if (err == 0)
		*ret_bytes = gfs_slice(bytes, size);
	return err;
}

static int blob_value(
	struct gfs_graph *graph, const struct gfs_row_item *item, struct gfs_arena *arena, struct gfs_value *ret_value)
{
	uint32_t tag;
	struct gfs_slice text;
	enum gfs_type latent;
	int err = gfs_blob_tag(graph->store, item->blob_id, &tag);
	if (err == 0)
		err = blob_bytes(graph, item->blob_id, arena, &text);
	if (err != 0)
		return err;
	if (GFS_BLOB_TAG_TYPE(tag) == GFS_TYPE_NULL)
		return gfs_text_value(text, (enum gfs_type)item->latent, arena, ret_value, &latent);
	err = gfs_value_parse(GFS_BLOB_TAG_TYPE(tag), text, arena, ret_value);
	return err == GFS_ERR_INVALID ? GFS_ERR_CORRUPT : err;
}

int gfs_item_value(
	struct gfs_graph *graph, const struct gfs_row_item *item, struct gfs_arena *arena, struct gfs_value *ret_value)
{
	return item->is_blob ? blob_value(graph, item, arena, ret_value) : gfs_value_decode(item->value, arena, ret_value);
}

int gfs_item_declared(struct gfs_graph *graph, const struct gfs_row_item *item, enum gfs_type *ret_type)
{
	uint32_t tag;
	struct gfs_value value;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	int err = item->is_blob ? gfs_blob_tag(graph->store, item->blob_id, &tag)
							: gfs_value_decode(item->value, &arena, &value);
	if (err != 0)
		return err;
	if (item->is_blob)
		*ret_type = GFS_BLOB_TAG_DECLARED(tag) ? GFS_BLOB_TAG_TYPE(tag) : (enum gfs_type)item->latent;
	else
		*ret_type = value.declared ? value.type : (enum gfs_type)item->latent;
	return *ret_type < GFS_TYPE_COUNT ? 0 : GFS_ERR_CORRUPT;
}

static int value_file(const struct gfs_value *value, struct gfs_buf *out)
{
	int err = gfs_value_text(value, out);
	if (err == 0 && value->newline)
		gfs_buf_append_u8(out, '\n');
	return err != 0 ? err : gfs_buf_failed(out);
}

static int blob_text(struct gfs_graph *graph, uint64_t blob_id, struct gfs_buf *out)
{
	uint64_t size;
	size_t got;
	int err = gfs_blob_size(graph->store, blob_id, &size);
	if (err != 0)
		return err;
	if (size > GFS_VALUE_BYTES_MAX)
		return GFS_ERR_CORRUPT;
	uint8_t *bytes = gfs_buf_extend(out, size);
	if (bytes == NULL)
		return size == 0 ? 0 : GFS_ERR_NOMEM;
	err = gfs_blob_read(graph->store, blob_id, 0, bytes, size, &got);
	return err == 0 && got != size ? GFS_ERR_CORRUPT : err;
}

int gfs_item_text(struct gfs_graph *graph, const struct gfs_row_item *item, struct gfs_buf *out)
{
	if (item->is_blob)
		return blob_text(graph, item->blob_id, out);
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_value value;
	int err = gfs_value_decode(item->value, &arena, &value);
	return err != 0 ? err : value_file(&value, out);
}

/* ---- filling a payload ---- */

static void put_inline(struct gfs_row_item *item, struct gfs_slice encoded)
{
	assert(encoded.size != 0 && encoded.size <= GFS_ROW_VALUE_BYTES_MAX);
	item->is_blob = false;
	item->blob_id = 0;
	item->value = encoded;
}

int gfs_item_put_blob(struct gfs_tx *tx, struct gfs_row_item *item, struct gfs_slice text, uint32_t tag)
{
	uint64_t id;
	int err = gfs_blob_create(tx->txn, &id);
	if (err == 0 && text.size != 0)
		err = gfs_blob_write(tx->txn, id, 0, text.data, text.size);
	if (err == 0 && tag != 0)
		err = gfs_blob_set_tag(tx->txn, id, tag);
	if (err != 0)
		return err;
	assert(id != 0);
	item->is_blob = true;
	item->blob_id = id;
	item->value = (struct gfs_slice){ 0 };
	return 0;
}

static int put_value_blob(struct gfs_tx *tx, struct gfs_row_item *item, const struct gfs_value *value)
{
	uint32_t tag = GFS_BLOB_TAG(value->type, value->declared);
	assert(value->type != GFS_TYPE_NULL && value->type < GFS_TYPE_COUNT);
	if (value->type == GFS_TYPE_STRING || value->type == GFS_TYPE_BYTES) {
		int err = gfs_item_put_blob(tx, item, value->bytes, tag);
		if (err == 0 && value->newline)
			err = gfs_blob_write(tx->txn, item->blob_id, value->bytes.size, "\n", 1);
		return err;
	}
	gfs_buf_clear(&tx->text);
	int err = value_file(value, &tx->text);
	return err != 0 ? err : gfs_item_put_blob(tx, item, gfs_buf_slice(&tx->text), tag);
}

int gfs_item_put_encoded(struct gfs_tx *tx, struct gfs_row_item *item, struct gfs_slice encoded)
{
	struct gfs_value value;
	item->latent = GFS_TYPE_NULL;
	if (encoded.size == 0)
		return GFS_ERR_CORRUPT;
	if (encoded.size <= GFS_ROW_VALUE_BYTES_MAX) {
		put_inline(item, encoded);
		return 0;
	}
	int err = gfs_value_decode(encoded, &tx->arena, &value);
	return err != 0 ? err : put_value_blob(tx, item, &value);
}

int gfs_item_put_text(struct gfs_tx *tx, struct gfs_row_item *item, struct gfs_slice text, enum gfs_type declared)
{
	struct gfs_value value;
	enum gfs_type latent;
	assert(declared < GFS_TYPE_COUNT && !item->is_blob);
	if (text.size >= GFS_ROW_VALUE_BYTES_MAX) {
		item->latent = (uint8_t)declared;
		return gfs_item_put_blob(tx, item, text, 0);
	}
	int err = gfs_text_value(text, declared, &tx->arena, &value, &latent);
	if (err != 0)
		return err;
	item->latent = (uint8_t)latent;
	gfs_buf_clear(&tx->value);
	err = gfs_value_encode(&value, &tx->value);
	if (err == 0)
		err = gfs_buf_failed(&tx->value);
	if (err != 0)
		return err;
	if (tx->value.size > GFS_ROW_VALUE_BYTES_MAX)
		return gfs_item_put_blob(tx, item, text, GFS_BLOB_TAG(value.type, value.declared));
	put_inline(item, gfs_buf_slice(&tx->value));
	return 0;
}

int gfs_item_free(struct gfs_tx *tx, const struct gfs_row_item *item)
{
	return item->is_blob ? gfs_blob_delete(tx->txn, item->blob_id) : 0;
}

int gfs_row_free_items(struct gfs_tx *tx, const struct gfs_row *row)
{
	struct gfs_slice at = row->items;
	struct gfs_row_item item;
	int err;
	while ((err = gfs_row_next(&at, &item)) == 0) {
		err = gfs_item_free(tx, &item);
		if (err == 0)
			err = gfs_tx_count_name(tx, GFS_CATALOG_KEY, item.key, -1);
		if (err != 0)
			return err;
	}
	if (err != GFS_ERR_NOTFOUND)
		return err;
	return row->count == 0 ? 0 : gfs_tx_add_counter(tx, GFS_COUNTER_PROPERTIES, -(int64_t)row->count);
}
