/* Sets of symbols, which are also the slots of rows: a bit each. In an arena, of one size for a whole plan. */
#ifndef GFS_QUERY_SYMSET_H
#define GFS_QUERY_SYMSET_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

struct gfs_symset {
	uint64_t *words;
	uint32_t word_count;
};

/* Empty, for ids below `count`; words NULL when memory failed. */
struct gfs_symset gfs_symset_new(struct gfs_arena *arena, uint32_t count);
struct gfs_symset gfs_symset_copy(struct gfs_arena *arena, struct gfs_symset set);
/* `into` takes in, keeps only, or loses what is in `other`. */
void gfs_symset_union(struct gfs_symset into, struct gfs_symset other);
void gfs_symset_intersect(struct gfs_symset into, struct gfs_symset other);
void gfs_symset_subtract(struct gfs_symset into, struct gfs_symset other);
/* Every member of `set` is one of `of`. */
bool gfs_symset_within(struct gfs_symset set, struct gfs_symset of);
bool gfs_symset_meets(struct gfs_symset a, struct gfs_symset b);
uint32_t gfs_symset_count(struct gfs_symset set);
/* The smallest member >= from; UINT32_MAX when there is none. */
uint32_t gfs_symset_next(struct gfs_symset set, uint32_t from);

static inline void gfs_symset_add(struct gfs_symset set, uint32_t id)
{
	set.words[id / 64] |= UINT64_C(1) << id % 64;
}
static inline void gfs_symset_remove(struct gfs_symset set, uint32_t id)
{
	set.words[id / 64] &= ~(UINT64_C(1) << id % 64);
}
static inline bool gfs_symset_has(struct gfs_symset set, uint32_t id)
{
	return (set.words[id / 64] >> id % 64 & 1) != 0;
}

#endif
