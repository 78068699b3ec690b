/* A set of values by equivalence, in an arena. Starts as { 0 }; ends with its arena. */
#ifndef GFS_QUERY_DATUM_SET_H
#define GFS_QUERY_DATUM_SET_H

#include "base/arena.h"
#include "query/datum.h"

struct gfs_datum_set_slot;

struct gfs_datum_set {
	struct gfs_datum_set_slot *slots;
	size_t capacity, count;
};

/* Adds `d`, copied; *ret_new false when it was there. GFS_ERR_NOMEM. */
int gfs_datum_set_add(struct gfs_datum_set *set, struct gfs_arena *arena, struct gfs_datum d, bool *ret_new) GFS_CHECK;

#endif
