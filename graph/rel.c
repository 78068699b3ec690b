/* Relationships: records, the chains of both ends, the set of the type, adjacency. */
#include "graph/owner.h"

#include "store/heap.h"

#include <assert.h>

/* ---- chains ---- */

static uint64_t *link_prev(struct gfs_rel_record *record, enum gfs_direction dir)
{
	return dir == GFS_OUT ? &record->start_prev : &record->end_prev;
}

static uint64_t *link_next(struct gfs_rel_record *record, enum gfs_direction dir)
{
	return dir == GFS_OUT ? &record->start_next : &record->end_next;
}

static uint64_t *chain_head(struct gfs_node_record *record, enum gfs_direction dir)
{
	return dir == GFS_OUT ? &record->first_out : &record->first_in;
}

static int neighbour_read(struct gfs_tx *tx, uint64_t id, struct gfs_rel_record *ret_record)
{
	int err = gfs_rel_record_read(tx->graph->store, id, ret_record);
	return err == 0 && !ret_record->exists ? GFS_ERR_CORRUPT : err;
}

/* Makes `next` point back to `id`, which was written before it in the chain. */
static int link_back(struct gfs_tx *tx, uint64_t next, enum gfs_direction dir, uint64_t id)
{
	struct gfs_rel_record record;
	if (next == GFS_ID_NONE)
		return 0;
	int err = neighbour_read(tx, next, &record);
	if (err != 0)
		return err;
	if (next == id)
		return GFS_ERR_CORRUPT;
	*link_prev(&record, dir) = id;
	return gfs_object_write_rel(tx, next, &record);
}

/* The records of both ends; one when they are the same. */
struct ends {
	struct gfs_node_record start, end;
	bool loop;
};

static int ends_read(struct gfs_tx *tx, uint64_t start, uint64_t end, struct ends *ret)
{
	int err = gfs_node_get(tx->graph, start, &ret->start);
	ret->loop = start == end;
	if (err == 0)
		err = gfs_node_get(tx->graph, end, &ret->end);
	return err;
}

static struct gfs_node_record *end_of(struct ends *ends, enum gfs_direction dir)
{
	assert(dir == GFS_OUT || dir == GFS_IN);
	return dir == GFS_OUT || ends->loop ? &ends->start : &ends->end;
}

static int ends_write(struct gfs_tx *tx, uint64_t start, uint64_t end, const struct ends *ends)
{
	int err = gfs_object_write_node(tx, start, &ends->start);
	if (err == 0 && !ends->loop)
		err = gfs_object_write_node(tx, end, &ends->end);
	return err;
}

int gfs_rel_link(struct gfs_tx *tx, uint64_t id, struct gfs_rel_record *record)
{
	struct ends ends;
	assert(id != GFS_ID_NONE && record->exists);
	int err = ends_read(tx, record->start, record->end, &ends);
	if (err != 0)
		return err;
	for (int dir = GFS_OUT; dir <= GFS_IN; dir++) {
		uint64_t *head = chain_head(end_of(&ends, dir), dir);
		*link_prev(record, dir) = GFS_ID_NONE;
		*link_next(record, dir) = *head;
		*head = id;
	}
	err = gfs_object_write_rel(tx, id, record);
	if (err == 0)
		err = link_back(tx, record->start_next, GFS_OUT, id);
	if (err == 0)
		err = link_back(tx, record->end_next, GFS_IN, id);
	return err != 0 ? err : ends_write(tx, record->start, record->end, &ends);
}

static int unlink_one(struct gfs_tx *tx, uint64_t id, enum gfs_direction dir, struct ends *ends)
{
	struct gfs_rel_record record, before;
	int err = neighbour_read(tx, id, &record);
	if (err != 0)
		return err;
	uint64_t prev = *link_prev(&record, dir), next = *link_next(&record, dir);
	uint64_t *head = chain_head(end_of(ends, dir), dir);
	if (prev == GFS_ID_NONE) {
		if (*head != id)
			return GFS_ERR_CORRUPT;
		*head = next;
	} else {
		err = neighbour_read(tx, prev, &before);
		if (err != 0)
			return err;
		if (*link_next(&before, dir) != id)
			return GFS_ERR_CORRUPT;
		*link_next(&before, dir) = next;
		err = gfs_object_write_rel(tx, prev, &before);
		if (err != 0)
			return err;
	}
	return link_back(tx, next, dir, prev);
}

/* ---- what goes with a relationship ---- */

int gfs_rel_enter(struct gfs_tx *tx, uint64_t id, uint16_t type, uint64_t start, uint64_t end)
{
	struct gfs_change change = {
		.kind = GFS_CHANGE_REL_CREATED, .id = id, .name_id = type, .start = start, .end = end
	};
	int err = gfs_idset_add(tx->txn, tx->graph->sets, GFS_IDSET_TYPE, type, id);
	if (err == 0)
		err = gfs_tx_count_name(tx, GFS_CATALOG_TYPE, type, 1);
	if (err == 0)
		err = gfs_tx_add_counter(tx, GFS_COUNTER_RELS, 1);
	return err != 0 ? err : gfs_tx_tell(tx, &change);
}

/* After the first relationship of a folder came (count 1) or the last one went (count 0). */
static int tell_folder(struct gfs_tx *tx, uint64_t node, enum gfs_direction dir, uint16_t type, uint64_t count)
{
	struct gfs_adj_type folder;
	assert(count <= 1);
	if (!gfs_tx_tells(tx))
		return 0;
	int err = gfs_adj_type(tx->graph->adj, node, dir, type, &folder);
	if (err != 0 || folder.made || folder.count != count)
		return err;
	struct gfs_change change = { .kind = GFS_CHANGE_FOLDER_LISTED, .id = node, .dir = (uint8_t)dir, .name_id = type };
	return gfs_tx_tell(tx, &change);
}

static int rel_id(struct gfs_tx *tx, struct gfs_op *op)
{
	struct gfs_rel_record there;
	if (op->id == GFS_ID_NONE)
		return gfs_rel_id_new(tx->txn, &op->id);
	int err = gfs_rel_record_read(tx->graph->store, op->id, &there);
	if (err == 0 && there.exists)
		err = GFS_ERR_EXISTS;
	return err != 0 ? err : gfs_rel_id_take(tx->txn, op->id);
}

int gfs_rel_prepare(struct gfs_tx *tx, struct gfs_op *op, struct gfs_rel_record *ret_record)
{
	int err = gfs_name_known(tx->graph, GFS_CATALOG_TYPE, op->name);
	if (err == 0)
		err = rel_id(tx, op);
	if (err != 0)
		return err;
	assert(op->id != GFS_ID_NONE);
	*ret_record = (struct gfs_rel_record){
		.exists = true,
		.type = op->name,
		.start = op->start,
		.end = op->end,
		.mtime_ns = op->number != 0 ? op->number : gfs_txn_time_ns(tx->txn),
	};
	return 0;
}

/* ---- create and delete ---- */

int gfs_apply_rel_create(struct gfs_tx *tx, struct gfs_op *op)
{
	struct gfs_rel_record record;
	int err = gfs_pending_write(tx);
	if (err == 0)
		err = gfs_rel_prepare(tx, op, &record);
	if (err == 0)
		err = gfs_rel_link(tx, op->id, &record);
	if (err == 0)
		err = gfs_adj_add(
			tx->txn, tx->graph->adj, op->start, GFS_OUT, op->name, (struct gfs_adj_entry){ op->end, op->id });
	if (err == 0)
		err = gfs_adj_add(
			tx->txn, tx->graph->adj, op->end, GFS_IN, op->name, (struct gfs_adj_entry){ op->start, op->id });
	if (err == 0)
		err = gfs_rel_enter(tx, op->id, op->name, op->start, op->end);
	if (err == 0)
		err = tell_folder(tx, op->start, GFS_OUT, op->name, 1);
	return err != 0 ? err : tell_folder(tx, op->end, GFS_IN, op->name, 1);
}

int gfs_rel_create(struct gfs_tx *tx, uint16_t type, uint64_t start, uint64_t end, uint64_t *ret_id)
{
	struct gfs_op op = { .code = GFS_OP_REL_CREATE, .name = type, .start = start, .end = end };
	int err = gfs_tx_apply(tx, &op);
	if (err == 0)
		*ret_id = op.id;
	return err;
}

static int delete_row(struct gfs_tx *tx, uint64_t row_id)
{
	if (row_id == 0)
		return 0;
	{
		GFS_AUTO_ROW ref = GFS_ROW_REF_INIT;
		int err = gfs_row_ref_get(tx->graph, row_id, &ref);
		if (err == 0)
			err = gfs_row_free_items(tx, &ref.row);
		if (err != 0)
			return err;
	}
	return gfs_heap_delete(tx->txn, row_id);
}

/* Takes the relationship out of both chains and clears its record. */
static int unlink_rel(struct gfs_tx *tx, uint64_t id, const struct gfs_rel_record *record, struct ends *ends)
{
	struct gfs_rel_record nothing = { 0 };
	int err = ends_read(tx, record->start, record->end, ends);
	if (err == 0)
		err = unlink_one(tx, id, GFS_OUT, ends);
	if (err == 0)
		err = unlink_one(tx, id, GFS_IN, ends);
	if (err == 0)
		err = ends_write(tx, record->start, record->end, ends);
	if (err == 0)
		err = gfs_object_write_rel(tx, id, &nothing);
	return err == GFS_ERR_NOTFOUND ? GFS_ERR_CORRUPT : err;
}

static int forget_rel(struct gfs_tx *tx, uint64_t id, const struct gfs_rel_record *r)
{
	int err = gfs_adj_remove(tx->txn, tx->graph->adj, r->start, GFS_OUT, r->type, (struct gfs_adj_entry){ r->end, id });
	if (err == 0)
		err = gfs_adj_remove(tx->txn, tx->graph->adj, r->end, GFS_IN, r->type, (struct gfs_adj_entry){ r->start, id });
	if (err == 0)
		err = gfs_idset_remove(tx->txn, tx->graph->sets, GFS_IDSET_TYPE, r->type, id);
	if (err == 0)
		err = gfs_tx_count_name(tx, GFS_CATALOG_TYPE, r->type, -1);
	if (err == 0)
		err = gfs_tx_add_counter(tx, GFS_COUNTER_RELS, -1);
	if (err == 0)
		err = gfs_rel_id_free(tx->txn, id);
	return err == GFS_ERR_NOTFOUND ? GFS_ERR_CORRUPT : err;
}

int gfs_apply_rel_delete(struct gfs_tx *tx, struct gfs_op *op)
{
	struct gfs_rel_record record;
	struct ends ends;
	int err = gfs_pending_write(tx);
	if (err == 0)
		err = gfs_rel_get(tx->graph, op->id, &record);
	if (err == 0)
		err = delete_row(tx, record.row_id);
	if (err == 0)
		err = unlink_rel(tx, op->id, &record, &ends);
	if (err == 0)
		err = forget_rel(tx, op->id, &record);
	if (err != 0)
		return err;
	assert(ends.loop == (record.start == record.end));
	struct gfs_change change = {
		.kind = GFS_CHANGE_REL_DELETED,
		.id = op->id,
		.name_id = record.type,
		.start = record.start,
		.end = record.end,
		.start_generation = ends.start.link_generation,
		.end_generation = end_of(&ends, GFS_IN)->link_generation,
	};
	err = gfs_tx_tell(tx, &change);
	if (err == 0)
		err = tell_folder(tx, record.start, GFS_OUT, record.type, 0);
	return err != 0 ? err : tell_folder(tx, record.end, GFS_IN, record.type, 0);
}

int gfs_rel_delete(struct gfs_tx *tx, uint64_t id)
{
	struct gfs_op op = { .code = GFS_OP_REL_DELETE, .id = id };
	return gfs_tx_apply(tx, &op);
}

/* ---- reading and the rest ---- */

int gfs_rel_get(struct gfs_graph *graph, uint64_t id, struct gfs_rel_record *ret_record)
{
	struct gfs_rel_record record;
	const struct gfs_object *object = gfs_object_get(graph, (struct gfs_entity){ GFS_REL, id });
	if (object != NULL) {
		*ret_record = object->rel;
		gfs_object_put(graph, object);
		return 0;
	}
	int err = gfs_rel_record_read(graph->store, id, &record);
	if (err == 0 && !record.exists)
		err = GFS_ERR_NOTFOUND;
	if (err == 0)
		*ret_record = record;
	return err;
}

int gfs_apply_rel_mtime(struct gfs_tx *tx, struct gfs_op *op)
{
	struct gfs_owner owner;
	int err = gfs_owner_load(tx->graph, (struct gfs_entity){ GFS_REL, op->id }, &owner);
	return err != 0 ? err : gfs_owner_set_mtime(tx, &owner, op->number != 0 ? op->number : gfs_txn_time_ns(tx->txn));
}

int gfs_rel_set_mtime(struct gfs_tx *tx, uint64_t id, uint64_t mtime_ns)
{
	struct gfs_op op = { .code = GFS_OP_REL_MTIME, .id = id, .number = mtime_ns };
	return gfs_tx_apply(tx, &op);
}

/* ---- by the indexes, or by the chains ---- */

int gfs_type_rels(struct gfs_graph *graph, uint16_t type, uint64_t from, uint64_t *ids, size_t max, size_t *ret_count)
{
	int err = gfs_name_known(graph, GFS_CATALOG_TYPE, type);
	if (err != 0)
		return err;
	if (gfs_graph_rel_index(graph))
		return gfs_idset_list(graph->sets, GFS_IDSET_TYPE, type, from, ids, max, ret_count);
	struct gfs_set_term term = { .op = GFS_SET_NAME, .name = type };
	struct gfs_set_expr only = { .kind = GFS_IDSET_TYPE, .terms = &term, .count = 1, .open = 1 };
	return gfs_scan_rels(graph, &only, from, ids, max, ret_count);
}

/* What has relationships exists. A node without any is looked up before that is said of it. */
static int known_if(bool found, struct gfs_graph *graph, uint64_t node)
{
	struct gfs_node_record record;
	return found ? 0 : gfs_node_get(graph, node, &record);
}

int gfs_rels_types(struct gfs_graph *graph, uint64_t node, enum gfs_direction dir, uint16_t from,
	struct gfs_adj_type *types, size_t max, size_t *ret_count)
{
	if (!gfs_graph_rel_index(graph))
		return gfs_chain_types(graph, node, dir, from, types, max, ret_count);
	size_t count;
	int err = gfs_adj_types(graph->adj, node, dir, from, types, max, &count);
	if (err == 0)
		err = known_if(count > 0, graph, node);
	if (err == 0)
		*ret_count = count;
	return err;
}

int gfs_rels_type(
	struct gfs_graph *graph, uint64_t node, enum gfs_direction dir, uint16_t type, struct gfs_adj_type *ret_type)
{
	if (!gfs_graph_rel_index(graph))
		return gfs_chain_type(graph, node, dir, type, ret_type);
	struct gfs_adj_type found;
	int err = gfs_adj_type(graph->adj, node, dir, type, &found);
	if (err == 0)
		err = known_if(found.count > 0, graph, node);
	if (err == 0)
		*ret_type = found;
	return err;
}

int gfs_rels_mtime(struct gfs_graph *graph, uint64_t node, enum gfs_direction dir, uint64_t *ret_mtime_ns)
{
	uint64_t mtime_ns;
	int err = gfs_adj_mtime(graph->adj, node, dir, &mtime_ns);
	if (err == 0)
		err = known_if(mtime_ns > 0, graph, node);
	if (err == 0)
		*ret_mtime_ns = mtime_ns;
	return err;
}

int gfs_rels_list(struct gfs_graph *graph, uint64_t node, enum gfs_direction dir, uint16_t type,
	struct gfs_adj_entry from, struct gfs_adj_entry *entries, size_t max, size_t *ret_count)
{
	if (!gfs_graph_rel_index(graph))
		return gfs_chain_list(graph, node, dir, type, from, entries, max, ret_count);
	size_t count;
	int err = gfs_adj_list(graph->adj, node, dir, type, from, entries, max, &count);
	if (err == 0)
		err = known_if(count > 0, graph, node);
	if (err == 0)
		*ret_count = count;
	return err;
}

int gfs_rels_pair(struct gfs_graph *graph, uint64_t node, enum gfs_direction dir, uint16_t type, uint64_t other,
	uint64_t *rels, size_t max, size_t *ret_count)
{
	if (!gfs_graph_rel_index(graph))
		return gfs_chain_pair(graph, node, dir, type, other, rels, max, ret_count);
	size_t count;
	int err = gfs_adj_pair(graph->adj, node, dir, type, other, rels, max, &count);
	if (err == 0)
		err = known_if(count > 0, graph, node);
	if (err == 0)
		*ret_count = count;
	return err;
}

/* ---- folders ---- */

int gfs_apply_folder_made(struct gfs_tx *tx, struct gfs_op *op)
{
	enum gfs_direction dir = op->flags >> 1 & 1 ? GFS_IN : GFS_OUT;
	struct gfs_adj_type folder;
	int err = gfs_name_known(tx->graph, GFS_CATALOG_TYPE, op->name);
	if (err == 0)
		err = gfs_rels_type(tx->graph, op->id, dir, op->name, &folder);
	if (err == 0)
		err = gfs_adj_set_made(tx->txn, tx->graph->adj, op->id, dir, op->name, op->flags & 1);
	if (err != 0 || folder.count != 0)
		return err;
	struct gfs_change change = {
		.kind = GFS_CHANGE_FOLDER_LISTED,
		.id = op->id,
		.dir = (uint8_t)dir,
		.name_id = op->name,
	};
	return gfs_tx_tell(tx, &change);
}

int gfs_folder_set_made(struct gfs_tx *tx, uint64_t node, enum gfs_direction dir, uint16_t type, bool made)
{
	struct gfs_op op = { .code = GFS_OP_FOLDER_MADE, .id = node, .name = type, .flags = (uint8_t)(dir << 1 | made) };
	struct gfs_adj_type folder;
	int err = gfs_bulk_finish(tx);
	if (err == 0)
		err = gfs_rels_type(tx->graph, node, dir, type, &folder);
	if (err != 0)
		return err;
	if (!made && folder.count != 0)
		return GFS_ERR_NOTEMPTY;
	return folder.made == made ? 0 : gfs_tx_apply(tx, &op);
}
