#include "query/error.h"

#include "base/buf.h"
#include "base/utf8.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

/* Of a line that is longer, the part around the place is shown. */
enum { SHOWN_BYTES_MAX = 160, SHOWN_BYTES_BEFORE = 100 };

int gfs_query_fail(struct gfs_query_error *error, enum gfs_query_error_kind kind, enum gfs_query_phase phase,
	const char *detail, const struct gfs_query_pos *pos, const char *format, ...)
{
	assert(kind != GFS_QUERY_OK && detail != NULL);
	if (error->kind != GFS_QUERY_OK)
		return error->err;
	error->kind = kind;
	error->phase = phase;
	error->detail = detail;
	error->pos = pos != NULL ? *pos : (struct gfs_query_pos){ 0 };
	error->err = GFS_ERR_INVALID;
	va_list args;
	va_start(args, format);
	(void)vsnprintf(error->message, sizeof error->message, format, args); /* a message that is cut is still one */
	va_end(args);
	return error->err;
}

static enum gfs_query_error_kind kind_of(int err)
{
	switch (err) {
	case GFS_ERR_LIMIT:
	case GFS_ERR_TOOBIG:
		return GFS_QUERY_LIMIT_ERROR;
	case GFS_ERR_EXISTS:
		return GFS_QUERY_CONSTRAINT_VALIDATION_ERROR;
	default:
		return GFS_QUERY_STORE_ERROR;
	}
}

static const char *detail_of(int err)
{
	switch (err) {
#define X(code, number, text)                                                                                          \
	case GFS_ERR_##code:                                                                                               \
		return #code;
		GFS_ERRORS(X)
#undef X
	default:
		return "Unknown";
	}
}

int gfs_query_fail_store(struct gfs_query_error *error, int err)
{
	assert(err != 0);
	(void)gfs_query_fail(error, kind_of(err), GFS_QUERY_RUNTIME, detail_of(err), NULL, "%s",
		gfs_err_text(err)); /* `err` is the answer */
	error->err = err;
	return err;
}

const char *gfs_query_error_kind_name(enum gfs_query_error_kind kind)
{
	switch (kind) {
#define X(code, name)                                                                                                  \
	case GFS_QUERY_##code##_ERROR:                                                                                     \
		return name;
		GFS_QUERY_ERROR_KINDS(X)
#undef X
	case GFS_QUERY_OK:
		break;
	}
	return "";
}

/* The line around `offset`, cut to what is shown, at whole characters. */
static struct gfs_slice line_around(struct gfs_slice text, size_t offset)
{
	size_t from = offset, to = offset;
	while (from > 0 && text.data[from - 1] != '\n' && offset - from < SHOWN_BYTES_BEFORE)
		from--;
	while (from < offset && (text.data[from] & 0xC0) == 0x80)
		from++;
	while (to < text.size && text.data[to] != '\n' && text.data[to] != '\r' && to - from < SHOWN_BYTES_MAX)
		to++;
	while (to > offset && to < text.size && (text.data[to] & 0xC0) == 0x80)
		to--;
	return gfs_slice(text.data + from, to - from);
}

void gfs_query_error_show(const struct gfs_query_error *error, struct gfs_slice text, struct gfs_buf *out)
{
	const char *kind = gfs_query_error_kind_name(error->kind);
	gfs_buf_printf(out, "%s (%s): %s\n", kind, error->detail != NULL ? error->detail : "", error->message);
	if (error->pos.line == 0 || error->pos.offset > text.size)
		return;
	struct gfs_slice line = line_around(text, error->pos.offset);
	gfs_buf_printf(out, "line %u, column %u:\n", error->pos.line, error->pos.column);
	gfs_buf_append(out, line.data, line.size);
	gfs_buf_append_text(out, "\n");
	/* Tabs stay tabs, so that the caret stands under its place. */
	size_t before = error->pos.offset - (size_t)(line.data - text.data);
	for (size_t i = 0; i < before; i++) {
		if ((line.data[i] & 0xC0) != 0x80)
			gfs_buf_append_u8(out, line.data[i] == '\t' ? '\t' : ' ');
	}
	gfs_buf_append_text(out, "^\n");
}
