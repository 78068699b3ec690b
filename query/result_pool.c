/* Results that were freed, kept with some of their memory, so that a short statement asks malloc for next to nothing. */
#include "query/engine.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

/* A result keeps no arena that has grown past this. */
enum { ARENA_BYTES_MAX = 32 << 10 };

static struct gfs_result *take_spare(struct gfs_engine *engine)
{
	struct gfs_result *found = NULL;
	for (unsigned i = 0; found == NULL && i < GFS_SPARE_RESULTS; i++) {
		if (atomic_load_explicit(&engine->spare[i], memory_order_relaxed) != NULL)
			found = atomic_exchange_explicit(&engine->spare[i], NULL, memory_order_acquire);
	}
	return found;
}

struct gfs_result *gfs_result_new(struct gfs_engine *engine)
{
	struct gfs_result *result = take_spare(engine);
	if (result == NULL)
		result = calloc(1, sizeof *result);
	if (result == NULL)
		return NULL;
	result->engine = engine;
	result->exec.error = &result->error;
	result->exec.arena.budget = result->rows_arena.budget = result->exec.deleted.arena.budget = &result->exec.budget;
	return result;
}

static void trim(struct gfs_arena *arena)
{
	gfs_arena_clear(arena);
	if (arena->bytes > ARENA_BYTES_MAX)
		gfs_arena_release(arena);
}

/* As a new one, but for the arenas. */
static void empty(struct gfs_result *result)
{
	trim(&result->exec.arena);
	trim(&result->rows_arena);
	assert(result->exec.budget.used == result->exec.arena.bytes + result->rows_arena.bytes);
	const struct gfs_arena arena = result->exec.arena, rows_arena = result->rows_arena;
	*result = (struct gfs_result){ .rows_arena = rows_arena };
	result->exec.arena = arena;
	result->exec.budget.used = arena.bytes + rows_arena.bytes;
}

static void destroy(struct gfs_result *result)
{
	gfs_arena_release(&result->rows_arena);
	gfs_arena_release(&result->exec.arena);
	free(result);
}

void gfs_result_recycle(struct gfs_result *result)
{
	struct gfs_engine *engine = result->engine;
	empty(result);
	for (unsigned i = 0; i < GFS_SPARE_RESULTS; i++) {
		struct gfs_result *none = NULL;
		if (atomic_load_explicit(&engine->spare[i], memory_order_relaxed) == NULL &&
			atomic_compare_exchange_strong_explicit(
				&engine->spare[i], &none, result, memory_order_release, memory_order_relaxed))
			return;
	}
	destroy(result);
}

void gfs_result_pool_release(struct gfs_engine *engine)
{
	for (struct gfs_result *result = take_spare(engine); result != NULL; result = take_spare(engine))
		destroy(result);
}
