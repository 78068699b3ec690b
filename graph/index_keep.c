/* Keeps property indexes in step with the records.
 *
 * One place for all changes, live and in replay: before an op is applied the entries of the nodes that it touches are worked out from the records, after
 * it once more, and the difference goes into the indexes. So it does not matter how an op changes a value, and an op that changes none costs a
 * look at a table. While an index is being built, nodes that it has not come to are left to it. */
#include "graph/index_private.h"

#include "base/checked.h"
#include "store/undo.h"

#include <assert.h>

enum { TARGETS_MAX = 2 };

/* An entry in tx->index_old and _new, before its value's bytes. */
struct noted {
	uint64_t node;
	uint16_t index, size;
};

static bool is_kept(const struct gfs_prop_index *index, uint64_t node)
{
	return gfs_prop_index_has_entries(index) &&
		(index->state == GFS_PROP_READY || (index->state == GFS_PROP_BUILDING && node < index->next));
}

/* ---- what is in the records ---- */

static int value_in_row(struct gfs_graph *graph, const struct gfs_row *row, uint16_t key, struct gfs_arena *arena,
	struct gfs_index_value *ret)
{
	struct gfs_row_item item;
	int err = gfs_row_find(row, key, &item);
	return err != 0 ? err : gfs_index_value_of_item(graph, &item, arena, ret);
}

int gfs_index_value_of_node(
	struct gfs_graph *graph, uint64_t node, uint16_t key, struct gfs_arena *arena, struct gfs_index_value *ret)
{
	struct gfs_node_record record;
	GFS_AUTO_ROW ref = GFS_ROW_REF_INIT;
	int err = gfs_node_get(graph, node, &record);
	if (err == 0)
		err = gfs_row_ref_get(graph, record.row_id, &ref);
	return err != 0 ? err : value_in_row(graph, &ref.row, key, arena, ret);
}

static bool has_label(const uint16_t *labels, size_t count, uint16_t label)
{
	for (size_t i = 0; i < count; i++) {
		if (labels[i] == label)
			return true;
	}
	return false;
}

static void note(struct gfs_buf *list, uint16_t index, uint64_t node, const struct gfs_index_value *value)
{
	struct noted n = { .node = node, .index = index, .size = value->size };
	gfs_buf_append(list, &n, sizeof n);
	gfs_buf_append(list, value->bytes, value->size);
}

/* The entries that belong to the node as it is now. One that does not exist has none. */
static int collect(struct gfs_tx *tx, const struct gfs_index_target *t, struct gfs_buf *list)
{
	struct gfs_node_record record;
	struct gfs_index_value value;
	uint16_t labels[GFS_LABELS_PER_NODE_MAX];
	size_t count;
	GFS_AUTO_ROW ref = GFS_ROW_REF_INIT;
	int err = gfs_node_get(tx->graph, t->node, &record);
	if (err != 0)
		return err == GFS_ERR_NOTFOUND ? 0 : err;
	err = gfs_node_labels(tx->graph, t->node, labels, GFS_LABELS_PER_NODE_MAX, &count);
	if (err == 0)
		err = gfs_row_ref_get(tx->graph, record.row_id, &ref);
	const struct gfs_prop_index *index = err != 0 ? NULL : gfs_prop_index_next(tx->graph->indexes, 1);
	for (; index != NULL; index = gfs_prop_index_next(tx->graph->indexes, index->id + 1u)) {
		if (!is_kept(index, t->node) || (t->key != 0 && index->key != t->key) ||
			(t->label != 0 && index->label != t->label) || !has_label(labels, count, index->label))
			continue;
		err = value_in_row(tx->graph, &ref.row, index->key, &tx->index_arena, &value);
		if (err == 0)
			note(list, index->id, t->node, &value);
		else if (err != GFS_ERR_NOTFOUND)
			return err;
	}
	return err == 0 || err == GFS_ERR_NOTFOUND ? gfs_buf_failed(list) : err;
}

/* ---- unique values ---- */

/* Another node with an equal value; GFS_ID_NONE when there is none. */
static int find_equal(struct gfs_tx *tx, uint16_t index, struct gfs_slice bytes, uint64_t *ret_node)
{
	struct gfs_value value;
	struct gfs_index_value equal = { 0 };
	struct gfs_prop_cursor *cursor = NULL;
	struct gfs_prop_entry entry;
	*ret_node = GFS_ID_NONE;
	if (gfs_index_value_is_long(bytes)) {
		equal.size = GFS_INDEX_LONG_BYTES - GFS_INDEX_KINDS_BYTES;
		memcpy(equal.bytes, bytes.data, equal.size);
	} else {
		int err = gfs_index_value_read(bytes, &tx->index_arena, &value);
		if (err == 0)
			err = gfs_index_value_equal_part(&value, &equal);
		if (err != 0)
			return err;
	}
	int err = gfs_prop_cursor_open(tx->graph->store, index, false, &cursor);
	if (err == 0)
		err = gfs_prop_cursor_seek(cursor, gfs_slice(equal.bytes, equal.size), &entry);
	if (err == 0 && entry.value.size >= equal.size && memcmp(entry.value.data, equal.bytes, equal.size) == 0 &&
		gfs_index_value_is_long(entry.value) == gfs_index_value_is_long(bytes))
		*ret_node = entry.node;
	gfs_prop_cursor_close(cursor);
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

static int fail(struct gfs_tx *tx, const struct gfs_prop_index *index, uint64_t node, uint64_t other)
{
	struct gfs_prop_index failed = *index;
	failed.state = GFS_PROP_FAILED;
	failed.conflict[0] = other;
	failed.conflict[1] = node;
	return gfs_prop_index_set(tx->txn, tx->graph->indexes, index->id, &failed);
}

/* The value is there already: it is refused, or is the end of a building. */
static int refuse(struct gfs_tx *tx, const struct gfs_prop_index *index, uint64_t node, uint64_t other)
{
	if (index->state == GFS_PROP_READY) {
		tx->conflict = (struct gfs_index_conflict){ .index = index->id, .node = node, .other = other };
		return GFS_ERR_UNIQUE;
	}
	return fail(tx, index, node, other);
}

static int add(struct gfs_tx *tx, uint16_t id, struct gfs_slice value, uint64_t node)
{
	const struct gfs_prop_index *index = gfs_prop_index_get(tx->graph->indexes, id);
	uint64_t other = GFS_ID_NONE;
	assert(index != NULL);
	if (index->state == GFS_PROP_FAILED)
		return 0; /* since an entry before this one */
	if (index->unique && !gfs_index_value_is_blank(value)) {
		int err = find_equal(tx, id, value, &other);
		if (err != 0)
			return err;
	}
	if (other != GFS_ID_NONE)
		return refuse(tx, index, node, other);
	return gfs_prop_entry_add(tx->txn, tx->graph->indexes, id, value, node);
}

int gfs_index_enter(struct gfs_tx *tx, const struct gfs_prop_index *index, uint64_t node)
{
	struct gfs_index_value value;
	bool lacking = false;
	int err = index->required ? gfs_constraint_is_lacking(tx->graph, index, node, &lacking) : 0;
	if (err != 0)
		return err;
	if (lacking)
		return fail(tx, index, node, GFS_ID_NONE);
	if (!gfs_prop_index_has_entries(index))
		return 0;
	gfs_arena_clear(&tx->index_arena);
	err = gfs_index_value_of_node(tx->graph, node, index->key, &tx->index_arena, &value);
	if (err != 0)
		return err == GFS_ERR_NOTFOUND ? 0 : err;
	return add(tx, index->id, gfs_slice(value.bytes, value.size), node);
}

/* ---- around an op ---- */

static bool add_target(struct gfs_tx *tx, struct gfs_entity entity, uint16_t key, struct gfs_index_target *t)
{
	*t = (struct gfs_index_target){ .node = entity.id, .key = key };
	return entity.kind == GFS_NODE && gfs_prop_indexes_have_key(tx->graph->indexes, key);
}

static bool some_label_has_index(struct gfs_tx *tx, struct gfs_slice labels)
{
	for (size_t i = 0; i + 2 <= labels.size; i += 2) {
		if (gfs_prop_indexes_have_label(tx->graph->indexes, gfs_get_le16(labels.data + i)))
			return true;
	}
	return false;
}

/* The nodes whose entries the op may change. */
static size_t targets_of(struct gfs_tx *tx, const struct gfs_op *op, struct gfs_index_target targets[TARGETS_MAX])
{
	size_t count = 0;
	switch (op->code) {
	case GFS_OP_PROP_RENAME:
	case GFS_OP_PROP_EXCHANGE:
		count += add_target(tx, op->entity2, op->name2, &targets[count]);
		/* fallthrough */
	case GFS_OP_PROP_SET:
	case GFS_OP_PROP_REMOVE:
	case GFS_OP_PROP_CREATE:
	case GFS_OP_PROP_WRITE:
	case GFS_OP_PROP_TRUNCATE:
	case GFS_OP_PROP_SETTLE:
	case GFS_OP_PROP_TYPE:
		return count + add_target(tx, op->entity, op->name, &targets[count]);
	case GFS_OP_LABEL_ADD:
	case GFS_OP_LABEL_REMOVE:
		targets[0] = (struct gfs_index_target){ .node = op->id, .label = op->name };
		return gfs_prop_indexes_have_label(tx->graph->indexes, op->name);
	case GFS_OP_NODE_DELETE:
		targets[0] = (struct gfs_index_target){ .node = op->id };
		return op->id != GFS_ID_NONE;
	case GFS_OP_BULK_NODE:
		targets[0] = (struct gfs_index_target){ .node = op->id };
		return op->id != GFS_ID_NONE && some_label_has_index(tx, op->labels);
	default:
		return 0;
	}
}

static int collect_all(struct gfs_tx *tx, const struct gfs_index_target *targets, size_t count, struct gfs_buf *list)
{
	int err = 0;
	gfs_buf_clear(list);
	gfs_arena_clear(&tx->index_arena);
	for (size_t i = 0; err == 0 && i < count; i++)
		err = collect(tx, &targets[i], list);
	return err;
}

static bool same_target(const struct gfs_index_target *a, const struct gfs_index_target *b)
{
	return a->node == b->node && a->label == b->label && a->key == b->key;
}

static void forget_known(void *context, void *data, size_t size)
{
	struct gfs_tx *tx = context;
	(void)data;
	(void)size;
	tx->index_known.node = GFS_ID_NONE;
}

/* Until another op is applied, or this one is taken back. */
static int set_known(struct gfs_tx *tx, const struct gfs_index_target *target)
{
	void *data;
	int err = gfs_undo_push(gfs_txn_undo(tx->txn), forget_known, tx, 0, &data);
	if (err == 0)
		tx->index_known = *target;
	return err;
}

int gfs_index_before(struct gfs_tx *tx, const struct gfs_op *op)
{
	struct gfs_index_target targets[TARGETS_MAX], known = tx->index_known;
	tx->index_known.node = GFS_ID_NONE;
	if (!gfs_prop_indexes_any(tx->graph->indexes))
		return 0;
	size_t count = targets_of(tx, op, targets);
	if (count != 1 || known.node == GFS_ID_NONE || !same_target(&targets[0], &known))
		return collect_all(tx, targets, count, &tx->index_old);
	/* A large file is written piece by piece: it is not looked at twice for each. */
	struct gfs_buf list = tx->index_old;
	tx->index_old = tx->index_new;
	tx->index_new = list;
	return 0;
}

/* Takes the next one off the list. */
static bool next_noted(struct gfs_slice *list, struct noted *ret, struct gfs_slice *ret_value)
{
	if (list->size == 0)
		return false;
	memcpy(ret, list->data, sizeof *ret);
	*ret_value = gfs_slice(list->data + sizeof *ret, ret->size);
	*list = gfs_slice(ret_value->data + ret->size, list->size - sizeof *ret - ret->size);
	return true;
}

static bool list_has(struct gfs_slice list, const struct noted *wanted, struct gfs_slice value)
{
	struct noted n;
	struct gfs_slice v;
	while (next_noted(&list, &n, &v)) {
		if (n.node == wanted->node && n.index == wanted->index && gfs_slice_equal(v, value))
			return true;
	}
	return false;
}

int gfs_index_after(struct gfs_tx *tx, const struct gfs_op *op)
{
	struct noted n;
	struct gfs_slice value;
	struct gfs_index_target targets[TARGETS_MAX];
	if (!gfs_prop_indexes_any(tx->graph->indexes))
		return 0;
	size_t count = targets_of(tx, op, targets);
	int err = collect_all(tx, targets, count, &tx->index_new);
	if (err == 0 && count == 1)
		err = set_known(tx, &targets[0]);
	struct gfs_slice old = gfs_buf_slice(&tx->index_old), now = gfs_buf_slice(&tx->index_new);
	if (err != 0 || gfs_slice_equal(old, now))
		return err;
	for (struct gfs_slice at = old; err == 0 && next_noted(&at, &n, &value);) {
		if (!list_has(now, &n, value))
			err = gfs_prop_entry_remove(tx->txn, tx->graph->indexes, n.index, value, n.node);
	}
	for (struct gfs_slice at = now; err == 0 && next_noted(&at, &n, &value);) {
		if (!list_has(old, &n, value))
			err = add(tx, n.index, value, n.node);
	}
	return err;
}
