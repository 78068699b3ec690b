/* Statements, and how clauses follow each other. */
#include "query/check.h"

#include <assert.h>

/* ---- the order of clauses ---- */

bool gfs_clause_writes(const struct gfs_ast_clause *clause)
{
	switch (clause->kind) {
	case GFS_CLAUSE_CREATE:
	case GFS_CLAUSE_MERGE:
	case GFS_CLAUSE_SET:
	case GFS_CLAUSE_REMOVE:
	case GFS_CLAUSE_DELETE:
	case GFS_CLAUSE_FOREACH:
		return true;
	default:
		return false;
	}
}

static bool reads(const struct gfs_ast_clause *clause)
{
	return clause->kind == GFS_CLAUSE_MATCH || clause->kind == GFS_CLAUSE_UNWIND || clause->kind == GFS_CLAUSE_LOAD_CSV;
}

static int composition(struct gfs_checker *c, const struct gfs_ast_clause *clause, const char *what)
{
	return GFS_CHECKER_FAIL(c, "InvalidClauseComposition", &clause->pos, "%s", what);
}

/* SHOW gives its own columns, or those of RETURN. */
static bool shows(const struct gfs_ast_part_query *part)
{
	return part->clauses[0].kind == GFS_CLAUSE_CALL && part->clauses[0].call.show;
}

static int check_last(struct gfs_checker *c, const struct gfs_ast_part_query *part)
{
	const struct gfs_ast_clause *last = &part->clauses[part->count - 1];
	if (gfs_clause_writes(last) || last->kind == GFS_CLAUSE_RETURN || last->kind == GFS_CLAUSE_FINISH ||
		last->kind == GFS_CLAUSE_SUBQUERY || c->reads_only || shows(part))
		return 0;
	if (last->kind == GFS_CLAUSE_CALL && (part->count == 1 || last->call.yield_count == 0))
		return 0;
	return composition(c, last, "a query ends with RETURN, with FINISH or with a clause that writes");
}

static int check_composition(struct gfs_checker *c, const struct gfs_ast_part_query *part)
{
	bool written = false;
	for (uint32_t i = 0; i < part->count; i++) {
		const struct gfs_ast_clause *clause = &part->clauses[i];
		bool ends = clause->kind == GFS_CLAUSE_RETURN || clause->kind == GFS_CLAUSE_FINISH;
		if (ends && i + 1 < part->count)
			return composition(c, clause + 1,
				clause->kind == GFS_CLAUSE_FINISH ? "FINISH is the last clause" : "RETURN is the last clause");
		if (c->reads_only && gfs_clause_writes(clause))
			return composition(c, clause, "EXISTS, COUNT and COLLECT cannot write");
		if (written && reads(clause))
			return composition(c, clause, "between a clause that writes and one that reads there must be a WITH");
		written = (written || gfs_clause_writes(clause)) && clause->kind != GFS_CLAUSE_WITH;
	}
	return check_last(c, part);
}

/* ---- queries ---- */

/* What RETURN gives, or the CALL or SHOW in front; others give nothing. */
static int set_columns(struct gfs_checker *c, struct gfs_ast_part_query *part, struct gfs_ast_query *query)
{
	const struct gfs_ast_clause *last = &part->clauses[part->count - 1];
	const struct gfs_ast_item *items = NULL;
	uint32_t count = 0;
	if (last->kind == GFS_CLAUSE_RETURN) {
		items = last->project.items;
		count = last->project.count;
	} else if (shows(part) || (last->kind == GFS_CLAUSE_CALL && last->call.standalone)) {
		items = part->clauses[0].call.yields;
		count = part->clauses[0].call.yield_count;
	}
	query->columns = gfs_checker_alloc(c, count * sizeof(struct gfs_symbol *));
	query->column_count = count;
	for (uint32_t i = 0; query->columns != NULL && i < count; i++)
		query->columns[i] = items[i].symbol;
	return query->columns == NULL ? GFS_ERR_NOMEM : 0;
}

/* The columns of a UNION hold what all parts give. */
static int join_columns(struct gfs_checker *c, struct gfs_ast_query *query, const struct gfs_ast_query *part,
	const struct gfs_query_pos *pos)
{
	bool same = query->column_count == part->column_count;
	for (uint32_t i = 0; same && i < part->column_count; i++)
		same = gfs_slice_equal(query->columns[i]->name, part->columns[i]->name);
	if (!same)
		return GFS_CHECKER_FAIL(c, "DifferentColumnsInUnion", pos,
			"the parts of a UNION return columns of the same names, in the same order");
	for (uint32_t i = 0; i < part->column_count; i++) {
		struct gfs_symbol *column = query->columns[i];
		if (column->type != part->columns[i]->type)
			column->type = GFS_SYMBOL_VALUE;
		if (column->value != part->columns[i]->value)
			column->value = GFS_DATUM_NULL;
		if (column->element != part->columns[i]->element)
			column->element = GFS_DATUM_NULL;
	}
	return 0;
}

/* Symbols that no part has. */
static int own_columns(struct gfs_checker *c, struct gfs_ast_query *query)
{
	for (uint32_t i = 0; i < query->column_count; i++) {
		struct gfs_symbol *symbol = gfs_checker_symbol(c, query->columns[i]->name, GFS_SYMBOL_VALUE);
		if (symbol == NULL)
			return c->error->err;
		symbol->type = query->columns[i]->type;
		symbol->value = query->columns[i]->value;
		symbol->element = query->columns[i]->element;
		query->columns[i] = symbol;
	}
	return 0;
}

static int check_clauses(struct gfs_checker *c, struct gfs_ast_part_query *part, bool alone)
{
	int err = check_composition(c, part);
	for (uint32_t i = 0; err == 0 && i < part->count; i++) {
		struct gfs_ast_clause *clause = &part->clauses[i];
		if (clause->kind == GFS_CLAUSE_CALL)
			err = gfs_check_procedure_call(c, clause, alone && part->count == 1);
		else if (clause->kind == GFS_CLAUSE_WITH || clause->kind == GFS_CLAUSE_RETURN)
			err = gfs_check_projection(c, &clause->project, clause, i == 0);
		else
			err = gfs_check_clause(c, clause);
		if (gfs_clause_writes(clause))
			c->writes = true;
	}
	return err;
}

/* In a scope of its own, which sees what c->scope sees. */
static int check_part(struct gfs_checker *c, struct gfs_ast_query *query, uint32_t i)
{
	struct gfs_scope *outer = c->scope;
	struct gfs_scope *scope = gfs_checker_alloc(c, sizeof *scope);
	if (scope == NULL)
		return c->error->err;
	scope->parent = outer;
	c->scope = scope;
	struct gfs_ast_part_query *part = &query->parts[i];
	bool alone = query->count == 1 && outer == NULL && c->imports == NULL;
	int err = check_clauses(c, part, alone);
	c->scope = outer;
	struct gfs_ast_query columns = { 0 };
	if (err == 0)
		err = set_columns(c, part, i == 0 ? query : &columns);
	if (err != 0 || query->count == 1)
		return err;
	return i == 0 ? own_columns(c, query) : join_columns(c, query, &columns, &part->clauses[0].pos);
}

int gfs_check_query(struct gfs_checker *c, struct gfs_ast_query *query)
{
	bool outer_writes = c->writes;
	c->writes = false;
	int err = 0;
	for (uint32_t i = 0; err == 0 && i < query->count; i++) {
		if (i > 1 && query->parts[i].union_all != query->parts[1].union_all)
			return composition(c, &query->parts[i].clauses[0], "UNION and UNION ALL cannot be mixed");
		err = check_part(c, query, i);
	}
	query->writes = c->writes;
	c->writes = c->writes || outer_writes;
	return err;
}

/* CALL { } IN TRANSACTIONS commits under way: nothing may have been changed then that could still fail. */
static int check_transactions(struct gfs_checker *c, const struct gfs_ast_query *query)
{
	const struct gfs_ast_clause *divided = NULL, *writes = NULL;
	for (uint32_t i = 0; i < query->count; i++)
		for (uint32_t k = 0; k < query->parts[i].count; k++) {
			const struct gfs_ast_clause *clause = &query->parts[i].clauses[k];
			if (clause->kind == GFS_CLAUSE_SUBQUERY && clause->subquery.in_transactions)
				divided = clause;
			else if (gfs_clause_writes(clause) ||
				(clause->kind == GFS_CLAUSE_SUBQUERY && clause->subquery.query->writes))
				writes = clause;
		}
	if (divided == NULL)
		return 0;
	if (query->count > 1)
		return composition(c, divided, "CALL { } IN TRANSACTIONS cannot be part of a UNION");
	if (writes != NULL)
		return composition(c, writes, "beside CALL { } IN TRANSACTIONS no other clause may write");
	return 0;
}

int gfs_check_statement(struct gfs_ast_statement *statement, const struct gfs_check_env *env, struct gfs_arena *arena,
	struct gfs_query_error *error)
{
	struct gfs_checker c = { .arena = arena, .error = error, .env = env, .statement = statement };
	int err;
	statement->symbol_count = 0;
	switch (statement->kind) {
	case GFS_STATEMENT_QUERY:
		err = gfs_check_query(&c, statement->query);
		return err != 0 ? err : check_transactions(&c, statement->query);
	case GFS_STATEMENT_TERMINATE:
		return gfs_check_expr(&c, statement->terminate);
	case GFS_STATEMENT_SCHEMA:
		break;
	}
	return 0;
}
