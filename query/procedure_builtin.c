/* Built-in procedures: what names, functions and procedures there are. */
#include "query/procedure_private.h"

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

static int call_procedures(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows)
{
	(void)procedure, (void)args;
	struct gfs_procedure_list rows = { .arena = env->arena, .columns = 2 };
	const struct gfs_procedure *each;
	for (size_t i = 0; (each = gfs_procedures_at(env->procedures, i)) != NULL; i++) {
		struct gfs_datum row[] = { gfs_procedure_text(&rows, each->name), gfs_procedure_signature(&rows, each) };
		gfs_procedure_add_row(&rows, row);
	}
	return gfs_procedure_finish(&rows, env, ret_rows);
}

/* ---- the table ---- */

static const struct gfs_procedure_field constraint[] = { GFS_FIELD("name", STRING), GFS_FIELD("type", STRING),
	GFS_FIELD("label", STRING), GFS_FIELD("properties", LIST) };
static const struct gfs_procedure_field index_fields[] = { GFS_FIELD("name", STRING), GFS_FIELD("state", STRING),
	GFS_FIELD("populationPercent", FLOAT), GFS_FIELD("uniqueness", STRING), GFS_FIELD("label", STRING),
	GFS_FIELD("properties", LIST) };
static const struct gfs_procedure_field label[] = { GFS_FIELD("label", STRING) };
static const struct gfs_procedure_field key[] = { GFS_FIELD("propertyKey", STRING) };
static const struct gfs_procedure_field rel_type[] = { GFS_FIELD("relationshipType", STRING) };
static const struct gfs_procedure_field component[] = { GFS_FIELD("name", STRING), GFS_FIELD("version", STRING) };
static const struct gfs_procedure_field function_fields[] = { GFS_FIELD("name", STRING),
	GFS_FIELD("aggregating", BOOLEAN) };
static const struct gfs_procedure_field procedure_fields[] = { GFS_FIELD("name", STRING),
	GFS_FIELD("signature", STRING) };
static const struct gfs_procedure_field query_fields[] = { GFS_FIELD("queryId", STRING), GFS_FIELD("query", STRING),
	GFS_FIELD("elapsedTimeMillis", INTEGER), GFS_FIELD("status", STRING) };

static const struct gfs_procedure_field node_properties[] = { GFS_FIELD("nodeType", STRING),
	GFS_FIELD("nodeLabels", LIST), GFS_FIELD("propertyName", STRING), GFS_FIELD("propertyTypes", LIST),
	GFS_FIELD("mandatory", BOOLEAN) };
static const struct gfs_procedure_field rel_properties[] = { GFS_FIELD("relType", STRING),
	GFS_FIELD("propertyName", STRING), GFS_FIELD("propertyTypes", LIST), GFS_FIELD("mandatory", BOOLEAN) };
static const struct gfs_procedure_field visualization[] = { GFS_FIELD("nodes", LIST),
	GFS_FIELD("relationships", LIST) };

const struct gfs_procedure gfs_procedure_builtins[] = {
	GFS_PROCEDURE("db.constraints", constraint, gfs_procedure_constraints, "The constraints."),
	GFS_PROCEDURE("db.indexes", index_fields, gfs_procedure_indexes, "The indexes, and how far they are built."),
	GFS_PROCEDURE("db.labels", label, call_labels, "The labels of nodes."),
	GFS_PROCEDURE("db.propertyKeys", key, call_keys, "The names of properties."),
	GFS_PROCEDURE("db.relationshipTypes", rel_type, call_types, "The types of relationships."),
	GFS_PROCEDURE("db.schema.nodeTypeProperties", node_properties, gfs_procedure_node_properties,
		"The properties of nodes with the same labels, and their types."),
	GFS_PROCEDURE("db.schema.relTypeProperties", rel_properties, gfs_procedure_rel_properties,
		"The properties of relationships of a type, and their types."),
	GFS_PROCEDURE("db.schema.visualization", visualization, gfs_procedure_visualization,
		"Which labels there are, and which types connect them."),
	GFS_PROCEDURE("dbms.components", component, call_components, "graphfs and its version."),
	GFS_PROCEDURE("dbms.functions", function_fields, call_functions, "The functions; SHOW FUNCTIONS tells more."),
	GFS_PROCEDURE("dbms.procedures", procedure_fields, call_procedures, "The procedures; SHOW PROCEDURES tells more."),
	GFS_PROCEDURE("dbms.queries", query_fields, gfs_procedure_queries, "The statements under way."),
};
const size_t gfs_procedure_builtin_count = sizeof gfs_procedure_builtins / sizeof gfs_procedure_builtins[0];
