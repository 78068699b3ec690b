/* Writing typed JSON. */
#include "query/typed_json.h"

#include "query/show.h"

#include <assert.h>
#include <math.h>

struct writer {
	struct gfs_result *result;
	struct gfs_buf *out;
	struct gfs_query_error *error;
};

static int put_value(struct writer *w, struct gfs_datum value);

static void put_text(struct writer *w, const char *text)
{
	gfs_buf_append_text(w->out, text);
}

static void put_float(struct writer *w, struct gfs_datum value)
{
	if (isnan(value.real))
		put_text(w, "{\"float\":\"NaN\"}");
	else if (isinf(value.real))
		put_text(w, value.real > 0 ? "{\"float\":\"Infinity\"}" : "{\"float\":\"-Infinity\"}");
	else
		gfs_show_scalar(value, w->out);
}

/* {"kind":"text"} */
static void put_scalar(struct writer *w, const char *kind, struct gfs_datum value)
{
	gfs_buf_printf(w->out, "{\"%s\":\"", kind);
	gfs_show_scalar(value, w->out);
	put_text(w, "\"}");
}

static void put_bytes(struct writer *w, struct gfs_datum value)
{
	put_text(w, "{\"bytes\":[");
	for (uint32_t i = 0; i < value.size; i++)
		gfs_buf_printf(w->out, "%s%u", i == 0 ? "" : ",", (unsigned)(uint8_t)value.text[i]);
	put_text(w, "]}");
}

static int put_list(struct writer *w, struct gfs_datum value)
{
	put_text(w, "[");
	for (uint32_t i = 0; i < value.size; i++) {
		put_text(w, i == 0 ? "" : ",");
		int err = put_value(w, value.items[i]);
		if (err != 0)
			return err;
	}
	put_text(w, "]");
	return 0;
}

static int put_entries(struct writer *w, struct gfs_datum value)
{
	put_text(w, "{");
	for (uint32_t i = 0; value.type == GFS_DATUM_MAP && i < value.size; i++) {
		put_text(w, i == 0 ? "" : ",");
		gfs_json_string(value.entries[i].key, w->out);
		put_text(w, ":");
		int err = put_value(w, value.entries[i].value);
		if (err != 0)
			return err;
	}
	put_text(w, "}");
	return 0;
}

static int put_map(struct writer *w, struct gfs_datum value)
{
	put_text(w, "{\"map\":");
	int err = put_entries(w, value);
	put_text(w, "}");
	return err;
}

/* ---- entities ---- */

static void put_labels(struct writer *w, const struct gfs_query_entity *entity)
{
	put_text(w, "[");
	for (size_t i = 0; i < entity->label_count; i++) {
		put_text(w, i == 0 ? "" : ",");
		gfs_json_string(entity->labels[i], w->out);
	}
	put_text(w, "]");
}

static int put_node(struct writer *w, uint64_t id)
{
	struct gfs_query_entity entity;
	int err = gfs_result_entity(w->result, gfs_datum_node(id), &entity, w->error);
	if (err != 0)
		return err;
	gfs_buf_printf(w->out, "{\"id\":%llu,\"labels\":", (unsigned long long)id);
	put_labels(w, &entity);
	put_text(w, ",\"props\":");
	err = put_entries(w, entity.properties);
	put_text(w, "}");
	return err;
}

static int put_rel(struct writer *w, uint64_t id)
{
	struct gfs_query_entity entity;
	int err = gfs_result_entity(w->result, gfs_datum_rel(id), &entity, w->error);
	if (err != 0)
		return err;
	assert(entity.label_count == 1);
	gfs_buf_printf(w->out, "{\"id\":%llu,\"type\":", (unsigned long long)id);
	gfs_json_string(entity.labels[0], w->out);
	gfs_buf_printf(w->out, ",\"start\":%llu,\"end\":%llu,\"props\":", (unsigned long long)entity.start,
		(unsigned long long)entity.end);
	err = put_entries(w, entity.properties);
	put_text(w, "}");
	return err;
}

static int put_wrapped(struct writer *w, const char *kind, uint64_t id, int (*put)(struct writer *w, uint64_t id))
{
	gfs_buf_printf(w->out, "{\"%s\":", kind);
	int err = put(w, id);
	put_text(w, "}");
	return err;
}

static int put_ids(struct writer *w, const uint64_t *ids, size_t count, int (*put)(struct writer *w, uint64_t id))
{
	put_text(w, "[");
	for (size_t i = 0; i < count; i++) {
		put_text(w, i == 0 ? "" : ",");
		int err = put(w, ids[i]);
		if (err != 0)
			return err;
	}
	put_text(w, "]");
	return 0;
}

static int put_path(struct writer *w, const struct gfs_datum_path *path)
{
	put_text(w, "{\"path\":{\"nodes\":");
	int err = put_ids(w, path->nodes, path->length + 1u, put_node);
	put_text(w, ",\"rels\":");
	if (err == 0)
		err = put_ids(w, path->rels, path->length, put_rel);
	put_text(w, "}}");
	return err;
}

/* ---- by type ---- */

static int put_value(struct writer *w, struct gfs_datum value)
{
	switch ((enum gfs_datum_type)value.type) {
	case GFS_DATUM_MAP:
		return put_map(w, value);
	case GFS_DATUM_NODE:
		return put_wrapped(w, "node", value.id, put_node);
	case GFS_DATUM_REL:
		return put_wrapped(w, "rel", value.id, put_rel);
	case GFS_DATUM_LIST:
		return put_list(w, value);
	case GFS_DATUM_PATH:
		return put_path(w, value.path);
	case GFS_DATUM_POINT:
		put_scalar(w, "point", value);
		break;
	case GFS_DATUM_DATETIME:
	case GFS_DATUM_LOCALDATETIME:
	case GFS_DATUM_DATE:
	case GFS_DATUM_TIME:
	case GFS_DATUM_LOCALTIME:
	case GFS_DATUM_DURATION:
		put_scalar(w, "temporal", value);
		break;
	case GFS_DATUM_BYTES:
		put_bytes(w, value);
		break;
	case GFS_DATUM_STRING:
		gfs_json_string(gfs_datum_text(value), w->out);
		break;
	case GFS_DATUM_BOOLEAN:
		put_text(w, value.boolean ? "true" : "false");
		break;
	case GFS_DATUM_INTEGER:
		gfs_buf_printf(w->out, "%lld", (long long)value.integer);
		break;
	case GFS_DATUM_FLOAT:
		put_float(w, value);
		break;
	case GFS_DATUM_NULL:
	case GFS_DATUM_TYPE_COUNT:
		put_text(w, "null");
		break;
	}
	return 0;
}

/* ---- whole results ---- */

static int put_rows(struct writer *w, const struct gfs_datum *rows, size_t count, bool *first)
{
	size_t columns = gfs_result_column_count(w->result);
	for (size_t row = 0; row < count; row++) {
		put_text(w, *first ? "[" : ",[");
		*first = false;
		for (size_t i = 0; i < columns; i++) {
			put_text(w, i == 0 ? "" : ",");
			int err = put_value(w, rows[row * columns + i]);
			if (err != 0)
				return err;
		}
		put_text(w, "]");
	}
	return 0;
}

int gfs_typed_json_result(struct gfs_result *result, struct gfs_buf *out, struct gfs_query_error *error)
{
	struct writer w = { .result = result, .out = out, .error = error };
	const struct gfs_datum *rows;
	size_t count;
	bool first = true;
	put_text(&w, "{\"columns\":[");
	for (size_t i = 0; i < gfs_result_column_count(result); i++) {
		put_text(&w, i == 0 ? "" : ",");
		gfs_json_string(gfs_result_column(result, i), out);
	}
	put_text(&w, "],\"rows\":[");
	do {
		int err = gfs_result_next(result, &rows, &count, error);
		if (err == 0)
			err = put_rows(&w, rows, count, &first);
		if (err != 0)
			return err;
	} while (count != 0);
	put_text(&w, "]}");
	return 0;
}

void gfs_typed_json_error(const struct gfs_query_error *error, struct gfs_buf *out)
{
	gfs_buf_printf(out,
		"{\"error\":{\"kind\":\"%s\",\"phase\":\"%s\",\"detail\":", gfs_query_error_kind_name(error->kind),
		error->phase == GFS_QUERY_COMPILE ? "compile" : "runtime");
	gfs_json_string(gfs_slice_text(error->detail), out);
	gfs_buf_append_text(out, ",\"message\":");
	gfs_json_string(gfs_slice_text(error->message), out);
	gfs_buf_append_text(out, "}}");
}
