/* Entities as they are when a row is made: what is shown of them needs no lock and no second look. */
#include "query/engine.h"

#include "base/checked.h"

#include <assert.h>

static uint64_t key_of(struct gfs_datum entity)
{
	return entity.id * 2 + (entity.type == GFS_DATUM_REL);
}

void gfs_snapshots_clear(struct gfs_snapshots *snapshots)
{
	gfs_u64map_release(&snapshots->index);
	*snapshots = (struct gfs_snapshots){ 0 };
}

const struct gfs_query_entity *gfs_snapshots_find(const struct gfs_snapshots *snapshots, struct gfs_datum entity)
{
	uint64_t place;
	return gfs_u64map_get(&snapshots->index, key_of(entity), &place) ? &snapshots->items[place] : NULL;
}

static int name_of(
	struct gfs_exec *exec, enum gfs_catalog_kind kind, uint16_t id, struct gfs_arena *arena, struct gfs_slice *ret_name)
{
	struct gfs_catalog_entry entry;
	int err = gfs_catalog_get(gfs_graph_catalog(exec->graph), kind, id, &entry);
	if (err != 0)
		return gfs_exec_store_error(exec, err);
	*ret_name = gfs_arena_copy(arena, entry.name);
	return ret_name->data == NULL ? gfs_exec_nomem(exec) : 0;
}

static int take_labels(struct gfs_exec *exec, struct gfs_arena *arena, struct gfs_query_entity *entity)
{
	uint16_t ids[GFS_LABELS_PER_NODE_MAX];
	int err = gfs_node_labels(exec->graph, entity->id, ids, GFS_LABELS_PER_NODE_MAX, &entity->label_count);
	if (err != 0)
		return err;
	struct gfs_slice *labels = gfs_arena_alloc(arena, entity->label_count * sizeof *labels);
	if (labels == NULL)
		return gfs_exec_nomem(exec);
	for (size_t i = 0; err == 0 && i < entity->label_count; i++)
		err = name_of(exec, GFS_CATALOG_LABEL, ids[i], arena, &labels[i]);
	entity->labels = labels;
	return err;
}

static int take_key(struct gfs_exec *exec, struct gfs_arena *arena, struct gfs_query_entity *entity)
{
	GFS_AUTO_BUF key = GFS_BUF_INIT;
	int err = gfs_node_key(exec->graph, entity->id, &key);
	if (err == GFS_ERR_NODATA)
		return 0;
	if (err == 0) {
		entity->key = gfs_arena_copy(arena, gfs_buf_slice(&key));
		if (entity->key.data == NULL)
			err = GFS_ERR_NOMEM;
	}
	return err;
}

static int take_type(struct gfs_exec *exec, struct gfs_arena *arena, struct gfs_query_entity *entity, uint16_t type)
{
	struct gfs_slice *name = gfs_arena_alloc(arena, sizeof *name);
	if (name == NULL)
		return gfs_exec_nomem(exec);
	entity->labels = name;
	entity->label_count = 1;
	return name_of(exec, GFS_CATALOG_TYPE, type, arena, name);
}

static int take_ends(struct gfs_exec *exec, struct gfs_arena *arena, struct gfs_query_entity *entity)
{
	struct gfs_rel_record record;
	uint64_t gone;
	int err = 0;
	if (gfs_u64map_get(&exec->deleted.rels, entity->id, &gone)) {
		const struct gfs_deleted_rel *rel = (const struct gfs_deleted_rel *)(uintptr_t)gone;
		record = (struct gfs_rel_record){ .type = rel->type, .start = rel->start, .end = rel->end };
		entity->deleted = true;
	} else {
		err = gfs_rel_get(exec->graph, entity->id, &record);
	}
	if (err != 0)
		return err;
	entity->start = record.start;
	entity->end = record.end;
	return take_type(exec, arena, entity, record.type);
}

static int take_properties(
	struct gfs_exec *exec, struct gfs_arena *arena, struct gfs_datum datum, struct gfs_query_entity *entity)
{
	struct gfs_arena *outer = exec->env.arena;
	entity->properties = (struct gfs_datum){ .type = GFS_DATUM_MAP };
	if (entity->deleted)
		return 0;
	exec->env.arena = arena;
	int err = gfs_function_properties(&exec->env, datum, &entity->properties);
	exec->env.arena = outer;
	return err;
}

static int fill(struct gfs_exec *exec, struct gfs_arena *arena, struct gfs_datum datum, struct gfs_query_entity *entity)
{
	int err = 0;
	*entity = (struct gfs_query_entity){ .id = datum.id, .properties = { .type = GFS_DATUM_MAP } };
	if (datum.type == GFS_DATUM_REL)
		err = take_ends(exec, arena, entity);
	else if (gfs_exec_node_gone(exec, datum.id))
		entity->deleted = true;
	else if ((err = take_labels(exec, arena, entity)) == 0)
		err = take_key(exec, arena, entity);
	if (err == 0)
		err = take_properties(exec, arena, datum, entity);
	if (err == GFS_ERR_NOTFOUND && exec->error->kind == GFS_QUERY_OK) {
		/* Another statement has deleted it since this one found it. */
		entity->deleted = true;
		return 0;
	}
	return err == 0 || exec->error->kind != GFS_QUERY_OK ? err : gfs_exec_store_error(exec, err);
}

static int take_entity(
	struct gfs_snapshots *snapshots, struct gfs_exec *exec, struct gfs_arena *arena, struct gfs_datum datum)
{
	if (gfs_snapshots_find(snapshots, datum) != NULL)
		return 0;
	if (snapshots->count == snapshots->capacity) {
		size_t capacity = GFS_MAX(snapshots->capacity * 2, (size_t)16);
		struct gfs_query_entity *larger = gfs_arena_alloc(arena, capacity * sizeof *larger);
		if (larger == NULL)
			return gfs_exec_nomem(exec);
		if (snapshots->items != NULL)
			memcpy(larger, snapshots->items, snapshots->count * sizeof *larger);
		snapshots->items = larger;
		snapshots->capacity = capacity;
	}
	assert(snapshots->items != NULL);
	int err = fill(exec, arena, datum, &snapshots->items[snapshots->count]);
	if (err == 0 && gfs_u64map_set(&snapshots->index, key_of(datum), snapshots->count) != 0)
		err = gfs_exec_nomem(exec);
	snapshots->count += err == 0;
	return err;
}

static int take_path(
	struct gfs_snapshots *snapshots, struct gfs_exec *exec, struct gfs_arena *arena, const struct gfs_datum_path *path)
{
	int err = 0;
	for (uint32_t i = 0; err == 0 && i <= path->length; i++)
		err = take_entity(snapshots, exec, arena, gfs_datum_node(path->nodes[i]));
	for (uint32_t i = 0; err == 0 && i < path->length; i++)
		err = take_entity(snapshots, exec, arena, gfs_datum_rel(path->rels[i]));
	return err;
}

/* Calls itself for lists and maps, whose depth has a limit. */
int gfs_snapshots_take(
	struct gfs_snapshots *snapshots, struct gfs_exec *exec, struct gfs_arena *arena, struct gfs_datum value)
{
	int err = 0;
	switch (value.type) {
	case GFS_DATUM_NODE:
	case GFS_DATUM_REL:
		return take_entity(snapshots, exec, arena, value);
	case GFS_DATUM_PATH:
		return take_path(snapshots, exec, arena, value.path);
	case GFS_DATUM_LIST:
		for (uint32_t i = 0; err == 0 && i < value.size; i++)
			err = gfs_snapshots_take(snapshots, exec, arena, value.items[i]);
		return err;
	case GFS_DATUM_MAP:
		for (uint32_t i = 0; err == 0 && i < value.size; i++)
			err = gfs_snapshots_take(snapshots, exec, arena, value.entries[i].value);
		return err;
	default:
		return 0;
	}
}
