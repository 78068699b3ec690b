/* Rows kept in memory. */
#include "query/op.h"

#include "base/checked.h"

#include <assert.h>

struct gfs_datum *gfs_rows_at(const struct gfs_rows *rows, uint64_t row)
{
	assert(row < rows->count);
	return rows->chunks[row / GFS_BATCH_ROWS] + row % GFS_BATCH_ROWS * rows->slots->count;
}

/* Chunks start small: most statements have few rows. */
static struct gfs_datum *add_chunk(struct gfs_exec *exec, struct gfs_arena *arena, struct gfs_rows *rows)
{
	if (rows->chunk_count == rows->chunk_capacity) {
		uint32_t capacity = GFS_MAX(rows->chunk_capacity * 2, 4u);
		struct gfs_datum **larger = gfs_arena_alloc(arena, capacity * sizeof(struct gfs_datum *));
		if (larger == NULL) {
			(void)gfs_exec_nomem(exec); /* the caller sees NULL */
			return NULL;
		}
		if (rows->chunk_count != 0)
			memcpy(larger, rows->chunks, rows->chunk_count * sizeof(struct gfs_datum *));
		rows->chunks = larger;
		rows->chunk_capacity = capacity;
	}
	struct gfs_datum *chunk = gfs_arena_alloc(arena, (size_t)GFS_BATCH_ROWS * rows->slots->count * sizeof *chunk);
	if (chunk == NULL)
		(void)gfs_exec_nomem(exec); /* the caller sees NULL */
	rows->chunks[rows->chunk_count++] = chunk;
	return chunk;
}

struct gfs_datum *gfs_rows_new(struct gfs_exec *exec, struct gfs_arena *arena, struct gfs_rows *rows)
{
	if (rows->count % GFS_BATCH_ROWS == 0 && add_chunk(exec, arena, rows) == NULL)
		return NULL;
	rows->count++;
	return gfs_rows_at(rows, rows->count - 1);
}

int gfs_rows_add(
	struct gfs_exec *exec, struct gfs_arena *arena, struct gfs_rows *rows, const struct gfs_batch *batch, uint32_t row)
{
	struct gfs_datum *kept = gfs_rows_new(exec, arena, rows);
	int err = kept == NULL ? GFS_ERR_NOMEM : 0;
	for (uint32_t i = 0; err == 0 && i < rows->slots->count; i++)
		err = gfs_exec_keep(exec, arena, batch->columns[rows->slots->ids[i]][row], &kept[i]);
	return err;
}
