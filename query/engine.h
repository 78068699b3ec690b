/* What the files of the engine share (engine.c, compile.c, statement.c, result.c, answer.c, running.c, admin.c, schema.c, snapshot.c, procedure_admin.c, procedure_schema.c). Nobody else includes it. */
#ifndef GFS_QUERY_ENGINE_H
#define GFS_QUERY_ENGINE_H

#include "base/lock.h"
#include "cache/results.h"
#include "graph/constraint.h"
#include "query/exec.h"
#include "query/normalize.h"
#include "query/op.h"
#include "query/procedure.h"
#include "query/stamp.h"

/* A statement under way, in the engine's list. */
struct gfs_running {
	struct gfs_running *prev, *next;
	uint64_t id;
	uint64_t start_ns;       /* monotonic */
	struct gfs_slice text;   /* as long as it is in the list */
	_Atomic bool terminated; /* relaxed: it only has to be seen sometime */
	bool listed;
};

enum { GFS_TEXTS_SEEN = 1024, GFS_SPARE_RESULTS = 8 };

struct gfs_engine {
	struct gfs_graph *graph;
	struct gfs_engine_opts opts;
	struct gfs_procedures *procedures;
	struct gfs_results *cache; /* plans and answers; NULL: the layer belongs to another engine of the graph */
	struct gfs_mutex lock;     /* guards running, running_count, next_id, limits */
	struct gfs_engine_limits limits;
	struct gfs_running *running;
	uint32_t running_count;
	uint64_t next_id;
	/* Hashes of texts with literals that came lately, by the hash. Relaxed: one that is lost is noted next time. */
	_Atomic uint64_t texts_seen[GFS_TEXTS_SEEN];
	/* Freed results (result_pool.c), or NULL. Acquire to take one, release to put one in. */
	struct gfs_result *_Atomic spare[GFS_SPARE_RESULTS];
	/* Relaxed: statistics. */
	_Atomic uint64_t plan_hits, plan_misses, answer_hits, answer_misses;
};

/* A plan that statements share, with what it was made from. */
struct gfs_shared_plan {
	struct gfs_cached cached;
	struct gfs_plan plan;
	struct gfs_ast_statement *statement;
	struct gfs_stamp *stamps; /* what the plan was chosen by; when it is kept */
	size_t stamp_count;
};

/* An entity as it was, under its id and kind. */
struct gfs_snapshots {
	struct gfs_u64map index; /* id * 2 + is_rel -> place */
	struct gfs_query_entity *items;
	size_t count, capacity;
};

/* All rows of a result, kept for the next time. */
struct gfs_answer {
	struct gfs_cached cached;
	struct gfs_arena arena;
	struct gfs_slice *columns;
	size_t column_count;
	struct gfs_datum *rows;
	size_t row_count;
	struct gfs_snapshots snapshots;
};

enum { GFS_STAMPS_MAX = 64 };
/* An answer with more is not kept. */
#define GFS_ANSWER_BYTES_MAX ((size_t)1 << 20)

struct gfs_result {
	struct gfs_engine *engine;
	struct gfs_engine_limits limits; /* of when it began */
	struct gfs_running running;
	struct gfs_shared_plan *shared;  /* NULL for answers and tables */
	const struct gfs_lifted *lifted; /* the literals of this statement, as the plan numbers them */
	struct gfs_cached *plan_held;    /* a reference: `shared`, or what keeps it and `lifted` */
	struct gfs_slice *columns;
	size_t column_count;
	struct gfs_exec exec;
	struct gfs_op *root;
	struct gfs_query_error error;    /* what the run fills: the caller's own may not live as long */
	struct gfs_slice statement_text; /* in the arena of `exec` */
	struct gfs_normal normal;        /* of a text that was not in the cache */
	struct gfs_arena rows_arena;     /* rows and snapshots handed out; of a writing or kept result: all of them */
	struct gfs_datum *rows;
	size_t row_count, row_capacity;
	size_t first; /* of the rows that are handed out next */
	uint64_t given;
	struct gfs_snapshots snapshots;
	struct gfs_buf text; /* EXPLAIN, PROFILE */
	bool has_rows;       /* some were made and not handed out */
	bool ended;
	bool profile;
	/* answers */
	bool keeping; /* rows are kept, to become an answer */
	struct gfs_buf key;
	struct gfs_stamp *stamps; /* GFS_STAMPS_MAX, when keeping */
	size_t stamp_count;
	uint64_t start_ns;
	struct gfs_answer *answer; /* a reference: the rows are its */
};

/* compile.c: fills result->shared and the columns, from the cache if it can. `text` lives as long as the result. */
int gfs_compile(struct gfs_result *result, struct gfs_slice text, const struct gfs_run_opts *opts) GFS_CHECK;
const struct gfs_param *gfs_param_find(const struct gfs_run_opts *opts, struct gfs_slice name);

/* plan_cache.c. Under the graph lock. */
/* One reference; NULL without memory. */
struct gfs_shared_plan *gfs_shared_plan_new(void);
/* Fills result->shared, lifted and plan_held. False: there is none, and result->normal is filled for who makes it. */
bool gfs_plan_cache_find(struct gfs_result *result, struct gfs_slice text);
/* Keeps result->shared, which was just made, and is still nobody else's. */
void gfs_plan_cache_keep(struct gfs_result *result, struct gfs_slice text, uint64_t cost_ns);

/* statement.c: a memory failure that was the limit becomes an error about the limit, and a place in the text is one in this statement's own. Returns `err`, or
 * the other error's. */
int gfs_statement_settle_error(struct gfs_result *result, int err) GFS_CHECK;

/* result_pool.c */
/* An empty one; NULL without memory. */
struct gfs_result *gfs_result_new(struct gfs_engine *engine);
/* Takes a result of which nothing is left but its arenas. */
void gfs_result_recycle(struct gfs_result *result);
void gfs_result_pool_release(struct gfs_engine *engine);

/* result.c */
/* Makes the next rows of a reading statement; the lock is held. */
int gfs_result_fill(struct gfs_result *result) GFS_CHECK;
/* All rows of a writing one, before its commit. */
int gfs_result_fill_all(struct gfs_result *result) GFS_CHECK;
/* What is left of a run that has ended, or failed: the memory of its operators. */
void gfs_result_stop(struct gfs_result *result);
/* A result that is a table of our own: columns, then rows one after the other. Texts must live as long as the result. */
int gfs_result_set_columns(struct gfs_result *result, const char *const *names, size_t count) GFS_CHECK;
int gfs_result_add_row(struct gfs_result *result, const struct gfs_datum *values) GFS_CHECK;

/* answer.c: the result cache. All under the graph lock. */
/* True: the result is an answer from the cache. */
bool gfs_answer_find(struct gfs_result *result, struct gfs_slice text, const struct gfs_run_opts *opts);
/* Begins to keep the rows, when the plan allows it. */
void gfs_answer_begin(struct gfs_result *result);
/* The rows are whole: they become an answer, unless something changed meanwhile. */
void gfs_answer_end(struct gfs_result *result);

/* running.c */
int gfs_running_enter(struct gfs_engine *engine, struct gfs_running *running, struct gfs_slice text,
	struct gfs_query_error *error) GFS_CHECK;
void gfs_running_leave(struct gfs_engine *engine, struct gfs_running *running);

/* admin.c: TERMINATE, whose result is a table; schema.c: indexes and constraints. */
/* It is asked of no cache, since it must not wait for the graph, which the statement that it ends may hold. False: look at what the parser says. */
bool gfs_admin_is_terminate(struct gfs_slice text);
int gfs_admin_terminate(
	struct gfs_result *result, const struct gfs_ast_expr *what, const struct gfs_run_opts *opts) GFS_CHECK;
int gfs_schema_run(struct gfs_result *result, const struct gfs_ast_schema *schema) GFS_CHECK;

/* snapshot.c: notes every entity in a value. Values in `arena`. */
int gfs_snapshots_take(
	struct gfs_snapshots *snapshots, struct gfs_exec *exec, struct gfs_arena *arena, struct gfs_datum value) GFS_CHECK;
const struct gfs_query_entity *gfs_snapshots_find(const struct gfs_snapshots *snapshots, struct gfs_datum entity);
void gfs_snapshots_clear(struct gfs_snapshots *snapshots);

#endif
