#include "cache/cache.h"

#include "base/hash.h"
#include "base/lock.h"
#include "cache/policy.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { SHARDS_MAX = 16, BUCKETS_MIN = 64 };
/* In an entry's pins: it is out of the table, and whoever gives back the last pin evicts it. */
#define PINS_GONE (UINT32_C(1) << 31)
/* A shard of less would split hairs: its small queue would hold a handful of pages. */
#define SHARD_BYTES_MIN (UINT64_C(4) << 20)

struct shard {
	struct gfs_mutex lock;            /* guards the rest of the shard and the table and queue links of its entries */
	struct gfs_cache_entry **buckets; /* owned; chained by hash_next */
	size_t bucket_count;              /* a power of two */
	const struct gfs_cache_policy *policy;
	void *policy_state;
	uint64_t limit_bytes;
	uint64_t bytes, dirty_bytes, entries;
	uint64_t hits, misses, insertions, evictions;
} __attribute__((aligned(64)));

struct gfs_cache {
	const char *name;
	struct gfs_cache_ops ops;
	_Atomic(const struct gfs_cache_policy *) policy; /* relaxed: of every shard, but while it is being changed */
	/* Sequentially consistent: either a put that unpins last sees "disabled", or the sweep of the disabling sees no pin. */
	_Atomic bool enabled;
	_Atomic uint64_t limit_bytes; /* relaxed: only for statistics */
	unsigned shard_count;         /* a power of two */
	struct shard shards[];
};

/* ---- table ---- */

static struct shard *shard_of(struct gfs_cache *cache, uint64_t hash)
{
	return &cache->shards[hash & (cache->shard_count - 1)];
}

static struct gfs_cache_entry **bucket_of(const struct shard *s, uint64_t hash)
{
	return &s->buckets[(hash >> 8) & (s->bucket_count - 1)];
}

static struct gfs_cache_entry *table_find(const struct shard *s, uint64_t hash, uint64_t key)
{
	struct gfs_cache_entry *e = *bucket_of(s, hash);
	while (e && e->key != key)
		e = e->hash_next;
	return e;
}

/* Longer chains are better than a failure: without memory the table stays as it is. */
static void table_grow(struct shard *s)
{
	size_t old_count = s->bucket_count;
	struct gfs_cache_entry **old = s->buckets, **grown = calloc(old_count * 2, sizeof(struct gfs_cache_entry *));
	if (!grown)
		return;
	s->buckets = grown;
	s->bucket_count = old_count * 2;
	for (size_t i = 0; i < old_count; i++) {
		for (struct gfs_cache_entry *e = old[i], *next; e; e = next) {
			struct gfs_cache_entry **bucket = bucket_of(s, gfs_mix64(e->key));
			next = e->hash_next;
			e->hash_next = *bucket;
			*bucket = e;
		}
	}
	free(old);
}

static void table_add(struct shard *s, uint64_t hash, struct gfs_cache_entry *entry)
{
	if (s->entries >= s->bucket_count)
		table_grow(s);
	struct gfs_cache_entry **bucket = bucket_of(s, hash);
	entry->hash_next = *bucket;
	*bucket = entry;
	s->entries++;
	s->bytes += entry->bytes;
}

static void table_remove(struct shard *s, struct gfs_cache_entry *entry)
{
	struct gfs_cache_entry **at = bucket_of(s, gfs_mix64(entry->key));
	while (*at != entry) {
		assert(*at);
		at = &(*at)->hash_next;
	}
	*at = entry->hash_next;
	assert(s->entries > 0 && s->bytes >= entry->bytes);
	s->entries--;
	s->bytes -= entry->bytes;
	if (atomic_load_explicit(&entry->dirty, memory_order_relaxed))
		s->dirty_bytes -= entry->bytes;
}

/* ---- eviction; all under the shard's lock ---- */

static void hand_back(struct gfs_cache *cache, struct shard *s, struct gfs_cache_entry *entry)
{
	table_remove(s, entry);
	cache->ops.evict(cache->ops.context, entry);
}

static bool is_gone(struct gfs_cache_entry *entry)
{
	return atomic_load_explicit(&entry->pins, memory_order_relaxed) & PINS_GONE;
}

/* The last pin of an entry that is out of the table went: it is ours. */
static void evict_gone(struct gfs_cache *cache, struct gfs_cache_entry *entry)
{
	atomic_store_explicit(&entry->pins, 0, memory_order_relaxed);
	cache->ops.evict(cache->ops.context, entry);
}

static bool is_idle(struct gfs_cache_entry *entry)
{
	return atomic_load(&entry->pins) == 0 && !atomic_load_explicit(&entry->dirty, memory_order_relaxed);
}

static void shrink(struct gfs_cache *cache, struct shard *s)
{
	while (s->bytes > s->limit_bytes) {
		struct gfs_cache_entry *victim = s->policy->victim(s->policy_state);
		if (!victim)
			break;
		assert(is_idle(victim));
		s->evictions++;
		hand_back(cache, s, victim);
	}
}

static void evict_idle(struct gfs_cache *cache, struct shard *s, struct gfs_cache_entry *entry)
{
	if (!is_idle(entry))
		return;
	s->policy->remove(s->policy_state, entry);
	s->evictions++;
	hand_back(cache, s, entry);
}

/* ---- life ---- */

static void shard_release(struct gfs_cache *cache, struct shard *s)
{
	for (size_t i = 0; s->buckets && i < s->bucket_count; i++) {
		while (s->buckets[i]) {
			assert(atomic_load(&s->buckets[i]->pins) == 0);
			hand_back(cache, s, s->buckets[i]);
		}
	}
	free(s->buckets);
	s->policy->state_free(s->policy_state);
	gfs_mutex_release(&s->lock);
}

static int shard_init(struct shard *s, uint64_t limit_bytes)
{
	gfs_mutex_init(&s->lock, GFS_RANK_CACHE_SHARD);
	s->policy = &gfs_cache_s3fifo;
	s->limit_bytes = limit_bytes;
	s->bucket_count = BUCKETS_MIN;
	s->buckets = calloc(s->bucket_count, sizeof(struct gfs_cache_entry *));
	if (!s->buckets)
		return GFS_ERR_NOMEM;
	int err = s->policy->state_new(&s->policy_state);
	if (!err)
		s->policy->limit(s->policy_state, limit_bytes);
	return err;
}

static unsigned shards_for(uint64_t limit_bytes)
{
	unsigned count = 1;
	while (count < SHARDS_MAX && limit_bytes / (count * 2) >= SHARD_BYTES_MIN)
		count *= 2;
	return count;
}

int gfs_cache_new(const char *name, const struct gfs_cache_ops *ops, uint64_t limit_bytes, struct gfs_cache **ret_cache)
{
	assert(name && ops && ops->evict);
	unsigned count = shards_for(limit_bytes);
	size_t size = sizeof(struct gfs_cache) + count * sizeof(struct shard);
	struct gfs_cache *cache = aligned_alloc(_Alignof(struct gfs_cache), size);
	if (!cache)
		return GFS_ERR_NOMEM;
	memset(cache, 0, size);
	cache->name = name;
	cache->ops = *ops;
	atomic_init(&cache->policy, &gfs_cache_s3fifo);
	atomic_init(&cache->enabled, true);
	atomic_init(&cache->limit_bytes, limit_bytes);
	int err = 0;
	while (!err && cache->shard_count < count)
		err = shard_init(&cache->shards[cache->shard_count++], limit_bytes / count);
	if (err)
		gfs_cache_free(cache);
	else
		*ret_cache = cache;
	return err;
}

void gfs_cache_free(struct gfs_cache *cache)
{
	if (!cache)
		return;
	for (unsigned i = 0; i < cache->shard_count; i++)
		shard_release(cache, &cache->shards[i]);
	free(cache);
}

/* ---- use ---- */

static struct gfs_cache_entry *look_up(struct gfs_cache *cache, uint64_t key, bool counts)
{
	uint64_t hash = gfs_mix64(key);
	struct shard *s = shard_of(cache, hash);
	gfs_mutex_lock(&s->lock);
	struct gfs_cache_entry *e = table_find(s, hash, key);
	if (e)
		atomic_fetch_add_explicit(&e->pins, 1, memory_order_relaxed);
	if (e && counts) {
		s->hits++;
		s->policy->hit(s->policy_state, e);
	} else if (counts) {
		s->misses++;
	}
	gfs_mutex_unlock(&s->lock);
	return e;
}

struct gfs_cache_entry *gfs_cache_get(struct gfs_cache *cache, uint64_t key)
{
	return look_up(cache, key, true);
}

struct gfs_cache_entry *gfs_cache_peek(struct gfs_cache *cache, uint64_t key)
{
	return look_up(cache, key, false);
}

void gfs_cache_count(struct gfs_cache *cache, uint64_t key, struct gfs_cache_entry *entry)
{
	struct shard *s = shard_of(cache, gfs_mix64(key));
	gfs_mutex_lock(&s->lock);
	if (!entry)
		s->misses++;
	else
		s->hits++;
	if (entry && !is_gone(entry))
		s->policy->hit(s->policy_state, entry);
	gfs_mutex_unlock(&s->lock);
}

struct gfs_cache_entry *gfs_cache_insert(
	struct gfs_cache *cache, struct gfs_cache_entry *entry, uint64_t key, uint32_t bytes)
{
	uint64_t hash = gfs_mix64(key);
	struct shard *s = shard_of(cache, hash);
	gfs_mutex_lock(&s->lock);
	struct gfs_cache_entry *other = table_find(s, hash, key);
	if (other) {
		atomic_fetch_add_explicit(&other->pins, 1, memory_order_relaxed);
	} else {
		*entry = (struct gfs_cache_entry){ .key = key, .bytes = bytes };
		atomic_init(&entry->pins, 1);
		table_add(s, hash, entry);
		s->insertions++;
		s->policy->insert(s->policy_state, entry);
		shrink(cache, s);
	}
	gfs_mutex_unlock(&s->lock);
	return other ? other : entry;
}

/* Once the pin is gone the entry may be freed by anybody: look it up again, by key. */
static void evict_key_if_idle(struct gfs_cache *cache, uint64_t key)
{
	uint64_t hash = gfs_mix64(key);
	struct shard *s = shard_of(cache, hash);
	gfs_mutex_lock(&s->lock);
	struct gfs_cache_entry *e = table_find(s, hash, key);
	if (e)
		evict_idle(cache, s, e);
	gfs_mutex_unlock(&s->lock);
}

void gfs_cache_put(struct gfs_cache *cache, struct gfs_cache_entry *entry)
{
	uint64_t key = entry->key;
	uint32_t before = atomic_fetch_sub(&entry->pins, 1);
	assert((before & ~PINS_GONE) > 0);
	if (before == (PINS_GONE | 1)) {
		struct shard *s = shard_of(cache, gfs_mix64(key));
		gfs_mutex_lock(&s->lock);
		evict_gone(cache, entry);
		gfs_mutex_unlock(&s->lock);
	} else if (before == 1 && !atomic_load(&cache->enabled)) {
		evict_key_if_idle(cache, key);
	}
}

void gfs_cache_set_dirty(struct gfs_cache *cache, struct gfs_cache_entry *entry, bool dirty)
{
	assert(atomic_load(&entry->pins) > 0);
	if (atomic_load_explicit(&entry->dirty, memory_order_relaxed) == dirty)
		return;
	struct shard *s = shard_of(cache, gfs_mix64(entry->key));
	gfs_mutex_lock(&s->lock);
	if (atomic_exchange_explicit(&entry->dirty, dirty, memory_order_relaxed) != dirty) {
		s->dirty_bytes += dirty ? entry->bytes : -(uint64_t)entry->bytes;
		if (!dirty) {
			s->policy->cleaned(s->policy_state, entry);
			shrink(cache, s);
		}
	}
	gfs_mutex_unlock(&s->lock);
}

void gfs_cache_resize(struct gfs_cache *cache, struct gfs_cache_entry *entry, uint32_t bytes)
{
	assert(!is_gone(entry) && atomic_load(&entry->pins) > 0);
	struct shard *s = shard_of(cache, gfs_mix64(entry->key));
	gfs_mutex_lock(&s->lock);
	uint64_t more = (uint64_t)bytes - entry->bytes; /* wraps when it is less, and so do the sums */
	s->policy->remove(s->policy_state, entry);
	s->bytes += more;
	if (atomic_load_explicit(&entry->dirty, memory_order_relaxed))
		s->dirty_bytes += more;
	entry->bytes = bytes;
	s->policy->insert(s->policy_state, entry);
	shrink(cache, s);
	gfs_mutex_unlock(&s->lock);
}

void gfs_cache_drop(struct gfs_cache *cache, struct gfs_cache_entry *entry)
{
	struct shard *s = shard_of(cache, gfs_mix64(entry->key));
	gfs_mutex_lock(&s->lock);
	bool here = !is_gone(entry);
	if (here) {
		s->policy->remove(s->policy_state, entry);
		table_remove(s, entry);
	}
	uint32_t before = atomic_fetch_add(&entry->pins, here ? PINS_GONE - 1 : UINT32_MAX);
	assert((before & ~PINS_GONE) > 0);
	if ((before & ~PINS_GONE) == 1)
		evict_gone(cache, entry);
	gfs_mutex_unlock(&s->lock);
}

void gfs_cache_discard(struct gfs_cache *cache, uint64_t key)
{
	uint64_t hash = gfs_mix64(key);
	struct shard *s = shard_of(cache, hash);
	gfs_mutex_lock(&s->lock);
	struct gfs_cache_entry *e = table_find(s, hash, key);
	if (e) {
		assert(atomic_load(&e->pins) == 0);
		s->policy->remove(s->policy_state, e);
		hand_back(cache, s, e);
	}
	gfs_mutex_unlock(&s->lock);
}

/* ---- settings and statistics ---- */

uint64_t gfs_cache_entry_bytes_max(const struct gfs_cache *cache)
{
	return gfs_cache_limit(cache) / cache->shard_count / 2;
}

void gfs_cache_set_limit(struct gfs_cache *cache, uint64_t limit_bytes)
{
	atomic_store_explicit(&cache->limit_bytes, limit_bytes, memory_order_relaxed);
	for (unsigned i = 0; i < cache->shard_count; i++) {
		struct shard *s = &cache->shards[i];
		gfs_mutex_lock(&s->lock);
		s->limit_bytes = limit_bytes / cache->shard_count;
		s->policy->limit(s->policy_state, s->limit_bytes);
		shrink(cache, s);
		gfs_mutex_unlock(&s->lock);
	}
}

/* The entries stay, in an order of no meaning: the new policy knows them as if each had just come in. */
static void change_policy(struct shard *s, const struct gfs_cache_policy *policy, void *state)
{
	gfs_mutex_lock(&s->lock);
	policy->limit(state, s->limit_bytes);
	for (size_t i = 0; i < s->bucket_count; i++) {
		for (struct gfs_cache_entry *e = s->buckets[i]; e; e = e->hash_next) {
			s->policy->remove(s->policy_state, e);
			policy->insert(state, e);
		}
	}
	s->policy->state_free(s->policy_state);
	s->policy = policy;
	s->policy_state = state;
	gfs_mutex_unlock(&s->lock);
}

int gfs_cache_set_policy(struct gfs_cache *cache, const struct gfs_cache_policy *policy)
{
	void *states[SHARDS_MAX];
	unsigned count = 0;
	int err = 0;
	while (!err && count < cache->shard_count) {
		err = policy->state_new(&states[count]);
		count += !err;
	}
	for (unsigned i = 0; i < count; i++) {
		if (err)
			policy->state_free(states[i]);
		else
			change_policy(&cache->shards[i], policy, states[i]);
	}
	if (!err)
		atomic_store_explicit(&cache->policy, policy, memory_order_relaxed);
	return err;
}

static void evict_all_idle(struct gfs_cache *cache, struct shard *s)
{
	gfs_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->bucket_count; i++) {
		for (struct gfs_cache_entry *e = s->buckets[i], *next; e; e = next) {
			next = e->hash_next;
			evict_idle(cache, s, e);
		}
	}
	gfs_mutex_unlock(&s->lock);
}

void gfs_cache_set_enabled(struct gfs_cache *cache, bool enabled)
{
	atomic_store(&cache->enabled, enabled);
	for (unsigned i = 0; !enabled && i < cache->shard_count; i++)
		evict_all_idle(cache, &cache->shards[i]);
}

bool gfs_cache_is_enabled(const struct gfs_cache *cache)
{
	return atomic_load_explicit(&cache->enabled, memory_order_relaxed);
}

uint64_t gfs_cache_limit(const struct gfs_cache *cache)
{
	return atomic_load_explicit(&cache->limit_bytes, memory_order_relaxed);
}

static size_t shard_keys(struct shard *s, bool used, uint64_t *keys, size_t max)
{
	size_t count = 0;
	gfs_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->bucket_count; i++)
		for (struct gfs_cache_entry *e = s->buckets[i]; e && count < max; e = e->hash_next)
			if ((atomic_load_explicit(&e->hits, memory_order_relaxed) > 0) == used)
				keys[count++] = e->key;
	gfs_mutex_unlock(&s->lock);
	return count;
}

size_t gfs_cache_keys(struct gfs_cache *cache, uint64_t *keys, size_t max)
{
	size_t count = 0;
	for (unsigned pass = 0; pass < 2; pass++)
		for (unsigned i = 0; i < cache->shard_count; i++)
			count += shard_keys(&cache->shards[i], pass == 0, keys + count, max - count);
	return count;
}

void gfs_cache_stats_get(struct gfs_cache *cache, struct gfs_cache_stats *ret_stats)
{
	struct gfs_cache_stats stats = {
		.limit_bytes = atomic_load_explicit(&cache->limit_bytes, memory_order_relaxed),
		.enabled = atomic_load(&cache->enabled),
		.policy = atomic_load_explicit(&cache->policy, memory_order_relaxed)->name,
	};
	for (unsigned i = 0; i < cache->shard_count; i++) {
		struct shard *s = &cache->shards[i];
		gfs_mutex_lock(&s->lock);
		stats.hits += s->hits;
		stats.misses += s->misses;
		stats.insertions += s->insertions;
		stats.evictions += s->evictions;
		stats.bytes += s->bytes;
		stats.dirty_bytes += s->dirty_bytes;
		stats.entries += s->entries;
		gfs_mutex_unlock(&s->lock);
	}
	*ret_stats = stats;
}
