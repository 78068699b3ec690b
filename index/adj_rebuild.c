#include "index/adj_rebuild.h"

#include "base/checked.h"
#include "index/adj_private.h"

#include <stdlib.h>

struct gfs_adj_rebuild {
	struct gfs_adj_op op;
	struct gfs_adj_form old; /* as far as it could be read */
};

/* ---- taking rows away ---- */

/* Keys one behind the other, each after its size; a cursor does not like its table changed that much. */
static int delete_keys(struct gfs_adj_op *op, const struct gfs_buf *keys)
{
	struct gfs_reader r = gfs_reader(gfs_buf_slice(keys));
	int err = gfs_buf_failed(keys);
	while (err == 0 && gfs_reader_left(&r) > 0) {
		uint16_t size = gfs_read_le16(&r);
		err = gfs_adj_op_delete(op, gfs_read_bytes(&r, size));
	}
	return err;
}

static void note_key(struct gfs_buf *keys, struct gfs_slice key)
{
	gfs_buf_append_le16(keys, (uint16_t)key.size);
	gfs_buf_append(keys, key.data, key.size);
}

static bool is_row(int err, struct gfs_slice key)
{
	return err == 0 || (err == GFS_ERR_CORRUPT && key.size > 0);
}

static bool is_of_group(struct gfs_slice key, uint64_t number)
{
	return key.size >= GFS_ADJ_GROUP_KEY_BYTES && gfs_adj_group_of(gfs_get_be48(key.data)) == number;
}

/* All rows of the operation's group. Damaged rows of others may lie among them: gfs_adj_remove_strays has removed those. */
static int delete_group(struct gfs_adj_op *op)
{
	GFS_AUTO_BUF keys = GFS_BUF_INIT;
	struct gfs_kv_iter *it = NULL;
	struct gfs_slice key = { 0 }, value;
	uint8_t first[GFS_ADJ_GROUP_KEY_BYTES];
	gfs_adj_group_key(first, op->form.number);
	int err = gfs_kv_iter_open(gfs_store_kv(op->adj->store), GFS_KV_ADJ, &it);
	if (err == 0)
		err = gfs_kv_iter_seek(it, gfs_slice(first, sizeof first), &key, &value);
	while (is_row(err, key) && is_of_group(key, op->form.number)) {
		note_key(&keys, key);
		err = gfs_kv_iter_next(it, &key, &value);
	}
	gfs_kv_iter_close(it);
	if (!is_row(err, key) && err != GFS_ERR_NOTFOUND)
		return err;
	return delete_keys(op, &keys);
}

static bool is_stray(int err, struct gfs_slice key, uint64_t end_node)
{
	uint64_t node;
	bool is_group;
	return err != 0 || !gfs_adj_key_node(key, &node, &is_group) || node >= end_node;
}

int gfs_adj_remove_strays(struct gfs_txn *txn, struct gfs_adj *adj, uint64_t end_node)
{
	GFS_AUTO_BUF keys = GFS_BUF_INIT;
	struct gfs_adj_op op = { .txn = txn, .adj = adj };
	struct gfs_kv_iter *it = NULL;
	struct gfs_slice key = { 0 }, value;
	int err = gfs_kv_iter_open(gfs_store_kv(adj->store), GFS_KV_ADJ, &it);
	if (err == 0)
		err = gfs_kv_iter_seek(it, gfs_slice("", 0), &key, &value);
	for (; is_row(err, key); err = gfs_kv_iter_next(it, &key, &value)) {
		if (is_stray(err, key, end_node))
			note_key(&keys, key);
	}
	gfs_kv_iter_close(it);
	return err == GFS_ERR_NOTFOUND ? delete_keys(&op, &keys) : err;
}

/* ---- one group ---- */

int gfs_adj_rebuild_begin(
	struct gfs_txn *txn, struct gfs_adj *adj, uint64_t first, uint32_t nodes, struct gfs_adj_rebuild **ret_rebuild)
{
	struct gfs_adj_rebuild *r = calloc(1, sizeof *r);
	if (r == NULL)
		return GFS_ERR_NOMEM;
	assert(first % GFS_ADJ_GROUP_NODES == 0);
	r->op = (struct gfs_adj_op){ .txn = txn, .adj = adj, .now_ns = gfs_txn_time_ns(txn) };
	r->op.form.number = gfs_adj_group_of(first);
	int err = gfs_adj_form_load(adj->store, r->op.form.number, &r->old);
	if (err == GFS_ERR_CORRUPT || err == GFS_ERR_NOTFOUND) {
		gfs_adj_form_release(&r->old);
		r->old = (struct gfs_adj_form){ .number = r->op.form.number };
		err = 0;
	}
	for (unsigned side = 0; side < GFS_ADJ_GROUP_SIDES; side++) {
		if ((nodes >> side / 2 & 1) == 0)
			r->old.sides[side].mtime_ns = 0;
	}
	if (err == 0)
		err = delete_group(&r->op);
	if (err == 0)
		*ret_rebuild = r;
	else
		gfs_adj_rebuild_free(r);
	return err;
}

int gfs_adj_rebuild_add(struct gfs_adj_rebuild *r, const struct gfs_adj_bulk_entry *entries, size_t count)
{
	return gfs_adj_op_add(&r->op, entries, count);
}

/* A folder of the old row: its time, and itself when it was made. */
static int take_folder(struct gfs_adj_form *form, unsigned side, const struct gfs_adj_folder *old)
{
	struct gfs_adj_folder *folder = gfs_adj_form_find(form, side, old->type);
	if (folder == NULL && !old->made)
		return 0;
	int err = folder == NULL ? gfs_adj_form_insert(form, side, old->type, &folder) : 0;
	if (err != 0)
		return err;
	folder->made = old->made;
	folder->mtime_ns = old->mtime_ns;
	return 0;
}

static int take_side(struct gfs_adj_form *form, unsigned side, const struct gfs_adj_form *old)
{
	const struct gfs_adj_side *s = &old->sides[side];
	int err = 0;
	if (s->mtime_ns == 0)
		return 0;
	form->sides[side].mtime_ns = s->mtime_ns;
	for (uint32_t i = 0; err == 0 && i < s->folder_count; i++)
		err = take_folder(form, side, &old->folders[s->first_folder + i]);
	return err;
}

int gfs_adj_rebuild_end(struct gfs_adj_rebuild *r)
{
	int err = 0;
	for (unsigned side = 0; err == 0 && side < GFS_ADJ_GROUP_SIDES; side++)
		err = take_side(&r->op.form, side, &r->old);
	return err != 0 ? err : gfs_adj_op_finish(&r->op);
}

void gfs_adj_rebuild_free(struct gfs_adj_rebuild *r)
{
	if (r == NULL)
		return;
	gfs_adj_op_release(&r->op);
	gfs_adj_form_release(&r->old);
	free(r);
}
