#include "fs/cypher.h"

#include "base/arena.h"
#include "fs/rows.h"
#include "query/typed_json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct gfs_cypher {
	struct gfs_mutex lock; /* guards the rest; held while a statement runs */
	struct gfs_buf text;   /* parts of a statement that goes on */
	struct gfs_rows rows;
};

int gfs_cypher_open(struct gfs_cypher **ret_cypher)
{
	struct gfs_cypher *c = calloc(1, sizeof *c);
	if (!c)
		return GFS_ERR_NOMEM;
	gfs_mutex_init(&c->lock, GFS_RANK_FS_HANDLES);
	*ret_cypher = c;
	return 0;
}

void gfs_cypher_free(struct gfs_cypher *c)
{
	if (!c)
		return;
	gfs_rows_release(&c->rows);
	gfs_buf_release(&c->text);
	gfs_mutex_release(&c->lock);
	free(c);
}

/* ---- what was written ---- */

struct request {
	struct gfs_slice text;
	struct gfs_param *params;
	size_t count;
	enum gfs_output_format format;
};

static int bad_request(struct gfs_cypher *c, const char *what)
{
	return gfs_query_fail(
		&c->rows.error, GFS_QUERY_ARGUMENT_ERROR, GFS_QUERY_COMPILE, "InvalidRequest", NULL, "a request has %s", what);
}

static int read_params(struct gfs_cypher *c, json_t *params, struct gfs_arena *arena, struct request *ret)
{
	const char *name;
	json_t *value;
	ret->params = gfs_arena_alloc(arena, json_object_size(params) * sizeof *ret->params);
	if (!ret->params)
		return GFS_ERR_NOMEM;
	json_object_foreach(params, name, value)
	{
		struct gfs_param *p = &ret->params[ret->count++];
		p->name = gfs_arena_copy(arena, gfs_slice_text(name));
		int err = p->name.data ? gfs_typed_json_read(value, arena, &p->value) : GFS_ERR_NOMEM;
		if (err == GFS_ERR_NOMEM)
			return err;
		if (err)
			return bad_request(c, "a parameter that is no value");
	}
	return 0;
}

static int read_object(struct gfs_cypher *c, json_t *object, struct gfs_arena *arena, struct request *ret)
{
	json_t *query = json_object_get(object, "query"), *params = json_object_get(object, "params"),
		   *format = json_object_get(object, "format");
	if (!json_is_string(query) || (params && !json_is_object(params)) || (format && !json_is_string(format)))
		return bad_request(c, "a text `query`, maybe an object `params` and a text `format`");
	ret->text = gfs_arena_copy(arena, gfs_slice((const uint8_t *)json_string_value(query), json_string_length(query)));
	if (!ret->text.data)
		return GFS_ERR_NOMEM;
	if (format && gfs_output_format_from_name(gfs_slice_text(json_string_value(format)), &ret->format) != 0)
		return bad_request(c, "one of the formats table, csv, json, typed");
	return params ? read_params(c, params, arena, ret) : 0;
}

/* No statement begins with a brace. */
static int read_request(struct gfs_cypher *c, struct gfs_slice text, struct gfs_arena *arena, struct request *ret)
{
	*ret = (struct request){ .text = text, .format = GFS_OUTPUT_JSON };
	if (text.size == 0 || text.data[0] != '{')
		return 0;
	json_t *object = json_loadb((const char *)text.data, text.size, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
	int err = object ? read_object(c, object, arena, ret) : bad_request(c, "one JSON object");
	json_decref(object);
	return err;
}

/* ---- running ---- */

static int run(struct gfs_fs *fs, struct gfs_cypher *c, fuse_req_t req, struct gfs_slice text)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct request request;
	gfs_rows_clear(&c->rows);
	int err = read_request(c, text, &arena, &request);
	if (err)
		return err;
	struct gfs_run_opts opts = { .params = request.params, .param_count = request.count };
	err = gfs_rows_run(fs, &c->rows, req, request.text, &opts);
	return err ? err : gfs_rows_show(&c->rows, request.format);
}

/* The reason is to be read next. */
static int failed(struct gfs_cypher *c, int err)
{
	struct gfs_query_error error;
	err = gfs_rows_failed(&c->rows, err, &error);
	gfs_typed_json_error(&error, &c->rows.ready);
	gfs_buf_append_u8(&c->rows.ready, '\n');
	return err;
}

int gfs_cypher_write(struct gfs_fs *fs, struct gfs_cypher *c, fuse_req_t req, struct gfs_slice text)
{
	gfs_loop_step_aside(fs->loop);
	gfs_mutex_lock(&c->lock);
	int err = c->text.size + text.size > GFS_QUERY_TEXT_BYTES_MAX ? GFS_ERR_TOOBIG : 0;
	if (!err) {
		gfs_buf_append(&c->text, text.data, text.size);
		err = gfs_buf_failed(&c->text);
	}
	if (!err && text.size < GFS_CYPHER_WRITE_BYTES_MAX) {
		err = run(fs, c, req, gfs_buf_slice(&c->text));
		if (err)
			err = failed(c, err);
		gfs_buf_clear(&c->text);
	} else if (err) {
		gfs_buf_clear(&c->text);
	}
	gfs_mutex_unlock(&c->lock);
	return err;
}

/* The reason of a failure follows the rows. */
int gfs_cypher_read(struct gfs_fs *fs, struct gfs_cypher *c, fuse_req_t req, size_t size, struct gfs_buf *out)
{
	gfs_loop_step_aside(fs->loop);
	gfs_mutex_lock(&c->lock);
	int err = gfs_rows_read(&c->rows, req, size, out);
	if (err && failed(c, err) != GFS_ERR_INTERRUPTED)
		err = gfs_rows_read(&c->rows, req, size, out);
	else if (err)
		err = GFS_ERR_INTERRUPTED;
	gfs_mutex_unlock(&c->lock);
	return err;
}
