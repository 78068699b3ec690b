/* What the operators and the function_*.c files share. Nobody else includes this. */
#ifndef GFS_QUERY_FUNCTION_PRIVATE_H
#define GFS_QUERY_FUNCTION_PRIVATE_H

#include "base/buf.h"
#include "query/datum_private.h"
#include "query/function.h"

/* Errors at run time, in openCypher's kinds and details; all return what gfs_query_fail does. */
#define gfs_fail_runtime(env, kind, detail, ...)                                                                       \
	gfs_query_fail((env)->error, GFS_QUERY_##kind##_ERROR, GFS_QUERY_RUNTIME, detail, (env)->pos, __VA_ARGS__)
#define gfs_fail_type(env, detail, ...) gfs_fail_runtime(env, TYPE, detail, __VA_ARGS__)
#define gfs_fail_argument(env, detail, ...) gfs_fail_runtime(env, ARGUMENT, detail, __VA_ARGS__)
#define gfs_fail_nomem(env) gfs_query_fail_store((env)->error, GFS_ERR_NOMEM)

/* The name of a value's type, for messages. */
static inline const char *gfs_type_of(struct gfs_datum d)
{
	return gfs_datum_type_name((enum gfs_datum_type)d.type);
}

/* An INTEGER or FLOAT as a float. */
static inline double gfs_number_as_float(struct gfs_datum d)
{
	return d.type == GFS_DATUM_INTEGER ? (double)d.integer : d.real;
}

/* Memory of the result; fills env->error when there is none. */
void *gfs_function_alloc(const struct gfs_function_env *env, size_t size);
/* A list of `items`, or the error that it nests too deep. */
int gfs_function_list(const struct gfs_function_env *env, const struct gfs_datum *items, size_t count,
	struct gfs_datum *ret_value) GFS_CHECK;
/* A string of bytes that lie in the arena, or the error that it is too long. */
int gfs_function_string(
	const struct gfs_function_env *env, struct gfs_slice text, struct gfs_datum *ret_value) GFS_CHECK;

/* "abs() does not take STRING" */
int gfs_fail_argument_type(const struct gfs_function_env *env, const char *function, struct gfs_datum d);
/* A string of a buffer's contents, copied to the arena. */
int gfs_function_buf(
	const struct gfs_function_env *env, const struct gfs_buf *buf, struct gfs_datum *ret_value) GFS_CHECK;
/* A map of entries in the arena, in any order. */
int gfs_function_map(const struct gfs_function_env *env, struct gfs_datum_entry *entries, size_t count,
	struct gfs_datum *ret_value) GFS_CHECK;

/* ---- the tables ---- */

struct gfs_function_table {
	const struct gfs_function *functions;
	size_t count;
};
extern const struct gfs_function_table gfs_functions_convert, gfs_functions_duration, gfs_functions_temporal,
	gfs_functions_graph, gfs_functions_list, gfs_functions_math, gfs_functions_round, gfs_functions_scalar,
	gfs_functions_spatial, gfs_functions_string, gfs_functions_text;

/* ---- operators by type of operand; `op` is ADD to POWER ---- */

/* At least one operand is temporal, none is null. *ret_done false: the types do not go together. */
int gfs_temporal_arithmetic(const struct gfs_function_env *env, uint8_t op, struct gfs_datum a, struct gfs_datum b,
	struct gfs_datum *ret_value, bool *ret_done) GFS_CHECK;
/* `text` =~ `pattern`: the whole text must match. */
int gfs_regex_test(const struct gfs_function_env *env, struct gfs_datum text, struct gfs_datum pattern,
	struct gfs_datum *ret_value) GFS_CHECK;

#endif
