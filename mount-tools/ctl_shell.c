/* graphfsctl shell */
#include "base/checked.h"
#include "mount-tools/ctl_jsonl.h"
#include "mount-tools/shell_input.h"
#include "mount-tools/statement.h"
#include "mount-tools/tools.h"
#include "query/lexer.h"

#include <stdlib.h>
#include <unistd.h>

enum { PARAMS_MAX = 256 };

struct shell {
	struct gfs_shell_world world;
	struct gfs_shell_input *input;
	struct gfs_statement_opts opts;
	struct gfs_param params[PARAMS_MAX];
	const char *param_texts[PARAMS_MAX];
	struct gfs_arena arena; /* of the parameters */
	struct gfs_buf text;    /* of the statement so far */
	bool interactive, failed, ended;
};

static const char help[] =
	"A statement ends with ';' and may be of many lines. ^C forgets what was typed, or ends the statement that runs.\n"
	"\n"
	"  :param NAME=VALUE   give a parameter a value (JSON, or else a text)\n"
	"  :format FORMAT      table, csv, json or typed\n"
	"  :cache on|off       let results come from the cache\n"
	"  :help               show this\n"
	"  :exit               leave (also ^D)\n";

/* ---- commands: lines that begin with ':' ---- */

static void set_param(struct shell *shell, const char *text)
{
	struct gfs_param param;
	struct gfs_slice kept = gfs_arena_copy(&shell->arena, gfs_slice(text, strlen(text) + 1));
	int err = kept.data == NULL ? GFS_ERR_NOMEM : gfs_statement_param(text, &shell->arena, &param);
	size_t at = 0;
	while (err == 0 && at < shell->opts.param_count && !gfs_slice_equal(shell->params[at].name, param.name))
		at++;
	if (at == PARAMS_MAX)
		err = GFS_ERR_LIMIT;
	if (err != 0) {
		gfs_tool_say(":param %s: %s", text, gfs_err_text(err));
		return;
	}
	shell->params[at] = param;
	shell->param_texts[at] = (const char *)kept.data;
	shell->opts.params = shell->params;
	shell->opts.param_count = GFS_MAX(shell->opts.param_count, at + 1);
}

static void set_cache(struct shell *shell, const char *text)
{
	if (strcmp(text, "on") != 0 && strcmp(text, "off") != 0)
		gfs_tool_say(":cache is on or off");
	else
		shell->opts.no_cache = strcmp(text, "off") == 0;
}

static void set_format(struct shell *shell, const char *text)
{
	if (gfs_output_format_from_name(gfs_slice_text(text), &shell->opts.format) != 0)
		gfs_tool_say(":format is table, csv, json or typed");
}

/* The word after the command's own, or NULL when the line is another command. */
static const char *argument_of(const char *line, const char *command)
{
	size_t size = strlen(command);
	if (strncmp(line, command, size) != 0 || (line[size] != '\0' && line[size] != ' '))
		return NULL;
	return line + size + strspn(line + size, " ");
}

static void run_command(struct shell *shell, char *line)
{
	const char *argument;
	line[strcspn(line, "\r\n")] = '\0';
	if ((argument = argument_of(line, ":param")) != NULL)
		set_param(shell, argument);
	else if ((argument = argument_of(line, ":format")) != NULL)
		set_format(shell, argument);
	else if ((argument = argument_of(line, ":cache")) != NULL)
		set_cache(shell, argument);
	else if (argument_of(line, ":exit") != NULL || argument_of(line, ":quit") != NULL)
		shell->ended = true;
	else
		fputs(help, stdout);
}

/* ---- statements ---- */

/* Bytes up to and with the first ';' that is no part of a string, name or comment; 0: there is none. */
static size_t statement_size(struct gfs_slice text)
{
	struct gfs_lexer lexer = gfs_lexer(text);
	struct gfs_token token;
	do {
		token = gfs_lexer_next(&lexer);
		if (token.kind == ';')
			return token.pos.offset + token.size;
	} while (token.kind != GFS_TOKEN_END);
	return 0;
}

static bool is_blank(struct gfs_slice text)
{
	struct gfs_lexer lexer = gfs_lexer(text);
	struct gfs_token token = gfs_lexer_next(&lexer);
	return token.kind == GFS_TOKEN_END || token.kind == ';';
}

static int run_mounted(struct shell *shell, struct gfs_slice text)
{
	GFS_AUTO_BUF copy = GFS_BUF_INIT;
	gfs_buf_append(&copy, text.data, text.size);
	gfs_buf_append_u8(&copy, '\0');
	if (gfs_buf_failed(&copy) != 0)
		return 1;
	return gfs_statement_run_mounted(
		shell->world.mount, (const char *)copy.data, &shell->opts, shell->param_texts, shell->opts.param_count);
}

static void run_text(struct shell *shell, struct gfs_slice text)
{
	if (is_blank(text))
		return;
	int code = shell->world.mount != NULL ? run_mounted(shell, text)
										  : gfs_statement_run(shell->world.engine, text, &shell->opts);
	shell->failed = shell->failed || code != 0;
}

static void forget(struct shell *shell, size_t size)
{
	size_t left = shell->text.size - size;
	memmove(shell->text.data, shell->text.data + size, left);
	shell->text.size = left;
}

static void run_whole_statements(struct shell *shell)
{
	size_t size;
	while ((size = statement_size(gfs_buf_slice(&shell->text))) != 0) {
		run_text(shell, gfs_slice(shell->text.data, size));
		forget(shell, size);
	}
	if (is_blank(gfs_buf_slice(&shell->text)))
		gfs_buf_clear(&shell->text);
}

static int loop(struct shell *shell)
{
	char *line;
	while (!shell->ended) {
		enum gfs_shell_event event = gfs_shell_input_line(shell->input, shell->text.size != 0, &line);
		if (event == GFS_SHELL_CANCELLED) {
			gfs_buf_clear(&shell->text);
			continue;
		}
		if (event == GFS_SHELL_END)
			break;
		if (shell->text.size == 0 && line[0] == ':') {
			run_command(shell, line);
			continue;
		}
		gfs_buf_append_text(&shell->text, line);
		if (gfs_buf_failed(&shell->text) != 0)
			return GFS_ERR_NOMEM;
		run_whole_statements(shell);
	}
	/* The last statement of a file needs no ';'. */
	if (!shell->interactive)
		run_text(shell, gfs_buf_slice(&shell->text));
	return 0;
}

/* Returns the exit code. */
static int run_in(const struct gfs_shell_world *world)
{
	struct shell shell = { .arena = GFS_ARENA_INIT, .text = GFS_BUF_INIT, .interactive = isatty(STDIN_FILENO) != 0 };
	shell.world = *world;
	shell.opts.format = shell.interactive ? GFS_OUTPUT_TABLE : GFS_OUTPUT_CSV;
	shell.opts.summary = shell.interactive;
	int err = gfs_shell_input_new(world, shell.interactive, &shell.input);
	if (err == 0)
		err = loop(&shell);
	if (err != 0)
		gfs_tool_say("shell: %s", gfs_err_text(err));
	gfs_shell_input_free(shell.input);
	gfs_buf_release(&shell.text);
	gfs_arena_release(&shell.arena);
	return err != 0 || (shell.failed && !shell.interactive) ? 1 : 0;
}

static int run_on(struct gfs_graph *graph, const char *path)
{
	struct gfs_shell_world world = { .graph = graph };
	int err = gfs_engine_new(graph, NULL, &world.engine);
	if (err != 0) {
		gfs_tool_say("%s: %s", path, gfs_err_text(err));
		return 1;
	}
	int code = run_in(&world);
	gfs_engine_free(world.engine);
	int waited = gfs_tool_await_indexes(graph, path);
	return code != 0 ? code : waited;
}

static int run(const char *target)
{
	if (gfs_statement_is_mounted(target))
		return run_in(&(struct gfs_shell_world){ .mount = target });
	struct gfs_store_opts opts = { 0 };
	struct gfs_graph *graph;
	char *path = gfs_tool_path(target);
	int code = 1;
	if (path != NULL && gfs_tool_open(path, &opts, &graph) == 0) {
		code = run_on(graph, path);
		int err = gfs_graph_close(graph);
		if (err != 0) {
			gfs_tool_say("%s: %s", path, gfs_err_text(err));
			code = 1;
		}
	}
	free(path);
	return code;
}

int gfs_ctl_shell(int argc, char **argv)
{
	static const struct option known[] = { { "jsonl", no_argument, NULL, 'j' }, { 0 } };
	bool jsonl = false;
	int c;
	optind = 1;
	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c != 'j')
			return gfs_tool_usage(1, "shell: wrong usage");
		jsonl = true;
	}
	if (argc - optind != (jsonl ? 0 : 1))
		return gfs_tool_usage(1, jsonl ? "shell: --jsonl and nothing else" : "shell: which database or mount point?");
	return jsonl ? gfs_ctl_jsonl() : run(argv[optind]);
}
