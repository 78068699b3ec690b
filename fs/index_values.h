/* Values as folders of /index/LABEL/PROPERTY: their names, their nodeids, and where a listing of them is.
 *
 * Names. A value is named by its text, with the escapes of names.h, when a file with that text would have that very value: 30, 1.5, true,
 * noun.animal. Else by @TYPE:TEXT (@string:30, @string: for the empty one, @list:[1, 2]; bytes in lower-case hexadecimal: @bytes:00ff). A
 * name that would be too long is @ID, where ID is a node with that value. Any of these forms is read, listed or not.
 *
 * Nodeids are made from a hash of the value, so they are the same in every mount, and a table leads back to the value. It holds
 * GFS_INDEX_VALUES_MAX values, those asked for last; of one that had to go the nodeid is stale, and the kernel looks the name up again.
 *
 * Cookies name a node with the value and some bits of the value's hash. When that node has another value since, the place is known from a ring of the last
 * places that listings stopped at; when it is not there either, the listing fails with GFS_ERR_STALE.
 *
 * One mutex (a leaf). */
#ifndef GFS_FS_INDEX_VALUES_H
#define GFS_FS_INDEX_VALUES_H

#include "fs/names.h"
#include "graph/index.h"

#define GFS_INDEX_VALUES_MAX 16384u

struct gfs_index_values;

int gfs_index_values_new(struct gfs_index_values **ret_values) GFS_CHECK;
void gfs_index_values_free(struct gfs_index_values *values); /* NULL is fine */

/* ---- nodeids ---- */

/* The nodeid of the value's folder, remembered. GFS_ERR_NOMEM. */
int gfs_index_values_enter(struct gfs_index_values *values, uint16_t index, const struct gfs_index_value *value,
	uint64_t *ret_nodeid) GFS_CHECK;
/* GFS_ERR_STALE. */
int gfs_index_values_get(struct gfs_index_values *values, uint64_t nodeid, struct gfs_index_value *ret_value) GFS_CHECK;
/* What the nodeid will be, unless two values have one hash: for the inode number in a listing. */
uint64_t gfs_index_values_nodeid(uint16_t index, struct gfs_slice value);

/* ---- names ---- */

/* The name of a value as an index keeps it; `node` has it. */
int gfs_index_name_show(struct gfs_slice value, uint64_t node, struct gfs_component *ret_name) GFS_CHECK;
/* The value of a name, whether the index has it or not. GFS_ERR_NOTFOUND for what names none. Under the graph lock. */
int gfs_index_name_read(
	struct gfs_graph *graph, uint16_t index, const char *name, struct gfs_index_value *ret_value) GFS_CHECK;

/* ---- places in a listing ---- */

uint64_t gfs_index_cookie(struct gfs_slice value, uint64_t node);
/* A reply ends here. */
void gfs_index_values_stopped(
	struct gfs_index_values *values, uint16_t index, uint64_t cookie, const struct gfs_index_value *value);
/* The value that a cookie was made of. Under the graph lock. GFS_ERR_STALE. */
int gfs_index_values_resume(struct gfs_index_values *values, struct gfs_graph *graph, uint16_t index, uint64_t cookie,
	struct gfs_index_value *ret_value) GFS_CHECK;

#endif
