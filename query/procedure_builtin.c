/* Built-in procedures: what names, functions and procedures there are. */
#include "query/procedure_private.h"

#include "base/buf.h"
#include "graph/graph.h"
#include "query/aggregate.h"
#include "query/function.h"
#include "store/catalog.h"

/* ---- rows ---- */

void gfs_procedure_add_row(struct gfs_procedure_list *rows, const struct gfs_datum *row)
{
	if (rows->count == rows->capacity) {
		size_t capacity = rows->capacity == 0 ? 16 : rows->capacity * 2;
		struct gfs_datum *grown = gfs_arena_alloc(rows->arena, capacity * rows->columns * sizeof *grown);
		if (grown == NULL) {
			rows->failed = true;
			return;
		}
		if (rows->count != 0)
			memcpy(grown, rows->rows, rows->count * rows->columns * sizeof *grown);
		rows->rows = grown;
		rows->capacity = capacity;
	}
	memcpy(rows->rows + rows->count++ * rows->columns, row, rows->columns * sizeof *row);
}

struct gfs_datum gfs_procedure_text(struct gfs_procedure_list *rows, struct gfs_slice text)
{
	struct gfs_slice copy = gfs_arena_copy(rows->arena, text);
	rows->failed = rows->failed || copy.data == NULL;
	return gfs_datum_string(copy);
}

int gfs_procedure_finish(
	const struct gfs_procedure_list *rows, const struct gfs_procedure_env *env, struct gfs_procedure_rows *ret_rows)
{
	if (rows->failed)
		return gfs_query_fail_store(env->error, GFS_ERR_NOMEM);
	*ret_rows = (struct gfs_procedure_rows){ .rows = rows->rows, .count = rows->count };
	return 0;
}

/* ---- db.* ---- */

/* Names that something carries, or that were made by hand. */
static int list_names(
	const struct gfs_procedure_env *env, enum gfs_catalog_kind kind, struct gfs_procedure_rows *ret_rows)
{
	const struct gfs_catalog *catalog = gfs_graph_catalog(env->graph);
	struct gfs_procedure_list rows = { .arena = env->arena, .columns = 1 };
	struct gfs_catalog_entry entry;
	uint16_t from = 0;
	while (gfs_catalog_next(catalog, kind, from, &entry) == 0) {
		if (entry.count > 0 || entry.made) {
			struct gfs_datum name = gfs_procedure_text(&rows, entry.name);
			gfs_procedure_add_row(&rows, &name);
		}
		if (entry.id == UINT16_MAX)
			break;
		from = (uint16_t)(entry.id + 1);
	}
	return gfs_procedure_finish(&rows, env, ret_rows);
}

static int call_labels(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows)
{
	(void)procedure, (void)args;
	return list_names(env, GFS_CATALOG_LABEL, ret_rows);
}

static int call_keys(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows)
{
	(void)procedure, (void)args;
	return list_names(env, GFS_CATALOG_KEY, ret_rows);
}

static int call_types(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows)
{
	(void)procedure, (void)args;
	return list_names(env, GFS_CATALOG_TYPE, ret_rows);
}

/* ---- dbms.* ---- */

static int call_components(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows)
{
	(void)procedure, (void)args;
	struct gfs_procedure_list rows = { .arena = env->arena, .columns = 2 };
	struct gfs_datum row[] = {
		gfs_procedure_text(&rows, gfs_slice_text("graphfs")),
		gfs_procedure_text(&rows, gfs_slice_text(GFS_VERSION)),
	};
	gfs_procedure_add_row(&rows, row);
	return gfs_procedure_finish(&rows, env, ret_rows);
}

static int call_functions(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows)
{
	(void)procedure, (void)args;
	struct gfs_procedure_list rows = { .arena = env->arena, .columns = 2 };
	const struct gfs_function *function;
	const struct gfs_aggregate *aggregate;
	for (size_t i = 0; (function = gfs_function_at(i)) != NULL; i++) {
		struct gfs_datum row[] = { gfs_procedure_text(&rows, gfs_slice_text(function->name)),
			gfs_datum_boolean(false) };
		gfs_procedure_add_row(&rows, row);
	}
	for (size_t i = 0; (aggregate = gfs_aggregate_at(i)) != NULL; i++) {
		struct gfs_datum row[] = { gfs_procedure_text(&rows, gfs_slice_text(aggregate->name)),
			gfs_datum_boolean(true) };
		gfs_procedure_add_row(&rows, row);
	}
	return gfs_procedure_finish(&rows, env, ret_rows);
}

static void show_fields(struct gfs_buf *out, const struct gfs_procedure_field *fields, uint32_t count)
{
	gfs_buf_append_text(out, "(");
	for (uint32_t i = 0; i < count; i++) {
		gfs_buf_append_text(out, i == 0 ? "" : ", ");
		gfs_buf_append(out, fields[i].name.data, fields[i].name.size);
		gfs_buf_printf(out, " :: %s", gfs_procedure_type_name(fields[i].type));
	}
	gfs_buf_append_text(out, ")");
}

static int call_procedures(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows)
{
	(void)procedure, (void)args;
	struct gfs_procedure_list rows = { .arena = env->arena, .columns = 2 };
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	const struct gfs_procedure *each;
	for (size_t i = 0; (each = gfs_procedures_at(env->procedures, i)) != NULL; i++) {
		gfs_buf_clear(&text);
		gfs_buf_append(&text, each->name.data, each->name.size);
		show_fields(&text, each->inputs, each->input_count);
		gfs_buf_append_text(&text, " :: ");
		show_fields(&text, each->outputs, each->output_count);
		rows.failed = rows.failed || gfs_buf_failed(&text) != 0;
		struct gfs_datum row[] = { gfs_procedure_text(&rows, each->name),
			gfs_procedure_text(&rows, gfs_buf_slice(&text)) };
		gfs_procedure_add_row(&rows, row);
	}
	return gfs_procedure_finish(&rows, env, ret_rows);
}

/* ---- the table ---- */

#define NAME(literal)                                                                                                  \
	{                                                                                                                  \
		.data = (const uint8_t *)(literal), .size = sizeof(literal) - 1                                                \
	}
#define FIELD(literal, kind)                                                                                           \
	{                                                                                                                  \
		.name = NAME(literal), .type = GFS_PROCEDURE_##kind                                                            \
	}
#define PROCEDURE(literal, fields, function)                                                                           \
	{                                                                                                                  \
		.name = NAME(literal), .outputs = (fields), .output_count = sizeof(fields) / sizeof((fields)[0]),              \
		.call = (function)                                                                                             \
	}

static const struct gfs_procedure_field constraint[] = { FIELD("name", STRING), FIELD("type", STRING),
	FIELD("label", STRING), FIELD("properties", LIST) };
static const struct gfs_procedure_field index_fields[] = { FIELD("name", STRING), FIELD("state", STRING),
	FIELD("populationPercent", FLOAT), FIELD("uniqueness", STRING), FIELD("label", STRING), FIELD("properties", LIST) };
static const struct gfs_procedure_field label[] = { FIELD("label", STRING) };
static const struct gfs_procedure_field key[] = { FIELD("propertyKey", STRING) };
static const struct gfs_procedure_field rel_type[] = { FIELD("relationshipType", STRING) };
static const struct gfs_procedure_field component[] = { FIELD("name", STRING), FIELD("version", STRING) };
static const struct gfs_procedure_field function_fields[] = { FIELD("name", STRING), FIELD("aggregating", BOOLEAN) };
static const struct gfs_procedure_field procedure_fields[] = { FIELD("name", STRING), FIELD("signature", STRING) };
static const struct gfs_procedure_field query_fields[] = { FIELD("queryId", STRING), FIELD("query", STRING),
	FIELD("elapsedTimeMillis", INTEGER), FIELD("status", STRING) };

const struct gfs_procedure gfs_procedure_builtins[] = {
	PROCEDURE("db.constraints", constraint, gfs_procedure_constraints),
	PROCEDURE("db.indexes", index_fields, gfs_procedure_indexes),
	PROCEDURE("db.labels", label, call_labels),
	PROCEDURE("db.propertyKeys", key, call_keys),
	PROCEDURE("db.relationshipTypes", rel_type, call_types),
	PROCEDURE("dbms.components", component, call_components),
	PROCEDURE("dbms.functions", function_fields, call_functions),
	PROCEDURE("dbms.procedures", procedure_fields, call_procedures),
	PROCEDURE("dbms.queries", query_fields, gfs_procedure_queries),
};
const size_t gfs_procedure_builtin_count = sizeof gfs_procedure_builtins / sizeof gfs_procedure_builtins[0];
