/* Aggregating functions: what each gives for a column of values. */
#include "base/checked.h"
#include "query/aggregate.h"
#include "tests/unit/query_call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>

static struct query_call call;

/* `column` is a list; `second` the second argument or NULL. */
static const char *aggregate(const char *name, bool distinct, const char *column, const char *second)
{
	struct gfs_accumulator *acc;
	struct gfs_datum args[2];
	struct gfs_datum got = gfs_datum_null();
	const struct gfs_aggregate *function = gfs_aggregate_find(gfs_slice_text(name));
	assert_non_null(function);
	if (second != NULL)
		args[1] = query_value(&call, second);
	struct gfs_datum list = query_value(&call, column);
	int err = gfs_accumulator_new(&call.env, function, distinct, &acc);
	for (uint32_t i = 0; err == 0 && i < list.size; i++) {
		args[0] = list.items[i];
		err = gfs_accumulator_add(&call.env, acc, args, function->args);
	}
	if (err == 0)
		err = gfs_accumulator_finish(&call.env, acc, &got);
	assert_int_equal(err == 0, call.error.kind == GFS_QUERY_OK);
	return query_show_datum(&call, got);
}

struct expect {
	const char *name, *column, *second, *want;
};

static void check(bool distinct, const struct expect *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *got = aggregate(cases[i].name, distinct, cases[i].column, cases[i].second);
		if (strcmp(got, cases[i].want) != 0)
			print_error("%s(%s)\n", cases[i].name, cases[i].column);
		assert_string_equal(got, cases[i].want);
	}
}

static void test_all(void **state)
{
	(void)state;
	static const struct expect cases[] = {
		{ "count", "[1, null, 2, 2]", NULL, "3" },
		{ "count", "[]", NULL, "0" },
		{ "COUNT", "[null]", NULL, "0" },
		{ "sum", "[1, 2, null]", NULL, "3" },
		{ "sum", "[1, 2.5]", NULL, "3.5" },
		{ "sum", "[]", NULL, "0" },
		{ "sum", "[9223372036854775807, 1]", NULL, "!ArithmeticError IntegerOverflow" },
		{ "sum", "[duration('P1D'), duration('PT1S')]", NULL, "P1DT1S" },
		{ "sum", "[1, duration('PT1S')]", NULL, "!TypeError InvalidArgumentValue" },
		{ "sum", "['a']", NULL, "!TypeError InvalidArgumentValue" },
		{ "avg", "[1, 2, 4.5]", NULL, "2.5" },
		{ "avg", "[]", NULL, "null" },
		{ "avg", "[9223372036854775807, 9223372036854775807]", NULL, "9.223372036854776E18" },
		{ "avg", "[duration('P2D'), duration('P1D')]", NULL, "P1DT12H" },
		{ "avg", "[duration('P2D'), 1]", NULL, "!TypeError InvalidArgumentValue" },
		{ "min", "[3, 1, null, 2.5]", NULL, "1" },
		{ "max", "[3, 1, null, 3.5]", NULL, "3.5" },
		{ "min", "[1, 1.0]", NULL, "1" },
		{ "max", "[1, 1.0]", NULL, "1" },
		{ "min", "['b', 'a']", NULL, "'a'" },
		{ "min", "[1, 'a', [1], date('2015-07-21')]", NULL, "[1]" },
		{ "max", "[1, 'a', [1], true]", NULL, "1" },
		{ "max", "[NaN, 1]", NULL, "NaN" },
		{ "max", "[]", NULL, "null" },
		{ "collect", "[1, null, 'a', [null]]", NULL, "[1, 'a', [null]]" },
		{ "collect", "[]", NULL, "[]" },
		{ "stDev", "[2, 4, 4, 4, 5, 5, 7, 9]", NULL, "2.138089935299395" },
		{ "stDevP", "[2, 4, 4, 4, 5, 5, 7, 9]", NULL, "2.0" },
		{ "stDev", "[42]", NULL, "0.0" },
		{ "stDevP", "[]", NULL, "0.0" },
		{ "stDev", "['a']", NULL, "!TypeError InvalidArgumentValue" },
		{ "percentileDisc", "[10, 20, 30]", "0.0", "10" },
		{ "percentileDisc", "[30, 10, 20]", "0.5", "20" },
		{ "percentileDisc", "[10, 20, 30]", "1.0", "30" },
		{ "percentileDisc", "[10, 20, 30, 40]", "0.5", "20" },
		{ "percentileCont", "[10, 20, 30, 40]", "0.5", "25.0" },
		{ "percentileCont", "[10, 20, 30]", "0.25", "15.0" },
		{ "percentileCont", "[10]", "1", "10.0" },
		{ "percentileCont", "[]", "0.5", "null" },
		{ "percentileCont", "[10]", "1.1", "!ArgumentError NumberOutOfRange" },
		{ "percentileDisc", "[10]", "-0.1", "!ArgumentError NumberOutOfRange" },
		{ "percentileDisc", "[10]", "NaN", "!ArgumentError NumberOutOfRange" },
		{ "percentileDisc", "[10]", "'a'", "!TypeError InvalidArgumentType" },
		{ "percentileDisc", "['a']", "0.5", "!TypeError InvalidArgumentValue" },
	};
	check(false, cases, GFS_COUNT(cases));
}

static void test_distinct(void **state)
{
	(void)state;
	static const struct expect cases[] = {
		{ "count", "[1, 1.0, null, 2, NaN, NaN, [1], [1.0]]", NULL, "4" },
		{ "sum", "[1, 1, 2]", NULL, "3" },
		{ "avg", "[1, 1, 4]", NULL, "2.5" },
		{ "collect", "['a', 'b', 'a', {k: 1}, {k: 1}]", NULL, "['a', 'b', {k: 1}]" },
	};
	check(true, cases, GFS_COUNT(cases));
}

static void test_count_star(void **state)
{
	struct gfs_accumulator *acc;
	struct gfs_datum got;
	(void)state;
	assert_int_equal(gfs_accumulator_new(&call.env, gfs_aggregate_find(gfs_slice_text("count")), false, &acc), 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(gfs_accumulator_add(&call.env, acc, NULL, 0), 0);
	assert_int_equal(gfs_accumulator_finish(&call.env, acc, &got), 0);
	assert_int_equal(got.integer, 5);
}

/* Arguments may go as soon as they were added. */
static void test_arguments_are_copied(void **state)
{
	struct gfs_accumulator *acc;
	struct gfs_datum got;
	char text[8];
	(void)state;
	call.error = (struct gfs_query_error){ 0 };
	assert_int_equal(gfs_accumulator_new(&call.env, gfs_aggregate_find(gfs_slice_text("collect")), true, &acc), 0);
	for (int i = 0; i < 100; i++) {
		int size = snprintf(text, sizeof text, "%d", i % 50);
		struct gfs_datum d = gfs_datum_string(gfs_slice(text, (size_t)size));
		assert_int_equal(gfs_accumulator_add(&call.env, acc, &d, 1), 0);
		memset(text, 'x', sizeof text);
	}
	assert_int_equal(gfs_accumulator_finish(&call.env, acc, &got), 0);
	assert_int_equal(got.size, 50);
	assert_memory_equal(got.items[49].text, "49", 2);
}

static void test_memory_is_bounded(void **state)
{
	struct gfs_accumulator *acc;
	struct gfs_datum d = gfs_datum_integer(1);
	int err = 0;
	(void)state;
	call.error = (struct gfs_query_error){ 0 };
	assert_int_equal(gfs_accumulator_new(&call.env, gfs_aggregate_find(gfs_slice_text("collect")), false, &acc), 0);
	call.env.memory_bytes_max = 4 << 20;
	for (int i = 0; err == 0 && i < 1000000; i++)
		err = gfs_accumulator_add(&call.env, acc, &d, 1);
	assert_int_equal(call.error.kind, GFS_QUERY_LIMIT_ERROR);
	call.env.memory_bytes_max = 0;
}

static void test_names(void **state)
{
	(void)state;
	for (size_t i = 0; gfs_aggregate_at(i) != NULL; i++)
		assert_ptr_equal(gfs_aggregate_find(gfs_slice_text(gfs_aggregate_at(i)->name)), gfs_aggregate_at(i));
	assert_null(gfs_aggregate_find(gfs_slice_text("counts")));
	assert_null(gfs_aggregate_find(gfs_slice_text("")));
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
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_distinct),
		cmocka_unit_test(test_count_star),
		cmocka_unit_test(test_arguments_are_copied),
		cmocka_unit_test(test_memory_is_bounded),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
