/* Adjacency decoded: the relationships of one node and direction as arrays in memory, from the index layer of the caches.
 *
 * A piece of that layer is a group: both directions of GFS_ADJ_GROUP_NODES nodes with neighbouring ids. Small nodes so share what a piece
 * costs, and a walk over nodes in the order of their ids looks a group up once.
 *
 *  V1  A group in the cache is what the committed rows of its nodes say, all of which were verified (A1 to A9 of adj_private.h).
 *  V2  A group is put in only by somebody who sees committed rows (gfs_store_is_committed), under one hold of the graph lock from reading
 *      the first row to the insertion.
 *  V3  Rows are changed only by put_row and delete_row of adjacency.c, which take the node's group out before. So no group holds what an
 *      open transaction has changed, and an abort leaves nothing behind.
 *  V4  A view is a pin on a group, or has one of its own, and does not outlive its holder's hold of the graph lock. The writer gives his back before he changes anything.
 *
 * Threads: as adjacency.h; any number of readers may make views at once. */
#ifndef GFS_INDEX_ADJ_VIEW_H
#define GFS_INDEX_ADJ_VIEW_H

#include "index/adjacency.h"

enum { GFS_ADJ_GROUP_BITS = 4, GFS_ADJ_GROUP_NODES = 1 << GFS_ADJ_GROUP_BITS };
/* A folder with more entries than the first is long, as are those that come when the group is full: what it holds is read from the blocks. A
 * group with more folders than the last is not kept at all. */
enum { GFS_ADJ_FOLDER_ENTRIES_MAX = 4096, GFS_ADJ_GROUP_ENTRIES_MAX = 16384, GFS_ADJ_GROUP_FOLDERS_MAX = 8192 };

/* The relationships of one type. */
struct gfs_adj_folder {
	uint16_t type;
	bool made;
	bool is_long;   /* its entries are not in the view: use gfs_adj_list */
	uint32_t first; /* its entries are view->entries[first], and so on */
	uint64_t count;
	uint64_t mtime_ns;
};

/* The same as groups keep it, since there are about as many folders as relationships. */
struct gfs_adj_small_folder {
	uint16_t type;
	uint16_t first;  /* the next one's says how many entries it has; there is one behind the last */
	uint16_t number; /* of the group: its time, and then, when it is long, its count */
	bool made;
	bool is_long;
};

struct gfs_adj_group;

struct gfs_adj_view {
	size_t folder_count;                 /* ascending by type */
	const struct gfs_adj_entry *entries; /* of a folder: ascending by (other, rel) */
	uint64_t mtime_ns;                   /* of the listing of types; 0: never */
	/* Private. */
	const struct gfs_adj_small_folder *folders;
	const uint64_t *numbers;
	struct gfs_adj *adj;
	struct gfs_adj_group *group;
};
#define GFS_ADJ_VIEW_INIT ((struct gfs_adj_view){ 0 })
#define GFS_AUTO_ADJ_VIEW __attribute__((cleanup(gfs_adj_view_put))) struct gfs_adj_view

/* `view` is empty or a view from before, whose group is used again when it has the node too. False when there is none to be had (the layer is
 * off, the transaction has changed something, damage, no memory): then the functions of adjacency.h have the answer. */
bool gfs_adj_view_get(struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, struct gfs_adj_view *view);
/* As gfs_adj_view_get; when there is none to be had for another reason than damage or memory, the rows are read for this view alone. */
bool gfs_adj_view_read(struct gfs_adj *adj, uint64_t node, enum gfs_direction dir, struct gfs_adj_view *view);
/* Gives it back, leaves it empty. */
void gfs_adj_view_put(struct gfs_adj_view *view);
/* i < view->folder_count. */
static inline struct gfs_adj_folder gfs_adj_view_folder(const struct gfs_adj_view *view, size_t i)
{
	const struct gfs_adj_small_folder *f = &view->folders[i];
	return (struct gfs_adj_folder){
		.type = f->type,
		.made = f->made,
		.is_long = f->is_long,
		.first = f->first,
		.count = f->is_long ? view->numbers[f->number + 1] : (uint64_t)(f[1].first - f->first),
		.mtime_ns = view->numbers[f->number],
	};
}
/* Which folder the type's is; view->folder_count: there is none. */
size_t gfs_adj_view_find(const struct gfs_adj_view *view, uint16_t type);

#endif
