/* Least recently used: one queue, to whose head every use brings its entry back. Cheap to understand, and flushed by any scan. */
#include "cache/policy.h"
#include "cache/queue.h"

#include <stdlib.h>

enum where { NOWHERE, QUEUED, ASIDE };

static int lru_new(void **ret_state)
{
	struct gfs_cache_queue *q = calloc(1, sizeof *q);
	if (!q)
		return GFS_ERR_NOMEM;
	*ret_state = q;
	return 0;
}

static void lru_limit(void *state, uint64_t limit_bytes)
{
	(void)state;
	(void)limit_bytes;
}

static void lru_insert(void *state, struct gfs_cache_entry *e)
{
	gfs_cache_queue_push(state, e);
	e->queue = QUEUED;
	atomic_store_explicit(&e->hits, 0, memory_order_relaxed);
}

static void lru_hit(void *state, struct gfs_cache_entry *e)
{
	if (e->queue == QUEUED) {
		gfs_cache_queue_unlink(state, e);
		gfs_cache_queue_push(state, e);
	} else {
		atomic_store_explicit(&e->hits, 1, memory_order_relaxed);
	}
}

static void lru_remove(void *state, struct gfs_cache_entry *e)
{
	if (e->queue == QUEUED)
		gfs_cache_queue_unlink(state, e);
	e->queue = NOWHERE;
}

/* It was the oldest when it was set aside, and still is unless it was used since. */
static void lru_cleaned(void *state, struct gfs_cache_entry *e)
{
	if (e->queue != ASIDE)
		return;
	e->queue = QUEUED;
	if (atomic_exchange_explicit(&e->hits, 0, memory_order_relaxed) > 0)
		gfs_cache_queue_push(state, e);
	else
		gfs_cache_queue_push_tail(state, e);
}

static struct gfs_cache_entry *lru_victim(void *state)
{
	struct gfs_cache_queue *q = state;
	for (unsigned skips = 0; q->tail && skips < GFS_CACHE_SKIPS_MAX;) {
		struct gfs_cache_entry *e = q->tail;
		gfs_cache_queue_unlink(q, e);
		if (atomic_load_explicit(&e->dirty, memory_order_relaxed)) {
			e->queue = ASIDE;
		} else if (atomic_load_explicit(&e->pins, memory_order_acquire) > 0) {
			gfs_cache_queue_push(q, e); /* in use this very moment */
			skips++;
		} else {
			e->queue = NOWHERE;
			return e;
		}
	}
	return NULL;
}

const struct gfs_cache_policy gfs_cache_lru = {
	.name = "lru",
	.state_new = lru_new,
	.state_free = free,
	.limit = lru_limit,
	.insert = lru_insert,
	.hit = lru_hit,
	.remove = lru_remove,
	.cleaned = lru_cleaned,
	.victim = lru_victim,
};
