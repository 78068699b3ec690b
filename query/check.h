/* What the files of the semantic check share: scopes, and how it fails. All functions give 0 or a code with c->error filled. */
#ifndef GFS_QUERY_CHECK_H
#define GFS_QUERY_CHECK_H

#include "query/ast.h"

/* The variables in sight: those of `parent` too, unless one here has the name. */
struct gfs_scope {
	struct gfs_scope *parent;
	struct gfs_symbol **symbols;
	uint32_t count;
	struct gfs_symbol **table; /* by hash of name, from GFS_SCOPE_LISTED_MAX symbols on */
	uint32_t table_size;       /* a power of two */
};
enum { GFS_SCOPE_LISTED_MAX = 8 };

enum gfs_aggregation {
	GFS_AGGREGATION_NONE,   /* an aggregate is an error here */
	GFS_AGGREGATION_FREE,   /* in RETURN and WITH */
	GFS_AGGREGATION_INSIDE, /* in the argument of an aggregate */
};

struct gfs_checker {
	struct gfs_arena *arena;
	struct gfs_query_error *error;
	const struct gfs_check_env *env;
	struct gfs_ast_statement *statement;
	struct gfs_scope *scope;
	struct gfs_scope *imports; /* what a CALL { } may import with its first WITH; NULL outside of one */
	enum gfs_aggregation aggregation;
	bool saw_aggregate;
	bool reads_only; /* in EXISTS, COUNT, COLLECT: no clause writes, and the last one may be any */
	bool writes;
	uint32_t stamp, last_stamp; /* of the pattern at hand; the highest given */
};

#define GFS_CHECKER_FAIL(c, detail, pos, ...)                                                                          \
	gfs_query_fail((c)->error, GFS_QUERY_SYNTAX_ERROR, GFS_QUERY_COMPILE, detail, pos, __VA_ARGS__)
/* "%.*s" of a slice, cut to what a message holds. */
#define GFS_SHOWN(slice) (int)((slice).size < 100 ? (slice).size : 100), (const char *)(slice).data

/* ---- scopes and symbols (check_scope.c) ---- */

void *gfs_checker_alloc(struct gfs_checker *c, size_t size);
struct gfs_symbol *gfs_scope_own(const struct gfs_scope *scope, struct gfs_slice name);
struct gfs_symbol *gfs_scope_find(const struct gfs_scope *scope, struct gfs_slice name);
/* NULL: out of memory. */
struct gfs_symbol *gfs_checker_symbol(struct gfs_checker *c, struct gfs_slice name, enum gfs_symbol_type type);
/* A symbol that holds what `expr` gives. */
struct gfs_symbol *gfs_checker_symbol_of(struct gfs_checker *c, struct gfs_slice name, const struct gfs_ast_expr *expr);
int gfs_scope_add(struct gfs_checker *c, struct gfs_scope *scope, struct gfs_symbol *symbol) GFS_CHECK;
/* A new symbol in the current scope; VariableAlreadyBound when there is one of this name in sight. */
int gfs_checker_bind(struct gfs_checker *c, struct gfs_slice name, enum gfs_symbol_type type,
	const struct gfs_query_pos *pos, struct gfs_symbol **ret_symbol) GFS_CHECK;
int gfs_checker_undefined(struct gfs_checker *c, struct gfs_slice name, const struct gfs_query_pos *pos) GFS_CHECK;

/* ---- expressions (check_expr.c, check_call.c, check_type.c) ---- */

int gfs_check_expr(struct gfs_checker *c, struct gfs_ast_expr *expr) GFS_CHECK;
/* A condition: may hold patterns, and is no number, text or the like. NULL is fine. */
int gfs_check_predicate(struct gfs_checker *c, struct gfs_ast_expr *expr) GFS_CHECK;
int gfs_check_call(struct gfs_checker *c, struct gfs_ast_expr *expr) GFS_CHECK;
/* Sets expr->value and ->element, of its checked parts. */
void gfs_check_type(struct gfs_ast_expr *expr);
/* The operands are of types that the operator takes. */
int gfs_check_operands(struct gfs_checker *c, const struct gfs_ast_expr *expr) GFS_CHECK;
/* `expr` may be a boolean. */
int gfs_check_boolean(struct gfs_checker *c, const struct gfs_ast_expr *expr) GFS_CHECK;

/* ---- patterns (check_pattern.c, check_create.c) ---- */

enum gfs_pattern_use {
	GFS_PATTERN_MATCH,     /* makes the variables that are not there yet */
	GFS_PATTERN_PREDICATE, /* makes none */
};
int gfs_check_pattern(struct gfs_checker *c, struct gfs_ast_pattern *pattern, enum gfs_pattern_use use) GFS_CHECK;
/* Of CREATE, and of MERGE. */
int gfs_check_create(struct gfs_checker *c, struct gfs_ast_pattern *pattern, bool merge) GFS_CHECK;
int gfs_check_node_symbol(struct gfs_checker *c, struct gfs_ast_node *node, uint32_t first_id, bool make) GFS_CHECK;

/* ---- clauses (check_query.c, check_clause.c, check_project.c, check_order.c, check_procedure.c) ---- */

/* `query` in c->scope, which is what it was afterwards. */
int gfs_check_query(struct gfs_checker *c, struct gfs_ast_query *query) GFS_CHECK;
int gfs_check_clause(struct gfs_checker *c, struct gfs_ast_clause *clause) GFS_CHECK;
bool gfs_clause_writes(const struct gfs_ast_clause *clause);
/* RETURN or WITH: c->scope is the items' afterwards. `first`: of a CALL { }, so that WITH may import. */
int gfs_check_projection(struct gfs_checker *c, struct gfs_ast_projection *project, const struct gfs_ast_clause *clause,
	bool first) GFS_CHECK;
/* Items that aggregate use nothing but grouping keys beside their aggregates. `first_id`: symbols from it on are of expressions' own. */
int gfs_check_grouping(struct gfs_checker *c, const struct gfs_ast_projection *project, uint32_t first_id) GFS_CHECK;
/* ORDER BY, WHERE, SKIP, LIMIT, in `scope`, whose parent is that of before the clause. */
int gfs_check_order(struct gfs_checker *c, struct gfs_ast_projection *project, struct gfs_scope *scope) GFS_CHECK;
int gfs_check_procedure_call(struct gfs_checker *c, struct gfs_ast_clause *clause, bool standalone) GFS_CHECK;
/* A natural number that the text tells, or a parameter. `what`: "SKIP". */
int gfs_check_amount(struct gfs_checker *c, struct gfs_ast_expr *expr, const char *what) GFS_CHECK;

#endif
