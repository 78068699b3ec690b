/* Results as text, batch by batch. */
#include "base/checked.h"
#include "query/output_private.h"
#include "query/typed_json.h"

#include <stdlib.h>

int gfs_output_format_from_name(struct gfs_slice name, enum gfs_output_format *ret_format)
{
	static const char *const names[] = { "table", "csv", "json", "typed" };
	for (size_t i = 0; i < GFS_COUNT(names); i++) {
		if (gfs_slice_equal(name, gfs_slice_text(names[i]))) {
			*ret_format = (enum gfs_output_format)i;
			return 0;
		}
	}
	return GFS_ERR_INVALID;
}

int gfs_output_new(struct gfs_result *result, enum gfs_output_format format, struct gfs_query_error *error,
	struct gfs_output **ret_output)
{
	size_t columns = gfs_result_column_count(result);
	struct gfs_output *o = malloc(sizeof *o);
	size_t *widths = calloc(columns + 1, sizeof *widths);
	if (o == NULL || widths == NULL) {
		free(o);
		free(widths);
		return gfs_query_fail_store(error, GFS_ERR_NOMEM);
	}
	*o = (struct gfs_output){
		.result = result, .format = format, .error = error, .columns = columns, .widths = widths
	};
	*ret_output = o;
	return 0;
}

void gfs_output_free(struct gfs_output *output)
{
	if (output != NULL)
		free(output->widths);
	free(output);
}

static int put_rows(struct gfs_output *o, const struct gfs_datum *rows, size_t count, struct gfs_buf *out)
{
	if (o->format == GFS_OUTPUT_TABLE)
		return gfs_output_table_rows(o, rows, count, out);
	if (o->format == GFS_OUTPUT_CSV)
		return gfs_output_csv_rows(o, rows, count, out);
	return gfs_output_json_rows(o, rows, count, out);
}

static void put_end(struct gfs_output *o, struct gfs_buf *out)
{
	if (o->format == GFS_OUTPUT_TABLE)
		gfs_output_table_end(o, out);
	else if (o->format == GFS_OUTPUT_JSON)
		gfs_output_json_end(o, out);
}

int gfs_output_next(struct gfs_output *o, struct gfs_buf *out, bool *ret_done)
{
	const struct gfs_datum *rows = NULL;
	size_t count = 0;
	*ret_done = true;
	/* A statement without columns has nothing to show but that it ran. */
	if (o->columns == 0 && o->format != GFS_OUTPUT_TYPED)
		return 0;
	if (o->format == GFS_OUTPUT_TYPED) {
		int err = gfs_typed_json_result(o->result, out, o->error);
		gfs_buf_append_u8(out, '\n');
		return err != 0 || gfs_buf_failed(out) == 0 ? err : gfs_query_fail_store(o->error, GFS_ERR_NOMEM);
	}
	int err = gfs_result_next(o->result, &rows, &count, o->error);
	if (err == 0 && (count != 0 || !o->begun))
		err = put_rows(o, rows, count, out);
	if (err != 0)
		return err;
	o->begun = true;
	o->rows += count;
	*ret_done = count == 0;
	if (*ret_done)
		put_end(o, out);
	return gfs_buf_failed(out) == 0 ? 0 : gfs_query_fail_store(o->error, GFS_ERR_NOMEM);
}
