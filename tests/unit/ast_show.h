/* Syntax trees as one line of text, for tests: (+ 1 (* 2 3)). */
#ifndef GFS_TESTS_AST_SHOW_H
#define GFS_TESTS_AST_SHOW_H

#include "base/buf.h"
#include "query/ast.h"

void show_expr(const struct gfs_ast_expr *expr, struct gfs_buf *out);
void show_labels(const struct gfs_ast_label_expr *labels, struct gfs_buf *out);
void show_pattern(const struct gfs_ast_pattern *pattern, struct gfs_buf *out);

#endif
