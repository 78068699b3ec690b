/* TERMINATE. */
#include "query/engine.h"

#include "base/checked.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static int id_datum(struct gfs_result *result, uint64_t id, struct gfs_datum *ret_value)
{
	char name[32];
	int size = snprintf(name, sizeof name, "query-%llu", (unsigned long long)id);
	struct gfs_slice copy = gfs_arena_copy(&result->rows_arena, gfs_slice(name, (size_t)size));
	if (copy.data == NULL)
		return gfs_exec_nomem(&result->exec);
	*ret_value = gfs_datum_string(copy);
	return 0;
}

/* "query-12" or "12". */
static bool read_id(struct gfs_slice text, uint64_t *ret_id)
{
	static const char prefix[] = "query-";
	if (text.size > sizeof prefix - 1 && memcmp(text.data, prefix, sizeof prefix - 1) == 0)
		text = gfs_slice(text.data + sizeof prefix - 1, text.size - (sizeof prefix - 1));
	uint64_t id = 0;
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9' || i > 18)
			return false;
		id = id * 10 + (uint64_t)(text.data[i] - '0');
	}
	*ret_id = id;
	return text.size != 0;
}

static bool id_of(struct gfs_datum value, uint64_t *ret_id)
{
	if (value.type == GFS_DATUM_INTEGER && value.integer > 0) {
		*ret_id = (uint64_t)value.integer;
		return true;
	}
	return value.type == GFS_DATUM_STRING && read_id(gfs_datum_text(value), ret_id);
}

static bool end_query(struct gfs_engine *engine, uint64_t id)
{
	bool found = false;
	gfs_mutex_lock(&engine->lock);
	for (struct gfs_running *running = engine->running; running != NULL; running = running->next) {
		if (running->id != id)
			continue;
		atomic_store_explicit(&running->terminated, true, memory_order_relaxed);
		found = true;
	}
	gfs_mutex_unlock(&engine->lock);
	return found;
}

int gfs_engine_terminate(struct gfs_engine *engine, struct gfs_slice text)
{
	uint64_t id;
	if (!read_id(text, &id))
		return GFS_ERR_INVALID;
	return end_query(engine, id) ? 0 : GFS_ERR_NOTFOUND;
}

bool gfs_admin_is_terminate(struct gfs_slice text)
{
	static const char word[] = "TERMINATE";
	while (text.size != 0 && (*text.data == ' ' || (*text.data >= '\t' && *text.data <= '\r')))
		text = gfs_slice(text.data + 1, text.size - 1);
	return text.size >= sizeof word - 1 && strncasecmp((const char *)text.data, word, sizeof word - 1) == 0;
}

static int terminate_one(struct gfs_result *result, struct gfs_datum value, const struct gfs_query_pos *pos)
{
	struct gfs_datum row[2];
	uint64_t id;
	if (!id_of(value, &id))
		return gfs_query_fail(&result->error, GFS_QUERY_ARGUMENT_ERROR, GFS_QUERY_RUNTIME, "InvalidArgumentValue", pos,
			"TERMINATE wants ids as SHOW QUERIES gives them");
	bool found = end_query(result->engine, id);
	int err = id_datum(result, id, &row[0]);
	row[1] = gfs_datum_string(gfs_slice_text(found ? "terminated" : "there is no such query"));
	return err != 0 ? err : gfs_result_add_row(result, row);
}

/* A literal, a parameter, or a list of them. */
static int terminate(struct gfs_result *result, const struct gfs_ast_expr *what, const struct gfs_run_opts *opts)
{
	int err = 0;
	if (what->kind == GFS_AST_LIST) {
		for (uint32_t i = 0; err == 0 && i < what->arg_count; i++)
			err = terminate(result, what->args[i], opts);
		return err;
	}
	struct gfs_datum value = what->literal;
	const struct gfs_param *param = what->kind == GFS_AST_PARAMETER ? gfs_param_find(opts, what->name) : NULL;
	if (param != NULL)
		value = param->value;
	else if (what->kind != GFS_AST_LITERAL)
		value = gfs_datum_null();
	for (uint32_t i = 0; err == 0 && value.type == GFS_DATUM_LIST && i < value.size; i++)
		err = terminate_one(result, value.items[i], &what->pos);
	return value.type == GFS_DATUM_LIST ? err : terminate_one(result, value, &what->pos);
}

int gfs_admin_terminate(struct gfs_result *result, const struct gfs_ast_expr *what, const struct gfs_run_opts *opts)
{
	static const char *const names[] = { "queryId", "message" };
	int err = gfs_result_set_columns(result, names, GFS_COUNT(names));
	return err != 0 ? err : terminate(result, what, opts);
}
