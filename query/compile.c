/* A statement's text to its plan: found under the text, or under its normalised form, or made. */
#include "query/engine.h"

#include "base/checked.h"
#include "base/clock.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

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

/* ---- the cache of plans ---- */

static void free_shared(struct gfs_cached *cached)
{
	struct gfs_shared_plan *shared = gfs_container_of(cached, struct gfs_shared_plan, cached);
	gfs_plan_release(&shared->plan);
	free(shared);
}

static bool make_key(struct gfs_buf *key, char form, struct gfs_slice text)
{
	gfs_buf_clear(key);
	gfs_buf_append_u8(key, (uint8_t)form);
	gfs_buf_append(key, text.data, text.size);
	return gfs_buf_failed(key) == 0;
}

static bool look_up(struct gfs_result *result, const struct gfs_buf *key)
{
	struct gfs_engine *engine = result->engine;
	struct gfs_cached *found = gfs_results_get(engine->cache, gfs_buf_slice(key), gfs_engine_version, engine);
	if (found != NULL)
		result->shared = gfs_container_of(found, struct gfs_shared_plan, cached);
	return found != NULL;
}

static void add_stamp(struct gfs_stamp *stamps, size_t *count, struct gfs_engine *engine, uint32_t kind, uint32_t id)
{
	stamps[*count] = (struct gfs_stamp){ .kind = kind, .id = id, .version = gfs_engine_version(engine, kind, id) };
	(*count)++;
}

/* A plan lives until indexes change, or the numbers that it was chosen by are quite different. */
static void keep(struct gfs_result *result, const struct gfs_buf *key, uint64_t cost_ns)
{
	struct gfs_engine *engine = result->engine;
	const struct gfs_plan *plan = &result->shared->plan;
	struct gfs_stamp stamps[GFS_STAMPS_MAX];
	size_t count = 0;
	add_stamp(stamps, &count, engine, GFS_STAMP_SCHEMA, 0);
	add_stamp(stamps, &count, engine, GFS_STAMP_ABOUT, 0);
	for (uint32_t i = 0; i < plan->name_count && count < GFS_STAMPS_MAX; i++) {
		const struct gfs_plan_name *name = &plan->names[i];
		uint16_t id;
		if (name->kind != GFS_CATALOG_KEY &&
			gfs_catalog_find(gfs_graph_catalog(engine->graph), (enum gfs_catalog_kind)name->kind, name->text, &id) == 0)
			add_stamp(stamps, &count, engine, GFS_STAMP_ABOUT, (uint32_t)name->kind << 16 | id);
	}
	(void)gfs_results_add(engine->cache,
		&(struct gfs_results_item){ .key = gfs_buf_slice(key),
			.stamps = stamps,
			.stamp_count = count,
			.cost_ns = cost_ns,
			.result = &result->shared->cached }); /* refused: it is made again next time */
}

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

static struct gfs_shared_plan *shared_new(struct gfs_result *result)
{
	struct gfs_shared_plan *shared = calloc(1, sizeof *shared);
	if (shared != NULL)
		gfs_cached_init(&shared->cached, sizeof *shared, free_shared);
	return result->shared = shared;
}

static int parse_and_check(
	struct gfs_result *result, struct gfs_slice text, const struct gfs_run_opts *opts, bool lifts)
{
	struct compiling compiling = { result->engine, opts };
	const struct gfs_check_env env = { .procedure = find_procedure, .parameter = find_value, .context = &compiling };
	struct gfs_shared_plan *shared = result->shared;
	struct gfs_arena *arena = &shared->plan.arena;
	struct gfs_slice kept = gfs_arena_copy(arena, text);
	if (kept.data == NULL)
		return gfs_query_fail_store(&result->error, GFS_ERR_NOMEM);
	int err = gfs_parse(kept, arena, &shared->statement, &result->error);
	if (err == 0 && lifts && shared->statement->kind == GFS_STATEMENT_QUERY &&
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

static int make(struct gfs_result *result, struct gfs_slice text, const struct gfs_run_opts *opts,
	const struct gfs_buf *key, bool lifts)
{
	struct gfs_graph *graph = result->engine->graph;
	uint64_t start_ns = gfs_clock_mono_ns();
	if (shared_new(result) == NULL)
		return gfs_query_fail_store(&result->error, GFS_ERR_NOMEM);
	int err = parse_and_check(result, text, opts, lifts);
	if (err != 0 || result->shared->statement->kind != GFS_STATEMENT_QUERY)
		return err;
	gfs_graph_read_begin(graph);
	err = gfs_plan_make(&result->shared->plan, result->shared->statement, graph,
		GFS_PASS_ALL & ~result->engine->opts.passes_off, &result->error);
	result->shared->cached.bytes += result->shared->plan.arena.bytes;
	if (err == 0 && key->size != 0 && is_cacheable(result->shared))
		keep(result, key, gfs_clock_mono_ns() - start_ns);
	gfs_graph_read_end(graph);
	return err;
}

/* ---- both ---- */

/* `key` is what it is kept under. The graph lock is held. */
static bool find(struct gfs_result *result, struct gfs_slice text, struct gfs_buf *key, bool *ret_lifts)
{
	*ret_lifts = false;
	if (!make_key(key, 'P', text))
		return false;
	if (look_up(result, key))
		return true;
	*ret_lifts = gfs_normalize(text, &result->exec.arena, &result->normal);
	return *ret_lifts && make_key(key, 'N', gfs_buf_slice(&result->normal.text)) && look_up(result, key);
}

int gfs_compile(struct gfs_result *result, struct gfs_slice text, const struct gfs_run_opts *opts)
{
	struct gfs_engine *engine = result->engine;
	GFS_AUTO_BUF key = GFS_BUF_INIT;
	bool lifts = false, found = false;
	if (!result->limits.plan_cache_off && !opts->no_cache) {
		gfs_graph_read_begin(engine->graph);
		found = find(result, text, &key, &lifts);
		gfs_graph_read_end(engine->graph);
		atomic_fetch_add_explicit(found ? &engine->plan_hits : &engine->plan_misses, 1, memory_order_relaxed);
	}
	int err = found ? 0 : make(result, text, opts, &key, lifts);
	if (err != 0)
		return err;
	result->columns = result->shared->plan.columns;
	result->column_count = result->shared->plan.column_count;
	return 0;
}
