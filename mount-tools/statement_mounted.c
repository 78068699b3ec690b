/* Statements on a mount: written to /.graphfs/cypher, whose descriptor then gives the result. */
#include "base/buf.h"
#include "base/io.h"
#include "mount-tools/statement.h"
#include "mount-tools/tools.h"

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* The name of the file; empty when memory failed. */
static const char *file_of(const char *target, struct gfs_buf *name)
{
	gfs_buf_printf(name, "%s/.graphfs/cypher", target);
	gfs_buf_append_u8(name, '\0');
	return gfs_buf_failed(name) == 0 ? (const char *)name->data : "";
}

bool gfs_statement_is_mounted(const char *target)
{
	GFS_AUTO_BUF name = GFS_BUF_INIT;
	return access(file_of(target, &name), F_OK) == 0;
}

/* ---- the request ---- */

static int add_param(json_t *params, const char *text)
{
	const char *equals = strchr(text, '=');
	if (equals == NULL || equals == text)
		return GFS_ERR_INVALID;
	json_error_t where;
	json_t *value = json_loads(equals + 1, JSON_ALLOW_NUL | JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &where);
	if (value == NULL)
		value = json_string(equals + 1);
	return json_object_setn_new(params, text, (size_t)(equals - text), value) == 0 ? 0 : GFS_ERR_INVALID;
}

static json_t *request_of(
	const char *text, const struct gfs_statement_opts *opts, const char *const *params, size_t count)
{
	static const char *const formats[] = {
		[GFS_OUTPUT_TABLE] = "table", [GFS_OUTPUT_CSV] = "csv", [GFS_OUTPUT_JSON] = "json", [GFS_OUTPUT_TYPED] = "typed"
	};
	json_t *values = json_object();
	for (size_t i = 0; i < count; i++) {
		int err = add_param(values, params[i]);
		if (err != 0) {
			gfs_tool_say("--param %s: %s", params[i], gfs_err_text(err));
			json_decref(values);
			return NULL;
		}
	}
	json_t *query = opts->no_cache ? json_sprintf("CYPHER cache=off %s", text) : json_string(text);
	json_t *request = json_pack("{s:o, s:o, s:s}", "query", query, "params", values, "format", formats[opts->format]);
	if (request == NULL)
		gfs_tool_say("the statement is not valid UTF-8");
	return request;
}

/* ---- the answer ---- */

/* {"error": {"kind": .., "detail": .., "message": ..}} as a line. */
static void say_error(struct gfs_slice answer, const char *why)
{
	json_error_t where;
	json_t *json = json_loadb((const char *)answer.data, answer.size, 0, &where);
	const json_t *error = json_object_get(json, "error");
	const char *kind = json_string_value(json_object_get(error, "kind"));
	const char *detail = json_string_value(json_object_get(error, "detail"));
	const char *message = json_string_value(json_object_get(error, "message"));
	if (kind != NULL && detail != NULL && message != NULL) {
		fprintf(stderr, "%s (%s): ", kind, detail);
		gfs_tool_put(gfs_slice_text(message), stderr);
		fputc('\n', stderr);
	} else {
		gfs_tool_say("%s", why);
	}
	json_decref(json);
}

static int read_some(int fd, struct gfs_buf *out)
{
	char block[65536];
	ssize_t n = read(fd, block, sizeof block);
	if (n > 0)
		gfs_buf_append(out, block, (size_t)n);
	return n < 0 ? -1 : n > 0;
}

/* Returns the exit code. */
static int print_answer(int fd)
{
	GFS_AUTO_BUF block = GFS_BUF_INIT;
	int more;
	while ((more = read_some(fd, &block)) > 0) {
		fwrite(block.data, 1, block.size, stdout); /* main looks at ferror */
		gfs_buf_clear(&block);
	}
	if (more < 0)
		gfs_tool_say("%s", gfs_tool_errno());
	return more < 0 ? 1 : 0;
}

static int fail_with_answer(int fd, const char *why)
{
	GFS_AUTO_BUF answer = GFS_BUF_INIT;
	while (read_some(fd, &answer) > 0)
		;
	say_error(gfs_buf_slice(&answer), why);
	return 1;
}

static void on_interrupt(int signal_number)
{
	(void)signal_number; /* it is enough that the call is interrupted: the daemon then ends the statement */
}

static int ask(const char *name, const char *request)
{
	size_t size = strlen(request);
	int fd = open(name, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		gfs_tool_say("%s: %s", name, gfs_tool_errno());
		return 1;
	}
	struct sigaction action = { .sa_handler = on_interrupt }, old;
	(void)sigaction(SIGINT, &action, &old); /* cannot fail for SIGINT */
	/* One write is one statement. */
	ssize_t n = write(fd, request, size);
	int code = n == (ssize_t)size ? print_answer(fd) : fail_with_answer(fd, gfs_tool_errno());
	(void)sigaction(SIGINT, &old, NULL); /* as above */
	(void)close(fd);                     /* nothing is kept back */
	return code;
}

bool gfs_statement_ask_mounted(const char *target, const char *request, struct gfs_buf *out)
{
	GFS_AUTO_BUF name = GFS_BUF_INIT;
	size_t size = strlen(request);
	int more = -1, fd = open(file_of(target, &name), O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (write(fd, request, size) == (ssize_t)size) {
		while ((more = read_some(fd, out)) > 0)
			;
	}
	(void)close(fd); /* nothing is kept back */
	return more == 0 && gfs_buf_failed(out) == 0;
}

int gfs_statement_run_mounted(const char *target, const char *text, const struct gfs_statement_opts *opts,
	const char *const *params, size_t param_count)
{
	GFS_AUTO_BUF name = GFS_BUF_INIT;
	json_t *request = request_of(text, opts, params, param_count);
	char *line = request == NULL ? NULL : json_dumps(request, JSON_COMPACT);
	json_decref(request);
	int code = 1;
	if (line != NULL)
		code = ask(file_of(target, &name), line);
	free(line);
	return code;
}
