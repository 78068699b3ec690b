/* Functions of lists, and what lists share with strings: head, last, tail, size, isEmpty, range, reverse. */
#include "base/checked.h"
#include "query/function_private.h"
#include "query/text.h"

#define ARGS const struct gfs_function_env *env, const struct gfs_datum *args, size_t count, struct gfs_datum *ret_value

static int call_head(ARGS)
{
	(void)count;
	if (args[0].type != GFS_DATUM_LIST)
		return gfs_fail_argument_type(env, "head", args[0]);
	*ret_value = args[0].size == 0 ? gfs_datum_null() : args[0].items[0];
	return 0;
}

static int call_last(ARGS)
{
	(void)count;
	if (args[0].type != GFS_DATUM_LIST)
		return gfs_fail_argument_type(env, "last", args[0]);
	*ret_value = args[0].size == 0 ? gfs_datum_null() : args[0].items[args[0].size - 1];
	return 0;
}

static int call_tail(ARGS)
{
	(void)count;
	if (args[0].type != GFS_DATUM_LIST)
		return gfs_fail_argument_type(env, "tail", args[0]);
	*ret_value = args[0].size <= 1 ? gfs_datum_list(NULL, 0) : gfs_datum_list(args[0].items + 1, args[0].size - 1);
	return 0;
}

static int call_size(ARGS)
{
	(void)count;
	if (args[0].type == GFS_DATUM_STRING)
		*ret_value = gfs_datum_integer((int64_t)gfs_text_points(gfs_datum_text(args[0])));
	else if (args[0].type == GFS_DATUM_LIST)
		*ret_value = gfs_datum_integer(args[0].size);
	else
		return gfs_fail_argument_type(env, "size", args[0]);
	return 0;
}

static int call_is_empty(ARGS)
{
	(void)count;
	if (args[0].type != GFS_DATUM_STRING && args[0].type != GFS_DATUM_LIST && args[0].type != GFS_DATUM_MAP)
		return gfs_fail_argument_type(env, "isEmpty", args[0]);
	*ret_value = gfs_datum_boolean(args[0].size == 0);
	return 0;
}

/* ---- range ---- */

/* How many of from, from + step, ... are not past `to`. */
static unsigned __int128 range_count(int64_t from, int64_t to, int64_t step)
{
	__int128 distance = (__int128)to - from;
	if (distance != 0 && (distance < 0) != (step < 0))
		return 0;
	return (unsigned __int128)(distance / step) + 1;
}

static int fill_range(
	const struct gfs_function_env *env, int64_t from, int64_t to, int64_t step, struct gfs_datum *ret_value)
{
	unsigned __int128 total = range_count(from, to, step);
	if (total > UINT32_MAX)
		return gfs_fail_runtime(env, LIMIT, "ListTooLong", "a list of more than %u items", UINT32_MAX);
	size_t size = (size_t)total;
	struct gfs_datum *items = gfs_function_alloc(env, size * sizeof *items);
	if (items == NULL)
		return env->error->err;
	for (size_t i = 0; i < size; i++)
		items[i] = gfs_datum_integer((int64_t)((__int128)from + (__int128)step * (__int128)i));
	return gfs_function_list(env, items, size, ret_value);
}

static int call_range(ARGS)
{
	for (size_t i = 0; i < count; i++) {
		if (args[i].type != GFS_DATUM_INTEGER)
			return gfs_fail_argument(
				env, "InvalidArgumentType", "range() takes integers, not %s", gfs_type_of(args[i]));
	}
	int64_t step = count == 3 ? args[2].integer : 1;
	if (step == 0)
		return gfs_fail_argument(env, "NumberOutOfRange", "the step of range() is not 0");
	return fill_range(env, args[0].integer, args[1].integer, step, ret_value);
}

/* ---- reverse ---- */

static int reverse_string(const struct gfs_function_env *env, struct gfs_slice text, struct gfs_datum *ret_value)
{
	uint8_t *copy = gfs_function_alloc(env, text.size);
	if (copy == NULL)
		return env->error->err;
	for (size_t at = 0; at < text.size;) {
		size_t size = gfs_text_skip(text, at, 1) - at;
		memcpy(copy + (text.size - at - size), text.data + at, size);
		at += size;
	}
	return gfs_function_string(env, gfs_slice(copy, text.size), ret_value);
}

static int call_reverse(ARGS)
{
	(void)count;
	if (args[0].type == GFS_DATUM_STRING)
		return reverse_string(env, gfs_datum_text(args[0]), ret_value);
	if (args[0].type != GFS_DATUM_LIST)
		return gfs_fail_argument_type(env, "reverse", args[0]);
	struct gfs_datum *items = gfs_function_alloc(env, args[0].size * sizeof *items);
	if (items == NULL)
		return env->error->err;
	for (uint32_t i = 0; i < args[0].size; i++)
		items[i] = args[0].items[args[0].size - 1 - i];
	return gfs_function_list(env, items, args[0].size, ret_value);
}

static const struct gfs_function functions[] = {
	{ "head", call_head, 1, 1, 0, GFS_DATUM_NULL },
	{ "last", call_last, 1, 1, 0, GFS_DATUM_NULL },
	{ "tail", call_tail, 1, 1, 0, GFS_DATUM_LIST },
	{ "size", call_size, 1, 1, 0, GFS_DATUM_INTEGER },
	{ "isEmpty", call_is_empty, 1, 1, 0, GFS_DATUM_BOOLEAN },
	{ "range", call_range, 2, 3, 0, GFS_DATUM_LIST },
	{ "reverse", call_reverse, 1, 1, 0, GFS_DATUM_NULL },
};

const struct gfs_function_table gfs_functions_list = { functions, GFS_COUNT(functions) };
