#include "base/hash.h"
#include "base/io.h"
#include "store/wal_private.h"

#include <stdio.h>
#include <stdlib.h>

#define NAME_DIGITS 16

void wal_segment_name(uint64_t number, char out[WAL_NAME_BYTES])
{
	(void)snprintf(out, WAL_NAME_BYTES, "%016llx.log", (unsigned long long)number); /* 21 bytes always */
}

bool wal_segment_parse_name(const char *name, uint64_t *ret_number)
{
	uint64_t number = 0;
	for (int i = 0; i < NAME_DIGITS; i++) {
		char c = name[i];
		if (c >= '0' && c <= '9')
			number = number << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			number = number << 4 | (uint64_t)(c - 'a' + 10);
		else
			return false;
	}
	if (strcmp(name + NAME_DIGITS, ".log") != 0)
		return false;
	*ret_number = number;
	return true;
}

#define FIELD(base, name) ((base) + offsetof(struct wal_disk_segment, name))

static void header_encode(uint64_t database_id, const struct wal_segment *s, uint8_t out[WAL_HEADER_BYTES])
{
	memset(out, 0, WAL_HEADER_BYTES);
	memcpy(FIELD(out, magic), WAL_MAGIC, 8);
	gfs_put_le32(FIELD(out, version), WAL_VERSION);
	gfs_put_le64(FIELD(out, database_id), database_id);
	gfs_put_le64(FIELD(out, number), s->number);
	gfs_put_le64(FIELD(out, start_lsn), s->start_lsn);
	gfs_put_le64(FIELD(out, segment_bytes), s->bytes);
	gfs_put_le64(out + WAL_HEADER_SUM_OFFSET, gfs_hash64(out, WAL_HEADER_SUM_OFFSET));
}

static int header_decode(uint64_t database_id, uint64_t number, const uint8_t in[WAL_HEADER_BYTES],
	struct wal_segment *ret_segment, struct gfs_message *message)
{
	unsigned long long n = number;
	if (memcmp(FIELD(in, magic), WAL_MAGIC, 8) != 0 ||
		gfs_hash64(in, WAL_HEADER_SUM_OFFSET) != gfs_get_le64(in + WAL_HEADER_SUM_OFFSET))
		return gfs_fail(message, GFS_ERR_CORRUPT, "log segment %016llx: the header is damaged", n);
	if (gfs_get_le32(FIELD(in, version)) != WAL_VERSION)
		return gfs_fail(message, GFS_ERR_VERSION, "log segment %016llx: format %u is not known", n,
			(unsigned)gfs_get_le32(FIELD(in, version)));
	if (gfs_get_le64(FIELD(in, database_id)) != database_id)
		return gfs_fail(message, GFS_ERR_CORRUPT, "log segment %016llx belongs to another database", n);
	struct wal_segment s = { .number = number,
		.start_lsn = gfs_get_le64(FIELD(in, start_lsn)),
		.bytes = gfs_get_le64(FIELD(in, segment_bytes)),
		.fd = -1 };
	if (gfs_get_le64(FIELD(in, number)) != number || s.bytes < GFS_WAL_SEGMENT_BYTES_MIN ||
		s.bytes > WAL_SEGMENT_BYTES_MAX || s.bytes % 4096 != 0 || s.start_lsn > UINT64_MAX - s.bytes)
		return gfs_fail(message, GFS_ERR_CORRUPT, "log segment %016llx: the header makes no sense", n);
	*ret_segment = s;
	return 0;
}

/* The file under its temporary name, its size and header in place; nothing synced. */
static int make_unsynced(int dir_fd, uint64_t database_id, const struct wal_segment *s, int *ret_fd)
{
	uint8_t header[WAL_HEADER_BYTES];
	int fd = -1;
	header_encode(database_id, s, header);
	int err = gfs_io_open_at(dir_fd, WAL_NEXT_NAME, GFS_IO_READ_WRITE | GFS_IO_CREATE | GFS_IO_TRUNCATE_FILE, &fd);
	if (err == 0)
		err = gfs_io_allocate(fd, s->bytes);
	if (err == 0)
		err = gfs_io_write_at(fd, header, sizeof header, 0);
	if (err != 0) {
		gfs_io_close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

int wal_segment_make(int dir_fd, uint64_t database_id, struct wal_segment *segment, bool *ret_harmless)
{
	char name[WAL_NAME_BYTES];
	int fd = -1;
	wal_segment_name(segment->number, name);
	int err = make_unsynced(dir_fd, database_id, segment, &fd);
	*ret_harmless = err != 0;
	if (err == 0)
		err = gfs_io_sync(fd);
	if (err == 0)
		err = gfs_io_rename_at(dir_fd, WAL_NEXT_NAME, name);
	if (err == 0)
		err = gfs_io_sync_dir(dir_fd);
	if (err != 0) {
		gfs_io_close(fd);
		int unlink_err = gfs_io_unlink_at(dir_fd, WAL_NEXT_NAME);
		(void)unlink_err; /* only to give the space back; gfs_wal_start tries again */
		return err;
	}
	segment->fd = fd;
	return 0;
}

int wal_segment_open(int dir_fd, uint64_t database_id, uint64_t number, bool write, struct wal_segment *ret_segment,
	struct gfs_message *message)
{
	char name[WAL_NAME_BYTES];
	uint8_t header[WAL_HEADER_BYTES];
	int fd = -1;
	wal_segment_name(number, name);
	int err = gfs_io_open_at(dir_fd, name, write ? GFS_IO_READ_WRITE : GFS_IO_READ_ONLY, &fd);
	if (err != 0)
		return gfs_fail(message, err, "%s: %s", name, gfs_err_text(err));
	err = gfs_io_read_at(fd, header, sizeof header, 0);
	if (err == GFS_ERR_RANGE)
		err = gfs_fail(message, GFS_ERR_CORRUPT, "log segment %s is cut inside its header", name);
	else if (err != 0)
		err = gfs_fail(message, err, "%s: %s", name, gfs_err_text(err));
	else
		err = header_decode(database_id, number, header, ret_segment, message);
	if (err != 0) {
		gfs_io_close(fd);
		return err;
	}
	ret_segment->fd = fd;
	return 0;
}

int wal_segments_reserve(struct gfs_wal *wal)
{
	if (wal->count < wal->capacity)
		return 0;
	size_t capacity = wal->capacity != 0 ? wal->capacity * 2 : 16;
	struct wal_segment *grown = realloc(wal->segments, capacity * sizeof *grown);
	if (grown == NULL)
		return GFS_ERR_NOMEM;
	wal->segments = grown;
	wal->capacity = capacity;
	return 0;
}
