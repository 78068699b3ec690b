/* Operators on values: arithmetic, IN and string tests, regular expressions, access to elements. */
#include "base/checked.h"
#include "query/ast.h"
#include "query/regex.h"
#include "tests/unit/query_call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

static struct query_call call;

struct binary {
	const char *a;
	enum gfs_ast_op op;
	const char *b, *want;
};

typedef int (*operation)(const struct gfs_function_env *env, uint8_t op, struct gfs_datum a, struct gfs_datum b,
	struct gfs_datum *ret_value);

static void check_binary(operation run, const struct binary *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct gfs_datum got;
		struct gfs_datum a = query_value(&call, cases[i].a);
		struct gfs_datum b = query_value(&call, cases[i].b);
		int err = run(&call.env, (uint8_t)cases[i].op, a, b, &got);
		assert_int_equal(err == 0, call.error.kind == GFS_QUERY_OK);
		if (strcmp(query_show_datum(&call, got), cases[i].want) != 0)
			print_error("%s op %d %s\n", cases[i].a, (int)cases[i].op, cases[i].b);
		assert_string_equal(query_show_datum(&call, got), cases[i].want);
	}
}

static void test_arithmetic(void **state)
{
	(void)state;
	static const struct binary cases[] = {
		{ "1", GFS_OP_ADD, "2", "3" },
		{ "9223372036854775807", GFS_OP_ADD, "1", "!ArithmeticError IntegerOverflow" },
		{ "-9223372036854775808", GFS_OP_SUBTRACT, "1", "!ArithmeticError IntegerOverflow" },
		{ "4611686018427387904", GFS_OP_MULTIPLY, "2", "!ArithmeticError IntegerOverflow" },
		{ "-9223372036854775808", GFS_OP_DIVIDE, "-1", "!ArithmeticError IntegerOverflow" },
		{ "-9223372036854775808", GFS_OP_MODULO, "-1", "0" },
		{ "7", GFS_OP_DIVIDE, "-2", "-3" },
		{ "-7", GFS_OP_MODULO, "3", "-1" },
		{ "1", GFS_OP_DIVIDE, "0", "!ArithmeticError DivisionByZero" },
		{ "1", GFS_OP_MODULO, "0", "!ArithmeticError DivisionByZero" },
		{ "1", GFS_OP_DIVIDE, "0.0", "Infinity" },
		{ "0.0", GFS_OP_DIVIDE, "0", "NaN" },
		{ "1", GFS_OP_ADD, "0.5", "1.5" },
		{ "5.5", GFS_OP_MODULO, "2", "1.5" },
		{ "2", GFS_OP_POWER, "3", "8.0" },
		{ "'a'", GFS_OP_ADD, "'b'", "'ab'" },
		{ "'a'", GFS_OP_ADD, "1", "'a1'" },
		{ "1.5", GFS_OP_ADD, "'a'", "'1.5a'" },
		{ "'a'", GFS_OP_ADD, "true", "'atrue'" },
		{ "'a'", GFS_OP_ADD, "{}", "!TypeError InvalidArgumentType" },
		{ "'a'", GFS_OP_SUBTRACT, "'b'", "!TypeError InvalidArgumentType" },
		{ "true", GFS_OP_ADD, "1", "!TypeError InvalidArgumentType" },
		{ "[1]", GFS_OP_ADD, "[2, 3]", "[1, 2, 3]" },
		{ "[1]", GFS_OP_ADD, "2", "[1, 2]" },
		{ "0", GFS_OP_ADD, "[]", "[0]" },
		{ "[]", GFS_OP_ADD, "[]", "[]" },
		{ "null", GFS_OP_ADD, "[]", "null" },
		{ "'a'", GFS_OP_CONCAT, "'b'", "'ab'" },
		{ "[1]", GFS_OP_CONCAT, "[[2]]", "[1, [2]]" },
		{ "null", GFS_OP_CONCAT, "'a'", "null" },
		{ "'a'", GFS_OP_CONCAT, "1", "!TypeError InvalidArgumentType" },
		{ "[1]", GFS_OP_CONCAT, "1", "!TypeError InvalidArgumentType" },
		{ "1", GFS_OP_CONCAT, "1", "!TypeError InvalidArgumentType" },
		{ "null", GFS_OP_DIVIDE, "0", "null" },
	};
	check_binary(gfs_datum_arithmetic, cases, GFS_COUNT(cases));
}

static void test_in(void **state)
{
	(void)state;
	static const struct binary cases[] = {
		{ "1", GFS_OP_IN, "[1, null]", "true" },
		{ "2", GFS_OP_IN, "[1, null]", "null" },
		{ "2", GFS_OP_IN, "[1, '2']", "false" },
		{ "null", GFS_OP_IN, "[]", "false" },
		{ "null", GFS_OP_IN, "[1]", "null" },
		{ "1", GFS_OP_IN, "null", "null" },
		{ "[1]", GFS_OP_IN, "[[1.0]]", "true" },
		{ "[1, null]", GFS_OP_IN, "[[1, 2]]", "null" },
		{ "NaN", GFS_OP_IN, "[NaN]", "false" },
		{ "1", GFS_OP_IN, "1", "!TypeError InvalidArgumentType" },
	};
	check_binary(gfs_datum_test, cases, GFS_COUNT(cases));
}

static void test_strings(void **state)
{
	(void)state;
	static const struct binary cases[] = {
		{ "'abc'", GFS_OP_STARTS_WITH, "'ab'", "true" },
		{ "'abc'", GFS_OP_STARTS_WITH, "''", "true" },
		{ "'ab'", GFS_OP_STARTS_WITH, "'abc'", "false" },
		{ "'abc'", GFS_OP_ENDS_WITH, "'bc'", "true" },
		{ "''", GFS_OP_ENDS_WITH, "''", "true" },
		{ "'abc'", GFS_OP_CONTAINS, "'b'", "true" },
		{ "'abc'", GFS_OP_CONTAINS, "'d'", "false" },
		{ "'abc'", GFS_OP_CONTAINS, "null", "null" },
		{ "1", GFS_OP_CONTAINS, "'a'", "null" },
	};
	check_binary(gfs_datum_test, cases, GFS_COUNT(cases));
}

static void test_regex(void **state)
{
	(void)state;
	struct gfs_regex *kept = NULL;
	static const struct binary cases[] = {
		{ "'abc'", GFS_OP_REGEX, "'a.c'", "true" },
		{ "'abcd'", GFS_OP_REGEX, "'a.c'", "false" },
		{ "'xabc'", GFS_OP_REGEX, "'a.c'", "false" },
		{ "'ABC'", GFS_OP_REGEX, "'(?i)a.c'", "true" },
		{ "'abc'", GFS_OP_REGEX, "''", "false" },
		{ "''", GFS_OP_REGEX, "''", "true" },
		{ "''", GFS_OP_REGEX, "'a*'", "true" },
		{ "'\xc3\xa4\xc3\xb6'", GFS_OP_REGEX, "'\xc3\xa4.'", "true" },
		{ "'a'", GFS_OP_REGEX, "'('", "!ArgumentError InvalidRegularExpression" },
		{ "1", GFS_OP_REGEX, "'1'", "null" },
		{ "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab'", GFS_OP_REGEX, "'(a+)+(a+)+(a+)+c'",
			"!LimitExceeded RegularExpressionTooCostly" },
		{ "'abc'", GFS_OP_REGEX, "'a.c'", "true" },
	};
	check_binary(gfs_datum_test, cases, GFS_COUNT(cases));
	/* The same with an expression kept from row to row. */
	call.env.regex = &kept;
	check_binary(gfs_datum_test, cases, GFS_COUNT(cases));
	assert_non_null(kept);
	gfs_regex_free(kept);
	call.env.regex = NULL;
}

static void test_negate(void **state)
{
	(void)state;
	static const char *const cases[][2] = { { "1", "-1" },
		{ "-9223372036854775808", "!ArithmeticError IntegerOverflow" }, { "1.5", "-1.5" }, { "null", "null" },
		{ "duration('P1D')", "P-1D" }, { "'a'", "!TypeError InvalidArgumentType" } };
	for (size_t i = 0; i < GFS_COUNT(cases); i++) {
		struct gfs_datum got;
		struct gfs_datum a = query_value(&call, cases[i][0]);
		int err = gfs_datum_negate(&call.env, a, &got);
		assert_int_equal(err == 0, call.error.kind == GFS_QUERY_OK);
		assert_string_equal(query_show_datum(&call, got), cases[i][1]);
	}
}

static void test_index(void **state)
{
	(void)state;
	static const char *const cases[][3] = { { "[1, 2, 3]", "0", "1" }, { "[1, 2, 3]", "-1", "3" },
		{ "[1, 2, 3]", "3", "null" }, { "[1, 2, 3]", "-4", "null" }, { "[1]", "-9223372036854775808", "null" },
		{ "[1]", "null", "null" }, { "null", "1", "null" },
		{ "[1]", "'a'", "!TypeError ListElementAccessByNonInteger" },
		{ "[1]", "1.0", "!TypeError ListElementAccessByNonInteger" }, { "{a: 1}", "'a'", "1" },
		{ "{a: 1}", "'b'", "null" }, { "{a: 1}", "1", "!TypeError MapElementAccessByNonString" },
		{ "1", "0", "!TypeError InvalidArgumentType" }, { "'abc'", "0", "!TypeError InvalidArgumentType" },
		{ "date('2015-07-21')", "'year'", "2015" }, { "point({x: 1, y: 2})", "'y'", "2.0" },
		{ "point({x: 1, y: 2})", "'z'", "null" }, { "point({x: 1, y: 2})", "'latitude'", "null" },
		{ "point({x: 1, y: 2})", "'crs'", "'cartesian'" },
		{ "point({longitude: 1, latitude: 2})", "'latitude'", "2.0" },
		{ "point({longitude: 1, latitude: 2})", "'srid'", "4326" } };
	for (size_t i = 0; i < GFS_COUNT(cases); i++) {
		struct gfs_datum got;
		struct gfs_datum of = query_value(&call, cases[i][0]);
		struct gfs_datum at = query_value(&call, cases[i][1]);
		int err = gfs_datum_index(&call.env, of, at, &got);
		assert_int_equal(err == 0, call.error.kind == GFS_QUERY_OK);
		assert_string_equal(query_show_datum(&call, got), cases[i][2]);
	}
}

static void test_slice(void **state)
{
	(void)state;
	static const char *const cases[][4] = { { "[1, 2, 3, 4]", "1", "3", "[2, 3]" },
		{ "[1, 2, 3]", "-2", NULL, "[2, 3]" }, { "[1, 2, 3]", NULL, "-1", "[1, 2]" }, { "[1, 2, 3]", "2", "1", "[]" },
		{ "[1, 2, 3]", "-10", "10", "[1, 2, 3]" }, { "[1, 2, 3]", "5", NULL, "[]" },
		{ "[1, 2, 3]", "null", "2", "null" }, { "[1, 2, 3]", "0", "null", "null" }, { "null", "0", "1", "null" },
		{ "[1]", "'a'", NULL, "!TypeError InvalidArgumentType" }, { "1", "0", "1", "!TypeError InvalidArgumentType" },
		{ "[1, 2]", "-9223372036854775808", "9223372036854775807", "[1, 2]" } };
	for (size_t i = 0; i < GFS_COUNT(cases); i++) {
		struct gfs_datum got, from, to;
		struct gfs_datum of = query_value(&call, cases[i][0]);
		if (cases[i][1] != NULL)
			from = query_value(&call, cases[i][1]);
		if (cases[i][2] != NULL)
			to = query_value(&call, cases[i][2]);
		int err = gfs_datum_slice(
			&call.env, of, cases[i][1] == NULL ? NULL : &from, cases[i][2] == NULL ? NULL : &to, &got);
		assert_int_equal(err == 0, call.error.kind == GFS_QUERY_OK);
		assert_string_equal(query_show_datum(&call, got), cases[i][3]);
	}
}

/* A list put into a list a thousand times over is refused before the stack is at its end. */
static void test_depth(void **state)
{
	(void)state;
	struct gfs_datum d = gfs_datum_list(NULL, 0);
	int err = 0;
	call.error = (struct gfs_query_error){ 0 };
	for (int i = 0; err == 0 && i < 100000; i++) {
		struct gfs_datum *item = gfs_arena_alloc(&call.arena, sizeof *item);
		assert_non_null(item);
		*item = d;
		err = gfs_datum_arithmetic(&call.env, GFS_OP_ADD, gfs_datum_list(item, 1), gfs_datum_integer(1), &d);
	}
	assert_int_equal(call.error.kind, GFS_QUERY_LIMIT_ERROR);
	assert_string_equal(call.error.detail, "ValueTooDeep");
}

static int setup(void **state)
{
	(void)state;
	query_call_init(&call);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	query_call_release(&call);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arithmetic),
		cmocka_unit_test(test_in),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_regex),
		cmocka_unit_test(test_negate),
		cmocka_unit_test(test_index),
		cmocka_unit_test(test_slice),
		cmocka_unit_test(test_depth),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
