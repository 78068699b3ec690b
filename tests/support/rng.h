/* Numbers that follow from a seed. */
#ifndef GFS_TESTS_SUPPORT_RNG_H
#define GFS_TESTS_SUPPORT_RNG_H

#include <stdint.h>

struct rng {
	uint64_t state; /* not 0 */
};

static inline uint64_t rng_next(struct rng *rng)
{
	rng->state ^= rng->state << 13;
	rng->state ^= rng->state >> 7;
	rng->state ^= rng->state << 17;
	return rng->state * UINT64_C(0x2545f4914f6cdd1d) >> 16;
}

static inline unsigned rng_below(struct rng *rng, unsigned n)
{
	return (unsigned)(rng_next(rng) % n);
}

#endif
