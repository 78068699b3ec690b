/* What the output*.c files share. Nobody else includes this. */
#ifndef GFS_QUERY_OUTPUT_PRIVATE_H
#define GFS_QUERY_OUTPUT_PRIVATE_H

#include "query/output.h"

struct gfs_output {
	struct gfs_result *result;
	enum gfs_output_format format;
	struct gfs_query_error *error;
	size_t columns;
	uint64_t rows;  /* told so far */
	bool begun;     /* the head is told */
	size_t *widths; /* TABLE: of the columns; owned */
};

/* A batch of rows of one format; `rows` has count * columns values. The first call writes the head too. */
int gfs_output_table_rows(
	struct gfs_output *o, const struct gfs_datum *rows, size_t count, struct gfs_buf *out) GFS_CHECK;
int gfs_output_csv_rows(
	struct gfs_output *o, const struct gfs_datum *rows, size_t count, struct gfs_buf *out) GFS_CHECK;
int gfs_output_json_rows(
	struct gfs_output *o, const struct gfs_datum *rows, size_t count, struct gfs_buf *out) GFS_CHECK;
/* What comes after the last row. */
void gfs_output_table_end(struct gfs_output *o, struct gfs_buf *out);
void gfs_output_json_end(struct gfs_output *o, struct gfs_buf *out);

/* Appends a value in Cypher's notation; a string at the top as it is. */
int gfs_output_cell(struct gfs_output *o, struct gfs_datum d, struct gfs_buf *out) GFS_CHECK;

#endif
