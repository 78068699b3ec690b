/* Tables for people. Widths are counted as a terminal shows them: wide characters as two, marks that join another as none. */
#include "base/checked.h"
#include "base/utf8.h"
#include "query/output_private.h"

#include <assert.h>
#include <unicode/uchar.h>

/* A cell wider than that does not widen its column. */
enum { WIDTH_MAX = 60 };

static size_t point_width(uint32_t point)
{
	if (point < 0x300)
		return 1;
	int category = u_charType((UChar32)point);
	if (category == U_NON_SPACING_MARK || category == U_ENCLOSING_MARK || category == U_FORMAT_CHAR)
		return 0;
	int wide = u_getIntPropertyValue((UChar32)point, UCHAR_EAST_ASIAN_WIDTH);
	return wide == U_EA_WIDE || wide == U_EA_FULLWIDTH ? 2 : 1;
}

static size_t text_width(struct gfs_slice text)
{
	size_t width = 0;
	uint32_t point = 0;
	for (size_t i = 0; i < text.size;) {
		size_t size = gfs_utf8_next(text.data + i, text.size - i, &point);
		width += size == 0 ? 1 : point_width(point);
		i += GFS_MAX(size, (size_t)1);
	}
	return width;
}

/* One line of text: control characters as escapes. */
static void put_line(struct gfs_slice text, struct gfs_buf *out)
{
	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = text.data[i];
		if (c == '\n')
			gfs_buf_append_text(out, "\\n");
		else if (c == '\t')
			gfs_buf_append_text(out, "\\t");
		else if (c == '\r')
			gfs_buf_append_text(out, "\\r");
		else if (c < 0x20 || c == 0x7f)
			gfs_buf_printf(out, "\\u%04x", c);
		else if (c == 0xc2 && i + 1 < text.size &&
			(text.data[i + 1] & 0xe0) == 0x80) /* U+0080 to U+009F: CSI and its kin */
			gfs_buf_printf(out, "\\u%04x", text.data[++i]);
		else
			gfs_buf_append_u8(out, c);
	}
}

static void put_blanks(size_t count, struct gfs_buf *out)
{
	while (count-- != 0)
		gfs_buf_append_u8(out, ' ');
}

static void put_cell(struct gfs_slice cell, size_t width, bool right, struct gfs_buf *out)
{
	size_t own = text_width(cell);
	size_t blanks = own < width ? width - own : 0;
	gfs_buf_append_text(out, "| ");
	if (right)
		put_blanks(blanks, out);
	gfs_buf_append(out, cell.data, cell.size);
	if (!right)
		put_blanks(blanks, out);
	gfs_buf_append_u8(out, ' ');
}

static void put_rule(const struct gfs_output *o, struct gfs_buf *out)
{
	for (size_t c = 0; c < o->columns; c++) {
		gfs_buf_append_u8(out, '+');
		for (size_t i = 0; i < o->widths[c] + 2; i++)
			gfs_buf_append_u8(out, '-');
	}
	gfs_buf_append_text(out, "+\n");
}

static void put_head(const struct gfs_output *o, struct gfs_buf *out)
{
	put_rule(o, out);
	for (size_t c = 0; c < o->columns; c++) {
		GFS_AUTO_BUF name = GFS_BUF_INIT;
		put_line(gfs_result_column(o->result, c), &name);
		put_cell(gfs_buf_slice(&name), o->widths[c], false, out);
		out->failed = out->failed || name.failed;
	}
	gfs_buf_append_text(out, "|\n");
	put_rule(o, out);
}

/* ---- a batch: its cells one after the other, and where each ends ---- */

struct cells {
	struct gfs_buf text;
	struct gfs_buf ends; /* size_t each */
};

static struct gfs_slice cell_at(const struct cells *cells, size_t i)
{
	const size_t *ends = (const void *)cells->ends.data;
	assert(ends != NULL && i < cells->ends.size / sizeof *ends);
	size_t from = i == 0 ? 0 : ends[i - 1];
	return gfs_slice(cells->text.data + from, ends[i] - from);
}

static int make_cells(struct gfs_output *o, const struct gfs_datum *rows, size_t count, struct cells *cells)
{
	GFS_AUTO_BUF raw = GFS_BUF_INIT;
	for (size_t i = 0; i < count * o->columns; i++) {
		gfs_buf_clear(&raw);
		int err = gfs_output_cell(o, rows[i], &raw);
		if (err != 0)
			return err;
		put_line(gfs_buf_slice(&raw), &cells->text);
		size_t end = cells->text.size;
		gfs_buf_append(&cells->ends, &end, sizeof end);
		cells->text.failed = cells->text.failed || raw.failed;
	}
	bool failed = gfs_buf_failed(&cells->text) != 0 || gfs_buf_failed(&cells->ends) != 0;
	return failed ? gfs_query_fail_store(o->error, GFS_ERR_NOMEM) : 0;
}

static void widen(struct gfs_output *o, const struct cells *cells, size_t count)
{
	for (size_t c = 0; c < o->columns; c++)
		o->widths[c] = text_width(gfs_result_column(o->result, c));
	for (size_t i = 0; i < count * o->columns; i++) {
		size_t *width = &o->widths[i % o->columns];
		size_t own = text_width(cell_at(cells, i));
		*width = GFS_MAX(*width, GFS_MIN(own, (size_t)WIDTH_MAX));
	}
}

static void put_cells(const struct gfs_output *o, const struct gfs_datum *rows, const struct cells *cells, size_t count,
	struct gfs_buf *out)
{
	for (size_t i = 0; i < count * o->columns; i++) {
		size_t column = i % o->columns;
		put_cell(cell_at(cells, i), o->widths[column], gfs_datum_is_number(rows[i]), out);
		if (column + 1 == o->columns)
			gfs_buf_append_text(out, "|\n");
	}
}

int gfs_output_table_rows(struct gfs_output *o, const struct gfs_datum *rows, size_t count, struct gfs_buf *out)
{
	struct cells cells = { 0 };
	int err = make_cells(o, rows, count, &cells);
	if (err == 0) {
		if (!o->begun) {
			widen(o, &cells, count);
			put_head(o, out);
		}
		put_cells(o, rows, &cells, count, out);
	}
	gfs_buf_release(&cells.text);
	gfs_buf_release(&cells.ends);
	return err;
}

void gfs_output_table_end(struct gfs_output *o, struct gfs_buf *out)
{
	put_rule(o, out);
	gfs_buf_printf(out, "%llu row%s\n", (unsigned long long)o->rows, o->rows == 1 ? "" : "s");
}
