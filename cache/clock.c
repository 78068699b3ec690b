/* CLOCK (Corbató, "A paging experiment with the Multics system", 1968): a queue whose tail is the hand. A used entry there loses its
 * mark and goes round once more; one without leaves. */
#include "cache/policy.h"
#include "cache/queue.h"

#include <stdlib.h>

enum where { NOWHERE, QUEUED, ASIDE };

static int clock_new(void **ret_state)
{
	struct gfs_cache_queue *q = calloc(1, sizeof *q);
	if (!q)
		return GFS_ERR_NOMEM;
	*ret_state = q;
	return 0;
}

static void clock_limit(void *state, uint64_t limit_bytes)
{
	(void)state;
	(void)limit_bytes;
}

static void clock_insert(void *state, struct gfs_cache_entry *e)
{
	gfs_cache_queue_push(state, e);
	e->queue = QUEUED;
	atomic_store_explicit(&e->hits, 0, memory_order_relaxed);
}

static void clock_hit(void *state, struct gfs_cache_entry *e)
{
	(void)state;
	atomic_store_explicit(&e->hits, 1, memory_order_relaxed);
}

static void clock_remove(void *state, struct gfs_cache_entry *e)
{
	if (e->queue == QUEUED)
		gfs_cache_queue_unlink(state, e);
	e->queue = NOWHERE;
}

/* The hand had come to it, and comes next to it. */
static void clock_cleaned(void *state, struct gfs_cache_entry *e)
{
	if (e->queue != ASIDE)
		return;
	e->queue = QUEUED;
	gfs_cache_queue_push_tail(state, e);
}

static struct gfs_cache_entry *clock_victim(void *state)
{
	struct gfs_cache_queue *q = state;
	for (unsigned skips = 0; q->tail && skips < GFS_CACHE_SKIPS_MAX;) {
		struct gfs_cache_entry *e = q->tail;
		gfs_cache_queue_unlink(q, e);
		e->queue = NOWHERE;
		if (atomic_load_explicit(&e->dirty, memory_order_relaxed)) {
			e->queue = ASIDE;
			continue;
		}
		bool pinned = atomic_load_explicit(&e->pins, memory_order_acquire) > 0;
		if (!pinned && atomic_load_explicit(&e->hits, memory_order_relaxed) == 0)
			return e;
		skips += pinned;
		if (!pinned)
			atomic_store_explicit(&e->hits, 0, memory_order_relaxed);
		gfs_cache_queue_push(q, e);
		e->queue = QUEUED;
	}
	return NULL;
}

const struct gfs_cache_policy gfs_cache_clock = {
	.name = "clock",
	.state_new = clock_new,
	.state_free = free,
	.limit = clock_limit,
	.insert = clock_insert,
	.hit = clock_hit,
	.remove = clock_remove,
	.cleaned = clock_cleaned,
	.victim = clock_victim,
};
