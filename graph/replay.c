/* Recovery: applies the log records of one committed transaction again. */
#include "graph/graph_private.h"

/* A record that was applied once cannot fail for its contents: when it does, log and checkpoint do not belong together. */
static int replay_error(int err)
{
	switch (err) {
	case GFS_ERR_NOMEM:
	case GFS_ERR_IO:
	case GFS_ERR_NOSPC:
	case GFS_ERR_CORRUPT:
		return err;
	default:
		return GFS_ERR_CORRUPT;
	}
}

/* About definitions and saved queries: without one that is damaged, or was left out for that, it cannot be applied. No data depends on them. */
static bool is_no_data(const struct gfs_op *op)
{
	switch (op->code) {
	case GFS_OP_INDEX_CREATE:
	case GFS_OP_INDEX_DROP:
	case GFS_OP_INDEX_STEP:
	case GFS_OP_INDEX_FAIL:
	case GFS_OP_INDEX_FOLDER:
	case GFS_OP_QUERY_MAKE:
	case GFS_OP_QUERY_TEXT:
	case GFS_OP_QUERY_RENAME:
	case GFS_OP_QUERY_REMOVE:
		return true;
	default:
		return false;
	}
}

static int replay_op(struct gfs_graph *graph, struct gfs_op *op)
{
	struct gfs_txn_mark mark = gfs_txn_mark(graph->tx.txn);
	int err = gfs_tx_apply_only(&graph->tx, op);
	if (err == 0)
		return 0;
	err = replay_error(err);
	if (err != GFS_ERR_CORRUPT || !is_no_data(op))
		return err;
	graph->ops_lost++;
	if (!graph->lenient)
		return err;
	gfs_txn_rollback_to(graph->tx.txn, mark);
	return 0;
}

int gfs_graph_replay(void *context, struct gfs_txn *txn, struct gfs_slice payload)
{
	struct gfs_graph *graph = context;
	struct gfs_tx *tx = &graph->tx;
	struct gfs_op op;
	int err;
	gfs_tx_reset(tx, txn, true);
	while ((err = gfs_op_decode(&payload, &op)) == 0) {
		err = replay_op(graph, &op);
		if (err != 0)
			return err;
	}
	if (err == GFS_ERR_NOTFOUND)
		err = gfs_pending_write(tx);
	return err != 0 ? replay_error(err) : 0;
}
