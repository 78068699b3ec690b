/* Temporal functions of queries: constructors, selections, truncation, components, durations between, arithmetic. */
#include "base/checked.h"
#include "query/ast.h"
#include "tests/unit/query_call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

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

static void test_from_map(void **state)
{
	(void)state;
	static const struct expect cases[] = {
		{ "date({year: 1984, month: 10, day: 11})", "1984-10-11" },
		{ "date({year: 1984, month: 10})", "1984-10-01" },
		{ "date({year: 1984, week: 10, dayOfWeek: 3})", "1984-03-07" },
		{ "date({year: 1984, ordinalDay: 202})", "1984-07-20" },
		{ "date({year: 1984, quarter: 3, dayOfQuarter: 45})", "1984-08-14" },
		{ "date({year: 1984, quarter: 3})", "1984-07-01" },
		{ "localdatetime({year: 1817, week: 1})", "1816-12-30T00:00" },
		{ "localtime({hour: 12, minute: 31, second: 14, nanosecond: 789, millisecond: 123, microsecond: 456})",
			"12:31:14.123456789" },
		{ "time({hour: 12, timezone: '-02:05:07'})", "12:00-02:05:07" },
		{ "time({hour: 12, timezone: 'Europe/Stockholm'})", "12:00+02:00" },
		{ "datetime({year: 1984, ordinalDay: 202, hour: 12, timezone: 'Europe/Stockholm'})",
			"1984-07-20T12:00+02:00[Europe/Stockholm]" },
		{ "datetime({year: 1984, month: 11, day: null})", "1984-11-01T00:00Z" },
		{ "datetime({epochSeconds: 416779, nanosecond: 5})", "1970-01-05T19:46:19.000000005Z" },
		{ "datetime({epochMillis: -1})", "1969-12-31T23:59:59.999Z" },
		{ "datetime.fromepoch(416779, 999999999)", "1970-01-05T19:46:19.999999999Z" },
		{ "datetime.fromepochmillis(237821673987)", "1977-07-15T13:34:33.987Z" },
		{ "date({})", "!ArgumentError InvalidArgumentValue" },
		{ "date({year: 1984, day: 1})", "!ArgumentError InvalidArgumentValue" },
		{ "date({year: 1984, month: 2, week: 3})", "!ArgumentError InvalidArgumentValue" },
		{ "date({year: 1984, month: 2, day: 30})", "!ArgumentError InvalidArgumentValue" },
		{ "date({year: 1984, hour: 2})", "!ArgumentError InvalidArgumentValue" },
		{ "date({year: 1984.0})", "!TypeError InvalidArgumentValue" },
		{ "date({years: 1984})", "!ArgumentError InvalidArgumentValue" },
		{ "localtime({minute: 1})", "!ArgumentError InvalidArgumentValue" },
		{ "localtime({hour: 1, second: 1})", "!ArgumentError InvalidArgumentValue" },
		{ "localtime({hour: 1, minute: 1, second: 1, millisecond: 1, microsecond: 1000})",
			"!ArgumentError InvalidArgumentValue" },
		{ "time({hour: 1, timezone: 'Nowhere'})", "!ArgumentError InvalidArgumentValue" },
		{ "datetime({year: 1000000000})", "!ArgumentError InvalidArgumentValue" },
		{ "datetime({epochSeconds: 9223372036854775807})", "!ArgumentError InvalidArgumentValue" },
	};
	CHECK(cases);
}

static void test_from_string(void **state)
{
	(void)state;
	static const struct expect cases[] = {
		{ "date('2015-W30-2')", "2015-07-21" },
		{ "datetime('2015-07-21T21:40:32.142[Europe/London]')", "2015-07-21T21:40:32.142+01:00[Europe/London]" },
		{ "datetime('2015-07-21T21:40+05:00[Europe/London]')", "!ArgumentError InvalidArgumentValue" },
		{ "datetime('2015-07-21T21:40+05:00[Mars/Base]')", "!ArgumentError InvalidArgumentValue" },
		{ "date('nonsense')", "!ArgumentError InvalidArgumentValue" },
		{ "date(1)", "!TypeError InvalidArgumentValue" },
		{ "date(null)", "null" },
		{ "duration('P5M1.5D')", "P5M1DT12H" },
		{ "duration('x')", "!ArgumentError InvalidArgumentValue" },
	};
	CHECK(cases);
}

static void test_select(void **state)
{
	(void)state;
	static const struct expect cases[] = {
		{ "date({date: date('1984-11-11'), year: 28})", "0028-11-11" },
		{ "date({date: date('1984-11-11'), week: 1})", "1984-01-08" },
		{ "date({date: date('1984-11-11'), quarter: 3})", "1984-08-11" },
		{ "date({date: date('1984-02-29'), year: 1985})", "1985-02-28" },
		{ "localdatetime({date: date('1816-12-31'), week: 2})", "1817-01-07T00:00" },
		{ "date(datetime('1984-11-11T12:00+01:00'))", "1984-11-11" },
		{ "time(localtime('12:31'))", "12:31Z" },
		{ "time({time: time('12:31:14+01:00'), second: 42, timezone: '+05:00'})", "16:31:42+05:00" },
		{ "time({time: localtime('12:31:14'), timezone: '+05:00'})", "12:31:14+05:00" },
		{ "datetime({date: datetime('1984-10-11T12:00+01:00'), hour: 10})", "1984-10-11T10:00Z" },
		{ "datetime({year: 1984, month: 10, day: 11, time: datetime('1984-07-11T12:00[Europe/Stockholm]')})",
			"1984-10-11T12:00+01:00[Europe/Stockholm]" },
		{ "datetime({datetime: datetime('1984-10-11T12:00[Europe/Stockholm]'), day: 28, timezone: 'Pacific/Honolulu'})",
			"1984-10-28T01:00-10:00[Pacific/Honolulu]" },
		{ "localdatetime(datetime('1984-10-11T12:00+01:00'))", "1984-10-11T12:00" },
		{ "date(time('12:00'))", "!TypeError InvalidArgumentValue" },
		{ "localtime(date('2015-01-01'))", "!TypeError InvalidArgumentValue" },
		{ "date({date: time('12:00')})", "!TypeError InvalidArgumentValue" },
		{ "date({date: 1})", "!TypeError InvalidArgumentValue" },
	};
	CHECK(cases);
}

static void test_now(void **state)
{
	(void)state;
	static const struct expect cases[] = {
		{ "date()", "2015-07-21" },
		{ "datetime()", "2015-07-21T21:40:32.142Z" },
		{ "datetime.transaction()", "2015-07-21T21:40:32Z" },
		{ "datetime.statement('Europe/Stockholm')", "2015-07-21T23:40:32.142+02:00[Europe/Stockholm]" },
		{ "date({timezone: '+05:00'})", "2015-07-22" },
		{ "localtime()", "21:40:32.142" },
		{ "time.statement('+01:00')", "22:40:32.142+01:00" },
		{ "timestamp()", "1437514832142" },
	};
	CHECK(cases);
}

static void test_truncate(void **state)
{
	(void)state;
	static const struct expect cases[] = {
		{ "date.truncate('millennium', date('2017-10-11'), {day: 2})", "2000-01-02" },
		{ "date.truncate('weekYear', datetime('1984-01-01T12:31+01:00'), {day: 5})", "1983-01-05" },
		{ "date.truncate('quarter', date('1984-11-11'))", "1984-10-01" },
		{ "date.truncate('week', date('1984-10-11'), {dayOfWeek: 2})", "1984-10-09" },
		{ "date.truncate('decade', date('-0001-10-11'))", "-0010-01-01" },
		{ "datetime.truncate('century', datetime('1984-10-11T12:31-01:00'), {timezone: 'Europe/Stockholm'})",
			"1900-01-01T00:00+01:00[Europe/Stockholm]" },
		{ "datetime.truncate('month', datetime('2017-04-11T12:31[Europe/Stockholm]'))",
			"2017-04-01T00:00+02:00[Europe/Stockholm]" },
		{ "datetime.truncate('year', datetime('2017-07-11T12:31[Europe/Stockholm]'))",
			"2017-01-01T00:00+01:00[Europe/Stockholm]" },
		{ "localtime.truncate('microsecond', time('12:31:14.645876123+01:00'), {nanosecond: 2})",
			"12:31:14.645876002" },
		{ "localtime.truncate('millisecond', time('12:31:14.645876123+01:00'), {nanosecond: 2})",
			"12:31:14.645000002" },
		{ "time.truncate('hour', time('12:31:14.645876123-01:00'), {timezone: '+01:00'})", "12:00+01:00" },
		{ "time.truncate('second', localtime('12:31:14.645'), {nanosecond: 2})", "12:31:14.000000002Z" },
		{ "localdatetime.truncate('day', date('1984-10-11'))", "1984-10-11T00:00" },
		{ "date.truncate('year')", "2015-01-01" },
		{ "date.truncate('hour', date('2017-10-11'))", "!ArgumentError InvalidArgumentValue" },
		{ "time.truncate('month', time('12:00'))", "!ArgumentError InvalidArgumentValue" },
		{ "date.truncate('fortnight', date('2017-10-11'))", "!ArgumentError InvalidArgumentValue" },
		{ "date.truncate('day', time('12:00'))", "!TypeError InvalidArgumentValue" },
	};
	CHECK(cases);
}

static void test_components(void **state)
{
	(void)state;
	static const struct {
		const char *of, *name, *want;
	} cases[] = {
		{ "date('1984-10-11')", "week", "41" },
		{ "date('1984-10-11')", "dayOfQuarter", "11" },
		{ "date('1984-10-11')", "ordinalDay", "285" },
		{ "date('1984-01-01')", "weekYear", "1983" },
		{ "localtime('12:31:14.645876123')", "microsecond", "645876" },
		{ "time('12:31+01:00')", "offset", "'+01:00'" },
		{ "time('12:31+01:00')", "timezone", "'+01:00'" },
		{ "time('12:31Z')", "offset", "'Z'" },
		{ "time('12:31-01:30')", "offsetMinutes", "-90" },
		{ "datetime('1984-11-11T12:31:14.645876123[Europe/Stockholm]')", "timezone", "'Europe/Stockholm'" },
		{ "datetime('1984-11-11T12:31:14.645876123[Europe/Stockholm]')", "epochMillis", "469020674645" },
		{ "datetime('1969-12-31T23:59:59.5Z')", "epochMillis", "-500" },
		{ "duration('P1Y4M10DT1H1M1.111111111S')", "quarters", "5" },
		{ "duration('P1Y4M10DT1H1M1.111111111S')", "monthsOfQuarter", "1" },
		{ "duration('P1Y4M10DT1H1M1.111111111S')", "nanoseconds", "3661111111111" },
		{ "duration('P1Y4M10DT1H1M1.111111111S')", "millisecondsOfSecond", "111" },
		{ "duration('PT-23H-59M-59.9S')", "seconds", "-86400" },
		{ "duration('PT-23H-59M-59.9S')", "nanosecondsOfSecond", "100000000" },
		{ "date('1984-10-11')", "hour", "!ArgumentError InvalidArgumentValue" },
		{ "duration('P1D')", "hour", "!ArgumentError InvalidArgumentValue" },
	};
	for (size_t i = 0; i < GFS_COUNT(cases); i++) {
		struct gfs_datum got;
		struct gfs_datum of = query_value(&call, cases[i].of);
		int err = gfs_datum_component(&call.env, of, gfs_slice_text(cases[i].name), &got);
		assert_int_equal(err == 0, call.error.kind == GFS_QUERY_OK);
		assert_string_equal(query_show_datum(&call, got), cases[i].want);
	}
}

static void test_between(void **state)
{
	(void)state;
	static const struct expect cases[] = {
		{ "duration.between(date('1984-10-11'), date('2015-06-24'))", "P30Y8M13D" },
		{ "duration.between(date('1984-10-11'), localdatetime('2016-07-21T21:45:22.142'))", "P31Y9M10DT21H45M22.142S" },
		{ "duration.between(localtime('14:30'), date('2015-06-24'))", "PT-14H-30M" },
		{ "duration.between(localdatetime('2015-07-21T21:40:32.142'), date('2015-06-24'))", "P-27DT-21H-40M-32.142S" },
		{ "duration.between(datetime('2014-07-21T21:40:36.143+0200'), time('16:30+0100'))", "PT-4H-10M-36.143S" },
		{ "duration.between(datetime('2017-10-28T23:00[Europe/Stockholm]'), datetime('2017-10-29T04:00[Europe/Stockholm]'))",
			"PT6H" },
		{ "duration.between(date('-999999999-01-01'), date('+999999999-12-31'))", "P1999999998Y11M30D" },
		{ "duration.inMonths(date('2018-07-21'), datetime('2016-07-21T21:40:32.142+0100'))", "P-1Y-11M" },
		{ "duration.inDays(date('1984-10-11'), localdatetime('2016-07-21T21:45:22.142'))", "P11606D" },
		{ "duration.inSeconds(localdatetime('-999999999-01-01'), localdatetime('+999999999-12-31T23:59:59'))",
			"PT17531639991215H59M59S" },
		{ "duration.inSeconds(date('2017-10-29'), datetime('2017-10-29T04:00[Europe/Stockholm]'))", "PT5H" },
		{ "duration.inSeconds(localtime('12:34:56'), localtime('12:34:55.7'))", "PT-0.3S" },
		{ "duration.between(date('2015-01-01'), 1)", "!TypeError InvalidArgumentValue" },
		{ "duration.between(date('2015-01-01'), duration('P1D'))", "!TypeError InvalidArgumentValue" },
		{ "duration({years: 12.5, months: 5.5, days: 14.5, hours: 16.5, minutes: 12.5, seconds: 70.5, nanoseconds: 3})",
			"P12Y11M29DT33H58M13.500000003S" },
		{ "duration({months: 0.75})", "P22DT19H51M49.5S" },
		{ "duration({seconds: 0.3})", "PT0.3S" },
		{ "duration({days: 1.2, months: -0.02})", "PT14H11M25.08S" },
		{ "duration({days: -1.2, months: 0.02})", "PT-14H-11M-25.08S" },
		{ "duration({days: '1'})", "!TypeError InvalidArgumentValue" },
		{ "duration({day: 1})", "!ArgumentError InvalidArgumentValue" },
		{ "duration({seconds: 1.0E30})", "!ArithmeticError IntegerOverflow" },
	};
	CHECK(cases);
}

static void test_arithmetic(void **state)
{
	(void)state;
	static const struct {
		const char *a;
		enum gfs_ast_op op;
		const char *b, *want;
	} cases[] = {
		{ "date('1984-10-11')", GFS_OP_ADD, "duration('P12Y11M29DT33H58M13.500000003S')", "1997-10-11" },
		{ "date('1984-10-11')", GFS_OP_SUBTRACT, "duration('P12Y11M29DT33H58M13.500000003S')", "1971-10-12" },
		{ "date('1984-10-11')", GFS_OP_SUBTRACT, "duration('P1M-14DT15H49M10S')", "1984-09-25" },
		{ "date('1984-10-11')", GFS_OP_ADD, "duration({seconds: -86400, nanoseconds: 1})", "1984-10-11" },
		{ "date('1984-10-11')", GFS_OP_ADD, "duration({seconds: -86400})", "1984-10-10" },
		{ "date('2016-02-29')", GFS_OP_ADD, "duration('P1Y')", "2017-02-28" },
		{ "localtime('12:31:14.000000001')", GFS_OP_SUBTRACT, "duration('PT16H13M10.000000002S')",
			"20:18:03.999999999" },
		{ "time('12:31:14.000000001+01:00')", GFS_OP_ADD, "duration('P1M-14DT15H49M10S')", "04:20:24.000000001+01:00" },
		{ "duration('PT1H')", GFS_OP_ADD, "datetime('2017-10-29T02:30+02:00[Europe/Stockholm]')",
			"2017-10-29T02:30+01:00[Europe/Stockholm]" },
		{ "datetime('2017-10-28T02:30[Europe/Stockholm]')", GFS_OP_ADD, "duration('P1D')",
			"2017-10-29T02:30+02:00[Europe/Stockholm]" },
		{ "duration('P12Y5M14DT16H13M10.000000001S')", GFS_OP_MULTIPLY, "0.5", "P6Y2M22DT13H21M8S" },
		{ "duration('P12Y5M14DT16H13M10.000000001S')", GFS_OP_DIVIDE, "2", "P6Y2M22DT13H21M8S" },
		{ "duration('P12Y5M14DT16H13M10.000000001S')", GFS_OP_DIVIDE, "0.5", "P24Y10M28DT32H26M20.000000002S" },
		{ "2", GFS_OP_MULTIPLY, "duration('P1DT1S')", "P2DT2S" },
		{ "duration('P1D')", GFS_OP_DIVIDE, "0", "!ArithmeticError DivisionByZero" },
		{ "duration('P1D')", GFS_OP_SUBTRACT, "date('2015-01-01')", "!TypeError InvalidArgumentType" },
		{ "date('2015-01-01')", GFS_OP_SUBTRACT, "date('2015-01-01')", "!TypeError InvalidArgumentType" },
		{ "date('+999999999-12-31')", GFS_OP_ADD, "duration('P1D')", "!ArithmeticError IntegerOverflow" },
		{ "date('2015-01-01')", GFS_OP_ADD, "'x'", "'2015-01-01x'" },
		{ "duration({months: 9223372036854775807})", GFS_OP_ADD, "duration('P1M')",
			"!ArithmeticError IntegerOverflow" },
		{ "date('2015-01-01')", GFS_OP_ADD, "duration({months: 9223372036854775807})",
			"!ArithmeticError IntegerOverflow" },
		{ "localdatetime('2015-01-01')", GFS_OP_ADD, "duration({seconds: 9223372036854775807})",
			"!ArithmeticError IntegerOverflow" },
	};
	for (size_t i = 0; i < GFS_COUNT(cases); i++) {
		struct gfs_datum got;
		struct gfs_datum a = query_value(&call, cases[i].a);
		struct gfs_datum b = query_value(&call, cases[i].b);
		int err = gfs_datum_arithmetic(&call.env, (uint8_t)cases[i].op, a, b, &got);
		assert_int_equal(err == 0, call.error.kind == GFS_QUERY_OK);
		if (strcmp(query_show_datum(&call, got), cases[i].want) != 0)
			print_error("%s op %s\n", cases[i].a, cases[i].b);
		assert_string_equal(query_show_datum(&call, got), cases[i].want);
	}
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
		cmocka_unit_test(test_from_map),
		cmocka_unit_test(test_from_string),
		cmocka_unit_test(test_select),
		cmocka_unit_test(test_now),
		cmocka_unit_test(test_truncate),
		cmocka_unit_test(test_components),
		cmocka_unit_test(test_between),
		cmocka_unit_test(test_arithmetic),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
