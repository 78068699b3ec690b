#include "graph/idmap.h"

#include "base/checked.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/limits.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Homes of the table at first; slots behind the last home, so that nothing wraps around. */
enum { HOMES_MIN = 1 << 10, TAIL = 1 << 10 };
#define FULL(homes) ((homes) / 4 * 3)
/* What may be added between two relieves without the table growing past homes_max. */
enum { SPARE = 64 };
/* Slots where the table may keep what was found in the runs: a line of the processor's cache. */
enum { WAYS = 4 };
/* Entries of a run that are read together. */
enum { RUN_BLOCK = 64 };
/* Entries that are read and written together when runs are merged. */
enum { STREAM_ENTRIES = 4096 };
/* Runs are merged when there are as many, whatever their sizes. */
enum { RUNS_MAX = 32 };
/* Of the filter: lines of 512 bits, and bits set for a text. */
enum { FILTER_LINES = 1 << 16, FILTER_LINE_WORDS = 8, FILTER_BITS = 4 };

#define LOW_MASK (~GFS_ID_MAX)

/* Hash and id; id GFS_ID_NONE: an empty slot. */
struct entry {
	uint64_t high;
	uint64_t low; /* the hash's upper 30 bits, then the id */
};

struct run {
	int fd;
	size_t count;
	uint64_t *fences; /* `high` of the first entry of each block */
};

struct gfs_idmap {
	struct gfs_store *store;
	uint64_t seed;
	/* homes + TAIL slots, the last always empty: by the upper bits of `high`, then linear probing (Knuth, TAOCP 3, 6.4). */
	struct entry *table;
	size_t homes, count; /* a power of two, and how many slots are taken */
	size_t homes_max;    /* when it has so many and is full it becomes a run */
	bool keeps_found;    /* the runs have everything: the table only keeps what was found, each in one of WAYS slots */
	struct run runs[RUNS_MAX];
	size_t run_count;
	uint64_t *filter; /* NULL until there is a run */
	size_t total, settled_total;
};

/* ---- life ---- */

int gfs_idmap_new(struct gfs_store *store, struct gfs_idmap **ret_map)
{
	struct gfs_idmap *map = calloc(1, sizeof *map);
	if (map == NULL)
		return GFS_ERR_NOMEM;
	map->store = store;
	map->homes = map->homes_max = HOMES_MIN;
	while (map->homes_max * 2 * sizeof *map->table <= 2 * gfs_store_dirty_bytes_max(store))
		map->homes_max *= 2;
	map->table = calloc(map->homes + TAIL, sizeof *map->table);
	if (map->table == NULL) {
		free(map);
		return GFS_ERR_NOMEM;
	}
	if (getrandom(&map->seed, sizeof map->seed, 0) != (ssize_t)sizeof map->seed) {
		gfs_idmap_free(map);
		return GFS_ERR_IO;
	}
	*ret_map = map;
	return 0;
}

static void run_release(struct run *run)
{
	gfs_io_close(run->fd);
	free(run->fences);
}

void gfs_idmap_free(struct gfs_idmap *map)
{
	if (map == NULL)
		return;
	for (size_t i = 0; i < map->run_count; i++)
		run_release(&map->runs[i]);
	free(map->filter);
	free(map->table);
	free(map);
}

struct gfs_idmap_key gfs_idmap_key(const struct gfs_idmap *map, uint64_t space, struct gfs_slice text)
{
	uint64_t words[2];
	gfs_hash128_seed(text.data, text.size, map->seed ^ gfs_mix64(space), words);
	return (struct gfs_idmap_key){ words[0], words[1] & LOW_MASK };
}

static bool matches(const struct entry *e, struct gfs_idmap_key key)
{
	return e->high == key.high && (e->low & LOW_MASK) == key.low;
}

static uint64_t id_of(const struct entry *e)
{
	return e->low & GFS_ID_MAX;
}

/* ---- table ---- */

static size_t home_of(const struct gfs_idmap *map, uint64_t high)
{
	return (size_t)((high >> 32) * map->homes >> 32);
}

/* The slot of the key, or the empty one where it would be. */
static struct entry *probe(const struct gfs_idmap *map, struct gfs_idmap_key key)
{
	struct entry *e = &map->table[home_of(map, key.high)];
	while (id_of(e) != GFS_ID_NONE && !matches(e, key))
		e++;
	return e;
}

static bool is_last(const struct gfs_idmap *map, const struct entry *e)
{
	return e == map->table + map->homes + TAIL - 1;
}

static int grow(struct gfs_idmap *map)
{
	struct gfs_idmap grown = *map;
	grown.homes = map->homes * 2;
	grown.table = calloc(grown.homes + TAIL, sizeof *grown.table);
	if (grown.table == NULL)
		return GFS_ERR_NOMEM;
	for (size_t i = 0; i < map->homes + TAIL; i++) {
		const struct entry *e = &map->table[i];
		if (id_of(e) == GFS_ID_NONE)
			continue;
		struct entry *to = probe(&grown, (struct gfs_idmap_key){ e->high, e->low & LOW_MASK });
		assert(!is_last(&grown, to)); /* half as full as the one that had room */
		*to = *e;
	}
	free(map->table);
	map->table = grown.table;
	map->homes = grown.homes;
	return 0;
}

static void clear_table(struct gfs_idmap *map)
{
	memset(map->table, 0, (map->homes + TAIL) * sizeof *map->table);
	map->count = 0;
}

int gfs_idmap_add(struct gfs_idmap *map, struct gfs_idmap_key key, uint64_t id)
{
	assert(id != GFS_ID_NONE && id <= GFS_ID_MAX && (key.low & ~LOW_MASK) == 0);
	if (map->keeps_found)
		clear_table(map);
	map->keeps_found = false;
	struct entry *e = probe(map, key);
	if (map->count >= FULL(map->homes) || is_last(map, e)) {
		int err = grow(map);
		if (err != 0)
			return err;
		e = probe(map, key);
	}
	assert(id_of(e) == GFS_ID_NONE);
	*e = (struct entry){ key.high, key.low | id };
	map->count++;
	map->total++;
	return 0;
}

/* Closes the gap: what follows moves up unless that would be before its home. */
void gfs_idmap_remove(struct gfs_idmap *map, struct gfs_idmap_key key)
{
	struct entry *gap = probe(map, key);
	assert(!map->keeps_found && id_of(gap) != GFS_ID_NONE);
	for (struct entry *e = gap + 1; id_of(e) != GFS_ID_NONE; e++) {
		if (&map->table[home_of(map, e->high)] > gap)
			continue;
		*gap = *e;
		gap = e;
	}
	*gap = (struct entry){ 0 };
	map->count--;
	map->total--;
}

/* ---- filter ---- */

static uint64_t *filter_line(const struct gfs_idmap *map, struct gfs_idmap_key key)
{
	return map->filter + (key.high & (FILTER_LINES - 1)) * FILTER_LINE_WORDS;
}

/* Bit number i, of the key's other half. */
static unsigned filter_bit(struct gfs_idmap_key key, unsigned i)
{
	return (unsigned)(gfs_mix64(key.low) >> 9 * i) & 511;
}

static void filter_add(struct gfs_idmap *map, const struct entry *e)
{
	struct gfs_idmap_key key = { e->high, e->low & LOW_MASK };
	uint64_t *line = filter_line(map, key);
	for (unsigned i = 0; i < FILTER_BITS; i++)
		line[filter_bit(key, i) / 64] |= UINT64_C(1) << filter_bit(key, i) % 64;
}

static bool filter_may_have(const struct gfs_idmap *map, struct gfs_idmap_key key)
{
	const uint64_t *line = filter_line(map, key);
	bool all = true;
	for (unsigned i = 0; i < FILTER_BITS; i++)
		all = all && (line[filter_bit(key, i) / 64] >> filter_bit(key, i) % 64 & 1) != 0;
	return all;
}

/* ---- looking into runs ---- */

/* The first of `count` fences above `high`. Hashes are spread evenly, so it is not far from where it should be. */
static size_t fence_above(const uint64_t *fences, size_t count, uint64_t high)
{
	size_t i = (size_t)((high >> 32) * count >> 32);
	while (i > 0 && fences[i - 1] > high)
		i--;
	while (i < count && fences[i] <= high)
		i++;
	return i;
}

static int run_find(const struct run *run, struct gfs_idmap_key key, uint64_t *ret_id)
{
	struct entry block[RUN_BLOCK];
	size_t blocks = (run->count + RUN_BLOCK - 1) / RUN_BLOCK;
	/* Entries with the same `high` may begin in the block before. */
	for (size_t i = fence_above(run->fences, blocks, key.high); i-- > 0;) {
		size_t count = GFS_MIN(run->count - i * RUN_BLOCK, (size_t)RUN_BLOCK);
		int err = gfs_io_read_at(run->fd, block, count * sizeof *block, i * sizeof block);
		for (size_t j = 0; err == 0 && j < count; j++) {
			if (matches(&block[j], key)) {
				*ret_id = id_of(&block[j]);
				return 0;
			}
		}
		if (err != 0 || run->fences[i] != key.high)
			return err != 0 ? err : GFS_ERR_NOTFOUND;
	}
	return GFS_ERR_NOTFOUND;
}

static int runs_find(struct gfs_idmap *map, struct gfs_idmap_key key, uint64_t *ret_id)
{
	int err = GFS_ERR_NOTFOUND;
	if (map->run_count == 0 || !filter_may_have(map, key))
		return err;
	for (size_t i = 0; err == GFS_ERR_NOTFOUND && i < map->run_count; i++)
		err = run_find(&map->runs[i], key, ret_id);
	return err;
}

/* The runs have everything; the table keeps what was found lately. */
static int find_settled(struct gfs_idmap *map, struct gfs_idmap_key key, uint64_t *ret_id)
{
	struct entry *ways = &map->table[home_of(map, key.high) & ~(size_t)(WAYS - 1)];
	for (unsigned i = 0; i < WAYS; i++) {
		if (matches(&ways[i], key) && id_of(&ways[i]) != GFS_ID_NONE) {
			*ret_id = id_of(&ways[i]);
			return 0;
		}
	}
	int err = runs_find(map, key, ret_id);
	if (err == 0) {
		memmove(ways + 1, ways, (WAYS - 1) * sizeof *ways);
		ways[0] = (struct entry){ key.high, key.low | *ret_id };
	}
	return err;
}

void gfs_idmap_expect(const struct gfs_idmap *map, struct gfs_idmap_key key)
{
	__builtin_prefetch(&map->table[home_of(map, key.high)]);
	if (map->filter != NULL)
		__builtin_prefetch(filter_line(map, key));
}

int gfs_idmap_find(struct gfs_idmap *map, struct gfs_idmap_key key, uint64_t *ret_id)
{
	if (map->keeps_found)
		return find_settled(map, key, ret_id);
	const struct entry *e = probe(map, key);
	if (id_of(e) == GFS_ID_NONE)
		return runs_find(map, key, ret_id);
	*ret_id = id_of(e);
	return 0;
}

/* ---- making runs ---- */

/* Entries of a run, or of the table in its order. */
struct reader {
	const struct run *run; /* NULL: `entries` are all */
	struct entry *entries;
	size_t at, count; /* in `entries` */
	size_t next;      /* in the run: what was not read yet */
};

struct writer {
	struct run *run;
	struct entry *entries;
	size_t count;
};

static int reader_fill(struct reader *r)
{
	if (r->at < r->count || r->run == NULL || r->next == r->run->count)
		return 0;
	r->at = 0;
	r->count = GFS_MIN(r->run->count - r->next, (size_t)STREAM_ENTRIES);
	int err = gfs_io_read_at(r->run->fd, r->entries, r->count * sizeof *r->entries, r->next * sizeof *r->entries);
	r->next += r->count;
	return err;
}

static int writer_flush(struct writer *w)
{
	uint64_t offset = (w->run->count - w->count) * sizeof *w->entries;
	int err = gfs_io_write_at(w->run->fd, w->entries, w->count * sizeof *w->entries, offset);
	w->count = 0;
	return err;
}

static int writer_add(struct writer *w, struct entry e)
{
	if (w->run->count % RUN_BLOCK == 0)
		w->run->fences[w->run->count / RUN_BLOCK] = e.high;
	w->entries[w->count++] = e;
	w->run->count++;
	return w->count < STREAM_ENTRIES ? 0 : writer_flush(w);
}

static int merge_readers(struct reader *readers, size_t count, struct writer *w)
{
	for (;;) {
		struct reader *least = NULL;
		for (size_t i = 0; i < count; i++) {
			int err = reader_fill(&readers[i]);
			if (err != 0)
				return err;
			bool has = readers[i].at < readers[i].count;
			if (has && (least == NULL || readers[i].entries[readers[i].at].high < least->entries[least->at].high))
				least = &readers[i];
		}
		if (least == NULL)
			return writer_flush(w);
		int err = writer_add(w, least->entries[least->at++]);
		if (err != 0)
			return err;
	}
}

/* Moves what the table has to its front, in order. By their homes they are; those of about the same home are sorted by insertion. */
static void sort_table(struct gfs_idmap *map)
{
	size_t count = 0;
	for (size_t i = 0; i < map->homes + TAIL; i++) {
		struct entry e = map->table[i];
		if (id_of(&e) == GFS_ID_NONE)
			continue;
		size_t at = count++;
		for (; at > 0 && map->table[at - 1].high > e.high; at--)
			map->table[at] = map->table[at - 1];
		map->table[at] = e;
	}
	assert(count == map->count);
}

/* The table and runs from `first` on as one run. */
static int merge_into(struct gfs_idmap *map, size_t first, struct run *run, size_t total)
{
	size_t count = map->run_count - first + 1;
	struct entry *memory = malloc(count * STREAM_ENTRIES * sizeof *memory);
	struct reader *readers = calloc(count, sizeof *readers);
	run->fences = malloc((total / RUN_BLOCK + 1) * sizeof *run->fences);
	int err = memory != NULL && readers != NULL && run->fences != NULL ? 0 : GFS_ERR_NOMEM;
	if (err == 0) {
		struct writer w = { .run = run, .entries = memory };
		readers[0] = (struct reader){ .entries = map->table, .count = map->count };
		for (size_t i = 1; i < count; i++)
			readers[i] = (struct reader){ .run = &map->runs[first + i - 1], .entries = memory + i * STREAM_ENTRIES };
		err = merge_readers(readers, count, &w);
	}
	assert(err != 0 || run->count == total);
	free(memory);
	free(readers);
	return err;
}

static int fill_filter(struct gfs_idmap *map)
{
	if (map->filter == NULL)
		map->filter = calloc((size_t)FILTER_LINES * FILTER_LINE_WORDS, sizeof *map->filter);
	if (map->filter == NULL)
		return GFS_ERR_NOMEM;
	for (size_t i = 0; i < map->count; i++)
		filter_add(map, &map->table[i]);
	return 0;
}

/* After an error the map can only be freed. */
static int make_run(struct gfs_idmap *map, size_t first)
{
	struct run run = { .fd = -1 };
	size_t total = map->count;
	assert(!map->keeps_found && first < RUNS_MAX);
	sort_table(map);
	for (size_t i = first; i < map->run_count; i++)
		total += map->runs[i].count;
	int err = fill_filter(map);
	if (err == 0)
		err = gfs_store_temporary_file(map->store, &run.fd);
	if (err == 0)
		err = merge_into(map, first, &run, total);
	if (err != 0) {
		run_release(&run);
		return err;
	}
	for (size_t i = first; i < map->run_count; i++)
		run_release(&map->runs[i]);
	map->runs[first] = run;
	map->run_count = first + 1;
	clear_table(map);
	return 0;
}

size_t gfs_idmap_bytes(const struct gfs_idmap *map)
{
	return (map->homes + TAIL) * sizeof *map->table;
}

int gfs_idmap_relieve(struct gfs_idmap *map)
{
	if (map->keeps_found || map->count < FULL(map->homes_max) - SPARE)
		return 0;
	size_t first = map->run_count, total = map->count;
	while (first > 0 && map->runs[first - 1].count <= 2 * total)
		total += map->runs[--first].count;
	return make_run(map, first);
}

int gfs_idmap_settle(struct gfs_idmap *map)
{
	size_t added = map->total - map->settled_total;
	if (map->run_count == 0 || map->keeps_found || added < map->settled_total / 4)
		return 0;
	int err = make_run(map, 0);
	if (err != 0)
		return err;
	map->settled_total = map->total;
	map->keeps_found = true;
	return 0;
}
