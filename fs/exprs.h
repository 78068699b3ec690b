/* Which label expression a folder /labels/EXPR stands for. Such a folder exists by being looked up; its nodeid is made from a hash of the text, so that it is
 * the same at every look-up and in every mount, and this table leads back from the nodeid to the expression. It holds GFS_EXPRS_MAX expressions, those
 * used last; of one that had to go the nodeid is stale, and the kernel looks the name up again.
 *
 * One mutex (a leaf). */
#ifndef GFS_FS_EXPRS_H
#define GFS_FS_EXPRS_H

#include "index/set_expr.h"

#define GFS_EXPRS_MAX 1024u

struct gfs_exprs;

struct gfs_exprs_item {
	struct gfs_set_expr expr; /* constant */
	/* The rest belongs to fs/exprs.c. */
	uint64_t nodeid;
	uint64_t used; /* by the table's clock */
	unsigned refs; /* the table's own, and those handed out */
	char text[];
};

int gfs_exprs_new(struct gfs_exprs **ret_exprs) GFS_CHECK;
void gfs_exprs_free(struct gfs_exprs *exprs); /* NULL is fine */
/* Enters the expression that `text` (of a component's size at most) means, and answers its folder. Takes `expr` over, in any case. */
int gfs_exprs_enter(
	struct gfs_exprs *exprs, const char *text, struct gfs_set_expr *expr, uint64_t *ret_nodeid) GFS_CHECK;
/* The expression of a folder, to be given back. GFS_ERR_STALE. */
int gfs_exprs_get(struct gfs_exprs *exprs, uint64_t nodeid, struct gfs_exprs_item **ret_item) GFS_CHECK;
void gfs_exprs_put(struct gfs_exprs *exprs, struct gfs_exprs_item *item);

#endif
