/* What the value_*.c files share: numbers as text, and quoting. Nobody else includes this. */
#ifndef GFS_GRAPH_VALUE_PRIVATE_H
#define GFS_GRAPH_VALUE_PRIVATE_H

#include "graph/value.h"

/* Room that every canonical number needs at most: "-1.2345678901234567E-308" is the longest. */
enum { GFS_NUMBER_TEXT_MAX = 24 };

/* Canonical text, not terminated; the length. */
size_t gfs_integer_text(int64_t v, char out[GFS_NUMBER_TEXT_MAX]);
size_t gfs_float_text(double v, char out[GFS_NUMBER_TEXT_MAX]);

/* True when `text` is exactly what the function above writes for *ret_v. */
bool gfs_integer_read(struct gfs_slice text, int64_t *ret_v);
bool gfs_float_read(struct gfs_slice text, double *ret_v);

/* The wider notation of gfs_value_parse_loose, blanks at the ends gone already. GFS_ERR_INVALID, GFS_ERR_OVERFLOW, GFS_ERR_NOMEM. */
int gfs_integer_read_loose(struct gfs_slice text, int64_t *ret_v) GFS_CHECK;
int gfs_float_read_loose(struct gfs_slice text, double *ret_v) GFS_CHECK;

/* Appends valid UTF-8 between `quote` (one of ' and "), with escapes \\ \n \r \t \b \f, one for the quote itself, and \u00xx (lower case) for other
 * control characters below U+0080. */
void gfs_text_quote(struct gfs_slice text, char quote, struct gfs_buf *out);
/* The character that \LETTER stands for in such a text, -1 for none (\u and the quote are the caller's). */
int gfs_text_unescape(uint8_t letter);

/* Reads a list's text; accepts every canonical one and some others. Slices lie in `text` (valid UTF-8) or `arena`. */
int gfs_list_read(struct gfs_slice text, struct gfs_arena *arena, struct gfs_value *ret_value) GFS_CHECK;

/* A boolean, integer or float (NaN and infinities too) whose canonical text this is; sets type and contents only. */
bool gfs_scalar_read(struct gfs_slice text, struct gfs_value *ret_value);

/* ---- temporal values and points: value_temporal.c ---- */

/* A varint of the one form that encode writes. */
uint64_t gfs_read_shortest_varint(struct gfs_reader *r);
int gfs_value_encode_temporal(const struct gfs_value *value, struct gfs_buf *out) GFS_CHECK;
int gfs_value_encode_point(const struct gfs_point *p, struct gfs_buf *out) GFS_CHECK;
/* value->type is set. */
int gfs_value_decode_temporal(struct gfs_reader *r, struct gfs_arena *arena, struct gfs_value *value) GFS_CHECK;
int gfs_value_decode_point(struct gfs_reader *r, struct gfs_arena *arena, struct gfs_value *value) GFS_CHECK;
bool gfs_point_equal_bits(const struct gfs_point *a, const struct gfs_point *b);
/* Any text that the type has, canonical or not; sets type and contents only. GFS_ERR_INVALID, GFS_ERR_NOMEM. */
int gfs_value_read_temporal(
	enum gfs_type type, struct gfs_slice text, struct gfs_arena *arena, struct gfs_value *value) GFS_CHECK;
/* The bytes of value_order.h behind the class. Reading gives GFS_ERR_CORRUPT; the zone's name stays where it is. */
void gfs_temporal_put_order(enum gfs_type type, const struct gfs_temporal *t, struct gfs_buf *order);
int gfs_temporal_read_order(enum gfs_type type, struct gfs_reader *r, struct gfs_temporal *t) GFS_CHECK;
int gfs_point_read(struct gfs_slice text, struct gfs_arena *arena, struct gfs_value *value) GFS_CHECK;

#endif
