#include "tests/crash/io_trace.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static struct {
	pthread_mutex_t lock; /* guards all below, and is held across the calls: what comes first in the trace came first */
	bool on;
	dev_t device;
	struct io_event *events; /* owned */
	size_t count, capacity;
	struct io_fault fault;
	uint64_t calls;
} trace = { .lock = PTHREAD_MUTEX_INITIALIZER, .fault.at = UINT64_MAX };

/* ---- the list ---- */

static struct io_event *note(enum io_trace_kind kind, uint64_t inode, uint64_t number)
{
	if (trace.count == trace.capacity) {
		trace.capacity = trace.capacity * 2 + 256;
		trace.events = reallocarray(trace.events, trace.capacity, sizeof *trace.events);
		if (trace.events == NULL)
			abort();
	}
	struct io_event *e = &trace.events[trace.count++];
	*e = (struct io_event){ .kind = kind, .inode = inode, .number = number };
	return e;
}

/* Whether a call on the file is to be noted. Under the lock. */
static bool is_ours(int fd, uint64_t *ret_inode)
{
	struct stat st;
	if (!trace.on || fstat(fd, &st) != 0 || st.st_dev != trace.device)
		return false;
	*ret_inode = st.st_ino;
	return true;
}

static void note_write(int fd, const struct iovec *parts, int count, uint64_t offset)
{
	uint64_t inode;
	if (!is_ours(fd, &inode))
		return;
	struct io_event *e = note(TRACE_WRITE, inode, offset);
	for (int i = 0; i < count; i++)
		e->size += parts[i].iov_len;
	e->data = malloc(e->size + 1);
	if (e->data == NULL)
		abort();
	for (size_t i = 0, at = 0; i < (size_t)count; at += parts[i++].iov_len)
		memcpy(e->data + at, parts[i].iov_base, parts[i].iov_len);
	if ((fcntl(fd, F_GETFL) & O_DSYNC) != 0)
		(void)note(TRACE_SYNC_LAST, inode, 0); /* the list has grown by it */
}

static void note_number(enum io_trace_kind kind, int fd, uint64_t number)
{
	uint64_t inode;
	if (is_ours(fd, &inode))
		(void)note(kind, inode, number); /* the list has grown by it */
}

static void note_names(enum io_trace_kind kind, int dir_fd, const char *name, const char *to, uint64_t number)
{
	uint64_t inode;
	if (!is_ours(dir_fd, &inode))
		return;
	struct io_event *e = note(kind, inode, number);
	(void)snprintf(e->name, sizeof e->name, "%s", name); /* names of a database are short */
	(void)snprintf(e->to, sizeof e->to, "%s", to);
}

void io_trace_start(const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0)
		abort();
	pthread_mutex_lock(&trace.lock);
	trace.device = st.st_dev;
	trace.on = true;
	pthread_mutex_unlock(&trace.lock);
}

void io_trace_stop(void)
{
	pthread_mutex_lock(&trace.lock);
	trace.on = false;
	pthread_mutex_unlock(&trace.lock);
}

void io_trace_mark(enum io_trace_kind kind, uint64_t number)
{
	pthread_mutex_lock(&trace.lock);
	(void)note(kind, 0, number); /* the list has grown by it */
	pthread_mutex_unlock(&trace.lock);
}

const struct io_event *io_trace_events(size_t *ret_count)
{
	*ret_count = trace.count;
	return trace.events;
}

void io_trace_clear(void)
{
	for (size_t i = 0; i < trace.count; i++)
		free(trace.events[i].data);
	trace.count = 0;
}

/* ---- faults ---- */

void io_trace_fault(const struct io_fault *fault)
{
	pthread_mutex_lock(&trace.lock);
	trace.fault = *fault;
	trace.calls = 0;
	pthread_mutex_unlock(&trace.lock);
}

uint64_t io_trace_calls(void)
{
	pthread_mutex_lock(&trace.lock);
	uint64_t calls = trace.calls;
	pthread_mutex_unlock(&trace.lock);
	return calls;
}

/* Whether the call is to fail, with errno set. A short write has its size halved. Under the lock. */
static bool refused(int fd, size_t *size)
{
	uint64_t inode;
	if (!is_ours(fd, &inode))
		return false;
	bool before = trace.calls <= trace.fault.at;
	if (trace.fault.metas && before && (size == NULL || (fcntl(fd, F_GETFL) & O_DSYNC) == 0))
		return false;
	uint64_t call = trace.calls++;
	if (call != trace.fault.at && !(trace.fault.sticky && call > trace.fault.at))
		return false;
	if (trace.fault.half && call == trace.fault.at) {
		if (size != NULL)
			*size = (*size + 1) / 2;
		return false;
	}
	errno = trace.fault.error;
	return true;
}

void io_trace_apply(const struct io_event *e, struct crash_disk *disk)
{
	switch (e->kind) {
	case TRACE_WRITE:
		crash_disk_write(disk, e->inode, e->number, e->data, e->size);
		break;
	case TRACE_RESIZE:
	case TRACE_GROW:
		crash_disk_resize(disk, e->inode, e->number, e->kind == TRACE_GROW);
		break;
	case TRACE_SYNC:
		crash_disk_sync(disk, e->inode);
		break;
	case TRACE_SYNC_FAILED:
		crash_disk_sync_failed(disk, e->inode);
		break;
	case TRACE_SYNC_LAST:
		crash_disk_sync_last(disk, e->inode);
		break;
	case TRACE_CREATE:
		crash_disk_create(disk, e->inode, e->name, e->number);
		break;
	case TRACE_RENAME:
		crash_disk_rename(disk, e->inode, e->name, e->to);
		break;
	case TRACE_UNLINK:
		crash_disk_unlink(disk, e->inode, e->name);
		break;
	default:
		break;
	}
}

/* ---- the C library's calls ----
 *
 * Under both of their names: liblmdb uses the short ones, the header files of a program with 64-bit offsets the long ones. */

#define CALL(result, name, ...)                                                                                        \
	result traced_##name(__VA_ARGS__) __asm__(#name);                                                                  \
	result traced_##name(__VA_ARGS__)
#define SAME(result, name, as, ...) result traced_##name(__VA_ARGS__) __asm__(#name) __attribute__((alias(#as)))

CALL(ssize_t, pwrite, int fd, const void *data, size_t size, off_t offset)
{
	ssize_t put = -1;
	pthread_mutex_lock(&trace.lock);
	if (!refused(fd, &size))
		put = syscall(SYS_pwrite64, fd, data, size, offset);
	struct iovec part = { .iov_base = (void *)(uintptr_t)data, .iov_len = put > 0 ? (size_t)put : 0 };
	if (put > 0)
		note_write(fd, &part, 1, (uint64_t)offset);
	pthread_mutex_unlock(&trace.lock);
	return put;
}
SAME(ssize_t, pwrite64, pwrite, int fd, const void *data, size_t size, off_t offset);

/* Where the file stands is where it is written; -1 when that is nowhere. Under the lock. */
static ssize_t write_parts(int fd, const struct iovec *parts, int count)
{
	size_t size = 0, wanted;
	off_t offset = trace.on ? lseek(fd, 0, SEEK_CUR) : -1;
	for (int i = 0; i < count; i++)
		size += parts[i].iov_len;
	wanted = size;
	if (refused(fd, &size))
		return -1;
	struct iovec first = { .iov_base = parts[0].iov_base,
		.iov_len = size < parts[0].iov_len ? size : parts[0].iov_len };
	if (size < wanted) { /* a short one */
		parts = &first;
		count = 1;
	}
	ssize_t put = syscall(SYS_writev, fd, parts, count);
	if (put > 0 && offset >= 0)
		note_write(fd, parts, count, (uint64_t)offset);
	return put;
}

CALL(ssize_t, writev, int fd, const struct iovec *parts, int count)
{
	pthread_mutex_lock(&trace.lock);
	ssize_t put = write_parts(fd, parts, count);
	pthread_mutex_unlock(&trace.lock);
	return put;
}

CALL(ssize_t, write, int fd, const void *data, size_t size)
{
	struct iovec part = { .iov_base = (void *)(uintptr_t)data, .iov_len = size };
	pthread_mutex_lock(&trace.lock);
	ssize_t put = write_parts(fd, &part, 1);
	pthread_mutex_unlock(&trace.lock);
	return put;
}

CALL(int, ftruncate, int fd, off_t size)
{
	pthread_mutex_lock(&trace.lock);
	int err = refused(fd, NULL) ? -1 : (int)syscall(SYS_ftruncate, fd, size);
	if (err == 0)
		note_number(TRACE_RESIZE, fd, (uint64_t)size);
	pthread_mutex_unlock(&trace.lock);
	return err;
}
SAME(int, ftruncate64, ftruncate, int fd, off_t size);

CALL(int, fallocate, int fd, int mode, off_t offset, off_t size)
{
	pthread_mutex_lock(&trace.lock);
	int err = refused(fd, NULL) ? -1 : (int)syscall(SYS_fallocate, fd, mode, offset, size);
	if (err == 0 && mode == 0)
		note_number(TRACE_GROW, fd, (uint64_t)(offset + size));
	pthread_mutex_unlock(&trace.lock);
	return err;
}
SAME(int, fallocate64, fallocate, int fd, int mode, off_t offset, off_t size);

static int sync_as(long number, int fd)
{
	pthread_mutex_lock(&trace.lock);
	int err = refused(fd, NULL) ? -1 : (int)syscall(number, fd), why = errno;
	note_number(err == 0 ? TRACE_SYNC : TRACE_SYNC_FAILED, fd, 0);
	errno = why;
	pthread_mutex_unlock(&trace.lock);
	return err;
}

CALL(int, fdatasync, int fd)
{
	return sync_as(SYS_fdatasync, fd);
}

CALL(int, fsync, int fd)
{
	return sync_as(SYS_fsync, fd);
}

/* One that makes no file changes nothing, and does not fail. */
CALL(int, openat, int dir_fd, const char *name, int flags, ...)
{
	struct stat st;
	va_list args;
	va_start(args, flags);
	mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
	va_end(args);
	pthread_mutex_lock(&trace.lock);
	bool fresh = trace.on && (flags & O_CREAT) != 0 && faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0;
	bool no = fresh && refused(dir_fd, NULL);
	int fd = no ? -1 : (int)syscall(SYS_openat, dir_fd, name, flags, mode), why = errno;
	if (fd >= 0 && fresh && fstat(fd, &st) == 0)
		note_names(TRACE_CREATE, dir_fd, name, "", st.st_ino);
	else if (fd >= 0 && (flags & O_TRUNC) != 0)
		note_number(TRACE_RESIZE, fd, 0);
	errno = why;
	pthread_mutex_unlock(&trace.lock);
	return fd;
}
SAME(int, openat64, openat, int dir_fd, const char *name, int flags, ...);

CALL(int, renameat, int from_fd, const char *from, int to_fd, const char *to)
{
	pthread_mutex_lock(&trace.lock);
	int err = refused(from_fd, NULL) ? -1 : (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
	if (err == 0)
		note_names(TRACE_RENAME, from_fd, from, to, 0);
	pthread_mutex_unlock(&trace.lock);
	return err;
}

CALL(int, unlinkat, int dir_fd, const char *name, int flags)
{
	pthread_mutex_lock(&trace.lock);
	int err = refused(dir_fd, NULL) ? -1 : (int)syscall(SYS_unlinkat, dir_fd, name, flags);
	if (err == 0)
		note_names(TRACE_UNLINK, dir_fd, name, "", 0);
	pthread_mutex_unlock(&trace.lock);
	return err;
}
