/* Values as JSON, and back. jansson reads; writing is ours, because its numbers and its key order must be the same for ever. */
#include "base/checked.h"
#include "graph/value_private.h"

#include <assert.h>
#include <jansson.h>
#include <math.h>

/* ---- base64, RFC 4648 section 4 ---- */

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void append_base64(struct gfs_slice bytes, struct gfs_buf *out)
{
	for (size_t i = 0; i < bytes.size; i += 3) {
		size_t left = GFS_MIN(bytes.size - i, (size_t)3);
		uint32_t group = (uint32_t)bytes.data[i] << 16;
		if (left > 1)
			group |= (uint32_t)bytes.data[i + 1] << 8;
		if (left > 2)
			group |= bytes.data[i + 2];
		char text[4] = { base64_digits[group >> 18], base64_digits[group >> 12 & 63],
			left > 1 ? base64_digits[group >> 6 & 63] : '=', left > 2 ? base64_digits[group & 63] : '=' };
		gfs_buf_append(out, text, sizeof text);
	}
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* Four digits, the last `padding` of them '='; writes 3 - padding bytes. Bits that no byte takes must be zero. */
static bool read_base64_group(const char *text, unsigned int padding, uint8_t *out)
{
	uint32_t group = 0;
	for (unsigned int i = 0; i < 4; i++) {
		int v = i < 4 - padding ? base64_value(text[i]) : 0;
		if (v < 0 || (i >= 4 - padding && text[i] != '='))
			return false;
		group = group << 6 | (uint32_t)v;
	}
	for (unsigned int i = 0; i < 3 - padding; i++)
		out[i] = (uint8_t)(group >> (16 - 8 * i));
	return (group & ((UINT32_C(1) << 8 * padding) - 1)) == 0;
}

static int read_base64(const char *text, size_t size, struct gfs_arena *arena, struct gfs_slice *ret)
{
	if (size % 4 != 0)
		return GFS_ERR_INVALID;
	uint8_t *bytes = gfs_arena_alloc(arena, size / 4 * 3);
	if (bytes == NULL)
		return GFS_ERR_NOMEM;
	size_t written = 0;
	for (size_t i = 0; i < size; i += 4) {
		unsigned int padding = 0;
		if (i + 4 == size && text[i + 3] == '=')
			padding = text[i + 2] == '=' ? 2 : 1;
		if (!read_base64_group(text + i, padding, bytes + written))
			return GFS_ERR_INVALID;
		written += 3 - padding;
	}
	*ret = gfs_slice(bytes, written);
	return 0;
}

/* ---- out ---- */

void gfs_json_string(struct gfs_slice text, struct gfs_buf *out)
{
	gfs_text_quote(text, '"', out);
}

static int append_json(const struct gfs_value *value, unsigned int depth, struct gfs_buf *out);

static int append_array(const struct gfs_value *value, unsigned int depth, struct gfs_buf *out)
{
	if (depth >= GFS_VALUE_DEPTH_MAX)
		return GFS_ERR_LIMIT;
	gfs_buf_append_u8(out, '[');
	for (size_t i = 0; i < value->list.count; i++) {
		if (i != 0)
			gfs_buf_append_u8(out, ',');
		int err = append_json(&value->list.items[i], depth + 1, out);
		if (err != 0)
			return err;
	}
	gfs_buf_append_u8(out, ']');
	return 0;
}

/* The canonical text of a finite float is a JSON number with a point, which no integer has. */
static void append_float(double v, struct gfs_buf *out)
{
	char number[GFS_NUMBER_TEXT_MAX];
	if (!isfinite(v))
		gfs_buf_append_text(out, "{\"$float\":\"");
	gfs_buf_append(out, number, gfs_float_text(v, number));
	if (!isfinite(v))
		gfs_buf_append_text(out, "\"}");
}

/* {"$date":"2015-07-21"}, {"$point":"point({...})"}: no canonical text has anything to escape. */
static int append_by_name(const struct gfs_value *value, struct gfs_buf *out)
{
	gfs_buf_printf(out, "{\"$%s\":\"", gfs_type_name(value->type));
	int err = gfs_value_text(value, out);
	gfs_buf_append_text(out, "\"}");
	return err;
}

static int append_json(const struct gfs_value *value, unsigned int depth, struct gfs_buf *out)
{
	char number[GFS_NUMBER_TEXT_MAX];
	switch (value->type) {
	case GFS_TYPE_NULL:
		gfs_buf_append_text(out, "null");
		return 0;
	case GFS_TYPE_BOOLEAN:
		gfs_buf_append_text(out, value->boolean ? "true" : "false");
		return 0;
	case GFS_TYPE_INTEGER:
		gfs_buf_append(out, number, gfs_integer_text(value->integer, number));
		return 0;
	case GFS_TYPE_FLOAT:
		append_float(value->real, out);
		return 0;
	case GFS_TYPE_STRING:
		gfs_json_string(value->bytes, out);
		return 0;
	case GFS_TYPE_BYTES:
		gfs_buf_append_text(out, "{\"$bytes\":\"");
		append_base64(value->bytes, out);
		gfs_buf_append_text(out, "\"}");
		return 0;
	case GFS_TYPE_LIST:
		return append_array(value, depth, out);
	case GFS_TYPE_DATE:
	case GFS_TYPE_LOCALTIME:
	case GFS_TYPE_TIME:
	case GFS_TYPE_LOCALDATETIME:
	case GFS_TYPE_DATETIME:
	case GFS_TYPE_DURATION:
	case GFS_TYPE_POINT:
		return append_by_name(value, out);
	case GFS_TYPE_COUNT:
		break;
	}
	return GFS_ERR_INVALID;
}

static bool assumed_newline(enum gfs_type type)
{
	return type != GFS_TYPE_BYTES;
}

int gfs_value_json(const struct gfs_value *value, bool plain, struct gfs_buf *out)
{
	bool wrapped = !plain && value->newline != assumed_newline(value->type);
	if (wrapped)
		gfs_buf_append_text(out, "{\"$value\":");
	int err = append_json(value, 0, out);
	if (err != 0)
		return err;
	if (wrapped)
		gfs_buf_append_text(out, value->newline ? ",\"newline\":true}" : ",\"newline\":false}");
	return gfs_buf_failed(out);
}

/* ---- in ---- */

static int read_json(const json_t *json, unsigned int depth, struct gfs_arena *arena, struct gfs_value *value);

static int read_array(const json_t *json, unsigned int depth, struct gfs_arena *arena, struct gfs_value *value)
{
	size_t count = json_array_size(json);
	size_t size;
	if (depth >= GFS_VALUE_DEPTH_MAX)
		return GFS_ERR_INVALID;
	if (gfs_mul_overflows(count, sizeof *value, &size))
		return GFS_ERR_NOMEM;
	struct gfs_value *items = gfs_arena_alloc(arena, size);
	if (items == NULL)
		return GFS_ERR_NOMEM;
	for (size_t i = 0; i < count; i++) {
		items[i] = (struct gfs_value){ 0 };
		int err = read_json(json_array_get(json, i), depth + 1, arena, &items[i]);
		if (err != 0)
			return err;
	}
	value->list.items = items;
	value->list.count = count;
	return 0;
}

static int read_string(const json_t *json, struct gfs_arena *arena, struct gfs_value *value)
{
	value->bytes = gfs_arena_copy(arena, gfs_slice(json_string_value(json), json_string_length(json)));
	return value->bytes.data == NULL ? GFS_ERR_NOMEM : 0;
}

/* {"$date":"2015-07-21"} and its kin; GFS_ERR_INVALID for other names. */
static int read_by_name(const char *name, const json_t *text, struct gfs_arena *arena, struct gfs_value *value)
{
	enum gfs_type type;
	struct gfs_slice bytes = gfs_slice(json_string_value(text), json_string_length(text));
	if (name[0] != '$' || gfs_type_from_name(gfs_slice_text(name + 1), &type) != 0)
		return GFS_ERR_INVALID;
	if (type == GFS_TYPE_POINT)
		return gfs_point_read(bytes, arena, value);
	return gfs_type_is_temporal(type) ? gfs_value_read_temporal(type, bytes, arena, value) : GFS_ERR_INVALID;
}

/* An object of one member: {"$float":"NaN"}, {"$bytes":"..."}, {"$date":"..."} ... */
static int read_object(const json_t *json, struct gfs_arena *arena, struct gfs_value *value)
{
	if (json_object_size(json) != 1)
		return GFS_ERR_INVALID;
	const json_t *bytes = json_object_get(json, "$bytes");
	if (json_is_string(bytes)) {
		value->type = GFS_TYPE_BYTES;
		return read_base64(json_string_value(bytes), json_string_length(bytes), arena, &value->bytes);
	}
	const json_t *real = json_object_get(json, "$float");
	void *only = json_object_iter((json_t *)(uintptr_t)json);
	if (real == NULL && json_is_string(json_object_iter_value(only)))
		return read_by_name(json_object_iter_key(only), json_object_iter_value(only), arena, value);
	value->type = GFS_TYPE_FLOAT;
	if (!json_is_string(real) ||
		!gfs_float_read(gfs_slice(json_string_value(real), json_string_length(real)), &value->real))
		return GFS_ERR_INVALID;
	return isfinite(value->real) ? GFS_ERR_INVALID : 0;
}

static int read_json(const json_t *json, unsigned int depth, struct gfs_arena *arena, struct gfs_value *value)
{
	switch (json_typeof(json)) {
	case JSON_NULL:
		value->type = GFS_TYPE_NULL;
		return depth == 0 ? GFS_ERR_INVALID : 0;
	case JSON_TRUE:
	case JSON_FALSE:
		value->type = GFS_TYPE_BOOLEAN;
		value->boolean = json_is_true(json);
		return 0;
	case JSON_INTEGER:
		value->type = GFS_TYPE_INTEGER;
		value->integer = json_integer_value(json);
		return 0;
	case JSON_REAL:
		value->type = GFS_TYPE_FLOAT;
		value->real = json_real_value(json);
		return 0;
	case JSON_STRING:
		value->type = GFS_TYPE_STRING;
		return read_string(json, arena, value);
	case JSON_ARRAY:
		value->type = GFS_TYPE_LIST;
		return read_array(json, depth, arena, value);
	case JSON_OBJECT:
		return read_object(json, arena, value);
	}
	return GFS_ERR_INVALID;
}

int gfs_value_from_json(const void *json, struct gfs_arena *arena, struct gfs_value *ret_value)
{
	struct gfs_value value = { 0 };
	assert(json != NULL);
	const json_t *inner = json_object_get(json, "$value"); /* NULL when it is no object */
	const json_t *newline = json_object_get(json, "newline");
	bool wrapped = json_object_size(json) == 2 && inner != NULL && json_is_boolean(newline);
	int err = read_json(wrapped ? inner : json, 0, arena, &value);
	if (err != 0)
		return err;
	value.newline = wrapped ? json_is_true(newline) : assumed_newline(value.type);
	gfs_value_declare(&value);
	*ret_value = value;
	return 0;
}
