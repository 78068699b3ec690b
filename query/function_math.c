/* Functions of numbers. Results of the C library's functions are Java's for every special case: NaN and infinities, never an error. */
#include "base/checked.h"
#include "base/hash.h"
#include "query/function_private.h"

#include <math.h>

#define ARGS const struct gfs_function_env *env, const struct gfs_datum *args, size_t count, struct gfs_datum *ret_value

static int want_number(const struct gfs_function_env *env, const char *function, struct gfs_datum d, double *ret)
{
	if (!gfs_datum_is_number(d))
		return gfs_fail_argument_type(env, function, d);
	*ret = gfs_number_as_float(d);
	return 0;
}

/* ---- one float from one number ---- */

static double cot(double x)
{
	return 1 / tan(x);
}

static double coth(double x)
{
	return 1 / tanh(x);
}

static double haversin(double x)
{
	return (1 - cos(x)) / 2;
}

static double degrees(double x)
{
	return x * 180 / M_PI;
}

static double radians(double x)
{
	return x / 180 * M_PI;
}

#define DEFINE(function, c_function)                                                                                   \
	static int call_##function(ARGS)                                                                                   \
	{                                                                                                                  \
		double x = 0;                                                                                                  \
		(void)count;                                                                                                   \
		int err = want_number(env, #function, args[0], &x);                                                            \
		if (err == 0)                                                                                                  \
			*ret_value = gfs_datum_float(c_function(x));                                                               \
		return err;                                                                                                    \
	}

DEFINE(ceil, ceil)
DEFINE(floor, floor)
DEFINE(sqrt, sqrt)
DEFINE(exp, exp)
DEFINE(log, log)
DEFINE(log10, log10)
DEFINE(sin, sin)
DEFINE(cos, cos)
DEFINE(tan, tan)
DEFINE(cot, cot)
DEFINE(asin, asin)
DEFINE(acos, acos)
DEFINE(atan, atan)
DEFINE(sinh, sinh)
DEFINE(cosh, cosh)
DEFINE(tanh, tanh)
DEFINE(coth, coth)
DEFINE(haversin, haversin)
DEFINE(degrees, degrees)
DEFINE(radians, radians)

/* ---- others ---- */

static int call_atan2(ARGS)
{
	double y = 0;
	double x = 0;
	(void)count;
	int err = want_number(env, "atan2", args[0], &y);
	if (err == 0)
		err = want_number(env, "atan2", args[1], &x);
	if (err == 0)
		*ret_value = gfs_datum_float(atan2(y, x));
	return err;
}

static int call_abs(ARGS)
{
	double x = 0;
	(void)count;
	int err = want_number(env, "abs", args[0], &x);
	if (err != 0)
		return err;
	if (args[0].type == GFS_DATUM_FLOAT) {
		*ret_value = gfs_datum_float(fabs(x));
		return 0;
	}
	return args[0].integer < 0 ? gfs_datum_negate(env, args[0], ret_value) : (*ret_value = args[0], 0);
}

static int call_sign(ARGS)
{
	double x = 0;
	(void)count;
	int err = want_number(env, "sign", args[0], &x);
	if (err == 0)
		*ret_value = gfs_datum_integer((x > 0) - (x < 0));
	return err;
}

static int call_is_nan(ARGS)
{
	double x = 0;
	(void)count;
	int err = want_number(env, "isNaN", args[0], &x);
	if (err == 0)
		*ret_value = gfs_datum_boolean(isnan(x));
	return err;
}

static int call_e(ARGS)
{
	(void)env, (void)args, (void)count;
	*ret_value = gfs_datum_float(M_E);
	return 0;
}

static int call_pi(ARGS)
{
	(void)env, (void)args, (void)count;
	*ret_value = gfs_datum_float(M_PI);
	return 0;
}

/* The 53 high bits of splitmix64's next number. */
static int call_rand(ARGS)
{
	(void)args, (void)count;
	*env->random += UINT64_C(0x9e3779b97f4a7c15);
	*ret_value = gfs_datum_float((double)(gfs_mix64(*env->random) >> 11) * 0x1p-53);
	return 0;
}

static const struct gfs_function functions[] = {
	{ "abs", call_abs, 1, 1, 0, GFS_DATUM_NULL },
	{ "sign", call_sign, 1, 1, 0, GFS_DATUM_INTEGER },
	{ "ceil", call_ceil, 1, 1, 0, GFS_DATUM_FLOAT },
	{ "ceiling", call_ceil, 1, 1, 0, GFS_DATUM_FLOAT },
	{ "floor", call_floor, 1, 1, 0, GFS_DATUM_FLOAT },
	{ "sqrt", call_sqrt, 1, 1, 0, GFS_DATUM_FLOAT },
	{ "exp", call_exp, 1, 1, 0, GFS_DATUM_FLOAT },
	{ "log", call_log, 1, 1, 0, GFS_DATUM_FLOAT },
	{ "ln", call_log, 1, 1, 0, GFS_DATUM_FLOAT },
	{ "log10", call_log10, 1, 1, 0, GFS_DATUM_FLOAT },
	{ "sin", call_sin, 1, 1, 0, GFS_DATUM_FLOAT },
	{ "cos", call_cos, 1, 1, 0, GFS_DATUM_FLOAT },
	{ "tan", call_tan, 1, 1, 0, GFS_DATUM_FLOAT },
	{ "cot", call_cot, 1, 1, 0, GFS_DATUM_FLOAT },
	{ "asin", call_asin, 1, 1, 0, GFS_DATUM_FLOAT },
	{ "acos", call_acos, 1, 1, 0, GFS_DATUM_FLOAT },
	{ "atan", call_atan, 1, 1, 0, GFS_DATUM_FLOAT },
	{ "atan2", call_atan2, 2, 2, 0, GFS_DATUM_FLOAT },
	{ "sinh", call_sinh, 1, 1, 0, GFS_DATUM_FLOAT },
	{ "cosh", call_cosh, 1, 1, 0, GFS_DATUM_FLOAT },
	{ "tanh", call_tanh, 1, 1, 0, GFS_DATUM_FLOAT },
	{ "coth", call_coth, 1, 1, 0, GFS_DATUM_FLOAT },
	{ "haversin", call_haversin, 1, 1, 0, GFS_DATUM_FLOAT },
	{ "degrees", call_degrees, 1, 1, 0, GFS_DATUM_FLOAT },
	{ "radians", call_radians, 1, 1, 0, GFS_DATUM_FLOAT },
	{ "isNaN", call_is_nan, 1, 1, 0, GFS_DATUM_BOOLEAN },
	{ "e", call_e, 0, 0, 0, GFS_DATUM_FLOAT },
	{ "pi", call_pi, 0, 0, 0, GFS_DATUM_FLOAT },
	{ "rand", call_rand, 0, 0, GFS_FUNCTION_VOLATILE, GFS_DATUM_FLOAT },
};

const struct gfs_function_table gfs_functions_math = { functions, GFS_COUNT(functions) };
