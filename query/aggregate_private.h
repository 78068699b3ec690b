/* What the aggregate*.c files share. Nobody else includes this. */
#ifndef GFS_QUERY_AGGREGATE_PRIVATE_H
#define GFS_QUERY_AGGREGATE_PRIVATE_H

#include "query/aggregate.h"
#include "query/datum_set.h"
#include "query/function_private.h"

enum gfs_aggregate_kind { AVG, COLLECT, COUNT, MAX, MIN, PERCENTILE_CONT, PERCENTILE_DISC, STDEV, STDEVP, SUM };

/* An arena's memory is 8-aligned. */
typedef __int128 gfs_wide_sum __attribute__((aligned(8)));

struct gfs_accumulator {
	const struct gfs_aggregate *aggregate;
	bool distinct;
	struct gfs_datum_set seen; /* DISTINCT */
	int64_t count;             /* values that were added */
	struct gfs_datum value;    /* SUM, AVG of durations: the sum; MIN, MAX: the extreme so far; null at first */
	gfs_wide_sum integers;     /* AVG: sum of the integers */
	double reals;              /* AVG: sum of the floats */
	double mean, squares;      /* STDEV, STDEVP: the mean, and the sum of the squares of the distances from it */
	double percentile;
	struct gfs_datum *items; /* COLLECT, PERCENTILE_*: `count` of them */
	size_t capacity;
};

int gfs_accumulator_add_number(
	const struct gfs_function_env *env, struct gfs_accumulator *acc, struct gfs_datum value) GFS_CHECK;
int gfs_accumulator_finish_number(
	const struct gfs_function_env *env, struct gfs_accumulator *acc, struct gfs_datum *ret_value) GFS_CHECK;
int gfs_accumulator_add_extreme(
	const struct gfs_function_env *env, struct gfs_accumulator *acc, struct gfs_datum value) GFS_CHECK;
int gfs_accumulator_add_item(
	const struct gfs_function_env *env, struct gfs_accumulator *acc, const struct gfs_datum *args) GFS_CHECK;
int gfs_accumulator_finish_items(
	const struct gfs_function_env *env, struct gfs_accumulator *acc, struct gfs_datum *ret_value) GFS_CHECK;

#endif
