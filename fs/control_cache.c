/* /.graphfs/cache/LAYER: the same files for each layer. */
#include "base/checked.h"
#include "base/parse.h"
#include "fs/control.h"

#include <inttypes.h>
#include <stdio.h>

#define SHOW(name, field)                                                                                              \
	static void show_##name(const struct gfs_cache_stats *s, struct gfs_buf *out)                                      \
	{                                                                                                                  \
		gfs_buf_printf(out, "%" PRIu64 "\n", (uint64_t)s->field);                                                      \
	}
SHOW(enabled, enabled)
SHOW(limit, limit_bytes)
SHOW(used, bytes)
SHOW(dirty, dirty_bytes)
SHOW(hits, hits)
SHOW(misses, misses)
SHOW(insertions, insertions)
SHOW(evictions, evictions)
SHOW(entries, entries)

static void show_policy(const struct gfs_cache_stats *s, struct gfs_buf *out)
{
	gfs_buf_printf(out, "%s\n", s->policy);
}

static int store_enabled(struct gfs_cache_budget *budget, enum gfs_cache_layer layer, struct gfs_slice text)
{
	bool on = gfs_slice_equal(text, gfs_slice_text("1"));
	if (!on && !gfs_slice_equal(text, gfs_slice_text("0")))
		return GFS_ERR_INVALID;
	gfs_cache_budget_set_enabled(budget, layer, on);
	return 0;
}

static int store_limit(struct gfs_cache_budget *budget, enum gfs_cache_layer layer, struct gfs_slice text)
{
	uint64_t bytes;
	if (gfs_parse_size(text, &bytes) != 0 || (bytes > 0 && bytes < GFS_CACHE_LAYER_BYTES_MIN))
		return GFS_ERR_INVALID;
	gfs_cache_budget_set_limit(budget, layer, bytes);
	return 0;
}

static int store_policy(struct gfs_cache_budget *budget, enum gfs_cache_layer layer, struct gfs_slice text)
{
	const struct gfs_cache_policy *policy = gfs_cache_policy_find(text);
	return policy ? gfs_cache_budget_set_policy(budget, layer, policy) : GFS_ERR_INVALID;
}

const struct gfs_control_layer_file gfs_control_layer_files[] = {
	{ "enabled", show_enabled, store_enabled },
	{ "limit", show_limit, store_limit },
	{ "used", show_used, NULL },
	{ "dirty", show_dirty, NULL },
	{ "hits", show_hits, NULL },
	{ "misses", show_misses, NULL },
	{ "insertions", show_insertions, NULL },
	{ "evictions", show_evictions, NULL },
	{ "entries", show_entries, NULL },
	{ "policy", show_policy, store_policy },
};
const size_t gfs_control_layer_file_count = GFS_COUNT(gfs_control_layer_files);
