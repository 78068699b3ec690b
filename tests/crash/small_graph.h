/* A small graph that random operations change, for the tests that cut the power or fail calls under it. */
#ifndef GFS_TESTS_CRASH_SMALL_GRAPH_H
#define GFS_TESTS_CRASH_SMALL_GRAPH_H

#include "tests/support/rng.h"
#include "tests/unit/graph_fixture.h"

enum { SMALL_NODES_MAX = 40, SMALL_RELS_MAX = 80, SMALL_LABELS = 2, SMALL_TYPES = 2, SMALL_KEYS = 3 };

struct small_graph {
	struct fixture f;
	struct rng *rng; /* borrowed */
	/* What there is. */
	uint64_t nodes[SMALL_NODES_MAX], rels[SMALL_RELS_MAX];
	unsigned node_count, rel_count;
	unsigned names; /* keys given so far */
	uint16_t labels[SMALL_LABELS], types[SMALL_TYPES], keys[SMALL_KEYS];
};

/* Small segments and caches, a quick flush, checkpoints only when asked for. */
extern const struct gfs_store_opts small_graph_opts;

/* Makes the database in f.path, with names and a few nodes, and leaves it closed. */
void small_graph_begin(struct small_graph *s);
/* Finds out what there is, after a recovery or an abort. Under the graph lock. */
void small_graph_look(struct small_graph *s);
/* Nodes, relationships, properties, labels, indexes or saved queries. */
void small_graph_change(struct small_graph *s, struct gfs_tx *tx);
/* What the graph shows, definitions and saved queries too; not how far an index is built. Takes the graph lock. */
uint64_t small_graph_digest(struct gfs_graph *graph);
/* The same for who holds the graph lock: in a transaction, what it would leave. */
uint64_t small_graph_digest_held(struct gfs_graph *graph);

/* Folders as wholes. */
void small_graph_remove(const char *path);
void small_graph_copy(const char *from, const char *to);

#endif
