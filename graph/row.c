#include "graph/row.h"

#include <assert.h>

enum { ROW_HAS_KEY = 1, ROW_HAS_LABELS = 2, ROW_FLAGS_ALL = 3 };
enum { ITEM_HAS_MTIME = 1, ITEM_IS_BLOB = 2, ITEM_HAS_LATENT = 4, ITEM_HAS_ACCESS = 8, ITEM_FLAGS_ALL = 15 };

int gfs_row_open(struct gfs_slice bytes, struct gfs_row *ret_row)
{
	struct gfs_row row = { 0 };
	if (bytes.size == 0) {
		*ret_row = row;
		return 0;
	}
	struct gfs_reader r = gfs_reader(bytes);
	uint8_t flags = gfs_read_u8(&r);
	row.count = gfs_read_le16(&r);
	if (flags & ROW_HAS_KEY) {
		row.key = gfs_read_bytes(&r, gfs_read_varint(&r));
		if (row.key.size == 0 || row.key.size > GFS_KEY_BYTES_MAX)
			return GFS_ERR_CORRUPT;
	}
	if (flags & ROW_HAS_LABELS) {
		uint64_t count = gfs_read_varint(&r);
		if (count == 0 || count > GFS_LABELS_PER_NODE_MAX)
			return GFS_ERR_CORRUPT;
		row.labels = gfs_read_bytes(&r, count * 2);
	}
	if (r.failed || flags & ~ROW_FLAGS_ALL)
		return GFS_ERR_CORRUPT;
	row.items = gfs_slice(r.at, gfs_reader_left(&r));
	*ret_row = row;
	return 0;
}

int gfs_row_next(struct gfs_slice *at, struct gfs_row_item *ret_item)
{
	if (at->size == 0)
		return GFS_ERR_NOTFOUND;
	struct gfs_reader r = gfs_reader(*at);
	struct gfs_row_item item = { .key = gfs_read_le16(&r) };
	uint8_t flags = gfs_read_u8(&r);
	struct gfs_slice rest = gfs_read_bytes(&r, gfs_read_varint(&r));
	if (r.failed || flags & ~ITEM_FLAGS_ALL || item.key == 0)
		return GFS_ERR_CORRUPT;
	struct gfs_reader in = gfs_reader(rest);
	item.has_mtime = flags & ITEM_HAS_MTIME;
	item.is_blob = flags & ITEM_IS_BLOB;
	if (item.has_mtime)
		item.mtime_ns = gfs_read_le64(&in);
	item.has_access = flags & ITEM_HAS_ACCESS;
	if (item.has_access) {
		item.access.uid = gfs_read_le32(&in);
		item.access.gid = gfs_read_le32(&in);
		item.access.mode = gfs_read_le16(&in);
		if (item.access.mode & ~0777u)
			return GFS_ERR_CORRUPT;
	}
	if (flags & ITEM_HAS_LATENT) {
		item.latent = gfs_read_u8(&in);
		if (item.latent == 0)
			return GFS_ERR_CORRUPT;
	}
	if (item.is_blob)
		item.blob_id = gfs_read_le64(&in);
	else
		item.value = gfs_slice(in.at, gfs_reader_left(&in));
	if (in.failed ||
		(item.is_blob ? gfs_reader_left(&in) != 0 || item.blob_id == 0
					  : item.value.size == 0 || item.value.size > GFS_ROW_VALUE_BYTES_MAX))
		return GFS_ERR_CORRUPT;
	*at = gfs_slice(r.at, gfs_reader_left(&r));
	*ret_item = item;
	return 0;
}

/* Passes over the item at *at when its key is below `key`. False: it is to be looked at properly. */
static bool pass_over(struct gfs_slice *at, uint16_t key)
{
	const uint8_t *p = at->data;
	if (at->size < 4 || gfs_get_le16(p) >= key)
		return false;
	size_t length = p[3], head = 4;
	if (length >= 0x80) { /* a varint of two bytes; longer ones are for values past the limit */
		if (at->size < 5 || p[4] >= 0x80)
			return false;
		length = (length & 0x7f) | (size_t)p[4] << 7;
		head = 5;
	}
	if (length > at->size - head)
		return false;
	*at = gfs_slice(p + head + length, at->size - head - length);
	return true;
}

int gfs_row_find(const struct gfs_row *row, uint16_t key, struct gfs_row_item *ret_item)
{
	struct gfs_slice at = row->items;
	struct gfs_row_item item;
	int err;
	for (;;) {
		while (pass_over(&at, key))
			;
		err = gfs_row_next(&at, &item);
		if (err != 0)
			return err;
		if (item.key == key) {
			*ret_item = item;
			return 0;
		}
		if (item.key > key)
			return GFS_ERR_NOTFOUND;
	}
}

void gfs_row_put_head(struct gfs_buf *out, struct gfs_slice key, struct gfs_slice labels, uint16_t count)
{
	assert(labels.size % 2 == 0);
	gfs_buf_append_u8(out, (uint8_t)((key.size != 0 ? ROW_HAS_KEY : 0) | (labels.size != 0 ? ROW_HAS_LABELS : 0)));
	gfs_buf_append_le16(out, count);
	if (key.size != 0) {
		gfs_buf_append_varint(out, key.size);
		gfs_buf_append(out, key.data, key.size);
	}
	if (labels.size != 0) {
		gfs_buf_append_varint(out, labels.size / 2);
		gfs_buf_append(out, labels.data, labels.size);
	}
}

void gfs_row_put_item(struct gfs_buf *out, const struct gfs_row_item *item)
{
	assert(item->key != 0 && item->is_blob == (item->blob_id != 0));
	assert(item->is_blob || (item->value.size != 0 && item->value.size <= GFS_ROW_VALUE_BYTES_MAX));
	size_t payload = item->is_blob ? 8 : item->value.size;
	gfs_buf_append_le16(out, item->key);
	gfs_buf_append_u8(out,
		(uint8_t)((item->has_mtime ? ITEM_HAS_MTIME : 0) | (item->is_blob ? ITEM_IS_BLOB : 0) |
			(item->latent != 0 ? ITEM_HAS_LATENT : 0) | (item->has_access ? ITEM_HAS_ACCESS : 0)));
	gfs_buf_append_varint(
		out, payload + (item->has_mtime ? 8 : 0) + (item->latent != 0 ? 1 : 0) + (item->has_access ? 10 : 0));
	if (item->has_mtime)
		gfs_buf_append_le64(out, item->mtime_ns);
	if (item->has_access) {
		gfs_buf_append_le32(out, item->access.uid);
		gfs_buf_append_le32(out, item->access.gid);
		gfs_buf_append_le16(out, item->access.mode);
	}
	if (item->latent != 0)
		gfs_buf_append_u8(out, item->latent);
	if (item->is_blob)
		gfs_buf_append_le64(out, item->blob_id);
	else
		gfs_buf_append(out, item->value.data, item->value.size);
}

/* The number of properties after the edit. */
static int count_after(const struct gfs_row *row, const struct gfs_row_edit *edit, uint16_t *ret_count)
{
	struct gfs_row_item old;
	*ret_count = row->count;
	if (edit->key == 0)
		return 0;
	int err = gfs_row_find(row, edit->key, &old);
	if (err != 0 && err != GFS_ERR_NOTFOUND)
		return err;
	bool had = err == 0, has = edit->item != NULL;
	if (had && row->count == 0)
		return GFS_ERR_CORRUPT;
	if (has && !had && row->count == GFS_PROPERTIES_MAX)
		return GFS_ERR_LIMIT;
	*ret_count = (uint16_t)(row->count - had + has);
	return 0;
}

static void put_kept(struct gfs_buf *out, struct gfs_row_item *item, const struct gfs_row_edit *edit)
{
	if (edit->fill && !item->has_mtime) {
		item->has_mtime = true;
		item->mtime_ns = edit->fill_mtime_ns;
	}
	gfs_row_put_item(out, item);
}

int gfs_row_copy(const struct gfs_row *row, const struct gfs_row_edit *edit, struct gfs_buf *out)
{
	uint16_t count, seen = 0;
	int err = count_after(row, edit, &count);
	if (err != 0)
		return err;
	if (count == 0 && row->key.size == 0 && row->labels.size == 0)
		return 0;
	gfs_row_put_head(out, row->key, row->labels, count);
	struct gfs_slice at = row->items;
	struct gfs_row_item item;
	bool pending = edit->key != 0 && edit->item != NULL;
	while ((err = gfs_row_next(&at, &item)) == 0) {
		seen++;
		if (pending && item.key >= edit->key) {
			gfs_row_put_item(out, edit->item);
			pending = false;
		}
		if (edit->key == 0 || item.key != edit->key)
			put_kept(out, &item, edit);
	}
	if (err != GFS_ERR_NOTFOUND || seen != row->count)
		return GFS_ERR_CORRUPT;
	assert(!pending || edit->item->key == edit->key);
	if (pending)
		gfs_row_put_item(out, edit->item);
	return gfs_buf_failed(out);
}

static bool labels_ascend(struct gfs_slice labels)
{
	uint16_t last = 0;
	for (size_t i = 0; i < labels.size; i += 2) {
		uint16_t id = gfs_get_le16(labels.data + i);
		if (id <= last)
			return false;
		last = id;
	}
	return labels.size == 0 || labels.size > 2 * 3;
}

int gfs_row_check(struct gfs_slice bytes)
{
	struct gfs_row row;
	int err = gfs_row_open(bytes, &row);
	if (err != 0)
		return err;
	struct gfs_slice at = row.items;
	struct gfs_row_item item;
	uint16_t last = 0, seen = 0;
	while ((err = gfs_row_next(&at, &item)) == 0) {
		if (item.key <= last)
			return GFS_ERR_CORRUPT;
		last = item.key;
		seen++;
	}
	if (err != GFS_ERR_NOTFOUND || seen != row.count || gfs_row_is_empty(&row) || !labels_ascend(row.labels))
		return GFS_ERR_CORRUPT;
	return 0;
}
