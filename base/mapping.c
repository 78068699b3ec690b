#include "base/mapping.h"

#include <sys/mman.h>

int gfs_mapping_open(int fd, uint64_t size, struct gfs_slice *ret_contents)
{
	*ret_contents = gfs_slice(NULL, 0);
	if (size == 0)
		return 0;
	if (size > SIZE_MAX)
		return GFS_ERR_NOMEM;
	void *mapping = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (mapping == MAP_FAILED)
		return gfs_err_from_errno(errno);
	(void)madvise(mapping, (size_t)size, MADV_SEQUENTIAL); /* a hint */
	*ret_contents = gfs_slice(mapping, (size_t)size);
	return 0;
}

static void *address(struct gfs_slice contents)
{
	return (void *)(uintptr_t)contents.data;
}

void gfs_mapping_relieve(struct gfs_slice contents)
{
	if (contents.size > 0)
		(void)madvise(address(contents), contents.size, MADV_DONTNEED); /* advice: a refusal costs memory only */
}

void gfs_mapping_close(struct gfs_slice contents)
{
	if (contents.size > 0)
		(void)munmap(address(contents), contents.size); /* cannot fail for a mapping that is ours */
}
