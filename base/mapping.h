/* Files seen as memory, for reading. What was looked at stays resident until it is given back; it is read again when somebody looks. */
#ifndef GFS_BASE_MAPPING_H
#define GFS_BASE_MAPPING_H

#include "base/bytes.h"
#include "base/error.h"

/* The first `size` bytes of an open file, to be read from front to back; the file must not become shorter. Size 0 gives an empty slice. */
int gfs_mapping_open(int fd, uint64_t size, struct gfs_slice *ret_contents) GFS_CHECK;
void gfs_mapping_relieve(struct gfs_slice contents);
void gfs_mapping_close(struct gfs_slice contents); /* an empty one is fine */

#endif
