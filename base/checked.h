/* Arithmetic on sizes that come from outside: true when the result does not fit. */
#ifndef GFS_BASE_CHECKED_H
#define GFS_BASE_CHECKED_H

#define gfs_add_overflows(a, b, ret) __builtin_add_overflow((a), (b), (ret))
#define gfs_sub_overflows(a, b, ret) __builtin_sub_overflow((a), (b), (ret))
#define gfs_mul_overflows(a, b, ret) __builtin_mul_overflow((a), (b), (ret))

#define GFS_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define GFS_MIN(a, b) ((a) < (b) ? (a) : (b))
#define GFS_MAX(a, b) ((a) > (b) ? (a) : (b))
#define gfs_container_of(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
