#include "index/adj_private.h"

void gfs_adj_head_key(uint8_t key[GFS_ADJ_HEAD_KEY_BYTES], uint64_t node, enum gfs_direction dir)
{
	assert(dir == GFS_OUT || dir == GFS_IN);
	gfs_put_be48(key, node);
	key[6] = (uint8_t)dir;
}

void gfs_adj_block_key(uint8_t key[GFS_ADJ_BLOCK_KEY_BYTES], uint64_t node, enum gfs_direction dir, uint16_t type,
	struct gfs_adj_entry bound)
{
	gfs_adj_head_key(key, node, dir);
	gfs_put_be16(key + GFS_ADJ_HEAD_KEY_BYTES, type);
	gfs_put_be48(key + GFS_ADJ_TYPE_KEY_BYTES, bound.other);
	gfs_put_be48(key + GFS_ADJ_TYPE_KEY_BYTES + 6, bound.rel);
}

/* ---- entries ---- */

size_t gfs_adj_entries_seek(const uint8_t *entries, size_t count, struct gfs_adj_entry entry)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (gfs_adj_entry_less(gfs_adj_entry_get(entries, middle), entry))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int gfs_adj_entries_merge(
	const uint8_t *entries, size_t count, const struct gfs_adj_bulk_entry *more, size_t more_count, uint8_t *out)
{
	size_t done = 0;
	for (size_t i = 0; i < more_count; i++) {
		struct gfs_adj_entry entry = more[i].entry;
		size_t run = gfs_adj_entries_seek(entries + done * GFS_ADJ_ENTRY_BYTES, count - done, entry);
		memcpy(out, entries + done * GFS_ADJ_ENTRY_BYTES, run * GFS_ADJ_ENTRY_BYTES);
		out += run * GFS_ADJ_ENTRY_BYTES;
		done += run;
		if (done < count && gfs_adj_entry_equal(gfs_adj_entry_get(entries, done), entry))
			return GFS_ERR_EXISTS;
		if (i > 0 && !gfs_adj_entry_less(more[i - 1].entry, entry))
			return gfs_adj_entry_equal(more[i - 1].entry, entry) ? GFS_ERR_EXISTS : GFS_ERR_INVALID;
		gfs_adj_entry_put(out, 0, entry);
		out += GFS_ADJ_ENTRY_BYTES;
	}
	memcpy(out, entries + done * GFS_ADJ_ENTRY_BYTES, (count - done) * GFS_ADJ_ENTRY_BYTES);
	return 0;
}

bool gfs_adj_entries_verify(const uint8_t *entries, size_t count, struct gfs_adj_entry *above)
{
	for (size_t i = 0; i < count; i++) {
		struct gfs_adj_entry entry = gfs_adj_entry_get(entries, i);
		if (!gfs_adj_entry_valid(entry) || !gfs_adj_entry_less(*above, entry))
			return false;
		*above = entry;
	}
	return true;
}

int gfs_adj_block_count(struct gfs_slice block, size_t *ret_count)
{
	if (block.size % GFS_ADJ_ENTRY_BYTES != 0 || block.size > GFS_ADJ_BLOCK_MAX * GFS_ADJ_ENTRY_BYTES)
		return GFS_ERR_CORRUPT;
	*ret_count = block.size / GFS_ADJ_ENTRY_BYTES;
	return 0;
}

/* ---- header: reading ---- */

static const uint8_t *descriptor(const uint8_t *head, unsigned i)
{
	return head + GFS_ADJ_HEAD_BYTES + (size_t)i * GFS_ADJ_TYPE_BYTES;
}

static uint64_t inline_count(const uint8_t *d)
{
	return (d[2] & GFS_ADJ_BLOCKS) != 0 ? 0 : gfs_get_le64(d + 4);
}

static size_t entries_offset(const uint8_t *head)
{
	return GFS_ADJ_HEAD_BYTES + (size_t)gfs_adj_head_types(head) * GFS_ADJ_TYPE_BYTES;
}

int gfs_adj_head_verify_size(struct gfs_slice head, size_t *ret_inline)
{
	if (head.size < GFS_ADJ_HEAD_BYTES || head.data[0] != GFS_ADJ_FORM || entries_offset(head.data) > head.size)
		return GFS_ERR_CORRUPT;
	size_t bytes = head.size - entries_offset(head.data);
	size_t left = bytes / GFS_ADJ_ENTRY_BYTES;
	unsigned types = gfs_adj_head_types(head.data);
	for (unsigned i = 0; i < types; i++) {
		uint64_t count = inline_count(descriptor(head.data, i));
		if (count > left)
			return GFS_ERR_CORRUPT;
		left -= (size_t)count;
	}
	if (left != 0 || bytes % GFS_ADJ_ENTRY_BYTES != 0)
		return GFS_ERR_CORRUPT;
	if (ret_inline != NULL)
		*ret_inline = bytes / GFS_ADJ_ENTRY_BYTES;
	return 0;
}

static const char *verify_type(const uint8_t *d, unsigned type_before, const uint8_t *entries)
{
	unsigned type = gfs_get_le16(d);
	uint64_t count = gfs_get_le64(d + 4);
	if ((d[2] & ~(GFS_ADJ_MADE | GFS_ADJ_BLOCKS)) != 0 || d[3] != 0)
		return "unknown flags of a type";
	if (type <= type_before)
		return "types out of order";
	if (count == 0 && d[2] != GFS_ADJ_MADE)
		return "a type without relationships";
	struct gfs_adj_entry above = { 0 };
	if (!gfs_adj_entries_verify(entries, (size_t)inline_count(d), &above))
		return "entries out of order";
	return NULL;
}

const char *gfs_adj_head_verify(struct gfs_slice head)
{
	size_t inline_entries = 0;
	if (gfs_adj_head_verify_size(head, &inline_entries) != 0)
		return "a header of the wrong form or size";
	if (head.data[1] != 0 || gfs_get_le32(head.data + 4) != 0)
		return "reserved bytes of a header in use";
	const uint8_t *entries = head.data + entries_offset(head.data);
	unsigned type_before = 0, types = gfs_adj_head_types(head.data);
	for (unsigned i = 0; i < types; i++) {
		const uint8_t *d = descriptor(head.data, i);
		const char *wrong = verify_type(d, type_before, entries);
		if (wrong != NULL)
			return wrong;
		type_before = gfs_get_le16(d);
		entries += inline_count(d) * GFS_ADJ_ENTRY_BYTES;
	}
	uint16_t type;
	return gfs_adj_head_overflow(head, &type) ? "too many entries beside a header" : NULL;
}

void gfs_adj_head_find(struct gfs_slice head, uint16_t type, struct gfs_adj_slot *ret_slot)
{
	struct gfs_adj_slot slot = { .entries = entries_offset(head.data) };
	unsigned i = 0, types = gfs_adj_head_types(head.data);
	for (; i < types && gfs_get_le16(descriptor(head.data, i)) < type; i++)
		slot.entries += (size_t)inline_count(descriptor(head.data, i)) * GFS_ADJ_ENTRY_BYTES;
	const uint8_t *d = descriptor(head.data, i);
	slot.at = (size_t)(d - head.data);
	if (i < types && gfs_get_le16(d) == type) {
		slot.present = true;
		slot.flags = d[2];
		slot.count = gfs_get_le64(d + 4);
		slot.mtime_ns = gfs_get_le64(d + 12);
	}
	assert(slot.entries <= head.size);
	*ret_slot = slot;
}

void gfs_adj_head_type(const uint8_t *head, unsigned i, struct gfs_adj_type *ret_type, uint8_t *ret_flags)
{
	assert(i < gfs_adj_head_types(head));
	const uint8_t *d = descriptor(head, i);
	*ret_flags = d[2];
	*ret_type = (struct gfs_adj_type){
		.type = gfs_get_le16(d),
		.made = (d[2] & GFS_ADJ_MADE) != 0,
		.count = gfs_get_le64(d + 4),
		.mtime_ns = gfs_get_le64(d + 12),
	};
}

bool gfs_adj_head_overflow(struct gfs_slice head, uint16_t *ret_type)
{
	size_t inline_entries = (head.size - entries_offset(head.data)) / GFS_ADJ_ENTRY_BYTES;
	if (inline_entries == 0 || (inline_entries <= GFS_ADJ_INLINE_MAX && head.size <= GFS_ADJ_VALUE_MAX))
		return false;
	uint64_t most = 0;
	unsigned types = gfs_adj_head_types(head.data);
	for (unsigned i = 0; i < types; i++) {
		const uint8_t *d = descriptor(head.data, i);
		if (inline_count(d) > most) {
			most = inline_count(d);
			*ret_type = gfs_get_le16(d);
		}
	}
	assert(most > 0);
	return true;
}

/* ---- header: changing ---- */

int gfs_adj_head_init(struct gfs_buf *head)
{
	assert(head->size == 0);
	uint8_t *bytes = gfs_buf_extend(head, GFS_ADJ_HEAD_BYTES);
	if (bytes == NULL)
		return GFS_ERR_NOMEM;
	memset(bytes, 0, GFS_ADJ_HEAD_BYTES);
	bytes[0] = GFS_ADJ_FORM;
	return 0;
}

void gfs_adj_head_set_mtime(struct gfs_buf *head, uint64_t mtime_ns)
{
	gfs_put_le64(head->data + 8, mtime_ns);
}

/* Makes the `from` bytes at offset `at` become `to` bytes; what they hold is up to the caller. */
static int resize_at(struct gfs_buf *buf, size_t at, size_t from, size_t to)
{
	assert(at + from <= buf->size);
	size_t tail = buf->size - at - from;
	if (to > from && gfs_buf_reserve(buf, to - from) != 0)
		return GFS_ERR_NOMEM;
	memmove(buf->data + at + to, buf->data + at + from, tail);
	buf->size = at + to + tail;
	return 0;
}

static void add_types(struct gfs_buf *head, int change)
{
	gfs_put_le16(head->data + 2, (uint16_t)((int)gfs_adj_head_types(head->data) + change));
}

int gfs_adj_head_insert_type(struct gfs_buf *head, struct gfs_adj_slot *slot, uint16_t type)
{
	assert(!slot->present && type != 0);
	assert(gfs_adj_head_types(head->data) < GFS_NAME_ID_MAX);
	if (resize_at(head, slot->at, 0, GFS_ADJ_TYPE_BYTES) != 0)
		return GFS_ERR_NOMEM;
	add_types(head, 1);
	memset(head->data + slot->at, 0, GFS_ADJ_TYPE_BYTES);
	gfs_put_le16(head->data + slot->at, type);
	slot->present = true;
	slot->entries += GFS_ADJ_TYPE_BYTES;
	return 0;
}

void gfs_adj_head_remove_type(struct gfs_buf *head, const struct gfs_adj_slot *slot)
{
	assert(slot->present && slot->count == 0);
	(void)resize_at(head, slot->at, GFS_ADJ_TYPE_BYTES, 0); /* shrinking cannot fail */
	add_types(head, -1);
}

void gfs_adj_head_update(struct gfs_buf *head, const struct gfs_adj_slot *slot)
{
	assert(slot->present && slot->at + GFS_ADJ_TYPE_BYTES <= head->size);
	uint8_t *d = head->data + slot->at;
	d[2] = slot->flags;
	gfs_put_le64(d + 4, slot->count);
	gfs_put_le64(d + 12, slot->mtime_ns);
}

int gfs_adj_head_replace(struct gfs_buf *head, struct gfs_adj_slot *slot, const uint8_t *entries, size_t count)
{
	assert((slot->flags & GFS_ADJ_BLOCKS) == 0);
	size_t from = (size_t)slot->count * GFS_ADJ_ENTRY_BYTES, to = count * GFS_ADJ_ENTRY_BYTES;
	if (resize_at(head, slot->entries, from, to) != 0)
		return GFS_ERR_NOMEM;
	if (count > 0)
		memcpy(head->data + slot->entries, entries, to);
	slot->count = count;
	gfs_adj_head_update(head, slot);
	return 0;
}

void gfs_adj_head_remove_entry(struct gfs_buf *head, struct gfs_adj_slot *slot, size_t i)
{
	assert((slot->flags & GFS_ADJ_BLOCKS) == 0 && i < slot->count);
	(void)resize_at(head, slot->entries + i * GFS_ADJ_ENTRY_BYTES, GFS_ADJ_ENTRY_BYTES, 0); /* shrinking cannot fail */
	slot->count--;
	gfs_adj_head_update(head, slot);
}
