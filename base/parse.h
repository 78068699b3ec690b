/* Numbers that people write: options, control files. The whole text must be the number. */
#ifndef GFS_BASE_PARSE_H
#define GFS_BASE_PARSE_H

#include "base/bytes.h"
#include "base/error.h"

/* Decimal digits and nothing else. GFS_ERR_INVALID, GFS_ERR_OVERFLOW. */
int gfs_parse_u64(struct gfs_slice text, uint64_t *ret_value) GFS_CHECK;

/* Bytes: decimal digits, then nothing or one of K, M, G, T (powers of 1,024; small letters too). GFS_ERR_INVALID, GFS_ERR_OVERFLOW. */
int gfs_parse_size(struct gfs_slice text, uint64_t *ret_bytes) GFS_CHECK;

#endif
