/* One statement from its text to its first rows. */
#include "query/engine.h"

#include "base/clock.h"
#include "query/change.h"
#include "query/regex.h"

#include <assert.h>

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

/* The literal that a parameter of ours stands for; NULL: it is one of the caller's. */
static const struct gfs_datum *literal_of(const struct gfs_lifted *lifted, struct gfs_slice name)
{
	uint32_t at = 0;
	if (name.size < 2 || name.data[0] != (uint8_t)GFS_LIFTED_PREFIX[0])
		return NULL;
	for (size_t i = 1; i < name.size; i++)
		at = at * 10 + (uint32_t)(name.data[i] - '0');
	assert(at < GFS_LIFTED_MAX);
	return &lifted[at].value;
}

static int take_params(struct gfs_result *result, const struct gfs_run_opts *opts)
{
	struct gfs_exec *exec = &result->exec;
	int err = 0;
	for (uint32_t i = 0; err == 0 && i < exec->plan->param_count; i++) {
		struct gfs_slice name = exec->plan->params[i];
		const struct gfs_datum *literal = literal_of(result->lifted, name);
		if (literal != NULL) {
			exec->params[i] = *literal; /* it lives as long as the result */
			continue;
		}
		const struct gfs_param *param = gfs_param_find(opts, name);
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

/* What needs no plan. */
static void init_exec(struct gfs_result *result, const struct gfs_run_opts *opts)
{
	struct gfs_exec *exec = &result->exec;
	const struct gfs_engine *engine = result->engine;
	exec->graph = engine->graph;
	exec->engine = opts->no_cache ? NULL : result->engine;
	exec->error = &result->error;
	exec->budget.max = result->limits.memory_bytes_max;
	exec->uid = opts->uid;
	exec->gid = opts->gid;
	exec->interrupted = opts->interrupted;
	exec->interrupted_context = opts->context;
	exec->procedures = engine->procedures;
	exec->owner = result->engine;
	exec->load_csv_folder = engine->opts.load_csv_folder;
	exec->terminated = &result->running.terminated;
	if (result->limits.time_ms_max != 0)
		exec->deadline_ns = gfs_clock_mono_ns() + result->limits.time_ms_max * GFS_NS_PER_MS;
}

static int prepare(struct gfs_result *result, const struct gfs_run_opts *opts)
{
	struct gfs_exec *exec = &result->exec;
	const struct gfs_plan *plan = &result->shared->plan;
	exec->plan = plan;
	exec->params = gfs_exec_alloc(exec, plan->param_count * sizeof *exec->params);
	exec->locals = gfs_exec_alloc(exec, plan->slot_count * sizeof *exec->locals);
	exec->names = gfs_exec_alloc(exec, plan->name_count * sizeof *exec->names);
	exec->subs = gfs_exec_alloc(exec, plan->sub_count * sizeof *exec->subs);
	exec->answers = gfs_exec_alloc(exec, plan->sub_count * sizeof *exec->answers);
	if (exec->answers == NULL || exec->params == NULL || exec->locals == NULL || exec->names == NULL ||
		exec->subs == NULL)
		return gfs_exec_nomem(exec);
	if (result->profile) {
		exec->profile = gfs_exec_alloc(exec, plan->node_count * sizeof *exec->profile);
		if (exec->profile == NULL)
			return gfs_exec_nomem(exec);
	}
	set_env(exec);
	int err = take_params(result, opts);
	return err != 0 ? err : gfs_op_make(exec, plan->root, &result->root);
}

static int run_reading(struct gfs_result *result)
{
	gfs_exec_lock(&result->exec);
	gfs_answer_begin(result);
	int err = gfs_result_fill(result);
	gfs_exec_unlock(&result->exec);
	return err;
}

static int run_writing(struct gfs_result *result)
{
	struct gfs_exec *exec = &result->exec;
	int err = gfs_exec_begin(exec);
	if (err != 0)
		return err;
	err = gfs_result_fill_all(result);
	if (err == 0)
		err = gfs_exec_commit(exec);
	else
		gfs_exec_abort(exec);
	gfs_result_stop(result);
	return err;
}

/* An operator begins transactions and commits them; around it the statement only reads. */
static int run_in_transactions(struct gfs_result *result)
{
	gfs_exec_lock(&result->exec);
	int err = gfs_result_fill_all(result);
	gfs_exec_unlock(&result->exec);
	gfs_result_stop(result);
	return err;
}

/* A plan from the cache may have been made of another text. Memory that the limit refused is not the machine's fault. */
int gfs_statement_settle_error(struct gfs_result *result, int err)
{
	struct gfs_query_error *error = &result->error;
	if (error->pos.line != 0 && result->shared != NULL && result->shared->statement != NULL)
		error->pos = gfs_normal_place(result->shared->statement->text, result->statement_text, error->pos);
	if (error->err != GFS_ERR_NOMEM || !result->exec.budget.refused)
		return err;
	*error = (struct gfs_query_error){ 0 };
	return gfs_query_fail(error, GFS_QUERY_LIMIT_ERROR, GFS_QUERY_RUNTIME, "MemoryLimit", NULL,
		"the statement needs more than %llu bytes of memory", (unsigned long long)result->limits.memory_bytes_max);
}

static int explain(struct gfs_result *result)
{
	gfs_plan_explain(&result->shared->plan, NULL, &result->text);
	result->ended = true;
	result->column_count = 0;
	return gfs_exec_store_error(&result->exec, gfs_buf_failed(&result->text));
}

/* An answer from the cache needs no plan and no place among the running. */
static bool find_answer(struct gfs_result *result, struct gfs_slice text, const struct gfs_run_opts *opts)
{
	struct gfs_engine *engine = result->engine;
	if (result->limits.result_cache_off || opts->no_cache || opts->explain || gfs_admin_is_terminate(text))
		return false;
	gfs_graph_read_begin(engine->graph);
	bool found = gfs_answer_find(result, text, opts);
	gfs_graph_read_end(engine->graph);
	return found;
}

static int no_plan(struct gfs_result *result)
{
	return gfs_query_fail(&result->error, GFS_QUERY_SYNTAX_ERROR, GFS_QUERY_COMPILE, "NoPlan", NULL,
		"statements of this kind have no plan");
}

static bool changes_something(const struct gfs_result *result)
{
	const struct gfs_ast_statement *statement = result->shared->statement;
	switch (statement->kind) {
	case GFS_STATEMENT_QUERY:
		return result->shared->plan.writes && statement->mode != GFS_MODE_EXPLAIN;
	case GFS_STATEMENT_SCHEMA:
	case GFS_STATEMENT_TERMINATE:
		return true;
	}
	return true;
}

static int refused_to_write(struct gfs_result *result)
{
	(void)gfs_query_fail(&result->error, GFS_QUERY_SEMANTIC_ERROR, GFS_QUERY_COMPILE, "ReadOnly", NULL,
		"the statement would change the graph, and only reading ones may run here");
	return result->error.err = GFS_ERR_PERM;
}

static int run_planned(struct gfs_result *result, const struct gfs_run_opts *opts)
{
	const struct gfs_ast_statement *statement = result->shared->statement;
	if (opts->explain)
		return statement->kind == GFS_STATEMENT_QUERY ? explain(result) : no_plan(result);
	if (opts->read_only && changes_something(result))
		return refused_to_write(result);
	if (statement->kind == GFS_STATEMENT_SCHEMA)
		return gfs_schema_run(result, statement->schema);
	if (statement->kind != GFS_STATEMENT_QUERY)
		return gfs_admin_terminate(result, statement->terminate, opts);
	if (statement->mode == GFS_MODE_EXPLAIN)
		return explain(result);
	result->profile = statement->mode == GFS_MODE_PROFILE;
	int err = prepare(result, opts);
	if (err != 0)
		return err;
	if (result->shared->plan.in_transactions)
		return run_in_transactions(result);
	return result->shared->plan.writes ? run_writing(result) : run_reading(result);
}

static int run(struct gfs_result *result, struct gfs_slice text, const struct gfs_run_opts *opts)
{
	gfs_engine_limits_get(result->engine, &result->limits);
	init_exec(result, opts);
	if (find_answer(result, text, opts))
		return 0;
	struct gfs_slice kept = gfs_arena_copy(&result->exec.arena, text);
	if (kept.data == NULL)
		return gfs_exec_nomem(&result->exec);
	result->statement_text = kept;
	int err = gfs_running_enter(result->engine, &result->running, kept, &result->error);
	result->exec.now_ns = result->running.start_ns;
	if (err == 0)
		err = gfs_compile(result, kept, opts);
	return err != 0 ? err : run_planned(result, opts);
}

int gfs_query_run(struct gfs_engine *engine, struct gfs_slice text, const struct gfs_run_opts *opts,
	struct gfs_result **ret_result, struct gfs_query_error *error)
{
	static const struct gfs_run_opts no_opts = { 0 };
	struct gfs_result *result = gfs_result_new(engine);
	*error = (struct gfs_query_error){ 0 };
	if (result == NULL)
		return gfs_query_fail_store(error, GFS_ERR_NOMEM);
	int err = run(result, text, opts == NULL ? &no_opts : opts);
	if (err == 0) {
		*ret_result = result;
		return 0;
	}
	err = gfs_statement_settle_error(result, err);
	*error = result->error;
	assert(error->kind != GFS_QUERY_OK);
	gfs_result_free(result);
	return err;
}
