/* Rows kept in memory. */
#include "query/op.h"

#include "base/checked.h"

#include <assert.h>

enum { ROWS_MIN = 16 };

struct gfs_datum *gfs_rows_at(const struct gfs_rows *rows, uint64_t row)
{
	assert(row < rows->count);
	return rows->rows[row];
}

static int grow(struct gfs_exec *exec, struct gfs_arena *arena, struct gfs_rows *rows)
{
	uint64_t capacity = GFS_MAX(rows->capacity * 2, (uint64_t)ROWS_MIN);
	struct gfs_datum **larger = gfs_arena_alloc(arena, capacity * sizeof(struct gfs_datum *));
	if (larger == NULL)
		return gfs_exec_nomem(exec);
	if (rows->count != 0)
		memcpy(larger, rows->rows, rows->count * sizeof(struct gfs_datum *));
	rows->rows = larger;
	rows->capacity = capacity;
	return 0;
}

struct gfs_datum *gfs_rows_new(struct gfs_exec *exec, struct gfs_arena *arena, struct gfs_rows *rows)
{
	if (rows->count == rows->capacity && grow(exec, arena, rows) != 0)
		return NULL;
	struct gfs_datum *row = gfs_arena_alloc(arena, rows->slots->count * sizeof *row);
	if (row == NULL)
		(void)gfs_exec_nomem(exec); /* the caller sees NULL */
	else
		rows->rows[rows->count++] = row;
	return row;
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
