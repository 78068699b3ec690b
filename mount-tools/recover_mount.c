#include "mount-tools/recover_mount.h"

#include "mount-tools/mountinfo.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACKED_MAX 16

extern char **environ;

/* Of a dead mount only the folder around it can be resolved. */
static char *resolve_parent(const char *mountpoint)
{
	char *copy = strdup(mountpoint), *parent = NULL, *path = NULL;
	if (!copy)
		return NULL;
	size_t size = strlen(copy);
	while (size > 1 && copy[size - 1] == '/')
		copy[--size] = '\0';
	char *slash = strrchr(copy, '/');
	const char *last = slash ? slash + 1 : copy;
	if (slash)
		*slash = '\0';
	parent = realpath(!slash ? "." : slash == copy ? "/" : copy, NULL);
	if (parent && asprintf(&path, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent, last) < 0)
		path = NULL;
	free(parent);
	free(copy);
	return path;
}

int gfs_mountpoint_resolve(const char *mountpoint, char **ret_path, struct gfs_message *message)
{
	struct stat st;
	char *path = realpath(mountpoint, NULL);
	if (!path && errno == ENOTCONN) {
		path = resolve_parent(mountpoint);
	} else if (path && stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
		free(path);
		path = NULL;
		errno = ENOTDIR;
	}
	if (!path)
		return gfs_fail(message, gfs_err_from_errno(errno), "%s: %s", mountpoint, strerror(errno));
	*ret_path = path;
	return 0;
}

static bool is_ours(const char *path)
{
	struct gfs_mountinfo info;
	if (gfs_mountinfo_find(path, &info) != 0)
		return false;
	bool ours = strcmp(info.type, GFS_MOUNTINFO_TYPE) == 0;
	gfs_mountinfo_release(&info);
	return ours;
}

/* A daemon that is just being killed: its last requests are aborted, every later one finds nobody. */
static int stat_again(const char *path)
{
	struct stat st;
	int number;
	do
		number = stat(path, &st) != 0 ? errno : 0;
	while (number == ECONNABORTED);
	return number;
}

static int statfs_again(const char *path)
{
	struct statfs fs;
	int number;
	do
		number = statfs(path, &fs) != 0 ? errno : 0;
	while (number == ECONNABORTED);
	return number;
}

/* The kernel keeps our attributes for ever, so that stat(2) of a dead graphfs may well succeed; statfs(2) always asks the daemon. */
static bool is_dead(const char *path)
{
	return stat_again(path) == ENOTCONN || (is_ours(path) && statfs_again(path) == ENOTCONN);
}

/* Who is not root asks the setuid helper. Its own message goes to stderr. */
static int unmount_by_helper(const char *path)
{
	char *const argv[] = { (char[]){ "fusermount3" }, (char[]){ "-u" }, (char[]){ "-z" }, (char[]){ "--" },
		strdup(path), NULL };
	pid_t pid;
	int status = -1;
	if (argv[4] && posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) == 0) {
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	free(argv[4]);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : GFS_ERR_PERM;
}

static int unmount_dead(const char *path, struct gfs_message *message)
{
	struct gfs_mountinfo info;
	int err = gfs_mountinfo_find(path, &info);
	if (err)
		return gfs_fail(message, err, "%s: is not connected, and is no mount point", path);
	bool ours = strcmp(info.type, GFS_MOUNTINFO_TYPE) == 0;
	if (!ours)
		err = gfs_fail(message, GFS_ERR_PERM, "%s: a dead mount of %s is there: unmount it first", path, info.type);
	gfs_mountinfo_release(&info);
	if (err)
		return err;
	(void)fprintf(stderr, "graphfs: %s: the daemon of an earlier mount is gone: unmounting it\n", path);
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && unmount_by_helper(path) != 0)
		return gfs_fail(message, GFS_ERR_PERM, "%s: the dead mount cannot be unmounted", path);
	return 0;
}

int gfs_recover_mount(const char *path, struct gfs_message *message)
{
	int err = 0;
	for (int i = 0; !err && i < STACKED_MAX && is_dead(path); i++)
		err = unmount_dead(path, message);
	return err;
}
