/* Property indexes: every entry against the records, and every node against the entries. */
#include "graph/check_private.h"
#include "graph/index_private.h"

#include <inttypes.h>
#include <stdlib.h>

/* The walk over the table. */
struct walk {
	struct gfs_check_state *c;
	uint64_t *counts; /* entries met, by index id */
	/* The entry before, for unique values. */
	uint16_t last_id;
	uint64_t last_node;
	struct gfs_index_value last;
};

static bool is_kept(const struct gfs_prop_index *index)
{
	return gfs_prop_index_has_entries(index) && (index->state == GFS_PROP_READY || index->state == GFS_PROP_BUILDING);
}

static void defect(struct gfs_check_state *c, const struct gfs_prop_index *index, const char *what, uint64_t node)
{
	gfs_check_defect(
		c, "index %.*s %s node %" PRIu64, (int)index->name.size, (const char *)index->name.data, what, node);
}

/* What the node has in the records; GFS_ERR_NOTFOUND when it does not belong into the index. */
static int value_of(
	struct gfs_check_state *c, const struct gfs_prop_index *index, uint64_t node, struct gfs_index_value *ret)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	bool has = false;
	if (index->state == GFS_PROP_BUILDING && node >= index->next)
		return GFS_ERR_NOTFOUND;
	int err = gfs_node_has_label(c->graph, node, index->label, &has);
	if (err == 0 && !has)
		err = GFS_ERR_NOTFOUND;
	return err != 0 ? err : gfs_index_value_of_node(c->graph, node, index->key, &arena, ret);
}

/* ---- entries ---- */

/* Equal values lie side by side, save those that differ in the type of a number inside a list: of such a pair writers see to it. */
static void check_unique(struct walk *w, const struct gfs_prop_index *index, const struct gfs_prop_entry *entry)
{
	bool same = w->last_id == index->id && gfs_slice_equal(gfs_slice(w->last.bytes, w->last.size), entry->value);
	if (index->unique && index->state == GFS_PROP_READY && same && !gfs_index_value_is_blank(entry->value))
		gfs_check_defect(w->c, "unique index %.*s has nodes %" PRIu64 " and %" PRIu64 " with one value",
			(int)index->name.size, (const char *)index->name.data, w->last_node, entry->node);
	w->last_id = index->id;
	w->last_node = entry->node;
	w->last.size = (uint16_t)entry->value.size;
	memcpy(w->last.bytes, entry->value.data, entry->value.size);
}

static int check_entry(struct walk *w, uint16_t id, const struct gfs_prop_entry *entry)
{
	struct gfs_index_value value;
	const struct gfs_prop_index *index = gfs_prop_index_get(w->c->graph->indexes, id);
	bool first = w->counts[id]++ == 0;
	if (index == NULL) {
		if (first)
			gfs_check_defect(w->c, "there are entries of a property index %u, which does not exist", id);
		return 0;
	}
	w->c->report.index_entries++;
	if (!is_kept(index))
		return 0;
	int err = value_of(w->c, index, entry->node, &value);
	if (err != 0 && !gfs_check_is_damage(err))
		return err;
	if (err != 0 || !gfs_slice_equal(gfs_slice(value.bytes, value.size), entry->value))
		defect(w->c, index, err == GFS_ERR_NOTFOUND ? "has what is not in" : "has another value than", entry->node);
	check_unique(w, index, entry);
	return 0;
}

static int check_row(struct walk *w, int err, struct gfs_slice key, struct gfs_slice value)
{
	uint16_t id;
	struct gfs_prop_entry entry;
	if (err != 0) {
		bool definition = key.size >= 2 && gfs_get_be16(key.data) == 0;
		gfs_check_defect(w->c, "%s is damaged",
			definition ? "the definition of a property index or constraint" : "a row of the property indexes");
		return 0;
	}
	if (gfs_prop_key_read(key, &id, &entry) != 0 || (id != 0 && value.size != 0)) {
		gfs_check_defect(w->c, "the table of property indexes has a row of an unknown form");
		return 0;
	}
	if (id != 0)
		return check_entry(w, id, &entry);
	if (!gfs_prop_definition_valid(key, value))
		gfs_check_defect(w->c, "the definition of property index or constraint %u is of an unknown form",
			key.size < 4 ? 0u : gfs_get_be16(key.data + 2));
	return 0;
}

static int check_rows(struct walk *w)
{
	struct gfs_kv_iter *it = NULL;
	struct gfs_slice key = { 0 }, value = { 0 };
	int err = gfs_kv_iter_open(gfs_store_kv(w->c->graph->store), GFS_KV_PROPS, &it);
	if (err == 0)
		err = gfs_kv_iter_seek(it, gfs_slice("", 0), &key, &value);
	while (err == 0 || (err == GFS_ERR_CORRUPT && key.size > 0)) {
		err = check_row(w, err, key, value);
		if (err != 0)
			break;
		err = gfs_kv_iter_next(it, &key, &value);
	}
	gfs_kv_iter_close(it);
	if (err == GFS_ERR_CORRUPT) {
		gfs_check_defect(w->c, "the table of property indexes is damaged and cannot be read to its end");
		err = 0;
	}
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

/* ---- nodes ---- */

static int check_node(struct gfs_check_state *c, const struct gfs_prop_index *index, uint64_t node)
{
	struct gfs_index_value value;
	int err = value_of(c, index, node, &value);
	if (err == 0)
		err = gfs_prop_entry_find(c->graph->store, index->id, gfs_slice(value.bytes, value.size), node);
	else if (gfs_check_is_damage(err))
		return 0; /* not in it, or told with the node */
	if (err == GFS_ERR_NOTFOUND) {
		defect(c, index, "lacks", node);
		err = 0;
	}
	return gfs_check_is_damage(err) ? 0 : err;
}

static int check_required(struct gfs_check_state *c, const struct gfs_prop_index *index, uint64_t node)
{
	bool lacking = false;
	int err = gfs_constraint_is_lacking(c->graph, index, node, &lacking);
	if (lacking)
		gfs_check_defect(c, "constraint %.*s does not hold for node %" PRIu64, (int)index->name.size,
			(const char *)index->name.data, node);
	return gfs_check_is_damage(err) ? 0 : err; /* told with the node */
}

static int check_nodes(struct gfs_check_state *c, const struct gfs_prop_index *index)
{
	enum { BATCH = 256 };
	uint64_t nodes[BATCH], from = 1;
	size_t count = 1;
	int err = 0;
	while (err == 0 && count > 0) {
		err = gfs_label_nodes(c->graph, index->label, from, nodes, BATCH, &count);
		for (size_t i = 0; err == 0 && i < count; i++) {
			err = is_kept(index) ? check_node(c, index, nodes[i]) : 0;
			if (err == 0 && index->required && index->state == GFS_PROP_READY)
				err = check_required(c, index, nodes[i]);
		}
		from = count > 0 ? nodes[count - 1] + 1 : from;
	}
	return gfs_check_is_damage(err) ? 0 : err; /* damaged sets are told elsewhere */
}

static int check_definition(struct walk *w, const struct gfs_prop_index *index)
{
	struct gfs_graph *graph = w->c->graph;
	if (gfs_name_known(graph, GFS_CATALOG_LABEL, index->label) != 0 ||
		(index->key != 0 && gfs_name_known(graph, GFS_CATALOG_KEY, index->key) != 0)) {
		gfs_check_defect(w->c, "property index %u is of a label or key that has no name", index->id);
		return 0;
	}
	if (w->counts[index->id] != index->entries)
		gfs_check_defect(w->c, "index %.*s counts %" PRIu64 " entries and has %" PRIu64, (int)index->name.size,
			(const char *)index->name.data, index->entries, w->counts[index->id]);
	return is_kept(index) || index->required ? check_nodes(w->c, index) : 0;
}

int gfs_check_props(struct gfs_check_state *c)
{
	struct walk w = { .c = c, .counts = calloc(GFS_NAME_ID_MAX + 1, sizeof *w.counts) };
	if (w.counts == NULL)
		return GFS_ERR_NOMEM;
	gfs_graph_read_begin(c->graph);
	int err = check_rows(&w);
	const struct gfs_prop_index *index = gfs_prop_index_next(c->graph->indexes, 1);
	for (; err == 0 && index != NULL; index = gfs_prop_index_next(c->graph->indexes, index->id + 1u))
		err = check_definition(&w, index);
	gfs_graph_read_end(c->graph);
	free(w.counts);
	return err;
}
