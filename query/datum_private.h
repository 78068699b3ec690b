/* What the datum*.c files share. Nobody else includes this. */
#ifndef GFS_QUERY_DATUM_PRIVATE_H
#define GFS_QUERY_DATUM_PRIVATE_H

#include "query/datum.h"

/* -1, 0, 1 */
static inline int gfs_integer_order(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

/* By bytes; a prefix is first. */
int gfs_slice_order(struct gfs_slice a, struct gfs_slice b);
/* Exact, beyond 2^53 too. Neither is a NaN. */
int gfs_number_order(struct gfs_datum a, struct gfs_datum b);
/* Temporal types: both of type `type`. */
int gfs_datum_temporal_order(enum gfs_datum_type type, const struct gfs_temporal *a, const struct gfs_temporal *b);

static inline bool gfs_datum_is_temporal(struct gfs_datum d)
{
	return d.type >= GFS_DATUM_DATETIME && d.type <= GFS_DATUM_DURATION;
}

/* What toString() takes: neither an entity nor made of other values. */
static inline bool gfs_datum_is_scalar(struct gfs_datum d)
{
	return d.type == GFS_DATUM_STRING || d.type == GFS_DATUM_BOOLEAN || d.type == GFS_DATUM_POINT ||
		gfs_datum_is_number(d) || gfs_datum_is_temporal(d);
}

#endif
