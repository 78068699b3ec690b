#include "query/normalize.h"

#include "query/ast_walk.h"
#include "query/lexer.h"

#include <stdio.h>

/* ---- the text ---- */

/* Where the lexer is in the statement. A literal is lifted where it is the whole value of a map's key or the whole right side of a comparison, in a clause
 * that gives no names to columns: what RETURN and WITH show is named after their text. */
struct place {
	unsigned int depth;      /* of brackets */
	unsigned int quiet;      /* depth + 1 of the RETURN or WITH that we are in; 0: in none */
	bool in_map;             /* the last word was a ':' behind a name in braces */
	int before, before_that; /* kinds of the last two words */
};

static void note_clause(struct place *place, enum gfs_keyword word)
{
	bool outermost = place->quiet == 0 || place->depth + 1 <= place->quiet;
	switch (word) {
	case GFS_WORD_RETURN:
	case GFS_WORD_WITH:
	case GFS_WORD_UNWIND:
	case GFS_WORD_CALL:
	case GFS_WORD_FOREACH:
	case GFS_WORD_LOAD:
	case GFS_WORD_ORDER:
		if (outermost)
			place->quiet = place->depth + 1;
		break;
	case GFS_WORD_MATCH:
	case GFS_WORD_CREATE:
	case GFS_WORD_MERGE:
	case GFS_WORD_SET:
		if (outermost)
			place->quiet = 0;
		break;
	default:
		break;
	}
}

static bool starts_value(const struct place *place)
{
	switch (place->before) {
	case '=':
	case '<':
	case '>':
	case GFS_TOKEN_NE:
	case GFS_TOKEN_LE:
	case GFS_TOKEN_GE:
		return true;
	case ':':
		return place->before_that == GFS_TOKEN_NAME || place->before_that == GFS_TOKEN_QUOTED;
	default:
		return false;
	}
}

static bool ends_value(const struct gfs_token *next)
{
	switch (next->kind) {
	case GFS_TOKEN_END:
	case ',':
	case '}':
	case ')':
	case ';':
		return true;
	case GFS_TOKEN_NAME:
		return next->keyword != GFS_NO_WORD && next->keyword != GFS_WORD_IN && next->keyword != GFS_WORD_STARTS &&
			next->keyword != GFS_WORD_ENDS && next->keyword != GFS_WORD_CONTAINS && next->keyword != GFS_WORD_IS;
	default:
		return false;
	}
}

static bool read_value(
	const struct gfs_lexer *lexer, const struct gfs_token *token, struct gfs_arena *arena, struct gfs_datum *ret_value)
{
	struct gfs_query_error error = { 0 };
	struct gfs_slice text = gfs_token_text(lexer, token), unquoted;
	if (token->kind == GFS_TOKEN_NUMBER)
		return gfs_number_value(text, false, &token->pos, ret_value, &error) == 0;
	if (gfs_quoted_value(text, &token->pos, arena, &unquoted, &error) != 0)
		return false;
	*ret_value = gfs_datum_string(unquoted);
	return true;
}

static bool lift(struct gfs_normal *normal, const struct gfs_lexer *lexer, const struct gfs_token *token,
	const struct place *place, struct gfs_arena *arena)
{
	struct gfs_lexer ahead = *lexer;
	if ((token->kind != GFS_TOKEN_NUMBER && token->kind != GFS_TOKEN_STRING) || place->quiet != 0 ||
		!starts_value(place) || normal->count == GFS_LIFTED_MAX)
		return false;
	if (normal->lifted == NULL)
		normal->lifted = gfs_arena_alloc(arena, GFS_LIFTED_MAX * sizeof *normal->lifted);
	if (normal->lifted == NULL)
		return false;
	const struct gfs_token next = gfs_lexer_next(&ahead);
	struct gfs_lifted *lifted = &normal->lifted[normal->count];
	if (!ends_value(&next) || !read_value(lexer, token, arena, &lifted->value))
		return false;
	lifted->offset = token->pos.offset;
	normal->count++;
	return true;
}

static void pass(struct place *place, const struct gfs_token *token)
{
	if (token->kind == '(' || token->kind == '[' || token->kind == '{')
		place->depth++;
	if ((token->kind == ')' || token->kind == ']' || token->kind == '}') && place->depth > 0)
		place->depth--;
	if (place->quiet > place->depth + 1)
		place->quiet = 0; /* the brackets that it stood in have been closed */
	if (token->kind == GFS_TOKEN_NAME && place->before != '.' && place->before != ':')
		note_clause(place, token->keyword);
	place->before_that = place->before;
	place->before = token->kind;
}

/* Blanks and comments are part of what a column without a name of its own is called. */
static void put_gap(struct gfs_normal *normal, struct gfs_slice text, const struct place *place, size_t from, size_t to)
{
	if (place->quiet != 0)
		gfs_buf_append(&normal->text, text.data + from, to - from);
}

/* False: the text cannot be read. */
static bool normalize(struct gfs_slice text, struct gfs_arena *arena, struct gfs_normal *ret_normal)
{
	struct gfs_lexer lexer = gfs_lexer(text);
	struct place place = { 0 };
	size_t end = 0; /* of the last word */
	for (;;) {
		const struct gfs_token token = gfs_lexer_next(&lexer);
		if (token.kind == GFS_TOKEN_END || token.kind == GFS_TOKEN_BAD)
			return token.kind == GFS_TOKEN_END;
		put_gap(ret_normal, text, &place, end, token.pos.offset);
		end = token.pos.offset + token.size;
		/* The type is part of the form: the check looks at it. */
		if (lift(ret_normal, &lexer, &token, &place, arena))
			gfs_buf_append_u8(&ret_normal->text, ret_normal->lifted[ret_normal->count - 1].value.type);
		else
			gfs_buf_append(&ret_normal->text, gfs_token_text(&lexer, &token).data, token.size);
		gfs_buf_append_u8(&ret_normal->text, ' ');
		pass(&place, &token);
	}
}

bool gfs_normalize(struct gfs_slice text, struct gfs_arena *arena, struct gfs_normal *ret_normal)
{
	*ret_normal = (struct gfs_normal){ .text = GFS_BUF_INIT };
	if (!normalize(text, arena, ret_normal) || gfs_buf_failed(&ret_normal->text) != 0)
		ret_normal->count = 0;
	return ret_normal->count != 0;
}

struct gfs_query_pos gfs_normal_place(struct gfs_slice from, struct gfs_slice to, struct gfs_query_pos pos)
{
	struct gfs_lexer there = gfs_lexer(from), here = gfs_lexer(to);
	if (gfs_slice_equal(from, to))
		return pos;
	for (;;) {
		const struct gfs_token known = gfs_lexer_next(&there), same = gfs_lexer_next(&here);
		if (known.kind == GFS_TOKEN_END || known.pos.offset + known.size > pos.offset)
			return same.pos;
	}
}

void gfs_normal_release(struct gfs_normal *normal)
{
	gfs_buf_release(&normal->text);
}

/* ---- the tree ---- */

struct lifting {
	const struct gfs_normal *normal;
	struct gfs_arena *arena;
	int err;
};

static bool lift_expr(void *context, const struct gfs_ast_expr *expr)
{
	struct lifting *lifting = context;
	char name[16];
	if (expr->kind != GFS_AST_LITERAL)
		return true;
	for (uint32_t i = 0; i < lifting->normal->count; i++) {
		if (lifting->normal->lifted[i].offset != expr->pos.offset)
			continue;
		/* The statement is still being made: nobody else has it. */
		struct gfs_ast_expr *changed = (struct gfs_ast_expr *)(uintptr_t)expr;
		int size = snprintf(name, sizeof name, GFS_LIFTED_PREFIX "%u", i);
		changed->name = gfs_arena_copy(lifting->arena, gfs_slice(name, (size_t)size));
		if (changed->name.data == NULL)
			lifting->err = GFS_ERR_NOMEM;
		changed->kind = GFS_AST_PARAMETER;
		return true;
	}
	return true;
}

int gfs_normal_lift(const struct gfs_normal *normal, struct gfs_ast_statement *statement, struct gfs_arena *arena)
{
	struct lifting lifting = { normal, arena, 0 };
	const struct gfs_ast_walker walker = { .expr = lift_expr, .context = &lifting };
	gfs_ast_walk_query(&walker, statement->query);
	return lifting.err;
}
