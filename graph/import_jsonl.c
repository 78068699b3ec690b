/* JSON Lines: what gfs_dump writes, and what people write by hand.
 *
 * The numbers of nodes are the file's own; a {"graphfs":1} line starts them anew, so that dumps may be strung together and one dump may be
 * cut into several files. "start" and "end" may also be a string: a node's key. */
#include "base/checked.h"
#include "graph/constraint.h"
#include "graph/saved_query.h"
#include "graph/transfer_private.h"

#include <assert.h>
#include <jansson.h>
#include <limits.h>

/* A line, parsed. */
struct line {
	struct gfs_import *import;
	json_t *json;
	const uint8_t *at;
};

static struct gfs_slice text_of(const json_t *json)
{
	return gfs_slice(json_string_value(json), json_string_length(json));
}

/* ---- members ---- */

static int check_members(const struct line *line, const char *const *known)
{
	char shown[GFS_SHOWN_MAX];
	const char *name;
	json_t *member;
	json_object_foreach(line->json, name, member)
	{
		size_t i = 0;
		while (known[i] != NULL && strcmp(known[i], name) != 0)
			i++;
		if (known[i] == NULL)
			return gfs_import_fail(
				line->import, line->at, "unknown member '%s'", gfs_show(gfs_slice_text(name), shown));
	}
	return 0;
}

/* A number from 0 to max; a time beyond INT64_MAX is written as a string. Leaves *ret alone when it is not there. */
static int get_number(const struct line *line, const json_t *json, const char *name, uint64_t max, uint64_t *ret)
{
	char *end;
	uint64_t number;
	if (json == NULL)
		return 0;
	if (json_is_integer(json) && json_integer_value(json) >= 0) {
		number = (uint64_t)json_integer_value(json);
	} else if (json_is_string(json) && max == UINT64_MAX && json_string_length(json) != 0) {
		errno = 0;
		number = strtoull(json_string_value(json), &end, 10);
		if (errno != 0 || (size_t)(end - json_string_value(json)) != json_string_length(json))
			return gfs_import_fail(line->import, line->at, "'%s' is not a time", name);
	} else {
		return gfs_import_fail(line->import, line->at, "'%s' is not a whole number", name);
	}
	if (number > max)
		return gfs_import_fail(line->import, line->at, "'%s' is too large", name);
	*ret = number;
	return 0;
}

static int get_member_number(const struct line *line, const char *name, uint64_t max, uint64_t *ret)
{
	return get_number(line, json_object_get(line->json, name), name, max, ret);
}

/* A member that must be of a kind, when it is there. */
static int get_typed(const struct line *line, const char *name, json_type type, const char *kind, const json_t **ret)
{
	const json_t *json = json_object_get(line->json, name);
	if (json != NULL && json_typeof(json) != type)
		return gfs_import_fail(line->import, line->at, "'%s' is not %s", name, kind);
	*ret = json;
	return 0;
}

static int get_name(const struct line *line, const char *name, enum gfs_catalog_kind kind, uint16_t *ret_id)
{
	const json_t *json = json_object_get(line->json, name);
	if (!json_is_string(json))
		return gfs_import_fail(line->import, line->at, "'%s' is not a string", name);
	return gfs_import_name(line->import, kind, text_of(json), line->at, ret_id);
}

/* ---- properties ---- */

static int read_property(const struct line *line, const char *name, const json_t *json)
{
	char shown[GFS_SHOWN_MAX];
	struct gfs_value *value;
	uint16_t key;
	int err = gfs_import_name(line->import, GFS_CATALOG_KEY, gfs_slice_text(name), line->at, &key);
	if (err == 0)
		err = gfs_import_next_value(line->import, &value);
	if (err != 0)
		return err;
	err = gfs_value_from_json(json, &line->import->arena, value);
	if (err == GFS_ERR_INVALID)
		return gfs_import_fail(line->import, line->at, "the value of '%s' is none that a property can have",
			gfs_show(gfs_slice_text(name), shown));
	if (err == 0)
		gfs_import_add_prop(line->import, key);
	return err;
}

static int read_properties(const struct line *line)
{
	const json_t *props = NULL;
	const char *name;
	json_t *value;
	int err = get_typed(line, "properties", JSON_OBJECT, "an object", &props);
	if (err != 0 || props == NULL)
		return err;
	json_object_foreach((json_t *)(uintptr_t)props, name, value)
	{
		err = read_property(line, name, value);
		if (err != 0)
			return err;
	}
	return 0;
}

/* Times of properties that have their own. */
static int read_mtimes(const struct line *line, struct gfs_entity entity)
{
	const json_t *mtimes = NULL;
	const char *name;
	json_t *json;
	int err = get_typed(line, "mtimes", JSON_OBJECT, "an object", &mtimes);
	if (err != 0 || mtimes == NULL)
		return err;
	json_object_foreach((json_t *)(uintptr_t)mtimes, name, json)
	{
		char shown[GFS_SHOWN_MAX];
		uint16_t key;
		uint64_t mtime = 0;
		err = get_number(line, json, "mtimes", UINT64_MAX, &mtime);
		if (err == 0)
			err = gfs_import_name(line->import, GFS_CATALOG_KEY, gfs_slice_text(name), line->at, &key);
		if (err == 0)
			err = gfs_prop_set_mtime(line->import->tx, entity, key, mtime);
		if (err == GFS_ERR_NOTFOUND)
			return gfs_import_fail(
				line->import, line->at, "a time for '%s', which is no property", gfs_show(gfs_slice_text(name), shown));
		if (err != 0)
			return err;
	}
	return 0;
}

static int read_access_of(const struct line *line, struct gfs_entity entity, const char *name, const json_t *json)
{
	static const uint64_t max[] = { 0777, UINT32_MAX, UINT32_MAX };
	uint64_t part[GFS_COUNT(max)] = { 0 };
	char shown[GFS_SHOWN_MAX];
	uint16_t key;
	int err = 0;
	if (!json_is_array(json) || json_array_size(json) != GFS_COUNT(max))
		return gfs_import_fail(
			line->import, line->at, "access of '%s' is not [mode, uid, gid]", gfs_show(gfs_slice_text(name), shown));
	for (size_t i = 0; err == 0 && i < GFS_COUNT(max); i++)
		err = get_number(line, json_array_get(json, i), "access", max[i], &part[i]);
	if (err == 0)
		err = gfs_import_name(line->import, GFS_CATALOG_KEY, gfs_slice_text(name), line->at, &key);
	if (err != 0)
		return err;
	struct gfs_access access = { .mode = (uint16_t)part[0], .uid = (uint32_t)part[1], .gid = (uint32_t)part[2] };
	err = gfs_prop_set_access(line->import->tx, entity, key, &access);
	if (err == GFS_ERR_NOTFOUND)
		return gfs_import_fail(
			line->import, line->at, "access of '%s', which is no property", gfs_show(gfs_slice_text(name), shown));
	return err;
}

/* Owner and mode of properties that have their own. */
static int read_access(const struct line *line, struct gfs_entity entity)
{
	const json_t *all = NULL;
	const char *name;
	json_t *json;
	int err = get_typed(line, "access", JSON_OBJECT, "an object", &all);
	if (err != 0 || all == NULL)
		return err;
	json_object_foreach((json_t *)(uintptr_t)all, name, json)
	{
		err = read_access_of(line, entity, name, json);
		if (err != 0)
			return err;
	}
	return 0;
}

/* ---- nodes ---- */

static int read_labels(const struct line *line)
{
	const json_t *labels = NULL;
	int err = get_typed(line, "labels", JSON_ARRAY, "an array", &labels);
	for (size_t i = 0; err == 0 && i < json_array_size(labels); i++) {
		const json_t *label = json_array_get(labels, i);
		if (!json_is_string(label))
			return gfs_import_fail(line->import, line->at, "a label is not a string");
		err = gfs_import_add_label(line->import, text_of(label), line->at);
	}
	return err;
}

static int read_meta(const struct line *line, struct gfs_node_meta *meta)
{
	uint64_t uid = meta->uid, gid = meta->gid, mode = meta->mode;
	int err = get_member_number(line, "mode", 07777, &mode);
	if (err == 0)
		err = get_member_number(line, "uid", UINT32_MAX, &uid);
	if (err == 0)
		err = get_member_number(line, "gid", UINT32_MAX, &gid);
	if (err == 0)
		err = get_member_number(line, "mtime", UINT64_MAX, &meta->mtime_ns);
	if (err == 0)
		err = get_member_number(line, "ctime", UINT64_MAX, &meta->ctime_ns);
	if (err == 0)
		err = get_member_number(line, "btime", UINT64_MAX, &meta->btime_ns);
	meta->uid = (uint32_t)uid;
	meta->gid = (uint32_t)gid;
	meta->mode = (uint16_t)mode;
	return err;
}

static int read_folder_list(const struct line *line, const json_t *folders, enum gfs_direction dir, uint64_t node)
{
	const json_t *list = json_object_get(folders, dir == GFS_OUT ? "out" : "in");
	int err = 0;
	for (size_t i = 0; err == 0 && i < json_array_size(list); i++) {
		const json_t *name = json_array_get(list, i);
		uint16_t type = 0;
		if (!json_is_string(name))
			return gfs_import_fail(line->import, line->at, "a folder is not a string");
		err = gfs_import_name(line->import, GFS_CATALOG_TYPE, text_of(name), line->at, &type);
		if (err == 0)
			err = gfs_folder_set_made(line->import->tx, node, dir, type, true);
	}
	return err;
}

static int read_folders(const struct line *line, uint64_t node)
{
	const json_t *folders = NULL;
	int err = get_typed(line, "folders", JSON_OBJECT, "an object", &folders);
	if (err == 0)
		err = read_folder_list(line, folders, GFS_OUT, node);
	return err != 0 ? err : read_folder_list(line, folders, GFS_IN, node);
}

/* What the node has beyond labels and properties; its ctime then is what the line says. */
static int finish_node(const struct line *line, uint64_t node, const struct gfs_node_meta *meta)
{
	if (json_object_get(line->json, "mtimes") == NULL && json_object_get(line->json, "folders") == NULL &&
		json_object_get(line->json, "access") == NULL)
		return 0;
	struct gfs_entity entity = { GFS_NODE, node };
	int err = read_access(line, entity);
	if (err == 0)
		err = read_mtimes(line, entity);
	if (err == 0)
		err = read_folders(line, node);
	if (err != 0 || meta->ctime_ns == 0)
		return err;
	return gfs_node_set_meta(line->import->tx, node, GFS_META_CTIME, meta);
}

/* A number as a name. */
static struct gfs_slice number_name(uint64_t number, uint8_t bytes[8])
{
	gfs_put_le64(bytes, number);
	return gfs_slice(bytes, 8);
}

/* GFS_ID_NONE: no node has the number. */
static int find_number(struct gfs_import *import, uint64_t number, uint64_t *ret_node)
{
	uint8_t bytes[8];
	int err = gfs_bulk_find(import->tx, import->numbers, number_name(number, bytes), ret_node);
	if (err == GFS_ERR_NOTFOUND)
		*ret_node = GFS_ID_NONE;
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

static int read_node_parts(const struct line *line, struct gfs_node_meta *meta, uint64_t *number)
{
	static const char *const known[] = { "node", "key", "labels", "mode", "uid", "gid", "mtime", "ctime", "btime",
		"properties", "mtimes", "access", "folders", NULL };
	struct gfs_import *import = line->import;
	uint64_t other = GFS_ID_NONE;
	int err = check_members(line, known);
	if (err == 0)
		err = get_member_number(line, "node", INT64_MAX, number);
	if (err == 0 && *number != 0)
		err = find_number(import, *number, &other);
	if (err == 0 && other != GFS_ID_NONE)
		err = gfs_import_fail(import, line->at, "a second node with the number %llu", (unsigned long long)*number);
	if (err == 0)
		err = read_meta(line, meta);
	if (err == 0)
		err = read_labels(line);
	return err != 0 ? err : read_properties(line);
}

static int read_node(const struct line *line)
{
	struct gfs_import *import = line->import;
	struct gfs_node_meta meta = import->opts->meta;
	char shown[GFS_SHOWN_MAX];
	struct gfs_slice key = { 0 };
	const json_t *name = NULL;
	uint64_t number = 0, node;
	int err = get_typed(line, "key", JSON_STRING, "a string", &name);
	if (err == 0)
		err = read_node_parts(line, &meta, &number);
	if (err != 0)
		return err;
	if (name != NULL)
		key = text_of(name);
	err = gfs_import_node(import, key, &meta, line->at, &node);
	if (err == GFS_ERR_EXISTS)
		return gfs_import_fail(import, line->at, "there is a node '%s' already", gfs_show(key, shown));
	if (err == 0)
		err = finish_node(line, node, &meta);
	uint8_t bytes[8];
	return err == 0 && number != 0 ? gfs_bulk_name(import->tx, import->numbers, number_name(number, bytes), node) : err;
}

/* ---- relationships ---- */

static int resolve(const struct line *line, const char *name, uint64_t *ret_node)
{
	char shown[GFS_SHOWN_MAX];
	struct gfs_import *import = line->import;
	const json_t *json = json_object_get(line->json, name);
	if (json_is_integer(json)) {
		json_int_t number = json_integer_value(json);
		int err = number > 0 ? find_number(import, (uint64_t)number, ret_node) : 0;
		if (err != 0 || (number > 0 && *ret_node != GFS_ID_NONE))
			return err;
		return gfs_import_fail(import, line->at, "unknown node %lld", (long long)number);
	}
	if (!json_is_string(json))
		return gfs_import_fail(import, line->at, "'%s' is neither a number nor a key", name);
	int err = gfs_bulk_find(import->tx, GFS_IMPORT_SPACE_KEYS, text_of(json), ret_node);
	if (err == GFS_ERR_NOTFOUND)
		err = gfs_node_find(import->graph, text_of(json), ret_node);
	if (err == GFS_ERR_NOTFOUND)
		return gfs_import_fail(import, line->at, "unknown node '%s'", gfs_show(text_of(json), shown));
	return err;
}

static int read_relationship(const struct line *line)
{
	static const char *const known[] = { "rel", "type", "start", "end", "mtime", "properties", "mtimes", "access",
		NULL };
	uint64_t start = 0, end = 0, id = 0, mtime = 0;
	uint16_t type = 0;
	int err = check_members(line, known);
	if (err == 0 && line->import->opts->unlogged)
		err = gfs_bulk_settle_names(line->import->tx);
	if (err == 0)
		err = get_name(line, "type", GFS_CATALOG_TYPE, &type);
	if (err == 0)
		err = resolve(line, "start", &start);
	if (err == 0)
		err = resolve(line, "end", &end);
	if (err == 0)
		err = get_member_number(line, "mtime", UINT64_MAX, &mtime);
	if (err == 0)
		err = read_properties(line);
	if (err == 0)
		err = gfs_import_rel(line->import, type, start, end, mtime, line->at, &id);
	struct gfs_entity entity = { GFS_REL, id };
	if (err == 0)
		err = read_access(line, entity);
	return err != 0 ? err : read_mtimes(line, entity);
}

/* ---- the other lines ---- */

static int read_head(const struct line *line)
{
	static const char *const known[] = { "graphfs", "key_property", NULL };
	uint64_t version = 0;
	int err = check_members(line, known);
	if (err == 0)
		err = get_member_number(line, "graphfs", INT64_MAX, &version);
	if (err == 0 && version != 1)
		err = gfs_import_fail(
			line->import, line->at, "version %llu of the format is not known", (unsigned long long)version);
	if (err == 0)
		line->import->numbers++;
	return err;
}

static int read_made(const struct line *line, const char *member, enum gfs_catalog_kind kind)
{
	const char *const known[] = { member, NULL };
	uint16_t id = 0;
	int err = check_members(line, known);
	if (err == 0)
		err = get_name(line, member, kind, &id);
	return err != 0 ? err : gfs_name_set_made(line->import->tx, kind, id, true);
}

static bool is_there(struct gfs_graph *graph, uint16_t label, uint16_t key, bool unique, bool required)
{
	struct gfs_index_info info;
	if (unique || required)
		return gfs_constraint_find(graph, label, key, unique, required, &info) == 0;
	return gfs_index_find(graph, label, key, &info) == 0 && !info.unique;
}

/* An index or constraint that is there already in the same form is left as it is. */
static int read_index_parts(const struct line *line, struct gfs_slice name, bool unique, bool required)
{
	struct gfs_import *import = line->import;
	char shown[GFS_SHOWN_MAX];
	uint16_t label = 0, key = 0, id;
	int err = get_name(line, "label", GFS_CATALOG_LABEL, &label);
	if (err == 0)
		err = get_name(line, "property", GFS_CATALOG_KEY, &key);
	if (err != 0)
		return err;
	if (is_there(import->graph, label, key, unique, required))
		return 0;
	err = unique || required ? gfs_constraint_create(import->tx, label, key, unique, required, name, &id)
							 : gfs_index_create(import->tx, label, key, false, name, &id);
	if (err == GFS_ERR_EXISTS)
		return gfs_import_fail(import, line->at, "there is another index '%s' already", gfs_show(name, shown));
	return err == 0 ? 0 : gfs_import_blame(import, line->at, err, "an index");
}

/* A member that may be left out: then it is false. */
static int get_flag(const struct line *line, const char *member, bool *ret_flag)
{
	const json_t *flag = json_object_get(line->json, member);
	*ret_flag = json_is_true(flag);
	if (flag != NULL && !json_is_boolean(flag))
		return gfs_import_fail(line->import, line->at, "'%s' is neither true nor false", member);
	return 0;
}

static int read_index(const struct line *line)
{
	static const char *const known[] = { "index", "label", "property", "unique", "required", NULL };
	const json_t *name = NULL;
	bool unique = false, required = false;
	int err = check_members(line, known);
	if (err == 0)
		err = get_typed(line, "index", JSON_STRING, "a string", &name);
	if (err == 0)
		err = get_flag(line, "unique", &unique);
	if (err == 0)
		err = get_flag(line, "required", &required);
	return err != 0 ? err : read_index_parts(line, text_of(name), unique, required);
}

/* A string, or bytes in the notation for values. */
static int get_query_text(const struct line *line, struct gfs_slice *ret_text)
{
	const json_t *text = json_object_get(line->json, "text");
	struct gfs_value value = { .type = GFS_TYPE_STRING };
	int err = text != NULL ? gfs_value_from_json(text, &line->import->arena, &value) : 0;
	if (err == GFS_ERR_INVALID || (err == 0 && value.type != GFS_TYPE_STRING && value.type != GFS_TYPE_BYTES))
		return gfs_import_fail(line->import, line->at, "'text' is not a string");
	*ret_text = value.bytes;
	return err;
}

/* One that is there already is left as it is. */
static int read_query(const struct line *line)
{
	static const char *const known[] = { "query", "text", NULL };
	struct gfs_import *import = line->import;
	const json_t *name = NULL;
	struct gfs_slice text = { 0 };
	uint16_t number;
	int err = check_members(line, known);
	if (err == 0)
		err = get_typed(line, "query", JSON_STRING, "a string", &name);
	if (err == 0)
		err = get_query_text(line, &text);
	if (err != 0)
		return err;
	err = gfs_saved_query_make(import->tx, text_of(name), &number);
	if (err == GFS_ERR_EXISTS)
		return 0;
	if (err == 0)
		err = gfs_saved_query_set_text(import->tx, number, text);
	return err == 0 ? 0 : gfs_import_blame(import, line->at, err, "a saved query");
}

static int read_object(const struct line *line)
{
	if (json_object_get(line->json, "query") != NULL)
		return read_query(line);
	if (json_object_get(line->json, "index") != NULL)
		return read_index(line);

	if (json_object_get(line->json, "graphfs") != NULL)
		return read_head(line);
	if (json_object_get(line->json, "rel") != NULL || json_object_get(line->json, "start") != NULL)
		return read_relationship(line);
	if (json_object_get(line->json, "node") != NULL || json_object_get(line->json, "key") != NULL)
		return read_node(line);
	if (json_object_get(line->json, "label") != NULL)
		return read_made(line, "label", GFS_CATALOG_LABEL);
	if (json_object_get(line->json, "type") != NULL)
		return read_made(line, "type", GFS_CATALOG_TYPE);
	return gfs_import_fail(line->import, line->at, "neither a node nor a relationship");
}

static int read_line(struct gfs_import *import, struct gfs_slice text)
{
	char shown[GFS_SHOWN_MAX];
	json_error_t error;
	struct gfs_import_result before = import->result;
	struct gfs_txn_mark mark = gfs_tx_mark(import->tx);
	struct line line = { .import = import, .at = text.data };
	line.json = json_loadb((const char *)text.data, text.size, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
	if (line.json == NULL && json_error_code(&error) == json_error_out_of_memory)
		return GFS_ERR_NOMEM;
	if (line.json == NULL) {
		size_t offset = error.position > 0 ? GFS_MIN((size_t)error.position - 1, text.size - 1) : 0;
		return gfs_import_fail(import, text.data + offset, "%s", gfs_show(gfs_slice_text(error.text), shown));
	}
	int err = json_is_object(line.json) ? read_object(&line) : gfs_import_fail(import, line.at, "not a JSON object");
	if (err == GFS_ERR_INVALID) {
		gfs_tx_rollback_to(import->tx, mark);
		gfs_import_forget_names(import);
		import->result = before;
	}
	json_decref(line.json);
	return err;
}

static bool is_blank(struct gfs_slice text)
{
	size_t at = 0;
	while (at < text.size && (text.data[at] == ' ' || text.data[at] == '\t' || text.data[at] == '\r'))
		at++;
	return at == text.size;
}

int gfs_import_jsonl(struct gfs_import *import)
{
	struct gfs_csv rest = gfs_csv_open(import->source->contents); /* after a byte order mark */
	int err = 0;
	while (err == 0 && rest.at < rest.end) {
		const uint8_t *newline = memchr(rest.at, '\n', (size_t)(rest.end - rest.at));
		struct gfs_slice text = gfs_slice(rest.at, (size_t)((newline == NULL ? rest.end : newline) - rest.at));
		rest.at = newline == NULL ? rest.end : newline + 1;
		err = is_blank(text) ? 0 : read_line(import, text);
		err = gfs_import_row_done(import, err, rest.at);
	}
	return err;
}
