/* Changing adjacency. Each change loads the header, changes it in memory, changes a block or two when the type has blocks, and puts the
 * header back. After an error the caller aborts, which takes every put back. */
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

struct op {
	struct gfs_txn *txn;
	struct gfs_adj *adj;
	struct gfs_store *store;
	uint64_t node;
	enum gfs_direction dir;
	struct gfs_buf head;
};

#define AUTO_OP __attribute__((cleanup(op_release))) struct op

static void op_release(struct op *op)
{
	gfs_buf_release(&op->head);
}

/* Loads the header. GFS_ERR_NOTFOUND when there is none: op_create then makes an empty one. */
static int op_begin(struct op *op, struct gfs_txn *txn, struct gfs_adj *adj, uint64_t node, enum gfs_direction dir)
{
	*op = (struct op){ .txn = txn, .adj = adj, .store = adj->store, .node = node, .dir = dir, .head = GFS_BUF_INIT };
	if (node == GFS_ID_NONE || node > GFS_ID_MAX)
		return GFS_ERR_INVALID;
	return gfs_adj_head_load(op->store, node, dir, &op->head);
}

static int op_begin_create(
	struct op *op, struct gfs_txn *txn, struct gfs_adj *adj, uint64_t node, enum gfs_direction dir)
{
	int err = op_begin(op, txn, adj, node, dir);
	return err == GFS_ERR_NOTFOUND ? gfs_adj_head_init(&op->head) : err;
}

/* Every change goes through these two (V3 of adj_view.h). */
static int put_row(struct op *op, const uint8_t *key, size_t key_size, struct gfs_slice value)
{
	gfs_adj_group_drop(op->adj, op->node);
	return gfs_kv_put(gfs_store_kv(op->store), gfs_txn_undo(op->txn), GFS_KV_ADJ, gfs_slice(key, key_size), value);
}

static int delete_row(struct op *op, const uint8_t *key, size_t key_size)
{
	gfs_adj_group_drop(op->adj, op->node);
	return gfs_kv_delete(gfs_store_kv(op->store), gfs_txn_undo(op->txn), GFS_KV_ADJ, gfs_slice(key, key_size));
}

static int put_head(struct op *op)
{
	uint8_t key[GFS_ADJ_HEAD_KEY_BYTES];
	gfs_adj_head_key(key, op->node, op->dir);
	assert(gfs_adj_head_verify_size(gfs_buf_slice(&op->head), NULL) == 0);
	return put_row(op, key, sizeof key, gfs_buf_slice(&op->head));
}

static int put_block(struct op *op, uint16_t type, struct gfs_adj_entry bound, const uint8_t *entries, size_t count)
{
	uint8_t key[GFS_ADJ_BLOCK_KEY_BYTES];
	gfs_adj_block_key(key, op->node, op->dir, type, bound);
	assert(count <= GFS_ADJ_BLOCK_MAX);
	return put_row(op, key, sizeof key, gfs_slice(entries, count * GFS_ADJ_ENTRY_BYTES));
}

static int delete_block(struct op *op, uint16_t type, struct gfs_adj_entry bound)
{
	uint8_t key[GFS_ADJ_BLOCK_KEY_BYTES];
	gfs_adj_block_key(key, op->node, op->dir, type, bound);
	return delete_row(op, key, sizeof key);
}

static bool is_last(struct gfs_adj_entry bound)
{
	return gfs_adj_entry_equal(bound, GFS_ADJ_ENTRY_LAST);
}

/* ---- blocks ---- */

struct block {
	struct gfs_adj_entry bound;
	size_t count;
	uint8_t entries[GFS_ADJ_BLOCK_MAX * GFS_ADJ_ENTRY_BYTES];
};

/* A copy of the block that must hold `entry`: changes would move what a cursor points at. */
static int load_block(struct op *op, uint16_t type, struct gfs_adj_entry entry, struct block *ret_block)
{
	struct gfs_adj_blocks blocks = { 0 };
	int err = gfs_adj_blocks_seek(&blocks, op->store, op->node, op->dir, type, entry);
	if (err == 0) {
		ret_block->bound = blocks.bound;
		ret_block->count = blocks.count;
		memcpy(ret_block->entries, blocks.entries, blocks.count * GFS_ADJ_ENTRY_BYTES);
	}
	gfs_kv_iter_close(blocks.it);
	return err;
}

/* Writes sorted entries as as few blocks as they need, the last under `bound`. Equal shares leave room for what comes between;
 * after an append nothing does, so the left blocks are full. */
static int put_blocks(
	struct op *op, uint16_t type, struct gfs_adj_entry bound, const uint8_t *entries, size_t count, bool append)
{
	size_t parts = (count + GFS_ADJ_BLOCK_MAX - 1) / GFS_ADJ_BLOCK_MAX;
	int err = 0;
	for (; parts > 0 && err == 0; parts--) {
		size_t share = append ? GFS_MIN(count, (size_t)GFS_ADJ_BLOCK_MAX) : (count + parts - 1) / parts;
		struct gfs_adj_entry last = gfs_adj_entry_get(entries, share - 1);
		err = put_block(op, type, parts == 1 ? bound : last, entries, share);
		entries += share * GFS_ADJ_ENTRY_BYTES;
		count -= share;
	}
	assert(err != 0 || count == 0);
	return err;
}

/* Merges as much of the run as belongs into its first entry's block. */
static int add_to_block(
	struct op *op, uint16_t type, const struct gfs_adj_bulk_entry *run, size_t count, bool first, size_t *ret_added)
{
	struct block block;
	uint8_t merged[(GFS_ADJ_BLOCK_MAX + PASS_ENTRIES_MAX) * GFS_ADJ_ENTRY_BYTES];
	int err = load_block(op, type, run[0].entry, &block);
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
	bool above = block.count == 0 ||
		gfs_adj_entry_less(gfs_adj_entry_get(block.entries, block.count - 1), run[0].entry);
	err = gfs_adj_entries_merge(block.entries, block.count, run, take, merged);
	if (err == 0)
		err = put_blocks(op, type, block.bound, merged, block.count + take, above && is_last(block.bound));
	if (err == 0)
		*ret_added = take;
	return err;
}

/* Moves the inline entries of a type to a block of their own. */
static int spill(struct op *op, uint16_t type, struct gfs_adj_slot *slot)
{
	assert((slot->flags & GFS_ADJ_BLOCKS) == 0);
	uint64_t count = slot->count;
	int err = 0;
	if (count > GFS_ADJ_BLOCK_MAX)
		return GFS_ERR_CORRUPT;
	if (count > 0)
		err = put_block(op, type, GFS_ADJ_ENTRY_LAST, op->head.data + slot->entries, (size_t)count);
	if (err == 0)
		err = gfs_adj_head_replace(&op->head, slot, NULL, 0);
	if (err == 0) {
		slot->flags |= GFS_ADJ_BLOCKS;
		slot->count = count;
		gfs_adj_head_update(&op->head, slot);
	}
	return err;
}

/* Restores A5, then writes the header. */
static int finish(struct op *op)
{
	uint16_t type;
	while (gfs_adj_head_overflow(gfs_buf_slice(&op->head), &type)) {
		struct gfs_adj_slot slot;
		gfs_adj_head_find(gfs_buf_slice(&op->head), type, &slot);
		int err = spill(op, type, &slot);
		if (err != 0)
			return err;
	}
	return put_head(op);
}

/* ---- adding ---- */

static int add_inline(struct op *op, struct gfs_adj_slot *slot, const struct gfs_adj_bulk_entry *run, size_t count)
{
	uint8_t merged[GFS_ADJ_INLINE_MAX * GFS_ADJ_ENTRY_BYTES];
	assert(slot->count + count <= GFS_ADJ_INLINE_MAX);
	int err = gfs_adj_entries_merge(op->head.data + slot->entries, (size_t)slot->count, run, count, merged);
	if (err == 0)
		err = gfs_adj_head_replace(&op->head, slot, merged, (size_t)slot->count + count);
	return err;
}

static int add_to_blocks(
	struct op *op, uint16_t type, struct gfs_adj_slot *slot, const struct gfs_adj_bulk_entry *run, size_t count)
{
	while (count > 0) {
		size_t added = 0;
		int err = add_to_block(op, type, run, count, slot->count == 0, &added);
		if (err != 0)
			return err;
		slot->count += added;
		run += added;
		count -= added;
	}
	gfs_adj_head_update(&op->head, slot);
	return 0;
}

/* Finds the type, made when absent. */
static int ensure_type(struct op *op, uint16_t type, struct gfs_adj_slot *slot)
{
	gfs_adj_head_find(gfs_buf_slice(&op->head), type, slot);
	if (slot->present)
		return 0;
	gfs_adj_head_set_mtime(&op->head, gfs_txn_time_ns(op->txn));
	slot->mtime_ns = gfs_txn_time_ns(op->txn);
	return gfs_adj_head_insert_type(&op->head, slot, type);
}

/* Adds a run of one type. */
static int add_run(struct op *op, const struct gfs_adj_bulk_entry *run, size_t count)
{
	uint16_t type = run[0].type;
	struct gfs_adj_slot slot;
	int err = ensure_type(op, type, &slot);
	if (err != 0)
		return err;
	slot.mtime_ns = gfs_txn_time_ns(op->txn);
	if ((slot.flags & GFS_ADJ_BLOCKS) == 0 && slot.count + count > GFS_ADJ_INLINE_MAX) {
		err = spill(op, type, &slot);
		if (err != 0)
			return err;
	}
	if ((slot.flags & GFS_ADJ_BLOCKS) != 0)
		return add_to_blocks(op, type, &slot, run, count);
	return add_inline(op, &slot, run, count);
}

int gfs_adj_add_sorted(struct gfs_txn *txn, struct gfs_adj *adj, uint64_t node, enum gfs_direction dir,
	const struct gfs_adj_bulk_entry *entries, size_t count)
{
	AUTO_OP op;
	int err = op_begin_create(&op, txn, adj, node, dir);
	for (size_t i = 0; i < count && err == 0; i++) {
		bool descends = i > 0 && entries[i].type < entries[i - 1].type;
		if (entries[i].type == 0 || descends || !gfs_adj_entry_valid(entries[i].entry))
			err = GFS_ERR_INVALID;
	}
	for (size_t i = 0, end; i < count && err == 0; i = end) {
		for (end = i + 1; end < count && entries[end].type == entries[i].type;)
			end++;
		err = add_run(&op, entries + i, end - i);
	}
	if (err == 0 && count > 0)
		err = finish(&op);
	return err;
}

int gfs_adj_add(struct gfs_txn *txn, struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint16_t type,
	struct gfs_adj_entry entry)
{
	struct gfs_adj_bulk_entry one = { .type = type, .entry = entry };
	return gfs_adj_add_sorted(txn, adj, node, dir, &one, 1);
}

/* ---- removing ---- */

static int remove_from_blocks(struct op *op, uint16_t type, struct gfs_adj_slot *slot, struct gfs_adj_entry entry)
{
	struct block block;
	int err = load_block(op, type, entry, &block);
	if (err != 0)
		return err == GFS_ERR_NOTFOUND ? GFS_ERR_CORRUPT : err;
	size_t i = gfs_adj_entries_seek(block.entries, block.count, entry);
	if (i == block.count || !gfs_adj_entry_equal(gfs_adj_entry_get(block.entries, i), entry))
		return GFS_ERR_NOTFOUND;
	uint8_t *at = block.entries + i * GFS_ADJ_ENTRY_BYTES;
	memmove(at, at + GFS_ADJ_ENTRY_BYTES, (block.count - i - 1) * GFS_ADJ_ENTRY_BYTES);
	block.count--;
	slot->count--;
	if (slot->count == 0 && block.count > 0)
		return GFS_ERR_CORRUPT;
	if (block.count > 0 || (is_last(block.bound) && slot->count > 0))
		err = put_block(op, type, block.bound, block.entries, block.count);
	else
		err = delete_block(op, type, block.bound);
	if (err == 0 && slot->count == 0 && !is_last(block.bound))
		err = delete_block(op, type, GFS_ADJ_ENTRY_LAST); /* which is empty, by A9 */
	if (slot->count == 0)
		slot->flags &= (uint8_t)~GFS_ADJ_BLOCKS;
	gfs_adj_head_update(&op->head, slot);
	return err;
}

static int remove_inline(struct op *op, struct gfs_adj_slot *slot, struct gfs_adj_entry entry)
{
	const uint8_t *entries = op->head.data + slot->entries;
	size_t i = gfs_adj_entries_seek(entries, (size_t)slot->count, entry);
	if (i == slot->count || !gfs_adj_entry_equal(gfs_adj_entry_get(entries, i), entry))
		return GFS_ERR_NOTFOUND;
	gfs_adj_head_remove_entry(&op->head, slot, i);
	return 0;
}

static void vanish_type(struct op *op, struct gfs_adj_slot *slot)
{
	gfs_adj_head_remove_type(&op->head, slot);
	gfs_adj_head_set_mtime(&op->head, gfs_txn_time_ns(op->txn));
}

int gfs_adj_remove(struct gfs_txn *txn, struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint16_t type,
	struct gfs_adj_entry entry)
{
	AUTO_OP op;
	struct gfs_adj_slot slot;
	int err = op_begin(&op, txn, adj, node, dir);
	if (err != 0)
		return err;
	gfs_adj_head_find(gfs_buf_slice(&op.head), type, &slot);
	if (slot.count == 0)
		return GFS_ERR_NOTFOUND;
	slot.mtime_ns = gfs_txn_time_ns(txn);
	if ((slot.flags & GFS_ADJ_BLOCKS) != 0)
		err = remove_from_blocks(&op, type, &slot, entry);
	else
		err = remove_inline(&op, &slot, entry);
	if (err != 0)
		return err;
	if (slot.count == 0 && (slot.flags & GFS_ADJ_MADE) == 0)
		vanish_type(&op, &slot);
	return put_head(&op);
}

/* ---- folders ---- */

static int make(struct op *op, uint16_t type)
{
	struct gfs_adj_slot slot;
	int err = ensure_type(op, type, &slot);
	if (err != 0 || (slot.flags & GFS_ADJ_MADE) != 0)
		return err;
	slot.flags |= GFS_ADJ_MADE;
	gfs_adj_head_update(&op->head, &slot);
	return finish(op);
}

static int unmake(struct op *op, uint16_t type)
{
	struct gfs_adj_slot slot;
	gfs_adj_head_find(gfs_buf_slice(&op->head), type, &slot);
	if ((slot.flags & GFS_ADJ_MADE) == 0)
		return 0;
	slot.flags &= (uint8_t)~GFS_ADJ_MADE;
	if (slot.count == 0)
		vanish_type(op, &slot);
	else
		gfs_adj_head_update(&op->head, &slot);
	return put_head(op);
}

int gfs_adj_set_made(
	struct gfs_txn *txn, struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, uint16_t type, bool made)
{
	AUTO_OP op;
	int err = op_begin_create(&op, txn, adj, node, dir);
	if (err == 0 && type == 0)
		err = GFS_ERR_INVALID;
	if (err == 0)
		err = made ? make(&op, type) : unmake(&op, type);
	return err;
}

int gfs_adj_forget(struct gfs_txn *txn, struct gfs_adj *adj, uint64_t node, enum gfs_direction dir)
{
	AUTO_OP op;
	int err = op_begin(&op, txn, adj, node, dir);
	if (err != 0)
		return err == GFS_ERR_NOTFOUND ? 0 : err;
	unsigned types = gfs_adj_head_types(op.head.data);
	for (unsigned i = 0; i < types; i++) {
		struct gfs_adj_type type;
		uint8_t flags;
		gfs_adj_head_type(op.head.data, i, &type, &flags);
		if (type.count > 0)
			return GFS_ERR_NOTEMPTY;
	}
	uint8_t key[GFS_ADJ_HEAD_KEY_BYTES];
	gfs_adj_head_key(key, node, dir);
	return delete_row(&op, key, sizeof key);
}
