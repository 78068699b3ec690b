/* A statement's text to its plan: from the cache, or made. */
#include "query/engine.h"

#include "base/checked.h"
#include "base/clock.h"

#include <assert.h>
#include <stdatomic.h>

/* ---- what plans and answers depend on ---- */

/* Counts below this are all the same to a plan; above, every factor of four makes another one. */
#define FEW 1024u

static uint64_t about(uint64_t count)
{
	return count < FEW ? 0 : (uint64_t)(63 - __builtin_clzll(count)) / 2;
}

static uint64_t name_version(struct gfs_engine *engine, uint32_t kind, uint32_t id, bool counts)
{
	struct gfs_catalog_entry entry;
	if (gfs_catalog_get(gfs_graph_catalog(engine->graph), (enum gfs_catalog_kind)kind, (uint16_t)id, &entry) != 0)
		return 0;
	return counts ? about(entry.count) : entry.version;
}

uint64_t gfs_engine_version(void *context, uint32_t kind, uint32_t id)
{
	struct gfs_engine *engine = context;
	struct gfs_store *store = gfs_graph_store(engine->graph);
	switch (kind) {
	case GFS_STAMP_LABEL:
	case GFS_STAMP_TYPE:
	case GFS_STAMP_KEY:
		return name_version(engine, kind, id, false);
	case GFS_STAMP_NODES:
		return gfs_store_counter(store, GFS_COUNTER_ROOT_MTIME);
	case GFS_STAMP_SCHEMA:
		return gfs_index_generation(engine->graph);
	case GFS_STAMP_ABOUT:
		if (id == 0)
			return about(gfs_store_counter(store, GFS_COUNTER_NODES));
		return name_version(engine, id >> 16, id & 0xffff, true);
	default:
		return gfs_wal_end_lsn(gfs_store_wal(store));
	}
}

static_assert((int)GFS_STAMP_LABEL == (int)GFS_CATALOG_LABEL && (int)GFS_STAMP_TYPE == (int)GFS_CATALOG_TYPE &&
		(int)GFS_STAMP_KEY == (int)GFS_CATALOG_KEY,
	"stamps of names have the catalog's kinds");

/* ---- making one ---- */

struct compiling {
	const struct gfs_engine *engine;
	const struct gfs_run_opts *opts;
};

static const struct gfs_procedure *find_procedure(void *context, struct gfs_slice name)
{
	const struct compiling *compiling = context;
	return gfs_procedures_find(compiling->engine->procedures, name);
}

const struct gfs_param *gfs_param_find(const struct gfs_run_opts *opts, struct gfs_slice name)
{
	for (size_t i = 0; i < opts->param_count; i++)
		if (gfs_slice_equal(opts->params[i].name, name))
			return &opts->params[i];
	return NULL;
}

static bool find_value(void *context, struct gfs_slice name, struct gfs_datum *ret_value)
{
	const struct compiling *compiling = context;
	const struct gfs_param *param = gfs_param_find(compiling->opts, name);
	if (param != NULL)
		*ret_value = param->value;
	return param != NULL;
}

static int parse_and_check(struct gfs_result *result, struct gfs_slice text, const struct gfs_run_opts *opts)
{
	struct compiling compiling = { result->engine, opts };
	const struct gfs_check_env env = { .procedure = find_procedure, .parameter = find_value, .context = &compiling };
	struct gfs_shared_plan *shared = result->shared;
	struct gfs_arena *arena = &shared->plan.arena;
	struct gfs_slice kept = gfs_arena_copy(arena, text);
	if (kept.data == NULL)
		return gfs_query_fail_store(&result->error, GFS_ERR_NOMEM);
	int err = gfs_parse(kept, arena, &shared->statement, &result->error);
	if (err == 0 && result->normal.count != 0 && shared->statement->kind == GFS_STATEMENT_QUERY &&
		gfs_normal_lift(&result->normal, shared->statement, arena) != 0)
		err = gfs_query_fail_store(&result->error, GFS_ERR_NOMEM);
	if (err == 0)
		err = gfs_check_statement(shared->statement, &env, arena, &result->error);
	return err;
}

static bool is_cacheable(const struct gfs_shared_plan *shared)
{
	return shared->statement->mode == GFS_MODE_RUN && !shared->statement->cache_off && !shared->plan.calls;
}

static int make(struct gfs_result *result, struct gfs_slice text, const struct gfs_run_opts *opts, bool keep)
{
	struct gfs_graph *graph = result->engine->graph;
	uint64_t start_ns = gfs_clock_mono_ns();
	struct gfs_shared_plan *shared = gfs_shared_plan_new();
	if (shared == NULL)
		return gfs_query_fail_store(&result->error, GFS_ERR_NOMEM);
	result->shared = shared;
	result->plan_held = &shared->cached;
	int err = parse_and_check(result, text, opts);
	if (err != 0 || shared->statement->kind != GFS_STATEMENT_QUERY)
		return err;
	gfs_graph_read_begin(graph);
	err = gfs_plan_make(
		&shared->plan, shared->statement, graph, GFS_PASS_ALL & ~result->engine->opts.passes_off, &result->error);
	if (err == 0 && keep && is_cacheable(shared))
		gfs_plan_cache_keep(result, text, gfs_clock_mono_ns() - start_ns);
	gfs_graph_read_end(graph);
	return err;
}

int gfs_compile(struct gfs_result *result, struct gfs_slice text, const struct gfs_run_opts *opts)
{
	struct gfs_engine *engine = result->engine;
	bool cache = !result->limits.plan_cache_off && !opts->no_cache && !gfs_admin_is_terminate(text), found = false;
	if (cache) {
		gfs_graph_read_begin(engine->graph);
		found = gfs_plan_cache_find(result, text);
		gfs_graph_read_end(engine->graph);
		atomic_fetch_add_explicit(found ? &engine->plan_hits : &engine->plan_misses, 1, memory_order_relaxed);
	}
	int err = found ? 0 : make(result, text, opts, cache);
	if (err != 0)
		return err;
	result->columns = result->shared->plan.columns;
	result->column_count = result->shared->plan.column_count;
	return 0;
}
