/* Literals, parameters, names, calls, subqueries. CASE: parser_case.c. */
#include "query/parser.h"

#include <assert.h>

static struct gfs_ast_expr *parse_literal(struct gfs_parser *p, struct gfs_datum value)
{
	struct gfs_ast_expr *expr = gfs_parser_node(p, GFS_AST_LITERAL);
	if (expr == NULL)
		return NULL;
	expr->literal = value;
	gfs_parser_advance(p);
	return gfs_parser_close(p, expr);
}

static struct gfs_ast_expr *parse_number(struct gfs_parser *p)
{
	struct gfs_datum value;
	struct gfs_slice text = gfs_token_text(&p->lexer, &p->token);
	if (gfs_number_value(text, false, &p->token.pos, &value, p->error) != 0)
		return NULL;
	return parse_literal(p, value);
}

static struct gfs_ast_expr *parse_string(struct gfs_parser *p)
{
	struct gfs_slice text = gfs_token_text(&p->lexer, &p->token);
	if (gfs_quoted_value(text, &p->token.pos, p->arena, &text, p->error) != 0)
		return NULL;
	return parse_literal(p, gfs_datum_string(text));
}

/* $name, $`name`, $0 */
struct gfs_ast_expr *gfs_parser_parameter(struct gfs_parser *p)
{
	struct gfs_ast_expr *expr = gfs_parser_node(p, GFS_AST_PARAMETER);
	if (expr == NULL)
		return NULL;
	gfs_parser_advance(p);
	if (gfs_parser_at(p, GFS_TOKEN_NUMBER)) {
		expr->name = gfs_token_text(&p->lexer, &p->token);
		gfs_parser_advance(p);
	} else if (gfs_parser_name(p, "a parameter's name after '$'", &expr->name) != 0) {
		return NULL;
	}
	return gfs_parser_close(p, expr);
}

static struct gfs_ast_expr *parse_variable(struct gfs_parser *p)
{
	struct gfs_ast_expr *expr = gfs_parser_node(p, GFS_AST_VARIABLE);
	if (expr == NULL || gfs_parser_name(p, "a name", &expr->name) != 0 || gfs_parser_close(p, expr) == NULL)
		return NULL;
	return gfs_parser_at(p, '{') ? gfs_parser_map_projection(p, expr) : expr;
}

/* ---- calls ---- */

/* name ( or name.name.name ( */
static bool call_ahead(const struct gfs_parser *p)
{
	if (p->next.kind != '.')
		return p->next.kind == '(';
	struct gfs_lexer lexer = p->lexer;
	struct gfs_token token = p->next;
	while (token.kind == '.') {
		token = gfs_lexer_next(&lexer);
		if (token.kind != GFS_TOKEN_NAME && token.kind != GFS_TOKEN_QUOTED)
			return false;
		token = gfs_lexer_next(&lexer);
	}
	return token.kind == '(';
}

static struct gfs_ast_expr *parse_call(struct gfs_parser *p)
{
	bool no_bar = p->no_bar;
	p->no_bar = false;
	struct gfs_ast_expr *expr = gfs_parser_node(p, GFS_AST_CALL);
	bool count = gfs_parser_at_word(p, GFS_WORD_COUNT) && p->next.kind == '(';
	if (expr == NULL || gfs_parser_dotted_name(p, "a function's name", &expr->name) != 0 ||
		gfs_parser_expect(p, '(', "'('") != 0)
		return NULL;
	if (count && gfs_parser_accept(p, '*')) {
		expr->kind = GFS_AST_COUNT_STAR;
		if (gfs_parser_expect(p, ')', "')' after count(*") != 0)
			return NULL;
	} else {
		expr->distinct = gfs_parser_accept_word(p, GFS_WORD_DISTINCT);
		if (gfs_parser_exprs(p, ')', &expr->args, &expr->arg_count) != 0)
			return NULL;
	}
	p->no_bar = no_bar;
	return gfs_parser_close(p, expr);
}

/* (a)-->(b), shortestPath((a)-[*]->(b)) */
static struct gfs_ast_expr *parse_pattern(struct gfs_parser *p)
{
	struct gfs_ast_expr *expr = gfs_parser_node(p, GFS_AST_PATTERN);
	if (expr == NULL)
		return NULL;
	expr->pattern = gfs_parser_alloc(p, sizeof *expr->pattern);
	if (expr->pattern == NULL)
		return NULL;
	expr->pattern->parts = gfs_parser_alloc(p, sizeof *expr->pattern->parts);
	expr->pattern->count = 1;
	if (expr->pattern->parts == NULL || gfs_parser_part(p, expr->pattern->parts) != 0)
		return NULL;
	return gfs_parser_close(p, expr);
}

static struct gfs_ast_expr *parse_parenthesised(struct gfs_parser *p)
{
	if (gfs_parser_pattern_ahead(p))
		return parse_pattern(p);
	bool no_bar = p->no_bar;
	struct gfs_query_pos pos = p->token.pos;
	p->no_bar = false;
	gfs_parser_advance(p);
	struct gfs_ast_expr *expr = gfs_parser_expr(p);
	if (expr == NULL || gfs_parser_expect(p, ')', "an operator or ')'") != 0)
		return NULL;
	p->no_bar = no_bar;
	expr->pos = pos;
	expr->parenthesised = true;
	expr->text = gfs_slice(p->lexer.text.data + pos.offset, p->last_end - pos.offset);
	return expr;
}

/* ---- EXISTS { }, COUNT { }, COLLECT { } ---- */

/* A pattern alone stands for MATCH pattern [WHERE]. */
static struct gfs_ast_query *parse_bare_pattern(struct gfs_parser *p)
{
	struct gfs_ast_query *query = gfs_parser_alloc(p, sizeof *query);
	struct gfs_ast_part_query *part = query == NULL ? NULL : gfs_parser_alloc(p, sizeof *part);
	struct gfs_ast_clause *match = part == NULL ? NULL : gfs_parser_alloc(p, sizeof *match);
	if (match == NULL)
		return NULL;
	*query = (struct gfs_ast_query){ .parts = part, .count = 1 };
	*part = (struct gfs_ast_part_query){ .clauses = match, .count = 1 };
	match->kind = GFS_CLAUSE_MATCH;
	match->pos = p->token.pos;
	if (gfs_parser_pattern(p, &match->match.pattern) != 0)
		return NULL;
	if (gfs_parser_accept_word(p, GFS_WORD_WHERE)) {
		match->match.where = gfs_parser_expr(p);
		if (match->match.where == NULL)
			return NULL;
	}
	return query;
}

struct gfs_ast_expr *gfs_parser_subquery(struct gfs_parser *p, enum gfs_ast_kind kind)
{
	bool inside = p->inside_case, no_bar = p->no_bar;
	p->inside_case = p->no_bar = false;
	struct gfs_ast_expr *expr = gfs_parser_node(p, kind);
	if (expr == NULL || gfs_parser_enter(p) != 0)
		return NULL;
	gfs_parser_advance(p);
	gfs_parser_advance(p);
	bool clause = gfs_parser_at_clause(p) && p->next.kind != '=';
	expr->subquery = clause ? gfs_parser_query(p) : parse_bare_pattern(p);
	gfs_parser_leave(p);
	if (expr->subquery == NULL || gfs_parser_expect(p, '}', "a clause or '}'") != 0)
		return NULL;
	p->inside_case = inside;
	p->no_bar = no_bar;
	return gfs_parser_close(p, expr);
}

/* ---- by the first word ---- */

static struct gfs_ast_expr *parse_special_call(struct gfs_parser *p, bool *ret_special)
{
	*ret_special = true;
	switch (p->token.keyword) {
	case GFS_WORD_ALL:
		return gfs_parser_quantifier(p, GFS_AST_ALL);
	case GFS_WORD_ANY:
		return gfs_parser_quantifier(p, GFS_AST_ANY);
	case GFS_WORD_NONE:
		return gfs_parser_quantifier(p, GFS_AST_NONE);
	case GFS_WORD_SINGLE:
		return gfs_parser_quantifier(p, GFS_AST_SINGLE);
	case GFS_WORD_FILTER:
	case GFS_WORD_EXTRACT:
		return gfs_parser_quantifier(p, GFS_AST_LIST_COMPREHENSION);
	case GFS_WORD_REDUCE:
		return gfs_parser_reduce(p);
	case GFS_WORD_SHORTESTPATH:
	case GFS_WORD_ALLSHORTESTPATHS:
		return parse_pattern(p);
	default:
		*ret_special = false;
		return NULL;
	}
}

static struct gfs_ast_expr *parse_named(struct gfs_parser *p)
{
	enum gfs_keyword word = p->token.keyword;
	if (p->next.kind == '(') {
		bool special;
		struct gfs_ast_expr *expr = parse_special_call(p, &special);
		if (special)
			return expr;
	}
	if (p->next.kind == '{') {
		if (word == GFS_WORD_EXISTS)
			return gfs_parser_subquery(p, GFS_AST_EXISTS);
		if (word == GFS_WORD_COUNT)
			return gfs_parser_subquery(p, GFS_AST_COUNT);
		if (word == GFS_WORD_COLLECT)
			return gfs_parser_subquery(p, GFS_AST_COLLECT);
	}
	if (call_ahead(p))
		return parse_call(p);
	bool ends = gfs_keyword_reserved(word) || (word == GFS_WORD_END && p->inside_case);
	if (ends) {
		(void)gfs_parser_unexpected(p, "an expression"); /* NULL says so */
		return NULL;
	}
	return parse_variable(p);
}

static struct gfs_ast_expr *parse_word(struct gfs_parser *p)
{
	switch (p->token.keyword) {
	case GFS_WORD_NULL:
		return parse_literal(p, gfs_datum_null());
	case GFS_WORD_TRUE:
	case GFS_WORD_FALSE:
		return parse_literal(p, gfs_datum_boolean(p->token.keyword == GFS_WORD_TRUE));
	case GFS_WORD_CASE:
		return gfs_parser_case(p);
	default:
		return parse_named(p);
	}
}

struct gfs_ast_expr *gfs_parser_atom(struct gfs_parser *p)
{
	switch (p->token.kind) {
	case GFS_TOKEN_NUMBER:
		return parse_number(p);
	case GFS_TOKEN_STRING:
		return parse_string(p);
	case GFS_TOKEN_NAME:
	case GFS_TOKEN_QUOTED:
		return parse_word(p);
	case '$':
		return gfs_parser_parameter(p);
	case '[':
		return gfs_parser_list(p);
	case '{':
		return gfs_parser_map(p);
	case '(':
		return parse_parenthesised(p);
	default:
		(void)gfs_parser_unexpected(p, "an expression"); /* NULL says so */
		return NULL;
	}
}
