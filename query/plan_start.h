/* Ways to find the first node of a pattern: what plan_start.c and plan_index.c share. Nobody else includes it. */
#ifndef GFS_QUERY_PLAN_START_H
#define GFS_QUERY_PLAN_START_H

#include "query/plan_match.h"

struct gfs_start {
	enum gfs_plan_kind kind;
	const struct gfs_ast_node *node;
	struct gfs_match_rel *rel;        /* TYPE_SCAN */
	const struct gfs_ast_expr *value; /* *_SEEK; INDEX_RANGE: the lower bound or the prefix */
	const struct gfs_ast_expr *upper;
	bool list, prefix, lower_open, upper_open;
	struct gfs_slice label, key;
	uint32_t predicate, second; /* those that it makes true; UINT32_MAX: none */
	double rows;
};

/* The better of the two becomes `best`. */
void gfs_start_consider(struct gfs_start *best, const struct gfs_start *other);
/* The expression has a value before the node has one. */
bool gfs_start_known(struct gfs_match *match, const struct gfs_ast_expr *expr);
/* plan_index.c: what predicate `at` offers when it compares a property of the node that is in an index of one of its labels. */
void gfs_start_consider_index(
	struct gfs_match *match, uint32_t at, const struct gfs_ast_node *node, struct gfs_start *best);

#endif
