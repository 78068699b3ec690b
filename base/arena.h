/* A bump allocator: many small objects with one lifetime. Not thread-safe. */
#ifndef GFS_BASE_ARENA_H
#define GFS_BASE_ARENA_H

#include "base/bytes.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct gfs_arena_block;

/* A limit that several arenas share. Not thread-safe either. */
struct gfs_arena_budget {
	size_t used, max; /* bytes taken from malloc */
	bool refused;     /* it was the reason that memory "failed" */
};

struct gfs_arena {
	struct gfs_arena_block *blocks; /* newest first; owned */
	uint8_t *at, *end;
	size_t bytes; /* taken from malloc */
	/* NULL: no limit. Set before the first use; past it memory "fails", and goes on failing until something is given back. */
	struct gfs_arena_budget *budget;
};

#define GFS_ARENA_INIT ((struct gfs_arena){ 0 })
#define GFS_AUTO_ARENA __attribute__((cleanup(gfs_arena_release))) struct gfs_arena

void gfs_arena_release(struct gfs_arena *arena);
/* Forget every object, keep one block. */
void gfs_arena_clear(struct gfs_arena *arena);
/* 16-aligned, uninitialised; NULL when memory failed. size 0 gives a valid pointer. */
void *gfs_arena_alloc(struct gfs_arena *arena, size_t size);
/* A copy; data NULL when memory failed. */
struct gfs_slice gfs_arena_copy(struct gfs_arena *arena, struct gfs_slice bytes);

#endif
