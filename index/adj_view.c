#include "index/adj_view.h"

#include "base/checked.h"
#include "index/adj_group.h"

#include <stdlib.h>

/* What malloc adds. */
enum { ALLOCATION_BYTES = 16 };

static uint64_t group_key(uint64_t number)
{
	return gfs_index_cache_key(GFS_INDEX_ADJACENCY, number);
}

static struct gfs_adj_group *group_of(struct gfs_cache_entry *entry)
{
	return gfs_container_of(entry, struct gfs_adj_group, piece.entry);
}

static void pin_put(struct gfs_adj *adj, struct gfs_adj_group *group)
{
	gfs_cache_put(adj->cache, &group->piece.entry);
}

/* Pinned; NULL when the rows must be asked themselves. */
static struct gfs_adj_group *group_get(struct gfs_adj *adj, uint64_t number)
{
	struct gfs_adj_group *group;
	struct gfs_cache_entry *entry = gfs_cache_get(adj->cache, group_key(number));
	if (entry != NULL)
		return group_of(entry);
	if (!gfs_store_is_committed(adj->store) || gfs_adj_group_read(adj->store, number, &group) != 0)
		return NULL;
	entry = gfs_cache_insert(
		adj->cache, &group->piece.entry, group_key(number), (uint32_t)group->bytes + ALLOCATION_BYTES);
	if (entry != &group->piece.entry)
		free(group); /* another reader was first */
	return group_of(entry);
}

bool gfs_adj_view_get(struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, struct gfs_adj_view *view)
{
	uint64_t number = node >> GFS_ADJ_GROUP_BITS;
	struct gfs_adj_group *group = view->group;
	assert(group == NULL || view->adj == adj);
	if (group == NULL || group->number != number) {
		gfs_adj_view_put(view);
		if (adj->cache == NULL || !gfs_cache_is_enabled(adj->cache))
			return false;
		group = group_get(adj, number);
		if (group == NULL)
			return false;
	}
	const struct gfs_adj_side *side = &group->sides[node % GFS_ADJ_GROUP_NODES][dir];
	*view = (struct gfs_adj_view){
		.folders = group->folders + side->first_folder,
		.folder_count = side->folder_count,
		.entries = group->entries,
		.mtime_ns = side->mtime_ns,
		.adj = adj,
		.group = group,
	};
	return true;
}

void gfs_adj_view_put(struct gfs_adj_view *view)
{
	if (view->group != NULL)
		pin_put(view->adj, view->group);
	*view = GFS_ADJ_VIEW_INIT;
}

const struct gfs_adj_folder *gfs_adj_view_find(const struct gfs_adj_view *view, uint16_t type)
{
	size_t low = 0, high = view->folder_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (view->folders[middle].type < type)
			low = middle + 1;
		else
			high = middle;
	}
	return low < view->folder_count && view->folders[low].type == type ? &view->folders[low] : NULL;
}

void gfs_adj_group_drop(struct gfs_adj *adj, uint64_t node)
{
	if (adj->cache != NULL)
		gfs_cache_discard(adj->cache, group_key(node >> GFS_ADJ_GROUP_BITS));
}
