/* S3-FIFO, by Yang, Zhang, Qiu, Yue and Rashmi, "FIFO queues are all you need for cache eviction", SOSP 2023, algorithm 1.
 *
 * Entries enter `small` (a twentieth of the limit). At its tail those used meanwhile move to `main`, the others leave and their hash
 * goes to the ghost. At the tail of `main` a used entry goes round again with one hit less, any other leaves.
 *
 * What is different here. Time is bytes inserted, so one turn of the cache is its limit.
 *  - A hit counts only when some time has passed since the last that did (`hit_window`). A scan touches a page once for each of its
 *    hundred records, in one burst, and would otherwise make every page that it reads look popular.
 *  - While `main` has room, what leaves `small` goes there, used or not: a loop that is longer than the cache then keeps a part of itself in
 *    `main` and finds that part again each time round, where FIFO, LRU and the paper's algorithm find nothing.
 *  - A key in the ghost enters `main` at once only if it came back sooner than the tail of `main` was last used. This is the test of LIRS
 *    (Jiang and Zhang, "LIRS: an efficient low inter-reference recency set replacement policy", SIGMETRICS 2002). It keeps what stays
 *    of a loop from being replaced by the rest of the same loop, and lets a new loop replace an old one.
 *  - An entry of `main` that nobody used for many turns leaves before those of `small`: what was popular once must not stay for ever.
 *
 * The ghost is a table of buckets of four slots {tag, time of insertion}. A slot older than the ghost's span counts as empty, so nothing is
 * ever removed from it. */
#include "base/checked.h"
#include "base/hash.h"
#include "cache/policy.h"
#include "cache/queue.h"

#include <stdlib.h>
#include <string.h>

enum where { NOWHERE, IN_SMALL, IN_MAIN, ASIDE_SMALL, ASIDE_MAIN };

enum { HITS_MAX = 3, SMALL_PART = 20, HIT_WINDOW_PART = 64 };
/* In turns of the cache: how far back the ghost remembers, and how long `main` waits for a use. */
enum { GHOST_TURNS = 2, IDLE_TURNS_MAX = 128 };
enum { GHOST_WAYS = 4, GHOST_BUCKETS_MIN = 16, TIME_SHIFT = 6 };

struct ghost_slot {
	uint32_t tag;  /* high half of the key's hash; 0 is never stored */
	uint32_t time; /* of the insertion */
};

struct ghost {
	struct ghost_slot *slots; /* owned; buckets * GHOST_WAYS; NULL: remembers nothing */
	size_t buckets;           /* a power of two */
};

struct s3fifo {
	struct gfs_cache_queue small, main;
	struct ghost ghost;
	uint64_t aside_bytes; /* of entries in no queue */
	uint64_t limit_bytes, small_bytes_max, main_bytes_max;
	uint64_t clock_bytes; /* ever inserted */
};

/* ---- time: 64 bytes a tick, 32 bits, wraps; what is older than it can tell looks younger, and waits a little longer ---- */

static uint32_t now(const struct s3fifo *s)
{
	return (uint32_t)(s->clock_bytes >> TIME_SHIFT);
}

static uint32_t ticks(uint64_t bytes)
{
	return (uint32_t)GFS_MIN(bytes >> TIME_SHIFT, UINT32_MAX / 2);
}

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

/* Takes the tag out when it is there, and tells when it came in. */
static bool ghost_take(struct ghost *g, uint64_t hash, uint32_t *ret_time)
{
	if (!g->slots)
		return false;
	uint32_t tag = ghost_tag(hash);
	struct ghost_slot *slots = ghost_bucket(g, tag);
	for (unsigned i = 0; i < GHOST_WAYS; i++) {
		if (slots[i].tag != tag)
			continue;
		*ret_time = slots[i].time;
		slots[i].tag = 0;
		return true;
	}
	return false;
}

/* In an empty slot, or in place of the oldest. */
static void ghost_place(struct ghost *g, uint32_t tag, uint32_t time)
{
	struct ghost_slot *slots = ghost_bucket(g, tag), *oldest = slots;
	for (unsigned i = 1; i < GHOST_WAYS && oldest->tag; i++)
		if (!slots[i].tag || time - slots[i].time > time - oldest->time)
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
	if (entries > g->buckets * GHOST_WAYS / GHOST_TURNS)
		ghost_grow(g, g->buckets ? g->buckets * 2 : GHOST_BUCKETS_MIN);
	if (g->slots)
		ghost_place(g, ghost_tag(gfs_mix64(e->key)), e->stamp);
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
	s->limit_bytes = limit_bytes;
	s->small_bytes_max = limit_bytes / SMALL_PART;
	s->main_bytes_max = limit_bytes - s->small_bytes_max;
}

static bool main_has_room(const struct s3fifo *s, const struct gfs_cache_entry *e)
{
	return s->main.bytes + s->aside_bytes + e->bytes <= s->main_bytes_max;
}

/* Whether a key that was here before is worth more than what it would push out. */
static bool came_back_soon(struct s3fifo *s, const struct gfs_cache_entry *e)
{
	uint32_t time;
	if (!ghost_take(&s->ghost, gfs_mix64(e->key), &time))
		return false;
	uint32_t away = now(s) - time;
	if (away > ticks(GHOST_TURNS * s->limit_bytes))
		return false;
	return main_has_room(s, e) || !s->main.tail || away < now(s) - s->main.tail->stamp;
}

static void s3fifo_insert(void *state, struct gfs_cache_entry *e)
{
	struct s3fifo *s = state;
	s->clock_bytes += e->bytes;
	set_hits(e, 0);
	e->stamp = now(s);
	if (came_back_soon(s, e))
		put_in(&s->main, e, IN_MAIN);
	else
		put_in(&s->small, e, IN_SMALL);
}

static void s3fifo_hit(void *state, struct gfs_cache_entry *e)
{
	struct s3fifo *s = state;
	unsigned hits = hits_of(e);
	uint64_t hit_window = (s->small.bytes + s->main.bytes) / HIT_WINDOW_PART;
	if (hits >= HITS_MAX || now(s) - e->stamp < ticks(hit_window))
		return;
	set_hits(e, hits + 1);
	e->stamp = now(s);
}

static void set_aside(struct s3fifo *s, struct gfs_cache_entry *e, enum where where)
{
	e->queue = (uint8_t)where;
	s->aside_bytes += e->bytes;
}

static bool is_aside(const struct gfs_cache_entry *e)
{
	return e->queue == ASIDE_SMALL || e->queue == ASIDE_MAIN;
}

static void s3fifo_remove(void *state, struct gfs_cache_entry *e)
{
	struct s3fifo *s = state;
	if (e->queue == IN_SMALL)
		take_out(&s->small, e);
	else if (e->queue == IN_MAIN)
		take_out(&s->main, e);
	else if (is_aside(e))
		s->aside_bytes -= e->bytes;
	e->queue = NOWHERE;
}

static void s3fifo_cleaned(void *state, struct gfs_cache_entry *e)
{
	struct s3fifo *s = state;
	if (!is_aside(e))
		return;
	s->aside_bytes -= e->bytes;
	if (e->queue == ASIDE_MAIN || hits_of(e) > 0)
		put_in(&s->main, e, IN_MAIN);
	else
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
		set_aside(s, e, small ? ASIDE_SMALL : ASIDE_MAIN);
		return FATE_MOVED;
	}
	if (atomic_load_explicit(&e->pins, memory_order_acquire) > 0) {
		put_in(&s->main, e, IN_MAIN); /* in use this very moment */
		return FATE_SKIP;
	}
	if (hits == 0 && !(small && main_has_room(s, e))) {
		if (small)
			ghost_add(&s->ghost, e, s->small.count + s->main.count);
		return FATE_EVICT;
	}
	set_hits(e, small ? 0 : hits - 1);
	put_in(&s->main, e, IN_MAIN);
	return FATE_MOVED;
}

/* Where the next victim is looked for. NULL when both queues are empty. */
static struct gfs_cache_entry *next_tail(struct s3fifo *s)
{
	struct gfs_cache_entry *e = s->main.tail;
	if (!e)
		return s->small.tail;
	if (s->small.bytes <= s->small_bytes_max)
		return e;
	bool idle = hits_of(e) == 0 && now(s) - e->stamp > ticks(IDLE_TURNS_MAX * s->limit_bytes);
	return idle ? e : s->small.tail;
}

static struct gfs_cache_entry *s3fifo_victim(void *state)
{
	struct s3fifo *s = state;
	for (unsigned skips = 0; skips < GFS_CACHE_SKIPS_MAX;) {
		struct gfs_cache_entry *e = next_tail(s);
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
