#include "index/index_cache.h"

#include "base/checked.h"

static void evict(void *context, struct gfs_cache_entry *entry)
{
	struct gfs_index_entry *piece = gfs_container_of(entry, struct gfs_index_entry, entry);
	(void)context; /* a piece knows how it is freed */
	piece->free(piece);
}

int gfs_index_cache_open(struct gfs_store *store, struct gfs_cache **ret_cache)
{
	struct gfs_cache_ops ops = { .evict = evict };
	return gfs_cache_budget_open(gfs_store_cache_budget(store), GFS_CACHE_INDEX, &ops, ret_cache);
}

int gfs_index_cache_new(uint64_t limit_bytes, struct gfs_cache **ret_cache)
{
	struct gfs_cache_ops ops = { .evict = evict };
	return gfs_cache_new("check", &ops, limit_bytes, ret_cache);
}
