/* Queries: clauses that read and project, UNION. */
#include "query/parser.h"

#include <assert.h>

/* ---- MATCH ---- */

int gfs_parser_where(struct gfs_parser *p, struct gfs_ast_expr **ret_expr)
{
	if (!gfs_parser_accept_word(p, GFS_WORD_WHERE))
		return 0;
	*ret_expr = gfs_parser_expr(p);
	return *ret_expr == NULL ? p->error->err : 0;
}

static struct gfs_ast_hint *new_hint(struct gfs_parser *p, int kind, struct gfs_ast_hint ***tail)
{
	struct gfs_ast_hint *hint = gfs_parser_alloc(p, sizeof *hint);
	if (hint == NULL)
		return NULL;
	hint->kind = kind;
	hint->pos = p->token.pos;
	**tail = hint;
	*tail = &hint->next;
	return hint;
}

/* JOIN ON a, b */
static int parse_join_hint(struct gfs_parser *p, struct gfs_ast_hint ***tail)
{
	int err = gfs_parser_expect_word(p, GFS_WORD_ON, "ON");
	do {
		struct gfs_ast_hint *hint = err == 0 ? new_hint(p, GFS_HINT_JOIN, tail) : NULL;
		if (hint == NULL)
			return p->error->err;
		err = gfs_parser_name(p, "a variable", &hint->variable);
	} while (err == 0 && gfs_parser_accept(p, ','));
	return err;
}

/* [SEEK] n:Label(key, ...) or n:Label */
static int parse_label_hint(struct gfs_parser *p, int kind, struct gfs_ast_hint ***tail)
{
	(void)gfs_parser_accept_word(p, GFS_WORD_SEEK); /* may be there or not */
	struct gfs_ast_hint *hint = new_hint(p, kind, tail);
	int err = hint == NULL ? p->error->err : gfs_parser_name(p, "a variable", &hint->variable);
	if (err == 0)
		err = gfs_parser_expect(p, ':', "':'");
	if (err == 0)
		err = gfs_parser_name(p, "a label", &hint->label);
	if (err != 0 || kind == GFS_HINT_SCAN)
		return err;
	err = gfs_parser_expect(p, '(', "'(' and property keys");
	do {
		struct gfs_slice *key = err == 0 ? gfs_parser_push(p, &hint->keys, &hint->key_count, sizeof *key) : NULL;
		if (key == NULL)
			return p->error->err;
		err = gfs_parser_name(p, "a property key", key);
	} while (err == 0 && gfs_parser_accept(p, ','));
	return err != 0 ? err : gfs_parser_expect(p, ')', "',' or ')'");
}

static int parse_hints(struct gfs_parser *p, struct gfs_ast_hint **ret_hints)
{
	struct gfs_ast_hint **tail = ret_hints;
	int err = 0;
	while (err == 0 && gfs_parser_accept_word(p, GFS_WORD_USING)) {
		if (gfs_parser_accept_word(p, GFS_WORD_JOIN)) {
			err = parse_join_hint(p, &tail);
		} else if (gfs_parser_accept_word(p, GFS_WORD_SCAN)) {
			err = parse_label_hint(p, GFS_HINT_SCAN, &tail);
		} else {
			if (!gfs_parser_accept_word(p, GFS_WORD_RANGE) && !gfs_parser_accept_word(p, GFS_WORD_TEXT))
				(void)gfs_parser_accept_word(p, GFS_WORD_POINT); /* kinds of index are all one to us */
			err = gfs_parser_expect_word(p, GFS_WORD_INDEX, "INDEX, SCAN or JOIN");
			if (err == 0)
				err = parse_label_hint(p, GFS_HINT_INDEX, &tail);
		}
	}
	return err;
}

static int parse_match(struct gfs_parser *p, struct gfs_ast_clause *clause)
{
	clause->kind = GFS_CLAUSE_MATCH;
	clause->match.optional = gfs_parser_accept_word(p, GFS_WORD_OPTIONAL);
	int err = gfs_parser_expect_word(p, GFS_WORD_MATCH, "MATCH");
	if (err == 0)
		err = gfs_parser_pattern(p, &clause->match.pattern);
	if (err == 0)
		err = parse_hints(p, &clause->match.hints);
	return err != 0 ? err : gfs_parser_where(p, &clause->match.where);
}

/* ---- UNWIND, LOAD CSV ---- */

static int parse_unwind(struct gfs_parser *p, struct gfs_ast_clause *clause)
{
	clause->kind = GFS_CLAUSE_UNWIND;
	gfs_parser_advance(p);
	clause->unwind.list = gfs_parser_expr(p);
	if (clause->unwind.list == NULL)
		return p->error->err;
	int err = gfs_parser_expect_word(p, GFS_WORD_AS, "an operator or AS");
	return err != 0 ? err : gfs_parser_name(p, "a variable", &clause->unwind.variable);
}

/* LOAD CSV [WITH HEADERS] FROM url AS row [FIELDTERMINATOR ';'] */
static int parse_load_csv(struct gfs_parser *p, struct gfs_ast_clause *clause)
{
	clause->kind = GFS_CLAUSE_LOAD_CSV;
	gfs_parser_advance(p);
	int err = gfs_parser_expect_word(p, GFS_WORD_CSV, "CSV");
	if (err == 0 && gfs_parser_accept_word(p, GFS_WORD_WITH)) {
		clause->load_csv.headers = true;
		err = gfs_parser_expect_word(p, GFS_WORD_HEADERS, "HEADERS");
	}
	if (err == 0)
		err = gfs_parser_expect_word(p, GFS_WORD_FROM, "FROM");
	if (err != 0)
		return err;
	clause->load_csv.url = gfs_parser_expr(p);
	if (clause->load_csv.url == NULL)
		return p->error->err;
	err = gfs_parser_expect_word(p, GFS_WORD_AS, "AS");
	if (err == 0)
		err = gfs_parser_name(p, "a variable", &clause->load_csv.variable);
	if (err != 0 || !gfs_parser_accept_word(p, GFS_WORD_FIELDTERMINATOR))
		return err;
	clause->load_csv.separator = gfs_parser_expr(p);
	return clause->load_csv.separator == NULL ? p->error->err : 0;
}

/* ---- RETURN, WITH ---- */

int gfs_parser_items(struct gfs_parser *p, struct gfs_ast_item **items, uint32_t *count)
{
	do {
		struct gfs_ast_item *item = gfs_parser_push(p, items, count, sizeof *item);
		if (item == NULL)
			return p->error->err;
		item->expr = gfs_parser_expr(p);
		if (item->expr == NULL)
			return p->error->err;
		item->name = item->expr->kind == GFS_AST_VARIABLE ? item->expr->name : item->expr->text;
		if (gfs_parser_accept_word(p, GFS_WORD_AS)) {
			item->aliased = true;
			int err = gfs_parser_name(p, "a name after AS", &item->name);
			if (err != 0)
				return err;
		}
	} while (gfs_parser_accept(p, ','));
	return 0;
}

static bool accept_descending(struct gfs_parser *p)
{
	if (gfs_parser_accept_word(p, GFS_WORD_DESC) || gfs_parser_accept_word(p, GFS_WORD_DESCENDING))
		return true;
	if (!gfs_parser_accept_word(p, GFS_WORD_ASC))
		(void)gfs_parser_accept_word(p, GFS_WORD_ASCENDING); /* is what it is without */
	return false;
}

static int parse_sort_items(struct gfs_parser *p, struct gfs_ast_projection *project)
{
	if (!gfs_parser_accept_word(p, GFS_WORD_ORDER))
		return 0;
	int err = gfs_parser_expect_word(p, GFS_WORD_BY, "BY after ORDER");
	if (err != 0)
		return err;
	do {
		struct gfs_ast_item *item = gfs_parser_push(p, &project->order, &project->order_count, sizeof *item);
		if (item == NULL)
			return p->error->err;
		item->expr = gfs_parser_expr(p);
		if (item->expr == NULL)
			return p->error->err;
		item->descending = accept_descending(p);
	} while (gfs_parser_accept(p, ','));
	return 0;
}

static int parse_amount(struct gfs_parser *p, enum gfs_keyword word, struct gfs_ast_expr **ret_expr)
{
	if (!gfs_parser_accept_word(p, word))
		return 0;
	*ret_expr = gfs_parser_expr(p);
	return *ret_expr == NULL ? p->error->err : 0;
}

int gfs_parser_order(struct gfs_parser *p, struct gfs_ast_projection *project)
{
	int err = parse_sort_items(p, project);
	if (err == 0)
		err = parse_amount(p, GFS_WORD_SKIP, &project->skip);
	return err != 0 ? err : parse_amount(p, GFS_WORD_LIMIT, &project->limit);
}

static int parse_projection(struct gfs_parser *p, struct gfs_ast_projection *project)
{
	int err = 0;
	gfs_parser_advance(p);
	project->distinct = gfs_parser_accept_word(p, GFS_WORD_DISTINCT);
	project->star = gfs_parser_accept(p, '*');
	if (!project->star || gfs_parser_accept(p, ','))
		err = gfs_parser_items(p, &project->items, &project->count);
	return err != 0 ? err : gfs_parser_order(p, project);
}

static int parse_with(struct gfs_parser *p, struct gfs_ast_clause *clause)
{
	clause->kind = GFS_CLAUSE_WITH;
	int err = parse_projection(p, &clause->project);
	return err != 0 ? err : gfs_parser_where(p, &clause->project.where);
}

static int parse_return(struct gfs_parser *p, struct gfs_ast_clause *clause)
{
	clause->kind = GFS_CLAUSE_RETURN;
	return parse_projection(p, &clause->project);
}

/* ---- clauses by their first word ---- */

bool gfs_parser_at_clause(const struct gfs_parser *p)
{
	switch (p->token.keyword) {
	case GFS_WORD_MATCH:
	case GFS_WORD_OPTIONAL:
	case GFS_WORD_WITH:
	case GFS_WORD_RETURN:
	case GFS_WORD_UNWIND:
	case GFS_WORD_CREATE:
	case GFS_WORD_MERGE:
	case GFS_WORD_SET:
	case GFS_WORD_REMOVE:
	case GFS_WORD_DELETE:
	case GFS_WORD_DETACH:
	case GFS_WORD_FOREACH:
	case GFS_WORD_CALL:
	case GFS_WORD_LOAD:
	case GFS_WORD_FINISH:
	case GFS_WORD_NODETACH:
		return true;
	default:
		return false;
	}
}

int gfs_parser_clause(struct gfs_parser *p, struct gfs_ast_clause *clause)
{
	clause->pos = p->token.pos;
	switch (p->token.keyword) {
	case GFS_WORD_MATCH:
	case GFS_WORD_OPTIONAL:
		return parse_match(p, clause);
	case GFS_WORD_WITH:
		return parse_with(p, clause);
	case GFS_WORD_RETURN:
		return parse_return(p, clause);
	case GFS_WORD_UNWIND:
		return parse_unwind(p, clause);
	case GFS_WORD_CALL:
		return gfs_parser_call(p, clause);
	case GFS_WORD_LOAD:
		return parse_load_csv(p, clause);
	case GFS_WORD_FINISH:
		clause->kind = GFS_CLAUSE_FINISH;
		gfs_parser_advance(p);
		return 0;
	default:
		return gfs_parser_update(p, clause);
	}
}

static int parse_part_query(struct gfs_parser *p, struct gfs_ast_part_query *part)
{
	if (!gfs_parser_at_clause(p))
		return gfs_parser_unexpected(p, "a clause: MATCH, CREATE, RETURN, ...");
	while (gfs_parser_at_clause(p)) {
		struct gfs_ast_clause *clause = gfs_parser_push(p, &part->clauses, &part->count, sizeof *clause);
		int err = clause == NULL ? p->error->err : gfs_parser_clause(p, clause);
		if (err != 0)
			return err;
	}
	return 0;
}

struct gfs_ast_query *gfs_parser_query(struct gfs_parser *p)
{
	struct gfs_ast_query *query = gfs_parser_alloc(p, sizeof *query);
	if (query == NULL || gfs_parser_enter(p) != 0)
		return NULL;
	bool all = false;
	do {
		struct gfs_ast_part_query *part = gfs_parser_push(p, &query->parts, &query->count, sizeof *part);
		if (part == NULL)
			return NULL;
		part->union_all = all;
		if (parse_part_query(p, part) != 0)
			return NULL;
		if (!gfs_parser_accept_word(p, GFS_WORD_UNION))
			break;
		all = gfs_parser_accept_word(p, GFS_WORD_ALL);
		if (!all)
			(void)gfs_parser_accept_word(p, GFS_WORD_DISTINCT); /* is what it is without */
	} while (true);
	gfs_parser_leave(p);
	return query;
}
