#include "fs/query_file.h"

#include "base/checked.h"
#include "fs/ops.h"
#include "fs/rows.h"
#include "graph/saved_query.h"

#include <stdlib.h>
#include <string.h>

struct gfs_query_open {
	struct gfs_mutex lock; /* guards the rest; held while the statement runs */
	struct gfs_rows rows;
	uint64_t position; /* what was read so far */
};

static int text_of(struct gfs_fs *fs, uint64_t nodeid, struct gfs_buf *out)
{
	int err = gfs_saved_query_text(fs->graph, gfs_nodeid_unpack(nodeid).sub, out);
	return err == GFS_ERR_NOTFOUND ? GFS_ERR_STALE : err;
}

static enum gfs_output_format format_of(uint64_t file)
{
	return file == GFS_QUERY_CSV ? GFS_OUTPUT_CSV : file == GFS_QUERY_JSON ? GFS_OUTPUT_JSON : GFS_OUTPUT_TABLE;
}

static int run(struct gfs_fs *fs, fuse_req_t req, uint64_t nodeid, struct gfs_rows *rows)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	uint64_t file = gfs_nodeid_unpack(nodeid).id;
	struct gfs_run_opts opts = { .read_only = true, .explain = file == GFS_QUERY_EXPLAIN };
	gfs_loop_step_aside(fs->loop);
	gfs_graph_read_begin(fs->graph);
	int err = text_of(fs, nodeid, &text);
	gfs_graph_read_end(fs->graph);
	if (err)
		return err;
	err = gfs_rows_run(fs, rows, req, gfs_buf_slice(&text), &opts);
	if (!err)
		err = gfs_rows_show(rows, format_of(file));
	return err ? gfs_rows_failed(rows, err, NULL) : 0;
}

int gfs_query_file_open(struct gfs_fs *fs, fuse_req_t req, uint64_t nodeid, struct gfs_query_open **ret_open)
{
	*ret_open = NULL;
	if (gfs_nodeid_unpack(nodeid).id == GFS_QUERY_CYPHER)
		return 0;
	struct gfs_query_open *open = calloc(1, sizeof *open);
	if (!open)
		return GFS_ERR_NOMEM;
	gfs_mutex_init(&open->lock, GFS_RANK_FS_HANDLES);
	int err = run(fs, req, nodeid, &open->rows);
	if (err) {
		gfs_query_file_free(open);
		return err;
	}
	*ret_open = open;
	return 0;
}

void gfs_query_file_free(struct gfs_query_open *open)
{
	if (!open)
		return;
	gfs_rows_release(&open->rows);
	gfs_mutex_release(&open->lock);
	free(open);
}

static int read_text(struct gfs_fs *fs, uint64_t nodeid, uint64_t offset, size_t size, struct gfs_buf *out)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	gfs_graph_read_begin(fs->graph);
	int err = text_of(fs, nodeid, &text);
	gfs_graph_read_end(fs->graph);
	if (err)
		return err;
	size_t at = GFS_MIN(offset, text.size);
	gfs_buf_append(out, text.data + at, GFS_MIN(size, text.size - at));
	return gfs_buf_failed(out);
}

int gfs_query_file_read(struct gfs_fs *fs, fuse_req_t req, uint64_t nodeid, struct gfs_query_open *open,
	uint64_t offset, size_t size, struct gfs_buf *out)
{
	if (!open)
		return read_text(fs, nodeid, offset, size, out);
	gfs_loop_step_aside(fs->loop);
	gfs_mutex_lock(&open->lock);
	bool goes_on = offset == open->position;
	int err = goes_on ? gfs_rows_read(&open->rows, req, size, out) : GFS_ERR_INVALID;
	if (err && goes_on)
		err = gfs_rows_failed(&open->rows, err, NULL);
	open->position += out->size;
	gfs_mutex_unlock(&open->lock);
	return err;
}

static int resize(struct gfs_buf *text, size_t size)
{
	size_t old = text->size;
	if (size <= old) {
		text->size = size;
		return 0;
	}
	uint8_t *more = gfs_buf_extend(text, size - old);
	if (!more)
		return GFS_ERR_NOMEM;
	memset(more, 0, size - old);
	return 0;
}

int gfs_query_file_truncate(struct gfs_edit *e, uint64_t nodeid, uint64_t size)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	if (gfs_nodeid_unpack(nodeid).id != GFS_QUERY_CYPHER)
		return GFS_ERR_PERM;
	if (size > GFS_SAVED_QUERY_BYTES_MAX)
		return GFS_ERR_TOOBIG;
	int err = text_of(e->fs, nodeid, &text);
	if (!err && size == text.size)
		return 0;
	if (!err)
		err = resize(&text, size);
	return err ? err : gfs_saved_query_set_text(e->tx, gfs_nodeid_unpack(nodeid).sub, gfs_buf_slice(&text));
}

static int write_text(struct gfs_edit *e, uint64_t nodeid, uint64_t offset, struct gfs_slice data)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	if (offset > GFS_SAVED_QUERY_BYTES_MAX || data.size > GFS_SAVED_QUERY_BYTES_MAX - offset)
		return GFS_ERR_TOOBIG;
	int err = text_of(e->fs, nodeid, &text);
	if (!err)
		err = resize(&text, GFS_MAX(text.size, offset + data.size));
	if (err)
		return err;
	if (data.size != 0)
		memcpy(text.data + offset, data.data, data.size);
	return gfs_saved_query_set_text(e->tx, gfs_nodeid_unpack(nodeid).sub, gfs_buf_slice(&text));
}

int gfs_query_file_write(struct gfs_fs *fs, fuse_req_t req, uint64_t nodeid, uint64_t offset, struct gfs_slice data)
{
	struct gfs_edit e;
	if (gfs_nodeid_unpack(nodeid).id != GFS_QUERY_CYPHER)
		return GFS_ERR_BADF;
	int err = gfs_edit_begin(&e, fs, req);
	return err ? err : gfs_edit_end(&e, write_text(&e, nodeid, offset, data), nodeid);
}
