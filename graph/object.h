/* The object layer of the caches: nodes and relationships decoded, each with its record, its row, and a directory of its properties. Private to
 * graph/.
 *
 *  B1  An object in the cache is what the committed record and row of its entity say, verified.
 *  B2  An object is put in only by somebody who sees what is committed (gfs_store_is_committed), under one hold of the graph lock from
 *      reading the record to the insertion.
 *  B3  Records are written only by gfs_object_write_node and gfs_object_write_rel, which take the object out before. A row or blob
 *      changes only together with its owner's record, in one apply function. So no object holds what an open transaction has changed, and
 *      an abort leaves nothing behind.
 *  B4  A pin does not outlive its holder's hold of the graph lock. Apply functions take none: gfs_owner_load and gfs_row_ref_get read the store.
 *
 * A blob is in the directory by its id, without what it holds. */
#ifndef GFS_GRAPH_OBJECT_H
#define GFS_GRAPH_OBJECT_H

#include "graph/graph_private.h"
#include "graph/row.h"

struct gfs_object_prop {
	uint32_t at; /* of its bytes in row.items */
	uint16_t key;
};

struct gfs_object {
	struct gfs_cache_entry entry;
	struct gfs_entity entity;
	union {
		struct gfs_node_record node;
		struct gfs_rel_record rel;
	};
	uint32_t bytes;                      /* of the allocation */
	bool has_row;                        /* false: the row is long and stays in the store */
	struct gfs_row row;                  /* its slices lie behind `props` */
	const struct gfs_object_prop *props; /* row.count of them, ascending by key */
};

/* Makes graph->objects. */
int gfs_object_cache_open(struct gfs_graph *graph) GFS_CHECK;

/* A pin; NULL when there is none to be had (it does not exist, the layer is off, the transaction has changed something, damage, no memory): then
 * the store has the answer. */
const struct gfs_object *gfs_object_get(struct gfs_graph *graph, struct gfs_entity entity);
void gfs_object_put(struct gfs_graph *graph, const struct gfs_object *object);
/* A property of an object that has its row. GFS_ERR_NOTFOUND. */
int gfs_object_find(const struct gfs_object *object, uint16_t key, struct gfs_row_item *ret_item) GFS_CHECK;

/* As gfs_node_record_write and gfs_rel_record_write. */
int gfs_object_write_node(struct gfs_tx *tx, uint64_t id, const struct gfs_node_record *record) GFS_CHECK;
int gfs_object_write_rel(struct gfs_tx *tx, uint64_t id, const struct gfs_rel_record *record) GFS_CHECK;

#ifndef GFS_OBJECT_WRITES_RECORDS
#pragma GCC poison gfs_node_record_write gfs_rel_record_write /* B3 */
#endif

#endif
