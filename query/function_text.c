/* Whole strings by Unicode's rules, which ICU knows: toLower, toUpper, normalize. */
#include "base/checked.h"
#include "query/function_private.h"

#include <stdlib.h>
#include <strings.h>
#include <unicode/ucasemap.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#define ARGS const struct gfs_function_env *env, const struct gfs_datum *args, size_t count, struct gfs_datum *ret_value

typedef int32_t (*case_mapper)(
	const UCaseMap *map, char *to, int32_t capacity, const char *from, int32_t size, UErrorCode *status);

static int too_long(const struct gfs_function_env *env)
{
	return gfs_fail_runtime(env, LIMIT, "StringTooLong", "a string of more than %d bytes", INT32_MAX);
}

/* Asks how long the result is, then makes it. */
static int map_with(const struct gfs_function_env *env, const UCaseMap *map, case_mapper mapper, struct gfs_datum text,
	struct gfs_datum *ret_value)
{
	UErrorCode status = U_ZERO_ERROR;
	int32_t size = mapper(map, NULL, 0, text.text, (int32_t)text.size, &status);
	if (U_FAILURE(status) && status != U_BUFFER_OVERFLOW_ERROR)
		return too_long(env);
	char *out = gfs_function_alloc(env, (size_t)size + 1);
	if (out == NULL)
		return env->error->err;
	status = U_ZERO_ERROR;
	size = mapper(map, out, size + 1, text.text, (int32_t)text.size, &status);
	if (U_FAILURE(status))
		return gfs_fail_nomem(env);
	return gfs_function_string(env, gfs_slice(out, (size_t)size), ret_value);
}

static int map_case(const struct gfs_function_env *env, const char *function, case_mapper mapper, struct gfs_datum text,
	struct gfs_datum *ret_value)
{
	UErrorCode status = U_ZERO_ERROR;
	if (text.type != GFS_DATUM_STRING)
		return gfs_fail_argument_type(env, function, text);
	if (text.size > INT32_MAX)
		return too_long(env);
	*ret_value = text;
	if (text.size == 0)
		return 0;
	UCaseMap *map = ucasemap_open("", 0, &status);
	if (U_FAILURE(status))
		return gfs_fail_nomem(env);
	int err = map_with(env, map, mapper, text, ret_value);
	ucasemap_close(map);
	return err;
}

static int call_to_lower(ARGS)
{
	(void)count;
	return map_case(env, "toLower", ucasemap_utf8ToLower, args[0], ret_value);
}

static int call_to_upper(ARGS)
{
	(void)count;
	return map_case(env, "toUpper", ucasemap_utf8ToUpper, args[0], ret_value);
}

/* ---- normalize ---- */

static const UNormalizer2 *normalizer(struct gfs_slice form, UErrorCode *status)
{
	static const struct {
		const char *name;
		const UNormalizer2 *(*get)(UErrorCode *status);
	} forms[] = { { "NFC", unorm2_getNFCInstance }, { "NFD", unorm2_getNFDInstance },
		{ "NFKC", unorm2_getNFKCInstance }, { "NFKD", unorm2_getNFKDInstance } };
	for (size_t i = 0; i < GFS_COUNT(forms); i++) {
		if (gfs_slice_equal(form, gfs_slice_text(forms[i].name)))
			return forms[i].get(status);
	}
	return NULL;
}

/* UTF-16 and back; a normal form has at most 18 times the units. `wide` and `normal` are freed by the caller. */
static int normalize(const struct gfs_function_env *env, const UNormalizer2 *form, struct gfs_datum text, UChar **wide,
	UChar **normal, struct gfs_datum *ret_value)
{
	UErrorCode status = U_ZERO_ERROR;
	int32_t wide_size = 0;
	*wide = malloc(((size_t)text.size + 1) * sizeof **wide);
	if (*wide == NULL)
		return gfs_fail_nomem(env);
	u_strFromUTF8(*wide, (int32_t)text.size + 1, &wide_size, text.text, (int32_t)text.size, &status);
	int32_t size = unorm2_normalize(form, *wide, wide_size, NULL, 0, &status);
	if (status == U_BUFFER_OVERFLOW_ERROR)
		status = U_ZERO_ERROR;
	*normal = malloc(((size_t)size + 1) * sizeof **normal);
	char *out = *normal == NULL ? NULL : gfs_function_alloc(env, (size_t)size * 3 + 1);
	if (out == NULL)
		return gfs_fail_nomem(env);
	int32_t out_size = 0;
	unorm2_normalize(form, *wide, wide_size, *normal, size + 1, &status);
	u_strToUTF8(out, size * 3 + 1, &out_size, *normal, size, &status);
	if (U_FAILURE(status))
		return gfs_fail_nomem(env);
	return gfs_function_string(env, gfs_slice(out, (size_t)out_size), ret_value);
}

/* Sizes in UTF-16 units and in bytes of the result stay within ICU's 31 bits. */
#define NORMALIZE_BYTES_MAX (INT32_MAX / 18 / 3)

static int call_normalize(ARGS)
{
	UErrorCode status = U_ZERO_ERROR;
	UChar *wide = NULL;
	UChar *normal = NULL;
	struct gfs_slice name = count == 2 && args[1].type == GFS_DATUM_STRING ? gfs_datum_text(args[1])
																		   : gfs_slice_text("NFC");
	if (args[0].type != GFS_DATUM_STRING || (count == 2 && args[1].type != GFS_DATUM_STRING))
		return gfs_fail_argument_type(env, "normalize", args[0].type != GFS_DATUM_STRING ? args[0] : args[1]);
	if (args[0].size > NORMALIZE_BYTES_MAX)
		return too_long(env);
	const UNormalizer2 *form = normalizer(name, &status);
	if (form == NULL)
		return gfs_fail_argument(env, "InvalidArgumentValue", "a normal form is NFC, NFD, NFKC or NFKD");
	*ret_value = args[0];
	if (args[0].size == 0)
		return 0;
	int err = normalize(env, form, args[0], &wide, &normal, ret_value);
	free(wide);
	free(normal);
	return err;
}

static const struct gfs_function functions[] = {
	{ "toLower", call_to_lower, 1, 1, 0, GFS_DATUM_STRING },
	{ "lower", call_to_lower, 1, 1, 0, GFS_DATUM_STRING },
	{ "toUpper", call_to_upper, 1, 1, 0, GFS_DATUM_STRING },
	{ "upper", call_to_upper, 1, 1, 0, GFS_DATUM_STRING },
	{ "normalize", call_normalize, 1, 2, 0, GFS_DATUM_STRING },
};

const struct gfs_function_table gfs_functions_text = { functions, GFS_COUNT(functions) };
