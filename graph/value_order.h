/* Bytes that sort as Cypher orders values (ORDER BY ascending): what property indexes are kept in.
 *
 * A value has an order, equal for values that Cypher's = holds equal (1 and 1.0, 0.0 and -0.0; NaN and null equal themselves here), and kinds, which
 * tell such values apart: a byte a number (its type) and a point (which coordinates are -0.0), in the order in which they stand in it. Orders compare bytewise, and none is the start of
 * another, so what follows one in a key never counts.
 *
 *   LIST     0x10, the items' orders, 0x00
 *   POINT    0x18, 4 bytes: the system; the coordinates as a NUMBER's first 8 bytes
 *   DATETIME 0x20, LOCALDATETIME 0x28, DATE 0x30, TIME 0x38, LOCALTIME 0x40, DURATION 0x48: 8 bytes a field (graph/temporal.h), big-endian with the sign
 *            flipped, in the order in which they are compared: instants (16 bytes: seconds, nanoseconds) before offset and zone, a zone's name and 0x00 at the
 *            end; a duration's average length (16 bytes) before nanoseconds, months, days
 *   BYTES    0x60, TEXT  0x68: the bytes, with 0x00 as 01 01 and 0x01 as 01 02; then 0x00
 *   BOOLEAN  0x70, 0 or 1
 *   NUMBER   0x78, 8 bytes: the largest double <= the number, its bits so that they sort (big-endian; all flipped when negative, else the
 *            sign flipped); 2 bytes: what is left of an integer, big-endian. NaN is above all others
 *   NULL     0x80 (in lists) */
#ifndef GFS_GRAPH_VALUE_ORDER_H
#define GFS_GRAPH_VALUE_ORDER_H

#include "graph/value.h"

/* The numbers are part of the format. */
enum gfs_order_class {
	GFS_ORDER_END = 0x00,
	GFS_ORDER_LIST = 0x10,
	GFS_ORDER_POINT = 0x18,
	GFS_ORDER_DATETIME = 0x20,
	GFS_ORDER_LOCALDATETIME = 0x28,
	GFS_ORDER_DATE = 0x30,
	GFS_ORDER_TIME = 0x38,
	GFS_ORDER_LOCALTIME = 0x40,
	GFS_ORDER_DURATION = 0x48,
	GFS_ORDER_BYTES = 0x60,
	GFS_ORDER_TEXT = 0x68,
	GFS_ORDER_BOOLEAN = 0x70,
	GFS_ORDER_NUMBER = 0x78,
	GFS_ORDER_NULL = 0x80,
};

enum gfs_number_kind { GFS_NUMBER_INTEGER = 1, GFS_NUMBER_FLOAT = 2, GFS_NUMBER_MINUS_ZERO = 3 };

/* Appends both. GFS_ERR_LIMIT (lists deeper than GFS_VALUE_DEPTH_MAX), GFS_ERR_NOMEM. */
int gfs_value_order(const struct gfs_value *value, struct gfs_buf *order, struct gfs_buf *kinds) GFS_CHECK;
/* Appends the order of a text (STRING or BYTES), without its end: what the orders of all texts that begin so begin with. */
void gfs_text_order(enum gfs_type type, struct gfs_slice text, struct gfs_buf *order);
/* The value of an order with its kinds behind it, `newline` and `declared` false. Memory in `arena`. GFS_ERR_CORRUPT for anything that
 * gfs_value_order cannot have made. */
int gfs_value_from_order(struct gfs_slice bytes, struct gfs_arena *arena, struct gfs_value *ret_value) GFS_CHECK;
/* What the value's order begins with. */
enum gfs_order_class gfs_value_order_class(const struct gfs_value *value);

#endif
