/* What engine.c, statement.c and result.c share. Nobody else includes it. */
#ifndef GFS_QUERY_ENGINE_H
#define GFS_QUERY_ENGINE_H

#include "base/lock.h"
#include "query/exec.h"
#include "query/op.h"
#include "query/procedure.h"

struct gfs_engine {
	struct gfs_graph *graph;
	struct gfs_engine_opts opts;
	struct gfs_procedures *procedures;
};

/* An entity as it was, under its id and kind. */
struct gfs_snapshots {
	struct gfs_u64map index; /* id * 2 + is_rel -> place */
	struct gfs_query_entity *items;
	size_t count, capacity;
};

struct gfs_result {
	struct gfs_engine *engine;
	struct gfs_plan plan;
	struct gfs_exec exec;
	struct gfs_op *root;
	struct gfs_query_error error; /* what the run fills: the caller's own may not live as long */
	struct gfs_arena rows_arena;  /* rows and snapshots handed out, or all of a writing statement's */
	struct gfs_datum *rows;
	size_t row_count, given;
	struct gfs_snapshots snapshots;
	struct gfs_buf text; /* EXPLAIN */
	bool has_rows;       /* `rows` were made and not handed out */
	bool ended;
};

/* result.c */
/* Makes the next rows of a reading statement; the lock is held. */
int gfs_result_fill(struct gfs_result *result) GFS_CHECK;
/* All rows of a writing one, before its commit. */
int gfs_result_fill_all(struct gfs_result *result) GFS_CHECK;
/* What is left of a run that has ended, or failed: the memory of its operators. */
void gfs_result_stop(struct gfs_result *result);

/* statement.c: a memory failure that was the limit becomes an error about the limit. */
void gfs_statement_settle_error(struct gfs_result *result);

/* snapshot.c: notes every entity in a value. Values in `arena`. */
int gfs_snapshots_take(
	struct gfs_snapshots *snapshots, struct gfs_exec *exec, struct gfs_arena *arena, struct gfs_datum value) GFS_CHECK;
const struct gfs_query_entity *gfs_snapshots_find(const struct gfs_snapshots *snapshots, struct gfs_datum entity);
void gfs_snapshots_clear(struct gfs_snapshots *snapshots);

#endif
