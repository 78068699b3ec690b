/* Visits every expression and every symbol below a part of the tree, subqueries included. */
#ifndef GFS_QUERY_AST_WALK_H
#define GFS_QUERY_AST_WALK_H

#include "query/ast.h"

struct gfs_ast_walker {
	/* Before the expression's children; false: not into them. NULL: into all. */
	bool (*expr)(void *context, const struct gfs_ast_expr *expr);
	/* Every place where a symbol is used or made: variables, pattern parts, items, loops. NULL: none. */
	void (*symbol)(void *context, const struct gfs_symbol *symbol);
	/* Every clause, before its parts. NULL: none. */
	void (*clause)(void *context, const struct gfs_ast_clause *clause);
	void *context;
};

/* NULL is fine in the place of what is optional. */
void gfs_ast_walk_expr(const struct gfs_ast_walker *walker, const struct gfs_ast_expr *expr);
void gfs_ast_walk_pattern(const struct gfs_ast_walker *walker, const struct gfs_ast_pattern *pattern);
void gfs_ast_walk_clause(const struct gfs_ast_walker *walker, const struct gfs_ast_clause *clause);
void gfs_ast_walk_query(const struct gfs_ast_walker *walker, const struct gfs_ast_query *query);

/* The same in form: names, operators and symbols agree, places in the text do not count. */
bool gfs_ast_same(const struct gfs_ast_expr *a, const struct gfs_ast_expr *b);

#endif
