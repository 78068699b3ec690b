/* The words of a statement. The lexer never fails: what it cannot read is a BAD token, and the parser tells of it when it gets there. */
#ifndef GFS_QUERY_LEXER_H
#define GFS_QUERY_LEXER_H

#include "base/arena.h"
#include "query/datum.h"
#include "query/error.h"

/* X(name, reserved): words with a meaning. A reserved one is no variable (unless in backticks); labels, types, keys and functions may have any name. */
#define GFS_KEYWORDS(X)                                                                                                \
	X(ALL, false)                                                                                                      \
	X(ALLSHORTESTPATHS, false)                                                                                         \
	X(AND, true)                                                                                                       \
	X(ANY, false)                                                                                                      \
	X(AS, true)                                                                                                        \
	X(ASC, false)                                                                                                      \
	X(ASCENDING, false)                                                                                                \
	X(ASSERT, false)                                                                                                   \
	X(BREAK, false)                                                                                                    \
	X(BTREE, false)                                                                                                    \
	X(BY, true)                                                                                                        \
	X(CALL, false)                                                                                                     \
	X(CASE, true)                                                                                                      \
	X(COLLECT, false)                                                                                                  \
	X(CONSTRAINT, false)                                                                                               \
	X(CONSTRAINTS, false)                                                                                              \
	X(CONTAINS, true)                                                                                                  \
	X(CONTINUE, false)                                                                                                 \
	X(COUNT, false)                                                                                                    \
	X(CREATE, true)                                                                                                    \
	X(CSV, false)                                                                                                      \
	X(CYPHER, false)                                                                                                   \
	X(DELETE, true)                                                                                                    \
	X(DESC, false)                                                                                                     \
	X(DESCENDING, false)                                                                                               \
	X(DETACH, true)                                                                                                    \
	X(DISTINCT, true)                                                                                                  \
	X(DROP, false)                                                                                                     \
	X(EACH, false)                                                                                                     \
	X(ELSE, true)                                                                                                      \
	X(END, false)                                                                                                      \
	X(ENDS, true)                                                                                                      \
	X(ERROR, false)                                                                                                    \
	X(EXISTS, false)                                                                                                   \
	X(EXPLAIN, false)                                                                                                  \
	X(EXTRACT, false)                                                                                                  \
	X(FAIL, false)                                                                                                     \
	X(FALSE, true)                                                                                                     \
	X(FIELDTERMINATOR, false)                                                                                          \
	X(FILTER, false)                                                                                                   \
	X(FINISH, false)                                                                                                   \
	X(FOR, false)                                                                                                      \
	X(FOREACH, false)                                                                                                  \
	X(FROM, false)                                                                                                     \
	X(FULLTEXT, false)                                                                                                 \
	X(FUNCTION, false)                                                                                                 \
	X(FUNCTIONS, false)                                                                                                \
	X(GROUP, false)                                                                                                    \
	X(GROUPS, false)                                                                                                   \
	X(HEADERS, false)                                                                                                  \
	X(IF, false)                                                                                                       \
	X(IN, true)                                                                                                        \
	X(INDEX, false)                                                                                                    \
	X(INDEXES, false)                                                                                                  \
	X(IS, true)                                                                                                        \
	X(JOIN, false)                                                                                                     \
	X(KEY, false)                                                                                                      \
	X(LIMIT, true)                                                                                                     \
	X(LOAD, false)                                                                                                     \
	X(LOOKUP, false)                                                                                                   \
	X(MATCH, true)                                                                                                     \
	X(MERGE, true)                                                                                                     \
	X(NODE, false)                                                                                                     \
	X(NODETACH, false)                                                                                                 \
	X(NONE, false)                                                                                                     \
	X(NOT, true)                                                                                                       \
	X(NULL, true)                                                                                                      \
	X(OF, false)                                                                                                       \
	X(ON, false)                                                                                                       \
	X(OPTIONAL, true)                                                                                                  \
	X(OPTIONS, false)                                                                                                  \
	X(OR, true)                                                                                                        \
	X(ORDER, true)                                                                                                     \
	X(PATH, false)                                                                                                     \
	X(PATHS, false)                                                                                                    \
	X(POINT, false)                                                                                                    \
	X(PROCEDURE, false)                                                                                                \
	X(PROCEDURES, false)                                                                                               \
	X(PROFILE, false)                                                                                                  \
	X(QUERIES, false)                                                                                                  \
	X(QUERY, false)                                                                                                    \
	X(RANGE, false)                                                                                                    \
	X(REDUCE, false)                                                                                                   \
	X(RELATIONSHIP, false)                                                                                             \
	X(REMOVE, true)                                                                                                    \
	X(REPORT, false)                                                                                                   \
	X(REQUIRE, false)                                                                                                  \
	X(RETURN, true)                                                                                                    \
	X(ROW, false)                                                                                                      \
	X(ROWS, false)                                                                                                     \
	X(SCAN, false)                                                                                                     \
	X(SEEK, false)                                                                                                     \
	X(SET, true)                                                                                                       \
	X(SHORTEST, false)                                                                                                 \
	X(SHORTESTPATH, false)                                                                                             \
	X(SHOW, false)                                                                                                     \
	X(SINGLE, false)                                                                                                   \
	X(SKIP, true)                                                                                                      \
	X(STARTS, true)                                                                                                    \
	X(STATUS, false)                                                                                                   \
	X(TERMINATE, false)                                                                                                \
	X(TEXT, false)                                                                                                     \
	X(THEN, true)                                                                                                      \
	X(TRANSACTION, false)                                                                                              \
	X(TRANSACTIONS, false)                                                                                             \
	X(TRUE, true)                                                                                                      \
	X(TYPED, false)                                                                                                    \
	X(UNION, true)                                                                                                     \
	X(UNIQUE, false)                                                                                                   \
	X(UNWIND, true)                                                                                                    \
	X(USING, false)                                                                                                    \
	X(WHEN, true)                                                                                                      \
	X(WHERE, true)                                                                                                     \
	X(WITH, true)                                                                                                      \
	X(XOR, true)                                                                                                       \
	X(YIELD, false)

enum gfs_keyword {
	GFS_NO_WORD,
#define X(name, reserved) GFS_WORD_##name,
	GFS_KEYWORDS(X)
#undef X
};

/* A punctuation mark of one character is its own kind: '(', '+'. Arrows are not tokens: `a<-1` compares. */
enum gfs_token_kind {
	GFS_TOKEN_END = 0,
	GFS_TOKEN_NAME = 256,
	GFS_TOKEN_QUOTED, /* `a name` */
	GFS_TOKEN_NUMBER,
	GFS_TOKEN_STRING,
	GFS_TOKEN_NE,       /* <> */
	GFS_TOKEN_LE,       /* <= */
	GFS_TOKEN_GE,       /* >= */
	GFS_TOKEN_MATCHES,  /* =~ */
	GFS_TOKEN_PLUS_SET, /* += */
	GFS_TOKEN_DOTS,     /* .. */
	GFS_TOKEN_CONCAT,   /* || */
	GFS_TOKEN_DASH,     /* one of Unicode's, taken in patterns only */
	GFS_TOKEN_LEFT,     /* one of Unicode's arrow heads */
	GFS_TOKEN_RIGHT,
	GFS_TOKEN_BAD, /* `problem` and `detail` say why */
};

struct gfs_token {
	int kind;
	enum gfs_keyword keyword; /* of a NAME */
	struct gfs_query_pos pos;
	uint32_t size;                /* bytes */
	const char *problem, *detail; /* of a BAD one: for a person, and openCypher's */
};

struct gfs_lexer {
	struct gfs_slice text;
	struct gfs_query_pos at;
};

struct gfs_lexer gfs_lexer(struct gfs_slice text);
/* END again and again at the end. A copy of the lexer looks ahead. */
struct gfs_token gfs_lexer_next(struct gfs_lexer *lexer);

static inline struct gfs_slice gfs_token_text(const struct gfs_lexer *lexer, const struct gfs_token *token)
{
	return gfs_slice(lexer->text.data + token->pos.offset, token->size);
}

bool gfs_keyword_reserved(enum gfs_keyword keyword);
/* The keyword that `word` is, in any case. */
enum gfs_keyword gfs_keyword_find(struct gfs_slice word);

/* ---- what literals mean (lexer_literal.c) ---- */

/* `text` is a NUMBER token's, with '-' in front if `negative`. Details InvalidNumberLiteral, IntegerOverflow, FloatingPointOverflow. */
int gfs_number_value(struct gfs_slice text, bool negative, const struct gfs_query_pos *pos, struct gfs_datum *ret_value,
	struct gfs_query_error *error) GFS_CHECK;
/* `text` is a STRING or QUOTED token's, quotes included. The result is in `arena`, or in the text itself when nothing was escaped. */
int gfs_quoted_value(struct gfs_slice text, const struct gfs_query_pos *pos, struct gfs_arena *arena,
	struct gfs_slice *ret_value, struct gfs_query_error *error) GFS_CHECK;

#endif
