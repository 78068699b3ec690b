/* Hashes that agree with equivalence: a float that is a whole number in the integers' range hashes as that integer, and all NaNs are one. */
#include "base/hash.h"
#include "graph/point.h"
#include "graph/temporal.h"
#include "query/datum_private.h"

#include <assert.h>
#include <math.h>

#define TWO_TO_63 0x1p63

static uint64_t mix(uint64_t h, uint64_t v)
{
	return gfs_mix64(h ^ (v + UINT64_C(0x9e3779b97f4a7c15)));
}

static uint64_t hash_float(double v)
{
	uint64_t bits;
	static_assert(sizeof bits == sizeof v, "doubles are 64 bits");
	if (v == 0)
		return 0; /* -0.0 is 0 */
	if (isnan(v))
		v = (double)NAN;
	memcpy(&bits, &v, sizeof bits);
	return bits;
}

static uint64_t hash_number(struct gfs_datum d)
{
	if (d.type == GFS_DATUM_INTEGER)
		return mix(GFS_DATUM_INTEGER, (uint64_t)d.integer);
	if (d.real >= -TWO_TO_63 && d.real < TWO_TO_63 && d.real == trunc(d.real))
		return mix(GFS_DATUM_INTEGER, (uint64_t)(int64_t)d.real);
	return mix(GFS_DATUM_FLOAT, hash_float(d.real));
}

static uint64_t hash_list(struct gfs_datum d)
{
	uint64_t h = mix(GFS_DATUM_LIST, d.size);
	for (uint32_t i = 0; i < d.size; i++)
		h = mix(h, gfs_datum_hash(d.items[i]));
	return h;
}

static uint64_t hash_map(struct gfs_datum d)
{
	uint64_t h = mix(GFS_DATUM_MAP, d.size);
	for (uint32_t i = 0; i < d.size; i++) {
		h = mix(h, gfs_hash64(d.entries[i].key.data, d.entries[i].key.size));
		h = mix(h, gfs_datum_hash(d.entries[i].value));
	}
	return h;
}

static uint64_t hash_path(const struct gfs_datum_path *path)
{
	uint64_t h = mix(GFS_DATUM_PATH, path->nodes[0]);
	for (uint32_t i = 0; i < path->length; i++)
		h = mix(mix(h, path->rels[i]), path->nodes[i + 1]);
	return h;
}

static uint64_t hash_temporal(uint8_t type, const struct gfs_temporal *t)
{
	uint64_t h = mix(type, (uint64_t)t->days);
	h = mix(h, (uint64_t)t->nanos);
	h = mix(h, (uint64_t)t->months);
	h = mix(h, (uint64_t)t->seconds);
	return mix(h, (uint32_t)t->offset_s ^ gfs_hash64(t->zone.data, t->zone.size));
}

static uint64_t hash_point(const struct gfs_point *p)
{
	uint64_t h = mix(GFS_DATUM_POINT, p->srid);
	for (int i = 0; i < 3; i++)
		h = mix(h, hash_float(p->at[i]));
	return h;
}

uint64_t gfs_datum_hash(struct gfs_datum d)
{
	switch (d.type) {
	case GFS_DATUM_MAP:
		return hash_map(d);
	case GFS_DATUM_NODE:
	case GFS_DATUM_REL:
		return mix(d.type, d.id);
	case GFS_DATUM_LIST:
		return hash_list(d);
	case GFS_DATUM_PATH:
		return hash_path(d.path);
	case GFS_DATUM_POINT:
		return hash_point(d.point);
	case GFS_DATUM_BYTES:
	case GFS_DATUM_STRING:
		return mix(d.type, gfs_hash64(d.text, d.size));
	case GFS_DATUM_BOOLEAN:
		return mix(d.type, d.boolean);
	case GFS_DATUM_INTEGER:
	case GFS_DATUM_FLOAT:
		return hash_number(d);
	case GFS_DATUM_NULL:
		return mix(d.type, 0);
	default:
		return hash_temporal(d.type, d.temporal);
	}
}
