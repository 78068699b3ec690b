/* Property indexes: making, dropping and finding them. */
#include "graph/index_private.h"

#include <assert.h>

static bool is_seen(const struct gfs_prop_index *index)
{
	return index->key != 0 && index->state != GFS_PROP_DROPPING;
}

static bool is_index(const struct gfs_prop_index *index)
{
	return is_seen(index) && gfs_prop_index_has_entries(index);
}

/* ---- finding ---- */

static unsigned percent_of(struct gfs_graph *graph, const struct gfs_prop_index *index)
{
	uint64_t nodes = gfs_store_counter(graph->store, GFS_COUNTER_NODE_NEXT);
	if (index->state == GFS_PROP_READY)
		return 100;
	return nodes == 0 ? 0 : (unsigned)(index->next * 100 / (nodes + 1));
}

static void fill(struct gfs_graph *graph, const struct gfs_prop_index *index, struct gfs_index_info *ret_info)
{
	uint64_t distinct = index->unique ? index->entries : gfs_distinct_estimate(&index->distinct);
	if (distinct > index->entries)
		distinct = index->entries;
	*ret_info = (struct gfs_index_info){
		.id = index->id,
		.label = index->label,
		.key = index->key,
		.state = (enum gfs_prop_state)index->state,
		.unique = index->unique,
		.required = index->required,
		.name = index->name,
		.entries = index->entries,
		.distinct = distinct == 0 && index->entries != 0 ? 1 : distinct,
		.percent = percent_of(graph, index),
		.changed_ns = index->changed_ns,
		.conflict = { index->conflict[0], index->conflict[1] },
	};
}

const struct gfs_prop_index *gfs_index_look(struct gfs_graph *graph, uint16_t id)
{
	const struct gfs_prop_index *index = gfs_prop_index_get(graph->indexes, id);
	return index != NULL && is_index(index) ? index : NULL;
}

int gfs_index_get(struct gfs_graph *graph, uint16_t id, struct gfs_index_info *ret_info)
{
	const struct gfs_prop_index *index = gfs_index_look(graph, id);
	if (index == NULL)
		return GFS_ERR_NOTFOUND;
	fill(graph, index, ret_info);
	return 0;
}

int gfs_index_next(struct gfs_graph *graph, unsigned from, struct gfs_index_info *ret_info)
{
	const struct gfs_prop_index *index = gfs_prop_index_next(graph->indexes, from);
	while (index != NULL && !is_index(index))
		index = gfs_prop_index_next(graph->indexes, index->id + 1u);
	if (index == NULL)
		return GFS_ERR_NOTFOUND;
	fill(graph, index, ret_info);
	return 0;
}

int gfs_index_rule_next(struct gfs_graph *graph, unsigned from, struct gfs_index_info *ret_info)
{
	const struct gfs_prop_index *index = gfs_prop_index_next(graph->indexes, from);
	while (index != NULL && !is_seen(index))
		index = gfs_prop_index_next(graph->indexes, index->id + 1u);
	if (index == NULL)
		return GFS_ERR_NOTFOUND;
	fill(graph, index, ret_info);
	return 0;
}

/* NULL when there is none. */
static const struct gfs_prop_index *find(struct gfs_graph *graph, uint16_t label, uint16_t key)
{
	if (!gfs_prop_indexes_have_key(graph->indexes, key))
		return NULL;
	const struct gfs_prop_index *index = gfs_prop_index_next(graph->indexes, 1);
	while (index != NULL && !(index->label == label && index->key == key && is_index(index)))
		index = gfs_prop_index_next(graph->indexes, index->id + 1u);
	return index;
}

int gfs_index_find(struct gfs_graph *graph, uint16_t label, uint16_t key, struct gfs_index_info *ret_info)
{
	const struct gfs_prop_index *index = find(graph, label, key);
	if (index == NULL)
		return GFS_ERR_NOTFOUND;
	fill(graph, index, ret_info);
	return 0;
}

int gfs_index_find_id(struct gfs_graph *graph, uint16_t label, uint16_t key, uint16_t *ret_id)
{
	const struct gfs_prop_index *index = find(graph, label, key);
	if (index == NULL)
		return GFS_ERR_NOTFOUND;
	*ret_id = index->id;
	return 0;
}

int gfs_index_find_name(struct gfs_graph *graph, struct gfs_slice name, struct gfs_index_info *ret_info)
{
	struct gfs_index_info info;
	for (unsigned from = 1; gfs_index_rule_next(graph, from, &info) == 0; from = info.id + 1u) {
		if (gfs_slice_equal(info.name, name)) {
			*ret_info = info;
			return 0;
		}
	}
	return GFS_ERR_NOTFOUND;
}

uint64_t gfs_index_generation(struct gfs_graph *graph)
{
	return gfs_prop_indexes_changed_ns(graph->indexes);
}

/* ---- making ---- */

static bool key_is_indexed(struct gfs_graph *graph, uint16_t key)
{
	struct gfs_index_info info;
	for (unsigned from = 1; gfs_index_rule_next(graph, from, &info) == 0; from = info.id + 1u) {
		if (info.key == key)
			return true;
	}
	return false;
}

int gfs_apply_index_create(struct gfs_tx *tx, struct gfs_op *op)
{
	struct gfs_graph *graph = tx->graph;
	struct gfs_catalog_entry label;
	uint16_t id;
	int err = gfs_name_check(op->bytes, GFS_NAME_BYTES_MAX);
	if (err == 0)
		err = gfs_catalog_get(graph->catalog, GFS_CATALOG_LABEL, op->name, &label);
	if (err == 0 && op->number > GFS_NAME_ID_MAX)
		err = GFS_ERR_CORRUPT;
	/* The key's id must not be given to another name, though nothing may carry it. */
	if (err == 0)
		err = gfs_catalog_set_made(tx->txn, graph->catalog, GFS_CATALOG_KEY, op->name2, true);
	if (err != 0)
		return err;
	struct gfs_prop_index like = {
		.id = (uint16_t)op->number,
		.label = op->name,
		.key = op->name2,
		.state = label.count == 0 ? GFS_PROP_READY : GFS_PROP_BUILDING,
		.unique = op->flags & GFS_OP_INDEX_UNIQUE,
		.required = op->flags & GFS_OP_INDEX_REQUIRED,
		.next = 1,
		.name = op->bytes,
	};
	err = gfs_prop_index_add(tx->txn, graph->indexes, &like, &id);
	if (err == 0)
		op->number = id;
	return err;
}

static bool name_is_taken(struct gfs_graph *graph, struct gfs_slice name)
{
	struct gfs_index_info info;
	return gfs_index_find_name(graph, name, &info) == 0;
}

/* LABEL.PROPERTY, or index_LABELID_KEYID when that is too long or taken. */
static int name_of(struct gfs_graph *graph, uint16_t label, uint16_t key, struct gfs_buf *out)
{
	struct gfs_catalog_entry l, k;
	int err = gfs_catalog_get(graph->catalog, GFS_CATALOG_LABEL, label, &l);
	if (err == 0)
		err = gfs_catalog_get(graph->catalog, GFS_CATALOG_KEY, key, &k);
	if (err != 0)
		return err;
	gfs_buf_append(out, l.name.data, l.name.size);
	gfs_buf_append_u8(out, '.');
	gfs_buf_append(out, k.name.data, k.name.size);
	if (out->size > GFS_NAME_BYTES_MAX || name_is_taken(graph, gfs_buf_slice(out))) {
		gfs_buf_clear(out);
		gfs_buf_printf(out, "index_%u_%u", label, key);
	}
	return gfs_buf_failed(out);
}

int gfs_index_define(
	struct gfs_tx *tx, uint16_t label, uint16_t key, unsigned flags, struct gfs_slice name, uint16_t *ret_id)
{
	GFS_AUTO_BUF made = GFS_BUF_INIT;
	int err = gfs_name_known(tx->graph, GFS_CATALOG_KEY, key);
	if (err == 0 && name.size == 0) {
		err = name_of(tx->graph, label, key, &made);
		name = gfs_buf_slice(&made);
	}
	if (err != 0)
		return err;
	if (name_is_taken(tx->graph, name))
		return GFS_ERR_EXISTS;
	struct gfs_op op = {
		.code = GFS_OP_INDEX_CREATE, .name = label, .name2 = key, .flags = (uint8_t)flags, .bytes = name
	};
	err = gfs_tx_apply(tx, &op);
	if (err != 0)
		return err;
	tx->makes_work = gfs_index_has_work(tx->graph);
	*ret_id = (uint16_t)op.number;
	return 0;
}

int gfs_index_create(
	struct gfs_tx *tx, uint16_t label, uint16_t key, bool unique, struct gfs_slice name, uint16_t *ret_id)
{
	if (find(tx->graph, label, key) != NULL)
		return GFS_ERR_EXISTS;
	return gfs_index_define(tx, label, key, unique ? GFS_OP_INDEX_UNIQUE : 0, name, ret_id);
}

/* ---- dropping ---- */

int gfs_apply_index_drop(struct gfs_tx *tx, struct gfs_op *op)
{
	struct gfs_graph *graph = tx->graph;
	const struct gfs_prop_index *index = gfs_prop_index_get(graph->indexes, op->name);
	if (index == NULL || !is_seen(index))
		return GFS_ERR_NOTFOUND;
	struct gfs_prop_index to = *index;
	to.state = GFS_PROP_DROPPING;
	int err = gfs_prop_index_set(tx->txn, graph->indexes, op->name, &to);
	if (err == 0 && !key_is_indexed(graph, to.key))
		err = gfs_catalog_set_made(tx->txn, graph->catalog, GFS_CATALOG_KEY, to.key, false);
	if (err == 0 && to.entries == 0)
		err = gfs_prop_index_forget(tx->txn, graph->indexes, op->name);
	return err;
}

int gfs_index_drop(struct gfs_tx *tx, uint16_t id)
{
	struct gfs_op op = { .code = GFS_OP_INDEX_DROP, .name = id };
	int err = id == 0 ? GFS_ERR_NOTFOUND : gfs_tx_apply(tx, &op);
	if (err == 0)
		tx->makes_work = gfs_index_has_work(tx->graph);
	return err;
}

/* ---- the folder of a label ---- */

static const struct gfs_prop_index *folder_of(struct gfs_graph *graph, uint16_t label)
{
	const struct gfs_prop_index *index = gfs_prop_index_next(graph->indexes, 1);
	while (index != NULL && (index->key != 0 || index->label != label))
		index = gfs_prop_index_next(graph->indexes, index->id + 1u);
	return index;
}

bool gfs_index_folder_made(struct gfs_graph *graph, uint16_t label)
{
	return folder_of(graph, label) != NULL;
}

int gfs_apply_index_folder(struct gfs_tx *tx, struct gfs_op *op)
{
	uint16_t id;
	const struct gfs_prop_index *folder = folder_of(tx->graph, op->name);
	int err = gfs_name_known(tx->graph, GFS_CATALOG_LABEL, op->name);
	if (err != 0 || (folder != NULL) == (op->flags & 1))
		return err;
	if (folder != NULL)
		return gfs_prop_index_forget(tx->txn, tx->graph->indexes, folder->id);
	if (op->number > GFS_NAME_ID_MAX)
		return GFS_ERR_CORRUPT;
	struct gfs_prop_index like = { .id = (uint16_t)op->number, .label = op->name, .state = GFS_PROP_READY };
	err = gfs_prop_index_add(tx->txn, tx->graph->indexes, &like, &id);
	if (err == 0)
		op->number = id;
	return err;
}

int gfs_index_folder_set_made(struct gfs_tx *tx, uint16_t label, bool made)
{
	struct gfs_op op = { .code = GFS_OP_INDEX_FOLDER, .name = label, .flags = made };
	return gfs_index_folder_made(tx->graph, label) == made ? 0 : gfs_tx_apply(tx, &op);
}

/* ---- conflicts ---- */

void gfs_index_put_node(struct gfs_graph *graph, uint64_t node, struct gfs_buf *out)
{
	gfs_buf_append_text(out, "'");
	if (gfs_node_key(graph, node, out) != 0)
		gfs_buf_printf(out, "@%llu", (unsigned long long)node);
	gfs_buf_append_text(out, "'");
}

static void put_value(struct gfs_graph *graph, uint64_t node, uint16_t key, struct gfs_buf *out)
{
	enum { SHOWN_BYTES = 80 };
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	struct gfs_value value;
	if (gfs_prop_get(graph, (struct gfs_entity){ GFS_NODE, node }, key, &arena, &value) != 0 ||
		gfs_value_json(&value, true, &text) != 0)
		return;
	bool cut = text.size > SHOWN_BYTES;
	gfs_buf_append(out, text.data, cut ? SHOWN_BYTES : text.size);
	gfs_buf_append_text(out, cut ? "..." : "");
}

void gfs_index_tell_conflict(struct gfs_graph *graph, const struct gfs_index_conflict *c, struct gfs_message *message)
{
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	const struct gfs_prop_index *index = gfs_prop_index_get(graph->indexes, c->index);
	assert(index != NULL);
	if (c->other == GFS_ID_NONE) {
		gfs_constraint_tell_lack(graph, index, c->node, message);
		return;
	}
	gfs_buf_printf(&out, "unique index %.*s: nodes ", (int)index->name.size, (const char *)index->name.data);
	gfs_index_put_node(graph, c->other, &out);
	gfs_buf_append_text(&out, " and ");
	gfs_index_put_node(graph, c->node, &out);
	gfs_buf_append_text(&out, " would both have ");
	put_value(graph, c->other, index->key, &out);
	(void)gfs_fail(
		message, GFS_ERR_UNIQUE, "%.*s", (int)out.size, (const char *)out.data); /* its answer is its argument */
}

void gfs_index_explain(struct gfs_tx *tx, struct gfs_message *message)
{
	if (gfs_prop_index_get(tx->graph->indexes, tx->conflict.index) != NULL)
		gfs_index_tell_conflict(tx->graph, &tx->conflict, message);
	else
		(void)gfs_fail(message, GFS_ERR_UNIQUE, "%s", gfs_err_text(GFS_ERR_UNIQUE)); /* the same */
}
