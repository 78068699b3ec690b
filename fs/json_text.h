/* The text of a node's .json from one read(2) of it to the next, so that a hub's, which takes many, is put together once and not for each. One text is kept:
 * the one read last, while there is more of it to read and nothing was committed since.
 *
 * One mutex (a leaf). */
#ifndef GFS_FS_JSON_TEXT_H
#define GFS_FS_JSON_TEXT_H

#include "graph/graph.h"

struct gfs_json_texts;

struct gfs_json_text {
	struct gfs_buf bytes; /* constant */
	/* The rest belongs to fs/json_text.c. */
	uint64_t node, version;
	unsigned refs; /* the table's own, and those handed out */
};

int gfs_json_texts_new(struct gfs_json_texts **ret_texts) GFS_CHECK;
void gfs_json_texts_free(struct gfs_json_texts *texts); /* NULL is fine */
/* The node's text as of now, to be given back. Takes the graph lock, shared. As gfs_node_json. */
int gfs_json_texts_get(
	struct gfs_json_texts *texts, struct gfs_graph *graph, uint64_t node, struct gfs_json_text **ret_text) GFS_CHECK;
/* `more`: there is more of it to read. */
void gfs_json_texts_put(struct gfs_json_texts *texts, struct gfs_json_text *text, bool more);

#endif
