/* point(), point.distance(), point.withinBBox(). */
#include "base/checked.h"
#include "graph/point.h"
#include "query/function_private.h"

#include <assert.h>
#include <math.h>

#define ARGS const struct gfs_function_env *env, const struct gfs_datum *args, size_t count, struct gfs_datum *ret_value

/* Of a sphere as large as the earth at the equator. */
#define EARTH_RADIUS_M 6378140.0

/* ---- point() ---- */

static int invalid(const struct gfs_function_env *env, const char *what)
{
	return gfs_fail_argument(env, "InvalidArgumentValue", "a point %s", what);
}

static bool any_null(struct gfs_datum map)
{
	for (uint32_t i = 0; i < map.size; i++) {
		if (gfs_datum_is_null(map.entries[i].value))
			return true;
	}
	return false;
}

/* *ret_given false: the map has neither name. */
static int coordinate(const struct gfs_function_env *env, struct gfs_datum map, const char *name, const char *other,
	double *ret, bool *ret_given)
{
	const struct gfs_datum *found = gfs_datum_map_get(map, gfs_slice_text(name));
	if (found == NULL)
		found = gfs_datum_map_get(map, gfs_slice_text(other));
	*ret_given = found != NULL;
	*ret = 0;
	if (found == NULL)
		return 0;
	if (!gfs_datum_is_number(*found))
		return gfs_fail_argument_type(env, "point", *found);
	*ret = gfs_number_as_float(*found);
	return isfinite(*ret) ? 0 : invalid(env, "has finite coordinates");
}

/* By name or number; *ret_given false when the map has neither. */
static int system_of(const struct gfs_function_env *env, struct gfs_datum map, uint32_t *ret_srid, bool *ret_given)
{
	const struct gfs_datum *crs = gfs_datum_map_get(map, gfs_slice_text("crs"));
	const struct gfs_datum *srid = gfs_datum_map_get(map, gfs_slice_text("srid"));
	*ret_given = crs != NULL || srid != NULL;
	if (crs != NULL && (crs->type != GFS_DATUM_STRING || !gfs_srid_find(gfs_datum_text(*crs), ret_srid)))
		return invalid(env, "has the system cartesian, cartesian-3d, wgs-84 or wgs-84-3d");
	if (crs != NULL || srid == NULL)
		return 0;
	if (srid->type != GFS_DATUM_INTEGER || srid->integer < 0 || srid->integer > UINT16_MAX ||
		gfs_srid_name((uint32_t)srid->integer) == NULL)
		return invalid(env, "has the system 7203, 9157, 4326 or 4979");
	*ret_srid = (uint32_t)srid->integer;
	return 0;
}

/* Degrees: latitudes end at the poles, longitudes go round. */
static int normalize(const struct gfs_function_env *env, struct gfs_point *p)
{
	if (!gfs_point_is_geographic(p))
		return 0;
	if (p->at[1] < -90 || p->at[1] > 90)
		return invalid(env, "has a latitude from -90 to 90");
	if (p->at[0] < -180 || p->at[0] > 180)
		p->at[0] = remainder(p->at[0], 360);
	return 0;
}

static int read_point(const struct gfs_function_env *env, struct gfs_datum map, struct gfs_point *p)
{
	bool has_x;
	bool has_y;
	bool has_z = false;
	bool has_system;
	bool geographic = gfs_datum_map_get(map, gfs_slice_text("longitude")) != NULL;
	int err = coordinate(env, map, "x", "longitude", &p->at[0], &has_x);
	if (err == 0)
		err = coordinate(env, map, "y", "latitude", &p->at[1], &has_y);
	if (err == 0)
		err = coordinate(env, map, "z", "height", &p->at[2], &has_z);
	if (err == 0 && (!has_x || !has_y))
		err = invalid(env, "has x and y, or longitude and latitude");
	uint32_t srid = geographic ? (has_z ? GFS_SRID_WGS_84_3D : GFS_SRID_WGS_84)
							   : (has_z ? GFS_SRID_CARTESIAN_3D : GFS_SRID_CARTESIAN);
	if (err == 0)
		err = system_of(env, map, &srid, &has_system);
	p->srid = srid;
	if (err == 0 && (gfs_point_is_3d(p) != has_z || (geographic && !gfs_point_is_geographic(p))))
		err = invalid(env, "has the coordinates of its system");
	return err != 0 ? err : normalize(env, p);
}

static int call_point(ARGS)
{
	(void)count;
	if (args[0].type != GFS_DATUM_MAP)
		return gfs_fail_argument_type(env, "point", args[0]);
	if (any_null(args[0])) {
		*ret_value = gfs_datum_null();
		return 0;
	}
	struct gfs_point *p = gfs_function_alloc(env, sizeof *p);
	if (p == NULL)
		return env->error->err;
	*p = (struct gfs_point){ 0 };
	int err = read_point(env, args[0], p);
	if (err == 0)
		*ret_value = (struct gfs_datum){ .type = GFS_DATUM_POINT, .point = p };
	return err;
}

/* ---- distance ---- */

static double flat_distance(const struct gfs_point *a, const struct gfs_point *b)
{
	return hypot(hypot(a->at[0] - b->at[0], a->at[1] - b->at[1]), a->at[2] - b->at[2]);
}

/* The haversine formula, on a sphere through the middle of both heights. */
static double globe_distance(const struct gfs_point *a, const struct gfs_point *b)
{
	const double radians = M_PI / 180;
	double south = a->at[1] * radians;
	double north = b->at[1] * radians;
	double half_y = sin((north - south) / 2);
	double half_x = sin((b->at[0] - a->at[0]) * radians / 2);
	double h = half_y * half_y + cos(south) * cos(north) * half_x * half_x;
	double radius = EARTH_RADIUS_M + (a->at[2] + b->at[2]) / 2;
	return hypot(radius * 2 * asin(sqrt(fmin(h, 1))), a->at[2] - b->at[2]);
}

static int want_points(
	const struct gfs_function_env *env, const char *function, const struct gfs_datum *args, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (args[i].type != GFS_DATUM_POINT)
			return gfs_fail_argument_type(env, function, args[i]);
	}
	return 0;
}

/* Points of different systems have none. */
static int call_distance(ARGS)
{
	int err = want_points(env, "point.distance", args, count);
	if (err != 0)
		return err;
	const struct gfs_point *a = args[0].point;
	const struct gfs_point *b = args[1].point;
	*ret_value = gfs_datum_null();
	if (a->srid == b->srid)
		*ret_value = gfs_datum_float(gfs_point_is_geographic(a) ? globe_distance(a, b) : flat_distance(a, b));
	return 0;
}

/* ---- boxes ---- */

/* Longitudes of a box whose west is east of its east go round the back. */
static bool within(const struct gfs_point *p, const struct gfs_point *low, const struct gfs_point *high)
{
	bool round = gfs_point_is_geographic(p) && low->at[0] > high->at[0];
	bool x = round ? p->at[0] >= low->at[0] || p->at[0] <= high->at[0]
				   : p->at[0] >= low->at[0] && p->at[0] <= high->at[0];
	return x && p->at[1] >= low->at[1] && p->at[1] <= high->at[1] && p->at[2] >= low->at[2] && p->at[2] <= high->at[2];
}

static int call_within_box(ARGS)
{
	int err = want_points(env, "point.withinBBox", args, count);
	if (err != 0)
		return err;
	bool alike = args[0].point->srid == args[1].point->srid && args[0].point->srid == args[2].point->srid;
	*ret_value = alike ? gfs_datum_boolean(within(args[0].point, args[1].point, args[2].point)) : gfs_datum_null();
	return 0;
}

static const struct gfs_function functions[] = {
	{ "point", call_point, 1, 1, 0, GFS_DATUM_POINT },
	{ "point.distance", call_distance, 2, 2, 0, GFS_DATUM_FLOAT },
	{ "distance", call_distance, 2, 2, 0, GFS_DATUM_FLOAT },
	{ "point.withinBBox", call_within_box, 3, 3, 0, GFS_DATUM_BOOLEAN },
};

const struct gfs_function_table gfs_functions_spatial = { functions, GFS_COUNT(functions) };
