/* Results as text: an aligned table, CSV, JSON, and JSON that keeps the types.
 *
 *   table  columns between bars, as wide as their widest cell of the first batch of rows; numbers to the right; the number of rows below
 *   csv    RFC 4180 with a line of column names and line feeds; a null is empty, an empty string ""
 *   json   an array of objects, one a line, by column: temporal values and points as text, floats that are not finite as null
 *   typed  one object: query/typed_json.h
 *
 * In table and csv strings at the top are as they are (a table shows control characters as escapes, so that a row is one line); all else is
 * in Cypher's notation: null, true, [1, 'a'], {k: 1}, 2015-07-21, (:Label {k: 1}), [:TYPE {k: 1}], paths (:A)-[:T]->(:B). */
#ifndef GFS_QUERY_OUTPUT_H
#define GFS_QUERY_OUTPUT_H

#include "base/buf.h"
#include "query/query.h"

enum gfs_output_format { GFS_OUTPUT_TABLE, GFS_OUTPUT_CSV, GFS_OUTPUT_JSON, GFS_OUTPUT_TYPED };

/* By name: "table", "csv", "json", "typed". GFS_ERR_INVALID. */
int gfs_output_format_from_name(struct gfs_slice name, enum gfs_output_format *ret_format) GFS_CHECK;

struct gfs_output;

/* `result` and `error` must outlive it. GFS_ERR_NOMEM. */
int gfs_output_new(struct gfs_result *result, enum gfs_output_format format, struct gfs_query_error *error,
	struct gfs_output **ret_output) GFS_CHECK;
/* Appends the text of some more rows (typed: of all); *ret_done: that was the end of the text. May read the graph, as gfs_result_next. */
int gfs_output_next(struct gfs_output *output, struct gfs_buf *out, bool *ret_done) GFS_CHECK;
/* NULL is fine. */
void gfs_output_free(struct gfs_output *output);

#endif
