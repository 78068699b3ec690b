/* The hot set of a real graph: 95 % of the reads of a property fall evenly on a tenth of WordNet's nodes, the rest on all others, and the object layer
 * has room for an eighth of them. Prints, a policy, which part of the hot reads it serves; exit status 1 when that is less than 99 %
 * for S3-FIFO.
 *
 *   bench_hotset FOLDER   FOLDER has nodes.csv and rels.csv (scripts/bench-cache makes them) */
#include "base/checked.h"
#include "base/clock.h"
#include "tests/bench/ok.h"
#include "tests/support/csv_graph.h"
#include "tests/support/rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { READS = 2000000, HOT_PERCENT = 95, HOT_PART = 10, CACHED_PART = 8 };

static struct gfs_graph *graph;
static uint64_t *ids; /* of all nodes, in random order: the first tenth is hot */
static size_t id_count;
static uint16_t name_key;
static struct gfs_arena arena = GFS_ARENA_INIT;

static void list_nodes(void)
{
	struct rng rng = { 99 };
	struct gfs_node_record record;
	uint64_t id;
	ids = calloc(gfs_store_counter(gfs_graph_store(graph), GFS_COUNTER_NODES), sizeof *ids);
	if (ids == NULL)
		exit(2);
	gfs_graph_read_begin(graph);
	OK(gfs_catalog_find(gfs_graph_catalog(graph), GFS_CATALOG_KEY, gfs_slice_text("name"), &name_key));
	for (uint64_t from = 1; gfs_node_next(graph, from, &id, &record) == 0; from = id + 1) {
		size_t at = rng_below(&rng, (unsigned)id_count + 1);
		ids[id_count++] = ids[at];
		ids[at] = id;
	}
	gfs_graph_read_end(graph);
}

static void read_node(uint64_t id)
{
	struct gfs_value value;
	gfs_graph_read_begin(graph);
	OK(gfs_prop_get(graph, (struct gfs_entity){ GFS_NODE, id }, name_key, &arena, &value));
	gfs_graph_read_end(graph);
	gfs_arena_clear(&arena);
}

static struct gfs_cache_stats objects(void)
{
	struct gfs_cache_stats stats;
	gfs_cache_budget_stats(gfs_store_cache_budget(gfs_graph_store(graph)), GFS_CACHE_OBJECT, &stats);
	return stats;
}

/* The part of the hot reads, of the second half, that the object layer serves. */
static double hot_part(uint64_t limit_bytes, const char *policy)
{
	struct gfs_cache_budget *budget = gfs_store_cache_budget(gfs_graph_store(graph));
	struct rng rng = { 7 };
	uint64_t hot = 0, served = 0;
	gfs_cache_budget_set_enabled(budget, GFS_CACHE_OBJECT, false); /* empties it */
	gfs_cache_budget_set_enabled(budget, GFS_CACHE_OBJECT, true);
	gfs_cache_budget_set_limit(budget, GFS_CACHE_OBJECT, limit_bytes);
	OK(gfs_cache_budget_set_policy(budget, GFS_CACHE_OBJECT, gfs_cache_policy_find(gfs_slice_text(policy))));
	for (unsigned i = 0; i < READS; i++) {
		unsigned hot_count = (unsigned)id_count / HOT_PART;
		bool is_hot = rng_below(&rng, 100) < HOT_PERCENT;
		size_t at = is_hot ? rng_below(&rng, hot_count) : hot_count + rng_below(&rng, (unsigned)id_count - hot_count);
		uint64_t misses = objects().misses;
		read_node(ids[at]);
		bool counts = is_hot && i >= READS / 2;
		hot += counts;
		served += counts && objects().misses == misses;
	}
	return (double)served / (double)hot;
}

static bool measure(void)
{
	static const char *const policies[] = { "s3fifo", "lru", "clock" };
	bool kept = true;
	for (size_t i = 0; i < id_count; i++)
		read_node(ids[i]);
	uint64_t all_bytes = objects().bytes;
	printf("%zu nodes take %llu MB decoded; an eighth of that is cached\n", id_count,
		(unsigned long long)all_bytes / 1000000);
	for (size_t i = 0; i < GFS_COUNT(policies); i++) {
		double part = hot_part(all_bytes / CACHED_PART, policies[i]);
		bool broken = i == 0 && part < 0.99;
		printf("%-8s serves %7.3f %% of the hot reads%s\n", policies[i], 100 * part, broken ? "  BROKEN" : "");
		kept &= !broken;
	}
	return kept;
}

int main(int argc, char **argv)
{
	struct gfs_store_opts opts = { .cache.bytes = UINT64_C(2) << 30 };
	struct gfs_message message = { "" };
	char path[] = "/tmp/gfs-bench-XXXXXX", command[64];
	if (argc != 2 || mkdtemp(path) == NULL) {
		fprintf(stderr, "usage: bench_hotset FOLDER\n");
		return 2;
	}
	OK(gfs_graph_create(path, NULL, &message));
	OK(gfs_graph_open(path, &opts, &graph, &message));
	csv_graph_import(graph, argv[1]);
	list_nodes();
	bool kept = measure();
	OK(gfs_graph_close(graph));
	gfs_arena_release(&arena);
	free(ids);
	(void)snprintf(command, sizeof command, "rm -rf '%s'", path);
	return system(command) != 0 || !kept;
}
