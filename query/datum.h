/* A value while a statement runs: 16 bytes, immutable, what it points at in the arena of the query (or of the plan, for literals).
 *
 * Property values on disk are struct gfs_value (graph/value.h); datum_value.c converts. Temporal values and points have one form for both:
 * struct gfs_temporal and struct gfs_point (graph/temporal.h, graph/value.h). */
#ifndef GFS_QUERY_DATUM_H
#define GFS_QUERY_DATUM_H

#include "base/bytes.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct gfs_arena;
struct gfs_temporal;
struct gfs_point;

/* In the order of Cypher's orderability (ORDER BY ascending) of different types; numbers share a place. */
enum gfs_datum_type {
	GFS_DATUM_MAP,
	GFS_DATUM_NODE,
	GFS_DATUM_REL,
	GFS_DATUM_LIST,
	GFS_DATUM_PATH,
	GFS_DATUM_POINT,
	GFS_DATUM_DATETIME,
	GFS_DATUM_LOCALDATETIME,
	GFS_DATUM_DATE,
	GFS_DATUM_TIME,
	GFS_DATUM_LOCALTIME,
	GFS_DATUM_DURATION,
	GFS_DATUM_BYTES,
	GFS_DATUM_STRING,
	GFS_DATUM_BOOLEAN,
	GFS_DATUM_INTEGER,
	GFS_DATUM_FLOAT,
	GFS_DATUM_NULL,
	GFS_DATUM_TYPE_COUNT
};

struct gfs_datum {
	uint8_t type; /* enum gfs_datum_type */
	uint8_t pad;
	uint16_t aux;  /* LIST, MAP: how deep it nests, 1 for a flat one (see gfs_datum_depth); other types: 0 */
	uint32_t size; /* STRING, BYTES: bytes; LIST: items; MAP: entries */
	union {
		bool boolean;
		int64_t integer;
		double real;
		const char *text;                      /* STRING (valid UTF-8, no terminator), BYTES */
		const struct gfs_datum *items;         /* LIST */
		const struct gfs_datum_entry *entries; /* MAP: keys distinct, ascending by bytes */
		uint64_t id;                           /* NODE, REL */
		const struct gfs_datum_path *path;
		const struct gfs_temporal *temporal;
		const struct gfs_point *point;
	};
};

struct gfs_datum_entry {
	struct gfs_slice key;
	struct gfs_datum value;
};

/* rels[i] joins nodes[i] and nodes[i + 1], in either direction. */
struct gfs_datum_path {
	uint32_t length; /* relationships */
	const uint64_t *nodes, *rels;
};

static inline struct gfs_datum gfs_datum_null(void)
{
	return (struct gfs_datum){ .type = GFS_DATUM_NULL };
}
static inline struct gfs_datum gfs_datum_boolean(bool b)
{
	return (struct gfs_datum){ .type = GFS_DATUM_BOOLEAN, .boolean = b };
}
static inline struct gfs_datum gfs_datum_integer(int64_t n)
{
	return (struct gfs_datum){ .type = GFS_DATUM_INTEGER, .integer = n };
}
static inline struct gfs_datum gfs_datum_float(double x)
{
	return (struct gfs_datum){ .type = GFS_DATUM_FLOAT, .real = x };
}
/* The bytes stay where they are; at most UINT32_MAX of them. */
static inline struct gfs_datum gfs_datum_string(struct gfs_slice text)
{
	return (struct gfs_datum){ .type = GFS_DATUM_STRING, .size = (uint32_t)text.size, .text = (const char *)text.data };
}
/* The items stay where they are; at most UINT32_MAX of them. */
static inline struct gfs_datum gfs_datum_list(const struct gfs_datum *items, size_t count)
{
	uint16_t depth = 0;
	for (size_t i = 0; i < count; i++)
		depth = items[i].aux > depth ? items[i].aux : depth;
	return (struct gfs_datum){
		.type = GFS_DATUM_LIST, .aux = (uint16_t)(depth + 1), .size = (uint32_t)count, .items = items
	};
}
/* The same for entries in order of key, keys distinct. */
static inline struct gfs_datum gfs_datum_map(const struct gfs_datum_entry *entries, size_t count)
{
	uint16_t depth = 0;
	for (size_t i = 0; i < count; i++)
		depth = entries[i].value.aux > depth ? entries[i].value.aux : depth;
	return (struct gfs_datum){
		.type = GFS_DATUM_MAP, .aux = (uint16_t)(depth + 1), .size = (uint32_t)count, .entries = entries
	};
}
static inline struct gfs_datum gfs_datum_node(uint64_t id)
{
	return (struct gfs_datum){ .type = GFS_DATUM_NODE, .id = id };
}
static inline struct gfs_datum gfs_datum_rel(uint64_t id)
{
	return (struct gfs_datum){ .type = GFS_DATUM_REL, .id = id };
}
static inline bool gfs_datum_is_null(struct gfs_datum d)
{
	return d.type == GFS_DATUM_NULL;
}
static inline bool gfs_datum_is_number(struct gfs_datum d)
{
	return d.type == GFS_DATUM_INTEGER || d.type == GFS_DATUM_FLOAT;
}
static inline struct gfs_slice gfs_datum_text(struct gfs_datum d)
{
	return gfs_slice((const uint8_t *)d.text, d.size);
}

/* Lists in lists in maps: whoever makes a list or map of values that it did not make itself fails past GFS_QUERY_VALUE_DEPTH_MAX (query/limits.h),
 * so that the functions below, which call themselves, stay within the stack. */
static inline unsigned int gfs_datum_depth(struct gfs_datum d)
{
	return d.aux;
}

/* A map of entries in any order, which it sorts in place; of equal keys the last stays. GFS_ERR_NOMEM. */
int gfs_datum_map_make(
	struct gfs_arena *arena, struct gfs_datum_entry *entries, size_t count, struct gfs_datum *ret_map) GFS_CHECK;
/* The value under a key; NULL when there is none. `map` is a MAP. */
const struct gfs_datum *gfs_datum_map_get(struct gfs_datum map, struct gfs_slice key);

/* A copy with all that it points at in `arena`. GFS_ERR_NOMEM. */
int gfs_datum_copy(struct gfs_arena *arena, struct gfs_datum d, struct gfs_datum *ret_copy) GFS_CHECK;

/* Cypher's three notions. None of them looks into the graph: nodes and relationships compare by id.
 * Equality (=): TRUE, FALSE or UNKNOWN (a null inside). 1 = 1.0; NaN equals nothing; different types are FALSE. */
enum gfs_truth { GFS_FALSE, GFS_TRUE, GFS_UNKNOWN };
enum gfs_truth gfs_datum_equal(struct gfs_datum a, struct gfs_datum b);
/* <, <=, >, >=: *ret_order is below, at or above 0. FALSE: they are comparable but unordered (a NaN); UNKNOWN: incomparable or a null;
 * TRUE: ordered. */
enum gfs_truth gfs_datum_compare(struct gfs_datum a, struct gfs_datum b, int *ret_order);
/* Equivalence (DISTINCT, grouping): null is null, NaN is NaN, 1 is 1.0. gfs_datum_hash agrees with it. */
bool gfs_datum_same(struct gfs_datum a, struct gfs_datum b);
uint64_t gfs_datum_hash(struct gfs_datum d);
/* Orderability (ORDER BY, min, max): a total order over all values, agrees with equivalence. */
int gfs_datum_order(struct gfs_datum a, struct gfs_datum b);

/* "INTEGER", "LIST", "NODE": for messages. */
const char *gfs_datum_type_name(enum gfs_datum_type type);

#endif
