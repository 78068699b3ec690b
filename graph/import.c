/* An import: its files are opened and recognised, then read in the order nodes, JSON Lines, relationships, in one transaction. */
#include "base/checked.h"
#include "graph/transfer_private.h"

#include <assert.h>
#include <stdlib.h>

/* ---- files ---- */

static bool is_jsonl(struct gfs_slice contents)
{
	const struct gfs_csv start = gfs_csv_open(contents); /* after a byte order mark */
	for (const uint8_t *at = start.at; at < start.end; at++) {
		if (*at != ' ' && *at != '\t' && *at != '\r' && *at != '\n')
			return *at == '{';
	}
	return false;
}

static int open_header(struct gfs_import *import, struct gfs_source *source)
{
	struct gfs_csv_row row = { 0 };
	struct gfs_csv_fault fault = { 0 };
	struct gfs_message reason;
	source->csv = gfs_csv_open(source->contents);
	const uint8_t *start = source->csv.at;
	int err = gfs_csv_next(&source->csv, &source->arena, &row, &fault);
	if (err == GFS_ERR_NOTFOUND) {
		err = gfs_import_fail(import, start, "the file is empty; it must start with a header or be JSON Lines");
		goto out;
	}
	if (err == 0)
		err = gfs_header_read(&row, &source->arena, &source->header, &fault, &reason);
	if (err == GFS_ERR_INVALID)
		err = gfs_import_fail(import, fault.at, "%s", fault.reason);
	for (size_t i = 0; err == 0 && i < source->header.count; i++)
		import->has_groups = import->has_groups || source->header.columns[i].group.size != 0;
out:
	gfs_csv_row_release(&row);
	return err;
}

static int open_source(struct gfs_import *import, struct gfs_source *source, const struct gfs_import_file *file)
{
	source->name = file->name;
	source->contents = file->contents;
	source->position = gfs_position_begin(file->contents);
	source->is_jsonl = is_jsonl(file->contents);
	import->source = source;
	import->total_bytes += file->contents.size;
	return source->is_jsonl ? 0 : open_header(import, source);
}

enum pass { PASS_NODES, PASS_JSONL, PASS_RELATIONSHIPS, PASS_COUNT };

static enum pass pass_of(const struct gfs_source *source)
{
	if (source->is_jsonl)
		return PASS_JSONL;
	return source->header.is_nodes ? PASS_NODES : PASS_RELATIONSHIPS;
}

static int read_sources(struct gfs_import *import, struct gfs_source *sources, size_t count)
{
	for (int pass = 0; pass < PASS_COUNT; pass++) {
		int err = pass == PASS_RELATIONSHIPS && import->opts->unlogged ? gfs_bulk_settle_names(import->tx) : 0;
		for (size_t i = 0; err == 0 && i < count; i++) {
			if ((int)pass_of(&sources[i]) != pass)
				continue;
			import->source = &sources[i];
			err = pass == PASS_JSONL ? gfs_import_jsonl(import) : gfs_import_csv(import);
			import->done_bytes += sources[i].contents.size;
		}
		if (err != 0)
			return err;
	}
	return 0;
}

/* ---- the whole ---- */

static void release(struct gfs_import *import)
{
	gfs_import_forget_names(import);
	free(import->groups);
	gfs_arena_release(&import->arena);
	free(import->props);
	free(import->values);
}

static int run(struct gfs_import *import, struct gfs_source *sources, size_t count)
{
	int err = import->opts->unlogged ? gfs_tx_begin_unlogged(import->graph, &import->tx)
									 : gfs_tx_begin(import->graph, &import->tx);
	if (err != 0)
		return err;
	err = gfs_bulk_remember(import->tx);
	if (err == 0)
		err = read_sources(import, sources, count);
	if (err == 0) {
		import->source = NULL; /* what fails now is no file's fault */
		return gfs_tx_commit(import->tx, NULL, NULL);
	}
	gfs_tx_abort(import->tx);
	return err;
}

/* A bad row has its message; another error gets one here. */
static int explain(const struct gfs_import *import, int err)
{
	if (err == 0 || err == GFS_ERR_INVALID)
		return err;
	const char *where = import->source != NULL ? import->source->name : "import";
	return gfs_fail(import->message, err, "%s: %s", where, gfs_err_text(err));
}

int gfs_import(struct gfs_graph *graph, const struct gfs_import_file *files, size_t count,
	const struct gfs_import_opts *opts, struct gfs_import_result *ret_result, struct gfs_message *message)
{
	assert(opts != NULL && message != NULL);
	struct gfs_import import = {
		.graph = graph, .opts = opts, .message = message, .numbers = GFS_IMPORT_SPACE_NUMBERS
	};
	struct gfs_source *sources = calloc(count + 1, sizeof *sources);
	int err = sources == NULL ? GFS_ERR_NOMEM : 0;
	for (size_t i = 0; err == 0 && i < count; i++)
		err = open_source(&import, &sources[i], &files[i]);
	if (err == 0)
		err = run(&import, sources, count);
	if (err == 0)
		*ret_result = import.result;
	err = explain(&import, err);
	for (size_t i = 0; sources != NULL && i < count; i++)
		gfs_arena_release(&sources[i].arena);
	free(sources);
	release(&import);
	return err;
}
