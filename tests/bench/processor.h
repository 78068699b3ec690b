/* Processor time, for benchmarks in one thread: how long they waited for a processor that others used says nothing about them. */
#ifndef GFS_TESTS_BENCH_PROCESSOR_H
#define GFS_TESTS_BENCH_PROCESSOR_H

#include "base/clock.h"

#include <time.h>

/* Of the calling thread, in nanoseconds. */
static inline uint64_t processor_ns(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* Linux always has it */
	return (uint64_t)t.tv_sec * GFS_NS_PER_S + (uint64_t)t.tv_nsec;
}

#endif
