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
	{ "abs", 1, 1, 0, call_abs, GFS_DATUM_NULL },
	{ "sign", 1, 1, 0, call_sign, GFS_DATUM_INTEGER },
	{ "ceil", 1, 1, 0, call_ceil, GFS_DATUM_FLOAT },
	{ "ceiling", 1, 1, 0, call_ceil, GFS_DATUM_FLOAT },
	{ "floor", 1, 1, 0, call_floor, GFS_DATUM_FLOAT },
	{ "sqrt", 1, 1, 0, call_sqrt, GFS_DATUM_FLOAT },
	{ "exp", 1, 1, 0, call_exp, GFS_DATUM_FLOAT },
	{ "log", 1, 1, 0, call_log, GFS_DATUM_FLOAT },
	{ "ln", 1, 1, 0, call_log, GFS_DATUM_FLOAT },
	{ "log10", 1, 1, 0, call_log10, GFS_DATUM_FLOAT },
	{ "sin", 1, 1, 0, call_sin, GFS_DATUM_FLOAT },
	{ "cos", 1, 1, 0, call_cos, GFS_DATUM_FLOAT },
	{ "tan", 1, 1, 0, call_tan, GFS_DATUM_FLOAT },
	{ "cot", 1, 1, 0, call_cot, GFS_DATUM_FLOAT },
	{ "asin", 1, 1, 0, call_asin, GFS_DATUM_FLOAT },
	{ "acos", 1, 1, 0, call_acos, GFS_DATUM_FLOAT },
	{ "atan", 1, 1, 0, call_atan, GFS_DATUM_FLOAT },
	{ "atan2", 2, 2, 0, call_atan2, GFS_DATUM_FLOAT },
	{ "sinh", 1, 1, 0, call_sinh, GFS_DATUM_FLOAT },
	{ "cosh", 1, 1, 0, call_cosh, GFS_DATUM_FLOAT },
	{ "tanh", 1, 1, 0, call_tanh, GFS_DATUM_FLOAT },
	{ "coth", 1, 1, 0, call_coth, GFS_DATUM_FLOAT },
	{ "haversin", 1, 1, 0, call_haversin, GFS_DATUM_FLOAT },
	{ "degrees", 1, 1, 0, call_degrees, GFS_DATUM_FLOAT },
	{ "radians", 1, 1, 0, call_radians, GFS_DATUM_FLOAT },
	{ "isNaN", 1, 1, 0, call_is_nan, GFS_DATUM_BOOLEAN },
	{ "e", 0, 0, 0, call_e, GFS_DATUM_FLOAT },
	{ "pi", 0, 0, 0, call_pi, GFS_DATUM_FLOAT },
	{ "rand", 0, 0, GFS_FUNCTION_VOLATILE, call_rand, GFS_DATUM_FLOAT },
};

const struct gfs_function_table gfs_functions_math = { functions, GFS_COUNT(functions) };
