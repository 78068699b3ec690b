/* Error codes of graphfs: one negative code a kind of failure, with its errno and its text in one table.
 *
 * Every function that can fail returns int: 0, or a negative gfs_err. Codes travel unchanged from where they arise to fs/
 * (which answers the kernel with gfs_err_errno) or to a tool (which prints gfs_err_text). Nothing below fs/ looks at errno,
 * save base/io.c, which turns it into a code. */
#ifndef GFS_BASE_ERROR_H
#define GFS_BASE_ERROR_H

#include <errno.h>

#define GFS_CHECK __attribute__((warn_unused_result))
#define GFS_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* X(code, errno, text) */
#define GFS_ERRORS(X)                                                                                                  \
	X(NOMEM, ENOMEM, "out of memory")                                                                                  \
	X(IO, EIO, "input/output error")                                                                                   \
	X(NOSPC, ENOSPC, "no space left on the device")                                                                    \
	X(CORRUPT, EUCLEAN, "the database is damaged")                                                                     \
	X(VERSION, EPROTONOSUPPORT, "the database has a format that this program does not know")                           \
	X(LOCKED, EBUSY, "the database is in use")                                                                         \
	X(NOTDB, EMEDIUMTYPE, "not a graphfs database")                                                                    \
	X(NOTFOUND, ENOENT, "does not exist")                                                                              \
	X(EXISTS, EEXIST, "exists already")                                                                                \
	X(INVALID, EINVAL, "invalid argument")                                                                             \
	X(NAMETOOLONG, ENAMETOOLONG, "name too long")                                                                      \
	X(ILSEQ, EILSEQ, "not valid UTF-8")                                                                                \
	X(NOTEMPTY, ENOTEMPTY, "not empty")                                                                                \
	X(READONLY, EROFS, "the store is read-only")                                                                       \
	X(FAILED, EROFS, "the store is read-only after a failed write; open it again to recover")                          \
	X(TOOBIG, EFBIG, "value too large")                                                                                \
	X(TXNBIG, EFBIG, "more changes at once than memory is there for")                                                  \
	X(LIMIT, ENOSPC, "a limit of the format is reached")                                                               \
	X(PERM, EPERM, "operation not permitted")                                                                          \
	X(ACCESS, EACCES, "permission denied")                                                                             \
	X(NOTSUP, ENOTSUP, "not supported")                                                                                \
	X(STALE, ESTALE, "stale handle")                                                                                   \
	X(INTERRUPTED, EINTR, "interrupted")                                                                               \
	X(NOTDIR, ENOTDIR, "not a directory")                                                                              \
	X(ISDIR, EISDIR, "is a directory")                                                                                 \
	X(XDEV, EXDEV, "cannot be moved there")                                                                            \
	X(NODATA, ENODATA, "no such attribute")                                                                            \
	X(RANGE, ERANGE, "buffer too small")                                                                               \
	X(AGAIN, EAGAIN, "try again")                                                                                      \
	X(BADF, EBADF, "not open for that")                                                                                \
	X(NXIO, ENXIO, "past the end")                                                                                     \
	X(OVERFLOW, EOVERFLOW, "number out of range")                                                                      \
	X(NOFILES, EMFILE, "too many open files")                                                                          \
	X(LOOP, ELOOP, "a symbolic link, which is not followed")                                                           \
	X(UNIQUE, EEXIST, "another node has this value, which must be unique")                                             \
	X(REQUIRED, EPERM, "a node would lack a property that a constraint requires")

enum gfs_err_index {
	GFS_ERR_INDEX_OK,
#define X(code, number, text) GFS_ERR_INDEX_##code,
	GFS_ERRORS(X)
#undef X
		GFS_ERR_INDEX_COUNT
};

enum gfs_err {
#define X(code, number, text) GFS_ERR_##code = -GFS_ERR_INDEX_##code,
	GFS_ERRORS(X)
#undef X
};

/* The positive errno that a filesystem call fails with for `err` (0 for 0, EIO for an unknown code). */
int gfs_err_errno(int err);

/* A short English text without newline, for ever valid. */
const char *gfs_err_text(int err);

/* The code for an errno of the C library; `EIO` and unknown ones become GFS_ERR_IO. */
int gfs_err_from_errno(int number);

/* A sentence for a person, filled by functions that know more than a code: openings, imports, fsck. Never NULL-checked by
 * callees: pass a real one. */
struct gfs_message {
	char text[512];
};

/* Format into `message` (cut at its size) and return `err`, so that `return gfs_fail(m, GFS_ERR_X, "...")` reads well. */
int gfs_fail(struct gfs_message *message, int err, const char *format, ...) GFS_PRINTF(3, 4);

#endif
