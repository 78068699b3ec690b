#include "tests/support/contended.h"

#include "tests/support/fs_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_MAX 32u

/* A key among the shared nodes' as of a moment ago. */
static int some_node(const struct contended *c, char *key)
{
	struct fs_text names = { 0 };
	unsigned count = 0;
	int err = fs_list(c->mount_fd, "nodes", CONTENDED_PREFIX, &names);
	for (size_t i = 0; i < names.size; i++)
		count += names.data[i] == '\n';
	const char *line = names.data;
	for (unsigned n = count ? rng_below(c->rng, count) : 0; count && n > 0; n--)
		line = strchr(line, '\n') + 1;
	if (count)
		(void)snprintf(key, KEY_MAX, "%.*s", (int)strcspn(line, "\n"), line);
	fs_text_release(&names);
	return err ? err : count > 0 ? 0 : ENOENT;
}

/* What a change may answer when others change the same; any other errno is returned. */
static int result(const struct contended *c, long value)
{
	int err = value < 0 ? errno : 0;
	c->shared->estale += err == ESTALE;
	c->shared->done += err == 0;
	return err == ESTALE || err == ENOENT || err == EEXIST || err == ENOTEMPTY ? 0 : err;
}

static const char *prop_name(const struct contended *c)
{
	static const char *const names[] = { "alpha", "beta", "gamma" };
	return names[rng_below(c->rng, 3)];
}

static int rels(const struct contended *c, const char *a, const char *b)
{
	char path[FS_CHECK_PATH_MAX], target[FS_CHECK_PATH_MAX], rel[FS_CHECK_PATH_MAX];
	const char *side = rng_below(c->rng, 2) ? "in" : "out";
	fs_path(path, "nodes/%s/%s/TC/%s", a, side, b);
	fs_path(target, "../../../%s", b);
	c->doing("contended ln and rm of %s", path);
	switch (rng_below(c->rng, 5)) {
	case 0:
		return result(c, unlinkat(c->mount_fd, path, 0));
	case 1:
		fs_path(path, "nodes/%s/%s/TC/.rel/%s", a, side, b);
		if (fs_readlink(c->mount_fd, path, rel, sizeof rel) != 0)
			return 0;
		return result(c, unlinkat(c->mount_fd, strstr(rel, "rels/"), AT_REMOVEDIR));
	default:
		return result(c, symlinkat(target, c->mount_fd, path));
	}
}

static int labels(const struct contended *c, const char *key)
{
	char path[FS_CHECK_PATH_MAX], target[FS_CHECK_PATH_MAX];
	unsigned label = rng_below(c->rng, 2);
	if (rng_below(c->rng, 2)) {
		fs_path(path, "labels/LC%u/%s", label, key);
		fs_path(target, "../../nodes/%s", key);
	} else {
		fs_path(path, "nodes/%s/labels/LC%u", key, label);
		fs_path(target, "../../../labels/LC%u", label);
	}
	c->doing("contended ln and rm of %s", path);
	return result(c, rng_below(c->rng, 2) ? symlinkat(target, c->mount_fd, path) : unlinkat(c->mount_fd, path, 0));
}

static int write_prop(const struct contended *c, const char *path)
{
	char bytes[500];
	size_t size = rng_below(c->rng, sizeof bytes);
	memset(bytes, 'v', size);
	int fd = openat(c->mount_fd, path, O_WRONLY | O_CREAT | O_CLOEXEC | (rng_below(c->rng, 2) ? O_TRUNC : 0), 0644);
	if (fd < 0)
		return result(c, fd);
	int err = result(c, pwrite(fd, bytes, size, rng_below(c->rng, 3000)));
	int close_err = result(c, close(fd));
	return err ? err : close_err;
}

static int props(const struct contended *c, const char *key)
{
	char path[FS_CHECK_PATH_MAX], other[FS_CHECK_PATH_MAX];
	struct fs_text text = { 0 };
	fs_path(path, "nodes/%s/%s", key, prop_name(c));
	fs_path(other, "nodes/%s/%s", key, prop_name(c));
	c->doing("contended changes of %s", path);
	switch (rng_below(c->rng, 6)) {
	case 0:
		return result(c, unlinkat(c->mount_fd, path, 0));
	case 1:
		errno = fs_read(c->mount_fd, path, &text);
		fs_text_release(&text);
		return result(c, errno ? -1 : 0);
	case 2:
		return result(c, renameat(c->mount_fd, path, c->mount_fd, other));
	default:
		return write_prop(c, path);
	}
}

/* Fills the kernel's caches with what others are changing. */
static int looks(const struct contended *c, const char *a, const char *b)
{
	static const char *const folders[] = { "/out/TC", "/in/TC", "/in/TC/.rel", "/labels", "" };
	char path[FS_CHECK_PATH_MAX], target[FS_CHECK_PATH_MAX];
	struct fs_text text = { 0 };
	struct stat st;
	int err = 0;
	unsigned which = rng_below(c->rng, 8);
	if (which < 5)
		fs_path(path, "nodes/%s%s", a, folders[which]);
	else if (which == 5)
		fs_path(path, "labels/LC%u", rng_below(c->rng, 2));
	else
		fs_path(path, "nodes/%s/%s/TC/%s", a, which == 6 ? "out" : "in", b);
	c->doing("contended looks at %s", path);
	if (which < 6) {
		err = fs_list(c->mount_fd, path, "", &text);
	} else {
		err = fs_readlink(c->mount_fd, path, target, sizeof target);
		err = fstatat(c->mount_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 ? err : errno;
	}
	fs_text_release(&text);
	errno = err;
	return result(c, err ? -1 : 0);
}

static int rename_node(const struct contended *c, const char *key)
{
	char from[FS_CHECK_PATH_MAX], to[FS_CHECK_PATH_MAX];
	fs_path(from, "nodes/%s", key);
	fs_path(to, "nodes/" CONTENDED_PREFIX "%u", atomic_fetch_add(&c->shared->versions, 1));
	c->doing("contended mv %s %s", from, to);
	return result(c, renameat(c->mount_fd, from, c->mount_fd, to));
}

static int change_mode(const struct contended *c, const char *key)
{
	char path[FS_CHECK_PATH_MAX];
	fs_path(path, "nodes/%s", key);
	c->doing("contended chmod %s", path);
	return result(c, fchmodat(c->mount_fd, path, rng_below(c->rng, 2) ? 0755 : 0750, 0));
}

int contended_step(const struct contended *c)
{
	char a[KEY_MAX], b[KEY_MAX];
	int err = some_node(c, a);
	if (err == 0)
		err = some_node(c, b);
	if (err)
		return err;
	switch (rng_below(c->rng, 12)) {
	case 0:
		return labels(c, a);
	case 1:
	case 2:
		return props(c, a);
	case 3:
		return rename_node(c, a);
	case 4:
		return change_mode(c, a);
	case 5:
	case 6:
	case 7:
	case 8:
		return looks(c, a, b);
	default:
		return rels(c, a, b);
	}
}

int contended_set_up(const struct contended *c, unsigned nodes)
{
	static const char *const folders[] = { "rels/TC", "labels/LC0", "labels/LC1" };
	char path[FS_CHECK_PATH_MAX];
	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		if (mkdirat(c->mount_fd, folders[i], 0755) != 0 && errno != EEXIST)
			return errno;
	}
	for (unsigned i = 0; i < nodes; i++) {
		fs_path(path, "nodes/" CONTENDED_PREFIX "%u", atomic_fetch_add(&c->shared->versions, 1));
		if (mkdirat(c->mount_fd, path, 0755) != 0)
			return errno;
	}
	return 0;
}
