/* Relationships by adjacency beside the same by chains of records (rel_index=off), beside an array in compressed sparse rows and beside a table of LMDB
 * with duplicates of one size: the same questions to all four, and the same answers. Then what each takes.
 *
 *   bench_rels FOLDER          FOLDER has nodes.csv and rels.csv (scripts/bench-rels makes them)
 *
 * A figure is the median of up to BATCHES batches in processor time, warm, for as long as they take less than PATIENCE_NS. Exit status 2 when two answers differ,
 * 1 when the index is larger than promised. */
#include "base/checked.h"
#include "store/record.h"
#include "tests/bench/processor.h"
#include "tests/bench/rels.h"
#include "tests/support/csv_graph.h"

#include <string.h>

enum { BATCHES = 15, DEGREE = 20, PICKS = 4096, ENGINES = 4 };
#define PATIENCE_NS UINT64_C(1500000000)

static struct rels_all all;
static uint64_t *nodes; /* all of them */
static size_t node_count;
static uint64_t twenties[PICKS]; /* nodes with DEGREE outgoing relationships */
static size_t twenty_count;
static size_t picks[PICKS]; /* relationships of random nodes, as places in `all` */
static size_t hub;          /* the first relationship of the largest folder, and how many it has */
static uint64_t hub_degree;
static uint16_t hub_type;

/* ---- what is asked for ---- */

static int by_place(const void *a, const void *b)
{
	const struct rels_end *x = a, *y = b;
	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	if (x->entry.other != y->entry.other)
		return x->entry.other < y->entry.other ? -1 : 1;
	return (x->entry.rel > y->entry.rel) - (x->entry.rel < y->entry.rel);
}

static void *array(size_t count, size_t size)
{
	void *p = calloc(count, size);
	if (p == NULL) {
		perror("bench_rels");
		exit(2);
	}
	return p;
}

static void read_all(struct gfs_graph *graph)
{
	struct gfs_store *store = gfs_graph_store(graph);
	struct gfs_rel_record rel;
	struct gfs_node_record node;
	uint64_t id;
	gfs_graph_read_begin(graph);
	all.last_node = gfs_store_counter(store, GFS_COUNTER_NODE_NEXT) - 1;
	all.ends = array(2 * gfs_store_counter(store, GFS_COUNTER_RELS), sizeof *all.ends);
	nodes = array(gfs_store_counter(store, GFS_COUNTER_NODES), sizeof *nodes);
	for (uint64_t from = 0; gfs_node_record_next(store, from, &id, &node) == 0; from = id + 1)
		nodes[node_count++] = id;
	for (uint64_t from = 0; gfs_rel_record_next(store, from, &id, &rel) == 0; from = id + 1) {
		all.ends[all.count++] = (struct rels_end){ rels_at(rel.start, GFS_OUT, rel.type), { rel.end, id } };
		all.ends[all.count++] = (struct rels_end){ rels_at(rel.end, GFS_IN, rel.type), { rel.start, id } };
	}
	gfs_graph_read_end(graph);
	qsort(all.ends, all.count, sizeof *all.ends, by_place);
}

static uint64_t node_at(size_t i)
{
	return (all.ends[i].at & ~rels_at(0, GFS_IN, 0)) >> 16;
}

static enum gfs_direction dir_at(size_t i)
{
	return all.ends[i].at >= rels_at(0, GFS_IN, 0) ? GFS_IN : GFS_OUT;
}

/* The end of what the node there has in its direction. */
static size_t end_of_node(size_t i)
{
	uint64_t side = all.ends[i].at >> 16;
	while (i < all.count && all.ends[i].at >> 16 == side)
		i++;
	return i;
}

static uint64_t random_below(uint64_t n)
{
	static uint64_t random = 1;
	random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (random >> 33) % n;
}

/* A node that has relationships in a direction, each as likely as another, and one of those. */
static void choose_picks(void)
{
	size_t *sides = array(all.count, sizeof *sides), side_count = 0;
	for (size_t i = 0; i < all.count; i = end_of_node(i))
		sides[side_count++] = i;
	for (size_t i = 0; i < PICKS; i++) {
		size_t side = sides[random_below(side_count)];
		picks[i] = side + random_below(end_of_node(side) - side);
	}
	free(sides);
}

static void choose(void)
{
	uint64_t folder = 0;
	for (size_t i = 0; i < all.count; i = end_of_node(i)) {
		if (end_of_node(i) - i == DEGREE && dir_at(i) == GFS_OUT && twenty_count < PICKS)
			twenties[twenty_count++] = node_at(i);
	}
	for (size_t i = 0; i < all.count; i++) {
		folder = i > 0 && all.ends[i - 1].at == all.ends[i].at ? folder + 1 : 1;
		if (folder > hub_degree) {
			hub_degree = folder;
			hub = i + 1 - folder;
		}
	}
	hub_type = (uint16_t)all.ends[hub].at;
	choose_picks();
	printf("%zu nodes with %d outgoing relationships; the largest folder has %llu\n\n", twenty_count, DEGREE,
		(unsigned long long)hub_degree);
}

/* ---- the rows: each asks one engine all of its questions ---- */

static void add(struct rels_answer *sum, struct rels_answer answer)
{
	sum->count += answer.count;
	sum->sum += answer.sum;
}

static struct rels_answer ask_twenties(const struct rels_engine *e)
{
	struct rels_answer sum = { 0 };
	for (size_t i = 0; i < twenty_count; i++)
		add(&sum, e->nodes(e->state, &twenties[i], 1, GFS_OUT));
	return sum;
}

static struct rels_answer ask_nodes(const struct rels_engine *e)
{
	struct rels_answer sum = { 0 };
	for (size_t i = 0; i < PICKS; i++) {
		uint64_t node = node_at(picks[i]);
		add(&sum, e->nodes(e->state, &node, 1, dir_at(picks[i])));
	}
	return sum;
}

static struct rels_answer ask_all(const struct rels_engine *e)
{
	return e->nodes(e->state, nodes, node_count, GFS_OUT);
}

static struct rels_answer ask_folders(const struct rels_engine *e)
{
	struct rels_answer sum = { 0 };
	for (size_t i = 0; i < PICKS; i++)
		add(&sum, e->folder(e->state, node_at(picks[i]), dir_at(picks[i]), (uint16_t)all.ends[picks[i]].at));
	return sum;
}

static struct rels_answer ask_degrees(const struct rels_engine *e)
{
	struct rels_answer sum = { 0 };
	for (size_t i = 0; i < PICKS; i++)
		sum.count += e->degree(e->state, node_at(picks[i]), dir_at(picks[i]), (uint16_t)all.ends[picks[i]].at);
	return sum;
}

static struct rels_answer ask_pairs(const struct rels_engine *e)
{
	struct rels_answer sum = { 0 };
	for (size_t i = 0; i < PICKS; i++) {
		const struct rels_end *end = &all.ends[picks[i]];
		add(&sum, e->pair(e->state, node_at(picks[i]), dir_at(picks[i]), (uint16_t)end->at, end->entry.other));
	}
	return sum;
}

static struct rels_answer ask_hub(const struct rels_engine *e)
{
	return e->folder(e->state, node_at(hub), dir_at(hub), hub_type);
}

static struct rels_answer ask_hub_degree(const struct rels_engine *e)
{
	struct rels_answer sum = { 0 };
	for (size_t i = 0; i < PICKS; i++)
		sum.count += e->degree(e->state, node_at(hub), dir_at(hub), hub_type);
	return sum;
}

static struct rels_answer ask_hub_keys(const struct rels_engine *e)
{
	return e->keys != NULL ? e->keys(e->state, node_at(hub), dir_at(hub), hub_type) : (struct rels_answer){ 0 };
}

static struct rels_answer ask_type(const struct rels_engine *e)
{
	return e->of_type != NULL ? e->of_type(e->state, hub_type) : (struct rels_answer){ 0 };
}

enum per { PER_RELATIONSHIP, PER_TWENTY, PER_PICK };

static const struct row {
	const char *what;
	struct rels_answer (*ask)(const struct rels_engine *engine);
	enum per per;
} rows[] = {
	{ "neighbours of a node of degree 20", ask_twenties, PER_TWENTY },
	{ "neighbours of a random node", ask_nodes, PER_PICK },
	{ "all, node after node, each", ask_all, PER_RELATIONSHIP },
	{ "a folder, each of its entries", ask_folders, PER_RELATIONSHIP },
	{ "how many are in a folder", ask_degrees, PER_PICK },
	{ "those between two nodes", ask_pairs, PER_PICK },
	{ "the largest folder, each of its entries", ask_hub, PER_RELATIONSHIP },
	{ "  and the keys of their nodes, each", ask_hub_keys, PER_RELATIONSHIP },
	{ "how many are in the largest folder", ask_hub_degree, PER_PICK },
	{ "all of a type, each", ask_type, PER_RELATIONSHIP },
};

/* ---- the table ---- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Nanoseconds; 0: does not answer this. */
static double measure(const struct row *row, const struct rels_engine *engine, struct rels_answer *ret_answer)
{
	double ns[BATCHES];
	unsigned batches = 0;
	*ret_answer = row->ask(engine); /* warm */
	if (ret_answer->count == 0)
		return 0;
	uint64_t per[] = { [PER_RELATIONSHIP] = ret_answer->count, [PER_TWENTY] = twenty_count, [PER_PICK] = PICKS };
	uint64_t end = gfs_clock_mono_ns() + PATIENCE_NS;
	do {
		uint64_t start = processor_ns();
		(void)row->ask(engine);
		ns[batches++] = (double)(processor_ns() - start) / (double)per[row->per];
	} while (batches < BATCHES && gfs_clock_mono_ns() < end);
	qsort(ns, batches, sizeof *ns, by_value);
	return ns[batches / 2];
}

static void compare(
	const struct row *row, const struct rels_engine *engine, struct rels_answer first, struct rels_answer answer)
{
	if (answer.count != first.count || answer.sum != first.sum) {
		fprintf(stderr, "%s: %s has another answer\n", row->what, engine->name);
		exit(2);
	}
}

static void print_table(struct gfs_graph *graph, const struct rels_engine engines[ENGINES])
{
	printf("%-40s", "ns");
	for (size_t e = 0; e < ENGINES; e++)
		printf("%14s", engines[e].name);
	printf("\n");
	for (size_t r = 0; r < GFS_COUNT(rows); r++) {
		struct rels_answer first = { 0 }, answer;
		printf("%-40s", rows[r].what);
		for (size_t e = 0; e < ENGINES; e++) {
			gfs_graph_set_rel_index(graph, e != 1);
			double ns = measure(&rows[r], &engines[e], &answer);
			if (e == 0)
				first = answer;
			if (answer.count == 0 && first.count != 0) {
				printf("%14s", "-");
				continue;
			}
			compare(&rows[r], &engines[e], first, answer);
			printf("%14.1f", ns);
			(void)fflush(stdout); /* only to see it early */
		}
		printf("\n");
	}
}

int main(int argc, char **argv)
{
	struct gfs_store_opts opts = { .cache.bytes = UINT64_C(1) << 30 };
	struct gfs_message message = { "" };
	struct rels_sizes sizes;
	struct gfs_graph *graph;
	char path[] = "/tmp/gfs-bench-XXXXXX", table[64], command[64];
	if (argc != 2 || mkdtemp(path) == NULL) {
		fprintf(stderr, "usage: bench_rels FOLDER\n");
		return 2;
	}
	OK(gfs_graph_create(path, NULL, &message));
	OK(gfs_graph_open(path, &opts, &graph, &message));
	csv_graph_import(graph, argv[1]);
	OK(gfs_graph_close(graph));
	rels_sizes_of_file(path, &sizes);
	OK(gfs_graph_open(path, &opts, &graph, &message));
	read_all(graph);
	choose();
	rels_sizes_of_graph(graph, &all, &sizes);
	(void)snprintf(table, sizeof table, "%s/dupfixed.mdb", path);
	struct rels_engine engines[ENGINES] = { rels_graph(graph), rels_graph(graph), rels_csr(&all),
		rels_dupfixed(&all, table) };
	engines[1].name = "rel_index=off";
	print_table(graph, engines);
	sizes.csr = rels_csr_bytes(&engines[2]);
	sizes.dupfixed = rels_dupfixed_bytes(&engines[3]);
	bool met = rels_sizes_print(&sizes);
	rels_csr_free(&engines[2]);
	rels_dupfixed_free(&engines[3]);
	OK(gfs_graph_close(graph));
	free(all.ends);
	free(nodes);
	(void)snprintf(command, sizeof command, "rm -rf '%s'", path);
	return system(command) != 0 || !met;
}
