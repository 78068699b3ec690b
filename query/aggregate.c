/* The aggregating functions by name, DISTINCT, and the dispatch to aggregate_number.c and aggregate_list.c. */
#include "query/aggregate.h"

#include "base/checked.h"
#include "query/aggregate_private.h"

#include <assert.h>
#include <strings.h>

/* In order of name. */
static const struct gfs_aggregate aggregates[] = {
	{ "avg", GFS_DATUM_NULL, 1, AVG },
	{ "collect", GFS_DATUM_LIST, 1, COLLECT },
	{ "count", GFS_DATUM_INTEGER, 1, COUNT },
	{ "max", GFS_DATUM_NULL, 1, MAX },
	{ "min", GFS_DATUM_NULL, 1, MIN },
	{ "percentileCont", GFS_DATUM_FLOAT, 2, PERCENTILE_CONT },
	{ "percentileDisc", GFS_DATUM_NULL, 2, PERCENTILE_DISC },
	{ "stDev", GFS_DATUM_FLOAT, 1, STDEV },
	{ "stDevP", GFS_DATUM_FLOAT, 1, STDEVP },
	{ "sum", GFS_DATUM_NULL, 1, SUM },
};

const struct gfs_aggregate *gfs_aggregate_find(struct gfs_slice name)
{
	for (size_t i = 0; i < GFS_COUNT(aggregates); i++) {
		const char *known = aggregates[i].name;
		if (strlen(known) == name.size && strncasecmp(known, (const char *)name.data, name.size) == 0)
			return &aggregates[i];
	}
	return NULL;
}

const struct gfs_aggregate *gfs_aggregate_at(size_t i)
{
	return i < GFS_COUNT(aggregates) ? &aggregates[i] : NULL;
}

int gfs_accumulator_new(const struct gfs_function_env *env, const struct gfs_aggregate *aggregate, bool distinct,
	struct gfs_accumulator **ret_accumulator)
{
	struct gfs_accumulator *acc = gfs_function_alloc(env, sizeof *acc);
	if (acc == NULL)
		return env->error->err;
	*acc = (struct gfs_accumulator){ .aggregate = aggregate, .distinct = distinct, .value = gfs_datum_null() };
	*ret_accumulator = acc;
	return 0;
}

static int add_value(const struct gfs_function_env *env, struct gfs_accumulator *acc, const struct gfs_datum *args)
{
	switch (acc->aggregate->kind) {
	case COUNT:
		acc->count++;
		return 0;
	case SUM:
	case AVG:
	case STDEV:
	case STDEVP:
		return gfs_accumulator_add_number(env, acc, args[0]);
	case MIN:
	case MAX:
		return gfs_accumulator_add_extreme(env, acc, args[0]);
	default:
		return gfs_accumulator_add_item(env, acc, args);
	}
}

int gfs_accumulator_add(
	const struct gfs_function_env *env, struct gfs_accumulator *acc, const struct gfs_datum *args, size_t count)
{
	bool is_new = true;
	if (count == 0) {
		assert(acc->aggregate->kind == COUNT);
		acc->count++;
		return 0;
	}
	assert(count == acc->aggregate->args);
	if (gfs_datum_is_null(args[0]))
		return 0;
	if (acc->distinct && gfs_datum_set_add(&acc->seen, env->arena, args[0], &is_new) != 0)
		return gfs_fail_nomem(env);
	return is_new ? add_value(env, acc, args) : 0;
}

int gfs_accumulator_finish(const struct gfs_function_env *env, struct gfs_accumulator *acc, struct gfs_datum *ret_value)
{
	switch (acc->aggregate->kind) {
	case COUNT:
		*ret_value = gfs_datum_integer(acc->count);
		return 0;
	case SUM:
	case AVG:
	case STDEV:
	case STDEVP:
		return gfs_accumulator_finish_number(env, acc, ret_value);
	case MIN:
	case MAX:
		*ret_value = acc->value;
		return 0;
	default:
		return gfs_accumulator_finish_items(env, acc, ret_value);
	}
}
