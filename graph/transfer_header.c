/* The header of a CSV file, as neo4j-admin import writes it: what each column means. */
#include "base/checked.h"
#include "graph/transfer_private.h"

#include <assert.h>

static const struct gfs_column_type types[] = {
	{ .name = "string", .type = GFS_TYPE_STRING }, /* the first one is what a column without a type has */
	{ .name = "char", .type = GFS_TYPE_STRING, .one_character = true },
	{ .name = "boolean", .type = GFS_TYPE_BOOLEAN },
	{ .name = "int", .type = GFS_TYPE_INTEGER, .min = INT64_MIN, .max = INT64_MAX },
	{ .name = "long", .type = GFS_TYPE_INTEGER, .min = INT64_MIN, .max = INT64_MAX },
	{ .name = "short", .type = GFS_TYPE_INTEGER, .min = INT16_MIN, .max = INT16_MAX },
	{ .name = "byte", .type = GFS_TYPE_INTEGER, .min = INT8_MIN, .max = INT8_MAX },
	{ .name = "float", .type = GFS_TYPE_FLOAT },
	{ .name = "double", .type = GFS_TYPE_FLOAT },
	{ .name = "date", .type = GFS_TYPE_DATE },
	{ .name = "localtime", .type = GFS_TYPE_LOCALTIME },
	{ .name = "time", .type = GFS_TYPE_TIME },
	{ .name = "localdatetime", .type = GFS_TYPE_LOCALDATETIME },
	{ .name = "datetime", .type = GFS_TYPE_DATETIME },
	{ .name = "duration", .type = GFS_TYPE_DURATION },
	{ .name = "point", .type = GFS_TYPE_POINT },
};

static const struct {
	const char *name;
	enum gfs_column_kind kind;
	bool has_group;
} roles[] = {
	{ "ID", GFS_COLUMN_ID, true },
	{ "START_ID", GFS_COLUMN_START_ID, true },
	{ "END_ID", GFS_COLUMN_END_ID, true },
	{ "LABEL", GFS_COLUMN_LABEL, false },
	{ "TYPE", GFS_COLUMN_TYPE, false },
	{ "IGNORE", GFS_COLUMN_IGNORE, false },
};

static bool is_word(struct gfs_slice text, const char *word)
{
	return text.size == strlen(word) && strncasecmp((const char *)text.data, word, text.size) == 0;
}

/* Cuts "(GROUP)" off the end of a role. */
static void split_group(struct gfs_slice *role, struct gfs_slice *ret_group)
{
	*ret_group = gfs_slice(role->data, 0);
	const uint8_t *open = role->size == 0 ? NULL : memchr(role->data, '(', role->size);
	if (open == NULL || role->data[role->size - 1] != ')')
		return;
	size_t before = (size_t)(open - role->data);
	*ret_group = gfs_slice(open + 1, role->size - before - 2);
	role->size = before;
}

/* True when `text` names one of the roles. */
static bool read_role(struct gfs_slice text, struct gfs_column *column)
{
	struct gfs_slice group;
	struct gfs_slice whole = text;
	split_group(&text, &group);
	for (size_t i = 0; i < GFS_COUNT(roles); i++) {
		if (!is_word(roles[i].has_group ? text : whole, roles[i].name))
			continue;
		column->kind = roles[i].kind;
		column->group = group;
		return true;
	}
	return false;
}

static bool read_type(struct gfs_slice text, struct gfs_column *column)
{
	if (text.size > 2 && memcmp(text.data + text.size - 2, "[]", 2) == 0) {
		column->is_array = true;
		text.size -= 2;
	}
	column->kind = GFS_COLUMN_PROPERTY;
	for (size_t i = 0; i < GFS_COUNT(types); i++) {
		if (is_word(text, types[i].name)) {
			column->type = &types[i];
			return true;
		}
	}
	return false;
}

/* What follows the last colon is a role or a type. */
static int read_column(struct gfs_slice text, struct gfs_column *column, struct gfs_message *reason)
{
	char shown[GFS_SHOWN_MAX];
	const uint8_t *colon = text.size == 0 ? NULL : memrchr(text.data, ':', text.size);
	column->kind = GFS_COLUMN_PROPERTY;
	column->type = &types[0];
	column->name = text;
	if (colon != NULL) {
		column->name.size = (size_t)(colon - text.data);
		struct gfs_slice what = gfs_slice(colon + 1, text.size - column->name.size - 1);
		if (!read_role(what, column) && !read_type(what, column))
			return gfs_fail(reason, GFS_ERR_INVALID, "unknown column type '%s'", gfs_show(what, shown));
	}
	bool is_named = column->kind == GFS_COLUMN_PROPERTY || column->kind == GFS_COLUMN_ID;
	if (column->kind == GFS_COLUMN_PROPERTY && column->name.size == 0)
		return gfs_fail(reason, GFS_ERR_INVALID, "a column without a name");
	if (!is_named)
		column->name.size = 0;
	int err = column->name.size == 0 ? 0 : gfs_name_check(column->name, GFS_NAME_BYTES_MAX);
	if (err != 0)
		return gfs_fail(reason, GFS_ERR_INVALID, "a column's name: %s", gfs_err_text(err));
	return 0;
}

/* Nothing that there may be one of is there twice: roles, and property names. */
static int check_once(const struct gfs_header *header, size_t i, struct gfs_message *reason)
{
	char shown[GFS_SHOWN_MAX];
	const struct gfs_column *b = &header->columns[i];
	for (size_t j = 0; j < i; j++) {
		const struct gfs_column *a = &header->columns[j];
		bool is_role = b->kind != GFS_COLUMN_PROPERTY && b->kind != GFS_COLUMN_IGNORE && b->kind != GFS_COLUMN_LABEL;
		if (is_role && a->kind == b->kind)
			return gfs_fail(reason, GFS_ERR_INVALID, "a second column of the kind of column %zu", j + 1);
		if (b->name.size != 0 && gfs_slice_equal(a->name, b->name))
			return gfs_fail(reason, GFS_ERR_INVALID, "a second column for the property '%s'", gfs_show(b->name, shown));
	}
	return 0;
}

/* Of nodes or of relationships, and with what that needs. */
static int check_kinds(struct gfs_header *header, struct gfs_message *reason)
{
	unsigned seen = 0;
	for (size_t i = 0; i < header->count; i++)
		seen |= 1u << header->columns[i].kind;
	unsigned ends = 1u << GFS_COLUMN_START_ID | 1u << GFS_COLUMN_END_ID;
	bool has_ends = (seen & ends) == ends, has_id = (seen & 1u << GFS_COLUMN_ID) != 0;
	header->is_nodes = has_id;
	if (has_id && (seen & (ends | 1u << GFS_COLUMN_TYPE)) != 0)
		return gfs_fail(reason, GFS_ERR_INVALID, "the header has :ID and a column of relationships");
	if (!has_id && !has_ends)
		return gfs_fail(reason, GFS_ERR_INVALID, "the header has neither :ID nor :START_ID and :END_ID");
	if (has_ends && (seen & 1u << GFS_COLUMN_TYPE) == 0)
		return gfs_fail(reason, GFS_ERR_INVALID, "the header has :START_ID and :END_ID, but no :TYPE");
	if (has_ends && (seen & 1u << GFS_COLUMN_LABEL) != 0)
		return gfs_fail(reason, GFS_ERR_INVALID, "relationships have no :LABEL");
	return 0;
}

int gfs_header_read(const struct gfs_csv_row *row, struct gfs_arena *arena, struct gfs_header *ret_header,
	struct gfs_csv_fault *ret_fault, struct gfs_message *reason)
{
	struct gfs_header header = { .count = row->count };
	header.columns = gfs_arena_alloc(arena, row->count * sizeof *header.columns);
	if (header.columns == NULL)
		return GFS_ERR_NOMEM;
	memset(header.columns, 0, row->count * sizeof *header.columns);
	ret_fault->reason = reason->text;
	for (size_t i = 0; i < row->count; i++) {
		ret_fault->at = header.columns[i].at = row->fields[i].at;
		int err = read_column(row->fields[i].text, &header.columns[i], reason);
		if (err == 0)
			err = check_once(&header, i, reason);
		if (err != 0)
			return err;
	}
	ret_fault->at = row->at;
	int err = check_kinds(&header, reason);
	if (err != 0)
		return err;
	*ret_header = header;
	return 0;
}
