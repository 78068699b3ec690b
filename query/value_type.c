#include "query/value_type.h"

/* A list of one type of plain values, none of them null. */
static bool is_property_list(struct gfs_datum list)
{
	for (uint32_t i = 0; i < list.size; i++) {
		uint8_t type = list.items[i].type;
		if (type < GFS_DATUM_POINT || type == GFS_DATUM_BYTES || type == GFS_DATUM_NULL || type != list.items[0].type)
			return false;
	}
	return true;
}

static bool items_are(const struct gfs_value_type *type, struct gfs_datum list)
{
	for (uint32_t i = 0; i < list.size; i++) {
		if (!gfs_value_type_has(type, list.items[i]))
			return false;
	}
	return true;
}

bool gfs_value_type_has(const struct gfs_value_type *type, struct gfs_datum value)
{
	for (; type != NULL; type = type->next) {
		if ((type->types >> value.type & 1) == 0)
			continue;
		if (value.type != GFS_DATUM_LIST)
			return true;
		if (type->property ? is_property_list(value) : type->item == NULL || items_are(type->item, value))
			return true;
	}
	return false;
}

bool gfs_value_type_same(const struct gfs_value_type *a, const struct gfs_value_type *b)
{
	for (; a != NULL && b != NULL; a = a->next, b = b->next) {
		if (a->types != b->types || a->property != b->property || !gfs_value_type_same(a->item, b->item))
			return false;
	}
	return a == b;
}
