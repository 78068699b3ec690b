/* Indexes anew: the order, and what comes from nodes. */
#include "graph/rebuild_private.h"

#include "base/checked.h"
#include "graph/index.h"
#include "graph/saved_query.h"
#include "index/adj_rebuild.h"
#include "index/keys.h"
#include "index/prop_index.h"
#include "store/memtable.h"

#include <inttypes.h>
#include <stdlib.h>

int gfs_rebuild_step(struct gfs_rebuild *r)
{
	if (++r->done % GFS_REBUILD_STEP != 0)
		return 0;
	if (r->progress != NULL)
		r->progress(r->context, GFS_MIN(r->done, r->total), r->total);
	return gfs_tx_relieve(r->tx);
}

int gfs_rebuild_fail(struct gfs_rebuild *r, int err, const char *what, uint64_t id, const char *why)
{
	if (r->message->text[0] != '\0')
		return err;
	return gfs_fail(r->message, err, "%s %" PRIu64 ": %s; nothing was rebuilt", what, id, why);
}

int gfs_rebuild_count_row(struct gfs_rebuild *r, const struct gfs_row *row)
{
	struct gfs_slice at = row->items;
	struct gfs_row_item item;
	int err = 0;
	for (unsigned i = 0; err == 0 && i < row->count; i++) {
		err = gfs_row_next(&at, &item);
		if (err == 0)
			r->key_uses[item.key]++;
	}
	r->report.properties += row->count;
	return err == GFS_ERR_NOTFOUND ? GFS_ERR_CORRUPT : err;
}

/* ---- rows out of their places ---- */

/* LMDB would not find a row whose damaged key does not fit between its neighbours, and for it put others in wrong places. */
static int check_table_order(struct gfs_rebuild *r, enum gfs_kv_table table)
{
	GFS_AUTO_BUF last = GFS_BUF_INIT; /* the key of the row before */
	bool last_damaged = false, misplaced = false;
	struct gfs_kv_iter *it = NULL;
	struct gfs_slice key = { 0 }, value;
	int err = gfs_kv_iter_open(gfs_store_kv(r->graph->store), table, &it);
	if (err == 0)
		err = gfs_kv_iter_seek(it, gfs_slice("", 0), &key, &value);
	while (!misplaced && (err == 0 || (err == GFS_ERR_CORRUPT && key.size != 0))) {
		bool damaged = err != 0;
		misplaced = (damaged || last_damaged) && last.size != 0 && gfs_mem_compare(gfs_buf_slice(&last), key) >= 0;
		last_damaged = damaged;
		gfs_buf_clear(&last);
		gfs_buf_append(&last, key.data, key.size);
		err = gfs_buf_failed(&last);
		if (err == 0)
			err = gfs_kv_iter_next(it, &key, &value);
	}
	gfs_kv_iter_close(it);
	if (misplaced || err == GFS_ERR_CORRUPT)
		return gfs_fail(r->message, GFS_ERR_CORRUPT,
			"a damaged row cannot be removed, nothing was rebuilt: 'graphfsctl dump' and 'graphfsctl import' make the database anew");
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

static int check_order(struct gfs_rebuild *r)
{
	static const enum gfs_kv_table tables[] = { GFS_KV_META, GFS_KV_KEYS, GFS_KV_IDSETS, GFS_KV_ADJ, GFS_KV_FREE,
		GFS_KV_PROPS };
	int err = 0;
	for (size_t i = 0; err == 0 && i < GFS_COUNT(tables); i++)
		err = check_table_order(r, tables[i]);
	return err;
}

/* ---- what is in the tables and should not be ---- */

/* Whether a node has the key that an entry of the index was made from. */
static int key_is_right(struct gfs_graph *graph, struct gfs_slice stored, uint64_t node, bool *ret_right)
{
	GFS_AUTO_ROW ref = GFS_ROW_REF_INIT;
	struct gfs_node_record record = { 0 };
	int err = node == GFS_ID_NONE ? 0 : gfs_node_record_read(graph->store, node, &record);
	if (err == 0 && record.exists)
		err = gfs_row_ref_get(graph, record.row_id, &ref);
	*ret_right = err == 0 && record.exists && gfs_keys_is_form(stored, ref.row.key);
	return err;
}

static int clean_key(void *context, struct gfs_slice stored, uint64_t node)
{
	struct gfs_rebuild *r = context;
	bool right;
	int err = key_is_right(r->graph, stored, node, &right);
	if (err != 0)
		return gfs_rebuild_fail(r, err, "node", node, "its record or row is damaged");
	return right ? 0 : gfs_keys_remove_form(r->tx->txn, stored);
}

/* A row of the table of free ids that says what is so. */
static bool free_id_is_right(struct gfs_graph *graph, struct gfs_slice key, struct gfs_slice value)
{
	struct gfs_node_record node = { 0 };
	struct gfs_rel_record rel = { 0 };
	(void)value; /* says nothing */
	if (key.size != 7 || (key.data[0] != 1 && key.data[0] != 2))
		return false;
	bool is_node = key.data[0] == 1;
	uint64_t id = gfs_get_be48(key.data + 1);
	uint64_t next = gfs_store_counter(graph->store, is_node ? GFS_COUNTER_NODE_NEXT : GFS_COUNTER_REL_NEXT);
	int err = is_node ? gfs_node_record_read(graph->store, id, &node) : gfs_rel_record_read(graph->store, id, &rel);
	return err == 0 && id != GFS_ID_NONE && id < next && !node.exists && !rel.exists;
}

/* A row of the property indexes that may be one. Entries are made anew later. */
static bool prop_is_right(struct gfs_graph *graph, struct gfs_slice key, struct gfs_slice value)
{
	struct gfs_prop_entry entry;
	uint16_t index;
	(void)graph;
	return gfs_prop_key_read(key, &index, &entry) == 0 &&
		(index == 0 ? gfs_prop_definition_valid(key, value) : value.size == 0);
}

/* Settings and saved queries: of these only sums are looked at here. */
static bool meta_is_right(struct gfs_graph *graph, struct gfs_slice key, struct gfs_slice value)
{
	(void)graph;
	(void)key;
	(void)value;
	return true;
}

/* Removes rows that are damaged or not right. */
static int clean_table(struct gfs_rebuild *r, enum gfs_kv_table table,
	bool (*is_right)(struct gfs_graph *graph, struct gfs_slice key, struct gfs_slice value))
{
	struct gfs_kv *kv = gfs_store_kv(r->graph->store);
	struct gfs_kv_iter *it = NULL;
	struct gfs_slice key = { 0 }, value;
	int err = gfs_kv_iter_open(kv, table, &it);
	if (err == 0)
		err = gfs_kv_iter_seek(it, gfs_slice("", 0), &key, &value);
	while (err == 0 || (err == GFS_ERR_CORRUPT && key.size > 0)) {
		bool wrong = err != 0 || !is_right(r->graph, key, value);
		r->cleaned += wrong;
		err = wrong ? gfs_kv_delete(kv, gfs_txn_undo(r->tx->txn), table, key) : 0;
		if (err == 0)
			err = gfs_kv_iter_next(it, &key, &value);
	}
	gfs_kv_iter_close(it);
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

/* What no record knows, as far as it can be read. */
static int clean_meta(struct gfs_rebuild *r)
{
	uint64_t wrong = 0;
	r->cleaned = 0;
	int err = clean_table(r, GFS_KV_META, meta_is_right);
	if (err == 0)
		err = gfs_saved_queries_check(r->graph, r->tx, NULL, NULL, &wrong);
	r->report.definitions_dropped = gfs_prop_indexes_damaged(r->graph->indexes);
	r->report.settings_changed = r->cleaned + wrong;
	return err;
}

/* The sets first: they ask for a transaction that has changed nothing. */
static int clean(struct gfs_rebuild *r)
{
	struct gfs_store *store = r->graph->store;
	int err = gfs_idsets_clear(r->tx->txn, r->graph->sets);
	if (err == 0)
		err = gfs_keys_each(store, clean_key, r);
	if (err == 0)
		err = clean_table(r, GFS_KV_FREE, free_id_is_right);
	if (err == 0)
		err = clean_table(r, GFS_KV_PROPS, prop_is_right);
	if (err == 0)
		err = clean_meta(r);
	if (err == 0)
		err = gfs_adj_remove_strays(r->tx->txn, r->graph->adj, gfs_store_counter(store, GFS_COUNTER_NODE_NEXT));
	return err;
}

/* ---- nodes ---- */

/* An entry that is there is right; one beside a damaged row cannot be told to be there, and is put. */
static int enter_key(struct gfs_rebuild *r, uint64_t id, struct gfs_slice key)
{
	uint64_t there;
	if (key.size == 0)
		return 0;
	int err = gfs_keys_find(r->graph->store, key, &there);
	if (err == 0 && there != id)
		return gfs_rebuild_fail(r, GFS_ERR_CORRUPT, "node", id, "another node has the same key");
	if (err == GFS_ERR_NOTFOUND || err == GFS_ERR_CORRUPT)
		err = gfs_keys_put(r->tx->txn, key, id);
	return err;
}

static int enter_labels(struct gfs_rebuild *r, uint64_t id, const struct gfs_node_record *record)
{
	struct gfs_labels labels;
	int err = gfs_labels_read(r->graph, record, &labels);
	for (size_t i = 0; err == 0 && i < labels.count; i++) {
		r->label_uses[labels.ids[i]]++;
		err = gfs_idset_add(r->tx->txn, r->graph->sets, GFS_IDSET_LABEL, labels.ids[i], id);
	}
	return err;
}

static int rebuild_node(struct gfs_rebuild *r, uint64_t id, const struct gfs_node_record *record)
{
	GFS_AUTO_ROW ref = GFS_ROW_REF_INIT;
	int err = gfs_row_ref_get(r->graph, record->row_id, &ref);
	if (err == 0)
		err = gfs_rebuild_count_row(r, &ref.row);
	if (err == 0)
		err = enter_key(r, id, ref.row.key);
	if (err == 0)
		err = enter_labels(r, id, record);
	return err != 0 ? gfs_rebuild_fail(r, err, "node", id, gfs_err_text(err)) : 0;
}

static int rebuild_nodes(struct gfs_rebuild *r)
{
	struct gfs_node_record record;
	uint64_t id = 0;
	int err = 0;
	while (err == 0 && (err = gfs_node_record_next(r->graph->store, id + 1, &id, &record)) == 0) {
		err = rebuild_node(r, id, &record);
		if (err == 0)
			err = gfs_rebuild_step(r);
		r->report.nodes++;
	}
	if (err != 0 && err != GFS_ERR_NOTFOUND)
		return gfs_rebuild_fail(r, err, "a node from id", id, gfs_err_text(err));
	return 0;
}

/* ---- counts ---- */

static int set_counter(struct gfs_rebuild *r, enum gfs_counter counter, uint64_t value)
{
	return gfs_txn_counter_set(r->tx->txn, counter, value);
}

static int set_counts(struct gfs_rebuild *r, enum gfs_catalog_kind kind, const uint64_t *uses)
{
	struct gfs_catalog_entry entry = { 0 };
	int err = 0;
	for (uint32_t from = 1; err == 0 && from <= GFS_NAME_ID_MAX; from = entry.id + 1u) {
		err = gfs_catalog_next(r->graph->catalog, kind, (uint16_t)from, &entry);
		if (err == 0 && entry.count != uses[entry.id])
			err = gfs_catalog_set_count(r->tx->txn, r->graph->catalog, kind, entry.id, uses[entry.id]);
	}
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

static int rebuild_counts(struct gfs_rebuild *r)
{
	int err = set_counter(r, GFS_COUNTER_NODES, r->report.nodes);
	if (err == 0)
		err = set_counter(r, GFS_COUNTER_RELS, r->report.relationships);
	if (err == 0)
		err = set_counter(r, GFS_COUNTER_PROPERTIES, r->report.properties);
	if (err == 0)
		err = set_counts(r, GFS_CATALOG_LABEL, r->label_uses);
	if (err == 0)
		err = set_counts(r, GFS_CATALOG_TYPE, r->type_uses);
	return err != 0 ? err : set_counts(r, GFS_CATALOG_KEY, r->key_uses);
}

/* ---- the whole ---- */

static int begin(struct gfs_rebuild *r)
{
	struct gfs_store *store = r->graph->store;
	uint64_t nodes = gfs_store_counter(store, GFS_COUNTER_NODE_NEXT),
			 rels = gfs_store_counter(store, GFS_COUNTER_REL_NEXT);
	r->total = nodes + rels + nodes / GFS_ADJ_GROUP_NODES;
	r->ends.store = store;
	r->label_uses = calloc(GFS_NAME_ID_MAX + 1, sizeof *r->label_uses);
	r->type_uses = calloc(GFS_NAME_ID_MAX + 1, sizeof *r->type_uses);
	r->key_uses = calloc(GFS_NAME_ID_MAX + 1, sizeof *r->key_uses);
	if (r->label_uses == NULL || r->type_uses == NULL || r->key_uses == NULL)
		return GFS_ERR_NOMEM;
	return gfs_tx_begin_unlogged(r->graph, &r->tx);
}

static void release(struct gfs_rebuild *r)
{
	gfs_sorter_release(&r->ends);
	free(r->label_uses);
	free(r->type_uses);
	free(r->key_uses);
}

static int rebuild(struct gfs_rebuild *r)
{
	static int (*const parts[])(struct gfs_rebuild * r) = {
		check_order,
		clean,
		rebuild_nodes,
		gfs_rebuild_rels,
		gfs_rebuild_adjacency,
		rebuild_counts,
	};
	int err = 0;
	for (size_t i = 0; err == 0 && i < GFS_COUNT(parts); i++) {
		err = parts[i](r);
		if (err == 0)
			err = gfs_tx_relieve(r->tx);
	}
	return err != 0 ? err : gfs_index_rebuild(r->tx);
}

int gfs_graph_rebuild(struct gfs_graph *graph, void (*progress)(void *context, uint64_t done, uint64_t total),
	void *context, struct gfs_rebuild_report *ret_report, struct gfs_message *message)
{
	struct gfs_rebuild r = { .graph = graph, .progress = progress, .context = context, .message = message };
	message->text[0] = '\0';
	int err = begin(&r);
	if (err == 0) {
		err = rebuild(&r);
		if (err == 0)
			err = gfs_tx_commit(r.tx, NULL, NULL);
		else
			gfs_tx_abort(r.tx);
	}
	if (err == 0)
		*ret_report = r.report;
	else if (message->text[0] == '\0')
		(void)gfs_fail(message, err, "%s", gfs_err_text(err)); /* its answer is its argument */
	release(&r);
	return err;
}
