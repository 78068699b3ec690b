#include "query/engine.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

static void set_limits(struct gfs_engine *engine, const struct gfs_engine_limits *limits)
{
	engine->limits = *limits;
	if (limits->memory_bytes_max == 0)
		engine->limits.memory_bytes_max = GFS_QUERY_MEMORY_BYTES_MAX;
	if (limits->rows_max == 0)
		engine->limits.rows_max = GFS_QUERY_ROWS_MAX;
	if (limits->time_ms_max == 0)
		engine->limits.time_ms_max = GFS_QUERY_TIME_MS_MAX;
}

int gfs_engine_new(struct gfs_graph *graph, const struct gfs_engine_opts *opts, struct gfs_engine **ret_engine)
{
	struct gfs_engine *engine = calloc(1, sizeof *engine);
	if (engine == NULL)
		return GFS_ERR_NOMEM;
	engine->graph = graph;
	if (opts != NULL)
		engine->opts = *opts;
	set_limits(engine,
		&(struct gfs_engine_limits){
			.memory_bytes_max = engine->opts.memory_bytes_max,
			.rows_max = engine->opts.rows_max,
			.time_ms_max = engine->opts.time_ms_max,
			.slow_ms = engine->opts.slow_ms,
			.plan_cache_off = engine->opts.plan_cache_off,
			.result_cache_off = engine->opts.result_cache_off,
		});
	int err = gfs_procedures_new(&engine->procedures);
	if (err == 0)
		err = gfs_results_new(gfs_store_cache_budget(gfs_graph_store(graph)), &engine->cache);
	if (err != 0) {
		gfs_procedures_free(engine->procedures);
		free(engine);
		return err;
	}
	gfs_mutex_init(&engine->lock, GFS_RANK_LEAF);
	engine->next_id = 1;
	*ret_engine = engine;
	return 0;
}

void gfs_engine_free(struct gfs_engine *engine)
{
	if (engine == NULL)
		return;
	assert(engine->running == NULL);
	gfs_result_pool_release(engine);
	gfs_results_free(engine->cache);
	gfs_procedures_free(engine->procedures);
	gfs_mutex_release(&engine->lock);
	free(engine);
}

struct gfs_procedures *gfs_engine_procedures(struct gfs_engine *engine)
{
	return engine->procedures;
}

struct gfs_results *gfs_engine_cache(struct gfs_engine *engine)
{
	return engine->cache;
}

void gfs_engine_limits_get(struct gfs_engine *engine, struct gfs_engine_limits *ret_limits)
{
	gfs_mutex_lock(&engine->lock);
	*ret_limits = engine->limits;
	gfs_mutex_unlock(&engine->lock);
}

void gfs_engine_limits_change(
	struct gfs_engine *engine, void (*change)(struct gfs_engine_limits *limits, uint64_t value), uint64_t value)
{
	gfs_mutex_lock(&engine->lock);
	struct gfs_engine_limits limits = engine->limits;
	change(&limits, value);
	set_limits(engine, &limits);
	gfs_mutex_unlock(&engine->lock);
}

void gfs_engine_stats(struct gfs_engine *engine, struct gfs_engine_stats *ret_stats)
{
	*ret_stats = (struct gfs_engine_stats){
		.plan_hits = atomic_load_explicit(&engine->plan_hits, memory_order_relaxed),
		.plan_misses = atomic_load_explicit(&engine->plan_misses, memory_order_relaxed),
		.answer_hits = atomic_load_explicit(&engine->answer_hits, memory_order_relaxed),
		.answer_misses = atomic_load_explicit(&engine->answer_misses, memory_order_relaxed),
	};
}
