/* Nodes and relationships with everything that belongs to them in one go. The ends of bulk relationships are only gathered here: bulk_finish.c
 * has what becomes of them. */
#include "graph/bulk_private.h"
#include "graph/owner.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- properties ---- */

static int by_key(const void *a, const void *b)
{
	const struct gfs_bulk_prop *x = a, *y = b;
	return (x->key > y->key) - (x->key < y->key);
}

static void sort_props(struct gfs_bulk_prop *props, size_t count)
{
	if (count > 32) {
		qsort(props, count, sizeof *props, by_key);
		return;
	}
	for (size_t i = 1; i < count; i++) {
		struct gfs_bulk_prop p = props[i];
		size_t at = i;
		for (; at > 0 && props[at - 1].key > p.key; at--)
			props[at] = props[at - 1];
		props[at] = p;
	}
}

/* The properties as a log record has them, in tx->props. */
static int encode_props(struct gfs_tx *tx, const struct gfs_bulk_prop *props, size_t count)
{
	gfs_buf_clear(&tx->props);
	if (count == 0)
		return 0;
	if (count > GFS_PROPERTIES_MAX)
		return GFS_ERR_LIMIT;
	gfs_arena_clear(&tx->arena);
	struct gfs_bulk_prop *sorted = gfs_arena_alloc(&tx->arena, count * sizeof *sorted);
	if (sorted == NULL)
		return GFS_ERR_NOMEM;
	memcpy(sorted, props, count * sizeof *sorted);
	sort_props(sorted, count);
	for (size_t i = 0; i < count; i++) {
		if (sorted[i].key == 0 || (i > 0 && sorted[i].key == sorted[i - 1].key))
			return GFS_ERR_INVALID;
		int err = gfs_value_encode_normal(sorted[i].value, &tx->value);
		if (err != 0)
			return err;
		gfs_op_prop_encode(&tx->props, sorted[i].key, gfs_buf_slice(&tx->value));
	}
	return gfs_buf_failed(&tx->props);
}

/* How many there are; GFS_ERR_CORRUPT unless they ascend. */
static int count_props(struct gfs_slice props, uint16_t *ret_count)
{
	uint16_t key, last = 0, count = 0;
	struct gfs_slice value;
	int err;
	while ((err = gfs_op_prop_decode(&props, &key, &value)) == 0) {
		if (key <= last)
			return GFS_ERR_CORRUPT;
		last = key;
		count++;
	}
	*ret_count = count;
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

/* Builds the row in tx->row and counts its properties. */
static int build_row(struct gfs_tx *tx, struct gfs_slice key, struct gfs_slice labels, struct gfs_slice props)
{
	uint16_t count, name;
	struct gfs_slice value;
	assert(props.data == NULL || props.data != tx->row.data);
	gfs_buf_clear(&tx->row);
	int err = count_props(props, &count);
	if (err != 0 || (key.size == 0 && labels.size == 0 && count == 0))
		return err;
	gfs_row_put_head(&tx->row, key, labels, count);
	while ((err = gfs_op_prop_decode(&props, &name, &value)) == 0) {
		struct gfs_row_item item = { .key = name };
		err = gfs_item_put_encoded(tx, &item, value);
		if (err == 0)
			err = gfs_tx_count_name(tx, GFS_CATALOG_KEY, name, 1);
		if (err != 0)
			return err;
		gfs_row_put_item(&tx->row, &item);
	}
	if (err != GFS_ERR_NOTFOUND)
		return err;
	return count == 0 ? 0 : gfs_tx_add_counter(tx, GFS_COUNTER_PROPERTIES, count);
}

/* ---- nodes ---- */

static int enter_label(struct gfs_tx *tx, uint64_t id, uint16_t label)
{
	struct gfs_change change = { .kind = GFS_CHANGE_LABEL_ADDED, .id = id, .name_id = label };
	int err = gfs_idset_add(tx->txn, tx->graph->sets, GFS_IDSET_LABEL, label, id);
	if (err == 0)
		err = gfs_tx_count_name(tx, GFS_CATALOG_LABEL, label, 1);
	return err != 0 ? err : gfs_tx_tell(tx, &change);
}

/* Puts the labels (2 bytes each) into the record when they fit there; else *ret_rest is what the row must hold. */
static int take_labels(
	struct gfs_tx *tx, uint64_t id, struct gfs_slice labels, struct gfs_node_record *record, struct gfs_slice *ret_rest)
{
	size_t count = labels.size / 2;
	uint16_t last = 0;
	assert(labels.size % 2 == 0);
	if (count > GFS_LABELS_PER_NODE_MAX)
		return GFS_ERR_LIMIT;
	bool in_row = count > GFS_NODE_LABELS_INLINE;
	for (size_t i = 0; i < count; i++) {
		uint16_t label = gfs_get_le16(labels.data + 2 * i);
		if (label <= last)
			return GFS_ERR_INVALID;
		last = label;
		if (!in_row)
			record->labels[i] = label;
		int err = enter_label(tx, id, label);
		if (err != 0)
			return err;
	}
	record->label_count = in_row ? GFS_NODE_LABELS_IN_ROW : (uint8_t)count;
	*ret_rest = in_row ? labels : (struct gfs_slice){ 0 };
	return 0;
}

int gfs_apply_bulk_node(struct gfs_tx *tx, struct gfs_op *op)
{
	struct gfs_node_record record;
	struct gfs_slice rest;
	int err = gfs_node_prepare(tx, op, &record);
	if (err == 0)
		err = gfs_node_enter(tx, op->id);
	if (err == 0)
		err = take_labels(tx, op->id, op->labels, &record, &rest);
	if (err == 0)
		err = build_row(tx, op->bytes, rest, op->props);
	if (err == 0)
		err = gfs_row_store(tx, &record.row_id);
	return err != 0 ? err : gfs_object_write_node(tx, op->id, &record);
}

int gfs_bulk_node(struct gfs_tx *tx, struct gfs_slice key, const struct gfs_node_meta *meta, const uint16_t *labels,
	size_t label_count, const struct gfs_bulk_prop *props, size_t prop_count, uint64_t *ret_id)
{
	uint8_t ids[GFS_LABELS_PER_NODE_MAX * 2];
	if (label_count > GFS_LABELS_PER_NODE_MAX)
		return GFS_ERR_LIMIT;
	int err = encode_props(tx, props, prop_count);
	if (err != 0)
		return err;
	for (size_t i = 0; i < label_count; i++) {
		size_t at = i;
		for (; at > 0 && gfs_get_le16(ids + 2 * (at - 1)) > labels[i]; at--)
			memcpy(ids + 2 * at, ids + 2 * (at - 1), 2);
		gfs_put_le16(ids + 2 * at, labels[i]);
	}
	struct gfs_op op = {
		.code = GFS_OP_BULK_NODE,
		.meta = *meta,
		.bytes = key,
		.labels = gfs_slice(ids, 2 * label_count),
		.props = gfs_buf_slice(&tx->props),
	};
	err = gfs_tx_apply(tx, &op);
	if (err == 0)
		*ret_id = op.id;
	return err;
}

/* ---- relationships ---- */

static int add_pending(struct gfs_tx *tx, const struct gfs_op *op)
{
	assert(op->id != GFS_ID_NONE && op->start <= GFS_ID_MAX && op->end <= GFS_ID_MAX);
	int err = gfs_pending_note(tx);
	if (err == 0)
		err = gfs_sorter_add(&tx->pending.ends, gfs_pending_end(op->start, GFS_OUT, op->name, op->end, op->id));
	if (err == 0)
		err = gfs_sorter_add(&tx->pending.ends, gfs_pending_end(op->end, GFS_IN, op->name, op->start, op->id));
	if (err != 0)
		return err;
	return tx->unlogged || tx->pending.ends.count - tx->pending.done < GFS_PENDING_MAX ? 0 : gfs_pending_write(tx);
}

int gfs_apply_bulk_rel(struct gfs_tx *tx, struct gfs_op *op)
{
	struct gfs_rel_record record;
	struct gfs_slice none = { 0 };
	int err = gfs_rel_prepare(tx, op, &record);
	if (err == 0)
		err = build_row(tx, none, none, op->props);
	if (err == 0)
		err = gfs_row_store(tx, &record.row_id);
	if (err == 0)
		err = gfs_object_write_rel(tx, op->id, &record);
	if (err == 0)
		err = gfs_rel_enter(tx, op->id, op->name, op->start, op->end);
	return err != 0 ? err : add_pending(tx, op);
}

int gfs_bulk_rel(struct gfs_tx *tx, uint16_t type, uint64_t start, uint64_t end, uint64_t mtime_ns,
	const struct gfs_bulk_prop *props, size_t prop_count, uint64_t *ret_id)
{
	int err = encode_props(tx, props, prop_count);
	if (err != 0)
		return err;
	struct gfs_op op = {
		.code = GFS_OP_BULK_REL,
		.name = type,
		.start = start,
		.end = end,
		.number = mtime_ns,
		.props = gfs_buf_slice(&tx->props),
	};
	err = gfs_tx_apply(tx, &op);
	if (err == 0)
		*ret_id = op.id;
	return err;
}
