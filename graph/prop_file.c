/* Properties as files: reading and writing the text.
 *
 * Types under writes. A declared type is one that Cypher, an import or the xattr gave and that the text alone would not give. A write looks
 * at the new text:
 *   - the text fits the declared type: it has that type. When it would have it by itself as well, the declared type is kept beside
 *     the value as latent, so that a later text is read by it again ('30' declared a string, then "abc", then "31": a string).
 *   - it does not fit: the value has the type that the text gives, and the declared type is latent.
 *   - gfs_prop_settle, when the last writer closes, drops a latent type that the text does not fit. An empty text keeps it: that is
 *     what is left of a file between truncate and write.
 * A new value from Cypher or an import forgets what was declared before.
 *
 * A text of GFS_ROW_VALUE_BYTES_MAX bytes or more lies raw in a blob. A write into one leaves its type open (tag 0, a declared type latent) and
 * touches only the pages it writes; reading it as a value, or settling it, looks at the text. */
#include "graph/owner.h"

#include "base/checked.h"
#include "store/blob.h"

#include <assert.h>
#include <string.h>

/* ---- reading ---- */

static int read_inline(struct gfs_graph *graph, const struct gfs_row_item *item, uint64_t offset, void *data,
	size_t size, size_t *ret_size)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	int err = gfs_item_text(graph, item, &text);
	if (err != 0)
		return err;
	*ret_size = offset < text.size ? GFS_MIN(size, text.size - offset) : 0;
	if (*ret_size != 0)
		memcpy(data, text.data + offset, *ret_size);
	return 0;
}

int gfs_prop_read(struct gfs_graph *graph, struct gfs_entity entity, uint16_t key, uint64_t offset, void *data,
	size_t size, size_t *ret_size)
{
	GFS_AUTO_PROP ref = GFS_PROP_REF_INIT;
	int err = gfs_prop_ref_look(graph, entity, key, &ref);
	if (err != 0)
		return err;
	if (ref.item.is_blob)
		return gfs_blob_read(graph->store, ref.item.blob_id, offset, data, size, ret_size);
	return read_inline(graph, &ref.item, offset, data, size, ret_size);
}

/* ---- creating ---- */

int gfs_apply_prop_create(struct gfs_tx *tx, struct gfs_op *op)
{
	GFS_AUTO_PROP ref = GFS_PROP_REF_INIT;
	struct gfs_row_item item = { .key = op->name };
	int err = gfs_name_known(tx->graph, GFS_CATALOG_KEY, op->name);
	if (err == 0)
		err = gfs_prop_ref_load(tx->graph, op->entity, op->name, &ref);
	if (err == 0 && ref.found)
		err = GFS_ERR_EXISTS;
	if (err == 0)
		err = gfs_item_put_text(tx, &item, (struct gfs_slice){ 0 }, GFS_TYPE_NULL);
	return err != 0 ? err : gfs_prop_place(tx, &ref, &item);
}

int gfs_prop_create(struct gfs_tx *tx, struct gfs_entity entity, uint16_t key)
{
	struct gfs_op op = { .code = GFS_OP_PROP_CREATE, .entity = entity, .name = key };
	return gfs_tx_apply(tx, &op);
}

/* ---- writing ---- */

/* The present text, in tx->text. */
static int load_text(struct gfs_tx *tx, const struct gfs_row_item *item)
{
	gfs_buf_clear(&tx->text);
	return gfs_item_text(tx->graph, item, &tx->text);
}

/* Makes tx->text `size` bytes long, with zeros where it grows. */
static int resize_text(struct gfs_tx *tx, size_t size)
{
	size_t old = tx->text.size;
	if (size > old) {
		uint8_t *more = gfs_buf_extend(&tx->text, size - old);
		if (more == NULL)
			return GFS_ERR_NOMEM;
		memset(more, 0, size - old);
	}
	tx->text.size = size;
	return 0;
}

/* The blob was changed: what it is will be seen when somebody asks. */
static int leave_open(struct gfs_tx *tx, struct gfs_row_item *item, enum gfs_type declared)
{
	uint32_t tag;
	assert(item->is_blob && declared < GFS_TYPE_COUNT);
	item->latent = (uint8_t)declared;
	int err = gfs_blob_tag(tx->graph->store, item->blob_id, &tag);
	return err != 0 || tag == 0 ? err : gfs_blob_set_tag(tx->txn, item->blob_id, 0);
}

/* Moves a text out of the row, cut to `keep` bytes. */
static int move_out(struct gfs_tx *tx, struct gfs_row_item *item, size_t keep, enum gfs_type declared)
{
	assert(!item->is_blob);
	item->latent = (uint8_t)declared;
	return gfs_item_put_blob(tx, item, gfs_slice(tx->text.data, GFS_MIN(keep, tx->text.size)), 0);
}

static int write_inline(
	struct gfs_tx *tx, struct gfs_row_item *item, uint64_t offset, struct gfs_slice data, enum gfs_type declared)
{
	int err = load_text(tx, item);
	if (err != 0)
		return err;
	uint64_t size = GFS_MAX(tx->text.size, offset + data.size);
	if (size >= GFS_ROW_VALUE_BYTES_MAX) {
		err = move_out(tx, item, SIZE_MAX, declared);
		return err != 0 ? err : gfs_blob_write(tx->txn, item->blob_id, offset, data.data, data.size);
	}
	err = resize_text(tx, size);
	if (err != 0)
		return err;
	assert(offset + data.size <= tx->text.size);
	memcpy(tx->text.data + offset, data.data, data.size);
	return gfs_item_put_text(tx, item, gfs_buf_slice(&tx->text), declared);
}

int gfs_apply_prop_write(struct gfs_tx *tx, struct gfs_op *op)
{
	GFS_AUTO_PROP ref = GFS_PROP_REF_INIT;
	enum gfs_type declared;
	uint64_t end;
	int err = gfs_prop_ref_get(tx->graph, op->entity, op->name, &ref);
	if (err != 0)
		return err;
	if (gfs_add_overflows(op->number, (uint64_t)op->bytes.size, &end) || end > GFS_VALUE_BYTES_MAX)
		return GFS_ERR_TOOBIG;
	struct gfs_row_item item = ref.item;
	err = gfs_item_declared(tx->graph, &item, &declared);
	if (err != 0)
		return err;
	if (item.is_blob) {
		err = gfs_blob_write(tx->txn, item.blob_id, op->number, op->bytes.data, op->bytes.size);
		if (err == 0)
			err = leave_open(tx, &item, declared);
	} else {
		err = write_inline(tx, &item, op->number, op->bytes, declared);
	}
	return err != 0 ? err : gfs_prop_place(tx, &ref, &item);
}

int gfs_prop_write(struct gfs_tx *tx, struct gfs_entity entity, uint16_t key, uint64_t offset, struct gfs_slice data)
{
	struct gfs_op op = { .code = GFS_OP_PROP_WRITE, .entity = entity, .name = key, .number = offset, .bytes = data };
	if (data.size != 0)
		return gfs_tx_apply(tx, &op);
	GFS_AUTO_PROP ref = GFS_PROP_REF_INIT;
	return gfs_prop_ref_look(tx->graph, entity, key, &ref);
}

static int truncate_inline(struct gfs_tx *tx, struct gfs_row_item *item, uint64_t size, enum gfs_type declared)
{
	int err = load_text(tx, item);
	if (err != 0)
		return err;
	if (size >= GFS_ROW_VALUE_BYTES_MAX) {
		err = move_out(tx, item, size, declared);
		return err != 0 ? err : gfs_blob_truncate(tx->txn, item->blob_id, size);
	}
	err = resize_text(tx, size);
	return err != 0 ? err : gfs_item_put_text(tx, item, gfs_buf_slice(&tx->text), declared);
}

static int truncate_blob(struct gfs_tx *tx, struct gfs_row_item *item, uint64_t size, enum gfs_type declared)
{
	int err = gfs_blob_truncate(tx->txn, item->blob_id, size);
	if (err != 0)
		return err;
	if (size >= GFS_ROW_VALUE_BYTES_MAX)
		return leave_open(tx, item, declared);
	err = load_text(tx, item);
	if (err != 0)
		return err;
	item->is_blob = false;
	item->blob_id = 0; /* gfs_prop_place frees the old one */
	return gfs_item_put_text(tx, item, gfs_buf_slice(&tx->text), declared);
}

int gfs_apply_prop_truncate(struct gfs_tx *tx, struct gfs_op *op)
{
	GFS_AUTO_PROP ref = GFS_PROP_REF_INIT;
	enum gfs_type declared;
	int err = gfs_prop_ref_get(tx->graph, op->entity, op->name, &ref);
	if (err != 0)
		return err;
	if (op->number > GFS_VALUE_BYTES_MAX)
		return GFS_ERR_TOOBIG;
	struct gfs_row_item item = ref.item;
	err = gfs_item_declared(tx->graph, &item, &declared);
	if (err == 0)
		err = item.is_blob ? truncate_blob(tx, &item, op->number, declared)
						   : truncate_inline(tx, &item, op->number, declared);
	return err != 0 ? err : gfs_prop_place(tx, &ref, &item);
}

int gfs_prop_truncate(struct gfs_tx *tx, struct gfs_entity entity, uint16_t key, uint64_t size)
{
	struct gfs_op op = { .code = GFS_OP_PROP_TRUNCATE, .entity = entity, .name = key, .number = size };
	return gfs_tx_apply(tx, &op);
}

/* ---- settling ---- */

/* What a settled item would look like; *ret_tag is a blob's. */
static int settle_blob(struct gfs_tx *tx, struct gfs_row_item *item, uint32_t *ret_tag)
{
	enum gfs_type declared = (enum gfs_type)item->latent, latent;
	struct gfs_value value;
	bool is_utf8;
	if (declared == GFS_TYPE_NULL) {
		int err = gfs_blob_look(tx->graph, item->blob_id, NULL, &is_utf8, NULL);
		*ret_tag = GFS_BLOB_TAG(is_utf8 ? GFS_TYPE_STRING : GFS_TYPE_BYTES, false);
		return err;
	}
	int err = load_text(tx, item);
	if (err == 0)
		err = gfs_text_value(gfs_buf_slice(&tx->text), declared, &tx->arena, &value, &latent);
	if (err != 0)
		return err;
	item->latent = (uint8_t)(value.type == latent ? latent : GFS_TYPE_NULL);
	*ret_tag = GFS_BLOB_TAG(value.type, value.declared);
	return 0;
}

static int is_unsettled(struct gfs_graph *graph, const struct gfs_row_item *item, bool *ret_unsettled)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_value value;
	uint32_t tag;
	*ret_unsettled = false;
	if (item->is_blob) {
		int err = gfs_blob_tag(graph->store, item->blob_id, &tag);
		*ret_unsettled = err == 0 && GFS_BLOB_TAG_TYPE(tag) == GFS_TYPE_NULL;
		return err;
	}
	if (item->latent == GFS_TYPE_NULL)
		return 0;
	int err = gfs_value_decode(item->value, &arena, &value);
	if (err == 0 && value.type != (enum gfs_type)item->latent)
		*ret_unsettled = value.type != GFS_TYPE_STRING || value.bytes.size != 0 || value.newline;
	return err;
}

int gfs_apply_prop_settle(struct gfs_tx *tx, struct gfs_op *op)
{
	GFS_AUTO_PROP ref = GFS_PROP_REF_INIT;
	bool unsettled;
	uint32_t tag;
	int err = gfs_prop_ref_get(tx->graph, op->entity, op->name, &ref);
	if (err == 0)
		err = is_unsettled(tx->graph, &ref.item, &unsettled);
	if (err != 0 || !unsettled)
		return err;
	struct gfs_row_item item = ref.item;
	item.mtime_ns = gfs_item_mtime(&ref.owner, &item);
	if (item.is_blob) {
		err = settle_blob(tx, &item, &tag);
		if (err == 0)
			err = gfs_blob_set_tag(tx->txn, item.blob_id, tag);
	} else {
		item.latent = GFS_TYPE_NULL;
	}
	if (err != 0 || item.latent == ref.item.latent)
		return err;
	return gfs_owner_edit(tx, &ref.owner, &ref.row.row, item.key, &item, GFS_TOUCH_NOTHING);
}

int gfs_prop_is_unsettled(struct gfs_graph *graph, struct gfs_entity entity, uint16_t key, bool *ret_unsettled)
{
	GFS_AUTO_PROP ref = GFS_PROP_REF_INIT;
	int err = gfs_prop_ref_look(graph, entity, key, &ref);
	return err != 0 ? err : is_unsettled(graph, &ref.item, ret_unsettled);
}

int gfs_prop_settle(struct gfs_tx *tx, struct gfs_entity entity, uint16_t key)
{
	struct gfs_op op = { .code = GFS_OP_PROP_SETTLE, .entity = entity, .name = key };
	bool unsettled;
	int err = gfs_prop_is_unsettled(tx->graph, entity, key, &unsettled);
	return err != 0 || !unsettled ? err : gfs_tx_apply(tx, &op);
}

/* ---- type and time ---- */

/* The payload of `item`, read as `value`, whose text is in tx->text. A blob stays where it is. */
static int retype(struct gfs_tx *tx, struct gfs_row_item *item, const struct gfs_value *value)
{
	uint32_t tag = GFS_BLOB_TAG(value->type, value->declared);
	item->latent = GFS_TYPE_NULL;
	if (item->is_blob)
		return gfs_blob_set_tag(tx->txn, item->blob_id, tag);
	gfs_buf_clear(&tx->value);
	int err = gfs_value_encode(value, &tx->value);
	if (err == 0)
		err = gfs_buf_failed(&tx->value);
	if (err != 0)
		return err;
	if (tx->value.size > GFS_ROW_VALUE_BYTES_MAX)
		return gfs_item_put_blob(tx, item, gfs_buf_slice(&tx->text), tag);
	item->value = gfs_buf_slice(&tx->value);
	return 0;
}

/* Saves an item whose text is as before. */
static int place_same_text(struct gfs_tx *tx, struct gfs_prop_ref *ref, const struct gfs_row_item *item)
{
	struct gfs_change change = {
		.kind = GFS_CHANGE_PROP_CHANGED,
		.entity = (uint8_t)ref->owner.entity.kind,
		.id = ref->owner.entity.id,
		.name_id = item->key,
	};
	int err = gfs_owner_edit(tx, &ref->owner, &ref->row.row, item->key, item, GFS_TOUCH_CTIME);
	if (err == 0)
		err = gfs_catalog_touch(tx->txn, tx->graph->catalog, GFS_CATALOG_KEY, item->key);
	return err != 0 ? err : gfs_tx_tell(tx, &change);
}

int gfs_apply_prop_type(struct gfs_tx *tx, struct gfs_op *op)
{
	GFS_AUTO_PROP ref = GFS_PROP_REF_INIT;
	struct gfs_value value;
	if (op->flags == GFS_TYPE_NULL || op->flags >= GFS_TYPE_COUNT)
		return GFS_ERR_INVALID;
	int err = gfs_prop_ref_get(tx->graph, op->entity, op->name, &ref);
	if (err == 0)
		err = load_text(tx, &ref.item);
	if (err == 0)
		err = gfs_value_parse((enum gfs_type)op->flags, gfs_buf_slice(&tx->text), &tx->arena, &value);
	if (err != 0)
		return err;
	struct gfs_row_item item = ref.item;
	item.mtime_ns = gfs_item_mtime(&ref.owner, &item);
	err = retype(tx, &item, &value);
	return err != 0 ? err : place_same_text(tx, &ref, &item);
}

int gfs_prop_set_type(struct gfs_tx *tx, struct gfs_entity entity, uint16_t key, enum gfs_type type)
{
	struct gfs_op op = { .code = GFS_OP_PROP_TYPE, .entity = entity, .name = key, .flags = (uint8_t)type };
	return gfs_tx_apply(tx, &op);
}

int gfs_apply_prop_mtime(struct gfs_tx *tx, struct gfs_op *op)
{
	GFS_AUTO_PROP ref = GFS_PROP_REF_INIT;
	int err = gfs_prop_ref_get(tx->graph, op->entity, op->name, &ref);
	if (err != 0)
		return err;
	struct gfs_row_item item = ref.item;
	item.mtime_ns = op->number != 0 ? op->number : gfs_txn_time_ns(tx->txn);
	return place_same_text(tx, &ref, &item);
}

int gfs_prop_set_mtime(struct gfs_tx *tx, struct gfs_entity entity, uint16_t key, uint64_t mtime_ns)
{
	struct gfs_op op = { .code = GFS_OP_PROP_MTIME, .entity = entity, .name = key, .number = mtime_ns };
	return gfs_tx_apply(tx, &op);
}

int gfs_apply_prop_access(struct gfs_tx *tx, struct gfs_op *op)
{
	GFS_AUTO_PROP ref = GFS_PROP_REF_INIT;
	if (op->meta.mode & ~0777u)
		return GFS_ERR_INVALID;
	int err = gfs_prop_ref_get(tx->graph, op->entity, op->name, &ref);
	if (err != 0)
		return err;
	struct gfs_row_item item = ref.item;
	item.mtime_ns = gfs_item_mtime(&ref.owner, &item);
	item.has_access = op->flags != 0;
	item.access = (struct gfs_access){ .uid = op->meta.uid, .gid = op->meta.gid, .mode = op->meta.mode };
	return place_same_text(tx, &ref, &item);
}

int gfs_prop_set_access(struct gfs_tx *tx, struct gfs_entity entity, uint16_t key, const struct gfs_access *access)
{
	struct gfs_op op = { .code = GFS_OP_PROP_ACCESS, .entity = entity, .name = key, .flags = access != NULL };
	if (access != NULL)
		op.meta = (struct gfs_node_meta){ .uid = access->uid, .gid = access->gid, .mode = access->mode };
	return gfs_tx_apply(tx, &op);
}
