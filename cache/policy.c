#include "cache/policy.h"

#include "base/checked.h"

static const struct gfs_cache_policy *const policies[] = { &gfs_cache_s3fifo, &gfs_cache_lru, &gfs_cache_clock };

const struct gfs_cache_policy *gfs_cache_policy_find(struct gfs_slice name)
{
	for (size_t i = 0; i < GFS_COUNT(policies); i++)
		if (gfs_slice_equal(name, gfs_slice_text(policies[i]->name)))
			return policies[i];
	return NULL;
}

const char *gfs_cache_policy_name(const struct gfs_cache_policy *policy)
{
	return policy->name;
}
