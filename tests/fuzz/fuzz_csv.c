/* Any bytes as CSV: through the tokenizer, whose rows come back the same when they are written with quotes, and as an import. */
#include "graph/transfer_private.h"
#include "tests/fuzz/import_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_row(const struct gfs_csv_row *row, struct gfs_buf *out)
{
	for (size_t i = 0; i < row->count; i++) {
		if (i != 0)
			gfs_buf_append_u8(out, ',');
		gfs_buf_append_u8(out, '"');
		for (size_t at = 0; at < row->fields[i].text.size; at++) {
			uint8_t c = row->fields[i].text.data[at];
			if (c == '"')
				gfs_buf_append_u8(out, c);
			gfs_buf_append_u8(out, c);
		}
		gfs_buf_append_u8(out, '"');
	}
	gfs_buf_append_text(out, "\r\n");
}

/* Writes the rows that are good; checks that places stay within the bytes. */
static void read_rows(struct gfs_slice bytes, struct gfs_buf *out, bool must_be_good)
{
	struct gfs_csv csv = gfs_csv_open(bytes);
	struct gfs_position position = gfs_position_begin(bytes);
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_csv_row row = { 0 };
	struct gfs_csv_fault fault;
	uint64_t line, column, last_line = 0;
	int err;
	while ((err = gfs_csv_next(&csv, &arena, &row, &fault)) != GFS_ERR_NOTFOUND) {
		require(err == 0 || (err == GFS_ERR_INVALID && !must_be_good));
		const uint8_t *at = err == 0 ? row.fields[row.count - 1].at : fault.at;
		require(at >= bytes.data && at <= bytes.data + bytes.size);
		gfs_position_find(&position, at, &line, &column);
		require(line >= last_line && column >= 1);
		last_line = err == 0 ? line : 0;
		if (err == 0)
			put_row(&row, out);
		gfs_arena_clear(&arena);
	}
	gfs_csv_row_release(&row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	GFS_AUTO_BUF once = GFS_BUF_INIT;
	GFS_AUTO_BUF twice = GFS_BUF_INIT;
	/* A copy that ends where it ends, for AddressSanitizer. */
	uint8_t *copy = malloc(size + !size);
	require(copy != NULL);
	memcpy(copy, data, size);
	read_rows(gfs_slice(copy, size), &once, false);
	read_rows(gfs_buf_slice(&once), &twice, true);
	require(gfs_slice_equal(gfs_buf_slice(&once), gfs_buf_slice(&twice)));
	fuzz_one(gfs_slice(copy, size));
	free(copy);
	return 0;
}
