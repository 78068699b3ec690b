/* min, max, collect, percentileDisc, percentileCont. */
#include "base/checked.h"
#include "query/aggregate_private.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum { FIRST_CAPACITY = 8 };

int gfs_accumulator_add_extreme(const struct gfs_function_env *env, struct gfs_accumulator *acc, struct gfs_datum value)
{
	if (!gfs_datum_is_null(acc->value)) {
		int c = gfs_datum_order(value, acc->value);
		if (acc->aggregate->kind == MIN ? c >= 0 : c <= 0)
			return 0;
	}
	return gfs_datum_copy(env->arena, value, &acc->value) != 0 ? gfs_fail_nomem(env) : 0;
}

/* ---- items ---- */

static int reserve(const struct gfs_function_env *env, struct gfs_accumulator *acc)
{
	if ((size_t)acc->count < acc->capacity)
		return 0;
	size_t wider = acc->capacity == 0 ? FIRST_CAPACITY : acc->capacity * 2;
	struct gfs_datum *items = gfs_function_alloc(env, wider * sizeof *items);
	if (items == NULL)
		return env->error->err;
	if (acc->count != 0)
		memcpy(items, acc->items, (size_t)acc->count * sizeof *items);
	acc->items = items;
	acc->capacity = wider;
	return 0;
}

/* The first row's percentile is the group's. */
static int check_percentile(
	const struct gfs_function_env *env, struct gfs_accumulator *acc, const struct gfs_datum *args)
{
	if (!gfs_datum_is_number(args[0]))
		return gfs_fail_type(
			env, "InvalidArgumentValue", "%s() does not take %s", acc->aggregate->name, gfs_type_of(args[0]));
	if (!gfs_datum_is_number(args[1]))
		return gfs_fail_type(env, "InvalidArgumentType", "a percentile is a number, not %s", gfs_type_of(args[1]));
	double percentile = gfs_number_as_float(args[1]);
	if (!(percentile >= 0 && percentile <= 1))
		return gfs_fail_argument(env, "NumberOutOfRange", "a percentile is from 0 to 1, not %g", percentile);
	if (acc->count == 0)
		acc->percentile = percentile;
	return 0;
}

int gfs_accumulator_add_item(
	const struct gfs_function_env *env, struct gfs_accumulator *acc, const struct gfs_datum *args)
{
	int err = acc->aggregate->kind == COLLECT ? 0 : check_percentile(env, acc, args);
	if (err == 0)
		err = reserve(env, acc);
	if (err != 0)
		return err;
	if (gfs_datum_copy(env->arena, args[0], &acc->items[acc->count]) != 0)
		return gfs_fail_nomem(env);
	acc->count++;
	return 0;
}

/* ---- percentiles ---- */

static int item_order(const void *a, const void *b)
{
	return gfs_datum_order(*(const struct gfs_datum *)a, *(const struct gfs_datum *)b);
}

/* The smallest value that is not below the given part of all. */
static struct gfs_datum discrete(const struct gfs_accumulator *acc)
{
	double rank = ceil(acc->percentile * (double)acc->count);
	size_t at = rank < 1 ? 0 : (size_t)rank - 1;
	return acc->items[GFS_MIN(at, (size_t)acc->count - 1)];
}

/* Between the two values around the place, by distance. */
static struct gfs_datum continuous(const struct gfs_accumulator *acc)
{
	double place = acc->percentile * (double)(acc->count - 1);
	size_t below = (size_t)place;
	double low = gfs_number_as_float(acc->items[below]);
	double part = place - (double)below;
	if (part == 0)
		return gfs_datum_float(low);
	double high = gfs_number_as_float(acc->items[below + 1]);
	return gfs_datum_float(low * ((double)(below + 1) - place) + high * part);
}

int gfs_accumulator_finish_items(
	const struct gfs_function_env *env, struct gfs_accumulator *acc, struct gfs_datum *ret_value)
{
	if (acc->aggregate->kind == COLLECT)
		return gfs_function_list(env, acc->items, (size_t)acc->count, ret_value);
	if (acc->count == 0) {
		*ret_value = gfs_datum_null();
		return 0;
	}
	qsort(acc->items, (size_t)acc->count, sizeof *acc->items, item_order);
	*ret_value = acc->aggregate->kind == PERCENTILE_DISC ? discrete(acc) : continuous(acc);
	return 0;
}
