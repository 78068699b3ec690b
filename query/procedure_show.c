/* What makes the rows of SHOW, with the columns as Neo4j names them. */
#include "query/procedure_private.h"

#include "base/buf.h"
#include "base/checked.h"
#include "query/aggregate.h"
#include "query/function.h"
#include "query/function_help.h"

#include <assert.h>

/* ---- SHOW FUNCTIONS ---- */

static void show_function(struct gfs_procedure_list *rows, const char *name, bool aggregating)
{
	const struct gfs_function_help *help = gfs_function_help_find(gfs_slice_text(name));
	assert(help != NULL);
	struct gfs_datum row[] = {
		gfs_datum_string(gfs_slice_text(name)),
		gfs_datum_string(gfs_slice_text(help->category)),
		gfs_datum_string(gfs_slice_text(help->description)),
		gfs_datum_string(gfs_slice_text(help->signature)),
		gfs_datum_boolean(true),
		gfs_datum_boolean(aggregating),
	};
	gfs_procedure_add_row(rows, row);
}

static int show_functions(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows)
{
	(void)args;
	struct gfs_procedure_list rows = { .arena = env->arena, .columns = procedure->output_count };
	const struct gfs_function *function;
	const struct gfs_aggregate *aggregate;
	for (size_t i = 0; (function = gfs_function_at(i)) != NULL; i++)
		show_function(&rows, function->name, false);
	for (size_t i = 0; (aggregate = gfs_aggregate_at(i)) != NULL; i++)
		show_function(&rows, aggregate->name, true);
	return gfs_procedure_finish(&rows, env, ret_rows);
}

/* ---- SHOW PROCEDURES ---- */

static void append_fields(struct gfs_buf *out, const struct gfs_procedure_field *fields, uint32_t count)
{
	gfs_buf_append_text(out, "(");
	for (uint32_t i = 0; i < count; i++) {
		gfs_buf_append_text(out, i == 0 ? "" : ", ");
		gfs_buf_append(out, fields[i].name.data, fields[i].name.size);
		gfs_buf_printf(out, " :: %s", gfs_procedure_type_name(fields[i].type));
	}
	gfs_buf_append_text(out, ")");
}

struct gfs_datum gfs_procedure_signature(struct gfs_procedure_list *rows, const struct gfs_procedure *procedure)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	gfs_buf_append(&text, procedure->name.data, procedure->name.size);
	append_fields(&text, procedure->inputs, procedure->input_count);
	gfs_buf_append_text(&text, " :: ");
	append_fields(&text, procedure->outputs, procedure->output_count);
	rows->failed = rows->failed || gfs_buf_failed(&text) != 0;
	return gfs_procedure_text(rows, gfs_buf_slice(&text));
}

static int show_procedures(const struct gfs_procedure *procedure, const struct gfs_procedure_env *env,
	const struct gfs_datum *args, struct gfs_procedure_rows *ret_rows)
{
	(void)args;
	struct gfs_procedure_list rows = { .arena = env->arena, .columns = procedure->output_count };
	const struct gfs_procedure *each;
	for (size_t i = 0; (each = gfs_procedures_at(env->procedures, i)) != NULL; i++) {
		const char *description = each->description != NULL ? each->description : "";
		struct gfs_datum row[] = {
			gfs_procedure_text(&rows, each->name),
			gfs_datum_string(gfs_slice_text(description)),
			gfs_datum_string(gfs_slice_text("READ")),
			gfs_datum_boolean(false),
			gfs_procedure_signature(&rows, each),
		};
		gfs_procedure_add_row(&rows, row);
	}
	return gfs_procedure_finish(&rows, env, ret_rows);
}

/* ---- the table ---- */

static const struct gfs_procedure_field indexes[] = { GFS_FIELD("id", INTEGER), GFS_FIELD("name", STRING),
	GFS_FIELD("state", STRING), GFS_FIELD("populationPercent", FLOAT), GFS_FIELD("type", STRING),
	GFS_FIELD("entityType", STRING), GFS_FIELD("labelsOrTypes", LIST), GFS_FIELD("properties", LIST),
	GFS_FIELD("owningConstraint", STRING), GFS_FIELD("createStatement", STRING) };
static const struct gfs_procedure_field constraints[] = { GFS_FIELD("id", INTEGER), GFS_FIELD("name", STRING),
	GFS_FIELD("type", STRING), GFS_FIELD("entityType", STRING), GFS_FIELD("labelsOrTypes", LIST),
	GFS_FIELD("properties", LIST), GFS_FIELD("ownedIndex", STRING), GFS_FIELD("createStatement", STRING) };
static const struct gfs_procedure_field functions[] = { GFS_FIELD("name", STRING), GFS_FIELD("category", STRING),
	GFS_FIELD("description", STRING), GFS_FIELD("signature", STRING), GFS_FIELD("isBuiltIn", BOOLEAN),
	GFS_FIELD("aggregating", BOOLEAN) };
static const struct gfs_procedure_field procedures[] = { GFS_FIELD("name", STRING), GFS_FIELD("description", STRING),
	GFS_FIELD("mode", STRING), GFS_FIELD("worksOnSystem", BOOLEAN), GFS_FIELD("signature", STRING) };
static const struct gfs_procedure_field queries[] = { GFS_FIELD("queryId", STRING), GFS_FIELD("query", STRING),
	GFS_FIELD("elapsedTimeMillis", INTEGER), GFS_FIELD("status", STRING) };
static const struct gfs_procedure_field transactions[] = { GFS_FIELD("transactionId", STRING),
	GFS_FIELD("currentQueryId", STRING), GFS_FIELD("currentQuery", STRING), GFS_FIELD("status", STRING),
	GFS_FIELD("elapsedTime", ANY) };

#define SHOW(literal, fields, count, function)                                                                         \
	{                                                                                                                  \
		.name = GFS_LITERAL("SHOW " literal), .outputs = (fields), .output_count = GFS_COUNT(fields),                  \
		.shown_count = (count), .call = (function)                                                                     \
	}

static const struct gfs_procedure shows[] = {
	SHOW("INDEXES", indexes, 9, gfs_procedure_show_indexes),
	SHOW("CONSTRAINTS", constraints, 7, gfs_procedure_show_constraints),
	SHOW("FUNCTIONS", functions, 3, show_functions),
	SHOW("PROCEDURES", procedures, 4, show_procedures),
	SHOW("QUERIES", queries, 4, gfs_procedure_queries),
	SHOW("TRANSACTIONS", transactions, 5, gfs_procedure_show_transactions),
};

const struct gfs_procedure *gfs_procedure_show(struct gfs_slice name)
{
	for (size_t i = 0; i < GFS_COUNT(shows); i++) {
		if (gfs_slice_equal(shows[i].name, name))
			return &shows[i];
	}
	return NULL;
}
