/* The rows of a CSV file, as nodes or as relationships.
 *
 * A node's key is its id. Ids of different groups may be equal: the first to come has the key ID, the others GROUP:ID. */
#include "base/checked.h"
#include "base/utf8.h"
#include "graph/transfer_private.h"

#include <assert.h>
#include <stdlib.h>

/* ---- ids ---- */

static int group_of(struct gfs_import *import, struct gfs_slice name, size_t *ret_group)
{
	for (size_t i = 0; i < import->group_count; i++) {
		if (gfs_slice_equal(import->groups[i], name)) {
			*ret_group = i;
			return 0;
		}
	}
	struct gfs_slice *groups = reallocarray(import->groups, import->group_count + 1, sizeof *groups);
	if (groups == NULL)
		return GFS_ERR_NOMEM;
	import->groups = groups;
	*ret_group = import->group_count++;
	groups[*ret_group] = name;
	return 0;
}

static uint64_t space_of(const struct gfs_import *import, size_t group)
{
	return import->has_groups ? GFS_IMPORT_SPACE_GROUPS + group : GFS_IMPORT_SPACE_KEYS;
}

/* The node of an id that came in this import. */
static int find_id(struct gfs_import *import, size_t group, struct gfs_slice id, uint64_t *ret_node)
{
	return gfs_bulk_find(import->tx, space_of(import, group), id, ret_node);
}

/* 0: it is in another group. GFS_ERR_NOTFOUND. */
static int find_in_other_group(struct gfs_import *import, size_t group, struct gfs_slice id)
{
	uint64_t node;
	int err = GFS_ERR_NOTFOUND;
	for (size_t i = 0; err == GFS_ERR_NOTFOUND && i < import->group_count; i++)
		err = i == group ? err : find_id(import, i, id, &node);
	return err;
}

/* "GROUP:ID". */
static int grouped_key(struct gfs_import *import, size_t group, struct gfs_slice id, struct gfs_slice *ret_key)
{
	struct gfs_slice name = import->groups[group];
	size_t size = name.size + 1 + id.size;
	uint8_t *key = gfs_arena_alloc(&import->arena, size);
	if (key == NULL)
		return GFS_ERR_NOMEM;
	memcpy(key, name.data, name.size);
	key[name.size] = ':';
	memcpy(key + name.size + 1, id.data, id.size);
	*ret_key = gfs_slice(key, size);
	return 0;
}

/* A node that was in the graph before this import. */
static int find_before(struct gfs_import *import, size_t group, struct gfs_slice id, uint64_t *ret_node)
{
	int err = GFS_ERR_NOTFOUND;
	struct gfs_slice key;
	if (id.size == 0)
		return err;
	if (import->groups[group].size != 0) {
		err = grouped_key(import, group, id, &key);
		if (err == 0)
			err = gfs_node_find(import->graph, key, ret_node);
	}
	if (err != GFS_ERR_NOTFOUND)
		return err;
	err = find_in_other_group(import, group, id);
	if (err != GFS_ERR_NOTFOUND)
		return err == 0 ? GFS_ERR_NOTFOUND : err;
	return gfs_node_find(import->graph, id, ret_node);
}

/* ---- values ---- */

static const char *article_name(const struct gfs_column_type *type)
{
	switch (type->type) {
	case GFS_TYPE_BOOLEAN:
		return "a boolean (true or false)";
	case GFS_TYPE_INTEGER:
		return "an integer";
	case GFS_TYPE_FLOAT:
		return "a float";
	case GFS_TYPE_DATE:
		return "a date";
	case GFS_TYPE_LOCALTIME:
		return "a local time";
	case GFS_TYPE_TIME:
		return "a time";
	case GFS_TYPE_LOCALDATETIME:
		return "a local date-time";
	case GFS_TYPE_DATETIME:
		return "a date-time";
	case GFS_TYPE_DURATION:
		return "a duration";
	case GFS_TYPE_POINT:
		return "a point, as point({x: 1.0, y: 2.0, crs: 'cartesian'})";
	default:
		return "a string";
	}
}

static int check_range(struct gfs_import *import, const struct gfs_column *column, const struct gfs_csv_field *field,
	const struct gfs_value *value)
{
	char shown[GFS_SHOWN_MAX];
	const struct gfs_column_type *type = column->type;
	if (value->type == GFS_TYPE_INTEGER && (value->integer < type->min || value->integer > type->max))
		return gfs_import_fail(
			import, field->at, "'%s' does not fit in a %s", gfs_show(field->text, shown), type->name);
	if (type->one_character && gfs_utf8_next(value->bytes.data, value->bytes.size, NULL) != value->bytes.size)
		return gfs_import_fail(import, field->at, "'%s' is not one character", gfs_show(field->text, shown));
	if (value->type == GFS_TYPE_STRING && value->bytes.size >= GFS_VALUE_BYTES_MAX)
		return gfs_import_fail(
			import, field->at, "a value of more than %llu bytes", (unsigned long long)GFS_VALUE_BYTES_MAX);
	return 0;
}

static int read_scalar(struct gfs_import *import, const struct gfs_column *column, const struct gfs_csv_field *field,
	struct gfs_slice text, struct gfs_value *value)
{
	char shown[GFS_SHOWN_MAX];
	int err = gfs_value_parse_loose(column->type->type, text, &import->arena, value);
	if (err == GFS_ERR_INVALID)
		return gfs_import_fail(import, field->at, "'%s' is not %s", gfs_show(text, shown), article_name(column->type));
	if (err == GFS_ERR_OVERFLOW)
		return gfs_import_fail(import, field->at, "'%s' is too large a number", gfs_show(text, shown));
	if (err != 0)
		return gfs_import_blame(import, field->at, err, "a value");
	return check_range(import, column, field, value);
}

/* The part of *rest before the next semicolon; *rest has data NULL after the last. */
static struct gfs_slice next_part(struct gfs_slice *rest)
{
	const uint8_t *end = rest->size == 0 ? NULL : memchr(rest->data, ';', rest->size);
	struct gfs_slice part = *rest;
	if (end == NULL) {
		*rest = (struct gfs_slice){ 0 };
		return part;
	}
	part.size = (size_t)(end - part.data);
	*rest = gfs_slice(end + 1, rest->size - part.size - 1);
	return part;
}

static int read_array(struct gfs_import *import, const struct gfs_column *column, const struct gfs_csv_field *field,
	struct gfs_value *value)
{
	size_t count = 1, i = 0;
	for (size_t at = 0; at < field->text.size; at++)
		count += field->text.data[at] == ';';
	struct gfs_value *items = gfs_arena_alloc(&import->arena, count * sizeof *items);
	if (items == NULL)
		return GFS_ERR_NOMEM;
	for (struct gfs_slice rest = field->text; rest.data != NULL; i++) {
		int err = read_scalar(import, column, field, next_part(&rest), &items[i]);
		if (err != 0)
			return err;
		items[i].newline = items[i].declared = false;
	}
	assert(i == count);
	*value = (struct gfs_value){ .type = GFS_TYPE_LIST, .newline = true, .list = { items, count } };
	gfs_value_declare(value);
	return 0;
}

static int read_property(struct gfs_import *import, const struct gfs_column *column, const struct gfs_csv_field *field)
{
	struct gfs_value *value;
	if (field->text.size == 0)
		return 0;
	int err = gfs_import_next_value(import, &value);
	if (err == 0)
		err = column->is_array ? read_array(import, column, field, value)
							   : read_scalar(import, column, field, field->text, value);
	if (err == 0)
		gfs_import_add_prop(import, column->key);
	return err;
}

static int read_labels(struct gfs_import *import, const struct gfs_csv_field *field)
{
	int err = 0;
	struct gfs_slice rest = field->text;
	while (err == 0 && rest.size != 0) {
		struct gfs_slice label = next_part(&rest);
		if (label.size != 0)
			err = gfs_import_add_label(import, label, field->at);
	}
	return err;
}

/* ---- rows ---- */

/* One end of the rows' relationships, with the id that the row before had. */
struct end {
	size_t column;
	size_t group;
	struct gfs_slice last; /* data NULL: none */
	uint64_t last_node;
};

/* Rows that are read a first time, for the ids in them: looking for an id is a miss of the processor's cache or two, and so those of several rows go on
 * at once. */
enum { AHEAD_ROWS = 16 };
struct ahead {
	struct gfs_csv csv;
	struct gfs_csv_row row;
	struct gfs_arena arena;
	unsigned rows; /* that reader->row has yet to come to */
};

struct reader {
	struct gfs_import *import;
	const struct gfs_header *header;
	struct gfs_csv_row row;
	size_t id_column, type_column;
	size_t group; /* of the nodes */
	struct end start, end;
	struct ahead ahead;
};

static int end_open(struct reader *reader, size_t column, struct end *end)
{
	*end = (struct end){ .column = column };
	return group_of(reader->import, reader->header->columns[column].group, &end->group);
}

static int open_column(struct reader *reader, struct gfs_column *column)
{
	struct gfs_import *import = reader->import;
	size_t i = (size_t)(column - reader->header->columns);
	int err = 0;
	if (column->kind == GFS_COLUMN_START_ID) {
		err = end_open(reader, i, &reader->start);
	} else if (column->kind == GFS_COLUMN_END_ID) {
		err = end_open(reader, i, &reader->end);
	} else if (column->kind == GFS_COLUMN_TYPE) {
		reader->type_column = i;
	} else if (column->kind == GFS_COLUMN_ID) {
		err = group_of(import, column->group, &reader->group);
		reader->id_column = i;
	}
	if (err == 0 && column->name.size != 0)
		err = gfs_import_name(import, GFS_CATALOG_KEY, column->name, column->at, &column->key);
	return err;
}

static int check_field_count(struct reader *reader)
{
	const struct gfs_csv_row *row = &reader->row;
	size_t want = reader->header->count;
	if (row->count == want)
		return 0;
	const uint8_t *at = row->count > want ? row->fields[want].at : row->at;
	return gfs_import_fail(reader->import, at, "wrong number of fields: %zu, and the header has %zu", row->count, want);
}

static int read_properties(struct reader *reader)
{
	int err = 0;
	for (size_t i = 0; err == 0 && i < reader->header->count; i++) {
		const struct gfs_column *column = &reader->header->columns[i];
		if (column->kind == GFS_COLUMN_LABEL)
			err = read_labels(reader->import, &reader->row.fields[i]);
		else if (column->name.size != 0)
			err = read_property(reader->import, column, &reader->row.fields[i]);
	}
	return err;
}

/* A node whose id is some node's key: that of another group's makes room, any other is a fault. */
static int resolve_taken(struct reader *reader, const struct gfs_csv_field *id, uint64_t *ret_node)
{
	char shown[GFS_SHOWN_MAX];
	struct gfs_import *import = reader->import;
	struct gfs_slice key;
	int err = find_id(import, reader->group, id->text, ret_node);
	if (err == 0)
		return gfs_import_fail(import, id->at, "a second node with the id '%s'", gfs_show(id->text, shown));
	if (err == GFS_ERR_NOTFOUND && import->groups[reader->group].size != 0)
		err = find_in_other_group(import, reader->group, id->text);
	if (err == 0) {
		err = grouped_key(import, reader->group, id->text, &key);
		if (err == 0)
			err = gfs_import_node(import, key, &import->opts->meta, id->at, ret_node);
	}
	if (err == GFS_ERR_EXISTS || err == GFS_ERR_NOTFOUND)
		return gfs_import_fail(import, id->at, "the graph has a node '%s' already", gfs_show(id->text, shown));
	return err;
}

static int read_node(struct reader *reader)
{
	struct gfs_import *import = reader->import;
	const struct gfs_csv_field *id = &reader->row.fields[reader->id_column];
	uint64_t node;
	int err = read_properties(reader);
	if (err != 0)
		return err;
	err = gfs_import_node(import, id->text, &import->opts->meta, id->at, &node);
	if (err == GFS_ERR_EXISTS)
		err = resolve_taken(reader, id, &node);
	if (err != 0 || id->text.size == 0 || !import->has_groups)
		return err;
	return gfs_bulk_name(import->tx, GFS_IMPORT_SPACE_GROUPS + reader->group, id->text, node);
}

static int resolve(struct reader *reader, struct end *end, uint64_t *ret_node)
{
	char shown[GFS_SHOWN_MAX];
	struct gfs_import *import = reader->import;
	const struct gfs_csv_field *field = &reader->row.fields[end->column];
	if (end->last.data != NULL && gfs_slice_equal(end->last, field->text)) {
		*ret_node = end->last_node;
		return 0;
	}
	int err = find_id(import, end->group, field->text, ret_node);
	if (err == GFS_ERR_NOTFOUND)
		err = find_before(import, end->group, field->text, ret_node);
	if (err == GFS_ERR_NOTFOUND)
		return gfs_import_fail(import, field->at, "unknown node '%s'", gfs_show(field->text, shown));
	/* Only a text that stays: not one in the arena. */
	bool in_file = field->text.data == field->at || field->text.data == field->at + 1;
	end->last = in_file ? field->text : (struct gfs_slice){ 0 };
	end->last_node = *ret_node;
	return err;
}

static void expect_end(struct reader *reader, const struct end *end)
{
	if (end->column < reader->ahead.row.count)
		gfs_bulk_expect(
			reader->import->tx, space_of(reader->import, end->group), reader->ahead.row.fields[end->column].text);
}

/* What is wrong with a row is said when it is read. */
static void look_ahead(struct reader *reader)
{
	struct ahead *ahead = &reader->ahead;
	struct gfs_csv_fault fault;
	int err = 0;
	for (; err == 0 && ahead->rows < AHEAD_ROWS; ahead->rows++) {
		err = gfs_csv_next(&ahead->csv, &ahead->arena, &ahead->row, &fault);
		if (err == 0) {
			expect_end(reader, &reader->start);
			expect_end(reader, &reader->end);
		}
		gfs_arena_clear(&ahead->arena);
	}
	ahead->rows--;
}

static int read_relationship(struct reader *reader)
{
	struct gfs_import *import = reader->import;
	const struct gfs_csv_field *type = &reader->row.fields[reader->type_column];
	uint64_t start, end, id;
	uint16_t type_id;
	int err = resolve(reader, &reader->start, &start);
	if (err == 0)
		err = resolve(reader, &reader->end, &end);
	if (err == 0)
		err = gfs_import_name(import, GFS_CATALOG_TYPE, type->text, type->at, &type_id);
	if (err == 0)
		err = read_properties(reader);
	return err != 0 ? err : gfs_import_rel(import, type_id, start, end, 0, reader->row.at, &id);
}

/* At the end of the file *ret_end is set. */
static int read_row(struct reader *reader, bool *ret_end)
{
	struct gfs_csv_fault fault = { 0 };
	if (!reader->header->is_nodes)
		look_ahead(reader);
	int err = gfs_csv_next(&reader->import->source->csv, &reader->import->arena, &reader->row, &fault);
	*ret_end = err == GFS_ERR_NOTFOUND;
	if (*ret_end)
		return 0;
	if (err == GFS_ERR_INVALID)
		return gfs_import_fail(reader->import, fault.at, "%s", fault.reason);
	if (err == 0)
		err = check_field_count(reader);
	if (err != 0)
		return err;
	return reader->header->is_nodes ? read_node(reader) : read_relationship(reader);
}

int gfs_import_csv(struct gfs_import *import)
{
	struct reader reader = {
		.import = import,
		.header = &import->source->header,
		.ahead = { .csv = import->source->csv, .arena = GFS_ARENA_INIT },
	};
	int err = 0;
	for (size_t i = 0; err == 0 && i < reader.header->count; i++)
		err = open_column(&reader, &reader.header->columns[i]);
	for (bool ended = false; err == 0 && !ended;) {
		err = read_row(&reader, &ended);
		err = gfs_import_row_done(import, err, import->source->csv.at);
	}
	gfs_csv_row_release(&reader.row);
	gfs_csv_row_release(&reader.ahead.row);
	gfs_arena_release(&reader.ahead.arena);
	return err;
}
