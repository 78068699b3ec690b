#include "query/change.h"

#include "query/datum_value.h"
#include "query/expr.h"

#include <assert.h>

enum { LABELS_FEW = 16 };

/* ---- values ---- */

static int bad_property(struct gfs_exec *exec, struct gfs_datum value, const struct gfs_query_pos *pos)
{
	return gfs_query_fail(exec->error, GFS_QUERY_TYPE_ERROR, GFS_QUERY_RUNTIME, "InvalidPropertyType", pos,
		"%s cannot be kept in a property", gfs_datum_type_name((enum gfs_datum_type)value.type));
}

static int to_value(struct gfs_exec *exec, struct gfs_datum datum, const struct gfs_query_pos *pos,
	struct gfs_arena *arena, struct gfs_value *ret_value)
{
	int err = gfs_datum_to_value(datum, arena, ret_value);
	if (err == GFS_ERR_INVALID)
		return bad_property(exec, datum, pos);
	return err == 0 ? 0 : gfs_exec_store_error(exec, err);
}

static int key_id(struct gfs_exec *exec, struct gfs_slice name, uint16_t *ret_key)
{
	int err = gfs_name_make(exec->tx, GFS_CATALOG_KEY, name, ret_key);
	return err == 0 ? 0 : gfs_exec_store_error(exec, err);
}

static struct gfs_entity entity_of(struct gfs_datum datum)
{
	assert(datum.type == GFS_DATUM_NODE || datum.type == GFS_DATUM_REL);
	return (struct gfs_entity){ .kind = datum.type == GFS_DATUM_NODE ? GFS_NODE : GFS_REL, .id = datum.id };
}

/* ---- creating ---- */

struct bag { /* the properties of something new */
	struct gfs_bulk_prop *props;
	size_t count;
	struct gfs_slice key; /* of a node */
};

/* A node's key is the text of its key property, when that may be one. */
static void consider_key(struct gfs_exec *exec, const struct gfs_datum_entry *entry, struct bag *bag)
{
	if (entry->value.type != GFS_DATUM_STRING || !gfs_slice_equal(entry->key, gfs_graph_key_property(exec->graph)))
		return;
	struct gfs_slice key = gfs_datum_text(entry->value);
	if (gfs_name_check(key, GFS_KEY_BYTES_MAX) == 0)
		bag->key = key;
}

static int add_to_bag(struct gfs_exec *exec, const struct gfs_plan_entity *entity, const struct gfs_datum_entry *entry,
	struct gfs_arena *arena, struct bag *bag)
{
	struct gfs_value *value = gfs_arena_alloc(arena, sizeof *value);
	if (value == NULL)
		return gfs_exec_nomem(exec);
	if (gfs_datum_is_null(entry->value))
		return 0;
	int err = to_value(exec, entry->value, &entity->pos, arena, value);
	if (err == 0)
		err = key_id(exec, entry->key, &bag->props[bag->count].key);
	if (err != 0)
		return err;
	if (!entity->is_rel)
		consider_key(exec, entry, bag);
	bag->props[bag->count++].value = value;
	return 0;
}

static int fill_bag(struct gfs_exec *exec, const struct gfs_plan_entity *entity, const struct gfs_batch *batch,
	uint32_t row, struct gfs_arena *arena, struct bag *bag)
{
	struct gfs_datum map;
	*bag = (struct bag){ 0 };
	if (entity->properties.expr == NULL)
		return 0;
	int err = gfs_expr_eval_row(exec, entity->properties.code, batch, row, arena, &map);
	if (err != 0 || gfs_datum_is_null(map))
		return err;
	if (map.type != GFS_DATUM_MAP)
		return gfs_query_fail(exec->error, GFS_QUERY_TYPE_ERROR, GFS_QUERY_RUNTIME, "InvalidArgumentType", &entity->pos,
			"properties are a map and not %s", gfs_datum_type_name((enum gfs_datum_type)map.type));
	bag->props = gfs_arena_alloc(arena, map.size * sizeof *bag->props);
	if (bag->props == NULL)
		return gfs_exec_nomem(exec);
	for (uint32_t i = 0; err == 0 && i < map.size; i++)
		err = add_to_bag(exec, entity, &map.entries[i], arena, bag);
	return err;
}

static bool has_id(const uint16_t *ids, size_t count, uint16_t id)
{
	for (size_t i = 0; i < count; i++)
		if (ids[i] == id)
			return true;
	return false;
}

static int labels_of(struct gfs_exec *exec, const struct gfs_plan_entity *entity, uint16_t *labels, size_t *ret_count)
{
	size_t count = 0;
	for (uint32_t i = 0; i < entity->names.count; i++) {
		uint16_t id;
		int err = gfs_exec_name_make(exec, entity->names.ids[i], &id);
		if (err != 0)
			return err;
		if (!has_id(labels, count, id))
			labels[count++] = id;
	}
	*ret_count = count;
	return 0;
}

static int create_node(struct gfs_exec *exec, const struct gfs_plan_entity *entity, const struct bag *bag,
	struct gfs_arena *arena, uint64_t *ret_id)
{
	const struct gfs_node_meta meta = { .uid = exec->uid, .gid = exec->gid, .mode = 0755 };
	uint16_t few[LABELS_FEW], *labels = few;
	size_t count;
	if (entity->names.count > LABELS_FEW)
		labels = gfs_arena_alloc(arena, entity->names.count * sizeof *labels);
	if (labels == NULL)
		return gfs_exec_nomem(exec);
	int err = labels_of(exec, entity, labels, &count);
	if (err != 0)
		return err;
	err = gfs_bulk_node(exec->tx, bag->key, &meta, labels, count, bag->props, bag->count, ret_id);
	if (err == GFS_ERR_EXISTS) /* the key is another's */
		err = gfs_bulk_node(exec->tx, (struct gfs_slice){ 0 }, &meta, labels, count, bag->props, bag->count, ret_id);
	if (err != 0)
		return gfs_exec_store_error(exec, err);
	exec->counts.nodes_created++;
	exec->counts.labels_added += count;
	exec->counts.properties_set += bag->count;
	return 0;
}

static int end_of(struct gfs_exec *exec, const struct gfs_plan_entity *entity, struct gfs_datum end, uint64_t *ret_id)
{
	if (gfs_datum_is_null(end))
		return gfs_query_fail(exec->error, GFS_QUERY_ENTITY_NOT_FOUND_ERROR, GFS_QUERY_RUNTIME, "MissingNode",
			&entity->pos, "a relationship needs two nodes, and one is null");
	if (end.type != GFS_DATUM_NODE)
		return gfs_query_fail(exec->error, GFS_QUERY_TYPE_ERROR, GFS_QUERY_RUNTIME, "InvalidArgumentType", &entity->pos,
			"a relationship joins nodes and not %s", gfs_datum_type_name((enum gfs_datum_type)end.type));
	if (gfs_exec_node_gone(exec, end.id))
		return gfs_query_fail(exec->error, GFS_QUERY_ENTITY_NOT_FOUND_ERROR, GFS_QUERY_RUNTIME, "DeletedEntityAccess",
			&entity->pos, "the node has been deleted in this statement");
	*ret_id = end.id;
	return 0;
}

static int create_rel(struct gfs_exec *exec, const struct gfs_plan_entity *entity, const struct gfs_batch *batch,
	uint32_t row, const struct bag *bag, uint64_t *ret_id)
{
	uint64_t start = 0, end = 0;
	uint16_t type;
	int err = end_of(exec, entity, batch->columns[entity->from][row], &start);
	if (err == 0)
		err = end_of(exec, entity, batch->columns[entity->to][row], &end);
	assert(entity->names.count == 1);
	if (err == 0)
		err = gfs_exec_name_make(exec, entity->names.ids[0], &type);
	if (err != 0)
		return err;
	err = gfs_rel_create(exec->tx, type, start, end, ret_id);
	for (size_t i = 0; err == 0 && i < bag->count; i++)
		err = gfs_prop_set(exec->tx, (struct gfs_entity){ GFS_REL, *ret_id }, bag->props[i].key, bag->props[i].value);
	if (err != 0)
		return gfs_exec_store_error(exec, err);
	exec->counts.rels_created++;
	exec->counts.properties_set += bag->count;
	return 0;
}

int gfs_change_create(struct gfs_exec *exec, const struct gfs_plan_entity *entity, const struct gfs_batch *batch,
	uint32_t row, struct gfs_arena *arena, struct gfs_datum *ret_made)
{
	struct bag bag;
	uint64_t id = 0;
	int err = fill_bag(exec, entity, batch, row, arena, &bag);
	if (err != 0)
		return err;
	err = entity->is_rel ? create_rel(exec, entity, batch, row, &bag, &id)
						 : create_node(exec, entity, &bag, arena, &id);
	if (err == 0)
		*ret_made = entity->is_rel ? gfs_datum_rel(id) : gfs_datum_node(id);
	return err;
}

/* ---- setting ---- */

static int gone(struct gfs_exec *exec, const struct gfs_query_pos *pos)
{
	return gfs_query_fail(exec->error, GFS_QUERY_ENTITY_NOT_FOUND_ERROR, GFS_QUERY_RUNTIME, "DeletedEntityAccess", pos,
		"it has been deleted in this statement");
}

/* *ret_null: there is nothing to change. */
static int target_of(struct gfs_exec *exec, const struct gfs_plan_set *set, const struct gfs_batch *batch, uint32_t row,
	struct gfs_arena *arena, struct gfs_datum *ret_target, bool *ret_null)
{
	const struct gfs_query_pos *pos = &set->target.expr->pos;
	int err = gfs_expr_eval_row(exec, set->target.code, batch, row, arena, ret_target);
	if (err != 0)
		return err;
	*ret_null = gfs_datum_is_null(*ret_target);
	if (*ret_null)
		return 0;
	bool is_rel = ret_target->type == GFS_DATUM_REL;
	if (ret_target->type != GFS_DATUM_NODE && (!is_rel || set->kind == GFS_SET_LABELS))
		return gfs_query_fail(exec->error, GFS_QUERY_TYPE_ERROR, GFS_QUERY_RUNTIME, "InvalidArgumentType", pos,
			"%s cannot be changed so", gfs_datum_type_name((enum gfs_datum_type)ret_target->type));
	if (is_rel ? gfs_exec_rel_gone(exec, ret_target->id) : gfs_exec_node_gone(exec, ret_target->id))
		return gone(exec, pos);
	return 0;
}

static int remove_property(struct gfs_exec *exec, struct gfs_datum target, uint16_t key)
{
	int err = gfs_prop_remove(exec->tx, entity_of(target), key);
	if (err == GFS_ERR_NOTFOUND)
		return 0;
	exec->counts.properties_set += err == 0;
	return err == 0 ? 0 : gfs_exec_store_error(exec, err);
}

static int set_property(struct gfs_exec *exec, struct gfs_datum target, struct gfs_slice name, struct gfs_datum datum,
	const struct gfs_query_pos *pos, struct gfs_arena *arena)
{
	struct gfs_value value;
	uint16_t key;
	if (gfs_datum_is_null(datum)) {
		if (gfs_catalog_find(gfs_graph_catalog(exec->graph), GFS_CATALOG_KEY, name, &key) != 0)
			return 0;
		return remove_property(exec, target, key);
	}
	int err = to_value(exec, datum, pos, arena, &value);
	if (err == 0)
		err = key_id(exec, name, &key);
	if (err != 0)
		return err;
	err = gfs_prop_set(exec->tx, entity_of(target), key, &value);
	exec->counts.properties_set += err == 0;
	return err == 0 ? 0 : gfs_exec_store_error(exec, err);
}

static int name_of(struct gfs_exec *exec, const struct gfs_plan_set *set, const struct gfs_batch *batch, uint32_t row,
	struct gfs_arena *arena, struct gfs_slice *ret_name)
{
	struct gfs_datum key;
	if (set->key.expr == NULL) {
		*ret_name = exec->plan->names[set->name].text;
		return 0;
	}
	int err = gfs_expr_eval_row(exec, set->key.code, batch, row, arena, &key);
	if (err == 0 && key.type != GFS_DATUM_STRING)
		err = gfs_query_fail(exec->error, GFS_QUERY_TYPE_ERROR, GFS_QUERY_RUNTIME, "MapElementAccessByNonString",
			&set->key.expr->pos, "the name of a property is a string and not %s",
			gfs_datum_type_name((enum gfs_datum_type)key.type));
	if (err == 0)
		*ret_name = gfs_datum_text(key);
	return err;
}

static int map_of(struct gfs_exec *exec, const struct gfs_plan_set *set, struct gfs_datum value,
	struct gfs_arena *arena, struct gfs_datum *ret_map)
{
	if (value.type == GFS_DATUM_NODE || value.type == GFS_DATUM_REL) {
		struct gfs_arena *outer = exec->env.arena;
		exec->env.arena = arena;
		int err = gfs_entity_properties(exec, value, ret_map);
		exec->env.arena = outer;
		return err;
	}
	if (value.type != GFS_DATUM_MAP)
		return gfs_query_fail(exec->error, GFS_QUERY_TYPE_ERROR, GFS_QUERY_RUNTIME, "InvalidArgumentType",
			&set->value.expr->pos, "properties come from a map, a node or a relationship and not from %s",
			gfs_datum_type_name((enum gfs_datum_type)value.type));
	*ret_map = value;
	return 0;
}

/* Removes what the map does not name. */
static int remove_others(struct gfs_exec *exec, struct gfs_datum target, struct gfs_datum map, struct gfs_arena *arena)
{
	struct gfs_datum old = gfs_datum_null();
	struct gfs_arena *outer = exec->env.arena;
	exec->env.arena = arena;
	int err = gfs_entity_properties(exec, target, &old);
	exec->env.arena = outer;
	for (uint32_t i = 0; err == 0 && i < old.size; i++)
		if (gfs_datum_map_get(map, old.entries[i].key) == NULL)
			err = set_property(exec, target, old.entries[i].key, gfs_datum_null(), NULL, arena);
	return err;
}

static int set_map(struct gfs_exec *exec, const struct gfs_plan_set *set, struct gfs_datum target,
	struct gfs_datum value, struct gfs_arena *arena)
{
	struct gfs_datum map = gfs_datum_null();
	if (gfs_datum_is_null(value) && set->kind == GFS_SET_MERGE)
		return 0;
	int err = map_of(exec, set, value, arena, &map);
	if (err == 0 && set->kind == GFS_SET_REPLACE)
		err = remove_others(exec, target, map, arena);
	for (uint32_t i = 0; err == 0 && i < map.size; i++)
		err = set_property(exec, target, map.entries[i].key, map.entries[i].value, &set->value.expr->pos, arena);
	return err;
}

static int set_labels(struct gfs_exec *exec, const struct gfs_plan_set *set, struct gfs_datum target)
{
	for (uint32_t i = 0; i < set->labels.count; i++) {
		uint16_t label;
		int err = gfs_exec_name_make(exec, set->labels.ids[i], &label);
		if (err != 0)
			return err;
		err = gfs_node_add_label(exec->tx, target.id, label);
		exec->counts.labels_added += err == 0;
		if (err != 0 && err != GFS_ERR_EXISTS)
			return gfs_exec_store_error(exec, err);
	}
	return 0;
}

int gfs_change_set(struct gfs_exec *exec, const struct gfs_plan_set *set, const struct gfs_batch *batch, uint32_t row,
	struct gfs_arena *arena)
{
	struct gfs_datum target, value = gfs_datum_null();
	struct gfs_slice name;
	bool null;
	int err = target_of(exec, set, batch, row, arena, &target, &null);
	if (err == 0 && set->value.expr != NULL)
		err = gfs_expr_eval_row(exec, set->value.code, batch, row, arena, &value);
	if (err != 0 || null)
		return err;
	switch (set->kind) {
	case GFS_SET_PROPERTY:
		err = name_of(exec, set, batch, row, arena, &name);
		return err != 0 ? err : set_property(exec, target, name, value, &set->value.expr->pos, arena);
	case GFS_SET_LABELS:
		return set_labels(exec, set, target);
	default:
		return set_map(exec, set, target, value, arena);
	}
}

/* ---- removing ---- */

static int remove_labels(struct gfs_exec *exec, const struct gfs_plan_set *set, struct gfs_datum target)
{
	for (uint32_t i = 0; i < set->labels.count; i++) {
		uint16_t label = gfs_exec_name(exec, set->labels.ids[i]);
		int err = label == 0 ? GFS_ERR_NOTFOUND : gfs_node_remove_label(exec->tx, target.id, label);
		exec->counts.labels_removed += err == 0;
		if (err != 0 && err != GFS_ERR_NOTFOUND)
			return gfs_exec_store_error(exec, err);
	}
	return 0;
}

int gfs_change_remove(struct gfs_exec *exec, const struct gfs_plan_set *set, const struct gfs_batch *batch,
	uint32_t row, struct gfs_arena *arena)
{
	struct gfs_datum target;
	struct gfs_slice name;
	bool null;
	int err = target_of(exec, set, batch, row, arena, &target, &null);
	if (err != 0 || null)
		return err;
	if (set->kind == GFS_SET_LABELS)
		return remove_labels(exec, set, target);
	err = name_of(exec, set, batch, row, arena, &name);
	return err != 0 ? err : set_property(exec, target, name, gfs_datum_null(), NULL, arena);
}
