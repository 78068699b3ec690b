#include "mount-tools/tools.h"

#include "base/checked.h"
#include "base/parse.h"
#include "base/utf8.h"
#include "graph/index.h"
#include "mount-tools/mountinfo.h"
#include "mount-tools/open_graph.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#define SAID_BYTES 4096u

static const char *program_name = "graphfs";

void gfs_tool_begin(const char *program)
{
	program_name = program;
}

void gfs_tool_put(struct gfs_slice text, FILE *to)
{
	while (text.size != 0) {
		uint32_t point = 0;
		size_t size = gfs_utf8_next(text.data, text.size, &point);
		bool plain = size != 0 && (point >= 0x20 ? point < 0x7f || point > 0x9f : point == '\n' || point == '\t');
		size = GFS_MAX(size, (size_t)1);
		if (plain)
			fwrite(text.data, 1, size, to); /* main looks at ferror */
		for (size_t i = 0; !plain && i < size; i++)
			fprintf(to, "\\x%02x", text.data[i]);
		text = gfs_slice(text.data + size, text.size - size);
	}
}

static void GFS_PRINTF(1, 0) say(const char *format, va_list args)
{
	char text[SAID_BYTES];
	(void)vsnprintf(text, sizeof text, format, args); /* a longer one is cut */
	(void)fflush(stdout); /* what came before stays before; the error of stdout shows at the end */
	fprintf(stderr, "%s: ", program_name);
	gfs_tool_put(gfs_slice_text(text), stderr);
	fputc('\n', stderr);
}

void gfs_tool_say(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say(format, args);
	va_end(args);
}

int gfs_tool_usage(int code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say(format, args);
	va_end(args);
	fprintf(stderr, "Try '%s --help'.\n", program_name);
	return code;
}

int gfs_tool_version(void)
{
	printf("%s (graphfs) %s\n", program_name, GFS_VERSION);
	return 0;
}

const char *gfs_tool_errno(void)
{
	return strerrordesc_np(errno);
}

char *gfs_tool_path(const char *path)
{
	char *real = realpath(path, NULL);
	if (real == NULL && errno == ENOENT)
		real = strdup(path);
	if (real == NULL)
		gfs_tool_say("%s: %s", path, gfs_tool_errno());
	return real;
}

int gfs_tool_await_indexes(struct gfs_graph *graph, const char *path)
{
	struct gfs_message message = { "" };
	int err = gfs_index_wait_all(graph, NULL, NULL, &message);
	if (err != 0)
		gfs_tool_complain(path, err, &message);
	return err != 0 ? 1 : 0;
}

int gfs_tool_cache(const char *text, uint64_t *ret_bytes)
{
	uint64_t bytes;
	if (gfs_parse_size(gfs_slice_text(text), &bytes) != 0 || bytes < GFS_CACHE_BUDGET_BYTES_MIN)
		return gfs_tool_usage(1, "--cache=%s: not a size, or less than 1M", text);
	*ret_bytes = bytes;
	return 0;
}

void gfs_tool_complain(const char *path, int err, const struct gfs_message *message)
{
	const char *why = message->text[0] != '\0' ? message->text : gfs_err_text(err);
	if (strstr(why, path) != NULL)
		gfs_tool_say("%s", why);
	else
		gfs_tool_say("%s: %s", path, why);
}

int gfs_tool_open(const char *path, const struct gfs_store_opts *opts, struct gfs_graph **ret_graph)
{
	struct gfs_message message = { "" };
	int err = gfs_open_patiently(path, opts, ret_graph, &message);
	if (err == 0 && message.text[0] != '\0')
		gfs_tool_say("%s", message.text);
	if (err == 0)
		return 0;
	gfs_tool_complain(path, err, &message);
	bool mounted = false;
	if (err == GFS_ERR_LOCKED && gfs_mountinfo_has_source(getpid(), path, &mounted) == 0 && mounted)
		gfs_tool_say("it is mounted (findmnt -S %s): work there, or unmount it first", path);
	return err;
}
