/* /.graphfs/cache/query: what it has beside the files of every layer. /.graphfs/query: limits of statements. */
#include "base/checked.h"
#include "base/parse.h"
#include "fs/control.h"
#include "query/query.h"

#include <inttypes.h>

#define SHOW(name, field)                                                                                              \
	static void show_##name(struct gfs_fs *fs, struct gfs_buf *out)                                                    \
	{                                                                                                                  \
		struct gfs_engine_stats stats;                                                                                 \
		gfs_engine_stats(fs->engine, &stats);                                                                          \
		gfs_buf_printf(out, "%" PRIu64 "\n", stats.field);                                                             \
	}
SHOW(plans_hits, plan_hits)
SHOW(plans_misses, plan_misses)
SHOW(results_hits, answer_hits)
SHOW(results_misses, answer_misses)

#define SHOW_LIMIT(name, field)                                                                                        \
	static void show_##name(struct gfs_fs *fs, struct gfs_buf *out)                                                    \
	{                                                                                                                  \
		struct gfs_engine_limits limits;                                                                               \
		gfs_engine_limits_get(fs->engine, &limits);                                                                    \
		gfs_buf_printf(out, "%" PRIu64 "\n", (uint64_t)(limits.field));                                                \
	}
SHOW_LIMIT(plans_enabled, plan_cache_off ? 0 : 1)
SHOW_LIMIT(results_enabled, result_cache_off ? 0 : 1)
SHOW_LIMIT(memory_bytes, memory_bytes_max)
SHOW_LIMIT(rows, rows_max)
SHOW_LIMIT(time_ms, time_ms_max)
SHOW_LIMIT(slow_ms, slow_ms)

static void set_plans_enabled(struct gfs_engine_limits *limits, uint64_t value)
{
	limits->plan_cache_off = value == 0;
}

static void set_results_enabled(struct gfs_engine_limits *limits, uint64_t value)
{
	limits->result_cache_off = value == 0;
}

static void set_memory_bytes(struct gfs_engine_limits *limits, uint64_t value)
{
	limits->memory_bytes_max = value;
}

static void set_rows(struct gfs_engine_limits *limits, uint64_t value)
{
	limits->rows_max = value;
}

static void set_time_ms(struct gfs_engine_limits *limits, uint64_t value)
{
	limits->time_ms_max = (uint32_t)value;
}

static void set_slow_ms(struct gfs_engine_limits *limits, uint64_t value)
{
	limits->slow_ms = (uint32_t)value;
}

static int store_enabled(
	struct gfs_fs *fs, struct gfs_slice text, void (*set)(struct gfs_engine_limits *limits, uint64_t value))
{
	bool on = gfs_slice_equal(text, gfs_slice_text("1"));
	if (!on && !gfs_slice_equal(text, gfs_slice_text("0")))
		return GFS_ERR_INVALID;
	gfs_engine_limits_change(fs->engine, set, on);
	return 0;
}

static int store_plans_enabled(struct gfs_fs *fs, struct gfs_slice text)
{
	return store_enabled(fs, text, set_plans_enabled);
}

static int store_results_enabled(struct gfs_fs *fs, struct gfs_slice text)
{
	return store_enabled(fs, text, set_results_enabled);
}

static int store_memory_bytes(struct gfs_fs *fs, struct gfs_slice text)
{
	uint64_t bytes;
	if (gfs_parse_size(text, &bytes) != 0)
		return GFS_ERR_INVALID;
	gfs_engine_limits_change(fs->engine, set_memory_bytes, bytes);
	return 0;
}

static int store_number(struct gfs_fs *fs, struct gfs_slice text, uint64_t max,
	void (*set)(struct gfs_engine_limits *limits, uint64_t value))
{
	uint64_t value;
	if (gfs_parse_u64(text, &value) != 0 || value > max)
		return GFS_ERR_INVALID;
	gfs_engine_limits_change(fs->engine, set, value);
	return 0;
}

static int store_rows(struct gfs_fs *fs, struct gfs_slice text)
{
	return store_number(fs, text, UINT64_MAX, set_rows);
}

static int store_time_ms(struct gfs_fs *fs, struct gfs_slice text)
{
	return store_number(fs, text, UINT32_MAX, set_time_ms);
}

static int store_slow_ms(struct gfs_fs *fs, struct gfs_slice text)
{
	return store_number(fs, text, UINT32_MAX, set_slow_ms);
}

static void show_running(struct gfs_fs *fs, struct gfs_buf *out)
{
	gfs_engine_running(fs->engine, out);
}

static int store_terminate(struct gfs_fs *fs, struct gfs_slice text)
{
	return gfs_engine_terminate(fs->engine, text);
}

const struct gfs_control_query_file gfs_control_query_files[] = {
	{ "plans_enabled", false, show_plans_enabled, store_plans_enabled },
	{ "plans_hits", false, show_plans_hits, NULL },
	{ "plans_misses", false, show_plans_misses, NULL },
	{ "results_enabled", false, show_results_enabled, store_results_enabled },
	{ "results_hits", false, show_results_hits, NULL },
	{ "results_misses", false, show_results_misses, NULL },
};
const size_t gfs_control_query_file_count = GFS_COUNT(gfs_control_query_files);

const struct gfs_control_query_file gfs_control_limit_files[] = {
	{ "memory_bytes", false, show_memory_bytes, store_memory_bytes },
	{ "rows", false, show_rows, store_rows },
	{ "time_ms", false, show_time_ms, store_time_ms },
	{ "slow_ms", false, show_slow_ms, store_slow_ms },
	{ "running", true, show_running, NULL },
	{ "terminate", true, gfs_control_show_nothing, store_terminate },
};
const size_t gfs_control_limit_file_count = GFS_COUNT(gfs_control_limit_files);
