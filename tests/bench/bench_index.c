/* What a property index costs and gives: the same questions and changes with the index and without it, in one run. */
#include "base/checked.h"
#include "base/clock.h"
#include "graph/index.h"
#include "tests/bench/ok.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = 200000, CHANGES = 50000, LOOKS = 20000, SCANS = 5, HITS = 1024 };

static struct gfs_graph *graph;
static uint16_t label, key, id;
static uint64_t random_state = 1;

static uint64_t random_below(uint64_t n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (random_state >> 33) % n;
}

static void report(const char *what, uint64_t start_ns, uint64_t count)
{
	uint64_t ns = gfs_clock_mono_ns() - start_ns;
	printf("%-44s %9.1f ms %9.0f ns each\n", what, (double)ns / 1e6, (double)ns / (double)count);
}

static struct gfs_value integer(int64_t v)
{
	return (struct gfs_value){ .type = GFS_TYPE_INTEGER, .newline = true, .integer = v };
}

static void load(void)
{
	struct gfs_node_meta meta = { .mode = 0755 };
	struct gfs_tx *tx;
	OK(gfs_tx_begin(graph, &tx));
	OK(gfs_name_make(tx, GFS_CATALOG_LABEL, gfs_slice_text("Thing"), &label));
	OK(gfs_name_make(tx, GFS_CATALOG_KEY, gfs_slice_text("serial"), &key));
	for (int64_t i = 0; i < NODES; i++) {
		struct gfs_value value = integer(i);
		struct gfs_bulk_prop prop = { key, &value };
		uint64_t node;
		OK(gfs_bulk_node(tx, (struct gfs_slice){ 0 }, &meta, &label, 1, &prop, 1, &node));
	}
	OK(gfs_tx_commit(tx, NULL, NULL));
}

/* One transaction each; prints the slowest too. */
static void change(const char *what, unsigned count)
{
	uint64_t begun_ns = gfs_clock_mono_ns(), worst_ns = 0;
	for (unsigned i = 0; i < count; i++) {
		uint64_t start_ns = gfs_clock_mono_ns();
		struct gfs_value value = integer((int64_t)random_below(NODES));
		struct gfs_tx *tx;
		OK(gfs_tx_begin(graph, &tx));
		OK(gfs_prop_set(tx, (struct gfs_entity){ GFS_NODE, 1 + random_below(NODES) }, key, &value));
		OK(gfs_tx_commit(tx, NULL, NULL));
		worst_ns = GFS_MAX(worst_ns, gfs_clock_mono_ns() - start_ns);
	}
	report(what, begun_ns, count);
	printf("%-44s %9.1f ms\n", "  the slowest of them", (double)worst_ns / 1e6);
}

/* ---- the same questions, from the records ---- */

static uint64_t count_in_records(int64_t low, int64_t high)
{
	uint64_t nodes[HITS], from = 1, found = 0;
	size_t count = 1;
	GFS_AUTO_ARENA arena = GFS_ARENA_INIT;
	while (count > 0) {
		OK(gfs_label_nodes(graph, label, from, nodes, HITS, &count));
		for (size_t i = 0; i < count; i++) {
			struct gfs_value value;
			gfs_arena_clear(&arena);
			OK(gfs_prop_get(graph, (struct gfs_entity){ GFS_NODE, nodes[i] }, key, &arena, &value));
			found += value.integer >= low && value.integer < high;
		}
		from = count > 0 ? nodes[count - 1] + 1 : from;
	}
	return found;
}

static uint64_t count_in_index(int64_t low, int64_t high, bool descending)
{
	struct gfs_value lower = integer(low), upper = integer(high);
	struct gfs_index_range range = { .lower = &lower, .upper = &upper, .upper_open = true, .descending = descending };
	struct gfs_index_hit hits[HITS];
	struct gfs_index_scan scan;
	uint64_t found = 0;
	size_t count = 1;
	OK(gfs_index_scan_begin(graph, id, &range, &scan));
	while (count > 0) {
		OK(gfs_index_scan_next(graph, &scan, hits, HITS, NULL, &count));
		found += count;
	}
	return found;
}

static void ask(void)
{
	uint64_t found = 0, wanted = 0;
	gfs_graph_read_begin(graph);
	uint64_t start_ns = gfs_clock_mono_ns();
	for (unsigned i = 0; i < SCANS; i++)
		wanted += count_in_records(i * 10, i * 10 + 1);
	report("nodes with one value, from the records", start_ns, SCANS);
	start_ns = gfs_clock_mono_ns();
	for (unsigned i = 0; i < LOOKS; i++) {
		int64_t low = i < SCANS ? i * 10 : (int64_t)random_below(NODES);
		uint64_t got = count_in_index(low, low + 1, false);
		found += i < SCANS ? got : 0;
	}
	report("nodes with one value, from the index", start_ns, LOOKS);
	if (found != wanted)
		exit(1);
	start_ns = gfs_clock_mono_ns();
	wanted = count_in_records(0, NODES);
	report("all, from the records (a node)", start_ns, NODES);
	for (unsigned back = 0; back < 2; back++) {
		start_ns = gfs_clock_mono_ns();
		if (count_in_index(0, NODES, back) != wanted)
			exit(1);
		report(back ? "all, in order, backwards (an entry)" : "all, in order (an entry)", start_ns, NODES);
	}
	gfs_graph_read_end(graph);
}

int main(void)
{
	char path[] = "/tmp/graphfs-bench-index-XXXXXX", command[64];
	struct gfs_store_opts opts = { 0 };
	struct gfs_message message = { "" };
	struct gfs_tx *tx;
	if (!mkdtemp(path) || gfs_graph_create(path, NULL, &message) != 0 ||
		gfs_graph_open(path, &opts, &graph, &message) != 0) {
		fprintf(stderr, "%s\n", message.text);
		return 1;
	}
	load();
	change("a property set, no index", CHANGES);
	uint64_t start_ns = gfs_clock_mono_ns();
	OK(gfs_tx_begin(graph, &tx));
	OK(gfs_index_create(tx, label, key, false, (struct gfs_slice){ 0 }, &id));
	OK(gfs_tx_commit(tx, NULL, NULL));
	change("a property set, the index being built", CHANGES / 10);
	OK(gfs_index_wait(graph, id, NULL, NULL, &message));
	report("the index built beside that (a node)", start_ns, NODES);
	change("a property set, with an index", CHANGES);
	OK(gfs_store_checkpoint(gfs_graph_store(graph)));
	ask();
	OK(gfs_graph_close(graph));
	(void)snprintf(command, sizeof command, "rm -rf '%s'", path);
	return system(command) == 0 ? 0 : 1;
}
