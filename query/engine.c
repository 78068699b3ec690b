#include "query/engine.h"

#include <stdlib.h>

int gfs_engine_new(struct gfs_graph *graph, const struct gfs_engine_opts *opts, struct gfs_engine **ret_engine)
{
	struct gfs_engine *engine = calloc(1, sizeof *engine);
	if (engine == NULL)
		return GFS_ERR_NOMEM;
	engine->graph = graph;
	if (opts != NULL)
		engine->opts = *opts;
	if (engine->opts.memory_bytes_max == 0)
		engine->opts.memory_bytes_max = GFS_QUERY_MEMORY_BYTES_MAX;
	if (engine->opts.rows_max == 0)
		engine->opts.rows_max = GFS_QUERY_ROWS_MAX;
	if (gfs_procedures_new(&engine->procedures) != 0) {
		free(engine);
		return GFS_ERR_NOMEM;
	}
	*ret_engine = engine;
	return 0;
}

void gfs_engine_free(struct gfs_engine *engine)
{
	if (engine == NULL)
		return;
	gfs_procedures_free(engine->procedures);
	free(engine);
}

struct gfs_procedures *gfs_engine_procedures(struct gfs_engine *engine)
{
	return engine->procedures;
}
