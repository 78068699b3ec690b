/* Any bytes as the stored encoding of a value, as a property file's contents, as each type's text, and as JSON. Aborts when a promise of
 * graph/value.h is broken. */
#include "graph/value.h"

#include <jansson.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool kept)
{
	if (!kept)
		abort();
}

static void require_shows(const struct gfs_value *value, struct gfs_slice contents)
{
	GFS_AUTO_BUF file = GFS_BUF_INIT;
	uint64_t size = 0;
	require(gfs_value_text(value, &file) == 0);
	if (value->newline)
		gfs_buf_append_u8(&file, '\n');
	require(gfs_slice_equal(gfs_buf_slice(&file), contents));
	require(gfs_value_text_size(value, &size) == 0 && size == contents.size);
}

static void require_same(const struct gfs_value *a, const struct gfs_value *b)
{
	require(gfs_value_equal(a, b) && a->newline == b->newline);
}

static void through_json(const struct gfs_value *value, struct gfs_arena *arena)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	json_error_t error;
	struct gfs_value back;
	require(gfs_value_json(value, false, &text) == 0);
	json_t *json = json_loadb((const char *)text.data, text.size, JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
	require(json != NULL);
	require(gfs_value_from_json(json, arena, &back) == 0);
	json_decref(json);
	require_same(value, &back);
}

static void through_stored_bytes(const struct gfs_value *value, struct gfs_arena *arena)
{
	GFS_AUTO_BUF bytes = GFS_BUF_INIT;
	struct gfs_value back;
	require(gfs_value_encode(value, &bytes) == 0);
	require(gfs_value_decode(gfs_buf_slice(&bytes), arena, &back) == 0);
	require_same(value, &back);
}

static void as_stored_bytes(struct gfs_slice bytes, struct gfs_arena *arena)
{
	GFS_AUTO_BUF again = GFS_BUF_INIT;
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	struct gfs_value value;
	struct gfs_value back;
	if (gfs_value_decode(bytes, arena, &value) != 0)
		return;
	require(gfs_value_encode(&value, &again) == 0);
	require(gfs_slice_equal(bytes, gfs_buf_slice(&again)));
	through_json(&value, arena);
	require(gfs_value_text(&value, &text) == 0);
	require(gfs_value_parse(value.type, gfs_buf_slice(&text), arena, &back) == 0);
}

static void as_contents(struct gfs_slice contents, struct gfs_arena *arena)
{
	struct gfs_value value;
	gfs_value_infer(contents, &value);
	require_shows(&value, contents);
	through_stored_bytes(&value, arena);
	for (int type = GFS_TYPE_NULL; type < GFS_TYPE_COUNT; type++) {
		struct gfs_value wide;
		if (gfs_value_parse((enum gfs_type)type, contents, arena, &value) == 0) {
			require_shows(&value, contents);
			through_stored_bytes(&value, arena);
			through_json(&value, arena);
		}
		if (gfs_value_parse_loose((enum gfs_type)type, contents, arena, &wide) == 0)
			through_stored_bytes(&wide, arena);
	}
}

static void as_json(struct gfs_slice text, struct gfs_arena *arena)
{
	json_error_t error;
	struct gfs_value value;
	json_t *json = json_loadb((const char *)text.data, text.size, JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
	if (json == NULL)
		return;
	if (gfs_value_from_json(json, arena, &value) == 0) {
		through_stored_bytes(&value, arena);
		through_json(&value, arena);
	}
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	struct gfs_slice bytes = gfs_slice(data, size);
	as_stored_bytes(bytes, &arena);
	as_contents(bytes, &arena);
	if (size != 0)
		as_json(bytes, &arena);
	return 0;
}
