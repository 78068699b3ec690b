#include "base/error.h"

#include "base/checked.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

struct row {
	int number;
	const char *text;
};

/* Indexed by gfs_err_index. */
static const struct row rows[] = { [GFS_ERR_INDEX_OK] = { 0, "no error" },
#define X(code, number, text) [GFS_ERR_INDEX_##code] = { number, text },
	GFS_ERRORS(X)
#undef X
};

_Static_assert(GFS_COUNT(rows) == GFS_ERR_INDEX_COUNT, "one row a code");

int gfs_err_errno(int err)
{
	if (err > 0 || err <= -(int)GFS_ERR_INDEX_COUNT)
		return EIO;
	return rows[-err].number;
}

const char *gfs_err_text(int err)
{
	if (err > 0 || err <= -(int)GFS_ERR_INDEX_COUNT)
		return "unknown error";
	return rows[-err].text;
}

int gfs_err_from_errno(int number)
{
	if (number == EDQUOT)
		return GFS_ERR_NOSPC;
	if (number == ENFILE) /* the system's table, not the process's: for a person the same */
		return GFS_ERR_NOFILES;
	/* Where two codes share an errno the first row is the one that an operating system can mean. */
	for (int i = 1; i < (int)GFS_ERR_INDEX_COUNT; i++) {
		if (rows[i].number == number)
			return -i;
	}
	return GFS_ERR_IO;
}

int gfs_fail(struct gfs_message *message, int err, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)vsnprintf(message->text, sizeof message->text, format, args); /* cut at its size, as promised */
	va_end(args);
	return err;
}
