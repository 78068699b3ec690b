/* A graph that imports of any bytes go into, for the fuzz targets of the formats. Aborts when a promise of graph/transfer.h is broken. */
#ifndef GFS_TESTS_FUZZ_IMPORT_FUZZ_H
#define GFS_TESTS_FUZZ_IMPORT_FUZZ_H

#include "graph/transfer.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

static inline void require(bool kept)
{
	if (!kept)
		abort();
}

static struct gfs_graph *fuzz_graph;
static char fuzz_path[64];

static inline void fuzz_graph_drop(void)
{
	char command[96];
	if (fuzz_graph == NULL)
		return;
	require(gfs_graph_close(fuzz_graph) == 0);
	fuzz_graph = NULL;
	(void)snprintf(command, sizeof command, "rm -rf '%s'", fuzz_path);
	require(system(command) == 0);
}

static inline void fuzz_graph_make(void)
{
	struct gfs_store_opts opts = { .checkpoint_interval_ms = UINT_MAX, .wal_segment_bytes = 1 << 20 };
	struct gfs_graph_create_opts create = { 0 };
	struct gfs_message message;
	static bool registered;
	(void)snprintf(fuzz_path, sizeof fuzz_path, "/tmp/gfs-fuzz-XXXXXX");
	require(mkdtemp(fuzz_path) != NULL);
	require(gfs_graph_create(fuzz_path, &create, &message) == 0);
	require(gfs_graph_open(fuzz_path, &opts, &fuzz_graph, &message) == 0);
	if (!registered)
		require(atexit(fuzz_graph_drop) == 0);
	registered = true;
}

/* Every message of a bad row is one line that names the file. */
static inline void fuzz_bad_row(void *context, const char *line)
{
	++*(uint64_t *)context;
	require(strncmp(line, "f:", 2) == 0);
	for (const char *c = line; *c != '\0'; c++)
		require((unsigned char)*c >= 0x20);
}

static inline void fuzz_defect(void *context, const char *line)
{
	(void)context;
	fprintf(stderr, "check: %s\n", line);
}

/* Left out or not, an import that fails changes nothing, and one that does not leaves a sound graph. */
static inline void fuzz_import(struct gfs_slice bytes, bool skip_bad)
{
	uint64_t lines = 0;
	struct gfs_import_opts opts = { .skip_bad = skip_bad, .bad_row = fuzz_bad_row, .context = &lines };
	struct gfs_import_file files[] = { { "f", bytes }, { "g", gfs_slice_text(":START_ID,:END_ID,:TYPE\n,,T\n") } };
	struct gfs_import_result result = { 0 };
	struct gfs_message message;
	struct gfs_store *store = gfs_graph_store(fuzz_graph);
	uint64_t before = gfs_store_counter(store, GFS_COUNTER_NODES);
	/* The second file is always wrong, so that without skip_bad everything is taken back. */
	int err = gfs_import(fuzz_graph, files, skip_bad ? 1 : 2, &opts, &result, &message);
	if (!skip_bad || err != 0)
		require(err == GFS_ERR_INVALID && gfs_store_counter(store, GFS_COUNTER_NODES) == before);
	else
		require(lines == result.bad_rows && gfs_store_counter(store, GFS_COUNTER_NODES) == before + result.nodes);
}

/* The graph is made anew before it grows, and verified then. */
static inline void fuzz_one(struct gfs_slice bytes)
{
	enum { RUNS_MAX = 500 };
	static unsigned runs;
	struct gfs_check_report report;
	if (fuzz_graph == NULL)
		fuzz_graph_make();
	fuzz_import(bytes, false);
	fuzz_import(bytes, true);
	if (++runs % RUNS_MAX == 0) {
		require(gfs_graph_check(fuzz_graph, fuzz_defect, NULL, NULL, &report) == 0 && report.errors == 0);
		fuzz_graph_drop();
	}
}

#endif
