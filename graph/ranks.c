#include "graph/ranks.h"

#include "base/checked.h"

#include <assert.h>
#include <stdlib.h>

/* 64 ids. */
struct gfs_ranks_word {
	uint64_t bits;
	uint64_t before; /* how many came in the words before */
};

void gfs_ranks_release(struct gfs_ranks *ranks)
{
	free(ranks->words);
	*ranks = (struct gfs_ranks){ 0 };
}

static int reserve(struct gfs_ranks *ranks, size_t count)
{
	if (count <= ranks->capacity)
		return 0;
	size_t capacity = GFS_MAX(count, ranks->capacity * 2);
	struct gfs_ranks_word *words = reallocarray(ranks->words, capacity, sizeof *words);
	if (words == NULL)
		return GFS_ERR_NOMEM;
	ranks->words = words;
	ranks->capacity = capacity;
	return 0;
}

int gfs_ranks_add(struct gfs_ranks *ranks, uint64_t id, uint64_t *ret_rank)
{
	size_t at = (size_t)(id / 64);
	int err = reserve(ranks, at + 1);
	if (err != 0)
		return err;
	while (ranks->word_count <= at)
		ranks->words[ranks->word_count++] = (struct gfs_ranks_word){ .before = ranks->count };
	assert(at + 1 == ranks->word_count && ranks->words[at].bits >> id % 64 == 0);
	ranks->words[at].bits |= UINT64_C(1) << id % 64;
	*ret_rank = ++ranks->count;
	return 0;
}

bool gfs_ranks_find(const struct gfs_ranks *ranks, uint64_t id, uint64_t *ret_rank)
{
	size_t at = (size_t)(id / 64);
	uint64_t bit = UINT64_C(1) << id % 64;
	if (at >= ranks->word_count || (ranks->words[at].bits & bit) == 0)
		return false;
	*ret_rank = ranks->words[at].before + (uint64_t)__builtin_popcountll(ranks->words[at].bits & (bit - 1)) + 1;
	return true;
}
