/* What the files of the expression compiler share. Nobody else includes it. */
#ifndef GFS_QUERY_EXPR_COMPILE_H
#define GFS_QUERY_EXPR_COMPILE_H

#include "query/expr.h"
#include "query/plan_private.h"

struct gfs_expr *gfs_expr_new(struct gfs_compiler *compiler, const struct gfs_ast_expr *from, gfs_expr_eval_fn *eval);
/* EXISTS, COUNT, COLLECT, patterns and pattern comprehensions. */
struct gfs_expr *gfs_expr_compile_sub(struct gfs_compiler *compiler, const struct gfs_ast_expr *from);
/* size() of a pattern comprehension whose items need not be made to be counted; false: they do. */
bool gfs_expr_is_counted(const struct gfs_compiler *compiler, const struct gfs_ast_expr *comprehension);
/* How many items it has. */
struct gfs_expr *gfs_expr_compile_counted(struct gfs_compiler *compiler, const struct gfs_ast_expr *comprehension);
/* A PATTERN expression as asked for by what is around it. */
struct gfs_expr *gfs_expr_compile_pattern(
	struct gfs_compiler *compiler, const struct gfs_ast_expr *from, enum gfs_expr_sub_kind kind);

#endif
