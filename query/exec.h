/* One run of a plan: what its operators and expressions share. Private to query/. */
#ifndef GFS_QUERY_EXEC_H
#define GFS_QUERY_EXEC_H

#include "base/map.h"
#include "graph/graph.h"
#include "query/function.h"
#include "query/plan.h"
#include "query/query.h"

/* Rows of a full batch; of one where few are expected. */
#define GFS_BATCH_ROWS 1024u
#define GFS_BATCH_ROWS_FEW 64u

/* Rows column by column: columns[slot][row]. Slots that nobody above needs have no column (NULL) or an old one. Values live until the operator that gave the
 * batch is asked for the next one. */
struct gfs_batch {
	struct gfs_datum **columns;
	uint32_t count, capacity;
};

/* What a statement has deleted: looking at it is an error, but for a few things that are remembered. */
struct gfs_deleted {
	struct gfs_u64map nodes; /* id -> gone, or waiting for its relationships to go (change_delete.c) */
	struct gfs_u64map rels;  /* id -> address of a struct gfs_deleted_rel */
	uint64_t waiting;        /* nodes that do */
	struct gfs_arena arena;  /* of those structs */
};

struct gfs_deleted_rel {
	uint16_t type;
	uint64_t start, end;
};

struct gfs_op;

/* What PROFILE tells of an operator, with what is below it. Hits and misses are those of the whole process meanwhile. */
struct gfs_profile {
	uint64_t rows; /* its own */
	uint64_t ns;
	uint64_t page_hits, page_misses, object_hits, object_misses;
};

struct gfs_exec {
	struct gfs_graph *graph;
	struct gfs_engine *engine;   /* NULL: without its caches */
	struct gfs_columns *columns; /* query/columns.h */
	struct gfs_tx *tx;           /* of a writing statement; NULL */
	const struct gfs_plan *plan;
	struct gfs_arena arena; /* for the whole run */
	struct gfs_arena_budget budget;
	struct gfs_function_env env; /* env.arena is where expressions put values */
	struct gfs_datum *params;    /* as the plan numbers them */
	struct gfs_datum *locals;    /* by slot: variables of comprehensions */
	struct gfs_op **subs;        /* by plan->subs; NULL: not made yet */
	struct gfs_datum **answers;  /* of those that have one for all rows; NULL: not asked yet */
	struct gfs_op *ops;          /* all that were made */
	uint16_t *names;             /* ids of plan->names; 0: not looked up or not there */
	struct gfs_query_error *error;
	struct gfs_deleted deleted;
	struct gfs_query_counts counts;
	uint64_t random;
	struct gfs_regex *regex;
	const struct gfs_procedures *procedures;
	struct gfs_engine *owner; /* whose statement it is */
	uint32_t uid, gid;
	const char *load_csv_folder;
	/* the graph lock and limits */
	bool locked;
	uint64_t epoch;  /* of holds of the lock: what was read before may be otherwise now */
	uint64_t now_ns; /* monotonic, when it was looked at last; 0: too long ago */
	uint64_t slice_end_ns;
	uint64_t deadline_ns; /* 0: none */
	const _Atomic bool *terminated;
	bool (*interrupted)(void *context);
	void *interrupted_context;
	uint32_t ticks;
	struct gfs_profile *profile; /* by plan node; NULL unless asked for */
};

/* The graph lock of a reader; a writer's transaction has it. No-ops but for the bookkeeping then. */
void gfs_exec_lock(struct gfs_exec *exec);
void gfs_exec_unlock(struct gfs_exec *exec);
/* A transaction begins, and the lock is held as its own. On failure it is held as before: not at all, or as a reader's. */
int gfs_exec_begin(struct gfs_exec *exec) GFS_CHECK;
/* The transaction ends, and is on disk as far as the mode of the log wants it; or it is aborted, when it cannot be. The lock is not held after. */
int gfs_exec_commit(struct gfs_exec *exec) GFS_CHECK;
void gfs_exec_abort(struct gfs_exec *exec);
void gfs_exec_forget_deleted(struct gfs_exec *exec);
/* Called by every operator that makes rows, once a batch or more often: ends the run at its limits, and gives the graph lock to others for a moment when
 * this reader has had it for long. No pointer into pages or catalog may be held. */
int gfs_exec_tick(struct gfs_exec *exec) GFS_CHECK;
/* GFS_ERR_NOMEM with the error filled: the limit of the statement, or of the machine. */
int gfs_exec_nomem(struct gfs_exec *exec);
/* Fills the error for a failure of the layers below. */
int gfs_exec_store_error(struct gfs_exec *exec, int err);
/* Id of a name of the plan, 0 when the graph does not know it. */
uint16_t gfs_exec_name(struct gfs_exec *exec, uint32_t name);
/* The same, made when it is not there: writing statements. */
int gfs_exec_name_make(struct gfs_exec *exec, uint32_t name, uint16_t *ret_id) GFS_CHECK;
/* Memory for the whole run, zeroed; NULL without. */
void *gfs_exec_alloc(struct gfs_exec *exec, size_t size);
/* The same with whatever it holds: room for rows. */
void *gfs_exec_room(struct gfs_exec *exec, size_t size);

static inline bool gfs_exec_node_gone(const struct gfs_exec *exec, uint64_t id)
{
	uint64_t state;
	return exec->deleted.nodes.count != 0 && gfs_u64map_get(&exec->deleted.nodes, id, &state);
}
static inline bool gfs_exec_rel_gone(const struct gfs_exec *exec, uint64_t id)
{
	uint64_t type;
	return exec->deleted.rels.count != 0 && gfs_u64map_get(&exec->deleted.rels, id, &type);
}

/* ---- expressions ---- */

/* Where an expression stands. */
struct gfs_row {
	struct gfs_exec *exec;
	const struct gfs_batch *batch;
	uint32_t at;
};

/* The value for each row of a batch, into out[0 .. batch->count - 1]; what is new lies in `arena`. */
int gfs_expr_eval(struct gfs_exec *exec, const struct gfs_expr *expr, const struct gfs_batch *batch,
	struct gfs_arena *arena, struct gfs_datum *out) GFS_CHECK;
int gfs_expr_eval_row(struct gfs_exec *exec, const struct gfs_expr *expr, const struct gfs_batch *batch, uint32_t row,
	struct gfs_arena *arena, struct gfs_datum *ret_value) GFS_CHECK;

/* A deep copy, so that it outlives its batch. */
int gfs_exec_keep(
	struct gfs_exec *exec, struct gfs_arena *arena, struct gfs_datum value, struct gfs_datum *ret_value) GFS_CHECK;

#endif
