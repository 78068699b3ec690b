/* Rows of saved queries, for saved_query.c, which has them at its top, and saved_query_check.c. */
#ifndef GFS_GRAPH_SAVED_QUERY_PRIVATE_H
#define GFS_GRAPH_SAVED_QUERY_PRIVATE_H

#include "graph/graph_private.h"
#include "graph/saved_query.h"

#define GFS_QUERY_ROW "query:"
#define GFS_QUERY_ROW_TEXT "query_text:"
#define GFS_QUERY_ROW_NAME "query_name:"
#define GFS_QUERY_ROW_LAST "query_last"

struct gfs_query_key {
	size_t size;
	uint8_t bytes[sizeof GFS_QUERY_ROW_NAME + GFS_SAVED_QUERY_NAME_BYTES_MAX];
};

static inline struct gfs_slice gfs_query_key_slice(const struct gfs_query_key *key)
{
	return gfs_slice(key->bytes, key->size);
}

struct gfs_query_key gfs_query_key_of(const char *prefix, uint16_t number);
/* The name has been checked. */
struct gfs_query_key gfs_query_key_of_name(struct gfs_slice name);

int gfs_query_row_put(struct gfs_tx *tx, const struct gfs_saved_query *query) GFS_CHECK;
int gfs_query_row_put_number(struct gfs_tx *tx, struct gfs_slice key, uint16_t number) GFS_CHECK;
int gfs_query_row_drop(struct gfs_tx *tx, struct gfs_slice key) GFS_CHECK;
/* A row's value. GFS_ERR_CORRUPT. */
int gfs_query_row_read(uint16_t number, struct gfs_slice value, struct gfs_saved_query *ret_query) GFS_CHECK;
void gfs_query_set_name(struct gfs_saved_query *query, struct gfs_slice name);

#endif
