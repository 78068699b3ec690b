/* Types as statements write them: INTEGER, LIST<STRING NOT NULL>, FLOAT | INTEGER. */
#ifndef GFS_QUERY_VALUE_TYPE_H
#define GFS_QUERY_VALUE_TYPE_H

#include "query/datum.h"

/* One alternative of a type; `next` is the next one. Nests as deep as statements may. */
struct gfs_value_type {
	uint32_t types;              /* bits 1 << enum gfs_datum_type; NULL's unless NOT NULL follows */
	bool property;               /* PROPERTY VALUE: of lists only those that a property can hold */
	struct gfs_value_type *item; /* of lists; NULL: of anything */
	struct gfs_value_type *next;
};

/* Whether the value is of the type: x IS :: type. An empty list is a list of everything, and of NOTHING. */
bool gfs_value_type_has(const struct gfs_value_type *type, struct gfs_datum value);
/* Equality in form; both may be NULL. */
bool gfs_value_type_same(const struct gfs_value_type *a, const struct gfs_value_type *b);

#endif
