#include "base/arena.h"

#include "base/checked.h"

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
	ALIGNMENT = 16,
	/* With its head and malloc's own word, what malloc keeps at hand for each thread. */
	BLOCK_BYTES_MIN = 1008,
	BLOCK_BYTES_MAX = 1 << 20,
	/* An object past this has a block of its own, so that the rest of the current block is not given up for it. */
	OWN_BLOCK_BYTES = BLOCK_BYTES_MAX / 4,
};

struct gfs_arena_block {
	struct gfs_arena_block *next;
	size_t size; /* of data */
	uint8_t data[];
};

static_assert(sizeof(struct gfs_arena_block) % ALIGNMENT == 0, "data starts aligned");
static_assert(alignof(max_align_t) % ALIGNMENT == 0, "malloc aligns blocks");

static void free_chain(struct gfs_arena_block *block)
{
	while (block != NULL) {
		struct gfs_arena_block *next = block->next;
		free(block);
		block = next;
	}
}

/* The blocks are counted anew: what is left in the arena is `left` bytes. */
static void settle(struct gfs_arena *arena, size_t left)
{
	assert(left <= arena->bytes);
	if (arena->budget != NULL)
		arena->budget->used -= arena->bytes - left;
	arena->bytes = left;
}

void gfs_arena_release(struct gfs_arena *arena)
{
	free_chain(arena->blocks);
	settle(arena, 0);
	*arena = (struct gfs_arena){ .budget = arena->budget };
}

/* The newest block is kept: of the shared ones it is the largest. One that a single large object asked for is not. */
void gfs_arena_clear(struct gfs_arena *arena)
{
	struct gfs_arena_block *kept = arena->blocks;
	if (kept == NULL)
		return;
	if (kept->size > BLOCK_BYTES_MAX) {
		gfs_arena_release(arena);
		return;
	}
	free_chain(kept->next);
	kept->next = NULL;
	arena->at = kept->data;
	arena->end = kept->data + kept->size;
	settle(arena, sizeof *kept + kept->size);
}

static struct gfs_arena_block *block_new(struct gfs_arena *arena, size_t size)
{
	size_t total;
	if (gfs_add_overflows(size, sizeof(struct gfs_arena_block), &total))
		return NULL;
	struct gfs_arena_budget *budget = arena->budget;
	if (budget != NULL && (budget->used > budget->max || total > budget->max - budget->used)) {
		budget->refused = true;
		return NULL;
	}
	struct gfs_arena_block *block = malloc(total);
	if (block == NULL)
		return NULL;
	block->next = NULL;
	block->size = size;
	arena->bytes += total;
	if (budget != NULL)
		budget->used += total;
	return block;
}

/* Behind the newest block, which goes on being the one that small objects come from. */
static void *alloc_own_block(struct gfs_arena *arena, size_t size)
{
	struct gfs_arena_block *block = block_new(arena, size);
	if (block == NULL)
		return NULL;
	if (arena->blocks == NULL) {
		arena->blocks = block;
		arena->at = arena->end = block->data + size;
	} else {
		block->next = arena->blocks->next;
		arena->blocks->next = block;
	}
	return block->data;
}

static bool add_block(struct gfs_arena *arena, size_t size)
{
	size_t wanted = BLOCK_BYTES_MIN;
	if (arena->blocks != NULL)
		wanted = GFS_MIN(arena->blocks->size, (size_t)BLOCK_BYTES_MAX / 2) * 2;
	struct gfs_arena_block *block = block_new(arena, GFS_MAX(wanted, size));
	if (block == NULL)
		return false;
	block->next = arena->blocks;
	arena->blocks = block;
	arena->at = block->data;
	arena->end = block->data + block->size;
	return true;
}

void *gfs_arena_alloc(struct gfs_arena *arena, size_t size)
{
	size_t rounded;
	if (gfs_add_overflows(GFS_MAX(size, (size_t)1), ALIGNMENT - 1, &rounded))
		return NULL;
	rounded -= rounded % ALIGNMENT;
	if (arena->at == NULL || rounded > (size_t)(arena->end - arena->at)) {
		if (rounded > OWN_BLOCK_BYTES)
			return alloc_own_block(arena, rounded);
		if (!add_block(arena, rounded))
			return NULL;
	}
	uint8_t *at = arena->at;
	arena->at += rounded;
	assert(arena->at <= arena->end);
	assert((uintptr_t)at % ALIGNMENT == 0);
	return at;
}

struct gfs_slice gfs_arena_copy(struct gfs_arena *arena, struct gfs_slice bytes)
{
	uint8_t *copy = gfs_arena_alloc(arena, bytes.size);
	if (copy == NULL)
		return gfs_slice(NULL, 0);
	if (bytes.size != 0)
		memcpy(copy, bytes.data, bytes.size);
	return gfs_slice(copy, bytes.size);
}
