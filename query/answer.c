/* Results of reading statements, kept for the next time with the versions of everything they were made from. */
#include "query/engine.h"

#include "base/checked.h"
#include "base/clock.h"

#include <stdatomic.h>
#include <stdlib.h>

/* ---- the key: text and parameters ---- */

static bool put_value(struct gfs_buf *key, struct gfs_datum value, unsigned int depth)
{
	gfs_buf_append_u8(key, value.type);
	switch (value.type) {
	case GFS_DATUM_NULL:
		return true;
	case GFS_DATUM_BOOLEAN:
		gfs_buf_append_u8(key, value.boolean);
		return true;
	case GFS_DATUM_INTEGER:
	case GFS_DATUM_FLOAT:
		gfs_buf_append_le64(key, (uint64_t)value.integer);
		return true;
	case GFS_DATUM_STRING:
	case GFS_DATUM_BYTES:
		gfs_buf_append_le32(key, value.size);
		gfs_buf_append(key, value.text, value.size);
		return true;
	case GFS_DATUM_LIST:
		gfs_buf_append_le32(key, value.size);
		for (uint32_t i = 0; i < value.size; i++)
			if (depth > GFS_QUERY_DEPTH_MAX || !put_value(key, value.items[i], depth + 1))
				return false;
		return true;
	case GFS_DATUM_MAP:
		gfs_buf_append_le32(key, value.size);
		for (uint32_t i = 0; i < value.size; i++) {
			gfs_buf_append_le32(key, (uint32_t)value.entries[i].key.size);
			gfs_buf_append(key, value.entries[i].key.data, value.entries[i].key.size);
			if (depth > GFS_QUERY_DEPTH_MAX || !put_value(key, value.entries[i].value, depth + 1))
				return false;
		}
		return true;
	default:
		return false; /* temporal values and points: such statements are run */
	}
}

static bool make_key(struct gfs_buf *key, struct gfs_slice text, const struct gfs_run_opts *opts)
{
	gfs_buf_append_u8(key, 'R');
	gfs_buf_append_le32(key, (uint32_t)text.size);
	gfs_buf_append(key, text.data, text.size);
	for (size_t i = 0; i < opts->param_count; i++) {
		gfs_buf_append_le32(key, (uint32_t)opts->params[i].name.size);
		gfs_buf_append(key, opts->params[i].name.data, opts->params[i].name.size);
		if (!put_value(key, opts->params[i].value, 0))
			return false;
	}
	return gfs_buf_failed(key) == 0;
}

/* ---- finding ---- */

bool gfs_answer_find(struct gfs_result *result, struct gfs_slice text, const struct gfs_run_opts *opts)
{
	struct gfs_engine *engine = result->engine;
	if (!make_key(&result->key, text, opts)) {
		gfs_buf_clear(&result->key);
		return false;
	}
	struct gfs_cached *found = gfs_results_get(engine->cache, gfs_buf_slice(&result->key), gfs_engine_version, engine);
	atomic_fetch_add_explicit(found != NULL ? &engine->answer_hits : &engine->answer_misses, 1, memory_order_relaxed);
	if (found == NULL)
		return false;
	struct gfs_answer *answer = gfs_container_of(found, struct gfs_answer, cached);
	result->answer = answer;
	result->columns = answer->columns;
	result->column_count = answer->column_count;
	result->rows = answer->rows;
	result->row_count = answer->row_count;
	result->has_rows = answer->row_count != 0;
	result->ended = true;
	return true;
}

/* ---- keeping ---- */

static bool add_stamp(struct gfs_result *result, uint32_t kind, uint32_t id)
{
	if (result->stamp_count == GFS_STAMPS_MAX)
		return false;
	result->stamps[result->stamp_count++] = (struct gfs_stamp){
		.kind = kind, .id = id, .version = gfs_engine_version(result->engine, kind, id)
	};
	return true;
}

/* A name that is not there yet may come with any commit. */
static bool add_name(struct gfs_result *result, const struct gfs_plan_name *name)
{
	uint16_t id;
	if (gfs_catalog_find(
			gfs_graph_catalog(result->engine->graph), (enum gfs_catalog_kind)name->kind, name->text, &id) != 0)
		return add_stamp(result, GFS_STAMP_ANYTHING, 0);
	return add_stamp(result, name->kind, id);
}

void gfs_answer_begin(struct gfs_result *result)
{
	const struct gfs_plan *plan = &result->shared->plan;
	bool all = result->key.size != 0 && !plan->writes && !plan->is_volatile && !result->profile &&
		!result->shared->statement->cache_off;
	if (all) {
		result->stamps = gfs_arena_alloc(&result->exec.arena, GFS_STAMPS_MAX * sizeof *result->stamps);
		all = result->stamps != NULL;
	}
	if (all && plan->reads_nodes)
		all = add_stamp(result, GFS_STAMP_NODES, 0);
	/* What whole nodes and relationships show is known to no stamp but this one: it is checked again at the end. */
	if (all)
		all = add_stamp(result, GFS_STAMP_ANYTHING, 0);
	for (uint32_t i = 0; all && i < plan->reads.count; i++)
		all = add_name(result, &plan->names[plan->reads.ids[i]]);
	result->keeping = all;
	if (all)
		result->start_ns = gfs_clock_mono_ns();
}

static void free_answer(struct gfs_cached *cached)
{
	struct gfs_answer *answer = gfs_container_of(cached, struct gfs_answer, cached);
	gfs_snapshots_clear(&answer->snapshots);
	gfs_arena_release(&answer->arena);
	free(answer);
}

static bool still_true(const struct gfs_result *result)
{
	for (size_t i = 0; i < result->stamp_count; i++)
		if (gfs_engine_version(result->engine, result->stamps[i].kind, result->stamps[i].id) !=
			result->stamps[i].version)
			return false;
	return true;
}

/* Without entities in it, and when names tell all that it depends on, an answer outlives other changes. */
static void drop_anything(struct gfs_result *result)
{
	size_t kept = 0;
	if (result->snapshots.count != 0 || result->shared->plan.reads_anything)
		return;
	for (uint32_t i = 0; i < result->shared->plan.reads.count; i++) {
		const struct gfs_plan_name *name = &result->shared->plan.names[result->shared->plan.reads.ids[i]];
		uint16_t id;
		if (gfs_catalog_find(
				gfs_graph_catalog(result->engine->graph), (enum gfs_catalog_kind)name->kind, name->text, &id) != 0)
			return;
	}
	for (size_t i = 0; i < result->stamp_count; i++)
		if (result->stamps[i].kind != GFS_STAMP_ANYTHING)
			result->stamps[kept++] = result->stamps[i];
	result->stamp_count = kept;
}

/* The memory of the rows goes over to the answer: it is no longer the statement's. */
static struct gfs_answer *take_over(struct gfs_result *result)
{
	struct gfs_answer *answer = calloc(1, sizeof *answer);
	if (answer == NULL)
		return NULL;
	struct gfs_slice *columns = gfs_arena_alloc(&result->rows_arena, result->column_count * sizeof *columns);
	for (size_t i = 0; columns != NULL && i < result->column_count; i++) {
		columns[i] = gfs_arena_copy(&result->rows_arena, result->columns[i]);
		if (columns[i].data == NULL)
			columns = NULL;
	}
	if (columns == NULL) {
		free(answer);
		return NULL;
	}
	answer->columns = columns;
	answer->column_count = result->column_count;
	answer->rows = result->rows;
	answer->row_count = result->row_count;
	answer->snapshots = result->snapshots;
	answer->arena = result->rows_arena;
	answer->arena.budget = NULL;
	result->exec.budget.used -= result->rows_arena.bytes;
	result->rows_arena = (struct gfs_arena){ .budget = result->rows_arena.budget };
	result->snapshots = (struct gfs_snapshots){ 0 };
	gfs_cached_init(&answer->cached, sizeof *answer + answer->arena.bytes, free_answer);
	return answer;
}

void gfs_answer_end(struct gfs_result *result)
{
	if (!result->keeping || result->rows_arena.bytes > GFS_ANSWER_BYTES_MAX || !still_true(result))
		return;
	result->keeping = false;
	drop_anything(result);
	struct gfs_answer *answer = take_over(result);
	if (answer == NULL)
		return;
	result->answer = answer;
	(void)gfs_results_add(result->engine->cache,
		&(struct gfs_results_item){ .key = gfs_buf_slice(&result->key),
			.stamps = result->stamps,
			.stamp_count = result->stamp_count,
			.cost_ns = gfs_clock_mono_ns() - result->start_ns,
			.result = &answer->cached }); /* refused: it is computed again next time */
}
