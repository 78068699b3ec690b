/* Open property files. Descriptors go on working when their file is removed, replaced or renamed behind them: an open file remembers what its nodeid
 * means now, or, once the property is gone, keeps the contents it had (a tombstone).
 *
 * Only open files are remembered, and names whose nodeid is no longer the one they pack (bindings.h). One leaf mutex guards the table; every function may be called with or without the graph lock.
 */
#ifndef GFS_FS_FILES_H
#define GFS_FS_FILES_H

#include "fs/fs_private.h"

struct gfs_file;

/* What a property nodeid stands for. */
struct gfs_file_target {
	struct gfs_entity entity;
	uint16_t key;
	uint64_t dead; /* not 0: the property is gone; this is the nodeid again, for gfs_files_dead_* */
};

int gfs_files_new(struct gfs_files **ret_files) GFS_CHECK;
void gfs_files_free(struct gfs_files *files);

/* The nodeid that a look-up of this property answers: to be handed to the kernel. */
uint64_t gfs_files_nodeid(struct gfs_files *files, struct gfs_entity entity, uint16_t key);
/* All nodeids by which the kernel may know this property now: that one, and those of open files that were renamed to it. Returns how many, at most `max`. */
size_t gfs_files_nodeids(
	struct gfs_files *files, struct gfs_entity entity, uint16_t key, uint64_t *nodeids, size_t max);
/* Does it matter whether the kernel still has the inode? */
bool gfs_files_is_bound(struct gfs_files *files, uint64_t nodeid);
/* The kernel has no such inode. `fresh`: unless it is about to make one from a reply. */
void gfs_files_forget(struct gfs_files *files, uint64_t nodeid, bool fresh);
/* GFS_ERR_STALE when the nodeid is not (or no longer) anybody's name. */
int gfs_files_resolve(struct gfs_files *files, uint64_t nodeid, struct gfs_file_target *ret_target) GFS_CHECK;

int gfs_files_open(struct gfs_files *files, uint64_t nodeid, bool writer, struct gfs_file **ret_file) GFS_CHECK;
/* One open less. Returns true when that was the last writer of a property that still exists (settle it then). `ret_left` is 0, or a nodeid that the
 * kernel still holds under the property's present name, and that is nobody's from now on: the kernel is to be told, then gfs_files_drop. */
bool gfs_files_release(struct gfs_files *files, struct gfs_file *file, bool writer, struct gfs_file_target *ret_target,
	uint64_t *ret_left);
void gfs_files_drop(struct gfs_files *files, uint64_t left);
void gfs_file_target_get(struct gfs_files *files, struct gfs_file *file, struct gfs_file_target *ret_target);
/* Is anybody holding this property open? */
bool gfs_files_is_open(struct gfs_files *files, struct gfs_entity entity, uint16_t key);

/* The next three are called inside the transaction, and are undone with it. */

/* Before a property that is open is removed or replaced: its open files keep `contents` from now on. */
int gfs_files_bury(struct gfs_files *files, struct gfs_tx *tx, struct gfs_entity entity, uint16_t key,
	struct gfs_slice contents, uint64_t mtime_ns) GFS_CHECK;
/* After a rename or an exchange: open files follow, and the names get other nodeids. */
int gfs_files_move(struct gfs_files *files, struct gfs_tx *tx, struct gfs_entity from, uint16_t from_key,
	struct gfs_entity to, uint16_t to_key) GFS_CHECK;
int gfs_files_exchange(struct gfs_files *files, struct gfs_tx *tx, struct gfs_entity a, uint16_t a_key,
	struct gfs_entity b, uint16_t b_key) GFS_CHECK;

/* What files hold whose property is gone, as read(2), write(2), ftruncate(2), fstat(2). GFS_ERR_STALE once the last is closed. */
int gfs_files_dead_read(
	struct gfs_files *files, uint64_t nodeid, uint64_t offset, void *data, size_t size, size_t *ret_size) GFS_CHECK;
int gfs_files_dead_write(struct gfs_files *files, uint64_t nodeid, uint64_t offset, struct gfs_slice data) GFS_CHECK;
int gfs_files_dead_truncate(struct gfs_files *files, uint64_t nodeid, uint64_t size) GFS_CHECK;
int gfs_files_dead_stat(struct gfs_files *files, uint64_t nodeid, uint64_t *ret_size, uint64_t *ret_mtime_ns) GFS_CHECK;
/* The other nodeids of the same dead property, at most `max`: a change by one is to be told to them. */
size_t gfs_files_dead_others(struct gfs_files *files, uint64_t nodeid, uint64_t *nodeids, size_t max);

#endif
