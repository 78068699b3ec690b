/* A growable byte buffer. A failed growth is remembered: append freely, ask gfs_buf_failed once at the end. */
#ifndef GFS_BASE_BUF_H
#define GFS_BASE_BUF_H

#include "base/bytes.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gfs_buf {
	uint8_t *data; /* owned; NULL while capacity is 0 */
	size_t size;
	size_t capacity;
	bool failed; /* an append did not fit memory: contents end before it, later appends do nothing */
};

#define GFS_BUF_INIT ((struct gfs_buf){ 0 })
#define GFS_AUTO_BUF __attribute__((cleanup(gfs_buf_release))) struct gfs_buf

void gfs_buf_release(struct gfs_buf *buf);

/* Empty it, keep the memory, forget a failure. */
void gfs_buf_clear(struct gfs_buf *buf);

/* Room for `more` bytes past size. GFS_ERR_NOMEM. */
int gfs_buf_reserve(struct gfs_buf *buf, size_t more) GFS_CHECK;

/* Add `size` uninitialised bytes and return where they start; NULL when memory failed. */
uint8_t *gfs_buf_extend(struct gfs_buf *buf, size_t size);

void gfs_buf_append(struct gfs_buf *buf, const void *data, size_t size);
void gfs_buf_append_text(struct gfs_buf *buf, const char *text);
void gfs_buf_append_u8(struct gfs_buf *buf, uint8_t v);
void gfs_buf_append_le16(struct gfs_buf *buf, uint16_t v);
void gfs_buf_append_le32(struct gfs_buf *buf, uint32_t v);
void gfs_buf_append_le64(struct gfs_buf *buf, uint64_t v);
/* LEB128: seven bits a byte, lowest first, at most ten bytes. */
void gfs_buf_append_varint(struct gfs_buf *buf, uint64_t v);
void gfs_buf_printf(struct gfs_buf *buf, const char *format, ...) GFS_PRINTF(2, 3);

/* 0, or GFS_ERR_NOMEM when any append since the last clear failed. */
int gfs_buf_failed(const struct gfs_buf *buf) GFS_CHECK;

static inline struct gfs_slice gfs_buf_slice(const struct gfs_buf *buf)
{
	return gfs_slice(buf->data, buf->size);
}

/* Reads bytes from disk or log: never past the end. After a failed read every later one fails too and yields zeros. */
struct gfs_reader {
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
};

static inline struct gfs_reader gfs_reader(struct gfs_slice s)
{
	return (struct gfs_reader){ .at = s.data, .end = s.size == 0 ? s.data : s.data + s.size };
}

static inline size_t gfs_reader_left(const struct gfs_reader *r)
{
	return r->failed ? 0 : (size_t)(r->end - r->at);
}

uint8_t gfs_read_u8(struct gfs_reader *r);
uint16_t gfs_read_le16(struct gfs_reader *r);
uint32_t gfs_read_le32(struct gfs_reader *r);
uint64_t gfs_read_le64(struct gfs_reader *r);
/* Rejects encodings over ten bytes or past 64 bits. */
uint64_t gfs_read_varint(struct gfs_reader *r);
/* The next `size` bytes, which stay where they are; an empty slice when there are fewer. */
struct gfs_slice gfs_read_bytes(struct gfs_reader *r, uint64_t size);

#endif
