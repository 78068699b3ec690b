/* Reading the CSV files of LOAD CSV: below one folder, through no symbolic link. RFC 4180: fields in double quotes may hold separators, line ends and doubled
 * quotes; lines end with LF or CRLF. */
#ifndef GFS_QUERY_LOAD_CSV_H
#define GFS_QUERY_LOAD_CSV_H

#include "base/buf.h"
#include "query/exec.h"

struct gfs_load {
	int fd; /* of an open one */
	bool open;
	char separator;
	uint64_t offset; /* of the file: what was read */
	uint64_t line;
	uint8_t *chunk;      /* owned */
	size_t at, size;     /* in the chunk */
	struct gfs_buf text; /* of the fields of a line, one after the other */
	struct gfs_buf ends; /* uint64_t each: where in `text` each ends */
	const struct gfs_query_pos *pos;
};

/* items NULL: there was no line. */
struct gfs_load_fields {
	struct gfs_slice *items;
	uint32_t count;
};

/* `url` is a path below the folder of the engine, also as file:///path. `csv` is zero or was closed; errors are filled into exec->error. */
int gfs_load_open(struct gfs_load *csv, struct gfs_exec *exec, struct gfs_slice url, char separator,
	const struct gfs_query_pos *pos) GFS_CHECK;
/* The next line that is not empty; texts in `arena`. */
int gfs_load_next(
	struct gfs_load *csv, struct gfs_exec *exec, struct gfs_arena *arena, struct gfs_load_fields *ret_fields) GFS_CHECK;
/* One that is not open is fine. */
void gfs_load_close(struct gfs_load *csv);

#endif
