/* toBoolean, toInteger, toFloat, toString, their OrNull and List forms. */
#include "base/checked.h"
#include "graph/value.h"
#include "query/function_private.h"
#include "query/show.h"

#include <math.h>
#include <strings.h>

/* A conversion of one value that is not null: *ret_ok false for a type that it does not take. An unreadable string becomes null. */
typedef int (*converter)(
	const struct gfs_function_env *env, struct gfs_datum d, struct gfs_datum *ret_value, bool *ret_ok);

static struct gfs_slice trimmed(struct gfs_datum d)
{
	struct gfs_slice text = gfs_datum_text(d);
	while (text.size != 0 && text.data[0] <= ' ')
		text = gfs_slice(text.data + 1, text.size - 1);
	while (text.size != 0 && text.data[text.size - 1] <= ' ')
		text.size--;
	return text;
}

static int to_boolean(const struct gfs_function_env *env, struct gfs_datum d, struct gfs_datum *ret_value, bool *ret_ok)
{
	struct gfs_value value;
	*ret_ok = true;
	switch (d.type) {
	case GFS_DATUM_BOOLEAN:
		*ret_value = d;
		return 0;
	case GFS_DATUM_INTEGER:
		*ret_value = gfs_datum_boolean(d.integer != 0);
		return 0;
	case GFS_DATUM_STRING:
		*ret_value = gfs_datum_null();
		if (gfs_value_parse_loose(GFS_TYPE_BOOLEAN, trimmed(d), env->arena, &value) == 0)
			*ret_value = gfs_datum_boolean(value.boolean);
		return 0;
	default:
		*ret_ok = false;
		return 0;
	}
}

static int whole(const struct gfs_function_env *env, double v, struct gfs_datum *ret_value)
{
	if (isnan(v)) {
		*ret_value = gfs_datum_null();
		return 0;
	}
	if (v >= 0x1p63 || v < -0x1p63)
		return gfs_fail_argument(env, "NumberOutOfRange", "%g does not fit a 64-bit integer", v);
	*ret_value = gfs_datum_integer((int64_t)v);
	return 0;
}

/* An integer's text, or a float's without its fraction. */
static int integer_from_string(const struct gfs_function_env *env, struct gfs_datum d, struct gfs_datum *ret_value)
{
	struct gfs_value value;
	if (gfs_value_parse_loose(GFS_TYPE_INTEGER, trimmed(d), env->arena, &value) == 0) {
		*ret_value = gfs_datum_integer(value.integer);
		return 0;
	}
	if (gfs_value_parse_loose(GFS_TYPE_FLOAT, trimmed(d), env->arena, &value) == 0)
		return whole(env, value.real, ret_value);
	*ret_value = gfs_datum_null();
	return 0;
}

static int to_integer(const struct gfs_function_env *env, struct gfs_datum d, struct gfs_datum *ret_value, bool *ret_ok)
{
	*ret_ok = true;
	switch (d.type) {
	case GFS_DATUM_INTEGER:
		*ret_value = d;
		return 0;
	case GFS_DATUM_BOOLEAN:
		*ret_value = gfs_datum_integer(d.boolean);
		return 0;
	case GFS_DATUM_FLOAT:
		return whole(env, d.real, ret_value);
	case GFS_DATUM_STRING:
		return integer_from_string(env, d, ret_value);
	default:
		*ret_ok = false;
		return 0;
	}
}

static int to_float(const struct gfs_function_env *env, struct gfs_datum d, struct gfs_datum *ret_value, bool *ret_ok)
{
	struct gfs_value value;
	*ret_ok = true;
	switch (d.type) {
	case GFS_DATUM_FLOAT:
	case GFS_DATUM_INTEGER:
		*ret_value = gfs_datum_float(gfs_number_as_float(d));
		return 0;
	case GFS_DATUM_STRING:
		*ret_value = gfs_datum_null();
		if (gfs_value_parse_loose(GFS_TYPE_FLOAT, trimmed(d), env->arena, &value) == 0)
			*ret_value = gfs_datum_float(value.real);
		return 0;
	default:
		*ret_ok = false;
		return 0;
	}
}

static int to_string(const struct gfs_function_env *env, struct gfs_datum d, struct gfs_datum *ret_value, bool *ret_ok)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	*ret_ok = gfs_datum_is_scalar(d);
	if (!*ret_ok)
		return 0;
	if (d.type == GFS_DATUM_STRING) {
		*ret_value = d;
		return 0;
	}
	gfs_show_scalar(d, &text);
	return gfs_function_buf(env, &text, ret_value);
}

static int convert(const struct gfs_function_env *env, const char *name, converter to, const struct gfs_datum *args,
	struct gfs_datum *ret_value)
{
	bool ok;
	int err = to(env, args[0], ret_value, &ok);
	return err == 0 && !ok ? gfs_fail_argument_type(env, name, args[0]) : err;
}

static int convert_or_null(
	const struct gfs_function_env *env, converter to, const struct gfs_datum *args, struct gfs_datum *ret_value)
{
	bool ok;
	int err = to(env, args[0], ret_value, &ok);
	if (err == 0 && !ok)
		*ret_value = gfs_datum_null();
	return err;
}

static int convert_list(const struct gfs_function_env *env, const char *name, converter to,
	const struct gfs_datum *args, struct gfs_datum *ret_value)
{
	if (args[0].type != GFS_DATUM_LIST)
		return gfs_fail_argument_type(env, name, args[0]);
	struct gfs_datum *items = gfs_function_alloc(env, args[0].size * sizeof *items);
	if (items == NULL)
		return env->error->err;
	for (uint32_t i = 0; i < args[0].size; i++) {
		int err = convert_or_null(env, to, &args[0].items[i], &items[i]);
		if (err != 0)
			return err;
	}
	return gfs_function_list(env, items, args[0].size, ret_value);
}

#define DEFINE(name, to)                                                                                               \
	static int call_##to(                                                                                              \
		const struct gfs_function_env *env, const struct gfs_datum *args, size_t count, struct gfs_datum *ret_value)   \
	{                                                                                                                  \
		(void)count;                                                                                                   \
		return convert(env, name, to, args, ret_value);                                                                \
	}                                                                                                                  \
	static int call_##to##_or_null(                                                                                    \
		const struct gfs_function_env *env, const struct gfs_datum *args, size_t count, struct gfs_datum *ret_value)   \
	{                                                                                                                  \
		(void)count;                                                                                                   \
		return convert_or_null(env, to, args, ret_value);                                                              \
	}                                                                                                                  \
	static int call_##to##_list(                                                                                       \
		const struct gfs_function_env *env, const struct gfs_datum *args, size_t count, struct gfs_datum *ret_value)   \
	{                                                                                                                  \
		(void)count;                                                                                                   \
		return convert_list(env, name "List", to, args, ret_value);                                                    \
	}

DEFINE("toBoolean", to_boolean)
DEFINE("toInteger", to_integer)
DEFINE("toFloat", to_float)
DEFINE("toString", to_string)

static const struct gfs_function functions[] = {
	{ "toBoolean", call_to_boolean, 1, 1, 0, GFS_DATUM_BOOLEAN },
	{ "toBooleanOrNull", call_to_boolean_or_null, 1, 1, 0, GFS_DATUM_BOOLEAN },
	{ "toBooleanList", call_to_boolean_list, 1, 1, 0, GFS_DATUM_LIST },
	{ "toInteger", call_to_integer, 1, 1, 0, GFS_DATUM_INTEGER },
	{ "toIntegerOrNull", call_to_integer_or_null, 1, 1, 0, GFS_DATUM_INTEGER },
	{ "toIntegerList", call_to_integer_list, 1, 1, 0, GFS_DATUM_LIST },
	{ "toFloat", call_to_float, 1, 1, 0, GFS_DATUM_FLOAT },
	{ "toFloatOrNull", call_to_float_or_null, 1, 1, 0, GFS_DATUM_FLOAT },
	{ "toFloatList", call_to_float_list, 1, 1, 0, GFS_DATUM_LIST },
	{ "toString", call_to_string, 1, 1, 0, GFS_DATUM_STRING },
	{ "toStringOrNull", call_to_string_or_null, 1, 1, 0, GFS_DATUM_STRING },
	{ "toStringList", call_to_string_list, 1, 1, 0, GFS_DATUM_LIST },
};

const struct gfs_function_table gfs_functions_convert = { functions, GFS_COUNT(functions) };
