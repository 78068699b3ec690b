/* The files of a saved query: its text, and its results and plan, which are made when the file is opened. */
#ifndef GFS_FS_QUERY_FILE_H
#define GFS_FS_QUERY_FILE_H

#include "fs/view.h"

/* The id in the nodeid of a GFS_INODE_QUERY; 0 is the folder. */
enum gfs_query_file {
	GFS_QUERY_CYPHER = 1,
	GFS_QUERY_CSV,
	GFS_QUERY_JSON,
	GFS_QUERY_TXT,
	GFS_QUERY_EXPLAIN,
	GFS_QUERY_FILE_END
};

struct gfs_query_open;

/* Results: runs the query; the error is the statement's, and is logged. It and the reads block: they step aside. *ret_open: NULL for the text. */
int gfs_query_file_open(struct gfs_fs *fs, fuse_req_t req, uint64_t nodeid, struct gfs_query_open **ret_open) GFS_CHECK;
/* NULL is fine. */
void gfs_query_file_free(struct gfs_query_open *open);
/* Appends up to `size` bytes. Results are read from their start to their end: GFS_ERR_INVALID for any other offset. (Not said to be unseekable at the open,
 * as head(1) seeks back over what it has read too much.) */
int gfs_query_file_read(struct gfs_fs *fs, fuse_req_t req, uint64_t nodeid, struct gfs_query_open *open,
	uint64_t offset, size_t size, struct gfs_buf *out) GFS_CHECK;
/* Of the text; GFS_ERR_PERM for others. */
int gfs_query_file_truncate(struct gfs_edit *edit, uint64_t nodeid, uint64_t size) GFS_CHECK;
/* GFS_ERR_BADF for others. */
int gfs_query_file_write(
	struct gfs_fs *fs, fuse_req_t req, uint64_t nodeid, uint64_t offset, struct gfs_slice data) GFS_CHECK;

#endif
