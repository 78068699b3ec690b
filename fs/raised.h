/* Folders whose listing changed although nothing of theirs did: a node that they name after its key got another key. Their mtime must be later than
 * before, or a listing that the kernel was just reading would be cached for good. The database keeps no time for that (a rename would
 * have to touch every neighbour), and needs none: the times are forgotten with the mount, whose caches they are for.
 *
 * One leaf mutex. */
#ifndef GFS_FS_RAISED_H
#define GFS_FS_RAISED_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct gfs_raised;

int gfs_raised_new(struct gfs_raised **ret_raised) GFS_CHECK;
void gfs_raised_free(struct gfs_raised *raised); /* NULL is fine */
/* `folder`: a nodeid of out/TYPE, in/TYPE, one of their .rel, or a label. Call it before the kernel is told. When memory fails the folder may keep its
 * mtime: false then. */
bool gfs_raised_set(struct gfs_raised *raised, uint64_t folder, uint64_t mtime_ns);
/* The later of `mtime_ns` and what was set. */
uint64_t gfs_raised_get(struct gfs_raised *raised, uint64_t folder, uint64_t mtime_ns);

#endif
