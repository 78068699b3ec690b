/* Indexes and counts made anew from the records, for fsck. */
#ifndef GFS_GRAPH_REBUILD_H
#define GFS_GRAPH_REBUILD_H

#include "graph/graph.h"

struct gfs_rebuild_report {
	uint64_t nodes, relationships, properties;
	uint64_t definitions_dropped; /* of property indexes and constraints: they were damaged */
	uint64_t settings_changed;    /* damaged rows of settings and saved queries, and saved queries put right */
};

/* The key index, the sets of labels and types, adjacency, property indexes, the list of free ids as far as it is wrong, and every count: all from
 * the records and rows, in one unlogged transaction (gfs_tx_begin_unlogged), so for who has the database to himself. What no record knows is kept where
 * the index can still be read: folders made by mkdir, and the times of folders. Definitions of property indexes and constraints, settings and saved
 * queries that are damaged are dropped (graph opened with `repair`); key_property is `name` then. Takes bounded memory, however large the graph is.
 *
 * When records or rows are damaged themselves nothing is changed: GFS_ERR_CORRUPT, with a message that says what; the store may then have to be closed. */
int gfs_graph_rebuild(struct gfs_graph *graph, void (*progress)(void *context, uint64_t done, uint64_t total),
	void *context, struct gfs_rebuild_report *ret_report, struct gfs_message *message) GFS_CHECK;

#endif
