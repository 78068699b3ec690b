/* Making a group: one walk over the rows of its nodes, in the order of their keys: the header of a node and direction, then the blocks of its
 * types, ascending. */
#include "index/adj_group.h"

#include "base/checked.h"

#include <stdlib.h>

/* What has been read of one direction. */
struct half {
	struct gfs_adj_side sides[GFS_ADJ_GROUP_NODES];
	struct gfs_buf folders, entries; /* arrays of their structs */
};

struct reading {
	uint64_t number;
	struct half halves[2];
	size_t entry_count; /* of both */
	/* Of the last header: its node and direction. `half` is NULL before the first. */
	uint64_t node;
	struct half *half;
	/* The type whose blocks are being taken; NONE: none. */
	size_t folder;
	struct gfs_adj_entry above;
	uint64_t left;
};
#define NONE SIZE_MAX
#define AUTO_READING __attribute__((cleanup(reading_release))) struct reading

static void reading_release(struct reading *r)
{
	for (int dir = GFS_OUT; dir <= GFS_IN; dir++) {
		gfs_buf_release(&r->halves[dir].folders);
		gfs_buf_release(&r->halves[dir].entries);
	}
}

static size_t folder_count(const struct half *half)
{
	return half->folders.size / sizeof(struct gfs_adj_folder);
}

static struct gfs_adj_folder *folder_at(struct reading *r, size_t i)
{
	assert(i < folder_count(r->half));
	return (struct gfs_adj_folder *)(void *)r->half->folders.data + i;
}

/* Where the next entry of the direction will be. */
static uint32_t entries_end(const struct reading *r)
{
	return (uint32_t)(r->half->entries.size / sizeof(struct gfs_adj_entry));
}

static int take_entries(struct reading *r, const uint8_t *bytes, size_t count)
{
	struct gfs_adj_entry *out = (void *)gfs_buf_extend(&r->half->entries, count * sizeof *out);
	if (out == NULL && count > 0)
		return GFS_ERR_NOMEM;
	for (size_t i = 0; i < count; i++)
		out[i] = gfs_adj_entry_get(bytes, i);
	r->entry_count += count;
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
		.first = entries_end(r),
		.count = type.count,
		.mtime_ns = type.mtime_ns,
	};
	gfs_buf_append(&r->half->folders, &folder, sizeof folder);
	int err = gfs_buf_failed(&r->half->folders);
	if (err == 0 && !folder.is_long) {
		err = take_entries(r, *entries, (size_t)type.count);
		*entries += type.count * GFS_ADJ_ENTRY_BYTES;
	}
	return err;
}

static int take_head(struct reading *r, struct gfs_slice key, struct gfs_slice head)
{
	uint8_t dir = key.data[6];
	if (dir > GFS_IN || gfs_adj_head_verify(head) != NULL)
		return GFS_ERR_CORRUPT;
	r->node = gfs_get_be48(key.data);
	r->half = &r->halves[dir];
	unsigned types = gfs_adj_head_types(head.data);
	const uint8_t *entries = head.data + GFS_ADJ_HEAD_BYTES + (size_t)types * GFS_ADJ_TYPE_BYTES;
	size_t first = folder_count(r->half);
	if (first + types > GFS_ADJ_GROUP_FOLDERS_MAX)
		return GFS_ERR_LIMIT;
	r->half->sides[r->node % GFS_ADJ_GROUP_NODES] = (struct gfs_adj_side){
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
	const struct gfs_adj_side *side = &r->half->sides[r->node % GFS_ADJ_GROUP_NODES];
	size_t i = side->first_folder, end = i + side->folder_count;
	while (i < end && folder_at(r, i)->type < type)
		i++;
	if (i == end || folder_at(r, i)->type != type || !folder_at(r, i)->is_long)
		return GFS_ERR_CORRUPT;
	struct gfs_adj_folder *folder = folder_at(r, i);
	*ret_skip = folder->count > GFS_ADJ_FOLDER_ENTRIES_MAX ||
		folder->count + r->entry_count > GFS_ADJ_GROUP_ENTRIES_MAX;
	if (*ret_skip)
		return 0;
	folder->is_long = false;
	folder->first = entries_end(r);
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
	if (r->half == NULL || gfs_get_be48(key.data) != r->node || r->half != &r->halves[key.data[6] & 1])
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

/* Puts a direction at `at`; returns where the next may begin. */
static uint8_t *copy_half(const struct half *half, struct gfs_adj_half *to, uint8_t *at)
{
	memcpy(to->sides, half->sides, sizeof to->sides);
	to->bytes = half->folders.size + half->entries.size;
	to->folders = (void *)at;
	to->entries = (void *)(at + half->folders.size);
	if (half->folders.size > 0)
		memcpy(to->folders, half->folders.data, half->folders.size);
	if (half->entries.size > 0)
		memcpy(to->entries, half->entries.data, half->entries.size);
	return at + to->bytes;
}

static int make_group(const struct reading *r, struct gfs_adj_group **ret_group)
{
	static_assert(sizeof(struct gfs_adj_folder) % 8 == 0 && sizeof(struct gfs_adj_entry) % 8 == 0, "both stay aligned");
	size_t bytes = sizeof(struct gfs_adj_group);
	for (int dir = GFS_OUT; dir <= GFS_IN; dir++)
		bytes += r->halves[dir].folders.size + r->halves[dir].entries.size;
	struct gfs_adj_group *group = malloc(bytes);
	if (group == NULL)
		return GFS_ERR_NOMEM;
	*group = (struct gfs_adj_group){ .piece.free = free_group, .number = r->number, .bytes = bytes };
	uint8_t *at = (uint8_t *)(group + 1);
	at = copy_half(&r->halves[GFS_OUT], &group->halves[GFS_OUT], at);
	at = copy_half(&r->halves[GFS_IN], &group->halves[GFS_IN], at);
	assert(at == (uint8_t *)group + bytes);
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
