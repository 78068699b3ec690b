/* How long fsck.graphfs --rebuild-index takes for a million relationships (or COUNT): with every index in its place, and with every row of them gone.
 *
 *   bench_rebuild [COUNT]
 *
 * Four relationships a node, of 16 types, between random nodes, every tenth of one node in a hundred. Exit status 1 when a million takes more than
 * REBUILD_NS_MAX. */
#include "base/checked.h"
#include "base/clock.h"
#include "graph/rebuild.h"
#include "store/kv.h"
#include "tests/bench/rels.h"

#include <time.h>

#define REBUILD_NS_MAX UINT64_C(3000000000)
enum { MILLION = 1000000, DEGREE = 4, TYPES = 16, HUBS_PART = 100, HUB_RELS_PART = 10 };

static char path[] = "/tmp/gfs-bench-XXXXXX";
static struct gfs_graph *graph;

static uint64_t below(uint64_t n)
{
	static uint64_t random = 1;
	random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (random >> 33) % n;
}

static void make_nodes(struct gfs_tx *tx, uint64_t count)
{
	struct gfs_node_meta meta = { .mode = 0755 };
	uint16_t labels[2];
	uint64_t id;
	OK(gfs_name_make(tx, GFS_CATALOG_LABEL, gfs_slice_text("A"), &labels[0]));
	OK(gfs_name_make(tx, GFS_CATALOG_LABEL, gfs_slice_text("B"), &labels[1]));
	for (uint64_t i = 0; i < count; i++) {
		char key[32];
		(void)snprintf(key, sizeof key, "node-%llu", (unsigned long long)i);
		OK(gfs_bulk_node(tx, gfs_slice_text(key), &meta, &labels[i % 2], 1, NULL, 0, &id));
	}
}

static void make_rels(struct gfs_tx *tx, uint64_t count, uint64_t nodes)
{
	uint16_t types[TYPES];
	uint64_t id;
	for (unsigned i = 0; i < TYPES; i++) {
		char name[16];
		(void)snprintf(name, sizeof name, "TYPE_%u", i);
		OK(gfs_name_make(tx, GFS_CATALOG_TYPE, gfs_slice_text(name), &types[i]));
	}
	for (uint64_t i = 0; i < count; i++) {
		uint64_t end = 1 + (i % HUB_RELS_PART == 0 ? below(nodes / HUBS_PART + 1) : below(nodes));
		OK(gfs_bulk_rel(tx, types[below(TYPES)], 1 + i / DEGREE % nodes, end, 0, NULL, 0, &id));
	}
}

static void make(uint64_t count)
{
	struct gfs_tx *tx;
	uint64_t nodes = count / DEGREE + 1;
	OK(gfs_tx_begin_unlogged(graph, &tx));
	make_nodes(tx, nodes);
	make_rels(tx, count, nodes);
	OK(gfs_tx_commit(tx, NULL, NULL));
	printf("%llu nodes, %llu relationships\n\n%-24s%12s%12s\n", (unsigned long long)nodes, (unsigned long long)count,
		"seconds", "wall", "processor");
}

/* Of all tables of indexes. */
static void remove_rows(void)
{
	static const enum gfs_kv_table tables[] = { GFS_KV_KEYS, GFS_KV_IDSETS, GFS_KV_ADJ };
	struct gfs_kv *kv = gfs_store_kv(gfs_graph_store(graph));
	struct gfs_slice key, value;
	struct gfs_txn *txn;
	OK(gfs_txn_begin(gfs_graph_store(graph), &txn));
	for (size_t i = 0; i < GFS_COUNT(tables); i++) {
		struct gfs_kv_iter *it;
		OK(gfs_kv_iter_open(kv, tables[i], &it));
		int err = gfs_kv_iter_seek(it, gfs_slice(NULL, 0), &key, &value);
		for (; err == 0; err = gfs_kv_iter_next(it, &key, &value))
			OK(gfs_kv_delete(kv, gfs_txn_undo(txn), tables[i], key));
		gfs_kv_iter_close(it);
	}
	OK(gfs_txn_commit(txn, NULL));
}

static void open_graph(void)
{
	struct gfs_store_opts opts = { .cache.bytes = UINT64_C(1) << 30 };
	struct gfs_message message = { "" };
	OK(gfs_graph_open(path, &opts, &graph, &message));
}

/* As fsck does it: opened for it, nothing cached. */
static uint64_t rebuild(const char *what)
{
	struct gfs_rebuild_report report;
	struct gfs_message message = { "" };
	OK(gfs_graph_close(graph));
	open_graph();
	clock_t processor = clock();
	uint64_t start = gfs_clock_mono_ns();
	int err = gfs_graph_rebuild(graph, NULL, NULL, &report, &message);
	uint64_t ns = gfs_clock_mono_ns() - start;
	if (err != 0) {
		fprintf(stderr, "%s\n", message.text);
		exit(2);
	}
	printf("%-24s%12.2f%12.2f\n", what, (double)ns / 1e9, (double)(clock() - processor) / CLOCKS_PER_SEC);
	return ns;
}

int main(int argc, char **argv)
{
	struct gfs_message message = { "" };
	char command[64];
	uint64_t count = argc == 2 ? strtoull(argv[1], NULL, 10) : MILLION;
	if (argc > 2 || count == 0 || mkdtemp(path) == NULL) {
		fprintf(stderr, "usage: bench_rebuild [COUNT]\n");
		return 2;
	}
	OK(gfs_graph_create(path, NULL, &message));
	open_graph();
	make(count);
	uint64_t most = rebuild("nothing is wrong");
	remove_rows();
	most = GFS_MAX(most, rebuild("every row is gone"));
	OK(gfs_graph_close(graph));
	bool met = count != MILLION || most <= REBUILD_NS_MAX;
	if (count == MILLION)
		printf("a million in at most %.0f s: %s\n", (double)REBUILD_NS_MAX / 1e9, met ? "met" : "missed");
	(void)snprintf(command, sizeof command, "rm -rf '%s'", path);
	return system(command) != 0 || !met;
}
