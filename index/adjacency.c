/* Changing adjacency. Each change loads the row of the node's group, changes it in memory, changes a block or two when the folder has blocks, and
 * puts the row back. After an error the caller aborts, which takes every put back. */
#include "index/adjacency.h"

#include "base/checked.h"
#include "index/adj_group.h"

#include <stdlib.h>

enum { PASS_ENTRIES_MAX = 4 * GFS_ADJ_BLOCK_MAX }; /* merged into one block at a time; bounds the stack */

int gfs_adj_open(struct gfs_store *store, struct gfs_cache *cache, struct gfs_adj **ret_adj)
{
	struct gfs_adj *adj = calloc(1, sizeof *adj);
	if (adj == NULL)
		return GFS_ERR_NOMEM;
	adj->store = store;
	adj->cache = cache;
	*ret_adj = adj;
	return 0;
}

void gfs_adj_free(struct gfs_adj *adj)
{
	free(adj);
}

#define AUTO_OP __attribute__((cleanup(gfs_adj_op_release))) struct gfs_adj_op

void gfs_adj_op_release(struct gfs_adj_op *op)
{
	gfs_adj_form_release(&op->form);
	gfs_buf_release(&op->value);
}

/* Loads the row of the node's group; an empty one when there is none. */
static int op_begin(struct gfs_adj_op *op, struct gfs_txn *txn, struct gfs_adj *adj, uint64_t node)
{
	*op = (struct gfs_adj_op){ .txn = txn, .adj = adj, .now_ns = gfs_txn_time_ns(txn) };
	if (node == GFS_ID_NONE || node > GFS_ID_MAX)
		return GFS_ERR_INVALID;
	int err = gfs_adj_form_load(adj->store, gfs_adj_group_of(node), &op->form);
	op->there = err == 0;
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

/* Every change goes through these two (V3 of adj_view.h). */
static int put_row(struct gfs_adj_op *op, const uint8_t *key, size_t key_size, struct gfs_slice value)
{
	gfs_adj_group_drop(op->adj, op->form.number);
	return gfs_kv_put(gfs_store_kv(op->adj->store), gfs_txn_undo(op->txn), GFS_KV_ADJ, gfs_slice(key, key_size), value);
}

int gfs_adj_op_delete(struct gfs_adj_op *op, struct gfs_slice key)
{
	gfs_adj_group_drop(op->adj, op->form.number);
	return gfs_kv_delete(gfs_store_kv(op->adj->store), gfs_txn_undo(op->txn), GFS_KV_ADJ, key);
}

/* ---- blocks ---- */

/* Where the blocks of a folder are. */
struct place {
	struct gfs_adj_op *op;
	uint64_t node;
	enum gfs_direction dir;
	uint16_t type;
};

static struct place place_of(struct gfs_adj_op *op, unsigned side, uint16_t type)
{
	return (struct place){
		.op = op,
		.node = gfs_adj_side_node(op->form.number, side),
		.dir = side % 2 == 0 ? GFS_OUT : GFS_IN,
		.type = type,
	};
}

static int put_block(
	const struct place *p, struct gfs_adj_entry bound, const struct gfs_adj_entry *entries, size_t count)
{
	uint8_t key[GFS_ADJ_BLOCK_KEY_BYTES], bytes[GFS_ADJ_BLOCK_MAX * GFS_ADJ_ENTRY_BYTES_MAX];
	gfs_adj_block_key(key, p->node, p->dir, p->type, bound);
	return put_row(p->op, key, sizeof key, gfs_slice(bytes, gfs_adj_block_encode(bytes, p->node, entries, count)));
}

static int delete_block(const struct place *p, struct gfs_adj_entry bound)
{
	uint8_t key[GFS_ADJ_BLOCK_KEY_BYTES];
	gfs_adj_block_key(key, p->node, p->dir, p->type, bound);
	return gfs_adj_op_delete(p->op, gfs_slice(key, sizeof key));
}

static bool is_last(struct gfs_adj_entry bound)
{
	return gfs_adj_entry_equal(bound, GFS_ADJ_ENTRY_LAST);
}

/* The block that must hold `entry`; its cursor is closed, for changes would move what that points at. */
static int load_block(const struct place *p, struct gfs_adj_entry entry, struct gfs_adj_blocks *block)
{
	gfs_adj_blocks_begin(block);
	int err = gfs_adj_blocks_seek(block, p->op->adj->store, p->node, p->dir, p->type, entry);
	gfs_adj_blocks_end(block);
	return err;
}

/* Writes sorted entries as as few blocks as they need, the last under `bound`. Equal shares leave room for what comes between;
 * after an append nothing does, so the left blocks are full. */
static int put_blocks(
	const struct place *p, struct gfs_adj_entry bound, const struct gfs_adj_entry *entries, size_t count, bool append)
{
	size_t parts = (count + GFS_ADJ_BLOCK_MAX - 1) / GFS_ADJ_BLOCK_MAX;
	int err = 0;
	for (; parts > 0 && err == 0; parts--) {
		size_t share = append ? GFS_MIN(count, (size_t)GFS_ADJ_BLOCK_MAX) : (count + parts - 1) / parts;
		err = put_block(p, parts == 1 ? bound : entries[share - 1], entries, share);
		entries += share;
		count -= share;
	}
	assert(err != 0 || count == 0);
	return err;
}

/* Merges as much of the run as belongs into its first entry's block. */
static int add_to_block(
	const struct place *p, const struct gfs_adj_bulk_entry *run, size_t count, bool first, size_t *ret_added)
{
	struct gfs_adj_blocks block;
	struct gfs_adj_entry merged[GFS_ADJ_BLOCK_MAX + PASS_ENTRIES_MAX];
	int err = load_block(p, run[0].entry, &block);
	if (err == GFS_ERR_NOTFOUND && first) {
		block.bound = GFS_ADJ_ENTRY_LAST;
		block.count = 0;
	} else if (err != 0) {
		return err == GFS_ERR_NOTFOUND ? GFS_ERR_CORRUPT : err;
	}
	size_t take = 0;
	while (take < count && take < PASS_ENTRIES_MAX && !gfs_adj_entry_less(block.bound, run[take].entry))
		take++;
	assert(take > 0);
	bool above = block.count == 0 || gfs_adj_entry_less(block.entries[block.count - 1], run[0].entry);
	err = gfs_adj_entries_merge(block.entries, block.count, run, take, merged);
	if (err == 0)
		err = put_blocks(p, block.bound, merged, block.count + take, above && is_last(block.bound));
	if (err == 0)
		*ret_added = take;
	return err;
}

/* ---- the row ---- */

/* Moves the entries of a folder out of the row. */
static int spill(struct gfs_adj_op *op, unsigned side, struct gfs_adj_folder *folder)
{
	struct place p = place_of(op, side, folder->type);
	uint64_t count = folder->count;
	int err = put_blocks(&p, GFS_ADJ_ENTRY_LAST, op->form.entries + folder->first, (size_t)count, false);
	if (err == 0)
		err = gfs_adj_form_set_entries(&op->form, folder, NULL, 0);
	folder->is_long = true;
	folder->count = count;
	return err;
}

int gfs_adj_op_finish(struct gfs_adj_op *op)
{
	uint8_t key[GFS_ADJ_GROUP_KEY_BYTES];
	struct gfs_adj_folder *largest;
	unsigned side = 0;
	gfs_adj_group_key(key, op->form.number);
	if (gfs_adj_form_is_empty(&op->form))
		return op->there ? gfs_adj_op_delete(op, gfs_slice(key, sizeof key)) : 0;
	int err = gfs_adj_form_encode(&op->form, &op->value);
	while (
		err == 0 && op->value.size > GFS_ADJ_VALUE_MAX && (largest = gfs_adj_form_largest(&op->form, &side)) != NULL) {
		err = spill(op, side, largest);
		if (err == 0)
			err = gfs_adj_form_encode(&op->form, &op->value);
	}
	return err != 0 ? err : put_row(op, key, sizeof key, gfs_buf_slice(&op->value));
}

/* The folder, made when absent. */
static int ensure_folder(struct gfs_adj_op *op, unsigned side, uint16_t type, struct gfs_adj_folder **ret_folder)
{
	*ret_folder = gfs_adj_form_find(&op->form, side, type);
	if (*ret_folder != NULL)
		return 0;
	int err = gfs_adj_form_insert(&op->form, side, type, ret_folder);
	if (err == 0)
		(*ret_folder)->mtime_ns = op->form.sides[side].mtime_ns = op->now_ns;
	return err;
}

static void vanish_folder(struct gfs_adj_op *op, unsigned side, struct gfs_adj_folder *folder)
{
	gfs_adj_form_remove(&op->form, side, folder);
	op->form.sides[side].mtime_ns = op->now_ns;
}

/* ---- adding ---- */

static int add_inline(
	struct gfs_adj_op *op, struct gfs_adj_folder *folder, const struct gfs_adj_bulk_entry *run, size_t count)
{
	struct gfs_adj_entry merged[GFS_ADJ_INLINE_MAX];
	size_t old = (size_t)folder->count;
	assert(old + count <= GFS_ADJ_INLINE_MAX);
	static const struct gfs_adj_entry none; /* a form without entries has no array, and nothing may be added to NULL */
	const struct gfs_adj_entry *there = old == 0 ? &none : op->form.entries + folder->first;
	int err = gfs_adj_entries_merge(there, old, run, count, merged);
	return err != 0 ? err : gfs_adj_form_set_entries(&op->form, folder, merged, old + count);
}

static int add_to_blocks(
	const struct place *p, struct gfs_adj_folder *folder, const struct gfs_adj_bulk_entry *run, size_t count)
{
	while (count > 0) {
		size_t added = 0;
		int err = add_to_block(p, run, count, folder->count == 0, &added);
		if (err != 0)
			return err;
		folder->count += added;
		run += added;
		count -= added;
	}
	return 0;
}

/* Adds a run of one folder. */
static int add_run(struct gfs_adj_op *op, const struct gfs_adj_bulk_entry *run, size_t count)
{
	unsigned side = gfs_adj_side_of(gfs_adj_at_node(run->at), gfs_adj_at_dir(run->at));
	struct place p = place_of(op, side, (uint16_t)run->at);
	struct gfs_adj_folder *folder;
	int err = ensure_folder(op, side, (uint16_t)run->at, &folder);
	if (err != 0)
		return err;
	folder->mtime_ns = op->now_ns;
	if (!folder->is_long && folder->count + count > GFS_ADJ_INLINE_MAX) /* which no row holds */
		err = spill(op, side, folder);
	if (err != 0)
		return err;
	return folder->is_long ? add_to_blocks(&p, folder, run, count) : add_inline(op, folder, run, count);
}

static bool is_bulk_valid(const struct gfs_adj_bulk_entry *e)
{
	uint64_t node = gfs_adj_at_node(e->at);
	return (uint16_t)e->at != 0 && node != GFS_ID_NONE && node <= GFS_ID_MAX && gfs_adj_entry_valid(e->entry);
}

int gfs_adj_op_add(struct gfs_adj_op *op, const struct gfs_adj_bulk_entry *entries, size_t count)
{
	int err = 0;
	for (size_t i = 0, end; i < count && err == 0; i = end) {
		for (end = i + 1; end < count && entries[end].at == entries[i].at;)
			end++;
		err = add_run(op, entries + i, end - i);
	}
	return err;
}

/* Adds what belongs to one group. */
static int add_to_group(
	struct gfs_txn *txn, struct gfs_adj *adj, const struct gfs_adj_bulk_entry *entries, size_t count)
{
	AUTO_OP op;
	int err = op_begin(&op, txn, adj, gfs_adj_at_node(entries->at));
	if (err == 0)
		err = gfs_adj_op_add(&op, entries, count);
	return err != 0 ? err : gfs_adj_op_finish(&op);
}

int gfs_adj_add_sorted(struct gfs_txn *txn, struct gfs_adj *adj, const struct gfs_adj_bulk_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!is_bulk_valid(&entries[i]) || (i > 0 && entries[i].at < entries[i - 1].at))
			return GFS_ERR_INVALID;
	}
	int err = 0;
	for (size_t i = 0, end; i < count && err == 0; i = end) {
		uint64_t group = gfs_adj_group_of(gfs_adj_at_node(entries[i].at));
		for (end = i + 1; end < count && gfs_adj_group_of(gfs_adj_at_node(entries[end].at)) == group;)
			end++;
		err = add_to_group(txn, adj, entries + i, end - i);
	}
	return err;
}

int gfs_adj_add(struct gfs_txn *txn, struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint16_t type,
	struct gfs_adj_entry entry)
{
	struct gfs_adj_bulk_entry one = { .at = gfs_adj_at(node, dir, type), .entry = entry };
	return gfs_adj_add_sorted(txn, adj, &one, 1);
}

/* ---- removing ---- */

static int remove_from_blocks(const struct place *p, struct gfs_adj_folder *folder, struct gfs_adj_entry entry)
{
	struct gfs_adj_blocks block;
	int err = load_block(p, entry, &block);
	if (err != 0)
		return err == GFS_ERR_NOTFOUND ? GFS_ERR_CORRUPT : err;
	size_t i = gfs_adj_entries_seek(block.entries, block.count, entry);
	if (i == block.count || !gfs_adj_entry_equal(block.entries[i], entry))
		return GFS_ERR_NOTFOUND;
	block.count--;
	memmove(block.entries + i, block.entries + i + 1, (block.count - i) * sizeof block.entries[0]);
	folder->count--;
	if (folder->count == 0 && block.count > 0)
		return GFS_ERR_CORRUPT;
	if (block.count > 0 || (is_last(block.bound) && folder->count > 0))
		err = put_block(p, block.bound, block.entries, block.count);
	else
		err = delete_block(p, block.bound);
	if (err == 0 && folder->count == 0 && !is_last(block.bound))
		err = delete_block(p, GFS_ADJ_ENTRY_LAST); /* which is empty, by A9 */
	folder->is_long = folder->count > 0;
	return err;
}

static int remove_inline(struct gfs_adj_op *op, struct gfs_adj_folder *folder, struct gfs_adj_entry entry)
{
	struct gfs_adj_entry left[GFS_ADJ_INLINE_MAX];
	const struct gfs_adj_entry *entries = op->form.entries + folder->first;
	size_t count = (size_t)folder->count, i = gfs_adj_entries_seek(entries, count, entry);
	if (i == count || !gfs_adj_entry_equal(entries[i], entry))
		return GFS_ERR_NOTFOUND;
	if (count > GFS_ADJ_INLINE_MAX)
		return GFS_ERR_CORRUPT;
	memcpy(left, entries, i * sizeof *left);
	memcpy(left + i, entries + i + 1, (count - i - 1) * sizeof *left);
	return gfs_adj_form_set_entries(&op->form, folder, left, count - 1);
}

int gfs_adj_remove(struct gfs_txn *txn, struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint16_t type,
	struct gfs_adj_entry entry)
{
	AUTO_OP op;
	int err = op_begin(&op, txn, adj, node);
	if (err != 0)
		return err;
	unsigned side = gfs_adj_side_of(node, dir);
	struct place p = place_of(&op, side, type);
	struct gfs_adj_folder *folder = gfs_adj_form_find(&op.form, side, type);
	if (folder == NULL || folder->count == 0)
		return GFS_ERR_NOTFOUND;
	err = folder->is_long ? remove_from_blocks(&p, folder, entry) : remove_inline(&op, folder, entry);
	if (err != 0)
		return err;
	folder->mtime_ns = op.now_ns;
	if (folder->count == 0 && !folder->made)
		vanish_folder(&op, side, folder);
	return gfs_adj_op_finish(&op);
}

/* ---- folders ---- */

static int make(struct gfs_adj_op *op, unsigned side, uint16_t type)
{
	struct gfs_adj_folder *folder;
	int err = ensure_folder(op, side, type, &folder);
	if (err != 0 || folder->made)
		return err;
	folder->made = true;
	return gfs_adj_op_finish(op);
}

static int unmake(struct gfs_adj_op *op, unsigned side, uint16_t type)
{
	struct gfs_adj_folder *folder = gfs_adj_form_find(&op->form, side, type);
	if (folder == NULL || !folder->made)
		return 0;
	folder->made = false;
	if (folder->count == 0)
		vanish_folder(op, side, folder);
	return gfs_adj_op_finish(op);
}

int gfs_adj_set_made(
	struct gfs_txn *txn, struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint16_t type, bool made)
{
	AUTO_OP op;
	int err = op_begin(&op, txn, adj, node);
	if (err == 0 && type == 0)
		err = GFS_ERR_INVALID;
	if (err == 0)
		err = (made ? make : unmake)(&op, gfs_adj_side_of(node, dir), type);
	return err;
}

int gfs_adj_forget(struct gfs_txn *txn, struct gfs_adj *adj, uint64_t node, enum gfs_direction dir)
{
	AUTO_OP op;
	int err = op_begin(&op, txn, adj, node);
	if (err != 0)
		return err;
	struct gfs_adj_side *side = &op.form.sides[gfs_adj_side_of(node, dir)];
	if (side->mtime_ns == 0)
		return 0;
	while (side->folder_count > 0) {
		struct gfs_adj_folder *folder = &op.form.folders[side->first_folder];
		if (folder->count > 0)
			return GFS_ERR_NOTEMPTY;
		gfs_adj_form_remove(&op.form, gfs_adj_side_of(node, dir), folder);
	}
	side->mtime_ns = 0;
	return gfs_adj_op_finish(&op);
}
