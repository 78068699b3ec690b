/* A queue of cache entries, doubly linked through their queue_prev and queue_next: what the policies are made of. */
#ifndef GFS_CACHE_QUEUE_H
#define GFS_CACHE_QUEUE_H

#include "cache/cache.h"

#include <assert.h>

struct gfs_cache_queue {
	struct gfs_cache_entry *head, *tail; /* in at the head, out at the tail */
	uint64_t bytes;
	size_t count;
};

static inline void gfs_cache_queue_push(struct gfs_cache_queue *q, struct gfs_cache_entry *e)
{
	e->queue_prev = NULL;
	e->queue_next = q->head;
	if (q->head)
		q->head->queue_prev = e;
	else
		q->tail = e;
	q->head = e;
	q->bytes += e->bytes;
	q->count++;
}

/* At the end where entries leave: the next one out. */
static inline void gfs_cache_queue_push_tail(struct gfs_cache_queue *q, struct gfs_cache_entry *e)
{
	e->queue_next = NULL;
	e->queue_prev = q->tail;
	if (q->tail)
		q->tail->queue_next = e;
	else
		q->head = e;
	q->tail = e;
	q->bytes += e->bytes;
	q->count++;
}

static inline void gfs_cache_queue_unlink(struct gfs_cache_queue *q, struct gfs_cache_entry *e)
{
	assert(q->count > 0 && q->bytes >= e->bytes);
	if (e->queue_prev)
		e->queue_prev->queue_next = e->queue_next;
	else
		q->head = e->queue_next;
	if (e->queue_next)
		e->queue_next->queue_prev = e->queue_prev;
	else
		q->tail = e->queue_prev;
	q->bytes -= e->bytes;
	q->count--;
	e->queue_prev = e->queue_next = NULL;
}

#endif
