/* Cypher on a graph: what fs/, the tools and the tests call.
 *
 * An engine belongs to a graph, which has one at a time, and is shared by all threads; it holds plans, cached results, running statements and settings. A statement is parsed, checked
 * and planned (or its plan is found), then run in one transaction: reading ones take the graph lock shared, in slices of some milliseconds, and writing
 * ones hold it from their first change to the commit. Rows come in batches. A failed statement leaves no trace. */
#ifndef GFS_QUERY_QUERY_H
#define GFS_QUERY_QUERY_H

#include "graph/graph.h"
#include "query/datum.h"
#include "query/error.h"
#include "query/limits.h"

#include <stdbool.h>

struct gfs_engine;
struct gfs_procedures;
struct gfs_result;

struct gfs_engine_opts {
	uint64_t memory_bytes_max; /* of one statement; 0: GFS_QUERY_MEMORY_BYTES_MAX */
	uint64_t rows_max;
	uint32_t time_ms_max;
	uint32_t slow_ms; /* statements that take longer are told to `slow`; 0: none */
	/* From the thread of the statement, with no lock held. NULL: nobody wants to know. */
	void (*slow)(void *context, struct gfs_slice text, uint64_t ms);
	void *slow_context;
	const char *load_csv_folder; /* LOAD CSV reads below it only; NULL: LOAD CSV is off */
	bool plan_cache_off, result_cache_off;
	unsigned int passes_off; /* for tests: GFS_PASS_* (query/plan.h) that plans are made without */
};

int gfs_engine_new(
	struct gfs_graph *graph, const struct gfs_engine_opts *opts, struct gfs_engine **ret_engine) GFS_CHECK;
/* No result may be left. NULL is fine. */
void gfs_engine_free(struct gfs_engine *engine);
/* What CALL calls in this engine: query/procedure.h. */
struct gfs_procedures *gfs_engine_procedures(struct gfs_engine *engine);

/* What can be changed while statements run: those that begin later have it. The fields are as in the options. */
struct gfs_engine_limits {
	uint64_t memory_bytes_max, rows_max;
	uint32_t time_ms_max, slow_ms;
	bool plan_cache_off, result_cache_off;
};
void gfs_engine_limits_get(struct gfs_engine *engine, struct gfs_engine_limits *ret_limits);
/* Changes some of them, whatever others do meanwhile: `change` is called once with those of now, and calls nothing of the engine. */
void gfs_engine_limits_change(
	struct gfs_engine *engine, void (*change)(struct gfs_engine_limits *limits, uint64_t value), uint64_t value);

/* A line a statement that is running: its id, milliseconds, its text on one line, between them tabs. Both without the graph lock. */
void gfs_engine_running(struct gfs_engine *engine, struct gfs_buf *out);
/* Ends one by its id, with or without "query-". GFS_ERR_INVALID: no id; GFS_ERR_NOTFOUND: none such is running. */
int gfs_engine_terminate(struct gfs_engine *engine, struct gfs_slice id) GFS_CHECK;

struct gfs_engine_stats {
	uint64_t plan_hits, plan_misses, answer_hits, answer_misses;
};
/* Of both caches, since the engine was made: statements that were looked for. An answer is looked for first, whatever the statement does; a plan, when
 * there is no answer. */
void gfs_engine_stats(struct gfs_engine *engine, struct gfs_engine_stats *ret_stats);

struct gfs_param {
	struct gfs_slice name;
	struct gfs_datum value;
};

struct gfs_run_opts {
	const struct gfs_param *params;
	size_t param_count;
	bool no_cache;     /* neither looks into the caches nor puts anything in */
	bool read_only;    /* a statement that would change something fails (ReadOnly) */
	bool explain;      /* as if EXPLAIN stood before it */
	uint32_t uid, gid; /* owner of nodes that the statement makes */
	/* Asked some hundred times a second while it runs, by a reading statement with no lock held, by a writing one with the graph lock; true ends the
	 * statement (QueryTerminated). NULL: never. */
	bool (*interrupted)(void *context);
	void *context;
};

/* Runs a statement to its first batch of rows (writing ones to their end). `opts` may be NULL. On failure *ret_result is not set and `error` says why. */
int gfs_query_run(struct gfs_engine *engine, struct gfs_slice text, const struct gfs_run_opts *opts,
	struct gfs_result **ret_result, struct gfs_query_error *error) GFS_CHECK;

size_t gfs_result_column_count(const struct gfs_result *result);
struct gfs_slice gfs_result_column(const struct gfs_result *result, size_t i);
/* The next rows: (*ret_rows)[row * columns + column], valid until the next call or the free. *ret_count 0: there are no more. Nodes, relationships and paths
 * in rows are entities of gfs_result_entity. */
int gfs_result_next(struct gfs_result *result, const struct gfs_datum **ret_rows, size_t *ret_count,
	struct gfs_query_error *error) GFS_CHECK;

/* What a statement changed. */
struct gfs_query_counts {
	uint64_t nodes_created, nodes_deleted, rels_created, rels_deleted, properties_set, labels_added, labels_removed,
		indexes_added, indexes_removed, constraints_added, constraints_removed;
};
void gfs_result_counts(const struct gfs_result *result, struct gfs_query_counts *ret_counts);
/* EXPLAIN and PROFILE: the plan as text, a line an operator; empty otherwise. */
struct gfs_slice gfs_result_plan(const struct gfs_result *result);
/* NULL is fine. */
void gfs_result_free(struct gfs_result *result);

/* A node or relationship of a row as it was when the row was made: labels or type, ends, properties (a MAP). Lives as long as the row. */
struct gfs_query_entity {
	uint64_t id, start, end;
	const struct gfs_slice *labels; /* of a relationship: one, its type */
	size_t label_count;
	struct gfs_slice key; /* of a node; size 0 without */
	struct gfs_datum properties;
	bool deleted; /* by the statement itself */
};
int gfs_result_entity(struct gfs_result *result, struct gfs_datum entity, struct gfs_query_entity *ret_entity,
	struct gfs_query_error *error) GFS_CHECK;

#endif
