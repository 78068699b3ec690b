#include "query/load_csv.h"

#include "base/io.h"
#include "base/utf8.h"

#include <stdlib.h>

enum { CHUNK_BYTES = 64 << 10 };
#define LINE_BYTES_MAX ((size_t)64 << 20)
#define FIELDS_MAX 65535u

/* ---- opening ---- */

static int cannot_open(struct gfs_exec *exec, struct gfs_slice url, const struct gfs_query_pos *pos, const char *why)
{
	return gfs_query_fail(exec->error, GFS_QUERY_ARGUMENT_ERROR, GFS_QUERY_RUNTIME, "LoadCsvFailed", pos,
		"LOAD CSV cannot read `%.*s`: %s", (int)(url.size < 200 ? url.size : 200), (const char *)url.data, why);
}

/* The path behind file:// and without its leading slashes, as a C string. */
static char *path_of(struct gfs_exec *exec, struct gfs_slice url)
{
	static const char scheme[] = "file://";
	if (url.size >= sizeof scheme - 1 && memcmp(url.data, scheme, sizeof scheme - 1) == 0)
		url = gfs_slice(url.data + sizeof scheme - 1, url.size - (sizeof scheme - 1));
	while (url.size != 0 && url.data[0] == '/')
		url = gfs_slice(url.data + 1, url.size - 1);
	char *path = gfs_exec_alloc(exec, url.size + 1);
	if (path != NULL && url.size != 0)
		memcpy(path, url.data, url.size);
	return path;
}

/* Walks down from the folder, name by name; `dir` is closed. */
static int open_below(int dir, char *path, int *ret_fd)
{
	for (;;) {
		char *slash = strchr(path, '/');
		int inner = -1, err = 0;
		if (slash != NULL)
			*slash = '\0';
		if (path[0] == '\0' || strcmp(path, ".") == 0 || strcmp(path, "..") == 0)
			err = GFS_ERR_ACCESS;
		else if (slash == NULL)
			err = gfs_io_open_at(dir, path, GFS_IO_READ_ONLY, ret_fd);
		else
			err = gfs_io_open_dir_at(dir, path, &inner);
		gfs_io_close(dir);
		if (err != 0 || slash == NULL)
			return err;
		dir = inner;
		path = slash + 1;
	}
}

int gfs_load_open(
	struct gfs_load *csv, struct gfs_exec *exec, struct gfs_slice url, char separator, const struct gfs_query_pos *pos)
{
	int dir;
	if (exec->load_csv_folder == NULL)
		return cannot_open(exec, url, pos, "no folder is set up for it");
	if (memchr(url.data, '\0', url.size) != NULL)
		return cannot_open(exec, url, pos, "not a path");
	char *path = path_of(exec, url);
	*csv = (struct gfs_load){ .fd = -1, .separator = separator, .pos = pos };
	csv->chunk = malloc(CHUNK_BYTES);
	if (path == NULL || csv->chunk == NULL) {
		free(csv->chunk);
		csv->chunk = NULL;
		return gfs_exec_nomem(exec);
	}
	int err = gfs_io_open_dir(exec->load_csv_folder, &dir);
	if (err == 0)
		err = open_below(dir, path, &csv->fd);
	csv->open = true;
	if (err == 0)
		return 0;
	gfs_load_close(csv);
	return cannot_open(exec, url, pos, gfs_err_text(err));
}

void gfs_load_close(struct gfs_load *csv)
{
	if (!csv->open)
		return;
	gfs_io_close(csv->fd);
	free(csv->chunk);
	gfs_buf_release(&csv->text);
	gfs_buf_release(&csv->ends);
	*csv = (struct gfs_load){ 0 };
}

/* ---- reading ---- */

static int bad_line(struct gfs_load *csv, struct gfs_exec *exec, const char *why)
{
	return gfs_query_fail(exec->error, GFS_QUERY_ARGUMENT_ERROR, GFS_QUERY_RUNTIME, "LoadCsvFailed", csv->pos,
		"LOAD CSV, line %llu: %s", (unsigned long long)csv->line, why);
}

enum { END_OF_FILE = -1 };

/* A byte, END_OF_FILE, or a code in *ret_err. */
static int next_byte(struct gfs_load *csv, int *ret_err)
{
	if (csv->at == csv->size) {
		int err = gfs_io_read_some_at(csv->fd, csv->chunk, CHUNK_BYTES, csv->offset, &csv->size);
		csv->at = 0;
		if (err != 0)
			csv->size = 0;
		*ret_err = err;
		if (csv->size == 0)
			return END_OF_FILE;
		csv->offset += csv->size;
	}
	return csv->chunk[csv->at++];
}

static void end_field(struct gfs_load *csv)
{
	uint64_t end = csv->text.size;
	gfs_buf_append(&csv->ends, &end, sizeof end);
}

/* The inside of a field in quotes; the opening one was read. */
static int quoted(struct gfs_load *csv, struct gfs_exec *exec, int *err)
{
	for (;;) {
		int c = next_byte(csv, err);
		if (c == END_OF_FILE)
			return *err != 0 ? *err : bad_line(csv, exec, "a quote that is not closed");
		if (c == '\n')
			csv->line++;
		if (c == '"') {
			c = next_byte(csv, err);
			if (c != '"') {
				if (c != END_OF_FILE)
					csv->at--;
				return *err;
			}
		}
		gfs_buf_append_u8(&csv->text, (uint8_t)c);
		if (csv->text.size > LINE_BYTES_MAX)
			return bad_line(csv, exec, "the line is too long");
	}
}

/* One line into text and ends; *ret_some false: the file had ended. */
static int read_line(struct gfs_load *csv, struct gfs_exec *exec, bool *ret_some)
{
	int err = 0, c;
	bool fresh = true; /* at the start of a field */
	gfs_buf_clear(&csv->text);
	gfs_buf_clear(&csv->ends);
	csv->line++;
	*ret_some = false;
	while ((c = next_byte(csv, &err)) != END_OF_FILE && c != '\n') {
		*ret_some = true;
		if (c == '"' && fresh) {
			int failed = quoted(csv, exec, &err);
			if (failed != 0)
				return exec->error->kind != GFS_QUERY_OK ? failed : gfs_exec_store_error(exec, failed);
			fresh = false;
		} else if (c == csv->separator) {
			end_field(csv);
			fresh = true;
		} else {
			gfs_buf_append_u8(&csv->text, (uint8_t)c);
			fresh = false;
		}
		if (csv->text.size > LINE_BYTES_MAX || csv->ends.size > FIELDS_MAX * sizeof(uint64_t))
			return bad_line(csv, exec, "the line is too long");
	}
	if (err != 0)
		return gfs_exec_store_error(exec, err);
	*ret_some = *ret_some || c == '\n';
	if (csv->text.size != 0 && csv->text.data[csv->text.size - 1] == '\r')
		csv->text.size--;
	end_field(csv);
	return gfs_buf_failed(&csv->text) != 0 || gfs_buf_failed(&csv->ends) != 0 ? gfs_exec_nomem(exec) : 0;
}

static bool is_empty(const struct gfs_load *csv)
{
	return csv->text.size == 0 && csv->ends.size == sizeof(uint64_t);
}

static int take_fields(
	struct gfs_load *csv, struct gfs_exec *exec, struct gfs_arena *arena, struct gfs_load_fields *ret_fields)
{
	size_t count = csv->ends.size / sizeof(uint64_t);
	struct gfs_slice text = gfs_arena_copy(arena, gfs_buf_slice(&csv->text));
	struct gfs_slice *items = gfs_arena_alloc(arena, count * sizeof *items);
	uint64_t start = 0;
	if (text.data == NULL || items == NULL)
		return gfs_exec_nomem(exec);
	if (!gfs_utf8_valid(text.data, text.size))
		return bad_line(csv, exec, "not valid UTF-8");
	for (size_t i = 0; i < count; i++) {
		uint64_t end;
		memcpy(&end, csv->ends.data + i * sizeof end, sizeof end);
		end = end > text.size ? text.size : end; /* the CR at the end of the line was taken off */
		items[i] = gfs_slice(text.data + start, end - start);
		start = end;
	}
	*ret_fields = (struct gfs_load_fields){ items, (uint32_t)count };
	return 0;
}

int gfs_load_next(
	struct gfs_load *csv, struct gfs_exec *exec, struct gfs_arena *arena, struct gfs_load_fields *ret_fields)
{
	bool some;
	*ret_fields = (struct gfs_load_fields){ 0 };
	do {
		int err = read_line(csv, exec, &some);
		if (err != 0 || !some)
			return err;
	} while (is_empty(csv));
	return take_fields(csv, exec, arena, ret_fields);
}
