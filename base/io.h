/* Files and folders, for everything in store/ but LMDB's own: the one place where errno is read, and where tests make I/O
 * fail, tear, drop or be recorded. Every call restarts on EINTR. All opens are O_CLOEXEC | O_NOFOLLOW. */
#ifndef GFS_BASE_IO_H
#define GFS_BASE_IO_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gfs_io_op {
	GFS_IO_OPEN,
	GFS_IO_READ,
	GFS_IO_WRITE,
	GFS_IO_SYNC,     /* fdatasync of a file */
	GFS_IO_SYNC_DIR, /* fsync of a folder */
	GFS_IO_ALLOCATE, /* fallocate */
	GFS_IO_TRUNCATE,
	GFS_IO_RENAME,
	GFS_IO_UNLINK,
	GFS_IO_MKDIR,
	GFS_IO_OP_COUNT
};

/* What a test's hook wants done with one call. */
struct gfs_io_verdict {
	int error;    /* an errno: fail with it (after `bytes` bytes for a write); 0: proceed */
	size_t bytes; /* with GFS_IO_WRITE: write at most this many before failing (SIZE_MAX: all of them) */
	bool pretend; /* with error 0: report success and do nothing (a lying disk) */
};

struct gfs_io_event {
	enum gfs_io_op op;
	int dir_fd; /* the folder of `name`, -1 for calls on an open file */
	int fd;     /* the file, -1 for calls by name */
	const char *name;
	const void *data; /* of a write */
	size_t size;
	uint64_t offset;
};

/* Called before every operation, from any thread. NULL (the default) costs one atomic load. Replace a hook by another
 * only while no I/O is under way; setting the first or taking it away is always fine. */
typedef struct gfs_io_verdict (*gfs_io_hook)(void *context, const struct gfs_io_event *event);
void gfs_io_set_hook(gfs_io_hook hook, void *context);

/* A folder of ours: GFS_ERR_NOTFOUND, GFS_ERR_NOTDIR, GFS_ERR_ACCESS. */
int gfs_io_open_dir(const char *path, int *ret_fd) GFS_CHECK;
int gfs_io_open_dir_at(int dir_fd, const char *name, int *ret_fd) GFS_CHECK;
/* mode 0700; GFS_ERR_EXISTS. */
int gfs_io_mkdir_at(int dir_fd, const char *name) GFS_CHECK;

enum { GFS_IO_READ_ONLY = 0, GFS_IO_READ_WRITE = 1, GFS_IO_CREATE = 2, GFS_IO_EXCLUSIVE = 4, GFS_IO_TRUNCATE_FILE = 8 };
/* mode 0600 on creation. */
int gfs_io_open_at(int dir_fd, const char *name, int flags, int *ret_fd) GFS_CHECK;
/* A file without a name in the folder, for reading and writing; it goes when it is closed. */
int gfs_io_open_temporary(int dir_fd, int *ret_fd) GFS_CHECK;
/* Nothing to tell: closes and forgets. -1 is fine. */
void gfs_io_close(int fd);

/* All of it or an error; a file that ends early is GFS_ERR_RANGE. */
int gfs_io_read_at(int fd, void *data, size_t size, uint64_t offset) GFS_CHECK;
/* At most `size`; *ret_size less only at the end of the file. */
int gfs_io_read_some_at(int fd, void *data, size_t size, uint64_t offset, size_t *ret_size) GFS_CHECK;
/* All of it or an error, after which the contents of the range are unknown. */
int gfs_io_write_at(int fd, const void *data, size_t size, uint64_t offset) GFS_CHECK;
int gfs_io_size(int fd, uint64_t *ret_size) GFS_CHECK;
int gfs_io_truncate(int fd, uint64_t size) GFS_CHECK;
/* Blocks for [0, size), reading as zeros. Falls back to writing zeros where the filesystem cannot. */
int gfs_io_allocate(int fd, uint64_t size) GFS_CHECK;
/* Never call it again after it failed: the second answer is a lie. */
int gfs_io_sync(int fd) GFS_CHECK;
int gfs_io_sync_dir(int dir_fd) GFS_CHECK;
int gfs_io_rename_at(int dir_fd, const char *from, const char *to) GFS_CHECK;
int gfs_io_unlink_at(int dir_fd, const char *name) GFS_CHECK;

/* Calls `each` for every name but "." and "..", in no order; stops at its first non-zero answer and returns it. */
int gfs_io_list(int dir_fd, int (*each)(void *context, const char *name), void *context) GFS_CHECK;

/* An exclusive lock on an open file, kept until it is closed. When somebody else has it: GFS_ERR_LOCKED. */
int gfs_io_lock(int fd) GFS_CHECK;

/* Free and total bytes of the filesystem that holds dir_fd, as statvfs tells an unprivileged user. */
int gfs_io_space(int dir_fd, uint64_t *ret_free, uint64_t *ret_total) GFS_CHECK;

#endif
