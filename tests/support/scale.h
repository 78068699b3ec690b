/* Counts that sanitizers would make too slow. */
#ifndef GFS_TESTS_SCALE_H
#define GFS_TESTS_SCALE_H

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define GFS_UNDER_TSAN 1
#endif
#elif defined(__SANITIZE_THREAD__)
#define GFS_UNDER_TSAN 1
#endif

/* `full`, or `fewer` under the thread sanitizer, where a fork takes a second. */
#ifdef GFS_UNDER_TSAN
#define GFS_SCALED(full, fewer) (fewer)
#else
#define GFS_SCALED(full, fewer) (full)
#endif

#endif
