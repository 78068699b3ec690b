/* What the operators and the function_*.c files share. Nobody else includes this. */
#ifndef GFS_QUERY_FUNCTION_PRIVATE_H
#define GFS_QUERY_FUNCTION_PRIVATE_H

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
int gfs_function_string(const struct gfs_function_env *env, struct gfs_slice text, struct gfs_datum *ret_value)
	GFS_CHECK;

/* ---- operators by type of operand; `op` is ADD to POWER ---- */

/* At least one operand is temporal, none is null. *ret_done false: the types do not go together. */
int gfs_temporal_arithmetic(const struct gfs_function_env *env, uint8_t op, struct gfs_datum a, struct gfs_datum b,
	struct gfs_datum *ret_value, bool *ret_done) GFS_CHECK;
/* `text` =~ `pattern`: the whole text must match. */
int gfs_regex_test(const struct gfs_function_env *env, struct gfs_datum text, struct gfs_datum pattern,
	struct gfs_datum *ret_value) GFS_CHECK;

#endif
