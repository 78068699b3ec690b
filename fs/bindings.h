/* Which generation of nodeid a property's name has.
 *
 * A property's nodeid is packed from its owner and its key, that is from its name. When rename(2) moves a property, the kernel keeps the
 * inode it has under the new name: the old nodeid then is nobody's (it is answered ESTALE, and the kernel looks the new name up), and a new property of
 * the old name must have another one. So does a property whose predecessor of that name was removed while it was open. Look-ups
 * of such a name answer its next generation, as long as the kernel may hold an earlier one.
 *
 * Only names with nodeids that the kernel may still hold are remembered. Not thread-safe: for files.c, under its mutex. */
#ifndef GFS_FS_BINDINGS_H
#define GFS_FS_BINDINGS_H

#include "base/map.h"
#include "fs/nodeid.h"

struct gfs_bindings {
	struct gfs_u64map by_base; /* nodeid of generation 0 -> struct binding *, owned */
};

void gfs_bindings_release(struct gfs_bindings *bindings);
/* The nodeid of the name whose generation 0 is `base`. `hand`: it will be answered to the kernel. */
uint64_t gfs_bindings_nodeid(struct gfs_bindings *bindings, uint64_t base, bool hand);
/* The one that it had before: the kernel may hold it under the name that rename(2) gave it. `base` when there is none. */
uint64_t gfs_bindings_last(const struct gfs_bindings *bindings, uint64_t base);
/* From now on the name has another nodeid. GFS_ERR_LOCKED when the kernel may hold all there are. */
int gfs_bindings_advance(struct gfs_bindings *bindings, uint64_t base) GFS_CHECK;
/* The kernel has no such inode. `fresh`: unless it is about to make one from a reply (which can only be the nodeid that look-ups answer now: while a
 * file is renamed or removed, the kernel makes none from replies about its folder). */
void gfs_bindings_forget(struct gfs_bindings *bindings, uint64_t nodeid, bool fresh);

#endif
