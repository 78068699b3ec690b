/* Nodes and relationships with everything that belongs to them in one go. The adjacency of bulk relationships is gathered and written sorted,
 * which spares a look-up and a rewrite for each. */
#include "graph/owner.h"

#include "base/checked.h"
#include "store/undo.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* So many ends are written at once; the sort takes as much memory again. */
#define PENDING_MAX ((size_t)1 << 20)

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

static int grow_pending(struct gfs_pending_list *list, size_t more)
{
	assert(list->count <= list->capacity && more <= 256);
	if (list->capacity - list->count >= more)
		return 0;
	size_t capacity = list->capacity == 0 ? 256 : list->capacity * 2;
	struct gfs_pending *items = realloc(list->items, capacity * sizeof *items);
	if (items == NULL)
		return GFS_ERR_NOMEM;
	list->items = items;
	list->capacity = capacity;
	return 0;
}

struct pending_state {
	size_t count, done;
};

static void restore_pending(void *context, void *data, size_t size)
{
	struct gfs_tx *tx = context;
	const struct pending_state *state = data;
	(void)size;
	assert(state->done <= state->count && state->count <= tx->pending.capacity);
	tx->pending.count = state->count;
	tx->pending.done = state->done;
}

static int note_pending(struct gfs_tx *tx)
{
	void *data;
	int err = gfs_undo_push(gfs_txn_undo(tx->txn), restore_pending, tx, sizeof(struct pending_state), &data);
	if (err == 0)
		*(struct pending_state *)data = (struct pending_state){ tx->pending.count, tx->pending.done };
	return err;
}

static int add_pending(struct gfs_tx *tx, const struct gfs_op *op)
{
	int err = grow_pending(&tx->pending, 2);
	if (err == 0)
		err = note_pending(tx);
	if (err != 0)
		return err;
	assert(op->id != GFS_ID_NONE && op->start <= GFS_ID_MAX && op->end <= GFS_ID_MAX);
	struct gfs_pending *p = tx->pending.items + tx->pending.count;
	p[0] = (struct gfs_pending){ op->start << 17 | (uint64_t)GFS_OUT << 16 | op->name, op->end, op->id };
	p[1] = (struct gfs_pending){ op->end << 17 | (uint64_t)GFS_IN << 16 | op->name, op->start, op->id };
	tx->pending.count += 2;
	return tx->pending.count - tx->pending.done < PENDING_MAX ? 0 : gfs_bulk_finish(tx);
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
		err = gfs_rel_link(tx, op->id, &record);
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

/* ---- the end: adjacency ---- */

/* Digit `digit` (16 bits each, lowest first) of the sort key (at, other, rel). */
static unsigned digit_of(const struct gfs_pending *p, unsigned digit)
{
	uint64_t part = digit < 3 ? p->rel : digit < 6 ? p->other : p->at;
	return (unsigned)(part >> 16 * (digit < 6 ? digit % 3 : digit - 6)) & 0xffff;
}

static int compare(const void *a, const void *b)
{
	const struct gfs_pending *x = a, *y = b;
	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	if (x->other != y->other)
		return x->other < y->other ? -1 : 1;
	return (x->rel > y->rel) - (x->rel < y->rel);
}

static bool same_digit(const struct gfs_pending *items, size_t count, unsigned digit)
{
	unsigned first = digit_of(items, digit);
	for (size_t i = 1; i < count; i++) {
		if (digit_of(items + i, digit) != first)
			return false;
	}
	return true;
}

/* Least significant digit first (Knuth, TAOCP 3, 5.2.5), leaving out digits that are all the same. The result is in *items or *spare, which
 * are exchanged. */
static void radix_sort(struct gfs_pending **items, struct gfs_pending **spare, size_t count, size_t *places)
{
	for (unsigned digit = 0; digit < 10; digit++) {
		struct gfs_pending *from = *items, *to = *spare;
		size_t sum = 0;
		if (same_digit(from, count, digit))
			continue;
		memset(places, 0, 65536 * sizeof *places);
		for (size_t i = 0; i < count; i++)
			places[digit_of(from + i, digit)]++;
		for (size_t i = 0; i < 65536; i++) {
			size_t here = places[i];
			places[i] = sum;
			sum += here;
		}
		for (size_t i = 0; i < count; i++)
			to[places[digit_of(from + i, digit)]++] = from[i];
		*items = to;
		*spare = from;
	}
}

/* Counting 65,536 digits pays from here on. */
#define RADIX_MIN 20000u

/* A sorted copy of what is pending; freed by the caller. */
static int sort_pending(const struct gfs_pending_list *list, struct gfs_pending **ret_items)
{
	size_t count = list->count - list->done;
	assert(list->done < list->count && list->count <= list->capacity);
	struct gfs_pending *items = malloc(count * sizeof *items), *spare = NULL;
	size_t *places = NULL;
	int err = GFS_ERR_NOMEM;
	if (items == NULL)
		goto out;
	memcpy(items, list->items + list->done, count * sizeof *items);
	if (count < RADIX_MIN) {
		qsort(items, count, sizeof *items, compare);
	} else {
		spare = malloc(count * sizeof *spare);
		places = malloc(65536 * sizeof *places);
		if (spare == NULL || places == NULL)
			goto out;
		radix_sort(&items, &spare, count, places);
	}
	*ret_items = items;
	items = NULL;
	err = 0;
out:
	free(items);
	free(spare);
	free(places);
	return err;
}

/* Folders that these relationships made appear. */
static int tell_folders(
	struct gfs_tx *tx, uint64_t node, enum gfs_direction dir, const struct gfs_adj_bulk_entry *entries, size_t count)
{
	struct gfs_change change = { .kind = GFS_CHANGE_FOLDER_LISTED, .id = node, .dir = (uint8_t)dir };
	int err = 0;
	for (size_t i = 0, next; err == 0 && i < count && gfs_tx_tells(tx); i = next) {
		struct gfs_adj_type folder;
		for (next = i + 1; next < count && entries[next].type == entries[i].type;)
			next++;
		err = gfs_adj_type(tx->graph->adj, node, dir, entries[i].type, &folder);
		change.name_id = entries[i].type;
		if (err == 0 && !folder.made && folder.count == next - i)
			err = gfs_tx_tell(tx, &change);
	}
	return err;
}

static int write_run(struct gfs_tx *tx, const struct gfs_pending *run, size_t count, struct gfs_adj_bulk_entry *entries)
{
	uint64_t node = run->at >> 17;
	assert(count != 0 && node != GFS_ID_NONE && node <= GFS_ID_MAX);
	enum gfs_direction dir = run->at >> 16 & 1 ? GFS_IN : GFS_OUT;
	for (size_t i = 0; i < count; i++)
		entries[i] = (struct gfs_adj_bulk_entry){ (uint16_t)run[i].at, { run[i].other, run[i].rel } };
	int err = gfs_adj_add_sorted(tx->txn, tx->graph->adj, node, dir, entries, count);
	return err != 0 ? err : tell_folders(tx, node, dir, entries, count);
}

static int write_runs(struct gfs_tx *tx, const struct gfs_pending *items, size_t count)
{
	struct gfs_adj_bulk_entry *entries = NULL;
	size_t capacity = 0;
	int err = 0;
	for (size_t i = 0, next; err == 0 && i < count; i = next) {
		for (next = i + 1; next < count && items[next].at >> 16 == items[i].at >> 16;)
			next++;
		if (next - i > capacity) {
			capacity = GFS_MAX(2 * (next - i), (size_t)64);
			free(entries);
			entries = malloc(capacity * sizeof *entries);
		}
		err = entries == NULL ? GFS_ERR_NOMEM : write_run(tx, items + i, next - i, entries);
	}
	free(entries);
	return err;
}

int gfs_bulk_finish(struct gfs_tx *tx)
{
	struct gfs_pending *items;
	assert(tx->pending.done <= tx->pending.count);
	size_t count = tx->pending.count - tx->pending.done;
	if (count == 0)
		return 0;
	int err = sort_pending(&tx->pending, &items);
	if (err != 0)
		return err;
	err = note_pending(tx);
	if (err == 0)
		err = write_runs(tx, items, count);
	if (err == 0)
		tx->pending.done = tx->pending.count;
	free(items);
	return err;
}
