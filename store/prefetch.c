#include "store/prefetch.h"

#include "store/store_private.h"

#include <assert.h>
#include <stdlib.h>

/* Readers that are told apart; runs of pages that wait for the thread. */
enum { STREAMS = 4, RUNS_MAX = 16 };
/* Misses in a row that make a reader sequential, and how far it is led the first time. */
enum { ROW_MIN = 3, FIRST_PAGES = 4 };

struct stream {
	uint64_t next;  /* the page whose miss continues it; 0: unused */
	unsigned row;   /* misses in a row, counted up to ROW_MIN */
	unsigned ahead; /* pages asked for last, which end before `next` */
};

struct run {
	uint64_t first;
	unsigned count;
};

struct gfs_prefetch {
	struct gfs_store *store;
	pthread_t thread;
	struct gfs_mutex lock; /* GFS_RANK_LEAF: guards what follows, up to the counters */
	struct gfs_cond wake;
	struct stream streams[STREAMS];
	unsigned oldest; /* the stream that the next new one replaces */
	struct run runs[RUNS_MAX];
	unsigned run_first, run_count;
	uint64_t *warm; /* owned */
	size_t warm_at, warm_count;
	bool started, stop;
	_Atomic uint64_t ahead, warmed; /* relaxed: statistics */
};

/* ---- who reads in sequence; the lock is held ---- */

static unsigned pages_max(struct gfs_prefetch *p)
{
	uint64_t part = gfs_cache_limit(p->store->cache) / GFS_PREFETCH_LIMIT_PART / GFS_PAGE_MEMORY_BYTES;
	return gfs_cache_is_enabled(p->store->cache) ? (unsigned)GFS_MIN(part, GFS_PREFETCH_PAGES_MAX) : 0;
}

static bool ask(struct gfs_prefetch *p, uint64_t first, unsigned count)
{
	if (count == 0 || p->run_count == RUNS_MAX)
		return false;
	p->runs[(p->run_first + p->run_count++) % RUNS_MAX] = (struct run){ first, count };
	gfs_cond_signal(&p->wake);
	return true;
}

static void go_on(struct gfs_prefetch *p, struct stream *s, uint64_t page_id)
{
	unsigned count = GFS_MIN(s->ahead ? 2 * s->ahead : FIRST_PAGES, pages_max(p));
	s->row += s->row < ROW_MIN;
	s->next = page_id + 1;
	if (s->row < ROW_MIN || !ask(p, page_id + 1, count))
		return;
	s->ahead = count;
	s->next += count;
}

static void note_miss(struct gfs_prefetch *p, uint64_t page_id)
{
	for (unsigned i = 0; i < STREAMS; i++) {
		struct stream *s = &p->streams[i];
		if (s->next == page_id) {
			go_on(p, s, page_id);
			return;
		}
		if (page_id < s->next && s->next - page_id <= s->ahead)
			return; /* asked for, but the reader was faster */
	}
	p->streams[p->oldest++ % STREAMS] = (struct stream){ .next = page_id + 1, .row = 1 };
}

void gfs_prefetch_missed(struct gfs_prefetch *p, uint64_t page_id)
{
	gfs_mutex_lock(&p->lock);
	if (p->started)
		note_miss(p, page_id);
	gfs_mutex_unlock(&p->lock);
}

void gfs_prefetch_warm(struct gfs_prefetch *p, uint64_t *page_ids, size_t count)
{
	gfs_mutex_lock(&p->lock);
	uint64_t *old = p->warm;
	p->warm = page_ids;
	p->warm_at = 0;
	p->warm_count = count;
	gfs_cond_signal(&p->wake);
	gfs_mutex_unlock(&p->lock);
	free(old);
}

/* ---- the thread ---- */

static bool read_page(struct gfs_prefetch *p, uint64_t page_id, _Atomic uint64_t *counter)
{
	bool was_read = false;
	gfs_store_read_begin(p->store);
	int err = gfs_page_read_ahead(p->store, page_id, &was_read);
	gfs_store_read_end(p->store);
	if (was_read)
		atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
	return err == 0;
}

static bool is_full(struct gfs_prefetch *p)
{
	struct gfs_cache_stats stats;
	gfs_cache_stats_get(p->store->cache, &stats);
	return stats.bytes + GFS_PAGE_MEMORY_BYTES > stats.limit_bytes;
}

/* One page of the first run. An error ends the run: its pages do not exist, or who asks for them hears of it. Called and returns with the lock. */
static void step_run(struct gfs_prefetch *p)
{
	struct run *run = &p->runs[p->run_first];
	uint64_t page_id = run->first++;
	unsigned left = --run->count;
	gfs_mutex_unlock(&p->lock);
	bool ok = read_page(p, page_id, &p->ahead);
	gfs_mutex_lock(&p->lock);
	if (ok && left > 0)
		return;
	p->run_first = (p->run_first + 1) % RUNS_MAX;
	p->run_count--;
}

/* One page of the list. Ids of pages that are no more are passed over. The same. */
static void step_warm(struct gfs_prefetch *p)
{
	uint64_t page_id = p->warm[p->warm_at++];
	gfs_mutex_unlock(&p->lock);
	bool full = is_full(p);
	if (!full)
		(void)read_page(p, page_id, &p->warmed); /* a hint: it may be wrong */
	gfs_mutex_lock(&p->lock);
	if (full)
		p->warm_at = p->warm_count;
}

static void *thread_main(void *argument)
{
	struct gfs_prefetch *p = argument;
	gfs_mutex_lock(&p->lock);
	while (!p->stop) {
		if (p->run_count > 0)
			step_run(p);
		else if (p->warm_at < p->warm_count)
			step_warm(p);
		else
			gfs_cond_wait(&p->wake, &p->lock);
	}
	gfs_mutex_unlock(&p->lock);
	return NULL;
}

/* ---- life ---- */

int gfs_prefetch_new(struct gfs_store *store, struct gfs_prefetch **ret_prefetch)
{
	struct gfs_prefetch *p = calloc(1, sizeof *p);
	if (!p)
		return GFS_ERR_NOMEM;
	p->store = store;
	gfs_mutex_init(&p->lock, GFS_RANK_LEAF);
	gfs_cond_init(&p->wake);
	*ret_prefetch = p;
	return 0;
}

void gfs_prefetch_free(struct gfs_prefetch *prefetch)
{
	if (!prefetch)
		return;
	gfs_prefetch_stop(prefetch);
	gfs_cond_release(&prefetch->wake);
	gfs_mutex_release(&prefetch->lock);
	free(prefetch->warm);
	free(prefetch);
}

int gfs_prefetch_start(struct gfs_prefetch *p)
{
	if (pthread_create(&p->thread, NULL, thread_main, p) != 0)
		return GFS_ERR_NOMEM;
	gfs_mutex_lock(&p->lock);
	p->started = true;
	gfs_mutex_unlock(&p->lock);
	return 0;
}

void gfs_prefetch_stop(struct gfs_prefetch *p)
{
	gfs_mutex_lock(&p->lock);
	bool started = p->started;
	p->started = false;
	p->stop = true;
	gfs_cond_signal(&p->wake);
	gfs_mutex_unlock(&p->lock);
	if (started)
		(void)pthread_join(p->thread, NULL); /* fails only for a thread that is not there */
}

void gfs_prefetch_counts(struct gfs_prefetch *p, uint64_t *ret_ahead, uint64_t *ret_warmed)
{
	*ret_ahead = atomic_load_explicit(&p->ahead, memory_order_relaxed);
	*ret_warmed = atomic_load_explicit(&p->warmed, memory_order_relaxed);
}
