/* A transaction: the store's, the list of changes, and the one way in which an op is applied and logged. */
#include "graph/index_private.h"

#include "base/checked.h"
#include "store/undo.h"

#include <assert.h>
#include <stdlib.h>

/* Scratch memory beyond this is given back at the end of a transaction. */
#define SCRATCH_KEEP_BYTES (UINT64_C(1) << 20)

typedef int (*apply_fn)(struct gfs_tx *tx, struct gfs_op *op);

static const apply_fn apply_of[GFS_OP_COUNT] = {
	[GFS_OP_NAME_MAKE] = gfs_apply_name_make,
	[GFS_OP_NAME_MADE] = gfs_apply_name_made,
	[GFS_OP_NODE_CREATE] = gfs_apply_node_create,
	[GFS_OP_NODE_DELETE] = gfs_apply_node_delete,
	[GFS_OP_NODE_KEY] = gfs_apply_node_key,
	[GFS_OP_NODE_META] = gfs_apply_node_meta,
	[GFS_OP_LABEL_ADD] = gfs_apply_label_add,
	[GFS_OP_LABEL_REMOVE] = gfs_apply_label_remove,
	[GFS_OP_REL_CREATE] = gfs_apply_rel_create,
	[GFS_OP_REL_DELETE] = gfs_apply_rel_delete,
	[GFS_OP_REL_MTIME] = gfs_apply_rel_mtime,
	[GFS_OP_FOLDER_MADE] = gfs_apply_folder_made,
	[GFS_OP_PROP_SET] = gfs_apply_prop_set,
	[GFS_OP_PROP_REMOVE] = gfs_apply_prop_remove,
	[GFS_OP_PROP_CREATE] = gfs_apply_prop_create,
	[GFS_OP_PROP_WRITE] = gfs_apply_prop_write,
	[GFS_OP_PROP_TRUNCATE] = gfs_apply_prop_truncate,
	[GFS_OP_PROP_SETTLE] = gfs_apply_prop_settle,
	[GFS_OP_PROP_TYPE] = gfs_apply_prop_type,
	[GFS_OP_PROP_MTIME] = gfs_apply_prop_mtime,
	[GFS_OP_PROP_ACCESS] = gfs_apply_prop_access,
	[GFS_OP_PROP_RENAME] = gfs_apply_prop_rename,
	[GFS_OP_PROP_EXCHANGE] = gfs_apply_prop_exchange,
	[GFS_OP_BULK_NODE] = gfs_apply_bulk_node,
	[GFS_OP_BULK_REL] = gfs_apply_bulk_rel,
	[GFS_OP_INDEX_CREATE] = gfs_apply_index_create,
	[GFS_OP_INDEX_DROP] = gfs_apply_index_drop,
	[GFS_OP_INDEX_STEP] = gfs_apply_index_step,
	[GFS_OP_INDEX_FAIL] = gfs_apply_index_fail,
	[GFS_OP_INDEX_FOLDER] = gfs_apply_index_folder,
	[GFS_OP_BULK_FINISH] = gfs_apply_bulk_finish,
	[GFS_OP_QUERY_MAKE] = gfs_apply_query_make,
	[GFS_OP_QUERY_TEXT] = gfs_apply_query_text,
	[GFS_OP_QUERY_RENAME] = gfs_apply_query_rename,
	[GFS_OP_QUERY_REMOVE] = gfs_apply_query_remove,
};

int gfs_tx_apply_only(struct gfs_tx *tx, struct gfs_op *op)
{
	assert(op->code > 0 && op->code < GFS_OP_COUNT);
	int err = gfs_index_before(tx, op);
	if (err != 0)
		return err;
	gfs_arena_clear(&tx->arena);
	err = apply_of[op->code](tx, op);
	return err != 0 ? err : gfs_index_after(tx, op);
}

static uint64_t own_bytes(const struct gfs_tx *tx)
{
	return tx->pending.ends.capacity * sizeof *tx->pending.ends.items + tx->lacking.capacity +
		(tx->names != NULL ? gfs_idmap_bytes(tx->names) : 0);
}

/* Changes of times, owners and the like, which follow what made something: they need no room of their own. */
static bool is_small(const struct gfs_op *op)
{
	switch (op->code) {
	case GFS_OP_NODE_META:
	case GFS_OP_REL_MTIME:
	case GFS_OP_FOLDER_MADE:
	case GFS_OP_PROP_SETTLE:
	case GFS_OP_PROP_MTIME:
	case GFS_OP_PROP_ACCESS:
		return true;
	default:
		return false;
	}
}

int gfs_tx_apply(struct gfs_tx *tx, struct gfs_op *op)
{
	assert(!tx->replaying && tx->txn != NULL);
	int err = is_small(op) ? 0 : gfs_txn_room(tx->txn, own_bytes(tx));
	if (err == 0)
		err = gfs_tx_apply_only(tx, op);
	if (err == 0)
		err = gfs_constraint_note(tx, op);
	if (err != 0 || tx->unlogged)
		return err;
	struct gfs_buf *log = gfs_txn_log(tx->txn);
	gfs_op_encode(op, log);
	return gfs_buf_failed(log);
}

/* ---- life ---- */

void gfs_changes_release(struct gfs_changes *changes)
{
	free(changes->items);
	*changes = (struct gfs_changes){ 0 };
}

void gfs_tx_init(struct gfs_tx *tx, struct gfs_graph *graph)
{
	*tx = (struct gfs_tx){ .graph = graph };
}

static void trim(struct gfs_buf *buf)
{
	if (buf->capacity > SCRATCH_KEEP_BYTES)
		gfs_buf_release(buf);
}

static void trim_arena(struct gfs_arena *arena)
{
	if (arena->bytes > SCRATCH_KEEP_BYTES)
		gfs_arena_release(arena);
	else
		gfs_arena_clear(arena);
}

void gfs_tx_reset(struct gfs_tx *tx, struct gfs_txn *txn, bool replaying)
{
	trim(&tx->row);
	trim(&tx->text);
	trim(&tx->value);
	trim(&tx->props);
	trim(&tx->lacking);
	gfs_buf_clear(&tx->lacking);
	trim_arena(&tx->arena);
	trim_arena(&tx->index_arena);
	tx->conflict = (struct gfs_index_conflict){ 0 };
	if (tx->pending.ends.capacity * sizeof *tx->pending.ends.items > SCRATCH_KEEP_BYTES)
		gfs_sorter_release(&tx->pending.ends);
	gfs_sorter_drop_runs(&tx->pending.ends);
	tx->pending.ends.count = tx->pending.done = tx->pending.done_runs = 0;
	tx->pending.ends.store = tx->graph->store;
	gfs_idmap_free(tx->names);
	tx->names = NULL;
	gfs_changes_release(&tx->changes);
	tx->changes_capacity = 0;
	tx->txn = txn;
	tx->replaying = replaying;
	tx->unlogged = false;
	tx->makes_work = false;
	if (txn != NULL)
		gfs_prop_indexes_sweep(tx->graph->indexes);
}

void gfs_tx_release(struct gfs_tx *tx)
{
	gfs_tx_reset(tx, NULL, false);
	gfs_buf_release(&tx->row);
	gfs_buf_release(&tx->text);
	gfs_buf_release(&tx->value);
	gfs_buf_release(&tx->props);
	gfs_buf_release(&tx->lacking);
	gfs_buf_release(&tx->index_old);
	gfs_buf_release(&tx->index_new);
	gfs_arena_release(&tx->arena);
	gfs_sorter_release(&tx->pending.ends);
	gfs_arena_release(&tx->index_arena);
}

int gfs_tx_begin(struct gfs_graph *graph, struct gfs_tx **ret_tx)
{
	struct gfs_txn *txn;
	int err = gfs_txn_begin(graph->store, &txn);
	if (err != 0)
		return err;
	gfs_tx_reset(&graph->tx, txn, false);
	*ret_tx = &graph->tx;
	return 0;
}

int gfs_tx_begin_unlogged(struct gfs_graph *graph, struct gfs_tx **ret_tx)
{
	struct gfs_txn *txn;
	int err = gfs_txn_begin_unlogged(graph->store, &txn);
	if (err != 0)
		return err;
	gfs_tx_reset(&graph->tx, txn, false);
	graph->tx.unlogged = true;
	graph->tx.changes.everything = true;
	*ret_tx = &graph->tx;
	return 0;
}

/* After gfs_txn_commit has given the lock back, `tx` belongs to the next writer: nothing of it is used then. */
int gfs_tx_commit(struct gfs_tx *tx, uint64_t *ret_lsn, struct gfs_changes *ret_changes)
{
	struct gfs_graph *graph = tx->graph;
	assert(tx->txn != NULL && !tx->replaying);
	int err = gfs_tx_check(tx);
	if (err == 0)
		err = tx->unlogged ? gfs_tx_settle(tx) : gfs_pending_write(tx);
	if (err != 0) {
		gfs_tx_abort(tx);
		return err;
	}
	assert(tx->pending.done == tx->pending.ends.count);
	struct gfs_changes changes = tx->changes;
	struct gfs_txn *txn = tx->txn;
	tx->changes = (struct gfs_changes){ 0 };
	/* An undone transaction must not pop what it no longer owns. */
	tx->changes_capacity = 0;
	bool wake = tx->makes_work;
	err = gfs_txn_commit(txn, ret_lsn);
	if (err == 0 && wake)
		gfs_index_builder_wake(graph->builder);
	if (err == 0 && ret_changes != NULL) {
		*ret_changes = changes;
		return 0;
	}
	if (err == 0 && graph->listener != NULL && (changes.count != 0 || changes.everything))
		graph->listener(graph->listener_context, &changes);
	gfs_changes_release(&changes);
	return err;
}

void gfs_tx_abort(struct gfs_tx *tx)
{
	if (tx == NULL)
		return;
	assert(tx->txn != NULL && !tx->replaying);
	/* What undo pops from must live until it has run; the rest is forgotten by the next begin. */
	gfs_txn_abort(tx->txn);
}

struct gfs_graph *gfs_tx_graph(struct gfs_tx *tx)
{
	return tx->graph;
}

struct gfs_txn_mark gfs_tx_mark(struct gfs_tx *tx)
{
	return gfs_txn_mark(tx->txn);
}

void gfs_tx_rollback_to(struct gfs_tx *tx, struct gfs_txn_mark mark)
{
	gfs_txn_rollback_to(tx->txn, mark);
}

int gfs_tx_undo_push(struct gfs_tx *tx, gfs_undo_fn fn, void *context, size_t size, void **ret_data)
{
	return gfs_undo_push(gfs_txn_undo(tx->txn), fn, context, size, ret_data);
}

/* ---- changes ---- */

static void pop_change(void *context, void *data, size_t size)
{
	struct gfs_tx *tx = context;
	(void)data;
	(void)size;
	if (tx->changes.count > 0)
		tx->changes.count--;
}

static int grow_changes(struct gfs_tx *tx)
{
	assert(tx->changes.count == tx->changes_capacity);
	size_t capacity = tx->changes_capacity == 0 ? 16 : tx->changes_capacity * 2;
	struct gfs_change *items = realloc(tx->changes.items, capacity * sizeof *items);
	if (items == NULL)
		return GFS_ERR_NOMEM;
	tx->changes.items = items;
	tx->changes_capacity = capacity;
	return 0;
}

int gfs_tx_tell(struct gfs_tx *tx, const struct gfs_change *change)
{
	if (!gfs_tx_tells(tx))
		return 0;
	if (tx->changes.count == GFS_CHANGES_MAX) {
		/* Not taken back by a rollback: it may say too much, never too little. */
		gfs_changes_release(&tx->changes);
		tx->changes_capacity = 0;
		tx->changes.everything = true;
		return 0;
	}
	assert(tx->changes.count < GFS_CHANGES_MAX);
	assert((change->id == GFS_ID_NONE) == (change->kind == GFS_CHANGE_NAME_LISTED));
	int err = tx->changes.count < tx->changes_capacity ? 0 : grow_changes(tx);
	void *data;
	if (err == 0)
		err = gfs_undo_push(gfs_txn_undo(tx->txn), pop_change, tx, 0, &data);
	if (err == 0)
		tx->changes.items[tx->changes.count++] = *change;
	return err;
}

/* ---- times and counts ---- */

uint64_t gfs_tx_later(const struct gfs_tx *tx, uint64_t old)
{
	uint64_t now = gfs_txn_time_ns(tx->txn);
	return old <= now ? now : old < UINT64_MAX ? old + 1 : old;
}

int gfs_tx_add_counter(struct gfs_tx *tx, enum gfs_counter counter, int64_t delta)
{
	uint64_t old = gfs_store_counter(tx->graph->store, counter), now;
	if (delta < 0 ? gfs_sub_overflows(old, (uint64_t)-delta, &now) : gfs_add_overflows(old, (uint64_t)delta, &now))
		return GFS_ERR_CORRUPT;
	return gfs_txn_counter_set(tx->txn, counter, now);
}

int gfs_tx_touch_counter(struct gfs_tx *tx, enum gfs_counter counter)
{
	uint64_t old = gfs_store_counter(tx->graph->store, counter), now = gfs_tx_later(tx, old);
	return now == old ? 0 : gfs_txn_counter_set(tx->txn, counter, now);
}
