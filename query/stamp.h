/* What plans, answers and columns in the query layer of the caches depend on. */
#ifndef GFS_QUERY_STAMP_H
#define GFS_QUERY_STAMP_H

#include "cache/results.h"

struct gfs_engine;

enum gfs_stamp_kind {
	GFS_STAMP_LABEL = 1, /* as in enum gfs_catalog_kind: the version of the name */
	GFS_STAMP_TYPE = 2,
	GFS_STAMP_KEY = 3,
	GFS_STAMP_NODES,    /* which nodes there are, and their keys */
	GFS_STAMP_ANYTHING, /* the end of the log */
	GFS_STAMP_SCHEMA,   /* indexes */
	GFS_STAMP_ABOUT,    /* id: kind << 16 | name: roughly how many there are */
};

/* The version of now, under the graph lock. `context` is the engine. */
uint64_t gfs_engine_version(void *context, uint32_t kind, uint32_t id);
struct gfs_results *gfs_engine_cache(struct gfs_engine *engine);

#endif
