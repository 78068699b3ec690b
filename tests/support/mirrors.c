#include "tests/support/mirrors.h"

#include "tests/support/fs_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINES_MAX 20u

/* What each view says, one line a relationship ("TYPE ID FROM TO") or label ("LABEL KEY"). */
enum view {
	VIEW_OUT,
	VIEW_IN,
	VIEW_RELS,
	VIEW_JSON_OUT,
	VIEW_JSON_IN,
	VIEW_NODE_LABELS,
	VIEW_LABELS,
	VIEW_JSON_LABELS,
	VIEW_COUNT
};
static const char *const view_names[VIEW_COUNT] = { "out", "in", "rels", "json out", "json in", "node labels", "labels",
	"json labels" };

struct mirrors {
	int fd;
	const char *prefix;
	struct mirrors_report *report;
	struct fs_text said[VIEW_COUNT];
};

static void mismatch(struct mirrors *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void mismatch(struct mirrors *m, const char *format, ...)
{
	va_list args;
	if (m->report->mismatches++ >= LINES_MAX)
		return;
	va_start(args, format);
	fprintf(stderr, "mismatch: ");
	(void)vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
}

/* ---- attributes ---- */

static bool same_time(const struct statx_timestamp *a, const struct statx_timestamp *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* A folder that changed while it was listed has another mtime each time it is asked for, for some seconds: less than a millisecond of nanoseconds are
 * added (gfs_exposed_heat). */
#define HEAT_NS 1000000LL

static bool same_times(const struct statx *a, const struct statx *b)
{
	long long apart_ns = (a->stx_mtime.tv_sec - b->stx_mtime.tv_sec) * 1000000000LL + (long long)a->stx_mtime.tv_nsec -
		(long long)b->stx_mtime.tv_nsec;
	long long tolerance_ns = (a->stx_mode & S_IFMT) == S_IFDIR ? HEAT_NS : 0;
	return apart_ns >= -tolerance_ns && apart_ns <= tolerance_ns && same_time(&a->stx_ctime, &b->stx_ctime);
}

static bool get_both(struct mirrors *m, const char *path, struct statx *cached, struct statx *now)
{
	if (statx(m->fd, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, cached) != 0)
		mismatch(m, "%s: listed, but lstat says %s", path, strerrorname_np(errno));
	else if (statx(m->fd, path, AT_SYMLINK_NOFOLLOW | AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, now) != 0)
		mismatch(m, "%s: cached attributes, but the daemon says %s", path, strerrorname_np(errno));
	else
		return true;
	return false;
}

/* What is cached, and then what the daemon says: which also mends what was stale, so that everything else of the inode is to be looked at before. */
static void check_attr(struct mirrors *m, const char *path, mode_t type)
{
	struct statx cached, now;
	m->report->looks++;
	if (!get_both(m, path, &cached, &now))
		return;
	if ((cached.stx_mode & S_IFMT) != type)
		mismatch(m, "%s: mode %o", path, (unsigned)cached.stx_mode);
	if (cached.stx_mode != now.stx_mode || cached.stx_size != now.stx_size || cached.stx_ino != now.stx_ino ||
		cached.stx_nlink != now.stx_nlink || cached.stx_uid != now.stx_uid || cached.stx_gid != now.stx_gid)
		mismatch(m, "%s: cached mode %o size %llu inode %llu, now mode %o size %llu inode %llu", path,
			(unsigned)cached.stx_mode, (unsigned long long)cached.stx_size, (unsigned long long)cached.stx_ino,
			(unsigned)now.stx_mode, (unsigned long long)now.stx_size, (unsigned long long)now.stx_ino);
	if (!same_times(&cached, &now))
		mismatch(m, "%s: cached mtime %lld.%09u ctime %lld.%09u, now mtime %lld.%09u ctime %lld.%09u", path,
			(long long)cached.stx_mtime.tv_sec, cached.stx_mtime.tv_nsec, (long long)cached.stx_ctime.tv_sec,
			cached.stx_ctime.tv_nsec, (long long)now.stx_mtime.tv_sec, now.stx_mtime.tv_nsec,
			(long long)now.stx_ctime.tv_sec, now.stx_ctime.tv_nsec);
}

/* ---- walking ---- */

/* Calls each(m, context, name) for the names in a listing that start with `prefix`. */
static void each_name(struct mirrors *m, const char *dir, const char *prefix,
	void (*each)(struct mirrors *m, const char *dir, const char *name))
{
	struct fs_text names = { 0 };
	int err = fs_list(m->fd, dir, prefix, &names);
	if (err != 0)
		mismatch(m, "%s: listing says %s", dir, strerrorname_np(err));
	for (char *name = names.size ? names.data : NULL; name && *name; name += strlen(name) + 1) {
		*strchr(name, '\n') = '\0';
		each(m, dir, name);
	}
	fs_text_release(&names);
}

static const char *last_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* The path's component `n` from the start. */
static void component(const char *path, unsigned n, char *out, size_t size)
{
	while (n-- > 0)
		path += strcspn(path, "/") + 1;
	(void)snprintf(out, size, "%.*s", (int)strcspn(path, "/"), path);
}

static bool read_link(struct mirrors *m, const char *path, char *target, size_t size)
{
	int err = fs_readlink(m->fd, path, target, size);
	m->report->looks++;
	if (err != 0)
		mismatch(m, "%s: readlink says %s", path, strerrorname_np(err));
	else if (strlen(target) >= size - 1)
		mismatch(m, "%s: long target", path);
	return err == 0;
}

/* One link in nodes/KEY/{out,in}/TYPE. */
static void each_link(struct mirrors *m, const char *dir, const char *name)
{
	char path[FS_CHECK_PATH_MAX], target[FS_CHECK_PATH_MAX], key[256], side[8], want[300];
	fs_path(path, "%s/%s", dir, name);
	component(dir, 1, key, sizeof key);
	component(dir, 2, side, sizeof side);
	(void)snprintf(want, sizeof want, "../../../%.*s", (int)strcspn(name, "~"), name);
	if (read_link(m, path, target, sizeof target) && strcmp(target, want) != 0)
		mismatch(m, "%s -> %s", path, target);
	check_attr(m, path, S_IFLNK);
	fs_path(path, "%s/.rel/%s", dir, name);
	bool good = read_link(m, path, target, sizeof target);
	check_attr(m, path, S_IFLNK);
	if (!good)
		return;
	bool out = strcmp(side, "out") == 0;
	const char *from = out ? key : want + 9, *to = out ? want + 9 : key;
	fs_text_print(&m->said[out ? VIEW_OUT : VIEW_IN], "%s %s %s %s\n", last_of(dir), last_of(target), from, to);
	m->report->relationships += out;
}

static void each_folder(struct mirrors *m, const char *dir, const char *name)
{
	char path[FS_CHECK_PATH_MAX];
	fs_path(path, "%s/%s", dir, name);
	each_name(m, path, m->prefix, each_link);
	check_attr(m, path, S_IFDIR);
}

static void each_node_label(struct mirrors *m, const char *dir, const char *name)
{
	char path[FS_CHECK_PATH_MAX], target[FS_CHECK_PATH_MAX], key[256], want[300];
	fs_path(path, "%s/%s", dir, name);
	component(dir, 1, key, sizeof key);
	(void)snprintf(want, sizeof want, "../../../labels/%s", name);
	if (read_link(m, path, target, sizeof target) && strcmp(target, want) != 0)
		mismatch(m, "%s -> %s", path, target);
	check_attr(m, path, S_IFLNK);
	fs_text_print(&m->said[VIEW_NODE_LABELS], "%s %s\n", name, key);
	m->report->labels++;
}

static void each_property(struct mirrors *m, const char *dir, const char *name)
{
	char path[FS_CHECK_PATH_MAX];
	struct fs_text text = { 0 };
	struct stat st;
	fs_path(path, "%s/%s", dir, name);
	if (strcmp(name, "labels") == 0 || strcmp(name, "out") == 0 || strcmp(name, "in") == 0)
		return; /* each_node looks at them */
	m->report->properties++;
	m->report->looks++;
	int err = fs_read(m->fd, path, &text);
	if (err != 0)
		mismatch(m, "%s: reading says %s", path, strerrorname_np(err));
	else if (fstatat(m->fd, path, &st, 0) != 0 || (uint64_t)st.st_size != text.size)
		mismatch(m, "%s: has %zu bytes, size %lld", path, text.size, (long long)st.st_size);
	check_attr(m, path, S_IFREG);
	fs_text_release(&text);
}

/* The lines of fs_check_json, told apart. */
static void add_json(struct mirrors *m, const char *key, char *lines)
{
	char a[256], b[256], id[32];
	for (char *line = lines; line && *line; line += strlen(line) + 1) {
		*strchr(line, '\n') = '\0';
		if (sscanf(line, "label %255s", a) == 1)
			fs_text_print(&m->said[VIEW_JSON_LABELS], "%s %s\n", a, key);
		else if (sscanf(line, "out %255s %255s %31s", a, b, id) == 3 && strncmp(b, m->prefix, strlen(m->prefix)) == 0)
			fs_text_print(&m->said[VIEW_JSON_OUT], "%s %s %s %s\n", a, id, key, b);
		else if (sscanf(line, "in %255s %255s %31s", a, b, id) == 3 && strncmp(b, m->prefix, strlen(m->prefix)) == 0)
			fs_text_print(&m->said[VIEW_JSON_IN], "%s %s %s %s\n", a, id, b, key);
	}
}

static void check_json(struct mirrors *m, const char *key)
{
	char path[FS_CHECK_PATH_MAX];
	struct fs_text json = { 0 }, lines = { 0 };
	fs_path(path, "nodes/%s/.json", key);
	int err = fs_read(m->fd, path, &json);
	if (err != 0)
		mismatch(m, "%s: %s", path, strerrorname_np(err));
	else if (!fs_check_json(json.data, json.size, &lines))
		mismatch(m, "%s is not valid: %.200s", path, json.size ? json.data : "");
	add_json(m, key, lines.data);
	check_attr(m, path, S_IFREG);
	fs_text_release(&json);
	fs_text_release(&lines);
}

static void each_node(struct mirrors *m, const char *dir, const char *name)
{
	static const char *const sides[] = { "out", "in" };
	char path[FS_CHECK_PATH_MAX];
	m->report->nodes++;
	for (size_t i = 0; i < 2; i++) {
		fs_path(path, "%s/%s/%s", dir, name, sides[i]);
		each_name(m, path, "", each_folder);
		check_attr(m, path, S_IFDIR);
	}
	fs_path(path, "%s/%s/labels", dir, name);
	each_name(m, path, "", each_node_label);
	check_attr(m, path, S_IFDIR);
	fs_path(path, "%s/%s", dir, name);
	each_name(m, path, "", each_property);
	check_attr(m, path, S_IFDIR);
	check_json(m, name);
}

/* ---- /rels and /labels ---- */

static void each_rel(struct mirrors *m, const char *dir, const char *name)
{
	static const char *const ends[] = { "from", "to" };
	char path[FS_CHECK_PATH_MAX], targets[2][FS_CHECK_PATH_MAX];
	for (size_t i = 0; i < 2; i++) {
		fs_path(path, "%s/%s/%s", dir, name, ends[i]);
		if (!read_link(m, path, targets[i], sizeof targets[i]))
			return;
		if (strncmp(last_of(targets[i]), m->prefix, strlen(m->prefix)) != 0)
			return;
		check_attr(m, path, S_IFLNK);
	}
	fs_path(path, "%s/%s", dir, name);
	check_attr(m, path, S_IFDIR);
	fs_text_print(&m->said[VIEW_RELS], "%s %s %s %s\n", last_of(dir), name, last_of(targets[0]), last_of(targets[1]));
}

static void each_type(struct mirrors *m, const char *dir, const char *name)
{
	char path[FS_CHECK_PATH_MAX];
	fs_path(path, "%s/%s", dir, name);
	each_name(m, path, "", each_rel);
	check_attr(m, path, S_IFDIR);
}

static void each_label_node(struct mirrors *m, const char *dir, const char *name)
{
	char path[FS_CHECK_PATH_MAX], target[FS_CHECK_PATH_MAX], want[300];
	fs_path(path, "%s/%s", dir, name);
	(void)snprintf(want, sizeof want, "../../nodes/%s", name);
	if (read_link(m, path, target, sizeof target) && strcmp(target, want) != 0)
		mismatch(m, "%s -> %s", path, target);
	check_attr(m, path, S_IFLNK);
	fs_text_print(&m->said[VIEW_LABELS], "%s %s\n", last_of(dir), name);
}

static void each_label(struct mirrors *m, const char *dir, const char *name)
{
	char path[FS_CHECK_PATH_MAX];
	fs_path(path, "%s/%s", dir, name);
	each_name(m, path, m->prefix, each_label_node);
	check_attr(m, path, S_IFDIR);
}

/* ---- agreement ---- */

static void compare(struct mirrors *m, enum view a, enum view b)
{
	const char *x = m->said[a].size ? m->said[a].data : "", *y = m->said[b].size ? m->said[b].data : "";
	m->report->looks++;
	while (*x != '\0' || *y != '\0') {
		size_t nx = strcspn(x, "\n") + (*x != '\0'), ny = strcspn(y, "\n") + (*y != '\0');
		int order = *x == '\0' ? 1 : *y == '\0' ? -1 : strncmp(x, y, nx < ny ? nx : ny);
		if (order == 0 && nx != ny)
			order = nx < ny ? -1 : 1;
		if (order != 0)
			mismatch(m, "%.*s: in %s, not in %s", order < 0 ? (int)nx - 1 : (int)ny - 1, order < 0 ? x : y,
				view_names[order < 0 ? a : b], view_names[order < 0 ? b : a]);
		x += order <= 0 ? nx : 0;
		y += order >= 0 ? ny : 0;
	}
}

void mirrors_check(int mount_fd, const char *prefix, struct mirrors_report *report)
{
	*report = (struct mirrors_report){ 0 };
	struct mirrors m = { .fd = mount_fd, .prefix = prefix, .report = report };
	each_name(&m, "nodes", prefix, each_node);
	each_name(&m, "rels", "", each_type);
	each_name(&m, "labels", "", each_label);
	check_attr(&m, "nodes", S_IFDIR);
	check_attr(&m, "labels", S_IFDIR);
	check_attr(&m, "rels", S_IFDIR);
	for (unsigned i = 0; i < VIEW_COUNT; i++)
		fs_sort_lines(&m.said[i]);
	compare(&m, VIEW_OUT, VIEW_IN);
	compare(&m, VIEW_OUT, VIEW_RELS);
	compare(&m, VIEW_OUT, VIEW_JSON_OUT);
	compare(&m, VIEW_OUT, VIEW_JSON_IN);
	compare(&m, VIEW_NODE_LABELS, VIEW_LABELS);
	compare(&m, VIEW_NODE_LABELS, VIEW_JSON_LABELS);
	for (unsigned i = 0; i < VIEW_COUNT; i++)
		fs_text_release(&m.said[i]);
	if (report->mismatches > LINES_MAX)
		fprintf(stderr, "mismatch: and %llu more\n", (unsigned long long)(report->mismatches - LINES_MAX));
}
