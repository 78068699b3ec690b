/* SHOW what [YIELD columns [ORDER BY ...] [SKIP n] [LIMIT n] [WHERE ...] [RETURN ...]], SHOW what WHERE ...: a query whose first clause makes the rows, as a
 * CALL does. What follows YIELD is WITH * and RETURN. */
#include "query/parser.h"

#include "base/checked.h"

static const struct {
	enum gfs_keyword one, many;
	const char *name; /* of what makes the rows: gfs_procedure_show */
} shown[] = {
	{ GFS_WORD_INDEX, GFS_WORD_INDEXES, "SHOW INDEXES" },
	{ GFS_WORD_CONSTRAINT, GFS_WORD_CONSTRAINTS, "SHOW CONSTRAINTS" },
	{ GFS_WORD_FUNCTION, GFS_WORD_FUNCTIONS, "SHOW FUNCTIONS" },
	{ GFS_WORD_PROCEDURE, GFS_WORD_PROCEDURES, "SHOW PROCEDURES" },
	{ GFS_WORD_QUERY, GFS_WORD_QUERIES, "SHOW QUERIES" },
	{ GFS_WORD_TRANSACTION, GFS_WORD_TRANSACTIONS, "SHOW TRANSACTIONS" },
};

static int parse_what(struct gfs_parser *p, struct gfs_slice *ret_name)
{
	for (size_t i = 0; i < GFS_COUNT(shown); i++) {
		if (!gfs_parser_accept_word(p, shown[i].one) && !gfs_parser_accept_word(p, shown[i].many))
			continue;
		*ret_name = gfs_slice_text(shown[i].name);
		return 0;
	}
	return gfs_parser_unexpected(p, "INDEXES, CONSTRAINTS, FUNCTIONS, PROCEDURES, QUERIES or TRANSACTIONS");
}

static struct gfs_ast_clause *add_clause(struct gfs_parser *p, struct gfs_ast_part_query *part)
{
	struct gfs_ast_clause *clause = gfs_parser_push(p, &part->clauses, &part->count, sizeof *clause);
	if (clause != NULL)
		clause->pos = p->token.pos;
	return clause;
}

static bool at_with(const struct gfs_parser *p)
{
	return gfs_parser_at_word(p, GFS_WORD_ORDER) || gfs_parser_at_word(p, GFS_WORD_SKIP) ||
		gfs_parser_at_word(p, GFS_WORD_LIMIT) || gfs_parser_at_word(p, GFS_WORD_WHERE);
}

/* What may stand behind YIELD. */
static int parse_rest(struct gfs_parser *p, struct gfs_ast_part_query *part)
{
	if (at_with(p)) {
		struct gfs_ast_clause *with = add_clause(p, part);
		if (with == NULL)
			return p->error->err;
		with->kind = GFS_CLAUSE_WITH;
		with->project.star = true;
		int err = gfs_parser_order(p, &with->project);
		if (err == 0)
			err = gfs_parser_where(p, &with->project.where);
		if (err != 0)
			return err;
	}
	if (!gfs_parser_at_word(p, GFS_WORD_RETURN))
		return 0;
	struct gfs_ast_clause *clause = add_clause(p, part);
	return clause == NULL ? p->error->err : gfs_parser_clause(p, clause);
}

int gfs_parser_show(struct gfs_parser *p, struct gfs_ast_statement *statement)
{
	struct gfs_ast_query *query = gfs_parser_alloc(p, sizeof *query);
	struct gfs_ast_part_query *part = query == NULL ? NULL : gfs_parser_alloc(p, sizeof *part);
	struct gfs_ast_clause *clause = part == NULL ? NULL : add_clause(p, part);
	if (clause == NULL)
		return p->error->err;
	query->parts = part;
	query->count = 1;
	statement->kind = GFS_STATEMENT_QUERY;
	statement->query = query;
	clause->kind = GFS_CLAUSE_CALL;
	clause->call.show = clause->call.has_args = true;
	gfs_parser_advance(p);
	(void)gfs_parser_accept_word(p, GFS_WORD_ALL); /* is what it is without */
	int err = parse_what(p, &clause->call.name);
	if (err == 0)
		err = gfs_parser_yield(p, clause);
	if (err != 0)
		return err;
	return clause->call.has_yield ? parse_rest(p, part) : gfs_parser_where(p, &clause->call.where);
}
