/* Saved queries: texts with a name, kept with the graph. What a text means, and whether it means anything, is not looked at here.
 *
 * A query has a number, which stays through a renaming; one that is gone is given out again after all others. Looking needs the graph lock, as everything
 * in graph/graph.h. */
#ifndef GFS_GRAPH_SAVED_QUERY_H
#define GFS_GRAPH_SAVED_QUERY_H

#include "graph/graph.h"

#define GFS_SAVED_QUERIES_MAX 1024u
#define GFS_SAVED_QUERY_BYTES_MAX 65536u
#define GFS_SAVED_QUERY_NAME_BYTES_MAX GFS_COMPONENT_BYTES_MAX

struct gfs_saved_query {
	uint16_t number;
	uint32_t text_bytes;
	uint64_t mtime_ns; /* when its text or its name changed last */
	size_t name_bytes;
	uint8_t name[GFS_SAVED_QUERY_NAME_BYTES_MAX];
};

static inline struct gfs_slice gfs_saved_query_name(const struct gfs_saved_query *query)
{
	return gfs_slice(query->name, query->name_bytes);
}

/* With an empty text. GFS_ERR_EXISTS, GFS_ERR_LIMIT (GFS_SAVED_QUERIES_MAX), and as for names. */
int gfs_saved_query_make(struct gfs_tx *tx, struct gfs_slice name, uint16_t *ret_number) GFS_CHECK;
/* GFS_ERR_NOTFOUND; GFS_ERR_TOOBIG past GFS_SAVED_QUERY_BYTES_MAX. */
int gfs_saved_query_set_text(struct gfs_tx *tx, uint16_t number, struct gfs_slice text) GFS_CHECK;
/* GFS_ERR_NOTFOUND; GFS_ERR_EXISTS: another has that name. */
int gfs_saved_query_rename(struct gfs_tx *tx, uint16_t number, struct gfs_slice name) GFS_CHECK;
/* GFS_ERR_NOTFOUND. */
int gfs_saved_query_remove(struct gfs_tx *tx, uint16_t number) GFS_CHECK;

/* GFS_ERR_NOTFOUND. */
int gfs_saved_query_find(struct gfs_graph *graph, struct gfs_slice name, uint16_t *ret_number) GFS_CHECK;
int gfs_saved_query_get(struct gfs_graph *graph, uint16_t number, struct gfs_saved_query *ret_query) GFS_CHECK;
/* Appends it. GFS_ERR_NOTFOUND. */
int gfs_saved_query_text(struct gfs_graph *graph, uint16_t number, struct gfs_buf *out) GFS_CHECK;
/* The one with the smallest number >= from; GFS_ERR_NOTFOUND past the last. */
int gfs_saved_query_next(struct gfs_graph *graph, unsigned from, struct gfs_saved_query *ret_query) GFS_CHECK;

/* For fsck: tells (`found` may be NULL) where rows that are not damaged do not fit together. With `tx` puts that right, after damaged rows were
 * removed: the number and text of a query by its name, its name by its number; what is left alone goes. *ret_wrong: how often. */
int gfs_saved_queries_check(struct gfs_graph *graph, struct gfs_tx *tx, void (*found)(void *context, const char *line),
	void *context, uint64_t *ret_wrong) GFS_CHECK;

#endif
