/* How functions and operators make results and fail. */
#include "query/function_private.h"
#include "query/limits.h"

void *gfs_function_alloc(const struct gfs_function_env *env, size_t size)
{
	uint64_t max = env->memory_bytes_max != 0 ? env->memory_bytes_max : GFS_QUERY_MEMORY_BYTES_MAX;
	if (size > max || env->arena->bytes > max - size) {
		(void)gfs_fail_runtime(env, LIMIT, "MemoryLimit", "the statement needs more than %llu bytes of memory",
			(unsigned long long)max); /* the caller sees NULL */
		return NULL;
	}
	void *memory = gfs_arena_alloc(env->arena, size);
	if (memory == NULL)
		(void)gfs_fail_nomem(env); /* the caller sees NULL */
	return memory;
}

static int check_depth(const struct gfs_function_env *env, struct gfs_datum d)
{
	if (gfs_datum_depth(d) <= GFS_QUERY_VALUE_DEPTH_MAX)
		return 0;
	return gfs_fail_runtime(
		env, LIMIT, "ValueTooDeep", "a value nests deeper than %u lists and maps", GFS_QUERY_VALUE_DEPTH_MAX);
}

int gfs_function_list(
	const struct gfs_function_env *env, const struct gfs_datum *items, size_t count, struct gfs_datum *ret_value)
{
	if (count > UINT32_MAX)
		return gfs_fail_runtime(env, LIMIT, "ListTooLong", "a list of more than %u items", UINT32_MAX);
	*ret_value = gfs_datum_list(items, count);
	return check_depth(env, *ret_value);
}

int gfs_function_map(
	const struct gfs_function_env *env, struct gfs_datum_entry *entries, size_t count, struct gfs_datum *ret_value)
{
	if (gfs_datum_map_make(env->arena, entries, count, ret_value) != 0)
		return gfs_fail_nomem(env);
	return check_depth(env, *ret_value);
}

int gfs_function_string(const struct gfs_function_env *env, struct gfs_slice text, struct gfs_datum *ret_value)
{
	if (text.size > UINT32_MAX)
		return gfs_fail_runtime(env, LIMIT, "StringTooLong", "a string of more than %u bytes", UINT32_MAX);
	*ret_value = gfs_datum_string(text);
	return 0;
}

int gfs_function_buf(const struct gfs_function_env *env, const struct gfs_buf *buf, struct gfs_datum *ret_value)
{
	if (gfs_buf_failed(buf) != 0)
		return gfs_fail_nomem(env);
	uint8_t *text = gfs_function_alloc(env, buf->size);
	if (text == NULL)
		return env->error->err;
	if (buf->size != 0)
		memcpy(text, buf->data, buf->size);
	return gfs_function_string(env, gfs_slice(text, buf->size), ret_value);
}

int gfs_fail_argument_type(const struct gfs_function_env *env, const char *function, struct gfs_datum d)
{
	return gfs_fail_type(env, "InvalidArgumentValue", "%s() does not take %s", function, gfs_type_of(d));
}
