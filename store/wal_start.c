/* From replay to writing: after this the log's end is clean and everything before it is on disk. Every step can be cut by a crash and
 * is done again at the next opening. */
#include "base/checked.h"
#include "base/io.h"
#include "store/wal_private.h"

#include <stdlib.h>

#define CHUNK_BYTES ((size_t)1 << 20)

static int unlink_segment(struct gfs_wal *wal, uint64_t number)
{
	char name[WAL_NAME_BYTES];
	wal_segment_name(number, name);
	return gfs_io_unlink_at(wal->dir_fd, name);
}

/* Newest first, each made durable, so that no gap ever shows (W2). */
static int drop_segments_past_tail(struct gfs_wal *wal)
{
	int err = 0;
	while (err == 0 && wal->count > wal->tail_index + 1) {
		err = unlink_segment(wal, wal->segments[wal->count - 1].number);
		if (err == 0)
			err = gfs_io_sync_dir(wal->dir_fd);
		if (err == 0)
			wal->count--;
	}
	return err;
}

struct leftovers {
	uint64_t numbers[64]; /* more than that wait for the next opening */
	size_t count;
	uint64_t oldest;
	bool next;
};

static int note_leftover(void *context, const char *name)
{
	struct leftovers *l = context;
	uint64_t number;
	if (strcmp(name, WAL_NEXT_NAME) == 0)
		l->next = true;
	else if (wal_segment_parse_name(name, &number) && number < l->oldest && l->count < GFS_COUNT(l->numbers))
		l->numbers[l->count++] = number;
	return 0;
}

static int drop_leftovers(struct gfs_wal *wal)
{
	struct leftovers l = { .oldest = wal->segments[0].number };
	int err = gfs_io_list(wal->dir_fd, note_leftover, &l);
	if (err == 0 && l.next)
		err = gfs_io_unlink_at(wal->dir_fd, WAL_NEXT_NAME);
	for (size_t i = 0; err == 0 && i < l.count; i++)
		err = unlink_segment(wal, l.numbers[i]);
	return err;
}

static bool all_zero(const uint8_t *data, size_t size)
{
	return size == 0 || (data[0] == 0 && memcmp(data, data + 1, size - 1) == 0);
}

/* Zeros from `offset` to the segment's end, writing only where something else lies. */
static int clear_tail(const struct wal_segment *s, uint64_t offset, uint8_t *chunk)
{
	uint64_t file_bytes = 0;
	int err = gfs_io_size(s->fd, &file_bytes);
	if (err == 0 && file_bytes > s->bytes)
		err = gfs_io_truncate(s->fd, s->bytes);
	if (err == 0 && file_bytes < s->bytes)
		err = gfs_io_allocate(s->fd, s->bytes);
	while (err == 0 && offset < s->bytes) {
		size_t size = (size_t)GFS_MIN(s->bytes - offset, (uint64_t)CHUNK_BYTES);
		err = gfs_io_read_at(s->fd, chunk, size, offset);
		if (err == 0 && !all_zero(chunk, size)) {
			memset(chunk, 0, size);
			err = gfs_io_write_at(s->fd, chunk, size, offset);
		}
		offset += size;
	}
	return err;
}

/* Writes the same bytes again. After a failed sync the page cache may show as clean what the disk never got, and a sync alone would
 * then answer OK. */
static int rewrite(const struct wal_segment *s, uint64_t offset, uint64_t end, uint8_t *chunk)
{
	int err = 0;
	while (err == 0 && offset < end) {
		size_t size = (size_t)GFS_MIN(end - offset, (uint64_t)CHUNK_BYTES);
		err = gfs_io_read_at(s->fd, chunk, size, offset);
		if (err == 0)
			err = gfs_io_write_at(s->fd, chunk, size, offset);
		offset += size;
	}
	return err;
}

/* Makes durable what of segment `i` was replayed. The tail's file stays open. */
static int settle_segment(struct gfs_wal *wal, size_t i, uint8_t *chunk)
{
	struct wal_segment *s = &wal->segments[i];
	struct gfs_message ignored;
	uint64_t end_lsn = GFS_MIN(wal_segment_end(s), gfs_wal_end_lsn(wal));
	uint64_t from_lsn = GFS_MAX(s->start_lsn, wal->known_durable_lsn);
	int err = wal_segment_open(wal->dir_fd, wal->database_id, s->number, true, s, &ignored);
	if (err == 0 && from_lsn < end_lsn)
		err = rewrite(s, wal_segment_offset(s, from_lsn), wal_segment_offset(s, end_lsn), chunk);
	if (err == 0 && i == wal->tail_index)
		err = clear_tail(s, wal_segment_offset(s, end_lsn), chunk);
	if (err == 0)
		err = gfs_io_sync(s->fd);
	if (i != wal->tail_index || err != 0) {
		gfs_io_close(s->fd);
		s->fd = -1;
	}
	return err;
}

static int settle(struct gfs_wal *wal)
{
	uint8_t *chunk = malloc(CHUNK_BYTES);
	if (chunk == NULL)
		return GFS_ERR_NOMEM;
	int err = drop_segments_past_tail(wal);
	if (err == 0)
		err = drop_leftovers(wal);
	for (size_t i = wal->start_index; err == 0 && i <= wal->tail_index; i++)
		err = settle_segment(wal, i, chunk);
	free(chunk);
	return err;
}

int gfs_wal_start(struct gfs_wal *wal)
{
	assert(!wal->running);
	if (wal->read_only)
		return GFS_ERR_READONLY;
	int err = wal->replayed ? 0 : gfs_wal_replay(wal, NULL, NULL);
	if (err != 0)
		return err;
	/* One frame and its header; no page of it is touched before it is needed. */
	wal->staging = malloc(WAL_FRAME_HEADER_BYTES + GFS_WAL_FRAME_BYTES_MAX);
	if (wal->staging == NULL)
		return GFS_ERR_NOMEM;
	err = settle(wal);
	if (err != 0)
		return err;
	uint64_t end_lsn = gfs_wal_end_lsn(wal);
	wal->active = wal->segments[wal->count - 1];
	wal->write_lsn = end_lsn;
	wal->synced_lsn = end_lsn;
	atomic_store_explicit(&wal->durable_lsn, end_lsn, memory_order_release);
	return wal_thread_start(wal);
}
