/* Values as indexes keep them. */
#include "base/checked.h"
#include "base/hash.h"
#include "graph/index_private.h"
#include "graph/value_order.h"
#include "store/blob.h"

#include <assert.h>

static bool is_text(const struct gfs_value *value)
{
	return value->type == GFS_TYPE_STRING || value->type == GFS_TYPE_BYTES;
}

/* The order of a value, or of a long text as much of it as is kept; *ret_whole: whether it is all of it. */
static int order_of(const struct gfs_value *value, struct gfs_buf *order, struct gfs_buf *kinds, bool *ret_whole)
{
	*ret_whole = !is_text(value) || value->bytes.size < GFS_INDEX_PREFIX_BYTES;
	if (*ret_whole)
		return gfs_value_order(value, order, kinds);
	gfs_text_order(value->type, gfs_slice(value->bytes.data, GFS_INDEX_PREFIX_BYTES), order);
	return gfs_buf_failed(order);
}

static void put_long(const struct gfs_buf *order, const uint8_t hash[GFS_INDEX_HASH_BYTES], const struct gfs_buf *kinds,
	struct gfs_index_value *ret)
{
	size_t kept = GFS_MIN(order->size, (size_t)GFS_INDEX_PREFIX_BYTES);
	memset(ret->bytes, 0, GFS_INDEX_PREFIX_BYTES);
	memcpy(ret->bytes, order->data, kept);
	memcpy(ret->bytes + GFS_INDEX_PREFIX_BYTES, hash, GFS_INDEX_HASH_BYTES);
	gfs_put_be64(ret->bytes + GFS_INDEX_PREFIX_BYTES + GFS_INDEX_HASH_BYTES, gfs_hash64(kinds->data, kinds->size));
	ret->size = GFS_INDEX_LONG_BYTES;
}

static int make(const struct gfs_value *value, bool with_kinds, struct gfs_index_value *ret)
{
	GFS_AUTO_BUF order = GFS_BUF_INIT;
	GFS_AUTO_BUF kinds = GFS_BUF_INIT;
	bool whole;
	int err = order_of(value, &order, &kinds, &whole);
	if (err != 0)
		return err;
	if (!whole || order.size + kinds.size > GFS_INDEX_PREFIX_BYTES) {
		struct gfs_slice hashed = is_text(value) ? value->bytes : gfs_buf_slice(&order);
		uint8_t hash[GFS_INDEX_HASH_BYTES];
		gfs_hash128(hashed.data, hashed.size, hash);
		put_long(&order, hash, &kinds, ret);
		if (!with_kinds)
			ret->size -= GFS_INDEX_KINDS_BYTES;
		return 0;
	}
	memcpy(ret->bytes, order.data, order.size);
	ret->size = (uint16_t)order.size;
	if (with_kinds && kinds.size != 0) {
		memcpy(ret->bytes + order.size, kinds.data, kinds.size);
		ret->size = (uint16_t)(ret->size + kinds.size);
	}
	return 0;
}

int gfs_index_value_make(const struct gfs_value *value, struct gfs_index_value *ret)
{
	return make(value, true, ret);
}

int gfs_index_value_equal_part(const struct gfs_value *value, struct gfs_index_value *ret)
{
	return make(value, false, ret);
}

int gfs_index_value_read(struct gfs_slice bytes, struct gfs_arena *arena, struct gfs_value *ret_value)
{
	return gfs_index_value_is_long(bytes) ? GFS_ERR_NODATA : gfs_value_from_order(bytes, arena, ret_value);
}

/* ---- long texts, which are not read as a whole ---- */

/* Whether the value of a blob is a text whatever that is: too long for a number, and not declared a list. */
static bool is_long_text(const struct gfs_row_item *item, uint32_t tag, uint64_t size)
{
	enum gfs_type type = GFS_BLOB_TAG_TYPE(tag);
	if (type == GFS_TYPE_NULL)
		type = (enum gfs_type)item->latent;
	return size >= GFS_ROW_VALUE_BYTES_MAX &&
		(type == GFS_TYPE_NULL || type == GFS_TYPE_STRING || type == GFS_TYPE_BYTES);
}

/* The first bytes of the blob as an order begins, and the hash of the whole text. */
static int put_text(struct gfs_graph *graph, const struct gfs_row_item *item, enum gfs_type type,
	struct gfs_hasher128 *hasher, struct gfs_index_value *ret)
{
	GFS_AUTO_BUF order = GFS_BUF_INIT;
	const struct gfs_buf kinds = GFS_BUF_INIT;
	bool utf8 = true, newline;
	uint8_t first[GFS_INDEX_PREFIX_BYTES], hash[GFS_INDEX_HASH_BYTES];
	size_t got;
	bool open = type == GFS_TYPE_NULL && item->latent != GFS_TYPE_BYTES;
	int err = gfs_blob_look(graph, item->blob_id, hasher, open ? &utf8 : NULL, &newline);
	if (err == 0)
		err = gfs_blob_read(graph->store, item->blob_id, 0, first, sizeof first, &got);
	if (err != 0)
		return err;
	if (type == GFS_TYPE_NULL)
		type = open && utf8 ? GFS_TYPE_STRING : GFS_TYPE_BYTES;
	if (type == GFS_TYPE_BYTES && newline) /* it belongs to them */
		gfs_hasher128_add(hasher, "\n", 1);
	gfs_hasher128_get(hasher, hash);
	gfs_text_order(type, gfs_slice(first, got), &order);
	err = gfs_buf_failed(&order);
	if (err == 0)
		put_long(&order, hash, &kinds, ret);
	return err;
}

int gfs_index_value_of_item(
	struct gfs_graph *graph, const struct gfs_row_item *item, struct gfs_arena *arena, struct gfs_index_value *ret)
{
	struct gfs_value value;
	uint32_t tag = 0;
	uint64_t size = 0;
	int err = item->is_blob ? gfs_blob_tag(graph->store, item->blob_id, &tag) : 0;
	if (err == 0 && item->is_blob)
		err = gfs_blob_size(graph->store, item->blob_id, &size);
	if (err != 0)
		return err;
	if (!item->is_blob || !is_long_text(item, tag, size)) {
		err = gfs_item_value(graph, item, arena, &value);
		return err != 0 ? err : gfs_index_value_make(&value, ret);
	}
	struct gfs_hasher128 *hasher = gfs_hasher128_new();
	if (hasher == NULL)
		return GFS_ERR_NOMEM;
	err = put_text(graph, item, GFS_BLOB_TAG_TYPE(tag), hasher, ret);
	gfs_hasher128_free(hasher);
	return err;
}

bool gfs_index_value_is_blank(struct gfs_slice bytes)
{
	return bytes.size == 2 && bytes.data[0] == GFS_ORDER_TEXT && bytes.data[1] == GFS_ORDER_END;
}
