/* What value_order.c and value_order_temporal.c share. Nobody else includes it. */
#ifndef GFS_GRAPH_VALUE_ORDER_PRIVATE_H
#define GFS_GRAPH_VALUE_ORDER_PRIVATE_H

#include "graph/value_order.h"

/* The bits of a double so that they sort, and back. */
uint64_t gfs_order_sortable(double v);
double gfs_order_unsortable(uint64_t bits);

/* What stands behind the class byte. Reading: GFS_ERR_CORRUPT. */
void gfs_order_put_temporal(enum gfs_type type, const struct gfs_temporal *t, struct gfs_buf *order);
int gfs_order_get_temporal(enum gfs_type type, struct gfs_reader *r, struct gfs_temporal *t) GFS_CHECK;
void gfs_order_put_point(const struct gfs_point *point, struct gfs_buf *order);
int gfs_order_get_point(struct gfs_reader *r, struct gfs_point *point) GFS_CHECK;
/* Which of its coordinates, as bits, are -0.0: they are equal to 0.0. GFS_ERR_CORRUPT. */
uint8_t gfs_order_point_kind(const struct gfs_point *point);
int gfs_order_set_point_kind(uint8_t kind, struct gfs_point *point) GFS_CHECK;

#endif
