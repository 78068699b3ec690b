/* + - * / % ^ || on values. Integers are checked: what does not fit 64 bits is an error, never another number. */
#include "base/checked.h"
#include "query/ast.h"
#include "query/function_private.h"
#include "query/show.h"

#include <assert.h>
#include <math.h>

static const char *op_text(uint8_t op)
{
	static const char *const texts[] = { [GFS_OP_ADD] = "+",
		[GFS_OP_SUBTRACT] = "-",
		[GFS_OP_MULTIPLY] = "*",
		[GFS_OP_DIVIDE] = "/",
		[GFS_OP_MODULO] = "%",
		[GFS_OP_POWER] = "^",
		[GFS_OP_CONCAT] = "||" };
	assert(op >= GFS_OP_ADD && op <= GFS_OP_CONCAT);
	return texts[op];
}

/* ---- numbers ---- */

static int overflow(const struct gfs_function_env *env, uint8_t op, int64_t a, int64_t b)
{
	return gfs_fail_runtime(env, ARITHMETIC, "IntegerOverflow", "%lld %s %lld does not fit a 64-bit integer",
		(long long)a, op_text(op), (long long)b);
}

/* INT64_MIN by -1 would trap. */
static bool divide_overflows(uint8_t op, int64_t a, int64_t b, int64_t *ret)
{
	if (op == GFS_OP_MODULO) {
		*ret = b == -1 ? 0 : a % b;
		return false;
	}
	if (a == INT64_MIN && b == -1)
		return true;
	*ret = a / b;
	return false;
}

static int integer_arithmetic(
	const struct gfs_function_env *env, uint8_t op, int64_t a, int64_t b, struct gfs_datum *ret_value)
{
	int64_t v = 0;
	bool fails;
	if (b == 0 && (op == GFS_OP_DIVIDE || op == GFS_OP_MODULO))
		return gfs_fail_runtime(env, ARITHMETIC, "DivisionByZero", "%lld %s 0", (long long)a, op_text(op));
	switch (op) {
	case GFS_OP_ADD:
		fails = gfs_add_overflows(a, b, &v);
		break;
	case GFS_OP_SUBTRACT:
		fails = gfs_sub_overflows(a, b, &v);
		break;
	case GFS_OP_MULTIPLY:
		fails = gfs_mul_overflows(a, b, &v);
		break;
	default:
		fails = divide_overflows(op, a, b, &v);
	}
	if (fails)
		return overflow(env, op, a, b);
	*ret_value = gfs_datum_integer(v);
	return 0;
}

static double float_arithmetic(uint8_t op, double a, double b)
{
	switch (op) {
	case GFS_OP_ADD:
		return a + b;
	case GFS_OP_SUBTRACT:
		return a - b;
	case GFS_OP_MULTIPLY:
		return a * b;
	case GFS_OP_DIVIDE:
		return a / b;
	case GFS_OP_MODULO:
		return fmod(a, b);
	default:
		assert(op == GFS_OP_POWER);
		return pow(a, b);
	}
}

static int number_arithmetic(
	const struct gfs_function_env *env, uint8_t op, struct gfs_datum a, struct gfs_datum b, struct gfs_datum *ret_value)
{
	if (a.type == GFS_DATUM_INTEGER && b.type == GFS_DATUM_INTEGER && op != GFS_OP_POWER)
		return integer_arithmetic(env, op, a.integer, b.integer, ret_value);
	*ret_value = gfs_datum_float(float_arithmetic(op, gfs_number_as_float(a), gfs_number_as_float(b)));
	return 0;
}

/* ---- concatenation ---- */

static int concat_lists(
	const struct gfs_function_env *env, struct gfs_datum a, struct gfs_datum b, struct gfs_datum *ret_value)
{
	const struct gfs_datum *left = a.type == GFS_DATUM_LIST ? a.items : &a;
	const struct gfs_datum *right = b.type == GFS_DATUM_LIST ? b.items : &b;
	size_t left_count = a.type == GFS_DATUM_LIST ? a.size : 1;
	size_t right_count = b.type == GFS_DATUM_LIST ? b.size : 1;
	struct gfs_datum *items = gfs_function_alloc(env, (left_count + right_count) * sizeof *items);
	if (items == NULL)
		return env->error->err;
	if (left_count != 0)
		memcpy(items, left, left_count * sizeof *items);
	if (right_count != 0)
		memcpy(items + left_count, right, right_count * sizeof *items);
	return gfs_function_list(env, items, left_count + right_count, ret_value);
}

static int concat_strings(
	const struct gfs_function_env *env, struct gfs_slice a, struct gfs_slice b, struct gfs_datum *ret_value)
{
	uint8_t *text = gfs_function_alloc(env, a.size + b.size);
	if (text == NULL)
		return env->error->err;
	if (a.size != 0)
		memcpy(text, a.data, a.size);
	if (b.size != 0)
		memcpy(text + a.size, b.data, b.size);
	return gfs_function_string(env, gfs_slice(text, a.size + b.size), ret_value);
}

static int concat_texts(
	const struct gfs_function_env *env, struct gfs_datum a, struct gfs_datum b, struct gfs_datum *ret_value)
{
	GFS_AUTO_BUF left = GFS_BUF_INIT;
	GFS_AUTO_BUF right = GFS_BUF_INIT;
	if (a.type == GFS_DATUM_STRING && b.type == GFS_DATUM_STRING)
		return concat_strings(env, gfs_datum_text(a), gfs_datum_text(b), ret_value);
	gfs_show_scalar(a, &left);
	gfs_show_scalar(b, &right);
	if (gfs_buf_failed(&left) != 0 || gfs_buf_failed(&right) != 0)
		return gfs_fail_nomem(env);
	return concat_strings(env, gfs_buf_slice(&left), gfs_buf_slice(&right), ret_value);
}

/* ---- all ---- */

static int mismatch(const struct gfs_function_env *env, uint8_t op, struct gfs_datum a, struct gfs_datum b)
{
	return gfs_fail_type(
		env, "InvalidArgumentType", "%s does not take %s and %s", op_text(op), gfs_type_of(a), gfs_type_of(b));
}

/* Takes no other types than strings and lists, and nothing on its own for a list. */
static int concat(
	const struct gfs_function_env *env, struct gfs_datum a, struct gfs_datum b, struct gfs_datum *ret_value)
{
	if (a.type == GFS_DATUM_LIST && b.type == GFS_DATUM_LIST)
		return concat_lists(env, a, b, ret_value);
	if (a.type == GFS_DATUM_STRING && b.type == GFS_DATUM_STRING)
		return concat_texts(env, a, b, ret_value);
	return mismatch(env, GFS_OP_CONCAT, a, b);
}

int gfs_datum_arithmetic(
	const struct gfs_function_env *env, uint8_t op, struct gfs_datum a, struct gfs_datum b, struct gfs_datum *ret_value)
{
	if (gfs_datum_is_null(a) || gfs_datum_is_null(b)) {
		*ret_value = gfs_datum_null();
		return 0;
	}
	if (op == GFS_OP_CONCAT)
		return concat(env, a, b, ret_value);
	if (gfs_datum_is_number(a) && gfs_datum_is_number(b))
		return number_arithmetic(env, op, a, b, ret_value);
	if (op == GFS_OP_ADD && (a.type == GFS_DATUM_LIST || b.type == GFS_DATUM_LIST))
		return concat_lists(env, a, b, ret_value);
	bool text = a.type == GFS_DATUM_STRING || b.type == GFS_DATUM_STRING;
	if (op == GFS_OP_ADD && text && gfs_datum_is_scalar(a) && gfs_datum_is_scalar(b))
		return concat_texts(env, a, b, ret_value);
	bool done = false;
	if (gfs_datum_is_temporal(a) || gfs_datum_is_temporal(b)) {
		int err = gfs_temporal_arithmetic(env, op, a, b, ret_value, &done);
		if (err != 0 || done)
			return err;
	}
	return mismatch(env, op, a, b);
}

int gfs_datum_negate(const struct gfs_function_env *env, struct gfs_datum a, struct gfs_datum *ret_value)
{
	switch (a.type) {
	case GFS_DATUM_NULL:
		*ret_value = a;
		return 0;
	case GFS_DATUM_INTEGER:
		if (a.integer == INT64_MIN)
			return overflow(env, GFS_OP_SUBTRACT, 0, a.integer);
		*ret_value = gfs_datum_integer(-a.integer);
		return 0;
	case GFS_DATUM_FLOAT:
		*ret_value = gfs_datum_float(-a.real);
		return 0;
	case GFS_DATUM_DURATION:
		return gfs_datum_arithmetic(env, GFS_OP_MULTIPLY, a, gfs_datum_integer(-1), ret_value);
	default:
		return gfs_fail_type(env, "InvalidArgumentType", "- does not take %s", gfs_type_of(a));
	}
}
