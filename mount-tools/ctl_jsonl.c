/* graphfsctl shell --jsonl: statements as JSON lines, on an empty database that is gone at the end. The protocol of the openCypher conformance runner:
 *
 *   {"op":"reset"}                                                             -> {}: an empty graph, no procedures
 *   {"op":"procedure","signature":S,"columns":[..],"rows":[[..]..]}            -> {}: query/procedure.h
 *   {"op":"query","query":TEXT,"params":{..}}                                  -> query/typed_json.h */
#include "mount-tools/ctl_jsonl.h"

#include "base/checked.h"
#include "graph/constraint.h"
#include "mount-tools/tools.h"
#include "query/procedure.h"
#include "query/typed_json.h"

#include <ftw.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

struct shell {
	char folder[64];
	struct gfs_graph *graph;
	struct gfs_engine *engine;
	struct gfs_arena arena; /* of one request */
	struct gfs_buf out;
};

static int put_error(struct shell *shell, const char *detail, const char *message)
{
	struct gfs_query_error error = { .kind = GFS_QUERY_ARGUMENT_ERROR, .detail = detail };
	(void)snprintf(error.message, sizeof error.message, "%s", message); /* a message that is cut is still one */
	gfs_typed_json_error(&error, &shell->out);
	return 0;
}

/* ---- operations: 0, or an error that ends the shell ---- */

static int delete_nodes(struct gfs_tx *tx)
{
	struct gfs_node_record record;
	uint64_t id = 0;
	int err;
	while ((err = gfs_node_next(gfs_tx_graph(tx), id + 1, &id, &record)) == 0) {
		err = gfs_node_delete(tx, id, true);
		if (err != 0)
			return err;
	}
	return err == GFS_ERR_NOTFOUND ? 0 : err;
}

static int drop_indexes(struct gfs_tx *tx)
{
	struct gfs_index_info info;
	int err = 0;
	for (unsigned from = 0; err == 0 && gfs_index_next(gfs_tx_graph(tx), from, &info) == 0; from = info.id + 1u)
		err = gfs_index_drop(tx, info.id);
	for (unsigned from = 0; err == 0 && gfs_constraint_next(gfs_tx_graph(tx), from, &info) == 0; from = info.id + 1u)
		err = gfs_index_drop(tx, info.id);
	return err;
}

static int delete_all(struct shell *shell)
{
	struct gfs_tx *tx;
	int err = gfs_tx_begin(shell->graph, &tx);
	if (err != 0)
		return err;
	err = delete_nodes(tx);
	if (err == 0)
		err = drop_indexes(tx);
	if (err == 0)
		return gfs_tx_commit(tx, NULL, NULL);
	gfs_tx_abort(tx);
	return err;
}

static int run_reset(struct shell *shell, const json_t *request)
{
	(void)request;
	gfs_procedures_clear_tables(gfs_engine_procedures(shell->engine));
	int err = delete_all(shell);
	gfs_buf_append_text(&shell->out, "{}");
	return err;
}

static int read_rows(struct shell *shell, const json_t *rows, struct gfs_datum **ret_rows, size_t *ret_count)
{
	struct gfs_datum list;
	int err = gfs_typed_json_read(rows, &shell->arena, &list);
	if (err != 0)
		return err;
	size_t columns = list.size == 0 ? 0 : list.items[0].size;
	struct gfs_datum *cells = gfs_arena_alloc(&shell->arena, list.size * columns * sizeof *cells);
	if (cells == NULL)
		return GFS_ERR_NOMEM;
	for (uint32_t i = 0; i < list.size; i++) {
		if (list.items[i].type != GFS_DATUM_LIST || list.items[i].size != columns)
			return GFS_ERR_INVALID;
		if (columns != 0)
			memcpy(cells + i * columns, list.items[i].items, columns * sizeof *cells);
	}
	*ret_rows = cells;
	*ret_count = list.size;
	return 0;
}

static int run_procedure(struct shell *shell, const json_t *request)
{
	const char *signature = json_string_value(json_object_get(request, "signature"));
	const json_t *json = json_object_get(request, "rows");
	struct gfs_datum *rows;
	size_t count;
	int err = signature == NULL || !json_is_array(json) ? GFS_ERR_INVALID : read_rows(shell, json, &rows, &count);
	if (err == 0)
		err = gfs_procedures_add_table(gfs_engine_procedures(shell->engine), gfs_slice_text(signature), rows, count);
	if (err != 0)
		return put_error(shell, "InvalidProcedure", gfs_err_text(err));
	gfs_buf_append_text(&shell->out, "{}");
	return 0;
}

static int read_params(struct shell *shell, const json_t *json, struct gfs_run_opts *opts)
{
	struct gfs_datum map = { .type = GFS_DATUM_MAP };
	int err = json == NULL ? 0 : gfs_typed_json_read(json, &shell->arena, &map);
	if (err != 0 || map.type != GFS_DATUM_MAP)
		return err != 0 ? err : GFS_ERR_INVALID;
	struct gfs_param *params = gfs_arena_alloc(&shell->arena, map.size * sizeof *params);
	if (params == NULL)
		return GFS_ERR_NOMEM;
	for (uint32_t i = 0; i < map.size; i++)
		params[i] = (struct gfs_param){ .name = map.entries[i].key, .value = map.entries[i].value };
	opts->params = params;
	opts->param_count = map.size;
	return 0;
}

static int run_query(struct shell *shell, const json_t *request)
{
	const json_t *text = json_object_get(request, "query");
	struct gfs_run_opts opts = { .uid = getuid(), .gid = getgid() };
	struct gfs_query_error error = { 0 };
	struct gfs_result *result = NULL;
	int err = json_is_string(text) ? read_params(shell, json_object_get(request, "params"), &opts) : GFS_ERR_INVALID;
	if (err != 0)
		return put_error(shell, "InvalidRequest", gfs_err_text(err));
	struct gfs_slice query = gfs_slice(json_string_value(text), json_string_length(text));
	err = gfs_query_run(shell->engine, query, &opts, &result, &error);
	if (err == 0) {
		err = gfs_typed_json_result(result, &shell->out, &error);
		gfs_result_free(result);
	}
	if (err != 0) {
		gfs_buf_clear(&shell->out);
		gfs_typed_json_error(&error, &shell->out);
	}
	return 0;
}

/* ---- requests ---- */

static int run_request(struct shell *shell, const char *line, size_t size)
{
	static const struct {
		const char *op;
		int (*run)(struct shell *shell, const json_t *request);
	} operations[] = {
		{ "query", run_query },
		{ "reset", run_reset },
		{ "procedure", run_procedure },
	};
	json_error_t where;
	json_t *request = json_loadb(line, size, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &where);
	const char *op = json_string_value(json_object_get(request, "op"));
	int err = 0;
	bool found = false;
	for (size_t i = 0; op != NULL && i < GFS_COUNT(operations); i++) {
		if (strcmp(operations[i].op, op) == 0) {
			found = true;
			err = operations[i].run(shell, request);
		}
	}
	if (!found)
		err = put_error(shell, "InvalidRequest", request == NULL ? where.text : "there is no such op");
	json_decref(request);
	return err;
}

static int serve(struct shell *shell)
{
	char *line = NULL;
	size_t capacity = 0;
	ssize_t size;
	int err = 0;
	while (err == 0 && (size = getline(&line, &capacity, stdin)) >= 0) {
		gfs_arena_clear(&shell->arena);
		gfs_buf_clear(&shell->out);
		err = run_request(shell, line, (size_t)size);
		gfs_buf_append_u8(&shell->out, '\n');
		if (err == 0)
			err = gfs_buf_failed(&shell->out);
		if (err == 0 && (fwrite(shell->out.data, 1, shell->out.size, stdout) != shell->out.size || fflush(stdout) != 0))
			err = GFS_ERR_IO;
	}
	free(line);
	return err;
}

/* ---- the database ---- */

static int open_database(struct shell *shell, struct gfs_message *message)
{
	struct gfs_store_opts opts = { .wal_mode = GFS_WAL_ASYNC, .checkpoint_interval_ms = UINT_MAX };
	(void)snprintf(shell->folder, sizeof shell->folder, "%s/graphfsctl-XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(shell->folder) == NULL) {
		int err = gfs_err_from_errno(errno);
		shell->folder[0] = '\0';
		return gfs_fail(message, err, "no temporary folder: %s", gfs_err_text(err));
	}
	int err = gfs_graph_create(shell->folder, NULL, message);
	if (err == 0)
		err = gfs_graph_open(shell->folder, &opts, &shell->graph, message);
	return err != 0 ? err : gfs_engine_new(shell->graph, NULL, &shell->engine);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	(void)remove(path); /* what stays behind is a temporary file */
	return 0;
}

static void close_database(struct shell *shell)
{
	gfs_engine_free(shell->engine);
	if (shell->graph != NULL)
		(void)gfs_graph_close(shell->graph); /* it is thrown away */
	if (shell->folder[0] != '\0')
		(void)nftw(shell->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS); /* as above */
	gfs_arena_release(&shell->arena);
	gfs_buf_release(&shell->out);
}

int gfs_ctl_jsonl(void)
{
	struct shell shell = { .arena = GFS_ARENA_INIT, .out = GFS_BUF_INIT };
	struct gfs_message message = { "" };
	int err = open_database(&shell, &message);
	if (err == 0)
		err = serve(&shell);
	if (err != 0)
		gfs_tool_say("shell: %s", message.text[0] != '\0' ? message.text : gfs_err_text(err));
	close_database(&shell);
	return err == 0 ? 0 : 1;
}
