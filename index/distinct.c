#include "index/distinct.h"

#include <math.h>

enum { INDEX_BITS = 9 };
_Static_assert(1u << INDEX_BITS == GFS_DISTINCT_BYTES, "a register for each value of the index bits");

void gfs_distinct_add(struct gfs_distinct *d, uint64_t hash)
{
	uint8_t *r = &d->registers[hash >> (64 - INDEX_BITS)];
	/* The bit that is set ends the run of zeros when all the others are. */
	uint64_t rest = hash << INDEX_BITS | UINT64_C(1) << (INDEX_BITS - 1);
	uint8_t run = (uint8_t)(__builtin_clzll(rest) + 1);
	if (run > *r)
		*r = run;
}

uint64_t gfs_distinct_estimate(const struct gfs_distinct *d)
{
	const double count = GFS_DISTINCT_BYTES, alpha = 0.7213 / (1 + 1.079 / count);
	double sum = 0;
	unsigned empty = 0;
	for (unsigned i = 0; i < GFS_DISTINCT_BYTES; i++) {
		sum += 1.0 / (double)(UINT64_C(1) << (d->registers[i] & 63));
		empty += d->registers[i] == 0;
	}
	double estimate = alpha * count * count / sum;
	if (estimate <= 2.5 * count && empty != 0)
		estimate = count * log(count / empty); /* linear counting */
	return (uint64_t)(estimate + 0.5);
}
