#include "tests/unit/query_datum_random.h"

#include "base/checked.h"
#include "graph/point.h"
#include "graph/temporal.h"
#include "query/datum_value.h"

#include <assert.h>
#include <math.h>

static const double floats[] = { 0.0, -0.0, 1.0, -1.0, 1.5, 0x1p53, 0x1p53 + 2, 0x1p63, -0x1p63, 1e300, -1e300,
	5e-324 };
static const int64_t integers[] = { 0, 1, -1, 2, INT64_C(1) << 53, (INT64_C(1) << 53) + 1, INT64_MAX, INT64_MAX - 1,
	INT64_MIN };

static struct gfs_datum random_number(struct value_random *random)
{
	if (value_random_below(random, 2) == 0)
		return gfs_datum_integer(integers[value_random_below(random, GFS_COUNT(integers))]);
	size_t i = value_random_below(random, GFS_COUNT(floats) + 3);
	if (i < GFS_COUNT(floats))
		return gfs_datum_float(floats[i]);
	return gfs_datum_float(i == GFS_COUNT(floats) ? (double)NAN : i % 2 == 0 ? (double)INFINITY : -(double)INFINITY);
}

struct gfs_temporal *query_temporal_random(
	struct value_random *random, struct gfs_arena *arena, enum gfs_datum_type type)
{
	struct gfs_temporal *t = gfs_arena_alloc(arena, sizeof *t);
	assert(t != NULL);
	*t = (struct gfs_temporal){ 0 };
	bool date = type == GFS_DATUM_DATE || type == GFS_DATUM_LOCALDATETIME || type == GFS_DATUM_DATETIME;
	if (date || type == GFS_DATUM_DURATION)
		t->days = (int64_t)value_random_below(random, 5) - 2;
	if (type == GFS_DATUM_DURATION) {
		t->months = (int64_t)value_random_below(random, 5) - 2;
		t->seconds = (int64_t)value_random_below(random, 3) * GFS_DAY_SECONDS - 1;
		t->nanos = (int64_t)value_random_below(random, 2) * 999999999;
	} else if (type != GFS_DATUM_DATE) {
		t->nanos = (int64_t)value_random_below(random, 25) * 3600 * GFS_SECOND_NANOS % GFS_DAY_NANOS;
	}
	if (type == GFS_DATUM_TIME || type == GFS_DATUM_DATETIME)
		t->offset_s = (int32_t)value_random_below(random, 5) * 3600 - 7200;
	return t;
}

static struct gfs_datum random_temporal(struct value_random *random, struct gfs_arena *arena)
{
	enum gfs_datum_type type = GFS_DATUM_DATETIME + (unsigned int)value_random_below(random, 6);
	struct gfs_datum d = { .type = (uint8_t)type };
	/* Either of a few that are often equal, or of all that there are. */
	d.temporal = value_random_below(random, 2) == 0 ? query_temporal_random(random, arena, type)
													: value_random_temporal(random, arena, gfs_datum_temporal_type(d));
	return d;
}

static struct gfs_datum random_point(struct value_random *random, struct gfs_arena *arena)
{
	struct gfs_point *p = gfs_arena_alloc(arena, sizeof *p);
	assert(p != NULL);
	*p = (struct gfs_point){ .srid = value_random_below(random, 2) == 0 ? GFS_SRID_CARTESIAN : GFS_SRID_WGS_84 };
	p->at[0] = (double)value_random_below(random, 3);
	p->at[1] = value_random_below(random, 2) == 0 ? 0.0 : -0.0;
	return (struct gfs_datum){ .type = GFS_DATUM_POINT, .point = p };
}

static struct gfs_datum random_path(struct value_random *random, struct gfs_arena *arena)
{
	struct gfs_datum_path *path = gfs_arena_alloc(arena, sizeof *path);
	uint64_t *ids = gfs_arena_alloc(arena, 5 * sizeof *ids);
	assert(path != NULL && ids != NULL);
	for (size_t i = 0; i < 5; i++)
		ids[i] = value_random_below(random, 2);
	*path = (struct gfs_datum_path){ (uint32_t)value_random_below(random, 3), ids, ids + 3 };
	return (struct gfs_datum){ .type = GFS_DATUM_PATH, .path = path };
}

static struct gfs_datum random_list(struct value_random *random, struct gfs_arena *arena, unsigned int depth)
{
	size_t count = value_random_below(random, 4);
	struct gfs_datum *items = gfs_arena_alloc(arena, count * sizeof *items);
	assert(items != NULL);
	for (size_t i = 0; i < count; i++)
		items[i] = query_datum_random(random, arena, depth - 1);
	return gfs_datum_list(items, count);
}

static struct gfs_datum random_map(struct value_random *random, struct gfs_arena *arena, unsigned int depth)
{
	static const char names[] = "aab";
	size_t count = value_random_below(random, 3);
	struct gfs_datum_entry *entries = gfs_arena_alloc(arena, count * sizeof *entries);
	struct gfs_datum made;
	assert(entries != NULL);
	for (size_t i = 0; i < count; i++) {
		size_t at = value_random_below(random, 2);
		entries[i].key = gfs_slice(names + at, 1 + value_random_below(random, 2));
		entries[i].value = query_datum_random(random, arena, depth - 1);
	}
	int err = gfs_datum_map_make(arena, entries, count, &made);
	assert(err == 0);
	(void)err;
	return made;
}

static struct gfs_datum random_text(struct value_random *random, enum gfs_datum_type type)
{
	static const char text[] = "aab\0ba";
	struct gfs_datum d = gfs_datum_string(
		gfs_slice(text + value_random_below(random, 3), value_random_below(random, 4)));
	d.type = (uint8_t)type;
	return d;
}

struct gfs_datum query_datum_random(struct value_random *random, struct gfs_arena *arena, unsigned int depth)
{
	switch (value_random_below(random, depth == 0 ? 9 : 11)) {
	case 0:
		return gfs_datum_null();
	case 1:
		return gfs_datum_boolean(value_random_below(random, 2) == 0);
	case 2:
		return random_text(random, value_random_below(random, 4) == 0 ? GFS_DATUM_BYTES : GFS_DATUM_STRING);
	case 3:
		return random_temporal(random, arena);
	case 4:
		return random_point(random, arena);
	case 5:
		return random_path(random, arena);
	case 6:
		return value_random_below(random, 2) == 0 ? gfs_datum_node(value_random_below(random, 3))
												  : gfs_datum_rel(value_random_below(random, 3));
	case 9:
		return random_list(random, arena, depth);
	case 10:
		return random_map(random, arena, depth);
	default:
		return random_number(random);
	}
}
