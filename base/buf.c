#include "base/buf.h"

#include "base/checked.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { CAPACITY_MIN = 64 };

void gfs_buf_release(struct gfs_buf *buf)
{
	free(buf->data);
	*buf = GFS_BUF_INIT;
}

void gfs_buf_clear(struct gfs_buf *buf)
{
	buf->size = 0;
	buf->failed = false;
}

int gfs_buf_reserve(struct gfs_buf *buf, size_t more)
{
	assert(buf->size <= buf->capacity);
	size_t needed;
	if (buf->failed || gfs_add_overflows(buf->size, more, &needed))
		goto fail;
	if (needed <= buf->capacity)
		return 0;
	size_t capacity = buf->capacity < CAPACITY_MIN ? CAPACITY_MIN : buf->capacity;
	while (capacity < needed) {
		/* Doubling keeps appends linear; where it does not fit any more, the exact size still may. */
		if (gfs_mul_overflows(capacity, 2, &capacity))
			capacity = needed;
	}
	uint8_t *data = realloc(buf->data, capacity);
	if (data == NULL)
		goto fail;
	buf->data = data;
	buf->capacity = capacity;
	return 0;
fail:
	buf->failed = true;
	return GFS_ERR_NOMEM;
}

uint8_t *gfs_buf_extend(struct gfs_buf *buf, size_t size)
{
	/* One byte is reserved even for an empty piece, so that NULL means failure and nothing else. */
	if (gfs_buf_reserve(buf, GFS_MAX(size, (size_t)1)) != 0)
		return NULL;
	uint8_t *at = buf->data + buf->size;
	buf->size += size;
	return at;
}

void gfs_buf_append(struct gfs_buf *buf, const void *data, size_t size)
{
	if (size == 0)
		return;
	uint8_t *at = gfs_buf_extend(buf, size);
	if (at != NULL)
		memcpy(at, data, size);
}

void gfs_buf_append_text(struct gfs_buf *buf, const char *text)
{
	gfs_buf_append(buf, text, strlen(text));
}

void gfs_buf_append_u8(struct gfs_buf *buf, uint8_t v)
{
	gfs_buf_append(buf, &v, sizeof v);
}

void gfs_buf_append_le16(struct gfs_buf *buf, uint16_t v)
{
	v = htole16(v);
	gfs_buf_append(buf, &v, sizeof v);
}

void gfs_buf_append_le32(struct gfs_buf *buf, uint32_t v)
{
	v = htole32(v);
	gfs_buf_append(buf, &v, sizeof v);
}

void gfs_buf_append_le64(struct gfs_buf *buf, uint64_t v)
{
	v = htole64(v);
	gfs_buf_append(buf, &v, sizeof v);
}

void gfs_buf_append_varint(struct gfs_buf *buf, uint64_t v)
{
	uint8_t bytes[10];
	size_t size = 0;
	for (; v >= 0x80; v >>= 7)
		bytes[size++] = (uint8_t)(v | 0x80);
	bytes[size++] = (uint8_t)v;
	assert(size <= sizeof bytes);
	gfs_buf_append(buf, bytes, size);
}

void gfs_buf_printf(struct gfs_buf *buf, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (size < 0 || gfs_buf_reserve(buf, (size_t)size + 1) != 0) {
		buf->failed = true;
		return;
	}
	va_start(args, format);
	int written = vsnprintf((char *)buf->data + buf->size, (size_t)size + 1, format, args);
	va_end(args);
	assert(written == size);
	(void)written;
	buf->size += (size_t)size;
}

int gfs_buf_failed(const struct gfs_buf *buf)
{
	return buf->failed ? GFS_ERR_NOMEM : 0;
}

/* The next `size` bytes, or NULL and a failed reader. */
static const uint8_t *take(struct gfs_reader *r, uint64_t size)
{
	assert(r->at == NULL || r->at <= r->end);
	if (r->failed || size > (uint64_t)(r->end - r->at)) {
		r->failed = true;
		return NULL;
	}
	const uint8_t *at = r->at;
	if (size != 0)
		r->at += size;
	return at;
}

uint8_t gfs_read_u8(struct gfs_reader *r)
{
	const uint8_t *p = take(r, 1);
	return p == NULL ? 0 : *p;
}

uint16_t gfs_read_le16(struct gfs_reader *r)
{
	const uint8_t *p = take(r, 2);
	return p == NULL ? 0 : gfs_get_le16(p);
}

uint32_t gfs_read_le32(struct gfs_reader *r)
{
	const uint8_t *p = take(r, 4);
	return p == NULL ? 0 : gfs_get_le32(p);
}

uint64_t gfs_read_le64(struct gfs_reader *r)
{
	const uint8_t *p = take(r, 8);
	return p == NULL ? 0 : gfs_get_le64(p);
}

uint64_t gfs_read_varint(struct gfs_reader *r)
{
	uint64_t v = 0;
	for (unsigned int shift = 0; shift < 70; shift += 7) {
		const uint8_t *p = take(r, 1);
		if (p == NULL)
			return 0;
		/* The tenth byte has room for one bit. */
		if (shift == 63 && *p > 1)
			break;
		v |= (uint64_t)(*p & 0x7f) << shift;
		if ((*p & 0x80) == 0)
			return v;
	}
	r->failed = true;
	return 0;
}

struct gfs_slice gfs_read_bytes(struct gfs_reader *r, uint64_t size)
{
	const uint8_t *p = take(r, size);
	return p == NULL ? gfs_slice(NULL, 0) : gfs_slice(p, (size_t)size);
}
