#include "base/io.h"

#include "base/checked.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* The context is written before the hook that needs it is published (release), and read after that was seen (acquire); taking the hook
 * away leaves it alone. */
static _Atomic(gfs_io_hook) io_hook;
static void *io_hook_context;

void gfs_io_set_hook(gfs_io_hook hook, void *context)
{
	if (hook != NULL)
		io_hook_context = context;
	atomic_store_explicit(&io_hook, hook, memory_order_release);
}

static struct gfs_io_verdict consult(const struct gfs_io_event *event)
{
	gfs_io_hook hook = atomic_load_explicit(&io_hook, memory_order_acquire);
	if (hook == NULL)
		return (struct gfs_io_verdict){ 0 };
	return hook(io_hook_context, event);
}

/* For the operations that give nothing back: true when the hook decided, with *ret_err the answer. */
static bool decided(const struct gfs_io_event *event, int *ret_err)
{
	struct gfs_io_verdict verdict = consult(event);
	if (verdict.error == 0 && !verdict.pretend)
		return false;
	*ret_err = verdict.error == 0 ? 0 : gfs_err_from_errno(verdict.error);
	return true;
}

/* The code for what a system call answered. */
static int outcome(int result)
{
	return result < 0 ? gfs_err_from_errno(errno) : 0;
}

/* --- names --- */

/* An open cannot be pretended: it has to give a descriptor. */
static int open_file(int dir_fd, const char *name, int flags, int *ret_fd)
{
	struct gfs_io_event event = { .op = GFS_IO_OPEN, .dir_fd = dir_fd, .fd = -1, .name = name };
	struct gfs_io_verdict verdict = consult(&event);
	if (verdict.error != 0)
		return gfs_err_from_errno(verdict.error);
	int fd;
	/* A FIFO or a device in a file's place must not make us wait for who opens its other end; to files O_NONBLOCK is nothing. */
	do
		fd = openat(dir_fd, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return outcome(fd);
	*ret_fd = fd;
	return 0;
}

int gfs_io_open_dir(const char *path, int *ret_fd)
{
	return open_file(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, ret_fd);
}

int gfs_io_open_dir_at(int dir_fd, const char *name, int *ret_fd)
{
	return open_file(dir_fd, name, O_RDONLY | O_DIRECTORY, ret_fd);
}

int gfs_io_open_at(int dir_fd, const char *name, int flags, int *ret_fd)
{
	int how = (flags & GFS_IO_READ_WRITE) != 0 ? O_RDWR : O_RDONLY;
	how |= (flags & GFS_IO_CREATE) != 0 ? O_CREAT : 0;
	how |= (flags & GFS_IO_EXCLUSIVE) != 0 ? O_EXCL : 0;
	how |= (flags & GFS_IO_TRUNCATE_FILE) != 0 ? O_TRUNC : 0;
	return open_file(dir_fd, name, how, ret_fd);
}

/* Where filesystems do not know files without a name. Whoever has the database locked is alone here. */
#define TEMPORARY_NAME "temporary"

static int open_and_unlink(int dir_fd, int *ret_fd)
{
	int fd;
	int err = open_file(dir_fd, TEMPORARY_NAME, O_RDWR | O_CREAT | O_TRUNC, &fd);
	if (err)
		return err;
	err = gfs_io_unlink_at(dir_fd, TEMPORARY_NAME);
	if (err)
		gfs_io_close(fd);
	else
		*ret_fd = fd;
	return err;
}

int gfs_io_open_temporary(int dir_fd, int *ret_fd)
{
	int err = open_file(dir_fd, ".", O_RDWR | O_TMPFILE, ret_fd);
	return err == GFS_ERR_NOTSUP || err == GFS_ERR_ISDIR ? open_and_unlink(dir_fd, ret_fd) : err;
}

void gfs_io_close(int fd)
{
	/* Never repeated: on Linux the descriptor is gone even when close fails. */
	if (fd >= 0)
		(void)close(fd);
}

int gfs_io_mkdir_at(int dir_fd, const char *name)
{
	struct gfs_io_event event = { .op = GFS_IO_MKDIR, .dir_fd = dir_fd, .fd = -1, .name = name };
	int err;
	if (decided(&event, &err))
		return err;
	return outcome(mkdirat(dir_fd, name, 0700));
}

int gfs_io_rename_at(int dir_fd, const char *from, const char *to)
{
	struct gfs_io_event event = {
		.op = GFS_IO_RENAME, .dir_fd = dir_fd, .fd = -1, .name = from, .data = to, .size = strlen(to)
	};
	int err;
	if (decided(&event, &err))
		return err;
	return outcome(renameat(dir_fd, from, dir_fd, to));
}

int gfs_io_unlink_at(int dir_fd, const char *name)
{
	struct gfs_io_event event = { .op = GFS_IO_UNLINK, .dir_fd = dir_fd, .fd = -1, .name = name };
	int err;
	if (decided(&event, &err))
		return err;
	return outcome(unlinkat(dir_fd, name, 0));
}

int gfs_io_list(int dir_fd, int (*each)(void *context, const char *name), void *context)
{
	/* A descriptor of its own, for a position of its own. */
	int fd = -1;
	int err = open_file(dir_fd, ".", O_RDONLY | O_DIRECTORY, &fd);
	if (err != 0)
		return err;
	DIR *dir = fdopendir(fd);
	if (dir == NULL) {
		err = outcome(-1);
		gfs_io_close(fd);
		return err;
	}
	while (err == 0) {
		errno = 0;
		const struct dirent *entry = readdir(dir);
		if (entry == NULL) {
			err = errno == 0 ? 0 : outcome(-1);
			break;
		}
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			err = each(context, entry->d_name);
	}
	(void)closedir(dir); /* read only: nothing to lose */
	return err;
}

/* --- contents --- */

/* Reading cannot be pretended: it has to give bytes. */
int gfs_io_read_some_at(int fd, void *data, size_t size, uint64_t offset, size_t *ret_size)
{
	struct gfs_io_event event = { .op = GFS_IO_READ, .dir_fd = -1, .fd = fd, .size = size, .offset = offset };
	struct gfs_io_verdict verdict = consult(&event);
	if (verdict.error != 0)
		return gfs_err_from_errno(verdict.error);
	size_t done = 0;
	while (done < size) {
		ssize_t got = pread(fd, (char *)data + done, size - done, (off_t)(offset + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return outcome(-1);
		if (got == 0)
			break;
		done += (size_t)got;
	}
	assert(done <= size);
	*ret_size = done;
	return 0;
}

int gfs_io_read_at(int fd, void *data, size_t size, uint64_t offset)
{
	size_t got = 0;
	int err = gfs_io_read_some_at(fd, data, size, offset, &got);
	if (err != 0)
		return err;
	return got == size ? 0 : GFS_ERR_RANGE;
}

static int write_all(int fd, const void *data, size_t size, uint64_t offset)
{
	size_t done = 0;
	while (done < size) {
		ssize_t put = pwrite(fd, (const char *)data + done, size - done, (off_t)(offset + done));
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return outcome(-1);
		if (put == 0)
			return GFS_ERR_IO; /* no progress and no reason: never loop on it */
		done += (size_t)put;
	}
	assert(done == size);
	return 0;
}

int gfs_io_write_at(int fd, const void *data, size_t size, uint64_t offset)
{
	struct gfs_io_event event = {
		.op = GFS_IO_WRITE, .dir_fd = -1, .fd = fd, .data = data, .size = size, .offset = offset
	};
	struct gfs_io_verdict verdict = consult(&event);
	if (verdict.error != 0) {
		int err = write_all(fd, data, GFS_MIN(verdict.bytes, size), offset);
		return err != 0 ? err : gfs_err_from_errno(verdict.error);
	}
	if (verdict.pretend)
		return 0;
	return write_all(fd, data, size, offset);
}

int gfs_io_size(int fd, uint64_t *ret_size)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return outcome(-1);
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

int gfs_io_truncate(int fd, uint64_t size)
{
	struct gfs_io_event event = { .op = GFS_IO_TRUNCATE, .dir_fd = -1, .fd = fd, .size = (size_t)size };
	int result;
	if (decided(&event, &result))
		return result;
	do
		result = ftruncate(fd, (off_t)size);
	while (result < 0 && errno == EINTR);
	return outcome(result);
}

/* Only past the end: what the file holds already stays, as with fallocate. */
static int write_zeros(int fd, uint64_t size)
{
	static const uint8_t zeros[65536];
	uint64_t at = 0;
	int err = gfs_io_size(fd, &at);
	while (err == 0 && at < size) {
		size_t piece = (size_t)GFS_MIN(size - at, (uint64_t)sizeof zeros);
		err = write_all(fd, zeros, piece, at);
		at += piece;
	}
	return err;
}

int gfs_io_allocate(int fd, uint64_t size)
{
	struct gfs_io_event event = { .op = GFS_IO_ALLOCATE, .dir_fd = -1, .fd = fd, .size = (size_t)size };
	struct gfs_io_verdict verdict = consult(&event);
	if (verdict.pretend || size == 0) /* which fallocate calls invalid */
		return verdict.error == 0 ? 0 : gfs_err_from_errno(verdict.error);
	/* A hook's EOPNOTSUPP stands for the filesystem's, so that tests reach the other way. */
	int number = verdict.error;
	if (number == 0) {
		do
			number = fallocate(fd, 0, 0, (off_t)size) < 0 ? errno : 0;
		while (number == EINTR);
	}
	if (number == EOPNOTSUPP || number == ENOSYS)
		return write_zeros(fd, size);
	return number == 0 ? 0 : gfs_err_from_errno(number);
}

int gfs_io_sync(int fd)
{
	struct gfs_io_event event = { .op = GFS_IO_SYNC, .dir_fd = -1, .fd = fd };
	int result;
	if (decided(&event, &result))
		return result;
	do
		result = fdatasync(fd);
	while (result < 0 && errno == EINTR);
	return outcome(result);
}

int gfs_io_sync_dir(int dir_fd)
{
	struct gfs_io_event event = { .op = GFS_IO_SYNC_DIR, .dir_fd = dir_fd, .fd = dir_fd };
	int result;
	if (decided(&event, &result))
		return result;
	do
		result = fsync(dir_fd);
	while (result < 0 && errno == EINTR);
	return outcome(result);
}

/* --- the rest --- */

int gfs_io_lock(int fd)
{
	/* flock goes with the open file, so it outlives the fork that makes a daemon, and no close of another descriptor of
	 * the same file drops it, as with POSIX locks. */
	int result;
	do
		result = flock(fd, LOCK_EX | LOCK_NB);
	while (result < 0 && errno == EINTR);
	if (result < 0 && errno == EWOULDBLOCK)
		return GFS_ERR_LOCKED;
	return outcome(result);
}

int gfs_io_space(int dir_fd, uint64_t *ret_free, uint64_t *ret_total)
{
	struct statvfs st;
	int result;
	do
		result = fstatvfs(dir_fd, &st);
	while (result < 0 && errno == EINTR);
	if (result < 0)
		return outcome(result);
	*ret_free = (uint64_t)st.f_bavail * st.f_frsize;
	*ret_total = (uint64_t)st.f_blocks * st.f_frsize;
	return 0;
}
