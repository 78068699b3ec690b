/* map.key, date.year, point.x, list[i], list[from..to]. */
#include "base/checked.h"
#include "graph/point.h"
#include "query/temporal_private.h"

#include <assert.h>

static bool point_coordinate(const struct gfs_point *p, struct gfs_slice name, double *ret)
{
	static const struct {
		const char *name;
		int at;
		bool geographic; /* wants a point that is */
	} names[] = { { "x", 0, false }, { "y", 1, false }, { "z", 2, false }, { "longitude", 0, true },
		{ "latitude", 1, true }, { "height", 2, true } };
	for (size_t i = 0; i < GFS_COUNT(names); i++) {
		if (gfs_slice_equal(name, gfs_slice_text(names[i].name))) {
			*ret = p->at[names[i].at];
			return (names[i].at < 2 || gfs_point_is_3d(p)) && (!names[i].geographic || gfs_point_is_geographic(p));
		}
	}
	return false;
}

/* What a point does not have is null. */
static int point_component(const struct gfs_point *p, struct gfs_slice name, struct gfs_datum *ret_value)
{
	double v;
	*ret_value = gfs_datum_null();
	if (gfs_slice_equal(name, gfs_slice_text("srid")))
		*ret_value = gfs_datum_integer(p->srid);
	else if (gfs_slice_equal(name, gfs_slice_text("crs")))
		*ret_value = gfs_datum_string(gfs_slice_text(gfs_srid_name(p->srid)));
	else if (point_coordinate(p, name, &v))
		*ret_value = gfs_datum_float(v);
	return 0;
}

static int temporal_component(
	const struct gfs_function_env *env, struct gfs_datum of, struct gfs_slice name, struct gfs_datum *ret_value)
{
	bool found = false;
	int err = gfs_temporal_component(env, of, name, ret_value, &found);
	if (err == 0 && !found)
		err = gfs_fail_argument(env, "InvalidArgumentValue", "a %s has no '%.*s'", gfs_type_of(of),
			(int)GFS_MIN(name.size, (size_t)80), (const char *)name.data);
	return err;
}

int gfs_datum_component(
	const struct gfs_function_env *env, struct gfs_datum of, struct gfs_slice name, struct gfs_datum *ret_value)
{
	if (gfs_datum_is_null(of)) {
		*ret_value = of;
		return 0;
	}
	if (of.type == GFS_DATUM_MAP) {
		const struct gfs_datum *found = gfs_datum_map_get(of, name);
		*ret_value = found != NULL ? *found : gfs_datum_null();
		return 0;
	}
	if (of.type == GFS_DATUM_POINT)
		return point_component(of.point, name, ret_value);
	if (gfs_datum_is_temporal(of))
		return temporal_component(env, of, name, ret_value);
	return gfs_fail_type(env, "InvalidArgumentType", "%s has no properties", gfs_type_of(of));
}

/* ---- list[i] ---- */

/* Negative places count from the end; -1 when there is none. */
static int64_t place_in(struct gfs_datum list, int64_t at)
{
	if (at < 0)
		at += list.size;
	return at >= 0 && at < list.size ? at : -1;
}

static int index_list(
	const struct gfs_function_env *env, struct gfs_datum list, struct gfs_datum at, struct gfs_datum *ret_value)
{
	if (at.type != GFS_DATUM_INTEGER)
		return gfs_fail_type(
			env, "ListElementAccessByNonInteger", "a place in a list is an INTEGER, not %s", gfs_type_of(at));
	int64_t place = place_in(list, at.integer);
	*ret_value = place < 0 ? gfs_datum_null() : list.items[place];
	return 0;
}

int gfs_datum_index(
	const struct gfs_function_env *env, struct gfs_datum of, struct gfs_datum at, struct gfs_datum *ret_value)
{
	if (gfs_datum_is_null(of) || gfs_datum_is_null(at)) {
		*ret_value = gfs_datum_null();
		return 0;
	}
	if (of.type == GFS_DATUM_LIST)
		return index_list(env, of, at, ret_value);
	if (at.type == GFS_DATUM_STRING)
		return gfs_datum_component(env, of, gfs_datum_text(at), ret_value);
	if (of.type == GFS_DATUM_MAP)
		return gfs_fail_type(env, "MapElementAccessByNonString", "a key of a map is a STRING, not %s", gfs_type_of(at));
	return gfs_fail_type(env, "InvalidArgumentType", "%s has no elements", gfs_type_of(of));
}

/* ---- list[from..to] ---- */

static int64_t clamp(struct gfs_datum list, int64_t at)
{
	if (at < 0)
		at = at < -(int64_t)list.size ? 0 : at + list.size;
	return at > list.size ? list.size : at;
}

static int check_bound(const struct gfs_function_env *env, const struct gfs_datum *bound)
{
	if (bound == NULL || gfs_datum_is_null(*bound) || bound->type == GFS_DATUM_INTEGER)
		return 0;
	return gfs_fail_type(env, "InvalidArgumentType", "an end of a slice is an INTEGER, not %s", gfs_type_of(*bound));
}

int gfs_datum_slice(const struct gfs_function_env *env, struct gfs_datum of, const struct gfs_datum *from,
	const struct gfs_datum *to, struct gfs_datum *ret_value)
{
	int err = check_bound(env, from);
	if (err == 0)
		err = check_bound(env, to);
	if (err != 0)
		return err;
	bool unknown = (from != NULL && gfs_datum_is_null(*from)) || (to != NULL && gfs_datum_is_null(*to));
	if (gfs_datum_is_null(of) || unknown) {
		*ret_value = gfs_datum_null();
		return 0;
	}
	if (of.type != GFS_DATUM_LIST)
		return gfs_fail_type(env, "InvalidArgumentType", "%s is no LIST to slice", gfs_type_of(of));
	int64_t begin = from == NULL ? 0 : clamp(of, from->integer);
	int64_t end = to == NULL ? of.size : clamp(of, to->integer);
	*ret_value = end <= begin ? gfs_datum_list(NULL, 0) : gfs_datum_list(of.items + begin, (size_t)(end - begin));
	return 0;
}
