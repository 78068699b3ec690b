/* The control file /.graphfs/cypher: one write(2) is one statement, whose result is then read from the same descriptor.
 *
 * What is written is the statement's text, or an object {"query": TEXT, "params": {NAME: VALUE, ..}, "format": NAME} with values as query/typed_json.h reads them and
 * a format of query/output.h ("json" without one). The statement runs before write(2) returns; one that fails is an error of write(2) by its kind, and what is
 * read then is {"error": ..} (query/typed_json.h). Rows are made while they are read; an interrupted read or write ends the statement. A write of exactly
 * GFS_CYPHER_WRITE_BYTES_MAX, which the file's size says, goes on with the next.
 *
 * Statements of several descriptors run at the same time, as far as the graph lock lets them; after an open(2) with O_TRUNC the kernel lets them wait for
 * each other until somebody asks for the size.
 *
 * One mutex a descriptor (GFS_RANK_FS_HANDLES), held while its statement runs. */
#ifndef GFS_FS_CYPHER_H
#define GFS_FS_CYPHER_H

#include "fs/fs_private.h"

/* What one request of the kernel carries at most. */
#define GFS_CYPHER_WRITE_BYTES_MAX (1u << 20)

struct gfs_cypher;

int gfs_cypher_open(struct gfs_cypher **ret_cypher) GFS_CHECK;
/* NULL is fine. */
void gfs_cypher_free(struct gfs_cypher *cypher);
/* Both block: they step aside first. */
int gfs_cypher_write(struct gfs_fs *fs, struct gfs_cypher *cypher, fuse_req_t req, struct gfs_slice text) GFS_CHECK;
/* Appends up to `size` bytes, nothing at the end of the result. */
int gfs_cypher_read(
	struct gfs_fs *fs, struct gfs_cypher *cypher, fuse_req_t req, size_t size, struct gfs_buf *out) GFS_CHECK;

#endif
