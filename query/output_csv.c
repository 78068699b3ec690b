/* CSV by RFC 4180, with line feeds alone between the lines. */
#include "query/output_private.h"

static bool needs_quotes(struct gfs_slice cell)
{
	for (size_t i = 0; i < cell.size; i++) {
		if (cell.data[i] == '"' || cell.data[i] == ',' || cell.data[i] == '\n' || cell.data[i] == '\r')
			return true;
	}
	return cell.size == 0;
}

static void put_cell(struct gfs_slice cell, struct gfs_buf *out)
{
	if (!needs_quotes(cell)) {
		gfs_buf_append(out, cell.data, cell.size);
		return;
	}
	gfs_buf_append_u8(out, '"');
	for (size_t i = 0; i < cell.size; i++) {
		if (cell.data[i] == '"')
			gfs_buf_append_u8(out, '"');
		gfs_buf_append_u8(out, cell.data[i]);
	}
	gfs_buf_append_u8(out, '"');
}

static void put_separator(const struct gfs_output *o, size_t column, struct gfs_buf *out)
{
	gfs_buf_append_u8(out, column + 1 == o->columns ? '\n' : ',');
}

int gfs_output_csv_rows(struct gfs_output *o, const struct gfs_datum *rows, size_t count, struct gfs_buf *out)
{
	GFS_AUTO_BUF cell = GFS_BUF_INIT;
	for (size_t c = 0; !o->begun && c < o->columns; c++) {
		put_cell(gfs_result_column(o->result, c), out);
		put_separator(o, c, out);
	}
	for (size_t i = 0; i < count * o->columns; i++) {
		gfs_buf_clear(&cell);
		int err = gfs_datum_is_null(rows[i]) ? 0 : gfs_output_cell(o, rows[i], &cell);
		if (err != 0)
			return err;
		if (!gfs_datum_is_null(rows[i]))
			put_cell(gfs_buf_slice(&cell), out);
		out->failed = out->failed || cell.failed;
		put_separator(o, i % o->columns, out);
	}
	return 0;
}
