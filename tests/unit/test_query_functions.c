/* Functions of queries that need no graph: conversions, lists, strings, numbers, points. Temporal ones have a test of their own. */
#include "base/checked.h"
#include "tests/unit/query_call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <ctype.h>
#include <strings.h>

static struct query_call call;

struct expect {
	const char *expression, *want;
};

static void check(const struct expect *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *got = query_show(&call, cases[i].expression);
		if (strcmp(got, cases[i].want) != 0)
			print_error("%s: %s\n", cases[i].expression, call.error.message);
		assert_string_equal(got, cases[i].want);
	}
}
#define CHECK(cases) check(cases, GFS_COUNT(cases))

static void test_table(void **state)
{
	const struct gfs_function *before = NULL;
	(void)state;
	for (size_t i = 0; gfs_function_at(i) != NULL; i++) {
		const struct gfs_function *f = gfs_function_at(i);
		assert_true(f->args_min <= f->args_max);
		assert_non_null(f->call);
		assert_true(before == NULL || strcasecmp(before->name, f->name) < 0);
		assert_ptr_equal(gfs_function_find(gfs_slice_text(f->name)), f);
		before = f;
	}
	assert_string_equal(gfs_function_find(gfs_slice_text("TOLOWER"))->name, "toLower");
	assert_string_equal(gfs_function_find(gfs_slice_text("Duration.INSECONDS"))->name, "duration.inSeconds");
	assert_null(gfs_function_find(gfs_slice_text("toLow")));
	assert_null(gfs_function_find(gfs_slice_text("toLowers")));
	assert_null(gfs_function_find(gfs_slice_text("")));
	assert_null(gfs_function_find(gfs_slice_text("zzz")));
}

static void test_convert(void **state)
{
	(void)state;
	static const struct expect cases[] = {
		{ "toBoolean('TRUE')", "true" },
		{ "toBoolean(' false ')", "false" },
		{ "toBoolean('yes')", "null" },
		{ "toBoolean(0)", "false" },
		{ "toBoolean(1.0)", "!TypeError InvalidArgumentValue" },
		{ "toBooleanOrNull(1.0)", "null" },
		{ "toBooleanList(['true', 1.5, null])", "[true, null, null]" },
		{ "toInteger('42')", "42" },
		{ "toInteger('2.9')", "2" },
		{ "toInteger('foo')", "null" },
		{ "toInteger('')", "null" },
		{ "toInteger(-2.9)", "-2" },
		{ "toInteger(true)", "1" },
		{ "toInteger(NaN)", "null" },
		{ "toInteger(9223372036854775808.0)", "!ArgumentError NumberOutOfRange" },
		{ "toInteger(-9223372036854775808.0)", "-9223372036854775808" },
		{ "toInteger(1.0E30)", "!ArgumentError NumberOutOfRange" },
		{ "toInteger([])", "!TypeError InvalidArgumentValue" },
		{ "toIntegerOrNull([])", "null" },
		{ "toIntegerList(['1', 'x', 2.5])", "[1, null, 2]" },
		{ "toFloat('5')", "5.0" },
		{ "toFloat(3)", "3.0" },
		{ "toFloat('foo')", "null" },
		{ "toFloat(true)", "!TypeError InvalidArgumentValue" },
		{ "toFloatList([1, '2'])", "[1.0, 2.0]" },
		{ "toString(42)", "'42'" },
		{ "toString(1.0)", "'1.0'" },
		{ "toString(true)", "'true'" },
		{ "toString('a')", "'a'" },
		{ "toString(duration('P1D'))", "'P1D'" },
		{ "toString(point({x: 1, y: 2}))", "'point({x: 1.0, y: 2.0, crs: 'cartesian'})'" },
		{ "toString([])", "!TypeError InvalidArgumentValue" },
		{ "toStringOrNull([])", "null" },
		{ "toStringList([1, [], null])", "['1', null, null]" },
		{ "toInteger(null)", "null" },
	};
	CHECK(cases);
}

static void test_lists(void **state)
{
	(void)state;
	static const struct expect cases[] = {
		{ "head([1, 2])", "1" },
		{ "head([])", "null" },
		{ "last([1, 2])", "2" },
		{ "tail([1, 2, 3])", "[2, 3]" },
		{ "tail([])", "[]" },
		{ "head(1)", "!TypeError InvalidArgumentValue" },
		{ "size([1, 2])", "2" },
		{ "size('\xc3\xa4\xe2\x82\xac')", "2" },
		{ "size({})", "!TypeError InvalidArgumentValue" },
		{ "isEmpty([])", "true" },
		{ "isEmpty({a: 1})", "false" },
		{ "isEmpty('')", "true" },
		{ "range(1, 4)", "[1, 2, 3, 4]" },
		{ "range(4, 1)", "[]" },
		{ "range(4, 1, -2)", "[4, 2]" },
		{ "range(1, 1, -1)", "[1]" },
		{ "range(0, 10, 3)", "[0, 3, 6, 9]" },
		{ "range(-9223372036854775808, 9223372036854775807, 9223372036854775807)",
			"[-9223372036854775808, -1, 9223372036854775806]" },
		{ "range(1, 2, 0)", "!ArgumentError NumberOutOfRange" },
		{ "range(1.0, 2)", "!ArgumentError InvalidArgumentType" },
		{ "range(1, 9223372036854775807)", "!LimitExceeded ListTooLong" },
		{ "range(1, 4000000000)", "!LimitExceeded MemoryLimit" },
		{ "reverse([1, 2, 3])", "[3, 2, 1]" },
		{ "reverse('a\xc3\xa4\xe2\x82\xac')",
			"'\xe2\x82\xac\xc3\xa4"
			"a'" },
		{ "reverse(1)", "!TypeError InvalidArgumentValue" },
		{ "keys({b: 1, a: null})", "['a', 'b']" },
		{ "properties({a: 1})", "{a: 1}" },
		{ "keys(1)", "!TypeError InvalidArgumentValue" },
		{ "nodes(1)", "!TypeError InvalidArgumentValue" },
		{ "labels(1)", "!TypeError InvalidArgumentValue" },
		{ "length('abc')", "!TypeError InvalidArgumentValue" },
	};
	CHECK(cases);
}

static void test_strings(void **state)
{
	(void)state;
	static const struct expect cases[] = {
		{ "left('h\xc3\xa4llo', 2)", "'h\xc3\xa4'" },
		{ "left('ab', 5)", "'ab'" },
		{ "left('ab', -1)", "!ArgumentError NumberOutOfRange" },
		{ "right('hell\xc3\xb6', 2)", "'l\xc3\xb6'" },
		{ "right('ab', 0)", "''" },
		{ "right('ab', 9223372036854775807)", "'ab'" },
		{ "substring('hello', 1, 3)", "'ell'" },
		{ "substring('hello', 2)", "'llo'" },
		{ "substring('hello', 9)", "''" },
		{ "substring('hello', -1)", "!ArgumentError NumberOutOfRange" },
		{ "substring('hello', 0, -1)", "!ArgumentError NumberOutOfRange" },
		{ "substring('hello', 'a')", "!TypeError InvalidArgumentValue" },
		{ "char_length('\xc3\xa4')", "1" },
		{ "replace('banana', 'an', 'x')", "'bxxa'" },
		{ "replace('ab', '', '-')", "'-a-b-'" },
		{ "replace('', '', '-')", "'-'" },
		{ "replace('aaa', 'aa', 'b')", "'ba'" },
		{ "replace('a', 'ab', 'b')", "'a'" },
		{ "replace('a', null, 'b')", "null" },
		{ "split('a,b,,c', ',')", "['a', 'b', '', 'c']" },
		{ "split('', ',')", "['']" },
		{ "split('a\xc3\xa4', '')", "['a', '\xc3\xa4']" },
		{ "split('a,b;c', [',', ';'])", "['a', 'b', 'c']" },
		{ "split('abc', ['', 'b'])", "['a', 'c']" },
		{ "split(1, ',')", "!TypeError InvalidArgumentValue" },
		{ "trim('  a b\xc2\xa0 ')", "'a b'" },
		{ "ltrim('  a ')", "'a '" },
		{ "rtrim('  a ')", "'  a'" },
		{ "btrim('xyaxy', 'yx')", "'a'" },
		{ "trim('   ')", "''" },
		{ "toUpper('stra\xc3\x9f"
		  "e')",
			"'STRASSE'" },
		{ "toLower('\xc3\x84"
		  "B')",
			"'\xc3\xa4"
			"b'" },
		{ "toLower('')", "''" },
		{ "upper('a')", "'A'" },
		{ "toUpper(1)", "!TypeError InvalidArgumentValue" },
		{ "normalize('e\xcc\x81')", "'\xc3\xa9'" },
		{ "normalize('\xc3\xa9', 'NFD')", "'e\xcc\x81'" },
		{ "normalize('\xef\xac\x81', 'NFKC')", "'fi'" },
		{ "normalize('a', 'X')", "!ArgumentError InvalidArgumentValue" },
		{ "normalize('')", "''" },
	};
	CHECK(cases);
}

static void test_math(void **state)
{
	(void)state;
	static const struct expect cases[] = {
		{ "abs(-5)", "5" },
		{ "abs(-5.5)", "5.5" },
		{ "abs(-9223372036854775808)", "!ArithmeticError IntegerOverflow" },
		{ "sign(-2.5)", "-1" },
		{ "sign(0)", "0" },
		{ "ceil(1.2)", "2.0" },
		{ "floor(-1.2)", "-2.0" },
		{ "sqrt(-1)", "NaN" },
		{ "sqrt(256)", "16.0" },
		{ "exp(0)", "1.0" },
		{ "log(0)", "-Infinity" },
		{ "log10(1000)", "3.0" },
		{ "e()", "2.718281828459045" },
		{ "pi()", "3.141592653589793" },
		{ "degrees(pi())", "180.0" },
		{ "radians(180)", "3.141592653589793" },
		{ "haversin(0)", "0.0" },
		{ "cot(0)", "Infinity" },
		{ "atan2(1, 0)", "1.5707963267948966" },
		{ "isNaN(NaN)", "true" },
		{ "isNaN(1)", "false" },
		{ "isNaN('a')", "!TypeError InvalidArgumentValue" },
		{ "sin(null)", "null" },
		{ "sqrt('4')", "!TypeError InvalidArgumentValue" },
	};
	CHECK(cases);
}

static void test_round(void **state)
{
	(void)state;
	static const struct expect cases[] = {
		{ "round(1.5)", "2.0" },
		{ "round(-1.5)", "-1.0" },
		{ "round(2.5)", "3.0" },
		{ "round(0.49999999999999994)", "0.0" },
		{ "round(4503599627370497.5)", "4.503599627370498E15" },
		{ "round(9007199254740993)", "9.007199254740992E15" },
		{ "round(NaN)", "NaN" },
		{ "round(Infinity)", "Infinity" },
		{ "round(2.675, 2)", "2.68" },
		{ "round(1.005, 2)", "1.01" },
		{ "round(-1.005, 2)", "-1.01" },
		{ "round(1.249, 1)", "1.2" },
		{ "round(1.25, 1, 'HALF_EVEN')", "1.2" },
		{ "round(1.35, 1, 'HALF_EVEN')", "1.4" },
		{ "round(1.25, 1, 'HALF_DOWN')", "1.2" },
		{ "round(1.21, 1, 'UP')", "1.3" },
		{ "round(-1.21, 1, 'UP')", "-1.3" },
		{ "round(-1.29, 1, 'DOWN')", "-1.2" },
		{ "round(-1.29, 1, 'CEILING')", "-1.2" },
		{ "round(-1.21, 1, 'FLOOR')", "-1.3" },
		{ "round(9.99, 1)", "10.0" },
		{ "round(0.05, 1)", "0.1" },
		{ "round(0.04, 1)", "0.0" },
		{ "round(0.0004, 2, 'UP')", "0.01" },
		{ "round(12345.678, 0)", "12346.0" },
		{ "round(1.5, 0, 'HALF_EVEN')", "2.0" },
		{ "round(1.0E300, 2)", "1.0E300" },
		{ "round(5.0E-324, 400)", "5.0E-324" },
		{ "round(5.0E-324, 10)", "0.0" },
		{ "round(1.5, 1, 'SIDEWAYS')", "!ArgumentError InvalidArgumentValue" },
		{ "round(1.5, -1)", "!ArgumentError NumberOutOfRange" },
		{ "round('a')", "!TypeError InvalidArgumentValue" },
	};
	CHECK(cases);
}

static void test_scalars(void **state)
{
	(void)state;
	static const struct expect cases[] = {
		{ "coalesce(null, null, 3, 4)", "3" },
		{ "coalesce(null)", "null" },
		{ "nullIf(1, 1.0)", "null" },
		{ "nullIf(1, 2)", "1" },
		{ "nullIf(null, 2)", "null" },
		{ "exists(null)", "false" },
		{ "exists(1)", "true" },
		{ "valueType(null)", "'NULL'" },
		{ "valueType(1)", "'INTEGER NOT NULL'" },
		{ "valueType([1, 'a', 2])", "'LIST<STRING NOT NULL | INTEGER NOT NULL> NOT NULL'" },
		{ "valueType([1, null, true])", "'LIST<BOOLEAN | INTEGER> NOT NULL'" },
		{ "valueType([null])", "'LIST<NULL> NOT NULL'" },
		{ "valueType([])", "'LIST<NOTHING> NOT NULL'" },
		{ "size(randomUUID())", "36" },
		{ "elementId(1)", "!TypeError InvalidArgumentValue" },
	};
	CHECK(cases);
}

/* Many small results count like a large one. */
static void test_memory_is_bounded(void **state)
{
	(void)state;
	call.env.memory_bytes_max = call.arena.bytes + (4 << 20);
	int made = 0;
	while (made < 1000 && query_value(&call, "range(1, 10000)").type == GFS_DATUM_LIST)
		made++;
	assert_in_range(made, 10, 30);
	assert_string_equal(query_show_datum(&call, gfs_datum_null()), "!LimitExceeded MemoryLimit");
	call.env.memory_bytes_max = 0;
}

static void test_rand(void **state)
{
	(void)state;
	double sum = 0;
	for (int i = 0; i < 10000; i++) {
		struct gfs_datum d = query_value(&call, "rand()");
		assert_true(d.type == GFS_DATUM_FLOAT && d.real >= 0 && d.real < 1);
		sum += d.real;
	}
	assert_true(sum > 4500 && sum < 5500);
}

static void test_points(void **state)
{
	(void)state;
	static const struct expect cases[] = {
		{ "point({x: 1, y: 2.5})", "point({x: 1.0, y: 2.5, crs: 'cartesian'})" },
		{ "point({x: 1, y: 2, z: 3})", "point({x: 1.0, y: 2.0, z: 3.0, crs: 'cartesian-3d'})" },
		{ "point({longitude: 12.5, latitude: 56})", "point({x: 12.5, y: 56.0, crs: 'wgs-84'})" },
		{ "point({longitude: 12.5, latitude: 56, height: 7})", "point({x: 12.5, y: 56.0, z: 7.0, crs: 'wgs-84-3d'})" },
		{ "point({x: 12.5, y: 56, crs: 'wgs-84'})", "point({x: 12.5, y: 56.0, crs: 'wgs-84'})" },
		{ "point({x: 1, y: 2, srid: 7203})", "point({x: 1.0, y: 2.0, crs: 'cartesian'})" },
		{ "point({longitude: 190, latitude: 0})", "point({x: -170.0, y: 0.0, crs: 'wgs-84'})" },
		{ "point({x: 1, y: null})", "null" },
		{ "point({x: 1})", "!ArgumentError InvalidArgumentValue" },
		{ "point({x: 1, y: 'a'})", "!TypeError InvalidArgumentValue" },
		{ "point({x: 1, y: 2, crs: 'mars'})", "!ArgumentError InvalidArgumentValue" },
		{ "point({x: 1, y: 2, srid: 9157})", "!ArgumentError InvalidArgumentValue" },
		{ "point({x: 1, y: 2, srid: 1})", "!ArgumentError InvalidArgumentValue" },
		{ "point({longitude: 1, latitude: 91})", "!ArgumentError InvalidArgumentValue" },
		{ "point({longitude: 1, latitude: 1, crs: 'cartesian'})", "!ArgumentError InvalidArgumentValue" },
		{ "point({x: NaN, y: 1})", "!ArgumentError InvalidArgumentValue" },
		{ "point(1)", "!TypeError InvalidArgumentValue" },
		{ "point.distance(point({x: 0, y: 0}), point({x: 3, y: 4}))", "5.0" },
		{ "point.distance(point({x: 0, y: 0, z: 0}), point({x: 2, y: 3, z: 6}))", "7.0" },
		{ "point.distance(point({x: 0, y: 0}), point({longitude: 3, latitude: 4}))", "null" },
		{ "round(point.distance(point({longitude: 12.78, latitude: 56.7}), point({longitude: 12.78, latitude: 57.7})))",
			"111320.0" },
		{ "point.distance(point({x: 0, y: 0}), 1)", "!TypeError InvalidArgumentValue" },
		{ "point.withinBBox(point({x: 1, y: 1}), point({x: 0, y: 0}), point({x: 2, y: 2}))", "true" },
		{ "point.withinBBox(point({x: 1, y: 3}), point({x: 0, y: 0}), point({x: 2, y: 2}))", "false" },
		{ "point.withinBBox(point({longitude: 179, latitude: 0}), point({longitude: 170, latitude: -5}), "
		  "point({longitude: -170, latitude: 5}))",
			"true" },
		{ "point.withinBBox(point({x: 1, y: 3}), point({longitude: 0, latitude: 0}), point({x: 2, y: 2}))", "null" },
	};
	CHECK(cases);
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
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_convert),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_math),
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_scalars),
		cmocka_unit_test(test_memory_is_bounded),
		cmocka_unit_test(test_rand),
		cmocka_unit_test(test_points),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
