/* fs/control: the tree under /.graphfs, without a mount. */
#include "base/checked.h"
#include "fs/control.h"
#include "fs/view.h"
#include "query/query.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_toy.h"

static char *dir;
static struct gfs_fs fs;

static int setup(void **state)
{
	(void)state;
	static const struct gfs_store_opts opts = { .cache.bytes = 100 << 20 };
	struct gfs_message message;
	dir = toy_dir_new();
	fs = (struct gfs_fs){ .started_ns = UINT64_C(1700000000000000001), .opts = { .uid = 5, .gid = 6 } };
	if (gfs_graph_create(dir, NULL, &message) != 0 || gfs_graph_open(dir, &opts, &fs.graph, &message) != 0)
		return -1;
	if (gfs_engine_new(fs.graph, NULL, &fs.engine) != 0)
		return -1;
	return gfs_exposed_new(&fs.exposed);
}

static int teardown(void **state)
{
	(void)state;
	gfs_exposed_free(fs.exposed);
	gfs_engine_free(fs.engine);
	int err = gfs_graph_close(fs.graph);
	toy_dir_remove(dir);
	return err;
}

/* The id of a path below /.graphfs. */
static uint64_t id_of(const char *path)
{
	char copy[64];
	uint64_t id = 0;
	(void)snprintf(copy, sizeof copy, "%s", path);
	char *at = copy;
	for (char *name = strsep(&at, "/"); name; name = strsep(&at, "/"))
		assert_int_equal(gfs_control_lookup(id, name, &id), 0);
	return id;
}

/* The contents, with a NUL behind them. */
static void contents(const char *path, struct gfs_buf *out)
{
	gfs_buf_clear(out);
	assert_int_equal(gfs_control_read(&fs, id_of(path), out), 0);
	assert_true(out->size > 0 && out->data[out->size - 1] == '\n');
	gfs_buf_append_u8(out, 0);
	assert_int_equal(gfs_buf_failed(out), 0);
}

static void check(const char *path, const char *wanted)
{
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	contents(path, &text);
	assert_string_equal((const char *)text.data, wanted);
}

static int put(const char *path, const char *text)
{
	return gfs_control_write(&fs, id_of(path), gfs_slice_text(text));
}

/* Every file: found by its name, readable, sized as what it holds. */
static unsigned walk(uint64_t folder)
{
	unsigned count = 0;
	uint64_t id = 0, again;
	const char *name;
	while (gfs_control_next(folder, id + 1, &id, &name) == 0) {
		GFS_AUTO_BUF text = GFS_BUF_INIT;
		struct stat st;
		assert_int_equal(gfs_control_lookup(folder, name, &again), 0);
		assert_int_equal(id, again);
		gfs_graph_read_begin(fs.graph);
		assert_int_equal(gfs_view_control.attr(&fs, gfs_nodeid_pack(GFS_INODE_CONTROL, 0, 0, id), &st), 0);
		gfs_graph_read_end(fs.graph);
		assert_int_equal(st.st_uid, 5);
		assert_int_equal(st.st_mtim.tv_sec, 1700000000);
		if (gfs_control_is_dir(id)) {
			assert_int_equal(st.st_mode, S_IFDIR | 0555);
			assert_int_equal(gfs_control_read(&fs, id, &text), GFS_ERR_ISDIR);
			count += walk(id);
			continue;
		}
		assert_int_equal(gfs_control_read(&fs, id, &text), 0);
		assert_int_equal(st.st_mode, S_IFREG | gfs_control_mode(id));
		/* stats has figures that move between two readings */
		assert_true(st.st_size == (off_t)text.size || strcmp(name, "stats") == 0 || id == GFS_CONTROL_CYPHER);
		/* cypher, running and terminate hold nothing: who opens cypher has a result of his own, and nothing runs */
		if (st.st_mode & 0077)
			assert_int_equal(text.data[text.size - 1], '\n');
		else
			assert_int_equal(text.size, 0);
		count++;
	}
	return count;
}

static void test_tree(void **state)
{
	(void)state;
	uint64_t id;
	assert_int_equal(walk(0),
		16 + GFS_CACHE_LAYERS * gfs_control_layer_file_count + gfs_control_query_file_count +
			gfs_control_limit_file_count);
	assert_true(gfs_control_is_dir(0));
	assert_int_equal(gfs_control_lookup(0, "mode", &id), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_control_lookup(0, "", &id), GFS_ERR_NOTFOUND);
	assert_int_equal(gfs_control_lookup(id_of("version"), "x", &id), GFS_ERR_NOTFOUND);
	assert_false(gfs_control_is_dir(10000));
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	assert_int_equal(gfs_control_read(&fs, 10000, &text), GFS_ERR_STALE);
	assert_int_equal(gfs_control_write(&fs, 10000, gfs_slice_text("1")), GFS_ERR_STALE);
}

static void test_simple(void **state)
{
	(void)state;
	check("version", GFS_VERSION "\n");
	check("health", "ok\n");
	check("read_only", "0\n");
	check("rel_index", "on\n");
	assert_int_equal(put("rel_index", "off\n"), 0);
	check("rel_index", "off\n");
	assert_false(gfs_graph_rel_index(fs.graph));
	assert_int_equal(put("rel_index", "0"), GFS_ERR_INVALID);
	assert_int_equal(put("rel_index", "on"), 0);
	assert_int_equal(put("version", "2"), GFS_ERR_ACCESS);
	assert_int_equal(put("wal/end_lsn", "0"), GFS_ERR_ACCESS);
}

static void test_wal(void **state)
{
	(void)state;
	static const char *const bad[] = { "", "\n", "fast", "sync\n\n", " sync", "SYNC" };
	check("wal/mode", "async\n");
	assert_int_equal(put("wal/mode", "sync\n"), 0);
	check("wal/mode", "sync\n");
	assert_int_equal(put("wal/mode", "group"), 0);
	for (size_t i = 0; i < GFS_COUNT(bad); i++)
		assert_int_equal(put("wal/mode", bad[i]), GFS_ERR_INVALID);
	check("wal/mode", "group\n");
	check("wal/interval_ms", "10\n");
	assert_int_equal(put("wal/interval_ms", "250\n"), 0);
	check("wal/interval_ms", "250\n");
	assert_int_equal(put("wal/interval_ms", "0"), GFS_ERR_INVALID);
	assert_int_equal(put("wal/interval_ms", "60001"), GFS_ERR_INVALID);
	assert_int_equal(put("wal/interval_ms", "x"), GFS_ERR_INVALID);
}

static const char *file_of(enum gfs_cache_layer layer, const char *name)
{
	static char path[64];
	(void)snprintf(path, sizeof path, "cache/%s/%s", gfs_cache_layer_names[layer], name);
	return path;
}

static void test_cache(void **state)
{
	(void)state;
	check("cache/budget", "104857600\n");
	check("cache/page/limit", "47185920\n");
	check("cache/query/limit", "10485760\n");
	assert_int_equal(put("cache/page/limit", "8M\n"), 0);
	check("cache/page/limit", "8388608\n");
	assert_int_equal(put("cache/page/limit", "1"), GFS_ERR_INVALID);
	assert_int_equal(put("cache/page/limit", "much"), GFS_ERR_INVALID);
	assert_int_equal(put("cache/page/limit", "0"), 0);
	assert_int_equal(put("cache/budget", "10M\n"), 0);
	check("cache/page/limit", "4718592\n");
	assert_int_equal(put("cache/budget", "0"), GFS_ERR_INVALID);
	for (unsigned i = 0; i < GFS_CACHE_LAYERS; i++) {
		check(file_of(i, "enabled"), "1\n");
		assert_int_equal(put(file_of(i, "enabled"), "0\n"), 0);
		check(file_of(i, "enabled"), "0\n");
		assert_int_equal(put(file_of(i, "enabled"), "yes"), GFS_ERR_INVALID);
		assert_int_equal(put(file_of(i, "enabled"), "1"), 0);
		check(file_of(i, "policy"), "s3fifo\n");
		assert_int_equal(put(file_of(i, "policy"), "clock\n"), 0);
		check(file_of(i, "policy"), "clock\n");
		assert_int_equal(put(file_of(i, "policy"), "fifo"), GFS_ERR_INVALID);
		assert_int_equal(put(file_of(i, "used"), "0"), GFS_ERR_ACCESS);
	}
}

static void test_query(void **state)
{
	(void)state;
	check("query/memory_bytes", "536870912\n");
	assert_int_equal(put("query/memory_bytes", "64M\n"), 0);
	check("query/memory_bytes", "67108864\n");
	assert_int_equal(put("query/memory_bytes", "0"), 0);
	check("query/memory_bytes", "536870912\n");
	assert_int_equal(put("query/memory_bytes", "much"), GFS_ERR_INVALID);
	check("query/rows", "100000000\n");
	assert_int_equal(put("query/rows", "10"), 0);
	check("query/rows", "10\n");
	check("query/time_ms", "0\n");
	assert_int_equal(put("query/time_ms", "250\n"), 0);
	check("query/time_ms", "250\n");
	assert_int_equal(put("query/time_ms", "4294967296"), GFS_ERR_INVALID);
	check("query/slow_ms", "0\n");
	assert_int_equal(put("query/slow_ms", "1000"), 0);
	check("query/slow_ms", "1000\n");
	/* The caches are as they were. */
	check("cache/query/plans_enabled", "1\n");
}

static void make_node(void)
{
	struct gfs_tx *tx;
	struct gfs_node_meta meta = { .mode = 0755 };
	uint64_t id;
	uint16_t label;
	assert_int_equal(gfs_tx_begin(fs.graph, &tx), 0);
	assert_int_equal(gfs_node_create(tx, gfs_slice_text("a"), &meta, &id), 0);
	assert_int_equal(gfs_name_make(tx, GFS_CATALOG_LABEL, gfs_slice_text("L"), &label), 0);
	assert_int_equal(gfs_node_add_label(tx, id, label), 0);
	assert_int_equal(gfs_tx_commit(tx, NULL, NULL), 0);
}

static void test_checkpoint(void **state)
{
	(void)state;
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	contents("checkpoint", &text);
	uint64_t before = strtoull((const char *)text.data, NULL, 10);
	make_node();
	assert_int_equal(put("checkpoint", "2"), GFS_ERR_INVALID);
	assert_int_equal(put("checkpoint", "1\n"), 0);
	contents("checkpoint", &text);
	assert_int_equal(strtoull((const char *)text.data, NULL, 10), before + 1);
	check("cache/page/dirty", "0\n");
}

static uint64_t metric(const struct gfs_buf *text, const char *name)
{
	char wanted[80];
	(void)snprintf(wanted, sizeof wanted, "\n%s ", name);
	const char *at = strstr((const char *)text->data, wanted);
	assert_non_null(at);
	return strtoull(at + strlen(wanted), NULL, 10);
}

static void test_stats(void **state)
{
	(void)state;
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	make_node();
	contents("stats", &text);
	assert_int_equal(metric(&text, "graphfs_nodes"), 1);
	assert_int_equal(metric(&text, "graphfs_labels"), 1);
	assert_int_equal(metric(&text, "graphfs_commits_total"), 1);
	assert_int_equal(metric(&text, "graphfs_failed"), 0);
	assert_true(metric(&text, "graphfs_resident_bytes") > 100000);
	assert_true(metric(&text, "graphfs_cache_bytes{layer=\"page\"}") > 8000);
	assert_int_equal(metric(&text, "graphfs_cache_limit_bytes{layer=\"query\"}"), 10 << 20);
	assert_int_equal(metric(&text, "graphfs_start_time_seconds"), 1700000000);
}

/* `NAME NUMBER`, or `NAME{layer="LAYER"} NUMBER`. */
static void check_sample(const char *line, const char *name)
{
	char *end;
	assert_memory_equal(line, name, strlen(name));
	line += strlen(name);
	if (*line == '{')
		line = strchr(line, '}') + 1;
	assert_int_equal(*line, ' ');
	(void)strtod(line + 1, &end);
	assert_int_equal(*end, '\0');
}

/* Each metric: HELP, TYPE, then its line, or its lines, one a layer. */
static void test_stats_form(void **state)
{
	(void)state;
	GFS_AUTO_BUF text = GFS_BUF_INIT;
	contents("stats", &text);
	char *at = (char *)text.data;
	unsigned count = 0;
	for (char *line = strsep(&at, "\n"); line && *line; line = strsep(&at, "\n"), count++) {
		char name[64], named[64], type[16];
		assert_int_equal(sscanf(line, "# HELP %63s", name), 1);
		line = strsep(&at, "\n");
		assert_int_equal(sscanf(line, "# TYPE %63s %15s", named, type), 2);
		assert_string_equal(name, named);
		assert_true(strcmp(type, "gauge") == 0 || strcmp(type, "counter") == 0);
		assert_int_equal(strcmp(type, "counter") == 0, strstr(name, "_total") != NULL);
		for (unsigned i = strncmp(name, "graphfs_cache_", 14) == 0 && !strstr(name, "budget") ? GFS_CACHE_LAYERS : 1; i;
			 i--)
			check_sample(strsep(&at, "\n"), name);
	}
	assert_true(count >= 35);
}

static void test_setattr(void **state)
{
	(void)state;
	struct gfs_edit e = { .fs = &fs, .graph = fs.graph };
	struct stat st = { 0 };
	uint64_t mode = gfs_nodeid_pack(GFS_INODE_CONTROL, 0, 0, id_of("wal/mode"));
	uint64_t wal = gfs_nodeid_pack(GFS_INODE_CONTROL, 0, 0, id_of("wal"));
	assert_int_equal(gfs_view_control.setattr(&e, mode, &st, FUSE_SET_ATTR_SIZE | FUSE_SET_ATTR_MTIME_NOW), 0);
	assert_int_equal(gfs_view_control.setattr(&e, wal, &st, FUSE_SET_ATTR_SIZE), GFS_ERR_PERM);
	assert_int_equal(gfs_view_control.setattr(&e, mode, &st, FUSE_SET_ATTR_MODE), GFS_ERR_PERM);
	st.st_size = 1;
	assert_int_equal(gfs_view_control.setattr(&e, mode, &st, FUSE_SET_ATTR_SIZE), GFS_ERR_PERM);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_tree),
		TEST(test_simple),
		TEST(test_wal),
		TEST(test_cache),
		TEST(test_query),
		TEST(test_checkpoint),
		TEST(test_stats),
		TEST(test_stats_form),
		TEST(test_setattr),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
