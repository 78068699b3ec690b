/* Any bytes as a statement. Aborts when a promise of query/ast.h is broken: a text is parsed and checked, or an error says what is wrong and where. */
#include "base/buf.h"
#include "query/ast.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool kept)
{
	if (!kept)
		abort();
}

static void require_told(const struct gfs_query_error *error, int err, struct gfs_slice text)
{
	GFS_AUTO_BUF shown = GFS_BUF_INIT;
	require(err == error->err);
	require(error->kind != GFS_QUERY_OK && error->detail != NULL && error->message[0] != '\0');
	require(error->phase == GFS_QUERY_COMPILE || error->err == GFS_ERR_NOMEM);
	require(error->pos.line == 0 || error->pos.offset <= text.size);
	gfs_query_error_show(error, text, &shown);
	require(shown.size != 0);
}

static void require_inside(struct gfs_slice part, struct gfs_slice text)
{
	require(part.data >= text.data && part.data + part.size <= text.data + text.size);
}

static void require_columns(const struct gfs_ast_statement *statement)
{
	const struct gfs_ast_query *query = statement->query;
	for (uint32_t i = 0; i < query->column_count; i++)
		require(query->columns[i] != NULL && query->columns[i]->id < statement->symbol_count);
	const struct gfs_ast_part_query *part = &query->parts[0];
	const struct gfs_ast_clause *last = &part->clauses[part->count - 1];
	if (last->kind != GFS_CLAUSE_RETURN)
		return;
	require(last->project.count == query->column_count);
	for (uint32_t i = 0; i < last->project.count; i++)
		require(last->project.items[i].symbol != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_slice text = gfs_slice(data, size);
	struct gfs_query_error error = { 0 };
	struct gfs_check_env env = { 0 };
	struct gfs_ast_statement *statement;
	int err = gfs_parse(text, &arena, &statement, &error);
	if (err == 0) {
		require_inside(statement->text, text);
		err = gfs_check_statement(statement, &env, &arena, &error);
	}
	if (err != 0)
		require_told(&error, err, text);
	else if (statement->kind == GFS_STATEMENT_QUERY)
		require_columns(statement);
	return 0;
}
