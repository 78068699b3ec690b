#include "mount-tools/tools.h"

#include "base/checked.h"

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>

static const char *program_name = "graphfs";

void gfs_tool_begin(const char *program)
{
	program_name = program;
}

static void say(const char *format, va_list args)
{
	(void)fflush(stdout); /* what came before stays before; the error of stdout shows at the end */
	fprintf(stderr, "%s: ", program_name);
	vfprintf(stderr, format, args);
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

int gfs_tool_size(const char *text, uint64_t *ret_size)
{
	static const char suffixes[] = "KMGT";
	char *end;
	if (!isdigit((unsigned char)text[0]))
		return GFS_ERR_INVALID;
	errno = 0;
	uint64_t size = strtoull(text, &end, 10);
	if (errno != 0)
		return GFS_ERR_OVERFLOW;
	if (*end != '\0') {
		const char *suffix = strchr(suffixes, toupper((unsigned char)*end));
		if (suffix == NULL || end[1] != '\0')
			return GFS_ERR_INVALID;
		if (gfs_mul_overflows(size, UINT64_C(1) << 10 * (suffix - suffixes + 1), &size))
			return GFS_ERR_OVERFLOW;
	}
	*ret_size = size;
	return 0;
}

/* ---- mounts ---- */

/* Undoes the octal escapes of mountinfo, in place. */
static void unescape(char *text)
{
	char *out = text;
	for (const char *at = text; *at != '\0'; out++) {
		if (at[0] == '\\' && isdigit((unsigned char)at[1]) && isdigit((unsigned char)at[2]) &&
			isdigit((unsigned char)at[3])) {
			*out = (char)((at[1] - '0') * 64 + (at[2] - '0') * 8 + (at[3] - '0'));
			at += 4;
		} else {
			*out = *at++;
		}
	}
	*out = '\0';
}

/* The mount point in a line of mountinfo (proc(5)), when it is a graphfs of that database; NULL otherwise. Points into the line. */
static char *mount_in_line(char *line, const char *path)
{
	char *saved, *point = NULL;
	int field = 0;
	bool after_dash = false;
	const char *type = NULL, *source = NULL;
	for (char *word = strtok_r(line, " \n", &saved); word != NULL; word = strtok_r(NULL, " \n", &saved)) {
		if (!after_dash && ++field == 5)
			point = word;
		else if (after_dash && type == NULL)
			type = word;
		else if (after_dash && source == NULL)
			unescape(word), source = word;
		after_dash = after_dash || strcmp(word, "-") == 0;
	}
	if (point == NULL || source == NULL || strcmp(type, "fuse.graphfs") != 0 || strcmp(source, path) != 0)
		return NULL;
	unescape(point);
	return point;
}

char *gfs_tool_mounted_on(const char *path)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char *line = NULL, *found = NULL;
	size_t capacity = 0;
	while (mounts != NULL && found == NULL && getline(&line, &capacity, mounts) > 0) {
		const char *point = mount_in_line(line, path);
		if (point != NULL)
			found = strdup(point);
	}
	free(line);
	if (mounts != NULL)
		(void)fclose(mounts); /* was only read */
	return found;
}

int gfs_tool_open(const char *path, const struct gfs_store_opts *opts, struct gfs_graph **ret_graph)
{
	struct gfs_message message = { "" };
	int err = gfs_graph_open(path, opts, ret_graph, &message);
	if (err == 0)
		return 0;
	gfs_tool_say("%s", message.text[0] != '\0' ? message.text : gfs_err_text(err));
	char *point = err == GFS_ERR_LOCKED ? gfs_tool_mounted_on(path) : NULL;
	if (point != NULL)
		gfs_tool_say("it is mounted on %s: work there, or unmount it first", point);
	free(point);
	return err;
}
