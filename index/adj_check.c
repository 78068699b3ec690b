/* Verifying adjacency: the invariants A1 to A9 of adj_private.h over one group. */
#include "index/adj_private.h"

bool gfs_adj_key_node(struct gfs_slice key, uint64_t *ret_node, bool *ret_is_group)
{
	if (key.size != GFS_ADJ_GROUP_KEY_BYTES && (key.size != GFS_ADJ_BLOCK_KEY_BYTES || key.data[6] > GFS_IN))
		return false;
	*ret_node = gfs_get_be48(key.data);
	*ret_is_group = key.size == GFS_ADJ_GROUP_KEY_BYTES;
	return *ret_node <= GFS_ID_MAX && (!*ret_is_group || *ret_node % GFS_ADJ_GROUP_NODES == 0);
}

/* The rest of A1, and A5. */
static int check_row(const struct gfs_adj_form *form, struct gfs_slice value, const char **ret_wrong)
{
	GFS_AUTO_BUF again = GFS_BUF_INIT;
	int err = gfs_adj_form_encode(form, &again);
	if (err == 0 && value.data[0] == GFS_ADJ_FORM && !gfs_slice_equal(gfs_buf_slice(&again), value))
		*ret_wrong = "a row that is written another way than it should be";
	unsigned side;
	if (err == 0 && value.size > GFS_ADJ_VALUE_MAX && gfs_adj_form_largest(form, &side) != NULL)
		*ret_wrong = "too many entries in one row";
	return err;
}

/* What comes behind a group's row. */
struct check {
	struct gfs_kv_iter *it;
	uint64_t number;
	struct gfs_slice key, value; /* the next row of the group */
	bool at_end;
};

static int step(struct check *check, int err)
{
	bool in_group = err == 0 && check->key.size >= GFS_ADJ_GROUP_KEY_BYTES &&
		gfs_adj_group_of(gfs_get_be48(check->key.data)) == check->number;
	check->at_end = !in_group;
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

static int next_row(struct check *check)
{
	return step(check, gfs_kv_iter_next(check->it, &check->key, &check->value));
}

/* A block of the folder against what came before it. NULL, or what is wrong. */
static const char *check_block(const struct check *check, uint64_t node, struct gfs_adj_entry *above, uint64_t *left)
{
	struct gfs_adj_entry entries[GFS_ADJ_BLOCK_MAX], bound = gfs_adj_block_key_bound(check->key.data);
	size_t count = 0;
	if (gfs_adj_block_decode(check->value, node, entries, &count) != 0)
		return "a block of the wrong form or size";
	if (count == 0 && !gfs_adj_entry_equal(bound, GFS_ADJ_ENTRY_LAST))
		return "an empty block";
	if (count > 0 && (!gfs_adj_entry_less(*above, entries[0]) || gfs_adj_entry_less(bound, entries[count - 1])))
		return "an entry outside of its block's bounds";
	if (count > *left)
		return "a count that differs from its blocks";
	*above = bound;
	*left -= count;
	return NULL;
}

/* All blocks of a folder: they are the next rows. */
static int check_blocks(struct check *check, unsigned side, const struct gfs_adj_folder *folder, const char **ret_wrong)
{
	uint64_t node = gfs_adj_side_node(check->number, side), left = folder->count;
	struct gfs_adj_entry above = { 0 };
	uint8_t prefix[GFS_ADJ_BLOCK_KEY_BYTES];
	int err = 0;
	gfs_adj_block_key(prefix, node, side % 2 == 0 ? GFS_OUT : GFS_IN, folder->type, above);
	while (err == 0 && *ret_wrong == NULL && !gfs_adj_entry_equal(above, GFS_ADJ_ENTRY_LAST)) {
		if (check->at_end || check->key.size != GFS_ADJ_BLOCK_KEY_BYTES ||
			memcmp(check->key.data, prefix, GFS_ADJ_TYPE_KEY_BYTES) != 0) {
			*ret_wrong = "a folder without its last block";
			return 0;
		}
		*ret_wrong = check_block(check, node, &above, &left);
		if (*ret_wrong == NULL)
			err = next_row(check);
	}
	if (err == 0 && *ret_wrong == NULL && left != 0)
		*ret_wrong = "a count that differs from its blocks";
	return err;
}

/* Blocks come in the order of the folders; then nothing more of this group. */
static int check_folders(struct check *check, const struct gfs_adj_form *form, const char **ret_wrong)
{
	int err = next_row(check);
	for (unsigned side = 0; err == 0 && side < GFS_ADJ_GROUP_SIDES; side++) {
		const struct gfs_adj_folder *folder = form->folders + form->sides[side].first_folder;
		for (uint32_t i = 0; err == 0 && *ret_wrong == NULL && i < form->sides[side].folder_count; i++) {
			if (folder[i].is_long)
				err = check_blocks(check, side, &folder[i], ret_wrong);
		}
	}
	if (err == 0 && *ret_wrong == NULL && !check->at_end)
		*ret_wrong = "a block of no folder";
	return err;
}

static int check_rows(struct check *check, const char **ret_wrong)
{
	GFS_AUTO_ADJ_FORM form = { 0 };
	uint8_t key[GFS_ADJ_GROUP_KEY_BYTES];
	gfs_adj_group_key(key, check->number);
	int err = step(check, gfs_kv_iter_seek(check->it, gfs_slice(key, sizeof key), &check->key, &check->value));
	if (err != 0 || check->at_end)
		return err;
	if (check->key.size != GFS_ADJ_GROUP_KEY_BYTES) {
		*ret_wrong = "blocks without the row of their group";
		return 0;
	}
	err = gfs_adj_form_decode(check->value, check->number, &form, ret_wrong);
	if (err == GFS_ERR_CORRUPT)
		return 0;
	if (err == 0)
		err = check_row(&form, check->value, ret_wrong);
	return err != 0 || *ret_wrong != NULL ? err : check_folders(check, &form, ret_wrong);
}

int gfs_adj_check(struct gfs_store *store, uint64_t node, struct gfs_message *message)
{
	struct check check = { .number = gfs_adj_group_of(node) };
	const char *wrong = NULL;
	int err = gfs_kv_iter_open(gfs_store_kv(store), GFS_KV_ADJ, &check.it);
	if (err == 0)
		err = check_rows(&check, &wrong);
	gfs_kv_iter_close(check.it);
	if (wrong == NULL && err == GFS_ERR_CORRUPT)
		wrong = "a damaged row among them or beside them";
	if (wrong != NULL) {
		uint64_t first = gfs_adj_side_node(check.number, 0);
		err = gfs_fail(message, GFS_ERR_CORRUPT, "the adjacency of nodes %llu to %llu: %s", (unsigned long long)first,
			(unsigned long long)first + GFS_ADJ_GROUP_NODES - 1, wrong);
	}
	return err;
}
