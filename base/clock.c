#include "base/clock.h"

#include <assert.h>
#include <time.h>

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;
	int failed = clock_gettime(clock, &now);
	assert(failed == 0); /* both clocks exist on every Linux */
	(void)failed;
	return (uint64_t)now.tv_sec * GFS_NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t gfs_clock_real_ns(void)
{
	return now_ns(CLOCK_REALTIME);
}

uint64_t gfs_clock_mono_ns(void)
{
	return now_ns(CLOCK_MONOTONIC);
}
