/* A graph in a folder of its own under /tmp, for the tests of graph/ and above. A call that fails ends the test. */
#ifndef GFS_TESTS_GRAPH_FIXTURE_H
#define GFS_TESTS_GRAPH_FIXTURE_H

#include "graph/graph.h"

#include <stdio.h>
#include <stdlib.h>

/* Works in a forked child as well, where cmocka's asserts do not. */
#define REQUIRE(condition)                                                                                             \
	do {                                                                                                               \
		if (!(condition)) {                                                                                            \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
			abort();                                                                                                   \
		}                                                                                                              \
	} while (0)
#define OK(call)                                                                                                       \
	do {                                                                                                               \
		int ok_err = (call);                                                                                           \
		if (ok_err != 0) {                                                                                             \
			fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, gfs_err_text(ok_err));                       \
			abort();                                                                                                   \
		}                                                                                                              \
	} while (0)

struct fixture {
	char path[64];
	struct gfs_store_opts opts;
	struct gfs_graph *graph;
};

/* Makes an empty database, without opening it. */
void fixture_create(struct fixture *f);
void fixture_open(struct fixture *f);
/* Closes (the database stays) and must succeed. */
void fixture_close(struct fixture *f);
/* Closes if open and removes the folder. */
void fixture_destroy(struct fixture *f);

/* Runs `body` in a child with the graph open and ends that child without closing: what a killed daemon leaves behind. Not open here. */
void fixture_killed(struct fixture *f, void (*body)(struct fixture *f, void *context), void *context);
/* The same for a body that may end the child by itself: what the child exited with. */
int fixture_ended(struct fixture *f, void (*body)(struct fixture *f, void *context), void *context);

struct gfs_tx *tx_begin(struct fixture *f);
void tx_commit(struct gfs_tx *tx);

uint16_t name_of(struct fixture *f, enum gfs_catalog_kind kind, const char *name);
uint64_t new_node(struct fixture *f, const char *key);
uint64_t new_rel(struct fixture *f, const char *type, uint64_t start, uint64_t end);
struct gfs_entity node_entity(uint64_t id);
struct gfs_entity rel_entity(uint64_t id);
/* One transaction that sets a string property. */
void set_text(struct fixture *f, struct gfs_entity e, const char *key, const char *text);

/* fsck finds nothing. */
void require_clean(struct gfs_graph *graph);
/* Everything that the graph shows, times included, as one number: the same before and after a recovery. Takes the shared lock. */
uint64_t graph_digest(struct gfs_graph *graph);
/* The same for who holds the graph lock. */
uint64_t graph_digest_held(struct gfs_graph *graph);

#endif
