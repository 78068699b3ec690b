/* Indexes, from their side: records have shown that what must be there is there; here, that nothing else is. */
#include "graph/check_private.h"

#include "base/checked.h"
#include "graph/saved_query.h"
#include "index/adj_view.h"
#include "index/keys.h"

#include <inttypes.h>
#include <string.h>

/* ---- keys ---- */

static int check_key_entry(void *context, struct gfs_slice stored_key, uint64_t node)
{
	struct gfs_check_state *c = context;
	GFS_AUTO_ROW ref = GFS_ROW_REF_INIT;
	struct gfs_owner owner;
	(void)stored_key;
	if (node == GFS_ID_NONE) {
		gfs_check_defect(c, "a row of the key index is damaged");
		return 0;
	}
	c->report.index_entries++;
	int err = gfs_owner_load(c->graph, (struct gfs_entity){ GFS_NODE, node }, &owner);
	if (err == 0)
		err = gfs_row_ref_get(c->graph, owner.node.row_id, &ref);
	if (gfs_check_is_damage(err) || (err == 0 && ref.row.key.size == 0)) {
		gfs_check_defect(
			c, "the key index leads to node %" PRIu64 ", which %s", node, err != 0 ? "cannot be read" : "has no key");
		return 0;
	}
	return err;
}

static int check_keys(struct gfs_check_state *c)
{
	uint64_t before = c->report.index_entries;
	gfs_graph_read_begin(c->graph);
	int err = gfs_keys_each(c->graph->store, check_key_entry, c);
	gfs_graph_read_end(c->graph);
	if (gfs_check_is_damage(err)) {
		gfs_check_defect(c, "the key index is damaged and cannot be read to its end");
		err = 0;
	}
	uint64_t entries = c->report.index_entries - before;
	if (err == 0 && entries != c->keys)
		gfs_check_defect(c, "the key index has %" PRIu64 " entries, %" PRIu64 " nodes have keys", entries, c->keys);
	return err;
}

/* ---- id sets ---- */

static int check_set(struct gfs_check_state *c, enum gfs_idset_kind kind, uint16_t id, uint64_t uses)
{
	const char *what = kind == GFS_IDSET_LABEL ? "label" : "type";
	uint64_t count;
	int err = gfs_idset_count(c->graph->sets, kind, id, &count);
	if (gfs_check_is_damage(err)) {
		gfs_check_defect(c, "the index of %s %u is damaged", what, id);
		return 0;
	}
	if (err != 0)
		return err;
	c->report.index_entries += count;
	if (count != uses)
		gfs_check_defect(c, "the index of %s %u has %" PRIu64 " ids, the records %" PRIu64, what, id, count, uses);
	return 0;
}

static int check_sets(
	struct gfs_check_state *c, enum gfs_idset_kind kind, enum gfs_catalog_kind names, const uint64_t *uses)
{
	struct gfs_catalog_entry entry;
	int err = 0;
	gfs_graph_read_begin(c->graph);
	for (uint32_t from = 1; err == 0 && from <= GFS_NAME_ID_MAX; from = entry.id + 1u) {
		err = gfs_catalog_next(c->graph->catalog, names, (uint16_t)from, &entry);
		if (err == 0)
			err = check_set(c, kind, entry.id, uses[entry.id]);
	}
	gfs_graph_read_end(c->graph);
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

/* ---- tables ---- */

static bool row_damaged(int err, struct gfs_slice key)
{
	return err == GFS_ERR_CORRUPT && key.size > 0;
}

/* What the key of a damaged row says, which may be wrong. */
static const char *row_name(enum gfs_kv_table table, struct gfs_slice key)
{
	static const struct {
		const char *prefix, *name;
	} rows[] = { { "setting:", "a setting" }, { "query", "a saved query" } };
	for (size_t i = 0; table == GFS_KV_META && i < GFS_COUNT(rows); i++) {
		size_t size = strlen(rows[i].prefix);
		if (key.size >= size && memcmp(key.data, rows[i].prefix, size) == 0)
			return rows[i].name;
	}
	return "a row";
}

/* Calls `each` (unless NULL) for every key of a table, damaged rows left out. */
static int each_key(struct gfs_check_state *c, enum gfs_kv_table table, const char *what,
	int (*each)(struct gfs_check_state *c, struct gfs_slice key))
{
	struct gfs_kv_iter *it = NULL;
	struct gfs_slice key = { 0 }, value;
	gfs_graph_read_begin(c->graph);
	int err = gfs_kv_iter_open(gfs_store_kv(c->graph->store), table, &it);
	if (err == 0)
		err = gfs_kv_iter_seek(it, gfs_slice("", 0), &key, &value);
	while (err == 0 || row_damaged(err, key)) {
		if (err != 0)
			gfs_check_defect(c, "%s of the table of %s is damaged", row_name(table, key), what);
		err = err == 0 && each != NULL ? each(c, key) : 0;
		if (err != 0)
			break;
		err = gfs_kv_iter_next(it, &key, &value);
	}
	gfs_kv_iter_close(it);
	gfs_graph_read_end(c->graph);
	if (err == GFS_ERR_CORRUPT) {
		gfs_check_defect(c, "the table of %s is damaged and cannot be read to its end", what);
		err = 0;
	}
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

static int check_set_key(struct gfs_check_state *c, struct gfs_slice key)
{
	if (key.size != 9 || (key.data[0] != GFS_IDSET_LABEL && key.data[0] != GFS_IDSET_TYPE)) {
		gfs_check_defect(c, "the table of id sets has a key of an unknown form");
		return 0;
	}
	bool label = key.data[0] == GFS_IDSET_LABEL;
	uint16_t id = gfs_get_be16(key.data + 1);
	int err = gfs_name_known(c->graph, label ? GFS_CATALOG_LABEL : GFS_CATALOG_TYPE, id);
	if (err != GFS_ERR_NOTFOUND)
		return err;
	gfs_check_defect(c, "there is an index of %s %u, which has no name", label ? "label" : "type", id);
	return 0;
}

/* A side of a node that does not exist. */
static int check_adj_sides(struct gfs_check_state *c, uint64_t first)
{
	uint64_t mtime_ns;
	int err = 0;
	for (uint64_t i = 0; err == 0 && i < 2 * GFS_ADJ_GROUP_NODES; i++) {
		struct gfs_node_record r = { 0 };
		uint64_t node = first + i / 2;
		err = gfs_adj_mtime(c->adj, node, i % 2 == 0 ? GFS_OUT : GFS_IN, &mtime_ns);
		if (err == 0 && mtime_ns != 0)
			err = gfs_node_record_read(c->graph->store, node, &r);
		if (err == 0 && mtime_ns != 0 && !r.exists)
			gfs_check_defect(c, "there is adjacency of node %" PRIu64 ", which does not exist", node);
	}
	return err;
}

/* The rows of a group. Whether they have what the chains have was looked at with the nodes. */
static int check_adj_key(struct gfs_check_state *c, struct gfs_slice key)
{
	struct gfs_message message = { "" };
	uint64_t node;
	bool is_group;
	if (!gfs_adj_key_node(key, &node, &is_group)) {
		gfs_check_defect(c, "the table of adjacency has a key of an unknown form");
		return 0;
	}
	/* Blocks are looked at with their group; one without is the first of its rows. */
	uint64_t number = node >> GFS_ADJ_GROUP_BITS;
	if (!is_group && number == c->adj_group)
		return 0;
	c->adj_group = number;
	int err = gfs_adj_check(c->graph->store, node, &message);
	if (gfs_check_is_damage(err)) {
		gfs_check_defect(c, "%s", message.text);
		return 0;
	}
	if (err == 0)
		err = check_adj_sides(c, number << GFS_ADJ_GROUP_BITS);
	return gfs_check_is_damage(err) ? 0 : err;
}

static int check_free_key(struct gfs_check_state *c, struct gfs_slice key)
{
	struct gfs_node_record node = { 0 };
	struct gfs_rel_record rel = { 0 };
	if (key.size != 7 || (key.data[0] != 1 && key.data[0] != 2)) {
		gfs_check_defect(c, "the table of free ids has a key of an unknown form");
		return 0;
	}
	bool is_node = key.data[0] == 1;
	uint64_t id = gfs_get_be48(key.data + 1);
	uint64_t next = gfs_store_counter(c->graph->store, is_node ? GFS_COUNTER_NODE_NEXT : GFS_COUNTER_REL_NEXT);
	int err = id >= next ? 0
		: is_node        ? gfs_node_record_read(c->graph->store, id, &node)
						 : gfs_rel_record_read(c->graph->store, id, &rel);
	if (err == 0 && (id == GFS_ID_NONE || id >= next || node.exists || rel.exists))
		gfs_check_defect(c, "the %s id %" PRIu64 " is listed as free and %s", is_node ? "node" : "relationship", id,
			node.exists || rel.exists ? "in use" : "was never given out");
	return gfs_check_is_damage(err) ? 0 : err;
}

static void found_query(void *context, const char *line)
{
	gfs_check_defect(context, "%s", line);
}

static int check_queries(struct gfs_check_state *c)
{
	uint64_t wrong;
	gfs_graph_read_begin(c->graph);
	int err = gfs_saved_queries_check(c->graph, NULL, found_query, c, &wrong);
	gfs_graph_read_end(c->graph);
	return gfs_check_is_damage(err) ? 0 : err; /* told before */
}

int gfs_check_indexes(struct gfs_check_state *c)
{
	int err = check_keys(c);
	if (err == 0)
		err = check_sets(c, GFS_IDSET_LABEL, GFS_CATALOG_LABEL, c->label_uses);
	if (err == 0)
		err = check_sets(c, GFS_IDSET_TYPE, GFS_CATALOG_TYPE, c->type_uses);
	if (err == 0)
		err = each_key(c, GFS_KV_META, "settings and saved queries", NULL);
	if (err == 0)
		err = check_queries(c);
	if (err == 0)
		err = each_key(c, GFS_KV_CATALOG, "names", NULL);
	if (err == 0)
		err = each_key(c, GFS_KV_IDSETS, "id sets", check_set_key);
	c->adj_group = UINT64_MAX;
	if (err == 0)
		err = each_key(c, GFS_KV_ADJ, "adjacency", check_adj_key);
	return err != 0 ? err : each_key(c, GFS_KV_FREE, "free ids", check_free_key);
}
