/* DELETE. A node goes when its relationships have gone, which may be later in the statement. */
#include "query/change.h"

#include <assert.h>

enum { GONE = 1, WAITING = 2 };

static int note(struct gfs_exec *exec, struct gfs_u64map *map, uint64_t id, uint64_t state)
{
	return gfs_u64map_set(map, id, state) == 0 ? 0 : gfs_exec_nomem(exec);
}

static int delete_rel(struct gfs_exec *exec, uint64_t id)
{
	struct gfs_rel_record record;
	struct gfs_deleted_rel *kept;
	if (gfs_exec_rel_gone(exec, id))
		return 0;
	int err = gfs_rel_get(exec->graph, id, &record);
	if (err == 0)
		err = gfs_rel_delete(exec->tx, id);
	if (err != 0)
		return gfs_exec_store_error(exec, err);
	kept = gfs_arena_alloc(&exec->deleted.arena, sizeof *kept);
	if (kept == NULL)
		return gfs_exec_nomem(exec);
	*kept = (struct gfs_deleted_rel){ .type = record.type, .start = record.start, .end = record.end };
	exec->counts.rels_deleted++;
	return note(exec, &exec->deleted.rels, id, (uint64_t)(uintptr_t)kept);
}

static int delete_rels_of(struct gfs_exec *exec, uint64_t node)
{
	for (;;) {
		struct gfs_node_record record;
		int err = gfs_node_get(exec->graph, node, &record);
		if (err != 0)
			return gfs_exec_store_error(exec, err);
		uint64_t rel = record.first_out != GFS_ID_NONE ? record.first_out : record.first_in;
		if (rel == GFS_ID_NONE)
			return 0;
		err = delete_rel(exec, rel);
		if (err != 0)
			return err;
	}
}

static int delete_node(struct gfs_exec *exec, uint64_t id, bool detach)
{
	uint64_t state = 0;
	int err = 0;
	if (gfs_u64map_get(&exec->deleted.nodes, id, &state) && (state == GONE || !detach))
		return 0;
	if (detach)
		err = delete_rels_of(exec, id);
	if (err != 0)
		return err;
	err = gfs_node_delete(exec->tx, id, false);
	if (err == GFS_ERR_NOTEMPTY) {
		exec->deleted.waiting += state == 0;
		return note(exec, &exec->deleted.nodes, id, WAITING);
	}
	if (err != 0)
		return gfs_exec_store_error(exec, err);
	exec->deleted.waiting -= state == WAITING;
	exec->counts.nodes_deleted++;
	return note(exec, &exec->deleted.nodes, id, GONE);
}

/* Relationships first: the nodes are free then. */
static int delete_path(struct gfs_exec *exec, const struct gfs_datum_path *path, bool detach)
{
	int err = 0;
	for (uint32_t i = 0; err == 0 && i < path->length; i++)
		err = delete_rel(exec, path->rels[i]);
	for (uint32_t i = 0; err == 0 && i <= path->length; i++)
		err = delete_node(exec, path->nodes[i], detach);
	return err;
}

int gfs_change_delete(struct gfs_exec *exec, struct gfs_datum what, bool detach, const struct gfs_query_pos *pos)
{
	switch (what.type) {
	case GFS_DATUM_NULL:
		return 0;
	case GFS_DATUM_NODE:
		return delete_node(exec, what.id, detach);
	case GFS_DATUM_REL:
		return delete_rel(exec, what.id);
	case GFS_DATUM_PATH:
		return delete_path(exec, what.path, detach);
	default:
		return gfs_query_fail(exec->error, GFS_QUERY_TYPE_ERROR, GFS_QUERY_RUNTIME, "InvalidArgumentType", pos,
			"%s cannot be deleted", gfs_datum_type_name((enum gfs_datum_type)what.type));
	}
}

static int still_attached(struct gfs_exec *exec, uint64_t id)
{
	return gfs_query_fail(exec->error, GFS_QUERY_CONSTRAINT_VIOLATION_ERROR, GFS_QUERY_RUNTIME, "DeleteConnectedNode",
		NULL, "node %llu still has relationships: delete them first, or use DETACH DELETE", (unsigned long long)id);
}

int gfs_change_finish(struct gfs_exec *exec)
{
	uint64_t id, state;
	size_t at = 0;
	if (exec->deleted.waiting == 0)
		return 0;
	while (gfs_u64map_next(&exec->deleted.nodes, &at, &id, &state)) {
		if (state != WAITING)
			continue;
		int err = gfs_node_delete(exec->tx, id, false);
		if (err == GFS_ERR_NOTEMPTY)
			return still_attached(exec, id);
		if (err != 0)
			return gfs_exec_store_error(exec, err);
		exec->counts.nodes_deleted++;
	}
	exec->deleted.waiting = 0;
	return 0;
}
