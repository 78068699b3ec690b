/* Points of four coordinate reference systems, by their numbers at spatialreference.org. */
#ifndef GFS_GRAPH_POINT_H
#define GFS_GRAPH_POINT_H

#include "base/buf.h"

enum gfs_srid {
	GFS_SRID_CARTESIAN = 7203,
	GFS_SRID_CARTESIAN_3D = 9157,
	GFS_SRID_WGS_84 = 4326,
	GFS_SRID_WGS_84_3D = 4979,
};

struct gfs_point {
	uint32_t srid;
	double at[3]; /* x, y, z; longitude, latitude, height in metres. z is 0 in two dimensions; all finite */
};

static inline bool gfs_point_is_3d(const struct gfs_point *p)
{
	return p->srid == GFS_SRID_CARTESIAN_3D || p->srid == GFS_SRID_WGS_84_3D;
}

static inline bool gfs_point_is_geographic(const struct gfs_point *p)
{
	return p->srid == GFS_SRID_WGS_84 || p->srid == GFS_SRID_WGS_84_3D;
}

/* A total order: by system, then by coordinates. 0 for equal points only. */
static inline int gfs_point_order(const struct gfs_point *a, const struct gfs_point *b)
{
	if (a->srid != b->srid)
		return a->srid < b->srid ? -1 : 1;
	for (int i = 0; i < 3; i++) {
		if (a->at[i] != b->at[i])
			return a->at[i] < b->at[i] ? -1 : 1;
	}
	return 0;
}

/* A known system, finite coordinates, and no third one in two dimensions. */
bool gfs_point_valid(const struct gfs_point *p);
/* "cartesian", "cartesian-3d", "wgs-84", "wgs-84-3d"; NULL for other numbers. And back. */
const char *gfs_srid_name(uint32_t srid);
bool gfs_srid_find(struct gfs_slice name, uint32_t *ret_srid);
/* Appends point({x: 1.0, y: 2.0, crs: 'cartesian'}). */
void gfs_point_text(const struct gfs_point *p, struct gfs_buf *out);

#endif
