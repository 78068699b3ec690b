/* Fixed-width integers to and from bytes: little-endian on disk (le), big-endian in ordered keys (be). No alignment needed. */
#ifndef GFS_BASE_BYTES_H
#define GFS_BASE_BYTES_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

/* Bytes that belong to somebody else. */
struct gfs_slice {
	const uint8_t *data;
	size_t size;
};

static inline struct gfs_slice gfs_slice(const void *data, size_t size)
{
	return (struct gfs_slice){ .data = data, .size = size };
}

static inline struct gfs_slice gfs_slice_text(const char *text)
{
	return gfs_slice(text, strlen(text));
}

static inline int gfs_slice_equal(struct gfs_slice a, struct gfs_slice b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

#define GFS_DEFINE_BYTES(bits)                                                                                         \
	static inline uint##bits##_t gfs_get_le##bits(const void *p)                                                       \
	{                                                                                                                  \
		uint##bits##_t v;                                                                                              \
		memcpy(&v, p, sizeof v);                                                                                       \
		return le##bits##toh(v);                                                                                       \
	}                                                                                                                  \
	static inline void gfs_put_le##bits(void *p, uint##bits##_t v)                                                     \
	{                                                                                                                  \
		v = htole##bits(v);                                                                                            \
		memcpy(p, &v, sizeof v);                                                                                       \
	}                                                                                                                  \
	static inline uint##bits##_t gfs_get_be##bits(const void *p)                                                       \
	{                                                                                                                  \
		uint##bits##_t v;                                                                                              \
		memcpy(&v, p, sizeof v);                                                                                       \
		return be##bits##toh(v);                                                                                       \
	}                                                                                                                  \
	static inline void gfs_put_be##bits(void *p, uint##bits##_t v)                                                     \
	{                                                                                                                  \
		v = htobe##bits(v);                                                                                            \
		memcpy(p, &v, sizeof v);                                                                                       \
	}

GFS_DEFINE_BYTES(16)
GFS_DEFINE_BYTES(32)
GFS_DEFINE_BYTES(64)

/* 48-bit little-endian: ids inside records and adjacency blocks. */
static inline uint64_t gfs_get_le48(const void *p)
{
	const uint8_t *b = p;
	return gfs_get_le32(b) | (uint64_t)gfs_get_le16(b + 4) << 32;
}

static inline void gfs_put_le48(void *p, uint64_t v)
{
	uint8_t *b = p;
	gfs_put_le32(b, (uint32_t)v);
	gfs_put_le16(b + 4, (uint16_t)(v >> 32));
}

/* 48-bit big-endian: ids inside ordered keys. */
static inline uint64_t gfs_get_be48(const void *p)
{
	const uint8_t *b = p;
	return (uint64_t)gfs_get_be16(b) << 32 | gfs_get_be32(b + 2);
}

static inline void gfs_put_be48(void *p, uint64_t v)
{
	uint8_t *b = p;
	gfs_put_be16(b, (uint16_t)(v >> 32));
	gfs_put_be32(b + 2, (uint32_t)v);
}

#endif
