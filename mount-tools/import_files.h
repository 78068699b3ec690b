/* The files that `graphfsctl import` reads: in memory as far as the program can see, but not in its resident memory. Files are mapped; pipes
 * are first copied to a file without a name in the database's folder. */
#ifndef GFS_MOUNT_TOOLS_IMPORT_FILES_H
#define GFS_MOUNT_TOOLS_IMPORT_FILES_H

#include "graph/transfer.h"

struct gfs_import_files {
	struct gfs_import_file *files; /* the caller's: names given, contents filled in here */
	size_t count;
};

/* `dir`: the database's folder. 0, or -1 with a message printed. */
int gfs_import_files_open(struct gfs_import_files *files, const char *dir) GFS_CHECK;
/* Gives back the memory of what was read so far; it is read again when somebody looks. */
void gfs_import_files_relieve(const struct gfs_import_files *files);
void gfs_import_files_close(struct gfs_import_files *files);

#endif
