/* Functions of nodes, relationships and paths. What the statement has deleted is an error to look into, save for id() and type(). */
#include "base/checked.h"
#include "graph/graph.h"
#include "query/datum_value.h"
#include "query/function_private.h"

#include <assert.h>

#define ARGS const struct gfs_function_env *env, const struct gfs_datum *args, size_t count, struct gfs_datum *ret_value

static int fail_graph(const struct gfs_function_env *env, int err)
{
	if (err == GFS_ERR_NOTFOUND)
		return gfs_fail_runtime(
			env, ENTITY_NOT_FOUND, "DeletedEntityAccess", "a node or relationship that was deleted is looked into");
	return gfs_query_fail_store(env->error, err);
}

static int want(const struct gfs_function_env *env, const char *function, enum gfs_datum_type type, struct gfs_datum d)
{
	return d.type == type ? 0 : gfs_fail_argument_type(env, function, d);
}

static struct gfs_entity entity_of(struct gfs_datum d)
{
	assert(d.type == GFS_DATUM_NODE || d.type == GFS_DATUM_REL);
	return (struct gfs_entity){ .kind = d.type == GFS_DATUM_NODE ? GFS_NODE : GFS_REL, .id = d.id };
}

static bool is_entity(struct gfs_datum d)
{
	return d.type == GFS_DATUM_NODE || d.type == GFS_DATUM_REL;
}

/* The name behind an id, copied to the arena. */
static int name_of(
	const struct gfs_function_env *env, enum gfs_catalog_kind kind, uint16_t id, struct gfs_slice *ret_name)
{
	struct gfs_catalog_entry entry;
	int err = gfs_catalog_get(gfs_graph_catalog(env->graph), kind, id, &entry);
	if (err != 0)
		return gfs_query_fail_store(env->error, err);
	*ret_name = gfs_arena_copy(env->arena, entry.name);
	return ret_name->data == NULL ? gfs_fail_nomem(env) : 0;
}

/* ---- id, elementId, key ---- */

static int call_id(ARGS)
{
	(void)count;
	if (!is_entity(args[0]))
		return gfs_fail_argument_type(env, "id", args[0]);
	*ret_value = gfs_datum_integer((int64_t)args[0].id);
	return 0;
}

static int call_element_id(ARGS)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	(void)count;
	if (!is_entity(args[0]))
		return gfs_fail_argument_type(env, "elementId", args[0]);
	gfs_buf_printf(&text, "%s:%llu", args[0].type == GFS_DATUM_NODE ? "n" : "r", (unsigned long long)args[0].id);
	return gfs_function_buf(env, &text, ret_value);
}

static int call_key(ARGS)
{
	GFS_AUTO_BUF key = GFS_BUF_INIT;
	(void)count;
	int err = want(env, "key", GFS_DATUM_NODE, args[0]);
	if (err != 0)
		return err;
	err = gfs_node_key(env->graph, args[0].id, &key);
	if (err == GFS_ERR_NODATA) {
		*ret_value = gfs_datum_null();
		return 0;
	}
	return err != 0 ? fail_graph(env, err) : gfs_function_buf(env, &key, ret_value);
}

/* ---- labels, type, ends ---- */

static int call_labels(ARGS)
{
	uint16_t ids[GFS_LABELS_PER_NODE_MAX];
	size_t total = 0;
	(void)count;
	int err = want(env, "labels", GFS_DATUM_NODE, args[0]);
	if (err != 0)
		return err;
	err = gfs_node_labels(env->graph, args[0].id, ids, GFS_COUNT(ids), &total);
	if (err != 0)
		return fail_graph(env, err);
	total = GFS_MIN(total, GFS_COUNT(ids));
	struct gfs_datum *items = gfs_function_alloc(env, total * sizeof *items);
	if (items == NULL)
		return env->error->err;
	for (size_t i = 0; i < total; i++) {
		struct gfs_slice name;
		if ((err = name_of(env, GFS_CATALOG_LABEL, ids[i], &name)) != 0)
			return err;
		items[i] = gfs_datum_string(name);
	}
	return gfs_function_list(env, items, total, ret_value);
}

static int relationship(
	const struct gfs_function_env *env, const char *function, struct gfs_datum d, struct gfs_rel_record *ret_record)
{
	int err = want(env, function, GFS_DATUM_REL, d);
	if (err != 0)
		return err;
	err = gfs_rel_get(env->graph, d.id, ret_record);
	if (err == GFS_ERR_NOTFOUND && env->deleted_rel != NULL && env->deleted_rel(env->context, d.id, ret_record))
		return 0;
	return err != 0 ? fail_graph(env, err) : 0;
}

static int call_type(ARGS)
{
	struct gfs_rel_record record;
	struct gfs_slice name;
	(void)count;
	int err = relationship(env, "type", args[0], &record);
	if (err == 0)
		err = name_of(env, GFS_CATALOG_TYPE, record.type, &name);
	if (err == 0)
		*ret_value = gfs_datum_string(name);
	return err;
}

static int call_start_node(ARGS)
{
	struct gfs_rel_record record;
	(void)count;
	int err = relationship(env, "startNode", args[0], &record);
	if (err == 0)
		*ret_value = gfs_datum_node(record.start);
	return err;
}

static int call_end_node(ARGS)
{
	struct gfs_rel_record record;
	(void)count;
	int err = relationship(env, "endNode", args[0], &record);
	if (err == 0)
		*ret_value = gfs_datum_node(record.end);
	return err;
}

/* ---- keys, properties ---- */

/* The entity's properties in order of id, in the arena. */
static int list_properties(
	const struct gfs_function_env *env, struct gfs_entity entity, struct gfs_prop_info **ret_infos, size_t *ret_count)
{
	enum { AT_ONCE = 64 };
	struct gfs_prop_info few[AT_ONCE];
	GFS_AUTO_BUF all = GFS_BUF_INIT;
	uint16_t from = 0;
	size_t got;
	do {
		int err = gfs_prop_list(env->graph, entity, from, few, AT_ONCE, &got);
		if (err != 0)
			return fail_graph(env, err);
		got = GFS_MIN(got, (size_t)AT_ONCE);
		gfs_buf_append(&all, few, got * sizeof few[0]);
		from = got == 0 ? 0 : (uint16_t)(few[got - 1].key + 1);
	} while (got == AT_ONCE && from != 0);
	*ret_infos = gfs_function_alloc(env, all.size);
	if (gfs_buf_failed(&all) != 0)
		return gfs_fail_nomem(env);
	if (*ret_infos == NULL)
		return env->error->err;
	if (all.size != 0)
		memcpy(*ret_infos, all.data, all.size);
	*ret_count = all.size / sizeof few[0];
	return 0;
}

static int map_keys(const struct gfs_function_env *env, struct gfs_datum map, struct gfs_datum *ret_value)
{
	struct gfs_datum *items = gfs_function_alloc(env, map.size * sizeof *items);
	if (items == NULL)
		return env->error->err;
	for (uint32_t i = 0; i < map.size; i++)
		items[i] = gfs_datum_string(map.entries[i].key);
	return gfs_function_list(env, items, map.size, ret_value);
}

static int call_keys(ARGS)
{
	struct gfs_prop_info *infos = NULL;
	size_t total = 0;
	(void)count;
	if (args[0].type == GFS_DATUM_MAP)
		return map_keys(env, args[0], ret_value);
	if (!is_entity(args[0]))
		return gfs_fail_argument_type(env, "keys", args[0]);
	int err = list_properties(env, entity_of(args[0]), &infos, &total);
	if (err != 0)
		return err;
	struct gfs_datum *items = gfs_function_alloc(env, total * sizeof *items);
	if (items == NULL)
		return env->error->err;
	for (size_t i = 0; i < total; i++) {
		struct gfs_slice name;
		if ((err = name_of(env, GFS_CATALOG_KEY, infos[i].key, &name)) != 0)
			return err;
		items[i] = gfs_datum_string(name);
	}
	return gfs_function_list(env, items, total, ret_value);
}

static int read_property(
	const struct gfs_function_env *env, struct gfs_entity entity, uint16_t key, struct gfs_datum *ret_value)
{
	struct gfs_value value;
	int err = gfs_prop_get(env->graph, entity, key, env->arena, &value);
	if (err == 0)
		err = gfs_datum_from_value(&value, env->arena, ret_value);
	return err != 0 ? fail_graph(env, err) : 0;
}

int gfs_function_properties(const struct gfs_function_env *env, struct gfs_datum entity, struct gfs_datum *ret_value)
{
	struct gfs_prop_info *infos = NULL;
	size_t total = 0;
	int err = list_properties(env, entity_of(entity), &infos, &total);
	if (err != 0)
		return err;
	struct gfs_datum_entry *entries = gfs_function_alloc(env, total * sizeof *entries);
	if (entries == NULL)
		return env->error->err;
	for (size_t i = 0; err == 0 && i < total; i++) {
		err = name_of(env, GFS_CATALOG_KEY, infos[i].key, &entries[i].key);
		if (err == 0)
			err = read_property(env, entity_of(entity), infos[i].key, &entries[i].value);
	}
	return err != 0 ? err : gfs_function_map(env, entries, total, ret_value);
}

static int call_properties(ARGS)
{
	(void)count;
	if (args[0].type == GFS_DATUM_MAP) {
		*ret_value = args[0];
		return 0;
	}
	if (!is_entity(args[0]))
		return gfs_fail_argument_type(env, "properties", args[0]);
	return gfs_function_properties(env, args[0], ret_value);
}

/* ---- paths ---- */

static int entity_list(const struct gfs_function_env *env, const uint64_t *ids, size_t count,
	struct gfs_datum (*make)(uint64_t id), struct gfs_datum *ret_value)
{
	struct gfs_datum *items = gfs_function_alloc(env, count * sizeof *items);
	if (items == NULL)
		return env->error->err;
	for (size_t i = 0; i < count; i++)
		items[i] = make(ids[i]);
	return gfs_function_list(env, items, count, ret_value);
}

static int call_nodes(ARGS)
{
	(void)count;
	int err = want(env, "nodes", GFS_DATUM_PATH, args[0]);
	if (err != 0)
		return err;
	const struct gfs_datum_path *path = args[0].path;
	return entity_list(env, path->nodes, (size_t)path->length + 1, gfs_datum_node, ret_value);
}

static int call_relationships(ARGS)
{
	(void)count;
	int err = want(env, "relationships", GFS_DATUM_PATH, args[0]);
	if (err != 0)
		return err;
	return entity_list(env, args[0].path->rels, args[0].path->length, gfs_datum_rel, ret_value);
}

static int call_length(ARGS)
{
	(void)count;
	int err = want(env, "length", GFS_DATUM_PATH, args[0]);
	if (err == 0)
		*ret_value = gfs_datum_integer(args[0].path->length);
	return err;
}

static const struct gfs_function functions[] = {
	{ "id", call_id, 1, 1, 0, GFS_DATUM_INTEGER },
	{ "elementId", call_element_id, 1, 1, 0, GFS_DATUM_STRING },
	{ "key", call_key, 1, 1, GFS_FUNCTION_GRAPH, GFS_DATUM_STRING },
	{ "labels", call_labels, 1, 1, GFS_FUNCTION_GRAPH, GFS_DATUM_LIST },
	{ "type", call_type, 1, 1, GFS_FUNCTION_GRAPH, GFS_DATUM_STRING },
	{ "startNode", call_start_node, 1, 1, GFS_FUNCTION_GRAPH, GFS_DATUM_NODE },
	{ "endNode", call_end_node, 1, 1, GFS_FUNCTION_GRAPH, GFS_DATUM_NODE },
	{ "keys", call_keys, 1, 1, GFS_FUNCTION_GRAPH, GFS_DATUM_LIST },
	{ "properties", call_properties, 1, 1, GFS_FUNCTION_GRAPH, GFS_DATUM_MAP },
	{ "nodes", call_nodes, 1, 1, 0, GFS_DATUM_LIST },
	{ "relationships", call_relationships, 1, 1, 0, GFS_DATUM_LIST },
	{ "rels", call_relationships, 1, 1, 0, GFS_DATUM_LIST },
	{ "length", call_length, 1, 1, 0, GFS_DATUM_INTEGER },
};

const struct gfs_function_table gfs_functions_graph = { functions, GFS_COUNT(functions) };
