/* Tells the kernel again of changed inodes that it was still making when they changed (invariant K4 of notify.c). One thread, asleep while there is nothing. */
#ifndef GFS_FS_RETELL_H
#define GFS_FS_RETELL_H

#include "fs/fs_private.h"

struct gfs_retell;

int gfs_retell_new(struct gfs_fs *fs, struct gfs_retell **ret_retell) GFS_CHECK;
/* Starts the thread (after daemonising). */
int gfs_retell_start(struct gfs_retell *retell) GFS_CHECK;
/* Stops it and frees. NULL is fine. */
void gfs_retell_free(struct gfs_retell *retell);
/* `nodeid` is told every millisecond until the kernel knows it, for at most as long as an entry counts as fresh. A full queue drops the oldest. */
void gfs_retell_add(struct gfs_retell *retell, uint64_t nodeid, bool contents);

#endif
