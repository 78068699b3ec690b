#include "graph/rel_walk.h"

#include "graph/graph_private.h"

void gfs_rels_walk_init(struct gfs_rels_walk *walk, struct gfs_graph *graph)
{
	walk->graph = graph;
	walk->view = GFS_ADJ_VIEW_INIT;
	walk->viewed = false;
	walk->folder = walk->end = 0;
	walk->listed = 0;
	walk->type = GFS_NAME_ID_MAX + 1;
}

void gfs_rels_walk_end(struct gfs_rels_walk *walk)
{
	gfs_adj_view_put(&walk->view);
}

/* The folders of the view that are asked for. */
static void choose_folders(struct gfs_rels_walk *walk)
{
	const struct gfs_adj_view *view = &walk->view;
	walk->folder = walk->only == 0 ? 0 : (uint32_t)gfs_adj_view_find(view, walk->only);
	walk->end = (uint32_t)view->folder_count;
	if (walk->only != 0 && walk->folder < walk->end)
		walk->end = walk->folder + 1;
}

void gfs_rels_walk_start(struct gfs_rels_walk *walk, uint64_t node, enum gfs_direction dir, uint16_t type)
{
	struct gfs_graph *graph = walk->graph;
	walk->node = node;
	walk->dir = dir;
	walk->only = type;
	walk->type = type == 0 ? 1 : type;
	walk->listed = 0;
	walk->viewed = gfs_graph_rel_index(graph) && gfs_adj_view_read(graph->adj, node, dir, &walk->view);
	if (walk->viewed)
		choose_folders(walk);
}

/* The next batch of the type being listed. GFS_ERR_NOTFOUND when it is over. */
static int next_batch(struct gfs_rels_walk *walk, struct gfs_rels_run *ret_run)
{
	size_t count;
	int err = gfs_rels_list(
		walk->graph, walk->node, walk->dir, walk->listed, walk->from, walk->batch, GFS_RELS_BATCH, &count);
	if (err != 0)
		return err;
	if (count == 0) {
		walk->listed = 0;
		return GFS_ERR_NOTFOUND;
	}
	*ret_run = (struct gfs_rels_run){ .type = walk->listed, .entries = walk->batch, .count = count };
	walk->from = (struct gfs_adj_entry){ walk->batch[count - 1].other, walk->batch[count - 1].rel + 1 };
	if (count < GFS_RELS_BATCH)
		walk->listed = 0; /* there is no more */
	return 0;
}

static void list(struct gfs_rels_walk *walk, uint16_t type)
{
	walk->listed = type;
	walk->from = (struct gfs_adj_entry){ 0 };
}

/* Finds the next type, which is to be listed. GFS_ERR_NOTFOUND. */
static int next_type(struct gfs_rels_walk *walk)
{
	struct gfs_adj_type type = { .type = walk->only };
	while (walk->type <= GFS_NAME_ID_MAX) {
		size_t count = 1;
		int err = walk->only != 0
			? 0
			: gfs_rels_types(walk->graph, walk->node, walk->dir, (uint16_t)walk->type, &type, 1, &count);
		if (err != 0)
			return err;
		walk->type = count == 0 || walk->only != 0 ? GFS_NAME_ID_MAX + 1 : type.type + 1u;
		if (count != 0 && (walk->only != 0 || type.count > 0)) {
			list(walk, type.type);
			return 0;
		}
	}
	return GFS_ERR_NOTFOUND;
}

/* The next folder of the view: at once, or to be listed when it is long. GFS_ERR_NOTFOUND. */
static int next_folder(struct gfs_rels_walk *walk, struct gfs_rels_run *ret_run)
{
	while (walk->folder < walk->end) {
		struct gfs_adj_folder folder = gfs_adj_view_folder(&walk->view, walk->folder++);
		if (folder.count == 0)
			continue;
		if (folder.is_long) {
			list(walk, folder.type);
			return 0;
		}
		*ret_run = (struct gfs_rels_run){
			.type = folder.type, .entries = walk->view.entries + folder.first, .count = (size_t)folder.count
		};
		return 0;
	}
	return GFS_ERR_NOTFOUND;
}

int gfs_rels_walk_next(struct gfs_rels_walk *walk, struct gfs_rels_run *ret_run)
{
	for (;;) {
		int err = walk->listed == 0 ? GFS_ERR_NOTFOUND : next_batch(walk, ret_run);
		if (err != GFS_ERR_NOTFOUND)
			return err;
		err = walk->viewed ? next_folder(walk, ret_run) : next_type(walk);
		if (err != 0 || walk->listed == 0)
			return err;
	}
}
