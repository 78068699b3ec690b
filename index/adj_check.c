/* Verifying adjacency: the invariants A1 to A9 of adj_private.h over one (node, direction). */
#include "index/adj_private.h"

struct check {
	struct gfs_slice head;
	/* The type whose blocks are being read; bound all ones when it is complete. */
	uint16_t type;
	uint64_t count;
	struct gfs_adj_entry bound;
};

/* Looks at one block against what came before it. NULL, or what is wrong. */
static const char *check_block(struct check *check, struct gfs_slice key, struct gfs_slice value)
{
	size_t count = 0;
	if (key.size != GFS_ADJ_BLOCK_KEY_BYTES)
		return "a key of the wrong size";
	if (gfs_adj_block_key_type(key.data) != check->type)
		return "a block of a type that has none"; /* A6, or entries after A8's last block */
	if (gfs_adj_block_count(value, &count) != 0)
		return "a block of the wrong size";
	struct gfs_adj_entry bound = gfs_adj_block_key_bound(key.data);
	bool last = gfs_adj_entry_equal(bound, GFS_ADJ_ENTRY_LAST);
	if (count == 0 && !last)
		return "an empty block";
	if (!gfs_adj_entries_verify(value.data, count, &check->bound))
		return "entries of a block out of order";
	if (gfs_adj_entry_less(bound, check->bound))
		return "an entry above its block's bound";
	check->bound = bound;
	check->count -= count; /* wraps when there are too many: not 0 at the end, by far */
	return NULL;
}

/* Reads on until the type's last block. */
static int check_blocks_of_type(
	struct check *check, struct gfs_kv_iter *it, const uint8_t *prefix, const char **ret_wrong)
{
	struct gfs_slice key, value;
	while (!gfs_adj_entry_equal(check->bound, GFS_ADJ_ENTRY_LAST)) {
		int err = gfs_kv_iter_next(it, &key, &value);
		if (err != 0 && err != GFS_ERR_NOTFOUND)
			return err;
		if (err != 0 || key.size < GFS_ADJ_HEAD_KEY_BYTES || memcmp(key.data, prefix, GFS_ADJ_HEAD_KEY_BYTES) != 0) {
			*ret_wrong = "a type without its last block";
			return 0;
		}
		*ret_wrong = check_block(check, key, value);
		if (*ret_wrong != NULL)
			return 0;
	}
	if (check->count != 0)
		*ret_wrong = "a count that differs from its blocks";
	return 0;
}

/* All blocks of a header, in the order of its types; then nothing more of this node and direction. */
static int check_blocks(struct check *check, struct gfs_kv_iter *it, const uint8_t *prefix, const char **ret_wrong)
{
	unsigned types = gfs_adj_head_types(check->head.data);
	for (unsigned i = 0; i < types; i++) {
		struct gfs_adj_type type;
		uint8_t flags;
		gfs_adj_head_type(check->head.data, i, &type, &flags);
		if ((flags & GFS_ADJ_BLOCKS) == 0)
			continue;
		check->type = type.type;
		check->count = type.count;
		check->bound = (struct gfs_adj_entry){ 0 };
		int err = check_blocks_of_type(check, it, prefix, ret_wrong);
		if (err != 0 || *ret_wrong != NULL)
			return err;
	}
	struct gfs_slice key, value;
	int err = gfs_kv_iter_next(it, &key, &value);
	if (err == 0 && key.size >= GFS_ADJ_HEAD_KEY_BYTES && memcmp(key.data, prefix, GFS_ADJ_HEAD_KEY_BYTES) == 0)
		*ret_wrong = "a block of no type of the header";
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

/* Without a header there must be no block either. */
static const char *check_first(struct gfs_slice key, struct gfs_slice value, const uint8_t *prefix, bool *ret_done)
{
	*ret_done = key.size < GFS_ADJ_HEAD_KEY_BYTES || memcmp(key.data, prefix, GFS_ADJ_HEAD_KEY_BYTES) != 0;
	if (*ret_done)
		return NULL;
	return key.size == GFS_ADJ_HEAD_KEY_BYTES ? gfs_adj_head_verify(value) : "blocks without a header";
}

int gfs_adj_check(struct gfs_store *store, uint64_t node, enum gfs_direction dir, struct gfs_message *message)
{
	GFS_AUTO_BUF head = GFS_BUF_INIT;
	struct gfs_kv_iter *it = NULL;
	struct gfs_slice key, value;
	const char *wrong = NULL;
	bool done = false;
	uint8_t prefix[GFS_ADJ_HEAD_KEY_BYTES];
	gfs_adj_head_key(prefix, node, dir);
	int err = gfs_kv_iter_open(gfs_store_kv(store), GFS_KV_ADJ, &it);
	if (err == 0)
		err = gfs_kv_iter_seek(it, gfs_slice(prefix, sizeof prefix), &key, &value);
	if (err != 0)
		goto out;
	wrong = check_first(key, value, prefix, &done);
	if (done || wrong != NULL)
		goto out;
	gfs_buf_append(&head, value.data, value.size); /* the cursor moves on */
	err = gfs_buf_failed(&head);
	if (err == 0) {
		struct check check = { .head = gfs_buf_slice(&head) };
		err = check_blocks(&check, it, prefix, &wrong);
	}
out:
	gfs_kv_iter_close(it);
	if (wrong == NULL && err == GFS_ERR_CORRUPT)
		wrong = "a damaged row among them or beside them";
	if (wrong != NULL)
		err = gfs_fail(message, GFS_ERR_CORRUPT, "node %llu, %s relationships: %s", (unsigned long long)node,
			dir == GFS_OUT ? "outgoing" : "incoming", wrong);
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}
