#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

_Static_assert(sizeof(XXH128_canonical_t) == 16, "128 bits");

uint64_t gfs_hash64(const void *data, size_t size)
{
	return XXH3_64bits(size == 0 ? "" : data, size);
}

uint64_t gfs_hash64_seed(const void *data, size_t size, uint64_t seed)
{
	return XXH3_64bits_withSeed(size == 0 ? "" : data, size, seed);
}

struct gfs_hasher128 {
	XXH3_state_t state;
};

struct gfs_hasher128 *gfs_hasher128_new(void)
{
	struct gfs_hasher128 *h = aligned_alloc(_Alignof(struct gfs_hasher128), sizeof *h);
	if (h != NULL) {
		XXH3_INITSTATE(&h->state);
		(void)XXH3_128bits_reset(&h->state); /* as below */
	}
	return h;
}

void gfs_hasher128_add(struct gfs_hasher128 *h, const void *data, size_t size)
{
	if (size != 0)
		(void)XXH3_128bits_update(&h->state, data, size); /* as below */
}

void gfs_hasher128_get(const struct gfs_hasher128 *h, uint8_t out[16])
{
	XXH128_canonical_t canonical;
	XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&h->state));
	memcpy(out, canonical.digest, sizeof canonical.digest);
}

void gfs_hasher128_free(struct gfs_hasher128 *h)
{
	free(h);
}

void gfs_hash128(const void *data, size_t size, uint8_t out[16])
{
	XXH128_canonical_t canonical;
	XXH128_canonicalFromHash(&canonical, XXH3_128bits(size == 0 ? "" : data, size));
	memcpy(out, canonical.digest, sizeof canonical.digest);
}

void gfs_hash128_seed(const void *data, size_t size, uint64_t seed, uint64_t ret_words[2])
{
	XXH128_hash_t hash = XXH3_128bits_withSeed(size == 0 ? "" : data, size, seed);
	ret_words[0] = hash.high64;
	ret_words[1] = hash.low64;
}

uint64_t gfs_hash64_parts(const struct gfs_hash_part *parts, size_t count, uint64_t seed)
{
	XXH3_state_t state;
	XXH3_INITSTATE(&state);
	/* These fail only for a NULL state or NULL data. */
	(void)XXH3_64bits_reset_withSeed(&state, seed);
	for (size_t i = 0; i < count; i++) {
		if (parts[i].size != 0)
			(void)XXH3_64bits_update(&state, parts[i].data, parts[i].size);
	}
	return XXH3_64bits_digest(&state);
}
