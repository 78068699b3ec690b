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

int gfs_graph_replay(void *context, struct gfs_txn *txn, struct gfs_slice payload)
{
	struct gfs_graph *graph = context;
	struct gfs_tx *tx = &graph->tx;
	struct gfs_op op;
	int err;
	gfs_tx_reset(tx, txn, true);
	while ((err = gfs_op_decode(&payload, &op)) == 0) {
		err = gfs_tx_apply_only(tx, &op);
		if (err != 0)
			return replay_error(err);
	}
	if (err == GFS_ERR_NOTFOUND)
		err = gfs_pending_write(tx);
	return err != 0 ? replay_error(err) : 0;
}
