/* Any text as a statement that is run on a small graph: the fuzzer finds what crashes, leaks or never ends. A
 * statement keeps to its limits, and one that fails says why. */
#include "base/buf.h"
#include "query/output.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* The graph is made anew when it has grown past this. */
enum { NODES_MAX = 200 };

static char folder[64];
static struct gfs_graph *graph;
static struct gfs_engine *engine;

static void require(bool kept)
{
	if (!kept)
		abort();
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

static void close_graph(void)
{
	gfs_engine_free(engine);
	require(gfs_graph_close(graph) == 0);
	require(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
}

static void open_graph(void)
{
	struct gfs_message message = { "" };
	struct gfs_store_opts store = { .wal_mode = GFS_WAL_ASYNC, .checkpoint_interval_ms = UINT_MAX };
	struct gfs_engine_opts opts = { .memory_bytes_max = 16 << 20, .rows_max = 20000, .time_ms_max = 300 };
	(void)snprintf(folder, sizeof folder, "%s/fuzz-query-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	require(mkdtemp(folder) != NULL);
	require(gfs_graph_create(folder, NULL, &message) == 0);
	require(gfs_graph_open(folder, &store, &graph, &message) == 0);
	require(gfs_engine_new(graph, &opts, &engine) == 0);
}

static void ask(struct gfs_slice text)
{
	GFS_AUTO_BUF out = GFS_BUF_INIT;
	struct gfs_query_error error = { 0 };
	struct gfs_result *result = NULL;
	struct gfs_output *output = NULL;
	bool done = false;
	int err = gfs_query_run(engine, text, NULL, &result, &error);
	if (err == 0)
		err = gfs_output_new(result, GFS_OUTPUT_TYPED, &error, &output);
	while (err == 0 && !done)
		err = gfs_output_next(output, &out, &done);
	require(err == 0 || (error.kind != GFS_QUERY_OK && error.detail != NULL && error.message[0] != '\0'));
	require(error.pos.line == 0 || error.pos.offset <= text.size);
	gfs_output_free(output);
	gfs_result_free(result);
}

static void fill(void)
{
	ask(gfs_slice_text(
		"UNWIND range(1, 6) AS i CREATE (a:A {n: i, name: 'n' + i}) WITH collect(a) AS l UNWIND l AS a UNWIND l AS b "
		"WITH a, b WHERE (a.n * 7 + b.n) % 3 = 0 CREATE (a)-[:T {w: a.n * b.n}]->(b) SET b:B"));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	open_graph();
	fill();
	require(atexit(close_graph) == 0);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ask(gfs_slice(data, size));
	if (gfs_store_counter(gfs_graph_store(graph), GFS_COUNTER_NODE_NEXT) > NODES_MAX) {
		close_graph();
		open_graph();
		fill();
	}
	return 0;
}
