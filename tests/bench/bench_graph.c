/* What a call of the graph's API costs: a bulk load of the size of WordNet, then single changes and look-ups. Prints one line each. */
#include "base/checked.h"
#include "base/clock.h"
#include "graph/graph.h"
#include "tests/bench/ok.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BULK_NODES = 265000, BULK_RELS = 571000, SINGLES = 100000 };

static uint64_t started_ns;

static void start(void)
{
	started_ns = gfs_clock_mono_ns();
}

static void stop(const char *what, uint64_t count)
{
	uint64_t ns = gfs_clock_mono_ns() - started_ns;
	printf("%-28s %8.1f ms  %7.0f ns each\n", what, (double)ns / 1e6, (double)ns / (double)count);
}

static uint64_t random_state = 1;

static uint64_t random_below(uint64_t n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1;
	return (random_state >> 33) % n;
}

struct names {
	uint16_t label, type, keys[3];
};

static void bulk_load(struct gfs_graph *g, struct names *names, bool unlogged)
{
	struct gfs_value text = { .type = GFS_TYPE_STRING, .newline = true },
					 number = { .type = GFS_TYPE_INTEGER, .newline = true };
	struct gfs_bulk_prop props[3] = { { 0, &text }, { 0, &text }, { 0, &number } };
	struct gfs_node_meta meta = { .mode = 0755 };
	struct gfs_tx *tx;
	uint64_t *ids = calloc(BULK_NODES, sizeof *ids), id;
	char key[32], gloss[81];
	memset(gloss, 'g', 80);
	gloss[80] = 0;
	OK(unlogged ? gfs_tx_begin_unlogged(g, &tx) : gfs_tx_begin(g, &tx));
	OK(gfs_name_make(tx, GFS_CATALOG_LABEL, gfs_slice_text("Synset"), &names->label));
	OK(gfs_name_make(tx, GFS_CATALOG_TYPE, gfs_slice_text("HYPERNYM"), &names->type));
	for (unsigned i = 0; i < 3; i++) {
		(void)snprintf(key, sizeof key, "k%u", i);
		OK(gfs_name_make(tx, GFS_CATALOG_KEY, gfs_slice_text(key), &names->keys[i]));
		props[i].key = names->keys[i];
	}
	start();
	for (uint64_t i = 0; i < BULK_NODES; i++) {
		(void)snprintf(key, sizeof key, "synset-%llu", (unsigned long long)i);
		text.bytes = gfs_slice_text(i % 2 ? key : gloss);
		number.integer = (int64_t)i;
		OK(gfs_bulk_node(tx, gfs_slice_text(key), &meta, &names->label, 1, props, 3, &ids[i]));
	}
	stop("bulk node, 3 properties", BULK_NODES);
	start();
	for (uint64_t i = 0; i < BULK_RELS; i++)
		OK(gfs_bulk_rel(tx, names->type, ids[random_below(BULK_NODES)], ids[random_below(BULK_NODES)], 0, props + 2,
			i % 4 == 0, &id));
	stop("bulk relationship", BULK_RELS);
	start();
	OK(gfs_bulk_finish(tx));
	stop("bulk finish", BULK_RELS);
	start();
	OK(gfs_tx_commit(tx, NULL, NULL));
	stop("commit", 1);
	free(ids);
}

static void single_changes(struct gfs_graph *g, const struct names *names)
{
	struct gfs_value number = { .type = GFS_TYPE_INTEGER, .newline = true };
	struct gfs_node_meta meta = { .mode = 0755 };
	struct gfs_tx *tx;
	uint64_t id, first = 0;
	char key[32];
	start();
	for (uint64_t i = 0; i < SINGLES; i++) {
		(void)snprintf(key, sizeof key, "single-%llu", (unsigned long long)i);
		OK(gfs_tx_begin(g, &tx));
		OK(gfs_node_create(tx, gfs_slice_text(key), &meta, &id));
		OK(gfs_tx_commit(tx, NULL, NULL));
		first = i == 0 ? id : first;
	}
	stop("node create, committed", SINGLES);
	start();
	for (uint64_t i = 0; i < SINGLES; i++) {
		OK(gfs_tx_begin(g, &tx));
		OK(gfs_rel_create(tx, names->type, first + random_below(SINGLES), first + random_below(SINGLES), &id));
		OK(gfs_tx_commit(tx, NULL, NULL));
	}
	stop("relationship, committed", SINGLES);
	start();
	for (uint64_t i = 0; i < SINGLES; i++) {
		struct gfs_entity e = { GFS_NODE, first + random_below(SINGLES) };
		number.integer = (int64_t)i;
		OK(gfs_tx_begin(g, &tx));
		OK(gfs_prop_set(tx, e, names->keys[i % 3], &number));
		OK(gfs_tx_commit(tx, NULL, NULL));
	}
	stop("property set, committed", SINGLES);
}

static void look_ups(struct gfs_graph *g, const struct names *names)
{
	struct gfs_arena arena = GFS_ARENA_INIT;
	struct gfs_value value;
	struct gfs_adj_entry entries[64];
	size_t count;
	uint64_t id;
	char key[32];
	gfs_graph_read_begin(g);
	start();
	for (uint64_t i = 0; i < SINGLES; i++) {
		(void)snprintf(key, sizeof key, "synset-%llu", (unsigned long long)random_below(BULK_NODES));
		OK(gfs_node_find(g, gfs_slice_text(key), &id));
	}
	stop("find by key", SINGLES);
	start();
	for (uint64_t i = 0; i < SINGLES; i++) {
		OK(gfs_prop_get(
			g, (struct gfs_entity){ GFS_NODE, 1 + random_below(BULK_NODES) }, names->keys[0], &arena, &value));
		gfs_arena_clear(&arena);
	}
	stop("property get", SINGLES);
	start();
	for (uint64_t i = 0; i < SINGLES; i++)
		OK(gfs_rels_list(g, 1 + random_below(BULK_NODES), GFS_OUT, names->type, (struct gfs_adj_entry){ 0 }, entries,
			GFS_COUNT(entries), &count));
	stop("list of neighbours", SINGLES);
	gfs_graph_read_end(g);
	gfs_arena_release(&arena);
}

static void bench(bool unlogged)
{
	struct gfs_graph_create_opts create = { 0 };
	struct gfs_store_opts opts = { 0 };
	struct gfs_message message = { "" };
	struct gfs_check_report report;
	struct gfs_graph *g;
	struct names names;
	char path[] = "/tmp/gfs-bench-XXXXXX", command[64];
	if (mkdtemp(path) == NULL)
		exit(1);
	printf("%s\n", unlogged ? "unlogged" : "logged");
	OK(gfs_graph_create(path, &create, &message));
	OK(gfs_graph_open(path, &opts, &g, &message));
	bulk_load(g, &names, unlogged);
	single_changes(g, &names);
	look_ups(g, &names);
	start();
	OK(gfs_graph_check(g, NULL, NULL, NULL, &report));
	stop("check", report.nodes + report.relationships);
	start();
	OK(gfs_graph_close(g));
	stop("close", 1);
	(void)snprintf(command, sizeof command, "rm -rf '%s'", path);
	if (system(command) != 0)
		exit(1);
}

int main(void)
{
	bench(false);
	bench(true);
	return 0;
}
