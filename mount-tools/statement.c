#include "mount-tools/statement.h"

#include "base/checked.h"
#include "base/clock.h"
#include "mount-tools/tools.h"
#include "query/typed_json.h"

#include <jansson.h>
#include <signal.h>
#include <unistd.h>

/* ---- interruption ---- */

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
	(void)signal_number;
	interrupted = 1;
}

static bool is_interrupted(void *context)
{
	(void)context;
	return interrupted != 0;
}

/* SA_RESTART: a write of rows is not cut short by it. */
static void catch_interrupt(struct sigaction *ret_old)
{
	struct sigaction action = { .sa_handler = on_interrupt, .sa_flags = SA_RESTART };
	interrupted = 0;
	(void)sigaction(SIGINT, &action, ret_old); /* cannot fail for SIGINT */
}

/* ---- what is printed ---- */

static int print_rows(struct gfs_result *result, const struct gfs_statement_opts *opts, struct gfs_query_error *error)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	struct gfs_output *output;
	bool done = false;
	int err = gfs_output_new(result, opts->format, error, &output);
	if (err != 0)
		return gfs_query_fail_store(error, err);
	while (err == 0 && !done) {
		gfs_buf_clear(&text);
		err = gfs_output_next(output, &text, &done);
		if (err == 0 && text.size != 0)
			fwrite(text.data, 1, text.size, stdout); /* main looks at ferror */
	}
	gfs_output_free(output);
	return err;
}

static void put_count(struct gfs_buf *out, uint64_t count, const char *what)
{
	if (count == 0)
		return;
	gfs_buf_printf(out, "%s%llu %s", out->size == 0 ? "" : ", ", (unsigned long long)count, what);
}

static void print_summary(const struct gfs_result *result, uint64_t begun_ns)
{
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	struct gfs_query_counts counts;
	gfs_result_counts(result, &counts);
	put_count(&out, counts.nodes_created, "nodes created");
	put_count(&out, counts.nodes_deleted, "nodes deleted");
	put_count(&out, counts.rels_created, "relationships created");
	put_count(&out, counts.rels_deleted, "relationships deleted");
	put_count(&out, counts.properties_set, "properties set");
	put_count(&out, counts.labels_added, "labels added");
	put_count(&out, counts.labels_removed, "labels removed");
	put_count(&out, counts.indexes_added, "indexes added");
	put_count(&out, counts.indexes_removed, "indexes removed");
	put_count(&out, counts.constraints_added, "constraints added");
	put_count(&out, counts.constraints_removed, "constraints removed");
	uint64_t took_us = (gfs_clock_mono_ns() - begun_ns) / 1000;
	gfs_buf_printf(&out, "%s%llu.%03llu ms\n", out.size == 0 ? "" : ", ", (unsigned long long)(took_us / 1000),
		(unsigned long long)(took_us % 1000));
	(void)fflush(stdout); /* rows first; main looks at ferror */
	fwrite(out.data, 1, out.size, stderr);
}

static int print_result(struct gfs_result *result, const struct gfs_statement_opts *opts, struct gfs_query_error *error)
{
	int err = 0;
	bool explained = gfs_result_plan(result).size != 0; /* a profile's plan is there when its rows are through */
	if (!explained && gfs_result_column_count(result) != 0)
		err = print_rows(result, opts, error);
	struct gfs_slice plan = gfs_result_plan(result);
	if (err == 0 && plan.size != 0)
		fwrite(plan.data, 1, plan.size, stdout); /* main looks at ferror */
	return err;
}

static void print_error(const struct gfs_query_error *error, struct gfs_slice text)
{
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	gfs_query_error_show(error, text, &out);
	(void)fflush(stdout); /* rows first; main looks at ferror */
	gfs_tool_put(gfs_buf_slice(&out), stderr);
}

int gfs_statement_run(struct gfs_engine *engine, struct gfs_slice text, const struct gfs_statement_opts *opts)
{
	struct gfs_run_opts run = { .params = opts->params,
		.param_count = opts->param_count,
		.no_cache = opts->no_cache,
		.uid = getuid(),
		.gid = getgid(),
		.interrupted = is_interrupted };
	struct gfs_query_error error = { 0 };
	struct gfs_result *result = NULL;
	struct sigaction old;
	uint64_t begun_ns = gfs_clock_mono_ns();
	catch_interrupt(&old);
	int err = gfs_query_run(engine, text, &run, &result, &error);
	if (err == 0)
		err = print_result(result, opts, &error);
	if (err == 0 && opts->summary)
		print_summary(result, begun_ns);
	gfs_result_free(result);
	(void)sigaction(SIGINT, &old, NULL); /* as above */
	if (err != 0)
		print_error(&error, text);
	return err == 0 ? 0 : 1;
}

/* ---- parameters ---- */

static int read_value(const char *text, struct gfs_arena *arena, struct gfs_datum *ret_value)
{
	json_error_t where;
	json_t *json = json_loads(text, JSON_ALLOW_NUL | JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &where);
	if (json != NULL) {
		int err = gfs_typed_json_read(json, arena, ret_value);
		json_decref(json);
		return err;
	}
	struct gfs_slice copy = gfs_arena_copy(arena, gfs_slice_text(text));
	if (copy.data == NULL)
		return GFS_ERR_NOMEM;
	*ret_value = gfs_datum_string(copy);
	return 0;
}

int gfs_statement_param(const char *text, struct gfs_arena *arena, struct gfs_param *ret_param)
{
	const char *equals = strchr(text, '=');
	if (equals == NULL || equals == text)
		return GFS_ERR_INVALID;
	ret_param->name = gfs_arena_copy(arena, gfs_slice(text, (size_t)(equals - text)));
	if (ret_param->name.data == NULL)
		return GFS_ERR_NOMEM;
	return read_value(equals + 1, arena, &ret_param->value);
}
