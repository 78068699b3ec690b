/* Layout, little-endian:
 *
 *   0  8  magic "GFSWARM1"
 *   8  8  database id
 *  16  8  count of ids
 *  24     per id a varint: its distance to the one before, which is at least 1 (before the first: 0)
 *      8  XXH3-64 of everything before it
 *
 *   H1  The file is valid if and only if magic, database id and sum are right, the count is at most GFS_WARM_IDS_MAX, and so many ids,
 *       ascending, fill it to its end. */
#include "store/warm.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/io.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "GFSWARM1"
#define TEMPORARY_NAME GFS_WARM_NAME ".tmp"
enum { HEADER_BYTES = 24, SUM_BYTES = 8, VARINT_BYTES_MAX = 10 };

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

/* How many are left. */
static size_t sort_unique(uint64_t *ids, size_t count)
{
	size_t kept = 0;
	if (count > 0)
		qsort(ids, count, sizeof *ids, compare);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || ids[i] != ids[kept - 1])
			ids[kept++] = ids[i];
	return kept;
}

static int encode(uint64_t database_id, const uint64_t *ids, size_t count, struct gfs_buf *out)
{
	uint64_t before = 0;
	gfs_buf_append(out, MAGIC, 8);
	gfs_buf_append_le64(out, database_id);
	gfs_buf_append_le64(out, count);
	for (size_t i = 0; i < count; i++) {
		assert(ids[i] > before);
		gfs_buf_append_varint(out, ids[i] - before);
		before = ids[i];
	}
	gfs_buf_append_le64(out, gfs_hash64(out->data, out->size));
	return gfs_buf_failed(out);
}

int gfs_warm_write(int dir_fd, uint64_t database_id, uint64_t *ids, size_t count)
{
	GFS_AUTO_BUF bytes = GFS_BUF_INIT;
	int fd = -1;
	assert(count <= GFS_WARM_IDS_MAX);
	count = sort_unique(ids, count);
	int err = encode(database_id, ids, count, &bytes);
	if (err == 0)
		err = gfs_io_open_at(dir_fd, TEMPORARY_NAME, GFS_IO_READ_WRITE | GFS_IO_CREATE | GFS_IO_TRUNCATE_FILE, &fd);
	if (err == 0)
		err = gfs_io_write_at(fd, bytes.data, bytes.size, 0);
	gfs_io_close(fd); /* not synced: the sum tells what a power cut left of it */
	return err == 0 ? gfs_io_rename_at(dir_fd, TEMPORARY_NAME, GFS_WARM_NAME) : err;
}

static int read_all(int dir_fd, struct gfs_buf *out)
{
	uint64_t size = 0;
	int fd = -1;
	int err = gfs_io_open_at(dir_fd, GFS_WARM_NAME, GFS_IO_READ_ONLY, &fd);
	if (err == 0)
		err = gfs_io_size(fd, &size);
	if (err == 0 && size > HEADER_BYTES + GFS_WARM_IDS_MAX * VARINT_BYTES_MAX + SUM_BYTES)
		err = GFS_ERR_CORRUPT;
	uint8_t *data = err == 0 ? gfs_buf_extend(out, size) : NULL;
	if (err == 0)
		err = data ? gfs_io_read_at(fd, data, size, 0) : GFS_ERR_NOMEM;
	gfs_io_close(fd);
	return err;
}

/* The ids of a payload that is known to be as it was written, by us or by somebody else. */
static int decode(struct gfs_reader *r, uint64_t *ids, uint64_t count)
{
	uint64_t id = 0;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t distance = gfs_read_varint(r);
		if (distance == 0 || distance > UINT64_MAX - id)
			return GFS_ERR_CORRUPT;
		ids[i] = id += distance;
	}
	return r->failed || gfs_reader_left(r) > 0 ? GFS_ERR_CORRUPT : 0;
}

int gfs_warm_read(int dir_fd, uint64_t database_id, uint64_t **ret_ids, size_t *ret_count)
{
	GFS_AUTO_BUF bytes = GFS_BUF_INIT;
	int err = read_all(dir_fd, &bytes);
	if (err != 0)
		return err;
	if (bytes.size < HEADER_BYTES + SUM_BYTES)
		return GFS_ERR_CORRUPT;
	size_t body = bytes.size - SUM_BYTES;
	uint64_t count = gfs_get_le64(bytes.data + 16);
	if (memcmp(bytes.data, MAGIC, 8) != 0 || gfs_get_le64(bytes.data + 8) != database_id ||
		gfs_get_le64(bytes.data + body) != gfs_hash64(bytes.data, body) || count > GFS_WARM_IDS_MAX)
		return GFS_ERR_CORRUPT;
	uint64_t *ids = calloc(count + 1, sizeof *ids);
	if (!ids)
		return GFS_ERR_NOMEM;
	struct gfs_reader r = gfs_reader(gfs_slice(bytes.data + HEADER_BYTES, body - HEADER_BYTES));
	err = decode(&r, ids, count);
	if (err != 0) {
		free(ids);
		return err;
	}
	*ret_ids = ids;
	*ret_count = count;
	return 0;
}
