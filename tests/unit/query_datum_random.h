/* Random values of queries, the same for the same seed. */
#ifndef GFS_TESTS_UNIT_QUERY_DATUM_RANDOM_H
#define GFS_TESTS_UNIT_QUERY_DATUM_RANDOM_H

#include "query/datum.h"
#include "tests/unit/value_random.h"

/* Any value, with lists and maps at most `depth` deep; small ranges, so that equal ones are common. */
struct gfs_datum query_datum_random(struct value_random *random, struct gfs_arena *arena, unsigned int depth);
/* A temporal value of the type, within its rules. */
struct gfs_temporal *query_temporal_random(
	struct value_random *random, struct gfs_arena *arena, enum gfs_datum_type type);

#endif
