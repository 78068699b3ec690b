/* base/error, base/hash, base/log. */
#include "base/checked.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* --- errors --- */

static void test_error_table(void **state)
{
	(void)state;
	static const struct {
		int err;
		int number;
	} rows[] = {
#define X(code, number, text) { GFS_ERR_##code, number },
		GFS_ERRORS(X)
#undef X
	};
	for (size_t i = 0; i < GFS_COUNT(rows); i++) {
		assert_true(rows[i].err < 0);
		assert_int_equal(gfs_err_errno(rows[i].err), rows[i].number);
		const char *text = gfs_err_text(rows[i].err);
		assert_true(strlen(text) > 0 && strchr(text, '\n') == NULL);
		/* There and back, the errno is the same. */
		assert_int_equal(gfs_err_errno(gfs_err_from_errno(rows[i].number)), rows[i].number);
	}
	assert_int_equal(gfs_err_errno(0), 0);
}

static void test_error_unknown(void **state)
{
	(void)state;
	static const int unknown[] = { 1, -GFS_ERR_INDEX_COUNT, -100000, 100000 };
	for (size_t i = 0; i < GFS_COUNT(unknown); i++) {
		assert_int_equal(gfs_err_errno(unknown[i]), EIO);
		assert_string_equal(gfs_err_text(unknown[i]), "unknown error");
	}
	assert_int_equal(gfs_err_from_errno(EIO), GFS_ERR_IO);
	assert_int_equal(gfs_err_from_errno(ENOTTY), GFS_ERR_IO);
	assert_int_equal(gfs_err_from_errno(EDQUOT), GFS_ERR_NOSPC);
	assert_int_equal(gfs_err_from_errno(EMFILE), GFS_ERR_NOFILES);
	assert_int_equal(gfs_err_from_errno(ENFILE), GFS_ERR_NOFILES);
	assert_int_equal(gfs_err_from_errno(ELOOP), GFS_ERR_LOOP);
	/* Shared by two codes: what an operating system means by it. */
	assert_int_equal(gfs_err_from_errno(EROFS), GFS_ERR_READONLY);
	assert_int_equal(gfs_err_from_errno(ENOSPC), GFS_ERR_NOSPC);
}

static void test_error_message(void **state)
{
	(void)state;
	struct gfs_message message;
	assert_int_equal(gfs_fail(&message, GFS_ERR_LOCKED, "held by %d", 42), GFS_ERR_LOCKED);
	assert_string_equal(message.text, "held by 42");
	assert_int_equal(gfs_fail(&message, GFS_ERR_IO, "%0600d", 1), GFS_ERR_IO);
	assert_int_equal(strlen(message.text), sizeof message.text - 1);
}

/* --- hashes --- */

static void test_hash_known(void **state)
{
	(void)state;
	/* From the test vectors of xxHash: XXH3 of nothing. */
	assert_true(gfs_hash64(NULL, 0) == UINT64_C(0x2d06800538d394c2));
	assert_true(gfs_hash64("", 0) == gfs_hash64_seed(NULL, 0, 0));
	uint8_t out[16];
	gfs_hash128(NULL, 0, out);
	assert_memory_equal(out, "\x99\xaa\x06\xd3\x01\x47\x98\xd8\x60\x01\xc3\x24\x46\x8d\x49\x7f", 16);
	assert_true(gfs_hash64("a", 1) != gfs_hash64("b", 1));
	assert_true(gfs_hash64_seed("a", 1, 1) != gfs_hash64_seed("a", 1, 2));
}

static void check_hasher128(const uint8_t *data, size_t size, size_t cut)
{
	uint8_t got[16], whole[16];
	struct gfs_hasher128 *hasher = gfs_hasher128_new();
	assert_non_null(hasher);
	gfs_hasher128_add(hasher, data, cut);
	gfs_hasher128_add(hasher, NULL, 0);
	gfs_hasher128_add(hasher, data + cut, size - cut);
	gfs_hasher128_get(hasher, got);
	gfs_hash128(data, size, whole);
	assert_memory_equal(got, whole, 16);
	gfs_hasher128_free(hasher);
}

/* However it is cut, the hash is that of the whole. */
static void test_hash_parts(void **state)
{
	(void)state;
	static uint8_t data[9000];
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i * 31 + i / 256);
	static const size_t sizes[] = { 0, 1, 16, 17, 128, 240, 241, 1024, 8176, 9000 };
	for (size_t i = 0; i < GFS_COUNT(sizes); i++) {
		size_t size = sizes[i];
		for (size_t cut = 0; cut <= size; cut += size / 7 + 1) {
			const struct gfs_hash_part parts[] = { { data, cut }, { NULL, 0 }, { data + cut, size - cut } };
			assert_true(gfs_hash64_parts(parts, 3, 0) == gfs_hash64(data, size));
			assert_true(gfs_hash64_parts(parts, 3, 77) == gfs_hash64_seed(data, size, 77));
			check_hasher128(data, size, cut);
		}
	}
	assert_true(gfs_hash64_parts(NULL, 0, 0) == gfs_hash64(NULL, 0));
	assert_true(gfs_mix64(1) != gfs_mix64(2));
}

/* --- the log --- */

/* What gfs_log writes to stderr for `text`. */
static void capture(enum gfs_log_level level, const char *text, char *out, size_t size)
{
	FILE *file = tmpfile();
	assert_non_null(file);
	int saved = dup(STDERR_FILENO);
	assert_true(saved >= 0);
	assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
	gfs_log(level, "%s", text);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	(void)close(saved);
	rewind(file);
	size_t got = fread(out, 1, size - 1, file);
	out[got] = '\0';
	(void)fclose(file);
}

static void test_log_escapes(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *line;
	} cases[] = {
		{ "plain", "t: error: plain\n" },
		{ "two\nlines\r\t\x1b[1m\x7f", "t: error: two\\x0alines\\x0d\\x09\\x1b[1m\\x7f\n" },
		{ "caf\xc3\xa9 \xf0\x9f\x98\x80", "t: error: caf\xc3\xa9 \xf0\x9f\x98\x80\n" },
		{ "c1 \xc2\x9b", "t: error: c1 \\xc2\\x9b\n" }, /* a terminal may take U+009B for ESC [ */
		{ "bad \xff\xc3", "t: error: bad \\xff\\xc3\n" },
	};
	gfs_log_open("t", false, GFS_LOG_INFO);
	for (size_t i = 0; i < GFS_COUNT(cases); i++) {
		char line[256];
		capture(GFS_LOG_ERROR, cases[i].text, line, sizeof line);
		assert_string_equal(line, cases[i].line);
	}
}

static void test_log_levels(void **state)
{
	(void)state;
	char line[256];
	gfs_log_open("t", false, GFS_LOG_WARNING);
	assert_true(gfs_log_enabled(GFS_LOG_ERROR));
	assert_false(gfs_log_enabled(GFS_LOG_INFO));
	capture(GFS_LOG_INFO, "hidden", line, sizeof line);
	assert_string_equal(line, "");
	capture(GFS_LOG_WARNING, "shown", line, sizeof line);
	assert_string_equal(line, "t: warning: shown\n");
}

/* Longer than a line may be, and all of it escaped: cut, still one line. */
static void test_log_long(void **state)
{
	(void)state;
	static char text[10000];
	static char line[20000];
	memset(text, '\n', sizeof text - 1);
	capture(GFS_LOG_ERROR, text, line, sizeof line);
	size_t size = strlen(line);
	assert_true(size > 4000 && size < 10000);
	assert_ptr_equal(strchr(line, '\n'), line + size - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_error_table),
		cmocka_unit_test(test_error_unknown),
		cmocka_unit_test(test_error_message),
		cmocka_unit_test(test_hash_known),
		cmocka_unit_test(test_hash_parts),
		cmocka_unit_test(test_log_escapes),
		cmocka_unit_test(test_log_levels),
		cmocka_unit_test(test_log_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
