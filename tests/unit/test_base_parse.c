/* base/parse: what is a number and what is not. */
#include "base/checked.h"
#include "base/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct row {
	const char *text;
	int err;
	uint64_t value;
};

static void test_numbers(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "0", 0, 0 },
		{ "10", 0, 10 },
		{ "007", 0, 7 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", GFS_ERR_OVERFLOW, 0 },
		{ "99999999999999999999999", GFS_ERR_OVERFLOW, 0 },
		{ "", GFS_ERR_INVALID, 0 },
		{ "-1", GFS_ERR_INVALID, 0 },
		{ "+1", GFS_ERR_INVALID, 0 },
		{ " 1", GFS_ERR_INVALID, 0 },
		{ "1 ", GFS_ERR_INVALID, 0 },
		{ "0x10", GFS_ERR_INVALID, 0 },
		{ "1K", GFS_ERR_INVALID, 0 },
	};
	for (size_t i = 0; i < GFS_COUNT(rows); i++) {
		uint64_t value = 0;
		assert_int_equal(gfs_parse_u64(gfs_slice_text(rows[i].text), &value), rows[i].err);
		assert_int_equal(value, rows[i].value);
	}
}

static void test_sizes(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "0", 0, 0 },
		{ "512", 0, 512 },
		{ "64K", 0, 65536 },
		{ "64k", 0, 65536 },
		{ "3m", 0, 3 << 20 },
		{ "1G", 0, 1 << 30 },
		{ "2T", 0, UINT64_C(2) << 40 },
		{ "16777215T", 0, UINT64_C(16777215) << 40 },
		{ "16777216T", GFS_ERR_OVERFLOW, 0 },
		{ "", GFS_ERR_INVALID, 0 },
		{ "K", GFS_ERR_INVALID, 0 },
		{ "1KK", GFS_ERR_INVALID, 0 },
		{ "1.5G", GFS_ERR_INVALID, 0 },
		{ "1P", GFS_ERR_INVALID, 0 },
	};
	for (size_t i = 0; i < GFS_COUNT(rows); i++) {
		uint64_t value = 0;
		assert_int_equal(gfs_parse_size(gfs_slice_text(rows[i].text), &value), rows[i].err);
		assert_int_equal(value, rows[i].value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_numbers), cmocka_unit_test(test_sizes) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
