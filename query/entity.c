/* Properties of nodes and relationships as a query sees them. */
#include "query/expr.h"

#include "query/datum_value.h"

#include <assert.h>

static int deleted_error(struct gfs_exec *exec, struct gfs_datum entity)
{
	return gfs_query_fail(exec->error, GFS_QUERY_ENTITY_NOT_FOUND_ERROR, GFS_QUERY_RUNTIME, "DeletedEntityAccess",
		exec->env.pos, "%s %llu has been deleted in this statement",
		entity.type == GFS_DATUM_NODE ? "node" : "relationship", (unsigned long long)entity.id);
}

static int check_there(struct gfs_exec *exec, struct gfs_datum entity)
{
	bool gone = entity.type == GFS_DATUM_NODE ? gfs_exec_node_gone(exec, entity.id)
											  : gfs_exec_rel_gone(exec, entity.id);
	return gone ? deleted_error(exec, entity) : 0;
}

static struct gfs_entity entity_of(struct gfs_datum datum)
{
	assert(datum.type == GFS_DATUM_NODE || datum.type == GFS_DATUM_REL);
	return (struct gfs_entity){ .kind = datum.type == GFS_DATUM_NODE ? GFS_NODE : GFS_REL, .id = datum.id };
}

static int property(
	struct gfs_exec *exec, struct gfs_datum entity, uint16_t key, struct gfs_arena *arena, struct gfs_datum *ret_value)
{
	struct gfs_value value;
	int err = gfs_prop_get(exec->graph, entity_of(entity), key, arena, &value);
	if (err == 0)
		err = gfs_datum_from_value(&value, arena, ret_value);
	if (err == GFS_ERR_NOTFOUND) {
		*ret_value = gfs_datum_null();
		return 0;
	}
	return err == 0 ? 0 : gfs_exec_store_error(exec, err);
}

int gfs_entity_property(
	struct gfs_exec *exec, struct gfs_datum entity, uint32_t name, struct gfs_arena *arena, struct gfs_datum *ret_value)
{
	int err = check_there(exec, entity);
	if (err != 0)
		return err;
	uint16_t key = gfs_exec_name(exec, name);
	*ret_value = gfs_datum_null();
	return key == 0 ? 0 : property(exec, entity, key, arena, ret_value);
}

int gfs_entity_property_named(struct gfs_exec *exec, struct gfs_datum entity, struct gfs_slice name,
	struct gfs_arena *arena, struct gfs_datum *ret_value)
{
	uint16_t key;
	int err = check_there(exec, entity);
	if (err != 0)
		return err;
	*ret_value = gfs_datum_null();
	if (gfs_catalog_find(gfs_graph_catalog(exec->graph), GFS_CATALOG_KEY, name, &key) != 0)
		return 0;
	return property(exec, entity, key, arena, ret_value);
}

int gfs_entity_properties(struct gfs_exec *exec, struct gfs_datum entity, struct gfs_datum *ret_map)
{
	int err = check_there(exec, entity);
	return err != 0 ? err : gfs_function_properties(&exec->env, entity, ret_map);
}
