#include "base/log.h"

#include "base/checked.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

enum { TEXT_BYTES_MAX = 2048, LINE_BYTES_MAX = 4 * TEXT_BYTES_MAX + 256 };

struct level {
	const char *name;
	int priority; /* of syslog */
};

static const struct level levels[] = {
	[GFS_LOG_ERROR] = { "error", LOG_ERR },
	[GFS_LOG_WARNING] = { "warning", LOG_WARNING },
	[GFS_LOG_INFO] = { "info", LOG_INFO },
	[GFS_LOG_DEBUG] = { "debug", LOG_DEBUG },
};

/* Set by gfs_log_open, before any other thread logs, and never again. */
static const char *log_program = "graphfs";
static bool log_to_syslog;
static enum gfs_log_level log_most_verbose = GFS_LOG_INFO;

void gfs_log_open(const char *program, bool to_syslog, enum gfs_log_level most_verbose)
{
	log_program = program;
	log_to_syslog = to_syslog;
	log_most_verbose = most_verbose;
	if (to_syslog)
		openlog(program, LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

bool gfs_log_enabled(enum gfs_log_level level)
{
	return level <= log_most_verbose;
}

/* Copies text to out, with control characters (C1 ones too) and bytes that are not UTF-8 as \xNN. out has four bytes for
 * each of text and one more. */
static void escape(const char *text, char *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t left = strlen(text);
	char *to = out;
	while (left > 0) {
		uint32_t point = 0;
		size_t length = gfs_utf8_next(text, left, &point);
		if (length != 0 && point >= 0x20 && (point < 0x7f || point > 0x9f)) {
			memcpy(to, text, length);
			to += length;
		} else {
			length = length == 0 ? 1 : length;
			for (size_t i = 0; i < length; i++) {
				unsigned char byte = (unsigned char)text[i];
				*to++ = '\\';
				*to++ = 'x';
				*to++ = digits[byte >> 4];
				*to++ = digits[byte & 15];
			}
		}
		text += length;
		left -= length;
	}
	*to = '\0';
}

void gfs_log(enum gfs_log_level level, const char *format, ...)
{
	if (!gfs_log_enabled(level))
		return;
	char text[TEXT_BYTES_MAX];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args); /* a longer message is cut */
	va_end(args);
	char escaped[4 * TEXT_BYTES_MAX + 1];
	escape(text, escaped);
	if (log_to_syslog) {
		syslog(levels[level].priority, "%s: %s", levels[level].name, escaped);
		return;
	}
	char line[LINE_BYTES_MAX];
	int size = snprintf(line, sizeof line, "%s: %s: %s\n", log_program, levels[level].name, escaped);
	/* One write, so that lines of several threads do not mix. There is nobody to tell when stderr is gone. */
	ssize_t written = write(STDERR_FILENO, line, GFS_MIN((size_t)size, sizeof line - 1));
	(void)written;
}
