#define GFS_OBJECT_WRITES_RECORDS
#include "graph/object.h"

#include "base/checked.h"
#include "store/heap.h"

#include <assert.h>
#include <stdlib.h>

/* What malloc adds. */
enum { ALLOCATION_BYTES = 16 };

static uint64_t key_of(struct gfs_entity entity)
{
	return entity.id << 1 | (entity.kind == GFS_REL);
}

static struct gfs_object *object_of(struct gfs_cache_entry *entry)
{
	return gfs_container_of(entry, struct gfs_object, entry);
}

static void evict(void *context, struct gfs_cache_entry *entry)
{
	(void)context;
	free(object_of(entry));
}

int gfs_object_cache_open(struct gfs_graph *graph)
{
	struct gfs_cache_ops ops = { .evict = evict };
	return gfs_cache_budget_open(gfs_store_cache_budget(graph->store), GFS_CACHE_OBJECT, &ops, &graph->objects);
}

/* ---- making ---- */

static int read_record(struct gfs_graph *graph, struct gfs_object *object)
{
	bool is_node = object->entity.kind == GFS_NODE;
	int err = is_node ? gfs_node_record_read(graph->store, object->entity.id, &object->node)
					  : gfs_rel_record_read(graph->store, object->entity.id, &object->rel);
	if (err == 0 && !(is_node ? object->node.exists : object->rel.exists))
		err = GFS_ERR_NOTFOUND;
	return err;
}

/* The places of a row's properties. GFS_ERR_CORRUPT unless their keys ascend and are as many as it says. */
static int index_props(const struct gfs_row *row, struct gfs_object_prop *props)
{
	struct gfs_slice at = row->items;
	struct gfs_row_item item;
	for (unsigned i = 0; i < row->count; i++) {
		const uint8_t *start = at.data;
		if (gfs_row_next(&at, &item) != 0 || (i > 0 && item.key <= props[i - 1].key))
			return GFS_ERR_CORRUPT;
		props[i] = (struct gfs_object_prop){ .at = (uint32_t)(start - row->items.data), .key = item.key };
	}
	return at.size == 0 ? 0 : GFS_ERR_CORRUPT;
}

/* A copy of the record in `head`, with the row (empty: none) and its directory behind it. */
static int make(const struct gfs_object *head, struct gfs_slice bytes, struct gfs_object **ret_object)
{
	struct gfs_row row;
	int err = gfs_row_open(bytes, &row);
	if (err != 0)
		return err;
	size_t props_bytes = row.count * sizeof(struct gfs_object_prop);
	size_t size = sizeof(struct gfs_object) + props_bytes + bytes.size;
	struct gfs_object *object = malloc(size);
	if (object == NULL)
		return GFS_ERR_NOMEM;
	*object = *head;
	object->bytes = (uint32_t)size;
	struct gfs_object_prop *props = (void *)(object + 1);
	uint8_t *copy = (uint8_t *)(object + 1) + props_bytes;
	if (bytes.size > 0)
		memcpy(copy, bytes.data, bytes.size);
	object->props = props;
	err = gfs_row_open(gfs_slice(copy, bytes.size), &object->row);
	if (err == 0)
		err = index_props(&object->row, props);
	if (err != 0)
		free(object);
	else
		*ret_object = object;
	return err;
}

static int read_object(struct gfs_graph *graph, struct gfs_entity entity, struct gfs_object **ret_object)
{
	struct gfs_object head = { .entity = entity, .has_row = true };
	struct gfs_page *page = NULL;
	struct gfs_slice row = { 0 };
	int err = read_record(graph, &head);
	if (err != 0)
		return err;
	uint64_t row_id = entity.kind == GFS_NODE ? head.node.row_id : head.rel.row_id;
	if (row_id != 0)
		err = gfs_heap_peek(graph->store, row_id, &page, &row);
	if (err == GFS_ERR_TOOBIG) {
		head.has_row = false;
		page = NULL;
		err = 0;
	}
	if (err != 0)
		return err;
	err = make(&head, row, ret_object);
	if (page != NULL)
		gfs_page_put(graph->store, page);
	return err;
}

/* ---- use ---- */

const struct gfs_object *gfs_object_get(struct gfs_graph *graph, struct gfs_entity entity)
{
	struct gfs_object *object = NULL;
	if (!gfs_cache_is_enabled(graph->objects) || entity.id > GFS_ID_MAX)
		return NULL;
	struct gfs_cache_entry *entry = gfs_cache_get(graph->objects, key_of(entity));
	if (entry != NULL)
		return object_of(entry);
	if (!gfs_store_is_committed(graph->store) || read_object(graph, entity, &object) != 0)
		return NULL;
	entry = gfs_cache_insert(graph->objects, &object->entry, key_of(entity), object->bytes + ALLOCATION_BYTES);
	if (entry != &object->entry)
		free(object); /* another reader was first */
	return object_of(entry);
}

void gfs_object_put(struct gfs_graph *graph, const struct gfs_object *object)
{
	gfs_cache_put(graph->objects, &((struct gfs_object *)(uintptr_t)object)->entry);
}

int gfs_object_find(const struct gfs_object *object, uint16_t key, struct gfs_row_item *ret_item)
{
	size_t low = 0, high = object->row.count;
	assert(object->has_row);
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (object->props[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == object->row.count || object->props[low].key != key)
		return GFS_ERR_NOTFOUND;
	uint32_t at = object->props[low].at;
	struct gfs_slice bytes = gfs_slice(object->row.items.data + at, object->row.items.size - at);
	return gfs_row_next(&bytes, ret_item);
}

/* ---- writing records ---- */

static void drop(struct gfs_graph *graph, enum gfs_entity_kind kind, uint64_t id)
{
	gfs_cache_discard(graph->objects, key_of((struct gfs_entity){ kind, id }));
}

int gfs_object_write_node(struct gfs_tx *tx, uint64_t id, const struct gfs_node_record *record)
{
	drop(tx->graph, GFS_NODE, id);
	return gfs_node_record_write(tx->txn, id, record);
}

int gfs_object_write_rel(struct gfs_tx *tx, uint64_t id, const struct gfs_rel_record *record)
{
	drop(tx->graph, GFS_REL, id);
	return gfs_rel_record_write(tx->txn, id, record);
}
