/* Parts of strings: left, right, substring, split, replace, trim and its kin. Places count code points. */
#include "base/checked.h"
#include "base/utf8.h"
#include "query/function_private.h"
#include "query/text.h"

#include <unicode/uchar.h>

#define ARGS const struct gfs_function_env *env, const struct gfs_datum *args, size_t count, struct gfs_datum *ret_value

static int want_string(const struct gfs_function_env *env, const char *function, struct gfs_datum d)
{
	return d.type == GFS_DATUM_STRING ? 0 : gfs_fail_argument_type(env, function, d);
}

/* A number of characters, not below 0. */
static int want_size(const struct gfs_function_env *env, const char *function, struct gfs_datum d, size_t *ret_size)
{
	if (d.type != GFS_DATUM_INTEGER)
		return gfs_fail_argument_type(env, function, d);
	if (d.integer < 0)
		return gfs_fail_argument(
			env, "NumberOutOfRange", "%s() does not take the length %lld", function, (long long)d.integer);
	*ret_size = (size_t)d.integer;
	return 0;
}

/* Parts share the bytes of the whole. */
static struct gfs_datum part(struct gfs_slice text, size_t from, size_t to)
{
	return gfs_datum_string(gfs_slice(text.data + from, to - from));
}

static int call_left(ARGS)
{
	size_t points = 0;
	(void)count;
	int err = want_string(env, "left", args[0]);
	if (err == 0)
		err = want_size(env, "left", args[1], &points);
	if (err != 0)
		return err;
	struct gfs_slice text = gfs_datum_text(args[0]);
	*ret_value = part(text, 0, gfs_text_skip(text, 0, points));
	return 0;
}

static int call_right(ARGS)
{
	size_t points = 0;
	(void)count;
	int err = want_string(env, "right", args[0]);
	if (err == 0)
		err = want_size(env, "right", args[1], &points);
	if (err != 0)
		return err;
	struct gfs_slice text = gfs_datum_text(args[0]);
	size_t from = text.size;
	while (points-- != 0 && from != 0)
		from = gfs_text_before(text, from);
	*ret_value = part(text, from, text.size);
	return 0;
}

static int call_substring(ARGS)
{
	size_t start = 0;
	size_t length = SIZE_MAX;
	int err = want_string(env, "substring", args[0]);
	if (err == 0)
		err = want_size(env, "substring", args[1], &start);
	if (err == 0 && count == 3)
		err = want_size(env, "substring", args[2], &length);
	if (err != 0)
		return err;
	struct gfs_slice text = gfs_datum_text(args[0]);
	size_t from = gfs_text_skip(text, 0, start);
	*ret_value = part(text, from, gfs_text_skip(text, from, length));
	return 0;
}

static int call_char_length(ARGS)
{
	(void)count;
	int err = want_string(env, "char_length", args[0]);
	if (err == 0)
		*ret_value = gfs_datum_integer((int64_t)gfs_text_points(gfs_datum_text(args[0])));
	return err;
}

/* ---- replace ---- */

/* An empty `what` is found before every character and at the end. */
static void replace(struct gfs_slice text, struct gfs_slice what, struct gfs_slice by, struct gfs_buf *out)
{
	size_t at = 0;
	while (at < text.size) {
		bool found = text.size - at >= what.size &&
			(what.size == 0 || memcmp(text.data + at, what.data, what.size) == 0);
		if (found)
			gfs_buf_append(out, by.data, by.size);
		if (found && what.size != 0) {
			at += what.size;
			continue;
		}
		size_t next = gfs_text_skip(text, at, 1);
		gfs_buf_append(out, text.data + at, next - at);
		at = next;
	}
	if (what.size == 0)
		gfs_buf_append(out, by.data, by.size);
}

static int call_replace(ARGS)
{
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	for (size_t i = 0; i < count; i++) {
		int err = want_string(env, "replace", args[i]);
		if (err != 0)
			return err;
	}
	replace(gfs_datum_text(args[0]), gfs_datum_text(args[1]), gfs_datum_text(args[2]), &out);
	return gfs_function_buf(env, &out, ret_value);
}

/* ---- split ---- */

static bool starts_with(struct gfs_slice text, size_t at, struct gfs_slice with)
{
	return text.size - at >= with.size && memcmp(text.data + at, with.data, with.size) == 0;
}

/* Bytes of the delimiter at `at`; 0: there is none. */
static size_t delimiter_at(struct gfs_slice text, size_t at, const struct gfs_datum *delimiters, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct gfs_slice d = gfs_datum_text(delimiters[i]);
		if (d.size != 0 && starts_with(text, at, d))
			return d.size;
	}
	return 0;
}

static void split(struct gfs_slice text, const struct gfs_datum *delimiters, size_t count, struct gfs_buf *items)
{
	size_t from = 0;
	size_t at = 0;
	struct gfs_datum item;
	while (at < text.size) {
		size_t size = delimiter_at(text, at, delimiters, count);
		if (size == 0) {
			at = gfs_text_skip(text, at, 1);
			continue;
		}
		item = part(text, from, at);
		gfs_buf_append(items, &item, sizeof item);
		from = at += size;
	}
	item = part(text, from, text.size);
	gfs_buf_append(items, &item, sizeof item);
}

static void split_points(struct gfs_slice text, struct gfs_buf *items)
{
	for (size_t at = 0; at < text.size;) {
		size_t next = gfs_text_skip(text, at, 1);
		struct gfs_datum item = part(text, at, next);
		gfs_buf_append(items, &item, sizeof item);
		at = next;
	}
}

static int call_split(ARGS)
{
	GFS_AUTO_BUF items = GFS_BUF_INIT;
	(void)count;
	const struct gfs_datum *delimiters = args[1].type == GFS_DATUM_LIST ? args[1].items : &args[1];
	size_t delimiter_count = args[1].type == GFS_DATUM_LIST ? args[1].size : 1;
	int err = want_string(env, "split", args[0]);
	for (size_t i = 0; err == 0 && i < delimiter_count; i++)
		err = want_string(env, "split", delimiters[i]);
	if (err != 0)
		return err;
	if (delimiter_count == 1 && delimiters[0].size == 0 && args[0].size != 0)
		split_points(gfs_datum_text(args[0]), &items);
	else
		split(gfs_datum_text(args[0]), delimiters, delimiter_count, &items);
	struct gfs_datum bytes;
	err = gfs_function_buf(env, &items, &bytes);
	if (err != 0)
		return err;
	/* The arena's memory is aligned for values. */
	const void *copied = bytes.text;
	return gfs_function_list(env, copied, items.size / sizeof(struct gfs_datum), ret_value);
}

/* ---- trim ---- */

/* `set` NULL: white space. */
static bool is_trimmed(struct gfs_slice text, size_t at, const struct gfs_slice *set)
{
	uint32_t point = 0;
	size_t size = gfs_utf8_next(text.data + at, text.size - at, &point);
	if (set == NULL)
		return u_isUWhiteSpace((UChar32)point) != 0;
	for (size_t i = 0; i < set->size; i = gfs_text_skip(*set, i, 1)) {
		if (set->size - i >= size && memcmp(set->data + i, text.data + at, size) == 0)
			return true;
	}
	return false;
}

static int trim(const struct gfs_function_env *env, const char *function, bool left, bool right,
	const struct gfs_datum *args, size_t count, struct gfs_datum *ret_value)
{
	int err = want_string(env, function, args[0]);
	if (err == 0 && count == 2)
		err = want_string(env, function, args[1]);
	if (err != 0)
		return err;
	struct gfs_slice text = gfs_datum_text(args[0]);
	struct gfs_slice given = count == 2 ? gfs_datum_text(args[1]) : (struct gfs_slice){ 0 };
	const struct gfs_slice *set = count == 2 ? &given : NULL;
	size_t from = 0;
	size_t to = text.size;
	while (left && from < to && is_trimmed(text, from, set))
		from = gfs_text_skip(text, from, 1);
	while (right && to > from && is_trimmed(text, gfs_text_before(text, to), set))
		to = gfs_text_before(text, to);
	*ret_value = part(text, from, to);
	return 0;
}

static int call_trim(ARGS)
{
	return trim(env, "trim", true, true, args, count, ret_value);
}

static int call_ltrim(ARGS)
{
	return trim(env, "ltrim", true, false, args, count, ret_value);
}

static int call_rtrim(ARGS)
{
	return trim(env, "rtrim", false, true, args, count, ret_value);
}

static const struct gfs_function functions[] = {
	{ "left", call_left, 2, 2, 0, GFS_DATUM_STRING },
	{ "right", call_right, 2, 2, 0, GFS_DATUM_STRING },
	{ "substring", call_substring, 2, 3, 0, GFS_DATUM_STRING },
	{ "char_length", call_char_length, 1, 1, 0, GFS_DATUM_INTEGER },
	{ "character_length", call_char_length, 1, 1, 0, GFS_DATUM_INTEGER },
	{ "replace", call_replace, 3, 3, 0, GFS_DATUM_STRING },
	{ "split", call_split, 2, 2, 0, GFS_DATUM_LIST },
	{ "trim", call_trim, 1, 1, 0, GFS_DATUM_STRING },
	{ "btrim", call_trim, 1, 2, 0, GFS_DATUM_STRING },
	{ "ltrim", call_ltrim, 1, 2, 0, GFS_DATUM_STRING },
	{ "rtrim", call_rtrim, 1, 2, 0, GFS_DATUM_STRING },
};

const struct gfs_function_table gfs_functions_string = { functions, GFS_COUNT(functions) };
