#include "tests/support/csv_graph.h"

#include "base/checked.h"
#include "graph/transfer.h"

#include <stdio.h>
#include <stdlib.h>

static void read_file(const char *folder, const char *name, struct gfs_buf *out)
{
	char path[4096];
	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "rb");
	for (size_t got = 1; file != NULL && got != 0;) {
		if (gfs_buf_reserve(out, 1 << 20) != 0)
			break;
		got = fread(out->data + out->size, 1, 1 << 20, file);
		out->size += got;
	}
	if (file == NULL || !feof(file)) {
		perror(path);
		exit(2);
	}
	(void)fclose(file); /* only read */
}

void csv_graph_import(struct gfs_graph *graph, const char *folder)
{
	GFS_AUTO_BUF nodes = GFS_BUF_INIT;
	GFS_AUTO_BUF rels = GFS_BUF_INIT;
	read_file(folder, "nodes.csv", &nodes);
	read_file(folder, "rels.csv", &rels);
	struct gfs_import_file files[] = { { "nodes.csv", gfs_buf_slice(&nodes) }, { "rels.csv", gfs_buf_slice(&rels) } };
	struct gfs_import_opts opts = { .unlogged = true, .meta = { .mode = 0755 } };
	struct gfs_import_result result;
	struct gfs_message message = { "" };
	if (gfs_import(graph, files, GFS_COUNT(files), &opts, &result, &message) != 0) {
		fprintf(stderr, "%s: %s\n", folder, message.text);
		exit(2);
	}
	printf(
		"%llu nodes, %llu relationships\n", (unsigned long long)result.nodes, (unsigned long long)result.relationships);
}
