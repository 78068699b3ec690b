/* Property values (graph/value.h) to and from a query's values. */
#ifndef GFS_QUERY_DATUM_VALUE_H
#define GFS_QUERY_DATUM_VALUE_H

#include "base/arena.h"
#include "graph/value.h"
#include "query/datum.h"

/* Lists are made anew in `arena`; strings, bytes, temporal values and points stay where `value` has them. GFS_ERR_NOMEM, GFS_ERR_LIMIT (a
 * string or list of more than UINT32_MAX). */
int gfs_datum_from_value(const struct gfs_value *value, struct gfs_arena *arena, struct gfs_datum *ret_datum) GFS_CHECK;

/* What a property keeps: the newline that property files end with (but for bytes), `declared` where the text would give another type. A
 * null becomes GFS_TYPE_NULL, which removes a property. GFS_ERR_INVALID for maps, nodes, relationships and paths, inside lists too;
 * GFS_ERR_LIMIT for a list that nests deeper than GFS_VALUE_DEPTH_MAX; GFS_ERR_NOMEM. */
int gfs_datum_to_value(struct gfs_datum datum, struct gfs_arena *arena, struct gfs_value *ret_value) GFS_CHECK;

/* The property type of a temporal value. */
enum gfs_type gfs_datum_temporal_type(struct gfs_datum d);

#endif
