/* base/utf8: every code point, and the classic malformed sequences. */
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_every_point(void **state)
{
	(void)state;
	for (uint32_t point = 0; point <= 0x10ffff; point++) {
		if (point >= 0xd800 && point <= 0xdfff)
			continue;
		uint8_t bytes[4];
		size_t length = gfs_utf8_put(point, bytes);
		size_t expected = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
		uint32_t back = UINT32_MAX;
		if (length != expected || gfs_utf8_next(bytes, length, &back) != length || back != point)
			fail_msg("U+%04X", (unsigned int)point);
		/* A cut sequence is none. */
		for (size_t cut = 0; cut < length; cut++)
			assert_int_equal(gfs_utf8_next(bytes, cut, NULL), 0);
	}
}

static void test_malformed(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"\x80", "\xbf", "\xc0\x80", "\xc1\xbf",                                 /* lone tails, overlong ASCII */
		"\xe0\x80\x80", "\xe0\x9f\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", /* overlong */
		"\xed\xa0\x80", "\xed\xbf\xbf",                                         /* surrogates */
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xfe",                 /* above U+10FFFF, never bytes */
		"\xc3(", "\xe2\x82(", "\xf0\x9f\x98(", "\xf0(\x98\x80",                 /* tails missing */
		"\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80",                     /* five and six bytes */
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(gfs_utf8_next(cases[i], strlen(cases[i]), NULL), 0);
		assert_false(gfs_utf8_valid(cases[i], strlen(cases[i])));
	}
}

/* Wherever the bad byte stands, around the steps of eight too. */
static void test_valid_positions(void **state)
{
	(void)state;
	char text[40];
	for (size_t size = 0; size <= sizeof text; size++) {
		memset(text, 'a', sizeof text);
		assert_true(gfs_utf8_valid(text, size));
		for (size_t at = 0; at < size; at++) {
			text[at] = '\xff';
			assert_false(gfs_utf8_valid(text, size));
			text[at] = 'a';
			if (at + 1 < size) {
				text[at] = '\xc3';
				text[at + 1] = '\xa9';
				assert_true(gfs_utf8_valid(text, size));
				assert_false(gfs_utf8_valid(text, at + 1));
				text[at] = text[at + 1] = 'a';
			}
		}
	}
	assert_true(gfs_utf8_valid(NULL, 0));
	assert_true(gfs_utf8_valid("a\0b", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_point),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_valid_positions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
