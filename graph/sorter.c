#include "graph/sorter.h"

#include "base/checked.h"
#include "base/io.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { DIGIT_BITS = 16, DIGITS = 1 << DIGIT_BITS, DIGITS_A_WORD = 4 };
/* Counting 65,536 digits pays from here on. */
#define RADIX_MIN 20000u
/* What the runs of a merge may be read ahead by, in items: in all, and each at least and at most. */
#define AHEAD_ITEMS ((size_t)1 << 17)
#define AHEAD_ITEMS_MIN ((size_t)128)
#define AHEAD_ITEMS_MAX ((size_t)4096)

/* ---- sorting in memory ---- */

static int compare(const void *a, const void *b)
{
	const struct gfs_triple *x = a, *y = b;
	for (unsigned i = 0; i < GFS_COUNT(x->word); i++)
		if (x->word[i] != y->word[i])
			return x->word[i] < y->word[i] ? -1 : 1;
	return 0;
}

static unsigned digit_of(const struct gfs_triple *item, unsigned word, unsigned digit)
{
	return (unsigned)(item->word[word] >> DIGIT_BITS * digit) & (DIGITS - 1);
}

/* By one digit, keeping the order of equals. `places` has a number a digit. */
static void distribute(
	const struct gfs_triple *from, struct gfs_triple *to, size_t count, unsigned word, unsigned digit, size_t *places)
{
	size_t sum = 0;
	memset(places, 0, DIGITS * sizeof *places);
	for (size_t i = 0; i < count; i++)
		places[digit_of(from + i, word, digit)]++;
	for (size_t i = 0; i < DIGITS; i++) {
		size_t here = places[i];
		places[i] = sum;
		sum += here;
	}
	for (size_t i = 0; i < count; i++)
		to[places[digit_of(from + i, word, digit)]++] = from[i];
}

/* Least significant digit first (Knuth, TAOCP 3, 5.2.5), leaving out digits that are the same in all. The result is in *items or *spare, which
 * are exchanged. */
static void radix_sort(struct gfs_triple **items, struct gfs_triple **spare, size_t count, size_t *places)
{
	struct gfs_triple differs = { 0 };
	for (size_t i = 1; i < count; i++)
		for (unsigned w = 0; w < GFS_COUNT(differs.word); w++)
			differs.word[w] |= (*items)[i].word[w] ^ (*items)[0].word[w];
	for (unsigned w = GFS_COUNT(differs.word); w-- > 0;) {
		for (unsigned digit = 0; digit < DIGITS_A_WORD; digit++) {
			if (digit_of(&differs, w, digit) == 0)
				continue;
			distribute(*items, *spare, count, w, digit, places);
			struct gfs_triple *sorted = *spare;
			*spare = *items;
			*items = sorted;
		}
	}
}

/* Sorts an array of malloc's, which may become another one. */
static int sort(struct gfs_triple **items, size_t count)
{
	if (count < RADIX_MIN) {
		if (count > 0)
			qsort(*items, count, sizeof **items, compare);
		return 0;
	}
	struct gfs_triple *spare = malloc(count * sizeof *spare);
	size_t *places = malloc(DIGITS * sizeof *places);
	int err = spare != NULL && places != NULL ? 0 : GFS_ERR_NOMEM;
	if (err == 0)
		radix_sort(items, &spare, count, places);
	free(spare);
	free(places);
	return err;
}

/* ---- gathering ---- */

void gfs_sorter_release(struct gfs_sorter *sorter)
{
	gfs_sorter_drop_runs(sorter);
	free(sorter->items);
	free(sorter->runs);
	*sorter = (struct gfs_sorter){ .store = sorter->store };
}

void gfs_sorter_drop_runs(struct gfs_sorter *sorter)
{
	if (sorter->run_count > 0)
		gfs_io_close(sorter->fd);
	sorter->run_count = 0;
	sorter->file_bytes = 0;
}

int gfs_sorter_add(struct gfs_sorter *sorter, struct gfs_triple item)
{
	assert(sorter->count <= sorter->capacity);
	if (sorter->count == sorter->capacity) {
		size_t capacity = GFS_MAX(sorter->capacity * 2, (size_t)256);
		struct gfs_triple *items = reallocarray(sorter->items, capacity, sizeof *items);
		if (items == NULL)
			return GFS_ERR_NOMEM;
		sorter->items = items;
		sorter->capacity = capacity;
	}
	sorter->items[sorter->count++] = item;
	return 0;
}

static int reserve_run(struct gfs_sorter *sorter)
{
	if (sorter->run_count == sorter->run_capacity) {
		size_t capacity = GFS_MAX(sorter->run_capacity * 2, (size_t)16);
		struct gfs_sorter_run *runs = reallocarray(sorter->runs, capacity, sizeof *runs);
		if (runs == NULL)
			return GFS_ERR_NOMEM;
		sorter->runs = runs;
		sorter->run_capacity = capacity;
	}
	return sorter->run_count > 0 ? 0 : gfs_store_temporary_file(sorter->store, &sorter->fd);
}

int gfs_sorter_write_run(struct gfs_sorter *sorter)
{
	size_t bytes = sorter->count * sizeof *sorter->items;
	if (bytes == 0)
		return 0;
	int err = sort(&sorter->items, sorter->count);
	if (err != 0)
		return err;
	sorter->capacity = sorter->count; /* of the array that it has become */
	err = reserve_run(sorter);
	if (err != 0)
		return err;
	err = gfs_io_write_at(sorter->fd, sorter->items, bytes, sorter->file_bytes);
	sorter->runs[sorter->run_count++] = (struct gfs_sorter_run){ sorter->file_bytes, sorter->count };
	sorter->file_bytes += bytes;
	sorter->count = 0;
	return err;
}

/* ---- merging ---- */

struct source {
	struct gfs_triple *items; /* owned: read ahead, or the copy of what was in memory */
	size_t at, count;
	uint64_t offset; /* of what was not read yet */
	size_t left;     /* items there */
};

/* A source that has items, with the first word of its next one, which nearly always decides. */
struct head {
	uint64_t first;
	size_t source;
};

struct gfs_merge {
	int fd;
	size_t ahead; /* items that each run is read ahead by */
	struct source *sources;
	size_t source_count;
	struct head *heap; /* the one with the least item first */
	size_t heap_count;
};

static int refill(struct gfs_merge *merge, struct source *s)
{
	size_t take = GFS_MIN(s->left, merge->ahead);
	int err = gfs_io_read_at(merge->fd, s->items, take * sizeof *s->items, s->offset);
	if (err != 0)
		return err;
	s->offset += take * sizeof *s->items;
	s->left -= take;
	s->at = 0;
	s->count = take;
	return 0;
}

static struct head head_of(const struct gfs_merge *merge, size_t source)
{
	const struct source *s = &merge->sources[source];
	return (struct head){ s->items[s->at].word[0], source };
}

static bool less(const struct gfs_merge *merge, const struct head *a, const struct head *b)
{
	if (a->first != b->first)
		return a->first < b->first;
	const struct source *x = &merge->sources[a->source], *y = &merge->sources[b->source];
	return compare(x->items + x->at, y->items + y->at) < 0;
}

/* Puts the heap in order again below `i`. */
static void sift(struct gfs_merge *merge, size_t i)
{
	struct head *heap = merge->heap, moved = heap[i];
	for (size_t child = 2 * i + 1; child < merge->heap_count; i = child, child = 2 * i + 1) {
		if (child + 1 < merge->heap_count && less(merge, &heap[child + 1], &heap[child]))
			child++;
		if (!less(merge, &heap[child], &moved))
			break;
		heap[i] = heap[child];
	}
	heap[i] = moved;
}

static int open_runs(struct gfs_merge *merge, const struct gfs_sorter *sorter, size_t first_run)
{
	size_t runs = sorter->run_count - first_run;
	merge->fd = sorter->fd;
	merge->ahead = GFS_MAX(GFS_MIN(AHEAD_ITEMS / GFS_MAX(runs, (size_t)1), AHEAD_ITEMS_MAX), AHEAD_ITEMS_MIN);
	for (size_t i = first_run; i < sorter->run_count; i++) {
		struct source *s = &merge->sources[merge->source_count];
		s->items = malloc(merge->ahead * sizeof *s->items);
		if (s->items == NULL)
			return GFS_ERR_NOMEM;
		merge->source_count++;
		s->offset = sorter->runs[i].offset;
		s->left = sorter->runs[i].count;
		int err = refill(merge, s);
		if (err != 0)
			return err;
	}
	return 0;
}

static int open_items(struct gfs_merge *merge, const struct gfs_sorter *sorter, size_t first_item)
{
	struct source *s = &merge->sources[merge->source_count];
	size_t count = sorter->count - first_item;
	if (count == 0)
		return 0;
	s->items = malloc(count * sizeof *s->items);
	if (s->items == NULL)
		return GFS_ERR_NOMEM;
	merge->source_count++;
	memcpy(s->items, sorter->items + first_item, count * sizeof *s->items);
	s->count = count;
	return sort(&s->items, count);
}

int gfs_merge_begin(const struct gfs_sorter *sorter, size_t first_run, size_t first_item, struct gfs_merge **ret_merge)
{
	assert(first_run <= sorter->run_count && first_item <= sorter->count);
	size_t sources_max = sorter->run_count - first_run + 1;
	struct gfs_merge *merge = calloc(1, sizeof *merge);
	if (merge == NULL)
		return GFS_ERR_NOMEM;
	merge->sources = calloc(sources_max, sizeof *merge->sources);
	merge->heap = calloc(sources_max, sizeof *merge->heap);
	int err = merge->sources != NULL && merge->heap != NULL ? 0 : GFS_ERR_NOMEM;
	if (err == 0)
		err = open_runs(merge, sorter, first_run);
	if (err == 0)
		err = open_items(merge, sorter, first_item);
	if (err != 0) {
		gfs_merge_end(merge);
		return err;
	}
	for (size_t i = 0; i < merge->source_count; i++)
		merge->heap[i] = head_of(merge, i);
	merge->heap_count = merge->source_count;
	for (size_t i = merge->heap_count / 2; i-- > 0;)
		sift(merge, i);
	*ret_merge = merge;
	return 0;
}

int gfs_merge_next(struct gfs_merge *merge, struct gfs_triple *ret_item)
{
	if (merge->heap_count == 0)
		return GFS_ERR_NOTFOUND;
	size_t source = merge->heap[0].source;
	struct source *s = &merge->sources[source];
	struct gfs_triple item = s->items[s->at++];
	if (s->at == s->count && s->left > 0) {
		int err = refill(merge, s);
		if (err != 0)
			return err;
	}
	merge->heap[0] = s->at == s->count ? merge->heap[--merge->heap_count] : head_of(merge, source);
	if (merge->heap_count > 0)
		sift(merge, 0);
	*ret_item = item;
	return 0;
}

void gfs_merge_end(struct gfs_merge *merge)
{
	if (merge == NULL)
		return;
	for (size_t i = 0; merge->sources != NULL && i < merge->source_count; i++)
		free(merge->sources[i].items);
	free(merge->sources);
	free(merge->heap);
	free(merge);
}
