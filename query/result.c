/* What a statement answers: rows in turns, entities in them, counts. */
#include "query/engine.h"
#include "query/regex.h"

#include "base/checked.h"

#include <assert.h>
#include <stdlib.h>

static int row_limit(struct gfs_result *result)
{
	return gfs_query_fail(&result->error, GFS_QUERY_LIMIT_ERROR, GFS_QUERY_RUNTIME, "RowLimit", NULL,
		"more than %llu rows", (unsigned long long)result->engine->opts.rows_max);
}

/* Copies the columns of a batch into result->rows, behind the rows that are there; room was made. */
static void take_rows(struct gfs_result *result, const struct gfs_batch *batch)
{
	const struct gfs_slots *slots = &result->plan.root->slots;
	for (uint32_t i = 0; i < slots->count; i++) {
		const struct gfs_datum *column = batch->columns[slots->ids[i]];
		for (uint32_t row = 0; row < batch->count; row++)
			result->rows[(result->row_count + row) * slots->count + i] = column[row];
	}
	result->row_count += batch->count;
}

static int take_snapshots(struct gfs_result *result)
{
	size_t count = result->row_count * result->plan.column_count;
	int err = 0;
	for (size_t i = 0; err == 0 && i < count; i++)
		if (result->rows[i].type <= GFS_DATUM_PATH)
			err = gfs_snapshots_take(&result->snapshots, &result->exec, &result->rows_arena, result->rows[i]);
	return err;
}

int gfs_result_fill(struct gfs_result *result)
{
	struct gfs_batch *batch;
	gfs_snapshots_clear(&result->snapshots);
	gfs_arena_clear(&result->rows_arena);
	result->row_count = 0;
	int err = gfs_op_next(result->root, &batch);
	if (err != 0)
		return err;
	result->has_rows = batch != NULL;
	result->ended = batch == NULL;
	if (batch == NULL)
		return 0;
	result->rows = gfs_arena_alloc(
		&result->rows_arena, (size_t)batch->count * result->plan.column_count * sizeof *result->rows);
	if (result->rows == NULL)
		return gfs_exec_nomem(&result->exec);
	take_rows(result, batch);
	result->given += batch->count;
	return result->given > result->engine->opts.rows_max ? row_limit(result) : take_snapshots(result);
}

/* Room for `count` more rows. */
static int grow_rows(struct gfs_result *result, size_t *capacity, size_t count)
{
	size_t width = result->plan.column_count;
	if (result->row_count + count <= *capacity)
		return 0;
	*capacity = GFS_MAX(*capacity * 2, result->row_count + count);
	struct gfs_datum *larger = gfs_arena_alloc(&result->rows_arena, *capacity * width * sizeof *larger);
	if (larger == NULL)
		return gfs_exec_nomem(&result->exec);
	if (result->row_count != 0)
		memcpy(larger, result->rows, result->row_count * width * sizeof *larger);
	result->rows = larger;
	return 0;
}

static int keep_rows(struct gfs_result *result, const struct gfs_batch *batch, size_t *capacity)
{
	size_t first = result->row_count * result->plan.column_count;
	int err = grow_rows(result, capacity, batch->count);
	if (err != 0)
		return err;
	take_rows(result, batch);
	for (size_t i = first; err == 0 && i < result->row_count * result->plan.column_count; i++)
		err = gfs_exec_keep(&result->exec, &result->rows_arena, result->rows[i], &result->rows[i]);
	return err == 0 && result->row_count > result->engine->opts.rows_max ? row_limit(result) : err;
}

int gfs_result_fill_all(struct gfs_result *result)
{
	struct gfs_batch *batch;
	size_t capacity = 0;
	int err;
	do {
		err = gfs_op_next(result->root, &batch);
		if (err == 0 && batch != NULL)
			err = keep_rows(result, batch, &capacity);
	} while (err == 0 && batch != NULL);
	result->has_rows = result->row_count != 0;
	result->ended = true;
	return err != 0 ? err : take_snapshots(result);
}

void gfs_result_stop(struct gfs_result *result)
{
	struct gfs_exec *exec = &result->exec;
	gfs_op_release_all(exec);
	gfs_regex_free(exec->regex);
	exec->regex = NULL;
	gfs_u64map_release(&exec->deleted.nodes);
	gfs_u64map_release(&exec->deleted.rels);
	result->root = NULL;
	result->ended = true;
}

/* ---- for the caller ---- */

size_t gfs_result_column_count(const struct gfs_result *result)
{
	return result->plan.column_count;
}

struct gfs_slice gfs_result_column(const struct gfs_result *result, size_t i)
{
	assert(i < result->plan.column_count);
	return result->plan.columns[i];
}

int gfs_result_next(
	struct gfs_result *result, const struct gfs_datum **ret_rows, size_t *ret_count, struct gfs_query_error *error)
{
	int err = 0;
	if (!result->has_rows && !result->ended) {
		gfs_exec_lock(&result->exec);
		err = gfs_result_fill(result);
		gfs_exec_unlock(&result->exec);
	}
	if (err != 0) {
		gfs_statement_settle_error(result);
		*error = result->error;
		gfs_result_stop(result);
		return err;
	}
	*ret_rows = result->rows;
	*ret_count = result->has_rows ? result->row_count : 0;
	result->has_rows = false;
	return 0;
}

void gfs_result_counts(const struct gfs_result *result, struct gfs_query_counts *ret_counts)
{
	*ret_counts = result->exec.counts;
}

bool gfs_result_was_cached(const struct gfs_result *result)
{
	(void)result;
	return false;
}

struct gfs_slice gfs_result_plan(const struct gfs_result *result)
{
	return gfs_buf_slice(&result->text);
}

int gfs_result_entity(struct gfs_result *result, struct gfs_datum entity, struct gfs_query_entity *ret_entity,
	struct gfs_query_error *error)
{
	const struct gfs_query_entity *found = NULL;
	if (entity.type == GFS_DATUM_NODE || entity.type == GFS_DATUM_REL)
		found = gfs_snapshots_find(&result->snapshots, entity);
	if (found == NULL)
		return gfs_query_fail_store(error, GFS_ERR_NOTFOUND);
	*ret_entity = *found;
	return 0;
}

void gfs_result_free(struct gfs_result *result)
{
	if (result == NULL)
		return;
	gfs_result_stop(result);
	gfs_snapshots_clear(&result->snapshots);
	gfs_arena_release(&result->rows_arena);
	gfs_arena_release(&result->exec.arena);
	gfs_plan_release(&result->plan);
	gfs_buf_release(&result->text);
	free(result);
}
