#include "fs/rows.h"

#include "base/checked.h"
#include "base/clock.h"
#include "base/log.h"

/* Rows are kept back for no longer, to fill a read. */
#define KEPT_BACK_NS (10 * GFS_NS_PER_MS)

static void end_result(struct gfs_rows *rows)
{
	gfs_output_free(rows->output);
	gfs_result_free(rows->result);
	rows->output = NULL;
	rows->result = NULL;
}

void gfs_rows_clear(struct gfs_rows *rows)
{
	end_result(rows);
	gfs_buf_clear(&rows->ready);
	rows->taken = 0;
	rows->error = (struct gfs_query_error){ 0 };
}

void gfs_rows_release(struct gfs_rows *rows)
{
	gfs_rows_clear(rows);
	gfs_buf_release(&rows->ready);
}

static bool interrupted(void *context)
{
	struct gfs_rows *rows = context;
	return rows->req && fuse_req_interrupted(rows->req);
}

int gfs_rows_run(
	struct gfs_fs *fs, struct gfs_rows *rows, fuse_req_t req, struct gfs_slice text, const struct gfs_run_opts *opts)
{
	const struct fuse_ctx *who = fuse_req_ctx(req);
	struct gfs_run_opts with = *opts;
	with.uid = who->uid;
	with.gid = who->gid;
	with.interrupted = interrupted;
	with.context = rows;
	gfs_rows_clear(rows);
	rows->req = req;
	int err = gfs_query_run(fs->engine, text, &with, &rows->result, &rows->error);
	rows->req = NULL;
	return err;
}

int gfs_rows_show(struct gfs_rows *rows, enum gfs_output_format format)
{
	struct gfs_slice plan = gfs_result_plan(rows->result);
	if (plan.size == 0)
		return gfs_output_new(rows->result, format, &rows->error, &rows->output);
	gfs_buf_append(&rows->ready, plan.data, plan.size);
	end_result(rows);
	return gfs_buf_failed(&rows->ready);
}

/* Some more of the result into `ready`. */
static int more(struct gfs_rows *rows)
{
	bool done = false;
	gfs_buf_clear(&rows->ready);
	rows->taken = 0;
	int err = gfs_output_next(rows->output, &rows->ready, &done);
	if (!err && done)
		end_result(rows);
	return err;
}

int gfs_rows_read(struct gfs_rows *rows, fuse_req_t req, size_t size, struct gfs_buf *out)
{
	int err = 0;
	uint64_t until_ns = gfs_clock_mono_ns() + KEPT_BACK_NS;
	rows->req = req;
	while (!err) {
		size_t left = rows->ready.size - rows->taken, n = GFS_MIN(left, size - out->size);
		gfs_buf_append(out, rows->ready.data + rows->taken, n);
		rows->taken += n;
		if (out->size == size || !rows->output || (out->size > 0 && gfs_clock_mono_ns() >= until_ns))
			break;
		err = more(rows);
	}
	rows->req = NULL;
	return err ? err : gfs_buf_failed(out);
}

int gfs_rows_failed(struct gfs_rows *rows, int err, struct gfs_query_error *ret_error)
{
	struct gfs_query_error error = rows->error;
	if (error.kind == GFS_QUERY_OK)
		(void)gfs_query_fail_store(&error, err); /* it returns what it was given */
	gfs_log(GFS_LOG_INFO, "statement failed: %s: %s: %s", gfs_query_error_kind_name(error.kind), error.detail,
		error.message);
	gfs_rows_clear(rows);
	if (ret_error)
		*ret_error = error;
	return error.kind == GFS_QUERY_TERMINATED_ERROR ? GFS_ERR_INTERRUPTED : err;
}
