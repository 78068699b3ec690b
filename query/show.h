/* Values as text for people: toString(), string + value, tables of results. */
#ifndef GFS_QUERY_SHOW_H
#define GFS_QUERY_SHOW_H

#include "base/buf.h"
#include "query/datum.h"

/* Appends the text that toString() gives: a string as it is, booleans, numbers, temporal values and points. Nothing for other types. Out of
 * memory is remembered by `out`. */
void gfs_show_scalar(struct gfs_datum d, struct gfs_buf *out);

#endif
