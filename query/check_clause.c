/* Clauses but RETURN, WITH and CALL procedure. */
#include "query/check.h"

#include <assert.h>

/* ---- reading ---- */

static int check_hints(struct gfs_checker *c, const struct gfs_ast_hint *hint)
{
	for (; hint != NULL; hint = hint->next) {
		if (gfs_scope_find(c->scope, hint->variable) == NULL)
			return gfs_checker_undefined(c, hint->variable, &hint->pos);
	}
	return 0;
}

static int check_match(struct gfs_checker *c, struct gfs_ast_clause *clause)
{
	int err = gfs_check_pattern(c, &clause->match.pattern, GFS_PATTERN_MATCH);
	if (err == 0)
		err = check_hints(c, clause->match.hints);
	return err != 0 ? err : gfs_check_predicate(c, clause->match.where);
}

/* A variable for the items of `list`. */
static int bind_item(struct gfs_checker *c, struct gfs_slice name, const struct gfs_ast_expr *list,
	const struct gfs_query_pos *pos, struct gfs_symbol **ret_symbol)
{
	static const enum gfs_symbol_type types[GFS_DATUM_TYPE_COUNT] = {
		[GFS_DATUM_NODE] = GFS_SYMBOL_NODE,
		[GFS_DATUM_REL] = GFS_SYMBOL_REL,
		[GFS_DATUM_PATH] = GFS_SYMBOL_PATH,
	};
	int err = gfs_checker_bind(c, name, types[list->element], pos, ret_symbol);
	if (err == 0)
		(*ret_symbol)->value = list->element;
	return err;
}

static int check_unwind(struct gfs_checker *c, struct gfs_ast_clause *clause)
{
	int err = gfs_check_expr(c, clause->unwind.list);
	if (err != 0)
		return err;
	return bind_item(c, clause->unwind.variable, clause->unwind.list, &clause->pos, &clause->unwind.symbol);
}

static int check_load_csv(struct gfs_checker *c, struct gfs_ast_clause *clause)
{
	int err = gfs_check_expr(c, clause->load_csv.url);
	if (err == 0 && clause->load_csv.separator != NULL)
		err = gfs_check_expr(c, clause->load_csv.separator);
	if (err == 0)
		err = gfs_checker_bind(c, clause->load_csv.variable, GFS_SYMBOL_VALUE, &clause->pos, &clause->load_csv.symbol);
	if (err == 0)
		clause->load_csv.symbol->value = clause->load_csv.headers ? GFS_DATUM_MAP : GFS_DATUM_LIST;
	return err;
}

/* ---- CALL { } ---- */

/* What it returns is added to what is in sight. */
static int add_columns(struct gfs_checker *c, const struct gfs_ast_query *query, const struct gfs_query_pos *pos)
{
	int err = 0;
	for (uint32_t i = 0; err == 0 && i < query->column_count; i++) {
		struct gfs_slice name = query->columns[i]->name;
		if (gfs_scope_find(c->scope, name) != NULL)
			return GFS_CHECKER_FAIL(c, "VariableAlreadyBound", pos,
				"the subquery returns '%.*s', and there is a variable of this name already", GFS_SHOWN(name));
		err = gfs_scope_add(c, c->scope, query->columns[i]);
	}
	return err;
}

/* REPORT STATUS AS: a variable for what became of the transaction that the row was in. */
static int check_status(struct gfs_checker *c, struct gfs_ast_clause *clause)
{
	if (clause->subquery.status.size == 0)
		return 0;
	if (clause->subquery.on_error == GFS_ON_ERROR_FAIL)
		return GFS_CHECKER_FAIL(c, "InvalidClauseComposition", &clause->pos,
			"REPORT STATUS wants ON ERROR CONTINUE or ON ERROR BREAK: otherwise no failure is left to tell of");
	int err = gfs_checker_bind(
		c, clause->subquery.status, GFS_SYMBOL_VALUE, &clause->pos, &clause->subquery.status_symbol);
	if (err == 0)
		clause->subquery.status_symbol->value = GFS_DATUM_MAP;
	return err;
}

static int check_subquery(struct gfs_checker *c, struct gfs_ast_clause *clause)
{
	struct gfs_scope *scope = c->scope, *imports = c->imports;
	if (clause->subquery.in_transactions && (imports != NULL || scope->parent != NULL))
		return GFS_CHECKER_FAIL(
			c, "InvalidClauseComposition", &clause->pos, "CALL { } IN TRANSACTIONS cannot be inside another query");
	c->imports = scope;
	c->scope = NULL;
	int err = gfs_check_query(c, clause->subquery.query);
	c->scope = scope;
	c->imports = imports;
	if (err == 0 && clause->subquery.in_transactions_of != NULL)
		err = gfs_check_amount(c, clause->subquery.in_transactions_of, "OF");
	if (err == 0)
		err = add_columns(c, clause->subquery.query, &clause->pos);
	return err != 0 ? err : check_status(c, clause);
}

/* ---- writing ---- */

static bool is_storable(uint8_t type)
{
	return type != GFS_DATUM_MAP && type != GFS_DATUM_NODE && type != GFS_DATUM_REL && type != GFS_DATUM_PATH;
}

static int check_set_value(struct gfs_checker *c, const struct gfs_ast_set_item *item)
{
	int err = item->value == NULL ? 0 : gfs_check_expr(c, item->value);
	if (err != 0 || item->value == NULL || item->kind != GFS_SET_PROPERTY)
		return err;
	if (is_storable(item->value->value) && (item->value->value != GFS_DATUM_LIST || is_storable(item->value->element)))
		return 0;
	return gfs_query_fail(c->error, GFS_QUERY_TYPE_ERROR, GFS_QUERY_COMPILE, "InvalidPropertyType", &item->value->pos,
		"maps, nodes, relationships and paths cannot be kept in a property, nor lists of them");
}

static int check_set_item(struct gfs_checker *c, struct gfs_ast_set_item *item)
{
	int err = gfs_check_expr(c, item->target);
	if (err == 0)
		err = check_set_value(c, item);
	if (err != 0)
		return err;
	const struct gfs_ast_expr *entity = item->kind == GFS_SET_PROPERTY ? item->target->args[0] : item->target;
	bool rel = entity->value == GFS_DATUM_REL && item->kind != GFS_SET_LABELS;
	if (entity->value == GFS_DATUM_NODE || entity->value == GFS_DATUM_NULL || rel)
		return 0;
	return GFS_CHECKER_FAIL(c, "InvalidArgumentType", &item->pos, "'%.*s' is %s, which has no %s to set",
		GFS_SHOWN(entity->text), gfs_datum_type_name((enum gfs_datum_type)entity->value),
		item->kind == GFS_SET_LABELS ? "labels" : "properties");
}

static int check_set_items(struct gfs_checker *c, struct gfs_ast_set_item *items, uint32_t count)
{
	int err = 0;
	for (uint32_t i = 0; err == 0 && i < count; i++)
		err = check_set_item(c, &items[i]);
	return err;
}

static int check_merge(struct gfs_checker *c, struct gfs_ast_clause *clause)
{
	int err = gfs_check_create(c, &clause->merge.pattern, true);
	if (err == 0)
		err = check_set_items(c, clause->merge.on_create, clause->merge.on_create_count);
	return err != 0 ? err : check_set_items(c, clause->merge.on_match, clause->merge.on_match_count);
}

static int check_delete(struct gfs_checker *c, struct gfs_ast_clause *clause)
{
	for (uint32_t i = 0; i < clause->del.count; i++) {
		struct gfs_ast_expr *expr = clause->del.exprs[i];
		if (expr->kind == GFS_AST_HAS_LABELS)
			return GFS_CHECKER_FAIL(c, "InvalidDelete", &expr->pos,
				"labels are taken off by REMOVE, and a type belongs to its relationship");
		int err = gfs_check_expr(c, expr);
		if (err != 0)
			return err;
		if (expr->value != GFS_DATUM_NODE && expr->value != GFS_DATUM_REL && expr->value != GFS_DATUM_PATH &&
			expr->value != GFS_DATUM_NULL)
			return GFS_CHECKER_FAIL(c, "InvalidArgumentType", &expr->pos,
				"DELETE takes nodes, relationships and paths, not %s",
				gfs_datum_type_name((enum gfs_datum_type)expr->value));
	}
	return 0;
}

static int check_foreach(struct gfs_checker *c, struct gfs_ast_clause *clause)
{
	int err = gfs_check_expr(c, clause->foreach.list);
	if (err != 0)
		return err;
	struct gfs_scope inner = { .parent = c->scope };
	c->scope = &inner;
	err = bind_item(c, clause->foreach.variable, clause->foreach.list, &clause->pos, &clause->foreach.symbol);
	for (uint32_t i = 0; err == 0 && i < clause->foreach.count; i++) {
		struct gfs_ast_clause *item = &clause->foreach.clauses[i];
		if (!gfs_clause_writes(item))
			err = GFS_CHECKER_FAIL(c, "InvalidClauseComposition", &item->pos, "in FOREACH all clauses write");
		else
			err = gfs_check_clause(c, item);
	}
	c->scope = inner.parent;
	return err;
}

int gfs_check_clause(struct gfs_checker *c, struct gfs_ast_clause *clause)
{
	switch (clause->kind) {
	case GFS_CLAUSE_MATCH:
		return check_match(c, clause);
	case GFS_CLAUSE_UNWIND:
		return check_unwind(c, clause);
	case GFS_CLAUSE_LOAD_CSV:
		return check_load_csv(c, clause);
	case GFS_CLAUSE_SUBQUERY:
		return check_subquery(c, clause);
	case GFS_CLAUSE_CREATE:
		return gfs_check_create(c, &clause->create.pattern, false);
	case GFS_CLAUSE_MERGE:
		return check_merge(c, clause);
	case GFS_CLAUSE_SET:
	case GFS_CLAUSE_REMOVE:
		return check_set_items(c, clause->set.items, clause->set.count);
	case GFS_CLAUSE_DELETE:
		return check_delete(c, clause);
	case GFS_CLAUSE_FOREACH:
		return check_foreach(c, clause);
	case GFS_CLAUSE_FINISH:
		return 0;
	case GFS_CLAUSE_WITH:
	case GFS_CLAUSE_RETURN:
	case GFS_CLAUSE_CALL:
		break;
	}
	assert(!"checked elsewhere");
	return 0;
}
