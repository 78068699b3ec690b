/* How many different things were seen, about: a HyperLogLog (Flajolet, Fusy, Gandouet, Meunier 2007) of one byte a register. It only ever grows.
 * The standard error is 1.04 / sqrt(GFS_DISTINCT_BYTES), 4.6 %. */
#ifndef GFS_INDEX_DISTINCT_H
#define GFS_INDEX_DISTINCT_H

#include <stdint.h>

#define GFS_DISTINCT_BYTES 512u

struct gfs_distinct {
	uint8_t registers[GFS_DISTINCT_BYTES]; /* all 0: nothing seen */
};

/* `hash`: 64 good bits of the thing. */
void gfs_distinct_add(struct gfs_distinct *d, uint64_t hash);
uint64_t gfs_distinct_estimate(const struct gfs_distinct *d);

#endif
