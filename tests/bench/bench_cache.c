/* What the eviction policies keep, beside the best that anybody could: hit ratios of S3-FIFO, LRU and CLOCK on fixed traces, and of
 * Belady's offline optimum (throw out what is needed last) on the same. Exit status 1 when a promise is broken:
 *
 *  - on every trace S3-FIFO has at least 90 % of the optimum's ratio and is at most a point behind LRU; on scan-mixed ones it is ahead;
 *  - with 95 % of the reads on a tenth of the entries, and an eighth of them cached, it serves 99 % of those reads.
 *
 * The traces, over as many entries as WordNet has nodes, one size each, the first half unmeasured:
 *
 *  zipf    popularity as Zipf's law with exponent 0.99
 *  scan    the same, and after twice as many reads as there are entries every entry once in order
 *  loop    every entry in order, again and again
 *  hot     95 % of the reads fall evenly on a tenth of the entries, the rest on all others */
#include "base/checked.h"
#include "cache/cache.h"
#include "tests/support/rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES = 265000, ROUNDS = 10, ENTRY_BYTES = 8192, POLICIES = 3 };
#define TRACE_LENGTH ((size_t)ENTRIES * ROUNDS)
#define ZIPF_EXPONENT 0.99
#define SCAN_EVERY (2 * (size_t)ENTRIES)
#define HOT_ENTRIES (ENTRIES / 10)

static const char *const policy_names[POLICIES] = { "s3fifo", "lru", "clock" };

static struct rng rng = { 0x9e3779b97f4a7c15 };

static void *must_have(void *memory)
{
	if (!memory) {
		fputs("out of memory\n", stderr);
		exit(2);
	}
	return memory;
}

/* ---- traces ---- */

static double random_unit(void)
{
	return (double)(rng_next(&rng) & 0xffffffffffff) / (double)0x1000000000000;
}

/* Ids in random order, so that popularity says nothing of place. */
static uint32_t *shuffled(void)
{
	uint32_t *ids = must_have(calloc(ENTRIES, sizeof *ids));
	for (uint32_t i = 0; i < ENTRIES; i++) {
		uint32_t at = rng_below(&rng, i + 1);
		ids[i] = ids[at];
		ids[at] = i;
	}
	return ids;
}

/* `scan_every` 0: never. */
static void make_zipf(uint32_t *trace, size_t scan_every)
{
	double *sums = must_have(calloc(ENTRIES, sizeof *sums)), sum = 0;
	uint32_t *ids = shuffled();
	for (uint32_t i = 0; i < ENTRIES; i++)
		sums[i] = sum += pow(i + 1.0, -ZIPF_EXPONENT);
	for (size_t at = 0, drawn = 0; at < TRACE_LENGTH;) {
		double u = random_unit() * sum;
		uint32_t low = 0, high = ENTRIES - 1;
		while (low < high) {
			uint32_t mid = (low + high) / 2;
			if (sums[mid] < u)
				low = mid + 1;
			else
				high = mid;
		}
		trace[at++] = ids[low];
		if (scan_every && ++drawn % scan_every == 0)
			for (uint32_t i = 0; i < ENTRIES && at < TRACE_LENGTH; i++)
				trace[at++] = i;
	}
	free(ids);
	free(sums);
}

static void make_loop(uint32_t *trace)
{
	for (size_t at = 0; at < TRACE_LENGTH; at++)
		trace[at] = (uint32_t)(at % ENTRIES);
}

static void make_hot(uint32_t *trace)
{
	for (size_t at = 0; at < TRACE_LENGTH; at++)
		trace[at] = rng_below(&rng, 100) < 95 ? rng_below(&rng, HOT_ENTRIES)
											  : HOT_ENTRIES + rng_below(&rng, ENTRIES - HOT_ENTRIES);
}

/* ---- hits ---- */

struct hits {
	uint64_t all, hot; /* of the second half */
	uint64_t reads, hot_reads;
};

static void count(struct hits *hits, size_t at, uint32_t id, bool hit)
{
	if (at < TRACE_LENGTH / 2)
		return;
	hits->reads++;
	hits->all += hit;
	hits->hot_reads += id < HOT_ENTRIES;
	hits->hot += hit && id < HOT_ENTRIES;
}

static double ratio(const struct hits *hits)
{
	return (double)hits->all / (double)hits->reads;
}

static void evict(void *context, struct gfs_cache_entry *entry)
{
	(void)context;
	free(entry);
}

static struct hits measure(const uint32_t *trace, const char *policy_name, uint64_t limit_bytes)
{
	static const struct gfs_cache_ops ops = { .evict = evict };
	struct gfs_cache *cache;
	struct hits hits = { 0 };
	if (gfs_cache_new("bench", &ops, limit_bytes, &cache) != 0 ||
		gfs_cache_set_policy(cache, gfs_cache_policy_find(gfs_slice_text(policy_name))) != 0)
		(void)must_have(NULL);
	for (size_t at = 0; at < TRACE_LENGTH; at++) {
		struct gfs_cache_entry *e = gfs_cache_get(cache, trace[at]);
		count(&hits, at, trace[at], e != NULL);
		if (!e)
			e = gfs_cache_insert(cache, must_have(malloc(sizeof *e)), trace[at], ENTRY_BYTES);
		gfs_cache_put(cache, e);
	}
	gfs_cache_free(cache);
	return hits;
}

/* ---- the optimum: a heap of what is kept, by when it is read next, latest on top ---- */

struct optimum {
	uint32_t *heap, *place; /* ids; where an id is in the heap, UINT32_MAX: nowhere */
	uint32_t *next;         /* when an id that is kept is read next */
	size_t size;
};

static void heap_set(struct optimum *o, size_t at, uint32_t id)
{
	o->heap[at] = id;
	o->place[id] = (uint32_t)at;
}

static void heap_up(struct optimum *o, size_t at, uint32_t id)
{
	while (at > 0 && o->next[o->heap[(at - 1) / 2]] < o->next[id]) {
		heap_set(o, at, o->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_set(o, at, id);
}

static void heap_down(struct optimum *o, size_t at, uint32_t id)
{
	for (size_t child; (child = 2 * at + 1) < o->size; at = child) {
		if (child + 1 < o->size && o->next[o->heap[child + 1]] > o->next[o->heap[child]])
			child++;
		if (o->next[o->heap[child]] <= o->next[id])
			break;
		heap_set(o, at, o->heap[child]);
	}
	heap_set(o, at, id);
}

static uint32_t *next_reads(const uint32_t *trace)
{
	uint32_t *next = must_have(calloc(TRACE_LENGTH, sizeof *next)), *seen = must_have(calloc(ENTRIES, sizeof *seen));
	memset(seen, 0xff, ENTRIES * sizeof *seen); /* never */
	for (size_t at = TRACE_LENGTH; at-- > 0;) {
		next[at] = seen[trace[at]];
		seen[trace[at]] = (uint32_t)at;
	}
	free(seen);
	return next;
}

static struct hits measure_optimum(const uint32_t *trace, size_t kept_max)
{
	struct optimum o = {
		.heap = must_have(calloc(kept_max, sizeof *o.heap)),
		.place = must_have(calloc(ENTRIES, sizeof *o.place)),
		.next = must_have(calloc(ENTRIES, sizeof *o.next)),
	};
	struct hits hits = { 0 };
	uint32_t *next = next_reads(trace);
	memset(o.place, 0xff, ENTRIES * sizeof *o.place);
	for (size_t at = 0; at < TRACE_LENGTH; at++) {
		uint32_t id = trace[at];
		bool hit = o.place[id] != UINT32_MAX;
		count(&hits, at, id, hit);
		o.next[id] = next[at];
		if (hit) {
			heap_up(&o, o.place[id], id); /* read just now: its next time is later than before */
		} else if (o.size < kept_max) {
			heap_up(&o, o.size++, id);
		} else {
			o.place[o.heap[0]] = UINT32_MAX;
			heap_down(&o, 0, id);
		}
	}
	free(next);
	free(o.heap);
	free(o.place);
	free(o.next);
	return hits;
}

/* ---- the table ---- */

static bool broken;

static const char *verdict(bool kept)
{
	broken |= !kept;
	return kept ? "" : "  BROKEN";
}

static void show(const char *name, const uint32_t *trace, bool scans)
{
	static const unsigned percents[] = { 1, 10, 25 };
	for (size_t i = 0; i < GFS_COUNT(percents); i++) {
		size_t kept_max = (size_t)ENTRIES * percents[i] / 100;
		double best, r[POLICIES];
		struct hits hits = measure_optimum(trace, kept_max);
		best = ratio(&hits);
		for (unsigned p = 0; p < POLICIES; p++) {
			hits = measure(trace, policy_names[p], kept_max * ENTRY_BYTES);
			r[p] = ratio(&hits);
		}
		bool kept = r[0] >= 0.9 * best && r[0] >= r[1] - 0.01 && (!scans || r[0] > r[1]);
		printf("%-5s %5u%% %9.4f %9.4f %9.4f %9.4f %11.1f%%%s\n", name, percents[i], best, r[0], r[1], r[2],
			100 * r[0] / best, verdict(kept));
		fflush(stdout);
	}
}

static void show_hot(const uint32_t *trace)
{
	printf("\n95 %% of the reads on a tenth of the entries, an eighth cached: hot reads served from the cache\n");
	for (unsigned p = 0; p < POLICIES; p++) {
		struct hits hits = measure(trace, policy_names[p], (uint64_t)ENTRIES / 8 * ENTRY_BYTES);
		double hot = (double)hits.hot / (double)hits.hot_reads;
		printf("%-8s %8.3f%%%s\n", policy_names[p], 100 * hot, p == 0 ? verdict(hot >= 0.99) : "");
	}
}

int main(void)
{
	uint32_t *trace = must_have(calloc(TRACE_LENGTH, sizeof *trace));
	printf("%d entries, %zu reads, hit ratios of the second half\n", ENTRIES, TRACE_LENGTH);
	printf("%-5s %6s %9s %9s %9s %9s %12s\n", "trace", "cache", "optimum", policy_names[0], policy_names[1],
		policy_names[2], "of optimum");
	make_zipf(trace, 0);
	show("zipf", trace, false);
	make_zipf(trace, SCAN_EVERY);
	show("scan", trace, true);
	make_loop(trace);
	show("loop", trace, false);
	make_hot(trace);
	show_hot(trace);
	free(trace);
	return broken ? 1 : 0;
}
