#include "query/parser.h"

#include "base/checked.h"
#include "base/utf8.h"

#include <assert.h>
#include <stdio.h>

/* ---- words ---- */

void gfs_parser_advance(struct gfs_parser *p)
{
	p->last_end = p->token.pos.offset + p->token.size;
	p->token = p->next;
	p->next = gfs_lexer_next(&p->lexer);
}

bool gfs_parser_accept(struct gfs_parser *p, int kind)
{
	if (p->token.kind != kind)
		return false;
	gfs_parser_advance(p);
	return true;
}

bool gfs_parser_accept_word(struct gfs_parser *p, enum gfs_keyword word)
{
	if (p->token.keyword != word)
		return false;
	gfs_parser_advance(p);
	return true;
}

int gfs_parser_unexpected_detail(struct gfs_parser *p, const char *detail, const char *what)
{
	const struct gfs_token *token = &p->token;
	if (token->kind == GFS_TOKEN_BAD)
		return gfs_query_fail(p->error, GFS_QUERY_SYNTAX_ERROR, GFS_QUERY_COMPILE, token->detail, &token->pos,
			"%s; expected %s", token->problem, what);
	if (token->kind == GFS_TOKEN_END)
		return gfs_query_fail(p->error, GFS_QUERY_SYNTAX_ERROR, GFS_QUERY_COMPILE, detail, &token->pos,
			"expected %s, but the statement ends", what);
	if (token->kind == GFS_TOKEN_DASH)
		detail = "InvalidUnicodeCharacter";
	struct gfs_slice text = gfs_token_text(&p->lexer, token);
	const char *hint = token->kind == '!' && p->next.kind == '=' ? " (not equal is <>)" : "";
	return gfs_query_fail(p->error, GFS_QUERY_SYNTAX_ERROR, GFS_QUERY_COMPILE, detail, &token->pos,
		"expected %s, not '%.*s'%s", what, (int)GFS_MIN(text.size, (size_t)60), (const char *)text.data, hint);
}

int gfs_parser_unexpected(struct gfs_parser *p, const char *what)
{
	return gfs_parser_unexpected_detail(p, "UnexpectedSyntax", what);
}

int gfs_parser_expect(struct gfs_parser *p, int kind, const char *what)
{
	return gfs_parser_accept(p, kind) ? 0 : gfs_parser_unexpected(p, what);
}

int gfs_parser_expect_word(struct gfs_parser *p, enum gfs_keyword word, const char *what)
{
	return gfs_parser_accept_word(p, word) ? 0 : gfs_parser_unexpected(p, what);
}

bool gfs_parser_at_name(const struct gfs_parser *p)
{
	return p->token.kind == GFS_TOKEN_NAME || p->token.kind == GFS_TOKEN_QUOTED;
}

int gfs_parser_key(struct gfs_parser *p, const char *what, struct gfs_slice *ret_key)
{
	if (!gfs_parser_at_name(p))
		return gfs_parser_unexpected(p, what);
	struct gfs_slice name = gfs_token_text(&p->lexer, &p->token);
	if (p->token.kind == GFS_TOKEN_QUOTED) {
		int err = gfs_quoted_value(name, &p->token.pos, p->arena, &name, p->error);
		if (err != 0)
			return err;
	}
	gfs_parser_advance(p);
	*ret_key = name;
	return 0;
}

int gfs_parser_name(struct gfs_parser *p, const char *what, struct gfs_slice *ret_name)
{
	if (gfs_parser_at(p, GFS_TOKEN_QUOTED) && p->token.size == 2)
		return gfs_parser_unexpected(p, what);
	return gfs_parser_key(p, what, ret_name);
}

/* The parts and dots without blanks or backticks between them. */
int gfs_parser_dotted_name(struct gfs_parser *p, const char *what, struct gfs_slice *ret_name)
{
	struct gfs_slice name = gfs_slice("", 0), part = name;
	int err = gfs_parser_name(p, what, &name);
	if (err != 0)
		return err;
	while (gfs_parser_accept(p, '.')) {
		err = gfs_parser_name(p, what, &part);
		if (err != 0)
			return err;
		uint8_t *joined = gfs_parser_alloc(p, name.size + 1 + part.size);
		if (joined == NULL)
			return p->error->err;
		memcpy(joined, name.data, name.size);
		joined[name.size] = '.';
		memcpy(joined + name.size + 1, part.data, part.size);
		name = gfs_slice(joined, name.size + 1 + part.size);
	}
	*ret_name = name;
	return 0;
}

/* ---- memory and depth ---- */

void *gfs_parser_alloc(struct gfs_parser *p, size_t size)
{
	void *object = gfs_arena_alloc(p->arena, size);
	if (object == NULL)
		(void)gfs_query_fail_store(p->error, GFS_ERR_NOMEM); /* NULL says so */
	else
		memset(object, 0, size);
	return object;
}

/* Capacities are powers of two, so the count alone tells when they are used up. */
void *gfs_parser_push(struct gfs_parser *p, void *items_pointer, uint32_t *count, size_t size)
{
	uint8_t *items;
	memcpy(&items, items_pointer, sizeof items);
	if ((*count & (*count - 1)) == 0) {
		size_t capacity = *count == 0 ? 1 : (size_t)*count * 2;
		uint8_t *grown = gfs_parser_alloc(p, capacity * size);
		if (grown == NULL)
			return NULL;
		if (*count != 0)
			memcpy(grown, items, *count * size);
		memcpy(items_pointer, &grown, sizeof grown);
		items = grown;
	}
	return items + (*count)++ * size;
}

int gfs_parser_enter(struct gfs_parser *p)
{
	if (p->depth >= GFS_QUERY_DEPTH_MAX)
		return gfs_query_fail(p->error, GFS_QUERY_LIMIT_ERROR, GFS_QUERY_COMPILE, "TooDeep", &p->token.pos,
			"nested deeper than %u", GFS_QUERY_DEPTH_MAX);
	p->depth++;
	return 0;
}

void gfs_parser_leave(struct gfs_parser *p)
{
	assert(p->depth > 0);
	p->depth--;
}

/* ---- statements ---- */

/* CYPHER [5] [cache=off ...] */
static int parse_options(struct gfs_parser *p, struct gfs_ast_statement *statement)
{
	(void)gfs_parser_accept(p, GFS_TOKEN_NUMBER); /* a version: there is one */
	while (p->token.kind == GFS_TOKEN_NAME && p->next.kind == '=') {
		struct gfs_slice name = gfs_token_text(&p->lexer, &p->token);
		if (!gfs_slice_equal(name, gfs_slice_text("cache")))
			return gfs_parser_unexpected(p, "the option cache");
		gfs_parser_advance(p);
		gfs_parser_advance(p);
		struct gfs_slice value = gfs_token_text(&p->lexer, &p->token);
		bool off = gfs_slice_equal(value, gfs_slice_text("off"));
		if (!off && !gfs_slice_equal(value, gfs_slice_text("on")))
			return gfs_parser_unexpected(p, "on or off");
		statement->cache_off = off;
		gfs_parser_advance(p);
	}
	return 0;
}

static int parse_prefixes(struct gfs_parser *p, struct gfs_ast_statement *statement)
{
	for (;;) {
		if (gfs_parser_accept_word(p, GFS_WORD_EXPLAIN)) {
			statement->mode = GFS_MODE_EXPLAIN;
		} else if (gfs_parser_accept_word(p, GFS_WORD_PROFILE)) {
			statement->mode = GFS_MODE_PROFILE;
		} else if (gfs_parser_accept_word(p, GFS_WORD_CYPHER)) {
			int err = parse_options(p, statement);
			if (err != 0)
				return err;
		} else {
			return 0;
		}
	}
}

static int parse_statement(struct gfs_parser *p, struct gfs_ast_statement *statement)
{
	bool command;
	int err = parse_prefixes(p, statement);
	if (err == 0)
		err = gfs_parser_command(p, statement, &command);
	if (err == 0 && !command) {
		statement->kind = GFS_STATEMENT_QUERY;
		statement->query = gfs_parser_query(p);
		err = statement->query == NULL ? p->error->err : 0;
	}
	if (err != 0)
		return err;
	(void)gfs_parser_accept(p, ';'); /* may be there or not */
	return p->token.kind == GFS_TOKEN_END ? 0 : gfs_parser_unexpected(p, "a clause or the end of the statement");
}

int gfs_parse(struct gfs_slice text, struct gfs_arena *arena, struct gfs_ast_statement **ret_statement,
	struct gfs_query_error *error)
{
	if (text.size > GFS_QUERY_TEXT_BYTES_MAX)
		return gfs_query_fail(error, GFS_QUERY_LIMIT_ERROR, GFS_QUERY_COMPILE, "TooLong", NULL,
			"the statement has more than %u bytes", GFS_QUERY_TEXT_BYTES_MAX);
	if (!gfs_utf8_valid(text.data, text.size))
		return gfs_query_fail(error, GFS_QUERY_SYNTAX_ERROR, GFS_QUERY_COMPILE, "InvalidUnicodeCharacter", NULL,
			"the statement is not valid UTF-8");
	struct gfs_parser p = { .lexer = gfs_lexer(text), .arena = arena, .error = error };
	p.token = gfs_lexer_next(&p.lexer);
	p.next = gfs_lexer_next(&p.lexer);
	struct gfs_ast_statement *statement = gfs_parser_alloc(&p, sizeof *statement);
	if (statement == NULL)
		return error->err;
	statement->text = text;
	int err = parse_statement(&p, statement);
	if (err != 0)
		return err;
	*ret_statement = statement;
	return 0;
}
