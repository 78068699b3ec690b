/* Property values: types, the bytes they are stored as, and the text they are shown as.
 *
 * A property file shows the value's canonical text, and a newline when `newline` is set. Writing text T to a file and reading it back gives T
 * for every T: text without its final newline that equals the canonical text of a boolean, an integer or a finite float becomes that type;
 * any other valid UTF-8 a string; the rest bytes (the newline then belongs to the bytes and `newline` is false).
 *
 * `declared` marks a type that Cypher, an import or the xattr gave and that the text alone would not give. */
#ifndef GFS_GRAPH_VALUE_H
#define GFS_GRAPH_VALUE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"

#include <stdbool.h>

/* The numbers are part of the format. */
enum gfs_type {
	GFS_TYPE_NULL = 0, /* inside lists only */
	GFS_TYPE_BOOLEAN = 1,
	GFS_TYPE_INTEGER = 2,
	GFS_TYPE_FLOAT = 3,
	GFS_TYPE_STRING = 4,
	GFS_TYPE_BYTES = 5,
	GFS_TYPE_LIST = 6,
	/* Temporal values: see graph/temporal.h. */
	GFS_TYPE_DATE = 7,
	GFS_TYPE_LOCALTIME = 8,
	GFS_TYPE_TIME = 9,
	GFS_TYPE_LOCALDATETIME = 10,
	GFS_TYPE_DATETIME = 11,
	GFS_TYPE_DURATION = 12,
	GFS_TYPE_POINT = 13, /* see graph/point.h */
	GFS_TYPE_COUNT = 14
};

struct gfs_temporal;
struct gfs_point;

static inline bool gfs_type_is_temporal(enum gfs_type type)
{
	return type >= GFS_TYPE_DATE && type <= GFS_TYPE_DURATION;
}

struct gfs_value {
	enum gfs_type type;
	bool newline;
	bool declared;
	union {
		bool boolean;
		int64_t integer;
		double real;
		struct gfs_slice bytes; /* STRING (valid UTF-8) and BYTES */
		const struct gfs_temporal *temporal;
		const struct gfs_point *point;
		struct {
			struct gfs_value *items; /* newline false, declared false */
			size_t count;
		} list;
	};
};

/* "boolean", "integer", "float", "string", "bytes", "list", "date", "localtime", "time", "localdatetime", "datetime", "duration", "point": what
 * user.graphfs.type shows. NULL for others. */
const char *gfs_type_name(enum gfs_type type);
int gfs_type_from_name(struct gfs_slice name, enum gfs_type *ret_type) GFS_CHECK;

/* Equality of type and contents (floats bitwise, so that NaN equals itself; all NaNs are one value); newline and declared do not count. */
bool gfs_value_equal(const struct gfs_value *a, const struct gfs_value *b);

/* ---- stored bytes ---- */

/* The tag byte, the first of every encoding. */
enum { GFS_VALUE_TAG_TYPE = 0x0f, GFS_VALUE_TAG_NEWLINE = 0x40, GFS_VALUE_TAG_DECLARED = 0x80 };

/* Appends the encoding: a tag byte (type, newline, declared) and the payload; integers and the parts of temporal values varints, floats and
 * coordinates 8 bytes, strings and bytes raw to the end (the container knows the length), list items each with a length. One value has one
 * encoding. GFS_ERR_INVALID (null outside a list, a temporal value or point out of its rules), GFS_ERR_ILSEQ (a string that is not UTF-8),
 * GFS_ERR_LIMIT (lists deeper than GFS_VALUE_DEPTH_MAX), GFS_ERR_NOMEM; appends nothing then, save for NOMEM. */
int gfs_value_encode(const struct gfs_value *value, struct gfs_buf *out) GFS_CHECK;
/* Strings and bytes of the result lie in `bytes`, list items, temporal values and points in `arena`. GFS_ERR_CORRUPT for anything that
 * encode cannot have made. */
int gfs_value_decode(struct gfs_slice bytes, struct gfs_arena *arena, struct gfs_value *ret_value) GFS_CHECK;

/* ---- text ---- */

/* Appends the canonical text, without `newline`. Booleans true, false; integers decimal; floats the shortest digits that read back the same,
 * always with a point or an exponent (1.0, 0.1, 1.0E21; between 1E-3 and 1E7 without exponent), NaN, Infinity, -Infinity; lists
 * [1, 'a', [true, null], bytes('00ff')]: items after a comma and a space; strings in single quotes with \\ \' \n \r \t \b \f, and \u00xx for other
 * control characters below U+0080 (so the text is one line); bytes as lower-case hexadecimal; temporal values as ISO 8601 (2015-07-21,
 * P1DT2H), in lists as date('2015-07-21'); points as point({x: 1.0, y: 2.0, crs: 'cartesian'}). Every list reads back the same.
 * GFS_ERR_LIMIT for lists deeper than GFS_VALUE_DEPTH_MAX, GFS_ERR_NOMEM; `out` may then end anywhere. */
int gfs_value_text(const struct gfs_value *value, struct gfs_buf *out) GFS_CHECK;
/* The same as it stands in a list: strings in quotes, bytes('00ff'), date('2015-07-21'). */
int gfs_value_item_text(const struct gfs_value *value, struct gfs_buf *out) GFS_CHECK;
/* Length of that text plus 1 if newline. */
int gfs_value_text_size(const struct gfs_value *value, uint64_t *ret_size) GFS_CHECK;

/* Types a whole file's contents as described at the top. Never fails but for memory; the slices of the result lie in `contents`.
 * `declared` of the result is false. */
void gfs_value_infer(struct gfs_slice contents, struct gfs_value *ret_value);
/* Reads contents as `type`: 0 when they are exactly that type's canonical text (with or without a final newline), so that they read back the
 * same; GFS_ERR_INVALID otherwise. STRING takes any UTF-8, BYTES anything. Sets declared when gfs_value_infer would give another type. Slices
 * of the result lie in `contents` or in `arena`. */
int gfs_value_parse(
	enum gfs_type type, struct gfs_slice contents, struct gfs_arena *arena, struct gfs_value *ret_value) GFS_CHECK;
/* Reads a number, boolean etc. from text in the wider notation of CSV imports ("1e3", "TRUE", "+5"); sets declared when the canonical text would
 * not give the type by itself, newline true. BOOLEAN, INTEGER, FLOAT, STRING, temporal types and POINT; blanks around all but strings are
 * passed over; a STRING is `text` itself. Temporal texts may be any that Cypher's constructors take. GFS_ERR_INVALID, GFS_ERR_OVERFLOW,
 * GFS_ERR_ILSEQ. */
int gfs_value_parse_loose(
	enum gfs_type type, struct gfs_slice text, struct gfs_arena *arena, struct gfs_value *ret_value) GFS_CHECK;
/* Sets `declared` as it must be for a value made elsewhere (Cypher, import): true when its text would not give its type. */
void gfs_value_declare(struct gfs_value *value);

/* ---- JSON ---- */

/* Appends JSON: true, 30, 1.5, "text", [..]; {"$float":"NaN"}, {"$bytes":"base64"}, {"$date":"2015-07-21"} and so on by the type's name,
 * with its text; and, when newline is not what the reader would assume (true for all but bytes), {"$value":X,"newline":false}; when a
 * declared latent type differs it is dropped. No spaces. GFS_ERR_LIMIT, GFS_ERR_NOMEM. `plain`: without the wrappers of newline (for
 * people). */
int gfs_value_json(const struct gfs_value *value, bool plain, struct gfs_buf *out) GFS_CHECK;
/* A JSON string literal with quotes. */
void gfs_json_string(struct gfs_slice text, struct gfs_buf *out);
/* The inverse of gfs_value_json(plain false) on a parsed jansson value (json_t *), which must be read with JSON_ALLOW_NUL, as strings may hold U+0000
 * (and with JSON_DECODE_ANY when it is no part of an object). A JSON string is a STRING, whatever it looks like. Everything is copied to
 * `arena`. GFS_ERR_INVALID. */
int gfs_value_from_json(const void *json, struct gfs_arena *arena, struct gfs_value *ret_value) GFS_CHECK;

/* ---- names ---- */

/* A node's key, or a label's, type's or property's name: valid UTF-8, no NUL, 1 to `max` bytes. GFS_ERR_INVALID, GFS_ERR_ILSEQ,
 * GFS_ERR_NAMETOOLONG. */
int gfs_name_check(struct gfs_slice name, size_t max) GFS_CHECK;

#endif
