/* The tree under /.graphfs: one table, whose row number is a file's id. To add a file, add a row at the end of its folder and nothing
 * else: ids live only as long as the mount. Behind the table come the ids of cache/LAYER and its files, layer after layer, then those of the files that
 * only cache/query has, and those of query/. What lies in index/ has ids of its own (control_index.c). */
#include "fs/control.h"
#include "base/checked.h"
#include "base/parse.h"

#include <inttypes.h>
#include <string.h>

/* Rows that others refer to by their place. */
enum { ROOT, WAL, CACHE, INDEX, CYPHER, QUERY };
static_assert(INDEX == GFS_CONTROL_INDEX && CYPHER == GFS_CONTROL_CYPHER, "nodeid.h knows them");

#define WAL_INTERVAL_MS_MAX 60000u

struct control {
	const char *name;
	uint8_t folder; /* the row of the folder it lies in */
	/* Appends the contents. The graph lock is held shared. NULL: a folder. */
	void (*show)(struct gfs_fs *fs, struct gfs_buf *out);
	/* Takes what was written, without its newline. No lock is held. NULL: read-only. */
	int (*store)(struct gfs_fs *fs, struct gfs_slice text);
};

static void show_u64(struct gfs_buf *out, uint64_t value)
{
	gfs_buf_printf(out, "%" PRIu64 "\n", value);
}

static struct gfs_store *store_of(struct gfs_fs *fs)
{
	return gfs_graph_store(fs->graph);
}

/* ---- the folder itself ---- */

static void show_checkpoint(struct gfs_fs *fs, struct gfs_buf *out)
{
	struct gfs_store_stats s;
	gfs_store_stats_get(store_of(fs), &s);
	show_u64(out, s.checkpoints);
}

static int store_checkpoint(struct gfs_fs *fs, struct gfs_slice text)
{
	if (!gfs_slice_equal(text, gfs_slice_text("1")))
		return GFS_ERR_INVALID;
	gfs_loop_step_aside(fs->loop);
	return gfs_store_checkpoint(store_of(fs));
}

void gfs_control_show_nothing(struct gfs_fs *fs, struct gfs_buf *out)
{
	(void)fs, (void)out;
}

static void show_version(struct gfs_fs *fs, struct gfs_buf *out)
{
	(void)fs;
	gfs_buf_append_text(out, GFS_VERSION "\n");
}

static void show_health(struct gfs_fs *fs, struct gfs_buf *out)
{
	struct gfs_store_stats s;
	gfs_store_stats_get(store_of(fs), &s);
	gfs_buf_printf(out, "%s\n", s.failure ? gfs_err_text(s.failure) : "ok");
}

/* Whether the store was opened read-only: `mount -o remount,rw` asks. */
static void show_read_only(struct gfs_fs *fs, struct gfs_buf *out)
{
	show_u64(out, fs->opts.read_only);
}

static void show_rel_index(struct gfs_fs *fs, struct gfs_buf *out)
{
	gfs_buf_append_text(out, gfs_graph_rel_index(fs->graph) ? "on\n" : "off\n");
}

static int store_rel_index(struct gfs_fs *fs, struct gfs_slice text)
{
	bool on = gfs_slice_equal(text, gfs_slice_text("on"));
	if (!on && !gfs_slice_equal(text, gfs_slice_text("off")))
		return GFS_ERR_INVALID;
	gfs_graph_set_rel_index(fs->graph, on);
	return 0;
}

/* ---- wal ---- */

static const char *const wal_modes[] = {
	[GFS_WAL_ASYNC] = "async",
	[GFS_WAL_GROUP] = "group",
	[GFS_WAL_SYNC] = "sync",
};

static struct gfs_wal_stats wal_of(struct gfs_fs *fs)
{
	struct gfs_wal_stats s;
	gfs_wal_stats_get(gfs_store_wal(store_of(fs)), &s);
	return s;
}

static void show_wal_mode(struct gfs_fs *fs, struct gfs_buf *out)
{
	gfs_buf_printf(out, "%s\n", wal_modes[wal_of(fs).mode]);
}

static int store_wal_mode(struct gfs_fs *fs, struct gfs_slice text)
{
	for (size_t i = 0; i < GFS_COUNT(wal_modes); i++) {
		if (gfs_slice_equal(text, gfs_slice_text(wal_modes[i]))) {
			gfs_wal_set_mode(gfs_store_wal(store_of(fs)), (enum gfs_wal_mode)i);
			return 0;
		}
	}
	return GFS_ERR_INVALID;
}

static void show_wal_interval(struct gfs_fs *fs, struct gfs_buf *out)
{
	show_u64(out, wal_of(fs).interval_ms);
}

static int store_wal_interval(struct gfs_fs *fs, struct gfs_slice text)
{
	uint64_t ms;
	if (gfs_parse_u64(text, &ms) != 0 || ms < 1 || ms > WAL_INTERVAL_MS_MAX)
		return GFS_ERR_INVALID;
	gfs_wal_set_interval(gfs_store_wal(store_of(fs)), (unsigned)ms);
	return 0;
}

#define SHOW_WAL(field)                                                                                                \
	static void show_wal_##field(struct gfs_fs *fs, struct gfs_buf *out)                                               \
	{                                                                                                                  \
		show_u64(out, wal_of(fs).field);                                                                               \
	}
SHOW_WAL(end_lsn)
SHOW_WAL(durable_lsn)
SHOW_WAL(oldest_lsn)
SHOW_WAL(segments)
SHOW_WAL(syncs)
SHOW_WAL(bytes)

/* ---- cache ---- */

static struct gfs_cache_budget *budget_of(struct gfs_fs *fs)
{
	return gfs_store_cache_budget(store_of(fs));
}

static void show_budget(struct gfs_fs *fs, struct gfs_buf *out)
{
	show_u64(out, gfs_cache_budget_bytes(budget_of(fs)));
}

static int store_budget(struct gfs_fs *fs, struct gfs_slice text)
{
	uint64_t bytes;
	if (gfs_parse_size(text, &bytes) != 0 || bytes < GFS_CACHE_BUDGET_BYTES_MIN)
		return GFS_ERR_INVALID;
	gfs_cache_budget_set_bytes(budget_of(fs), bytes);
	return 0;
}

/* ---- the tree ---- */

static const struct control table[] = {
	[ROOT] = { "", ROOT, NULL, NULL },
	[WAL] = { "wal", ROOT, NULL, NULL },
	[CACHE] = { "cache", ROOT, NULL, NULL },
	[INDEX] = { "index", ROOT, NULL, NULL },
	[CYPHER] = { "cypher", ROOT, gfs_control_show_nothing, NULL }, /* open descriptors go to cypher.c */
	[QUERY] = { "query", ROOT, NULL, NULL },
	{ "stats", ROOT, gfs_control_show_stats, NULL },
	{ "checkpoint", ROOT, show_checkpoint, store_checkpoint },
	{ "version", ROOT, show_version, NULL },
	{ "health", ROOT, show_health, NULL },
	{ "read_only", ROOT, show_read_only, NULL },
	{ "rel_index", ROOT, show_rel_index, store_rel_index },
	{ "mode", WAL, show_wal_mode, store_wal_mode },
	{ "interval_ms", WAL, show_wal_interval, store_wal_interval },
	{ "end_lsn", WAL, show_wal_end_lsn, NULL },
	{ "durable_lsn", WAL, show_wal_durable_lsn, NULL },
	{ "oldest_lsn", WAL, show_wal_oldest_lsn, NULL },
	{ "segments", WAL, show_wal_segments, NULL },
	{ "syncs", WAL, show_wal_syncs, NULL },
	{ "bytes", WAL, show_wal_bytes, NULL },
	{ "budget", CACHE, show_budget, store_budget },
};

/* What an id stands for. */
struct place {
	const char *name;
	uint64_t folder;
	void (*show)(struct gfs_fs *fs, struct gfs_buf *out);
	int (*store)(struct gfs_fs *fs, struct gfs_slice text);
	const struct gfs_control_layer_file *file; /* of a layer, instead of both; else NULL */
	enum gfs_cache_layer layer;                /* of `file` */
	bool is_private;
};

/* Of a layer: its folder and its files. */
static uint64_t layer_ids(void)
{
	return 1 + gfs_control_layer_file_count;
}

/* Files behind those of the layers. */
static bool query_place_of(uint64_t at, struct place *ret_place)
{
	uint64_t folder = GFS_COUNT(table) + GFS_CACHE_QUERY * layer_ids();
	const struct gfs_control_query_file *files = gfs_control_query_files;
	if (at >= gfs_control_query_file_count) {
		at -= gfs_control_query_file_count;
		folder = QUERY;
		files = gfs_control_limit_files;
		if (at >= gfs_control_limit_file_count)
			return false;
	}
	*ret_place = (struct place){
		.name = files[at].name,
		.folder = folder,
		.show = files[at].show,
		.store = files[at].store,
		.is_private = files[at].is_private,
	};
	return true;
}

/* False past the last one. */
static bool place_of(uint64_t id, struct place *ret_place)
{
	if (id < GFS_COUNT(table)) {
		*ret_place = (struct place){
			.name = table[id].name, .folder = table[id].folder, .show = table[id].show, .store = table[id].store
		};
		return true;
	}
	uint64_t layer = (id - GFS_COUNT(table)) / layer_ids(), at = (id - GFS_COUNT(table)) % layer_ids();
	if (layer >= GFS_CACHE_LAYERS)
		return query_place_of(id - GFS_COUNT(table) - GFS_CACHE_LAYERS * layer_ids(), ret_place);
	if (at == 0)
		*ret_place = (struct place){ .name = gfs_cache_layer_names[layer], .folder = CACHE };
	else
		*ret_place = (struct place){ .name = gfs_control_layer_files[at - 1].name,
			.folder = id - at,
			.file = &gfs_control_layer_files[at - 1],
			.layer = (enum gfs_cache_layer)layer };
	return true;
}

static bool is_dir(const struct place *p)
{
	return !p->file && !p->show;
}

bool gfs_control_needs_graph(uint64_t id)
{
	struct place p;
	if (id == ROOT || id == CYPHER || id == QUERY)
		return false;
	return gfs_control_is_index(id) || !place_of(id, &p) || p.folder != QUERY;
}

bool gfs_control_is_dir(uint64_t id)
{
	struct place p;
	return gfs_control_is_index(id) ? gfs_control_index_is_dir(id) : place_of(id, &p) && is_dir(&p);
}

int gfs_control_next(uint64_t dir_id, uint64_t from, uint64_t *ret_id, const char **ret_name)
{
	struct place p;
	for (uint64_t id = from > ROOT ? from : ROOT + 1; place_of(id, &p); id++) {
		if (p.folder == dir_id) {
			*ret_id = id;
			*ret_name = p.name;
			return 0;
		}
	}
	return GFS_ERR_NOTFOUND;
}

int gfs_control_lookup(uint64_t dir_id, const char *name, uint64_t *ret_id)
{
	const char *at;
	uint64_t id = ROOT;
	while (gfs_control_next(dir_id, id + 1, &id, &at) == 0) {
		if (strcmp(at, name) == 0) {
			*ret_id = id;
			return 0;
		}
	}
	return GFS_ERR_NOTFOUND;
}

unsigned gfs_control_mode(uint64_t id)
{
	struct place p;
	if (gfs_control_is_index(id))
		return gfs_control_index_is_dir(id) ? 0555 : 0444;
	if (id == CYPHER)
		return 0600; /* statements see and change everything */
	if (!place_of(id, &p) || is_dir(&p))
		return 0555;
	if (p.is_private)
		return p.store ? 0600 : 0400;
	return (p.file ? p.file->store != NULL : p.store != NULL) ? 0644 : 0444;
}

static void show_layer(struct gfs_fs *fs, const struct place *p, struct gfs_buf *out)
{
	struct gfs_cache_stats stats;
	gfs_cache_budget_stats(budget_of(fs), p->layer, &stats);
	p->file->show(&stats, out);
}

int gfs_control_text(struct gfs_fs *fs, uint64_t id, struct gfs_buf *out)
{
	struct place p;
	if (gfs_control_is_index(id))
		return gfs_control_index_text(fs, id, out);
	if (!place_of(id, &p))
		return GFS_ERR_STALE;
	if (is_dir(&p))
		return GFS_ERR_ISDIR;
	if (p.file)
		show_layer(fs, &p, out);
	else
		p.show(fs, out);
	return gfs_buf_failed(out);
}

int gfs_control_read(struct gfs_fs *fs, uint64_t id, struct gfs_buf *out)
{
	bool held = gfs_control_needs_graph(id);
	if (held)
		gfs_graph_read_begin(fs->graph);
	int err = gfs_control_text(fs, id, out);
	if (held)
		gfs_graph_read_end(fs->graph);
	return err;
}

int gfs_control_write(struct gfs_fs *fs, uint64_t id, struct gfs_slice text)
{
	struct place p;
	if (gfs_control_is_index(id))
		return GFS_ERR_ACCESS;
	if (!place_of(id, &p))
		return GFS_ERR_STALE;
	if (is_dir(&p) || !(gfs_control_mode(id) & 0200))
		return GFS_ERR_ACCESS;
	if (text.size > 0 && text.data[text.size - 1] == '\n')
		text.size--;
	return p.file ? p.file->store(budget_of(fs), p.layer, text) : p.store(fs, text);
}
