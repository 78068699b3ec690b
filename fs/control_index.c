/* /.graphfs/index/NAME: what a property index is, and how far it is built. */
#include "fs/control.h"

#include "base/checked.h"
#include "graph/index.h"

#include <inttypes.h>
#include <string.h>

/* The id of a file or folder of an index: bit 32, the index's id, and the number of the file, 0 for the folder. */
#define MARK (UINT64_C(1) << 32)
enum { FILE_BITS = 8 };

struct index_file {
	const char *name;
	void (*show)(struct gfs_fs *fs, const struct gfs_index_info *info, struct gfs_buf *out);
};

static void show_number(struct gfs_buf *out, uint64_t value)
{
	gfs_buf_printf(out, "%" PRIu64 "\n", value);
}

static void show_name(struct gfs_fs *fs, enum gfs_catalog_kind kind, uint16_t id, struct gfs_buf *out)
{
	struct gfs_catalog_entry entry;
	if (gfs_catalog_get(gfs_graph_catalog(fs->graph), kind, id, &entry) != 0)
		return;
	gfs_buf_append(out, entry.name.data, entry.name.size);
	gfs_buf_append_u8(out, '\n');
}

static void show_label(struct gfs_fs *fs, const struct gfs_index_info *info, struct gfs_buf *out)
{
	show_name(fs, GFS_CATALOG_LABEL, info->label, out);
}

static void show_property(struct gfs_fs *fs, const struct gfs_index_info *info, struct gfs_buf *out)
{
	show_name(fs, GFS_CATALOG_KEY, info->key, out);
}

static void show_state(struct gfs_fs *fs, const struct gfs_index_info *info, struct gfs_buf *out)
{
	static const char *const states[] = {
		[GFS_PROP_BUILDING] = "building",
		[GFS_PROP_READY] = "ready",
		[GFS_PROP_FAILED] = "failed",
	};
	(void)fs;
	gfs_buf_printf(out, "%s\n", states[info->state]);
}

static void show_progress(struct gfs_fs *fs, const struct gfs_index_info *info, struct gfs_buf *out)
{
	(void)fs;
	show_number(out, info->percent);
}

static void show_entries(struct gfs_fs *fs, const struct gfs_index_info *info, struct gfs_buf *out)
{
	(void)fs;
	show_number(out, info->entries);
}

static void show_distinct(struct gfs_fs *fs, const struct gfs_index_info *info, struct gfs_buf *out)
{
	(void)fs;
	show_number(out, info->distinct);
}

static void show_unique(struct gfs_fs *fs, const struct gfs_index_info *info, struct gfs_buf *out)
{
	(void)fs;
	show_number(out, info->unique);
}

static const struct index_file files[] = {
	{ "label", show_label },
	{ "property", show_property },
	{ "state", show_state },
	{ "progress", show_progress },
	{ "entries", show_entries },
	{ "distinct", show_distinct },
	{ "unique", show_unique },
};

static uint64_t folder_id(uint16_t index)
{
	return MARK | (uint64_t)index << FILE_BITS;
}

static uint16_t index_of(uint64_t id)
{
	return (uint16_t)(id >> FILE_BITS);
}

static size_t file_of(uint64_t id)
{
	return id & ((1u << FILE_BITS) - 1);
}

bool gfs_control_is_index(uint64_t id)
{
	return (id & MARK) != 0;
}

bool gfs_control_index_is_dir(uint64_t id)
{
	return file_of(id) == 0;
}

int gfs_control_index_text(struct gfs_fs *fs, uint64_t id, struct gfs_buf *out)
{
	struct gfs_index_info info;
	size_t file = file_of(id);
	int err = gfs_index_get(fs->graph, index_of(id), &info);
	if (err || file > GFS_COUNT(files))
		return GFS_ERR_STALE;
	if (file == 0)
		return GFS_ERR_ISDIR;
	files[file - 1].show(fs, &info, out);
	return gfs_buf_failed(out);
}

/* The first index with a folder id >= from. */
static int next_index(struct gfs_fs *fs, uint64_t from, uint64_t *ret_id, struct gfs_component *ret_name)
{
	struct gfs_index_info info;
	uint64_t first = from <= folder_id(0) ? 1 : (from - folder_id(0) + (1u << FILE_BITS) - 1) >> FILE_BITS;
	int err = gfs_index_next(fs->graph, (unsigned)first, &info);
	if (err)
		return err;
	*ret_id = folder_id(info.id);
	gfs_name_show_id(info.name, info.id, GFS_PLACE_NAMES, ret_name);
	return 0;
}

int gfs_control_index_next(
	struct gfs_fs *fs, uint64_t dir_id, uint64_t from, uint64_t *ret_id, struct gfs_component *ret_name)
{
	if (dir_id == GFS_CONTROL_INDEX)
		return next_index(fs, from, ret_id, ret_name);
	size_t file = from <= dir_id ? 1 : (size_t)(from - dir_id);
	if (file > GFS_COUNT(files))
		return GFS_ERR_NOTFOUND;
	*ret_id = dir_id + file;
	ret_name->size = strlen(files[file - 1].name);
	memcpy(ret_name->text, files[file - 1].name, ret_name->size + 1);
	return 0;
}

int gfs_control_index_lookup(struct gfs_fs *fs, uint64_t dir_id, const char *name, uint64_t *ret_id)
{
	struct gfs_component at;
	uint64_t id = 0;
	int err = gfs_control_index_next(fs, dir_id, 0, &id, &at);
	while (!err && strcmp(at.text, name) != 0)
		err = gfs_control_index_next(fs, dir_id, id + 1, &id, &at);
	if (!err)
		*ret_id = id;
	return err;
}
