/* What reading costs in process, on WordNet, with the layers of the caches on and off: neighbours, scans of adjacency, counts, look-ups by key, set
 * operations on labels, and the graph lock that each of them takes. Exit status 1 when a promise is broken with all layers on.
 *
 *   bench_reads FOLDER          FOLDER has nodes.csv and rels.csv (scripts/bench-reads makes them)
 *   bench_reads FOLDER WHAT     only the lines with WHAT in them, with all layers on, often: to look at with perf
 *
 * A figure is the median of BATCHES batches in processor time, warm; the graph was closed after the import and opened again. */
#include "base/checked.h"
#include "graph/label_expr.h"
#include "graph/rel_walk.h"
#include "tests/bench/ok.h"
#include "tests/bench/processor.h"
#include "tests/support/csv_graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCHES = 15, DEGREE = 20, HUBS_MAX = 4096, LOOKUPS = 20000, SET_NODES = 150000 };

static struct gfs_graph *graph;
static uint64_t hubs[HUBS_MAX]; /* nodes with DEGREE outgoing relationships */
static size_t hub_count;
static uint64_t *ids; /* of all nodes of WordNet */
static size_t id_count;
static struct gfs_buf keys[LOOKUPS]; /* of random nodes */
static uint16_t name_key, type, label;
static uint16_t set_a, set_b;
static volatile uint64_t sink; /* what is read is used */

/* ---- the graph ---- */

/* Two labels on 100,000 of 150,000 more nodes each, in no pattern. */
static void add_sets(void)
{
	struct gfs_node_meta meta = { .mode = 0755 };
	struct gfs_tx *tx;
	uint64_t id, random = 7;
	OK(gfs_tx_begin(graph, &tx));
	OK(gfs_name_make(tx, GFS_CATALOG_LABEL, gfs_slice_text("SetA"), &set_a));
	OK(gfs_name_make(tx, GFS_CATALOG_LABEL, gfs_slice_text("SetB"), &set_b));
	for (unsigned i = 0; i < SET_NODES; i++) {
		uint16_t both[2] = { set_a, set_b };
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		unsigned which = (unsigned)(random >> 33) % 3; /* A, B, both */
		OK(gfs_bulk_node(tx, (struct gfs_slice){ 0 }, &meta, both + (which == 1), which == 2 ? 2 : 1, NULL, 0, &id));
	}
	OK(gfs_tx_commit(tx, NULL, NULL));
}

static uint64_t degree_of(uint64_t node)
{
	struct gfs_adj_type types[64];
	size_t count;
	uint64_t degree = 0;
	OK(gfs_rels_types(graph, node, GFS_OUT, 1, types, GFS_COUNT(types), &count));
	for (size_t i = 0; i < count; i++)
		degree += types[i].count;
	return degree;
}

/* What is asked for; nodes up to `last`. */
static void choose(uint64_t last)
{
	struct gfs_node_record record;
	uint64_t id, random = 1;
	ids = calloc(gfs_store_counter(gfs_graph_store(graph), GFS_COUNTER_NODES), sizeof *ids);
	gfs_graph_read_begin(graph);
	for (uint64_t from = 1; from <= last && gfs_node_next(graph, from, &id, &record) == 0; from = id + 1) {
		ids[id_count++] = id;
		if (hub_count < HUBS_MAX && degree_of(id) == DEGREE)
			hubs[hub_count++] = id;
	}
	for (size_t i = 0; i < LOOKUPS; i++) {
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		OK(gfs_node_key(graph, ids[(random >> 33) % id_count], &keys[i]));
	}
	OK(gfs_catalog_find(gfs_graph_catalog(graph), GFS_CATALOG_KEY, gfs_slice_text("name"), &name_key));
	OK(gfs_catalog_find(gfs_graph_catalog(graph), GFS_CATALOG_TYPE, gfs_slice_text("HYPERNYM"), &type));
	OK(gfs_catalog_find(gfs_graph_catalog(graph), GFS_CATALOG_LABEL, gfs_slice_text("Synset"), &label));
	gfs_graph_read_end(graph);
	printf("%zu nodes with %d outgoing relationships\n\n", hub_count, DEGREE);
}

/* ---- what is measured: each does it all once and says how many there were ---- */

static uint64_t lock(void)
{
	for (unsigned i = 0; i < LOOKUPS; i++) {
		gfs_graph_read_begin(graph);
		gfs_graph_read_end(graph);
	}
	return LOOKUPS;
}

static uint64_t expand(uint64_t node, bool records)
{
	GFS_AUTO_RELS_WALK walk;
	struct gfs_rels_run run;
	struct gfs_node_record record;
	uint64_t sum = 0;
	gfs_graph_read_begin(graph);
	gfs_rels_walk_init(&walk, graph);
	gfs_rels_walk_start(&walk, node, GFS_OUT, 0);
	while (gfs_rels_walk_next(&walk, &run) == 0) {
		for (size_t i = 0; i < run.count; i++) {
			sum += run.entries[i].other ^ run.entries[i].rel;
			if (!records)
				continue;
			OK(gfs_node_get(graph, run.entries[i].other, &record));
			sum += record.mtime_ns;
		}
	}
	gfs_rels_walk_end(&walk);
	walk.view = GFS_ADJ_VIEW_INIT;
	gfs_graph_read_end(graph);
	return sum;
}

static uint64_t one_hop(void)
{
	for (size_t i = 0; i < hub_count; i++)
		sink += expand(hubs[i], false);
	return hub_count;
}

static uint64_t one_hop_records(void)
{
	for (size_t i = 0; i < hub_count; i++)
		sink += expand(hubs[i], true);
	return hub_count;
}

static uint64_t scan_adjacency(void)
{
	GFS_AUTO_RELS_WALK walk;
	struct gfs_rels_run run;
	uint64_t sum = 0, count = 0;
	gfs_graph_read_begin(graph);
	gfs_rels_walk_init(&walk, graph);
	for (size_t n = 0; n < id_count; n++) {
		gfs_rels_walk_start(&walk, ids[n], GFS_OUT, 0);
		while (gfs_rels_walk_next(&walk, &run) == 0) {
			count += run.count;
			for (size_t i = 0; i < run.count; i++)
				sum += run.entries[i].other ^ run.entries[i].rel;
		}
	}
	gfs_rels_walk_end(&walk);
	walk.view = GFS_ADJ_VIEW_INIT;
	gfs_graph_read_end(graph);
	sink += sum;
	return count;
}

static uint64_t count_type(void)
{
	struct gfs_catalog_entry entry;
	for (unsigned i = 0; i < LOOKUPS; i++) {
		gfs_graph_read_begin(graph);
		OK(gfs_catalog_get(gfs_graph_catalog(graph), GFS_CATALOG_TYPE, type, &entry));
		gfs_graph_read_end(graph);
		sink += entry.count;
	}
	return LOOKUPS;
}

static uint64_t count_label(void)
{
	struct gfs_catalog_entry entry;
	for (unsigned i = 0; i < LOOKUPS; i++) {
		gfs_graph_read_begin(graph);
		OK(gfs_catalog_get(gfs_graph_catalog(graph), GFS_CATALOG_LABEL, label, &entry));
		gfs_graph_read_end(graph);
		sink += entry.count;
	}
	return LOOKUPS;
}

static uint64_t degree(void)
{
	struct gfs_adj_type folder;
	for (size_t i = 0; i < hub_count; i++) {
		gfs_graph_read_begin(graph);
		OK(gfs_rels_type(graph, hubs[i], GFS_OUT, type, &folder));
		gfs_graph_read_end(graph);
		sink += folder.count;
	}
	return hub_count;
}

static uint64_t find_key(void)
{
	uint64_t id;
	for (unsigned i = 0; i < LOOKUPS; i++) {
		gfs_graph_read_begin(graph);
		OK(gfs_node_find(graph, gfs_buf_slice(&keys[i]), &id));
		gfs_graph_read_end(graph);
		sink += id;
	}
	return LOOKUPS;
}

static uint64_t find_key_and_property(void)
{
	struct gfs_arena arena = GFS_ARENA_INIT;
	struct gfs_value value;
	uint64_t id;
	for (unsigned i = 0; i < LOOKUPS; i++) {
		gfs_arena_clear(&arena);
		gfs_graph_read_begin(graph);
		OK(gfs_node_find(graph, gfs_buf_slice(&keys[i]), &id));
		OK(gfs_prop_get(graph, (struct gfs_entity){ GFS_NODE, id }, name_key, &arena, &value));
		gfs_graph_read_end(graph);
		sink += value.bytes.size;
	}
	gfs_arena_release(&arena);
	return LOOKUPS;
}

static uint64_t intersect(void)
{
	enum { TIMES = 200 };
	struct gfs_set_expr expr = GFS_SET_EXPR_INIT(GFS_IDSET_LABEL);
	uint64_t count;
	OK(gfs_set_expr_push(&expr, GFS_SET_NAME, set_a));
	OK(gfs_set_expr_push(&expr, GFS_SET_NAME, set_b));
	OK(gfs_set_expr_push(&expr, GFS_SET_AND, 0));
	for (unsigned i = 0; i < TIMES; i++) {
		gfs_graph_read_begin(graph);
		OK(gfs_label_expr_count(graph, &expr, &count));
		gfs_graph_read_end(graph);
		sink += count;
	}
	gfs_set_expr_release(&expr);
	return TIMES;
}

/* ---- the table ---- */

static const struct row {
	const char *what;
	uint64_t (*body)(void);
	double target_ns; /* 0: none */
} rows[] = {
	{ "graph lock, shared", lock, 0 },
	{ "neighbours of a node of degree 20", one_hop, 2000 },
	{ "  and their records", one_hop_records, 0 },
	{ "scan of all by adjacency, each", scan_adjacency, 30 },
	{ "count of a type", count_type, 1000 },
	{ "count of a label", count_label, 1000 },
	{ "degree of a node by type", degree, 0 },
	{ "node by key", find_key, 0 },
	{ "node by key, and a property", find_key_and_property, 1000 },
	{ "two labels of 100,000 intersected", intersect, 100000 },
};

static const struct column {
	const char *what;
	bool off[GFS_CACHE_LAYERS];
} columns[] = {
	{ "all on", { false } },
	{ "no objects", { [GFS_CACHE_OBJECT] = true } },
	{ "no index", { [GFS_CACHE_INDEX] = true } },
	{ "neither", { [GFS_CACHE_OBJECT] = true, [GFS_CACHE_INDEX] = true } },
	{ "all off", { true, true, true, true } },
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double measure(uint64_t (*body)(void), unsigned batches)
{
	double ns[BATCHES];
	(void)body(); /* warm */
	for (unsigned i = 0; i < batches; i++) {
		uint64_t start = processor_ns();
		uint64_t count = body();
		ns[i] = (double)(processor_ns() - start) / (double)count;
	}
	qsort(ns, batches, sizeof *ns, by_value);
	return ns[batches / 2];
}

static void switch_layers(const struct column *column)
{
	struct gfs_cache_budget *budget = gfs_store_cache_budget(gfs_graph_store(graph));
	for (unsigned layer = 0; layer < GFS_CACHE_LAYERS; layer++)
		gfs_cache_budget_set_enabled(budget, (enum gfs_cache_layer)layer, !column->off[layer]);
}

/* True when all targets are met. */
static bool print_table(void)
{
	double ns[GFS_COUNT(rows)][GFS_COUNT(columns)];
	bool met = true;
	for (size_t c = 0; c < GFS_COUNT(columns); c++) {
		switch_layers(&columns[c]);
		for (size_t r = 0; r < GFS_COUNT(rows); r++)
			ns[r][c] = measure(rows[r].body, c == 0 ? BATCHES : 3);
	}
	printf("%-36s", "ns");
	for (size_t c = 0; c < GFS_COUNT(columns); c++)
		printf("%12s", columns[c].what);
	printf("%12s\n", "target");
	for (size_t r = 0; r < GFS_COUNT(rows); r++) {
		bool missed = rows[r].target_ns != 0 && ns[r][0] > rows[r].target_ns;
		printf("%-36s", rows[r].what);
		for (size_t c = 0; c < GFS_COUNT(columns); c++)
			printf("%12.1f", ns[r][c]);
		if (rows[r].target_ns != 0)
			printf("%12.0f%s", rows[r].target_ns, missed ? "  missed" : "");
		printf("\n");
		met &= !missed;
	}
	return met;
}

static void repeat(const char *what)
{
	for (size_t r = 0; r < GFS_COUNT(rows); r++) {
		if (strstr(rows[r].what, what) == NULL)
			continue;
		for (unsigned i = 0; i < 10; i++)
			printf("%-36s%12.1f\n", rows[r].what, measure(rows[r].body, BATCHES));
	}
}

int main(int argc, char **argv)
{
	struct gfs_store_opts opts = { .cache.bytes = UINT64_C(1) << 30 };
	struct gfs_message message = { "" };
	char path[] = "/tmp/gfs-bench-XXXXXX", command[64];
	if (argc < 2 || argc > 3 || mkdtemp(path) == NULL) {
		fprintf(stderr, "usage: bench_reads FOLDER [WHAT]\n");
		return 2;
	}
	OK(gfs_graph_create(path, NULL, &message));
	OK(gfs_graph_open(path, &opts, &graph, &message));
	csv_graph_import(graph, argv[1]);
	uint64_t last = gfs_store_counter(gfs_graph_store(graph), GFS_COUNTER_NODE_NEXT) - 1;
	add_sets();
	OK(gfs_graph_close(graph));
	OK(gfs_graph_open(path, &opts, &graph, &message));
	choose(last);
	bool met = true;
	if (argc == 3)
		repeat(argv[2]);
	else
		met = print_table();
	OK(gfs_graph_close(graph));
	(void)snprintf(command, sizeof command, "rm -rf '%s'", path);
	return system(command) != 0 || !met;
}
