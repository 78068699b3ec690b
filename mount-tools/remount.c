#include "mount-tools/remount.h"

#include "mount-tools/cache_options.h"
#include "mount-tools/mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static int open_control(int dir_fd, const char *name, int flags)
{
	char path[64];
	(void)snprintf(path, sizeof path, ".graphfs/%s", name);
	return openat(dir_fd, path, flags | O_CLOEXEC | O_NOFOLLOW);
}

static int set(int dir_fd, const char *name, const char *text, struct gfs_message *message)
{
	int fd = open_control(dir_fd, name, O_WRONLY);
	ssize_t n = fd >= 0 ? write(fd, text, strlen(text)) : -1;
	int number = errno;
	if (fd >= 0)
		(void)close(fd); /* the write was the whole of it */
	if (n < 0)
		return gfs_fail(message, gfs_err_from_errno(number), "cannot set %s to %s: %s", name, text, strerror(number));
	return 0;
}

struct setting {
	int dir_fd;
	struct gfs_message *message;
};

static int set_cache(void *context, const char *file, const char *text)
{
	const struct setting *s = context;
	return set(s->dir_fd, file, text, s->message);
}

static int apply_settings(int dir_fd, const struct gfs_mount_options *o, struct gfs_message *message)
{
	char text[32];
	int err = 0;
	if (o->wal_mode_given)
		err = set(dir_fd, "wal/mode", gfs_mount_options_wal_mode(o->store.wal_mode), message);
	if (!err && o->wal_interval_given) {
		(void)snprintf(text, sizeof text, "%u", o->store.wal_interval_ms);
		err = set(dir_fd, "wal/interval_ms", text, message);
	}
	if (!err && o->rel_index_given)
		err = set(dir_fd, "rel_index", o->rel_index ? "on" : "off", message);
	struct setting setting = { .dir_fd = dir_fd, .message = message };
	return err ? err : gfs_cache_options_apply(o, set_cache, &setting);
}

/* The kernel would allow rw, and the daemon then refuse every write. */
static int check_writable(int dir_fd, const char *mountpoint, struct gfs_message *message)
{
	char answer = 0;
	int fd = open_control(dir_fd, "read_only", O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, &answer, 1) : -1;
	if (fd >= 0)
		(void)close(fd); /* only read */
	if (n != 1)
		return gfs_fail(message, GFS_ERR_IO, "%s: the daemon does not answer", mountpoint);
	if (answer != '0')
		return gfs_fail(message, GFS_ERR_READONLY,
			"%s: the database was opened read-only: unmount it and mount it again", mountpoint);
	return 0;
}

static unsigned long flags_after(const struct gfs_mountinfo *info, const struct gfs_mount_options *o)
{
	unsigned long now = gfs_mount_options_flags(info->options) | gfs_mount_options_flags(info->super_options);
	return ((now & ~o->clear) | o->set | MS_NOSUID | MS_NODEV) &
		~(o->set & MS_NOATIME ? (unsigned long)MS_RELATIME : 0);
}

/* Settings are files: they are written while the mount may be written to, before or after the change. */
static int change(int dir_fd, const char *mountpoint, bool was_read_only, unsigned long flags,
	const struct gfs_mount_options *o, struct gfs_message *message)
{
	int err = was_read_only ? 0 : apply_settings(dir_fd, o, message);
	if (!err && was_read_only && !(flags & MS_RDONLY))
		err = check_writable(dir_fd, mountpoint, message);
	if (!err && !was_read_only && (flags & MS_RDONLY) && fsync(dir_fd) != 0)
		err = gfs_fail(message, gfs_err_from_errno(errno), "%s: cannot flush: %s", mountpoint, strerror(errno));
	if (!err && mount(NULL, mountpoint, NULL, MS_REMOUNT | flags, NULL) != 0)
		err = gfs_fail(message, gfs_err_from_errno(errno), "%s: cannot remount: %s", mountpoint, strerror(errno));
	if (!err && was_read_only && !(flags & MS_RDONLY))
		err = apply_settings(dir_fd, o, message);
	return err;
}

int gfs_remount(const char *mountpoint, const struct gfs_mount_options *o, struct gfs_message *message)
{
	struct gfs_mountinfo info = { 0 };
	int dir_fd = -1;
	int err = gfs_mountinfo_find(mountpoint, &info);
	if (err || strcmp(info.type, GFS_MOUNTINFO_TYPE) != 0) {
		err = gfs_fail(message, GFS_ERR_INVALID, "%s: no graphfs is mounted there", mountpoint);
		goto out;
	}
	dir_fd = open(mountpoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0) {
		err = gfs_fail(message, gfs_err_from_errno(errno), "%s: %s", mountpoint, strerror(errno));
		goto out;
	}
	bool was_read_only = ((gfs_mount_options_flags(info.options) | gfs_mount_options_flags(info.super_options)) &
							 MS_RDONLY) != 0;
	err = change(dir_fd, mountpoint, was_read_only, flags_after(&info, o), o, message);
out:
	if (dir_fd >= 0)
		(void)close(dir_fd); /* a folder: nothing to lose */
	gfs_mountinfo_release(&info);
	return err;
}
