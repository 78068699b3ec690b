/* Scalars as text, by the canonical text of property values. */
#include "query/show.h"

#include "graph/value.h"

void gfs_show_scalar(struct gfs_datum d, struct gfs_buf *out)
{
	struct gfs_value value = { 0 };
	switch (d.type) {
	case GFS_DATUM_STRING:
		gfs_buf_append(out, d.text, d.size);
		return;
	case GFS_DATUM_BOOLEAN:
		value.type = GFS_TYPE_BOOLEAN;
		value.boolean = d.boolean;
		break;
	case GFS_DATUM_INTEGER:
		value.type = GFS_TYPE_INTEGER;
		value.integer = d.integer;
		break;
	case GFS_DATUM_FLOAT:
		value.type = GFS_TYPE_FLOAT;
		value.real = d.real;
		break;
	default:
		return;
	}
	if (gfs_value_text(&value, out) != 0)
		out->failed = true; /* scalars fail for memory only */
}
