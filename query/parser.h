/* What the files of the parser share: the words at hand, and how it fails. Recursive descent; operators by precedence climbing.
 *
 * Every gfs_parser_* that gives a pointer gives NULL on failure, every one that gives an int a code; `error` is filled then. */
#ifndef GFS_QUERY_PARSER_H
#define GFS_QUERY_PARSER_H

#include "query/ast.h"
#include "query/lexer.h"
#include "query/limits.h"

struct gfs_parser {
	struct gfs_lexer lexer; /* behind `next` */
	struct gfs_token token, next;
	uint32_t last_end; /* where the word before `token` ended */
	uint32_t depth;
	bool no_bar;      /* '|' ends the expression: a comprehension's own */
	bool inside_case; /* END ends the expression */
	struct gfs_arena *arena;
	struct gfs_query_error *error;
};

/* ---- words (parser.c) ---- */

void gfs_parser_advance(struct gfs_parser *p);
static inline bool gfs_parser_at(const struct gfs_parser *p, int kind)
{
	return p->token.kind == kind;
}
static inline bool gfs_parser_at_word(const struct gfs_parser *p, enum gfs_keyword word)
{
	return p->token.keyword == word;
}
/* Takes the token if it is at hand. */
bool gfs_parser_accept(struct gfs_parser *p, int kind);
bool gfs_parser_accept_word(struct gfs_parser *p, enum gfs_keyword word);
/* Takes it or fails; `what` names it: "')' after the arguments". */
int gfs_parser_expect(struct gfs_parser *p, int kind, const char *what) GFS_CHECK;
int gfs_parser_expect_word(struct gfs_parser *p, enum gfs_keyword word, const char *what) GFS_CHECK;
/* Fails: `what` was expected here. The second has a detail of its own, unless the lexer knows better. */
int gfs_parser_unexpected(struct gfs_parser *p, const char *what);
int gfs_parser_unexpected_detail(struct gfs_parser *p, const char *detail, const char *what);
bool gfs_parser_at_name(const struct gfs_parser *p);
/* Any name, keywords too; `what`: "a label". */
int gfs_parser_name(struct gfs_parser *p, const char *what, struct gfs_slice *ret_name) GFS_CHECK;
/* The same; `` is one, too: of a map's entry or a property. */
int gfs_parser_key(struct gfs_parser *p, const char *what, struct gfs_slice *ret_key) GFS_CHECK;
/* name.name.name */
int gfs_parser_dotted_name(struct gfs_parser *p, const char *what, struct gfs_slice *ret_name) GFS_CHECK;

/* ---- memory and depth ---- */

/* Zeroed. */
void *gfs_parser_alloc(struct gfs_parser *p, size_t size);
/* Grows *items by one zeroed item and returns it; what they point at stays valid, they themselves move. */
void *gfs_parser_push(struct gfs_parser *p, void *items_pointer, uint32_t *count, size_t size);
/* Each nested construct enters and leaves. */
int gfs_parser_enter(struct gfs_parser *p) GFS_CHECK;
void gfs_parser_leave(struct gfs_parser *p);

/* ---- expressions (parser_expr.c, parser_atom.c, parser_list.c, parser_case.c, parser_type.c) ---- */

struct gfs_ast_expr *gfs_parser_expr(struct gfs_parser *p);
/* Something with properties and indexes behind it, no operators and no labels: what SET sets. */
struct gfs_ast_expr *gfs_parser_target(struct gfs_parser *p);
struct gfs_ast_expr *gfs_parser_atom(struct gfs_parser *p);
struct gfs_ast_expr *gfs_parser_map(struct gfs_parser *p);
struct gfs_ast_expr *gfs_parser_map_projection(struct gfs_parser *p, struct gfs_ast_expr *of);
/* At '[': a list or a comprehension of a list or a pattern. */
struct gfs_ast_expr *gfs_parser_list(struct gfs_parser *p);
/* At the '(' of all(x IN list WHERE ...) and its kin; `kind` says which. */
struct gfs_ast_expr *gfs_parser_quantifier(struct gfs_parser *p, enum gfs_ast_kind kind);
struct gfs_ast_expr *gfs_parser_reduce(struct gfs_parser *p);
struct gfs_ast_expr *gfs_parser_case(struct gfs_parser *p);
/* At a comparison or test that wants a left side? Then what it is with that one. */
bool gfs_parser_at_test(const struct gfs_parser *p);
struct gfs_ast_expr *gfs_parser_comparison_of(struct gfs_parser *p, struct gfs_ast_expr *left);
/* `count` (1 or more) joined by an associative operator, in a tree as low as can be. */
struct gfs_ast_expr *gfs_parser_balanced(
	struct gfs_parser *p, enum gfs_ast_op op, struct gfs_ast_expr **items, uint32_t count);
struct gfs_ast_expr *gfs_parser_subquery(struct gfs_parser *p, enum gfs_ast_kind kind);
struct gfs_ast_expr *gfs_parser_parameter(struct gfs_parser *p);
/* x IS [NOT] has been read: at TYPED or "::", with a type behind it? */
bool gfs_parser_at_type_test(const struct gfs_parser *p);
struct gfs_ast_expr *gfs_parser_type_test(struct gfs_parser *p, struct gfs_ast_expr *of, bool negated);
/* Expressions with ',' between them, up to `closing`, which is taken. */
int gfs_parser_exprs(struct gfs_parser *p, int closing, struct gfs_ast_expr ***items, uint32_t *count) GFS_CHECK;
/* A node; gfs_parser_close gives it its text and height when its children are in. */
struct gfs_ast_expr *gfs_parser_node(struct gfs_parser *p, enum gfs_ast_kind kind);
struct gfs_ast_expr *gfs_parser_node_args(struct gfs_parser *p, enum gfs_ast_kind kind, uint32_t arg_count);
struct gfs_ast_expr *gfs_parser_close(struct gfs_parser *p, struct gfs_ast_expr *expr);
struct gfs_ast_expr *gfs_parser_binary(
	struct gfs_parser *p, enum gfs_ast_op op, struct gfs_ast_expr *left, struct gfs_ast_expr *right);

/* ---- patterns (parser_pattern.c) ---- */

/* True when the '(' at hand begins a pattern with a relationship, not an expression. */
bool gfs_parser_pattern_ahead(const struct gfs_parser *p);
int gfs_parser_pattern(struct gfs_parser *p, struct gfs_ast_pattern *ret_pattern) GFS_CHECK;
int gfs_parser_part(struct gfs_parser *p, struct gfs_ast_part *ret_part) GFS_CHECK;
/* At ':' or, for a type, what follows it. `bar`: '|' may join. */
struct gfs_ast_label_expr *gfs_parser_labels(struct gfs_parser *p, bool bar);

/* ---- clauses (parser_clause.c, parser_update.c, parser_call.c) ---- */

/* Up to what cannot begin a clause. */
struct gfs_ast_query *gfs_parser_query(struct gfs_parser *p);
int gfs_parser_clause(struct gfs_parser *p, struct gfs_ast_clause *ret_clause) GFS_CHECK;
bool gfs_parser_at_clause(const struct gfs_parser *p);
int gfs_parser_update(struct gfs_parser *p, struct gfs_ast_clause *clause) GFS_CHECK;
int gfs_parser_call(struct gfs_parser *p, struct gfs_ast_clause *clause) GFS_CHECK;
/* expr [AS name], ... */
int gfs_parser_items(struct gfs_parser *p, struct gfs_ast_item **items, uint32_t *count) GFS_CHECK;

/* YIELD ... of a CALL or SHOW, if it is at hand. */
int gfs_parser_yield(struct gfs_parser *p, struct gfs_ast_clause *clause) GFS_CHECK;
/* [ORDER BY ...] [SKIP n] [LIMIT n] */
int gfs_parser_order(struct gfs_parser *p, struct gfs_ast_projection *project) GFS_CHECK;
/* [WHERE expr] */
int gfs_parser_where(struct gfs_parser *p, struct gfs_ast_expr **ret_expr) GFS_CHECK;

/* ---- schema and administration (parser_schema.c, parser_show.c) ---- */

/* CREATE INDEX and its kin, SHOW, TERMINATE; *ret_found false: the statement is a query. */
int gfs_parser_command(struct gfs_parser *p, struct gfs_ast_statement *statement, bool *ret_found) GFS_CHECK;
/* At SHOW: the statement becomes a query. */
int gfs_parser_show(struct gfs_parser *p, struct gfs_ast_statement *statement) GFS_CHECK;

#endif
