/* A pattern while it is planned: what plan_match.c and plan_start.c share. Nobody else includes it. */
#ifndef GFS_QUERY_PLAN_MATCH_H
#define GFS_QUERY_PLAN_MATCH_H

#include "query/plan_private.h"

struct gfs_match_rel {
	const struct gfs_ast_rel *ast;
	const struct gfs_ast_node *left, *right;
	enum gfs_ast_shortest shortest;
	struct gfs_plan_names types;
	struct gfs_plan_exprs filters; /* of each step of a variable-length one */
	uint32_t step;
	bool is_given; /* it had a value before the clause */
	bool solved;
};

struct gfs_match {
	struct gfs_planner *planner;
	const struct gfs_ast_pattern *pattern;
	struct gfs_plan_exprs *predicates; /* not checked yet */
	struct gfs_symset available;
	struct gfs_symset defined; /* what will be available at the end */
	struct gfs_plan_node *tree;
	struct gfs_match_rel *rels;
	uint32_t rel_count;
	const struct gfs_ast_node **nodes; /* every place in the pattern: the same symbol may come more than once */
	uint32_t node_count;
};

/* Solves all that is left, and checks the predicates that can be; match->tree is NULL when it failed. */
void gfs_match_solve(struct gfs_match *match);
/* Checks what can be checked now. `all`: the end of the pattern. */
void gfs_match_place(struct gfs_match *match, bool all);
/* Symbols that the expression uses, of those that the pattern gives a value to or that have one. */
struct gfs_symset gfs_match_uses(struct gfs_match *match, const struct gfs_ast_expr *expr);

/* plan_start.c: looks for one node or relationship that has no value yet, the cheapest; false: there is none left. */
bool gfs_match_start(struct gfs_match *match);

/* The same for a node that is found by a seek that gives about one; false: there is none such. */
bool gfs_match_seek(struct gfs_match *match);

/* What would be looked for; 0 when there is none left. */
double gfs_match_start_rows(struct gfs_match *match);

/* plan_join.c: matches the part of the pattern that `node` is in by itself, and joins it to the rows so far, when that is worth it; `rows`: of the
 * cheapest way to find `node` for one of them. False: it was not. */
bool gfs_match_join(struct gfs_match *match, const struct gfs_ast_node *node, double rows);

/* For gfs_match_start: `node` gives values to `symbol`; or the relationship is found by its type. */
void gfs_match_scan(struct gfs_match *match, struct gfs_plan_node *node, const struct gfs_symbol *symbol);
void gfs_match_type_scan(struct gfs_match *match, struct gfs_match_rel *rel, double rows);

#endif
