/* What rebuild.c (the order, keys, labels, counts, free ids) and rebuild_rels.c (types and adjacency) share. */
#ifndef GFS_GRAPH_REBUILD_PRIVATE_H
#define GFS_GRAPH_REBUILD_PRIVATE_H

#include "graph/owner.h"
#include "graph/rebuild.h"
#include "graph/sorter.h"

/* Statements between two looks at how much memory is taken. */
enum { GFS_REBUILD_STEP = 1024 };

struct gfs_rebuild {
	struct gfs_graph *graph;
	struct gfs_tx *tx;
	void (*progress)(void *context, uint64_t done, uint64_t total);
	void *context;
	uint64_t done, total; /* records */
	uint64_t cleaned;     /* rows removed by clean_table */
	struct gfs_rebuild_report report;
	struct gfs_message *message;
	/* Uses found, by id of the catalog; GFS_NAME_ID_MAX + 1 each. */
	uint64_t *label_uses, *type_uses, *key_uses;
	struct gfs_sorter ends; /* of relationships: gfs_adj_at, other, relationship */
};

/* After every record: progress, and gfs_tx_relieve now and then. */
int gfs_rebuild_step(struct gfs_rebuild *r) GFS_CHECK;
/* Fills the message unless it is filled. */
int gfs_rebuild_fail(struct gfs_rebuild *r, int err, const char *what, uint64_t id, const char *why);
/* The properties of a row. */
int gfs_rebuild_count_row(struct gfs_rebuild *r, const struct gfs_row *row) GFS_CHECK;

/* Every relationship: its type and its properties; its ends go to the sorter. */
int gfs_rebuild_rels(struct gfs_rebuild *r) GFS_CHECK;
/* After that: adjacency from the sorter. */
int gfs_rebuild_adjacency(struct gfs_rebuild *r) GFS_CHECK;

#endif
