/* Compiled expressions: a tree of nodes, each with its own evaluation function. Constant, shared by all runs of a plan. */
#ifndef GFS_QUERY_EXPR_H
#define GFS_QUERY_EXPR_H

#include "query/exec.h"

struct gfs_expr {
	/* The value at one row. */
	int (*eval)(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value);
	/* At all rows of a batch; NULL: one by one. */
	int (*eval_all)(
		const struct gfs_expr *expr, struct gfs_exec *exec, const struct gfs_batch *batch, struct gfs_datum *out);
	struct gfs_expr **args; /* NULL entries where the tree has them */
	uint32_t arg_count;
	uint8_t op;
	uint32_t slot, slot2; /* variables */
	uint32_t name;        /* of a property: index in plan->names */
	struct gfs_slice text;
	struct gfs_query_pos pos;
	struct gfs_datum literal;
	union {
		const uint8_t *ops;           /* comparisons */
		const struct gfs_slice *keys; /* map: key of each argument */
		const struct gfs_function *function;
		const struct gfs_value_type *type; /* IS_TYPED; literal: what an answer of yes is */
		const struct gfs_expr_labels *labels;
		const struct gfs_expr_item *items; /* map projection; item_count */
		const struct gfs_expr_sub *sub;
		const struct gfs_expr_degree *degree;
		const struct gfs_expr_path *path;
	};
	uint32_t item_count;
};

struct gfs_expr_labels {
	uint8_t kind;         /* as gfs_ast_label_expr */
	uint32_t label, type; /* indexes of the name, as the one and as the other */
	struct gfs_slice text;
	const struct gfs_expr_labels *left, *right;
};

struct gfs_expr_item {
	uint8_t kind; /* as gfs_ast_projection_item */
	struct gfs_slice key;
	uint32_t name;
	struct gfs_expr *value;
};

enum gfs_expr_sub_kind {
	GFS_SUB_EXISTS,
	GFS_SUB_COUNT,
	GFS_SUB_COLLECT, /* a list of the values in slot `result` */
	GFS_SUB_FIRST,   /* the first of them, or null */
};

struct gfs_expr_arg {
	uint32_t slot;
	bool local; /* in exec->locals */
};

/* EXISTS or COUNT of the relationships of one node: a matter of degrees. */
struct gfs_expr_degree {
	struct gfs_expr_arg node;
	enum gfs_ast_direction direction;
	struct gfs_plan_names types; /* any of these; none: all */
	bool exists;
	struct gfs_plan_rel
		loops; /* the relationships of a node with itself: both its degrees have them, COUNT has them once */
};

struct gfs_expr_sub {
	enum gfs_expr_sub_kind kind;
	uint32_t index; /* in plan->subs */
	uint32_t result;
	bool once; /* it is the same for all rows of a run */
	const struct gfs_expr_arg *args;
	uint32_t arg_count;
};

/* A path out of slots: node, then relationships and lists of them. */
struct gfs_expr_path {
	uint32_t start;
	uint32_t *rels;
	uint32_t count;
};

/* ---- evaluation functions, by file ---- */

typedef int gfs_expr_eval_fn(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value);
typedef int gfs_expr_eval_all_fn(
	const struct gfs_expr *expr, struct gfs_exec *exec, const struct gfs_batch *batch, struct gfs_datum *out);

/* expr_basic.c */
gfs_expr_eval_fn gfs_eval_literal, gfs_eval_param, gfs_eval_slot, gfs_eval_local, gfs_eval_list, gfs_eval_map,
	gfs_eval_call, gfs_eval_case, gfs_eval_case_tests, gfs_eval_index, gfs_eval_slice;
gfs_expr_eval_all_fn gfs_eval_all_literal, gfs_eval_all_param, gfs_eval_all_slot;
/* expr_operator.c */
gfs_expr_eval_fn gfs_eval_and, gfs_eval_or, gfs_eval_xor, gfs_eval_not, gfs_eval_compare, gfs_eval_compare_chain,
	gfs_eval_arithmetic, gfs_eval_negate, gfs_eval_plus, gfs_eval_test, gfs_eval_is_null, gfs_eval_is_not_null,
	gfs_eval_is_typed;
gfs_expr_eval_all_fn gfs_eval_all_compare, gfs_eval_all_and;
/* expr_entity.c */
gfs_expr_eval_fn gfs_eval_property, gfs_eval_has_labels, gfs_eval_map_projection, gfs_eval_path;
gfs_expr_eval_all_fn gfs_eval_all_property, gfs_eval_all_has_label;
/* expr_list.c */
gfs_expr_eval_fn gfs_eval_list_comprehension, gfs_eval_reduce, gfs_eval_all_of, gfs_eval_any_of, gfs_eval_none_of,
	gfs_eval_single_of;
/* expr_sub.c */
gfs_expr_eval_fn gfs_eval_sub;
/* expr_degree.c */
gfs_expr_eval_fn gfs_eval_degree;

static inline int gfs_eval(const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum *ret_value)
{
	return expr->eval(expr, row, ret_value);
}

/* A predicate's value: TypeError unless it is a boolean or null. */
int gfs_eval_truth(const struct gfs_expr *expr, const struct gfs_row *row, enum gfs_truth *ret_truth) GFS_CHECK;
static inline struct gfs_datum gfs_truth_datum(enum gfs_truth truth)
{
	return truth == GFS_UNKNOWN ? gfs_datum_null() : gfs_datum_boolean(truth == GFS_TRUE);
}
int gfs_eval_type_error(
	const struct gfs_expr *expr, const struct gfs_row *row, struct gfs_datum value, const char *wanted);

/* ---- entities (entity.c) ---- */

/* Null when it has none; EntityNotFound when the statement has deleted it. */
int gfs_entity_property(struct gfs_exec *exec, struct gfs_datum entity, uint32_t name, struct gfs_arena *arena,
	struct gfs_datum *ret_value) GFS_CHECK;
int gfs_entity_property_named(struct gfs_exec *exec, struct gfs_datum entity, struct gfs_slice name,
	struct gfs_arena *arena, struct gfs_datum *ret_value) GFS_CHECK;
/* expr_degree.c: how many relationships of these types a node has; a loop counts twice when both directions do. One that is gone has none. */
int gfs_entity_degree(struct gfs_exec *exec, const struct gfs_plan_names *types, enum gfs_ast_direction direction,
	uint64_t node, uint64_t *ret_degree) GFS_CHECK;
/* In exec->env.arena. */
int gfs_entity_properties(struct gfs_exec *exec, struct gfs_datum entity, struct gfs_datum *ret_map) GFS_CHECK;

#endif
