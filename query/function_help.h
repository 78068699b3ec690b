/* What SHOW FUNCTIONS tells of functions and aggregates. */
#ifndef GFS_QUERY_FUNCTION_HELP_H
#define GFS_QUERY_FUNCTION_HELP_H

#include "base/bytes.h"

struct gfs_function_help {
	const char *category;  /* "String" */
	const char *signature; /* "left(text :: STRING, length :: INTEGER) :: STRING": begins with the name */
	const char *description;
};

/* In any case of letters. Every function and aggregate has one; NULL: there is none of this name. */
const struct gfs_function_help *gfs_function_help_find(struct gfs_slice name);
/* The i-th; NULL past the last. */
const struct gfs_function_help *gfs_function_help_at(size_t i);

#endif
