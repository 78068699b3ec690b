/* RETURN and WITH: their items, and the scope that they leave. */
#include "query/check.h"

#include "base/checked.h"

#include <assert.h>
#include <stdlib.h>

/* ---- * ---- */

static int by_name(const void *a, const void *b)
{
	const struct gfs_symbol *x = *(struct gfs_symbol *const *)a, *y = *(struct gfs_symbol *const *)b;
	size_t shared = GFS_MIN(x->name.size, y->name.size);
	int order = shared == 0 ? 0 : memcmp(x->name.data, y->name.data, shared);
	return order != 0 ? order : (x->name.size > y->name.size) - (x->name.size < y->name.size);
}

static struct gfs_ast_expr *variable_of(
	struct gfs_checker *c, const struct gfs_symbol *symbol, const struct gfs_query_pos *pos)
{
	struct gfs_ast_expr *expr = gfs_checker_alloc(c, sizeof *expr);
	if (expr == NULL)
		return NULL;
	expr->kind = GFS_AST_VARIABLE;
	expr->pos = *pos;
	expr->name = expr->text = symbol->name;
	expr->literal = gfs_datum_null();
	return expr;
}

/* In a CALL { } the first WITH * brings in all that is outside. */
static int expand_star(struct gfs_checker *c, struct gfs_ast_projection *project, const struct gfs_ast_clause *clause,
	const struct gfs_scope *from)
{
	if (from->count == 0 && clause->kind == GFS_CLAUSE_RETURN)
		return GFS_CHECKER_FAIL(c, "NoVariablesInScope", &clause->pos, "RETURN * has no variables to return");
	struct gfs_symbol **symbols = gfs_checker_alloc(c, from->count * sizeof(struct gfs_symbol *));
	struct gfs_ast_item *items = gfs_checker_alloc(c, (from->count + project->count) * sizeof *items);
	if (symbols == NULL || items == NULL)
		return GFS_ERR_NOMEM;
	if (from->count != 0)
		memcpy(symbols, from->symbols, from->count * sizeof(struct gfs_symbol *));
	qsort(symbols, from->count, sizeof(struct gfs_symbol *), by_name);
	for (uint32_t i = 0; i < from->count; i++) {
		items[i].name = symbols[i]->name;
		items[i].expr = variable_of(c, symbols[i], &clause->pos);
		if (items[i].expr == NULL)
			return GFS_ERR_NOMEM;
	}
	if (project->count != 0)
		memcpy(items + from->count, project->items, project->count * sizeof *items);
	project->items = items;
	project->count += from->count;
	project->star = false;
	return 0;
}

/* ---- items ---- */

static int check_item(struct gfs_checker *c, struct gfs_ast_item *item)
{
	bool variable = item->expr->kind == GFS_AST_VARIABLE;
	c->saw_aggregate = false;
	int err = gfs_check_expr(c, item->expr);
	if (err != 0)
		return err;
	item->aggregates = c->saw_aggregate;
	if (variable && gfs_slice_equal(item->name, item->expr->name))
		item->symbol = item->expr->symbol;
	else
		item->symbol = gfs_checker_symbol_of(c, item->name, item->expr);
	return item->symbol == NULL ? c->error->err : 0;
}

static int check_items(struct gfs_checker *c, struct gfs_ast_projection *project)
{
	uint32_t first_id = c->statement->symbol_count;
	int err = 0;
	c->aggregation = GFS_AGGREGATION_FREE;
	project->aggregates = false;
	for (uint32_t i = 0; err == 0 && i < project->count; i++) {
		err = check_item(c, &project->items[i]);
		project->aggregates = project->aggregates || project->items[i].aggregates;
	}
	c->aggregation = GFS_AGGREGATION_NONE;
	return err != 0 ? err : gfs_check_grouping(c, project, first_id);
}

static int fill_scope(struct gfs_checker *c, const struct gfs_ast_projection *project, struct gfs_scope *scope)
{
	int err = 0;
	for (uint32_t i = 0; err == 0 && i < project->count; i++) {
		const struct gfs_ast_item *item = &project->items[i];
		if (gfs_scope_own(scope, item->name) != NULL)
			return GFS_CHECKER_FAIL(c, "ColumnNameConflict", &item->expr->pos,
				"there are two columns of the name '%.*s'", GFS_SHOWN(item->name));
		err = gfs_scope_add(c, scope, item->symbol);
	}
	return err;
}

/* Asked last: what else is wrong with an expression is more to the point. */
static int check_names(struct gfs_checker *c, const struct gfs_ast_projection *project)
{
	for (uint32_t i = 0; i < project->count; i++) {
		const struct gfs_ast_item *item = &project->items[i];
		if (!item->aliased && item->expr->kind != GFS_AST_VARIABLE)
			return GFS_CHECKER_FAIL(c, "NoExpressionAlias", &item->expr->pos,
				"in WITH an expression needs a name: '%.*s AS name'", GFS_SHOWN(item->expr->text));
	}
	return 0;
}

/* ---- importing WITH ---- */

/* The first clause of a CALL { } takes variables from outside when it does nothing else. */
static bool is_import(const struct gfs_checker *c, const struct gfs_ast_projection *project)
{
	if (c->imports == NULL || c->scope->count != 0 || c->scope->parent != NULL)
		return false;
	for (uint32_t i = 0; i < project->count; i++) {
		const struct gfs_ast_item *item = &project->items[i];
		if (item->expr->kind != GFS_AST_VARIABLE || !gfs_slice_equal(item->name, item->expr->name))
			return false;
	}
	return true;
}

int gfs_check_projection(
	struct gfs_checker *c, struct gfs_ast_projection *project, const struct gfs_ast_clause *clause, bool first)
{
	struct gfs_scope *before = c->scope;
	bool import = first && clause->kind == GFS_CLAUSE_WITH && is_import(c, project);
	struct gfs_scope *scope = gfs_checker_alloc(c, sizeof *scope);
	if (scope == NULL)
		return c->error->err;
	if (import)
		c->scope = c->imports;
	int err = project->star ? expand_star(c, project, clause, c->scope) : 0;
	if (err == 0)
		err = check_items(c, project);
	if (err == 0)
		err = fill_scope(c, project, scope);
	if (err != 0)
		return err;
	scope->parent = c->scope;
	c->scope = scope;
	err = gfs_check_order(c, project, scope);
	scope->parent = before->parent;
	return err == 0 && clause->kind == GFS_CLAUSE_WITH ? check_names(c, project) : err;
}
