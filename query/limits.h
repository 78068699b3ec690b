/* Limits of statements, by name. The man pages cite these. */
#ifndef GFS_QUERY_LIMITS_H
#define GFS_QUERY_LIMITS_H

#include <stdint.h>

#define GFS_QUERY_TEXT_BYTES_MAX (UINT32_C(16) << 20)
/* Nested expressions, clauses and patterns. */
#define GFS_QUERY_DEPTH_MAX 256u
/* Lists in lists and maps: how deep a value may nest while a statement runs. */
#define GFS_QUERY_VALUE_DEPTH_MAX 1000u
/* Operators in a row that each take the answer of the one before: a + b + c. */
#define GFS_QUERY_HEIGHT_MAX 2048u
/* Defaults; of a mount they can be set in /.graphfs/query. */
#define GFS_QUERY_MEMORY_BYTES_MAX (UINT64_C(512) << 20)
#define GFS_QUERY_ROWS_MAX UINT64_C(100000000)
#define GFS_QUERY_TIME_MS_MAX UINT32_C(0) /* 0: none */
/* Statements at a time. */
#define GFS_QUERY_CONCURRENT_MAX 64u
/* Of labels by types that db.schema.visualization() tells of. */
#define GFS_QUERY_CONNECTIONS_MAX (UINT32_C(1) << 20)
/* Relationships of one variable-length path. */
#define GFS_QUERY_HOPS_MAX 1000000u

#endif
