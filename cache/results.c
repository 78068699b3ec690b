#include "cache/results.h"

#include "base/checked.h"
#include "base/hash.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Price and worth are nanoseconds a KiB, so that cheap and large still differ from nothing. */
enum { WORTH_SHIFT = 10, PRICE_WEIGHT_SHIFT = 4, REFUSAL_SHIFT = 5 };
#define COST_NS_MAX (UINT64_MAX >> (WORTH_SHIFT + 1))

struct gfs_results {
	struct gfs_cache_budget *budget;
	struct gfs_cache *cache;
	_Atomic uint64_t price; /* relaxed: an estimate, and a lost update is one sample less */
};

struct kept {
	struct gfs_cache_entry entry; /* its key is the hash of `key` */
	struct gfs_cached *result;    /* a reference */
	uint64_t worth;
	_Atomic bool invalid; /* relaxed: it does not go for want of room, so its worth says nothing of the price */
	size_t key_size, stamp_count;
	struct gfs_stamp stamps[]; /* then the key */
};

static struct kept *kept_of(struct gfs_cache_entry *entry)
{
	return gfs_container_of(entry, struct kept, entry);
}

static uint8_t *key_of(struct kept *k)
{
	return (uint8_t *)(k->stamps + k->stamp_count);
}

/* ---- values ---- */

void gfs_cached_init(struct gfs_cached *result, uint64_t bytes, void (*free)(struct gfs_cached *result))
{
	atomic_init(&result->refs, 1);
	result->bytes = bytes;
	result->free = free;
}

void gfs_cached_hold(struct gfs_cached *result)
{
	uint32_t before = atomic_fetch_add_explicit(&result->refs, 1, memory_order_relaxed);
	assert(before > 0 && before < UINT32_MAX);
	(void)before; /* read by the assert only */
}

void gfs_cached_release(struct gfs_cached *result)
{
	if (result && atomic_fetch_sub_explicit(&result->refs, 1, memory_order_acq_rel) == 1)
		result->free(result);
}

/* ---- the price ---- */

static uint64_t worth_of(uint64_t cost_ns, uint64_t bytes)
{
	assert(bytes > 0);
	return (GFS_MIN(cost_ns, COST_NS_MAX) << WORTH_SHIFT) / bytes;
}

static void note_evicted(struct gfs_results *r, uint64_t worth)
{
	uint64_t price = atomic_load_explicit(&r->price, memory_order_relaxed);
	price = price - (price >> PRICE_WEIGHT_SHIFT) + (worth >> PRICE_WEIGHT_SHIFT);
	atomic_store_explicit(&r->price, price, memory_order_relaxed);
}

static bool is_worth_it(struct gfs_results *r, uint64_t worth, uint64_t bytes)
{
	struct gfs_cache_stats stats;
	gfs_cache_stats_get(r->cache, &stats);
	if (stats.bytes + bytes <= stats.limit_bytes)
		return true;
	uint64_t price = atomic_load_explicit(&r->price, memory_order_relaxed);
	if (worth >= price)
		return true;
	atomic_store_explicit(&r->price, price - (price >> REFUSAL_SHIFT) - 1, memory_order_relaxed);
	return false;
}

/* ---- life ---- */

static void evict(void *context, struct gfs_cache_entry *entry)
{
	struct kept *k = kept_of(entry);
	if (!atomic_load_explicit(&k->invalid, memory_order_relaxed))
		note_evicted(context, k->worth);
	gfs_cached_release(k->result);
	free(k);
}

int gfs_results_new(struct gfs_cache_budget *budget, struct gfs_results **ret_results)
{
	struct gfs_results *r = calloc(1, sizeof *r);
	if (!r)
		return GFS_ERR_NOMEM;
	r->budget = budget;
	const struct gfs_cache_ops ops = { .evict = evict, .context = r };
	int err = gfs_cache_budget_open(budget, GFS_CACHE_QUERY, &ops, &r->cache);
	if (err)
		free(r);
	else
		*ret_results = r;
	return err;
}

void gfs_results_free(struct gfs_results *results)
{
	if (!results)
		return;
	gfs_cache_budget_close(results->budget, GFS_CACHE_QUERY);
	free(results);
}

/* ---- use ---- */

static bool is_valid(const struct kept *k, gfs_stamp_version version, void *context)
{
	for (size_t i = 0; i < k->stamp_count; i++)
		if (version(context, k->stamps[i].kind, k->stamps[i].id) != k->stamps[i].version)
			return false;
	return true;
}

static void drop(struct gfs_results *r, struct kept *k)
{
	atomic_store_explicit(&k->invalid, true, memory_order_relaxed);
	gfs_cache_drop(r->cache, &k->entry);
}

struct gfs_cached *gfs_results_get(
	struct gfs_results *results, struct gfs_slice key, gfs_stamp_version version, void *context)
{
	uint64_t hash = gfs_hash64(key.data, key.size);
	struct gfs_cache_entry *entry = gfs_cache_peek(results->cache, hash);
	struct kept *k = entry ? kept_of(entry) : NULL;
	struct gfs_cached *result = NULL;
	bool ours = k && gfs_slice_equal(key, gfs_slice(key_of(k), k->key_size));
	if (ours && is_valid(k, version, context)) {
		result = k->result;
		gfs_cached_hold(result);
	}
	gfs_cache_count(results->cache, hash, result ? entry : NULL);
	if (ours && !result)
		drop(results, k);
	else if (k)
		gfs_cache_put(results->cache, entry);
	return result;
}

static struct kept *kept_new(const struct gfs_results_item *item, uint64_t worth)
{
	size_t stamp_bytes = item->stamp_count * sizeof *item->stamps;
	struct kept *k = malloc(sizeof *k + stamp_bytes + item->key.size);
	if (!k)
		return NULL;
	*k = (struct kept){
		.result = item->result,
		.worth = worth,
		.key_size = item->key.size,
		.stamp_count = item->stamp_count,
	};
	if (stamp_bytes > 0)
		memcpy(k->stamps, item->stamps, stamp_bytes);
	if (item->key.size > 0)
		memcpy(key_of(k), item->key.data, item->key.size);
	gfs_cached_hold(item->result);
	return k;
}

/* What lies under the hash goes, be it an older value or another key's. */
static void make_way(struct gfs_results *r, uint64_t hash)
{
	struct gfs_cache_entry *old = gfs_cache_peek(r->cache, hash);
	if (old)
		drop(r, kept_of(old));
}

bool gfs_results_add(struct gfs_results *results, const struct gfs_results_item *item)
{
	uint64_t bytes = sizeof(struct kept) + item->stamp_count * sizeof *item->stamps + item->key.size +
		item->result->bytes;
	uint64_t worth = worth_of(item->cost_ns, bytes);
	if (!gfs_cache_is_enabled(results->cache) || bytes > UINT32_MAX ||
		bytes > gfs_cache_entry_bytes_max(results->cache) || !is_worth_it(results, worth, bytes))
		return false;
	struct kept *k = kept_new(item, worth);
	if (!k)
		return false;
	uint64_t hash = gfs_hash64(item->key.data, item->key.size);
	make_way(results, hash);
	struct gfs_cache_entry *entry = gfs_cache_insert(results->cache, &k->entry, hash, (uint32_t)bytes);
	if (entry != &k->entry) { /* another thread was faster, with a value as good */
		gfs_cached_release(k->result);
		free(k);
	}
	gfs_cache_put(results->cache, entry);
	return true;
}
