#include "cache/budget.h"

#include "base/checked.h"
#include "base/lock.h"
#include "cache/policy.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

const char *const gfs_cache_layer_names[GFS_CACHE_LAYERS] = {
	[GFS_CACHE_PAGE] = "page",
	[GFS_CACHE_OBJECT] = "object",
	[GFS_CACHE_INDEX] = "index",
	[GFS_CACHE_QUERY] = "query",
};

static const unsigned shares[GFS_CACHE_LAYERS] = {
	[GFS_CACHE_PAGE] = GFS_CACHE_SHARE_PAGE,
	[GFS_CACHE_OBJECT] = GFS_CACHE_SHARE_OBJECT,
	[GFS_CACHE_INDEX] = GFS_CACHE_SHARE_INDEX,
	[GFS_CACHE_QUERY] = GFS_CACHE_SHARE_QUERY,
};
static_assert(GFS_CACHE_SHARE_PAGE + GFS_CACHE_SHARE_OBJECT + GFS_CACHE_SHARE_INDEX + GFS_CACHE_SHARE_QUERY +
			GFS_CACHE_SHARE_CHECKPOINT ==
		100,
	"shares are percents");

struct layer {
	struct gfs_cache *cache; /* borrowed; NULL: not opened */
	const struct gfs_cache_policy *policy;
	uint64_t wanted_bytes; /* 0: its share */
	uint64_t limit_bytes;  /* what it got */
	bool enabled;
};

struct gfs_cache_budget {
	struct gfs_mutex lock;  /* GFS_RANK_CACHE_BUDGET: guards the layers, and is held to change `bytes` */
	_Atomic uint64_t bytes; /* relaxed: a number by itself */
	uint64_t lent_bytes;
	struct layer layers[GFS_CACHE_LAYERS];
};

static uint64_t default_bytes(void)
{
	long pages = sysconf(_SC_PHYS_PAGES);
	long page_bytes = sysconf(_SC_PAGESIZE);
	uint64_t quarter = pages > 0 && page_bytes > 0 ? (uint64_t)pages / 4 * (uint64_t)page_bytes : 0;
	return GFS_MAX(GFS_MIN(quarter, GFS_CACHE_BUDGET_BYTES_DEFAULT_MAX), GFS_CACHE_BUDGET_BYTES_MIN);
}

/* `part` of `whole`-ths of `bytes`, without overflow. */
static uint64_t portion(uint64_t bytes, uint64_t part, uint64_t whole)
{
	assert(part <= whole && whole > 0);
	return (uint64_t)((unsigned __int128)bytes * part / whole);
}

/* ---- sharing out; the lock is held ---- */

/* Its own limit, as far as the room for all layers goes; 0: it shares. */
static uint64_t wanted_of(const struct layer *l, uint64_t room)
{
	return l->enabled ? GFS_MIN(l->wanted_bytes, room) : 0;
}

static void share_out(struct gfs_cache_budget *b)
{
	uint64_t bytes = gfs_cache_budget_bytes(b), wanted = 0;
	uint64_t room = portion(bytes - GFS_MIN(b->lent_bytes, bytes), 100 - GFS_CACHE_SHARE_CHECKPOINT, 100);
	unsigned sharing = 0;
	for (unsigned i = 0; i < GFS_CACHE_LAYERS; i++) {
		wanted += wanted_of(&b->layers[i], room);
		sharing += b->layers[i].enabled && b->layers[i].wanted_bytes == 0 ? shares[i] : 0;
	}
	uint64_t rest = room - GFS_MIN(wanted, room);
	for (unsigned i = 0; i < GFS_CACHE_LAYERS; i++) {
		struct layer *l = &b->layers[i];
		if (!l->enabled)
			l->limit_bytes = 0;
		else if (l->wanted_bytes == 0)
			l->limit_bytes = portion(rest, shares[i], sharing);
		else
			l->limit_bytes = portion(wanted_of(l, room), GFS_MIN(room, wanted), GFS_MAX(wanted, 1));
	}
}

/* Limits that fall go first, so that the sum of all stays inside the budget. */
static void hand_out(struct gfs_cache_budget *b)
{
	share_out(b);
	for (unsigned rising = 0; rising < 2; rising++) {
		for (unsigned i = 0; i < GFS_CACHE_LAYERS; i++) {
			struct layer *l = &b->layers[i];
			struct gfs_cache_stats stats;
			if (!l->cache)
				continue;
			gfs_cache_stats_get(l->cache, &stats);
			if (rising ? l->limit_bytes > stats.limit_bytes : l->limit_bytes < stats.limit_bytes)
				gfs_cache_set_limit(l->cache, l->limit_bytes);
		}
	}
}

/* ---- life ---- */

int gfs_cache_budget_new(const struct gfs_cache_budget_opts *opts, struct gfs_cache_budget **ret_budget)
{
	static const struct gfs_cache_budget_opts none = { 0 };
	struct gfs_cache_budget *b = calloc(1, sizeof *b);
	if (!b)
		return GFS_ERR_NOMEM;
	if (!opts)
		opts = &none;
	gfs_mutex_init(&b->lock, GFS_RANK_CACHE_BUDGET);
	atomic_init(&b->bytes, opts->bytes ? opts->bytes : default_bytes());
	for (unsigned i = 0; i < GFS_CACHE_LAYERS; i++) {
		b->layers[i] = (struct layer){
			.policy = opts->layers[i].policy ? opts->layers[i].policy : &gfs_cache_s3fifo,
			.wanted_bytes = opts->layers[i].limit_bytes,
			.enabled = !opts->layers[i].off,
		};
	}
	share_out(b);
	*ret_budget = b;
	return 0;
}

void gfs_cache_budget_free(struct gfs_cache_budget *budget)
{
	if (!budget)
		return;
	gfs_mutex_release(&budget->lock);
	free(budget);
}

int gfs_cache_budget_open(struct gfs_cache_budget *budget, enum gfs_cache_layer layer, const struct gfs_cache_ops *ops,
	struct gfs_cache **ret_cache)
{
	struct layer *l = &budget->layers[layer];
	struct gfs_cache *cache = NULL;
	gfs_mutex_lock(&budget->lock);
	assert(!l->cache);
	int err = gfs_cache_new(gfs_cache_layer_names[layer], ops, l->limit_bytes, &cache);
	if (!err)
		err = gfs_cache_set_policy(cache, l->policy);
	if (err) {
		gfs_cache_free(cache);
	} else {
		gfs_cache_set_enabled(cache, l->enabled);
		l->cache = *ret_cache = cache;
	}
	gfs_mutex_unlock(&budget->lock);
	return err;
}

void gfs_cache_budget_close(struct gfs_cache_budget *budget, enum gfs_cache_layer layer)
{
	gfs_mutex_lock(&budget->lock);
	struct gfs_cache *cache = budget->layers[layer].cache;
	budget->layers[layer].cache = NULL;
	gfs_mutex_unlock(&budget->lock);
	gfs_cache_free(cache);
}

/* ---- settings ---- */

uint64_t gfs_cache_budget_bytes(struct gfs_cache_budget *budget)
{
	return atomic_load_explicit(&budget->bytes, memory_order_relaxed);
}

uint64_t gfs_cache_budget_dirty_bytes(struct gfs_cache_budget *budget)
{
	uint64_t bytes = GFS_CACHE_DIRTY_BYTES_MIN + gfs_cache_budget_bytes(budget) / GFS_CACHE_DIRTY_PART;
	return GFS_MIN(bytes, GFS_CACHE_DIRTY_BYTES_MAX);
}

void gfs_cache_budget_lend(struct gfs_cache_budget *budget, uint64_t bytes)
{
	gfs_mutex_lock(&budget->lock);
	budget->lent_bytes = bytes;
	hand_out(budget);
	gfs_mutex_unlock(&budget->lock);
}

void gfs_cache_budget_set_bytes(struct gfs_cache_budget *budget, uint64_t bytes)
{
	gfs_mutex_lock(&budget->lock);
	atomic_store_explicit(&budget->bytes, bytes, memory_order_relaxed);
	hand_out(budget);
	gfs_mutex_unlock(&budget->lock);
}

void gfs_cache_budget_set_limit(struct gfs_cache_budget *budget, enum gfs_cache_layer layer, uint64_t limit_bytes)
{
	gfs_mutex_lock(&budget->lock);
	budget->layers[layer].wanted_bytes = limit_bytes;
	hand_out(budget);
	gfs_mutex_unlock(&budget->lock);
}

void gfs_cache_budget_set_enabled(struct gfs_cache_budget *budget, enum gfs_cache_layer layer, bool enabled)
{
	struct layer *l = &budget->layers[layer];
	gfs_mutex_lock(&budget->lock);
	l->enabled = enabled;
	if (l->cache)
		gfs_cache_set_enabled(l->cache, enabled);
	hand_out(budget);
	gfs_mutex_unlock(&budget->lock);
}

int gfs_cache_budget_set_policy(
	struct gfs_cache_budget *budget, enum gfs_cache_layer layer, const struct gfs_cache_policy *policy)
{
	struct layer *l = &budget->layers[layer];
	gfs_mutex_lock(&budget->lock);
	int err = l->cache ? gfs_cache_set_policy(l->cache, policy) : 0;
	if (!err)
		l->policy = policy;
	gfs_mutex_unlock(&budget->lock);
	return err;
}

void gfs_cache_budget_stats(
	struct gfs_cache_budget *budget, enum gfs_cache_layer layer, struct gfs_cache_stats *ret_stats)
{
	const struct layer *l = &budget->layers[layer];
	gfs_mutex_lock(&budget->lock);
	if (l->cache)
		gfs_cache_stats_get(l->cache, ret_stats);
	else
		*ret_stats = (struct gfs_cache_stats){
			.limit_bytes = l->limit_bytes, .enabled = l->enabled, .policy = l->policy->name
		};
	gfs_mutex_unlock(&budget->lock);
}
