/* EXISTS { (n)-[:T]->() } and COUNT { (n)-[:T]->() }: the index knows how many relationships a node has. */
#include "query/expr.h"
#include "query/walk.h"

static int add_type(struct gfs_exec *exec, uint64_t node, enum gfs_direction dir, uint32_t name, uint64_t *degree)
{
	struct gfs_adj_type found;
	uint16_t type = gfs_exec_name(exec, name);
	int err = type == 0 ? GFS_ERR_NOTFOUND : gfs_rels_type(exec->graph, node, dir, type, &found);
	if (err == 0)
		*degree += found.count;
	return err;
}

static int add_all(struct gfs_exec *exec, uint64_t node, enum gfs_direction dir, uint64_t *degree)
{
	enum { TYPES = 16 };
	struct gfs_adj_type types[TYPES];
	size_t count = TYPES;
	uint16_t from = 1;
	while (count >= TYPES) {
		int err = gfs_rels_types(exec->graph, node, dir, from, types, TYPES, &count);
		if (err != 0)
			return err;
		for (size_t i = 0; i < count && i < TYPES; i++)
			*degree += types[i].count;
		if (count >= TYPES && types[TYPES - 1].type == GFS_NAME_ID_MAX)
			return 0;
		from = (uint16_t)(types[TYPES - 1].type + 1);
	}
	return 0;
}

static int add_degree(
	struct gfs_exec *exec, const struct gfs_plan_names *types, uint64_t node, enum gfs_direction dir, uint64_t *degree)
{
	int err = types->count == 0 ? add_all(exec, node, dir, degree) : 0;
	for (uint32_t i = 0; (err == 0 || err == GFS_ERR_NOTFOUND) && i < types->count; i++)
		err = add_type(exec, node, dir, types->ids[i], degree);
	return err == GFS_ERR_NOTFOUND ? 0 : gfs_exec_store_error(exec, err);
}

int gfs_entity_degree(struct gfs_exec *exec, const struct gfs_plan_names *types, enum gfs_ast_direction direction,
	uint64_t node, uint64_t *ret_degree)
{
	uint64_t degree = 0;
	int err = 0;
	if (direction != GFS_AST_IN)
		err = add_degree(exec, types, node, GFS_OUT, &degree);
	if (err == 0 && direction != GFS_AST_OUT)
		err = add_degree(exec, types, node, GFS_IN, &degree);
	if (err == 0)
		*ret_degree = degree;
	return err;
}

static int take_loops(const struct gfs_expr_degree *d, struct gfs_exec *exec, uint64_t node, uint64_t *degree)
{
	const struct gfs_adj_entry *entry;
	struct gfs_walk walk;
	int err;
	gfs_walk_begin(&walk, exec, &d->loops, node, node, false);
	do {
		err = gfs_walk_next(&walk, &entry);
		if (err == 0 && entry != NULL)
			(*degree)--;
	} while (err == 0 && entry != NULL);
	return err;
}

int gfs_eval_degree(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	const struct gfs_expr_degree *d = expr->degree;
	struct gfs_exec *exec = row->exec;
	struct gfs_datum node = d->node.local ? exec->locals[d->node.slot] : row->batch->columns[d->node.slot][row->at];
	uint64_t degree = 0;
	int err = 0;
	if (node.type == GFS_DATUM_NODE)
		err = gfs_entity_degree(exec, &d->types, d->direction, node.id, &degree);
	if (err == 0 && d->direction == GFS_AST_BOTH && !d->exists && degree > 1)
		err = take_loops(d, exec, node.id, &degree);
	if (err == 0)
		*ret_value = d->exists ? gfs_datum_boolean(degree > 0) : gfs_datum_integer((int64_t)degree);
	return err;
}
