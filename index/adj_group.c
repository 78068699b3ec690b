/* Making a group: one walk over the rows of its nodes, in the order of their keys: the header of a node and direction, then the blocks of its
 * types, ascending. */
#include "index/adj_group.h"

#include "base/checked.h"

#include <stdlib.h>

struct reading {
	uint64_t number;
	struct gfs_adj_side sides[GFS_ADJ_GROUP_NODES][2];
	struct gfs_buf folders, entries; /* arrays of their structs */
	struct gfs_adj_side *side;       /* of the last header; NULL before the first */
	uint64_t at;                     /* its node << 1 | direction */
	/* The type whose blocks are being taken; NONE: none. */
	size_t folder;
	struct gfs_adj_entry above;
	uint64_t left;
};
#define NONE SIZE_MAX
#define AUTO_READING __attribute__((cleanup(reading_release))) struct reading

static void reading_release(struct reading *r)
{
	gfs_buf_release(&r->folders);
	gfs_buf_release(&r->entries);
}

static struct gfs_adj_folder *folder_at(struct reading *r, size_t i)
{
	assert(i < r->folders.size / sizeof(struct gfs_adj_folder));
	return (struct gfs_adj_folder *)(void *)r->folders.data + i;
}

static size_t entry_count(const struct reading *r)
{
	return r->entries.size / sizeof(struct gfs_adj_entry);
}

static int take_entries(struct reading *r, const uint8_t *bytes, size_t count)
{
	struct gfs_adj_entry *out = (void *)gfs_buf_extend(&r->entries, count * sizeof *out);
	if (out == NULL && count > 0)
		return GFS_ERR_NOMEM;
	for (size_t i = 0; i < count; i++)
		out[i] = gfs_adj_entry_get(bytes, i);
	return 0;
}

static int take_folder(struct reading *r, const uint8_t *head, unsigned i, const uint8_t **entries)
{
	struct gfs_adj_type type;
	uint8_t flags;
	gfs_adj_head_type(head, i, &type, &flags);
	struct gfs_adj_folder folder = {
		.type = type.type,
		.made = type.made,
		.is_long = (flags & GFS_ADJ_BLOCKS) != 0,
		.first = (uint32_t)entry_count(r),
		.count = type.count,
		.mtime_ns = type.mtime_ns,
	};
	gfs_buf_append(&r->folders, &folder, sizeof folder);
	int err = gfs_buf_failed(&r->folders);
	if (err == 0 && !folder.is_long) {
		err = take_entries(r, *entries, (size_t)type.count);
		*entries += type.count * GFS_ADJ_ENTRY_BYTES;
	}
	return err;
}

static int take_head(struct reading *r, struct gfs_slice key, struct gfs_slice head)
{
	uint64_t node = gfs_get_be48(key.data);
	if (key.data[6] > GFS_IN || gfs_adj_head_verify(head) != NULL)
		return GFS_ERR_CORRUPT;
	unsigned types = gfs_adj_head_types(head.data);
	const uint8_t *entries = head.data + GFS_ADJ_HEAD_BYTES + (size_t)types * GFS_ADJ_TYPE_BYTES;
	size_t first = r->folders.size / sizeof(struct gfs_adj_folder);
	if (first + types > GFS_ADJ_GROUP_FOLDERS_MAX)
		return GFS_ERR_LIMIT;
	r->at = node << 1 | key.data[6];
	r->side = &r->sides[node % GFS_ADJ_GROUP_NODES][key.data[6]];
	*r->side = (struct gfs_adj_side){
		.first_folder = (uint32_t)first, .folder_count = types, .mtime_ns = gfs_adj_head_mtime(head.data)
	};
	int err = 0;
	for (unsigned i = 0; i < types && err == 0; i++)
		err = take_folder(r, head.data, i, &entries);
	return err;
}

/* ---- blocks ---- */

/* No more blocks of the type come: they must have been all. */
static int end_blocks(struct reading *r)
{
	bool whole = r->folder == NONE || (r->left == 0 && gfs_adj_entry_equal(r->above, GFS_ADJ_ENTRY_LAST));
	r->folder = NONE;
	return whole ? 0 : GFS_ERR_CORRUPT;
}

/* The first block of a type: *ret_skip when it is too long. */
static int begin_blocks(struct reading *r, uint16_t type, bool *ret_skip)
{
	size_t i = r->side->first_folder, end = i + r->side->folder_count;
	while (i < end && folder_at(r, i)->type < type)
		i++;
	if (i == end || folder_at(r, i)->type != type || !folder_at(r, i)->is_long)
		return GFS_ERR_CORRUPT;
	struct gfs_adj_folder *folder = folder_at(r, i);
	*ret_skip = folder->count > GFS_ADJ_FOLDER_ENTRIES_MAX ||
		folder->count + entry_count(r) > GFS_ADJ_GROUP_ENTRIES_MAX;
	if (*ret_skip)
		return 0;
	folder->is_long = false;
	folder->first = (uint32_t)entry_count(r);
	r->folder = i;
	r->above = (struct gfs_adj_entry){ 0 };
	r->left = folder->count;
	return 0;
}

static int take_block(struct reading *r, struct gfs_slice key, struct gfs_slice block, bool *ret_skip)
{
	uint16_t type = gfs_adj_block_key_type(key.data);
	struct gfs_adj_entry bound = gfs_adj_block_key_bound(key.data);
	size_t count = 0;
	int err = 0;
	if (r->side == NULL || (gfs_get_be48(key.data) << 1 | key.data[6]) != r->at)
		return GFS_ERR_CORRUPT;
	if (r->folder == NONE || folder_at(r, r->folder)->type != type) {
		err = end_blocks(r);
		if (err == 0)
			err = begin_blocks(r, type, ret_skip);
	}
	if (err != 0 || *ret_skip)
		return err;
	err = gfs_adj_block_count(block, &count);
	if (err != 0 || count > r->left || !gfs_adj_entries_verify(block.data, count, &r->above) ||
		gfs_adj_entry_less(bound, r->above))
		return GFS_ERR_CORRUPT;
	r->above = bound;
	r->left -= count;
	return take_entries(r, block.data, count);
}

/* ---- the walk ---- */

/* Past all blocks of the type of a block's key. */
static int skip_type(struct gfs_kv_iter *it, struct gfs_slice *key, struct gfs_slice *value)
{
	uint8_t past[GFS_ADJ_BLOCK_KEY_BYTES + 1] = { 0 };
	uint64_t node = gfs_get_be48(key->data);
	gfs_adj_block_key(
		past, node, key->data[6] == GFS_OUT ? GFS_OUT : GFS_IN, gfs_adj_block_key_type(key->data), GFS_ADJ_ENTRY_LAST);
	return gfs_kv_iter_seek(it, gfs_slice(past, sizeof past), key, value);
}

static int take_row(struct reading *r, struct gfs_slice key, struct gfs_slice value, bool *ret_skip)
{
	if (key.size == GFS_ADJ_BLOCK_KEY_BYTES)
		return take_block(r, key, value, ret_skip);
	int err = key.size == GFS_ADJ_HEAD_KEY_BYTES ? end_blocks(r) : GFS_ERR_CORRUPT;
	return err != 0 ? err : take_head(r, key, value);
}

static int read_rows(struct reading *r, struct gfs_kv_iter *it)
{
	uint8_t first[GFS_ADJ_HEAD_KEY_BYTES];
	struct gfs_slice key, value;
	gfs_adj_head_key(first, r->number << GFS_ADJ_GROUP_BITS, GFS_OUT);
	int err = gfs_kv_iter_seek(it, gfs_slice(first, sizeof first), &key, &value);
	while (
		err == 0 && key.size >= GFS_ADJ_HEAD_KEY_BYTES && gfs_get_be48(key.data) >> GFS_ADJ_GROUP_BITS == r->number) {
		bool skip = false;
		err = take_row(r, key, value, &skip);
		if (err == 0)
			err = skip ? skip_type(it, &key, &value) : gfs_kv_iter_next(it, &key, &value);
	}
	return err == 0 || err == GFS_ERR_NOTFOUND ? end_blocks(r) : err;
}

static void free_group(struct gfs_index_entry *piece)
{
	free(gfs_container_of(piece, struct gfs_adj_group, piece));
}

static int make_group(const struct reading *r, struct gfs_adj_group **ret_group)
{
	size_t bytes = sizeof(struct gfs_adj_group) + r->folders.size + r->entries.size;
	struct gfs_adj_group *group = malloc(bytes);
	if (group == NULL)
		return GFS_ERR_NOMEM;
	*group = (struct gfs_adj_group){ .piece.free = free_group, .number = r->number, .bytes = bytes };
	group->folders = (void *)(group + 1);
	group->entries = (void *)((uint8_t *)(group + 1) + r->folders.size);
	memcpy(group->sides, r->sides, sizeof group->sides);
	if (r->folders.size > 0)
		memcpy(group->folders, r->folders.data, r->folders.size);
	if (r->entries.size > 0)
		memcpy(group->entries, r->entries.data, r->entries.size);
	*ret_group = group;
	return 0;
}

int gfs_adj_group_read(struct gfs_store *store, uint64_t number, struct gfs_adj_group **ret_group)
{
	AUTO_READING r = { .number = number, .folder = NONE };
	struct gfs_kv_iter *it = NULL;
	int err = gfs_kv_iter_open(gfs_store_kv(store), GFS_KV_ADJ, &it);
	if (err != 0)
		return err;
	err = read_rows(&r, it);
	gfs_kv_iter_close(it);
	return err != 0 ? err : make_group(&r, ret_group);
}
