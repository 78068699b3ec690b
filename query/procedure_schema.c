/* db.schema.*: what nodes with the same labels, and relationships of a type, have in common. The whole graph is walked, with the lock given to others now and
 * then; what is kept grows with the number of different label sets, types and keys only. */
#include "query/engine.h"
#include "query/procedure_private.h"

#include "base/buf.h"
#include "base/checked.h"
#include "base/limits.h"
#include "base/map.h"
#include "query/limits.h"

#include <assert.h>
#include <stdio.h>

enum { PROPS_AT_ONCE = 16, RELS_AT_ONCE = 256 };

/* Bits 1 << enum gfs_type of plain values, and 1 << (ARRAY + the items' type) of lists of one type; others are 1 << GFS_TYPE_LIST. */
enum { ARRAY = 16 };
static_assert((int)GFS_TYPE_COUNT <= (int)ARRAY, "the types of values and of lists share 32 bits");

struct key_use {
	uint16_t key;
	uint32_t types;
	uint64_t count; /* entities that have it */
};

/* Nodes with the same labels, or relationships of a type. */
struct group {
	const uint16_t *labels; /* ascending; of relationships: the type */
	size_t label_count;
	uint64_t count;
	struct key_use *keys; /* in order of first appearance */
	uint32_t key_count, key_capacity;
};

struct survey {
	const struct gfs_procedure_env *env;
	struct gfs_strmap by_labels; /* the ids' bytes -> index of the group */
	struct group *groups;
	uint32_t count, capacity;
	struct gfs_arena scratch; /* of one value */
};

static void survey_release(struct survey *survey)
{
	gfs_strmap_release(&survey->by_labels);
	gfs_arena_release(&survey->scratch);
}

static int fail(const struct survey *survey, int err)
{
	return gfs_query_fail_store(survey->env->error, err);
}

/* `items` with room for one more. */
static void *grown(struct survey *survey, void *items, uint32_t count, uint32_t *capacity, size_t size)
{
	if (count < *capacity)
		return items;
	uint32_t larger = GFS_MAX(*capacity * 2, 8u);
	void *memory = gfs_arena_alloc(survey->env->arena, larger * size);
	if (memory == NULL)
		return NULL;
	if (count != 0)
		memcpy(memory, items, count * size);
	*capacity = larger;
	return memory;
}

/* ---- groups ---- */

static int add_group(struct survey *survey, struct gfs_slice name, uint32_t *ret_at)
{
	struct group *groups = grown(survey, survey->groups, survey->count, &survey->capacity, sizeof *groups);
	uint16_t *labels = gfs_arena_alloc(survey->env->arena, name.size);
	if (groups == NULL || labels == NULL || gfs_strmap_set(&survey->by_labels, name, survey->count, NULL) != 0)
		return fail(survey, GFS_ERR_NOMEM);
	if (name.size != 0)
		memcpy(labels, name.data, name.size);
	survey->groups = groups;
	groups[survey->count] = (struct group){ .labels = labels, .label_count = name.size / sizeof *labels };
	*ret_at = survey->count++;
	return 0;
}

static int group_of(struct survey *survey, const uint16_t *labels, size_t count, uint32_t *ret_at)
{
	struct gfs_slice name = gfs_slice(labels, count * sizeof *labels);
	uint64_t at;
	if (!gfs_strmap_get(&survey->by_labels, name, &at))
		return add_group(survey, name, ret_at);
	*ret_at = (uint32_t)at;
	return 0;
}

static int note_key(struct survey *survey, struct group *group, uint16_t key, uint32_t types)
{
	uint32_t i = 0;
	while (i < group->key_count && group->keys[i].key != key)
		i++;
	if (i == group->key_count) {
		group->keys = grown(survey, group->keys, group->key_count, &group->key_capacity, sizeof *group->keys);
		if (group->keys == NULL)
			return fail(survey, GFS_ERR_NOMEM);
		group->keys[group->key_count++] = (struct key_use){ .key = key };
	}
	group->keys[i].types |= types;
	group->keys[i].count++;
	return 0;
}

/* ---- values ---- */

static uint32_t list_type(const struct gfs_value *list)
{
	const struct gfs_value *items = list->list.items;
	for (size_t i = 1; i < list->list.count; i++)
		if (items[i].type != items[0].type)
			return UINT32_C(1) << GFS_TYPE_LIST;
	return list->list.count == 0 ? UINT32_C(1) << GFS_TYPE_LIST : UINT32_C(1) << (ARRAY + items[0].type);
}

static int types_of(
	struct survey *survey, struct gfs_entity entity, const struct gfs_prop_info *info, uint32_t *ret_types)
{
	struct gfs_value value;
	*ret_types = UINT32_C(1) << info->type;
	if (info->type != GFS_TYPE_LIST)
		return 0;
	gfs_arena_clear(&survey->scratch);
	int err = gfs_prop_get(survey->env->graph, entity, info->key, &survey->scratch, &value);
	if (err != 0)
		return fail(survey, err);
	*ret_types = list_type(&value);
	return 0;
}

static int note_entity(struct survey *survey, uint32_t at, struct gfs_entity entity)
{
	struct gfs_prop_info infos[PROPS_AT_ONCE];
	assert(survey->groups != NULL && at < survey->count);
	struct group *group = &survey->groups[at];
	size_t got = PROPS_AT_ONCE;
	group->count++;
	for (uint32_t from = 0; got == PROPS_AT_ONCE && from <= UINT16_MAX; from = infos[got - 1].key + 1u) {
		int err = gfs_prop_list(survey->env->graph, entity, (uint16_t)from, infos, PROPS_AT_ONCE, &got);
		if (err != 0)
			return fail(survey, err);
		for (size_t i = 0; err == 0 && i < got; i++) {
			uint32_t types;
			err = types_of(survey, entity, &infos[i], &types);
			if (err == 0)
				err = note_key(survey, group, infos[i].key, types);
		}
		if (err != 0 || got == 0)
			return err;
	}
	return 0;
}

/* ---- walks ---- */

typedef int (*visit_fn)(void *context, uint64_t id);

static int each_node(const struct gfs_procedure_env *env, visit_fn visit, void *context)
{
	struct gfs_node_record record;
	for (uint64_t id = 1;; id++) {
		int err = gfs_node_next(env->graph, id, &id, &record);
		if (err != 0)
			return err == GFS_ERR_NOTFOUND ? 0 : gfs_query_fail_store(env->error, err);
		if (!gfs_exec_node_gone(env->exec, id))
			err = visit(context, id);
		if (err == 0)
			err = gfs_exec_tick(env->exec);
		if (err != 0)
			return err;
	}
}

static int each_rel(const struct gfs_procedure_env *env, uint16_t type, visit_fn visit, void *context)
{
	uint64_t ids[RELS_AT_ONCE];
	size_t got = RELS_AT_ONCE;
	for (uint64_t from = 0; got == RELS_AT_ONCE; from = ids[got - 1] + 1) {
		int err = gfs_type_rels(env->graph, type, from, ids, RELS_AT_ONCE, &got);
		if (err != 0)
			return gfs_query_fail_store(env->error, err);
		for (size_t i = 0; err == 0 && i < got; i++)
			if (!gfs_exec_rel_gone(env->exec, ids[i]))
				err = visit(context, ids[i]);
		if (err == 0)
			err = gfs_exec_tick(env->exec);
		if (err != 0 || got == 0)
			return err;
	}
	return 0;
}

struct typed_visit {
	visit_fn visit;
	void *context;
	uint16_t *type; /* of what is visited */
};

static int each_rel_of_all(const struct gfs_procedure_env *env, const struct typed_visit *visit)
{
	struct gfs_catalog_entry entry;
	int err = 0;
	for (uint32_t from = 0; err == 0 && from <= UINT16_MAX; from = *visit->type + 1u) {
		if (gfs_catalog_next(gfs_graph_catalog(env->graph), GFS_CATALOG_TYPE, (uint16_t)from, &entry) != 0)
			return 0;
		*visit->type = entry.id;
		if (entry.count != 0)
			err = each_rel(env, entry.id, visit->visit, visit->context);
	}
	return err;
}

/* ---- db.schema.nodeTypeProperties, db.schema.relTypeProperties ---- */

static int survey_node(void *context, uint64_t id)
{
	struct survey *survey = context;
	uint16_t labels[GFS_LABELS_PER_NODE_MAX];
	size_t count;
	uint32_t at = 0;
	int err = gfs_node_labels(survey->env->graph, id, labels, GFS_LABELS_PER_NODE_MAX, &count);
	if (err != 0)
		return fail(survey, err);
	err = group_of(survey, labels, count, &at);
	return err != 0 ? err : note_entity(survey, at, (struct gfs_entity){ GFS_NODE, id });
}

struct rel_survey {
	struct survey survey;
	uint16_t type;
};

static int survey_rel(void *context, uint64_t id)
{
	struct rel_survey *rels = context;
	uint32_t at = 0;
	int err = group_of(&rels->survey, &rels->type, 1, &at);
	return err != 0 ? err : note_entity(&rels->survey, at, (struct gfs_entity){ GFS_REL, id });
}

static struct gfs_datum name_of(
	struct gfs_procedure_list *rows, struct gfs_graph *graph, enum gfs_catalog_kind kind, uint16_t id)
{
	struct gfs_catalog_entry entry;
	if (gfs_catalog_get(gfs_graph_catalog(graph), kind, id, &entry) != 0)
		return gfs_datum_null();
	return gfs_procedure_text(rows, entry.name);
}

/* `items` NULL: memory failed. */
static struct gfs_datum list_of(struct gfs_procedure_list *rows, const struct gfs_datum *items, size_t count)
{
	rows->failed = rows->failed || items == NULL;
	return items == NULL ? gfs_datum_null() : gfs_datum_list(items, count);
}

/* "Long", "StringArray": the names that Neo4j gives them. */
static struct gfs_datum type_names(struct gfs_procedure_list *rows, uint32_t types)
{
	static const char *const names[GFS_TYPE_COUNT] = { [GFS_TYPE_BOOLEAN] = "Boolean",
		[GFS_TYPE_INTEGER] = "Long",
		[GFS_TYPE_FLOAT] = "Double",
		[GFS_TYPE_STRING] = "String",
		[GFS_TYPE_BYTES] = "ByteArray",
		[GFS_TYPE_LIST] = "List",
		[GFS_TYPE_DATE] = "Date",
		[GFS_TYPE_LOCALTIME] = "LocalTime",
		[GFS_TYPE_TIME] = "Time",
		[GFS_TYPE_LOCALDATETIME] = "LocalDateTime",
		[GFS_TYPE_DATETIME] = "DateTime",
		[GFS_TYPE_DURATION] = "Duration",
		[GFS_TYPE_POINT] = "Point" };
	struct gfs_datum *items = gfs_arena_alloc(rows->arena, 2 * (size_t)GFS_TYPE_COUNT * sizeof *items);
	size_t count = 0;
	for (uint32_t bit = 0; items != NULL && bit < 2 * ARRAY; bit++) {
		if ((types >> bit & 1) == 0)
			continue;
		assert(names[bit % ARRAY] != NULL);
		char name[32];
		int size = snprintf(name, sizeof name, "%s%s", names[bit % ARRAY], bit < ARRAY ? "" : "Array");
		items[count++] = gfs_procedure_text(rows, gfs_slice(name, (size_t)size));
	}
	return list_of(rows, items, count);
}

/* ":`A`:`B`" */
static struct gfs_datum type_text(struct gfs_procedure_list *rows, const struct gfs_datum *names, size_t count)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	for (size_t i = 0; i < count; i++) {
		gfs_buf_append_text(&text, ":");
		gfs_procedure_append_quoted(&text, gfs_datum_text(names[i]));
	}
	rows->failed = rows->failed || gfs_buf_failed(&text) != 0;
	return gfs_procedure_text(rows, gfs_buf_slice(&text));
}

/* A row for each key, or one with null. */
static void add_group_rows(
	struct gfs_procedure_list *rows, struct gfs_graph *graph, const struct group *group, enum gfs_catalog_kind kind)
{
	struct gfs_datum *names = gfs_arena_alloc(rows->arena, group->label_count * sizeof *names), row[5];
	for (size_t i = 0; names != NULL && i < group->label_count; i++)
		names[i] = name_of(rows, graph, kind, group->labels[i]);
	struct gfs_datum labels = list_of(rows, names, group->label_count);
	if (rows->failed)
		return;
	uint32_t at = 0;
	row[at++] = type_text(rows, names, group->label_count);
	if (kind == GFS_CATALOG_LABEL)
		row[at++] = labels;
	assert(rows->columns == at + 3);
	for (uint32_t i = 0; i < group->key_count; i++) {
		row[at] = name_of(rows, graph, GFS_CATALOG_KEY, group->keys[i].key);
		row[at + 1] = type_names(rows, group->keys[i].types);
		row[at + 2] = gfs_datum_boolean(group->keys[i].count == group->count);
		gfs_procedure_add_row(rows, row);
	}
	if (group->key_count == 0) {
		row[at] = row[at + 1] = gfs_datum_null();
		row[at + 2] = gfs_datum_boolean(false);
		gfs_procedure_add_row(rows, row);
	}
}

static int finish_survey(const struct survey *survey, const struct gfs_procedure *procedure, enum gfs_catalog_kind kind,
	struct gfs_procedure_rows *ret_rows)
{
	struct gfs_procedure_list rows = { .arena = survey->env->arena, .columns = procedure->output_count };
	for (uint32_t i = 0; i < survey->count; i++)
		add_group_rows(&rows, survey->env->graph, &survey->groups[i], kind);
	return gfs_procedure_finish(&rows, survey->env, ret_rows);
}

int gfs_procedure_node_properties(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows)
{
	(void)args;
	struct survey survey = { .env = env, .by_labels = GFS_STRMAP_INIT };
	int err = each_node(env, survey_node, &survey);
	if (err == 0)
		err = finish_survey(&survey, procedure, GFS_CATALOG_LABEL, ret_rows);
	survey_release(&survey);
	return err;
}

int gfs_procedure_rel_properties(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows)
{
	(void)args;
	struct rel_survey rels = { .survey = { .env = env, .by_labels = GFS_STRMAP_INIT } };
	int err = each_rel_of_all(env, &(struct typed_visit){ survey_rel, &rels, &rels.type });
	if (err == 0)
		err = finish_survey(&rels.survey, procedure, GFS_CATALOG_TYPE, ret_rows);
	survey_release(&rels.survey);
	return err;
}

/* ---- db.schema.visualization ---- */

/* Which types lead from which labels to which. */
struct connections {
	const struct gfs_procedure_env *env;
	struct gfs_u64map seen; /* packed -> 0 */
	uint16_t type;
};

static uint64_t pack(uint16_t start, uint16_t type, uint16_t end)
{
	return (uint64_t)start << 32 | (uint64_t)type << 16 | end;
}

static int connect(void *context, uint64_t id)
{
	struct connections *connections = context;
	uint16_t starts[GFS_LABELS_PER_NODE_MAX], ends[GFS_LABELS_PER_NODE_MAX];
	size_t start_count, end_count;
	struct gfs_graph *graph = connections->env->graph;
	struct gfs_rel_record record;
	int err = gfs_rel_get(graph, id, &record);
	if (err == 0)
		err = gfs_node_labels(graph, record.start, starts, GFS_LABELS_PER_NODE_MAX, &start_count);
	if (err == 0)
		err = gfs_node_labels(graph, record.end, ends, GFS_LABELS_PER_NODE_MAX, &end_count);
	for (size_t i = 0; err == 0 && i < start_count; i++)
		for (size_t k = 0; err == 0 && k < end_count; k++)
			err = gfs_u64map_set(&connections->seen, pack(starts[i], connections->type, ends[k]), 0);
	if (err != 0)
		return gfs_query_fail_store(connections->env->error, err);
	if (connections->seen.count <= GFS_QUERY_CONNECTIONS_MAX)
		return 0;
	return gfs_query_fail(connections->env->error, GFS_QUERY_LIMIT_ERROR, GFS_QUERY_RUNTIME, "TooManyConnections",
		connections->env->pos, "more than %u different connections of labels", GFS_QUERY_CONNECTIONS_MAX);
}

/* A map of three names; the keys are in order. */
static struct gfs_datum connection(struct gfs_procedure_list *rows, struct gfs_graph *graph, uint64_t packed)
{
	struct gfs_datum_entry *entries = gfs_arena_alloc(rows->arena, 3 * sizeof *entries);
	rows->failed = rows->failed || entries == NULL;
	if (entries == NULL)
		return gfs_datum_null();
	entries[0] = (struct gfs_datum_entry){ gfs_slice_text("end"),
		name_of(rows, graph, GFS_CATALOG_LABEL, (uint16_t)packed) };
	entries[1] = (struct gfs_datum_entry){ gfs_slice_text("name"),
		name_of(rows, graph, GFS_CATALOG_TYPE, (uint16_t)(packed >> 16)) };
	entries[2] = (struct gfs_datum_entry){ gfs_slice_text("start"),
		name_of(rows, graph, GFS_CATALOG_LABEL, (uint16_t)(packed >> 32)) };
	return gfs_datum_map(entries, 3);
}

static struct gfs_datum connection_list(struct gfs_procedure_list *rows, const struct connections *connections)
{
	size_t count = 0, at = 0;
	uint64_t packed, value;
	struct gfs_datum *items = gfs_arena_alloc(rows->arena, connections->seen.count * sizeof *items);
	while (items != NULL && gfs_u64map_next(&connections->seen, &at, &packed, &value))
		items[count++] = connection(rows, connections->env->graph, packed);
	return list_of(rows, items, count);
}

/* The labels that nodes have, each with the keys of its indexes and the names of its constraints. */
static struct gfs_datum label_map(
	struct gfs_procedure_list *rows, struct gfs_graph *graph, const struct gfs_catalog_entry *label)
{
	struct gfs_procedure_list keys = { .arena = rows->arena, .columns = 1 }, names = keys;
	struct gfs_index_info info;
	for (unsigned int from = 0; gfs_index_next(graph, from, &info) == 0; from = info.id + 1u) {
		struct gfs_datum key = name_of(&keys, graph, GFS_CATALOG_KEY, info.key);
		if (info.label == label->id)
			gfs_procedure_add_row(&keys, &key);
	}
	for (unsigned int from = 0; gfs_constraint_next(graph, from, &info) == 0; from = info.id + 1u) {
		struct gfs_datum name = gfs_procedure_text(&names, info.name);
		if (info.label == label->id)
			gfs_procedure_add_row(&names, &name);
	}
	struct gfs_datum_entry *entries = gfs_arena_alloc(rows->arena, 3 * sizeof *entries);
	rows->failed = rows->failed || keys.failed || names.failed || entries == NULL;
	if (rows->failed)
		return gfs_datum_null();
	entries[0] = (struct gfs_datum_entry){ gfs_slice_text("constraints"), gfs_datum_list(names.rows, names.count) };
	entries[1] = (struct gfs_datum_entry){ gfs_slice_text("indexes"), gfs_datum_list(keys.rows, keys.count) };
	entries[2] = (struct gfs_datum_entry){ gfs_slice_text("name"), gfs_procedure_text(rows, label->name) };
	return gfs_datum_map(entries, 3);
}

static struct gfs_datum label_list(struct gfs_procedure_list *rows, struct gfs_graph *graph)
{
	struct gfs_procedure_list labels = { .arena = rows->arena, .columns = 1 };
	struct gfs_catalog_entry entry;
	for (uint32_t from = 0; from <= UINT16_MAX; from = entry.id + 1u) {
		if (gfs_catalog_next(gfs_graph_catalog(graph), GFS_CATALOG_LABEL, (uint16_t)from, &entry) != 0)
			break;
		struct gfs_datum label = entry.count == 0 ? gfs_datum_null() : label_map(rows, graph, &entry);
		if (entry.count != 0)
			gfs_procedure_add_row(&labels, &label);
	}
	rows->failed = rows->failed || labels.failed;
	return gfs_datum_list(labels.rows, labels.count);
}

int gfs_procedure_visualization(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows)
{
	(void)args;
	struct connections connections = { .env = env, .seen = GFS_U64MAP_INIT };
	struct gfs_procedure_list rows = { .arena = env->arena, .columns = procedure->output_count };
	int err = each_rel_of_all(env, &(struct typed_visit){ connect, &connections, &connections.type });
	if (err == 0) {
		struct gfs_datum row[] = { label_list(&rows, env->graph), connection_list(&rows, &connections) };
		gfs_procedure_add_row(&rows, row);
		err = gfs_procedure_finish(&rows, env, ret_rows);
	}
	gfs_u64map_release(&connections.seen);
	return err;
}
