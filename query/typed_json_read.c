/* Reading typed JSON. */
#include "query/typed_json.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

static int read_value(const json_t *json, unsigned depth, struct gfs_arena *arena, struct gfs_datum *ret_value);

static int read_text(const char *text, size_t size, struct gfs_arena *arena, struct gfs_slice *ret_text)
{
	*ret_text = gfs_arena_copy(arena, gfs_slice(text, size));
	return ret_text->data == NULL ? GFS_ERR_NOMEM : 0;
}

static int read_list(const json_t *json, unsigned depth, struct gfs_arena *arena, struct gfs_datum *ret_value)
{
	size_t count = json_array_size(json);
	struct gfs_datum *items = gfs_arena_alloc(arena, count * sizeof *items);
	int err = items == NULL ? GFS_ERR_NOMEM : 0;
	for (size_t i = 0; err == 0 && i < count; i++)
		err = read_value(json_array_get(json, i), depth + 1, arena, &items[i]);
	if (err == 0)
		*ret_value = gfs_datum_list(items, count);
	return err;
}

static int by_key(const void *a, const void *b)
{
	const struct gfs_datum_entry *x = a, *y = b;
	size_t shared = x->key.size < y->key.size ? x->key.size : y->key.size;
	int order = shared == 0 ? 0 : memcmp(x->key.data, y->key.data, shared);
	return order != 0 ? order : (x->key.size > y->key.size) - (x->key.size < y->key.size);
}

static int read_map(const json_t *json, unsigned depth, struct gfs_arena *arena, struct gfs_datum *ret_value)
{
	size_t count = json_object_size(json), at = 0;
	struct gfs_datum_entry *entries = gfs_arena_alloc(arena, count * sizeof *entries);
	if (entries == NULL)
		return GFS_ERR_NOMEM;
	for (void *i = json_object_iter((json_t *)(uintptr_t)json); i != NULL;
		 i = json_object_iter_next((json_t *)(uintptr_t)json, i), at++) {
		int err = read_text(json_object_iter_key(i), json_object_iter_key_len(i), arena, &entries[at].key);
		if (err == 0)
			err = read_value(json_object_iter_value(i), depth + 1, arena, &entries[at].value);
		if (err != 0)
			return err;
	}
	qsort(entries, count, sizeof *entries, by_key);
	*ret_value = gfs_datum_map(entries, count);
	return 0;
}

static int read_float(const json_t *json, struct gfs_datum *ret_value)
{
	const char *text = json_string_value(json);
	if (text == NULL)
		return GFS_ERR_INVALID;
	if (strcmp(text, "NaN") == 0)
		*ret_value = gfs_datum_float(NAN);
	else if (strcmp(text, "Infinity") == 0)
		*ret_value = gfs_datum_float(INFINITY);
	else if (strcmp(text, "-Infinity") == 0)
		*ret_value = gfs_datum_float(-INFINITY);
	else
		return GFS_ERR_INVALID;
	return 0;
}

/* {"kind": value}, or any other object as a map. */
static int read_object(const json_t *json, unsigned depth, struct gfs_arena *arena, struct gfs_datum *ret_value)
{
	static const char *const others[] = { "node", "rel", "path", "temporal", "point", "bytes" };
	const json_t *inner = json_object_size(json) == 1 ? json_object_get(json, "map") : NULL;
	if (json_is_object(inner))
		return read_map(inner, depth, arena, ret_value);
	inner = json_object_size(json) == 1 ? json_object_get(json, "float") : NULL;
	if (json_is_string(inner))
		return read_float(inner, ret_value);
	for (size_t i = 0; json_object_size(json) == 1 && i < sizeof others / sizeof others[0]; i++) {
		if (json_object_get(json, others[i]) != NULL)
			return GFS_ERR_NOTSUP;
	}
	return read_map(json, depth, arena, ret_value);
}

static int read_string(const json_t *json, struct gfs_arena *arena, struct gfs_datum *ret_value)
{
	struct gfs_slice text;
	int err = read_text(json_string_value(json), json_string_length(json), arena, &text);
	if (err == 0)
		*ret_value = gfs_datum_string(text);
	return err;
}

static int read_value(const json_t *json, unsigned depth, struct gfs_arena *arena, struct gfs_datum *ret_value)
{
	if (depth > GFS_QUERY_VALUE_DEPTH_MAX)
		return GFS_ERR_LIMIT;
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return read_object(json, depth, arena, ret_value);
	case JSON_ARRAY:
		return read_list(json, depth, arena, ret_value);
	case JSON_STRING:
		return read_string(json, arena, ret_value);
	case JSON_INTEGER:
		*ret_value = gfs_datum_integer(json_integer_value(json));
		break;
	case JSON_REAL:
		*ret_value = gfs_datum_float(json_real_value(json));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		*ret_value = gfs_datum_boolean(json_is_true(json));
		break;
	case JSON_NULL:
		*ret_value = gfs_datum_null();
		break;
	}
	return 0;
}

int gfs_typed_json_read(const void *json, struct gfs_arena *arena, struct gfs_datum *ret_value)
{
	return read_value(json, 0, arena, ret_value);
}
