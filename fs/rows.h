/* A statement that runs for a file, and its result as text, made while it is read.
 *
 * Who owns the file guards it with a mutex that may be held while a statement runs. The calls block: step aside first, without the graph lock. */
#ifndef GFS_FS_ROWS_H
#define GFS_FS_ROWS_H

#include "fs/fs_private.h"
#include "query/output.h"

/* All zero: no statement has run. */
struct gfs_rows {
	fuse_req_t req; /* what is being answered: may be interrupted */
	struct gfs_result *result;
	struct gfs_output *output; /* NULL: there is nothing more to come than what `ready` holds */
	struct gfs_buf ready;
	size_t taken; /* of `ready` */
	struct gfs_query_error error;
};

/* Forgets the statement before and runs one to its first rows, for the request's caller; of `opts` its parameters and flags count. On failure the
 * rows' error says why. */
int gfs_rows_run(struct gfs_fs *fs, struct gfs_rows *rows, fuse_req_t req, struct gfs_slice text,
	const struct gfs_run_opts *opts) GFS_CHECK;
/* The result, or with the flag `explain` the plan, is to be read. */
int gfs_rows_show(struct gfs_rows *rows, enum gfs_output_format format) GFS_CHECK;
/* Appends up to `size` bytes, nothing at the end of the result. */
int gfs_rows_read(struct gfs_rows *rows, fuse_req_t req, size_t size, struct gfs_buf *out) GFS_CHECK;
/* After a failure of the calls above with `err`: logs it in one line, forgets the statement, and answers what the request fails with: `err`, or
 * GFS_ERR_INTERRUPTED. `ret_error` (may be NULL): why. */
int gfs_rows_failed(struct gfs_rows *rows, int err, struct gfs_query_error *ret_error);
/* Forgets the statement. */
void gfs_rows_clear(struct gfs_rows *rows);
void gfs_rows_release(struct gfs_rows *rows);

#endif
