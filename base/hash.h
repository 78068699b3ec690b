/* xxHash, under our names: XXH3 of 64 bits everywhere, 128 bits where a collision must not happen. */
#ifndef GFS_BASE_HASH_H
#define GFS_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t gfs_hash64(const void *data, size_t size);
uint64_t gfs_hash64_seed(const void *data, size_t size, uint64_t seed);
/* 16 bytes in canonical (big-endian) order. */
void gfs_hash128(const void *data, size_t size, uint8_t out[16]);
/* The same 128 bits for another seed, as two numbers. */
void gfs_hash128_seed(const void *data, size_t size, uint64_t seed, uint64_t ret_words[2]);

/* gfs_hash128 of bytes that come piece by piece. */
struct gfs_hasher128;
struct gfs_hasher128 *gfs_hasher128_new(void); /* NULL when memory failed */
void gfs_hasher128_add(struct gfs_hasher128 *hasher, const void *data, size_t size);
/* Of all that was added so far. */
void gfs_hasher128_get(const struct gfs_hasher128 *hasher, uint8_t out[16]);
void gfs_hasher128_free(struct gfs_hasher128 *hasher); /* NULL is fine */

/* A streaming hash of pieces, for a page around its own checksum field. */
struct gfs_hash_part {
	const void *data;
	size_t size;
};
uint64_t gfs_hash64_parts(const struct gfs_hash_part *parts, size_t count, uint64_t seed);

/* Mixes an integer key for tables (the finaliser of splitmix64). */
static inline uint64_t gfs_mix64(uint64_t x)
{
	x ^= x >> 30;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 27;
	x *= UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

#endif
