/* Label expressions as text, and what they and expressions over relationship types hold. Cypher's parser builds its own with
 * gfs_set_expr_push.
 *
 *   expression  term { '|' term }             either; binds weakest
 *   term        factor { '&' factor }         both
 *   factor      '!' factor                    not: all nodes but those
 *             | '(' expression ')'
 *             | '%'                           any label
 *             | NAME                          a run of bytes without & | ! ( ); spaces belong to it
 *
 * Questions need the graph lock, shared. */
#ifndef GFS_GRAPH_LABEL_EXPR_H
#define GFS_GRAPH_LABEL_EXPR_H

#include "graph/graph.h"
#include "index/set_expr.h"

/* Parentheses and negations inside one another. */
#define GFS_LABEL_EXPR_DEPTH_MAX 32u

/* True for what is more than a name: it has an operator or a parenthesis, or is the wildcard. */
bool gfs_label_expr_is(const char *text);

/* Finds the label that a NAME stands for. GFS_ERR_NOTFOUND. */
typedef int (*gfs_label_resolver)(void *context, struct gfs_slice name, uint16_t *ret_label);

/* The expression's memory is the caller's (gfs_set_expr_release). GFS_ERR_INVALID when it is none, GFS_ERR_LIMIT when it nests too deep, GFS_ERR_NOTFOUND
 * when a label does not exist (the message names it), and what else `resolve` answers. */
int gfs_label_expr_parse(const char *text, gfs_label_resolver resolve, void *context, struct gfs_set_expr *ret_expr,
	struct gfs_message *message) GFS_CHECK;

/* Up to `max` nodes >= from, ascending; *ret_count 0 at the end. */
int gfs_label_expr_nodes(struct gfs_graph *graph, const struct gfs_set_expr *expr, uint64_t from, uint64_t *ids,
	size_t max, size_t *ret_count) GFS_CHECK;
int gfs_label_expr_count(struct gfs_graph *graph, const struct gfs_set_expr *expr, uint64_t *ret_count) GFS_CHECK;
int gfs_label_expr_has(
	struct gfs_graph *graph, const struct gfs_set_expr *expr, uint64_t node, bool *ret_has) GFS_CHECK;
/* The same of relationships, by their types. A count is one of the catalog's numbers. */
int gfs_type_expr_rels(struct gfs_graph *graph, const struct gfs_set_expr *expr, uint64_t from, uint64_t *ids,
	size_t max, size_t *ret_count) GFS_CHECK;
int gfs_type_expr_count(struct gfs_graph *graph, const struct gfs_set_expr *expr, uint64_t *ret_count) GFS_CHECK;
int gfs_type_expr_has(struct gfs_graph *graph, const struct gfs_set_expr *expr, uint64_t rel, bool *ret_has) GFS_CHECK;

#endif
