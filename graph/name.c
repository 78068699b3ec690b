/* Names of labels, types and property keys, and the listings that show them. */
#include "graph/graph_private.h"

/* A name appeared in /labels or /rels, or vanished from there. */
static int tell_listed(struct gfs_tx *tx, enum gfs_catalog_kind kind, uint16_t id)
{
	if (kind == GFS_CATALOG_KEY)
		return 0;
	int err = gfs_tx_touch_counter(tx, kind == GFS_CATALOG_LABEL ? GFS_COUNTER_LABELS_MTIME : GFS_COUNTER_TYPES_MTIME);
	struct gfs_change change = { .kind = GFS_CHANGE_NAME_LISTED, .dir = (uint8_t)kind, .name_id = id };
	return err != 0 ? err : gfs_tx_tell(tx, &change);
}

int gfs_tx_count_name(struct gfs_tx *tx, enum gfs_catalog_kind kind, uint16_t id, int64_t delta)
{
	struct gfs_catalog_entry entry;
	int err = gfs_catalog_get(tx->graph->catalog, kind, id, &entry);
	if (err != 0)
		return err;
	if (delta < 0 && entry.count < (uint64_t)-delta)
		return GFS_ERR_CORRUPT;
	err = gfs_catalog_count(tx->txn, tx->graph->catalog, kind, id, delta);
	bool was_used = entry.count != 0, is_used = entry.count + (uint64_t)delta != 0;
	if (err != 0 || entry.made || was_used == is_used)
		return err;
	return tell_listed(tx, kind, id);
}

int gfs_name_known(const struct gfs_graph *graph, enum gfs_catalog_kind kind, uint16_t id)
{
	struct gfs_catalog_entry entry;
	return gfs_catalog_get(graph->catalog, kind, id, &entry);
}

static int check_kind(unsigned kind)
{
	return kind == GFS_CATALOG_LABEL || kind == GFS_CATALOG_TYPE || kind == GFS_CATALOG_KEY ? 0 : GFS_ERR_CORRUPT;
}

/* A new id, or, when all property keys are taken (temporary files leave names behind), that of a name which no property has any more. `wanted`: the id that
 * replay must give, 0 at first. */
static int make_or_reuse(
	struct gfs_tx *tx, enum gfs_catalog_kind kind, struct gfs_slice name, uint16_t wanted, uint16_t *ret_id)
{
	struct gfs_catalog *catalog = tx->graph->catalog;
	int err = gfs_catalog_add(tx->txn, catalog, kind, name, ret_id);
	if (err != GFS_ERR_LIMIT || kind != GFS_CATALOG_KEY)
		return err;
	*ret_id = wanted;
	err = wanted != 0 ? 0 : gfs_catalog_unused(catalog, kind, ret_id);
	return err != 0 ? err : gfs_catalog_reuse(tx->txn, catalog, kind, *ret_id, name);
}

int gfs_apply_name_make(struct gfs_tx *tx, struct gfs_op *op)
{
	uint16_t id;
	int err = check_kind(op->flags);
	if (err == 0)
		err = gfs_name_check(op->bytes, GFS_NAME_BYTES_MAX);
	if (err == 0)
		err = make_or_reuse(tx, (enum gfs_catalog_kind)op->flags, op->bytes, op->name, &id);
	if (err != 0)
		return err;
	if (op->name != 0 && op->name != id)
		return GFS_ERR_CORRUPT;
	op->name = id;
	return 0;
}

int gfs_name_make(struct gfs_tx *tx, enum gfs_catalog_kind kind, struct gfs_slice name, uint16_t *ret_id)
{
	int err = gfs_catalog_find(tx->graph->catalog, kind, name, ret_id);
	if (err != GFS_ERR_NOTFOUND)
		return err;
	struct gfs_op op = { .code = GFS_OP_NAME_MAKE, .flags = (uint8_t)kind, .bytes = name };
	err = gfs_tx_apply(tx, &op);
	if (err == 0)
		*ret_id = op.name;
	return err;
}

int gfs_apply_name_made(struct gfs_tx *tx, struct gfs_op *op)
{
	enum gfs_catalog_kind kind = (enum gfs_catalog_kind)(op->flags >> 1);
	struct gfs_catalog_entry entry;
	int err = check_kind(op->flags >> 1);
	if (err == 0)
		err = gfs_catalog_get(tx->graph->catalog, kind, op->name, &entry);
	if (err == 0)
		err = gfs_catalog_set_made(tx->txn, tx->graph->catalog, kind, op->name, op->flags & 1);
	if (err != 0 || entry.count != 0)
		return err;
	return tell_listed(tx, kind, op->name);
}

int gfs_name_set_made(struct gfs_tx *tx, enum gfs_catalog_kind kind, uint16_t id, bool made)
{
	struct gfs_catalog_entry entry;
	int err = gfs_catalog_get(tx->graph->catalog, kind, id, &entry);
	if (err != 0 || entry.made == made)
		return err;
	struct gfs_op op = { .code = GFS_OP_NAME_MADE, .flags = (uint8_t)(kind << 1 | made), .name = id };
	return gfs_tx_apply(tx, &op);
}
