/* Bytes that sort as Cypher orders values (ORDER BY ascending): what property indexes are kept in.
 *
 * A value has an order, equal for values that Cypher's = holds equal (1 and 1.0, 0.0 and -0.0; NaN and null equal themselves here), and kinds, which
 * tell such values apart: a byte a number, in the order in which they stand in it. Orders compare bytewise, and none is the start of
 * another, so what follows one in a key never counts.
 *
 *   LIST     0x10, the items' orders, 0x00
 *   BYTES    0x60, TEXT  0x68: the bytes, with 0x00 as 01 01 and 0x01 as 01 02; then 0x00
 *   BOOLEAN  0x70, 0 or 1
 *   NUMBER   0x78, 8 bytes: the largest double <= the number, its bits so that they sort (big-endian; all flipped when negative, else the
 *            sign flipped); 2 bytes: what is left of an integer, big-endian. NaN is above all others
 *   NULL     0x80 (in lists)
 *
 * Points and temporal values sort between lists and bytes; i64 is big-endian with the sign flipped:
 *
 *   POINT          0x18, 2 bytes srid, big-endian, then two or three numbers as above
 *   DATETIME       0x20, i64 seconds since 1970 UTC, i64 nanoseconds of the second, i64 offset, the zone's name, 0x00
 *   LOCALDATETIME  0x28, i64 days, i64 nanoseconds of the day
 *   DATE           0x30, i64 days
 *   TIME           0x38, i64 nanoseconds of the day in UTC, i64 offset
 *   LOCALTIME      0x40, i64 nanoseconds of the day
 *   DURATION       0x48, 16 bytes: average seconds, i64 nanoseconds of the second, i64 months, i64 days */
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
