/* Properties as values: get, set, remove, list, move. */
#include "graph/owner.h"

#include "store/blob.h"

#include <assert.h>
#include <string.h>

/* ---- one property of an owner ---- */

int gfs_prop_ref_load(struct gfs_graph *graph, struct gfs_entity entity, uint16_t key, struct gfs_prop_ref *ref)
{
	int err = gfs_owner_load(graph, entity, &ref->owner);
	if (err == 0)
		err = gfs_row_ref_get(graph, gfs_owner_row_id(&ref->owner), &ref->row);
	if (err != 0)
		return err;
	err = gfs_row_find(&ref->row.row, key, &ref->item);
	ref->found = err == 0;
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

int gfs_prop_ref_get(struct gfs_graph *graph, struct gfs_entity entity, uint16_t key, struct gfs_prop_ref *ref)
{
	int err = gfs_prop_ref_load(graph, entity, key, ref);
	return err == 0 && !ref->found ? GFS_ERR_NOTFOUND : err;
}

int gfs_prop_ref_look(struct gfs_graph *graph, struct gfs_entity entity, uint16_t key, struct gfs_prop_ref *ref)
{
	int err = gfs_owner_look(graph, entity, &ref->owner, &ref->row);
	if (err == 0)
		err = ref->row.object != NULL ? gfs_object_find(ref->row.object, key, &ref->item)
									  : gfs_row_find(&ref->row.row, key, &ref->item);
	ref->found = err == 0;
	return err;
}

void gfs_prop_ref_put(struct gfs_prop_ref *ref)
{
	gfs_row_ref_put(&ref->row);
}

static int tell(struct gfs_tx *tx, enum gfs_change_kind kind, struct gfs_entity entity, uint16_t key)
{
	struct gfs_change change = {
		.kind = (uint8_t)kind, .entity = (uint8_t)entity.kind, .id = entity.id, .name_id = key
	};
	return gfs_tx_tell(tx, &change);
}

static int count_property(struct gfs_tx *tx, uint16_t key, int delta)
{
	assert(key != 0 && (delta == 1 || delta == -1));
	int err = gfs_tx_count_name(tx, GFS_CATALOG_KEY, key, delta);
	return err != 0 ? err : gfs_tx_add_counter(tx, GFS_COUNTER_PROPERTIES, delta);
}

static int place_new(struct gfs_tx *tx, struct gfs_prop_ref *ref, struct gfs_row_item *item)
{
	item->mtime_ns = gfs_txn_time_ns(tx->txn);
	int err = gfs_owner_edit(tx, &ref->owner, &ref->row.row, item->key, item, GFS_TOUCH_LISTING);
	if (err == 0)
		err = count_property(tx, item->key, 1);
	return err != 0 ? err : tell(tx, GFS_CHANGE_PROP_CREATED, ref->owner.entity, item->key);
}

int gfs_prop_place(struct gfs_tx *tx, struct gfs_prop_ref *ref, struct gfs_row_item *item)
{
	assert(item->key != 0);
	if (!ref->found)
		return place_new(tx, ref, item);
	assert(ref->item.key == item->key);
	item->mtime_ns = gfs_tx_later(tx, gfs_item_mtime(&ref->owner, &ref->item));
	int err = gfs_owner_edit(tx, &ref->owner, &ref->row.row, item->key, item, GFS_TOUCH_CTIME);
	if (err == 0 && ref->item.blob_id != item->blob_id)
		err = gfs_item_free(tx, &ref->item);
	if (err == 0)
		err = gfs_catalog_touch(tx->txn, tx->graph->catalog, GFS_CATALOG_KEY, item->key);
	return err != 0 ? err : tell(tx, GFS_CHANGE_PROP_CHANGED, ref->owner.entity, item->key);
}

/* ---- values ---- */

/* The row is given back: the bytes must outlive it. */
static int keep_value(struct gfs_row_item *item, struct gfs_arena *arena)
{
	if (item->is_blob)
		return 0;
	item->value = gfs_arena_copy(arena, item->value);
	return item->value.data == NULL ? GFS_ERR_NOMEM : 0;
}

static int get_stored(struct gfs_graph *graph, struct gfs_entity entity, uint16_t key, struct gfs_arena *arena,
	struct gfs_value *ret_value)
{
	GFS_AUTO_PROP ref = GFS_PROP_REF_INIT;
	int err = gfs_prop_ref_get(graph, entity, key, &ref);
	if (err == 0)
		err = keep_value(&ref.item, arena);
	return err != 0 ? err : gfs_item_value(graph, &ref.item, arena, ret_value);
}

int gfs_prop_get(struct gfs_graph *graph, struct gfs_entity entity, uint16_t key, struct gfs_arena *arena,
	struct gfs_value *ret_value)
{
	struct gfs_row_item item;
	const struct gfs_object *object = gfs_object_get(graph, entity);
	if (object == NULL || !object->has_row) {
		if (object != NULL)
			gfs_object_put(graph, object);
		return get_stored(graph, entity, key, arena, ret_value);
	}
	int err = gfs_object_find(object, key, &item);
	if (err == 0)
		err = keep_value(&item, arena);
	gfs_object_put(graph, object);
	return err != 0 ? err : gfs_item_value(graph, &item, arena, ret_value);
}

int gfs_apply_prop_set(struct gfs_tx *tx, struct gfs_op *op)
{
	GFS_AUTO_PROP ref = GFS_PROP_REF_INIT;
	struct gfs_row_item item = { .key = op->name };
	int err = gfs_name_known(tx->graph, GFS_CATALOG_KEY, op->name);
	if (err == 0)
		err = gfs_prop_ref_load(tx->graph, op->entity, op->name, &ref);
	if (err == 0 && ref.found) {
		item.has_access = ref.item.has_access;
		item.access = ref.item.access;
	}
	if (err == 0)
		err = gfs_item_put_encoded(tx, &item, op->bytes);
	return err != 0 ? err : gfs_prop_place(tx, &ref, &item);
}

int gfs_value_encode_normal(const struct gfs_value *value, struct gfs_buf *out)
{
	struct gfs_value normal = *value;
	uint64_t size;
	if (normal.type == GFS_TYPE_NULL || normal.type >= GFS_TYPE_COUNT)
		return GFS_ERR_INVALID;
	if (normal.type == GFS_TYPE_BYTES)
		normal.newline = false;
	/* Without one of its own, the file would lend the string's last newline to the reader. */
	if (normal.type == GFS_TYPE_STRING && normal.bytes.size != 0 && normal.bytes.data[normal.bytes.size - 1] == '\n')
		normal.newline = true;
	gfs_value_declare(&normal);
	gfs_buf_clear(out);
	int err = gfs_value_encode(&normal, out);
	if (err == 0)
		err = gfs_buf_failed(out);
	if (err != 0 || out->size <= GFS_ROW_VALUE_BYTES_MAX)
		return err;
	err = gfs_value_text_size(&normal, &size);
	return err == 0 && size > GFS_VALUE_BYTES_MAX ? GFS_ERR_TOOBIG : err;
}

int gfs_prop_set(struct gfs_tx *tx, struct gfs_entity entity, uint16_t key, const struct gfs_value *value)
{
	int err = gfs_value_encode_normal(value, &tx->value);
	if (err != 0)
		return err;
	struct gfs_op op = { .code = GFS_OP_PROP_SET, .entity = entity, .name = key, .bytes = gfs_buf_slice(&tx->value) };
	return gfs_tx_apply(tx, &op);
}

int gfs_apply_prop_remove(struct gfs_tx *tx, struct gfs_op *op)
{
	GFS_AUTO_PROP ref = GFS_PROP_REF_INIT;
	int err = gfs_prop_ref_get(tx->graph, op->entity, op->name, &ref);
	if (err == 0)
		err = gfs_owner_edit(tx, &ref.owner, &ref.row.row, op->name, NULL, GFS_TOUCH_LISTING);
	if (err == 0)
		err = gfs_item_free(tx, &ref.item);
	if (err == 0)
		err = count_property(tx, op->name, -1);
	return err != 0 ? err : tell(tx, GFS_CHANGE_PROP_REMOVED, op->entity, op->name);
}

int gfs_prop_remove(struct gfs_tx *tx, struct gfs_entity entity, uint16_t key)
{
	struct gfs_op op = { .code = GFS_OP_PROP_REMOVE, .entity = entity, .name = key };
	return gfs_tx_apply(tx, &op);
}

/* ---- looking ---- */

static int blob_info(struct gfs_graph *graph, const struct gfs_row_item *item, struct gfs_prop_info *info)
{
	uint32_t tag;
	int err = gfs_blob_tag(graph->store, item->blob_id, &tag);
	if (err == 0)
		err = gfs_blob_size(graph->store, item->blob_id, &info->size);
	if (err == 0)
		err = gfs_blob_allocated(graph->store, item->blob_id, &info->allocated_bytes);
	if (err != 0)
		return err;
	info->type = GFS_BLOB_TAG_TYPE(tag);
	if (info->type == GFS_TYPE_NULL)
		info->type = item->latent != 0 ? (enum gfs_type)item->latent : GFS_TYPE_STRING;
	return 0;
}

static int inline_info(const struct gfs_row_item *item, struct gfs_prop_info *info)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_value value;
	int err = gfs_value_decode(item->value, &arena, &value);
	if (err != 0)
		return err;
	info->type = value.type;
	info->allocated_bytes = item->value.size;
	return gfs_value_text_size(&value, &info->size);
}

static int item_info(struct gfs_graph *graph, const struct gfs_owner *owner, const struct gfs_row_item *item,
	struct gfs_prop_info *ret_info)
{
	*ret_info = (struct gfs_prop_info){
		.key = item->key,
		.mtime_ns = gfs_item_mtime(owner, item),
		.has_access = item->has_access,
		.access = item->access,
	};
	return item->is_blob ? blob_info(graph, item, ret_info) : inline_info(item, ret_info);
}

int gfs_prop_list(struct gfs_graph *graph, struct gfs_entity entity, uint16_t from, struct gfs_prop_info *infos,
	size_t max, size_t *ret_count)
{
	struct gfs_owner owner;
	GFS_AUTO_ROW ref = GFS_ROW_REF_INIT;
	int err = gfs_owner_look(graph, entity, &owner, &ref);
	if (err != 0)
		return err;
	struct gfs_slice at = ref.row.items;
	struct gfs_row_item item;
	size_t count = 0;
	while (count < max && (err = gfs_row_next(&at, &item)) == 0) {
		if (item.key < from)
			continue;
		err = item_info(graph, &owner, &item, &infos[count++]);
		if (err != 0)
			return err;
	}
	if (err == 0 || err == GFS_ERR_NOTFOUND) {
		*ret_count = count;
		return 0;
	}
	return err;
}

int gfs_prop_stat(struct gfs_graph *graph, struct gfs_entity entity, uint16_t key, struct gfs_prop_info *ret_info)
{
	GFS_AUTO_PROP ref = GFS_PROP_REF_INIT;
	int err = gfs_prop_ref_look(graph, entity, key, &ref);
	return err != 0 ? err : item_info(graph, &ref.owner, &ref.item, ret_info);
}

/* ---- moving ---- */

/* A property on its way: its payload out of the row, which is about to change. */
static int lift(struct gfs_graph *graph, struct gfs_entity entity, uint16_t key, struct gfs_buf *bytes,
	struct gfs_row_item *ret_item)
{
	GFS_AUTO_PROP ref = GFS_PROP_REF_INIT;
	int err = gfs_prop_ref_get(graph, entity, key, &ref);
	if (err != 0)
		return err;
	gfs_buf_clear(bytes);
	gfs_buf_append(bytes, ref.item.value.data, ref.item.value.size);
	ref.item.mtime_ns = gfs_item_mtime(&ref.owner, &ref.item);
	if (!ref.item.is_blob)
		ref.item.value = gfs_buf_slice(bytes);
	*ret_item = ref.item;
	return gfs_buf_failed(bytes);
}

/* Puts a lifted property under a key of an owner, or with `item` NULL takes the key's away. What was there is not freed. */
static int put_lifted(struct gfs_tx *tx, struct gfs_entity entity, uint16_t key, const struct gfs_row_item *item,
	struct gfs_row_item *ret_old, bool *ret_had)
{
	GFS_AUTO_PROP ref = GFS_PROP_REF_INIT;
	int err = gfs_prop_ref_load(tx->graph, entity, key, &ref);
	if (err != 0)
		return err;
	struct gfs_row_item put = { 0 };
	assert(item == NULL || item->is_blob || item->value.data == NULL || item->value.size != 0);
	if (item != NULL) {
		put = *item;
		put.key = key;
	}
	err = gfs_owner_edit(tx, &ref.owner, &ref.row.row, key, item != NULL ? &put : NULL, GFS_TOUCH_LISTING);
	ref.item.value = (struct gfs_slice){ 0 };
	*ret_old = ref.item;
	*ret_had = ref.found;
	return err;
}

static bool same_place(const struct gfs_op *op)
{
	return op->entity.kind == op->entity2.kind && op->entity.id == op->entity2.id && op->name == op->name2;
}

int gfs_apply_prop_rename(struct gfs_tx *tx, struct gfs_op *op)
{
	struct gfs_row_item item, old;
	bool had = false;
	int err = gfs_name_known(tx->graph, GFS_CATALOG_KEY, op->name2);
	if (err == 0)
		err = lift(tx->graph, op->entity, op->name, &tx->value, &item);
	if (err != 0 || same_place(op))
		return err;
	err = put_lifted(tx, op->entity, op->name, NULL, &old, &had);
	if (err == 0)
		err = put_lifted(tx, op->entity2, op->name2, &item, &old, &had);
	if (err == 0 && had)
		err = gfs_item_free(tx, &old);
	if (err == 0)
		err = count_property(tx, op->name, -1);
	if (err == 0)
		err = had ? gfs_catalog_touch(tx->txn, tx->graph->catalog, GFS_CATALOG_KEY, op->name2)
				  : count_property(tx, op->name2, 1);
	if (err == 0)
		err = tell(tx, GFS_CHANGE_PROP_REMOVED, op->entity, op->name);
	return err != 0 ? err : tell(tx, had ? GFS_CHANGE_PROP_CHANGED : GFS_CHANGE_PROP_CREATED, op->entity2, op->name2);
}

int gfs_prop_rename(struct gfs_tx *tx, struct gfs_entity from, uint16_t from_key, struct gfs_entity to, uint16_t to_key)
{
	struct gfs_op op = { .code = GFS_OP_PROP_RENAME, .entity = from, .name = from_key, .entity2 = to, .name2 = to_key };
	return gfs_tx_apply(tx, &op);
}

int gfs_apply_prop_exchange(struct gfs_tx *tx, struct gfs_op *op)
{
	struct gfs_row_item a, b, old;
	bool had;
	int err = lift(tx->graph, op->entity, op->name, &tx->value, &a);
	if (err == 0)
		err = lift(tx->graph, op->entity2, op->name2, &tx->text, &b);
	if (err != 0 || same_place(op))
		return err;
	err = put_lifted(tx, op->entity, op->name, &b, &old, &had);
	if (err == 0)
		err = put_lifted(tx, op->entity2, op->name2, &a, &old, &had);
	if (err == 0)
		err = gfs_catalog_touch(tx->txn, tx->graph->catalog, GFS_CATALOG_KEY, op->name);
	if (err == 0)
		err = gfs_catalog_touch(tx->txn, tx->graph->catalog, GFS_CATALOG_KEY, op->name2);
	if (err == 0)
		err = tell(tx, GFS_CHANGE_PROP_CHANGED, op->entity, op->name);
	return err != 0 ? err : tell(tx, GFS_CHANGE_PROP_CHANGED, op->entity2, op->name2);
}

int gfs_prop_exchange(struct gfs_tx *tx, struct gfs_entity a, uint16_t a_key, struct gfs_entity b, uint16_t b_key)
{
	struct gfs_op op = { .code = GFS_OP_PROP_EXCHANGE, .entity = a, .name = a_key, .entity2 = b, .name2 = b_key };
	return gfs_tx_apply(tx, &op);
}
