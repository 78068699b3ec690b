/* CREATE and DROP of indexes and constraints. A unique constraint, or a node key, is a unique index. */
#include "query/engine.h"

#include "base/checked.h"

#include <assert.h>

static int fail(struct gfs_result *result, enum gfs_query_error_kind kind, const char *detail, const char *why)
{
	return gfs_query_fail(&result->error, kind, GFS_QUERY_RUNTIME, detail, NULL, "%s", why);
}

/* What property indexes can do. */
static int check_form(struct gfs_result *result, const struct gfs_ast_schema *schema)
{
	if (schema->on_relationships)
		return fail(result, GFS_QUERY_SYNTAX_ERROR, "NotSupported", "indexes and constraints are on nodes");
	if (schema->key_count != 1)
		return fail(result, GFS_QUERY_SYNTAX_ERROR, "NotSupported", "an index or constraint is on one property");
	return 0;
}

/* ---- creating ---- */

static int create_in(struct gfs_tx *tx, const struct gfs_ast_schema *schema, uint16_t *ret_id)
{
	uint16_t label, key;
	int err = gfs_name_make(tx, GFS_CATALOG_LABEL, schema->label, &label);
	if (err == 0)
		err = gfs_name_make(tx, GFS_CATALOG_KEY, schema->keys[0], &key);
	if (err != 0)
		return err;
	if (schema->kind == GFS_SCHEMA_CREATE_INDEX)
		return gfs_index_create(tx, label, key, false, schema->name, ret_id);
	return gfs_constraint_create(tx, label, key, schema->unique, schema->exists, schema->name, ret_id);
}

/* A constraint is looked through before it counts: one that does not hold leaves nothing behind. */
static int wait_for(struct gfs_result *result, uint16_t id)
{
	struct gfs_message message = { "" };
	struct gfs_tx *tx;
	int err = gfs_index_wait(
		result->engine->graph, id, result->exec.interrupted, result->exec.interrupted_context, &message);
	if (err == 0)
		return 0;
	if (err == GFS_ERR_UNIQUE || err == GFS_ERR_REQUIRED)
		(void)fail(result, GFS_QUERY_CONSTRAINT_VALIDATION_ERROR, "ConstraintCreationFailed", message.text);
	if (gfs_tx_begin(result->engine->graph, &tx) != 0)
		return gfs_exec_store_error(&result->exec, err);
	if (gfs_index_drop(tx, id) != 0)
		gfs_tx_abort(tx);
	else if (gfs_tx_commit(tx, NULL, NULL) != 0)
		err = GFS_ERR_FAILED;
	return result->error.kind != GFS_QUERY_OK ? result->error.err : gfs_exec_store_error(&result->exec, err);
}

static int create(struct gfs_result *result, const struct gfs_ast_schema *schema)
{
	bool constraint = schema->kind == GFS_SCHEMA_CREATE_CONSTRAINT;
	struct gfs_tx *tx;
	uint16_t id;
	int err = check_form(result, schema);
	if (err != 0)
		return err;
	err = gfs_tx_begin(result->engine->graph, &tx);
	if (err != 0)
		return gfs_exec_store_error(&result->exec, err);
	err = create_in(tx, schema, &id);
	if (err != 0) {
		gfs_tx_abort(tx);
		if (err == GFS_ERR_EXISTS)
			return schema->if_not_exists
				? 0
				: fail(result, GFS_QUERY_CONSTRAINT_VALIDATION_ERROR, "IndexAlreadyExists",
					  "there is an index or constraint for this label and property, or of this name");
		return gfs_exec_store_error(&result->exec, err);
	}
	err = gfs_tx_commit(tx, NULL, NULL);
	if (err != 0)
		return gfs_exec_store_error(&result->exec, err);
	err = constraint ? wait_for(result, id) : 0;
	if (constraint)
		result->exec.counts.constraints_added += err == 0;
	else
		result->exec.counts.indexes_added++;
	return err;
}

/* ---- dropping ---- */

static int find_by_name(struct gfs_graph *graph, const struct gfs_ast_schema *schema, struct gfs_index_info *ret_info)
{
	bool wanted = schema->kind == GFS_SCHEMA_DROP_CONSTRAINT;
	int err = gfs_index_find_name(graph, schema->name, ret_info);
	return err == 0 && (ret_info->unique || ret_info->required) != wanted ? GFS_ERR_NOTFOUND : err;
}

static int find(struct gfs_graph *graph, const struct gfs_ast_schema *schema, struct gfs_index_info *ret_info)
{
	struct gfs_catalog *catalog = gfs_graph_catalog(graph);
	uint16_t label, key;
	if (schema->name.size != 0)
		return find_by_name(graph, schema, ret_info);
	int err = gfs_catalog_find(catalog, GFS_CATALOG_LABEL, schema->label, &label);
	if (err == 0)
		err = gfs_catalog_find(catalog, GFS_CATALOG_KEY, schema->keys[0], &key);
	if (err != 0)
		return err;
	if (schema->kind == GFS_SCHEMA_DROP_CONSTRAINT)
		return gfs_constraint_find(graph, label, key, schema->unique, schema->exists, ret_info);
	err = gfs_index_find(graph, label, key, ret_info);
	return err == 0 && ret_info->unique ? GFS_ERR_NOTFOUND : err; /* a constraint's */
}

static int drop(struct gfs_result *result, const struct gfs_ast_schema *schema)
{
	struct gfs_index_info info;
	struct gfs_tx *tx;
	int err = schema->name.size == 0 ? check_form(result, schema) : 0;
	if (err != 0)
		return err;
	err = gfs_tx_begin(result->engine->graph, &tx);
	if (err != 0)
		return gfs_exec_store_error(&result->exec, err);
	err = find(result->engine->graph, schema, &info);
	if (err == 0)
		err = gfs_index_drop(tx, info.id);
	if (err != 0)
		gfs_tx_abort(tx);
	else
		err = gfs_tx_commit(tx, NULL, NULL);
	if (err == GFS_ERR_NOTFOUND)
		return schema->if_exists ? 0
								 : fail(result, GFS_QUERY_CONSTRAINT_VALIDATION_ERROR, "IndexNotFound",
									   "there is no such index or constraint");
	if (err != 0)
		return gfs_exec_store_error(&result->exec, err);
	if (schema->kind == GFS_SCHEMA_DROP_CONSTRAINT)
		result->exec.counts.constraints_removed++;
	else
		result->exec.counts.indexes_removed++;
	return 0;
}

int gfs_schema_run(struct gfs_result *result, const struct gfs_ast_schema *schema)
{
	bool creates = schema->kind == GFS_SCHEMA_CREATE_INDEX || schema->kind == GFS_SCHEMA_CREATE_CONSTRAINT;
	result->ended = true;
	return creates ? create(result, schema) : drop(result, schema);
}
