/* META's record `checkpoint`: what a checkpoint holds beside pages and tables, and which checkpoint it is.
 *
 *   0  8  sequence            8  8  LSN                 16  8  LSN of the state before
 *  24  8  database id        32  8  time of the last transaction
 *  40  4  number of counters 44  8  each of them
 * Valid if and only if the row's sum is right (K1 of kv.h), the size fits the number and the counters their bounds; counters that are
 * missing are 0. */
#include "store/store_private.h"

#include "base/limits.h"

#include <assert.h>

const char gfs_store_meta_key[] = "checkpoint";

void gfs_store_meta_encode(const struct gfs_store_meta *meta, struct gfs_buf *out)
{
	assert(out->size == 0);
	gfs_buf_append_le64(out, meta->sequence);
	gfs_buf_append_le64(out, meta->lsn);
	gfs_buf_append_le64(out, meta->previous_lsn);
	gfs_buf_append_le64(out, meta->database_id);
	gfs_buf_append_le64(out, meta->time_ns);
	gfs_buf_append_le32(out, GFS_COUNTER_COUNT);
	for (unsigned i = 0; i < GFS_COUNTER_COUNT; i++)
		gfs_buf_append_le64(out, meta->counters[i]);
}

/* Bounds of what loops run to and page ids are made of; who reads records and rows checks each by itself. */
static bool counters_valid(const uint64_t counters[GFS_COUNTER_COUNT])
{
	return counters[GFS_COUNTER_NODE_NEXT] <= GFS_ID_MAX + 1 && counters[GFS_COUNTER_REL_NEXT] <= GFS_ID_MAX + 1 &&
		counters[GFS_COUNTER_HEAP_PAGES] <= GFS_HEAP_PAGES_MAX &&
		counters[GFS_COUNTER_BLOB_PAGES] <= GFS_BLOB_PAGES_MAX &&
		counters[GFS_COUNTER_BLOB_FREE] <= counters[GFS_COUNTER_BLOB_PAGES];
}

static int meta_decode(struct gfs_slice value, struct gfs_store_meta *ret_meta)
{
	struct gfs_store_meta meta = { 0 };
	struct gfs_reader r = gfs_reader(value);
	meta.sequence = gfs_read_le64(&r);
	meta.lsn = gfs_read_le64(&r);
	meta.previous_lsn = gfs_read_le64(&r);
	meta.database_id = gfs_read_le64(&r);
	meta.time_ns = gfs_read_le64(&r);
	uint32_t count = gfs_read_le32(&r);
	if (r.failed || count > GFS_COUNTER_COUNT || gfs_reader_left(&r) != (size_t)count * 8)
		return GFS_ERR_CORRUPT;
	for (uint32_t i = 0; i < count; i++)
		meta.counters[i] = gfs_read_le64(&r);
	if (!counters_valid(meta.counters))
		return GFS_ERR_CORRUPT;
	*ret_meta = meta;
	return 0;
}

int gfs_store_meta_read(struct gfs_kv_backend *backend, struct gfs_store_meta *ret_meta)
{
	GFS_AUTO_BUF value = GFS_BUF_INIT;
	int err = gfs_kv_row_get(backend, GFS_KV_META, gfs_slice_text(gfs_store_meta_key), &value);
	if (err != 0)
		return err;
	return meta_decode(gfs_buf_slice(&value), ret_meta);
}
