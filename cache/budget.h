/* One budget of memory for all caches of a database, shared out among four layers.
 *
 * A layer with a limit of its own gets that; the others share the rest of the budget in the proportion of their shares below. A layer that
 * is switched off gets nothing, and the others have its part. Own limits that together exceed the budget are cut in proportion. A part
 * of the budget is no layer's: GFS_CACHE_SHARE_CHECKPOINT, what a checkpoint holds in memory beside the pages.
 *
 * Settings are kept a layer whether or not its cache is there (yet), and may change at any time: the limits of all layers follow at once.
 *
 * Life: the budget comes first. A layer opens its cache through it and frees it by itself, before or after the budget goes; once a cache
 * is gone nobody may change or ask anything of its layer.
 *
 * Threads: any call from any thread. One mutex (GFS_RANK_CACHE_BUDGET), held while limits are handed out, which evicts; reading the
 * budget's size takes none. */
#ifndef GFS_CACHE_BUDGET_H
#define GFS_CACHE_BUDGET_H

#include "cache/cache.h"

enum gfs_cache_layer { GFS_CACHE_PAGE, GFS_CACHE_OBJECT, GFS_CACHE_INDEX, GFS_CACHE_QUERY, GFS_CACHE_LAYERS };
/* "page", "object", "index", "query". */
extern const char *const gfs_cache_layer_names[GFS_CACHE_LAYERS];

/* Percent of the budget. */
enum {
	GFS_CACHE_SHARE_PAGE = 45,
	GFS_CACHE_SHARE_OBJECT = 20,
	GFS_CACHE_SHARE_INDEX = 15,
	GFS_CACHE_SHARE_QUERY = 10,
	GFS_CACHE_SHARE_CHECKPOINT = 10,
};

#define GFS_CACHE_BUDGET_BYTES_MIN (UINT64_C(1) << 20)
#define GFS_CACHE_BUDGET_BYTES_DEFAULT_MAX (UINT64_C(1) << 30)
#define GFS_CACHE_LAYER_BYTES_MIN                                                                                      \
	(UINT64_C(1) << 16) /* the smallest limit that a user may give a layer; 0 is none of its own */

/* A part of the budget, and a fixed amount so that a small one does not mean a checkpoint for each handful of changes. */
#define GFS_CACHE_DIRTY_PART 32u
#define GFS_CACHE_DIRTY_BYTES_MIN (UINT64_C(4) << 20)
#define GFS_CACHE_DIRTY_BYTES_MAX (UINT64_C(64) << 20)

struct gfs_cache_budget_opts {
	uint64_t bytes; /* 0: a quarter of the memory, at most GFS_CACHE_BUDGET_BYTES_DEFAULT_MAX */
	struct {
		uint64_t limit_bytes;                  /* 0: its share */
		const struct gfs_cache_policy *policy; /* NULL: S3-FIFO */
		bool off;
	} layers[GFS_CACHE_LAYERS];
};

struct gfs_cache_budget;

/* `opts` may be NULL. GFS_ERR_NOMEM. */
int gfs_cache_budget_new(const struct gfs_cache_budget_opts *opts, struct gfs_cache_budget **ret_budget) GFS_CHECK;
/* Touches no cache. NULL is fine. */
void gfs_cache_budget_free(struct gfs_cache_budget *budget);

/* Makes the layer's cache, with the layer's limit, policy and switch; once a layer. The caller frees it. GFS_ERR_NOMEM. */
int gfs_cache_budget_open(struct gfs_cache_budget *budget, enum gfs_cache_layer layer, const struct gfs_cache_ops *ops,
	struct gfs_cache **ret_cache) GFS_CHECK;
/* Frees the layer's cache while the budget lives on; the layer may be opened again. One that is not open is fine. */
void gfs_cache_budget_close(struct gfs_cache_budget *budget, enum gfs_cache_layer layer);

uint64_t gfs_cache_budget_bytes(struct gfs_cache_budget *budget);
/* How much may be changed and not yet written when a checkpoint begins; writers wait at twice that. Beside the dirty pages, which are in
 * their layer's limit as long as they are fewer, there are the changed rows of tables, and copies of pages that change again
 * while a checkpoint runs: up to four times as much in all, which GFS_CACHE_SHARE_CHECKPOINT and the daemon's fixed overhead hold. */
uint64_t gfs_cache_budget_dirty_bytes(struct gfs_cache_budget *budget);
void gfs_cache_budget_set_bytes(struct gfs_cache_budget *budget, uint64_t bytes);
/* The layers give up `bytes` of the budget to somebody else, in place of what they gave up before. */
void gfs_cache_budget_lend(struct gfs_cache_budget *budget, uint64_t bytes);
/* 0: its share. */
void gfs_cache_budget_set_limit(struct gfs_cache_budget *budget, enum gfs_cache_layer layer, uint64_t limit_bytes);
void gfs_cache_budget_set_enabled(struct gfs_cache_budget *budget, enum gfs_cache_layer layer, bool enabled);
/* GFS_ERR_NOMEM: as before. */
int gfs_cache_budget_set_policy(
	struct gfs_cache_budget *budget, enum gfs_cache_layer layer, const struct gfs_cache_policy *policy) GFS_CHECK;

/* Of a layer whose cache is not there: its settings, and zeros. */
void gfs_cache_budget_stats(
	struct gfs_cache_budget *budget, enum gfs_cache_layer layer, struct gfs_cache_stats *ret_stats);

#endif
