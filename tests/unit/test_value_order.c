/* The bytes of property indexes sort as Cypher orders values. The judge is a comparison written out here, on pairs of values of every type and near
 * every edge; GFS_SEED repeats a run. */
#include "graph/value_order.h"

#include "base/checked.h"
#include "base/clock.h"
#include "graph/point.h"
#include "graph/temporal.h"
#include "tests/unit/value_random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { PAIRS = 300000 };

struct ordered {
	struct gfs_buf order, kinds;
};

static void encode(const struct gfs_value *value, struct ordered *o)
{
	gfs_buf_clear(&o->order);
	gfs_buf_clear(&o->kinds);
	assert_int_equal(gfs_value_order(value, &o->order, &o->kinds), 0);
}

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static int compare_bytes(struct gfs_slice a, struct gfs_slice b)
{
	size_t size = GFS_MIN(a.size, b.size);
	int order = size == 0 ? 0 : memcmp(a.data, b.data, size);
	return order != 0 ? sign(order) : (a.size > b.size) - (a.size < b.size);
}

/* ---- the judge ---- */

/* Lists before points, temporal values, bytes, strings, booleans, numbers, null. */
static int rank(enum gfs_type type)
{
	static const int ranks[GFS_TYPE_COUNT] = {
		[GFS_TYPE_LIST] = 0,
		[GFS_TYPE_POINT] = 1,
		[GFS_TYPE_DATETIME] = 2,
		[GFS_TYPE_LOCALDATETIME] = 3,
		[GFS_TYPE_DATE] = 4,
		[GFS_TYPE_TIME] = 5,
		[GFS_TYPE_LOCALTIME] = 6,
		[GFS_TYPE_DURATION] = 7,
		[GFS_TYPE_BYTES] = 8,
		[GFS_TYPE_STRING] = 9,
		[GFS_TYPE_BOOLEAN] = 10,
		[GFS_TYPE_INTEGER] = 11,
		[GFS_TYPE_FLOAT] = 11,
		[GFS_TYPE_NULL] = 12,
	};
	return ranks[type];
}

/* long double holds every int64_t and every double. */
static int compare_numbers(const struct gfs_value *a, const struct gfs_value *b)
{
	long double x = a->type == GFS_TYPE_INTEGER ? (long double)a->integer : (long double)a->real;
	long double y = b->type == GFS_TYPE_INTEGER ? (long double)b->integer : (long double)b->real;
	if (isnan(x) || isnan(y))
		return !!isnan(x) - !!isnan(y);
	return (x > y) - (x < y);
}

static int judge(const struct gfs_value *a, const struct gfs_value *b)
{
	if (rank(a->type) != rank(b->type))
		return rank(a->type) < rank(b->type) ? -1 : 1;
	switch (a->type) {
	case GFS_TYPE_BOOLEAN:
		return (int)a->boolean - (int)b->boolean;
	case GFS_TYPE_INTEGER:
	case GFS_TYPE_FLOAT:
		return compare_numbers(a, b);
	case GFS_TYPE_POINT:
		return gfs_point_order(a->point, b->point);
	case GFS_TYPE_DATETIME:
		return gfs_datetime_order(a->temporal, b->temporal);
	case GFS_TYPE_LOCALDATETIME:
		return gfs_localdatetime_order(a->temporal, b->temporal);
	case GFS_TYPE_DATE:
		return gfs_date_order(a->temporal, b->temporal);
	case GFS_TYPE_TIME:
		return gfs_time_order(a->temporal, b->temporal);
	case GFS_TYPE_LOCALTIME:
		return gfs_localtime_order(a->temporal, b->temporal);
	case GFS_TYPE_DURATION:
		return gfs_duration_order(a->temporal, b->temporal);
	case GFS_TYPE_STRING:
	case GFS_TYPE_BYTES:
		return compare_bytes(a->bytes, b->bytes);
	case GFS_TYPE_LIST:
		for (size_t i = 0; i < a->list.count && i < b->list.count; i++) {
			int order = judge(&a->list.items[i], &b->list.items[i]);
			if (order != 0)
				return order;
		}
		return (a->list.count > b->list.count) - (a->list.count < b->list.count);
	default:
		return 0;
	}
}

/* ---- pairs ---- */

static struct gfs_value integer(int64_t v)
{
	return (struct gfs_value){ .type = GFS_TYPE_INTEGER, .integer = v };
}

static struct gfs_value real(double v)
{
	return (struct gfs_value){ .type = GFS_TYPE_FLOAT, .real = v };
}

/* Numbers that are close to each other, on both sides of 2^53 and at the ends of int64_t. */
static struct gfs_value near_number(struct value_random *random)
{
	static const int64_t bases[] = { 0, 1, INT64_C(1) << 53, -(INT64_C(1) << 53), INT64_C(1) << 62, INT64_MAX,
		INT64_MIN, INT64_C(1) << 60 };
	int64_t base = bases[value_random_below(random, GFS_COUNT(bases))];
	int64_t step = (int64_t)value_random_below(random, 5) - 2;
	int64_t v;
	if (gfs_add_overflows(base, step, &v))
		v = base;
	if (value_random_below(random, 2) == 0)
		return integer(v);
	double d = (double)v;
	return real(value_random_below(random, 2) == 0 ? d : nextafter(d, step < 0 ? -(double)INFINITY : (double)INFINITY));
}

static void random_value(struct value_random *random, struct gfs_arena *arena, struct gfs_value *value)
{
	if (value_random_below(random, 4) == 0)
		*value = near_number(random);
	else
		value_random_value(random, arena, value);
}

/* The same, or with one of its parts by a little larger. */
static const struct gfs_temporal *near_temporal(
	struct value_random *random, struct gfs_arena *arena, enum gfs_type type, const struct gfs_temporal *from)
{
	struct gfs_temporal *t = gfs_arena_alloc(arena, sizeof *t);
	assert_non_null(t);
	*t = *from;
	switch (value_random_below(random, 6)) {
	case 0:
		t->days++;
		break;
	case 1:
		t->nanos++;
		break;
	case 2:
		t->months++;
		break;
	case 3:
		/* The same instant on another clock. */
		t->offset_s += 3600;
		gfs_move_seconds(t, 3600);
		break;
	case 4:
		t->zone = gfs_slice_text("Europe/London");
		break;
	default:
		break;
	}
	return gfs_temporal_valid(type, t) ? t : from;
}

/* The value with some of its numbers of another type or by one larger, or an item more: what differs late or not at all. */
static void cousin(
	struct value_random *random, struct gfs_arena *arena, const struct gfs_value *value, struct gfs_value *ret)
{
	*ret = *value;
	if (value->type == GFS_TYPE_LIST) {
		size_t count = value->list.count + value_random_below(random, 2);
		ret->list.count = count;
		ret->list.items = gfs_arena_alloc(arena, count * sizeof *ret);
		assert_non_null(ret->list.items);
		for (size_t i = 0; i < count; i++) {
			ret->list.items[i] = integer((int64_t)value_random_below(random, 3));
			if (i < value->list.count)
				cousin(random, arena, &value->list.items[i], &ret->list.items[i]);
		}
	} else if (gfs_type_is_temporal(value->type)) {
		ret->temporal = near_temporal(random, arena, value->type, value->temporal);
	} else if (value->type == GFS_TYPE_INTEGER && value_random_below(random, 2) == 0) {
		*ret = real((double)value->integer);
	} else if ((value->type == GFS_TYPE_STRING || value->type == GFS_TYPE_BYTES) && value->bytes.size != 0) {
		GFS_AUTO_BUF bytes = GFS_BUF_INIT;
		gfs_buf_append(&bytes, value->bytes.data, value->bytes.size);
		gfs_buf_append_u8(&bytes, (uint8_t)value_random_below(random, 3));
		ret->bytes = gfs_arena_copy(arena, gfs_buf_slice(&bytes));
	}
}

static bool starts_with(struct gfs_slice whole, struct gfs_slice start)
{
	return whole.size >= start.size && memcmp(whole.data, start.data, start.size) == 0;
}

static void check_pair(const struct gfs_value *a, const struct gfs_value *b, struct ordered *oa, struct ordered *ob)
{
	encode(a, oa);
	encode(b, ob);
	struct gfs_slice x = gfs_buf_slice(&oa->order), y = gfs_buf_slice(&ob->order);
	int order = compare_bytes(x, y);
	assert_int_equal(order, judge(a, b));
	if (order != 0)
		assert_false(starts_with(x, y) || starts_with(y, x));
	bool same_kinds = gfs_slice_equal(gfs_buf_slice(&oa->kinds), gfs_buf_slice(&ob->kinds));
	assert_true((order == 0 && same_kinds) == gfs_value_equal(a, b));
}

static void check_back(const struct gfs_value *value, struct ordered *o, struct gfs_arena *arena)
{
	GFS_AUTO_BUF bytes = GFS_BUF_INIT;
	struct gfs_value again;
	encode(value, o);
	gfs_buf_append(&bytes, o->order.data, o->order.size);
	gfs_buf_append(&bytes, o->kinds.data, o->kinds.size);
	assert_int_equal(o->order.data[0], gfs_value_order_class(value));
	assert_int_equal(gfs_value_from_order(gfs_buf_slice(&bytes), arena, &again), 0);
	assert_true(gfs_value_equal(value, &again));
	if (value->type == GFS_TYPE_FLOAT && value->real == 0)
		assert_int_equal(!!signbit(value->real), !!signbit(again.real));
}

static void test_random_pairs(void **state)
{
	(void)state;
	const char *seed = getenv("GFS_SEED");
	struct value_random random = { seed != NULL ? strtoull(seed, NULL, 0) : gfs_clock_real_ns() };
	struct ordered oa = { 0 }, ob = { 0 };
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	print_message("GFS_SEED=%#llx\n", (unsigned long long)random.state);
	size_t equal = 0;
	for (unsigned i = 0; i < PAIRS; i++) {
		struct gfs_value a, b;
		gfs_arena_clear(&arena);
		random_value(&random, &arena, &a);
		if (value_random_below(&random, 3) == 0)
			cousin(&random, &arena, &a, &b);
		else
			random_value(&random, &arena, &b);
		check_pair(&a, &b, &oa, &ob);
		check_back(&a, &oa, &arena);
		equal += judge(&a, &b) == 0;
	}
	print_message("%u pairs, %zu of them equal\n", PAIRS, equal);
	assert_true(equal > PAIRS / 100);
	gfs_buf_release(&oa.order);
	gfs_buf_release(&oa.kinds);
	gfs_buf_release(&ob.order);
	gfs_buf_release(&ob.kinds);
}

/* ---- by hand ---- */

static struct gfs_value text(const char *bytes)
{
	return (struct gfs_value){ .type = GFS_TYPE_STRING, .bytes = gfs_slice_text(bytes) };
}

/* Each is below the next. */
static void test_edges(void **state)
{
	(void)state;
	static struct gfs_value one[1], two[2];
	one[0] = integer(1);
	two[0] = integer(1);
	two[1] = (struct gfs_value){ .type = GFS_TYPE_NULL };
	const struct gfs_value ascending[] = {
		{ .type = GFS_TYPE_LIST },
		{ .type = GFS_TYPE_LIST, .list = { one, 1 } },
		{ .type = GFS_TYPE_LIST, .list = { two, 2 } },
		{ .type = GFS_TYPE_BYTES, .bytes = gfs_slice("\xff", 1) },
		text(""),
		{ .type = GFS_TYPE_STRING, .bytes = gfs_slice("\0", 1) },
		{ .type = GFS_TYPE_STRING, .bytes = gfs_slice("\0\1", 2) },
		text("\1"),
		text("\1\1"),
		text("\2"),
		text("a"),
		text("aa"),
		text("b"),
		{ .type = GFS_TYPE_BOOLEAN, .boolean = false },
		{ .type = GFS_TYPE_BOOLEAN, .boolean = true },
		real(-(double)INFINITY),
		real(-1e300),
		real(-9223372036854777856.0),
		integer(INT64_MIN),
		integer(INT64_MIN + 1),
		real(-1.5),
		integer(-1),
		real(-5e-324),
		integer(0),
		real(5e-324),
		integer(9007199254740992),
		integer(9007199254740993),
		real(9007199254740994.0),
		integer(9007199254740995),
		integer(INT64_MAX - 1),
		integer(INT64_MAX),
		real(9223372036854775808.0),
		real((double)INFINITY),
		real((double)NAN),
	};
	struct ordered oa = { 0 }, ob = { 0 };
	for (size_t i = 0; i < GFS_COUNT(ascending); i++) {
		for (size_t k = 0; k < GFS_COUNT(ascending); k++) {
			encode(&ascending[i], &oa);
			encode(&ascending[k], &ob);
			assert_int_equal(compare_bytes(gfs_buf_slice(&oa.order), gfs_buf_slice(&ob.order)), (i > k) - (i < k));
		}
	}
	encode(&(struct gfs_value){ .type = GFS_TYPE_FLOAT, .real = -0.0 }, &oa);
	encode(&ascending[23], &ob);
	assert_true(gfs_slice_equal(gfs_buf_slice(&oa.order), gfs_buf_slice(&ob.order)));
	gfs_buf_release(&oa.order);
	gfs_buf_release(&oa.kinds);
	gfs_buf_release(&ob.order);
	gfs_buf_release(&ob.kinds);
}

/* Whatever is read is what would be written; most of what is damaged is seen. */
static void test_damage(void **state)
{
	(void)state;
	struct value_random random = { 7 };
	struct ordered o = { 0 };
	GFS_AUTO_BUF bytes = GFS_BUF_INIT;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	unsigned refused = 0;
	for (unsigned i = 0; i < PAIRS / 10; i++) {
		struct gfs_value value;
		gfs_arena_clear(&arena);
		random_value(&random, &arena, &value);
		encode(&value, &o);
		gfs_buf_clear(&bytes);
		gfs_buf_append(&bytes, o.order.data, o.order.size);
		gfs_buf_append(&bytes, o.kinds.data, o.kinds.size);
		value_random_mutate(&random, &bytes);
		if (gfs_value_from_order(gfs_buf_slice(&bytes), &arena, &value) != 0) {
			refused++;
			continue;
		}
		encode(&value, &o);
		gfs_buf_append(&o.order, o.kinds.data, o.kinds.size);
		assert_true(gfs_slice_equal(gfs_buf_slice(&o.order), gfs_buf_slice(&bytes)));
	}
	assert_true(refused > PAIRS / 100);
	gfs_buf_release(&o.order);
	gfs_buf_release(&o.kinds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_pairs),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_damage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
