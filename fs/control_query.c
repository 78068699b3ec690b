/* /.graphfs/cache/query: what it has beside the files of every layer. */
#include "base/checked.h"
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

static void show_plans_enabled(struct gfs_fs *fs, struct gfs_buf *out)
{
	struct gfs_engine_limits limits;
	gfs_engine_limits_get(fs->engine, &limits);
	gfs_buf_append_text(out, limits.plan_cache_off ? "0\n" : "1\n");
}

static void show_results_enabled(struct gfs_fs *fs, struct gfs_buf *out)
{
	struct gfs_engine_limits limits;
	gfs_engine_limits_get(fs->engine, &limits);
	gfs_buf_append_text(out, limits.result_cache_off ? "0\n" : "1\n");
}

static int store_enabled(struct gfs_fs *fs, struct gfs_slice text, void (*set)(struct gfs_engine *engine, bool on))
{
	bool on = gfs_slice_equal(text, gfs_slice_text("1"));
	if (!on && !gfs_slice_equal(text, gfs_slice_text("0")))
		return GFS_ERR_INVALID;
	set(fs->engine, on);
	return 0;
}

static int store_plans_enabled(struct gfs_fs *fs, struct gfs_slice text)
{
	return store_enabled(fs, text, gfs_engine_plan_cache_set);
}

static int store_results_enabled(struct gfs_fs *fs, struct gfs_slice text)
{
	return store_enabled(fs, text, gfs_engine_result_cache_set);
}

const struct gfs_control_query_file gfs_control_query_files[] = {
	{ "plans_enabled", show_plans_enabled, store_plans_enabled },
	{ "plans_hits", show_plans_hits, NULL },
	{ "plans_misses", show_plans_misses, NULL },
	{ "results_enabled", show_results_enabled, store_results_enabled },
	{ "results_hits", show_results_hits, NULL },
	{ "results_misses", show_results_misses, NULL },
};
const size_t gfs_control_query_file_count = GFS_COUNT(gfs_control_query_files);
