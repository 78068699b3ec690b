#include "mount-tools/mountinfo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void gfs_mountinfo_release(struct gfs_mountinfo *info)
{
	free(info->line);
	*info = (struct gfs_mountinfo){ 0 };
}

static bool is_octal(const char *at)
{
	for (int i = 0; i < 3; i++) {
		if (at[i] < '0' || at[i] > '7')
			return false;
	}
	return true;
}

/* \040 and the like, in place. */
static void unescape(char *text)
{
	char *to = text;
	for (const char *from = text; *from;) {
		if (from[0] == '\\' && is_octal(from + 1)) {
			*to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
}

static char *next_field(char **at)
{
	return strsep(at, " \n");
}

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG...] - TYPE SOURCE SUPER_OPTIONS. The line is cut up; false when it is not one. */
static bool parse(char *line, struct gfs_mountinfo *info)
{
	char *at = line;
	for (int i = 0; i < 4; i++)
		(void)next_field(&at); /* not asked for; a line that is too short shows below */
	char *point = next_field(&at);
	char *options = next_field(&at);
	for (const char *tag = next_field(&at); tag && strcmp(tag, "-") != 0;)
		tag = next_field(&at);
	char *type = next_field(&at);
	char *source = next_field(&at);
	char *super = next_field(&at);
	if (!super)
		return false;
	unescape(point);
	unescape(source);
	info->point = point;
	info->options = options;
	info->type = type;
	info->source = source;
	info->super_options = super;
	return true;
}

int gfs_mountinfo_find(const char *point, struct gfs_mountinfo *ret_info)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	struct gfs_mountinfo found = { 0 };
	char *line = NULL;
	size_t size = 0;
	if (!f)
		return GFS_ERR_IO;
	while (getline(&line, &size, f) > 0) {
		struct gfs_mountinfo info;
		if (!parse(line, &info) || strcmp(info.point, point) != 0)
			continue;
		gfs_mountinfo_release(&found); /* a later one lies on top */
		found = info;
		found.line = line;
		line = NULL;
		size = 0;
	}
	free(line);
	(void)fclose(f); /* only read */
	if (!found.line)
		return GFS_ERR_NOTFOUND;
	*ret_info = found;
	return 0;
}

int gfs_mountinfo_has_source(pid_t pid, const char *source, bool *ret_has)
{
	char path[64];
	(void)snprintf(path, sizeof path, "/proc/%ld/mountinfo", (long)pid);
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	bool has = false;
	if (!f)
		return GFS_ERR_NOTFOUND;
	while (!has && getline(&line, &size, f) > 0) {
		struct gfs_mountinfo info;
		has = parse(line, &info) && strcmp(info.type, GFS_MOUNTINFO_TYPE) == 0 && strcmp(info.source, source) == 0;
	}
	free(line);
	(void)fclose(f); /* only read */
	*ret_has = has;
	return 0;
}
