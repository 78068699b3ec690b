/* Aggregating functions: count, sum, avg, min, max, collect, stDev, stDevP, percentileCont, percentileDisc. An accumulator is one function
 * over one group of rows.
 *
 * All memory is of env->arena, whose limit bounds a group; what an accumulator keeps of its arguments it copies there, so that arguments
 * live through the call only. */
#ifndef GFS_QUERY_AGGREGATE_H
#define GFS_QUERY_AGGREGATE_H

#include "query/function.h"

struct gfs_accumulator;

struct gfs_aggregate {
	const char *name;           /* as documented; looked up without regard to case */
	enum gfs_datum_type result; /* for the check, as in struct gfs_function */
	uint8_t args;               /* how many; count(*) is the function "count" given none */
	uint8_t kind;               /* aggregate.c's own */
};

/* NULL: there is none of this name. */
const struct gfs_aggregate *gfs_aggregate_find(struct gfs_slice name);
/* The i-th in order of name; NULL past the last. */
const struct gfs_aggregate *gfs_aggregate_at(size_t i);

int gfs_accumulator_new(const struct gfs_function_env *env, const struct gfs_aggregate *aggregate, bool distinct,
	struct gfs_accumulator **ret_accumulator) GFS_CHECK;
/* One row. `count`: the function's number of arguments, or 0 for count(*). A null first argument is passed over. */
int gfs_accumulator_add(const struct gfs_function_env *env, struct gfs_accumulator *accumulator,
	const struct gfs_datum *args, size_t count) GFS_CHECK;
/* The answer, also of no rows; ends the accumulator. */
int gfs_accumulator_finish(
	const struct gfs_function_env *env, struct gfs_accumulator *accumulator, struct gfs_datum *ret_value) GFS_CHECK;

#endif
