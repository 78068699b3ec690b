/* Scalars as text, by the canonical text of property values. */
#include "query/show.h"

#include "query/datum_private.h"
#include "query/datum_value.h"

void gfs_show_scalar(struct gfs_datum d, struct gfs_buf *out)
{
	struct gfs_value value;
	if (!gfs_datum_is_scalar(d))
		return;
	/* Neither needs memory but for `out`, which remembers that it had none. */
	if (gfs_datum_to_value(d, NULL, &value) != 0 || gfs_value_text(&value, out) != 0)
		out->failed = true;
}
