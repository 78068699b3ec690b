/* Blocks: what a folder has that does not fit its group's row. */
#include "index/adj_private.h"

void gfs_adj_block_key(uint8_t key[GFS_ADJ_BLOCK_KEY_BYTES], uint64_t node, enum gfs_direction dir, uint16_t type,
	struct gfs_adj_entry bound)
{
	assert(dir == GFS_OUT || dir == GFS_IN);
	gfs_put_be48(key, node);
	key[6] = (uint8_t)dir;
	gfs_put_be16(key + GFS_ADJ_SIDE_KEY_BYTES, type);
	gfs_put_be48(key + GFS_ADJ_TYPE_KEY_BYTES, bound.other);
	gfs_put_be48(key + GFS_ADJ_TYPE_KEY_BYTES + 6, bound.rel);
}

int gfs_adj_block_decode(
	struct gfs_slice value, uint64_t node, struct gfs_adj_entry entries[GFS_ADJ_BLOCK_MAX], size_t *ret_count)
{
	struct gfs_adj_bytes bytes = { .at = value.data, .end = value.data + value.size };
	size_t count = 0;
	/* A byte below 0x80 ends a number, and an entry has two. */
	for (size_t i = 0; i < value.size; i++)
		count += value.data[i] < 0x80;
	if (count % 2 != 0 || count / 2 > GFS_ADJ_BLOCK_MAX ||
		!gfs_adj_entries_read(&bytes, (struct gfs_adj_entry){ node, 0 }, entries, count / 2) || bytes.at != bytes.end)
		return GFS_ERR_CORRUPT;
	*ret_count = count / 2;
	return 0;
}

size_t gfs_adj_block_encode(uint8_t *bytes, uint64_t node, const struct gfs_adj_entry *entries, size_t count)
{
	assert(count <= GFS_ADJ_BLOCK_MAX);
	return (size_t)(gfs_adj_entries_write(bytes, (struct gfs_adj_entry){ node, 0 }, entries, count) - bytes);
}

void gfs_adj_blocks_begin(struct gfs_adj_blocks *blocks)
{
	blocks->it = NULL;
	blocks->bound = (struct gfs_adj_entry){ 0 };
	blocks->count = 0;
}

void gfs_adj_blocks_end(struct gfs_adj_blocks *blocks)
{
	gfs_kv_iter_close(blocks->it);
}

/* Takes what the cursor is at, unless it has left the folder. */
static int blocks_take(struct gfs_adj_blocks *blocks, struct gfs_slice key, struct gfs_slice value)
{
	if (key.size < GFS_ADJ_TYPE_KEY_BYTES || memcmp(key.data, blocks->key, GFS_ADJ_TYPE_KEY_BYTES) != 0)
		return GFS_ERR_NOTFOUND;
	if (key.size != GFS_ADJ_BLOCK_KEY_BYTES)
		return GFS_ERR_CORRUPT;
	blocks->bound = gfs_adj_block_key_bound(key.data);
	return gfs_adj_block_decode(value, blocks->node, blocks->entries, &blocks->count);
}

int gfs_adj_blocks_seek(struct gfs_adj_blocks *blocks, struct gfs_store *store, uint64_t node, enum gfs_direction dir,
	uint16_t type, struct gfs_adj_entry from)
{
	struct gfs_slice key, value;
	int err = 0;
	blocks->node = node;
	gfs_adj_block_key(blocks->key, node, dir, type, from);
	if (blocks->it == NULL)
		err = gfs_kv_iter_open(gfs_store_kv(store), GFS_KV_ADJ, &blocks->it);
	if (err == 0)
		err = gfs_kv_iter_seek(blocks->it, gfs_slice(blocks->key, sizeof blocks->key), &key, &value);
	if (err == 0)
		err = blocks_take(blocks, key, value);
	return err;
}

int gfs_adj_blocks_next(struct gfs_adj_blocks *blocks)
{
	struct gfs_slice key, value;
	int err = gfs_kv_iter_next(blocks->it, &key, &value);
	if (err == 0)
		err = blocks_take(blocks, key, value);
	return err;
}
