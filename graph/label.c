/* Labels of nodes: up to three in the node's record, more in its row. */
#include "graph/owner.h"

#include <assert.h>
#include <string.h>

/* `row` is looked at only when the labels lie there. */
static int labels_take(const struct gfs_node_record *record, const struct gfs_row *row, struct gfs_labels *ret)
{
	if (record->label_count != GFS_NODE_LABELS_IN_ROW) {
		assert(record->label_count <= GFS_NODE_LABELS_INLINE);
		ret->count = record->label_count;
		memcpy(ret->ids, record->labels, sizeof record->labels);
		return 0;
	}
	ret->count = row->labels.size / 2;
	assert(ret->count <= GFS_LABELS_PER_NODE_MAX); /* gfs_row_open saw to it */
	if (ret->count == 0)
		return GFS_ERR_CORRUPT;
	for (size_t i = 0; i < ret->count; i++)
		ret->ids[i] = gfs_get_le16(row->labels.data + 2 * i);
	return 0;
}

int gfs_labels_read(struct gfs_graph *graph, const struct gfs_node_record *record, struct gfs_labels *ret)
{
	GFS_AUTO_ROW ref = GFS_ROW_REF_INIT;
	int err = 0;
	if (record->label_count == GFS_NODE_LABELS_IN_ROW)
		err = gfs_row_ref_get(graph, record->row_id, &ref);
	return err != 0 ? err : labels_take(record, &ref.row, ret);
}

/* As gfs_labels_read, for who changes nothing. */
static int labels_look(struct gfs_graph *graph, uint64_t id, struct gfs_labels *ret)
{
	const struct gfs_object *object = gfs_object_get(graph, (struct gfs_entity){ GFS_NODE, id });
	struct gfs_node_record record;
	int err;
	if (object != NULL && object->has_row) {
		err = labels_take(&object->node, &object->row, ret);
		gfs_object_put(graph, object);
		return err;
	}
	if (object != NULL)
		gfs_object_put(graph, object);
	err = gfs_node_get(graph, id, &record);
	return err != 0 ? err : gfs_labels_read(graph, &record, ret);
}

/* Where `label` is, or would go. */
static size_t labels_place(const struct gfs_labels *labels, uint16_t label)
{
	size_t low = 0, high = labels->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (labels->ids[middle] < label)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool labels_have(const struct gfs_labels *labels, uint16_t label)
{
	size_t at = labels_place(labels, label);
	return at < labels->count && labels->ids[at] == label;
}

int gfs_node_labels(struct gfs_graph *graph, uint64_t id, uint16_t *labels, size_t max, size_t *ret_count)
{
	struct gfs_labels all;
	int err = labels_look(graph, id, &all);
	if (err != 0)
		return err;
	memcpy(labels, all.ids, (all.count < max ? all.count : max) * sizeof *labels);
	*ret_count = all.count;
	return 0;
}

int gfs_node_has_label(struct gfs_graph *graph, uint64_t id, uint16_t label, bool *ret_has)
{
	struct gfs_labels all;
	int err = labels_look(graph, id, &all);
	if (err == 0)
		*ret_has = labels_have(&all, label);
	return err;
}

int gfs_label_nodes(
	struct gfs_graph *graph, uint16_t label, uint64_t from, uint64_t *ids, size_t max, size_t *ret_count)
{
	int err = gfs_name_known(graph, GFS_CATALOG_LABEL, label);
	return err != 0 ? err : gfs_idset_list(graph->sets, GFS_IDSET_LABEL, label, from, ids, max, ret_count);
}

/* Writes the labels that a node has now into its record, and its row when they lie there or lay there. */
static int labels_write(struct gfs_tx *tx, struct gfs_owner *owner, const struct gfs_labels *labels)
{
	bool was_in_row = owner->node.label_count == GFS_NODE_LABELS_IN_ROW,
		 in_row = labels->count > GFS_NODE_LABELS_INLINE;
	uint8_t bytes[GFS_LABELS_PER_NODE_MAX * 2];
	GFS_AUTO_ROW ref = GFS_ROW_REF_INIT;
	struct gfs_row_edit edit = { 0 };
	assert(owner->entity.kind == GFS_NODE && labels->count <= GFS_LABELS_PER_NODE_MAX);
	memset(owner->node.labels, 0, sizeof owner->node.labels);
	owner->node.label_count = in_row ? GFS_NODE_LABELS_IN_ROW : (uint8_t)labels->count;
	if (!in_row)
		memcpy(owner->node.labels, labels->ids, labels->count * sizeof labels->ids[0]);
	if (!was_in_row && !in_row)
		return gfs_owner_save(tx, owner);
	for (size_t i = 0; i < labels->count; i++)
		gfs_put_le16(bytes + 2 * i, labels->ids[i]);
	int err = gfs_row_ref_get(tx->graph, owner->node.row_id, &ref);
	if (err != 0)
		return err;
	struct gfs_row changed = ref.row;
	changed.labels = gfs_slice(bytes, in_row ? labels->count * 2 : 0);
	gfs_buf_clear(&tx->row);
	err = gfs_row_copy(&changed, &edit, &tx->row);
	if (err == 0)
		err = gfs_row_store(tx, &owner->node.row_id);
	return err != 0 ? err : gfs_owner_save(tx, owner);
}

static void touch_labels(const struct gfs_tx *tx, struct gfs_owner *owner)
{
	gfs_owner_touch(tx, owner, GFS_TOUCH_CTIME);
	owner->node.labels_mtime_ns = gfs_tx_later(tx, owner->node.labels_mtime_ns);
}

static int load(struct gfs_tx *tx, const struct gfs_op *op, struct gfs_owner *owner, struct gfs_labels *labels)
{
	int err = gfs_owner_load(tx->graph, (struct gfs_entity){ GFS_NODE, op->id }, owner);
	return err != 0 ? err : gfs_labels_read(tx->graph, &owner->node, labels);
}

int gfs_apply_label_add(struct gfs_tx *tx, struct gfs_op *op)
{
	struct gfs_owner owner;
	struct gfs_labels labels;
	struct gfs_change change = { .kind = GFS_CHANGE_LABEL_ADDED, .id = op->id, .name_id = op->name };
	int err = gfs_name_known(tx->graph, GFS_CATALOG_LABEL, op->name);
	if (err == 0)
		err = load(tx, op, &owner, &labels);
	if (err != 0)
		return err;
	if (labels_have(&labels, op->name))
		return GFS_ERR_EXISTS;
	if (labels.count == GFS_LABELS_PER_NODE_MAX)
		return GFS_ERR_LIMIT;
	size_t at = labels_place(&labels, op->name);
	assert(at <= labels.count);
	memmove(labels.ids + at + 1, labels.ids + at, (labels.count - at) * sizeof labels.ids[0]);
	labels.ids[at] = op->name;
	labels.count++;
	touch_labels(tx, &owner);
	err = labels_write(tx, &owner, &labels);
	if (err == 0)
		err = gfs_idset_add(tx->txn, tx->graph->sets, GFS_IDSET_LABEL, op->name, op->id);
	if (err == 0)
		err = gfs_tx_count_name(tx, GFS_CATALOG_LABEL, op->name, 1);
	return err != 0 ? err : gfs_tx_tell(tx, &change);
}

int gfs_apply_label_remove(struct gfs_tx *tx, struct gfs_op *op)
{
	struct gfs_owner owner;
	struct gfs_labels labels;
	int err = load(tx, op, &owner, &labels);
	if (err != 0)
		return err;
	if (!labels_have(&labels, op->name))
		return GFS_ERR_NOTFOUND;
	struct gfs_change change = {
		.kind = GFS_CHANGE_LABEL_REMOVED,
		.id = op->id,
		.name_id = op->name,
		.link_generation = owner.node.link_generation,
	};
	size_t at = labels_place(&labels, op->name);
	assert(at < labels.count && labels.ids[at] == op->name);
	labels.count--;
	memmove(labels.ids + at, labels.ids + at + 1, (labels.count - at) * sizeof labels.ids[0]);
	touch_labels(tx, &owner);
	err = labels_write(tx, &owner, &labels);
	if (err == 0)
		err = gfs_idset_remove(tx->txn, tx->graph->sets, GFS_IDSET_LABEL, op->name, op->id);
	if (err == 0)
		err = gfs_tx_count_name(tx, GFS_CATALOG_LABEL, op->name, -1);
	return err != 0 ? err : gfs_tx_tell(tx, &change);
}

int gfs_node_add_label(struct gfs_tx *tx, uint64_t id, uint16_t label)
{
	struct gfs_op op = { .code = GFS_OP_LABEL_ADD, .id = id, .name = label };
	return gfs_tx_apply(tx, &op);
}

int gfs_node_remove_label(struct gfs_tx *tx, uint64_t id, uint16_t label)
{
	struct gfs_op op = { .code = GFS_OP_LABEL_REMOVE, .id = id, .name = label };
	return gfs_tx_apply(tx, &op);
}
