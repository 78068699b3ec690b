/* Temporal values: calendar, texts there and back, zones, durations, order; and how properties store them. */
#include "base/arena.h"
#include "base/checked.h"
#include "graph/point.h"
#include "graph/temporal.h"
#include "tests/unit/value_random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>

static struct gfs_arena arena;

static void assert_text(enum gfs_type type, const struct gfs_temporal *t, const char *want)
{
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	gfs_temporal_text(type, t, &out);
	gfs_buf_append_u8(&out, '\0');
	assert_int_equal(gfs_buf_failed(&out), 0);
	assert_string_equal((const char *)out.data, want);
}

static void assert_reads(enum gfs_type type, const char *text, const char *want)
{
	struct gfs_temporal t;
	int err = gfs_temporal_parse(type, gfs_slice_text(text), &arena, &t);
	if (err != 0)
		print_error("%s\n", text);
	assert_int_equal(err, 0);
	assert_text(type, &t, want);
}

/* ---- calendar ---- */

static void test_civil_there_and_back(void **state)
{
	(void)state;
	int64_t day = gfs_days_from_civil(-1200, 1, 1);
	for (int64_t year = -1200; year < 1200; year++) {
		for (int month = 1; month <= 12; month++) {
			for (int d = 1; d <= gfs_month_days(year, month); d++, day++) {
				struct gfs_civil c = gfs_civil_from_days(day);
				assert_int_equal(gfs_days_from_civil(year, month, d), day);
				assert_true(c.year == year && c.month == month && c.day == d);
			}
		}
	}
	assert_int_equal(gfs_days_from_civil(1970, 1, 1), 0);
	assert_true(gfs_days_in_range(gfs_days_from_civil(-GFS_YEAR_MAX, 1, 1)));
	assert_false(gfs_days_in_range(gfs_days_from_civil(-GFS_YEAR_MAX, 1, 1) - 1));
	assert_int_equal(gfs_civil_from_days(gfs_days_from_civil(GFS_YEAR_MAX, 12, 31)).year, GFS_YEAR_MAX);
}

static void test_weeks(void **state)
{
	(void)state;
	assert_int_equal(gfs_weekday(0), 4);
	assert_int_equal(gfs_weekday(-1), 3);
	assert_int_equal(gfs_weekday(gfs_days_from_civil(2015, 7, 21)), 2);
	assert_int_equal(gfs_week_year_start(1817), gfs_days_from_civil(1816, 12, 30));
	assert_int_equal(gfs_week_year_weeks(1818), 53);
	assert_int_equal(gfs_week_year_weeks(1819), 52);
	assert_int_equal(gfs_quarter_days(2016, 1), 91);
}

/* ---- text ---- */

static void test_dates(void **state)
{
	(void)state;
	static const char *const cases[][2] = { { "2015-07-21", "2015-07-21" }, { "20150721", "2015-07-21" },
		{ "2015-07", "2015-07-01" }, { "201507", "2015-07-01" }, { "2015-W30-2", "2015-07-21" },
		{ "2015W302", "2015-07-21" }, { "2015-W30", "2015-07-20" }, { "2015W30", "2015-07-20" },
		{ "2015-202", "2015-07-21" }, { "2015202", "2015-07-21" }, { "2015", "2015-01-01" },
		{ "2015-Q2-60", "2015-05-30" }, { "2015Q2", "2015-04-01" }, { "+12345-01-02", "+12345-01-02" },
		{ "-0001-02-03", "-0001-02-03" }, { "-999999999-01-01", "-999999999-01-01" }, { "+2015-07-21", "2015-07-21" },
		{ "2016-02-29", "2016-02-29" } };
	for (size_t i = 0; i < GFS_COUNT(cases); i++)
		assert_reads(GFS_TYPE_DATE, cases[i][0], cases[i][1]);
}

static void test_times(void **state)
{
	(void)state;
	static const char *const locals[][2] = { { "21:40:32.142", "21:40:32.142" }, { "214032.142", "21:40:32.142" },
		{ "21:40:32", "21:40:32" }, { "214032", "21:40:32" }, { "21:40", "21:40" }, { "2140", "21:40" },
		{ "21", "21:00" }, { "00:00:00.000000001", "00:00:00.000000001" }, { "12:00:00,5", "12:00:00.5" } };
	for (size_t i = 0; i < GFS_COUNT(locals); i++)
		assert_reads(GFS_TYPE_LOCALTIME, locals[i][0], locals[i][1]);
	static const char *const times[][2] = { { "21:40:32.142+0100", "21:40:32.142+01:00" },
		{ "214032.142Z", "21:40:32.142Z" }, { "214032-0100", "21:40:32-01:00" }, { "21:40-01:30", "21:40-01:30" },
		{ "2140-00:00", "21:40Z" }, { "2140-02", "21:40-02:00" }, { "22+18:00", "22:00+18:00" }, { "22", "22:00Z" },
		{ "22:00+02:05:59", "22:00+02:05:59" } };
	for (size_t i = 0; i < GFS_COUNT(times); i++)
		assert_reads(GFS_TYPE_TIME, times[i][0], times[i][1]);
}

static void test_datetimes(void **state)
{
	(void)state;
	assert_reads(GFS_TYPE_LOCALDATETIME, "2015-W30-2T214032.142", "2015-07-21T21:40:32.142");
	assert_reads(GFS_TYPE_LOCALDATETIME, "2015202T21", "2015-07-21T21:00");
	assert_reads(GFS_TYPE_LOCALDATETIME, "2015-07-21", "2015-07-21T00:00");
	static const char *const cases[][2] = { { "2015-07-21T21:40:32.142+0100", "2015-07-21T21:40:32.142+01:00" },
		{ "2015T214032-0100", "2015-01-01T21:40:32-01:00" }, { "2015-W30T2140-02", "2015-07-20T21:40-02:00" },
		{ "2015-07-21T21:40:32", "2015-07-21T21:40:32Z" },
		{ "2015-07-21T21:40:32.142[Europe/London]", "2015-07-21T21:40:32.142+01:00[Europe/London]" },
		{ "1818-07-21T21:40:32.142[Europe/Stockholm]", "1818-07-21T21:40:32.142+00:53:28[Europe/Stockholm]" },
		{ "2015-07-21T21:40-04[America/New_York]", "2015-07-21T21:40-04:00[America/New_York]" },
		/* Beside an offset a zone may be of another year's database. */
		{ "2015-07-21T12:00+01:00[Mars/Base]", "2015-07-21T12:00+01:00[Mars/Base]" },
		/* Clocks were put forward at 02:00. */
		{ "2017-03-26T02:30[Europe/Stockholm]", "2017-03-26T03:30+02:00[Europe/Stockholm]" },
		/* And back at 03:00: the earlier of the two times. */
		{ "2017-10-29T02:30[Europe/Stockholm]", "2017-10-29T02:30+02:00[Europe/Stockholm]" },
		{ "2017-10-29T02:30+01:00[Europe/Stockholm]", "2017-10-29T02:30+01:00[Europe/Stockholm]" },
		{ "+999999999-01-21T00:00[Europe/Stockholm]", "+999999999-01-21T00:00+01:00[Europe/Stockholm]" },
		{ "+999999999-07-21T00:00[Europe/Stockholm]", "+999999999-07-21T00:00+02:00[Europe/Stockholm]" },
		{ "+999999-07-21T00:00[Europe/Stockholm]", "+999999-07-21T00:00+02:00[Europe/Stockholm]" },
		{ "-99999-07-21T00:00[Europe/Stockholm]", "-99999-07-21T00:00+00:53:28[Europe/Stockholm]" } };
	for (size_t i = 0; i < GFS_COUNT(cases); i++)
		assert_reads(GFS_TYPE_DATETIME, cases[i][0], cases[i][1]);
}

static void test_durations(void **state)
{
	(void)state;
	static const char *const cases[][2] = { { "P14DT16H12M", "P14DT16H12M" }, { "P5M1.5D", "P5M1DT12H" },
		{ "P0.75M", "P22DT19H51M49.5S" }, { "PT0.75M", "PT45S" }, { "P2.5W", "P17DT12H" },
		{ "P12Y5M14DT16H12M70S", "P12Y5M14DT16H13M10S" }, { "P2012-02-02T14:37:21.545", "P2012Y2M2DT14H37M21.545S" },
		{ "-PT5S", "PT-5S" }, { "PT-0.4S", "PT-0.4S" }, { "P0D", "PT0S" }, { "PT0.3S", "PT0.3S" },
		{ "P-1Y-8M", "P-1Y-8M" }, { "PT100000H", "PT100000H" }, { "P1Y-1M", "P11M" }, { "P1Y4M-10D", "P1Y4M-10D" },
		{ "PT0.000000001S", "PT0.000000001S" }, { "PT123456789.3S", "PT34293H33M9.3S" } };
	for (size_t i = 0; i < GFS_COUNT(cases); i++)
		assert_reads(GFS_TYPE_DURATION, cases[i][0], cases[i][1]);
}

static void test_refused(void **state)
{
	static const struct {
		enum gfs_type type;
		const char *text;
	} cases[] = { { GFS_TYPE_DATE, "" }, { GFS_TYPE_DATE, "2015-13" }, { GFS_TYPE_DATE, "2015-02-29" },
		{ GFS_TYPE_DATE, "2015-366" }, { GFS_TYPE_DATE, "2015-W54" }, { GFS_TYPE_DATE, "1817-W53" },
		{ GFS_TYPE_DATE, "2015-07-21x" }, { GFS_TYPE_DATE, "015" }, { GFS_TYPE_DATE, "2015-0721" },
		{ GFS_TYPE_DATE, "+1234567890-01-01" }, { GFS_TYPE_LOCALTIME, "24:00" }, { GFS_TYPE_LOCALTIME, "12:60" },
		{ GFS_TYPE_LOCALTIME, "12:00:00.1234567890" }, { GFS_TYPE_LOCALTIME, "12:00Z" }, { GFS_TYPE_TIME, "12:00+19" },
		{ GFS_TYPE_TIME, "12:00+18:01" }, { GFS_TYPE_TIME, "12:0034" },
		{ GFS_TYPE_DATETIME, "2015-07-21T12:00[Nowhere]" }, { GFS_TYPE_DATETIME, "2015-07-21T12:00[Europe/London" },
		{ GFS_TYPE_DURATION, "P" }, { GFS_TYPE_DURATION, "PT" }, { GFS_TYPE_DURATION, "P1D1Y" },
		{ GFS_TYPE_DURATION, "P1" }, { GFS_TYPE_DURATION, "1D" }, { GFS_TYPE_DURATION, "P1DT" } };
	(void)state;
	for (size_t i = 0; i < GFS_COUNT(cases); i++) {
		struct gfs_temporal t;
		if (gfs_temporal_parse(cases[i].type, gfs_slice_text(cases[i].text), &arena, &t) != GFS_ERR_INVALID)
			fail_msg("%s is read", cases[i].text);
	}
	struct gfs_temporal t;
	assert_int_equal(
		gfs_temporal_parse(GFS_TYPE_DURATION, gfs_slice_text("P999999999999999999999Y"), &arena, &t), GFS_ERR_OVERFLOW);
}

static void test_text_reads_back(void **state)
{
	(void)state;
	struct value_random random = { 7 };
	for (int i = 0; i < 100000; i++) {
		enum gfs_type type = GFS_TYPE_DATE + (unsigned int)value_random_below(&random, 6);
		struct gfs_temporal *t = value_random_temporal(&random, &arena, type);
		struct gfs_temporal again;
		GFS_AUTO_BUF out = GFS_BUF_INIT;
		assert_true(gfs_temporal_valid(type, t));
		gfs_temporal_text(type, t, &out);
		assert_int_equal(gfs_temporal_parse(type, gfs_buf_slice(&out), &arena, &again), 0);
		assert_true(gfs_temporal_equal(t, &again));
		gfs_arena_clear(&arena);
	}
}

/* Whatever is in a text, reading it ends in an answer. */
static void test_hostile_text(void **state)
{
	(void)state;
	struct value_random random = { 8 };
	for (int i = 0; i < 100000; i++) {
		enum gfs_type type = GFS_TYPE_DATE + (unsigned int)value_random_below(&random, 6);
		struct gfs_temporal *t = value_random_temporal(&random, &arena, type);
		struct gfs_temporal again;
		GFS_AUTO_BUF out = GFS_BUF_INIT;
		gfs_temporal_text(type, t, &out);
		value_random_mutate(&random, &out);
		uint8_t *exact = malloc(out.size + 1);
		assert_non_null(exact);
		memcpy(exact, out.data, out.size);
		int err = gfs_temporal_parse(type, gfs_slice(exact, out.size), &arena, &again);
		assert_true(err == 0 || err == GFS_ERR_INVALID || err == GFS_ERR_OVERFLOW);
		assert_true(err != 0 || gfs_temporal_valid(type, &again));
		free(exact);
		gfs_arena_clear(&arena);
	}
}

/* ---- zones from many threads: more zones than are kept ---- */

enum { THREADS = 4, LOOKS = 5000 };

static const struct {
	const char *name;
	int32_t winter_s;
} zones[] = { { "Europe/Stockholm", 3600 }, { "Europe/London", 0 }, { "America/New_York", -18000 },
	{ "Asia/Kolkata", 19800 }, { "Asia/Tokyo", 32400 }, { "Pacific/Honolulu", -36000 }, { "Australia/Eucla", 31500 },
	{ "America/Sao_Paulo", -7200 }, { "Africa/Cairo", 7200 }, { "Asia/Kathmandu", 20700 }, { "Etc/UTC", 0 },
	{ "America/Denver", -25200 } };

static void *look_up_zones(void *context)
{
	struct value_random random = { (uintptr_t)context };
	const int64_t instant = gfs_days_from_civil(2015, 1, 1) * GFS_DAY_SECONDS;
	for (int i = 0; i < LOOKS; i++) {
		size_t zone = value_random_below(&random, GFS_COUNT(zones));
		int32_t offset;
		if (gfs_zone_offset(gfs_slice_text(zones[zone].name), instant, &offset) != 0 || offset != zones[zone].winter_s)
			return (void *)(uintptr_t)1;
	}
	return NULL;
}

static void test_zones_of_many_threads(void **state)
{
	pthread_t threads[THREADS];
	(void)state;
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look_up_zones, (void *)(uintptr_t)(i + 1)), 0);
	for (size_t i = 0; i < THREADS; i++) {
		void *failed;
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	assert_false(gfs_zone_exists(gfs_slice_text("Nowhere")));
	assert_false(gfs_zone_exists(gfs_slice_text("GMT+7")));
	assert_false(gfs_zone_exists(gfs_slice_text("")));
}

/* ---- order ---- */

static struct gfs_temporal parsed(enum gfs_type type, const char *text)
{
	struct gfs_temporal t;
	assert_int_equal(gfs_temporal_parse(type, gfs_slice_text(text), &arena, &t), 0);
	return t;
}

static void test_order(void **state)
{
	(void)state;
	struct gfs_temporal a = parsed(GFS_TYPE_DATETIME, "2015-07-21T12:00+02:00");
	struct gfs_temporal b = parsed(GFS_TYPE_DATETIME, "2015-07-21T10:00Z");
	struct gfs_temporal c = parsed(GFS_TYPE_DATETIME, "2015-07-21T12:00+02:00[Europe/Stockholm]");
	struct gfs_temporal d = parsed(GFS_TYPE_DATETIME, "2015-07-21T11:00Z");
	assert_true(gfs_datetime_order(&b, &a) < 0);
	assert_true(gfs_datetime_order(&a, &c) < 0);
	assert_true(gfs_datetime_order(&c, &d) < 0);
	struct gfs_temporal month = parsed(GFS_TYPE_DURATION, "P1M");
	struct gfs_temporal days30 = parsed(GFS_TYPE_DURATION, "P30D");
	struct gfs_temporal days31 = parsed(GFS_TYPE_DURATION, "P31D");
	assert_true(gfs_duration_order(&days30, &month) < 0);
	assert_true(gfs_duration_order(&month, &days31) < 0);
}

/* ---- durations ---- */

static void test_duration_add(void **state)
{
	(void)state;
	struct gfs_temporal a = parsed(GFS_TYPE_DURATION, "P1M-14DT16H-12M70S");
	struct gfs_temporal b = parsed(GFS_TYPE_DURATION, "P12Y5M14DT16H12M70.000000001S");
	struct gfs_temporal sum;
	assert_int_equal(gfs_duration_add(&a, &b, 1, &sum), 0);
	assert_text(GFS_TYPE_DURATION, &sum, "P12Y6MT32H2M20.000000001S");
	assert_int_equal(gfs_duration_add(&a, &b, -1, &sum), 0);
	assert_text(GFS_TYPE_DURATION, &sum, "P-12Y-4M-28DT-24M-0.000000001S");
	struct gfs_temporal most = { .months = INT64_MAX };
	assert_int_equal(gfs_duration_add(&most, &a, 1, &sum), GFS_ERR_OVERFLOW);
	most = (struct gfs_temporal){ .seconds = INT64_MAX, .nanos = 999999999 };
	assert_int_equal(gfs_duration_add(&most, &b, 1, &sum), GFS_ERR_OVERFLOW);
}

static void test_fixed(void **state)
{
	(void)state;
	gfs_fixed v;
	assert_int_equal(gfs_fixed_parse(gfs_slice_text("-12.5"), &v), 0);
	assert_true(v == -GFS_FIXED_ONE * 25 / 2);
	assert_int_equal(gfs_fixed_parse(gfs_slice_text("1.5E3"), &v), 0);
	assert_true(v == GFS_FIXED_ONE * 1500);
	assert_int_equal(gfs_fixed_parse(gfs_slice_text("2.5E-3"), &v), 0);
	assert_true(v == GFS_FIXED_ONE / 400);
	assert_int_equal(gfs_fixed_parse(gfs_slice_text("1.0E300"), &v), GFS_ERR_OVERFLOW);
	assert_int_equal(gfs_fixed_parse(gfs_slice_text("1.0E-300"), &v), 0);
	assert_true(v == 0);
	assert_int_equal(gfs_fixed_parse(gfs_slice_text("NaN"), &v), GFS_ERR_INVALID);
}

static void test_move_seconds(void **state)
{
	(void)state;
	struct gfs_temporal t = parsed(GFS_TYPE_LOCALDATETIME, "2015-01-01T00:00:00.5");
	gfs_move_seconds(&t, -1);
	assert_text(GFS_TYPE_LOCALDATETIME, &t, "2014-12-31T23:59:59.5");
	gfs_move_seconds(&t, 2 * GFS_DAY_SECONDS + 1);
	assert_text(GFS_TYPE_LOCALDATETIME, &t, "2015-01-03T00:00:00.5");
}

/* ---- as property values ---- */

static void test_stored_bytes(void **state)
{
	(void)state;
	static const struct {
		enum gfs_type type;
		const char *text;
		struct gfs_slice bytes;
	} cases[] = {
		{ GFS_TYPE_DATE, "1969-12-31", { (const uint8_t *)"\xc7\x01", 2 } },
		{ GFS_TYPE_LOCALTIME, "00:00:00.000000005", { (const uint8_t *)"\xc8\x05", 2 } },
		{ GFS_TYPE_TIME, "00:00+00:01", { (const uint8_t *)"\xc9\x00\x78", 3 } },
		{ GFS_TYPE_LOCALDATETIME, "1970-01-02T00:00", { (const uint8_t *)"\xca\x02\x00", 3 } },
		{ GFS_TYPE_DATETIME, "1970-01-02T00:00Z[Etc/UTC]",
			{ (const uint8_t *)"\xcb\x02\x00\x00"
							   "Etc/UTC",
				11 } },
		{ GFS_TYPE_DURATION, "P1M-1DT2.000000003S", { (const uint8_t *)"\xcc\x02\x01\x04\x03", 5 } },
	};
	for (size_t i = 0; i < GFS_COUNT(cases); i++) {
		GFS_AUTO_BUF out = GFS_BUF_INIT;
		struct gfs_value value, again;
		assert_int_equal(gfs_value_parse(cases[i].type, gfs_slice_text(cases[i].text), &arena, &value), 0);
		assert_true(value.declared);
		value.newline = true;
		assert_int_equal(gfs_value_encode(&value, &out), 0);
		assert_true(gfs_slice_equal(gfs_buf_slice(&out), cases[i].bytes));
		assert_int_equal(gfs_value_decode(gfs_buf_slice(&out), &arena, &again), 0);
		assert_true(gfs_value_equal(&value, &again));
	}
}

static void test_stored_damage(void **state)
{
	(void)state;
	static const struct gfs_slice cases[] = {
		{ (const uint8_t *)"\x07\x80\x80\xdd\x9d\xa4\x17", 7 },         /* a day out of range */
		{ (const uint8_t *)"\x08\x80\x80\xbc\x8a\xc9\xd2\x13", 8 },     /* 24:00 */
		{ (const uint8_t *)"\x09\x00\xc2\xf4\x07", 5 },                 /* an offset past 18 hours */
		{ (const uint8_t *)"\x09\x00\xa0\xb8\x80\x80\x20", 7 },         /* an offset past 32 bits */
		{ (const uint8_t *)"\x0b\x00\x00\x00]", 5 },                    /* no name of a zone */
		{ (const uint8_t *)"\x0c\x00\x00\x00\x80\x94\xeb\xdc\x03", 9 }, /* a whole second of nanoseconds */
		{ (const uint8_t *)"\x0d\x04", 2 },                             /* no such system */
		{ (const uint8_t *)"\x0d\x00\x00\x00\x00\x00\x00\x00\xf8\x7f\x00\x00\x00\x00\x00\x00\x00\x00", 18 }, /* NaN */
	};
	struct gfs_value value;
	for (size_t i = 0; i < GFS_COUNT(cases); i++)
		assert_int_equal(gfs_value_decode(cases[i], &arena, &value), GFS_ERR_CORRUPT);
	struct gfs_temporal bad = { .nanos = -1 };
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	value = (struct gfs_value){ .type = GFS_TYPE_TIME, .temporal = &bad };
	assert_int_equal(gfs_value_encode(&value, &out), GFS_ERR_INVALID);
	struct gfs_point nowhere = { .srid = 1 };
	value = (struct gfs_value){ .type = GFS_TYPE_POINT, .point = &nowhere };
	assert_int_equal(gfs_value_encode(&value, &out), GFS_ERR_INVALID);
	assert_int_equal(out.size, 0);
}

static void test_only_canonical_text_keeps_the_type(void **state)
{
	(void)state;
	struct gfs_value value;
	assert_int_equal(gfs_value_parse(GFS_TYPE_DATE, gfs_slice_text("2015-07-21\n"), &arena, &value), 0);
	assert_true(value.newline);
	assert_int_equal(gfs_value_parse(GFS_TYPE_DATE, gfs_slice_text("20150721\n"), &arena, &value), GFS_ERR_INVALID);
	assert_int_equal(gfs_value_parse_loose(GFS_TYPE_DATE, gfs_slice_text(" 20150721 "), &arena, &value), 0);
	assert_int_equal(
		gfs_value_parse(GFS_TYPE_POINT, gfs_slice_text("point({x: 1.0, y: 2.0, crs: 'cartesian'})"), &arena, &value),
		0);
	assert_int_equal(value.point->srid, GFS_SRID_CARTESIAN);
	assert_int_equal(
		gfs_value_parse(GFS_TYPE_POINT, gfs_slice_text("point({x: 1, y: 2.0, crs: 'cartesian'})"), &arena, &value),
		GFS_ERR_INVALID);
	gfs_value_infer(gfs_slice_text("2015-07-21\n"), &value);
	assert_int_equal(value.type, GFS_TYPE_STRING);
}

static int setup(void **state)
{
	(void)state;
	arena = GFS_ARENA_INIT;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	gfs_arena_release(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_civil_there_and_back),
		cmocka_unit_test(test_weeks),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_datetimes),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_text_reads_back),
		cmocka_unit_test(test_hostile_text),
		cmocka_unit_test(test_zones_of_many_threads),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_duration_add),
		cmocka_unit_test(test_fixed),
		cmocka_unit_test(test_move_seconds),
		cmocka_unit_test(test_stored_bytes),
		cmocka_unit_test(test_stored_damage),
		cmocka_unit_test(test_only_canonical_text_keeps_the_type),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
