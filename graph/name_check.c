#include "base/utf8.h"
#include "graph/value.h"

int gfs_name_check(struct gfs_slice name, size_t max)
{
	if (name.size == 0)
		return GFS_ERR_INVALID;
	if (name.size > max)
		return GFS_ERR_NAMETOOLONG;
	if (!gfs_utf8_valid(name.data, name.size))
		return GFS_ERR_ILSEQ;
	if (memchr(name.data, '\0', name.size) != NULL)
		return GFS_ERR_INVALID;
	return 0;
}
