#include "index/adj_view.h"

#include "base/checked.h"
#include "index/adj_group.h"

#include <stdlib.h>

enum {
	ALLOCATION_BYTES = 16, /* what malloc adds */
	LINE_BYTES = 64,       /* of the processor's caches */
	PREFETCH_BYTES_MAX = 4096,
};

static uint64_t group_key(uint64_t number)
{
	return gfs_index_cache_key(GFS_INDEX_ADJACENCY, number);
}

static struct gfs_adj_group *group_of(struct gfs_cache_entry *entry)
{
	return gfs_container_of(entry, struct gfs_adj_group, piece.entry);
}

/* Pinned; NULL when the rows must be asked themselves. */
static struct gfs_adj_group *group_get(struct gfs_adj *adj, uint64_t number)
{
	struct gfs_adj_group *group;
	if (adj->cache == NULL || !gfs_cache_is_enabled(adj->cache))
		return NULL;
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

/* A walk over nodes in the order of their ids reads the whole half: all of it is asked of memory at once. */
static void prefetch(const void *data, size_t size)
{
	for (size_t at = 0; at < size && at < PREFETCH_BYTES_MAX; at += LINE_BYTES)
		__builtin_prefetch((const char *)data + at);
}

static void prefetch_half(const struct gfs_adj_half *half)
{
	prefetch(half->sides, sizeof half->sides);
	prefetch(half->folders, half->bytes);
}

static struct gfs_adj_group *group_read(struct gfs_adj *adj, uint64_t number)
{
	struct gfs_adj_group *group;
	if (gfs_adj_group_read(adj->store, number, &group) != 0)
		return NULL;
	group->is_own = true;
	return group;
}

static void look_at(
	struct gfs_adj_view *view, struct gfs_adj *adj, struct gfs_adj_group *group, uint64_t node, enum gfs_direction dir)
{
	const struct gfs_adj_half *half = &group->halves[dir];
	const struct gfs_adj_small_side *side = &half->sides[node % GFS_ADJ_GROUP_NODES];
	*view = (struct gfs_adj_view){
		.folders = half->folders + side->first_folder,
		.folder_count = (size_t)(side[1].first_folder - side->first_folder),
		.entries = half->entries,
		.mtime_ns = group->numbers[side->number],
		.numbers = group->numbers,
		.adj = adj,
		.group = group,
	};
}

static bool get(struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, bool own, struct gfs_adj_view *view)
{
	uint64_t number = gfs_adj_group_of(node);
	struct gfs_adj_group *group = view->group;
	assert(group == NULL || view->adj == adj);
	if (group == NULL || group->number != number) {
		bool follows = group != NULL && group->number + 1 == number;
		gfs_adj_view_put(view);
		group = group_get(adj, number);
		if (group == NULL && own)
			group = group_read(adj, number);
		if (group == NULL)
			return false;
		if (follows)
			prefetch_half(&group->halves[dir]);
	}
	look_at(view, adj, group, node, dir);
	return true;
}

bool gfs_adj_view_get(struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, struct gfs_adj_view *view)
{
	return get(adj, node, dir, false, view);
}

bool gfs_adj_view_read(struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, struct gfs_adj_view *view)
{
	return get(adj, node, dir, true, view);
}

void gfs_adj_view_put(struct gfs_adj_view *view)
{
	if (view->group != NULL && view->group->is_own)
		free(view->group);
	else if (view->group != NULL)
		gfs_cache_put(view->adj->cache, &view->group->piece.entry);
	*view = GFS_ADJ_VIEW_INIT;
}

size_t gfs_adj_view_find(const struct gfs_adj_view *view, uint16_t type)
{
	size_t low = 0, high = view->folder_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (view->folders[middle].type < type)
			low = middle + 1;
		else
			high = middle;
	}
	return low < view->folder_count && view->folders[low].type == type ? low : view->folder_count;
}

void gfs_adj_group_drop(struct gfs_adj *adj, uint64_t number)
{
	if (adj->cache != NULL)
		gfs_cache_discard(adj->cache, group_key(number));
}
