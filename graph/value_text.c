/* Values as the text of property files, and back. The contract: for every byte string T, infer(T) is a value whose text, with its newline, is T. */
#include "base/checked.h"
#include "base/utf8.h"
#include "graph/point.h"
#include "graph/temporal.h"
#include "graph/value_private.h"

#include <assert.h>
#include <math.h>
#include <strings.h>

static const char hex_digits[] = "0123456789abcdef";

/* ---- out ---- */

static const struct {
	char letter;
	uint8_t byte;
} escapes[] = { { 'n', '\n' }, { 'r', '\r' }, { 't', '\t' }, { 'b', '\b' }, { 'f', '\f' }, { '\\', '\\' } };

int gfs_text_unescape(uint8_t letter)
{
	for (size_t i = 0; i < GFS_COUNT(escapes); i++) {
		if (escapes[i].letter == (char)letter)
			return escapes[i].byte;
	}
	return -1;
}

static void append_escape(uint8_t c, char quote, struct gfs_buf *out)
{
	gfs_buf_append_u8(out, '\\');
	if (c == (uint8_t)quote) {
		gfs_buf_append_u8(out, c);
		return;
	}
	for (size_t i = 0; i < GFS_COUNT(escapes); i++) {
		if (escapes[i].byte == c) {
			gfs_buf_append_u8(out, (uint8_t)escapes[i].letter);
			return;
		}
	}
	char text[5] = { 'u', '0', '0', hex_digits[c >> 4], hex_digits[c & 15] };
	gfs_buf_append(out, text, sizeof text);
}

void gfs_text_quote(struct gfs_slice text, char quote, struct gfs_buf *out)
{
	assert(quote == '\'' || quote == '"');
	gfs_buf_append_u8(out, (uint8_t)quote);
	size_t plain = 0; /* what lies between it and i needs no escape */
	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = text.data[i];
		if (c >= 0x20 && c != (uint8_t)quote && c != '\\' && c != 0x7f)
			continue;
		gfs_buf_append(out, text.data + plain, i - plain);
		append_escape(c, quote, out);
		plain = i + 1;
	}
	if (text.size != 0)
		gfs_buf_append(out, text.data + plain, text.size - plain);
	gfs_buf_append_u8(out, (uint8_t)quote);
}

static void append_hex(struct gfs_slice bytes, struct gfs_buf *out)
{
	gfs_buf_append_text(out, "bytes('");
	uint8_t *at = gfs_buf_extend(out, bytes.size * 2);
	for (size_t i = 0; at != NULL && i < bytes.size; i++) {
		*at++ = (uint8_t)hex_digits[bytes.data[i] >> 4];
		*at++ = (uint8_t)hex_digits[bytes.data[i] & 15];
	}
	gfs_buf_append_text(out, "')");
}

static int append_list(const struct gfs_value *value, unsigned int depth, struct gfs_buf *out);

/* What looks the same in a list and alone. */
static int append_common(const struct gfs_value *value, unsigned int depth, struct gfs_buf *out)
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
		gfs_buf_append(out, number, gfs_float_text(value->real, number));
		return 0;
	case GFS_TYPE_LIST:
		return append_list(value, depth, out);
	case GFS_TYPE_POINT:
		gfs_point_text(value->point, out);
		return 0;
	default:
		return GFS_ERR_INVALID;
	}
}

/* date('2015-07-21') */
static void append_call(const struct gfs_value *item, struct gfs_buf *out)
{
	gfs_buf_append_text(out, gfs_type_name(item->type));
	gfs_buf_append_text(out, "('");
	gfs_temporal_text(item->type, item->temporal, out);
	gfs_buf_append_text(out, "')");
}

static int append_item(const struct gfs_value *item, unsigned int depth, struct gfs_buf *out)
{
	if (item->type == GFS_TYPE_STRING)
		gfs_text_quote(item->bytes, '\'', out);
	else if (item->type == GFS_TYPE_BYTES)
		append_hex(item->bytes, out);
	else if (gfs_type_is_temporal(item->type))
		append_call(item, out);
	else
		return append_common(item, depth, out);
	return 0;
}

/* `depth`: how many lists there are around it. */
static int append_list(const struct gfs_value *value, unsigned int depth, struct gfs_buf *out)
{
	if (depth >= GFS_VALUE_DEPTH_MAX)
		return GFS_ERR_LIMIT;
	gfs_buf_append_u8(out, '[');
	for (size_t i = 0; i < value->list.count; i++) {
		if (i != 0)
			gfs_buf_append_text(out, ", ");
		int err = append_item(&value->list.items[i], depth + 1, out);
		if (err != 0)
			return err;
	}
	gfs_buf_append_u8(out, ']');
	return 0;
}

int gfs_value_text(const struct gfs_value *value, struct gfs_buf *out)
{
	int err = 0;
	if (value->type == GFS_TYPE_STRING || value->type == GFS_TYPE_BYTES)
		gfs_buf_append(out, value->bytes.data, value->bytes.size);
	else if (gfs_type_is_temporal(value->type))
		gfs_temporal_text(value->type, value->temporal, out);
	else
		err = append_common(value, 0, out);
	return err != 0 ? err : gfs_buf_failed(out);
}

int gfs_value_item_text(const struct gfs_value *value, struct gfs_buf *out)
{
	int err = append_item(value, 0, out);
	return err != 0 ? err : gfs_buf_failed(out);
}

int gfs_value_text_size(const struct gfs_value *value, uint64_t *ret_size)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	char number[GFS_NUMBER_TEXT_MAX];
	uint64_t size;
	int err = 0;
	switch (value->type) {
	case GFS_TYPE_BOOLEAN:
		size = strlen(value->boolean ? "true" : "false");
		break;
	case GFS_TYPE_INTEGER:
		size = gfs_integer_text(value->integer, number);
		break;
	case GFS_TYPE_FLOAT:
		size = gfs_float_text(value->real, number);
		break;
	case GFS_TYPE_STRING:
	case GFS_TYPE_BYTES:
		size = value->bytes.size;
		break;
	default:
		err = gfs_value_text(value, &text);
		size = text.size;
	}
	if (err == 0)
		*ret_size = size + (value->newline ? 1 : 0);
	return err;
}

/* ---- in ---- */

static bool read_boolean(struct gfs_slice text, bool *ret_v)
{
	bool yes = gfs_slice_equal(text, gfs_slice_text("true"));
	if (!yes && !gfs_slice_equal(text, gfs_slice_text("false")))
		return false;
	*ret_v = yes;
	return true;
}

bool gfs_scalar_read(struct gfs_slice text, struct gfs_value *ret_value)
{
	/* Most texts end here. */
	if (text.size == 0 || text.size > GFS_NUMBER_TEXT_MAX || text.data[0] >= 0x80)
		return false;
	if (read_boolean(text, &ret_value->boolean))
		ret_value->type = GFS_TYPE_BOOLEAN;
	else if (gfs_integer_read(text, &ret_value->integer))
		ret_value->type = GFS_TYPE_INTEGER;
	else if (gfs_float_read(text, &ret_value->real))
		ret_value->type = GFS_TYPE_FLOAT;
	else
		return false;
	return true;
}

/* What a file gives by itself: no NaN and no infinities, which are words more often than numbers. */
static bool infer_scalar(struct gfs_slice text, struct gfs_value *ret_value)
{
	return gfs_scalar_read(text, ret_value) && (ret_value->type != GFS_TYPE_FLOAT || isfinite(ret_value->real));
}

static struct gfs_slice without_newline(struct gfs_slice contents, bool *ret_newline)
{
	*ret_newline = contents.size != 0 && contents.data[contents.size - 1] == '\n';
	return gfs_slice(contents.data, contents.size - (*ret_newline ? 1 : 0));
}

void gfs_value_infer(struct gfs_slice contents, struct gfs_value *ret_value)
{
	struct gfs_value value = { 0 };
	struct gfs_slice body = without_newline(contents, &value.newline);
	if (!infer_scalar(body, &value)) {
		bool text = gfs_utf8_valid(body.data, body.size);
		value.type = text ? GFS_TYPE_STRING : GFS_TYPE_BYTES;
		value.newline = text && value.newline;
		value.bytes = text ? body : contents;
	}
	*ret_value = value;
}

/* Whether infer would give another type for the file that shows `value`. */
static bool text_gives_other_type(const struct gfs_value *value)
{
	struct gfs_value scratch;
	bool newline;
	switch (value->type) {
	case GFS_TYPE_BOOLEAN:
	case GFS_TYPE_INTEGER:
		return false;
	case GFS_TYPE_FLOAT:
		return !isfinite(value->real);
	case GFS_TYPE_STRING:
		/* The file's own newline is the one that infer takes away; without it, one that ends the string. */
		return infer_scalar(value->newline ? value->bytes : without_newline(value->bytes, &newline), &scratch);
	case GFS_TYPE_BYTES:
		return gfs_utf8_valid(value->bytes.data, value->bytes.size);
	default:
		return true;
	}
}

void gfs_value_declare(struct gfs_value *value)
{
	value->declared = text_gives_other_type(value);
}

static int read_composed(enum gfs_type type, struct gfs_slice body, struct gfs_arena *arena, struct gfs_value *value)
{
	if (type == GFS_TYPE_LIST)
		return gfs_list_read(body, arena, value);
	if (type == GFS_TYPE_POINT)
		return gfs_point_read(body, arena, value);
	return gfs_value_read_temporal(type, body, arena, value);
}

/* The readers are wider than the printer; printing again makes the two exact inverses. */
static int parse_composed(enum gfs_type type, struct gfs_slice body, struct gfs_arena *arena, struct gfs_value *value)
{
	GFS_AUTO_BUF again = GFS_BUF_INIT;
	bool newline = value->newline;
	if (!gfs_utf8_valid(body.data, body.size))
		return GFS_ERR_INVALID;
	int err = read_composed(type, body, arena, value);
	if (err != 0)
		return err;
	value->newline = newline;
	err = gfs_value_text(value, &again);
	if (err != 0)
		return err;
	return gfs_slice_equal(body, gfs_buf_slice(&again)) ? 0 : GFS_ERR_INVALID;
}

static int parse_body(enum gfs_type type, struct gfs_slice body, struct gfs_arena *arena, struct gfs_value *value)
{
	switch (type) {
	case GFS_TYPE_BOOLEAN:
	case GFS_TYPE_INTEGER:
	case GFS_TYPE_FLOAT:
		return gfs_scalar_read(body, value) && value->type == type ? 0 : GFS_ERR_INVALID;
	case GFS_TYPE_STRING:
		value->type = type;
		value->bytes = body;
		return gfs_utf8_valid(body.data, body.size) ? 0 : GFS_ERR_INVALID;
	default:
		if (type != GFS_TYPE_LIST && type != GFS_TYPE_POINT && !gfs_type_is_temporal(type))
			return GFS_ERR_INVALID;
		return parse_composed(type, body, arena, value);
	}
}

int gfs_value_parse(enum gfs_type type, struct gfs_slice contents, struct gfs_arena *arena, struct gfs_value *ret_value)
{
	struct gfs_value value = { 0 };
	if (type == GFS_TYPE_BYTES) {
		value.type = type;
		value.bytes = contents;
	} else {
		struct gfs_slice body = without_newline(contents, &value.newline);
		int err = parse_body(type, body, arena, &value);
		if (err != 0)
			return err;
	}
	gfs_value_declare(&value);
	*ret_value = value;
	return 0;
}

/* ---- in, from imports ---- */

static struct gfs_slice trim(struct gfs_slice text)
{
	while (text.size != 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
		text = gfs_slice(text.data + 1, text.size - 1);
	while (text.size != 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
		text.size--;
	return text;
}

static int read_boolean_loose(struct gfs_slice text, bool *ret_v)
{
	bool yes = text.size == 4 && strncasecmp((const char *)text.data, "true", 4) == 0;
	if (!yes && !(text.size == 5 && strncasecmp((const char *)text.data, "false", 5) == 0))
		return GFS_ERR_INVALID;
	*ret_v = yes;
	return 0;
}

int gfs_value_parse_loose(
	enum gfs_type type, struct gfs_slice text, struct gfs_arena *arena, struct gfs_value *ret_value)
{
	struct gfs_value value = { .type = type, .newline = true };
	int err = GFS_ERR_INVALID;
	switch (type) {
	case GFS_TYPE_BOOLEAN:
		err = read_boolean_loose(trim(text), &value.boolean);
		break;
	case GFS_TYPE_INTEGER:
		err = gfs_integer_read_loose(trim(text), &value.integer);
		break;
	case GFS_TYPE_FLOAT:
		err = gfs_float_read_loose(trim(text), &value.real);
		break;
	case GFS_TYPE_STRING:
		value.bytes = text;
		err = gfs_utf8_valid(text.data, text.size) ? 0 : GFS_ERR_ILSEQ;
		break;
	case GFS_TYPE_POINT:
		err = gfs_point_read(trim(text), arena, &value);
		break;
	default:
		if (gfs_type_is_temporal(type))
			err = gfs_value_read_temporal(type, trim(text), arena, &value);
		if (err == 0 && value.temporal->zone.size != 0 && !gfs_zone_exists(value.temporal->zone))
			err = GFS_ERR_INVALID;
		break;
	}
	if (err != 0)
		return err;
	gfs_value_declare(&value);
	*ret_value = value;
	return 0;
}
