/* Clocks, in nanoseconds. */
#ifndef GFS_BASE_CLOCK_H
#define GFS_BASE_CLOCK_H

#include <stdint.h>

#define GFS_NS_PER_S UINT64_C(1000000000)
#define GFS_NS_PER_MS UINT64_C(1000000)

/* Since 1970-01-01 UTC. */
uint64_t gfs_clock_real_ns(void);
/* Since some fixed point; never goes back. */
uint64_t gfs_clock_mono_ns(void);

#endif
