/* The superblock: who the database is and which checkpoint is its last, outside LMDB, in two checksummed copies.
 *
 * File `superblock`, 8,192 bytes: copy 0 at 0, copy 1 at 4,096. Copies are written in turn (sequence number % 2), each with a sync, so
 * a torn write leaves the other. Valid is a copy with the right magic and XXH3-64; of two the higher sequence counts, and
 * its version alone is judged. */
#ifndef GFS_STORE_SUPERBLOCK_H
#define GFS_STORE_SUPERBLOCK_H

#include "base/error.h"

#include <stdint.h>

#define GFS_SUPERBLOCK_NAME "superblock"

struct gfs_superblock {
	uint64_t sequence;    /* of the checkpoint: 1 for a new database */
	uint64_t database_id; /* random */
	uint64_t created_ns;
	uint64_t checkpoint_lsn; /* replay starts here */
	uint64_t previous_lsn;   /* of the checkpoint before: the log is kept from here */
	uint64_t kv_commit_id;   /* LMDB's transaction id of the checkpoint */
	uint32_t format_version;
};

/* Writes both copies of a new database and makes them durable. GFS_ERR_EXISTS. */
int gfs_superblock_create(int dir_fd, const struct gfs_superblock *sb) GFS_CHECK;
/* GFS_ERR_NOTDB without the file, GFS_ERR_VERSION for another format, GFS_ERR_CORRUPT when neither copy is valid. */
int gfs_superblock_read(int dir_fd, struct gfs_superblock *ret_sb, struct gfs_message *message) GFS_CHECK;
/* Writes the copy that sb->sequence names, durably. */
int gfs_superblock_write(int dir_fd, const struct gfs_superblock *sb) GFS_CHECK;

#endif
