/* S3-FIFO, by Yang, Zhang, Qiu, Yue and Rashmi, "FIFO queues are all you need for cache eviction", SOSP 2023, algorithm 1.
 *
 * Entries enter `small` (a tenth of the limit). At its tail those used meanwhile move to `main`, the others leave and their hash
 * goes to the ghost. A key whose hash is in the ghost enters `main` at once. At the tail of `main` a used entry goes round again
 * with one hit less.
 *
 * One thing is ours: a hit counts only when some insertions happened since the last that counted (`hit_window`). A scan touches a
 * page once for each of its hundred records, in one burst, and would otherwise make every page it reads look popular.
 *
 * The ghost is a table of buckets of four slots {tag, time}, where time is the number of bytes that went into the ghost. A slot
 * older than the ghost's span counts as empty, so nothing is ever removed from it. */
#include "base/hash.h"
#include "cache/policy.h"
#include "cache/queue.h"

#include <stdlib.h>
#include <string.h>

enum where { NOWHERE, IN_SMALL, IN_MAIN, ASIDE_SMALL, ASIDE_MAIN };

enum { HITS_MAX = 3, SMALL_PART = 10, HIT_WINDOW_PART = 64 };
enum { GHOST_WAYS = 4, GHOST_BUCKETS_MIN = 16, GHOST_UNIT_SHIFT = 6 };

struct ghost_slot {
	uint32_t tag;  /* high half of the key's hash; 0 is never stored */
	uint32_t time; /* in units of 64 bytes, wraps */
};

struct ghost {
	struct ghost_slot *slots; /* owned; buckets * GHOST_WAYS; NULL: remembers nothing */
	size_t buckets;           /* a power of two */
	uint64_t clock_bytes;
	uint64_t span_bytes;
};

struct s3fifo {
	struct gfs_cache_queue small, main;
	struct ghost ghost;
	uint64_t small_bytes_max;
	uint32_t insertions; /* wraps */
};

/* ---- entries ---- */

static void put_in(struct gfs_cache_queue *q, struct gfs_cache_entry *e, enum where where)
{
	gfs_cache_queue_push(q, e);
	e->queue = (uint8_t)where;
}

static void take_out(struct gfs_cache_queue *q, struct gfs_cache_entry *e)
{
	gfs_cache_queue_unlink(q, e);
	e->queue = NOWHERE;
}

static unsigned hits_of(struct gfs_cache_entry *e)
{
	return atomic_load_explicit(&e->hits, memory_order_relaxed);
}

static void set_hits(struct gfs_cache_entry *e, unsigned hits)
{
	atomic_store_explicit(&e->hits, (uint8_t)hits, memory_order_relaxed);
}

/* ---- ghost ---- */

static uint32_t ghost_tag(uint64_t hash)
{
	uint32_t tag = (uint32_t)(hash >> 32);
	return tag ? tag : 1;
}

static struct ghost_slot *ghost_bucket(const struct ghost *g, uint32_t tag)
{
	return g->slots + (tag & (g->buckets - 1)) * GHOST_WAYS;
}

static uint32_t ghost_age(const struct ghost *g, const struct ghost_slot *slot)
{
	return slot->tag ? (uint32_t)(g->clock_bytes >> GHOST_UNIT_SHIFT) - slot->time : UINT32_MAX;
}

/* Takes the tag out when it is there. */
static bool ghost_take(struct ghost *g, uint64_t hash)
{
	if (!g->slots)
		return false;
	uint32_t tag = ghost_tag(hash);
	struct ghost_slot *slots = ghost_bucket(g, tag);
	for (unsigned i = 0; i < GHOST_WAYS; i++) {
		if (slots[i].tag != tag)
			continue;
		bool fresh = ghost_age(g, &slots[i]) <= g->span_bytes >> GHOST_UNIT_SHIFT;
		slots[i].tag = 0;
		return fresh;
	}
	return false;
}

static void ghost_place(struct ghost *g, uint32_t tag, uint32_t time)
{
	struct ghost_slot *slots = ghost_bucket(g, tag), *oldest = slots;
	for (unsigned i = 1; i < GHOST_WAYS; i++)
		if (ghost_age(g, &slots[i]) > ghost_age(g, oldest))
			oldest = &slots[i];
	*oldest = (struct ghost_slot){ .tag = tag, .time = time };
}

/* A ghost that cannot grow forgets sooner. */
static void ghost_grow(struct ghost *g, size_t buckets)
{
	struct ghost_slot *slots = calloc(buckets * GHOST_WAYS, sizeof *slots);
	if (!slots)
		return;
	struct ghost old = *g;
	g->slots = slots;
	g->buckets = buckets;
	for (size_t i = 0; i < old.buckets * GHOST_WAYS; i++)
		if (old.slots[i].tag)
			ghost_place(g, old.slots[i].tag, old.slots[i].time);
	free(old.slots);
}

static void ghost_add(struct ghost *g, const struct gfs_cache_entry *e, size_t entries)
{
	if (entries > g->buckets * GHOST_WAYS / 2)
		ghost_grow(g, g->buckets ? g->buckets * 2 : GHOST_BUCKETS_MIN);
	if (!g->slots)
		return;
	g->clock_bytes += e->bytes;
	ghost_place(g, ghost_tag(gfs_mix64(e->key)), (uint32_t)(g->clock_bytes >> GHOST_UNIT_SHIFT));
}

/* ---- the policy ---- */

static int s3fifo_new(void **ret_state)
{
	struct s3fifo *s = calloc(1, sizeof *s);
	if (!s)
		return GFS_ERR_NOMEM;
	*ret_state = s;
	return 0;
}

static void s3fifo_free(void *state)
{
	struct s3fifo *s = state;
	if (s)
		free(s->ghost.slots);
	free(s);
}

static void s3fifo_limit(void *state, uint64_t limit_bytes)
{
	struct s3fifo *s = state;
	s->small_bytes_max = limit_bytes / SMALL_PART;
	s->ghost.span_bytes = limit_bytes - s->small_bytes_max;
}

static void s3fifo_insert(void *state, struct gfs_cache_entry *e)
{
	struct s3fifo *s = state;
	set_hits(e, 0);
	e->stamp = ++s->insertions;
	if (ghost_take(&s->ghost, gfs_mix64(e->key)))
		put_in(&s->main, e, IN_MAIN);
	else
		put_in(&s->small, e, IN_SMALL);
}

static void s3fifo_hit(void *state, struct gfs_cache_entry *e)
{
	struct s3fifo *s = state;
	unsigned hits = hits_of(e);
	size_t hit_window = (s->small.count + s->main.count) / HIT_WINDOW_PART;
	if (hits >= HITS_MAX || (uint32_t)(s->insertions - e->stamp) < hit_window)
		return;
	set_hits(e, hits + 1);
	e->stamp = s->insertions;
}

static void s3fifo_remove(void *state, struct gfs_cache_entry *e)
{
	struct s3fifo *s = state;
	if (e->queue == IN_SMALL)
		take_out(&s->small, e);
	else if (e->queue == IN_MAIN)
		take_out(&s->main, e);
	e->queue = NOWHERE;
}

static void s3fifo_cleaned(void *state, struct gfs_cache_entry *e)
{
	struct s3fifo *s = state;
	if (e->queue == ASIDE_MAIN || (e->queue == ASIDE_SMALL && hits_of(e) > 0))
		put_in(&s->main, e, IN_MAIN);
	else if (e->queue == ASIDE_SMALL)
		put_in(&s->small, e, IN_SMALL);
}

/* What becomes of the entry at a tail. */
enum fate { FATE_EVICT, FATE_SKIP, FATE_MOVED };

static enum fate judge(struct s3fifo *s, struct gfs_cache_entry *e)
{
	bool small = e->queue == IN_SMALL;
	unsigned hits = hits_of(e);
	take_out(small ? &s->small : &s->main, e);
	if (atomic_load_explicit(&e->dirty, memory_order_relaxed)) {
		e->queue = small ? ASIDE_SMALL : ASIDE_MAIN;
		return FATE_MOVED;
	}
	if (atomic_load_explicit(&e->pins, memory_order_acquire) > 0) {
		put_in(small ? &s->small : &s->main, e, small ? IN_SMALL : IN_MAIN);
		return FATE_SKIP;
	}
	if (hits == 0) {
		if (small)
			ghost_add(&s->ghost, e, s->small.count + s->main.count);
		return FATE_EVICT;
	}
	set_hits(e, small ? 0 : hits - 1);
	put_in(&s->main, e, IN_MAIN);
	return FATE_MOVED;
}

static struct gfs_cache_entry *s3fifo_victim(void *state)
{
	struct s3fifo *s = state;
	for (unsigned skips = 0; skips < GFS_CACHE_SKIPS_MAX;) {
		struct gfs_cache_entry *e = s->small.bytes > s->small_bytes_max || !s->main.tail ? s->small.tail : s->main.tail;
		if (!e)
			return NULL;
		switch (judge(s, e)) {
		case FATE_EVICT:
			return e;
		case FATE_SKIP:
			skips++;
			break;
		case FATE_MOVED:
			break;
		}
	}
	return NULL;
}

const struct gfs_cache_policy gfs_cache_s3fifo = {
	.name = "s3fifo",
	.state_new = s3fifo_new,
	.state_free = s3fifo_free,
	.limit = s3fifo_limit,
	.insert = s3fifo_insert,
	.hit = s3fifo_hit,
	.remove = s3fifo_remove,
	.cleaned = s3fifo_cleaned,
	.victim = s3fifo_victim,
};
