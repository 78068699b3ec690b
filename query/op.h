/* Operators while a plan runs: one struct behind one vtable for each node of the plan. Pull: an operator asks its input for a batch when it has none left.
 *
 * A batch belongs to the operator that gave it, and so do the values in it, until that operator is asked for the next one. An operator that gives
 * one row for each row (PROJECT, SET) or leaves some out (FILTER, LIMIT) changes its input's batch in place; one that makes rows has `out`, and never
 * puts rows of two batches of its input into one of its own, because the values of the first are gone by then. What is to live longer is copied. */
#ifndef GFS_QUERY_OP_H
#define GFS_QUERY_OP_H

#include "query/exec.h"

struct gfs_op_vtable {
	size_t size;                    /* of the operator's own struct, which starts with struct gfs_op */
	int (*open)(struct gfs_op *op); /* once, after input and right were made; NULL: nothing to do */
	/* The next rows, at least one; *ret_batch stays NULL at the end. */
	int (*next)(struct gfs_op *op, struct gfs_batch **ret_batch);
	/* Back to the beginning, for another row of the outer plan; the input is rewound as well. NULL: nothing to do. */
	void (*rewind)(struct gfs_op *op);
	/* Memory outside arenas. NULL: none. */
	void (*release)(struct gfs_op *op);
};

struct gfs_op {
	const struct gfs_op_vtable *vtable;
	const struct gfs_plan_node *plan;
	struct gfs_exec *exec;
	struct gfs_op *input, *right;
	struct gfs_op *argument;  /* the leaf of `right` */
	struct gfs_arena arena;   /* of the values that are new in the batch it gave last */
	struct gfs_batch out;     /* rows of operators that make some, or columns of those that add some */
	uint32_t *origin;         /* row of the input that each row of `out` comes from */
	struct gfs_op *next_made; /* all operators of a run */
};

/* The operators of a plan (right sides included) in exec->arena. */
int gfs_op_make(struct gfs_exec *exec, const struct gfs_plan_node *plan, struct gfs_op **ret_op) GFS_CHECK;
/* All that the run has made. */
void gfs_op_release_all(struct gfs_exec *exec);
/* Back to the beginning, with everything below. */
void gfs_op_rewind(struct gfs_op *op);
int gfs_op_next(struct gfs_op *op, struct gfs_batch **ret_batch) GFS_CHECK;

/* Columns of op->out for what is passed and for `slots`, and `origin`. */
int gfs_op_make_out(struct gfs_op *op, const uint32_t *slots, uint32_t count) GFS_CHECK;
/* One column; op->out.capacity is set. */
int gfs_op_make_column(struct gfs_op *op, uint32_t slot) GFS_CHECK;
/* Empties op->out and op->arena. */
void gfs_op_begin(struct gfs_op *op);
/* Fills the passed columns of rows [0, out.count) from the rows of the input that `origin` names. */
void gfs_op_gather(struct gfs_op *op, const struct gfs_batch *input);
/* Keeps rows keep[0 .. count - 1] (ascending) of a batch of the input's, in the passed columns. */
void gfs_op_compact(struct gfs_op *op, struct gfs_batch *batch, const uint32_t *keep, uint32_t count);
/* The ARGUMENT leaf of a tree, and a row for it: the values are copied, what they point at is not. */
struct gfs_op *gfs_op_argument(struct gfs_op *op);
int gfs_op_lend(struct gfs_op *argument, const struct gfs_batch *batch, uint32_t row) GFS_CHECK;
/* The same without one slot, which the row does not have. */
int gfs_op_lend_but(struct gfs_op *argument, const struct gfs_batch *batch, uint32_t row, uint32_t but) GFS_CHECK;

/* Rows kept in memory, for operators that need all of them: deep copies in an arena. */
struct gfs_rows {
	const struct gfs_slots *slots; /* the values of a row */
	struct gfs_datum **rows;
	uint64_t count, capacity;
};
struct gfs_datum *gfs_rows_at(const struct gfs_rows *rows, uint64_t row);
/* Room for one more row, uninitialised; NULL when memory failed (the error is filled). */
struct gfs_datum *gfs_rows_new(struct gfs_exec *exec, struct gfs_arena *arena, struct gfs_rows *rows);
int gfs_rows_add(struct gfs_exec *exec, struct gfs_arena *arena, struct gfs_rows *rows, const struct gfs_batch *batch,
	uint32_t row) GFS_CHECK;

extern const struct gfs_op_vtable *const gfs_op_vtables[GFS_PLAN_KIND_COUNT];
extern const struct gfs_op_vtable gfs_op_argument_vtable, gfs_op_nodes_vtable, gfs_op_label_vtable, gfs_op_seek_vtable,
	gfs_op_index_vtable, gfs_op_index_order_vtable, gfs_op_type_vtable, gfs_op_ends_vtable, gfs_op_expand_vtable,
	gfs_op_var_expand_vtable, gfs_op_shortest_vtable, gfs_op_filter_vtable, gfs_op_project_vtable,
	gfs_op_aggregate_vtable, gfs_op_distinct_vtable, gfs_op_sort_vtable, gfs_op_top_vtable, gfs_op_skip_vtable,
	gfs_op_limit_vtable, gfs_op_unwind_vtable, gfs_op_apply_vtable, gfs_op_optional_vtable, gfs_op_union_vtable,
	gfs_op_eager_vtable, gfs_op_create_vtable, gfs_op_merge_vtable, gfs_op_set_vtable, gfs_op_delete_vtable,
	gfs_op_foreach_vtable, gfs_op_call_vtable, gfs_op_csv_vtable, gfs_op_transactions_vtable, gfs_op_hash_join_vtable,
	gfs_op_count_vtable, gfs_op_drain_vtable, gfs_op_result_vtable;

#endif
