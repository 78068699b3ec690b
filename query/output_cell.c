/* Values in Cypher's notation. */
#include "graph/value.h"
#include "query/datum_private.h"
#include "query/output_private.h"
#include "query/show.h"

#include <assert.h>
#include <ctype.h>

static int put_value(struct gfs_output *o, struct gfs_datum d, struct gfs_buf *out);

/* Names that are no identifiers stand in backquotes. */
static void put_name(struct gfs_slice name, struct gfs_buf *out)
{
	bool plain = name.size != 0 && !isdigit(name.data[0]);
	for (size_t i = 0; plain && i < name.size; i++)
		plain = isalnum(name.data[i]) || name.data[i] == '_' || name.data[i] >= 0x80;
	if (plain) {
		gfs_buf_append(out, name.data, name.size);
		return;
	}
	gfs_buf_append_u8(out, '`');
	for (size_t i = 0; i < name.size; i++) {
		if (name.data[i] == '`')
			gfs_buf_append_u8(out, '`');
		gfs_buf_append_u8(out, name.data[i]);
	}
	gfs_buf_append_u8(out, '`');
}

static int put_list(struct gfs_output *o, struct gfs_datum d, struct gfs_buf *out)
{
	gfs_buf_append_u8(out, '[');
	for (uint32_t i = 0; i < d.size; i++) {
		if (i != 0)
			gfs_buf_append_text(out, ", ");
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
	for (uint32_t i = 0; i < d.size; i++) {
		if (i != 0)
			gfs_buf_append_text(out, ", ");
		put_name(d.entries[i].key, out);
		gfs_buf_append_text(out, ": ");
		int err = put_value(o, d.entries[i].value, out);
		if (err != 0)
			return err;
	}
	gfs_buf_append_u8(out, '}');
	return 0;
}

/* ---- entities ---- */

/* :A:B {k: 1} */
static int put_inside(struct gfs_output *o, const struct gfs_query_entity *entity, struct gfs_buf *out)
{
	for (size_t i = 0; i < entity->label_count; i++) {
		gfs_buf_append_u8(out, ':');
		put_name(entity->labels[i], out);
	}
	if (entity->properties.type != GFS_DATUM_MAP || entity->properties.size == 0)
		return 0;
	if (entity->label_count != 0)
		gfs_buf_append_u8(out, ' ');
	return put_map(o, entity->properties, out);
}

static int put_node(struct gfs_output *o, uint64_t id, struct gfs_buf *out)
{
	struct gfs_query_entity entity;
	int err = gfs_result_entity(o->result, gfs_datum_node(id), &entity, o->error);
	if (err != 0)
		return err;
	gfs_buf_append_u8(out, '(');
	err = put_inside(o, &entity, out);
	gfs_buf_append_u8(out, ')');
	return err;
}

/* `from`: the node before it in a path, whose direction the arrow then shows; GFS_ID_NONE: it stands alone. */
static int put_rel(struct gfs_output *o, uint64_t id, uint64_t from, struct gfs_buf *out)
{
	struct gfs_query_entity entity;
	int err = gfs_result_entity(o->result, gfs_datum_rel(id), &entity, o->error);
	if (err != 0)
		return err;
	bool path = from != GFS_ID_NONE;
	gfs_buf_append_text(out, !path ? "[" : entity.start == from ? "-[" : "<-[");
	err = put_inside(o, &entity, out);
	gfs_buf_append_text(out, !path ? "]" : entity.start == from ? "]->" : "]-");
	return err;
}

static int put_path(struct gfs_output *o, const struct gfs_datum_path *path, struct gfs_buf *out)
{
	int err = put_node(o, path->nodes[0], out);
	for (uint32_t i = 0; err == 0 && i < path->length; i++) {
		err = put_rel(o, path->rels[i], path->nodes[i], out);
		if (err == 0)
			err = put_node(o, path->nodes[i + 1], out);
	}
	return err;
}

/* ---- all ---- */

/* Strings and bytes as items of a list are written. */
static int put_quoted(struct gfs_datum d, struct gfs_buf *out)
{
	struct gfs_value item = { .type = d.type == GFS_DATUM_STRING ? GFS_TYPE_STRING : GFS_TYPE_BYTES };
	item.bytes = gfs_datum_text(d);
	return gfs_value_item_text(&item, out);
}

static int put_value(struct gfs_output *o, struct gfs_datum d, struct gfs_buf *out)
{
	switch (d.type) {
	case GFS_DATUM_NULL:
		gfs_buf_append_text(out, "null");
		return 0;
	case GFS_DATUM_STRING:
	case GFS_DATUM_BYTES:
		return put_quoted(d, out);
	case GFS_DATUM_LIST:
		return put_list(o, d, out);
	case GFS_DATUM_MAP:
		return put_map(o, d, out);
	case GFS_DATUM_NODE:
		return put_node(o, d.id, out);
	case GFS_DATUM_REL:
		return put_rel(o, d.id, GFS_ID_NONE, out);
	case GFS_DATUM_PATH:
		return put_path(o, d.path, out);
	default:
		assert(gfs_datum_is_scalar(d));
		gfs_show_scalar(d, out);
		return 0;
	}
}

int gfs_output_cell(struct gfs_output *o, struct gfs_datum d, struct gfs_buf *out)
{
	if (d.type != GFS_DATUM_STRING)
		return put_value(o, d, out);
	gfs_buf_append(out, d.text, d.size);
	return 0;
}
