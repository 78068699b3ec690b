/* One statement from its text to its first rows. */
#include "query/engine.h"

#include "base/clock.h"
#include "query/change.h"
#include "query/regex.h"

#include <assert.h>
#include <stdlib.h>

/* ---- parse, check, plan ---- */

static const struct gfs_param *find_param(const struct gfs_run_opts *opts, struct gfs_slice name)
{
	for (size_t i = 0; i < opts->param_count; i++)
		if (gfs_slice_equal(opts->params[i].name, name))
			return &opts->params[i];
	return NULL;
}

struct compiling {
	const struct gfs_engine *engine;
	const struct gfs_run_opts *opts;
};

static const struct gfs_procedure *find_procedure(void *context, struct gfs_slice name)
{
	const struct compiling *compiling = context;
	return gfs_procedures_find(compiling->engine->procedures, name);
}

static bool find_value(void *context, struct gfs_slice name, struct gfs_datum *ret_value)
{
	const struct compiling *compiling = context;
	const struct gfs_param *param = find_param(compiling->opts, name);
	if (param != NULL)
		*ret_value = param->value;
	return param != NULL;
}

static int compile(struct gfs_result *result, struct gfs_slice text, const struct gfs_run_opts *opts,
	struct gfs_ast_statement **ret_statement)
{
	struct compiling compiling = { result->engine, opts };
	const struct gfs_check_env env = { .procedure = find_procedure, .parameter = find_value, .context = &compiling };
	struct gfs_arena *arena = &result->plan.arena;
	struct gfs_slice kept = gfs_arena_copy(arena, text);
	if (kept.data == NULL)
		return gfs_query_fail_store(&result->error, GFS_ERR_NOMEM);
	int err = gfs_parse(kept, arena, ret_statement, &result->error);
	if (err == 0)
		err = gfs_check_statement(*ret_statement, &env, arena, &result->error);
	if (err != 0 || (*ret_statement)->kind != GFS_STATEMENT_QUERY)
		return err;
	gfs_graph_read_begin(result->engine->graph);
	err = gfs_plan_make(&result->plan, *ret_statement, result->engine->graph, GFS_PASS_ALL, &result->error);
	gfs_graph_read_end(result->engine->graph);
	return err;
}

/* ---- a run ---- */

static bool deleted_rel(void *context, uint64_t id, struct gfs_rel_record *ret_record)
{
	const struct gfs_exec *exec = context;
	uint64_t address;
	if (!gfs_u64map_get(&exec->deleted.rels, id, &address))
		return false;
	const struct gfs_deleted_rel *rel = (const struct gfs_deleted_rel *)(uintptr_t)address;
	*ret_record = (struct gfs_rel_record){ .type = rel->type, .start = rel->start, .end = rel->end };
	return true;
}

static int take_params(struct gfs_exec *exec, const struct gfs_run_opts *opts)
{
	int err = 0;
	for (uint32_t i = 0; err == 0 && i < exec->plan->param_count; i++) {
		struct gfs_slice name = exec->plan->params[i];
		const struct gfs_param *param = find_param(opts, name);
		if (param == NULL)
			return gfs_query_fail(exec->error, GFS_QUERY_PARAMETER_MISSING_ERROR, GFS_QUERY_RUNTIME, "MissingParameter",
				NULL, "no value was given for the parameter $%.*s", (int)name.size, (const char *)name.data);
		err = gfs_exec_keep(exec, &exec->arena, param->value, &exec->params[i]);
	}
	return err;
}

static void set_env(struct gfs_exec *exec)
{
	uint64_t now_ns = gfs_clock_real_ns();
	exec->random = now_ns ^ (uint64_t)(uintptr_t)exec;
	exec->env = (struct gfs_function_env){
		.arena = &exec->arena,
		.graph = exec->graph,
		.error = exec->error,
		.statement_ns = now_ns,
		.transaction_ns = now_ns,
		.random = &exec->random,
		.regex = &exec->regex,
		.memory_bytes_max = exec->budget.max,
		.deleted_rel = deleted_rel,
		.context = exec,
	};
}

static int prepare(struct gfs_result *result, const struct gfs_run_opts *opts)
{
	struct gfs_exec *exec = &result->exec;
	const struct gfs_engine *engine = result->engine;
	const struct gfs_plan *plan = &result->plan;
	exec->graph = engine->graph;
	exec->plan = plan;
	exec->error = &result->error;
	exec->budget.max = engine->opts.memory_bytes_max;
	exec->arena.budget = result->rows_arena.budget = &exec->budget;
	exec->uid = opts->uid;
	exec->gid = opts->gid;
	exec->interrupted = opts->interrupted;
	exec->interrupted_context = opts->context;
	exec->procedures = engine->procedures;
	exec->load_csv_folder = engine->opts.load_csv_folder;
	if (engine->opts.time_ms_max != 0)
		exec->deadline_ns = gfs_clock_mono_ns() + engine->opts.time_ms_max * GFS_NS_PER_MS;
	exec->params = gfs_exec_alloc(exec, plan->param_count * sizeof *exec->params);
	exec->locals = gfs_exec_alloc(exec, plan->slot_count * sizeof *exec->locals);
	exec->names = gfs_exec_alloc(exec, plan->name_count * sizeof *exec->names);
	exec->subs = gfs_exec_alloc(exec, plan->sub_count * sizeof *exec->subs);
	if (exec->params == NULL || exec->locals == NULL || exec->names == NULL || exec->subs == NULL)
		return gfs_exec_nomem(exec);
	set_env(exec);
	int err = take_params(exec, opts);
	return err != 0 ? err : gfs_op_make(exec, plan->root, &result->root);
}

static int run_reading(struct gfs_result *result)
{
	gfs_exec_lock(&result->exec);
	int err = gfs_result_fill(result);
	gfs_exec_unlock(&result->exec);
	return err;
}

static int run_writing(struct gfs_result *result)
{
	struct gfs_exec *exec = &result->exec;
	struct gfs_store *store = gfs_graph_store(exec->graph);
	uint64_t lsn;
	int err = gfs_tx_begin(exec->graph, &exec->tx);
	if (err != 0)
		return gfs_exec_store_error(exec, err);
	gfs_exec_lock(exec);
	err = gfs_result_fill_all(result);
	if (err == 0)
		err = gfs_change_finish(exec);
	gfs_exec_unlock(exec);
	struct gfs_tx *tx = exec->tx;
	exec->tx = NULL;
	if (err != 0) {
		gfs_tx_abort(tx);
		return err;
	}
	err = gfs_tx_commit(tx, &lsn, NULL);
	if (err == 0)
		err = gfs_store_commit_wait(store, lsn);
	gfs_result_stop(result);
	return gfs_exec_store_error(exec, err);
}

/* Memory that the limit refused is not the machine's fault. */
void gfs_statement_settle_error(struct gfs_result *result)
{
	struct gfs_query_error *error = &result->error;
	if (error->err != GFS_ERR_NOMEM || !result->exec.budget.refused)
		return;
	*error = (struct gfs_query_error){ 0 };
	(void)gfs_query_fail(error, GFS_QUERY_LIMIT_ERROR, GFS_QUERY_RUNTIME, "MemoryLimit", NULL,
		"the statement needs more than %llu bytes of memory",
		(unsigned long long)result->engine->opts.memory_bytes_max);
}

static int not_there(struct gfs_result *result)
{
	return gfs_query_fail(&result->error, GFS_QUERY_SYNTAX_ERROR, GFS_QUERY_COMPILE, "NotSupported", NULL,
		"statements of this kind are not supported");
}

static int run(struct gfs_result *result, struct gfs_slice text, const struct gfs_run_opts *opts)
{
	struct gfs_ast_statement *statement;
	int err = compile(result, text, opts, &statement);
	if (err != 0)
		return err;
	if (statement->kind != GFS_STATEMENT_QUERY)
		return not_there(result);
	if (statement->mode == GFS_MODE_EXPLAIN) {
		gfs_plan_explain(&result->plan, &result->text);
		result->ended = true;
		return gfs_exec_store_error(&result->exec, gfs_buf_failed(&result->text));
	}
	err = prepare(result, opts);
	if (err != 0)
		return err;
	return result->plan.writes ? run_writing(result) : run_reading(result);
}

int gfs_query_run(struct gfs_engine *engine, struct gfs_slice text, const struct gfs_run_opts *opts,
	struct gfs_result **ret_result, struct gfs_query_error *error)
{
	static const struct gfs_run_opts no_opts = { 0 };
	struct gfs_result *result = calloc(1, sizeof *result);
	*error = (struct gfs_query_error){ 0 };
	if (result == NULL)
		return gfs_query_fail_store(error, GFS_ERR_NOMEM);
	result->engine = engine;
	result->exec.error = &result->error;
	int err = run(result, text, opts == NULL ? &no_opts : opts);
	if (err == 0) {
		*ret_result = result;
		return 0;
	}
	gfs_statement_settle_error(result);
	*error = result->error;
	assert(error->kind != GFS_QUERY_OK);
	gfs_result_free(result);
	return err;
}
