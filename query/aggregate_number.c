/* sum, avg, stDev, stDevP. Sums of integers are checked; averages are taken from a sum that cannot overflow. Deviations by Welford's
 * method, in one pass. */
#include "query/aggregate_private.h"
#include "query/ast.h"

#include <assert.h>
#include <math.h>

static int refuse(const struct gfs_function_env *env, const struct gfs_accumulator *acc, struct gfs_datum value)
{
	return gfs_fail_type(
		env, "InvalidArgumentValue", "%s() does not take %s", acc->aggregate->name, gfs_type_of(value));
}

static int add_to_sum(const struct gfs_function_env *env, struct gfs_accumulator *acc, struct gfs_datum value)
{
	if (gfs_datum_is_null(acc->value)) {
		if (gfs_datum_copy(env->arena, value, &acc->value) != 0)
			return gfs_fail_nomem(env);
		return 0;
	}
	if ((acc->value.type == GFS_DATUM_DURATION) != (value.type == GFS_DATUM_DURATION))
		return refuse(env, acc, value);
	return gfs_datum_arithmetic(env, GFS_OP_ADD, acc->value, value, &acc->value);
}

static int add_to_average(const struct gfs_function_env *env, struct gfs_accumulator *acc, struct gfs_datum value)
{
	bool duration = value.type == GFS_DATUM_DURATION;
	if (acc->count > 1 && duration != (acc->value.type == GFS_DATUM_DURATION))
		return refuse(env, acc, value);
	if (duration)
		return add_to_sum(env, acc, value);
	if (value.type == GFS_DATUM_INTEGER)
		acc->integers += value.integer;
	else
		acc->reals += value.real;
	return 0;
}

static void add_to_deviation(struct gfs_accumulator *acc, double value)
{
	double distance = value - acc->mean;
	acc->mean += distance / (double)acc->count;
	acc->squares += distance * (value - acc->mean);
}

int gfs_accumulator_add_number(const struct gfs_function_env *env, struct gfs_accumulator *acc, struct gfs_datum value)
{
	bool sums = acc->aggregate->kind == SUM || acc->aggregate->kind == AVG;
	if (!gfs_datum_is_number(value) && !(sums && value.type == GFS_DATUM_DURATION))
		return refuse(env, acc, value);
	acc->count++;
	if (acc->aggregate->kind == SUM)
		return add_to_sum(env, acc, value);
	if (acc->aggregate->kind == AVG)
		return add_to_average(env, acc, value);
	add_to_deviation(acc, gfs_number_as_float(value));
	return 0;
}

static int finish_average(const struct gfs_function_env *env, struct gfs_accumulator *acc, struct gfs_datum *ret_value)
{
	if (acc->value.type == GFS_DATUM_DURATION)
		return gfs_datum_arithmetic(env, GFS_OP_DIVIDE, acc->value, gfs_datum_integer(acc->count), ret_value);
	*ret_value = gfs_datum_float(((double)acc->integers + acc->reals) / (double)acc->count);
	return 0;
}

static double deviation(const struct gfs_accumulator *acc)
{
	int64_t degrees = acc->aggregate->kind == STDEVP ? acc->count : acc->count - 1;
	return degrees <= 0 ? 0.0 : sqrt(acc->squares / (double)degrees);
}

int gfs_accumulator_finish_number(
	const struct gfs_function_env *env, struct gfs_accumulator *acc, struct gfs_datum *ret_value)
{
	switch (acc->aggregate->kind) {
	case SUM:
		*ret_value = acc->count == 0 ? gfs_datum_integer(0) : acc->value;
		return 0;
	case AVG:
		if (acc->count != 0)
			return finish_average(env, acc, ret_value);
		*ret_value = gfs_datum_null();
		return 0;
	default:
		*ret_value = gfs_datum_float(deviation(acc));
		return 0;
	}
}
