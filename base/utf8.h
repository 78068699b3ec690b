/* UTF-8 by RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef GFS_BASE_UTF8_H
#define GFS_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool gfs_utf8_valid(const void *data, size_t size);

/* Length in bytes of the valid sequence that starts at `data`, 0 when there is none. `ret_point` may be NULL. */
size_t gfs_utf8_next(const void *data, size_t size, uint32_t *ret_point);

/* Writes the sequence of `point` (valid) to out[4] and returns its length. */
size_t gfs_utf8_put(uint32_t point, uint8_t *out);

#endif
