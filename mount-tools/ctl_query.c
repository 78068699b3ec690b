/* graphfsctl query */
#include "base/checked.h"
#include "mount-tools/statement.h"
#include "mount-tools/tools.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

enum { PARAMS_MAX = 256 };

struct request {
	struct gfs_statement_opts opts;
	struct gfs_param params[PARAMS_MAX];
	const char *param_texts[PARAMS_MAX];
	struct gfs_arena arena;
	const char *target, *text;
};

/* ---- the command line: 0, or the exit code of a wrong one ---- */

static int take_param(struct request *request, const char *text)
{
	if (request->opts.param_count == PARAMS_MAX)
		return gfs_tool_usage(1, "query: more than %d parameters", PARAMS_MAX);
	struct gfs_param *param = &request->params[request->opts.param_count];
	int err = gfs_statement_param(text, &request->arena, param);
	if (err != 0)
		return gfs_tool_usage(1, "query: --param %s: %s", text, gfs_err_text(err));
	request->opts.params = request->params;
	request->param_texts[request->opts.param_count++] = text;
	return 0;
}

static int take_option(struct request *request, int c)
{
	switch (c) {
	case 'p':
		return take_param(request, optarg);
	case 'f':
		if (gfs_output_format_from_name(gfs_slice_text(optarg), &request->opts.format) == 0)
			return 0;
		return gfs_tool_usage(1, "query: --format is table, csv, json or typed, not '%s'", optarg);
	case 'n':
		request->opts.no_cache = true;
		return 0;
	default:
		return gfs_tool_usage(1, "query: wrong usage");
	}
}

static int take_arguments(struct request *request, int argc, char **argv)
{
	static const struct option known[] = { { "param", required_argument, NULL, 'p' },
		{ "format", required_argument, NULL, 'f' }, { "no-cache", no_argument, NULL, 'n' }, { 0 } };
	int c;
	optind = 1;
	while ((c = getopt_long(argc, argv, "p:f:", known, NULL)) != -1) {
		int code = take_option(request, c);
		if (code != 0)
			return code;
	}
	if (argc - optind != 2)
		return gfs_tool_usage(1, "query: which database, and which statement?");
	request->target = argv[optind];
	request->text = argv[optind + 1];
	return 0;
}

/* ---- running it ---- */

static int run_on(struct gfs_graph *graph, const struct request *request, const char *path)
{
	struct gfs_engine *engine;
	assert(request->text != NULL);
	int err = gfs_engine_new(graph, NULL, &engine);
	if (err != 0) {
		gfs_tool_say("%s: %s", path, gfs_err_text(err));
		return 1;
	}
	int code = gfs_statement_run(engine, gfs_slice_text(request->text), &request->opts);
	gfs_engine_free(engine);
	if (code == 0)
		code = gfs_tool_await_indexes(graph, path);
	return code;
}

static int run(const struct request *request)
{
	if (gfs_statement_is_mounted(request->target))
		return gfs_statement_run_mounted(
			request->target, request->text, &request->opts, request->param_texts, request->opts.param_count);
	struct gfs_store_opts opts = { 0 };
	struct gfs_graph *graph;
	char *path = gfs_tool_path(request->target);
	int code = 1;
	if (path != NULL && gfs_tool_open(path, &opts, &graph) == 0) {
		code = run_on(graph, request, path);
		int err = gfs_graph_close(graph);
		if (err != 0) {
			gfs_tool_say("%s: %s", path, gfs_err_text(err));
			code = 1;
		}
	}
	free(path);
	return code;
}

int gfs_ctl_query(int argc, char **argv)
{
	struct request request = { .arena = GFS_ARENA_INIT };
	request.opts.format = isatty(STDOUT_FILENO) ? GFS_OUTPUT_TABLE : GFS_OUTPUT_CSV;
	request.opts.summary = isatty(STDERR_FILENO) != 0;
	int code = take_arguments(&request, argc, argv);
	if (code == 0)
		code = run(&request);
	gfs_arena_release(&request.arena);
	return code;
}
