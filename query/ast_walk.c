#include "query/ast_walk.h"

static void walk_symbol(const struct gfs_ast_walker *walker, const struct gfs_symbol *symbol)
{
	if (symbol != NULL && walker->symbol != NULL)
		walker->symbol(walker->context, symbol);
}

static void walk_items(const struct gfs_ast_walker *walker, const struct gfs_ast_item *items, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		gfs_ast_walk_expr(walker, items[i].expr);
		walk_symbol(walker, items[i].symbol);
	}
}

static void walk_exprs(const struct gfs_ast_walker *walker, struct gfs_ast_expr *const *exprs, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		gfs_ast_walk_expr(walker, exprs[i]);
}

static void walk_parts_of(const struct gfs_ast_walker *walker, const struct gfs_ast_expr *expr)
{
	switch (expr->kind) {
	case GFS_AST_MAP_PROJECTION:
		for (uint32_t i = 0; i < expr->item_count; i++)
			gfs_ast_walk_expr(walker, expr->items[i].value);
		break;
	case GFS_AST_PATTERN:
	case GFS_AST_PATTERN_COMPREHENSION:
		gfs_ast_walk_pattern(walker, expr->pattern);
		break;
	case GFS_AST_EXISTS:
	case GFS_AST_COUNT:
	case GFS_AST_COLLECT:
		gfs_ast_walk_query(walker, expr->subquery);
		break;
	default:
		break;
	}
}

void gfs_ast_walk_expr(const struct gfs_ast_walker *walker, const struct gfs_ast_expr *expr)
{
	if (expr == NULL || (walker->expr != NULL && !walker->expr(walker->context, expr)))
		return;
	walk_symbol(walker, expr->symbol);
	walk_symbol(walker, expr->symbol2);
	walk_exprs(walker, expr->args, expr->arg_count);
	walk_parts_of(walker, expr);
}

static void walk_part(const struct gfs_ast_walker *walker, const struct gfs_ast_part *part)
{
	walk_symbol(walker, part->symbol);
	for (uint32_t i = 0; i <= part->rel_count; i++) {
		walk_symbol(walker, part->nodes[i].symbol);
		gfs_ast_walk_expr(walker, part->nodes[i].properties);
		gfs_ast_walk_expr(walker, part->nodes[i].where);
	}
	for (uint32_t i = 0; i < part->rel_count; i++) {
		walk_symbol(walker, part->rels[i].symbol);
		gfs_ast_walk_expr(walker, part->rels[i].properties);
		gfs_ast_walk_expr(walker, part->rels[i].where);
	}
}

void gfs_ast_walk_pattern(const struct gfs_ast_walker *walker, const struct gfs_ast_pattern *pattern)
{
	for (uint32_t i = 0; pattern != NULL && i < pattern->count; i++)
		walk_part(walker, &pattern->parts[i]);
}

static void walk_projection(const struct gfs_ast_walker *walker, const struct gfs_ast_projection *project)
{
	walk_items(walker, project->items, project->count);
	walk_items(walker, project->order, project->order_count);
	gfs_ast_walk_expr(walker, project->skip);
	gfs_ast_walk_expr(walker, project->limit);
	gfs_ast_walk_expr(walker, project->where);
}

static void walk_set(const struct gfs_ast_walker *walker, const struct gfs_ast_set_item *items, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		gfs_ast_walk_expr(walker, items[i].target);
		gfs_ast_walk_expr(walker, items[i].value);
	}
}

static void walk_update(const struct gfs_ast_walker *walker, const struct gfs_ast_clause *clause)
{
	switch (clause->kind) {
	case GFS_CLAUSE_CREATE:
		gfs_ast_walk_pattern(walker, &clause->create.pattern);
		break;
	case GFS_CLAUSE_MERGE:
		gfs_ast_walk_pattern(walker, &clause->merge.pattern);
		walk_set(walker, clause->merge.on_create, clause->merge.on_create_count);
		walk_set(walker, clause->merge.on_match, clause->merge.on_match_count);
		break;
	case GFS_CLAUSE_SET:
	case GFS_CLAUSE_REMOVE:
		walk_set(walker, clause->set.items, clause->set.count);
		break;
	case GFS_CLAUSE_DELETE:
		walk_exprs(walker, clause->del.exprs, clause->del.count);
		break;
	case GFS_CLAUSE_FOREACH:
		walk_symbol(walker, clause->foreach.symbol);
		gfs_ast_walk_expr(walker, clause->foreach.list);
		for (uint32_t i = 0; i < clause->foreach.count; i++)
			gfs_ast_walk_clause(walker, &clause->foreach.clauses[i]);
		break;
	default:
		break;
	}
}

void gfs_ast_walk_clause(const struct gfs_ast_walker *walker, const struct gfs_ast_clause *clause)
{
	if (walker->clause != NULL)
		walker->clause(walker->context, clause);
	switch (clause->kind) {
	case GFS_CLAUSE_MATCH:
		gfs_ast_walk_pattern(walker, &clause->match.pattern);
		gfs_ast_walk_expr(walker, clause->match.where);
		break;
	case GFS_CLAUSE_WITH:
	case GFS_CLAUSE_RETURN:
		walk_projection(walker, &clause->project);
		break;
	case GFS_CLAUSE_UNWIND:
		walk_symbol(walker, clause->unwind.symbol);
		gfs_ast_walk_expr(walker, clause->unwind.list);
		break;
	case GFS_CLAUSE_CALL:
		walk_exprs(walker, clause->call.args, clause->call.arg_count);
		for (uint32_t i = 0; i < clause->call.yield_count; i++)
			walk_symbol(walker, clause->call.yields[i].symbol);
		gfs_ast_walk_expr(walker, clause->call.where);
		break;
	case GFS_CLAUSE_SUBQUERY:
		gfs_ast_walk_query(walker, clause->subquery.query);
		gfs_ast_walk_expr(walker, clause->subquery.in_transactions_of);
		walk_symbol(walker, clause->subquery.status_symbol);
		break;
	case GFS_CLAUSE_LOAD_CSV:
		walk_symbol(walker, clause->load_csv.symbol);
		gfs_ast_walk_expr(walker, clause->load_csv.url);
		gfs_ast_walk_expr(walker, clause->load_csv.separator);
		break;
	default:
		walk_update(walker, clause);
		break;
	}
}

void gfs_ast_walk_query(const struct gfs_ast_walker *walker, const struct gfs_ast_query *query)
{
	for (uint32_t i = 0; query != NULL && i < query->count; i++)
		for (uint32_t k = 0; k < query->parts[i].count; k++)
			gfs_ast_walk_clause(walker, &query->parts[i].clauses[k]);
}
