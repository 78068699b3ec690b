#include "graph/prop_walk.h"

#include "graph/owner.h"
#include "store/heap.h"

void gfs_prop_walk_init(struct gfs_prop_walk *walk, struct gfs_graph *graph)
{
	*walk = (struct gfs_prop_walk){ .graph = graph };
}

void gfs_prop_walk_release(struct gfs_prop_walk *walk)
{
	struct gfs_store *store = gfs_graph_store(walk->graph);
	struct gfs_page *pages[] = { walk->nodes, walk->rels, walk->rows };
	for (unsigned i = 0; i < 3; i++) {
		if (pages[i] != NULL)
			gfs_page_put(store, pages[i]);
	}
	gfs_prop_walk_init(walk, walk->graph);
}

/* 0: no row. GFS_ERR_NOTFOUND: no such entity. */
static int row_id_of(struct gfs_prop_walk *walk, struct gfs_entity entity, uint64_t *ret_row_id)
{
	struct gfs_store *store = gfs_graph_store(walk->graph);
	struct gfs_node_record node = { 0 };
	struct gfs_rel_record rel = { 0 };
	int err = entity.kind == GFS_NODE ? gfs_node_record_near(store, &walk->nodes, entity.id, &node)
									  : gfs_rel_record_near(store, &walk->rels, entity.id, &rel);
	if (err == 0 && !node.exists && !rel.exists)
		err = GFS_ERR_NOTFOUND;
	*ret_row_id = entity.kind == GFS_NODE ? node.row_id : rel.row_id;
	return err;
}

int gfs_prop_walk_get(struct gfs_prop_walk *walk, struct gfs_entity entity, uint16_t key, struct gfs_arena *arena,
	struct gfs_value *ret_value)
{
	uint64_t row_id;
	struct gfs_slice bytes;
	struct gfs_row row;
	struct gfs_row_item item;
	int err = row_id_of(walk, entity, &row_id);
	if (err != 0 || row_id == 0)
		return err != 0 ? err : GFS_ERR_NOTFOUND;
	err = gfs_heap_peek_near(gfs_graph_store(walk->graph), &walk->rows, row_id, &bytes);
	if (err == GFS_ERR_TOOBIG) /* a row that is a blob of its own */
		return gfs_prop_get(walk->graph, entity, key, arena, ret_value);
	if (err == 0)
		err = gfs_row_open(bytes, &row);
	if (err == 0)
		err = gfs_row_find(&row, key, &item);
	if (err == 0 && !item.is_blob) {
		item.value = gfs_arena_copy(arena, item.value); /* the page goes before the value */
		if (item.value.data == NULL)
			err = GFS_ERR_NOMEM;
	}
	return err != 0 ? err : gfs_item_value(walk->graph, &item, arena, ret_value);
}
