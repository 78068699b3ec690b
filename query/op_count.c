/* How many nodes or relationships there are, as the catalog and the counters know it: one row for each of the input's. */
#include "query/op.h"

static int open_count(struct gfs_op *op)
{
	return gfs_op_make_out(op, &op->plan->count.slot, 1);
}

static int count_named(struct gfs_op *op, uint64_t *ret_count)
{
	enum gfs_catalog_kind kind = op->plan->count.relationships ? GFS_CATALOG_TYPE : GFS_CATALOG_LABEL;
	*ret_count = 0;
	for (uint32_t i = 0; i < op->plan->count.names.count; i++) {
		struct gfs_catalog_entry entry;
		uint16_t id = gfs_exec_name(op->exec, op->plan->count.names.ids[i]);
		if (id == 0)
			continue;
		int err = gfs_catalog_get(gfs_graph_catalog(op->exec->graph), kind, id, &entry);
		if (err != 0)
			return gfs_exec_store_error(op->exec, err);
		*ret_count += entry.count;
	}
	return 0;
}

static int next_count(struct gfs_op *op, struct gfs_batch **ret_batch)
{
	struct gfs_batch *batch;
	uint64_t count;
	int err = gfs_op_next(op->input, &batch);
	if (err != 0 || batch == NULL)
		return err;
	if (op->plan->count.names.count != 0)
		err = count_named(op, &count);
	else
		count = gfs_store_counter(
			gfs_graph_store(op->exec->graph), op->plan->count.relationships ? GFS_COUNTER_RELS : GFS_COUNTER_NODES);
	if (err != 0)
		return err;
	op->out.count = 1; /* the leaf below gives one row */
	op->out.columns[op->plan->count.slot][0] = gfs_datum_integer((int64_t)count);
	*ret_batch = &op->out;
	return 0;
}

const struct gfs_op_vtable gfs_op_count_vtable = {
	.size = sizeof(struct gfs_op), .open = open_count, .next = next_count
};
