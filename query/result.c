/* What a statement answers: rows in turns, entities in them, counts. */
#include "query/engine.h"
#include "query/regex.h"

#include "base/checked.h"
#include "query/columns.h"

#include <assert.h>

static int row_limit(struct gfs_result *result)
{
	return gfs_query_fail(&result->error, GFS_QUERY_LIMIT_ERROR, GFS_QUERY_RUNTIME, "RowLimit", NULL,
		"more than %llu rows", (unsigned long long)result->limits.rows_max);
}

static struct gfs_datum *row_at(const struct gfs_result *result, size_t row)
{
	return result->rows + row * result->column_count;
}

/* Room for `count` more rows. */
static int grow_rows(struct gfs_result *result, size_t count)
{
	size_t width = result->column_count;
	if (result->row_count + count <= result->row_capacity && result->rows != NULL)
		return 0;
	result->row_capacity = GFS_MAX(result->row_capacity * 2, result->row_count + count);
	struct gfs_datum *larger = gfs_arena_alloc(&result->rows_arena, result->row_capacity * width * sizeof *larger);
	if (larger == NULL)
		return gfs_exec_nomem(&result->exec);
	if (result->row_count != 0)
		memcpy(larger, result->rows, result->row_count * width * sizeof *larger);
	result->rows = larger;
	return 0;
}

/* Adds a batch behind the rows that are there, and snapshots of the entities in it. `deep`: the rows outlive the batch. */
static int take_rows(struct gfs_result *result, const struct gfs_batch *batch, bool deep, bool snapshots)
{
	const struct gfs_slots *slots = &result->shared->plan.root->slots;
	size_t first = result->row_count;
	int err = grow_rows(result, batch->count);
	if (err != 0)
		return err;
	for (uint32_t i = 0; i < slots->count; i++) {
		const struct gfs_datum *column = batch->columns[slots->ids[i]];
		for (uint32_t row = 0; row < batch->count; row++)
			row_at(result, first + row)[i] = column[row];
	}
	result->row_count += batch->count;
	result->given += batch->count;
	if (result->given > result->limits.rows_max)
		return row_limit(result);
	struct gfs_datum *values = row_at(result, first);
	for (size_t i = 0; err == 0 && i < batch->count * result->column_count; i++) {
		if (deep)
			err = gfs_exec_keep(&result->exec, &result->rows_arena, values[i], &values[i]);
		if (err == 0 && snapshots && values[i].type <= GFS_DATUM_PATH)
			err = gfs_snapshots_take(&result->snapshots, &result->exec, &result->rows_arena, values[i]);
	}
	return err;
}

int gfs_result_fill(struct gfs_result *result)
{
	struct gfs_batch *batch;
	int err = gfs_op_next(result->root, &batch);
	if (err != 0)
		return err;
	result->has_rows = batch != NULL;
	result->ended = batch == NULL;
	if (batch == NULL) {
		gfs_answer_end(result);
		return 0;
	}
	if (result->keeping && result->rows_arena.bytes > GFS_ANSWER_BYTES_MAX)
		result->keeping = false; /* too much to be kept */
	if (!result->keeping) {
		gfs_snapshots_clear(&result->snapshots);
		gfs_arena_clear(&result->rows_arena);
		result->rows = NULL;
		result->row_count = result->row_capacity = 0;
	}
	result->first = result->row_count;
	/* Values in columns are given back at the end, perhaps before the caller has looked. */
	return take_rows(result, batch, result->keeping || result->exec.columns != NULL, true);
}

/* What the statement itself changes after a row was made shows in it: snapshots are taken at the end. */
static int snapshots_of_all(struct gfs_result *result)
{
	size_t count = result->row_count * result->column_count;
	int err = 0;
	for (size_t i = 0; err == 0 && i < count; i++)
		if (result->rows[i].type <= GFS_DATUM_PATH)
			err = gfs_snapshots_take(&result->snapshots, &result->exec, &result->rows_arena, result->rows[i]);
	return err;
}

int gfs_result_fill_all(struct gfs_result *result)
{
	struct gfs_batch *batch;
	int err;
	do {
		err = gfs_op_next(result->root, &batch);
		if (err == 0 && batch != NULL)
			err = take_rows(result, batch, true, false);
	} while (err == 0 && batch != NULL);
	result->has_rows = result->row_count != 0;
	result->ended = true;
	return err != 0 ? err : snapshots_of_all(result);
}

/* ---- tables of our own ---- */

int gfs_result_set_columns(struct gfs_result *result, const char *const *names, size_t count)
{
	struct gfs_slice *columns = gfs_arena_alloc(&result->exec.arena, count * sizeof *columns);
	if (columns == NULL)
		return gfs_exec_nomem(&result->exec);
	for (size_t i = 0; i < count; i++)
		columns[i] = gfs_slice_text(names[i]);
	result->columns = columns;
	result->column_count = count;
	result->ended = true;
	return 0;
}

int gfs_result_add_row(struct gfs_result *result, const struct gfs_datum *values)
{
	int err = grow_rows(result, 1);
	if (err != 0)
		return err;
	memcpy(row_at(result, result->row_count), values, result->column_count * sizeof *values);
	result->row_count++;
	result->has_rows = true;
	return 0;
}

/* ---- the end ---- */

void gfs_result_stop(struct gfs_result *result)
{
	struct gfs_exec *exec = &result->exec;
	gfs_op_release_all(exec);
	gfs_columns_drop(exec);
	gfs_regex_free(exec->regex);
	exec->regex = NULL;
	gfs_exec_forget_deleted(exec);
	gfs_arena_release(&exec->deleted.arena);
	result->root = NULL;
	result->ended = true;
	gfs_running_leave(result->engine, &result->running);
}

/* ---- for the caller ---- */

size_t gfs_result_column_count(const struct gfs_result *result)
{
	return result->column_count;
}

struct gfs_slice gfs_result_column(const struct gfs_result *result, size_t i)
{
	assert(i < result->column_count);
	return result->columns[i];
}

/* All rows were taken. */
static void finish(struct gfs_result *result)
{
	if (result->profile && result->text.size == 0)
		gfs_plan_explain(&result->shared->plan, result->exec.profile, &result->text);
	gfs_result_stop(result);
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
		err = gfs_statement_settle_error(result, err);
		*error = result->error;
		gfs_result_stop(result);
		return err;
	}
	*ret_count = result->has_rows ? result->row_count - result->first : 0;
	*ret_rows = *ret_count == 0 ? NULL : row_at(result, result->first);
	result->has_rows = false;
	result->first = result->row_count;
	if (*ret_count == 0)
		finish(result);
	return 0;
}

void gfs_result_counts(const struct gfs_result *result, struct gfs_query_counts *ret_counts)
{
	*ret_counts = result->exec.counts;
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
		found = gfs_snapshots_find(result->answer != NULL ? &result->answer->snapshots : &result->snapshots, entity);
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
	gfs_buf_release(&result->text);
	gfs_buf_release(&result->key);
	gfs_normal_release(&result->normal);
	if (result->answer != NULL)
		gfs_cached_release(&result->answer->cached);
	gfs_cached_release(result->plan_held);
	gfs_result_recycle(result);
}
