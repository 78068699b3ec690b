/* =~ by ICU, whose expressions are Java's, as Cypher wants them. The last expression of the statement stays compiled. A match may cost a
 * bounded number of steps, so that no expression, however hostile, holds a thread for long. */
#include "query/regex.h"

#include "query/function_private.h"

#include <stdlib.h>
#include <unicode/uregex.h>

/* ICU counts in batches of 10,000 steps of its engine, a millisecond or so. */
enum { STEP_BATCHES_MAX = 1000, STACK_BYTES_MAX = 8 << 20 };

struct gfs_regex {
	URegularExpression *compiled;
	struct gfs_slice pattern; /* owned */
};

void gfs_regex_free(struct gfs_regex *regex)
{
	if (regex == NULL)
		return;
	uregex_close(regex->compiled);
	free((void *)(uintptr_t)regex->pattern.data);
	free(regex);
}

static int compile(const struct gfs_function_env *env, struct gfs_slice pattern, URegularExpression **ret_compiled)
{
	UErrorCode status = U_ZERO_ERROR;
	UParseError where = { 0 };
	if (pattern.size == 0)
		pattern = gfs_slice_text("(?:)"); /* ICU takes no empty one */
	UText *text = utext_openUTF8(NULL, (const char *)pattern.data, (int64_t)pattern.size, &status);
	URegularExpression *compiled = uregex_openUText(text, 0, &where, &status);
	utext_close(text);
	if (status == U_MEMORY_ALLOCATION_ERROR)
		return gfs_fail_nomem(env);
	if (U_FAILURE(status))
		return gfs_fail_argument(env, "InvalidRegularExpression", "regular expression, character %d: %s",
			(int)where.offset, u_errorName(status));
	uregex_setTimeLimit(compiled, STEP_BATCHES_MAX, &status);
	uregex_setStackLimit(compiled, STACK_BYTES_MAX, &status);
	*ret_compiled = compiled;
	return 0;
}

static int compile_kept(const struct gfs_function_env *env, struct gfs_slice pattern, struct gfs_regex **ret_regex)
{
	struct gfs_regex *regex = calloc(1, sizeof *regex);
	uint8_t *copy = malloc(pattern.size + 1);
	if (regex == NULL || copy == NULL) {
		free(copy);
		free(regex);
		(void)gfs_fail_nomem(env);
		return GFS_ERR_NOMEM;
	}
	if (pattern.size != 0)
		memcpy(copy, pattern.data, pattern.size);
	regex->pattern = gfs_slice(copy, pattern.size);
	int err = compile(env, regex->pattern, &regex->compiled);
	if (err != 0) {
		free(copy);
		free(regex);
		return err;
	}
	*ret_regex = regex;
	return 0;
}

static int match(
	const struct gfs_function_env *env, struct gfs_regex *regex, struct gfs_slice subject, struct gfs_datum *ret_value)
{
	UErrorCode status = U_ZERO_ERROR;
	UText *text = utext_openUTF8(NULL, (const char *)subject.data, (int64_t)subject.size, &status);
	uregex_setUText(regex->compiled, text, &status);
	bool yes = uregex_matches64(regex->compiled, -1, &status) != 0;
	utext_close(text);
	if (status == U_REGEX_TIME_OUT || status == U_REGEX_STACK_OVERFLOW)
		return gfs_fail_runtime(env, LIMIT, "RegularExpressionTooCostly", "a regular expression took too many steps");
	if (U_FAILURE(status))
		return gfs_fail_nomem(env);
	*ret_value = gfs_datum_boolean(yes);
	return 0;
}

int gfs_regex_test(
	const struct gfs_function_env *env, struct gfs_datum text, struct gfs_datum pattern, struct gfs_datum *ret_value)
{
	struct gfs_regex *scratch = NULL;
	struct gfs_regex **regex = env->regex != NULL ? env->regex : &scratch;
	if (*regex != NULL && !gfs_slice_equal((*regex)->pattern, gfs_datum_text(pattern))) {
		gfs_regex_free(*regex);
		*regex = NULL;
	}
	int err = *regex == NULL ? compile_kept(env, gfs_datum_text(pattern), regex) : 0;
	if (err == 0)
		err = match(env, *regex, gfs_datum_text(text), ret_value);
	gfs_regex_free(scratch);
	return err;
}
