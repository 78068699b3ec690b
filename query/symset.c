#include "query/symset.h"

#include <assert.h>
#include <string.h>

struct gfs_symset gfs_symset_new(struct gfs_arena *arena, uint32_t count)
{
	struct gfs_symset set = { .word_count = count / 64 + 1 };
	set.words = gfs_arena_alloc(arena, set.word_count * sizeof *set.words);
	if (set.words != NULL)
		memset(set.words, 0, set.word_count * sizeof *set.words);
	return set;
}

struct gfs_symset gfs_symset_copy(struct gfs_arena *arena, struct gfs_symset set)
{
	struct gfs_symset copy = { .word_count = set.word_count };
	copy.words = gfs_arena_alloc(arena, set.word_count * sizeof *set.words);
	if (copy.words != NULL)
		memcpy(copy.words, set.words, set.word_count * sizeof *set.words);
	return copy;
}

void gfs_symset_union(struct gfs_symset into, struct gfs_symset other)
{
	assert(into.word_count == other.word_count);
	for (uint32_t i = 0; i < into.word_count; i++)
		into.words[i] |= other.words[i];
}

void gfs_symset_intersect(struct gfs_symset into, struct gfs_symset other)
{
	assert(into.word_count == other.word_count);
	for (uint32_t i = 0; i < into.word_count; i++)
		into.words[i] &= other.words[i];
}

void gfs_symset_subtract(struct gfs_symset into, struct gfs_symset other)
{
	assert(into.word_count == other.word_count);
	for (uint32_t i = 0; i < into.word_count; i++)
		into.words[i] &= ~other.words[i];
}

bool gfs_symset_within(struct gfs_symset set, struct gfs_symset of)
{
	assert(set.word_count == of.word_count);
	for (uint32_t i = 0; i < set.word_count; i++)
		if ((set.words[i] & ~of.words[i]) != 0)
			return false;
	return true;
}

bool gfs_symset_meets(struct gfs_symset a, struct gfs_symset b)
{
	assert(a.word_count == b.word_count);
	for (uint32_t i = 0; i < a.word_count; i++)
		if ((a.words[i] & b.words[i]) != 0)
			return true;
	return false;
}

uint32_t gfs_symset_count(struct gfs_symset set)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < set.word_count; i++)
		count += (uint32_t)__builtin_popcountll(set.words[i]);
	return count;
}

uint32_t gfs_symset_next(struct gfs_symset set, uint32_t from)
{
	for (uint32_t i = from / 64; i < set.word_count; i++) {
		uint64_t word = set.words[i];
		if (i == from / 64)
			word &= ~UINT64_C(0) << from % 64;
		if (word != 0)
			return i * 64 + (uint32_t)__builtin_ctzll(word);
	}
	return UINT32_MAX;
}
