/* What the parts of the check share. One pass over everything, in this order: pages and heap rows (check_pages.c), nodes with their chains,
 * relationships (check_records.c, and check_rows.c for what rows and blobs hold), indexes (check_index.c, check_props.c), counts (check.c).
 *
 * A defect is told with gfs_check_defect and the check goes on; a non-zero answer of any function means that it cannot. */
#ifndef GFS_GRAPH_CHECK_PRIVATE_H
#define GFS_GRAPH_CHECK_PRIVATE_H

#include "base/map.h"
#include "graph/owner.h"

#define GFS_CHECK_LINES_MAX 1000u

/* A bit an id or page. */
struct gfs_bits {
	uint64_t *words; /* owned */
	uint64_t count;  /* of bits */
};

struct gfs_check_state {
	struct gfs_graph *graph;
	/* Owned. A cache of its own: what is looked at are the rows, not what the graph has made of them. */
	struct gfs_cache *cache;
	struct gfs_adj *adj;
	void (*found)(void *context, const char *line);
	void (*progress)(void *context, uint64_t done, uint64_t total);
	void *context;
	struct gfs_check_report report;
	uint64_t done, total; /* of pages: what progress tells */
	uint64_t lines;
	/* Rows of the heap: row id -> 0, or 1 once a record has claimed it. */
	struct gfs_u64map rows;
	struct gfs_bits blob_pages;    /* claimed by a blob, a long row or the free chain */
	struct gfs_bits in_out, in_in; /* relationships met in the chains of their start and end */
	uint64_t keys;                 /* nodes that have one */
	uint64_t adj_group;            /* of adjacency, looked at last */
	/* Uses found in the records, by id of the catalog; GFS_NAME_ID_MAX + 1 each. */
	uint64_t *label_uses, *type_uses, *key_uses;
};

void gfs_check_defect(struct gfs_check_state *c, const char *format, ...) GFS_PRINTF(2, 3);
/* True for codes that mean damage (a defect was or is to be told) rather than a failure of the check itself. */
bool gfs_check_is_damage(int err);
void gfs_check_progress(struct gfs_check_state *c, uint64_t pages);

int gfs_bits_init(struct gfs_bits *bits, uint64_t count) GFS_CHECK;
/* Sets a bit; false when it was set already or does not exist. */
bool gfs_bits_set(struct gfs_bits *bits, uint64_t bit);
bool gfs_bits_get(const struct gfs_bits *bits, uint64_t bit);

int gfs_check_pages(struct gfs_check_state *c) GFS_CHECK;
int gfs_check_nodes(struct gfs_check_state *c) GFS_CHECK;
int gfs_check_rels(struct gfs_check_state *c) GFS_CHECK;
int gfs_check_leftovers(struct gfs_check_state *c) GFS_CHECK;
int gfs_check_indexes(struct gfs_check_state *c) GFS_CHECK;
int gfs_check_props(struct gfs_check_state *c) GFS_CHECK;

/* check_rows.c: a record's row, if any. `what` is "node 5" or "relationship 7". *ret_key and *ret_labels: whether the row has them. */
struct gfs_check_row {
	uint64_t row_id;
	const char *what;
	bool is_node;
	uint64_t id;
	bool labels_in_row;
};
int gfs_check_row(struct gfs_check_state *c, const struct gfs_check_row *row) GFS_CHECK;
/* A blob and the pages it claims. */
int gfs_check_blob(struct gfs_check_state *c, uint64_t blob_id) GFS_CHECK;

#endif
