/* CALL procedure and CALL { subquery }. */
#include "query/parser.h"

/* ---- procedures ---- */

static int parse_yield_item(struct gfs_parser *p, struct gfs_ast_item *item)
{
	item->expr = gfs_parser_node(p, GFS_AST_VARIABLE);
	if (item->expr == NULL)
		return p->error->err;
	int err = gfs_parser_name(p, "a result's name", &item->expr->name);
	if (err != 0)
		return err;
	if (gfs_parser_close(p, item->expr) == NULL)
		return p->error->err;
	item->name = item->expr->name;
	item->aliased = gfs_parser_accept_word(p, GFS_WORD_AS);
	return item->aliased ? gfs_parser_name(p, "a name after AS", &item->name) : 0;
}

int gfs_parser_yield(struct gfs_parser *p, struct gfs_ast_clause *clause)
{
	if (!gfs_parser_accept_word(p, GFS_WORD_YIELD))
		return 0;
	clause->call.has_yield = true;
	if (gfs_parser_accept(p, '-'))
		return 0;
	clause->call.yield_star = gfs_parser_accept(p, '*');
	if (clause->call.yield_star)
		return 0;
	do {
		struct gfs_ast_item *item = gfs_parser_push(p, &clause->call.yields, &clause->call.yield_count, sizeof *item);
		int err = item == NULL ? p->error->err : parse_yield_item(p, item);
		if (err != 0)
			return err;
	} while (gfs_parser_accept(p, ','));
	return 0;
}

static int parse_procedure(struct gfs_parser *p, struct gfs_ast_clause *clause)
{
	clause->kind = GFS_CLAUSE_CALL;
	int err = gfs_parser_dotted_name(p, "a procedure's name, '(' or '{'", &clause->call.name);
	if (err != 0)
		return err;
	if (gfs_parser_accept(p, '(')) {
		clause->call.has_args = true;
		err = gfs_parser_exprs(p, ')', &clause->call.args, &clause->call.arg_count);
	}
	if (err == 0)
		err = gfs_parser_yield(p, clause);
	return err != 0 || !clause->call.has_yield ? err : gfs_parser_where(p, &clause->call.where);
}

/* ---- subqueries ---- */

/* CALL (a, b) { ... } is CALL { WITH a, b ... }, in each part of a UNION. */
static int import(struct gfs_parser *p, struct gfs_ast_query *query, const struct gfs_ast_projection *names)
{
	for (uint32_t i = 0; i < query->count; i++) {
		struct gfs_ast_part_query *part = &query->parts[i];
		struct gfs_ast_clause *clauses = gfs_parser_alloc(p, (part->count + 1) * sizeof *clauses);
		if (clauses == NULL)
			return p->error->err;
		memcpy(clauses + 1, part->clauses, part->count * sizeof *clauses);
		clauses[0].kind = GFS_CLAUSE_WITH;
		clauses[0].pos = part->clauses[0].pos;
		clauses[0].project = *names;
		part->clauses = clauses;
		part->count++;
	}
	return 0;
}

/* (), (*) or (a, b) */
static int parse_imports(struct gfs_parser *p, struct gfs_ast_projection *names)
{
	gfs_parser_advance(p);
	names->star = gfs_parser_accept(p, '*');
	if (names->star || gfs_parser_at(p, ')'))
		return gfs_parser_expect(p, ')', "')'");
	do {
		struct gfs_ast_item *item = gfs_parser_push(p, &names->items, &names->count, sizeof *item);
		if (item == NULL)
			return p->error->err;
		item->expr = gfs_parser_node(p, GFS_AST_VARIABLE);
		if (item->expr == NULL)
			return p->error->err;
		int err = gfs_parser_name(p, "a variable", &item->expr->name);
		if (err != 0)
			return err;
		item->name = item->expr->name;
		if (gfs_parser_close(p, item->expr) == NULL)
			return p->error->err;
	} while (gfs_parser_accept(p, ','));
	return gfs_parser_expect(p, ')', "',' or ')'");
}

/* OF n ROWS */
static int parse_rows(struct gfs_parser *p, struct gfs_ast_clause *clause)
{
	if (clause->subquery.in_transactions_of != NULL)
		return gfs_parser_unexpected(p, "OF once");
	gfs_parser_advance(p);
	clause->subquery.in_transactions_of = gfs_parser_expr(p);
	if (clause->subquery.in_transactions_of == NULL)
		return p->error->err;
	return gfs_parser_accept_word(p, GFS_WORD_ROW) ? 0 : gfs_parser_expect_word(p, GFS_WORD_ROWS, "ROWS");
}

/* ON ERROR CONTINUE, BREAK or FAIL */
static int parse_on_error(struct gfs_parser *p, struct gfs_ast_clause *clause)
{
	gfs_parser_advance(p);
	int err = gfs_parser_expect_word(p, GFS_WORD_ERROR, "ERROR");
	if (err != 0)
		return err;
	if (gfs_parser_accept_word(p, GFS_WORD_CONTINUE))
		clause->subquery.on_error = GFS_ON_ERROR_CONTINUE;
	else if (gfs_parser_accept_word(p, GFS_WORD_BREAK))
		clause->subquery.on_error = GFS_ON_ERROR_BREAK;
	else
		err = gfs_parser_expect_word(p, GFS_WORD_FAIL, "CONTINUE, BREAK or FAIL");
	return err;
}

/* REPORT STATUS AS s */
static int parse_report(struct gfs_parser *p, struct gfs_ast_clause *clause)
{
	gfs_parser_advance(p);
	int err = gfs_parser_expect_word(p, GFS_WORD_STATUS, "STATUS");
	if (err == 0)
		err = gfs_parser_expect_word(p, GFS_WORD_AS, "AS");
	return err != 0 ? err : gfs_parser_name(p, "a variable", &clause->subquery.status);
}

/* IN TRANSACTIONS, and then in any order: OF n ROWS, ON ERROR what, REPORT STATUS AS s. */
static int parse_transactions(struct gfs_parser *p, struct gfs_ast_clause *clause)
{
	if (!gfs_parser_accept_word(p, GFS_WORD_IN))
		return 0;
	clause->subquery.in_transactions = true;
	int err = gfs_parser_expect_word(p, GFS_WORD_TRANSACTIONS, "TRANSACTIONS");
	while (err == 0) {
		if (gfs_parser_at_word(p, GFS_WORD_OF))
			err = parse_rows(p, clause);
		else if (gfs_parser_at_word(p, GFS_WORD_ON))
			err = parse_on_error(p, clause);
		else if (gfs_parser_at_word(p, GFS_WORD_REPORT))
			err = parse_report(p, clause);
		else
			break;
	}
	return err;
}

static int parse_subquery(struct gfs_parser *p, struct gfs_ast_clause *clause)
{
	clause->kind = GFS_CLAUSE_SUBQUERY;
	struct gfs_ast_projection names = { 0 };
	int err = gfs_parser_at(p, '(') ? parse_imports(p, &names) : 0;
	if (err == 0)
		err = gfs_parser_expect(p, '{', "'{'");
	if (err != 0)
		return err;
	clause->subquery.query = gfs_parser_query(p);
	if (clause->subquery.query == NULL)
		return p->error->err;
	if (names.star || names.count > 0)
		err = import(p, clause->subquery.query, &names);
	if (err == 0)
		err = gfs_parser_expect(p, '}', "a clause or '}'");
	return err != 0 ? err : parse_transactions(p, clause);
}

int gfs_parser_call(struct gfs_parser *p, struct gfs_ast_clause *clause)
{
	gfs_parser_advance(p);
	if (gfs_parser_at(p, '{') || gfs_parser_at(p, '('))
		return parse_subquery(p, clause);
	return parse_procedure(p, clause);
}
