/* How many rows SKIP and LIMIT are about. */
#ifndef GFS_QUERY_OP_AMOUNT_H
#define GFS_QUERY_OP_AMOUNT_H

#include "query/op.h"

/* Evaluated at the row that the tree starts from. Fails unless it is an integer that is not negative. */
int gfs_op_amount(
	struct gfs_op *op, const struct gfs_plan_item *item, const char *clause, uint64_t *ret_amount) GFS_CHECK;

#endif
