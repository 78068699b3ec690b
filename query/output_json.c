/* Plain JSON: for programs that know no types but JSON's. */
#include "graph/value.h"
#include "query/datum_private.h"
#include "query/output_private.h"
#include "query/show.h"

#include <assert.h>
#include <math.h>

static int put_value(struct gfs_output *o, struct gfs_datum d, struct gfs_buf *out);

static int put_list(struct gfs_output *o, struct gfs_datum d, struct gfs_buf *out)
{
	gfs_buf_append_u8(out, '[');
	for (uint32_t i = 0; i < d.size; i++) {
		if (i != 0)
			gfs_buf_append_u8(out, ',');
		int err = put_value(o, d.items[i], out);
		if (err != 0)
			return err;
	}
	gfs_buf_append_u8(out, ']');
	return 0;
}

static int put_map(struct gfs_output *o, struct gfs_datum d, struct gfs_buf *out)
{
	gfs_buf_append_u8(out, '{');
	for (uint32_t i = 0; d.type == GFS_DATUM_MAP && i < d.size; i++) {
		if (i != 0)
			gfs_buf_append_u8(out, ',');
		gfs_json_string(d.entries[i].key, out);
		gfs_buf_append_u8(out, ':');
		int err = put_value(o, d.entries[i].value, out);
		if (err != 0)
			return err;
	}
	gfs_buf_append_u8(out, '}');
	return 0;
}

/* ---- entities ---- */

static int put_node(struct gfs_output *o, uint64_t id, struct gfs_buf *out)
{
	struct gfs_query_entity entity;
	int err = gfs_result_entity(o->result, gfs_datum_node(id), &entity, o->error);
	if (err != 0)
		return err;
	gfs_buf_printf(out, "{\"id\":%llu,\"key\":", (unsigned long long)id);
	if (entity.key.size == 0)
		gfs_buf_append_text(out, "null");
	else
		gfs_json_string(entity.key, out);
	gfs_buf_append_text(out, ",\"labels\":[");
	for (size_t i = 0; i < entity.label_count; i++) {
		if (i != 0)
			gfs_buf_append_u8(out, ',');
		gfs_json_string(entity.labels[i], out);
	}
	gfs_buf_append_text(out, "],\"properties\":");
	err = put_map(o, entity.properties, out);
	gfs_buf_append_u8(out, '}');
	return err;
}

static int put_rel(struct gfs_output *o, uint64_t id, struct gfs_buf *out)
{
	struct gfs_query_entity entity;
	int err = gfs_result_entity(o->result, gfs_datum_rel(id), &entity, o->error);
	if (err != 0)
		return err;
	gfs_buf_printf(out, "{\"id\":%llu,\"type\":", (unsigned long long)id);
	gfs_json_string(entity.label_count == 0 ? gfs_slice_text("") : entity.labels[0], out);
	gfs_buf_printf(out, ",\"start\":%llu,\"end\":%llu,\"properties\":", (unsigned long long)entity.start,
		(unsigned long long)entity.end);
	err = put_map(o, entity.properties, out);
	gfs_buf_append_u8(out, '}');
	return err;
}

static int put_entities(struct gfs_output *o, const uint64_t *ids, size_t count,
	int (*put)(struct gfs_output *o, uint64_t id, struct gfs_buf *out), struct gfs_buf *out)
{
	gfs_buf_append_u8(out, '[');
	for (size_t i = 0; i < count; i++) {
		if (i != 0)
			gfs_buf_append_u8(out, ',');
		int err = put(o, ids[i], out);
		if (err != 0)
			return err;
	}
	gfs_buf_append_u8(out, ']');
	return 0;
}

static int put_path(struct gfs_output *o, const struct gfs_datum_path *path, struct gfs_buf *out)
{
	gfs_buf_append_text(out, "{\"nodes\":");
	int err = put_entities(o, path->nodes, (size_t)path->length + 1, put_node, out);
	gfs_buf_append_text(out, ",\"relationships\":");
	if (err == 0)
		err = put_entities(o, path->rels, path->length, put_rel, out);
	gfs_buf_append_u8(out, '}');
	return err;
}

/* ---- all ---- */

/* A temporal value or point: its text has nothing to escape. */
static void put_shown(struct gfs_datum d, struct gfs_buf *out)
{
	gfs_buf_append_u8(out, '"');
	gfs_show_scalar(d, out);
	gfs_buf_append_u8(out, '"');
}

static int put_bytes(struct gfs_datum d, struct gfs_buf *out)
{
	struct gfs_value value = { .type = GFS_TYPE_BYTES, .bytes = gfs_datum_text(d) };
	return gfs_value_json(&value, true, out);
}

static int put_value(struct gfs_output *o, struct gfs_datum d, struct gfs_buf *out)
{
	switch (d.type) {
	case GFS_DATUM_NULL:
		gfs_buf_append_text(out, "null");
		return 0;
	case GFS_DATUM_STRING:
		gfs_json_string(gfs_datum_text(d), out);
		return 0;
	case GFS_DATUM_BYTES:
		return put_bytes(d, out);
	case GFS_DATUM_LIST:
		return put_list(o, d, out);
	case GFS_DATUM_MAP:
		return put_map(o, d, out);
	case GFS_DATUM_NODE:
		return put_node(o, d.id, out);
	case GFS_DATUM_REL:
		return put_rel(o, d.id, out);
	case GFS_DATUM_PATH:
		return put_path(o, d.path, out);
	case GFS_DATUM_BOOLEAN:
	case GFS_DATUM_INTEGER:
		gfs_show_scalar(d, out);
		return 0;
	case GFS_DATUM_FLOAT:
		if (isfinite(d.real))
			gfs_show_scalar(d, out);
		else
			gfs_buf_append_text(out, "null");
		return 0;
	default:
		assert(gfs_datum_is_scalar(d));
		put_shown(d, out);
		return 0;
	}
}

int gfs_output_json_rows(struct gfs_output *o, const struct gfs_datum *rows, size_t count, struct gfs_buf *out)
{
	if (!o->begun)
		gfs_buf_append_text(out, "[");
	for (size_t i = 0; i < count * o->columns; i++) {
		size_t column = i % o->columns;
		if (column == 0)
			gfs_buf_append_text(out, o->rows != 0 || i != 0 ? ",\n{" : "\n{");
		else
			gfs_buf_append_u8(out, ',');
		gfs_json_string(gfs_result_column(o->result, column), out);
		gfs_buf_append_u8(out, ':');
		int err = put_value(o, rows[i], out);
		if (err != 0)
			return err;
		if (column + 1 == o->columns)
			gfs_buf_append_u8(out, '}');
	}
	return 0;
}

void gfs_output_json_end(struct gfs_output *o, struct gfs_buf *out)
{
	gfs_buf_append_text(out, o->rows == 0 ? "]\n" : "\n]\n");
}
