/* Every function and operator with arguments of every type and size: each ends in a value or an error, never in a crash, an overflow or a value that breaks the
 * rules of its type. GFS_SEED repeats a run. */
#include "base/checked.h"
#include "base/clock.h"
#include "graph/point.h"
#include "query/aggregate.h"
#include "query/ast.h"
#include "query/datum_value.h"
#include "tests/unit/query_call.h"
#include "tests/unit/query_datum_random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

enum { ROUNDS = 1000, ARGS_MAX = 4 };

static struct query_call call;
static struct value_random draw;

static void check_value(struct gfs_datum d);

static void check_map(struct gfs_datum d)
{
	for (uint32_t i = 0; i < d.size; i++) {
		assert_ptr_equal(gfs_datum_map_get(d, d.entries[i].key), &d.entries[i].value);
		check_value(d.entries[i].value);
	}
}

static void check_value(struct gfs_datum d)
{
	assert_true(d.type < GFS_DATUM_TYPE_COUNT);
	if (d.type >= GFS_DATUM_DATETIME && d.type <= GFS_DATUM_DURATION)
		assert_true(gfs_temporal_valid(gfs_datum_temporal_type(d), d.temporal));
	if (d.type == GFS_DATUM_POINT)
		assert_true(gfs_point_valid(d.point));
	if (d.type == GFS_DATUM_MAP)
		check_map(d);
	if (d.type == GFS_DATUM_STRING) {
		GFS_AUTO_BUF encoded = GFS_BUF_INIT;
		struct gfs_value value = { .type = GFS_TYPE_STRING, .bytes = gfs_datum_text(d) };
		assert_int_equal(gfs_value_encode(&value, &encoded), 0); /* it is UTF-8 */
	}
	for (uint32_t i = 0; d.type == GFS_DATUM_LIST && i < d.size; i++)
		check_value(d.items[i]);
}

static void check_answer(int err, struct gfs_datum got)
{
	assert_int_equal(err != 0, call.error.kind != GFS_QUERY_OK);
	if (err != 0) {
		assert_int_equal(err, call.error.err);
		assert_non_null(call.error.detail);
	} else {
		check_value(got);
	}
}

static void begin(void)
{
	gfs_arena_clear(&call.arena);
	call.error = (struct gfs_query_error){ 0 };
}

/* Names and texts that functions know, more often than not near the truth. */
static struct gfs_datum random_word(void)
{
	static const char *const words[] = { "day", "week", "millisecond", "decade", "2015-07-21", "12:31:14.645+01:00",
		"P1Y2M3DT4.5S", "2015-07-21T21:40[Europe/London]", "+01:00", "Europe/Stockholm", "a,b,c", ",", "", "(a+)+$",
		"(", "1.5e3", "-9223372036854775809", "NFKD", "HALF_EVEN", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" };
	return gfs_datum_string(gfs_slice_text(words[value_random_below(&draw, GFS_COUNT(words))]));
}

/* Maps that temporal constructors and points know. */
static struct gfs_datum random_fields(void)
{
	static const char *const names[] = { "year", "month", "day", "week", "dayOfWeek", "quarter", "dayOfQuarter",
		"ordinalDay", "hour", "minute", "second", "nanosecond", "millisecond", "timezone", "date", "time", "datetime",
		"epochSeconds", "epochMillis", "years", "months", "days", "seconds", "nanoseconds", "x", "y", "z", "latitude",
		"longitude", "crs" };
	size_t count = value_random_below(&draw, 5);
	struct gfs_datum_entry *entries = gfs_arena_alloc(&call.arena, count * sizeof *entries);
	struct gfs_datum made;
	assert_non_null(entries);
	for (size_t i = 0; i < count; i++) {
		entries[i].key = gfs_slice_text(names[value_random_below(&draw, GFS_COUNT(names))]);
		entries[i].value = value_random_below(&draw, 2) == 0 ? gfs_datum_integer((int64_t)value_random_below(&draw, 60))
															 : query_datum_random(&draw, &call.arena, 1);
	}
	assert_int_equal(gfs_datum_map_make(&call.arena, entries, count, &made), 0);
	return made;
}

static struct gfs_datum random_argument(void)
{
	switch (value_random_below(&draw, 6)) {
	case 0:
		return random_word();
	case 1:
		return random_fields();
	case 2:
		return gfs_datum_integer((int64_t)value_random_below(&draw, 10) - 3);
	default:
		return query_datum_random(&draw, &call.arena, 2);
	}
}

static void call_randomly(const struct gfs_function *function)
{
	struct gfs_datum args[ARGS_MAX];
	struct gfs_datum got = gfs_datum_null();
	begin();
	size_t max = GFS_MIN(function->args_max, (uint8_t)ARGS_MAX);
	size_t count = function->args_min + value_random_below(&draw, max - function->args_min + 1);
	for (size_t i = 0; i < count; i++) {
		do
			args[i] = random_argument();
		while (gfs_datum_is_null(args[i]) && (function->flags & GFS_FUNCTION_TAKES_NULL) == 0);
	}
	int err = function->call(&call.env, args, count, &got);
	check_answer(err, got);
}

/* Those that read the graph are called only with what is no entity. */
static void test_functions(void **state)
{
	(void)state;
	for (size_t i = 0; gfs_function_at(i) != NULL; i++) {
		for (int round = 0; round < ROUNDS && (gfs_function_at(i)->flags & GFS_FUNCTION_GRAPH) == 0; round++)
			call_randomly(gfs_function_at(i));
	}
}

static void test_binary_operators(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS * 100; round++) {
		struct gfs_datum got = gfs_datum_null();
		begin();
		struct gfs_datum a = random_argument();
		struct gfs_datum b = random_argument();
		uint8_t op = (uint8_t)(GFS_OP_IN + value_random_below(&draw, GFS_OP_CONCAT - GFS_OP_IN + 1));
		/* A hostile expression takes its time by design: test_query_operator has one. */
		if (op == GFS_OP_REGEX)
			continue;
		int err = op < GFS_OP_ADD ? gfs_datum_test(&call.env, op, a, b, &got)
								  : gfs_datum_arithmetic(&call.env, op, a, b, &got);
		check_answer(err, got);
	}
}

static void test_access(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS * 100; round++) {
		struct gfs_datum got = gfs_datum_null();
		begin();
		struct gfs_datum of = random_argument();
		struct gfs_datum from = random_argument();
		struct gfs_datum to = random_argument();
		switch (value_random_below(&draw, 3)) {
		case 0:
			check_answer(gfs_datum_index(&call.env, of, from, &got), got);
			break;
		case 1:
			check_answer(
				gfs_datum_slice(&call.env, of, &from, value_random_below(&draw, 2) == 0 ? NULL : &to, &got), got);
			break;
		default:
			check_answer(gfs_datum_negate(&call.env, of, &got), got);
		}
	}
}

/* What a component gives, of every temporal value there is. */
static void test_components(void **state)
{
	static const char *const names[] = { "year", "week", "weekYear", "ordinalDay", "dayOfQuarter", "nanosecond",
		"offset", "offsetMinutes", "epochMillis", "timezone", "quartersOfYear", "nanoseconds", "microseconds", "hours",
		"daysOfWeek" };
	(void)state;
	for (int round = 0; round < ROUNDS * 100; round++) {
		struct gfs_datum got = gfs_datum_null();
		begin();
		enum gfs_datum_type type = GFS_DATUM_DATETIME + (unsigned int)value_random_below(&draw, 6);
		struct gfs_datum d = { .type = (uint8_t)type };
		d.temporal = value_random_temporal(&draw, &call.arena, gfs_datum_temporal_type(d));
		const char *name = names[value_random_below(&draw, GFS_COUNT(names))];
		check_answer(gfs_datum_component(&call.env, d, gfs_slice_text(name), &got), got);
	}
}

static void test_aggregates(void **state)
{
	(void)state;
	for (size_t i = 0; gfs_aggregate_at(i) != NULL; i++) {
		for (int round = 0; round < ROUNDS; round++) {
			struct gfs_accumulator *acc;
			struct gfs_datum args[2];
			struct gfs_datum got = gfs_datum_null();
			begin();
			int err = gfs_accumulator_new(&call.env, gfs_aggregate_at(i), value_random_below(&draw, 2) == 0, &acc);
			for (size_t row = value_random_below(&draw, 20); err == 0 && row != 0; row--) {
				args[0] = value_random_below(&draw, 2) == 0 ? random_argument() : gfs_datum_integer((int64_t)row);
				args[1] = value_random_below(&draw, 20) == 0 ? random_argument() : gfs_datum_float(0.3);
				err = gfs_accumulator_add(&call.env, acc, args, gfs_aggregate_at(i)->args);
			}
			if (err == 0)
				err = gfs_accumulator_finish(&call.env, acc, &got);
			check_answer(err, got);
		}
	}
}

static int setup(void **state)
{
	const char *seed = getenv("GFS_SEED");
	(void)state;
	query_call_init(&call);
	call.env.memory_bytes_max = 64 << 20;
	draw.state = seed != NULL ? strtoull(seed, NULL, 0) : gfs_clock_real_ns();
	print_message("GFS_SEED=%#llx\n", (unsigned long long)draw.state);
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
		cmocka_unit_test(test_functions),
		cmocka_unit_test(test_binary_operators),
		cmocka_unit_test(test_access),
		cmocka_unit_test(test_components),
		cmocka_unit_test(test_aggregates),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
