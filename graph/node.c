/* Nodes: create, delete, key, metadata, and looking at them. */
#include "graph/bulk_private.h"
#include "graph/owner.h"

#include "index/key_hint.h"
#include "index/keys.h"
#include "store/heap.h"

#include <assert.h>

#define MODE_BITS 07777u

/* ---- reading ---- */

int gfs_node_get(struct gfs_graph *graph, uint64_t id, struct gfs_node_record *ret_record)
{
	struct gfs_node_record record;
	const struct gfs_object *object = gfs_object_get(graph, (struct gfs_entity){ GFS_NODE, id });
	if (object != NULL) {
		*ret_record = object->node;
		gfs_object_put(graph, object);
		return 0;
	}
	int err = gfs_node_record_read(graph->store, id, &record);
	if (err == 0 && !record.exists)
		err = GFS_ERR_NOTFOUND;
	if (err == 0)
		*ret_record = record;
	return err;
}

int gfs_node_next(struct gfs_graph *graph, uint64_t from, uint64_t *ret_id, struct gfs_node_record *ret_record)
{
	return gfs_node_record_next(graph->store, from, ret_id, ret_record);
}

int gfs_node_key(struct gfs_graph *graph, uint64_t id, struct gfs_buf *out)
{
	struct gfs_owner owner;
	GFS_AUTO_ROW ref = GFS_ROW_REF_INIT;
	int err = gfs_owner_look(graph, (struct gfs_entity){ GFS_NODE, id }, &owner, &ref);
	if (err != 0)
		return err;
	if (ref.row.key.size == 0)
		return GFS_ERR_NODATA;
	gfs_buf_append(out, ref.row.key.data, ref.row.key.size);
	return gfs_buf_failed(out);
}

/* The index knows a long key by its hash, and a hint may be out of date: the row has the last word. */
static int verify_key(struct gfs_graph *graph, struct gfs_slice key, uint64_t id)
{
	struct gfs_owner owner;
	GFS_AUTO_ROW ref = GFS_ROW_REF_INIT;
	int err = gfs_owner_look(graph, (struct gfs_entity){ GFS_NODE, id }, &owner, &ref);
	if (err != 0)
		return err == GFS_ERR_NOTFOUND ? GFS_ERR_CORRUPT : err;
	return gfs_slice_equal(ref.row.key, key) ? 0 : GFS_ERR_NOTFOUND;
}

int gfs_node_find(struct gfs_graph *graph, struct gfs_slice key, uint64_t *ret_id)
{
	uint64_t id;
	int err = 0;
	if (key.size == 0 || key.size > GFS_KEY_BYTES_MAX)
		return GFS_ERR_NOTFOUND;
	if (!gfs_key_hint_get(graph->index_cache, key, &id) || verify_key(graph, key, id) != 0) {
		err = gfs_keys_find(graph->store, key, &id);
		if (err == 0 && key.size > GFS_KEYS_PLAIN_MAX)
			err = verify_key(graph, key, id);
		if (err == 0)
			gfs_key_hint_set(graph->index_cache, key, id);
	}
	if (err == 0)
		*ret_id = id;
	return err;
}

int gfs_node_is_empty(struct gfs_graph *graph, uint64_t id, bool *ret_empty)
{
	struct gfs_owner owner;
	GFS_AUTO_ROW ref = GFS_ROW_REF_INIT;
	int err = gfs_owner_look(graph, (struct gfs_entity){ GFS_NODE, id }, &owner, &ref);
	if (err == 0)
		*ret_empty = owner.node.first_out == GFS_ID_NONE && owner.node.first_in == GFS_ID_NONE && ref.row.count == 0;
	return err;
}

/* ---- creating ---- */

static uint64_t time_or_now(const struct gfs_tx *tx, uint64_t time_ns)
{
	return time_ns != 0 ? time_ns : gfs_txn_time_ns(tx->txn);
}

static int node_id(struct gfs_tx *tx, struct gfs_op *op)
{
	struct gfs_node_record there;
	if (op->id == GFS_ID_NONE)
		return gfs_node_id_new(tx->txn, &op->id);
	int err = gfs_node_record_read(tx->graph->store, op->id, &there);
	if (err == 0 && there.exists)
		err = GFS_ERR_EXISTS;
	return err != 0 ? err : gfs_node_id_take(tx->txn, op->id);
}

/* Before anything has changed. A transaction with names of its own looks there when it enters the key. */
static int check_key(struct gfs_tx *tx, struct gfs_slice key)
{
	uint64_t other;
	int err = gfs_name_check(key, GFS_KEY_BYTES_MAX);
	if (err != 0 || tx->names != NULL)
		return err;
	err = gfs_keys_find(tx->graph->store, key, &other);
	return err == 0 ? GFS_ERR_EXISTS : err == GFS_ERR_NOTFOUND ? 0 : err;
}

int gfs_node_prepare(struct gfs_tx *tx, struct gfs_op *op, struct gfs_node_record *ret_record)
{
	int err = op->bytes.size == 0 ? 0 : check_key(tx, op->bytes);
	if (err == 0)
		err = node_id(tx, op);
	if (err == 0 && op->bytes.size != 0)
		err = tx->names != NULL ? gfs_bulk_enter_key(tx, op->bytes, op->id) : gfs_keys_put(tx->txn, op->bytes, op->id);
	if (err != 0)
		return err;
	assert(op->id != GFS_ID_NONE);
	*ret_record = (struct gfs_node_record){
		.exists = true,
		.mode = op->meta.mode & MODE_BITS,
		.uid = op->meta.uid,
		.gid = op->meta.gid,
		.mtime_ns = time_or_now(tx, op->meta.mtime_ns),
		.ctime_ns = time_or_now(tx, op->meta.ctime_ns),
		.btime_ns = time_or_now(tx, op->meta.btime_ns),
		.labels_mtime_ns = gfs_txn_time_ns(tx->txn),
	};
	return 0;
}

int gfs_node_enter(struct gfs_tx *tx, uint64_t id)
{
	struct gfs_change change = { .kind = GFS_CHANGE_NODE_CREATED, .id = id };
	int err = gfs_tx_add_counter(tx, GFS_COUNTER_NODES, 1);
	if (err == 0)
		err = gfs_tx_touch_counter(tx, GFS_COUNTER_ROOT_MTIME);
	return err != 0 ? err : gfs_tx_tell(tx, &change);
}

int gfs_apply_node_create(struct gfs_tx *tx, struct gfs_op *op)
{
	struct gfs_node_record record;
	int err = gfs_node_prepare(tx, op, &record);
	if (err != 0)
		return err;
	gfs_buf_clear(&tx->row);
	if (op->bytes.size != 0)
		gfs_row_put_head(&tx->row, op->bytes, (struct gfs_slice){ 0 }, 0);
	err = gfs_row_store(tx, &record.row_id);
	if (err == 0)
		err = gfs_object_write_node(tx, op->id, &record);
	return err != 0 ? err : gfs_node_enter(tx, op->id);
}

int gfs_node_create(struct gfs_tx *tx, struct gfs_slice key, const struct gfs_node_meta *meta, uint64_t *ret_id)
{
	struct gfs_op op = { .code = GFS_OP_NODE_CREATE, .bytes = key, .meta = *meta };
	int err = gfs_tx_apply(tx, &op);
	if (err == 0)
		*ret_id = op.id;
	return err;
}

/* ---- deleting ---- */

static int delete_rels(struct gfs_tx *tx, uint64_t id)
{
	for (;;) {
		struct gfs_node_record record;
		int err = gfs_node_get(tx->graph, id, &record);
		if (err != 0)
			return err;
		struct gfs_op op = { .code = GFS_OP_REL_DELETE, .id = record.first_out };
		if (op.id == GFS_ID_NONE)
			op.id = record.first_in;
		if (op.id == GFS_ID_NONE)
			return 0;
		err = gfs_apply_rel_delete(tx, &op);
		if (err != 0)
			return err == GFS_ERR_NOTFOUND ? GFS_ERR_CORRUPT : err;
	}
}

static int delete_labels(struct gfs_tx *tx, uint64_t id, uint16_t generation)
{
	uint16_t labels[GFS_LABELS_PER_NODE_MAX];
	size_t count;
	int err = gfs_node_labels(tx->graph, id, labels, GFS_LABELS_PER_NODE_MAX, &count);
	for (size_t i = 0; err == 0 && i < count; i++) {
		struct gfs_change change = {
			.kind = GFS_CHANGE_LABEL_REMOVED,
			.id = id,
			.name_id = labels[i],
			.link_generation = generation,
		};
		err = gfs_idset_remove(tx->txn, tx->graph->sets, GFS_IDSET_LABEL, labels[i], id);
		if (err == 0)
			err = gfs_tx_count_name(tx, GFS_CATALOG_LABEL, labels[i], -1);
		if (err == 0)
			err = gfs_tx_tell(tx, &change);
	}
	return err;
}

static int delete_row(struct gfs_tx *tx, uint64_t row_id)
{
	if (row_id == 0)
		return 0;
	{
		GFS_AUTO_ROW ref = GFS_ROW_REF_INIT;
		int err = gfs_row_ref_get(tx->graph, row_id, &ref);
		if (err == 0)
			err = gfs_row_free_items(tx, &ref.row);
		if (err == 0 && ref.row.key.size != 0)
			err = gfs_keys_remove(tx->txn, ref.row.key);
		if (err != 0)
			return err;
	}
	return gfs_heap_delete(tx->txn, row_id);
}

/* Frees the node's place: nothing refers to it any more. */
static int vacate(struct gfs_tx *tx, uint64_t id, const struct gfs_node_record *record)
{
	struct gfs_node_record nothing = { 0 };
	assert(record->exists);
	struct gfs_change change = {
		.kind = GFS_CHANGE_NODE_DELETED,
		.id = id,
		.link_generation = record->link_generation,
		.dir_generation = record->dir_generation,
	};
	int err = gfs_adj_forget(tx->txn, tx->graph->adj, id, GFS_OUT);
	if (err == 0)
		err = gfs_adj_forget(tx->txn, tx->graph->adj, id, GFS_IN);
	if (err == 0)
		err = gfs_object_write_node(tx, id, &nothing);
	if (err == 0)
		err = gfs_node_id_free(tx->txn, id);
	if (err == 0)
		err = gfs_tx_add_counter(tx, GFS_COUNTER_NODES, -1);
	if (err == 0)
		err = gfs_tx_touch_counter(tx, GFS_COUNTER_ROOT_MTIME);
	return err != 0 ? err : gfs_tx_tell(tx, &change);
}

int gfs_apply_node_delete(struct gfs_tx *tx, struct gfs_op *op)
{
	struct gfs_node_record record;
	int err = gfs_pending_write(tx);
	if (err == 0)
		err = gfs_node_get(tx->graph, op->id, &record);
	if (err != 0)
		return err;
	if (record.first_out != GFS_ID_NONE || record.first_in != GFS_ID_NONE)
		err = op->flags & 1 ? delete_rels(tx, op->id) : GFS_ERR_NOTEMPTY;
	if (err == 0)
		err = delete_labels(tx, op->id, record.link_generation);
	if (err == 0)
		err = delete_row(tx, record.row_id);
	return err != 0 ? err : vacate(tx, op->id, &record);
}

int gfs_node_delete(struct gfs_tx *tx, uint64_t id, bool detach)
{
	struct gfs_op op = { .code = GFS_OP_NODE_DELETE, .id = id, .flags = detach };
	return gfs_tx_apply(tx, &op);
}

/* ---- changing ---- */

static int write_key(struct gfs_tx *tx, struct gfs_owner *owner, const struct gfs_row *row, struct gfs_slice key)
{
	struct gfs_row changed = *row;
	struct gfs_row_edit edit = { 0 };
	assert(owner->entity.kind == GFS_NODE);
	changed.key = key.size != 0 ? key : (struct gfs_slice){ 0 };
	gfs_buf_clear(&tx->row);
	int err = gfs_row_copy(&changed, &edit, &tx->row);
	if (err == 0 && row->key.size != 0)
		err = gfs_keys_remove(tx->txn, row->key);
	if (err == 0 && key.size != 0)
		err = gfs_keys_add(tx->txn, key, owner->entity.id);
	if (err == 0)
		err = gfs_row_store(tx, &owner->node.row_id);
	return err != 0 ? err : gfs_owner_save(tx, owner);
}

int gfs_apply_node_key(struct gfs_tx *tx, struct gfs_op *op)
{
	struct gfs_owner owner;
	GFS_AUTO_ROW ref = GFS_ROW_REF_INIT;
	int err = op->bytes.size == 0 ? 0 : gfs_name_check(op->bytes, GFS_KEY_BYTES_MAX);
	if (err == 0)
		err = gfs_owner_load(tx->graph, (struct gfs_entity){ GFS_NODE, op->id }, &owner);
	if (err == 0)
		err = gfs_row_ref_get(tx->graph, owner.node.row_id, &ref);
	if (err != 0)
		return err;
	struct gfs_change change = {
		.kind = GFS_CHANGE_NODE_RENAMED,
		.id = op->id,
		.link_generation = owner.node.link_generation,
		.dir_generation = owner.node.dir_generation,
	};
	owner.node.link_generation++;
	owner.node.dir_generation = (uint16_t)(owner.node.dir_generation + !(op->flags & 1));
	gfs_owner_touch(tx, &owner, GFS_TOUCH_CTIME);
	err = write_key(tx, &owner, &ref.row, op->bytes);
	if (err == 0)
		err = gfs_tx_touch_counter(tx, GFS_COUNTER_ROOT_MTIME);
	return err != 0 ? err : gfs_tx_tell(tx, &change);
}

/* Whether the node's key is `key` already (empty: none). */
static int has_key(struct gfs_graph *graph, uint64_t id, struct gfs_slice key, bool *ret_has)
{
	struct gfs_owner owner;
	GFS_AUTO_ROW ref = GFS_ROW_REF_INIT;
	int err = gfs_owner_look(graph, (struct gfs_entity){ GFS_NODE, id }, &owner, &ref);
	if (err == 0)
		*ret_has = gfs_slice_equal(ref.row.key, key);
	return err;
}

int gfs_node_set_key(struct gfs_tx *tx, uint64_t id, struct gfs_slice key, bool by_kernel)
{
	struct gfs_op op = { .code = GFS_OP_NODE_KEY, .id = id, .bytes = key, .flags = by_kernel };
	bool has;
	uint64_t other;
	int err = has_key(tx->graph, id, key, &has);
	if (err != 0 || has)
		return err;
	/* Before anything is changed, so that a refusal leaves nothing to take back. */
	if (gfs_node_find(tx->graph, key, &other) == 0)
		return GFS_ERR_EXISTS;
	return gfs_tx_apply(tx, &op);
}

#define META_ALL (GFS_META_MODE | GFS_META_UID | GFS_META_GID | GFS_META_MTIME | GFS_META_BTIME | GFS_META_CTIME)

int gfs_apply_node_meta(struct gfs_tx *tx, struct gfs_op *op)
{
	struct gfs_owner owner;
	struct gfs_change change = { .kind = GFS_CHANGE_NODE_META, .id = op->id };
	const struct gfs_node_meta *meta = &op->meta;
	if (op->flags & ~META_ALL)
		return GFS_ERR_INVALID;
	int err = gfs_owner_load(tx->graph, (struct gfs_entity){ GFS_NODE, op->id }, &owner);
	if (err != 0)
		return err;
	if (op->flags & GFS_META_MODE)
		owner.node.mode = meta->mode & MODE_BITS;
	if (op->flags & GFS_META_UID)
		owner.node.uid = meta->uid;
	if (op->flags & GFS_META_GID)
		owner.node.gid = meta->gid;
	if (op->flags & GFS_META_BTIME)
		owner.node.btime_ns = time_or_now(tx, meta->btime_ns);
	if (op->flags & GFS_META_CTIME)
		owner.node.ctime_ns = time_or_now(tx, meta->ctime_ns);
	else
		gfs_owner_touch(tx, &owner, GFS_TOUCH_CTIME);
	if (op->flags & GFS_META_MTIME)
		err = gfs_owner_set_mtime(tx, &owner, time_or_now(tx, meta->mtime_ns));
	else
		err = gfs_owner_save(tx, &owner);
	return err != 0 ? err : gfs_tx_tell(tx, &change);
}

int gfs_node_set_meta(struct gfs_tx *tx, uint64_t id, unsigned which, const struct gfs_node_meta *meta)
{
	struct gfs_op op = { .code = GFS_OP_NODE_META, .id = id, .flags = (uint8_t)which, .meta = *meta };
	return which & ~(unsigned)META_ALL ? GFS_ERR_INVALID : gfs_tx_apply(tx, &op);
}
