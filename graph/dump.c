/* The whole graph as JSON Lines. Everything is ordered by id or by name, and nodes and relationships are numbered anew, so that a graph
 * that was imported from a dump gives the same dump. */
#include "base/utf8.h"
#include "graph/constraint.h"
#include "graph/ranks.h"
#include "graph/saved_query.h"
#include "graph/transfer.h"

#include <stdlib.h>

/* Bytes gathered before they are written, and nodes or relationships looked at under one lock. */
#define FLUSH_BYTES (UINT64_C(1) << 18)
enum { SLICE_ITEMS = 256, LIST_STEP = 64 };

struct prop {
	uint16_t key;
	uint64_t mtime_ns;
	bool has_access;
	struct gfs_access access;
	struct gfs_slice name;
};

struct dump {
	struct gfs_graph *graph;
	int (*write)(void *context, struct gfs_slice bytes);
	void *context;
	struct gfs_buf out;
	struct gfs_arena arena;   /* of one value */
	struct gfs_ranks numbers; /* of nodes */
	uint64_t rel_number;
	struct prop *props; /* of the entity at hand, by name */
	size_t prop_count, prop_capacity;
	struct gfs_slice *names; /* of labels or types at hand, by name */
	size_t name_count, name_capacity;
};

static int compare_slices(struct gfs_slice a, struct gfs_slice b)
{
	size_t size = a.size < b.size ? a.size : b.size;
	int order = size == 0 ? 0 : memcmp(a.data, b.data, size);
	return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static int by_name(const void *a, const void *b)
{
	return compare_slices(*(const struct gfs_slice *)a, *(const struct gfs_slice *)b);
}

static int by_prop_name(const void *a, const void *b)
{
	return compare_slices(((const struct prop *)a)->name, ((const struct prop *)b)->name);
}

static int flush(struct dump *dump)
{
	int err = gfs_buf_failed(&dump->out);
	if (err == 0 && dump->out.size != 0)
		err = dump->write(dump->context, gfs_buf_slice(&dump->out));
	gfs_buf_clear(&dump->out);
	return err;
}

/* ---- lists of names ---- */

static int add_name(struct dump *dump, enum gfs_catalog_kind kind, uint16_t id)
{
	struct gfs_catalog_entry entry;
	if (dump->name_count == dump->name_capacity) {
		size_t capacity = dump->name_capacity == 0 ? 64 : dump->name_capacity * 2;
		struct gfs_slice *names = reallocarray(dump->names, capacity, sizeof *names);
		if (names == NULL)
			return GFS_ERR_NOMEM;
		dump->names = names;
		dump->name_capacity = capacity;
	}
	int err = gfs_catalog_get(gfs_graph_catalog(dump->graph), kind, id, &entry);
	if (err == 0)
		dump->names[dump->name_count++] = entry.name;
	return err;
}

/* Names stay where they are as long as the catalog, so they may be used without the lock. */
static void sort_names(struct dump *dump)
{
	if (dump->name_count > 1)
		qsort(dump->names, dump->name_count, sizeof *dump->names, by_name);
}

static void put_names(struct dump *dump)
{
	sort_names(dump);
	gfs_buf_append_u8(&dump->out, '[');
	for (size_t i = 0; i < dump->name_count; i++) {
		if (i != 0)
			gfs_buf_append_u8(&dump->out, ',');
		gfs_json_string(dump->names[i], &dump->out);
	}
	gfs_buf_append_u8(&dump->out, ']');
}

/* ,"member":NS, as a string when JSON readers could not hold it. */
static void put_time(struct dump *dump, const char *member, uint64_t ns)
{
	const char *quote = ns > INT64_MAX ? "\"" : "";
	gfs_buf_printf(&dump->out, ",\"%s\":%s%llu%s", member, quote, (unsigned long long)ns, quote);
}

/* ---- properties ---- */

static int add_prop(struct dump *dump, const struct gfs_prop_info *info)
{
	struct gfs_catalog_entry entry;
	if (dump->prop_count == dump->prop_capacity) {
		size_t capacity = dump->prop_capacity == 0 ? 64 : dump->prop_capacity * 2;
		struct prop *props = reallocarray(dump->props, capacity, sizeof *props);
		if (props == NULL)
			return GFS_ERR_NOMEM;
		dump->props = props;
		dump->prop_capacity = capacity;
	}
	int err = gfs_catalog_get(gfs_graph_catalog(dump->graph), GFS_CATALOG_KEY, info->key, &entry);
	if (err == 0)
		dump->props[dump->prop_count++] = (struct prop){ info->key, info->mtime_ns, info->has_access, info->access,
			entry.name };
	return err;
}

static int list_props(struct dump *dump, struct gfs_entity entity)
{
	struct gfs_prop_info infos[LIST_STEP];
	size_t count = LIST_STEP;
	dump->prop_count = 0;
	for (unsigned from = 0; count == LIST_STEP && from <= GFS_NAME_ID_MAX; from = infos[count - 1].key + 1u) {
		int err = gfs_prop_list(dump->graph, entity, (uint16_t)from, infos, LIST_STEP, &count);
		for (size_t i = 0; err == 0 && i < count; i++)
			err = add_prop(dump, &infos[i]);
		if (err != 0)
			return err;
		if (count == 0)
			break;
	}
	if (dump->prop_count > 1)
		qsort(dump->props, dump->prop_count, sizeof *dump->props, by_prop_name);
	return 0;
}

static int put_values(struct dump *dump, struct gfs_entity entity)
{
	gfs_buf_append_text(&dump->out, ",\"properties\":{");
	for (size_t i = 0; i < dump->prop_count; i++) {
		struct gfs_value value;
		if (i != 0)
			gfs_buf_append_u8(&dump->out, ',');
		gfs_json_string(dump->props[i].name, &dump->out);
		gfs_buf_append_u8(&dump->out, ':');
		int err = gfs_prop_get(dump->graph, entity, dump->props[i].key, &dump->arena, &value);
		if (err == 0)
			err = gfs_value_json(&value, false, &dump->out);
		gfs_arena_clear(&dump->arena);
		if (err != 0)
			return err;
	}
	gfs_buf_append_u8(&dump->out, '}');
	return 0;
}

static void put_mtimes(struct dump *dump, uint64_t owner_mtime_ns)
{
	bool any = false;
	for (size_t i = 0; i < dump->prop_count; i++) {
		const struct prop *prop = &dump->props[i];
		if (prop->mtime_ns == owner_mtime_ns)
			continue;
		gfs_buf_append_text(&dump->out, any ? "," : ",\"mtimes\":{");
		any = true;
		gfs_json_string(prop->name, &dump->out);
		const char *quote = prop->mtime_ns > INT64_MAX ? "\"" : "";
		gfs_buf_printf(&dump->out, ":%s%llu%s", quote, (unsigned long long)prop->mtime_ns, quote);
	}
	if (any)
		gfs_buf_append_u8(&dump->out, '}');
}

static void put_access(struct dump *dump)
{
	bool any = false;
	for (size_t i = 0; i < dump->prop_count; i++) {
		const struct prop *prop = &dump->props[i];
		if (!prop->has_access)
			continue;
		gfs_buf_append_text(&dump->out, any ? "," : ",\"access\":{");
		any = true;
		gfs_json_string(prop->name, &dump->out);
		gfs_buf_printf(&dump->out, ":[%u,%u,%u]", prop->access.mode, prop->access.uid, prop->access.gid);
	}
	if (any)
		gfs_buf_append_u8(&dump->out, '}');
}

static int put_properties(struct dump *dump, struct gfs_entity entity, uint64_t owner_mtime_ns)
{
	int err = list_props(dump, entity);
	if (err == 0)
		err = put_values(dump, entity);
	if (err == 0) {
		put_mtimes(dump, owner_mtime_ns);
		put_access(dump);
	}
	return err;
}

/* Something that must be there is not: that must not pass for the last node or relationship. */
static int not_the_end(int err)
{
	return err == GFS_ERR_NOTFOUND ? GFS_ERR_CORRUPT : err;
}

/* ---- nodes ---- */

static int put_labels(struct dump *dump, uint64_t id)
{
	uint16_t labels[GFS_LABELS_PER_NODE_MAX];
	size_t count;
	int err = gfs_node_labels(dump->graph, id, labels, GFS_LABELS_PER_NODE_MAX, &count);
	dump->name_count = 0;
	for (size_t i = 0; err == 0 && i < count; i++)
		err = add_name(dump, GFS_CATALOG_LABEL, labels[i]);
	if (err != 0)
		return err;
	gfs_buf_append_text(&dump->out, ",\"labels\":");
	put_names(dump);
	return 0;
}

/* The types whose folder was made by mkdir. */
static int list_made(struct dump *dump, uint64_t id, enum gfs_direction dir)
{
	struct gfs_adj_type types[LIST_STEP];
	size_t count = LIST_STEP;
	dump->name_count = 0;
	for (unsigned from = 0; count == LIST_STEP && from <= GFS_NAME_ID_MAX; from = types[count - 1].type + 1u) {
		int err = gfs_rels_types(dump->graph, id, dir, (uint16_t)from, types, LIST_STEP, &count);
		for (size_t i = 0; err == 0 && i < count; i++) {
			if (types[i].made)
				err = add_name(dump, GFS_CATALOG_TYPE, types[i].type);
		}
		if (err != 0)
			return err;
		if (count == 0)
			break;
	}
	return 0;
}

static int put_folders(struct dump *dump, uint64_t id)
{
	bool any = false;
	for (int dir = GFS_OUT; dir <= GFS_IN; dir++) {
		int err = list_made(dump, id, (enum gfs_direction)dir);
		if (err != 0)
			return err;
		if (dump->name_count == 0)
			continue;
		gfs_buf_append_text(&dump->out, any ? "," : ",\"folders\":{");
		any = true;
		gfs_buf_append_text(&dump->out, dir == GFS_OUT ? "\"out\":" : "\"in\":");
		put_names(dump);
	}
	if (any)
		gfs_buf_append_u8(&dump->out, '}');
	return 0;
}

static int put_key(struct dump *dump, uint64_t id)
{
	GFS_AUTO_BUF key = GFS_BUF_INIT;
	int err = gfs_node_key(dump->graph, id, &key);
	if (err == GFS_ERR_NODATA)
		return 0;
	if (err != 0)
		return err;
	gfs_buf_append_text(&dump->out, ",\"key\":");
	gfs_json_string(gfs_buf_slice(&key), &dump->out);
	return 0;
}

static int put_node(struct dump *dump, uint64_t id, const struct gfs_node_record *node)
{
	uint64_t number;
	int err = gfs_ranks_add(&dump->numbers, id, &number);
	if (err != 0)
		return err;
	gfs_buf_printf(&dump->out, "{\"node\":%llu", (unsigned long long)number);
	err = put_key(dump, id);
	if (err == 0)
		err = put_labels(dump, id);
	if (err != 0)
		return err;
	gfs_buf_printf(&dump->out, ",\"mode\":%u,\"uid\":%u,\"gid\":%u", node->mode, node->uid, node->gid);
	put_time(dump, "mtime", node->mtime_ns);
	put_time(dump, "ctime", node->ctime_ns);
	put_time(dump, "btime", node->btime_ns);
	err = put_properties(dump, (struct gfs_entity){ GFS_NODE, id }, node->mtime_ns);
	if (err == 0)
		err = put_folders(dump, id);
	gfs_buf_append_text(&dump->out, "}\n");
	return err;
}

/* Some nodes from *from on; GFS_ERR_NOTFOUND after the last. */
static int put_some_nodes(struct dump *dump, uint64_t *from)
{
	int err = 0;
	gfs_graph_read_begin(dump->graph);
	for (int i = 0; err == 0 && i < SLICE_ITEMS && dump->out.size < FLUSH_BYTES; i++) {
		struct gfs_node_record node;
		uint64_t id;
		err = gfs_node_next(dump->graph, *from, &id, &node);
		if (err != 0)
			break;
		err = not_the_end(put_node(dump, id, &node));
		*from = id + 1;
	}
	gfs_graph_read_end(dump->graph);
	return err;
}

/* ---- relationships ---- */

/* One whose ends were not dumped was made since then: it is left out. */
static int put_rel(struct dump *dump, uint64_t id, const struct gfs_rel_record *rel)
{
	struct gfs_catalog_entry type;
	uint64_t start, end;
	if (!gfs_ranks_find(&dump->numbers, rel->start, &start) || !gfs_ranks_find(&dump->numbers, rel->end, &end))
		return 0;
	int err = gfs_catalog_get(gfs_graph_catalog(dump->graph), GFS_CATALOG_TYPE, rel->type, &type);
	if (err != 0)
		return err;
	gfs_buf_printf(&dump->out, "{\"rel\":%llu,\"type\":", (unsigned long long)++dump->rel_number);
	gfs_json_string(type.name, &dump->out);
	gfs_buf_printf(&dump->out, ",\"start\":%llu,\"end\":%llu", (unsigned long long)start, (unsigned long long)end);
	put_time(dump, "mtime", rel->mtime_ns);
	err = put_properties(dump, (struct gfs_entity){ GFS_REL, id }, rel->mtime_ns);
	gfs_buf_append_text(&dump->out, "}\n");
	return err;
}

static int put_some_rels(struct dump *dump, uint64_t *from)
{
	int err = 0;
	gfs_graph_read_begin(dump->graph);
	for (int i = 0; err == 0 && i < SLICE_ITEMS && dump->out.size < FLUSH_BYTES; i++) {
		struct gfs_rel_record rel;
		uint64_t id;
		err = gfs_rel_record_next(gfs_graph_store(dump->graph), *from, &id, &rel);
		if (err != 0)
			break;
		err = not_the_end(put_rel(dump, id, &rel));
		*from = id + 1;
	}
	gfs_graph_read_end(dump->graph);
	return err;
}

static int put_all(struct dump *dump, int (*put_some)(struct dump *dump, uint64_t *from))
{
	int err = 0;
	for (uint64_t from = 1; err == 0;) {
		err = put_some(dump, &from);
		if (err == 0 && dump->out.size >= FLUSH_BYTES)
			err = flush(dump);
	}
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

/* ---- the head ---- */

static int put_made_names(struct dump *dump, enum gfs_catalog_kind kind, const char *member)
{
	struct gfs_catalog_entry entry;
	int err = 0;
	dump->name_count = 0;
	for (unsigned from = 1; from <= GFS_NAME_ID_MAX; from = entry.id + 1u) {
		err = gfs_catalog_next(gfs_graph_catalog(dump->graph), kind, (uint16_t)from, &entry);
		if (err == 0 && entry.made)
			err = add_name(dump, kind, entry.id);
		if (err != 0)
			break;
	}
	sort_names(dump);
	for (size_t i = 0; i < dump->name_count; i++) {
		gfs_buf_printf(&dump->out, "{\"%s\":", member);
		gfs_json_string(dump->names[i], &dump->out);
		gfs_buf_append_text(&dump->out, "}\n");
	}
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

/* ---- indexes ---- */

static int by_index_name(const void *a, const void *b)
{
	return compare_slices(((const struct gfs_index_info *)a)->name, ((const struct gfs_index_info *)b)->name);
}

static int put_index(struct dump *dump, const struct gfs_index_info *info)
{
	struct gfs_catalog_entry label, key;
	int err = gfs_catalog_get(gfs_graph_catalog(dump->graph), GFS_CATALOG_LABEL, info->label, &label);
	if (err == 0)
		err = gfs_catalog_get(gfs_graph_catalog(dump->graph), GFS_CATALOG_KEY, info->key, &key);
	if (err != 0)
		return err;
	gfs_buf_append_text(&dump->out, "{\"index\":");
	gfs_json_string(info->name, &dump->out);
	gfs_buf_append_text(&dump->out, ",\"label\":");
	gfs_json_string(label.name, &dump->out);
	gfs_buf_append_text(&dump->out, ",\"property\":");
	gfs_json_string(key.name, &dump->out);
	gfs_buf_append_text(&dump->out, info->unique ? ",\"unique\":true" : "");
	gfs_buf_append_text(&dump->out, info->required ? ",\"required\":true}\n" : "}\n");
	return 0;
}

/* Indexes, or what a property is required by. One that failed is not data. */
static size_t collect_indexes(struct dump *dump, bool required, struct gfs_index_info *infos)
{
	size_t count = 0;
	unsigned from = 1;
	while (count < GFS_PROP_INDEX_MAX &&
		(required ? gfs_constraint_next(dump->graph, from, &infos[count])
				  : gfs_index_next(dump->graph, from, &infos[count])) == 0) {
		from = infos[count].id + 1u;
		count += infos[count].state != GFS_PROP_FAILED && infos[count].required == required;
	}
	return count;
}

/* By name, constraints too. */
static int put_indexes(struct dump *dump)
{
	int err = 0;
	struct gfs_index_info *infos = calloc(2 * GFS_PROP_INDEX_MAX, sizeof *infos);
	if (infos == NULL)
		return GFS_ERR_NOMEM;
	size_t count = collect_indexes(dump, false, infos);
	count += collect_indexes(dump, true, infos + count);
	if (count > 1)
		qsort(infos, count, sizeof *infos, by_index_name);
	for (size_t i = 0; err == 0 && i < count; i++)
		err = put_index(dump, &infos[i]);
	free(infos);
	return err;
}

/* ---- saved queries ---- */

static int by_query_name(const void *a, const void *b)
{
	return compare_slices(gfs_saved_query_name(a), gfs_saved_query_name(b));
}

/* A text that is no UTF-8 is written as properties of such bytes are. */
static int put_query(struct dump *dump, const struct gfs_saved_query *query)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	int err = gfs_saved_query_text(dump->graph, query->number, &text);
	if (err != 0)
		return err;
	struct gfs_value value = { .type = gfs_utf8_valid(text.data, text.size) ? GFS_TYPE_STRING : GFS_TYPE_BYTES,
		.bytes = gfs_buf_slice(&text) };
	gfs_buf_append_text(&dump->out, "{\"query\":");
	gfs_json_string(gfs_saved_query_name(query), &dump->out);
	gfs_buf_append_text(&dump->out, ",\"text\":");
	err = gfs_value_json(&value, true, &dump->out);
	gfs_buf_append_text(&dump->out, "}\n");
	return err;
}

/* By name. */
static int put_queries(struct dump *dump)
{
	size_t count = 0;
	int err = 0;
	struct gfs_saved_query *queries = calloc(GFS_SAVED_QUERIES_MAX, sizeof *queries);
	if (queries == NULL)
		return GFS_ERR_NOMEM;
	for (unsigned from = 1; err == 0 && count < GFS_SAVED_QUERIES_MAX;) {
		err = gfs_saved_query_next(dump->graph, from, &queries[count]);
		if (err == 0)
			from = queries[count++].number + 1u;
	}
	err = err == GFS_ERR_NOTFOUND ? 0 : err;
	if (count > 1)
		qsort(queries, count, sizeof *queries, by_query_name);
	for (size_t i = 0; err == 0 && i < count; i++)
		err = put_query(dump, &queries[i]);
	free(queries);
	return err;
}

static int put_head(struct dump *dump)
{
	gfs_buf_append_text(&dump->out, "{\"graphfs\":1,\"key_property\":");
	gfs_graph_read_begin(dump->graph);
	gfs_json_string(gfs_graph_key_property(dump->graph), &dump->out);
	gfs_buf_append_text(&dump->out, "}\n");
	int err = put_made_names(dump, GFS_CATALOG_LABEL, "label");
	if (err == 0)
		err = put_made_names(dump, GFS_CATALOG_TYPE, "type");
	if (err == 0)
		err = put_indexes(dump);
	if (err == 0)
		err = put_queries(dump);
	gfs_graph_read_end(dump->graph);
	return err;
}

int gfs_dump(struct gfs_graph *graph, int (*write)(void *context, struct gfs_slice bytes), void *context)
{
	struct dump dump = { .graph = graph, .write = write, .context = context };
	int err = put_head(&dump);
	if (err == 0)
		err = put_all(&dump, put_some_nodes);
	if (err == 0)
		err = put_all(&dump, put_some_rels);
	if (err == 0)
		err = flush(&dump);
	gfs_buf_release(&dump.out);
	gfs_arena_release(&dump.arena);
	gfs_ranks_release(&dump.numbers);
	free(dump.props);
	free(dump.names);
	return err;
}
