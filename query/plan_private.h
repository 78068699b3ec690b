/* Making a plan: what plan_*.c, rewrite_*.c and expr_compile*.c share. Nobody else includes it.
 *
 * Functions that make something return NULL when they failed, take NULL for a node that failed before, and leave the code in planner->err: only
 * the outermost caller looks at it. */
#ifndef GFS_QUERY_PLAN_PRIVATE_H
#define GFS_QUERY_PLAN_PRIVATE_H

#include "query/ast_walk.h"
#include "query/plan.h"

/* A path out of the slots of the nodes and relationships of pattern->parts[0]: made by the planner only, behind the kinds of ast.h. */
#define GFS_PLAN_AST_PATH 200

struct gfs_planner {
	struct gfs_plan *plan;
	struct gfs_arena *arena;
	struct gfs_graph *graph; /* or NULL */
	unsigned int passes;     /* GFS_PASS_* */
	struct gfs_query_error *error;
	int err;
	uint32_t slot_max; /* symbols and what the planner may add */
	uint32_t name_capacity, param_capacity, sub_capacity;
	unsigned int depth, expr_depth;
};

/* Equalities that a join by hash uses; more are only checked. */
#define GFS_PLAN_JOIN_KEYS_MAX 4u

/* ---- plan.c: helpers ---- */

/* Zeroed. */
void *gfs_plan_alloc(struct gfs_planner *planner, size_t size);
/* Notes the failure (the first one stays) and returns NULL. */
void *gfs_plan_failed(struct gfs_planner *planner, int err);
/* A larger copy when `array` has no room for one more; NULL when that failed. */
void *gfs_plan_grow(struct gfs_planner *planner, void *array, uint32_t count, uint32_t *capacity, size_t size);
struct gfs_plan_node *gfs_plan_node_new(
	struct gfs_planner *planner, enum gfs_plan_kind kind, struct gfs_plan_node *input);
uint32_t gfs_plan_slot_new(struct gfs_planner *planner);
struct gfs_symset gfs_plan_set_new(struct gfs_planner *planner);
/* Index of the name in the plan, added when new. */
uint32_t gfs_plan_name(struct gfs_planner *planner, uint8_t kind, struct gfs_slice text);
struct gfs_plan_names gfs_plan_names_of(
	struct gfs_planner *planner, uint8_t kind, const struct gfs_slice *texts, uint32_t count);
uint32_t gfs_plan_param(struct gfs_planner *planner, struct gfs_slice name);
/* How many nodes have the label, relationships the type; all for an empty name. 1,000 when nothing is known. */
double gfs_plan_count(struct gfs_planner *planner, uint8_t kind, struct gfs_slice name);

struct gfs_index_info;
/* plan_index.c: the index of a label and a key that can be asked; false: there is none. */
bool gfs_plan_index(
	struct gfs_planner *planner, struct gfs_slice label, struct gfs_slice key, struct gfs_index_info *ret_info);

/* Adds the slots of variables that an expression uses, those inside subqueries included. */
void gfs_plan_uses(struct gfs_symset set, const struct gfs_ast_expr *expr);

/* Made trees. */
struct gfs_ast_expr *gfs_plan_expr_new(struct gfs_planner *planner, enum gfs_ast_kind kind, uint32_t arg_count);
struct gfs_ast_expr *gfs_plan_variable(struct gfs_planner *planner, struct gfs_symbol *symbol);
struct gfs_ast_expr *gfs_plan_compare(
	struct gfs_planner *planner, enum gfs_ast_op op, struct gfs_ast_expr *a, struct gfs_ast_expr *b);
struct gfs_ast_expr *gfs_plan_property(
	struct gfs_planner *planner, struct gfs_symbol *symbol, struct gfs_slice name, const struct gfs_query_pos *pos);

/* A list of expressions that grows. */
struct gfs_plan_exprs {
	const struct gfs_ast_expr **items;
	uint32_t count, capacity;
};
void gfs_plan_exprs_add(struct gfs_planner *planner, struct gfs_plan_exprs *list, const struct gfs_ast_expr *expr);
/* The parts of a chain of ANDs. */
void gfs_plan_conjuncts(struct gfs_planner *planner, struct gfs_plan_exprs *list, const struct gfs_ast_expr *expr);

/* ---- trees of clauses ---- */

/* All clauses of a query on top of `input` (an ARGUMENT). `available`: slots with values there; grows by what the clauses define. */
struct gfs_plan_node *gfs_plan_query(struct gfs_planner *planner, struct gfs_plan_node *input,
	const struct gfs_ast_query *query, struct gfs_symset available);
struct gfs_plan_node *gfs_plan_clauses(struct gfs_planner *planner, struct gfs_plan_node *input,
	const struct gfs_ast_clause *clauses, uint32_t count, struct gfs_symset available);
/* plan_match.c: finds the pattern, keeps rows where all of `predicates` hold (the list may grow). */
struct gfs_plan_node *gfs_plan_pattern(struct gfs_planner *planner, struct gfs_plan_node *input,
	const struct gfs_ast_pattern *pattern, struct gfs_plan_exprs *predicates, struct gfs_symset available);
struct gfs_plan_node *gfs_plan_match(struct gfs_planner *planner, struct gfs_plan_node *input,
	const struct gfs_ast_clause *clause, struct gfs_symset available);
struct gfs_plan_node *gfs_plan_project(struct gfs_planner *planner, struct gfs_plan_node *input,
	const struct gfs_ast_projection *project, struct gfs_symset available);
/* plan_update.c: CREATE to FOREACH */
struct gfs_plan_node *gfs_plan_update(struct gfs_planner *planner, struct gfs_plan_node *input,
	const struct gfs_ast_clause *clause, struct gfs_symset available);
/* Keeps all rows of the input before it gives the first. */
struct gfs_plan_node *gfs_plan_eager(struct gfs_planner *planner, struct gfs_plan_node *input);
struct gfs_plan_node *gfs_plan_call(struct gfs_planner *planner, struct gfs_plan_node *input,
	const struct gfs_ast_clause *clause, struct gfs_symset available);
struct gfs_plan_node *gfs_plan_filter(
	struct gfs_planner *planner, struct gfs_plan_node *input, const struct gfs_plan_exprs *predicates);
/* An expression that gives the path of a pattern's part out of the slots of its nodes and relationships. */
struct gfs_ast_expr *gfs_plan_path_expr(struct gfs_planner *planner, const struct gfs_ast_part *part);
/* Projects the named paths of a pattern. */
struct gfs_plan_node *gfs_plan_paths(struct gfs_planner *planner, struct gfs_plan_node *input,
	const struct gfs_ast_pattern *pattern, struct gfs_symset available);

/* A leaf, for a tree that runs once for each row of another. Its slots are filled by gfs_plan_finish. */
struct gfs_plan_node *gfs_plan_argument(struct gfs_planner *planner);
struct gfs_plan_node *gfs_plan_leaf(struct gfs_plan_node *node);

/* ---- plan_finish.c ---- */

/* What is needed of a tree's rows -> what each operator hands on; compiles expressions. `available`: slots that the ARGUMENT leaf may offer. On return
 * `available` has the slots that the tree's rows have. */
int gfs_plan_finish(struct gfs_planner *planner, struct gfs_plan_node *root, struct gfs_symset needed,
	struct gfs_symset outer) GFS_CHECK;

/* plan_slots.c: of one operator, not of what is below it. */
void gfs_plan_defines(const struct gfs_plan_node *node, struct gfs_symset set);
void gfs_plan_node_uses(const struct gfs_plan_node *node, struct gfs_symset set);
/* Of a whole tree. */
void gfs_plan_tree_uses(const struct gfs_plan_node *node, struct gfs_symset set);
void gfs_plan_tree_defines(const struct gfs_plan_node *node, struct gfs_symset set);
/* Calls `fn` for each expression of one operator. */
typedef int (*gfs_plan_item_fn)(void *context, struct gfs_plan_item *item);
int gfs_plan_each_item(struct gfs_plan_node *node, gfs_plan_item_fn fn, void *context);

/* ---- expr_compile.c ---- */

struct gfs_compiler {
	struct gfs_planner *planner;
	struct gfs_symset available; /* slots of the rows that the expression sees */
	struct gfs_symset locals;    /* variables of comprehensions around the place */
	const struct gfs_plan_known *known;
};
/* NULL when it failed. */
struct gfs_expr *gfs_expr_compile(struct gfs_compiler *compiler, const struct gfs_ast_expr *expr);

/* ---- rewrite_*.c ---- */

struct gfs_plan_node *gfs_rewrite(struct gfs_planner *planner, struct gfs_plan_node *root);
struct gfs_plan_node *gfs_rewrite_top(struct gfs_planner *planner, struct gfs_plan_node *root);
struct gfs_plan_node *gfs_rewrite_order(struct gfs_planner *planner, struct gfs_plan_node *root);
struct gfs_plan_node *gfs_rewrite_count(struct gfs_planner *planner, struct gfs_plan_node *root);
struct gfs_plan_node *gfs_rewrite_eager(struct gfs_planner *planner, struct gfs_plan_node *root);

#endif
