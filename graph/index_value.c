/* Values as indexes keep them. */
#include "base/checked.h"
#include "base/hash.h"
#include "graph/index_private.h"
#include "graph/value_order.h"

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

static void put_long(const struct gfs_value *value, const struct gfs_buf *order, const struct gfs_buf *kinds,
	struct gfs_index_value *ret)
{
	struct gfs_slice hashed = is_text(value) ? value->bytes : gfs_buf_slice(order);
	size_t kept = GFS_MIN(order->size, (size_t)GFS_INDEX_PREFIX_BYTES);
	memset(ret->bytes, 0, GFS_INDEX_PREFIX_BYTES);
	memcpy(ret->bytes, order->data, kept);
	gfs_hash128(hashed.data, hashed.size, ret->bytes + GFS_INDEX_PREFIX_BYTES);
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
		put_long(value, &order, &kinds, ret);
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

bool gfs_index_value_is_blank(struct gfs_slice bytes)
{
	return bytes.size == 2 && bytes.data[0] == GFS_ORDER_TEXT && bytes.data[1] == GFS_ORDER_END;
}
