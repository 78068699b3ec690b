/* A disk that knows what a power cut may leave of a folder. It is told every change and every sync; whatever was not synced since may be there, be missing
 * or be torn. Files and folders are meant by inode; those it does not know are ignored. The folder may have folders in it, one deep.
 *
 * What is sure: a file's bytes and size as of its last sync, a folder's entries as of its last sync. Of what came after:
 *
 *   CRASH_ALL     everything: the process died, the machine did not
 *   CRASH_NONE    nothing
 *   CRASH_CUT     in the order of time everything up to one change, of which only some blocks
 *   CRASH_WRITES  any of the changes: writes that overtook others
 *   CRASH_BLOCKS  each block as it was at some moment since: reordered and torn
 *
 * Blocks have 512 to 4,096 bytes. Entries of a folder change in the order of time, as on a journal, but with CRASH_WRITES. */
#ifndef GFS_TESTS_SUPPORT_CRASH_DISK_H
#define GFS_TESTS_SUPPORT_CRASH_DISK_H

#include "tests/support/rng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct crash_disk;

/* The folder as it is, all of it durable. Ends the process when memory or a call fails, as everything here does. */
struct crash_disk *crash_disk_load(const char *path);
void crash_disk_free(struct crash_disk *disk); /* NULL is fine */

/* `data` must live as long as the disk. */
void crash_disk_write(struct crash_disk *disk, uint64_t inode, uint64_t offset, const uint8_t *data, size_t size);
/* New bytes are zero. `grow_only`: fallocate. */
void crash_disk_resize(struct crash_disk *disk, uint64_t inode, uint64_t size, bool grow_only);
void crash_disk_create(struct crash_disk *disk, uint64_t folder, const char *name, uint64_t inode);
void crash_disk_rename(struct crash_disk *disk, uint64_t folder, const char *from, const char *to);
void crash_disk_unlink(struct crash_disk *disk, uint64_t folder, const char *name);
/* Of a file or a folder. */
void crash_disk_sync(struct crash_disk *disk, uint64_t inode);
/* A sync that failed: what it was for may be on the disk or not, and no later sync changes that. Of a folder: nothing happened. */
void crash_disk_sync_failed(struct crash_disk *disk, uint64_t inode);
/* The last write of the file alone: O_DSYNC. */
void crash_disk_sync_last(struct crash_disk *disk, uint64_t inode);

/* Changes that are not sure: 0 when all choices make the same. */
size_t crash_disk_pending(const struct crash_disk *disk);

enum crash_choice { CRASH_ALL, CRASH_NONE, CRASH_CUT, CRASH_WRITES, CRASH_BLOCKS, CRASH_CHOICE_COUNT };
/* Makes the folder `path` anew, with what may be left. */
void crash_disk_make(const struct crash_disk *disk, enum crash_choice choice, struct rng *rng, const char *path);

#endif
