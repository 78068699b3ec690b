#include "query/lexer.h"

#include "base/checked.h"
#include "base/utf8.h"

#include <assert.h>
#include <strings.h>

static const struct {
	const char *name;
	bool reserved;
} keywords[] = { { "", false },
#define X(name, reserved) { #name, reserved },
	GFS_KEYWORDS(X)
#undef X
};
enum { KEYWORD_COUNT = sizeof keywords / sizeof keywords[0], KEYWORD_BYTES_MIN = 2, KEYWORD_BYTES_MAX = 16 };

bool gfs_keyword_reserved(enum gfs_keyword keyword)
{
	return keywords[keyword].reserved;
}

static uint8_t upper(uint8_t c)
{
	return c >= 'a' && c <= 'z' ? (uint8_t)(c - 'a' + 'A') : c;
}

/* The table is in order of name. */
enum gfs_keyword gfs_keyword_find(struct gfs_slice word)
{
	char name[KEYWORD_BYTES_MAX + 1];
	if (word.size < KEYWORD_BYTES_MIN || word.size > KEYWORD_BYTES_MAX)
		return GFS_NO_WORD;
	for (size_t i = 0; i < word.size; i++)
		name[i] = (char)upper(word.data[i]);
	name[word.size] = '\0';
	size_t low = 1, high = KEYWORD_COUNT;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, keywords[middle].name);
		if (order == 0)
			return (enum gfs_keyword)middle;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return GFS_NO_WORD;
}

struct gfs_lexer gfs_lexer(struct gfs_slice text)
{
	return (struct gfs_lexer){ .text = text, .at = { .offset = 0, .line = 1, .column = 1 } };
}

static uint8_t byte_at(const struct gfs_lexer *lexer, size_t ahead)
{
	size_t at = lexer->at.offset + ahead;
	return at < lexer->text.size ? lexer->text.data[at] : 0;
}

static bool at_end(const struct gfs_lexer *lexer)
{
	return lexer->at.offset >= lexer->text.size;
}

/* Past one byte of a character; continuation bytes are no columns, and a line ends after its '\n'. */
static void step(struct gfs_lexer *lexer)
{
	assert(!at_end(lexer));
	uint8_t c = lexer->text.data[lexer->at.offset++];
	if (c == '\n') {
		lexer->at.line++;
		lexer->at.column = 1;
	} else if ((byte_at(lexer, 0) & 0xC0) != 0x80 || at_end(lexer)) {
		lexer->at.column++;
	}
}

static void steps(struct gfs_lexer *lexer, size_t count)
{
	while (count-- > 0)
		step(lexer);
}

static size_t point_at(const struct gfs_lexer *lexer, uint32_t *ret_point)
{
	*ret_point = 0;
	if (at_end(lexer))
		return 0;
	return gfs_utf8_next(lexer->text.data + lexer->at.offset, lexer->text.size - lexer->at.offset, ret_point);
}

static bool is_space(uint32_t c)
{
	return c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F) || c == 0xA0 || c == 0x1680 ||
		c == 0x180E || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
		c == 0x3000 || c == 0xFEFF;
}

static bool is_digit(uint32_t c)
{
	return c >= '0' && c <= '9';
}

/* Dashes and arrow heads that openCypher takes for - < > in patterns. */
static int pattern_mark(uint32_t c)
{
	static const uint32_t dashes[] = { 0xAD, 0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212, 0xFE58, 0xFE63,
		0xFF0D };
	static const uint32_t lefts[] = { 0x27E8, 0x3008, 0xFE64, 0xFF1C };
	static const uint32_t rights[] = { 0x27E9, 0x3009, 0xFE65, 0xFF1E };
	for (size_t i = 0; i < sizeof dashes / sizeof dashes[0]; i++) {
		if (c == dashes[i])
			return GFS_TOKEN_DASH;
	}
	for (size_t i = 0; i < sizeof lefts / sizeof lefts[0]; i++) {
		if (c == lefts[i] || c == rights[i])
			return c == lefts[i] ? GFS_TOKEN_LEFT : GFS_TOKEN_RIGHT;
	}
	return 0;
}

/* Above ASCII all but blanks, punctuation and the marks of patterns may stand in names. */
static bool is_name_start(uint32_t c)
{
	if (c < 0x80)
		return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
	if (is_space(c) || pattern_mark(c) != 0)
		return false;
	return c >= 0xAA && !(c >= 0xAB && c <= 0xB4) && !(c >= 0xB6 && c <= 0xB9) && !(c >= 0xBB && c <= 0xBF) &&
		c != 0xD7 && c != 0xF7 && !(c >= 0x2000 && c <= 0x203E) && !(c >= 0x2041 && c <= 0x2070) &&
		!(c >= 0x2190 && c <= 0x2BFF) && !(c >= 0x3001 && c <= 0x3004) && c < 0xFFF0 + 0x10000u * 16;
}

static bool is_name_part(uint32_t c)
{
	return is_name_start(c) || is_digit(c) || c == 0xB7 || (c >= 0x300 && c <= 0x36F);
}

static bool is_ascii_part(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

static void skip_name(struct gfs_lexer *lexer)
{
	for (;;) {
		for (; is_ascii_part(byte_at(lexer, 0)); lexer->at.offset++)
			lexer->at.column++;
		if (byte_at(lexer, 0) < 0x80)
			return;
		uint32_t c;
		size_t size = point_at(lexer, &c);
		if (size == 0 || !is_name_part(c))
			return;
		steps(lexer, size);
	}
}

static bool skip_comment(struct gfs_lexer *lexer)
{
	if (byte_at(lexer, 0) != '/')
		return false;
	if (byte_at(lexer, 1) == '/') {
		while (!at_end(lexer) && byte_at(lexer, 0) != '\n' && byte_at(lexer, 0) != '\r')
			step(lexer);
		return true;
	}
	if (byte_at(lexer, 1) != '*')
		return false;
	struct gfs_lexer start = *lexer;
	steps(lexer, 2);
	while (!at_end(lexer) && !(byte_at(lexer, 0) == '*' && byte_at(lexer, 1) == '/'))
		step(lexer);
	if (at_end(lexer)) {
		*lexer = start; /* without end: '/' is told of */
		return false;
	}
	steps(lexer, 2);
	return true;
}

static void skip_blanks(struct gfs_lexer *lexer)
{
	for (;;) {
		uint32_t c;
		size_t size = point_at(lexer, &c);
		if (size != 0 && is_space(c))
			steps(lexer, size);
		else if (!skip_comment(lexer))
			return;
	}
}

/* Digits, letters after them, a fraction and an exponent's sign: all that a person means as one number, right or wrong. */
static void skip_number(struct gfs_lexer *lexer)
{
	bool radix = byte_at(lexer, 0) == '0' && (upper(byte_at(lexer, 1)) == 'X' || upper(byte_at(lexer, 1)) == 'O');
	skip_name(lexer);
	uint8_t last = upper(lexer->text.data[lexer->at.offset - 1]);
	if (!radix && byte_at(lexer, 0) == '.' && is_digit(byte_at(lexer, 1))) {
		step(lexer);
		skip_name(lexer);
		last = upper(lexer->text.data[lexer->at.offset - 1]);
	}
	if (!radix && last == 'E' && (byte_at(lexer, 0) == '-' || byte_at(lexer, 0) == '+') &&
		is_digit(byte_at(lexer, 1))) {
		step(lexer);
		skip_name(lexer);
	}
}

/* Past a quoted text. A doubled backtick is one; a backslash takes the next character with it, in strings. */
static bool skip_quoted(struct gfs_lexer *lexer, uint8_t quote)
{
	step(lexer);
	while (!at_end(lexer)) {
		uint8_t c = byte_at(lexer, 0);
		step(lexer);
		if (c == '\\' && quote != '`' && !at_end(lexer))
			step(lexer);
		else if (c == quote && quote == '`' && byte_at(lexer, 0) == '`')
			step(lexer);
		else if (c == quote)
			return true;
	}
	return false;
}

static int mark(struct gfs_lexer *lexer)
{
	static const struct {
		char text[3];
		int kind;
	} pairs[] = {
		{ "<>", GFS_TOKEN_NE },
		{ "<=", GFS_TOKEN_LE },
		{ ">=", GFS_TOKEN_GE },
		{ "=~", GFS_TOKEN_MATCHES },
		{ "+=", GFS_TOKEN_PLUS_SET },
		{ "..", GFS_TOKEN_DOTS },
		{ "||", GFS_TOKEN_CONCAT },
	};
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		if (byte_at(lexer, 0) == (uint8_t)pairs[i].text[0] && byte_at(lexer, 1) == (uint8_t)pairs[i].text[1]) {
			steps(lexer, 2);
			return pairs[i].kind;
		}
	}
	uint8_t c = byte_at(lexer, 0);
	if (c == 0 || strchr("()[]{}<>=+-*/%^.,:;|&!$", c) == NULL)
		return 0;
	step(lexer);
	return c;
}

static void read_bad(struct gfs_lexer *lexer, struct gfs_token *token)
{
	uint32_t c;
	size_t size = point_at(lexer, &c);
	token->kind = GFS_TOKEN_BAD;
	token->detail = size != 0 && c >= 0x80 ? "InvalidUnicodeCharacter" : "UnexpectedSyntax";
	token->problem = "this character means nothing here";
	if (size == 0)
		token->problem = "the text is not valid UTF-8";
	else if (c == '/')
		token->problem = "the comment has no end";
	steps(lexer, GFS_MAX(size, (size_t)1));
}

static void read_quoted(struct gfs_lexer *lexer, struct gfs_token *token)
{
	uint8_t quote = byte_at(lexer, 0);
	token->kind = quote == '`' ? GFS_TOKEN_QUOTED : GFS_TOKEN_STRING;
	if (!skip_quoted(lexer, quote)) {
		token->kind = GFS_TOKEN_BAD;
		token->detail = "UnexpectedSyntax";
		token->problem = quote == '`' ? "the name has no closing `" : "the string has no closing quote";
	}
}

static void read_token(struct gfs_lexer *lexer, struct gfs_token *token)
{
	uint32_t c;
	size_t size = point_at(lexer, &c);
	if (size != 0 && is_name_start(c)) {
		skip_name(lexer);
		token->kind = GFS_TOKEN_NAME;
		size_t bytes = lexer->at.offset - token->pos.offset;
		token->keyword = gfs_keyword_find(gfs_slice(lexer->text.data + token->pos.offset, bytes));
	} else if (is_digit(c) || (c == '.' && is_digit(byte_at(lexer, 1)))) {
		token->kind = GFS_TOKEN_NUMBER;
		if (c == '.')
			step(lexer);
		skip_number(lexer);
	} else if (c == '\'' || c == '"' || c == '`') {
		read_quoted(lexer, token);
	} else if (size != 0 && pattern_mark(c) != 0) {
		token->kind = pattern_mark(c);
		steps(lexer, size);
	} else if (c == '/' && byte_at(lexer, 1) == '*') {
		read_bad(lexer, token);
	} else {
		token->kind = mark(lexer);
		if (token->kind == 0)
			read_bad(lexer, token);
	}
}

struct gfs_token gfs_lexer_next(struct gfs_lexer *lexer)
{
	skip_blanks(lexer);
	struct gfs_token token = { .kind = GFS_TOKEN_END, .pos = lexer->at };
	if (!at_end(lexer))
		read_token(lexer, &token);
	token.size = lexer->at.offset - token.pos.offset;
	return token;
}
