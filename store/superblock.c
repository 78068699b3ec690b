#include "store/superblock.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "base/io.h"
#include "store/format.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

/* One copy. All integers little-endian.
 *
 *   S1  A copy is valid if and only if its magic is right, its sum is that of its other 4,088 bytes, seeded with the copy's
 *       index. Of two the higher sequence counts, and only its version is judged. The rest is zero.
 *   S2  Writing touches only the copy that the sequence number names, so the other one outlives a torn write. */
#define COPY_BYTES 4096u
#define COPY_COUNT 2u
#define MAGIC "GFSSUPER"
#define SUM_OFFSET (COPY_BYTES - 8)

struct disk_copy {
	uint8_t magic[8];
	uint32_t version;
	uint32_t zero;
	uint64_t sequence;
	uint64_t database_id;
	uint64_t created_ns;
	uint64_t checkpoint_lsn;
	uint64_t previous_lsn;
	uint64_t kv_commit_id;
};
static_assert(sizeof(struct disk_copy) == 64, "superblock layout");
static_assert(offsetof(struct disk_copy, sequence) == 16, "superblock layout");
#define FIELD(base, name) ((base) + offsetof(struct disk_copy, name))

static void encode(const struct gfs_superblock *sb, unsigned copy, uint8_t out[COPY_BYTES])
{
	memset(out, 0, COPY_BYTES);
	memcpy(FIELD(out, magic), MAGIC, 8);
	gfs_put_le32(FIELD(out, version), sb->format_version);
	gfs_put_le64(FIELD(out, sequence), sb->sequence);
	gfs_put_le64(FIELD(out, database_id), sb->database_id);
	gfs_put_le64(FIELD(out, created_ns), sb->created_ns);
	gfs_put_le64(FIELD(out, checkpoint_lsn), sb->checkpoint_lsn);
	gfs_put_le64(FIELD(out, previous_lsn), sb->previous_lsn);
	gfs_put_le64(FIELD(out, kv_commit_id), sb->kv_commit_id);
	gfs_put_le64(out + SUM_OFFSET, gfs_hash64_seed(out, SUM_OFFSET, copy));
}

/* False unless magic and sum are right; the version is the caller's to judge. */
static bool decode(const uint8_t in[COPY_BYTES], unsigned copy, struct gfs_superblock *ret_sb)
{
	if (memcmp(FIELD(in, magic), MAGIC, 8) != 0 ||
		gfs_hash64_seed(in, SUM_OFFSET, copy) != gfs_get_le64(in + SUM_OFFSET))
		return false;
	*ret_sb = (struct gfs_superblock){
		.sequence = gfs_get_le64(FIELD(in, sequence)),
		.database_id = gfs_get_le64(FIELD(in, database_id)),
		.created_ns = gfs_get_le64(FIELD(in, created_ns)),
		.checkpoint_lsn = gfs_get_le64(FIELD(in, checkpoint_lsn)),
		.previous_lsn = gfs_get_le64(FIELD(in, previous_lsn)),
		.kv_commit_id = gfs_get_le64(FIELD(in, kv_commit_id)),
		.format_version = gfs_get_le32(FIELD(in, version)),
	};
	return true;
}

int gfs_superblock_create(int dir_fd, const struct gfs_superblock *sb)
{
	uint8_t both[COPY_COUNT * COPY_BYTES];
	int fd = -1;
	for (unsigned copy = 0; copy < COPY_COUNT; copy++)
		encode(sb, copy, both + (size_t)copy * COPY_BYTES);
	int err = gfs_io_open_at(dir_fd, GFS_SUPERBLOCK_NAME, GFS_IO_READ_WRITE | GFS_IO_CREATE | GFS_IO_EXCLUSIVE, &fd);
	if (err != 0)
		return err;
	err = gfs_io_write_at(fd, both, sizeof both, 0);
	if (err == 0)
		err = gfs_io_sync(fd);
	if (err == 0)
		err = gfs_io_sync_dir(dir_fd);
	gfs_io_close(fd);
	return err;
}

static int read_both(int dir_fd, uint8_t both[COPY_COUNT * COPY_BYTES])
{
	int fd = -1;
	size_t size = 0;
	memset(both, 0, (size_t)COPY_COUNT * COPY_BYTES);
	int err = gfs_io_open_at(dir_fd, GFS_SUPERBLOCK_NAME, GFS_IO_READ_ONLY, &fd);
	if (err != 0)
		return err;
	err = gfs_io_read_some_at(fd, both, (size_t)COPY_COUNT * COPY_BYTES, 0, &size);
	gfs_io_close(fd);
	return err;
}

int gfs_superblock_read(int dir_fd, struct gfs_superblock *ret_sb, struct gfs_message *message)
{
	uint8_t both[COPY_COUNT * COPY_BYTES];
	struct gfs_superblock newest = { 0 };
	bool found = false;
	int err = read_both(dir_fd, both);
	if (err == GFS_ERR_NOTFOUND)
		return gfs_fail(message, GFS_ERR_NOTDB, "there is no superblock: %s", gfs_err_text(GFS_ERR_NOTDB));
	if (err != 0)
		return gfs_fail(message, err, "reading the superblock: %s", gfs_err_text(err));
	for (unsigned copy = 0; copy < COPY_COUNT; copy++) {
		struct gfs_superblock sb;
		if (decode(both + (size_t)copy * COPY_BYTES, copy, &sb) && (!found || sb.sequence > newest.sequence)) {
			newest = sb;
			found = true;
		}
	}
	if (!found)
		return gfs_fail(message, GFS_ERR_CORRUPT, "both copies of the superblock are damaged");
	if (newest.format_version < GFS_FORMAT_VERSION_OLDEST || newest.format_version > GFS_FORMAT_VERSION)
		return gfs_fail(message, GFS_ERR_VERSION, "the database has format %u; this program knows %u to %u",
			(unsigned)newest.format_version, GFS_FORMAT_VERSION_OLDEST, GFS_FORMAT_VERSION);
	*ret_sb = newest;
	return 0;
}

int gfs_superblock_write(int dir_fd, const struct gfs_superblock *sb)
{
	uint8_t bytes[COPY_BYTES];
	unsigned copy = (unsigned)(sb->sequence % COPY_COUNT);
	int fd = -1;
	encode(sb, copy, bytes);
	int err = gfs_io_open_at(dir_fd, GFS_SUPERBLOCK_NAME, GFS_IO_READ_WRITE, &fd);
	if (err != 0)
		return err;
	err = gfs_io_write_at(fd, bytes, sizeof bytes, (uint64_t)copy * COPY_BYTES);
	if (err == 0)
		err = gfs_io_sync(fd);
	gfs_io_close(fd);
	return err;
}
