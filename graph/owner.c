#include "graph/owner.h"

#include "store/heap.h"

#include <assert.h>

int gfs_owner_load(struct gfs_graph *graph, struct gfs_entity entity, struct gfs_owner *ret_owner)
{
	struct gfs_owner owner = { .entity = entity };
	bool is_node = entity.kind == GFS_NODE;
	int err = is_node ? gfs_node_record_read(graph->store, entity.id, &owner.node)
					  : gfs_rel_record_read(graph->store, entity.id, &owner.rel);
	if (err == 0 && !(is_node ? owner.node.exists : owner.rel.exists))
		err = GFS_ERR_NOTFOUND;
	if (err == 0)
		*ret_owner = owner;
	return err;
}

int gfs_owner_save(struct gfs_tx *tx, const struct gfs_owner *owner)
{
	return owner->entity.kind == GFS_NODE ? gfs_object_write_node(tx, owner->entity.id, &owner->node)
										  : gfs_object_write_rel(tx, owner->entity.id, &owner->rel);
}

uint64_t gfs_owner_row_id(const struct gfs_owner *owner)
{
	return owner->entity.kind == GFS_NODE ? owner->node.row_id : owner->rel.row_id;
}

uint64_t gfs_owner_mtime(const struct gfs_owner *owner)
{
	return owner->entity.kind == GFS_NODE ? owner->node.mtime_ns : owner->rel.mtime_ns;
}

void gfs_owner_touch(const struct gfs_tx *tx, struct gfs_owner *owner, enum gfs_touch touch)
{
	bool is_node = owner->entity.kind == GFS_NODE;
	assert(is_node ? owner->node.exists : owner->rel.exists);
	uint64_t *mtime = is_node ? &owner->node.mtime_ns : &owner->rel.mtime_ns;
	if (touch == GFS_TOUCH_LISTING)
		*mtime = gfs_tx_later(tx, *mtime);
	if (is_node && touch != GFS_TOUCH_NOTHING)
		owner->node.ctime_ns = gfs_tx_later(tx, owner->node.ctime_ns);
}

int gfs_row_ref_get(struct gfs_graph *graph, uint64_t row_id, struct gfs_row_ref *ref)
{
	assert(ref->object == NULL && ref->page == NULL && ref->copy.data == NULL);
	struct gfs_slice bytes = { 0 };
	ref->graph = graph;
	if (row_id == 0)
		return gfs_row_open(bytes, &ref->row);
	int err = gfs_heap_peek(graph->store, row_id, &ref->page, &bytes);
	if (err == GFS_ERR_TOOBIG) {
		ref->page = NULL;
		err = gfs_heap_read(graph->store, row_id, &ref->copy);
		bytes = gfs_buf_slice(&ref->copy);
	}
	return err != 0 ? err : gfs_row_open(bytes, &ref->row);
}

void gfs_row_ref_put(struct gfs_row_ref *ref)
{
	if (ref->object != NULL)
		gfs_object_put(ref->graph, ref->object);
	if (ref->page != NULL)
		gfs_page_put(ref->graph->store, ref->page);
	gfs_buf_release(&ref->copy);
	*ref = GFS_ROW_REF_INIT;
}

int gfs_owner_look(
	struct gfs_graph *graph, struct gfs_entity entity, struct gfs_owner *ret_owner, struct gfs_row_ref *ref)
{
	assert(ref->object == NULL && ref->page == NULL && ref->copy.data == NULL);
	const struct gfs_object *object = gfs_object_get(graph, entity);
	if (object == NULL) {
		int err = gfs_owner_load(graph, entity, ret_owner);
		return err != 0 ? err : gfs_row_ref_get(graph, gfs_owner_row_id(ret_owner), ref);
	}
	*ret_owner = (struct gfs_owner){ .entity = entity };
	if (entity.kind == GFS_NODE)
		ret_owner->node = object->node;
	else
		ret_owner->rel = object->rel;
	if (!object->has_row) {
		gfs_object_put(graph, object);
		return gfs_row_ref_get(graph, gfs_owner_row_id(ret_owner), ref);
	}
	ref->graph = graph;
	ref->object = object;
	ref->row = object->row;
	return 0;
}

int gfs_row_store(struct gfs_tx *tx, uint64_t *row_id)
{
	struct gfs_slice row = gfs_buf_slice(&tx->row);
	int err = gfs_buf_failed(&tx->row);
	if (err != 0)
		return err;
	assert(row.size == 0 || row.data != NULL);
	if (row.size != 0)
		return *row_id == 0 ? gfs_heap_insert(tx->txn, row, row_id) : gfs_heap_update(tx->txn, *row_id, row, row_id);
	if (*row_id == 0)
		return 0;
	err = gfs_heap_delete(tx->txn, *row_id);
	if (err == 0)
		*row_id = 0;
	return err;
}

static int store_row(struct gfs_tx *tx, struct gfs_owner *owner)
{
	int err = gfs_row_store(tx, owner->entity.kind == GFS_NODE ? &owner->node.row_id : &owner->rel.row_id);
	return err != 0 ? err : gfs_owner_save(tx, owner);
}

int gfs_owner_edit(struct gfs_tx *tx, struct gfs_owner *owner, const struct gfs_row *row, uint16_t key,
	const struct gfs_row_item *item, enum gfs_touch touch)
{
	assert(key != 0);
	uint64_t before = gfs_owner_mtime(owner);
	assert(item == NULL || item->key == key);
	gfs_owner_touch(tx, owner, touch);
	uint64_t now = gfs_owner_mtime(owner);
	struct gfs_row_item put;
	if (item != NULL) {
		put = *item;
		put.has_mtime = put.mtime_ns != now;
	}
	struct gfs_row_edit edit = {
		.key = key,
		.item = item != NULL ? &put : NULL,
		.fill = now != before,
		.fill_mtime_ns = before,
	};
	gfs_buf_clear(&tx->row);
	int err = gfs_row_copy(row, &edit, &tx->row);
	return err != 0 ? err : store_row(tx, owner);
}

int gfs_owner_set_mtime(struct gfs_tx *tx, struct gfs_owner *owner, uint64_t mtime_ns)
{
	uint64_t *mtime = owner->entity.kind == GFS_NODE ? &owner->node.mtime_ns : &owner->rel.mtime_ns;
	struct gfs_row_edit edit = { .fill = true, .fill_mtime_ns = *mtime };
	if (*mtime == mtime_ns)
		return gfs_owner_save(tx, owner);
	GFS_AUTO_ROW ref = GFS_ROW_REF_INIT;
	int err = gfs_row_ref_get(tx->graph, gfs_owner_row_id(owner), &ref);
	if (err != 0)
		return err;
	*mtime = mtime_ns;
	if (ref.row.count == 0)
		return gfs_owner_save(tx, owner);
	gfs_buf_clear(&tx->row);
	err = gfs_row_copy(&ref.row, &edit, &tx->row);
	return err != 0 ? err : store_row(tx, owner);
}
