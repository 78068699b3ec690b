/* Property values to and from a query's values. Both walk lists by calling themselves: values are at most GFS_VALUE_DEPTH_MAX deep. */
#include "query/datum_value.h"

#include "query/datum_private.h"

#include <assert.h>

static const uint8_t temporal_types[GFS_TYPE_COUNT] = {
	[GFS_TYPE_DATE] = GFS_DATUM_DATE,
	[GFS_TYPE_LOCALTIME] = GFS_DATUM_LOCALTIME,
	[GFS_TYPE_TIME] = GFS_DATUM_TIME,
	[GFS_TYPE_LOCALDATETIME] = GFS_DATUM_LOCALDATETIME,
	[GFS_TYPE_DATETIME] = GFS_DATUM_DATETIME,
	[GFS_TYPE_DURATION] = GFS_DATUM_DURATION,
};

enum gfs_type gfs_datum_temporal_type(struct gfs_datum d)
{
	enum gfs_type type = GFS_TYPE_DATE;
	assert(gfs_datum_is_temporal(d));
	while (temporal_types[type] != d.type)
		type++;
	return type;
}

static int from_list(const struct gfs_value *value, struct gfs_arena *arena, struct gfs_datum *ret_datum)
{
	if (value->list.count > UINT32_MAX)
		return GFS_ERR_LIMIT;
	struct gfs_datum *items = gfs_arena_alloc(arena, value->list.count * sizeof *items);
	if (items == NULL)
		return GFS_ERR_NOMEM;
	for (size_t i = 0; i < value->list.count; i++) {
		int err = gfs_datum_from_value(&value->list.items[i], arena, &items[i]);
		if (err != 0)
			return err;
	}
	*ret_datum = gfs_datum_list(items, value->list.count);
	return 0;
}

static int from_bytes(enum gfs_datum_type type, struct gfs_slice bytes, struct gfs_datum *ret_datum)
{
	if (bytes.size > UINT32_MAX)
		return GFS_ERR_LIMIT;
	*ret_datum = gfs_datum_string(bytes);
	ret_datum->type = (uint8_t)type;
	return 0;
}

int gfs_datum_from_value(const struct gfs_value *value, struct gfs_arena *arena, struct gfs_datum *ret_datum)
{
	switch (value->type) {
	case GFS_TYPE_NULL:
		*ret_datum = gfs_datum_null();
		return 0;
	case GFS_TYPE_BOOLEAN:
		*ret_datum = gfs_datum_boolean(value->boolean);
		return 0;
	case GFS_TYPE_INTEGER:
		*ret_datum = gfs_datum_integer(value->integer);
		return 0;
	case GFS_TYPE_FLOAT:
		*ret_datum = gfs_datum_float(value->real);
		return 0;
	case GFS_TYPE_STRING:
		return from_bytes(GFS_DATUM_STRING, value->bytes, ret_datum);
	case GFS_TYPE_BYTES:
		return from_bytes(GFS_DATUM_BYTES, value->bytes, ret_datum);
	case GFS_TYPE_LIST:
		return from_list(value, arena, ret_datum);
	case GFS_TYPE_DATE:
	case GFS_TYPE_LOCALTIME:
	case GFS_TYPE_TIME:
	case GFS_TYPE_LOCALDATETIME:
	case GFS_TYPE_DATETIME:
	case GFS_TYPE_DURATION:
		*ret_datum = (struct gfs_datum){ .type = temporal_types[value->type], .temporal = value->temporal };
		return 0;
	case GFS_TYPE_POINT:
		*ret_datum = (struct gfs_datum){ .type = GFS_DATUM_POINT, .point = value->point };
		return 0;
	case GFS_TYPE_COUNT:
		break;
	}
	assert(!"a value has a type");
	return GFS_ERR_INVALID;
}

static int fill_value(struct gfs_datum datum, unsigned int depth, struct gfs_arena *arena, struct gfs_value *value);

static int fill_list(struct gfs_datum datum, unsigned int depth, struct gfs_arena *arena, struct gfs_value *value)
{
	if (depth >= GFS_VALUE_DEPTH_MAX)
		return GFS_ERR_LIMIT;
	struct gfs_value *items = gfs_arena_alloc(arena, datum.size * sizeof *items);
	if (items == NULL)
		return GFS_ERR_NOMEM;
	for (uint32_t i = 0; i < datum.size; i++) {
		items[i] = (struct gfs_value){ 0 };
		int err = fill_value(datum.items[i], depth + 1, arena, &items[i]);
		if (err != 0)
			return err;
	}
	value->type = GFS_TYPE_LIST;
	value->list.items = items;
	value->list.count = datum.size;
	return 0;
}

/* `depth`: how many lists there are around it. */
static int fill_value(struct gfs_datum datum, unsigned int depth, struct gfs_arena *arena, struct gfs_value *value)
{
	switch (datum.type) {
	case GFS_DATUM_NULL:
		value->type = GFS_TYPE_NULL;
		return 0;
	case GFS_DATUM_BOOLEAN:
		value->type = GFS_TYPE_BOOLEAN;
		value->boolean = datum.boolean;
		return 0;
	case GFS_DATUM_INTEGER:
		value->type = GFS_TYPE_INTEGER;
		value->integer = datum.integer;
		return 0;
	case GFS_DATUM_FLOAT:
		value->type = GFS_TYPE_FLOAT;
		value->real = datum.real;
		return 0;
	case GFS_DATUM_STRING:
	case GFS_DATUM_BYTES:
		value->type = datum.type == GFS_DATUM_STRING ? GFS_TYPE_STRING : GFS_TYPE_BYTES;
		value->bytes = gfs_datum_text(datum);
		return 0;
	case GFS_DATUM_LIST:
		return fill_list(datum, depth, arena, value);
	case GFS_DATUM_POINT:
		value->type = GFS_TYPE_POINT;
		value->point = datum.point;
		return 0;
	default:
		if (!gfs_datum_is_temporal(datum))
			return GFS_ERR_INVALID;
		value->type = gfs_datum_temporal_type(datum);
		value->temporal = datum.temporal;
		return 0;
	}
}

int gfs_datum_to_value(struct gfs_datum datum, struct gfs_arena *arena, struct gfs_value *ret_value)
{
	struct gfs_value value = { 0 };
	int err = fill_value(datum, 0, arena, &value);
	if (err != 0)
		return err;
	value.newline = value.type != GFS_TYPE_BYTES && value.type != GFS_TYPE_NULL;
	if (value.type != GFS_TYPE_NULL)
		gfs_value_declare(&value);
	*ret_value = value;
	return 0;
}
