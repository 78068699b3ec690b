/* Orderability: one total order over all values, and equivalence, which is being equal in it. */
#include "base/checked.h"
#include "graph/point.h"
#include "graph/temporal.h"
#include "query/datum_private.h"

#include <assert.h>
#include <math.h>

int gfs_slice_order(struct gfs_slice a, struct gfs_slice b)
{
	size_t size = GFS_MIN(a.size, b.size);
	int c = size == 0 ? 0 : memcmp(a.data, b.data, size);
	if (c != 0)
		return c < 0 ? -1 : 1;
	return a.size < b.size ? -1 : a.size > b.size;
}

/* ---- numbers ---- */

#define TWO_TO_63 0x1p63

static int float_order(double a, double b)
{
	return a < b ? -1 : a > b;
}

/* A float outside the integers' range decides alone; inside, its whole part is exact, and what is left decides between equal whole parts. */
static int integer_float_order(int64_t a, double b)
{
	if (b >= TWO_TO_63)
		return -1;
	if (b < -TWO_TO_63)
		return 1;
	int64_t whole = (int64_t)b;
	return a != whole ? gfs_integer_order(a, whole) : float_order((double)whole, b);
}

int gfs_number_order(struct gfs_datum a, struct gfs_datum b)
{
	if (a.type == GFS_DATUM_INTEGER && b.type == GFS_DATUM_INTEGER)
		return gfs_integer_order(a.integer, b.integer);
	if (a.type == GFS_DATUM_INTEGER)
		return integer_float_order(a.integer, b.real);
	if (b.type == GFS_DATUM_INTEGER)
		return -integer_float_order(b.integer, a.real);
	return float_order(a.real, b.real);
}

/* NaN is above every other number. */
static int any_number_order(struct gfs_datum a, struct gfs_datum b)
{
	int a_nan = a.type == GFS_DATUM_FLOAT && isnan(a.real);
	int b_nan = b.type == GFS_DATUM_FLOAT && isnan(b.real);
	return a_nan || b_nan ? a_nan - b_nan : gfs_number_order(a, b);
}

/* ---- what is made of others ---- */

static int list_order(struct gfs_datum a, struct gfs_datum b)
{
	uint32_t common = GFS_MIN(a.size, b.size);
	for (uint32_t i = 0; i < common; i++) {
		int c = gfs_datum_order(a.items[i], b.items[i]);
		if (c != 0)
			return c;
	}
	return gfs_integer_order(a.size, b.size);
}

/* Smaller maps first, then by keys, then by values. */
static int map_order(struct gfs_datum a, struct gfs_datum b)
{
	int c = gfs_integer_order(a.size, b.size);
	for (uint32_t i = 0; c == 0 && i < a.size; i++)
		c = gfs_slice_order(a.entries[i].key, b.entries[i].key);
	for (uint32_t i = 0; c == 0 && i < a.size; i++)
		c = gfs_datum_order(a.entries[i].value, b.entries[i].value);
	return c;
}

static int id_order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* As a list of its nodes and relationships in turn. */
static int path_order(const struct gfs_datum_path *a, const struct gfs_datum_path *b)
{
	uint32_t common = GFS_MIN(a->length, b->length);
	int c = id_order(a->nodes[0], b->nodes[0]);
	for (uint32_t i = 0; c == 0 && i < common; i++) {
		c = id_order(a->rels[i], b->rels[i]);
		if (c == 0)
			c = id_order(a->nodes[i + 1], b->nodes[i + 1]);
	}
	return c != 0 ? c : gfs_integer_order(a->length, b->length);
}

int gfs_datum_temporal_order(enum gfs_datum_type type, const struct gfs_temporal *a, const struct gfs_temporal *b)
{
	switch (type) {
	case GFS_DATUM_DATETIME:
		return gfs_datetime_order(a, b);
	case GFS_DATUM_LOCALDATETIME:
		return gfs_localdatetime_order(a, b);
	case GFS_DATUM_DATE:
		return gfs_date_order(a, b);
	case GFS_DATUM_TIME:
		return gfs_time_order(a, b);
	case GFS_DATUM_LOCALTIME:
		return gfs_localtime_order(a, b);
	default:
		assert(type == GFS_DATUM_DURATION);
		return gfs_duration_order(a, b);
	}
}

/* ---- all ---- */

/* Integers and floats share a place. */
static int place(struct gfs_datum d)
{
	return d.type == GFS_DATUM_FLOAT ? GFS_DATUM_INTEGER : d.type;
}

int gfs_datum_order(struct gfs_datum a, struct gfs_datum b)
{
	if (place(a) != place(b))
		return place(a) < place(b) ? -1 : 1;
	switch (a.type) {
	case GFS_DATUM_MAP:
		return map_order(a, b);
	case GFS_DATUM_NODE:
	case GFS_DATUM_REL:
		return id_order(a.id, b.id);
	case GFS_DATUM_LIST:
		return list_order(a, b);
	case GFS_DATUM_PATH:
		return path_order(a.path, b.path);
	case GFS_DATUM_POINT:
		return gfs_point_order(a.point, b.point);
	case GFS_DATUM_BYTES:
	case GFS_DATUM_STRING:
		return gfs_slice_order(gfs_datum_text(a), gfs_datum_text(b));
	case GFS_DATUM_BOOLEAN:
		return a.boolean - b.boolean;
	case GFS_DATUM_INTEGER:
	case GFS_DATUM_FLOAT:
		return any_number_order(a, b);
	case GFS_DATUM_NULL:
		return 0;
	default:
		return gfs_datum_temporal_order((enum gfs_datum_type)a.type, a.temporal, b.temporal);
	}
}

bool gfs_datum_same(struct gfs_datum a, struct gfs_datum b)
{
	return gfs_datum_order(a, b) == 0;
}
