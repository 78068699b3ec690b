/* How values become names of folders and back: the rules are in index_values.h. */
#include "fs/index_values.h"

#include <stdio.h>
#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

/* ---- showing ---- */

/* Text without marks: bytes as hexadecimal. */
static int plain_text(const struct gfs_value *value, struct gfs_buf *out)
{
	if (value->type != GFS_TYPE_BYTES)
		return gfs_value_text(value, out);
	for (size_t i = 0; i < value->bytes.size; i++) {
		gfs_buf_append_u8(out, (uint8_t)hex_digits[value->bytes.data[i] >> 4]);
		gfs_buf_append_u8(out, (uint8_t)hex_digits[value->bytes.data[i] & 15]);
	}
	return gfs_buf_failed(out);
}

/* Whether a file with this text would have this value. */
static bool is_plain(const struct gfs_value *value, struct gfs_slice text)
{
	struct gfs_value inferred;
	if (value->type == GFS_TYPE_BYTES || text.size == 0)
		return false;
	gfs_value_infer(text, &inferred);
	return gfs_value_equal(value, &inferred);
}

/* Puts "@TYPE:" before a shown text. */
static int mark(const struct gfs_value *value, struct gfs_component *name)
{
	char marked[sizeof name->text];
	const char *text = name->size > 0 ? name->text : "";
	int n = snprintf(marked, sizeof marked, "@%s:%s", gfs_type_name(value->type), text);
	if (n < 0 || (size_t)n >= sizeof marked)
		return GFS_ERR_NAMETOOLONG;
	memcpy(name->text, marked, (size_t)n + 1);
	name->size = (size_t)n;
	return 0;
}

static int show(const struct gfs_value *value, struct gfs_component *name)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	int err = plain_text(value, &text);
	name->size = 0;
	if (!err && text.size > 0)
		err = gfs_name_show(gfs_buf_slice(&text), GFS_PLACE_NAMES, name);
	return err || is_plain(value, gfs_buf_slice(&text)) ? err : mark(value, name);
}

int gfs_index_name_show(struct gfs_slice bytes, uint64_t node, struct gfs_component *ret_name)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_value value;
	int err = gfs_index_value_read(bytes, &arena, &value);
	if (!err)
		err = show(&value, ret_name);
	if (err != GFS_ERR_NODATA && err != GFS_ERR_NAMETOOLONG)
		return err;
	gfs_name_show_node((struct gfs_slice){ 0 }, node, GFS_PLACE_NODES, ret_name); /* @ID */
	return 0;
}

/* ---- reading ---- */

static int hex_value(uint8_t c)
{
	const char *at = c ? strchr(hex_digits, c) : NULL;
	return at ? (int)(at - hex_digits) : -1;
}

/* In place. */
static int read_hex(struct gfs_buf *text)
{
	if (text->size % 2 != 0)
		return GFS_ERR_NOTFOUND;
	for (size_t i = 0; i < text->size; i += 2) {
		int high = hex_value(text->data[i]), low = hex_value(text->data[i + 1]);
		if (high < 0 || low < 0)
			return GFS_ERR_NOTFOUND;
		text->data[i / 2] = (uint8_t)(high << 4 | low);
	}
	text->size /= 2;
	return 0;
}

/* What stands behind "@", up to the colon, is a type, and the rest its text. */
static int read_marked(const char *name, struct gfs_index_value *ret_value)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_value value;
	enum gfs_type type;
	const char *colon = strchr(name, ':');
	if (!colon || gfs_type_from_name(gfs_slice(name, (size_t)(colon - name)), &type) != 0)
		return GFS_ERR_NOTFOUND;
	gfs_name_decode(colon + 1, &text);
	int err = gfs_buf_failed(&text);
	if (!err && type == GFS_TYPE_BYTES)
		err = read_hex(&text);
	if (err)
		return err;
	if (type == GFS_TYPE_STRING || type == GFS_TYPE_BYTES)
		value = (struct gfs_value){ .type = type, .bytes = gfs_buf_slice(&text) }; /* a newline at the end is its own */
	else if (gfs_value_parse(type, gfs_buf_slice(&text), &arena, &value) != 0)
		return GFS_ERR_NOTFOUND;
	err = gfs_index_value_make(&value, ret_value);
	return err == GFS_ERR_ILSEQ || err == GFS_ERR_LIMIT ? GFS_ERR_NOTFOUND : err;
}

int gfs_index_name_read(struct gfs_graph *graph, uint16_t index, const char *name, struct gfs_index_value *ret_value)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	struct gfs_name_read read;
	struct gfs_value value;
	int err = gfs_name_read(name, false, &text, &read);
	if (err == GFS_ERR_NOMEM)
		return err;
	if (!err && read.id != 0)
		return gfs_index_value_of(graph, index, read.id, ret_value);
	if (name[0] == '@')
		return read_marked(name + 1, ret_value);
	gfs_buf_clear(&text);
	gfs_name_decode(name, &text);
	err = gfs_buf_failed(&text);
	if (err)
		return err;
	gfs_value_infer(gfs_buf_slice(&text), &value);
	if (value.newline || value.type == GFS_TYPE_BYTES)
		return GFS_ERR_NOTFOUND; /* a string's last newline would be lost: that one is @string: */
	return gfs_index_value_make(&value, ret_value);
}
