/* Ways to keep relationships that answer the same questions, so that bench_rels can put one beside another. What fails ends the program. */
#ifndef GFS_TESTS_BENCH_RELS_H
#define GFS_TESTS_BENCH_RELS_H

#include "graph/graph.h"
#include "tests/bench/ok.h"

#include <stdio.h>
#include <stdlib.h>

/* All relationships of a graph, once for each end: ascending by (dir, node, type, other, rel). */
struct rels_end {
	uint64_t at; /* rels_at */
	struct gfs_adj_entry entry;
};
struct rels_all {
	struct rels_end *ends;
	size_t count;
	uint64_t last_node;
};
static inline uint64_t rels_at(uint64_t node, enum gfs_direction dir, uint16_t type)
{
	return (uint64_t)dir << 62 | node << 16 | type;
}

/* Answers are compared by how many relationships there were, and by the sum over them of type + (other ^ relationship). */
struct rels_answer {
	uint64_t count, sum;
};

enum { RELS_BATCH = 64 }; /* what a listing takes at a time */

struct rels_engine {
	const char *name;
	/* Of these nodes, ascending, all relationships of a direction. */
	struct rels_answer (*nodes)(void *state, const uint64_t *nodes, size_t count, enum gfs_direction dir);
	/* One folder out/TYPE or in/TYPE, RELS_BATCH at a time, each time found again by where the last one ended. */
	struct rels_answer (*folder)(void *state, uint64_t node, enum gfs_direction dir, uint16_t type);
	/* The same, and the nodes' keys: what ls asks. The sum: bytes of the keys. NULL: keeps none. */
	struct rels_answer (*keys)(void *state, uint64_t node, enum gfs_direction dir, uint16_t type);
	/* How many are in such a folder. */
	uint64_t (*degree)(void *state, uint64_t node, enum gfs_direction dir, uint16_t type);
	/* Those between two nodes; the sum is of their ids. */
	struct rels_answer (*pair)(void *state, uint64_t node, enum gfs_direction dir, uint16_t type, uint64_t other);
	/* All of a type, ascending; the sum is of their ids. NULL: would have to look at everything. */
	struct rels_answer (*of_type)(void *state, uint16_t type);
	void *state;
};

/* Compressed sparse rows: one array of positions by node, arrays of types, others and relationships of 2, 4 and 4 bytes. Nothing can be changed in it. */
struct rels_engine rels_csr(const struct rels_all *all);
uint64_t rels_csr_bytes(const struct rels_engine *engine);
void rels_csr_free(struct rels_engine *engine);

/* A table of LMDB with 12 bytes (other, relationship) as sorted duplicates of one size under (dir, node, type); loaded in order, read in one
 * transaction that stays open, through one cursor. `path`: a file to make. */
struct rels_engine rels_dupfixed(const struct rels_all *all, const char *path);
uint64_t rels_dupfixed_bytes(const struct rels_engine *engine);
void rels_dupfixed_free(struct rels_engine *engine);

/* graphfs, with rel_index on or off; the graph lock is taken for each question. */
struct rels_engine rels_graph(struct gfs_graph *graph);

/* ---- sizes ---- */

struct rels_sizes {
	uint64_t rels;
	uint64_t records, properties;  /* pages of relationships, and rows of their properties */
	uint64_t adjacency, type_sets; /* what the file has of the index */
	uint64_t loaded;               /* of the index layer of the caches, when all has been asked for */
	uint64_t csr, dupfixed;
};
/* Of a database that is closed, by its file. */
void rels_sizes_of_file(const char *path, struct rels_sizes *sizes);
/* Of one that was just opened: index layer and all. */
void rels_sizes_of_graph(struct gfs_graph *graph, const struct rels_all *all, struct rels_sizes *sizes);
/* True when the promise on the index is kept. */
bool rels_sizes_print(const struct rels_sizes *sizes);

#endif
