/* Properties, labels, map projections, paths. */
#include "query/expr.h"

#include "query/ast.h"
#include "query/columns.h"

#include <assert.h>

static int property_of(
	const struct gfs_expr *expr, struct gfs_exec *exec, struct gfs_datum of, struct gfs_datum *ret_value)
{
	exec->env.pos = &expr->pos;
	if (of.type == GFS_DATUM_NODE || of.type == GFS_DATUM_REL)
		return gfs_entity_property(exec, of, expr->name, exec->env.arena, ret_value);
	return gfs_datum_component(&exec->env, of, expr->text, ret_value);
}

int gfs_eval_property(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	struct gfs_datum of;
	int err = gfs_eval(expr->args[0], row, &of);
	return err != 0 ? err : property_of(expr, row->exec, of, ret_value);
}

/* How many rows from `at` on are nodes of the same chunk. */
static uint32_t run_length(const struct gfs_datum *column, uint32_t at, uint32_t count)
{
	uint32_t end = at;
	while (end < count && column[end].type == GFS_DATUM_NODE &&
		column[end].id >> GFS_COLUMN_SHIFT == column[at].id >> GFS_COLUMN_SHIFT)
		end++;
	return end - at;
}

/* A chunk is worth making when much of it is looked at. */
enum { RUN_MIN = 64, RUN_DENSE = 512 };

/* The rows of a run, out of a chunk; 0 rows when there is none. */
static int take_run(const struct gfs_expr *expr, struct gfs_exec *exec, const struct gfs_datum *column, uint32_t count,
	struct gfs_datum *out, bool *ret_done)
{
	const struct gfs_chunk *chunk = NULL;
	uint16_t key = gfs_exec_name(exec, expr->name);
	int err = 0;
	if (key != 0)
		chunk = gfs_columns_chunk(exec, GFS_COLUMN_PROPERTY, key, column[0].id, count >= RUN_DENSE);
	*ret_done = chunk != NULL;
	for (uint32_t i = 0; chunk != NULL && err == 0 && i < count; i++) {
		out[i] = chunk->values[gfs_column_at(column[i].id)];
		if (out[i].type == GFS_COLUMN_ELSEWHERE)
			err = property_of(expr, exec, column[i], &out[i]);
	}
	return err;
}

/* One value, out of a chunk when there is one. */
static int take_one(
	const struct gfs_expr *expr, struct gfs_exec *exec, uint16_t key, struct gfs_datum of, struct gfs_datum *out)
{
	const struct gfs_chunk *chunk = NULL;
	if (key != 0 && of.type == GFS_DATUM_NODE)
		chunk = gfs_columns_chunk(exec, GFS_COLUMN_PROPERTY, key, of.id, false);
	if (chunk != NULL) {
		*out = chunk->values[gfs_column_at(of.id)];
		if (out->type != GFS_COLUMN_ELSEWHERE)
			return 0;
	}
	return property_of(expr, exec, of, out);
}

/* Of a variable: the usual case. */
int gfs_eval_all_property(
	const struct gfs_expr *expr, struct gfs_exec *exec, const struct gfs_batch *batch, struct gfs_datum *out)
{
	const struct gfs_datum *column = batch->columns[expr->args[0]->slot];
	bool large = batch->count >= RUN_MIN && exec->tx == NULL;
	uint16_t key = large ? gfs_exec_name(exec, expr->name) : 0;
	int err = 0;
	assert(expr->args[0]->eval == gfs_eval_slot);
	for (uint32_t i = 0; err == 0 && i < batch->count;) {
		bool done = false;
		uint32_t run = large ? run_length(column, i, batch->count) : 0;
		if (run >= RUN_MIN)
			err = take_run(expr, exec, column + i, run, out + i, &done);
		if (done) {
			i += run;
			continue;
		}
		for (uint32_t end = i + (run == 0 ? 1 : run); err == 0 && i < end; i++)
			err = large ? take_one(expr, exec, key, column[i], &out[i]) : property_of(expr, exec, column[i], &out[i]);
	}
	return err;
}

/* ---- labels ---- */

static int node_has(struct gfs_exec *exec, uint64_t id, uint32_t name, bool *ret_has)
{
	uint16_t label = gfs_exec_name(exec, name);
	*ret_has = false;
	if (label == 0)
		return 0;
	int err = gfs_node_has_label(exec->graph, id, label, ret_has);
	return err == 0 || err == GFS_ERR_NOTFOUND ? 0 : gfs_exec_store_error(exec, err);
}

static int rel_has(struct gfs_exec *exec, uint64_t id, uint32_t name, bool *ret_has)
{
	struct gfs_rel_record record;
	uint16_t type = gfs_exec_name(exec, name);
	*ret_has = false;
	if (type == 0)
		return 0;
	int err = gfs_rel_get(exec->graph, id, &record);
	if (err == 0)
		*ret_has = record.type == type;
	return err == 0 || err == GFS_ERR_NOTFOUND ? 0 : gfs_exec_store_error(exec, err);
}

static int has_any(struct gfs_exec *exec, struct gfs_datum entity, bool *ret_has)
{
	uint16_t one;
	size_t count = 1;
	int err = 0;
	if (entity.type == GFS_DATUM_NODE)
		err = gfs_node_labels(exec->graph, entity.id, &one, 1, &count);
	*ret_has = err == 0 && count > 0;
	return err == 0 || err == GFS_ERR_NOTFOUND ? 0 : gfs_exec_store_error(exec, err);
}

static int fits(struct gfs_exec *exec, const struct gfs_expr_labels *labels, struct gfs_datum entity, bool *ret_fits)
{
	int err;
	switch (labels->kind) {
	case GFS_LABEL_NAME:
		return entity.type == GFS_DATUM_NODE ? node_has(exec, entity.id, labels->label, ret_fits)
											 : rel_has(exec, entity.id, labels->type, ret_fits);
	case GFS_LABEL_ANY:
		return has_any(exec, entity, ret_fits);
	case GFS_LABEL_NOT:
		err = fits(exec, labels->left, entity, ret_fits);
		*ret_fits = !*ret_fits;
		return err;
	default:
		err = fits(exec, labels->left, entity, ret_fits);
		if (err == 0 && *ret_fits == (labels->kind == GFS_LABEL_AND))
			err = fits(exec, labels->right, entity, ret_fits);
		return err;
	}
}

static int deleted(const struct gfs_expr *expr, struct gfs_exec *exec)
{
	return gfs_query_fail(exec->error, GFS_QUERY_ENTITY_NOT_FOUND_ERROR, GFS_QUERY_RUNTIME, "DeletedEntityAccess",
		&expr->pos, "the node has been deleted in this statement");
}

int gfs_eval_has_labels(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	struct gfs_datum entity;
	bool yes = false;
	int err = gfs_eval(expr->args[0], row, &entity);
	if (err != 0)
		return err;
	if (gfs_datum_is_null(entity)) {
		*ret_value = entity;
		return 0;
	}
	if (entity.type != GFS_DATUM_NODE && entity.type != GFS_DATUM_REL)
		return gfs_eval_type_error(expr, row, entity, "a node or relationship");
	if (entity.type == GFS_DATUM_NODE && gfs_exec_node_gone(row->exec, entity.id))
		return deleted(expr, row->exec);
	err = fits(row->exec, expr->labels, entity, &yes);
	*ret_value = gfs_datum_boolean(yes);
	return err;
}

/* One label of a variable: by its bits. */
int gfs_eval_all_has_label(
	const struct gfs_expr *expr, struct gfs_exec *exec, const struct gfs_batch *batch, struct gfs_datum *out)
{
	const struct gfs_datum *column = batch->columns[expr->args[0]->slot];
	uint16_t label = gfs_exec_name(exec, expr->labels->label);
	struct gfs_row row = { .exec = exec, .batch = batch };
	int err = 0;
	for (; err == 0 && row.at < batch->count; row.at++) {
		const struct gfs_chunk *chunk = NULL;
		if (column[row.at].type == GFS_DATUM_NODE && label != 0 && batch->count >= RUN_MIN / 4)
			chunk = gfs_columns_chunk(exec, GFS_COLUMN_LABEL, label, column[row.at].id, true);
		if (chunk != NULL)
			out[row.at] = gfs_datum_boolean(gfs_column_bit(chunk, column[row.at].id));
		else
			err = gfs_eval_has_labels(expr, &row, &out[row.at]);
	}
	return err;
}

/* ---- map projection ---- */

struct projection {
	struct gfs_datum_entry *entries;
	size_t count, capacity;
};

static int add_entry(const struct gfs_row *row, struct projection *p, struct gfs_slice key, struct gfs_datum value)
{
	if (p->count == p->capacity) {
		size_t capacity = p->capacity == 0 ? 8 : p->capacity * 2;
		struct gfs_datum_entry *larger = gfs_arena_alloc(row->exec->env.arena, capacity * sizeof *larger);
		if (larger == NULL)
			return gfs_exec_nomem(row->exec);
		if (p->count != 0)
			memcpy(larger, p->entries, p->count * sizeof *larger);
		p->entries = larger;
		p->capacity = capacity;
	}
	p->entries[p->count++] = (struct gfs_datum_entry){ key, value };
	return 0;
}

static int add_all(const struct gfs_row *row, struct projection *p, struct gfs_datum of)
{
	struct gfs_datum map = of;
	int err = 0;
	if (of.type != GFS_DATUM_MAP)
		err = gfs_entity_properties(row->exec, of, &map);
	for (uint32_t i = 0; err == 0 && i < map.size; i++)
		err = add_entry(row, p, map.entries[i].key, map.entries[i].value);
	return err;
}

static int add_item(const struct gfs_expr *expr, const struct gfs_expr_item *item, const struct gfs_row *row,
	struct gfs_datum of, struct projection *p)
{
	struct gfs_datum value;
	int err;
	if (item->kind == GFS_ITEM_ALL)
		return add_all(row, p, of);
	if (item->kind != GFS_ITEM_PROPERTY)
		err = gfs_eval(item->value, row, &value);
	else if (of.type == GFS_DATUM_MAP)
		err = gfs_datum_component(&row->exec->env, of, item->key, &value);
	else
		err = gfs_entity_property(row->exec, of, item->name, row->exec->env.arena, &value);
	row->exec->env.pos = &expr->pos;
	return err != 0 ? err : add_entry(row, p, item->key, value);
}

int gfs_eval_map_projection(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	struct projection p = { 0 };
	struct gfs_datum of;
	int err = gfs_eval(expr->args[0], row, &of);
	if (err != 0)
		return err;
	if (gfs_datum_is_null(of)) {
		*ret_value = of;
		return 0;
	}
	if (of.type != GFS_DATUM_MAP && of.type != GFS_DATUM_NODE && of.type != GFS_DATUM_REL)
		return gfs_eval_type_error(expr, row, of, "a map, a node or a relationship");
	row->exec->env.pos = &expr->pos;
	for (uint32_t i = 0; err == 0 && i < expr->item_count; i++)
		err = add_item(expr, &expr->items[i], row, of, &p);
	if (err == 0 && gfs_datum_map_make(row->exec->env.arena, p.entries, p.count, ret_value) != 0)
		err = gfs_exec_nomem(row->exec);
	return err;
}

/* ---- paths ---- */

static size_t path_length(const struct gfs_expr_path *path, const struct gfs_row *row)
{
	size_t length = 0;
	for (uint32_t i = 0; i < path->count; i++) {
		struct gfs_datum rel = row->batch->columns[path->rels[i]][row->at];
		length += rel.type == GFS_DATUM_LIST ? rel.size : 1;
	}
	return length;
}

/* The node at the other end of each step is found from the relationship itself. */
static int add_step(const struct gfs_row *row, uint64_t rel, uint64_t *nodes, uint64_t *rels, uint32_t *at)
{
	struct gfs_rel_record record;
	int err = gfs_rel_get(row->exec->graph, rel, &record);
	if (err != 0)
		return gfs_exec_store_error(row->exec, err);
	rels[*at] = rel;
	nodes[*at + 1] = record.start == nodes[*at] ? record.end : record.start;
	(*at)++;
	return 0;
}

static int add_steps(const struct gfs_row *row, struct gfs_datum rel, uint64_t *nodes, uint64_t *rels, uint32_t *at)
{
	int err = 0;
	if (rel.type != GFS_DATUM_LIST)
		return add_step(row, rel.id, nodes, rels, at);
	for (uint32_t i = 0; err == 0 && i < rel.size; i++)
		err = add_step(row, rel.items[i].id, nodes, rels, at);
	return err;
}

static bool path_is_null(const struct gfs_expr_path *path, const struct gfs_row *row)
{
	if (gfs_datum_is_null(row->batch->columns[path->start][row->at]))
		return true;
	for (uint32_t i = 0; i < path->count; i++)
		if (gfs_datum_is_null(row->batch->columns[path->rels[i]][row->at]))
			return true;
	return false;
}

int gfs_eval_path(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	const struct gfs_expr_path *path = expr->path;
	struct gfs_arena *arena = row->exec->env.arena;
	uint32_t at = 0;
	int err = 0;
	*ret_value = gfs_datum_null();
	if (path_is_null(path, row))
		return 0;
	size_t length = path_length(path, row);
	struct gfs_datum_path *made = gfs_arena_alloc(arena, sizeof *made);
	uint64_t *nodes = gfs_arena_alloc(arena, (length + 1) * sizeof *nodes);
	uint64_t *rels = gfs_arena_alloc(arena, length * sizeof *rels);
	if (made == NULL || nodes == NULL || rels == NULL)
		return gfs_exec_nomem(row->exec);
	nodes[0] = row->batch->columns[path->start][row->at].id;
	for (uint32_t i = 0; err == 0 && i < path->count; i++)
		err = add_steps(row, row->batch->columns[path->rels[i]][row->at], nodes, rels, &at);
	*made = (struct gfs_datum_path){ .length = (uint32_t)length, .nodes = nodes, .rels = rels };
	*ret_value = (struct gfs_datum){ .type = GFS_DATUM_PATH, .path = made };
	return err;
}
