/* The drop folder /import: files without a name in the database's folder until they are closed, then imported in one transaction. A file that was imported vanishes; one that
 * failed stays, with its reason in FILE.error, until it is written anew or removed.
 * One leaf mutex guards the table; it is not held while an import runs. */
#ifndef GFS_FS_IMPORTS_H
#define GFS_FS_IMPORTS_H

#include "fs/view.h"

/* The largest file that may be dropped, and how many may lie in the folder. */
#define GFS_IMPORT_FILE_BYTES_MAX (UINT64_C(4) << 30)
#define GFS_IMPORT_FILES_MAX 1024u

/* `store` outlives it. */
int gfs_imports_new(struct gfs_store *store, struct gfs_imports **ret_imports) GFS_CHECK;
void gfs_imports_free(struct gfs_imports *imports);
uint64_t gfs_imports_mtime(struct gfs_imports *imports);

int gfs_imports_lookup(struct gfs_imports *imports, const char *name, uint64_t *ret_child) GFS_CHECK;
int gfs_imports_list(struct gfs_lister *lister) GFS_CHECK;
int gfs_imports_create(struct gfs_imports *imports, const char *name, uint64_t *ret_child) GFS_CHECK;
int gfs_imports_unlink(struct gfs_imports *imports, const char *name) GFS_CHECK;
int gfs_imports_rename(struct gfs_imports *imports, const char *from, const char *to) GFS_CHECK;

/* The file of an open descriptor, by nodeid. GFS_ERR_STALE when it has gone. */
int gfs_imports_read(
	struct gfs_imports *imports, uint64_t nodeid, uint64_t offset, size_t size, struct gfs_buf *out) GFS_CHECK;
int gfs_imports_write(struct gfs_imports *imports, uint64_t nodeid, uint64_t offset, struct gfs_slice data) GFS_CHECK;
int gfs_imports_truncate(struct gfs_imports *imports, uint64_t nodeid, uint64_t size) GFS_CHECK;

/* A file opened for writing, by whom: new nodes belong to them, and their close is the one that counts. */
struct gfs_import_open;
int gfs_import_open_new(const struct fuse_ctx *who, struct gfs_import_open **ret_open) GFS_CHECK;
void gfs_import_open_free(struct gfs_import_open *open); /* NULL is fine */
/* close(2) by process or thread `pid`: imports what was written since the last time, if anything. A process that has only inherited the descriptor
 * (`{ cat A; cat B; } >FILE`) does not end the file by ending. Blocks: steps aside first. */
int gfs_imports_flush(struct gfs_fs *fs, uint64_t nodeid, const struct gfs_import_open *open, pid_t pid) GFS_CHECK;
/* The last descriptor is closed: imports what is left, when the one who opened it had closed before others wrote. Frees `open` (NULL is fine). */
void gfs_imports_release(struct gfs_fs *fs, uint64_t nodeid, struct gfs_import_open *open);

#endif
