/* Values of queries: equality, comparison, equivalence, hash, order. Tables for the rules, random values for the laws. */
#include "base/arena.h"
#include "base/checked.h"
#include "graph/point.h"
#include "graph/temporal.h"
#include "query/datum.h"
#include "query/datum_value.h"
#include "tests/unit/query_datum_random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>

enum { RANDOM_COUNT = 300 };

static struct gfs_datum text(const char *s)
{
	return gfs_datum_string(gfs_slice_text(s));
}

#define INTEGER(n) gfs_datum_integer(n)
#define FLOAT(x) gfs_datum_float(x)
#define NOTHING gfs_datum_null()
#define LIST(...)                                                                                                      \
	gfs_datum_list(                                                                                                    \
		(struct gfs_datum[]){ __VA_ARGS__ }, sizeof((struct gfs_datum[]){ __VA_ARGS__ }) / sizeof(struct gfs_datum))

/* ---- equality ---- */

static void test_equal(void **state)
{
	(void)state;
	struct {
		struct gfs_datum a, b;
		enum gfs_truth want;
	} cases[] = {
		{ INTEGER(1), FLOAT(1), GFS_TRUE },
		{ INTEGER(INT64_C(9007199254740993)), FLOAT(9007199254740992.0), GFS_FALSE },
		{ INTEGER(INT64_C(9007199254740992)), FLOAT(9007199254740992.0), GFS_TRUE },
		{ INTEGER(INT64_MAX), FLOAT(0x1p63), GFS_FALSE },
		{ INTEGER(INT64_MIN), FLOAT(-0x1p63), GFS_TRUE },
		{ FLOAT(0.0), FLOAT(-0.0), GFS_TRUE },
		{ FLOAT((double)NAN), FLOAT((double)NAN), GFS_FALSE },
		{ FLOAT((double)NAN), text("a"), GFS_FALSE },
		{ text("1"), INTEGER(1), GFS_FALSE },
		{ NOTHING, NOTHING, GFS_UNKNOWN },
		{ NOTHING, INTEGER(1), GFS_UNKNOWN },
		{ LIST(INTEGER(1), NOTHING), LIST(INTEGER(1), INTEGER(2)), GFS_UNKNOWN },
		{ LIST(NOTHING, INTEGER(1)), LIST(INTEGER(1), INTEGER(2)), GFS_FALSE },
		{ LIST(NOTHING), LIST(NOTHING, NOTHING), GFS_FALSE },
		{ LIST(INTEGER(1)), LIST(FLOAT(1)), GFS_TRUE },
		{ gfs_datum_node(3), gfs_datum_node(3), GFS_TRUE },
		{ gfs_datum_node(3), gfs_datum_rel(3), GFS_FALSE },
	};
	for (size_t i = 0; i < GFS_COUNT(cases); i++) {
		assert_int_equal(gfs_datum_equal(cases[i].a, cases[i].b), cases[i].want);
		assert_int_equal(gfs_datum_equal(cases[i].b, cases[i].a), cases[i].want);
	}
}

static struct gfs_datum map(
	struct gfs_arena *arena, const char *k1, struct gfs_datum v1, const char *k2, struct gfs_datum v2)
{
	struct gfs_datum_entry *entries = gfs_arena_alloc(arena, 2 * sizeof *entries);
	struct gfs_datum made;
	entries[0] = (struct gfs_datum_entry){ gfs_slice_text(k1), v1 };
	if (k2 != NULL)
		entries[1] = (struct gfs_datum_entry){ gfs_slice_text(k2), v2 };
	assert_int_equal(gfs_datum_map_make(arena, entries, k2 != NULL ? 2 : 1, &made), 0);
	return made;
}

static void test_equal_maps(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_datum one = map(&arena, "k", INTEGER(1), "l", NOTHING);
	assert_int_equal(gfs_datum_equal(one, map(&arena, "l", NOTHING, "k", INTEGER(1))), GFS_UNKNOWN);
	assert_int_equal(gfs_datum_equal(one, map(&arena, "l", NOTHING, "k", INTEGER(2))), GFS_FALSE);
	assert_int_equal(gfs_datum_equal(one, map(&arena, "k", INTEGER(1), NULL, NOTHING)), GFS_FALSE);
	assert_int_equal(
		gfs_datum_equal(map(&arena, "k", INTEGER(1), NULL, NOTHING), map(&arena, "k", FLOAT(1), NULL, NOTHING)),
		GFS_TRUE);
}

static void test_map_make_keeps_the_last_of_equal_keys(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_datum_entry entries[500];
	char names[10] = "abcdefghij";
	for (size_t i = 0; i < GFS_COUNT(entries); i++)
		entries[i] = (struct gfs_datum_entry){ gfs_slice(names + i * 7 % 10, 1), INTEGER((int64_t)i) };
	struct gfs_datum made;
	assert_int_equal(gfs_datum_map_make(&arena, entries, GFS_COUNT(entries), &made), 0);
	assert_int_equal(made.size, 10);
	for (size_t i = 490; i < GFS_COUNT(entries); i++) {
		const struct gfs_datum *found = gfs_datum_map_get(made, gfs_slice(names + i * 7 % 10, 1));
		assert_non_null(found);
		assert_int_equal(found->integer, (int64_t)i);
	}
	assert_null(gfs_datum_map_get(made, gfs_slice_text("z")));
}

/* ---- comparison ---- */

static void test_compare(void **state)
{
	(void)state;
	struct {
		struct gfs_datum a, b;
		enum gfs_truth want;
		int order;
	} cases[] = {
		{ INTEGER(1), FLOAT(1.5), GFS_TRUE, -1 },
		{ INTEGER(INT64_MAX), FLOAT(0x1p63), GFS_TRUE, -1 },
		{ INTEGER(INT64_MIN), FLOAT(-(double)INFINITY), GFS_TRUE, 1 },
		{ INTEGER(-1), FLOAT(-1.5), GFS_TRUE, 1 },
		{ FLOAT((double)NAN), INTEGER(1), GFS_FALSE, 0 },
		{ FLOAT((double)NAN), text("a"), GFS_UNKNOWN, 0 },
		{ text("a"), text("b"), GFS_TRUE, -1 },
		{ text("a"), INTEGER(1), GFS_UNKNOWN, 0 },
		{ NOTHING, INTEGER(1), GFS_UNKNOWN, 0 },
		{ gfs_datum_boolean(false), gfs_datum_boolean(true), GFS_TRUE, -1 },
		{ gfs_datum_node(1), gfs_datum_node(2), GFS_UNKNOWN, 0 },
		{ LIST(INTEGER(1), INTEGER(0)), LIST(INTEGER(1)), GFS_TRUE, 1 },
		{ LIST(INTEGER(1), NOTHING), LIST(INTEGER(1)), GFS_TRUE, 1 },
		{ LIST(INTEGER(1), INTEGER(2)), LIST(INTEGER(1), NOTHING), GFS_UNKNOWN, 0 },
		{ LIST(INTEGER(1), INTEGER(2)), LIST(INTEGER(3), NOTHING), GFS_TRUE, -1 },
	};
	for (size_t i = 0; i < GFS_COUNT(cases); i++) {
		int order = 0;
		assert_int_equal(gfs_datum_compare(cases[i].a, cases[i].b, &order), cases[i].want);
		assert_int_equal(order, cases[i].order);
	}
}

/* ---- laws ---- */

static struct gfs_datum values[RANDOM_COUNT];

static void make_values(struct gfs_arena *arena, uint64_t seed)
{
	struct value_random random = { seed };
	for (size_t i = 0; i < RANDOM_COUNT; i++)
		values[i] = query_datum_random(&random, arena, 3);
}

static int sign(int c)
{
	return (c > 0) - (c < 0);
}

static void check_pair(struct gfs_datum a, struct gfs_datum b)
{
	int c = gfs_datum_order(a, b);
	assert_int_equal(sign(c), -sign(gfs_datum_order(b, a)));
	assert_int_equal(c == 0, gfs_datum_same(a, b));
	if (c == 0)
		assert_int_equal(gfs_datum_hash(a), gfs_datum_hash(b));
	if (gfs_datum_equal(a, b) == GFS_TRUE)
		assert_int_equal(c, 0);
	int compared = 0;
	if (gfs_datum_compare(a, b, &compared) == GFS_TRUE && a.type != GFS_DATUM_LIST)
		assert_int_equal(sign(compared), sign(c));
}

static void test_order_is_total(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	make_values(&arena, 11);
	for (size_t i = 0; i < RANDOM_COUNT; i++) {
		assert_int_equal(gfs_datum_order(values[i], values[i]), 0);
		for (size_t j = 0; j < RANDOM_COUNT; j++)
			check_pair(values[i], values[j]);
	}
	struct value_random random = { 12 };
	for (size_t i = 0; i < 200000; i++) {
		struct gfs_datum a = values[value_random_below(&random, RANDOM_COUNT)];
		struct gfs_datum b = values[value_random_below(&random, RANDOM_COUNT)];
		struct gfs_datum c = values[value_random_below(&random, RANDOM_COUNT)];
		if (gfs_datum_order(a, b) <= 0 && gfs_datum_order(b, c) <= 0)
			assert_true(gfs_datum_order(a, c) <= 0);
	}
}

static void test_types_in_order(void **state)
{
	(void)state;
	struct gfs_temporal t = { 0 };
	struct gfs_point p = { .srid = GFS_SRID_CARTESIAN };
	uint64_t node = 1;
	struct gfs_datum_path path = { .length = 0, .nodes = &node };
	struct gfs_datum row[] = {
		gfs_datum_map(NULL, 0),
		gfs_datum_node(9),
		gfs_datum_rel(1),
		LIST(NOTHING),
		{ .type = GFS_DATUM_PATH, .path = &path },
		{ .type = GFS_DATUM_POINT, .point = &p },
		{ .type = GFS_DATUM_DATETIME, .temporal = &t },
		{ .type = GFS_DATUM_DURATION, .temporal = &t },
		text("z"),
		gfs_datum_boolean(false),
		gfs_datum_boolean(true),
		FLOAT(-(double)INFINITY),
		INTEGER(5),
		FLOAT((double)INFINITY),
		FLOAT((double)NAN),
		NOTHING,
	};
	for (size_t i = 1; i < GFS_COUNT(row); i++)
		assert_true(gfs_datum_order(row[i - 1], row[i]) < 0);
}

/* Equal, and nothing of the one is the other's. */
static void check_copy(struct gfs_datum a, struct gfs_datum b)
{
	assert_true(gfs_datum_same(a, b));
	assert_int_equal(a.aux, b.aux);
	switch (a.type) {
	case GFS_DATUM_LIST:
		for (uint32_t i = 0; i < a.size; i++)
			check_copy(a.items[i], b.items[i]);
		break;
	case GFS_DATUM_MAP:
		for (uint32_t i = 0; i < a.size; i++) {
			assert_ptr_not_equal(a.entries[i].key.data, b.entries[i].key.data);
			check_copy(a.entries[i].value, b.entries[i].value);
		}
		break;
	case GFS_DATUM_PATH:
		assert_ptr_not_equal(a.path->nodes, b.path->nodes);
		break;
	case GFS_DATUM_STRING:
	case GFS_DATUM_BYTES:
	case GFS_DATUM_POINT:
		assert_ptr_not_equal(a.text, b.text);
		break;
	default:
		if (a.type >= GFS_DATUM_DATETIME && a.type <= GFS_DATUM_DURATION)
			assert_true(a.temporal != b.temporal &&
				(a.temporal->zone.size == 0 || a.temporal->zone.data != b.temporal->zone.data));
	}
}

static void test_copies_stand_alone(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	GFS_AUTO_ARENA other = GFS_ARENA_INIT;
	make_values(&arena, 13);
	for (size_t i = 0; i < RANDOM_COUNT; i++) {
		struct gfs_datum copy;
		assert_int_equal(gfs_datum_copy(&other, values[i], &copy), 0);
		check_copy(values[i], copy);
	}
}

static void test_depth(void **state)
{
	(void)state;
	struct gfs_datum inner = LIST(INTEGER(1));
	struct gfs_datum outer = LIST(text("a"), inner);
	assert_int_equal(gfs_datum_depth(INTEGER(1)), 0);
	assert_int_equal(gfs_datum_depth(gfs_datum_list(NULL, 0)), 1);
	assert_int_equal(gfs_datum_depth(inner), 1);
	assert_int_equal(gfs_datum_depth(outer), 2);
}

/* ---- property values ---- */

static void test_values_there_and_back(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct value_random random = { 5 };
	for (int i = 0; i < 5000; i++) {
		struct gfs_value value, again;
		struct gfs_datum datum;
		value_random_value(&random, &arena, &value);
		assert_int_equal(gfs_datum_from_value(&value, &arena, &datum), 0);
		assert_int_equal(gfs_datum_to_value(datum, &arena, &again), 0);
		assert_true(gfs_value_equal(&value, &again));
		assert_int_equal(again.newline, again.type != GFS_TYPE_BYTES);
	}
}

static void test_values_refused(void **state)
{
	(void)state;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_value value;
	struct gfs_datum deep = INTEGER(1);
	for (unsigned int i = 0; i <= GFS_VALUE_DEPTH_MAX; i++) {
		struct gfs_datum *item = gfs_arena_alloc(&arena, sizeof *item);
		*item = deep;
		deep = gfs_datum_list(item, 1);
	}
	assert_int_equal(gfs_datum_to_value(deep, &arena, &value), GFS_ERR_LIMIT);
	assert_int_equal(gfs_datum_to_value(gfs_datum_map(NULL, 0), &arena, &value), GFS_ERR_INVALID);
	assert_int_equal(gfs_datum_to_value(LIST(gfs_datum_node(1)), &arena, &value), GFS_ERR_INVALID);
	assert_int_equal(gfs_datum_to_value(text("30"), &arena, &value), 0);
	assert_true(value.declared);
	assert_int_equal(gfs_datum_to_value(INTEGER(30), &arena, &value), 0);
	assert_false(value.declared);
	assert_int_equal(gfs_datum_to_value(NOTHING, &arena, &value), 0);
	assert_int_equal(value.type, GFS_TYPE_NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_equal_maps),
		cmocka_unit_test(test_map_make_keeps_the_last_of_equal_keys),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_order_is_total),
		cmocka_unit_test(test_types_in_order),
		cmocka_unit_test(test_copies_stand_alone),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_values_there_and_back),
		cmocka_unit_test(test_values_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
