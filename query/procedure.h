/* Procedures that CALL calls: the built-in ones, and tables under a name for tests. */
#ifndef GFS_QUERY_PROCEDURE_H
#define GFS_QUERY_PROCEDURE_H

#include "base/arena.h"
#include "query/datum.h"
#include "query/error.h"

#include <stdbool.h>

struct gfs_engine;
struct gfs_exec;
struct gfs_graph;

/* X(code, name in a signature) */
#define GFS_PROCEDURE_TYPES(X)                                                                                         \
	X(ANY, "ANY")                                                                                                      \
	X(BOOLEAN, "BOOLEAN")                                                                                              \
	X(INTEGER, "INTEGER")                                                                                              \
	X(FLOAT, "FLOAT")                                                                                                  \
	X(NUMBER, "NUMBER")                                                                                                \
	X(STRING, "STRING")                                                                                                \
	X(MAP, "MAP")                                                                                                      \
	X(NODE, "NODE")                                                                                                    \
	X(REL, "RELATIONSHIP")                                                                                             \
	X(PATH, "PATH")                                                                                                    \
	X(LIST, "LIST")

enum gfs_procedure_type {
#define X(code, name) GFS_PROCEDURE_##code,
	GFS_PROCEDURE_TYPES(X)
#undef X
};

struct gfs_procedure_field {
	struct gfs_slice name;
	enum gfs_procedure_type type;
};

struct gfs_procedures;

struct gfs_procedure_env {
	struct gfs_arena *arena; /* for the rows and what they point at */
	const struct gfs_procedures *procedures;
	struct gfs_engine *engine;
	struct gfs_graph *graph; /* under the graph lock, which gfs_exec_tick gives to others for a moment */
	struct gfs_exec *exec;   /* for gfs_exec_tick: a procedure that takes long calls it */
	struct gfs_query_error *error;
	const struct gfs_query_pos *pos; /* of the call, for errors */
};

/* rows[row * output_count + column] */
struct gfs_procedure_rows {
	const struct gfs_datum *rows;
	size_t count;
};

struct gfs_procedure {
	struct gfs_slice name; /* "db.labels"; compared byte by byte */
	const struct gfs_procedure_field *inputs, *outputs;
	uint32_t input_count, output_count; /* no outputs: a row comes out as it went in */
	uint32_t shown_count;               /* of SHOW: how many of the outputs it gives without YIELD */
	const char *description;            /* or NULL */
	/* 0 with the rows set, or a code with env->error filled. `args` are of the inputs' types: gfs_procedure_argument. */
	int (*call)(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
		const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows);
	const void *data; /* of `call` */
};

/* The procedures of one engine. Changes are not thread-safe: tests make them between statements. */

int gfs_procedures_new(struct gfs_procedures **ret_procedures) GFS_CHECK;
/* NULL is fine. */
void gfs_procedures_free(struct gfs_procedures *procedures);
/* NULL: there is none of this name. Lives until it is cleared. */
const struct gfs_procedure *gfs_procedures_find(const struct gfs_procedures *procedures, struct gfs_slice name);
/* In order of name; NULL past the last. */
const struct gfs_procedure *gfs_procedures_at(const struct gfs_procedures *procedures, size_t i);

/* What makes the rows of SHOW: "SHOW INDEXES". NULL: there is none of this name. */
const struct gfs_procedure *gfs_procedure_show(struct gfs_slice name);

/* A table as a procedure: `signature` is "test.p(a :: STRING?) :: (b :: INTEGER?)", the columns of `rows` are its inputs, then its outputs; a call answers the
 * outputs of the rows whose inputs are the arguments. All is copied. GFS_ERR_INVALID (the signature), GFS_ERR_EXISTS, GFS_ERR_NOMEM. */
int gfs_procedures_add_table(struct gfs_procedures *procedures, struct gfs_slice signature,
	const struct gfs_datum *rows, size_t row_count) GFS_CHECK;
/* Forgets the tables. */
void gfs_procedures_clear_tables(struct gfs_procedures *procedures);

/* Makes `value` of the type that an input wants: an integer where a FLOAT is wanted becomes one; null is of every type. False: it is of another type. */
bool gfs_procedure_argument(enum gfs_procedure_type type, struct gfs_datum value, struct gfs_datum *ret_value);
const char *gfs_procedure_type_name(enum gfs_procedure_type type);

#endif
